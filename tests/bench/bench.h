/* The load generator of the benches: one thread, epoll, real protocols.
 *
 * Requests are packed once and only their ids are changed afterwards, so that
 * the client costs little beside the server it measures.  Everything here ends
 * the process with a sentence when something is not as expected: a bench that
 * goes on after a refusal measures nothing. */
#ifndef MADOGUCHI_TESTS_BENCH_H
#define MADOGUCHI_TESTS_BENCH_H

#include "proto/frame.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdnoreturn.h>
#include <sys/types.h>

noreturn void bench_die(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Nanoseconds of the monotonic clock. */
uint64_t bench_now(void);

/* ---- wire.c: a connection ------------------------------------------------------ */

#define WIRE_IN  (FRAME_HEADER + FRAME_MAX)
#define WIRE_OUT (1u << 16)

struct ssl_st;

struct wire {
    int fd;
    struct ssl_st *ssl; /* NULL: without TLS */
    size_t in_len, out_len, out_sent;
    uint8_t *in;  /* WIRE_IN */
    uint8_t *out; /* WIRE_OUT */
};

/* Connects to a Unix socket, to tcp:HOST:PORT, or to tls:HOST:PORT.  Returns false, with nothing
 * open, when nobody answers. */
bool wire_open(struct wire *w, const char *path);
void wire_close(struct wire *w);

/* Adds bytes to what is to be sent; dies when they do not fit. */
void wire_add(struct wire *w, const uint8_t *bytes, size_t len);

/* The same with a frame's header before them. */
void wire_add_frame(struct wire *w, const uint8_t *message, size_t len);

/* Sends what can be sent; true when nothing is left. */
bool wire_flush(struct wire *w);

/* Reads what is there, without waiting unless `wait` (at most a minute). */
void wire_fill(struct wire *w, bool wait);

/* The next whole message among what was read; it holds until wire_drop(). */
bool wire_next(struct wire *w, size_t *offset, const uint8_t **message, size_t *len);

/* Forgets the bytes before `offset`. */
void wire_drop(struct wire *w, size_t offset);

/* ---- tls.c ------------------------------------------------------------------------ */

/* A connection to "tls:HOST:PORT" (HOST an IPv4 address), or false.  The
 * certificates are those of the folder named by BENCH_TLS, as `madoguchid
 * tls-init --client bench` makes them. */
bool wire_tls_open(struct wire *w, const char *address);
void wire_tls_close(struct wire *w);

/* A TCP connection to "HOST:PORT", or false; `host` is HOST (ADDRESS_HOST bytes). */
bool wire_tcp_open(struct wire *w, const char *address, char *host);

/* As send() and recv() with MSG_DONTWAIT. */
ssize_t wire_tls_send(struct wire *w, const void *data, size_t len);
ssize_t wire_tls_receive(struct wire *w, void *data, size_t size);

/* ---- tongue.h: the protocols ------------------------------------------------------ */

struct tongue;
struct requests;

/* Connects and greets.  Returns false, with nothing open, when nobody answers
 * or the server is not ready yet; dies when it refuses. */
bool bench_connect(struct wire *w, const struct tongue *tongue, const char *path);

/* ---- the measurements ------------------------------------------------------------ */

struct load {
    const char *socket;
    const char *catalogue;
    const char *data; /* a folder on the disk that is measured, or NULL */
    const struct tongue *tongue;
    long pid;             /* of the server whose processor time is counted; 0: none */
    unsigned connections; /* at a time */
    unsigned depth;       /* requests in flight on each */
    int months;           /* over which the dates are spread; cases.h */
    double seconds;       /* measured, after a warm-up of a quarter of it */
    unsigned long total;  /* instead of seconds: so many requests */
    double rate, logins;  /* a second, of the open loop */
};

/* Closed loop of log requests.  Prints what measure_end() does. */
void bench_log(const struct load *load);

/* Open loop of `rate` logs and `logins` logins (BENCH_LOGINS=FILE, lines NAME
 * PASSWORD) a second.
 * Prints logs a second, p50 and p99 of a log in milliseconds; the same of logins. */
void bench_pace(const struct load *load);

/* What is asked by `bench ask`. */
struct question {
    const char *by;    /* stats: fields with commas between them; NULL: list */
    const char *count; /* stats: contacts if not given */
    const char *from;  /* periods; NULL: of the last twelve months */
    const char *to;
};

/* Asks the same `total` times, one after the other.  Prints p50 and p99 in
 * milliseconds, and the rows of one answer. */
void bench_ask(const struct load *load, const struct question *question);

/* Opens idle connections, prints "ready" and holds them until standard input
 * ends. */
void bench_idle(const struct load *load);

/* Runs a server (argv) until its socket answers.  Prints its pid and the
 * milliseconds since it was started. */
void bench_start(const struct load *load, char **argv);

/* Overwrites 4 KiB of a file in folder load->data and flushes, `total` times.
 * Prints p50 and p99 of a flush in milliseconds. */
void bench_flush(const struct load *load);

/* Writes rows for `madoguchi import` to standard output; or `numbers`: of a
 * peer's table of cases. */
void bench_csv(const struct load *load, bool numbers);

#endif
