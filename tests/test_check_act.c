/* The shape of acts: what each kind needs, takes and refuses. */
#include <check.h>
#include <stdio.h>

#include "proto/check.h"
#include "tests/messages.h"
#include "tests/suite.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define ACT MADOGUCHI__REQUEST__BODY_ACT

static struct arena arena;

static void setup(void) {
    arena_init(&arena, 4 << 20);
}

static void teardown(void) {
    arena_free(&arena);
}

static const struct message_sample acts[] = {
    {ACT, "kind=1 date=20240415 service=migration", ""},
    {ACT,
     "kind=1 date=20240415 time=930 service=migration program=trial-stay office=main "
     "channel=counter nature=consultation topic=housing;work origin=tokyo age=30s route=event "
     "session=S-2024-000001 outcome=moved households=1 persons=3",
     ""},
    {ACT, "kind=2 date=20240415 service=mynumber count=0 outcome=issued outcome_count=30", ""},
    {ACT, "kind=2 date=20240415 service=mynumber topic=pin count=1000000", ""},
    {ACT, "kind=3 date=20240415 service=citizen reason=full count=3 program=legal topic=legal", ""},
    {ACT, "kind=4 case_number=M-2024-000123 date=20240416 channel=phone topic=work", ""},
    {ACT, "kind=5 case_number=N-2024-000001 date=20240416 outcome=married with_case=N-2024-000002",
     ""},
    {ACT, "kind=6 case_number=C-2024-000001 date=20240416 target=welfare due=20240430", ""},
    {ACT, "kind=7 case_number=C-2024-000001 date=20240416 outcome=resolved", ""},
    {ACT, "kind=7 case_number=C-2024-000001 date=20240416", ""},
    {ACT, "kind=8 case_number=C-2024-000001 date=20240416", ""},
    {ACT, "kind=1 date=20240415 service=migration | source=a.csv ref=K-17 nth=1", ""},
    {ACT, "kind=4 date=20240415 session=第1回 | source=a.csv ref=相談1 nth=2", ""},
    /* what is missing */
    {ACT, "", "kind"},
    {ACT, "kind=0 date=20240415 service=migration", "kind"},
    {ACT, "kind=9 date=20240415 service=migration", "kind"},
    {ACT, "kind=4294967295 date=20240415", "kind"},
    {ACT, "kind=1 service=migration", "date"},
    {ACT, "kind=1 date=20240415", "service"},
    {ACT, "kind=1 date=20240415 service=", "service"},
    {ACT, "kind=2 date=20240415", "service"},
    {ACT, "kind=3 date=20240415 reason=full", "service"},
    {ACT, "kind=3 date=20240415 service=citizen", "reason"},
    {ACT, "kind=4 date=20240415", "case_number"},
    {ACT, "kind=4 date=20240415 | source=a.csv nth=1", "case_number"},
    {ACT, "kind=5 case_number=M-2024-000001 date=20240415", "outcome"},
    {ACT, "kind=6 case_number=M-2024-000001 date=20240415", "target"},
    {ACT, "kind=6 date=20240415 target=welfare", "case_number"},
    {ACT, "kind=7 date=20240415", "case_number"},
    {ACT, "kind=8 date=20240415", "case_number"},
    /* what does not exist */
    {ACT, "kind=1 date=20230229 service=migration", "date"},
    {ACT, "kind=1 date=0 service=migration", "date"},
    {ACT, "kind=1 date=20241301 service=migration", "date"},
    {ACT, "kind=1 date=20240415 time=2400 service=migration", "time"},
    {ACT, "kind=1 date=20240415 time=1260 service=migration", "time"},
    {ACT, "kind=1 date=20240415 time=2359 service=migration", ""},
    {ACT, "kind=1 date=20240415 service=Migration", "service"},
    {ACT, "kind=1 date=20240415 service=移住", "service"},
    {ACT, "kind=1 date=20240415 service=abcdefghijklmnopqrstuvwxyz0123456", "service"},
    {ACT, "kind=1 date=20240415 service=migration topic=housing;", "topic"},
    {ACT, "kind=1 date=20240415 service=migration topic=Housing", "topic"},
    {ACT, "kind=1 date=20240415 service=migration topic=a;b;a", "topic"},
    {ACT, "kind=1 date=20240415 service=migration topic=a;b;c;d;e;f;g;h", ""},
    {ACT, "kind=1 date=20240415 service=migration topic=a;b;c;d;e;f;g;h;i", "topic"},
    {ACT, "kind=1 date=20240415 service=migration session=第1回", "session"},
    {ACT, "kind=4 case_number=M_1 date=20240415", "case_number"},
    {ACT, "kind=4 case_number= date=20240415", "case_number"},
    {ACT, "kind=2 date=20240415 service=migration count=1000001", "count"},
    {ACT, "kind=2 date=20240415 service=migration count=4294967295", "count"},
    {ACT, "kind=2 date=20240415 service=a outcome=b outcome_count=1000001", "outcome_count"},
    {ACT, "kind=1 date=20240415 service=a outcome=b households=1000001", "households"},
    {ACT, "kind=1 date=20240415 service=a outcome=b persons=1000001", "persons"},
    {ACT, "kind=6 case_number=C-2024-1 date=20240416 target=welfare due=20240431", "due"},
    {ACT, "kind=6 case_number=C-2024-1 date=20240416 target=welfare due=20240415", "due"},
    {ACT, "kind=5 case_number=N-2024-1 date=20240416 outcome=married with_case=N-2024-1",
     "with_case"},
    /* numbers without an outcome */
    {ACT, "kind=1 date=20240415 service=migration households=1", "households"},
    {ACT, "kind=4 case_number=M-2024-1 date=20240415 persons=1", "persons"},
    {ACT, "kind=2 date=20240415 service=migration outcome_count=1", "outcome_count"},
    {ACT, "kind=7 case_number=M-2024-1 date=20240415 persons=1", "persons"},
    /* rows */
    {ACT, "kind=1 date=20240415 service=migration | ref=a nth=1", "source"},
    {ACT, "kind=1 date=20240415 service=migration | source= nth=1", "source"},
    {ACT, "kind=1 date=20240415 service=migration | source=a ref=a", "nth"},
    {ACT, "kind=1 date=20240415 service=migration | source=a nth=0", "nth"},
    {ACT, "kind=1 date=20240415 service=migration | source=a ref= nth=1", "ref"},
};

