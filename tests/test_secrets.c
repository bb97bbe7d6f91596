/* The file of password and token hashes, and what it says of time. */
#include "store/secrets.h"
#include "tests/kit_store.h"
#include "tests/suite.h"

#include <check.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOW  UINT64_C(1749956400000)
#define IDLE UINT64_C(1800000)  /* half an hour without use */
#define LIFE UINT64_C(43200000) /* twelve hours */

static char dir[KIT_PATH];
static char path[KIT_PATH + 20];

static void setup(void) {
    kit_folder(dir);
    snprintf(path, sizeof path, "%s/secrets", dir);
}

static struct secrets *open_secrets(void) {
    struct secrets *s;
    struct error e = {0};
    ck_assert_msg(secrets_open(dir, &s, &e) == 0, "%s", e.en);
    return s;
}

static void save(const char *name, const char *text, mode_t mode) {
    char file[KIT_PATH + 40];
    snprintf(file, sizeof file, "%s/%s", dir, name);
    FILE *f = fopen(file, "we");
    ck_assert_ptr_nonnull(f);
    fputs(text, f);
    fclose(f);
    ck_assert_int_eq(chmod(file, mode), 0);
}

static void write_down(const struct secrets *s) {
    struct error e = {0};
    size_t len;
    char *text = secrets_text(s, &len);
    ck_assert_ptr_nonnull(text);
    ck_assert_msg(secrets_write(dir, text, len, &e) == 0, "%s", e.en);
    free(text);
}

static void hash_of(unsigned n, uint8_t hash[SECRETS_TOKEN]) {
    uint8_t token[SECRETS_TOKEN] = {(uint8_t)n, (uint8_t)(n >> 8)};
    secrets_hash(token, hash);
}

static void add(struct secrets *s, unsigned n, const char *name, uint64_t now) {
    uint8_t hash[SECRETS_TOKEN];
    struct error e = {0};
    hash_of(n, hash);
    ck_assert_msg(secrets_add_token(s, hash, name, false, now, &e) == 0, "%s", e.en);
}

/* The account of a token at a time, or "". */
static const char *uses(struct secrets *s, unsigned n, uint64_t now) {
    uint8_t hash[SECRETS_TOKEN];
    bool once;
    hash_of(n, hash);
    const char *name = secrets_use_token(s, hash, now, &once);
    return name != NULL ? name : "";
}

/* ---- passwords -------------------------------------------------------------------------- */

START_TEST(passwords_are_kept) {
    struct error e = {0};
    bool once;
    struct secrets *s = open_secrets();
    ck_assert_ptr_null(secrets_password(s, "tanaka", &once));
    ck_assert(!once);
    ck_assert_int_eq(secrets_set_password(s, "tanaka", "$a", true, NULL, &e), 0);
    ck_assert_int_eq(secrets_set_password(s, "abe", "$b", false, NULL, &e), 0);
    ck_assert_int_eq(secrets_set_password(s, "zen", "$c", false, NULL, &e), 0);
    add(s, 1, "abe", NOW);
    write_down(s);
    secrets_free(s);
    s = open_secrets();
    ck_assert_str_eq(secrets_password(s, "tanaka", &once), "$a");
    ck_assert(once);
    ck_assert_str_eq(secrets_password(s, "abe", &once), "$b");
    ck_assert(!once);
    ck_assert_str_eq(secrets_password(s, "zen", &once), "$c");
    ck_assert_ptr_null(secrets_password(s, "ab", &once));
    ck_assert_str_eq(uses(s, 1, NOW), "abe");
    secrets_free(s);
}
END_TEST

/* Who only looks whether a connection still stands keeps nobody logged in. */
START_TEST(looking_at_a_token_is_no_use_of_it) {
    uint8_t hash[SECRETS_TOKEN];
    bool once;
    struct secrets *s = open_secrets();
    add(s, 1, "abe", NOW);
    hash_of(1, hash);
    ck_assert_str_eq(secrets_see_token(s, hash, NOW + IDLE - 1, &once), "abe");
    ck_assert_ptr_null(secrets_see_token(s, hash, NOW + IDLE, &once));
    ck_assert_str_eq(uses(s, 1, NOW + IDLE - 1), "abe");
    ck_assert_str_eq(secrets_see_token(s, hash, NOW + IDLE, &once), "abe");
    secrets_free(s);
}
END_TEST

