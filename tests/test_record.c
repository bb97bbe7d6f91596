/* What is recorded once and only once: request ids, checks without recording,
 * imported rows, documents. */
#include "tests/kit_store.h"

#include "proto/yaml.h"

#include <check.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* ---- request ids ----------------------------------------------------------------------- */

static Madoguchi__Request *with_id(Madoguchi__Request *r, const char *id) {
    SET(r, id, bytes_of(id));
    return r;
}

static void same_id_same_request_same_answer(struct kit *k) {
    static const char id[] = "0123456789abcdef";
    Madoguchi__Request *r =
        with_id(kit_request(k, "log", "service", "migration", "date", "2024-04-15", NULL), id);
    struct kit_answer first = kit_record(k, r);
    ck_assert_int_eq(first.code, 0);
    ck_assert(!first.known);
    kit_log(k, "migration", "2024-04-16", NULL);
    uint64_t head = kit_head(k);
    struct kit_answer again = kit_record(k, r);
    ck_assert(again.known);
    ck_assert_uint_eq(again.seq, first.seq);
    ck_assert_str_eq(again.number, first.number);
    /* Also after the case has gone on, and is void. */
    kit_ok(k, "void", "number", first.number, "reason", "誤り", NULL);
    again = kit_record(k, r);
    ck_assert(again.known);
    ck_assert_str_eq(again.number, "M-2024-000001");
    ck_assert_uint_eq(kit_head(k), head + 1);
    /* Twice in one group. */
    static const char id2[] = "1123456789abcdef";
    Madoguchi__Request *two[] = {
        with_id(kit_request(k, "tally", "service", "migration", "date", "2024-05-15", NULL), id2),
        with_id(kit_request(k, "tally", "service", "migration", "date", "2024-05-15", NULL), id2)};
    struct kit_answer answers[2];
    kit_group(k, two, 2, answers);
    ck_assert(!answers[0].known);
    ck_assert(answers[1].known);
    ck_assert_uint_eq(answers[0].seq, answers[1].seq);
    /* What is defaulted is the same request. */
    ck_assert(kit_record(k, with_id(kit_request(k, "tally", "service", "migration", "date",
                                                "2024-05-15", "count", "1", NULL),
                                    id2))
                  .known);
    kit_stats(k, "contacts", "2024-05", NULL, NULL, "1");
}

static void same_answer_with_warnings(struct kit *k) {
    const char *c = kit_log(k, "migration", "2024-04-15", "outcome", "moved", NULL);
    Madoguchi__Request *r =
        kit_request(k, "outcome", "case_number", c, "date", "2024-04-16", "outcome", "moved", NULL);
    ck_assert_uint_eq(kit_record(k, r).n_warning, 1);
    ck_assert_uint_eq(kit_record(k, r).n_warning, 1);
    ck_assert(k->last.known);
    kit_stats(k, "outcomes", "FY2024", NULL, NULL, "2");
}

static void same_id_other_request_is_a_conflict(struct kit *k) {
    static const char id[] = "0123456789abcdef";
    kit_ok(k, "log", "service", "migration", "date", "2024-04-15", "+id", id, NULL);
    kit_refused(k, ERR_CONFLICT, "id", "log", "service", "migration", "date", "2024-04-16", "+id",
                id, NULL);
    kit_said(k, "#3");
    kit_refused(k, ERR_CONFLICT, "id", "tally", "service", "migration", "date", "2024-04-15", "+id",
                id, NULL);
    kit_refused(k, ERR_CONFLICT, "id", "log", "service", "migration", "date", "2024-04-15",
                "+on_behalf", "窓口", "+id", id, NULL);
    /* A refused request leaves its id free. */
    static const char free_id[] = "2123456789abcdef";
    kit_refused(k, ERR_UNKNOWN_CODE, "service", "log", "service", "moon", "date", "2024-04-16",
                "+id", free_id, NULL);
    kit_ok(k, "log", "service", "migration", "date", "2024-04-16", "+id", free_id, NULL);
    kit_refused(k, ERR_INVALID, "id", "log", "service", "migration", "date", "2024-04-16", "+id",
                "short", NULL);
    Madoguchi__Request *r =
        kit_request(k, "log", "service", "migration", "date", "2024-04-16", NULL);
    r->has_id = 0;
    ck_assert_int_eq(kit_record(k, r).code, ERR_INVALID);
    ck_assert_str_eq(k->last.field, "id");
}

