/* Logins on the command line: the token and its file, passwords from a terminal, from
 * standard input and from files, and what is said when a login has ended. */
#include "tests/kit_client.h"
#include "tests/suite.h"

#include <check.h>
#include <errno.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include <utmp.h>

#define SECRET "a long new one"

static void start(struct kit *k) {
    kit_start_daemon(k, NULL);
    kit_client_ok(k, "account add one --role clerk --person '窓口 一'");
}

static void expect_me(const struct kit *k, const char *row) {
    kit_client_ok(k, "whoami --format csv");
    kit_printed(row);
}

/* A password that was given, on standard input of `words`. */
static int with_once(const struct kit *k, const char *words) {
    char before[128];
    char once[64];
    kit_client_ok(k, "account password one");
    ck_assert_int_eq(sscanf(kit_out, "%63s", once), 1);
    snprintf(before, sizeof before, "echo %s |", once);
    return kit_client(k, before, "%s", words);
}

START_TEST(login_whoami_logout) {
    struct kit k;
    start(&k);
    expect_me(&k, "\naccount,root\n");
    kit_client_ok(&k, "logout");
    kit_said_client("Nobody is logged in at unix:");
    ck_assert_int_eq(with_once(&k, "login one"), 0);
    kit_said_client("Logged in as one.\nThis password serves once.");
    expect_me(&k, "\npassword,once\n");
    kit_client_refused(&k, 1, "set your own with `madoguchi passwd`", "list");
    kit_client_ok(&k, "logout");
    ck_assert_str_eq(kit_err, "");
    expect_me(&k, "\naccount,root\n");
    kit_log_in(&k, "one", SECRET);
    expect_me(&k, "\naccount,one\nperson,窓口 一\nroles,clerk\n");
    kit_printed("\nby,token\n");
    kit_client_ok(&k, "log migration --date 2024-04-15");
    kit_client_ok(&k, "show M-2024-000001 --format csv");
    kit_printed(",窓口 一,");
    /* One's own new password ends no work. */
    ck_assert_int_eq(kit_client(&k, "printf '" SECRET "\\nanother long one\\n' |", "passwd"), 0);
    kit_said_client("The password was changed.");
    expect_me(&k, "\naccount,one\n");
    kit_client_ok(&k, "logout");
    ck_assert_int_eq(kit_client(&k, "echo '" SECRET "' |", "login one"), 1);
    kit_said_client("The name or the password is not right.");
    ck_assert_int_eq(kit_client(&k, "echo 'another long one' |", "login one"), 0);
    kit_finish(&k);
}
END_TEST

START_TEST(the_token_file) {
    struct kit k;
    char text[1000];
    start(&k);
    ck_assert_int_eq(with_once(&k, "login one"), 0);
    ck_assert_uint_eq(kit_mode(kit_token_file(&k)), 0600);
    ck_assert_uint_eq(kit_mode(kit_file(&k, "state/madoguchi", NULL)), 0700);
    ck_assert_uint_eq(kit_mode(kit_file(&k, "state", NULL)), 0700);
    snprintf(text, sizeof text, "%s", kit_text_of(kit_token_file(&k)));
    char prefix[400];
    int n = snprintf(prefix, sizeof prefix, "unix:%s ", k.d.socket);
    ck_assert_int_eq(strncmp(text, prefix, (size_t)n), 0);
    ck_assert_uint_eq(strlen(text), (size_t)n + 64 + 1);
    /* The same server by another name of its socket. */
    kit_client_ok(&k, "--server unix:%s/../%s/%s whoami --format csv", k.dir,
                  strrchr(k.dir, '/') + 1, strrchr(k.d.socket, '/') + 1);
    kit_printed("\naccount,one\n");
    /* Another server's line stays, this one's is replaced. */
    snprintf(prefix, sizeof prefix, "unix:/elsewhere %064d\n", 7);
    strcat(text, prefix);
    kit_file(&k, "state/madoguchi/token", text);
    kit_client_ok(&k, "logout");
    ck_assert_str_eq(kit_text_of(kit_token_file(&k)), prefix);
    ck_assert_int_eq(with_once(&k, "login one"), 0);
    ck_assert_int_eq(strncmp(kit_text_of(kit_token_file(&k)), prefix, strlen(prefix)), 0);
    ck_assert_uint_eq(kit_mode(kit_token_file(&k)), 0600);
    /* Nothing is left beside it. */
    ck_assert_int_eq(
        kit_client(&k, "test $(ls -a \"$XDG_STATE_HOME\"/madoguchi | wc -l) = 3 &&", "whoami"), 0);
    kit_finish(&k);
}
END_TEST

