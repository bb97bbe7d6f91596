/* The files of a store under test: saved, put back, spoilt; and what lives in it
 * meanwhile. */
#ifndef MADOGUCHI_TESTS_KIT_FILES_H
#define MADOGUCHI_TESTS_KIT_FILES_H

#include "tests/kit_store.h"

/* What the store said while it was opened, a line each. */
extern char kit_notices[4096];

/* A new store in process that gives notice. */
void kit_files_begin(struct kit *k);
/* Closes and opens it. */
void kit_reopen(struct kit *k, bool clean);

/* A path in the store; good until the next but one call. */
const char *kit_path_of(const struct kit *k, const char *file);
/* A command that must succeed. */
void kit_shell(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Copies a file or folder of the store beside it, and back. */
void kit_save(const struct kit *k, const char *file);
void kit_put_back(const struct kit *k, const char *file);
void kit_write_text(const struct kit *k, const char *file, const char *text);
bool kit_exists(const struct kit *k, const char *file);

/* A bit of everything, KIT_ROUND entries a round; and the numbers of n rounds
 * with nothing else recorded. */
#define KIT_ROUND 9
void kit_live(struct kit *k, unsigned rounds);
void kit_expect_rounds(struct kit *k, unsigned n);

#endif
