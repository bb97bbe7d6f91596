/* What `status` says: names and values, one row each.
 *
 * A name keeps its meaning for ever; others come behind.  Numbers are whole, in
 * the unit that ends their name (_us, _s, _bytes, _percent).  Of a kind of
 * request (answers_list, answer_p99_us_list, answer_sum_us_list) and of a reason
 * (refused_invalid) there is always a row; a p99 without a value is empty.  Each
 * warning is a row `warning` with a sentence in the asker's language.
 * madoguchid(8) lists them. */
#ifndef MADOGUCHI_DAEMON_STATUS_H
#define MADOGUCHI_DAEMON_STATUS_H

#include "daemon/metrics.h"
#include "daemon/warning.h"
#include "proto/tls.h"

struct status_source {
    struct store *store;
    const struct metrics *metrics;
    struct warnings *warnings;
    uint64_t warn_percent;
    size_t connections;
    uint64_t connections_max;
    const struct tls *tls;      /* NULL: none */
    size_t handshakes;          /* under way */
    uint64_t handshakes_failed; /* since the start */
    size_t waiting;             /* requests to be recorded */
    size_t questions;           /* in the pool */
    size_t logins;              /* tokens that are good */
};

/* Answers a status request in one page; warnings are judged on the way. */
void status_answer(const struct status_source *source, struct conn *c, struct request *r);

/* The versions of the libraries the daemon runs with: "libevent", "2.1.12-stable"
 * ...  Calls `each` for every one. */
void status_libraries(void (*each)(void *ctx, const char *name, const char *version), void *ctx);

#endif
