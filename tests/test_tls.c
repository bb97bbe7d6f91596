/* What TLS is made of: the files and their rules, expiry, the authority, and who
 * is at the other end. */
#include "daemon/authority.h"
#include "daemon/config.h"
#include "daemon/tls_stream.h"
#include "proto/address.h"
#include "store/disk.h"
#include "tests/kit_files.h"
#include "tests/kit_tls.h"
#include "tests/suite.h"

#include <check.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define DAY 86400

static char dir[KIT_PATH];
static char paths[4][KIT_PATH + 64];

static void begin(void) {
    unsetenv("CREDENTIALS_DIRECTORY");
    kit_folder(dir);
    kit_tls_make(dir, "counter");
}

static const char *in(const char *name) {
    static unsigned next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", dir, name);
    return path;
}

static void write_file(const char *name, const char *text, mode_t mode) {
    FILE *f = fopen(in(name), "we");
    ck_assert_ptr_nonnull(f);
    fputs(text, f);
    fclose(f);
    chmod(in(name), mode);
}

/* ---- the files ------------------------------------------------------------------------ */

static struct tls *made(const char *certificate, const char *key, const char *ca) {
    const struct tls_files files = {certificate, key, ca, ADDRESS_ALPN, false};
    struct tls *tls;
    struct error e = {0};
    ck_assert_msg(tls_new(&files, &tls, &e) == 0, "%s", e.en);
    return tls;
}

/* The field, both sentences with the file, and the word that says what is wrong. */
static void refused(const char *certificate, const char *key, const char *ca, const char *field,
                    const char *file, const char *part) {
    const struct tls_files files = {certificate, key, ca, ADDRESS_ALPN, false};
    struct tls *tls;
    struct error e = {0};
    ck_assert_int_eq(tls_new(&files, &tls, &e), -1);
    ck_assert_int_eq(e.code, ERR_INVALID);
    ck_assert_str_eq(e.field, field);
    ck_assert_msg(strstr(e.en, part) != NULL, "'%s' not in '%s'", part, e.en);
    ck_assert_msg(strstr(e.en, file) != NULL && strstr(e.ja, file) != NULL, "%s / %s", e.en, e.ja);
    ck_assert_uint_eq(ERR_peek_error(), 0);
}

START_TEST(what_tls_init_makes_is_taken) {
    begin();
    struct tls *tls = made(in("server.crt"), in("server.key"), in("ca.crt"));
    int64_t left = tls_days_left(tls, time(NULL));
    ck_assert(tls_asks_clients(tls));
    ck_assert_int_ge(left, AUTHORITY_CERT_DAYS - 1);
    ck_assert_int_le(left, AUTHORITY_CERT_DAYS);
    tls_free(tls);
    tls = made(in("server.crt"), in("server.key"), NULL);
    ck_assert(!tls_asks_clients(tls));
    tls_free(tls);
}
END_TEST

START_TEST(a_chain_expires_with_its_first) {
    begin();
    kit_tls_sign(dir, "soon", "serverAuth", -1, 20);
    kit_shell("cat %s/soon.crt >> %s/server.crt", dir, dir);
    struct tls *tls = made(in("server.crt"), in("server.key"), NULL);
    ck_assert_int_le(tls_days_left(tls, time(NULL)), 20);
    tls_free(tls);
}
END_TEST

START_TEST(files_that_cannot_be_used) {
    const char *key = "tls_key";
    const char *cert = "tls_certificate";
    begin();
    refused(in("nothing"), in("server.key"), NULL, cert, "/nothing", "No such file");
    refused(in("server.crt"), in("nothing"), NULL, key, "/nothing", "No such file");
    refused(dir, in("server.key"), NULL, cert, dir, "is not a file");
    write_file("words", "no PEM at all\n", 0600);
    refused(in("words"), in("server.key"), NULL, cert, "/words", "holds no certificate");
    refused(in("server.crt"), in("words"), NULL, key, "/words", "holds no private key");
    refused(in("server.crt"), in("server.key"), in("words"), "tls_client_ca", "/words",
            "holds no certificate");
    refused(in("server.crt"), in("client-counter.key"), NULL, key, "/client-counter.key",
            "does not belong to the certificate");
    refused(in("client-counter.crt"), in("client-counter.key"), NULL, cert, "/client-counter.crt",
            "not the certificate of a server");
    kit_shell("head -c 70000 /dev/zero > %s/large", dir);
    refused(in("large"), in("server.key"), NULL, cert, "/large", "longer than 64 KiB");
    /* A second certificate that is cut off is not silently left out. */
    kit_shell("cd %s && (cat server.crt; head -c 200 ca.crt) > torn", dir);
    refused(in("torn"), in("server.key"), NULL, cert, "/torn", "holds no certificate");
}
END_TEST

