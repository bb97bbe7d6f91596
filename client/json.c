#include "client/output_formats.h"

#include <stdlib.h>

struct json {
    FILE *file;
    const struct column *columns;
    size_t n;
    bool any;
};

void output_json_string(FILE *file, const char *text) {
    putc('"', file);
    for (const unsigned char *p = (const unsigned char *)text; *p != '\0'; p++) {
        if (*p == '"' || *p == '\\') {
            putc('\\', file);
            putc(*p, file);
        } else if (*p < 0x20) {
            fprintf(file, "\\u%04x", *p);
        } else {
            putc(*p, file);
        }
    }
    putc('"', file);
}

static void *json_begin(const struct output_options *options, const struct column *columns,
                        size_t n) {
    struct json *json = calloc(1, sizeof *json);
    if (json == NULL) {
        return NULL;
    }
    *json = (struct json){.file = options->file, .columns = columns, .n = n};
    putc('[', json->file);
    return json;
}

static void json_row(void *state, const char *const *cells) {
    struct json *json = state;
    fputs(json->any ? ",\n " : "\n ", json->file);
    json->any = true;
    putc('{', json->file);
    for (size_t i = 0; i < json->n; i++) {
        fputs(i > 0 ? ", " : "", json->file);
        output_json_string(json->file, json->columns[i].name);
        fputs(": ", json->file);
        if (cells[i] == NULL) {
            fputs("null", json->file);
        } else if (json->columns[i].kind != COLUMN_TEXT && output_is_number(cells[i])) {
            fputs(cells[i], json->file);
        } else {
            output_json_string(json->file, cells[i]);
        }
    }
    putc('}', json->file);
}

static void json_end(void *state) {
    struct json *json = state;
    fputs(json->any ? "\n]\n" : "]\n", json->file);
    free(json);
}

const struct output_writer output_json = {json_begin, json_row, json_end};
