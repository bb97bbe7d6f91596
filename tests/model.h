/* A plain model of counting: entries as lists of words, every number worked out
 * anew from all of them.  What the store keeps in tables, corrected and rolled
 * up, must come to the same.
 *
 * The model knows logs, contacts, outcomes, tallies and sessions, corrections
 * and voids of all of them, and says which of these must be refused. */
#ifndef MADOGUCHI_TESTS_MODEL_H
#define MADOGUCHI_TESTS_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define MODEL_MOST 20000
#define MODEL_TEXT 48

enum model_kind { MODEL_LOG, MODEL_CONTACT, MODEL_OUTCOME, MODEL_TALLY, MODEL_HOLD };

/* Fields by their names in madoguchi.proto. */
enum model_field {
    MODEL_DATE,
    MODEL_SERVICE,
    MODEL_TOPIC, /* "a;b" */
    MODEL_CHANNEL,
    MODEL_NATURE,
    MODEL_PROGRAM,
    MODEL_ORIGIN,
    MODEL_ROUTE,
    MODEL_OUTCOME_CODE,
    MODEL_PERSONS,
    MODEL_COUNT,
    MODEL_SESSION, /* a number */
    MODEL_SESSION_KIND,
    MODEL_FIELDS,
};
extern const char *const model_field_names[MODEL_FIELDS];

struct model_entry {
    enum model_kind kind;
    uint64_t seq;
    long owner; /* the log of a contact or outcome; -1 */
    char number[24];
    char value[MODEL_FIELDS][MODEL_TEXT]; /* "" where not given */
    bool voided;
};

struct model_correction {
    uint64_t seq;
    size_t target;
    bool has[MODEL_FIELDS];
    char value[MODEL_FIELDS][MODEL_TEXT];
    bool voided;
};

struct model {
    struct model_entry *entry;
    size_t n;
    struct model_correction *correction;
    size_t n_correction;
};

void model_init(struct model *m);
void model_free(struct model *m);

/* A new entry with nothing given yet. */
struct model_entry *model_add(struct model *m, enum model_kind kind);

/* The entry with its live corrections. */
void model_effective(const struct model *m, size_t i, struct model_entry *out);
/* The live or void session of that number; -1. */
long model_session(const struct model *m, const char *number);

/* Whether these must be accepted. */
bool model_may_void(const struct model *m, size_t i);
bool model_may_void_correction(const struct model *m, size_t c);
bool model_may_correct(const struct model *m, const struct model_correction *c);

/* Voids a case with all its entries. */
void model_void_all(struct model *m, size_t i);

/* A count (contacts, consultations, cases, active, topics, outcomes, persons,
 * sessions, programs) of the fiscal year 2024 by fields ("month,topic"; NULL:
 * none), with one field equal to a word (or NULL), in the form kit_ask() gives. */
void model_ask(const struct model *m, const char *count, const char *by, const char *field,
               const char *word, FILE *out);

#endif
