/* The journal: the append-only, checksummed, hash-chained record of truth.
 *
 * A journal is a directory of segment files (store/segment.h has the bytes).
 * Entries are numbered from 1 without a gap and never change.  They are written
 * in groups: one write and one flush each.
 *
 *     journal_reserve, journal_stage for each entry, journal_flush
 *
 * What journal_flush() returned 0 for is on disk.  After a write or flush that
 * failed nobody knows what is on disk: the journal is dead, every later call
 * fails, and the process must exit without an answer; the next journal_open()
 * finds out.
 *
 * Threads.  One thread at a time opens, reserves, stages, flushes and closes;
 * it may hand the flush to a helper and go on reading while it runs, but stages
 * nothing until the helper is done.  journal_read() of flushed entries and
 * journal_walk() may be called by any thread at any time before the close.
 *
 * Errors.  ERR_FULL: no room; nothing was changed.  ERR_DOES_NOT_HOLD: the
 * bytes on disk are not what was written; the sentence names segment, record
 * and place, and says how to restore.  ERR_STATE: a newer format, or a journal
 * opened read-only.  ERR_INTERNAL: the system's words. */
#ifndef MADOGUCHI_STORE_JOURNAL_H
#define MADOGUCHI_STORE_JOURNAL_H

#include "proto/arena.h"
#include "proto/error.h"
#include "store/segment.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#define JOURNAL_ENTRY_MAX       SEGMENT_ENTRY_MAX  /* bytes */
#define JOURNAL_RECORD_MAX      SEGMENT_RECORD_MAX /* bytes on disk of the largest entry */
#define JOURNAL_SEGMENT_DEFAULT ((size_t)16 << 20)
#define JOURNAL_SEGMENT_MIN     (((size_t)1 << 20) + 4096) /* room for one largest record */
#define JOURNAL_SEGMENT_MAX     ((size_t)1 << 30)

struct journal;

/* struct journal_head { uint64_t seq; uint8_t hash[32]; } is in store/segment.h. */

/* Where a record lies: the first seq of its segment and its offset there. */
struct journal_place {
    uint64_t segment;
    uint32_t offset;
};

/* The end of a journal that was closed cleanly, remembered by the caller so
 * that the next open need not read the last segment.  segment 0: none. */
struct journal_mark {
    uint64_t segment;
    uint32_t end;  /* where the next record will begin */
    uint32_t last; /* where the last record begins; 0 when the segment is empty */
    struct journal_head head;
};

/* Makes STORE/journal with its first, empty segment of segment_bytes (0: the
 * default), flushed together with the directories.  store_dirfd is the store's
 * directory.  ERR_STATE when there is one already, ERR_FULL, ERR_INVALID. */
int journal_create(int store_dirfd, size_t segment_bytes, struct error *e) MUST_CHECK;

/* ---- opening ------------------------------------------------------------------- */

struct journal_options {
    size_t segment_bytes;      /* of new segments; 0: the default */
    uint64_t free_floor_bytes; /* free space of the file system that is never used; 0: none */
    bool read_only;            /* changes nothing; a torn tail is passed over */
    bool clean_stop;           /* the store was closed cleanly with this mark */
    struct journal_mark mark;
    /* Where the folds stand; seq 0: nowhere.  Believed only when trusted (same
     * boot, or a clean stop): otherwise it is not looked at. */
    struct journal_head applied;
    bool applied_trusted;
    uint64_t kept; /* seq of an entry that is known to have been flushed; 0: none is */
};

/* What an open found and did. */
struct journal_recovery {
    struct journal_head head;
    uint64_t segments;
    uint64_t ignored;      /* files in the directory that are no segments */
    bool mark_used;        /* the last segment was not read: its mark holds */
    uint64_t records_read; /* of the last segment */
    uint64_t rewritten;    /* bytes written again and flushed */
    uint64_t torn_bytes;   /* of the torn tail: cut, or passed over if read_only */
    uint64_t torn_segment; /* where it began */
    uint64_t torn_offset;
};

/* Opens the journal in STORE/journal.
 *
 * All headers are read.  The last segment is read from its beginning, unless a
 * mark of a clean stop holds.  Bytes there that are no sound record are a torn
 * tail if no whole record of a later group follows and neither a trusted applied
 * seq nor `kept` is beyond them: everything from the first bad record is cut and zeroed (an
 * answered group was written whole, so only what was never answered is lost;
 * its sound records before the first bad one stay).  Otherwise, and when the
 * journal does not hold a trusted applied (seq, hash) or `kept`, ERR_DOES_NOT_HOLD.  The
 * files alone cannot tell later damage to the very last group from a torn
 * write: only a trusted applied seq or `kept` can.
 *
 * Without a clean stop the sound records of the last segment are written again
 * and flushed, with the directories, before the call returns: what only the
 * page cache held is never taken for recorded.
 *
 * The caller holds the store's lock and closes the journal. `report` may be
 * NULL. */
int journal_open(int store_dirfd, const struct journal_options *options, struct journal **out,
                 struct journal_recovery *report, struct error *e) MUST_CHECK;

/* Drops what is staged and frees.  Returns the mark for the next open, to be
 * stored after the folds are flushed; segment 0 when the journal died or was
 * read past a torn tail. */
struct journal_mark journal_close(struct journal *j);

