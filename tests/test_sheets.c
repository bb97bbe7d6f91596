/* Five sheets of different make go in through the real daemon by their mapping files
 * (tests/sheets): the counts are the sheet's, a second import adds nothing, the dry run
 * shows the same totals. */
#include "tests/kit_client.h"
#include "tests/suite.h"

#include <check.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct kit k;

/* The questions of tests/sheets/NAME.stats, each with its answer. */
static void same_stats(const char *name) {
    static char expected[65536];
    char path[100];
    snprintf(path, sizeof path, "tests/sheets/%s.stats", name);
    snprintf(expected, sizeof expected, "%s", kit_text_of(path));
    unsigned asked = 0;
    for (char *p = expected; *p == '$'; asked++) {
        char *answer = strchr(p, '\n') + 1;
        char *next = strstr(answer, "\n$");
        answer[-1] = '\0';
        if (next != NULL) {
            next[1] = '\0';
        }
        kit_client_ok(&k, "stats --format csv %s", p + 2);
        ck_assert_msg(strcmp(kit_out, answer) == 0, "%s: %s\n%s", name, p, kit_out);
        p = next != NULL ? next + 1 : answer + strlen(answer);
        *p = next != NULL ? '$' : '\0';
    }
    ck_assert_uint_ge(asked, 2);
}

/* The dry run, then the import, twice. */
static void goes_in(const char *name, const char *mapping, const char *dry, const char *total) {
    kit_client_ok(&k, "import --dry-run --format csv tests/sheets/%s.csv --mapping %s", name,
                  mapping);
    kit_printed(dry);
    kit_said_client(total);
    kit_client_ok(&k, "import --format csv tests/sheets/%s.csv --mapping %s", name, mapping);
    unsigned rows;
    unsigned recorded;
    unsigned known;
    ck_assert_int_eq(sscanf(kit_out, "rows,recorded,known\n%u,%u,%u", &rows, &recorded, &known), 3);
    ck_assert(rows > 0 && recorded == rows && known == 0);
    same_stats(name);
    kit_client_ok(&k, "import --format csv tests/sheets/%s.csv --mapping %s", name, mapping);
    ck_assert_int_eq(sscanf(kit_out, "rows,recorded,known\n%u,%u,%u", &rows, &recorded, &known), 3);
    ck_assert(recorded == 0 && known == rows);
    kit_client_ok(&k, "import --dry-run --format csv tests/sheets/%s.csv --mapping %s", name,
                  mapping);
    kit_said_client(total);
    same_stats(name);
}

static void by_its_mapping(const char *name, const char *dry, const char *total) {
    char mapping[100];
    snprintf(mapping, sizeof mapping, "tests/sheets/%s.yaml", name);
    kit_start(&k, true);
    goes_in(name, mapping, dry, total);
    kit_finish(&k);
}

START_TEST(migration_ledger) {
    by_its_mapping("migration", "\ntotal,,145,123,123,0\n",
                   "The totals of the sheet agree: 3 compared.");
}
END_TEST

START_TEST(citizen_months) {
    by_its_mapping("citizen", "\n2024-04,citizen,6,83,83,0\n",
                   "The totals of the sheet agree: 21 compared.");
}
END_TEST

START_TEST(mynumber_days) {
    by_its_mapping("mynumber", "\ntotal,,1109,10772,10772,0\n",
                   "The totals of the sheet agree: 340 compared.");
}
END_TEST

START_TEST(freeform_list) {
    by_its_mapping("freeform", "\n2024-04,citizen,8,13,13,0\n",
                   "The totals of the sheet agree: 13 compared.");
}
END_TEST

START_TEST(sessions_of_a_year) {
    by_its_mapping("sessions", "\ntotal,,49,70,,\n", "The totals of the sheet agree: 5 compared.");
}
END_TEST

/* ---- guessed ------------------------------------------------------------------------------------
 */

static const char *guessed(const char *name) {
    static char mapping[2 * KIT_PATH];
    kit_client_ok(&k, "import --guess tests/sheets/%s.csv", name);
    snprintf(mapping, sizeof mapping, "%s", kit_file(&k, "guessed.yaml", kit_out));
    return mapping;
}

