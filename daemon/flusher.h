/* A thread that flushes the journal while the loop goes on.
 *
 * It owns nothing: it does one store_flush() when told to and says when it is
 * done.  The loop is told by an eventfd. */
#ifndef MADOGUCHI_DAEMON_FLUSHER_H
#define MADOGUCHI_DAEMON_FLUSHER_H

#include "store/store.h"

#include <event2/event.h>

struct flusher;

/* done() is called by the loop after each flush, with its outcome and, where
 * it failed, the error.  NULL when the thread or the eventfd cannot be made. */
struct flusher *
flusher_new(struct event_base *base, struct store *store,
            void (*done)(void *ctx, enum store_outcome outcome, const struct error *e), void *ctx);

/* Waits for a flush that runs, then ends the thread. */
void flusher_free(struct flusher *f);

/* Begins a flush; none may be running. */
void flusher_start(struct flusher *f);

#endif
