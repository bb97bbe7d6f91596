/* Backups: made while the store is used, only what is new, whole or not at all. */
#include "store/disk.h"
#include "store/internal.h"
#include "store/manifest.h"
#include "tests/fault_disk.h"
#include "tests/kit_backup.h"
#include "tests/suite.h"

#include <check.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* The failing disk counts without a lock: not for two threads. */
static struct disk_calls plain_disk;

static void dump_of(struct kit_backup *b, char **dump, size_t *len) {
    *dump = kit_dump(&b->k, len);
}

static void made_equal(struct kit_backup *b) {
    char *dump;
    size_t len;
    dump_of(b, &dump, &len);
    ck_assert_msg(kit_backup_restore(b, 0) == 0, "%s", b->e.en);
    kit_backup_expect(b, dump, len);
    free(dump);
}

START_TEST(restored_is_equal) {
    struct kit_backup b;
    struct store_status status;
    char line[100];
    kit_backup_begin(&b);
    for (unsigned i = 0; i < 3; i++) {
        kit_backup_segment(&b);
    }
    kit_live(&b.k, 1);
    ck_assert_msg(kit_backup_make(&b) == 0, "%s", b.e.en);
    kit_backup_expect_line(&b, "copied: 4\n");
    store_status(b.k.store, &status);
    ck_assert_uint_eq(status.last_backup, b.k.now);
    ck_assert_uint_eq(status.last_backup_seq, status.head);
    snprintf(line, sizeof line, "head: %llu\n", (unsigned long long)status.head);
    kit_backup_expect_line(&b, line);
    made_equal(&b);
    kit_backup_expect_line(&b, line);
    /* It is remembered over a restart, and the restored one has none. */
    kit_reopen(&b.k, true);
    store_status(b.k.store, &status);
    ck_assert_uint_eq(status.last_backup_seq, status.head);
    struct kit made;
    kit_backup_open(&b, &made);
    store_status(made.store, &status);
    ck_assert_uint_eq(status.last_backup, 0);
    /* It goes on being used. */
    kit_live(&made, 1);
    kit_close(&made, true);
    kit_verify(&made);
    arena_free(&made.arena);
    kit_backup_end(&b);
}
END_TEST

/* Every earlier entry: the tables are those that the store had then. */
START_TEST(to_any_entry) {
    enum { STATES = 6 };
    struct kit_backup b;
    char *dump[STATES];
    size_t len[STATES];
    uint64_t seq[STATES];
    kit_backup_begin(&b);
    for (unsigned i = 0; i < STATES; i++) {
        if (i % 2 == 1) {
            kit_backup_segment(&b);
        } else {
            kit_ok(&b.k, "tally", "service", "citizen", "date", "2024-08-01", "count", "3", NULL);
        }
        seq[i] = kit_head(&b.k);
        dump_of(&b, &dump[i], &len[i]);
    }
    ck_assert_msg(kit_backup_make(&b) == 0, "%s", b.e.en);
    for (unsigned i = 0; i < STATES; i++) {
        ck_assert_msg(kit_backup_restore(&b, seq[i]) == 0, "%s", b.e.en);
        kit_backup_expect(&b, dump[i], len[i]);
        free(dump[i]);
    }
    ck_assert_msg(kit_backup_restore(&b, 2) == 0, "%s", b.e.en);
    struct kit made;
    kit_backup_open(&b, &made);
    ck_assert_uint_eq(kit_head(&made), 2);
    kit_live(&made, 1);
    kit_close(&made, true);
    kit_verify(&made);
    arena_free(&made.arena);
    kit_backup_restore_refused(&b, seq[STATES - 1] + 1, ERR_INVALID, "ends with entry");
    kit_backup_end(&b);
}
END_TEST

