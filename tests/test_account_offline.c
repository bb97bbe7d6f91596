/* `madoguchid account`: the way out when nobody can log in or give rights any more. */
#include "tests/kit_client.h"
#include "tests/suite.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Runs `madoguchid account WORDS --store` of the kit; what it prints is kit_out. */
static int offline(const struct kit *k, const char *words) {
    char command[2048];
    const char *build = getenv("BUILD");
    snprintf(command, sizeof command,
             "LC_ALL=C %s/madoguchid account %s --store %s >%s/out 2>%s/err",
             build != NULL ? build : "build", words, k->d.store, k->dir, k->dir);
    int status = system(command);
    ck_assert(WIFEXITED(status));
    snprintf(kit_out, sizeof kit_out, "%s", kit_text_of(kit_file(k, "out", NULL)));
    snprintf(kit_err, sizeof kit_err, "%.8000s", kit_text_of(kit_file(k, "err", NULL)));
    return WEXITSTATUS(status);
}

static void done(const struct kit *k, const char *words) {
    ck_assert_msg(offline(k, words) == 0, "%s: %s", words, kit_err);
}

static void refused(const struct kit *k, int status, const char *words, const char *part) {
    ck_assert_int_eq(offline(k, words), status);
    kit_said_client(part);
    ck_assert_str_eq(kit_out, "");
}

static void stop(struct kit *k) {
    close(k->fd);
    k->fd = -1;
    ck_assert_int_eq(kit_daemon_stop(&k->d, SIGTERM), 0);
}

static void serve(struct kit *k) {
    kit_daemon_start(&k->d, NULL);
    k->fd = kit_hello(&k->d);
}

START_TEST(the_last_administrator_comes_back) {
    struct kit k;
    kit_start_daemon(&k, NULL);
    kit_client_ok(&k, "account add one --role clerk");
    stop(&k);
    done(&k, "add two --role administrator --person '管理 二'");
    ck_assert_str_eq(kit_out, "#4\n");
    done(&k, "change root --disabled");
    done(&k, "change one --role administrator --role auditor");
    done(&k, "change two --disabled");
    done(&k, "list");
    ck_assert_str_eq(kit_out,
                     "name=one role=administrator;auditor\n"
                     "name=root role=clerk;temporary;counsellor;supervisor;planner;auditor;"
                     "administrator uid=0 disabled=yes\n"
                     "name=two person=管理 二 role=administrator disabled=yes\n");
    refused(&k, 1, "change one --role auditor", "is the last administrator");
    serve(&k);
    kit_client_refused(&k, 1, "has no account here", "list");
    stop(&k);
    done(&k, "change root --enabled --role auditor");
    serve(&k);
    kit_client_ok(&k, "audit --kind account --format csv");
    kit_printed("4,20");
    kit_printed(",account,uid:0,,,name=two person=管理 二 role=administrator\n");
    kit_printed(",account,uid:0,,,name=root role=auditor uid=0\n");
    kit_finish(&k);
}
END_TEST

START_TEST(a_password_is_given) {
    struct kit k;
    char word[64];
    char before[100];
    kit_start_daemon(&k, NULL);
    kit_client_ok(&k, "account add one --role clerk");
    kit_log_in(&k, "one", "a long new one");
    stop(&k);
    done(&k, "password one");
    ck_assert_int_eq(sscanf(kit_out, "%63s", word), 1);
    ck_assert_uint_eq(strlen(word), 20);
    kit_said_client("It serves once");
    char secrets[2 * KIT_PATH];
    snprintf(secrets, sizeof secrets, "%s/secrets", k.d.store);
    ck_assert_uint_eq(kit_mode(secrets), 0600);
    ck_assert_ptr_null(strstr(kit_text_of(secrets), word));
    serve(&k);
    /* Who was logged in is not any more; the old password is none. */
    kit_client_refused(&k, 1, "Log in again", "whoami");
    ck_assert_int_eq(kit_client(&k, "echo 'a long new one' |", "login one"), 1);
    snprintf(before, sizeof before, "echo %s |", word);
    ck_assert_int_eq(kit_client(&k, before, "login one"), 0);
    kit_said_client("Set your own first");
    kit_client_ok(&k, "logout");
    kit_client_ok(&k, "audit --kind password-reset --format csv");
    kit_printed(",password-reset,uid:0,,,account=one source=uid:0\n");
    stop(&k);
    done(&k, "change one --disabled");
    refused(&k, 1, "password one", "The account one is not in use");
    refused(&k, 1, "password two", "There is no account two");
    serve(&k);
    kit_finish(&k);
}
END_TEST

