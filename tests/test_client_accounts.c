/* Many accounts from a file: what is wrong is found before anything is recorded. */
#include "client/account_file.h"
#include "store/people.h"
#include "tests/kit_client.h"
#include "tests/suite.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- the file alone ---------------------------------------------------------------------- */

static struct account_file file;
static struct error e;
static char told[2000];

static void tell(void *ctx, unsigned line, const char *column, const struct error *problem) {
    size_t used = strlen(told);
    (void)ctx;
    ck_assert(problem->en[0] != '\0' && problem->ja[0] != '\0');
    snprintf(told + used, sizeof told - used, "%s%u:%s", used > 0 ? " " : "", line, column);
}

/* One that stands: administrator, of the user 1; its entry is #7. */
static void begin(void) {
    static ProtobufCBinaryData role;
    Madoguchi__Account boss = MADOGUCHI__ACCOUNT__INIT;
    role = bytes_of("administrator");
    told[0] = '\0';
    account_file_init(&file, tell, NULL);
    SET(&boss, name, bytes_of("boss"));
    SET(&boss, uid, 1);
    SET(&boss, replaces, 7);
    boss.role = &role;
    boss.n_role = 1;
    ck_assert(account_file_standing(&file, &boss));
}

static int take(const char *text) {
    begin();
    return account_file_read(&file, text, strlen(text), &e);
}

static void expect(const char *text, const char *problems) {
    ck_assert_msg(take(text) == 0, "%s", e.en);
    ck_assert_msg(strcmp(told, problems) == 0, "%s: %s", text, told);
    account_file_free(&file);
}

static void expect_unread(const char *text, const char *part) {
    ck_assert_int_eq(take(text), -1);
    ck_assert_msg(strstr(e.en, part) != NULL, "%s", e.en);
    account_file_free(&file);
}

START_TEST(headers) {
    expect_unread("", "empty");
    expect_unread("name,rolle\n", "no column \"rolle\"");
    ck_assert_str_eq(e.near[0], "role");
    expect_unread("name,name\n", "twice");
    expect_unread("role,person\n", "name is missing");
    expect_unread("name,123456789018\n", "no column");
    ck_assert_ptr_null(strstr(e.en, "9018"));
    expect("name\n", "");
    expect("actor,seq,disabled,until,certificate,uid,office,service,role,person,name,recorded_at\n",
           "");
}
END_TEST

START_TEST(rows) {
    ck_assert_int_eq(take("name,role,until,disabled,seq\nnew,clerk;clerk,R12.3.31,no,9\n,,,,\n"
                          "boss,administrator,,,7\n"),
                     0);
    ck_assert_str_eq(told, "");
    ck_assert_uint_eq(file.n_row, 2);
    /* Whoever is administrator goes first. */
    ck_assert_str_eq(file.row[0].name, "boss");
    ck_assert_int_eq(file.row[0].what, ACCOUNT_SAME);
    ck_assert_str_eq(file.row[1].name, "new");
    ck_assert_int_eq(file.row[1].what, ACCOUNT_ADDED);
    ck_assert_uint_eq(file.row[1].account->until, 20300331);
    ck_assert(!file.row[1].account->has_disabled && !file.row[1].account->has_replaces);
    account_file_free(&file);
    /* A column that is not there leaves what stands; an empty cell takes it away. */
    ck_assert_int_eq(take("name,person\nboss,部長\n"), 0);
    ck_assert_int_eq(file.row[0].what, ACCOUNT_CHANGED);
    ck_assert(file.row[0].account->has_uid && file.row[0].account->n_role == 1);
    ck_assert_uint_eq(file.row[0].account->replaces, 7);
    account_file_free(&file);
    ck_assert_int_eq(take("name,uid\nboss,\n"), 0);
    ck_assert_int_eq(file.row[0].what, ACCOUNT_CHANGED);
    ck_assert(!file.row[0].account->has_uid);
    account_file_free(&file);
    ck_assert_int_eq(take("name,role,uid,person\nboss,administrator,1,\n"), 0);
    ck_assert_int_eq(file.row[0].what, ACCOUNT_SAME);
    account_file_free(&file);
}
END_TEST

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

