#include "proto/yaml.h"

#include "proto/check.h"
#include "proto/guard.h"
#include "proto/message.h"

#include <cyaml/cyaml.h>

/* ---- the form of the file ------------------------------------------------------ */

struct y_years {
    char *from, *to;
};

struct y_headings {
    char *baseline, *actual, *target, *verdict;
};

struct y_series {
    char *id, *type, *name;
};

struct y_band {
    char *letter, *min;
};

struct y_scale {
    char *id, *formula;
    bool yearly;
    struct y_band *bands;
    unsigned n_bands;
};

struct y_term {
    char *figure, *count;
    char **where;
    unsigned n_where;
};

struct y_as_of {
    char *year, *date;
};

struct y_value {
    char *value, *period, *comparator, *label, *source;
};

struct y_verdict {
    char *year, *letter, *source, *reason;
};

struct y_indicator {
    char *id, *name, *name_en, *unit, *policy, *department, *kind, *since, *scale, *note;
    unsigned *decimals;
    struct y_years *window;
    struct y_term *terms, *denominator, *beside;
    unsigned n_terms, n_denominator, n_beside;
    struct y_as_of *as_of;
    unsigned n_as_of;
    struct y_value *baseline, *targets;
    unsigned n_baseline, n_targets;
    struct y_verdict *verdicts;
    unsigned n_verdicts;
};

struct y_plan {
    char *plan, *title, *municipality, *source;
    struct y_years *years;
    struct y_headings *headings;
    struct y_series *series;
    unsigned n_series;
    struct y_scale *scales;
    unsigned n_scales;
    struct y_indicator *indicators;
    unsigned n_indicators;
};

#define NEEDED CYAML_FLAG_DEFAULT
#define MAY    CYAML_FLAG_OPTIONAL
#define TEXT(key, flags, type, member) \
    CYAML_FIELD_STRING_PTR(key, flags, struct type, member, 0, CYAML_UNLIMITED)
#define LIST(key, flags, type, member, entry)                                                      \
    CYAML_FIELD_SEQUENCE_COUNT(key, CYAML_FLAG_POINTER | (flags), struct type, member, n_##member, \
                               entry, 0, CYAML_UNLIMITED)
#define VALUE(name, type)                                                    \
    static const cyaml_schema_value_t name##_schema = {                      \
        CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct type, name##_fields), \
    }

static const cyaml_schema_value_t text_schema = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char *, 0, CYAML_UNLIMITED),
};

