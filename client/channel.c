#include "client/channel.h"

#include "client/words.h"
#include "proto/openssl.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

struct channel {
    SSL *ssl;
    const char *ca;
    char host[ADDRESS_HOST];
    short waits; /* of the last call; 0: it went on */
    bool broken;
    int alert;    /* reason of OpenSSL that the daemon gave, or 0 */
    long verdict; /* on the daemon's certificate */
};

/* ---- the socket -------------------------------------------------------------------- */

/* OpenSSL's own socket writes without MSG_NOSIGNAL: a daemon that went away would
 * end us by SIGPIPE. */
static int socket_write(BIO *bio, const char *data, int len) {
    int fd = -1;
    BIO_get_fd(bio, &fd);
    ssize_t n;
    do {
        n = send(fd, data, (size_t)len, MSG_NOSIGNAL);
    } while (n < 0 && errno == EINTR);
    BIO_clear_retry_flags(bio);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
        BIO_set_retry_write(bio);
    }
    return (int)n;
}

static BIO *socket_bio(int fd) {
    static BIO_METHOD *method;
    const BIO_METHOD *standard = BIO_s_socket();
    if (method == NULL) {
        method = BIO_meth_new(BIO_TYPE_SOCKET, "connection");
        if (method == NULL || BIO_meth_set_write(method, socket_write) != 1 ||
            BIO_meth_set_read(method, BIO_meth_get_read(standard)) != 1 ||
            BIO_meth_set_ctrl(method, BIO_meth_get_ctrl(standard)) != 1 ||
            BIO_meth_set_create(method, BIO_meth_get_create(standard)) != 1 ||
            BIO_meth_set_destroy(method, BIO_meth_get_destroy(standard)) != 1) {
            return NULL;
        }
    }
    BIO *bio = BIO_new(method);
    if (bio != NULL) {
        BIO_set_fd(bio, fd, BIO_NOCLOSE);
    }
    return bio;
}

/* ---- making one --------------------------------------------------------------------- */

/* Nobody is asked for a passphrase in the middle of a counter's work. */
static int no_passphrase(char *out, int size, int writing, void *ctx) {
    (void)out;
    (void)size;
    (void)writing;
    (void)ctx;
    return -1;
}

static int no_memory(struct error *e) {
    ERR_clear_error();
    return error_set(e, ERR_INTERNAL, "", SAY("Out of memory."));
}

static const char *reason(void) {
    const char *words = ERR_reason_error_string(ERR_peek_error());
    ERR_clear_error();
    return words != NULL ? words : "OpenSSL";
}

static int load_ca(SSL_CTX *context, const char *ca, struct error *e) {
    if (ca == NULL) {
        return error_set(
            e, ERR_INVALID, "ca",
            SAY("It is not known whom to trust: name the file of the CA that signed the daemon's "
                "certificate with --ca or MADOGUCHI_CA, or put it at ~/.config/madoguchi/ca.crt. "
                "Who runs the daemon has it (ca.crt)."));
    }
    if (SSL_CTX_load_verify_file(context, ca) != 1) {
        return error_set(e, ERR_INVALID, "ca",
                         SAY("The CA file %s cannot be used (%s). It must be a certificate in PEM "
                             "form, as madoguchid tls-init makes it (ca.crt)."),
                         ca, reason());
    }
    return 0;
}

static int load_certificate(SSL_CTX *context, const struct channel_files *files, struct error *e) {
    if (files->certificate == NULL && files->key != NULL) {
        return error_set(e, ERR_INVALID, "cert",
                         SAY("The key %s needs its certificate: give --cert too."), files->key);
    }
    if (files->certificate == NULL) {
        return 0;
    }
    const char *key = files->key != NULL ? files->key : files->certificate;
    if (SSL_CTX_use_certificate_chain_file(context, files->certificate) != 1) {
        return error_set(e, ERR_INVALID, "cert",
                         SAY("The client certificate %s cannot be used (%s)."), files->certificate,
                         reason());
    }
    if (SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(context) != 1) {
        return error_set(e, ERR_INVALID, "key",
                         SAY("The key %s of the client certificate cannot be used (%s). It must "
                             "belong to the certificate and have no passphrase."),
                         key, reason());
    }
    return 0;
}

static SSL_CTX *context_new(const struct channel_files *files, struct error *e) {
    static const uint8_t alpn[] = "\x0b" ADDRESS_ALPN;
    OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
    ERR_clear_error();
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    if (context == NULL || SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) != 1 ||
        SSL_CTX_set_alpn_protos(context, alpn, sizeof alpn - 1) != 0) {
        SSL_CTX_free(context);
        no_memory(e);
        return NULL;
    }
    SSL_CTX_set_options(context, SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_default_passwd_cb(context, no_passphrase);
    SSL_CTX_set_security_level(context, 2);
    if (load_ca(context, files->ca, e) != 0 || load_certificate(context, files, e) != 0) {
        SSL_CTX_free(context);
        return NULL;
    }
    return context;
}

/* The certificate must be for what was asked for. */
static bool expect_host(SSL *ssl, const struct address *address) {
    if (address->numeric) {
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), address->host) == 1;
    }
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return SSL_set1_host(ssl, address->host) == 1 &&
           SSL_set_tlsext_host_name(ssl, address->host) == 1;
}

