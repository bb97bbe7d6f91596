/* The real daemon over TLS: what it does, whom it refuses, reloading and starting. */
#include "proto/certificate.h"
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

static Madoguchi__Request *list(struct kit *k) {
    Madoguchi__Request *r = arena_alloc(&k->arena, sizeof *r);
    Madoguchi__Scope *scope = arena_alloc(&k->arena, sizeof *scope);
    ck_assert(r != NULL && scope != NULL);
    madoguchi__request__init(r);
    madoguchi__scope__init(scope);
    r->body_case = MADOGUCHI__REQUEST__BODY_LIST;
    r->list = scope;
    return r;
}

/* ---- serving -------------------------------------------------------------------------- */

START_TEST(logs_and_statistics) {
    struct kit k;
    struct kit_tls t;
    kit_tls_start(&k, dir, NULL);
    kit_tls_hello(&t, &k.d, dir);
    ck_assert(kit_tls_request(&t, 1, act(&k)));
    const Madoguchi__Answer *answer = kit_tls_answer(&t);
    ck_assert_int_eq(answer->body_case, MADOGUCHI__ANSWER__BODY_RECORDED);
    uint64_t seq = answer->recorded->seq;
    kit_stats(&k, "cases", "FY2024", NULL, NULL, "1");
    /* Recorded by the account of the certificate that was proved. */
    ck_assert(bytes_equal(kit_show(&k, seq)->actor, "counter"));
    kit_tls_expect_alive(&t);
    kit_tls_close(&t);
    kit_finish(&k);
}
END_TEST

/* More in flight than one record or one turn takes, at once. */
START_TEST(many_in_flight) {
    enum { N = 600 };
    struct kit k;
    struct kit_tls t;
    bool seen[N] = {false};
    kit_tls_start(&k, dir, "in_flight_max: 16\nwaiting_max: 8");
    kit_tls_hello(&t, &k.d, dir);
    for (uint32_t i = 0; i < N; i++) {
        ck_assert(kit_tls_request(&t, i, i % 3 == 0 ? kit_ping() : act(&k)));
    }
    for (uint32_t i = 0; i < N; i++) {
        const Madoguchi__Answer *answer = kit_tls_answer(&t);
        ck_assert(answer->serial < N && !seen[answer->serial]);
        seen[answer->serial] = true;
        ck_assert_int_ne(answer->body_case, MADOGUCHI__ANSWER__BODY_ERROR);
    }
    kit_tls_close(&t);
    kit_stats(&k, "cases", "FY2024", NULL, NULL, "400");
    kit_finish(&k);
}
END_TEST

/* All requests in one record: what OpenSSL has decrypted and the socket does not
 * tell of is read all the same, whatever made the reading pause. */
START_TEST(many_in_one_record) {
    enum { N = 200 };
    struct kit k;
    struct kit_tls t;
    static uint8_t bytes[16000];
    size_t len = 0;
    kit_tls_start(&k, dir, "in_flight_max: 2\nwaiting_max: 2");
    kit_tls_hello(&t, &k.d, dir);
    for (uint32_t i = 0; i < N; i++) {
        Madoguchi__ClientMessage m = MADOGUCHI__CLIENT_MESSAGE__INIT;
        m.body_case = MADOGUCHI__CLIENT_MESSAGE__BODY_REQUEST;
        m.request = act(&k);
        SET(m.request, serial, i);
        size_t packed = protobuf_c_message_get_packed_size(&m.base);
        ck_assert_uint_lt(len + 4 + packed, sizeof bytes);
        bytes[len] = bytes[len + 1] = 0;
        bytes[len + 2] = (uint8_t)(packed >> 8);
        bytes[len + 3] = (uint8_t)packed;
        protobuf_c_message_pack(&m.base, bytes + len + 4);
        len += 4 + packed;
    }
    ck_assert(kit_tls_bytes(&t, bytes, len));
    for (uint32_t i = 0; i < N; i++) {
        ck_assert_uint_eq(kit_tls_answer(&t)->serial, i);
    }
    kit_tls_close(&t);
    kit_finish(&k);
}
END_TEST

/* Records that come all at once, more than one turn takes: the rest lies in
 * OpenSSL's buffer, and no event tells of it. */
