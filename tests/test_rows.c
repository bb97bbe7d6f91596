/* Many rows in one message, as a client that is not ours might send them. */
#include "tests/kit_store.h"
#include "tests/suite.h"

#include "proto/check.h"

#include <check.h>
#include <stdio.h>
#include <unistd.h>

#define MANY CHECK_ROWS_MAX

static struct kit k;
static ProtobufCBinaryData packed[3 * MANY];

/* A log of the file's row i; packed, with an id that is the same each time. */
static ProtobufCBinaryData a_row(size_t i, const char *topic) {
    struct error e;
    ProtobufCBinaryData out;
    uint8_t *id = arena_alloc(&k.arena, 16);
    char *ref = arena_printf(&k.arena, "r%zu", i);
    Madoguchi__Request *r = kit_request(&k, "log", "service", "citizen", "topic", topic, "date",
                                        "2024-04-15", "+source", "counter.csv", "+ref", ref, NULL);
    memset(id, 7, 16);
    memcpy(id + 8, &i, sizeof i);
    SET(r, id, ((ProtobufCBinaryData){16, id}));
    ck_assert_int_eq(message_pack(&r->base, &k.arena, &out, &e), 0);
    return out;
}

static void send_rows(uint32_t serial, bool check, const ProtobufCBinaryData *rows, size_t n) {
    Madoguchi__Request r = MADOGUCHI__REQUEST__INIT;
    Madoguchi__Rows all = MADOGUCHI__ROWS__INIT;
    all.request = (ProtobufCBinaryData *)rows;
    all.n_request = n;
    r.body_case = MADOGUCHI__REQUEST__BODY_ROWS;
    r.rows = &all;
    if (check) {
        SET(&r, check, 1);
    }
    ck_assert(kit_send_request(k.fd, serial, &r));
}

static struct row_result {
    uint64_t seq;
    bool known;
    int error;
    char field[32];
} results[MANY];
static unsigned answers; /* that the results came in */

/* The results of the request, all of them in order. */
static void receive_rows(uint32_t serial, size_t n) {
    size_t got = 0;
    bool more = true;
    struct arena a;
    arena_init(&a, 4u << 20);
    for (answers = 0; more; answers++) {
        arena_reset(&a);
        const Madoguchi__Answer *answer = kit_answer_of(k.fd, &a);
        ck_assert_uint_eq(answer->serial, serial);
        ck_assert_int_eq(answer->body_case, MADOGUCHI__ANSWER__BODY_RESULTS);
        for (size_t i = 0; i < answer->results->n_result; i++) {
            const Madoguchi__Result *result = answer->results->result[i];
            ck_assert_uint_lt(got, n);
            struct row_result *r = &results[got++];
            *r = (struct row_result){.error = 0};
            if (result->body_case == MADOGUCHI__RESULT__BODY_ERROR) {
                r->error = (int)result->error->code;
                snprintf(r->field, sizeof r->field, "%.*s", (int)result->error->field.len,
                         (const char *)result->error->field.data);
            } else {
                ck_assert_int_eq(result->body_case, MADOGUCHI__RESULT__BODY_RECORDED);
                r->seq = result->recorded->seq;
                r->known = result->recorded->known;
            }
        }
        more = answer->more;
    }
    ck_assert_uint_eq(got, n);
    arena_free(&a);
}

static void expect_refused(uint32_t serial, int code, const char *field) {
    const Madoguchi__Answer *answer = kit_answer_of(k.fd, &k.arena);
    ck_assert_uint_eq(answer->serial, serial);
    ck_assert_int_eq(answer->body_case, MADOGUCHI__ANSWER__BODY_ERROR);
    ck_assert_int_eq((int)answer->error->code, code);
    ck_assert(bytes_equal(answer->error->field, field));
}

static void pack_rows(size_t from, size_t n) {
    for (size_t i = from; i < from + n; i++) {
        packed[i] = a_row(i, "legal");
    }
}

