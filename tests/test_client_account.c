/* Accounts, rights, closed months and the audit trail on the command line. */
#include "tests/kit_client.h"
#include "tests/suite.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define HEADER \
    "name,person,role,service,office,uid,certificate,until,disabled,seq,recorded_at,actor\n"
#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void start(struct kit *k) {
    kit_start_daemon(k, NULL);
}

/* The row of an account as CSV, up to its seq. */
static void expect_row(struct kit *k, const char *name, const char *row) {
    char whole[1024];
    kit_client_ok(k, "account show %s --format csv", name);
    snprintf(whole, sizeof whole, HEADER "%s,", row);
    kit_printed(whole);
}

START_TEST(added_changed_ended) {
    struct kit k;
    start(&k);
    kit_client_ok(&k, "account add clerk-1 --person '窓口 一' --role clerk --role counsellor "
                      "--service migration --until R12.3.31 --uid 4001");
    ck_assert_str_eq(kit_out, "#3\n");
    expect_row(&k, "clerk-1", "clerk-1,窓口 一,clerk;counsellor,migration,,4001,,2030-03-31,,3");
    /* What is given replaces, the rest stays; an empty value takes away. */
    kit_client_ok(&k, "account change clerk-1 --role supervisor --certificate %s --service ''",
                  "01:23:45:67:89:AB:CD:EF:01:23:45:67:89:ab:cd:ef:"
                  "01:23:45:67:89:ab:cd:ef:01:23:45:67:89:ab:cd:ef");
    expect_row(&k, "clerk-1", "clerk-1,窓口 一,supervisor,,,4001," HEX ",2030-03-31,,4");
    kit_client_ok(&k, "account change clerk-1 --uid '' --certificate '' --until '' --person ''");
    expect_row(&k, "clerk-1", "clerk-1,,supervisor,,,,,,,5");
    kit_client_ok(&k, "account change clerk-1 --role supervisor");
    ck_assert_str_eq(kit_out, "");
    kit_said_client("is so already");
    kit_client_ok(&k, "account disable clerk-1");
    expect_row(&k, "clerk-1", "clerk-1,,supervisor,,,,,,yes,6");
    kit_client_ok(&k, "account disable clerk-1");
    kit_said_client("is so already");
    kit_client_ok(&k, "account enable clerk-1");
    expect_row(&k, "clerk-1", "clerk-1,,supervisor,,,,,,,7");
    kit_client_ok(&k, "account show clerk-1");
    kit_printed("Supervisor\n");
    kit_client_ok(&k, "account list");
    kit_printed("Name ");
    kit_printed("Supervisor");
    kit_client_ok(&k, "account list --format json");
    kit_printed("{\"name\": \"clerk-1\", \"person\": null, \"role\": \"supervisor\", ");
    kit_finish(&k);
}
END_TEST

START_TEST(refusals) {
    struct kit k;
    start(&k);
    kit_client_ok(&k, "account add one --role clerk --uid 4001 --certificate %s", HEX);
    kit_client_refused(&k, 1, "`madoguchi account change one`", "account add one");
    kit_client_refused(&k, 1, "There is no account two", "account show two");
    kit_client_refused(&k, 1, "There is no account two", "account change two --role clerk");
    kit_client_refused(&k, 1, "There is no account two", "account disable two");
    kit_client_refused(&k, 1, "There is no account two", "account password two");
    kit_client_refused(&k, 2, "at least one option", "account change one");
    kit_client_refused(&k, 1, "role: \"clark\"", "account add two --role clark");
    kit_client_refused(&k, 1, "clerk is given twice", "account add two --role clerk --role clerk");
    kit_client_refused(&k, 1, "service: \"moon\"", "account add two --service moon");
    kit_client_refused(&k, 1, "64 hexadecimal digits", "account add two --certificate 12ab");
    kit_client_refused(&k, 1, "64 hexadecimal digits", "account add two --certificate %s0", HEX);
    kit_client_refused(&k, 1, "64 hexadecimal digits", "account add two --certificate g%s",
                       HEX + 1);
    kit_client_refused(&k, 1, "uid must be a whole number", "account add two --uid me");
    kit_client_refused(&k, 1, "2024-02-30", "account add two --until 2024-02-30");
    kit_client_refused(&k, 1, "belongs to the account one", "account add two --uid 4001");
    kit_client_refused(&k, 1, "belongs to the account one", "account add two --certificate %s",
                       HEX);
    kit_client_refused(&k, 2, "Usage: madoguchi account add NAME", "account add");
    kit_client_refused(&k, 2, "Did you mean account list?", "account lst");
    /* Nothing of it was recorded. */
    kit_client_ok(&k, "account add two");
    ck_assert_str_eq(kit_out, "#4\n");
    kit_finish(&k);
}
END_TEST

