/* Workbooks as LibreOffice opens them: every cell is that of the CSV, and printed as the office
 * prints it. */
#include "client/report_private.h"
#include "client/words.h"
#include "tests/kit_client.h"
#include "tests/kit_report.h"
#include "tests/suite.h"

#include <check.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/wait.h>

#define FILES 5
/* Of the CSV filter: comma, quotes, UTF-8, cells as shown, every sheet a file of its own. */
#define AS_CSV "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,true,false,false,-1"

/* A city whose words look like formulas. */
#define BAD_LABEL "=1+1,\\\"A1\\\""
#define BAD_CELL  "=1+1,\"A1\""
#define BAD_NAME  "@SUM(1+1)"

static const struct {
    enum report_kind kind;
    const char *service;
    uint32_t month, year;
    bool japanese;
} files[FILES] = {
    {REPORT_MONTHLY, "migration", 202405, 0, false},
    {REPORT_MONTHLY, "mynumber", 202506, 0, true},
    {REPORT_YEARLY, NULL, 0, 2024, true},
    {REPORT_FIVE_YEARS, "mynumber", 0, 2025, true},
    {REPORT_SURVEY, NULL, 0, 2024, true},
};

static void run(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void run(const char *format, ...) {
    char command[4096];
    va_list ap;
    va_start(ap, format);
    ck_assert_int_lt(vsnprintf(command, sizeof command, format, ap), (int)sizeof command);
    va_end(ap);
    int status = system(command);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%s", command);
}

static char *read_file(const char *path, size_t *len) {
    char *text;
    FILE *f = fopen(path, "r");
    ck_assert_msg(f != NULL, "%s is not there", path);
    FILE *to = open_memstream(&text, len);
    for (int c = getc(f); c != EOF; c = getc(f)) {
        putc(c, to);
    }
    fclose(f);
    fclose(to);
    return text;
}

/* The sheet of that name of a workbook, as LibreOffice read it. */
static struct kit_csv sheet(const struct kit *k, struct arena *a, int file, const char *name) {
    char path[KIT_PATH + 300];
    size_t len;
    snprintf(path, sizeof path, "%s/opened/%d-%s.csv", k->dir, file, name);
    char *text = read_file(path, &len);
    struct kit_csv csv = kit_csv_read(a, text);
    free(text);
    return csv;
}

static void same(const struct kit_csv *opened, const struct kit_csv *csv) {
    ck_assert_uint_gt(csv->rows, 10);
    ck_assert_uint_eq(opened->rows, csv->rows);
    ck_assert_uint_eq(opened->columns, csv->columns);
    for (size_t row = 0; row < csv->rows; row++) {
        for (size_t c = 0; c < csv->columns; c++) {
            ck_assert_str_eq(kit_csv_cell(opened, row, c), kit_csv_cell(csv, row, c));
        }
    }
}

/* A printed sheet beside the table that it was made from. */
static void printed(const struct kit_csv *opened, const struct report_document *d,
                    const struct report_table *t, struct arena *a) {
    const char *title = arena_printf(a, "%s  %s", d->title, t->title);
    ck_assert_str_eq(kit_csv_cell(opened, 0, 0), title);
    ck_assert_str_eq(kit_csv_cell(opened, 1, 0),
                     arena_printf(a, "%s: %s (%s)", _("Municipality"), d->name, d->municipality));
    ck_assert_str_eq(kit_csv_cell(opened, 2, 0), arena_printf(a, "%s: %s", _("Period"), t->period));
    ck_assert_str_eq(kit_csv_cell(opened, 3, 0),
                     arena_printf(a, "%s: %s", _("Definition"), t->definition));
    ck_assert_str_eq(kit_csv_cell(opened, 4, 0),
                     arena_printf(a, "%s: %s", _("Tabulated as of"), d->as_of_text));
    ck_assert_str_eq(kit_csv_cell(opened, 5, t->n_corner + t->n_column - 1),
                     arena_printf(a, "%s: %s", _("Unit"), t->unit));
    for (size_t c = 0; c < t->n_column; c++) {
        ck_assert_str_eq(kit_csv_cell(opened, 6, t->n_corner + c), t->column[c].label[0]);
    }
    for (size_t row = 0; row < t->n_row; row++) {
        for (size_t i = 0; i < t->n_corner; i++) {
            ck_assert_str_eq(kit_csv_cell(opened, 7 + row, i), t->row[row].label[i]);
        }
        for (size_t c = 0; c < t->n_column; c++) {
            ck_assert_str_eq(kit_csv_cell(opened, 7 + row, t->n_corner + c),
                             report_cell_text(t, row, c, a));
        }
    }
    for (size_t i = 0; i < t->n_note; i++) {
        ck_assert_str_eq(kit_csv_cell(opened, 7 + t->n_row + i, 0),
                         arena_printf(a, "%s: %s", _("Note"), t->note[i]));
    }
}

static void write_file(const struct kit *k, struct report *r, int i, struct catalogue *catalogue) {
    const struct report_style style = {
        .format = REPORT_XLSX, .japanese = files[i].japanese, .catalogue = catalogue};
    char path[KIT_PATH + 16];
    size_t len;
    char *data = kit_report_render(r, &style, &len);
    snprintf(path, sizeof path, "%s/%d.xlsx", k->dir, i);
    FILE *f = fopen(path, "wb");
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(data, 1, len, f), len);
    ck_assert_int_eq(fclose(f), 0);
    free(data);
}

