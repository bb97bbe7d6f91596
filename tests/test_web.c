/* The web gateway as its pages use it: logins, requests as JSON, what it keeps and loses. */
#include "tests/kit_web.h"
#include "tests/suite.h"

#include <check.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static const char *const names[] = {"boss", "tanaka", "abe", NULL};

static void people(struct kit *k) {
    kit_start(k, false);
    kit_person(k, "boss", "clerk;supervisor;planner;auditor;administrator", NULL, NULL, NULL);
    kit_person(k, "tanaka", "clerk", NULL, NULL, NULL);
    kit_person(k, "abe", "clerk", "citizen", NULL, NULL);
}

static void start(struct kit *k, struct kit_web *w) {
    people(k);
    kit_people_serve(k, "gateway_user: root", names);
    kit_web_start(w, k, NULL);
}

static void finish(struct kit *k, struct kit_web *w) {
    kit_web_stop(w, SIGTERM);
    kit_become(k, "boss"); /* for the comparison at the end */
    kit_finish(k);
}

/* A request with an id of its own, in static memory. */
static const char *act(unsigned id, const char *fields) {
    static char text[2000];
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    snprintf(text, sizeof text, "{\"id\":\"%012llx%020u\",\"act\":{%s}}",
             (unsigned long long)now.tv_sec * 1000, id, fields);
    return text;
}

#define LOGGED "\"kind\":\"LOG\",\"service\":\"migration\",\"date\":20240415"

/* ---- logins ------------------------------------------------------------------------------- */

START_TEST(logging_in_and_out) {
    struct kit k;
    static struct kit_web w;
    start(&k, &w);
    ck_assert_int_eq(kit_web_ask(&w, "/api/session", NULL), 200);
    kit_web_said(&w, "\"municipality\":\"062090\",\"name\":");
    kit_web_said(&w, "\"account\":null");
    ck_assert_int_eq(kit_web_ask(&w, "/api/login", "{\"name\":\"tanaka\",\"password\":\"no\"}"),
                     403);
    kit_web_said(&w, "\"field\":\"password\"");
    ck_assert_ptr_null(strstr(w.headers, "Set-Cookie"));
    ck_assert_int_eq(kit_web_ask(&w, "/api/login", "{\"name\":\"tanaka\",\"password\":\"tanaka\"}"),
                     200);
    kit_web_header(&w, "; Path=/; Secure; HttpOnly; SameSite=Strict\r\n");
    kit_web_said(&w, "\"account\":\"tanaka\"");
    kit_web_said(&w, "\"roles\":[\"clerk\"],\"services\":[]");
    kit_web_said(&w, "\"log\"");
    ck_assert_ptr_null(strstr(w.body, "\"audit\""));
    const char *at = strstr(w.headers, "Set-Cookie: ");
    ck_assert_ptr_nonnull(at);
    snprintf(w.cookie, sizeof w.cookie, "%.*s", (int)strcspn(at + 12, ";"), at + 12);
    /* The token is in the cookie alone. */
    ck_assert_ptr_null(strstr(w.body, strchr(w.cookie, '=') + 1));
    at = strstr(w.body, "\"csrf\":\"");
    ck_assert_ptr_nonnull(at);
    snprintf(w.csrf, sizeof w.csrf, "%.32s", at + 8);
    ck_assert_int_eq(kit_web_ask(&w, "/api/ask", act(1, LOGGED)), 200);
    kit_web_said(&w, "\"number\":\"M-2024-000001\"");
    ck_assert_int_eq(kit_web_ask(&w, "/api/logout", "{}"), 200);
    kit_web_header(&w, "Max-Age=0");
    ck_assert_int_eq(kit_web_ask(&w, "/api/ask", act(2, LOGGED)), 401);
    kit_web_said(&w, "\"field\":\"token\"");
    ck_assert_int_eq(kit_web_ask(&w, "/api/session", NULL), 200);
    kit_web_said(&w, "\"account\":null");
    finish(&k, &w);
}
END_TEST

