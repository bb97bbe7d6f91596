/* 年報: month x topic of a fiscal year; and five fiscal years. */
#include "client/labels.h"
#include "client/report_private.h"
#include "client/words.h"
#include "proto/calendar.h"

#define MONTHS 12
#define YEARS  5

/* ---- a year, month by month ---------------------------------------------------------------- */

static uint32_t month_of_year(uint32_t year, unsigned i) {
    return i < 9 ? year * 100 + 4 + i : (year + 1) * 100 + i - 8;
}

static const char *month_label(struct builder *b, uint32_t month) {
    if (words_japanese()) {
        return arena_printf(b->arena, "%u月", month % 100);
    }
    return arena_printf(b->arena, "%04u-%02u", month / 100, month % 100);
}

/* What a table by months is made from. */
struct monthly {
    const char *field;
    struct span span, before;
    const struct question *by_month, *by_field, *field_before;
    const struct question *active_month, *active_field, *active, *active_before;
};

static void month_rows(struct builder *b, struct report_table *t, const struct axis *axis,
                       const struct monthly *m) {
    uint32_t year = calendar_fiscal_year(m->span.from);
    for (unsigned i = 0; i < MONTHS; i++) {
        uint32_t month = month_of_year(year, i);
        struct span days = span_until(span_of_month(month), m->span.to);
        struct report_head *row = table_row(b, t, month_label(b, month));
        char key[16];
        row->span = days.from != 0 ? days : span_of_month(month);
        snprintf(key, sizeof key, "%04u-%02u", month / 100, month % 100);
        for (size_t k = 0; k <= axis->n; k++) {
            table_set(t, i, k, answer_count(m->by_month, key, k < axis->n ? axis->key[k] : NULL));
        }
        table_set(t, i, axis->n + 1, answer_count(m->active_month, key, NULL));
        for (size_t k = 0; k < t->n_column && days.from == 0; k++) {
            table_absent(t, i, k);
        }
    }
}

/* Below the months: the year, its distinct cases, the year before, how they compare. */
static void year_rows(struct builder *b, struct report_table *t, const struct axis *axis,
                      const struct monthly *m) {
    static const enum report_statistic statistics[] = {STATISTIC_DIFFERENCE, STATISTIC_RATIO,
                                                       STATISTIC_RATE};
    const char *const labels[] = {_("Difference"), _("Ratio to the year before (%)"),
                                  _("Rate of change (%)")};
    table_row(b, t, _("total"))->total = true;
    table_row(b, t, labels_measure("active"))->measure = "active";
    table_row(b, t, label_before(m->span))->span = m->before;
    for (size_t i = 0; i < 3; i++) {
        table_row(b, t, labels[i])->statistic = statistics[i];
    }
    for (size_t k = 0; k <= axis->n + 1; k++) {
        const char *key = k < axis->n ? axis->key[k] : NULL;
        bool distinct = k == axis->n + 1;
        int64_t now = answer_count(distinct ? m->active : m->by_field, key, NULL);
        int64_t before = answer_count(distinct ? m->active_before : m->field_before, key, NULL);
        table_set(t, MONTHS, k, now);
        if (key != NULL) {
            table_set(t, MONTHS + 1, k, answer_count(m->active_field, key, NULL));
        }
        table_set(t, MONTHS + 2, k, before);
        for (size_t i = 0; i < 3; i++) {
            table_put(t, MONTHS + 3 + i, k, report_compare(statistics[i], now, before));
        }
    }
}

static void month_field(struct builder *b, const char *field, const char *id, const char *by,
                        struct span span) {
    struct monthly m = {
        .field = field,
        .span = span,
        .before = span_before(span),
        .by_month = report_ask(b, "contacts", by, span),
        .by_field = report_ask(b, "contacts", field, span),
        .field_before = report_ask(b, "contacts", field, span_before(span)),
        .active_month = report_ask(b, "active", "month", span),
        .active_field = report_ask(b, "active", field, span),
        .active = report_ask(b, "active", "", span),
        .active_before = report_ask(b, "active", "", span_before(span)),
    };
    struct axis axis =
        axis_of(b, field, false, (const struct question *[]){m.by_field, m.field_before}, 2);
    struct report_table *t = table_new(b, id, "contacts", span, MONTHS + 6, axis.n + 2);
    t->title = arena_printf(b->arena, _("Month by %s"), axis_heading(b, field));
    t->corner[0] = labels_field("month");
    table_columns(b, t, &axis);
    table_column(b, t, _("total"))->total = true;
    table_column(b, t, labels_measure("active"))->measure = "active";
    month_rows(b, t, &axis, &m);
    year_rows(b, t, &axis, &m);
    note_before(b, t, span);
    t->chart = (struct report_chart){_("Contacts a month"), false, 0, MONTHS, axis.n, 1};
}

