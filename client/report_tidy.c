/* The tidy form of a report, as CSV and JSON: one line a number. */
#include "client/report_tidy.h"

#include "client/words.h"
#include "proto/calendar.h"

#include <inttypes.h>

const struct column report_tidy_columns[TIDY_COUNT] = {
    [TIDY_REPORT] = {"report", "", COLUMN_TEXT, 0},
    [TIDY_TABLE] = {"table", "", COLUMN_TEXT, 0},
    [TIDY_MUNICIPALITY] = {"municipality", "", COLUMN_TEXT, 0},
    [TIDY_NAME] = {"name", "", COLUMN_TEXT, 0},
    [TIDY_FROM] = {"from", "", COLUMN_TEXT, 0},
    [TIDY_TO] = {"to", "", COLUMN_TEXT, 0},
    [TIDY_FIELDS + FIELD_SERVICE] = {"service", "", COLUMN_TEXT, 0},
    [TIDY_FIELDS + FIELD_TOPIC] = {"topic", "", COLUMN_TEXT, 0},
    [TIDY_FIELDS + FIELD_CHANNEL] = {"channel", "", COLUMN_TEXT, 0},
    [TIDY_FIELDS + FIELD_OUTCOME] = {"outcome", "", COLUMN_TEXT, 0},
    [TIDY_FIELDS + FIELD_AGE] = {"age", "", COLUMN_TEXT, 0},
    [TIDY_FIELDS + FIELD_ORIGIN] = {"origin", "", COLUMN_TEXT, 0},
    [TIDY_FIELDS + FIELD_HOUR] = {"hour", "", COLUMN_TEXT, 0},
    [TIDY_FIELDS + FIELD_PART] = {"part", "", COLUMN_TEXT, 0},
    [TIDY_MEASURE] = {"measure", "", COLUMN_TEXT, 0},
    [TIDY_STATISTIC] = {"statistic", "", COLUMN_TEXT, 0},
    [TIDY_VALUE] = {"value", "", COLUMN_NUMBER, 0},
    [TIDY_UNIT] = {"unit", "", COLUMN_TEXT, 0},
    [TIDY_AS_OF] = {"as_of", "", COLUMN_TEXT, 0},
    [TIDY_POSITION] = {"position", "", COLUMN_PLAIN, 0},
    [TIDY_DEFINITION] = {"definition", "", COLUMN_TEXT, 0},
};

static const char *date_text(struct arena *a, uint32_t date) {
    char text[16];
    calendar_format_date(date, text);
    return arena_strndup(a, text, strlen(text));
}

static void fill(const struct report_document *d, const struct report_table *t, size_t row,
                 size_t column, struct arena *a, const char *cells[TIDY_COUNT]) {
    struct span span = report_cell_span(t, row, column);
    enum report_statistic statistic = report_cell_statistic(t, row, column);
    const char *measure = report_cell_measure(t, row, column);
    cells[TIDY_REPORT] = d->kind;
    cells[TIDY_TABLE] = t->id;
    cells[TIDY_MUNICIPALITY] = d->municipality;
    cells[TIDY_NAME] = d->name;
    cells[TIDY_FROM] = date_text(a, span.from);
    cells[TIDY_TO] = date_text(a, span.to);
    for (int f = 0; f < FIELD_COUNT; f++) {
        cells[TIDY_FIELDS + f] = report_cell_key(t, row, column, (enum report_field)f);
    }
    cells[TIDY_MEASURE] = measure;
    cells[TIDY_STATISTIC] = report_statistic_word(statistic);
    cells[TIDY_VALUE] = report_cell_number(t, row, column, a);
    cells[TIDY_UNIT] = report_unit_word(measure, statistic);
    cells[TIDY_AS_OF] = d->as_of;
    cells[TIDY_POSITION] = arena_printf(a, "%" PRIu64, d->position);
    cells[TIDY_DEFINITION] = t->definition_en;
}

int report_tidy(const struct report_document *d, report_tidy_row row, void *ctx, struct error *e) {
    struct arena a;
    const char *cells[TIDY_COUNT];
    bool exhausted = false;
    arena_init(&a, 1u << 20);
    for (size_t i = 0; i < d->n_table; i++) {
        const struct report_table *t = &d->table[i];
        for (size_t n = 0; n < t->n_row * t->n_column && !exhausted; n++) {
            if (t->cell[n].state == CELL_VOID) {
                continue;
            }
            arena_reset(&a);
            fill(d, t, n / t->n_column, n % t->n_column, &a, cells);
            exhausted = a.exhausted;
            row(ctx, cells);
        }
    }
    arena_free(&a);
    return exhausted ? error_set(e, ERR_INTERNAL, "", SAY("Out of memory.")) : 0;
}

static void print_row(void *ctx, const char *const *cells) {
    output_row(ctx, cells);
}

static int print(const struct report_document *d, const struct output_options *options,
                 struct error *e) {
    struct output *o = output_open(options, report_tidy_columns, TIDY_COUNT);
    if (o == NULL) {
        return error_set(e, ERR_INTERNAL, "", SAY("Out of memory."));
    }
    int rc = report_tidy(d, print_row, o, e);
    if (output_close(o) < 0 && rc == 0) {
        rc = error_set(e, ERR_INTERNAL, "", SAY("The report could not be written."));
    }
    return rc;
}

int report_csv(const struct report_document *d, bool excel, FILE *file, struct error *e) {
    const struct output_options options = {.format = OUTPUT_CSV, .excel = excel, .file = file};
    return print(d, &options, e);
}

int report_json(const struct report_document *d, FILE *file, struct error *e) {
    const struct output_options options = {.format = OUTPUT_JSON, .file = file};
    return print(d, &options, e);
}
