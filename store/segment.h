/* One segment file of the journal: a header and a run of records.
 *
 * All numbers on disk are little-endian.  The header has 64 bytes:
 *
 *      0   8  "MDGSEG1\n"
 *      8   4  format of the records: 1
 *     12   4  CRC-32C of the other 60 bytes of the header
 *     16   8  seq of the first record; the file is named by it
 *     24   8  seq of the first record of the segment before; 0 in the first
 *     32  32  chain hash before the first record; zeros in the first
 *
 * These 64 bytes keep their meaning in every later format, so that an older
 * program can say that a file is newer and not that it is damaged.
 *
 * A record begins at a multiple of 8:
 *
 *      0   4  length of the entry, 1 .. 1048576
 *      4   4  CRC-32C of all the record's other bytes, its padding included
 *      8   8  seq: one more than the record before
 *     16   8  seq of the first record of its group (one append, one flush)
 *     24  32  chain hash
 *     56   n  the entry
 *      .   p  zeros up to the next multiple of 8
 *
 *     chain hash = BLAKE2b-256(chain hash before || seq, big-endian || entry)
 *
 * BLAKE2b is unkeyed with a digest of 32 bytes.  The hash before seq 1 is 32
 * zero bytes.  A group never spans two segments.  Zeros follow the last record
 * up to the end of the file.
 *
 * This module reads and writes these bytes; which segments there are is
 * store/journal_dir.h.  Errors of reading are ERR_INTERNAL (the disk) or
 * ERR_DOES_NOT_HOLD (the bytes). */
#ifndef MADOGUCHI_STORE_SEGMENT_H
#define MADOGUCHI_STORE_SEGMENT_H

#include "proto/error.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SEGMENT_FORMAT        1u
#define SEGMENT_HASH_BYTES    32
#define SEGMENT_HEADER_BYTES  64u
#define SEGMENT_RECORD_HEADER 56u
#define SEGMENT_ENTRY_MAX     (1u << 20)
#define SEGMENT_RECORD_MAX    (SEGMENT_RECORD_HEADER + SEGMENT_ENTRY_MAX)
#define SEGMENT_NAME_BYTES    25 /* 20 digits, ".seg", NUL */

/* A position in the journal: the last record's seq and chain hash; all zero
 * before the first. */
struct journal_head {
    uint64_t seq;
    uint8_t hash[SEGMENT_HASH_BYTES];
};

struct segment_header {
    uint32_t format;
    uint64_t first;             /* seq of the first record */
    uint64_t previous;          /* first seq of the segment before, or 0 */
    struct journal_head before; /* seq first - 1 and its hash */
};

/* What is wrong with the bytes where a record should be. */
enum segment_problem {
    SEGMENT_SOUND = 0,
    SEGMENT_NO_RECORD, /* its length is zero: the end, if only zeros follow */
    SEGMENT_LENGTH,
    SEGMENT_CHECKSUM,
    SEGMENT_SEQ,
    SEGMENT_GROUP,
    SEGMENT_CHAIN,
    SEGMENT_PADDING,
};

/* The problem in words, Japanese if `ja`. */
const char *segment_problem_text(enum segment_problem problem, bool ja);

struct segment_record {
    uint64_t seq;
    uint64_t group;
    uint32_t offset; /* in the file */
    uint32_t bytes;  /* of the whole record */
    uint32_t len;    /* of the entry */
    const uint8_t *data;
    const uint8_t *hash;
};

/* "00000000000000000001.seg" */
void segment_name(uint64_t first, char out[SEGMENT_NAME_BYTES]);

/* The seq in a file's name, or 0 when it is no segment's name. */
uint64_t segment_name_seq(const char *name);

void segment_encode_header(uint8_t out[SEGMENT_HEADER_BYTES], const struct segment_header *h);

/* ERR_STATE: a newer format.  ERR_DOES_NOT_HOLD: not a segment, damaged, or
 * not the one that `name` says.  `name` is the file's. */
