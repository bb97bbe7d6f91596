/* Indicators: what a plan's rules give for a fiscal year.
 *
 * One evaluation serves both the indicator table and the proof: it holds the
 * number and the parts (queries over facts, figures) that it is made of, so
 * that the two cannot disagree.
 *
 * Decisions beyond the words of the plan:
 * - A value is unset where nothing is known (the note says why); never 0.
 * - A figure stands for the period it names. Of a flow shorter periods inside
 *   the asked one are summed, of a stock the newest as-of in it is taken; a
 *   stock's value of an earlier year is named in the note, never carried over.
 * - A sum with a figure missing is not known; a window or a cumulative value
 *   is the total so far.
 * - Facts are always counted, but for a frequency: sessions of the months that
 *   are covered to their last day, by the number of these months. */
#ifndef MADOGUCHI_STORE_INDICATOR_H
#define MADOGUCHI_STORE_INDICATOR_H

#include "store/period_data.h"
#include "store/store.h"
#include "store/verdict.h"

/* ---- answers ------------------------------------------------------------ */

/* The rows of a plan's indicators, one for each indicator and year.  `now` in
 * ms decides what today is where the request does not say.  ERR_NOT_FOUND with
 * the nearest words for an unknown plan. */
int read_indicators(struct view *v, const Madoguchi__Indicators *request, uint64_t now,
                    store_page_fn page, void *ctx, struct error *e) MUST_CHECK;

/* The rows that one indicator's actual value is made of: standing facts (what
 * was taken back is left out with what took it back), figures, and first the
 * baseline that a cumulative value begins with (kind "baseline", no seq).
 * Their numbers (households, persons where these are counted) sum to the
 * value; those of a ratio carry the pair "part", numerator or denominator.
 * ERR_NOT_FOUND; ERR_STATE in the baseline's own year: printed, not counted. */
/* `reader` NULL sees everything; others by their rights: dates of cases, households
 * and persons that the rule does not sum are left out where they may not see them. */
int read_prove(struct view *v, const struct person *reader, const Madoguchi__Prove *request,
               uint64_t now, store_page_fn page, void *ctx, struct error *e) MUST_CHECK;

/* ---- a question about a plan -------------------------------------------- */

struct asking {
    struct period_data data;
    const struct catalogue *catalogue;
    Document__Plan *plan;
    uint32_t today;     /* date: as asked, and not after known-at */
    uint32_t as_of;     /* date; CALENDAR_OPEN when none is asked */
    struct arena arena; /* of the whole answer: plan, coverage, sessions */
};

struct asking_request {
    ProtobufCBinaryData plan;
    uint32_t today; /* date */
    uint32_t as_of; /* date; CALENDAR_OPEN: none */
    bool has_known_at, plan_now;
    uint64_t known_at; /* ms */
};

/* Finds plan, catalogue, coverage; to be given back with asking_close() also
 * after -1. */
int asking_open(struct asking *q, struct view *v, const struct asking_request *request,
                struct error *e) MUST_CHECK;
void asking_close(struct asking *q);

/* ERR_NOT_FOUND with the nearest words. */
int asking_indicator(struct asking *q, ProtobufCBinaryData id, const Document__Indicator **out,
                     struct error *e) MUST_CHECK;

/* ---- evaluation --------------------------------------------------------- */

/* One term of a rule over one period. */
struct part {
    bool denominator;
    const struct query *query; /* NULL: figures */
    int64_t count, unknown;    /* of the query */
    const struct figure *figure;
    size_t n_figure;
};

#define PARTS_MAX 512

struct evaluation {
    const Document__Value *baseline; /* in force; NULL: none */
    const Document__Value *target;   /* of the year, or the next later; NULL: none */
    bool target_own;                 /* it is the year's own */
    bool printed;                    /* the actual is the baseline as printed */
    char *actual;                    /* NULL: unset */
    bool exact;                      /* the actual is a number: */
    struct fraction value;
    char *ratio;                 /* percent, one decimal; NULL: unset */
    ProtobufCBinaryData verdict; /* len 0: none */
    uint32_t as_of;              /* date; 0: unset */
    char *note;                  /* in Japanese; NULL: none */
    bool from_baseline;          /* the value begins with the baseline: */
    struct fraction begin;
    struct part *part;
    size_t n_part;
};

/* Evaluates an indicator of the plan for a fiscal year; everything lies in
 * arena `a`. */
int indicator_evaluate(struct asking *q, const Document__Indicator *indicator, uint32_t year,
                       struct arena *a, struct evaluation *out, struct error *e) MUST_CHECK;

/* The same; a rule that cannot be read (a code that the catalogue has no more) leaves
 * the actual unset and says so in the note. */
int indicator_try(struct asking *q, const Document__Indicator *indicator, uint32_t year,
                  struct arena *a, struct evaluation *out, struct error *e) MUST_CHECK;

/* The room of one evaluation. */
#define INDICATOR_BYTES (32u << 20)

/* ---- shared by the files of this module --------------------------------- */

/* Where an evaluation stands. */
struct work {
    struct asking *asking;
    const Document__Indicator *indicator;
    uint32_t year;
    struct arena *arena;
    struct evaluation *out;
    uint32_t from, to; /* dates counted over, the year's end included */
    uint32_t limit;    /* last date that counts: as-of or pinned; CALENDAR_OPEN */
    bool pinned;       /* the limit is the plan's */
    uint32_t day;      /* last date that can be covered */
    unsigned decimals; /* of the figures used, for an indicator that gives none */
};

/* Adds to the evaluation's note, parts split by "; ". */
void work_note(struct work *w, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The FY a period ends in; 0 for free text and open periods. */
uint32_t indicator_period_year(ProtobufCBinaryData period);

/* What a list of terms sums to. */
struct sum {
    bool known; /* there is a value: */
    struct fraction value;
    const struct figure *lone; /* it is this figure and nothing else */
};
int indicator_sum(struct work *w, Document__Term *const *terms, size_t n, bool denominator,
                  struct sum *out, struct error *e) MUST_CHECK;
/* Sessions per covered month. */
int indicator_frequency(struct work *w, struct sum *out, struct error *e) MUST_CHECK;
/* Our own count beside a published rate, as a note. */
int indicator_beside(struct work *w, struct error *e) MUST_CHECK;

#endif