static const cyaml_schema_field_t years_fields[] = {
    TEXT("from", NEEDED, y_years, from),
    TEXT("to", NEEDED, y_years, to),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t headings_fields[] = {
    TEXT("baseline", MAY, y_headings, baseline),
    TEXT("actual", MAY, y_headings, actual),
    TEXT("target", MAY, y_headings, target),
    TEXT("verdict", MAY, y_headings, verdict),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t series_fields[] = {
    TEXT("id", NEEDED, y_series, id),
    TEXT("type", NEEDED, y_series, type),
    TEXT("name", MAY, y_series, name),
    CYAML_FIELD_END,
};
VALUE(series, y_series);

static const cyaml_schema_field_t band_fields[] = {
    TEXT("letter", NEEDED, y_band, letter),
    TEXT("min", MAY, y_band, min),
    CYAML_FIELD_END,
};
VALUE(band, y_band);

static const cyaml_schema_field_t scale_fields[] = {
    TEXT("id", NEEDED, y_scale, id),
    TEXT("formula", NEEDED, y_scale, formula),
    CYAML_FIELD_BOOL("yearly", MAY, struct y_scale, yearly),
    LIST("bands", MAY, y_scale, bands, &band_schema),
    CYAML_FIELD_END,
};
VALUE(scale, y_scale);

static const cyaml_schema_field_t term_fields[] = {
    TEXT("figure", MAY, y_term, figure),
    TEXT("count", MAY, y_term, count),
    LIST("where", MAY, y_term, where, &text_schema),
    CYAML_FIELD_END,
};
VALUE(term, y_term);

static const cyaml_schema_field_t as_of_fields[] = {
    TEXT("year", NEEDED, y_as_of, year),
    TEXT("date", NEEDED, y_as_of, date),
    CYAML_FIELD_END,
};
VALUE(as_of, y_as_of);

static const cyaml_schema_field_t value_fields[] = {
    TEXT("value", NEEDED, y_value, value),        TEXT("period", MAY, y_value, period),
    TEXT("comparator", MAY, y_value, comparator), TEXT("label", MAY, y_value, label),
    TEXT("source", MAY, y_value, source),         CYAML_FIELD_END,
};
VALUE(value, y_value);

static const cyaml_schema_field_t verdict_fields[] = {
    TEXT("year", NEEDED, y_verdict, year),
    TEXT("letter", NEEDED, y_verdict, letter),
    TEXT("source", MAY, y_verdict, source),
    TEXT("reason", MAY, y_verdict, reason),
    CYAML_FIELD_END,
};
VALUE(verdict, y_verdict);

static const cyaml_schema_field_t indicator_fields[] = {
    TEXT("id", NEEDED, y_indicator, id),
    TEXT("name", NEEDED, y_indicator, name),
    TEXT("name_en", MAY, y_indicator, name_en),
    TEXT("unit", MAY, y_indicator, unit),
    CYAML_FIELD_UINT_PTR("decimals", MAY, struct y_indicator, decimals),
    TEXT("policy", MAY, y_indicator, policy),
    TEXT("department", MAY, y_indicator, department),
    TEXT("kind", NEEDED, y_indicator, kind),
    LIST("terms", MAY, y_indicator, terms, &term_schema),
    LIST("denominator", MAY, y_indicator, denominator, &term_schema),
    LIST("beside", MAY, y_indicator, beside, &term_schema),
    TEXT("since", MAY, y_indicator, since),
    CYAML_FIELD_MAPPING_PTR("window", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct y_indicator,
                            window, years_fields),
    LIST("as_of", MAY, y_indicator, as_of, &as_of_schema),
    LIST("baseline", MAY, y_indicator, baseline, &value_schema),
    LIST("targets", MAY, y_indicator, targets, &value_schema),
    LIST("verdicts", MAY, y_indicator, verdicts, &verdict_schema),
    TEXT("scale", MAY, y_indicator, scale),
    TEXT("note", MAY, y_indicator, note),
    CYAML_FIELD_END,
};
VALUE(indicator, y_indicator);

static const cyaml_schema_field_t plan_fields[] = {
    TEXT("plan", NEEDED, y_plan, plan),
    TEXT("title", NEEDED, y_plan, title),
    TEXT("municipality", NEEDED, y_plan, municipality),
    TEXT("source", MAY, y_plan, source),
    CYAML_FIELD_MAPPING_PTR("years", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct y_plan, years,
                            years_fields),
    CYAML_FIELD_MAPPING_PTR("headings", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct y_plan,
                            headings, headings_fields),
    LIST("series", MAY, y_plan, series, &series_schema),
    LIST("scales", MAY, y_plan, scales, &scale_schema),
    LIST("indicators", NEEDED, y_plan, indicators, &indicator_schema),
    CYAML_FIELD_END,
};

static const cyaml_schema_value_t plan_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct y_plan, plan_fields),
};

/* ---- words --------------------------------------------------------------------- */

static const char *const types[] = {"flow", "stock", NULL};
static const char *const formulas[] = {"actual/target", "progress", "target/actual", "comparator",
                                       NULL};
static const char *const kinds[] = {"annual", "cumulative", "window", "as-of",
                                    "ratio",  "frequency",  NULL};
static const char *const comparators[] = {"以上", "超",   "以下", "以内",
                                          "未満", "程度", "均衡", NULL};

/* ---- into the message ------------------------------------------------------------ */

static int out_of_room(const struct yaml_source *s, struct error *e) {
    error_set(e, ERR_TOO_MUCH, "", "the file is too large.", "ファイルが大きすぎます。");
    return yaml_place(s, 0, e);
}

/* An array of n messages of a type, initialised, and the array of pointers to
 * them that protobuf-c wants. */
#define MAKE(s, type, member, count, items, e)                               \
    type *items = arena_zalloc((s)->arena, ((count) + 1) * sizeof *(items)); \
    *(member) = arena_zalloc((s)->arena, ((count) + 1) * sizeof **(member)); \
    if ((items) == NULL || *(member) == NULL) {                              \
        return out_of_room(s, e);                                            \
    }

