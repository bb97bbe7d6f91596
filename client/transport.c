#include "client/transport.h"

#include "proto/frame.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
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
    if (t->channel != NULL) {
        channel_close(t->channel);
        channel_free(t->channel);
    }
    if (t->fd >= 0) {
        close(t->fd);
    }
    t->channel = NULL;
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

static int64_t now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static unsigned left_of(int64_t until) {
    int64_t left = until - now_ms();
    return left > 0 ? (unsigned)left : 0;
}

/* The first of a host's addresses where somebody answers.  One where nobody does leaves
 * time for the others. */
static int connect_tcp(const struct addrinfo *found, int64_t until) {
    const int on = 1;
    unsigned n = 0;
    for (const struct addrinfo *a = found; a != NULL; a = a->ai_next) {
        n++;
    }
    errno = EADDRNOTAVAIL;
    for (const struct addrinfo *a = found; a != NULL; a = a->ai_next, n--) {
        int fd =
            socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, a->ai_protocol);
        if (fd < 0) {
            continue;
        }
        if (connect(fd, a->ai_addr, a->ai_addrlen) == 0 ||
            (errno == EINPROGRESS && finish_connect(fd, left_of(until) / n) == 0)) {
            (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
            return fd;
        }
        int why = errno;
        close(fd);
        errno = why;
    }
    return -1;
}

/* Looks the host up and connects; -1 and `why`. */
static int connect_host(const struct address *address, unsigned patience_ms, int64_t *until,
                        char *why, size_t why_size) {
    const struct addrinfo hints = {
        .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *found;
    int unknown = getaddrinfo(address->host, address->port, &hints, &found);
    if (unknown != 0) {
        snprintf(why, why_size, "%s", gai_strerror(unknown));
        return -1;
    }
    *until = now_ms() + patience_ms; /* the resolver has its own patience */
    int fd = connect_tcp(found, *until);
    if (fd < 0) {
        snprintf(why, why_size, "%s", strerror(errno));
    }
    freeaddrinfo(found);
    return fd;
}

static enum transport_result shake_hands(struct transport *t, int64_t until, char *why,
                                         size_t why_size, struct error *e) {
    while (channel_handshake(t->channel) != 0) {
        if (errno == EAGAIN && wait_for(t->fd, channel_waits(t->channel), left_of(until)) > 0) {
            continue;
        }
        snprintf(why, why_size, "%s", strerror(errno == EAGAIN ? ETIMEDOUT : errno));
        enum transport_result result =
            channel_refused(t->channel, e) ? TRANSPORT_UNTRUSTED : TRANSPORT_FAILED;
        transport_close(t);
        return result;
    }
    return TRANSPORT_OPEN;
}

static enum transport_result open_tls(struct transport *t, const struct transport_place *place,
                                      unsigned patience_ms, char *why, size_t why_size,
                                      struct error *e) {
    struct address address;
    int64_t until;
    if (address_read(place->address, &address, e) != 0) {
        return TRANSPORT_BAD_ADDRESS;
    }
    t->fd = connect_host(&address, patience_ms, &until, why, why_size);
    if (t->fd < 0) {
        return TRANSPORT_FAILED;
    }
    t->channel = channel_new(&place->files, &address, t->fd, e);
    if (t->channel == NULL) {
        transport_close(t);
        return TRANSPORT_UNTRUSTED;
    }
    return shake_hands(t, until, why, why_size, e);
}

static enum transport_result open_unix(struct transport *t, const char *address,
                                       unsigned patience_ms, char *why, size_t why_size) {
    struct sockaddr_un local = {.sun_family = AF_UNIX};
    if (strncmp(address, "unix:", 5) != 0 || address[5] == '\0' ||
        strlen(address + 5) >= sizeof local.sun_path) {
        return TRANSPORT_BAD_ADDRESS;
    }
    memcpy(local.sun_path, address + 5, strlen(address + 5) + 1);
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

enum transport_result transport_open(struct transport *t, const struct transport_place *place,
                                     unsigned patience_ms, char *why, size_t why_size,
                                     struct error *e) {
    transport_close(t);
    if (strncmp(place->address, ADDRESS_TLS, strlen(ADDRESS_TLS)) == 0) {
        return open_tls(t, place, patience_ms, why, why_size, e);
    }
    return open_unix(t, place->address, patience_ms, why, why_size);
}

bool transport_refused(const struct transport *t, struct error *e) {
    return t->channel != NULL && channel_refused(t->channel, e);
}

/* ---- bytes ------------------------------------------------------------------------- */

static ssize_t send_bytes(struct transport *t, const void *data, size_t len) {
    return t->channel != NULL ? channel_write(t->channel, data, len)
                              : send(t->fd, data, len, MSG_NOSIGNAL);
}

static ssize_t receive_bytes(struct transport *t, void *data, size_t size) {
    return t->channel != NULL ? channel_read(t->channel, data, size) : recv(t->fd, data, size, 0);
}

/* Beside the beginning of a frame there is always room for a whole record, so
 * that nothing is left in the channel when the socket is waited for. */
_Static_assert(IN_SIZE - FRAME_HEADER - FRAME_MAX >= CHANNEL_RECORD, "no room for a record");

/* Waits until bytes can be read or written; TLS may have to write before it can
 * read. */
static int wait_to_move(struct transport *t, short events, unsigned patience_ms) {
    short also = t->channel != NULL ? channel_waits(t->channel) & POLLOUT : 0;
    int ready = wait_for(t->fd, events | also, patience_ms);
    return ready > 0 && also != 0 ? ready | events : ready;
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

int transport_write_some(struct transport *t) {
    while (transport_pending(t) > 0) {
        ssize_t n = send_bytes(t, t->out + t->out_from, transport_pending(t));
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
        if (transport_write_some(t) < 0) {
            return -1;
        }
        if (transport_pending(t) > 0 && wait_to_move(t, POLLOUT, patience_ms) <= 0) {
            return -1;
        }
    }
    return t->fd >= 0 ? 0 : -1;
}

/* ---- reading ----------------------------------------------------------------------- */

int transport_read_some(struct transport *t) {
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
        n = receive_bytes(t, t->in + t->in_to, IN_SIZE - t->in_to);
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
        if (t->fd < 0 || wait_to_move(t, POLLIN, patience_ms) <= 0 || transport_read_some(t) < 0) {
            return -1;
        }
    }
}

int transport_move(struct transport *t, unsigned patience_ms) {
    if (transport_write_some(t) < 0) {
        return -1;
    }
    short events = transport_pending(t) > 0 ? POLLIN | POLLOUT : POLLIN;
    int ready = wait_to_move(t, events, patience_ms);
    if (ready <= 0) {
        return -1;
    }
    return (ready & ~POLLOUT) != 0 ? transport_read_some(t) : 0;
}
