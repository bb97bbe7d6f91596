#include "daemon/conn.h"

#include "proto/frame.h"

#include <assert.h>
#include <errno.h>
#include <event2/buffer.h>
#include <event2/event_struct.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define READ_BYTES (FRAME_HEADER + FRAME_MAX)
#define SLOTS_STEP 64

/* Why a connection does not read; it reads when none holds. */
enum {
    PAUSE_IN_FLIGHT = 1,
    PAUSE_OUTPUT = 2,
    PAUSE_HOLD = 4,
    PAUSE_END = 8, /* end of file, finishing, or the daemon stops */
};

struct conn {
    struct conns *conns;
    struct conn_id id;
    int fd;
    void *data;
    struct event readable;
    struct event writable;
    struct event timer;
    struct evbuffer *in;  /* bytes read that are no whole frame yet, or may not be handled yet */
    struct evbuffer *out;
    struct evbuffer_iovec reserved;
    size_t reserved_len;
    uint32_t in_flight;
    uint32_t in_flight_max;
    unsigned pause;
    bool writing; /* the event is added */
    bool closed, finishing, eof, greeted, dirty, again, output_full;
    int64_t opened_at, frame_at, active_at, finish_at, timer_at; /* ms; frame_at 0: none begun */
    struct conn *next_dirty;
    struct conn *next_again;
    struct conn *next_dead;
};

struct conns {
    struct event_base *base;
    int priority;
    struct conn_limits limits;
    const struct conn_handler *handler;
    void *ctx;
    struct conn **slots;
    uint32_t *generations;
    uint32_t n_slots;
    uint32_t search; /* where to look for a free slot */
    size_t count;
    bool stopped;
    struct conn *dirty; /* have something to write */
    struct conn *again; /* have messages left */
    struct conn *dead;
    uint8_t scratch[READ_BYTES];
};

static int64_t now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- the table ---------------------------------------------------------------- */

struct conns *conns_new(struct event_base *base, int priority, const struct conn_limits *limits,
                        const struct conn_handler *handler, void *ctx) {
    struct conns *s = calloc(1, sizeof *s);
    if (s != NULL) {
        s->base = base;
        s->priority = priority;
        s->limits = *limits;
        s->handler = handler;
        s->ctx = ctx;
    }
    return s;
}

void conns_limits(struct conns *s, const struct conn_limits *limits) {
    s->limits = *limits;
}

size_t conns_count(const struct conns *s) {
    return s->count;
}

static bool slots_grow(struct conns *s) {
    uint32_t n = s->n_slots + SLOTS_STEP;
    struct conn **slots = realloc(s->slots, n * sizeof *slots);
    if (slots == NULL) {
        return false;
    }
    s->slots = slots;
    uint32_t *generations = realloc(s->generations, n * sizeof *generations);
    if (generations == NULL) {
        return false;
    }
    s->generations = generations;
    memset(slots + s->n_slots, 0, SLOTS_STEP * sizeof *slots);
    memset(generations + s->n_slots, 0, SLOTS_STEP * sizeof *generations);
    s->search = s->n_slots;
    s->n_slots = n;
    return true;
}

/* A free slot, or -1 when out of memory. */
static int64_t slot_take(struct conns *s) {
    if (s->count == s->n_slots && !slots_grow(s)) {
        return -1;
    }
    for (uint32_t i = 0; i < s->n_slots; i++) {
        uint32_t slot = (s->search + i) % s->n_slots;
        if (s->slots[slot] == NULL) {
            s->search = slot + 1;
            return slot;
        }
    }
    return -1;
}

struct conn *conn_find(struct conns *s, struct conn_id id) {
    if (id.slot >= s->n_slots || s->slots[id.slot] == NULL ||
        s->generations[id.slot] != id.generation) {
        return NULL;
    }
    return s->slots[id.slot];
}

void conns_each(struct conns *s, void (*each)(void *ctx, struct conn *c), void *ctx) {
    for (uint32_t i = 0; i < s->n_slots; i++) {
        if (s->slots[i] != NULL) {
            each(ctx, s->slots[i]);
        }
    }
}

