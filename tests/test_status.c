/* What an operator is told: the rows of status, warnings, slow requests, and
 * refusals at the floor with reading going on. */
#include "daemon/request.h"
#include "tests/kit_client.h"
#include "tests/suite.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

static void reload(struct kit *k, const char *config) {
    unsigned n = kit_daemon_logged(&k->d, " reloaded ");
    kit_daemon_configure(&k->d, config);
    kill(k->d.pid, SIGHUP);
    kit_daemon_await_log(&k->d, " reloaded ", n + 1);
}

static void restart(struct kit *k, const char *config) {
    close(k->fd);
    ck_assert_int_eq(kit_daemon_stop(&k->d, SIGTERM), 0);
    kit_daemon_start(&k->d, config);
    k->fd = kit_hello(&k->d);
}

static void expect_text(struct kit *k, const char *name, const char *value) {
    const char *text = kit_status_text(k, name);
    ck_assert_msg(text != NULL, "status has no %s", name);
    ck_assert_msg(strcmp(text, value) == 0, "%s is \"%s\" and not \"%s\"", name, text, value);
}

static void tally(struct kit *k) {
    kit_ok(k, "tally", "service", "citizen", "date", "2024-04-15", "count", "3", NULL);
}

/* ---- rows ------------------------------------------------------------------------ */

/* Every row there is, before anything happened. */
static const char *const always[] = {
    "municipality",
    "name",
    "head",
    "head_hash",
    "applied",
    "recorded_at",
    "fold_version",
    "full",
    "groups",
    "entries",
    "last_flush_us",
    "flush_p99_us",
    "flush_sum_us",
    "group_mean",
    "group_p99",
    "map_bytes",
    "map_used",
    "map_used_percent",
    "disk_bytes",
    "disk_used_percent",
    "free_bytes",
    "free_floor_bytes",
    "segments",
    "journal_bytes",
    "last_backup",
    "last_backup_seq",
    "last_backup_age_s",
    "readers",
    "readers_max",
    "version",
    "protocol",
    "uptime_s",
    "connections",
    "connections_max",
    "connections_total",
    "connections_refused",
    "requests_total",
    "queue",
    "questions",
    "logins",
    "everything_by",
    "libevent",
    "lmdb",
    "protobuf-c",
    "libsodium",
    "warning_disk",
    "warning_map",
    "warning_full",
};

START_TEST(every_row_is_there) {
    struct kit k;
    char name[64];
    kit_start_daemon(&k, NULL);
    for (size_t i = 0; i < sizeof always / sizeof always[0]; i++) {
        ck_assert_msg(kit_status_text(&k, always[i]) != NULL, "no %s", always[i]);
    }
    for (int code = ERR_MALFORMED; code <= ERR_DOES_NOT_HOLD; code++) {
        snprintf(name, sizeof name, "refused_%s", error_word(code));
        expect_text(&k, name, "0");
    }
    for (unsigned kind = 0; kind < REQUEST_KINDS; kind++) {
        if (kind != REQUEST_STATUS) {
            snprintf(name, sizeof name, "answers_%s", request_kind_word(kind));
            expect_text(&k, name, "0");
            snprintf(name, sizeof name, "answer_sum_us_%s", request_kind_word(kind));
            expect_text(&k, name, "0");
            snprintf(name, sizeof name, "answer_p99_us_%s", request_kind_word(kind));
            expect_text(&k, name, "");
        }
    }
    expect_text(&k, "head", "2");
    expect_text(&k, "groups", "0");
    expect_text(&k, "flush_p99_us", "");
    expect_text(&k, "last_backup_age_s", "");
    expect_text(&k, "free_floor_bytes", "1"); /* as the kit starts it */
    expect_text(&k, "full", "no");
    expect_text(&k, "queue", "0");
    kit_finish(&k);
}
END_TEST

static void ask(struct kit *k, int body_case, void *body) {
    Madoguchi__Request r = MADOGUCHI__REQUEST__INIT;
    r.body_case = (Madoguchi__Request__BodyCase)body_case;
    r.ping = body; /* any member of the union */
    (void)kit_read(k, &r);
}

