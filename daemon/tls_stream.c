#include "daemon/tls_stream.h"

#include "daemon/peer.h"

#include "proto/log.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

struct tls_stream {
    SSL *ssl;
    int fd;
    bool asks;      /* for a certificate */
    bool broken;    /* no call of OpenSSL is allowed any more */
    bool drained;   /* the last read of the socket found nothing */
    unsigned empty; /* records without data since the last one with some */
    size_t begun;   /* bytes of a write that is to be repeated; 0: none */
    struct tls_refusal refusal;
    struct tls_peer peer;
};

/* ---- the socket --------------------------------------------------------------------- */

/* Our own instead of OpenSSL's, to know whether the socket is empty or only this
 * record at its end. */
static int socket_read(BIO *bio, char *data, int size) {
    struct tls_stream *s = BIO_get_data(bio);
    ssize_t n;
    do {
        n = recv(s->fd, data, (size_t)size, MSG_DONTWAIT);
    } while (n < 0 && errno == EINTR);
    BIO_clear_retry_flags(bio);
    s->drained = n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
    if (s->drained) {
        BIO_set_retry_read(bio);
    }
    if (n == 0) {
        BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
    }
    return (int)n;
}

static int socket_write(BIO *bio, const char *data, int len) {
    struct tls_stream *s = BIO_get_data(bio);
    ssize_t n;
    do {
        n = send(s->fd, data, (size_t)len, MSG_DONTWAIT | MSG_NOSIGNAL);
    } while (n < 0 && errno == EINTR);
    BIO_clear_retry_flags(bio);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
        BIO_set_retry_write(bio);
    }
    return (int)n;
}

static long socket_control(BIO *bio, int command, long number, void *pointer) {
    (void)number;
    (void)pointer;
    if (command == BIO_CTRL_EOF) {
        return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0;
    }
    return command == BIO_CTRL_FLUSH ? 1 : 0;
}

static BIO_METHOD *method;

static void method_make(void) {
    method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "connection");
    if (method != NULL && (BIO_meth_set_read(method, socket_read) != 1 ||
                           BIO_meth_set_write(method, socket_write) != 1 ||
                           BIO_meth_set_ctrl(method, socket_control) != 1)) {
        BIO_meth_free(method);
        method = NULL;
    }
}

static BIO *socket_bio(struct tls_stream *s) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, method_make);
    BIO *bio = method != NULL ? BIO_new(method) : NULL;
    if (bio != NULL) {
        BIO_set_data(bio, s);
        BIO_set_init(bio, 1);
    }
    return bio;
}

/* ---- who ---------------------------------------------------------------------------- */

static void note_address(struct tls_stream *s) {
    struct sockaddr_storage who = {.ss_family = AF_UNSPEC};
    socklen_t len = sizeof who;
    if (getpeername(s->fd, (struct sockaddr *)&who, &len) == 0) {
        peer_address(&who, s->peer.address, s->peer.network);
    }
}

static void note_certificate(struct tls_stream *s) {
    X509 *x = s->asks ? SSL_get1_peer_certificate(s->ssl) : NULL;
    if (x != NULL && SSL_get_verify_result(s->ssl) == X509_V_OK) {
        certificate_fingerprint(x, s->peer.fingerprint);
        certificate_subject(x, s->peer.subject);
    }
    X509_free(x);
}

/* ---- the stream --------------------------------------------------------------------- */

struct tls_stream *tls_stream_new(const struct tls *tls, int fd) {
    struct tls_stream *s = calloc(1, sizeof *s);
    if (s == NULL) {
        return NULL;
    }
    s->fd = fd;
    s->asks = tls_asks_clients(tls);
    s->ssl = SSL_new(tls_context(tls));
    BIO *bio = s->ssl != NULL ? socket_bio(s) : NULL;
    if (bio == NULL) {
        ERR_clear_error();
        SSL_free(s->ssl);
        free(s);
        return NULL;
    }
    SSL_set_bio(s->ssl, bio, bio);
    SSL_set_app_data(s->ssl, &s->refusal);
    SSL_set_accept_state(s->ssl);
    note_address(s);
    return s;
}

void tls_stream_free(struct tls_stream *s) {
    if (s != NULL) {
        SSL_free(s->ssl);
        free(s);
    }
}

const struct tls_peer *tls_stream_peer(const struct tls_stream *s) {
    return &s->peer;
}

/* What the call that returned `result` waits for.  Others' errors do not remain
 * in OpenSSL's queue. */
