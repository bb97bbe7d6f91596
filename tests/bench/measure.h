/* What a closed loop measures: how many answers, how long each took, and what
 * the server used for them.  Also linked by the generator for PostgreSQL. */
#ifndef MADOGUCHI_TESTS_BENCH_MEASURE_H
#define MADOGUCHI_TESTS_BENCH_MEASURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- times.c: a histogram ------------------------------------------------------- */

struct times {
    uint32_t *bucket;
    uint64_t n;
};

struct times times_new(void);
void times_free(struct times *t);
void times_add(struct times *t, uint64_t ns);

/* Milliseconds; what took longer than two seconds counts as two. */
double times_percentile(const struct times *t, double percent);

/* ---- account.c: what was used --------------------------------------------------- */

/* Sums since some beginning: only differences of two mean something.  What the
 * system does not tell is -1. */
struct account {
    double server;     /* seconds of processor time: the server and its children */
    double client;     /* this process */
    double machine;    /* everybody */
    double disk_bytes; /* written to the disk, by everybody */
    double disk_flushes;
};

/* Reads the sums of processor time.  pid 0: no server. */
void account_take(struct account *a, long pid);

/* Has everything written that is waiting to be, so that what a server leaves to
 * the kernel counts too, and reads the sums of the disk.  data: a folder on it,
 * or NULL. */
void account_disk(struct account *a, const char *data);

/* ---- measure.c ------------------------------------------------------------------- */

struct measure {
    struct times times;
    struct account before; /* of the processors since `from`, of the disk since the beginning */
    const char *data;
    long pid;
    unsigned long total;
    uint64_t from, until; /* ns of the monotonic clock */
    uint64_t length;
    uint64_t answered, counted; /* counted: since `from` */
    bool counts;
};

/* Begins now: a warm-up of a quarter of `seconds`, then that long; or, with a
 * total, so many answers without a warm-up. */
void measure_begin(struct measure *m, double seconds, unsigned long total, long pid,
                   const char *data);

/* Whether to go on; ask it at least every few milliseconds. */
bool measure_goes_on(struct measure *m);

/* One answer that came at `now` to what was asked at `asked`. */
void measure_answer(struct measure *m, uint64_t asked, uint64_t now);

/* Prints one line: answers a second; p50 and p99 in milliseconds; then, "-"
 * where it is not known: the server's processor microseconds an answer; bytes
 * and flushes of the disk an answer, the warm-up's included; processors used by
 * this client; and by everybody else.  With a total, the server's work of the
 * second after the last answer counts too: a few requests would hide it. */
void measure_end(struct measure *m);

#endif
