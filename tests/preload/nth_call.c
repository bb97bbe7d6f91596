/* The n-th call of a function fails, by LD_PRELOAD: nth_control.h says which and
 * how.  Calls are made as the C library makes them, under all the names that
 * its headers give them. */
#include "nth_page.h"

#include <dlfcn.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>

/* The real one, found once. */
#define REAL(type, name, ...)                      \
    static type (*real)(__VA_ARGS__);              \
    if (real == NULL) {                            \
        *(void **)&real = dlsym(RTLD_NEXT, #name); \
    }
#define ALSO(name) __attribute__((alias(#name)))

/* The counter of an eventfd and a byte in a socketpair are memory of the kernel:
 * reading and writing them cannot fail as files do, and is not counted. */
static int is_file(int fd) {
    char link[64];
    char what[8] = "";
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    return readlink(link, what, sizeof what - 1) > 0 && what[0] == '/';
}

/* ---- writing ------------------------------------------------------------------------------ */

ssize_t write(int fd, const void *data, size_t len) {
    REAL(ssize_t, write, int, const void *, size_t)
    return is_file(fd) && nth_fails(NTH_write, &len) ? -1 : real(fd, data, len);
}

ssize_t pwrite(int fd, const void *data, size_t len, off_t at) {
    REAL(ssize_t, pwrite, int, const void *, size_t, off_t)
    return nth_fails(NTH_pwrite, &len) ? -1 : real(fd, data, len, at);
}
ssize_t pwrite64(int fd, const void *data, size_t len, off_t at) ALSO(pwrite);

ssize_t pwritev(int fd, const struct iovec *iov, int n, off_t at) {
    REAL(ssize_t, pwritev, int, const struct iovec *, int, off_t)
    size_t parts = (size_t)n;
    return nth_fails(NTH_pwrite, &parts) ? -1 : real(fd, iov, (int)parts, at);
}
ssize_t pwritev64(int fd, const struct iovec *iov, int n, off_t at) ALSO(pwritev);

/* A short one of a single piece is half of that piece. */
ssize_t writev(int fd, const struct iovec *iov, int n) {
    REAL(ssize_t, writev, int, const struct iovec *, int)
    size_t parts = (size_t)n;
    size_t len = n == 1 ? iov->iov_len : 0;
    if (nth_fails(NTH_writev, n == 1 ? &len : &parts)) {
        return -1;
    }
    if (n == 1) {
        struct iovec one = {iov->iov_base, len};
        return real(fd, &one, 1);
    }
    return real(fd, iov, (int)parts);
}

ssize_t send(int fd, const void *data, size_t len, int flags) {
    REAL(ssize_t, send, int, const void *, size_t, int)
    return nth_fails(NTH_send, &len) ? -1 : real(fd, data, len, flags);
}

int fdatasync(int fd) {
    REAL(int, fdatasync, int)
    return nth_fails(NTH_fdatasync, NULL) ? -1 : real(fd);
}

int fsync(int fd) {
    REAL(int, fsync, int)
    return nth_fails(NTH_fsync, NULL) ? -1 : real(fd);
}

int fallocate(int fd, int mode, off_t at, off_t len) {
    REAL(int, fallocate, int, int, off_t, off_t)
    return nth_fails(NTH_fallocate, NULL) ? -1 : real(fd, mode, at, len);
}
int fallocate64(int fd, int mode, off_t at, off_t len) ALSO(fallocate);

/* ---- opening ------------------------------------------------------------------------------ */

static mode_t mode_of(int flags, va_list ap) {
    return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(ap, mode_t) : 0;
}

int open(const char *path, int flags, ...) {
    REAL(int, open, const char *, int, ...)
    va_list ap;
    va_start(ap, flags);
    mode_t mode = mode_of(flags, ap);
    va_end(ap);
    return nth_fails(NTH_open, NULL) ? -1 : real(path, flags, mode);
}
int open64(const char *path, int flags, ...) ALSO(open);

int openat(int dirfd, const char *path, int flags, ...) {
    REAL(int, openat, int, const char *, int, ...)
    va_list ap;
    va_start(ap, flags);
    mode_t mode = mode_of(flags, ap);
    va_end(ap);
    return nth_fails(NTH_open, NULL) ? -1 : real(dirfd, path, flags, mode);
}
int openat64(int dirfd, const char *path, int flags, ...) ALSO(openat);

int __open_2(const char *path, int flags);
int __open_2(const char *path, int flags) {
    return open(path, flags);
}
int __openat_2(int dirfd, const char *path, int flags);
int __openat_2(int dirfd, const char *path, int flags) {
    return openat(dirfd, path, flags);
}

void *mmap(void *at, size_t len, int protection, int flags, int fd, off_t offset) {
    REAL(void *, mmap, void *, size_t, int, int, int, off_t)
    return nth_fails(NTH_mmap, NULL) ? MAP_FAILED : real(at, len, protection, flags, fd, offset);
}
void *mmap64(void *at, size_t len, int protection, int flags, int fd, off_t offset) ALSO(mmap);

/* ---- sockets and the loop ----------------------------------------------------------------- */

int accept4(int fd, struct sockaddr *address, socklen_t *len, int flags) {
    REAL(int, accept4, int, struct sockaddr *, socklen_t *, int)
    return nth_fails(NTH_accept, NULL) ? -1 : real(fd, address, len, flags);
}

int accept(int fd, struct sockaddr *address, socklen_t *len) {
    return accept4(fd, address, len, 0);
}

int epoll_wait(int fd, struct epoll_event *events, int n, int timeout) {
    REAL(int, epoll_wait, int, struct epoll_event *, int, int)
    return nth_fails(NTH_epoll_wait, NULL) ? -1 : real(fd, events, n, timeout);
}

int epoll_ctl(int fd, int op, int of, struct epoll_event *event) {
    REAL(int, epoll_ctl, int, int, int, struct epoll_event *)
    return nth_fails(NTH_epoll_ctl, NULL) ? -1 : real(fd, op, of, event);
}

int epoll_create1(int flags) {
    REAL(int, epoll_create1, int)
    return nth_fails(NTH_epoll_create, NULL) ? -1 : real(flags);
}

int epoll_create(int size) {
    (void)size;
    return epoll_create1(0);
}

int socket(int domain, int type, int protocol) {
    REAL(int, socket, int, int, int)
    return nth_fails(NTH_socket, NULL) ? -1 : real(domain, type, protocol);
}

int socketpair(int domain, int type, int protocol, int pair[2]) {
    REAL(int, socketpair, int, int, int, int *)
    return nth_fails(NTH_socket, NULL) ? -1 : real(domain, type, protocol, pair);
}

int connect(int fd, const struct sockaddr *address, socklen_t len) {
    REAL(int, connect, int, const struct sockaddr *, socklen_t)
    return nth_fails(NTH_connect, NULL) ? -1 : real(fd, address, len);
}

int poll(struct pollfd *fds, nfds_t n, int timeout) {
    REAL(int, poll, struct pollfd *, nfds_t, int)
    return nth_fails(NTH_poll, NULL) ? -1 : real(fds, n, timeout);
}
int __poll_chk(struct pollfd *fds, nfds_t n, int timeout, size_t room);
int __poll_chk(struct pollfd *fds, nfds_t n, int timeout, size_t room) {
    (void)room;
    return poll(fds, n, timeout);
}

int eventfd(unsigned value, int flags);
int eventfd(unsigned value, int flags) {
    REAL(int, eventfd, unsigned, int)
    return nth_fails(NTH_eventfd, NULL) ? -1 : real(value, flags);
}

/* Every argument of fcntl() fits a pointer. */
int fcntl(int fd, int command, ...) {
    REAL(int, fcntl, int, int, ...)
    va_list ap;
    va_start(ap, command);
    void *argument = va_arg(ap, void *);
    va_end(ap);
    return nth_fails(NTH_fcntl, NULL) ? -1 : real(fd, command, argument);
}
int fcntl64(int fd, int command, ...) ALSO(fcntl);

/* ---- reading ------------------------------------------------------------------------------ */

ssize_t read(int fd, void *data, size_t len) {
    REAL(ssize_t, read, int, void *, size_t)
    return is_file(fd) && nth_fails(NTH_read, &len) ? -1 : real(fd, data, len);
}
ssize_t __read_chk(int fd, void *data, size_t len, size_t room);
ssize_t __read_chk(int fd, void *data, size_t len, size_t room) {
    (void)room;
    return read(fd, data, len);
}

ssize_t pread(int fd, void *data, size_t len, off_t at) {
    REAL(ssize_t, pread, int, void *, size_t, off_t)
    return nth_fails(NTH_pread, &len) ? -1 : real(fd, data, len, at);
}
ssize_t pread64(int fd, void *data, size_t len, off_t at) ALSO(pread);
ssize_t __pread_chk(int fd, void *data, size_t len, off_t at, size_t room);
ssize_t __pread_chk(int fd, void *data, size_t len, off_t at, size_t room) {
    (void)room;
    return pread(fd, data, len, at);
}
ssize_t __pread64_chk(int fd, void *data, size_t len, off_t at, size_t room) ALSO(__pread_chk);

ssize_t recv(int fd, void *data, size_t len, int flags) {
    REAL(ssize_t, recv, int, void *, size_t, int)
    return nth_fails(NTH_recv, &len) ? -1 : real(fd, data, len, flags);
}
ssize_t __recv_chk(int fd, void *data, size_t len, size_t room, int flags);
ssize_t __recv_chk(int fd, void *data, size_t len, size_t room, int flags) {
    (void)room;
    return recv(fd, data, len, flags);
}

/* ---- threads ------------------------------------------------------------------------------ */

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                   void *argument) {
    REAL(int, pthread_create, pthread_t *, const pthread_attr_t *, void *(*)(void *), void *)
    return nth_fails(NTH_pthread_create, NULL) ? errno : real(thread, attributes, run, argument);
}
