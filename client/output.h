/* Tables for people and programs.
 *
 * One set of columns, written as a text table (aligned also where characters
 * are two columns wide), as CSV or as JSON.  CSV: UTF-8, LF, no BOM, quoted
 * only where needed, numbers bare, unset empty.  JSON: one array of objects
 * with the names of the CSV's columns, numbers bare, null for unset.  Neither
 * depends on the language. */
#ifndef MADOGUCHI_CLIENT_OUTPUT_H
#define MADOGUCHI_CLIENT_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum output_format { OUTPUT_TEXT, OUTPUT_CSV, OUTPUT_JSON };

enum column_kind {
    COLUMN_TEXT,
    COLUMN_NUMBER, /* to the right, 1,207,069 in a text table */
    COLUMN_PLAIN,  /* a number without commas: a year, a seq */
};

struct column {
    const char *name;    /* of the CSV and JSON */
    const char *heading; /* of the text table, in the reader's language */
    enum column_kind kind;
    int most; /* columns at most in a text table; 0: as wide as needed */
};

#define OUTPUT_COLUMNS_MAX 48

struct output;

struct output_options {
    enum output_format format;
    bool excel; /* CSV with BOM, CRLF, and ' before text that begins with = + - @ */
    FILE *file;
};

/* Begins a table; nothing is printed before the first row or the end.  The
 * columns must outlive it.  NULL when out of memory. */
struct output *output_open(const struct output_options *options, const struct column *columns,
                           size_t n);

/* One row of n cells; NULL is unset.  The texts are copied where needed. */
void output_row(struct output *o, const char *const *cells);

/* Ends the table and frees it.  -1 when something could not be written. */
int output_close(struct output *o);

/* Ends a table that an error cut short: rows that came are printed, a table
 * without any leaves no trace. */
void output_abandon(struct output *o);

/* Whether a text is a number as JSON writes it: -12, 36.3. */
bool output_is_number(const char *text);

#endif
