#include "client/output_formats.h"

#include <stdlib.h>
#include <string.h>

struct csv {
    struct output_options options;
    const struct column *columns;
    size_t n;
};

static bool needs_quotes(const char *text) {
    size_t len = strlen(text);
    return strpbrk(text, ",\"\r\n") != NULL ||
           (len > 0 && (text[0] == ' ' || text[len - 1] == ' '));
}

static void write_cell(const struct csv *csv, const char *text, bool guard) {
    FILE *file = csv->options.file;
    /* A spreadsheet would take such a cell for a formula. */
    const char *prefix = guard && text[0] != '\0' && strchr("=+-@", text[0]) != NULL ? "'" : "";
    if (!needs_quotes(text)) {
        fputs(prefix, file);
        fputs(text, file);
        return;
    }
    putc('"', file);
    fputs(prefix, file);
    for (const char *p = text; *p != '\0'; p++) {
        if (*p == '"') {
            putc('"', file);
        }
        putc(*p, file);
    }
    putc('"', file);
}

static void end_line(const struct csv *csv) {
    fputs(csv->options.excel ? "\r\n" : "\n", csv->options.file);
}

static void *csv_begin(const struct output_options *options, const struct column *columns,
                       size_t n) {
    struct csv *csv = calloc(1, sizeof *csv);
    if (csv == NULL) {
        return NULL;
    }
    *csv = (struct csv){.options = *options, .columns = columns, .n = n};
    if (options->excel) {
        fputs("\xef\xbb\xbf", options->file);
    }
    for (size_t i = 0; i < n; i++) {
        fputs(i > 0 ? "," : "", options->file);
        write_cell(csv, columns[i].name, false);
    }
    end_line(csv);
    return csv;
}

static void csv_row(void *state, const char *const *cells) {
    struct csv *csv = state;
    for (size_t i = 0; i < csv->n; i++) {
        fputs(i > 0 ? "," : "", csv->options.file);
        if (cells[i] != NULL) {
            bool number = csv->columns[i].kind != COLUMN_TEXT && output_is_number(cells[i]);
            write_cell(csv, cells[i], csv->options.excel && !number);
        }
    }
    end_line(csv);
}

static void csv_end(void *state) {
    free(state);
}

const struct output_writer output_csv = {csv_begin, csv_row, csv_end};
