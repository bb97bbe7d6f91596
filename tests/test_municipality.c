/* 全国地方公共団体コード and its check digit. */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "proto/municipality.h"
#include "tests/suite.h"

START_TEST(real_codes) {
    static const char *const good[] = {"062090", "202070", "062022", "202037",
                                       "112119", "060003", "200000", "110001"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        ck_assert_msg(municipality_code_valid(good[i], 6), "%s", good[i]);
    }
}
END_TEST

START_TEST(one_wrong_digit) {
    char code[7] = "062090";
    for (int i = 0; i < 6; i++) {
        for (int c = '0'; c <= '9'; c++) {
            char before = code[i];
            code[i] = (char)c;
            ck_assert_msg(municipality_code_valid(code, 6) == (c == before), "%s", code);
            code[i] = before;
        }
    }
}
END_TEST

START_TEST(one_check_digit_each) {
    for (int stem = 1000; stem < 48000; stem++) {
        int valid = 0;
        for (int check = 0; check < 10; check++) {
            char code[8];
            snprintf(code, sizeof code, "%05d%d", stem, check);
            valid += municipality_code_valid(code, 6);
        }
        ck_assert_int_eq(valid, 1);
    }
}
END_TEST

START_TEST(other_shapes) {
    ck_assert(!municipality_code_valid("6209", 4));
    ck_assert(!municipality_code_valid("62090", 5));
    ck_assert(!municipality_code_valid("0620900", 7));
    ck_assert(!municipality_code_valid("", 0));
    ck_assert(!municipality_code_valid("06209o", 6));
    ck_assert(!municipality_code_valid("06209\xff", 6));
    ck_assert(!municipality_code_valid("000001", 6)); /* check digit right, no such prefecture */
    for (int check = 0; check < 10; check++) {
        char code[8];
        snprintf(code, sizeof code, "48000%d", check);
        ck_assert(!municipality_code_valid(code, 6));
    }
}
END_TEST

int main(void) {
    Suite *s = suite_create("municipality");
    TCase *t = tcase_create("municipality");
    tcase_add_test(t, real_codes);
    tcase_add_test(t, one_wrong_digit);
    tcase_add_test(t, one_check_digit_each);
    tcase_add_test(t, other_shapes);
    suite_add_tcase(s, t);
    return suite_run(s);
}
