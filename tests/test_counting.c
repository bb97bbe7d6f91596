/* What counts, and as what: each rule of counting as a scenario a counter could
 * live through, asked of the store itself and of the daemon. */
#include "tests/kit_store.h"

#include <check.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* ---- contacts and cases ------------------------------------------------------------- */

static void log_is_contact_and_case(struct kit *k) {
    const char *c =
        kit_log(k, "migration", "2024-04-15", "topic", "housing", "channel", "phone", NULL);
    ck_assert_str_eq(c, "M-2024-000001");
    ck_assert_str_eq(kit_log(k, "migration", "2024-03-31", NULL), "M-2023-000001");
    ck_assert_str_eq(kit_log(k, "citizen", "2024-04-16", NULL), "C-2024-000001");
    ck_assert_str_eq(kit_log(k, "migration", "2025-03-31", NULL), "M-2024-000002");
    kit_stats(k, "contacts", "FY2024", "service", NULL, "citizen 1; migration 2");
    kit_stats(k, "cases", "FY2024", "service", NULL, "citizen 1; migration 2");
    kit_stats(k, "cases", "FY2023", "month", NULL, "2024-03 1");
    kit_stats(k, "cases", "2024-04-15", "day,topic", NULL, "2024-04-15 housing 1");
    kit_stats(k, "contacts", "2024-04-14", NULL, NULL, "");
}

static void later_contact_inherits(struct kit *k) {
    const char *c = kit_log(k, "migration", "2024-04-15", "topic", "housing;work", "nature",
                            "request", "program", "trial-stay", "office", "annex", "channel",
                            "phone", "origin", "tokyo", "age", "30s", NULL);
    kit_ok(k, "contact", "case_number", c, "date", "2024-05-02", NULL);
    kit_stats(k, "contacts", "2024-05", "topic,nature,program,office,origin,age", NULL,
              "housing request trial-stay annex tokyo 30s 1");
    /* Its channel is its own: not given is unknown.  The route is the case's. */
    kit_stats(k, "contacts", "2024-05", "channel,route", NULL, "- phone 1");
    kit_stats(k, "contacts", "2024-05", "session_kind,form,venue", NULL, "- - - 1");
    kit_stats(k, "topics", "2024-05", "topic", NULL, "housing 1; work 1");
    kit_stats(k, "cases", "2024-05", NULL, NULL, "");
    kit_ok(k, "contact", "case_number", c, "date", "2024-06-03", "topic", "farming", "nature",
           "inquiry", "program", "migration-concierge", "office", "branch", "channel", "mail",
           NULL);
    kit_stats(k, "contacts", "2024-06", "topic,nature,program,office,channel", NULL,
              "farming inquiry migration-concierge branch mail 1");
    kit_stats(k, "contacts", "2024-06", "origin,age,route", NULL, "tokyo 30s phone 1");
}

static void later_contact_has_its_own_session(struct kit *k) {
    const char *s = kit_hold(k, "seminar", "2024-04-15", "service", "migration", "form", "online",
                             "venue_kind", "mall", "venue", "イオン", NULL);
    const char *c = kit_log(k, "migration", "2024-04-15", "session", s, NULL);
    kit_stats(k, "contacts", "2024-04", "session_kind,form,venue_kind,venue,route", NULL,
              "seminar online mall イオン seminar 1");
    kit_ok(k, "contact", "case_number", c, "date", "2024-05-15", "channel", "phone", NULL);
    kit_stats(k, "contacts", "2024-05", "session_kind,form,venue_kind,venue,route,channel", NULL,
              "- - - - seminar phone 1");
}

static void consultations_by_nature(struct kit *k) {
    static const char *const natures[] = {"inquiry", "consultation", "complaint", "request",
                                          "opinion", "procedure",    "follow-up"};
    for (size_t i = 0; i < COUNT(natures); i++) {
        kit_ok(k, "tally", "service", "citizen", "date", "2024-04-15", "count", "2", "nature",
               natures[i], NULL);
    }
    kit_stats(k, "contacts", "2024-04", NULL, NULL, "14");
    kit_stats(k, "consultations", "2024-04", NULL, NULL, "10");
    kit_stats(k, "consultations", "2024-04", NULL, "nature=inquiry,follow-up", "");
    /* None given: what the service says holds. */
    kit_ok(k, "tally", "service", "mynumber", "date", "2024-05-15", NULL);
    kit_log(k, "migration", "2024-05-15", NULL);
    kit_stats(k, "consultations", "2024-05", "service,nature", NULL,
              "migration consultation 1; mynumber procedure 1");
    /* A follow-up of a case is a contact and no consultation. */
    const char *c = kit_log(k, "migration", "2024-06-03", NULL);
    kit_ok(k, "contact", "case_number", c, "date", "2024-06-20", "nature", "follow-up", NULL);
    kit_stats(k, "contacts", "2024-06", NULL, NULL, "2");
    kit_stats(k, "consultations", "2024-06", NULL, NULL, "1");
}

