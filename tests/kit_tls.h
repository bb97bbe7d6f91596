/* TLS under test: certificates made on the spot, a daemon that listens on a free
 * port of 127.0.0.1, and a client of our own that also does what none should. */
#ifndef MADOGUCHI_TESTS_KIT_TLS_H
#define MADOGUCHI_TESTS_KIT_TLS_H

#include "proto/openssl.h"
#include "tests/kit_store.h"

/* Certificates in a folder: ca, server (localhost, 127.0.0.1, ::1), client-NAME
 * for each client. */
void kit_tls_make(const char *dir, const char *client);

/* Signs one more by that CA, with its own days (until < 0: expired). */
void kit_tls_sign(const char *dir, const char *name, const char *usage, int from_days,
                  int until_days);

/* The lines of configuration for a folder of certificates; in static memory. */
const char *kit_tls_config(const char *dir, const char *more);

/* Starts a daemon that listens on 127.0.0.1 too; `dir` gets certificates of its
 * own, with the client "counter". */
void kit_tls_start(struct kit *k, char dir[KIT_PATH], const char *more);

/* The port of the daemon's last start. */
unsigned kit_tls_port(const struct kit_daemon *d);

/* How to connect; all may be NULL or 0. */
struct kit_tls_way {
    const char *dir;    /* of the CA that is trusted; NULL: no matter who */
    const char *client; /* certificate client-NAME of that folder */
    const char *alpn;   /* NULL: the right one; "": none */
    int version;        /* at most; 0: 1.3 */
};

struct kit_tls {
    int fd;
    SSL *ssl;
    struct arena arena;
};

/* A TCP connection without TLS. */
int kit_tls_tcp(const struct kit_daemon *d);
/* Connects and shakes hands; false when that fails, t->ssl says why. */
bool kit_tls_open(struct kit_tls *t, const struct kit_daemon *d, const struct kit_tls_way *way);
/* With the client "counter", and the hello said. */
void kit_tls_hello(struct kit_tls *t, const struct kit_daemon *d, const char *dir);
/* close_notify, and the end of it. */
void kit_tls_close(struct kit_tls *t);
/* Without a word; `abrupt`: by RST. */
void kit_tls_drop(struct kit_tls *t, bool abrupt);

/* Sends bytes, a frame, a request; false when the daemon has closed. */
bool kit_tls_bytes(struct kit_tls *t, const void *data, size_t len);
bool kit_tls_message(struct kit_tls *t, const ProtobufCMessage *message);
bool kit_tls_request(struct kit_tls *t, uint32_t serial, Madoguchi__Request *request);
/* The next message or answer, good until the next call; NULL: the daemon closed. */
const Madoguchi__ServerMessage *kit_tls_receive(struct kit_tls *t);
const Madoguchi__Answer *kit_tls_answer(struct kit_tls *t);
/* Pings and expects the answer. */
void kit_tls_expect_alive(struct kit_tls *t);

#endif
