#include "proto/tls.h"

#include "proto/log.h"
#include "proto/tls_file.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define KEY_CERTIFICATE "tls_certificate"
#define KEY_KEY         "tls_key"
#define KEY_CLIENT_CA   "tls_client_ca"
#define VERIFY_DEPTH    2 /* certificates between a client's and the root's */
#define DAY             86400

struct tls {
    SSL_CTX *context;
    bool asks_clients;
    int64_t not_after;
    char fingerprint[CERTIFICATE_FINGERPRINT];
};

/* ---- callbacks ---------------------------------------------------------------------- */

/* Nobody is there to type one. */
static int no_passphrase(char *out, int size, int writing, void *ctx) {
    (void)out;
    (void)size;
    (void)writing;
    (void)ctx;
    return -1;
}

static int on_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len,
                   const unsigned char *in, unsigned in_len, void *ctx) {
    const char *alpn = ctx;
    const unsigned char *end = in + in_len;
    (void)ssl;
    for (; in < end && in + 1 + *in <= end; in += 1 + *in) {
        if (*in == strlen(alpn) && memcmp(in + 1, alpn, *in) == 0) {
            *out = in + 1;
            *out_len = *in;
            return SSL_TLSEXT_ERR_OK;
        }
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

/* Notes the first fault of a client's certificate; judges nothing itself. */
static int on_verify(int ok, X509_STORE_CTX *store) {
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct tls_refusal *refusal = ssl != NULL ? SSL_get_app_data(ssl) : NULL;
    if (ok == 0 && refusal != NULL && refusal->why == X509_V_OK) {
        const X509 *x = X509_STORE_CTX_get_current_cert(store);
        refusal->why = X509_STORE_CTX_get_error(store);
        if (x != NULL) {
            certificate_subject(x, refusal->subject);
        }
    }
    return ok;
}

/* Without any name for our protocol there is no ALPN callback to refuse it. */
static int on_client_hello(SSL *ssl, int *alert, void *ctx) {
    const unsigned char *data;
    size_t len;
    (void)ctx;
    if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_application_layer_protocol_negotiation, &data,
                                  &len) == 1) {
        return SSL_CLIENT_HELLO_SUCCESS;
    }
    *alert = SSL_AD_NO_APPLICATION_PROTOCOL;
    return SSL_CLIENT_HELLO_ERROR;
}

/* ---- building ----------------------------------------------------------------------- */

static int no_memory(struct error *e) {
    ERR_clear_error();
    return error_set(e, ERR_INTERNAL, "", "Out of memory.", "メモリーが足りません。");
}

static void note_end(struct tls *tls, const X509 *x) {
    int64_t end = certificate_not_after(x);
    if (tls->not_after == 0 || end < tls->not_after) {
        tls->not_after = end;
    }
}

