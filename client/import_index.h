/* Which texts were met, and a number for each. */
#ifndef MADOGUCHI_CLIENT_IMPORT_INDEX_H
#define MADOGUCHI_CLIENT_IMPORT_INDEX_H

#include <stddef.h>
#include <stdint.h>

struct import_index;

struct import_index *import_index_new(void);
void import_index_free(struct import_index *index);

/* The hash under which bytes are kept. */
uint64_t import_index_hash(const void *data, size_t len);

/* The number kept for a hash and text, made as 0 when it was not there; the
 * text (NULL: the hash alone tells) must outlive the index.  NULL: out of
 * memory.  Valid until the next call. */
uint32_t *import_index_at(struct import_index *index, uint64_t hash, const char *text);

/* The number kept for a hash and text, 0 when it was not there; keeps nothing. */
uint32_t import_index_find(const struct import_index *index, uint64_t hash, const char *text);

#endif