START_TEST(each_row_has_its_own_result) {
    Madoguchi__Request bare = MADOGUCHI__REQUEST__INIT;
    struct error e;
    kit_start_daemon(&k, NULL);
    uint64_t head = kit_head(&k);
    pack_rows(0, 6);
    packed[1] = a_row(1, "no-such-topic");
    packed[2] = (ProtobufCBinaryData){3, (uint8_t *)"\xff\xff\xff"};
    SET(&bare, serial, 9);
    ck_assert_int_eq(message_pack(&bare.base, &k.arena, &packed[3], &e), 0);
    packed[5] = packed[4];
    send_rows(20, true, packed, 6);
    receive_rows(20, 6);
    ck_assert_uint_eq(kit_head(&k), head);
    for (int check = 1; check >= 0; check--) {
        ck_assert_int_eq(results[1].error, MADOGUCHI__ERROR_CODE__UNKNOWN_CODE);
        ck_assert_str_eq(results[1].field, "topic");
        ck_assert_int_eq(results[2].error, MADOGUCHI__ERROR_CODE__MALFORMED);
        ck_assert_int_eq(results[3].error, MADOGUCHI__ERROR_CODE__INVALID);
        ck_assert_str_eq(results[3].field, "serial");
        ck_assert_uint_eq(results[0].seq, check ? 0 : head + 1);
        ck_assert_uint_eq(results[4].seq, check ? 0 : head + 2);
        /* The same id again in the same message. */
        ck_assert_uint_eq(results[5].seq, check ? 0 : head + 2);
        ck_assert(results[5].known == !check);
        if (check) {
            send_rows(21, false, packed, 6);
            receive_rows(21, 6);
        }
    }
    ck_assert_uint_eq(answers, 1);
    ck_assert_uint_eq(kit_head(&k), head + 2);
    kit_finish(&k);
}
END_TEST

START_TEST(what_is_half_recorded_is_completed) {
    kit_start_daemon(&k, NULL);
    uint64_t head = kit_head(&k);
    pack_rows(0, 300);
    send_rows(1, false, packed, 150);
    receive_rows(1, 150);
    send_rows(2, false, packed, 300);
    receive_rows(2, 300);
    for (size_t i = 0; i < 300; i++) {
        ck_assert_uint_eq(results[i].seq, head + 1 + i);
        ck_assert(results[i].known == (i < 150));
    }
    /* The same rows under other ids are known too, by what they are. */
    for (size_t i = 0; i < 300; i++) {
        memset(memmem(packed[i].data, packed[i].len, "\7\7\7\7\7\7\7\7", 8), 8, 8);
    }
    send_rows(3, false, packed, 300);
    receive_rows(3, 300);
    for (size_t i = 0; i < 300; i++) {
        ck_assert(results[i].known && results[i].seq == head + 1 + i);
    }
    ck_assert_uint_eq(kit_head(&k), head + 300);
    kit_finish(&k);
}
END_TEST

/* More sentences than one message takes. */
START_TEST(results_come_in_several_answers) {
    kit_start_daemon(&k, NULL);
    ProtobufCBinaryData wrong = a_row(1, "no-such-topic");
    for (size_t i = 0; i < 500; i++) {
        packed[i] = wrong;
    }
    send_rows(7, true, packed, 500);
    receive_rows(7, 500);
    ck_assert_uint_gt(answers, 1);
    for (size_t i = 0; i < 500; i++) {
        ck_assert_int_eq(results[i].error, MADOGUCHI__ERROR_CODE__UNKNOWN_CODE);
    }
    /* Another request waits until its turn. */
    send_rows(8, false, packed, 500);
    ck_assert(kit_send_request(
        k.fd, 9, kit_request(&k, "log", "service", "citizen", "date", "2024-04-15", NULL)));
    receive_rows(8, 500);
    ck_assert_uint_eq(kit_answer_of(k.fd, &k.arena)->serial, 9);
    kit_finish(&k);
}
END_TEST

/* More rows than may be in flight, and more than a group takes. */
START_TEST(rows_that_are_many_wait_for_each_other) {
    enum { ROWS = 500 }; /* about a frame */
    kit_start_daemon(&k, "in_flight_max: 4\nwaiting_max: 600\n");
    uint64_t head = kit_head(&k);
    pack_rows(0, 4 * ROWS);
    for (uint32_t i = 0; i < 4; i++) {
        send_rows(10 + i, false, packed + i * ROWS, ROWS);
    }
    for (uint32_t i = 0; i < 4; i++) {
        receive_rows(10 + i, ROWS);
        ck_assert_uint_eq(results[ROWS - 1].seq, head + (i + 1) * ROWS);
    }
    kit_finish(&k);
}
END_TEST

