/* The month's report, and the year's: report. */
#include "client/commands.h"
#include "client/labels.h"
#include "client/report.h"
#include "client/scope.h"

#include <errno.h>
#include <time.h>
#include <unistd.h>

static const struct option options[] = {
    {"service", N_("SERVICE"), NULL, N_("of this service; all of them together if not given"),
     false},
    {"month", N_("MONTH"), NULL, N_("of a monthly one: 2024-04; the last one if not given"), false},
    {"year", N_("YEAR"), NULL,
     N_("of the others: FY2023, R5; that of last month, of a survey the last over"), false},
    SCOPE_KNOWN_AT,
    {"output", N_("FILE"), NULL, N_("write it into this file; also -o FILE"), false},
    {NULL, NULL, NULL, NULL, false},
};

static int parse(const struct arguments *a, struct report_params *p, struct error *e) {
    const char *month = options_get(a, "month");
    const char *year = options_get(a, "year");
    const char *known_at = options_get(a, "known-at");
    p->service = options_get(a, "service");
    if (month != NULL && scope_month(month, &p->month, e) < 0) {
        return -1;
    }
    if (year != NULL && scope_year(year, &p->year, NULL, e) < 0) {
        return -1;
    }
    return known_at != NULL ? scope_known_at(known_at, &p->known_at, e) : 0;
}

/* ---- asking ------------------------------------------------------------------------------- */

struct taking {
    struct report *report;
    size_t question;
    int rc;
    struct error *error;
};

static int take(void *ctx, const Madoguchi__Answer *answer) {
    struct taking *t = ctx;
    if (answer->body_case == MADOGUCHI__ANSWER__BODY_PAGE) {
        t->rc = report_take(t->report, t->question, answer->page, answer->position, t->error);
    }
    return t->rc != 0;
}

static int ask(struct client *c, struct report *r, struct error *e) {
    do {
        for (size_t i = 0; i < report_questions(r); i++) {
            struct taking t = {r, i, 0, e};
            Madoguchi__Request *request = report_request(r, i);
            if (request == NULL) {
                continue;
            }
            enum connection_outcome outcome = connection_ask(c->connection, request, take, &t, e);
            if (outcome != CONNECTION_DONE) {
                return client_fail(e, (int)outcome);
            }
            if (t.rc != 0 || report_answered(r, i, e) < 0) {
                return client_fail(e, EXIT_REFUSED);
            }
        }
    } while (!report_settled(r));
    return EXIT_DONE;
}

/* ---- printing ------------------------------------------------------------------------------- */

static enum report_format format_of(const struct client *c) {
    return c->xlsx                           ? REPORT_XLSX
           : c->output.format == OUTPUT_CSV  ? REPORT_CSV
           : c->output.format == OUTPUT_JSON ? REPORT_JSON
                                             : REPORT_TEXT;
}

static int print(struct client *c, struct report *r, const char *path) {
    struct error e = {.code = 0};
    const struct report_style style = {.format = format_of(c),
                                       .excel = c->output.excel,
                                       .japanese = words_japanese(),
                                       .catalogue = labels_catalogue(c)};
    FILE *file = path != NULL ? fopen(path, "wb") : stdout;
    if (file == NULL) {
        error_set(&e, ERR_INVALID, "", SAY("%s cannot be written (%s)."), path, strerror(errno));
        return client_fail(&e, EXIT_REFUSED);
    }
    int rc = report_render(r, &style, file, &e);
    if (path != NULL && fclose(file) != 0 && rc == 0) {
        rc = error_set(&e, ERR_INVALID, "", SAY("%s cannot be written (%s)."), path,
                       strerror(errno));
    }
    if (rc < 0 && path != NULL) {
        (void)unlink(path); /* half a report must not look whole */
    }
    return rc < 0 ? client_fail(&e, EXIT_REFUSED) : EXIT_DONE;
}

static int run_report(struct client *c, struct report_params *p, const char *path) {
    struct error e = {.code = 0};
    struct report *r;
    if (client_connection(c, &e) == NULL) {
        return client_fail(&e, EXIT_REFUSED);
    }
    enum connection_outcome outcome = connection_open(c->connection, &e);
    if (outcome != CONNECTION_DONE) {
        return client_fail(&e, (int)outcome);
    }
    const Madoguchi__Welcome *welcome = connection_welcome(c->connection);
    p->municipality = client_text(&c->arena, welcome->has_municipality, welcome->municipality);
    p->name = client_text(&c->arena, welcome->has_name, welcome->name);
    p->municipality = p->municipality != NULL ? p->municipality : "";
    p->name = p->name != NULL ? p->name : "";
    if (report_new(p, &r, &e) < 0) {
        return client_fail(&e, EXIT_REFUSED);
    }
    int exit_code = ask(c, r, &e);
    if (exit_code == EXIT_DONE) {
        exit_code = print(c, r, path);
    }
    report_free(r);
    return exit_code;
}

static int run(struct client *c, const struct arguments *a) {
    struct report_params p = {.kind = REPORT_MONTHLY};
    struct error e;
    struct timespec now;
    int kind = report_kind_find(a->word[0]);
    const char *path = options_get(a, "output");
    if (kind < 0) {
        return client_usage(c, _("A report is monthly, yearly, five-years or survey, not \"%s\"."),
                            a->word[0]);
    }
    p.kind = (enum report_kind)kind;
    if (options_has(a, p.kind == REPORT_MONTHLY ? "year" : "month")) {
        return client_usage(c, p.kind == REPORT_MONTHLY ? _("report monthly takes --month.")
                                                        : _("This report takes --year."));
    }
    if (parse(a, &p, &e) < 0) {
        return client_fail(&e, EXIT_REFUSED);
    }
    if (c->xlsx && path == NULL && isatty(STDOUT_FILENO)) {
        return client_usage(c, _("--format xlsx goes into a file: -o FILE."));
    }
    clock_gettime(CLOCK_REALTIME, &now);
    p.now = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
    return run_report(c, &p, path);
}

const struct command command_report = {
    .name = "report",
    .words = "monthly|yearly|five-years|survey",
    .summary = N_("the month's report, the year's, five years, or the migration survey"),
    .details =
        N_("Every table with what it counts, its period, and the moment it stands on; beside "
           "the year before in three ways: difference, ratio (%), rate of change (%). As "
           "text, as xlsx to be printed, or one line a number as CSV or JSON."),
    .example = "madoguchi report monthly --service migration --month 2024-04\n"
               "madoguchi report yearly --year R6 --format xlsx -o report.xlsx\n"
               "madoguchi report survey --year R6 --format csv",
    .options = options,
    .least = 1,
    .most = 1,
    .xlsx = true,
    .run = run,
};
