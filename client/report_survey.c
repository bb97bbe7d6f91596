/* 総務省 移住相談に関する調査: consultations at windows and at events. */
#include "client/labels.h"
#include "client/report_private.h"
#include "client/words.h"

#define YEARS 5

/* The survey leaves to each body what it takes for a consultation; since FY2021 telephone
 * and mail are among those of windows. */
static const char *const definition =
    N_("Consultations of the survey: contacts of the natures that the service counts as "
       "consultations. Event: by the channel event, or at a session other than a holiday opening; "
       "window: all others, telephone and mail included.");

enum part { WINDOW, EVENT, BOTH };

static bool is_event(const char *channel, const char *session_kind) {
    return strcmp(channel, "event") == 0 ||
           (session_kind[0] != '\0' && strcmp(session_kind, "holiday-opening") != 0);
}

/* Rows are year, channel, session kind. */
static int64_t count_of(const struct question *q, const char *year, const char *channel,
                        enum part part) {
    int64_t sum = 0;
    for (size_t i = 0; i < q->n; i++) {
        const char *const *key = q->row[i].key;
        enum part is = is_event(key[1], key[2]) ? EVENT : WINDOW;
        if (strcmp(key[0], year) == 0 && (channel == NULL || strcmp(key[1], channel) == 0) &&
            (part == BOTH || part == is)) {
            sum += q->row[i].count;
        }
    }
    return sum;
}

static void part_columns(struct builder *b, struct report_table *t) {
    head_key(table_column(b, t, _("Window")), "part", "window");
    head_key(table_column(b, t, _("Event")), "part", "event");
    table_column(b, t, _("total"))->total = true;
}

static void years(struct builder *b, const struct question *q) {
    uint32_t last = b->report->params.year;
    struct report_table *t =
        table_new(b, "survey", "consultations", span_of_years(b, last, YEARS), YEARS, 6);
    t->title = _("Windows and events by year");
    t->corner[0] = labels_field("year");
    table_define(b, t, definition);
    part_columns(b, t);
    table_compare_columns(b, t);
    for (uint32_t i = 0; i < YEARS; i++) {
        uint32_t year = last - YEARS + 1 + i;
        char key[16];
        char before[16];
        struct span span = table_year(b, t, year, key);
        snprintf(before, sizeof before, "%u", year - 1);
        for (int part = WINDOW; part <= BOTH; part++) {
            table_set(t, i, (size_t)part, count_of(q, key, NULL, (enum part)part));
        }
        const struct question *days = report_ask(b, "consultations", "", span_before(span));
        table_compare(t, i, 3, count_of(q, key, NULL, BOTH),
                      span_is_year(span) ? count_of(q, before, NULL, BOTH)
                                         : answer_count(days, NULL, NULL));
        if (!span_is_year(span)) {
            note_before(b, t, span);
        }
    }
    t->chart = (struct report_chart){t->title, true, 0, YEARS, 0, 2};
}

static void channels(struct builder *b, const struct question *q) {
    uint32_t year = b->report->params.year;
    struct axis axis = axis_of(b, "channel", false, &q, 1);
    struct report_table *t =
        table_new(b, "survey-channel", "consultations",
                  span_until(span_of_year(year), b->report->today), axis.n + 1, 3);
    char key[16];
    snprintf(key, sizeof key, "%u", year);
    t->title = _("By channel, of the last year");
    t->corner[0] = labels_field("channel");
    table_define(b, t, definition);
    part_columns(b, t);
    table_rows(b, t, &axis);
    table_row(b, t, _("total"))->total = true;
    for (size_t i = 0; i < t->n_row; i++) {
        for (int part = WINDOW; part <= BOTH; part++) {
            table_set(t, i, (size_t)part,
                      count_of(q, key, i < axis.n ? axis.key[i] : NULL, (enum part)part));
        }
    }
}

void build_survey(struct builder *b) {
    const struct question *q = report_ask(b, "consultations", "year,channel,session_kind",
                                          span_of_years(b, b->report->params.year, YEARS + 1));
    years(b, q);
    channels(b, q);
}
