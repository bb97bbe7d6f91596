/* What the files of a connection share; nobody else includes this. */
#ifndef MADOGUCHI_CLIENT_CONNECTION_PRIVATE_H
#define MADOGUCHI_CLIENT_CONNECTION_PRIVATE_H

#include "client/connection.h"
#include "client/transport.h"
#include "proto/message.h"

struct connection {
    struct connection_options options;
    struct transport transport;
    struct arena arena; /* of the answer at hand */
    struct arena welcome_arena;
    Madoguchi__Welcome *welcome;
    uint32_t serial; /* of the last request sent */
};

/* What became of one exchange on an open connection. */
enum exchange {
    EXCHANGE_DONE,
    EXCHANGE_REFUSED,
    EXCHANGE_BUSY, /* the daemon asks to try again */
    EXCHANGE_LOST, /* no answer: the connection is closed */
};

void connection_close(struct connection *c);

/* Waits before try number `attempt`, longer and longer. */
void connection_pause(unsigned attempt);

/* CONNECTION_UNREACHABLE, and *e says so. */
enum connection_outcome connection_unreachable(const struct connection *c, const char *why,
                                               struct error *e) MUST_CHECK;

#endif
