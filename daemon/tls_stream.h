/* TLS on one connected socket: handshake, bytes, end.
 *
 * Never waits: what cannot go on says what it waits for.  The socket stays the
 * caller's. */
#ifndef MADOGUCHI_DAEMON_TLS_STREAM_H
#define MADOGUCHI_DAEMON_TLS_STREAM_H

#include "proto/tls.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define TLS_STREAM_ADDRESS 46
#define TLS_STREAM_NETWORK 50
#define TLS_STREAM_RECORD  16384 /* bytes: what one write takes at most */

/* Records without a byte of data for us (key updates, empty ones) that may come
 * in a row. */
#define TLS_STREAM_EMPTY_MAX 32

/* Records that one read takes in, so that tiny ones cannot keep it. */
#define TLS_STREAM_READS 64

/* What a call came to; more than 0: so many bytes. */
enum {
    TLS_STREAM_DONE = 0,       /* the handshake is done; of a read: the peer sends no more */
    TLS_STREAM_READS_ON = -1,  /* when the socket can be read */
    TLS_STREAM_WRITES_ON = -2, /* when it can be written */
    TLS_STREAM_BROKEN = -3,    /* for ever; it was logged */
};

/* Who is at the other end. */
struct tls_peer {
    char address[TLS_STREAM_ADDRESS]; /* "192.0.2.7", "2001:db8::7" */
    char network[TLS_STREAM_NETWORK]; /* "192.0.2.0/24", "2001:db8::/64" */
    /* Of the client's certificate, "" without one.  Set only when it was proved
     * to be of tls_client_ca, valid, and the client's own. */
    char fingerprint[CERTIFICATE_FINGERPRINT];
    char subject[CERTIFICATE_SUBJECT];
    bool refused; /* the handshake failed because its certificate was not accepted */
};

struct tls_stream;

/* For a socket that a client connected to.  NULL when out of memory. */
struct tls_stream *tls_stream_new(const struct tls *tls, int fd);
void tls_stream_free(struct tls_stream *s);

/* TLS_STREAM_BROKEN: why was logged (handshake-failed; certificate-refused with
 * the subject), and the peer was told by an alert. */
int tls_stream_handshake(struct tls_stream *s);

/* Reads up to size bytes.  *more: there may be some left that no event of the
 * socket will tell of; read again. */
ssize_t tls_stream_read(struct tls_stream *s, uint8_t *data, size_t size, bool *more);

/* Writes all of up to TLS_STREAM_RECORD bytes as one record and returns how
 * many those were.  After TLS_STREAM_WRITES_ON the next call must begin with the
 * same bytes; others may follow them. */
ssize_t tls_stream_write(struct tls_stream *s, const uint8_t *data, size_t len);

/* Says that nothing more will be sent (close_notify).  Not after
 * TLS_STREAM_BROKEN. */
void tls_stream_close(struct tls_stream *s);

const struct tls_peer *tls_stream_peer(const struct tls_stream *s);

#endif
