/* Moving a journal, and repairing one that is damaged. */
#include "store/internal.h"
#include "store/journal.h"
#include "tests/fault_disk.h"
#include "tests/kit_backup.h"
#include "tests/suite.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- moving ------------------------------------------------------------------------------ */

static int export_to(struct kit_backup *b, const char *file) {
    struct store_options options = {.free_floor_bytes = 1};
    int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    ck_assert_int_ge(fd, 0);
    int rc = store_export(b->k.d.store, &options, fd, kit_backup_line, b, &b->e);
    close(fd);
    return rc;
}

static int import_from(struct kit_backup *b, const char *file, size_t segment_bytes) {
    struct store_options options = {.free_floor_bytes = 1, .segment_bytes = segment_bytes};
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    ck_assert_int_ge(fd, 0);
    int rc = store_import(b->made, fd, &options, kit_backup_line, b, &b->e);
    close(fd);
    return rc;
}

static void import_refused(struct kit_backup *b, const char *file, int code, const char *part) {
    char before[2048];
    char after[2048];
    kit_backup_names(b->k.dir, before);
    ck_assert_int_eq(import_from(b, file, JOURNAL_SEGMENT_MIN), -1);
    kit_backup_expect_error(b, code, part);
    kit_backup_names(b->k.dir, after);
    ck_assert_str_eq(before, after);
}

START_TEST(moved) {
    struct kit_backup b;
    size_t len;
    char file[KIT_PATH];
    struct stat st;
    kit_backup_begin(&b);
    kit_backup_segment(&b);
    kit_live(&b.k, 2);
    char *dump = kit_dump(&b.k, &len);
    snprintf(file, sizeof file, "%.150s/journal", b.k.dir);
    kit_close(&b.k, true);
    ck_assert_msg(export_to(&b, file) == 0, "%s", b.e.en);
    ck_assert_msg(import_from(&b, file, JOURNAL_SEGMENT_MIN) == 0, "%s", b.e.en);
    /* Places of entries differ with the segments; the answers do not. */
    struct kit made;
    kit_backup_open(&b, &made);
    kit_expect_rounds(&made, 4);
    kit_open(&b.k);
    struct store_status one;
    struct store_status other;
    store_status(b.k.store, &one);
    store_status(made.store, &other);
    ck_assert_uint_eq(one.head, other.head);
    ck_assert_int_eq(memcmp(one.head_hash, other.head_hash, 32), 0);
    ck_assert_int_eq(memcmp(store_id(b.k.store), store_id(made.store), 16), 0);
    kit_close(&made, true);
    kit_verify(&made);
    arena_free(&made.arena);
    kit_close(&b.k, true);
    /* Exported again it is the same stream. */
    char again[KIT_PATH];
    struct kit_backup second = b;
    snprintf(again, sizeof again, "%.150s/again", b.k.dir);
    snprintf(second.k.d.store, sizeof second.k.d.store, "%s", b.made);
    ck_assert_int_eq(export_to(&second, again), 0);
    kit_shell("cmp %s %s", file, again);
    ck_assert_int_eq(import_from(&b, file, 0), -1);
    kit_backup_expect_error(&b, ERR_STATE, "exists already");
    kit_remove(b.made);
    /* Cut or changed anywhere it is refused. */
    ck_assert_int_eq(stat(file, &st), 0);
    for (long at = 0; at < st.st_size; at += st.st_size / 60 + 1) {
        kit_shell("head -c %ld %s > %s", at, file, again);
        import_refused(&b, again, ERR_DOES_NOT_HOLD, "ends after entry");
        kit_shell("cp %s %s", file, again);
        kit_backup_flip(again, at);
        ck_assert_int_eq(import_from(&b, again, JOURNAL_SEGMENT_MIN), -1);
        ck_assert_int_ne(b.e.code, 0);
    }
    kit_shell("printf 'madoguchi journal 2\\n' > %s", again);
    import_refused(&b, again, ERR_STATE, "another format");
    kit_shell("printf 'something else entirely' > %s", again);
    import_refused(&b, again, ERR_INVALID, "not what");
    kit_shell("head -c 20 %s > %s; head -c 44 /dev/zero >> %s", file, again, again);
    import_refused(&b, again, ERR_DOES_NOT_HOLD, "empty");
    kit_open(&b.k);
    free(dump);
    kit_backup_end(&b);
}
END_TEST

