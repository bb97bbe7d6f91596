#include "client/mapping_total.h"

#include "client/mapping_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEVERAL UINT32_MAX

void mapping_total_init(struct mapping_total *t) {
    *t = (struct mapping_total){.lines = 0};
}

void mapping_total_free(struct mapping_total *t) {
    free(t->month);
    free(t->sheet);
}

static void compare(struct mapping_total *t, unsigned row, size_t at, uint64_t sheet,
                    uint64_t counted) {
    t->compared++;
    if (sheet == counted) {
        return;
    }
    if (t->n_difference < MAPPING_DIFFERENCES) {
        t->difference[t->n_difference] =
            (struct mapping_difference){row, (unsigned)at + 1, sheet, counted};
    }
    t->n_difference++;
}

/* Room for one more of so many, zeroed; NULL without memory. */
static void *one_more(struct mapping_total *t, void *list, size_t n, size_t *size, size_t each) {
    if (n < *size) {
        return list;
    }
    size_t more = *size > 0 ? 2 * *size : 64;
    void *grown = realloc(list, more * each);
    if (grown == NULL) {
        t->failed = true;
        return NULL;
    }
    memset((char *)grown + n * each, 0, (more - n) * each);
    *size = more;
    return grown;
}

/* Makes it the last one, and a new one if need be; false without memory. */
static bool find_month(struct mapping_total *t, uint32_t month, const char *service) {
    for (size_t i = 0; i < t->n_month; i++) {
        if (t->month[i].month == month && strcmp(t->month[i].service, service) == 0) {
            t->last = i;
            return true;
        }
    }
    struct mapping_month *grown =
        one_more(t, t->month, t->n_month, &t->size_month, sizeof *t->month);
    if (grown == NULL) {
        return false;
    }
    t->month = grown;
    t->last = t->n_month++;
    t->month[t->last].month = month;
    snprintf(t->month[t->last].service, sizeof t->month[0].service, "%s", service);
    return true;
}

void mapping_total_count(struct mapping_total *t, uint32_t month, const char *service,
                         uint64_t count) {
    bool again = t->n_month > 0 && t->month[t->last].month == month &&
                 strcmp(t->month[t->last].service, service) == 0;
    if (!again && !find_month(t, month, service)) {
        return;
    }
    t->month[t->last].count += count;
}

static struct mapping_sheet_month *sheet_month(struct mapping_total *t, uint32_t month) {
    for (size_t i = 0; i < t->n_sheet; i++) {
        if (t->sheet[i].month == month) {
            return &t->sheet[i];
        }
    }
    struct mapping_sheet_month *grown =
        one_more(t, t->sheet, t->n_sheet, &t->size_sheet, sizeof *t->sheet);
    if (grown == NULL) {
        return NULL;
    }
    t->sheet = grown;
    t->sheet[t->n_sheet].month = month;
    return &t->sheet[t->n_sheet++];
}

static void add_sheet(struct mapping_total *t, uint32_t month, bool sub, uint64_t number) {
    struct mapping_sheet_month *m =
        month == 0 || month == SEVERAL || t->mixed ? NULL : sheet_month(t, month);
    if (m == NULL) {
        return;
    }
    if (sub) {
        m->has_subtotal = true;
        m->subtotal += number;
    } else {
        m->has_total = true;
        m->total = number;
    }
}

bool mapping_total_of_month(const struct mapping_total *t, uint32_t month, uint64_t *out) {
    for (size_t i = 0; i < t->n_sheet; i++) {
        const struct mapping_sheet_month *m = &t->sheet[i];
        if (m->month == month) {
            *out = m->has_total ? m->total : m->subtotal;
            return true;
        }
    }
    return false;
}

/* ---- lines -------------------------------------------------------------------------------- */

static uint32_t one_month(uint32_t before, uint32_t month) {
    return before == 0 || before == month ? month : SEVERAL;
}

void mapping_total_line(struct mapping_total *t, unsigned row, const char *const *cells, size_t n,
                        uint32_t month) {
    uint64_t counts = 0;
    t->lines++;
    t->lines_since++;
    t->lines_all++;
    t->month_since = one_month(t->month_since, month);
    t->month_all = one_month(t->month_all, month);
    for (size_t i = 0; i < n; i++) {
        struct mapping_total_column *c = &t->column[i];
        uint32_t number;
        if (c->adds == MAPPING_ADDS_NOT || cells[i][0] == '\0' ||
            mapping_number(cells[i], &number) <= 0) {
            continue;
        }
        c->numeric = true;
        c->since += number;
        c->all += number;
        counts += c->adds == MAPPING_ADDS_COUNT ? number : 0;
    }
    for (size_t i = 0; i < n; i++) {
        uint32_t number;
        if (t->column[i].adds == MAPPING_ADDS_LINE && mapping_number(cells[i], &number) > 0) {
            compare(t, row, i, number, counts);
        }
    }
}

/* The total's number of a column without numbers is one of lines: 計 12件. */
static void compare_cell(struct mapping_total *t, unsigned row, size_t i, uint32_t number,
                         bool sub) {
    const struct mapping_total_column *c = &t->column[i];
    if (c->numeric || c->adds == MAPPING_ADDS || c->adds == MAPPING_ADDS_COUNT) {
        compare(t, row, i, number, sub ? c->since : c->all);
    } else {
        compare(t, row, i, number, sub ? t->lines_since : t->lines_all);
    }
}

void mapping_total_row(struct mapping_total *t, unsigned row, const char *const *cells, size_t n,
                       bool sub) {
    uint64_t counts = 0;
    bool has_counts = false;
    bool of_lines = false;
    uint32_t lines = 0;
    for (size_t i = 0; i < n; i++) {
        const struct mapping_total_column *c = &t->column[i];
        uint32_t number;
        if (cells[i][0] == '\0' || mapping_number(cells[i], &number) <= 0) {
            continue;
        }
        compare_cell(t, row, i, number, sub);
        if (c->adds == MAPPING_ADDS_COUNT) {
            has_counts = true;
            counts += number;
            add_sheet(t, c->month, sub, number);
        } else if (!c->numeric && c->adds < MAPPING_ADDS) {
            of_lines = true;
            lines = number;
        }
    }
    t->totals++;
    if (has_counts || of_lines) {
        uint64_t number = has_counts ? counts : lines;
        add_sheet(t, sub ? t->month_since : t->month_all, sub, number);
        if (!sub && !t->mixed) {
            t->has_all = true;
            t->all = number;
        }
    }
    t->lines_since = 0;
    t->month_since = 0;
    for (size_t i = 0; i < IMPORT_CELLS_MAX; i++) {
        t->column[i].since = 0;
    }
}
