#include "daemon/query.h"

#include "daemon/answer.h"
#include "daemon/metrics.h"
#include "proto/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BACKUP_PATH 1024 /* bytes; the check allows fewer */

struct queries {
    struct store *store;
    struct pool *pool;
    struct conns *conns;
    struct requests *requests;
    struct metrics *metrics;
    struct spool_room *room;
    const struct config *config;
    struct query_line *(*line_of)(struct conn *c);
    void (*refused)(void *ctx, const struct request *r, const struct error *e);
    void (*handed)(void *ctx, const struct request *r, uint64_t rows);
    void *ctx;
    bool busy; /* with a proof or a backup, which take long: one at a time, so that a thread is left
                */
};

struct query {
    struct job job;
    struct query *next;
    struct queries *all;
    struct request *request;
    struct spool *spool;
    uint64_t position;
    const char **within; /* of a backup: where it may go; in the request's arena */
    size_t n_within;
    bool longer;   /* a proof or a backup */
    uint64_t rows; /* of cases and facts, handed out */
    bool failed;
    struct error error;
    uint64_t took_us;
};

/* ---- lists ---------------------------------------------------------------------- */

/* They are short: at most in_flight_max. */
static void list_push(struct query_list *l, struct query *q) {
    struct query **at = &l->first;
    while (*at != NULL) {
        at = &(*at)->next;
    }
    q->next = NULL;
    *at = q;
}

/* Takes the first; NULL when there is none. */
static struct query *list_pop(struct query_list *l) {
    struct query *q = l->first;
    if (q != NULL) {
        l->first = q->next;
    }
    return q;
}

static void list_remove(struct query_list *l, const struct query *q) {
    struct query **at = &l->first;
    while (*at != NULL && *at != q) {
        at = &(*at)->next;
    }
    if (*at != NULL) {
        *at = q->next;
    }
}

void query_line_init(struct query_line *line) {
    *line = (struct query_line){0};
}

struct queries *queries_new(struct store *store, struct pool *pool, struct conns *conns,
                            struct requests *requests, struct metrics *metrics,
                            struct spool_room *room,
                            struct query_line *(*line_of)(struct conn *c)) {
    struct queries *q = calloc(1, sizeof *q);
    if (q != NULL) {
        *q = (struct queries){.store = store,
                              .pool = pool,
                              .conns = conns,
                              .requests = requests,
                              .metrics = metrics,
                              .room = room,
                              .line_of = line_of};
    }
    return q;
}

void queries_free(struct queries *q) {
    free(q);
}

void queries_on_refusal(struct queries *q,
                        void (*refused)(void *ctx, const struct request *r, const struct error *e),
                        void (*handed)(void *ctx, const struct request *r, uint64_t rows),
                        void *ctx) {
    q->refused = refused;
    q->handed = handed;
    q->ctx = ctx;
}

void queries_configure(struct queries *q, const struct config *config) {
    q->config = config;
}

static void query_free(struct query *q) {
    spool_free(q->spool);
    request_release(q->all->requests, q->request);
    free(q);
}

/* ---- in the pool ------------------------------------------------------------------ */

/* Spools one page; non-zero ends the reading. */
static int take_page(void *ctx, const Madoguchi__Page *page) {
    struct query *q = ctx;
    if (atomic_load(&q->job.cancelled)) {
        return 1;
    }
    size_t len = protobuf_c_message_get_packed_size(&page->base);
    if (len == 0) {
        return 0;
    }
    q->rows += page->n_case_row + page->n_fact;
    uint8_t *to = spool_reserve(q->spool, len, &q->error);
    if (to == NULL) {
        return 1;
    }
    protobuf_c_message_pack(&page->base, to);
    return spool_commit(q->spool, &q->error) == 0 ? 0 : 1;
}

static void take_line(void *ctx, const char *name, const char *value) {
    Madoguchi__Pair pair = MADOGUCHI__PAIR__INIT;
    SET(&pair, name, bytes_of(name));
    SET(&pair, value, bytes_of(value));
    Madoguchi__Pair *pairs[] = {&pair};
    Madoguchi__Page page = MADOGUCHI__PAGE__INIT;
    page.pair = pairs;
    page.n_pair = 1;
    /* A line that finds no room is only not shown; the verdict stands. */
    (void)take_page(ctx, &page);
}

