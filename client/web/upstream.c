#include "client/web/upstream.h"

#include "client/web/clock.h"

#include "client/connection.h"
#include "client/transport.h"
#include "proto/frame.h"
#include "proto/log.h"
#include "proto/message.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SWEEP_MS 1000

struct question {
    const struct upstream_handler *handler; /* NULL: it had enough */
    void *ctx;
    uint32_t serial;
};

struct upstream {
    size_t place; /* in the list of all */
    struct upstreams *all;
    struct upstream_login login;
    struct transport transport;
    struct event *readable, *writable, *flush;
    bool greeted;     /* the daemon welcomed us */
    bool ending;      /* freed when nothing of it is on the stack */
    unsigned entered; /* calls of its own on the stack */
    uint32_t serial;  /* of the last request sent */
    int64_t moved;    /* something came, or was first asked, ms */
    size_t n_waiting;
    struct question *waiting[UPSTREAM_WAITING_MAX]; /* sent, in order */
};

struct upstreams {
    struct event_base *base;
    char *address;
    unsigned answer_ms;
    size_t n;
    struct upstream *list[UPSTREAMS_MAX];
    struct event *sweep;
    struct arena arena; /* of the answer at hand */
    struct arena welcome_arena;
    Madoguchi__Welcome *welcome;
};

/* ---- ends --------------------------------------------------------------------------------- */

/* The question at that place ends. */
static void question_end(struct upstream *u, size_t at, enum upstream_end end,
                         const struct error *e) {
    struct question *q = u->waiting[at];
    u->n_waiting--;
    memmove(&u->waiting[at], &u->waiting[at + 1], (u->n_waiting - at) * sizeof u->waiting[0]);
    if (q->handler != NULL) {
        q->handler->ended(q->ctx, end, e);
    }
    free(q);
}

static void upstream_free(struct upstream *u) {
    struct upstream *last = u->all->list[--u->all->n];
    u->all->list[u->place] = last;
    last->place = u->place;
    struct event *const events[] = {u->readable, u->writable, u->flush};
    for (size_t i = 0; i < 3; i++) {
        if (events[i] != NULL) {
            event_free(events[i]);
        }
    }
    transport_free(&u->transport);
    sodium_memzero(&u->login, sizeof u->login);
    free(u);
}

static void leave(struct upstream *u) {
    if (--u->entered == 0 && u->ending) {
        upstream_free(u);
    }
}

/* Everything that waits hears it, and the connection is no more. */
static void upstream_end(struct upstream *u, enum upstream_end end, const struct error *e) {
    if (u->ending) {
        return;
    }
    u->ending = true;
    u->entered++;
    while (u->n_waiting > 0) {
        question_end(u, 0, end, e);
    }
    leave(u);
}

static void lost(struct upstream *u) {
    struct error e;
    if (u->greeted) {
        error_set(&e, ERR_INTERNAL, "",
                  "The answer was lost: it is not known whether this was recorded. Asked again "
                  "under its id it is done once, or not at all.",
                  "サーバーの応答が失われ、記録されたかどうか分かりません。同じ受付番号でもう一度"
                  "送れば、二重にはなりません。");
        upstream_end(u, UPSTREAM_LOST, &e);
        return;
    }
    error_set(&e, ERR_BUSY, "", "The daemon does not answer at the moment. Try again.",
              "サーバーが応答していません。しばらくしてからお試しください。");
    upstream_end(u, UPSTREAM_NOBODY, &e);
}

/* ---- reading ------------------------------------------------------------------------------ */

/* The rest of a long answer is not read to its end for nobody. */
static void end_unless_wanted(struct upstream *u) {
    for (size_t i = 0; i < u->n_waiting; i++) {
        if (u->waiting[i]->handler != NULL) {
            return;
        }
    }
    upstream_end(u, UPSTREAM_DONE, NULL);
}

