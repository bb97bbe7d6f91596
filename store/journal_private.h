/* What the parts of the journal share: journal_open.c, journal.c (writing) and
 * journal_read.c.  No one else includes this. */
#ifndef MADOGUCHI_STORE_JOURNAL_PRIVATE_H
#define MADOGUCHI_STORE_JOURNAL_PRIVATE_H

#include "store/journal.h"
#include "store/journal_dir.h"
#include <pthread.h>
#include <stdatomic.h>

#define JOURNAL_FDS 32 /* segments kept open for reading */

/* A segment open for reading.  Not closed while users read it. */
struct journal_fd {
    uint64_t segment; /* 0: free */
    uint64_t size;
    uint64_t used_at;
    unsigned users;
    int fd;
};

struct journal {
    /* The lock guards what readers on other threads use: the list of segments,
     * the flushed head and end, and the cache.  The writing thread changes
     * them under it and may read them without. */
    pthread_mutex_t lock;
    struct journal_dir dir;
    struct journal_head head;
    struct journal_fd cache[JOURNAL_FDS];
    uint64_t clock; /* counts uses of the cache */

    size_t segment_bytes;
    uint64_t floor;
    bool read_only;
    bool past_torn; /* read-only and a torn tail was passed over */
    atomic_bool dead;

    /* The last segment. */
    int fd;
    uint64_t segment, previous; /* its first seq, and that of the one before */
    uint64_t size;
    uint32_t end, last;

    /* The group, as it will be written at `end`. */
    uint8_t *buffer;
    size_t used, capacity;
    uint32_t staged_last;
    struct journal_head staged;

    /* The next segment, allocated ahead: -1 when there is none. */
    int ahead;
    uint64_t ahead_zeroed;
};

/* Closes every descriptor and frees. */
void journal_free(struct journal *j);

/* The size to use for new segments: `asked`, or the default for 0.
 * ERR_INVALID. */
int journal_segment_bytes(size_t asked, size_t *bytes, struct error *e) MUST_CHECK;

/* ERR_INTERNAL when the journal is dead. */
int journal_alive(const struct journal *j, struct error *e) MUST_CHECK;

#endif
