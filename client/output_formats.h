/* The three writers behind output.h. */
#ifndef MADOGUCHI_CLIENT_OUTPUT_FORMATS_H
#define MADOGUCHI_CLIENT_OUTPUT_FORMATS_H

#include "client/output.h"

struct output_writer {
    /* NULL is returned when out of memory; the state is the writer's own. */
    void *(*begin)(const struct output_options *options, const struct column *columns, size_t n);
    void (*row)(void *state, const char *const *cells);
    void (*end)(void *state); /* frees the state */
};

extern const struct output_writer output_table;
extern const struct output_writer output_csv;
extern const struct output_writer output_json;

/* A text as a JSON string. */
void output_json_string(FILE *file, const char *text);

#endif