/* ---- closing ------------------------------------------------------------------ */

static void conn_end(struct conn *c, enum conn_end why) {
    struct conns *s = c->conns;
    if (c->closed) {
        return;
    }
    c->closed = true;
    event_del(&c->readable);
    event_del(&c->writable);
    event_del(&c->timer);
    if (s->handler->closed != NULL) {
        s->handler->closed(s->ctx, c, why);
    }
    close(c->fd);
    c->fd = -1;
    s->slots[c->id.slot] = NULL;
    s->count--;
    c->next_dead = s->dead;
    s->dead = c;
}

static void conn_free(struct conn *c) {
    evbuffer_free(c->in);
    evbuffer_free(c->out);
    free(c);
}

void conn_close(struct conn *c) {
    conn_end(c, CONN_END_CLOSED);
}

bool conn_is_closed(const struct conn *c) {
    return c->closed;
}

/* Frees what was closed, except what a list of the next turn still names. */
static void reap(struct conns *s) {
    struct conn *list = s->dead;
    s->dead = NULL;
    while (list != NULL) {
        struct conn *c = list;
        list = c->next_dead;
        if (c->again || c->dirty) {
            c->next_dead = s->dead;
            s->dead = c;
        } else {
            conn_free(c);
        }
    }
}

static void close_each(void *ctx, struct conn *c) {
    (void)ctx;
    conn_close(c);
}

void conns_free(struct conns *s) {
    if (s == NULL) {
        return;
    }
    conns_each(s, close_each, NULL);
    while (s->dead != NULL) {
        struct conn *c = s->dead;
        s->dead = c->next_dead;
        conn_free(c);
    }
    free(s->slots);
    free(s->generations);
    free(s);
}

/* ---- deadlines ---------------------------------------------------------------- */

/* When the connection must be closed unless something happens; 0: never. */
static int64_t deadline(const struct conn *c, enum conn_end *why) {
    const struct conn_limits *l = &c->conns->limits;
    if (c->finishing) {
        *why = CONN_END_CLOSE;
        return c->finish_at + l->close_ms;
    }
    if (!c->greeted && (c->pause & PAUSE_HOLD) == 0) {
        *why = CONN_END_FIRST_FRAME;
        return c->opened_at + l->first_frame_ms;
    }
    if (c->frame_at != 0 && c->pause == 0) {
        *why = CONN_END_FRAME;
        return c->frame_at + l->frame_ms;
    }
    if (c->in_flight > 0 && evbuffer_get_length(c->out) == 0) {
        return 0; /* it waits for us */
    }
    *why = CONN_END_IDLE;
    return c->active_at + l->idle_ms;
}

/* Arms the timer if the deadline is earlier than what it is armed for.  Later
 * deadlines are found when it fires, so that a busy connection costs nothing
 * here. */
static void timer_arm(struct conn *c) {
    enum conn_end why;
    int64_t at = c->closed ? 0 : deadline(c, &why);
    if (at == 0 || (c->timer_at != 0 && c->timer_at <= at)) {
        return;
    }
    int64_t wait = at - now_ms();
    if (wait < 1) {
        wait = 1;
    }
    struct timeval tv = {.tv_sec = wait / 1000, .tv_usec = wait % 1000 * 1000};
    if (event_add(&c->timer, &tv) == 0) {
        c->timer_at = at;
    }
}

static void on_timer(evutil_socket_t fd, short what, void *arg) {
    struct conn *c = arg;
    (void)fd;
    (void)what;
    c->timer_at = 0;
    enum conn_end why;
    int64_t at = deadline(c, &why);
    if (at != 0 && at <= now_ms()) {
        conn_end(c, why);
        return;
    }
    timer_arm(c);
}

/* ---- reading ------------------------------------------------------------------ */

static void again_add(struct conn *c) {
    if (!c->again && !c->closed) {
        c->again = true;
        c->next_again = c->conns->again;
        c->conns->again = c;
    }
}

