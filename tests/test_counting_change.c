/* Numbers that change afterwards: corrections, voids, what they move; and numbers
 * asked in parts: filters, days, as of and as known at a time. */
#include "tests/kit_store.h"

#include <check.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* ---- corrections ------------------------------------------------------------------------ */

static void per_field_the_last_live_correction_wins(struct kit *k) {
    const char *c =
        kit_log(k, "migration", "2024-04-15", "topic", "housing", "origin", "tokyo", NULL);
    const char *seq = kit_text(k, k->last.seq);
    uint64_t first = kit_ok(k, "correct", "seq", seq, "topic", "work", "origin", "chiba", "reason",
                            "誤り", NULL);
    uint64_t second = kit_ok(k, "correct", "seq", seq, "topic", "farming", "reason", "誤り", NULL);
    kit_stats(k, "contacts", "2024-04", "topic,origin", NULL, "farming chiba 1");
    kit_ok(k, "void", "seq", kit_text(k, second), "reason", "違う", NULL);
    kit_stats(k, "contacts", "2024-04", "topic,origin", NULL, "work chiba 1");
    uint64_t third =
        kit_ok(k, "correct", "seq", seq, "topic", "startup;work", "reason", "誤り", NULL);
    kit_ok(k, "void", "seq", kit_text(k, first), "reason", "違う", NULL);
    kit_stats(k, "contacts", "2024-04", "topic,origin", NULL, "startup tokyo 1");
    kit_stats(k, "topics", "2024-04", "topic", NULL, "startup 1; work 1");
    kit_ok(k, "void", "seq", kit_text(k, third), "reason", "違う", NULL);
    kit_stats(k, "contacts", "2024-04", "topic,origin", NULL, "housing tokyo 1");
    kit_ok(k, "correct", "seq", seq, "origin", "", "reason", "不明", NULL);
    kit_stats(k, "contacts", "2024-04", "topic,origin", NULL, "housing - 1");
    const Madoguchi__EntryRow *row = kit_show_number(k, c)->entry[0];
    ck_assert_uint_eq(row->n_revision, 5);
    ck_assert(bytes_equal(row->revision[0]->old_value, "housing"));
    ck_assert(bytes_equal(row->revision[0]->new_value, "work"));
    ck_assert(row->revision[0]->voided);
    ck_assert(bytes_equal(row->revision[4]->field, "origin"));
    ck_assert(bytes_equal(row->revision[4]->new_value, ""));
}

static void correction_moves_the_month(struct kit *k) {
    const char *c = kit_log(k, "migration", "2024-04-15", "outcome", "moved", "persons", "2", NULL);
    uint64_t log = k->last.seq;
    kit_ok(k, "correct", "seq", kit_text(k, log), "date", "2024-03-15", "reason", "日付", NULL);
    kit_stats(k, "contacts", "FY2024", NULL, NULL, "");
    kit_stats(k, "contacts", "FY2023", "month", NULL, "2024-03 1");
    kit_stats(k, "outcomes", "FY2023", "month", NULL, "2024-03 1");
    kit_stats(k, "persons", "FY2023", "month", NULL, "2024-03 2");
    /* The number never changes. */
    ck_assert_str_eq(c, "M-2024-000001");
    ck_assert_uint_eq(kit_show_number(k, c)->n_entry, 1);
    kit_refused(k, ERR_INVALID, "date", "correct", "seq", kit_text(k, log), "date", "1999-03-31",
                "reason", "日付", NULL);
    kit_refused(k, ERR_INVALID, "date", "correct", "seq", kit_text(k, log), "date", "2049-03-31",
                "reason", "日付", NULL);
    kit_refused(k, ERR_INVALID, "service", "correct", "seq", kit_text(k, log), "service", "citizen",
                "reason", "業務", NULL);
}

