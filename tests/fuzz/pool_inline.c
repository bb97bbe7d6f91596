/* The daemon's pool (daemon/pool.h) without threads, for the fuzz target of
 * sessions: jobs run when pool_inline_run() is called, in their order. */
#include "tests/fuzz/pool_inline.h"

#include <stdlib.h>

struct pool {
    struct job *first;
    struct job **end;
    size_t waiting, waiting_max;
    struct pool *next;
};

static struct pool *pools;

struct pool *pool_new(struct event_base *base, int priority, unsigned threads, size_t waiting_max) {
    (void)base;
    (void)priority;
    (void)threads;
    struct pool *p = calloc(1, sizeof *p);
    if (p != NULL) {
        p->end = &p->first;
        p->waiting_max = waiting_max;
        p->next = pools;
        pools = p;
    }
    return p;
}

void pool_waiting_max(struct pool *pool, size_t waiting_max) {
    pool->waiting_max = waiting_max;
}

bool pool_submit(struct pool *pool, struct job *job) {
    if (pool->waiting >= pool->waiting_max) {
        return false;
    }
    job->next = NULL;
    *pool->end = job;
    pool->end = &job->next;
    pool->waiting++;
    return true;
}

void pool_cancel(struct pool *pool, struct job *job) {
    (void)pool;
    atomic_store(&job->cancelled, true);
}

size_t pool_pending(const struct pool *pool) {
    return pool->waiting;
}

static bool run(struct pool *pool) {
    struct job *job = pool->first;
    if (job == NULL) {
        return false;
    }
    pool->first = job->next;
    if (pool->first == NULL) {
        pool->end = &pool->first;
    }
    pool->waiting--;
    if (!atomic_load(&job->cancelled)) {
        job->run(job);
    }
    job->done(job);
    return true;
}

bool pool_inline_run(void) {
    bool any = false;
    for (struct pool *p = pools; p != NULL; p = p->next) {
        any = run(p) || any;
    }
    return any;
}

bool pool_stop(struct pool *pool, unsigned wait_ms) {
    (void)wait_ms;
    for (struct job *job = pool->first; job != NULL; job = job->next) {
        atomic_store(&job->cancelled, true);
    }
    while (run(pool)) {
    }
    for (struct pool **at = &pools; *at != NULL; at = &(*at)->next) {
        if (*at == pool) {
            *at = pool->next;
            break;
        }
    }
    free(pool);
    return true;
}
