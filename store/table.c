#include "store/table.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define PAGE_BYTES 4096 /* of most machines */

static const char *const names[TABLE_COUNT] = {
    "meta",  "requests", "entries",  "numbers", "cases",       "sessions", "links",
    "rows",  "standing", "facts",    "cells",   "figures",     "coverage", "catalogue",
    "plans", "accounts", "closings", "audit",   "publications"};

const char *table_name(enum table t) {
    return names[t];
}

static int mdb_error(int code, struct error *e) {
    if (code == MDB_MAP_FULL) {
        return error_set(
            e, ERR_FULL, "",
            "The map of the store is full: nothing was recorded. Start the daemon with a larger "
            "map_bytes.",
            "保存領域の割当てが一杯です。何も記録していません。map_bytes を大きくしてサーバーを"
            "起動し直してください。");
    }
    if (code == ENOSPC || code == EDQUOT || code == MDB_TXN_FULL) {
        return error_set(
            e, ERR_FULL, "",
            "The store is full (%s): nothing was recorded. Free space on its disk.",
            "保存領域が一杯です (%s)。何も記録していません。ディスクを空けてください。",
            mdb_strerror(code));
    }
    return error_set(e, ERR_INTERNAL, "", "The tables of the store cannot be used: %s.",
                     "保存領域の表を使えません: %s。", mdb_strerror(code));
}

static int open_handles(struct tables *t, bool read_only) {
    MDB_txn *txn;
    int rc = mdb_txn_begin(t->env, NULL, read_only ? MDB_RDONLY : 0, &txn);
    if (rc != 0) {
        return rc;
    }
    for (int i = 0; i < TABLE_COUNT; i++) {
        rc = mdb_dbi_open(txn, names[i], read_only ? 0 : MDB_CREATE, &t->dbi[i]);
        if (rc != 0) {
            mdb_txn_abort(txn);
            return rc;
        }
    }
    return mdb_txn_commit(txn);
}

int tables_open(struct tables *t, const char *path, uint64_t map_bytes, bool read_only,
                struct error *e) {
    *t = (struct tables){0};
    int rc = mdb_env_create(&t->env);
    if (rc != 0) {
        return mdb_error(rc, e);
    }
    unsigned flags = MDB_NOTLS | (read_only ? MDB_RDONLY : MDB_NOSYNC | MDB_NORDAHEAD);
    if ((rc = mdb_env_set_mapsize(t->env, map_bytes)) != 0 ||
        (rc = mdb_env_set_maxdbs(t->env, TABLE_COUNT)) != 0 ||
        (rc = mdb_env_set_maxreaders(t->env, TABLE_READERS)) != 0 ||
        (rc = mdb_env_open(t->env, path, flags, 0600)) != 0) {
        tables_close(t);
        return mdb_error(rc, e);
    }
    int dead;
    int fd;
    mdb_reader_check(t->env, &dead);
    /* LMDB opens its data file without O_CLOEXEC. */
    if (mdb_env_get_fd(t->env, &fd) == 0) {
        fcntl(fd, F_SETFD, FD_CLOEXEC);
    }
    rc = open_handles(t, read_only);
    if (rc != 0) {
        tables_close(t);
        return mdb_error(rc, e);
    }
    return 0;
}

void tables_close(struct tables *t) {
    if (t->env != NULL) {
        mdb_env_close(t->env);
        t->env = NULL;
    }
}

/* ---- transactions ------------------------------------------------------------ */

int txn_begin(struct txn *x, const struct tables *t, bool write, struct error *e) {
    *x = (struct txn){.tables = t, .write = write};
    int rc = mdb_txn_begin(t->env, NULL, write ? 0 : MDB_RDONLY, &x->mdb);
    if (rc == MDB_READERS_FULL) {
        int dead;
        mdb_reader_check(t->env, &dead);
        rc = mdb_txn_begin(t->env, NULL, MDB_RDONLY, &x->mdb);
    }
    return rc != 0 ? mdb_error(rc, e) : 0;
}

int(txn_error)(const struct txn *x, struct error *e) {
    return mdb_error(x->failed, e);
}

int txn_commit(struct txn *x, struct error *e) {
    if (x->failed != 0) {
        txn_abort(x);
        return txn_error(x, e);
    }
    /* The handle is gone whatever the commit says. */
    MDB_txn *mdb = x->mdb;
    x->mdb = NULL;
    memset(x->at, 0, sizeof x->at);
    int rc = mdb_txn_commit(mdb);
    if (rc != 0) {
        x->failed = rc;
        return mdb_error(rc, e);
    }
    return 0;
}