/* Moves on to the line of the next item with this id. */
static void step(struct yaml_source *s, const char *key, const char *id) {
    unsigned line = yaml_line_of_key(s, key, id, s->line);
    s->line = line > 0 ? line : s->line;
}

static int twice(const struct yaml_source *s, const char *id, struct error *e) {
    error_set(e, ERR_INVALID, "id", "the id \"%s\" is given twice. Expected an id of its own.",
              "id 「%s」が 2 回書かれています。別の id にしてください。", GUARD_QUOTE(id));
    return yaml_place(s, s->line, e);
}

static int take_series(struct yaml_source *s, const struct y_plan *y, Document__Plan *plan,
                       struct error *e) {
    s->line = yaml_line_of(s, "series", 0);
    if (yaml_count(s, "series", y->n_series, CHECK_INDICATORS_MAX, e) < 0) {
        return -1;
    }
    MAKE(s, Document__Series, &plan->series, y->n_series, items, e);
    for (unsigned i = 0; i < y->n_series; i++) {
        const struct y_series *from = &y->series[i];
        Document__Series *to = &items[i];
        document__series__init(to);
        plan->series[plan->n_series++] = to;
        step(s, "id", from->id);
        if (yaml_text(s, "id", from->id, &to->has_id, &to->id, e) < 0 ||
            yaml_word(s, "type", from->type, types, e) < 0 ||
            yaml_text(s, "type", from->type, &to->has_type, &to->type, e) < 0 ||
            yaml_text(s, "name", from->name, &to->has_name, &to->name, e) < 0) {
            return -1;
        }
        for (unsigned k = 0; k < i; k++) {
            if (strcmp(y->series[k].id, from->id) == 0) {
                return twice(s, from->id, e);
            }
        }
    }
    return 0;
}

static int take_bands(struct yaml_source *s, const struct y_scale *y, Document__Scale *scale,
                      struct error *e) {
    MAKE(s, Document__Band, &scale->band, y->n_bands, items, e);
    for (unsigned i = 0; i < y->n_bands; i++) {
        document__band__init(&items[i]);
        scale->band[scale->n_band++] = &items[i];
        if (yaml_text(s, "letter", y->bands[i].letter, &items[i].has_letter, &items[i].letter, e) <
                0 ||
            yaml_text(s, "min", y->bands[i].min, &items[i].has_min, &items[i].min, e) < 0) {
            return -1;
        }
    }
    return 0;
}

static int take_scales(struct yaml_source *s, const struct y_plan *y, Document__Plan *plan,
                       struct error *e) {
    s->line = y->n_scales > 0 ? yaml_line_of(s, "scales", 0) : 0;
    if (yaml_count(s, "scales", y->n_scales, CHECK_INDICATORS_MAX, e) < 0) {
        return -1;
    }
    MAKE(s, Document__Scale, &plan->scale, y->n_scales, items, e);
    for (unsigned i = 0; i < y->n_scales; i++) {
        const struct y_scale *from = &y->scales[i];
        Document__Scale *to = &items[i];
        document__scale__init(to);
        plan->scale[plan->n_scale++] = to;
        step(s, "id", from->id);
        SET(to, yearly, from->yearly);
        if (yaml_text(s, "id", from->id, &to->has_id, &to->id, e) < 0 ||
            yaml_word(s, "formula", from->formula, formulas, e) < 0 ||
            yaml_text(s, "formula", from->formula, &to->has_formula, &to->formula, e) < 0 ||
            take_bands(s, from, to, e) < 0) {
            return -1;
        }
        for (unsigned k = 0; k < i; k++) {
            if (strcmp(y->scales[k].id, from->id) == 0) {
                return twice(s, from->id, e);
            }
        }
    }
    return 0;
}

/* ---- indicators -------------------------------------------------------------------- */

/* The line on which a word of the indicator at hand stands. */
static unsigned line_of(const struct yaml_source *s, const char *word) {
    unsigned line = yaml_line_of(s, word, s->line > 0 ? s->line - 1 : 0);
    return line > 0 ? line : s->line;
}