START_TEST(a_new_password_ends_tokens_but_one) {
    struct error e = {0};
    bool once;
    uint8_t own[SECRETS_TOKEN];
    struct secrets *s = open_secrets();
    hash_of(2, own);
    ck_assert_int_eq(secrets_add_token(s, own, "tanaka", true, NOW, &e), 0);
    add(s, 1, "tanaka", NOW);
    add(s, 3, "abe", NOW);
    ck_assert_int_eq(secrets_set_password(s, "tanaka", "$a", false, own, &e), 0);
    ck_assert_str_eq(uses(s, 1, NOW), "");
    ck_assert_str_eq(secrets_use_token(s, own, NOW, &once), "tanaka");
    ck_assert(!once);
    ck_assert_str_eq(uses(s, 3, NOW), "abe");
    ck_assert_int_eq(secrets_set_password(s, "tanaka", "$b", true, NULL, &e), 0);
    ck_assert_str_eq(uses(s, 2, NOW), "");
    ck_assert_uint_eq(secrets_tokens(s), 1);
    secrets_free(s);
}
END_TEST

/* ---- tokens ------------------------------------------------------------------------------ */

START_TEST(tokens_end_with_time) {
    struct secrets *s = open_secrets();
    add(s, 1, "tanaka", NOW);
    ck_assert_str_eq(uses(s, 1, NOW + IDLE - 1), "tanaka");
    /* Its use keeps it alive. */
    ck_assert_str_eq(uses(s, 1, NOW + 2 * IDLE - 2), "tanaka");
    ck_assert_str_eq(uses(s, 1, NOW + 3 * IDLE - 2), "");
    ck_assert_uint_eq(secrets_tokens(s), 0);
    ck_assert_str_eq(uses(s, 1, NOW), ""); /* and is not good again */
    /* But no longer than its life. */
    add(s, 2, "tanaka", NOW);
    for (uint64_t at = NOW; at < NOW + LIFE; at += IDLE / 2) {
        ck_assert_str_eq(uses(s, 2, at), "tanaka");
    }
    ck_assert_str_eq(uses(s, 2, NOW + LIFE - 1), "tanaka");
    ck_assert_str_eq(uses(s, 2, NOW + LIFE), "");
    /* A clock that is set back gives nothing and takes nothing. */
    add(s, 3, "tanaka", NOW);
    ck_assert_str_eq(uses(s, 3, NOW - 1000), "tanaka");
    ck_assert_str_eq(uses(s, 3, NOW + IDLE - 1), "tanaka");
    secrets_expire(s, NOW + LIFE);
    ck_assert_uint_eq(secrets_tokens(s), 0);
    secrets_free(s);
}
END_TEST

START_TEST(tokens_are_dropped) {
    uint8_t hash[SECRETS_TOKEN];
    struct secrets *s = open_secrets();
    add(s, 1, "tanaka", NOW);
    add(s, 2, "tanaka", NOW);
    hash_of(1, hash);
    secrets_drop_token(s, hash);
    ck_assert_str_eq(uses(s, 1, NOW), "");
    ck_assert_str_eq(uses(s, 2, NOW), "tanaka");
    secrets_drop_token(s, hash); /* nothing happens */
    ck_assert_uint_eq(secrets_tokens(s), 1);
    secrets_free(s);
}
END_TEST

START_TEST(an_account_has_twenty_tokens) {
    struct secrets *s = open_secrets();
    add(s, 500, "abe", NOW - 1000);
    for (unsigned n = 0; n < SECRETS_TOKENS_EACH; n++) {
        add(s, n, "tanaka", NOW + n);
    }
    ck_assert_str_eq(uses(s, 0, NOW + 100), "tanaka"); /* now 1 is unused longest */
    add(s, 100, "tanaka", NOW + 200);
    ck_assert_uint_eq(secrets_tokens(s), SECRETS_TOKENS_EACH + 1);
    ck_assert_str_eq(uses(s, 1, NOW + 300), "");
    ck_assert_str_eq(uses(s, 0, NOW + 300), "tanaka");
    ck_assert_str_eq(uses(s, 2, NOW + 300), "tanaka");
    ck_assert_str_eq(uses(s, 500, NOW + 300), "abe");
    secrets_free(s);
}
END_TEST

