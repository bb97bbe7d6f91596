/* How connections of daemon/conn end, on socket pairs: deadlines, and all other ways. */
#include "tests/kit_conn.h"
#include "tests/suite.h"

#include <check.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- deadlines ----------------------------------------------------------------------- */

START_TEST(first_frame_deadline) {
    pair.limits.first_frame_ms = 60;
    relimit();
    int64_t t = kit_clock();
    UNTIL(pair.closed == 1);
    ck_assert_int_eq(pair.ended, CONN_END_FIRST_FRAME);
    ck_assert_int_ge(kit_clock() - t, 50);
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
    int64_t until = kit_clock() + GUARD_MS;
    while (pair.closed == 0) {
        ck_assert(kit_clock() < until);
        if (kit_clock() >= next) {
            next = kit_clock() + 5;
            ssize_t n = send(pair.client, &byte, 1, MSG_NOSIGNAL);
            (void)n;
        }
        turn();
    }
    ck_assert_int_eq(pair.ended, why);
    ck_assert_uint_eq(pair.handled, 0);
}

START_TEST(first_frame_trickled) {
    pair.limits.first_frame_ms = 60;
    relimit();
    trickle(CONN_END_FIRST_FRAME);
}
END_TEST

START_TEST(whole_frame_trickled) {
    pair.limits.frame_ms = 60;
    relimit();
    put_frame("e", 1);
    expect_frame("e", 1);
    pair.handled = 0;
    trickle(CONN_END_FRAME);
}
END_TEST

START_TEST(whole_frame_after_others) {
    pair.limits.frame_ms = 60;
    relimit();
    uint8_t bytes[64];
    size_t n = framed(bytes, "e1", 2);
    put_raw(bytes, n + 3); /* a frame and the beginning of the next */
    expect_frame("e1", 2);
    UNTIL(pair.closed == 1);
    ck_assert_int_eq(pair.ended, CONN_END_FRAME);
}
END_TEST

/* While we do not read, a frame begun is not the sender's fault. */
/* Its time passes while it waits for us, and begins anew when it has its answer. */
static void ends_only_after_the_answer(enum conn_end why) {
    UNTIL(pair.handled == 1);
    int64_t until = kit_clock() + 150;
    UNTIL(kit_clock() > until);
    ck_assert_uint_eq(pair.closed, 0);
    end_one();
    UNTIL(pair.closed == 1);
    ck_assert_int_eq(pair.ended, why);
}

START_TEST(whole_frame_not_while_paused) {
    pair.limits.frame_ms = 60;
    pair.limits.in_flight_max = 1;
    relimit();
    uint8_t bytes[64];
    size_t n = framed(bytes, "b", 1);
    memset(bytes + n, 0, 2);
    put_raw(bytes, n + 2);
    ends_only_after_the_answer(CONN_END_FRAME);
}
END_TEST

START_TEST(idle_deadline) {
    pair.limits.idle_ms = 60;
    relimit();
    put_frame("e", 1);
    expect_frame("e", 1);
    UNTIL(pair.closed == 1);
    ck_assert_int_eq(pair.ended, CONN_END_IDLE);
}
END_TEST

START_TEST(idle_not_while_in_flight) {
    pair.limits.idle_ms = 60;
    relimit();
    put_frame("b", 1);
    ends_only_after_the_answer(CONN_END_IDLE);
}
END_TEST

START_TEST(idle_is_also_not_reading) {
    pair.limits.idle_ms = 60;
    relimit();
    small_buffers();
    put_frame("b", 1);
    UNTIL(pair.handled == 1);
    while (!conn_full(pair.server)) {
        send_bytes(pair.server, pair.last, 1000);
    }
    UNTIL(pair.closed == 1);
    ck_assert_int_eq(pair.ended, CONN_END_IDLE);
}
END_TEST

START_TEST(limits_reach_open_connections) {
    put_frame("e", 1);
    expect_frame("e", 1);
    pair.limits.idle_ms = 60;
    conns_limits(pair.conns, &pair.limits);
    put_frame("e", 1);
    expect_frame("e", 1);
    UNTIL(pair.closed == 1);
    ck_assert_int_eq(pair.ended, CONN_END_IDLE);
}
END_TEST

/* ---- ends ------------------------------------------------------------------------------ */

START_TEST(finish_delivers_first) {
    put_frame("flast words", 11);
    put_frame("e", 1);
    expect_frame("flast words", 11);
    expect_end();
    ck_assert_uint_eq(pair.handled, 1);
    ck_assert_int_eq(pair.ended, CONN_END_FINISHED);
}
END_TEST

START_TEST(finish_has_a_deadline) {
    pair.limits.close_ms = 60;
    relimit();
    small_buffers();
    while (!conn_full(pair.server)) {
        send_bytes(pair.server, pair.last, 1000);
    }
    conn_finish(pair.server);
    UNTIL(pair.closed == 1);
    ck_assert_int_eq(pair.ended, CONN_END_CLOSE);
}
END_TEST

