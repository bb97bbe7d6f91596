/* The daemon on a disk whose flushes take long, or fail: who only asks is
 * answered meanwhile, nothing is answered before its flush, and a flush that
 * failed ends the daemon without an answer.
 *
 * SLOW_MS sets how long a flush takes (1000). */
#include "tests/kit_store.h"
#include "tests/suite.h"

#include <check.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char control[KIT_PATH];

static void set_control(const char *text) {
    FILE *f = fopen(control, "we");
    ck_assert_ptr_nonnull(f);
    fputs(text, f);
    fclose(f);
}

static void slow_down(void) {
    const char *ms = getenv("SLOW_MS");
    char text[64];
    snprintf(text, sizeof text, "sleep %s", ms != NULL ? ms : "1000");
    set_control(text);
}

static const char *beside(const char *end) {
    static char path[KIT_PATH + 8];
    snprintf(path, sizeof path, "%s%s", control, end);
    return path;
}

static bool flushing(void) {
    return access(beside(".in"), F_OK) == 0;
}

/* Flushes done since the disk is slow. */
static unsigned flushes(void) {
    struct stat st;
    return stat(beside(".done"), &st) == 0 ? (unsigned)st.st_size : 0;
}

static void await_flush(void) {
    int64_t until = kit_clock() + KIT_PATIENCE;
    while (!flushing()) {
        ck_assert_msg(kit_clock() < until, "no flush begins");
        kit_pause(1);
    }
}

static bool readable(int fd) {
    struct pollfd p = {.fd = fd, .events = POLLIN};
    return poll(&p, 1, 0) == 1;
}

static void start_on_disk(struct kit *k) {
    char library[KIT_PATH];
    char options[KIT_PATH];
    const char *build = getenv("BUILD");
    const char *asan = getenv("ASAN_OPTIONS");
    snprintf(library, sizeof library, "%s/tests/slow_disk.so", build != NULL ? build : "build");
    ck_assert_msg(access(library, R_OK) == 0, "no %s", library);
    snprintf(options, sizeof options, "%s:verify_asan_link_order=0", asan != NULL ? asan : "");
    setenv("ASAN_OPTIONS", options, 1);
    setenv("SLOW_DISK", control, 1);
    setenv("LD_PRELOAD", library, 1);
    kit_daemon_start(&k->d, "free_floor_bytes: 1");
    unsetenv("LD_PRELOAD");
    k->fd = kit_hello(&k->d);
}

static void begin(struct kit *k) {
    kit_start(k, true);
    close(k->fd);
    ck_assert_int_eq(kit_daemon_stop(&k->d, SIGTERM), 0);
    ck_assert_int_lt(snprintf(control, sizeof control, "%.150s/disk", k->dir), KIT_PATH);
    start_on_disk(k);
}

static Madoguchi__Request *a_log(struct kit *k) {
    return kit_request(k, "log", "service", "citizen", "date", "2024-04-15", NULL);
}

static uint64_t take(struct kit *k, int fd, uint32_t serial) {
    const Madoguchi__Answer *answer = kit_answer_of(fd, &k->arena);
    ck_assert_uint_eq(answer->serial, serial);
    ck_assert_int_eq(answer->body_case, MADOGUCHI__ANSWER__BODY_RECORDED);
    return answer->recorded->seq;
}

/* Asks all that can be asked; each answer comes while the same flush runs. */
static void ask_meanwhile(struct kit *k, const char *cases) {
    int writer = k->fd;
    k->fd = kit_hello(&k->d);
    kit_expect_alive(&k->d);
    ck_assert_uint_gt(kit_status(k, "connections"), 0);
    kit_stats(k, "cases", "FY2024", NULL, NULL, cases);
    close(k->fd);
    k->fd = writer;
}

