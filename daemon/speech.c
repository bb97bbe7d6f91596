#include "daemon/speech.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

bool speech_ja(void) {
    static const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *value = getenv(names[i]);
        if (value != NULL && value[0] != '\0') {
            return strncmp(value, "ja", 2) == 0;
        }
    }
    return false;
}

void say(FILE *to, const char *en, const char *ja, ...) {
    va_list ap;
    va_start(ap, ja);
    if (speech_ja()) {
        vfprintf(to, ja, ap);
    } else {
        vfprintf(to, en, ap);
    }
    va_end(ap);
}

void say_error(const struct error *e) {
    fprintf(stderr, "madoguchid: %s\n", speech_ja() ? e->ja : e->en);
}