START_TEST(a_token_file_for_others_is_refused) {
    struct kit k;
    start(&k);
    ck_assert_int_eq(with_once(&k, "login one"), 0);
    for (int i = 0; i < 3; i++) {
        static const mode_t modes[] = {0640, 0604, 0620};
        ck_assert_int_eq(chmod(kit_token_file(&k), modes[i]), 0);
        kit_client_refused(&k, 1, "can be read by others", "whoami");
        kit_said_client("chmod 600 ");
        kit_client_refused(&k, 1, "can be read by others", "list");
        kit_client_refused(&k, 1, "can be read by others", "logout");
    }
    ck_assert_int_eq(chmod(kit_token_file(&k), 0600), 0);
    expect_me(&k, "\naccount,one\n");
    /* Nor one that is a link to it. */
    ck_assert_int_eq(kit_client(&k,
                                "cd \"$XDG_STATE_HOME\"/madoguchi && mv token real && "
                                "ln -s real token && cd \"$OLDPWD\" &&",
                                "whoami"),
                     1);
    kit_said_client("cannot be used");
    /* A command that asks nobody is not disturbed. */
    kit_client_ok(&k, "account rights");
    kit_finish(&k);
}
END_TEST

START_TEST(another_place_for_it) {
    struct kit k;
    start(&k);
    kit_client_ok(&k, "account password one");
    char before[300];
    snprintf(before, sizeof before, "export MADOGUCHI_TOKEN=%s/mine/t; echo %.20s |", k.dir,
             kit_out);
    ck_assert_int_eq(kit_client(&k, before, "login one"), 0);
    ck_assert_uint_eq(kit_mode(kit_file(&k, "mine/t", NULL)), 0600);
    ck_assert_uint_eq(kit_mode(kit_token_file(&k)), 0);
    expect_me(&k, "\naccount,root\n");
    ck_assert_int_eq(kit_client(&k, "unset XDG_STATE_HOME HOME; echo wrong |", "login one"), 1);
    kit_client_ok(&k, "account password one");
    snprintf(before, sizeof before, "unset XDG_STATE_HOME HOME; echo %.20s |", kit_out);
    ck_assert_int_eq(kit_client(&k, before, "login one"), 1);
    kit_said_client("There is no place for the token");
    snprintf(before, sizeof before, "export MADOGUCHI_TOKEN=/proc/none/t; echo %.20s |", kit_out);
    kit_client_ok(&k, "account password one");
    snprintf(before, sizeof before, "export MADOGUCHI_TOKEN=/proc/none/t; echo %.20s |", kit_out);
    ck_assert_int_eq(kit_client(&k, before, "login one"), 1);
    kit_said_client("MADOGUCHI_TOKEN names another");
    kit_finish(&k);
}
END_TEST

/* A login that has ended is told, and a new one works over it. */
START_TEST(a_login_that_has_ended) {
    struct kit k;
    start(&k);
    for (int i = 0; i < 2; i++) {
        char before[200];
        kit_log_in(&k, "one", SECRET);
        /* An administrator, who is the Unix user here, gives another password. */
        ck_assert_int_eq(kit_client(&k, "unset XDG_STATE_HOME; export HOME=/nonexistent;",
                                    "account password one"),
                         0);
        snprintf(before, sizeof before, "echo %.20s |", kit_out);
        kit_client_refused(&k, 1, "Log in again with `madoguchi login`", "whoami");
        kit_client_refused(&k, 1, "Log in again with `madoguchi login`", "list");
        kit_client_refused(&k, 1, "Log in again with `madoguchi login`",
                           "log migration --date 2024-04-15");
        if (i == 0) {
            ck_assert_int_eq(kit_client(&k, before, "login one"), 0);
            expect_me(&k, "\naccount,one\n");
            kit_client_ok(&k, "logout");
        } else {
            kit_client_ok(&k, "logout");
            ck_assert_str_eq(kit_text_of(kit_token_file(&k)), "");
        }
        expect_me(&k, "\naccount,root\n");
    }
    kit_finish(&k);
}
END_TEST

