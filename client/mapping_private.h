/* What the files of mapping_sheet share. */
#ifndef MADOGUCHI_CLIENT_MAPPING_PRIVATE_H
#define MADOGUCHI_CLIENT_MAPPING_PRIVATE_H

#include "client/mapping_sheet.h"

#define BOUND_MAX (2 * IMPORT_CELLS_MAX)
/* `where` of a further row. */
#define WHERE_ROW (BOUND_MAX + 1)

/* A column of the mapping, where the sheet has it. */
struct mapping_bound {
    const struct mapping_column *column;
    unsigned at; /* index of the cell */
    char *above; /* the last one that was not blank; malloc'ed */
    size_t above_size;
    char date[16]; /* of a month's column, or "" */
};

enum mapping_word {
    MAPPING_WORD_NONE,
    MAPPING_WORD_TOTAL,
    MAPPING_WORD_SUBTOTAL,
    MAPPING_WORD_SKIP
};

/* A text that was met, folded, and what it says of its line. */
struct mapping_met {
    const char *folded;
    uint8_t word; /* enum mapping_word */
};

struct mapping_sheet {
    const struct mapping *m;
    const struct catalogue *catalogue;
    struct mapping_hears hears;
    struct mapping_dates dates; /* `in` as it stands at the line at hand */
    struct arena arena;         /* headings */
    struct arena line;          /* of the line at hand */
    struct arena met_arena;
    bool begun;
    unsigned rows_seen;
    char cell_of_period[200]; /* the text of dates.cell, once read */
    size_t n_cells;
    const char *heading[IMPORT_CELLS_MAX]; /* its letter where there is none */
    struct mapping_bound bound[BOUND_MAX];
    size_t n_bound;
    struct mapping_column months[IMPORT_CELLS_MAX]; /* of headings that are months */
    size_t n_months, n_counts;
    bool has_count_field, has_parts;
    int place[IMPORT_COLUMNS]; /* in the rows that are made; -1: not there */
    const char *name[IMPORT_COLUMNS];
    size_t n_out;
    struct import_index *met_index; /* raw text to its place in met, from 1 */
    struct mapping_met *met;
    uint32_t n_met;
    struct import_index *date_index; /* the same of dates */
    const char **date;               /* as an import has them: 2024-04-01 */
    uint32_t n_date;
    struct import_index *told; /* words of a column that were told to be unknown */
    unsigned row;
    unsigned problems; /* of the line at hand */
    struct mapping_total total;
};

/* The headings: binds the mapping's columns to places.  -1 with *e. */
int mapping_bind(struct mapping_sheet *s, const char *const *cells, size_t n,
                 struct error *e) MUST_CHECK;
/* Whether a line has all headings of the mapping. */
bool mapping_binds(struct mapping_sheet *s, const char *const *cells, size_t n);
/* Whether the mapping names every column by its letter and no row of headings: the first
 * row is data. */
bool mapping_has_no_headings(const struct mapping *m);

/* The text folded, and what it says of its line; NULL without memory. */
const struct mapping_met *mapping_meet(struct mapping_sheet *s, const char *text);

/* A date by the sheet's rules, as an import has it, remembered; NULL with *e. */
const char *mapping_sheet_date(struct mapping_sheet *s, const char *cell, struct error *e);
void mapping_forget_dates(struct mapping_sheet *s);

/* The rows of a line of data. */
int mapping_line(struct mapping_sheet *s, const char *const *cells) MUST_CHECK;

void mapping_tell(struct mapping_sheet *s, const struct mapping_bound *b, const struct error *e);

#endif