/* The one place that decides whether the socket is read. */
static void pause_set(struct conn *c, unsigned set, unsigned clear) {
    unsigned before = c->pause;
    c->pause = (before | set) & ~clear;
    if (c->closed || (before == 0) == (c->pause == 0)) {
        return;
    }
    if (c->pause != 0) {
        event_del(&c->readable);
        return;
    }
    event_add(&c->readable, NULL);
    int64_t now = now_ms(); /* the pause was ours: the sender's time begins anew */
    c->frame_at = c->frame_at != 0 ? now : 0;
    c->opened_at = now;
    if (evbuffer_get_length(c->in) > 0) {
        again_add(c);
    }
    timer_arm(c);
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
            again_add(c);
        }
    } else if (frame_ended || c->frame_at == 0) {
        c->frame_at = now_ms();
    }
    if (c->eof && c->in_flight == 0 && (c->frame_at != 0 || evbuffer_get_length(c->in) == 0)) {
        conn_finish(c);
    }
    timer_arm(c);
}

static void take_bytes(struct conn *c, const uint8_t *data, size_t len) {
    unsigned budget = CONN_TURN_FRAMES;
    c->active_at = now_ms();
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
    pause_set(c, PAUSE_END, 0);
    settle(c, false);
}

static void on_readable(evutil_socket_t fd, short what, void *arg) {
    struct conn *c = arg;
    (void)what;
    if (c->again || c->pause != 0) {
        return; /* what it sent before comes first */
    }
    ssize_t n = recv(fd, c->conns->scratch, sizeof c->conns->scratch, MSG_DONTWAIT);
    if (n > 0) {
        take_bytes(c, c->conns->scratch, (size_t)n);
    } else if (n == 0) {
        take_eof(c);
    } else if (errno != EAGAIN && errno != EINTR) {
        conn_end(c, CONN_END_PEER);
    }
}

static void read_again(struct conns *s) {
    struct conn *list = s->again;
    s->again = NULL;
    while (list != NULL) {
        struct conn *c = list;
        list = c->next_again;
        c->again = false;
        unsigned budget = CONN_TURN_FRAMES;
        handle_buffered(c, &budget);
        settle(c, budget < CONN_TURN_FRAMES);
    }
}

/* ---- writing ------------------------------------------------------------------ */

static void dirty_add(struct conn *c) {
    if (!c->dirty) {
        c->dirty = true;
        c->next_dirty = c->conns->dirty;
        c->conns->dirty = c;
    }
}