START_TEST(who_asks_does_not_wait) {
    struct kit k;
    begin(&k);
    slow_down();
    for (unsigned round = 0; round < 2; round++) {
        ck_assert(kit_send_request(k.fd, 7, a_log(&k)));
        await_flush();
        ck_assert(kit_send_request(k.fd, 8, a_log(&k)));
        ask_meanwhile(&k, round == 0 ? "" : "2");
        ck_assert(flushing());
        ck_assert_uint_eq(flushes(), 2 * round);
        ck_assert(!readable(k.fd));
        /* The answer of the first group comes with its flush, that of the second
         * with another. */
        ck_assert_uint_eq(take(&k, k.fd, 7), 3 + 2 * round);
        ck_assert_uint_ge(flushes(), 2 * round + 1);
        ck_assert_uint_eq(take(&k, k.fd, 8), 4 + 2 * round);
        ck_assert_uint_ge(flushes(), 2 * round + 2);
    }
    unlink(control);
    kit_stats(&k, "cases", "FY2024", NULL, NULL, "4");
    kit_finish(&k);
}
END_TEST

START_TEST(stop_during_a_flush) {
    struct kit k;
    begin(&k);
    slow_down();
    Madoguchi__Request *first = a_log(&k);
    ck_assert(kit_send_request(k.fd, 7, first));
    await_flush();
    ck_assert_int_eq(kill(k.d.pid, SIGTERM), 0);
    kit_daemon_await_log(&k.d, "stopping", 1 + 1);
    ck_assert(flushing());
    ck_assert_uint_eq(take(&k, k.fd, 7), 3);
    ck_assert_uint_ge(flushes(), 1);
    kit_expect_end(k.fd);
    ck_assert_int_eq(kit_daemon_stop(&k.d, 0), 0);
    ck_assert_uint_eq(kit_daemon_logged(&k.d, "clean=yes"), 2);
    unlink(control);
    start_on_disk(&k);
    kit_record(&k, first);
    ck_assert(k.last.known);
    ck_assert_uint_eq(k.last.seq, 3);
    kit_finish(&k);
}
END_TEST

/* Asked again, each is recorded once, wherever the failed flush had left it. */
static void ask_again(struct kit *k, Madoguchi__Request **all, size_t n) {
    start_on_disk(k);
    for (size_t i = 0; i < n; i++) {
        kit_record(k, all[i]);
        ck_assert_msg(k->last.code == 0, "%s", k->last.en);
        ck_assert_uint_eq(k->last.seq, 3 + i);
    }
    kit_record(k, all[0]);
    ck_assert(k->last.known);
}

START_TEST(failed_flush_ends_without_an_answer) {
    enum { N = 5 };
    struct kit k;
    struct arena a;
    Madoguchi__Request *all[N];
    begin(&k);
    arena_init(&a, 1u << 20);
    all[0] = a_log(&k);
    kit_record(&k, all[0]);
    ck_assert_uint_eq(k.last.seq, 3);
    set_control("fail");
    for (uint32_t i = 1; i < N; i++) {
        all[i] = a_log(&k);
        ck_assert(kit_send_request(k.fd, i, all[i]));
    }
    ck_assert_ptr_null(kit_receive(k.fd, &a));
    close(k.fd);
    int status = kit_daemon_stop(&k.d, 0);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 70, "status %x", (unsigned)status);
    ck_assert_uint_eq(kit_daemon_logged(&k.d, "answered=none"), 1);
    ask_again(&k, all, N);
    kit_stats(&k, "cases", "FY2024", NULL, NULL, "5");
    arena_free(&a);
    kit_finish(&k);
}
END_TEST

int main(void) {
    Suite *s = suite_create("slow_disk");
    TCase *t = tcase_create("slow_disk");
    tcase_set_timeout(t, 120);
    tcase_add_test(t, who_asks_does_not_wait);
    tcase_add_test(t, stop_during_a_flush);
    tcase_add_test(t, failed_flush_ends_without_an_answer);
    suite_add_tcase(s, t);
    kit_begin();
    int status = suite_run(s);
    kit_end();
    return status;
}
