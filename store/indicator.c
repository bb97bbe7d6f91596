#include "store/indicator.h"

#include "proto/calendar.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- words -------------------------------------------------------------- */

void work_note(struct work *w, const char *format, ...) {
    va_list args;
    va_start(args, format);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *text = arena_alloc(w->arena, (size_t)len + 1);
    if (text == NULL) {
        return; /* the arena remembers, and the evaluation is refused */
    }
    va_start(args, format);
    vsnprintf(text, (size_t)len + 1, format, args);
    va_end(args);
    char **note = &w->out->note;
    if (*note == NULL) {
        *note = text;
    } else if (strstr(*note, text) == NULL) {
        *note = arena_printf(w->arena, "%s; %s", *note, text);
    }
}

static bool period_of(ProtobufCBinaryData text, struct period *p) {
    return period_parse(text, p) && p->kind != PERIOD_OPEN;
}

uint32_t indicator_period_year(ProtobufCBinaryData period) {
    struct period p;
    return period_of(period, &p) ? calendar_fiscal_year(p.to) : 0;
}

static uint32_t first_day(uint32_t year) {
    return year * 10000 + 401;
}

static uint32_t last_day(uint32_t year) {
    return (year + 1) * 10000 + 331;
}

static bool is_kind(const Document__Indicator *i, const char *kind) {
    return bytes_equal(i->kind, kind);
}

/* ---- baseline, target, what applies ------------------------------------- */

static void choose_target(const Document__Indicator *i, uint32_t year, struct evaluation *out) {
    uint32_t best = 0;
    const Document__Value *text = NULL;
    for (size_t t = 0; t < i->n_target; t++) {
        uint32_t own = indicator_period_year(i->target[t]->period);
        if (own == 0) {
            text = i->target[t];
        } else if (own >= year && (best == 0 || own <= best)) {
            best = own;
            out->target = i->target[t];
        }
    }
    out->target_own = best == year && best != 0;
    out->target = out->target != NULL ? out->target : text;
}

static void choose_limit(struct work *w) {
    const struct asking *q = w->asking;
    w->limit = q->as_of;
    for (size_t i = 0; q->as_of == CALENDAR_OPEN && i < w->indicator->n_as_of; i++) {
        if (w->indicator->as_of[i]->year == w->year) {
            w->limit = w->indicator->as_of[i]->date;
            w->pinned = true;
        }
    }
    w->day = q->today < w->limit ? q->today : w->limit;
}

/* The date from which a cumulative value counts; 0 when the plan does not say. */
static uint32_t count_since(const struct work *w) {
    struct period p;
    if (w->indicator->has_since) {
        return w->indicator->since;
    }
    if (w->out->baseline == NULL || !period_of(w->out->baseline->period, &p)) {
        return 0;
    }
    return calendar_date(calendar_days(p.to) + 1);
}

static bool only_figures(const Document__Indicator *i) {
    for (size_t t = 0; t < i->n_term; t++) {
        if (!i->term[t]->has_figure) {
            return false;
        }
    }
    return true;
}

/* Sets the dates to be counted over; false, with a note, where there is nothing
 * to be counted in that year. */
static bool choose_span(struct work *w, uint32_t baseline_year) {
    const Document__Indicator *i = w->indicator;
    bool window = is_kind(i, "window");
    bool cumulative = is_kind(i, "cumulative");
    w->from = first_day(w->year);
    w->to = last_day(w->year);
    if (cumulative) {
        w->from = count_since(w);
    } else if (window) {
        w->from = first_day(i->window_from);
    }
    if (window && (w->year < i->window_from || w->year > i->window_to)) {
        work_note(w, w->year < i->window_from ? "期間前" : "期間後");
        return false;
    }
    if (cumulative && (w->year < baseline_year || w->from == 0 || w->from > w->to)) {
        work_note(w, "起点前");
        return false;
    }
    if ((window || cumulative || !only_figures(i)) && first_day(w->year) > w->day) {
        work_note(w, w->limit < first_day(w->year) ? "基準日より後の年度" : "未到来");
        return false;
    }
    return true;
}

/* ---- the actual value --------------------------------------------------- */

static void set_text(struct work *w, ProtobufCBinaryData text) {
    w->out->actual = arena_strndup(w->arena, text.data, text.len);
}

static void exact_of(struct evaluation *out, ProtobufCBinaryData text) {
    struct decimal d;
    out->exact = decimal_parse_bytes(text, &d) && decimal_fraction(d, &out->value);
}