START_TEST(limits) {
    static const ProtobufCBinaryData nothing[MANY + 1];
    Madoguchi__Request r = MADOGUCHI__REQUEST__INIT;
    Madoguchi__Rows all = MADOGUCHI__ROWS__INIT;
    kit_start_daemon(&k, NULL);
    send_rows(1, false, nothing, 0);
    expect_refused(1, MADOGUCHI__ERROR_CODE__INVALID, "request");
    send_rows(2, false, nothing, MANY + 1);
    expect_refused(2, MADOGUCHI__ERROR_CODE__TOO_MUCH, "rows");
    send_rows(3, false, nothing, MANY);
    receive_rows(3, MANY);
    ck_assert_int_eq(results[MANY - 1].error, MADOGUCHI__ERROR_CODE__INVALID);
    ck_assert_str_eq(results[MANY - 1].field, "row");
    packed[0] = a_row(0, "legal");
    all.request = packed;
    all.n_request = 1;
    r.body_case = MADOGUCHI__REQUEST__BODY_ROWS;
    r.rows = &all;
    SET(&r, visit, bytes_of("x"));
    ck_assert(kit_send_request(k.fd, 4, &r));
    expect_refused(4, MADOGUCHI__ERROR_CODE__INVALID, "rows");
    kit_finish(&k);
}
END_TEST

/* What may not be one of many. */
START_TEST(only_rows) {
    struct error e;
    kit_start_daemon(&k, NULL);
    Madoguchi__Request *r = kit_ping();
    ck_assert_int_eq(message_pack(&r->base, &k.arena, &packed[0], &e), 0);
    r = kit_request(&k, "log", "service", "citizen", "date", "2024-04-15", NULL);
    ck_assert_int_eq(message_pack(&r->base, &k.arena, &packed[1], &e), 0);
    r = kit_request(&k, "log", "service", "citizen", "date", "2024-04-15", "+source", "x", NULL);
    SET(r, check, 0);
    ck_assert_int_eq(message_pack(&r->base, &k.arena, &packed[2], &e), 0);
    Madoguchi__Request nested = MADOGUCHI__REQUEST__INIT;
    Madoguchi__Rows all = MADOGUCHI__ROWS__INIT;
    all.request = packed;
    all.n_request = 1;
    nested.body_case = MADOGUCHI__REQUEST__BODY_ROWS;
    nested.rows = &all;
    nested.row = r->row;
    ck_assert_int_eq(message_pack(&nested.base, &k.arena, &packed[3], &e), 0);
    send_rows(1, false, packed, 4);
    receive_rows(1, 4);
    static const char *const fields[] = {"row", "row", "check", "row"};
    for (size_t i = 0; i < 4; i++) {
        ck_assert_int_eq(results[i].error, MADOGUCHI__ERROR_CODE__INVALID);
        ck_assert_str_eq(results[i].field, fields[i]);
    }
    kit_finish(&k);
}
END_TEST

/* Killed while rows are recorded: asked again, each is there once. */
START_TEST(killed_in_the_middle) {
    enum { ROWS = 500, MESSAGES = 6 };
    kit_start_daemon(&k, NULL);
    uint64_t head = kit_head(&k);
    pack_rows(0, MESSAGES * ROWS);
    for (uint32_t i = 0; i < MESSAGES; i++) {
        send_rows(1 + i, false, packed + i * ROWS, ROWS);
    }
    receive_rows(1, ROWS); /* the others are under way, or not */
    kit_daemon_stop(&k.d, SIGKILL);
    close(k.fd);
    kit_daemon_start(&k.d, NULL);
    k.fd = kit_hello(&k.d);
    for (uint32_t i = 0; i < MESSAGES; i++) {
        send_rows(20 + i, false, packed + i * ROWS, ROWS);
        receive_rows(20 + i, ROWS);
        for (size_t n = 0; n < ROWS; n++) {
            ck_assert_uint_eq(results[n].seq, head + 1 + i * ROWS + n);
            ck_assert(i > 0 || results[n].known);
        }
    }
    ck_assert_uint_eq(kit_head(&k), head + MESSAGES * ROWS);
    kit_finish(&k);
}
END_TEST

/* Who asked is gone before the answer: nobody else gets it. */
START_TEST(gone_before_the_answer) {
    kit_start_daemon(&k, NULL);
    uint64_t head = kit_head(&k);
    pack_rows(0, 800);
    send_rows(1, false, packed, 400);
    close(k.fd);
    k.fd = kit_hello(&k.d);
    send_rows(1, false, packed + 400, 400);
    receive_rows(1, 400);
    ck_assert_uint_ge(kit_head(&k), head + 400);
    kit_finish(&k);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("rows");
    TCase *tcase = tcase_create("rows");
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, each_row_has_its_own_result);
    tcase_add_test(tcase, what_is_half_recorded_is_completed);
    tcase_add_test(tcase, results_come_in_several_answers);
    tcase_add_test(tcase, rows_that_are_many_wait_for_each_other);
    tcase_add_test(tcase, limits);
    tcase_add_test(tcase, only_rows);
    tcase_add_test(tcase, killed_in_the_middle);
    tcase_add_test(tcase, gone_before_the_answer);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