static void run_read(struct query *q) {
    struct error e = {0};
    uint64_t now = metrics_wall();
    int rc = store_read(q->all->store, q->request->reader, q->request->body, now, take_page, q,
                        &q->position, &e);
    if (rc != 0 || q->error.code != 0) {
        q->failed = true;
        if (q->error.code == 0) { /* otherwise: the spool said why the reading was ended */
            q->error = e;
        }
        if (q->error.code == 0) {
            error_set(&q->error, ERR_INTERNAL, "", "The reading ended without a reason.",
                      "読み取りが理由なく終わりました。");
        }
        spool_clear(q->spool);
    }
}

static bool is_cancelled(void *ctx) {
    struct query *q = ctx;
    return atomic_load(&q->job.cancelled);
}

static void run_backup(struct query *q, struct error *e) {
    const Madoguchi__Backup *backup = q->request->body->backup;
    const struct store_backup_watch watch = {take_line, is_cancelled, q, q->within, q->n_within};
    char directory[BACKUP_PATH];
    snprintf(directory, sizeof directory, "%.*s", (int)backup->directory.len,
             (const char *)backup->directory.data);
    q->failed = store_backup(q->all->store, directory, metrics_wall(), &watch, e) != 0;
}

static void run_longer(struct query *q) {
    struct error e = {0};
    if (q->request->kind == REQUEST_BACKUP) {
        run_backup(q, &e);
    } else {
        const Madoguchi__Verify *v = q->request->body->verify;
        struct store_noted noted = {.seq = v->seq};
        if (v->has_seq) {
            memcpy(noted.hash, v->hash.data, sizeof noted.hash);
        }
        q->failed =
            store_verify_online(q->all->store, v->has_seq ? &noted : NULL, take_line, q, &e) != 0;
    }
    q->error = e;
}

static void run(struct job *job) {
    struct query *q = (struct query *)job;
    uint64_t began = metrics_clock();
    if (q->longer) {
        run_longer(q);
    } else {
        run_read(q);
    }
    spool_end(q->spool);
    q->took_us = metrics_clock() - began;
}

/* ---- sending ----------------------------------------------------------------------- */

static void start(struct query_line *line, struct query *q) {
    struct queries *all = q->all;
    line->active++;
    if (q->longer && all->busy) {
        error_set(&q->error, ERR_BUSY, "", "Another proof or backup is under way. Ask again later.",
                  "別の検証かバックアップが行われています。"
                  "しばらくしてからもう一度お試しください。");
    } else if (pool_submit(all->pool, &q->job)) {
        list_push(&line->running, q);
        all->busy = all->busy || q->longer;
        return;
    } else {
        error_set(&q->error, ERR_BUSY, "", "Too many questions wait for an answer. Ask again.",
                  "答えを待っている問い合わせが多すぎます。もう一度お試しください。");
    }
    q->failed = true;
    list_push(&line->sending, q);
}

/* The first of those being sent had its last answer: the next question of the
 * line begins. */
static void finish(struct query_line *line, struct conn *c) {
    query_free(list_pop(&line->sending));
    line->active--;
    conn_done(c);
    struct query *next = list_pop(&line->waiting);
    if (next != NULL) {
        start(line, next);
    }
}

static void send_error(struct query *q, struct conn *c) {
    if (q->all->refused != NULL) {
        q->all->refused(q->all->ctx, q->request, &q->error);
    }
    answer_error(c, q->request->serial, q->position, &q->error);
}

