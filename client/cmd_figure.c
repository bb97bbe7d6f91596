/* Figures from outside: figure set. */
#include "client/commands.h"

static const struct option options[] = {
    {"as-of", N_("DATE"), "as_of", N_("the day the figure stands on (needed)"), false},
    {"source", N_("TEXT"), "source", N_("where it was printed (needed)"), false},
    {NULL, NULL, NULL, NULL, false},
};

static int run(struct client *c, const struct arguments *a) {
    Madoguchi__Figure figure = MADOGUCHI__FIGURE__INIT;
    struct error e;
    if (!options_has(a, "as-of") || !options_has(a, "source")) {
        return client_usage(c, _("--as-of DATE and --source TEXT are needed."));
    }
    SET(&figure, series, bytes_of(a->word[0]));
    SET(&figure, period, bytes_of(a->word[1]));
    SET(&figure, value, bytes_of(a->word[2]));
    if (options_fill(a, &figure.base, &c->arena, &e) < 0) {
        return client_fail(&e, EXIT_REFUSED);
    }
    Madoguchi__Request request = MADOGUCHI__REQUEST__INIT;
    request.body_case = MADOGUCHI__REQUEST__BODY_FIGURE;
    request.figure = &figure;
    return client_record(c, &request);
}

const struct command command_figure_set = {
    .name = "figure set",
    .words = "SERIES PERIOD VALUE --as-of DATE --source TEXT",
    .summary = N_("record a number from outside, as printed"),
    .details = N_("SERIES is any lower-case word; plans refer to it. PERIOD is FY2023, R5, 2024-04 "
                  "or a day."),
    .example = "madoguchi figure set nagai-hp-views FY2023 1207069 --as-of 2024-03-31 "
               "--source 'access log'",
    .options = options,
    .least = 3,
    .most = 3,
    .run = run,
};
