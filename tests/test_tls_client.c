/* The client over TLS: whom it trusts, what it says when it does not, and lost
 * answers, with a proxy between that cuts what it is told to. */
#include "client/connection.h"
#include "daemon/authority.h"
#include "tests/kit_files.h"
#include "tests/kit_tls.h"
#include "tests/suite.h"

#include <arpa/inet.h>
#include <check.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static char dir[KIT_PATH];
static char address[64];
static struct error e;

static const char *in(const char *name) {
    static char paths[4][KIT_PATH + 64];
    static unsigned next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", dir, name);
    return path;
}

static void at_port(const char *host, unsigned port) {
    snprintf(address, sizeof address, "tls:%s:%u", host, port);
}

static struct connection *client(const char *ca, const char *certificate, const char *key) {
    const struct connection_options options = {
        .address = address,
        .files = {.ca = ca, .certificate = certificate, .key = key},
        .language = "en",
        .build = "test",
        .connect_ms = 5000,
        .answer_ms = 10000,
        .tries = 3};
    struct connection *c = connection_new(&options);
    ck_assert_ptr_nonnull(c);
    return c;
}

static struct connection *counter(void) {
    return client(in("ca.crt"), in("client-counter.crt"), in("client-counter.key"));
}

/* ---- asking ------------------------------------------------------------------------- */

static int take(void *ctx, const Madoguchi__Answer *answer) {
    if (answer->body_case == MADOGUCHI__ANSWER__BODY_RECORDED) {
        *(bool *)ctx = answer->recorded->known;
    }
    return 0;
}

static enum connection_outcome tally(struct connection *c, bool *known) {
    static uint8_t id[16];
    Madoguchi__Request r = MADOGUCHI__REQUEST__INIT;
    Madoguchi__Act act = MADOGUCHI__ACT__INIT;
    connection_request_id(id);
    SET(&r, id, ((ProtobufCBinaryData){.len = sizeof id, .data = id}));
    SET(&act, kind, MADOGUCHI__ACT_KIND__TALLY);
    SET(&act, date, 20240415);
    SET(&act, service, bytes_of("citizen"));
    SET(&act, count, 1);
    r.body_case = MADOGUCHI__REQUEST__BODY_ACT;
    r.act = &act;
    return connection_ask(c, &r, take, known, &e);
}

/* Cannot be reached, in words that hold `part` and are Japanese too. */
static void unreachable(struct connection *c, const char *part) {
    bool known;
    ck_assert_int_eq(tally(c, &known), CONNECTION_UNREACHABLE);
    ck_assert_msg(strstr(e.en, part) != NULL, "'%s' not in '%s'", part, e.en);
    connection_free(c);
}

START_TEST(records) {
    struct kit k;
    bool known = true;
    kit_tls_start(&k, dir, NULL);
    at_port("localhost", kit_tls_port(&k.d));
    struct connection *c = counter();
    ck_assert_msg(tally(c, &known) == CONNECTION_DONE, "%s", e.en);
    ck_assert(!known);
    connection_free(c);
    at_port("127.0.0.1", kit_tls_port(&k.d));
    c = counter();
    ck_assert_msg(tally(c, &known) == CONNECTION_DONE, "%s", e.en);
    connection_free(c);
    kit_stats(&k, "contacts", "FY2024", NULL, NULL, "2");
    kit_finish(&k);
}
END_TEST

START_TEST(whom_it_trusts) {
    struct kit k;
    char other[KIT_PATH];
    char path[KIT_PATH + 32];
    kit_tls_start(&k, dir, NULL);
    kit_folder(other);
    kit_tls_make(other, "x");
    at_port("localhost", kit_tls_port(&k.d));
    unreachable(client(NULL, NULL, NULL), "not known whom to trust");
    unreachable(client(in("nothing"), NULL, NULL), "cannot be used");
    snprintf(path, sizeof path, "%s/ca.crt", other);
    unreachable(client(path, NULL, NULL), "did not sign");
    unreachable(client(in("ca.crt"), in("nothing"), NULL), "client certificate");
    unreachable(client(in("ca.crt"), in("client-counter.crt"), in("server.key")), "server.key");
    unreachable(client(in("ca.crt"), in("client-counter.crt"), NULL), "client-counter.crt");
    kit_finish(&k);
}
END_TEST

