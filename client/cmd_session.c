/* Sessions: plan, hold, cancel. */
#include "client/commands.h"

#define DATE \
    { "date", N_("DATE"), "date", N_("its day; today if not given"), false }
#define TIME \
    { "time", "HH:MM", "time", N_("at what time"), false }
#define SERVICE \
    { "service", N_("SERVICE"), "service", N_("for which service"), false }
#define PROGRAM \
    { "program", N_("PROGRAM"), "program", N_("under which scheme"), false }
#define OFFICE \
    { "office", N_("OFFICE"), "office", N_("by which office"), false }
#define FORM \
    { "form", N_("FORM"), "form", N_("in-person, online, hybrid"), false }
#define VENUE \
    { "venue", N_("TEXT"), "venue", N_("where: the name of the place"), false }
#define VENUE_KIND                                                    \
    {                                                                 \
        "venue-kind", N_("KIND"), "venue_kind",                       \
            N_("city-hall, branch, mall, company, school ..."), false \
    }
#define END \
    { NULL, NULL, NULL, NULL, false }

static const struct option plan_options[] = {
    DATE, TIME, SERVICE, PROGRAM, OFFICE, FORM, VENUE, VENUE_KIND, END,
};
static const struct option hold_options[] = {
    DATE,
    TIME,
    SERVICE,
    PROGRAM,
    OFFICE,
    FORM,
    VENUE,
    VENUE_KIND,
    {"households", "N", "households", N_("households that came"), false},
    {"persons", "N", "persons", N_("persons that came"), false},
    END,
};
static const struct option cancel_options[] = {
    {"reason", N_("TEXT"), "reason", N_("why it was cancelled (needed)"), false},
    {"date", N_("DATE"), "date", N_("its day, if it should be told"), false},
    END,
};

static int run_session(struct client *c, const struct arguments *a, Madoguchi__Session *session) {
    struct error e;
    if (options_fill(a, &session->base, &c->arena, &e) < 0) {
        return client_fail(&e, EXIT_REFUSED);
    }
    Madoguchi__Request request = MADOGUCHI__REQUEST__INIT;
    request.body_case = MADOGUCHI__REQUEST__BODY_SESSION;
    request.session = session;
    return client_record(c, &request);
}

static int run_plan(struct client *c, const struct arguments *a) {
    Madoguchi__Session session = MADOGUCHI__SESSION__INIT;
    if (!options_has(a, "date")) {
        return client_usage(c, _("--date DATE is needed: the day it is planned for."));
    }
    SET(&session, kind, MADOGUCHI__SESSION_KIND__PLAN);
    SET(&session, session_kind, bytes_of(a->word[0]));
    return run_session(c, a, &session);
}

/* S-2024-000007 is a session, seminar a kind of them. */
static bool is_number(const char *word) {
    return word[0] == 'S' && word[1] == '-';
}

static int run_hold(struct client *c, const struct arguments *a) {
    Madoguchi__Session session = MADOGUCHI__SESSION__INIT;
    SET(&session, kind, MADOGUCHI__SESSION_KIND__HOLD);
    SET(&session, date, c->today);
    if (is_number(a->word[0])) {
        SET(&session, session, bytes_of(a->word[0]));
    } else {
        SET(&session, session_kind, bytes_of(a->word[0]));
    }
    return run_session(c, a, &session);
}

static int run_cancel(struct client *c, const struct arguments *a) {
    Madoguchi__Session session = MADOGUCHI__SESSION__INIT;
    if (!options_has(a, "reason")) {
        return client_usage(c, _("--reason TEXT is needed."));
    }
    SET(&session, kind, MADOGUCHI__SESSION_KIND__CANCEL);
    SET(&session, session, bytes_of(a->word[0]));
    return run_session(c, a, &session);
}

const struct command command_session_plan = {
    .name = "session plan",
    .words = "KIND --date DATE",
    .summary = N_("plan a session (seminar, fair, consultation-day ...); prints its number"),
    .example = "madoguchi session plan fair --date 2024-07-06 --service migration --form in-person",
    .options = plan_options,
    .least = 1,
    .most = 1,
    .run = run_plan,
};

const struct command command_session_hold = {
    .name = "session hold",
    .words = "ID|KIND [--date DATE]",
    .summary = N_("log that a session was held: a planned one, or a new one of a kind"),
    .example =
        "madoguchi session hold S-2024-000007 --date 2024-07-06 --households 12 --persons 21\n"
        "madoguchi session hold seminar --date 2024-07-06 --service migration --form online",
    .options = hold_options,
    .least = 1,
    .most = 1,
    .run = run_hold,
};

const struct command command_session_cancel = {
    .name = "session cancel",
    .words = "ID --reason TEXT",
    .summary = N_("log that a planned session did not take place"),
    .example = "madoguchi session cancel S-2024-000007 --reason 'heavy snow'",
    .options = cancel_options,
    .least = 1,
    .most = 1,
    .run = run_cancel,
};