START_TEST(a_given_password_is_changed) {
    struct kit k;
    static struct kit_web w;
    char body[300];
    char given[64];
    start(&k, &w);
    kit_web_become(&w, "boss");
    ck_assert_int_eq(kit_web_ask(&w, "/api/ask", "{\"password\":{\"name\":\"abe\"}}"), 200);
    const char *at = strstr(w.body, "\"value\":\"");
    ck_assert_ptr_nonnull(at);
    snprintf(given, sizeof given, "%.*s", (int)strcspn(at + 9, "\""), at + 9);
    kit_web_become(&w, NULL);
    snprintf(body, sizeof body, "{\"name\":\"abe\",\"password\":\"%s\"}", given);
    ck_assert_int_eq(kit_web_ask(&w, "/api/login", body), 200);
    kit_web_said(&w, "\"once\":true");
    at = strstr(w.headers, "Set-Cookie: ");
    snprintf(w.cookie, sizeof w.cookie, "%.*s", (int)strcspn(at + 12, ";"), at + 12);
    at = strstr(w.body, "\"csrf\":\"");
    snprintf(w.csrf, sizeof w.csrf, "%.32s", at + 8);
    ck_assert_int_eq(kit_web_ask(&w, "/api/ask", "{\"stats\":{\"count\":\"contacts\"}}"), 403);
    snprintf(body, sizeof body, "{\"password\":{\"old\":\"%s\",\"fresh\":\"my own long one\"}}",
             given);
    ck_assert_int_eq(kit_web_ask(&w, "/api/ask", body), 200);
    ck_assert_int_eq(kit_web_ask(&w, "/api/ask", "{\"stats\":{\"count\":\"contacts\"}}"), 200);
    finish(&k, &w);
}
END_TEST

/* One that guesses makes itself wait, and not the others behind the same gateway. */
START_TEST(guesses_are_counted_by_address) {
    struct kit k;
    static struct kit_web w;
    char body[128];
    start(&k, &w);
    w.forwarded = "192.0.2.1, 198.51.100.7"; /* the last is what the proxy saw */
    int status = 0;
    for (int i = 0; i < 60 && status != 503; i++) {
        snprintf(body, sizeof body, "{\"name\":\"nobody%d\",\"password\":\"x\"}", i);
        status = kit_web_ask(&w, "/api/login", body);
        ck_assert(status == 403 || status == 503);
    }
    ck_assert_int_eq(status, 503);
    kit_web_header(&w, "Retry-After: 1");
    w.forwarded = "198.51.100.7, 203.0.113.9";
    ck_assert_int_eq(kit_web_ask(&w, "/api/login", "{\"name\":\"abe\",\"password\":\"abe\"}"), 200);
    finish(&k, &w);
}
END_TEST

/* Whoever is not the gateway's user may say what they like. */
START_TEST(nobody_else_is_believed) {
    struct kit k;
    static struct kit_web w;
    char body[128];
    people(&k);
    kit_people_serve(&k, NULL, names);
    kit_web_start(&w, &k, NULL);
    int status = 0;
    for (int i = 0; i < 60 && status != 503; i++) {
        w.forwarded = i % 2 == 0 ? "198.51.100.7" : "203.0.113.9";
        snprintf(body, sizeof body, "{\"name\":\"nobody%d\",\"password\":\"x\"}", i);
        status = kit_web_ask(&w, "/api/login", body);
        ck_assert(status == 403 || status == 503);
    }
    ck_assert_int_eq(status, 503);
    finish(&k, &w);
}
END_TEST

/* What comes through the gateway without a login is nobody's, also where the user that it
 * runs as has an account: the founder's here. */
