/* From a number of the plan down to the entries it is made of. */
#include "store/indicator.h"

#include "proto/calendar.h"
#include "store/page.h"
#include "store/reach.h"
#include "store/sums.h"

#include <stdio.h>
#include <stdlib.h>

/* Entries with something taken back, and cases or programs, of one number. */
#define PROOF_MAX 4000000

/* What stands of an entry some of whose rows were taken back. */
struct standing {
    uint64_t entry;
    uint64_t seq; /* of the last row that counts it */
    int64_t net;
};

struct proof {
    struct asking *asking;
    struct pages pages;
    const struct part *part;
    bool ratio;
    struct standing *back; /* by entry */
    size_t n_back, cap_back;
    struct sums *seen; /* cases or programs already shown */
    const struct person *reader;
    bool masked; /* only number, month and what the rule looks at */
    struct error *error;
};

/* ---- what was taken back ------------------------------------------------ */

static int sign_of(const Fold__Fact *f) {
    if (f->number != 0) {
        return f->number < 0 ? -1 : 1;
    }
    return f->households < 0 || f->persons < 0 ? -1 : 1;
}

static int order(const void *a, const void *b) {
    const struct standing *x = a;
    const struct standing *y = b;
    return x->entry < y->entry ? -1 : x->entry > y->entry;
}

static struct standing *find_back(struct proof *p, uint64_t entry) {
    struct standing key = {.entry = entry};
    return p->n_back == 0 ? NULL : bsearch(&key, p->back, p->n_back, sizeof key, order);
}

static int note_back(void *ctx, const struct fact *fact, uint64_t seq, int64_t measure) {
    struct proof *p = ctx;
    (void)seq;
    (void)measure;
    if (sign_of(&fact->value) > 0) {
        return 0;
    }
    if (p->n_back == p->cap_back) {
        size_t cap = p->cap_back == 0 ? 256 : p->cap_back * 2;
        struct standing *more = cap > PROOF_MAX ? NULL : realloc(p->back, cap * sizeof *p->back);
        if (more == NULL) {
            return view_no_room(p->error);
        }
        p->back = more;
        p->cap_back = cap;
    }
    p->back[p->n_back++] = (struct standing){.entry = fact->value.entry};
    return 0;
}

static int net_back(void *ctx, const struct fact *fact, uint64_t seq, int64_t measure) {
    struct proof *p = ctx;
    struct standing *s = find_back(p, fact->value.entry);
    (void)measure;
    if (s != NULL) {
        int sign = sign_of(&fact->value);
        s->net += sign;
        s->seq = sign > 0 && seq > s->seq ? seq : s->seq;
    }
    return 0;
}

static int find_standing(struct proof *p) {
    struct view *v = p->asking->data.view;
    p->n_back = 0;
    if (query_facts(v, p->part->query, note_back, p, p->error) < 0) {
        return -1;
    }
    if (p->n_back == 0) {
        return 0;
    }
    qsort(p->back, p->n_back, sizeof *p->back, order);
    size_t n = 1;
    for (size_t i = 1; i < p->n_back; i++) {
        if (p->back[i].entry != p->back[n - 1].entry) {
            p->back[n++] = p->back[i];
        }
    }
    p->n_back = n;
    return query_facts(v, p->part->query, net_back, p, p->error);
}

/* ---- rows --------------------------------------------------------------- */

static Madoguchi__FactRow *row_new(struct proof *p, const char *kind) {
    Madoguchi__FactRow *row = arena_alloc(pages_arena(&p->pages), sizeof *row);
    if (row != NULL) {
        madoguchi__fact_row__init(row);
        SET(row, kind, bytes_of(kind));
    }
    return row;
}

static void add_field(struct proof *p, Madoguchi__FactRow *row, const char *name,
                      ProtobufCBinaryData value) {
    struct arena *a = pages_arena(&p->pages);
    Madoguchi__Pair *pair = arena_alloc(a, sizeof *pair);
    if (pair == NULL || row->field == NULL || value.len == 0) {
        return;
    }
    madoguchi__pair__init(pair);
    SET(pair, name, bytes_of(name));
    SET(pair, value, arena_bytes(a, value));
    row->field[row->n_field++] = pair;
}

static void make_fields(struct proof *p, Madoguchi__FactRow *row, size_t n) {
    row->field = arena_alloc(pages_arena(&p->pages), (n + 1) * sizeof *row->field);
    if (p->ratio) {
        add_field(p, row, "part", bytes_of(p->part->denominator ? "denominator" : "numerator"));
    }
}

