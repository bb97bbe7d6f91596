#include "client/import_dry_run.h"

#include "client/labels.h"

#include <inttypes.h>
#include <stdlib.h>

struct group {
    uint32_t month;
    uint32_t service;
    size_t rows;
};

static int by_month(const void *a, const void *b) {
    const struct group *x = a;
    const struct group *y = b;
    if (x->month != y->month) {
        return x->month < y->month ? -1 : 1;
    }
    return (x->service > y->service) - (x->service < y->service);
}

/* Counts the new rows by month and service: sorts them, then adds up. */
static size_t count_groups(const struct import *import, struct group *groups) {
    size_t n = 0;
    for (size_t i = 0; i < import->n_items; i++) {
        const struct import_item *item = &import->items[i];
        if (item->state == IMPORT_NEW) {
            groups[n++] = (struct group){item->date / 100, item->service, 1};
        }
    }
    qsort(groups, n, sizeof *groups, by_month);
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        if (kept > 0 && by_month(&groups[kept - 1], &groups[i]) == 0) {
            groups[kept - 1].rows++;
        } else {
            groups[kept++] = groups[i];
        }
    }
    return kept;
}

static int print_rows(struct client *c, const struct import *import) {
    const struct column columns[] = {
        {"month", labels_field("month"), COLUMN_TEXT, 0},
        {"service", labels_field("service"), COLUMN_TEXT, 0},
        {"rows", _("Rows"), COLUMN_NUMBER, 0},
    };
    struct group *groups = malloc((import->n_items + 1) * sizeof *groups);
    struct output *o = output_open(&c->output, columns, 3);
    if (groups == NULL || o == NULL) {
        free(groups);
        return client_no_memory();
    }
    size_t n = count_groups(import, groups);
    for (size_t i = 0; i < n; i++) {
        char month[16];
        char rows[24];
        snprintf(month, sizeof month, "%04u-%02u", groups[i].month / 100, groups[i].month % 100);
        snprintf(rows, sizeof rows, "%zu", groups[i].rows);
        const char *service = groups[i].service > 0 ? import->services[groups[i].service] : NULL;
        const char *const cells[] = {groups[i].month > 0 ? month : NULL,
                                     labels_of(c, "service", service, &c->arena), rows};
        output_row(o, cells);
    }
    free(groups);
    return client_close(o, EXIT_DONE);
}

/* ---- beside the sheet's own totals --------------------------------------------------------------
 */

/* How many new rows there are in a month for a service. */
static size_t new_rows(const struct import *import, const struct group *groups, size_t n,
                       const struct mapping_month *m) {
    for (size_t i = 0; i < n; i++) {
        if (groups[i].month == m->month &&
            strcmp(import->services[groups[i].service], m->service) == 0) {
            return groups[i].rows;
        }
    }
    return 0;
}

static int by_month_of_sheet(const void *a, const void *b) {
    const struct mapping_month *x = a;
    const struct mapping_month *y = b;
    if (x->month != y->month) {
        return x->month < y->month ? -1 : 1;
    }
    return strcmp(x->service, y->service);
}

/* Whether the month has one service only, whose number the sheet's is. */
static bool alone(const struct mapping_month *months, size_t n, size_t i) {
    return (i == 0 || months[i - 1].month != months[i].month) &&
           (i + 1 == n || months[i + 1].month != months[i].month);
}

static void print_line(struct output *o, const char *month, const char *service, size_t rows,
                       uint64_t count, const uint64_t *sheet) {
    char text[4][24];
    snprintf(text[0], sizeof text[0], "%zu", rows);
    snprintf(text[1], sizeof text[1], "%" PRIu64, count);
    if (sheet != NULL) {
        snprintf(text[2], sizeof text[2], "%" PRIu64, *sheet);
        snprintf(text[3], sizeof text[3], "%" PRId64, (int64_t)count - (int64_t)*sheet);
    }
    output_row(o, (const char *const[]){month, service, text[0], text[1],
                                        sheet != NULL ? text[2] : NULL,
                                        sheet != NULL ? text[3] : NULL});
}

