/* The daemon as a process: hello, deadlines, signals, configuration, starting. */
#include "tests/kit_store.h"
#include "tests/suite.h"

#include "proto/frame.h"

#include <check.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- hello ------------------------------------------------------------------------------ */

START_TEST(hello_first) {
    struct kit k;
    kit_start_daemon(&k, NULL);
    int fd = kit_connect(&k.d);
    ck_assert(kit_send_request(fd, 5, kit_ping()));
    kit_expect_closed(fd, ERR_MALFORMED);
    fd = kit_hello(&k.d);
    kit_say_hello(fd, 1, "en");
    kit_expect_closed(fd, ERR_MALFORMED);
    fd = kit_connect(&k.d);
    kit_say_hello(fd, 2, "en");
    kit_expect_closed(fd, ERR_MALFORMED);
    fd = kit_connect(&k.d);
    kit_say_hello(fd, 0, "en");
    kit_expect_closed(fd, ERR_MALFORMED);
    kit_expect_alive(&k.d);
    kit_finish(&k);
}
END_TEST

START_TEST(welcome_says_who) {
    struct kit k;
    struct arena a;
    kit_start_daemon(&k, "in_flight_max: 7");
    arena_init(&a, 1u << 20);
    int fd = kit_connect(&k.d);
    kit_say_hello(fd, 1, "ja");
    const Madoguchi__ServerMessage *m = kit_receive(fd, &a);
    ck_assert_int_eq(m->body_case, MADOGUCHI__SERVER_MESSAGE__BODY_WELCOME);
    ck_assert_uint_eq(m->welcome->protocol, 1);
    ck_assert(bytes_equal(m->welcome->municipality, "062090"));
    ck_assert(bytes_equal(m->welcome->name, "長井市"));
    ck_assert_uint_eq(m->welcome->store_id.len, 16);
    ck_assert_uint_eq(m->welcome->frame_max, FRAME_MAX);
    ck_assert_uint_eq(m->welcome->in_flight_max, 7);
    close(fd);
    arena_free(&a);
    kit_finish(&k);
}
END_TEST

START_TEST(the_actor_is_the_sockets_peer) {
    struct kit k;
    struct stat st;
    kit_start_daemon(&k, NULL);
    ck_assert_int_eq(stat(k.d.socket, &st), 0);
    ck_assert_uint_eq(st.st_mode & 0777, 0660);
    uint64_t seq = kit_ok(&k, "log", "service", "migration", "date", "2024-04-15", NULL);
    const Madoguchi__EntryRow *row = kit_show(&k, seq);
    ck_assert_uint_gt(row->actor.len, 0);
    if (getuid() == 0) {
        ck_assert(bytes_equal(row->actor, "root"));
    }
    kit_finish(&k);
}
END_TEST

/* ---- deadlines ---------------------------------------------------------------------------- */

START_TEST(first_frame_deadline) {
    struct kit k;
    kit_start_daemon(&k, "first_frame_ms: 400");
    int64_t start = kit_clock();
    kit_expect_end(kit_connect(&k.d));
    ck_assert_int_ge(kit_clock() - start, 390);
    kit_expect_alive(&k.d);
    kit_finish(&k);
}
END_TEST

/* One byte now and then keeps no connection. */
START_TEST(a_byte_at_a_time) {
    struct kit k;
    kit_start_daemon(&k, "frame_ms: 600\nfirst_frame_ms: 600");
    uint8_t frame[FRAME_HEADER + 200] = {0};
    frame_header(frame, 200);
    for (int greeted = 0; greeted < 2; greeted++) {
        int fd = greeted ? kit_hello(&k.d) : kit_connect(&k.d);
        int64_t start = kit_clock();
        bool open = true;
        for (size_t i = 0; i < sizeof frame && open; i++) {
            open = kit_send_bytes(fd, frame + i, 1);
            struct pollfd p = {.fd = fd, .events = POLLIN};
            open = open && poll(&p, 1, 20) == 0;
        }
        ck_assert(!open);
        ck_assert_int_ge(kit_clock() - start, 550);
        kit_expect_end(fd);
    }
    kit_daemon_await_log(&k.d, "frame-too-slow", 1);
    kit_expect_alive(&k.d);
    kit_finish(&k);
}
END_TEST

