/* The load generator of `make bench`: one thread, epoll, the real protocol.
 *
 * Requests are packed once and only their id and serial are changed afterwards,
 * so that the client costs little beside the daemon it measures.  Everything
 * here ends the process with a sentence when something is not as expected: a
 * bench that goes on after a refusal measures nothing. */
#ifndef MADOGUCHI_TESTS_BENCH_H
#define MADOGUCHI_TESTS_BENCH_H

#include "proto/frame.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdnoreturn.h>

noreturn void bench_die(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Nanoseconds of the monotonic clock. */
uint64_t bench_now(void);

/* ---- wire.c: a connection ------------------------------------------------------ */

#define WIRE_IN  (FRAME_HEADER + FRAME_MAX)
#define WIRE_OUT (1u << 16)

struct wire {
    int fd;
    size_t in_len, out_len, out_sent;
    uint8_t *in;  /* WIRE_IN */
    uint8_t *out; /* WIRE_OUT */
};

/* Connects and exchanges hellos.  Returns false, with nothing open, when nobody
 * answers; dies when the daemon refuses. */
bool wire_connect(struct wire *w, const char *path);
void wire_close(struct wire *w);

/* Adds a packed message to what is to be sent; dies when it does not fit. */
void wire_add(struct wire *w, const uint8_t *message, size_t len);

/* Sends what can be sent; true when nothing is left. */
bool wire_flush(struct wire *w);

/* Reads what is there, without waiting unless `wait`. */
void wire_fill(struct wire *w, bool wait);

/* The next whole message among what was read; it holds until wire_drop(). */
bool wire_next(struct wire *w, size_t *offset, const uint8_t **message, size_t *len);

/* Forgets the bytes before `offset`. */
void wire_drop(struct wire *w, size_t offset);

enum wire_kind { WIRE_RECORDED = 16, WIRE_ERROR = 17, WIRE_PAGE = 18 };

/* What a ServerMessage answers, without unpacking it; *more: another answer to
 * the same request follows.  Dies with the sentence of an error. */
enum wire_kind wire_kind(const uint8_t *message, size_t len, bool *more);

/* ---- requests.c: what is asked ------------------------------------------------- */

struct requests;

/* `n` different log requests with codes of the catalogue in file `path` and
 * dates of the last `months` months (0: all of today). */
struct requests *requests_make(const char *catalogue, unsigned months);
void requests_free(struct requests *r);

/* The next request, with a new id; valid until the next call. */
const uint8_t *requests_next(struct requests *r, size_t *len);

/* Writes rows for `madoguchi import` to standard output. */
void requests_csv(const struct requests *r, unsigned long rows);

/* Stats of contacts by month and service over the fiscal years that the last
 * twelve months touch.  Packs into out (at most 256 bytes); returns the length. */
size_t requests_stats(uint8_t out[256]);

/* ---- the measurements ------------------------------------------------------------ */

struct load {
    const char *socket;
    const char *catalogue;
    unsigned connections; /* at a time */
    unsigned depth;       /* requests in flight on each */
    unsigned months;      /* over which the dates are spread */
    double seconds;       /* measured, after a warm-up of a quarter of it */
    unsigned long total;  /* instead of seconds: so many requests */
};

/* Closed loop of log requests.  Prints: requests a second, then p50 and p99 in
 * milliseconds. */
void bench_log(const struct load *load);

/* Asks for stats `total` times, one after the other.  Prints p50 and p99 in
 * milliseconds. */
void bench_stats(const struct load *load);

/* Opens idle connections, prints "ready" and holds them until standard input
 * ends. */
void bench_idle(const struct load *load);

/* Runs a daemon (argv) until its socket answers a hello.  Prints its pid and
 * the milliseconds since it was started. */
void bench_start(const struct load *load, char **argv);

#endif
