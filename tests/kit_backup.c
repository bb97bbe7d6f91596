#include "tests/kit_backup.h"

#include "store/internal.h"
#include "store/journal_private.h"

#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void kit_backup_begin(struct kit_backup *b) {
    *b = (struct kit_backup){0};
    kit_start(&b->k, false);
    kit_live(&b->k, 1);
    snprintf(b->dir, sizeof b->dir, "%.150s/copy", b->k.dir);
    snprintf(b->made, sizeof b->made, "%.150s/made", b->k.dir);
}

void kit_backup_end(struct kit_backup *b) {
    kit_finish(&b->k);
}

void kit_backup_segment(struct kit_backup *b) {
    struct error e;
    struct journal *j = b->k.store->journal;
    kit_live(&b->k, 1);
    ck_assert_int_eq(journal_reserve(j, j->size - SEGMENT_HEADER_BYTES, &e), 0);
}

void kit_backup_line(void *ctx, const char *name, const char *value) {
    struct kit_backup *b = ctx;
    size_t n = strlen(b->lines);
    snprintf(b->lines + n, sizeof b->lines - n, "%s: %s\n", name, value);
}

static void forget(struct kit_backup *b) {
    b->e = (struct error){0};
    b->lines[0] = '\0';
}

int kit_backup_make(struct kit_backup *b) {
    const struct store_backup_watch watch = {.line = kit_backup_line, .ctx = b};
    forget(b);
    return store_backup(b->k.store, b->dir, b->k.now, &watch, &b->e);
}

void kit_backup_expect_error(const struct kit_backup *b, int code, const char *part) {
    ck_assert_msg(b->e.code == code, "%d, not %d: %s", b->e.code, code, b->e.en);
    ck_assert_msg(strstr(b->e.en, part) != NULL, "\"%s\" does not say \"%s\"", b->e.en, part);
    ck_assert_msg(b->e.ja[0] != '\0', "no Japanese");
}

void kit_backup_expect_line(const struct kit_backup *b, const char *part) {
    ck_assert_msg(strstr(b->lines, part) != NULL, "\"%s\" is not in:\n%s", part, b->lines);
}

void kit_backup_refused(struct kit_backup *b, int code, const char *part) {
    ck_assert_int_eq(kit_backup_make(b), -1);
    kit_backup_expect_error(b, code, part);
}

int kit_backup_restore(struct kit_backup *b, uint64_t to) {
    struct store_options options = {.free_floor_bytes = 1, .segment_bytes = JOURNAL_SEGMENT_MIN};
    forget(b);
    kit_remove(b->made);
    return store_restore(b->dir, b->made, to, &options, kit_backup_line, b, &b->e);
}

void kit_backup_restore_refused(struct kit_backup *b, uint64_t to, int code, const char *part) {
    char before[2048];
    char after[2048];
    kit_remove(b->made);
    kit_backup_names(b->k.dir, before);
    ck_assert_int_eq(kit_backup_restore(b, to), -1);
    kit_backup_expect_error(b, code, part);
    kit_backup_names(b->k.dir, after);
    ck_assert_str_eq(before, after); /* nothing is left behind */
}

void kit_backup_open(struct kit_backup *b, struct kit *made) {
    *made = (struct kit){.fd = -1, .actor = b->k.actor, .now = b->k.now};
    made->options.free_floor_bytes = 1;
    made->ids = b->k.ids + 1000000;
    arena_init(&made->arena, 64u << 20);
    snprintf(made->dir, sizeof made->dir, "%s", b->k.dir);
    snprintf(made->d.store, sizeof made->d.store, "%s", b->made);
    kit_open(made);
}

void kit_backup_expect(struct kit_backup *b, const char *dump, size_t len) {
    struct kit made;
    size_t n;
    kit_backup_open(b, &made);
    char *restored = kit_dump(&made, &n);
    ck_assert_uint_eq(n, len);
    ck_assert_int_eq(memcmp(restored, dump, len), 0);
    free(restored);
    kit_close(&made, true);
    kit_verify(&made);
    arena_free(&made.arena);
}

void kit_backup_flip(const char *path, long offset) {
    FILE *f = fopen(path, "r+be");
    ck_assert_ptr_nonnull(f);
    fseek(f, offset, SEEK_SET);
    int c = fgetc(f);
    ck_assert_int_ne(c, EOF);
    fseek(f, offset, SEEK_SET);
    fputc(c ^ 0x20, f);
    ck_assert_int_eq(fclose(f), 0);
}

void kit_backup_names(const char *path, char out[2048]) {
    struct dirent **list;
    int n = scandir(path, &list, NULL, alphasort);
    ck_assert_int_ge(n, 0);
    out[0] = '\0';
    for (int i = 0; i < n; i++) {
        if (strcmp(list[i]->d_name, ".") != 0 && strcmp(list[i]->d_name, "..") != 0) {
            size_t len = strlen(out);
            snprintf(out + len, 2048 - len, "%s\n", list[i]->d_name);
        }
        free(list[i]);
    }
    free(list);
}

const char *kit_backup_path(const char *dir, const char *name) {
    static char path[2][KIT_PATH * 2];
    static unsigned turn;
    turn = !turn;
    snprintf(path[turn], sizeof path[turn], "%s/%s", dir, name);
    return path[turn];
}
