/* Logins over the socket of the real daemon: passwords, tokens, what ends them,
 * and what the journal, the log and the file of secrets keep of it. */
#include "tests/kit_login.h"
#include "tests/kit_private.h"
#include "tests/suite.h"

#include <check.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define FRESH "a new password of tanaka"

/* ---- short words ------------------------------------------------------------------------ */

static int change(struct kit *k, const char *old, const char *fresh) {
    return kit_code(k, kit_request(k, "password", "=old", old, "=fresh", fresh, NULL));
}

/* A connection with this token in the place of the kit's; 0 or the code it is refused with. */
static int enter(struct kit *k, const uint8_t *token, size_t len) {
    const Madoguchi__ServerMessage *said;
    int fd = kit_hello_with(&k->d, token, len, &k->arena, &said);
    ck_assert_ptr_nonnull(said);
    if (said->body_case == MADOGUCHI__SERVER_MESSAGE__BODY_WELCOME) {
        close(k->fd);
        k->fd = fd;
        return 0;
    }
    int code = (int)said->answer->error->code;
    kit_expect_end(fd);
    return code;
}

static const char *whoami(struct kit *k, const char *name) {
    const Madoguchi__Page *page = kit_read(k, kit_request(k, "whoami", NULL));
    ck_assert_ptr_nonnull(page);
    for (size_t i = 0; i < page->n_pair; i++) {
        if (bytes_equal(page->pair[i]->name, name)) {
            return arena_strndup(&k->arena, page->pair[i]->value.data, page->pair[i]->value.len);
        }
    }
    return "";
}

static int list(struct kit *k) {
    return kit_code(k, kit_request(k, "list", NULL));
}

/* ---- logging in ---------------------------------------------------------------------------- */

static void a_password_gives_a_token(struct kit *k) {
    uint8_t token[KIT_TOKEN];
    ck_assert_int_eq(kit_login(k, "tanaka", "tanaka", token), 0);
    ck_assert_str_eq(whoami(k, "account"), "root"); /* the connection is who it was */
    ck_assert_int_eq(enter(k, token, KIT_TOKEN), 0);
    ck_assert_str_eq(whoami(k, "account"), "tanaka");
    ck_assert_str_eq(whoami(k, "by"), "token");
    ck_assert_str_eq(whoami(k, "roles"), "clerk");
    kit_log(k, "migration", "2024-05-10", NULL);
    ck_assert(bytes_equal(kit_show(k, k->last.seq)->actor, "tanaka"));
    /* As long as it is used, also by another process of the daemon. */
    close(k->fd);
    ck_assert_int_eq(kit_daemon_stop(&k->d, SIGKILL), SIGKILL);
    kit_daemon_start(&k->d, "free_floor_bytes: 1");
    k->fd = kit_hello(&k->d);
    ck_assert_int_eq(enter(k, token, KIT_TOKEN), 0);
    ck_assert_str_eq(whoami(k, "account"), "tanaka");
}

/* Threads of the daemon that give way. */
static int nice_threads(const struct kit *k) {
    char counting[120];
    snprintf(counting, sizeof counting,
             "exit $(sed 's/.*) //' /proc/%d/task/*/stat | awk '$17 == 10' | wc -l)",
             (int)k->d.pid);
    return WEXITSTATUS(system(counting));
}

static void hashing_gives_way(struct kit *k) {
    close(k->fd);
    ck_assert_int_eq(kit_daemon_stop(&k->d, SIGTERM), 0);
    kit_daemon_start(&k->d, "free_floor_bytes: 1");
    k->fd = kit_hello(&k->d);
    ck_assert_int_eq(kit_login(k, "tanaka", "tanaka", NULL), 0);
    ck_assert_int_eq(nice_threads(k), 1);
    ck_assert_int_eq(getpriority(PRIO_PROCESS, (id_t)k->d.pid), 0);
}

