/* Reports: the numbers are those of stats, the comparisons those worked out by hand, and all
 * stand on one position. */
#include "client/report_private.h"
#include "tests/kit_client.h"
#include "tests/kit_people.h"
#include "tests/kit_report.h"
#include "tests/suite.h"

#include <check.h>
#include <stdlib.h>

/* ---- the year before --------------------------------------------------------------------------
 */

static const char *percent(enum report_statistic statistic, int64_t now, int64_t before,
                           struct arena *a) {
    struct report_cell cell = report_compare(statistic, now, before);
    struct report_head row = {.statistic = statistic};
    struct report_head column = {.statistic = STATISTIC_NONE};
    const struct report_table t = {
        .n_row = 1, .n_column = 1, .row = &row, .column = &column, .cell = &cell};
    return arena_printf(a, "%s %s", report_cell_text(&t, 0, 0, a),
                        cell.state == CELL_VALUE ? report_cell_number(&t, 0, 0, a) : "-");
}

/* Worked out by hand; the three that cities print (+247, 89.7%, △19.6%) among them. */
static const struct {
    int64_t now, before;
    const char *difference, *ratio, *rate;
} compared[] = {
    {1247, 1000, "247 247", "124.7 124.7", "24.7 24.7"},
    {897, 1000, "△103 -103", "89.7 89.7", "△10.3 -10.3"},
    {804, 1000, "△196 -196", "80.4 80.4", "△19.6 -19.6"},
    {1, 3, "△2 -2", "33.3 33.3", "△66.7 -66.7"},
    {2, 3, "△1 -1", "66.7 66.7", "△33.3 -33.3"},
    {17, 80, "△63 -63", "21.3 21.3", "△78.8 -78.8"}, /* 21.25, -78.75: four fifths and more */
    {10, 3, "7 7", "333.3 333.3", "233.3 233.3"},
    {123456, 7, "123,449 123449", "1,763,657.1 1763657.1", "1,763,557.1 1763557.1"},
    {1999, 2000, "△1 -1", "100.0 100.0", "△0.1 -0.1"}, /* 99.95 and -0.05 */
    {5, 5, "0 0", "100.0 100.0", "0.0 0.0"},
    {0, 5, "△5 -5", "0.0 0.0", "△100.0 -100.0"},
    {5, 0, "5 5", "－ -", "－ -"},
    {0, 0, "0 0", "－ -", "－ -"},
};

START_TEST(comparisons) {
    struct arena a;
    arena_init(&a, 1u << 20);
    ck_assert_str_eq(percent(STATISTIC_DIFFERENCE, compared[_i].now, compared[_i].before, &a),
                     compared[_i].difference);
    ck_assert_str_eq(percent(STATISTIC_RATIO, compared[_i].now, compared[_i].before, &a),
                     compared[_i].ratio);
    ck_assert_str_eq(percent(STATISTIC_RATE, compared[_i].now, compared[_i].before, &a),
                     compared[_i].rate);
    arena_free(&a);
}
END_TEST

/* ---- periods ------------------------------------------------------------------------------------
 */

static void before(uint32_t from, uint32_t to, uint32_t from_before, uint32_t to_before) {
    struct span span = span_before((struct span){from, to});
    ck_assert_uint_eq(span.from, from_before);
    ck_assert_uint_eq(span.to, to_before);
}

START_TEST(periods) {
    before(20240201, 20240229, 20230201, 20230228);
    before(20250201, 20250228, 20240201, 20240229); /* the whole month */
    before(20240201, 20240215, 20230201, 20230215);
    before(20240401, 20250331, 20230401, 20240331);
    before(20240401, 20250105, 20230401, 20240105);
    struct span span = span_of_month(202412);
    ck_assert_uint_eq(span.to, 20241231);
    span = span_until(span_of_year(2025), 20250615);
    ck_assert_uint_eq(span.to, 20250615);
    ck_assert_uint_eq(span_until(span_of_month(202507), 20250615).from, 0);
}
END_TEST

static int make(struct report_params *p, struct error *e) {
    struct report *r = NULL;
    p->municipality = "062090";
    p->name = "長井市";
    p->now = kit_noon(20250615);
    int rc = report_new(p, &r, e);
    ck_assert((rc == 0) == (r != NULL));
    report_free(r);
    return rc;
}