static void take_answer(struct upstream *u, const Madoguchi__Answer *answer) {
    struct error e;
    size_t at = 0;
    while (at < u->n_waiting && u->waiting[at]->serial != answer->serial) {
        at++;
    }
    if (at == u->n_waiting) {
        return;
    }
    struct question *q = u->waiting[at];
    if (answer->body_case == MADOGUCHI__ANSWER__BODY_ERROR) {
        connection_error(answer->error, &e);
        question_end(u, at, UPSTREAM_REFUSED, &e);
        return;
    }
    bool enough = q->handler != NULL && !q->handler->answer(q->ctx, answer);
    if (!answer->more) {
        question_end(u, at, UPSTREAM_DONE, NULL);
    } else if (enough) {
        q->handler->ended(q->ctx, UPSTREAM_DONE, NULL);
        q->handler = NULL;
        end_unless_wanted(u);
    }
}

/* The daemon's first words.  -1: it does not want us. */
static int take_greeting(struct upstream *u, const uint8_t *data, size_t len) {
    struct upstreams *us = u->all;
    struct error e;
    arena_reset(&us->welcome_arena);
    us->welcome = NULL;
    const Madoguchi__ServerMessage *m = (Madoguchi__ServerMessage *)message_unpack(
        &madoguchi__server_message__descriptor, &us->welcome_arena, data, len, &e);
    if (m != NULL && m->body_case == MADOGUCHI__SERVER_MESSAGE__BODY_WELCOME) {
        us->welcome = m->welcome;
        u->greeted = true;
        return 0;
    }
    if (m != NULL && m->body_case == MADOGUCHI__SERVER_MESSAGE__BODY_ANSWER &&
        m->answer->body_case == MADOGUCHI__ANSWER__BODY_ERROR) {
        connection_error(m->answer->error, &e);
        upstream_end(u, UPSTREAM_REFUSED, &e);
    }
    return -1;
}

static int take_frame(struct upstream *u, const uint8_t *data, size_t len) {
    if (!u->greeted) {
        return take_greeting(u, data, len);
    }
    arena_reset(&u->all->arena);
    const Madoguchi__ServerMessage *m = (Madoguchi__ServerMessage *)message_unpack(
        &madoguchi__server_message__descriptor, &u->all->arena, data, len, NULL);
    if (m == NULL || m->body_case != MADOGUCHI__SERVER_MESSAGE__BODY_ANSWER) {
        return -1;
    }
    take_answer(u, m->answer);
    return 0;
}

static void on_readable(evutil_socket_t fd, short what, void *ctx) {
    struct upstream *u = ctx;
    const uint8_t *data;
    size_t len;
    (void)fd;
    (void)what;
    u->entered++;
    int moved = transport_read_some(&u->transport);
    int ready = 0;
    while (!u->ending && (ready = transport_frame_ready(&u->transport, &data, &len)) > 0) {
        u->moved = web_clock_ms();
        if (take_frame(u, data, len) < 0) {
            ready = -1;
            break;
        }
    }
    if (ready < 0 || moved < 0) {
        lost(u);
    }
    leave(u);
}

/* ---- writing ------------------------------------------------------------------------------ */

static void on_flush(evutil_socket_t fd, short what, void *ctx) {
    struct upstream *u = ctx;
    (void)fd;
    (void)what;
    if (transport_write_some(&u->transport) < 0) {
        u->entered++;
        lost(u);
        leave(u);
    } else if (transport_pending(&u->transport) > 0) {
        event_add(u->writable, NULL);
    }
}

static int put_message(struct upstream *u, const Madoguchi__ClientMessage *m) {
    size_t len = protobuf_c_message_get_packed_size(&m->base);
    uint8_t *room = len <= FRAME_MAX ? transport_room(&u->transport, FRAME_HEADER + len) : NULL;
    if (room == NULL) {
        return -1;
    }
    frame_header(room, len);
    protobuf_c_message_pack(&m->base, room + FRAME_HEADER);
    transport_filled(&u->transport, FRAME_HEADER + len);
    event_active(u->flush, EV_WRITE, 1);
    return 0;
}

