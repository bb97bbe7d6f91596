/* Files as the journal uses them: whole writes, flushes, allocation.
 *
 * Every change of a file goes through disk_calls, so that a test can make a
 * disk fail, fill up or lose power at any call.  All functions return 0, or -1
 * with errno set; none retries a failed flush (what the kernel dropped stays
 * dropped, and a second flush would say that all is well). */
#ifndef MADOGUCHI_STORE_DISK_H
#define MADOGUCHI_STORE_DISK_H

#include "proto/error.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/statvfs.h>
#include <sys/types.h>

/* The system calls that change or flush a file or a directory, and the one that
 * says how full the disk is.  Replaced by tests only, before any thread is
 * started. */
struct disk_calls {
    ssize_t (*pwrite)(int fd, const void *data, size_t len, off_t offset);
    int (*fdatasync)(int fd);
    int (*fsync)(int fd);
    int (*fallocate)(int fd, int mode, off_t offset, off_t len);
    int (*fstatvfs)(int fd, struct statvfs *out);
    int (*create)(int dirfd, const char *name, int flags); /* openat(), O_CREAT, 0600 */
    int (*renameat)(int from_dirfd, const char *from, int to_dirfd, const char *to);
    int (*unlinkat)(int dirfd, const char *name, int flags);
    int (*mkdirat)(int dirfd, const char *name, mode_t mode);
};
extern struct disk_calls disk_calls;

/* Writes all of data at offset with a single call; a short write is EIO. */
int disk_write_once(int fd, const void *data, size_t len, uint64_t offset) MUST_CHECK;

/* Writes all of data at offset, in as many calls as it takes. */
int disk_write(int fd, const void *data, size_t len, uint64_t offset) MUST_CHECK;

/* Writes zeros over the bytes from `from` up to `to`. */
int disk_zero(int fd, uint64_t from, uint64_t to) MUST_CHECK;

/* Reads up to len bytes at offset; *got is less only at the end of the file. */
int disk_read(int fd, void *data, size_t len, uint64_t offset, size_t *got) MUST_CHECK;

/* Makes the file `bytes` long with its space allocated, so that writing into
 * it cannot meet a full disk (file systems that copy on write excepted).
 * *zeroed is true when the zeros were written for want of another way. */
int disk_allocate(int fd, uint64_t bytes, bool *zeroed) MUST_CHECK;

/* Bytes that an unprivileged process may still write to fd's file system. */
int disk_free_bytes(int fd, uint64_t *bytes) MUST_CHECK;
/* The same, and with them all that is written: what such a process calls the
 * size of the disk. */
int disk_space(int fd, uint64_t *free_bytes, uint64_t *all_bytes) MUST_CHECK;

/* Flushes: data and what is needed to find it; or everything (also the entries
 * of a directory). */
int disk_sync_data(int fd) MUST_CHECK;
int disk_sync(int fd) MUST_CHECK;

/* From now on *since says, for other threads, when the flush began that the
 * calling thread is in: ms of CLOCK_MONOTONIC, 0 outside a flush.  It must
 * outlive the thread's flushes; NULL ends it. */
void disk_watch(_Atomic int64_t *since);

/* ---- directory entries: they last once their directory is flushed ----------------- */

/* openat() with O_CREAT and O_CLOEXEC added, mode 0600.  Returns the descriptor
 * or -1. */
int disk_create(int dirfd, const char *name, int flags) MUST_CHECK;
int disk_rename(int from_dirfd, const char *from, int to_dirfd, const char *to) MUST_CHECK;
/* Removes a file; that it is not there is no error. */
int disk_remove(int dirfd, const char *name) MUST_CHECK;
int disk_make_dir(int dirfd, const char *name) MUST_CHECK; /* mode 0700 */

#endif