static void two_topics_count_twice_as_topics(struct kit *k) {
    kit_log(k, "migration", "2024-04-15", "topic", "housing;work", NULL);
    kit_log(k, "migration", "2024-04-16", "topic", "work", NULL);
    kit_log(k, "migration", "2024-04-17", NULL);
    kit_stats(k, "topics", "2024-04", "topic", NULL, "housing 1; work 2");
    kit_stats(k, "topics", "2024-04", NULL, NULL, "3");
    kit_stats(k, "contacts", "2024-04", "topic", NULL, "- 1; housing 1; work 1");
    kit_stats(k, "topics", "2024-04", NULL, "topic=work", "2");
    kit_stats(k, "contacts", "2024-04", NULL, "topic=work", "1");
    kit_stats(k, "cases", "2024-04", NULL, "topic=housing", "1");
    kit_stats(k, "topics", "2024-04", NULL, "topic!=work", "1");
    kit_stats(k, "contacts", "2024-04", NULL, "topic!=work", "2");
    kit_ok(k, "tally", "service", "citizen", "date", "2024-05-01", "count", "3", "topic",
           "legal;tax", NULL);
    kit_stats(k, "topics", "2024-05", "topic", NULL, "legal 3; tax 3");
}

static void active_cases_are_distinct(struct kit *k) {
    const char *a = kit_log(k, "migration", "2024-04-15", "topic", "housing", NULL);
    kit_ok(k, "contact", "case_number", a, "date", "2024-04-20", NULL);
    kit_ok(k, "contact", "case_number", a, "date", "2024-05-20", "topic", "work", NULL);
    const char *b = kit_log(k, "migration", "2024-05-01", NULL);
    uint64_t later = kit_ok(k, "contact", "case_number", b, "date", "2024-06-01", NULL);
    kit_ok(k, "tally", "service", "migration", "date", "2024-04-15", "count", "9", NULL);
    kit_stats(k, "active", "FY2024", "month", NULL, "2024-04 1; 2024-05 2; 2024-06 1");
    kit_stats(k, "active", "FY2024", NULL, NULL, "2");
    kit_stats(k, "active", "FY2024", "year,service", NULL, "2024 migration 2");
    kit_stats(k, "active", "FY2024", "topic", NULL, "- 1; housing 1; work 1");
    /* A case whose contacts net to zero is not active. */
    kit_ok(k, "void", "seq", kit_text(k, later), "reason", "誤り", NULL);
    kit_stats(k, "active", "FY2024", "month", NULL, "2024-04 1; 2024-05 2");
    kit_ok(k, "void", "number", b, "reason", "誤り", NULL);
    kit_stats(k, "active", "FY2024", "month", NULL, "2024-04 1; 2024-05 1");
    kit_stats(k, "active", "FY2024", NULL, NULL, "1");
}

/* ---- tallies and outcomes ------------------------------------------------------------- */