START_TEST(a_guess_goes_in_unedited) {
    kit_start(&k, true);
    goes_in("citizen", guessed("citizen"), "\n2024-04,citizen,6,83,83,0\n", "agree: 21 compared.");
    kit_finish(&k);
    kit_start(&k, true);
    goes_in("sessions", guessed("sessions"), "\ntotal,,49,70,,\n", "agree: 5 compared.");
    kit_finish(&k);
}
END_TEST

/* What the guess could not know is said, in the file and when it is used. */
START_TEST(a_guess_says_what_it_does_not_know) {
    kit_start(&k, true);
    const char *mapping = guessed("migration");
    kit_printed("# ? - \"県外(仙台) = \"  nearest: ");
    kit_client_refused(&k, 1, "row 10, column 移住元: \"県外（仙台）\" is not among the values",
                       "import tests/sheets/migration.csv --mapping %s", mapping);
    kit_said_client("Nothing was recorded: 1 thing");
    mapping = guessed("freeform");
    kit_printed("\n  headings: true\n");
    kit_client_refused(&k, 1, "row 9, column 区分: \"L2\"",
                       "import tests/sheets/freeform.csv --mapping %s", mapping);
    kit_client_ok(&k, "import --dry-run tests/sheets/mynumber.csv --mapping %s",
                  guessed("mynumber"));
    kit_said_client("agree: 340 compared.");
    /* Nothing of all this was recorded. */
    kit_client_ok(&k, "stats --format csv --from FY2024 --to FY2024 --by month");
    ck_assert_str_eq(kit_out, "month,count\n");
    kit_client_refused(&k, 1, "No row looks like headings", "import --guess %s",
                       kit_file(&k, "none.csv", "a,b\n1,2\n"));
    kit_client_refused(&k, 2, "--guess stands alone", "import --guess --dry-run x.csv");
    kit_finish(&k);
}
END_TEST

START_TEST(no_individual_number_in_a_guess) {
    kit_start(&k, true);
    kit_client_ok(
        &k, "import --guess %s",
        kit_file(&k, "sheet.csv", "受付日,方法,件数\nR6.4.1,123456789018,1\nR6.4.2,電話,1\n"));
    kit_printed("電話 = phone");
    ck_assert_ptr_null(strstr(kit_out, "9018"));
    kit_finish(&k);
}
END_TEST

/* ---- grown, and wrong
 * ------------------------------------------------------------------------------ */

#define MAP                                                                                     \
    "mapping: 1\nconstants: {kind: tally, service: citizen}\ndates: {in: R6}\ncolumns:\n"       \
    "  - {heading: 日, field: date}\n  - {heading: 方法, field: channel, values: [電話 = " \
    "phone]}\n"                                                                                 \
    "  - {heading: 件数, field: count}\ntotals: [計]\n"

static const char *sheet(const char *text) {
    static char path[2 * KIT_PATH];
    snprintf(path, sizeof path, "%s", kit_file(&k, "s.csv", text));
    return path;
}

static void import(const char *text, const char *printed) {
    char mapping[2 * KIT_PATH];
    snprintf(mapping, sizeof mapping, "%s", kit_file(&k, "m.yaml", MAP));
    kit_client_ok(&k, "import %s --mapping %s", sheet(text), mapping);
    kit_printed(printed);
}

START_TEST(a_grown_sheet_adds_what_is_new) {
    kit_start(&k, true);
    import("日,方法,件数\n4/1,電話,2\n4/1,電話,2\n計,,4\n", "2 rows: 2 recorded, 0 were known.");
    import("件数,日,x,方法\n2,4/1,,電話\n2,４月１日,,電話\n2,4/1,,電話\n1,4/2,,電話\n7,計,,\n",
           "4 rows: 2 recorded, 2 were known.");
    kit_client_ok(&k, "stats --format csv --from FY2024 --to FY2024 --by month");
    ck_assert_str_eq(kit_out, "month,count\n2024-04,7\n");
    kit_finish(&k);
}
END_TEST

START_TEST(a_total_that_differs_is_said) {
    char mapping[2 * KIT_PATH];
    kit_start(&k, true);
    snprintf(mapping, sizeof mapping, "%s", kit_file(&k, "m.yaml", MAP));
    kit_client_ok(&k, "import --dry-run --format csv %s --mapping %s",
                  sheet("日,方法,件数\n4/1,電話,2\n計,,3\n"), mapping);
    ck_assert_str_eq(kit_out, "month,service,rows,count,sheet,difference\n"
                              "2024-04,citizen,1,2,3,-1\ntotal,,1,2,3,-1\n");
    kit_said_client("row 3, column 件数: the sheet's total is 3, its lines make 2.");
    kit_said_client("1 of 1 totals of the sheet differ.");
    kit_finish(&k);
}
END_TEST

