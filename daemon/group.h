/* The writing side: what waits is recorded in groups, one flush each.
 *
 * Requests are added in the order they came.  group_run(), once a loop turn,
 * records all of them and answers; nothing is answered before it is on disk.
 * After an error whose outcome is unknown nothing is answered: the process logs
 * and exits with GROUP_EXIT, and the client asks again with the same request
 * id. */
#ifndef MADOGUCHI_DAEMON_GROUP_H
#define MADOGUCHI_DAEMON_GROUP_H

#include "daemon/conn.h"
#include "daemon/metrics.h"
#include "daemon/request.h"
#include "store/store.h"

#include <event2/event.h>

#include <stdbool.h>
#include <stddef.h>

#define GROUP_EXIT 70 /* EX_SOFTWARE of sysexits.h */

struct group;

/* The connections answered, the requests released and what is counted are the
 * caller's and must outlive the group.  NULL when out of memory. */
struct group *group_new(struct event_base *base, struct store *store, struct conns *conns,
                        struct requests *requests, struct metrics *metrics);
void group_free(struct group *g);

/* Told of each refusal, for counting and logging.  NULL: nobody. */
void group_on_refusal(struct group *g,
                      void (*refused)(void *ctx, const struct request *r, const struct error *e),
                      void *ctx);

/* Adds a request of a connection whose conn_begin() was called; the group owns it
 * until it is answered and the store is done with it.  One with a refusal set is
 * answered in its turn. */
void group_add(struct group *g, struct request *r);

size_t group_waiting(const struct group *g);

/* Whether a group waits for its flush beside the loop. */
bool group_flushing(const struct group *g);

/* How many connections had requests in the last two groups: as many may ask again. */
size_t group_expected(const struct group *g);

/* Groups run since the start: the watchdog's measure of progress. */
uint64_t group_turns(const struct group *g);

/* Requests answered since the start. */
uint64_t group_answered(const struct group *g);

/* Makes what was answered visible to questions (store_settle()); does not return
 * when that fails. */
void group_settle(struct group *g);

/* Records and answers everything that waits.  While the disk is slow the flush
 * runs beside the loop: what waits then is recorded when it is done, and its
 * answers come in a later turn. */
void group_run(struct group *g);

#endif
