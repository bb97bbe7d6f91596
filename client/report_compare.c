/* Tables that compare with the year before: the summary, breakdowns, outcomes. */
#include "client/labels.h"
#include "client/report_private.h"
#include "client/words.h"

void table_compare(struct report_table *t, size_t row, size_t column, int64_t now, int64_t before) {
    static const enum report_statistic statistics[] = {STATISTIC_DIFFERENCE, STATISTIC_RATIO,
                                                       STATISTIC_RATE};
    for (size_t i = 0; i < 3 && row < t->n_row && column + i < t->n_column; i++) {
        t->cell[row * t->n_column + column + i] = report_compare(statistics[i], now, before);
    }
}

void table_compare_columns(struct builder *b, struct report_table *t) {
    table_column(b, t, _("Difference"))->statistic = STATISTIC_DIFFERENCE;
    table_column(b, t, _("Ratio to the year before (%)"))->statistic = STATISTIC_RATIO;
    table_column(b, t, _("Rate of change (%)"))->statistic = STATISTIC_RATE;
}

static const char *label_now(struct span span) {
    return span_is_year(span) ? _("The year") : span_is_month(span) ? _("The month") : _("So far");
}

const char *label_before(struct span span) {
    return span_is_year(span)    ? _("Year before")
           : span_is_month(span) ? _("Month a year before")
                                 : _("Same days a year before");
}

void note_before(struct builder *b, struct report_table *t, struct span span) {
    table_note(t, arena_printf(b->arena, _("Compared with %s."), span_text(b, span_before(span))));
}

/* ---- summary ----------------------------------------------------------------------------- */

static const char *const measures[] = {"contacts", "active",    "consultations", "cases",
                                       "topics",   "outcomes",  "households",    "persons",
                                       "sessions", "attendees", "referrals",     "refusals"};
#define MEASURES (sizeof measures / sizeof measures[0])

static void summary_columns(struct builder *b, struct report_table *t, struct span span) {
    table_column(b, t, label_now(span))->span = span;
    table_column(b, t, label_before(span))->span = span_before(span);
    for (size_t i = t->n_column; i < t->n_column + 3 && i < t->room_column; i++) {
        t->column[i].span = span;
    }
    table_compare_columns(b, t);
}

static void summary_cells(struct builder *b, struct report_table *t, size_t row, size_t column,
                          struct span span, const char *label) {
    const char *measure = t->row[row].measure;
    const struct question *now = report_ask(b, measure, "", span);
    const struct question *before = report_ask(b, measure, "", span_before(span));
    int64_t n = answer_count(now, NULL, NULL);
    int64_t m = answer_count(before, NULL, NULL);
    table_set(t, row, column, n);
    table_set(t, row, column + 1, m);
    table_compare(t, row, column + 2, n, m);
    if (answer_unknown(now) != 0) {
        table_note(t, arena_printf(b->arena, _("%s, %s: and %lld without a number."),
                                   labels_measure(measure), label, (long long)answer_unknown(now)));
    }
}

void build_summary(struct builder *b, struct span span, struct span sofar) {
    struct report_table *t =
        table_new(b, "summary", NULL, span, MEASURES, sofar.from != 0 ? 10 : 5);
    t->title = _("Summary");
    t->corner[0] = _("What is counted");
    t->unit = _("as said in each row");
    summary_columns(b, t, span);
    if (sofar.from != 0) {
        summary_columns(b, t, sofar);
        t->column[5].label[0] = _("Since April");
        t->column[6].label[0] = _("Same, a year before");
    }
    for (size_t i = 0; i < MEASURES; i++) {
        struct report_head *row =
            table_row(b, t,
                      arena_printf(b->arena, "%s [%s]", labels_measure(measures[i]),
                                   report_unit_label(measures[i])));
        row->measure = measures[i];
        if (t->n_row == i + 1) {
            summary_cells(b, t, i, 0, span, label_now(span));
            if (sofar.from != 0) {
                summary_cells(b, t, i, 5, sofar, _("Since April"));
            }
        }
    }
    note_before(b, t, span);
}

/* ---- one field ------------------------------------------------------------------------------ */

