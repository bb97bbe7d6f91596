/* Who may do what: every request with every role, in scope and out of it, about one's
 * own and others' work, of today, yesterday and a month that is closed, and about what
 * does not exist; by the store in process, and by the daemon.
 *
 * What is expected stands here, letter by letter, and is not derived from the table
 * in proto/rights.c: whoever changes that one has to change this one too. */
#include "tests/kit_indicator.h"
#include "tests/kit_people.h"
#include "tests/kit_private.h"
#include "tests/suite.h"

#include "proto/yaml.h"

#include <check.h>
#include <stdio.h>
#include <time.h>

static const char *const roles[] = {"clerk",   "temporary", "counsellor",   "supervisor",
                                    "planner", "auditor",   "administrator"};
#define ROLES  7
#define NONE   7 /* an account without a role */
#define NOBODY 8 /* no account: over the socket only */
#define ASKERS 9
#define ALL    "clerk;temporary;counsellor;supervisor;planner;auditor;administrator"
#define DAY_MS UINT64_C(86400000)
#define PLAN                                                                                   \
    "  - {id: moved, name: M, kind: annual, terms: [{count: outcomes, where: [outcome=moved, " \
    "service=migration]}], targets: [{period: FY2024, value: \"3\"}]}\n"

/* What a request is about.  Accounts are for service migration at the city hall. */
enum target {
    OWN_TODAY,
    OWN_TODAY_CLOSED, /* in a month that is closed */
    OWN_YESTERDAY,
    OWN_YESTERDAY_CLOSED,
    OTHERS, /* of another person, in scope */
    OTHER_SERVICE,
    OTHER_OFFICE,
    NOTHING,   /* does not exist */
    NO_OFFICE, /* of another person, in the service, of no office */
    OWN_OTHER_SERVICE,
    TARGETS,
};

struct thing {
    const char *number;
    uint64_t seq;
};

static struct world {
    struct thing of[ROLES + 1][TARGETS];
    const char *base[ROLES + 1]; /* a case that its owner may work on */
    uint64_t figure;             /* of the planner */
    const char *session_in, *session_out;
    ProtobufCBinaryData catalogue, plan;
} w;

static const char *name_of(int asker) {
    return asker < ROLES ? roles[asker] : "none";
}

/* ---- the world ---------------------------------------------------------------------- */

static struct thing opened(struct kit *k, const char *service, const char *date,
                           const char *office) {
    const char *number = office == NULL ? kit_log(k, service, date, NULL)
                                        : kit_log(k, service, date, "office", office, NULL);
    return (struct thing){number, k->last.seq};
}

/* With the warning that a month is closed or without. */
static void live_today(struct kit *k, int asker) {
    struct thing *of = w.of[asker];
    kit_become(k, name_of(asker));
    of[OWN_TODAY] = opened(k, "migration", "2024-05-10", "city-hall");
    of[OWN_TODAY_CLOSED] = opened(k, "migration", "2024-04-10", "city-hall");
    of[OWN_OTHER_SERVICE] = opened(k, "citizen", "2024-05-10", "city-hall");
    w.base[asker] = opened(k, "migration", "2024-05-11", "city-hall").number;
}

static void live_shared(struct kit *k) {
    kit_become(k, "other");
    struct thing others = opened(k, "migration", "2024-05-10", "city-hall");
    struct thing service = opened(k, "citizen", "2024-05-10", "city-hall");
    struct thing office = opened(k, "migration", "2024-05-10", "branch");
    struct thing no_office = opened(k, "migration", "2024-05-10", NULL);
    for (int i = 0; i <= NONE; i++) {
        w.of[i][OTHERS] = others;
        w.of[i][OTHER_SERVICE] = service;
        w.of[i][OTHER_OFFICE] = office;
        w.of[i][NO_OFFICE] = no_office;
        w.of[i][NOTHING] = (struct thing){"M-2024-000999", 999999};
    }
    w.session_in = kit_plan(k, "seminar", "2024-05-10", "service", "migration", NULL);
    w.session_out = kit_plan(k, "seminar", "2024-05-10", "service", "citizen", NULL);
    kit_become(k, NULL);
    kit_ok(k, "outcome", "case_number", others.number, "date", "2024-05-12", "outcome", "moved",
           "households", "1", "persons", "2", NULL);
}