static void inheritance_moves_later_entries(struct kit *k) {
    const char *c = kit_log(k, "migration", "2024-04-15", "topic", "housing", "program",
                            "trial-stay", "channel", "phone", "origin", "tokyo", NULL);
    uint64_t log = k->last.seq;
    kit_ok(k, "contact", "case_number", c, "date", "2024-05-15", NULL);
    kit_ok(k, "contact", "case_number", c, "date", "2024-06-15", "topic", "work", NULL);
    kit_ok(k, "outcome", "case_number", c, "date", "2024-07-15", "outcome", "moved", NULL);
    kit_ok(k, "refer", "case_number", c, "date", "2024-08-15", "target", "housing-section", NULL);
    uint64_t change =
        kit_ok(k, "correct", "seq", kit_text(k, log), "topic", "farming", "origin", "chiba",
               "channel", "event", "program", "own-seminar", "reason", "誤り", NULL);
    static const char *const by = "month,topic,origin,route,program";
    kit_stats(k, "contacts", "FY2024", by, NULL,
              "2024-04 farming chiba event own-seminar 1; "
              "2024-05 farming chiba event own-seminar 1; "
              "2024-06 work chiba event own-seminar 1");
    kit_stats(k, "outcomes", "FY2024", by, NULL, "2024-07 farming chiba event own-seminar 1");
    kit_stats(k, "referrals", "FY2024", by, NULL, "2024-08 farming chiba event own-seminar 1");
    kit_ok(k, "void", "seq", kit_text(k, change), "reason", "やはり", NULL);
    kit_stats(k, "contacts", "FY2024", by, NULL,
              "2024-04 housing tokyo phone trial-stay 1; "
              "2024-05 housing tokyo phone trial-stay 1; "
              "2024-06 work tokyo phone trial-stay 1");
    kit_stats(k, "outcomes", "FY2024", by, NULL, "2024-07 housing tokyo phone trial-stay 1");
}

static void session_correction_moves_entries(struct kit *k) {
    const char *s = kit_hold(k, "seminar", "2024-04-15", "service", "migration", "venue", "東京",
                             "program", "own-seminar", NULL);
    uint64_t held = k->last.seq;
    const char *c = kit_log(k, "migration", "2024-04-15", "session", s, NULL);
    kit_ok(k, "contact", "case_number", c, "date", "2024-05-15", NULL);
    kit_ok(k, "tally", "service", "migration", "date", "2024-04-15", "session", s, NULL);
    kit_ok(k, "correct", "seq", kit_text(k, held), "session_kind", "fair", "venue", "大阪",
           "program", "settlement-region", "reason", "誤り", NULL);
    kit_stats(k, "contacts", "FY2024", "month,session_kind,venue,route,program", NULL,
              "2024-04 fair 大阪 fair settlement-region 2; 2024-05 - - fair - 1");
    kit_stats(k, "sessions", "FY2024", "session_kind,venue,program", NULL,
              "fair 大阪 settlement-region 1");
}

static void changing_the_session_of_an_entry(struct kit *k) {
    const char *a = kit_hold(k, "seminar", "2024-04-15", "service", "migration", NULL);
    const char *b = kit_hold(k, "fair", "2024-04-16", "service", "migration", NULL);
    const char *c = kit_log(k, "migration", "2024-04-15", "session", a, NULL);
    uint64_t log = k->last.seq;
    kit_ok(k, "contact", "case_number", c, "date", "2024-05-15", NULL);
    kit_ok(k, "correct", "seq", kit_text(k, log), "session", b, "reason", "誤り", NULL);
    kit_stats(k, "contacts", "FY2024", "month,session_kind,route", NULL,
              "2024-04 fair fair 1; 2024-05 - fair 1");
    kit_ok(k, "void", "number", a, "reason", "誤り", NULL);
    kit_refused(k, ERR_STATE, "session", "void", "number", b, "reason", "誤り", NULL);
    kit_stats(k, "sessions", "FY2024", "session_kind", NULL, "fair 1");
}

