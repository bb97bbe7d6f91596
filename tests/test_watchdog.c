/* The watchdog of systemd is told that the daemon lives as long as it does:
 * also while the disk takes long to flush, up to a bound, and not when the loop
 * is stuck.  And a stop is not spoilt by a second signal.
 *
 * WATCHDOG_FLUSH_MS sets how long the flush takes (1200). */
#include "tests/kit_peer.h"
#include "tests/suite.h"

#include <check.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define WATCHDOG_MS 300

static struct kit k;
static int notified; /* what systemd would read */
static struct nth_control *nth;
static char control[KIT_PATH];

static void set_control(const char *what, unsigned long ms) {
    char beside[KIT_PATH + 8];
    snprintf(beside, sizeof beside, "%s.new", control);
    FILE *f = fopen(beside, "we");
    ck_assert_ptr_nonnull(f);
    fprintf(f, "%s %lu", what, ms);
    ck_assert_int_eq(fclose(f), 0);
    ck_assert_int_eq(rename(beside, control), 0);
}

static unsigned long flush_ms(void) {
    const char *given = getenv("WATCHDOG_FLUSH_MS");
    return given != NULL ? strtoul(given, NULL, 10) : 1200;
}

static bool flushing(void) {
    char path[KIT_PATH + 8];
    snprintf(path, sizeof path, "%s.in", control);
    return access(path, F_OK) == 0;
}

static void await_flush(void) {
    int64_t until = kit_clock() + KIT_PATIENCE;
    while (!flushing()) {
        ck_assert_msg(kit_clock() < until, "no flush begins");
        kit_pause(1);
    }
}

/* Pings that came since the last call, waiting up to ms for one. */
static unsigned pings(int ms) {
    unsigned n = 0;
    char text[512];
    struct pollfd p = {.fd = notified, .events = POLLIN};
    while (poll(&p, 1, ms) == 1) {
        ssize_t len = recv(notified, text, sizeof text - 1, 0);
        text[len > 0 ? len : 0] = '\0';
        n += strstr(text, "WATCHDOG=1") != NULL;
        ms = 0;
    }
    return n;
}

static void await_ping(void) {
    int64_t until = kit_clock() + KIT_PATIENCE;
    while (pings(10) == 0) {
        ck_assert_msg(kit_clock() < until, "no ping comes");
    }
}

/* Pings that came while the flush is under way. */
static unsigned pings_meanwhile(void) {
    unsigned n = 0;
    pings(0);
    while (flushing()) {
        unsigned came = pings(10);
        n += flushing() ? came : 0;
    }
    return n;
}

/* Whether the pings end while the flush is under way.  When, a loaded machine says
 * too: what it was about to send may come late. */
static bool pings_end(void) {
    int64_t last = kit_clock();
    while (flushing() && kit_clock() < last + 3 * WATCHDOG_MS) {
        if (pings(10) > 0) {
            last = kit_clock();
        }
    }
    return flushing();
}

static void begin(const char *config) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    static char path[sizeof address.sun_path];
    char text[20];
    kit_start(&k, true);
    close(k.fd);
    k.fd = -1;
    ck_assert_int_eq(kit_daemon_stop(&k.d, SIGTERM), 0);
    notified = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    snprintf(address.sun_path, sizeof address.sun_path, "%.90s/notify", k.dir);
    ck_assert_int_eq(bind(notified, (struct sockaddr *)&address, sizeof address), 0);
    memcpy(path, address.sun_path, sizeof path);
    k.d.notify = path;
    nth = nth_begin(k.dir);
    nth_preload("slow_disk.so nth_call.so");
    snprintf(control, sizeof control, "%.150s/disk", k.dir);
    snprintf(text, sizeof text, "%d", WATCHDOG_MS * 1000);
    setenv("SLOW_DISK", control, 1);
    setenv("WATCHDOG_USEC", text, 1);
    kit_daemon_start(&k.d, config);
    unsetenv("WATCHDOG_USEC");
    nth_preload(NULL);
    k.d.notify = NULL;
    k.fd = kit_hello(&k.d);
    await_ping();
}

static void end(void) {
    unlink(control);
    kit_finish(&k);
    nth_end(nth);
    close(notified);
}

static Madoguchi__Request *a_log(void) {
    return kit_request(&k, "log", "service", "citizen", "date", "2024-04-15", NULL);
}

static uint64_t answer(uint32_t serial) {
    const Madoguchi__Answer *got = kit_answer_of(k.fd, &k.arena);
    ck_assert_uint_eq(got->serial, serial);
    ck_assert_int_eq(got->body_case, MADOGUCHI__ANSWER__BODY_RECORDED);
    return got->recorded->seq;
}

