/* The totals that a sheet has itself, beside what is counted from its lines. */
#ifndef MADOGUCHI_CLIENT_MAPPING_TOTAL_H
#define MADOGUCHI_CLIENT_MAPPING_TOTAL_H

#include "client/import_file.h"

#define MAPPING_DIFFERENCES 50 /* that are kept */

/* What a column of the sheet is to the totals. */
enum mapping_adds {
    MAPPING_ADDS_MAYBE, /* not mapped: if it has numbers, they may be totalled */
    MAPPING_ADDS_NOT,   /* words, dates */
    MAPPING_ADDS,       /* a number, but no count: persons */
    MAPPING_ADDS_COUNT, /* a count */
    MAPPING_ADDS_LINE,  /* the total of its line */
};

struct mapping_total_column {
    uint8_t adds;        /* enum mapping_adds */
    bool numeric;        /* had a number */
    uint32_t month;      /* YYYYMM of a month's column; 0: of the line's date */
    uint64_t since, all; /* sums since the last total row, and of all */
};

/* What is counted in a month for a service, and what the sheet says. */
struct mapping_month {
    uint32_t month; /* YYYYMM */
    char service[40];
    uint64_t count;
};

struct mapping_sheet_month {
    uint32_t month;
    bool has_total, has_subtotal;
    uint64_t total, subtotal;
};

struct mapping_difference {
    unsigned row, place; /* of the sheet, place 1 for A */
    uint64_t sheet, counted;
};

struct mapping_total {
    struct mapping_total_column column[IMPORT_CELLS_MAX];
    uint64_t lines_since, lines_all;
    uint32_t month_since, month_all; /* YYYYMM of the lines; 0: none; UINT32_MAX: several */
    struct mapping_month *month;
    size_t n_month, size_month, last;
    struct mapping_sheet_month *sheet;
    size_t n_sheet, size_sheet;
    bool mixed; /* rows beside the lines' own: no total is of all of them */
    bool has_all;
    uint64_t all; /* the sheet's last total of everything, of counts */
    size_t compared, n_difference;
    struct mapping_difference difference[MAPPING_DIFFERENCES];
    size_t lines, totals, blanks, skipped, above; /* of the sheet */
    bool failed;                                  /* out of memory */
};

void mapping_total_init(struct mapping_total *t);
void mapping_total_free(struct mapping_total *t);

/* A line that was taken: its numbers.  month: YYYYMM of its date, 0 where its columns
 * have their own. */
void mapping_total_line(struct mapping_total *t, unsigned row, const char *const *cells, size_t n,
                        uint32_t month);

/* A total row: compared with the lines since the last one (sub), or with all. */
void mapping_total_row(struct mapping_total *t, unsigned row, const char *const *cells, size_t n,
                       bool sub);

/* A row that was made: so many counted in a month. */
void mapping_total_count(struct mapping_total *t, uint32_t month, const char *service,
                         uint64_t count);

/* What the sheet says of a month; false: nothing. */
bool mapping_total_of_month(const struct mapping_total *t, uint32_t month, uint64_t *out);

#endif