static int check_where(const struct yaml_source *s, const char *where, struct error *e) {
    size_t len = strcspn(where, "=!");
    bool filter = where[len] == '=' || (where[len] == '!' && where[len + 1] == '=');
    if (!filter || len == 0) {
        error_set(
            e, ERR_INVALID, "where",
            "where: \"%s\" is not a filter. Expected field=value or field!=value; several "
            "values in quotes: \"route=event,outreach\".",
            "where: 「%s」は条件ではありません。field=value か field!=value と書いてください。"
            "値が複数なら \"route=event,outreach\" のように引用符で囲みます。",
            GUARD_QUOTE(where));
        return yaml_place(s, line_of(s, where), e);
    }
    char field[40];
    snprintf(field, sizeof field, "%.*s", (int)len, where);
    return yaml_word(s, "where", field, check_filter_fields, e);
}

static int check_figure(const struct yaml_source *s, const Document__Plan *plan, const char *id,
                        struct error *e) {
    for (size_t i = 0; i < plan->n_series; i++) {
        if (bytes_equal(plan->series[i]->id, id)) {
            return 0;
        }
    }
    error_set(e, ERR_INVALID, "figure",
              "figure: there is no series \"%s\". Expected the id of an item under series:.",
              "figure: 系列「%s」がありません。series: にある id を書いてください。",
              GUARD_QUOTE(id));
    return yaml_place(s, line_of(s, id), e);
}

static int take_term(struct yaml_source *s, const Document__Plan *plan, const struct y_term *y,
                     Document__Term *term, struct error *e) {
    bool figure = y->figure != NULL && y->figure[0] != '\0';
    bool count = y->count != NULL && y->count[0] != '\0';
    if (figure == count || (figure && y->n_where > 0)) {
        error_set(e, ERR_INVALID, "terms",
                  "a term is either {figure: SERIES} or {count: WORD, where: [...]}.",
                  "項は {figure: 系列} か {count: 数え方, where: [...]} のどちらかです。");
        return yaml_place(s, s->line, e);
    }
    if (figure && check_figure(s, plan, y->figure, e) < 0) {
        return -1;
    }
    if (count && yaml_word(s, "count", y->count, check_count_words, e) < 0) {
        return -1;
    }
    for (unsigned i = 0; i < y->n_where; i++) {
        if (check_where(s, y->where[i], e) < 0) {
            return -1;
        }
    }
    if (yaml_text(s, "figure", y->figure, &term->has_figure, &term->figure, e) < 0 ||
        yaml_text(s, "count", y->count, &term->has_count, &term->count, e) < 0) {
        return -1;
    }
    return yaml_texts(s, "where", y->where, y->n_where, &term->n_where, &term->where, e);
}

static int take_terms(struct yaml_source *s, const Document__Plan *plan, const struct y_term *y,
                      unsigned n, size_t *n_out, Document__Term ***out, struct error *e) {
    MAKE(s, Document__Term, out, n, items, e);
    for (unsigned i = 0; i < n; i++) {
        document__term__init(&items[i]);
        (*out)[(*n_out)++] = &items[i];
        if (take_term(s, plan, &y[i], &items[i], e) < 0) {
            return -1;
        }
    }
    return 0;
}

static int take_as_of(struct yaml_source *s, const struct y_indicator *y,
                      Document__Indicator *indicator, struct error *e) {
    MAKE(s, Document__AsOf, &indicator->as_of, y->n_as_of, items, e);
    for (unsigned i = 0; i < y->n_as_of; i++) {
        Document__AsOf *to = &items[i];
        document__as_of__init(to);
        indicator->as_of[indicator->n_as_of++] = to;
        if (yaml_year(s, "year", y->as_of[i].year, &to->has_year, &to->year, e) < 0 ||
            yaml_date(s, "date", y->as_of[i].date, &to->has_date, &to->date, e) < 0) {
            return -1;
        }
    }
    return 0;
}

static int take_values(struct yaml_source *s, const struct y_value *y, unsigned n, size_t *n_out,
                       Document__Value ***out, struct error *e) {
    MAKE(s, Document__Value, out, n, items, e);
    for (unsigned i = 0; i < n; i++) {
        Document__Value *to = &items[i];
        document__value__init(to);
        (*out)[(*n_out)++] = to;
        if (yaml_text(s, "value", y[i].value, &to->has_value, &to->value, e) < 0 ||
            yaml_text(s, "period", y[i].period, &to->has_period, &to->period, e) < 0 ||
            yaml_word(s, "comparator", y[i].comparator, comparators, e) < 0 ||
            yaml_text(s, "comparator", y[i].comparator, &to->has_comparator, &to->comparator, e) <
                0 ||
            yaml_text(s, "label", y[i].label, &to->has_label, &to->label, e) < 0 ||
            yaml_text(s, "source", y[i].source, &to->has_source, &to->source, e) < 0) {
            return -1;
        }
    }
    return 0;
}

