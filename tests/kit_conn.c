#include "tests/kit_conn.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct pair pair;

/* ---- the handler ---------------------------------------------------------------- */

void send_bytes(struct conn *c, const void *data, size_t len) {
    uint8_t *to = conn_reserve(c, len);
    if (to != NULL) {
        memcpy(to, data, len);
        conn_commit(c);
    }
}

static void on_message(void *ctx, struct conn *c, const uint8_t *data, size_t len) {
    (void)ctx;
    pair.handled++;
    memcpy(pair.last, data, len);
    switch (data[0]) {
    case SAY_BEGIN:
        conn_begin(c);
        break;
    case SAY_CLOSE:
        conn_close(c);
        break;
    case SAY_FINISH:
        send_bytes(c, data, len);
        conn_finish(c);
        break;
    case SAY_BIG:
        send_bytes(c, pair.last, 1000);
        break;
    default:
        send_bytes(c, data, len);
        break;
    }
}

static void on_broken(void *ctx, struct conn *c, const struct error *e) {
    (void)ctx;
    pair.broken++;
    pair.broken_why = *e;
    send_bytes(c, "broken", 6);
}

static void on_drained(void *ctx, struct conn *c) {
    (void)ctx;
    (void)c;
    pair.drained++;
}

static void on_closed(void *ctx, struct conn *c, enum conn_end why) {
    (void)ctx;
    (void)c;
    pair.closed++;
    pair.ended = why;
}

static bool is_ready(void *ctx) {
    (void)ctx;
    return pair.ready;
}

static const struct conn_handler handler = {on_message, on_broken, on_drained,
                                            on_closed,  is_ready,  NULL};

/* ---- fixture -------------------------------------------------------------------- */

int add_pair(void) {
    int fds[2];
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    pair.server = conns_add(pair.conns, fds[0], NULL);
    ck_assert_ptr_nonnull(pair.server);
    return fds[1];
}

void kit_conn_begin(void) {
    signal(SIGPIPE, SIG_IGN);
    struct event_config *cfg = event_config_new();
    event_config_set_flag(cfg, EVENT_BASE_FLAG_NOLOCK);
    pair.base = event_base_new_with_config(cfg);
    event_config_free(cfg);
    event_base_priority_init(pair.base, 2);
    pair.limits = (struct conn_limits){.in_flight_max = 4,
                                       .output_high = 8000,
                                       .output_low = 2000,
                                       .first_frame_ms = 60000,
                                       .frame_ms = 60000,
                                       .idle_ms = 60000,
                                       .close_ms = 60000};
    pair.conns = conns_new(pair.base, 1, &pair.limits, &handler, NULL);
    ck_assert_ptr_nonnull(pair.conns);
    pair.handled = pair.broken = pair.drained = pair.closed = 0;
    pair.ready = true;
    pair.client = add_pair();
}

void kit_conn_end(void) {
    close(pair.client);
    conns_free(pair.conns);
    event_base_free(pair.base);
}

void relimit(void) {
    conns_limits(pair.conns, &pair.limits);
    close(pair.client);
    conn_close(pair.server);
    pair.closed = 0;
    pair.client = add_pair();
}

void turn(void) {
    event_base_loop(pair.base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
    conns_turn(pair.conns, NULL);
}

void settle(void) {
    for (int i = 0; i < 50; i++) {
        turn();
    }
}

void put_raw(const void *data, size_t len) {
    ck_assert_int_eq(send(pair.client, data, len, MSG_NOSIGNAL), (ssize_t)len);
}

size_t framed(uint8_t *out, const void *data, size_t len) {
    frame_header(out, len);
    memcpy(out + FRAME_HEADER, data, len);
    return FRAME_HEADER + len;
}

void put_frame(const void *data, size_t len) {
    static uint8_t buffer[FRAME_HEADER + FRAME_MAX];
    put_raw(buffer, framed(buffer, data, len));
}

void expect_frame(const void *data, size_t len) {
    static uint8_t buffer[FRAME_HEADER + FRAME_MAX];
    size_t have = 0;
    size_t length = 0;
    int64_t until = kit_clock() + GUARD_MS;
    while (have < FRAME_HEADER || have < FRAME_HEADER + length) {
        size_t want = have < FRAME_HEADER ? FRAME_HEADER - have : FRAME_HEADER + length - have;
        ssize_t n = recv(pair.client, buffer + have, want, MSG_DONTWAIT);
        have += n > 0 ? (size_t)n : 0;
        ck_assert_msg(n != 0 && kit_clock() < until, "no frame came");
        if (have >= FRAME_HEADER) {
            frame_peek(buffer, have, &length);
        }
        turn();
    }
    ck_assert_uint_eq(length, len);
    ck_assert_mem_eq(buffer + FRAME_HEADER, data, len);
}

void expect_end(void) {
    char byte;
    ssize_t n = -1;
    UNTIL((n = recv(pair.client, &byte, 1, MSG_DONTWAIT)) == 0 || (n < 0 && errno != EAGAIN));
    ck_assert_int_le(n, 0);
}

void end_one(void) {
    send_bytes(pair.server, "done", 4);
    conn_done(pair.server);
}

void small_buffers(void) {
    int size = 1024;
    setsockopt(conn_fd(pair.server), SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
}
