#include "client/options.h"
#include "client/output.h"
#include "client/scope.h"
#include "client/total.h"
#include "proto/text.h"
#include "tests/suite.h"

#include <check.h>
#include <stdlib.h>

static char *text;
static size_t text_len;

static const struct column columns[] = {
    {"name", "名称", COLUMN_TEXT, 0},
    {"count", "件数", COLUMN_NUMBER, 0},
    {"year", "Year", COLUMN_PLAIN, 0},
};

/* Prints rows of three cells, ended by a row that begins with "end". */
static void print(enum output_format format, bool excel, const char *const (*rows)[3]) {
    FILE *file = open_memstream(&text, &text_len);
    const struct output_options options = {.format = format, .excel = excel, .file = file};
    struct output *o = output_open(&options, columns, 3);
    ck_assert(o != NULL);
    for (; rows[0][0] == NULL || strcmp(rows[0][0], "end") != 0; rows++) {
        output_row(o, rows[0]);
    }
    ck_assert_int_eq(output_close(o), 0);
    fclose(file);
}

#define END \
    { "end", NULL, NULL }

START_TEST(csv_is_quoted_only_where_needed) {
    static const char *const rows[][3] = {{"移住", "12", "2023"},
                                          {"a,b", NULL, "2024"},
                                          {"say \"hi\"", "0", NULL},
                                          {"two\nlines", "-1", NULL},
                                          {" blank", "1.5", ""},
                                          {"=1+1", "1", "1"},
                                          END};
    print(OUTPUT_CSV, false, rows);
    ck_assert_str_eq(text, "name,count,year\n移住,12,2023\n\"a,b\",,2024\n\"say \"\"hi\"\"\",0,\n"
                           "\"two\nlines\",-1,\n\" blank\",1.5,\n=1+1,1,1\n");
    free(text);
}
END_TEST

START_TEST(csv_for_a_spreadsheet) {
    static const char *const rows[][3] = {
        {"=1+1", "-12", "2023"}, {"@x", "-x", NULL}, {"+a,b", "1", NULL}, END};
    print(OUTPUT_CSV, true, rows);
    ck_assert_str_eq(text, "\xef\xbb\xbfname,count,year\r\n'=1+1,-12,2023\r\n'@x,'-x,\r\n"
                           "\"'+a,b\",1,\r\n");
    free(text);
}
END_TEST

START_TEST(json) {
    static const char *const rows[][3] = {
        {"a\"b\\c\n", "12", NULL}, {NULL, "1、2", "2023"}, {"x", "36.30", "01"}, END};
    print(OUTPUT_JSON, false, rows);
    ck_assert_str_eq(text,
                     "[\n {\"name\": \"a\\\"b\\\\c\\u000a\", \"count\": 12, \"year\": null},\n"
                     " {\"name\": null, \"count\": \"1、2\", \"year\": 2023},\n"
                     " {\"name\": \"x\", \"count\": 36.30, \"year\": \"01\"}\n]\n");
    free(text);
}
END_TEST

START_TEST(without_rows) {
    static const char *const rows[][3] = {END};
    print(OUTPUT_JSON, false, rows);
    ck_assert_str_eq(text, "[]\n");
    free(text);
    print(OUTPUT_CSV, false, rows);
    ck_assert_str_eq(text, "name,count,year\n");
    free(text);
}
END_TEST

START_TEST(an_abandoned_table_leaves_no_trace) {
    FILE *file = open_memstream(&text, &text_len);
    const struct output_options options = {.format = OUTPUT_CSV, .file = file};
    output_abandon(output_open(&options, columns, 3));
    fclose(file);
    ck_assert_str_eq(text, "");
    free(text);
}
END_TEST

START_TEST(a_table_is_aligned_for_wide_characters) {
    static const char *const rows[][3] = {
        {"移住相談", "1207069", "2023"}, {"abc", "12", "2024"}, {"x", NULL, NULL}, END};
    print(OUTPUT_TEXT, false, rows);
    ck_assert_str_eq(text, "名称           件数  Year\n"
                           "--------  ---------  ----\n"
                           "移住相談  1,207,069  2023\n"
                           "abc              12  2024\n"
                           "x\n");
    free(text);
}
END_TEST