static void new_server_certificate(struct kit *k) {
    unsigned n = kit_daemon_logged(&k->d, " reloaded ");
    kill(k->d.pid, SIGHUP);
    kit_daemon_await_log(&k->d, " reloaded ", n + 1);
}

START_TEST(certificates_of_the_daemon) {
    static const char *const elsewhere[] = {"elsewhere.example", "192.0.2.1"};
    struct kit k;
    struct authority *a;
    struct authority_made made;
    kit_tls_start(&k, dir, NULL);
    at_port("localhost", kit_tls_port(&k.d));
    kit_tls_sign(dir, "server", "serverAuth", -20, -10);
    new_server_certificate(&k);
    unreachable(counter(), "has expired");
    ck_assert_str_eq(kit_status_text(&k, "warning_certificate"), "yes");
    ck_assert_ptr_nonnull(strstr(kit_status_text(&k, "warning"), "expired on"));
    const char *left = kit_status_text(&k, "certificate_days_left");
    ck_assert(strcmp(left, "-10") == 0 || strcmp(left, "-11") == 0);
    kit_tls_sign(dir, "server", "serverAuth", 10, 20);
    new_server_certificate(&k);
    unreachable(counter(), "not valid yet");
    ck_assert_int_eq(unlink(in("server.crt")), 0);
    ck_assert_int_eq(unlink(in("server.key")), 0);
    ck_assert_int_eq(authority_open(dir, &a, &made, &e), 0);
    ck_assert_int_eq(authority_server(a, elsewhere, 2, &made, &e), 0);
    authority_free(a);
    new_server_certificate(&k);
    unreachable(counter(), "for another name");
    at_port("127.0.0.1", kit_tls_port(&k.d));
    unreachable(counter(), "for another name");
    kit_finish(&k);
}
END_TEST

START_TEST(certificates_of_the_client) {
    struct kit k;
    char other[KIT_PATH];
    char certificate[KIT_PATH + 32];
    char key[KIT_PATH + 32];
    bool known;
    kit_tls_start(&k, dir, NULL);
    kit_folder(other);
    kit_tls_make(other, "x");
    at_port("localhost", kit_tls_port(&k.d));
    snprintf(certificate, sizeof certificate, "%s/client-x.crt", other);
    snprintf(key, sizeof key, "%s/client-x.key", other);
    for (int i = 0; i < 10; i++) { /* the reason must not be lost with the connection */
        unreachable(client(in("ca.crt"), certificate, key), "another CA signed it");
    }
    kit_tls_sign(dir, "old", "clientAuth", -20, -10);
    unreachable(client(in("ca.crt"), in("old.crt"), in("old.key")), "it has expired");
    unreachable(client(in("ca.crt"), in("server.crt"), in("server.key")),
                "refused the client certificate");
    struct connection *c = client(in("ca.crt"), NULL, NULL);
    ck_assert_int_eq(tally(c, &known), CONNECTION_REFUSED);
    ck_assert_int_eq(e.code, ERR_FORBIDDEN);
    connection_free(c);
    kit_finish(&k);
}
END_TEST

/* ---- nobody, and nobody we know --------------------------------------------------------- */

static int listener(unsigned *port) {
    struct sockaddr_in at = {.sin_family = AF_INET};
    socklen_t len = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    ck_assert_int_eq(listen(fd, 16), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    *port = ntohs(at.sin_port);
    return fd;
}

START_TEST(nobody_there) {
    unsigned port;
    kit_folder(dir);
    kit_tls_make(dir, "counter");
    int fd = listener(&port);
    at_port("127.0.0.1", port);
    /* It takes the connection and never says a word. */
    const struct connection_options options = {.address = address,
                                               .files = {.ca = in("ca.crt")},
                                               .language = "en",
                                               .build = "test",
                                               .connect_ms = 200};
    int64_t begun = kit_clock();
    unreachable(connection_new(&options), "timed out");
    ck_assert_int_ge(kit_clock() - begun, 200);
    close(fd);
    unreachable(counter(), address); /* refused now */
    strcpy(address, "tls:no-such-host.invalid:7290");
    unreachable(counter(), "no-such-host.invalid");
    strcpy(address, "tls:localhost");
    unreachable(counter(), "tls:HOST:PORT");
}
END_TEST

/* Somebody who speaks, but not TLS. */
START_TEST(no_daemon) {
    unsigned port;
    kit_folder(dir);
    kit_tls_make(dir, "counter");
    int fd = listener(&port);
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        int c = accept(fd, NULL, NULL);
        ssize_t n = send(c, "220 mail.example.jp ready\r\n", 27, MSG_NOSIGNAL);
        (void)n;
        pause();
    }
    at_port("127.0.0.1", port);
    unreachable(counter(), "no madoguchid");
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    close(fd);
}
END_TEST