START_TEST(idle_deadline) {
    struct kit k;
    kit_start_daemon(&k, "idle_ms: 500");
    int busy = kit_hello(&k.d);
    int idle = kit_hello(&k.d);
    int64_t start = kit_clock();
    /* One that asks stays. */
    while (kit_clock() - start < 1200) {
        struct arena a;
        arena_init(&a, 1u << 20);
        ck_assert(kit_send_request(busy, 1, kit_ping()));
        ck_assert_ptr_nonnull(kit_answer_of(busy, &a));
        arena_free(&a);
        kit_pause(20);
    }
    kit_expect_end(idle);
    close(busy);
    close(k.fd);
    k.fd = -1;
    kit_finish(&k);
}
END_TEST

/* ---- signals ------------------------------------------------------------------------------- */

START_TEST(sigterm_answers_what_is_recorded) {
    struct kit k;
    struct arena a;
    enum { N = 60 };
    kit_start_daemon(&k, NULL);
    arena_init(&a, 16u << 20);
    for (uint32_t i = 0; i < N; i++) {
        ck_assert(kit_send_request(
            k.fd, i, kit_request(&k, "log", "service", "citizen", "date", "2024-04-15", NULL)));
    }
    kill(k.d.pid, SIGTERM);
    uint64_t answered = 0;
    for (const Madoguchi__ServerMessage *m; (m = kit_receive(k.fd, &a)) != NULL; answered++) {
        ck_assert_int_eq(m->answer->body_case, MADOGUCHI__ANSWER__BODY_RECORDED);
        ck_assert_uint_eq(m->answer->serial, answered);
    }
    close(k.fd);
    k.fd = -1;
    ck_assert_int_eq(kit_daemon_stop(&k.d, 0), 0);
    k.daemon = false;
    kit_open(&k);
    ck_assert_uint_eq(kit_head(&k), 2 + answered);
    arena_free(&a);
    kit_finish(&k);
}
END_TEST

START_TEST(restart_goes_on) {
    struct kit k;
    kit_start_daemon(&k, NULL);
    Madoguchi__Request *r =
        kit_request(&k, "log", "service", "citizen", "date", "2024-04-15", NULL);
    kit_record(&k, r);
    for (int i = 0; i < 3; i++) {
        int number = i == 1 ? SIGKILL : SIGTERM;
        int status = kit_daemon_stop(&k.d, number);
        ck_assert(number == SIGTERM ? status == 0 : WIFSIGNALED(status));
        kit_expect_end(k.fd);
        kit_daemon_start(&k.d, "free_floor_bytes: 1");
        k.fd = kit_hello(&k.d);
        ck_assert(kit_record(&k, r).known);
        ck_assert_str_eq(k.last.number, "C-2024-000001");
    }
    kit_finish(&k);
}
END_TEST

START_TEST(sighup) {
    struct kit k;
    kit_start_daemon(&k, "idle_ms: 60000\nconnections_max: 5");
    int fd = kit_hello(&k.d);
    kit_daemon_configure(&k.d, "connections_max: 2\nno_such_key: 1");
    kill(k.d.pid, SIGHUP);
    kit_daemon_await_log(&k.d, "reload-refused", 1);
    kit_daemon_configure(&k.d, "connections_max: [");
    kill(k.d.pid, SIGHUP);
    kit_daemon_await_log(&k.d, "reload-refused", 2);
    ck_assert_int_eq(unlink(k.d.config), 0);
    kill(k.d.pid, SIGHUP);
    kit_daemon_await_log(&k.d, "reload-refused", 3);
    ck_assert_uint_eq(kit_status(&k, "connections_max"), 5);
    kit_daemon_configure(&k.d, "free_floor_bytes: 1\nconnections_max: 9\nmap_bytes: 1 GiB");
    kill(k.d.pid, SIGHUP);
    kit_daemon_await_log(&k.d, "reloaded", 1);
    ck_assert_uint_eq(kit_daemon_logged(&k.d, "reload-needs-restart key=map_bytes"), 1);
    ck_assert_uint_eq(kit_status(&k, "connections_max"), 9);
    /* Connections live on. */
    struct arena a;
    arena_init(&a, 1u << 20);
    ck_assert(kit_send_request(fd, 3, kit_ping()));
    ck_assert_uint_eq(kit_answer_of(fd, &a)->serial, 3);
    arena_free(&a);
    close(fd);
    kit_finish(&k);
}
END_TEST

