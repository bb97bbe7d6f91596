/* Exact decimals: what is read as a number, sums, quotients, rounding. */
#include "store/decimal.h"
#include "tests/suite.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct fraction fraction(const char *text) {
    struct decimal d;
    struct fraction f;
    ck_assert_msg(decimal_parse(text, strlen(text), &d), "%s", text);
    ck_assert(decimal_fraction(d, &f));
    return f;
}

static const char *printed(struct fraction f, unsigned decimals) {
    static char out[4][DECIMAL_TEXT_MAX];
    static unsigned next;
    char *text = out[next++ % 4];
    ck_assert(fraction_format(f, decimals, text));
    return text;
}

START_TEST(reads_numbers) {
    static const struct {
        const char *text, *same;
        unsigned decimals;
    } samples[] = {
        {"0", "0", 0},
        {"59", "59", 0},
        {"007", "7", 0},
        {"36.3", "36.3", 1},
        {"10.0", "10.0", 1},
        {"0.581", "0.581", 3},
        {"-0.16", "-0.16", 2},
        {"−1.10", "-1.10", 2},
        {"▲5", "-5", 0},
        {"△0.5", "-0.5", 1},
        {"1,207,069", "1207069", 0},
        {"12,345.60", "12345.60", 2},
        {"-1,000", "-1000", 0},
        {"999999999999999999", "999999999999999999", 0},
        {"0.000000000000000001", "0.000000000000000001", 18},
    };
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        struct decimal d;
        ck_assert_msg(decimal_parse(samples[i].text, strlen(samples[i].text), &d), "%s",
                      samples[i].text);
        ck_assert_uint_eq(d.scale, samples[i].decimals);
        ck_assert_str_eq(printed(fraction(samples[i].text), d.scale), samples[i].same);
    }
}
END_TEST

START_TEST(refuses_what_is_no_number) {
    static const char *const samples[] = {"",
                                          "―",
                                          "-",
                                          "1、2",
                                          "1.2.3",
                                          ".5",
                                          "5.",
                                          "1,2",
                                          "1,2345",
                                          "12,34,567",
                                          ",100",
                                          "1234,567",
                                          "1e3",
                                          " 5",
                                          "5 ",
                                          "+5",
                                          "5%",
                                          "--5",
                                          "1.234,5",
                                          "1,234,5",
                                          "1000,000",
                                          "1234567890123456789",
                                          "0.1234567890123456789",
                                          "36．3",
                                          "三"};
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        struct decimal d;
        ck_assert_msg(!decimal_parse(samples[i], strlen(samples[i]), &d), "\"%s\"", samples[i]);
    }
    struct decimal d;
    ck_assert(!decimal_parse(NULL, 0, &d));
    ck_assert(!decimal_parse("5\0", 2, &d));
}
END_TEST

START_TEST(adds_exactly) {
    struct decimal sum = decimal_of(0);
    struct decimal tenth;
    struct fraction f;
    ck_assert(decimal_parse("0.1", 3, &tenth));
    for (int i = 0; i < 10; i++) {
        ck_assert(decimal_add(sum, tenth, &sum));
    }
    ck_assert(decimal_fraction(sum, &f));
    ck_assert_int_eq(fraction_compare(f, (struct fraction){1, 1}), 0);
    ck_assert(decimal_subtract(decimal_of(1), tenth, &sum));
    ck_assert(decimal_fraction(sum, &f));
    ck_assert_str_eq(printed(f, 1), "0.9");
}
END_TEST

START_TEST(rounds_half_up_once) {
    static const struct {
        const char *text;
        unsigned decimals;
        const char *printed;
    } samples[] = {
        {"0.05", 1, "0.1"},   {"0.049", 1, "0.0"},   {"2.5", 0, "3"},      {"3.5", 0, "4"},
        {"-2.5", 0, "-3"},    {"-0.04", 1, "0.0"},   {"-0.05", 1, "-0.1"}, {"99.95", 1, "100.0"},
        {"1.445", 2, "1.45"}, {"1.4449", 2, "1.44"}, {"7", 3, "7.000"},    {"0", 0, "0"},
    };
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        ck_assert_str_eq(printed(fraction(samples[i].text), samples[i].decimals),
                         samples[i].printed);
    }
    char out[DECIMAL_TEXT_MAX];
    ck_assert(!fraction_format((struct fraction){1, 3}, 19, out));
    ck_assert_str_eq(out, "");
}
END_TEST

