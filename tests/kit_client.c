#include "tests/kit_client.h"

#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>

char kit_out[65536];
char kit_err[8192];

const char *kit_file(const struct kit *k, const char *name, const char *text) {
    static char path[2 * KIT_PATH];
    snprintf(path, sizeof path, "%s/%s", k->dir, name);
    if (text != NULL) {
        FILE *f = fopen(path, "w");
        ck_assert_ptr_nonnull(f);
        fputs(text, f);
        ck_assert_int_eq(fclose(f), 0);
    }
    return path;
}

const char *kit_token_file(const struct kit *k) {
    return kit_file(k, "state/madoguchi/token", NULL);
}

unsigned kit_mode(const char *path) {
    struct stat st;
    return lstat(path, &st) == 0 ? st.st_mode & 0777 : 0;
}

static void read_all(const char *path, char *out, size_t size) {
    FILE *f = fopen(path, "r");
    size_t n = f == NULL ? 0 : fread(out, 1, size - 1, f);
    out[n] = '\0';
    if (f != NULL) {
        fclose(f);
    }
}

const char *kit_text_of(const char *path) {
    static char text[65536];
    read_all(path, text, sizeof text);
    return text;
}

static int run(const struct kit *k, const char *before, const char *words) {
    char command[8192];
    const char *build = getenv("BUILD");
    int n = snprintf(command, sizeof command,
                     "export LC_ALL=C XDG_STATE_HOME=%s/state MADOGUCHI_SERVER=unix:%s USER=Tester;"
                     " unset MADOGUCHI_TOKEN LANGUAGE; { %s %s/madoguchi %s; } >%s/out 2>%s/err "
                     "</dev/null",
                     k->dir, k->d.socket, before, build != NULL ? build : "build", words, k->dir,
                     k->dir);
    ck_assert_int_lt(n, (int)sizeof command);
    int status = system(command);
    ck_assert(WIFEXITED(status));
    read_all(kit_file(k, "out", NULL), kit_out, sizeof kit_out);
    read_all(kit_file(k, "err", NULL), kit_err, sizeof kit_err);
    return WEXITSTATUS(status);
}

#define WORDS(words, format)                                                         \
    char words[4096];                                                                \
    va_list ap;                                                                      \
    va_start(ap, format);                                                            \
    ck_assert_int_lt(vsnprintf(words, sizeof words, format, ap), (int)sizeof words); \
    va_end(ap)

int kit_client(const struct kit *k, const char *before, const char *format, ...) {
    WORDS(words, format);
    return run(k, before, words);
}

void kit_client_ok(const struct kit *k, const char *format, ...) {
    WORDS(words, format);
    int status = run(k, "", words);
    ck_assert_msg(status == 0, "madoguchi %s: %d\n%s%s", words, status, kit_out, kit_err);
}

void kit_client_refused(const struct kit *k, int expected, const char *part, const char *format,
                        ...) {
    WORDS(words, format);
    int status = run(k, "", words);
    ck_assert_msg(status == expected, "madoguchi %s: %d\n%s%s", words, status, kit_out, kit_err);
    kit_said_client(part);
    ck_assert_str_eq(kit_out, "");
}

void kit_printed(const char *part) {
    ck_assert_msg(strstr(kit_out, part) != NULL, "\"%s\" not in:\n%s", part, kit_out);
}

void kit_said_client(const char *part) {
    ck_assert_msg(strstr(kit_err, part) != NULL, "\"%s\" not in:\n%s", part, kit_err);
}

void kit_log_in(const struct kit *k, const char *name, const char *password) {
    char before[512];
    char once[64];
    kit_client_ok(k, "account password %s", name);
    ck_assert_int_eq(sscanf(kit_out, "%63s", once), 1);
    snprintf(before, sizeof before, "echo %s |", once);
    ck_assert_msg(kit_client(k, before, "login %s", name) == 0, "%s", kit_err);
    snprintf(before, sizeof before, "printf '%%s\\n%%s\\n' %s '%s' |", once, password);
    ck_assert_msg(kit_client(k, before, "passwd") == 0, "%s", kit_err);
}
