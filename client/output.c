#include "client/output.h"

#include "client/output_formats.h"

#include <stdlib.h>

struct output {
    const struct output_writer *writer;
    struct output_options options;
    const struct column *columns;
    size_t n;
    void *state; /* NULL until the first row: what is refused prints no headings */
    bool failed;
};

struct output *output_open(const struct output_options *options, const struct column *columns,
                           size_t n) {
    static const struct output_writer *const writers[] = {
        [OUTPUT_TEXT] = &output_table,
        [OUTPUT_CSV] = &output_csv,
        [OUTPUT_JSON] = &output_json,
    };
    struct output *o = n <= OUTPUT_COLUMNS_MAX ? calloc(1, sizeof *o) : NULL;
    if (o != NULL) {
        *o = (struct output){
            .writer = writers[options->format], .options = *options, .columns = columns, .n = n};
    }
    return o;
}

static bool begin(struct output *o) {
    if (o->state == NULL && !o->failed) {
        o->state = o->writer->begin(&o->options, o->columns, o->n);
        o->failed = o->state == NULL;
    }
    return o->state != NULL;
}

void output_row(struct output *o, const char *const *cells) {
    if (begin(o)) {
        o->writer->row(o->state, cells);
    }
}

int output_close(struct output *o) {
    if (begin(o)) {
        o->writer->end(o->state);
    }
    FILE *file = o->options.file;
    int result = !o->failed && fflush(file) == 0 && !ferror(file) ? 0 : -1;
    free(o);
    return result;
}

void output_abandon(struct output *o) {
    if (o->state != NULL) {
        o->writer->end(o->state);
    }
    fflush(o->options.file);
    free(o);
}

bool output_is_number(const char *p) {
    p += *p == '-';
    if (*p < '0' || *p > '9' || (p[0] == '0' && p[1] >= '0' && p[1] <= '9')) {
        return false;
    }
    while (*p >= '0' && *p <= '9') {
        p++;
    }
    if (*p == '.') {
        p++;
        if (*p < '0' || *p > '9') {
            return false;
        }
        while (*p >= '0' && *p <= '9') {
            p++;
        }
    }
    return *p == '\0';
}
