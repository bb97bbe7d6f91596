/* Facts: what one entry adds to the counts.
 *
 * facts_of() is the only place that decides what counts (counting rule 1).
 * The ledger of facts is never updated: what is corrected is taken back by a
 * row with negative numbers and counted again by a new one. */
#ifndef MADOGUCHI_STORE_FACTS_H
#define MADOGUCHI_STORE_FACTS_H

#include "proto/catalogue.h"
#include "store/entry.pb-c.h"
#include "store/fold.pb-c.h"
#include "store/table.h"

/* Number of the rule facts_of() follows. */
#define COUNTING_RULE 1

enum fact_kind {
    FACT_CONTACT = 1, /* first and later contacts, tallies */
    FACT_OUTCOME = 2,
    FACT_SESSION = 3, /* a held session */
    FACT_REFERRAL = 4,
    FACT_REFUSAL = 5,
};
const char *fact_kind_name(enum fact_kind kind);

/* What facts can be grouped and filtered by. */
enum dimension {
    DIMENSION_SERVICE,
    DIMENSION_PROGRAM,
    DIMENSION_OFFICE,
    DIMENSION_CHANNEL,
    DIMENSION_NATURE,
    DIMENSION_TOPIC, /* the main one, except when topics are counted */
    DIMENSION_OUTCOME,
    DIMENSION_ROUTE,
    DIMENSION_ORIGIN,
    DIMENSION_AGE,
    DIMENSION_SESSION_KIND,
    DIMENSION_FORM,
    DIMENSION_VENUE,
    DIMENSION_VENUE_KIND,
    DIMENSION_REASON,
    DIMENSION_TARGET,
    DIMENSION_COUNT,
};
const char *dimension_name(enum dimension d);
/* -1 when there is no dimension of that name. */
int dimension_find(ProtobufCBinaryData name);

struct fact {
    enum fact_kind kind;
    uint32_t date;
    ProtobufCBinaryData service;
    Fold__Fact value;
};

/* The value of a dimension; len 0 when unknown. */
ProtobufCBinaryData fact_dimension(const struct fact *fact, enum dimension d);

struct facts_input {
    const Journal__Entry *entry;       /* with its live corrections */
    const Fold__Case *kase;            /* of an entry that belongs to a case */
    const Fold__Session *session;      /* that the entry names, or is about */
    const struct catalogue *catalogue; /* in force at the entry's seq */
};

/* No entry counts more than this many facts. */
#define FACTS_MAX 2

/* Fills out[] with the facts of a live entry and returns how many.  The facts
 * share the bytes of the input. */
size_t facts_of(const struct facts_input *in, struct fact out[FACTS_MAX]);

/* Key of a ledger row caused by entry `seq`. */
void fact_key(struct key *k, const struct fact *fact, uint64_t seq, unsigned i);
/* Key from which all rows of a month start. */
void fact_month_key(struct key *k, uint32_t month);

/* Kind, date, service and cause out of a ledger row's key. */
bool fact_from_key(const MDB_val *key, struct fact *fact, uint64_t *seq);

/* Makes the row that takes `fact` back. */
void fact_negate(struct fact *fact);

#endif
