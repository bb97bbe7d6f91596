/* Refusals are summed: one entry a minute for each source, account, kind and word, and
 * for what has no place among them. */
#include "daemon/notices.h"
#include "tests/kit_people.h"
#include "tests/suite.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define MINUTE UINT64_C(60000)

static struct {
    struct kit k;
    struct event_base *base;
    struct conns *conns;
    struct requests *requests;
    struct metrics metrics;
    struct group *group;
    struct notices *notices;
} t;

static const struct conn_handler nobody;

static void setup(void) {
    static const struct conn_limits limits = {.in_flight_max = 1};
    kit_start(&t.k, false);
    t.base = event_base_new();
    ck_assert_int_eq(event_base_priority_init(t.base, 2), 0);
    t.conns = conns_new(t.base, 1, &limits, &nobody, NULL);
    t.requests = requests_new();
    t.group = group_new(t.base, t.k.store, t.conns, t.requests, &t.metrics);
    t.notices = notices_new(t.group, t.requests);
    ck_assert(t.conns != NULL && t.requests != NULL && t.group != NULL && t.notices != NULL);
}

static void teardown(void) {
    notices_free(t.notices);
    conns_free(t.conns);
    group_free(t.group);
    requests_free(t.requests);
    event_base_free(t.base);
    kit_finish(&t.k);
}

static void count(const char *source, const char *account, const char *what) {
    const struct notice_by by = {.source = source, .account = account};
    notices_count(t.notices, NOTICE_REFUSED, &by, what);
}

/* Lets the group record it all. */
static void run(void) {
    while (group_waiting(t.group) > 0 || group_flushing(t.group)) {
        group_run(t.group);
        event_base_loop(t.base, EVLOOP_NONBLOCK);
    }
}

static const Madoguchi__Page *refusals(void) {
    run();
    const Madoguchi__Page *page =
        kit_read(&t.k, kit_request(&t.k, "audit", "kind", "refused;login-failed", NULL));
    ck_assert_ptr_nonnull(page);
    return page;
}

static const char *value(const Madoguchi__EntryRow *row, const char *name) {
    for (size_t i = 0; i < row->n_field; i++) {
        if (bytes_equal(row->field[i]->name, name)) {
            return arena_strndup(&t.k.arena, row->field[i]->value.data, row->field[i]->value.len);
        }
    }
    return "";
}

START_TEST(summed_by_the_minute) {
    uint64_t now = metrics_clock() / 1000;
    for (int i = 0; i < 1000; i++) {
        count("uid:1", "tanaka", "forbidden show");
        count("uid:1", i % 2 == 0 ? "abe" : "", "forbidden show");
    }
    count("uid:2", "tanaka", "forbidden show");
    count("uid:1", "tanaka", "not-found show");
    notices_turn(t.notices, now + MINUTE - 1, false);
    ck_assert_uint_eq(refusals()->n_entry, 0);
    notices_turn(t.notices, now + 2 * MINUTE, false);
    const Madoguchi__Page *page = refusals();
    ck_assert_uint_eq(page->n_entry, 5);
    static const char *const counts[] = {"1000", "500", "500", "1", "1"};
    static const char *const actors[] = {"tanaka", "abe", "uid:1", "tanaka", "tanaka"};
    static const char *const sources[] = {"uid:1", "uid:1", "uid:1", "uid:2", "uid:1"};
    for (size_t i = 0; i < 5; i++) {
        ck_assert_str_eq(value(page->entry[i], "count"), counts[i]);
        ck_assert(bytes_equal(page->entry[i]->actor, actors[i]));
        ck_assert_str_eq(value(page->entry[i], "source"), sources[i]);
    }
    /* Recorded once, and counted anew. */
    notices_turn(t.notices, now + 4 * MINUTE, true);
    ck_assert_uint_eq(refusals()->n_entry, 5);
    count("uid:1", "tanaka", "forbidden show");
    notices_turn(t.notices, now, false);
    ck_assert_uint_eq(refusals()->n_entry, 5);
    notices_turn(t.notices, now, true);
    ck_assert_uint_eq(refusals()->n_entry, 6);
}
END_TEST

START_TEST(places_are_bounded) {
    char source[40];
    unsigned long long sum = 0;
    unsigned others = 0;
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 3 * NOTICES_PLACES; i++) {
            snprintf(source, sizeof source, "192.0.%d.%d", i / 256, i % 256);
            count(source, "", "malformed connection");
        }
    }
    notices_turn(t.notices, 0, true);
    const Madoguchi__Page *page = refusals();
    ck_assert_uint_le(page->n_entry, NOTICES_PLACES);
    ck_assert_uint_gt(page->n_entry, NOTICES_PLACES - 2 * NOTICE_KINDS);
    for (size_t i = 0; i < page->n_entry; i++) {
        sum += strtoull(value(page->entry[i], "count"), NULL, 10);
        others += strcmp(value(page->entry[i], "what"), "others") == 0;
    }
    ck_assert_uint_eq(sum, 6 * NOTICES_PLACES);
    ck_assert_uint_eq(others, 1);
    /* There is room again. */
    count("uid:7", "", "x");
    notices_turn(t.notices, 0, true);
    page = refusals();
    ck_assert_str_eq(value(page->entry[page->n_entry - 1], "source"), "uid:7");
}
END_TEST

/* Who fails to log in is not known: the account is what it was about. */
START_TEST(a_failed_login_has_no_actor) {
    const struct notice_by by = {.source = "192.0.2.1", .account = "tanaka"};
    notices_count(t.notices, NOTICE_LOGIN_FAILED, &by, "password");
    notices_turn(t.notices, 0, true);
    const Madoguchi__Page *page = refusals();
    ck_assert_uint_eq(page->n_entry, 1);
    ck_assert(bytes_equal(page->entry[0]->actor, "192.0.2.1"));
    ck_assert_str_eq(value(page->entry[0], "account"), "tanaka");
}
END_TEST

int main(void) {
    Suite *s = suite_create("notices");
    TCase *c = tcase_create("notices");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_set_timeout(c, 60);
    tcase_add_test(c, summed_by_the_minute);
    tcase_add_test(c, places_are_bounded);
    tcase_add_test(c, a_failed_login_has_no_actor);
    suite_add_tcase(s, c);
    kit_begin();
    int status = suite_run(s);
    kit_end();
    return status;
}
