/* Numbers of a period: stats. */
#include "client/commands.h"
#include "client/labels.h"
#include "client/scope.h"
#include "proto/calendar.h"

#include <inttypes.h>

#define BY_MAX 6

static const struct option options[] = {
    {"count", N_("WHAT"), NULL,
     N_("contacts (if not given), consultations, cases, active, topics, outcomes, households, "
        "persons, sessions, attendees, programs, referrals, refusals"),
     false},
    {"by", N_("FIELD,..."), NULL, N_("one row for each; month,service if not given"), false},
    SCOPE_FROM,
    SCOPE_TO,
    SCOPE_AS_OF,
    SCOPE_KNOWN_AT,
    {"explain", NULL, NULL, N_("say from which table the numbers were taken"), false},
    {NULL, NULL, NULL, NULL, false},
};

struct stats {
    struct client *client;
    struct output *output;
    const char *by[BY_MAX];
    size_t n_by;
    int64_t total, unknown;
    size_t rows;
    const struct arguments *arguments;
    const char *count;
    bool headed;
    struct arena arena; /* of one row */
};

static bool is_additive(const char *count) {
    return strcmp(count, "active") != 0 && strcmp(count, "programs") != 0;
}

static const char *key_text(struct stats *s, const char *by, const char *key) {
    if (s->client->output.format != OUTPUT_TEXT) {
        return key;
    }
    if (key[0] == '\0') {
        return _("(unknown)");
    }
    return strcmp(by, "year") == 0 ? labels_year(key, &s->arena)
                                   : labels_of(s->client, by, key, &s->arena);
}

static void take_row(struct stats *s, const Madoguchi__StatRow *row) {
    const char *cells[BY_MAX + 2];
    size_t n = 0;
    arena_reset(&s->arena);
    for (; n < s->n_by && n < row->n_key; n++) {
        const char *key = client_text(&s->arena, 1, row->key[n]);
        cells[n] = key != NULL ? key_text(s, s->by[n], key) : NULL;
    }
    while (n < s->n_by) {
        cells[n++] = NULL;
    }
    cells[n++] = arena_printf(&s->arena, "%" PRId64, row->count);
    if (row->has_unknown && row->unknown != 0 && s->client->output.format == OUTPUT_TEXT) {
        cells[n++] = arena_printf(&s->arena, _("and %" PRId64 " without a number"), row->unknown);
    } else if (s->client->output.format == OUTPUT_TEXT) {
        cells[n++] = NULL;
    }
    output_row(s->output, cells);
    s->total += row->count;
    s->unknown += row->unknown;
    s->rows++;
}

/* "対応件数(延べ) 令和6年度 service=migration": what the table shows. */
static void print_heading(struct stats *s) {
    const struct arguments *a = s->arguments;
    if (s->headed || s->client->output.format != OUTPUT_TEXT) {
        return;
    }
    s->headed = true;
    printf("%s", labels_measure(s->count));
    const char *from = options_get(a, "from");
    const char *to = options_get(a, "to");
    if (from == NULL && to == NULL) {
        char year[32];
        uint32_t fy = calendar_fiscal_year(s->client->today);
        calendar_format_year_ja(fy, year);
        if (words_japanese()) {
            printf("  %s", year);
        } else {
            printf("  FY%u", fy);
        }
    } else if (from != NULL && to != NULL && strcmp(from, to) == 0) {
        printf("  %s", from);
    } else {
        printf("  %s..%s", from != NULL ? from : "", to != NULL ? to : "");
    }
    for (size_t i = 0; i < a->n; i++) {
        printf("  %s", a->word[i]);
    }
    putchar('\n');
}

static void take(void *ctx, const Madoguchi__Page *page) {
    struct stats *s = ctx;
    print_heading(s);
    for (size_t i = 0; i < page->n_stat; i++) {
        take_row(s, page->stat[i]);
    }
    for (size_t i = 0; i < page->n_pair; i++) {
        const Madoguchi__Pair *p = page->pair[i];
        const char *name = client_text(&s->client->arena, p->has_name, p->name);
        client_note("%s: %.*s", name != NULL ? labels_field(name) : "", (int)p->value.len,
                    (const char *)p->value.data);
    }
}

