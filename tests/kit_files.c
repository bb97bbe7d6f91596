#include "tests/kit_files.h"

#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

char kit_notices[4096];

static void notice(void *ctx, const char *line) {
    (void)ctx;
    size_t n = strlen(kit_notices);
    snprintf(kit_notices + n, sizeof kit_notices - n, "%s\n", line);
}

void kit_files_begin(struct kit *k) {
    kit_start(k, false);
    k->options.notice = notice;
    kit_notices[0] = '\0';
}

const char *kit_path_of(const struct kit *k, const char *file) {
    static char path[2][KIT_PATH * 2];
    static unsigned turn;
    turn = !turn;
    snprintf(path[turn], sizeof path[turn], "%s/%s", k->d.store, file);
    return path[turn];
}

void kit_shell(const char *format, ...) {
    char command[KIT_PATH * 8];
    va_list ap;
    va_start(ap, format);
    vsnprintf(command, sizeof command, format, ap);
    va_end(ap);
    ck_assert_int_eq(system(command), 0);
}

/* Copies a file or folder of the store beside it, and back. */
void kit_save(const struct kit *k, const char *file) {
    char to[KIT_PATH * 2];
    snprintf(to, sizeof to, "%s/saved", k->dir);
    mkdir(to, 0700);
    kit_shell("cp -a --sparse=always %s %s", kit_path_of(k, file), to);
}

void kit_put_back(const struct kit *k, const char *file) {
    char from[KIT_PATH * 2];
    snprintf(from, sizeof from, "%s/saved/%s", k->dir, file);
    kit_remove(kit_path_of(k, file));
    kit_shell("cp -a --sparse=always %s %s", from, kit_path_of(k, file));
}

void kit_write_text(const struct kit *k, const char *file, const char *text) {
    FILE *f = fopen(kit_path_of(k, file), "we");
    ck_assert_ptr_nonnull(f);
    fputs(text, f);
    fclose(f);
}

bool kit_exists(const struct kit *k, const char *file) {
    return access(kit_path_of(k, file), F_OK) == 0;
}

static unsigned tallies; /* rows of tallies so far */

/* A bit of everything: inheritance, corrections, voids, sessions, rows. */
void kit_live(struct kit *k, unsigned rounds) {
    for (unsigned i = 0; i < rounds; i++) {
        const char *s = kit_hold(k, "seminar", "2024-04-10", "service", "migration", "persons",
                                 "12", "program", "own-seminar", NULL);
        const char *c = kit_log(k, "migration", "2024-04-15", "topic", "housing;work", "session", s,
                                "origin", "tokyo", NULL);
        uint64_t log = k->last.seq;
        uint64_t contact = kit_ok(k, "contact", "case_number", c, "date", "2024-05-15", NULL);
        kit_ok(k, "outcome", "case_number", c, "date", "2024-06-15", "outcome", "moved", "persons",
               "3", NULL);
        kit_ok(k, "correct", "seq", kit_text(k, log), "topic", "farming", "reason", "誤り", NULL);
        kit_ok(k, "void", "seq", kit_text(k, contact), "reason", "誤り", NULL);
        kit_ok(k, "tally", "service", "citizen", "date", "2024-07-01", "count", "4", "+source",
               "正の字", "+nth", kit_text(k, ++tallies), NULL);
        kit_ok(k, "figure", "series", "population", "period", "FY2024", "value", "26000", "as_of",
               "2024-04-15", "source", "台帳", NULL);
        kit_ok(k, "coverage", "period", "2024-04-01..", NULL);
        kit_tick(k);
    }
}

void kit_expect_rounds(struct kit *k, unsigned n) {
    char expected[64];
    snprintf(expected, sizeof expected, "2024-04 farming %u", n);
    kit_stats(k, "cases", "FY2024", "month,topic", NULL, expected);
    snprintf(expected, sizeof expected, "citizen %u; migration %u", 4 * n, n);
    kit_stats(k, "contacts", "FY2024", "service", NULL, expected);
    ck_assert_uint_eq(kit_head(k), 2 + n * KIT_ROUND);
}

void kit_reopen(struct kit *k, bool clean) {
    kit_close(k, clean);
    kit_open(k);
}