/* One answer to all that is not right. */
static void what_is_wrong_is_not_told(struct kit *k) {
    static const char *const tries[][2] = {{"tanaka", "wrong"}, {"unknown", "unknown"},
                                           {"off", "off"},      {"late", "late"},
                                           {"bare", "nobody"},  {"nobody", "nobody"}};
    char said[600] = "";
    for (size_t i = 0; i < sizeof tries / sizeof tries[0]; i++) {
        ck_assert_int_eq(kit_login(k, tries[i][0], tries[i][1], NULL), FORBIDDEN);
        ck_assert_str_eq(k->last.field, "password");
        ck_assert(i == 0 || strcmp(said, k->last.en) == 0);
        snprintf(said, sizeof said, "%s", k->last.en);
    }
    ck_assert_int_eq(kit_login(k, "abe", "abe", NULL), 0);
}

static void a_token_ends_with_logout(struct kit *k) {
    uint8_t token[KIT_TOKEN + 1] = {0};
    ck_assert_int_eq(kit_code(k, kit_request(k, "logout", NULL)), MADOGUCHI__ERROR_CODE__STATE);
    ck_assert_int_eq(kit_login(k, "tanaka", "tanaka", token), 0);
    ck_assert_int_eq(enter(k, token, KIT_TOKEN), 0);
    ck_assert_int_eq(kit_code(k, kit_request(k, "logout", NULL)), 0);
    ck_assert_int_eq(list(k), FORBIDDEN);
    ck_assert_str_eq(k->last.field, "token");
    ck_assert_int_eq(enter(k, token, KIT_TOKEN), FORBIDDEN);
    ck_assert_int_eq(enter(k, token, KIT_TOKEN - 1), MADOGUCHI__ERROR_CODE__MALFORMED);
    ck_assert_int_eq(enter(k, token, KIT_TOKEN + 1), MADOGUCHI__ERROR_CODE__MALFORMED);
    ck_assert_int_eq(enter(k, token, 0), MADOGUCHI__ERROR_CODE__MALFORMED);
}

static void a_password_is_changed(struct kit *k) {
    uint8_t token[KIT_TOKEN];
    ck_assert_int_eq(kit_login(k, "tanaka", "tanaka", token), 0);
    kit_become(k, "tanaka");
    ck_assert_int_eq(change(k, "wrong", FRESH), FORBIDDEN);
    ck_assert_int_eq(change(k, "", FRESH), FORBIDDEN);
    ck_assert_int_eq(change(k, "tanaka", "short"), MADOGUCHI__ERROR_CODE__INVALID);
    ck_assert_int_eq(change(k, "tanaka", "my 123456789018 sentence"),
                     MADOGUCHI__ERROR_CODE__INDIVIDUAL_NUMBER);
    ck_assert_int_eq(change(k, "a long password", "a long password"),
                     MADOGUCHI__ERROR_CODE__INVALID);
    ck_assert_str_eq(k->last.field, "fresh");
    ck_assert_int_eq(change(k, "tanaka", FRESH), 0);
    ck_assert_int_eq(list(k), 0); /* this token stays, the others end */
    ck_assert_int_eq(enter(k, token, KIT_TOKEN), FORBIDDEN);
    ck_assert_int_eq(kit_login(k, "tanaka", "tanaka", NULL), FORBIDDEN);
    ck_assert_int_eq(kit_login(k, "tanaka", FRESH, NULL), 0);
}