/* A file with as many as there may be; one more is refused, and none is lost. */
START_TEST(tokens_are_bounded) {
    struct error e = {0};
    uint8_t hash[SECRETS_TOKEN];
    FILE *f = fopen(path, "we");
    ck_assert_ptr_nonnull(f);
    fprintf(f, "madoguchi secrets 1\n");
    for (unsigned n = 0; n < SECRETS_TOKENS_MAX; n++) {
        fprintf(f, "token %064x user-%u 0 %llu %llu\n", n, n / 10, (unsigned long long)NOW,
                (unsigned long long)NOW);
    }
    fclose(f);
    ck_assert_int_eq(chmod(path, 0600), 0);
    struct secrets *s = open_secrets();
    ck_assert_uint_eq(secrets_tokens(s), SECRETS_TOKENS_MAX);
    hash_of(1, hash);
    ck_assert_int_eq(secrets_add_token(s, hash, "tanaka", false, NOW, &e), -1);
    ck_assert_int_eq(e.code, ERR_BUSY);
    ck_assert_uint_eq(secrets_tokens(s), SECRETS_TOKENS_MAX);
    /* When they are over there is room. */
    ck_assert_int_eq(secrets_add_token(s, hash, "tanaka", false, NOW + LIFE, &e), 0);
    ck_assert_uint_eq(secrets_tokens(s), 1);
    secrets_free(s);
}
END_TEST

static bool is_abe(void *ctx, const char *name) {
    (void)ctx;
    return strcmp(name, "abe") == 0;
}

START_TEST(tokens_go_with_their_account) {
    struct secrets *s = open_secrets();
    for (unsigned n = 0; n < 10; n++) {
        add(s, n, n % 2 == 0 ? "abe" : "tanaka", NOW);
    }
    secrets_keep(s, is_abe, NULL);
    for (unsigned n = 0; n < 10; n++) {
        ck_assert_str_eq(uses(s, n, NOW), n % 2 == 0 ? "abe" : "");
    }
    secrets_free(s);
}
END_TEST

/* ---- the file ------------------------------------------------------------------------------- */

#define HEAD  "madoguchi secrets 1\n"
#define TOKEN "token 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde"

static const struct {
    const char *text;
    unsigned line;
} damaged[] = {
    {"", 1},
    {"madoguchi secrets 2\n", 1},
    {"password tanaka 0 $a\n", 1},
    {HEAD "password tanaka 0 $a", 2}, /* cut */
    {HEAD "\n", 2},
    {HEAD "password tanaka 0 $a\npassword tanaka\n", 3},
    {HEAD "password Tanaka 0 $a\n", 2},
    {HEAD "password tanaka 0 $a more\n", 2},
    {HEAD "secret tanaka 0 $a\n", 2},
    {HEAD TOKEN " tanaka 0 1 1\n", 2}, /* 63 digits */
    {HEAD TOKEN "g tanaka 0 1 1\n", 2},
    {HEAD TOKEN "f tanaka 0 1\n", 2},
    {HEAD TOKEN "f tanaka 0 1 1 1\n", 2},
};

START_TEST(damage_is_found) {
    struct error e = {0};
    struct secrets *s;
    char line[20];
    save("secrets", damaged[_i].text, 0600);
    ck_assert_int_eq(secrets_open(dir, &s, &e), -1);
    ck_assert_int_eq(e.code, ERR_DOES_NOT_HOLD);
    snprintf(line, sizeof line, "line %u", damaged[_i].line);
    ck_assert_msg(strstr(e.en, line) != NULL, "%s", e.en);
    ck_assert_ptr_null(strstr(e.en, "tanaka"));
    ck_assert_ptr_null(strstr(e.ja, "$a"));
}
END_TEST

START_TEST(a_long_line_is_refused) {
    struct error e = {0};
    struct secrets *s;
    char text[1000] = HEAD "password tanaka 0 ";
    memset(text + strlen(text), 'a', 900);
    save("secrets", text, 0600);
    ck_assert_int_eq(secrets_open(dir, &s, &e), -1);
    ck_assert_int_eq(e.code, ERR_DOES_NOT_HOLD);
}
END_TEST

START_TEST(only_the_daemon_reads_it) {
    static const mode_t modes[] = {0640, 0604, 0620, 0666};
    struct error e = {0};
    struct secrets *s;
    char other[KIT_PATH + 40];
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        save("secrets", HEAD, modes[i]);
        ck_assert_int_eq(secrets_open(dir, &s, &e), -1);
        ck_assert_int_eq(e.code, ERR_STATE);
        ck_assert_ptr_nonnull(strstr(e.en, "chmod 600"));
    }
    save("elsewhere", HEAD, 0600);
    snprintf(other, sizeof other, "%s/elsewhere", dir);
    unlink(path);
    ck_assert_int_eq(symlink(other, path), 0);
    ck_assert_int_eq(secrets_open(dir, &s, &e), -1);
    unlink(path);
    ck_assert_int_eq(mkfifo(path, 0600), 0); /* nobody writes: not waited for */
    ck_assert_int_eq(secrets_open(dir, &s, &e), -1);
    ck_assert_int_eq(e.code, ERR_STATE);
}
END_TEST

