/* The load over TLS. */
#include "tests/bench/bench.h"

#include "proto/address.h"
#include "proto/openssl.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static SSL_CTX *context(void) {
    static SSL_CTX *c;
    const char *folder = getenv("BENCH_TLS");
    char ca[512];
    char certificate[512];
    char key[512];
    if (c != NULL) {
        return c;
    }
    if (folder == NULL) {
        bench_die("BENCH_TLS names no folder of certificates");
    }
    snprintf(ca, sizeof ca, "%s/ca.crt", folder);
    snprintf(certificate, sizeof certificate, "%s/client-bench.crt", folder);
    snprintf(key, sizeof key, "%s/client-bench.key", folder);
    signal(SIGPIPE, SIG_IGN);
    c = SSL_CTX_new(TLS_client_method());
    if (c == NULL || SSL_CTX_set_min_proto_version(c, TLS1_3_VERSION) != 1 ||
        (getenv("BENCH_COOKIE") == NULL && /* of the web there is no name to be given */
         SSL_CTX_set_alpn_protos(c, (const uint8_t *)"\x0b" ADDRESS_ALPN, 12) != 0) ||
        SSL_CTX_load_verify_file(c, ca) != 1 ||
        SSL_CTX_use_certificate_chain_file(c, certificate) != 1 ||
        SSL_CTX_use_PrivateKey_file(c, key, SSL_FILETYPE_PEM) != 1) {
        bench_die("the certificates in %s cannot be used", folder);
    }
    SSL_CTX_set_verify(c, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_mode(c, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                            SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_read_ahead(c, 1);
    return c;
}

bool wire_tcp_open(struct wire *w, const char *address, char *host) {
    struct address place;
    char text[ADDRESS_HOST + 16];
    const int on = 1;
    snprintf(text, sizeof text, ADDRESS_TLS "%s", address);
    if (address_read(text, &place, NULL) != 0) {
        bench_die("%s is no address", address);
    }
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(place.port))};
    if (inet_pton(AF_INET, place.host, &to.sin_addr) != 1) {
        bench_die("%s is no IPv4 address", place.host);
    }
    *w = (struct wire){.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    if (w->fd < 0 || connect(w->fd, (const struct sockaddr *)&to, sizeof to) != 0) {
        close(w->fd);
        return false;
    }
    setsockopt(w->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    snprintf(host, ADDRESS_HOST, "%s", place.host);
    return true;
}

bool wire_tls_open(struct wire *w, const char *address) {
    char host[ADDRESS_HOST];
    if (!wire_tcp_open(w, address + strlen(ADDRESS_TLS), host)) {
        return false;
    }
    w->ssl = SSL_new(context());
    if (w->ssl == NULL || SSL_set_fd(w->ssl, w->fd) != 1 ||
        X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(w->ssl), host) != 1 ||
        SSL_connect(w->ssl) != 1) {
        bench_die("no TLS with %s: %s", address, ERR_reason_error_string(ERR_peek_error()));
    }
    fcntl(w->fd, F_SETFL, fcntl(w->fd, F_GETFL) | O_NONBLOCK);
    return true;
}

void wire_tls_close(struct wire *w) {
    SSL_shutdown(w->ssl);
    SSL_free(w->ssl);
    w->ssl = NULL;
}

static ssize_t judge(struct wire *w) {
    int why = SSL_get_error(w->ssl, 0);
    errno = why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE ? EAGAIN : EPROTO;
    return why == SSL_ERROR_ZERO_RETURN ? 0 : -1;
}

ssize_t wire_tls_send(struct wire *w, const void *data, size_t len) {
    size_t n;
    ERR_clear_error();
    return SSL_write_ex(w->ssl, data, len, &n) == 1 ? (ssize_t)n : judge(w);
}

/* All that is there: nobody tells of what OpenSSL keeps. */
ssize_t wire_tls_receive(struct wire *w, void *data, size_t size) {
    size_t have = 0;
    do {
        size_t n;
        ERR_clear_error();
        if (SSL_read_ex(w->ssl, (uint8_t *)data + have, size - have, &n) != 1) {
            return have > 0 ? (ssize_t)have : judge(w);
        }
        have += n;
    } while (have < size && SSL_has_pending(w->ssl) == 1);
    return (ssize_t)have;
}