static int take_verdicts(struct yaml_source *s, const struct y_indicator *y,
                         Document__Indicator *indicator, struct error *e) {
    MAKE(s, Document__Verdict, &indicator->verdict, y->n_verdicts, items, e);
    for (unsigned i = 0; i < y->n_verdicts; i++) {
        const struct y_verdict *from = &y->verdicts[i];
        Document__Verdict *to = &items[i];
        document__verdict__init(to);
        indicator->verdict[indicator->n_verdict++] = to;
        if (yaml_year(s, "year", from->year, &to->has_year, &to->year, e) < 0 ||
            yaml_text(s, "letter", from->letter, &to->has_letter, &to->letter, e) < 0 ||
            yaml_text(s, "source", from->source, &to->has_source, &to->source, e) < 0 ||
            yaml_text(s, "reason", from->reason, &to->has_reason, &to->reason, e) < 0) {
            return -1;
        }
    }
    return 0;
}

static int take_scale_of(struct yaml_source *s, const Document__Plan *plan, const char *scale,
                         Document__Indicator *to, struct error *e) {
    if (scale == NULL || scale[0] == '\0') {
        return 0;
    }
    for (size_t i = 0; i < plan->n_scale; i++) {
        if (bytes_equal(plan->scale[i]->id, scale)) {
            return yaml_text(s, "scale", scale, &to->has_scale, &to->scale, e);
        }
    }
    error_set(e, ERR_INVALID, "scale",
              "scale: there is no scale \"%s\". Expected the id of an item under scales:.",
              "scale: 評価基準「%s」がありません。scales: にある id を書いてください。",
              GUARD_QUOTE(scale));
    unsigned line = yaml_line_of_key(s, "scale", scale, s->line);
    return yaml_place(s, line > 0 ? line : s->line, e);
}

static int take_texts_of(struct yaml_source *s, const struct y_indicator *y,
                         Document__Indicator *to, struct error *e) {
    if (yaml_text(s, "id", y->id, &to->has_id, &to->id, e) < 0 ||
        yaml_text(s, "name", y->name, &to->has_name, &to->name, e) < 0 ||
        yaml_text(s, "name_en", y->name_en, &to->has_name_en, &to->name_en, e) < 0 ||
        yaml_text(s, "unit", y->unit, &to->has_unit, &to->unit, e) < 0 ||
        yaml_text(s, "policy", y->policy, &to->has_policy, &to->policy, e) < 0 ||
        yaml_text(s, "department", y->department, &to->has_department, &to->department, e) < 0 ||
        yaml_word(s, "kind", y->kind, kinds, e) < 0 ||
        yaml_text(s, "kind", y->kind, &to->has_kind, &to->kind, e) < 0 ||
        yaml_text(s, "note", y->note, &to->has_note, &to->note, e) < 0 ||
        yaml_date(s, "since", y->since, &to->has_since, &to->since, e) < 0) {
        return -1;
    }
    if (y->decimals != NULL) {
        SET(to, decimals, *y->decimals);
    }
    if (y->window != NULL &&
        (yaml_year(s, "window", y->window->from, &to->has_window_from, &to->window_from, e) < 0 ||
         yaml_year(s, "window", y->window->to, &to->has_window_to, &to->window_to, e) < 0)) {
        return -1;
    }
    return 0;
}

