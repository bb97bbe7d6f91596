#include "client/output_formats.h"

#include "proto/text.h"

#include <stdlib.h>
#include <string.h>

/* So many rows are looked at before the widths are fixed; a longer table
 * streams on with them. */
#define LOOK_AHEAD 500

struct table {
    FILE *file;
    const struct column *columns;
    size_t n;
    char **cells; /* LOOK_AHEAD rows of n, NULL for unset */
    size_t rows;
    int *width;
    bool fixed;
};

/* 1207069 as 1,207,069; what is not a plain number stays as it is. */
static char *grouped(const char *text) {
    size_t len = strlen(text);
    size_t sign = text[0] == '-';
    size_t whole = strcspn(text, ".") - sign;
    char *out = malloc(len + len / 3 + 2);
    if (out == NULL || !output_is_number(text)) {
        free(out);
        return strdup(text);
    }
    char *p = out;
    for (size_t i = 0; i < len; i++) {
        size_t digit = i - sign;
        if (i > sign && digit < whole && (whole - digit) % 3 == 0) {
            *p++ = ',';
        }
        *p++ = text[i];
    }
    *p = '\0';
    return out;
}

/* Cuts a text to so many columns, ".." included. */
static void cut(char *text, int most) {
    if (text_width(text) <= most) {
        return;
    }
    size_t at = 0;
    int width = 0;
    while (text[at] != '\0') {
        uint32_t code_point;
        size_t n = text_decode((const uint8_t *)text + at, strlen(text + at), &code_point);
        n = n > 0 ? n : 1;
        char one[8] = "";
        memcpy(one, text + at, n);
        int w = text_width(one);
        if (width + w > most - 2) {
            break;
        }
        width += w;
        at += n;
    }
    if (strlen(text + at) >= 2) {
        memcpy(text + at, "..", sizeof "..");
    }
}

static char *cell_text(const struct column *column, const char *text) {
    if (text == NULL) {
        return NULL;
    }
    char *out = column->kind == COLUMN_NUMBER ? grouped(text) : strdup(text);
    if (out != NULL && column->most > 0) {
        cut(out, column->most);
    }
    return out;
}

/* Blanks are written only before something, so that no line ends with them. */
static void write_cell(const struct table *t, size_t i, const char *text, int *blanks) {
    int pad = t->width[i] - text_width(text);
    pad = pad > 0 ? pad : 0;
    bool right = t->columns[i].kind != COLUMN_TEXT;
    if (text[0] != '\0') {
        fprintf(t->file, "%*s%s", *blanks + (right ? pad : 0), "", text);
        *blanks = right ? 0 : pad;
    } else {
        *blanks += pad;
    }
    *blanks += 2;
}

static void write_row(const struct table *t, char *const *cells) {
    int blanks = 0;
    for (size_t i = 0; i < t->n; i++) {
        write_cell(t, i, cells[i] != NULL ? cells[i] : "", &blanks);
    }
    putc('\n', t->file);
}

static void write_headings(const struct table *t) {
    int blanks = 0;
    for (size_t i = 0; i < t->n; i++) {
        write_cell(t, i, t->columns[i].heading, &blanks);
    }
    putc('\n', t->file);
    for (size_t i = 0; i < t->n; i++) {
        fputs(i > 0 && t->columns[i].heading[0] != '\0' ? "  " : "", t->file);
        for (int k = 0; k < t->width[i] && t->columns[i].heading[0] != '\0'; k++) {
            putc('-', t->file);
        }
    }
    putc('\n', t->file);
}

static void fix_widths(struct table *t) {
    for (size_t i = 0; i < t->n; i++) {
        t->width[i] = text_width(t->columns[i].heading);
        for (size_t r = 0; r < t->rows; r++) {
            const char *cell = t->cells[r * t->n + i];
            int width = cell != NULL ? text_width(cell) : 0;
            t->width[i] = width > t->width[i] ? width : t->width[i];
        }
    }
    t->fixed = true;
    write_headings(t);
    for (size_t r = 0; r < t->rows; r++) {
        write_row(t, t->cells + r * t->n);
    }
    for (size_t i = 0; i < t->rows * t->n; i++) {
        free(t->cells[i]);
    }
    t->rows = 0;
}

static void *table_begin(const struct output_options *options, const struct column *columns,
                         size_t n) {
    struct table *t = calloc(1, sizeof *t);
    if (t == NULL) {
        return NULL;
    }
    *t = (struct table){.file = options->file, .columns = columns, .n = n};
    t->cells = calloc(LOOK_AHEAD * n + 1, sizeof *t->cells);
    t->width = calloc(n + 1, sizeof *t->width);
    if (t->cells == NULL || t->width == NULL) {
        free(t->cells);
        free(t->width);
        free(t);
        return NULL;
    }
    return t;
}

static void table_row(void *state, const char *const *cells) {
    struct table *t = state;
    if (!t->fixed && t->rows == LOOK_AHEAD) {
        fix_widths(t);
    }
    char **row = t->cells + t->rows * t->n;
    for (size_t i = 0; i < t->n; i++) {
        row[i] = cell_text(&t->columns[i], cells[i]);
    }
    if (!t->fixed) {
        t->rows++;
        return;
    }
    write_row(t, row);
    for (size_t i = 0; i < t->n; i++) {
        free(row[i]);
    }
}

static void table_end(void *state) {
    struct table *t = state;
    if (!t->fixed) {
        fix_widths(t);
    }
    free(t->cells);
    free(t->width);
    free(t);
}

const struct output_writer output_table = {table_begin, table_row, table_end};
