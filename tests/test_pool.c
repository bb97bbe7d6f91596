/* The threads: every job comes back once, the queue is bounded, cancelling and
 * stopping. */
#include "daemon/pool.h"
#include "tests/suite.h"

#include <check.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define GUARD_MS 8000

struct test_job {
    struct job job;
    bool ran, was_cancelled;
};

static struct event_base *base;
static struct pool *pool;
static unsigned done_count;
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER; /* held: jobs that wait_gate() stand */
static atomic_uint at_gate;

static int64_t now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

#define UNTIL(condition)                                               \
    do {                                                               \
        int64_t until_ = now_ms() + GUARD_MS;                          \
        while (!(condition)) {                                         \
            ck_assert_msg(now_ms() < until_, "never: %s", #condition); \
            event_base_loop(base, EVLOOP_ONCE | EVLOOP_NONBLOCK);      \
        }                                                              \
    } while (0)

static void run_quick(struct job *job) {
    ((struct test_job *)job)->ran = true;
}

static void run_gate(struct job *job) {
    atomic_fetch_add(&at_gate, 1);
    pthread_mutex_lock(&gate);
    pthread_mutex_unlock(&gate);
    ((struct test_job *)job)->ran = true;
}

static void done(struct job *job) {
    ((struct test_job *)job)->was_cancelled = atomic_load(&job->cancelled);
    done_count++;
}

static void init(struct test_job *j, void (*run)(struct job *job)) {
    memset(j, 0, sizeof *j);
    j->job.run = run;
    j->job.done = done;
}

static void begin(void) {
    base = event_base_new();
    event_base_priority_init(base, 2);
    pool = pool_new(base, 0, 2, 8);
    ck_assert_ptr_nonnull(pool);
    done_count = 0;
    atomic_store(&at_gate, 0);
}

static void end(void) {
    event_base_free(base);
}

START_TEST(every_job_comes_back_once) {
    enum { MANY = 5000 };
    struct test_job *jobs = calloc(MANY, sizeof *jobs);
    for (int i = 0; i < MANY; i++) {
        init(&jobs[i], run_quick);
        UNTIL(pool_submit(pool, &jobs[i].job));
    }
    UNTIL(done_count == MANY);
    for (int i = 0; i < MANY; i++) {
        ck_assert(jobs[i].ran && !jobs[i].was_cancelled);
    }
    ck_assert_uint_eq(pool_pending(pool), 0);
    ck_assert(pool_stop(pool, 1000));
    free(jobs);
}
END_TEST

START_TEST(full_queue_refuses) {
    struct test_job jobs[11];
    pthread_mutex_lock(&gate);
    for (int i = 0; i < 11; i++) {
        init(&jobs[i], run_gate);
    }
    for (int i = 0; i < 2; i++) {
        ck_assert(pool_submit(pool, &jobs[i].job));
    }
    UNTIL(atomic_load(&at_gate) == 2);
    for (int i = 2; i < 10; i++) {
        ck_assert(pool_submit(pool, &jobs[i].job));
    }
    ck_assert(!pool_submit(pool, &jobs[10].job));
    ck_assert_uint_eq(pool_pending(pool), 10);
    pool_waiting_max(pool, 9);
    ck_assert(pool_submit(pool, &jobs[10].job));
    pthread_mutex_unlock(&gate);
    UNTIL(done_count == 11);
    ck_assert(pool_stop(pool, 1000));
}
END_TEST

START_TEST(cancelling_one_that_waits) {
    struct test_job jobs[4];
    pthread_mutex_lock(&gate);
    for (int i = 0; i < 4; i++) {
        init(&jobs[i], run_gate);
        ck_assert(pool_submit(pool, &jobs[i].job));
    }
    UNTIL(atomic_load(&at_gate) == 2);
    pool_cancel(pool, &jobs[3].job); /* the last of the queue */
    ck_assert_uint_eq(done_count, 0);
    UNTIL(done_count == 1);
    ck_assert(!jobs[3].ran && jobs[3].was_cancelled);
    init(&jobs[3], run_gate);
    ck_assert(pool_submit(pool, &jobs[3].job)); /* the queue is whole */
    pool_cancel(pool, &jobs[0].job);            /* runs: only told */
    pthread_mutex_unlock(&gate);
    UNTIL(done_count == 5);
    ck_assert(jobs[0].ran && jobs[0].was_cancelled);
    ck_assert(jobs[2].ran && jobs[3].ran);
    ck_assert(pool_stop(pool, 1000));
}
END_TEST

START_TEST(stopping_returns_everything) {
    struct test_job jobs[6];
    pthread_mutex_lock(&gate);
    for (int i = 0; i < 6; i++) {
        init(&jobs[i], run_gate);
        ck_assert(pool_submit(pool, &jobs[i].job));
    }
    UNTIL(atomic_load(&at_gate) == 2);
    ck_assert(!pool_stop(pool, 20)); /* two stand at the gate */
    struct test_job late;
    init(&late, run_quick);
    ck_assert(!pool_submit(pool, &late.job));
    pthread_mutex_unlock(&gate);
    ck_assert(pool_stop(pool, 5000));
    ck_assert_uint_eq(done_count, 6);
    for (int i = 0; i < 6; i++) {
        ck_assert(jobs[i].ran == (i < 2));
        ck_assert(jobs[i].was_cancelled);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("pool");
    TCase *t = tcase_create("pool");
    tcase_add_checked_fixture(t, begin, end);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, every_job_comes_back_once);
    tcase_add_test(t, full_queue_refuses);
    tcase_add_test(t, cancelling_one_that_waits);
    tcase_add_test(t, stopping_returns_everything);
    suite_add_tcase(suite, t);
    return suite_run(suite);
}
