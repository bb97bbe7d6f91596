/* The guard against individual numbers.  All numbers here are synthetic. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/guard.h"
#include "tests/suite.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static enum guard_verdict scan(const char *text) {
    return guard_scan((const uint8_t *)text, strlen(text));
}

static void expect(const char *const *texts, size_t n, enum guard_verdict verdict) {
    for (size_t i = 0; i < n; i++) {
        ck_assert_msg(scan(texts[i]) == verdict, "\"%s\": %d, not %d", texts[i], scan(texts[i]),
                      verdict);
    }
}

START_TEST(check_digits) {
    static const struct {
        const char *number;
        bool valid;
    } vectors[] = {
        {"123456789018", true},  {"987654321093", true},  {"111111111118", true},
        {"000000000000", true},  {"200000000000", true},  {"123456789010", false},
        {"123456798018", false}, {"987654321083", false}, {"111111111111", false},
        {"200000000060", false},
    };
    for (size_t i = 0; i < COUNT(vectors); i++) {
        uint8_t digits[12];
        for (int k = 0; k < 12; k++) {
            digits[k] = (uint8_t)(vectors[i].number[k] - '0');
        }
        ck_assert_msg(guard_check_digit(digits) == vectors[i].valid, "%s", vectors[i].number);
        ck_assert_int_eq(scan(vectors[i].number), vectors[i].valid ? GUARD_REFUSE : GUARD_WARN);
    }
}
END_TEST

START_TEST(refused) {
    static const char *const texts[] = {
        "１２３４－５６７８－９０１８",
        "1234 5678\n9018",
        "第123456789018号",
        "一二三四五六七八九〇一八",
        "一二三四五六七八九零一八",
        "一二三四五六七八九○一八",
        "壱弐参四五六七八九零壱八",
        "壹貳參肆伍陸柒捌玖〇壹捌",
        "１2３4５6７8９0１8",
        "123456789018",
        "123456 789018",
        "123456-789018",
        "1 2 3 4 5 6 7 8 9 0 1 8",
        "1-2-3-4-5-6-7-8-9-0-1-8",
        "1・2・3・4・5・6・7・8・9・0・1・8",
        "1234-5678-9010", /* check digit wrong, but printed as on the card */
        "1234 5678 9010",
        "1234ー5678ー9018",
        "1234‐5678‐9018",
        "1234−5678−9018",
        "1234–5678—9018",
        "1234―5678―9018",
        "1234〜5678〜9018",
        "1234・5678・9018",
        "1234.5678.9018",
        "1234/5678/9018",
        "1234_5678_9018",
        "1234　5678　9018",
        "1234 - 5678 - 9018",
        "1234\r\n5678\r\n9018",
        "１２３４ｰ５６７８ｰ９０１８",
        "①②③④⑤⑥⑦⑧⑨⓪①⑧",
        "⑫③④⑤⑥⑦⑧⑨⓪①⑧",
        "⒈⒉⒊⒋⒌⒍⒎⒏⒐0⒈⒏",
        "❶❷❸❹❺❻❼❽❾⓿❶❽",
        "¹²³⁴⁵⁶⁷⁸⁹⁰¹⁸",
        "𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖𝟗𝟎𝟏𝟖",
        "١٢٣٤٥٦٧٨٩٠١٨",
        "१२३४५६७८९०१८",
        "1️⃣2️⃣3️⃣4️⃣5️⃣6️⃣7️⃣8️⃣9️⃣0️⃣1️⃣8️⃣",
        "①123456789018", /* a bullet is no thirteenth digit */
        "〇123456789018",
        "第二123456789018",
        "123456789018²",
        "123456\u200b789018",       /* zero width space */
        "1234\u200d56\ufeff789018", /* joiner, BOM */
        "123456\u00ad789018",       /* soft hyphen */
        "123456\u2060789018",       /* word joiner */
        "123456\u202e789018",       /* bidi control */
        "1\u033623456789018",       /* combining stroke */
        "123456\377789018",         /* not UTF-8 */
        "123456\001789018",
        "電話 0238-84-2111 番号 123456789018",
        "個人番号 123456789018 2026-11-20",
        "2026-11-20 123456789018",
        "4111 1111 1111 1111", /* a payment card holds 4-4-4 */
        "000000000000",
    };
    expect(texts, COUNT(texts), GUARD_REFUSE);
}
END_TEST

