/* What the daemon counts and times of its own work, for `status`.
 *
 * Times are microseconds of the monotonic clock, read once a loop turn, twice a
 * group and once a question answered, never for each request that records: a
 * request's time counts from the first message of the turn it was read in, and
 * ends when its answer lies ready for its connection (how fast somebody takes a
 * long answer is not the daemon's).  A question that is refused because too many
 * wait was not answered.
 *
 * A request that took slow_request_ms or longer is logged in one line: what was
 * asked for in one word, how long it waited and was worked on, and its entry.
 * Nothing that somebody wrote in it.
 *
 * The loop's thread only. */
#ifndef MADOGUCHI_DAEMON_METRICS_H
#define MADOGUCHI_DAEMON_METRICS_H

#include "daemon/histogram.h"
#include "daemon/request.h"

#include <stdint.h>

#define METRICS_CODES 16 /* more than any ErrorCode */

/* Starts out zeroed but for `started`; counted since then. */
struct metrics {
    uint64_t started;             /* when, by metrics_clock() */
    uint64_t connections;         /* taken in */
    uint64_t connections_refused; /* turned away */
    uint64_t requests;
    uint64_t refusals[METRICS_CODES]; /* by ErrorCode */
    struct histogram answer[REQUEST_KINDS];
    struct histogram flush; /* microseconds */
    struct histogram group; /* entries */
    uint64_t slow_us;       /* 0: nothing is slow */
    uint64_t turn;          /* when this turn's first message came; 0: not yet */
    uint64_t began, ended;  /* of the group being recorded or answered */
};

/* Milliseconds since 1970, of the clock that people set. */
uint64_t metrics_wall(void);

/* Microseconds of the monotonic clock. */
uint64_t metrics_clock(void);

/* A loop turn ends: the clock is read again by the next turn's first message. */
void metrics_turn(struct metrics *m);

/* A request has come: fills its kind and when. */
void metrics_came(struct metrics *m, struct request *r);

void metrics_refused(struct metrics *m, const struct error *e);

/* ---- groups ------------------------------------------------------------------- */

/* A group begins; it was flushed, in flush_us, with so many entries; its requests
 * are about to be answered, each by metrics_recorded(). */
void metrics_group_begins(struct metrics *m);
void metrics_group_flushed(struct metrics *m, size_t entries, uint64_t flush_us);
void metrics_group_ends(struct metrics *m);
void metrics_recorded(struct metrics *m, const struct request *r);

/* ---- everything else ------------------------------------------------------------ */

/* Any other request was answered after being worked on for working_us. */
void metrics_answered(struct metrics *m, const struct request *r, uint64_t working_us);

#endif
