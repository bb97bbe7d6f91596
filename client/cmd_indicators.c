/* The plan's table: indicators. */
#include "client/commands.h"
#include "client/indicator_table.h"
#include "client/scope.h"

static const struct option options[] = {
    {"year", N_("YEAR"), NULL, N_("one fiscal year: FY2023, R5"), false},
    {"from", N_("YEAR"), NULL, N_("first year; the plan's years if not given"), false},
    {"to", N_("YEAR"), NULL, N_("last year"), false},
    {"as-of", N_("DATE"), NULL, N_("only what happened on or before this day"), false},
    {"known-at", N_("TIME"), NULL, N_("as recorded by then"), false},
    {"plan-now", NULL, NULL, N_("judge by today's plan, with --known-at"), false},
    {NULL, NULL, NULL, NULL, false},
};

/* ---- CSV and JSON: the contract's columns ------------------------------------------- */

/* The field of IndicatorRow has the column's name. */
static const struct column columns[] = {
    {"id", "", COLUMN_TEXT, 0},
    {"name", "", COLUMN_TEXT, 0},
    {"unit", "", COLUMN_TEXT, 0},
    {"year", "", COLUMN_PLAIN, 0},
    {"baseline", "", COLUMN_NUMBER, 0},
    {"actual", "", COLUMN_NUMBER, 0},
    {"target", "", COLUMN_NUMBER, 0},
    {"ratio", "", COLUMN_NUMBER, 0},
    {"verdict", "", COLUMN_TEXT, 0},
    {"as_of", "", COLUMN_TEXT, 0},
    {"note", "", COLUMN_TEXT, 0},
    {"policy", "", COLUMN_TEXT, 0},
    {"department", "", COLUMN_TEXT, 0},
    {"kind", "", COLUMN_TEXT, 0},
    {"baseline_period", "", COLUMN_TEXT, 0},
    {"target_period", "", COLUMN_TEXT, 0},
    {"status", "", COLUMN_TEXT, 0},
};
#define N_COLUMNS (sizeof columns / sizeof columns[0])

struct writing {
    struct output *output;
    struct arena arena; /* of one row */
};

static void write_page(void *ctx, const Madoguchi__Page *page) {
    struct writing *w = ctx;
    for (size_t i = 0; i < page->n_indicator; i++) {
        const ProtobufCMessage *row = &page->indicator[i]->base;
        const char *cells[N_COLUMNS];
        arena_reset(&w->arena);
        for (size_t k = 0; k < N_COLUMNS; k++) {
            cells[k] =
                message_get_text(row, message_field(row->descriptor, columns[k].name), &w->arena);
        }
        output_row(w->output, cells);
    }
}

static int write_rows(struct client *c, Madoguchi__Request *request) {
    struct writing w = {.output = output_open(&c->output, columns, N_COLUMNS)};
    if (w.output == NULL) {
        return client_no_memory();
    }
    arena_init(&w.arena, CLIENT_BUDGET);
    int exit_code = client_close(w.output, client_read(c, request, write_page, &w));
    arena_free(&w.arena);
    return exit_code;
}

/* ---- the words ------------------------------------------------------------------------ */

static int parse_years(const struct arguments *a, Madoguchi__Indicators *message, struct error *e) {
    const char *year = options_get(a, "year");
    const char *from = options_get(a, "from");
    const char *to = options_get(a, "to");
    if (year != NULL) {
        message->has_from = message->has_to = 1;
        return scope_year(year, &message->from, &message->to, e);
    }
    if (from != NULL) {
        message->has_from = 1;
        if (scope_year(from, &message->from, NULL, e) < 0) {
            return -1;
        }
    }
    if (to != NULL) {
        message->has_to = 1;
        return scope_year(to, &message->to, NULL, e);
    }
    return 0;
}

static int run(struct client *c, const struct arguments *a) {
    Madoguchi__Indicators message = MADOGUCHI__INDICATORS__INIT;
    Madoguchi__Scope scope = MADOGUCHI__SCOPE__INIT; /* for its options */
    Madoguchi__Request request = MADOGUCHI__REQUEST__INIT;
    struct error e;
    if (options_has(a, "year") && (options_has(a, "from") || options_has(a, "to"))) {
        return client_usage(c, _("Give either --year, or --from and --to."));
    }
    /* from and to of a scope are periods, those of the message years. */
    struct arguments dates = {.n = 0};
    for (size_t i = 0; i < a->n_given; i++) {
        if (strcmp(a->option[i]->name, "from") != 0 && strcmp(a->option[i]->name, "to") != 0) {
            dates.option[dates.n_given] = a->option[i];
            dates.value[dates.n_given++] = a->value[i];
        }
    }
    if (parse_years(a, &message, &e) < 0 || scope_parse(c, &dates, &scope, &e) < 0) {
        return client_fail(&e, EXIT_REFUSED);
    }
    message_copy(&message.base, &scope.base); /* as_of, known_at, today */
    SET(&message, plan, bytes_of(a->word[0]));
    if (options_has(a, "plan-now")) {
        SET(&message, plan_now, 1);
    }
    request.body_case = MADOGUCHI__REQUEST__BODY_INDICATORS;
    request.indicators = &message;
    return c->output.format == OUTPUT_TEXT ? indicator_table(c, a->word[0], &request)
                                           : write_rows(c, &request);
}

const struct command command_indicators = {
    .name = "indicators",
    .words = "PLAN",
    .summary = N_("the plan's table: baseline, actual, target, verdict"),
    .example = "madoguchi indicators nagai --year R5\n"
               "madoguchi indicators nagai --from FY2019 --to FY2023\n"
               "madoguchi indicators nagai --format csv --excel > nagai.csv",
    .options = options,
    .least = 1,
    .most = 1,
    .run = run,
};
