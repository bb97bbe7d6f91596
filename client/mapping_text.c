#include "client/mapping_text.h"

#include "proto/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uninorm.h>

#define NUMBER_MAX   64 /* bytes of a cell that may be a number */
#define COMPARED_MAX 64 /* code points of a text that are compared */

static bool is_ascii(const char *text) {
    for (; *text != '\0'; text++) {
        if ((*text & 0x80) != 0) {
            return false;
        }
    }
    return true;
}

static bool is_blank_byte(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* The blanks taken out, in place. */
static char *squeeze(char *text) {
    char *to = text;
    for (const char *p = text; *p != '\0'; p++) {
        if (!is_blank_byte(*p)) {
            *to++ = *p >= 'A' && *p <= 'Z' ? (char)(*p + ('a' - 'A')) : *p;
        }
    }
    *to = '\0';
    return text;
}

static bool is_folded(const char *text) {
    for (; *text != '\0'; text++) {
        if ((*text & 0x80) != 0 || is_blank_byte(*text) || (*text >= 'A' && *text <= 'Z')) {
            return false;
        }
    }
    return true;
}

const char *mapping_fold(const char *text, struct arena *arena) {
    if (is_folded(text)) {
        return text;
    }
    size_t len = strlen(text);
    if (is_ascii(text)) {
        char *copy = arena_strndup(arena, text, len);
        return copy != NULL ? squeeze(copy) : NULL;
    }
    size_t n;
    uint8_t *folded = u8_normalize(UNINORM_NFKC, (const uint8_t *)text, len, NULL, &n);
    char *copy = folded != NULL ? arena_strndup(arena, folded, n) : NULL;
    free(folded);
    return copy != NULL ? squeeze(copy) : NULL;
}

/* ---- blanks ------------------------------------------------------------------------------- */

#define WIDE_BLANK "\xe3\x80\x80"

static size_t blank_at(const char *p) {
    if (is_blank_byte(*p)) {
        return 1;
    }
    return strncmp(p, WIDE_BLANK, 3) == 0 ? 3 : 0;
}

static const char *after_blanks(const char *p) {
    for (size_t n; (n = blank_at(p)) > 0;) {
        p += n;
    }
    return p;
}

const char *mapping_trim(const char *text, struct arena *arena) {
    const char *begin = after_blanks(text);
    size_t len = strlen(begin);
    size_t all = len;
    for (;;) {
        if (len > 0 && is_blank_byte(begin[len - 1])) {
            len--;
        } else if (len >= 3 && memcmp(begin + len - 3, WIDE_BLANK, 3) == 0) {
            len -= 3;
        } else {
            break;
        }
    }
    return len == all ? begin : arena_strndup(arena, begin, len);
}

/* Whether the text is one of the words, blanks around it aside. */
static bool is_one_of(const char *text, const char *const *words, size_t n) {
    const char *begin = after_blanks(text);
    for (size_t i = 0; i < n; i++) {
        size_t len = strlen(words[i]);
        if (strncmp(begin, words[i], len) == 0 && *after_blanks(begin + len) == '\0') {
            return true;
        }
    }
    return false;
}

bool mapping_is_blank(const char *text) {
    static const char *const dashes[] = {"-", "－", "ー", "―", "—", "–", "‐", "−", "─", "…", "・"};
    const char *begin = after_blanks(text);
    uint8_t first = (uint8_t)*begin;
    if (first == '\0') {
        return true;
    }
    if (first != '-' && first != 0xe2 && first != 0xe3 && first != 0xef) {
        return false; /* what no dash begins with, and most cells do */
    }
    return is_one_of(text, dashes, sizeof dashes / sizeof dashes[0]);
}

bool mapping_is_ditto(const char *text) {
    static const char *const marks[] = {"〃", "同上", "\"", "″", "”", "々"};
    uint8_t first = (uint8_t)*after_blanks(text);
    return (first == '"' || first == 0xe2 || first == 0xe3 || first == 0xe5) &&
           is_one_of(text, marks, sizeof marks / sizeof marks[0]);
}

/* ---- numbers ------------------------------------------------------------------------------ */

static bool is_unit(const char *text) {
    static const char *const units[] = {"件", "人", "名", "回", "世帯", "組", "枚", "名様"};
    return *text == '\0' || is_one_of(text, units, sizeof units / sizeof units[0]);
}

/* Digits with commas between them, then nothing or a unit; folded. */
static int read_number(const char *p, uint32_t *number) {
    uint64_t value = 0;
    const char *begin = p;
    for (; (*p >= '0' && *p <= '9') || (*p == ',' && p > begin); p++) {
        value = *p == ',' ? value : value * 10 + (uint64_t)(*p - '0');
        if (value > 4000000000U) {
            return -1;
        }
    }
    /* A spreadsheet shows 12 and keeps 12.0. */
    if (p > begin && p[0] == '.' && p[1] == '0') {
        for (p++; *p == '0'; p++) {
        }
    }
    *number = (uint32_t)value;
    return p > begin && p[-1] != ',' && is_unit(p) ? 1 : -1;
}

/* Letters, kana and kanji: no number, without a closer look. */
static bool begins_with_word(const char *text) {
    uint8_t first = (uint8_t)text[0];
    uint8_t second = (uint8_t)text[1];
    return (first > ' ' && first < 0x80 && (first < '0' || first > '9')) ||
           (first == 0xe3 && second >= 0x81 && second <= 0x83) || (first >= 0xe4 && first <= 0xe9);
}

int mapping_number(const char *text, uint32_t *number) {
    if (*text == '\0' || mapping_is_blank(text)) {
        return 0;
    }
    if (*text >= '0' && *text <= '9') {
        int result = read_number(text, number);
        if (result > 0) {
            return result;
        }
    }
    size_t len = strlen(text);
    if (len > NUMBER_MAX || begins_with_word(text)) {
        return -1;
    }
    char buffer[2 * NUMBER_MAX + 1];
    size_t n = sizeof buffer - 1;
    uint8_t *folded = u8_normalize(UNINORM_NFKC, (const uint8_t *)text, len, (uint8_t *)buffer, &n);
    if (folded != (uint8_t *)buffer) {
        free(folded);
        return -1;
    }
    buffer[n] = '\0';
    return read_number(squeeze(buffer), number);
}

/* ---- places ------------------------------------------------------------------------------- */

unsigned mapping_place(const char *text) {
    unsigned place = 0;
    bool letters = (text[0] >= 'A' && text[0] <= 'Z') || (text[0] >= 'a' && text[0] <= 'z');
    for (const char *p = text; *p != '\0'; p++) {
        char c = *p >= 'a' && *p <= 'z' ? (char)(*p - ('a' - 'A')) : *p;
        if (letters && c >= 'A' && c <= 'Z') {
            place = place * 26 + (unsigned)(c - 'A') + 1;
        } else if (!letters && c >= '0' && c <= '9') {
            place = place * 10 + (unsigned)(c - '0');
        } else {
            return 0;
        }
        if (place > 16384) {
            return 0;
        }
    }
    return place;
}

void mapping_letters(unsigned place, char out[8]) {
    char reversed[8];
    size_t n = 0;
    for (; place > 0 && n < 7; place = (place - 1) / 26) {
        reversed[n++] = (char)('A' + (place - 1) % 26);
    }
    for (size_t i = 0; i < n; i++) {
        out[i] = reversed[n - 1 - i];
    }
    out[n] = '\0';
}

/* ---- likeness ----------------------------------------------------------------------------- */

static size_t code_points(const char *text, uint32_t out[COMPARED_MAX]) {
    size_t len = strlen(text);
    size_t n = 0;
    for (size_t i = 0; i < len && n < COMPARED_MAX;) {
        size_t one = text_decode((const uint8_t *)text + i, len - i, &out[n]);
        if (one == 0) {
            break;
        }
        n++;
        i += one;
    }
    return n;
}

/* The longest sequence of characters that both have in this order. */
static unsigned in_common(const uint32_t *a, size_t n, const uint32_t *b, size_t m) {
    unsigned rows[2][COMPARED_MAX + 1] = {{0}};
    for (size_t i = 0; i < n; i++) {
        const unsigned *last = rows[i % 2];
        unsigned *now = rows[(i + 1) % 2];
        for (size_t k = 0; k < m; k++) {
            unsigned longer = last[k + 1] > now[k] ? last[k + 1] : now[k];
            now[k + 1] = a[i] == b[k] ? last[k] + 1 : longer;
        }
    }
    return rows[n % 2][m];
}

unsigned mapping_likeness(const char *a, const char *b) {
    uint32_t x[COMPARED_MAX];
    uint32_t y[COMPARED_MAX];
    size_t n = code_points(a, x);
    size_t m = code_points(b, y);
    return n + m == 0 ? 100 : 200 * in_common(x, n, y, m) / (unsigned)(n + m);
}

const char *mapping_most_like(const char *text, const char *const *words, size_t n) {
    unsigned best = 0;
    const char *found = NULL;
    for (size_t i = 0; i < n; i++) {
        unsigned likeness = mapping_likeness(text, words[i]);
        if (likeness > best) {
            best = likeness;
            found = words[i];
        }
    }
    return found;
}