static bool notified(int fd, const char *word) {
    char text[512];
    for (;;) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        if (poll(&p, 1, KIT_PATIENCE) != 1) {
            return false;
        }
        ssize_t n = recv(fd, text, sizeof text - 1, 0);
        text[n > 0 ? n : 0] = '\0';
        if (strstr(text, word) != NULL) {
            return true;
        }
    }
}

START_TEST(systemd_is_told) {
    struct kit k;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    kit_start_daemon(&k, NULL);
    close(k.fd);
    ck_assert_int_eq(kit_daemon_stop(&k.d, SIGTERM), 0);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    snprintf(address.sun_path, sizeof address.sun_path, "%.90s/notify", k.dir);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    k.d.notify = address.sun_path;
    kit_daemon_start(&k.d, "free_floor_bytes: 1");
    ck_assert(notified(fd, "READY=1"));
    ck_assert(notified(fd, "STATUS="));
    k.fd = kit_hello(&k.d);
    kill(k.d.pid, SIGTERM);
    ck_assert(notified(fd, "STOPPING=1"));
    close(fd);
    kit_finish(&k);
}
END_TEST

/* ---- starting ------------------------------------------------------------------------------- */

START_TEST(second_daemon) {
    struct kit k;
    kit_start_daemon(&k, NULL);
    struct kit_daemon second = k.d;
    second.pid = 0;
    snprintf(second.socket, sizeof second.socket, "%.150s/socket2", k.dir);
    snprintf(second.config, sizeof second.config, "%.150s/config2", k.dir);
    ck_assert_int_eq(kit_daemon_refuses(&second, NULL), 1);
    ck_assert_uint_ge(kit_daemon_logged(&k.d, "in use"), 1);
    /* Nor may it take the socket of a daemon that listens. */
    char other[KIT_PATH];
    snprintf(other, sizeof other, "%.150s/other", k.dir);
    kit_make_store(other);
    snprintf(second.store, sizeof second.store, "%.199s", other);
    snprintf(second.socket, sizeof second.socket, "%.199s", k.d.socket);
    ck_assert_int_eq(kit_daemon_refuses(&second, NULL), 1);
    kit_expect_alive(&k.d);
    kit_ok(&k, "log", "service", "migration", "date", "2024-04-15", NULL);
    kit_finish(&k);
}
END_TEST

START_TEST(refuses_to_start) {
    struct kit k;
    kit_start_daemon(&k, NULL);
    close(k.fd);
    k.fd = -1;
    ck_assert_int_eq(kit_daemon_stop(&k.d, SIGTERM), 0);
    ck_assert_int_eq(kit_daemon_refuses(&k.d, "colour: red"), 1);
    ck_assert_int_eq(kit_daemon_refuses(&k.d, "idle_ms: 1"), 1);
    ck_assert_int_eq(kit_daemon_refuses(&k.d, "idle_ms: many"), 1);
    ck_assert_int_eq(kit_daemon_run(&k.d, "serve", "--check-config", "--config", k.d.config, NULL),
                     1);
    ck_assert_int_eq(kit_daemon_run(&k.d, "serve", "--check-config", NULL), 0);
    ck_assert_int_eq(kit_daemon_run(&k.d, "serve", "--store", k.d.store, NULL), 2);
    ck_assert_int_eq(
        kit_daemon_run(&k.d, "serve", "--store", k.d.store, "--listen", "tls:localhost", NULL), 2);
    ck_assert_int_eq(
        kit_daemon_run(&k.d, "serve", "--store", k.d.store, "--listen", "tcp:localhost:1", NULL),
        2);
    ck_assert_int_eq(kit_daemon_run(&k.d, "dance", NULL), 2);
    ck_assert_int_eq(kit_daemon_run(&k.d, "init", "--store", k.d.store, "--municipality", "062090",
                                    "--name", "長井市", NULL),
                     1);
    ck_assert_uint_ge(kit_daemon_logged(&k.d, "exists already"), 1);
    char fresh[KIT_PATH];
    snprintf(fresh, sizeof fresh, "%.150s/fresh", k.dir);
    ck_assert_int_eq(kit_daemon_run(&k.d, "init", "--store", fresh, "--municipality", "062091",
                                    "--name", "長井市", NULL),
                     1);
    ck_assert_int_eq(kit_daemon_run(&k.d, "init", "--store", fresh, "--municipality", "062090",
                                    "--name", "長井市", NULL),
                     0);
    ck_assert_int_eq(kit_daemon_run(&k.d, "verify", "--store", fresh, NULL), 0);
    ck_assert_int_eq(kit_daemon_run(&k.d, "verify", "--store", "/nowhere", NULL), 1);
    k.daemon = false;
    kit_open(&k);
    kit_finish(&k);
}
END_TEST

