/* How often passwords may be tried over the socket of the real daemon, and how many are
 * hashed at once. */
#include "tests/kit_login.h"
#include "tests/suite.h"

#include "daemon/login.h"
#include "daemon/password.h"

#include <check.h>
#include <stdio.h>
#include <unistd.h>

/* Asked in one go, so that no time passes between them however long a hash takes: a
 * wrong one of `name`, which is the last that is free, and others behind it. */
static void ask_together(struct kit *k, const char *name, const char *const others[][2], size_t n,
                         int codes[]) {
    ck_assert(kit_send_request(k->fd, 1, kit_login_request(k, name, "wrong")));
    for (size_t i = 0; i < n; i++) {
        ck_assert(kit_send_request(k->fd, (uint32_t)i + 2,
                                   kit_login_request(k, others[i][0], others[i][1])));
    }
    for (size_t i = 0; i <= n; i++) {
        const Madoguchi__Answer *answer = kit_answer_of(k->fd, &k->arena);
        int code = kit_code_of(answer);
        ck_assert(answer->serial >= 1 && answer->serial <= n + 1);
        if (code == BUSY) {
            ck_assert_ptr_nonnull(
                memmem(answer->error->en.data, answer->error->en.len, "seconds", 7));
        }
        codes[answer->serial - 1] = code;
    }
}

static void wait_until_right(struct kit *k, const char *name) {
    int64_t start = kit_clock();
    while (kit_login(k, name, name, NULL) != 0) {
        ck_assert_int_eq(k->last.code, BUSY);
        ck_assert_int_lt(kit_clock(), start + KIT_PATIENCE);
        kit_pause(50);
    }
}

static void wrong_tries_take_time(struct kit *k) {
    /* What has to wait counts for nobody; others need not wait. */
    static const char *const others[][2] = {
        {"tanaka", "tanaka"}, {"tanaka", "wrong"}, {"tanaka", "tanaka"}, {"abe", "abe"}};
    int codes[5];
    for (int i = 0; i < 5; i++) {
        ck_assert_int_eq(kit_login(k, "tanaka", "wrong", NULL), FORBIDDEN);
    }
    ask_together(k, "tanaka", others, 4, codes);
    ck_assert_int_eq(codes[0], FORBIDDEN);
    ck_assert_int_eq(codes[1], BUSY);
    ck_assert_int_eq(codes[2], BUSY);
    ck_assert_int_eq(codes[3], BUSY);
    ck_assert_int_eq(codes[4], 0);
    wait_until_right(k, "tanaka");
}

/* Where it is tried from counts too, over all names. */
static void a_source_has_to_wait(struct kit *k) {
    static const char *const others[][2] = {{"abe", "abe"}};
    char name[32];
    int codes[2];
    for (int i = 0; i < 40; i++) { /* are free; the next is the last */
        snprintf(name, sizeof name, "unknown-%d", i);
        ck_assert_int_eq(kit_login(k, name, "x", NULL), FORBIDDEN);
    }
    ask_together(k, "unknown", others, 1, codes);
    ck_assert_int_eq(codes[0], FORBIDDEN);
    ck_assert_int_eq(codes[1], BUSY);
    wait_until_right(k, "abe");
}

/* A name that is none takes as long. */
static void nobody_costs_the_same(struct kit *k) {
    char hash[SECRETS_HASH];
    struct error e;
    (void)k;
    ck_assert_int_eq(password_hash("x", 1, hash, &e), 0);
    ck_assert_int_eq(strncmp(hash, "$argon2id$v=19$m=65536,t=2,p=1$", 31), 0);
    ck_assert_int_eq(strncmp(password_nobody, hash, 31), 0);
    ck_assert_uint_eq(strlen(password_nobody), strlen(hash));
}

static void too_many_hashes_are_refused(struct kit *k) {
    enum { CONNECTIONS = 4, EACH = 15 };
    int fds[CONNECTIONS];
    unsigned done = 0;
    unsigned busy = 0;
    uint8_t token[KIT_TOKEN];
    kit_token_of("boss", token);
    for (int c = 0; c < CONNECTIONS; c++) {
        const Madoguchi__ServerMessage *said;
        fds[c] = kit_hello_with(&k->d, token, KIT_TOKEN, &k->arena, &said);
        for (int i = 0; i < EACH; i++) {
            ck_assert(kit_send_request(fds[c], (uint32_t)i + 1,
                                       kit_request(k, "password", "name", "abe", NULL)));
        }
    }
    for (int c = 0; c < CONNECTIONS; c++) {
        for (int i = 0; i < EACH; i++) {
            int code = kit_code_of(kit_answer_of(fds[c], &k->arena));
            ck_assert(code == 0 || code == BUSY);
            done += code == 0;
            busy += code == BUSY;
        }
        close(fds[c]);
    }
    /* All that were let in are done. */
    ck_assert_uint_ge(done, LOGIN_WAITING);
    ck_assert_uint_gt(busy, 0);
    ck_assert_int_eq(kit_login(k, "tanaka", "tanaka", NULL), 0);
}

static void (*const scenarios[])(struct kit *k) = {
    wrong_tries_take_time,
    a_source_has_to_wait,
    nobody_costs_the_same,
    too_many_hashes_are_refused,
};

START_TEST(scenario) {
    struct kit k;
    kit_login_begin(&k);
    scenarios[_i](&k);
    kit_login_finish(&k);
}
END_TEST

int main(void) {
    Suite *s = suite_create("login_tries");
    TCase *t = tcase_create("daemon");
    tcase_set_timeout(t, 120);
    tcase_add_loop_test(t, scenario, 0, (int)(sizeof scenarios / sizeof scenarios[0]));
    suite_add_tcase(s, t);
    kit_begin();
    int status = suite_run(s);
    kit_end();
    return status;
}