/* A lone figure stands as it was printed, but for commas: CSV has bare numbers. */
static void set_figure(struct work *w, const struct figure *f) {
    set_text(w, f->value);
    w->out->exact = f->number;
    w->out->value = f->exact;
    if (f->number && w->out->actual != NULL) {
        char *to = w->out->actual;
        for (const char *from = to; *from != '\0'; from++) {
            if (*from != ',') {
                *to++ = *from;
            }
        }
        *to = '\0';
    }
}

static void set_value(struct work *w, struct fraction value, unsigned decimals) {
    char text[DECIMAL_TEXT_MAX];
    if (!fraction_format(value, decimals, text)) {
        work_note(w, "桁数が多すぎます");
        return;
    }
    set_text(w, bytes_of(text));
    w->out->exact = true;
    w->out->value = value;
}

static unsigned decimals_of(const struct work *w, unsigned otherwise) {
    return w->indicator->has_decimals ? w->indicator->decimals : otherwise;
}

static bool has_distinct(const Document__Indicator *i) {
    for (size_t t = 0; t < i->n_term; t++) {
        if (bytes_equal(i->term[t]->count, "active") ||
            bytes_equal(i->term[t]->count, "programs")) {
            return true;
        }
    }
    return false;
}

static bool has_stock(const struct work *w) {
    const Document__Plan *plan = w->asking->plan;
    for (size_t t = 0; t < w->indicator->n_term; t++) {
        for (size_t s = 0; w->indicator->term[t]->has_figure && s < plan->n_series; s++) {
            if (bytes_same(plan->series[s]->id, w->indicator->term[t]->figure) &&
                bytes_equal(plan->series[s]->type, "stock")) {
                return true;
            }
        }
    }
    return false;
}

/* The baseline that a cumulative value begins with; a baseline that is no
 * number, and that of a stock (which holds it), adds nothing. */
static int begin_with_baseline(struct work *w, struct sum *sum, struct error *e) {
    struct evaluation *out = w->out;
    struct decimal d;
    if (!sum->known || out->baseline == NULL || has_stock(w) ||
        !decimal_parse_bytes(out->baseline->value, &d) || !decimal_fraction(d, &out->begin)) {
        return 0;
    }
    if (has_distinct(w->indicator) && out->begin.num != 0) {
        sum->known = false;
        work_note(w, "実件数・講座数は基準値に足せません");
        return 0;
    }
    out->from_baseline = true;
    sum->lone = NULL;
    w->decimals = d.scale > w->decimals ? d.scale : w->decimals;
    if (!fraction_add(sum->value, out->begin, &sum->value)) {
        return error_set(e, ERR_TOO_MUCH, "", "A sum has more digits than can be worked with.",
                         "合計の桁数が多すぎます。");
    }
    return 0;
}

static int actual_ratio(struct work *w, struct error *e) {
    const Document__Indicator *i = w->indicator;
    struct sum over;
    struct sum under;
    struct fraction value;
    if (indicator_sum(w, i->term, i->n_term, false, &over, e) < 0 ||
        indicator_sum(w, i->denominator, i->n_denominator, true, &under, e) < 0) {
        return -1;
    }
    if (!over.known || !under.known) {
        return 0;
    }
    if (!fraction_divide(over.value, under.value, &value) || !fraction_times(value, 100, &value)) {
        work_note(w, "分母が0");
        return 0;
    }
    set_value(w, value, decimals_of(w, 1));
    return 0;
}

static int actual_sum(struct work *w, struct error *e) {
    const Document__Indicator *i = w->indicator;
    bool frequency = is_kind(i, "frequency") && !only_figures(i);
    struct sum sum;
    int rc = frequency ? indicator_frequency(w, &sum, e)
                       : indicator_sum(w, i->term, i->n_term, false, &sum, e);
    if (rc < 0 || (is_kind(i, "cumulative") && begin_with_baseline(w, &sum, e) < 0)) {
        return -1;
    }
    if (sum.lone != NULL && sum.known) {
        set_figure(w, sum.lone);
    } else if (sum.known) {
        set_value(w, sum.value, decimals_of(w, frequency ? 1 : w->decimals));
    }
    return 0;
}

static int work_out_actual(struct work *w, struct error *e) {
    const Document__Indicator *i = w->indicator;
    int rc = i->n_denominator > 0 ? actual_ratio(w, e) : actual_sum(w, e);
    if (rc < 0 || indicator_beside(w, e) < 0) {
        return -1;
    }
    if (is_kind(i, "window")) {
        work_note(w, "%u/%u年度", w->year - i->window_from + 1, i->window_to - i->window_from + 1);
    }
    if (w->pinned && w->out->actual != NULL) {
        w->out->as_of = w->limit;
    }
    return 0;
}

/* ---- the verdict -------------------------------------------------------- */

