/* Tries of passwords by account and source, by a clock of the test's own. */
#include "daemon/tries.h"
#include "tests/suite.h"

#include <check.h>
#include <stdio.h>

#define START 5000000

static struct tries *t;

static const struct identity here = {.source = "192.0.2.7", .network = "192.0.2.0/24"};
static const struct identity beside = {.source = "192.0.2.8", .network = "192.0.2.0/24"};
static const struct identity there = {.source = "198.51.100.1", .network = "198.51.100.0/24"};
static const struct identity user = {.source = "uid:1000"};
static const struct identity other_user = {.source = "uid:1001"};

static void setup(void) {
    t = tries_new();
    ck_assert_ptr_nonnull(t);
}

static void teardown(void) {
    tries_free(t);
}

static uint64_t attempt(const char *name, const struct identity *asker) {
    return tries_count(t, name, asker, START);
}

/* Uses up what is free of the account: the next one has to wait. */
static void use_up(const char *name, const struct identity *asker) {
    for (int i = 0; i <= TRIES_FREE; i++) {
        ck_assert_uint_eq(attempt(name, asker), 0);
    }
}

/* Tries of names that are tried once each. */
static void try_others(int n, const struct identity *asker) {
    static int number;
    char name[32];
    for (int i = 0; i < n; i++) {
        snprintf(name, sizeof name, "other-%d", number++);
        ck_assert_uint_eq(attempt(name, asker), 0);
    }
}

START_TEST(an_account_waits_wherever_it_is_tried_from) {
    use_up("tanaka", &here);
    ck_assert_uint_eq(attempt("tanaka", &there), 1000);
    ck_assert_uint_eq(attempt("tanaka", &user), 1000);
    ck_assert_uint_eq(attempt("abe", &here), 0);
}
END_TEST

START_TEST(a_source_waits_whatever_it_tries) {
    try_others(TRIES_FREE_SOURCE, &here);
    try_others(1, &beside); /* of one network */
    ck_assert_uint_eq(attempt("tanaka", &here), 1000);
    ck_assert_uint_eq(attempt("tanaka", &beside), 1000);
    ck_assert_uint_eq(attempt("tanaka", &there), 0);
}
END_TEST

START_TEST(who_has_no_network_counts_for_himself) {
    try_others(TRIES_FREE_SOURCE + 1, &user);
    ck_assert_uint_eq(attempt("tanaka", &user), 1000);
    ck_assert_uint_eq(attempt("tanaka", &other_user), 0);
}
END_TEST

/* A name that looks like a source is none. */
START_TEST(names_and_sources_do_not_mix) {
    use_up("uid:1000", &here);
    ck_assert_uint_eq(attempt("tanaka", &user), 0);
}
END_TEST

START_TEST(the_longer_wait_is_told) {
    use_up("tanaka", &there);
    ck_assert_uint_eq(tries_count(t, "tanaka", &there, START + 1000), 0);
    try_others(TRIES_FREE_SOURCE + 1, &here);
    ck_assert_uint_eq(attempt("abe", &here), 1000);
    ck_assert_uint_eq(attempt("tanaka", &here), 3000);
    ck_assert_uint_eq(tries_count(t, "tanaka", &user, START + 1000), 2000);
}
END_TEST

/* Of neither: what the account has to wait for leaves the source as it was. */
START_TEST(what_has_to_wait_is_not_counted) {
    use_up("tanaka", &here);
    for (int i = 0; i < 2 * TRIES_FREE_SOURCE; i++) {
        ck_assert_uint_eq(attempt("tanaka", &here), 1000);
    }
    try_others(TRIES_FREE_SOURCE - TRIES_FREE, &here);
    ck_assert_uint_eq(attempt("abe", &here), 1000);
}
END_TEST

/* One's own password buys no guesses at others'. */
START_TEST(a_right_one_forgets_those_of_its_account_alone) {
    try_others(TRIES_FREE_SOURCE - TRIES_FREE, &here);
    for (int i = 0; i < TRIES_FREE; i++) {
        ck_assert_uint_eq(attempt("tanaka", &here), 0);
    }
    ck_assert_uint_eq(attempt("tanaka", &here), 0);
    tries_passed(t, "tanaka", &here);
    use_up("tanaka", &there); /* all of its free ones are back */
    try_others(1, &here);     /* of the source only its own */
    ck_assert_uint_eq(attempt("abe", &here), 1000);
}
END_TEST

START_TEST(what_is_no_try_is_taken_back_from_both) {
    try_others(TRIES_FREE_SOURCE - TRIES_FREE, &here);
    use_up("tanaka", &here);
    tries_undo(t, "tanaka", &here);
    ck_assert_uint_eq(attempt("tanaka", &there), 0);
    ck_assert_uint_eq(attempt("tanaka", &there), 1000);
    try_others(1, &here);
    ck_assert_uint_eq(attempt("abe", &here), 1000);
}
END_TEST

int main(void) {
    Suite *s = suite_create("tries");
    TCase *c = tcase_create("tries");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, an_account_waits_wherever_it_is_tried_from);
    tcase_add_test(c, a_source_waits_whatever_it_tries);
    tcase_add_test(c, who_has_no_network_counts_for_himself);
    tcase_add_test(c, names_and_sources_do_not_mix);
    tcase_add_test(c, the_longer_wait_is_told);
    tcase_add_test(c, what_has_to_wait_is_not_counted);
    tcase_add_test(c, a_right_one_forgets_those_of_its_account_alone);
    tcase_add_test(c, what_is_no_try_is_taken_back_from_both);
    suite_add_tcase(s, c);
    return suite_run(s);
}
