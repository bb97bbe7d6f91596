/* What a hostile, slow or broken peer cannot do to a daemon over TLS, and to the
 * others that it serves. */
#include "daemon/tls_stream.h"
#include "tests/kit_tls.h"
#include "tests/suite.h"

#include <check.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char dir[KIT_PATH];

static Madoguchi__Request *act(struct kit *k) {
    return kit_request(k, "log", "service", "citizen", "date", "2024-04-15", NULL);
}

/* ---- what comes instead of TLS ------------------------------------------------------------ */

START_TEST(plaintext_is_no_connection) {
    struct kit k;
    char line[64];
    kit_tls_start(&k, dir, NULL);
    for (int i = 0; i < 2; i++) {
        int fd = kit_tls_tcp(&k.d);
        if (i == 0) {
            kit_say_hello(fd, 1, "en");
        } else {
            ck_assert(kit_send_bytes(fd, "GET / HTTP/1.1\r\n\r\n", 18));
        }
        while (recv(fd, line, sizeof line, 0) > 0) {
            ck_assert_int_eq(line[0], 21); /* an alert, and no frame */
        }
        close(fd);
    }
    kit_daemon_await_log(&k.d, "handshake-failed", 2);
    kit_expect_alive(&k.d);
    kit_finish(&k);
}
END_TEST

/* ---- handshakes ---------------------------------------------------------------------------- */

static void await_status(struct kit *k, const char *name, unsigned long value) {
    int64_t until = kit_clock() + KIT_PATIENCE;
    while (kit_status(k, name) != value) {
        ck_assert_msg(kit_clock() < until, "%s never is %lu", name, value);
        kit_pause(5);
    }
}

/* At the limit who comes waits, and who is there is served; then one that does
 * not get on loses its place. */
START_TEST(half_open_handshakes) {
    enum { LIMIT = 4 };
    struct kit k;
    struct kit_tls served;
    struct kit_tls late;
    int fds[LIMIT];
    kit_tls_start(&k, dir, "handshakes_max: 4\nhandshake_ms: 600000");
    kit_tls_hello(&served, &k.d, dir);
    for (int i = 0; i < LIMIT; i++) {
        fds[i] = kit_tls_tcp(&k.d);
        if (i % 2 == 0) { /* the beginning of a hello, and no more */
            ck_assert(kit_send_bytes(fds[i], "\x16\x03\x01\x02\x00\x01", 6));
        }
    }
    kit_daemon_await_log(&k.d, "network-paused", 1);
    kit_tls_expect_alive(&served);
    kit_expect_alive(&k.d);
    ck_assert(kit_tls_request(&served, 1, act(&k)));
    ck_assert_int_eq(kit_tls_answer(&served)->body_case, MADOGUCHI__ANSWER__BODY_RECORDED);
    kit_tls_hello(&late, &k.d, dir); /* waits until there is a place */
    ck_assert_uint_ge(kit_daemon_logged(&k.d, "handshake-too-slow"), 1);
    kit_tls_expect_alive(&late);
    for (int i = 0; i < LIMIT; i++) {
        close(fds[i]);
    }
    await_status(&k, "handshakes", 0);
    kit_tls_close(&served);
    kit_tls_close(&late);
    kit_finish(&k);
}
END_TEST

/* Whoever fills the places of the network leaves those of the Unix socket. */
START_TEST(places_of_the_unix_socket) {
    enum { MOST = 14 }; /* of sixteen */
    struct kit k;
    struct kit_tls all[MOST];
    struct kit_tls late;
    kit_tls_start(&k, dir, "connections_max: 16");
    for (int i = 0; i < MOST; i++) {
        kit_tls_hello(&all[i], &k.d, i % 2 == 0 ? dir : NULL);
    }
    int waits = kit_tls_tcp(&k.d);
    struct pollfd silent = {.fd = waits, .events = POLLIN};
    ck_assert(kit_send_bytes(waits, "no TLS", 6));
    ck_assert_int_eq(poll(&silent, 1, 150), 0); /* nobody looks at it */
    kit_expect_alive(&k.d);
    await_status(&k, "connections", MOST + 1);
    kit_tls_close(&all[0]);
    ck_assert_int_eq(poll(&silent, 1, KIT_PATIENCE), 1); /* its turn: refused */
    close(waits);
    kit_tls_hello(&late, &k.d, dir);
    kit_tls_expect_alive(&late);
    kit_tls_close(&late);
    for (int i = 1; i < MOST; i++) {
        kit_tls_close(&all[i]);
    }
    kit_finish(&k);
}
END_TEST

