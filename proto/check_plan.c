#include "proto/check_names.h"

#include "proto/calendar.h"
#include "proto/guard.h"
#include "proto/municipality.h"
#include "proto/text.h"

#include <stdio.h>
#include <stdlib.h>

#define SCALES_MAX   50
#define BANDS_MAX    16
#define TERMS_MAX    64
#define WHERE_MAX    24
#define VALUES_MAX   100
#define DECIMALS_MAX 6
#define YEARS_MAX    50
#define LABEL_BYTES  400

static const char *const types[] = {"flow", "stock", NULL};
static const char *const formulas[] = {"actual/target", "progress", "target/actual", "comparator",
                                       NULL};
static const char *const kinds[] = {"annual", "cumulative", "window", "as-of",
                                    "ratio",  "frequency",  NULL};
static const char *const comparators[] = {"以上", "超",   "以下", "以内",
                                          "未満", "程度", "均衡", NULL};

/* What a plan declares and its indicators refer to. */
struct plan_check {
    const Document__Plan *plan;
    struct check_names names;  /* lists "series" and "scale" */
    char what[CHECK_WHAT_MAX]; /* the indicator at hand */
};

/* ---- values ---------------------------------------------------------------------- */

static bool is_decimal(ProtobufCBinaryData value) {
    size_t i = value.len > 0 && value.data[0] == '-';
    size_t digits = 0;
    size_t dots = 0;
    for (; i < value.len; i++) {
        if (value.data[i] == '.' && digits > 0 && i + 1 < value.len) {
            dots++;
        } else if (value.data[i] >= '0' && value.data[i] <= '9') {
            digits++;
        } else {
            return false;
        }
    }
    return digits > 0 && digits <= 18 && dots <= 1;
}

/* Made of what numbers are written with, and so meant as one. */
static bool looks_like_number(ProtobufCBinaryData value) {
    for (size_t i = 0; i < value.len; i++) {
        if (strchr("0123456789.,+-% ", value.data[i]) == NULL || value.data[i] == '\0') {
            return false;
        }
    }
    return value.len > 0;
}

static int not_decimal(const char *what, const char *field, ProtobufCBinaryData value,
                       struct error *e) {
    char quote[GUARD_QUOTE_MAX];
    return error_set(e, ERR_INVALID, field,
                     "%s: %s \"%s\" is not a number. Write it bare: 1207069, 36.3.",
                     "%s：%s の「%s」は数として読めません。1207069、36.3 のように書いてください。",
                     what, field, guard_quote(value.data, value.len, quote));
}

/* A printed value: a decimal, or text where the plan prints no number (―, 1、2). */
static int check_printed(const char *what, const Document__Value *value, struct error *e) {
    if (!value->has_value || check_is_blank(value->value)) {
        return check_missing("value", what, e);
    }
    if (check_text(value->value, CHECK_NAME_BYTES, "value", e) != 0) {
        return -1;
    }
    return looks_like_number(value->value) && !is_decimal(value->value)
               ? not_decimal(what, "value", value->value, e)
               : 0;
}

static bool read_period(ProtobufCBinaryData text, struct period *p) {
    return calendar_parse_period((const char *)text.data, text.len, p, NULL) == 0;
}

/* Begins as a period does, so that a mistyped one is not taken for text. */
static bool looks_like_period(ProtobufCBinaryData text) {
    return text.len > 1 && ((text.data[0] >= '0' && text.data[0] <= '9') ||
                            (text.data[0] == 'F' && text.data[1] == 'Y'));
}

static int check_values(const char *what, Document__Value *const *values, size_t n,
                        struct error *e) {
    if (check_size("values", n, VALUES_MAX, e) != 0) {
        return -1;
    }
    for (size_t i = 0; i < n; i++) {
        const Document__Value *v = values[i];
        struct period p;
        if (check_printed(what, v, e) != 0 ||
            (v->has_comparator && check_one_of(v->comparator, comparators, "comparator", e) != 0)) {
            return -1;
        }
        if (!v->has_period || check_is_blank(v->period)) {
            return check_missing("period", what, e);
        }
        if (looks_like_period(v->period) && !read_period(v->period, &p)) {
            return calendar_parse_period((const char *)v->period.data, v->period.len, &p, e);
        }
    }
    return 0;
}