START_TEST(the_gateway_itself_is_nobody) {
    struct kit k;
    static struct kit_web w;
    Madoguchi__ClientMessage m = MADOGUCHI__CLIENT_MESSAGE__INIT;
    Madoguchi__Hello hello = MADOGUCHI__HELLO__INIT;
    static const char *const origins[] = {NULL, "no address", "192.0.2.1", "2001:db8::1"};
    start(&k, &w);
    m.body_case = MADOGUCHI__CLIENT_MESSAGE__BODY_HELLO;
    m.hello = &hello;
    SET(&hello, protocol, 1);
    for (size_t i = 0; i < 4; i++) {
        hello.has_origin = origins[i] != NULL;
        hello.origin = bytes_of(origins[i]);
        int fd = kit_connect(&k.d);
        ck_assert(kit_send_message(fd, &m.base));
        const Madoguchi__ServerMessage *said = kit_receive(fd, &k.arena);
        ck_assert_int_eq(said->body_case, MADOGUCHI__SERVER_MESSAGE__BODY_WELCOME);
        ck_assert_int_eq(said->welcome->has_account, i < 2);
        close(fd);
    }
    finish(&k, &w);
}
END_TEST

/* ---- requests ----------------------------------------------------------------------------- */

START_TEST(asked_again_is_done_once) {
    struct kit k;
    static struct kit_web w;
    char first[2000];
    start(&k, &w);
    kit_web_become(&w, "tanaka");
    snprintf(first, sizeof first, "%s", act(7, LOGGED ",\"topic\":[\"housing\",\"work\"]"));
    ck_assert_int_eq(kit_web_ask(&w, "/api/ask", first), 200);
    kit_web_said(&w, "\"number\":\"M-2024-000001\"");
    ck_assert_ptr_null(strstr(w.body, "\"known\":true"));
    ck_assert_int_eq(kit_web_ask(&w, "/api/ask", first), 200);
    kit_web_said(&w, "\"number\":\"M-2024-000001\",\"known\":true");
    ck_assert_int_eq(
        kit_web_ask(&w, "/api/ask",
                    "{\"stats\":{\"count\":\"contacts\",\"by\":[\"month\",\"topic\"],"
                    "\"scope\":{\"from\":\"FY2024\",\"filter\":[{\"field\":\"service\","
                    "\"value\":[\"migration\"]}]}}}"),
        200);
    kit_web_said(&w, "{\"stat\":[{\"key\":[\"2024-04\",\"housing\"],\"count\":1}]}");
    ck_assert_int_eq(kit_web_ask(&w, "/api/ask", "{\"show\":{\"number\":\"M-2024-000001\"}}"), 200);
    kit_web_said(&w, "\"name\":\"topic\",\"value\":\"housing;work\"");
    finish(&k, &w);
}
END_TEST