static void compare_file(const struct kit *k, struct report *r, int i, struct catalogue *catalogue,
                         struct arena *a) {
    const struct report_style style = {.format = REPORT_CSV, .catalogue = catalogue};
    struct report_document d;
    struct error e;
    size_t len;
    char *text = kit_report_render(r, &style, &len);
    struct kit_csv csv = kit_csv_read(a, text);
    struct kit_csv opened = sheet(k, a, i, "data");
    same(&opened, &csv);
    free(text);
    words_speak(files[i].japanese);
    ck_assert_int_eq(report_make(r, catalogue, a, &d, &e), 0);
    ck_assert_msg(i != 1 || strcmp(d.title, "月報") == 0, "%s", d.title);
    for (size_t n = 0; n < d.n_table; n++) {
        char name[REPORT_SHEET_NAME];
        report_sheet_name(n + 1, d.table[n].title, name);
        opened = sheet(k, a, i, name);
        printed(&opened, &d, &d.table[n], a);
    }
    words_speak(false);
}

START_TEST(as_libreoffice_opens_them) {
    struct kit k;
    struct arena a;
    struct report *r[FILES];
    arena_init(&a, 1u << 30);
    ck_assert_msg(system("command -v soffice >/dev/null") == 0,
                  "soffice is missing: make check installs it (libreoffice-calc-nogui)");
    kit_start(&k, true);
    ck_assert_int_eq(kit_put_catalogue(&k, "{code: housing, ja: 住まい, kana: すまい, en: Housing,",
                                       "{code: housing, ja: \"" BAD_LABEL "\", en: \"" BAD_LABEL
                                       "\",")
                         .code,
                     0);
    kit_report_fill(&k);
    struct catalogue *catalogue = kit_report_catalogue(&k);
    for (int i = 0; i < FILES; i++) {
        r[i] = kit_report(&k, files[i].kind, files[i].service, files[i].month, files[i].year);
        write_file(&k, r[i], i, catalogue);
    }
    run("HOME=%s soffice -env:UserInstallation=file://%s/office --headless --convert-to '%s' "
        "--outdir %s/opened %s/[0-9].xlsx >%s/soffice.log 2>&1",
        k.dir, k.dir, AS_CSV, k.dir, k.dir, k.dir);
    run("python3 tests/check_xlsx.py %s/[0-9].xlsx", k.dir);
    for (int i = 0; i < FILES; i++) {
        compare_file(&k, r[i], i, catalogue, &a);
        report_free(r[i]);
        arena_reset(&a);
    }
    /* The label that looks like a formula is in the first, as text. */
    struct kit_csv topics = sheet(&k, &a, 0, "3 By topic");
    ck_assert_str_eq(kit_csv_cell(&topics, 7, 0), BAD_CELL);
    catalogue_free(catalogue);
    kit_finish(&k);
    arena_free(&a);
}
END_TEST