/* The next page.  False: it was the last answer. */
static bool send_page(struct query *q, struct conn *c) {
    int64_t len = spool_next(q->spool);
    if (len == 0) {
        Madoguchi__Page empty = MADOGUCHI__PAGE__INIT;
        if (q->failed) {
            send_error(q, c);
        } else {
            answer_page(c, q->request->serial, q->position, &empty);
        }
        return false;
    }
    bool more = spool_records(q->spool) > 1 || q->failed;
    uint32_t serial = q->request->serial;
    uint8_t *to = len < 0 ? NULL : answer_reserve_page(c, serial, more, q->position, (size_t)len);
    if (conn_is_closed(c)) {
        return false; /* q is gone with it */
    }
    if (to == NULL || spool_read(q->spool, to, (size_t)len) != 0) {
        log_event(LEVEL_ERROR, "spool-lost", "request=%u", serial);
        conn_close(c); /* half an answer must not look whole */
        return false;
    }
    conn_commit(c);
    return more;
}

void query_go_on(struct queries *all, struct query_line *line, struct conn *c) {
    (void)all;
    while (line->sending.first != NULL && !conn_full(c)) {
        struct query *q = line->sending.first;
        if (!send_page(q, c)) {
            if (conn_is_closed(c)) {
                return; /* query_line_close() has freed q */
            }
            finish(line, c);
        }
    }
}

static void done(struct job *job) {
    struct query *q = (struct query *)job;
    struct queries *all = q->all;
    struct conn *c = conn_find(all->conns, q->request->conn);
    if (q->longer) {
        all->busy = false;
    }
    metrics_answered(all->metrics, q->request, q->took_us);
    if (all->handed != NULL && !q->failed) {
        all->handed(all->ctx, q->request, q->rows);
    }
    if (c == NULL) {
        query_free(q);
        return;
    }
    q->request->body = NULL; /* what a slow reader keeps is small */
    arena_reset(&q->request->arena);
    struct query_line *line = all->line_of(c);
    list_remove(&line->running, q);
    if (atomic_load(&job->cancelled)) {
        q->failed = true;
        spool_clear(q->spool);
        error_set(&q->error, ERR_BUSY, "", "The daemon is stopping. Ask again.",
                  "サーバーが停止するところです。もう一度お試しください。");
    }
    list_push(&line->sending, q);
    query_go_on(all, line, c);
}

/* The configuration may be another one before the backup is made: it keeps what
 * is in force now. */
static bool keep_directories(struct query *q) {
    const struct config *c = q->all->config;
    struct arena *a = &q->request->arena;
    q->n_within = c->backup_directories_count;
    q->within = arena_alloc(a, (q->n_within + 1) * sizeof *q->within);
    for (size_t i = 0; q->within != NULL && i < q->n_within; i++) {
        const char *path = c->backup_directories[i];
        q->within[i] = arena_strndup(a, path, strlen(path));
        if (q->within[i] == NULL) {
            return false;
        }
    }
    return q->within != NULL;
}

/* ---- asking ------------------------------------------------------------------------ */

static struct query *query_new(struct queries *all, struct request *r) {
    struct query *q = calloc(1, sizeof *q);
    struct spool *spool = q != NULL ? spool_new(all->room) : NULL;
    if (spool == NULL) {
        free(q);
        return NULL;
    }
    q->job.run = run;
    q->job.done = done;
    q->all = all;
    q->request = r;
    q->spool = spool;
    q->longer = r->kind == REQUEST_VERIFY || r->kind == REQUEST_BACKUP;
    if (r->kind == REQUEST_BACKUP && !keep_directories(q)) {
        spool_free(spool);
        free(q);
        return NULL;
    }
    return q;
}

void query_ask(struct queries *all, struct query_line *line, struct conn *c, struct request *r) {
    struct query *q = query_new(all, r);
    if (q == NULL) {
        request_release(all->requests, r);
        conn_done(c);
        conn_close(c);
        return;
    }
    if (line->active < QUERY_AT_ONCE) {
        start(line, q);
        query_go_on(all, line, c);
    } else {
        list_push(&line->waiting, q);
    }
}

static void free_list(struct query_list *l) {
    struct query *q;
    while ((q = list_pop(l)) != NULL) {
        query_free(q);
    }
}

void query_line_close(struct queries *all, struct query_line *line) {
    free_list(&line->waiting);
    free_list(&line->sending);
    for (struct query *q = line->running.first; q != NULL; q = q->next) {
        pool_cancel(all->pool, &q->job);
    }
    line->running.first = NULL; /* done() frees them */
}
