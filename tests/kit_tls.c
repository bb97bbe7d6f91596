#include "tests/kit_tls.h"

#include "daemon/authority.h"
#include "proto/address.h"
#include "proto/frame.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define ANSWER_BUDGET (1u << 20)

/* ---- certificates ------------------------------------------------------------------- */

void kit_tls_make(const char *dir, const char *client) {
    static const char *const names[] = {"localhost", "127.0.0.1", "::1"};
    struct authority *a;
    struct authority_made made;
    struct error e;
    ck_assert_msg(authority_open(dir, &a, &made, &e) == 0, "%s", e.en);
    ck_assert_msg(authority_server(a, names, 3, &made, &e) == 0, "%s", e.en);
    ck_assert_msg(authority_client(a, client, &made, &e) == 0, "%s", e.en);
    authority_free(a);
}

static BIO *open_file(const char *dir, const char *name, const char *end, const char *mode) {
    char path[KIT_PATH + 64];
    snprintf(path, sizeof path, "%s/%s.%s", dir, name, end);
    BIO *f = BIO_new_file(path, mode);
    ck_assert_msg(f != NULL, "%s", path);
    chmod(path, 0600);
    return f;
}

void kit_tls_sign(const char *dir, const char *name, const char *usage, int from_days,
                  int until_days) {
    BIO *f = open_file(dir, "ca", "crt", "r");
    X509 *ca = PEM_read_bio_X509(f, NULL, NULL, NULL);
    BIO_free(f);
    f = open_file(dir, "ca", "key", "r");
    EVP_PKEY *signer = PEM_read_bio_PrivateKey(f, NULL, NULL, NULL);
    BIO_free(f);
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *x = X509_new();
    ck_assert(ca != NULL && signer != NULL && key != NULL && x != NULL);
    X509_set_version(x, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(x), rand() % 1000000 + 1);
    X509_time_adj_ex(X509_getm_notBefore(x), from_days, 0, NULL);
    X509_time_adj_ex(X509_getm_notAfter(x), until_days, 0, NULL);
    X509_set_pubkey(x, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_UTF8, (const uint8_t *)name,
                               -1, -1, 0);
    X509_set_issuer_name(x, X509_get_subject_name(ca));
    X509_EXTENSION *use = X509V3_EXT_conf_nid(NULL, NULL, NID_ext_key_usage, usage);
    X509_EXTENSION *names =
        X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1");
    X509_add_ext(x, use, -1);
    X509_add_ext(x, names, -1);
    X509_EXTENSION_free(use);
    X509_EXTENSION_free(names);
    ck_assert_int_gt(X509_sign(x, signer, EVP_sha256()), 0);
    f = open_file(dir, name, "crt", "w");
    PEM_write_bio_X509(f, x);
    BIO_free(f);
    f = open_file(dir, name, "key", "w");
    PEM_write_bio_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL);
    BIO_free(f);
    X509_free(x);
    X509_free(ca);
    EVP_PKEY_free(key);
    EVP_PKEY_free(signer);
}

/* ---- the daemon --------------------------------------------------------------------- */

const char *kit_tls_config(const char *dir, const char *more) {
    static char text[1500];
    snprintf(text, sizeof text,
             "tls_certificate: \"%s/server.crt\"\ntls_key: \"%s/server.key\"\n"
             "tls_client_ca: \"%s/ca.crt\"\n%s",
             dir, dir, dir, more != NULL ? more : "");
    return text;
}

void kit_tls_start(struct kit *k, char dir[KIT_PATH], const char *more) {
    kit_start(k, true);
    close(k->fd);
    ck_assert_int_eq(kit_daemon_stop(&k->d, SIGTERM), 0);
    snprintf(dir, KIT_PATH, "%.80s/tls", k->dir);
    kit_tls_make(dir, "counter");
    k->d.listen = "tls:127.0.0.1:0";
    char text[1600];
    snprintf(text, sizeof text, "free_floor_bytes: 1\n%s", kit_tls_config(dir, more));
    kit_daemon_start(&k->d, text);
    k->fd = kit_hello(&k->d);
}