static const Document__Scale *scale_of(const struct work *w) {
    const Document__Plan *plan = w->asking->plan;
    for (size_t s = 0; w->indicator->has_scale && s < plan->n_scale; s++) {
        if (bytes_same(plan->scale[s]->id, w->indicator->scale)) {
            return plan->scale[s];
        }
    }
    return NULL;
}

/* A letter as printed, or set by hand, stands over any rule. */
static bool printed_verdict(struct work *w) {
    const Document__Verdict *found = NULL;
    for (size_t v = 0; v < w->indicator->n_verdict; v++) {
        if (w->indicator->verdict[v]->year == w->year) {
            found = w->indicator->verdict[v];
        }
    }
    if (found == NULL) {
        return false;
    }
    w->out->verdict = found->letter;
    if (found->has_reason) {
        work_note(w, "達成度は手入力: %.*s", (int)found->reason.len,
                  (const char *)found->reason.data);
    } else if (found->has_source) {
        work_note(w, "達成度の出典: %.*s", (int)found->source.len,
                  (const char *)found->source.data);
    }
    return true;
}

static void note_target(struct work *w) {
    const Document__Value *t = w->out->target;
    if (t->has_comparator && !bytes_equal(t->comparator, "以上")) {
        work_note(w, "目標は%.*s%.*s", (int)t->value.len, (const char *)t->value.data,
                  (int)t->comparator.len, (const char *)t->comparator.data);
    }
}

/* What the letter, or met and missed, was worked out from. */
static void note_arithmetic(struct work *w, const Document__Scale *scale, const struct judgement *j,
                            const Document__Band *band) {
    const char *word = j->met ? "達成" : "未達成";
    if (band == NULL) {
        work_note(w, "%s", word);
        return;
    }
    if (bytes_equal(scale->formula, "comparator") || !j->has_ratio) {
        work_note(w, "%s→%.*s", word, (int)band->letter.len, (const char *)band->letter.data);
        return;
    }
    work_note(w, "%s、%s=%s%%→%.*s（%.*s%s）", word, formula_ja(j->formula),
              w->out->ratio == NULL ? "" : w->out->ratio, (int)band->letter.len,
              (const char *)band->letter.data, (int)band->min.len, (const char *)band->min.data,
              band->has_min ? "%以上" : "それ未満");
}

static bool verdict_is_due(const struct work *w, const Document__Scale *scale) {
    if (is_kind(w->indicator, "window")) {
        return w->year == w->indicator->window_to;
    }
    return w->out->target_own || (scale != NULL && scale->has_yearly && scale->yearly);
}

static void judge(struct work *w) {
    struct evaluation *out = w->out;
    const Document__Scale *scale = scale_of(w);
    struct fraction target;
    struct fraction baseline;
    struct judgement j;
    struct decimal d;
    bool printed = printed_verdict(w);
    if (out->target == NULL || out->printed) {
        return;
    }
    note_target(w);
    if (!out->exact || !decimal_parse_bytes(out->target->value, &d) ||
        !decimal_fraction(d, &target)) {
        return;
    }
    bool has_baseline = out->baseline != NULL && decimal_parse_bytes(out->baseline->value, &d) &&
                        decimal_fraction(d, &baseline);
    verdict_judge(scale, comparator_of(out->target->comparator), out->value, target,
                  has_baseline ? &baseline : NULL, &j);
    char text[DECIMAL_TEXT_MAX];
    if (j.has_ratio && fraction_format(j.ratio, 1, text)) {
        out->ratio = arena_strndup(w->arena, text, strlen(text));
    }
    if (j.judged && !printed && verdict_is_due(w, scale)) {
        const Document__Band *band = verdict_band(scale, &j);
        if (band != NULL) {
            out->verdict = band->letter;
        }
        note_arithmetic(w, scale, &j, band);
    }
}

/* ---- one year ----------------------------------------------------------- */

int indicator_evaluate(struct asking *q, const Document__Indicator *indicator, uint32_t year,
                       struct arena *a, struct evaluation *out, struct error *e) {
    *out = (struct evaluation){0};
    struct work w = {.asking = q, .indicator = indicator, .year = year, .arena = a, .out = out};
    if (indicator->n_baseline > 0) {
        out->baseline = indicator->baseline[indicator->n_baseline - 1];
    }
    uint32_t own = out->baseline == NULL ? 0 : indicator_period_year(out->baseline->period);
    choose_target(indicator, year, out);
    choose_limit(&w);
    if (own != 0 && own == year) {
        out->printed = true;
        set_text(&w, out->baseline->value);
        exact_of(out, out->baseline->value);
        work_note(&w, "基準値");
    } else if (choose_span(&w, own) && work_out_actual(&w, e) < 0) {
        return -1;
    }
    judge(&w);
    return a->exhausted ? view_no_room(e) : 0;
}