START_TEST(divides_exactly) {
    struct fraction f;
    ck_assert(fraction_divide(fraction("1"), fraction("3"), &f));
    ck_assert_str_eq(printed(f, 6), "0.333333");
    ck_assert(fraction_times(f, 3, &f));
    ck_assert_int_eq(fraction_compare(f, fraction("1.0")), 0);
    ck_assert(fraction_divide(fraction("-1"), fraction("-8"), &f));
    ck_assert_str_eq(printed(f, 2), "0.13");
    ck_assert(fraction_divide(fraction("1"), fraction("-8"), &f));
    ck_assert_str_eq(printed(f, 2), "-0.13");
    ck_assert_int_gt((int)f.den, 0);
    ck_assert(!fraction_divide(fraction("5"), fraction("0"), &f));
    ck_assert(!fraction_divide(fraction("5"), fraction("0.00"), &f));
    ck_assert(fraction_add(fraction("0.5"), fraction("-1.25"), &f));
    ck_assert_str_eq(printed(f, 2), "-0.75");
    ck_assert(fraction_subtract(fraction("0.5"), fraction("-1.25"), &f));
    ck_assert_str_eq(printed(f, 2), "1.75");
}
END_TEST

START_TEST(compares_without_rounding) {
    ck_assert_int_eq(fraction_compare(fraction("10"), fraction("10.0")), 0);
    ck_assert_int_eq(fraction_compare(fraction("89.99999999"), fraction("90.0")), -1);
    ck_assert_int_eq(fraction_compare(fraction("-1"), fraction("-2")), 1);
    /* Too long to be crossed: 1/3 as 10^37 / (3 * 10^37 + 1) and around it. */
    decimal_digits big = 1;
    for (int i = 0; i < 37; i++) {
        big *= 10;
    }
    struct fraction below = {big, big * 3 + 1};
    struct fraction above = {big, big * 3 - 1};
    ck_assert_int_eq(fraction_compare(below, above), -1);
    ck_assert_int_eq(fraction_compare(above, below), 1);
    ck_assert_int_eq(fraction_compare(above, above), 0);
    struct fraction minus = {-big, big * 3 + 1};
    ck_assert_int_eq(fraction_compare(minus, below), -1);
    ck_assert_int_eq(fraction_compare(minus, (struct fraction){-big, big * 3 - 1}), 1);
}
END_TEST

START_TEST(says_when_there_is_no_room) {
    decimal_digits big = 1;
    for (int i = 0; i < 38; i++) {
        big *= 10;
    }
    struct decimal d;
    struct fraction f;
    char out[DECIMAL_TEXT_MAX];
    ck_assert(!decimal_add((struct decimal){big, 0}, (struct decimal){1, 18}, &d));
    ck_assert(!decimal_add((struct decimal){big, 0}, (struct decimal){big, 0}, &d));
    ck_assert(!fraction_times((struct fraction){big, 7}, 100, &f));
    ck_assert(!fraction_divide((struct fraction){big, 7}, (struct fraction){3, big}, &f));
    ck_assert(!fraction_add((struct fraction){1, big}, (struct fraction){1, big - 1}, &f));
    ck_assert(!fraction_format((struct fraction){big, 1}, 2, out));
    ck_assert(!decimal_fraction((struct decimal){1, 40}, &f));
}
END_TEST

START_TEST(knows_whole_numbers) {
    int64_t n;
    ck_assert(fraction_whole(fraction("59.00"), &n));
    ck_assert_int_eq(n, 59);
    ck_assert(fraction_whole(fraction("-3"), &n));
    ck_assert_int_eq(n, -3);
    ck_assert(!fraction_whole(fraction("36.3"), &n));
    ck_assert(!fraction_whole((struct fraction){(decimal_digits)INT64_MAX + 1, 1}, &n));
}
END_TEST

int main(void) {
    Suite *s = suite_create("decimal");
    TCase *t = tcase_create("decimal");
    tcase_add_test(t, reads_numbers);
    tcase_add_test(t, refuses_what_is_no_number);
    tcase_add_test(t, adds_exactly);
    tcase_add_test(t, rounds_half_up_once);
    tcase_add_test(t, divides_exactly);
    tcase_add_test(t, compares_without_rounding);
    tcase_add_test(t, says_when_there_is_no_room);
    tcase_add_test(t, knows_whole_numbers);
    suite_add_tcase(s, t);
    return suite_run(s);
}