static void what_is_void_stays_void(struct kit *k) {
    const char *c = kit_log(k, "migration", "2024-04-15", "topic", "housing", NULL);
    const char *log = kit_text(k, k->last.seq);
    uint64_t contact = kit_ok(k, "contact", "case_number", c, "date", "2024-04-16", NULL);
    uint64_t correction = kit_ok(k, "correct", "seq", log, "topic", "work", "reason", "誤り", NULL);
    kit_refused(k, ERR_STATE, "entry", "correct", "seq", kit_text(k, correction), "topic",
                "farming", "reason", "誤り", NULL);
    kit_said(k, log);
    uint64_t voiding = kit_ok(k, "void", "seq", kit_text(k, contact), "reason", "誤り", NULL);
    kit_refused(k, ERR_STATE, "entry", "void", "seq", kit_text(k, contact), "reason", "誤り", NULL);
    kit_said(k, kit_text(k, voiding));
    kit_refused(k, ERR_STATE, "entry", "correct", "seq", kit_text(k, contact), "date", "2024-04-17",
                "reason", "誤り", NULL);
    kit_refused(k, ERR_STATE, "entry", "void", "seq", kit_text(k, voiding), "reason", "誤り", NULL);
    kit_refused(k, ERR_STATE, "entry", "correct", "seq", kit_text(k, voiding), "reason", "誤り",
                "topic", "work", NULL);
    kit_stats(k, "contacts", "FY2024", "topic", NULL, "work 1");
    kit_ok(k, "void", "seq", kit_text(k, correction), "reason", "誤り", NULL);
    kit_refused(k, ERR_STATE, "entry", "void", "seq", kit_text(k, correction), "reason", "誤り",
                NULL);
    kit_stats(k, "contacts", "FY2024", "topic", NULL, "housing 1");
    kit_refused(k, ERR_NOT_FOUND, "entry", "void", "seq", "999", "reason", "誤り", NULL);
    kit_refused(k, ERR_NOT_FOUND, "entry", "correct", "seq", "999", "topic", "work", "reason",
                "誤り", NULL);
    kit_refused(k, ERR_INVALID, "change", "correct", "seq", log, "topic", "housing", "reason",
                "同じ", NULL);
    kit_refused(k, ERR_UNKNOWN_CODE, "topic", "correct", "seq", log, "topic", "houseing", "reason",
                "誤り", NULL);
    ck_assert_str_eq(k->last.near, "housing");
    /* A correction of what is void: the original is named. */
    const char *d = kit_log(k, "migration", "2024-04-15", NULL);
    const char *original = kit_text(k, k->last.seq);
    uint64_t late = kit_ok(k, "correct", "seq", original, "topic", "work", "reason", "誤り", NULL);
    kit_ok(k, "void", "number", d, "reason", "誤り", NULL);
    kit_refused(k, ERR_STATE, "entry", "void", "seq", kit_text(k, late), "reason", "誤り", NULL);
    kit_said(k, original);
    kit_stats(k, "contacts", "FY2024", "topic", NULL, "housing 1");
    const Madoguchi__EntryRow *row = kit_show(k, contact);
    ck_assert_uint_eq(row->voided_by, voiding);
    ck_assert(bytes_equal(row->void_reason, "誤り"));
}

static void voiding_a_case(struct kit *k) {
    const char *c = kit_log(k, "migration", "2024-04-15", "outcome", "informed", NULL);
    const char *log = kit_text(k, k->last.seq);
    kit_ok(k, "contact", "case_number", c, "date", "2024-05-16", NULL);
    kit_ok(k, "outcome", "case_number", c, "date", "2024-06-16", "outcome", "moved", "persons", "3",
           NULL);
    kit_ok(k, "refer", "case_number", c, "date", "2024-06-16", "target", "housing-section", NULL);
    kit_refused(k, ERR_STATE, "entry", "void", "seq", log, "reason", "誤り", NULL);
    kit_said(k, c);
    kit_ok(k, "void", "number", c, "reason", "二重", NULL);
    kit_stats(k, "contacts", "FY2024", NULL, NULL, "");
    kit_stats(k, "outcomes", "FY2024", NULL, NULL, "");
    kit_stats(k, "persons", "FY2024", NULL, NULL, "");
    kit_stats(k, "referrals", "FY2024", NULL, NULL, "");
    kit_refused(k, ERR_STATE, "entry", "void", "number", c, "reason", "二重", NULL);
    kit_refused(k, ERR_STATE, "case", "contact", "case_number", c, "date", "2024-07-01", NULL);
    kit_refused(k, ERR_NOT_FOUND, "case", "void", "number", "M-2024-000077", "reason", "二重",
                NULL);
    ck_assert_uint_eq(kit_list(k, NULL)->n_case_row, 0);
    ck_assert_uint_eq(kit_list(k, "status=void")->n_case_row, 1);
    /* The number is used up. */
    ck_assert_str_eq(kit_log(k, "migration", "2024-04-15", NULL), "M-2024-000002");
    /* An opening with nothing after it goes by its entry. */
    const char *alone = kit_log(k, "migration", "2024-09-15", NULL);
    kit_ok(k, "void", "seq", kit_text(k, k->last.seq), "reason", "誤り", NULL);
    kit_refused(k, ERR_STATE, "case", "contact", "case_number", alone, "date", "2024-09-16", NULL);
    kit_stats(k, "cases", "2024-09", NULL, NULL, "");
}

/* ---- filters ---------------------------------------------------------------------------- */

