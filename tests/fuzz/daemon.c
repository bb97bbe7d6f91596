#include "tests/fuzz/daemon.h"
#include "tests/fuzz/pool_inline.h"

#include "daemon/group.h"
#include "proto/frame.h"
#include "proto/log.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define TURNS_MAX 20000

struct fuzz_daemon fuzz_daemon;
#define d fuzz_daemon

static uint64_t head_of(void) {
    struct store_status status;
    store_status(d.store, &status);
    return status.head;
}

static void start_dispatch(void) {
    struct error e;
    MUST(secrets_open(fuzz_folder(), &d.secrets, &e) == 0); /* there is no such file */
    d.pool = pool_new(d.base, 0, 1, d.config->query_waiting_max);
    const struct dispatch_setting setting = {.base = d.base,
                                             .priority = 1,
                                             .store = d.store,
                                             .secrets = d.secrets,
                                             .pool = d.pool,
                                             .room = &d.room,
                                             .config = d.config};
    d.dispatch = dispatch_new(&setting);
    MUST(d.dispatch != NULL);
}

static void stop_dispatch(void) {
    MUST(pool_stop(d.pool, 0) && dispatch_stop(d.dispatch, 0));
    dispatch_free(d.dispatch);
    secrets_free(d.secrets);
}

/* A new daemon on a new store. */
static void start(void) {
    d.store = fuzz_store();
    if (d.people != NULL) {
        d.people();
    }
    d.head = head_of();
    start_dispatch();
}

void fuzz_daemon_anew(void) {
    bool recorded = head_of() != d.head;
    stop_dispatch();
    if (recorded) {
        store_close(d.store, false);
        start();
    } else {
        start_dispatch();
    }
}

void fuzz_daemon_first(void (*people)(void), void (*answered)(const Madoguchi__ServerMessage *)) {
    signal(SIGPIPE, SIG_IGN); /* as the daemon does */
    log_level(LEVEL_ERROR);
    d.people = people;
    d.answered = answered;
    d.config = config_defaults();
    d.base = event_base_new();
    MUST(d.config != NULL && d.base != NULL && event_base_priority_init(d.base, 2) == 0);
    d.config->in_flight_max = 16; /* enough for the thread that folds */
    d.config->output_high_bytes = 8192;
    d.config->output_low_bytes = 1024;
    d.config->gather_us = 0;
    d.room.directory = fuzz_folder();
    atomic_store(&d.room.memory, 4096);
    atomic_store(&d.room.disk, (uint64_t)64 << 20);
    arena_init(&d.arena, 1u << 20);
    d.answers = malloc(FUZZ_STREAM_MAX);
    MUST(d.answers != NULL);
    start();
}

void fuzz_daemon_record(Madoguchi__Request *request) {
    const struct store_actor actor = {.id = "fuzz"};
    struct store_result result;
    struct error e = {0};
    MUST(store_begin(d.store, UINT64_C(1900000000000), &e) == STORE_DONE);
    if (store_record(d.store, &actor, request, &d.arena, &result, &e) < 0) {
        fprintf(stderr, "%s\n", e.en);
        abort();
    }
    MUST(store_commit(d.store, &e) == STORE_DONE);
    arena_reset(&d.arena);
}

/* ---- what goes in ----------------------------------------------------------------- */

void fuzz_put(struct fuzz_stream *s, const void *data, size_t len) {
    if (len > 0 && s->len + len <= FUZZ_STREAM_MAX) {
        memcpy(s->data + s->len, data, len);
        s->len += len;
    }
}

void fuzz_put_frame(struct fuzz_stream *s, const void *data, size_t len) {
    uint8_t header[FRAME_HEADER];
    if (s->len + sizeof header + len <= FUZZ_STREAM_MAX) {
        frame_header(header, len);
        fuzz_put(s, header, sizeof header);
        fuzz_put(s, data, len);
    }
}

void fuzz_put_hello(struct fuzz_stream *s, const uint8_t *token, size_t len) {
    uint8_t message[64] = {0x0a, 0, 0x08, 0x01, 0x1a, 0x02, 'e', 'n'};
    size_t n = 8;
    if (token != NULL && len <= 32) {
        message[n++] = 0x22;
        message[n++] = (uint8_t)len;
        memcpy(message + n, token, len);
        n += len;
    }
    message[1] = (uint8_t)(n - 2);
    fuzz_put_frame(s, message, n);
}

void fuzz_put_messages(struct fuzz_stream *s, const uint8_t *p, size_t size) {
    while (size > 2) {
        size_t len = (size_t)p[0] << 8 | p[1];
        p += 2;
        size -= 2;
        len = len < size ? len : size;
        fuzz_put_frame(s, p, len);
        p += len;
        size -= len;
    }
}

