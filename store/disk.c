#include "store/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define DISK_ZEROS (256u << 10)

static int create(int dirfd, const char *name, int flags) {
    return openat(dirfd, name, flags | O_CREAT | O_CLOEXEC, 0600);
}

struct disk_calls disk_calls = {
    .pwrite = pwrite,
    .fdatasync = fdatasync,
    .fsync = fsync,
    .fallocate = fallocate,
    .fstatvfs = fstatvfs,
    .create = create,
    .renameat = renameat,
    .unlinkat = unlinkat,
    .mkdirat = mkdirat,
};

int disk_write_once(int fd, const void *data, size_t len, uint64_t offset) {
    ssize_t n = disk_calls.pwrite(fd, data, len, (off_t)offset);
    if (n < 0) {
        return -1;
    }
    if ((size_t)n != len) {
        errno = EIO;
        return -1;
    }
    return 0;
}

int disk_write(int fd, const void *data, size_t len, uint64_t offset) {
    const uint8_t *p = data;
    while (len > 0) {
        ssize_t n = disk_calls.pwrite(fd, p, len, (off_t)offset);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            if (n == 0) {
                errno = EIO;
            }
            return -1;
        }
        p += n;
        len -= (size_t)n;
        offset += (uint64_t)n;
    }
    return 0;
}

int disk_zero(int fd, uint64_t from, uint64_t to) {
    static const uint8_t zeros[DISK_ZEROS];
    while (from < to) {
        size_t n = to - from < DISK_ZEROS ? (size_t)(to - from) : DISK_ZEROS;
        if (disk_write(fd, zeros, n, from) != 0) {
            return -1;
        }
        from += n;
    }
    return 0;
}

int disk_read(int fd, void *data, size_t len, uint64_t offset, size_t *got) {
    uint8_t *p = data;
    *got = 0;
    while (*got < len) {
        ssize_t n = pread(fd, p + *got, len - *got, (off_t)(offset + *got));
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return -1;
        }
        if (n == 0) {
            break;
        }
        *got += (size_t)n;
    }
    return 0;
}

int disk_allocate(int fd, uint64_t bytes, bool *zeroed) {
    *zeroed = false;
    int r;
    do {
        r = disk_calls.fallocate(fd, 0, 0, (off_t)bytes);
    } while (r != 0 && errno == EINTR);
    if (r == 0) {
        return 0;
    }
    if (errno != EOPNOTSUPP && errno != ENOSYS) {
        return -1;
    }
    *zeroed = true;
    return disk_zero(fd, 0, bytes);
}

static uint64_t bytes_of_units(uint64_t n, uint64_t unit) {
    uint64_t bytes;
    return __builtin_mul_overflow(n, unit, &bytes) ? UINT64_MAX : bytes;
}

int disk_space(int fd, uint64_t *free_bytes, uint64_t *all_bytes) {
    struct statvfs s;
    if (disk_calls.fstatvfs(fd, &s) != 0) {
        return -1;
    }
    uint64_t unit = s.f_frsize != 0 ? s.f_frsize : s.f_bsize;
    uint64_t used = s.f_blocks > s.f_bfree ? s.f_blocks - s.f_bfree : 0;
    *free_bytes = bytes_of_units(s.f_bavail, unit);
    *all_bytes = bytes_of_units(used + s.f_bavail, unit);
    return 0;
}

int disk_free_bytes(int fd, uint64_t *bytes) {
    uint64_t all;
    return disk_space(fd, bytes, &all);
}

static _Thread_local _Atomic int64_t *watched;

void disk_watch(_Atomic int64_t *since) {
    watched = since;
    if (since != NULL) {
        atomic_store(since, 0);
    }
}

static int watch(int (*flush)(int), int fd) {
    if (watched == NULL) {
        return flush(fd);
    }
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    atomic_store(watched, (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000);
    int r = flush(fd);
    int saved = errno;
    atomic_store(watched, 0);
    errno = saved;
    return r;
}

int disk_sync_data(int fd) {
    return watch(disk_calls.fdatasync, fd);
}

int disk_sync(int fd) {
    return watch(disk_calls.fsync, fd);
}

int disk_create(int dirfd, const char *name, int flags) {
    return disk_calls.create(dirfd, name, flags);
}

int disk_rename(int from_dirfd, const char *from, int to_dirfd, const char *to) {
    return disk_calls.renameat(from_dirfd, from, to_dirfd, to);
}

int disk_remove(int dirfd, const char *name) {
    return disk_calls.unlinkat(dirfd, name, 0) == 0 || errno == ENOENT ? 0 : -1;
}

int disk_make_dir(int dirfd, const char *name) {
    return disk_calls.mkdirat(dirfd, name, 0700);
}
