/* The connections of browsers over TLS: how many there are, and how long each may take.
 *
 * evhttp counts neither, and its timeout begins anew with every byte.  A plain connection
 * is a proxy's of this machine, which has limits of its own. */
#ifndef MADOGUCHI_CLIENT_WEB_GUEST_H
#define MADOGUCHI_CLIENT_WEB_GUEST_H

#include "proto/tls.h"

#include <event2/bufferevent.h>
#include <event2/event.h>

struct guests;
struct guest;

/* `full` is told when connections_max are there, and when one has gone again; a
 * connection whose request does not come whole within request_ms of its beginning, or of
 * the answer before, is closed.  NULL without memory. */
struct guests *guests_new(struct event_base *base, unsigned connections_max, unsigned request_ms,
                          void (*full)(void *ctx, bool full), void *ctx);
void guests_free(struct guests *g); /* connections that are left are forgotten */

/* A bufferevent for the next connection.  NULL without memory. */
struct bufferevent *guest_new(struct guests *g, const struct tls *tls);

/* Whose it is; NULL when it is none of ours. */
struct guest *guest_of(struct guests *g, const struct bufferevent *bev);

/* A request has come whole: its time is ours now; it was answered. */
void guest_asks(struct guest *guest);
void guest_answered(struct guests *g, const struct bufferevent *bev);

#endif
