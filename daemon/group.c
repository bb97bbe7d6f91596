#include "daemon/group.h"

#include "daemon/answer.h"
#include "daemon/flusher.h"
#include "daemon/metrics.h"
#include "daemon/rows.h"
#include "proto/log.h"

#include <stdlib.h>
#include <unistd.h>

/* A flush that nobody notices is done here: another thread would cost two
 * wake-ups, and a commit of the tables for every group (group_settle).  A disk
 * that is slow on average must not hold those who only ask: its flushes run
 * beside the loop. */
#define QUICK_US 5000

struct group {
    struct store *store;
    struct conns *conns;
    struct requests *requests;
    struct metrics *metrics;
    void (*refused)(void *ctx, const struct request *r, const struct error *e);
    void *ctx;
    struct request *first;
    struct request **end;
    struct request *held; /* answered, but the store may still need them */
    struct request **held_end;
    size_t waiting;
    /* Connections answered in the last group and in the one before, and in both. */
    size_t peers[2], both;
    uint64_t answers; /* groups answered */
    uint64_t turns;
    struct flusher *flusher;
    bool flushing; /* the requests before `sealed` wait for their flush */
    struct request *sealed;
    int64_t flush_us; /* of a flush, on average */
    uint64_t answered;
    struct rows_results results;
};

static void flushed(void *ctx, enum store_outcome outcome, const struct error *e);

struct group *group_new(struct event_base *base, struct store *store, struct conns *conns,
                        struct requests *requests, struct metrics *metrics) {
    struct group *g = calloc(1, sizeof *g);
    if (g == NULL) {
        return NULL;
    }
    *g = (struct group){.store = store,
                        .conns = conns,
                        .requests = requests,
                        .metrics = metrics,
                        .flush_us = 2 * QUICK_US,
                        .answers = 1};
    g->end = &g->first;
    g->held_end = &g->held;
    g->flusher = flusher_new(base, store, flushed, g);
    if (g->flusher == NULL) {
        free(g);
        return NULL;
    }
    return g;
}

/* Those that the store is done with.  A refused one, or one known from before, has no
 * entry of its own that is waited for. */
static void release_held(struct group *g) {
    uint64_t done = g->held == NULL ? 0 : store_done_with(g->store);
    while (g->held != NULL && (g->held->refusal != NULL || g->held->result.seq <= done)) {
        struct request *r = g->held;
        g->held = r->next;
        request_release(g->requests, r);
    }
    if (g->held == NULL) {
        g->held_end = &g->held;
    }
}

void group_free(struct group *g) {
    if (g == NULL) {
        return;
    }
    flusher_free(g->flusher);
    store_wait(g->store);
    release_held(g);
    while (g->first != NULL) {
        struct request *r = g->first;
        g->first = r->next;
        request_release(g->requests, r);
    }
    free(g);
}

void group_on_refusal(struct group *g,
                      void (*refused)(void *ctx, const struct request *r, const struct error *e),
                      void *ctx) {
    g->refused = refused;
    g->ctx = ctx;
}

void group_add(struct group *g, struct request *r) {
    r->next = NULL;
    if (g->flushing && g->sealed == NULL) {
        g->sealed = r; /* what comes now is of the next group */
    }
    *g->end = r;
    g->end = &r->next;
    g->waiting++;
}

size_t group_waiting(const struct group *g) {
    return g->waiting;
}

bool group_flushing(const struct group *g) {
    return g->flushing;
}

size_t group_expected(const struct group *g) {
    return g->peers[0] + g->peers[1] - g->both;
}

uint64_t group_turns(const struct group *g) {
    return g->turns;
}

uint64_t group_answered(const struct group *g) {
    return g->answered;
}

/* Whether the group was recorded is not known: none of it is answered, and
 * whoever asked asks again after the restart. */
static _Noreturn void die(const struct error *e) {
    log_error(LEVEL_ERROR, "journal-failed", e);
    log_event(LEVEL_ERROR, "exit", "status=%d answered=none", GROUP_EXIT);
    _exit(GROUP_EXIT);
}

/* What was answered is recorded, but no question would see it. */
static _Noreturn void die_of_tables(const struct error *e) {
    log_error(LEVEL_ERROR, "tables-failed", e);
    log_event(LEVEL_ERROR, "exit", "status=%d answered=all", GROUP_EXIT);
    _exit(GROUP_EXIT);
}

static int record_one(struct store *store, struct request *r, struct error *e) {
    return r->notice != NULL ? store_note(store, &r->actor, r->notice, &r->arena, &r->result, e)
                             : store_record(store, &r->actor, r->body, &r->arena, &r->result, e);
}

/* Validates and folds from *r on until the group is full; the refused are
 * marked.  Returns the first request that is not in the group.  *broken: the
 * whole group must be given up. */