static void make_documents(struct kit *k) {
    Madoguchi__Request *r = kit_request(k, "documents", "=kind", "1", NULL);
    const Madoguchi__Page *page = kit_read(k, r);
    ck_assert_ptr_nonnull(page);
    w.catalogue = page->data;
    r = kit_request(k, "documents", "=kind", "2", "id", "test-plan", NULL);
    page = kit_read(k, r);
    ck_assert_ptr_nonnull(page);
    w.plan = page->data;
}

static uint64_t wall_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* In process; what is then served has the same days as the daemon. */
static void make_world(struct kit *k) {
    uint64_t now = wall_ms();
    k->now = now - DAY_MS;
    plan_put(k, PLAN);
    kit_person(k, "boss", ALL, NULL, NULL, NULL);
    kit_person(k, "other", ALL, NULL, NULL, NULL);
    for (int i = 0; i <= NONE; i++) {
        kit_person(k, name_of(i), ALL, NULL, NULL, NULL);
        kit_become(k, name_of(i));
        w.of[i][OWN_YESTERDAY] = opened(k, "migration", "2024-05-10", "city-hall");
        w.of[i][OWN_YESTERDAY_CLOSED] = opened(k, "migration", "2024-04-10", "city-hall");
        kit_become(k, NULL);
    }
    k->now = now;
    for (int i = 0; i <= NONE; i++) {
        live_today(k, i);
    }
    kit_become(k, "planner");
    w.figure = figure(k, "flow-a", "FY2024", "12", "2025-03-31");
    live_shared(k);
    kit_ok(k, "closing", "=month", "202404", NULL);
    make_documents(k);
    for (int i = 0; i < ROLES; i++) {
        kit_person(k, name_of(i), name_of(i), "migration", "city-hall", NULL);
    }
    kit_person(k, "none", NULL, NULL, NULL, NULL);
    /* Whoever comes without a token is nobody. */
    kit_person(k, "root", ALL, NULL, NULL, NULL);
}

static void begin(struct kit *k, bool daemon) {
    static const char *const names[] = {"clerk",   "temporary", "counsellor",    "supervisor",
                                        "planner", "auditor",   "administrator", "none",
                                        "boss",    NULL};
    kit_await_day();
    kit_start(k, false);
    make_world(k);
    if (daemon) {
        kit_people_serve(k, NULL, names);
    }
}

static void finish(struct kit *k) {
    kit_become(k, NULL);
    kit_finish(k);
}

/* ---- requests about something ---------------------------------------------------------- */

static Madoguchi__Request *show_case(struct kit *k, int asker, const struct thing *t) {
    (void)asker;
    return kit_request(k, "show", "number", t->number, NULL);
}

static Madoguchi__Request *show_entry(struct kit *k, int asker, const struct thing *t) {
    (void)asker;
    return kit_request(k, "show", "seq", kit_text(k, t->seq), NULL);
}

static Madoguchi__Request *contact(struct kit *k, int asker, const struct thing *t) {
    (void)asker;
    return kit_request(k, "contact", "case_number", t->number, "date", "2024-05-20", "+check",
                       "yes", NULL);
}

static Madoguchi__Request *outcome(struct kit *k, int asker, const struct thing *t) {
    (void)asker;
    return kit_request(k, "outcome", "case_number", t->number, "date", "2024-05-20", "outcome",
                       "settled", "+check", "yes", NULL);
}

static Madoguchi__Request *outcome_with(struct kit *k, int asker, const struct thing *t) {
    return kit_request(k, "outcome", "case_number", w.base[asker], "with_case", t->number, "date",
                       "2024-05-20", "outcome", "married", "+check", "yes", NULL);
}

static Madoguchi__Request *refer(struct kit *k, int asker, const struct thing *t) {
    (void)asker;
    return kit_request(k, "refer", "case_number", t->number, "date", "2024-05-20", "target",
                       "lawyer", "+check", "yes", NULL);
}

static Madoguchi__Request *closing_of(struct kit *k, int asker, const struct thing *t) {
    (void)asker;
    return kit_request(k, "close", "case_number", t->number, "date", "2024-05-20", "+check", "yes",
                       NULL);
}

static Madoguchi__Request *reopen(struct kit *k, int asker, const struct thing *t) {
    (void)asker;
    return kit_request(k, "reopen", "case_number", t->number, "date", "2024-05-20", "+check", "yes",
                       NULL);
}

