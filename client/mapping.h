/* A mapping: how the lines of a counter's own sheet become rows of an import.
 *
 * A YAML file says which column of the sheet is which of ours, which word of the
 * sheet is which code, and where the rest of a date stands; madoguchi-import(5)
 * describes it.  Once read it does not change; mapping_sheet applies it. */
#ifndef MADOGUCHI_CLIENT_MAPPING_H
#define MADOGUCHI_CLIENT_MAPPING_H

#include "client/import_file.h"
#include "client/import_index.h"
#include "client/import_row.h"
#include "client/mapping_date.h"

#define MAPPING_ROWS_MAX   8    /* rows of a line with a field of their own, the first included */
#define MAPPING_VALUES_MAX 4096 /* words of a column */

/* Behind the columns of an import: what a date is put together from. */
enum { MAPPING_YEAR = IMPORT_COLUMNS, MAPPING_MONTH, MAPPING_DAY, MAPPING_FIELDS };

/* Values for some columns of an import; NULL: none. */
struct mapping_set {
    const char *value[IMPORT_COLUMNS];
};

/* 20..29 = 20s */
struct mapping_range {
    uint32_t from, to;
    const char *code;
};

enum mapping_use {
    MAPPING_FIELD, /* the cell is the value of a field */
    MAPPING_COUNT, /* the cell is a count: a row of its own, with what is set */
    MAPPING_MARK,  /* a cell that is not blank sets something */
    MAPPING_TOTAL, /* a total of the line, to compare with */
};

struct mapping_column {
    const char *heading; /* as written; NULL: by its place */
    const char *key;     /* the heading folded */
    unsigned place;      /* 1 for A; 0: by its heading */
    enum mapping_use use;
    unsigned field;    /* of MAPPING_FIELD: a column of an import, or MAPPING_YEAR ... */
    unsigned row;      /* which row of the line it goes to */
    bool above;        /* a blank cell means the one above */
    const char *split; /* what stands between several values of a cell, or NULL */
    struct mapping_set set;
    uint32_t year, month;       /* of a count; month 0: the line's date; year 0: by dates.in */
    struct import_index *words; /* folded word to the place of its code in `code`, from 1 */
    const char **code;
    unsigned n_code;
    struct mapping_range *range;
    unsigned n_range;
    const char *otherwise; /* * = other; or NULL */
};

struct mapping {
    struct arena arena;
    unsigned header; /* row of the headings; 0: to be found */
    struct mapping_set constants;
    struct mapping_dates dates;
    bool by_heading;               /* lines that name a month, between the rows */
    unsigned cell_row, cell_place; /* the cell that names a period; 0: none */
    bool months;                   /* columns that are headed by a month are counts */
    struct mapping_column *column;
    size_t n_column;
    const char *row_kind[MAPPING_ROWS_MAX]; /* of the rows of a line after the first */
    const char *row_name[MAPPING_ROWS_MAX];
    unsigned n_row;                           /* at least 1 */
    const char **totals, **subtotals, **skip; /* folded words */
    size_t n_totals, n_subtotals, n_skip;
};

/* Reads a mapping from len bytes of YAML; file_name is only named in errors.  With a
 * catalogue (or NULL) its codes are looked up.  ERR_INVALID, ERR_UNKNOWN_CODE: FILE:LINE
 * and what was expected.  *out is to be given to mapping_free() in either case. */
int mapping_read(const char *text, size_t len, const char *file_name,
                 const struct catalogue *catalogue, struct mapping *out,
                 struct error *e) MUST_CHECK;
void mapping_free(struct mapping *m);

/* The code that a word of a column stands for; "" for nothing, NULL when the mapping
 * does not say.  `folded` as mapping_fold() makes it. */
const char *mapping_code(const struct mapping_column *column, const char *folded);

/* The names of the fields that a column may have: those of an import, year, month, day. */
extern const char *const mapping_fields[MAPPING_FIELDS];

#endif
