#include "store/verify.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A comparison that does not get on for so long will never end (seconds): it
 * goes in circles in a damaged file. */
#define PATIENCE       120
#define PATIENCE_EVERY 65536 /* keys */

#define MDB_FREE 0 /* LMDB's own tables: free pages, and names */
#define MDB_MAIN 1

/* Of LMDB's file format (mdb.c, struct MDB_page, MDB_node and MDB_db). */
#define PAGE_FLAGS      10
#define PAGE_LOWER      12
#define PAGE_PAGES      12 /* of overflow pages */
#define PAGE_HEADER     16
#define PAGE_BRANCH     0x01
#define NODE_BYTES      8
#define RECORD_DEPTH    6
#define RECORD_ROOT     40
#define RECORD_BYTES    48
#define DEPTH_MAX       32
#define META_FREE_FLAGS (PAGE_HEADER + 28)
#define META_TXNID      (PAGE_HEADER + 128)
#define DB_FLAGS        0x7f

struct side {
    MDB_env *env;
    MDB_txn *txn;
};

struct compare {
    int out;
    struct side live, reference;
    uint32_t table;
    bool found; /* something of this table is wrong */
    uint64_t keys;
    /* One bit per page of the live file: free, or used by something. */
    uint8_t *taken;
    uint64_t pages;
    size_t page_bytes;
    const uint8_t *map; /* where page 0 lies; NULL until a page was seen */
};

/* One table of the live file, being walked. */
struct walk {
    MDB_dbi dbi;
    MDB_cursor *cursor;
    MDB_val key, value;
    int rc;
    uintptr_t leaf; /* the page of the last key */
    uint64_t leaves, overflows;
};

/* ---- reports ------------------------------------------------------------------- */

static void report_send(int out, const struct verify_report *r) {
    /* Less than PIPE_BUF: whole or not at all. */
    if (write(out, r, sizeof *r) != (ssize_t)sizeof *r) {
        _exit(1);
    }
}

static void tell(const struct compare *c, enum verify_kind kind, uint64_t number) {
    struct verify_report r = {.kind = kind, .table = c->table, .number = number};
    report_send(c->out, &r);
}

static void failed(int out, int code) {
    struct verify_report r = {.kind = VERIFY_FAILED, .code = code};
    report_send(out, &r);
}

static void found(struct compare *c, enum verify_problem problem, const MDB_val *key,
                  uint64_t number, int code) {
    struct verify_report r = {.kind = VERIFY_FINDING,
                              .table = c->table,
                              .problem = problem,
                              .number = number,
                              .code = code};
    if (c->found) {
        return;
    }
    c->found = true;
    if (key != NULL && key->mv_data != NULL) {
        r.key_len = (uint32_t)(key->mv_size < VERIFY_KEY_MAX ? key->mv_size : VERIFY_KEY_MAX);
        memcpy(r.key, key->mv_data, r.key_len);
    }
    report_send(c->out, &r);
}

/* ---- opening --------------------------------------------------------------------- */

static int side_open(struct side *s, int fd) {
    char path[VERIFY_PATH];
    struct stat st;
    verify_path(fd, path);
    if (fstat(fd, &st) != 0) {
        return MDB_INVALID;
    }
    int rc = mdb_env_create(&s->env);
    if (rc == 0) {
        rc = mdb_env_set_mapsize(s->env, ((size_t)st.st_size | 0xffff) + 1);
    }
    if (rc == 0) {
        rc = mdb_env_set_maxdbs(s->env, TABLE_COUNT);
    }
    if (rc == 0) {
        rc = mdb_env_open(s->env, path, MDB_NOSUBDIR | MDB_NOLOCK | MDB_RDONLY | MDB_NOTLS, 0);
    }
    return rc != 0 ? rc : mdb_txn_begin(s->env, NULL, MDB_RDONLY, &s->txn);
}

/* ---- pages ------------------------------------------------------------------------ */

