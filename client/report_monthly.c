/* 月報: topic x channel x day of a month. */
#include "client/labels.h"
#include "client/report_private.h"
#include "client/words.h"
#include "proto/calendar.h"

#include <stdlib.h>

/* Rows of the main field, columns of channels; contacts, and distinct cases at the end. */
static void topic_channel(struct builder *b, struct span span) {
    const char *field = axis_main(b);
    const char *by = strcmp(field, "topic") == 0 ? "topic,channel" : "service,channel";
    const struct question *q = report_ask(b, "contacts", by, span);
    const struct question *row = report_ask(b, "active", field, span);
    const struct question *column = report_ask(b, "active", "channel", span);
    const struct question *all = report_ask(b, "active", "", span);
    struct axis rows = axis_of(b, field, false, &q, 1);
    struct axis columns = axis_of(b, "channel", false, &q, 1);
    struct report_table *t =
        table_new(b, strcmp(field, "topic") == 0 ? "topic-channel" : "service-channel", "contacts",
                  span, rows.n + 2, columns.n + 2);
    t->title = arena_printf(b->arena, _("%s by channel"), axis_heading(b, field));
    t->corner[0] = axis_heading(b, field);
    table_columns(b, t, &columns);
    table_column(b, t, _("total"))->total = true;
    table_column(b, t, labels_measure("active"))->measure = "active";
    table_rows(b, t, &rows);
    table_row(b, t, _("total"))->total = true;
    table_row(b, t, labels_measure("active"))->measure = "active";
    for (size_t i = 0; i <= rows.n; i++) {
        const char *key = i < rows.n ? rows.key[i] : NULL;
        for (size_t k = 0; k <= columns.n; k++) {
            table_set(t, i, k, answer_count(q, key, k < columns.n ? columns.key[k] : NULL));
        }
        table_set(t, i, columns.n + 1,
                  key != NULL ? answer_count(row, key, NULL) : answer_count(all, NULL, NULL));
    }
    for (size_t k = 0; k < columns.n; k++) {
        table_set(t, rows.n + 1, k, answer_count(column, columns.key[k], NULL));
    }
}

static unsigned day_of(const char *date) {
    return (unsigned)strtoul(strlen(date) == 10 ? date + 8 : "0", NULL, 10);
}

static const char *day_label(struct builder *b, uint32_t date, bool weekday) {
    const char *const days[] = {_("Sun"), _("Mon"), _("Tue"), _("Wed"),
                                _("Thu"), _("Fri"), _("Sat")};
    if (!weekday) {
        return arena_printf(b->arena, "%u", date % 100);
    }
    return arena_printf(b->arena, "%u (%s)", date % 100, days[calendar_weekday(date)]);
}

/* Days down, channels across: with a chart of the totals. */
static void day_channel(struct builder *b, struct span month, struct span span) {
    const struct question *q = report_ask(b, "contacts", "day,channel", span);
    const struct question *active = report_ask(b, "active", "day", span);
    const struct question *all = report_ask(b, "active", "", span);
    struct axis columns = axis_of(b, "channel", false, &q, 1);
    size_t days = month.to % 100;
    struct report_table *t = table_new(b, "day-channel", "contacts", span, days + 1, columns.n + 2);
    t->title = _("Day by channel");
    t->corner[0] = labels_field("day");
    table_columns(b, t, &columns);
    table_column(b, t, _("total"))->total = true;
    table_column(b, t, labels_measure("active"))->measure = "active";
    for (uint32_t day = month.from; day <= month.to; day++) {
        struct report_head *row = table_row(b, t, day_label(b, day, true));
        char key[16];
        row->span = (struct span){day, day};
        for (size_t k = 0; k < t->n_column && day > span.to; k++) {
            table_absent(t, t->n_row - 1, k);
        }
        if (day > span.to) {
            continue;
        }
        calendar_format_date(day, key);
        for (size_t k = 0; k <= columns.n; k++) {
            table_set(t, t->n_row - 1, k,
                      answer_count(q, key, k < columns.n ? columns.key[k] : NULL));
        }
        table_set(t, t->n_row - 1, columns.n + 1, answer_count(active, key, NULL));
    }
    table_row(b, t, _("total"))->total = true;
    for (size_t k = 0; k < columns.n; k++) {
        table_set(t, days, k,
                  answer_count(report_ask(b, "contacts", "channel", span), columns.key[k], NULL));
    }
    table_set(t, days, columns.n, answer_count(q, NULL, NULL));
    table_set(t, days, columns.n + 1, answer_count(all, NULL, NULL));
    t->chart = (struct report_chart){_("Contacts a day"), false, 0, days, columns.n, 1};
}

/* ---- topic x channel x day ------------------------------------------------------------------ */

struct pairs {
    struct axis *main, *channel;
    size_t *row; /* of a pair, or SIZE_MAX: nothing was counted */
    size_t n;
};

static size_t index_of(const struct axis *axis, const char *key) {
    size_t i = 0;
    while (i < axis->n && strcmp(axis->key[i], key) != 0) {
        i++;
    }
    return i;
}

