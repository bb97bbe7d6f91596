#include "daemon/notify.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <systemd/sd-daemon.h>
#include <time.h>

struct notify {
    struct event *timer; /* NULL: no watchdog */
    notify_alive_fn alive;
    void *ctx;
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
    if (n->alive(n->ctx)) {
        sd_notify(0, "WATCHDOG=1");
    }
}

struct notify *notify_ready(struct event_base *base, notify_alive_fn alive, void *ctx) {
    struct notify *n = calloc(1, sizeof *n);
    uint64_t usec = 0;
    if (n == NULL) {
        return NULL;
    }
    n->alive = alive;
    n->ctx = ctx;
    if (sd_watchdog_enabled(0, &usec) > 0 && usec > 0) {
        uint64_t half = usec / 2;
        struct timeval tv = {.tv_sec = (time_t)(half / 1000000),
                             .tv_usec = (suseconds_t)(half % 1000000)};
        n->timer = event_new(base, -1, EV_PERSIST, on_timer, n);
        if (n->timer == NULL) {
            free(n);
            return NULL;
        }
        event_priority_set(n->timer, 0);
        event_add(n->timer, &tv);
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
    if (n != NULL) {
        if (n->timer != NULL) {
            event_free(n->timer);
        }
        free(n);
    }
}
