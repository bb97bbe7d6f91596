/* Telling systemd how the daemon is, and its watchdog that it gets on.
 *
 * Without systemd (no NOTIFY_SOCKET) nothing is sent. */
#ifndef MADOGUCHI_DAEMON_NOTIFY_H
#define MADOGUCHI_DAEMON_NOTIFY_H

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

struct notify;

/* Whether work is being done: true when nothing waits, or something was
 * finished since the last call.  Asked before each watchdog ping. */
typedef bool (*notify_alive_fn)(void *ctx);

/* Starting goes on: up to `usec` more from now on. */
void notify_extend(uint64_t usec);

/* One line for `systemctl status`. */
void notify_status(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The daemon serves.  Starts the watchdog's timer on the loop if the unit asks
 * for it.  NULL when out of memory. */
struct notify *notify_ready(struct event_base *base, notify_alive_fn alive, void *ctx);

/* A new configuration is being read, and is in force. */
void notify_reloading(void);
void notify_reloaded(void);

void notify_stopping(void);
void notify_free(struct notify *n);

#endif