/* A group of many entries may be cut anywhere. */
START_TEST(to_the_middle_of_a_group) {
    struct kit_backup b;
    struct kit_answer answers[5];
    Madoguchi__Request *group[5];
    kit_backup_begin(&b);
    for (unsigned i = 0; i < 5; i++) {
        group[i] = kit_request(&b.k, "tally", "service", "citizen", "date", "2024-08-01", NULL);
    }
    uint64_t head = kit_head(&b.k);
    kit_group(&b.k, group, 5, answers);
    ck_assert_int_eq(kit_backup_make(&b), 0);
    for (uint64_t to = head; to <= head + 5; to++) {
        struct kit made;
        ck_assert_msg(kit_backup_restore(&b, to) == 0, "%s", b.e.en);
        kit_backup_open(&b, &made);
        ck_assert_uint_eq(kit_head(&made), to);
        kit_close(&made, true);
        kit_verify(&made);
        arena_free(&made.arena);
    }
    kit_backup_end(&b);
}
END_TEST

START_TEST(only_what_is_new) {
    struct kit_backup b;
    struct stat before[2];
    struct stat after[2];
    char names[2048];
    char name[2][MANIFEST_FILE_NAME];
    kit_backup_begin(&b);
    kit_backup_segment(&b);
    struct manifest_file first = {.first = 1, .last.seq = kit_head(&b.k)};
    kit_backup_segment(&b);
    struct manifest_file second = {.first = first.last.seq + 1, .last.seq = kit_head(&b.k)};
    kit_live(&b.k, 1);
    manifest_file_name(&first, name[0]);
    manifest_file_name(&second, name[1]);
    ck_assert_int_eq(kit_backup_make(&b), 0);
    for (unsigned i = 0; i < 2; i++) {
        ck_assert_int_eq(stat(kit_backup_path(b.dir, name[i]), &before[i]), 0);
    }
    kit_live(&b.k, 1);
    ck_assert_int_eq(kit_backup_make(&b), 0);
    kit_backup_expect_line(&b, "copied: 1\n");
    kit_backup_expect_line(&b, "kept: 2\n");
    for (unsigned i = 0; i < 2; i++) {
        ck_assert_int_eq(stat(kit_backup_path(b.dir, name[i]), &after[i]), 0);
        ck_assert_uint_eq(before[i].st_ino, after[i].st_ino);
        ck_assert_int_eq(before[i].st_mtim.tv_nsec, after[i].st_mtim.tv_nsec);
        ck_assert_int_eq(before[i].st_ctim.tv_nsec, after[i].st_ctim.tv_nsec);
    }
    /* The shorter copy of the open segment is gone. */
    kit_backup_names(b.dir, names);
    ck_assert_uint_eq(strlen(names), 3 * 46 + strlen(MANIFEST_NAME "\n"));
    /* Nothing new: nothing is copied.  A file that was lost is copied again. */
    ck_assert_int_eq(kit_backup_make(&b), 0);
    kit_backup_expect_line(&b, "copied: 0\n");
    ck_assert_int_eq(unlink(kit_backup_path(b.dir, name[0])), 0);
    ck_assert_int_eq(kit_backup_make(&b), 0);
    kit_backup_expect_line(&b, "copied: 1\n");
    made_equal(&b);
    kit_backup_end(&b);
}
END_TEST

struct beside {
    struct kit_backup *b;
    unsigned made;
    struct error e;
    atomic_bool done;
};

static void *back_up(void *ctx) {
    struct beside *t = ctx;
    const struct store_backup_watch watch = {0};
    for (; t->made < 15 && t->e.code == 0; t->made++) {
        if (store_backup(t->b->k.store, t->b->dir, 1000, &watch, &t->e) != 0) {
            break;
        }
    }
    atomic_store(&t->done, true);
    return NULL;
}

