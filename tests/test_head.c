/* The head noted outside of the store, what is noted of exports and copies, and
 * months that are closed. */
#include "tests/kit_people.h"
#include "tests/suite.h"

#include "daemon/head.h"
#include "store/reach.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- the head --------------------------------------------------------------------------- */

/* The n-th head (from 1) in the daemon's log, as SEQ:HASH. */
static bool logged_head(const struct kit_daemon *d, unsigned n, char out[128]) {
    char line[1024];
    bool found = false;
    FILE *f = fopen(d->log, "r");
    ck_assert_ptr_nonnull(f);
    while (!found && fgets(line, sizeof line, f) != NULL) {
        const char *at = strstr(line, "journal-head head=");
        if (at != NULL && --n == 0) {
            found = sscanf(at, "journal-head head=%127[0-9a-f:]", out) == 1;
        }
    }
    fclose(f);
    return found;
}

static void expect_proof(const char *path, const char *head, int code, const char *says) {
    struct store_noted noted;
    struct error e = {0};
    ck_assert(store_noted_parse(head, &noted));
    int rc = store_verify(path, false, &noted, NULL, NULL, &e);
    ck_assert_msg((rc == 0) == (code == 0) && e.code == code, "%s: %d %s", head, e.code, e.en);
    if (code != 0) {
        ck_assert_str_eq(e.field, "head");
        ck_assert_msg(strstr(e.en, says) != NULL, "%s", e.en);
    }
}

/* Days of Japan: the next begins at 15:00 UTC. */
START_TEST(the_head_is_logged_once_a_day) {
    static const int64_t at[] = {1718290799,         /* 2024-06-13 23:59:59 */
                                 1718290800,         /* 2024-06-14 00:00:00 */
                                 1718290800 + 86399, /* its last second */
                                 1718290800 + 86400, /* 2024-06-15 */
                                 1718290800 + 86401};
    static const unsigned lines[] = {1, 2, 2, 3, 3};
    struct store_status status = {.head = 7};
    struct kit_daemon d = {0};
    char head[128];
    uint32_t day = 0;
    char name[] = "/tmp/head-XXXXXX";
    int fd = mkstemp(name);
    int saved = dup(STDERR_FILENO);
    ck_assert(fd >= 0 && saved >= 0);
    snprintf(d.log, sizeof d.log, "%s", name);
    for (size_t i = 0; i < sizeof at / sizeof at[0]; i++) {
        fflush(stderr);
        dup2(fd, STDERR_FILENO);
        head_log_daily(&status, at[i], &day);
        fflush(stderr);
        dup2(saved, STDERR_FILENO);
        ck_assert(logged_head(&d, lines[i], head));
        ck_assert(!logged_head(&d, lines[i] + 1, head));
    }
    close(fd);
    close(saved);
    unlink(name);
}
END_TEST

START_TEST(the_log_has_the_head) {
    struct kit k;
    char first[128];
    char last[128];
    char other[128];
    kit_start_daemon(&k, NULL);
    kit_log(&k, "migration", "2024-04-15", NULL);
    kit_daemon_stop(&k.d, SIGTERM);
    ck_assert(logged_head(&k.d, 1, first)); /* at the start */
    ck_assert(logged_head(&k.d, 2, last));  /* at the stop */
    ck_assert(strncmp(first, "2:", 2) == 0 && strncmp(last, "3:", 2) == 0);
    expect_proof(k.d.store, first, 0, "");
    expect_proof(k.d.store, last, 0, "");
    snprintf(other, sizeof other, "2:%s", last + 2);
    expect_proof(k.d.store, other, ERR_DOES_NOT_HOLD, "was changed");
    snprintf(other, sizeof other, "4:%s", last + 2);
    expect_proof(k.d.store, other, ERR_DOES_NOT_HOLD, "cut off");
    ck_assert_int_eq(kit_daemon_run(&k.d, "verify", "--store", k.d.store, "--head", last, NULL), 0);
    ck_assert_int_eq(kit_daemon_run(&k.d, "verify", "--store", k.d.store, "--head", other, NULL),
                     1);
    ck_assert_int_eq(kit_daemon_run(&k.d, "verify", "--store", k.d.store, "--head", "3:12", NULL),
                     2);
    close(k.fd);
    arena_free(&k.arena);
}
END_TEST