/* Given by an administrator: it serves to set another one, and for nothing else. */
static void a_given_password_serves_once(struct kit *k) {
    uint8_t token[KIT_TOKEN];
    kit_become(k, "boss");
    ck_assert_int_eq(kit_code(k, kit_request(k, "password", "name", "unknown", NULL)),
                     MADOGUCHI__ERROR_CODE__NOT_FOUND);
    const Madoguchi__Page *page = kit_read(k, kit_request(k, "password", "name", "tanaka", NULL));
    ck_assert_ptr_nonnull(page);
    const char *once =
        arena_strndup(&k->arena, page->pair[0]->value.data, page->pair[0]->value.len);
    ck_assert_uint_eq(strlen(once), 20);
    kit_token_of("tanaka", token);
    ck_assert_int_eq(enter(k, token, KIT_TOKEN), FORBIDDEN); /* ended by it */
    ck_assert_int_eq(kit_login(k, "tanaka", "tanaka", NULL), FORBIDDEN);
    ck_assert_int_eq(kit_login(k, "tanaka", once, token), 0);
    ck_assert_int_eq(enter(k, token, KIT_TOKEN), 0);
    ck_assert_str_eq(whoami(k, "password"), "once");
    static const char *const words[] = {"list", "stats", "status", "documents"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        Madoguchi__Request *r =
            strcmp(words[i], "documents") == 0 ? kit_request(k, words[i], "=kind", "1", NULL)
            : strcmp(words[i], "stats") == 0   ? kit_request(k, words[i], "count", "cases", NULL)
                                               : kit_request(k, words[i], NULL);
        ck_assert_int_eq(kit_code(k, r), FORBIDDEN);
        ck_assert_str_eq(k->last.field, "password");
    }
    ck_assert_int_eq(
        kit_code(k, kit_request(k, "log", "service", "migration", "date", "2024-05-10", NULL)),
        FORBIDDEN);
    ck_assert_int_eq(change(k, once, once), MADOGUCHI__ERROR_CODE__INVALID);
    ck_assert_int_eq(change(k, once, FRESH), 0);
    ck_assert_int_eq(list(k), 0);
    ck_assert_str_eq(whoami(k, "password"), "");
    ck_assert_int_eq(kit_login(k, "tanaka", once, NULL), FORBIDDEN);
    ck_assert_int_eq(kit_login(k, "tanaka", FRESH, token), 0);
    ck_assert_int_eq(enter(k, token, KIT_TOKEN), 0);
    ck_assert_int_eq(list(k), 0);
}

/* What is hashed meanwhile is judged by the password that holds when it is done. */
static void an_old_password_is_not_right_any_more(struct kit *k) {
    kit_become(k, "tanaka");
    ck_assert(kit_send_request(
        k->fd, 1, kit_request(k, "password", "=old", "tanaka", "=fresh", FRESH, NULL)));
    ck_assert(kit_send_request(k->fd, 2, kit_login_request(k, "tanaka", "tanaka")));
    ck_assert(kit_send_request(
        k->fd, 3, kit_request(k, "password", "=old", "tanaka", "=fresh", "another one", NULL)));
    int codes[4] = {0};
    for (int i = 0; i < 3; i++) {
        const Madoguchi__Answer *answer = kit_answer_of(k->fd, &k->arena);
        codes[answer->serial] = kit_code_of(answer);
    }
    ck_assert_int_eq(codes[1], 0);
    ck_assert_int_eq(codes[2], FORBIDDEN);
    ck_assert_int_eq(codes[3], FORBIDDEN);
}

/* ---- as time goes by ---------------------------------------------------------------------- */

/* Adds to the times of the tokens in the file, ms: when they were made and last used. */
static void age_tokens(struct kit *k, int64_t made, int64_t used) {
    char aging[3 * KIT_PATH];
    snprintf(aging, sizeof aging,
             "cd %s && umask 077 && awk '/^token/ { $5 = sprintf(\"%%.0f\", $5 + %lld); "
             "$6 = sprintf(\"%%.0f\", $6 + %lld) } 1' secrets >aged && mv aged secrets",
             k->d.store, (long long)made, (long long)used);
    close(k->fd);
    ck_assert_int_eq(kit_daemon_stop(&k->d, SIGTERM), 0);
    ck_assert_int_eq(system(aging), 0);
    kit_daemon_start(&k->d, "free_floor_bytes: 1");
    k->fd = kit_hello(&k->d);
}