void txn_abort(struct txn *x) {
    if (x->mdb != NULL) {
        mdb_txn_abort(x->mdb);
        x->mdb = NULL;
        memset(x->at, 0, sizeof x->at);
    }
}

static void fail(struct txn *x, int code) {
    if (x->failed == 0) {
        x->failed = code;
    }
}

/* ---- keys -------------------------------------------------------------------- */

void key_u16(struct key *k, uint16_t v) {
    uint8_t b[2] = {(uint8_t)(v >> 8), (uint8_t)v};
    key_raw(k, b, 2);
}

void put_u32(uint8_t *p, uint32_t v) {
    p[0] = (uint8_t)(v >> 24);
    p[1] = (uint8_t)(v >> 16);
    p[2] = (uint8_t)(v >> 8);
    p[3] = (uint8_t)v;
}

void put_u64(uint8_t *p, uint64_t v) {
    put_u32(p, (uint32_t)(v >> 32));
    put_u32(p + 4, (uint32_t)v);
}

uint16_t get_u16(const uint8_t *p) {
    return (uint16_t)(p[0] << 8 | p[1]);
}

uint32_t get_u32(const uint8_t *p) {
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

uint64_t get_u64(const uint8_t *p) {
    return (uint64_t)get_u32(p) << 32 | get_u32(p + 4);
}

void key_u32(struct key *k, uint32_t v) {
    uint8_t b[4];
    put_u32(b, v);
    key_raw(k, b, 4);
}

void key_u64(struct key *k, uint64_t v) {
    uint8_t b[8];
    put_u64(b, v);
    key_raw(k, b, 8);
}

struct key key_of_u64(uint64_t v) {
    struct key k;
    key_start(&k);
    key_u64(&k, v);
    return k;
}

struct key key_of_u64_u64(uint64_t a, uint64_t b) {
    struct key k;
    key_start(&k);
    key_u64(&k, a);
    key_u64(&k, b);
    return k;
}

/* ---- one record ---------------------------------------------------------------- */

static bool usable(struct txn *x, const struct key *k) {
    if (k->overflow || k->len == 0) {
        fail(x, MDB_BAD_VALSIZE);
    }
    return x->failed == 0;
}

/* Numbers run by prefix and year; of a row of a file two keys are put, which stand in
 * two places. */
static size_t run_of(enum table t, const struct key *k) {
    return t == TABLE_NUMBERS || t == TABLE_ROWS ? (k->data[0] / 2 + k->data[2]) % TABLE_RUNS : 0;
}

/* The cursor with which a write transaction looks up and puts; NULL: it failed. */
static MDB_cursor *at(struct txn *x, enum table t, const struct key *k) {
    MDB_cursor **c = &x->at[t][run_of(t, k)];
    if (*c == NULL) {
        int rc = mdb_cursor_open(x->mdb, x->tables->dbi[t], c);
        if (rc != 0) {
            *c = NULL;
            fail(x, rc);
        }
    }
    return *c;
}

bool txn_get(struct txn *x, enum table t, const struct key *k, MDB_val *value) {
    *value = (MDB_val){0};
    if (!usable(x, k)) {
        return false;
    }
    MDB_val key = {k->len, (void *)k->data};
    MDB_cursor *c = x->write ? at(x, t, k) : NULL;
    int rc = !x->write   ? mdb_get(x->mdb, x->tables->dbi[t], &key, value)
             : c != NULL ? mdb_cursor_get(c, &key, value, MDB_SET)
                         : x->failed;
    if (rc != 0 && rc != MDB_NOTFOUND) {
        fail(x, rc);
    }
    return rc == 0;
}

bool txn_get_u64(struct txn *x, enum table t, const struct key *k, uint64_t *value) {
    MDB_val v;
    if (!txn_get(x, t, k, &v)) {
        return false;
    }
    if (v.mv_size != 8) {
        fail(x, MDB_CORRUPTED);
        return false;
    }
    *value = get_u64(v.mv_data);
    return true;
}

/* Keys that follow the clock or a running number come near the end, or near the end
 * of one of a few runs: on pages that are touched already. */
static bool in_order(enum table t) {
    return t == TABLE_META || t == TABLE_REQUESTS || t == TABLE_NUMBERS;
}

/* Whether a value was put within a page's length of one of the table's last two: rows
 * of a file lie together, in two places of their table.  (Two pages may lie side by side
 * in memory; each is then counted no less than half as often as it should.) */
static bool is_near(struct txn *x, enum table t, const char *value) {
    const char **near = x->near[t];
    for (size_t i = 0; i < 2; i++) {
        intptr_t apart = (intptr_t)value - (intptr_t)near[i];
        if (near[i] != NULL && apart > -PAGE_BYTES && apart < PAGE_BYTES) {
            near[i] = value;
            return true;
        }
    }
    near[1] = near[0];
    near[0] = value;
    return false;
}

/* Makes room for a value; NULL: it failed. */
static uint8_t *put(struct txn *x, enum table t, const struct key *k, size_t len, unsigned flags) {
    MDB_cursor *c = usable(x, k) ? at(x, t, k) : NULL;
    if (c == NULL) {
        return NULL;
    }
    MDB_val key = {k->len, (void *)k->data};
    MDB_val value = {len, NULL};
    int rc = mdb_cursor_put(c, &key, &value, flags | MDB_RESERVE);
    if (rc != 0) {
        fail(x, rc);
        return NULL;
    }
    if (!in_order(t) && !is_near(x, t, value.mv_data)) {
        x->changes++;
    }
    return value.mv_data;
}

static void put_bytes(struct txn *x, enum table t, const struct key *k, const void *data,
                      size_t len, unsigned flags) {
    uint8_t *room = put(x, t, k, len, flags);
    if (room != NULL && len > 0) {
        memcpy(room, data, len);
    }
}

void txn_put(struct txn *x, enum table t, const struct key *k, const void *data, size_t len) {
    put_bytes(x, t, k, data, len, 0);
}

void txn_put_last(struct txn *x, enum table t, const struct key *k, const void *data, size_t len) {
    put_bytes(x, t, k, data, len, MDB_APPEND);
}

void txn_put_u64(struct txn *x, enum table t, const struct key *k, uint64_t value) {
    uint8_t b[8];
    put_u64(b, value);
    txn_put(x, t, k, b, sizeof b);
}

void txn_put_message(struct txn *x, enum table t, const struct key *k,
                     const ProtobufCMessage *message, bool last) {
    size_t len = protobuf_c_message_get_packed_size(message);
    uint8_t *room = put(x, t, k, len, last ? MDB_APPEND : 0);
    if (room != NULL) {
        protobuf_c_message_pack(message, room);
    }
}

void txn_delete(struct txn *x, enum table t, const struct key *k) {
    if (!usable(x, k)) {
        return;
    }
    MDB_val key = {k->len, (void *)k->data};
    x->changes++;
    int rc = mdb_del(x->mdb, x->tables->dbi[t], &key, NULL);
    if (rc != 0 && rc != MDB_NOTFOUND) {
        fail(x, rc);
    }
}

/* ---- walks ---------------------------------------------------------------------- */

void cursor_open(struct cursor *c, struct txn *x, enum table t) {
    *c = (struct cursor){.txn = x};
    if (x->failed == 0) {
        int rc = mdb_cursor_open(x->mdb, x->tables->dbi[t], &c->mdb);
        if (rc != 0) {
            fail(x, rc);
            c->mdb = NULL;
        }
    }
}

void cursor_close(struct cursor *c) {
    if (c->mdb != NULL) {
        mdb_cursor_close(c->mdb);
        c->mdb = NULL;
    }
}

static bool move(struct cursor *c, MDB_cursor_op op) {
    if (c->mdb == NULL || c->txn->failed != 0) {
        return false;
    }
    int rc = mdb_cursor_get(c->mdb, &c->key, &c->value, op);
    if (rc != 0 && rc != MDB_NOTFOUND) {
        fail(c->txn, rc);
    }
    return rc == 0;
}

bool cursor_seek(struct cursor *c, const struct key *k) {
    if (k == NULL || k->len == 0) {
        return move(c, MDB_FIRST);
    }
    c->key = (MDB_val){k->len, (void *)k->data};
    return move(c, MDB_SET_RANGE);
}

bool cursor_next(struct cursor *c) {
    return move(c, MDB_NEXT);
}

bool cursor_before(struct cursor *c, const struct key *k) {
    if (k == NULL || !cursor_seek(c, k)) {
        return move(c, MDB_LAST);
    }
    return move(c, MDB_PREV);
}

bool cursor_has_prefix(const struct cursor *c, const struct key *k) {
    return c->key.mv_size >= k->len && memcmp(c->key.mv_data, k->data, k->len) == 0;
}
