/* Pages: rows of long answers leave in pieces that fit a frame. */
#include "proto/frame.h"
#include "store/page.h"
#include "tests/suite.h"

#include <check.h>
#include <stdlib.h>

struct received {
    size_t pages, stats, pairs, largest;
    int64_t next; /* count the next row must have */
    size_t stop;  /* refuse the page of this number; 0: none */
};

static int receive(void *ctx, const Madoguchi__Page *page) {
    struct received *r = ctx;
    size_t bytes = madoguchi__page__get_packed_size(page);
    if (++r->pages == r->stop) {
        return -1;
    }
    r->largest = bytes > r->largest ? bytes : r->largest;
    ck_assert_uint_lt(bytes, FRAME_MAX - 256);
    ck_assert_uint_gt(page->n_stat + page->n_pair, 0);
    ck_assert(page->n_stat == 0 || page->n_pair == 0);
    for (size_t i = 0; i < page->n_stat; i++) {
        ck_assert_int_eq(page->stat[i]->count, r->next++);
        ck_assert_uint_eq(page->stat[i]->n_key, 1);
    }
    r->stats += page->n_stat;
    r->pairs += page->n_pair;
    return 0;
}

static ProtobufCMessage *stat_row(struct pages *p, int64_t count, size_t len) {
    struct arena *a = pages_arena(p);
    Madoguchi__StatRow *row = arena_alloc(a, sizeof *row);
    ProtobufCBinaryData *key = arena_alloc(a, sizeof *key);
    ck_assert(row != NULL && key != NULL);
    madoguchi__stat_row__init(row);
    *key = (ProtobufCBinaryData){len, arena_zalloc(a, len + 1)};
    row->key = key;
    row->n_key = 1;
    SET(row, count, count);
    return &row->base;
}

static void add(struct pages *p, int64_t count, size_t len) {
    struct error e;
    ck_assert_msg(pages_add(p, "stat", stat_row(p, count, len), &e) == 0, "%s", e.en);
}

START_TEST(rows_leave_in_pages) {
    struct received r = {0};
    struct pages p;
    struct error e;
    pages_begin(&p, receive, &r);
    for (int64_t i = 0; i < 5000; i++) {
        add(&p, i, (size_t)i % 700);
    }
    ck_assert_int_eq(pages_end(&p, 0, &e), 0);
    ck_assert_uint_eq(r.stats, 5000);
    ck_assert_uint_gt(r.pages, 10);
    ck_assert_uint_le(r.largest, PAGE_BYTES);
    ck_assert_uint_eq(p.rows, 5000);
}
END_TEST

START_TEST(small_rows_are_bounded_by_number) {
    struct received r = {0};
    struct pages p;
    struct error e;
    pages_begin(&p, receive, &r);
    for (int64_t i = 0; i < PAGE_ROWS + 1; i++) {
        add(&p, i, 0);
    }
    ck_assert_uint_eq(r.pages, 1);
    ck_assert_int_eq(pages_end(&p, 0, &e), 0);
    ck_assert_uint_eq(r.pages, 2);
}
END_TEST

START_TEST(a_large_row_has_its_page) {
    struct received r = {0};
    struct pages p;
    struct error e;
    pages_begin(&p, receive, &r);
    add(&p, 0, 10);
    add(&p, 1, 60000);
    add(&p, 2, 10);
    ck_assert_int_eq(pages_add(&p, "stat", stat_row(&p, 3, FRAME_MAX), &e), -1);
    ck_assert_int_eq(e.code, ERR_TOO_MUCH);
    ck_assert_int_eq(pages_end(&p, 0, &e), 0);
    ck_assert_uint_eq(r.pages, 3);
    ck_assert_uint_eq(r.stats, 3);
}
END_TEST

START_TEST(kinds_do_not_mix) {
    struct received r = {0};
    struct pages p;
    struct error e;
    pages_begin(&p, receive, &r);
    ck_assert_int_eq(pages_pair(&p, "a", "b", &e), 0);
    add(&p, 0, 1);
    ck_assert_int_eq(pages_pair(&p, "c", "d", &e), 0);
    ck_assert_int_eq(pages_flush(&p, &e), 0);
    ck_assert_uint_eq(r.pages, 3);
    ck_assert_int_eq(pages_flush(&p, &e), 0);
    ck_assert_int_eq(pages_end(&p, 0, &e), 0);
    ck_assert_uint_eq(r.pages, 3);
    ck_assert_uint_eq(r.pairs, 2);
}
END_TEST

START_TEST(what_cannot_be_added) {
    struct received r = {0};
    struct pages p;
    struct error e;
    pages_begin(&p, receive, &r);
    ck_assert_int_eq(pages_add(&p, "stat", NULL, &e), -1);
    ck_assert_int_eq(e.code, ERR_TOO_MUCH);
    ck_assert_int_eq(pages_add(&p, "fact", stat_row(&p, 0, 1), &e), -1);
    ck_assert_int_eq(e.code, ERR_INTERNAL);
    ck_assert_int_eq(pages_add(&p, "data", stat_row(&p, 0, 1), &e), -1);
    ck_assert_int_eq(pages_add(&p, "nothing", stat_row(&p, 0, 1), &e), -1);
    /* A failed answer hands nothing over. */
    add(&p, 0, 1);
    ck_assert_int_eq(pages_end(&p, -1, &e), -1);
    ck_assert_uint_eq(r.pages, 0);
}
END_TEST

START_TEST(a_receiver_that_stops) {
    struct received r = {.stop = 2};
    struct pages p;
    struct error e;
    int rc = 0;
    pages_begin(&p, receive, &r);
    for (int64_t i = 0; i < 100000 && rc == 0; i++) {
        rc = pages_add(&p, "stat", stat_row(&p, i, 100), &e);
    }
    ck_assert_int_eq(rc, -1);
    ck_assert_int_eq(e.code, ERR_BUSY);
    ck_assert_int_eq(pages_end(&p, rc, &e), -1);
    ck_assert_uint_eq(r.pages, 2);
}
END_TEST

int main(void) {
    Suite *s = suite_create("page");
    TCase *t = tcase_create("page");
    tcase_add_test(t, rows_leave_in_pages);
    tcase_add_test(t, small_rows_are_bounded_by_number);
    tcase_add_test(t, a_large_row_has_its_page);
    tcase_add_test(t, kinds_do_not_mix);
    tcase_add_test(t, what_cannot_be_added);
    tcase_add_test(t, a_receiver_that_stops);
    suite_add_tcase(s, t);
    return suite_run(s);
}
