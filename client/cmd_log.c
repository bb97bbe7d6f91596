/* What happens at a counter: log, tally, decline, contact, outcome, refer,
 * close, reopen.  One message (Act), one option for each of its fields. */
#include "client/commands.h"

#define DATE                                                                       \
    {                                                                              \
        "date", N_("DATE"), "date",                                                \
            N_("when it happened: 2024-04-15, R6.4.15; today if not given"), false \
    }
#define TIME \
    { "time", "HH:MM", "time", N_("at what time"), false }
#define PROGRAM \
    { "program", N_("PROGRAM"), "program", N_("the scheme it was done under"), false }
#define OFFICE \
    { "office", N_("OFFICE"), "office", N_("where"), false }
#define CHANNEL                                                           \
    {                                                                     \
        "channel", N_("CHANNEL"), "channel",                              \
            N_("by which means: counter, phone, mail, online ..."), false \
    }
#define NATURE                                                                      \
    {                                                                               \
        "nature", N_("NATURE"), "nature",                                           \
            N_("inquiry, consultation, complaint, procedure, follow-up ..."), false \
    }
#define TOPIC                                                                             \
    {                                                                                     \
        "topic", N_("TOPIC"), "topic",                                                    \
            N_("what it was about; may be given several times, the main one first"), true \
    }
#define ORIGIN                                                                   \
    {                                                                            \
        "origin", N_("PREF"), "origin",                                          \
            N_("where the person lives: a prefecture, overseas, unknown"), false \
    }
#define AGE \
    { "age", N_("BAND"), "age", N_("age band"), false }
#define ROUTE \
    { "route", N_("ROUTE"), "route", N_("how the case first came, if not by this channel"), false }
#define SESSION \
    { "session", N_("ID"), "session", N_("at which session: S-2024-000007"), false }
#define OUTCOME \
    { "outcome", N_("OUTCOME"), "outcome", N_("its outcome: moved, issued, informed ..."), false }
#define HOUSEHOLDS \
    { "households", "N", "households", N_("households of the outcome"), false }
#define PERSONS \
    { "persons", "N", "persons", N_("persons of the outcome"), false }
#define END \
    { NULL, NULL, NULL, NULL, false }

static const struct option log_options[] = {
    TOPIC, PROGRAM, DATE,    TIME,    OFFICE,     CHANNEL, NATURE, ORIGIN,
    AGE,   ROUTE,   SESSION, OUTCOME, HOUSEHOLDS, PERSONS, END,
};
static const struct option tally_options[] = {
    TOPIC,
    PROGRAM,
    DATE,
    TIME,
    OFFICE,
    CHANNEL,
    NATURE,
    ORIGIN,
    AGE,
    ROUTE,
    SESSION,
    {"outcome", "X[=N]", NULL, N_("its outcome, N times; as often as the count if not given"),
     false},
    HOUSEHOLDS,
    PERSONS,
    END,
};
static const struct option decline_options[] = {
    {"why", N_("REASON"), "reason",
     N_("full, wrong-day, out-of-scope, not-eligible, language, left"), false},
    PROGRAM,
    DATE,
    TIME,
    OFFICE,
    CHANNEL,
    NATURE,
    TOPIC,
    END,
};
static const struct option contact_options[] = {
    TOPIC, PROGRAM, DATE, TIME, OFFICE, CHANNEL, NATURE, SESSION, OUTCOME, HOUSEHOLDS, PERSONS, END,
};
static const struct option outcome_options[] = {
    DATE,
    TIME,
    PROGRAM,
    OFFICE,
    CHANNEL,
    SESSION,
    PERSONS,
    HOUSEHOLDS,
    {"with", N_("CASE2"), "with_case",
     N_("the second case of one marriage or contract: counted once"), false},
    END,
};
static const struct option refer_options[] = {
    DATE,
    {"due", N_("DATE"), "due", N_("until when an answer is expected"), false},
    END,
};
static const struct option close_options[] = {
    DATE,
    {"result", N_("OUTCOME"), "outcome", N_("its outcome, unless the case has it already"), false},
    HOUSEHOLDS,
    PERSONS,
    END,
};
static const struct option reopen_options[] = {DATE, END};

/* The fields that the words of a command fill, in their order. */
struct act {
    Madoguchi__ActKind kind;
    const char *word[2];
};

static int run_act(struct client *c, const struct arguments *a, const struct act *what) {
    Madoguchi__Act act = MADOGUCHI__ACT__INIT;
    Madoguchi__Request request = MADOGUCHI__REQUEST__INIT;
    struct error e;
    request.body_case = MADOGUCHI__REQUEST__BODY_ACT;
    request.act = &act;
    SET(&act, kind, what->kind);
    SET(&act, date, c->today);
    for (size_t i = 0; i < a->n; i++) {
        if (message_set_text(&act.base, what->word[i], a->word[i], &c->arena, &e) < 0) {
            return client_fail(&e, EXIT_REFUSED);
        }
    }
    if (options_fill(a, &act.base, &c->arena, &e) < 0) {
        return client_fail(&e, EXIT_REFUSED);
    }
    return client_record(c, &request);
}

