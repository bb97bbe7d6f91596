/* Who did what: audit. */
#include "client/account_table.h"
#include "client/commands.h"
#include "client/labels.h"

#include <inttypes.h>

static const struct option options[] = {
    {"from", N_("PERIOD"), "from",
     N_("recorded in this month, day or year; with --to from then on: 2024-04, FY2024, R6"), false},
    {"to", N_("PERIOD"), "to", N_("recorded until the end of this one, without --from too"), false},
    {"kind", N_("KIND"), "kind",
     N_("login, login-failed, refused, export, account, correct, void, month-close ..."), true},
    {"actor", N_("ACCOUNT"), "actor", N_("by or about this account, or uid:1000"), false},
    {NULL, NULL, NULL, NULL, false},
};

struct audit {
    struct client *client;
    struct output *output;
    struct arena arena; /* of one row */
    size_t n;
};

static void take(void *ctx, const Madoguchi__Page *page) {
    struct audit *u = ctx;
    bool text = u->client->output.format == OUTPUT_TEXT;
    for (size_t i = 0; i < page->n_entry; i++) {
        const Madoguchi__EntryRow *row = page->entry[i];
        arena_reset(&u->arena);
        const char *kind = client_text(&u->arena, row->has_kind, row->kind);
        const char *const cells[] = {
            arena_printf(&u->arena, "%" PRIu64, row->seq),
            account_table_time(row->recorded_at, &u->arena),
            text && kind != NULL ? labels_field(kind) : kind,
            client_text(&u->arena, row->has_actor, row->actor),
            client_text(&u->arena, row->has_on_behalf, row->on_behalf),
            client_text(&u->arena, row->has_number, row->number),
            client_fields(&u->arena, row),
        };
        output_row(u->output, cells);
        u->n++;
    }
}

static int run(struct client *c, const struct arguments *a) {
    const struct column columns[] = {
        {"seq", labels_field("seq"), COLUMN_PLAIN, 0},
        {"recorded_at", labels_field("recorded_at"), COLUMN_TEXT, 0},
        {"kind", labels_field("kind"), COLUMN_TEXT, 0},
        {"actor", labels_field("actor"), COLUMN_TEXT, 0},
        {"on_behalf", labels_field("on_behalf"), COLUMN_TEXT, 0},
        {"number", labels_field("case"), COLUMN_TEXT, 0},
        {"details", labels_field("details"), COLUMN_TEXT, 0},
    };
    Madoguchi__Audit audit = MADOGUCHI__AUDIT__INIT;
    Madoguchi__Request request = MADOGUCHI__REQUEST__INIT;
    struct error e;
    if (options_fill(a, &audit.base, &c->arena, &e) < 0) {
        return client_fail(&e, EXIT_REFUSED);
    }
    if (a->n > 0) {
        SET(&audit, number, bytes_of(a->word[0]));
    }
    request.body_case = MADOGUCHI__REQUEST__BODY_AUDIT;
    request.audit = &audit;
    struct audit u = {.client = c, .output = output_open(&c->output, columns, 7)};
    if (u.output == NULL) {
        return client_no_memory();
    }
    arena_init(&u.arena, CLIENT_BUDGET);
    int exit_code = client_read(c, &request, take, &u);
    exit_code = client_close(u.output, exit_code);
    arena_free(&u.arena);
    if (exit_code == EXIT_DONE && c->output.format == OUTPUT_TEXT) {
        client_note(ngettext("%zu entry", "%zu entries", u.n), u.n);
    }
    return exit_code;
}

const struct command command_audit = {
    .name = "audit",
    .words = "[CASE|SESSION]",
    .summary = N_("list what matters for an audit: logins, refusals, rights, exports, changes"),
    .details = N_("Corrections, voidings, closed months, plans and the catalogue too. Without an\n"
                  "option everything; with CASE what was changed of that one."),
    .example = "madoguchi audit --from 2024-04 --to 2024-06 --kind login-failed --kind refused\n"
               "madoguchi audit M-2024-000001 --format csv",
    .options = options,
    .least = 0,
    .most = 1,
    .run = run,
};
