/* How often a secret may be guessed, by a clock of the test's own. */
#include "daemon/throttle.h"
#include "tests/suite.h"

#include <check.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#define START 5000000

static struct throttle *t;

static void setup(void) {
    t = throttle_new();
    ck_assert_ptr_nonnull(t);
}

static void teardown(void) {
    throttle_free(t);
}

/* A try at once: counted if it is allowed; how long it would have to wait. */
static uint64_t attempt(const char *key, unsigned free_tries, uint64_t now) {
    uint64_t wait = throttle_wait(t, key, now);
    if (wait == 0) {
        throttle_count(t, key, free_tries, now);
    }
    return wait;
}

START_TEST(waits_double_up_to_a_quarter_of_an_hour) {
    static const uint64_t waits[] = {1000,   2000,   4000,   8000,   16000,  32000, 64000,
                                     128000, 256000, 512000, 900000, 900000, 900000};
    uint64_t now = START;
    for (int i = 0; i < 5; i++) {
        ck_assert_uint_eq(attempt("a", 5, now), 0);
    }
    ck_assert_uint_eq(attempt("a", 5, now), 0); /* the sixth, and from here on it takes time */
    for (size_t i = 0; i < sizeof waits / sizeof waits[0]; i++) {
        ck_assert_uint_eq(attempt("a", 5, now), waits[i]);
        ck_assert_uint_eq(attempt("a", 5, now + waits[i] - 1), 1);
        now += waits[i];
        ck_assert_uint_eq(attempt("a", 5, now), 0);
    }
}
END_TEST

START_TEST(keys_do_not_know_each_other) {
    for (int i = 0; i < 6; i++) {
        ck_assert_uint_eq(attempt("a", 5, START), 0);
    }
    ck_assert_uint_eq(throttle_wait(t, "a", START), 1000);
    ck_assert_uint_eq(throttle_wait(t, "b", START), 0);
    ck_assert_uint_eq(throttle_wait(t, "", START), 0);
    for (int i = 0; i < 20; i++) {
        ck_assert_uint_eq(attempt("source", 20, START), 0);
    }
    ck_assert_uint_eq(attempt("source", 20, START), 0);
    ck_assert_uint_eq(attempt("source", 20, START), 1000);
}
END_TEST

START_TEST(looking_counts_nothing) {
    for (int i = 0; i < 1000; i++) {
        ck_assert_uint_eq(throttle_wait(t, "a", START), 0);
    }
    for (int i = 0; i < 6; i++) {
        ck_assert_uint_eq(attempt("a", 5, START), 0);
    }
    for (int i = 0; i < 1000; i++) { /* nor does what has to wait */
        ck_assert_uint_eq(attempt("a", 5, START), 1000);
    }
    ck_assert_uint_eq(attempt("a", 5, START + 1000), 0);
    ck_assert_uint_eq(throttle_wait(t, "a", START + 1000), 2000);
}
END_TEST

START_TEST(a_right_try_forgets_the_wrong_ones) {
    for (int i = 0; i < 6; i++) {
        ck_assert_uint_eq(attempt("a", 5, START), 0);
    }
    throttle_passed(t, "a");
    throttle_passed(t, "never seen");
    for (int i = 0; i < 6; i++) {
        ck_assert_uint_eq(attempt("a", 5, START), 0);
    }
    ck_assert_uint_eq(attempt("a", 5, START), 1000);
}
END_TEST

/* Somebody with a good password guesses others': each right try between takes only
 * itself back. */
START_TEST(a_right_try_may_only_undo_itself) {
    for (int i = 0; i < 6; i++) {
        ck_assert_uint_eq(throttle_wait(t, "a", START), 0);
        throttle_count(t, "a", 5, START); /* a guess */
        if (throttle_wait(t, "a", START) == 0) {
            throttle_count(t, "a", 5, START); /* his own */
            throttle_undo(t, "a", 5);
        }
    }
    ck_assert_uint_eq(throttle_wait(t, "a", START), 1000);
    throttle_undo(t, "never seen", 5);
}
END_TEST

START_TEST(time_forgets_them_too) {
    for (int i = 0; i < 6; i++) {
        ck_assert_uint_eq(attempt("a", 5, START), 0);
    }
    uint64_t later = START + 2 * (uint64_t)THROTTLE_MAX_MS;
    ck_assert_uint_eq(attempt("a", 5, later - 1), 0); /* the seventh: not forgotten yet */
    ck_assert_uint_eq(attempt("a", 5, later - 1), 2000);
    later += 2 * (uint64_t)THROTTLE_MAX_MS;
    for (int i = 0; i < 6; i++) {
        ck_assert_uint_eq(attempt("a", 5, later), 0);
    }
    ck_assert_uint_eq(attempt("a", 5, later), 1000);
}
END_TEST

/* Far more keys than places: those tried last are remembered. */
START_TEST(memory_is_bounded) {
    char key[40];
    unsigned remembered = 0;
    for (unsigned i = 0; i < 100 * THROTTLE_PLACES; i++) {
        snprintf(key, sizeof key, "key-%u", i);
        throttle_count(t, key, 0, START + i);
    }
    for (unsigned i = 100 * THROTTLE_PLACES - 64; i < 100 * THROTTLE_PLACES; i++) {
        snprintf(key, sizeof key, "key-%u", i);
        remembered += throttle_wait(t, key, START + 100 * THROTTLE_PLACES) > 0;
    }
    ck_assert_uint_eq(remembered, 64);
}
END_TEST

int main(void) {
    Suite *s = suite_create("throttle");
    TCase *c = tcase_create("throttle");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, waits_double_up_to_a_quarter_of_an_hour);
    tcase_add_test(c, keys_do_not_know_each_other);
    tcase_add_test(c, looking_counts_nothing);
    tcase_add_test(c, a_right_try_forgets_the_wrong_ones);
    tcase_add_test(c, a_right_try_may_only_undo_itself);
    tcase_add_test(c, time_forgets_them_too);
    tcase_add_test(c, memory_is_bounded);
    suite_add_tcase(s, c);
    return suite_run(s);
}
