/* How long things took, or how large they were: counts in log-linear classes.
 *
 * Values below 16 have a class each; above, every doubling is split into 16
 * classes of equal width, so that what is told of a value is at most 1/32
 * (3.2 %) off.  Values above HISTOGRAM_MAX count as HISTOGRAM_MAX.  528 classes
 * of four bytes: about 2 KiB, whatever happens.
 *
 * A quantile should tell of now and not of last spring: when HISTOGRAM_KEPT
 * values are counted, every class is halved.  So the last HISTOGRAM_KEPT / 2
 * values weigh whole and older ones less and less, without any clock.  Number
 * and sum are those of all values since the beginning.
 *
 * Adding a value is a few instructions and never fails.  One thread. */
#ifndef MADOGUCHI_DAEMON_HISTOGRAM_H
#define MADOGUCHI_DAEMON_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_STEPS   16                        /* classes a doubling */
#define HISTOGRAM_MAX     ((UINT64_C(1) << 36) - 1) /* in microseconds, 19 hours */
#define HISTOGRAM_CLASSES (HISTOGRAM_STEPS + 32 * HISTOGRAM_STEPS)
#define HISTOGRAM_KEPT    (1u << 17)

/* Starts out zeroed. */
struct histogram {
    uint64_t n;   /* since the beginning */
    uint64_t sum; /* of the values as they were given */
    uint32_t kept;
    uint32_t count[HISTOGRAM_CLASSES];
};

void histogram_add(struct histogram *h, uint64_t value);

/* The value that `permille` of a thousand are not above (500: the median), the
 * middle of its class; 0 while there is none. */
uint64_t histogram_quantile(const struct histogram *h, unsigned permille);

#endif