START_TEST(while_it_is_used) {
    struct kit_backup b;
    pthread_t thread;
    disk_calls = plain_disk;
    kit_backup_begin(&b);
    struct beside t = {.b = &b};
    ck_assert_int_eq(pthread_create(&thread, NULL, back_up, &t), 0);
    unsigned rounds = 0;
    while (!atomic_load(&t.done) || rounds < 6) {
        if (rounds % 3 == 2 && rounds < 12) {
            kit_backup_segment(&b);
        } else {
            kit_live(&b.k, 1);
        }
        rounds++;
    }
    pthread_join(thread, NULL);
    ck_assert_msg(t.made == 15, "%u: %s", t.made, t.e.en);
    /* The last of them is a whole earlier state. */
    ck_assert_msg(kit_backup_restore(&b, 0) == 0, "%s", b.e.en);
    struct kit made;
    kit_backup_open(&b, &made);
    ck_assert_uint_le(kit_head(&made), kit_head(&b.k));
    kit_close(&made, true);
    kit_verify(&made);
    arena_free(&made.arena);
    ck_assert_int_eq(kit_backup_make(&b), 0);
    made_equal(&b);
    kit_backup_end(&b);
}
END_TEST

static bool stop_at_once(void *ctx) {
    (void)ctx;
    return true;
}

START_TEST(given_up) {
    struct kit_backup b;
    struct error e;
    const struct store_backup_watch watch = {.stopped = stop_at_once};
    kit_backup_begin(&b);
    ck_assert_int_eq(store_backup(b.k.store, b.dir, 1, &watch, &e), -1);
    ck_assert_int_eq(e.code, ERR_BUSY);
    kit_backup_restore_refused(&b, 0, ERR_NOT_FOUND, "never finished");
    atomic_store(&b.k.store->backing_up, true);
    kit_backup_refused(&b, ERR_BUSY, "under way");
    atomic_store(&b.k.store->backing_up, false);
    ck_assert_int_eq(kit_backup_make(&b), 0);
    made_equal(&b);
    kit_backup_end(&b);
}
END_TEST

/* ---- what is refused ------------------------------------------------------------------ */

START_TEST(places_refused) {
    struct kit_backup b;
    char dir[KIT_PATH];
    kit_backup_begin(&b);
    snprintf(dir, sizeof dir, "%s", b.dir);
    snprintf(b.dir, sizeof b.dir, "%.150s/inside", b.k.d.store);
    kit_backup_refused(&b, ERR_INVALID, "inside the store");
    ck_assert(!kit_exists(&b.k, "inside"));
    snprintf(b.dir, sizeof b.dir, "%.150s/journal", b.k.d.store);
    kit_backup_refused(&b, ERR_INVALID, "inside the store");
    snprintf(b.dir, sizeof b.dir, "%s", b.k.d.store);
    kit_backup_refused(&b, ERR_INVALID, "inside the store");
    snprintf(b.dir, sizeof b.dir, "%s", b.k.dir);
    kit_backup_refused(&b, ERR_STATE, "neither empty nor a backup");
    snprintf(b.dir, sizeof b.dir, "%.150s/no/where", b.k.dir);
    kit_backup_refused(&b, ERR_INTERNAL, "No such file");
    snprintf(b.dir, sizeof b.dir, "%.150s/format", b.k.d.store);
    kit_backup_refused(&b, ERR_INTERNAL, "Not a directory");
    snprintf(b.dir, sizeof b.dir, "%s", dir);
    if (geteuid() != 0) {
        ck_assert_int_eq(mkdir(b.dir, 0500), 0);
        kit_backup_refused(&b, ERR_INTERNAL, "let that user write there");
        ck_assert_int_eq(chmod(b.dir, 0700), 0);
    }
    fault_disk.free_bytes = 100000;
    kit_backup_refused(&b, ERR_FULL, "free");
    fault_disk.free_bytes = 0;
    ck_assert_int_eq(kit_backup_make(&b), 0);
    kit_backup_end(&b);
}
END_TEST

START_TEST(another_store_refused) {
    struct kit_backup a;
    struct kit_backup b;
    kit_backup_begin(&a);
    kit_backup_begin(&b);
    ck_assert_int_eq(kit_backup_make(&a), 0);
    char own[KIT_PATH];
    snprintf(own, sizeof own, "%s", b.dir);
    snprintf(b.dir, sizeof b.dir, "%s", a.dir);
    kit_backup_refused(&b, ERR_CONFLICT, "another store");
    made_equal(&a);
    snprintf(b.dir, sizeof b.dir, "%s", own);
    kit_backup_end(&a);
    kit_backup_end(&b);
}
END_TEST

