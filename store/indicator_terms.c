/* The terms of an indicator's rule: counts of facts, figures, and what an
 * empty period means. */
#include "store/indicator.h"

#include <string.h>

static int no_number(struct error *e) {
    return error_set(e, ERR_TOO_MUCH, "", "A sum has more digits than can be worked with.",
                     "合計の桁数が多すぎます。");
}

static struct part *part_new(struct work *w, bool denominator, struct error *e) {
    struct evaluation *out = w->out;
    if (out->part == NULL) {
        out->part = arena_alloc(w->arena, PARTS_MAX * sizeof *out->part);
    }
    if (out->part == NULL || out->n_part == PARTS_MAX) {
        (void)view_no_room(e);
        return NULL;
    }
    struct part *p = &out->part[out->n_part++];
    *p = (struct part){.denominator = denominator};
    return p;
}

/* ---- counts ------------------------------------------------------------- */

static struct query *term_query(struct work *w, const Document__Term *term, uint32_t from,
                                uint32_t to, struct error *e) {
    struct query *q = arena_zalloc(w->arena, sizeof *q);
    if (q == NULL) {
        (void)view_no_room(e);
        return NULL;
    }
    q->from = from;
    q->to = to < w->limit ? to : w->limit;
    q->known = w->asking->data.known;
    q->catalogue = w->asking->catalogue;
    if (count_find(term->count, &q->what, e) < 0) {
        return NULL;
    }
    for (size_t i = 0; i < term->n_where; i++) {
        if (query_filter_text(q, term->where[i], w->arena, e) < 0) {
            return NULL;
        }
    }
    return q;
}

/* What was not given is left out of the sum, and said. */
static void note_unknown(struct work *w, enum count what, int64_t unknown, bool others) {
    const char *also = others ? "ほか" : "";
    if (unknown == 0) {
        return;
    }
    if (what == COUNT_HOUSEHOLDS) {
        work_note(w, "%s世帯数不明%lld件", also, (long long)unknown);
    } else if (what == COUNT_ATTENDEES) {
        work_note(w, "%s参加人数不明%lld回", also, (long long)unknown);
    } else {
        work_note(w, "%s人数不明%lld件", also, (long long)unknown);
    }
}

/* What stands behind a sum of terms. */
struct summing {
    struct work *work;
    struct sum *out;
    size_t terms; /* all of them */
    size_t facts; /* count terms with facts */
    size_t empty; /* count terms without, of which nothing is known */
    size_t counts;
    size_t missing; /* figure terms without a figure */
    bool cancelled, not_held;
    bool unknown; /* nothing but unknown numbers somewhere */
    bool has_days;
    struct covered_days days; /* covered for all count terms */
};

static int add_value(struct summing *s, struct fraction value, struct error *e) {
    return fraction_add(s->out->value, value, &s->out->value) ? 0 : no_number(e);
}

static void add_days(struct summing *s, const struct covered_days *days) {
    if (!s->has_days) {
        s->days = *days;
        s->has_days = true;
    } else {
        covered_days_and(&s->days, days);
    }
}

/* A count without facts: covered it is 0, else there is no number. */
static int empty_count(struct summing *s, const struct query *q, const struct covered_days *days,
                       struct error *e) {
    bool cancelled = false;
    if (covered_days_not_held(days, s->work->day)) {
        s->not_held = true;
        s->empty++;
        return 0;
    }
    if (period_cancelled(&s->work->asking->data, q, &cancelled, e) < 0) {
        return -1;
    }
    s->cancelled = s->cancelled || cancelled;
    s->empty += cancelled || covered_days_count(days) == 0;
    return 0;
}

static int sum_count(struct summing *s, const Document__Term *term, bool denominator,
                     struct error *e) {
    struct work *w = s->work;
    uint32_t to = w->pinned && w->limit < w->to ? w->limit : w->to;
    struct covered_days days;
    struct query *q = term_query(w, term, w->from, w->to, e);
    struct part *p = q == NULL ? NULL : part_new(w, denominator, e);
    if (p == NULL) {
        return -1;
    }
    p->query = q;
    s->counts++;
    if (q->from > q->to) {
        s->empty++;
        return 0;
    }
    if (query_total(w->asking->data.view, q, &p->count, &p->unknown, e) < 0 ||
        period_coverage(&w->asking->data, q, w->from, to, w->arena, &days, e) < 0) {
        return -1;
    }
    add_days(s, &days);
    if (p->count == 0 && p->unknown == 0) {
        return empty_count(s, q, &days, e);
    }
    note_unknown(w, q->what, p->unknown, p->count != 0);
    if (p->count == 0) {
        s->empty++;
        s->unknown = true;
        return 0;
    }
    s->facts++;
    return add_value(s, (struct fraction){p->count, 1}, e);
}