static void tally_counts(struct kit *k) {
    kit_ok(k, "tally", "service", "mynumber", "date", "2024-04-15", NULL);
    kit_ok(k, "tally", "service", "mynumber", "date", "2024-04-15", "count", "46", "topic",
           "application", "channel", "outreach", NULL);
    kit_stats(k, "contacts", "2024-04", NULL, NULL, "47");
    kit_stats(k, "cases", "2024-04", NULL, NULL, "");
    kit_stats(k, "active", "2024-04", NULL, NULL, "");
    kit_stats(k, "contacts", "2024-04", "route", NULL, "- 1; outreach 46");
    /* Zero is an answer too: outcomes without a contact. */
    kit_ok(k, "tally", "service", "akiya", "date", "2024-05-15", "count", "0", "outcome",
           "contracted", "outcome_count", "30", NULL);
    kit_stats(k, "contacts", "2024-05", NULL, NULL, "");
    kit_stats(k, "outcomes", "2024-05", "outcome,service", NULL, "contracted akiya 30");
    /* N is COUNT where not given, and COUNT is 1. */
    kit_ok(k, "tally", "service", "mynumber", "date", "2024-06-15", "count", "12", "outcome",
           "issued", NULL);
    kit_ok(k, "tally", "service", "mynumber", "date", "2024-06-15", "outcome", "renewed", NULL);
    kit_stats(k, "outcomes", "2024-06", "outcome", NULL, "issued 12; renewed 1");
    kit_stats(k, "contacts", "2024-06", NULL, NULL, "13");
    /* Households and persons of a tally are totals. */
    kit_ok(k, "tally", "service", "migration", "date", "2024-07-15", "count", "0", "outcome",
           "moved", "outcome_count", "3", "households", "3", "persons", "8", NULL);
    kit_stats(k, "households", "2024-07", NULL, NULL, "3");
    kit_stats(k, "persons", "2024-07", NULL, NULL, "8");
    kit_stats(k, "contacts", "2024-07", NULL, NULL, "");
    kit_ok(k, "tally", "service", "migration", "date", "2024-08-15", "count", "0", NULL);
    kit_stats(k, "contacts", "2024-08", "topic", NULL, "");
}

static void outcome_carries_its_own_and_its_cases(struct kit *k) {
    const char *c = kit_log(k, "migration", "2024-04-15", "topic", "housing;work", "nature",
                            "request", "program", "trial-stay", "office", "annex", "channel",
                            "event", "origin", "tokyo", "age", "30s", NULL);
    kit_ok(k, "outcome", "case_number", c, "date", "2024-06-03", "outcome", "moved", "households",
           "1", "persons", "3", NULL);
    /* Dated by itself; office, channel and program of the case where not given. */
    kit_stats(k, "outcomes", "2024-04", NULL, NULL, "");
    kit_stats(k, "outcomes", "2024-06", "office,channel,program,nature,topic,origin", NULL,
              "annex event trial-stay request housing tokyo 1");
    kit_stats(k, "outcomes", "2024-06", "age,route,session_kind,venue", NULL, "30s event - - 1");
    kit_ok(k, "outcome", "case_number", c, "date", "2024-07-03", "outcome", "settled", "office",
           "branch", "channel", "post", "program", "migration-concierge", NULL);
    kit_stats(k, "outcomes", "2024-07", "office,channel,program,nature,topic,origin", NULL,
              "branch post migration-concierge request housing tokyo 1");
    kit_stats(k, "outcomes", "2024-07", "route", NULL, "event 1");
    /* The sentence of the plan: moved from the capital region after an event. */
    kit_stats(k, "outcomes", "FY2024", NULL, "outcome=moved route=event,outreach origin=@shutoken",
              "1");
    kit_stats(k, "contacts", "FY2024", NULL, NULL, "1");
    /* On the log and on a contact: both are counted. */
    const char *d = kit_log(k, "migration", "2024-08-01", "outcome", "informed", NULL);
    kit_ok(k, "contact", "case_number", d, "date", "2024-08-02", "outcome", "stayed", "persons",
           "2", NULL);
    kit_stats(k, "outcomes", "2024-08", "outcome", NULL, "informed 1; stayed 1");
    kit_stats(k, "contacts", "2024-08", NULL, NULL, "2");
    kit_stats(k, "persons", "2024-08", "outcome", NULL, "informed 0?1; stayed 2");
}

static void unknown_is_left_out_and_said(struct kit *k) {
    const char *c = kit_log(k, "migration", "2024-04-15", NULL);
    kit_ok(k, "outcome", "case_number", c, "date", "2024-04-16", "outcome", "moved", "persons", "4",
           NULL);
    kit_ok(k, "outcome", "case_number", c, "date", "2024-04-17", "outcome", "settled", NULL);
    kit_ok(k, "outcome", "case_number", c, "date", "2024-04-18", "outcome", "informed", "persons",
           "0", NULL);
    kit_stats(k, "outcomes", "2024-04", NULL, NULL, "3");
    kit_stats(k, "persons", "2024-04", NULL, NULL, "4?1");
    kit_stats(k, "households", "2024-04", NULL, NULL, "0?3");
    kit_stats(k, "persons", "2024-04", "outcome", NULL, "moved 4; settled 0?1");
    kit_hold(k, "seminar", "2024-04-20", "service", "migration", "persons", "20", NULL);
    kit_hold(k, "seminar", "2024-04-21", "service", "migration", NULL);
    kit_stats(k, "attendees", "2024-04", NULL, NULL, "20?1");
}