static void output_check(struct conn *c) {
    if (!c->output_full && evbuffer_get_length(c->out) > c->conns->limits.output_high) {
        c->output_full = true;
        pause_set(c, PAUSE_OUTPUT, 0);
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
        c->active_at = now_ms(); /* the reader's time begins with the first answer it has not */
    }
    dirty_add(c);
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

/* Writes as much as the socket takes. */
static void write_out(struct conn *c) {
    struct conns *s = c->conns;
    size_t before = evbuffer_get_length(c->out);
    if (before > 0) {
        int n = evbuffer_write(c->out, c->fd);
        if (n < 0 && errno != EAGAIN && errno != EINTR) {
            conn_end(c, CONN_END_PEER);
            return;
        }
        if (n > 0) {
            c->active_at = now_ms();
        }
    }
    size_t left = evbuffer_get_length(c->out);
    if (c->output_full && left <= s->limits.output_low) {
        c->output_full = false;
        pause_set(c, 0, PAUSE_OUTPUT);
        if (s->handler->drained != NULL) {
            s->handler->drained(s->ctx, c);
            left = evbuffer_get_length(c->out);
        }
    }
    if (c->closed) {
        return;
    }
    if (left == 0 && c->finishing) {
        conn_end(c, CONN_END_FINISHED);
        return;
    }
    if ((left > 0) != c->writing) {
        c->writing = left > 0;
        if (c->writing) {
            event_add(&c->writable, NULL);
        } else {
            event_del(&c->writable);
        }
    }
    timer_arm(c);
}

static void on_writable(evutil_socket_t fd, short what, void *arg) {
    (void)fd;
    (void)what;
    write_out(arg);
}

static void write_dirty(struct conns *s) {
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

/* ---- the turn ----------------------------------------------------------------- */

bool conns_turn(struct conns *s, void (*between)(void *ctx)) {
    read_again(s);
    if (between != NULL) {
        between(s->ctx);
    }
    write_dirty(s);
    reap(s);
    return s->again != NULL || s->dirty != NULL;
}

static void stop_reading(void *ctx, struct conn *c) {
    (void)ctx;
    pause_set(c, PAUSE_END, 0);
}

void conns_stop_reading(struct conns *s) {
    s->stopped = true;
    conns_each(s, stop_reading, NULL);
}

static void finish_if_done(void *ctx, struct conn *c) {
    (void)ctx;
    if (c->in_flight == 0) {
        conn_finish(c);
    }
}

void conns_finish_all(struct conns *s) {
    conns_each(s, finish_if_done, NULL);
}

/* ---- one connection ------------------------------------------------------------- */

struct conn *conns_add(struct conns *s, int fd) {
    int64_t slot = slot_take(s);
    struct conn *c = slot < 0 ? NULL : calloc(1, sizeof *c);
    if (c != NULL) {
        c->in = evbuffer_new();
        c->out = evbuffer_new();
    }
    if (c == NULL || c->in == NULL || c->out == NULL) {
        if (c != NULL && c->in != NULL) {
            evbuffer_free(c->in);
        }
        free(c);
        close(fd);
        return NULL;
    }
    uint32_t generation = ++s->generations[slot];
    if (generation == 0) {
        generation = ++s->generations[slot];
    }
    c->conns = s;
    c->id = (struct conn_id){.slot = (uint32_t)slot, .generation = generation};
    c->fd = fd;
    c->in_flight_max = s->limits.in_flight_max;
    c->opened_at = c->active_at = now_ms();
    s->slots[slot] = c;
    s->count++;
    evutil_make_socket_nonblocking(fd);
    event_assign(&c->readable, s->base, fd, EV_READ | EV_PERSIST, on_readable, c);
    event_assign(&c->writable, s->base, fd, EV_WRITE | EV_PERSIST, on_writable, c);
    event_assign(&c->timer, s->base, -1, 0, on_timer, c);
    event_priority_set(&c->readable, s->priority);
    event_priority_set(&c->writable, s->priority);
    event_priority_set(&c->timer, s->priority);
    if (s->stopped) {
        c->pause = PAUSE_END;
    } else {
        event_add(&c->readable, NULL);
    }
    timer_arm(c);
    return c;
}

struct conn_id conn_id(const struct conn *c) {
    return c->id;
}

int conn_fd(const struct conn *c) {
    return c->fd;
}

void *conn_data(const struct conn *c) {
    return c->data;
}

void conn_set_data(struct conn *c, void *data) {
    c->data = data;
}

void conn_begin(struct conn *c) {
    c->in_flight++;
    if (c->in_flight >= c->in_flight_max) {
        pause_set(c, PAUSE_IN_FLIGHT, 0);
    }
}

void conn_done(struct conn *c) {
    assert(c->in_flight > 0);
    c->in_flight--;
    c->active_at = now_ms();
    if (c->in_flight <= c->in_flight_max / 2) {
        pause_set(c, 0, PAUSE_IN_FLIGHT);
    }
    if (c->in_flight == 0 && c->eof) {
        again_add(c); /* settle() decides whether it ends */
    }
    timer_arm(c);
}

uint32_t conn_in_flight(const struct conn *c) {
    return c->in_flight;
}

void conn_hold(struct conn *c) {
    pause_set(c, PAUSE_HOLD, 0);
}

void conn_release(struct conn *c) {
    pause_set(c, 0, PAUSE_HOLD);
}

void conn_finish(struct conn *c) {
    if (c->finishing || c->closed) {
        return;
    }
    c->finishing = true;
    c->finish_at = now_ms();
    pause_set(c, PAUSE_END, 0);
    dirty_add(c);
    timer_arm(c);
}