START_TEST(heads_are_read_strictly) {
    struct store_noted n;
    char text[128];
    const char *const wrong[] = {"", "1", "1:", ":", "0:", "x:", "-1:", "1:zz", " 1:"};
    memset(text, 0, sizeof text);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        ck_assert_msg(!store_noted_parse(wrong[i], &n), "%s", wrong[i]);
    }
    snprintf(text, sizeof text, "12:%064d", 7);
    ck_assert(store_noted_parse(text, &n) && n.seq == 12 && n.hash[31] == 7);
    text[strlen(text) - 1] = '\0';
    ck_assert(!store_noted_parse(text, &n));
    snprintf(text, sizeof text, "12:%064d1", 7);
    ck_assert(!store_noted_parse(text, &n));
}
END_TEST

/* Whether the daemon says that the store holds, with that head; the code if not. */
static int prove_online(struct kit *k, uint64_t seq, const uint8_t *hash, size_t len) {
    Madoguchi__Verify verify = MADOGUCHI__VERIFY__INIT;
    Madoguchi__Request r = MADOGUCHI__REQUEST__INIT;
    SET(&verify, seq, seq);
    SET(&verify, hash, ((ProtobufCBinaryData){len, (uint8_t *)hash}));
    r.body_case = MADOGUCHI__REQUEST__BODY_VERIFY;
    r.verify = &verify;
    return kit_read(k, &r) != NULL ? 0 : k->last.code;
}

START_TEST(a_head_is_proved_online) {
    struct kit k;
    char text[128];
    struct store_noted n;
    kit_start_daemon(&k, NULL);
    kit_daemon_await_log(&k.d, "journal-head", 1);
    ck_assert(logged_head(&k.d, 1, text) && store_noted_parse(text, &n));
    kit_log(&k, "migration", "2024-04-15", NULL);
    ck_assert_int_eq(prove_online(&k, n.seq, n.hash, 32), 0);
    ck_assert_int_eq(prove_online(&k, n.seq, n.hash, 31), ERR_INVALID);
    ck_assert_int_eq(prove_online(&k, 0, n.hash, 32), ERR_INVALID);
    n.hash[5] ^= 1;
    ck_assert_int_eq(prove_online(&k, n.seq, n.hash, 32), ERR_DOES_NOT_HOLD);
    kit_finish(&k);
}
END_TEST

/* ---- what is handed out --------------------------------------------------------------------- */

/* Entries of a kind in the audit trail; fields of the last one as "name=value ". */
static unsigned audited(struct kit *k, const char *kind, char fields[512]) {
    ProtobufCBinaryData word = bytes_of(kind);
    Madoguchi__Audit audit = MADOGUCHI__AUDIT__INIT;
    Madoguchi__Request r = MADOGUCHI__REQUEST__INIT;
    audit.kind = &word;
    audit.n_kind = 1;
    r.body_case = MADOGUCHI__REQUEST__BODY_AUDIT;
    r.audit = &audit;
    const Madoguchi__Page *page = kit_read(k, &r);
    ck_assert_msg(page != NULL, "%s", k->last.en);
    fields[0] = '\0';
    size_t n = 0;
    if (page->n_entry > 0) {
        const Madoguchi__EntryRow *row = page->entry[page->n_entry - 1];
        n = (size_t)snprintf(fields, 512, "actor=%.*s ", (int)row->actor.len,
                             (const char *)row->actor.data);
        for (size_t i = 0; i < row->n_field; i++) {
            n += (size_t)snprintf(fields + n, 512 - n, "%.*s=%.*s ", (int)row->field[i]->name.len,
                                  (const char *)row->field[i]->name.data,
                                  (int)row->field[i]->value.len,
                                  (const char *)row->field[i]->value.data);
        }
    }
    return (unsigned)page->n_entry;
}