START_TEST(many_small_records) {
    enum { N = 250 };
    struct kit k;
    struct kit_tls t;
    kit_tls_start(&k, dir, "in_flight_max: 1000");
    kit_tls_hello(&t, &k.d, dir);
    for (int round = 0; round < 2; round++) {
        kill(k.d.pid, SIGSTOP);
        for (uint32_t i = 0; i < N; i++) {
            ck_assert(kit_tls_request(&t, i, round == 0 ? kit_ping() : act(&k)));
        }
        kill(k.d.pid, SIGCONT);
        for (uint32_t i = 0; i < N; i++) {
            ck_assert_uint_eq(kit_tls_answer(&t)->serial, i);
        }
    }
    kit_tls_close(&t);
    kit_finish(&k);
}
END_TEST

/* Long answers to a reader that does not read: bounded in the daemon, whole in
 * the end. */
START_TEST(long_answers_wait_for_their_reader) {
    enum { CASES = 400, LISTS = 200 };
    struct kit k;
    struct kit_tls t;
    const int small = 262144;
    kit_tls_start(&k, dir,
                  "output_high_bytes: 65536\noutput_low_bytes: 16384\nspool_memory_bytes: 4096");
    for (int i = 0; i < CASES; i++) {
        kit_log(&k, "citizen", "2024-04-15", NULL);
    }
    kit_tls_hello(&t, &k.d, dir);
    setsockopt(t.fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    for (uint32_t i = 0; i < LISTS; i++) {
        ck_assert(kit_tls_request(&t, i, list(&k)));
    }
    /* The others go on meanwhile. */
    kit_expect_alive(&k.d);
    kit_pause(100);
    kit_expect_alive(&k.d);
    size_t rows = 0;
    for (uint32_t whole = 0; whole < LISTS;) {
        const Madoguchi__Answer *answer = kit_tls_answer(&t);
        ck_assert_int_eq(answer->body_case, MADOGUCHI__ANSWER__BODY_PAGE);
        rows += answer->page->n_case_row;
        whole += answer->more ? 0 : 1;
    }
    ck_assert_uint_eq(rows, (size_t)CASES * LISTS);
    kit_tls_close(&t);
    kit_finish(&k);
}
END_TEST

/* ---- who ------------------------------------------------------------------------------- */

static void expect_forbidden(struct kit_tls *t, Madoguchi__Request *r) {
    ck_assert(kit_tls_request(t, 5, r));
    const Madoguchi__Answer *answer = kit_tls_answer(t);
    ck_assert_int_eq(answer->body_case, MADOGUCHI__ANSWER__BODY_ERROR);
    ck_assert_int_eq((int)answer->error->code, ERR_FORBIDDEN);
    ck_assert_uint_eq(answer->serial, 5);
}

START_TEST(nobody_may_only_ping) {
    struct kit k;
    struct kit_tls t;
    kit_tls_start(&k, dir, NULL);
    kit_tls_hello(&t, &k.d, NULL);
    kit_tls_expect_alive(&t);
    uint64_t head = kit_head(&k);
    expect_forbidden(&t, act(&k));
    expect_forbidden(&t, list(&k));
    kit_tls_expect_alive(&t);
    ck_assert_uint_eq(kit_head(&k), head);
    kit_tls_close(&t);
    kit_finish(&k);
}
END_TEST

/* Nor for longer than an idle connection, whatever it asks. */
START_TEST(nobody_has_to_go) {
    struct kit k;
    struct kit_tls t;
    kit_tls_start(&k, dir, "idle_ms: 1000");
    kit_tls_hello(&t, &k.d, NULL);
    int64_t start = kit_clock();
    while (kit_tls_request(&t, 1, kit_ping()) && kit_tls_receive(&t) != NULL) {
        ck_assert_int_lt(kit_clock(), start + KIT_PATIENCE);
        (void)kit_status(&k, "head"); /* who is somebody stays by asking */
        kit_pause(20);
    }
    ck_assert_int_ge(kit_clock(), start + 900);
    kit_tls_drop(&t, false);
    kit_finish(&k);
}
END_TEST

/* The handshake of the client may be over before its certificate is judged: the
 * refusal then comes with the first thing read. */
static int refusal_of(struct kit *k, const char *client) {
    struct kit_tls t;
    char byte;
    size_t n;
    const struct kit_tls_way way = {.dir = dir, .client = client};
    if (kit_tls_open(&t, &k->d, &way)) {
        ck_assert_int_eq(SSL_read_ex(t.ssl, &byte, 1, &n), 0);
    }
    int reason = ERR_GET_REASON(ERR_peek_error());
    ERR_clear_error();
    kit_tls_drop(&t, false);
    return reason;
}

static const Madoguchi__Page *refused_certificates(struct kit *k) {
    ProtobufCBinaryData kind = bytes_of("certificate-refused");
    Madoguchi__Audit audit = MADOGUCHI__AUDIT__INIT;
    Madoguchi__Request r = MADOGUCHI__REQUEST__INIT;
    audit.kind = &kind;
    audit.n_kind = 1;
    r.body_case = MADOGUCHI__REQUEST__BODY_AUDIT;
    r.audit = &audit;
    const Madoguchi__Page *page = kit_read(k, &r);
    ck_assert_msg(page != NULL, "%s", k->last.en);
    return page;
}

static bool has_field(const Madoguchi__EntryRow *row, const char *name, const char *value) {
    for (size_t i = 0; i < row->n_field; i++) {
        if (bytes_equal(row->field[i]->name, name)) {
            return bytes_equal(row->field[i]->value, value);
        }
    }
    return false;
}

START_TEST(client_certificates_that_are_refused) {
    struct kit k;
    char other[KIT_PATH];
    char command[2 * KIT_PATH + 100];
    kit_tls_start(&k, dir, NULL);
    kit_folder(other);
    kit_tls_make(other, "stranger");
    snprintf(command, sizeof command, "cp %s/client-stranger.* %s", other, dir);
    ck_assert_int_eq(system(command), 0);
    kit_tls_sign(dir, "old", "clientAuth", -20, -10);
    kit_tls_sign(dir, "young", "clientAuth", 10, 20);
    ck_assert_int_eq(refusal_of(&k, "client-stranger"), SSL_R_TLSV1_ALERT_UNKNOWN_CA);
    ck_assert_int_eq(refusal_of(&k, "old"), SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED);
    ck_assert_int_eq(refusal_of(&k, "young"), SSL_R_SSLV3_ALERT_BAD_CERTIFICATE);
    ck_assert_int_eq(refusal_of(&k, "server"), SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE);
    kit_daemon_await_log(&k.d, "certificate-refused from=127.0.0.1 subject=\"CN=stranger\"", 1);
    kit_daemon_await_log(&k.d, "subject=\"CN=old\" why=\"certificate has expired\"", 1);
    ck_assert_uint_eq(kit_status(&k, "handshakes_failed"), 4);
    kit_expect_alive(&k.d);
    /* Summed into one entry, which comes at the latest with the stop. */
    close(k.fd);
    ck_assert_int_eq(kit_daemon_stop(&k.d, SIGTERM), 0);
    kit_daemon_start(&k.d, kit_tls_config(dir, "free_floor_bytes: 1\n"));
    k.fd = kit_hello(&k.d);
    const Madoguchi__Page *page = refused_certificates(&k);
    ck_assert_uint_eq(page->n_entry, 1);
    ck_assert_msg(has_field(page->entry[0], "source", "127.0.0.0/24") &&
                      has_field(page->entry[0], "count", "4"),
                  "of another network or number");
    kit_finish(&k);
}
END_TEST

/* Not even the log keeps an individual number that somebody put into a name. */
START_TEST(a_name_with_an_individual_number) {
    struct kit k;
    char other[KIT_PATH];
    char command[2 * KIT_PATH + 100];
    kit_tls_start(&k, dir, NULL);
    kit_folder(other);
    kit_tls_make(other, "x");
    kit_tls_sign(other, "123456789018", "clientAuth", -1, 10);
    snprintf(command, sizeof command, "cp %s/1234* %s", other, dir);
    ck_assert_int_eq(system(command), 0);
    ck_assert_int_ne(refusal_of(&k, "123456789018"), 0);
    kit_daemon_await_log(&k.d, "subject=\"(withheld)\"", 1);
    ck_assert_uint_eq(kit_daemon_logged(&k.d, "123456789018"), 0);
    kit_finish(&k);
}
END_TEST

START_TEST(only_our_protocol_and_tls_1_3) {
    static const struct {
        struct kit_tls_way way;
        int reason;
    } cases[] = {{{.alpn = ""}, SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL},
                 {{.alpn = "http/1.1"}, SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL},
                 {{.alpn = "madoguchi/2"}, SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL},
                 {{.version = TLS1_2_VERSION}, SSL_R_TLSV1_ALERT_PROTOCOL_VERSION},
                 {{.version = TLS1_1_VERSION}, SSL_R_TLSV1_ALERT_PROTOCOL_VERSION}};
    struct kit k;
    kit_tls_start(&k, dir, NULL);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct kit_tls t;
        ck_assert(!kit_tls_open(&t, &k.d, &cases[i].way));
        ck_assert_msg(ERR_GET_REASON(ERR_peek_error()) == cases[i].reason, "%zu: %s", i,
                      ERR_reason_error_string(ERR_peek_error()));
        kit_tls_drop(&t, false);
    }
    kit_expect_alive(&k.d);
    kit_finish(&k);
}
END_TEST

