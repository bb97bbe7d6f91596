/* Connections: bytes in, frames to the handler. */
#include "daemon/conn_private.h"

#include <errno.h>

void conn_again(struct conn *c) {
    if (!c->again && !c->closed) {
        c->again = true;
        c->next_again = c->conns->again;
        c->conns->again = c;
    }
}

void conn_fail(struct conn *c) {
    c->failed = true;
    conn_again(c);
}

/* The one place that decides whether the socket is read. */
void conn_pause(struct conn *c, unsigned set, unsigned clear) {
    unsigned before = c->pause;
    c->pause = (before | set) & ~clear;
    if (c->closed || (before == 0) == (c->pause == 0)) {
        return;
    }
    if (c->pause != 0) {
        event_del(&c->readable);
        return;
    }
    if (event_add(&c->readable, NULL) != 0) {
        conn_fail(c);
        return;
    }
    int64_t now = conn_now(); /* the pause was ours: the sender's time begins anew */
    c->frame_at = c->frame_at != 0 ? now : 0;
    c->opened_at = now;
    if (evbuffer_get_length(c->in) > 0 || c->unread) {
        conn_again(c);
    }
    conn_timer_arm(c);
}

static void frames_broken(struct conn *c, enum frame_state state, size_t length) {
    struct error e;
    if (state == FRAME_TOO_LONG) {
        error_set(&e, ERR_MALFORMED, "",
                  "A frame of %zu bytes was announced; the most is %d. The connection is closed.",
                  "%zu バイトの電文が届きました。上限は %d バイトです。接続を閉じます。", length,
                  FRAME_MAX);
    } else {
        error_set(&e, ERR_MALFORMED, "", "A frame is empty. The connection is closed.",
                  "空の電文が届きました。接続を閉じます。");
    }
    c->conns->handler->broken(c->conns->ctx, c, &e);
    conn_finish(c);
}

static bool may_handle(struct conn *c) {
    const struct conn_handler *h = c->conns->handler;
    return c->pause == 0 && !c->closed && (h->ready == NULL || h->ready(c->conns->ctx));
}

static void handle_message(struct conn *c, const uint8_t *data, size_t len) {
    c->greeted = true;
    c->conns->handler->message(c->conns->ctx, c, data, len);
}

/* Handles the whole frames at the start of data; returns the bytes used. */
static size_t handle_frames(struct conn *c, const uint8_t *data, size_t len, unsigned *budget) {
    size_t used = 0;
    while (*budget > 0 && may_handle(c)) {
        size_t length = 0;
        enum frame_state state = frame_peek(data + used, len - used, &length);
        if (state == FRAME_INCOMPLETE) {
            break;
        }
        if (state != FRAME_COMPLETE) {
            frames_broken(c, state, length);
            return len;
        }
        (*budget)--;
        handle_message(c, data + used + FRAME_HEADER, length);
        used += FRAME_HEADER + length;
    }
    return used;
}

/* Handles what lies in the input buffer, frame by frame. */
static void handle_buffered(struct conn *c, unsigned *budget) {
    while (*budget > 0 && may_handle(c)) {
        uint8_t header[FRAME_HEADER];
        size_t have = evbuffer_get_length(c->in);
        size_t length = 0;
        if (have < FRAME_HEADER || evbuffer_copyout(c->in, header, FRAME_HEADER) != FRAME_HEADER) {
            return;
        }
        enum frame_state state = frame_peek(header, have, &length);
        if (state == FRAME_INCOMPLETE) {
            return;
        }
        if (state != FRAME_COMPLETE) {
            frames_broken(c, state, length);
            return;
        }
        (*budget)--;
        uint8_t *frame = evbuffer_pullup(c->in, (ev_ssize_t)(FRAME_HEADER + length));
        if (frame == NULL) {
            conn_end(c, CONN_END_MEMORY);
            return;
        }
        handle_message(c, frame + FRAME_HEADER, length);
        evbuffer_drain(c->in, FRAME_HEADER + length);
    }
}

