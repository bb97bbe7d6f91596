/* Verdicts: every comparator, formula and band, with the values of five
 * cities' plans. */
#include "proto/message.h"
#include "store/verdict.h"
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

/* A scale of A (100 and more), B (80 and more), C. */
struct bands {
    Document__Scale scale;
    Document__Band band[3];
    Document__Band *list[3];
};

static Document__Scale *scale_of(struct bands *b, const char *formula) {
    static const char *const letters[] = {"A", "B", "C"};
    static const char *const mins[] = {"100", "80", NULL};
    document__scale__init(&b->scale);
    SET(&b->scale, formula, bytes_of(formula));
    for (int i = 0; i < 3; i++) {
        document__band__init(&b->band[i]);
        SET(&b->band[i], letter, bytes_of(letters[i]));
        if (mins[i] != NULL) {
            SET(&b->band[i], min, bytes_of(mins[i]));
        }
        b->list[i] = &b->band[i];
    }
    b->scale.band = b->list;
    b->scale.n_band = 3;
    return &b->scale;
}

/* "ratio letter" by a formula (NULL: no scale); - where there is none. */
static const char *judged(const char *formula, const char *comparator, const char *base,
                          const char *actual, const char *target) {
    static char out[80];
    struct bands bands;
    struct judgement j;
    struct fraction baseline;
    const Document__Scale *scale = formula == NULL ? NULL : scale_of(&bands, formula);
    if (base != NULL) {
        baseline = fraction(base);
    }
    verdict_judge(scale, comparator_of(bytes_of(comparator)), fraction(actual), fraction(target),
                  base == NULL ? NULL : &baseline, &j);
    char ratio[DECIMAL_TEXT_MAX] = "-";
    if (j.has_ratio) {
        ck_assert(fraction_format(j.ratio, 1, ratio));
    }
    const Document__Band *band = verdict_band(scale, &j);
    snprintf(out, sizeof out, "%s %.*s %s", ratio, band == NULL ? 1 : (int)band->letter.len,
             band == NULL ? "-" : (const char *)band->letter.data,
             !j.judged ? "not judged"
             : j.met   ? "met"
                       : "missed");
    return out;
}

START_TEST(values_of_the_plans) {
    static const struct {
        const char *comparator, *base, *actual, *target, *simple, *progress;
    } samples[] = {
        {"以上", "6", "59", "18", "327.8 A met", "441.7 A met"},
        {"以上", "0", "7", "6", "116.7 A met", "116.7 A met"},
        {"以上", "1006742", "1207069", "1500000", "80.5 B missed", "40.6 C missed"},
        {"以上", "2316", "22799", "5300", "430.2 A met", "686.4 A met"},
        {"以上", "3", "1", "20", "5.0 C missed", "-11.8 C missed"},
        {"以上", "7811", "5708", "9500", "60.1 C missed", "-124.5 C missed"},
        {"以上", "0", "12", "50", "24.0 C missed", "24.0 C missed"},
        {"以上", NULL, "36.3", "40.0", "90.8 B missed", "- C missed"},
        {"以上", "186", "300", "336", "89.3 B missed", "76.0 C missed"},
        {"未満", "91.7", "90.5", "90.0", "99.4 B missed", "70.6 C missed"},
        /* Looser than its baseline: 225 % and yet missed, never an A. */
        {"以下", "94.2", "96.0", "95", "99.0 B missed", "225.0 B missed"},
        {"以内", "3.7", "3.5", "3.7", "105.7 A met", "- A met"},
        {"以下", "100", "40", "50", "125.0 A met", "120.0 A met"},
    };
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        bool less = strcmp(samples[i].comparator, "以上") != 0;
        ck_assert_str_eq(judged(less ? "target/actual" : "actual/target", samples[i].comparator,
                                samples[i].base, samples[i].actual, samples[i].target),
                         samples[i].simple);
        ck_assert_str_eq(judged("progress", samples[i].comparator, samples[i].base,
                                samples[i].actual, samples[i].target),
                         samples[i].progress);
    }
}
END_TEST

