/* Civil dates, fiscal years and eras: every day from 1868 to 2100, and what
 * people write. */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "proto/calendar.h"
#include "tests/suite.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

START_TEST(every_day_round_trips) {
    static const unsigned days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int32_t n = calendar_days(18680101);
    unsigned weekday = calendar_weekday(18680101);
    ck_assert_uint_eq(weekday, 3);
    for (uint32_t y = 1868; y <= 2100; y++) {
        bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
        for (uint32_t m = 1; m <= 12; m++) {
            uint32_t last = days[m - 1] + (m == 2 && leap);
            for (uint32_t d = 1; d <= last; d++, n++, weekday = (weekday + 1) % 7) {
                uint32_t date = y * 10000 + m * 100 + d;
                ck_assert(calendar_date_valid(date));
                ck_assert_int_eq(calendar_days(date), n);
                ck_assert_uint_eq(calendar_date(n), date);
                ck_assert_uint_eq(calendar_weekday(date), weekday);
                ck_assert_uint_eq(calendar_fiscal_year(date), m >= 4 ? y : y - 1);
            }
            ck_assert(!calendar_date_valid(y * 10000 + m * 100 + last + 1));
            ck_assert(!calendar_date_valid(y * 10000 + m * 100));
        }
        ck_assert(!calendar_date_valid(y * 10000 + 1301));
        ck_assert(!calendar_date_valid(y * 10000 + 1));
    }
}
END_TEST

START_TEST(every_day_reads_back) {
    int32_t last = calendar_days(21001231);
    for (int32_t n = calendar_days(18680101); n <= last; n++) {
        uint32_t date = calendar_date(n);
        uint32_t read = 0;
        char plain[16];
        char era[64];
        calendar_format_date(date, plain);
        calendar_format_date_ja(date, era);
        ck_assert_int_eq(calendar_parse_date(plain, strlen(plain), &read, NULL), 0);
        ck_assert_uint_eq(read, date);
        ck_assert_msg(calendar_parse_date(era, strlen(era), &read, NULL) == 0, "%s", era);
        ck_assert_uint_eq(read, date);
    }
}
END_TEST

START_TEST(ends_of_the_calendar) {
    ck_assert_int_eq(calendar_days(19700101), 0);
    ck_assert_uint_eq(calendar_date(0), 19700101);
    ck_assert_uint_eq(calendar_date(calendar_days(18680101)), 18680101);
    ck_assert_uint_eq(calendar_date(calendar_days(18680101) - 1), 0);
    ck_assert_uint_eq(calendar_date(calendar_days(99991231)), 99991231);
    ck_assert_uint_eq(calendar_date(calendar_days(99991231) + 1), 0);
    ck_assert_uint_eq(calendar_date(INT32_MAX), 0);
    ck_assert_uint_eq(calendar_date(INT32_MIN), 0);
    ck_assert(!calendar_date_valid(0));
    ck_assert(!calendar_date_valid(18671231));
    ck_assert(!calendar_date_valid(UINT32_MAX));
    ck_assert(!calendar_date_valid(19000229));
    ck_assert(calendar_date_valid(20000229));
}
END_TEST

START_TEST(today_is_japans) {
    ck_assert_uint_eq(calendar_today(0), 19700101);
    /* 2024-03-31 14:59:59.999 UTC is 23:59:59.999 in Japan. */
    ck_assert_uint_eq(calendar_today(1711897199999), 20240331);
    ck_assert_uint_eq(calendar_today(1711897200000), 20240401);
    ck_assert_uint_eq(calendar_today(-9 * 3600000LL - 1), 19691231);
    ck_assert_uint_eq(calendar_today(INT64_MAX), 0);
    ck_assert_uint_eq(calendar_today(INT64_MIN), 0);
}
END_TEST

static void expect_time(int64_t unix_ms, const char *expected) {
    char text[16];
    calendar_format_time(unix_ms, text);
    ck_assert_str_eq(text, expected);
}

