#include "tests/bench/bench.h"
#include "tests/bench/measure.h"

#include <stdlib.h>

#define BUCKETS 2000000 /* of a microsecond */

struct times times_new(void) {
    struct times t = {.bucket = calloc(BUCKETS, sizeof *t.bucket)};
    if (t.bucket == NULL) {
        bench_die("out of memory");
    }
    return t;
}

void times_free(struct times *t) {
    free(t->bucket);
}

void times_add(struct times *t, uint64_t ns) {
    uint64_t i = ns / 1000;
    t->bucket[i < BUCKETS ? i : BUCKETS - 1]++;
    t->n++;
}

double times_percentile(const struct times *t, double percent) {
    uint64_t wanted = (uint64_t)((double)t->n * percent / 100.0);
    uint64_t seen = 0;
    for (size_t i = 0; i < BUCKETS; i++) {
        seen += t->bucket[i];
        if (seen > wanted) {
            return (double)(i + 1) / 1000.0;
        }
    }
    return (double)BUCKETS / 1000.0;
}