START_TEST(a_long_table_streams_on) {
    FILE *file = open_memstream(&text, &text_len);
    const struct output_options options = {.format = OUTPUT_TEXT, .file = file};
    struct output *o = output_open(&options, columns, 3);
    for (int i = 0; i < 2000; i++) {
        output_row(o, (const char *const[]){"row", "1", "2"});
    }
    ck_assert_int_eq(output_close(o), 0);
    fclose(file);
    size_t lines = 0;
    for (const char *p = text; *p != '\0'; p++) {
        lines += *p == '\n';
    }
    ck_assert_uint_eq(lines, 2002);
    free(text);
}
END_TEST

START_TEST(a_cell_is_cut_at_its_most) {
    static const struct column narrow[] = {{"n", "N", COLUMN_TEXT, 8}};
    FILE *file = open_memstream(&text, &text_len);
    const struct output_options options = {.format = OUTPUT_TEXT, .file = file};
    struct output *o = output_open(&options, narrow, 1);
    output_row(o, (const char *const[]){"移住相談窓口"});
    output_row(o, (const char *const[]){"移住相談"});
    ck_assert_int_eq(output_close(o), 0);
    fclose(file);
    ck_assert_str_eq(text, "N\n--------\n移住相..\n移住相談\n");
    free(text);
}
END_TEST

static const struct {
    const char *text;
    bool number;
} numbers[] = {{"0", true},   {"-12", true}, {"36.3", true}, {"007", false}, {"1.", false},
               {".5", false}, {"", false},   {"-", false},   {"1e3", false}, {"1,000", false}};

START_TEST(what_is_a_number) {
    ck_assert_msg(output_is_number(numbers[_i].text) == numbers[_i].number, "%s", numbers[_i].text);
}
END_TEST

START_TEST(totals_are_exact) {
    struct total t = {.any = false};
    char out[TOTAL_SIZE];
    ck_assert(total_text(&t, out) == NULL);
    total_add(&t, "36.30");
    total_add(&t, "-0.1");
    total_add(&t, NULL);
    total_add(&t, "59");
    ck_assert_str_eq(total_text(&t, out), "95.20");
    total_add(&t, "-100");
    ck_assert_str_eq(total_text(&t, out), "-4.80");
    total_add(&t, "週2回");
    ck_assert(total_text(&t, out) == NULL);
}
END_TEST

/* ---- the words of a command line ------------------------------------------------------- */

static const struct option table[] = {
    {"topic", "TOPIC", "topic", "", true},
    {"date", "DATE", "date", "", false},
    {"not-held", NULL, "not_held", "", false},
    {NULL, NULL, NULL, NULL, false},
};

static struct arena arena;
static struct error e;

static int parse(struct arguments *a, char **argv) {
    int argc = 0;
    while (argv[argc] != NULL) {
        argc++;
    }
    *a = (struct arguments){.n = 0};
    return options_parse(argc, argv, table, NULL, &arena, a, NULL, &e);
}

#define WORDS(...) ((char *[]){__VA_ARGS__, NULL})

START_TEST(options_and_words) {
    struct arguments a;
    arena_init(&arena, 1 << 20);
    ck_assert_int_eq(parse(&a, WORDS("migration", "--topic", "housing", "-5", "--topic=work",
                                     "--not-held", "--", "--date")),
                     0);
    ck_assert_uint_eq(a.n, 3);
    ck_assert_str_eq(a.word[0], "migration");
    ck_assert_str_eq(a.word[1], "-5");
    ck_assert_str_eq(a.word[2], "--date");
    ck_assert_str_eq(options_get(&a, "topic"), "housing;work");
    ck_assert(options_has(&a, "not-held"));
    ck_assert(!options_has(&a, "date"));
    arena_free(&arena);
}
END_TEST

START_TEST(bad_options) {
    struct arguments a;
    arena_init(&arena, 1 << 20);
    ck_assert_int_eq(parse(&a, WORDS("--topik", "x")), -1);
    ck_assert_str_eq(e.near[0], "--topic");
    ck_assert_int_eq(parse(&a, WORDS("--date")), -1);
    ck_assert(strstr(e.en, "--date needs a value") != NULL);
    ck_assert_int_eq(parse(&a, WORDS("--date", "1", "--date", "2")), -1);
    ck_assert(strstr(e.en, "given twice") != NULL);
    ck_assert_int_eq(parse(&a, WORDS("--not-held=x")), -1);
    ck_assert(strstr(e.en, "takes no value") != NULL);
    arena_free(&arena);
}
END_TEST

