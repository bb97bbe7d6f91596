/* A daemon over TLS while the n-th call of a function fails: in the handshake, in
 * what follows, and in a reload.  That connection may be lost; the daemon goes on,
 * or ends with a status that is documented.  It never crashes or hangs, and what a
 * reload has taken works.  NTH_ALL=1 tries every n. */
#include "tests/kit_peer.h"
#include "tests/kit_tls.h"
#include "tests/suite.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static char dir[KIT_PATH];

static const struct fault {
    enum nth_call call;
    enum nth_how how;
    int error;
    bool on;
    int step; /* between the calls that are tried */
} faults[] = {
    {NTH_malloc, NTH_FAIL, ENOMEM, false, 151}, {NTH_malloc, NTH_FAIL, ENOMEM, true, 311},
    {NTH_recv, NTH_FAIL, EINTR, false, 1},      {NTH_recv, NTH_FAIL, ECONNRESET, false, 1},
    {NTH_recv, NTH_SHORT, 0, true, 1},          {NTH_send, NTH_FAIL, EINTR, false, 1},
    {NTH_send, NTH_FAIL, EPIPE, false, 1},      {NTH_send, NTH_SHORT, 0, true, 1},
    {NTH_accept, NTH_FAIL, EMFILE, false, 1},   {NTH_epoll_ctl, NTH_FAIL, ENOMEM, false, 1},
};

#define FAULTS ((int)(sizeof faults / sizeof faults[0]))

static void restart(struct kit *k) {
    char text[1600];
    snprintf(text, sizeof text, "free_floor_bytes: 1\n%s", kit_tls_config(dir, NULL));
    nth_preload(nth_has_memory() ? "nth_call.so nth_memory.so" : "nth_call.so");
    kit_daemon_start(&k->d, text);
    nth_preload(NULL);
}

/* Whatever comes of it: a connection, a request, its end. */
static void try(struct kit *k) {
    struct kit_tls t;
    const struct kit_tls_way way = {.dir = dir, .client = "client-counter"};
    if (kit_tls_open(&t, &k->d, &way)) {
        Madoguchi__ClientMessage m = MADOGUCHI__CLIENT_MESSAGE__INIT;
        Madoguchi__Hello hello = MADOGUCHI__HELLO__INIT;
        SET(&hello, protocol, 1);
        m.body_case = MADOGUCHI__CLIENT_MESSAGE__BODY_HELLO;
        m.hello = &hello;
        if (kit_tls_message(&t, &m.base) && kit_tls_receive(&t) != NULL &&
            kit_tls_request(&t, 1, kit_ping())) {
            (void)kit_tls_receive(&t);
        }
    }
    kit_tls_close(&t);
}

/* The daemon serves, after a restart if it ended as it may. */
static void expect_served(struct kit *k, long n) {
    struct kit_tls t;
    siginfo_t info = {0};
    if (waitid(P_PID, (id_t)k->d.pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
        info.si_pid == k->d.pid) {
        int status = kit_daemon_stop(&k->d, 0);
        ck_assert_msg(WIFEXITED(status) && (WEXITSTATUS(status) == 70 || WEXITSTATUS(status) == 71),
                      "call %ld: status %x", n, status);
        restart(k);
    }
    kit_expect_alive(&k->d);
    kit_tls_hello(&t, &k->d, dir);
    kit_tls_expect_alive(&t);
    kit_tls_close(&t);
}

START_TEST(the_nth_call_fails) {
    const struct fault *f = &faults[_i];
    struct kit k;
    if (f->call == NTH_malloc && !nth_has_memory()) {
        return;
    }
    kit_tls_start(&k, dir, NULL);
    close(k.fd);
    k.fd = -1;
    ck_assert_int_eq(kit_daemon_stop(&k.d, SIGTERM), 0);
    struct nth_control *nth = nth_begin(k.dir);
    restart(&k);
    expect_served(&k, 0); /* what is done once is done */
    for (long n = 1;; n += getenv("NTH_ALL") != NULL ? 1 : f->step) {
        nth->call = f->call;
        nth->how = f->how;
        nth->error = f->error;
        nth->on = f->on;
        nth->left = n;
        nth->failed = 0;
        nth->armed = 1;
        try(&k);
        if (n % 5 == 0) {
            kill(k.d.pid, SIGHUP);
            try(&k);
        }
        nth->armed = 0;
        bool failed = nth->failed != 0;
        expect_served(&k, n);
        if (!failed && n % 5 == 0) {
            break; /* nothing is left that could fail */
        }
    }
    nth_end(nth);
    kit_finish(&k);
}
END_TEST

int main(void) {
    Suite *s = suite_create("nth tls");
    TCase *t = tcase_create("nth tls");
    tcase_set_timeout(t, getenv("NTH_ALL") != NULL ? 3600 : 120);
    tcase_add_loop_test(t, the_nth_call_fails, 0, FAULTS);
    suite_add_tcase(s, t);
    kit_begin();
    int status = suite_run(s);
    kit_end();
    return status;
}
