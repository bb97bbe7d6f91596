/* A clock that jumps, forth and back: what was recorded later is never recorded
 * earlier, and what was known at a time is what had been recorded by then. */
#include "store/internal.h"
#include "tests/kit_store.h"
#include "tests/power_kit.h"
#include "tests/suite.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define ENTRIES 150
#define HOUR    UINT64_C(3600000)
#define DAY     (24 * HOUR)

static uint64_t recorded_at(struct kit *k, uint64_t seq) {
    return kit_show(k, seq)->recorded_at;
}

/* By the hour mostly, sometimes by a year, sometimes to a time long ago. */
static uint64_t jump(uint64_t *random, uint64_t now, uint64_t start) {
    switch (power_random(random, 8)) {
    case 0:
        return now + power_random(random, 365) * DAY;
    case 1:
        return now > start + 400 * DAY ? now - power_random(random, 400) * DAY : start;
    case 2:
        return start - power_random(random, 30) * DAY;
    case 3:
        return now;
    default:
        return now + power_random(random, 50) * HOUR;
    }
}

static void expect_known(struct kit *k, const uint64_t *at, size_t n, uint64_t then) {
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        count += at[i] <= then;
    }
    const char *expected = count == 0 ? "" : kit_text(k, count);
    kit_question(k, expected, .count = "cases", .from = "FY2024", .known_at = then);
}

START_TEST(recorded_at_never_goes_back) {
    struct kit k;
    uint64_t at[ENTRIES];
    uint64_t random = power_seed();
    kit_start(&k, false);
    uint64_t start = k.now;
    for (size_t i = 0; i < ENTRIES; i++) {
        k.now = jump(&random, k.now, start);
        kit_log(&k, "citizen", "2024-04-15", NULL);
        at[i] = recorded_at(&k, k.last.seq);
        ck_assert_uint_ge(at[i], i == 0 ? start - 30 * DAY : at[i - 1]);
        ck_assert(at[i] == k.now || (i > 0 && at[i] == at[i - 1]) || (i == 0 && at[i] >= k.now));
        uint64_t then = at[power_random(&random, i + 1)] + power_random(&random, 3) - 1;
        expect_known(&k, at, i + 1, then);
        kit_stats(&k, "cases", "FY2024", NULL, NULL, kit_text(&k, i + 1));
        if (power_random(&random, 20) == 0) {
            kit_close(&k, power_random(&random, 2) == 0);
            kit_open(&k);
        }
    }
    kit_finish(&k);
}
END_TEST

/* A group that is given up leaves nothing: not its time either. */
START_TEST(a_group_given_up_does_not_move_the_time) {
    struct kit k;
    struct error e;
    struct store_result result;
    struct store_actor actor = {.id = "uid:1000"};
    kit_start(&k, false);
    kit_log(&k, "citizen", "2024-04-15", NULL);
    uint64_t now = k.now;
    ck_assert_int_eq(store_begin(k.store, now + 1000 * DAY, &e), STORE_DONE);
    ck_assert_int_eq(
        store_record(k.store, &actor,
                     kit_request(&k, "log", "service", "citizen", "date", "2024-04-16", NULL),
                     &k.arena, &result, &e),
        0);
    store_abort(k.store);
    k.now = now + HOUR;
    kit_log(&k, "citizen", "2024-04-15", NULL);
    ck_assert_uint_eq(recorded_at(&k, k.last.seq), now + HOUR);
    kit_finish(&k);
}
END_TEST

static bool all_shown(struct kit *k) {
    struct store_status status;
    store_status(k->store, &status);
    return status.applied == status.head;
}

/* The commit may go on beside whoever recorded. */
static bool comes_to_be_shown(struct kit *k) {
    for (int i = 0; i < KIT_PATIENCE && !all_shown(k); i++) {
        usleep(1000);
    }
    return all_shown(k);
}

/* What is recorded becomes visible on time by a clock that was set back, too. */
START_TEST(readers_follow_a_clock_set_back) {
    struct kit k;
    struct error e;
    kit_start(&k, false);
    k.now += 1000 * DAY;
    kit_log(&k, "citizen", "2024-04-15", NULL);
    ck_assert_int_eq(store_settle(k.store, &e), 0);
    kit_log(&k, "citizen", "2024-04-15", NULL);
    ck_assert(!all_shown(&k)); /* one commit serves many groups */
    k.now -= 999 * DAY;
    kit_log(&k, "citizen", "2024-04-15", NULL);
    ck_assert(comes_to_be_shown(&k));
    k.now += HOUR;
    kit_log(&k, "citizen", "2024-04-15", NULL);
    ck_assert(comes_to_be_shown(&k));
    kit_stats(&k, "cases", "FY2024", NULL, NULL, "4");
    kit_finish(&k);
}
END_TEST

int main(void) {
    Suite *s = suite_create("clock");
    TCase *t = tcase_create("clock");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, recorded_at_never_goes_back);
    tcase_add_test(t, a_group_given_up_does_not_move_the_time);
    tcase_add_test(t, readers_follow_a_clock_set_back);
    suite_add_tcase(s, t);
    kit_begin();
    int status = suite_run(s);
    kit_end();
    return status;
}