int segment_decode_header(const uint8_t in[SEGMENT_HEADER_BYTES], const char *name,
                          struct segment_header *out, struct error *e) MUST_CHECK;

/* Bytes of a record that holds an entry of len bytes (1 .. SEGMENT_ENTRY_MAX). */
size_t segment_record_bytes(size_t len);

/* Writes the record of an entry to `out`, segment_record_bytes(len) long, and
 * moves *head on to it. */
void segment_encode(uint8_t *out, struct journal_head *head, uint64_t group, const void *data,
                    size_t len);

/* Checks length, checksum and padding of the record at `in`, of which `have`
 * bytes may be read; fills *out (with pointers into `in`) when it is sound. */
enum segment_problem segment_decode(const uint8_t *in, size_t have, struct segment_record *out);

/* Bytes of the record that begins at `in` (4 bytes), by its unchecked length;
 * 0 when that is impossible. */
size_t segment_peek_bytes(const uint8_t *in);

/* ---- reading a file from front to back -------------------------------------- */

struct segment_reader {
    int fd;
    uint64_t size;            /* of the file, or where to stop */
    uint32_t offset;          /* of the next record */
    struct journal_head head; /* before the next record; hash only with `chain` */
    uint64_t group;           /* of the record before, or 0: the next begins one */
    bool chain;               /* check the chain hash */
    uint8_t *buffer;
    size_t capacity, start, have;
};

/* Reads from `offset` with `head` before it.  The reader does not own fd. */
void segment_reader_init(struct segment_reader *r, int fd, uint64_t size, uint32_t offset,
                         const struct journal_head *head, bool chain);
void segment_reader_free(struct segment_reader *r);

/* The next record.  0: *problem is SEGMENT_SOUND and *out holds until the next
 * call; or the problem with the bytes at r->offset, where the reader stays.
 * -1: ERR_INTERNAL, the disk or memory. */
int segment_reader_next(struct segment_reader *r, const char *name, struct segment_record *out,
                        enum segment_problem *problem, struct error *e) MUST_CHECK;

/* ---- the whole of a segment, checked ------------------------------------------ */

struct segment_scan {
    /* In: where to begin, what stands before, and where to stop (0: nowhere). */
    uint32_t offset;
    struct journal_head head;
    uint64_t upto;
    /* In and out: an entry, whose hash is filled when it is met; or NULL. */
    struct journal_head *noted;
    /* Out: the end of the whole and sound records and the head there. */
    uint32_t last; /* offset of the last sound record, or 0 */
    uint64_t records, groups;
    /* What follows the sound records: the problem of the first bad one, and the
     * end of the bytes that are not zero (== offset when all are). */
    enum segment_problem problem;
    uint64_t tail_end;
    /* A whole record of a later group lies in it. */
    bool later;
    uint64_t later_seq, later_offset;
};

/* Reads records with their chain from s->offset as far as they are sound (or
 * up to s->upto, in which case the tail is not looked at), then the tail.
 * -1: ERR_INTERNAL. */
int segment_scan(int fd, uint64_t size, const char *name, struct segment_scan *s,
                 struct error *e) MUST_CHECK;

/* ---- errors --------------------------------------------------------------------- */

enum segment_act {
    SEGMENT_OPEN,
    SEGMENT_READ,
    SEGMENT_WRITE,
    SEGMENT_FLUSH,
    SEGMENT_ALLOCATE,
    SEGMENT_RENAME,
};

/* ERR_INTERNAL with errno's words (ERR_FULL for a full disk or quota). */
int segment_io_error(struct error *e, enum segment_act act, const char *name);

/* ERR_DOES_NOT_HOLD: names segment, record and place, what is wrong, and how to
 * restore. */
int segment_damage(struct error *e, const char *name, uint64_t seq, uint64_t offset,
                   enum segment_problem problem);

#endif