START_TEST(a_key_with_a_passphrase) {
    begin();
    BIO *from = BIO_new_file(in("server.key"), "r");
    EVP_PKEY *key = PEM_read_bio_PrivateKey(from, NULL, NULL, NULL);
    BIO_free(from);
    write_file("locked", "", 0600);
    BIO *to = BIO_new_file(in("locked"), "w");
    ck_assert_int_eq(
        PEM_write_bio_PKCS8PrivateKey(to, key, EVP_aes_128_cbc(), "secret", 6, NULL, NULL), 1);
    BIO_free(to);
    EVP_PKEY_free(key);
    refused(in("server.crt"), in("locked"), NULL, "tls_key", "/locked", "without a passphrase");
}
END_TEST

START_TEST(a_key_is_its_owners) {
    begin();
    static const mode_t open_ones[] = {0640, 0604, 0660, 0644, 0620, 0610, 0666};
    for (size_t i = 0; i < sizeof open_ones / sizeof open_ones[0]; i++) {
        chmod(in("server.key"), open_ones[i]);
        refused(in("server.crt"), in("server.key"), NULL, "tls_key", "/server.key", "chmod 0600");
    }
    chmod(in("server.key"), 0400);
    tls_free(made(in("server.crt"), in("server.key"), NULL));
}
END_TEST

/* systemd shows the right of the daemon's account as one of the group. */
START_TEST(credentials_of_systemd) {
    begin();
    setenv("CREDENTIALS_DIRECTORY", dir, 1);
    chmod(in("server.key"), 0440);
    tls_free(made("server.crt", "server.key", "ca.crt"));
    tls_free(made(in("server.crt"), in("server.key"), NULL));
    chmod(in("server.key"), 0444);
    refused("server.crt", "server.key", NULL, "tls_key", "/server.key", "chmod 0600");
    chmod(in("server.key"), 0460);
    refused("server.crt", "server.key", NULL, "tls_key", "/server.key", "chmod 0600");
    /* Elsewhere the rule is the strict one. */
    char other[KIT_PATH];
    kit_folder(other);
    setenv("CREDENTIALS_DIRECTORY", other, 1);
    chmod(in("server.key"), 0440);
    refused(in("server.crt"), in("server.key"), NULL, "tls_key", "/server.key", "chmod 0600");
    refused("server.crt", in("server.key"), NULL, "tls_certificate", other, "No such file");
}
END_TEST

START_TEST(keys_of_the_configuration_go_together) {
    static const char *const half[] = {"tls_certificate: a\n", "tls_key: b\n",
                                       "tls_client_ca: c\n"};
    struct config *c;
    struct error e;
    for (size_t i = 0; i < 3; i++) {
        ck_assert_int_eq(config_parse(half[i], strlen(half[i]), "t", &c, &e), -1);
        ck_assert_msg(strstr(e.en, "go together") != NULL, "%s", e.en);
    }
    const char *whole = "tls_certificate: a\ntls_key: b\ntls_client_ca: c\n";
    ck_assert_int_eq(config_parse(whole, strlen(whole), "t", &c, &e), 0);
    ck_assert_str_eq(c->tls_client_ca, "c");
    config_free(c);
}
END_TEST

/* ---- expiry --------------------------------------------------------------------------- */

START_TEST(words_of_expiry) {
    struct error e;
    begin();
    struct tls *tls = made(in("server.crt"), in("server.key"), NULL);
    int64_t end = tls_not_after(tls);
    ck_assert(!tls_warns(tls, end - 31 * DAY, &e));
    ck_assert(tls_warns(tls, end - 30 * DAY, &e));
    ck_assert_ptr_nonnull(strstr(e.en, "in 30 days"));
    ck_assert_ptr_nonnull(strstr(e.ja, "あと 30 日"));
    ck_assert(tls_warns(tls, end - 1, &e));
    ck_assert_ptr_nonnull(strstr(e.en, "in 0 days"));
    ck_assert(tls_warns(tls, end + 1, &e));
    ck_assert_ptr_nonnull(strstr(e.en, "expired on"));
    ck_assert_int_eq(tls_days_left(tls, end - DAY), 1);
    ck_assert_int_eq(tls_days_left(tls, end), 0);
    ck_assert_int_eq(tls_days_left(tls, end + 1), -1);
    ck_assert_int_eq(tls_days_left(tls, end + DAY), -1);
    ck_assert_int_eq(tls_days_left(tls, end + DAY + 1), -2);
    tls_free(tls);
}
END_TEST