static void filters(struct kit *k) {
    static const char *const origins[] = {"tokyo", "kanagawa", "saitama", "chiba", "osaka"};
    for (size_t i = 0; i < COUNT(origins); i++) {
        kit_log(k, "migration", "2024-04-15", "origin", origins[i], "channel",
                i % 2 == 0 ? "phone" : "mail", NULL);
    }
    kit_log(k, "migration", "2024-04-15", NULL);
    kit_stats(k, "cases", "2024-04", NULL, "origin=@shutoken", "4");
    kit_stats(k, "cases", "2024-04", "origin", "origin=@shutoken,osaka channel=phone",
              "osaka 1; saitama 1; tokyo 1");
    kit_stats(k, "cases", "2024-04", NULL, "origin!=@shutoken", "2");
    kit_stats(k, "cases", "2024-04", NULL, "channel!=phone,mail", "1");
    kit_stats(k, "cases", "2024-04", NULL, "channel=", "1");
    kit_stats(k, "cases", "2024-04", NULL, "channel!=", "5");
    kit_stats(k, "cases", "2024-04", NULL, "origin=tokyo origin=osaka", "");
    kit_stats(k, "cases", "2024-04", NULL, "origin=@nowhere", "error 3 origin");
    kit_stats(k, "cases", "2024-04", NULL, "origin=tokio", "error 3 origin");
    ck_assert_str_eq(k->last.near, "tokyo");
    kit_stats(k, "cases", "2024-04", "origine", NULL, "error 2 by");
    kit_stats(k, "casess", "2024-04", NULL, NULL, "error 2 count");
    kit_stats(k, "cases", "2024-13", NULL, NULL, "error 2 from");
    const Madoguchi__Page *list = kit_list(k, "origin=@shutoken channel=mail");
    ck_assert_uint_eq(list->n_case_row, 2);
    ck_assert(bytes_equal(list->case_row[0]->case_number, "M-2024-000002"));
}

static void weekdays_and_holidays(struct kit *k) {
    static const char *const days[] = {"2024-04-26", "2024-04-27", "2024-04-28",
                                       "2024-04-29", "2024-04-30", "2024-05-03"};
    for (size_t i = 0; i < COUNT(days); i++) {
        kit_ok(k, "tally", "service", "mynumber", "date", days[i], "topic", "application", NULL);
    }
    /* A Saturday, a Sunday, 昭和の日, 憲法記念日. */
    kit_stats(k, "contacts", "FY2024", "month", "day=holiday", "2024-04 3; 2024-05 1");
    kit_stats(k, "contacts", "FY2024", "month", "day=weekday", "2024-04 2");
    kit_stats(k, "contacts", "FY2024", NULL, "day!=holiday", "2");
    kit_stats(k, "contacts", "FY2024", "office", "day=holiday", "- 4");
    kit_stats(k, "contacts", "FY2024", NULL, "day=monday", "error 2 day");
}

static void part_of_a_month(struct kit *k) {
    kit_log(k, "migration", "2024-04-10", "office", "annex", "topic", "work", NULL);
    kit_log(k, "migration", "2024-04-20", "office", "branch", "topic", "work", NULL);
    kit_log(k, "migration", "2024-05-05", NULL);
    kit_stats(k, "cases", "2024-04-01..2024-04-15", NULL, NULL, "1");
    kit_stats(k, "cases", "2024-04-15..2024-05-31", "topic", NULL, "- 1; work 1");
    kit_stats(k, "cases", "2024-04-11..2024-04-20", "office", NULL, "branch 1");
    kit_question(k, "2", .count = "cases", .from = "2024-04-20", .to = "2024-05");
    kit_question(k, "2", .count = "cases", .to = "2024-04");
    kit_question(k, "1", .count = "cases", .from = "FY2024", .as_of = "2024-04-19");
    kit_question(k, "annex 1", .count = "cases", .from = "FY2024", .as_of = "2024-04-19",
                 .by = "office");
    kit_question(k, "error 2 to", .count = "cases", .from = "2024-05", .to = "2024-04");
    kit_question(k, "", .count = "cases");
}

static void known_at(struct kit *k) {
    const char *c = kit_log(k, "migration", "2024-04-15", "topic", "housing", NULL);
    uint64_t log = k->last.seq;
    kit_tick(k);
    uint64_t contact = kit_ok(k, "contact", "case_number", c, "date", "2024-04-16", NULL);
    kit_tick(k);
    uint64_t correction = kit_ok(k, "correct", "seq", kit_text(k, log), "topic", "work", "date",
                                 "2024-05-15", "reason", "誤り", NULL);
    kit_tick(k);
    uint64_t end = kit_ok(k, "void", "number", c, "reason", "二重", NULL);
    static const char *const by = "month,topic";
    uint64_t times[] = {kit_show(k, log)->recorded_at, kit_show(k, contact)->recorded_at,
                        kit_show(k, correction)->recorded_at, kit_show(k, end)->recorded_at};
    kit_question(k, "", .count = "contacts", .from = "FY2024", .by = by, .known_at = times[0] - 1);
    kit_question(k, "2024-04 housing 1", .count = "contacts", .from = "FY2024", .by = by,
                 .known_at = times[0]);
    kit_question(k, "2024-04 housing 2", .count = "contacts", .from = "FY2024", .by = by,
                 .known_at = times[1]);
    kit_question(k, "2024-04 work 1; 2024-05 work 1", .count = "contacts", .from = "FY2024",
                 .by = by, .known_at = times[2]);
    kit_question(k, "1", .count = "active", .from = "FY2024", .known_at = times[2]);
    kit_question(k, "", .count = "contacts", .from = "FY2024", .by = by, .known_at = times[3]);
    kit_question(k, "", .count = "contacts", .from = "FY2024", .by = by);
}

