#include "tests/bench/bench.h"

#include "proto/address.h"
#include "tests/bench/tongue.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

void wire_add(struct wire *w, const uint8_t *bytes, size_t len) {
    if (w->out_sent == w->out_len) {
        w->out_sent = w->out_len = 0;
    }
    if (w->out_len + len > WIRE_OUT) {
        bench_die("too much in flight for one connection's buffer");
    }
    memcpy(w->out + w->out_len, bytes, len);
    w->out_len += len;
}

void wire_add_frame(struct wire *w, const uint8_t *message, size_t len) {
    uint8_t header[FRAME_HEADER];
    frame_header(header, len);
    wire_add(w, header, sizeof header);
    wire_add(w, message, len);
}

bool wire_flush(struct wire *w) {
    while (w->out_sent < w->out_len) {
        const uint8_t *from = w->out + w->out_sent;
        size_t len = w->out_len - w->out_sent;
        ssize_t n = w->ssl != NULL ? wire_tls_send(w, from, len)
                                   : send(w->fd, from, len, MSG_NOSIGNAL | MSG_DONTWAIT);
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
    uint8_t *to = w->in + w->in_len;
    size_t room = WIRE_IN - w->in_len;
    ssize_t n =
        w->ssl != NULL ? wire_tls_receive(w, to, room) : recv(w->fd, to, room, MSG_DONTWAIT);
    if (n < 0 && errno == EAGAIN) {
        return;
    }
    if (n <= 0) {
        bench_die("the server closed a connection");
    }
    w->in_len += (size_t)n;
}

bool wire_next(struct wire *w, size_t *offset, const uint8_t **message, size_t *len) {
    enum frame_state state = frame_peek(w->in + *offset, w->in_len - *offset, len);
    if (state == FRAME_TOO_LONG || state == FRAME_EMPTY) {
        bench_die("the server sent a bad frame");
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

static bool connect_unix(struct wire *w, const char *path) {
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
    return true;
}

static bool connect_to(struct wire *w, const char *path) {
    char host[ADDRESS_HOST];
    if (strncmp(path, "tls:", 4) == 0) {
        return wire_tls_open(w, path);
    }
    return strncmp(path, "tcp:", 4) == 0 ? wire_tcp_open(w, path + 4, host) : connect_unix(w, path);
}

bool wire_open(struct wire *w, const char *path) {
    if (!connect_to(w, path)) {
        return false;
    }
    w->in = malloc(WIRE_IN);
    w->out = malloc(WIRE_OUT);
    if (w->in == NULL || w->out == NULL) {
        bench_die("out of memory");
    }
    return true;
}

void wire_close(struct wire *w) {
    if (w->ssl != NULL) {
        wire_tls_close(w);
    }
    close(w->fd);
    free(w->in);
    free(w->out);
}

bool bench_connect(struct wire *w, const struct tongue *tongue, const char *path) {
    if (!wire_open(w, path)) {
        return false;
    }
    if (tongue->greet != NULL && !tongue->greet(w)) {
        wire_close(w);
        return false;
    }
    return true;
}
