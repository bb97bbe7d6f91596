/* What reports ask of the store: numbers by hour, and as of a journal position. */
#include "tests/kit_store.h"

#include <check.h>

static void by_hour(struct kit *k) {
    const char *c =
        kit_log(k, "citizen", "2024-05-07", "time", "09:30", "channel", "counter", NULL);
    kit_ok(k, "contact", "case_number", c, "date", "2024-05-08", "time", "16:00", NULL);
    kit_ok(k, "contact", "case_number", c, "date", "2024-05-09", "time", "09:59", NULL);
    kit_ok(k, "tally", "service", "citizen", "date", "2024-05-09", "count", "4", NULL);
    uint64_t seq =
        kit_ok(k, "tally", "service", "citizen", "date", "2024-06-09", "time", "00:00", NULL);
    kit_stats(k, "contacts", "2024-05", "hour", "", "- 4; 09 2; 16 1");
    kit_stats(k, "active", "2024-05", "hour", "", "09 1; 16 1");
    kit_stats(k, "contacts", "FY2024", "month,hour", "service=citizen",
              "2024-05 - 4; 2024-05 09 2; 2024-05 16 1; 2024-06 00 1");
    kit_ok(k, "correct", "seq", kit_text(k, seq), "time", "23:59", "reason", "x", NULL);
    kit_stats(k, "contacts", "2024-06", "hour", "", "23 1");
}

static const char *as_of_position(struct kit *k, uint64_t position) {
    Madoguchi__Scope scope = MADOGUCHI__SCOPE__INIT;
    Madoguchi__Stats stats = MADOGUCHI__STATS__INIT;
    Madoguchi__Request request = MADOGUCHI__REQUEST__INIT;
    SET(&scope, from, bytes_of("FY2024"));
    SET(&scope, position, position);
    stats.scope = &scope;
    request.body_case = MADOGUCHI__REQUEST__BODY_STATS;
    request.stats = &stats;
    const Madoguchi__Page *page = kit_read(k, &request);
    if (page == NULL) {
        return arena_printf(&k->arena, "%d %s", k->last.code, k->last.field);
    }
    return page->n_stat == 0 ? "0" : kit_text(k, (uint64_t)page->stat[0]->count);
}

static void by_position(struct kit *k) {
    uint64_t begin = kit_head(k);
    uint64_t seq =
        kit_ok(k, "tally", "service", "citizen", "date", "2024-05-09", "count", "4", NULL);
    kit_ok(k, "tally", "service", "citizen", "date", "2024-05-09", "count", "10", NULL);
    uint64_t both = kit_head(k);
    kit_ok(k, "void", "seq", kit_text(k, seq), "reason", "x", NULL);
    ck_assert_str_eq(as_of_position(k, begin), "0");
    ck_assert_str_eq(as_of_position(k, seq), "4");
    ck_assert_str_eq(as_of_position(k, both), "14");
    ck_assert_str_eq(as_of_position(k, kit_head(k)), "10");
    ck_assert_str_eq(as_of_position(k, kit_head(k) + 1),
                     arena_printf(&k->arena, "%d position", ERR_INVALID));
    kit_said(k, "Ask without it");
}

int main(void) {
    static const struct kit_scenario scenarios[] = {
        {"by hour", by_hour},
        {"by position", by_position},
    };
    return kit_scenarios("report store", scenarios, sizeof scenarios / sizeof scenarios[0]);
}