static void tokens_grow_old(struct kit *k) {
    enum { MINUTE = 60000, HOUR = 60 * MINUTE };
    uint8_t token[KIT_TOKEN];
    ck_assert_int_eq(kit_login(k, "tanaka", "tanaka", token), 0);
    age_tokens(k, -29 * MINUTE, -29 * MINUTE);
    ck_assert_int_eq(enter(k, token, KIT_TOKEN), 0); /* which is a use */
    age_tokens(k, -29 * MINUTE, -29 * MINUTE);
    ck_assert_int_eq(enter(k, token, KIT_TOKEN), 0);
    age_tokens(k, 0, -31 * MINUTE);
    ck_assert_int_eq(enter(k, token, KIT_TOKEN), FORBIDDEN);
    ck_assert_int_eq(kit_login(k, "tanaka", "tanaka", token), 0);
    age_tokens(k, -12 * HOUR + 5 * MINUTE, 0);
    ck_assert_int_eq(enter(k, token, KIT_TOKEN), 0);
    age_tokens(k, -6 * MINUTE, 0);
    ck_assert_int_eq(enter(k, token, KIT_TOKEN), FORBIDDEN);
}

/* What comes while a password is hashed is asked by whoever the connection is. */
static void frames_between(struct kit *k) {
    uint8_t token[KIT_TOKEN];
    int codes[6] = {0};
    kit_token_of("boss", token);
    ck_assert_int_eq(enter(k, token, KIT_TOKEN), 0);
    ck_assert(kit_send_request(k->fd, 1, kit_login_request(k, "tanaka", "tanaka")));
    ck_assert(kit_send_request(
        k->fd, 2, kit_request(k, "tally", "service", "citizen", "date", "2024-04-15", NULL)));
    ck_assert(kit_send_request(k->fd, 3, kit_request(k, "whoami", NULL)));
    ck_assert(kit_send_request(k->fd, 4, kit_request(k, "accounts", NULL)));
    ck_assert(kit_send_request(k->fd, 5, kit_request(k, "logout", NULL)));
    for (int i = 0; i < 5; i++) {
        const Madoguchi__Answer *answer = kit_answer_of(k->fd, &k->arena);
        codes[answer->serial] = kit_code_of(answer);
        bool given = answer->body_case == MADOGUCHI__ANSWER__BODY_PAGE && answer->page->has_token;
        ck_assert(given == (answer->serial == 1));
        if (answer->serial == 3) {
            bool boss = false;
            for (size_t n = 0; n < answer->page->n_pair; n++) {
                boss = boss || bytes_equal(answer->page->pair[n]->value, "boss");
                ck_assert(!bytes_equal(answer->page->pair[n]->value, "tanaka"));
            }
            ck_assert(boss);
        }
    }
    ck_assert_int_eq(codes[1], 0);
    ck_assert_int_eq(codes[2], 0);
    ck_assert_int_eq(codes[4], 0);
    ck_assert_int_eq(codes[5], 0);
    /* The logout was boss's own. */
    ck_assert_int_eq(enter(k, token, KIT_TOKEN), FORBIDDEN);
}

/* ---- the end of an account ------------------------------------------------------------------ */

static void disable(struct kit *k, const char *name, bool disabled) {
    kit_become(k, "boss");
    kit_person(k, name, "clerk", NULL, NULL, "disabled", disabled ? "yes" : "no", NULL);
}

static int connection_of(struct kit *k, const char *name) {
    const Madoguchi__ServerMessage *said;
    uint8_t token[KIT_TOKEN];
    kit_token_of(name, token);
    int fd = kit_hello_with(&k->d, token, KIT_TOKEN, &k->arena, &said);
    ck_assert_int_eq(said->body_case, MADOGUCHI__SERVER_MESSAGE__BODY_WELCOME);
    return fd;
}

