/* A sheet going through its mapping: from the lines of the counter's own table to
 * rows with the columns of an import, one line after the other. */
#ifndef MADOGUCHI_CLIENT_MAPPING_SHEET_H
#define MADOGUCHI_CLIENT_MAPPING_SHEET_H

#include "client/mapping.h"
#include "client/mapping_total.h"

struct mapping_sheet;

/* Told of the columns, once, and then of each row: its cells in that order, good
 * during the call, and from `where` of the line they came (mapping_sheet_name()).
 * Non-zero stops. */
typedef int (*mapping_row_fn)(void *ctx, const char *const *cells, size_t n, unsigned where);

/* Told of a bad cell by the name of its column as the sheet has it. */
typedef void (*mapping_problem_fn)(void *ctx, const char *name, const struct error *e);

struct mapping_hears {
    mapping_row_fn columns, row;
    mapping_problem_fn problem;
    void *ctx;
};

/* The mapping must outlive it; NULL when out of memory.  The catalogue (or NULL) names
 * the codes nearest to an unknown word. */
struct mapping_sheet *mapping_sheet_new(const struct mapping *m, const struct catalogue *catalogue,
                                        const struct mapping_hears *hears);
void mapping_sheet_free(struct mapping_sheet *s);

/* Takes a line; `row` is 1 for the sheet's first.  Bad cells become problems; what one of
 * the functions returned, or -1 with *e where the sheet as a whole does not fit. */
int mapping_sheet_take(struct mapping_sheet *s, unsigned row, const char *const *cells, size_t n,
                       struct error *e) MUST_CHECK;

/* After the last line: ERR_INVALID if the headings were not found. */
int mapping_sheet_end(const struct mapping_sheet *s, struct error *e) MUST_CHECK;

/* How the sheet calls the column from which a field of a row came: its heading, its
 * letter where it has none, or the field itself if it came from the mapping. */
const char *mapping_sheet_name(const struct mapping_sheet *s, const char *field, unsigned where);

/* The heading of a place, 1 for A; its letter where it has none. */
const char *mapping_sheet_heading(const struct mapping_sheet *s, unsigned place);

const struct mapping_total *mapping_sheet_total(const struct mapping_sheet *s);

#endif
