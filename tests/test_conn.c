/* The limits of daemon/conn on socket pairs: frames, what is in flight, output. */
#include "tests/kit_conn.h"
#include "tests/suite.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

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
    ck_assert_uint_eq(pair.broken, 1);
    ck_assert_int_eq(pair.broken_why.code, ERR_MALFORMED);
    ck_assert_uint_gt(strlen(pair.broken_why.en), 0);
    ck_assert_uint_gt(strlen(pair.broken_why.ja), 0);
    ck_assert_uint_eq(pair.handled, 0);
    ck_assert_uint_eq(pair.closed, 1);
    ck_assert_int_eq(pair.ended, CONN_END_FINISHED);
    ck_assert_uint_eq(conns_count(pair.conns), 0);
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
        unsigned before = pair.closed;
        uint8_t bytes[512];
        for (size_t i = 0; i < sizeof bytes; i++) {
            bytes[i] = (uint8_t)rand();
        }
        bytes[0] |= 0x80; /* a length no frame has */
        size_t at = 0;
        while (at < sizeof bytes && pair.closed == before) {
            size_t n = 1 + (size_t)rand() % 64;
            n = n < sizeof bytes - at ? n : sizeof bytes - at;
            if (send(pair.client, bytes + at, n, MSG_NOSIGNAL) < 0) {
                break;
            }
            at += n;
            turn();
        }
        UNTIL(pair.closed == before + 1);
        close(pair.client);
        pair.client = add_pair();
    }
    ck_assert_uint_eq(pair.handled, 0);
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
    ck_assert_uint_eq(pair.handled, 4);
    ck_assert_uint_eq(conn_in_flight(pair.server), 4);
    end_one();
    settle();
    ck_assert_uint_eq(pair.handled, 4); /* it goes on at half the limit, not at each answer */
    end_one();
    settle();
    ck_assert_uint_eq(pair.handled, 6);
    while (conn_in_flight(pair.server) > 0) {
        end_one();
        settle();
    }
    ck_assert_uint_eq(pair.handled, 10);
    for (int i = 0; i < 10; i++) {
        expect_frame("done", 4);
    }
}
END_TEST

START_TEST(in_flight_of_one) {
    pair.limits.in_flight_max = 1;
    relimit();
    put_frame("b1", 2);
    put_frame("b2", 2);
    settle();
    ck_assert_uint_eq(pair.handled, 1);
    end_one();
    UNTIL(pair.handled == 2);
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
    int64_t until = kit_clock() + GUARD_MS;
    unsigned full = 0;
    while (full < 100 && kit_clock() < until) {
        got = send(pair.client, block, n, MSG_DONTWAIT | MSG_NOSIGNAL);
        full = got > 0 ? 0 : full + 1;
        sent += got > 0 ? (size_t)got : 0;
        turn();
    }
    ck_assert_uint_ge(full, 100);
    ck_assert_uint_lt(sent, 4u << 20); /* socket buffers and one read, no more */
    ck_assert_uint_eq(pair.handled, 4);
}
END_TEST

START_TEST(turn_is_shared) {
    static uint8_t many[CONN_TURN_FRAMES * 4 * 6];
    size_t n = 0;
    for (int i = 0; i < CONN_TURN_FRAMES * 4; i++) {
        n += framed(many + n, "e", 1);
    }
    put_raw(many, n);
    event_base_loop(pair.base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
    ck_assert_uint_eq(pair.handled, CONN_TURN_FRAMES);
    int other = pair.client;
    pair.client = add_pair();
    put_frame("eother", 6);
    turn();
    uint8_t answer[FRAME_HEADER + 6];
    ck_assert_int_eq(recv(pair.client, answer, sizeof answer, MSG_DONTWAIT), sizeof answer);
    ck_assert_uint_eq(pair.handled, CONN_TURN_FRAMES * 2 + 1);
    UNTIL(pair.handled == CONN_TURN_FRAMES * 4 + 1);
    close(other);
}
END_TEST

START_TEST(not_ready_leaves_messages) {
    pair.ready = false;
    put_frame("e1", 2);
    settle();
    ck_assert_uint_eq(pair.handled, 0);
    pair.ready = true;
    expect_frame("e1", 2);
}
END_TEST

START_TEST(hold_and_release) {
    conn_hold(pair.server);
    put_frame("e1", 2);
    settle();
    ck_assert_uint_eq(pair.handled, 0);
    conn_release(pair.server);
    expect_frame("e1", 2);
}
END_TEST

/* ---- output ------------------------------------------------------------------------- */

START_TEST(output_stops_reading) {
    small_buffers();
    static uint8_t many[6 * 200];
    size_t n = 0;
    for (int i = 0; i < 200; i++) {
        n += framed(many + n, "B", 1);
    }
    put_raw(many, n);
    UNTIL(conn_full(pair.server));
    settle();
    unsigned stalled = pair.handled;
    ck_assert_uint_lt(stalled, 200);
    settle();
    ck_assert_uint_eq(pair.handled, stalled);
    ck_assert_uint_eq(pair.drained, 0);
    static uint8_t sink[65536];
    size_t got = 0;
    UNTIL((got += (size_t)({
               ssize_t r = recv(pair.client, sink, sizeof sink, MSG_DONTWAIT);
               r > 0 ? r : 0;
           })) == 200 * 1004);
    ck_assert_uint_eq(pair.handled, 200);
    ck_assert_uint_ge(pair.drained, 1);
    ck_assert(!conn_full(pair.server));
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
    int64_t until = kit_clock() + GUARD_MS;
    while (full < 100 && kit_clock() < until) {
        full = send(pair.client, block, n, MSG_DONTWAIT | MSG_NOSIGNAL) > 0 ? 0 : full + 1;
        turn();
    }
    ck_assert_uint_ge(full, 100);
    /* output_high, one answer over it, what the socket holds */
    ck_assert_uint_lt(pair.handled * 1004, pair.limits.output_high + 1004 + 256 * 1024);
}
END_TEST

/* ---- the suite ---------------------------------------------------------------------------- */

static void add_frames(Suite *suite) {
    TCase *t = tcase_create("frames");
    tcase_add_checked_fixture(t, kit_conn_begin, kit_conn_end);
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
    tcase_add_checked_fixture(t, kit_conn_begin, kit_conn_end);
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

int main(void) {
    Suite *suite = suite_create("conn");
    add_frames(suite);
    add_limits(suite);
    return suite_run(suite);
}
