/* Corrections and voidings that meet each other: what was taken back stays
 * taken back, and what a correction may say is what a new entry might. */
#include "proto/yaml.h"
#include "tests/kit_store.h"

#include <check.h>
#include <string.h>

/* "A void is final": also of an entry that had been corrected. */
static void correction_of_a_void_entry_stays(struct kit *k) {
    uint64_t figure = kit_ok(k, "figure", "series", "population", "period", "FY2024", "value",
                             "100", "as_of", "2024-05-01", "source", "住民基本台帳", NULL);
    uint64_t correction =
        kit_ok(k, "correct", "seq", kit_text(k, figure), "value", "101", "reason", "誤記", NULL);
    kit_ok(k, "void", "seq", kit_text(k, figure), "reason", "誤り", NULL);
    kit_refused(k, ERR_STATE, "entry", "void", "seq", kit_text(k, correction), "reason", "誤り",
                NULL);
    kit_said(k, kit_text(k, figure));
}

/* What an outcome did to the other case goes with it. */
static void voiding_a_case_takes_its_outcome_from_the_other(struct kit *k) {
    char a[32];
    char b[32];
    strcpy(a, kit_log(k, "marriage", "2024-04-15", NULL));
    strcpy(b, kit_log(k, "marriage", "2024-04-16", NULL));
    kit_ok(k, "outcome", "case_number", a, "date", "2024-05-02", "outcome", "married", "with_case",
           b, NULL);
    kit_ok(k, "void", "number", a, "reason", "誤り", NULL);
    const Madoguchi__Page *page = kit_list(k, NULL);
    ck_assert_ptr_nonnull(page);
    ck_assert_uint_eq(page->n_case_row, 1);
    ck_assert_int_eq(page->case_row[0]->has_outcome, 0);
}

/* A held session does not move into the future, by no way. */
static void held_sessions_stay_in_the_past(struct kit *k) {
    char s[32];
    strcpy(s, kit_plan(k, "seminar", "2024-04-15", "service", "migration", NULL));
    uint64_t plan = k->last.seq;
    uint64_t hold = kit_ok(k, "hold", "session", s, "persons", "3", NULL);
    kit_refused(k, ERR_INVALID, "date", "correct", "seq", kit_text(k, plan), "date", "2029-04-15",
                "reason", "誤記", NULL);
    kit_refused(k, ERR_INVALID, "date", "correct", "seq", kit_text(k, plan), "date", "1999-04-15",
                "reason", "誤記", NULL);
    kit_ok(k, "correct", "seq", kit_text(k, hold), "date", "2024-04-20", "reason", "誤記", NULL);
    kit_ok(k, "correct", "seq", kit_text(k, plan), "date", "2024-04-16", "reason", "誤記", NULL);
    strcpy(s, kit_plan(k, "seminar", "2024-04-15", "service", "migration", NULL));
    plan = k->last.seq;
    kit_refused(k, ERR_INVALID, "date", "correct", "seq", kit_text(k, plan), "date", "2099-04-15",
                "reason", "誤記", NULL);
    kit_refused(k, ERR_INVALID, "date", "correct", "seq", kit_text(k, plan), "date", "1999-04-15",
                "reason", "誤記", NULL);
}

/* Nor does a cancelled one leave the years that are recorded. */
static void cancelled_sessions_stay_where_they_were(struct kit *k) {
    const char *s = kit_plan(k, "seminar", "2024-04-15", "service", "migration", NULL);
    uint64_t cancel = kit_ok(k, "cancel", "session", s, "reason", "台風", NULL);
    kit_refused(k, ERR_INVALID, "date", "correct", "seq", kit_text(k, cancel), "date", "2099-04-15",
                "reason", "誤記", NULL);
    kit_refused(k, ERR_INVALID, "date", "correct", "seq", kit_text(k, cancel), "date", "1999-04-15",
                "reason", "誤記", NULL);
    kit_ok(k, "correct", "seq", kit_text(k, cancel), "date", "2024-04-16", "reason", "誤記", NULL);
}

/* Without its own date a held session has the plan's, also when it lies ahead. */
static void a_cleared_date_is_the_plans(struct kit *k) {
    char s[32];
    strcpy(s, kit_plan(k, "seminar", "2026-12-20", "service", "migration", NULL));
    uint64_t hold = kit_ok(k, "hold", "session", s, "date", "2024-04-20", "persons", "3", NULL);
    kit_refused(k, ERR_INVALID, "date", "correct", "seq", kit_text(k, hold), "date", "", "reason",
                "誤記", NULL);
    kit_stats(k, "sessions", "FY2024", "day", NULL, "2024-04-20 1");
}

/* A number and its list cannot disagree: also of what was known before. */
static void lists_know_what_was_known(struct kit *k) {
    const char *c = kit_log(k, "migration", "2024-04-15", NULL);
    kit_tick(k);
    uint64_t then = k->now;
    kit_tick(k);
    kit_tick(k);
    kit_ok(k, "void", "number", c, "reason", "誤り", NULL);
    if (k->daemon) {
        return;
    }
    kit_question(k, "1", .count = "contacts", .from = "FY2024", .known_at = then);
    kit_question(k, "", .count = "contacts", .from = "FY2024");
    Madoguchi__Request request = MADOGUCHI__REQUEST__INIT;
    Madoguchi__Scope scope = MADOGUCHI__SCOPE__INIT;
    scope.has_known_at = 1;
    scope.known_at = then;
    request.body_case = MADOGUCHI__REQUEST__BODY_LIST;
    request.list = &scope;
    const Madoguchi__Page *page = kit_read(k, &request);
    ck_assert_ptr_nonnull(page);
    ck_assert_uint_eq(page->n_case_row, 1);
}