START_TEST(limits) {
    static const struct report_params good[] = {
        {.kind = REPORT_MONTHLY, .month = 202506},
        {.kind = REPORT_MONTHLY, .month = 190001},
        {.kind = REPORT_MONTHLY},
        {.kind = REPORT_YEARLY, .year = 2025},
        {.kind = REPORT_FIVE_YEARS, .year = 1900},
        {.kind = REPORT_SURVEY},
    };
    static const struct report_params bad[] = {
        {.kind = REPORT_MONTHLY, .month = 202507},
        {.kind = REPORT_MONTHLY, .month = 189912},
        {.kind = REPORT_YEARLY, .year = 2026},
        {.kind = REPORT_SURVEY, .year = 1899},
        /* As it was known before it began. */
        {.kind = REPORT_YEARLY, .year = 2025, .known_at = 1735689600000},
    };
    struct error e;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct report_params p = good[i];
        ck_assert_msg(make(&p, &e) == 0, "%zu: %s", i, e.en);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct report_params p = bad[i];
        ck_assert_int_eq(make(&p, &e), -1);
        ck_assert_int_eq(e.code, ERR_INVALID);
        ck_assert_str_eq(e.field, p.kind == REPORT_MONTHLY ? "month" : "year");
    }
}
END_TEST

/* An answer beyond all bounds is refused, not kept. */
START_TEST(too_much) {
    const struct report_params params = {
        .now = kit_noon(20250615), .municipality = "062090", .name = ""};
    struct report *r;
    struct error e = {.code = 0};
    Madoguchi__StatRow row = MADOGUCHI__STAT_ROW__INIT;
    Madoguchi__StatRow *rows[1000];
    Madoguchi__Page page = MADOGUCHI__PAGE__INIT;
    for (size_t i = 0; i < 1000; i++) {
        rows[i] = &row;
    }
    page.stat = rows;
    page.n_stat = 1000;
    ck_assert_int_eq(report_new(&params, &r, &e), 0);
    for (size_t i = 0; i < REPORT_ROWS_MAX / 1000; i++) {
        ck_assert_int_eq(report_take(r, 1, &page, 1, &e), 0);
    }
    ck_assert_int_eq(report_take(r, 1, &page, 1, &e), -1);
    ck_assert_int_eq(e.code, ERR_TOO_MUCH);
    report_free(r);
}
END_TEST

/* ---- one position
 * --------------------------------------------------------------------------------- */

static void one_more(struct kit *k) {
    kit_ok(k, "tally", "service", "migration", "date", "2024-05-21", "count", "100", "channel",
           "counter", NULL);
}

START_TEST(one_position) {
    struct kit k;
    struct error e;
    struct report *r;
    size_t len;
    const struct report_style style = {.format = REPORT_CSV};
    kit_start(&k, true);
    kit_report_fill(&k);
    /* Recorded after the first answer: the first is asked again, the others are as they are. */
    const struct report_params params = {.kind = REPORT_MONTHLY,
                                         .service = "migration",
                                         .month = 202405,
                                         .now = kit_noon(20250615),
                                         .municipality = "062090",
                                         .name = "長井市"};
    ck_assert_int_eq(report_new(&params, &r, &e), 0);
    kit_report_ask(&k, r, one_more);
    char *torn = kit_report_render(r, &style, &len);
    report_free(r);
    r = kit_report(&k, REPORT_MONTHLY, "migration", 202405, 0);
    char *whole = kit_report_render(r, &style, &len);
    ck_assert_str_eq(torn, whole);
    free(whole);
    free(torn);
    /* Answers of two positions: the older is forgotten, and asked as of the newer. */
    Madoguchi__Page page = MADOGUCHI__PAGE__INIT;
    report_free(r);
    ck_assert_int_eq(report_new(&params, &r, &e), 0);
    ck_assert(!report_settled(r));
    for (size_t i = 0; i < report_questions(r); i++) {
        ck_assert_ptr_nonnull(report_request(r, i));
        ck_assert_int_eq(report_take(r, i, &page, i == 3 ? 8 : 9, &e), 0);
        ck_assert_ptr_null(report_request(r, i));
    }
    ck_assert(!report_settled(r));
    for (size_t i = 0; i < report_questions(r); i++) {
        ck_assert_int_eq(report_request(r, i) != NULL, i == 3);
    }
    ck_assert_uint_eq(report_request(r, 3)->stats->scope->position, 9);
    ck_assert_int_eq(report_take(r, 3, &page, 10, &e), 0); /* it stands on 9 all the same */
    ck_assert(report_settled(r));
    report_free(r);
    kit_finish(&k);
}
END_TEST

