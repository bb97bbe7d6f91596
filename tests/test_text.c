/* Text: every UTF-8 sequence of up to three bytes, what is refused, codes,
 * widths, nearest words. */
#include <check.h>
#include <string.h>
#include <unistr.h>

#include "proto/text.h"
#include "tests/suite.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static int check_text(const char *text, struct error *e) {
    return text_check((const uint8_t *)text, strlen(text), TEXT_MAX, "venue", e);
}

/* libunistring decodes the same bytes: the oracle. */
static bool as_libunistring(const uint8_t *bytes, size_t len) {
    uint32_t cp = 0;
    ucs4_t expected = 0;
    int n = u8_mbtoucr(&expected, bytes, len);
    size_t got = text_decode(bytes, len, &cp);
    return n < 0 ? got == 0 : got == (size_t)n && cp == expected;
}

START_TEST(utf8_up_to_three_bytes) {
    uint8_t b[3];
    for (unsigned v = 0; v < 1U << 24; v++) {
        b[0] = (uint8_t)(v >> 16);
        b[1] = (uint8_t)(v >> 8);
        b[2] = (uint8_t)v;
        if (!as_libunistring(b, 3) || (b[2] == 0 && !as_libunistring(b, 2)) ||
            (v << 16 == 0 && !as_libunistring(b, 1))) {
            ck_abort_msg("%06x", v);
        }
    }
}
END_TEST

START_TEST(utf8_four_bytes) {
    uint8_t b[4];
    for (unsigned lead = 0xee; lead <= 0xff; lead++) {
        for (unsigned v = 0; v < 1U << 16; v++) {
            b[0] = (uint8_t)lead;
            b[1] = (uint8_t)(v >> 8);
            b[2] = (uint8_t)v;
            b[3] = (uint8_t)(v ^ v >> 8);
            if (!as_libunistring(b, 4)) {
                ck_abort_msg("%02x%04x", lead, v);
            }
        }
    }
}
END_TEST

static bool is_refused(uint32_t cp) {
    return cp < 0x20 || (cp >= 0x7f && cp <= 0x9f) || cp == 0x2028 || cp == 0x2029 ||
           (cp >= 0xfdd0 && cp <= 0xfdef) || (cp & 0xfffe) == 0xfffe || cp == 0x61c ||
           cp == 0x200e || cp == 0x200f || (cp >= 0x202a && cp <= 0x202e) ||
           (cp >= 0x2066 && cp <= 0x2069);
}

START_TEST(every_code_point) {
    for (uint32_t cp = 0; cp <= 0x110000; cp++) {
        uint8_t b[6];
        uint32_t got = 0;
        uint32_t folded[TEXT_FOLD_MAX];
        int n = u8_uctomb(b, cp, sizeof b);
        if (n < 0) {
            ck_assert((cp >= 0xd800 && cp <= 0xdfff) || cp > 0x10ffff);
            continue;
        }
        size_t n_folded = text_fold(cp, folded);
        if (text_decode(b, (size_t)n, &got) != (size_t)n || got != cp || n_folded < 1 ||
            n_folded > TEXT_FOLD_MAX ||
            (text_check(b, (size_t)n, 4, "x", NULL) != 0) != is_refused(cp)) {
            ck_abort_msg("U+%04X", cp);
        }
    }
}
END_TEST

START_TEST(good_texts) {
    static const char *const good[] = {"",     "長井市役所 1階",       "髙橋",
                                       "𠮷野", "葛\xf3\xa0\x84\x80城", "ﾔﾏﾀﾞ ﾀﾛｳ",
                                       "café", "👨‍👩‍👧"};
    for (size_t i = 0; i < COUNT(good); i++) {
        ck_assert_int_eq(check_text(good[i], NULL), 0);
    }
    ck_assert_int_eq(text_check(NULL, 0, 0, "x", NULL), 0);
}
END_TEST

START_TEST(bad_texts) {
    static const struct {
        const char *text, *en, *ja;
    } bad[] = {
        {"a\tb", "character 2 is a control", "2 文字目"},
        {"あ\nい", "character 2 is a control", "2 文字目"},
        {"\x1b[31m", "character 1 is a control", "1 文字目"},
        {"\x7f", "character 1", "1 文字目"},
        {"a\xc2\x85", "character 2", "2 文字目"},
        {"a\xe2\x80\xa8", "character 2", "2 文字目"},
        {"a\xe2\x80\xae", "character 2", "2 文字目"},
        {"\xef\xbf\xbe", "character 1", "1 文字目"},
        {"a\xff", "not UTF-8 from byte 2", "2 バイト目"},
        {"\xc0\xaf", "not UTF-8 from byte 1", "1 バイト目"},
        {"\xed\xa0\x80", "not UTF-8 from byte 1", "1 バイト目"},
        {"\xf4\x90\x80\x80", "not UTF-8 from byte 1", "1 バイト目"},
        {"abc\xe3\x81", "not UTF-8 from byte 4", "4 バイト目"},
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct error e;
        ck_assert_int_eq(check_text(bad[i].text, &e), -1);
        ck_assert_int_eq(e.code, ERR_INVALID);
        ck_assert_str_eq(e.field, "venue");
        ck_assert_msg(strstr(e.en, bad[i].en) != NULL, "%s", e.en);
        ck_assert_msg(strstr(e.ja, bad[i].ja) != NULL, "%s", e.ja);
        ck_assert(strstr(e.en, bad[i].text) == NULL);
    }
    struct error e;
    ck_assert_int_eq(text_check((const uint8_t *)"a\0b", 3, 10, "x", &e), -1);
}
END_TEST

