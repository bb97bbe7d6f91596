#include "client/words.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool japanese;

static const char *given(const char *name) {
    const char *value = getenv(name);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

static bool wants_japanese(void) {
    const char *locale = given("LC_ALL");
    if (locale == NULL) {
        locale = given("LC_MESSAGES");
    }
    if (locale == NULL) {
        locale = given("LANG");
    }
    if (locale == NULL || strcmp(locale, "C") == 0 || strcmp(locale, "POSIX") == 0) {
        return false;
    }
    const char *language = given("LANGUAGE");
    return strncmp(language != NULL ? language : locale, "ja", 2) == 0;
}

/* locale/ beside the program, if the catalogue is there: the build tree. */
static const char *beside_program(char *path, size_t size) {
    ssize_t len = readlink("/proc/self/exe", path, size - 1);
    if (len <= 0) {
        return NULL;
    }
    path[len] = '\0';
    char *slash = strrchr(path, '/');
    if (slash == NULL || (size_t)(slash - path) + sizeof "/locale" > size) {
        return NULL;
    }
    memcpy(slash, "/locale", sizeof "/locale");
    char file[4096 + 64];
    snprintf(file, sizeof file, "%s/ja/LC_MESSAGES/madoguchi.mo", path);
    return access(file, R_OK) == 0 ? path : NULL;
}

void words_open(void) {
    char path[4096];
    japanese = wants_japanese();
    /* Numbers and dates stay as in C; only the language and the encoding of
     * messages follow the reader.  gettext looks nothing up in the locale "C",
     * so one is needed even where no Japanese locale is installed. */
    if (setlocale(LC_CTYPE, "C.UTF-8") == NULL || setlocale(LC_MESSAGES, "C.UTF-8") == NULL) {
        setlocale(LC_CTYPE, "");
        setlocale(LC_MESSAGES, "");
    }
    setenv("LANGUAGE", japanese ? "ja" : "en", 1);
    const char *directory = given("MADOGUCHI_LOCALEDIR");
    if (directory == NULL) {
        directory = beside_program(path, sizeof path);
    }
    bindtextdomain("madoguchi", directory != NULL ? directory : LOCALEDIR);
    bind_textdomain_codeset("madoguchi", "UTF-8");
    textdomain("madoguchi");
}

bool words_japanese(void) {
    return japanese;
}

bool words_speak(bool in_japanese) {
    extern int _nl_msg_cat_cntr; /* of libintl: what was looked up is looked up again */
    bool before = japanese;
    if (before != in_japanese) {
        japanese = in_japanese;
        setenv("LANGUAGE", japanese ? "ja" : "en", 1);
        ++_nl_msg_cat_cntr;
    }
    return before;
}