START_TEST(it_is_written_for_the_daemon_only) {
    struct stat st;
    struct error e = {0};
    umask(0);
    struct secrets *s = open_secrets();
    ck_assert_int_eq(secrets_set_password(s, "tanaka", "$a", true, NULL, &e), 0);
    write_down(s);
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_uint_eq(st.st_mode & 07777, 0600);
    /* What a kill between left is no hindrance. */
    save("secrets.new", "half of i", 0644);
    secrets_free(s);
    s = open_secrets();
    write_down(s);
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_uint_eq(st.st_mode & 07777, 0600);
    secrets_free(s);
    secrets_free(open_secrets());
}
END_TEST

START_TEST(a_write_that_fails_leaves_the_old) {
    struct error e = {0};
    char other[KIT_PATH + 40];
    bool once;
    struct secrets *s = open_secrets();
    ck_assert_int_eq(secrets_set_password(s, "tanaka", "$a", false, NULL, &e), 0);
    write_down(s);
    snprintf(other, sizeof other, "%s/secrets.new", dir);
    ck_assert_int_eq(mkdir(other, 0700), 0);
    ck_assert_int_eq(secrets_write(dir, HEAD, strlen(HEAD), &e), -1);
    ck_assert_str_ne(e.en, "");
    secrets_free(s);
    s = open_secrets();
    ck_assert_str_eq(secrets_password(s, "tanaka", &once), "$a");
    secrets_free(s);
}
END_TEST

static void write_on(void) {
    struct error e;
    static char large[200000];
    size_t n = (size_t)snprintf(large, sizeof large, HEAD);
    for (int i = 0; i < 200; i++) {
        n += (size_t)snprintf(large + n, sizeof large - n, "password user-%04d 0 $%060d\n", i, i);
    }
    for (;;) {
        if (secrets_write(dir, large, n, &e) < 0 ||
            secrets_write(dir, HEAD, strlen(HEAD), &e) < 0) {
            _exit(1);
        }
    }
}

/* Killed anywhere: one or the other stands there, whole. */
START_TEST(a_kill_leaves_a_whole_file) {
    unsigned random = 12345;
    struct secrets *s = open_secrets();
    write_down(s);
    secrets_free(s);
    for (int round = 0; round < 40; round++) {
        pid_t child = fork();
        ck_assert_int_ge(child, 0);
        if (child == 0) {
            write_on();
        }
        random = random * 1103515245 + 12345;
        usleep(random / 65536 % 4000);
        ck_assert_int_eq(kill(child, SIGKILL), 0);
        int status;
        ck_assert_int_eq(waitpid(child, &status, 0), child);
        ck_assert(WIFSIGNALED(status));
        bool once;
        s = open_secrets();
        bool empty = secrets_password(s, "user-0000", &once) == NULL;
        ck_assert(empty == (secrets_password(s, "user-0199", &once) == NULL));
        secrets_free(s);
    }
}
END_TEST

int main(void) {
    Suite *s = suite_create("secrets");
    TCase *t = tcase_create("secrets");
    tcase_add_checked_fixture(t, setup, NULL);
    tcase_set_timeout(t, 30);
    tcase_add_test(t, passwords_are_kept);
    tcase_add_test(t, looking_at_a_token_is_no_use_of_it);
    tcase_add_test(t, a_new_password_ends_tokens_but_one);
    tcase_add_test(t, tokens_end_with_time);
    tcase_add_test(t, tokens_are_dropped);
    tcase_add_test(t, an_account_has_twenty_tokens);
    tcase_add_test(t, tokens_are_bounded);
    tcase_add_test(t, tokens_go_with_their_account);
    tcase_add_loop_test(t, damage_is_found, 0, (int)(sizeof damaged / sizeof damaged[0]));
    tcase_add_test(t, a_long_line_is_refused);
    tcase_add_test(t, only_the_daemon_reads_it);
    tcase_add_test(t, it_is_written_for_the_daemon_only);
    tcase_add_test(t, a_write_that_fails_leaves_the_old);
    tcase_add_test(t, a_kill_leaves_a_whole_file);
    suite_add_tcase(s, t);
    kit_begin();
    int status = suite_run(s);
    kit_end();
    return status;
}