/* A login ends with its account for good, also when the daemon was not there. */
START_TEST(logins_end_with_the_account) {
    struct kit k;
    char secrets[2 * KIT_PATH];
    kit_start_daemon(&k, NULL);
    kit_client_ok(&k, "account add one --role clerk");
    kit_client_ok(&k, "account add two --role administrator");
    kit_log_in(&k, "two", "a long new one");
    kit_log_in(&k, "one", "a long new one");
    snprintf(secrets, sizeof secrets, "%s/secrets", k.d.store);
    ck_assert_ptr_nonnull(strstr(kit_text_of(secrets), " one 0 "));
    stop(&k);
    done(&k, "change one --disabled");
    serve(&k);
    stop(&k);
    done(&k, "change one --enabled");
    serve(&k);
    kit_client_refused(&k, 1, "Log in again", "whoami");
    kit_client_ok(&k, "logout");
    kit_log_in(&k, "one", "a longer new one");
    ck_assert_int_eq(
        kit_client(&k, "unset XDG_STATE_HOME; export HOME=/nonexistent;", "account disable one"),
        0);
    stop(&k);
    done(&k, "change one --enabled");
    serve(&k);
    kit_client_refused(&k, 1, "Log in again", "whoami");
    kit_finish(&k);
}
END_TEST

START_TEST(refusals) {
    struct kit k;
    kit_start_daemon(&k, NULL);
    kit_client_ok(&k, "account add one --role clerk");
    static const char *const words[] = {"list", "add two", "change one --role planner",
                                        "password one"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        refused(&k, 1, words[i], "is in use: a madoguchid runs on it. Stop that one first.");
    }
    stop(&k);
    refused(&k, 1, "add one", "There is an account one already");
    refused(&k, 1, "add two --role boss", "role: \"boss\"");
    refused(&k, 1, "add two --uid x", "uid must be a whole number");
    refused(&k, 1, "add two --certificate 12", "64 hexadecimal digits");
    refused(&k, 1, "add Two", "name");
    refused(&k, 1, "change two --role clerk", "There is no account two");
    static const char *const usage[] = {"",
                                        "burn one",
                                        "list one",
                                        "add",
                                        "change one",
                                        "list --disabled",
                                        "password one --role x",
                                        "add two three",
                                        "add two --what",
                                        "change one --disabled --enabled"};
    for (size_t i = 0; i < sizeof usage / sizeof usage[0]; i++) {
        refused(&k, 2, usage[i], "usage: madoguchid account list --store DIR");
    }
    if (getuid() == 0) {
        ck_assert_int_eq(chown(k.d.store, 12345, (gid_t)-1), 0);
        refused(&k, 1, "list", "belongs to user 12345");
        kit_said_client("sudo -u '#12345'");
        ck_assert_int_eq(chown(k.d.store, 0, (gid_t)-1), 0);
    }
    serve(&k);
    ck_assert_uint_eq(kit_head(&k), 3);
    kit_finish(&k);
}
END_TEST

static Suite *suite(void) {
    Suite *s = suite_create("accounts offline");
    TCase *t = tcase_create("madoguchid account");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, the_last_administrator_comes_back);
    tcase_add_test(t, a_password_is_given);
    tcase_add_test(t, logins_end_with_the_account);
    tcase_add_test(t, refusals);
    suite_add_tcase(s, t);
    return s;
}

int main(void) {
    kit_begin();
    int status = suite_run(suite());
    kit_end();
    return status;
}
