#include "store/internal.h"

#include <time.h>

#define CATCHUP_COMMIT 2000
/* Cells are applied when this many would change: months of entries change the
 * same ones over and over. */
#define CATCHUP_CELLS  150000
#define PROGRESS_EVERY 200 /* ms */
#define CATCHUP_ARENA  (16u << 20)

struct catching {
    struct fold *fold;
    const struct tables *tables;
    struct arena arena; /* of one entry */
    uint64_t from, upto;
    unsigned in_commit;
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

static int end_commit(struct catching *c, bool last, struct error *e) {
    if (!c->open) {
        return 0;
    }
    bool cells = last || cells_changes(c->fold->cells) > CATCHUP_CELLS;
    c->open = false;
    c->in_commit = 0;
    if (fold_finish(c->fold, c->seq, c->hash, cells, e) < 0) {
        txn_abort(&c->fold->view.txn);
        return -1;
    }
    return txn_commit(&c->fold->view.txn, e);
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
    c->in_commit++;
    if (seq == c->upto || c->in_commit == CATCHUP_COMMIT) {
        return end_commit(c, seq == c->upto, x->error);
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

/* Adds (or with `back` takes away) the ledger rows caused by entries after
 * `from` to the cells. */
static int add_facts(struct txn *x, struct cells *cells, uint64_t from, bool back,
                     struct error *e) {
    struct cursor c;
    struct arena a;
    int rc = 0;
    arena_init(&a, 1u << 20);
    cursor_open(&c, x, TABLE_FACTS);
    for (bool more = cursor_seek(&c, NULL); more && rc == 0; more = cursor_next(&c)) {
        struct fact fact;
        uint64_t seq;
        arena_reset(&a);
        if (!fact_from_key(&c.key, &fact, &seq)) {
            x->failed = MDB_CORRUPTED;
        } else if (seq > from) {
            Fold__Fact *value =
                fold__fact__unpack(arena_allocator(&a), c.value.mv_size, c.value.mv_data);
            if (value == NULL) {
                x->failed = MDB_CORRUPTED;
                break;
            }
            fact.value = *value;
            if (back) {
                fact_negate(&fact);
            }
            rc = cells_add(cells, &fact);
        }
    }
    cursor_close(&c);
    arena_free(&a);
    return rc < 0 ? view_no_room(e) : x->failed != 0 ? txn_error(x, e) : 0;
}

int catchup_cells(const struct tables *tables, uint64_t from, uint64_t upto, bool back,
                  struct error *e) {
    struct cells *cells = cells_new();
    struct txn x;
    if (cells == NULL) {
        return view_no_room(e);
    }
    int rc = txn_begin(&x, tables, true, e);
    if (rc == 0) {
        rc = add_facts(&x, cells, from, back, e);
        if (rc == 0) {
            cells_apply(cells, &x);
            cells_set_seq(&x, upto);
            rc = txn_commit(&x, e);
        } else {
            txn_abort(&x);
        }
    }
    cells_free(cells);
    return rc;
}

/* After a crash the cells may lack what only memory had. */
static int cells_first(const struct tables *tables, uint64_t folded, struct error *e) {
    struct txn x;
    if (folded == 0) {
        return 0;
    }
    if (txn_begin(&x, tables, false, e) < 0) {
        return -1;
    }
    uint64_t seq = cells_seq(&x);
    int rc = x.failed != 0 ? txn_error(&x, e) : 0;
    txn_abort(&x);
    return rc < 0 || seq == folded ? rc : catchup_cells(tables, seq, folded, false, e);
}

int catchup(struct fold *f, const struct tables *tables, uint64_t upto, const char *what,
            catchup_progress progress, void *ctx, struct error *e) {
    struct fold_head head;
    if (catchup_head(tables, &head, e) < 0) {
        return -1;
    }
    if (cells_first(tables, head.seq, e) < 0) {
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
        rc = end_commit(&c, true, e);
    } else if (c.open) {
        fold_drop(f);
        txn_abort(&f->view.txn);
    }
    arena_free(&c.arena);
    return rc;
}