/* A record whose flush takes long; it is under way when this returns. */
static void slow_log(uint32_t serial, unsigned long ms) {
    set_control("sleep", ms);
    ck_assert(kit_send_request(k.fd, serial, a_log()));
    await_flush();
}

/* At least a ping for every two periods: less, and systemd would have killed it
 * long ago. */
static void expect_pings(unsigned n, unsigned long ms) {
    ck_assert_msg(n >= ms / WATCHDOG_MS / 2, "%u pings in %lu ms", n, ms);
}

START_TEST(a_long_flush_is_no_death) {
    begin("free_floor_bytes: 1");
    /* Right after the start, beside the loop: who asks is answered meanwhile. */
    slow_log(1, flush_ms());
    kit_expect_alive(&k.d);
    expect_pings(pings_meanwhile(), flush_ms());
    ck_assert_uint_eq(answer(1), 3);
    unlink(control);
    /* After many quick ones, perhaps in the loop. */
    for (uint32_t i = 2; i < 200; i++) {
        ck_assert(kit_send_request(k.fd, i, a_log()));
        ck_assert_uint_eq(answer(i), i + 2);
    }
    slow_log(200, flush_ms());
    expect_pings(pings_meanwhile(), flush_ms());
    ck_assert_uint_eq(answer(200), 202);
    unlink(control);
    await_ping();
    end();
}
END_TEST

/* In a group of its own or in the loop, a flush without end is a death. */
START_TEST(an_endless_flush_is_one) {
    begin("free_floor_bytes: 1\nflush_patience_ms: 600");
    for (uint32_t round = 0, i = 1; round < 2; round++) {
        slow_log(i, 3000);
        ck_assert_msg(pings_end(), "a flush without end is no death");
        ck_assert_uint_eq(answer(i), i + 2);
        unlink(control);
        await_ping();
        for (i++; i < 200; i++) {
            ck_assert(kit_send_request(k.fd, i, a_log()));
            ck_assert_uint_eq(answer(i), i + 2);
        }
    }
    end();
}
END_TEST

START_TEST(a_loop_that_is_stuck_is_one) {
    enum { STUCK = 2000 };
    begin("free_floor_bytes: 1");
    atomic_store(&nth->call, NTH_accept);
    atomic_store(&nth->how, NTH_SLEEP);
    atomic_store(&nth->error, STUCK);
    atomic_store(&nth->left, 1);
    atomic_store(&nth->armed, 1);
    int64_t start = kit_clock();
    int fd = kit_connect(&k.d);
    ck_assert_int_ge(fd, 0);
    int64_t until = kit_clock() + KIT_PATIENCE;
    while (!atomic_load(&nth->failed)) {
        ck_assert_msg(kit_clock() < until, "nothing is accepted");
        kit_pause(1);
    }
    kit_pause(20); /* a ping that was on its way */
    pings(0);
    unsigned n = 0;
    while (kit_clock() < start + STUCK - 500) {
        unsigned came = pings(50);
        n += kit_clock() < start + STUCK ? came : 0;
    }
    ck_assert_uint_eq(n, 0);
    await_ping();
    close(fd);
    kit_expect_alive(&k.d);
    end();
}
END_TEST

/* A signal during the cleanup finds nobody who would be hurt by it. */
START_TEST(a_second_signal_during_the_end) {
    static const int again[] = {SIGTERM, SIGHUP, SIGINT, SIGTERM};
    begin("free_floor_bytes: 1");
    ck_assert(kit_send_request(k.fd, 1, a_log()));
    ck_assert_uint_eq(answer(1), 3);
    set_control("all", 100);
    unsigned before = kit_daemon_logged(&k.d, "clean=yes");
    ck_assert_int_eq(kill(k.d.pid, SIGTERM), 0);
    for (size_t i = 0; i < sizeof again / sizeof again[0]; i++) {
        await_flush();
        ck_assert_int_eq(kill(k.d.pid, again[i]), 0);
    }
    kit_expect_end(k.fd);
    k.fd = -1;
    int status = kit_daemon_stop(&k.d, 0);
    ck_assert_msg(status == 0, "status %x", (unsigned)status);
    ck_assert_uint_eq(kit_daemon_logged(&k.d, "clean=yes"), before + 1);
    end();
}
END_TEST

int main(void) {
    Suite *s = suite_create("watchdog");
    TCase *t = tcase_create("watchdog");
    tcase_set_timeout(t, 180);
    tcase_add_test(t, a_long_flush_is_no_death);
    tcase_add_test(t, an_endless_flush_is_one);
    tcase_add_test(t, a_loop_that_is_stuck_is_one);
    tcase_add_test(t, a_second_signal_during_the_end);
    suite_add_tcase(s, t);
    kit_begin();
    int status = suite_run(s);
    kit_end();
    return status;
}
