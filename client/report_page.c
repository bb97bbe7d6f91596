/* A report for a page: its tables as people read them, with the bare numbers beside. */
#include "client/output_formats.h"
#include "client/report_table.h"
#include "client/words.h"

static void field(FILE *file, const char *before, const char *name, const char *text) {
    fprintf(file, "%s\"%s\":", before, name);
    if (text != NULL) {
        output_json_string(file, text);
    } else {
        fputs("null", file);
    }
}

static void element(FILE *file, size_t i, const char *text) {
    fputs(i > 0 ? "," : "", file);
    output_json_string(file, text != NULL ? text : "");
}

static void columns(const struct report_table *t, FILE *file) {
    fputs(",\"corner\":[", file);
    for (size_t i = 0; i < t->n_corner; i++) {
        element(file, i, t->corner[i]);
    }
    fputs("],\"columns\":[", file);
    for (size_t i = 0; i < t->n_column; i++) {
        field(file, i > 0 ? ",{" : "{", "label", t->column[i].label[0]);
        fprintf(file, ",\"total\":%s}", t->column[i].total ? "true" : "false");
    }
    fputs("]", file);
}

static bool row(const struct report_table *t, size_t at, FILE *file) {
    struct arena a;
    arena_init(&a, 1u << 20);
    fputs(at > 0 ? ",{\"label\":[" : "{\"label\":[", file);
    for (size_t i = 0; i < t->n_corner; i++) {
        element(file, i, t->row[at].label[i]);
    }
    fprintf(file, "],\"total\":%s,\"cells\":[", t->row[at].total ? "true" : "false");
    for (size_t i = 0; i < t->n_column; i++) {
        element(file, i, report_cell_text(t, at, i, &a));
    }
    fputs("],\"values\":[", file);
    for (size_t i = 0; i < t->n_column; i++) {
        const char *number = report_cell_number(t, at, i, &a);
        fprintf(file, "%s%s", i > 0 ? "," : "", number != NULL ? number : "null");
    }
    fputs("]}", file);
    bool whole = !a.exhausted;
    arena_free(&a);
    return whole;
}

static void chart(const struct report_table *t, FILE *file) {
    const struct report_chart *c = &t->chart;
    if (c->title != NULL) {
        field(file, ",\"chart\":{", "title", c->title);
        fprintf(file, ",\"stacked\":%s,\"row\":%zu,\"rows\":%zu,\"column\":%zu,\"columns\":%zu}",
                c->stacked ? "true" : "false", c->row, c->rows, c->column, c->columns);
    }
}

static bool table(const struct report_table *t, FILE *file) {
    bool whole = true;
    field(file, "{", "id", t->id);
    field(file, ",", "title", t->title);
    field(file, ",", "period", t->period);
    field(file, ",", "definition", t->definition);
    field(file, ",", "unit", t->unit);
    columns(t, file);
    fputs(",\"rows\":[", file);
    for (size_t i = 0; i < t->n_row; i++) {
        whole = row(t, i, file) && whole;
    }
    fputs("],\"notes\":[", file);
    for (size_t i = 0; i < t->n_note; i++) {
        element(file, i, t->note[i]);
    }
    fputs("]", file);
    chart(t, file);
    fputs("}", file);
    return whole;
}

int report_page(const struct report_document *d, FILE *file, struct error *e) {
    bool whole = true;
    field(file, "{", "report", d->kind);
    field(file, ",", "title", d->title);
    field(file, ",", "municipality", d->municipality);
    field(file, ",", "name", d->name);
    field(file, ",", "as_of", d->as_of_text);
    fprintf(file, ",\"position\":%llu,\"tables\":[", (unsigned long long)d->position);
    for (size_t i = 0; i < d->n_table; i++) {
        fputs(i > 0 ? "," : "", file);
        whole = table(&d->table[i], file) && whole;
    }
    fputs("]}", file);
    return whole && fflush(file) == 0 && !ferror(file)
               ? 0
               : error_set(e, ERR_INTERNAL, "", SAY("The report could not be written."));
}
