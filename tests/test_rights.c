/* Who may do what: every request with every role, in scope and out of it, about one's
 * own and others' work, of today, yesterday and a month that is closed, and about what
 * does not exist; by the store in process, and by the daemon.
 *
 * What is expected stands here, letter by letter, and is not derived from the table
 * in proto/rights.c: whoever changes that one has to change this one too. */
#include "tests/kit_indicator.h"
#include "tests/kit_private.h"
#include "tests/kit_rights.h"
#include "tests/suite.h"

#include "proto/yaml.h"

#include <check.h>
#include <stdio.h>
#include <time.h>

/* ---- requests about something ---------------------------------------------------------- */

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
    return kit_request(k, "outcome", "case_number", world.base[asker], "with_case", t->number,
                       "date", "2024-05-20", "outcome", "married", "+check", "yes", NULL);
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
    {"show case", rights_show, WORK},     {"show entry", show_entry, WORK},
    {"contact", contact, WORK},           {"outcome", outcome, WORK},
    {"outcome with", outcome_with, WORK}, {"refer", refer, WORK},
    {"close", closing_of, WORK},          {"reopen", reopen, WORK},
    {"correct", correct, CHANGE},         {"void entry", void_entry, CHANGE},
    {"void case", void_case, CHANGE},
};
#define ABOUTS (sizeof abouts / sizeof abouts[0])

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
        const struct thing *thing = &world.of[asker][t];
        kit_code(k, a->make(k, asker, thing));
        answers[t] = rights_letter(k);
        words_of(k, thing, words[t]);
    }
    ck_assert_msg(strcmp(answers, a->expected[asker]) == 0, "%s, %s: %s, not %s (%s)", a->name,
                  rights_asker(asker), answers, a->expected[asker], words[0]);
    /* What is out of reach is answered as what does not exist, word for word; and where
     * there is no right at all, everything is. */
    for (int t = 0; t < TARGETS; t++) {
        if (answers[t] == 'N' || answers[NOTHING] == 'F') {
            ck_assert_msg(strcmp(words[t], words[NOTHING]) == 0, "%s, %s, target %d:\n%s\n%s",
                          a->name, rights_asker(asker), t, words[t], words[NOTHING]);
        }
    }
}

static void about_something(struct kit *k) {
    for (int asker = 0; asker <= NONE; asker++) {
        kit_become(k, rights_asker(asker));
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

static void about_nothing(struct kit *k) {
    for (int asker = 0; asker <= (k->daemon ? NOBODY : NONE); asker++) {
        kit_become(k, asker == NOBODY ? NULL : rights_asker(asker));
        for (size_t i = 0; i < PLAINS; i++) {
            if (k->daemon || !plains[i].daemon_only) {
                rights_expect(k, plains[i].name, plains[i].expected, asker,
                              plain_request(k, &plains[i]));
            }
        }
        rights_expect(k, "catalogue put", "FFFFFFYFF", asker,
                      put_of(k, MADOGUCHI__DOCUMENT_KIND__CATALOGUE, world.catalogue));
        rights_expect(k, "plan put", "FFFFYFFFF", asker,
                      put_of(k, MADOGUCHI__DOCUMENT_KIND__PLAN_DOCUMENT, world.plan));
    }
}

/* Sessions are reached by their service and office. */
static void about_sessions(struct kit *k) {
    static const char *const in[] = {"YFFYFFFFF", "NFFNFFFFF"};
    for (int asker = 0; asker <= NONE; asker++) {
        kit_become(k, rights_asker(asker));
        for (int out = 0; out < 3; out++) {
            const char *number = out == 0   ? world.session_in
                                 : out == 1 ? world.session_out
                                            : "S-2024-000999";
            rights_expect(
                k, "hold", in[out > 0], asker,
                kit_request(k, "hold", "session", number, "date", "2024-05-10", DRY, NULL));
            rights_expect(k, "cancel", in[out > 0], asker,
                          kit_request(k, "cancel", "session", number, "reason", "x", DRY, NULL));
            rights_expect(k, "log with session", out > 0 ? "NNNNFFFFF" : "YYYYFFFFF", asker,
                          kit_request(k, "log", "service", "migration", "office", "city-hall",
                                      "session", number, "date", "2024-05-10", DRY, NULL));
        }
    }
}

/* One's own figures are corrected by who records figures. */
static void about_figures(struct kit *k) {
    static const char expected[] = "FNNYYFFF";
    for (int asker = 0; asker <= NONE; asker++) {
        kit_become(k, rights_asker(asker));
        rights_expect(k, "correct figure", expected, asker,
                      kit_request(k, "correct", "seq", kit_text(k, world.figure), "value", "13",
                                  "reason", "x", DRY, NULL));
        rights_expect(
            k, "void figure", expected, asker,
            kit_request(k, "void", "seq", kit_text(k, world.figure), "reason", "x", DRY, NULL));
        rights_expect(
            k, "void a figure's correction", expected, asker,
            kit_request(k, "void", "seq", kit_text(k, world.corrected), "reason", "x", DRY, NULL));
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

static void (*const scenarios[])(struct kit *k) = {
    about_something,
    about_nothing,
    about_sessions,
    about_figures,
};

START_TEST(scenario) {
    struct kit k;
    rights_begin(&k, _i % 2 == 1);
    scenarios[_i / 2](&k);
    rights_end(&k);
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