static void a_disabled_account_has_no_connection(struct kit *k) {
    uint8_t token[KIT_TOKEN];
    kit_token_of("tanaka", token);
    int idle = connection_of(k, "tanaka");
    int busy = connection_of(k, "tanaka");
    int other = connection_of(k, "abe");
    for (uint32_t i = 0; i < 30; i++) {
        ck_assert(kit_send_request(
            busy, i + 1,
            kit_request(k, "log", "service", "migration", "date", "2024-05-10", NULL)));
    }
    disable(k, "tanaka", true);
    uint64_t seq = k->last.seq;
    kit_expect_end(idle);
    kit_expect_end(busy);
    for (uint64_t later = seq + 1; later <= kit_head(k); later++) {
        const Madoguchi__Page *page =
            kit_read(k, kit_request(k, "show", "seq", kit_text(k, later), NULL));
        ck_assert(page == NULL || !bytes_equal(page->entry[0]->actor, "tanaka"));
    }
    ck_assert(kit_send_request(other, 1, kit_request(k, "list", NULL)));
    ck_assert_int_eq(kit_code_of(kit_answer_of(other, &k->arena)), 0);
    close(other);
    ck_assert_int_eq(enter(k, token, KIT_TOKEN), FORBIDDEN);
    disable(k, "tanaka", false);
    ck_assert_int_eq(enter(k, token, KIT_TOKEN), FORBIDDEN); /* it has ended */
    ck_assert_int_eq(kit_login(k, "tanaka", "tanaka", NULL), 0);
}

static void a_long_answer_ends_too(struct kit *k) {
    enum { EACH = 50 };
    Madoguchi__Request *requests[EACH];
    struct kit_answer answers[EACH];
    struct arena a;
    kit_become(k, "abe");
    for (int round = 0; round < 60; round++) {
        for (int i = 0; i < EACH; i++) {
            requests[i] = kit_request(k, "log", "service", "migration", "date", "2024-05-10", NULL);
        }
        kit_group(k, requests, EACH, answers);
    }
    int fd = connection_of(k, "tanaka");
    for (uint32_t i = 0; i < 8; i++) {
        ck_assert(kit_send_request(fd, i + 1, kit_request(k, "list", NULL)));
    }
    arena_init(&a, 64u << 20);
    ck_assert_ptr_nonnull(kit_receive(fd, &a)); /* it has begun, and nothing more is read */
    disable(k, "tanaka", true);
    unsigned ends = 0;
    const Madoguchi__ServerMessage *m;
    while ((m = kit_receive(fd, &a)) != NULL) {
        ends += !m->answer->more;
        arena_reset(&a);
    }
    ck_assert_uint_lt(ends, 8);
    arena_free(&a);
    close(fd);
}

static void two_users(struct kit *k) {
    enum { OTHER = 65534 };
    if (getuid() != 0) {
        return;
    }
    char above[KIT_PATH + 4];
    snprintf(above, sizeof above, "%s/..", k->dir);
    ck_assert_int_eq(chmod(above, 0755) + chmod(k->dir, 0755) + chmod(k->d.socket, 0666), 0);
    for (int round = 0; round < 2; round++) {
        close(k->fd);
        ck_assert_int_eq(seteuid(OTHER), 0);
        k->fd = kit_hello(&k->d);
        ck_assert_int_eq(seteuid(0), 0);
        ck_assert_str_eq(whoami(k, "source"), "uid:65534");
        if (round == 0) {
            ck_assert_int_eq(list(k), FORBIDDEN);
            ck_assert_str_eq(k->last.field, "account");
            kit_become(k, "boss");
            kit_person(k, "abe", "clerk", NULL, NULL, "uid", "65534", NULL);
        }
    }
    ck_assert_str_eq(whoami(k, "account"), "abe");
    kit_log(k, "migration", "2024-05-10", NULL);
    ck_assert(bytes_equal(kit_show(k, k->last.seq)->actor, "abe"));
    ck_assert_int_eq(kit_code(k, kit_request(k, "accounts", NULL)), FORBIDDEN);
}

/* ---- what is kept --------------------------------------------------------------------------- */

