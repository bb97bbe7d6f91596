/* Every bad input, with its code, its field and a journal left as it was. */
#include "tests/kit_store.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void unknown_words(struct kit *k) {
    kit_refused(k, ERR_UNKNOWN_CODE, "service", "log", "service", "migratoin", "date", "2024-04-15",
                NULL);
    ck_assert_str_eq(k->last.near, "migration");
    kit_refused(k, ERR_UNKNOWN_CODE, "topic", "log", "service", "migration", "date", "2024-04-15",
                "topic", "houseing", NULL);
    ck_assert_str_eq(k->last.near, "housing");
    kit_said(k, "houseing");
    /* Of another service. */
    kit_refused(k, ERR_UNKNOWN_CODE, "topic", "log", "service", "migration", "date", "2024-04-15",
                "topic", "legal", NULL);
    kit_refused(k, ERR_UNKNOWN_CODE, "topic", "log", "service", "migration", "date", "2024-04-15",
                "topic", "housing;taxx", NULL);
    static const char *const fields[] = {"channel", "program", "office", "nature",
                                         "origin",  "age",     "route",  "outcome"};
    for (size_t i = 0; i < COUNT(fields); i++) {
        kit_refused(k, ERR_UNKNOWN_CODE, fields[i], "log", "service", "migration", "date",
                    "2024-04-15", fields[i], "nowhere", NULL);
    }
    const char *c = kit_log(k, "migration", "2024-04-15", NULL);
    kit_refused(k, ERR_UNKNOWN_CODE, "target", "refer", "case_number", c, "date", "2024-04-15",
                "target", "moon", NULL);
    kit_refused(k, ERR_UNKNOWN_CODE, "outcome", "outcome", "case_number", c, "date", "2024-04-15",
                "outcome", "issued", NULL);
    kit_refused(k, ERR_UNKNOWN_CODE, "outcome", "close", "case_number", c, "date", "2024-04-15",
                "outcome", "gone", NULL);
    static const char *const of_session[] = {"session_kind", "form",   "venue_kind",
                                             "program",      "office", "service"};
    for (size_t i = 0; i < COUNT(of_session); i++) {
        if (i > 0) {
            kit_refused(k, ERR_UNKNOWN_CODE, of_session[i], "hold", "session_kind", "fair", "date",
                        "2024-04-15", of_session[i], "nowhere", NULL);
        } else {
            kit_refused(k, ERR_UNKNOWN_CODE, "session_kind", "hold", "session_kind", "nowhere",
                        "date", "2024-04-15", NULL);
        }
    }
    kit_refused(k, ERR_UNKNOWN_CODE, "service", "coverage", "period", "FY2024", "service", "moon",
                NULL);
    kit_refused(k, ERR_UNKNOWN_CODE, "session_kind", "coverage", "period", "FY2024", "session_kind",
                "moon", NULL);
}

static void unknown_cases(struct kit *k) {
    static const char *const numbers[] = {
        "M-2024-000001", "M-2024-1", "S-2024-000001", "X-2024-000001", "M-1-1", "M", "-", "000001"};
    static const char *const words[] = {"contact", "close", "reopen"};
    for (size_t i = 0; i < COUNT(numbers); i++) {
        for (size_t w = 0; w < COUNT(words); w++) {
            kit_refused(k, ERR_NOT_FOUND, "case", words[w], "case_number", numbers[i], "date",
                        "2024-04-15", NULL);
        }
    }
    kit_refused(k, ERR_INVALID, "case_number", "contact", "case_number", "M 2024", "date",
                "2024-04-15", NULL);
    kit_refused(k, ERR_INVALID, "case_number", "contact", "date", "2024-04-15", NULL);
    /* The number of a session is no case. */
    const char *s = kit_hold(k, "fair", "2024-04-15", NULL);
    kit_refused(k, ERR_NOT_FOUND, "case", "contact", "case_number", s, "date", "2024-04-15", NULL);
    const char *c = kit_log(k, "migration", "2024-04-15", NULL);
    kit_refused(k, ERR_NOT_FOUND, "session", "log", "service", "migration", "date", "2024-04-15",
                "session", c, NULL);
    kit_ok(k, "void", "number", c, "reason", "誤り", NULL);
    static const char *const later[] = {"contact", "close", "reopen"};
    for (size_t w = 0; w < COUNT(later); w++) {
        kit_refused(k, ERR_STATE, "case", later[w], "case_number", c, "date", "2024-04-15", NULL);
    }
    kit_refused(k, ERR_STATE, "case", "outcome", "case_number", c, "date", "2024-04-15", "outcome",
                "moved", NULL);
    kit_refused(k, ERR_STATE, "case", "refer", "case_number", c, "date", "2024-04-15", "target",
                "lawyer", NULL);
}

