/* What a server's side of TLS is made of, the daemon's and the web gateway's:
 * certificate, private key, and who signs the certificates of clients.
 *
 * TLS 1.3 and one protocol name (ALPN) only; no tickets, no resumption, no
 * early data.  Nothing of it comes from the system's OpenSSL configuration.
 * A struct tls is never changed: a reload makes a new one, and connections keep
 * the one they began with. */
#ifndef MADOGUCHI_PROTO_TLS_H
#define MADOGUCHI_PROTO_TLS_H

#include "proto/certificate.h"
#include "proto/error.h"
#include "proto/openssl.h"

#include <stdbool.h>
#include <stdint.h>

#define TLS_WARN_DAYS 30 /* before the end, it is logged once a day */

struct tls;

/* Paths, by the rule of proto/tls_file.h. */
struct tls_files {
    const char *certificate; /* PEM: the daemon's, then those between it and the root */
    const char *key;         /* PEM, not encrypted */
    const char *client_ca;   /* PEM; NULL: no client is asked for a certificate */
    const char *alpn;        /* the protocol's name, which must outlive the tls */
    bool alpn_may_lack;      /* a client that names no protocol at all is served too */
};

/* Why a client's certificate was not accepted; kept for each connection as the
 * SSL object's app data. */
struct tls_refusal {
    int why;                           /* X509_V_ERR_...; X509_V_OK: none was refused */
    char subject[CERTIFICATE_SUBJECT]; /* of the certificate that was at fault */
};

/* Reads and checks everything.  ERR_INVALID names key and file: not readable,
 * not PEM, a key that others can read, that is encrypted or that does not belong
 * to the certificate.  A certificate that has expired is taken: the socket on
 * this machine must not suffer from it; tls_watch() says so. */
int tls_new(const struct tls_files *files, struct tls **out, struct error *e) MUST_CHECK;

/* What connections still use of it lives on. */
void tls_free(struct tls *tls);

SSL_CTX *tls_context(const struct tls *tls);
bool tls_asks_clients(const struct tls *tls);

/* When the certificate, or one that it was given with, is the first to expire:
 * seconds of Unix time. */
int64_t tls_not_after(const struct tls *tls);

/* Whole days until then, negative afterwards. */
int64_t tls_days_left(const struct tls *tls, int64_t now);

/* Fills *e with a sentence when TLS_WARN_DAYS or less are left. */
bool tls_warns(const struct tls *tls, int64_t now, struct error *e);

/* Logs what is used from now on. */
void tls_log(const struct tls *tls, int64_t now);

/* Logs that warning when it was not yet logged today.  *day: of the last time,
 * 0 at first. */
void tls_watch(const struct tls *tls, int64_t now, int64_t *day);

#endif