/* Whether a whole frame (or a broken one) waits in the input buffer. */
static bool frame_waits(const struct conn *c) {
    uint8_t header[FRAME_HEADER];
    size_t length;
    size_t have = evbuffer_get_length(c->in);
    if (have < FRAME_HEADER || evbuffer_copyout(c->in, header, FRAME_HEADER) != FRAME_HEADER) {
        return false;
    }
    return frame_peek(header, have, &length) != FRAME_INCOMPLETE;
}

/* After messages were handled: what is left, and until when. */
static void settle(struct conn *c, bool frame_ended) {
    if (c->closed || c->finishing) {
        evbuffer_drain(c->in, evbuffer_get_length(c->in));
        return;
    }
    if (evbuffer_get_length(c->in) == 0) {
        c->frame_at = 0;
    } else if (frame_waits(c)) {
        c->frame_at = 0;
        if (c->pause == 0) {
            conn_again(c);
        }
    } else if (frame_ended || c->frame_at == 0) {
        c->frame_at = conn_now();
    }
    if (c->unread && c->pause == 0) {
        conn_again(c);
    }
    if (c->eof && c->in_flight == 0 && (c->frame_at != 0 || evbuffer_get_length(c->in) == 0)) {
        conn_finish(c);
    }
    conn_timer_arm(c);
}

static void take_bytes(struct conn *c, const uint8_t *data, size_t len) {
    unsigned budget = CONN_TURN_FRAMES;
    c->active_at = conn_now();
    if (evbuffer_get_length(c->in) == 0) {
        size_t used = handle_frames(c, data, len, &budget);
        if (!c->closed && !c->finishing && used < len &&
            evbuffer_add(c->in, data + used, len - used) != 0) {
            conn_end(c, CONN_END_MEMORY);
        }
    } else if (evbuffer_add(c->in, data, len) != 0) {
        conn_end(c, CONN_END_MEMORY);
    } else {
        handle_buffered(c, &budget);
    }
    settle(c, budget < CONN_TURN_FRAMES);
}

/* The peer sends no more; it may still wait for answers. */
static void take_eof(struct conn *c) {
    c->eof = true;
    conn_pause(c, PAUSE_END, 0);
    settle(c, false);
}

static void read_socket(struct conn *c) {
    ssize_t n = conn_receive(c, c->conns->scratch, sizeof c->conns->scratch);
    if (n > 0) {
        take_bytes(c, c->conns->scratch, (size_t)n);
    } else if (n == 0) {
        take_eof(c);
    } else if (errno != EAGAIN && errno != EINTR) {
        conn_end(c, CONN_END_PEER);
    }
}

/* Goes on with a connection that had something left: frames, or bytes that only
 * its stream knows of. */
static void go_on(struct conn *c) {
    unsigned budget = CONN_TURN_FRAMES;
    if (c->unread && c->pause == 0 && !c->closed && !frame_waits(c)) {
        read_socket(c);
        return;
    }
    handle_buffered(c, &budget);
    settle(c, budget < CONN_TURN_FRAMES);
}

void conn_on_readable(evutil_socket_t fd, short what, void *arg) {
    struct conn *c = arg;
    (void)fd;
    (void)what;
    if (c->lingering) {
        conn_linger_on(c);
    } else if (c->securing) {
        conn_secure(c);
    } else if (!c->again && c->pause == 0) { /* what it sent before comes first */
        read_socket(c);
    }
}

void conns_read_again(struct conns *s) {
    struct conn *list = s->again;
    s->again = NULL;
    while (list != NULL) {
        struct conn *c = list;
        list = c->next_again;
        c->again = false;
        if (c->failed) {
            conn_end(c, CONN_END_MEMORY);
            continue;
        }
        go_on(c);
    }
}
