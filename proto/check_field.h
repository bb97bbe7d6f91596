/* Rules for the fields of a message, as a table, and what applies them.
 * For the check_*.c files only. */
#ifndef MADOGUCHI_PROTO_CHECK_FIELD_H
#define MADOGUCHI_PROTO_CHECK_FIELD_H

#include "proto/check.h"
#include "proto/message.h"

#include <stdint.h>

enum check_shape {
    CHECK_TEXT,     /* UTF-8 of at most max bytes */
    CHECK_WORD,     /* a code or id */
    CHECK_NAME,     /* number of a case or session: [A-Za-z0-9-], 1..32 */
    CHECK_REFERRED, /* a number, or in an imported row the source's own id */
    CHECK_FIELD,    /* name of a field: [a-z_], 1..32 */
    CHECK_DATE,     /* that exists */
    CHECK_TIME,     /* HHMM */
    CHECK_YEAR,     /* FY */
    CHECK_PERIOD,   /* that can be read */
    CHECK_NUMBER,   /* at most max */
    CHECK_CHOICE,   /* an enum: 1..max */
    CHECK_ANY,      /* flags, positions, and what its caller looks at himself */
};

struct check_rule {
    const char *field;
    enum check_shape shape;
    uint32_t max;     /* bytes, or the largest number */
    uint32_t allowed; /* bits of the kinds that take it; 0: all */
    uint32_t needed;  /* bits of the kinds that need it */
    uint32_t repeats; /* values of a repeated field */
};

struct check_table {
    const struct check_rule *rules; /* in the order of the field's numbers */
    size_t n;
    const char *const *kinds; /* names of the kinds by bit, for errors */
};

#define CHECK_TABLE(rules_, kinds_) \
    { .rules = (rules_), .n = sizeof(rules_) / sizeof(rules_)[0], .kinds = (kinds_) }

#define CHECK_NAME_BYTES 200 /* of a terminal, a venue, a source's id */

/* Short forms of a rule: may be given, must be given, may be given often. */
#define CHECK_MAY(field_, how) \
    { .field = (field_), .shape = (how) }
#define CHECK_MUST(field_, how) \
    { .field = (field_), .shape = (how), .needed = CHECK_ALL }
#define CHECK_MANY(field_, max_) \
    { .field = (field_), .shape = CHECK_ANY, .repeats = (max_) }
#define CHECK_MAY_TEXT(field_, max_) \
    { .field = (field_), .shape = CHECK_TEXT, .max = (max_) }
#define CHECK_MUST_TEXT(field_, max_) \
    { .field = (field_), .shape = CHECK_TEXT, .max = (max_), .needed = CHECK_ALL }

#define CHECK_BIT(kind) (1U << (kind))
#define CHECK_ALL       UINT32_MAX

/* Applies a table to a message that stands for `kind` (0 where there is but
 * one); in_row says whether it comes with an imported row.  A given field
 * without a rule is refused, so that a new one cannot slip through. */
int check_fields(const struct check_table *table, const ProtobufCMessage *message, unsigned kind,
                 bool in_row, struct error *e) MUST_CHECK;

/* A typed text: text_check() and the guard. */
int check_text(ProtobufCBinaryData text, size_t max_bytes, const char *field,
               struct error *e) MUST_CHECK;

/* A code or id: [a-z0-9-], 1..32. */
int check_word(ProtobufCBinaryData word, const char *field, struct error *e) MUST_CHECK;

/* One of a list that ends with NULL; the error names the nearest. */
int check_one_of(ProtobufCBinaryData word, const char *const *list, const char *field,
                 struct error *e) MUST_CHECK;

/* Value of a filter: a code or @group, a day for the field day, any text for
 * the field venue, empty for "not given". */
int check_filter_value(const char *field, ProtobufCBinaryData value, struct error *e) MUST_CHECK;

/* Nothing but spaces, or nothing at all. */
bool check_is_blank(ProtobufCBinaryData text);

/* Missing, though needed by `what` (English and Japanese alike: a word). */
int check_missing(const char *field, const char *what, struct error *e);

/* Exactly one of two ways to name a case, session or entry is given. */
int check_one_of_two(bool first, bool second, const char *what, struct error *e) MUST_CHECK;

#endif
