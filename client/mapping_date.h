/* Dates as sheets have them: whole ones of the western calendar or of an era, and
 * parts of them whose rest stands elsewhere in the sheet. */
#ifndef MADOGUCHI_CLIENT_MAPPING_DATE_H
#define MADOGUCHI_CLIENT_MAPPING_DATE_H

#include "proto/calendar.h"

#include <stdbool.h>

struct mapping_dates {
    bool has_in;
    struct period in; /* where a date without a year, or without a month, lies */
    unsigned day;     /* of what is known by its month only; 0: such a date is refused */
    char era;         /* letter of the era of years such as 6; 'w': 20xx; 0: refused */
};

/* A cell: 2024/4/1, 2024-04-01 9:30, 令和6年4月1日(月), R6.4.1, 45383 (a spreadsheet's own
 * number), 6.4.1 (by era), 4/1, 4月1日, 1, 1日 (by `in`), 4月 (by `day`).  ERR_INVALID: what
 * is missing and where to write it. */
int mapping_date(const struct mapping_dates *dates, const char *cell, uint32_t *date,
                 struct error *e) MUST_CHECK;

/* The same of cells for year (or ""), month and day. */
int mapping_date_of_parts(const struct mapping_dates *dates, const char *year, const char *month,
                          const char *day, uint32_t *date, struct error *e) MUST_CHECK;

/* The month or fiscal year that a text names: 令和6年4月分 相談受付簿, ■５月, 2024年度;
 * a month without a year lies in `in`.  A month beats a year.  False: none. */
bool mapping_find_period(const struct mapping_dates *dates, const char *text, struct period *out);

/* The month that a heading is, and nothing else: 4月, ４月分, R6.4, 2024年4月; of a month
 * without a year only *month is set, *year is 0. */
bool mapping_month_heading(const char *text, uint32_t *year, uint32_t *month);

/* The period that is this month, in `in` when year is 0.  ERR_INVALID. */
int mapping_month(const struct mapping_dates *dates, uint32_t year, uint32_t month,
                  struct period *out, struct error *e) MUST_CHECK;

#endif