/* A store restored to an earlier entry is behind its backup; recorded on, it is
 * another history. */
START_TEST(ahead_and_diverged_refused) {
    struct kit_backup b;
    kit_backup_begin(&b);
    uint64_t early = kit_head(&b.k);
    kit_backup_segment(&b);
    ck_assert_int_eq(kit_backup_make(&b), 0);
    uint64_t head = kit_head(&b.k);
    ck_assert_int_eq(kit_backup_restore(&b, early), 0);
    struct kit_backup other = b;
    kit_backup_open(&b, &other.k);
    kit_backup_refused(&other, ERR_CONFLICT, "ahead of the store");
    while (kit_head(&other.k) < head) {
        kit_ok(&other.k, "tally", "service", "citizen", "date", "2024-08-01", NULL);
    }
    kit_backup_refused(&other, ERR_CONFLICT, "two histories");
    kit_close(&other.k, true);
    arena_free(&other.k.arena);
    made_equal(&b);
    kit_backup_end(&b);
}
END_TEST

/* Any bit of any file: the restore is refused, the file named. */
START_TEST(flipped_byte_refused) {
    struct kit_backup b;
    char names[2048];
    char *rest = NULL;
    unsigned tried = 0;
    kit_backup_begin(&b);
    kit_backup_segment(&b);
    kit_live(&b.k, 1);
    ck_assert_int_eq(kit_backup_make(&b), 0);
    kit_backup_names(b.dir, names);
    for (char *n = strtok_r(names, "\n", &rest); n != NULL; n = strtok_r(NULL, "\n", &rest)) {
        const char *path = kit_backup_path(b.dir, n);
        char file[KIT_PATH * 2];
        struct stat st;
        snprintf(file, sizeof file, "%s", path);
        ck_assert_int_eq(stat(file, &st), 0);
        long step = strcmp(n, MANIFEST_NAME) == 0 ? 7 : st.st_size / 40 + 1;
        for (long at = 0; at < st.st_size; at += step, tried++) {
            kit_backup_flip(file, at);
            kit_backup_restore_refused(&b, 0, ERR_DOES_NOT_HOLD, n);
            kit_backup_flip(file, at);
        }
        /* Too short, too long, not there. */
        ck_assert_int_eq(truncate(file, st.st_size - 1), 0);
        kit_backup_restore_refused(&b, 0, ERR_DOES_NOT_HOLD, n);
        ck_assert_int_eq(truncate(file, st.st_size + 1), 0);
        kit_backup_restore_refused(&b, 0, ERR_DOES_NOT_HOLD, n);
        ck_assert_int_eq(unlink(file), 0);
        kit_backup_restore_refused(
            &b, 0, strcmp(n, MANIFEST_NAME) == 0 ? ERR_NOT_FOUND : ERR_DOES_NOT_HOLD, n);
        if (strcmp(n, MANIFEST_NAME) != 0) {
            ck_assert_int_eq(kit_backup_make(&b), 0); /* copies it again */
        }
    }
    ck_assert_uint_gt(tried, 60);
    kit_backup_refused(&b, ERR_STATE, "neither empty nor a backup");
    kit_backup_end(&b);
}
END_TEST

START_TEST(existing_store_kept) {
    struct kit_backup b;
    char *dump;
    size_t len;
    kit_backup_begin(&b);
    dump_of(&b, &dump, &len);
    ck_assert_int_eq(kit_backup_make(&b), 0);
    ck_assert_int_eq(kit_backup_restore(&b, 0), 0);
    struct store_options options = {0};
    ck_assert_int_eq(store_restore(b.dir, b.made, 0, &options, NULL, NULL, &b.e), -1);
    kit_backup_expect_error(&b, ERR_STATE, "exists already");
    kit_backup_expect(&b, dump, len);
    free(dump);
    kit_backup_end(&b);
}
END_TEST