START_TEST(what_is_wrong_names_the_field) {
    struct kit k;
    static struct kit_web w;
    static const struct {
        const char *body;
        int status;
        const char *said;
    } cases[] = {
        {"", 400, "MALFORMED"},
        {"[]", 400, "MALFORMED"},
        {"{\"ping\":{},\"ping\":{}}", 400, "MALFORMED"},
        {"{}", 400, "\"field\":\"body\""},
        {"{\"login\":{\"name\":\"a\"}}", 400, "\"field\":\"body\""},
        {"{\"rows\":{}}", 400, "\"field\":\"body\""},
        {"{\"ping\":{},\"status\":{}}", 400, "\"field\":\"status\""},
        {"{\"stats\":{\"what\":\"contacts\"}}", 400, "no field of that name"},
        {"{\"stats\":{\"count\":3}}", 400, "\"field\":\"count\""},
        {"{\"stats\":{\"by\":\"month\"}}", 400, "\"field\":\"by\""},
        {"{\"stats\":{\"count\":\"contacts\",\"scope\":[]}}", 400, "\"field\":\"scope\""},
        {"{\"stats\":{\"count\":\"cantacts\"}}", 400, "\"near\":[\"contacts\""},
        {"{\"show\":{\"seq\":-1}}", 400, "\"field\":\"seq\""},
        {"{\"show\":{\"seq\":1.5}}", 400, "\"field\":\"seq\""},
        {"{\"show\":{\"seq\":99999}}", 404, "NOT_FOUND"},
        {"{\"id\":\"zz\",\"act\":{\"kind\":\"LOG\"}}", 400, "\"field\":\"id\""},
        {"{\"act\":{\"kind\":\"LOGS\"}}", 400, "\"field\":\"kind\""},
        {"{\"act\":{\"kind\":\"LOG\",\"date\":4294967296}}", 400, "\"field\":\"date\""},
        {"{\"stats\":{\"explain\":1}}", 400, "\"field\":\"explain\""},
        {"{\"audit\":{}}", 403, "FORBIDDEN"},
    };
    start(&k, &w);
    kit_web_become(&w, "tanaka");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int status = kit_web_ask(&w, "/api/ask", cases[i].body);
        ck_assert_msg(status == cases[i].status, "%s: %d %s", cases[i].body, status, w.body);
        kit_web_said(&w, cases[i].said);
    }
    /* The check digit is right: it goes nowhere. */
    ck_assert_int_eq(
        kit_web_ask(&w, "/api/ask",
                    "{\"void\":{},\"voiding\":{\"seq\":1,\"reason\":\"123456789018\"}}"),
        400);
    char body[300];
    snprintf(body, sizeof body,
             "{\"id\":\"%s\",\"voiding\":{\"seq\":1,\"reason\":\"123456789018\"}}",
             "0192f0a0b0c000112233445566778899");
    ck_assert_int_eq(kit_web_ask(&w, "/api/ask", body), 422);
    kit_web_said(&w, "INDIVIDUAL_NUMBER");
    finish(&k, &w);
}
END_TEST

START_TEST(rights_are_those_of_the_login) {
    struct kit k;
    static struct kit_web w;
    start(&k, &w);
    kit_web_become(&w, "abe");
    ck_assert_int_eq(kit_web_ask(&w, "/api/ask", act(1, LOGGED)), 403);
    kit_web_become(&w, "boss");
    ck_assert_int_eq(kit_web_ask(&w, "/api/ask", act(2, LOGGED)), 200);
    ck_assert_int_eq(kit_web_ask(&w, "/api/ask", "{\"accounts\":{}}"), 200);
    kit_web_said(&w, "\"name\":\"tanaka\"");
    kit_web_become(&w, NULL);
    ck_assert_int_eq(kit_web_ask(&w, "/api/ask", "{\"ping\":{}}"), 401);
    finish(&k, &w);
}
END_TEST

START_TEST(documents_are_json) {
    struct kit k;
    static struct kit_web w;
    start(&k, &w);
    kit_web_become(&w, "tanaka");
    ck_assert_int_eq(kit_web_ask(&w, "/api/catalogue", NULL), 200);
    kit_web_said(&w, "\"service\":[{\"code\":\"migration\",\"prefix\":\"M\",\"ja\":\"移住相談\"");
    ck_assert_int_eq(kit_web_ask(&w, "/api/plans", NULL), 200);
    ck_assert_int_eq(kit_web_ask(&w, "/api/plan", NULL), 400);
    ck_assert_int_eq(kit_web_ask(&w, "/api/plan?id=none", NULL), 404);
    kit_web_become(&w, NULL);
    ck_assert_int_eq(kit_web_ask(&w, "/api/catalogue", NULL), 401);
    finish(&k, &w);
}
END_TEST