/* ---- the catalogue in force ---------------------------------------------------------------- */

/* What counts as 相談 is asked of the catalogue at the entry, also when the
 * entry is corrected under another one. */
static void catalogue_in_force(struct kit *k) {
    uint64_t before =
        kit_ok(k, "tally", "service", "mynumber", "date", "2024-04-15", "count", "2", NULL);
    kit_stats(k, "consultations", "2024-04", "nature", NULL, "procedure 2");
    static const char from[] =
        "nature: procedure, consultation: [consultation, complaint, request, "
        "opinion, procedure]";
    static const char to[] = "nature: procedure, consultation: [consultation]";
    struct kit_answer a = kit_put_catalogue(k, from, to);
    ck_assert_msg(a.code == 0, "%s", a.en);
    kit_ok(k, "tally", "service", "mynumber", "date", "2024-04-16", "count", "10", NULL);
    kit_stats(k, "consultations", "2024-04", "nature", NULL, "procedure 2");
    kit_stats(k, "contacts", "2024-04", "nature", NULL, "procedure 12");
    kit_ok(k, "correct", "seq", kit_text(k, before), "count", "5", "reason", "数え直し", NULL);
    kit_stats(k, "consultations", "2024-04", "nature", NULL, "procedure 5");
}

static void codes_are_retired(struct kit *k) {
    uint64_t seq =
        kit_ok(k, "log", "service", "migration", "date", "2024-04-15", "topic", "housing", NULL);
    static const char from[] =
        "{code: housing, ja: 住まい, kana: すまい, en: Housing, services: [migration]}";
    static const char to[] =
        "{code: housing, ja: 住まい, kana: すまい, en: Housing, services: [migration], "
        "retired: 2024-06-01}";
    ck_assert_int_eq(kit_put_catalogue(k, from, to).code, 0);
    kit_ok(k, "log", "service", "migration", "date", "2024-05-31", "topic", "housing", NULL);
    kit_refused(k, ERR_UNKNOWN_CODE, "topic", "log", "service", "migration", "date", "2024-06-01",
                "topic", "housing", NULL);
    kit_refused(k, ERR_UNKNOWN_CODE, "topic", "correct", "seq", kit_text(k, seq), "date",
                "2024-06-01", "reason", "日付", NULL);
    kit_stats(k, "cases", "FY2024", "topic", "topic=housing", "housing 2");
    /* Removed it cannot be. */
    uint64_t head = kit_head(k);
    static const char whole[] =
        "  - {code: work, ja: 仕事, kana: しごと, en: Work, services: [migration]}\n";
    ck_assert_int_eq(kit_put_catalogue(k, whole, "").code, ERR_STATE);
    kit_said(k, "work");
    ck_assert_int_eq(kit_put_catalogue(k, "prefix: M", "prefix: X").code, ERR_STATE);
    ck_assert_uint_eq(kit_head(k), head);
}

static const struct kit_scenario scenarios[] = {
    {"catalogue in force", catalogue_in_force},
    {"codes are retired", codes_are_retired},
    {"per field the last live correction wins", per_field_the_last_live_correction_wins},
    {"correction moves the month", correction_moves_the_month},
    {"inheritance moves later entries", inheritance_moves_later_entries},
    {"session correction moves entries", session_correction_moves_entries},
    {"changing the session of an entry", changing_the_session_of_an_entry},
    {"what is void stays void", what_is_void_stays_void},
    {"voiding a case", voiding_a_case},
    {"filters", filters},
    {"weekdays and holidays", weekdays_and_holidays},
    {"part of a month", part_of_a_month},
    {"known at", known_at},
};

int main(void) {
    return kit_scenarios("counting changes", scenarios, COUNT(scenarios));
}