static void anothers_id_is_unknown(struct kit *k) {
    if (k->daemon) {
        return; /* one user runs the tests; the daemon takes the actor from the socket */
    }
    static const char id[] = "0123456789abcdef";
    uint64_t first =
        kit_ok(k, "log", "service", "migration", "date", "2024-04-15", "+id", id, NULL);
    k->actor = "uid:1001";
    uint64_t second = kit_ok(k, "log", "service", "citizen", "date", "2024-04-16", "+id", id, NULL);
    ck_assert_uint_ne(first, second);
    ck_assert(!k->last.known);
    k->actor = "uid:1000";
    ck_assert_uint_eq(
        kit_ok(k, "log", "service", "migration", "date", "2024-04-15", "+id", id, NULL), first);
    ck_assert(k->last.known);
}

static void check_records_nothing(struct kit *k) {
    uint64_t head = kit_head(k);
    kit_ok(k, "log", "service", "migration", "date", "2024-04-15", "+check", "yes", NULL);
    ck_assert_uint_eq(k->last.seq, 0);
    ck_assert_uint_eq(kit_head(k), head);
    kit_stats(k, "contacts", "FY2024", NULL, NULL, "");
    kit_refused(k, ERR_UNKNOWN_CODE, "topic", "log", "service", "migration", "date", "2024-04-15",
                "topic", "houseing", "+check", "yes", NULL);
    const char *c = kit_log(k, "migration", "2024-04-15", "outcome", "moved", NULL);
    head = kit_head(k);
    kit_warned(k, 1, "outcome", "case_number", c, "date", "2024-04-16", "outcome", "moved",
               "+check", "yes", NULL);
    kit_ok(k, "void", "number", c, "reason", "誤り", "+check", "yes", NULL);
    kit_ok(k, "correct", "seq", kit_text(k, head), "topic", "work", "reason", "誤り", "+check",
           "yes", NULL);
    ck_assert_uint_eq(kit_head(k), head);
    /* The id of a check is still free, and the check of a recorded one is known. */
    static const char id[] = "0123456789abcdef";
    kit_ok(k, "log", "service", "migration", "date", "2024-04-15", "+check", "yes", "+id", id,
           NULL);
    ck_assert(!k->last.known);
    kit_ok(k, "log", "service", "migration", "date", "2024-04-15", "+id", id, NULL);
    ck_assert(!k->last.known);
    kit_ok(k, "log", "service", "migration", "date", "2024-04-15", "+check", "yes", "+id", id,
           NULL);
    ck_assert(k->last.known);
    kit_stats(k, "cases", "FY2024", NULL, NULL, "2");
}

static void the_envelope_is_kept(struct kit *k) {
    uint64_t seq = kit_ok(k, "log", "service", "migration", "date", "2024-04-15", "time", "09:30",
                          "+on_behalf", "山の窓口", "+terminal", "pc-3", "+terminal_seq", "41",
                          "+visit", "v-7", NULL);
    const Madoguchi__EntryRow *row = kit_show(k, seq);
    ck_assert(bytes_equal(row->on_behalf, "山の窓口"));
    ck_assert(bytes_equal(row->kind, "log"));
    ck_assert_str_eq(kit_field(k, seq, "time"), "09:30");
    ck_assert_str_eq(kit_field(k, seq, "date"), "2024-04-15");
    ck_assert_str_eq(kit_field(k, seq, "nature"), "consultation");
    ck_assert_uint_gt(row->recorded_at, 0);
    ck_assert_uint_gt(row->actor.len, 0);
}

/* ---- rows -------------------------------------------------------------------------------- */