static void bad_dates(struct kit *k) {
    static const char *const never[] = {"20240230", "20230229", "20241301", "20240400",
                                        "0",        "99",       "20240432", "4294967295"};
    for (size_t i = 0; i < COUNT(never); i++) {
        kit_refused(k, ERR_INVALID, "date", "log", "service", "migration", "=date", never[i], NULL);
    }
    kit_refused(k, ERR_INVALID, "date", "log", "service", "migration", "date", "2099-04-15", NULL);
    kit_said(k, "future");
    kit_refused(k, ERR_INVALID, "date", "log", "service", "migration", "date", "2000-03-31", NULL);
    kit_said(k, "2000-04-01");
    kit_ok(k, "log", "service", "migration", "date", "2000-04-01", NULL);
    ck_assert_str_eq(k->last.number, "M-2000-000001");
    kit_refused(k, ERR_INVALID, "date", "log", "service", "migration", NULL);
    kit_refused(k, ERR_INVALID, "time", "log", "service", "migration", "date", "2024-04-15",
                "=time", "2400", NULL);
    kit_refused(k, ERR_INVALID, "time", "log", "service", "migration", "date", "2024-04-15",
                "=time", "1260", NULL);
    const char *c = kit_log(k, "migration", "2024-04-15", NULL);
    kit_refused(k, ERR_INVALID, "due", "refer", "case_number", c, "date", "2024-04-15", "target",
                "lawyer", "due", "2024-04-14", NULL);
    kit_warned(k, 1, "contact", "case_number", c, "date", "2024-04-14", NULL);
    kit_refused(k, ERR_INVALID, "as_of", "figure", "series", "pop", "period", "FY2024", "value",
                "1", "as_of", "2099-01-01", "source", "表", NULL);
}

/* Today in Japan is today: what is recorded late in the evening of the last
 * UTC day is not yesterday's. */
static void today_is_japans(struct kit *k) {
    if (k->daemon) {
        return;
    }
    k->now = UINT64_C(1749999600000); /* 2025-06-15 15:00 UTC, 06-16 00:00 in Japan */
    kit_ok(k, "log", "service", "migration", "date", "2025-06-16", NULL);
    kit_refused(k, ERR_INVALID, "date", "log", "service", "migration", "date", "2025-06-17", NULL);
    k->now -= 1;
    kit_refused(k, ERR_INVALID, "date", "log", "service", "migration", "date", "2025-06-16", NULL);
    kit_ok(k, "log", "service", "migration", "date", "2025-06-15", NULL);
    /* The clock went back: entries do not. */
    ck_assert_uint_eq(kit_show(k, k->last.seq)->recorded_at, UINT64_C(1749999600000));
}