/* Whether it asks for a proof of all files, which is another target's and slow,
 * or for a backup, which writes wherever it is told to. */
bool fuzz_looks_further(const struct fuzz_stream *s) {
    size_t len;
    for (size_t at = 0; frame_peek(s->data + at, s->len - at, &len) == FRAME_COMPLETE;
         at += FRAME_HEADER + len) {
        struct error e;
        arena_reset(&d.arena);
        const Madoguchi__ClientMessage *m = (const Madoguchi__ClientMessage *)message_unpack(
            &madoguchi__client_message__descriptor, &d.arena, s->data + at + FRAME_HEADER, len, &e);
        if (m != NULL && m->body_case == MADOGUCHI__CLIENT_MESSAGE__BODY_REQUEST &&
            (m->request->body_case == MADOGUCHI__REQUEST__BODY_VERIFY ||
             m->request->body_case == MADOGUCHI__REQUEST__BODY_BACKUP)) {
            return true;
        }
    }
    return false;
}

/* ---- what comes out ---------------------------------------------------------------- */

static void look_at_answers(void) {
    size_t at = 0;
    size_t len;
    while (frame_peek(d.answers + at, d.n_answers - at, &len) == FRAME_COMPLETE) {
        struct error e = {0};
        arena_reset(&d.arena);
        const Madoguchi__ServerMessage *m = (const Madoguchi__ServerMessage *)message_unpack(
            &madoguchi__server_message__descriptor, &d.arena, d.answers + at + FRAME_HEADER, len,
            &e);
        MUST(m != NULL);
        MUST(m->body_case == MADOGUCHI__SERVER_MESSAGE__BODY_WELCOME ||
             m->body_case == MADOGUCHI__SERVER_MESSAGE__BODY_ANSWER);
        if (m->body_case == MADOGUCHI__SERVER_MESSAGE__BODY_ANSWER) {
            const Madoguchi__Answer *a = m->answer;
            MUST(a->body_case != MADOGUCHI__ANSWER__BODY__NOT_SET);
            MUST(a->body_case != MADOGUCHI__ANSWER__BODY_ERROR ||
                 a->error->code != MADOGUCHI__ERROR_CODE__INTERNAL);
        }
        if (d.answered != NULL) {
            d.answered(m);
        }
        at += FRAME_HEADER + len;
    }
    memmove(d.answers, d.answers + at, d.n_answers - at);
    d.n_answers -= at;
}

static void take_answers(int fd) {
    ssize_t n;
    while ((n = recv(fd, d.answers + d.n_answers, FUZZ_STREAM_MAX - d.n_answers, MSG_DONTWAIT)) >
           0) {
        d.n_answers += (size_t)n;
        look_at_answers();
    }
}

static void turn(void) {
    event_base_loop(d.base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
    pool_inline_run();
    dispatch_turn(d.dispatch);
    /* A flush beside the loop ends by itself: wait, do not count turns. */
    while (group_flushing(dispatch_group(d.dispatch))) {
        event_base_loop(d.base, EVLOOP_ONCE);
    }
}

void fuzz_daemon_talk(const struct fuzz_stream *s, int how) {
    int fds[2];
    size_t sent = 0;
    bool open = true;
    MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) == 0);
    d.n_answers = 0;
    dispatch_accept(d.dispatch, fds[1], false);
    for (unsigned turns = 0; conns_count(dispatch_conns(d.dispatch)) > 0; turns++) {
        MUST(turns < TURNS_MAX);
        size_t most = (how & FUZZ_PIECES) != 0 ? 1 + turns * 7 % 64 : s->len - sent;
        size_t n = most < s->len - sent ? most : s->len - sent;
        if (open && n > 0) {
            ssize_t done = send(fds[0], s->data + sent, n, MSG_DONTWAIT | MSG_NOSIGNAL);
            sent += done > 0 ? (size_t)done : 0;
            sent = done < 0 && errno != EAGAIN ? s->len : sent;
        }
        if (open && sent == s->len) {
            open = false;
            if ((how & FUZZ_DEAF) != 0) {
                close(fds[0]);
                fds[0] = -1;
            } else {
                shutdown(fds[0], SHUT_WR);
            }
        }
        turn();
        if (fds[0] >= 0 && (how & FUZZ_DEAF) == 0) {
            take_answers(fds[0]);
        }
    }
    if (fds[0] >= 0) {
        take_answers(fds[0]);
        close(fds[0]);
    }
    while (pool_inline_run()) {
        turn();
    }
    MUST((how & FUZZ_DEAF) != 0 || d.n_answers == 0);
}
