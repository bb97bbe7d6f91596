#include "daemon/flusher.h"

#include "store/thread.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct flusher {
    struct store *store;
    void (*done)(void *ctx, enum store_outcome outcome, const struct error *e);
    void *ctx;
    struct event *event;
    int fd;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    enum { IDLE, ASKED, RUNNING, DONE, END } state;
    enum store_outcome outcome;
    struct error error;
};

/* Until asked or told to end; false at the end. */
static bool wait_for_work(struct flusher *f) {
    pthread_mutex_lock(&f->lock);
    while (f->state != ASKED && f->state != END) {
        pthread_cond_wait(&f->changed, &f->lock);
    }
    bool work = f->state == ASKED;
    if (work) {
        f->state = RUNNING;
    }
    pthread_mutex_unlock(&f->lock);
    return work;
}

static void *run(void *arg) {
    struct flusher *f = arg;
    static const uint64_t one = 1;
    while (wait_for_work(f)) {
        struct error e = {0};
        enum store_outcome outcome = store_flush(f->store, &e);
        pthread_mutex_lock(&f->lock);
        f->outcome = outcome;
        f->error = e;
        f->state = DONE;
        pthread_cond_broadcast(&f->changed);
        pthread_mutex_unlock(&f->lock);
        ssize_t n = write(f->fd, &one, sizeof one);
        (void)n; /* the counter of an eventfd cannot be full here */
    }
    return NULL;
}

static void on_done(evutil_socket_t fd, short what, void *arg) {
    struct flusher *f = arg;
    uint64_t count;
    (void)what;
    if (read(fd, &count, sizeof count) != sizeof count) {
        return;
    }
    pthread_mutex_lock(&f->lock);
    bool done = f->state == DONE;
    enum store_outcome outcome = f->outcome;
    struct error e = f->error;
    if (done) {
        f->state = IDLE;
    }
    pthread_mutex_unlock(&f->lock);
    if (done) {
        f->done(f->ctx, outcome, &e);
    }
}

struct flusher *
flusher_new(struct event_base *base, struct store *store,
            void (*done)(void *ctx, enum store_outcome outcome, const struct error *e), void *ctx) {
    struct flusher *f = calloc(1, sizeof *f);
    if (f == NULL) {
        return NULL;
    }
    *f = (struct flusher){.store = store, .done = done, .ctx = ctx, .state = IDLE};
    pthread_mutex_init(&f->lock, NULL);
    pthread_cond_init(&f->changed, NULL);
    f->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    f->event = f->fd < 0 ? NULL : event_new(base, f->fd, EV_READ | EV_PERSIST, on_done, f);
    if (f->event == NULL || event_priority_set(f->event, 0) != 0 ||
        event_add(f->event, NULL) != 0 || thread_start(&f->thread, run, f) != 0) {
        if (f->event != NULL) {
            event_free(f->event);
        }
        if (f->fd >= 0) {
            close(f->fd);
        }
        free(f);
        return NULL;
    }
    return f;
}

void flusher_free(struct flusher *f) {
    if (f == NULL) {
        return;
    }
    pthread_mutex_lock(&f->lock);
    while (f->state == ASKED || f->state == RUNNING) {
        pthread_cond_wait(&f->changed, &f->lock);
    }
    f->state = END;
    pthread_cond_broadcast(&f->changed);
    pthread_mutex_unlock(&f->lock);
    pthread_join(f->thread, NULL);
    event_free(f->event);
    close(f->fd);
    pthread_cond_destroy(&f->changed);
    pthread_mutex_destroy(&f->lock);
    free(f);
}

void flusher_start(struct flusher *f) {
    pthread_mutex_lock(&f->lock);
    f->state = ASKED;
    pthread_cond_broadcast(&f->changed);
    pthread_mutex_unlock(&f->lock);
}