static void bad_numbers(struct kit *k) {
    kit_refused(k, ERR_INVALID, "count", "tally", "service", "migration", "date", "2024-04-15",
                "count", "1000001", NULL);
    kit_refused(k, ERR_INVALID, "count", "tally", "service", "migration", "date", "2024-04-15",
                "=count", "4294967295", NULL);
    kit_ok(k, "tally", "service", "migration", "date", "2024-04-15", "count", "1000000", NULL);
    kit_refused(k, ERR_INVALID, "persons", "log", "service", "migration", "date", "2024-04-15",
                "outcome", "moved", "persons", "1000001", NULL);
    kit_refused(k, ERR_INVALID, "households", "log", "service", "migration", "date", "2024-04-15",
                "households", "1", NULL);
    kit_refused(k, ERR_INVALID, "outcome_count", "tally", "service", "migration", "date",
                "2024-04-15", "outcome_count", "1", NULL);
    kit_refused(k, ERR_INVALID, "count", "log", "service", "migration", "date", "2024-04-15",
                "count", "2", NULL);
    kit_refused(k, ERR_INVALID, "topic", "log", "service", "migration", "date", "2024-04-15",
                "topic", "work;work", NULL);
    kit_refused(k, ERR_TOO_MUCH, "topic", "log", "service", "migration", "date", "2024-04-15",
                "topic", "a;b;c;d;e;f;g;h;i", NULL);
    kit_refused(k, ERR_INVALID, "reason", "decline", "service", "migration", "date", "2024-04-15",
                NULL);
    kit_refused(k, ERR_INVALID, "outcome", "outcome", "case_number", "M-2024-000001", "date",
                "2024-04-15", NULL);
    struct error e;
    Madoguchi__Act act = MADOGUCHI__ACT__INIT;
    ck_assert_int_eq(message_set_text(&act.base, "count", "-1", &k->arena, &e), -1);
    ck_assert_str_eq(e.field, "count");
    /* As it would come from a client that does not look: a varint of ten bytes
     * is cut by no one to a small number. */
    Madoguchi__Request *r =
        kit_request(k, "tally", "service", "migration", "date", "2024-04-15", NULL);
    SET(r->act, count, (uint32_t)-1);
    ck_assert_int_eq(kit_record(k, r).code, ERR_INVALID);
    kit_stats(k, "contacts", "FY2024", NULL, NULL, "1000000");
}

static void bad_texts(struct kit *k) {
    static char long_text[5000];
    memset(long_text, 'x', sizeof long_text - 1);
    kit_hold(k, "fair", "2024-04-15", NULL);
    const char *seq = kit_text(k, k->last.seq);
    kit_refused(k, ERR_TOO_MUCH, "reason", "void", "seq", seq, "reason", long_text, NULL);
    long_text[4000] = '\0';
    static const struct {
        const char *text;
        int code;
    } texts[] = {{"\xff\xfe", ERR_INVALID},
                 {"\xe3\x81", ERR_INVALID},
                 {"\xed\xa0\x80", ERR_INVALID},
                 {"\xc0\xaf", ERR_INVALID},
                 {"a\nb", ERR_INVALID},
                 {"a\tb", ERR_INVALID},
                 {"a\x1b[31m", ERR_INVALID},
                 {"a\x7f", ERR_INVALID},
                 {"\xe2\x80\xae abc", ERR_INVALID},
                 {"", ERR_INVALID},
                 {"　 ", ERR_INVALID},
                 {"番号は 123456789018 です", ERR_INDIVIDUAL_NUMBER},
                 {"１２３４５６７８９０１８", ERR_INDIVIDUAL_NUMBER},
                 {"1234-5678-9018", ERR_INDIVIDUAL_NUMBER}};
    for (size_t i = 0; i < COUNT(texts); i++) {
        kit_refused(k, texts[i].code, "reason", "void", "seq", seq, "=reason", texts[i].text, NULL);
        ck_assert_ptr_null(strstr(k->last.en, "9018"));
        ck_assert_ptr_null(strchr(k->last.en, '\x1b'));
    }
    kit_refused(k, ERR_INDIVIDUAL_NUMBER, "on_behalf", "tally", "service", "migration", "date",
                "2024-04-15", "+on_behalf", "123456789018", NULL);
    kit_refused(k, ERR_INDIVIDUAL_NUMBER, "ref", "tally", "service", "migration", "date",
                "2024-04-15", "+source", "f", "+ref", "123456789018", NULL);
    kit_refused(k, ERR_INDIVIDUAL_NUMBER, "topic", "tally", "service", "migration", "date",
                "2024-04-15", "topic", "123456789018", NULL);
    kit_refused(k, ERR_INDIVIDUAL_NUMBER, "case_number", "contact", "case_number", "123456789018",
                "date", "2024-04-15", NULL);
    kit_refused(k, ERR_INDIVIDUAL_NUMBER, "value", "correct", "seq", seq, "venue", "123456789018",
                "reason", "誤り", NULL);
    kit_refused(k, ERR_INDIVIDUAL_NUMBER, "venue", "hold", "session_kind", "fair", "date",
                "2024-04-15", "venue", "123456789018", NULL);
    /* Twelve digits that are none are recorded with a warning. */
    kit_warned(k, 1, "figure", "series", "pop", "period", "FY2024", "value", "1", "as_of",
               "2024-04-15", "source", "202404010930", NULL);
    kit_ok(k, "void", "seq", seq, "reason", long_text, NULL);
    kit_ok(k, "figure", "series", "pop", "period", "FY2024", "value", "1,207,069", "as_of",
           "2024-04-15", "source", "電話 09012345678、993-8601", NULL);
}

