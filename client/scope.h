/* Which entries a question is about, from the words of the command line. */
#ifndef MADOGUCHI_CLIENT_SCOPE_H
#define MADOGUCHI_CLIENT_SCOPE_H

#include "client/client.h"

/* Options of list and stats; put them into an option table. */
#define SCOPE_FROM                                                                 \
    {                                                                              \
        "from", N_("PERIOD"), NULL,                                                \
            N_("first month, day or year: 2024-04, 2024-04-15, FY2024, R6"), false \
    }
#define SCOPE_TO \
    { "to", N_("PERIOD"), NULL, N_("last one"), false }
#define SCOPE_AS_OF \
    { "as-of", N_("DATE"), NULL, N_("only what happened on or before this day"), false }
#define SCOPE_KNOWN_AT                                                                           \
    {                                                                                            \
        "known-at", N_("TIME"), NULL, N_("as recorded by then: 2024-05-01 or 2024-05-01T17:15"), \
            false                                                                                \
    }

/* Fills a scope from the options and from the words FIELD=VALUE[,VALUE...] and
 * FIELD!=VALUE; everything lives in the client's arena. */
int scope_parse(struct client *c, const struct arguments *a, Madoguchi__Scope *scope,
                struct error *e) MUST_CHECK;

/* The exit code for its error: a word that is no filter is a usage error, a
 * value that cannot be a refusal. */
int scope_exit(const struct error *e);

/* One filter word. */
int scope_filter(struct arena *arena, const char *word, Madoguchi__Filter *filter,
                 struct error *e) MUST_CHECK;

/* A time by which something was known: a date (its end), or a date and HH:MM
 * or HH:MM:SS in Japan's time, "T" or a space between them; Z or +09:00 may
 * follow.  Milliseconds since 1970 UTC. */
int scope_known_at(const char *text, uint64_t *out, struct error *e) MUST_CHECK;

/* A month, 2024-04 or R6.4: YYYYMM. */
int scope_month(const char *text, uint32_t *month, struct error *e) MUST_CHECK;

/* A fiscal year, FY2023 or R5; a range of whole years where `to` is not NULL. */
int scope_year(const char *text, uint32_t *from, uint32_t *to, struct error *e) MUST_CHECK;

#endif