static void one_marriage_two_cases(struct kit *k) {
    const char *a = kit_log(k, "marriage", "2024-04-15", "origin", "tokyo", NULL);
    const char *b = kit_log(k, "marriage", "2024-04-16", NULL);
    uint64_t seq = kit_ok(k, "outcome", "case_number", a, "date", "2024-06-03", "outcome",
                          "married", "with_case", b, NULL);
    kit_stats(k, "outcomes", "FY2024", "outcome", NULL, "married 1");
    const Madoguchi__Page *first = kit_show_number(k, a);
    const Madoguchi__Page *second = kit_show_number(k, b);
    ck_assert_uint_eq(first->n_entry, 2);
    ck_assert_uint_eq(second->n_entry, 2);
    ck_assert_uint_eq(first->entry[1]->seq, seq);
    ck_assert_uint_eq(second->entry[1]->seq, seq);
    /* The second case has the outcome: the same again is warned of. */
    kit_warned(k, 1, "outcome", "case_number", b, "date", "2024-06-04", "outcome", "married", NULL);
    kit_stats(k, "outcomes", "FY2024", "outcome", NULL, "married 2");
    kit_refused(k, ERR_INVALID, "with_case", "outcome", "case_number", a, "date", "2024-06-05",
                "outcome", "couple", "with_case", a, NULL);
    kit_refused(k, ERR_NOT_FOUND, "with_case", "outcome", "case_number", a, "date", "2024-06-05",
                "outcome", "couple", "with_case", "N-2024-000009", NULL);
    kit_ok(k, "void", "seq", kit_text(k, seq), "reason", "誤り", NULL);
    kit_stats(k, "outcomes", "FY2024", "outcome", NULL, "married 1");
}

static void same_outcome_twice_is_a_warning(struct kit *k) {
    const char *c = kit_log(k, "migration", "2024-04-15", NULL);
    kit_ok(k, "outcome", "case_number", c, "date", "2024-05-01", "outcome", "moved", NULL);
    kit_ok(k, "outcome", "case_number", c, "date", "2024-05-02", "outcome", "settled", NULL);
    kit_warned(k, 1, "outcome", "case_number", c, "date", "2024-05-03", "outcome", "settled", NULL);
    kit_stats(k, "outcomes", "2024-05", "outcome", NULL, "moved 1; settled 2");
    /* Not only the last outcome is looked at. */
    kit_warned(k, 1, "outcome", "case_number", c, "date", "2024-05-04", "outcome", "moved", NULL);
    kit_stats(k, "outcomes", "2024-05", "outcome", NULL, "moved 2; settled 2");
}

static void close_adds_no_second_outcome(struct kit *k) {
    const char *c = kit_log(k, "migration", "2024-04-15", NULL);
    kit_ok(k, "outcome", "case_number", c, "date", "2024-05-01", "outcome", "moved", "persons", "2",
           NULL);
    kit_ok(k, "close", "case_number", c, "date", "2024-05-02", "outcome", "moved", NULL);
    kit_stats(k, "outcomes", "2024-05", "outcome", NULL, "moved 1");
    kit_stats(k, "persons", "2024-05", NULL, NULL, "2");
    kit_refused(k, ERR_STATE, "case", "close", "case_number", c, "date", "2024-05-03", NULL);
    kit_ok(k, "reopen", "case_number", c, "date", "2024-05-03", NULL);
    kit_refused(k, ERR_STATE, "case", "reopen", "case_number", c, "date", "2024-05-03", NULL);
    kit_ok(k, "outcome", "case_number", c, "date", "2024-05-04", "outcome", "settled", NULL);
    kit_ok(k, "close", "case_number", c, "date", "2024-05-05", "outcome", "moved", NULL);
    kit_stats(k, "outcomes", "2024-05", "outcome", NULL, "moved 1; settled 1");
    const char *d = kit_log(k, "migration", "2024-06-15", NULL);
    kit_ok(k, "close", "case_number", d, "date", "2024-06-16", "outcome", "withdrawn", NULL);
    kit_stats(k, "outcomes", "2024-06", "outcome", NULL, "withdrawn 1");
    kit_stats(k, "contacts", "2024-06", NULL, NULL, "1");
    /* A contact after the end is recorded, and remarked on. */
    kit_warned(k, 1, "contact", "case_number", d, "date", "2024-06-20", NULL);
    kit_stats(k, "contacts", "2024-06", NULL, NULL, "2");
}