START_TEST(exports_and_copies_are_noted) {
    struct kit k;
    char fields[512];
    char directory[KIT_PATH + 8];
    Madoguchi__Backup backup = MADOGUCHI__BACKUP__INIT;
    Madoguchi__Request r = MADOGUCHI__REQUEST__INIT;
    kit_start_daemon(&k, NULL);
    for (int i = 0; i < 100; i++) {
        kit_log(&k, "migration", "2024-04-15", NULL);
    }
    ck_assert_ptr_nonnull(kit_list(&k, NULL));
    ck_assert_uint_eq(audited(&k, "export", fields), 0); /* a hundred are none yet */
    kit_log(&k, "migration", "2024-04-15", NULL);
    ck_assert_ptr_nonnull(kit_list(&k, NULL));
    ck_assert_uint_eq(audited(&k, "export", fields), 1);
    ck_assert_msg(strstr(fields, "actor=root ") != NULL && strstr(fields, "source=uid:") != NULL &&
                      strstr(fields, "count=101 ") != NULL && strstr(fields, "what=list ") != NULL,
                  "%s", fields);
    snprintf(directory, sizeof directory, "%s/backup", k.dir);
    SET(&backup, directory, bytes_of(directory));
    r.body_case = MADOGUCHI__REQUEST__BODY_BACKUP;
    r.backup = &backup;
    ck_assert_ptr_nonnull(kit_read(&k, &r));
    ck_assert_uint_eq(audited(&k, "backup", fields), 1);
    ck_assert_msg(strstr(fields, "actor=root ") != NULL, "%s", fields);
    SET(&backup, directory, bytes_of("/nowhere/at/all"));
    ck_assert_ptr_null(kit_read(&k, &r));
    ck_assert_uint_eq(audited(&k, "backup", fields), 1); /* one that failed is none */
    kit_finish(&k);
}
END_TEST

/* A request of this kind; the code of its refusal, or 0. */
static int refused(struct kit *k, Madoguchi__Request *r) {
    return kit_read(k, r) != NULL ? 0 : k->last.code;
}

/* The user that the daemon runs as may copy, prove and look after it without an
 * account, and nothing else. */
START_TEST(the_daemons_own_user_looks_after_it) {
    struct kit k;
    char directory[KIT_PATH + 8];
    Madoguchi__Account account = MADOGUCHI__ACCOUNT__INIT;
    Madoguchi__Backup backup = MADOGUCHI__BACKUP__INIT;
    Madoguchi__Status status = MADOGUCHI__STATUS__INIT;
    Madoguchi__Scope list = MADOGUCHI__SCOPE__INIT;
    Madoguchi__Accounts accounts = MADOGUCHI__ACCOUNTS__INIT;
    Madoguchi__Request r = MADOGUCHI__REQUEST__INIT;
    ProtobufCBinaryData role = bytes_of("administrator");
    kit_start_daemon(&k, NULL);
    /* The founder's account goes to another user; this connection is nobody's then. */
    Madoguchi__Request *change = kit_request(&k, "coverage", NULL);
    SET(&account, name, bytes_of("root"));
    SET(&account, uid, 4000000000u);
    SET(&account, replaces, 1);
    account.role = &role;
    account.n_role = 1;
    change->body_case = MADOGUCHI__REQUEST__BODY_ACCOUNT;
    change->account = &account;
    ck_assert_int_eq(kit_record(&k, change).code, 0);
    kit_daemon_await_log(&k.d, "account-ended", 1);
    close(k.fd);
    k.fd = kit_hello(&k.d);
    snprintf(directory, sizeof directory, "%s/backup", k.dir);
    SET(&backup, directory, bytes_of(directory));
    r.body_case = MADOGUCHI__REQUEST__BODY_BACKUP;
    r.backup = &backup;
    ck_assert_int_eq(refused(&k, &r), 0);
    r.body_case = MADOGUCHI__REQUEST__BODY_STATUS;
    r.status = &status;
    ck_assert_int_eq(refused(&k, &r), 0);
    r.body_case = MADOGUCHI__REQUEST__BODY_LIST;
    r.list = &list;
    ck_assert_int_eq(refused(&k, &r), ERR_FORBIDDEN);
    r.body_case = MADOGUCHI__REQUEST__BODY_ACCOUNTS;
    r.accounts = &accounts;
    ck_assert_int_eq(refused(&k, &r), ERR_FORBIDDEN);
    ck_assert_int_eq(
        kit_record(&k, kit_request(&k, "tally", "service", "citizen", "date", "2024-04-15", NULL))
            .code,
        ERR_FORBIDDEN);
    close(k.fd);
    kit_daemon_stop(&k.d, SIGTERM);
    arena_free(&k.arena);
}
END_TEST

