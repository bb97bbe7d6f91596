#include "tests/bench/bench.h"

#include "proto/madoguchi.pb-c.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

noreturn void bench_die(const char *format, ...) {
    va_list ap;
    va_start(ap, format);
    fputs("bench: ", stderr);
    vfprintf(stderr, format, ap);
    fputs("\n", stderr);
    va_end(ap);
    exit(1);
}

uint64_t bench_now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

void wire_add(struct wire *w, const uint8_t *message, size_t len) {
    if (w->out_sent == w->out_len) {
        w->out_sent = w->out_len = 0;
    }
    if (w->out_len + FRAME_HEADER + len > WIRE_OUT) {
        bench_die("too much in flight for one connection's buffer");
    }
    frame_header(w->out + w->out_len, len);
    memcpy(w->out + w->out_len + FRAME_HEADER, message, len);
    w->out_len += FRAME_HEADER + len;
}

bool wire_flush(struct wire *w) {
    while (w->out_sent < w->out_len) {
        ssize_t n = send(w->fd, w->out + w->out_sent, w->out_len - w->out_sent,
                         MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno == EAGAIN) {
            return false;
        }
        if (n < 0) {
            bench_die("send: %s", strerror(errno));
        }
        w->out_sent += (size_t)n;
    }
    return true;
}

void wire_fill(struct wire *w, bool wait) {
    if (wait) {
        struct pollfd p = {.fd = w->fd, .events = POLLIN};
        if (poll(&p, 1, 60000) != 1) {
            bench_die("no answer within a minute");
        }
    }
    ssize_t n = recv(w->fd, w->in + w->in_len, WIRE_IN - w->in_len, MSG_DONTWAIT);
    if (n < 0 && errno == EAGAIN) {
        return;
    }
    if (n <= 0) {
        bench_die("the daemon closed a connection");
    }
    w->in_len += (size_t)n;
}

bool wire_next(struct wire *w, size_t *offset, const uint8_t **message, size_t *len) {
    enum frame_state state = frame_peek(w->in + *offset, w->in_len - *offset, len);
    if (state == FRAME_TOO_LONG || state == FRAME_EMPTY) {
        bench_die("the daemon sent a bad frame");
    }
    if (state == FRAME_INCOMPLETE) {
        return false;
    }
    *message = w->in + *offset + FRAME_HEADER;
    *offset += FRAME_HEADER + *len;
    return true;
}

void wire_drop(struct wire *w, size_t offset) {
    memmove(w->in, w->in + offset, w->in_len - offset);
    w->in_len -= offset;
}

static noreturn void die_of_error(const uint8_t *message, size_t len) {
    Madoguchi__ServerMessage *m = madoguchi__server_message__unpack(NULL, len, message);
    if (m == NULL || m->body_case != MADOGUCHI__SERVER_MESSAGE__BODY_ANSWER ||
        m->answer->body_case != MADOGUCHI__ANSWER__BODY_ERROR) {
        bench_die("an answer that cannot be read");
    }
    bench_die("refused: %.*s", (int)m->answer->error->en.len, (char *)m->answer->error->en.data);
}

/* A varint of at most ten bytes; moves *p. */
static uint64_t varint(const uint8_t **p, const uint8_t *end) {
    uint64_t v = 0;
    for (unsigned shift = 0; *p < end && shift < 64; shift += 7) {
        uint8_t b = *(*p)++;
        v |= (uint64_t)(b & 127) << shift;
        if (b < 128) {
            return v;
        }
    }
    bench_die("an answer that cannot be read");
}

enum wire_kind wire_kind(const uint8_t *message, size_t len, bool *more) {
    const uint8_t *p = message;
    const uint8_t *end = message + len;
    *more = false;
    if (len < 2 || *p++ != (2 << 3 | 2)) {
        bench_die("not an answer");
    }
    varint(&p, end);
    while (p < end) {
        uint64_t tag = varint(&p, end);
        if (tag >> 3 >= WIRE_RECORDED) {
            if (tag >> 3 == WIRE_ERROR) {
                die_of_error(message, len);
            }
            return (enum wire_kind)(tag >> 3);
        }
        uint64_t value = varint(&p, end);
        if (tag >> 3 == 2) {
            *more = value != 0;
        }
    }
    bench_die("an empty answer");
}

static void say_hello(struct wire *w) {
    uint8_t packed[64];
    Madoguchi__Hello hello = MADOGUCHI__HELLO__INIT;
    Madoguchi__ClientMessage m = MADOGUCHI__CLIENT_MESSAGE__INIT;
    hello.has_protocol = 1;
    hello.protocol = PROTOCOL_VERSION;
    hello.has_build = 1;
    hello.build = (ProtobufCBinaryData){5, (uint8_t *)"bench"};
    hello.has_language = 1;
    hello.language = (ProtobufCBinaryData){2, (uint8_t *)"en"};
    m.body_case = MADOGUCHI__CLIENT_MESSAGE__BODY_HELLO;
    m.hello = &hello;
    wire_add(w, packed, madoguchi__client_message__pack(&m, packed));
    const uint8_t *message;
    size_t len;
    size_t offset = 0;
    if (!wire_flush(w)) {
        bench_die("the hello could not be sent");
    }
    while (!wire_next(w, &offset, &message, &len)) {
        wire_fill(w, true);
    }
    if (len < 1 || message[0] != (1 << 3 | 2)) {
        die_of_error(message, len);
    }
    wire_drop(w, offset);
}

bool wire_connect(struct wire *w, const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) {
        bench_die("the socket's path is too long");
    }
    strcpy(address.sun_path, path);
    *w = (struct wire){.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    if (w->fd < 0) {
        bench_die("socket: %s", strerror(errno));
    }
    if (connect(w->fd, (struct sockaddr *)&address, sizeof address) != 0) {
        close(w->fd);
        return false;
    }
    w->in = malloc(WIRE_IN);
    w->out = malloc(WIRE_OUT);
    if (w->in == NULL || w->out == NULL) {
        bench_die("out of memory");
    }
    say_hello(w);
    return true;
}

void wire_close(struct wire *w) {
    close(w->fd);
    free(w->in);
    free(w->out);
}