unsigned kit_tls_port(const struct kit_daemon *d) {
    char line[1024];
    unsigned port = 0;
    FILE *f = fopen(d->log, "re");
    ck_assert_ptr_nonnull(f);
    while (fgets(line, sizeof line, f) != NULL) {
        const char *at = strstr(line, "listening tls=127.0.0.1:");
        if (at != NULL) {
            port = (unsigned)atoi(at + strlen("listening tls=127.0.0.1:"));
        }
    }
    fclose(f);
    ck_assert_uint_gt(port, 0);
    return port;
}

/* ---- a client ------------------------------------------------------------------------ */

int kit_tls_tcp(const struct kit_daemon *d) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)kit_tls_port(d))};
    struct timeval patience = {.tv_sec = KIT_PATIENCE / 1000};
    inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    return fd;
}

static void set_way(SSL_CTX *c, const struct kit_tls_way *way) {
    char path[KIT_PATH + 64];
    uint8_t alpn[64];
    const char *name = way->alpn != NULL ? way->alpn : ADDRESS_ALPN;
    size_t n = strlen(name);
    if (n > 0) {
        alpn[0] = (uint8_t)n;
        memcpy(alpn + 1, name, n);
        ck_assert_int_eq(SSL_CTX_set_alpn_protos(c, alpn, (unsigned)n + 1), 0);
    }
    SSL_CTX_set_max_proto_version(c, way->version != 0 ? way->version : TLS1_3_VERSION);
    SSL_CTX_set_min_proto_version(c, way->version);
    if (way->version != 0) {
        SSL_CTX_set_security_level(c, 0); /* TLS 1.1 is not even offered else */
    }
    if (way->dir != NULL) {
        snprintf(path, sizeof path, "%s/ca.crt", way->dir);
        ck_assert_int_eq(SSL_CTX_load_verify_file(c, path), 1);
        SSL_CTX_set_verify(c, SSL_VERIFY_PEER, NULL);
    }
    if (way->client != NULL) {
        snprintf(path, sizeof path, "%s/%s.crt", way->dir, way->client);
        ck_assert_int_eq(SSL_CTX_use_certificate_chain_file(c, path), 1);
        snprintf(path, sizeof path, "%s/%s.key", way->dir, way->client);
        ck_assert_int_eq(SSL_CTX_use_PrivateKey_file(c, path, SSL_FILETYPE_PEM), 1);
    }
}

bool kit_tls_open(struct kit_tls *t, const struct kit_daemon *d, const struct kit_tls_way *way) {
    SSL_CTX *c = SSL_CTX_new(TLS_client_method());
    ck_assert_ptr_nonnull(c);
    signal(SIGPIPE, SIG_IGN);
    set_way(c, way);
    *t = (struct kit_tls){.fd = kit_tls_tcp(d), .ssl = SSL_new(c)};
    SSL_CTX_free(c);
    ck_assert_ptr_nonnull(t->ssl);
    arena_init(&t->arena, ANSWER_BUDGET);
    SSL_set_fd(t->ssl, t->fd);
    ERR_clear_error();
    return SSL_connect(t->ssl) == 1;
}