START_TEST(the_clock_is_japans) {
    expect_time(0, "09:00:00");
    expect_time(1711897199999, "23:59:59"); /* see today_is_japans */
    expect_time(1711897200000, "00:00:00");
    expect_time(1711934462999, "10:21:02");
    expect_time(-1, "08:59:59");
    expect_time(-9 * 3600000LL, "00:00:00");
    expect_time(-9 * 3600000LL - 1, "23:59:59");
    expect_time(INT64_MAX, "16:12:55");
    expect_time(INT64_MIN, "01:47:04");
}
END_TEST

static const struct {
    const char *text;
    uint32_t date;
} dates[] = {
    {"2024-04-15", 20240415},
    {"2024/4/15", 20240415},
    {"2024.4.15", 20240415},
    {"20240415", 20240415},
    {"2024年4月15日", 20240415},
    {"R6.4.15", 20240415},
    {"r6-04-15", 20240415},
    {"R6/4/15", 20240415},
    {"令和6年4月15日", 20240415},
    {"令和６年４月１５日", 20240415},
    {"令和六年四月十五日", 20240415},
    {"令和二十一年十二月三十一日", 20391231},
    {"二〇二四年四月一日", 20240401},
    {" 令和 6 年 4 月 15 日 ", 20240415},
    {"令和　６年", 0},
    {"Ｒ６．４．１５", 20240415},
    {"２０２４－０４－１５", 20240415},
    {"２０２４ー０４ー１５", 20240415},
    {"2024‐04‑15", 20240415},
    {"2024–04—15", 20240415},
    {"2024−04−15", 20240415},
    {"㋿6年4月15日", 20240415},
    {"㍻31年4月30日", 20190430},
    {"㍼64年1月7日", 19890107},
    {"㍽元年7月30日", 19120730},
    {"㍾45年7月29日", 19120729},
    {"令6.4.15", 20240415},
    {"S64.1.7", 19890107},
    {"H1.1.8", 19890108},
    {"H元.1.8", 19890108},
    {"平成31年4月30日", 20190430},
    {"令和元年5月1日", 20190501},
    {"令和1年5月1日", 20190501},
    {"平成31年5月1日", 20190501},
    {"平成32年2月29日", 20200229},
    {"昭和100年1月1日", 20250101},
    {"T15.12.24", 19261224},
    {"S1.12.25", 19261225},
    {"R8.3.31", 20260331},
    {"明治6年1月1日", 18730101},
    {"1872-12-31", 18721231},
    {"2024-02-29", 20240229},
};

START_TEST(dates_as_written) {
    for (size_t i = 0; i < COUNT(dates); i++) {
        uint32_t date = 0;
        struct error e;
        int rc = calendar_parse_date(dates[i].text, strlen(dates[i].text), &date, &e);
        ck_assert_msg(rc == (dates[i].date ? 0 : -1), "%s: %s", dates[i].text, rc ? e.en : "");
        ck_assert_msg(date == dates[i].date, "%s: %u", dates[i].text, date);
    }
}
END_TEST

