/* An exact sum of decimal texts: 12, -1, 36.3. */
#ifndef MADOGUCHI_CLIENT_TOTAL_H
#define MADOGUCHI_CLIENT_TOTAL_H

#include <stdbool.h>

#define TOTAL_SIZE 48

struct total {
    bool any;     /* something was added */
    bool unknown; /* something that is no decimal number, or too many digits */
    int decimals; /* the most of any number */
    __int128 sum; /* in units of 10^-TOTAL_DECIMALS */
};

/* Adds a number; NULL and "" are not there. */
void total_add(struct total *t, const char *number);

/* The sum with as many decimals as its most exact number; NULL when nothing
 * was added or something could not be. */
const char *total_text(const struct total *t, char out[TOTAL_SIZE]);

#endif
