/* The tidy form of a report, row by row: what CSV, JSON and the second part of an
 * xlsx are written from. */
#ifndef MADOGUCHI_CLIENT_REPORT_TIDY_H
#define MADOGUCHI_CLIENT_REPORT_TIDY_H

#include "client/output.h"
#include "client/report_table.h"

/* Its columns, in their order; madoguchi(1) describes them.  New ones come at the end. */
enum {
    TIDY_REPORT,
    TIDY_TABLE,
    TIDY_MUNICIPALITY,
    TIDY_NAME,
    TIDY_FROM,
    TIDY_TO,
    TIDY_FIELDS,
    TIDY_MEASURE = TIDY_FIELDS + FIELD_COUNT,
    TIDY_STATISTIC,
    TIDY_VALUE,
    TIDY_UNIT,
    TIDY_AS_OF,
    TIDY_POSITION,
    TIDY_DEFINITION,
    TIDY_COUNT,
};

extern const struct column report_tidy_columns[TIDY_COUNT];

/* Calls `row` for every cell of every table that is one; a cell without a value has NULL.  The
 * cells live during the call. */
typedef void (*report_tidy_row)(void *ctx, const char *const *cells);
int report_tidy(const struct report_document *d, report_tidy_row row, void *ctx,
                struct error *e) MUST_CHECK;

#endif