static void refused_text_appears_nowhere(struct kit *k) {
    if (!k->daemon) {
        return;
    }
    kit_refused(k, ERR_INDIVIDUAL_NUMBER, "venue", "hold", "session_kind", "fair", "date",
                "2024-04-15", "venue", "花子 123456789018", NULL);
    kit_refused(k, ERR_INDIVIDUAL_NUMBER, "topic", "log", "service", "migration", "date",
                "2024-04-15", "topic", "123456789018", NULL);
    kit_ok(k, "log", "service", "migration", "date", "2024-04-15", NULL);
    close(k->fd);
    k->fd = -1;
    ck_assert_int_eq(kit_daemon_stop(&k->d, SIGTERM), 0);
    ck_assert_uint_eq(kit_daemon_logged(&k->d, "123456789018"), 0);
    ck_assert_uint_eq(kit_daemon_logged(&k->d, "花子"), 0);
    ck_assert_uint_eq(kit_daemon_logged(&k->d, "code=individual-number"), 2);
    char command[600];
    snprintf(command, sizeof command, "! grep -r -a -q -e 123456789018 -e 花子 %s", k->d.store);
    ck_assert_int_eq(system(command), 0);
}

static void out_of_place(struct kit *k) {
    kit_refused(k, ERR_INVALID, "kind", "log", "service", "migration", "date", "2024-04-15",
                "=kind", "99", NULL);
    kit_refused(k, ERR_INVALID, "kind", "log", "service", "migration", "date", "2024-04-15",
                "=kind", "0", NULL);
    kit_refused(k, ERR_INVALID, "service", "contact", "case_number", "M-2024-000001", "date",
                "2024-04-15", "service", "migration", NULL);
    kit_refused(k, ERR_INVALID, "session", "cancel", "reason", "台風", NULL);
    kit_refused(k, ERR_INVALID, "reason", "cancel", "session", "S-2024-000001", NULL);
    kit_refused(k, ERR_INVALID, "number", "void", "reason", "誤り", NULL);
    kit_refused(k, ERR_INVALID, "seq", "correct", "topic", "work", "reason", "誤り", NULL);
    kit_refused(k, ERR_INVALID, "change", "correct", "seq", "1", "reason", "誤り", NULL);
    kit_refused(k, ERR_INVALID, "reason", "correct", "seq", "1", "topic", "work", NULL);
    kit_refused(k, ERR_INVALID, "colour", "correct", "seq", "1", "colour", "red", "reason", "x",
                NULL);
    kit_refused(k, ERR_INVALID, "case_number", "correct", "seq", "1", "case_number",
                "M-2024-000001", "reason", "x", NULL);
    /* The founding and the catalogue are not to be changed. */
    kit_refused(k, ERR_STATE, "entry", "correct", "seq", "1", "topic", "work", "reason", "x", NULL);
    kit_refused(k, ERR_STATE, "entry", "void", "seq", "1", "reason", "x", NULL);
    kit_refused(k, ERR_STATE, "entry", "void", "seq", "2", "reason", "x", NULL);
    /* A field of another kind of entry, and one that its kind does not take. */
    kit_ok(k, "tally", "service", "migration", "date", "2024-04-15", NULL);
    const char *tally = kit_text(k, k->last.seq);
    kit_refused(k, ERR_INVALID, "venue", "correct", "seq", tally, "venue", "x", "reason", "x",
                NULL);
    kit_refused(k, ERR_INVALID, "target", "correct", "seq", tally, "target", "lawyer", "reason",
                "x", NULL);
    kit_refused(k, ERR_INVALID, "count", "correct", "seq", tally, "count", "many", "reason", "x",
                NULL);
    kit_refused(k, ERR_INVALID, "count", "correct", "seq", tally, "count", "1000001", "reason", "x",
                NULL);
    kit_refused(k, ERR_INVALID, "date", "correct", "seq", tally, "date", "2024-02-30", "reason",
                "x", NULL);
    kit_refused(k, ERR_INVALID, "date", "correct", "seq", tally, "date", "", "reason", "x", NULL);
    kit_refused(k, ERR_INVALID, "service", "correct", "seq", tally, "service", "", "reason", "x",
                NULL);
    kit_ok(k, "correct", "seq", tally, "count", "5", "service", "citizen", "reason", "x", NULL);
    kit_stats(k, "contacts", "FY2024", "service", NULL, "citizen 5");
}