/* ---- terms ----------------------------------------------------------------------- */

static int bad_where(const struct plan_check *c, ProtobufCBinaryData where, struct error *e) {
    char quote[GUARD_QUOTE_MAX];
    return error_set(e, ERR_INVALID, "where",
                     "%s: where \"%s\" is not a filter. Write field=value or field!=value.",
                     "%s：where の「%s」は条件ではありません。field=value か field!=value と"
                     "書いてください。",
                     c->what, guard_quote(where.data, where.len, quote));
}

/* field=value,value or field!=value: as on the command line. */
static int check_where(const struct plan_check *c, ProtobufCBinaryData where, struct error *e) {
    char field[TEXT_CODE_MAX + 1] = "";
    size_t len = 0;
    while (len < where.len && where.data[len] != '=' && where.data[len] != '!') {
        len++;
    }
    size_t at = len + (len < where.len && where.data[len] == '!');
    if (len == 0 || len >= sizeof field || at >= where.len || where.data[at] != '=') {
        return bad_where(c, where, e);
    }
    ProtobufCBinaryData name = {len, where.data};
    if (check_one_of(name, check_filter_fields, "where", e) != 0) {
        return -1;
    }
    memcpy(field, where.data, len);
    if (strcmp(field, "status") == 0) { /* of cases in a list, not of what is counted */
        return bad_where(c, where, e);
    }
    for (size_t from = at + 1, to; from <= where.len; from = to + 1) {
        for (to = from; to < where.len && where.data[to] != ','; to++) {
        }
        if (to == from) {
            return bad_where(c, where, e);
        }
        if (check_filter_value(field, (ProtobufCBinaryData){to - from, where.data + from}, e) !=
            0) {
            return -1;
        }
    }
    return 0;
}

static int check_term(const struct plan_check *c, const Document__Term *term, const char *field,
                      struct error *e) {
    if (term->has_figure == term->has_count || (term->has_figure && term->n_where > 0)) {
        return error_set(
            e, ERR_INVALID, field,
            "%s: a term is either {figure: SERIES} or {count: WORD, where: [...]}.",
            "%s：項は {figure: 系列} か {count: 数え方, where: [...]} のどちらかです。", c->what);
    }
    if (term->has_count && check_one_of(term->count, check_count_words, "count", e) != 0) {
        return -1;
    }
    if (term->has_figure && !check_names_has(&c->names, bytes_of("series"), term->figure)) {
        char quote[GUARD_QUOTE_MAX];
        return error_set(e, ERR_INVALID, "figure",
                         "%s: there is no series \"%s\". Declare it under series: or correct it.",
                         "%s：系列「%s」がありません。series: に加えるか直してください。", c->what,
                         guard_quote(term->figure.data, term->figure.len, quote));
    }
    if (check_size("where", term->n_where, WHERE_MAX, e) != 0) {
        return -1;
    }
    for (size_t i = 0; i < term->n_where; i++) {
        if (check_where(c, term->where[i], e) != 0) {
            return -1;
        }
    }
    return 0;
}

static int check_terms(const struct plan_check *c, Document__Term *const *terms, size_t n,
                       const char *field, struct error *e) {
    if (check_size(field, n, TERMS_MAX, e) != 0) {
        return -1;
    }
    for (size_t i = 0; i < n; i++) {
        if (check_term(c, terms[i], field, e) != 0) {
            return -1;
        }
    }
    return 0;
}

/* ---- indicators ------------------------------------------------------------------ */

static int out_of_place(const struct plan_check *c, const char *field, const char *kind,
                        struct error *e) {
    return error_set(e, ERR_INVALID, field, "%s: %s goes with kind %s only. Leave it out.",
                     "%s：%s は kind が %s のときだけ書きます。外してください。", c->what, field,
                     kind);
}

