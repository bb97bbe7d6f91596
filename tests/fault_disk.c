#include "tests/fault_disk.h"

#include "store/disk.h"
#include <errno.h>
#include <string.h>

struct fault_disk fault_disk;
static struct disk_calls real;

static bool fails(enum fault_disk_call which) {
    fault_disk.calls[which]++;
    if (fault_disk.countdown[which] == 0 || --fault_disk.countdown[which] > 0) {
        return false;
    }
    fault_disk.countdown[which] = fault_disk.go_on_failing ? 1 : 0;
    errno = fault_disk.error;
    return true;
}

static ssize_t fault_pwrite(int fd, const void *data, size_t len, off_t offset) {
    if (!fails(FAULT_PWRITE)) {
        return real.pwrite(fd, data, len, offset);
    }
    if (fault_disk.error != 0) {
        return -1;
    }
    return real.pwrite(fd, data, len / 2, offset);
}

static int fault_fdatasync(int fd) {
    return fails(FAULT_FDATASYNC) ? -1 : real.fdatasync(fd);
}

static int fault_fsync(int fd) {
    return fails(FAULT_FSYNC) ? -1 : real.fsync(fd);
}

static int fault_fallocate(int fd, int mode, off_t offset, off_t len) {
    return fails(FAULT_FALLOCATE) ? -1 : real.fallocate(fd, mode, offset, len);
}

static int fault_fstatvfs(int fd, struct statvfs *s) {
    int r = real.fstatvfs(fd, s);
    if (fault_disk.free_bytes != 0) {
        s->f_bavail = fault_disk.free_bytes / s->f_frsize;
    }
    return r;
}

void fault_disk_install(void) {
    real = disk_calls;
    disk_calls.pwrite = fault_pwrite;
    disk_calls.fdatasync = fault_fdatasync;
    disk_calls.fsync = fault_fsync;
    disk_calls.fallocate = fault_fallocate;
    disk_calls.fstatvfs = fault_fstatvfs;
}

void fault_disk_clear(void) {
    memset(fault_disk.countdown, 0, sizeof fault_disk.countdown);
    memset(fault_disk.calls, 0, sizeof fault_disk.calls);
    fault_disk.go_on_failing = false;
}
