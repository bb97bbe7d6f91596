/* The reading side: questions are answered in the pool, spooled, and sent page
 * by page as fast as their reader takes them.
 *
 * A connection has at most QUERY_AT_ONCE questions in the pool or being sent;
 * its others wait in its own line, so that one connection cannot take the pool
 * from all others. */
#ifndef MADOGUCHI_DAEMON_QUERY_H
#define MADOGUCHI_DAEMON_QUERY_H

#include "daemon/config.h"
#include "daemon/conn.h"
#include "daemon/metrics.h"
#include "daemon/pool.h"
#include "daemon/request.h"
#include "daemon/spool.h"
#include "store/store.h"

#define QUERY_AT_ONCE 2

struct queries;
struct query;

struct query_list {
    struct query *first;
};

/* The questions of one connection; part of its session. */
struct query_line {
    struct query_list waiting;
    struct query_list running; /* in the pool */
    struct query_list sending; /* oldest first */
    unsigned active;           /* running and sending */
};

/* line_of finds a connection's line.  All must outlive the result, and the
 * result must outlive what the pool does.  NULL when out of memory. */
struct queries *queries_new(struct store *store, struct pool *pool, struct conns *conns,
                            struct requests *requests, struct metrics *metrics,
                            struct spool_room *room, struct query_line *(*line_of)(struct conn *c));
void queries_free(struct queries *q);

/* Told of each refusal, for counting and logging; and of each question that was
 * answered, with the number of cases and facts in the answer. */
void queries_on_refusal(struct queries *q,
                        void (*refused)(void *ctx, const struct request *r, const struct error *e),
                        void (*handed)(void *ctx, const struct request *r, uint64_t rows),
                        void *ctx);

/* Follows a configuration, which must outlive q or the next call: where backups
 * may go. */
void queries_configure(struct queries *q, const struct config *config);

void query_line_init(struct query_line *line);

/* Takes a checked reading, verify or backup request of a connection whose conn_begin()
 * was called; owns it until it is answered. */
void query_ask(struct queries *q, struct query_line *line, struct conn *c, struct request *r);

/* The connection takes output again. */
void query_go_on(struct queries *q, struct query_line *line, struct conn *c);

/* The connection is gone: forgets what waits, stops what runs. */
void query_line_close(struct queries *q, struct query_line *line);

#endif