START_TEST(refused_near_a_keyword) {
    static const char *const texts[] = {
        "マイナンバー 123456789010",
        "個人番号は123456789010です",
        "123456789010（個人番号）",
        "ナンバー:123456789010",
        "ﾏｲﾅﾝﾊﾞｰ123456789010",
        "まいなんばー 123456789010",
        "マイナンハ\xe3\x82\x99ー 123456789010",
        "My Number: 123456789010",
        "MYNUMBER 123456789010",
        "Ｍｙ　Ｎｕｍｂｅｒ 123456789010",
        "個 人 番 号 123456789010",
        "個人\u200b番号 123456789010",
        "マイナンバー 0238-84-2111 15",
        "0238-84-2111 15 マイナンバー",
        "マイナンバーあいうえおかきくけこさしすせそたちつてと123456789010", /* 20 between */
    };
    expect(texts, COUNT(texts), GUARD_REFUSE);
    static const char *const far[] = {
        "マイナンバーあいうえおかきくけこさしすせそたちつてとな123456789010", /* 21 */
        "123456789010あいうえおかきくけこさしすせそたちつてと個人の番号",
        "個人の番号 123456789010",
    };
    expect(far, COUNT(far), GUARD_WARN);
    /* 18 kana and マイ come before ナンバー: 20 between */
    ck_assert_int_eq(scan("123456789010あいうえおかきくけこさしすせそたちつマイナンバー"),
                     GUARD_REFUSE);
    ck_assert_int_eq(scan("123456789010あいうえおかきくけこさしすせそたちつてマイナンバー"),
                     GUARD_WARN);
}
END_TEST

START_TEST(suspicious) {
    static const char *const texts[] = {
        "202404010930",  "日時 202404010930 受付",  "123456789010",
        "123456 789010", "1 2 3 4 5 6 7 8 9 0 1 0", "一二三四五六七八九〇一〇",
    };
    expect(texts, COUNT(texts), GUARD_WARN);
}
END_TEST

START_TEST(fine) {
    static const char *const texts[] = {
        "",
        "移住の相談。空き家を見たい。",
        "09012345678",
        "090-1234-5678",
        "993-8601",
        "〒993-8601 長井市栄町5番1号",
        "M-2024-000123",
        "20240401",
        "1234567890180",
        "12345678901",
        "0238-84-2111 15",
        "2024-04-01 10:30 から 12:00",
        "2024-04-01 10:30 0238-84-2111",
        "７月１２日１０時",
        "マイナンバーカードの交付 22,799枚",
        "マイナンバーカード 2024-04-01 10:30 交付",
        "個人番号カードの更新",
        "my number card",
        "7000012050002", /* thirteen digits: a corporate number */
        "7123456789012",
        "令和6年4月1日 9時30分から10時30分まで",
        "1,207,069 22,799 1,067",
        "123,456,789,018",
        "○○○○○○○○○○○○",
        "○○○○-○○○○-○○○○",
        "090-○○○○-○○○○",
        "1234    5678    9018", /* columns: more than three separators */
        "1234か5678か9018",
        "2021、2022、2023年度",
        "十二万三千四百五十六",
        "aaaaaaaaaaaa",
        "ⅠからⅤまで",
    };
    expect(texts, COUNT(texts), GUARD_PASS);
}
END_TEST

/* What a shape and a check digit say, by the plainest possible reading. */
static bool valid_by_hand(const char *d) {
    int sum = 0;
    for (int n = 1; n <= 11; n++) {
        sum += (d[11 - n] - '0') * (n <= 6 ? n + 1 : n - 5);
    }
    int check = sum % 11 <= 1 ? 0 : 11 - sum % 11;
    return d[11] - '0' == check;
}

START_TEST(random_numbers) {
    unsigned seed = 7;
    for (int round = 0; round < 200000; round++) {
        char number[16];
        for (int i = 0; i < 12; i++) {
            seed = seed * 1103515245 + 12345;
            number[i] = (char)('0' + (seed >> 16) % 10);
        }
        number[12] = '\0';
        enum guard_verdict expected = valid_by_hand(number) ? GUARD_REFUSE : GUARD_WARN;
        ck_assert_msg(scan(number) == expected, "%s", number);
        number[12] = '5';
        ck_assert_int_eq(guard_scan((const uint8_t *)number, 13), GUARD_PASS);
    }
}
END_TEST