START_TEST(problems) {
    expect("name,uid\nnew,me\n", "2:uid");
    expect("name,until\nnew,2024-02-30\n", "2:until");
    expect("name,disabled\nnew,maybe\n", "2:disabled");
    expect("name,certificate\nnew,12\n", "2:certificate");
    expect("name\nNew\n\n-x\n", "2:name 4:name");
    expect("name\nnew,clerk\n", "2:");
    expect("name,role\nnew,clerk\nother,clerk\nnew,planner\n", "4:name");
    /* What the daemon would see when half of it is recorded. */
    expect("name,uid\none,5\ntwo,5\n", "3:uid");
    expect("name,certificate\none," HEX "\ntwo," HEX "\n", "3:certificate");
    expect("name,role\nboss,clerk\nnew,clerk\n", "2:role");
    expect("name,disabled\nboss,yes\n", "2:role");
    expect("name,until\nboss,2024-03-31\n", "2:role");
    expect("name,role,until\nboss,clerk,\nnew,administrator,2999-03-31\n", "2:role");
    expect("name,role,until\nboss,clerk,\nnew,administrator,\n", "");
}
END_TEST

/* ---- with a daemon ----------------------------------------------------------------------- */

static void expect_accounts(struct kit *k, const char *names) {
    char found[400] = "";
    kit_client_ok(k, "account list --format csv");
    for (const char *p = strchr(kit_out, '\n'); p != NULL && p[1] != '\0';
         p = strchr(p + 1, '\n')) {
        strncat(found, p + 1, strcspn(p + 1, ","));
        strcat(found, " ");
    }
    ck_assert_str_eq(found, names);
}

static void import(struct kit *k, const char *text, const char *more) {
    char path[2 * KIT_PATH];
    snprintf(path, sizeof path, "%s", kit_file(k, "accounts.csv", text));
    kit_client_ok(k, "account import %s %s --format csv", path, more);
}

static void import_refused(struct kit *k, const char *text, const char *part) {
    char path[2 * KIT_PATH];
    snprintf(path, sizeof path, "%s", kit_file(k, "accounts.csv", text));
    kit_client_refused(k, 1, part, "account import %s", path);
}

START_TEST(all_or_nothing) {
    struct kit k;
    kit_start_daemon(&k, NULL);
    uint64_t head = kit_head(&k);
    import_refused(&k, "name,role,service\none,clerk,migration\ntwo,clark,\nthree,clerk,moon\n",
                   "row 3, column role: ");
    kit_said_client("row 4, column service: ");
    kit_said_client("Nothing was recorded: 2 things are wrong in the file.");
    import_refused(&k, "name,uid\none,5\ntwo,5\n", "row 3, column uid: ");
    kit_said_client("Nothing was recorded: 1 things");
    char line[64];
    snprintf(line, sizeof line, "name,uid\none,5\ntwo,%u\n", getuid());
    import_refused(&k, line, "belongs to the account root already");
    import_refused(&k, "name,role\none,clerk\nroot,clerk\n", "No administrator would be left");
    import_refused(&k, "name,boss\n", "no column \"boss\"");
    import_refused(&k, "name\n\"", "is not CSV");
    kit_client_refused(&k, 1, "cannot be read", "account import %s/none.csv", k.dir);
    kit_client_refused(&k, 2, "Usage", "account import");
    ck_assert_uint_eq(kit_head(&k), head);
    expect_accounts(&k, "root ");
    kit_finish(&k);
}
END_TEST

START_TEST(the_file_again_and_grown) {
    struct kit k;
    kit_start_daemon(&k, NULL);
    import(&k, "name,person,role\none,窓口 一,clerk\nroot,,administrator\n", "");
    ck_assert_str_eq(kit_out, "name,result,seq\nroot,changed,3\none,added,4\n");
    import(&k, "name,person,role\none,窓口 一,clerk\nroot,,administrator\n", "");
    ck_assert_str_eq(kit_out, "name,result,seq\nroot,unchanged,\none,unchanged,\n");
    /* Grown, another order of the values, one changed, in CP932 with CRLF. */
    import(&k,
           "role,name,person\r\nclerk;counsellor,one,\x91\x8b\x8c\xfb \x88\xea\r\n"
           "administrator,root,\r\nplanner,two,\x8a\xe9\x89\xe6\r\n",
           "");
    ck_assert_str_eq(kit_out, "name,result,seq\nroot,unchanged,\none,changed,5\ntwo,added,6\n");
    import(&k, "role,name\ncounsellor;clerk,one\n", "");
    ck_assert_str_eq(kit_out, "name,result,seq\none,unchanged,\n");
    kit_client_ok(&k, "account show two --format csv");
    kit_printed("\ntwo,企画,planner,");
    /* What is listed can be taken back as it is. */
    kit_client_ok(&k, "account list --format csv");
    import(&k, kit_out, "");
    ck_assert_str_eq(kit_out, "name,result,seq\nroot,unchanged,\none,unchanged,\ntwo,unchanged,\n");
    kit_client_ok(&k, "account import %s/accounts.csv", k.dir);
    kit_printed("unchanged");
    kit_finish(&k);
}
END_TEST

