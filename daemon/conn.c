#include "daemon/conn_private.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SLOTS_STEP 64

int64_t conn_now(void) {
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

size_t conns_remote(const struct conns *s) {
    return s->remote;
}

size_t conns_securing(const struct conns *s) {
    return s->securing;
}

uint64_t conns_unsecured(const struct conns *s) {
    return s->unsecured;
}

static bool slots_grow(struct conns *s) {
    uint32_t n = s->n_slots + SLOTS_STEP;
    struct conn **slots = realloc(s->slots, n * sizeof(struct conn *));
    if (slots == NULL) {
        return false;
    }
    s->slots = slots;
    uint32_t *generations = realloc(s->generations, n * sizeof *generations);
    if (generations == NULL) {
        return false;
    }
    s->generations = generations;
    memset(slots + s->n_slots, 0, SLOTS_STEP * sizeof(struct conn *));
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

void conn_end(struct conn *c, enum conn_end why) {
    struct conns *s = c->conns;
    if (c->closed) {
        return;
    }
    c->closed = true;
    conn_secure_end(c);
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
    s->remote -= c->stream != NULL ? 1 : 0;
    c->next_dead = s->dead;
    s->dead = c;
}

static void conn_free(struct conn *c) {
    tls_stream_free(c->stream);
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
        *why = c->lingering ? c->why : CONN_END_CLOSE;
        return c->finish_at + l->close_ms;
    }
    if (c->securing) {
        bool crowded = c->conns->securing >= l->handshakes_max;
        *why = CONN_END_HANDSHAKE;
        return c->opened_at +
               (crowded && l->handshake_ms > CONN_CROWDED_MS ? CONN_CROWDED_MS : l->handshake_ms);
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
    return (c->passing_at != 0 ? c->passing_at : c->active_at) + l->idle_ms;
}

/* Arms the timer if the deadline is earlier than what it is armed for.  Later
 * deadlines are found when it fires, so that a busy connection costs nothing
 * here. */
void conn_timer_arm(struct conn *c) {
    enum conn_end why;
    int64_t at = c->closed ? 0 : deadline(c, &why);
    if (at == 0 || (c->timer_at != 0 && c->timer_at <= at)) {
        return;
    }
    int64_t wait = at - conn_now();
    if (wait < 1) {
        wait = 1;
    }
    if (c->securing && wait > CONN_CROWDED_MS) {
        wait = CONN_CROWDED_MS; /* to see whether it has become crowded */
    }
    struct timeval tv = {.tv_sec = wait / 1000, .tv_usec = wait % 1000 * 1000};
    if (event_add(&c->timer, &tv) != 0) {
        conn_fail(c); /* nothing goes on without a deadline */
        return;
    }
    c->timer_at = at;
}

static void on_timer(evutil_socket_t fd, short what, void *arg) {
    struct conn *c = arg;
    (void)fd;
    (void)what;
    c->timer_at = 0;
    enum conn_end why;
    int64_t at = deadline(c, &why);
    if (at != 0 && at <= conn_now()) {
        conn_end(c, why);
        return;
    }
    conn_timer_arm(c);
}

/* ---- the turn ----------------------------------------------------------------- */

void conns_write(struct conns *s) {
    conns_write_dirty(s);
}

bool conns_turn(struct conns *s, void (*between)(void *ctx)) {
    conns_read_again(s);
    if (between != NULL) {
        between(s->ctx);
    }
    conns_write_dirty(s);
    reap(s);
    return s->again != NULL || s->dirty != NULL;
}

static void stop_reading(void *ctx, struct conn *c) {
    (void)ctx;
    conn_pause(c, PAUSE_END, 0);
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

/* With its buffers; NULL when out of memory. */
static struct conn *conn_new(void) {
    struct conn *c = calloc(1, sizeof *c);
    if (c == NULL) {
        return NULL;
    }
    c->in = evbuffer_new();
    c->out = evbuffer_new();
    if (c->in == NULL || c->out == NULL) {
        if (c->in != NULL) {
            evbuffer_free(c->in);
        }
        free(c);
        return NULL;
    }
    return c;
}

static void events_assign(struct conn *c) {
    struct conns *s = c->conns;
    event_assign(&c->readable, s->base, c->fd, EV_READ | EV_PERSIST, conn_on_readable, c);
    event_assign(&c->writable, s->base, c->fd, EV_WRITE | EV_PERSIST, conn_on_writable, c);
    event_assign(&c->timer, s->base, -1, 0, on_timer, c);
    event_priority_set(&c->readable, s->priority);
    event_priority_set(&c->writable, s->priority);
    event_priority_set(&c->timer, s->priority);
}

struct conn *conns_add(struct conns *s, int fd, struct tls_stream *stream) {
    int64_t slot = slot_take(s);
    struct conn *c = slot < 0 ? NULL : conn_new();
    if (c == NULL) {
        tls_stream_free(stream);
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
    c->stream = stream;
    c->securing = stream != NULL;
    s->securing += c->securing ? 1 : 0;
    s->remote += stream != NULL ? 1 : 0;
    c->in_flight_max = s->limits.in_flight_max;
    c->opened_at = c->active_at = conn_now();
    s->slots[slot] = c;
    s->count++;
    evutil_make_socket_nonblocking(fd);
    events_assign(c);
    if (s->stopped) {
        c->pause = PAUSE_END;
    } else if (event_add(&c->readable, NULL) != 0) {
        conn_fail(c);
    }
    conn_timer_arm(c);
    return c;
}

struct conn_id conn_id(const struct conn *c) {
    return c->id;
}

int conn_fd(const struct conn *c) {
    return c->fd;
}

const struct tls_peer *conn_peer(const struct conn *c) {
    return c->stream != NULL ? tls_stream_peer(c->stream) : NULL;
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
        conn_pause(c, PAUSE_IN_FLIGHT, 0);
    }
}

void conn_done(struct conn *c) {
    assert(c->in_flight > 0);
    c->in_flight--;
    c->active_at = conn_now();
    if (c->in_flight <= c->in_flight_max / 2) {
        conn_pause(c, 0, PAUSE_IN_FLIGHT);
    }
    if (c->in_flight == 0 && c->eof) {
        conn_again(c); /* the next turn decides whether it ends */
    }
    conn_timer_arm(c);
}

uint64_t conn_turn(struct conn *c, uint64_t turn) {
    uint64_t before = c->turn;
    c->turn = turn;
    return before;
}

uint32_t conn_in_flight(const struct conn *c) {
    return c->in_flight;
}

void conn_passing(struct conn *c) {
    c->passing_at = conn_now();
    c->timer_at = 0;
    conn_timer_arm(c);
}

void conn_hold(struct conn *c) {
    conn_pause(c, PAUSE_HOLD, 0);
}

void conn_release(struct conn *c) {
    conn_pause(c, 0, PAUSE_HOLD);
}

void conn_finish(struct conn *c) {
    if (c->finishing || c->closed) {
        return;
    }
    c->finishing = true;
    c->finish_at = conn_now();
    conn_pause(c, PAUSE_END, 0);
    conn_dirty(c);
    conn_timer_arm(c);
}