static void refusals_and_referrals(struct kit *k) {
    kit_ok(k, "decline", "service", "citizen", "date", "2024-04-15", "reason", "full", "program",
           "legal", NULL);
    kit_ok(k, "decline", "service", "citizen", "date", "2024-04-16", "reason", "language", "count",
           "4", "channel", "phone", NULL);
    kit_stats(k, "refusals", "2024-04", "reason,program", NULL, "full legal 1; language - 4");
    kit_stats(k, "refusals", "FY2024", "month,service", NULL, "2024-04 citizen 5");
    const char *c = kit_log(k, "citizen", "2024-04-15", "topic", "debt", "program", "legal", NULL);
    kit_ok(k, "refer", "case_number", c, "date", "2024-05-02", "target", "lawyer", "due",
           "2024-06-01", NULL);
    kit_stats(k, "referrals", "2024-05", "target,topic,program,service", NULL,
              "lawyer debt legal citizen 1");
    kit_stats(k, "contacts", "FY2024", NULL, NULL, "1");
    kit_refused(k, ERR_UNKNOWN_CODE, "reason", "decline", "service", "citizen", "date",
                "2024-04-15", "reason", "ful", NULL);
    ck_assert_str_eq(k->last.near, "full");
}

/* ---- sessions -------------------------------------------------------------------------- */

static void sessions_planned_held_cancelled(struct kit *k) {
    const char *a = kit_plan(k, "seminar", "2024-04-15", "service", "migration", "program",
                             "own-seminar", "venue", "東京", NULL);
    const char *b = kit_plan(k, "seminar", "2024-05-15", "service", "migration", "program",
                             "own-seminar", NULL);
    ck_assert_str_eq(a, "S-2024-000001");
    ck_assert_str_eq(b, "S-2024-000002");
    kit_stats(k, "sessions", "FY2024", NULL, NULL, "");
    kit_ok(k, "hold", "session", a, "date", "2024-04-20", "persons", "18", "households", "10",
           NULL);
    kit_stats(k, "sessions", "FY2024", "month,session_kind,program,service,venue", NULL,
              "2024-04 seminar own-seminar migration 東京 1");
    kit_stats(k, "attendees", "FY2024", "month", NULL, "2024-04 18");
    kit_ok(k, "cancel", "session", b, "date", "2024-05-14", "reason", "台風", NULL);
    kit_stats(k, "sessions", "FY2024", NULL, NULL, "1");
    kit_refused(k, ERR_STATE, "session", "hold", "session", b, "date", "2024-05-15", NULL);
    kit_refused(k, ERR_STATE, "session", "hold", "session", a, "date", "2024-05-15", NULL);
    kit_refused(k, ERR_STATE, "session", "cancel", "session", a, "reason", "誤り", NULL);
    kit_refused(k, ERR_NOT_FOUND, "session", "hold", "session", "S-2024-000009", "date",
                "2024-05-15", NULL);
    kit_hold(k, "course", "2024-06-01", "service", "citizen", "program", "plaza-1", NULL);
    kit_hold(k, "course", "2024-06-02", "service", "citizen", "program", "plaza-1", NULL);
    kit_hold(k, "course", "2024-07-02", "service", "citizen", "program", "plaza-2", NULL);
    kit_hold(k, "course", "2024-07-03", "service", "citizen", NULL);
    kit_stats(k, "sessions", "FY2024", NULL, "session_kind=course", "4");
    kit_stats(k, "programs", "FY2024", NULL, "session_kind=course", "2");
    kit_stats(k, "programs", "FY2024", "month", NULL, "2024-04 1; 2024-06 1; 2024-07 1");
    kit_stats(k, "contacts", "FY2024", NULL, NULL, "");
}

static void session_may_be_planned_ahead(struct kit *k) {
    kit_plan(k, "fair", "2027-02-01", "service", "migration", NULL);
    kit_refused(k, ERR_INVALID, "date", "plan", "session_kind", "fair", "date", "2049-01-01",
                "service", "migration", NULL);
    kit_refused(k, ERR_INVALID, "date", "hold", "session_kind", "fair", "date", "2049-01-01",
                "service", "migration", NULL);
    kit_said(k, "future");
    kit_refused(k, ERR_INVALID, "date", "plan", "session_kind", "fair", "date", "1999-01-01",
                "service", "migration", NULL);
}

