/* What a backup says of itself: the file `manifest` in its directory.
 *
 *     madoguchi backup 1
 *     municipality 062090
 *     store 0123456789abcdef0123456789abcdef
 *     head 42 HASH
 *     at 2024-04-15T03:00:00Z
 *     file FIRST LAST BYTES HEAD HASH      one a file, in the order of FIRST
 *     end HASH
 *
 * Hashes are BLAKE2b-256 in hex: of `head` and HEAD the chain hash of the last
 * entry, otherwise that of all bytes of the file, for `end` of all lines before
 * it.  A file is named by the entries it holds, "FIRST-LAST.seg" with 20 digits
 * each; its bytes are those of a segment up to its last record.  So a file's
 * name never stands for other bytes, and a backup that is interrupted leaves
 * the files of the one before it as they were.
 *
 * A manifest with head 0 marks a directory in which the first backup has not
 * been finished.  Part of the copies (store/copy.h). */
#ifndef MADOGUCHI_STORE_MANIFEST_H
#define MADOGUCHI_STORE_MANIFEST_H

#include "store/segment.h"

#define MANIFEST_NAME      "manifest"
#define MANIFEST_TEMPORARY "manifest.part"
#define MANIFEST_FILE_NAME 48 /* bytes of a file's name with its NUL */

struct manifest_file {
    uint64_t first;
    struct journal_head last;
    uint64_t bytes;
    uint8_t hash[SEGMENT_HASH_BYTES];
};

struct manifest {
    char municipality[8];
    uint8_t store[16];
    struct journal_head head;
    uint64_t at; /* ms */
    struct manifest_file *file;
    size_t n, capacity;
};

/* Starts out zeroed. */
void manifest_free(struct manifest *m);

int manifest_add(struct manifest *m, const struct manifest_file *file, struct error *e) MUST_CHECK;

/* "00000000000000000001-00000000000000000042.seg" */
void manifest_file_name(const struct manifest_file *file, char out[MANIFEST_FILE_NAME]);

/* Whether a directory entry is one that a backup makes. */
bool manifest_knows_name(const char *name);

/* The file that holds the entry, or NULL. */
const struct manifest_file *manifest_find(const struct manifest *m, uint64_t seq);

/* Reads the manifest of an open directory, called `path` in sentences.
 * ERR_NOT_FOUND: there is none.  ERR_STATE: of a newer format.
 * ERR_DOES_NOT_HOLD: damaged. */
int manifest_read(int dirfd, const char *path, struct manifest *m, struct error *e) MUST_CHECK;

/* Writes it beside its place, flushed, renames it and flushes the directory. */
int manifest_write(int dirfd, const char *path, const struct manifest *m,
                   struct error *e) MUST_CHECK;

#endif
