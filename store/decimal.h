/* Exact decimal arithmetic on values as a plan prints them.
 *
 * 36.3, 1,207,069 and -0.16 are read as whole numbers with a place of the
 * point; sums, comparisons and quotients are exact, and a value is rounded
 * only when it is printed, once, half up (四捨五入: a half goes away from
 * zero).  No floating point. */
#ifndef MADOGUCHI_STORE_DECIMAL_H
#define MADOGUCHI_STORE_DECIMAL_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

__extension__ typedef __int128 decimal_digits;

/* digits / 10^scale */
struct decimal {
    decimal_digits digits;
    unsigned scale;
};

/* num / den, den > 0, in lowest terms. */
struct fraction {
    decimal_digits num, den;
};

/* Significant digits a printed value may have. */
#define DECIMAL_DIGITS_MAX 18
/* Bytes of a printed number, its NUL included. */
#define DECIMAL_TEXT_MAX 64

/* Reads a printed value: digits with an optional minus (-, −, ▲, △) before
 * them, one point, commas between groups of three.  False for anything else
 * (―, 1、2) and for more than DECIMAL_DIGITS_MAX digits. */
bool decimal_parse(const void *text, size_t len, struct decimal *out);
bool decimal_parse_bytes(ProtobufCBinaryData text, struct decimal *out);

struct decimal decimal_of(int64_t n);

/* Exact; false when the result has no room (beyond 38 digits). */
bool decimal_add(struct decimal a, struct decimal b, struct decimal *out);
bool decimal_subtract(struct decimal a, struct decimal b, struct decimal *out);

/* The same value as a fraction; false when it has no room. */
bool decimal_fraction(struct decimal a, struct fraction *out);

bool fraction_add(struct fraction a, struct fraction b, struct fraction *out);
bool fraction_subtract(struct fraction a, struct fraction b, struct fraction *out);
/* False for a divisor of 0, and without room. */
bool fraction_divide(struct fraction a, struct fraction b, struct fraction *out);
/* a times n. */
bool fraction_times(struct fraction a, int64_t n, struct fraction *out);

/* -1, 0, 1: a is less, the same, more than b. */
int fraction_compare(struct fraction a, struct fraction b);
static inline int fraction_sign(struct fraction a) {
    return a.num < 0 ? -1 : a.num > 0;
}

/* Prints with `decimals` places (at most 18), half up; no minus before zero.
 * False, and an empty text, when it has no room. */
bool fraction_format(struct fraction a, unsigned decimals, char out[DECIMAL_TEXT_MAX]);

/* Whether the value is a whole number that int64_t holds. */
bool fraction_whole(struct fraction a, int64_t *out);

#endif
