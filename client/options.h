/* The words of a command line: options by table, the rest in order.
 *
 * Options may stand anywhere: `--name value` or `--name=value`; `--` ends
 * them.  A single dash begins no option but -h (--help) and -o (--output), so that a
 * negative number is a word.
 * An unknown option is an error that names the nearest one. */
#ifndef MADOGUCHI_CLIENT_OPTIONS_H
#define MADOGUCHI_CLIENT_OPTIONS_H

#include "proto/arena.h"
#include "proto/error.h"

#include <stdbool.h>

#define OPTIONS_MAX 48 /* of one command, the global ones included */
#define WORDS_MAX   64

struct option {
    const char *name;  /* without dashes; NULL ends a table */
    const char *value; /* what stands for the value in help: "DATE"; NULL: takes none */
    const char *field; /* field of the request it fills, or NULL */
    const char *help;  /* marked by N_() */
    bool many;         /* may be given several times; values joined by ';' */
};

struct arguments {
    size_t n;
    const char *word[WORDS_MAX]; /* what is not an option, in order */
    size_t n_given;
    const struct option *option[OPTIONS_MAX];
    const char *value[OPTIONS_MAX]; /* "" for an option without a value */
};

/* Reads argv by one or two tables (NULL: none).  With *used the reading stops
 * at the first word, and *used tells how many of argv were read.  Joined values
 * live in the arena.  ERR_INVALID: what is wrong, the nearest option. */
int options_parse(int argc, char **argv, const struct option *table, const struct option *more,
                  struct arena *arena, struct arguments *out, int *used,
                  struct error *e) MUST_CHECK;

/* The value of an option, or NULL when it was not given. */
const char *options_get(const struct arguments *arguments, const char *name);
bool options_has(const struct arguments *arguments, const char *name);

/* Fills the fields of a message from the options that name one. */
int options_fill(const struct arguments *arguments, ProtobufCMessage *message, struct arena *arena,
                 struct error *e) MUST_CHECK;

#endif