static const struct {
    const char *text;
    const char *en; /* part of the English sentence */
    const char *ja;
} no_dates[] = {
    {"2023-02-29", "\"2023-02-29\": there is no such day; month 2023-02 has 28 days",
     "「2023-02-29」という日はありません。2023年2月は28日まで"},
    {"2024-04-31", "no such day", "30日まで"},
    {"R5.2.29", "no such day", "28日まで"},
    {"2024-04-00", "no such day", "という日はありません"},
    {"2024-13-01", "no such month", "その月はありません"},
    {"2024-00-01", "no such month", "その月はありません"},
    {"20240230", "no such day", "29日まで"},
    {"2024-04", "a day is missing", "日がありません"},
    {"FY2024", "a day is missing", "日がありません"},
    {"R6", "a day is missing", "日がありません"},
    {"明治5年12月2日", "lunar", "旧暦"},
    {"1867-12-31", "between 1868 and 9998", "1868から9998"},
    {"9999-01-01", "between 1868 and 9998", "1868から9998"},
    {"24-04-15", "not a date", "読めません"},
    {"2024-4-15-1", "not a date", "読めません"},
    {"2024-4/15", "not a date", "読めません"},
    {"2024-004-15", "not a date", "読めません"},
    {"R0.4.1", "not a date", "読めません"},
    {"R200.4.1", "not a date", "読めません"},
    {"令和.4.1", "not a date", "読めません"},
    {"15 April 2024", "not a date", "読めません"},
    {"yesterday", "\"yesterday\": not a date", "「yesterday」：日付"},
    {"fy", "not a date", "読めません"},
    {"f", "not a date", "読めません"},
    {"2024-04-15..", "not a date", "読めません"},
    {"2024年4月15日月", "not a date", "読めません"},
    {"", "is empty", "空です"},
    {"   ", "not a date", "読めません"},
    {"\xff", "\"…\": not a date", "「…」"},
    {"123456789018", "\"…\": not a date", "「…」"},
    {"2024-04-\x1b[2J", "\"…\"", "「…」"},
};

START_TEST(dates_refused) {
    for (size_t i = 0; i < COUNT(no_dates); i++) {
        uint32_t date = 7;
        struct error e;
        const char *text = no_dates[i].text;
        ck_assert_msg(calendar_parse_date(text, strlen(text), &date, &e) == -1, "%s", text);
        ck_assert_uint_eq(date, 7);
        ck_assert_int_eq(e.code, ERR_INVALID);
        ck_assert_str_eq(e.field, "date");
        ck_assert_msg(strstr(e.en, no_dates[i].en) != NULL, "%s: %s", text, e.en);
        ck_assert_msg(strstr(e.ja, no_dates[i].ja) != NULL, "%s: %s", text, e.ja);
    }
}
END_TEST

START_TEST(long_input_is_refused) {
    char text[5000];
    struct error e;
    uint32_t date;
    struct period p;
    memset(text, 'x', sizeof text);
    for (size_t len = 100; len <= sizeof text; len += 700) {
        ck_assert_int_eq(calendar_parse_date(text, len, &date, &e), -1);
        ck_assert_int_eq(calendar_parse_period(text, len, &p, &e), -1);
        ck_assert(strlen(e.en) < 200);
    }
    /* one code point that folds to eighteen */
    for (size_t i = 0; i < 50; i++) {
        text[3 * i] = '\xef';
        text[3 * i + 1] = '\xb7';
        text[3 * i + 2] = '\xba';
    }
    ck_assert_int_eq(calendar_parse_date(text, 150, &date, &e), -1);
}
END_TEST

/* Pieces of dates in any order: whatever is read must exist and read back. */
START_TEST(random_input) {
    static const char *const pieces[] = {"20", "24", "4",  "15", "-",  "/",    ".",  "..", "～",
                                         "年", "月", "日", "度", "R",  "令和", "元", "十", "FY",
                                         "H",  "31", " ",  "　", "０", "㋿",  "0",  "x"};
    unsigned seed = 5;
    unsigned n_read = 0;
    for (int round = 0; round < 300000; round++) {
        char text[64] = "";
        size_t len = 0;
        seed = seed * 1103515245 + 12345;
        for (unsigned n = 1 + (seed >> 16) % 8; n > 0; n--) {
            seed = seed * 1103515245 + 12345;
            const char *piece = pieces[(seed >> 16) % COUNT(pieces)];
            len += (size_t)snprintf(text + len, sizeof text - len, "%s", piece);
        }
        struct period p;
        if (calendar_parse_period(text, len, &p, NULL) == 0) {
            struct period again;
            char canonical[40];
            calendar_format_period(&p, canonical);
            if (!calendar_date_valid(p.from) || !calendar_date_valid(p.to) || p.from > p.to ||
                calendar_parse_period(canonical, strlen(canonical), &again, NULL) != 0 ||
                again.kind != p.kind || again.from != p.from || again.to != p.to) {
                ck_abort_msg("%s: %s", text, canonical);
            }
            n_read++;
        }
    }
    ck_assert_uint_gt(n_read, 1000);
}
END_TEST