START_TEST(the_last_administrator_stays) {
    struct kit k;
    char name[64];
    start(&k);
    kit_client_ok(&k, "whoami --format csv");
    kit_printed("name,value\naccount,");
    ck_assert_int_eq(sscanf(kit_out, "name,value\naccount,%63s", name), 1);
    kit_client_refused(&k, 1, "is the last administrator", "account disable %s", name);
    kit_client_refused(&k, 1, "is the last administrator", "account change %s --role clerk", name);
    kit_client_ok(&k, "status");
    kit_said_client("can do everything alone");
    kit_client_ok(&k, "status --format csv");
    ck_assert_str_eq(kit_err, "");
    kit_printed("\nlogins,0\n");
    kit_client_ok(&k, "status --format prometheus");
    kit_printed("madoguchi_everything_by_one{municipality=\"062090\"} 1\n");
    kit_printed("madoguchi_logins{municipality=\"062090\"} 0\n");
    kit_client_ok(&k, "account change %s --role administrator --role auditor", name);
    kit_client_ok(&k, "status --format prometheus");
    kit_printed("madoguchi_everything_by_one{municipality=\"062090\"} 0\n");
    kit_client_ok(&k, "status");
    ck_assert_str_eq(kit_err, "");
    /* And that account may count no more. */
    kit_client_refused(&k, 1, "may not do this (stats)", "stats");
    kit_finish(&k);
}
END_TEST

START_TEST(passwords_are_given) {
    struct kit k;
    char word[64];
    char tail[8];
    start(&k);
    kit_client_ok(&k, "account add one --role clerk");
    kit_client_ok(&k, "account password one");
    kit_said_client("It serves once");
    ck_assert_int_eq(sscanf(kit_out, "%63[A-Za-z0-9_-]%7[^x]", word, tail), 2);
    ck_assert_uint_eq(strlen(word), 20);
    ck_assert_str_eq(tail, "\n");
    kit_client_ok(&k, "account password one --format csv");
    ck_assert_int_eq(sscanf(kit_out, "name,password\none,%63[A-Za-z0-9_-]", word), 1);
    ck_assert_uint_eq(strlen(word), 20);
    kit_client_ok(&k, "account disable one");
    kit_client_refused(&k, 1, "no account one that is in use", "account password one");
    kit_finish(&k);
}
END_TEST

START_TEST(rights_need_no_daemon) {
    struct kit k;
    start(&k);
    kit_client_ok(&k, "--server unix:/nowhere account rights --format csv");
    ck_assert_int_eq(strncmp(kit_out,
                             "right,clerk,temporary,counsellor,supervisor,planner,auditor,"
                             "administrator\nanybody,all,all,all,all,all,all,all\n"
                             "log,scope,scope,scope,scope,,,\n",
                             130),
                     0);
    kit_printed("\nvoid,own-open,own-today,own-open,scope,own-open,,\n");
    kit_printed("\naudit,,,,,,all,\n");
    kit_client_ok(&k, "--server unix:/nowhere account rights");
    kit_printed("Counter clerk");
    kit_finish(&k);
}
END_TEST

START_TEST(months_are_closed) {
    struct kit k;
    start(&k);
    kit_client_ok(&k, "month close 2024-04");
    ck_assert_str_eq(kit_out, "#3\n");
    kit_client_ok(&k, "month close R6.5 --service migration");
    kit_client_refused(&k, 1, "is closed already, by #3", "month close 2024-04");
    kit_client_refused(&k, 1, "is closed already, by #4",
                       "month close 2024-05 --service migration");
    kit_client_ok(&k, "month close 2024-05 --service citizen");
    kit_client_refused(&k, 1, "is not over", "month close 2999-01");
    kit_client_refused(&k, 1, "is not a month", "month close FY2024");
    kit_client_refused(&k, 1, "is not a month", "month close 2024-04-15");
    kit_client_refused(&k, 1, "\"moon\"", "month close 2024-06 --service moon");
    kit_client_ok(&k, "log migration --date 2024-04-15");
    kit_said_client("2024-04 is closed: this is recorded as late");
    kit_finish(&k);
}
END_TEST

static unsigned lines(void) {
    unsigned n = 0;
    for (const char *p = kit_out; (p = strchr(p, '\n')) != NULL; p++) {
        n++;
    }
    return n;
}

/* What of the trail a filter leaves, besides the heading. */
static void expect_trail(const struct kit *k, const char *filter, unsigned n, const char *part) {
    kit_client_ok(k, "audit --format csv %s", filter);
    ck_assert_msg(lines() == n + 1, "%s: %s", filter, kit_out);
    kit_printed(part);
}

