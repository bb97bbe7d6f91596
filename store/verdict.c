#include "store/verdict.h"

#include "proto/message.h"

enum comparator comparator_of(ProtobufCBinaryData word) {
    static const struct {
        const char *word;
        enum comparator comparator;
    } words[] = {
        {"超", COMPARE_MORE},   {"以下", COMPARE_AT_MOST}, {"以内", COMPARE_AT_MOST},
        {"未満", COMPARE_LESS}, {"程度", COMPARE_ABOUT},   {"均衡", COMPARE_BALANCE},
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (bytes_equal(word, words[i].word)) {
            return words[i].comparator;
        }
    }
    return COMPARE_AT_LEAST;
}

const char *formula_ja(enum formula formula) {
    static const char *const texts[] = {"実績÷目標", "(実績-基準)÷(目標-基準)", "目標÷実績",
                                        "実績÷目標"};
    return texts[formula];
}

static bool less_is_better(enum comparator c) {
    return c == COMPARE_AT_MOST || c == COMPARE_LESS;
}

static bool met(enum comparator c, struct fraction actual, struct fraction target) {
    int order = fraction_compare(actual, target);
    switch (c) {
    case COMPARE_MORE:
        return order > 0;
    case COMPARE_AT_MOST:
        return order <= 0;
    case COMPARE_LESS:
        return order < 0;
    default:
        return order >= 0;
    }
}

static enum formula formula_of(const Document__Scale *scale, enum comparator comparator) {
    if (scale != NULL && bytes_equal(scale->formula, "progress")) {
        return FORMULA_PROGRESS;
    }
    if (scale != NULL && bytes_equal(scale->formula, "target/actual")) {
        return FORMULA_TARGET;
    }
    if (scale != NULL && bytes_equal(scale->formula, "actual/target")) {
        return FORMULA_ACTUAL;
    }
    return less_is_better(comparator) ? FORMULA_TARGET : FORMULA_ACTUAL;
}

static bool work_out(enum formula formula, struct fraction actual, struct fraction target,
                     const struct fraction *baseline, struct fraction *out) {
    struct fraction num = formula == FORMULA_TARGET ? target : actual;
    struct fraction den = formula == FORMULA_TARGET ? actual : target;
    if (formula == FORMULA_PROGRESS &&
        (baseline == NULL || !fraction_subtract(actual, *baseline, &num) ||
         !fraction_subtract(target, *baseline, &den))) {
        return false;
    }
    return fraction_divide(num, den, out) && fraction_times(*out, 100, out);
}

void verdict_judge(const Document__Scale *scale, enum comparator comparator, struct fraction actual,
                   struct fraction target, const struct fraction *baseline, struct judgement *out) {
    *out = (struct judgement){.formula = formula_of(scale, comparator)};
    out->judged = comparator != COMPARE_ABOUT && comparator != COMPARE_BALANCE;
    out->met = out->judged && met(comparator, actual, target);
    out->has_ratio = work_out(out->formula, actual, target, baseline, &out->ratio);
}

/* A band without a min takes anything. */
static bool band_min(const Document__Band *band, struct fraction *min) {
    struct decimal d;
    return band->has_min && decimal_parse_bytes(band->min, &d) && decimal_fraction(d, min);
}

const Document__Band *verdict_band(const Document__Scale *scale, const struct judgement *j) {
    const struct fraction hundred = {100, 1};
    if (scale == NULL || !j->judged || scale->n_band == 0) {
        return NULL;
    }
    bool by_ratio = j->has_ratio && !bytes_equal(scale->formula, "comparator");
    struct fraction ratio = j->met ? hundred : (struct fraction){0, 1};
    if (by_ratio && (!j->met || fraction_compare(j->ratio, hundred) > 0)) {
        ratio = j->ratio;
    }
    for (size_t i = 0; i < scale->n_band; i++) {
        struct fraction min;
        if (!band_min(scale->band[i], &min)) {
            return scale->band[i];
        }
        if (!j->met && fraction_compare(min, hundred) >= 0) {
            continue;
        }
        if (fraction_compare(ratio, min) >= 0) {
            return scale->band[i];
        }
    }
    return NULL;
}
