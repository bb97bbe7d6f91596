/* A report driven as a front end drives it: its questions sent over a connection of
 * its own to the kit's daemon, its forms read back as tables of text. */
#ifndef MADOGUCHI_TESTS_KIT_REPORT_H
#define MADOGUCHI_TESTS_KIT_REPORT_H

#include "client/report.h"
#include "tests/kit_store.h"

/* Midday of a date in Japan, ms. */
uint64_t kit_noon(uint32_t date);

/* What a municipality with a migration and a card counter logs in FY2023 and FY2024; the
 * tests' numbers are of it. */
void kit_report_fill(struct kit *k);

/* Asks everything; `between` (or NULL) is called after the first answer. */
void kit_report_ask(struct kit *k, struct report *r, void (*between)(struct kit *k));
/* A report asked for, to be freed; now is 2025-06-15. */
struct report *kit_report(struct kit *k, enum report_kind kind, const char *service, uint32_t month,
                          uint32_t year);
/* The catalogue of the daemon, to be freed. */
struct catalogue *kit_report_catalogue(struct kit *k);
/* Rendered into memory, to be freed. */
char *kit_report_render(struct report *r, const struct report_style *style, size_t *len);

/* CSV cut into cells, which live in the arena; "" where a row ends early. */
struct kit_csv {
    size_t rows, columns;
    const char **cell;
};
struct kit_csv kit_csv_read(struct arena *a, const char *text);
const char *kit_csv_cell(const struct kit_csv *csv, size_t row, size_t column);
/* The column of that name in the first row. */
size_t kit_csv_column(const struct kit_csv *csv, const char *name);

#endif