/* ---- beside stats
 * ------------------------------------------------------------------------------------ */

/* Every number of a report is what stats counts for the same words. */
static void beside_stats(struct kit *k, enum report_kind kind, const char *service, uint32_t month,
                         uint32_t year) {
    static const char *const fields[] = {"service", "topic", "channel", "outcome", "age", "origin"};
    const struct report_style style = {.format = REPORT_CSV};
    size_t len;
    struct arena a;
    size_t asked = 0;
    arena_init(&a, 256u << 20);
    struct report *r = kit_report(k, kind, service, month, year);
    char *text = kit_report_render(r, &style, &len);
    struct kit_csv csv = kit_csv_read(&a, text);
    size_t statistic = kit_csv_column(&csv, "statistic");
    size_t value = kit_csv_column(&csv, "value");
    for (size_t row = 1; row < csv.rows; row++) {
        if (strcmp(kit_csv_cell(&csv, row, statistic), "value") != 0 ||
            kit_csv_cell(&csv, row, value)[0] == '\0' ||
            strcmp(kit_csv_cell(&csv, row, kit_csv_column(&csv, "part")), "TOTAL") != 0 ||
            strcmp(kit_csv_cell(&csv, row, kit_csv_column(&csv, "hour")), "TOTAL") != 0) {
            continue;
        }
        char where[256] = "";
        for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
            const char *key = kit_csv_cell(&csv, row, kit_csv_column(&csv, fields[i]));
            if (strcmp(key, "TOTAL") != 0) {
                size_t n = strlen(where);
                snprintf(where + n, sizeof where - n, "%s%s=%s", n > 0 ? " " : "", fields[i],
                         strcmp(key, "UNKNOWN") == 0 ? "" : key);
            }
        }
        const struct kit_question q = {
            .count = kit_csv_cell(&csv, row, kit_csv_column(&csv, "measure")),
            .from = kit_csv_cell(&csv, row, kit_csv_column(&csv, "from")),
            .to = kit_csv_cell(&csv, row, kit_csv_column(&csv, "to")),
            .by = "",
            .where = where};
        const char *answer = kit_ask(k, &q);
        ck_assert_msg(atoll(answer) == atoll(kit_csv_cell(&csv, row, value)) &&
                          strncmp(answer, "error", 5) != 0,
                      "%s %s..%s %s: %s, stats %s", q.count, q.from, q.to, where,
                      kit_csv_cell(&csv, row, value), answer);
        arena_reset(&k->arena);
        asked++;
    }
    ck_assert_uint_gt(asked, 10);
    free(text);
    report_free(r);
    arena_free(&a);
}

static const struct {
    enum report_kind kind;
    const char *service;
    uint32_t month, year;
} reports[] = {
    {REPORT_MONTHLY, "migration", 202405, 0}, {REPORT_MONTHLY, NULL, 202405, 0},
    {REPORT_MONTHLY, "mynumber", 202506, 0},  {REPORT_YEARLY, "migration", 0, 2024},
    {REPORT_YEARLY, NULL, 0, 2025},           {REPORT_FIVE_YEARS, "mynumber", 0, 2025},
    {REPORT_FIVE_YEARS, NULL, 0, 2024},       {REPORT_SURVEY, NULL, 0, 2024},
};

START_TEST(as_stats_says) {
    struct kit k;
    kit_start(&k, true);
    kit_report_fill(&k);
    beside_stats(&k, reports[_i].kind, reports[_i].service, reports[_i].month, reports[_i].year);
    kit_finish(&k);
}
END_TEST

/* ---- by hand
 * ------------------------------------------------------------------------------------------ */

static struct kit_csv lines(struct kit *k, enum report_kind kind, const char *service,
                            uint32_t month, uint32_t year, struct arena *a) {
    const struct report_style style = {.format = REPORT_CSV};
    size_t len;
    struct report *r = kit_report(k, kind, service, month, year);
    char *text = kit_report_render(r, &style, &len);
    struct kit_csv csv = kit_csv_read(a, text);
    free(text);
    report_free(r);
    return csv;
}

/* The one line of a table with these words, "from=2024-05-01 topic=work ..."; what is not
 * said of fields is TOTAL. */