static int greet(struct upstream *u) {
    Madoguchi__Hello hello = MADOGUCHI__HELLO__INIT;
    SET(&hello, protocol, PROTOCOL_VERSION);
    SET(&hello, build, bytes_of("madoguchi-web " MADOGUCHI_VERSION));
    SET(&hello, language, bytes_of(u->login.english ? "en" : "ja"));
    if (u->login.has_token) {
        SET(&hello, token, ((ProtobufCBinaryData){TOKEN_BYTES, u->login.token}));
    }
    if (u->login.origin[0] != '\0') {
        SET(&hello, origin, bytes_of(u->login.origin));
    }
    Madoguchi__ClientMessage message = MADOGUCHI__CLIENT_MESSAGE__INIT;
    message.body_case = MADOGUCHI__CLIENT_MESSAGE__BODY_HELLO;
    message.hello = &hello;
    return put_message(u, &message);
}

/* ---- opening ------------------------------------------------------------------------------ */

static bool same_login(const struct upstream_login *a, const struct upstream_login *b) {
    return a->has_token == b->has_token && a->english == b->english && a->bulk == b->bulk &&
           strcmp(a->origin, b->origin) == 0 &&
           (!a->has_token || sodium_memcmp(a->token, b->token, TOKEN_BYTES) == 0);
}

static struct upstream *upstream_find(struct upstreams *us, const struct upstream_login *login) {
    for (size_t i = 0; i < us->n; i++) {
        struct upstream *u = us->list[i];
        if (!u->ending && same_login(&u->login, login)) {
            return u;
        }
    }
    return NULL;
}

/* Room for one more: the one that has been idle for longest goes. */
static bool make_room(struct upstreams *us) {
    struct upstream *oldest = NULL;
    if (us->n < UPSTREAMS_MAX) {
        return true;
    }
    for (size_t i = 0; i < us->n; i++) {
        struct upstream *u = us->list[i];
        if (u->n_waiting == 0 && u->entered == 0 && (oldest == NULL || u->moved < oldest->moved)) {
            oldest = u;
        }
    }
    if (oldest != NULL) {
        upstream_free(oldest);
    }
    return oldest != NULL;
}

static bool make_events(struct upstream *u) {
    struct event_base *base = u->all->base;
    u->readable = event_new(base, u->transport.fd, EV_READ | EV_PERSIST, on_readable, u);
    u->writable = event_new(base, u->transport.fd, EV_WRITE, on_flush, u);
    u->flush = event_new(base, -1, 0, on_flush, u);
    return u->readable != NULL && u->writable != NULL && u->flush != NULL &&
           event_add(u->readable, NULL) == 0;
}

static int refuse_busy(struct error *e) {
    return error_set(e, ERR_BUSY, "", "Too much waits at the moment. Try again.",
                     "いま混み合っています。少し待ってからお試しください。");
}

static struct upstream *upstream_open(struct upstreams *us, const struct upstream_login *login,
                                      struct error *e) {
    const struct transport_place place = {.address = us->address};
    char why[128] = "";
    struct upstream *u = make_room(us) ? calloc(1, sizeof *u) : NULL;
    if (u == NULL) {
        refuse_busy(e);
        return NULL;
    }
    u->all = us;
    u->login = *login;
    u->moved = web_clock_ms();
    u->place = us->n;
    us->list[us->n++] = u;
    /* No patience: a socket of this machine takes us at once, or is busy. */
    if (transport_init(&u->transport) < 0 ||
        transport_open(&u->transport, &place, 0, why, sizeof why, e) != TRANSPORT_OPEN ||
        !make_events(u) || greet(u) < 0) {
        log_event(LEVEL_WARNING, "no-daemon", "address=%s why=\"%s\"", us->address, why);
        error_set(e, ERR_BUSY, "server", "No madoguchid answers at %s. Tell who runs it.",
                  "サーバー（%s）が応答していません。管理者に知らせてください。", us->address);
        upstream_free(u);
        return NULL;
    }
    return u;
}