START_TEST(expiry_is_logged_once_a_day) {
    char line[1024];
    unsigned lines = 0;
    int64_t day = 0;
    begin();
    struct tls *tls = made(in("server.crt"), in("server.key"), NULL);
    int64_t noon = (tls_not_after(tls) / DAY - 10) * DAY + DAY / 2;
    int saved = dup(STDERR_FILENO);
    ck_assert_ptr_nonnull(freopen(in("log"), "w", stderr));
    tls_watch(tls, noon - 30 * DAY, &day);
    for (int i = 0; i < 3; i++) {
        tls_watch(tls, noon + i, &day);
        tls_watch(tls, noon + i + 60, &day);
        tls_watch(tls, noon + DAY + i, &day);
        day = i < 2 ? 0 : day; /* as a reload does */
    }
    fflush(stderr);
    dup2(saved, STDERR_FILENO);
    FILE *f = fopen(in("log"), "re");
    while (fgets(line, sizeof line, f) != NULL) {
        lines += strstr(line, "warning certificate-expires days_left=") != NULL;
    }
    fclose(f);
    ck_assert_uint_eq(lines, 6);
    tls_free(tls);
}
END_TEST

/* ---- the authority ---------------------------------------------------------------------- */

static X509 *certificate(const char *name) {
    BIO *f = BIO_new_file(in(name), "r");
    ck_assert_ptr_nonnull(f);
    X509 *x = PEM_read_bio_X509(f, NULL, NULL, NULL);
    ck_assert_ptr_nonnull(x);
    BIO_free(f);
    return x;
}

static mode_t mode_of(const char *name) {
    struct stat st;
    ck_assert_int_eq(stat(in(name), &st), 0);
    return st.st_mode & 07777;
}

START_TEST(what_the_authority_signs) {
    begin();
    X509 *ca = certificate("ca.crt");
    X509 *server = certificate("server.crt");
    X509 *client = certificate("client-counter.crt");
    int64_t now = time(NULL);
    ck_assert_int_eq((certificate_not_after(ca) - now + DAY / 2) / DAY, AUTHORITY_DAYS);
    ck_assert_int_eq((certificate_not_after(server) - now + DAY / 2) / DAY, AUTHORITY_CERT_DAYS);
    ck_assert_int_eq(X509_check_ca(ca), 1);
    ck_assert_int_eq(X509_check_purpose(server, X509_PURPOSE_SSL_SERVER, 0), 1);
    ck_assert_int_eq(X509_check_purpose(server, X509_PURPOSE_SSL_CLIENT, 0), 0);
    ck_assert_int_eq(X509_check_purpose(client, X509_PURPOSE_SSL_CLIENT, 0), 1);
    ck_assert_int_eq(X509_check_purpose(client, X509_PURPOSE_SSL_SERVER, 0), 0);
    ck_assert_int_eq(X509_check_host(server, "localhost", 0, 0, NULL), 1);
    ck_assert_int_eq(X509_check_ip_asc(server, "127.0.0.1", 0), 1);
    ck_assert_int_eq(X509_check_ip_asc(server, "::1", 0), 1);
    ck_assert_int_eq(X509_check_host(server, "elsewhere", 0, 0, NULL), 0);
    ck_assert_int_eq(X509_verify(client, X509_get0_pubkey(ca)), 1);
    ck_assert_int_eq(mode_of("ca.key"), 0600);
    ck_assert_int_eq(mode_of("server.key"), 0600);
    ck_assert_int_eq(mode_of("client-counter.key"), 0600);
    char subject[CERTIFICATE_SUBJECT];
    certificate_subject(client, subject);
    ck_assert_str_eq(subject, "CN=counter");
    X509_free(ca);
    X509_free(server);
    X509_free(client);
}
END_TEST

static void authority_refuses(int rc, const struct error *e, int code, const char *part) {
    ck_assert_int_eq(rc, -1);
    ck_assert_int_eq(e->code, code);
    ck_assert_msg(strstr(e->en, part) != NULL, "'%s' not in '%s'", part, e->en);
}