START_TEST(without_a_scale) {
    ck_assert_str_eq(judged(NULL, "", "6", "59", "18"), "327.8 - met");
    ck_assert_str_eq(judged(NULL, "未満", "91.7", "90.5", "90.0"), "99.4 - missed");
    ck_assert_str_eq(judged(NULL, "以内", "3.7", "3.5", "3.7"), "105.7 - met");
}
END_TEST

START_TEST(each_comparator) {
    static const struct {
        const char *comparator, *below, *same, *above;
    } samples[] = {
        {"以上", "missed", "met", "met"},
        {"", "missed", "met", "met"},
        {"超", "missed", "missed", "met"},
        {"以下", "met", "met", "missed"},
        {"以内", "met", "met", "missed"},
        {"未満", "met", "missed", "missed"},
        {"程度", "not judged", "not judged", "not judged"},
        {"均衡", "not judged", "not judged", "not judged"},
    };
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        const char *c = samples[i].comparator;
        ck_assert_str_eq(strstr(judged(NULL, c, NULL, "89.9", "90.0"), "- ") + 2, samples[i].below);
        ck_assert_str_eq(strstr(judged(NULL, c, NULL, "90", "90.0"), "- ") + 2, samples[i].same);
        ck_assert_str_eq(strstr(judged(NULL, c, NULL, "90.1", "90.0"), "- ") + 2, samples[i].above);
    }
}
END_TEST

START_TEST(bands_look_at_exact_values) {
    /* 79.96 % is printed as 80.0 and is not 80. */
    ck_assert_str_eq(judged("actual/target", "", NULL, "1999", "2500"), "80.0 C missed");
    ck_assert_str_eq(judged("actual/target", "", NULL, "2000", "2500"), "80.0 B missed");
    /* 99.96 % is missed, though it prints 100.0. */
    ck_assert_str_eq(judged("actual/target", "", NULL, "2499", "2500"), "100.0 B missed");
}
END_TEST

START_TEST(nothing_is_divided_by_zero) {
    ck_assert_str_eq(judged("actual/target", "", NULL, "5", "0"), "- A met");
    ck_assert_str_eq(judged("target/actual", "以下", NULL, "0", "10"), "- A met");
    ck_assert_str_eq(judged("progress", "", "5", "4", "5"), "- C missed");
    ck_assert_str_eq(judged("progress", "", NULL, "4", "5"), "- C missed");
}
END_TEST

START_TEST(comparator_alone) {
    ck_assert_str_eq(judged("comparator", "", NULL, "99", "100"), "99.0 C missed");
    ck_assert_str_eq(judged("comparator", "", NULL, "100", "100"), "100.0 A met");
    ck_assert_str_eq(judged("comparator", "以下", NULL, "99", "100"), "101.0 A met");
    ck_assert_str_eq(judged("comparator", "程度", NULL, "99", "100"), "99.0 - not judged");
}
END_TEST

START_TEST(met_never_falls_under_a_hundred) {
    /* actual/target for a target of which less is better. */
    ck_assert_str_eq(judged("actual/target", "以下", NULL, "40", "50"), "80.0 A met");
    ck_assert_str_eq(judged("actual/target", "以下", NULL, "60", "50"), "120.0 B missed");
}
END_TEST

START_TEST(a_scale_without_a_last_band) {
    struct bands bands;
    struct judgement j;
    Document__Scale *scale = scale_of(&bands, "actual/target");
    scale->n_band = 2;
    verdict_judge(scale, COMPARE_AT_LEAST, fraction("1"), fraction("10"), NULL, &j);
    ck_assert_ptr_null(verdict_band(scale, &j));
    ck_assert_ptr_null(verdict_band(NULL, &j));
}
END_TEST

int main(void) {
    Suite *s = suite_create("verdict");
    TCase *t = tcase_create("verdict");
    tcase_add_test(t, values_of_the_plans);
    tcase_add_test(t, without_a_scale);
    tcase_add_test(t, each_comparator);
    tcase_add_test(t, bands_look_at_exact_values);
    tcase_add_test(t, nothing_is_divided_by_zero);
    tcase_add_test(t, comparator_alone);
    tcase_add_test(t, met_never_falls_under_a_hundred);
    tcase_add_test(t, a_scale_without_a_last_band);
    suite_add_tcase(s, t);
    return suite_run(s);
}
