/* Queries: counting facts by what they carry.
 *
 * Statistics are read from cells where a roll-up has every field that is asked
 * for, else from the ledger; lists and proofs always from the ledger.  Both
 * stand on the same facts, so a number and its list cannot disagree. */
#ifndef MADOGUCHI_STORE_QUERY_H
#define MADOGUCHI_STORE_QUERY_H

#include "store/cells.h"
#include "store/view.h"

enum count {
    COUNT_CONTACTS,
    COUNT_CONSULTATIONS,
    COUNT_CASES,
    COUNT_ACTIVE,
    COUNT_TOPICS,
    COUNT_OUTCOMES,
    COUNT_HOUSEHOLDS,
    COUNT_PERSONS,
    COUNT_SESSIONS,
    COUNT_ATTENDEES,
    COUNT_PROGRAMS,
    COUNT_REFERRALS,
    COUNT_REFUSALS,
};

/* -1 and ERR_INVALID with the nearest words when there is no such count. */
int count_find(ProtobufCBinaryData word, enum count *out, struct error *e) MUST_CHECK;
const char *count_word(enum count what);
/* The kind of fact a count looks at. */
enum fact_kind count_kind(enum count what);
/* The measure it sums, and the one of what was not given; -1: counts distinct
 * things, nothing can be unknown. */
int count_measure(enum count what);
int count_unknown(enum count what);

/* What a query can be grouped by besides the dimensions. */
enum {
    BY_YEAR = DIMENSION_COUNT,
    BY_MONTH,
    BY_DAY,
    BY_HOUR, /* where a time was given; from facts alone */
};

#define QUERY_FILTERS_MAX 26 /* 24 of the request and the scope of who asks */
#define QUERY_BY_MAX      6
#define QUERY_LAST_DATE   99991231
/* Groups of one answer. */
#define QUERY_GROUPS_MAX 500000

struct filter {
    int field; /* a dimension, or one of: */
    bool exclude;
    ProtobufCBinaryData *value; /* groups resolved */
    size_t n;
};
enum {
    FILTER_DAY = -1,    /* weekday, holiday */
    FILTER_STATUS = -2, /* of cases: open, closed, void; lists only */
};

struct query {
    enum count what;
    uint32_t from, to; /* dates, inclusive */
    uint64_t known;    /* rows caused by entries up to here; UINT64_MAX: all */
    size_t n_filter;
    struct filter filter[QUERY_FILTERS_MAX];
    size_t n_by;
    int by[QUERY_BY_MAX];
    const struct catalogue *catalogue; /* for holidays */
    bool from_facts;                   /* never cells */
};

/* Fills the period, known-at and filters from a scope.  Without a period: the
 * fiscal year of today, or everything with `all`. */
int query_scope(struct query *q, struct view *v, const Madoguchi__Scope *scope, uint64_t now,
                bool all, struct arena *a, struct error *e) MUST_CHECK;

/* Adds one filter; values may name groups. */
int query_filter(struct query *q, ProtobufCBinaryData field, bool exclude,
                 const ProtobufCBinaryData *values, size_t n, struct arena *a,
                 struct error *e) MUST_CHECK;
/* The same from text: "outcome=moved,settled", "channel!=post". */
int query_filter_text(struct query *q, ProtobufCBinaryData text, struct arena *a,
                      struct error *e) MUST_CHECK;

int query_by(struct query *q, ProtobufCBinaryData field, struct error *e) MUST_CHECK;

/* Seq of the last entry recorded at or before `time` (ms); 0 when none. */
int query_known_at(struct view *v, uint64_t time, uint64_t *seq, struct error *e) MUST_CHECK;

/* Seq of the last entry that a scope looks at, by its known-at and position;
 * UINT64_MAX: everything.  ERR_INVALID where the journal has not come so far. */
int query_known(struct view *v, const Madoguchi__Scope *scope, uint64_t *seq,
                struct error *e) MUST_CHECK;

/* One group: its keys as text in the order of by[], and its numbers. */
typedef int (*query_row)(void *ctx, const ProtobufCBinaryData *keys, int64_t count,
                         int64_t unknown);

/* Counts, group by group in the order of their keys; groups of zero are left
 * out. */
int query_count(struct view *v, const struct query *q, query_row row, void *ctx,
                struct error *e) MUST_CHECK;

/* The sum without groups. */
int query_total(struct view *v, const struct query *q, int64_t *count, int64_t *unknown,
                struct error *e) MUST_CHECK;

/* Where query_count() would read: "cells month service" or "facts". */
void query_explain(const struct query *q, char *out, size_t size);

/* Hands every ledger row that the query counts on, in key order; `measure` is
 * what the row adds. -1 from each stops. */
typedef int (*query_fact)(void *ctx, const struct fact *fact, uint64_t seq, int64_t measure);
int query_facts(struct view *v, const struct query *q, query_fact each, void *ctx,
                struct error *e) MUST_CHECK;

/* Whether the filters let a fact through (its period is not looked at). */
bool query_matches(const struct query *q, const struct fact *fact);

/* Whether a date may be counted by the day filter. */
bool query_day_matches(const struct query *q, uint32_t date);

#endif
