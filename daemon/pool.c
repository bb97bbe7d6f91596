#include "daemon/pool.h"

#include "store/thread.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

struct list {
    struct job *first;
    struct job **last; /* where the next one goes */
};

struct pool {
    pthread_mutex_t lock;
    pthread_cond_t work;  /* a job waits, or the end */
    pthread_cond_t quiet; /* a job ended or a thread left */
    struct list waiting;
    struct list finished;
    struct job **running; /* one place a thread */
    size_t n_waiting, waiting_max;
    unsigned n_threads, n_running;
    bool stopping;
    size_t pending; /* the loop's own count */
    int wake;       /* eventfd */
    struct event *event;
    pthread_t *threads;
};

struct worker {
    struct pool *pool;
    unsigned index;
};

static void list_init(struct list *l) {
    l->first = NULL;
    l->last = &l->first;
}

static void list_push(struct list *l, struct job *job) {
    job->next = NULL;
    *l->last = job;
    l->last = &job->next;
}

static struct job *take(struct pool *p) {
    struct job *job = p->waiting.first;
    if (job != NULL) {
        p->waiting.first = job->next;
        if (job->next == NULL) {
            list_init(&p->waiting);
        }
        p->n_waiting--;
    }
    return job;
}

/* Hands a job back; the first of a batch wakes the loop. */
static void finish(struct pool *p, struct job *job) {
    bool first = p->finished.first == NULL;
    list_push(&p->finished, job);
    if (first) {
        uint64_t one = 1;
        ssize_t n = write(p->wake, &one, sizeof one);
        (void)n; /* only a full counter fails, and that is a wake-up too */
    }
}

static void run_one(struct pool *p, unsigned index, struct job *job) {
    p->running[index] = job;
    p->n_running++;
    pthread_mutex_unlock(&p->lock);
    if (!atomic_load(&job->cancelled)) {
        job->run(job);
    }
    pthread_mutex_lock(&p->lock);
    p->running[index] = NULL;
    p->n_running--;
    finish(p, job);
    pthread_cond_signal(&p->quiet);
}

static void *work(void *arg) {
    struct worker w = *(struct worker *)arg;
    struct pool *p = w.pool;
    free(arg);
    pthread_mutex_lock(&p->lock);
    while (!p->stopping) {
        struct job *job = take(p);
        if (job != NULL) {
            run_one(p, w.index, job);
        } else {
            pthread_cond_wait(&p->work, &p->lock);
        }
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

static void deliver(struct pool *p) {
    pthread_mutex_lock(&p->lock);
    struct job *job = p->finished.first;
    list_init(&p->finished);
    pthread_mutex_unlock(&p->lock);
    while (job != NULL) {
        struct job *next = job->next;
        p->pending--;
        job->done(job);
        job = next;
    }
}

static void on_wake(evutil_socket_t fd, short what, void *arg) {
    uint64_t n;
    ssize_t r = read(fd, &n, sizeof n);
    (void)r;
    (void)what;
    deliver(arg);
}

static bool start_threads(struct pool *p, unsigned threads) {
    for (unsigned i = 0; i < threads; i++) {
        struct worker *w = malloc(sizeof *w);
        if (w == NULL) {
            break;
        }
        *w = (struct worker){.pool = p, .index = i};
        if (thread_start(&p->threads[i], work, w) != 0) {
            free(w);
            break;
        }
        p->n_threads++;
    }
    return p->n_threads == threads;
}

static void pool_destroy(struct pool *p) {
    if (p->event != NULL) {
        event_free(p->event);
    }
    if (p->wake >= 0) {
        close(p->wake);
    }
    pthread_cond_destroy(&p->quiet);
    pthread_cond_destroy(&p->work);
    pthread_mutex_destroy(&p->lock);
    free(p->running);
    free(p->threads);
    free(p);
}

struct pool *pool_new(struct event_base *base, int priority, unsigned threads, size_t waiting_max) {
    struct pool *p = calloc(1, sizeof *p);
    if (p == NULL) {
        return NULL;
    }
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->work, NULL);
    pthread_cond_init(&p->quiet, &monotonic);
    pthread_condattr_destroy(&monotonic);
    list_init(&p->waiting);
    list_init(&p->finished);
    p->waiting_max = waiting_max;
    p->threads = calloc(threads, sizeof *p->threads);
    p->running = calloc(threads, sizeof(struct job *));
    p->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    p->event = p->wake < 0 ? NULL : event_new(base, p->wake, EV_READ | EV_PERSIST, on_wake, p);
    if (p->threads == NULL || p->running == NULL || p->event == NULL) {
        pool_destroy(p);
        return NULL;
    }
    if (event_priority_set(p->event, priority) != 0 || event_add(p->event, NULL) != 0) {
        pool_destroy(p);
        return NULL;
    }
    if (!start_threads(p, threads)) {
        pool_stop(p, 1000);
        return NULL;
    }
    return p;
}

void pool_waiting_max(struct pool *p, size_t waiting_max) {
    pthread_mutex_lock(&p->lock);
    p->waiting_max = waiting_max;
    pthread_mutex_unlock(&p->lock);
}

bool pool_submit(struct pool *p, struct job *job) {
    pthread_mutex_lock(&p->lock);
    bool ok = !p->stopping && p->n_waiting < p->waiting_max;
    if (ok) {
        list_push(&p->waiting, job);
        p->n_waiting++;
        p->pending++;
        pthread_cond_signal(&p->work);
    }
    pthread_mutex_unlock(&p->lock);
    return ok;
}

void pool_cancel(struct pool *p, struct job *job) {
    pthread_mutex_lock(&p->lock);
    atomic_store(&job->cancelled, true);
    for (struct job **at = &p->waiting.first; *at != NULL; at = &(*at)->next) {
        if (*at != job) {
            continue;
        }
        *at = job->next;
        if (job->next == NULL) {
            p->waiting.last = at;
        }
        p->n_waiting--;
        finish(p, job);
        break;
    }
    pthread_mutex_unlock(&p->lock);
}

size_t pool_pending(const struct pool *p) {
    return p->pending;
}

static void cancel_all(struct pool *p) {
    p->stopping = true;
    while (p->waiting.first != NULL) {
        struct job *job = p->waiting.first;
        p->waiting.first = job->next;
        atomic_store(&job->cancelled, true);
        list_push(&p->finished, job);
    }
    list_init(&p->waiting);
    p->n_waiting = 0;
    for (unsigned i = 0; i < p->n_threads; i++) {
        if (p->running[i] != NULL) {
            atomic_store(&p->running[i]->cancelled, true);
        }
    }
    pthread_cond_broadcast(&p->work);
}

bool pool_stop(struct pool *p, unsigned wait_ms) {
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += wait_ms / 1000;
    until.tv_nsec += (long)(wait_ms % 1000) * 1000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_mutex_lock(&p->lock);
    cancel_all(p);
    while (p->n_running > 0 && pthread_cond_timedwait(&p->quiet, &p->lock, &until) == 0) {
    }
    bool ended = p->n_running == 0;
    pthread_mutex_unlock(&p->lock);
    if (!ended) {
        return false;
    }
    for (unsigned i = 0; i < p->n_threads; i++) {
        pthread_join(p->threads[i], NULL);
    }
    deliver(p);
    pool_destroy(p);
    return true;
}