/* Whether these bytes stand in any file of the store, or in the log. */
static bool stands_anywhere(struct kit *k, const char *text) {
    char command[3 * KIT_PATH];
    snprintf(command, sizeof command, "grep -raqF -- '%s' %s %s", text, k->d.store, k->d.log);
    return system(command) == 0;
}

static const char *field_of(const Madoguchi__EntryRow *row, const char *name) {
    static char out[5][100];
    static int at;
    char *text = out[at++ % 5];
    text[0] = '\0';
    for (size_t i = 0; i < row->n_field; i++) {
        if (bytes_equal(row->field[i]->name, name)) {
            snprintf(text, 100, "%.*s", (int)row->field[i]->value.len,
                     (const char *)row->field[i]->value.data);
        }
    }
    return text;
}

/* "kind actor account count what", a line each. */
static void notices(struct kit *k, char out[4000]) {
    const Madoguchi__Page *page =
        kit_read(k, kit_request(k, "audit", "kind",
                                "login;login-failed;logout;password;password-reset;refused", NULL));
    ck_assert_ptr_nonnull(page);
    size_t n = 0;
    for (size_t i = 0; i < page->n_entry; i++) {
        const Madoguchi__EntryRow *row = page->entry[i];
        ck_assert_str_eq(field_of(row, "source"), "uid:0");
        n += (size_t)snprintf(out + n, 4000 - n, "%.*s|%.*s|%s|%s|%s\n", (int)row->kind.len,
                              (const char *)row->kind.data, (int)row->actor.len,
                              (const char *)row->actor.data, field_of(row, "account"),
                              field_of(row, "count"), field_of(row, "what"));
    }
}

static void notices_say_who(struct kit *k) {
    char out[4000] = "";
    uint8_t token[KIT_TOKEN];
    char command[3 * KIT_PATH];
    if (getuid() != 0) {
        return;
    }
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(kit_login(k, "tanaka", "typed-by-mistake", NULL), FORBIDDEN);
    }
    ck_assert_int_eq(kit_login(k, "off", "off", NULL), FORBIDDEN);
    ck_assert_int_eq(kit_login(k, "my-secret-as-a-name", "x", NULL), FORBIDDEN);
    ck_assert_int_eq(kit_login(k, "123456789018", "x", NULL),
                     MADOGUCHI__ERROR_CODE__INDIVIDUAL_NUMBER);
    ck_assert_int_eq(kit_login(k, "tanaka", "tanaka", token), 0);
    ck_assert_int_eq(enter(k, token, KIT_TOKEN), 0);
    ck_assert_int_eq(change(k, "tanaka", FRESH), 0);
    for (int i = 0; i < 4; i++) {
        ck_assert_int_eq(kit_code(k, kit_request(k, "accounts", NULL)), FORBIDDEN);
    }
    ck_assert_int_eq(kit_code(k, kit_request(k, "logout", NULL)), 0);
    kit_become(k, "boss");
    const Madoguchi__Page *page = kit_read(k, kit_request(k, "password", "name", "abe", NULL));
    const char *once =
        arena_strndup(&k->arena, page->pair[0]->value.data, page->pair[0]->value.len);
    const char *copy = arena_printf(&k->arena, "%s/copy", k->dir);
    ck_assert_int_eq(kit_code(k, kit_request(k, "backup", "directory", copy, NULL)), 0);
    snprintf(command, sizeof command, "! find %s | grep -q secrets", copy);
    ck_assert_int_eq(system(command), 0);
    close(k->fd);
    ck_assert_int_eq(kit_daemon_stop(&k->d, SIGTERM), 0);
    kit_daemon_start(&k->d, "free_floor_bytes: 1");
    k->fd = -1;
    kit_become(k, "boss");
    notices(k, out);
    ck_assert_str_eq(out, "login|tanaka|||\n"
                          "password|tanaka|||\n"
                          "logout|tanaka|||\n"
                          "password-reset|boss|abe||\n"
                          "login-failed|uid:0|tanaka|3|password\n"
                          "login-failed|uid:0|off|1|password\n"
                          "login-failed|uid:0||1|password\n"
                          "refused|tanaka||4|forbidden accounts\n");
    static const char *const never[] = {"typed-by-mistake", "my-secret-as-a-name", "123456789018",
                                        FRESH};
    for (size_t i = 0; i < sizeof never / sizeof never[0]; i++) {
        ck_assert_msg(!stands_anywhere(k, never[i]), "%s is kept", never[i]);
    }
    ck_assert(!stands_anywhere(k, once));
    char hex[2 * KIT_TOKEN + 1];
    sodium_bin2hex(hex, sizeof hex, token, KIT_TOKEN);
    ck_assert(!stands_anywhere(k, hex));
    ck_assert(stands_anywhere(k, "tanaka"));
}