static void a_row_is_recorded_once(struct kit *k) {
    kit_ok(k, "log", "service", "migration", "date", "2024-04-15", "topic", "housing", "+source",
           "相談票.csv", "+ref", "A1", NULL);
    uint64_t log = k->last.seq;
    uint64_t head = kit_head(k);
    ck_assert_uint_eq(kit_ok(k, "log", "service", "migration", "date", "2024-04-15", "topic",
                             "housing", "+source", "相談票.csv", "+ref", "A1", NULL),
                      log);
    ck_assert(k->last.known);
    ck_assert_str_eq(k->last.number, "M-2024-000001");
    ck_assert_uint_eq(kit_head(k), head);
    /* The second identical row of the file is another one. */
    kit_ok(k, "tally", "service", "citizen", "date", "2024-04-15", "+source", "x", NULL);
    ck_assert(!k->last.known);
    kit_ok(k, "tally", "service", "citizen", "date", "2024-04-15", "+source", "x", "+nth", "2",
           NULL);
    ck_assert(!k->last.known);
    kit_ok(k, "tally", "service", "citizen", "date", "2024-04-15", "+source", "x", NULL);
    ck_assert(k->last.known);
    kit_ok(k, "tally", "service", "citizen", "date", "2024-04-15", "+source", "y", NULL);
    ck_assert(!k->last.known);
    kit_stats(k, "contacts", "2024-04", "service", NULL, "citizen 3; migration 1");
    /* Known also after a void. */
    kit_ok(k, "void", "+source", "相談票.csv", "+ref", "A1", "reason", "誤り", NULL);
    kit_ok(k, "log", "service", "migration", "date", "2024-04-15", "topic", "housing", "+source",
           "相談票.csv", "+ref", "A1", NULL);
    ck_assert(k->last.known);
    kit_stats(k, "cases", "FY2024", NULL, NULL, "");
}

static void a_changed_log_row_is_a_conflict(struct kit *k) {
    kit_ok(k, "log", "service", "migration", "date", "2024-04-15", "+source", "f", "+ref", "A1",
           NULL);
    kit_refused(k, ERR_CONFLICT, "ref", "log", "service", "migration", "date", "2024-04-16",
                "+source", "f", "+ref", "A1", NULL);
    kit_said(k, "correct");
    kit_refused(k, ERR_CONFLICT, "ref", "log", "service", "migration", "date", "2024-04-15",
                "+source", "f", "+ref", "A1", "+nth", "2", NULL);
    kit_refused(k, ERR_CONFLICT, "ref", "hold", "session_kind", "fair", "date", "2024-04-16",
                "+source", "f", "+ref", "A1", NULL);
    kit_ok(k, "log", "service", "migration", "date", "2024-04-16", "+source", "g", "+ref", "A1",
           NULL);
    kit_ok(k, "hold", "session_kind", "fair", "date", "2024-04-16", "service", "migration",
           "+source", "f", "+ref", "S1", NULL);
    kit_refused(k, ERR_CONFLICT, "ref", "hold", "session_kind", "fair", "date", "2024-04-17",
                "service", "migration", "+source", "f", "+ref", "S1", NULL);
    kit_stats(k, "cases", "FY2024", NULL, NULL, "2");
}

