/* What `status` says: names and values, one row each. */
#ifndef MADOGUCHI_DAEMON_STATUS_H
#define MADOGUCHI_DAEMON_STATUS_H

#include "daemon/dispatch.h"

struct status_source {
    struct store *store;
    const struct counters *counters;
    size_t connections;
    uint64_t connections_max;
    size_t waiting;   /* requests to be recorded */
    size_t questions; /* in the pool */
};

/* Answers a status request in one page. */
void status_answer(const struct status_source *source, struct conn *c, struct request *r);

/* The versions of the libraries the daemon runs with: "libevent", "2.1.12-stable"
 * ...  Calls `each` for every one. */
void status_libraries(void (*each)(void *ctx, const char *name, const char *version), void *ctx);

#endif
