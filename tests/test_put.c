/* Documents in pieces: order, limits, what is forgotten. */
#include "daemon/put.h"
#include "proto/message.h"
#include "tests/suite.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct put put;
static Madoguchi__Put piece;
static Madoguchi__Request request;
static uint8_t id[PUT_ID];
static uint8_t bytes[32768];
static uint8_t *document;
static size_t len;
static struct error e;

static void begin(void) {
    put = (struct put){0};
    memset(bytes, 'x', sizeof bytes);
    document = NULL;
}

static void end(void) {
    free(document);
    put_clear(&put);
}

static enum put_state give_to(struct put *to, uint8_t which, uint32_t n, uint32_t of, size_t size) {
    memset(id, which, sizeof id);
    madoguchi__put__init(&piece);
    madoguchi__request__init(&request);
    SET(&piece, kind, MADOGUCHI__DOCUMENT_KIND__PLAN_DOCUMENT);
    SET(&piece, piece, n);
    SET(&piece, pieces, of);
    SET(&piece, data, ((ProtobufCBinaryData){.len = size, .data = bytes}));
    SET(&request, id, ((ProtobufCBinaryData){.len = sizeof id, .data = id}));
    request.body_case = MADOGUCHI__REQUEST__BODY_PUT;
    request.put = &piece;
    memset(&e, 0, sizeof e);
    return put_piece(to, &request, &document, &len, &e);
}

static enum put_state give(uint8_t which, uint32_t n, uint32_t of, size_t size) {
    return give_to(&put, which, n, of, size);
}

START_TEST(one_piece_is_the_document) {
    ck_assert_int_eq(give(1, 0, 1, 100), PUT_WHOLE);
    ck_assert_ptr_null(document);
    ck_assert_uint_eq(len, 100);
}
END_TEST

START_TEST(pieces_are_joined_in_order) {
    memset(bytes, 'a', sizeof bytes);
    ck_assert_int_eq(give(1, 0, 3, 32768), PUT_MORE);
    memset(bytes, 'b', sizeof bytes);
    ck_assert_int_eq(give(1, 1, 3, 32768), PUT_MORE);
    memset(bytes, 'c', sizeof bytes);
    ck_assert_int_eq(give(1, 2, 3, 5), PUT_WHOLE);
    ck_assert_uint_eq(len, 65541);
    ck_assert_uint_eq(document[0], 'a');
    ck_assert_uint_eq(document[32767], 'a');
    ck_assert_uint_eq(document[32768], 'b');
    ck_assert_uint_eq(document[65540], 'c');
    ck_assert_uint_eq(put.pieces, 0);
}
END_TEST

static void expect_order(unsigned expected) {
    char part[40];
    snprintf(part, sizeof part, "piece %u was expected", expected);
    ck_assert_int_eq(e.code, ERR_INVALID);
    ck_assert_str_eq(e.field, "piece");
    ck_assert_ptr_nonnull(strstr(e.en, part));
    ck_assert_uint_eq(put.pieces, 0); /* forgotten */
}

START_TEST(piece_missing) {
    ck_assert_int_eq(give(1, 0, 3, 10), PUT_MORE);
    ck_assert_int_eq(give(1, 2, 3, 10), PUT_REFUSED);
    expect_order(1);
    ck_assert_int_eq(give(1, 1, 3, 10), PUT_REFUSED); /* from the beginning, please */
    expect_order(0);
    ck_assert_int_eq(give(1, 0, 3, 10), PUT_MORE);
}
END_TEST

START_TEST(piece_twice) {
    ck_assert_int_eq(give(1, 0, 3, 10), PUT_MORE);
    ck_assert_int_eq(give(1, 1, 3, 10), PUT_MORE);
    ck_assert_int_eq(give(1, 1, 3, 10), PUT_REFUSED);
    expect_order(2);
}
END_TEST

START_TEST(piece_of_another_document) {
    ck_assert_int_eq(give(1, 0, 3, 10), PUT_MORE);
    ck_assert_int_eq(give(2, 1, 3, 10), PUT_REFUSED);
    expect_order(1);
    ck_assert_int_eq(give(1, 0, 3, 10), PUT_MORE);
    ck_assert_int_eq(give(1, 1, 4, 10), PUT_REFUSED); /* another number of pieces */
    expect_order(1);
}
END_TEST

START_TEST(new_beginning_replaces) {
    ck_assert_int_eq(give(1, 0, 2, 10), PUT_MORE);
    ck_assert_int_eq(give(2, 0, 2, 20), PUT_MORE);
    ck_assert_int_eq(give(2, 1, 2, 20), PUT_WHOLE);
    ck_assert_uint_eq(len, 40);
}
END_TEST

START_TEST(too_many_pieces) {
    ck_assert_int_eq(give(1, 0, PUT_PIECES_MAX + 1, 10), PUT_REFUSED);
    ck_assert_int_eq(e.code, ERR_INVALID);
    ck_assert_int_eq(give(1, 0, PUT_PIECES_MAX, 10), PUT_MORE);
}
END_TEST

START_TEST(document_of_the_greatest_length) {
    uint32_t n = PUT_DOCUMENT_MAX / 32768;
    for (uint32_t i = 0; i + 1 < n; i++) {
        ck_assert_int_eq(give(1, i, n, 32768), PUT_MORE);
    }
    ck_assert_int_eq(give(1, n - 1, n, 32768), PUT_WHOLE);
    ck_assert_uint_eq(len, PUT_DOCUMENT_MAX);
}
END_TEST

START_TEST(document_too_long) {
    uint32_t n = PUT_DOCUMENT_MAX / 32768 + 1;
    for (uint32_t i = 0; i + 1 < n; i++) {
        ck_assert_int_eq(give(1, i, n, 32768), PUT_MORE);
    }
    ck_assert_int_eq(give(1, n - 1, n, 1), PUT_REFUSED);
    ck_assert_int_eq(e.code, ERR_TOO_MUCH);
    ck_assert_uint_eq(put.pieces, 0);
    ck_assert_ptr_null(put.data);
}
END_TEST

START_TEST(all_together_are_bounded) {
    enum { MANY = PUT_TOGETHER_MAX / 65536 + 1 };
    static struct put many[MANY];
    enum put_state state = PUT_MORE;
    int n = 0;
    while (n < MANY && state == PUT_MORE) {
        state = give_to(&many[n++], 1, 0, 2, 100);
    }
    ck_assert_int_eq(state, PUT_REFUSED);
    ck_assert_int_eq(n, MANY);
    ck_assert_int_eq(e.code, ERR_BUSY);
    put_clear(&many[0]);
    ck_assert_int_eq(give_to(&many[0], 1, 0, 2, 100), PUT_MORE);
    for (int i = 0; i < MANY; i++) {
        put_clear(&many[i]);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("put");
    TCase *t = tcase_create("put");
    tcase_add_checked_fixture(t, begin, end);
    tcase_add_test(t, one_piece_is_the_document);
    tcase_add_test(t, pieces_are_joined_in_order);
    tcase_add_test(t, piece_missing);
    tcase_add_test(t, piece_twice);
    tcase_add_test(t, piece_of_another_document);
    tcase_add_test(t, new_beginning_replaces);
    tcase_add_test(t, too_many_pieces);
    tcase_add_test(t, document_of_the_greatest_length);
    tcase_add_test(t, document_too_long);
    tcase_add_test(t, all_together_are_bounded);
    suite_add_tcase(suite, t);
    return suite_run(suite);
}
