/* Publications: a plan's figures of a year are worked out in the pool, which may take
 * long, and then recorded in their turn like everything else.
 *
 * One at a time, so that threads are left for questions.  Its answer may come after those
 * to what the connection asked later. */
#ifndef MADOGUCHI_DAEMON_PUBLISH_H
#define MADOGUCHI_DAEMON_PUBLISH_H

#include "daemon/group.h"
#include "daemon/pool.h"
#include "daemon/request.h"
#include "store/store.h"

struct publisher;

/* Everything is the caller's and must outlive the result, which must outlive what the
 * pool does.  NULL when out of memory. */
struct publisher *publisher_new(struct store *store, struct pool *pool, struct group *group);
void publisher_free(struct publisher *p);

/* Takes a checked request that publishes, of a connection whose conn_begin() was called,
 * after group_settle(); it is given to the group when its figures are there, or refused:
 * ERR_BUSY while another one is under way, the pool is full or the daemon stops. */
void publisher_ask(struct publisher *p, struct request *r);

#endif