/* ---- writing --------------------------------------------------------------------- */

/* Bytes on disk of an entry of len bytes. */
size_t journal_record_bytes(size_t len);

/* Before a group: makes sure that `bytes` of records (at most segment_bytes -
 * 64) fit in one segment and that the file system keeps its floor; goes on to
 * the next segment when the last has less room.  In a group: only asks whether
 * `bytes` more fit (ERR_BUSY: flush first).
 *
 * A caller that does not know the size of its group reserves
 * JOURNAL_RECORD_MAX, and ends the group when journal_room() is less. */
int journal_reserve(struct journal *j, size_t bytes, struct error *e) MUST_CHECK;

/* Bytes of records that the group being staged can still take (for the writing
 * thread while no flush runs). */
size_t journal_room(const struct journal *j);

/* Adds n entries of 1 .. JOURNAL_ENTRY_MAX bytes to the group, seqs counted on
 * from the last one staged.  Their places and the head after them (each may be
 * NULL) are final: they hold as soon as the group is flushed.  All or none.
 * ERR_INVALID: an empty entry; ERR_TOO_MUCH: one too long; ERR_BUSY: no room
 * in the group; and what journal_reserve() says when the group is empty. */
int journal_stage(struct journal *j, const struct iovec *entries, size_t n,
                  struct journal_place *places, struct journal_head *head_after,
                  struct error *e) MUST_CHECK;

/* Writes the group with one write and flushes it once.  Nothing staged: does
 * nothing.  -1: the journal is dead, the outcome unknown. */
int journal_flush(struct journal *j, struct error *e) MUST_CHECK;

/* Drops the group: nothing was written. */
void journal_unstage(struct journal *j);

/* journal_stage() and journal_flush() of a group of its own.  -1 with
 * journal_dead() false: nothing was written. */
int journal_append(struct journal *j, const struct iovec *entries, size_t n,
                   struct journal_place *places, struct journal_head *head_after,
                   struct error *e) MUST_CHECK;

/* Whether a write or flush failed. */
bool journal_dead(const struct journal *j);

/* ---- reading ----------------------------------------------------------------------- */

/* The last entry flushed; and the last one staged (the same outside a group).
 * For the writing thread while no flush runs; valid until the next call that
 * writes. */
const struct journal_head *journal_head(const struct journal *j);
const struct journal_head *journal_staged_head(const struct journal *j);

/* A copy of the last entry flushed, for any thread. */
struct journal_head journal_flushed(struct journal *j);

/* Reads the entry `seq` at its place, checksum and seq checked; *data lies in
 * the arena (ERR_TOO_MUCH beyond its budget).  Finds staged entries too, for
 * the writing thread only. */
int journal_read(struct journal *j, struct journal_place place, uint64_t seq, struct arena *arena,
                 const uint8_t **data, size_t *len, struct error *e) MUST_CHECK;

/* Hands every flushed entry from from_seq (>= 1) on to `each`, in order, up to
 * the head at the time of the call; checksums, seqs and groups are checked (the
 * chain is journal_verify()'s).  hash and data are each's only during its call.
 * each returns 0 to go on, 1 to stop (the walk returns 0), or -1 (it filled the
 * error; the walk returns -1). */
typedef int (*journal_each)(void *ctx, uint64_t seq, struct journal_place place,
                            const uint8_t *hash, const uint8_t *data, size_t len);
int journal_walk(struct journal *j, uint64_t from_seq, journal_each each, void *ctx,
                 struct error *e) MUST_CHECK;

struct journal_stat {
    uint64_t segments;
    uint64_t bytes;      /* of the segment files, allocated ahead included */
    uint64_t free_bytes; /* of the file system; 0 if it cannot be asked */
};
void journal_stat(struct journal *j, struct journal_stat *out);

/* ---- proof --------------------------------------------------------------------------- */

struct journal_verify_result {
    struct journal_head head;
    uint64_t segments, records, groups;
    uint64_t bytes;        /* of the segment files */
    uint64_t ignored;      /* files that are no segments */
    uint64_t torn_bytes;   /* a torn tail, by the rule of journal_open(); not an error */
    uint64_t torn_segment; /* where it begins */
    uint64_t torn_offset;
};

/* Checks everything in STORE/journal and changes nothing: names, headers, every
 * record's checksum, seq and group, the chain, zeros behind the last record of
 * each segment.  ERR_DOES_NOT_HOLD names what is wrong.
 *
 * The folds know better than the files whether the end is missing: the caller
 * compares result->head with their applied seq. */
int journal_verify(int store_dirfd, struct journal_verify_result *result,
                   struct error *e) MUST_CHECK;

/* The same up to the entry `upto` (>= 1), for a journal that is being written:
 * pass the flushed head.  What follows it is not looked at. */
int journal_verify_upto(int store_dirfd, uint64_t upto, struct journal_verify_result *result,
                        struct error *e) MUST_CHECK;

/* Either of them (upto 0: everything), and in the same reading the chain's hash at the entry
 * noted->seq, which is filled; one beyond result->head is not met and left as it was.  noted
 * may be NULL. */
int journal_verify_noted(int store_dirfd, uint64_t upto, struct journal_head *noted,
                         struct journal_verify_result *result, struct error *e) MUST_CHECK;

#endif