START_TEST(options_fill_fields) {
    struct arguments a;
    Madoguchi__Act act = MADOGUCHI__ACT__INIT;
    arena_init(&arena, 1 << 20);
    ck_assert_int_eq(parse(&a, WORDS("--topic", "housing", "--date", "R6.4.15")), 0);
    ck_assert_int_eq(options_fill(&a, &act.base, &arena, &e), 0);
    ck_assert_uint_eq(act.date, 20240415);
    ck_assert_uint_eq(act.n_topic, 1);
    ck_assert_int_eq(parse(&a, WORDS("--date", "2024-02-30")), 0);
    ck_assert_int_eq(options_fill(&a, &act.base, &arena, &e), -1);
    ck_assert_str_eq(e.field, "date");
    arena_free(&arena);
}
END_TEST

START_TEST(filters) {
    Madoguchi__Filter f;
    arena_init(&arena, 1 << 20);
    ck_assert_int_eq(scope_filter(&arena, "session-kind=seminar,fair", &f, &e), 0);
    ck_assert(bytes_equal(f.field, "session_kind"));
    ck_assert_uint_eq(f.n_value, 2);
    ck_assert(bytes_equal(f.value[1], "fair"));
    ck_assert(!f.has_exclude);
    ck_assert_int_eq(scope_filter(&arena, "channel!=post", &f, &e), 0);
    ck_assert(f.exclude);
    ck_assert_int_eq(scope_filter(&arena, "origin=@shutoken", &f, &e), 0);
    ck_assert_int_eq(scope_filter(&arena, "origin", &f, &e), -1);
    ck_assert_int_eq(scope_filter(&arena, "=x", &f, &e), -1);
    ck_assert_int_eq(scope_filter(&arena, "origin!x", &f, &e), -1);
    arena_free(&arena);
}
END_TEST

static const struct {
    const char *text;
    uint64_t ms; /* 0: refused */
} times[] = {
    {"2024-05-01", 1714575599999},          /* the end of the day in Japan */
    {"2024-05-01T00:00:00", 1714489200999}, /* all of the second */
    {"2024-05-01T00:00", 1714489259999},    /* all of the minute */
    {"2024-05-01 00:00:00+09:00", 1714489200999},
    {"2024-05-01T00:00:00Z", 1714521600999},
    {"R6.5.1", 1714575599999},
    {"2024-05-01T24:00", 0},
    {"2024-05-01T10:61", 0},
    {"2024-05-01T10:00 JST", 0},
    {"yesterday", 0},
};

START_TEST(known_at) {
    uint64_t ms = 0;
    int result = scope_known_at(times[_i].text, &ms, &e);
    ck_assert_msg(result == (times[_i].ms > 0 ? 0 : -1), "%s", times[_i].text);
    if (result == 0) {
        ck_assert_uint_eq(ms, times[_i].ms);
    }
}
END_TEST

START_TEST(years) {
    uint32_t from = 0;
    uint32_t to = 0;
    ck_assert_int_eq(scope_year("R5", &from, NULL, &e), 0);
    ck_assert_uint_eq(from, 2023);
    ck_assert_int_eq(scope_year("FY2019..FY2023", &from, &to, &e), 0);
    ck_assert_uint_eq(from, 2019);
    ck_assert_uint_eq(to, 2023);
    ck_assert_int_eq(scope_year("FY2019..FY2023", &from, NULL, &e), -1);
    ck_assert_int_eq(scope_year("2024-04", &from, &to, &e), -1);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("output");
    TCase *tcase = tcase_create("output");
    tcase_add_test(tcase, csv_is_quoted_only_where_needed);
    tcase_add_test(tcase, csv_for_a_spreadsheet);
    tcase_add_test(tcase, json);
    tcase_add_test(tcase, without_rows);
    tcase_add_test(tcase, an_abandoned_table_leaves_no_trace);
    tcase_add_test(tcase, a_table_is_aligned_for_wide_characters);
    tcase_add_test(tcase, a_long_table_streams_on);
    tcase_add_test(tcase, a_cell_is_cut_at_its_most);
    tcase_add_loop_test(tcase, what_is_a_number, 0, sizeof numbers / sizeof numbers[0]);
    tcase_add_test(tcase, totals_are_exact);
    tcase_add_test(tcase, options_and_words);
    tcase_add_test(tcase, bad_options);
    tcase_add_test(tcase, options_fill_fields);
    tcase_add_test(tcase, filters);
    tcase_add_loop_test(tcase, known_at, 0, sizeof times / sizeof times[0]);
    tcase_add_test(tcase, years);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
