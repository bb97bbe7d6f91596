/* What the tests of the journal share: a store's directory that is removed at
 * the end, entries that know what they should hold, bytes of files. */
#ifndef MADOGUCHI_TESTS_JOURNAL_KIT_H
#define MADOGUCHI_TESTS_JOURNAL_KIT_H

#include "store/journal.h"

struct journal_kit {
    char path[128];
    int fd; /* the store's directory */
};

/* A temporary folder for all tests of a program, and its removal. */
void journal_kit_begin(void);
void journal_kit_end(void);

/* A new store's directory with a journal of small segments. */
void journal_kit_make(struct journal_kit *k);

/* Opens, and fails the test if that is refused.  options may be NULL. */
struct journal *journal_kit_open(struct journal_kit *k, const struct journal_options *options,
                                 struct journal_recovery *report);

/* Opens, which must be refused with `code` and words that hold `part`. */
void journal_kit_refused(struct journal_kit *k, const struct journal_options *options, int code,
                         const char *part);

/* The byte at i of the entry `seq`. */
uint8_t journal_kit_byte(uint64_t seq, size_t i);

/* Appends one group of n entries with the given lengths; the test fails if it
 * is refused.  places may be NULL. */
void journal_kit_append(struct journal *j, const size_t *lens, size_t n,
                        struct journal_place *places);

/* Opens, appends a group of one entry for each length, closes. */
struct journal_mark journal_kit_groups(struct journal_kit *k, const size_t *lens, size_t n);

/* Stages one entry of `len` bytes behind those staged. */
int journal_kit_stage(struct journal *j, size_t len, struct journal_place *place, struct error *e);

/* Whether the bytes are those of entry `seq`. */
bool journal_kit_is(uint64_t seq, const uint8_t *data, size_t len);

/* Reads the entry at its place and compares. */
void journal_kit_read(struct journal *j, struct journal_place place, uint64_t seq, size_t len);

/* Verifies and expects success; returns the result. */
struct journal_verify_result journal_kit_verify(struct journal_kit *k);

/* Walks from `from` and expects entries up to the head. */
void journal_kit_walk(struct journal *j, uint64_t from);

/* The whole of a segment, malloc'd. */
uint8_t *journal_kit_load(struct journal_kit *k, uint64_t segment, size_t *size);

/* Writes bytes into a segment. */
void journal_kit_poke(struct journal_kit *k, uint64_t segment, const void *data, size_t len,
                      uint64_t offset);

/* The name of a file in the journal's directory, from the store's. */
const char *journal_kit_name(uint64_t segment);

#endif
