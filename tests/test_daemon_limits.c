/* The limits of the daemon, each set short and met: connections, descriptors,
 * requests in flight, questions, readers that do not read. */
#include "tests/kit_store.h"
#include "tests/suite.h"

#include <check.h>
#include <dirent.h>
#include <poll.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

/* Nothing to read within ms. */
static bool is_silent(int fd, int ms) {
    struct pollfd p = {.fd = fd, .events = POLLIN};
    return poll(&p, 1, ms) == 0;
}

START_TEST(connection_limit) {
    struct kit k;
    kit_start_daemon(&k, "connections_max: 4");
    int fds[3];
    for (int i = 0; i < 3; i++) {
        fds[i] = kit_hello(&k.d);
    }
    kit_daemon_await_log(&k.d, "connections-full", 1);
    /* The fifth waits in the queue of the socket. */
    int late = kit_connect(&k.d);
    ck_assert_int_ge(late, 0);
    kit_say_hello(late, 1, "en");
    ck_assert(is_silent(late, 150));
    ck_assert_uint_eq(kit_status(&k, "connections"), 4);
    close(fds[1]);
    struct arena a;
    arena_init(&a, 1u << 20);
    const Madoguchi__ServerMessage *m = kit_receive(late, &a);
    ck_assert_ptr_nonnull(m);
    ck_assert_int_eq(m->body_case, MADOGUCHI__SERVER_MESSAGE__BODY_WELCOME);
    ck_assert_uint_ge(kit_daemon_logged(&k.d, "connections-resumed"), 1);
    arena_free(&a);
    close(late);
    close(fds[0]);
    close(fds[2]);
    kit_finish(&k);
}
END_TEST

/* More requests than may be in flight are read later, none is lost, answers to
 * writes come in their order. */
START_TEST(in_flight_limit) {
    struct kit k;
    enum { N = 400 };
    kit_start_daemon(&k, "in_flight_max: 3\nwaiting_max: 8");
    Madoguchi__Request *all[N];
    for (uint32_t i = 0; i < N; i++) {
        all[i] = i % 4 == 3 ? kit_ping()
                            : kit_request(&k, "log", "service", i % 4 == 1 ? "moon" : "citizen",
                                          "date", "2024-04-15", NULL);
    }
    for (uint32_t i = 0; i < N; i++) {
        ck_assert(kit_send_request(k.fd, i, all[i]));
    }
    uint32_t last_write = 0;
    for (uint32_t i = 0; i < N; i++) {
        const Madoguchi__Answer *answer = kit_answer_of(k.fd, &k.arena);
        uint32_t serial = answer->serial;
        ck_assert_uint_lt(serial, N);
        ck_assert_int_eq(answer->body_case, serial % 4 == 3   ? MADOGUCHI__ANSWER__BODY_PAGE
                                            : serial % 4 == 1 ? MADOGUCHI__ANSWER__BODY_ERROR
                                                              : MADOGUCHI__ANSWER__BODY_RECORDED);
        if (serial % 4 != 3) {
            ck_assert(serial == 0 || serial > last_write);
            last_write = serial;
        }
    }
    kit_stats(&k, "cases", "FY2024", NULL, NULL, "200");
    kit_finish(&k);
}
END_TEST

/* Out of descriptors: nobody is lost who is there, and who comes later is
 * served when there is room again. */
START_TEST(out_of_descriptors) {
    struct kit k;
    enum { N = 20 };
    int fds[N];
    struct rlimit old;
    kit_start_daemon(&k, NULL);
    /* As many as it has open, and a few. */
    char path[64];
    unsigned n = 0;
    snprintf(path, sizeof path, "/proc/%d/fd", (int)k.d.pid);
    DIR *d = opendir(path);
    ck_assert_ptr_nonnull(d);
    while (readdir(d) != NULL) {
        n++;
    }
    closedir(d);
    struct rlimit few = {.rlim_cur = n + 3, .rlim_max = 4096};
    ck_assert_int_eq(prlimit(k.d.pid, RLIMIT_NOFILE, &few, &old), 0);
    for (int i = 0; i < N; i++) {
        fds[i] = kit_connect(&k.d);
        ck_assert_int_ge(fds[i], 0);
    }
    kit_ok(&k, "log", "service", "migration", "date", "2024-04-15", NULL);
    ck_assert_uint_lt(kit_status(&k, "connections"), N);
    int64_t until = kit_clock() + KIT_PATIENCE;
    while (kit_status(&k, "connections_refused") == 0) {
        ck_assert_msg(kit_clock() < until, "nobody was turned away");
        kit_pause(5);
    }
    for (int i = 0; i < N; i++) {
        close(fds[i]);
    }
    few.rlim_cur = 1024;
    ck_assert_int_eq(prlimit(k.d.pid, RLIMIT_NOFILE, &few, NULL), 0);
    kit_expect_alive(&k.d);
    kit_finish(&k);
}
END_TEST