struct channel *channel_new(const struct channel_files *files, const struct address *address,
                            int fd, struct error *e) {
    SSL_CTX *context = context_new(files, e);
    if (context == NULL) {
        return NULL;
    }
    struct channel *c = calloc(1, sizeof *c);
    SSL *ssl = SSL_new(context);
    BIO *bio = ssl != NULL ? socket_bio(fd) : NULL;
    SSL_CTX_free(context);
    if (c == NULL || bio == NULL || !expect_host(ssl, address)) {
        BIO_free(bio);
        SSL_free(ssl);
        free(c);
        no_memory(e);
        return NULL;
    }
    SSL_set_bio(ssl, bio, bio);
    SSL_set_connect_state(ssl);
    *c = (struct channel){.ssl = ssl, .ca = files->ca, .waits = POLLOUT, .verdict = X509_V_OK};
    snprintf(c->host, sizeof c->host, "%s", address->host);
    return c;
}

void channel_free(struct channel *c) {
    if (c != NULL) {
        SSL_free(c->ssl);
        free(c);
    }
}

/* ---- bytes --------------------------------------------------------------------------- */

/* After a call that returned `result`; -1 with errno, or 0 at the end. */
static int judge(struct channel *c, int result) {
    int system = errno;
    switch (SSL_get_error(c->ssl, result)) {
    case SSL_ERROR_WANT_READ:
        c->waits = POLLIN;
        errno = EAGAIN;
        return -1;
    case SSL_ERROR_WANT_WRITE:
        c->waits = POLLOUT;
        errno = EAGAIN;
        return -1;
    case SSL_ERROR_ZERO_RETURN:
        return 0;
    default:
        break;
    }
    unsigned long code = ERR_peek_error();
    c->broken = true;
    c->alert = ERR_GET_LIB(code) == ERR_LIB_SSL ? ERR_GET_REASON(code) : 0;
    c->verdict = SSL_get_verify_result(c->ssl);
    ERR_clear_error();
    errno = code == 0 && system != 0 && system != EAGAIN ? system : EPROTO;
    return -1;
}

int channel_handshake(struct channel *c) {
    ERR_clear_error();
    errno = 0;
    int result = SSL_do_handshake(c->ssl);
    if (result == 1) {
        c->waits = 0;
        return 0;
    }
    if (judge(c, result) == 0) {
        c->broken = true;
        errno = ECONNRESET;
    }
    return -1;
}

ssize_t channel_read(struct channel *c, void *data, size_t size) {
    size_t n = 0;
    if (c->broken) {
        errno = EPROTO;
        return -1;
    }
    ERR_clear_error();
    errno = 0;
    if (SSL_read_ex(c->ssl, data, size, &n) == 1) {
        c->waits = 0;
        return (ssize_t)n;
    }
    return judge(c, 0);
}

ssize_t channel_write(struct channel *c, const void *data, size_t len) {
    size_t n = 0;
    if (c->broken) {
        errno = EPROTO;
        return -1;
    }
    ERR_clear_error();
    errno = 0;
    if (SSL_write_ex(c->ssl, data, len, &n) == 1) {
        c->waits = 0;
        return (ssize_t)n;
    }
    if (judge(c, 0) == 0) {
        errno = EPIPE;
    }
    return -1;
}

short channel_waits(const struct channel *c) {
    return c->waits;
}

void channel_close(struct channel *c) {
    if (!c->broken && SSL_is_init_finished(c->ssl)) {
        (void)SSL_shutdown(c->ssl);
        ERR_clear_error();
    }
}

/* ---- whom to trust --------------------------------------------------------------------- */

static void say_verdict(const struct channel *c, struct error *e) {
    switch (c->verdict) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
        error_set(e, ERR_FORBIDDEN, "server",
                  SAY("The certificate of the daemon at %s has expired (or this machine's clock is "
                      "wrong). Tell who runs the daemon."),
                  c->host);
        break;
    case X509_V_ERR_CERT_NOT_YET_VALID:
        error_set(e, ERR_FORBIDDEN, "server",
                  SAY("The certificate of the daemon at %s is not valid yet: is this machine's "
                      "clock right?"),
                  c->host);
        break;
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        error_set(e, ERR_FORBIDDEN, "server",
                  SAY("What answers at %s has a certificate for another name. Use the name that is "
                      "in it (tls-init --name), or ask who runs the daemon: it may be somebody "
                      "else's."),
                  c->host);
        break;
    default:
        error_set(e, ERR_FORBIDDEN, "ca",
                  SAY("What answers at %s has a certificate that the CA in %s did not sign (%s). "
                      "Is it the right CA file? If it is, this is not your daemon."),
                  c->host, c->ca, X509_verify_cert_error_string(c->verdict));
        break;
    }
}

/* Alerts of the other side: the daemon judged our certificate. */
static bool say_alert(const struct channel *c, struct error *e) {
    switch (c->alert) {
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
        error_set(e, ERR_FORBIDDEN, "cert",
                  SAY("The daemon refused the client certificate: it has expired. Have a new one "
                      "made (madoguchid tls-init --client)."));
        return true;
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
        error_set(e, ERR_FORBIDDEN, "cert",
                  SAY("The daemon refused the client certificate: another CA signed it than the "
                      "one it knows (tls_client_ca)."));
        return true;
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
    case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
    case SSL_R_TLSV1_ALERT_ACCESS_DENIED:
        error_set(e, ERR_FORBIDDEN, "cert",
                  SAY("The daemon refused the client certificate. Its log says why "
                      "(certificate-refused)."));
        return true;
    case SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL:
    case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_UNSUPPORTED_PROTOCOL:
        error_set(e, ERR_INVALID, "server",
                  SAY("What answers at %s is no madoguchid, or one of another version."), c->host);
        return true;
    default:
        return false;
    }
}

bool channel_refused(const struct channel *c, struct error *e) {
    if (c->broken && c->verdict != X509_V_OK) {
        say_verdict(c, e);
        return true;
    }
    return c->broken && say_alert(c, e);
}