/* The deadline is absolute: bytes that trickle do not put it off. */
START_TEST(a_handshake_has_an_end) {
    struct kit k;
    struct kit_tls t;
    kit_tls_start(&k, dir, "handshake_ms: 200");
    kit_tls_hello(&t, &k.d, dir);
    int fd = kit_tls_tcp(&k.d);
    int64_t until = kit_clock() + KIT_PATIENCE;
    ck_assert(kit_send_bytes(fd, "\x16\x03\x01\x02\x00", 5));
    while (kit_send_bytes(fd, "\x01", 1)) {
        ck_assert_int_lt(kit_clock(), until);
        kit_pause(20);
    }
    close(fd);
    kit_daemon_await_log(&k.d, "handshake-too-slow", 1);
    kit_tls_expect_alive(&t); /* it ends with the handshake */
    kit_tls_close(&t);
    kit_finish(&k);
}
END_TEST

/* ---- hostile bytes within TLS --------------------------------------------------------------- */

START_TEST(slow_bytes) {
    struct kit k;
    struct kit_tls t;
    uint8_t frame[64];
    kit_tls_start(&k, dir, "frame_ms: 200\nfirst_frame_ms: 60000");
    kit_tls_hello(&t, &k.d, dir);
    /* A ping, each byte a record of its own. */
    Madoguchi__ClientMessage m = MADOGUCHI__CLIENT_MESSAGE__INIT;
    m.body_case = MADOGUCHI__CLIENT_MESSAGE__BODY_REQUEST;
    m.request = kit_ping();
    SET(m.request, serial, 9);
    size_t len = protobuf_c_message_get_packed_size(&m.base);
    frame[0] = frame[1] = frame[2] = 0;
    frame[3] = (uint8_t)len;
    protobuf_c_message_pack(&m.base, frame + 4);
    for (size_t i = 0; i < len + 4; i++) {
        ck_assert(kit_tls_bytes(&t, frame + i, 1));
    }
    ck_assert_uint_eq(kit_tls_answer(&t)->serial, 9);
    /* Half of it, and the rest never. */
    ck_assert(kit_tls_bytes(&t, frame, 3));
    ck_assert_ptr_null(kit_tls_receive(&t));
    kit_daemon_await_log(&k.d, "frame-too-slow", 1);
    kit_tls_drop(&t, false);
    kit_finish(&k);
}
END_TEST

START_TEST(key_updates) {
    struct kit k;
    struct kit_tls t;
    kit_tls_start(&k, dir, NULL);
    kit_tls_hello(&t, &k.d, dir);
    /* As anybody may, with answers asked for, between requests. */
    for (int i = 0; i < 3 * TLS_STREAM_EMPTY_MAX; i++) {
        ck_assert_int_eq(SSL_key_update(t.ssl, SSL_KEY_UPDATE_REQUESTED), 1);
        kit_tls_expect_alive(&t);
    }
    /* A flood is the end of the connection, and of no other. */
    int64_t until = kit_clock() + KIT_PATIENCE;
    do {
        ck_assert_int_lt(kit_clock(), until);
        SSL_key_update(t.ssl, SSL_KEY_UPDATE_REQUESTED);
    } while (SSL_do_handshake(t.ssl) == 1);
    kit_daemon_await_log(&k.d, "key updates or empty records without end", 1);
    kit_tls_drop(&t, false);
    kit_expect_alive(&k.d);
    kit_finish(&k);
}
END_TEST

