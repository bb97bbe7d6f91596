/* What counts, and as what: each rule of counting as a scenario a counter could
 * live through, asked of the store itself and of the daemon. */
#include "tests/kit_store.h"

#include <check.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* ---- contacts and cases ------------------------------------------------------------- */

static void log_is_contact_and_case(struct kit *k) {
    const char *c = kit_log(k, "migration", "2024-04-15", "topic", "housing", "channel", "phone",
                            NULL);
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
    kit_ok(k, "outcome", "case_number", c, "date", "2024-04-16", "outcome", "moved", "persons",
           "4", NULL);
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
    kit_warned(k, 1, "outcome", "case_number", b, "date", "2024-06-04", "outcome", "married",
               NULL);
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
    kit_warned(k, 1, "outcome", "case_number", c, "date", "2024-05-03", "outcome", "settled",
               NULL);
    kit_stats(k, "outcomes", "2024-05", "outcome", NULL, "moved 1; settled 2");
    /* Not only the last outcome is looked at. */
    kit_warned(k, 1, "outcome", "case_number", c, "date", "2024-05-04", "outcome", "moved", NULL);
    kit_stats(k, "outcomes", "2024-05", "outcome", NULL, "moved 2; settled 2");
}

static void close_adds_no_second_outcome(struct kit *k) {
    const char *c = kit_log(k, "migration", "2024-04-15", NULL);
    kit_ok(k, "outcome", "case_number", c, "date", "2024-05-01", "outcome", "moved", "persons",
           "2", NULL);
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
    kit_ok(k, "outcome", "case_number", c, "date", "2024-06-03", "outcome", "settled", "session",
           s, NULL);
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

/* ---- corrections ------------------------------------------------------------------------ */

static void per_field_the_last_live_correction_wins(struct kit *k) {
    const char *c = kit_log(k, "migration", "2024-04-15", "topic", "housing", "origin", "tokyo",
                            NULL);
    const char *seq = kit_text(k, k->last.seq);
    uint64_t first = kit_ok(k, "correct", "seq", seq, "topic", "work", "origin", "chiba", "reason",
                            "誤り", NULL);
    uint64_t second = kit_ok(k, "correct", "seq", seq, "topic", "farming", "reason", "誤り", NULL);
    kit_stats(k, "contacts", "2024-04", "topic,origin", NULL, "farming chiba 1");
    kit_ok(k, "void", "seq", kit_text(k, second), "reason", "違う", NULL);
    kit_stats(k, "contacts", "2024-04", "topic,origin", NULL, "work chiba 1");
    uint64_t third = kit_ok(k, "correct", "seq", seq, "topic", "startup;work", "reason", "誤り",
                            NULL);
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
    const char *c = kit_log(k, "migration", "2024-04-15", "outcome", "moved", "persons", "2",
                            NULL);
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
    kit_refused(k, ERR_INVALID, "service", "correct", "seq", kit_text(k, log), "service",
                "citizen", "reason", "業務", NULL);
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
    uint64_t correction =
        kit_ok(k, "correct", "seq", log, "topic", "work", "reason", "誤り", NULL);
    kit_refused(k, ERR_STATE, "entry", "correct", "seq", kit_text(k, correction), "topic",
                "farming", "reason", "誤り", NULL);
    kit_said(k, log);
    uint64_t voiding = kit_ok(k, "void", "seq", kit_text(k, contact), "reason", "誤り", NULL);
    kit_refused(k, ERR_STATE, "entry", "void", "seq", kit_text(k, contact), "reason", "誤り", NULL);
    kit_said(k, kit_text(k, voiding));
    kit_refused(k, ERR_STATE, "entry", "correct", "seq", kit_text(k, contact), "date",
                "2024-04-17", "reason", "誤り", NULL);
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
    const Madoguchi__EntryRow *row = kit_show(k, contact);
    ck_assert_uint_eq(row->voided_by, voiding);
    ck_assert(bytes_equal(row->void_reason, "誤り"));
}

static void voiding_a_case(struct kit *k) {
    const char *c = kit_log(k, "migration", "2024-04-15", "outcome", "informed", NULL);
    const char *log = kit_text(k, k->last.seq);
    kit_ok(k, "contact", "case_number", c, "date", "2024-05-16", NULL);
    kit_ok(k, "outcome", "case_number", c, "date", "2024-06-16", "outcome", "moved", "persons",
           "3", NULL);
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
    static const char *const days[] = {"2024-04-26", "2024-04-27", "2024-04-28", "2024-04-29",
                                       "2024-04-30", "2024-05-03"};
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
    uint64_t times[] = {
        kit_show(k, log)->recorded_at, kit_show(k, contact)->recorded_at,
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
    {"unknown dimensions are shown as such", unknown_dimensions_are_shown_as_such},
};

int main(void) {
    return kit_scenarios("counting", scenarios, COUNT(scenarios));
}
