#include "client/indicator_table.h"

#include "client/labels.h"
#include "proto/calendar.h"
#include "proto/document.pb-c.h"

#include <stdlib.h>

#define YEARS_MAX    20
#define NAME_MOST    44 /* columns of a name; CSV has it whole */
#define TABLE_BUDGET (64u << 20)

struct line {
    const char *id, *name, *unit, *baseline;
    const char *actual[YEARS_MAX];
    bool provisional[YEARS_MAX];
    const char *target, *ratio, *verdict, *note; /* of the latest year that has one */
    struct line *next;
};

struct matrix {
    struct client *client;
    struct arena arena;
    struct line *first, *last;
    uint32_t year[YEARS_MAX]; /* ascending */
    size_t n_year;
    bool failed, too_many;
};

static void copy(struct matrix *m, const char **to, bool has, ProtobufCBinaryData b) {
    if (has && b.len > 0) {
        *to = arena_strndup(&m->arena, b.data, b.len);
        m->failed |= *to == NULL;
    }
}

/* The line of an indicator: nearly always the last one. */
static struct line *line_of(struct matrix *m, ProtobufCBinaryData id) {
    if (m->last != NULL && bytes_equal(id, m->last->id)) {
        return m->last;
    }
    for (struct line *l = m->first; l != NULL; l = l->next) {
        if (bytes_equal(id, l->id)) {
            return l;
        }
    }
    struct line *l = arena_zalloc(&m->arena, sizeof *l);
    if (l == NULL || (l->id = arena_strndup(&m->arena, id.data, id.len)) == NULL) {
        m->failed = true;
        return NULL;
    }
    if (m->last != NULL) {
        m->last->next = l;
    } else {
        m->first = l;
    }
    m->last = l;
    return l;
}

/* The column of a year; rows come in the order of years within an indicator,
 * so that a new year is nearly always the last. */
static size_t column_of(struct matrix *m, uint32_t year) {
    for (size_t i = 0; i < m->n_year; i++) {
        if (m->year[i] == year) {
            return i;
        }
    }
    if (m->n_year == YEARS_MAX) {
        m->too_many = true;
        return YEARS_MAX;
    }
    m->year[m->n_year] = year;
    return m->n_year++;
}

static void take_row(struct matrix *m, const Madoguchi__IndicatorRow *row) {
    struct line *l = line_of(m, row->id);
    size_t i = column_of(m, row->year);
    if (l == NULL || i == YEARS_MAX) {
        return;
    }
    bool english = !words_japanese() && row->has_name_en && row->name_en.len > 0;
    copy(m, &l->name, true, english ? row->name_en : row->name);
    copy(m, &l->unit, row->has_unit, row->unit);
    copy(m, &l->baseline, row->has_baseline, row->baseline);
    copy(m, &l->actual[i], row->has_actual, row->actual);
    l->provisional[i] = row->has_status && bytes_equal(row->status, "provisional");
    copy(m, &l->target, row->has_target, row->target);
    copy(m, &l->ratio, row->has_ratio, row->ratio);
    copy(m, &l->verdict, row->has_verdict, row->verdict);
    copy(m, &l->note, row->has_note, row->note);
}

static void take(void *ctx, const Madoguchi__Page *page) {
    struct matrix *m = ctx;
    for (size_t i = 0; i < page->n_indicator; i++) {
        take_row(m, page->indicator[i]);
    }
}

/* ---- headings ----------------------------------------------------------------------- */

static const Document__Plan *plan_of(struct matrix *m, const char *id) {
    ProtobufCBinaryData data;
    if (client_document(m->client, MADOGUCHI__DOCUMENT_KIND__PLAN_DOCUMENT, id, true, &data) !=
        EXIT_DONE) {
        return NULL;
    }
    const Document__Plan *plan = (Document__Plan *)message_unpack(
        &document__plan__descriptor, &m->arena, data.data, data.len, NULL);
    free(data.data);
    return plan;
}

static const char *heading(struct matrix *m, bool has, ProtobufCBinaryData own,
                           const char *general) {
    const char *text = NULL;
    copy(m, &text, has && words_japanese(), own);
    return text != NULL ? text : general;
}

static const char *year_heading(struct matrix *m, uint32_t fy) {
    char era[8];
    if (!words_japanese()) {
        return arena_printf(&m->arena, "FY%u", fy);
    }
    calendar_format_year_short(fy, era);
    return arena_printf(&m->arena, "%s (%u)", era, fy);
}