/* A row that counts nothing of its own is one of its month, too. */
START_TEST(every_new_row_is_in_the_dry_run) {
    char mapping[2 * KIT_PATH];
    kit_start(&k, true);
    snprintf(mapping, sizeof mapping, "%s",
             kit_file(&k, "m.yaml",
                      "mapping: 1\nconstants: {kind: log, service: citizen}\ncolumns:\n"
                      "  - {heading: 番号, field: ref}\n  - {heading: 日, field: date}\n"
                      "  - {heading: 済, field: date, row: outcome}\n"
                      "  - {heading: 結果, field: outcome, row: outcome}\n"));
    kit_client_ok(&k, "import --dry-run --format csv %s --mapping %s",
                  sheet("番号,日,済,結果\n1,R6.4.1,R6.6.1,resolved\n2,R6.4.2,,\n"), mapping);
    ck_assert_str_eq(kit_out, "month,service,rows,count,sheet,difference\n2024-04,citizen,2,2,,\n"
                              "2024-06,citizen,1,0,,\ntotal,,3,2,,\n");
    kit_said_client("The sheet has no totals to compare with.");
    kit_client_refused(&k, 1, "row 2, column 日: ", "import %s --mapping %s",
                       sheet("番号,日,済,結果\n1,,R6.6.1,resolved\n"), mapping);
    kit_finish(&k);
}
END_TEST

/* What only the daemon can say is told by the sheet's row and heading, too; a cell of two
 * lines is one row. */
START_TEST(the_daemon_s_refusals_name_the_sheet) {
    char mapping[2 * KIT_PATH];
    kit_start(&k, true);
    snprintf(mapping, sizeof mapping, "%s",
             kit_file(&k, "m.yaml",
                      "mapping: 1\nconstants: {kind: log, service: citizen}\ncolumns:\n"
                      "  - {heading: 受付日, field: date}\n  - {heading: 内容, field: topic}\n"));
    kit_client_refused(&k, 1, "row 3, column 内容: ", "import %s --mapping %s",
                       sheet("受付日,内容,メモ\n2024/4/1,legal,\"a\nb\"\n2024/4/2,pin,\n"),
                       mapping);
    kit_client_refused(&k, 1, "row 2, column 受付日: ", "import %s --mapping %s",
                       sheet("受付日,内容\n2099/4/1,legal\n"), mapping);
    /* A code that is not in the catalogue is found in the mapping itself. */
    snprintf(mapping, sizeof mapping, "%s",
             kit_file(&k, "m.yaml", "mapping: 1\nconstants: {kind: log, service: citzen}\n"));
    kit_client_refused(&k, 1, "m.yaml:2: ", "import %s --mapping %s", sheet("a\n"), mapping);
    kit_said_client("Did you mean citizen?");
    kit_client_ok(&k, "stats --format csv --by month --from FY2020 --to FY2026");
    ck_assert_str_eq(kit_out, "month,count\n");
    kit_finish(&k);
}
END_TEST

static Suite *suite(void) {
    Suite *s = suite_create("sheets");
    TCase *t = tcase_create("five");
    tcase_set_timeout(t, 120);
    tcase_add_test(t, migration_ledger);
    tcase_add_test(t, citizen_months);
    tcase_add_test(t, mynumber_days);
    tcase_add_test(t, freeform_list);
    tcase_add_test(t, sessions_of_a_year);
    tcase_add_test(t, a_guess_goes_in_unedited);
    tcase_add_test(t, a_guess_says_what_it_does_not_know);
    tcase_add_test(t, no_individual_number_in_a_guess);
    tcase_add_test(t, a_grown_sheet_adds_what_is_new);
    tcase_add_test(t, a_total_that_differs_is_said);
    tcase_add_test(t, every_new_row_is_in_the_dry_run);
    tcase_add_test(t, the_daemon_s_refusals_name_the_sheet);
    suite_add_tcase(s, t);
    return s;
}

int main(void) {
    kit_begin();
    int status = suite_run(suite());
    kit_end();
    return status;
}