static int judge(struct tls_stream *s, int result) {
    switch (SSL_get_error(s->ssl, result)) {
    case SSL_ERROR_WANT_READ:
        return TLS_STREAM_READS_ON;
    case SSL_ERROR_WANT_WRITE:
        return TLS_STREAM_WRITES_ON;
    case SSL_ERROR_ZERO_RETURN:
        return TLS_STREAM_DONE;
    default:
        s->broken = true;
        return TLS_STREAM_BROKEN;
    }
}

static void log_failure(struct tls_stream *s) {
    char why[160];
    certificate_why(why, sizeof why);
    if (s->refusal.why != X509_V_OK) {
        s->peer.refused = true;
        log_event(LEVEL_INFO, "certificate-refused", "from=%s subject=\"%s\" why=\"%s\"",
                  s->peer.address, s->refusal.subject,
                  X509_verify_cert_error_string(s->refusal.why));
    } else {
        log_event(LEVEL_INFO, "handshake-failed", "from=%s why=\"%s\"", s->peer.address,
                  why[0] != '\0' ? why : "the client closed");
    }
}

int tls_stream_handshake(struct tls_stream *s) {
    ERR_clear_error();
    int result = SSL_do_handshake(s->ssl);
    if (result == 1) {
        note_certificate(s);
        log_event(LEVEL_DEBUG, "secured", "from=%s version=%s cipher=%s certificate=%.16s",
                  s->peer.address, SSL_get_version(s->ssl), SSL_get_cipher_name(s->ssl),
                  s->peer.fingerprint);
        return TLS_STREAM_DONE;
    }
    result = judge(s, result);
    if (result == TLS_STREAM_DONE) { /* closed in the middle of it */
        s->broken = true;
        result = TLS_STREAM_BROKEN;
    }
    if (result == TLS_STREAM_BROKEN) {
        log_failure(s);
    }
    return result;
}

/* After the handshake: whatever broke it is not the operator's concern, but may
 * be somebody's who looks for a fault in the network. */
static int log_broken(struct tls_stream *s, const char *what) {
    char why[160];
    certificate_why(why, sizeof why);
    s->broken = true;
    log_event(LEVEL_INFO, "tls-broken", "from=%s why=\"%s\"", s->peer.address,
              why[0] != '\0' ? why : what);
    return TLS_STREAM_BROKEN;
}

/* One record at most.  Without AUTO_RETRY, "read on" may only mean that a record
 * held nothing for us. */
static ssize_t read_once(struct tls_stream *s, uint8_t *data, size_t size) {
    for (;;) {
        size_t n = 0;
        ERR_clear_error();
        s->drained = false;
        if (SSL_read_ex(s->ssl, data, size, &n) == 1) {
            s->empty = 0;
            return (ssize_t)n;
        }
        int result = judge(s, 0);
        if (result == TLS_STREAM_BROKEN) {
            return log_broken(s, "the connection was lost");
        }
        if (result != TLS_STREAM_READS_ON || s->drained) {
            return result;
        }
        if (++s->empty > TLS_STREAM_EMPTY_MAX) {
            return log_broken(s, "key updates or empty records without end");
        }
    }
}

ssize_t tls_stream_read(struct tls_stream *s, uint8_t *data, size_t size, bool *more) {
    size_t have = 0;
    *more = false;
    if (s->broken) {
        return TLS_STREAM_BROKEN;
    }
    for (unsigned i = 0; i < TLS_STREAM_READS && have < size; i++) {
        ssize_t n = read_once(s, data + have, size - have);
        if (n <= 0) {
            *more = have > 0 && n != TLS_STREAM_READS_ON; /* the next read says it again */
            return have > 0 ? (ssize_t)have : n;
        }
        have += (size_t)n;
        if (SSL_has_pending(s->ssl) == 0) {
            return (ssize_t)have;
        }
    }
    *more = true;
    return (ssize_t)have;
}

ssize_t tls_stream_write(struct tls_stream *s, const uint8_t *data, size_t len) {
    size_t n = 0;
    if (s->broken) {
        return TLS_STREAM_BROKEN;
    }
    /* OpenSSL insists on the length it was given first. */
    len = s->begun > 0 ? s->begun : len;
    ERR_clear_error();
    if (SSL_write_ex(s->ssl, data, len, &n) == 1) {
        s->begun = 0;
        return (ssize_t)n;
    }
    int result = judge(s, 0);
    if (result == TLS_STREAM_WRITES_ON) {
        s->begun = len;
        return result;
    }
    /* In TLS 1.3 no write waits for a read after the handshake. */
    return log_broken(s, "the connection was lost");
}

void tls_stream_close(struct tls_stream *s) {
    if (!s->broken) {
        ERR_clear_error();
        (void)SSL_shutdown(s->ssl); /* what the socket does not take now is lost with it */
        ERR_clear_error();
    }
}