static int run_log(struct client *c, const struct arguments *a) {
    return run_act(c, a, &(struct act){MADOGUCHI__ACT_KIND__LOG, {"service"}});
}

/* --outcome X or X=N: the field and how many of the count. */
static int run_tally(struct client *c, const struct arguments *a) {
    static const struct option fields[] = {
        {"outcome", "", "outcome", NULL, false},
        {"outcome-count", "", "outcome_count", NULL, false},
    };
    struct arguments with = *a;
    const char *outcome = options_get(a, "outcome");
    if (outcome != NULL && with.n_given + 2 <= OPTIONS_MAX) {
        size_t len = strcspn(outcome, "=");
        with.option[with.n_given] = &fields[0];
        with.value[with.n_given++] = arena_strndup(&c->arena, outcome, len);
        if (outcome[len] == '=') {
            with.option[with.n_given] = &fields[1];
            with.value[with.n_given++] = outcome + len + 1;
        }
    }
    return run_act(c, &with, &(struct act){MADOGUCHI__ACT_KIND__TALLY, {"service", "count"}});
}

static int run_decline(struct client *c, const struct arguments *a) {
    if (!options_has(a, "why")) {
        return client_usage(c, _("decline needs --why REASON."));
    }
    return run_act(c, a, &(struct act){MADOGUCHI__ACT_KIND__DECLINE, {"service", "count"}});
}

static int run_contact(struct client *c, const struct arguments *a) {
    return run_act(c, a, &(struct act){MADOGUCHI__ACT_KIND__CONTACT, {"case_number"}});
}

static int run_outcome(struct client *c, const struct arguments *a) {
    return run_act(c, a, &(struct act){MADOGUCHI__ACT_KIND__OUTCOME, {"case_number", "outcome"}});
}

static int run_refer(struct client *c, const struct arguments *a) {
    return run_act(c, a, &(struct act){MADOGUCHI__ACT_KIND__REFER, {"case_number", "target"}});
}

static int run_close(struct client *c, const struct arguments *a) {
    return run_act(c, a, &(struct act){MADOGUCHI__ACT_KIND__CLOSE, {"case_number"}});
}

static int run_reopen(struct client *c, const struct arguments *a) {
    return run_act(c, a, &(struct act){MADOGUCHI__ACT_KIND__REOPEN, {"case_number"}});
}

const struct command command_log = {
    .name = "log",
    .words = "SERVICE",
    .summary = N_("open a case with its first contact; prints its number"),
    .example =
        "madoguchi log migration --topic housing --topic work --channel phone --origin tokyo",
    .options = log_options,
    .least = 1,
    .most = 1,
    .run = run_log,
};

const struct command command_tally = {
    .name = "tally",
    .words = "SERVICE [COUNT]",
    .summary = N_("count without a case (a day's applications); COUNT is 1 if not given"),
    .example = "madoguchi tally mynumber 46 --topic application --channel outreach\n"
               "madoguchi tally mynumber 12 --topic collection --outcome issued=11",
    .options = tally_options,
    .least = 1,
    .most = 2,
    .run = run_tally,
};

const struct command command_decline = {
    .name = "decline",
    .words = "SERVICE [COUNT] --why REASON",
    .summary = N_("count a demand that could not be met"),
    .example = "madoguchi decline citizen --why full --program legal",
    .options = decline_options,
    .least = 1,
    .most = 2,
    .run = run_decline,
};

const struct command command_contact = {
    .name = "contact",
    .words = "CASE",
    .summary = N_("log a later contact of a case"),
    .example = "madoguchi contact M-2024-000123 --channel mail --topic vacant-house",
    .options = contact_options,
    .least = 1,
    .most = 1,
    .run = run_contact,
};

const struct command command_outcome = {
    .name = "outcome",
    .words = "CASE OUTCOME",
    .summary = N_("log a result of a case"),
    .example = "madoguchi outcome M-2024-000123 moved --households 1 --persons 3\n"
               "madoguchi outcome N-2024-000004 married --with N-2024-000009",
    .options = outcome_options,
    .least = 2,
    .most = 2,
    .run = run_outcome,
};

const struct command command_refer = {
    .name = "refer",
    .words = "CASE TO",
    .summary = N_("refer a case to a section or a professional"),
    .example = "madoguchi refer C-2024-000031 lawyer --due 2024-05-10",
    .options = refer_options,
    .least = 2,
    .most = 2,
    .run = run_refer,
};

const struct command command_close = {
    .name = "close",
    .words = "CASE",
    .summary = N_("close a case"),
    .example = "madoguchi close M-2024-000123 --result moved",
    .options = close_options,
    .least = 1,
    .most = 1,
    .run = run_close,
};

const struct command command_reopen = {
    .name = "reopen",
    .words = "CASE",
    .summary = N_("open a closed case again"),
    .example = "madoguchi reopen M-2024-000123",
    .options = reopen_options,
    .least = 1,
    .most = 1,
    .run = run_reopen,
};