START_TEST(export_of_a_damaged_store) {
    struct kit_backup b;
    char file[KIT_PATH];
    kit_backup_begin(&b);
    kit_backup_segment(&b);
    kit_live(&b.k, 1);
    kit_close(&b.k, true);
    snprintf(file, sizeof file, "%.150s/journal", b.k.dir);
    kit_backup_flip(kit_path_of(&b.k, "journal/00000000000000000001.seg"), 300);
    ck_assert_int_eq(export_to(&b, file), -1);
    kit_backup_expect_error(&b, ERR_DOES_NOT_HOLD, "record");
    kit_backup_flip(kit_path_of(&b.k, "journal/00000000000000000001.seg"), 300);
    kit_open(&b.k);
    kit_backup_end(&b);
}
END_TEST

/* ---- the doctor --------------------------------------------------------------------------- */

static int ask(struct kit_backup *b, const char *backup, bool repair) {
    const struct store_doctor wish = {.backup = backup, .repair = repair, .now = b->k.now};
    b->e = (struct error){0};
    b->lines[0] = '\0';
    return store_doctor(b->k.d.store, &wish, kit_backup_line, b, &b->e);
}

static void ask_refused(struct kit_backup *b, const char *backup, bool repair, const char *part) {
    char before[2048];
    char after[2048];
    kit_backup_names(b->k.d.store, before);
    ck_assert_int_eq(ask(b, backup, repair), -1);
    kit_backup_expect_error(b, ERR_DOES_NOT_HOLD, part);
    kit_backup_names(b->k.d.store, after);
    ck_assert_str_eq(before, after);
}

static const char *segment_of(const struct kit_backup *b, uint64_t first) {
    char name[SEGMENT_NAME_BYTES];
    char file[64];
    segment_name(first, name);
    snprintf(file, sizeof file, "journal/%s", name);
    return kit_path_of(&b->k, file);
}

/* A store of three segments, backed up to its head and closed; then nothing
 * more, or `later` rounds, or a crash instead of a clean stop. */
static uint64_t prepare(struct kit_backup *b, unsigned later, bool clean) {
    kit_backup_begin(b);
    kit_backup_segment(b);
    uint64_t second = kit_head(&b->k) + 1;
    kit_backup_segment(b);
    kit_live(&b->k, 1);
    ck_assert_int_eq(kit_backup_make(b), 0);
    kit_live(&b->k, later);
    kit_close(&b->k, clean);
    return second;
}

static void repaired(struct kit_backup *b, unsigned rounds) {
    ck_assert_msg(ask(b, b->dir, true) == 0, "%s\n%s", b->e.en, b->lines);
    kit_backup_expect_line(b, "result: repaired");
    kit_backup_expect_line(b, "put aside: ");
    ck_assert(!kit_exists(&b->k, "repair"));
    kit_verify(&b->k);
    ck_assert_int_eq(ask(b, NULL, false), 0);
    kit_backup_expect_line(b, "result: the journal holds");
    kit_open(&b->k);
    kit_expect_rounds(&b->k, rounds);
    kit_backup_end(b);
}

START_TEST(sound) {
    struct kit_backup b;
    prepare(&b, 1, _i == 0);
    ck_assert_int_eq(ask(&b, NULL, true), 0);
    kit_backup_expect_line(&b, "result: the journal holds");
    ck_assert_int_eq(ask(&b, b.dir, true), 0);
    kit_backup_expect_line(&b, "entries 1 to");
    kit_open(&b.k);
    ck_assert_int_eq(ask(&b, NULL, false), -1);
    kit_backup_expect_error(&b, ERR_STATE, "in use");
    kit_backup_end(&b);
}
END_TEST