static bool valid_years(bool has_from, uint32_t from, bool has_to, uint32_t to) {
    return has_from && has_to && from >= CALENDAR_FIRST_YEAR && to <= 9998 && from <= to;
}

static int check_window(const struct plan_check *c, const Document__Indicator *i, struct error *e) {
    bool window = bytes_equal(i->kind, "window");
    if (!window && (i->has_window_from || i->has_window_to)) {
        return out_of_place(c, "window", "window", e);
    }
    if (window &&
        !valid_years(i->has_window_from, i->window_from, i->has_window_to, i->window_to)) {
        return error_set(
            e, ERR_INVALID, "window",
            "%s: kind window needs its years, window: {from: FY2021, to: FY2025}.",
            "%s：kind が window なら期間が必要です。window: {from: FY2021, to: FY2025} "
            "のように書いてください。",
            c->what);
    }
    return 0;
}

/* Facts before `since` are inside the baseline; without it the baseline's own
 * period must say where it ends. */
static int check_since(const struct plan_check *c, const Document__Indicator *i, struct error *e) {
    bool cumulative = bytes_equal(i->kind, "cumulative");
    struct period p;
    if (i->has_since) {
        if (!cumulative) {
            return out_of_place(c, "since", "cumulative", e);
        }
        if (!calendar_date_valid(i->since)) {
            return error_set(e, ERR_INVALID, "since", "%s: since must be a date, like 2018-04-01.",
                             "%s：since は 2018-04-01 のような日付にしてください。", c->what);
        }
        return 0;
    }
    if (cumulative &&
        (i->n_baseline == 0 || !read_period(i->baseline[i->n_baseline - 1]->period, &p) ||
         p.kind == PERIOD_OPEN)) {
        return error_set(e, ERR_INVALID, "since",
                         "%s: kind cumulative needs since, the first date counted, or a baseline "
                         "whose period is a fiscal year.",
                         "%s：kind が cumulative なら、数え始めの日 since か、期間が年度の基準値が"
                         "必要です。",
                         c->what);
    }
    return 0;
}

static int check_as_of(const struct plan_check *c, const Document__Indicator *i, struct error *e) {
    if (check_size("as_of", i->n_as_of, YEARS_MAX, e) != 0) {
        return -1;
    }
    for (size_t k = 0; k < i->n_as_of; k++) {
        const Document__AsOf *a = i->as_of[k];
        if (!a->has_year || !a->has_date || !calendar_date_valid(a->date) ||
            calendar_fiscal_year(a->date) < a->year) {
            return error_set(
                e, ERR_INVALID, "as_of",
                "%s: as_of needs a year and a date in it or after it, {year: FY2021, "
                "date: 2022-03-13}.",
                "%s：as_of には年度と、その年度内かその後の日付が必要です。{year: FY2021, "
                "date: 2022-03-13} のように書いてください。",
                c->what);
        }
        for (size_t j = 0; j < k; j++) {
            if (i->as_of[j]->year == a->year) {
                return error_set(e, ERR_INVALID, "as_of", "%s: as_of has FY%u twice.",
                                 "%s：as_of に FY%u が2回あります。", c->what, a->year);
            }
        }
    }
    return 0;
}

static int check_verdicts(const struct plan_check *c, const Document__Indicator *i,
                          struct error *e) {
    if (check_size("verdicts", i->n_verdict, YEARS_MAX, e) != 0) {
        return -1;
    }
    for (size_t k = 0; k < i->n_verdict; k++) {
        const Document__Verdict *v = i->verdict[k];
        if (!v->has_year || v->year < CALENDAR_FIRST_YEAR || v->year > 9998) {
            return check_missing("year", c->what, e);
        }
        if (!v->has_letter || check_is_blank(v->letter)) {
            return check_missing("letter", c->what, e);
        }
        if (check_is_blank(v->source) && check_is_blank(v->reason)) {
            return error_set(e, ERR_INVALID, "verdicts",
                             "%s: a verdict needs its source, or a reason if it is set by hand.",
                             "%s：達成度には出典か、手で付けた理由が必要です。", c->what);
        }
    }
    return 0;
}

