/* The LMDB environment of the folds: its tables, transactions and keys.
 *
 * LMDB holds only what can be made again from the journal, therefore it runs
 * with MDB_NOSYNC.  Keys are bytes in big-endian order, so that the order of
 * keys is the order of what they stand for; no DUPSORT, no INTEGERKEY.
 *
 * A transaction remembers its first failure: after it every operation does
 * nothing and says "not there", and txn_commit() becomes an abort.  Callers
 * write straight through and look once. */
#ifndef MADOGUCHI_STORE_TABLE_H
#define MADOGUCHI_STORE_TABLE_H

#include "proto/error.h"

#include <lmdb.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum table {
    TABLE_META,         /* "fold" -> version, applied seq, hash */
    TABLE_REQUESTS,     /* actor 0 id -> seq */
    TABLE_ENTRIES,      /* seq -> segment, offset, kind, voided by */
    TABLE_NUMBERS,      /* prefix, FY, n -> opening seq */
    TABLE_CASES,        /* opening seq -> Fold__Case */
    TABLE_SESSIONS,     /* opening seq -> Fold__Session */
    TABLE_LINKS,        /* parent seq, child seq -> role */
    TABLE_ROWS,         /* 'i' identity or 'r' source and ref (hashed) -> seq */
    TABLE_STANDING,     /* entry seq -> keys of its facts that stand, if not those it caused */
    TABLE_FACTS,        /* month kind service date seq i -> Fold__Fact */
    TABLE_CELLS,        /* period roll-up dimensions -> measures */
    TABLE_FIGURES,      /* series 0 period 0 seq -> Fold__Figure */
    TABLE_COVERAGE,     /* seq -> Fold__Coverage */
    TABLE_CATALOGUE,    /* seq -> nothing: the document is in the journal */
    TABLE_PLANS,        /* id 0 seq -> nothing */
    TABLE_ACCOUNTS,     /* name -> Fold__Account */
    TABLE_CLOSINGS,     /* month service 0 -> seq */
    TABLE_AUDIT,        /* seq -> kind: what an auditor looks at */
    TABLE_PUBLICATIONS, /* plan 0 year seq -> nothing */
    TABLE_COUNT,
};

const char *table_name(enum table t);

struct tables {
    MDB_env *env;
    MDB_dbi dbi[TABLE_COUNT];
};

#define TABLE_READERS 64

/* Opens (and makes) the environment in directory `path`.  map_bytes of address
 * space, not of disk.  read_only opens without making anything. */
int tables_open(struct tables *t, const char *path, uint64_t map_bytes, bool read_only,
                struct error *e) MUST_CHECK;
void tables_close(struct tables *t);

/* Runs of keys of one table that grow beside each other. */
#define TABLE_RUNS 8

struct txn {
    const struct tables *tables;
    MDB_txn *mdb;
    int failed;     /* first failure: an LMDB code or errno; 0 while all is well */
    size_t changes; /* puts and deletes that may touch a page of their own */
    bool write;
    /* Of a write transaction, which ends them: a table's next change mostly lies on
     * the page of the one before, or of the one before of its run. */
    MDB_cursor *at[TABLE_COUNT][TABLE_RUNS];
    /* Where a table's last values lie: those beside them touch no other page. */
    const char *near[TABLE_COUNT][2];
};

int txn_begin(struct txn *x, const struct tables *t, bool write, struct error *e) MUST_CHECK;
/* Ends a write transaction; -1 with nothing kept when anything failed. */
int txn_commit(struct txn *x, struct error *e) MUST_CHECK;
void txn_abort(struct txn *x);
/* Turns the sticky failure into an error: ERR_FULL for a full map or disk. */
int txn_error(const struct txn *x, struct error *e);
#ifdef __clang_analyzer__
#define txn_error(x, e) (txn_error(x, e), -1)
#endif

struct key {
    uint8_t data[480];
    size_t len;
    bool overflow;
};

static inline void key_start(struct key *k) {
    k->len = 0;
    k->overflow = false;
}
static inline void key_raw(struct key *k, const void *data, size_t len) {
    if (len > sizeof k->data - k->len) {
        k->overflow = true;
        return;
    }
    if (len > 0) {
        memcpy(k->data + k->len, data, len);
    }
    k->len += len;
}
static inline void key_u8(struct key *k, uint8_t v) {
    key_raw(k, &v, 1);
}
void key_u16(struct key *k, uint16_t v);
void key_u32(struct key *k, uint32_t v);
void key_u64(struct key *k, uint64_t v);
/* Bytes without NUL and a NUL behind them. */
static inline void key_text(struct key *k, ProtobufCBinaryData text) {
    key_raw(k, text.data, text.len);
    key_u8(k, 0);
}
struct key key_of_u64(uint64_t v);
struct key key_of_u64_u64(uint64_t a, uint64_t b);

uint16_t get_u16(const uint8_t *p);
uint32_t get_u32(const uint8_t *p);
uint64_t get_u64(const uint8_t *p);
void put_u32(uint8_t *p, uint32_t v);
void put_u64(uint8_t *p, uint64_t v);

/* Values point into the map: valid until the next change or the end of the
 * transaction. */
bool txn_get(struct txn *x, enum table t, const struct key *k, MDB_val *value);
bool txn_get_u64(struct txn *x, enum table t, const struct key *k, uint64_t *value);
void txn_put(struct txn *x, enum table t, const struct key *k, const void *data, size_t len);
/* Puts a key that lies behind all others of the table: without a search, and full
 * pages are left as they are. */
void txn_put_last(struct txn *x, enum table t, const struct key *k, const void *data, size_t len);
void txn_put_u64(struct txn *x, enum table t, const struct key *k, uint64_t value);
void txn_delete(struct txn *x, enum table t, const struct key *k);
/* Packs the message where it will lie; `last` as in txn_put_last(). */
void txn_put_message(struct txn *x, enum table t, const struct key *k,
                     const ProtobufCMessage *message, bool last);

/* A walk over the keys of one table. */
struct cursor {
    struct txn *txn;
    MDB_cursor *mdb;
    MDB_val key, value;
};
void cursor_open(struct cursor *c, struct txn *x, enum table t);
void cursor_close(struct cursor *c);
/* First key at or after k (NULL: the first of all); false when there is none. */
bool cursor_seek(struct cursor *c, const struct key *k);
bool cursor_next(struct cursor *c);
/* Last key before k (NULL: the last of all). */
bool cursor_before(struct cursor *c, const struct key *k);
/* Whether the key under the cursor starts with the bytes of k. */
bool cursor_has_prefix(const struct cursor *c, const struct key *k);

#endif
