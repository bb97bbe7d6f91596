/* Months: close. */
#include "client/commands.h"
#include "proto/calendar.h"

static const struct option options[] = {
    {"service", N_("SERVICE"), "service", N_("only of this service"), false},
    {NULL, NULL, NULL, NULL, false},
};

static int run(struct client *c, const struct arguments *a) {
    Madoguchi__Closing closing = MADOGUCHI__CLOSING__INIT;
    Madoguchi__Request request = MADOGUCHI__REQUEST__INIT;
    struct period period;
    struct error e;
    const char *word = a->word[0];
    if (calendar_parse_period(word, strlen(word), &period, &e) < 0 ||
        options_fill(a, &closing.base, &c->arena, &e) < 0) {
        return client_fail(&e, EXIT_REFUSED);
    }
    if (period.kind != PERIOD_MONTH) {
        error_set(&e, ERR_INVALID, "month", SAY("\"%s\" is not a month like 2024-04 or R6.4."),
                  word);
        return client_fail(&e, EXIT_REFUSED);
    }
    SET(&closing, month, period.from / 100);
    request.body_case = MADOGUCHI__REQUEST__BODY_CLOSING;
    request.closing = &closing;
    return client_record(c, &request);
}

const struct command command_month_close = {
    .name = "month close",
    .words = "MONTH",
    .summary = N_("close a month: what comes later is recorded as late"),
    .details = N_("Clerks cannot change its entries any more; a supervisor can."),
    .example = "madoguchi month close 2024-04\n"
               "madoguchi month close 2024-04 --service migration",
    .options = options,
    .least = 1,
    .most = 1,
    .run = run,
};