/* As an administrator's shell leaves HOME to the account that it runs a command as. */
START_TEST(a_home_of_others_has_no_token) {
    struct kit k;
    char before[3 * KIT_PATH];
    char folder[2 * KIT_PATH];
    const char *as = geteuid() == 0 ? "setpriv --bounding-set=-dac_override,-dac_read_search" : "";
    start(&k);
    ck_assert_int_eq(with_once(&k, "login one"), 0);
    snprintf(folder, sizeof folder, "%s", kit_token_file(&k));
    snprintf(before, sizeof before, "export MADOGUCHI_TOKEN=%s; %s", folder, as);
    *strrchr(folder, '/') = '\0';
    ck_assert_int_eq(chmod(folder, 0), 0);
    ck_assert_int_eq(kit_client(&k, as, "whoami --format csv"), 0);
    ck_assert_ptr_null(strstr(kit_out, "\naccount,one\n"));
    kit_printed("\naccount,");
    /* What is named is meant. */
    ck_assert_int_eq(kit_client(&k, before, "whoami"), 1);
    kit_said_client("cannot be used (Permission denied)");
    ck_assert_int_eq(chmod(folder, 0700), 0);
    expect_me(&k, "\naccount,one\n");
    kit_finish(&k);
}
END_TEST

START_TEST(passwords_of_files) {
    struct kit k;
    char path[2 * KIT_PATH];
    char words[4 * KIT_PATH];
    char text[400];
    start(&k);
    kit_client_ok(&k, "account password one");
    snprintf(text, sizeof text, "%.20s\r\nsecond line\n", kit_out);
    snprintf(path, sizeof path, "%s", kit_file(&k, "secret", text));
    ck_assert_int_eq(chmod(path, 0644), 0);
    kit_client_refused(&k, 1, "can be read by others. Do: chmod 600",
                       "login one --password-file %s", path);
    ck_assert_int_eq(chmod(path, 0600), 0);
    kit_client_ok(&k, "login one --password-file %s", path);
    kit_client_ok(&k, "logout");
    kit_file(&k, "secret", "");
    kit_client_refused(&k, 1, "No password was given", "login one --password-file %s", path);
    kit_client_refused(&k, 1, "No password was given", "login one"); /* /dev/null */
    kit_client_refused(&k, 1, "cannot be read", "login one --password-file %s.none", path);
    memset(text, 'x', sizeof text);
    text[201] = '\0';
    kit_file(&k, "secret", text);
    kit_client_refused(&k, 1, "at most 200 bytes", "login one --password-file %s", path);
    text[200] = '\0';
    kit_file(&k, "secret", text);
    kit_client_refused(&k, 1, "is not right", "login one --password-file %s", path);
    /* The user's name is the account's, as a word. */
    kit_client_ok(&k, "account add tester");
    snprintf(words, sizeof words, "login --password-file %s", path);
    kit_client_ok(&k, "account password tester");
    kit_file(&k, "secret", kit_out);
    kit_client_ok(&k, "%s", words);
    kit_said_client("Logged in as tester.");
    ck_assert_int_eq(kit_client(&k, "USER=__;", "%s", words), 2);
    kit_said_client("As whom?");
    kit_finish(&k);
}
END_TEST

START_TEST(passwords_that_are_refused) {
    struct kit k;
    start(&k);
    kit_log_in(&k, "one", SECRET);
    ck_assert_int_eq(kit_client(&k, "printf 'wrong one\\nanother long one\\n' |", "passwd"), 1);
    kit_said_client("is not right");
    ck_assert_int_eq(kit_client(&k, "printf '" SECRET "\\nshort\\n' |", "passwd"), 1);
    kit_said_client("at least 10 characters");
    ck_assert_int_eq(kit_client(&k, "printf '" SECRET "\\n123456789018\\n' |", "passwd"), 1);
    kit_said_client("looks like an individual number");
    ck_assert_int_eq(kit_client(&k, "printf '" SECRET "\\n' |", "passwd"), 1);
    kit_said_client("No password was given");
    expect_me(&k, "\naccount,one\n");
    kit_client_ok(&k, "logout");
    /* Whoever must wait is told how long, at once: trying again would be in vain. */
    int status = 1;
    for (int i = 0; i < 8 && strstr(kit_err, " seconds.") == NULL; i++) {
        status = kit_client(&k, "echo wrong |", "login one");
    }
    ck_assert_int_eq(status, 1);
    kit_said_client("Too many tries with a wrong password. The next one is possible in ");
    kit_client_ok(&k, "status --format csv");
    kit_printed("\nrefused_busy,1\n");
    kit_finish(&k);
}
END_TEST

/* ---- a terminal ------------------------------------------------------------------------- */

struct terminal {
    int fd;
    tcflag_t modes; /* before anybody changed them */
    pid_t pid;
    char seen[8192];
    size_t n;
};