/* What the rule looks at. */
static void fact_fields(struct proof *p, Madoguchi__FactRow *row, const struct fact *fact) {
    const struct query *q = p->part->query;
    make_fields(p, row, q->n_filter + 1);
    for (size_t i = 0; i < q->n_filter; i++) {
        int field = q->filter[i].field;
        if (field >= 0) {
            add_field(p, row, dimension_name((enum dimension)field),
                      fact_dimension(fact, (enum dimension)field));
        } else if (field == FILTER_DAY) {
            add_field(
                p, row, "day",
                bytes_of(catalogue_is_holiday(q->catalogue, fact->date) ? "holiday" : "weekday"));
        }
    }
}

/* Whoever may not see the case sees the month. */
static int put_when(struct proof *p, Madoguchi__FactRow *row, uint32_t date, bool masked) {
    if (!masked) {
        SET(row, date, date);
        return 0;
    }
    char *month = arena_alloc(pages_arena(&p->pages), 16);
    if (month == NULL) {
        return view_no_room(p->error);
    }
    snprintf(month, 16, "%04u-%02u", date / 10000, date / 100 % 100);
    SET(row, month, bytes_of(month));
    return 0;
}

/* Of a masked row what the rule sums is shown, and nothing else of the kind. */
static bool is_summed(const struct proof *p, enum count sums, enum count also) {
    return p->part->query->what == sums || p->part->query->what == also;
}

static int put_fact(struct proof *p, const struct fact *fact, uint64_t seq, int64_t number) {
    Madoguchi__FactRow *row = row_new(p, fact_kind_name(fact->kind));
    struct arena *a = pages_arena(&p->pages);
    if (row == NULL) {
        return view_no_room(p->error);
    }
    SET(row, seq, seq);
    SET(row, entry, fact->value.entry);
    bool masked = p->masked || !reach_scope(p->reader, fact->service, fact->value.office);
    if (put_when(p, row, fact->date, masked) < 0) {
        return -1;
    }
    SET(row, number, number);
    if (fact->value.has_case_number) {
        SET(row, case_number, arena_bytes(a, fact->value.case_number));
    }
    if (fact->value.has_households &&
        (!masked || is_summed(p, COUNT_HOUSEHOLDS, COUNT_HOUSEHOLDS))) {
        SET(row, households, fact->value.households);
    }
    if (fact->value.has_persons && (!masked || is_summed(p, COUNT_PERSONS, COUNT_ATTENDEES))) {
        SET(row, persons, fact->value.persons);
    }
    fact_fields(p, row, fact);
    return pages_add(&p->pages, "fact", &row->base, p->error);
}

/* 1 where this case or program is counted for the first time, 0 where it was,
 * -1 without room. */
static int first_time(struct proof *p, ProtobufCBinaryData key) {
    const int64_t one = 1;
    size_t before = sums_count(p->seen);
    if (sums_add(p->seen, key.data, key.len, &one) < 0) {
        return view_no_room(p->error);
    }
    return sums_count(p->seen) > before;
}

static int each_fact(void *ctx, const struct fact *fact, uint64_t seq, int64_t measure) {
    struct proof *p = ctx;
    const struct query *q = p->part->query;
    const struct standing *s = find_back(p, fact->value.entry);
    if (sign_of(&fact->value) < 0 || (s != NULL && (s->net <= 0 || s->seq != seq))) {
        return 0;
    }
    if (q->what == COUNT_ACTIVE || q->what == COUNT_PROGRAMS) {
        bool active = q->what == COUNT_ACTIVE;
        ProtobufCBinaryData key = active ? fact->value.case_number : fact->value.program;
        int first = key.len == 0 ? 0 : first_time(p, key);
        return first <= 0 ? first : put_fact(p, fact, seq, 1);
    }
    bool summed =
        q->what == COUNT_HOUSEHOLDS || q->what == COUNT_PERSONS || q->what == COUNT_ATTENDEES;
    return put_fact(p, fact, seq, summed ? fact->value.number : measure);
}

static int put_facts(struct proof *p) {
    if (p->part->query->from > p->part->query->to) {
        return 0;
    }
    p->seen = sums_new(1, PROOF_MAX);
    int rc = p->seen == NULL ? view_no_room(p->error) : find_standing(p);
    if (rc == 0) {
        rc = query_facts(p->asking->data.view, p->part->query, each_fact, p, p->error);
    }
    sums_free(p->seen);
    return rc;
}