void kit_tls_drop(struct kit_tls *t, bool abrupt) {
    const struct linger now = {.l_onoff = 1};
    if (abrupt) {
        setsockopt(t->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    }
    SSL_free(t->ssl);
    close(t->fd);
    arena_free(&t->arena);
}

void kit_tls_close(struct kit_tls *t) {
    SSL_shutdown(t->ssl);
    kit_tls_drop(t, false);
}

bool kit_tls_bytes(struct kit_tls *t, const void *data, size_t len) {
    size_t n;
    return SSL_write_ex(t->ssl, data, len, &n) == 1;
}

bool kit_tls_message(struct kit_tls *t, const ProtobufCMessage *message) {
    size_t len = protobuf_c_message_get_packed_size(message);
    uint8_t *frame = malloc(FRAME_HEADER + len);
    ck_assert_ptr_nonnull(frame);
    frame_header(frame, len);
    protobuf_c_message_pack(message, frame + FRAME_HEADER);
    bool sent = kit_tls_bytes(t, frame, FRAME_HEADER + len);
    free(frame);
    return sent;
}

bool kit_tls_request(struct kit_tls *t, uint32_t serial, Madoguchi__Request *request) {
    Madoguchi__ClientMessage m = MADOGUCHI__CLIENT_MESSAGE__INIT;
    SET(request, serial, serial);
    m.body_case = MADOGUCHI__CLIENT_MESSAGE__BODY_REQUEST;
    m.request = request;
    return kit_tls_message(t, &m.base);
}

static bool receive_bytes(struct kit_tls *t, uint8_t *data, size_t len) {
    while (len > 0) {
        size_t n;
        if (SSL_read_ex(t->ssl, data, len, &n) != 1) {
            ck_assert_int_ne(SSL_get_error(t->ssl, 0), SSL_ERROR_WANT_READ); /* no answer */
            return false;
        }
        data += n;
        len -= n;
    }
    return true;
}

const Madoguchi__ServerMessage *kit_tls_receive(struct kit_tls *t) {
    uint8_t header[FRAME_HEADER];
    size_t len;
    struct error e;
    ERR_clear_error();
    arena_reset(&t->arena);
    if (!receive_bytes(t, header, sizeof header)) {
        return NULL;
    }
    frame_peek(header, sizeof header, &len);
    ck_assert(len > 0 && len <= FRAME_MAX);
    uint8_t *data = arena_alloc(&t->arena, len);
    ck_assert_ptr_nonnull(data);
    if (!receive_bytes(t, data, len)) {
        return NULL;
    }
    ProtobufCMessage *m =
        message_unpack(&madoguchi__server_message__descriptor, &t->arena, data, len, &e);
    ck_assert_ptr_nonnull(m);
    return (const Madoguchi__ServerMessage *)m;
}

const Madoguchi__Answer *kit_tls_answer(struct kit_tls *t) {
    const Madoguchi__ServerMessage *m = kit_tls_receive(t);
    ck_assert_msg(m != NULL, "the daemon closed instead of answering");
    ck_assert_int_eq(m->body_case, MADOGUCHI__SERVER_MESSAGE__BODY_ANSWER);
    return m->answer;
}

static void say_hello(struct kit_tls *t) {
    Madoguchi__ClientMessage m = MADOGUCHI__CLIENT_MESSAGE__INIT;
    Madoguchi__Hello hello = MADOGUCHI__HELLO__INIT;
    SET(&hello, protocol, 1);
    SET(&hello, language, bytes_of("en"));
    m.body_case = MADOGUCHI__CLIENT_MESSAGE__BODY_HELLO;
    m.hello = &hello;
    ck_assert(kit_tls_message(t, &m.base));
    const Madoguchi__ServerMessage *welcome = kit_tls_receive(t);
    ck_assert_ptr_nonnull(welcome);
    ck_assert_int_eq(welcome->body_case, MADOGUCHI__SERVER_MESSAGE__BODY_WELCOME);
}

void kit_tls_hello(struct kit_tls *t, const struct kit_daemon *d, const char *dir) {
    const struct kit_tls_way way = {.dir = dir, .client = dir != NULL ? "client-counter" : NULL};
    ck_assert_msg(kit_tls_open(t, d, &way), "%s", ERR_reason_error_string(ERR_peek_error()));
    say_hello(t);
}

void kit_tls_expect_alive(struct kit_tls *t) {
    ck_assert(kit_tls_request(t, 77, kit_ping()));
    const Madoguchi__Answer *answer = kit_tls_answer(t);
    ck_assert_uint_eq(answer->serial, 77);
    ck_assert_int_eq(answer->body_case, MADOGUCHI__ANSWER__BODY_PAGE);
}