/* A spreadsheet's CSV has no formula either. */
START_TEST(no_formula) {
    const struct report_params params = {.kind = REPORT_SURVEY,
                                         .now = kit_noon(20250615),
                                         .municipality = "062090",
                                         .name = BAD_NAME};
    struct report_style style = {.format = REPORT_CSV, .excel = true};
    Madoguchi__Page page = MADOGUCHI__PAGE__INIT;
    struct report *r;
    struct error e;
    size_t len;
    ck_assert_int_eq(report_new(&params, &r, &e), 0);
    for (size_t i = 0; i < report_questions(r); i++) {
        ck_assert_int_eq(report_take(r, i, &page, 9, &e), 0);
    }
    ck_assert(report_settled(r));
    char *text = kit_report_render(r, &style, &len);
    ck_assert_int_eq(strncmp(text, "\xef\xbb\xbfreport,table,", 16), 0);
    ck_assert_ptr_nonnull(strstr(text, ",'" BAD_NAME ","));
    ck_assert_ptr_null(strstr(text, "," BAD_NAME));
    ck_assert_ptr_nonnull(strstr(text, "\r\n"));
    free(text);
    style.format = REPORT_XLSX; /* without a catalogue: codes stand for themselves */
    text = kit_report_render(r, &style, &len);
    ck_assert_int_eq(memcmp(text, "PK", 2), 0);
    free(text);
    report_free(r);
}
END_TEST

/* What cannot be written whole is an error. */
START_TEST(full) {
    static const enum report_format formats[] = {REPORT_TEXT, REPORT_CSV, REPORT_JSON, REPORT_XLSX};
    const struct report_params params = {.kind = REPORT_SURVEY,
                                         .now = kit_noon(20250615),
                                         .municipality = "062090",
                                         .name = "長井市"};
    const struct report_style style = {.format = formats[_i]};
    Madoguchi__Page page = MADOGUCHI__PAGE__INIT;
    struct report *r;
    struct error e = {.code = 0};
    ck_assert_int_eq(report_new(&params, &r, &e), 0);
    for (size_t i = 0; i < report_questions(r); i++) {
        ck_assert_int_eq(report_take(r, i, &page, 9, &e), 0);
    }
    FILE *f = fopen("/dev/full", "w");
    ck_assert_ptr_nonnull(f);
    ck_assert_int_eq(report_render(r, &style, f, &e), -1);
    ck_assert_int_eq(e.code, ERR_INTERNAL);
    ck_assert_ptr_nonnull(strstr(e.en, "written"));
    fclose(f);
    report_free(r);
}
END_TEST

int main(void) {
    kit_begin();
    const char *build = getenv("BUILD");
    char locale[KIT_PATH];
    snprintf(locale, sizeof locale, "%s/locale", build != NULL ? build : "build");
    setenv("MADOGUCHI_LOCALEDIR", locale, 1);
    words_open();
    Suite *s = suite_create("report xlsx");
    TCase *t = tcase_create("report xlsx");
    tcase_set_timeout(t, 300);
    tcase_add_test(t, as_libreoffice_opens_them);
    tcase_add_test(t, no_formula);
    tcase_add_loop_test(t, full, 0, 4);
    suite_add_tcase(s, t);
    int status = suite_run(s);
    kit_end();
    return status;
}
