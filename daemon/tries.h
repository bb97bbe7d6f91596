/* How often a password may be tried: counted by the account and by where it comes from.
 *
 * A try counts for both before it is known how it ends (daemon/throttle.h).  A right one
 * forgets the wrong ones of its account, but of its source takes back itself alone. */
#ifndef MADOGUCHI_DAEMON_TRIES_H
#define MADOGUCHI_DAEMON_TRIES_H

#include "daemon/identity.h"

#include <stdint.h>

#define TRIES_FREE        5  /* failures of an account before it must wait */
#define TRIES_FREE_SOURCE 40 /* of a source, where many may sit: more than may wait */

struct tries;

struct tries *tries_new(void);    /* NULL without memory; freed by tries_free() */
void tries_free(struct tries *t); /* NULL is nothing */

/* A try of the account `name` by `asker` at `now` (ms of a clock that goes forward).
 * 0: it may go on and is counted; else how many ms it has to wait, and it counts for
 * nobody.  Nothing given is kept. */
uint64_t tries_count(struct tries *t, const char *name, const struct identity *asker, uint64_t now);

/* What was counted is no try: nobody looks whether it is right. */
void tries_undo(struct tries *t, const char *name, const struct identity *asker);

/* What was counted was right. */
void tries_passed(struct tries *t, const char *name, const struct identity *asker);

#endif
