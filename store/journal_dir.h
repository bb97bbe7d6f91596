/* The directory of the journal's segment files as it lies on disk.
 *
 * STORE/journal/ holds "<first seq, 20 digits>.seg" and, while a daemon runs,
 * "next": the segment after the last, allocated ahead, no part of the journal
 * until it is renamed.  Any other file whose name ends in ".seg" is refused;
 * other names are counted and left alone.
 *
 * Part of the journal (store/journal.h), which is what others use. */
#ifndef MADOGUCHI_STORE_JOURNAL_DIR_H
#define MADOGUCHI_STORE_JOURNAL_DIR_H

#include "store/segment.h"

#define JOURNAL_DIR_NAME  "journal"
#define JOURNAL_DIR_AHEAD "next"

struct journal_dir {
    int fd;
    uint64_t *first; /* of each segment, rising */
    size_t n, capacity;
    size_t ignored; /* files that are no segments */
    bool ahead;     /* "next" is there */
    uint64_t bytes; /* of all segments, after journal_dir_check() */
};

/* Opens and lists the directory.  ERR_DOES_NOT_HOLD: no directory, no segment,
 * or a ".seg" that is none; ERR_INTERNAL. */
int journal_dir_open(int store_dirfd, struct journal_dir *d, struct error *e) MUST_CHECK;
void journal_dir_close(struct journal_dir *d);

/* Adds a segment that has come behind the last. */
int journal_dir_add(struct journal_dir *d, uint64_t first, struct error *e) MUST_CHECK;

/* The index of the segment that holds seq (>= 1), by the names. */
size_t journal_dir_find(const struct journal_dir *d, uint64_t seq);

/* Opens a segment with O_RDONLY or O_RDWR, *size is its bytes.  Returns the
 * descriptor or -1.  Uses d->fd only, so any thread may call it. */
int journal_dir_segment(const struct journal_dir *d, uint64_t first, int flags, uint64_t *size,
                        struct error *e) MUST_CHECK;

/* Opens segment i and reads its header, which must name the segment before it.
 * Returns the descriptor (read-only) or -1. */
int journal_dir_header(const struct journal_dir *d, size_t i, uint64_t *size,
                       struct segment_header *h, struct error *e) MUST_CHECK;

/* Reads every header: none is missing, renamed, damaged or of a newer format.
 * *last is that of the last segment.  Only headers are read: a missing segment
 * is seen, a damaged record is not. */
int journal_dir_check(struct journal_dir *d, struct segment_header *last,
                      struct error *e) MUST_CHECK;

/* The chain hash of seq (1 .. the journal's head), its records read and checked
 * from the beginning of its segment. */
int journal_dir_hash(const struct journal_dir *d, uint64_t seq, uint8_t hash[SEGMENT_HASH_BYTES],
                     struct error *e) MUST_CHECK;

/* Makes the file `name` with room for `bytes`: allocated, and zeros up to
 * *zeroed.  Returns its descriptor or -1 with ERR_FULL (and the file removed)
 * or ERR_INTERNAL. */
int journal_dir_allocate(int dirfd, const char *name, uint64_t bytes, uint64_t *zeroed,
                         struct error *e) MUST_CHECK;

#endif