/* ---- lost answers ------------------------------------------------------------------------ */

enum { CUT_NONE, CUT_NEXT, CUT_ALWAYS };

struct proxy {
    _Atomic int cut; /* close instead of passing the daemon's next bytes on */
    pid_t pid;
};

/* Between one client and the daemon, until one closes or something is cut. */
static void relay(struct proxy *p, int one, int daemon) {
    char bytes[65536];
    for (;;) {
        struct pollfd ready[] = {{.fd = one, .events = POLLIN}, {.fd = daemon, .events = POLLIN}};
        if (poll(ready, 2, -1) < 0) {
            return;
        }
        int from = ready[0].revents != 0 ? one : daemon;
        ssize_t n = recv(from, bytes, sizeof bytes, 0);
        if (n > 0 && from == daemon && p->cut != CUT_NONE) {
            if (p->cut == CUT_NEXT) {
                p->cut = CUT_NONE;
            }
            return;
        }
        if (n <= 0 || send(from == one ? daemon : one, bytes, (size_t)n, MSG_NOSIGNAL) != n) {
            return;
        }
    }
}

static struct proxy *proxy_start(struct kit *k) {
    unsigned port;
    struct proxy *p =
        mmap(NULL, sizeof *p, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(p, MAP_FAILED);
    int fd = listener(&port);
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (;;) {
            int one = accept(fd, NULL, NULL);
            int daemon = kit_tls_tcp(&k->d);
            relay(p, one, daemon);
            close(one);
            close(daemon);
        }
    }
    close(fd);
    p->pid = pid;
    at_port("127.0.0.1", port);
    return p;
}

static void proxy_stop(struct proxy *p) {
    kill(p->pid, SIGKILL);
    waitpid(p->pid, NULL, 0);
    munmap(p, sizeof *p);
}

START_TEST(a_lost_answer_is_asked_for_again) {
    struct kit k;
    bool known = true;
    kit_tls_start(&k, dir, NULL);
    struct proxy *p = proxy_start(&k);
    struct connection *c = counter();
    ck_assert_msg(connection_open(c, &e) == CONNECTION_DONE, "%s", e.en);
    p->cut = CUT_NEXT;
    ck_assert_msg(tally(c, &known) == CONNECTION_DONE, "%s", e.en);
    ck_assert(known); /* recorded at the first asking */
    connection_free(c);
    kit_stats(&k, "contacts", "FY2024", NULL, NULL, "1");
    /* Never an answer: it is not known, and the words say how to ask again. */
    c = counter();
    ck_assert_int_eq(connection_open(c, &e), CONNECTION_DONE);
    p->cut = CUT_ALWAYS;
    ck_assert_int_eq(tally(c, &known), CONNECTION_UNKNOWN);
    ck_assert_ptr_nonnull(strstr(e.en, "--request-id "));
    connection_free(c);
    /* A password has no id: it is asked for once, and then not known. */
    c = counter();
    p->cut = CUT_NONE;
    ck_assert_int_eq(connection_open(c, &e), CONNECTION_DONE);
    p->cut = CUT_NEXT; /* asked again, it would be answered */
    Madoguchi__Password password = MADOGUCHI__PASSWORD__INIT;
    Madoguchi__Request request = MADOGUCHI__REQUEST__INIT;
    SET(&password, old, bytes_of("none"));
    SET(&password, fresh, bytes_of("a sentence is easy"));
    request.body_case = MADOGUCHI__REQUEST__BODY_PASSWORD;
    request.password = &password;
    ck_assert_int_eq(connection_ask(c, &request, take, &known, &e), CONNECTION_UNKNOWN);
    ck_assert_ptr_nonnull(strstr(e.en, "whether the password was changed"));
    connection_free(c);
    proxy_stop(p);
    kit_stats(&k, "contacts", "FY2024", NULL, NULL, "2");
    kit_finish(&k);
}
END_TEST