static const char *value_of(const struct kit_csv *csv, const char *table, const char *words) {
    size_t found = 0;
    for (size_t row = 1; row < csv->rows; row++) {
        bool same = strcmp(kit_csv_cell(csv, row, 1), table) == 0;
        for (size_t c = kit_csv_column(csv, "topic"); c <= kit_csv_column(csv, "part"); c++) {
            char word[64];
            snprintf(word, sizeof word, "%s=", kit_csv_cell(csv, 0, c));
            same = same &&
                   (strstr(words, word) != NULL || strcmp(kit_csv_cell(csv, row, c), "TOTAL") == 0);
        }
        char copy[256];
        snprintf(copy, sizeof copy, "%s", words);
        for (char *save, *w = strtok_r(copy, " ", &save); w != NULL && same;
             w = strtok_r(NULL, " ", &save)) {
            char *equals = strchr(w, '=');
            *equals = '\0';
            same = strcmp(kit_csv_cell(csv, row, kit_csv_column(csv, w)), equals + 1) == 0;
        }
        if (same) {
            ck_assert_msg(found == 0, "%s %s: two lines", table, words);
            found = row;
        }
    }
    ck_assert_msg(found != 0, "%s has no line %s", table, words);
    return kit_csv_cell(csv, found, kit_csv_column(csv, "value"));
}
#define IS(table, words, expected) ck_assert_str_eq(value_of(&csv, table, words), expected)

START_TEST(month_by_hand) {
    struct kit k;
    struct arena a;
    arena_init(&a, 64u << 20);
    kit_start(&k, true);
    kit_report_fill(&k);
    struct kit_csv csv = lines(&k, REPORT_MONTHLY, "migration", 202405, 0, &a);
#define MAY " from=2024-05-01 to=2024-05-31"
    ck_assert_str_eq(kit_csv_cell(&csv, 1, kit_csv_column(&csv, "as_of")),
                     "2025-06-15T12:00:00+09:00");
    IS("summary", "measure=contacts statistic=value" MAY, "6");
    IS("summary", "measure=contacts from=2023-05-01 to=2023-05-31", "8");
    IS("summary", "measure=contacts statistic=difference" MAY, "-2");
    IS("summary", "measure=contacts statistic=ratio" MAY, "75.0");
    IS("summary", "measure=contacts statistic=rate" MAY, "-25.0");
    IS("summary", "measure=active statistic=value" MAY, "3");
    IS("summary", "measure=active statistic=ratio" MAY, "");
    IS("summary", "measure=consultations statistic=value" MAY, "4");
    IS("summary", "measure=persons statistic=value" MAY, "3");
    IS("summary", "measure=contacts statistic=value from=2024-04-01 to=2024-05-31", "6");
    IS("topic-channel", "topic=work channel=event measure=contacts", "2");
    IS("topic-channel", "topic=work channel=phone measure=contacts", "0");
    IS("topic-channel", "topic=UNKNOWN channel=UNKNOWN measure=contacts", "1");
    IS("topic-channel", "topic=work measure=active", "1");
    IS("topic-channel", "measure=contacts", "6");
    IS("topic-channel-day", "topic=housing channel=phone from=2024-05-08 to=2024-05-08", "1");
    IS("topic-channel-day", "topic=housing channel=phone from=2024-05-09 to=2024-05-09", "0");
    IS("topic-channel-day", "topic=housing" MAY, "2");
    IS("day-channel", "measure=active from=2024-05-31 to=2024-05-31", "1");
    IS("outcome", "outcome=moved measure=persons", "3");
    IS("age", "age=30s measure=active", "1");
    IS("origin", "origin=tokyo measure=contacts statistic=value" MAY, "2");
    IS("hour", "hour=09 measure=contacts statistic=value" MAY, "1");
    IS("hour", "hour=UNKNOWN measure=contacts statistic=value" MAY, "4");
    kit_finish(&k);
    arena_free(&a);
}
END_TEST

