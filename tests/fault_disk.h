/* A disk that fails, fills up and counts: takes the place of the calls in
 * store/disk.h. */
#ifndef MADOGUCHI_TESTS_FAULT_DISK_H
#define MADOGUCHI_TESTS_FAULT_DISK_H

#include <stdbool.h>
#include <stdint.h>

enum fault_disk_call { FAULT_PWRITE, FAULT_FDATASYNC, FAULT_FSYNC, FAULT_FALLOCATE, FAULT_CALLS };

struct fault_disk {
    int countdown[FAULT_CALLS]; /* the n-th call from now fails; 0: none */
    int error;                  /* with this errno; 0: pwrite writes half */
    bool go_on_failing;
    int calls[FAULT_CALLS]; /* made since the last clear */
    uint64_t free_bytes;    /* what fstatvfs says; 0: the truth */
};
extern struct fault_disk fault_disk;

/* Puts the failing disk in place, once, before any thread is started. */
void fault_disk_install(void);

/* No more failures, counts at zero. */
void fault_disk_clear(void);

#endif