/* One of each kind is counted and timed under its name. */
START_TEST(kinds_are_counted) {
    struct kit k;
    Madoguchi__Indicators indicators = MADOGUCHI__INDICATORS__INIT;
    Madoguchi__Prove prove = MADOGUCHI__PROVE__INIT;
    Madoguchi__Documents documents = MADOGUCHI__DOCUMENTS__INIT;
    Madoguchi__Verify verify = MADOGUCHI__VERIFY__INIT;
    Madoguchi__Ping ping = MADOGUCHI__PING__INIT;
    Madoguchi__Backup backup = MADOGUCHI__BACKUP__INIT;
    Madoguchi__Accounts accounts = MADOGUCHI__ACCOUNTS__INIT;
    Madoguchi__Audit audit = MADOGUCHI__AUDIT__INIT;
    Madoguchi__Restatements restatements = MADOGUCHI__RESTATEMENTS__INIT;
    Madoguchi__Logout logout = MADOGUCHI__LOGOUT__INIT;
    Madoguchi__Whoami whoami = MADOGUCHI__WHOAMI__INIT;
    char directory[KIT_PATH + 8];
    kit_start_daemon(&k, NULL);
    snprintf(directory, sizeof directory, "%s/backup", k.dir);
    SET(&indicators, plan, bytes_of("none"));
    SET(&restatements, plan, bytes_of("none"));
    SET(&prove, plan, bytes_of("none"));
    SET(&prove, indicator, bytes_of("none"));
    SET(&prove, year, 2024);
    SET(&documents, kind, MADOGUCHI__DOCUMENT_KIND__CATALOGUE);
    SET(&backup, directory, bytes_of(directory));
    tally(&k);
    tally(&k);
    kit_refused(&k, ERR_UNKNOWN_CODE, "service", "tally", "service", "moon", "date", "2024-04-15",
                NULL);
    (void)kit_show(&k, 3);
    (void)kit_list(&k, NULL);
    kit_stats(&k, "contacts", "FY2024", NULL, NULL, "6");
    ask(&k, MADOGUCHI__REQUEST__BODY_INDICATORS, &indicators);
    ask(&k, MADOGUCHI__REQUEST__BODY_PROVE, &prove);
    ask(&k, MADOGUCHI__REQUEST__BODY_DOCUMENTS, &documents);
    ask(&k, MADOGUCHI__REQUEST__BODY_VERIFY, &verify);
    ask(&k, MADOGUCHI__REQUEST__BODY_PING, &ping);
    ask(&k, MADOGUCHI__REQUEST__BODY_BACKUP, &backup);
    ask(&k, MADOGUCHI__REQUEST__BODY_ACCOUNTS, &accounts);
    ask(&k, MADOGUCHI__REQUEST__BODY_AUDIT, &audit);
    ask(&k, MADOGUCHI__REQUEST__BODY_RESTATEMENTS, &restatements);
    ask(&k, MADOGUCHI__REQUEST__BODY_LOGOUT, &logout);
    ask(&k, MADOGUCHI__REQUEST__BODY_WHOAMI, &whoami);
    ck_assert_uint_eq(kit_status(&k, "answers_record"), 3);
    for (unsigned kind = 0; kind < REQUEST_KINDS; kind++) {
        char name[64];
        snprintf(name, sizeof name, "answers_%s", request_kind_word(kind));
        ck_assert_msg(kit_status(&k, name) >= 1, "%s", name);
        snprintf(name, sizeof name, "answer_p99_us_%s", request_kind_word(kind));
        ck_assert_msg(strlen(kit_status_text(&k, name)) > 0, "%s", name);
    }
    ck_assert_uint_eq(kit_status(&k, "refused_unknown-code"), 1);
    ck_assert_uint_eq(kit_status(&k, "refused_not-found"), 3);
    ck_assert_uint_eq(kit_status(&k, "groups"), 3); /* the copy is noted */
    ck_assert_uint_eq(kit_status(&k, "entries"), 3);
    expect_text(&k, "group_mean", "1.0");
    expect_text(&k, "group_p99", "1");
    ck_assert_uint_ge(kit_status(&k, "flush_sum_us"), kit_status(&k, "last_flush_us"));
    ck_assert_uint_gt(strlen(kit_status_text(&k, "flush_p99_us")), 0);
    ck_assert_uint_eq(kit_status(&k, "last_backup_seq"), 4);
    ck_assert_uint_lt(kit_status(&k, "last_backup_age_s"), 3600);
    ck_assert_uint_gt(strlen(kit_status_text(&k, "last_backup_age_s")), 0);
    kit_finish(&k);
}
END_TEST

START_TEST(formats) {
    struct kit k;
    kit_start_daemon(&k, NULL);
    kit_client_ok(&k, "--format csv status");
    for (size_t i = 0; i < sizeof always / sizeof always[0]; i++) {
        char row[64];
        snprintf(row, sizeof row, "\n%s,", always[i]);
        kit_printed(row);
    }
    kit_printed("\nanswer_sum_us_list,0\n");
    kit_client_ok(&k, "--format json status");
    kit_printed("{\"name\": \"warning_map\", \"value\": \"no\"}");
    kit_client_ok(&k, "--format text status");
    kit_printed("Connections turned away");
    ck_assert_ptr_null(strstr(kit_out, "_us"));
    ck_assert_ptr_null(strstr(kit_out, "Answered: list"));
    kit_finish(&k);
}
END_TEST

