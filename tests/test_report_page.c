/* The form of a report that a browser's page takes, of tables made by hand. */
#include "client/report_table.h"
#include "tests/suite.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

/* What is written of the document; to be freed. */
static char *page_of(const struct report_document *d) {
    char *text = NULL;
    size_t len = 0;
    struct error e;
    FILE *file = open_memstream(&text, &len);
    ck_assert_ptr_nonnull(file);
    ck_assert_msg(report_page(d, file, &e) == 0, "%s", e.en);
    fclose(file);
    ck_assert_uint_eq(strlen(text), len);
    return text;
}

static void expect_page(const struct report_document *d, const char *expected) {
    char *text = page_of(d);
    ck_assert_str_eq(text, expected);
    free(text);
}

/* The page of one table holds these words. */
static void expect_within(const struct report_table *t, const char *expected) {
    const struct report_document d = {.kind = "monthly", .n_table = 1, .table = t};
    char *text = page_of(&d);
    ck_assert_msg(strstr(text, expected) != NULL, "no %s in %s", expected, text);
    free(text);
}

START_TEST(a_report_without_tables) {
    const struct report_document d = {.kind = "monthly",
                                      .title = "月報",
                                      .municipality = "062090",
                                      .name = "長井市",
                                      .as_of = "2024-06-01T00:00:00+09:00",
                                      .as_of_text = "2024年6月1日 00:00",
                                      .position = UINT64_MAX};
    expect_page(&d, "{\"report\":\"monthly\",\"title\":\"月報\",\"municipality\":\"062090\","
                    "\"name\":\"長井市\",\"as_of\":\"2024年6月1日 00:00\","
                    "\"position\":18446744073709551615,\"tables\":[]}");
}
END_TEST

START_TEST(tables_one_after_the_other) {
    static const struct report_table tables[] = {
        {.id = "one", .corner = {"a"}, .n_corner = 1, .definition = "d", .unit = "cases"},
        {.id = "two", .corner = {"a", "b"}, .n_corner = 2, .n_note = 2, .note = {"x", "y"}}};
    const struct report_document d = {
        .kind = "k", .title = "t", .n_table = 2, .table = tables, .position = 7};
    expect_page(&d, "{\"report\":\"k\",\"title\":\"t\",\"municipality\":null,\"name\":null,"
                    "\"as_of\":null,\"position\":7,\"tables\":["
                    "{\"id\":\"one\",\"title\":null,\"period\":null,\"definition\":\"d\","
                    "\"unit\":\"cases\",\"corner\":[\"a\"],\"columns\":[],\"rows\":[],"
                    "\"notes\":[]},"
                    "{\"id\":\"two\",\"title\":null,\"period\":null,\"definition\":null,"
                    "\"unit\":null,\"corner\":[\"a\",\"b\"],\"columns\":[],\"rows\":[],"
                    "\"notes\":[\"x\",\"y\"]}]}");
}
END_TEST

/* Wherever a text stands: what JSON has a meaning for is escaped, all else is as it was. */
START_TEST(texts_are_escaped) {
#define RAW     "\"q\" \\ \n\t\x01 </script> 移住"
#define ESCAPED "\"\\\"q\\\" \\\\ \\u000a\\u0009\\u0001 </script> 移住\""
    struct report_head row = {.label = {RAW, NULL}};
    struct report_head column = {.label = {RAW, NULL}, .total = true};
    struct report_cell cell = {CELL_VALUE, 1};
    const struct report_table t = {.id = RAW,
                                   .title = RAW,
                                   .period = RAW,
                                   .definition = RAW,
                                   .unit = RAW,
                                   .corner = {RAW, RAW},
                                   .n_corner = 2,
                                   .n_row = 1,
                                   .n_column = 1,
                                   .row = &row,
                                   .column = &column,
                                   .cell = &cell,
                                   .n_note = 1,
                                   .note = {RAW},
                                   .chart = {RAW, true, 1, 2, 3, 4}};
    const struct report_document d = {.kind = RAW,
                                      .title = RAW,
                                      .municipality = RAW,
                                      .name = RAW,
                                      .as_of_text = RAW,
                                      .n_table = 1,
                                      .table = &t};
    expect_page(&d, "{\"report\":" ESCAPED ",\"title\":" ESCAPED ",\"municipality\":" ESCAPED
                    ",\"name\":" ESCAPED ",\"as_of\":" ESCAPED
                    ",\"position\":0,\"tables\":[{\"id\":" ESCAPED ",\"title\":" ESCAPED
                    ",\"period\":" ESCAPED ",\"definition\":" ESCAPED ",\"unit\":" ESCAPED
                    ",\"corner\":[" ESCAPED "," ESCAPED "],\"columns\":[{\"label\":" ESCAPED
                    ",\"total\":true}],\"rows\":[{\"label\":[" ESCAPED
                    ",\"\"],\"total\":false,\"cells\":[\"1\"],\"values\":[1]}],\"notes\":[" ESCAPED
                    "],\"chart\":{\"title\":" ESCAPED
                    ",\"stacked\":true,\"row\":1,\"rows\":2,\"column\":3,\"columns\":4}}]}");
}
END_TEST