START_TEST(reports_are_made) {
    struct kit k;
    static struct kit_web w;
    people(&k);
    kit_log(&k, "migration", "2024-04-15", "topic", "housing", "channel", "counter", NULL);
    kit_people_serve(&k, NULL, names);
    kit_web_start(&w, &k, NULL);
    kit_web_become(&w, "boss");
#define MONTHLY "/report?kind=monthly&service=migration&month=2024-04&format="
    ck_assert_int_eq(kit_web_ask(&w, MONTHLY "page&language=en", NULL), 200);
    kit_web_said(&w, "\"municipality\":\"062090\"");
    kit_web_said(&w, "{\"id\":\"topic-channel\",\"title\":\"Topic by channel\"");
    ck_assert_int_eq(kit_web_ask(&w, MONTHLY "page", NULL), 200);
    kit_web_said(&w, "令和6年4月");
    ck_assert_int_eq(kit_web_ask(&w, MONTHLY "csv", NULL), 200);
    kit_web_header(&w, "Content-Disposition: attachment; filename=\"monthly.csv\"");
    kit_web_said(&w, "\xef\xbb\xbfreport,table,");
    ck_assert_int_eq(kit_web_ask(&w, MONTHLY "xlsx", NULL), 200);
    ck_assert_mem_eq(w.body, "PK", 2);
    ck_assert_uint_gt(w.body_len, 5000);
    ck_assert_int_eq(kit_web_ask(&w, "/report?kind=weekly&format=page", NULL), 400);
    kit_web_said(&w, "\"field\":\"kind\"");
    ck_assert_int_eq(kit_web_ask(&w, "/report?kind=monthly&format=pdf", NULL), 400);
    kit_web_said(&w, "\"field\":\"format\"");
    ck_assert_int_eq(kit_web_ask(&w, "/report?kind=monthly&format=page&month=April", NULL), 400);
    ck_assert_int_eq(kit_web_ask(&w, "/report?kind=yearly&format=page&year=1999x", NULL), 400);
    /* Whoever may not ask stats gets no report. */
    kit_web_become(&w, NULL);
    ck_assert_int_eq(kit_web_ask(&w, MONTHLY "page", NULL), 401);
    finish(&k, &w);
}
END_TEST

/* More rows than a page shows are cut, which is said; nothing else has to wait for them. */
START_TEST(many_rows_are_cut) {
    enum { ROWS = 2800, EACH = 700 };
    static Madoguchi__Request *list[EACH];
    static struct kit_answer answers[EACH];
    struct kit k;
    static struct kit_web w;
    people(&k);
    for (int n = 0; n < ROWS; n += EACH) {
        for (int i = 0; i < EACH; i++) {
            list[i] = kit_request(&k, "log", "service", "citizen", "date", "2024-04-15", NULL);
        }
        kit_group(&k, list, EACH, answers);
        arena_reset(&k.arena);
    }
    kit_people_serve(&k, NULL, names);
    kit_web_start(&w, &k, NULL);
    kit_web_become(&w, "boss");
    ck_assert_int_eq(kit_web_ask(&w, "/api/ask", "{\"list\":{}}"), 200);
    kit_web_said(&w, "\"cut\":true");
    kit_web_said(&w, "C-2024-002000");
    ck_assert_ptr_null(strstr(w.body, "C-2024-002001"));
    /* The rest is not read to its end for nobody: ours, and that of the login, are left. */
    int64_t until = kit_clock() + KIT_PATIENCE;
    while (kit_status(&k, "connections") != 2) {
        ck_assert_int_lt(kit_clock(), until);
        kit_pause(5);
    }
    ck_assert_int_eq(kit_web_ask(&w, "/api/ask",
                                 "{\"stats\":{\"count\":\"cases\",\"scope\":"
                                 "{\"from\":\"FY2024\"}}}"),
                     200);
    kit_web_said(&w, "\"count\":2800");
    finish(&k, &w);
}
END_TEST

/* ---- ends --------------------------------------------------------------------------------- */