/* ---- printing ----------------------------------------------------------------------- */

enum { COLUMN_ID, COLUMN_NAME, COLUMN_UNIT, COLUMN_BASELINE, COLUMNS_BEFORE };

static size_t make_columns(struct matrix *m, const Document__Plan *plan, struct column *columns) {
    size_t n = 0;
    columns[n++] = (struct column){"", _("Indicator"), COLUMN_TEXT, 0};
    columns[n++] = (struct column){"", _("Name"), COLUMN_TEXT, NAME_MOST};
    columns[n++] = (struct column){"", _("Unit"), COLUMN_TEXT, 0};
    columns[n++] = (struct column){"",
                                   heading(m, plan != NULL && plan->has_baseline_heading,
                                           plan != NULL ? plan->baseline_heading : bytes_of(NULL),
                                           _("Baseline")),
                                   COLUMN_NUMBER, 0};
    for (size_t i = 0; i < m->n_year; i++) {
        const char *year = year_heading(m, m->year[i]);
        if (m->n_year == 1 && year != NULL) {
            const char *actual =
                heading(m, plan != NULL && plan->has_actual_heading,
                        plan != NULL ? plan->actual_heading : bytes_of(NULL), _("Actual"));
            year = arena_printf(&m->arena, "%s %s", actual, year);
        }
        columns[n++] = (struct column){"", year != NULL ? year : "", COLUMN_NUMBER, 0};
    }
    columns[n++] =
        (struct column){"",
                        heading(m, plan != NULL && plan->has_target_heading,
                                plan != NULL ? plan->target_heading : bytes_of(NULL), _("Target")),
                        COLUMN_NUMBER, 0};
    columns[n++] = (struct column){"", _("Ratio %"), COLUMN_NUMBER, 0};
    columns[n++] = (struct column){"",
                                   heading(m, plan != NULL && plan->has_verdict_heading,
                                           plan != NULL ? plan->verdict_heading : bytes_of(NULL),
                                           _("Verdict")),
                                   COLUMN_TEXT, 0};
    if (m->n_year == 1) { /* else the line would be too long, and whose year is it? */
        columns[n++] = (struct column){"", _("Note"), COLUMN_TEXT, NAME_MOST};
    }
    return n;
}

static int print(struct matrix *m, const char *id) {
    struct column columns[COLUMNS_BEFORE + YEARS_MAX + 4];
    const Document__Plan *plan = plan_of(m, id);
    size_t n = make_columns(m, plan, columns);
    struct output *o = output_open(&m->client->output, columns, n);
    if (o == NULL) {
        return client_no_memory();
    }
    if (plan != NULL && plan->has_title) {
        printf("%.*s\n", (int)plan->title.len, (const char *)plan->title.data);
    }
    bool provisional = false;
    for (const struct line *l = m->first; l != NULL; l = l->next) {
        const char *cells[COLUMNS_BEFORE + YEARS_MAX + 4];
        size_t k = 0;
        cells[k++] = l->id;
        cells[k++] = l->name;
        cells[k++] = l->unit;
        cells[k++] = l->baseline;
        for (size_t i = 0; i < m->n_year; i++) {
            cells[k++] = l->actual[i];
            provisional |= l->provisional[i];
        }
        cells[k++] = l->target;
        cells[k++] = l->ratio;
        cells[k++] = l->verdict;
        if (m->n_year == 1) {
            cells[k++] = l->note;
        }
        output_row(o, cells);
    }
    int exit_code = client_close(o, EXIT_DONE);
    if (provisional) {
        puts(_("Provisional: not all months of these years are closed."));
    }
    return exit_code;
}

int indicator_table(struct client *c, const char *plan, Madoguchi__Request *request) {
    struct matrix m = {.client = c};
    arena_init(&m.arena, TABLE_BUDGET);
    int exit_code = client_read(c, request, take, &m);
    if (exit_code == EXIT_DONE && m.failed) {
        exit_code = client_no_memory();
    } else if (exit_code == EXIT_DONE) {
        exit_code = print(&m, plan);
        if (m.too_many) {
            client_note(_("Only %d years are shown; --format csv has all."), YEARS_MAX);
        }
    }
    arena_free(&m.arena);
    return exit_code;
}
