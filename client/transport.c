#include "client/transport.h"

#include "proto/frame.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define OUT_SIZE (TRANSPORT_BATCH + FRAME_HEADER + FRAME_MAX)
#define IN_SIZE  (4 * (FRAME_HEADER + FRAME_MAX))

int transport_init(struct transport *t) {
    *t = (struct transport){.fd = -1, .out = malloc(OUT_SIZE), .in = malloc(IN_SIZE)};
    return t->out != NULL && t->in != NULL ? 0 : -1;
}

void transport_free(struct transport *t) {
    transport_close(t);
    free(t->out);
    free(t->in);
}

void transport_close(struct transport *t) {
    if (t->fd >= 0) {
        close(t->fd);
    }
    t->fd = -1;
    t->out_from = t->out_to = t->in_from = t->in_to = 0;
}

bool transport_is_open(const struct transport *t) {
    return t->fd >= 0;
}

/* 1 when something of `events` is possible, 0 after the patience, -1 on error. */
static int wait_for(int fd, short events, unsigned patience_ms) {
    struct pollfd p = {.fd = fd, .events = events};
    int n;
    do {
        n = poll(&p, 1, (int)patience_ms);
    } while (n < 0 && errno == EINTR);
    return n <= 0 ? n : p.revents;
}

/* Waits for a connect() that is under way. */
static int finish_connect(int fd, unsigned patience_ms) {
    int ready = wait_for(fd, POLLOUT, patience_ms);
    if (ready == 0) {
        errno = ETIMEDOUT;
    }
    if (ready <= 0) {
        return -1;
    }
    int failed = 0;
    socklen_t len = sizeof failed;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &failed, &len) < 0) {
        return -1;
    }
    errno = failed;
    return failed == 0 ? 0 : -1;
}

/* A local socket whose backlog is full answers EAGAIN at once: wait a little. */
static int connect_local(int fd, const struct sockaddr_un *address, unsigned patience_ms) {
    const unsigned step_ms = 20;
    for (unsigned waited = 0;; waited += step_ms) {
        if (connect(fd, (const struct sockaddr *)address, sizeof *address) == 0) {
            return 0;
        }
        if (errno == EINPROGRESS) {
            return finish_connect(fd, patience_ms);
        }
        if (errno != EAGAIN || waited >= patience_ms) {
            return -1;
        }
        poll(NULL, 0, (int)step_ms);
    }
}

enum transport_result transport_open(struct transport *t, const char *address, unsigned patience_ms,
                                     char *why, size_t why_size) {
    struct sockaddr_un local = {.sun_family = AF_UNIX};
    if (strncmp(address, "unix:", 5) != 0 || address[5] == '\0' ||
        strlen(address + 5) >= sizeof local.sun_path) {
        return TRANSPORT_BAD_ADDRESS;
    }
    memcpy(local.sun_path, address + 5, strlen(address + 5) + 1);
    transport_close(t);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || connect_local(fd, &local, patience_ms) < 0) {
        snprintf(why, why_size, "%s", strerror(errno));
        if (fd >= 0) {
            close(fd);
        }
        return TRANSPORT_FAILED;
    }
    t->fd = fd;
    return TRANSPORT_OPEN;
}

/* ---- writing ----------------------------------------------------------------------- */

size_t transport_pending(const struct transport *t) {
    return t->out_to - t->out_from;
}

uint8_t *transport_room(struct transport *t, size_t n) {
    if (t->out_from > 0 && OUT_SIZE - t->out_to < n) {
        memmove(t->out, t->out + t->out_from, transport_pending(t));
        t->out_to -= t->out_from;
        t->out_from = 0;
    }
    return OUT_SIZE - t->out_to >= n ? t->out + t->out_to : NULL;
}

void transport_filled(struct transport *t, size_t n) {
    t->out_to += n;
}

/* Writes what the socket takes now. */
static int write_some(struct transport *t) {
    while (transport_pending(t) > 0) {
        ssize_t n = send(t->fd, t->out + t->out_from, transport_pending(t), MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -1;
        }
        t->out_from += (size_t)n;
    }
    t->out_from = t->out_to = 0;
    return 0;
}

int transport_flush(struct transport *t, unsigned patience_ms) {
    while (t->fd >= 0 && transport_pending(t) > 0) {
        if (write_some(t) < 0) {
            return -1;
        }
        if (transport_pending(t) > 0 && wait_for(t->fd, POLLOUT, patience_ms) <= 0) {
            return -1;
        }
    }
    return t->fd >= 0 ? 0 : -1;
}

/* ---- reading ----------------------------------------------------------------------- */

/* Reads what is there.  -1: the other side closed, or an error. */
static int read_some(struct transport *t) {
    if (t->in_from > 0) {
        memmove(t->in, t->in + t->in_from, t->in_to - t->in_from);
        t->in_to -= t->in_from;
        t->in_from = 0;
    }
    if (t->in_to == IN_SIZE) {
        return 0;
    }
    ssize_t n;
    do {
        n = recv(t->fd, t->in + t->in_to, IN_SIZE - t->in_to, 0);
    } while (n < 0 && errno == EINTR);
    if (n < 0) {
        return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -1;
    }
    t->in_to += (size_t)n;
    return n > 0 ? 0 : -1;
}

int transport_frame_ready(struct transport *t, const uint8_t **data, size_t *len) {
    switch (frame_peek(t->in + t->in_from, t->in_to - t->in_from, len)) {
    case FRAME_INCOMPLETE:
        return 0;
    case FRAME_COMPLETE:
        *data = t->in + t->in_from + FRAME_HEADER;
        t->in_from += FRAME_HEADER + *len;
        return 1;
    default:
        return -1;
    }
}

int transport_frame(struct transport *t, const uint8_t **data, size_t *len, unsigned patience_ms) {
    for (;;) {
        int ready = transport_frame_ready(t, data, len);
        if (ready != 0) {
            return ready > 0 ? 0 : -1;
        }
        if (t->fd < 0 || wait_for(t->fd, POLLIN, patience_ms) <= 0 || read_some(t) < 0) {
            return -1;
        }
    }
}

int transport_move(struct transport *t, unsigned patience_ms) {
    if (write_some(t) < 0) {
        return -1;
    }
    short events = transport_pending(t) > 0 ? POLLIN | POLLOUT : POLLIN;
    int ready = wait_for(t->fd, events, patience_ms);
    if (ready <= 0) {
        return -1;
    }
    return (ready & ~POLLOUT) != 0 ? read_some(t) : 0;
}
