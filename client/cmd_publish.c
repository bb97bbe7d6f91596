/* What is published of a plan: publish, restatements. */
#include "client/account_table.h"
#include "client/commands.h"
#include "client/labels.h"
#include "client/scope.h"

#include <inttypes.h>

/* ---- publish ------------------------------------------------------------------------ */

static const struct option publish_options[] = {
    {"year", N_("YEAR"), NULL, N_("the fiscal year (needed): FY2023, R5"), false},
    {NULL, NULL, NULL, NULL, false},
};

static int run_publish(struct client *c, const struct arguments *a) {
    Madoguchi__Publication publication = MADOGUCHI__PUBLICATION__INIT;
    Madoguchi__Request request = MADOGUCHI__REQUEST__INIT;
    uint32_t year;
    struct error e;
    if (!options_has(a, "year")) {
        return client_usage(c, _("--year YEAR is needed."));
    }
    if (scope_year(options_get(a, "year"), &year, NULL, &e) < 0) {
        return client_fail(&e, EXIT_REFUSED);
    }
    SET(&publication, plan, bytes_of(a->word[0]));
    SET(&publication, year, year);
    request.body_case = MADOGUCHI__REQUEST__BODY_PUBLICATION;
    request.publication = &publication;
    return client_record(c, &request);
}

/* ---- restatements -------------------------------------------------------------------- */

struct restating {
    struct client *client;
    struct output *output;
    struct arena arena; /* of one row */
    size_t n;
};

static void take(void *ctx, const Madoguchi__Page *page) {
    struct restating *r = ctx;
    struct arena *a = &r->arena;
    for (size_t i = 0; i < page->n_restatement; i++) {
        const Madoguchi__RestatementRow *row = page->restatement[i];
        arena_reset(a);
        const char *const cells[] = {
            client_text(a, row->has_indicator, row->indicator),
            client_text(a, row->has_name, row->name),
            client_text(a, row->has_unit, row->unit),
            arena_printf(a, "%" PRIu32, row->year),
            client_text(a, row->has_reported, row->reported),
            client_text(a, row->has_now, row->now),
            arena_printf(a, "%" PRIu64, row->published_seq),
            client_text(a, row->has_actor, row->actor),
            account_table_time(row->published_at, a),
        };
        output_row(r->output, cells);
        r->n++;
    }
}

static int run_restatements(struct client *c, const struct arguments *a) {
    const struct column columns[] = {
        {"id", labels_field("id"), COLUMN_TEXT, 0},
        {"name", labels_field("name"), COLUMN_TEXT, 0},
        {"unit", labels_field("unit"), COLUMN_TEXT, 0},
        {"year", labels_field("year"), COLUMN_PLAIN, 0},
        {"reported", labels_field("reported"), COLUMN_NUMBER, 0},
        {"now", labels_field("now"), COLUMN_NUMBER, 0},
        {"published", labels_field("published"), COLUMN_PLAIN, 0},
        {"by", labels_field("by"), COLUMN_TEXT, 0},
        {"published_at", labels_field("published_at"), COLUMN_TEXT, 0},
    };
    Madoguchi__Restatements restatements = MADOGUCHI__RESTATEMENTS__INIT;
    Madoguchi__Request request = MADOGUCHI__REQUEST__INIT;
    SET(&restatements, plan, bytes_of(a->word[0]));
    request.body_case = MADOGUCHI__REQUEST__BODY_RESTATEMENTS;
    request.restatements = &restatements;
    struct restating r = {.client = c,
                          .output =
                              output_open(&c->output, columns, sizeof columns / sizeof columns[0])};
    if (r.output == NULL) {
        return client_no_memory();
    }
    arena_init(&r.arena, CLIENT_BUDGET);
    int exit_code = client_close(r.output, client_read(c, &request, take, &r));
    arena_free(&r.arena);
    if (exit_code == EXIT_DONE && c->output.format == OUTPUT_TEXT && r.n == 0) {
        client_note(_("Nothing that was published is another number now."));
    }
    return exit_code;
}

/* ---- the commands ---------------------------------------------------------------------- */

const struct command command_publish = {
    .name = "publish",
    .words = "PLAN --year YEAR",
    .summary = N_("note a year's figures as published"),
    .details = N_("They are frozen as they are now; restatements lists what changes later. The\n"
                  "same year may be published again."),
    .example = "madoguchi publish nagai --year R5",
    .options = publish_options,
    .least = 1,
    .most = 1,
    .run = run_publish,
};

const struct command command_restatements = {
    .name = "restatements",
    .words = "PLAN",
    .summary = N_("list published figures that are other numbers now"),
    .example = "madoguchi restatements nagai\n"
               "madoguchi restatements nagai --format csv",
    .least = 1,
    .most = 1,
    .run = run_restatements,
};
