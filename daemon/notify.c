#include "daemon/notify.h"

#include "store/thread.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <systemd/sd-daemon.h>
#include <time.h>

struct notify {
    struct event *timer; /* NULL: no watchdog */
    struct notify_watch watch;
    uint64_t period_us; /* between two pings */
    pthread_t helper;
    pthread_mutex_t lock;
    pthread_cond_t ending;
    bool end;
};

void notify_extend(uint64_t usec) {
    sd_notifyf(0, "EXTEND_TIMEOUT_USEC=%" PRIu64, usec);
}

void notify_status(const char *format, ...) {
    char text[256];
    va_list ap;
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    sd_notifyf(0, "STATUS=%s", text);
}

/* The timer runs on the loop: a ping says that the loop turns. */
static void on_timer(evutil_socket_t fd, short what, void *arg) {
    struct notify *n = arg;
    (void)fd;
    (void)what;
    if (n->watch.alive(n->watch.ctx)) {
        sd_notify(0, "WATCHDOG=1");
    }
}

/* Until the end or for one period; false at the end. */
static bool wait_period(struct notify *n) {
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    uint64_t ns = (uint64_t)until.tv_nsec + n->period_us % 1000000 * 1000;
    until.tv_sec += (time_t)(n->period_us / 1000000 + ns / 1000000000);
    until.tv_nsec = (long)(ns % 1000000000);
    pthread_mutex_lock(&n->lock);
    while (!n->end && pthread_cond_timedwait(&n->ending, &n->lock, &until) == 0) {
    }
    bool go_on = !n->end;
    pthread_mutex_unlock(&n->lock);
    return go_on;
}

/* A flush that the loop does itself stops the timer: this thread pings instead,
 * and only then. */
static void *help(void *arg) {
    struct notify *n = arg;
    while (wait_period(n)) {
        if (n->watch.flushing(n->watch.ctx)) {
            sd_notify(0, "WATCHDOG=1");
        }
    }
    return NULL;
}

static int start_helper(struct notify *n) {
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&n->lock, NULL);
    pthread_cond_init(&n->ending, &monotonic);
    pthread_condattr_destroy(&monotonic);
    int rc = thread_start(&n->helper, help, n);
    if (rc != 0) {
        pthread_cond_destroy(&n->ending);
        pthread_mutex_destroy(&n->lock);
    }
    return rc;
}

static int start_watchdog(struct notify *n, struct event_base *base, uint64_t usec) {
    n->period_us = usec / 2 > 0 ? usec / 2 : 1;
    const struct timeval tv = {.tv_sec = (time_t)(n->period_us / 1000000),
                               .tv_usec = (suseconds_t)(n->period_us % 1000000)};
    n->timer = event_new(base, -1, EV_PERSIST, on_timer, n);
    if (n->timer == NULL) {
        return -1;
    }
    if (event_priority_set(n->timer, 0) != 0 || event_add(n->timer, &tv) != 0 ||
        start_helper(n) != 0) {
        event_free(n->timer);
        return -1;
    }
    return 0;
}

struct notify *notify_ready(struct event_base *base, const struct notify_watch *watch) {
    struct notify *n = calloc(1, sizeof *n);
    uint64_t usec = 0;
    if (n == NULL) {
        return NULL;
    }
    n->watch = *watch;
    if (sd_watchdog_enabled(0, &usec) > 0 && usec > 0 && start_watchdog(n, base, usec) != 0) {
        free(n);
        return NULL;
    }
    sd_notify(0, "READY=1");
    return n;
}

void notify_reloading(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64,
               (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000);
}

void notify_reloaded(void) {
    sd_notify(0, "READY=1");
}

void notify_stopping(void) {
    sd_notify(0, "STOPPING=1");
}

void notify_free(struct notify *n) {
    if (n == NULL) {
        return;
    }
    if (n->timer != NULL) {
        pthread_mutex_lock(&n->lock);
        n->end = true;
        pthread_cond_signal(&n->ending);
        pthread_mutex_unlock(&n->lock);
        pthread_join(n->helper, NULL);
        pthread_cond_destroy(&n->ending);
        pthread_mutex_destroy(&n->lock);
        event_free(n->timer);
    }
    free(n);
}