/* What the referral does not say is its case's. */
static void a_referral_has_its_cases_channel(struct kit *k) {
    const char *c =
        kit_log(k, "citizen", "2024-04-15", "channel", "phone", "office", "branch", NULL);
    kit_ok(k, "refer", "case_number", c, "date", "2024-05-02", "target", "lawyer", NULL);
    kit_stats(k, "referrals", "FY2024", "channel,office", NULL, "phone branch 1");
}

/* The state of a case is no field of what is counted. */
static void stats_have_no_status(struct kit *k) {
    kit_log(k, "migration", "2024-04-15", NULL);
    const char *answer = kit_ask(
        k, &(struct kit_question){.count = "contacts", .from = "FY2024", .where = "status=closed"});
    ck_assert_msg(strncmp(answer, "error", 5) == 0, "%s", answer);
}

static const char capital[] = "members: [tokyo, kanagawa, saitama, chiba]";

/* Groups of codes are what they were then. */
static void groups_as_they_were_known(struct kit *k) {
    kit_log(k, "migration", "2024-04-15", "origin", "tokyo", NULL);
    kit_log(k, "migration", "2024-04-15", "origin", "chiba", NULL);
    kit_tick(k);
    uint64_t then = k->now;
    kit_tick(k);
    ck_assert_int_eq(kit_put_catalogue(k, capital, "members: [tokyo]").code, 0);
    kit_stats(k, "contacts", "FY2024", NULL, "origin=@shutoken", "1");
    if (!k->daemon) {
        kit_question(k, "2", .count = "contacts", .from = "FY2024", .where = "origin=@shutoken",
                     .known_at = then);
        kit_question(k, "", .count = "contacts", .from = "FY2024", .where = "origin=@shutoken",
                     .known_at = 1);
    }
}

/* The default catalogue with its first group cut to one member. */
static Madoguchi__Request *small_catalogue(struct kit *k) {
    Madoguchi__Request *r = arena_zalloc(&k->arena, sizeof *r);
    Madoguchi__Put *put = arena_zalloc(&k->arena, sizeof *put);
    char *text = arena_zalloc(&k->arena, YAML_MAX);
    ProtobufCBinaryData packed;
    struct error e;
    FILE *file = fopen("plans/catalogue.yaml", "rb");
    ck_assert_ptr_nonnull(file);
    size_t len = fread(text, 1, YAML_MAX - 1, file);
    fclose(file);
    char *at = strstr(text, ", kanagawa, saitama, chiba]");
    ck_assert_ptr_nonnull(at);
    memset(at, ' ', strlen(", kanagawa, saitama, chiba"));
    ck_assert_int_eq(yaml_catalogue(text, len, "small", &k->arena, &packed, &e), 0);
    madoguchi__request__init(r);
    madoguchi__put__init(put);
    SET(r, id, ((ProtobufCBinaryData){16, (uint8_t *)"0123456789abcdef"}));
    SET(put, kind, MADOGUCHI__DOCUMENT_KIND__CATALOGUE);
    SET(put, data, packed);
    r->body_case = MADOGUCHI__REQUEST__BODY_PUT;
    r->put = put;
    return r;
}

/* A group that was given up leaves nothing, not even in memory. */
static void a_catalogue_given_up_is_forgotten(struct kit *k) {
    if (k->daemon) {
        return;
    }
    kit_log(k, "migration", "2024-04-15", "origin", "chiba", NULL);
    uint64_t head = kit_head(k);
    Madoguchi__Request *put = small_catalogue(k);
    Madoguchi__Request *log =
        kit_request(k, "log", "service", "migration", "date", "2024-04-15", NULL);
    struct store_actor actor = {.id = k->actor};
    struct store_result result;
    struct error e;
    ck_assert_int_eq(store_begin(k->store, k->now, &e), STORE_DONE);
    ck_assert_int_eq(store_record(k->store, &actor, put, &k->arena, &result, &e), 0);
    ck_assert_int_eq(store_record(k->store, &actor, log, &k->arena, &result, &e), 0);
    store_abort(k->store);
    ck_assert_uint_eq(kit_head(k), head);
    ck_assert_int_eq(kit_put_catalogue(k, capital, "members: [saitama, chiba]").code, 0);
    kit_stats(k, "contacts", "FY2024", NULL, "origin=@shutoken", "1");
}

static const struct kit_scenario scenarios[] = {
    {"correction of a void entry stays", correction_of_a_void_entry_stays},
    {"voiding a case takes its outcome from the other",
     voiding_a_case_takes_its_outcome_from_the_other},
    {"held sessions stay in the past", held_sessions_stay_in_the_past},
    {"cancelled sessions stay where they were", cancelled_sessions_stay_where_they_were},
    {"a cleared date is the plan's", a_cleared_date_is_the_plans},
    {"lists know what was known", lists_know_what_was_known},
    {"a referral has its case's channel", a_referral_has_its_cases_channel},
    {"stats have no status", stats_have_no_status},
    {"groups as they were known", groups_as_they_were_known},
    {"a catalogue given up is forgotten", a_catalogue_given_up_is_forgotten},
};

int main(void) {
    return kit_scenarios("change edges", scenarios, sizeof scenarios / sizeof scenarios[0]);
}