static Madoguchi__Request *correct(struct kit *k, int asker, const struct thing *t) {
    (void)asker;
    return kit_request(k, "correct", "seq", kit_text(k, t->seq), "channel", "phone", "reason", "x",
                       "+check", "yes", NULL);
}

static Madoguchi__Request *void_entry(struct kit *k, int asker, const struct thing *t) {
    (void)asker;
    return kit_request(k, "void", "seq", kit_text(k, t->seq), "reason", "x", "+check", "yes", NULL);
}

static Madoguchi__Request *void_case(struct kit *k, int asker, const struct thing *t) {
    (void)asker;
    return kit_request(k, "void", "number", t->number, "reason", "x", "+check", "yes", NULL);
}

/* Y: goes through; N: is not there; F: forbidden.  By target, in their order. */
struct about {
    const char *name;
    Madoguchi__Request *(*make)(struct kit *k, int asker, const struct thing *t);
    const char *expected[ROLES + 1]; /* by asker */
};

#define WORK                                                                                \
    {                                                                                       \
        "YYYYYNNNYN", "YYNNNNNNNN", "YYYYNNNNNN", "YYYYYNNNYN", "FFFFFFFFFF", "FFFFFFFFFF", \
            "FFFFFFFFFF", "FFFFFFFFFF"                                                      \
    }
#define CHANGE                                                                              \
    {                                                                                       \
        "YFYFFNNNFN", "YYNNNNNNNN", "YFYFNNNNNN", "YYYYYNNNYN", "NNNNNNNNNN", "FFFFFFFFFF", \
            "FFFFFFFFFF", "FFFFFFFFFF"                                                      \
    }

static const struct about abouts[] = {
    {"show case", show_case, WORK},       {"show entry", show_entry, WORK},
    {"contact", contact, WORK},           {"outcome", outcome, WORK},
    {"outcome with", outcome_with, WORK}, {"refer", refer, WORK},
    {"close", closing_of, WORK},          {"reopen", reopen, WORK},
    {"correct", correct, CHANGE},         {"void entry", void_entry, CHANGE},
    {"void case", void_case, CHANGE},
};
#define ABOUTS (sizeof abouts / sizeof abouts[0])

static char letter_of(const struct kit *k) {
    switch (k->last.code) {
    case 0:
        return 'Y';
    case MADOGUCHI__ERROR_CODE__NOT_FOUND:
        return 'N';
    case MADOGUCHI__ERROR_CODE__FORBIDDEN:
        return 'F';
    case MADOGUCHI__ERROR_CODE__INVALID:
        return 'I';
    case MADOGUCHI__ERROR_CODE__STATE: /* refused for what it is, by whom it may concern */
        return 'Y';
    default:
        return '?';
    }
}

/* The refusal without the name of what it is about. */
static void words_of(const struct kit *k, const struct thing *t, char out[700]) {
    char seq[24];
    char *at;
    snprintf(out, 700, "%d %s %s", k->last.code, k->last.field, k->last.en);
    snprintf(seq, sizeof seq, "#%llu", (unsigned long long)t->seq);
    const char *const names[] = {t->number, seq};
    for (size_t i = 0; i < 2; i++) {
        while ((at = strstr(out, names[i])) != NULL) {
            size_t len = strlen(names[i]);
            memmove(at + 1, at + len, strlen(at + len) + 1);
            at[0] = '@';
        }
    }
}

static void try_about(struct kit *k, const struct about *a, int asker) {
    char answers[TARGETS + 1] = "";
    char words[TARGETS][700];
    for (int t = 0; t < TARGETS; t++) {
        const struct thing *thing = &w.of[asker][t];
        kit_code(k, a->make(k, asker, thing));
        answers[t] = letter_of(k);
        words_of(k, thing, words[t]);
    }
    ck_assert_msg(strcmp(answers, a->expected[asker]) == 0, "%s, %s: %s, not %s (%s)", a->name,
                  name_of(asker), answers, a->expected[asker], words[0]);
    /* What is out of reach is answered as what does not exist, word for word; and where
     * there is no right at all, everything is. */
    for (int t = 0; t < TARGETS; t++) {
        if (answers[t] == 'N' || answers[NOTHING] == 'F') {
            ck_assert_msg(strcmp(words[t], words[NOTHING]) == 0, "%s, %s, target %d:\n%s\n%s",
                          a->name, name_of(asker), t, words[t], words[NOTHING]);
        }
    }
}