START_TEST(a_restart_loses_nothing) {
    struct kit k;
    static struct kit_web w;
    char cookie[128];
    char csrf[64];
    start(&k, &w);
    kit_web_become(&w, "tanaka");
    snprintf(cookie, sizeof cookie, "%s", w.cookie);
    snprintf(csrf, sizeof csrf, "%s", w.csrf);
    kit_web_stop(&w, SIGKILL);
    kit_web_start(&w, &k, NULL);
    snprintf(w.cookie, sizeof w.cookie, "%s", cookie);
    snprintf(w.csrf, sizeof w.csrf, "%s", csrf);
    ck_assert_int_eq(kit_web_ask(&w, "/api/ask", act(1, LOGGED)), 200);
    /* The daemon's end is an error that says so, and over when it is back. */
    close(k.fd);
    ck_assert_int_eq(kit_daemon_stop(&k.d, SIGTERM), 0);
    int status = kit_web_ask(&w, "/api/ask", act(2, LOGGED));
    ck_assert_msg(status == 503 || status == 504, "%d", status);
    ck_assert_int_eq(kit_web_ask(&w, "/api/ask", act(2, LOGGED)), 503);
    kit_daemon_start(&k.d, "gateway_user: root");
    k.fd = kit_hello(&k.d);
    ck_assert_int_eq(kit_web_ask(&w, "/api/ask", act(2, LOGGED)), 200);
    finish(&k, &w);
}
END_TEST

/* A daemon that says nothing any more: the page hears in time that its answer is lost. */
START_TEST(a_silent_daemon_is_not_waited_for) {
    static const char *const options[] = {"--behind-proxy", "--answer-ms", "300", NULL};
    struct kit k;
    static struct kit_web w;
    people(&k);
    kit_people_serve(&k, "gateway_user: root", names);
    kit_web_start(&w, &k, options);
    kit_web_become(&w, "tanaka");
    ck_assert_int_eq(kill(k.d.pid, SIGSTOP), 0);
    ck_assert_int_eq(kit_web_ask(&w, "/api/ask", "{\"ping\":{}}"), 504);
    kit_web_said(&w, "The answer was lost");
    /* Nor does it greet. */
    ck_assert_int_eq(kit_web_ask(&w, "/api/ask", "{\"ping\":{}}"), 503);
    kit_web_said(&w, "does not answer");
    ck_assert_int_eq(kill(k.d.pid, SIGCONT), 0);
    ck_assert_int_eq(kit_web_ask(&w, "/api/ask", "{\"ping\":{}}"), 200);
    finish(&k, &w);
}
END_TEST

