#include "store/verify.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

/* How the keys of each table are made up: q a seq, u a number of 4 bytes,
 * M a month, k a kind of facts, r a roll-up, n a number of a case or session,
 * 0 a text and its NUL, * such texts up to the end, t a text up to the end, h
 * bytes that say nothing. */
static const char *const forms[TABLE_COUNT] = {
    [TABLE_META] = "t",          [TABLE_REQUESTS] = "0h", [TABLE_ENTRIES] = "q",
    [TABLE_NUMBERS] = "n",       [TABLE_CASES] = "q",     [TABLE_SESSIONS] = "q",
    [TABLE_LINKS] = "qq",        [TABLE_ROWS] = "h",      [TABLE_STANDING] = "q",
    [TABLE_FACTS] = "Mk0uqu",    [TABLE_CELLS] = "ur*",   [TABLE_FIGURES] = "00q",
    [TABLE_COVERAGE] = "q",      [TABLE_CATALOGUE] = "q", [TABLE_PLANS] = "0q",
    [TABLE_ACCOUNTS] = "t",      [TABLE_CLOSINGS] = "u0", [TABLE_AUDIT] = "q",
    [TABLE_PUBLICATIONS] = "0uq"};

struct reading {
    const uint8_t *key;
    size_t left;
    char *out;
    size_t room;
};

static void put(struct reading *r, const char *text) {
    int n = snprintf(r->out, r->room, "%s%s", text, " ");
    size_t used = n < 0 ? 0 : (size_t)n;
    if (used >= r->room) {
        used = r->room - 1;
    }
    r->out += used;
    r->room -= used;
}

static const uint8_t *take(struct reading *r, size_t n) {
    const uint8_t *p = r->key;
    if (r->left < n) {
        return NULL;
    }
    r->key += n;
    r->left -= n;
    return p;
}

static void put_text(struct reading *r, const uint8_t *p, size_t len) {
    char text[41];
    size_t n = len < sizeof text - 1 ? len : sizeof text - 1;
    for (size_t i = 0; i < n; i++) {
        text[i] = p[i] > ' ' && p[i] < 0x7f ? (char)p[i] : '?';
    }
    text[n] = '\0';
    put(r, n == 0 ? "-" : text);
}

/* The text up to its NUL; false when there is none. */
static bool read_text(struct reading *r) {
    const uint8_t *nul = memchr(r->key, 0, r->left);
    if (nul == NULL) {
        return false;
    }
    size_t len = (size_t)(nul - r->key);
    put_text(r, take(r, len + 1), len);
    return true;
}

static bool read_number(struct reading *r, const char *before, size_t bytes) {
    const uint8_t *p = take(r, bytes);
    if (p == NULL) {
        return false;
    }
    unsigned long long v = 0;
    for (size_t i = 0; i < bytes; i++) {
        v = v << 8 | p[i];
    }
    char text[40];
    snprintf(text, sizeof text, "%s%llu", before, v);
    put(r, text);
    return true;
}

static bool read_part(struct reading *r, char form) {
    const uint8_t *p;
    char number[NUMBER_MAX];
    switch (form) {
    case 'k':
        p = take(r, 1);
        if (p != NULL) {
            put(r, fact_kind_name(*p));
        }
        return p != NULL;
    case 'n':
        p = take(r, 7);
        if (p != NULL) {
            number_format(p[0] > ' ' && p[0] < 0x7f ? (char)p[0] : '?', get_u16(p + 1),
                          get_u32(p + 3), number);
            put(r, number);
        }
        return p != NULL;
    case '0':
        return read_text(r);
    case '*':
        while (r->left > 0 && read_text(r)) {
        }
        return true;
    case 't':
        put_text(r, r->key, r->left);
        r->left = 0;
        return true;
    case 'h':
        r->left = 0;
        return true;
    case 'q':
        return read_number(r, "#", 8);
    case 'r':
        return read_number(r, "roll-up ", 1);
    case 'M':
        return read_number(r, "", 3);
    default:
        return read_number(r, "", 4);
    }
}

void verify_key_text(enum table t, const uint8_t *key, size_t len, char out[VERIFY_KEY_TEXT]) {
    enum { HEX = 40 };
    char hex[HEX * 2 + 1];
    struct reading r = {key, len, out, VERIFY_KEY_TEXT - sizeof hex - 8};
    bool fits = true;
    out[0] = '\0';
    for (const char *form = t < TABLE_COUNT ? forms[t] : "t"; *form != '\0' && fits; form++) {
        fits = read_part(&r, *form);
    }
    if (!fits || r.left > 0) {
        /* It means nothing: only the bytes are shown. */
        out[0] = '\0';
    }
    sodium_bin2hex(hex, sizeof hex, key, len < HEX ? len : HEX);
    size_t used = strlen(out);
    snprintf(out + used, VERIFY_KEY_TEXT - used, "(%s%s)", hex, len > HEX ? "..." : "");
}
