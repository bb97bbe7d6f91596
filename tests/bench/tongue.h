/* How a protocol is spoken: what a connection begins with, what logs a case
 * and is answered when that is on disk, and what an answer looks like. */
#ifndef MADOGUCHI_TESTS_BENCH_TONGUE_H
#define MADOGUCHI_TESTS_BENCH_TONGUE_H

#include "tests/bench/bench.h"
#include "tests/bench/cases.h"

#define PACKED_MAX 768
#define PLACES     3

/* What is another one in every request. */
struct news {
    uint64_t serial;
    uint32_t date; /* YYYYMMDD */
    uint8_t id[16];
};

/* A request, and where in it the news stand. */
struct packed {
    uint8_t data[PACKED_MAX];
    uint16_t len;
    uint16_t place[PLACES]; /* each tongue's own */
};

struct tongue {
    const char *name;
    bool (*greet)(struct wire *w); /* may be NULL; false: not ready yet */
    void (*pack)(const struct bench_case *k, struct packed *p);
    /* Makes the request another one, before it is sent. */
    void (*renew)(struct packed *p, const struct news *news);
    bool framed; /* in our frames */
    /* Takes the answers that are whole, and drops their bytes. */
    size_t (*take)(struct wire *w);
};

/* Speaks to madoguchid. */
extern const struct tongue tongue_madoguchi;

/* The same requests for the reference servers of floor/. */
extern const struct tongue tongue_floor;

/* Redis, each case one MULTI of two commands: a stream entry and one more in a
 * hash of tallies.  `redis`: a field for each of the case's; `redis-packed`:
 * all of it in one field. */
extern const struct tongue tongue_redis, tongue_redis_packed;

/* Speaks HTTP to madoguchi-web. */
extern const struct tongue tongue_web;

/* The tongue of that name; dies when there is none. */
const struct tongue *tongue_of(const char *name);

/* ---- madoguchi.c: more of ours ---------------------------------------------------- */

enum wire_kind { WIRE_RECORDED = 16, WIRE_ERROR = 17, WIRE_PAGE = 18 };

/* What a ServerMessage answers, without unpacking it; *more: another answer to
 * the same request follows.  Dies with the sentence of an error. */
enum wire_kind tongue_kind(const uint8_t *message, size_t len, bool *more);

/* Packs a question into out; returns the length. */
size_t tongue_question(const struct question *q, uint8_t out[PACKED_MAX]);

/* ---- requests.c: packed cases in turn ------------------------------------------------ */

struct requests *requests_make(const struct load *load);
void requests_free(struct requests *r);

/* Adds the next request, with a new id, to what is to be sent. */
void requests_next(struct requests *r, struct wire *w);

#endif
