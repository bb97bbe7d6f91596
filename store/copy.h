/* What backup, restore, moving and repairing share: copying segments record by
 * record, each checked, and making a store beside its place.
 *
 * Paths are only for the sentences of errors; files are reached through the
 * descriptors of their directories. */
#ifndef MADOGUCHI_STORE_COPY_H
#define MADOGUCHI_STORE_COPY_H

#include "store/internal.h"
#include "store/manifest.h"

#include <sodium.h>

#define COPY_TEMPORARY "segment.part" /* of a file not yet whole */

/* ERR_FULL or ERR_INTERNAL with errno's words; when the account may not write
 * there, who that is and what to do. */
int copy_error(const char *path, const char *name, struct error *e);
int copy_no_memory(struct error *e);
int copy_sodium(struct error *e) MUST_CHECK;

/* "2024-04-15T03:00:00Z" of a time in ms. */
#define COPY_TIME 32
void copy_time(uint64_t ms, char out[COPY_TIME]);

/* Lines of a report; `line` may be NULL. */
struct copy_report {
    store_line_fn line;
    void *ctx;
};
void copy_say(const struct copy_report *r, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void copy_say_number(const struct copy_report *r, const char *name, uint64_t n);

/* ---- writing a segment --------------------------------------------------------------- */

struct copy_writer {
    int fd;
    const char *path, *name; /* for errors */
    uint8_t *buffer;
    size_t used;
    uint64_t bytes; /* written and waiting */
    crypto_generichash_state state;
};

/* Begins at the start of fd, which stays the caller's. */
int copy_writer_init(struct copy_writer *w, int fd, const char *path, const char *name,
                     struct error *e) MUST_CHECK;
int copy_write(struct copy_writer *w, const void *data, size_t len, struct error *e) MUST_CHECK;
/* Writes what waits, flushes; *hash (may be NULL) is that of all bytes. */
int copy_writer_end(struct copy_writer *w, uint8_t hash[SEGMENT_HASH_BYTES],
                    struct error *e) MUST_CHECK;
void copy_writer_free(struct copy_writer *w);

/* ---- reading one ------------------------------------------------------------------------ */

/* Told of each record that was checked with its chain; -1 ends the reading. */
typedef int (*copy_record_fn)(void *ctx, const struct segment_record *record, struct error *e);

/* Reads a segment (its file called `name`, named for `first`) up to the record
 * `upto`, checking everything.  *head is what must stand before it, and then
 * the last record.  `header` (64 bytes, may be NULL) takes its first bytes.
 * ERR_DOES_NOT_HOLD names file and record. */
int copy_read(int fd, uint64_t size, const char *path, const char *name, uint64_t first,
              uint64_t upto, struct journal_head *head, uint8_t *header, copy_record_fn each,
              void *ctx, struct error *e) MUST_CHECK;

/* Copies a segment so read.  *hash is that of the bytes written. */
int copy_segment(int fd, uint64_t size, const char *path, const char *name, uint64_t first,
                 uint64_t upto, struct journal_head *head, struct copy_writer *out,
                 bool (*stopped)(void *ctx), void *ctx, struct error *e) MUST_CHECK;

/* ---- a backup's files --------------------------------------------------------------------- */

/* Opens a file of a backup and checks its size and hash.  Returns the
 * descriptor or -1. */
int copy_open_file(int dirfd, const char *path, const struct manifest_file *file,
                   struct error *e) MUST_CHECK;

/* Hands on the records from .. to of a backup, its files checked whole. */
int copy_walk(int dirfd, const char *path, const struct manifest *m, uint64_t from, uint64_t to,
              copy_record_fn each, void *ctx, struct error *e) MUST_CHECK;

/* ---- a store beside its place (beside.c) ----------------------------------------------------- */

struct beside {
    char path[4096]; /* of what is being made */
    const char *place;
    int dirfd;
};

/* Makes the directory; ERR_STATE when something stands at `place` already. */
int beside_begin(struct beside *b, const char *place, struct error *e) MUST_CHECK;

/* Folds the journal that was put in it, closes it cleanly and puts it in its
 * place.  Fails where its last entry is not `head`, or where `store` (16 bytes,
 * may be NULL) is not its id. */
int beside_finish(struct beside *b, const struct store_options *options,
                  const struct journal_head *head, const uint8_t *store,
                  struct error *e) MUST_CHECK;

/* Removes what was made. */
void beside_abandon(struct beside *b);

/* Removes all files of a directory, and the directory. */
void beside_remove(int dirfd, const char *name);

#endif
