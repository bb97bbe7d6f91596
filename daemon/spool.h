/* A long answer, kept until its reader has taken it.
 *
 * Records are written by one thread and then read by another, in order.  They
 * lie in memory up to a size, beyond it in an unnamed temporary file.  The room
 * that all share bounds what lies in memory together (beyond it a short answer
 * goes to a file too) and the files together (beyond it an answer is refused). */
#ifndef MADOGUCHI_DAEMON_SPOOL_H
#define MADOGUCHI_DAEMON_SPOOL_H

#include "proto/error.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define SPOOL_RECORD_MAX 65536
#define SPOOL_TOGETHER   32 /* all in memory: so many times the size of one */

/* What all spools share.  The limits may be changed at any time. */
struct spool_room {
    const char *directory; /* of the temporary files; /tmp where that fails */
    atomic_size_t memory;  /* bytes of one spool in memory */
    atomic_size_t memory_used;
    _Atomic uint64_t disk; /* bytes of all files */
    _Atomic uint64_t disk_used;
};

struct spool;

/* NULL when out of memory.  room must outlive it. */
struct spool *spool_new(struct spool_room *room);
void spool_free(struct spool *s);

/* Appends room for one record of len bytes (1 to SPOOL_RECORD_MAX) and returns
 * where to write it, at once, followed by spool_commit().  NULL with *e:
 * ERR_TOO_MUCH no room, ERR_INTERNAL the system's words. */
uint8_t *spool_reserve(struct spool *s, size_t len, struct error *e);
int spool_commit(struct spool *s, struct error *e) MUST_CHECK;

/* Nothing more will be written: gives back what only writing needs. */
void spool_end(struct spool *s);

size_t spool_records(const struct spool *s); /* not read yet */

/* Forgets what was written. */
void spool_clear(struct spool *s);

/* Length of the next record; 0 when there is none.  -1: the file cannot be
 * read. */
int64_t spool_next(struct spool *s);

/* Reads the next record, whose length spool_next() told. */
int spool_read(struct spool *s, uint8_t *to, size_t len) MUST_CHECK;

#endif