static void print_months(struct client *c, struct output *o, const struct import *import,
                         const struct group *groups, size_t n_groups, struct mapping_month *months,
                         size_t n) {
    const struct mapping_total *t = mapping_sheet_total(import->sheet);
    size_t rows = 0;
    uint64_t count = 0;
    qsort(months, n, sizeof *months, by_month_of_sheet);
    for (size_t i = 0; i < n; i++) {
        char month[16];
        uint64_t sheet;
        bool has = alone(months, n, i) && mapping_total_of_month(t, months[i].month, &sheet);
        size_t added = new_rows(import, groups, n_groups, &months[i]);
        snprintf(month, sizeof month, "%04u-%02u", months[i].month / 100, months[i].month % 100);
        const char *service = months[i].service[0] != '\0' ? months[i].service : NULL;
        print_line(o, months[i].month > 0 ? month : NULL,
                   labels_of(c, "service", service, &c->arena), added, months[i].count,
                   has ? &sheet : NULL);
        rows += added;
        count += months[i].count;
    }
    print_line(o, "total", NULL, rows, count, t->has_all ? &t->all : NULL);
}

/* What was left out, what was compared, and where it differs. */
static void say_totals(const struct import *import) {
    const struct mapping_total *t = mapping_sheet_total(import->sheet);
    size_t n = t->n_difference < MAPPING_DIFFERENCES ? t->n_difference : MAPPING_DIFFERENCES;
    client_note(_("%zu lines of the sheet are taken; left out: %zu totals, %zu blank, %zu to skip, "
                  "%zu above the rows or naming a month."),
                t->lines, t->totals, t->blanks, t->skipped, t->above);
    for (size_t i = 0; i < n; i++) {
        const struct mapping_difference *d = &t->difference[i];
        client_note(
            _("row %u, column %s: the sheet's total is %" PRIu64 ", its lines make %" PRIu64 "."),
            d->row, mapping_sheet_heading(import->sheet, d->place), d->sheet, d->counted);
    }
    if (t->n_difference > n) {
        client_note(_("and %zu more"), t->n_difference - n);
    }
    if (t->compared == 0) {
        client_note(_("The sheet has no totals to compare with."));
    } else if (t->n_difference == 0) {
        client_note(_("The totals of the sheet agree: %zu compared."), t->compared);
    } else {
        client_note(_("%zu of %zu totals of the sheet differ."), t->n_difference, t->compared);
    }
}

static int print_sheet(struct client *c, const struct import *import) {
    const struct mapping_total *t = mapping_sheet_total(import->sheet);
    const struct column columns[] = {
        {"month", labels_field("month"), COLUMN_TEXT, 0},
        {"service", labels_field("service"), COLUMN_TEXT, 0},
        {"rows", _("New rows"), COLUMN_NUMBER, 0},
        {"count", labels_field("count"), COLUMN_NUMBER, 0},
        {"sheet", _("Sheet's total"), COLUMN_NUMBER, 0},
        {"difference", _("Differs by"), COLUMN_NUMBER, 0},
    };
    struct group *groups = malloc((import->n_items + 1) * sizeof *groups);
    struct mapping_month *months = malloc((t->n_month + 1) * sizeof *months);
    struct output *o = output_open(&c->output, columns, 6);
    if (groups == NULL || months == NULL || o == NULL) {
        free(groups);
        free(months);
        return client_no_memory();
    }
    if (t->n_month > 0) {
        memcpy(months, t->month, t->n_month * sizeof *months);
    }
    print_months(c, o, import, groups, count_groups(import, groups), months, t->n_month);
    free(groups);
    free(months);
    int exit_code = client_close(o, EXIT_DONE);
    if (exit_code == EXIT_DONE) {
        say_totals(import);
    }
    return exit_code;
}

int import_dry_run(struct client *c, const struct import *import) {
    return import->sheet != NULL ? print_sheet(c, import) : print_rows(c, import);
}