/* ---- figures ------------------------------------------------------------ */

static bool is_stock(const struct work *w, ProtobufCBinaryData series) {
    const Document__Plan *plan = w->asking->plan;
    for (size_t i = 0; i < plan->n_series; i++) {
        if (bytes_same(plan->series[i]->id, series)) {
            return bytes_equal(plan->series[i]->type, "stock");
        }
    }
    return false;
}

/* The last value of a stock before the asked period, for the reader. */
static void note_earlier(struct work *w, const struct figure *figures, size_t n) {
    const struct figure *last = NULL;
    for (size_t i = 0; i < n; i++) {
        if (figures[i].to < w->from && (last == NULL || figures[i].to >= last->to)) {
            last = &figures[i];
        }
    }
    if (last != NULL) {
        work_note(w, "未集計（前回 %.*s、%.*s）", (int)last->value.len,
                  (const char *)last->value.data, (int)last->period.len,
                  (const char *)last->period.data);
    }
}

static void use_figures(struct work *w, struct part *p, const struct figure *figures, size_t n) {
    p->figure = figures;
    p->n_figure = n;
    for (size_t i = 0; i < n; i++) {
        w->out->as_of = figures[i].as_of > w->out->as_of ? figures[i].as_of : w->out->as_of;
        w->decimals = figures[i].decimals > w->decimals ? figures[i].decimals : w->decimals;
    }
}

static int add_figures(struct summing *s, const struct part *p, struct error *e) {
    if (s->terms == 1 && p->n_figure == 1) {
        s->out->lone = p->figure;
    }
    for (size_t i = 0; i < p->n_figure; i++) {
        if (!p->figure[i].number) {
            s->missing += s->out->lone == NULL;
            continue;
        }
        if (add_value(s, p->figure[i].exact, e) < 0) {
            return -1;
        }
    }
    return 0;
}

static int sum_figure(struct summing *s, const Document__Term *term, bool denominator,
                      struct error *e) {
    struct work *w = s->work;
    struct figure *figures;
    size_t n;
    uint32_t days = 0;
    struct part *p = part_new(w, denominator, e);
    if (p == NULL ||
        period_figures(&w->asking->data, term->figure, w->limit, w->arena, &figures, &n, e) < 0) {
        return -1;
    }
    bool stock = is_stock(w, term->figure);
    if (stock) {
        const struct figure *last = period_stock(figures, n, w->from, w->to);
        use_figures(w, p, last, last != NULL);
    } else {
        use_figures(w, p, figures, period_flow(figures, n, w->from, w->to, &days));
    }
    if (p->n_figure == 0) {
        s->missing++;
        if (stock) {
            note_earlier(w, figures, n);
        }
        return 0;
    }
    uint32_t asked = (uint32_t)(calendar_days(w->to) - calendar_days(w->from) + 1);
    if (!stock && days < asked) {
        work_note(w, "一部の期間の値の計");
    }
    return add_figures(s, p, e);
}

/* ---- sums --------------------------------------------------------------- */

static void note_empty(struct summing *s) {
    struct work *w = s->work;
    if (s->cancelled) {
        work_note(w, "中止");
    } else if (s->not_held) {
        work_note(w, "未実施");
    } else if (!s->unknown) {
        work_note(w, "未集計");
    }
}

static void partly_covered(struct summing *s) {
    struct work *w = s->work;
    if (!s->has_days) {
        return;
    }
    size_t covered = covered_days_count(&s->days);
    if (covered > 0 && covered < s->days.n) {
        uint32_t last = covered_days_last(&s->days);
        w->out->as_of = last > w->out->as_of ? last : w->out->as_of;
    } else if (covered == 0 && w->limit < w->to && w->limit > w->out->as_of) {
        w->out->as_of = w->limit;
    }
}

int indicator_sum(struct work *w, Document__Term *const *terms, size_t n, bool denominator,
                  struct sum *out, struct error *e) {
    struct summing s = {.work = w, .out = out, .terms = n};
    *out = (struct sum){.value = {0, 1}};
    for (size_t i = 0; i < n; i++) {
        int rc = terms[i]->has_figure ? sum_figure(&s, terms[i], denominator, e)
                                      : sum_count(&s, terms[i], denominator, e);
        if (rc < 0) {
            return -1;
        }
    }
    bool unknown = s.missing > 0 || (s.counts > 0 && s.facts == 0 && s.empty > 0);
    if (n == 0 || unknown) {
        note_empty(&s);
        return 0;
    }
    out->known = true;
    partly_covered(&s);
    return 0;
}

/* ---- beside a published rate -------------------------------------------- */