static void about_something(struct kit *k) {
    for (int asker = 0; asker <= NONE; asker++) {
        kit_become(k, name_of(asker));
        for (size_t i = 0; i < ABOUTS; i++) {
            try_about(k, &abouts[i], asker);
        }
    }
}

/* ---- requests about nothing that is there ------------------------------------------------ */

struct plain {
    const char *name;
    const char *expected; /* Y, F, I (must say for what) by asker, none and nobody last */
    bool daemon_only;
    const char *word[16]; /* of kit_request() */
};

#define DRY "+check", "yes"

static const struct plain plains[] = {
    {"log in scope",
     "YYYYFFFFF",
     false,
     {"log", "service", "migration", "office", "city-hall", "date", "2024-05-10", DRY}},
    {"log, other service",
     "FFFFFFFFF",
     false,
     {"log", "service", "citizen", "office", "city-hall", "date", "2024-05-10", DRY}},
    {"log, other office",
     "FFFFFFFFF",
     false,
     {"log", "service", "migration", "office", "branch", "date", "2024-05-10", DRY}},
    {"log, no office",
     "IIIIFFFFF",
     false,
     {"log", "service", "migration", "date", "2024-05-10", DRY}},
    {"tally in scope",
     "YYYYFFFFF",
     false,
     {"tally", "service", "migration", "office", "city-hall", "date", "2024-05-10", DRY}},
    {"tally, other office",
     "FFFFFFFFF",
     false,
     {"tally", "service", "migration", "office", "branch", "date", "2024-05-10", DRY}},
    {"decline in scope",
     "YYYYFFFFF",
     false,
     {"decline", "service", "migration", "office", "city-hall", "date", "2024-05-10", "reason",
      "full", DRY}},
    {"decline, no office",
     "IIIIFFFFF",
     false,
     {"decline", "service", "migration", "date", "2024-05-10", "reason", "full", DRY}},
    {"plan in scope",
     "YFFYFFFFF",
     false,
     {"plan", "session_kind", "seminar", "service", "migration", "office", "city-hall", "date",
      "2024-05-10", DRY}},
    {"plan, other service",
     "FFFFFFFFF",
     false,
     {"plan", "session_kind", "seminar", "service", "citizen", "office", "city-hall", "date",
      "2024-05-10", DRY}},
    {"figure",
     "FFFYYFFFF",
     false,
     {"figure", "series", "flow-b", "period", "FY2024", "value", "1", "as_of", "2025-03-31",
      "source", "x", DRY}},
    {"coverage in scope",
     "FFFYYFFFF",
     false,
     {"coverage", "period", "2024-05", "service", "migration", DRY}},
    {"coverage, other service",
     "FFFFYFFFF",
     false,
     {"coverage", "period", "2024-05", "service", "citizen", DRY}},
    {"coverage of all", "FFFIYFFFF", false, {"coverage", "period", "2024-05", DRY}},
    {"month close in scope",
     "FFFYFFFFF",
     false,
     {"closing", "=month", "202403", "service", "migration", DRY}},
    {"month close, other service",
     "FFFFFFFFF",
     false,
     {"closing", "=month", "202403", "service", "citizen", DRY}},
    {"month close of all", "FFFIFFFFF", false, {"closing", "=month", "202403", DRY}},
    {"publish", "FFFFYFFFF", false, {"publication", "plan", "test-plan", "=year", "2024", DRY}},
    {"restatements", "FFFYYYFFF", false, {"restatements", "plan", "test-plan"}},
    {"account", "FFFFFFYFF", false, {"account", "name", "fresh-one", "role", "clerk", DRY}},
    {"another's password", "FFFFFFYFF", true, {"password", "name", "boss"}},
    {"list", "YYYYFFFFF", false, {"list"}},
    {"stats", "YFFYYFFFF", false, {"stats", "count", "cases"}},
    {"indicators", "FFFYYFFFF", false, {"indicators", "plan", "test-plan"}},
    {"prove",
     "FFFYYFFFF",
     false,
     {"prove", "plan", "test-plan", "indicator", "moved", "=year", "2024"}},
    {"catalogue", "YYYYYYYFF", false, {"documents", "=kind", "1"}},
    {"plans", "YYYYYYYFF", false, {"documents", "=kind", "2"}},
    {"status", "YYYYYYYFF", true, {"status"}},
    {"verify", "FFFFFYYFF", true, {"verify"}},
    {"backup", "FFFFFFYFF", true, {"backup", "directory", "@"}},
    {"accounts", "FFFFFYYFF", false, {"accounts"}},
    {"audit", "FFFFFYFFF", false, {"audit"}},
    {"ping", "YYYYYYYYY", true, {"ping"}},
    {"whoami", "YYYYYYYYY", true, {"whoami"}},
};
#define PLAINS (sizeof plains / sizeof plains[0])

