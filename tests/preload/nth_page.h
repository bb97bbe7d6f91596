/* The libraries' side of nth_control.h. */
#ifndef MADOGUCHI_TESTS_NTH_PAGE_H
#define MADOGUCHI_TESTS_NTH_PAGE_H

#include "nth_control.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static struct nth_control *nth_page;

/* By system calls: the functions are wrapped by these libraries. */
__attribute__((constructor)) static void nth_open(void) {
    const char *name = getenv("NTH_CONTROL");
    long fd = name == NULL ? -1 : syscall(SYS_openat, AT_FDCWD, name, O_RDWR | O_CLOEXEC);
    if (fd >= 0) {
        long page =
            syscall(SYS_mmap, NULL, sizeof *nth_page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        nth_page = page == -1 ? NULL : (struct nth_control *)page;
        syscall(SYS_close, fd);
    }
}

/* Whether this call is the one, or one after it. */
static inline int nth_is_due(enum nth_call call) {
    struct nth_control *p = nth_page;
    if (p == NULL || !atomic_load(&p->armed)) {
        return 0;
    }
    atomic_fetch_add(&p->made[call], 1);
    if (atomic_load(&p->call) != (int)call) {
        return 0;
    }
    if (atomic_fetch_sub(&p->left, 1) != 1) {
        return atomic_load(&p->failed) && atomic_load(&p->on);
    }
    atomic_store(&p->failed, 1);
    return 1;
}

static inline void nth_wait(void) {
    long ms = atomic_load(&nth_page->error);
    struct timespec t = {ms / 1000, ms % 1000 * 1000000};
    while (nanosleep(&t, &t) != 0 && errno == EINTR) {
    }
}

/* Whether the call must fail, errno set; *len is halved for a short one. */
static inline int nth_fails(enum nth_call call, size_t *len) {
    if (!nth_is_due(call)) {
        return 0;
    }
    switch (atomic_load(&nth_page->how)) {
    case NTH_SLEEP:
        nth_wait();
        return 0;
    case NTH_SHORT:
        if (len != NULL && *len > 1) {
            *len /= 2;
        }
        return 0;
    default:
        errno = atomic_load(&nth_page->error);
        return 1;
    }
}

#endif