static const struct {
    const char *text;
    enum period_kind kind;
    uint32_t from, to;
    const char *canonical;
} periods[] = {
    {"FY2024", PERIOD_YEAR, 20240401, 20250331, "FY2024"},
    {"fy2024", PERIOD_YEAR, 20240401, 20250331, "FY2024"},
    {"2025", PERIOD_YEAR, 20250401, 20260331, "FY2025"},
    {"2024年度", PERIOD_YEAR, 20240401, 20250331, "FY2024"},
    {"R5", PERIOD_YEAR, 20230401, 20240331, "FY2023"},
    {"R7", PERIOD_YEAR, 20250401, 20260331, "FY2025"},
    {"令和7", PERIOD_YEAR, 20250401, 20260331, "FY2025"},
    {"令7", PERIOD_YEAR, 20250401, 20260331, "FY2025"},
    {"令5", PERIOD_YEAR, 20230401, 20240331, "FY2023"},
    {"令5年度", PERIOD_YEAR, 20230401, 20240331, "FY2023"},
    {"令和5年度", PERIOD_YEAR, 20230401, 20240331, "FY2023"},
    {"令和５年度", PERIOD_YEAR, 20230401, 20240331, "FY2023"},
    {"㋿5年度", PERIOD_YEAR, 20230401, 20240331, "FY2023"},
    {"令和元年度", PERIOD_YEAR, 20190401, 20200331, "FY2019"},
    {"R元", PERIOD_YEAR, 20190401, 20200331, "FY2019"},
    {"R1", PERIOD_YEAR, 20190401, 20200331, "FY2019"},
    {"H31", PERIOD_YEAR, 20190401, 20200331, "FY2019"},
    {"平成31年度", PERIOD_YEAR, 20190401, 20200331, "FY2019"},
    {"H30", PERIOD_YEAR, 20180401, 20190331, "FY2018"},
    {"平成元年度", PERIOD_YEAR, 19890401, 19900331, "FY1989"},
    {"S63", PERIOD_YEAR, 19880401, 19890331, "FY1988"},
    {"2024-04", PERIOD_MONTH, 20240401, 20240430, "2024-04"},
    {"2024/4", PERIOD_MONTH, 20240401, 20240430, "2024-04"},
    {"202402", PERIOD_MONTH, 20240201, 20240229, "2024-02"},
    {"2024年4月", PERIOD_MONTH, 20240401, 20240430, "2024-04"},
    {"平成32年2月", PERIOD_MONTH, 20200201, 20200229, "2020-02"},
    {"H31.4", PERIOD_MONTH, 20190401, 20190430, "2019-04"},
    {"R1.4", PERIOD_MONTH, 20190401, 20190430, "2019-04"},
    {"令和6年十月", PERIOD_MONTH, 20241001, 20241031, "2024-10"},
    {"2024-04-15", PERIOD_DAY, 20240415, 20240415, "2024-04-15"},
    {"R6.4.15", PERIOD_DAY, 20240415, 20240415, "2024-04-15"},
    {"FY2021..FY2025", PERIOD_RANGE, 20210401, 20260331, "FY2021..FY2025"},
    {"R3..R7", PERIOD_RANGE, 20210401, 20260331, "FY2021..FY2025"},
    {"R3～R7", PERIOD_RANGE, 20210401, 20260331, "FY2021..FY2025"},
    {"令和3年度〜令和7年度", PERIOD_RANGE, 20210401, 20260331, "FY2021..FY2025"},
    {"2021-04-01..2026-03-31", PERIOD_RANGE, 20210401, 20260331, "FY2021..FY2025"},
    {"FY2021‥FY2025", PERIOD_RANGE, 20210401, 20260331, "FY2021..FY2025"},
    {"2024-04-01..2024-04-15", PERIOD_RANGE, 20240401, 20240415, "2024-04-01..2024-04-15"},
    {"R6.4.1..R6.4.15", PERIOD_RANGE, 20240401, 20240415, "2024-04-01..2024-04-15"},
    {"2024-04..2024-06", PERIOD_RANGE, 20240401, 20240630, "2024-04-01..2024-06-30"},
    {"2024-01..2024-12", PERIOD_RANGE, 20240101, 20241231, "2024-01-01..2024-12-31"},
    {"2024-04-01..2024-04-30", PERIOD_MONTH, 20240401, 20240430, "2024-04"},
    {"2024-04-01..2025-03-31", PERIOD_YEAR, 20240401, 20250331, "FY2024"},
    {"FY2024..FY2024", PERIOD_YEAR, 20240401, 20250331, "FY2024"},
    {"2024-04-15..2024-04-15", PERIOD_DAY, 20240415, 20240415, "2024-04-15"},
    {"2024-04-01..", PERIOD_OPEN, 20240401, CALENDAR_OPEN, "2024-04-01.."},
    {"FY2024..", PERIOD_OPEN, 20240401, CALENDAR_OPEN, "2024-04-01.."},
    {"R6.4.1〜", PERIOD_OPEN, 20240401, CALENDAR_OPEN, "2024-04-01.."},
};