START_TEST(a_frame_too_long_is_answered) {
    struct kit k;
    struct kit_tls t;
    static uint8_t junk[16384];
    kit_tls_start(&k, dir, NULL);
    kit_tls_hello(&t, &k.d, dir);
    memset(junk, 0xff, sizeof junk);
    for (int i = 0; i < 20; i++) { /* more than the daemon reads */
        if (!kit_tls_bytes(&t, junk, sizeof junk)) {
            break;
        }
    }
    /* What it says is not lost with what it did not read. */
    const Madoguchi__Answer *answer = kit_tls_answer(&t);
    ck_assert_int_eq(answer->body_case, MADOGUCHI__ANSWER__BODY_ERROR);
    ck_assert_int_eq((int)answer->error->code, ERR_MALFORMED);
    ck_assert_ptr_null(kit_tls_receive(&t));
    ck_assert_int_ne(SSL_get_shutdown(t.ssl) & SSL_RECEIVED_SHUTDOWN, 0); /* close_notify */
    /* By an end, not by the RST of a socket closed with bytes unread, which takes
     * back on some systems what was sent before. */
    ck_assert_int_eq(recv(t.fd, junk, sizeof junk, 0), 0);
    kit_tls_drop(&t, false);
    kit_finish(&k);
}
END_TEST

START_TEST(ends_of_connections) {
    struct kit k;
    struct kit_tls t;
    kit_tls_start(&k, dir, NULL);
    for (int how = 0; how < 3; how++) {
        kit_tls_hello(&t, &k.d, dir);
        ck_assert(kit_tls_request(&t, 1, act(&k)));
        if (how == 0) {
            kit_tls_drop(&t, true); /* RST */
        } else if (how == 1) {
            kit_tls_drop(&t, false); /* FIN without close_notify */
        } else {
            /* All is asked: the answer still comes, and close_notify behind it. */
            SSL_shutdown(t.ssl);
            ck_assert_int_eq(kit_tls_answer(&t)->body_case, MADOGUCHI__ANSWER__BODY_RECORDED);
            ck_assert_ptr_null(kit_tls_receive(&t));
            ck_assert_int_ne(SSL_get_shutdown(t.ssl) & SSL_RECEIVED_SHUTDOWN, 0);
            kit_tls_drop(&t, false);
        }
        await_status(&k, "connections", 1);
        kit_expect_alive(&k.d);
    }
    kit_finish(&k);
}
END_TEST

/* SIGTERM with connections open, one of them in the middle of its handshake. */
START_TEST(stops_with_connections) {
    struct kit k;
    struct kit_tls t;
    kit_tls_start(&k, dir, "close_ms: 600000\nhandshake_ms: 600000");
    kit_tls_hello(&t, &k.d, dir);
    int half = kit_tls_tcp(&k.d);
    await_status(&k, "handshakes", 1);
    ck_assert(kit_tls_request(&t, 1, act(&k)));
    ck_assert_int_eq(kit_tls_answer(&t)->body_case, MADOGUCHI__ANSWER__BODY_RECORDED);
    kill(k.d.pid, SIGTERM);
    ck_assert_ptr_null(kit_tls_receive(&t));
    ck_assert_int_ne(SSL_get_shutdown(t.ssl) & SSL_RECEIVED_SHUTDOWN, 0);
    kit_tls_drop(&t, false);
    kit_daemon_await_log(&k.d, "stopped clean=yes", 2); /* the first was before TLS */
    close(half);
    kit_finish(&k);
}
END_TEST

int main(void) {
    Suite *s = suite_create("tls hostile");
    TCase *t = tcase_create("tls hostile");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, plaintext_is_no_connection);
    tcase_add_test(t, half_open_handshakes);
    tcase_add_test(t, places_of_the_unix_socket);
    tcase_add_test(t, a_handshake_has_an_end);
    tcase_add_test(t, slow_bytes);
    tcase_add_test(t, key_updates);
    tcase_add_test(t, a_frame_too_long_is_answered);
    tcase_add_test(t, ends_of_connections);
    tcase_add_test(t, stops_with_connections);
    suite_add_tcase(s, t);
    kit_begin();
    int status = suite_run(s);
    kit_end();
    return status;
}
