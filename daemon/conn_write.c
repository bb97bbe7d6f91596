/* Connections: messages to the output, output to the socket. */
#include "daemon/conn_private.h"

#include <assert.h>
#include <errno.h>
#include <sys/socket.h>

void conn_dirty(struct conn *c) {
    if (!c->dirty) {
        c->dirty = true;
        c->next_dirty = c->conns->dirty;
        c->conns->dirty = c;
    }
}

static void output_check(struct conn *c) {
    if (!c->output_full && evbuffer_get_length(c->out) > c->conns->limits.output_high) {
        c->output_full = true;
        conn_pause(c, PAUSE_OUTPUT, 0);
    }
}

bool conn_full(const struct conn *c) {
    return c->output_full || c->closed;
}

uint8_t *conn_reserve(struct conn *c, size_t len) {
    assert(len <= FRAME_MAX);
    if (c->closed) {
        return NULL;
    }
    c->reserved_len = FRAME_HEADER + len;
    if (evbuffer_reserve_space(c->out, (ev_ssize_t)c->reserved_len, &c->reserved, 1) != 1) {
        conn_end(c, CONN_END_MEMORY);
        return NULL;
    }
    frame_header(c->reserved.iov_base, len);
    return (uint8_t *)c->reserved.iov_base + FRAME_HEADER;
}

void conn_commit(struct conn *c) {
    c->reserved.iov_len = c->reserved_len;
    evbuffer_commit_space(c->out, &c->reserved, 1);
    if (evbuffer_get_length(c->out) == c->reserved_len) {
        c->active_at = conn_now(); /* the reader's time begins with the first answer it has not */
    }
    conn_dirty(c);
    output_check(c);
}

void conn_send(struct conn *c, const ProtobufCMessage *message) {
    size_t len = protobuf_c_message_get_packed_size(message);
    uint8_t *to = conn_reserve(c, len);
    if (to != NULL) {
        size_t packed = protobuf_c_message_pack(message, to);
        assert(packed == len);
        (void)packed;
        conn_commit(c);
    }
}

void conn_watch_writable(struct conn *c) {
    bool wanted = evbuffer_get_length(c->out) > 0 || c->stream_waits;
    if (c->closed || wanted == c->writing) {
        return;
    }
    c->writing = wanted;
    if (!wanted) {
        event_del(&c->writable);
    } else if (event_add(&c->writable, NULL) != 0) {
        conn_fail(c);
    }
}

/* One answer lies in one piece, and a send of it is cheaper than a vector of one. */
static ssize_t send_some(struct conn *c) {
    struct evbuffer_iovec piece;
    if (c->stream != NULL) {
        return conn_send_secured(c);
    }
    if (evbuffer_peek(c->out, -1, NULL, &piece, 1) != 1) {
        return evbuffer_write(c->out, c->fd);
    }
    ssize_t n = send(c->fd, piece.iov_base, piece.iov_len, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n > 0 && evbuffer_drain(c->out, (size_t)n) != 0) {
        errno = EIO;
        return -1;
    }
    return n;
}

/* Writes as much as the socket takes. */
static void write_out(struct conn *c) {
    struct conns *s = c->conns;
    size_t before = evbuffer_get_length(c->out);
    if (c->securing && c->finishing) {
        conn_end(c, CONN_END_CLOSED); /* it was told nothing, and nothing can be said */
    }
    if (c->lingering || c->securing || c->closed) {
        return;
    }
    if (before > 0) {
        ssize_t n = send_some(c);
        if (n < 0 && errno != EAGAIN && errno != EINTR) {
            conn_end(c, CONN_END_PEER);
            return;
        }
        if (n > 0) {
            c->active_at = conn_now();
        }
    }
    size_t left = evbuffer_get_length(c->out);
    if (c->output_full && left <= s->limits.output_low) {
        c->output_full = false;
        conn_pause(c, 0, PAUSE_OUTPUT);
        if (s->handler->drained != NULL) {
            s->handler->drained(s->ctx, c);
            left = evbuffer_get_length(c->out);
        }
    }
    if (c->closed) {
        return;
    }
    if (left == 0 && c->finishing) {
        conn_linger(c, CONN_END_FINISHED);
        return;
    }
    conn_watch_writable(c);
    conn_timer_arm(c);
}

void conn_on_writable(evutil_socket_t fd, short what, void *arg) {
    struct conn *c = arg;
    (void)fd;
    (void)what;
    bool waited = c->stream_waits;
    c->stream_waits = false;
    if (c->securing) {
        conn_secure(c);
        return;
    }
    if (waited) { /* what was to be read could not go on before */
        c->unread = true;
        conn_again(c);
    }
    write_out(c);
}

void conns_write_dirty(struct conns *s) {
    struct conn *list = s->dirty;
    s->dirty = NULL;
    while (list != NULL) {
        struct conn *c = list;
        list = c->next_dirty;
        c->dirty = false;
        if (!c->closed) {
            write_out(c);
        }
    }
}