/* What is damaged in the store is not copied over a good backup. */
START_TEST(damage_is_not_copied) {
    struct kit_backup b;
    kit_backup_begin(&b);
    ck_assert_int_eq(kit_backup_make(&b), 0);
    uint64_t head = kit_head(&b.k);
    kit_live(&b.k, 1);
    kit_backup_flip(kit_path_of(&b.k, "journal/00000000000000000001.seg"), 200);
    kit_backup_refused(&b, ERR_DOES_NOT_HOLD, "00000000000000000001.seg");
    kit_backup_flip(kit_path_of(&b.k, "journal/00000000000000000001.seg"), 200);
    ck_assert_int_eq(kit_backup_restore(&b, 0), 0);
    struct kit made;
    kit_backup_open(&b, &made);
    ck_assert_uint_eq(kit_head(&made), head);
    kit_close(&made, true);
    arena_free(&made.arena);
    kit_backup_end(&b);
}
END_TEST

/* ---- interrupted ------------------------------------------------------------------------ */

/* The n-th write or flush fails, as if the daemon was killed there: what was
 * backed up before can be restored, and the next backup is whole. */
START_TEST(interrupted) {
    static const enum fault_disk_call which[] = {FAULT_PWRITE, FAULT_FSYNC};
    struct kit_backup b;
    char *old;
    size_t old_len;
    kit_backup_begin(&b);
    kit_backup_segment(&b);
    ck_assert_int_eq(kit_backup_make(&b), 0);
    for (unsigned n = 1, failed = 1; failed != 0; n++) {
        failed = 0;
        for (unsigned i = 0; i < 2; i++) {
            ck_assert_msg(kit_backup_make(&b) == 0, "%s", b.e.en);
            dump_of(&b, &old, &old_len);
            kit_ok(&b.k, "tally", "service", "citizen", "date", "2024-08-01", NULL);
            fault_disk_clear();
            fault_disk.error = ENOSPC;
            fault_disk.countdown[which[i]] = (int)n;
            int rc = kit_backup_make(&b);
            bool noted = strstr(b.lines, "note: ") != NULL;
            fault_disk_clear();
            if (rc != 0) {
                ck_assert_int_eq(b.e.code, ERR_FULL);
                failed++;
            } else if (noted) {
                failed++; /* whole, but not remembered */
            }
            ck_assert_int_eq(kit_backup_restore(&b, kit_head(&b.k) - 1), 0);
            kit_backup_expect(&b, old, old_len);
            free(old);
        }
        ck_assert_uint_lt(n, 30);
    }
    made_equal(&b);
    kit_backup_end(&b);
}
END_TEST

/* The same of the very first backup, and of a restore. */
START_TEST(interrupted_first) {
    static const enum fault_disk_call which[] = {FAULT_PWRITE, FAULT_FSYNC, FAULT_FDATASYNC};
    struct kit_backup b;
    char before[2048];
    char after[2048];
    kit_backup_begin(&b);
    for (unsigned i = 0; i < 2; i++) {
        for (unsigned n = 1; n < 30; n++) {
            kit_remove(b.dir);
            fault_disk_clear();
            fault_disk.error = EIO;
            fault_disk.countdown[which[i]] = (int)n;
            int rc = kit_backup_make(&b);
            fault_disk_clear();
            ck_assert_msg(kit_backup_make(&b) == 0, "%u %u: %s", i, n, b.e.en);
            if (rc == 0) {
                break;
            }
        }
    }
    made_equal(&b);
    kit_remove(b.made);
    kit_backup_names(b.k.dir, before);
    for (unsigned i = 0; i < 3; i++) {
        for (unsigned n = 1; n < 60; n++) {
            fault_disk_clear();
            fault_disk.error = EIO;
            fault_disk.countdown[which[i]] = (int)n;
            int rc = kit_backup_restore(&b, 0);
            fault_disk_clear();
            if (rc == 0) {
                break;
            }
            if (access(b.made, F_OK) != 0) { /* only the last flush comes after the rename */
                kit_backup_names(b.k.dir, after);
                ck_assert_str_eq(before, after);
            }
        }
    }
    made_equal(&b);
    kit_backup_end(&b);
}
END_TEST

