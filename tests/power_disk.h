/* A disk that remembers every change, so that a test can take the power away at
 * any moment and see what a disk may hold then; and that fails when told to.
 *
 * What a flush returned for is there.  Of what came later anything may be: all,
 * nothing, a prefix, any subset, each write torn at 512 bytes, each directory
 * entry as it was at any moment since its directory was flushed.  A flush that
 * fails loses some of what it should have taken, and no later flush brings it
 * back, although reading still shows it.
 *
 * LMDB's folder is not recorded.  It holds what it held at the clean stop while
 * the mark of one can be read and its directory was flushed; otherwise it is
 * lost, old, new or rubbish. */
#ifndef MADOGUCHI_TESTS_POWER_DISK_H
#define MADOGUCHI_TESTS_POWER_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct power_log; /* what a disk held once, and every change since */

/* Takes the place of the calls in store/disk.h, once. */
void power_disk_install(void);

/* Takes what lies under `root` for durable and remembers each change under it,
 * until the next power_disk_begin() or power_disk_end(). */
struct power_log *power_disk_begin(const char *root);
void power_disk_end(void);
/* Goes on remembering; nothing under the root was changed meanwhile. */
void power_disk_resume(struct power_log *log);
void power_log_free(struct power_log *log);

/* Changes remembered; a cut is a number from 0 to this. */
size_t power_log_changes(const struct power_log *log);

enum power_loss {
    POWER_OFF,     /* the machine starts again: LMDB's folder is not safe */
    POWER_EVICTED, /* it ran on, but reads the disk anew: the folder stays */
};

/* Builds in `to`, a new folder, what the disk may hold after the first `cut`
 * changes.  *random is a seed, moved on. */
void power_log_image(const struct power_log *log, size_t cut, enum power_loss loss,
                     uint64_t *random, const char *to);

/* A number below n. */
size_t power_random(uint64_t *random, size_t n);

/* ---- failures ------------------------------------------------------------------- */

enum power_call {
    POWER_PWRITE = 1,
    POWER_FDATASYNC = 2,
    POWER_FSYNC = 4,
    POWER_FALLOCATE = 8,
    POWER_CREATE = 16,
    POWER_RENAME = 32,
    POWER_UNLINK = 64,
    POWER_MKDIR = 128,
    POWER_FSTATVFS = 256,
};

struct power_fault {
    unsigned calls; /* which of enum power_call count */
    size_t nth;     /* the n-th fails; 0: none */
    int error;      /* with this errno; 0: a short write (other calls do not fail) */
    bool on;        /* and all after it */
    bool reported;  /* out: one has failed */
    uint64_t random;
};
extern struct power_fault power_fault;

#endif