static const struct {
    const char *field, *title;
} breakdowns[] = {
    {"topic", N_("By topic")}, {"service", N_("By service")}, {"channel", N_("By channel")},
    {"age", N_("By age")},     {"origin", N_("By origin")},   {"hour", N_("By hour of the day")},
};

static const char *title_of(struct builder *b, const char *field) {
    size_t i = 0;
    while (strcmp(breakdowns[i].field, field) != 0) {
        i++;
    }
    const char *service = b->report->params.service;
    if (i == 0 && service != NULL && strcmp(service, "mynumber") == 0) {
        return _("By purpose");
    }
    return _(breakdowns[i].title);
}

/* Only what was counted of lists that are long, or that are no list. */
static bool only_counted(const char *field) {
    return strcmp(field, "origin") == 0;
}

/* The last columns, the year before and how it compares, and then the rows with these and
 * the first column filled. */
static void compared_rows(struct builder *b, struct report_table *t, const struct axis *axis,
                          struct span span, const struct question *now,
                          const struct question *before) {
    size_t column = t->n_column;
    table_column(b, t, label_before(span))->span = span_before(span);
    table_compare_columns(b, t);
    table_rows(b, t, axis);
    table_row(b, t, _("total"))->total = true;
    for (size_t i = 0; i < t->n_row; i++) {
        const char *key = i < axis->n ? axis->key[i] : NULL;
        int64_t n = answer_count(now, key, NULL);
        int64_t m = answer_count(before, key, NULL);
        table_set(t, i, 0, n);
        table_set(t, i, column, m);
        table_compare(t, i, column + 1, n, m);
    }
}

void build_breakdown(struct builder *b, const char *field, struct span span) {
    enum { CONTACTS, ACTIVE };
    const struct question *now = report_ask(b, "contacts", field, span);
    const struct question *active = report_ask(b, "active", field, span);
    const struct question *distinct = report_ask(b, "active", "", span);
    const struct question *before = report_ask(b, "contacts", field, span_before(span));
    struct axis axis =
        axis_of(b, field, only_counted(field), (const struct question *[]){now, before}, 2);
    struct report_table *t = table_new(b, field, "contacts", span, axis.n + 1, 6);
    t->title = title_of(b, field);
    t->corner[0] = axis_heading(b, field);
    table_column(b, t, labels_measure("contacts"));
    table_column(b, t, labels_measure("active"))->measure = "active";
    compared_rows(b, t, &axis, span, now, before);
    for (size_t i = 0; i < t->n_row; i++) {
        const char *key = i < axis.n ? axis.key[i] : NULL;
        table_set(t, i, ACTIVE,
                  key != NULL ? answer_count(active, key, NULL)
                              : answer_count(distinct, NULL, NULL));
    }
    note_before(b, t, span);
}

/* ---- outcomes ------------------------------------------------------------------------------- */

void build_outcomes(struct builder *b, struct span span) {
    enum { OUTCOMES, HOUSEHOLDS, PERSONS };
    const struct question *now = report_ask(b, "outcomes", "outcome", span);
    const struct question *households = report_ask(b, "households", "outcome", span);
    const struct question *persons = report_ask(b, "persons", "outcome", span);
    const struct question *before = report_ask(b, "outcomes", "outcome", span_before(span));
    struct axis axis = axis_of(b, "outcome", false, (const struct question *[]){now, before}, 2);
    struct report_table *t = table_new(b, "outcome", "outcomes", span, axis.n + 1, 7);
    t->title = _("By outcome");
    t->corner[0] = axis_heading(b, "outcome");
    table_column(b, t, labels_measure("outcomes"));
    table_column(b, t, labels_measure("households"))->measure = "households";
    table_column(b, t, labels_measure("persons"))->measure = "persons";
    compared_rows(b, t, &axis, span, now, before);
    for (size_t i = 0; i < t->n_row; i++) {
        const char *key = i < axis.n ? axis.key[i] : NULL;
        table_set(t, i, HOUSEHOLDS, answer_count(households, key, NULL));
        table_set(t, i, PERSONS, answer_count(persons, key, NULL));
    }
    if (answer_unknown(persons) != 0) {
        table_note(t, arena_printf(b->arena, _("Persons: and %lld outcomes without a number."),
                                   (long long)answer_unknown(persons)));
    }
    note_before(b, t, span);
}
