/* A mapping, its dates and numbers, and what it makes of the lines of a sheet. */
#include "client/mapping_sheet.h"
#include "client/mapping_text.h"
#include "tests/suite.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

static struct error e;
static struct arena arena;

static void begin(void) {
    arena_init(&arena, 1u << 20);
}

static void end(void) {
    arena_free(&arena);
}

/* ---- texts --------------------------------------------------------------------------------- */

START_TEST(folding) {
    ck_assert_str_eq(mapping_fold("ﾔﾏﾀﾞ　ﾀﾛｳ", &arena), "ヤマダタロウ");
    ck_assert_str_eq(mapping_fold("㈱", &arena), "(株)");
    ck_assert_str_eq(mapping_fold("①", &arena), "1");
    ck_assert_str_eq(mapping_fold("⑫", &arena), "12");
    ck_assert_str_eq(mapping_fold("㋿", &arena), "令和");
    ck_assert_str_eq(mapping_fold("髙橋", &arena), "髙橋");
    ck_assert_str_eq(mapping_fold("受付\n方法", &arena), "受付方法");
    ck_assert_str_eq(mapping_fold(" Ｔ E L ", &arena), "tel");
    ck_assert_str_eq(mapping_trim("　本庁 舎 　\n", &arena), "本庁 舎");
}
END_TEST

START_TEST(blanks) {
    static const char *const blank[] = {"", " ", "　", "-", "－", "ー", " ― ", "‐", "−", "—", "…"};
    for (size_t i = 0; i < sizeof blank / sizeof blank[0]; i++) {
        ck_assert_msg(mapping_is_blank(blank[i]), "\"%s\"", blank[i]);
    }
    ck_assert(!mapping_is_blank("0") && !mapping_is_blank("-1") && !mapping_is_blank("ーー"));
    ck_assert(mapping_is_ditto("〃") && mapping_is_ditto(" 同上 ") && mapping_is_ditto("\""));
    ck_assert(!mapping_is_ditto("") && !mapping_is_ditto("同上記") && !mapping_is_ditto("a"));
}
END_TEST

