#include "store/decimal.h"

#include <string.h>

#define SCALE_MAX 36

/* ---- reading ------------------------------------------------------------ */

/* Bytes of the sign at the start of a text; 0 when there is none. */
static size_t minus_sign(const char *text, size_t len) {
    static const char *const signs[] = {"-", "−", "－", "▲", "△"};
    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++) {
        size_t n = strlen(signs[i]);
        if (len > n && memcmp(text, signs[i], n) == 0) {
            return n;
        }
    }
    return 0;
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/* Whether the comma at `at` stands before exactly three more digits of the
 * whole part and behind one to three. */
static bool comma_fits(const char *p, size_t len, size_t at, size_t group) {
    if (group < 1 || group > 3 || len - at < 4) {
        return false;
    }
    return is_digit(p[at + 1]) && is_digit(p[at + 2]) && is_digit(p[at + 3]) &&
           (len - at == 4 || !is_digit(p[at + 4]));
}

struct reading {
    decimal_digits digits;
    unsigned significant, scale;
    size_t group; /* digits since the start, or the last comma */
    bool point, commas, any;
};

static bool read_digit(struct reading *r, char c) {
    r->digits = r->digits * 10 + (c - '0');
    r->significant += r->digits != 0;
    r->scale += r->point;
    r->group++;
    r->any = true;
    return r->significant <= DECIMAL_DIGITS_MAX && r->scale <= DECIMAL_DIGITS_MAX;
}

static bool read_mark(struct reading *r, const char *p, size_t len, size_t i) {
    if (p[i] == '.') {
        bool fits = r->any && !r->point && i + 1 < len && (!r->commas || r->group == 3);
        r->point = true;
        return fits;
    }
    if (p[i] != ',' || r->point || (r->commas && r->group != 3) ||
        !comma_fits(p, len, i, r->group)) {
        return false;
    }
    r->commas = true;
    r->group = 0;
    return true;
}

bool decimal_parse(const void *text, size_t len, struct decimal *out) {
    const char *p = text;
    size_t sign = len == 0 ? 0 : minus_sign(p, len);
    struct reading r = {0};
    p += sign;
    len -= sign;
    for (size_t i = 0; i < len; i++) {
        if (is_digit(p[i]) ? !read_digit(&r, p[i]) : !read_mark(&r, p, len, i)) {
            return false;
        }
    }
    if (!r.any) {
        return false;
    }
    *out = (struct decimal){sign > 0 ? -r.digits : r.digits, r.scale};
    return true;
}

bool decimal_parse_bytes(ProtobufCBinaryData text, struct decimal *out) {
    return decimal_parse(text.data, text.len, out);
}

struct decimal decimal_of(int64_t n) {
    return (struct decimal){n, 0};
}

/* ---- sums --------------------------------------------------------------- */

static bool times(decimal_digits a, decimal_digits b, decimal_digits *out) {
    return !__builtin_mul_overflow(a, b, out);
}

static bool raise_scale(struct decimal *a, unsigned scale) {
    while (a->scale < scale) {
        if (!times(a->digits, 10, &a->digits)) {
            return false;
        }
        a->scale++;
    }
    return true;
}

bool decimal_add(struct decimal a, struct decimal b, struct decimal *out) {
    if (!raise_scale(&a, b.scale) || !raise_scale(&b, a.scale)) {
        return false;
    }
    out->scale = a.scale;
    return !__builtin_add_overflow(a.digits, b.digits, &out->digits);
}

bool decimal_subtract(struct decimal a, struct decimal b, struct decimal *out) {
    b.digits = -b.digits;
    return decimal_add(a, b, out);
}

/* ---- fractions ---------------------------------------------------------- */

static decimal_digits magnitude(decimal_digits a) {
    return a < 0 ? -a : a;
}

static struct fraction lowest(decimal_digits num, decimal_digits den) {
    decimal_digits a = magnitude(num);
    decimal_digits b = den;
    while (b != 0) {
        decimal_digits rest = a % b;
        a = b;
        b = rest;
    }
    return a == 0 ? (struct fraction){0, 1} : (struct fraction){num / a, den / a};
}

