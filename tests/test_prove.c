/* Proofs: the entries behind one number of a plan, asked of the store itself
 * and of the daemon. */
#include "tests/kit_indicator.h"

#include <check.h>

static const char moved[] =
    "  - {id: moved, name: M, kind: annual, terms: [{count: outcomes, where: [outcome=moved, "
    "service=migration]}], targets: [{period: FY2024, value: \"3\"}]}\n";

static void proof_lists_what_stands(struct kit *k) {
    plan_put(k, moved);
    const char *c = kit_log(k, "migration", "2024-04-15", NULL);
    uint64_t one = kit_ok(k, "outcome", "case_number", c, "date", "2024-05-01", "outcome", "moved",
                          "households", "1", "persons", "3", NULL);
    uint64_t two = kit_ok(k, "tally", "service", "migration", "date", "2024-06-01", "count", "2",
                          "outcome", "moved", NULL);
    uint64_t out =
        kit_ok(k, "tally", "service", "migration", "date", "2024-07-01", "outcome", "moved", NULL);
    prove(k, "moved", 2024, "outcome 1 households 1 persons 3; outcome 2; outcome 1");
    kit_ok(k, "correct", "seq", kit_text(k, two), "count", "5", "reason", "数え直し", NULL);
    uint64_t last =
        kit_ok(k, "correct", "seq", kit_text(k, two), "date", "2024-04-02", "reason", "日付", NULL);
    kit_ok(k, "void", "seq", kit_text(k, out), "reason", "誤り", NULL);
    expect(k, "moved", 2024, "6|3|200.0|||達成");
    prove(k, "moved", 2024, "outcome 5; outcome 1 households 1 persons 3");
    const Madoguchi__Page *page = proof(k, "moved", 2024, 0);
    ck_assert_uint_eq(page->fact[0]->seq, last);
    ck_assert_uint_eq(page->fact[0]->entry, two);
    ck_assert_uint_eq(page->fact[0]->date, 20240402);
    ck_assert_uint_eq(page->fact[1]->seq, one);
    ck_assert(bytes_equal(page->fact[1]->case_number, c));
    ck_assert_uint_eq(page->fact[1]->n_field, 2);
    ck_assert(bytes_equal(page->fact[1]->field[0]->name, "outcome"));
    ck_assert(bytes_equal(page->fact[1]->field[0]->value, "moved"));
    ck_assert(bytes_equal(page->fact[1]->field[1]->value, "migration"));
    /* Moved into another year. */
    kit_ok(k, "correct", "seq", kit_text(k, two), "date", "2024-03-31", "reason", "日付", NULL);
    prove(k, "moved", 2024, "outcome 1 households 1 persons 3");
    prove(k, "moved", 2023, "outcome 5");
    kit_ok(k, "void", "number", c, "reason", "誤り", NULL);
    prove(k, "moved", 2024, "");
}

static void proof_of_distinct_counts(struct kit *k) {
    plan_put(k, "  - {id: cases, name: A, kind: annual, terms: [{count: active, where: "
                "[service=citizen]}]}\n"
                "  - {id: topics, name: B, kind: annual, terms: [{count: topics, where: "
                "[\"topic=legal,tax\"]}]}\n"
                "  - {id: new, name: C, kind: annual, terms: [{count: cases}]}\n");
    const char *c = kit_log(k, "citizen", "2024-04-15", "topic", "legal;tax;family", NULL);
    uint64_t other =
        kit_ok(k, "contact", "case_number", c, "date", "2024-05-01", "topic", "tax", NULL);
    const char *d = kit_log(k, "citizen", "2024-03-15", NULL);
    kit_ok(k, "contact", "case_number", d, "date", "2024-06-01", NULL);
    kit_ok(k, "tally", "service", "citizen", "date", "2024-06-01", "count", "9", NULL);
    expect(k, "cases", 2024, "2|||||");
    prove(k, "cases", 2024, "contact 1; contact 1");
    expect(k, "topics", 2024, "3|||||");
    prove(k, "topics", 2024, "contact 2; contact 1");
    expect(k, "new", 2024, "1|||||");
    prove(k, "new", 2024, "contact 1");
    kit_ok(k, "void", "seq", kit_text(k, other), "reason", "誤り", NULL);
    prove(k, "cases", 2024, "contact 1; contact 1");
    prove(k, "topics", 2024, "contact 2");
}

static void what_is_not_there(struct kit *k) {
    plan_put(k, moved);
    ck_assert_int_eq(prove_refused(k, "movd", 2024), ERR_NOT_FOUND);
    ck_assert_str_eq(k->last.near, "moved");
    ck_assert_str_eq(k->last.field, "indicator");
    struct asked asked = {.plan = "test-plam", .from = 2023, .to = 2023};
    ck_assert_ptr_null(indicators(k, &asked));
    ck_assert_int_eq(k->last.code, ERR_NOT_FOUND);
    ck_assert_str_eq(k->last.near, "test-plan");
    asked = (struct asked){.from = 1900, .to = 2023};
    ck_assert_ptr_null(indicators(k, &asked));
    ck_assert_int_eq(k->last.code, ERR_INVALID);
}

/* Many pages of rows, in the order of their days, with one correction among
 * them. */
static void proof_of_many_entries(struct kit *k) {
    plan_put(k, moved);
    uint64_t first = 0;
    for (unsigned i = 0; i < 1500; i++) {
        uint64_t seq = kit_ok(k, "tally", "service", "migration", "date",
                              date_text(k, 20240401 + i % 30), "outcome", "moved", NULL);
        first = first == 0 ? seq : first;
    }
    kit_ok(k, "correct", "seq", kit_text(k, first), "outcome_count", "7", "reason", "誤り", NULL);
    expect(k, "moved", 2024, "1506|3|50200.0|||達成");
    const Madoguchi__Page *page = proof(k, "moved", 2024, 0);
    int64_t sum = 0;
    ck_assert_uint_eq(page->n_fact, 1500);
    for (size_t i = 0; i < page->n_fact; i++) {
        sum += page->fact[i]->number;
        ck_assert(i == 0 || page->fact[i]->date >= page->fact[i - 1]->date);
    }
    ck_assert_int_eq(sum, 1506);
    ck_assert_uint_eq(page->n_pair, 2);
    ck_assert(bytes_equal(page->pair[0]->name, "actual"));
    ck_assert(bytes_equal(page->pair[0]->value, "1506"));
}

int main(void) {
    static const struct kit_scenario list[] = {
        KIT(proof_lists_what_stands),
        KIT(proof_of_distinct_counts),
        KIT(proof_of_many_entries),
        KIT(what_is_not_there),
    };
    return kit_scenarios("prove", list, sizeof list / sizeof list[0]);
}