static void print_total(struct stats *s) {
    if (s->client->output.format != OUTPUT_TEXT) {
        if (s->unknown != 0) {
            client_note(_("and %" PRId64 " without a number"), s->unknown);
        }
        return;
    }
    if (s->rows == 0) {
        client_note(_("Nothing was counted in this period."));
    } else if (is_additive(s->count)) {
        const char *cells[BY_MAX + 2] = {_("total")};
        arena_reset(&s->arena);
        cells[s->n_by] = arena_printf(&s->arena, "%" PRId64, s->total);
        if (s->unknown != 0) {
            cells[s->n_by + 1] =
                arena_printf(&s->arena, _("and %" PRId64 " without a number"), s->unknown);
        }
        output_row(s->output, cells);
    }
}

/* month,service: into the request, with '_' for '-'. */
static int parse_by(struct client *c, const char *by, struct stats *s, Madoguchi__Stats *stats) {
    stats->by = arena_alloc(&c->arena, BY_MAX * sizeof *stats->by);
    if (stats->by == NULL) {
        return client_no_memory();
    }
    while (*by != '\0') {
        size_t len = strcspn(by, ",");
        char *field = arena_strndup(&c->arena, by, len);
        if (s->n_by == BY_MAX || field == NULL) {
            return client_usage(c, _("--by takes at most %d fields."), BY_MAX);
        }
        for (char *p = field; *p != '\0'; p++) {
            *p = *p == '-' ? '_' : *p;
        }
        stats->by[stats->n_by++] = bytes_of(field);
        s->by[s->n_by++] = field;
        by += by[len] == ',' ? len + 1 : len;
    }
    return EXIT_DONE;
}

static int print(struct client *c, struct stats *s, Madoguchi__Request *request) {
    struct column columns[BY_MAX + 2];
    bool text = c->output.format == OUTPUT_TEXT;
    size_t n = 0;
    for (; n < s->n_by; n++) {
        bool plain = !text && strcmp(s->by[n], "year") == 0;
        columns[n] = (struct column){s->by[n], labels_field(s->by[n]),
                                     plain ? COLUMN_PLAIN : COLUMN_TEXT, 0};
    }
    columns[n++] = (struct column){"count", labels_field("count"), COLUMN_NUMBER, 0};
    if (text) {
        columns[n++] = (struct column){"", "", COLUMN_TEXT, 0};
        labels_of(c, "service", "", &c->arena); /* asks for the catalogue first */
    }
    s->output = output_open(&c->output, columns, n);
    if (s->output == NULL) {
        return client_no_memory();
    }
    arena_init(&s->arena, CLIENT_BUDGET);
    int exit_code = client_read(c, request, take, s);
    if (exit_code == EXIT_DONE) {
        print_total(s);
    }
    exit_code = client_close(s->output, exit_code);
    arena_free(&s->arena);
    return exit_code;
}

static int run(struct client *c, const struct arguments *a) {
    Madoguchi__Scope scope = MADOGUCHI__SCOPE__INIT;
    Madoguchi__Stats message = MADOGUCHI__STATS__INIT;
    Madoguchi__Request request = MADOGUCHI__REQUEST__INIT;
    struct stats s = {.client = c, .arguments = a};
    struct error e;
    const char *count = options_get(a, "count");
    const char *by = options_get(a, "by");
    s.count = count != NULL ? count : "contacts";
    if (scope_parse(c, a, &scope, &e) < 0) {
        return client_fail(&e, scope_exit(&e));
    }
    int exit_code = parse_by(c, by != NULL ? by : "month,service", &s, &message);
    if (exit_code != EXIT_DONE) {
        return exit_code;
    }
    message.scope = &scope;
    SET(&message, count, bytes_of(s.count));
    if (options_has(a, "explain")) {
        SET(&message, explain, 1);
    }
    request.body_case = MADOGUCHI__REQUEST__BODY_STATS;
    request.stats = &message;
    return print(c, &s, &request);
}

const struct command command_stats = {
    .name = "stats",
    .words = "[FIELD=VALUE[,VALUE...]]... [FIELD!=VALUE]...",
    .summary = N_("the numbers of a period; without one, of this fiscal year"),
    .details = N_("Fields of --by: year month day hour service program office channel nature topic "
                  "outcome route origin age session_kind form venue venue_kind reason target. "
                  "Filters take the same, and day=weekday or day=holiday; a group of the "
                  "catalogue is written @shutoken."),
    .example = "madoguchi stats --by month,service\n"
               "madoguchi stats --count outcomes --by year,outcome --from R1 --to R5 "
               "service=migration\n"
               "madoguchi stats --count consultations --by topic --from 2024-04 --format csv",
    .options = options,
    .least = 0,
    .most = WORDS_MAX,
    .run = run,
};