static int take_indicator(struct yaml_source *s, const Document__Plan *plan,
                          const struct y_indicator *y, Document__Indicator *to, struct error *e) {
    if (take_texts_of(s, y, to, e) < 0 ||
        take_terms(s, plan, y->terms, y->n_terms, &to->n_term, &to->term, e) < 0 ||
        take_terms(s, plan, y->denominator, y->n_denominator, &to->n_denominator, &to->denominator,
                   e) < 0 ||
        take_terms(s, plan, y->beside, y->n_beside, &to->n_beside, &to->beside, e) < 0 ||
        take_as_of(s, y, to, e) < 0 ||
        take_values(s, y->baseline, y->n_baseline, &to->n_baseline, &to->baseline, e) < 0 ||
        take_values(s, y->targets, y->n_targets, &to->n_target, &to->target, e) < 0) {
        return -1;
    }
    return take_verdicts(s, y, to, e) < 0 ? -1 : take_scale_of(s, plan, y->scale, to, e);
}

static int take_indicators(struct yaml_source *s, const struct y_plan *y, Document__Plan *plan,
                           struct error *e) {
    s->line = yaml_line_of(s, "indicators", 0);
    if (yaml_count(s, "indicators", y->n_indicators, CHECK_INDICATORS_MAX, e) < 0) {
        return -1;
    }
    MAKE(s, Document__Indicator, &plan->indicator, y->n_indicators, items, e);
    for (unsigned i = 0; i < y->n_indicators; i++) {
        document__indicator__init(&items[i]);
        plan->indicator[plan->n_indicator++] = &items[i];
        step(s, "id", y->indicators[i].id);
        for (unsigned k = 0; k < i; k++) {
            if (strcmp(y->indicators[k].id, y->indicators[i].id) == 0) {
                return twice(s, y->indicators[i].id, e);
            }
        }
        if (take_indicator(s, plan, &y->indicators[i], &items[i], e) < 0) {
            return -1;
        }
    }
    return 0;
}

static int take_headings(struct yaml_source *s, const struct y_headings *y, Document__Plan *plan,
                         struct error *e) {
    if (y == NULL) {
        return 0;
    }
    if (yaml_text(s, "baseline", y->baseline, &plan->has_baseline_heading, &plan->baseline_heading,
                  e) < 0 ||
        yaml_text(s, "actual", y->actual, &plan->has_actual_heading, &plan->actual_heading, e) <
            0 ||
        yaml_text(s, "target", y->target, &plan->has_target_heading, &plan->target_heading, e) <
            0) {
        return -1;
    }
    return yaml_text(s, "verdict", y->verdict, &plan->has_verdict_heading, &plan->verdict_heading,
                     e);
}

static int take_years(struct yaml_source *s, const struct y_years *y, Document__Plan *plan,
                      struct error *e) {
    if (y == NULL) {
        return 0;
    }
    return yaml_year(s, "years", y->from, &plan->has_from, &plan->from, e) < 0
               ? -1
               : yaml_year(s, "years", y->to, &plan->has_to, &plan->to, e);
}

static int take_plan(struct yaml_source *s, const struct y_plan *y, ProtobufCBinaryData *packed,
                     struct error *e) {
    Document__Plan plan = DOCUMENT__PLAN__INIT;
    SET(&plan, format, 1);
    s->line = yaml_line_of(s, "plan", 0);
    if (yaml_text(s, "plan", y->plan, &plan.has_id, &plan.id, e) < 0 ||
        yaml_text(s, "title", y->title, &plan.has_title, &plan.title, e) < 0 ||
        yaml_text(s, "municipality", y->municipality, &plan.has_municipality, &plan.municipality,
                  e) < 0 ||
        yaml_text(s, "source", y->source, &plan.has_source, &plan.source, e) < 0 ||
        take_years(s, y->years, &plan, e) < 0 || take_headings(s, y->headings, &plan, e) < 0 ||
        take_series(s, y, &plan, e) < 0 || take_scales(s, y, &plan, e) < 0 ||
        take_indicators(s, y, &plan, e) < 0) {
        return -1;
    }
    if (check_plan(&plan, e) < 0) {
        return yaml_place(s, 0, e);
    }
    return message_pack(&plan.base, s->arena, packed, e);
}

int yaml_plan(const char *text, size_t len, const char *file_name, struct arena *arena,
              ProtobufCBinaryData *packed, struct error *e) {
    struct yaml_source source = {.text = text, .len = len, .file_name = file_name, .arena = arena};
    void *y;
    if (yaml_load(&source, &plan_schema, &y, e) < 0) {
        return -1;
    }
    int result = take_plan(&source, y, packed, e);
    yaml_unload(&plan_schema, y);
    return result;
}