/* ---- the program ------------------------------------------------------------------------- */

/* Runs madoguchi with these words; its exit status, and what it said in `out`. */
static int run(const char *words, char *out, size_t size) {
    char command[1200];
    const char *build = getenv("BUILD");
    snprintf(command, sizeof command, "HOME=%s MADOGUCHI_SERVER=%s %s%s/madoguchi %s 2>&1", dir,
             address, strncmp(words, "LANG=", 5) == 0 ? "LANG=ja_JP.UTF-8 " : "",
             build != NULL ? build : "build", words + (strncmp(words, "LANG=", 5) == 0 ? 8 : 0));
    FILE *f = popen(command, "re");
    ck_assert_ptr_nonnull(f);
    size_t n = fread(out, 1, size - 1, f);
    out[n] = '\0';
    int status = pclose(f);
    ck_assert(WIFEXITED(status));
    return WEXITSTATUS(status);
}

START_TEST(the_command_line) {
    struct kit k;
    char out[65536];
    char words[400];
    kit_tls_start(&k, dir, NULL);
    at_port("localhost", kit_tls_port(&k.d));
    unsetenv("XDG_CONFIG_HOME");
    unsetenv("MADOGUCHI_CA");
    unsetenv("MADOGUCHI_CERT");
    unsetenv("MADOGUCHI_KEY");
    setenv("LC_ALL", "C.UTF-8", 1);
    ck_assert_int_eq(run("status", out, sizeof out), 3);
    ck_assert_msg(strstr(out, "--ca") != NULL, "%s", out);
    unsetenv("LC_ALL");
    ck_assert_int_eq(run("LANG=ja status", out, sizeof out), 3);
    ck_assert_msg(strstr(out, "認証局") != NULL, "%s", out);
    snprintf(words, sizeof words, "--ca %s status", in("ca.crt"));
    ck_assert_int_eq(run(words, out, sizeof out), 1); /* not known, so forbidden */
    snprintf(words, sizeof words, "--ca %s --key %s status", in("ca.crt"),
             in("client-counter.key"));
    ck_assert_int_eq(run(words, out, sizeof out), 3);
    ck_assert_msg(strstr(out, "needs its certificate: give --cert too") != NULL, "%s", out);
    snprintf(words, sizeof words, "--ca %s --cert %s --key %s log citizen --date 2024-04-15",
             in("ca.crt"), in("client-counter.crt"), in("client-counter.key"));
    ck_assert_int_eq(run(words, out, sizeof out), 0);
    kit_shell("mkdir -p %s/.config/madoguchi && cd %s && cp ca.crt .config/madoguchi && "
              "cp client-counter.crt .config/madoguchi/client.crt && "
              "cp client-counter.key .config/madoguchi/client.key",
              dir, dir);
    ck_assert_int_eq(run("log citizen --date 2024-04-15", out, sizeof out), 0);
    /* Many at once, and a long answer. */
    kit_shell("cd %s && { echo service,date,kind; for i in $(seq 3000); do "
              "echo citizen,2024-04-16,log; done; } > rows.csv",
              dir);
    snprintf(words, sizeof words, "import %s", in("rows.csv"));
    ck_assert_msg(run(words, out, sizeof out) == 0, "%s", out);
    ck_assert_msg(strstr(out, "3000 recorded") != NULL, "%s", out);
    ck_assert_int_eq(run("list --from FY2024 --to FY2024 2>&1 | tail -n 1", out, sizeof out), 0);
    ck_assert_msg(strstr(out, "3002 cases") != NULL, "%s", out);
    kit_finish(&k);
}
END_TEST

int main(void) {
    Suite *s = suite_create("tls client");
    TCase *t = tcase_create("tls client");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, records);
    tcase_add_test(t, whom_it_trusts);
    tcase_add_test(t, certificates_of_the_daemon);
    tcase_add_test(t, certificates_of_the_client);
    tcase_add_test(t, nobody_there);
    tcase_add_test(t, no_daemon);
    tcase_add_test(t, a_lost_answer_is_asked_for_again);
    tcase_add_test(t, the_command_line);
    suite_add_tcase(s, t);
    kit_begin();
    int status = suite_run(s);
    kit_end();
    return status;
}
