/* What a test and the libraries nth_call.so and nth_memory.so share: a page of a
 * file, named by NTH_CONTROL, that both map.  The test says which call fails
 * and how, and sees whether it was made. */
#ifndef MADOGUCHI_TESTS_NTH_CONTROL_H
#define MADOGUCHI_TESTS_NTH_CONTROL_H

#include <stdatomic.h>

/* Functions of the same kind are counted together. */
#define NTH_CALLS(X) \
    X(write)         \
    X(pwrite)        \
    X(writev)        \
    X(send)          \
    X(fdatasync)     \
    X(fsync)         \
    X(fallocate)     \
    X(open)          \
    X(mmap)          \
    X(malloc)        \
    X(accept)        \
    X(epoll_wait)    \
    X(epoll_ctl)     \
    X(epoll_create)  \
    X(socket)        \
    X(connect)       \
    X(poll)          \
    X(read)          \
    X(pread)         \
    X(recv)          \
    X(fcntl)         \
    X(eventfd)       \
    X(pthread_create)

enum nth_call {
#define NTH_NAME(name) NTH_##name,
    NTH_CALLS(NTH_NAME)
#undef NTH_NAME
        NTH_COUNT
};

enum nth_how {
    NTH_FAIL,  /* with the error */
    NTH_SHORT, /* writes and reads but half */
    NTH_SLEEP, /* waits `error` ms first */
};

struct nth_control {
    _Atomic int armed; /* calls are counted */
    _Atomic int call;
    _Atomic int how;
    _Atomic int error;
    _Atomic int on;               /* all after it too */
    _Atomic long left;            /* calls until it fails: 1 is the next */
    _Atomic int failed;           /* it did */
    _Atomic long made[NTH_COUNT]; /* calls while armed */
};

#endif