/* One row of the four comparisons. */
static void expect_row(const struct report_cell cells[4], const char *expected) {
    struct report_cell copy[4];
    struct report_head row = {.label = {"r", NULL}, .total = true};
    struct report_head columns[4] = {{.statistic = STATISTIC_VALUE},
                                     {.statistic = STATISTIC_DIFFERENCE},
                                     {.statistic = STATISTIC_RATIO},
                                     {.statistic = STATISTIC_RATE}};
    memcpy(copy, cells, sizeof copy);
    const struct report_table t = {.corner = {"c"},
                                   .n_corner = 1,
                                   .n_row = 1,
                                   .n_column = 4,
                                   .row = &row,
                                   .column = columns,
                                   .cell = copy};
    expect_within(&t, expected);
}

/* As people read them, and as programs do. */
START_TEST(numbers) {
    expect_row(
        (const struct report_cell[]){
            {CELL_VALUE, 1234567}, {CELL_VALUE, 12}, {CELL_VALUE, 1000}, {CELL_VALUE, 5}},
        "{\"label\":[\"r\"],\"total\":true,"
        "\"cells\":[\"1,234,567\",\"12\",\"100.0\",\"0.5\"],"
        "\"values\":[1234567,12,100.0,0.5]}");
}
END_TEST

START_TEST(negative_numbers) {
    expect_row(
        (const struct report_cell[]){
            {CELL_VALUE, -1}, {CELL_VALUE, -1234}, {CELL_VALUE, -10}, {CELL_VALUE, -1}},
        "\"cells\":[\"△1\",\"△1,234\",\"△1.0\",\"△0.1\"],\"values\":[-1,-1234,-1.0,-0.1]");
    expect_row((const struct report_cell[]){{CELL_VALUE, INT64_MAX},
                                            {CELL_VALUE, -INT64_MAX},
                                            {CELL_VALUE, 0},
                                            {CELL_VALUE, -1000}},
               "\"cells\":[\"9,223,372,036,854,775,807\",\"△9,223,372,036,854,775,807\",\"0.0\","
               "\"△100.0\"],\"values\":[9223372036854775807,-9223372036854775807,0.0,-100.0]");
}
END_TEST

/* Counted and none is a number; what is not there, or cannot be, is none. */
START_TEST(none) {
    expect_row(
        (const struct report_cell[]){
            {CELL_VALUE, 0}, {CELL_VALUE, 0}, {CELL_UNDEFINED, 0}, {CELL_ABSENT, 0}},
        "\"cells\":[\"－\",\"0\",\"－\",\"\"],\"values\":[0,0,null,null]");
    expect_row(
        (const struct report_cell[]){
            {CELL_ABSENT, 1}, {CELL_UNDEFINED, 1}, {CELL_VOID, 1}, {CELL_UNDEFINED, 1}},
        "\"cells\":[\"\",\"－\",\"\",\"－\"],\"values\":[null,null,null,null]");
}
END_TEST

START_TEST(what_cannot_be_written_is_an_error) {
    const struct report_document d = {.kind = "monthly"};
    struct error e = {0};
    FILE *full = fopen("/dev/full", "w");
    ck_assert_ptr_nonnull(full);
    ck_assert_int_eq(report_page(&d, full, &e), -1);
    ck_assert_int_eq(e.code, ERR_INTERNAL);
    fclose(full);
}
END_TEST

int main(void) {
    Suite *s = suite_create("report_page");
    TCase *t = tcase_create("page");
    tcase_add_test(t, a_report_without_tables);
    tcase_add_test(t, tables_one_after_the_other);
    tcase_add_test(t, texts_are_escaped);
    tcase_add_test(t, numbers);
    tcase_add_test(t, negative_numbers);
    tcase_add_test(t, none);
    tcase_add_test(t, what_cannot_be_written_is_an_error);
    suite_add_tcase(s, t);
    return suite_run(s);
}
