#include "daemon/histogram.h"

#define STEPS_LOG2 4

/* Of values from 16 on: the exponent says which doubling, the four bits after
 * the first say which class of it. */
static unsigned class_of(uint64_t value) {
    if (value < HISTOGRAM_STEPS) {
        return (unsigned)value;
    }
    unsigned exponent = 63 - (unsigned)__builtin_clzll(value);
    unsigned shift = exponent - STEPS_LOG2;
    return (shift + 1) * HISTOGRAM_STEPS + (unsigned)(value >> shift) % HISTOGRAM_STEPS;
}

static uint64_t middle_of(unsigned class) {
    if (class < HISTOGRAM_STEPS) {
        return class;
    }
    unsigned shift = class / HISTOGRAM_STEPS - 1;
    uint64_t least = (uint64_t)(HISTOGRAM_STEPS + class % HISTOGRAM_STEPS) << shift;
    return least + (((uint64_t)1 << shift) - 1) / 2;
}

static void halve(struct histogram *h) {
    h->kept = 0;
    for (unsigned i = 0; i < HISTOGRAM_CLASSES; i++) {
        h->count[i] /= 2;
        h->kept += h->count[i];
    }
}

void histogram_add(struct histogram *h, uint64_t value) {
    h->n++;
    h->sum += value;
    h->count[class_of(value < HISTOGRAM_MAX ? value : HISTOGRAM_MAX)]++;
    if (++h->kept >= HISTOGRAM_KEPT) {
        halve(h);
    }
}

uint64_t histogram_quantile(const struct histogram *h, unsigned permille) {
    uint64_t wanted = ((uint64_t)h->kept * permille + 999) / 1000;
    uint64_t passed = 0;
    for (unsigned i = 0; i < HISTOGRAM_CLASSES; i++) {
        passed += h->count[i];
        if (h->count[i] > 0 && passed >= wanted) {
            return middle_of(i);
        }
    }
    return 0;
}
