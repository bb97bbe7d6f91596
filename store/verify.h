/* What the files of the proof share; nobody else includes this.
 *
 * The tables of a store are read in a child process: LMDB trusts its file, and
 * one with damaged pages can make it crash.  The child sends reports through a
 * pipe; whoever reads them takes them for as untrusted as the file.
 *
 * Files are handed on as descriptors.  What the proof makes (a copy of the
 * tables, the tables folded again) has no name in any directory from the
 * moment it is made, so that nothing is left behind however the proof ends. */
#ifndef MADOGUCHI_STORE_VERIFY_H
#define MADOGUCHI_STORE_VERIFY_H

#include "store/internal.h"

enum verify_kind {
    VERIFY_AT = 1,  /* `table` comes next */
    VERIFY_HEAD,    /* what the tables stand on: head */
    VERIFY_TABLE,   /* `table` is the same: number of keys compared */
    VERIFY_FINDING, /* `table` is not: problem, and key, number or code */
    VERIFY_FAILED,  /* the comparison could not be made: code */
    VERIFY_DONE,
};

enum verify_problem {
    VERIFY_MISSING = 1, /* a key that the journal gives is not there */
    VERIFY_EXTRA,       /* a key that the journal does not give */
    VERIFY_DIFFERENT,   /* another value */
    VERIFY_LOST,        /* there, but not found where a search looks for it */
    VERIFY_COUNT,       /* the table's own number of keys is wrong: number */
    VERIFY_FLAGS,       /* the table is not kept in the order of its bytes */
    VERIFY_PAGE,        /* page `number` is used twice, or free and used, or misplaced */
    VERIFY_NO_TABLE,
    VERIFY_NAME,       /* a table of another name: key */
    VERIFY_UNREADABLE, /* LMDB's code */
};

#define VERIFY_KEY_MAX 512

struct verify_report {
    uint32_t kind;
    uint32_t table; /* enum table; TABLE_COUNT: the file as a whole */
    uint32_t problem;
    int32_t code;
    uint64_t number;
    uint32_t key_len;
    uint8_t key[VERIFY_KEY_MAX];
    struct fold_head head;
};

/* ---- verify_compare.c: in the child ------------------------------------------------ */

/* Reads what the tables in `live` stand on; VERIFY_HEAD and VERIFY_DONE. */
void verify_read_head(int live, int reference, int out);

/* Compares every table of `live` with that of `reference`, key by key, and the
 * pages they lie on: VERIFY_AT, then VERIFY_TABLE or VERIFY_FINDING, for each;
 * VERIFY_DONE. */
void verify_compare(int live, int reference, int out);

/* ---- verify_child.c ------------------------------------------------------------------ */

/* Reads what the tables in the file `live` stand on. */
int verify_child_head(int live, struct fold_head *stand, struct error *e) MUST_CHECK;

/* Compares in a child; a line for every table.  ERR_DOES_NOT_HOLD names the
 * first table and key that is wrong. */
int verify_child_compare(int live, int reference, store_line_fn line, void *ctx,
                         struct error *e) MUST_CHECK;

/* ---- verify_key.c ---------------------------------------------------------------------- */

#define VERIFY_KEY_TEXT 200

/* A key as a person can read it: what it means where that is known, and its
 * bytes in hex.  Any bytes are allowed. */
void verify_key_text(enum table t, const uint8_t *key, size_t len, char out[VERIFY_KEY_TEXT]);

/* ---- verify_files.c -------------------------------------------------------------------- */

/* Makes a file without a name where `need` bytes are free: in $TMPDIR or /tmp,
 * or else beside the store.  Returns its descriptor, or -1 with ERR_FULL. */
int verify_file(const char *store, uint64_t need, struct error *e) MUST_CHECK;

/* The path by which LMDB opens a descriptor. */
#define VERIFY_PATH 32
void verify_path(int fd, char out[VERIFY_PATH]);

/* Folds the journal into the empty file fd as far as `live` stands.  *head is what the new tables
 * stand on. */
int verify_refold(int fd, struct journal *j, const struct fold_head *live, struct fold_head *head,
                  struct error *e) MUST_CHECK;

#endif