/* ---- through the daemon ------------------------------------------------------------------- */

START_TEST(asked_of_the_daemon) {
    struct kit k;
    char dir[KIT_PATH];
    kit_start(&k, true);
    kit_live(&k, 1);
    Madoguchi__Backup backup = MADOGUCHI__BACKUP__INIT;
    Madoguchi__Request request = MADOGUCHI__REQUEST__INIT;
    request.body_case = MADOGUCHI__REQUEST__BODY_BACKUP;
    request.backup = &backup;
    ck_assert_ptr_null(kit_read(&k, &request));
    ck_assert_int_eq(k.last.code, ERR_INVALID);
    SET(&backup, directory, bytes_of("relative"));
    ck_assert_ptr_null(kit_read(&k, &request));
    ck_assert_int_eq(k.last.code, ERR_INVALID);
    ck_assert_str_eq(k.last.field, "directory");
    char text[1100];
    memset(text, 'x', sizeof text);
    text[0] = '/';
    SET(&backup, directory, ((ProtobufCBinaryData){1001, (uint8_t *)text}));
    ck_assert_ptr_null(kit_read(&k, &request));
    ck_assert_str_eq(k.last.field, "directory");
    SET(&backup, directory, bytes_of("/tmp/123456789018"));
    ck_assert_ptr_null(kit_read(&k, &request));
    ck_assert_int_eq(k.last.code, ERR_INDIVIDUAL_NUMBER);
    SET(&backup, directory, bytes_of(k.d.store));
    ck_assert_ptr_null(kit_read(&k, &request));
    ck_assert_int_eq(k.last.code, ERR_INVALID);
    snprintf(dir, sizeof dir, "%.150s/copy", k.dir);
    SET(&backup, directory, bytes_of(dir));
    const Madoguchi__Page *page = kit_read(&k, &request);
    ck_assert_msg(page != NULL, "%s", k.last.en);
    ck_assert_uint_ge(page->n_pair, 6);
    Madoguchi__Status status = MADOGUCHI__STATUS__INIT;
    request.body_case = MADOGUCHI__REQUEST__BODY_STATUS;
    request.status = &status;
    page = kit_read(&k, &request);
    unsigned seen = 0;
    for (size_t i = 0; i < page->n_pair; i++) {
        const Madoguchi__Pair *p = page->pair[i];
        seen += bytes_equal(p->name, "last_backup") && p->value.len == 20;
        seen += bytes_equal(p->name, "last_backup_seq") &&
                bytes_equal(p->value, kit_text(&k, 2 + KIT_ROUND));
        seen += bytes_equal(p->name, "last_backup_age_s") && p->value.len > 0;
    }
    ck_assert_uint_eq(seen, 3);
    kit_finish(&k);
}
END_TEST

int main(void) {
    Suite *s = suite_create("backup");
    TCase *t = tcase_create("backup");
    tcase_set_timeout(t, 120);
    tcase_add_test(t, restored_is_equal);
    tcase_add_test(t, to_any_entry);
    tcase_add_test(t, to_the_middle_of_a_group);
    tcase_add_test(t, only_what_is_new);
    tcase_add_test(t, while_it_is_used);
    tcase_add_test(t, given_up);
    tcase_add_test(t, places_refused);
    tcase_add_test(t, another_store_refused);
    tcase_add_test(t, ahead_and_diverged_refused);
    tcase_add_test(t, flipped_byte_refused);
    tcase_add_test(t, existing_store_kept);
    tcase_add_test(t, damage_is_not_copied);
    tcase_add_test(t, interrupted);
    tcase_add_test(t, interrupted_first);
    tcase_add_test(t, asked_of_the_daemon);
    suite_add_tcase(s, t);
    kit_begin();
    plain_disk = disk_calls;
    fault_disk_install();
    int status = suite_run(s);
    kit_end();
    return status;
}