/* A flipped byte anywhere: in an entry, a header, the open segment. */
START_TEST(flipped_byte) {
    static const struct {
        int segment;
        long offset;
        const char *damage;
    } cases[] = {
        {0, 100, "00000000000000000001.seg: record 1 at byte 64: its checksum is wrong"},
        {0, 20000, ".seg: record "},
        {0, 33, "00000000000000000001.seg: its header"},
        {1, 66, "00000000000000000021.seg: record 21 at byte 64"},
        {1, 12, "00000000000000000021.seg: its header"},
        {1, 1000, "00000000000000000021.seg: record 2"},
        {1, 12000000, "00000000000000000021.seg: bytes behind its last record"},
        {2, 100, "00000000000000000030.seg: record 30 at byte 64"},
        {2, 40, "00000000000000000030.seg: its header"},
    };
    static const uint64_t first[] = {1, 21, 30};
    struct kit_backup b;
    ck_assert_uint_eq(prepare(&b, (unsigned)_i % 2, true), 21);
    char *path = strdup(segment_of(&b, first[cases[_i].segment]));
    kit_backup_flip(path, cases[_i].offset);
    free(path);
    /* What is only a header or a zero is mended without any backup. */
    bool lost = strstr(cases[_i].damage, "record ") != NULL &&
                strstr(cases[_i].damage, "bytes behind") == NULL;
    ck_assert_int_eq(unlink(kit_path_of(&b.k, "backup")), 0);
    if (lost) {
        ask_refused(&b, NULL, true, "no backup has what is lost");
        kit_backup_expect_line(&b, cases[_i].damage);
        kit_backup_expect_line(&b, "lost: entries ");
        kit_backup_expect_line(&b, "in the backup: none of them");
    } else {
        ask_refused(&b, NULL, false, "--repair");
    }
    ask_refused(&b, b.dir, false, "Run doctor again with --repair");
    kit_backup_expect_line(&b, cases[_i].damage);
    repaired(&b, 4 + (unsigned)_i % 2);
}
END_TEST

START_TEST(missing_segment) {
    struct kit_backup b;
    prepare(&b, 1, true);
    static const uint64_t first[] = {1, 21, 30};
    ck_assert_int_eq(unlink(segment_of(&b, first[_i])), 0);
    if (_i == 2) {
        /* Its end went with it: what came after the backup is nowhere. */
        ask_refused(&b, b.dir, true, "before entry 47, which is lost");
        kit_backup_expect_line(&b, "its end is missing");
        kit_backup_expect_line(&b, "lost: entries 30 to 47");
        kit_backup_expect_line(&b, "in the backup: entries 30 to 38");
        kit_remove(b.k.dir);
        arena_free(&b.k.arena);
        return;
    }
    ask_refused(&b, b.dir, false, "--repair");
    kit_backup_expect_line(&b, "no file of the journal has record");
    repaired(&b, 5);
}
END_TEST

/* The end of the open segment, by a daemon killed before: the tables know. */
START_TEST(damaged_end) {
    struct kit_backup b;
    prepare(&b, 0, _i == 0);
    char *path = strdup(segment_of(&b, 30));
    kit_shell("truncate -s 500 %s", path);
    free(path);
    ask_refused(&b, NULL, false, "--repair"); /* the backup made last is found */
    kit_backup_expect_line(&b, "lost: entries ");
    repaired(&b, 4);
}
END_TEST

START_TEST(several_places) {
    struct kit_backup b;
    prepare(&b, 2, true);
    char *one = strdup(segment_of(&b, 1));
    char *two = strdup(segment_of(&b, 21));
    kit_backup_flip(one, 80);
    kit_backup_flip(one, 19000);
    kit_backup_flip(two, 70);
    kit_backup_flip(two, 1200);
    kit_backup_flip(segment_of(&b, 30), 40);
    free(one);
    free(two);
    repaired(&b, 6);
}
END_TEST

