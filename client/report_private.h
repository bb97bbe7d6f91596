/* Inside the report: questions, their answers, and tables made from them.
 *
 * One code makes the tables, twice: the first time without any answer, which
 * finds out what has to be asked; then with the answers.  So that what is asked
 * and what is printed cannot part. */
#ifndef MADOGUCHI_CLIENT_REPORT_PRIVATE_H
#define MADOGUCHI_CLIENT_REPORT_PRIVATE_H

#include "client/report_table.h"

#define REPORT_QUESTIONS_MAX 128
#define REPORT_TABLES_MAX    16
#define REPORT_BY_MAX        3
/* Rows of one answer. */
#define REPORT_ROWS_MAX 200000

struct answer_row {
    const char *key[REPORT_BY_MAX]; /* in the order of by */
    int64_t count, unknown;
};

struct question {
    const char *count;
    const char *by[REPORT_BY_MAX];
    size_t n_by;
    struct span span;
    Madoguchi__Request request;
    bool answered;
    uint64_t position;
    struct arena arena; /* keys */
    struct answer_row *row;
    size_t n, size;
};

struct report {
    struct report_params params;
    uint32_t today;
    struct arena arena; /* questions */
    struct question *question;
    size_t n;
    uint64_t position;
    const char *services, *offices; /* that the account sees, split by ';'; "": all */
};

/* Tables being made. */
struct builder {
    struct report *report;
    bool asking; /* the first time */
    const struct catalogue *catalogue;
    struct arena *arena;
    struct report_table *table;
    size_t n;
    bool failed; /* no memory, or beyond a limit */
};

/* Members of a field in the order in which they are printed. */
struct axis {
    const char *field;
    size_t n;
    const char **key;
};

/* Makes all tables, in the language that is spoken, in the arena. */
int report_make(struct report *r, const struct catalogue *catalogue, struct arena *arena,
                struct report_document *d, struct error *e) MUST_CHECK;

/* ---- report.c: questions --------------------------------------------------------------- */

/* The answer to a question, by up to three fields; empty while it is asked. */
const struct question *report_ask(struct builder *b, const char *count, const char *by,
                                  struct span span);
/* What it counted with these keys; all of it with none (NULL). */
int64_t answer_count(const struct question *q, const char *first, const char *second);
int64_t answer_unknown(const struct question *q);

/* ---- report_build.c: periods, axes, tables ------------------------------------------------ */

struct span span_of_month(uint32_t month);
struct span span_of_year(uint32_t year);
/* The same days one year earlier; the end of a month stays one. */
struct span span_before(struct span span);
/* Cut at today; from 0 if nothing is left. */
struct span span_until(struct span span, uint32_t today);
/* The year and the n - 1 before it, up to today. */
struct span span_of_years(const struct builder *b, uint32_t last, uint32_t n);
bool span_is_year(struct span span);
bool span_is_month(struct span span);
/* 令和6年4月, 令和6年度, 2024-04-01〜2024-04-15. */
const char *span_text(struct builder *b, struct span span);

/* The codes of a field that the service has, those that were counted, and "" for
 * not given where that was. `only_counted`: none that nobody counted. */
struct axis axis_of(struct builder *b, const char *field, bool only_counted,
                    const struct question *const *answers, size_t n);
/* Topics of a service, services where the report is of all. */
const char *axis_main(const struct builder *b);
const char *axis_label(struct builder *b, const char *field, const char *key);
/* "Topic", of card work "Purpose". */
const char *axis_heading(struct builder *b, const char *field);

/* A new table with room for so many rows and columns, cells absent; never NULL:
 * a table that is thrown away when there is no room. */
struct report_table *table_new(struct builder *b, const char *id, const char *measure,
                               struct span span, size_t rows, size_t columns);
void table_note(struct report_table *t, const char *note);
void table_set(struct report_table *t, size_t row, size_t column, int64_t value);
void table_put(struct report_table *t, size_t row, size_t column, struct report_cell cell);
void table_absent(struct report_table *t, size_t row, size_t column);
/* Another definition than the measure's; marked by N_(). */
void table_define(struct builder *b, struct report_table *t, const char *definition);
struct report_head *table_row(struct builder *b, struct report_table *t, const char *label);
struct report_head *table_column(struct builder *b, struct report_table *t, const char *label);
/* Rows or columns for the members of an axis. */
void table_rows(struct builder *b, struct report_table *t, const struct axis *axis);
void table_columns(struct builder *b, struct report_table *t, const struct axis *axis);
void head_key(struct report_head *h, const char *field, const char *key);

/* Rows `member of the axis x measure`: count, the year before, and the comparison. */
void build_summary(struct builder *b, struct span span, struct span sofar);
void build_breakdown(struct builder *b, const char *field, struct span span);
void build_outcomes(struct builder *b, struct span span);
/* The three comparisons of two numbers into three columns. */
void table_compare(struct report_table *t, size_t row, size_t column, int64_t now, int64_t before);
void table_compare_columns(struct builder *b, struct report_table *t);
/* "Year before", "Month a year before" ...: what the period is compared with. */
const char *label_before(struct span span);
void note_before(struct builder *b, struct report_table *t, struct span span);
/* R5 (2023), FY2023. */
const char *year_label(struct builder *b, uint32_t year);
/* A row for a fiscal year, up to today: its days, and in `key` how answers name it. */
struct span table_year(struct builder *b, struct report_table *t, uint32_t year, char key[16]);

/* ---- one file each ------------------------------------------------------------------------ */

void build_monthly(struct builder *b);
void build_yearly(struct builder *b);
void build_five_years(struct builder *b);
void build_survey(struct builder *b);

#endif
