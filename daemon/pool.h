/* A few threads for what the loop must not wait for.
 *
 * A job runs in one of them and comes back to the loop's thread, all finished
 * ones of a moment together with one wake-up.  The queue is bounded: a full one
 * refuses.  Jobs own what they need; the pool knows nothing of it. */
#ifndef MADOGUCHI_DAEMON_POOL_H
#define MADOGUCHI_DAEMON_POOL_H

#include <event2/event.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

struct pool;

struct job {
    void (*run)(struct job *job);  /* in a thread of the pool; not called when cancelled before */
    void (*done)(struct job *job); /* in the loop's thread, always; frees the job */
    atomic_bool cancelled;         /* set by the pool: run() should end soon */
    struct job *next;
};

/* Starts the threads.  NULL when that fails. */
struct pool *pool_new(struct event_base *base, int priority, unsigned threads, size_t waiting_max);

void pool_waiting_max(struct pool *pool, size_t waiting_max);

/* Gives a job to the pool, which owns it until done().  False, and the job
 * stays the caller's, when too many wait or the pool stops. */
bool pool_submit(struct pool *pool, struct job *job);

/* The job should end soon; one that still waits ends at once.  done() is called
 * as always, never inside this call. */
void pool_cancel(struct pool *pool, struct job *job);

/* Jobs given and not yet done(). */
size_t pool_pending(const struct pool *pool);

/* Cancels everything, waits up to wait_ms for what runs, calls the done() of
 * all that ended and frees the pool.  False when a job still runs: the pool and
 * what the job uses must then be left alone until the process ends. */
bool pool_stop(struct pool *pool, unsigned wait_ms);

#endif