/* NULL where an axis has no room for it: then there will be no report. */
static size_t *pair_of(struct pairs *p, const struct answer_row *row) {
    size_t i = index_of(p->main, row->key[1]);
    size_t k = index_of(p->channel, row->key[2]);
    return i < p->main->n && k < p->channel->n ? &p->row[i * p->channel->n + k] : NULL;
}

/* Rows for the pairs that were counted, each field's members closed by their sum. */
static void pair_rows(struct builder *b, struct report_table *t, struct pairs *p) {
    for (size_t i = 0; i < p->main->n; i++) {
        size_t first = t->n_row;
        const char *label = axis_label(b, p->main->field, p->main->key[i]);
        for (size_t k = 0; k < p->channel->n; k++) {
            size_t *row = &p->row[i * p->channel->n + k];
            if (*row == SIZE_MAX) {
                continue;
            }
            *row = t->n_row;
            struct report_head *h = table_row(b, t, label);
            h->label[1] = axis_label(b, "channel", p->channel->key[k]);
            head_key(h, p->main->field, p->main->key[i]);
            head_key(h, "channel", p->channel->key[k]);
        }
        if (t->n_row > first) {
            struct report_head *h = table_row(b, t, label);
            h->label[1] = _("subtotal");
            h->total = true;
            head_key(h, p->main->field, p->main->key[i]);
        }
    }
    struct report_head *h = table_row(b, t, _("total"));
    h->label[1] = "";
    h->total = true;
}

/* Adds to a cell that may still be absent. */
static void add(struct report_table *t, size_t row, size_t column, int64_t count) {
    if (row < t->n_row && column < t->n_column) {
        table_set(t, row, column, t->cell[row * t->n_column + column].value + count);
    }
}

static size_t subtotal_of(const struct report_table *t, size_t row) {
    while (row < t->n_row && !t->row[row].total) {
        row++;
    }
    return row;
}

static void pair_cells(struct report_table *t, struct pairs *p, const struct question *q,
                       size_t days, size_t known) {
    for (size_t i = 0; i < t->n_row; i++) {
        for (size_t k = 0; k < days; k++) {
            if (k < known) {
                table_set(t, i, k, 0);
            } else {
                table_absent(t, i, k);
            }
        }
        table_set(t, i, days, 0);
    }
    for (size_t i = 0; i < q->n; i++) {
        size_t day = day_of(q->row[i].key[0]) - 1;
        const size_t *pair = pair_of(p, &q->row[i]);
        size_t row = pair != NULL ? *pair : t->n_row;
        const size_t rows[] = {row, subtotal_of(t, row), t->n_row - 1};
        for (size_t k = 0; k < 3 && day < days; k++) {
            add(t, rows[k], day, q->row[i].count);
            add(t, rows[k], days, q->row[i].count);
        }
    }
}

static void topic_channel_day(struct builder *b, struct span month, struct span span) {
    const char *field = axis_main(b);
    bool topic = strcmp(field, "topic") == 0;
    const struct question *q =
        report_ask(b, "contacts", topic ? "day,topic,channel" : "day,service,channel", span);
    struct axis rows = axis_of(b, field, false, &q, 1);
    struct axis channels = axis_of(b, "channel", false, &q, 1);
    struct pairs p = {&rows, &channels, NULL, 0};
    p.row = arena_alloc(b->arena, (rows.n * channels.n + 1) * sizeof *p.row);
    if (p.row == NULL) {
        b->failed = true;
        return;
    }
    memset(p.row, 0xff, (rows.n * channels.n + 1) * sizeof *p.row);
    for (size_t i = 0; i < q->n; i++) {
        size_t *row = pair_of(&p, &q->row[i]);
        if (row != NULL) {
            p.n += *row == SIZE_MAX;
            *row = 0;
        }
    }
    size_t days = month.to % 100;
    struct report_table *t = table_new(b, topic ? "topic-channel-day" : "service-channel-day",
                                       "contacts", span, p.n + rows.n + 1, days + 1);
    t->title = arena_printf(b->arena, _("%s, channel and day"), axis_heading(b, field));
    t->n_corner = 2;
    t->corner[0] = axis_heading(b, field);
    t->corner[1] = labels_field("channel");
    for (uint32_t day = month.from; day <= month.to; day++) {
        table_column(b, t, day_label(b, day, false))->span = (struct span){day, day};
    }
    table_column(b, t, _("total"))->total = true;
    pair_rows(b, t, &p);
    pair_cells(t, &p, q, days, span.to % 100);
    table_note(t, _("Pairs without any contact in the month are left out."));
}

void build_monthly(struct builder *b) {
    const struct report *r = b->report;
    struct span month = span_of_month(r->params.month);
    struct span span = span_until(month, r->today);
    struct span sofar = {span_of_year(calendar_fiscal_year(month.from)).from, span.to};
    if (sofar.from == span.from) {
        sofar.from = 0; /* April: the same numbers */
    }
    build_summary(b, span, sofar);
    topic_channel(b, span);
    build_breakdown(b, axis_main(b), span);
    build_breakdown(b, "channel", span);
    day_channel(b, month, span);
    topic_channel_day(b, month, span);
    build_outcomes(b, span);
    build_breakdown(b, "age", span);
    build_breakdown(b, "origin", span);
    build_breakdown(b, "hour", span);
}