static struct request *record(struct group *g, struct request *r, bool *broken, struct error *e) {
    for (; r != NULL; r = r->next) {
        if (store_group_entries(g->store) >= STORE_GROUP_MAX ||
            store_group_bytes(g->store) >= STORE_GROUP_BYTES) {
            return r;
        }
        if (r->refusal != NULL) {
            continue;
        }
        if (record_one(g->store, r, e) == 0) {
            continue;
        }
        if (store_broken(g->store)) {
            *broken = true;
            return r->next;
        }
        request_refuse(r, e);
    }
    return NULL;
}

static void refuse_all(struct request *r, const struct request *end, const struct error *e) {
    for (; r != end; r = r->next) {
        if (r->refusal == NULL) {
            request_refuse(r, e);
        }
    }
}

static void answer(struct group *g, struct request *r) {
    if (r->refusal != NULL && g->refused != NULL) {
        g->refused(g->ctx, r, r->refusal);
    }
    if (r->body != NULL || r->refusal != NULL) { /* somebody asked for it */
        metrics_recorded(g->metrics, r);
    }
    struct conn *c = conn_find(g->conns, r->conn);
    if (c == NULL) {
        return;
    }
    uint64_t before = conn_turn(c, g->answers);
    g->peers[0] += before != g->answers;
    g->both += before + 1 == g->answers;
    if (r->part != REQUEST_WHOLE) {
        rows_answer(&g->results, c, r);
    } else if (r->refusal != NULL) {
        answer_error(c, r->serial, 0, r->refusal);
    } else if (r->reply != NULL) {
        answer_page(c, r->serial, 0, r->reply);
    } else {
        answer_recorded(c, r);
    }
    if (r->part != REQUEST_ROW) { /* a message of rows is one in flight, until the last */
        conn_done(c);
    }
}

/* Answers the requests before `end`. */
static void answer_until(struct group *g, const struct request *end) {
    size_t n = 0;
    metrics_group_ends(g->metrics);
    g->answers++;
    g->peers[1] = g->peers[0];
    g->peers[0] = g->both = 0;
    while (g->first != end) {
        struct request *r = g->first;
        g->first = r->next;
        answer(g, r);
        r->next = NULL;
        *g->held_end = r;
        g->held_end = &r->next;
        n++;
    }
    rows_send(&g->results, g->conns);
    g->waiting -= n;
    g->answered += n;
    if (g->first == NULL) {
        g->end = &g->first;
    }
}

static bool is_quick(const struct group *g) {
    return g->flush_us < QUICK_US;
}

/* The average of the last dozen or so: one slow flush does not make a slow disk. */
static void judge_disk(struct group *g) {
    g->flush_us += ((int64_t)store_flush_us(g->store) - g->flush_us) / 8;
}

/* What is flushed is recorded: it is answered before the tables may be made to
 * show it, which happens at the latest before anybody reads. */
static void finish(struct group *g, const struct request *end, enum store_outcome outcome,
                   struct error *e) {
    if (outcome == STORE_DONE) {
        judge_disk(g);
        metrics_group_flushed(g->metrics, store_group_entries(g->store), store_flush_us(g->store));
        answer_until(g, end);
        conns_write(g->conns);
        if (store_publish(g->store, e) != STORE_DONE) {
            die_of_tables(e);
        }
        return;
    }
    die(e);
}

void group_settle(struct group *g) {
    struct error e;
    if (store_settle(g->store, &e) < 0) {
        die_of_tables(&e);
    }
    if (!g->flushing) {
        release_held(g);
    }
}

static void flushed(void *ctx, enum store_outcome outcome, const struct error *why) {
    struct group *g = ctx;
    struct error e = *why;
    g->flushing = false;
    finish(g, g->sealed, outcome, &e);
}

/* One group from the head of the queue: begin, record, flush, answer.  False
 * when its flush goes on beside the loop. */
static bool run_one(struct group *g) {
    struct request *first = g->first;
    struct request *end = NULL;
    struct error e = {0};
    bool broken = false;
    size_t entries = 0;
    metrics_group_begins(g->metrics);
    if (!is_quick(g)) {
        group_settle(g); /* while its flush goes on nothing can be made visible */
    }
    enum store_outcome outcome = store_begin(g->store, metrics_wall(), &e);
    release_held(g);
    if (outcome == STORE_FATAL) {
        die(&e);
    }
    if (outcome == STORE_DONE) {
        end = record(g, first, &broken, &e);
        if (broken) {
            store_abort(g->store);
        } else {
            outcome = store_seal(g->store, &e);
            entries = store_group_entries(g->store);
        }
    }
    if (outcome == STORE_FATAL) {
        die_of_tables(&e);
    }
    if (broken || outcome == STORE_REFUSED) {
        log_error(LEVEL_WARNING, "group-refused", &e);
        refuse_all(first, end, &e);
    } else if (entries > 0 && !is_quick(g)) {
        g->flushing = true;
        g->sealed = end;
        flusher_start(g->flusher);
        return false;
    } else if (entries > 0) {
        finish(g, end, store_flush(g->store, &e), &e);
        return true;
    }
    answer_until(g, end);
    return true;
}

void group_run(struct group *g) {
    if (g->flushing) {
        return;
    }
    g->turns++;
    while (g->first != NULL && run_one(g)) {
    }
}