bool decimal_fraction(struct decimal a, struct fraction *out) {
    decimal_digits den = 1;
    if (a.scale > SCALE_MAX) {
        return false;
    }
    for (unsigned i = 0; i < a.scale; i++) {
        den *= 10;
    }
    *out = lowest(a.digits, den);
    return true;
}

bool fraction_add(struct fraction a, struct fraction b, struct fraction *out) {
    decimal_digits left;
    decimal_digits right;
    decimal_digits num;
    decimal_digits den;
    if (!times(a.num, b.den, &left) || !times(b.num, a.den, &right) || !times(a.den, b.den, &den) ||
        __builtin_add_overflow(left, right, &num)) {
        return false;
    }
    *out = lowest(num, den);
    return true;
}

bool fraction_subtract(struct fraction a, struct fraction b, struct fraction *out) {
    b.num = -b.num;
    return fraction_add(a, b, out);
}

bool fraction_divide(struct fraction a, struct fraction b, struct fraction *out) {
    decimal_digits num;
    decimal_digits den;
    if (b.num == 0 || !times(a.num, b.den, &num) || !times(a.den, b.num, &den)) {
        return false;
    }
    *out = den < 0 ? lowest(-num, -den) : lowest(num, den);
    return true;
}

bool fraction_times(struct fraction a, int64_t n, struct fraction *out) {
    decimal_digits num;
    if (!times(a.num, n, &num)) {
        return false;
    }
    *out = lowest(num, a.den);
    return true;
}

int fraction_compare(struct fraction a, struct fraction b) {
    decimal_digits left;
    decimal_digits right;
    if (times(a.num, b.den, &left) && times(b.num, a.den, &right)) {
        return left < right ? -1 : left > right;
    }
    /* No room to cross them: whole parts first, then what is left, upside down. */
    decimal_digits x = a.num / a.den - (a.num % a.den < 0);
    decimal_digits y = b.num / b.den - (b.num % b.den < 0);
    if (x != y) {
        return x < y ? -1 : 1;
    }
    struct fraction rest_a = {a.num - x * a.den, a.den};
    struct fraction rest_b = {b.num - y * b.den, b.den};
    if (rest_a.num == 0 || rest_b.num == 0) {
        return (rest_a.num > 0) - (rest_b.num > 0);
    }
    return fraction_compare((struct fraction){rest_b.den, rest_b.num},
                            (struct fraction){rest_a.den, rest_a.num});
}

bool fraction_whole(struct fraction a, int64_t *out) {
    if (a.den != 1 || a.num > INT64_MAX || a.num < INT64_MIN) {
        return false;
    }
    *out = (int64_t)a.num;
    return true;
}

/* ---- printing ----------------------------------------------------------- */

/* round(num * 10^decimals / den), half away from zero. */
static bool rounded(struct fraction a, unsigned decimals, decimal_digits *out) {
    decimal_digits whole = magnitude(a.num) / a.den;
    decimal_digits rest = magnitude(a.num) % a.den;
    for (unsigned i = 0; i < decimals; i++) {
        if (!times(whole, 10, &whole) || !times(rest, 10, &rest) ||
            __builtin_add_overflow(whole, rest / a.den, &whole)) {
            return false;
        }
        rest %= a.den;
    }
    *out = whole + (rest >= a.den - rest);
    return true;
}

bool fraction_format(struct fraction a, unsigned decimals, char out[DECIMAL_TEXT_MAX]) {
    decimal_digits value;
    char text[DECIMAL_TEXT_MAX];
    size_t at = sizeof text;
    out[0] = '\0';
    if (decimals > DECIMAL_DIGITS_MAX || !rounded(a, decimals, &value)) {
        return false;
    }
    bool minus = a.num < 0 && value != 0;
    text[--at] = '\0';
    for (unsigned n = 0; n <= decimals || value > 0; n++) {
        if (n == decimals && n > 0) {
            text[--at] = '.';
        }
        text[--at] = (char)('0' + (int)(value % 10));
        value /= 10;
    }
    if (minus) {
        text[--at] = '-';
    }
    memcpy(out, text + at, sizeof text - at);
    return true;
}
