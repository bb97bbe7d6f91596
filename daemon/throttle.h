/* How often a secret may be guessed, by a key of whatever is to be counted together.
 *
 * Some failures are free; after them each one doubles the time until the next try,
 * up to THROTTLE_MAX_MS.  There is no lasting lock, which would let anybody lock
 * anybody out.  A try counts before it is known how it ends, so that many at once
 * are no way around it.  Memory is bounded: what was tried longest ago is forgotten.
 * (OWASP Authentication Cheat Sheet: Login Throttling.) */
#ifndef MADOGUCHI_DAEMON_THROTTLE_H
#define MADOGUCHI_DAEMON_THROTTLE_H

#include <stddef.h>
#include <stdint.h>

#define THROTTLE_MAX_MS (15 * 60 * 1000)
#define THROTTLE_PLACES 4096

struct throttle;

struct throttle *throttle_new(void); /* NULL without memory */
void throttle_free(struct throttle *t);

/* ms until a try is allowed; 0: now (`now`: ms of a clock that goes forward).  Counts
 * nothing. */
uint64_t throttle_wait(struct throttle *t, const char *key, uint64_t now);

/* A try that is allowed, at `now`; `free_tries` go before the first wait. */
void throttle_count(struct throttle *t, const char *key, unsigned free_tries, uint64_t now);

/* The try was right: it does not count, nor do those before it. */
void throttle_passed(struct throttle *t, const char *key);

/* The try was right and does not count; those before it, which others may have made,
 * do: a good password of one's own buys no guesses at others'. */
void throttle_undo(struct throttle *t, const char *key, unsigned free_tries);

#endif