START_TEST(nothing_is_overwritten) {
    struct authority *a;
    struct authority_made made_now;
    struct error e;
    const char *const host[] = {"localhost"};
    begin();
    ck_assert_int_eq(authority_open(dir, &a, &made_now, &e), 0);
    ck_assert_str_eq(made_now.certificate, ""); /* the CA was there */
    authority_refuses(authority_server(a, host, 1, &made_now, &e), &e, ERR_STATE,
                      "not overwritten");
    authority_refuses(authority_client(a, "counter", &made_now, &e), &e, ERR_STATE,
                      "not overwritten");
    /* A key whose certificate is gone is not overwritten either. */
    ck_assert_int_eq(unlink(in("client-counter.crt")), 0);
    authority_refuses(authority_client(a, "counter", &made_now, &e), &e, ERR_STATE,
                      "client-counter.key");
    ck_assert_int_eq(authority_client(a, "second", &made_now, &e), 0);
    ck_assert_uint_eq(strlen(made_now.fingerprint), 64);
    authority_free(a);
    X509 *ca = certificate("ca.crt");
    X509 *second = certificate("client-second.crt");
    ck_assert_int_eq(X509_verify(second, X509_get0_pubkey(ca)), 1);
    X509_free(ca);
    X509_free(second);
    ck_assert_int_eq(chmod(in("ca.key"), 0644), 0);
    authority_refuses(authority_open(dir, &a, &made_now, &e), &e, ERR_INVALID, "chmod 0600");
    ck_assert_int_eq(unlink(in("ca.key")), 0);
    authority_refuses(authority_open(dir, &a, &made_now, &e), &e, ERR_INVALID, "ca.key");
}
END_TEST

static int good_calls; /* of the disk, before one fails */

static ssize_t write_fails(int fd, const void *data, size_t len, off_t at) {
    errno = ENOSPC;
    return good_calls-- > 0 ? pwrite(fd, data, len, at) : -1;
}

static int flush_fails(int fd) {
    errno = EIO;
    return good_calls-- > 0 ? fsync(fd) : -1;
}

/* Of the key and its certificate neither stays when one could not be written. */
START_TEST(half_a_pair_does_not_stay) {
    struct authority *a;
    struct authority_made made_now;
    struct error e;
    begin();
    ck_assert_int_eq(authority_open(dir, &a, &made_now, &e), 0);
    for (int i = 0; i < 4; i++) {
        good_calls = i % 2;
        disk_calls.pwrite = i < 2 ? write_fails : pwrite;
        disk_calls.fsync = i < 2 ? fsync : flush_fails;
        authority_refuses(authority_client(a, "second", &made_now, &e), &e, ERR_INTERNAL,
                          i < 2 ? "No space left" : "Input/output error");
        ck_assert(access(in("client-second.key"), F_OK) != 0);
        ck_assert(access(in("client-second.crt"), F_OK) != 0);
    }
    disk_calls.fsync = fsync;
    ck_assert_int_eq(authority_client(a, "second", &made_now, &e), 0);
    authority_free(a);
}
END_TEST

