/* What the fuzz targets share.
 *
 * A target is one file fuzz_NAME.c with LLVMFuzzerTestOneInput(): libFuzzer and
 * AFL++ call it with bytes of their own (make fuzz), replay.c with the files of
 * corpus/NAME (make check).  A target needs nothing but its input, so that what
 * was found is found again: no threads, no state from one input to the next.
 * All run from the root of the sources. */
#ifndef MADOGUCHI_TESTS_FUZZ_FUZZ_H
#define MADOGUCHI_TESTS_FUZZ_FUZZ_H

#include "proto/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What must hold for every input. */
#define MUST(condition)                                                                    \
    do {                                                                                   \
        if (!(condition)) {                                                                \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition); \
            abort();                                                                       \
        }                                                                                  \
    } while (0)

/* A refusal says why, in both languages, in whole characters. */
void fuzz_refusal(const struct error *e);

/* ---- a folder and a store in it --------------------------------------------------- */

#define FUZZ_PATH 128

/* A new folder in TMPDIR, removed when the program ends. */
const char *fuzz_folder(void);

/* The bytes of a file, malloc'ed, a NUL behind them. */
uint8_t *fuzz_load(const char *path, size_t *len);
void fuzz_save(const char *path, const void *data, size_t len);

struct store;

/* The store of tests/golden, open, the same at every call; the one before must
 * be closed.  Of municipality 062090, with an entry of every kind. */
struct store *fuzz_store(void);

#endif