/* ---- warnings ------------------------------------------------------------------------ */

/* Begins and ends with one line each, however often it is looked at. */
START_TEST(a_warning_is_logged_twice) {
    struct kit k;
    kit_start_daemon(&k, "map_bytes: 1 MiB\nwarn_percent: 1");
    kit_daemon_await_log(&k.d, "warning-begins kind=map", 1);
    for (int i = 0; i < 3; i++) {
        expect_text(&k, "warning_map", "yes");
        tally(&k);
    }
    const char *said = kit_status_text(&k, "warning");
    ck_assert_ptr_nonnull(said);
    reload(&k, "map_bytes: 1 MiB\nwarn_percent: 100");
    expect_text(&k, "warning_map", "no");
    expect_text(&k, "warning_disk", "no");
    ck_assert_ptr_null(kit_status_text(&k, "warning"));
    ck_assert_uint_eq(kit_daemon_logged(&k.d, "warning-begins kind=map"), 1);
    ck_assert_uint_eq(kit_daemon_logged(&k.d, "warning-ends kind=map"), 1);
    kit_finish(&k);
}
END_TEST

/* 70 % unless told otherwise: the sentence says what to do, in both languages. */
START_TEST(map_at_70_percent) {
    struct kit k;
    char config[64];
    kit_start_daemon(&k, NULL);
    for (int i = 0; i < 300; i++) {
        tally(&k);
    }
    kit_stats(&k, "contacts", "FY2024", NULL, NULL, "900");
    expect_text(&k, "warning_map", "no");
    unsigned long used = kit_status(&k, "map_used");
    snprintf(config, sizeof config, "map_bytes: %lu", (used * 100 / 75 + 4095) / 4096 * 4096);
    restart(&k, config);
    ck_assert_uint_ge(kit_status(&k, "map_used_percent"), 70);
    expect_text(&k, "warning_map", "yes");
    expect_text(&k, "full", "no");
    kit_client_ok(&k, "--format csv status");
    kit_printed("larger map_bytes");
    close(k.fd);
    k.fd = kit_connect(&k.d);
    kit_say_hello(k.fd, 1, "ja");
    ck_assert_ptr_nonnull(kit_receive(k.fd, &k.arena));
    ck_assert_ptr_nonnull(strstr(kit_status_text(&k, "warning"), "map_bytes を大きくして"));
    /* And on to the floor. */
    struct kit_answer a = {0};
    for (int i = 0; i < 20000 && a.code == 0; i++) {
        a = kit_record(&k,
                       kit_request(&k, "log", "service", "citizen", "date", "2024-04-15", NULL));
        if (i % 1000 == 999) {
            arena_reset(&k.arena);
        }
    }
    ck_assert_int_eq(a.code, ERR_FULL);
    expect_text(&k, "full", "yes");
    expect_text(&k, "warning_full", "yes");
    ck_assert_uint_eq(kit_daemon_logged(&k.d, "warning-begins kind=full"), 1);
    kit_stats(&k, "contacts", "FY2024", "service", "channel=phone", "");
    ck_assert_uint_gt(kit_list(&k, NULL)->n_case_row, 0);
    restart(&k, NULL);
    expect_text(&k, "full", "no");
    tally(&k);
    kit_finish(&k);
}
END_TEST

/* The disk is at its floor from the start: status says so before anybody tries,
 * and reading goes on. */
START_TEST(disk_below_the_floor) {
    struct kit k;
    struct statvfs disk;
    kit_start_daemon(&k, NULL);
    tally(&k);
    ck_assert_int_eq(statvfs(k.dir, &disk), 0);
    ck_assert_msg((uint64_t)disk.f_bavail * disk.f_frsize < (uint64_t)1 << 40,
                  "this test needs a disk with less than 1 TiB free");
    restart(&k, "free_floor_bytes: 1024 GiB\nwarn_percent: 100");
    expect_text(&k, "full", "yes");
    expect_text(&k, "warning_full", "yes");
    expect_text(&k, "free_floor_bytes", "1099511627776");
    kit_refused(&k, ERR_FULL, "", "tally", "service", "citizen", "date", "2024-04-15", NULL);
    kit_stats(&k, "contacts", "FY2024", NULL, NULL, "3");
    ck_assert_ptr_nonnull(strstr(kit_status_text(&k, "warning"), "MiB must stay free"));
    ck_assert_uint_eq(kit_status(&k, "refused_full"), 1);
    ck_assert_uint_eq(kit_daemon_logged(&k.d, "warning-begins kind=full"), 1);
    /* At 1 % of the disk there is a warning too, unless nearly nothing is on it. */
    reload(&k, "free_floor_bytes: 1024 GiB\nwarn_percent: 1");
    expect_text(&k, "warning_disk", kit_status(&k, "disk_used_percent") >= 1 ? "yes" : "no");
    restart(&k, NULL);
    expect_text(&k, "full", "no");
    expect_text(&k, "warning_full", "no");
    tally(&k);
    kit_finish(&k);
}
END_TEST