static uint16_t read_u16(const uint8_t *p) {
    uint16_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

static uint64_t read_u64(const uint8_t *p) {
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

/* Every page has one use. */
static void page_take(struct compare *c, uint64_t page) {
    if (page < 2 || page >= c->pages || (c->taken[page / 8] & 1u << page % 8) != 0) {
        found(c, VERIFY_PAGE, NULL, page, 0);
        return;
    }
    c->taken[page / 8] |= (uint8_t)(1u << page % 8);
}

/* Takes the page at an address, which must say of itself the number of the
 * place where it lies. */
static void page_take_at(struct compare *c, uintptr_t address) {
    const uint8_t *at = (const uint8_t *)address; // NOLINT(performance-no-int-to-ptr)
    uint64_t number = read_u64(at);
    if (c->map == NULL && number < c->pages) {
        c->map = at - number * c->page_bytes;
    }
    if (c->map == NULL || number >= c->pages || at != c->map + number * c->page_bytes) {
        found(c, VERIFY_PAGE, NULL, number, 0);
        return;
    }
    page_take(c, number);
}

/* The inner pages of a table's tree; its leaves are taken as they are walked. */
static void branch_take(struct compare *c, struct walk *w, uint64_t page, unsigned levels) {
    if (page >= c->pages || c->found) {
        found(c, VERIFY_PAGE, NULL, page, 0);
        return;
    }
    const uint8_t *p = c->map + page * c->page_bytes;
    page_take_at(c, (uintptr_t)p);
    unsigned n = (read_u16(p + PAGE_LOWER) - PAGE_HEADER) / 2u;
    if ((read_u16(p + PAGE_FLAGS) & PAGE_BRANCH) == 0 || n > c->page_bytes / NODE_BYTES) {
        found(c, VERIFY_PAGE, NULL, page, 0);
        return;
    }
    for (unsigned i = 0; levels > 1 && i < n && !c->found; i++) {
        size_t offset = read_u16(p + PAGE_HEADER + 2 * i);
        if (offset > c->page_bytes - NODE_BYTES) {
            found(c, VERIFY_PAGE, NULL, page, 0);
            return;
        }
        const uint8_t *node = p + offset;
        branch_take(c, w,
                    read_u16(node) | (uint64_t)read_u16(node + 2) << 16 |
                        (uint64_t)read_u16(node + 4) << 32,
                    levels - 1);
    }
}

static void check_branches(struct compare *c, struct walk *w) {
    MDB_val name = {strlen(table_name(c->table)), (void *)table_name(c->table)};
    MDB_val record;
    if (mdb_get(c->live.txn, MDB_MAIN, &name, &record) != 0 || record.mv_size != RECORD_BYTES) {
        found(c, VERIFY_NO_TABLE, NULL, 0, 0);
        return;
    }
    unsigned depth = read_u16((const uint8_t *)record.mv_data + RECORD_DEPTH);
    if (depth > DEPTH_MAX || (depth == 0) != (c->keys == 0)) {
        found(c, VERIFY_COUNT, NULL, depth, 0);
    } else if (depth > 1 && c->map != NULL) {
        branch_take(c, w, read_u64((const uint8_t *)record.mv_data + RECORD_ROOT), depth - 1);
    }
}

/* What no reading of keys shows: the state of transaction n stands on first
 * page n % 2 (a writer looks for it there, a reader for the highest n), and
 * the table of free pages is kept in the order of numbers. */
static void check_first_pages(struct compare *c) {
    MDB_envinfo info;
    mdb_env_info(c->live.env, &info);
    c->table = TABLE_COUNT;
    c->found = false;
    if (c->map == NULL) {
        return;
    }
    const uint8_t *p = c->map + (info.me_last_txnid & 1) * c->page_bytes;
    if (read_u64(p + META_TXNID) != info.me_last_txnid) {
        found(c, VERIFY_PAGE, NULL, info.me_last_txnid & 1, 0);
    } else if ((read_u16(p + META_FREE_FLAGS) & DB_FLAGS) != MDB_INTEGERKEY) {
        found(c, VERIFY_FLAGS, NULL, 0, 0);
    }
}

/* The list of free pages: what it names must not be used by any table, or a
 * later write would destroy it. */
static void check_free(struct compare *c) {
    MDB_cursor *cursor;
    MDB_val key;
    MDB_val value;
    int rc = mdb_cursor_open(c->live.txn, MDB_FREE, &cursor);
    for (int op = MDB_FIRST; rc == 0 && !c->found; op = MDB_NEXT) {
        rc = mdb_cursor_get(cursor, &key, &value, op);
        if (rc != 0) {
            break;
        }
        const uint8_t *p = value.mv_data;
        uint64_t n = value.mv_size < 8 ? UINT64_MAX : read_u64(p);
        if (key.mv_size != 8 || value.mv_size % 8 != 0 || n > value.mv_size / 8 - 1) {
            rc = MDB_CORRUPTED;
            break;
        }
        for (uint64_t i = 1; i <= n && !c->found; i++) {
            page_take(c, read_u64(p + 8 * i));
        }
    }
    if (rc != 0 && rc != MDB_NOTFOUND) {
        found(c, VERIFY_UNREADABLE, NULL, 0, rc);
    }
}

/* ---- the file as a whole -------------------------------------------------------------- */

static bool is_table(const MDB_val *name) {
    for (int i = 0; i < TABLE_COUNT; i++) {
        if (strlen(table_name(i)) == name->mv_size &&
            memcmp(table_name(i), name->mv_data, name->mv_size) == 0) {
            return true;
        }
    }
    return false;
}

static void check_names(struct compare *c) {
    MDB_cursor *cursor;
    MDB_val key;
    MDB_val value;
    unsigned n = 0;
    int rc = mdb_cursor_open(c->live.txn, MDB_MAIN, &cursor);
    for (int op = MDB_FIRST; rc == 0 && !c->found; op = MDB_NEXT) {
        rc = mdb_cursor_get(cursor, &key, &value, op);
        if (rc == 0 && (!is_table(&key) || ++n > TABLE_COUNT)) {
            found(c, VERIFY_NAME, &key, 0, 0);
        }
    }
    if (rc != 0 && rc != MDB_NOTFOUND) {
        found(c, VERIFY_UNREADABLE, NULL, 0, rc);
    }
}

static void check_flags(struct compare *c, MDB_dbi live, MDB_dbi reference) {
    unsigned a;
    unsigned b;
    if (mdb_dbi_flags(c->live.txn, live, &a) != 0 ||
        mdb_dbi_flags(c->reference.txn, reference, &b) != 0 || a != b) {
        found(c, VERIFY_FLAGS, NULL, 0, 0);
    }
}

static int pages_open(struct compare *c) {
    MDB_envinfo info;
    MDB_stat stat;
    mdb_env_info(c->live.env, &info);
    mdb_env_stat(c->live.env, &stat);
    c->page_bytes = stat.ms_psize;
    /* Pages beyond the end of the map cannot be used. */
    c->pages = (uint64_t)info.me_last_pgno + 1;
    if (c->page_bytes < 512 || c->pages > info.me_mapsize / c->page_bytes) {
        return MDB_CORRUPTED;
    }
    c->taken = calloc(c->pages / 8 + 1, 1);
    return c->taken == NULL ? ENOMEM : 0;
}

static void check_whole(struct compare *c) {
    c->table = TABLE_COUNT;
    tell(c, VERIFY_AT, 0);
    int rc = pages_open(c);
    if (rc != 0) {
        found(c, VERIFY_UNREADABLE, NULL, 0, rc);
        return;
    }
    check_flags(c, MDB_MAIN, MDB_MAIN);
    check_names(c);
    check_free(c);
}

/* ---- one table ---------------------------------------------------------------------------- */

/* Whether a search for the key ends at the very place of the walk. */
static void check_search(struct compare *c, struct walk *w, const MDB_val *key, const void *value) {
    MDB_val sought = *key;
    MDB_val at;
    if (mdb_get(c->live.txn, w->dbi, &sought, &at) != 0 || at.mv_data != value) {
        found(c, VERIFY_LOST, key, 0, 0);
    }
}

/* The key under the walk lies on a page that is its table's alone.  The first
 * and the last key of each leaf are searched for: when both are found there,
 * so is every key between them. */
static void check_place(struct compare *c, struct walk *w, const MDB_val *last_key,
                        const void *last_value) {
    uintptr_t leaf = (uintptr_t)w->key.mv_data & ~(uintptr_t)(c->page_bytes - 1);
    uintptr_t data = (uintptr_t)w->value.mv_data & ~(uintptr_t)(c->page_bytes - 1);
    if (leaf != w->leaf) {
        if (w->leaf != 0) {
            check_search(c, w, last_key, last_value);
        }
        check_search(c, w, &w->key, w->value.mv_data);
        page_take_at(c, leaf);
        w->leaf = leaf;
        w->leaves++;
    }
    if (w->value.mv_size == 0 || data == leaf) {
        return;
    }
    uint32_t n;
    memcpy(&n, (const uint8_t *)w->value.mv_data - PAGE_HEADER + PAGE_PAGES, sizeof n);
    page_take_at(c, data);
    if (n != (PAGE_HEADER + w->value.mv_size - 1) / c->page_bytes + 1) {
        found(c, VERIFY_DIFFERENT, &w->key, 0, 0);
    }
    for (uint64_t i = 1; i < n && !c->found; i++) {
        page_take(c, (uint64_t)((const uint8_t *)data - c->map) / c->page_bytes + i);
    }
    w->overflows += n;
}

static bool same(const MDB_val *a, const MDB_val *b) {
    return a->mv_size == b->mv_size &&
           (a->mv_size == 0 || memcmp(a->mv_data, b->mv_data, a->mv_size) == 0);
}

static int order(const MDB_val *a, const MDB_val *b) {
    size_t n = a->mv_size < b->mv_size ? a->mv_size : b->mv_size;
    int r = memcmp(a->mv_data, b->mv_data, n);
    return r != 0 ? r : (a->mv_size > b->mv_size) - (a->mv_size < b->mv_size);
}

static void step(struct walk *w, MDB_cursor_op op) {
    w->rc = mdb_cursor_get(w->cursor, &w->key, &w->value, op);
}

/* The live key against the one that must stand there. */
static void compare_key(struct compare *c, const struct walk *live, const struct walk *reference) {
    const MDB_val *wanted = reference->rc == 0 ? &reference->key : NULL;
    if (reference->rc != 0 && reference->rc != MDB_NOTFOUND) {
        failed(c->out, reference->rc);
        _exit(0);
    }
    if (live->rc == MDB_NOTFOUND && wanted == NULL) {
        return; /* the end of both */
    }
    if (live->rc != 0 && live->rc != MDB_NOTFOUND) {
        found(c, VERIFY_UNREADABLE, wanted, 0, live->rc);
    } else if (live->rc != 0) {
        found(c, VERIFY_MISSING, wanted, 0, 0);
    } else if (wanted == NULL) {
        found(c, VERIFY_EXTRA, &live->key, 0, 0);
    } else if (!same(&live->key, wanted)) {
        bool extra = order(&live->key, wanted) < 0;
        found(c, extra ? VERIFY_EXTRA : VERIFY_MISSING, extra ? &live->key : wanted, 0, 0);
    } else if (!same(&live->value, &reference->value)) {
        found(c, VERIFY_DIFFERENT, wanted, 0, 0);
    }
}

static void compare_keys(struct compare *c, struct walk *live, struct walk *reference) {
    MDB_val last_key = {0};
    const void *last_value = NULL;
    step(live, MDB_FIRST);
    step(reference, MDB_FIRST);
    while (live->rc == 0 || reference->rc == 0) {
        compare_key(c, live, reference);
        if (c->found) {
            return;
        }
        check_place(c, live, &last_key, last_value);
        last_key = live->key;
        last_value = live->value.mv_data;
        if (++c->keys % PATIENCE_EVERY == 0) {
            alarm(PATIENCE);
        }
        step(live, MDB_NEXT);
        step(reference, MDB_NEXT);
    }
    compare_key(c, live, reference);
    if (live->leaf != 0) {
        check_search(c, live, &last_key, last_value);
    }
}

/* What the table says of itself. */
static void check_counts(struct compare *c, const struct walk *w) {
    MDB_stat stat;
    if (mdb_stat(c->live.txn, w->dbi, &stat) != 0 || stat.ms_entries != c->keys) {
        found(c, VERIFY_COUNT, NULL, stat.ms_entries, 0);
    } else if (stat.ms_leaf_pages != w->leaves || stat.ms_overflow_pages != w->overflows) {
        found(c, VERIFY_COUNT, NULL, stat.ms_leaf_pages, 0);
    }
}

static void compare_table(struct compare *c, enum table t) {
    struct walk live = {0};
    struct walk reference = {0};
    c->table = t;
    c->keys = 0;
    c->found = false;
    alarm(PATIENCE);
    tell(c, VERIFY_AT, 0);
    int rc = mdb_dbi_open(c->reference.txn, table_name(t), 0, &reference.dbi);
    if (rc == 0) {
        rc = mdb_cursor_open(c->reference.txn, reference.dbi, &reference.cursor);
    }
    if (rc != 0) {
        failed(c->out, rc);
        _exit(0);
    }
    rc = mdb_dbi_open(c->live.txn, table_name(t), 0, &live.dbi);
    if (rc == MDB_NOTFOUND) {
        step(&reference, MDB_FIRST);
        if (reference.rc == MDB_NOTFOUND) { /* made with the first entry */
            tell(c, VERIFY_TABLE, 0);
        } else {
            found(c, VERIFY_NO_TABLE, NULL, 0, 0);
        }
        return;
    }
    if (rc == 0) {
        rc = mdb_cursor_open(c->live.txn, live.dbi, &live.cursor);
    }
    if (rc != 0) {
        found(c, VERIFY_UNREADABLE, NULL, 0, rc);
        return;
    }
    check_flags(c, live.dbi, reference.dbi);
    if (!c->found) {
        compare_keys(c, &live, &reference);
    }
    if (!c->found) {
        check_counts(c, &live);
    }
    if (!c->found) {
        check_branches(c, &live);
    }
    if (!c->found) {
        tell(c, VERIFY_TABLE, c->keys);
    }
}

void verify_compare(int live, int reference, int out) {
    struct compare c = {.out = out, .table = TABLE_COUNT};
    alarm(PATIENCE);
    int rc = side_open(&c.reference, reference);
    if (rc != 0) {
        failed(out, rc);
        return;
    }
    rc = side_open(&c.live, live);
    if (rc != 0) {
        found(&c, VERIFY_UNREADABLE, NULL, 0, rc);
    } else {
        check_whole(&c);
    }
    for (int t = 0; t < TABLE_COUNT && rc == 0 && c.taken != NULL; t++) {
        compare_table(&c, t);
    }
    check_first_pages(&c);
    tell(&c, VERIFY_DONE, 0);
}

/* ---- the head ----------------------------------------------------------------------------------
 */

void verify_read_head(int live, int reference, int out) {
    (void)reference;
    struct compare c = {.out = out, .table = TABLE_COUNT};
    struct verify_report r = {.kind = VERIFY_HEAD, .table = TABLE_META};
    struct tables tables = {0};
    MDB_envinfo info = {0};
    alarm(PATIENCE);
    int rc = side_open(&c.live, live);
    if (rc == 0) {
        c.table = TABLE_META;
        mdb_env_info(c.live.env, &info);
        rc = mdb_dbi_open(c.live.txn, table_name(TABLE_META), 0, &tables.dbi[TABLE_META]);
    }
    if (rc != 0 && rc != MDB_NOTFOUND) {
        found(&c, VERIFY_UNREADABLE, NULL, 0, rc);
    } else {
        struct view v = {.txn = {.tables = &tables, .mdb = c.live.txn}};
        bool there = rc == 0 && view_fold_head(&v, &r.head);
        MDB_val name = {4, "fold"};
        if (v.txn.failed != 0) {
            found(&c, VERIFY_UNREADABLE, &name, 0, v.txn.failed);
        } else if (!there && info.me_last_txnid > 1) {
            /* The tables are made by the first transaction; every later one
             * leaves the head. */
            found(&c, VERIFY_MISSING, &name, 0, 0);
        } else {
            report_send(out, &r);
        }
    }
    tell(&c, VERIFY_DONE, 0);
}