static int check_kind(const struct plan_check *c, const Document__Indicator *i, struct error *e) {
    if (!i->has_kind) {
        return check_missing("kind", c->what, e);
    }
    if (check_one_of(i->kind, kinds, "kind", e) != 0) {
        return -1;
    }
    if (i->n_denominator > 0 && !bytes_equal(i->kind, "ratio")) {
        return out_of_place(c, "denominator", "ratio", e);
    }
    if (i->n_term == 0) {
        return check_missing("terms", c->what, e);
    }
    if (i->has_scale && !check_names_has(&c->names, bytes_of("scale"), i->scale)) {
        char quote[GUARD_QUOTE_MAX];
        return error_set(e, ERR_INVALID, "scale",
                         "%s: there is no scale \"%s\". Declare it under scales: or correct it.",
                         "%s：評価基準「%s」がありません。scales: に加えるか直してください。",
                         c->what, guard_quote(i->scale.data, i->scale.len, quote));
    }
    return check_window(c, i, e) != 0 ? -1 : check_since(c, i, e);
}

static int check_indicator(const struct plan_check *c, const Document__Indicator *i,
                           struct error *e) {
    if (!i->has_name || check_is_blank(i->name)) {
        return check_missing("name", c->what, e);
    }
    if (check_text(i->name, LABEL_BYTES, "name", e) != 0 ||
        check_text(i->unit, CHECK_NAME_BYTES, "unit", e) != 0) {
        return -1;
    }
    if (i->has_decimals && i->decimals > DECIMALS_MAX) {
        return error_set(e, ERR_INVALID, "decimals", "%s: decimals is at most %d.",
                         "%s：decimals は %d までです。", c->what, DECIMALS_MAX);
    }
    if (check_values(c->what, i->baseline, i->n_baseline, e) != 0 ||
        check_values(c->what, i->target, i->n_target, e) != 0 || check_kind(c, i, e) != 0 ||
        check_terms(c, i->term, i->n_term, "terms", e) != 0 ||
        check_terms(c, i->denominator, i->n_denominator, "denominator", e) != 0 ||
        check_terms(c, i->beside, i->n_beside, "beside", e) != 0) {
        return -1;
    }
    return check_as_of(c, i, e) != 0 ? -1 : check_verdicts(c, i, e);
}

/* ---- series, scales, the plan ---------------------------------------------------- */

static int check_bands(const Document__Scale *scale, const char *what, struct error *e) {
    double last = 0;
    if (check_size("bands", scale->n_band, BANDS_MAX, e) != 0) {
        return -1;
    }
    for (size_t k = 0; k < scale->n_band; k++) {
        const Document__Band *band = scale->band[k];
        if (!band->has_letter || check_is_blank(band->letter)) {
            return check_missing("letter", what, e);
        }
        if (!band->has_min) {
            if (k + 1 == scale->n_band) {
                break; /* anything lower */
            }
            return check_missing("min", what, e);
        }
        if (!is_decimal(band->min)) {
            return not_decimal(what, "min", band->min, e);
        }
        char text[32];
        snprintf(text, sizeof text, "%.*s", (int)band->min.len, (const char *)band->min.data);
        double min = strtod(text, NULL);
        if (k > 0 && min >= last) {
            return error_set(e, ERR_INVALID, "bands",
                             "%s: bands go from the highest min to the lowest. Sort them.",
                             "%s：bands は min の大きい順に並べてください。", what);
        }
        last = min;
    }
    return 0;
}

static int check_scale(const Document__Scale *scale, struct error *e) {
    char what[CHECK_WHAT_MAX];
    check_what(what, "scale", scale->id);
    if (!scale->has_formula) {
        return check_missing("formula", what, e);
    }
    if (check_one_of(scale->formula, formulas, "formula", e) != 0) {
        return -1;
    }
    return scale->n_band == 0 ? check_missing("bands", what, e) : check_bands(scale, what, e);
}

