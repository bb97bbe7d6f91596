/* The client's side of TLS on one connected socket.
 *
 * TLS 1.3 and the protocol name ADDRESS_ALPN.  The daemon's certificate must be
 * signed by the CA of channel_files and carry the name or address that was asked
 * for; no other CA is trusted, those of the system neither.  Never waits: what
 * cannot go on says what it waits for. */
#ifndef MADOGUCHI_CLIENT_CHANNEL_H
#define MADOGUCHI_CLIENT_CHANNEL_H

#include "proto/address.h"
#include "proto/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Paths of PEM files; NULL: none. */
struct channel_files {
    const char *ca;
    const char *certificate; /* the client's own, with a `key` */
    const char *key;
};

struct channel;

/* TLS on a socket that is connected to `address`.  NULL, and *e says why and
 * what to do: a file is missing or cannot be used. */
struct channel *channel_new(const struct channel_files *files, const struct address *address,
                            int fd, struct error *e);
void channel_free(struct channel *c); /* the socket stays open */

#define CHANNEL_RECORD 16384 /* a read of so many bytes leaves none behind */

/* Bytes read or written; 0: the other side sends no more.  -1 with EAGAIN: not
 * now, channel_waits() says for what; with another errno: broken. */
ssize_t channel_read(struct channel *c, void *data, size_t size);
ssize_t channel_write(struct channel *c, const void *data, size_t len);

/* 0 when the handshake is done; else as channel_write(). */
int channel_handshake(struct channel *c);

/* POLLIN or POLLOUT; 0 when the last call went on. */
short channel_waits(const struct channel *c);

/* After something broke: fills *e when it was a matter of trust - the daemon's
 * certificate is not accepted here, or ours there - with what to do about it. */
bool channel_refused(const struct channel *c, struct error *e);

/* Says that nothing more will be sent. */
void channel_close(struct channel *c);

#endif
