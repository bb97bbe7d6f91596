/* A report for the terminal. */
#include "client/output.h"
#include "client/report_table.h"
#include "client/words.h"

static void print_head(const struct report_document *d, const struct report_table *t, FILE *file) {
    fprintf(file, "%s  %s\n", d->title, t->title);
    fprintf(file, "%s: %s (%s)\n", _("Municipality"), d->name, d->municipality);
    fprintf(file, "%s: %s\n", _("Period"), t->period);
    fprintf(file, "%s: %s\n", _("Definition"), t->definition);
    fprintf(file, "%s: %s\n", _("Tabulated as of"), d->as_of_text);
    fprintf(file, "%s: %s\n\n", _("Unit"), t->unit);
}

/* Columns from..from+count. */
static int print_part(const struct report_table *t, size_t from, size_t count, FILE *file) {
    struct column columns[OUTPUT_COLUMNS_MAX];
    const char *cells[OUTPUT_COLUMNS_MAX];
    const struct output_options options = {.format = OUTPUT_TEXT, .file = file};
    struct arena a;
    size_t n = 0;
    for (; n < t->n_corner; n++) {
        columns[n] = (struct column){"", t->corner[n], COLUMN_TEXT, 0};
    }
    for (size_t i = from; i < from + count; i++) {
        columns[n++] = (struct column){"", t->column[i].label[0], COLUMN_PLAIN, 0};
    }
    struct output *o = output_open(&options, columns, n);
    if (o == NULL) {
        return -1;
    }
    arena_init(&a, 1u << 20);
    bool exhausted = false;
    for (size_t row = 0; row < t->n_row; row++) {
        arena_reset(&a);
        for (size_t i = 0; i < t->n_corner; i++) {
            cells[i] = t->row[row].label[i] != NULL ? t->row[row].label[i] : "";
        }
        for (size_t i = 0; i < count; i++) {
            cells[t->n_corner + i] = report_cell_text(t, row, from + i, &a);
        }
        output_row(o, cells);
        exhausted = exhausted || a.exhausted;
    }
    arena_free(&a);
    return output_close(o) == 0 && !exhausted ? 0 : -1;
}

/* A wider table than a line has columns for goes on below. */
static int print_table(const struct report_table *t, FILE *file) {
    size_t most = OUTPUT_COLUMNS_MAX - t->n_corner;
    for (size_t from = 0; from < t->n_column; from += most) {
        size_t left = t->n_column - from;
        fputs(from > 0 ? "\n" : "", file);
        if (print_part(t, from, left < most ? left : most, file) < 0) {
            return -1;
        }
    }
    return 0;
}

int report_text(const struct report_document *d, FILE *file, struct error *e) {
    for (size_t i = 0; i < d->n_table; i++) {
        const struct report_table *t = &d->table[i];
        print_head(d, t, file);
        if (print_table(t, file) < 0) {
            return error_set(e, ERR_INTERNAL, "", SAY("The report could not be written."));
        }
        for (size_t k = 0; k < t->n_note; k++) {
            fprintf(file, "%s: %s\n", _("Note"), t->note[k]);
        }
        fputs(i + 1 < d->n_table ? "\n\n" : "", file);
    }
    if (fflush(file) != 0 || ferror(file)) {
        return error_set(e, ERR_INTERNAL, "", SAY("The report could not be written."));
    }
    return 0;
}