START_TEST(numbers) {
    static const struct {
        const char *text;
        int result;
        uint32_t number;
    } cases[] = {
        {"12", 1, 12},
        {"１，２３４", 1, 1234},
        {"1,234件", 1, 1234},
        {"３人", 1, 3},
        {" 7 ", 1, 7},
        {"12.0", 1, 12},
        {"⑫", 1, 12},
        {"0", 1, 0},
        {"", 0, 0},
        {"－", 0, 0},
        {"△3", -1, 0},
        {"-3", -1, 0},
        {"1.5", -1, 0},
        {"12,", -1, 0},
        {"x", -1, 0},
        {"3件半", -1, 0},
        {"99999999999", -1, 0},
        {",3", -1, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint32_t number = 0;
        ck_assert_msg(mapping_number(cases[i].text, &number) == cases[i].result, "%s",
                      cases[i].text);
        ck_assert(cases[i].result < 1 || number == cases[i].number);
    }
}
END_TEST

START_TEST(places) {
    char letters[8];
    ck_assert_uint_eq(mapping_place("A"), 1);
    ck_assert_uint_eq(mapping_place("AB"), 28);
    ck_assert_uint_eq(mapping_place("c"), 3);
    ck_assert_uint_eq(mapping_place("12"), 12);
    ck_assert_uint_eq(mapping_place("A1"), 0);
    ck_assert_uint_eq(mapping_place("ZZZZ"), 0);
    for (unsigned i = 1; i < 800; i += 13) {
        mapping_letters(i, letters);
        ck_assert_uint_eq(mapping_place(letters), i);
    }
    ck_assert_uint_eq(mapping_likeness("空き家", "空き家"), 100);
    ck_assert_uint_eq(mapping_likeness("法律", "税"), 0);
}
END_TEST

/* ---- dates --------------------------------------------------------------------------------- */

static const struct mapping_dates no_dates = {.has_in = false};
static const struct mapping_dates in_r6 = {.has_in = true, .in = {PERIOD_YEAR, 20240401, 20250331}};

static void is_date(const struct mapping_dates *d, const char *cell, uint32_t expected) {
    uint32_t date = 0;
    ck_assert_msg(mapping_date(d, cell, &date, &e) == 0, "%s: %s", cell, e.en);
    ck_assert_msg(date == expected, "%s: %u", cell, date);
}

static void no_date(const struct mapping_dates *d, const char *cell, const char *part) {
    uint32_t date = 0;
    ck_assert_msg(mapping_date(d, cell, &date, &e) == -1, "%s: %u", cell, date);
    ck_assert_msg(strstr(e.en, part) != NULL, "%s: %s", cell, e.en);
}

START_TEST(whole_dates) {
    is_date(&no_dates, "令和6年4月1日", 20240401);
    is_date(&no_dates, "令和６年４月１日（月）", 20240401);
    is_date(&no_dates, "R6.4.1", 20240401);
    is_date(&no_dates, "R6/4/1", 20240401);
    is_date(&no_dates, "Ｒ６．４．１", 20240401);
    is_date(&no_dates, "令和元年5月1日", 20190501);
    is_date(&no_dates, "㋿元年5月1日", 20190501);
    is_date(&no_dates, "平成31年4月30日", 20190430);
    is_date(&no_dates, "H31.4.30", 20190430);
    is_date(&no_dates, "平成32年2月3日", 20200203); /* on an old form */
    is_date(&no_dates, "S64.1.7", 19890107);
    is_date(&no_dates, "H1.1.8", 19890108);
    is_date(&no_dates, "2024/4/1", 20240401);
    is_date(&no_dates, "2024-04-01 9:30", 20240401);
    is_date(&no_dates, "2024年4月1日", 20240401);
    is_date(&no_dates, "20240401", 20240401);
    is_date(&no_dates, "45383", 20240401); /* a spreadsheet's own number */
    no_date(&no_dates, "令和6年4月31日", "no such day");
    no_date(&no_dates, "あした", "not a date");
    no_date(&no_dates, "令和6年度", "not a date");
}
END_TEST

START_TEST(parts_of_dates) {
    struct mapping_dates d = in_r6;
    is_date(&in_r6, "4/15", 20240415);
    is_date(&in_r6, "４月１５日", 20240415);
    is_date(&in_r6, "3月31日", 20250331);
    is_date(&in_r6, "1.5", 20250105);
    no_date(&no_dates, "4/15", "In which year?");
    no_date(&in_r6, "2/30", "has the days 1 to 28");
    no_date(&in_r6, "13/1", "no month 13");
    no_date(&in_r6, "15", "of which month?");
    d.in = (struct period){PERIOD_MONTH, 20250201, 20250228};
    is_date(&d, "15", 20250215);
    is_date(&d, "１５日", 20250215);
    no_date(&d, "29", "1 to 28");
    no_date(&d, "4/15", "does not lie in");
    no_date(&in_r6, "4月", "a day is missing");
    d = in_r6;
    d.day = 31;
    is_date(&d, "4月", 20240430);
    is_date(&d, "R6.4", 20240430);
    no_date(&no_dates, "6.4.1", "of which era?");
    d.era = 'R';
    is_date(&d, "6.4.1", 20240401);
    d.era = 'w';
    is_date(&d, "24/4/1", 20240401);
    /* A calendar year. */
    d.in = (struct period){PERIOD_RANGE, 20240101, 20241231};
    is_date(&d, "1/5", 20240105);
}
END_TEST

START_TEST(dates_in_cells_of_their_own) {
    struct mapping_dates d = in_r6;
    uint32_t date;
    ck_assert_int_eq(mapping_date_of_parts(&d, "", "1月", "5", &date, &e), 0);
    ck_assert_uint_eq(date, 20250105);
    ck_assert_int_eq(mapping_date_of_parts(&d, "R7", "１", "5日", &date, &e), 0);
    ck_assert_uint_eq(date, 20250105);
    ck_assert_int_eq(mapping_date_of_parts(&d, "2023年", "5", "6", &date, &e), 0);
    ck_assert_uint_eq(date, 20230506);
    ck_assert_int_eq(mapping_date_of_parts(&d, "5", "5", "6", &date, &e), -1);
    ck_assert(strstr(e.en, "which era") != NULL);
    d.era = 'R';
    ck_assert_int_eq(mapping_date_of_parts(&d, "5", "5", "6", &date, &e), 0);
    ck_assert_uint_eq(date, 20230506);
    ck_assert_int_eq(mapping_date_of_parts(&d, "", "5", "32", &date, &e), -1);
    ck_assert_int_eq(mapping_date_of_parts(&d, "", "x", "3", &date, &e), -1);
}
END_TEST

static const char *found(const struct mapping_dates *d, const char *text) {
    static char out[40];
    struct period p;
    snprintf(out, sizeof out, "-");
    if (mapping_find_period(d, text, &p)) {
        calendar_format_period(&p, out);
    }
    return out;
}

START_TEST(periods_in_texts) {
    ck_assert_str_eq(found(&no_dates, "令和６年度　移住相談受付簿"), "FY2024");
    ck_assert_str_eq(found(&no_dates, "移住相談受付簿（令和6年4月分）"), "2024-04");
    ck_assert_str_eq(found(&no_dates, "2024年度 4月"), "2024-04");
    ck_assert_str_eq(found(&no_dates, "■5月"), "-");
    ck_assert_str_eq(found(&in_r6, "■５月"), "2024-05");
    ck_assert_str_eq(found(&in_r6, "【1月】"), "2025-01");
    ck_assert_str_eq(found(&no_dates, "R6.4"), "2024-04");
    ck_assert_str_eq(found(&no_dates, "相談 12件"), "-");
    uint32_t year;
    uint32_t month;
    ck_assert(mapping_month_heading("４月", &year, &month) && year == 0 && month == 4);
    ck_assert(mapping_month_heading("4月分", &year, &month) && month == 4);
    ck_assert(mapping_month_heading("R7.1", &year, &month) && year == 2025 && month == 1);
    ck_assert(!mapping_month_heading("13月", &year, &month));
    ck_assert(!mapping_month_heading("月", &year, &month));
    ck_assert(!mapping_month_heading("4月計", &year, &month));
    ck_assert(!mapping_month_heading("4月1日", &year, &month));
}
END_TEST

/* ---- the mapping's file ------------------------------------------------------------------------
 */

static struct mapping mapping;

static void refused(const char *yaml, const char *part) {
    ck_assert_msg(mapping_read(yaml, strlen(yaml), "m.yaml", NULL, &mapping, &e) == -1, "%s", yaml);
    ck_assert_msg(strstr(e.en, part) != NULL, "%s\n%s", yaml, e.en);
    ck_assert(e.ja[0] != '\0');
    mapping_free(&mapping);
}

#define LOG "mapping: 1\nconstants: {kind: log}\ncolumns:\n"

START_TEST(files_that_are_refused) {
    refused("", "m.yaml: the file is empty");
    refused("mapping: 2\n", "m.yaml:1: mapping is 1");
    refused("mapping: 1\n", "m.yaml: what are the lines?");
    refused("mapping: 1\nconstants: {kind: log}\ncolums: []\n", "m.yaml:3: there is no key");
    refused(LOG "  - {heading: 日付, field: dat}\n", "m.yaml:4: there is no field \"dat\"");
    ck_assert_str_eq(e.near[0], "date");
    refused(LOG "  - {field: date}\n", "m.yaml:3: a column is named either");
    refused(LOG "  - {heading: 日付, column: A, field: date}\n", "m.yaml:4: a column is named");
    refused(LOG "  - {heading: 日付}\n", "m.yaml:4: say for each column what it is");
    refused(LOG "  - {heading: 日付, field: date, total: true}\n", "m.yaml:4: say for each");
    refused(LOG "  - {column: A1, field: date}\n", "m.yaml:4: \"A1\" is not a column");
    refused(LOG "  - {column: BM, field: date}\n", "not a column");
    refused(LOG "  - {column: A, field: date, blank: below}\n", "m.yaml:4: blank is above");
    refused(LOG "  - {column: A, field: topic, values: [法律]}\n", "write it as WORD = CODE");
    refused(LOG "  - column: A\n    field: topic\n    values:\n      - 法律 = legal\n"
                "      - 法 律 = tax\n",
            "m.yaml:8: \"法律\" is given twice");
    refused(LOG "  - {column: A, field: date, month: 4}\n", "month goes with count");
    refused(LOG "  - {column: A, count: {topic: x}, month: 13}\n", "month goes with count");
    refused(LOG "  - {column: A, field: date, row: outcome}\n", "needs the number of its case");
    refused(LOG "  - {column: A, field: date, row: tally}\n", "is not a further row");
    refused("mapping: 1\nconstants: {kind: log}\ndates: {cell: 1A}\n",
            "m.yaml:3: \"1A\" is not a cell");
    refused("mapping: 1\nconstants: {kind: log}\ndates: {in: FY2020..FY2021}\n",
            "more than a year");
    refused("mapping: 1\nconstants: {kind: log}\ndates: {in: 令和}\n", "m.yaml:3: ");
    refused("mapping: 1\nconstants: {kind: log}\ndates: {era: X}\n", "m.yaml:3: era");
    refused("mapping: 1\nconstants: {kind: log}\ndates: {day: 32}\n", "m.yaml:3: day is");
}
END_TEST

START_TEST(too_many_further_rows) {
    char yaml[2000] = LOG "  - {column: A, field: ref}\n";
    for (int i = 1; i <= MAPPING_ROWS_MAX; i++) {
        size_t used = strlen(yaml);
        snprintf(yaml + used, sizeof yaml - used, "  - {column: B, field: date, row: contact-%d}\n",
                 i);
    }
    refused(yaml, "at most 8 rows");
}
END_TEST

START_TEST(the_fields_are_those_of_an_import) {
    for (size_t i = 0; i < IMPORT_COLUMNS; i++) {
        ck_assert_str_eq(mapping_fields[i], import_columns[i]);
    }
    ck_assert_str_eq(mapping_fields[MAPPING_DAY], "day");
}
END_TEST

/* ---- sheets ---------------------------------------------------------------------------------- */

static char rows[8000];
static char problems[4000];
static struct mapping_sheet *sheet;
static struct import_reader *reader;

static int take_columns(void *ctx, const char *const *cells, size_t n, unsigned where) {
    (void)ctx;
    (void)where;
    rows[0] = '\0';
    for (size_t i = 0; i < n; i++) {
        size_t used = strlen(rows);
        snprintf(rows + used, sizeof rows - used, "%s%s", cells[i], i + 1 < n ? "," : "\n");
    }
    return 0;
}

static int take_row(void *ctx, const char *const *cells, size_t n, unsigned where) {
    char head[8000];
    (void)ctx;
    (void)where;
    memcpy(head, rows, sizeof head);
    take_columns(NULL, cells, n, 0);
    size_t used = strlen(head);
    snprintf(head + used, sizeof head - used, "%s", rows);
    memcpy(rows, head, sizeof rows);
    return 0;
}

static void take_problem(void *ctx, const char *name, const struct error *problem) {
    size_t used = strlen(problems);
    (void)ctx;
    ck_assert(problem->en[0] != '\0' && problem->ja[0] != '\0');
    snprintf(problems + used, sizeof problems - used, "%u %s;", import_reader_row(reader), name);
}

static int take_record(void *ctx, unsigned line, const char *const *cells, size_t n) {
    (void)ctx;
    (void)line;
    return mapping_sheet_take(sheet, import_reader_row(reader), cells, n, &e);
}

static int through(const char *yaml, const char *csv) {
    static const struct mapping_hears hears = {take_columns, take_row, take_problem, NULL};
    struct error read;
    rows[0] = problems[0] = '\0';
    ck_assert_msg(mapping_read(yaml, strlen(yaml), "m.yaml", NULL, &mapping, &e) == 0, "%s", e.en);
    sheet = mapping_sheet_new(&mapping, NULL, &hears);
    reader = import_reader_new(csv, strlen(csv), take_record, NULL);
    ck_assert(sheet != NULL && reader != NULL);
    int result = import_reader_go(reader, SIZE_MAX, &read);
    result = result == 0 ? mapping_sheet_end(sheet, &e) : result;
    import_reader_free(reader);
    return result;
}

static void done(void) {
    mapping_sheet_free(sheet);
    mapping_free(&mapping);
}

static void gives(const char *yaml, const char *csv, const char *expected) {
    ck_assert_msg(through(yaml, csv) == 0, "%s", e.en);
    ck_assert_msg(strcmp(rows, expected) == 0, "%s", rows);
    ck_assert_str_eq(problems, "");
    done();
}

static void tells(const char *yaml, const char *csv, const char *expected) {
    ck_assert_msg(through(yaml, csv) == 0, "%s", e.en);
    ck_assert_msg(strcmp(problems, expected) == 0, "%s", problems);
    done();
}

static void fails(const char *yaml, const char *csv, const char *part) {
    ck_assert_int_eq(through(yaml, csv), -1);
    ck_assert_msg(strstr(e.en, part) != NULL, "%s", e.en);
    done();
}

START_TEST(lines_in_any_order_of_columns) {
    gives(LOG "  - {heading: 受付日, field: date, blank: above}\n"
              "  - {heading: 方法, field: channel, values: [電話 = phone, \"* = other\"]}\n"
              "  - {heading: 年齢, field: age, values: [20..29 = 20s, 不明 =]}\n",
          "題\n\n年齢,方法,受付日,備考\n25,電話,R6.4.1,x\n不明,ＦＡＸ,,\n,〃,,\n,,,y\n28,phone,R6."
          "4.2,\n",
          "kind,date,channel,age\n"
          "log,2024-04-01,phone,20s\nlog,2024-04-01,other,\nlog,2024-04-02,other,20s\n");
}
END_TEST

START_TEST(without_headings) {
    gives("mapping: 1\nconstants: {kind: tally, count: \"1\"}\n"
          "columns: [{column: B, field: date}, {column: 1, field: count}]\n",
          "3,2024-04-01\n0,2024-04-02\n,2024-04-03\n\"1,200\",2024-04-04\n",
          "kind,date,count\ntally,2024-04-01,3\ntally,2024-04-04,1200\n");
}
END_TEST

START_TEST(months_as_columns) {
    gives("mapping: 1\nconstants: {kind: tally}\ndates: {in: R6, day: 30}\nmonths: true\n"
          "columns: [{column: A, field: topic}]\n",
          "分野,４月,2月,R7.3\nlegal,1,－,0\ntax,,2,３\n",
          "kind,date,topic,count\n"
          "tally,2024-04-30,legal,1\ntally,2025-02-28,tax,2\ntally,2025-03-30,tax,3\n");
}
END_TEST

START_TEST(counts_marks_and_splits) {
    gives("mapping: 1\nconstants: {kind: tally}\ndates: {headings: true, in: R6}\ncolumns:\n"
          "  - {heading: 日, field: date}\n  - {heading: 電話, count: {channel: phone}}\n"
          "  - {heading: 成約, count: {outcome: contracted, count: \"0\"}}\n",
          "日,電話,成約\n■4月\n1,2,\n2,,1\n【1月】\n3,4,5\n",
          "kind,date,channel,outcome,count\ntally,2024-04-01,phone,,2\n"
          "tally,2024-04-02,,contracted=1,0\ntally,2025-01-03,phone,,4\n"
          "tally,2025-01-03,,contracted=5,0\n");
    gives(
        LOG
        "  - {heading: 日, field: date}\n  - {heading: 仕事, mark: {topic: work}}\n"
        "  - {heading: 住, mark: {topic: housing}}\n"
        "  - {heading: 他, field: topic, split: 、, values: [農 = farming, 空 = vacant-house]}\n",
        "日,住,仕事,他\n2024/4/1,○,○,\n2024/4/2,,○,農、空\n",
        "kind,date,topic\nlog,2024-04-01,work;housing\nlog,2024-04-02,work;farming;vacant-house\n");
}
END_TEST

START_TEST(further_rows) {
    gives(LOG "  - {heading: 番号, field: ref}\n  - {heading: 日, field: date}\n"
              "  - {heading: 2回目, field: date, row: contact}\n"
              "  - {heading: 3回目, field: date, row: contact-2}\n",
          "番号,日,2回目,3回目\n1,R6.4.1,R6.4.2,R6.4.3\n2,R6.4.4,,\n3,,,\n",
          "kind,ref,date\nlog,1,2024-04-01\ncontact,1,2024-04-02\ncontact,1,2024-04-03\n"
          "log,2,2024-04-04\n");
}
END_TEST

START_TEST(year_month_and_day) {
    gives("mapping: 1\nconstants: {kind: log}\ndates: {cell: B1}\ncolumns:\n"
          "  - {heading: 月, field: month, blank: above}\n  - {heading: 日, field: day}\n",
          "受付簿,令和6年度\n月,日\n4,1\n,2\n3,31\n",
          "kind,date\nlog,2024-04-01\nlog,2024-04-02\nlog,2025-03-31\n");
}
END_TEST

START_TEST(problems_name_the_sheet) {
    tells(LOG "  - {heading: \"受付\\n日\", field: date}\n"
              "  - {column: C, field: persons}\n  - {heading: 方法, field: channel}\n",
          "\"受付\n日\",方法,\n2024/4/1,電話,x\n4/1,phone,3\n2024/4/2,電話,3\n",
          "2 C;2 方法;3 受付日;");
}
END_TEST

START_TEST(sheets_that_do_not_fit) {
    fails(LOG "  - {heading: 受付日, field: date}\n", "日付\n1\n", "No row has all the headings");
    fails("mapping: 1\nheader: 2\nconstants: {kind: log}\ncolumns: [{heading: 受付日, field: "
          "date}]\n",
          "a\n受付月,件数\n", "Row 2 of the sheet has no heading \"受付日\"");
    ck_assert_str_eq(e.near[0], "受付月");
    fails("mapping: 1\nheader: 1\nconstants: {kind: log}\ncolumns: [{heading: 計, field: count}]\n",
          "計,a,計\n", "stands in columns A and C");
    fails("mapping: 1\nheader: 1\nconstants: {kind: tally}\nmonths: true\n", "a,b\n",
          "no heading that is a month");
    fails("mapping: 1\nheader: 1\nconstants: {kind: tally}\nmonths: true\n", "4月,5月\n",
          "In which year?");
    fails("mapping: 1\nconstants: {kind: log}\ndates: {cell: B2}\ncolumns: [{heading: 日, field: "
          "day}]\n",
          "a,b\nc,d\n日\n", "Cell B2 of the sheet names no month");
}
END_TEST

START_TEST(totals) {
    uint64_t month;
    ck_assert_int_eq(
        through("mapping: 1\nconstants: {kind: tally}\ndates: {in: R6}\ncolumns:\n"
                "  - {heading: 日, field: date}\n  - {heading: 電話, count: {channel: phone}}\n"
                "  - {heading: 窓口, count: {channel: counter}}\n  - {heading: 計, total: true}\n"
                "totals: [合計]\nsubtotals: [計]\nskip: [※]\n",
                "日,電話,窓口,計\n4/1,1,2,3\n4/2,1,1,3\n4月計,2,3,5\n※ x\n5/1,4,,4\n計,4,,5\n"
                "合 計,６,3,10\n"),
        0);
    const struct mapping_total *t = mapping_sheet_total(sheet);
    ck_assert_uint_eq(t->lines, 3);
    ck_assert_uint_eq(t->totals, 3);
    ck_assert_uint_eq(t->skipped, 1);
    ck_assert_uint_eq(t->compared, 3 + 3 + 2 + 3);
    /* Row 3's own, and those of column 計 below, which has 10 where it says 3+3+4. */
    ck_assert_uint_eq(t->n_difference, 3);
    ck_assert_uint_eq(t->difference[0].row, 3);
    ck_assert_uint_eq(t->difference[0].place, 4);
    ck_assert_uint_eq(t->difference[0].sheet, 3);
    ck_assert_uint_eq(t->difference[0].counted, 2);
    ck_assert_uint_eq(t->difference[1].row, 4);
    ck_assert_uint_eq(t->difference[2].row, 7);
    ck_assert(mapping_total_of_month(t, 202404, &month) && month == 5);
    ck_assert(mapping_total_of_month(t, 202405, &month) && month == 4);
    ck_assert(t->has_all && t->all == 9);
    done();
}
END_TEST

static Suite *suite(void) {
    Suite *s = suite_create("mapping");
    TCase *t = tcase_create("cells");
    tcase_add_checked_fixture(t, begin, end);
    tcase_add_test(t, folding);
    tcase_add_test(t, blanks);
    tcase_add_test(t, numbers);
    tcase_add_test(t, places);
    tcase_add_test(t, whole_dates);
    tcase_add_test(t, parts_of_dates);
    tcase_add_test(t, dates_in_cells_of_their_own);
    tcase_add_test(t, periods_in_texts);
    suite_add_tcase(s, t);
    t = tcase_create("file");
    tcase_add_test(t, files_that_are_refused);
    tcase_add_test(t, too_many_further_rows);
    tcase_add_test(t, the_fields_are_those_of_an_import);
    suite_add_tcase(s, t);
    t = tcase_create("sheet");
    tcase_add_test(t, lines_in_any_order_of_columns);
    tcase_add_test(t, without_headings);
    tcase_add_test(t, months_as_columns);
    tcase_add_test(t, counts_marks_and_splits);
    tcase_add_test(t, further_rows);
    tcase_add_test(t, year_month_and_day);
    tcase_add_test(t, problems_name_the_sheet);
    tcase_add_test(t, sheets_that_do_not_fit);
    tcase_add_test(t, totals);
    suite_add_tcase(s, t);
    return s;
}

int main(void) {
    return suite_run(suite());
}