START_TEST(periods_as_written) {
    for (size_t i = 0; i < COUNT(periods); i++) {
        struct period p;
        struct error e;
        char canonical[40];
        int rc = calendar_parse_period(periods[i].text, strlen(periods[i].text), &p, &e);
        ck_assert_msg(rc == 0, "%s: %s", periods[i].text, rc ? e.en : "");
        ck_assert_msg(p.kind == periods[i].kind, "%s: kind %d", periods[i].text, p.kind);
        ck_assert_msg(p.from == periods[i].from, "%s: %u", periods[i].text, p.from);
        ck_assert_msg(p.to == periods[i].to, "%s: %u", periods[i].text, p.to);
        calendar_format_period(&p, canonical);
        ck_assert_str_eq(canonical, periods[i].canonical);
        struct period again;
        ck_assert_int_eq(calendar_parse_period(canonical, strlen(canonical), &again, NULL), 0);
        ck_assert(again.kind == p.kind && again.from == p.from && again.to == p.to);
    }
}
END_TEST

START_TEST(periods_refused) {
    static const char *const bad[][2] = {
        {"", "is empty"},
        {"令和5年", "calendar year or fiscal year"},
        {"2024年", "calendar year or fiscal year"},
        {"FY24", "not a date or period"},
        {"FYR6", "not a date or period"},
        {"FY2024-04", "not a date or period"},
        {"R6度", "not a date or period"},
        {"R6年度4月", "not a date or period"},
        {"2025-04..2025-03", "ends before it begins"},
        {"FY2025..FY2024", "ends before it begins"},
        {"..2024-04", "not a date or period"},
        {"..", "not a date or period"},
        {"2024-04..2024-05..2024-06", "not a date or period"},
        {"2024-04...", "not a date or period"},
        {"2024-02-30", "no such day"},
        {"2024-04..2024-02-30", "no such day"},
        {"2024-13", "no such month"},
        {"062090", "between 1868 and 9998"},
        {"6", "not a date or period"},
        {"6年度", "not a date or period"},
        {"this-year", "not a date or period"},
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct period p;
        struct error e;
        ck_assert_msg(calendar_parse_period(bad[i][0], strlen(bad[i][0]), &p, &e) == -1, "%s",
                      bad[i][0]);
        ck_assert_str_eq(e.field, "period");
        ck_assert_msg(strstr(e.en, bad[i][1]) != NULL, "%s: %s", bad[i][0], e.en);
        ck_assert(e.ja[0] != '\0');
    }
}
END_TEST

