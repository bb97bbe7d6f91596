#include "client/options.h"

#include "client/words.h"
#include "proto/message.h"
#include "proto/text.h"

#include <stdio.h>

static const struct option *find(const struct option *table, const char *name, size_t len) {
    for (; table != NULL && table->name != NULL; table++) {
        if (strlen(table->name) == len && memcmp(table->name, name, len) == 0) {
            return table;
        }
    }
    return NULL;
}

static int unknown(const char *name, size_t len, const struct option *table,
                   const struct option *more, struct error *e) {
    char word[64];
    const char *names[2 * OPTIONS_MAX];
    size_t n = 0;
    for (; table != NULL && table->name != NULL && n < OPTIONS_MAX; table++) {
        names[n++] = table->name;
    }
    for (; more != NULL && more->name != NULL && n < 2 * OPTIONS_MAX; more++) {
        names[n++] = more->name;
    }
    snprintf(word, sizeof word, "%.*s", (int)len, name);
    error_set(e, ERR_INVALID, "", SAY("There is no option --%s here."), word);
    const char *nearest = text_nearest(word, names, n);
    if (nearest != NULL) {
        char option[64];
        snprintf(option, sizeof option, "--%.37s", nearest);
        error_near(e, option);
    }
    return -1;
}

static int take(struct arguments *out, const struct option *option, const char *value,
                struct arena *arena, struct error *e) {
    for (size_t i = 0; i < out->n_given; i++) {
        if (out->option[i] != option) {
            continue;
        }
        if (!option->many) {
            return error_set(e, ERR_INVALID, "", SAY("--%s is given twice."), option->name);
        }
        out->value[i] = arena_printf(arena, "%s;%s", out->value[i], value);
        return out->value[i] != NULL ? 0 : error_set(e, ERR_TOO_MUCH, "", SAY("Too many words."));
    }
    if (out->n_given == OPTIONS_MAX) {
        return error_set(e, ERR_INVALID, "", SAY("Too many options."));
    }
    out->option[out->n_given] = option;
    out->value[out->n_given++] = value;
    return 0;
}

/* One option; *i is left at the last argument it took. */
static int parse_option(int argc, char **argv, int *i, const struct option *table,
                        const struct option *more, struct arena *arena, struct arguments *out,
                        struct error *e) {
    const char *name = argv[*i] + 2;
    size_t len = strcspn(name, "=");
    const struct option *option = find(table, name, len);
    if (option == NULL) {
        option = find(more, name, len);
    }
    if (option == NULL) {
        return unknown(name, len, table, more, e);
    }
    if (option->value == NULL) {
        if (name[len] == '=') {
            return error_set(e, ERR_INVALID, "", SAY("--%s takes no value."), option->name);
        }
        return take(out, option, "", arena, e);
    }
    if (name[len] == '=') {
        return take(out, option, name + len + 1, arena, e);
    }
    if (*i + 1 >= argc) {
        return error_set(e, ERR_INVALID, "", SAY("--%s needs a value: --%s %s."), option->name,
                         option->name, option->value);
    }
    *i += 1;
    return take(out, option, argv[*i], arena, e);
}

/* The only two that are short: a single dash begins no other option. */
static char *long_of(char *arg) {
    static char help[] = "--help";
    static char output[] = "--output";
    return strcmp(arg, "-h") == 0 ? help : strcmp(arg, "-o") == 0 ? output : arg;
}

int options_parse(int argc, char **argv, const struct option *table, const struct option *more,
                  struct arena *arena, struct arguments *out, int *used, struct error *e) {
    bool only_words = false;
    int i = 0;
    for (; i < argc; i++) {
        const char *arg = argv[i] = only_words ? argv[i] : long_of(argv[i]);
        if (!only_words && strcmp(arg, "--") == 0) {
            only_words = true;
        } else if (!only_words && strncmp(arg, "--", 2) == 0) {
            if (parse_option(argc, argv, &i, table, more, arena, out, e) < 0) {
                return -1;
            }
        } else if (used != NULL) {
            break;
        } else if (out->n == WORDS_MAX) {
            return error_set(e, ERR_INVALID, "", SAY("Too many words."));
        } else {
            out->word[out->n++] = arg;
        }
    }
    if (used != NULL) {
        *used = i;
    }
    return 0;
}

const char *options_get(const struct arguments *arguments, const char *name) {
    for (size_t i = 0; i < arguments->n_given; i++) {
        if (strcmp(arguments->option[i]->name, name) == 0) {
            return arguments->value[i];
        }
    }
    return NULL;
}

bool options_has(const struct arguments *arguments, const char *name) {
    return options_get(arguments, name) != NULL;
}

int options_fill(const struct arguments *arguments, ProtobufCMessage *message, struct arena *arena,
                 struct error *e) {
    for (size_t i = 0; i < arguments->n_given; i++) {
        const struct option *option = arguments->option[i];
        if (option->field == NULL) {
            continue;
        }
        const char *value = option->value == NULL ? "yes" : arguments->value[i];
        if (message_set_text(message, option->field, value, arena, e) < 0) {
            return -1;
        }
    }
    return 0;
}