START_TEST(acts_by_sample) {
    messages_check_samples(&arena, acts, COUNT(acts));
}
END_TEST

/* Which fields which kind takes, as the protocol's man page has it. */
START_TEST(fields_of_each_kind) {
    static const struct {
        const char *kind, *needed, *fields;
    } kinds[] = {
        {"1", "service=a",
         "time program office channel nature topic origin age route session "
         "outcome households persons"},
        {"2", "service=a",
         "time program office channel nature topic origin age route session "
         "outcome households persons count outcome_count"},
        {"3", "service=a reason=b", "time program office channel topic nature count"},
        {"4", "case_number=M-1",
         "time program office channel nature topic session outcome "
         "households persons"},
        {"5", "case_number=M-1 outcome=a",
         "time program office channel session households persons "
         "with_case"},
        {"6", "case_number=M-1 target=a", "due"},
        {"7", "case_number=M-1", "outcome households persons"},
        {"8", "case_number=M-1", ""},
    };
    static const char *const values[][2] = {
        {"case_number", "M-2"}, {"time", "900"},  {"service", "a"},       {"program", "a"},
        {"office", "a"},        {"channel", "a"}, {"nature", "a"},        {"topic", "a"},
        {"origin", "a"},        {"age", "a"},     {"route", "a"},         {"session", "S-1"},
        {"count", "1"},         {"outcome", "a"}, {"outcome_count", "1"}, {"households", "1"},
        {"persons", "1"},       {"reason", "a"},  {"target", "a"},        {"due", "20250101"},
        {"with_case", "N-9"},
    };
    ck_assert_uint_eq(COUNT(values) + 2, madoguchi__act__descriptor.n_fields);
    for (size_t k = 0; k < COUNT(kinds); k++) {
        for (size_t v = 0; v < COUNT(values); v++) {
            char fields[300];
            char word[40];
            char inside[300];
            snprintf(word, sizeof word, " %s ", values[v][0]);
            snprintf(inside, sizeof inside, " %s ", kinds[k].fields);
            char name[40];
            snprintf(name, sizeof name, "%s=", values[v][0]);
            bool needed = strstr(kinds[k].needed, name) != NULL &&
                          (strstr(kinds[k].needed, name) == kinds[k].needed ||
                           strstr(kinds[k].needed, name)[-1] == ' ');
            bool takes = needed || strstr(inside, word) != NULL;
            bool counts = strcmp(values[v][0], "households") == 0 ||
                          strcmp(values[v][0], "persons") == 0 ||
                          strcmp(values[v][0], "outcome_count") == 0;
            snprintf(fields, sizeof fields, "kind=%s date=20240415 %s %s=%s%s", kinds[k].kind,
                     kinds[k].needed, values[v][0], values[v][1],
                     counts && takes ? " outcome=a" : "");
            struct error e;
            const char *field = messages_refused(messages_request(&arena, ACT, fields), &e);
            ck_assert_msg(strcmp(field, takes ? "" : values[v][0]) == 0, "%s: %s %s", fields, field,
                          e.en);
        }
    }
}
END_TEST

int main(void) {
    Suite *s = suite_create("check-act");
    TCase *t = tcase_create("act");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, acts_by_sample);
    tcase_add_test(t, fields_of_each_kind);
    suite_add_tcase(s, t);
    return suite_run(s);
}