static Madoguchi__Request *plain_request(struct kit *k, const struct plain *p) {
    const char *const *f = p->word + 1;
    const char *directory = arena_printf(&k->arena, "%s/copy", k->dir);
#define AT(i) (f[i] != NULL && strcmp(f[i], "@") == 0 ? directory : f[i])
    return kit_request(k, p->word[0], AT(0), AT(1), AT(2), AT(3), AT(4), AT(5), AT(6), AT(7), AT(8),
                       AT(9), AT(10), AT(11), AT(12), AT(13), NULL);
#undef AT
}

static Madoguchi__Request *put_of(struct kit *k, int kind, ProtobufCBinaryData data) {
    Madoguchi__Request *r = kit_new_request(k, MADOGUCHI__REQUEST__BODY_PUT);
    SET(r->put, kind, (Madoguchi__DocumentKind)kind);
    SET(r->put, piece, 0);
    SET(r->put, pieces, 1);
    SET(r->put, data, data);
    SET(r, check, 1);
    return r;
}

static void expect_letter(struct kit *k, const char *name, const char *expected, int asker,
                          Madoguchi__Request *r) {
    kit_code(k, r);
    /* Whoever has no account and is the user that the daemon runs as, as here, may look
     * after it, and nothing else. */
    if (asker == NOBODY && k->daemon &&
        (strcmp(name, "status") == 0 || strcmp(name, "verify") == 0 ||
         strcmp(name, "backup") == 0)) {
        ck_assert_msg(letter_of(k) == 'Y', "%s, the daemon's own user: %s", name, k->last.en);
        return;
    }
    ck_assert_msg(letter_of(k) == expected[asker], "%s, %s: %c, not %c: %d %s %s", name,
                  asker == NOBODY ? "nobody" : name_of(asker), letter_of(k), expected[asker],
                  k->last.code, k->last.field, k->last.en);
}

static void about_nothing(struct kit *k) {
    for (int asker = 0; asker <= (k->daemon ? NOBODY : NONE); asker++) {
        kit_become(k, asker == NOBODY ? NULL : name_of(asker));
        for (size_t i = 0; i < PLAINS; i++) {
            if (k->daemon || !plains[i].daemon_only) {
                expect_letter(k, plains[i].name, plains[i].expected, asker,
                              plain_request(k, &plains[i]));
            }
        }
        expect_letter(k, "catalogue put", "FFFFFFYFF", asker,
                      put_of(k, MADOGUCHI__DOCUMENT_KIND__CATALOGUE, w.catalogue));
        expect_letter(k, "plan put", "FFFFYFFFF", asker,
                      put_of(k, MADOGUCHI__DOCUMENT_KIND__PLAN_DOCUMENT, w.plan));
    }
}

/* Sessions are reached by their service and office. */
static void about_sessions(struct kit *k) {
    static const char *const in[] = {"YFFYFFFFF", "NFFNFFFFF"};
    for (int asker = 0; asker <= NONE; asker++) {
        kit_become(k, name_of(asker));
        for (int out = 0; out < 3; out++) {
            const char *number = out == 0   ? w.session_in
                                 : out == 1 ? w.session_out
                                            : "S-2024-000999";
            expect_letter(
                k, "hold", in[out > 0], asker,
                kit_request(k, "hold", "session", number, "date", "2024-05-10", DRY, NULL));
            expect_letter(k, "cancel", in[out > 0], asker,
                          kit_request(k, "cancel", "session", number, "reason", "x", DRY, NULL));
            expect_letter(k, "log with session", out > 0 ? "NNNNFFFFF" : "YYYYFFFFF", asker,
                          kit_request(k, "log", "service", "migration", "office", "city-hall",
                                      "session", number, "date", "2024-05-10", DRY, NULL));
        }
    }
}

