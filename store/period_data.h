/* What is known of a period besides facts: figures from outside, the days
 * that are covered, and sessions that were not held.
 *
 * All of it as known at one entry of the journal: later entries, their
 * corrections and voidings are not there yet. */
#ifndef MADOGUCHI_STORE_PERIOD_DATA_H
#define MADOGUCHI_STORE_PERIOD_DATA_H

#include "proto/calendar.h"
#include "store/decimal.h"
#include "store/query.h"

/* Longest period that coverage is worked out for, in days. */
#define PERIOD_DAYS_MAX (110 * 366)

struct figure {
    uint64_t seq;
    uint32_t from, to; /* dates of its period */
    uint32_t as_of;    /* date */
    ProtobufCBinaryData series, period, value, source;
    bool number; /* the value is one: */
    struct fraction exact;
    unsigned decimals; /* it was printed with */
};

struct coverage_entry {
    uint64_t seq;
    uint32_t from, to;
    ProtobufCBinaryData service, program, session_kind; /* len 0: all */
    bool not_held;
    unsigned named; /* how many of the three are given */
};

struct unheld_session {
    bool cancelled; /* else planned */
    struct fact fact;
};

struct period_data {
    struct view *view;
    uint64_t known; /* seq; UINT64_MAX: now */
    uint32_t day;   /* the day asked: coverage never reaches beyond it */
    const struct catalogue *catalogue;
    struct arena *arena;             /* for everything that lives as long as this */
    struct coverage_entry *coverage; /* ascending: the more is named the later, then by seq */
    size_t n_coverage;
    struct unheld_session *session;
    size_t n_session;
    bool sessions_loaded;
};

/* Reads the coverage declared.  The view, catalogue and arena must outlive it. */
int period_data_open(struct period_data *d, struct view *view, uint64_t known, uint32_t day,
                     const struct catalogue *catalogue, struct arena *arena,
                     struct error *e) MUST_CHECK;

/* The figures of a series, one a period: of those with an as-of at or before
 * `as_of` the newest as-of, then the newest seq.  In the order of their
 * periods; in arena `a`. */
int period_figures(struct period_data *d, ProtobufCBinaryData series, uint32_t as_of,
                   struct arena *a, struct figure **out, size_t *n, struct error *e) MUST_CHECK;

/* Of figures as period_figures() gives them, those that make up the flow of
 * from..to: the one of exactly that period, or those of periods inside it that
 * do not overlap, longer ones first.  They stand at the front in the order of
 * their periods, what was behind may be gone; returns how many.  *days is the
 * number of days they stand for. */
size_t period_flow(struct figure *figures, size_t n, uint32_t from, uint32_t to, uint32_t *days);

/* The last value of a stock in from..to: of the figures whose period ends in
 * it the newest as-of; NULL when there is none. */
const struct figure *period_stock(const struct figure *figures, size_t n, uint32_t from,
                                  uint32_t to);

/* What is declared of a day. */
enum day_mark { DAY_UNKNOWN, DAY_COVERED, DAY_NOT_HELD };

struct covered_days {
    uint32_t from, to; /* the period asked */
    size_t n;          /* its days */
    uint8_t *mark;     /* of each day: enum day_mark */
};

/* How the days from..to are covered for what a query counts, in arena `a`.
 * A declaration covers it when it names no other service, program or session
 * kind than the query's filters (or their codes in the catalogue) do.  Where a
 * day is declared twice the one that names more holds, then the later. */
int period_coverage(struct period_data *d, const struct query *q, uint32_t from, uint32_t to,
                    struct arena *a, struct covered_days *out, struct error *e) MUST_CHECK;

/* Makes `all` the days that are covered in both; the same period. */
void covered_days_and(struct covered_days *all, const struct covered_days *other);

size_t covered_days_count(const struct covered_days *c);  /* covered or not held */
uint32_t covered_days_last(const struct covered_days *c); /* date; 0 when there is none */
/* Whether every day up to `day` is declared not held, and there is one. */
bool covered_days_not_held(const struct covered_days *c, uint32_t day);

/* Whether sessions that the query would count were planned in its period and
 * all of them cancelled. */
int period_cancelled(struct period_data *d, const struct query *q, bool *cancelled,
                     struct error *e) MUST_CHECK;

/* ---- shared by the files of this module --------------------------------- */

/* Entries that are read again one by one need no more than this. */
#define PERIOD_SCRATCH_BYTES (4u << 20)

/* Whether the entry was recorded and not voided then. */
bool period_live(struct period_data *d, uint64_t seq);
/* The entry with the corrections that were live then. */
int period_effective(struct period_data *d, uint64_t seq, struct arena *a, Journal__Entry **out,
                     struct error *e) MUST_CHECK;
bool period_parse(ProtobufCBinaryData text, struct period *p);
/* Room for one more element of `size` bytes: the list, or a larger copy in the
 * arena; NULL when there is none. */
void *period_grow(struct arena *a, void *list, size_t n, size_t *cap, size_t size);
int period_coverage_load(struct period_data *d, struct arena *scratch, struct error *e) MUST_CHECK;

#endif