START_TEST(the_trail) {
    struct kit k;
    unsigned year;
    start(&k);
    kit_client_ok(&k, "account add one --role clerk --person '窓口 一'");
    kit_client_ok(&k, "log migration --date 2024-04-15");
    kit_client_ok(&k, "log migration --date 2024-04-15");
    kit_client_ok(&k, "correct 5 channel=phone --reason wrong --on-behalf 係長");
    kit_client_ok(&k, "void M-2024-000001 --reason twice");
    kit_client_ok(&k, "account password one");
    expect_trail(&k, "", 6, "seq,recorded_at,kind,actor,on_behalf,number,details\n");
    kit_printed("1,2025-06-15T12:00:00+09:00,founding,uid:");
    kit_printed(",,,municipality=062090 name=長井市\n");
    kit_printed("+09:00,account,root,,,name=one person=窓口 一 role=clerk\n");
    expect_trail(&k, "--kind correct --kind void", 2, ",correct,root,係長,M-2024-000002,");
    kit_printed(",seq=5 reason=wrong channel=phone\n");
    expect_trail(&k, "M-2024-000001", 1, ",void,root,,M-2024-000001,number=M-2024-000001 reason=");
    expect_trail(&k, "--actor one", 1, ",password-reset,root,,,account=one source=uid:");
    ck_assert_int_eq(sscanf(strchr(kit_out, '\n'), "\n8,%u-", &year), 1);
    expect_trail(&k, "--from 2025-06-15 --to 2025-06-15", 2, ",catalogue,");
    expect_trail(&k, "--from R7.6", 2, ",catalogue,");
    expect_trail(&k, "--from R7.6 --to 2999-03", 6, ",catalogue,");
    expect_trail(&k, "--to 2025-05", 0, "");
    kit_client_ok(&k, "audit --kind void");
    kit_printed("  void  ");
    kit_said_client("1 entry\n");
    kit_client_ok(&k, "show 1 --format csv");
    kit_printed("\n1,founding,,2025-06-15 12:00:00,root,,,,,\n");
    kit_client_ok(&k, "show 1 --format json");
    kit_printed("\"fields\": \"\"");
    kit_client_ok(&k, "show 5 --format csv");
    kit_printed("date=2024-04-15 service=migration");
    kit_client_ok(&k, "show 1");
    kit_printed("recorded 2025-06-15 12:00:00 by root\n");
    kit_client_refused(&k, 1, "There is no M-2024-000009", "audit M-2024-000009");
    kit_client_refused(&k, 1, "\"soon\"", "audit --from soon");
    kit_client_refused(&k, 1, "ends before it begins", "audit --from 2024-05 --to 2024-04");
    kit_client_refused(&k, 2, "Usage:", "audit one two");
    kit_finish(&k);
}
END_TEST

/* Whoever plans sees that a case counts, and its month. */
START_TEST(a_masked_fact_shows_its_month) {
    struct kit k;
    start(&k);
    kit_client_ok(&k, "plan put plans/nagai.yaml");
    kit_client_ok(&k, "log migration --date 2023-04-15 --outcome moved --households 1 --persons 3");
    kit_client_ok(&k, "account add one --role planner");
    kit_log_in(&k, "one", "a long new one");
    kit_client_ok(&k, "prove nagai/migrated-cases --year R5 --format csv");
    kit_printed(",M-2023-000001,2023-04,outcome,1,,");
    kit_client_ok(&k, "prove nagai/migrated-cases --year R5");
    kit_printed("  2023-04  ");
    ck_assert_ptr_null(strstr(kit_out, "2023-04-15"));
    kit_client_ok(&k, "logout");
    kit_client_ok(&k, "prove nagai/migrated-cases --year R5 --format csv");
    kit_printed(",M-2023-000001,2023-04-15,outcome,1,1,3");
    kit_finish(&k);
}
END_TEST

static Suite *suite(void) {
    Suite *s = suite_create("client: accounts");
    TCase *t = tcase_create("commands");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, added_changed_ended);
    tcase_add_test(t, refusals);
    tcase_add_test(t, the_last_administrator_stays);
    tcase_add_test(t, passwords_are_given);
    tcase_add_test(t, rights_need_no_daemon);
    tcase_add_test(t, months_are_closed);
    tcase_add_test(t, the_trail);
    tcase_add_test(t, a_masked_fact_shows_its_month);
    suite_add_tcase(s, t);
    return s;
}

int main(void) {
    kit_begin();
    int status = suite_run(suite());
    kit_end();
    return status;
}
