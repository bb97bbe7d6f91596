#include "store/internal.h"

#include <time.h>

#define PROGRESS_EVERY 200 /* ms */
#define CATCHUP_ARENA  (16u << 20)

struct catching {
    struct fold *fold;
    const struct tables *tables;
    struct arena arena; /* of one entry */
    uint64_t from, upto;
    bool open;
    uint64_t seq;
    uint8_t hash[32];
    const char *what;
    catchup_progress progress;
    void *ctx;
    int64_t told;
};

static int64_t monotonic_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int end_commit(struct catching *c, struct error *e) {
    if (!c->open) {
        return 0;
    }
    c->open = false;
    if (fold_finish(c->fold, c->seq, c->hash, e) < 0 || txn_commit(&c->fold->view.txn, e) < 0) {
        fold_drop(c->fold);
        txn_abort(&c->fold->view.txn);
        return -1;
    }
    return 0;
}

static void tell(struct catching *c) {
    int64_t now = monotonic_ms();
    if (c->progress != NULL && now - c->told >= PROGRESS_EVERY) {
        c->told = now;
        c->progress(c->ctx, c->what, c->seq - c->from + 1, c->upto - c->from + 1);
    }
}

struct each_ctx {
    struct catching *catching;
    struct error *error;
};

static int each(void *ctx, uint64_t seq, struct journal_place place, const uint8_t *hash,
                const uint8_t *data, size_t len) {
    struct each_ctx *x = ctx;
    struct catching *c = x->catching;
    if (seq > c->upto) {
        return 1;
    }
    if (!c->open) {
        if (txn_begin(&c->fold->view.txn, c->tables, true, x->error) < 0) {
            return -1;
        }
        c->open = true;
    }
    arena_reset(&c->arena);
    Journal__Entry *entry;
    if (view_unpack(&c->arena, data, len, &entry, x->error) < 0 ||
        fold_apply(c->fold, entry, place, x->error) < 0) {
        return -1;
    }
    c->seq = seq;
    memcpy(c->hash, hash, 32);
    tell(c);
    if (seq == c->upto || fold_is_large(c->fold)) {
        return end_commit(c, x->error);
    }
    return 0;
}

int catchup_head(const struct tables *tables, struct fold_head *head, struct error *e) {
    struct view v = {0};
    *head = (struct fold_head){0};
    if (txn_begin(&v.txn, tables, false, e) < 0) {
        return -1;
    }
    if (!view_fold_head(&v, head)) {
        *head = (struct fold_head){.version = FOLD_VERSION};
    }
    int rc = v.txn.failed != 0 ? txn_error(&v.txn, e) : 0;
    txn_abort(&v.txn);
    return rc;
}

int catchup(struct fold *f, const struct tables *tables, uint64_t upto, const char *what,
            catchup_progress progress, void *ctx, struct error *e) {
    struct fold_head head;
    if (catchup_head(tables, &head, e) < 0) {
        return -1;
    }
    if (head.seq >= upto) {
        return 0;
    }
    struct catching c = {.fold = f,
                         .tables = tables,
                         .from = head.seq + 1,
                         .upto = upto,
                         .what = what,
                         .progress = progress,
                         .ctx = ctx,
                         .told = monotonic_ms()};
    arena_init(&c.arena, CATCHUP_ARENA);
    struct each_ctx x = {&c, e};
    int rc = journal_walk(f->view.journal, c.from, each, &x, e);
    if (rc == 0) {
        rc = end_commit(&c, e);
    } else if (c.open) {
        fold_drop(f);
        txn_abort(&f->view.txn);
    }
    arena_free(&c.arena);
    return rc;
}