static int put_figure(struct proof *p, const struct figure *f) {
    Madoguchi__FactRow *row = row_new(p, "figure");
    int64_t whole;
    if (row == NULL) {
        return view_no_room(p->error);
    }
    SET(row, seq, f->seq);
    SET(row, entry, f->seq);
    SET(row, date, f->as_of);
    SET(row, value, f->value);
    if (f->number && fraction_whole(f->exact, &whole)) {
        SET(row, number, whole);
    }
    make_fields(p, row, 4);
    add_field(p, row, "series", f->series);
    add_field(p, row, "period", f->period);
    add_field(p, row, "source", f->source);
    return pages_add(&p->pages, "fact", &row->base, p->error);
}

/* What a cumulative value begins with, in the column that is summed. */
static int put_baseline(struct proof *p, const Document__Indicator *indicator,
                        const struct evaluation *ev) {
    Madoguchi__FactRow *row = row_new(p, "baseline");
    const Document__Term *term = indicator->term[0];
    int64_t whole;
    if (row == NULL) {
        return view_no_room(p->error);
    }
    SET(row, value, ev->baseline->value);
    if (fraction_whole(ev->begin, &whole)) {
        if (bytes_equal(term->count, "households")) {
            SET(row, households, whole);
        } else if (bytes_equal(term->count, "persons") || bytes_equal(term->count, "attendees")) {
            SET(row, persons, whole);
        } else {
            SET(row, number, whole);
        }
    }
    make_fields(p, row, 2);
    add_field(p, row, "period", ev->baseline->period);
    add_field(p, row, "source", ev->baseline->source);
    return pages_add(&p->pages, "fact", &row->base, p->error);
}

static int put_part(struct proof *p, const struct part *part) {
    p->part = part;
    if (part->query != NULL) {
        return put_facts(p);
    }
    for (size_t i = 0; i < part->n_figure; i++) {
        if (put_figure(p, &part->figure[i]) < 0) {
            return -1;
        }
    }
    return 0;
}

/* ---- the proof ---------------------------------------------------------- */

static int not_counted(ProtobufCBinaryData id, const struct evaluation *ev, struct error *e) {
    const Document__Value *b = ev->baseline;
    return error_set(
        e, ERR_STATE, "year",
        "%.*s: the baseline of that year (%.*s) is printed, not counted. There is "
        "nothing to prove.",
        "%.*s：この年度の値（%.*s）は計画書に印字された基準値で、数えたものではありません"
        "(printed, not counted)。",
        (int)id.len, (const char *)id.data, (int)b->value.len, (const char *)b->value.data);
}

static int prove(struct proof *p, const Madoguchi__Prove *request, struct arena *a,
                 struct error *e) {
    const Document__Indicator *indicator;
    struct evaluation ev;
    if (asking_indicator(p->asking, request->indicator, &indicator, e) < 0 ||
        indicator_evaluate(p->asking, indicator, request->year, a, &ev, e) < 0) {
        return -1;
    }
    if (ev.printed) {
        return not_counted(indicator->id, &ev, e);
    }
    p->ratio = indicator->n_denominator > 0;
    int rc = ev.from_baseline ? put_baseline(p, indicator, &ev) : 0;
    for (size_t i = 0; rc == 0 && i < ev.n_part; i++) {
        rc = put_part(p, &ev.part[i]);
    }
    if (rc == 0 && ev.actual != NULL) {
        rc = pages_pair(&p->pages, "actual", ev.actual, e);
    }
    if (rc == 0 && ev.note != NULL) {
        rc = pages_pair(&p->pages, "note", ev.note, e);
    }
    return rc;
}

int read_prove(struct view *v, const struct person *reader, const Madoguchi__Prove *request,
               uint64_t now, store_page_fn page, void *ctx, struct error *e) {
    const struct asking_request asked = {
        .plan = request->plan,
        .today = request->has_today ? request->today : calendar_today((int64_t)now),
        .as_of = request->has_as_of ? request->as_of : CALENDAR_OPEN,
        .has_known_at = request->has_known_at,
        .known_at = request->known_at,
        .plan_now = request->has_plan_now && request->plan_now,
    };
    struct asking asking;
    struct arena a;
    struct proof p = {.asking = &asking, .error = e, .reader = reader};
    p.masked = reader != NULL &&
               (rights_reaches(RIGHT_PROVE, reader->roles) & REACH_BIT(REACH_SCOPE)) == 0;
    arena_init(&a, INDICATOR_BYTES);
    pages_begin(&p.pages, page, ctx);
    int rc = asking_open(&asking, v, &asked, e);
    if (rc == 0) {
        rc = prove(&p, request, &a, e);
    }
    rc = pages_end(&p.pages, rc, e);
    asking_close(&asking);
    arena_free(&a);
    free(p.back);
    return rc;
}