static void refs_link_rows(struct kit *k) {
    kit_ok(k, "hold", "session_kind", "fair", "date", "2024-04-10", "service", "migration",
           "+source", "f", "+ref", "S1", NULL);
    kit_ok(k, "log", "service", "migration", "date", "2024-04-15", "session", "S1", "+source", "f",
           "+ref", "A1", NULL);
    ck_assert_str_eq(k->last.number, "M-2024-000001");
    kit_ok(k, "contact", "date", "2024-05-15", "+source", "f", "+ref", "A1", NULL);
    kit_ok(k, "outcome", "date", "2024-05-16", "outcome", "moved", "+source", "f", "+ref", "A1",
           NULL);
    kit_ok(k, "correct", "topic", "work", "+source", "f", "+ref", "A1", "reason", "誤り", NULL);
    ck_assert_uint_eq(kit_show_number(k, "M-2024-000001")->n_entry, 3);
    kit_stats(k, "contacts", "FY2024", "month,topic,session_kind", NULL,
              "2024-04 work fair 1; 2024-05 work - 1");
    kit_refused(k, ERR_NOT_FOUND, "ref", "contact", "date", "2024-05-15", "+source", "f", "+ref",
                "A2", NULL);
    kit_refused(k, ERR_NOT_FOUND, "ref", "contact", "date", "2024-05-15", "+source", "g", "+ref",
                "A1", NULL);
    kit_refused(k, ERR_STATE, "ref", "contact", "date", "2024-05-15", "+source", "f", "+ref", "S1",
                NULL);
    kit_refused(k, ERR_NOT_FOUND, "session", "log", "service", "migration", "date", "2024-04-15",
                "session", "S9", "+source", "f", "+ref", "A3", NULL);
    kit_refused(k, ERR_NOT_FOUND, "ref", "correct", "topic", "work", "+source", "f", "+ref", "A9",
                "reason", "誤り", NULL);
    kit_refused(k, ERR_NOT_FOUND, "ref", "void", "+source", "f", "+ref", "A9", "reason", "誤り",
                NULL);
    kit_ok(k, "void", "+source", "f", "+ref", "A1", "reason", "誤り", NULL);
    kit_stats(k, "contacts", "FY2024", NULL, NULL, "");
    kit_stats(k, "outcomes", "FY2024", NULL, NULL, "");
    kit_refused(k, ERR_STATE, "ref", "contact", "date", "2024-06-15", "+source", "f", "+ref", "A1",
                NULL);
    /* A planned session of a row, cancelled by a later one. */
    kit_ok(k, "plan", "session_kind", "tour", "date", "2024-07-01", "service", "migration",
           "+source", "f", "+ref", "S2", NULL);
    kit_ok(k, "cancel", "date", "2024-07-01", "session_kind", "tour", "service", "migration",
           "+source", "f", "+ref", "S2", NULL);
    kit_refused(k, ERR_STATE, "session", "log", "service", "migration", "date", "2024-07-01",
                "session", "S2", "+source", "f", "+ref", "A4", NULL);
    /* Planned and cancelled in one row. */
    kit_ok(k, "cancel", "date", "2024-07-02", "session_kind", "tour", "service", "migration",
           "+source", "f", "+ref", "S3", NULL);
    ck_assert_str_ne(k->last.number, "");
    kit_stats(k, "sessions", "FY2024", "session_kind", NULL, "fair 1");
}

/* ---- documents ----------------------------------------------------------------------------- */

static void bad_documents(struct kit *k) {
    uint64_t head = kit_head(k);
    ck_assert_int_ne(kit_put(k, MADOGUCHI__DOCUMENT_KIND__CATALOGUE, "\xff\xff\xff", 3).code, 0);
    ck_assert_int_ne(kit_put(k, MADOGUCHI__DOCUMENT_KIND__PLAN_DOCUMENT, "\x0a\x7f", 2).code, 0);
    /* A catalogue of one service removes all the others. */
    static const char small[] =
        "catalogue: 1\nrule: 1\nstart: 2000-04-01\nservices:\n"
        "  - {code: migration, prefix: M, ja: 移住, en: Migration, nature: consultation, "
        "consultation: [consultation]}\n"
        "natures:\n  - {code: consultation, ja: 相談, en: Consultation}\n";
    ProtobufCBinaryData packed;
    struct error e;
    ck_assert_msg(yaml_catalogue(small, sizeof small - 1, "small.yaml", &k->arena, &packed, &e) ==
                      0,
                  "%s", e.en);
    ck_assert_int_eq(kit_put(k, MADOGUCHI__DOCUMENT_KIND__CATALOGUE, packed.data, packed.len).code,
                     ERR_STATE);
    ck_assert_uint_eq(kit_head(k), head);
}

static void plan_refused(struct kit *k, const char *text, const char *said) {
    ProtobufCBinaryData packed;
    struct error e = {0};
    ck_assert_msg(yaml_plan(text, strlen(text), "plan.yaml", &k->arena, &packed, &e) < 0,
                  "taken: %s", text);
    ck_assert_msg(strstr(e.en, said) != NULL, "\"%s\" does not say \"%s\"", e.en, said);
    ck_assert_str_ne(e.ja, "");
}

#define PLAN_HEAD                                                              \
    "plan: demo\ntitle: 計画\nmunicipality: \"062090\"\nsource: 計画書\n" \
    "years: {from: FY2021, to: FY2025}\n"
#define ONE_INDICATOR                                                    \
    "  - id: cases\n    name: 件数\n    unit: 件\n    kind: annual\n" \
    "    terms: [{count: cases, where: [service=migration]}]\n"          \
    "    targets: [{period: FY2025, value: \"10\", comparator: 以上, source: p1}]\n"