int indicator_beside(struct work *w, struct error *e) {
    const Document__Indicator *i = w->indicator;
    int64_t total = 0;
    if (i->n_beside == 0) {
        return 0;
    }
    for (size_t t = 0; t < i->n_beside; t++) {
        int64_t count;
        int64_t unknown;
        if (i->beside[t]->has_figure) {
            continue;
        }
        struct query *q = term_query(w, i->beside[t], w->from, w->to, e);
        if (q == NULL) {
            return -1;
        }
        if (q->from <= q->to) {
            if (query_total(w->asking->data.view, q, &count, &unknown, e) < 0) {
                return -1;
            }
            total += count;
        }
    }
    if (total != 0) {
        work_note(w, "窓口の集計 %lld（期間中）", (long long)total);
    }
    return 0;
}

/* ---- frequency ---------------------------------------------------------- */

static uint32_t month_end(uint32_t date) {
    uint32_t month = date / 100;
    uint32_t next = month % 100 == 12 ? (month / 100 + 1) * 100 + 1 : month + 1;
    return calendar_date(calendar_days(next * 100 + 1) - 1);
}

static bool all_covered(const struct covered_days *days, uint32_t from, uint32_t to) {
    int32_t first = calendar_days(days->from);
    for (int32_t d = calendar_days(from); d <= calendar_days(to); d++) {
        if (d - first >= (int32_t)days->n || days->mark[d - first] == DAY_UNKNOWN) {
            return false;
        }
    }
    return true;
}

/* Counts one term over the months from..to, which are all covered. */
static int count_run(struct work *w, const Document__Term *term, uint32_t from, uint32_t to,
                     int64_t *total, struct error *e) {
    struct query *q = term_query(w, term, from, to, e);
    struct part *p = q == NULL ? NULL : part_new(w, false, e);
    if (p == NULL || query_total(w->asking->data.view, q, &p->count, &p->unknown, e) < 0) {
        return -1;
    }
    p->query = q;
    *total += p->count;
    return 0;
}

/* The days covered for all terms, up to the limit. */
static int frequency_days(struct work *w, struct covered_days *all, struct error *e) {
    for (size_t t = 0; t < w->indicator->n_term; t++) {
        struct covered_days days;
        const Document__Term *term = w->indicator->term[t];
        struct query *q = term->has_count ? term_query(w, term, w->from, w->to, e) : NULL;
        if (q == NULL) {
            return term->has_count ? -1
                                   : error_set(e, ERR_INVALID, "terms",
                                               "A frequency counts; it has no figures.",
                                               "frequency は件数だけで、外部数値は使えません。");
        }
        if (period_coverage(&w->asking->data, q, w->from, w->to, w->arena, &days, e) < 0) {
            return -1;
        }
        if (t == 0) {
            *all = days;
        } else {
            covered_days_and(all, &days);
        }
    }
    return 0;
}

static int count_months(struct work *w, const struct covered_days *days, int64_t *total,
                        unsigned *months, struct error *e) {
    uint32_t run = 0; /* first day of the covered months going on; 0: none */
    for (uint32_t first = w->from; first <= w->to;) {
        uint32_t last = month_end(first);
        uint32_t next = calendar_date(calendar_days(last) + 1);
        bool covered = last <= w->limit && all_covered(days, first, last);
        *months += covered;
        run = covered && run == 0 ? first : run;
        if (run != 0 && (!covered || next > w->to)) {
            uint32_t end = covered ? last : calendar_date(calendar_days(first) - 1);
            for (size_t t = 0; t < w->indicator->n_term; t++) {
                if (count_run(w, w->indicator->term[t], run, end, total, e) < 0) {
                    return -1;
                }
            }
            run = 0;
        }
        first = next;
    }
    return 0;
}

int indicator_frequency(struct work *w, struct sum *out, struct error *e) {
    struct covered_days days = {.from = w->from, .to = w->to};
    int64_t total = 0;
    unsigned months = 0;
    *out = (struct sum){.value = {0, 1}};
    if (w->indicator->n_term == 0) {
        return 0;
    }
    if (frequency_days(w, &days, e) < 0 || count_months(w, &days, &total, &months, e) < 0) {
        return -1;
    }
    if (months == 0) {
        work_note(w, "未集計");
        return 0;
    }
    if (covered_days_not_held(&days, w->day)) {
        work_note(w, "未実施");
        return 0;
    }
    out->known = true;
    work_note(w, "%lld回÷%uか月", (long long)total, months);
    if (covered_days_count(&days) < days.n) {
        w->out->as_of = covered_days_last(&days);
    }
    return fraction_divide((struct fraction){total, 1}, (struct fraction){months, 1}, &out->value)
               ? 0
               : no_number(e);
}