START_TEST(names_that_are_none) {
    static const char *const bad_clients[] = {
        "",   "../x",         ".x",
        "-x", "a/b",          "a b",
        "あ", "123456789018", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
    static const char *const bad_hosts[] = {"",   "a b",          "a,IP:10.0.0.1",
                                            "-x", "*.example.jp", "a\nb"};
    struct authority *a;
    struct authority_made made_now;
    struct error e;
    begin();
    ck_assert_int_eq(authority_open(dir, &a, &made_now, &e), 0);
    for (size_t i = 0; i < sizeof bad_clients / sizeof bad_clients[0]; i++) {
        authority_refuses(authority_client(a, bad_clients[i], &made_now, &e), &e, ERR_INVALID,
                          "--client");
        ck_assert_ptr_null(strstr(e.en, "123456789018"));
    }
    for (size_t i = 0; i < sizeof bad_hosts / sizeof bad_hosts[0]; i++) {
        authority_refuses(authority_server(a, &bad_hosts[i], 1, &made_now, &e), &e, ERR_INVALID,
                          "--name");
    }
    authority_free(a);
}
END_TEST

/* ---- addresses --------------------------------------------------------------------------- */

START_TEST(addresses) {
    static const struct {
        const char *text, *host, *port;
        bool numeric;
    } right[] = {{"tls:example.jp:7290", "example.jp", "7290", false},
                 {"tls:192.0.2.1:1", "192.0.2.1", "1", true},
                 {"tls:[2001:db8::1]:65535", "2001:db8::1", "65535", true},
                 {"tls:localhost:0", "localhost", "0", false}};
    static const char *const wrong[] = {
        "tls:",     "tls:a",     "tls:a:",       "tls::1",    "tls:a:65536",   "tls:a:1x",
        "tls:a:01", "tls:a:-1",  "tls:::1:7290", "tls:[::1]", "tls:[::1]7290", "tls:[a]:1",
        "tls:[]:1", "tls:a b:1", "tls:[::1:1",   "tcp:a:1",   "a:1",           "tls:a/b:1"};
    struct address a;
    struct error e;
    for (size_t i = 0; i < sizeof right / sizeof right[0]; i++) {
        ck_assert_msg(address_read(right[i].text, &a, &e) == 0, "%s", right[i].text);
        ck_assert_str_eq(a.host, right[i].host);
        ck_assert_str_eq(a.port, right[i].port);
        ck_assert(a.numeric == right[i].numeric);
    }
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        ck_assert_msg(address_read(wrong[i], &a, &e) == -1, "%s", wrong[i]);
        ck_assert_int_eq(e.code, ERR_INVALID);
    }
    char text[400] = "tls:";
    memset(text + 4, 'a', 254);
    strcpy(text + 258, ":1");
    ck_assert_int_eq(address_read(text, &a, &e), -1);
    strcpy(text + 257, ":1");
    ck_assert_int_eq(address_read(text, &a, &e), 0);
    ck_assert_int_eq(config_check_listen("tcp:127.0.0.1:7290", &e), -1);
    ck_assert_ptr_nonnull(strstr(e.en, "no connection without TLS"));
}
END_TEST

/* A connection from `address` of this machine, as its stream sees it. */
static void expect_peer(int family, const char *address, const char *network) {
    struct sockaddr_storage at = {.ss_family = (sa_family_t)family};
    socklen_t len = family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
    if (family == AF_INET) {
        ((struct sockaddr_in *)&at)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    } else {
        ((struct sockaddr_in6 *)&at)->sin6_addr = in6addr_loopback;
    }
    int listener = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int client = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(listener, (struct sockaddr *)&at, len), 0);
    ck_assert_int_eq(listen(listener, 1), 0);
    ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&at, &len), 0);
    ck_assert_int_eq(connect(client, (struct sockaddr *)&at, len), 0);
    int fd = accept(listener, NULL, NULL);
    struct tls *tls = made(in("server.crt"), in("server.key"), in("ca.crt"));
    struct tls_stream *s = tls_stream_new(tls, fd);
    ck_assert_ptr_nonnull(s);
    ck_assert_str_eq(tls_stream_peer(s)->address, address);
    ck_assert_str_eq(tls_stream_peer(s)->network, network);
    ck_assert_str_eq(tls_stream_peer(s)->fingerprint, "");
    ck_assert_int_eq(tls_stream_handshake(s), TLS_STREAM_READS_ON);
    tls_stream_free(s);
    tls_free(tls);
    close(fd);
    close(client);
    close(listener);
}

START_TEST(who_is_there) {
    begin();
    expect_peer(AF_INET, "127.0.0.1", "127.0.0.0/24");
    expect_peer(AF_INET6, "::1", "::/64");
}
END_TEST

int main(void) {
    Suite *s = suite_create("tls");
    TCase *t = tcase_create("tls");
    tcase_set_timeout(t, 30);
    tcase_add_test(t, what_tls_init_makes_is_taken);
    tcase_add_test(t, a_chain_expires_with_its_first);
    tcase_add_test(t, files_that_cannot_be_used);
    tcase_add_test(t, a_key_with_a_passphrase);
    tcase_add_test(t, a_key_is_its_owners);
    tcase_add_test(t, credentials_of_systemd);
    tcase_add_test(t, keys_of_the_configuration_go_together);
    tcase_add_test(t, words_of_expiry);
    tcase_add_test(t, expiry_is_logged_once_a_day);
    tcase_add_test(t, what_the_authority_signs);
    tcase_add_test(t, nothing_is_overwritten);
    tcase_add_test(t, half_a_pair_does_not_stay);
    tcase_add_test(t, names_that_are_none);
    tcase_add_test(t, addresses);
    tcase_add_test(t, who_is_there);
    suite_add_tcase(s, t);
    kit_begin();
    int status = suite_run(s);
    kit_end();
    return status;
}