/* With a full disk nothing is recorded and everything can be read. */
START_TEST(full_disk) {
    struct kit k;
    struct statvfs vfs;
    kit_start_daemon(&k, NULL);
    kit_ok(&k, "log", "service", "migration", "date", "2024-04-15", NULL);
    close(k.fd);
    ck_assert_int_eq(kit_daemon_stop(&k.d, SIGTERM), 0);
    ck_assert_int_eq(statvfs(k.dir, &vfs), 0);
    if ((uint64_t)vfs.f_bavail * vfs.f_frsize < (UINT64_C(1) << 40)) {
        kit_daemon_start(&k.d, "free_floor_bytes: 1024 GiB");
        k.fd = kit_hello(&k.d);
        kit_refused(&k, ERR_FULL, "", "log", "service", "migration", "date", "2024-04-15", NULL);
        kit_stats(&k, "cases", "FY2024", NULL, NULL, "1");
        kit_expect_alive(&k.d);
        kit_finish(&k);
    }
}
END_TEST

/* ---- several at once ---------------------------------------------------------------------------
 */

START_TEST(many_connections) {
    struct kit k;
    enum { N = 100 };
    int fds[N];
    kit_start_daemon(&k, NULL);
    for (uint32_t i = 0; i < N; i++) {
        fds[i] = kit_hello(&k.d);
    }
    for (uint32_t i = 0; i < N; i++) {
        ck_assert(kit_send_request(
            fds[i], i, kit_request(&k, "log", "service", "citizen", "date", "2024-04-15", NULL)));
    }
    bool seen[N + 1] = {false};
    for (uint32_t i = 0; i < N; i++) {
        struct arena a;
        unsigned n;
        char number[32] = "";
        arena_init(&a, 1u << 20);
        const Madoguchi__Answer *answer = kit_answer_of(fds[i], &a);
        ck_assert_uint_eq(answer->serial, i);
        ck_assert_int_eq(answer->body_case, MADOGUCHI__ANSWER__BODY_RECORDED);
        snprintf(number, sizeof number, "%.*s", (int)answer->recorded->number.len,
                 (const char *)answer->recorded->number.data);
        ck_assert_int_eq(sscanf(number, "C-2024-%6u", &n), 1);
        ck_assert(n >= 1 && n <= N && !seen[n]);
        seen[n] = true;
        arena_free(&a);
        close(fds[i]);
    }
    ck_assert_uint_eq(kit_status(&k, "head"), 2 + N);
    kit_finish(&k);
}
END_TEST

int main(void) {
    Suite *s = suite_create("daemon");
    TCase *t = tcase_create("daemon");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, hello_first);
    tcase_add_test(t, welcome_says_who);
    tcase_add_test(t, the_actor_is_the_sockets_peer);
    tcase_add_test(t, first_frame_deadline);
    tcase_add_test(t, a_byte_at_a_time);
    tcase_add_test(t, idle_deadline);
    tcase_add_test(t, sigterm_answers_what_is_recorded);
    tcase_add_test(t, restart_goes_on);
    tcase_add_test(t, sighup);
    tcase_add_test(t, systemd_is_told);
    tcase_add_test(t, second_daemon);
    tcase_add_test(t, refuses_to_start);
    tcase_add_test(t, full_disk);
    tcase_add_test(t, many_connections);
    suite_add_tcase(s, t);
    kit_begin();
    int status = suite_run(s);
    kit_end();
    return status;
}
