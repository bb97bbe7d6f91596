/* Log-linear histograms: how far off they are, and that they forget. */
#include "daemon/histogram.h"
#include "tests/suite.h"

#include <check.h>
#include <stdlib.h>

/* One value alone is told at most 3.2 % off. */
START_TEST(one_value) {
    for (uint64_t v = 1; v < HISTOGRAM_MAX; v += 1 + v / 37) {
        struct histogram h = {0};
        histogram_add(&h, v);
        uint64_t told = histogram_quantile(&h, 990);
        uint64_t off = told > v ? told - v : v - told;
        ck_assert_msg(off * 32 <= v, "%llu is told as %llu", (unsigned long long)v,
                      (unsigned long long)told);
        ck_assert(v >= 32 || off == 0);
        ck_assert_uint_eq(h.n, 1);
        ck_assert_uint_eq(h.sum, v);
    }
}
END_TEST

START_TEST(none_and_zero) {
    struct histogram h = {0};
    ck_assert_uint_eq(histogram_quantile(&h, 990), 0);
    histogram_add(&h, 0);
    ck_assert_uint_eq(histogram_quantile(&h, 990), 0);
    ck_assert_uint_eq(h.n, 1);
}
END_TEST

/* 1 .. 10,000: each quantile is where it should be. */
START_TEST(quantiles) {
    struct histogram h = {0};
    for (uint64_t v = 10000; v >= 1; v--) {
        histogram_add(&h, v);
    }
    for (unsigned permille = 1; permille <= 1000; permille++) {
        double right = permille * 10.0;
        double told = (double)histogram_quantile(&h, permille);
        ck_assert_msg(told > right * 0.935 - 1 && told < right * 1.065 + 1, "%u: %.0f", permille,
                      told);
    }
    ck_assert_uint_eq(h.sum, 10000 * 10001 / 2);
}
END_TEST

START_TEST(one_in_fifty) {
    struct histogram h = {0};
    for (unsigned i = 0; i < 1000; i++) {
        histogram_add(&h, i % 50 == 0 ? 1000000 : 100);
    }
    ck_assert_uint_ge(histogram_quantile(&h, 990), 960000);
    ck_assert_uint_le(histogram_quantile(&h, 970), 104);
}
END_TEST

START_TEST(beyond_the_last_class) {
    struct histogram h = {0};
    histogram_add(&h, UINT64_MAX);
    ck_assert_uint_ge(histogram_quantile(&h, 500), HISTOGRAM_MAX / 32 * 31);
    ck_assert_uint_le(histogram_quantile(&h, 500), HISTOGRAM_MAX);
}
END_TEST

/* What was slow long ago is forgotten; the counts since the beginning are not. */
START_TEST(forgets) {
    struct histogram h = {0};
    for (unsigned i = 0; i < HISTOGRAM_KEPT / 2; i++) {
        histogram_add(&h, 50000);
    }
    for (unsigned i = 0; i < 5 * HISTOGRAM_KEPT; i++) {
        histogram_add(&h, 7);
        ck_assert_uint_lt(h.kept, HISTOGRAM_KEPT);
    }
    ck_assert_uint_eq(histogram_quantile(&h, 990), 7);
    ck_assert_uint_eq(h.n, HISTOGRAM_KEPT / 2 + 5 * HISTOGRAM_KEPT);
}
END_TEST

int main(void) {
    Suite *s = suite_create("histogram");
    TCase *t = tcase_create("histogram");
    tcase_add_test(t, one_value);
    tcase_add_test(t, none_and_zero);
    tcase_add_test(t, quantiles);
    tcase_add_test(t, one_in_fifty);
    tcase_add_test(t, beyond_the_last_class);
    tcase_add_test(t, forgets);
    suite_add_tcase(s, t);
    return suite_run(s);
}