void build_yearly(struct builder *b) {
    const struct report *r = b->report;
    struct span span = span_until(span_of_year(r->params.year), r->today);
    bool topic = strcmp(axis_main(b), "topic") == 0;
    build_summary(b, span, (struct span){0, 0});
    month_field(b, axis_main(b), topic ? "month-topic" : "month-service",
                topic ? "month,topic" : "month,service", span);
    month_field(b, "channel", "month-channel", "month,channel", span);
    build_breakdown(b, axis_main(b), span);
    build_breakdown(b, "channel", span);
    build_outcomes(b, span);
    build_breakdown(b, "age", span);
    build_breakdown(b, "origin", span);
    build_breakdown(b, "hour", span);
}

/* ---- five years ----------------------------------------------------------------------------- */

const char *year_label(struct builder *b, uint32_t year) {
    char text[16];
    snprintf(text, sizeof text, "%u", year);
    const char *label =
        words_japanese() ? labels_year(text, b->arena) : arena_printf(b->arena, "FY%u", year);
    return label != text ? label : arena_strndup(b->arena, text, strlen(text));
}

struct span table_year(struct builder *b, struct report_table *t, uint32_t year, char key[16]) {
    struct span span = span_until(span_of_year(year), b->report->today);
    table_row(b, t, year_label(b, year))->span = span;
    snprintf(key, 16, "%u", year);
    return span;
}

struct span span_of_years(const struct builder *b, uint32_t last, uint32_t n) {
    struct span span = span_until(span_of_year(last), b->report->today);
    span.from = (last - n + 1) * 10000 + 401;
    return span;
}

/* What the year before counted, up to the same day where this one is not over. */
static int64_t count_before(struct builder *b, const struct question *by_year, const char *count,
                            uint32_t year, struct span span) {
    char key[16];
    const struct question *same_days = report_ask(b, count, "", span_before(span));
    if (!span_is_year(span)) {
        return answer_count(same_days, NULL, NULL);
    }
    snprintf(key, sizeof key, "%u", year - 1);
    return answer_count(by_year, key, NULL);
}

static void year_field(struct builder *b, const char *count, const char *field, const char *id,
                       const char *by) {
    uint32_t last = b->report->params.year;
    bool contacts = strcmp(count, "contacts") == 0;
    struct span all = span_of_years(b, last, YEARS);
    const struct question *q = report_ask(b, count, by, span_of_years(b, last, YEARS + 1));
    const struct question *active = report_ask(b, "active", "year", all);
    struct axis axis = axis_of(b, field, false, &q, 1);
    size_t total = axis.n;
    struct report_table *t = table_new(b, id, count, all, YEARS, axis.n + 4 + contacts);
    t->title = arena_printf(b->arena, _("Year by %s"), axis_heading(b, field));
    t->corner[0] = labels_field("year");
    table_columns(b, t, &axis);
    table_column(b, t, _("total"))->total = true;
    if (contacts) {
        table_column(b, t, labels_measure("active"))->measure = "active";
    }
    table_compare_columns(b, t);
    for (uint32_t i = 0; i < YEARS; i++) {
        uint32_t year = last - YEARS + 1 + i;
        char key[16];
        struct span span = table_year(b, t, year, key);
        for (size_t k = 0; k <= total; k++) {
            table_set(t, i, k, answer_count(q, key, k < total ? axis.key[k] : NULL));
        }
        if (contacts) {
            table_set(t, i, total + 1, answer_count(active, key, NULL));
        }
        table_compare(t, i, total + 1 + contacts, answer_count(q, key, NULL),
                      count_before(b, q, count, year, span));
        if (!span_is_year(span)) {
            note_before(b, t, span);
        }
    }
    t->chart = (struct report_chart){t->title, false, 0, YEARS, total, 1};
}

void build_five_years(struct builder *b) {
    bool topic = strcmp(axis_main(b), "topic") == 0;
    year_field(b, "contacts", axis_main(b), topic ? "year-topic" : "year-service",
               topic ? "year,topic" : "year,service");
    year_field(b, "contacts", "channel", "year-channel", "year,channel");
    year_field(b, "outcomes", "outcome", "year-outcome", "year,outcome");
}
