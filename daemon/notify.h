/* Telling systemd how the daemon is, and its watchdog that it gets on.
 *
 * Without systemd (no NOTIFY_SOCKET) nothing is sent. */
#ifndef MADOGUCHI_DAEMON_NOTIFY_H
#define MADOGUCHI_DAEMON_NOTIFY_H

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

struct notify;

/* What the watchdog is told, and by whom.  A ping from another thread proves
 * nothing about the loop, except while the loop is known to wait for the disk. */
struct notify_watch {
    /* Asked by the loop before each of its pings: whether work is being done,
     * that is nothing waits, or something was finished since the last call. */
    bool (*alive)(void *ctx);
    /* Asked by the helper thread before each of its pings, so only of what
     * threads may look at: whether the loop waits for a flush, and not longer
     * than it may. */
    bool (*flushing)(void *ctx);
    void *ctx;
};

/* Starting goes on: up to `usec` more from now on. */
void notify_extend(uint64_t usec);

/* One line for `systemctl status`. */
void notify_status(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The daemon serves.  Starts the watchdog's timer on the loop and its helper
 * thread, if the unit asks for a watchdog.  NULL when out of memory or of
 * threads. */
struct notify *notify_ready(struct event_base *base, const struct notify_watch *watch);

/* A new configuration is being read, and is in force. */
void notify_reloading(void);
void notify_reloaded(void);

void notify_stopping(void);
/* Ends timer and helper; NULL is allowed. */
void notify_free(struct notify *n);

#endif