/* No session to come back to, and the protocol's name is answered. */
START_TEST(no_tickets) {
    struct kit k;
    struct kit_tls t;
    const unsigned char *alpn;
    unsigned len;
    kit_tls_start(&k, dir, NULL);
    kit_tls_hello(&t, &k.d, dir);
    kit_tls_expect_alive(&t);
    ck_assert_int_eq(SSL_SESSION_is_resumable(SSL_get0_session(t.ssl)), 0);
    ck_assert_int_eq((int)SSL_SESSION_get_max_early_data(SSL_get0_session(t.ssl)), 0);
    SSL_get0_alpn_selected(t.ssl, &alpn, &len);
    ck_assert(len == 11 && memcmp(alpn, "madoguchi/1", 11) == 0);
    kit_tls_close(&t);
    kit_finish(&k);
}
END_TEST

/* ---- reload ---------------------------------------------------------------------------------- */

static void fingerprint_of(struct kit_tls *t, char out[CERTIFICATE_FINGERPRINT]) {
    X509 *x = SSL_get1_peer_certificate(t->ssl);
    ck_assert_ptr_nonnull(x);
    certificate_fingerprint(x, out);
    X509_free(x);
}

static void reload(struct kit *k, const char *event) {
    unsigned n = kit_daemon_logged(&k->d, event);
    kill(k->d.pid, SIGHUP);
    kit_daemon_await_log(&k->d, event, n + 1);
}

