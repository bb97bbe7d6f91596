#include "client/account_table.h"

#include "client/labels.h"
#include "proto/calendar.h"

#include <inttypes.h>

#define N_COLUMNS (ACCOUNT_FIELDS + ACCOUNT_TABLE_MORE)

const char *const account_table_more[ACCOUNT_TABLE_MORE] = {"seq", "recorded_at", "actor"};

const char *account_table_time(uint64_t ms, struct arena *arena) {
    char date[16];
    char time[16];
    calendar_format_date(calendar_today((int64_t)ms), date);
    calendar_format_time((int64_t)ms, time);
    return arena_printf(arena, "%sT%s+09:00", date, time);
}

/* ---- asking ------------------------------------------------------------------------------ */

struct asking {
    account_row_fn row;
    void *ctx;
};

static void take_page(void *ctx, const Madoguchi__Page *page) {
    const struct asking *asking = ctx;
    for (size_t i = 0; i < page->n_account; i++) {
        if (page->account[i]->account != NULL) {
            asking->row(asking->ctx, page->account[i]);
        }
    }
}

int account_table_read(struct client *c, const char *name, account_row_fn row, void *ctx) {
    Madoguchi__Accounts accounts = MADOGUCHI__ACCOUNTS__INIT;
    Madoguchi__Request request = MADOGUCHI__REQUEST__INIT;
    struct asking asking = {row, ctx};
    if (name != NULL) {
        SET(&accounts, name, bytes_of(name));
    }
    request.body_case = MADOGUCHI__REQUEST__BODY_ACCOUNTS;
    request.accounts = &accounts;
    return client_read(c, &request, take_page, &asking);
}

struct finding {
    struct client *client;
    Madoguchi__Account *found;
};

static void take_found(void *ctx, const Madoguchi__AccountRow *row) {
    struct finding *f = ctx;
    f->found = account_copy(row->account, &f->client->arena);
    if (f->found != NULL) {
        SET(f->found, replaces, row->seq);
    }
}

int account_table_find(struct client *c, const char *name, Madoguchi__Account **out) {
    struct finding f = {.client = c};
    int exit_code = account_table_read(c, name, take_found, &f);
    if (exit_code == EXIT_DONE && f.found == NULL) {
        return client_no_memory();
    }
    *out = f.found;
    return exit_code;
}

/* ---- showing ----------------------------------------------------------------------------- */

struct table {
    struct client *client;
    struct output *output;
    const bool *shown; /* of the columns */
    bool across;       /* a row an account */
    struct arena arena;
};

/* What a cell holds; in a text table as people call it. */
static const char *cell(struct table *t, const Madoguchi__AccountRow *row, size_t column) {
    if (column == ACCOUNT_FIELDS) {
        return arena_printf(&t->arena, "%" PRIu64, row->seq);
    }
    if (column == ACCOUNT_FIELDS + 1) {
        return account_table_time(row->recorded_at, &t->arena);
    }
    if (column == ACCOUNT_FIELDS + 2) {
        return client_text(&t->arena, row->has_actor, row->actor);
    }
    const char *field = account_fields[column];
    const char *text = account_get(row->account, field, &t->arena);
    if (text == NULL || t->client->output.format != OUTPUT_TEXT) {
        return text;
    }
    if (strcmp(field, "role") == 0 || strcmp(field, "disabled") == 0) {
        return labels_words(text, &t->arena);
    }
    return strcmp(field, "service") == 0 || strcmp(field, "office") == 0
               ? labels_of(t->client, field, text, &t->arena)
               : text;
}

static const char *column_name(size_t column) {
    return column < ACCOUNT_FIELDS ? account_fields[column]
                                   : account_table_more[column - ACCOUNT_FIELDS];
}

static void take_row(void *ctx, const Madoguchi__AccountRow *row) {
    struct table *t = ctx;
    const char *cells[N_COLUMNS];
    size_t n = 0;
    arena_reset(&t->arena);
    for (size_t i = 0; i < N_COLUMNS; i++) {
        if (!t->shown[i]) {
            continue;
        }
        cells[n++] = cell(t, row, i);
        if (!t->across && cells[n - 1] != NULL) {
            output_row(t->output,
                       (const char *const[]){labels_field(column_name(i)), cells[n - 1]});
        }
    }
    if (t->across) {
        output_row(t->output, cells);
    }
}

static struct output *open_table(const struct client *c, bool across, const bool *shown,
                                 struct column *columns) {
    size_t n = 0;
    if (!across) {
        columns[n++] = (struct column){"name", _("Item"), COLUMN_TEXT, 0};
        columns[n++] = (struct column){"value", _("Value"), COLUMN_TEXT, 0};
        return output_open(&c->output, columns, n);
    }
    for (size_t i = 0; i < N_COLUMNS; i++) {
        const char *name = column_name(i);
        bool number = strcmp(name, "uid") == 0 || strcmp(name, "seq") == 0;
        if (shown[i]) {
            columns[n++] =
                (struct column){name, labels_field(name), number ? COLUMN_PLAIN : COLUMN_TEXT, 0};
        }
    }
    return output_open(&c->output, columns, n);
}

int account_table_print(struct client *c, const char *name) {
    struct column columns[N_COLUMNS];
    bool text = c->output.format == OUTPUT_TEXT;
    bool shown[N_COLUMNS];
    for (size_t i = 0; i < N_COLUMNS; i++) {
        shown[i] = !text || name != NULL ||
                   (i < ACCOUNT_FIELDS && strcmp(column_name(i), "certificate") != 0);
    }
    struct table t = {.client = c, .shown = shown, .across = !text || name == NULL};
    t.output = open_table(c, t.across, shown, columns);
    if (t.output == NULL) {
        return client_no_memory();
    }
    labels_of(c, "service", "", &c->arena); /* asks for the catalogue first */
    arena_init(&t.arena, CLIENT_BUDGET);
    int exit_code = account_table_read(c, name, take_row, &t);
    exit_code = client_close(t.output, exit_code);
    arena_free(&t.arena);
    return exit_code;
}