int upstream_ask(struct upstreams *us, const struct upstream_login *login,
                 Madoguchi__Request *request, const struct upstream_handler *handler, void *ctx,
                 struct error *e) {
    struct upstream *u = upstream_find(us, login);
    if (u == NULL && (u = upstream_open(us, login, e)) == NULL) {
        return -1;
    }
    struct question *q = u->n_waiting < UPSTREAM_WAITING_MAX ? calloc(1, sizeof *q) : NULL;
    if (q == NULL) {
        return refuse_busy(e);
    }
    Madoguchi__ClientMessage message = MADOGUCHI__CLIENT_MESSAGE__INIT;
    message.body_case = MADOGUCHI__CLIENT_MESSAGE__BODY_REQUEST;
    message.request = request;
    SET(request, serial, ++u->serial);
    if (put_message(u, &message) < 0) {
        free(q);
        return refuse_busy(e); /* or beyond a frame, which the body's limit excludes */
    }
    *q = (struct question){.handler = handler, .ctx = ctx, .serial = u->serial};
    if (u->n_waiting == 0) {
        u->moved = web_clock_ms();
    }
    u->waiting[u->n_waiting++] = q;
    return 0;
}

void upstream_forget(struct upstreams *us, const uint8_t token[TOKEN_BYTES]) {
    for (size_t i = 0; i < us->n; i++) {
        struct upstream *u = us->list[i];
        if (u->login.has_token && sodium_memcmp(u->login.token, token, TOKEN_BYTES) == 0) {
            u->moved = 0; /* the sweep takes it */
        }
    }
}

/* ---- the whole ---------------------------------------------------------------------------- */

/* Whether it is to end: nobody answers, or nobody asks. */
static bool is_over(const struct upstream *u, int64_t now) {
    unsigned patience = u->greeted && u->n_waiting == 0 ? UPSTREAM_IDLE_MS : u->all->answer_ms;
    return now - u->moved >= patience;
}

static void on_sweep(evutil_socket_t fd, short what, void *ctx) {
    struct upstreams *us = ctx;
    int64_t now = web_clock_ms();
    (void)fd;
    (void)what;
    for (size_t i = 0; i < us->n;) {
        if (is_over(us->list[i], now)) {
            lost(us->list[i]); /* whoever hears of it may ask anew: the list is another one */
            i = 0;
        } else {
            i++;
        }
    }
}

struct upstreams *upstreams_new(struct event_base *base, const char *address, unsigned answer_ms) {
    const struct timeval every = {.tv_sec = SWEEP_MS / 1000};
    struct upstreams *us = calloc(1, sizeof *us);
    if (us == NULL) {
        return NULL;
    }
    us->base = base;
    us->answer_ms = answer_ms;
    us->address = strdup(address);
    arena_init(&us->arena, FRAME_BUDGET);
    arena_init(&us->welcome_arena, FRAME_BUDGET);
    us->sweep = event_new(base, -1, EV_PERSIST, on_sweep, us);
    if (us->address == NULL || us->sweep == NULL || event_add(us->sweep, &every) < 0) {
        upstreams_free(us);
        return NULL;
    }
    return us;
}

void upstreams_free(struct upstreams *us) {
    if (us == NULL) {
        return;
    }
    while (us->n > 0) {
        lost(us->list[0]);
    }
    if (us->sweep != NULL) {
        event_free(us->sweep);
    }
    arena_free(&us->arena);
    arena_free(&us->welcome_arena);
    free(us->address);
    free(us);
}

const Madoguchi__Welcome *upstream_welcome(const struct upstreams *us) {
    return us->welcome;
}