static int check_series(const Document__Series *series, struct error *e) {
    char what[CHECK_WHAT_MAX];
    check_what(what, "series", series->id);
    if (!series->has_type) {
        return check_missing("type", what, e);
    }
    return check_one_of(series->type, types, "type", e);
}

static int check_head(const Document__Plan *plan, struct error *e) {
    if (!plan->has_format || plan->format != 1) {
        return error_set(e, ERR_INVALID, "format", "This version reads plans of format 1.",
                         "この版が読めるのは形式1の計画です。");
    }
    if (!plan->has_id) {
        return check_missing("plan", "plan", e);
    }
    if (check_word(plan->id, "plan", e) != 0) {
        return -1;
    }
    if (plan->has_municipality &&
        !municipality_code_valid((const char *)plan->municipality.data, plan->municipality.len)) {
        return error_set(
            e, ERR_INVALID, "municipality",
            "municipality: must be the six digits of 全国地方公共団体コード, in quotes: "
            "\"062090\".",
            "municipality：全国地方公共団体コード6桁を \"062090\" のように引用符で"
            "囲んで書いてください。");
    }
    if (!plan->has_from && !plan->has_to) {
        return 0; /* a plan that prints no years */
    }
    if (!valid_years(plan->has_from, plan->from, plan->has_to, plan->to) ||
        plan->to - plan->from >= YEARS_MAX) {
        return error_set(e, ERR_INVALID, "years",
                         "years: must be at most %d fiscal years, {from: FY2019, to: FY2023}.",
                         "years：%d 年度以内の計画の年度を {from: FY2019, to: FY2023} のように"
                         "書いてください。",
                         YEARS_MAX);
    }
    return 0;
}

static int collect(struct plan_check *c, struct error *e) {
    const Document__Plan *plan = c->plan;
    if (check_names_make(&c->names, plan->n_series + plan->n_scale + plan->n_indicator, e) != 0) {
        return -1;
    }
    for (size_t i = 0; i < plan->n_series; i++) {
        if (check_word(plan->series[i]->id, "id", e) != 0) {
            return -1;
        }
        check_names_add(&c->names, bytes_of("series"), plan->series[i]->id);
    }
    for (size_t i = 0; i < plan->n_scale; i++) {
        if (check_word(plan->scale[i]->id, "id", e) != 0) {
            return -1;
        }
        check_names_add(&c->names, bytes_of("scale"), plan->scale[i]->id);
    }
    for (size_t i = 0; i < plan->n_indicator; i++) {
        if (check_word(plan->indicator[i]->id, "id", e) != 0) {
            return -1;
        }
        check_names_add(&c->names, bytes_of("indicator"), plan->indicator[i]->id);
    }
    return check_names_sort(&c->names, "id", e);
}

static int check_parts(struct plan_check *c, struct error *e) {
    for (size_t i = 0; i < c->plan->n_series; i++) {
        if (check_series(c->plan->series[i], e) != 0) {
            return -1;
        }
    }
    for (size_t i = 0; i < c->plan->n_scale; i++) {
        if (check_scale(c->plan->scale[i], e) != 0) {
            return -1;
        }
    }
    for (size_t i = 0; i < c->plan->n_indicator; i++) {
        check_what(c->what, "indicator", c->plan->indicator[i]->id);
        if (check_indicator(c, c->plan->indicator[i], e) != 0) {
            return -1;
        }
    }
    return 0;
}

int check_plan(const Document__Plan *plan, struct error *e) {
    struct plan_check c = {.plan = plan};
    if (check_size("indicators", plan->n_indicator, CHECK_INDICATORS_MAX, e) != 0 ||
        check_size("series", plan->n_series, CHECK_INDICATORS_MAX, e) != 0 ||
        check_size("scales", plan->n_scale, SCALES_MAX, e) != 0 ||
        check_texts(&plan->base, e) != 0 || check_head(plan, e) != 0) {
        return -1;
    }
    int rc = collect(&c, e);
    if (rc == 0) {
        rc = check_parts(&c, e);
    }
    check_names_free(&c.names);
    return rc;
}
