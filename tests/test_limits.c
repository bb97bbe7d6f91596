/* Much of one thing: corrections of one entry, contacts of one case, long
 * texts.  Nothing that was accepted may become impossible to change, to show
 * or to fold again. */
#include "tests/kit_store.h"

#include <check.h>
#include <string.h>

#define LONG_TEXT 4000

static const char *long_text(void) {
    static char text[LONG_TEXT + 1];
    memset(text, 'a', LONG_TEXT);
    return text;
}

static void many_corrections_of_one_entry(struct kit *k) {
    const char *c = kit_log(k, "migration", "2024-04-15", "topic", "housing", NULL);
    uint64_t opening = k->last.seq;
    for (int i = 0; i < 200; i++) {
        kit_ok(k, "correct", "seq", kit_text(k, opening), "topic", i % 2 == 0 ? "work" : "housing",
               "reason", long_text(), NULL);
    }
    kit_ok(k, "contact", "case_number", c, "date", "2024-05-02", NULL);
    kit_stats(k, "topics", "FY2024", "month,topic", NULL, "2024-04 housing 1; 2024-05 housing 1");
    ck_assert_ptr_nonnull(kit_show(k, opening));
    ck_assert_ptr_nonnull(kit_show_number(k, c));
    kit_ok(k, "void", "number", c, "reason", "誤り", NULL);
    kit_stats(k, "contacts", "FY2024", NULL, NULL, "");
}

static const struct kit_scenario scenarios[] = {
    {"many corrections of one entry", many_corrections_of_one_entry},
};

int main(void) {
    return kit_scenarios("limits", scenarios, sizeof scenarios / sizeof scenarios[0]);
}
