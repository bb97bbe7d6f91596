/* From a number of the plan down to its facts: prove. */
#include "client/commands.h"
#include "client/labels.h"
#include "client/scope.h"
#include "client/total.h"
#include "proto/calendar.h"
#include "proto/message.h"

#include <inttypes.h>

static const struct option options[] = {
    {"year", N_("YEAR"), NULL, N_("the fiscal year (needed): FY2023, R5"), false},
    {"as-of", N_("DATE"), NULL, N_("only what happened on or before this day"), false},
    {"known-at", N_("TIME"), NULL, N_("as recorded by then"), false},
    {"plan-now", NULL, NULL, N_("by today's plan, with --known-at"), false},
    {NULL, NULL, NULL, NULL, false},
};

struct prove {
    struct client *client;
    struct output *output;
    struct total number, households, persons;
    struct arena arena; /* of one row */
};

static const char *integer(struct prove *p, bool has, int64_t value) {
    return has ? arena_printf(&p->arena, "%" PRId64, value) : NULL;
}

/* What a ratio is divided by is listed, not added to what it is made of. */
static bool is_denominator(const Madoguchi__FactRow *f) {
    for (size_t i = 0; i < f->n_field; i++) {
        if (bytes_equal(f->field[i]->name, "part") &&
            bytes_equal(f->field[i]->value, "denominator")) {
            return true;
        }
    }
    return false;
}

static void take_fact(struct prove *p, const Madoguchi__FactRow *f) {
    char date[16];
    bool text = p->client->output.format == OUTPUT_TEXT;
    arena_reset(&p->arena);
    calendar_format_date(f->date, date);
    const char *kind = client_text(&p->arena, f->has_kind, f->kind);
    const char *value = client_text(&p->arena, f->has_value, f->value);
    const char *cells[] = {
        f->has_seq ? arena_printf(&p->arena, "%" PRIu64, f->seq) : NULL,
        client_text(&p->arena, f->has_case_number, f->case_number),
        f->has_date ? date : client_text(&p->arena, f->has_month, f->month),
        text && kind != NULL ? labels_field(kind) : kind,
        value != NULL ? value : integer(p, f->has_number, f->number),
        integer(p, f->has_households, f->households),
        integer(p, f->has_persons, f->persons),
        NULL,
    };
    if (!is_denominator(f)) {
        total_add(&p->number, cells[4]);
        total_add(&p->households, cells[5]);
        total_add(&p->persons, cells[6]);
    }
    if (text) {
        const char *fields = "";
        for (size_t i = 0; i < f->n_field && fields != NULL; i++) {
            const char *name = client_text(&p->arena, 1, f->field[i]->name);
            const char *word = client_text(&p->arena, 1, f->field[i]->value);
            if (name != NULL && word != NULL) {
                fields = arena_printf(&p->arena, "%s%s%s", fields, i > 0 ? " " : "",
                                      labels_of(p->client, name, word, &p->arena));
            }
        }
        cells[7] = fields;
    }
    output_row(p->output, cells);
}

static void take(void *ctx, const Madoguchi__Page *page) {
    struct prove *p = ctx;
    for (size_t i = 0; i < page->n_fact; i++) {
        take_fact(p, page->fact[i]);
    }
    for (size_t i = 0; i < page->n_pair && p->client->output.format == OUTPUT_TEXT; i++) {
        const Madoguchi__Pair *pair = page->pair[i];
        const char *name = client_text(&p->client->arena, pair->has_name, pair->name);
        printf("%s: %.*s\n", name != NULL ? labels_field(name) : "", (int)pair->value.len,
               (const char *)pair->value.data);
    }
}

static int print(struct client *c, Madoguchi__Request *request) {
    const struct column columns[] = {
        {"seq", labels_field("seq"), COLUMN_PLAIN, 0},
        {"case", labels_field("case"), COLUMN_TEXT, 0},
        {"date", labels_field("date"), COLUMN_TEXT, 0},
        {"kind", labels_field("kind"), COLUMN_TEXT, 0},
        {"number", labels_field("number"), COLUMN_NUMBER, 0},
        {"households", labels_field("households"), COLUMN_NUMBER, 0},
        {"persons", labels_field("persons"), COLUMN_NUMBER, 0},
        {"", "", COLUMN_TEXT, 0},
    };
    bool text = c->output.format == OUTPUT_TEXT;
    struct prove p = {.client = c, .output = output_open(&c->output, columns, text ? 8 : 7)};
    if (p.output == NULL) {
        return client_no_memory();
    }
    labels_of(c, "service", "", &c->arena); /* asks for the catalogue first */
    arena_init(&p.arena, CLIENT_BUDGET);
    int exit_code = client_read(c, request, take, &p);
    if (exit_code == EXIT_DONE) {
        char number[TOTAL_SIZE];
        char households[TOTAL_SIZE];
        char persons[TOTAL_SIZE];
        const char *const cells[] = {
            text ? _("total") : "total",
            NULL,
            NULL,
            NULL,
            total_text(&p.number, number),
            total_text(&p.households, households),
            total_text(&p.persons, persons),
            NULL,
        };
        output_row(p.output, cells);
    }
    exit_code = client_close(p.output, exit_code);
    arena_free(&p.arena);
    return exit_code;
}

static int run(struct client *c, const struct arguments *a) {
    Madoguchi__Prove prove = MADOGUCHI__PROVE__INIT;
    Madoguchi__Scope scope = MADOGUCHI__SCOPE__INIT; /* for its options */
    Madoguchi__Request request = MADOGUCHI__REQUEST__INIT;
    struct arguments none = *a;
    struct error e;
    const char *slash = strchr(a->word[0], '/');
    if (slash == NULL || slash == a->word[0] || slash[1] == '\0') {
        return client_usage(c, _("\"%s\" should be PLAN/INDICATOR."), a->word[0]);
    }
    if (!options_has(a, "year")) {
        return client_usage(c, _("--year YEAR is needed."));
    }
    none.n = 0;
    if (scope_year(options_get(a, "year"), &prove.year, NULL, &e) < 0 ||
        scope_parse(c, &none, &scope, &e) < 0) {
        return client_fail(&e, EXIT_REFUSED);
    }
    prove.has_year = 1;
    message_copy(&prove.base, &scope.base); /* as_of, known_at, today */
    SET(&prove, plan, bytes_of(arena_strndup(&c->arena, a->word[0], (size_t)(slash - a->word[0]))));
    SET(&prove, indicator, bytes_of(slash + 1));
    if (options_has(a, "plan-now")) {
        SET(&prove, plan_now, 1);
    }
    request.body_case = MADOGUCHI__REQUEST__BODY_PROVE;
    request.prove = &prove;
    return print(c, &request);
}

const struct command command_prove = {
    .name = "prove",
    .words = "PLAN/INDICATOR --year YEAR",
    .summary = N_("list the facts behind one number of the plan, and their total"),
    .example = "madoguchi prove nagai/migrated-cases --year R5\n"
               "madoguchi prove nagai/migrated-cases --year FY2023 --format csv",
    .options = options,
    .least = 1,
    .most = 1,
    .run = run,
};
