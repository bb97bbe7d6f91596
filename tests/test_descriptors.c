/* A daemon that has no descriptor left: it goes on answering who is connected,
 * accepts again when there are some, does not spin meanwhile and says so once;
 * a new segment and a backup are refused with a sentence and leave nothing half
 * done. */
#include "tests/kit_peer.h"
#include "tests/power_kit.h"
#include "tests/suite.h"

#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

static struct power_run r; /* a store whose segments are short */
static struct kit *k;

static void begin(void) {
    power_run_begin(&r, 1, false);
    k = &r.k;
    k->daemon = true;
    kit_daemon_start(&k->d, "free_floor_bytes: 1\nsegment_bytes: 1052672\nmap_bytes: 4 GiB\n"
                            "connections_max: 1000");
    k->fd = kit_hello(&k->d);
}

static void end(void) {
    kit_finish(k);
    free(r.asked);
}

/* Descriptors that are open. */
static unsigned descriptors(void) {
    char path[64];
    unsigned n = 0;
    snprintf(path, sizeof path, "/proc/%d/fd", (int)k->d.pid);
    DIR *d = opendir(path);
    ck_assert_ptr_nonnull(d);
    for (const struct dirent *e; (e = readdir(d)) != NULL;) {
        n += e->d_name[0] != '.';
    }
    closedir(d);
    return n;
}

static void limit(unsigned n) {
    const struct rlimit few = {.rlim_cur = n, .rlim_max = 4096};
    ck_assert_int_eq(prlimit(k->d.pid, RLIMIT_NOFILE, &few, NULL), 0);
}

/* CPU time of the daemon, ms. */
static long cpu_ms(void) {
    char path[64];
    unsigned long user;
    unsigned long system;
    snprintf(path, sizeof path, "/proc/%d/stat", (int)k->d.pid);
    FILE *f = fopen(path, "re");
    ck_assert_ptr_nonnull(f);
    ck_assert_int_eq(fscanf(f, "%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
                            &user, &system),
                     2);
    fclose(f);
    return (long)((user + system) * 1000 / (unsigned long)sysconf(_SC_CLK_TCK));
}

static Madoguchi__Request *a_log(void) {
    return kit_request(k, "log", "service", "migration", "date", "2024-04-15", NULL);
}

START_TEST(clients_until_refused) {
    enum { N = 40, PLACES = 6 };
    struct peer peers[N];
    unsigned open = 0;
    begin();
    limit(descriptors() + PLACES);
    for (unsigned i = 0; i < N; i++) {
        enum peer_state state = peer_open(&peers[i], &k->d, 5000);
        ck_assert_msg(state == PEER_OPEN || state == PEER_LOST, "%u: %d", i, (int)state);
        open += state == PEER_OPEN;
    }
    ck_assert_uint_ge(open, 1);
    ck_assert_uint_lt(open, N / 2);
    kit_daemon_await_log(&k->d, "accept-paused", 1);
    /* Who waits keeps nobody busy. */
    int waits = kit_connect(&k->d);
    long before = cpu_ms();
    int64_t start = kit_clock();
    while (kit_clock() < start + 1000) {
        kit_ok(k, "log", "service", "migration", "date", "2024-04-15", NULL);
        kit_pause(100);
    }
    ck_assert_int_lt(cpu_ms() - before, (kit_clock() - start) / 2);
    for (unsigned i = 0; i < N; i++) {
        if (peers[i].state == PEER_OPEN) {
            ck_assert_int_eq(peer_send(&peers[i], 3, a_log()), PEER_OPEN);
            struct peer_asked asked = {0};
            const Madoguchi__Answer *answer = peer_answer(&peers[i], 5000);
            ck_assert_ptr_nonnull(answer);
            ck_assert(peer_take(&asked, answer) && asked.seq > 0);
        }
        peer_close(&peers[i]);
    }
    close(waits);
    kit_expect_alive(&k->d);
    ck_assert_uint_eq(kit_daemon_logged(&k->d, "accept-paused"), 1);
    kit_daemon_await_log(&k->d, "accept-resumed", 1);
    end();
}
END_TEST

/* An error with sentences, and not one that blames the request. */
static void expect_refusal(const struct kit_answer *a) {
    ck_assert_msg(a->code == ERR_INTERNAL || a->code == ERR_FULL, "%d: %s", a->code, a->en);
    ck_assert_msg(strstr(a->en, "open files") != NULL, "%s", a->en);
}

START_TEST(a_new_segment) {
    begin();
    uint64_t recorded = 0;
    limit(3); /* not even one that was closed can be had again */
    struct kit_answer a = {0};
    /* Some segments may have been opened before. */
    for (unsigned i = 0; i < 400 && a.code == 0; i++) {
        a = kit_record(k, a_log());
        recorded += a.code == 0;
    }
    expect_refusal(&a);
    uint64_t head = kit_head(k);
    ck_assert_uint_eq(head, 2 + recorded);
    for (int i = 0; i < 5; i++) {
        a = kit_record(k, a_log());
        expect_refusal(&a);
    }
    ck_assert_uint_eq(kit_head(k), head);
    char text[24];
    snprintf(text, sizeof text, "%llu", (unsigned long long)recorded);
    kit_stats(k, "cases", "FY2024", NULL, NULL, text);
    limit(1024);
    for (int i = 0; i < 40; i++) {
        a = kit_record(k, a_log());
        ck_assert_msg(a.code == 0, "%s", a.en);
    }
    ck_assert_uint_eq(kit_head(k), head + 40);
    end();
}
END_TEST

static bool back_up(const char *directory) {
    Madoguchi__Request q = MADOGUCHI__REQUEST__INIT;
    Madoguchi__Backup backup = MADOGUCHI__BACKUP__INIT;
    q.body_case = MADOGUCHI__REQUEST__BODY_BACKUP;
    q.backup = &backup;
    SET(&backup, directory, bytes_of(directory));
    return kit_read(k, &q) != NULL;
}

START_TEST(a_backup) {
    char directory[KIT_PATH];
    unsigned refused = 0;
    begin();
    for (int i = 0; i < 60; i++) {
        kit_ok(k, "log", "service", "migration", "date", "2024-04-15", NULL);
    }
    snprintf(directory, sizeof directory, "%.150s/backup", k->dir);
    /* One descriptor more each time, until it can be made. */
    for (unsigned n = descriptors();; n++) {
        limit(n);
        if (back_up(directory)) {
            break;
        }
        expect_refusal(&k->last);
        refused++;
        ck_assert_uint_lt(refused, 20);
        kit_ok(k, "log", "service", "migration", "date", "2024-04-15", NULL);
    }
    ck_assert_uint_ge(refused, 2);
    limit(1024);
    ck_assert(back_up(directory));
    end();
}
END_TEST

int main(void) {
    Suite *s = suite_create("descriptors");
    TCase *t = tcase_create("descriptors");
    tcase_set_timeout(t, 120);
    tcase_add_test(t, clients_until_refused);
    tcase_add_test(t, a_new_segment);
    tcase_add_test(t, a_backup);
    suite_add_tcase(s, t);
    kit_begin();
    int status = suite_run(s);
    kit_end();
    return status;
}
