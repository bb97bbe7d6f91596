#include "tests/kit_report.h"

#include "client/connection.h"
#include "proto/calendar.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#define COLUMNS_MAX 64

uint64_t kit_noon(uint32_t date) {
    return (uint64_t)calendar_days(date) * 86400000 + 3 * 3600000;
}

void kit_report_fill(struct kit *k) {
    kit_ok(k, "tally", "service", "migration", "date", "2023-05-10", "count", "8", "topic",
           "housing", "channel", "phone", NULL);
    kit_ok(k, "tally", "service", "migration", "date", "2023-09-30", "count", "4", "channel",
           "event", NULL);
    const char *fair = kit_hold(k, "fair", "2024-05-18", "service", "migration", NULL);
    const char *c = kit_log(k, "migration", "2024-05-07", "time", "09:30", "topic", "housing",
                            "channel", "counter", "age", "30s", "origin", "tokyo", NULL);
    kit_ok(k, "contact", "case_number", c, "date", "2024-05-08", "time", "16:05", "channel",
           "phone", NULL);
    kit_ok(k, "outcome", "case_number", c, "date", "2024-05-25", "outcome", "moved", "households",
           "1", "persons", "3", NULL);
    kit_ok(k, "tally", "service", "migration", "date", "2024-05-20", "count", "2", "topic", "work",
           "channel", "event", "nature", "inquiry", NULL);
    kit_log(k, "migration", "2024-05-18", "session", fair, "channel", "online", "topic",
            "work;living", NULL);
    kit_log(k, "migration", "2024-05-31", NULL);
    kit_ok(k, "contact", "case_number", c, "date", "2025-02-28", "channel", "mail", NULL);
    kit_ok(k, "outcome", "case_number", c, "date", "2025-03-01", "outcome", "settled", NULL);
    kit_ok(k, "tally", "service", "mynumber", "date", "2024-05-02", "count", "1200", "topic",
           "collection", "channel", "counter", "outcome", "issued", NULL);
    kit_ok(k, "tally", "service", "mynumber", "date", "2023-05-02", "count", "1500", "topic",
           "collection", "channel", "counter", NULL);
    kit_ok(k, "tally", "service", "mynumber", "date", "2025-06-14", "count", "7", "topic", "pin",
           "channel", "holiday", NULL);
    kit_ok(k, "tally", "service", "mynumber", "date", "2024-06-15", "count", "3", "topic", "pin",
           NULL);
    kit_ok(k, "tally", "service", "mynumber", "date", "2024-06-16", "count", "90", "topic", "pin",
           NULL);
    kit_ok(k, "decline", "service", "citizen", "date", "2024-05-09", "reason", "full", NULL);
}

/* ---- driving --------------------------------------------------------------------------------- */

static struct connection *connect_to(const struct kit *k) {
    static char address[2 * KIT_PATH];
    snprintf(address, sizeof address, "unix:%s", k->d.socket);
    const struct connection_options options = {
        .address = address, .language = "en", .build = "test"};
    struct connection *c = connection_new(&options);
    ck_assert_ptr_nonnull(c);
    return c;
}

struct taking {
    struct report *report;
    size_t i;
};

static int take(void *ctx, const Madoguchi__Answer *answer) {
    struct taking *t = ctx;
    struct error e;
    ck_assert_int_eq(answer->body_case, MADOGUCHI__ANSWER__BODY_PAGE);
    ck_assert_msg(report_take(t->report, t->i, answer->page, answer->position, &e) == 0, "%s",
                  e.en);
    return 0;
}

void kit_report_ask(struct kit *k, struct report *r, void (*between)(struct kit *k)) {
    struct connection *c = connect_to(k);
    struct error e;
    unsigned rounds = 0;
    do {
        ck_assert_uint_lt(rounds++, 2); /* the second always ends it */
        /* From the last: no order is needed. */
        for (size_t i = report_questions(r); i-- > 0;) {
            struct taking t = {r, i};
            Madoguchi__Request *request = report_request(r, i);
            if (request == NULL) {
                continue;
            }
            enum connection_outcome outcome = connection_ask(c, request, take, &t, &e);
            ck_assert_msg(outcome == CONNECTION_DONE, "%s", e.en);
            if (between != NULL) {
                between(k);
                between = NULL;
            }
        }
    } while (!report_settled(r));
    connection_free(c);
}

