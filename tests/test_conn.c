/* The limits of daemon/conn on socket pairs, with a small handler in the
 * store's place.  A message's first byte says what the handler does. */
#include "daemon/conn.h"
#include "proto/frame.h"
#include "tests/suite.h"

#include <check.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define GUARD_MS 8000 /* a condition that does not come true by then never will */

enum {
    SAY_ECHO = 'e',  /* answer the same bytes at once */
    SAY_BEGIN = 'b', /* in flight, answered by end_one() */
    SAY_CLOSE = 'c',
    SAY_FINISH = 'f', /* echo, then finish */
    SAY_BIG = 'B',    /* answer 1,000 bytes */
};

static struct event_base *base;
static struct conns *conns;
static struct conn_limits limits;
static struct conn *server; /* the last one added */
static int client;

static unsigned handled, broken, drained, closed;
static enum conn_end ended;
static struct error broken_why;
static bool ready;
static uint8_t last[FRAME_MAX];
static size_t last_len;

static int64_t now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- the handler ---------------------------------------------------------------- */

static void send_bytes(struct conn *c, const void *data, size_t len) {
    uint8_t *to = conn_reserve(c, len);
    if (to != NULL) {
        memcpy(to, data, len);
        conn_commit(c);
    }
}

static void on_message(void *ctx, struct conn *c, const uint8_t *data, size_t len) {
    (void)ctx;
    handled++;
    memcpy(last, data, len);
    last_len = len;
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
        send_bytes(c, last, 1000);
        break;
    default:
        send_bytes(c, data, len);
        break;
    }
}

static void on_broken(void *ctx, struct conn *c, const struct error *e) {
    (void)ctx;
    broken++;
    broken_why = *e;
    send_bytes(c, "broken", 6);
}

static void on_drained(void *ctx, struct conn *c) {
    (void)ctx;
    (void)c;
    drained++;
}

static void on_closed(void *ctx, struct conn *c, enum conn_end why) {
    (void)ctx;
    (void)c;
    closed++;
    ended = why;
}

static bool is_ready(void *ctx) {
    (void)ctx;
    return ready;
}

static const struct conn_handler handler = {on_message, on_broken, on_drained,
                                            on_closed,  is_ready,  NULL};

/* ---- fixture -------------------------------------------------------------------- */

static int add_pair(void) {
    int fds[2];
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    server = conns_add(conns, fds[0], NULL);
    ck_assert_ptr_nonnull(server);
    return fds[1];
}

static void begin(void) {
    signal(SIGPIPE, SIG_IGN);
    struct event_config *cfg = event_config_new();
    event_config_set_flag(cfg, EVENT_BASE_FLAG_NOLOCK);
    base = event_base_new_with_config(cfg);
    event_config_free(cfg);
    event_base_priority_init(base, 2);
    limits = (struct conn_limits){.in_flight_max = 4,
                                  .output_high = 8000,
                                  .output_low = 2000,
                                  .first_frame_ms = 60000,
                                  .frame_ms = 60000,
                                  .idle_ms = 60000,
                                  .close_ms = 60000};
    conns = conns_new(base, 1, &limits, &handler, NULL);
    ck_assert_ptr_nonnull(conns);
    handled = broken = drained = closed = 0;
    ready = true;
    client = add_pair();
}

static void end(void) {
    close(client);
    conns_free(conns);
    event_base_free(base);
}

static void relimit(void) {
    conns_limits(conns, &limits);
    close(client);
    conn_close(server);
    closed = 0;
    client = add_pair();
}

