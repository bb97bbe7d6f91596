/* What a browser's side may send to the gateway, and that nothing comes of it. */
#include "proto/openssl.h"
#include "tests/kit_tls.h"
#include "tests/kit_web.h"
#include "tests/suite.h"

#include <check.h>
#include <event2/util.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static struct kit k;
static struct kit_web w;
static char tls_dir[KIT_PATH];

static void people(void) {
    static const char *const names[] = {"tanaka", NULL};
    kit_start(&k, false);
    kit_person(&k, "tanaka", "clerk;administrator;supervisor", NULL, NULL, NULL);
    kit_people_serve(&k, NULL, names);
}

static void start(void) {
    people();
    kit_web_start(&w, &k, NULL);
}

static void finish(void) {
    ck_assert_int_eq(kit_web_ask(&w, "/api/session", NULL), 200); /* it serves all the same */
    kit_web_stop(&w, SIGTERM);
    kit_become(&k, "tanaka");
    kit_finish(&k);
}

#define PING "{\"ping\":{}}"

/* ---- pages of others ---------------------------------------------------------------------- */

START_TEST(other_pages_ask_nothing) {
    char headers[300];
    start();
    kit_web_become(&w, "tanaka");
#define JSON "Content-Type: application/json\r\n"
    ck_assert_int_eq(kit_web_raw(&w, "/api/ask", JSON, PING), 403);
    kit_web_said(&w, "X-Madoguchi-CSRF");
    ck_assert_int_eq(kit_web_raw(&w, "/api/ask",
                                 JSON "X-Madoguchi-CSRF: 0123456789abcdef0123456789abcdef\r\n",
                                 PING),
                     403);
    snprintf(headers, sizeof headers, JSON "X-Madoguchi-CSRF: %s\r\n", w.csrf);
    ck_assert_int_eq(kit_web_raw(&w, "/api/ask", headers, PING), 200);
    snprintf(headers, sizeof headers, JSON "X-Madoguchi-CSRF: %s\r\nSec-Fetch-Site: cross-site\r\n",
             w.csrf);
    ck_assert_int_eq(kit_web_raw(&w, "/api/ask", headers, PING), 403);
    snprintf(headers, sizeof headers, "Content-Type: text/plain\r\nX-Madoguchi-CSRF: %s\r\n",
             w.csrf);
    ck_assert_int_eq(kit_web_raw(&w, "/api/ask", headers, PING), 403);
    snprintf(headers, sizeof headers, "X-Madoguchi-CSRF: %s\r\n", w.csrf);
    ck_assert_int_eq(kit_web_raw(&w, "/api/ask", headers, PING), 403);
    snprintf(headers, sizeof headers, JSON "X-Madoguchi-CSRF: %s\r\nX-Madoguchi-CSRF: %s\r\n",
             w.csrf, w.csrf);
    ck_assert_int_eq(kit_web_raw(&w, "/api/ask", headers, PING), 403);
    ck_assert_int_eq(kit_web_raw(&w, "/api/login", "Sec-Fetch-Site: cross-site\r\n" JSON,
                                 "{\"name\":\"tanaka\",\"password\":\"tanaka\"}"),
                     403);
    finish();
}
END_TEST

/* Whoever can put a cookie beside ours decides nothing. */
START_TEST(two_cookies_are_none) {
    char cookie[300];
    start();
    kit_web_become(&w, "tanaka");
    snprintf(cookie, sizeof cookie, "%s; %.16s=AAAA", w.cookie, w.cookie);
    snprintf(w.cookie, sizeof w.cookie, "%.127s", cookie);
    ck_assert_int_eq(kit_web_ask(&w, "/api/ask", PING), 401);
    static const char *const bad[] = {
        "__Host-madoguchi=", "__Host-madoguchi=AAAA", "__Host-madoguchi=%%%", "=", ";;;",
        "__Host-madoguchi"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        snprintf(w.cookie, sizeof w.cookie, "%s", bad[i]);
        ck_assert_int_eq(kit_web_ask(&w, "/api/ask", PING), 401);
    }
    w.cookie[0] = '\0';
    finish();
}
END_TEST