/* One's own figures are corrected by who records figures. */
static void about_figures(struct kit *k) {
    static const char expected[] = "FNNYYFFF";
    for (int asker = 0; asker <= NONE; asker++) {
        kit_become(k, name_of(asker));
        expect_letter(k, "correct figure", expected, asker,
                      kit_request(k, "correct", "seq", kit_text(k, w.figure), "value", "13",
                                  "reason", "x", DRY, NULL));
    }
}

/* Every request of the wire is asked above; logins are whoever's (test_login). */
static bool is_asked(const char *field) {
    static const char *const others[] = {"act",      "session", "correction", "voiding", "put",
                                         "closing",  "show",    "documents",  "login",   "logout",
                                         "password", "rows",    NULL};
    for (size_t i = 0; i < PLAINS; i++) {
        if (strcmp(plains[i].word[0], field) == 0) {
            return true;
        }
    }
    for (size_t i = 0; others[i] != NULL; i++) {
        if (strcmp(others[i], field) == 0) {
            return true;
        }
    }
    return false;
}

START_TEST(every_request_is_asked) {
    const ProtobufCMessageDescriptor *d = &madoguchi__request__descriptor;
    unsigned bodies = 0;
    for (unsigned i = 0; i < d->n_fields; i++) {
        if ((d->fields[i].flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0) {
            bodies++;
            ck_assert_msg(is_asked(d->fields[i].name), "nobody asks %s", d->fields[i].name);
        }
    }
    ck_assert_uint_eq(bodies, 28);
}
END_TEST

/* ---- roles together, and what is moved ----------------------------------------------------- */

static void roles_add_up(struct kit *k) {
    kit_become(k, k->daemon ? "boss" : NULL);
    kit_person(k, "clerk", "clerk;auditor;counsellor", "migration", "city-hall", NULL);
    kit_become(k, "clerk");
    ck_assert_int_eq(kit_code(k, kit_request(k, "audit", NULL)), 0);
    ck_assert_int_eq(kit_code(k, show_case(k, 0, &w.of[0][OTHERS])), 0);
    ck_assert_int_eq(kit_code(k, show_case(k, 0, &w.of[0][OTHER_SERVICE])),
                     MADOGUCHI__ERROR_CODE__NOT_FOUND);
    ck_assert_int_eq(kit_code(k, kit_request(k, "accounts", NULL)), 0);
    ck_assert_int_eq(kit_code(k, kit_request(k, "account", "name", "x1", NULL)),
                     MADOGUCHI__ERROR_CODE__FORBIDDEN);
}

/* Nothing is moved to where its writer has no rights. */
static void nothing_leaves_the_scope(struct kit *k) {
    const char *own = kit_text(k, w.of[0][OWN_TODAY].seq);
    const char *number = w.of[0][OWN_TODAY].number;
    kit_become(k, "clerk");
    expect_letter(k, "correct to another office", "F", 0,
                  kit_request(k, "correct", "seq", own, "office", "branch", "reason", "x", NULL));
    ck_assert_str_eq(k->last.field, "office");
    expect_letter(k, "correct to no office", "I", 0,
                  kit_request(k, "correct", "seq", own, "office", "", "reason", "x", NULL));
    expect_letter(k, "contact elsewhere", "F", 0,
                  kit_request(k, "contact", "case_number", number, "date", "2024-05-20", "office",
                              "branch", NULL));
    ck_assert_str_eq(k->last.field, "office");
    expect_letter(k, "hold for another service", "F", 0,
                  kit_request(k, "hold", "session", w.session_in, "date", "2024-05-10", "service",
                              "citizen", NULL));
    Madoguchi__Request *r = kit_request(k, "tally", "service", "migration", "office", "city-hall",
                                        "date", "2024-05-10", NULL);
    ck_assert_int_eq(kit_code(k, r), 0);
    const char *tally = kit_text(k, k->last.seq);
    expect_letter(
        k, "correct a tally's service", "F", 0,
        kit_request(k, "correct", "seq", tally, "service", "citizen", "reason", "x", NULL));
    expect_letter(k, "a contact without office", "Y", 0,
                  kit_request(k, "contact", "case_number", number, "date", "2024-05-20", NULL));
    const char *later = kit_text(k, k->last.seq);
    expect_letter(
        k, "given one", "Y", 0,
        kit_request(k, "correct", "seq", later, "office", "city-hall", "reason", "x", NULL));
    expect_letter(k, "and taken it", "Y", 0,
                  kit_request(k, "correct", "seq", later, "office", "", "reason", "x", NULL));
}

/* Who sees a case sees all of it, and changes their own of it. */
static void a_case_is_seen_as_a_whole(struct kit *k) {
    const char *own = w.of[2][OWN_TODAY].number;
    kit_become(k, "clerk");
    ck_assert_int_eq(
        kit_code(k, kit_request(k, "contact", "case_number", own, "date", "2024-05-20", NULL)), 0);
    const char *later = kit_text(k, k->last.seq);
    kit_become(k, "counsellor");
    expect_letter(k, "show", "Y", 0, kit_request(k, "show", "number", own, NULL));
    expect_letter(k, "show the later entry", "Y", 0, kit_request(k, "show", "seq", later, NULL));
    expect_letter(k, "correct it", "F", 0,
                  kit_request(k, "correct", "seq", later, "channel", "phone", "reason", "x", NULL));
    expect_letter(k, "void the whole", "F", 0,
                  kit_request(k, "void", "number", own, "reason", "x", NULL));
    ck_assert_str_eq(k->last.field, "case");
}

/* A row of a file says no more than other requests. */
static void rows_tell_nothing(struct kit *k) {
    kit_become(k, k->daemon ? "boss" : NULL);
    Madoguchi__Request *log = kit_request(k, "log", "service", "citizen", "date", "2024-05-10",
                                          "+source", "s.csv", "+ref", "R1", NULL);
    ck_assert_int_eq(kit_code(k, log), 0);
    uint64_t seq = k->last.seq;
    ck_assert_int_eq(kit_code(k, kit_request(k, "log", "service", "citizen", "date", "2024-05-10",
                                             "+source", "s.csv", "+ref", "R1", NULL)),
                     0);
    ck_assert(k->last.known && k->last.seq == seq);
    kit_become(k, "clerk");
    expect_letter(k, "the same row", "F", 0,
                  kit_request(k, "log", "service", "citizen", "date", "2024-05-10", "+source",
                              "s.csv", "+ref", "R1", NULL));
    struct kit_answer words[2];
    static const char *const refs[] = {"R1", "R2"};
    for (int i = 0; i < 2; i++) {
        expect_letter(k, "a later row", "N", 0,
                      kit_request(k, "contact", "date", "2024-05-20", "+source", "s.csv", "+ref",
                                  refs[i], NULL));
        char *at = strstr(k->last.en, refs[i]);
        if (at != NULL) {
            at[1] = '@';
        }
        words[i] = k->last;
    }
    ck_assert_str_eq(words[0].en, words[1].en);
    ck_assert_str_eq(words[0].field, words[1].field);
    for (int i = 0; i < 2; i++) {
        expect_letter(k, "a correction by ref", "N", 0,
                      kit_request(k, "correct", "channel", "phone", "reason", "x", "+source",
                                  "s.csv", "+ref", refs[i], NULL));
        words[i] = k->last;
    }
    ck_assert_str_eq(words[0].en, words[1].en);
    kit_become(k, "auditor");
    expect_letter(k, "the row of who may not log", "F", 0,
                  kit_request(k, "log", "service", "citizen", "date", "2024-05-10", "+source",
                              "s.csv", "+ref", "R1", NULL));
    ck_assert_str_eq(k->last.field, "log");
    kit_become(k, "clerk");
    kit_code(k, kit_request(k, "log", "service", "migration", "office", "city-hall", "date",
                            "2024-05-10", "+source", "s.csv", "+ref", "R1", NULL));
    ck_assert_int_eq(k->last.code, MADOGUCHI__ERROR_CODE__CONFLICT);
    ck_assert_ptr_null(strchr(k->last.en, '#'));
}

/* ---- numbers ----------------------------------------------------------------------------------
 */

/* What an account counts is what is counted with its scope as filters. */
static void numbers_keep_to_the_scope(struct kit *k) {
    static const char where[] = "service=migration office=city-hall";
    static const char *const counts[] = {"cases", "contacts", "active", "outcomes", "sessions"};
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        struct kit_question q = {
            .count = counts[i], .from = "FY2024", .by = "month,topic", .where = where};
        kit_become(k, k->daemon ? "boss" : NULL);
        const char *with = kit_ask(k, &q);
        q.where = "service=migration";
        const char *whole = kit_ask(k, &q);
        kit_become(k, "supervisor");
        q.where = where;
        ck_assert_str_eq(kit_ask(k, &q), with);
        q.where = "office=branch";
        ck_assert_str_eq(kit_ask(k, &q), "");
        q.where = "service=citizen";
        ck_assert_str_eq(kit_ask(k, &q), "");
        kit_become(k, "planner");
        q.where = "service=migration";
        ck_assert_str_eq(kit_ask(k, &q), whole);
    }
    kit_become(k, "supervisor");
    struct kit_question q = {.count = "cases", .from = "FY2024", .by = "service,office"};
    /* Four of each of the eight accounts and one of another's here, and one of no office. */
    ck_assert_str_eq(kit_ask(k, &q), "migration - 1; migration city-hall 41");
    const Madoguchi__Page *list = kit_list(k, NULL);
    ck_assert_uint_eq(list->n_case_row, 42);
    for (size_t i = 0; i < list->n_case_row; i++) {
        ck_assert(bytes_equal(list->case_row[i]->service, "migration"));
        ck_assert(!bytes_equal(list->case_row[i]->office, "branch"));
    }
    kit_become(k, "counsellor");
    ck_assert_uint_eq(kit_list(k, NULL)->n_case_row, 5);
    kit_become(k, "temporary");
    ck_assert_uint_eq(kit_list(k, NULL)->n_case_row, 3);
}