static void turn(void) {
    event_base_loop(base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
    conns_turn(conns, NULL);
}

/* Turns the loop until the condition holds. */
#define UNTIL(condition)                                               \
    do {                                                               \
        int64_t until_ = now_ms() + GUARD_MS;                          \
        while (!(condition)) {                                         \
            ck_assert_msg(now_ms() < until_, "never: %s", #condition); \
            turn();                                                    \
        }                                                              \
    } while (0)

/* Turns until nothing moves any more. */
static void settle(void) {
    for (int i = 0; i < 50; i++) {
        turn();
    }
}

static void put_raw(const void *data, size_t len) {
    ck_assert_int_eq(send(client, data, len, MSG_NOSIGNAL), (ssize_t)len);
}

static size_t framed(uint8_t *out, const void *data, size_t len) {
    frame_header(out, len);
    memcpy(out + FRAME_HEADER, data, len);
    return FRAME_HEADER + len;
}

static void put_frame(const void *data, size_t len) {
    static uint8_t buffer[FRAME_HEADER + FRAME_MAX];
    put_raw(buffer, framed(buffer, data, len));
}

/* Takes the next frame of the server and compares it. */
static void expect_frame(const void *data, size_t len) {
    static uint8_t buffer[FRAME_HEADER + FRAME_MAX];
    size_t have = 0;
    size_t length = 0;
    int64_t until = now_ms() + GUARD_MS;
    while (have < FRAME_HEADER || have < FRAME_HEADER + length) {
        size_t want = have < FRAME_HEADER ? FRAME_HEADER - have : FRAME_HEADER + length - have;
        ssize_t n = recv(client, buffer + have, want, MSG_DONTWAIT);
        have += n > 0 ? (size_t)n : 0;
        ck_assert_msg(n != 0 && now_ms() < until, "no frame came");
        if (have >= FRAME_HEADER) {
            frame_peek(buffer, have, &length);
        }
        turn();
    }
    ck_assert_uint_eq(length, len);
    ck_assert_mem_eq(buffer + FRAME_HEADER, data, len);
}

static void expect_end(void) {
    char byte;
    ssize_t n = -1;
    UNTIL((n = recv(client, &byte, 1, MSG_DONTWAIT)) == 0 || (n < 0 && errno != EAGAIN));
    ck_assert_int_le(n, 0);
}

/* Answers one request that is in flight. */
static void end_one(void) {
    send_bytes(server, "done", 4);
    conn_done(server);
}

/* ---- frames --------------------------------------------------------------------- */

START_TEST(frames_come_whole) {
    put_frame("e1", 2);
    expect_frame("e1", 2);
    uint8_t two[64];
    size_t n = framed(two, "efirst", 6);
    n += framed(two + n, "esecond", 7);
    put_raw(two, n);
    expect_frame("efirst", 6);
    expect_frame("esecond", 7);
}
END_TEST

START_TEST(frames_split_at_every_byte) {
    uint8_t two[64];
    size_t n = framed(two, "eabc", 4);
    n += framed(two + n, "exyz", 4);
    for (size_t cut = 1; cut < n; cut++) {
        put_raw(two, cut);
        settle();
        put_raw(two + cut, n - cut);
        expect_frame("eabc", 4);
        expect_frame("exyz", 4);
    }
    for (size_t i = 0; i < n; i++) {
        put_raw(two + i, 1);
        settle();
    }
    expect_frame("eabc", 4);
    expect_frame("exyz", 4);
}
END_TEST

START_TEST(frame_of_the_greatest_length) {
    uint8_t *data = malloc(FRAME_MAX);
    memset(data, 'e', FRAME_MAX);
    uint8_t header[FRAME_HEADER];
    frame_header(header, FRAME_MAX);
    put_raw(header, FRAME_HEADER);
    for (size_t at = 0; at < FRAME_MAX; at += 4096) {
        put_raw(data + at, 4096);
        settle();
    }
    expect_frame(data, FRAME_MAX);
    free(data);
}
END_TEST

static void expect_broken(void) {
    expect_frame("broken", 6);
    expect_end();
    ck_assert_uint_eq(broken, 1);
    ck_assert_int_eq(broken_why.code, ERR_MALFORMED);
    ck_assert_uint_gt(strlen(broken_why.en), 0);
    ck_assert_uint_gt(strlen(broken_why.ja), 0);
    ck_assert_uint_eq(handled, 0);
    ck_assert_uint_eq(closed, 1);
    ck_assert_int_eq(ended, CONN_END_FINISHED);
    ck_assert_uint_eq(conns_count(conns), 0);
}

START_TEST(frame_too_long) {
    put_raw("\x00\x01\x00\x01", 4); /* 65,537; not one byte of it is waited for */
    expect_broken();
}
END_TEST

START_TEST(frame_too_long_by_far) {
    put_raw("\xff\xff\xff\xff", 4);
    expect_broken();
}
END_TEST

START_TEST(frame_empty) {
    put_raw("\0\0\0\0", 4);
    expect_broken();
}
END_TEST

START_TEST(frame_too_long_in_buffered_input) {
    put_raw("\x00\x01", 2);
    settle();
    put_raw("\x00\x01 and more", 11);
    expect_broken();
}
END_TEST

START_TEST(frames_before_a_broken_one_are_handled) {
    uint8_t bytes[64];
    size_t n = framed(bytes, "e1", 2);
    memset(bytes + n, 0xff, FRAME_HEADER);
    put_raw(bytes, n + 4);
    expect_frame("e1", 2);
    expect_frame("broken", 6);
    expect_end();
}
END_TEST

START_TEST(random_bytes_end_the_connection) {
    srand(1);
    for (int round = 0; round < 200; round++) {
        unsigned before = closed;
        uint8_t bytes[512];
        for (size_t i = 0; i < sizeof bytes; i++) {
            bytes[i] = (uint8_t)rand();
        }
        bytes[0] |= 0x80; /* a length no frame has */
        size_t at = 0;
        while (at < sizeof bytes && closed == before) {
            size_t n = 1 + (size_t)rand() % 64;
            n = n < sizeof bytes - at ? n : sizeof bytes - at;
            if (send(client, bytes + at, n, MSG_NOSIGNAL) < 0) {
                break;
            }
            at += n;
            turn();
        }
        UNTIL(closed == before + 1);
        close(client);
        client = add_pair();
    }
    ck_assert_uint_eq(handled, 0);
}
END_TEST

/* ---- in flight, turns ------------------------------------------------------------- */

START_TEST(in_flight_stops_reading) {
    uint8_t many[256];
    size_t n = 0;
    for (int i = 0; i < 10; i++) {
        n += framed(many + n, "b", 1);
    }
    put_raw(many, n);
    settle();
    ck_assert_uint_eq(handled, 4);
    ck_assert_uint_eq(conn_in_flight(server), 4);
    end_one();
    settle();
    ck_assert_uint_eq(handled, 4); /* it goes on at half the limit, not at each answer */
    end_one();
    settle();
    ck_assert_uint_eq(handled, 6);
    while (conn_in_flight(server) > 0) {
        end_one();
        settle();
    }
    ck_assert_uint_eq(handled, 10);
    for (int i = 0; i < 10; i++) {
        expect_frame("done", 4);
    }
}
END_TEST

START_TEST(in_flight_of_one) {
    limits.in_flight_max = 1;
    relimit();
    put_frame("b1", 2);
    put_frame("b2", 2);
    settle();
    ck_assert_uint_eq(handled, 1);
    end_one();
    UNTIL(handled == 2);
}
END_TEST

/* The socket takes no more either: what is beyond the limit stays with the peer. */
START_TEST(in_flight_does_not_pile_up) {
    static uint8_t block[65536];
    size_t n = 0;
    while (n + 5 <= sizeof block) {
        n += framed(block + n, "b", 1);
    }
    size_t sent = 0;
    ssize_t got;
    int64_t until = now_ms() + GUARD_MS;
    unsigned full = 0;
    while (full < 100 && now_ms() < until) {
        got = send(client, block, n, MSG_DONTWAIT | MSG_NOSIGNAL);
        full = got > 0 ? 0 : full + 1;
        sent += got > 0 ? (size_t)got : 0;
        turn();
    }
    ck_assert_uint_ge(full, 100);
    ck_assert_uint_lt(sent, 4u << 20); /* socket buffers and one read, no more */
    ck_assert_uint_eq(handled, 4);
}
END_TEST

START_TEST(turn_is_shared) {
    static uint8_t many[CONN_TURN_FRAMES * 4 * 6];
    size_t n = 0;
    for (int i = 0; i < CONN_TURN_FRAMES * 4; i++) {
        n += framed(many + n, "e", 1);
    }
    put_raw(many, n);
    event_base_loop(base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
    ck_assert_uint_eq(handled, CONN_TURN_FRAMES);
    int other = client;
    client = add_pair();
    put_frame("eother", 6);
    turn();
    uint8_t answer[FRAME_HEADER + 6];
    ck_assert_int_eq(recv(client, answer, sizeof answer, MSG_DONTWAIT), sizeof answer);
    ck_assert_uint_eq(handled, CONN_TURN_FRAMES * 2 + 1);
    UNTIL(handled == CONN_TURN_FRAMES * 4 + 1);
    close(other);
}
END_TEST

START_TEST(not_ready_leaves_messages) {
    ready = false;
    put_frame("e1", 2);
    settle();
    ck_assert_uint_eq(handled, 0);
    ready = true;
    expect_frame("e1", 2);
}
END_TEST

START_TEST(hold_and_release) {
    conn_hold(server);
    put_frame("e1", 2);
    settle();
    ck_assert_uint_eq(handled, 0);
    conn_release(server);
    expect_frame("e1", 2);
}
END_TEST

/* ---- output ------------------------------------------------------------------------- */

/* Makes the socket pair hold little, so that the output buffer fills. */
static void small_buffers(void) {
    int size = 1024;
    setsockopt(conn_fd(server), SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
}

START_TEST(output_stops_reading) {
    small_buffers();
    static uint8_t many[6 * 200];
    size_t n = 0;
    for (int i = 0; i < 200; i++) {
        n += framed(many + n, "B", 1);
    }
    put_raw(many, n);
    UNTIL(conn_full(server));
    settle();
    unsigned stalled = handled;
    ck_assert_uint_lt(stalled, 200);
    settle();
    ck_assert_uint_eq(handled, stalled);
    ck_assert_uint_eq(drained, 0);
    static uint8_t sink[65536];
    size_t got = 0;
    UNTIL((got += (size_t)({
               ssize_t r = recv(client, sink, sizeof sink, MSG_DONTWAIT);
               r > 0 ? r : 0;
           })) == 200 * 1004);
    ck_assert_uint_eq(handled, 200);
    ck_assert_uint_ge(drained, 1);
    ck_assert(!conn_full(server));
}
END_TEST

START_TEST(output_of_one_who_never_reads_is_bounded) {
    small_buffers();
    static uint8_t block[5 * 1000];
    size_t n = 0;
    while (n < sizeof block) {
        n += framed(block + n, "B", 1);
    }
    unsigned full = 0;
    int64_t until = now_ms() + GUARD_MS;
    while (full < 100 && now_ms() < until) {
        full = send(client, block, n, MSG_DONTWAIT | MSG_NOSIGNAL) > 0 ? 0 : full + 1;
        turn();
    }
    ck_assert_uint_ge(full, 100);
    /* output_high, one answer over it, what the socket holds */
    ck_assert_uint_lt(handled * 1004, limits.output_high + 1004 + 256 * 1024);
}
END_TEST

/* ---- deadlines ----------------------------------------------------------------------- */

START_TEST(first_frame_deadline) {
    limits.first_frame_ms = 60;
    relimit();
    int64_t t = now_ms();
    UNTIL(closed == 1);
    ck_assert_int_eq(ended, CONN_END_FIRST_FRAME);
    ck_assert_int_ge(now_ms() - t, 50);
    expect_end();
}
END_TEST

/* One who sends a byte now and then does not move the deadline. */
static void trickle(enum conn_end why) {
    static const uint8_t byte = 0;
    uint8_t header[FRAME_HEADER];
    frame_header(header, FRAME_MAX);
    put_raw(header, FRAME_HEADER);
    int64_t next = 0;
    int64_t until = now_ms() + GUARD_MS;
    while (closed == 0) {
        ck_assert(now_ms() < until);
        if (now_ms() >= next) {
            next = now_ms() + 5;
            ssize_t n = send(client, &byte, 1, MSG_NOSIGNAL);
            (void)n;
        }
        turn();
    }
    ck_assert_int_eq(ended, why);
    ck_assert_uint_eq(handled, 0);
}

START_TEST(first_frame_trickled) {
    limits.first_frame_ms = 60;
    relimit();
    trickle(CONN_END_FIRST_FRAME);
}
END_TEST

START_TEST(whole_frame_trickled) {
    limits.frame_ms = 60;
    relimit();
    put_frame("e", 1);
    expect_frame("e", 1);
    handled = 0;
    trickle(CONN_END_FRAME);
}
END_TEST

START_TEST(whole_frame_after_others) {
    limits.frame_ms = 60;
    relimit();
    uint8_t bytes[64];
    size_t n = framed(bytes, "e1", 2);
    put_raw(bytes, n + 3); /* a frame and the beginning of the next */
    expect_frame("e1", 2);
    UNTIL(closed == 1);
    ck_assert_int_eq(ended, CONN_END_FRAME);
}
END_TEST

/* While we do not read, a frame begun is not the sender's fault. */
START_TEST(whole_frame_not_while_paused) {
    limits.frame_ms = 60;
    limits.in_flight_max = 1;
    relimit();
    uint8_t bytes[64];
    size_t n = framed(bytes, "b", 1);
    memset(bytes + n, 0, 2);
    put_raw(bytes, n + 2);
    UNTIL(handled == 1);
    int64_t until = now_ms() + 150;
    UNTIL(now_ms() > until);
    ck_assert_uint_eq(closed, 0);
    end_one();
    UNTIL(closed == 1);
    ck_assert_int_eq(ended, CONN_END_FRAME);
}
END_TEST

START_TEST(idle_deadline) {
    limits.idle_ms = 60;
    relimit();
    put_frame("e", 1);
    expect_frame("e", 1);
    UNTIL(closed == 1);
    ck_assert_int_eq(ended, CONN_END_IDLE);
}
END_TEST

START_TEST(idle_not_while_in_flight) {
    limits.idle_ms = 60;
    relimit();
    put_frame("b", 1);
    UNTIL(handled == 1);
    int64_t until = now_ms() + 150;
    UNTIL(now_ms() > until);
    ck_assert_uint_eq(closed, 0);
    end_one();
    UNTIL(closed == 1);
    ck_assert_int_eq(ended, CONN_END_IDLE);
}
END_TEST

START_TEST(idle_is_also_not_reading) {
    limits.idle_ms = 60;
    relimit();
    small_buffers();
    put_frame("b", 1);
    UNTIL(handled == 1);
    while (!conn_full(server)) {
        send_bytes(server, last, 1000);
    }
    UNTIL(closed == 1);
    ck_assert_int_eq(ended, CONN_END_IDLE);
}
END_TEST

START_TEST(limits_reach_open_connections) {
    put_frame("e", 1);
    expect_frame("e", 1);
    limits.idle_ms = 60;
    conns_limits(conns, &limits);
    put_frame("e", 1);
    expect_frame("e", 1);
    UNTIL(closed == 1);
    ck_assert_int_eq(ended, CONN_END_IDLE);
}
END_TEST

/* ---- ends ------------------------------------------------------------------------------ */

START_TEST(finish_delivers_first) {
    put_frame("flast words", 11);
    put_frame("e", 1);
    expect_frame("flast words", 11);
    expect_end();
    ck_assert_uint_eq(handled, 1);
    ck_assert_int_eq(ended, CONN_END_FINISHED);
}
END_TEST

START_TEST(finish_has_a_deadline) {
    limits.close_ms = 60;
    relimit();
    small_buffers();
    while (!conn_full(server)) {
        send_bytes(server, last, 1000);
    }
    conn_finish(server);
    UNTIL(closed == 1);
    ck_assert_int_eq(ended, CONN_END_CLOSE);
}
END_TEST

START_TEST(close_inside_the_handler) {
    uint8_t bytes[64];
    size_t n = framed(bytes, "c", 1);
    n += framed(bytes + n, "e", 1);
    put_raw(bytes, n);
    struct conn_id id = conn_id(server);
    expect_end();
    ck_assert_uint_eq(handled, 1);
    ck_assert_int_eq(ended, CONN_END_CLOSED);
    ck_assert_ptr_null(conn_find(conns, id));
}
END_TEST

START_TEST(close_with_work_left) {
    /* On both lists of the next turn when it is closed. */
    put_frame("b", 1);
    put_frame("b", 1);
    settle();
    send_bytes(server, "x", 1);
    end_one();
    conn_close(server);
    settle();
    ck_assert_uint_eq(conns_count(conns), 0);
}
END_TEST

START_TEST(answers_to_the_gone_are_dropped) {
    put_frame("b", 1);
    UNTIL(handled == 1);
    close(client);
    client = -1;
    settle();
    end_one(); /* conn_send on it must do no harm, closed or not */
    UNTIL(closed == 1);
}
END_TEST

START_TEST(half_closed_peer_is_answered) {
    put_frame("b", 1);
    put_frame("e2", 2);
    shutdown(client, SHUT_WR);
    UNTIL(handled == 2);
    expect_frame("e2", 2);
    ck_assert_uint_eq(closed, 0);
    end_one();
    expect_frame("done", 4);
    expect_end();
}
END_TEST

START_TEST(half_closed_with_more_than_in_flight) {
    for (int i = 0; i < 9; i++) {
        put_frame("b", 1);
    }
    shutdown(client, SHUT_WR);
    for (int i = 0; i < 9; i++) {
        UNTIL(conn_in_flight(server) > 0);
        end_one();
        expect_frame("done", 4);
    }
    expect_end();
    ck_assert_uint_eq(handled, 9);
}
END_TEST

START_TEST(end_within_a_frame) {
    put_raw("\0\0\0\x09"
            "abc",
            7);
    shutdown(client, SHUT_WR);
    expect_end();
    ck_assert_uint_eq(handled, 0);
}
END_TEST

START_TEST(ids_are_not_used_again) {
    struct conn_id first = conn_id(server);
    ck_assert_ptr_eq(conn_find(conns, first), server);
    for (int i = 0; i < 300; i++) {
        conn_close(server);
        settle();
        close(client);
        client = add_pair();
        ck_assert_ptr_null(conn_find(conns, first));
        ck_assert_ptr_eq(conn_find(conns, conn_id(server)), server);
    }
    ck_assert_ptr_null(conn_find(conns, (struct conn_id){.slot = 1u << 30, .generation = 1}));
}
END_TEST

START_TEST(many_connections) {
    enum { MANY = 300 };
    int fds[MANY];
    struct conn_id ids[MANY];
    for (int i = 0; i < MANY; i++) {
        fds[i] = add_pair();
        ids[i] = conn_id(server);
    }
    ck_assert_uint_eq(conns_count(conns), MANY + 1);
    for (int i = 0; i < MANY; i++) {
        uint8_t bytes[16];
        ck_assert_int_eq(send(fds[i], bytes, framed(bytes, "e", 1), 0), 5);
    }
    UNTIL(handled == MANY);
    for (int i = 0; i < MANY; i += 2) {
        close(fds[i]);
    }
    UNTIL(conns_count(conns) == MANY / 2 + 1);
    for (int i = 0; i < MANY; i++) {
        ck_assert(i % 2 == 0 ? conn_find(conns, ids[i]) == NULL : conn_find(conns, ids[i]) != NULL);
    }
    for (int i = 1; i < MANY; i += 2) {
        close(fds[i]);
    }
    UNTIL(conns_count(conns) == 1);
}
END_TEST

START_TEST(stopping) {
    put_frame("b", 1);
    UNTIL(handled == 1);
    conns_stop_reading(conns);
    put_frame("e", 1);
    settle();
    ck_assert_uint_eq(handled, 1);
    conns_finish_all(conns);
    settle();
    ck_assert_uint_eq(closed, 0); /* it has something in flight */
    end_one();
    conns_finish_all(conns);
    expect_frame("done", 4);
    UNTIL(closed == 1);
    ck_assert_int_eq(ended, CONN_END_FINISHED);
}
END_TEST

/* ---- the suite ---------------------------------------------------------------------------- */

static void add_frames(Suite *suite) {
    TCase *t = tcase_create("frames");
    tcase_add_checked_fixture(t, begin, end);
    tcase_add_test(t, frames_come_whole);
    tcase_add_test(t, frames_split_at_every_byte);
    tcase_add_test(t, frame_of_the_greatest_length);
    tcase_add_test(t, frame_too_long);
    tcase_add_test(t, frame_too_long_by_far);
    tcase_add_test(t, frame_empty);
    tcase_add_test(t, frame_too_long_in_buffered_input);
    tcase_add_test(t, frames_before_a_broken_one_are_handled);
    tcase_add_test(t, random_bytes_end_the_connection);
    suite_add_tcase(suite, t);
}

static void add_limits(Suite *suite) {
    TCase *t = tcase_create("limits");
    tcase_add_checked_fixture(t, begin, end);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, in_flight_stops_reading);
    tcase_add_test(t, in_flight_of_one);
    tcase_add_test(t, in_flight_does_not_pile_up);
    tcase_add_test(t, turn_is_shared);
    tcase_add_test(t, not_ready_leaves_messages);
    tcase_add_test(t, hold_and_release);
    tcase_add_test(t, output_stops_reading);
    tcase_add_test(t, output_of_one_who_never_reads_is_bounded);
    suite_add_tcase(suite, t);
}

static void add_deadlines(Suite *suite) {
    TCase *t = tcase_create("deadlines");
    tcase_add_checked_fixture(t, begin, end);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, first_frame_deadline);
    tcase_add_test(t, first_frame_trickled);
    tcase_add_test(t, whole_frame_trickled);
    tcase_add_test(t, whole_frame_after_others);
    tcase_add_test(t, whole_frame_not_while_paused);
    tcase_add_test(t, idle_deadline);
    tcase_add_test(t, idle_not_while_in_flight);
    tcase_add_test(t, idle_is_also_not_reading);
    tcase_add_test(t, limits_reach_open_connections);
    suite_add_tcase(suite, t);
}

static void add_ends(Suite *suite) {
    TCase *t = tcase_create("ends");
    tcase_add_checked_fixture(t, begin, end);
    tcase_add_test(t, finish_delivers_first);
    tcase_add_test(t, finish_has_a_deadline);
    tcase_add_test(t, close_inside_the_handler);
    tcase_add_test(t, close_with_work_left);
    tcase_add_test(t, answers_to_the_gone_are_dropped);
    tcase_add_test(t, half_closed_peer_is_answered);
    tcase_add_test(t, half_closed_with_more_than_in_flight);
    tcase_add_test(t, end_within_a_frame);
    tcase_add_test(t, ids_are_not_used_again);
    tcase_add_test(t, many_connections);
    tcase_add_test(t, stopping);
    suite_add_tcase(suite, t);
}

int main(void) {
    Suite *suite = suite_create("conn");
    add_frames(suite);
    add_limits(suite);
    add_deadlines(suite);
    add_ends(suite);
    return suite_run(suite);
}