START_TEST(years_by_hand) {
    struct kit k;
    struct arena a;
    arena_init(&a, 64u << 20);
    kit_start(&k, true);
    kit_report_fill(&k);
    /* A year that is not over: beside the same days, and nothing where it has not come. */
    struct kit_csv csv = lines(&k, REPORT_YEARLY, "mynumber", 0, 2025, &a);
#define SO_FAR " from=2025-04-01 to=2025-06-15"
    IS("summary", "measure=contacts statistic=value" SO_FAR, "7");
    IS("summary", "measure=contacts from=2024-04-01 to=2024-06-15", "1203");
    IS("summary", "measure=contacts statistic=difference" SO_FAR, "-1196");
    IS("summary", "measure=contacts statistic=ratio" SO_FAR, "0.6");
    IS("summary", "measure=contacts statistic=rate" SO_FAR, "-99.4");
    IS("month-topic", "topic=pin from=2025-06-01 to=2025-06-15 statistic=value", "7");
    IS("month-topic", "topic=pin from=2025-05-01 to=2025-05-31", "0");
    IS("month-topic", "topic=pin from=2025-07-01 to=2025-07-31", "");
    IS("topic", "topic=collection statistic=rate", "-100.0");
#define SAME_DAYS " from=2024-04-01 to=2024-06-15"
    IS("topic", "topic=collection measure=contacts" SAME_DAYS, "1200");
    IS("topic", "measure=contacts" SAME_DAYS, "1203");
    IS("outcome", "outcome=issued measure=outcomes statistic=value" SO_FAR, "0");
    IS("outcome", "outcome=issued measure=outcomes" SAME_DAYS, "1200");
    IS("outcome", "outcome=issued statistic=difference", "-1200");
    csv = lines(&k, REPORT_FIVE_YEARS, "migration", 0, 2024, &a);
#define FY2024 " from=2024-04-01 to=2025-03-31"
    IS("year-topic", "measure=contacts statistic=value" FY2024, "7");
    IS("year-topic", "measure=contacts from=2023-04-01 to=2024-03-31 statistic=value", "12");
    IS("year-topic", "measure=contacts from=2020-04-01 to=2021-03-31 statistic=value", "0");
    IS("year-topic", "statistic=difference" FY2024, "-5");
    IS("year-topic", "statistic=ratio" FY2024, "58.3");
    IS("year-topic", "statistic=rate" FY2024, "-41.7");
    IS("year-topic", "statistic=ratio from=2023-04-01 to=2024-03-31", "");
    IS("year-topic", "measure=active" FY2024, "3");
    csv = lines(&k, REPORT_SURVEY, NULL, 0, 0, &a);
    IS("survey", "part=window" FY2024, "4");
    IS("survey", "part=event" FY2024, "1");
    IS("survey", "part=event from=2023-04-01 to=2024-03-31", "4");
    IS("survey", "statistic=ratio" FY2024, "41.7");
    IS("survey-channel", "part=event channel=online", "1");
    IS("survey-channel", "part=window channel=mail", "1");
    IS("survey-channel", "channel=TOTAL part=TOTAL", "5");
    kit_finish(&k);
    arena_free(&a);
}
END_TEST

/* ---- the command
 * ------------------------------------------------------------------------------------------ */

START_TEST(command) {
    struct kit k;
    struct arena a;
    char mine[65536];
    arena_init(&a, 64u << 20);
    kit_start(&k, true);
    kit_report_fill(&k);
    kit_client_ok(&k, "report yearly --year R6 --service migration");
    kit_printed("Municipality: 長井市 (062090)\nPeriod: FY2024\nDefinition: Contacts count");
    kit_printed("Counting rule 1.\nTabulated as of: 20");
    kit_printed("△5");
    kit_client_ok(&k, "report yearly --year R6 --known-at 2025-06-16T09:05");
    kit_printed("Tabulated as of: 2025-06-16 09:05 (journal position ");
    /* In Japanese, without the locale. */
    ck_assert_int_eq(
        kit_client(&k, "LANGUAGE=ja LC_ALL=C.UTF-8", "report yearly --year R6 --service migration"),
        0);
    kit_printed("年報  総括\n団体名: 長井市 (062090)\n期間: 令和6年度\n定義: 延べは");
    kit_printed("前年度比（％）  増減率（％）");
    /* CSV is of no language, and the same numbers as stats prints. */
    ck_assert_int_eq(kit_client(&k, "LANGUAGE=ja LC_ALL=C.UTF-8",
                                "report five-years --year R6 --service migration --format csv "
                                "--known-at 2999-01-01"),
                     0);
    snprintf(mine, sizeof mine, "%s", kit_out);
    kit_client_ok(&k, "report five-years --year R6 --service migration --format csv "
                      "--known-at 2999-01-01");
    ck_assert_str_eq(mine, kit_out);
    struct kit_csv csv = kit_csv_read(&a, mine);
    kit_client_ok(&k, "stats --by year,channel --from FY2020 --to FY2024 service=migration "
                      "--format csv");
    struct kit_csv stats = kit_csv_read(&a, kit_out);
    ck_assert_uint_eq(stats.rows, 1 + 2 + 6);
    for (size_t i = 1; i < stats.rows; i++) {
        const char *year = kit_csv_cell(&stats, i, 0);
        const char *channel = kit_csv_cell(&stats, i, 1);
        IS("year-channel",
           arena_printf(&a, "channel=%s from=%s-04-01", channel[0] != '\0' ? channel : "UNKNOWN",
                        year),
           kit_csv_cell(&stats, i, 2));
    }
    kit_client_ok(&k, "report survey --year R6 --format json -o %s", kit_file(&k, "r.json", ""));
    ck_assert_str_eq(kit_out, "");
    ck_assert_ptr_nonnull(strstr(kit_text_of(kit_file(&k, "r.json", NULL)),
                                 "\"part\": \"event\", \"measure\": \"consultations\", "
                                 "\"statistic\": \"value\", \"value\": 4, \"unit\": \"cases\""));
    kit_finish(&k);
    arena_free(&a);
}
END_TEST