static void figures_and_coverage(struct kit *k) {
    uint64_t f = kit_ok(k, "figure", "series", "population", "period", "R6", "value", "26,000",
                        "as_of", "2024-04-15", "source", "住民基本台帳", NULL);
    ck_assert_str_eq(kit_field(k, f, "period"), "FY2024");
    ck_assert_str_eq(kit_field(k, f, "value"), "26,000");
    kit_ok(k, "correct", "seq", kit_text(k, f), "value", "25,990", "reason", "転記", NULL);
    ck_assert_str_eq(kit_field(k, f, "value"), "25,990");
    uint64_t gone = kit_ok(k, "figure", "series", "population", "period", "R5", "value", "1",
                           "as_of", "2024-04-15", "source", "表", NULL);
    uint64_t change =
        kit_ok(k, "correct", "seq", kit_text(k, gone), "value", "2", "reason", "転記", NULL);
    kit_ok(k, "void", "seq", kit_text(k, gone), "reason", "誤り", NULL);
    kit_refused(k, ERR_STATE, "entry", "void", "seq", kit_text(k, change), "reason", "誤り", NULL);
    kit_refused(k, ERR_INVALID, "series", "correct", "seq", kit_text(k, f), "series", "other",
                "reason", "x", NULL);
    kit_refused(k, ERR_INVALID, "period", "figure", "series", "p", "period", "FY20x", "value", "1",
                "as_of", "2024-04-15", "source", "x", NULL);
    kit_refused(k, ERR_INVALID, "period", "figure", "series", "p", "period", "2024-04-01..",
                "value", "1", "as_of", "2024-04-15", "source", "x", NULL);
    kit_refused(k, ERR_INVALID, "source", "figure", "series", "p", "period", "FY2024", "value", "1",
                "as_of", "2024-04-15", NULL);
    kit_refused(k, ERR_INVALID, "series", "figure", "series", "Pop ulation", "period", "FY2024",
                "value", "1", "as_of", "2024-04-15", "source", "x", NULL);
    uint64_t c = kit_ok(k, "coverage", "period", "2024-04-01..", "service", "migration", NULL);
    kit_ok(k, "void", "seq", kit_text(k, c), "reason", "誤り", NULL);
    kit_ok(k, "coverage", "period", "令和2年度", "session_kind", "fair", "not_held", "yes",
           "reason", "感染症", NULL);
    kit_refused(k, ERR_INVALID, "reason", "coverage", "period", "FY2020", "not_held", "yes", NULL);
    kit_refused(k, ERR_INVALID, "reason", "coverage", "period", "FY2020", "reason", "x", NULL);
    kit_refused(k, ERR_INVALID, "period", "coverage", "period", "2024-04-31", NULL);
}