/* More questions than may wait are told to come again, and nobody hangs. */
START_TEST(busy) {
    struct kit k;
    enum { N = 12, EACH = 8 };
    int fds[N];
    Madoguchi__Request list = MADOGUCHI__REQUEST__INIT;
    Madoguchi__Scope scope = MADOGUCHI__SCOPE__INIT;
    list.body_case = MADOGUCHI__REQUEST__BODY_LIST;
    list.list = &scope;
    kit_start_daemon(&k, "query_threads: 1\nquery_waiting_max: 1");
    for (int i = 0; i < 200; i++) {
        kit_log(&k, "citizen", "2024-04-15", NULL);
    }
    for (int i = 0; i < N; i++) {
        fds[i] = kit_hello(&k.d);
    }
    for (uint32_t q = 0; q < EACH; q++) {
        for (int i = 0; i < N; i++) {
            ck_assert(kit_send_request(fds[i], q, &list));
        }
    }
    unsigned answered = 0;
    for (int i = 0; i < N; i++) {
        for (unsigned ended = 0; ended < EACH;) {
            struct arena a;
            arena_init(&a, 4u << 20);
            const Madoguchi__Answer *answer = kit_answer_of(fds[i], &a);
            bool refused = answer->body_case == MADOGUCHI__ANSWER__BODY_ERROR;
            if (refused) {
                ck_assert_int_eq((int)answer->error->code, ERR_BUSY);
            }
            answered += !refused;
            ended += !answer->has_more || !answer->more;
            arena_free(&a);
        }
        close(fds[i]);
    }
    ck_assert_uint_gt(answered, 0);
    ck_assert_uint_eq(kit_list(&k, NULL)->n_case_row, 200);
    kit_finish(&k);
}
END_TEST

/* A reader that never reads holds up nobody and nothing grows with it. */
START_TEST(slow_reader) {
    struct kit k;
    enum { CASES = 3000, QUESTIONS = 40 };
    kit_start_daemon(
        &k, "output_high_bytes: 64 KiB\noutput_low_bytes: 16 KiB\nspool_memory_bytes: 64 KiB");
    Madoguchi__Request *all[100];
    struct kit_answer answers[100];
    for (unsigned n = 0; n < CASES; n += 50) {
        for (unsigned i = 0; i < 50; i++) {
            all[i] = kit_request(&k, "log", "service", "citizen", "date", "2024-04-15", "topic",
                                 "legal;tax;family", "origin", "tokyo", NULL);
        }
        kit_group(&k, all, 50, answers);
    }
    unsigned long before = kit_daemon_memory(&k.d);
    int slow = kit_hello(&k.d);
    Madoguchi__Request list = MADOGUCHI__REQUEST__INIT;
    Madoguchi__Scope scope = MADOGUCHI__SCOPE__INIT;
    list.body_case = MADOGUCHI__REQUEST__BODY_LIST;
    list.list = &scope;
    for (unsigned i = 0; i < QUESTIONS; i++) {
        ck_assert(kit_send_request(slow, i, &list));
    }
    for (int i = 0; i < 10; i++) {
        kit_stats(&k, "cases", "FY2024", NULL, NULL, "3000");
        ck_assert_uint_eq(kit_list(&k, NULL)->n_case_row, CASES);
    }
    ck_assert_uint_lt(kit_daemon_memory(&k.d), before + 16384);
    /* When it reads at last, every answer is whole. */
    size_t rows[QUESTIONS] = {0};
    for (unsigned ended = 0; ended < QUESTIONS;) {
        struct arena a;
        arena_init(&a, 4u << 20);
        const Madoguchi__Answer *answer = kit_answer_of(slow, &a);
        ck_assert_int_eq(answer->body_case, MADOGUCHI__ANSWER__BODY_PAGE);
        ck_assert_uint_lt(answer->serial, QUESTIONS);
        rows[answer->serial] += answer->page->n_case_row;
        if (!answer->has_more || !answer->more) {
            ck_assert_uint_eq(rows[answer->serial], CASES);
            ended++;
        }
        arena_free(&a);
    }
    close(slow);
    kit_finish(&k);
}
END_TEST

int main(void) {
    Suite *s = suite_create("daemon limits");
    TCase *t = tcase_create("limits");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, connection_limit);
    tcase_add_test(t, in_flight_limit);
    tcase_add_test(t, out_of_descriptors);
    tcase_add_test(t, busy);
    tcase_add_test(t, slow_reader);
    suite_add_tcase(s, t);
    kit_begin();
    int status = suite_run(s);
    kit_end();
    return status;
}