/* What an account does not see is no zero: the table says so, and has no row for it. */
START_TEST(rights) {
    struct kit k;
    kit_start(&k, true);
    kit_report_fill(&k);
    kit_client_ok(&k, "report monthly --month 2024-05");
    kit_printed("My Number card");
    ck_assert_ptr_null(strstr(kit_out, "Only what the account sees"));
    kit_client_ok(&k,
                  "account add kakari --role supervisor --service migration --office city-hall");
    kit_client_ok(&k, "account add kikaku --role planner --service migration");
    kit_log_in(&k, "kakari", "a sentence is easy");
    kit_client_ok(&k, "report monthly --month 2024-05");
    kit_printed("Only what the account sees: services migration, offices city-hall.");
    ck_assert_ptr_null(strstr(kit_out, "My Number card"));
    kit_client_ok(&k, "logout");
    /* A planner sees all numbers. */
    kit_log_in(&k, "kikaku", "a sentence is easy");
    kit_client_ok(&k, "report monthly --month 2024-05");
    kit_printed("My Number card");
    ck_assert_ptr_null(strstr(kit_out, "Only what the account sees"));
    kit_finish(&k);
}
END_TEST

START_TEST(refusals) {
    struct kit k;
    kit_start(&k, true);
    kit_client_refused(&k, 2, "not \"weekly\"", "report weekly");
    kit_client_refused(&k, 2, "--month", "report monthly --year R6");
    kit_client_refused(&k, 2, "--year", "report yearly --month 2024-04");
    kit_client_refused(&k, 2, "madoguchi report only", "stats --format xlsx");
    kit_client_refused(&k, 2, "--excel", "report yearly --format xlsx --excel");
    kit_client_refused(&k, 2, "no option --output", "stats -o x");
    kit_client_refused(&k, 1, "is not a month", "report monthly --month R6");
    kit_client_refused(&k, 1, "is not a fiscal year", "report survey --year 2024-04");
    kit_client_refused(&k, 1, "lies ahead", "report yearly --year 2998");
    kit_client_refused(&k, 1, "Did you mean migration?", "report monthly --service migrtion");
    kit_client_refused(&k, 1, "cannot be written", "report survey -o %s/none/x", k.dir);
    /* What cannot be asked of stats is no report; no file is left. */
    kit_client_ok(&k, "account add kansa --role auditor");
    kit_log_in(&k, "kansa", "a sentence is easy");
    kit_client_refused(&k, 1, "may not do this (stats)", "report monthly -o %s/none.txt", k.dir);
    ck_assert_uint_eq(kit_mode(kit_file(&k, "none.txt", NULL)), 0);
    kit_finish(&k);
}
END_TEST

int main(void) {
    kit_begin();
    Suite *s = suite_create("report");
    TCase *t = tcase_create("report");
    tcase_set_timeout(t, 120);
    tcase_add_loop_test(t, comparisons, 0, sizeof compared / sizeof compared[0]);
    tcase_add_test(t, periods);
    tcase_add_test(t, limits);
    tcase_add_test(t, too_much);
    tcase_add_test(t, one_position);
    tcase_add_loop_test(t, as_stats_says, 0, sizeof reports / sizeof reports[0]);
    tcase_add_test(t, month_by_hand);
    tcase_add_test(t, years_by_hand);
    tcase_add_test(t, command);
    tcase_add_test(t, rights);
    tcase_add_test(t, refusals);
    suite_add_tcase(s, t);
    int status = suite_run(s);
    kit_end();
    return status;
}