START_TEST(reload_under_live_connections) {
    struct kit k;
    struct kit_tls before;
    struct kit_tls after;
    char first[CERTIFICATE_FINGERPRINT];
    char second[CERTIFICATE_FINGERPRINT];
    char path[KIT_PATH + 32];
    kit_tls_start(&k, dir, NULL);
    kit_tls_hello(&before, &k.d, dir);
    fingerprint_of(&before, first);
    kit_tls_sign(dir, "server", "serverAuth", -1, 20);
    reload(&k, " reloaded ");
    kit_daemon_await_log(&k.d, "certificate-expires days_left=", 1);
    kit_tls_hello(&after, &k.d, dir);
    fingerprint_of(&after, second);
    ck_assert_str_ne(first, second);
    kit_tls_expect_alive(&before);
    unsigned long left = kit_status(&k, "certificate_days_left");
    ck_assert(left == 19 || left == 20);
    ck_assert_str_eq(kit_status_text(&k, "warning_certificate"), "yes");
    ck_assert_ptr_nonnull(strstr(kit_status_text(&k, "warning"), "expires on"));
    /* Bad ones change nothing, and the log says what. */
    snprintf(path, sizeof path, "%s/server.key", dir);
    chmod(path, 0644);
    reload(&k, " reload-refused ");
    ck_assert_uint_eq(kit_daemon_logged(&k.d, "server.key can be read or written by others"), 1);
    chmod(path, 0600);
    snprintf(path, sizeof path, "%s/server.crt", dir);
    ck_assert_int_eq(truncate(path, 100), 0);
    reload(&k, " reload-refused ");
    ck_assert_uint_eq(kit_daemon_logged(&k.d, "server.crt holds no certificate"), 1);
    kit_tls_close(&after);
    kit_tls_hello(&after, &k.d, dir);
    char third[CERTIFICATE_FINGERPRINT];
    fingerprint_of(&after, third);
    ck_assert_str_eq(second, third);
    /* Nor does a configuration without certificates, with TCP listened on. */
    kit_daemon_configure(&k.d, "free_floor_bytes: 1");
    reload(&k, " reload-refused ");
    ck_assert_uint_eq(kit_daemon_logged(&k.d, "has no tls_certificate"), 1);
    kit_tls_expect_alive(&before);
    kit_tls_expect_alive(&after);
    kit_tls_close(&before);
    kit_tls_close(&after);
    kit_finish(&k);
}
END_TEST