static void one_bad_request_spoils_nobody(struct kit *k) {
    Madoguchi__Request *all[] = {
        kit_request(k, "log", "service", "migration", "date", "2024-04-15", NULL),
        kit_request(k, "log", "service", "moon", "date", "2024-04-15", NULL),
        kit_request(k, "contact", "case_number", "M-2024-000001", "date", "2024-04-16", NULL),
        kit_request(k, "contact", "case_number", "M-2024-000002", "date", "2024-04-16", NULL),
        kit_request(k, "log", "service", "migration", "date", "2024-04-17", NULL),
        kit_request(k, "log", "service", "migration", "=date", "20240230", NULL),
        kit_request(k, "void", "number", "M-2024-000001", "reason", "誤り", NULL),
        kit_request(k, "contact", "case_number", "M-2024-000001", "date", "2024-04-18", NULL),
        kit_request(k, "contact", "case_number", "M-2024-000002", "date", "2024-04-18", NULL)};
    static const int expected[] = {0, ERR_UNKNOWN_CODE, 0, ERR_NOT_FOUND, 0, ERR_INVALID,
                                   0, ERR_STATE,        0};
    struct kit_answer answers[COUNT(all)];
    uint64_t seq = kit_head(k);
    kit_group(k, all, COUNT(all), answers);
    for (size_t i = 0; i < COUNT(all); i++) {
        ck_assert_msg(answers[i].code == expected[i], "request %zu: %d %s", i, answers[i].code,
                      answers[i].en);
        if (expected[i] == 0) {
            ck_assert_uint_eq(answers[i].seq, ++seq);
        }
    }
    ck_assert_str_eq(answers[4].number, "M-2024-000002");
    ck_assert_uint_eq(kit_head(k), seq);
    kit_stats(k, "contacts", "FY2024", "day", NULL, "2024-04-17 1; 2024-04-18 1");
}

static void numbers_have_no_gaps(struct kit *k) {
    enum { N = 60 };
    Madoguchi__Request *all[N];
    struct kit_answer answers[N];
    for (size_t i = 0; i < N; i++) {
        all[i] = kit_request(k, "log", "service", i % 3 == 1 ? "moon" : "citizen", "date",
                             "2024-04-15", NULL);
    }
    kit_group(k, all, N, answers);
    unsigned n = 0;
    for (size_t i = 0; i < N; i++) {
        char number[32];
        if (i % 3 != 1) {
            snprintf(number, sizeof number, "C-2024-%06u", ++n);
            ck_assert_str_eq(answers[i].number, number);
        }
    }
    ck_assert_uint_eq(kit_list(k, NULL)->n_case_row, n);
}

static const struct kit_scenario scenarios[] = {
    {"unknown words", unknown_words},
    {"unknown cases", unknown_cases},
    {"bad dates", bad_dates},
    {"today is Japan's", today_is_japans},
    {"bad numbers", bad_numbers},
    {"bad texts", bad_texts},
    {"refused text appears nowhere", refused_text_appears_nowhere},
    {"out of place", out_of_place},
    {"figures and coverage", figures_and_coverage},
    {"one bad request spoils nobody", one_bad_request_spoils_nobody},
    {"numbers have no gaps", numbers_have_no_gaps},
};

int main(void) {
    return kit_scenarios("bad input", scenarios, COUNT(scenarios));
}