START_TEST(length) {
    uint8_t text[TEXT_MAX + 1];
    struct error e;
    memset(text, 'a', sizeof text);
    ck_assert_int_eq(text_check(text, TEXT_MAX, TEXT_MAX, "reason", &e), 0);
    ck_assert_int_eq(text_check(text, TEXT_MAX + 1, TEXT_MAX, "reason", &e), -1);
    ck_assert_int_eq(e.code, ERR_TOO_MUCH);
    ck_assert(strstr(e.en, "4001 bytes, at most 4000") != NULL);
    ck_assert_int_eq(text_check(text, 1, 0, NULL, &e), -1);
    ck_assert_str_eq(e.field, "text");
}
END_TEST

START_TEST(codes) {
    static const char *const good[] = {
        "a", "0", "dv", "vacant-house", "a-", "2x", "abcdefghijklmnopqrstuvwxyz012345"};
    static const char *const bad[] = {
        "",       "-a",  "A",  "a_b", "a b",
        "住まい", "a.b", "@a", "a,b", "abcdefghijklmnopqrstuvwxyz0123456"};
    for (size_t i = 0; i < COUNT(good); i++) {
        ck_assert_msg(text_is_code((const uint8_t *)good[i], strlen(good[i])), "%s", good[i]);
    }
    for (size_t i = 0; i < COUNT(bad); i++) {
        ck_assert_msg(!text_is_code((const uint8_t *)bad[i], strlen(bad[i])), "%s", bad[i]);
    }
    ck_assert(!text_is_code((const uint8_t *)"a\0b", 3));
}
END_TEST

START_TEST(widths) {
    static const struct {
        const char *text;
        int width;
    } vectors[] = {
        {"", 0},
        {"abc", 3},
        {"窓口", 4},
        {"ﾏﾄﾞｸﾞﾁ", 6},
        {"ｶﾞ", 2},
        {"か\xe3\x82\x99", 2},
        {"e\xcc\x81", 1},
        {"１２", 4},
        {"（％）", 6},
        {"―", 1},
        {"𠮷", 2},
        {"a\xe2\x80\x8b", 1},
        {"葛\xf3\xa0\x84\x80", 2},
        {"\xff", 1},
        {"a\tb", 2},
    };
    for (size_t i = 0; i < COUNT(vectors); i++) {
        ck_assert_msg(text_width(vectors[i].text) == vectors[i].width, "%s: %d", vectors[i].text,
                      text_width(vectors[i].text));
    }
}
END_TEST

START_TEST(nearest) {
    static const char *const words[] = {"housing", "vacant-house", "work",  "startup", "dv",
                                        "counter", "phone",        "email", "mail",    "mental"};
    static const char *const pairs[][2] = {
        {"houseing", "housing"}, {"hosuing", "housing"},
        {"wrok", "work"},        {"counnter", "counter"},
        {"phon", "phone"},       {"vacanthouse", "vacant-house"},
        {"emial", "email"},      {"mial", "mail"},
        {"work", "work"},        {"dw", "dv"},
    };
    for (size_t i = 0; i < COUNT(pairs); i++) {
        const char *near = text_nearest(pairs[i][0], words, COUNT(words));
        ck_assert_msg(near != NULL && strcmp(near, pairs[i][1]) == 0, "%s: %s", pairs[i][0],
                      near ? near : "none");
    }
    static const char *const none[] = {"", "x", "banana", "住まい", "w", "abc"};
    for (size_t i = 0; i < COUNT(none); i++) {
        ck_assert_msg(text_nearest(none[i], words, COUNT(words)) == NULL, "%s", none[i]);
    }
    char absurd[400];
    memset(absurd, 'a', sizeof absurd);
    absurd[sizeof absurd - 1] = '\0';
    const char *const longest[] = {absurd};
    ck_assert_ptr_null(text_nearest(absurd, words, COUNT(words)));
    ck_assert_ptr_null(text_nearest("aaaa", longest, 1));
    ck_assert_ptr_null(text_nearest("aaaa", NULL, 0));
}
END_TEST

int main(void) {
    Suite *s = suite_create("text");
    TCase *t = tcase_create("text");
    tcase_set_timeout(t, 120);
    tcase_add_test(t, utf8_up_to_three_bytes);
    tcase_add_test(t, utf8_four_bytes);
    tcase_add_test(t, every_code_point);
    tcase_add_test(t, good_texts);
    tcase_add_test(t, bad_texts);
    tcase_add_test(t, length);
    tcase_add_test(t, codes);
    tcase_add_test(t, widths);
    tcase_add_test(t, nearest);
    suite_add_tcase(s, t);
    return suite_run(s);
}
