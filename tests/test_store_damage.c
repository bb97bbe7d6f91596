/* A store that is damaged, newer, in use, unwritable or full: refused with words
 * that help, and never repaired over silently. */
#include "store/internal.h"
#include "store/segment.h"
#include "tests/kit_files.h"
#include "tests/suite.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* ---- damage ----------------------------------------------------------------------------- */

#define SEGMENT "journal/00000000000000000001.seg"

/* Offset and length of the record of entry `seq` in the first segment. */
static uint32_t record_at(const struct kit *k, uint64_t seq, uint32_t *bytes) {
    int fd = open(kit_path_of(k, SEGMENT), O_RDONLY);
    ck_assert_int_ge(fd, 0);
    struct segment_reader r;
    struct segment_record record;
    struct journal_head head = {0};
    enum segment_problem problem;
    struct error e;
    segment_reader_init(&r, fd, 16u << 20, SEGMENT_HEADER_BYTES, &head, false);
    do {
        ck_assert_int_eq(segment_reader_next(&r, SEGMENT, &record, &problem, &e), 0);
        ck_assert_int_eq(problem, SEGMENT_SOUND);
    } while (record.seq != seq);
    segment_reader_free(&r);
    close(fd);
    *bytes = record.bytes;
    return record.offset;
}

static void poke(const struct kit *k, const char *file, const void *data, size_t len, off_t at) {
    int fd = open(kit_path_of(k, file), O_WRONLY);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(pwrite(fd, data, len, at), (ssize_t)len);
    close(fd);
}

static uint8_t peek(const struct kit *k, const char *file, off_t at) {
    uint8_t byte = 0;
    int fd = open(kit_path_of(k, file), O_RDONLY);
    ck_assert_int_eq(pread(fd, &byte, 1, at), 1);
    close(fd);
    return byte;
}

/* The flush of the last group did not get to the disk whole, and nothing of it
 * was folded: it was never answered, and is cut. */
START_TEST(torn_tail_is_cut) {
    struct kit k;
    uint32_t bytes;
    kit_files_begin(&k);
    kit_live(&k, 2);
    kit_close(&k, false);
    kit_save(&k, "fold");
    kit_save(&k, "flushed");
    kit_open(&k);
    kit_log(&k, "migration", "2024-04-20", NULL);
    uint64_t seq = k.last.seq;
    kit_close(&k, false);
    kit_put_back(&k, "fold");
    kit_put_back(&k, "flushed");
    uint32_t at = record_at(&k, seq, &bytes);
    static const uint8_t zeros[64];
    uint32_t keep = (uint32_t)_i;
    poke(&k, SEGMENT, zeros, bytes - keep > 64 ? 64 : bytes - keep,
         at + (bytes - keep > 64 ? bytes - 64 : keep));
    kit_open(&k);
    ck_assert_ptr_nonnull(strstr(kit_notices, "torn tail"));
    kit_expect_rounds(&k, 2);
    ck_assert_uint_eq(kit_ok(&k, "log", "service", "migration", "date", "2024-04-21", NULL), seq);
    kit_finish(&k);
}
END_TEST

static bool verifies(struct kit *k, struct error *e) {
    return store_verify(k->d.store, false, NULL, NULL, NULL, e) == 0;
}

/* The daemon noted an entry that the journal does not have: start and proof say so,
 * unless the machine was started anew since. */
START_TEST(noted_entry_is_missing) {
    static const uint8_t noted[8] = {[7] = 99};
    struct kit k;
    struct error e;
    kit_files_begin(&k);
    kit_live(&k, 1);
    kit_close(&k, false);
    ck_assert(verifies(&k, &e));
    poke(&k, "flushed", noted, sizeof noted, 0);
    kit_open_refused(&k, ERR_DOES_NOT_HOLD, "record 99");
    ck_assert(!verifies(&k, &e));
    ck_assert_int_eq(e.code, ERR_DOES_NOT_HOLD);
    ck_assert_ptr_nonnull(strstr(e.en, "99"));
    poke(&k, "boot", "other", 5, 0);
    ck_assert(verifies(&k, &e));
    kit_open(&k);
    kit_expect_rounds(&k, 1);
    kit_finish(&k);
}
END_TEST