struct report *kit_report(struct kit *k, enum report_kind kind, const char *service, uint32_t month,
                          uint32_t year) {
    const struct report_params params = {.kind = kind,
                                         .service = service,
                                         .month = month,
                                         .year = year,
                                         .now = kit_noon(20250615),
                                         .municipality = "062090",
                                         .name = "長井市"};
    struct report *r;
    struct error e;
    ck_assert_msg(report_new(&params, &r, &e) == 0, "%s", e.en);
    kit_report_ask(k, r, NULL);
    return r;
}

struct catalogue *kit_report_catalogue(struct kit *k) {
    Madoguchi__Request *request = kit_request(k, "documents", "=kind", "1", NULL);
    const Madoguchi__Page *page = kit_read(k, request);
    struct catalogue *catalogue;
    struct error e;
    ck_assert_ptr_nonnull(page);
    ck_assert_int_eq(catalogue_open(page->data.data, page->data.len, &catalogue, &e), 0);
    return catalogue;
}

char *kit_report_render(struct report *r, const struct report_style *style, size_t *len) {
    char *text = NULL;
    struct error e = {.code = 0};
    FILE *f = open_memstream(&text, len);
    ck_assert_ptr_nonnull(f);
    ck_assert_msg(report_render(r, style, f, &e) == 0, "%s", e.en);
    ck_assert_int_eq(fclose(f), 0);
    return text;
}

/* ---- CSV ----------------------------------------------------------------------------------------
 */

/* One cell from *p on, past what ends it; true at the end of a row. */
static bool read_cell(struct arena *a, const char **p, const char **out) {
    bool quoted = **p == '"';
    char text[4096];
    size_t n = 0;
    *p += quoted;
    while (**p != '\0' && (quoted || strchr(",\r\n", **p) == NULL)) {
        if (quoted && **p == '"' && (*p)[1] != '"') {
            *p += 1;
            break;
        }
        *p += quoted && **p == '"';
        ck_assert_uint_lt(n, sizeof text);
        text[n++] = *(*p)++;
    }
    *out = arena_strndup(a, text, n);
    ck_assert_ptr_nonnull(*out);
    *p += **p == '\r';
    bool end = **p != ',';
    *p += **p != '\0';
    return end;
}

struct kit_csv kit_csv_read(struct arena *a, const char *text) {
    struct kit_csv csv = {0, 0, NULL};
    size_t lines = 1;
    for (const char *p = text; *p != '\0'; p++) {
        lines += *p == '\n';
    }
    csv.cell = arena_zalloc(a, (lines + 1) * COLUMNS_MAX * sizeof *csv.cell);
    ck_assert_ptr_nonnull(csv.cell);
    text += strncmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    while (*text != '\0') {
        size_t n = 0;
        bool end = false;
        while (!end) {
            ck_assert_uint_lt(n, COLUMNS_MAX);
            end = read_cell(a, &text, &csv.cell[csv.rows * COLUMNS_MAX + n++]);
        }
        csv.columns = n > csv.columns ? n : csv.columns;
        csv.rows++;
    }
    return csv;
}

const char *kit_csv_cell(const struct kit_csv *csv, size_t row, size_t column) {
    ck_assert_uint_lt(row, csv->rows);
    const char *text = column < COLUMNS_MAX ? csv->cell[row * COLUMNS_MAX + column] : NULL;
    return text != NULL ? text : "";
}

size_t kit_csv_column(const struct kit_csv *csv, const char *name) {
    for (size_t i = 0; i < csv->columns; i++) {
        if (strcmp(kit_csv_cell(csv, 0, i), name) == 0) {
            return i;
        }
    }
    ck_abort_msg("no column %s", name);
}
