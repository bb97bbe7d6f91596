#include "proto/error.h"

#include "proto/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Takes away what is no whole character: a precision like %.40s, or the end of
 * the buffer, may have cut one. */
static void keep_whole(char *text) {
    const uint8_t *from = (const uint8_t *)text;
    char *to = text;
    for (size_t left = strlen(text); left > 0;) {
        uint32_t code_point;
        size_t n = text_decode(from, left, &code_point);
        if (n > 0) {
            memmove(to, from, n);
            to += n;
        }
        n = n > 0 ? n : 1;
        from += n;
        left -= n;
    }
    *to = '\0';
}

int(error_set)(struct error *e, int code, const char *field, const char *en, const char *ja, ...) {
    if (e == NULL) {
        return -1;
    }
    memset(e, 0, sizeof *e);
    e->code = code;
    snprintf(e->field, sizeof e->field, "%s", field != NULL ? field : "");
    va_list ap;
    va_start(ap, ja);
    vsnprintf(e->en, sizeof e->en, en, ap);
    va_end(ap);
    va_start(ap, ja);
    vsnprintf(e->ja, sizeof e->ja, ja, ap);
    va_end(ap);
    keep_whole(e->field);
    keep_whole(e->en);
    keep_whole(e->ja);
    return -1;
}

void error_near(struct error *e, const char *word) {
    if (e != NULL && word != NULL && e->n_near < ERROR_NEAR_MAX) {
        snprintf(e->near[e->n_near], sizeof e->near[0], "%s", word);
        e->n_near++;
    }
}

const char *error_word(int code) {
    static const char *const words[] = {"none",      "malformed",    "invalid", "unknown-code",
                                        "not-found", "conflict",     "state",   "individual-number",
                                        "too-much",  "full",         "busy",    "internal",
                                        "forbidden", "does-not-hold"};
    if (code < 0 || (size_t)code >= sizeof words / sizeof words[0]) {
        return "unknown";
    }
    return words[code];
}