/* One that had begun is ended with what it began with, and is let in. */
START_TEST(reload_in_the_middle_of_a_handshake) {
    static const char key[] = "\x0bmadoguchi/1";
    struct kit k;
    char hello[4096];
    kit_tls_start(&k, dir, NULL);
    SSL_CTX *c = SSL_CTX_new(TLS_client_method());
    ck_assert_int_eq(SSL_CTX_set_alpn_protos(c, (const uint8_t *)key, sizeof key - 1), 0);
    SSL *ssl = SSL_new(c);
    BIO *said = BIO_new(BIO_s_mem());
    int fd = kit_tls_tcp(&k.d);
    SSL_set0_rbio(ssl, BIO_new(BIO_s_mem()));
    SSL_set0_wbio(ssl, said);
    ck_assert_int_ne(SSL_connect(ssl), 1);
    int n = BIO_read(said, hello, sizeof hello);
    ck_assert_int_gt(n, 100);
    ck_assert_int_eq(send(fd, hello, 50, MSG_NOSIGNAL), 50);
    kit_expect_alive(&k.d); /* by now it has read them */
    reload(&k, " reloaded ");
    ck_assert_int_eq(send(fd, hello + 50, (size_t)n - 50, MSG_NOSIGNAL), n - 50);
    SSL_set_fd(ssl, fd);
    ck_assert_int_eq(SSL_connect(ssl), 1);
    SSL_free(ssl);
    SSL_CTX_free(c);
    close(fd);
    kit_finish(&k);
}
END_TEST

/* A CA that is not trusted any more: only who comes anew notices. */
START_TEST(reload_with_another_client_ca) {
    struct kit k;
    struct kit_tls before;
    char other[KIT_PATH];
    char text[2000];
    kit_tls_start(&k, dir, NULL);
    kit_folder(other);
    kit_tls_make(other, "x");
    kit_tls_hello(&before, &k.d, dir);
    snprintf(text, sizeof text,
             "free_floor_bytes: 1\ntls_certificate: \"%s/server.crt\"\ntls_key: \"%s/server.key\"\n"
             "tls_client_ca: \"%s/ca.crt\"\n",
             dir, dir, other);
    kit_daemon_configure(&k.d, text);
    reload(&k, " reloaded ");
    ck_assert_int_eq(refusal_of(&k, "client-counter"), SSL_R_TLSV1_ALERT_UNKNOWN_CA);
    kit_tls_expect_alive(&before);
    kit_tls_close(&before);
    kit_finish(&k);
}
END_TEST

/* ---- starting -----------------------------------------------------------------------------------
 */

START_TEST(tcp_without_a_certificate) {
    struct kit k;
    kit_start(&k, true);
    close(k.fd);
    ck_assert_int_eq(kit_daemon_stop(&k.d, SIGTERM), 0);
    k.d.listen = "tls:127.0.0.1:0";
    ck_assert_int_eq(kit_daemon_refuses(&k.d, NULL), 1);
    ck_assert_uint_eq(kit_daemon_logged(&k.d, "has no tls_certificate"), 1);
    k.d.listen = "tls:no-such-host.invalid:7290";
    ck_assert_int_eq(kit_daemon_refuses(&k.d, NULL), 1);
    k.d.listen = "tcp:127.0.0.1:7290";
    ck_assert_int_eq(kit_daemon_refuses(&k.d, NULL), 1);
    ck_assert_uint_eq(kit_daemon_logged(&k.d, "no connection without TLS"), 1);
    k.d.listen = NULL;
    kit_daemon_start(&k.d, NULL);
    k.fd = kit_hello(&k.d);
    kit_finish(&k);
}
END_TEST

/* A TCP socket that systemd passes, as descriptor 3. */
static pid_t serve_passed(const struct kit *k, int fd, const char *config) {
    char program[KIT_PATH];
    char pid[24];
    const char *build = getenv("BUILD");
    snprintf(program, sizeof program, "%s/madoguchid", build != NULL ? build : "build");
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        int log = open(k->d.log, O_WRONLY | O_CREAT | O_APPEND, 0600);
        dup2(log, STDERR_FILENO);
        if (fd != 3) {
            dup2(fd, 3);
        } else {
            fcntl(3, F_SETFD, 0);
        }
        snprintf(pid, sizeof pid, "%d", (int)getpid());
        setenv("LISTEN_PID", pid, 1);
        setenv("LISTEN_FDS", "1", 1);
        execl(program, program, "serve", "--store", k->d.store, "--config", config, NULL);
        _exit(127);
    }
    return child;
}

