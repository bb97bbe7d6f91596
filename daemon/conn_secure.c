/* Connections: what TLS adds to them. */
#include "daemon/conn_private.h"

#include <errno.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#define RECORDS_TURN 16 /* written a call: long answers must not keep the loop */

/* ---- the handshake -------------------------------------------------------------------- */

void conn_secure_end(struct conn *c) {
    if (c->securing) {
        c->securing = false;
        c->conns->securing--;
        c->conns->unsecured++;
    }
}

static void secured(struct conn *c) {
    struct conns *s = c->conns;
    c->securing = false;
    s->securing--;
    c->opened_at = c->active_at = conn_now();
    if (s->handler->secured != NULL) {
        s->handler->secured(s->ctx, c);
    }
    if (!c->closed) {
        c->unread = true; /* its first frame may have come with the handshake's end */
        conn_again(c);
        conn_timer_arm(c);
    }
}

void conn_secure(struct conn *c) {
    int result = tls_stream_handshake(c->stream);
    c->stream_waits = result == TLS_STREAM_WRITES_ON;
    if (result == TLS_STREAM_BROKEN) {
        conn_secure_end(c);
        conn_linger(c, CONN_END_UNSECURED);
        return;
    }
    if (result == TLS_STREAM_DONE) {
        secured(c);
    }
    conn_watch_writable(c);
}

/* ---- bytes ------------------------------------------------------------------------------ */

ssize_t conn_receive(struct conn *c, uint8_t *data, size_t size) {
    if (c->stream == NULL) {
        return recv(c->fd, data, size, MSG_DONTWAIT);
    }
    ssize_t n = tls_stream_read(c->stream, data, size, &c->unread);
    if (n >= 0) {
        return n;
    }
    if (n == TLS_STREAM_WRITES_ON) {
        c->stream_waits = true;
        conn_watch_writable(c);
    }
    errno = n == TLS_STREAM_BROKEN ? EIO : EAGAIN;
    return -1;
}

ssize_t conn_send_secured(struct conn *c) {
    size_t left = evbuffer_get_length(c->out);
    ssize_t total = 0;
    for (unsigned i = 0; i < RECORDS_TURN && left > 0; i++) {
        size_t len = left < TLS_STREAM_RECORD ? left : TLS_STREAM_RECORD;
        const uint8_t *data = evbuffer_pullup(c->out, (ev_ssize_t)len);
        ssize_t n = data != NULL ? tls_stream_write(c->stream, data, len) : TLS_STREAM_BROKEN;
        if (n == TLS_STREAM_WRITES_ON && total > 0) {
            break;
        }
        if (n < 0) {
            errno = n == TLS_STREAM_WRITES_ON ? EAGAIN : EIO;
            return -1;
        }
        evbuffer_drain(c->out, (size_t)n);
        total += n;
        left -= (size_t)n;
    }
    return total;
}

/* ---- the end ---------------------------------------------------------------------------- */

/* Whether the peer may still have something on its way to us.  A stopping daemon
 * waits only for what is there already. */
static bool is_worth_waiting(const struct conn *c) {
    int unread = 0;
    if (c->stream == NULL || c->eof) {
        return false;
    }
    return !c->conns->stopped || (ioctl(c->fd, FIONREAD, &unread) == 0 && unread > 0);
}

void conn_linger(struct conn *c, enum conn_end why) {
    if (c->stream != NULL && !c->securing && why == CONN_END_FINISHED) {
        tls_stream_close(c->stream);
    }
    if (!is_worth_waiting(c)) {
        conn_end(c, why);
        return;
    }
    conn_pause(c, PAUSE_END, 0);
    c->finishing = c->lingering = true;
    c->why = why;
    c->finish_at = conn_now();
    c->stream_waits = false;
    evbuffer_drain(c->in, evbuffer_get_length(c->in));
    evbuffer_drain(c->out, evbuffer_get_length(c->out));
    shutdown(c->fd, SHUT_WR);
    conn_watch_writable(c);
    if (event_add(&c->readable, NULL) != 0) {
        conn_end(c, why);
        return;
    }
    conn_timer_arm(c);
}

void conn_linger_on(struct conn *c) {
    ssize_t n = recv(c->fd, c->conns->scratch, sizeof c->conns->scratch, MSG_DONTWAIT);
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
        conn_end(c, c->why);
    }
}