static void entries_take_from_their_session(struct kit *k) {
    const char *s = kit_hold(k, "holiday-opening", "2024-04-14", "service", "mynumber", "program",
                             "staff-training", "form", "in-person", "venue", "1階", "venue_kind",
                             "city-hall", NULL);
    kit_ok(k, "tally", "service", "mynumber", "date", "2024-04-14", "count", "5", "session", s,
           "outcome", "issued", NULL);
    kit_stats(k, "contacts", "2024-04", "session_kind,form,venue,venue_kind,program,route", NULL,
              "holiday-opening in-person 1階 city-hall staff-training holiday-opening 5");
    kit_stats(k, "outcomes", "2024-04", "session_kind,form,venue,venue_kind,program,route", NULL,
              "holiday-opening in-person 1階 city-hall staff-training holiday-opening 5");
    kit_stats(k, "outcomes", "FY2024", NULL, "outcome=issued session_kind=holiday-opening", "5");
    /* What the entry says itself stands. */
    kit_ok(k, "tally", "service", "mynumber", "date", "2024-05-14", "session", s, "program",
           "other", "channel", "counter", NULL);
    kit_stats(k, "contacts", "2024-05", "program,route,session_kind", NULL,
              "other counter holiday-opening 1");
    /* An outcome has a session only where it names one. */
    const char *c = kit_log(k, "migration", "2024-06-01", "session", s, NULL);
    kit_ok(k, "outcome", "case_number", c, "date", "2024-06-02", "outcome", "moved", NULL);
    kit_ok(k, "outcome", "case_number", c, "date", "2024-06-03", "outcome", "settled", "session", s,
           NULL);
    kit_stats(k, "outcomes", "2024-06", "outcome,session_kind,venue,route", NULL,
              "moved - - holiday-opening 1; settled holiday-opening 1階 holiday-opening 1");
    kit_refused(k, ERR_NOT_FOUND, "session", "tally", "service", "mynumber", "date", "2024-04-14",
                "session", "S-2024-000099", NULL);
}

static void a_held_plan_moves_what_names_it(struct kit *k) {
    const char *s = kit_plan(k, "seminar", "2024-04-15", "service", "migration", "venue", "東京",
                             "form", "in-person", NULL);
    kit_ok(k, "tally", "service", "migration", "date", "2024-04-10", "session", s, NULL);
    kit_stats(k, "contacts", "2024-04", "venue,form", NULL, "東京 in-person 1");
    kit_ok(k, "hold", "session", s, "date", "2024-04-16", "venue", "大阪", "form", "online", NULL);
    kit_stats(k, "contacts", "2024-04", "venue,form", NULL, "大阪 online 1");
    kit_stats(k, "sessions", "2024-04", "day,venue", NULL, "2024-04-16 大阪 1");
}

static void named_session_stays(struct kit *k) {
    const char *s = kit_plan(k, "seminar", "2024-04-15", "service", "migration", NULL);
    uint64_t t =
        kit_ok(k, "tally", "service", "migration", "date", "2024-04-10", "session", s, NULL);
    kit_refused(k, ERR_STATE, "session", "cancel", "session", s, "reason", "台風", NULL);
    kit_refused(k, ERR_STATE, "session", "void", "number", s, "reason", "誤り", NULL);
    uint64_t away =
        kit_ok(k, "correct", "seq", kit_text(k, t), "session", "", "reason", "別件", NULL);
    kit_stats(k, "contacts", "2024-04", "session_kind", NULL, "- 1");
    kit_ok(k, "cancel", "session", s, "reason", "台風", NULL);
    /* Nor can it be named again by taking the correction back. */
    kit_refused(k, ERR_STATE, "session", "void", "seq", kit_text(k, away), "reason", "戻す", NULL);
    kit_refused(k, ERR_STATE, "session", "correct", "seq", kit_text(k, t), "session", s, "reason",
                "戻す", NULL);
    const char *h = kit_hold(k, "seminar", "2024-05-15", "service", "migration", NULL);
    uint64_t u =
        kit_ok(k, "tally", "service", "migration", "date", "2024-05-15", "session", h, NULL);
    kit_refused(k, ERR_STATE, "session", "void", "number", h, "reason", "誤り", NULL);
    kit_ok(k, "void", "seq", kit_text(k, u), "reason", "誤り", NULL);
    kit_stats(k, "sessions", "2024-05", NULL, NULL, "1");
    kit_ok(k, "void", "number", h, "reason", "誤り", NULL);
    kit_stats(k, "sessions", "2024-05", NULL, NULL, "");
    kit_refused(k, ERR_STATE, "session", "tally", "service", "migration", "date", "2024-05-15",
                "session", h, NULL);
}

