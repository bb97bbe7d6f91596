/* What the counter declares that it logs here: coverage. */
#include "client/commands.h"

static const struct option options[] = {
    {"service", N_("SERVICE"), "service", N_("only this service"), false},
    {"program", N_("PROGRAM"), "program", N_("only this scheme"), false},
    {"session-kind", N_("KIND"), "session_kind", N_("only sessions of this kind"), false},
    {"not-held", NULL, "not_held", N_("nothing was held or offered in these days"), false},
    {"reason", N_("TEXT"), "reason", N_("why, with --not-held"), false},
    {NULL, NULL, NULL, NULL, false},
};

static int run(struct client *c, const struct arguments *a) {
    Madoguchi__Coverage coverage = MADOGUCHI__COVERAGE__INIT;
    struct error e;
    SET(&coverage, period, bytes_of(a->word[0]));
    if (options_fill(a, &coverage.base, &c->arena, &e) < 0) {
        return client_fail(&e, EXIT_REFUSED);
    }
    Madoguchi__Request request = MADOGUCHI__REQUEST__INIT;
    request.body_case = MADOGUCHI__REQUEST__BODY_COVERAGE;
    request.coverage = &coverage;
    return client_record(c, &request);
}

const struct command command_coverage = {
    .name = "coverage",
    .words = "PERIOD",
    .summary = N_("declare the days for which this counter logs here"),
    .details = N_("Without an option everything is covered. A period without any entry counts 0 "
                  "where it is covered and is unknown elsewhere. PERIOD is FY2024, R6, 2024-04, a "
                  "day, D..D, or D.. until further notice."),
    .example = "madoguchi coverage 2024-04-01.. --service migration\n"
               "madoguchi coverage FY2020 --program trial-stay --not-held --reason 'pandemic'",
    .options = options,
    .least = 1,
    .most = 1,
    .run = run,
};
