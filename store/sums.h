/* Sums per key: what changes of cells, groups of a query and distinct counts
 * are added up in.  A hash table from bytes to a few numbers. */
#ifndef MADOGUCHI_STORE_SUMS_H
#define MADOGUCHI_STORE_SUMS_H

#include "proto/error.h"

#include <stddef.h>
#include <stdint.h>

struct sums;

/* `width` numbers per key; at most `max` keys.  NULL when memory ran out. */
struct sums *sums_new(unsigned width, size_t max);
void sums_free(struct sums *s);

/* Adds `values` (width of them) to those of the key.  -1: more than max keys,
 * or memory ran out. */
int sums_add(struct sums *s, const void *key, size_t len, const int64_t *values) MUST_CHECK;

/* Whoever knows several keys beforehand saves waiting for memory: takes the three steps,
 * 0 to 2, for all of them, each step for all before the next, and then adds. */
uint64_t sums_hash(const void *key, size_t len);
void sums_near(const struct sums *s, uint64_t hash, unsigned step);
/* sums_add() of a key whose hash is known. */
int sums_add_hashed(struct sums *s, uint64_t hash, const void *key, size_t len,
                    const int64_t *values) MUST_CHECK;

size_t sums_count(const struct sums *s);
/* Puts the keys into byte order; after it only sums_get() and sums_clear(). */
void sums_sort(struct sums *s);
/* The i-th key and its numbers. */
const int64_t *sums_get(const struct sums *s, size_t i, const uint8_t **key, size_t *len);
void sums_clear(struct sums *s);

#endif