/* Without the file nobody gets a token, and with it again all goes on. */
static void an_unwritten_token_is_none(struct kit *k) {
    char path[KIT_PATH + 40];
    snprintf(path, sizeof path, "%s/secrets.new", k->d.store);
    for (int i = 0; mkdir(path, 0700) != 0; i++) { /* what the start writes is under way */
        ck_assert_int_lt(i, 500);
        kit_pause(10);
    }
    ck_assert_int_ne(kit_login(k, "tanaka", "tanaka", NULL), 0);
    ck_assert_int_ne(k->last.code, FORBIDDEN);
    /* Nor is a password another one. */
    kit_become(k, "tanaka");
    ck_assert_int_ne(change(k, "tanaka", FRESH), 0);
    kit_become(k, "boss");
    ck_assert_int_ne(kit_code(k, kit_request(k, "password", "name", "abe", NULL)), 0);
    ck_assert_int_ne(kit_code(k, kit_request(k, "password", "name", "bare", NULL)), 0);
    ck_assert_int_eq(rmdir(path), 0);
    ck_assert_int_eq(kit_login(k, "tanaka", FRESH, NULL), FORBIDDEN);
    ck_assert_int_eq(kit_login(k, "tanaka", "tanaka", NULL), 0);
    ck_assert_int_eq(kit_login(k, "abe", "abe", NULL), 0);
    ck_assert_int_eq(kit_login(k, "bare", "bare", NULL), FORBIDDEN);
}

static void damaged_secrets_are_not_served(struct kit *k) {
    char path[KIT_PATH + 40];
    close(k->fd);
    k->fd = -1;
    ck_assert_int_eq(kit_daemon_stop(&k->d, SIGTERM), 0);
    snprintf(path, sizeof path, "%s/secrets", k->d.store);
    ck_assert_int_eq(chmod(path, 0644), 0);
    ck_assert_int_eq(kit_daemon_refuses(&k->d, NULL), 1);
    ck_assert_int_eq(unlink(path), 0);
    kit_daemon_start(&k->d, "free_floor_bytes: 1");
}

static void (*const scenarios[])(struct kit *k) = {
    a_password_gives_a_token,
    hashing_gives_way,
    what_is_wrong_is_not_told,
    a_token_ends_with_logout,
    a_password_is_changed,
    a_given_password_serves_once,
    an_old_password_is_not_right_any_more,
    tokens_grow_old,
    frames_between,
    a_disabled_account_has_no_connection,
    a_long_answer_ends_too,
    two_users,
    notices_say_who,
    an_unwritten_token_is_none,
    damaged_secrets_are_not_served,
};

START_TEST(scenario) {
    struct kit k;
    kit_login_begin(&k);
    scenarios[_i](&k);
    kit_login_finish(&k);
}
END_TEST

int main(void) {
    Suite *s = suite_create("login");
    TCase *t = tcase_create("daemon");
    tcase_set_timeout(t, 120);
    tcase_add_loop_test(t, scenario, 0, (int)(sizeof scenarios / sizeof scenarios[0]));
    suite_add_tcase(s, t);
    kit_begin();
    int status = suite_run(s);
    kit_end();
    return status;
}