START_TEST(close_inside_the_handler) {
    uint8_t bytes[64];
    size_t n = framed(bytes, "c", 1);
    n += framed(bytes + n, "e", 1);
    put_raw(bytes, n);
    struct conn_id id = conn_id(pair.server);
    expect_end();
    ck_assert_uint_eq(pair.handled, 1);
    ck_assert_int_eq(pair.ended, CONN_END_CLOSED);
    ck_assert_ptr_null(conn_find(pair.conns, id));
}
END_TEST

START_TEST(close_with_work_left) {
    /* On both lists of the next turn when it is closed. */
    put_frame("b", 1);
    put_frame("b", 1);
    settle();
    send_bytes(pair.server, "x", 1);
    end_one();
    conn_close(pair.server);
    settle();
    ck_assert_uint_eq(conns_count(pair.conns), 0);
}
END_TEST

START_TEST(answers_to_the_gone_are_dropped) {
    put_frame("b", 1);
    UNTIL(pair.handled == 1);
    close(pair.client);
    pair.client = -1;
    settle();
    end_one(); /* conn_send on it must do no harm, closed or not */
    UNTIL(pair.closed == 1);
}
END_TEST

START_TEST(half_closed_peer_is_answered) {
    put_frame("b", 1);
    put_frame("e2", 2);
    shutdown(pair.client, SHUT_WR);
    UNTIL(pair.handled == 2);
    expect_frame("e2", 2);
    ck_assert_uint_eq(pair.closed, 0);
    end_one();
    expect_frame("done", 4);
    expect_end();
}
END_TEST

START_TEST(half_closed_with_more_than_in_flight) {
    for (int i = 0; i < 9; i++) {
        put_frame("b", 1);
    }
    shutdown(pair.client, SHUT_WR);
    for (int i = 0; i < 9; i++) {
        UNTIL(conn_in_flight(pair.server) > 0);
        end_one();
        expect_frame("done", 4);
    }
    expect_end();
    ck_assert_uint_eq(pair.handled, 9);
}
END_TEST

START_TEST(end_within_a_frame) {
    put_raw("\0\0\0\x09"
            "abc",
            7);
    shutdown(pair.client, SHUT_WR);
    expect_end();
    ck_assert_uint_eq(pair.handled, 0);
}
END_TEST

START_TEST(ids_are_not_used_again) {
    struct conn_id first = conn_id(pair.server);
    ck_assert_ptr_eq(conn_find(pair.conns, first), pair.server);
    for (int i = 0; i < 300; i++) {
        conn_close(pair.server);
        settle();
        close(pair.client);
        pair.client = add_pair();
        ck_assert_ptr_null(conn_find(pair.conns, first));
        ck_assert_ptr_eq(conn_find(pair.conns, conn_id(pair.server)), pair.server);
    }
    ck_assert_ptr_null(conn_find(pair.conns, (struct conn_id){.slot = 1u << 30, .generation = 1}));
}
END_TEST

START_TEST(many_connections) {
    enum { MANY = 300 };
    int fds[MANY];
    struct conn_id ids[MANY];
    for (int i = 0; i < MANY; i++) {
        fds[i] = add_pair();
        ids[i] = conn_id(pair.server);
    }
    ck_assert_uint_eq(conns_count(pair.conns), MANY + 1);
    for (int i = 0; i < MANY; i++) {
        uint8_t bytes[16];
        ck_assert_int_eq(send(fds[i], bytes, framed(bytes, "e", 1), 0), 5);
    }
    UNTIL(pair.handled == MANY);
    for (int i = 0; i < MANY; i += 2) {
        close(fds[i]);
    }
    UNTIL(conns_count(pair.conns) == MANY / 2 + 1);
    for (int i = 0; i < MANY; i++) {
        ck_assert(i % 2 == 0 ? conn_find(pair.conns, ids[i]) == NULL
                             : conn_find(pair.conns, ids[i]) != NULL);
    }
    for (int i = 1; i < MANY; i += 2) {
        close(fds[i]);
    }
    UNTIL(conns_count(pair.conns) == 1);
}
END_TEST

START_TEST(stopping) {
    put_frame("b", 1);
    UNTIL(pair.handled == 1);
    conns_stop_reading(pair.conns);
    put_frame("e", 1);
    settle();
    ck_assert_uint_eq(pair.handled, 1);
    conns_finish_all(pair.conns);
    settle();
    ck_assert_uint_eq(pair.closed, 0); /* it has something in flight */
    end_one();
    conns_finish_all(pair.conns);
    expect_frame("done", 4);
    UNTIL(pair.closed == 1);
    ck_assert_int_eq(pair.ended, CONN_END_FINISHED);
}
END_TEST

/* ---- the suite ---------------------------------------------------------------------------- */

static void add_deadlines(Suite *suite) {
    TCase *t = tcase_create("deadlines");
    tcase_add_checked_fixture(t, kit_conn_begin, kit_conn_end);
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
    tcase_add_checked_fixture(t, kit_conn_begin, kit_conn_end);
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
    Suite *suite = suite_create("conn_end");
    add_deadlines(suite);
    add_ends(suite);
    return suite_run(suite);
}