static const Madoguchi__Page *proof_as(struct kit *k, const char *name) {
    kit_become(k, name);
    const Madoguchi__Page *page =
        kit_read(k, kit_request(k, "prove", "plan", "test-plan", "indicator", "moved", "=year",
                                "2024", NULL));
    ck_assert_msg(page != NULL, "%s: %s", name, k->last.en);
    return page;
}

/* The planner proves a number without seeing a day or who came. */
static void proofs_are_masked(struct kit *k) {
    const Madoguchi__Page *whole = proof_as(k, "supervisor");
    ck_assert_uint_eq(whole->n_fact, 1);
    ck_assert_uint_eq(whole->fact[0]->date, 20240512);
    ck_assert(whole->fact[0]->has_persons && !whole->fact[0]->has_month);
    const Madoguchi__Page *masked = proof_as(k, "planner");
    ck_assert_uint_eq(masked->n_fact, 1);
    const Madoguchi__FactRow *row = masked->fact[0];
    ck_assert(!row->has_date && !row->has_persons && !row->has_households);
    ck_assert(bytes_equal(row->month, "2024-05"));
    ck_assert_int_eq(row->number, whole->fact[0]->number);
    ck_assert_uint_eq(row->n_field, 2);
    ck_assert(bytes_equal(row->field[0]->name, "outcome"));
    ck_assert(bytes_equal(row->field[1]->name, "service"));
}

/* ---- the program
 * --------------------------------------------------------------------------------- */

static void (*const scenarios[])(struct kit *k) = {
    about_something,
    about_nothing,
    about_sessions,
    about_figures,
    roles_add_up,
    rows_tell_nothing,
    nothing_leaves_the_scope,
    proofs_are_masked,
    a_case_is_seen_as_a_whole,
    numbers_keep_to_the_scope,
};

START_TEST(scenario) {
    struct kit k;
    begin(&k, _i % 2 == 1);
    scenarios[_i / 2](&k);
    finish(&k);
}
END_TEST

int main(void) {
    Suite *s = suite_create("rights");
    TCase *t = tcase_create("both backends");
    tcase_set_timeout(t, 120);
    tcase_add_test(t, every_request_is_asked);
    tcase_add_loop_test(t, scenario, 0, (int)(2 * sizeof scenarios / sizeof scenarios[0]));
    suite_add_tcase(s, t);
    kit_begin();
    int status = suite_run(s);
    kit_end();
    return status;
}
