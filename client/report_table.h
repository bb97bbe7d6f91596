/* The one model behind all forms of a report: tables of counts and percentages.
 *
 * Text, CSV, JSON and xlsx are written from it and from nothing else; it holds
 * words in the reader's language beside the codes that CSV and JSON have. */
#ifndef MADOGUCHI_CLIENT_REPORT_TABLE_H
#define MADOGUCHI_CLIENT_REPORT_TABLE_H

#include "client/report.h"
#include "proto/arena.h"

#include <stdio.h>

/* What a number may be broken down by. */
enum report_field {
    FIELD_SERVICE,
    FIELD_TOPIC,
    FIELD_CHANNEL,
    FIELD_OUTCOME,
    FIELD_AGE,
    FIELD_ORIGIN,
    FIELD_HOUR,
    FIELD_PART, /* of the survey: window or event */
    FIELD_COUNT,
};

/* As stats names it. */
const char *report_field_word(enum report_field field);

struct span {
    uint32_t from, to; /* dates, inclusive; from 0: not given */
};

/* What a cell holds: what was counted, or how it compares with the year before. */
enum report_statistic {
    STATISTIC_NONE, /* as the other heading says */
    STATISTIC_VALUE,
    STATISTIC_DIFFERENCE, /* 増減数 */
    STATISTIC_RATIO,      /* 前年度比, percent */
    STATISTIC_RATE,       /* 増減率, percent */
};

enum report_state {
    CELL_VOID,      /* no cell: where the same number stands in another one */
    CELL_ABSENT,    /* not there yet: blank, never 0 */
    CELL_UNDEFINED, /* cannot be: a ratio to nothing */
    CELL_VALUE,
};

struct report_cell {
    enum report_state state;
    int64_t value; /* a percentage in tenths */
};

/* Of a row or a column.  What it does not say, the column or the table says. */
struct report_head {
    const char *label[2];         /* in the reader's language; the second of rows by two fields */
    const char *key[FIELD_COUNT]; /* code, "" for not given; NULL: all together */
    struct span span;
    const char *measure; /* as stats names it, or NULL */
    enum report_statistic statistic;
    bool total;
};

#define REPORT_NOTES_MAX 8

struct report_chart {
    const char *title; /* NULL: none */
    bool stacked;
    size_t row, rows;       /* what it shows: categories */
    size_t column, columns; /* and series */
};

struct report_table {
    const char *id;    /* "topic-channel": of CSV and JSON */
    const char *title; /* 分野別・受付方法別 */
    const char *period;
    const char *definition, *definition_en; /* what is counted, and by which rule */
    const char *unit;
    const char *measure;
    struct span span;
    const char *service;   /* code; NULL: all */
    const char *corner[2]; /* over the labels of the rows */
    size_t n_corner;       /* 1 or 2 */
    size_t n_row, n_column;
    size_t room_row, room_column; /* while it is made */
    struct report_head *row, *column;
    struct report_cell *cell; /* row by row */
    size_t n_note;
    const char *note[REPORT_NOTES_MAX];
    struct report_chart chart;
};

/* The whole report in one language. */
struct report_document {
    const char *kind;  /* "monthly" */
    const char *title; /* 月報 */
    const char *municipality, *name;
    const char *as_of;      /* 2024-05-10T09:12:33+09:00 */
    const char *as_of_text; /* as people read it */
    uint64_t position;
    size_t n_table;
    const struct report_table *table;
};

const struct report_cell *report_cell(const struct report_table *t, size_t row, size_t column);

/* What the cell says of itself: row before column before table. */
enum report_statistic report_cell_statistic(const struct report_table *t, size_t row,
                                            size_t column);
const char *report_cell_measure(const struct report_table *t, size_t row, size_t column);
struct span report_cell_span(const struct report_table *t, size_t row, size_t column);
/* The code; "TOTAL" for all together, "UNKNOWN" where nothing was given. */
const char *report_cell_key(const struct report_table *t, size_t row, size_t column,
                            enum report_field field);

/* "value", "difference", "ratio", "rate"; whether it is a percentage. */
const char *report_statistic_word(enum report_statistic statistic);
bool report_is_percent(enum report_statistic statistic);

/* What is counted in: "cases", "households", "persons", "sessions", "percent" for
 * programs; 件, 世帯 ... for people. */
const char *report_unit_word(const char *measure, enum report_statistic statistic);
const char *report_unit_label(const char *measure);

/* A cell as the office prints it: 1,234; △12; 89.7; － for nothing counted and for
 * what cannot be; "" where there is nothing to say.  As programs read it: 1234; -12;
 * 89.7; 0; NULL for the two last.  NULL also when out of memory. */
const char *report_cell_text(const struct report_table *t, size_t row, size_t column,
                             struct arena *arena);
const char *report_cell_number(const struct report_table *t, size_t row, size_t column,
                               struct arena *arena);

/* 増減数, 前年度比 and 増減率 of two counts: exact, percentages rounded half away from
 * zero to one decimal (四捨五入), undefined where the year before counts nothing. */
struct report_cell report_compare(enum report_statistic statistic, int64_t now, int64_t before);

/* What the printed sheet of a table, counted from 1, is called in a workbook. */
#define REPORT_SHEET_NAME 128
void report_sheet_name(size_t number, const char *title, char out[REPORT_SHEET_NAME]);

/* ---- one file each ------------------------------------------------------------------ */

int report_text(const struct report_document *d, FILE *file, struct error *e) MUST_CHECK;
int report_csv(const struct report_document *d, bool excel, FILE *file, struct error *e) MUST_CHECK;
int report_json(const struct report_document *d, FILE *file, struct error *e) MUST_CHECK;
int report_page(const struct report_document *d, FILE *file, struct error *e) MUST_CHECK;
int report_xlsx(const struct report_document *d, FILE *file, struct error *e) MUST_CHECK;

#endif
