/* How far rights reach: roles together, what is moved, rows of files, cases as a whole, numbers
 * and proofs; by the store in process, and by the daemon. */
#include "tests/kit_indicator.h"
#include "tests/kit_private.h"
#include "tests/kit_rights.h"
#include "tests/suite.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

/* ---- roles together, and what is moved ----------------------------------------------------- */

static void roles_add_up(struct kit *k) {
    kit_become(k, k->daemon ? "boss" : NULL);
    kit_person(k, "clerk", "clerk;auditor;counsellor", "migration", "city-hall", NULL);
    kit_become(k, "clerk");
    ck_assert_int_eq(kit_code(k, kit_request(k, "audit", NULL)), 0);
    ck_assert_int_eq(kit_code(k, rights_show(k, 0, &world.of[0][OTHERS])), 0);
    ck_assert_int_eq(kit_code(k, rights_show(k, 0, &world.of[0][OTHER_SERVICE])),
                     MADOGUCHI__ERROR_CODE__NOT_FOUND);
    ck_assert_int_eq(kit_code(k, kit_request(k, "accounts", NULL)), 0);
    ck_assert_int_eq(kit_code(k, kit_request(k, "account", "name", "x1", NULL)),
                     MADOGUCHI__ERROR_CODE__FORBIDDEN);
}

/* Nothing is moved to where its writer has no rights. */
static void nothing_leaves_the_scope(struct kit *k) {
    const char *own = kit_text(k, world.of[0][OWN_TODAY].seq);
    const char *number = world.of[0][OWN_TODAY].number;
    kit_become(k, "clerk");
    rights_expect(k, "correct to another office", "F", 0,
                  kit_request(k, "correct", "seq", own, "office", "branch", "reason", "x", NULL));
    ck_assert_str_eq(k->last.field, "office");
    rights_expect(k, "correct to no office", "I", 0,
                  kit_request(k, "correct", "seq", own, "office", "", "reason", "x", NULL));
    rights_expect(k, "contact elsewhere", "F", 0,
                  kit_request(k, "contact", "case_number", number, "date", "2024-05-20", "office",
                              "branch", NULL));
    ck_assert_str_eq(k->last.field, "office");
    rights_expect(k, "hold for another service", "F", 0,
                  kit_request(k, "hold", "session", world.session_in, "date", "2024-05-10",
                              "service", "citizen", NULL));
    Madoguchi__Request *r = kit_request(k, "tally", "service", "migration", "office", "city-hall",
                                        "date", "2024-05-10", NULL);
    ck_assert_int_eq(kit_code(k, r), 0);
    const char *tally = kit_text(k, k->last.seq);
    rights_expect(
        k, "correct a tally's service", "F", 0,
        kit_request(k, "correct", "seq", tally, "service", "citizen", "reason", "x", NULL));
    rights_expect(k, "a contact without office", "Y", 0,
                  kit_request(k, "contact", "case_number", number, "date", "2024-05-20", NULL));
    const char *later = kit_text(k, k->last.seq);
    rights_expect(
        k, "given one", "Y", 0,
        kit_request(k, "correct", "seq", later, "office", "city-hall", "reason", "x", NULL));
    rights_expect(k, "and taken it", "Y", 0,
                  kit_request(k, "correct", "seq", later, "office", "", "reason", "x", NULL));
}

/* Who sees a case sees all of it, and changes their own of it. */
static void a_case_is_seen_as_a_whole(struct kit *k) {
    const char *own = world.of[2][OWN_TODAY].number;
    kit_become(k, "clerk");
    ck_assert_int_eq(
        kit_code(k, kit_request(k, "contact", "case_number", own, "date", "2024-05-20", NULL)), 0);
    const char *later = kit_text(k, k->last.seq);
    kit_become(k, "counsellor");
    rights_expect(k, "show", "Y", 0, kit_request(k, "show", "number", own, NULL));
    rights_expect(k, "show the later entry", "Y", 0, kit_request(k, "show", "seq", later, NULL));
    rights_expect(k, "correct it", "F", 0,
                  kit_request(k, "correct", "seq", later, "channel", "phone", "reason", "x", NULL));
    rights_expect(k, "void the whole", "F", 0,
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
    rights_expect(k, "the same row", "F", 0,
                  kit_request(k, "log", "service", "citizen", "date", "2024-05-10", "+source",
                              "s.csv", "+ref", "R1", NULL));
    struct kit_answer words[2];
    static const char *const refs[] = {"R1", "R2"};
    for (int i = 0; i < 2; i++) {
        rights_expect(k, "a later row", "N", 0,
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
        rights_expect(k, "a correction by ref", "N", 0,
                      kit_request(k, "correct", "channel", "phone", "reason", "x", "+source",
                                  "s.csv", "+ref", refs[i], NULL));
        words[i] = k->last;
    }
    ck_assert_str_eq(words[0].en, words[1].en);
    kit_become(k, "auditor");
    rights_expect(k, "the row of who may not log", "F", 0,
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

static void (*const scenarios[])(struct kit *k) = {
    roles_add_up,      rows_tell_nothing,         nothing_leaves_the_scope,
    proofs_are_masked, a_case_is_seen_as_a_whole, numbers_keep_to_the_scope,
};

START_TEST(scenario) {
    struct kit k;
    rights_begin(&k, _i % 2 == 1);
    scenarios[_i / 2](&k);
    rights_end(&k);
}
END_TEST

int main(void) {
    Suite *s = suite_create("scope");
    TCase *t = tcase_create("both backends");
    tcase_set_timeout(t, 120);
    tcase_add_loop_test(t, scenario, 0, (int)(2 * sizeof scenarios / sizeof scenarios[0]));
    suite_add_tcase(s, t);
    kit_begin();
    int status = suite_run(s);
    kit_end();
    return status;
}