/* Any byte of a record that was acknowledged: named, never repaired. */
START_TEST(flipped_byte_is_named) {
    static const uint64_t seqs[] = {1, 7, 20};
    struct kit k;
    uint32_t bytes;
    kit_files_begin(&k);
    kit_live(&k, 2);
    kit_close(&k, false);
    for (size_t i = 0; i < COUNT(seqs); i++) {
        uint32_t at = record_at(&k, seqs[i], &bytes);
        uint32_t step = bytes / 7 + 1;
        for (uint32_t b = 0; b < bytes; b += step) {
            char part[40];
            uint8_t old = peek(&k, SEGMENT, at + b);
            uint8_t new = old ^ 0x10;
            poke(&k, SEGMENT, &new, 1, at + b);
            snprintf(part, sizeof part, "%llu", (unsigned long long)seqs[i]);
            kit_open_refused(&k, ERR_DOES_NOT_HOLD, part);
            kit_said(&k, "00000000000000000001.seg");
            poke(&k, SEGMENT, &old, 1, at + b);
        }
    }
    kit_open(&k);
    kit_expect_rounds(&k, 2);
    kit_finish(&k);
}
END_TEST

/* After a clean stop the records behind the last are not read again at the
 * start: verify and reading find it. */
START_TEST(flipped_byte_after_a_clean_stop) {
    struct kit k;
    uint32_t bytes;
    kit_files_begin(&k);
    kit_live(&k, 2);
    const char *c = kit_log(&k, "migration", "2024-04-15", NULL);
    kit_log(&k, "migration", "2024-04-15", NULL);
    uint64_t seq = k.last.seq - 1;
    kit_close(&k, true);
    uint32_t at = record_at(&k, seq, &bytes) + bytes - 16;
    uint8_t new = peek(&k, SEGMENT, at) ^ 1;
    poke(&k, SEGMENT, &new, 1, at);
    struct error e;
    if (store_open(k.d.store, &k.options, &k.store, &e) == 0) {
        ck_assert_ptr_null(kit_show_number(&k, c));
        ck_assert_int_eq(k.last.code, ERR_DOES_NOT_HOLD);
        kit_said(&k, "00000000000000000001.seg");
        kit_refused(&k, ERR_DOES_NOT_HOLD, "journal", "correct", "seq", kit_text(&k, seq), "topic",
                    "work", "reason", "x", NULL);
        kit_stats(&k, "cases", "2024-04", NULL, NULL, "4");
        kit_close(&k, true);
    }
    arena_free(&k.arena);
}
END_TEST

START_TEST(newer_format) {
    struct kit k;
    kit_files_begin(&k);
    kit_close(&k, true);
    kit_write_text(&k, "format", "madoguchi store 2\n");
    kit_open_refused(&k, ERR_STATE, "newer");
    kit_write_text(&k, "format", "something else\n");
    kit_open_refused(&k, ERR_STATE, "not a store");
    kit_remove(kit_path_of(&k, "format"));
    kit_open_refused(&k, ERR_STATE, "not a store");
    kit_write_text(&k, "format", "madoguchi store 1\n");
    kit_open(&k);
    kit_finish(&k);
}
END_TEST

START_TEST(one_at_a_time) {
    struct kit k;
    kit_files_begin(&k);
    struct store *mine = k.store;
    kit_open_refused(&k, ERR_STATE, "in use");
    k.store = mine;
    kit_ok(&k, "log", "service", "migration", "date", "2024-04-15", NULL);
    kit_finish(&k);
}
END_TEST

START_TEST(places_that_cannot_be) {
    struct kit k;
    kit_files_begin(&k);
    kit_close(&k, true);
    struct error e;
    struct store *s;
    ck_assert_int_eq(store_open("/nowhere/at/all", &k.options, &s, &e), -1);
    ck_assert_ptr_nonnull(strstr(e.en, "/nowhere/at/all"));
    ck_assert_int_eq(store_open("/etc/hostname", &k.options, &s, &e), -1);
    ck_assert_int_eq(store_open("/", &k.options, &s, &e), -1);
    ck_assert_int_eq(e.code, ERR_STATE);
    struct store_founding f = {.municipality = "062090", .name = "長井市", .actor = "uid:0"};
    f.municipality = "062091";
    ck_assert_int_eq(store_create(kit_path_of(&k, "never"), &f, &e), -1);
    ck_assert_int_eq(e.code, ERR_INVALID);
    ck_assert_int_ne(access(kit_path_of(&k, "never"), F_OK), 0);
    kit_open(&k);
    kit_finish(&k);
}
END_TEST