static void a_held_session_can_be_taken_back(struct kit *k) {
    const char *s = kit_plan(k, "seminar", "2024-04-15", "service", "migration", NULL);
    uint64_t held = kit_ok(k, "hold", "session", s, "date", "2024-04-15", "persons", "9", NULL);
    kit_stats(k, "attendees", "2024-04", NULL, NULL, "9");
    kit_ok(k, "correct", "seq", kit_text(k, held), "persons", "11", "date", "2024-05-01", "reason",
           "名簿", NULL);
    kit_stats(k, "attendees", "FY2024", "month", NULL, "2024-05 11");
    kit_ok(k, "void", "seq", kit_text(k, held), "reason", "誤り", NULL);
    kit_stats(k, "sessions", "FY2024", NULL, NULL, "");
    /* It is planned again: it can be held. */
    kit_ok(k, "hold", "session", s, "date", "2024-04-16", "persons", "3", NULL);
    kit_stats(k, "attendees", "FY2024", "month", NULL, "2024-04 3");
}

static void route_defaults(struct kit *k) {
    const char *s = kit_hold(k, "fair", "2024-04-15", "service", "migration", NULL);
    kit_log(k, "migration", "2024-04-01", "channel", "phone", NULL);
    kit_log(k, "migration", "2024-04-02", "session", s, NULL);
    kit_log(k, "migration", "2024-04-03", "channel", "event", "session", s, NULL);
    kit_log(k, "migration", "2024-04-04", "channel", "event", "route", "sns", NULL);
    kit_log(k, "migration", "2024-04-05", NULL);
    kit_stats(k, "cases", "2024-04", "day,route", NULL,
              "2024-04-01 phone 1; 2024-04-02 fair 1; 2024-04-03 event 1; 2024-04-04 sns 1; "
              "2024-04-05 - 1");
}

/* ---- catalogue in force ------------------------------------------------------------------ */

static void unknown_dimensions_are_shown_as_such(struct kit *k) {
    kit_ok(k, "tally", "service", "citizen", "date", "2024-04-15", NULL);
    kit_stats(k, "contacts", "2024-04", "program,office,channel,topic,route,origin", NULL,
              "- - - - - - 1");
    kit_stats(k, "contacts", "2024-04", "age,session_kind,form,venue,venue_kind,reason", NULL,
              "- - - - - - 1");
}

static const struct kit_scenario scenarios[] = {
    {"log is contact and case", log_is_contact_and_case},
    {"later contact inherits", later_contact_inherits},
    {"later contact has its own session", later_contact_has_its_own_session},
    {"consultations by nature", consultations_by_nature},
    {"two topics count twice as topics", two_topics_count_twice_as_topics},
    {"active cases are distinct", active_cases_are_distinct},
    {"tally counts", tally_counts},
    {"outcome carries its own and its case's", outcome_carries_its_own_and_its_cases},
    {"unknown is left out and said", unknown_is_left_out_and_said},
    {"one marriage, two cases", one_marriage_two_cases},
    {"same outcome twice is a warning", same_outcome_twice_is_a_warning},
    {"close adds no second outcome", close_adds_no_second_outcome},
    {"refusals and referrals", refusals_and_referrals},
    {"sessions planned, held, cancelled", sessions_planned_held_cancelled},
    {"session may be planned ahead", session_may_be_planned_ahead},
    {"entries take from their session", entries_take_from_their_session},
    {"a held plan moves what names it", a_held_plan_moves_what_names_it},
    {"named session stays", named_session_stays},
    {"a held session can be taken back", a_held_session_can_be_taken_back},
    {"route defaults", route_defaults},
    {"unknown dimensions are shown as such", unknown_dimensions_are_shown_as_such},
};

int main(void) {
    return kit_scenarios("counting", scenarios, COUNT(scenarios));
}