static void plan_files(struct kit *k) {
    static const char good[] = PLAN_HEAD "indicators:\n" ONE_INDICATOR;
    ProtobufCBinaryData packed;
    struct error e = {0};
    ck_assert_msg(yaml_plan(good, sizeof good - 1, "plan.yaml", &k->arena, &packed, &e) == 0, "%s",
                  e.en);
    ck_assert_int_eq(
        kit_put(k, MADOGUCHI__DOCUMENT_KIND__PLAN_DOCUMENT, packed.data, packed.len).code, 0);
    plan_refused(k, PLAN_HEAD "colour: red\nindicators:\n" ONE_INDICATOR, "plan.yaml:6");
    plan_refused(k, PLAN_HEAD "indicators:\n" ONE_INDICATOR ONE_INDICATOR, "cases");
    plan_refused(k, PLAN_HEAD "indicators:\n" ONE_INDICATOR "    scale: nowhere\n", "nowhere");
    plan_refused(k, PLAN_HEAD "indicators:\n  - *a\n", "plan.yaml");
    plan_refused(k, PLAN_HEAD "indicators: [", "plan.yaml");
    plan_refused(k, "", "plan.yaml");
    static const char elsewhere[] =
        "plan: demo\ntitle: 計画\nmunicipality: \"202037\"\nsource: 計画書\n"
        "years: {from: FY2021, to: FY2025}\nindicators:\n" ONE_INDICATOR;
    ck_assert_msg(yaml_plan(elsewhere, sizeof elsewhere - 1, "plan.yaml", &k->arena, &packed, &e) ==
                      0,
                  "%s", e.en);
    ck_assert_int_eq(
        kit_put(k, MADOGUCHI__DOCUMENT_KIND__PLAN_DOCUMENT, packed.data, packed.len).code,
        ERR_STATE);
    ck_assert_str_eq(k->last.field, "municipality");
    /* Codes that the catalogue does not have, and another city's plan. */
    static const char wrong_code[] =
        PLAN_HEAD "indicators:\n  - id: cases\n    name: 件数\n    unit: 件\n    kind: annual\n"
                  "    terms: [{count: cases, where: [service=moon]}]\n";
    ck_assert_msg(
        yaml_plan(wrong_code, sizeof wrong_code - 1, "plan.yaml", &k->arena, &packed, &e) == 0,
        "%s", e.en);
    uint64_t head = kit_head(k);
    ck_assert_int_eq(
        kit_put(k, MADOGUCHI__DOCUMENT_KIND__PLAN_DOCUMENT, packed.data, packed.len).code,
        ERR_UNKNOWN_CODE);
    ck_assert_str_eq(k->last.field, "service");
    kit_said(k, "cases");
    ck_assert_uint_eq(kit_head(k), head);
}

static void questions_are_checked(struct kit *k) {
    kit_stats(k, "contacts", "FY2024", "month,month,month,month,month,month,month", NULL,
              "error 8 by");
    kit_stats(k, "contacts", "FY20", NULL, NULL, "error 2 from");
    kit_stats(k, "contacts", "FY2024", NULL, "colour=red", "error 2 field");
    ck_assert_ptr_null(kit_show_number(k, "M-2024-000001"));
    ck_assert_int_eq(k->last.code, ERR_NOT_FOUND);
    ck_assert_ptr_null(kit_show_number(k, "nonsense"));
    ck_assert_int_eq(k->last.code, ERR_NOT_FOUND);
}

static const struct kit_scenario scenarios[] = {
    {"same id, same request, same answer", same_id_same_request_same_answer},
    {"same answer with warnings", same_answer_with_warnings},
    {"same id, other request", same_id_other_request_is_a_conflict},
    {"another's id is unknown", anothers_id_is_unknown},
    {"check records nothing", check_records_nothing},
    {"the envelope is kept", the_envelope_is_kept},
    {"a row is recorded once", a_row_is_recorded_once},
    {"a changed log row is a conflict", a_changed_log_row_is_a_conflict},
    {"refs link rows", refs_link_rows},
    {"bad documents", bad_documents},
    {"plan files", plan_files},
    {"questions are checked", questions_are_checked},
};

int main(void) {
    return kit_scenarios("record", scenarios, COUNT(scenarios));
}
