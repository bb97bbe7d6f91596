/* What each message leads to.
 *
 * Sits between the connections and the workers: says who a connection is,
 * greets it, checks each request and hands it on: what records to the group,
 * what reads to the pool, status and ping answered at once. */
#ifndef MADOGUCHI_DAEMON_DISPATCH_H
#define MADOGUCHI_DAEMON_DISPATCH_H

#include "daemon/config.h"
#include "daemon/conn.h"
#include "daemon/group.h"
#include "daemon/metrics.h"
#include "daemon/peer.h"
#include "daemon/query.h"
#include "proto/tls.h"

#include <stdint.h>

#ifndef MADOGUCHI_VERSION
#define MADOGUCHI_VERSION "0"
#endif

/* Rows of cases or facts in one answer above which it is an export, and noted: what
 * makes a leak one that must be reported (個人情報保護法施行規則 43条: over 100 people). */
#define DISPATCH_EXPORT_ROWS 100

struct dispatch;

/* Everything is the caller's and must outlive the result, which makes its own
 * connections, queue of requests, group and queries.  NULL when out of memory. */
struct dispatch_setting {
    struct event_base *base;
    int priority; /* of connections; 0 of everything else */
    struct store *store;
    struct secrets *secrets;
    struct pool *pool;
    struct spool_room *room;
    const struct config *config;
};

struct dispatch *dispatch_new(const struct dispatch_setting *setting);
/* Ends what hashes passwords; false when it still runs after wait_ms. */
bool dispatch_stop(struct dispatch *d, unsigned wait_ms);
/* After pool_stop() and dispatch_stop() returned true. */
void dispatch_free(struct dispatch *d);

/* Follows a new configuration, which must outlive d. */
void dispatch_configure(struct dispatch *d, const struct config *config);

/* What is used for connections over TLS from now on; it must live until the
 * next call.  NULL: none is accepted. */
void dispatch_secure(struct dispatch *d, const struct tls *tls);

/* Takes over an accepted socket; tls: it came over TCP. */
void dispatch_accept(struct dispatch *d, int fd, bool tls);

/* Tells an accepted socket that there is no room; the caller closes it. */
void dispatch_turn_away(struct dispatch *d, int fd);

/* Ends a loop turn: messages left over, the group, the writes.  Returns whether
 * the next turn must not sleep. */
bool dispatch_turn(struct dispatch *d);

struct conns *dispatch_conns(struct dispatch *d);
struct group *dispatch_group(struct dispatch *d);

/* Has everything recorded that is being summed: the daemon stops. */
void dispatch_note_all(struct dispatch *d);

/* Every few seconds: what is due is done; looks how the store is: a warning that
 * begins or ends is logged. */
void dispatch_look(struct dispatch *d, struct store_status *status);

#endif