/* Nor do the roles that its account has take this away. */
START_TEST(the_daemons_own_user_keeps_looking_after_it) {
    struct kit k;
    char directory[KIT_PATH + 8];
    Madoguchi__Backup backup = MADOGUCHI__BACKUP__INIT;
    Madoguchi__Accounts accounts = MADOGUCHI__ACCOUNTS__INIT;
    Madoguchi__Request r = MADOGUCHI__REQUEST__INIT;
    kit_start_daemon(&k, NULL);
    kit_person(&k, "kanri", "administrator", NULL, NULL, NULL);
    kit_person(&k, "root", "clerk", NULL, NULL, "uid", "0", NULL);
    snprintf(directory, sizeof directory, "%s/backup", k.dir);
    SET(&backup, directory, bytes_of(directory));
    r.body_case = MADOGUCHI__REQUEST__BODY_BACKUP;
    r.backup = &backup;
    ck_assert_int_eq(refused(&k, &r), 0);
    r.body_case = MADOGUCHI__REQUEST__BODY_ACCOUNTS;
    r.accounts = &accounts;
    ck_assert_int_eq(refused(&k, &r), ERR_FORBIDDEN);
    close(k.fd);
    kit_daemon_stop(&k.d, SIGTERM);
    arena_free(&k.arena);
}
END_TEST

/* ---- months ------------------------------------------------------------------------------------
 */

static struct kit_answer close_month(struct kit *k, uint32_t month, const char *service) {
    Madoguchi__Closing closing = MADOGUCHI__CLOSING__INIT;
    Madoguchi__Request *r = kit_request(k, "coverage", NULL); /* with an id of its own */
    SET(&closing, month, month);
    if (service != NULL) {
        SET(&closing, service, bytes_of(service));
    }
    r->body_case = MADOGUCHI__REQUEST__BODY_CLOSING;
    r->closing = &closing;
    return kit_record(k, r);
}

static void months_close(struct kit *k) {
    ck_assert_int_eq(close_month(k, 202404, "migration").code, 0);
    ck_assert_int_eq(close_month(k, 202404, "migration").code, ERR_STATE);
    ck_assert_str_eq(k->last.field, "month");
    kit_warned(k, 1, "tally", "service", "migration", "date", "2024-04-30", NULL);
    kit_warned(k, 0, "tally", "service", "migration", "date", "2024-05-01", NULL);
    kit_warned(k, 0, "tally", "service", "citizen", "date", "2024-04-30", NULL);
    ck_assert_int_eq(close_month(k, 202404, NULL).code, 0); /* the others too */
    ck_assert_int_eq(close_month(k, 202404, "citizen").code, ERR_STATE);
    kit_warned(k, 1, "tally", "service", "citizen", "date", "2024-04-30", NULL);
    ck_assert_int_eq(close_month(k, 202403, "moon").code, ERR_UNKNOWN_CODE);
    ck_assert_int_eq(close_month(k, 202413, NULL).code, ERR_INVALID);
    ck_assert_int_eq(close_month(k, 0, NULL).code, ERR_INVALID);
    ck_assert_int_eq(close_month(k, 4294967295u, NULL).code, ERR_INVALID);
    ck_assert_int_eq(close_month(k, 209901, NULL).code, ERR_INVALID); /* not over */
    kit_stats(k, "contacts", "2024-04", NULL, NULL, "3"); /* late, and counted in its month */
}

/* After a restart, too, somebody knows which months are closed. */
START_TEST(closed_months_stay_so) {
    struct kit k;
    kit_start(&k, false);
    ck_assert_int_eq(close_month(&k, 202404, NULL).code, 0);
    kit_close(&k, true);
    kit_open(&k);
    kit_warned(&k, 1, "tally", "service", "citizen", "date", "2024-04-30", NULL);
    ck_assert_int_eq(close_month(&k, 202404, NULL).code, ERR_STATE);
    kit_finish(&k);
}
END_TEST

static const struct kit_scenario scenarios[] = {{"months_close", months_close}};

static int whole(void) {
    Suite *s = suite_create("head");
    TCase *c = tcase_create("head");
    tcase_set_timeout(c, 60);
    tcase_add_unchecked_fixture(c, kit_begin, kit_end);
    tcase_add_test(c, the_log_has_the_head);
    tcase_add_test(c, the_head_is_logged_once_a_day);
    tcase_add_test(c, heads_are_read_strictly);
    tcase_add_test(c, a_head_is_proved_online);
    tcase_add_test(c, exports_and_copies_are_noted);
    tcase_add_test(c, the_daemons_own_user_looks_after_it);
    tcase_add_test(c, the_daemons_own_user_keeps_looking_after_it);
    tcase_add_test(c, closed_months_stay_so);
    suite_add_tcase(s, c);
    return suite_run(s);
}

int main(void) {
    int rc = kit_scenarios("months", scenarios, sizeof scenarios / sizeof scenarios[0]);
    return whole() != 0 ? 1 : rc;
}
