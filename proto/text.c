#include "proto/text.h"

#include <stdlib.h>
#include <string.h>
#include <uninorm.h>
#include <uniwidth.h>

#define NEAREST_MAX 64 /* bytes of a word that is still compared */

/* The range the second byte must lie in; it alone excludes overlong forms,
 * surrogates and what lies above U+10FFFF. */
static bool second_byte_fits(uint8_t lead, uint8_t second) {
    switch (lead) {
    case 0xe0:
        return second >= 0xa0 && second <= 0xbf;
    case 0xed:
        return second >= 0x80 && second <= 0x9f;
    case 0xf0:
        return second >= 0x90 && second <= 0xbf;
    case 0xf4:
        return second >= 0x80 && second <= 0x8f;
    default:
        return second >= 0x80 && second <= 0xbf;
    }
}

static size_t sequence_length(uint8_t lead) {
    if (lead < 0x80) {
        return 1;
    }
    if (lead >= 0xc2 && lead <= 0xdf) {
        return 2;
    }
    if (lead >= 0xe0 && lead <= 0xef) {
        return 3;
    }
    if (lead >= 0xf0 && lead <= 0xf4) {
        return 4;
    }
    return 0;
}

size_t text_decode(const uint8_t *text, size_t len, uint32_t *code_point) {
    static const uint8_t lead_bits[5] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    if (len == 0) {
        return 0;
    }
    size_t n = sequence_length(text[0]);
    if (n == 0 || n > len || (n > 1 && !second_byte_fits(text[0], text[1]))) {
        return 0;
    }
    uint32_t cp = text[0] & lead_bits[n];
    for (size_t i = 1; i < n; i++) {
        if ((text[i] & 0xc0) != 0x80) {
            return 0;
        }
        cp = cp << 6 | (text[i] & 0x3fU);
    }
    *code_point = cp;
    return n;
}

size_t text_fold(uint32_t code_point, uint32_t out[TEXT_FOLD_MAX]) {
    if (code_point >= 0x80) {
        size_t n = TEXT_FOLD_MAX;
        uint32_t *folded = u32_normalize(UNINORM_NFKD, &code_point, 1, out, &n);
        if (folded == out && n > 0) {
            return n;
        }
        if (folded != NULL && folded != out) { /* longer than Unicode promises */
            explicit_bzero(folded, n * sizeof *folded);
            free(folded);
        }
    }
    out[0] = code_point;
    return 1;
}

static bool is_control(uint32_t cp) {
    return cp < 0x20 || (cp >= 0x7f && cp <= 0x9f) || cp == 0x2028 || cp == 0x2029;
}

static bool is_noncharacter(uint32_t cp) {
    return (cp & 0xfffe) == 0xfffe || (cp >= 0xfdd0 && cp <= 0xfdef);
}

static bool is_bidi_control(uint32_t cp) {
    return cp == 0x061c || cp == 0x200e || cp == 0x200f || (cp >= 0x202a && cp <= 0x202e) ||
           (cp >= 0x2066 && cp <= 0x2069);
}

static int refuse_character(const char *field, size_t nth, struct error *e) {
    return error_set(e, ERR_INVALID, field,
                     "%s: character %zu is a control or invisible direction character. "
                     "Delete it, or type the text anew on one line.",
                     "%s：%zu 文字目に制御文字または書字方向の制御文字があります。"
                     "取り除くか、1行で入力し直してください。",
                     field, nth);
}

/* How many bytes at the beginning are printable ASCII, eight at a time: what most texts
 * are.  Fewer, never more. */
static size_t plain_ascii(const uint8_t *text, size_t len) {
    const uint64_t ones = UINT64_C(0x0101010101010101);
    size_t n = 0;
    for (; n + 8 <= len; n += 8) {
        uint64_t w;
        memcpy(&w, text + n, 8);
        /* A high bit: below a blank, above a tilde, or not ASCII. */
        if (((w | (w - 0x20 * ones) | (w + ones)) & (0x80 * ones)) != 0) {
            break;
        }
    }
    return n;
}

int text_check(const uint8_t *text, size_t len, size_t max_bytes, const char *field,
               struct error *e) {
    if (field == NULL) {
        field = "text";
    }
    if (len > max_bytes) {
        return error_set(e, ERR_TOO_MUCH, field,
                         "%s is too long: %zu bytes, at most %zu. Shorten it.",
                         "%s が長すぎます（%zu バイト、上限は %zu バイト）。短くしてください。",
                         field, len, max_bytes);
    }
    size_t i = plain_ascii(text, len);
    for (size_t nth = i + 1; i < len; nth++) {
        uint32_t cp = 0;
        size_t n = text_decode(text + i, len - i, &cp);
        if (n == 0) {
            return error_set(e, ERR_INVALID, field,
                             "%s is not UTF-8 from byte %zu on. Send the text as UTF-8.",
                             "%s の %zu バイト目からが UTF-8 ではありません。"
                             "文字コードを UTF-8 にしてください。",
                             field, i + 1);
        }
        if (is_control(cp) || is_noncharacter(cp) || is_bidi_control(cp)) {
            return refuse_character(field, nth, e);
        }
        i += n;
    }
    return 0;
}

bool text_is_code(const uint8_t *text, size_t len) {
    if (len == 0 || len > TEXT_CODE_MAX || text[0] == '-') {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        uint8_t c = text[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-')) {
            return false;
        }
    }
    return true;
}

int text_width(const char *utf8) {
    const uint8_t *text = (const uint8_t *)utf8;
    size_t len = strlen(utf8);
    int width = 0;
    for (size_t i = 0; i < len;) {
        uint32_t cp = 0;
        size_t n = text_decode(text + i, len - i, &cp);
        if (n == 0) {
            n = 1;
            width++;
        } else if (cp < 0x7f) {
            width += cp >= 0x20;
        } else {
            int w = uc_width(cp, "UTF-8");
            width += w > 0 ? w : 0;
        }
        i += n;
    }
    return width;
}

static unsigned min2(unsigned a, unsigned b) {
    return a < b ? a : b;
}

/* Optimal string alignment distance; both words at most NEAREST_MAX bytes. */
static unsigned edit_distance(const char *a, size_t a_len, const char *b, size_t b_len) {
    unsigned rows[3][NEAREST_MAX + 1];
    unsigned *before = rows[0];
    unsigned *last = rows[1];
    unsigned *now = rows[2];
    for (size_t j = 0; j <= b_len; j++) {
        last[j] = (unsigned)j;
        before[j] = 0;
    }
    for (size_t i = 1; i <= a_len; i++) {
        now[0] = (unsigned)i;
        for (size_t j = 1; j <= b_len; j++) {
            unsigned d =
                min2(min2(last[j] + 1, now[j - 1] + 1), last[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                d = min2(d, before[j - 2] + 1);
            }
            now[j] = d;
        }
        unsigned *oldest = before;
        before = last;
        last = now;
        now = oldest;
    }
    return last[b_len];
}

const char *text_nearest(const char *word, const char *const *words, size_t n) {
    size_t len = strlen(word);
    if (len < 2 || len > NEAREST_MAX) {
        return NULL;
    }
    unsigned best = len < 6 ? 1 : (unsigned)len / 3;
    best++; /* a distance must lie below */
    const char *nearest = NULL;
    for (size_t i = 0; i < n; i++) {
        size_t other = strlen(words[i]);
        if (other > NEAREST_MAX) {
            continue;
        }
        unsigned distance = edit_distance(word, len, words[i], other);
        if (distance < best && distance < other) {
            best = distance;
            nearest = words[i];
        }
    }
    return nearest;
}
