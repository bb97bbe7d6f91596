/* Reference servers: what the machine allows, not products.
 *
 *     floor echo SOCKET          answers every frame at once: the network
 *     floor log  SOCKET FILE     appends it to FILE, one write and one flush for
 *                                all that came together, then answers: the disk
 *
 * Frames as in proto/frame.h, unread; answers are 20 bytes.  Nothing is checked
 * and nothing can be read back. */
#include "proto/frame.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <stdnoreturn.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define CONNECTIONS 1024
#define IN_BYTES    (1u << 16)
#define ANSWER      20
#define FILE_BYTES  (256u << 20) /* written over again from its beginning */
#define GROUP_BYTES (8u << 20)
#define SILENCE_NS  40000 /* a group ends when nobody spoke for so long */

struct peer {
    int fd;
    struct event *event;
    size_t in_len, owed; /* owed: answers, once what was asked is on disk */
    uint8_t in[IN_BYTES];
};

static struct {
    struct event_base *base;
    struct event *commit;
    struct peer *owing[CONNECTIONS];
    size_t n_owing, connections;
    bool writes;
    int file;
    off_t at;
    uint8_t *group;
    size_t group_len;
    uint64_t last_heard;
} server;

static noreturn void die(const char *what) {
    perror(what);
    exit(1);
}

static uint64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Answers are small: a peer whose socket is full of them is not reading. */
static void answer(struct peer *p) {
    static const uint8_t zeros[ANSWER * 256];
    uint8_t out[sizeof zeros];
    while (p->owed > 0) {
        size_t n = p->owed < 256 ? p->owed : 256;
        memset(out, 0, n * ANSWER);
        for (size_t i = 0; i < n; i++) {
            frame_header(out + i * ANSWER, ANSWER - FRAME_HEADER);
        }
        if (send(p->fd, out, n * ANSWER, MSG_NOSIGNAL) != (ssize_t)(n * ANSWER)) {
            break;
        }
        p->owed -= n;
    }
    p->owed = 0;
}

static void commit(evutil_socket_t fd, short what, void *ctx) {
    (void)fd;
    (void)what;
    (void)ctx;
    if (server.n_owing < server.connections && now_ns() - server.last_heard < SILENCE_NS) {
        event_active(server.commit, 0, 0); /* after those who speak now */
        return;
    }
    if (server.at + (off_t)server.group_len > FILE_BYTES) {
        server.at = 0;
    }
    if (pwrite(server.file, server.group, server.group_len, server.at) !=
            (ssize_t)server.group_len ||
        fdatasync(server.file) != 0) {
        die("log");
    }
    server.at += (off_t)server.group_len;
    server.group_len = 0;
    for (size_t i = 0; i < server.n_owing; i++) {
        answer(server.owing[i]);
    }
    server.n_owing = 0;
}

static void forget(struct peer *p) {
    for (size_t i = 0; i < server.n_owing; i++) {
        if (server.owing[i] == p) {
            server.owing[i] = server.owing[--server.n_owing];
        }
    }
    server.connections--;
    event_free(p->event);
    close(p->fd);
    free(p);
}

static void take(struct peer *p, const uint8_t *frame, size_t len) {
    if (server.writes) {
        if (server.group_len + len > GROUP_BYTES) {
            die("too much at once");
        }
        memcpy(server.group + server.group_len, frame, len);
        server.group_len += len;
        if (p->owed == 0) {
            server.owing[server.n_owing++] = p;
        }
    }
    p->owed++;
}

static void heard(evutil_socket_t fd, short what, void *ctx) {
    struct peer *p = ctx;
    size_t len;
    size_t offset = 0;
    (void)what;
    ssize_t n = recv(fd, p->in + p->in_len, IN_BYTES - p->in_len, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (n <= 0) {
        forget(p);
        return;
    }
    p->in_len += (size_t)n;
    while (frame_peek(p->in + offset, p->in_len - offset, &len) == FRAME_COMPLETE) {
        take(p, p->in + offset, FRAME_HEADER + len);
        offset += FRAME_HEADER + len;
    }
    memmove(p->in, p->in + offset, p->in_len - offset);
    p->in_len -= offset;
    if (server.writes && server.n_owing > 0) {
        server.last_heard = now_ns();
        event_active(server.commit, 0, 0);
    } else {
        answer(p);
    }
}

static void accepted(evutil_socket_t listener, short what, void *ctx) {
    (void)what;
    (void)ctx;
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0) {
        return;
    }
    struct peer *p = server.connections < CONNECTIONS ? malloc(sizeof *p) : NULL;
    if (p == NULL) {
        close(fd);
        return;
    }
    p->fd = fd;
    p->in_len = p->owed = 0;
    p->event = event_new(server.base, fd, EV_READ | EV_PERSIST, heard, p);
    event_priority_set(p->event, 0);
    event_add(p->event, NULL);
    server.connections++;
}

/* Blocks that exist and were written before: a flush then writes data only. */
static void open_log(const char *path) {
    server.writes = true;
    server.group = calloc(1, GROUP_BYTES);
    server.file = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (server.group == NULL || server.file < 0) {
        die(path);
    }
    for (off_t at = 0; at < FILE_BYTES; at += GROUP_BYTES) {
        if (pwrite(server.file, server.group, GROUP_BYTES, at) != GROUP_BYTES) {
            die(path);
        }
    }
    if (fsync(server.file) != 0) {
        die(path);
    }
}

static void ended(evutil_socket_t fd, short what, void *ctx) {
    (void)fd;
    (void)what;
    event_base_loopbreak(ctx);
}

static void listen_on(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        die(path);
    }
    strcpy(address.sun_path, path);
    unlink(path);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0 ||
        listen(fd, 512) != 0) {
        die(path);
    }
    event_add(event_new(server.base, fd, EV_READ | EV_PERSIST, accepted, NULL), NULL);
}

int main(int argc, char **argv) {
    bool echo = argc == 3 && strcmp(argv[1], "echo") == 0;
    if (!echo && (argc != 4 || strcmp(argv[1], "log") != 0)) {
        fputs("usage: floor echo SOCKET | floor log SOCKET FILE\n", stderr);
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    server.base = event_base_new();
    if (server.base == NULL || event_base_priority_init(server.base, 2) != 0) {
        die("libevent");
    }
    if (!echo) {
        open_log(argv[3]);
    }
    server.commit = event_new(server.base, -1, 0, commit, NULL);
    event_priority_set(server.commit, 1);
    event_add(evsignal_new(server.base, SIGTERM, ended, server.base), NULL);
    listen_on(argv[2]);
    event_base_dispatch(server.base);
    unlink(argv[2]);
    return 0;
}