/* Somebody who may not write there. */
START_TEST(unwritable) {
    struct kit k;
    kit_files_begin(&k);
    kit_close(&k, true);
    kit_shell("chmod 755 %s %s", k.dir, k.d.store);
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        struct error e = {0};
        if (getuid() == 0 &&
            (setgroups(0, NULL) != 0 || setgid(65534) != 0 || setuid(65534) != 0)) {
            _exit(3);
        }
        if (getuid() != 65534) {
            chmod(k.d.store, 0500);
            chmod(kit_path_of(&k, "lock"), 0400);
        }
        int rc = store_open(k.d.store, &k.options, &k.store, &e);
        _exit(rc == -1 && e.code == ERR_INTERNAL && strstr(e.en, strerror(EACCES)) != NULL ? 0 : 1);
    }
    int status;
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
    kit_shell("chmod 700 %s; chmod 600 %s", k.d.store, kit_path_of(&k, "lock"));
    kit_open(&k);
    kit_finish(&k);
}
END_TEST

/* ---- full ------------------------------------------------------------------------------- */

START_TEST(full_disk) {
    struct kit k;
    kit_files_begin(&k);
    kit_live(&k, 2);
    kit_close(&k, true);
    k.options.free_floor_bytes = UINT64_C(1) << 60;
    kit_open(&k);
    uint64_t head = kit_head(&k);
    Madoguchi__Request *r =
        kit_request(&k, "log", "service", "migration", "date", "2024-04-15", NULL);
    ck_assert_int_eq(kit_record(&k, r).code, ERR_FULL);
    kit_said(&k, "nothing was recorded");
    struct store_status status;
    store_status(k.store, &status);
    ck_assert(status.full);
    ck_assert_uint_eq(kit_head(&k), head);
    kit_expect_rounds(&k, 2);
    kit_close(&k, true);
    k.options.free_floor_bytes = 1;
    kit_open(&k);
    /* Asked again with the same request id it is done. */
    ck_assert_int_eq(kit_record(&k, r).code, 0);
    ck_assert(!k.last.known);
    kit_finish(&k);
}
END_TEST

/* A map of a few pages fills up, between groups and in the middle of one. */
START_TEST(full_map) {
    struct kit k;
    kit_files_begin(&k);
    kit_close(&k, true);
    k.options.map_bytes = 1u << 20;
    kit_open(&k);
    struct kit_answer answers[40];
    Madoguchi__Request *all[40];
    size_t n = _i == 0 ? 1 : 40;
    unsigned recorded = 0;
    for (;;) {
        struct error e = {0};
        struct store_actor actor = {.id = "uid:1"};
        struct store_result result;
        ck_assert_uint_lt(recorded, 100000);
        enum store_outcome outcome = store_begin(k.store, k.now, &e);
        bool failed = outcome != STORE_DONE;
        for (size_t i = 0; i < n && !failed; i++) {
            all[i] = kit_request(&k, "log", "service", "citizen", "date", "2024-04-15", "topic",
                                 "legal;tax;family", "origin", "tokyo", NULL);
            failed = store_record(k.store, &actor, all[i], &k.arena, &result, &e) < 0;
        }
        if (failed) {
            ck_assert_int_eq(e.code, ERR_FULL);
            ck_assert(outcome == STORE_REFUSED || store_broken(k.store));
            store_abort(k.store);
            break;
        }
        outcome = store_commit(k.store, &e);
        if (outcome != STORE_DONE) {
            ck_assert_int_eq(outcome, STORE_REFUSED);
            ck_assert_int_eq(e.code, ERR_FULL);
            break;
        }
        recorded += (unsigned)n;
    }
    ck_assert_uint_gt(recorded, 40);
    ck_assert_uint_eq(kit_head(&k), 2 + recorded);
    char expected[32];
    snprintf(expected, sizeof expected, "%u", recorded);
    kit_stats(&k, "cases", "FY2024", NULL, NULL, expected);
    kit_close(&k, true);
    k.options.map_bytes = 64u << 20;
    kit_open(&k);
    kit_stats(&k, "cases", "FY2024", NULL, NULL, expected);
    kit_group(&k, all, 1, answers);
    ck_assert_int_eq(answers[0].code, 0);
    kit_finish(&k);
}
END_TEST

int main(void) {
    Suite *s = suite_create("store damage");
    TCase *t = tcase_create("damage");
    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, torn_tail_is_cut, 1, 4);
    tcase_add_test(t, noted_entry_is_missing);
    tcase_add_test(t, flipped_byte_is_named);
    tcase_add_test(t, flipped_byte_after_a_clean_stop);
    tcase_add_test(t, newer_format);
    tcase_add_test(t, one_at_a_time);
    tcase_add_test(t, places_that_cannot_be);
    tcase_add_test(t, unwritable);
    tcase_add_test(t, full_disk);
    tcase_add_loop_test(t, full_map, 0, 2);
    suite_add_tcase(s, t);
    kit_begin();
    int status = suite_run(s);
    kit_end();
    return status;
}
