/* Where a daemon is on a network: tls:HOST:PORT.
 *
 * HOST is a name, an IPv4 address, or an IPv6 address in brackets. */
#ifndef MADOGUCHI_PROTO_ADDRESS_H
#define MADOGUCHI_PROTO_ADDRESS_H

#include "proto/error.h"

#include <stdbool.h>

#define ADDRESS_TLS  "tls:"
#define ADDRESS_HOST 254 /* bytes with the NUL */

/* The name of the protocol within TLS (ALPN): 11 bytes. */
#define ADDRESS_ALPN "madoguchi/1"

struct address {
    char host[ADDRESS_HOST]; /* without brackets */
    char port[6];            /* a number up to 65535, without leading zeros */
    bool numeric;            /* an IP address, no name to be looked up */
};

/* Reads "tls:HOST:PORT".  ERR_INVALID with what is expected. */
int address_read(const char *text, struct address *out, struct error *e) MUST_CHECK;

/* Whether a word is an IPv4 or IPv6 address. */
bool address_is_numeric(const char *host);

#endif