/* What came after the backup is damaged: nothing is skipped. */
START_TEST(backup_too_old) {
    struct kit_backup b;
    prepare(&b, 1, true);
    char *path = strdup(segment_of(&b, 30));
    struct stat st;
    uint8_t bytes[8192];
    ck_assert_int_eq(stat(path, &st), 0);
    FILE *f = fopen(path, "rbe");
    size_t n = fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    while (n > 0 && bytes[n - 1] == 0) {
        n--;
    }
    kit_backup_flip(path, (long)n - 20);
    ask_refused(&b, b.dir, true, "before entry 47, which is lost");
    kit_backup_expect_line(&b, "lost: entries 47 to 47");
    kit_backup_expect_line(&b, "in the backup: none of them");
    kit_backup_flip(path, (long)n - 20);
    free(path);
    kit_open(&b.k);
    kit_backup_end(&b);
}
END_TEST

START_TEST(wrong_backup) {
    struct kit_backup b;
    struct kit_backup other;
    kit_backup_begin(&other);
    ck_assert_int_eq(kit_backup_make(&other), 0);
    prepare(&b, 0, true);
    kit_backup_flip(segment_of(&b, 1), 100);
    /* With the founding damaged only the chain can tell. */
    ask_refused(&b, other.dir, true, "");
    kit_backup_flip(segment_of(&b, 1), 100);
    kit_backup_flip(segment_of(&b, 21), 100);
    ask_refused(&b, other.dir, true, "another store");
    /* A backup that is damaged itself. */
    kit_shell("for f in %s/*21-*.seg; do truncate -s -1 $f; done", b.dir);
    ask_refused(&b, b.dir, true, "00000000000000000021-");
    kit_backup_flip(segment_of(&b, 21), 100);
    kit_open(&b.k);
    kit_backup_end(&b);
    kit_backup_end(&other);
}
END_TEST

/* Killed at any write or flush of the repair: the damaged journal or the whole
 * one stands there, and the next repair ends it. */
START_TEST(interrupted_repair) {
    static const enum fault_disk_call which[] = {FAULT_PWRITE, FAULT_FSYNC};
    struct kit_backup b;
    prepare(&b, 0, true);
    kit_backup_flip(segment_of(&b, 21), 100);
    kit_save(&b.k, "journal");
    for (unsigned i = 0; i < 2; i++) {
        for (unsigned n = 1;; n++) {
            ck_assert_uint_lt(n, 400);
            fault_disk_clear();
            fault_disk.error = EIO;
            fault_disk.countdown[which[i]] = (int)n;
            int rc = ask(&b, b.dir, true);
            fault_disk_clear();
            if (rc == 0) {
                break;
            }
            ck_assert_int_eq(ask(&b, b.dir, true), 0);
            kit_put_back(&b.k, "journal");
            n += i == 0 ? 60 : 0; /* mostly zeros of the last segment */
        }
        kit_put_back(&b.k, "journal");
    }
    /* Left half-way by a kill: cleared, or kept aside. */
    kit_shell("mkdir -p %s/journal", kit_path_of(&b.k, "repair"));
    kit_shell("touch %s %s", kit_path_of(&b.k, "repair/unfinished"),
              kit_path_of(&b.k, "repair/journal/x"));
    repaired(&b, 4);
}
END_TEST

int main(void) {
    Suite *s = suite_create("doctor");
    TCase *t = tcase_create("doctor");
    tcase_set_timeout(t, 120);
    tcase_add_test(t, moved);
    tcase_add_test(t, export_of_a_damaged_store);
    tcase_add_loop_test(t, sound, 0, 2);
    tcase_add_loop_test(t, flipped_byte, 0, 9);
    tcase_add_loop_test(t, missing_segment, 0, 3);
    tcase_add_loop_test(t, damaged_end, 0, 2);
    tcase_add_test(t, several_places);
    tcase_add_test(t, backup_too_old);
    tcase_add_test(t, wrong_backup);
    tcase_add_test(t, interrupted_repair);
    suite_add_tcase(s, t);
    kit_begin();
    fault_disk_install();
    int status = suite_run(s);
    kit_end();
    return status;
}