START_TEST(dates_in_eras) {
    static const struct {
        uint32_t date;
        const char *ja;
    } vectors[] = {
        {20190430, "平成31年4月30日"},  {20190501, "令和元年5月1日"},
        {20190401, "平成31年4月1日"},   {20200101, "令和2年1月1日"},
        {19890107, "昭和64年1月7日"},   {19890108, "平成元年1月8日"},
        {19261224, "大正15年12月24日"}, {19261225, "昭和元年12月25日"},
        {19120729, "明治45年7月29日"},  {19120730, "大正元年7月30日"},
        {18730101, "明治6年1月1日"},    {18721231, "1872年12月31日"},
        {20260331, "令和8年3月31日"},
    };
    char out[64];
    for (size_t i = 0; i < COUNT(vectors); i++) {
        calendar_format_date_ja(vectors[i].date, out);
        ck_assert_str_eq(out, vectors[i].ja);
    }
}
END_TEST

START_TEST(fiscal_years_in_eras) {
    static const struct {
        uint32_t date;
        const char *ja, *brief;
    } vectors[] = {
        {20190401, "令和元年度", "R1"},  {20190430, "令和元年度", "R1"},
        {20200101, "令和元年度", "R1"},  {20200331, "令和元年度", "R1"},
        {20190331, "平成30年度", "H30"}, {20260331, "令和7年度", "R7"},
        {20230401, "令和5年度", "R5"},   {19890331, "昭和63年度", "S63"},
        {19890401, "平成元年度", "H1"},  {19260401, "大正15年度", "T15"},
        {19270401, "昭和2年度", "S2"},   {19120401, "大正元年度", "T1"},
        {18680401, "明治元年度", "M1"},  {18680331, "1867年度", "1867"},
    };
    for (size_t i = 0; i < COUNT(vectors); i++) {
        char ja[32];
        char brief[8];
        uint32_t fy = calendar_fiscal_year(vectors[i].date);
        calendar_format_year_ja(fy, ja);
        ck_assert_str_eq(ja, vectors[i].ja);
        calendar_format_year_short(fy, brief);
        ck_assert_str_eq(brief, vectors[i].brief);
    }
}
END_TEST

START_TEST(every_fiscal_year_reads_back) {
    for (uint32_t fy = 1868; fy <= 2100; fy++) {
        char ja[32];
        char brief[8];
        struct period p;
        calendar_format_year_ja(fy, ja);
        ck_assert_int_eq(calendar_parse_period(ja, strlen(ja), &p, NULL), 0);
        ck_assert(p.kind == PERIOD_YEAR && p.from == fy * 10000 + 401);
        calendar_format_year_short(fy, brief);
        ck_assert_int_eq(calendar_parse_period(brief, strlen(brief), &p, NULL), 0);
        ck_assert(p.kind == PERIOD_YEAR && p.from == fy * 10000 + 401);
        ck_assert_uint_eq(calendar_fiscal_year(p.from), fy);
        ck_assert_uint_eq(calendar_fiscal_year(p.to), fy);
    }
}
END_TEST

int main(void) {
    Suite *s = suite_create("calendar");
    TCase *t = tcase_create("calendar");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, every_day_round_trips);
    tcase_add_test(t, every_day_reads_back);
    tcase_add_test(t, ends_of_the_calendar);
    tcase_add_test(t, today_is_japans);
    tcase_add_test(t, the_clock_is_japans);
    tcase_add_test(t, dates_as_written);
    tcase_add_test(t, dates_refused);
    tcase_add_test(t, long_input_is_refused);
    tcase_add_test(t, random_input);
    tcase_add_test(t, periods_as_written);
    tcase_add_test(t, periods_refused);
    tcase_add_test(t, dates_in_eras);
    tcase_add_test(t, fiscal_years_in_eras);
    tcase_add_test(t, every_fiscal_year_reads_back);
    suite_add_tcase(s, t);
    return suite_run(s);
}