START_TEST(every_answer_is_guarded) {
    static const char *const paths[] = {"/api/session", "/none", "/", "/api/catalogue"};
    start();
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        ck_assert_int_ne(kit_web_ask(&w, paths[i], NULL), 0);
        kit_web_header(&w, "Content-Security-Policy: default-src 'self'; frame-ancestors 'none'");
        kit_web_header(&w, "X-Content-Type-Options: nosniff");
        kit_web_header(&w, "Referrer-Policy: no-referrer");
        kit_web_header(&w, "Cache-Control: no-store");
    }
    /* Texts of others never look like a tag, whatever takes the answer for. */
    kit_web_become(&w, "tanaka");
    ck_assert_int_eq(
        kit_web_ask(&w, "/api/ask",
                    "{\"id\":\"0192f0a0b0c000112233445566778899\",\"terminal\":\"<script>alert(1)"
                    "</script>\",\"act\":{\"kind\":\"LOG\",\"service\":\"migration\",\"date\":"
                    "20240415,\"topic\":[\"<img src=x>\"]}}"),
        400);
    ck_assert_ptr_null(strchr(w.body, '<'));
    finish();
}
END_TEST

/* ---- bytes -------------------------------------------------------------------------------- */

/* Sends as it is; the status, 0 when it closed without a word. */
static int send_raw(const char *text, size_t len) {
    int fd = kit_web_connect(&w);
    for (size_t sent = 0; sent < len;) {
        ssize_t n = send(fd, text + sent, len - sent, MSG_NOSIGNAL);
        if (n <= 0) {
            break;
        }
        sent += (size_t)n;
    }
    (void)shutdown(fd, SHUT_WR); /* it need not wait for more */
    w.status = 0;
    (void)kit_web_read(&w, fd);
    close(fd);
    return w.status;
}

