/* The guard against individual numbers, and texts as they may be stored. */
#include "tests/fuzz/fuzz.h"

#include "proto/guard.h"
#include "proto/text.h"

#include <string.h>
#include <unistr.h>

/* Twelve ASCII digits in a row, with a right check digit and no thirteenth
 * beside them, must never pass. */
static bool plain_number(const uint8_t *p, size_t len) {
    size_t run = 0;
    for (size_t i = 0; i <= len; i++) {
        if (i < len && p[i] >= '0' && p[i] <= '9') {
            run++;
            continue;
        }
        uint8_t digits[12];
        for (size_t d = 0; run == 12 && d < 12; d++) {
            digits[d] = (uint8_t)(p[i - 12 + d] - '0');
        }
        if (run == 12 && guard_check_digit(digits)) {
            return true;
        }
        run = 0;
    }
    return false;
}

static bool ascii(const uint8_t *p, size_t len) {
    for (size_t i = 0; i < len; i++) {
        if (p[i] < ' ' || p[i] > '~') {
            return false;
        }
    }
    return true;
}

static void scan(const uint8_t *data, size_t size) {
    enum guard_verdict verdict = guard_scan(data, size);
    MUST(verdict == GUARD_PASS || verdict == GUARD_WARN || verdict == GUARD_REFUSE);
    MUST(size <= TEXT_MAX || verdict == GUARD_REFUSE);
    if (size <= TEXT_MAX && ascii(data, size) && plain_number(data, size)) {
        MUST(verdict == GUARD_REFUSE);
    }
    char quote[GUARD_QUOTE_MAX];
    MUST(guard_quote(data, size, quote) == quote);
    MUST(strlen(quote) < sizeof quote);
    MUST(u8_check((const uint8_t *)quote, strlen(quote)) == NULL);
    MUST(guard_scan((const uint8_t *)quote, strlen(quote)) != GUARD_REFUSE);
}

static void texts(const uint8_t *data, size_t size) {
    struct error e = {0};
    bool utf8 = u8_check(data, size) == NULL;
    if (text_check(data, size, TEXT_MAX, "field", &e) == 0) {
        MUST(utf8 && size <= TEXT_MAX);
        MUST(size == 0 || memchr(data, 0, size) == NULL);
    } else {
        fuzz_refusal(&e);
        MUST((e.code == ERR_TOO_MUCH) == (size > TEXT_MAX));
    }
    bool decodes = true;
    for (size_t at = 0; at < size;) {
        uint32_t code_point = 0;
        uint32_t folded[TEXT_FOLD_MAX];
        size_t n = text_decode(data + at, size - at, &code_point);
        ucs4_t theirs = 0;
        int m = u8_mbtoucr(&theirs, data + at, size - at);
        MUST(m > 0 ? n == (size_t)m && code_point == theirs : n == 0);
        if (n == 0) {
            decodes = false;
            break;
        }
        size_t k = text_fold(code_point, folded);
        MUST(k >= 1 && k <= TEXT_FOLD_MAX);
        at += n;
    }
    MUST(decodes == utf8);
    MUST(!text_is_code(data, size) || (size >= 1 && size <= TEXT_CODE_MAX));
}

static void words(const uint8_t *data, size_t size) {
    static const char *const list[] = {"topic", "service", "office", "outcome", "移住", "housing"};
    char *word = malloc(size + 1);
    MUST(word != NULL);
    memcpy(word, data, size);
    word[size] = '\0';
    MUST(text_width(word) >= 0);
    const char *near = text_nearest(word, list, sizeof list / sizeof list[0]);
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
        MUST(strcmp(word, list[i]) != 0 || near == list[i]);
    }
    free(word);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    scan(data, size);
    texts(data, size);
    if (size <= 2 * TEXT_MAX) {
        words(data, size);
    }
    return 0;
}