/* Every way to split a valid number with one separator each. */
START_TEST(all_splits) {
    static const char number[] = "123456789018";
    for (unsigned mask = 0; mask < 1U << 11; mask++) {
        char text[32];
        size_t n = 0;
        for (unsigned i = 0; i < 12; i++) {
            text[n++] = number[i];
            if (i < 11 && (mask >> i & 1)) {
                text[n++] = '-';
            }
        }
        bool refuse = mask == 0 || mask == 1U << 5 || mask == (1U << 3 | 1U << 7) || mask == 0x7ff;
        ck_assert_int_eq(guard_scan((const uint8_t *)text, n), refuse ? GUARD_REFUSE : GUARD_PASS);
        char near[64];
        snprintf(near, sizeof near, "個人番号 %.*s", (int)n, text);
        ck_assert_int_eq(scan(near), GUARD_REFUSE);
    }
}
END_TEST

START_TEST(length_is_bounded) {
    char *text = malloc(70000);
    ck_assert_ptr_nonnull(text);
    memset(text, 'a', 70000);
    ck_assert_int_eq(guard_scan((const uint8_t *)text, 4000), GUARD_PASS);
    ck_assert_int_eq(guard_scan((const uint8_t *)text, 4001), GUARD_REFUSE);
    ck_assert_int_eq(guard_scan((const uint8_t *)text, 70000), GUARD_REFUSE);
    static const char number[] = {'1', '2', '3', '4', '5', '6', '7', '8', '9', '0', '1', '8'};
    memcpy(text + 3988, number, 12);
    ck_assert_int_eq(guard_scan((const uint8_t *)text, 4000), GUARD_REFUSE);
    memcpy(text, number, 12);
    ck_assert_int_eq(guard_scan((const uint8_t *)text, 12), GUARD_REFUSE);
    free(text);
}
END_TEST

/* Full of what costs most: digits, separators, keywords, long foldings, noise. */
START_TEST(hostile_texts) {
    static const char *const fills[] = {
        "1",    "1-", "12345 ", "1 2", "ナンバー",  "my number", "\xef\xb7\xba",
        "\xff", "①",  "㍿",     "0-○", "1ナンバー", "\xcc\x81",  "11-111-1111 "};
    char text[4000];
    for (size_t i = 0; i < COUNT(fills); i++) {
        size_t len = strlen(fills[i]);
        for (size_t n = 0; n < sizeof text; n++) {
            text[n] = fills[i][n % len];
        }
        for (int round = 0; round < 100; round++) {
            ck_assert_int_ge((int)guard_scan((const uint8_t *)text, sizeof text), GUARD_PASS);
        }
    }
    unsigned seed = 1;
    for (int round = 0; round < 3000; round++) {
        for (size_t n = 0; n < sizeof text; n++) {
            seed = seed * 1103515245 + 12345;
            text[n] = (char)(seed >> 16);
        }
        ck_assert_int_ge((int)guard_scan((const uint8_t *)text, (size_t)(round + 1)), GUARD_PASS);
    }
}
END_TEST

START_TEST(quotes) {
    char out[GUARD_QUOTE_MAX];
    char text[200];
    ck_assert_str_eq(guard_quote((const uint8_t *)"2023-02-29", 10, out), "2023-02-29");
    ck_assert_str_eq(guard_quote((const uint8_t *)"", 0, out), "");
    ck_assert_str_eq(guard_quote((const uint8_t *)"123456789018", 12, out), "…");
    ck_assert_str_eq(guard_quote((const uint8_t *)"123456789010", 12, out), "…");
    ck_assert_str_eq(guard_quote((const uint8_t *)"a\nb", 3, out), "…");
    ck_assert_str_eq(guard_quote((const uint8_t *)"a\xff", 2, out), "…");
    for (size_t len = 1; len < sizeof text / 3; len++) {
        for (size_t i = 0; i < len; i++) {
            text[3 * i] = '\xe7'; /* 窓 */
            text[3 * i + 1] = '\xaa';
            text[3 * i + 2] = '\x93';
        }
        const char *quote = guard_quote((const uint8_t *)text, 3 * len, out);
        ck_assert(strlen(quote) < GUARD_QUOTE_MAX);
        ck_assert(3 * len < GUARD_QUOTE_MAX || strcmp(quote + strlen(quote) - 3, "…") == 0);
        ck_assert_uint_eq(strlen(quote) % 3, 0);
    }
}
END_TEST

int main(void) {
    Suite *s = suite_create("guard");
    TCase *t = tcase_create("guard");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, check_digits);
    tcase_add_test(t, refused);
    tcase_add_test(t, refused_near_a_keyword);
    tcase_add_test(t, suspicious);
    tcase_add_test(t, fine);
    tcase_add_test(t, random_numbers);
    tcase_add_test(t, all_splits);
    tcase_add_test(t, length_is_bounded);
    tcase_add_test(t, hostile_texts);
    tcase_add_test(t, quotes);
    suite_add_tcase(s, t);
    return suite_run(s);
}
