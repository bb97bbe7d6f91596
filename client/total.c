#include "client/total.h"

#include "client/output.h"

#include <inttypes.h>
#include <stdint.h>
#include <string.h>

#define TOTAL_DECIMALS 9
#define UNIT           1000000000

void total_add(struct total *t, const char *number) {
    if (number == NULL || number[0] == '\0') {
        return;
    }
    if (!output_is_number(number) || strlen(number) > 24) {
        t->unknown = true;
        return;
    }
    bool negative = *number == '-';
    number += negative;
    __int128 value = 0;
    for (; *number >= '0' && *number <= '9'; number++) {
        value = value * 10 + (*number - '0');
    }
    int decimals = 0;
    if (*number == '.') {
        for (number++; *number != '\0'; number++, decimals++) {
            value = value * 10 + (*number - '0');
        }
    }
    if (decimals > TOTAL_DECIMALS) {
        t->unknown = true;
        return;
    }
    for (int i = decimals; i < TOTAL_DECIMALS; i++) {
        value *= 10;
    }
    t->any = true;
    t->decimals = decimals > t->decimals ? decimals : t->decimals;
    t->sum += negative ? -value : value;
}

const char *total_text(const struct total *t, char out[TOTAL_SIZE]) {
    if (!t->any || t->unknown) {
        return NULL;
    }
    __int128 sum = t->sum < 0 ? -t->sum : t->sum;
    int n = snprintf(out, TOTAL_SIZE, "%s%" PRIu64, t->sum < 0 ? "-" : "", (uint64_t)(sum / UNIT));
    if (t->decimals > 0) {
        char fraction[TOTAL_DECIMALS + 1];
        snprintf(fraction, sizeof fraction, "%09" PRIu64, (uint64_t)(sum % UNIT) % UNIT);
        snprintf(out + n, TOTAL_SIZE - (size_t)n, ".%.*s", t->decimals, fraction);
    }
    return out;
}