START_TEST(sockets_passed_by_systemd) {
    struct kit k;
    struct kit_tls t;
    kit_tls_start(&k, dir, NULL);
    close(k.fd);
    ck_assert_int_eq(kit_daemon_stop(&k.d, SIGTERM), 0);
    int passed = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in at = {.sin_family = AF_INET};
    socklen_t len = sizeof at;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ck_assert_int_eq(bind(passed, (struct sockaddr *)&at, sizeof at), 0);
    ck_assert_int_eq(listen(passed, 16), 0);
    ck_assert_int_eq(getsockname(passed, (struct sockaddr *)&at, &len), 0);
    /* Without a certificate: refused. */
    k.d.listen = NULL;
    kit_daemon_configure(&k.d, "free_floor_bytes: 1");
    int status;
    pid_t pid = serve_passed(&k, passed, k.d.config);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 1);
    ck_assert_uint_eq(kit_daemon_logged(&k.d, "has no tls_certificate"), 1);
    /* With one: TLS, and nothing else. */
    kit_daemon_configure(&k.d, kit_tls_config(dir, "free_floor_bytes: 1"));
    k.d.pid = serve_passed(&k, passed, k.d.config);
    kit_daemon_await_log(&k.d, "passed=0 tls=yes", 2);
    FILE *f = fopen(k.d.log, "ae"); /* where kit_tls_port() looks */
    fprintf(f, "listening tls=127.0.0.1:%u\n", ntohs(at.sin_port));
    fclose(f);
    kit_tls_hello(&t, &k.d, dir);
    kit_tls_expect_alive(&t);
    kit_tls_close(&t);
    int plain = kit_tls_tcp(&k.d);
    kit_say_hello(plain, 1, "en");
    uint8_t first = 21;
    ck_assert_int_le(recv(plain, &first, 1, 0), 1);
    ck_assert_int_eq(first, 21); /* an alert, or nothing */
    close(plain);
    close(passed);
    k.fd = -1;
    kit_finish(&k);
}
END_TEST

START_TEST(tls_init_by_the_program) {
    struct kit k;
    char made[KIT_PATH];
    kit_start(&k, true);
    snprintf(made, sizeof made, "%.80s/made", k.dir);
    ck_assert_int_eq(kit_daemon_run(&k.d, "tls-init", NULL), 2);
    ck_assert_int_eq(kit_daemon_run(&k.d, "tls-init", "--dir", made, "--client", "a", NULL), 0);
    ck_assert_int_eq(kit_daemon_run(&k.d, "tls-init", "--dir", made, "--client", "b", NULL), 0);
    ck_assert_int_eq(kit_daemon_run(&k.d, "tls-init", "--dir", made, "--client", "a", NULL), 1);
    ck_assert_int_eq(kit_daemon_run(&k.d, "tls-init", "--dir", made, NULL), 1);
    ck_assert_uint_ge(kit_daemon_logged(&k.d, "fingerprint"), 4);
    kit_finish(&k);
}
END_TEST

int main(void) {
    Suite *s = suite_create("tls daemon");
    TCase *t = tcase_create("tls daemon");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, logs_and_statistics);
    tcase_add_test(t, many_in_flight);
    tcase_add_test(t, many_in_one_record);
    tcase_add_test(t, many_small_records);
    tcase_add_test(t, long_answers_wait_for_their_reader);
    tcase_add_test(t, nobody_may_only_ping);
    tcase_add_test(t, nobody_has_to_go);
    tcase_add_test(t, client_certificates_that_are_refused);
    tcase_add_test(t, a_name_with_an_individual_number);
    tcase_add_test(t, only_our_protocol_and_tls_1_3);
    tcase_add_test(t, no_tickets);
    tcase_add_test(t, reload_under_live_connections);
    tcase_add_test(t, reload_in_the_middle_of_a_handshake);
    tcase_add_test(t, reload_with_another_client_ca);
    tcase_add_test(t, tcp_without_a_certificate);
    tcase_add_test(t, sockets_passed_by_systemd);
    tcase_add_test(t, tls_init_by_the_program);
    suite_add_tcase(s, t);
    kit_begin();
    int status = suite_run(s);
    kit_end();
    return status;
}