/* ---- slow requests --------------------------------------------------------------------- */

static void start_on_slow_disk(struct kit *k, const char *control, const char *config) {
    char library[KIT_PATH];
    char options[KIT_PATH];
    const char *build = getenv("BUILD");
    const char *asan = getenv("ASAN_OPTIONS");
    close(k->fd);
    ck_assert_int_eq(kit_daemon_stop(&k->d, SIGTERM), 0);
    snprintf(library, sizeof library, "%s/tests/slow_disk.so", build != NULL ? build : "build");
    ck_assert_msg(access(library, R_OK) == 0, "no %s", library);
    snprintf(options, sizeof options, "%s:verify_asan_link_order=0", asan != NULL ? asan : "");
    setenv("ASAN_OPTIONS", options, 1);
    setenv("SLOW_DISK", control, 1);
    setenv("LD_PRELOAD", library, 1);
    kit_daemon_start(&k->d, config);
    unsetenv("LD_PRELOAD");
    k->fd = kit_hello(&k->d);
}

static uint64_t record_with_text(struct kit *k) {
    return kit_ok(k, "tally", "service", "citizen", "date", "2024-04-15", "+on_behalf",
                  "Taro Nagai", NULL);
}

/* One line each, with the entry's number and nothing that was written in it; 0
 * turns it off. */
START_TEST(slow_requests_are_logged) {
    struct kit k;
    char control[KIT_PATH + 8];
    char line[64];
    kit_start_daemon(&k, NULL);
    snprintf(control, sizeof control, "%s/disk", k.dir);
    start_on_slow_disk(&k, control, "slow_request_ms: 500");
    record_with_text(&k);
    FILE *f = fopen(control, "we");
    ck_assert_ptr_nonnull(f);
    fputs("sleep 700", f);
    fclose(f);
    uint64_t slow = record_with_text(&k);
    snprintf(line, sizeof line, " entry=%llu", (unsigned long long)slow);
    kit_daemon_await_log(&k.d, line, 1);
    ck_assert_uint_eq(kit_daemon_logged(&k.d, "slow-request kind=record request="), 1);
    ck_assert_uint_eq(kit_daemon_logged(&k.d, "Taro"), 0);
    ck_assert_uint_eq(kit_daemon_logged(&k.d, "citizen"), 0);
    ck_assert_uint_ge(kit_status(&k, "answer_p99_us_record"), 680000);
    ck_assert_uint_ge(kit_status(&k, "last_flush_us"), 700000);
    reload(&k, "slow_request_ms: 0");
    record_with_text(&k);
    ck_assert_uint_eq(kit_daemon_logged(&k.d, "slow-request"), 1);
    reload(&k, "slow_request_ms: 500");
    record_with_text(&k);
    kit_daemon_await_log(&k.d, "slow-request kind=record", 2);
    kit_finish(&k);
}
END_TEST

/* A proof starts a process and folds everything: never within a millisecond. */
START_TEST(slow_questions_are_logged) {
    struct kit k;
    Madoguchi__Verify verify = MADOGUCHI__VERIFY__INIT;
    kit_start_daemon(&k, "slow_request_ms: 0");
    for (int i = 0; i < 300; i++) {
        tally(&k);
    }
    reload(&k, "slow_request_ms: 1");
    ask(&k, MADOGUCHI__REQUEST__BODY_VERIFY, &verify);
    kit_daemon_await_log(&k.d, "slow-request kind=verify", 1);
    ck_assert_uint_eq(kit_daemon_logged(&k.d, "slow-request kind=verify"), 1);
    kit_finish(&k);
}
END_TEST

int main(void) {
    Suite *s = suite_create("status");
    TCase *t = tcase_create("status");
    tcase_set_timeout(t, 120);
    tcase_add_test(t, every_row_is_there);
    tcase_add_test(t, kinds_are_counted);
    tcase_add_test(t, formats);
    tcase_add_test(t, a_warning_is_logged_twice);
    tcase_add_test(t, map_at_70_percent);
    tcase_add_test(t, disk_below_the_floor);
    tcase_add_test(t, slow_requests_are_logged);
    tcase_add_test(t, slow_questions_are_logged);
    suite_add_tcase(s, t);
    kit_begin();
    int status = suite_run(s);
    kit_end();
    return status;
}
