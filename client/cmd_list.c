/* Cases: list.  Streamed: a store's whole list needs no more memory than a
 * page of it. */
#include "client/commands.h"
#include "client/labels.h"
#include "client/scope.h"

static const struct option options[] = {
    SCOPE_FROM, SCOPE_TO, SCOPE_AS_OF, SCOPE_KNOWN_AT, {NULL, NULL, NULL, NULL, false},
};

/* Column, field of CaseRow, and whether text mode shows it. */
static const struct {
    const char *column;
    const char *field;
    enum column_kind kind;
    bool in_text;
} shown[] = {
    {"case", "case_number", COLUMN_TEXT, true},   {"opened", "opened", COLUMN_TEXT, true},
    {"service", "service", COLUMN_TEXT, true},    {"topic", "topic", COLUMN_TEXT, true},
    {"office", "office", COLUMN_TEXT, false},     {"channel", "channel", COLUMN_TEXT, true},
    {"status", "status", COLUMN_TEXT, true},      {"outcome", "outcome", COLUMN_TEXT, true},
    {"program", "program", COLUMN_TEXT, false},   {"nature", "nature", COLUMN_TEXT, false},
    {"origin", "origin", COLUMN_TEXT, true},      {"age", "age", COLUMN_TEXT, false},
    {"route", "route", COLUMN_TEXT, false},       {"session", "session", COLUMN_TEXT, false},
    {"contacts", "contacts", COLUMN_PLAIN, true}, {"last", "last", COLUMN_TEXT, true},
    {"seq", "seq", COLUMN_PLAIN, false},
};
#define N_SHOWN (sizeof shown / sizeof shown[0])

struct list {
    struct client *client;
    struct output *output;
    struct arena arena; /* of one page */
    size_t n;
};

static const char *cell(struct list *l, const Madoguchi__CaseRow *row, const char *column,
                        const char *field) {
    const ProtobufCFieldDescriptor *f = message_field(row->base.descriptor, field);
    const char *text = message_get_text(&row->base, f, &l->arena);
    if (text == NULL || l->client->output.format != OUTPUT_TEXT) {
        return text;
    }
    return strcmp(column, "status") == 0 ? labels_field(text)
                                         : labels_of(l->client, column, text, &l->arena);
}

/* opened and last are dates whose names message_get_text() does not know. */
static const char *date_cell(struct list *l, bool has, uint32_t date) {
    return has ? arena_printf(&l->arena, "%04u-%02u-%02u", date / 10000, date / 100 % 100,
                              date % 100)
               : NULL;
}

static void take(void *ctx, const Madoguchi__Page *page) {
    struct list *l = ctx;
    bool text = l->client->output.format == OUTPUT_TEXT;
    for (size_t i = 0; i < page->n_case_row; i++) {
        const Madoguchi__CaseRow *row = page->case_row[i];
        const char *cells[N_SHOWN];
        size_t n = 0;
        arena_reset(&l->arena);
        for (size_t k = 0; k < N_SHOWN; k++) {
            if (text && !shown[k].in_text) {
                continue;
            }
            if (strcmp(shown[k].column, "opened") == 0) {
                cells[n++] = date_cell(l, row->has_opened, row->opened);
            } else if (strcmp(shown[k].column, "last") == 0) {
                cells[n++] = date_cell(l, row->has_last, row->last);
            } else {
                cells[n++] = cell(l, row, shown[k].column, shown[k].field);
            }
        }
        output_row(l->output, cells);
        l->n++;
    }
}

static int run(struct client *c, const struct arguments *a) {
    Madoguchi__Scope scope = MADOGUCHI__SCOPE__INIT;
    Madoguchi__Request request = MADOGUCHI__REQUEST__INIT;
    struct error e;
    if (scope_parse(c, a, &scope, &e) < 0) {
        return client_fail(&e, scope_exit(&e));
    }
    request.body_case = MADOGUCHI__REQUEST__BODY_LIST;
    request.list = &scope;
    struct column columns[N_SHOWN];
    size_t n = 0;
    for (size_t i = 0; i < N_SHOWN; i++) {
        if (c->output.format != OUTPUT_TEXT || shown[i].in_text) {
            columns[n++] =
                (struct column){shown[i].column, labels_field(shown[i].column), shown[i].kind, 0};
        }
    }
    /* Before the list is asked for: a label needs a question of its own. */
    labels_of(c, "service", "", &c->arena);
    struct list l = {.client = c, .output = output_open(&c->output, columns, n)};
    if (l.output == NULL) {
        return client_no_memory();
    }
    arena_init(&l.arena, CLIENT_BUDGET);
    int exit_code = client_read(c, &request, take, &l);
    exit_code = client_close(l.output, exit_code);
    arena_free(&l.arena);
    if (exit_code == EXIT_DONE && c->output.format == OUTPUT_TEXT) {
        client_note(ngettext("%zu case", "%zu cases", l.n), l.n);
    }
    return exit_code;
}

const struct command command_list = {
    .name = "list",
    .words = "[FIELD=VALUE[,VALUE...]]... [FIELD!=VALUE]...",
    .summary = N_("list cases; without a filter, all of all years"),
    .details = N_("Fields: service topic office channel status outcome program nature origin age "
                  "route session. A group of the catalogue is written @shutoken."),
    .example = "madoguchi list service=migration origin=@shutoken --from FY2024\n"
               "madoguchi list status=open --format csv",
    .options = options,
    .least = 0,
    .most = WORDS_MAX,
    .run = run,
};