/* All the options in one place, whatever OpenSSL's defaults are. */
static bool set_options(SSL_CTX *c, const struct tls_files *files) {
    SSL_CTX_set_options(c, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET |
                               SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_IGNORE_UNEXPECTED_EOF);
    /* A read returns after each record, so that one full of key updates cannot
     * keep it for ever; a write is finished from wherever the bytes lie then. */
    SSL_CTX_clear_mode(c, SSL_MODE_AUTO_RETRY);
    SSL_CTX_set_mode(c, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_read_ahead(c, 1);
    SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_security_level(c, 2);
    SSL_CTX_set_verify_depth(c, VERIFY_DEPTH);
    /* Not the struct: a handshake outlives it when another takes its place. */
    SSL_CTX_set_alpn_select_cb(c, on_alpn, (void *)files->alpn);
    if (!files->alpn_may_lack) {
        SSL_CTX_set_client_hello_cb(c, on_client_hello, NULL);
    }
    SSL_CTX_set_default_passwd_cb(c, no_passphrase);
    return SSL_CTX_set_min_proto_version(c, TLS1_3_VERSION) == 1 &&
           SSL_CTX_set_max_proto_version(c, TLS1_3_VERSION) == 1 &&
           SSL_CTX_set_num_tickets(c, 0) == 1 && SSL_CTX_set_max_early_data(c, 0) == 1 &&
           SSL_CTX_set_ciphersuites(c, "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:"
                                       "TLS_CHACHA20_POLY1305_SHA256") == 1 &&
           SSL_CTX_set1_groups_list(c, "X25519:P-256:P-384") == 1;
}

/* The certificates of a PEM file, one after the other.  Returns how many
 * `take` took, or -1: one was not taken. */
static int each_certificate(const struct tls_file *f, bool (*take)(struct tls *tls, X509 *x, int i),
                            struct tls *tls) {
    BIO *text = BIO_new_mem_buf(f->data, (int)f->len);
    int n = 0;
    X509 *x;
    while (text != NULL && (x = PEM_read_bio_X509(text, NULL, no_passphrase, NULL)) != NULL) {
        bool taken = take(tls, x, n);
        X509_free(x);
        if (!taken) {
            n = -1;
            break;
        }
        n++;
    }
    BIO_free(text);
    /* The end of the file is an error to OpenSSL; a broken block is one to us. */
    unsigned long last = ERR_peek_last_error();
    if (n > 0 && ERR_GET_LIB(last) == ERR_LIB_PEM && ERR_GET_REASON(last) == PEM_R_NO_START_LINE) {
        ERR_clear_error();
    } else if (n > 0) {
        n = -1;
    }
    return n;
}

static bool take_chain(struct tls *tls, X509 *x, int i) {
    note_end(tls, x);
    if (i == 0) {
        certificate_fingerprint(x, tls->fingerprint);
    }
    return i == 0 ? SSL_CTX_use_certificate(tls->context, x) == 1
                  : SSL_CTX_add1_chain_cert(tls->context, x) == 1;
}

static int load_certificate(struct tls *tls, const char *path, struct error *e) {
    struct tls_file f;
    int rc = tls_file_read(&f, KEY_CERTIFICATE, path, false, e);
    if (rc == 0 && each_certificate(&f, take_chain, tls) < 1) {
        rc = tls_file_refuse(&f, KEY_CERTIFICATE, "holds no certificate (PEM) that can be used",
                             "に、使える証明書 (PEM) がありません", e);
    }
    X509 *x = rc == 0 ? SSL_CTX_get0_certificate(tls->context) : NULL;
    if (rc == 0 && X509_check_purpose(x, X509_PURPOSE_SSL_SERVER, 0) != 1) {
        rc = tls_file_refuse(&f, KEY_CERTIFICATE, "is not the certificate of a server",
                             "はサーバー用の証明書ではありません", e);
    }
    tls_file_free(&f);
    return rc;
}

static int load_key(struct tls *tls, const char *path, struct error *e) {
    struct tls_file f;
    int rc = tls_file_read(&f, KEY_KEY, path, true, e);
    BIO *text = rc == 0 ? BIO_new_mem_buf(f.data, (int)f.len) : NULL;
    EVP_PKEY *key = text != NULL ? PEM_read_bio_PrivateKey(text, NULL, no_passphrase, NULL) : NULL;
    if (rc == 0 && key == NULL) {
        rc = tls_file_refuse(&f, KEY_KEY, "holds no private key (PEM, without a passphrase)",
                             "に、パスフレーズのない秘密鍵 (PEM) がありません", e);
    } else if (rc == 0 && SSL_CTX_use_PrivateKey(tls->context, key) != 1) {
        rc = tls_file_refuse(&f, KEY_KEY, "does not belong to the certificate",
                             "は証明書と対になっていません", e);
    }
    EVP_PKEY_free(key);
    BIO_free(text);
    tls_file_free(&f);
    return rc;
}

/* Whether the store trusts the certificate.  What OpenSSL had no memory for while
 * it read one shows only here, and would refuse every client later. */
static bool is_trusted(X509_STORE *store, X509 *x) {
    X509_STORE_CTX *c = X509_STORE_CTX_new();
    bool trusted = false;
    if (c != NULL && X509_STORE_CTX_init(c, store, x, NULL) == 1) {
        X509_STORE_CTX_set_flags(c, X509_V_FLAG_NO_CHECK_TIME | X509_V_FLAG_PARTIAL_CHAIN);
        trusted = X509_verify_cert(c) == 1;
    }
    X509_STORE_CTX_free(c);
    return trusted;
}

static bool take_ca(struct tls *tls, X509 *x, int i) {
    X509_STORE *store = SSL_CTX_get_cert_store(tls->context);
    (void)i;
    return X509_STORE_add_cert(store, x) == 1 && is_trusted(store, x) &&
           SSL_CTX_add_client_CA(tls->context, x) == 1;
}

static int load_client_ca(struct tls *tls, const char *path, struct error *e) {
    struct tls_file f;
    int rc = tls_file_read(&f, KEY_CLIENT_CA, path, false, e);
    if (rc == 0 && each_certificate(&f, take_ca, tls) < 1) {
        rc = tls_file_refuse(&f, KEY_CLIENT_CA, "holds no certificate (PEM) that can be used",
                             "に、使える証明書 (PEM) がありません", e);
    }
    tls_file_free(&f);
    if (rc == 0) {
        SSL_CTX_set_verify(tls->context, SSL_VERIFY_PEER, on_verify);
        tls->asks_clients = true;
    }
    return rc;
}

int tls_new(const struct tls_files *files, struct tls **out, struct error *e) {
    OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
    ERR_clear_error();
    struct tls *tls = calloc(1, sizeof *tls);
    if (tls == NULL) {
        return no_memory(e);
    }
    int rc = -1;
    tls->context = SSL_CTX_new(TLS_server_method());
    if (tls->context == NULL || !set_options(tls->context, files)) {
        no_memory(e);
    } else if (load_certificate(tls, files->certificate, e) == 0 &&
               load_key(tls, files->key, e) == 0 &&
               (files->client_ca == NULL || load_client_ca(tls, files->client_ca, e) == 0)) {
        rc = 0;
    }
    if (rc != 0) {
        tls_free(tls);
        return -1;
    }
    *out = tls;
    return 0;
}

void tls_free(struct tls *tls) {
    if (tls != NULL) {
        SSL_CTX_free(tls->context);
        free(tls);
    }
}

SSL_CTX *tls_context(const struct tls *tls) {
    return tls->context;
}

bool tls_asks_clients(const struct tls *tls) {
    return tls->asks_clients;
}

/* ---- expiry ------------------------------------------------------------------------- */

int64_t tls_not_after(const struct tls *tls) {
    return tls->not_after;
}

int64_t tls_days_left(const struct tls *tls, int64_t now) {
    int64_t left = tls->not_after - now;
    return left >= 0 ? left / DAY : -((-left + DAY - 1) / DAY);
}

bool tls_warns(const struct tls *tls, int64_t now, struct error *e) {
    int64_t days = tls_days_left(tls, now);
    char when[CERTIFICATE_TIME];
    if (days > TLS_WARN_DAYS) {
        return false;
    }
    certificate_time(tls->not_after, when);
    if (days < 0) {
        error_set(
            e, ERR_STATE, KEY_CERTIFICATE,
            "The certificate of this server expired on %s: clients refuse to connect over the "
            "network. Put a new one in its place and reload.",
            "サーバーの証明書の期限が %s に切れました。ネットワーク経由では接続できません。"
            "新しい証明書に替えて再読み込みしてください。",
            when);
    } else {
        error_set(
            e, ERR_STATE, KEY_CERTIFICATE,
            "The certificate of this server expires on %s, in %lld days. Put a new one in its "
            "place and reload.",
            "サーバーの証明書の期限は %s です (あと %lld 日)。"
            "新しい証明書に替えて再読み込みしてください。",
            when, (long long)days);
    }
    return true;
}

void tls_log(const struct tls *tls, int64_t now) {
    char when[CERTIFICATE_TIME];
    certificate_time(tls->not_after, when);
    log_event(LEVEL_NOTICE, "certificate",
              "fingerprint=%s not_after=%s days_left=%" PRId64 " client_certificates=%s",
              tls->fingerprint, when, tls_days_left(tls, now),
              tls->asks_clients ? "asked" : "not-asked");
}

void tls_watch(const struct tls *tls, int64_t now, int64_t *day) {
    struct error e;
    if (*day == now / DAY || !tls_warns(tls, now, &e)) {
        return;
    }
    *day = now / DAY;
    log_event(tls_days_left(tls, now) < 0 ? LEVEL_ERROR : LEVEL_WARNING, "certificate-expires",
              "days_left=%" PRId64 " why=\"%s\"", tls_days_left(tls, now), e.en);
}