/* Sends a ping on a connection of its own and does not wait. */
static int send_ping(const struct kit_web *w) {
    static const char body[] = "{\"ping\":{}}";
    char text[600];
    int fd = kit_web_connect(w);
    int n = snprintf(text, sizeof text,
                     "POST /api/ask HTTP/1.1\r\nHost: a\r\nCookie: %s\r\nX-Madoguchi-CSRF: %s\r\n"
                     "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                     w->cookie, w->csrf, strlen(body), body);
    ck_assert_int_eq(send(fd, text, (size_t)n, MSG_NOSIGNAL), n);
    return fd;
}

START_TEST(so_many_wait_and_no_more) {
    enum { WAITING = 256 };
    struct kit k;
    static struct kit_web w;
    int fds[WAITING];
    start(&k, &w);
    kit_web_become(&w, "tanaka");
    ck_assert_int_eq(kill(k.d.pid, SIGSTOP), 0);
    for (int i = 0; i < WAITING; i++) {
        fds[i] = send_ping(&w);
    }
    /* Those before it are taken: the kernel tells of connections in their order. */
    ck_assert_int_eq(kit_web_ask(&w, "/api/ask", "{\"ping\":{}}"), 503);
    kit_web_said(&w, "Too much waits");
    ck_assert_int_eq(kill(k.d.pid, SIGCONT), 0);
    for (int i = 0; i < WAITING; i++) {
        ck_assert(kit_web_read(&w, fds[i]));
        ck_assert_int_eq(w.status, 200);
        close(fds[i]);
    }
    finish(&k, &w);
}
END_TEST

START_TEST(what_is_under_way_is_answered_at_the_end) {
    struct kit k;
    static struct kit_web w;
    start(&k, &w);
    kit_web_become(&w, "tanaka");
    ck_assert_int_eq(kill(k.d.pid, SIGSTOP), 0);
    int fd = send_ping(&w);
    ck_assert_int_eq(kit_web_ask(&w, "/none", NULL), 404); /* by now it was read */
    ck_assert_int_eq(kill(w.pid, SIGTERM), 0);
    ck_assert_int_eq(kill(k.d.pid, SIGCONT), 0);
    ck_assert(kit_web_read(&w, fd));
    ck_assert_int_eq(w.status, 200);
    close(fd);
    finish(&k, &w); /* a second signal is one too many, and harmless */
}
END_TEST

static void leave(int fd, bool rudely) {
    struct linger at_once = {1, 0};
    if (rudely) {
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    }
    close(fd);
}

/* Whoever goes while it is answered, or while its answer is written, is not waited for. */
START_TEST(who_has_gone_is_nobody) {
    const int small = 2048;
    static const char request[] = "GET /assets/style.css HTTP/1.1\r\nHost: a\r\n\r\n";
    struct kit k;
    static struct kit_web w;
    char log[256] = "";
    start(&k, &w);
    kit_web_become(&w, "tanaka");
    for (int i = 0; i < 10; i++) {
        int fd = kit_web_connect(&w);
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
        for (int n = 0; n < 200; n++) { /* more than the socket takes */
            (void)!send(fd, request, sizeof request - 1, MSG_NOSIGNAL);
        }
        struct pollfd p = {.fd = fd, .events = POLLIN};
        ck_assert_int_gt(poll(&p, 1, KIT_PATIENCE), 0);
        leave(fd, i % 2 == 0);
    }
    ck_assert_int_eq(kill(k.d.pid, SIGSTOP), 0);
    for (int i = 0; i < 10; i++) {
        leave(send_ping(&w), i % 2 == 0);
    }
    ck_assert_int_eq(kit_web_ask(&w, "/none", NULL), 404); /* by now they were read */
    ck_assert_int_eq(kill(k.d.pid, SIGCONT), 0);
    ck_assert_int_eq(kit_web_ask(&w, "/api/ask", "{\"ping\":{}}"), 200); /* and answered */
    kit_web_stop(&w, SIGTERM);
    FILE *f = fopen(w.log, "r");
    ck_assert_ptr_nonnull(f);
    while (strstr(log, " stopped ") == NULL && fgets(log, sizeof log, f) != NULL) {
    }
    fclose(f);
    ck_assert_msg(strstr(log, "unanswered=0") != NULL, "%s", log);
    kit_become(&k, "boss");
    kit_finish(&k);
}
END_TEST

static Suite *suite(void) {
    Suite *s = suite_create("web");
    TCase *t = tcase_create("gateway");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, logging_in_and_out);
    tcase_add_test(t, a_given_password_is_changed);
    tcase_add_test(t, guesses_are_counted_by_address);
    tcase_add_test(t, nobody_else_is_believed);
    tcase_add_test(t, the_gateway_itself_is_nobody);
    tcase_add_test(t, asked_again_is_done_once);
    tcase_add_test(t, what_is_wrong_names_the_field);
    tcase_add_test(t, rights_are_those_of_the_login);
    tcase_add_test(t, documents_are_json);
    tcase_add_test(t, reports_are_made);
    tcase_add_test(t, many_rows_are_cut);
    tcase_add_test(t, a_restart_loses_nothing);
    tcase_add_test(t, a_silent_daemon_is_not_waited_for);
    tcase_add_test(t, so_many_wait_and_no_more);
    tcase_add_test(t, what_is_under_way_is_answered_at_the_end);
    tcase_add_test(t, who_has_gone_is_nobody);
    suite_add_tcase(s, t);
    return s;
}

int main(void) {
    kit_begin();
    int status = suite_run(suite());
    kit_end();
    return status;
}