START_TEST(smuggling) {
    static const struct {
        const char *text;
        int status; /* 0: closed, or any refusal */
    } cases[] = {
        {"POST /api/login HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
        {"POST /api/login HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n"
         "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
         400},
        {"POST /api/login HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 0},
        {"POST /api/login HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
         400},
        {"POST /api/login HTTP/1.1\r\nHost: a\r\nContent-Length: -2\r\n\r\n{}", 400},
        {"POST /api/login HTTP/1.1\r\nHost: a\r\nContent-Length: 2x\r\n\r\n{}", 400},
        {"GET /api/session HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
        {"GET /api/session HTTP/1.1\r\n\r\n", 400},
        {"GET http://b/api/session HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"GET /api/session HTTP/3.1\r\nHost: a\r\n\r\n", 0},
        {"get /api/session HTTP/1.1\r\nHost: a\r\n\r\n", 0},
        {"\x16\x03\x01\x02", -1},
    };
    start();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (cases[i].status < 0) {
            continue; /* waits for more: see slow bytes */
        }
        int status = send_raw(cases[i].text, strlen(cases[i].text));
        bool refused = status == 0 || (status >= 400 && status != 404);
        ck_assert_msg(cases[i].status == 0 ? refused : status == cases[i].status, "%s: %d",
                      cases[i].text, status);
    }
    finish();
}
END_TEST

START_TEST(methods_and_paths) {
    static const char *const methods[] = {"PUT",   "DELETE",  "HEAD",  "OPTIONS",
                                          "TRACE", "CONNECT", "PATCH", "BREW"};
    static const char *const paths[] = {
        "/..",           "/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd",
        "//etc/passwd",  "/api/session%00",   "/api/%73ession",
        "/api/session/", "/API/SESSION",      "/assets/../api/ask",
        "/assets/",      "/.git/config",      "/api/ask;x"};
    char text[300];
    start();
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        snprintf(text, sizeof text, "%s /api/session HTTP/1.1\r\nHost: a\r\n\r\n", methods[i]);
        int status = send_raw(text, strlen(text));
        ck_assert_msg(status == 0 || status == 400 || status == 405 || status == 501, "%s: %d",
                      methods[i], status);
    }
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        int status = kit_web_ask(&w, paths[i], NULL);
        ck_assert_msg(status == 404 || status == 400, "%s: %d", paths[i], status);
    }
    ck_assert_int_eq(kit_web_ask(&w, "/api/session", "{}"), 405);
    kit_web_header(&w, "Allow: GET");
    ck_assert_int_eq(kit_web_ask(&w, "/api/ask", NULL), 405);
    kit_web_header(&w, "Allow: POST");
    finish();
}
END_TEST

START_TEST(too_much) {
    enum { HEADERS = 10000, BODY = 70000 };
    static char text[HEADERS * 20 + 200];
    start();
    size_t n = (size_t)sprintf(text, "GET /api/session HTTP/1.1\r\nHost: a\r\n");
    for (int i = 0; i < HEADERS; i++) {
        n += (size_t)sprintf(text + n, "X-%d: %d\r\n", i, i);
    }
    n += (size_t)sprintf(text + n, "\r\n");
    int status = send_raw(text, n);
    ck_assert_msg(status == 0 || status >= 400, "%d", status);
    /* One header without an end. */
    memset(text, 'a', sizeof text);
    memcpy(text, "GET /api/session HTTP/1.1\r\nX: ", 30);
    status = send_raw(text, 20000);
    ck_assert_msg(status == 0 || status >= 400, "%d", status);
    n = (size_t)sprintf(text, "POST /api/login HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n",
                        BODY);
    memset(text + n, '{', BODY);
    ck_assert_int_eq(send_raw(text, n + BODY), 413);
    /* A length that nothing comes of is not allocated. */
    n = (size_t)sprintf(
        text, "POST /api/login HTTP/1.1\r\nHost: a\r\nContent-Length: 4000000000\r\n\r\n{}");
    status = send_raw(text, n);
    ck_assert_msg(status == 0 || status == 413, "%d", status);
    /* Deep nesting is no stack overflow. */
    memset(text, '[', 60000);
    text[60000] = '\0';
    kit_web_become(&w, "tanaka");
    ck_assert_int_eq(kit_web_ask(&w, "/api/ask", text), 400);
    finish();
}
END_TEST

/* ---- TLS ---------------------------------------------------------------------------------- */

static const char *const *tls_options(const char *more, const char *value) {
    static char certificate[KIT_PATH + 32];
    static char key[KIT_PATH + 32];
    static const char *options[8];
    snprintf(certificate, sizeof certificate, "%s/server.crt", tls_dir);
    snprintf(key, sizeof key, "%s/server.key", tls_dir);
    const char *const all[] = {"--tls-certificate", certificate, "--tls-key", key, more, value};
    memcpy(options, all, sizeof all);
    options[6] = NULL;
    return options;
}

static void start_tls(const char *more, const char *value) {
    people();
    kit_folder(tls_dir);
    kit_tls_make(tls_dir, "counter");
    kit_web_start(&w, &k, tls_options(more, value));
}

static void finish_tls(void) {
    kit_web_stop(&w, SIGTERM);
    kit_become(&k, "tanaka");
    kit_finish(&k);
}

struct browser {
    int fd;
    SSL_CTX *context;
    SSL *ssl;
};

static bool browse(struct browser *b, int version) {
    b->fd = kit_web_connect(&w);
    b->context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_max_proto_version(b->context, version);
    b->ssl = SSL_new(b->context);
    SSL_set_fd(b->ssl, b->fd);
    return SSL_connect(b->ssl) == 1;
}

static void browse_end(struct browser *b) {
    SSL_free(b->ssl);
    SSL_CTX_free(b->context);
    close(b->fd);
}

#define SESSION "GET /api/session HTTP/1.1\r\nHost: a\r\n\r\n"

/* Asks and is answered; the first line. */
static void ask_over(struct browser *b, const char *expected) {
    char answer[4096] = "";
    size_t n = 0;
    ck_assert_int_eq(SSL_write(b->ssl, SESSION, sizeof SESSION - 1), sizeof SESSION - 1);
    while (strstr(answer, "}") == NULL) {
        int got = SSL_read(b->ssl, answer + n, (int)(sizeof answer - 1 - n));
        ck_assert_int_gt(got, 0);
        n += (size_t)got;
        answer[n] = '\0';
    }
    ck_assert_msg(strncmp(answer, expected, strlen(expected)) == 0, "%s", answer);
}

/* Waits for the other side's end. */
static void expect_end(int fd) {
    char byte[512];
    struct pollfd p = {.fd = fd, .events = POLLIN};
    for (;;) {
        ck_assert_int_gt(poll(&p, 1, KIT_PATIENCE), 0);
        if (recv(fd, byte, sizeof byte, 0) <= 0) {
            return;
        }
    }
}

START_TEST(over_tls) {
    struct browser b;
    start_tls(NULL, NULL);
    ck_assert(browse(&b, 0));
    ask_over(&b, "HTTP/1.1 200");
    ask_over(&b, "HTTP/1.1 200"); /* on the same connection */
    browse_end(&b);
    ck_assert(!browse(&b, TLS1_2_VERSION));
    browse_end(&b);
    /* Plain words on it are answered with nothing of ours. */
    int fd = kit_web_connect(&w);
    ck_assert_int_gt(send(fd, SESSION, sizeof SESSION - 1, MSG_NOSIGNAL), 0);
    expect_end(fd);
    close(fd);
    finish_tls();
}
END_TEST

START_TEST(slow_bytes_have_an_end) {
    struct browser quick;
    struct browser slow;
    start_tls("--request-ms", "300");
    ck_assert(browse(&quick, 0));
    ask_over(&quick, "HTTP/1.1 200");
    /* One that says nothing, one in the middle of a handshake, one that goes on for ever. */
    int silent = kit_web_connect(&w);
    int half = kit_web_connect(&w);
    ck_assert_int_eq(send(half, "\x16\x03\x01\x02", 4, MSG_NOSIGNAL), 4);
    ck_assert(browse(&slow, 0));
    int64_t until = kit_clock() + KIT_PATIENCE;
    for (size_t i = 0; kit_clock() < until; i = (i + 1) % 26) {
        struct pollfd p = {.fd = slow.fd, .events = POLLIN};
        if (SSL_write(slow.ssl, i < 25 ? "X" : ":", 1) != 1 ||
            (poll(&p, 1, 20) > 0 && SSL_read(slow.ssl, (char[64]){0}, 64) <= 0)) {
            break;
        }
    }
    ck_assert_int_lt(kit_clock(), until);
    expect_end(silent);
    expect_end(half);
    close(silent);
    close(half);
    browse_end(&slow);
    browse_end(&quick);
    finish_tls();
}
END_TEST

/* Behind a proxy it is silence alone that ends a connection. */
START_TEST(a_silent_proxy_is_left) {
    static const char *const options[] = {"--behind-proxy", "--request-ms", "200", NULL};
    people();
    kit_web_start(&w, &k, options);
    int fd = kit_web_connect(&w);
    ck_assert_int_gt(send(fd, "GET / HT", 8, MSG_NOSIGNAL), 0);
    expect_end(fd);
    close(fd);
    finish();
}
END_TEST

/* Who comes beyond the limit waits until somebody goes. */
START_TEST(connections_have_a_limit) {
    struct browser b[3];
    start_tls("--connections-max", "2");
    ck_assert(browse(&b[0], 0));
    ck_assert(browse(&b[1], 0));
    ask_over(&b[1], "HTTP/1.1 200");
    int waiting = kit_web_connect(&w); /* by the kernel */
    struct pollfd p = {.fd = waiting, .events = POLLIN};
    SSL *ssl = SSL_new(b[0].context);
    SSL_set_fd(ssl, waiting);
    SSL_set_connect_state(ssl);
    ck_assert_int_eq(evutil_make_socket_nonblocking(waiting), 0);
    ck_assert_int_ne(SSL_do_handshake(ssl), 1);
    ask_over(&b[1], "HTTP/1.1 200");
    ck_assert_int_eq(poll(&p, 1, 0), 0);
    browse_end(&b[1]);
    int64_t until = kit_clock() + KIT_PATIENCE;
    while (SSL_do_handshake(ssl) != 1) {
        ck_assert_int_lt(kit_clock(), until);
        (void)poll(&p, 1, 20);
    }
    SSL_free(ssl);
    close(waiting);
    browse_end(&b[0]);
    finish_tls();
}
END_TEST

static void fingerprint_of(const struct browser *b, uint8_t out[32]) {
    unsigned n;
    X509 *x = SSL_get1_peer_certificate(b->ssl);
    ck_assert_ptr_nonnull(x);
    ck_assert_int_eq(X509_digest(x, EVP_sha256(), out, &n), 1);
    X509_free(x);
}

static bool file_has(const char *path, const char *word) {
    static char text[65536];
    FILE *f = fopen(path, "r");
    ck_assert_ptr_nonnull(f);
    text[fread(text, 1, sizeof text - 1, f)] = '\0';
    fclose(f);
    return strstr(text, word) != NULL;
}

static void await_log(const char *word) {
    int64_t until = kit_clock() + KIT_PATIENCE;
    while (!file_has(w.log, word)) {
        ck_assert_int_lt(kit_clock(), until);
        kit_pause(5);
    }
}

START_TEST(certificates_are_read_again) {
    struct browser old;
    struct browser fresh;
    uint8_t before[32];
    uint8_t now[32];
    char command[4 * KIT_PATH];
    start_tls(NULL, NULL);
    ck_assert(browse(&old, 0));
    fingerprint_of(&old, before);
    /* One that cannot be used changes nothing, and says why. */
    snprintf(command, sizeof command, "mv %s/server.crt %s/kept && echo none >%s/server.crt",
             tls_dir, tls_dir, tls_dir);
    ck_assert_int_eq(system(command), 0);
    ck_assert_int_eq(kill(w.pid, SIGHUP), 0);
    await_log("certificate-kept");
    ck_assert(file_has(w.log, "holds no certificate"));
    ck_assert(browse(&fresh, 0));
    fingerprint_of(&fresh, now);
    ck_assert_mem_eq(now, before, 32);
    browse_end(&fresh);
    kit_tls_sign(tls_dir, "server", "serverAuth", -1, 20);
    ck_assert_int_eq(kill(w.pid, SIGHUP), 0);
    await_log("certificate-read");
    await_log("certificate-expires days_left=");
    ck_assert(browse(&fresh, 0));
    fingerprint_of(&fresh, now);
    ck_assert_mem_ne(now, before, 32);
    ask_over(&fresh, "HTTP/1.1 200");
    ask_over(&old, "HTTP/1.1 200"); /* lives on */
    browse_end(&fresh);
    browse_end(&old);
    finish_tls();
}
END_TEST

START_TEST(what_cannot_be_served) {
    people();
    kit_folder(tls_dir);
    kit_tls_make(tls_dir, "counter");
    const char *const outside[] = {"--behind-proxy", "--listen", "0.0.0.0:0", NULL};
    ck_assert_int_eq(kit_web_refuses(&w, &k, outside), 1);
    ck_assert(file_has(w.log, "Without TLS only this machine's loopback"));
    const char *const nothing[] = {NULL};
    ck_assert_int_eq(kit_web_refuses(&w, &k, nothing), 2);
    ck_assert(file_has(w.log, "--tls-certificate and --tls-key must be given"));
    ck_assert_int_eq(kit_web_refuses(&w, &k, tls_options("--behind-proxy", NULL)), 2);
    ck_assert_int_eq(kit_web_refuses(&w, &k, tls_options("--server", "tls:localhost:1")), 2);
    ck_assert_int_eq(kit_web_refuses(&w, &k, tls_options("--listen", "nowhere")), 1);
    ck_assert(file_has(w.log, "is no HOST:PORT"));
    ck_assert_int_eq(kit_web_refuses(&w, &k, tls_options("--request-ms", "0")), 2);
    ck_assert_int_eq(kit_web_refuses(&w, &k, tls_options("--answer-ms", "x")), 2);
    ck_assert_int_eq(kit_web_refuses(&w, &k, tls_options("--connections-max", "65537")), 2);
    ck_assert_int_eq(kit_web_refuses(&w, &k, tls_options("--unknown", NULL)), 2);
    char loose[2 * KIT_PATH];
    snprintf(loose, sizeof loose, "chmod 0644 %s/server.key", tls_dir);
    ck_assert_int_eq(system(loose), 0);
    ck_assert_int_eq(kit_web_refuses(&w, &k, tls_options(NULL, NULL)), 1);
    ck_assert(file_has(w.log, "can be read or written by others"));
    kit_become(&k, "tanaka");
    kit_finish(&k);
}
END_TEST

static Suite *suite(void) {
    Suite *s = suite_create("web hostile");
    TCase *t = tcase_create("plain");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, other_pages_ask_nothing);
    tcase_add_test(t, two_cookies_are_none);
    tcase_add_test(t, every_answer_is_guarded);
    tcase_add_test(t, smuggling);
    tcase_add_test(t, methods_and_paths);
    tcase_add_test(t, too_much);
    suite_add_tcase(s, t);
    t = tcase_create("tls");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, over_tls);
    tcase_add_test(t, slow_bytes_have_an_end);
    tcase_add_test(t, a_silent_proxy_is_left);
    tcase_add_test(t, connections_have_a_limit);
    tcase_add_test(t, certificates_are_read_again);
    tcase_add_test(t, what_cannot_be_served);
    suite_add_tcase(s, t);
    return s;
}

int main(void) {
    kit_begin();
    int status = suite_run(suite());
    kit_end();
    return status;
}