static void open_terminal(const struct kit *k, struct terminal *t, const char *words) {
    struct termios modes;
    int other;
    *t = (struct terminal){.n = 0};
    ck_assert_int_eq(openpty(&t->fd, &other, NULL, NULL, NULL), 0);
    ck_assert_int_eq(tcgetattr(t->fd, &modes), 0);
    t->modes = modes.c_lflag;
    t->pid = fork();
    ck_assert_int_ge(t->pid, 0);
    if (t->pid == 0) {
        char command[4 * KIT_PATH];
        ck_assert_int_eq(login_tty(other), 0);
        const char *build = getenv("BUILD");
        snprintf(command, sizeof command,
                 "export LC_ALL=C XDG_STATE_HOME=%s/state; unset MADOGUCHI_TOKEN; exec "
                 "%s/madoguchi --server unix:%s %s",
                 k->dir, build != NULL ? build : "build", k->d.socket, words);
        execl("/bin/sh", "sh", "-c", command, (char *)NULL);
        _exit(127);
    }
    close(other);
}

/* Reads until the terminal shows it; false when it closes before. */
static bool await(struct terminal *t, const char *part) {
    while (strstr(t->seen, part) == NULL) {
        ssize_t n = read(t->fd, t->seen + t->n, sizeof t->seen - t->n - 1);
        if (n <= 0) {
            return false;
        }
        t->n += (size_t)n;
        t->seen[t->n] = '\0';
    }
    return true;
}

static void type(struct terminal *t, const char *prompt, const char *text) {
    ck_assert_msg(await(t, prompt), "no \"%s\" in: %s", prompt, t->seen);
    ck_assert_int_eq(write(t->fd, text, strlen(text)), (int)strlen(text));
}

static int close_terminal(struct terminal *t) {
    int status;
    (void)await(t, "never shown");
    ck_assert_int_eq(waitpid(t->pid, &status, 0), t->pid);
    return status; /* t->fd stays open for whoever looks at it */
}

START_TEST(typed_passwords_are_not_shown) {
    struct kit k;
    struct terminal t;
    start(&k);
    kit_log_in(&k, "one", SECRET);
    kit_client_ok(&k, "logout");
    open_terminal(&k, &t, "login one");
    type(&t, "Password of one: ", SECRET "\n");
    ck_assert_int_eq(close_terminal(&t), 0);
    ck_assert_ptr_nonnull(strstr(t.seen, "Logged in as one."));
    ck_assert_ptr_null(strstr(t.seen, SECRET));
    open_terminal(&k, &t, "passwd");
    type(&t, "Old password: ", SECRET "\n");
    type(&t, "New password: ", "another long one\n");
    type(&t, "New password again: ", "another wrong one\n");
    ck_assert_int_eq(WEXITSTATUS(close_terminal(&t)), 1);
    ck_assert_ptr_nonnull(strstr(t.seen, "are not the same; nothing was changed"));
    ck_assert_ptr_null(strstr(t.seen, "another"));
    expect_me(&k, "\naccount,one\n");
    open_terminal(&k, &t, "passwd");
    type(&t, "Old password: ", SECRET "\n");
    type(&t, "New password: ", "another long one\n");
    type(&t, "New password again: ", "another long one\n");
    ck_assert_int_eq(close_terminal(&t), 0);
    expect_me(&k, "\naccount,one\n");
    kit_finish(&k);
}
END_TEST

/* Whoever gives up has the terminal as it was. */
START_TEST(interrupted) {
    struct kit k;
    struct terminal t;
    struct termios after;
    start(&k);
    open_terminal(&k, &t, "login one");
    type(&t, "Password of one: ", "half\003");
    int status = close_terminal(&t);
    ck_assert_int_eq(tcgetattr(t.fd, &after), 0);
    close(t.fd);
    ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT, "%d %s", status, t.seen);
    ck_assert_uint_ne(t.modes & ECHO, 0);
    ck_assert_uint_eq(after.c_lflag, t.modes);
    kit_finish(&k);
}
END_TEST

static Suite *suite(void) {
    Suite *s = suite_create("client: logins");
    TCase *t = tcase_create("commands");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, login_whoami_logout);
    tcase_add_test(t, the_token_file);
    tcase_add_test(t, a_token_file_for_others_is_refused);
    tcase_add_test(t, another_place_for_it);
    tcase_add_test(t, a_login_that_has_ended);
    tcase_add_test(t, a_home_of_others_has_no_token);
    tcase_add_test(t, passwords_of_files);
    tcase_add_test(t, passwords_that_are_refused);
    tcase_add_test(t, typed_passwords_are_not_shown);
    tcase_add_test(t, interrupted);
    suite_add_tcase(s, t);
    return s;
}

int main(void) {
    kit_begin();
    int status = suite_run(suite());
    kit_end();
    return status;
}