START_TEST(first_passwords) {
    struct kit k;
    char path[2 * KIT_PATH];
    char option[3 * KIT_PATH];
    char word[64];
    char more[64];
    kit_start_daemon(&k, NULL);
    kit_client_ok(&k, "account add old --role clerk");
    snprintf(path, sizeof path, "%s", kit_file(&k, "passwords.csv", NULL));
    snprintf(option, sizeof option, "--passwords %s", path);
    /* Nobody new: no file. */
    import(&k, "name,role\nold,planner\n", option);
    ck_assert_uint_eq(kit_mode(path), 0);
    import(&k,
           "name,role,disabled,until\nold,clerk,,\none,clerk,,\ntwo,clerk,yes,\n"
           "three,clerk,,2024-03-31\nfour,clerk,,2999-03-31\n",
           option);
    ck_assert_uint_eq(kit_mode(path), 0600);
    /* Only who may log in has one. */
    ck_assert_int_eq(sscanf(kit_text_of(path),
                            "name,password\none,%63[A-Za-z0-9_-]\nfour,%63[A-Za-z0-9_-]\n", word,
                            more),
                     2);
    ck_assert_uint_eq(strlen(kit_text_of(path)), strlen("name,password\none,\nfour,\n") + 2 * 20);
    snprintf(option, sizeof option, "echo %s |", word);
    ck_assert_int_eq(kit_client(&k, option, "login one"), 0);
    kit_said_client("serves once");
    kit_client_ok(&k, "logout");
    /* A file that is there is not written over, and then nothing is recorded. */
    kit_file(&k, "accounts.csv", "name,role\nfive,clerk\n");
    kit_client_refused(&k, 1, "cannot be made (File exists). Nothing was recorded",
                       "account import %s/accounts.csv --passwords %s", k.dir, path);
    expect_accounts(&k, "four old one root three two ");
    kit_finish(&k);
}
END_TEST

/* What a file checked is not what is recorded when the last place is taken by its first
 * row: that one has its password, and the file of passwords says no more. */
START_TEST(recorded_in_part) {
    enum { EACH = 1000 };
    static Madoguchi__Request *list[EACH];
    static struct kit_answer answers[EACH];
    struct kit k;
    char path[2 * KIT_PATH];
    char word[64];
    size_t made = 2; /* the founder's, and the place that is left */
    kit_start(&k, false);
    while (made < PEOPLE_MAX) {
        size_t n = 0;
        for (; n < EACH && made < PEOPLE_MAX; n++, made++) {
            list[n] =
                kit_request(&k, "account", "name", arena_printf(&k.arena, "u%zu", made), NULL);
        }
        kit_group(&k, list, n, answers);
        arena_reset(&k.arena);
    }
    kit_close(&k, true);
    kit_daemon_start(&k.d, NULL);
    k.daemon = true;
    k.fd = kit_hello(&k.d);
    snprintf(path, sizeof path, "%s", kit_file(&k, "passwords.csv", NULL));
    kit_file(&k, "accounts.csv", "name,role\none,clerk\ntwo,clerk\n");
    kit_client_refused(&k, 1, "1 rows were recorded",
                       "account import %s/accounts.csv --passwords %s", k.dir, path);
    kit_said_client("name another file for the rest");
    ck_assert_int_eq(sscanf(kit_text_of(path), "name,password\none,%63[A-Za-z0-9_-]\n", word), 1);
    ck_assert_uint_eq(strlen(kit_text_of(path)), strlen("name,password\none,\n") + 20);
    /* Where nothing was recorded there is no file. */
    kit_file(&k, "accounts.csv", "name,role\ntwo,clerk\n");
    ck_assert_int_eq(unlink(path), 0);
    kit_client_refused(&k, 1, "at most", "account import %s/accounts.csv --passwords %s", k.dir,
                       path);
    ck_assert_uint_eq(kit_mode(path), 0);
    kit_finish(&k);
}
END_TEST

static Suite *suite(void) {
    Suite *s = suite_create("client: many accounts");
    TCase *t = tcase_create("file");
    tcase_add_test(t, headers);
    tcase_add_test(t, rows);
    tcase_add_test(t, problems);
    suite_add_tcase(s, t);
    t = tcase_create("daemon");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, all_or_nothing);
    tcase_add_test(t, the_file_again_and_grown);
    tcase_add_test(t, first_passwords);
    tcase_add_test(t, recorded_in_part);
    suite_add_tcase(s, t);
    return s;
}

int main(void) {
    kit_begin();
    int status = suite_run(suite());
    kit_end();
    return status;
}
