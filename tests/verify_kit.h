/* What the tests of the proof share: a store in which every table holds
 * something, copies of it to damage, and what the proof says of them. */
#ifndef MADOGUCHI_TESTS_VERIFY_KIT_H
#define MADOGUCHI_TESTS_VERIFY_KIT_H

#include "store/internal.h"

/* Makes a temporary folder for all tests of a program; and removes it. */
void verify_kit_begin(void);
void verify_kit_end(void);

/* An unchecked fixture of every test case: makes the store that the other
 * functions copy, closed cleanly. */
void verify_kit_setup(void);

#define VERIFY_KIT_PATH 160

/* A copy of the store, of its own. */
void verify_kit_copy(char path[VERIFY_KIT_PATH]);

/* Copies one file over another, both named from the temporary folder's stores. */
void verify_kit_put_back(const char *from, const char *to, const char *file);

/* What store_verify() said. */
struct verify_kit_proof {
    int rc;
    struct error e;
    char lines[8192]; /* "name: value\n" each */
};
void verify_kit_line(void *proof, const char *name, const char *value);
void verify_kit_prove(const char *path, struct verify_kit_proof *out);
/* The same, which must hold; or fail with `code` and words that hold `part`. */
void verify_kit_holds(const char *path, struct verify_kit_proof *out);
void verify_kit_fails(const char *path, int code, const char *part, struct verify_kit_proof *out);

struct store *verify_kit_open(const char *path);

/* Records n entries in groups of `group`. */
void verify_kit_record(struct store *s, unsigned n, unsigned group);

/* Seq of the last entry and the place of any, read from the journal. */
uint64_t verify_kit_head(const char *path);
struct journal_place verify_kit_place(const char *path, uint64_t seq, size_t *len);

/* Bytes of a file of a store; and writing into it. */
uint8_t *verify_kit_load(const char *path, const char *file, size_t *size);
void verify_kit_poke(const char *path, const char *file, const void *data, size_t len,
                     uint64_t offset);
void verify_kit_flip(const char *path, const char *file, uint64_t offset);

/* Opens the tables of a closed store for changing them directly. */
void verify_kit_tables(const char *path, struct tables *t, struct txn *x);
void verify_kit_tables_done(struct tables *t, struct txn *x);

/* A hash of names, sizes, times and bytes of all files of a store. */
uint64_t verify_kit_print(const char *path);

#endif
