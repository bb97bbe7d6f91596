/* The proof of a store: what holds, what lags, what changes nothing. */
#include "store/verify.h"
#include "tests/suite.h"
#include "tests/verify_kit.h"

#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static unsigned count_entries(const char *directory) {
    unsigned n = 0;
    DIR *d = opendir(directory);
    ck_assert_ptr_nonnull(d);
    while (readdir(d) != NULL) {
        n++;
    }
    closedir(d);
    return n;
}

static void says(const struct verify_kit_proof *p, const char *line) {
    ck_assert_msg(strstr(p->lines, line) != NULL, "'%s' is not in:\n%s", line, p->lines);
}

static void says_not(const struct verify_kit_proof *p, const char *line) {
    ck_assert_msg(strstr(p->lines, line) == NULL, "'%s' is in:\n%s", line, p->lines);
}

START_TEST(a_sound_store_holds) {
    char path[VERIFY_KIT_PATH];
    char line[80];
    struct verify_kit_proof p;
    verify_kit_copy(path);
    verify_kit_holds(path, &p);
    says(&p, "result: holds");
    says(&p, "segments: 1\n");
    says_not(&p, "lag");
    says_not(&p, "torn");
    snprintf(line, sizeof line, "head: %llu\n", (unsigned long long)verify_kit_head(path));
    says(&p, line);
    snprintf(line, sizeof line, "applied: %llu\n", (unsigned long long)verify_kit_head(path));
    says(&p, line);
    for (int t = 0; t < TABLE_COUNT; t++) {
        snprintf(line, sizeof line, "table %s: ", table_name(t));
        says(&p, line);
        snprintf(line, sizeof line, "table %s: 0 keys", table_name(t));
        says_not(&p, line); /* or this test would prove little */
    }
}
END_TEST

START_TEST(lines_may_be_unwanted) {
    char path[VERIFY_KIT_PATH];
    struct error e = {0};
    verify_kit_copy(path);
    ck_assert_int_eq(store_verify(path, false, NULL, NULL, NULL, &e), 0);
}
END_TEST

/* In the store, beside it, in the temporary folder, among the descriptors. */
START_TEST(nothing_is_changed) {
    char path[VERIFY_KIT_PATH];
    char beside[VERIFY_KIT_PATH + 4];
    char temporary[VERIFY_KIT_PATH];
    struct verify_kit_proof p;
    verify_kit_copy(path);
    verify_kit_copy(temporary);
    snprintf(beside, sizeof beside, "%s/..", path);
    setenv("TMPDIR", temporary, 1);
    for (int damaged = 0; damaged < 3; damaged++) {
        if (damaged == 1) {
            verify_kit_flip(path, "fold/data.mdb", 16);
            verify_kit_flip(path, "fold/data.mdb", 4096 + 16);
        } else if (damaged == 2) {
            verify_kit_flip(path, "journal/00000000000000000001.seg", 64 + 60);
        }
        uint64_t before = verify_kit_print(path);
        unsigned files = count_entries(beside) + count_entries(temporary);
        unsigned descriptors = count_entries("/proc/self/fd");
        verify_kit_prove(path, &p);
        ck_assert_int_eq(p.rc == 0, damaged == 0);
        ck_assert_uint_eq(verify_kit_print(path), before);
        ck_assert_uint_eq(count_entries(beside) + count_entries(temporary), files);
        ck_assert_uint_eq(count_entries("/proc/self/fd"), descriptors);
    }
    unsetenv("TMPDIR");
}
END_TEST

START_TEST(a_running_daemon_is_not_disturbed) {
    char path[VERIFY_KIT_PATH];
    struct verify_kit_proof p;
    verify_kit_copy(path);
    struct store *s = verify_kit_open(path);
    verify_kit_fails(path, ERR_STATE, "in use", &p);
    store_close(s, true);
    verify_kit_holds(path, &p);
}
END_TEST

START_TEST(what_is_no_store_is_refused) {
    char path[VERIFY_KIT_PATH];
    struct verify_kit_proof p;
    verify_kit_copy(path);
    verify_kit_poke(path, "format", "madoguchi store 9\n", 18, 0);
    verify_kit_fails(path, ERR_STATE, "newer", &p);
    verify_kit_poke(path, "format", "something other 1\n", 18, 0);
    verify_kit_fails(path, ERR_STATE, "not a store", &p);
    verify_kit_fails("/nowhere/at/all", ERR_INTERNAL, "/nowhere", &p);
}
END_TEST

static void remove_in(const char *path, const char *file) {
    char name[VERIFY_KIT_PATH + 64];
    snprintf(name, sizeof name, "%s/%s", path, file);
    ck_assert_int_eq(unlink(name), 0);
}

START_TEST(a_store_without_its_lock_is_proved) {
    char path[VERIFY_KIT_PATH];
    char lock[VERIFY_KIT_PATH + 8];
    struct verify_kit_proof p;
    verify_kit_copy(path);
    remove_in(path, "lock");
    verify_kit_holds(path, &p);
    snprintf(lock, sizeof lock, "%s/lock", path);
    ck_assert_int_ne(access(lock, F_OK), 0);
}
END_TEST

START_TEST(without_folds_the_journal_is_proved) {
    char path[VERIFY_KIT_PATH];
    struct verify_kit_proof p;
    verify_kit_copy(path);
    remove_in(path, "fold/data.mdb");
    verify_kit_holds(path, &p);
    says(&p, "folds: not there");
    says(&p, "result: the journal holds");
    says_not(&p, "result: holds");
}
END_TEST

static void set_version(const char *path, uint32_t version) {
    struct tables t;
    struct txn x;
    struct key k;
    MDB_val v;
    uint8_t value[44];
    verify_kit_tables(path, &t, &x);
    key_start(&k);
    key_raw(&k, "fold", 4);
    ck_assert(txn_get(&x, TABLE_META, &k, &v) && v.mv_size == sizeof value);
    memcpy(value, v.mv_data, sizeof value);
    put_u32(value, version);
    txn_put(&x, TABLE_META, &k, value, sizeof value);
    verify_kit_tables_done(&t, &x);
}

START_TEST(folds_of_another_version_are_not_compared) {
    char path[VERIFY_KIT_PATH];
    struct verify_kit_proof p;
    verify_kit_copy(path);
    set_version(path, FOLD_VERSION + 1);
    verify_kit_holds(path, &p);
    says(&p, "folds: not compared");
    says_not(&p, "result: holds");
    set_version(path, 0x40000001);
    verify_kit_fails(path, ERR_DOES_NOT_HOLD, "version", &p);
}
END_TEST

START_TEST(folds_of_before_a_power_failure_are_not_compared) {
    char path[VERIFY_KIT_PATH];
    struct verify_kit_proof p;
    verify_kit_copy(path);
    verify_kit_flip(path, "boot", 3);
    verify_kit_holds(path, &p); /* after a clean stop the boot does not matter */
    says(&p, "result: holds");
    remove_in(path, "clean");
    verify_kit_holds(path, &p);
    says(&p, "folds: not compared");
    says_not(&p, "result: holds");
}
END_TEST

START_TEST(a_torn_tail_is_told) {
    char path[VERIFY_KIT_PATH];
    struct verify_kit_proof p;
    size_t len;
    verify_kit_copy(path);
    struct journal_place last = verify_kit_place(path, verify_kit_head(path), &len);
    uint8_t torn[200];
    memset(torn, 0x5a, sizeof torn);
    put_u32(torn, 0x64000000);
    verify_kit_poke(path, "journal/00000000000000000001.seg", torn, sizeof torn,
                    last.offset + journal_record_bytes(len));
    verify_kit_holds(path, &p);
    says(&p, "torn tail: 200 bytes");
    says(&p, "result: holds");
}
END_TEST

START_TEST(folds_behind_are_compared_where_they_stand) {
    char old[VERIFY_KIT_PATH];
    char path[VERIFY_KIT_PATH];
    struct verify_kit_proof p;
    verify_kit_copy(old);
    verify_kit_copy(path);
    struct store *s = verify_kit_open(path);
    verify_kit_record(s, 100, 7);
    store_close(s, true);
    verify_kit_put_back(old, path, "fold/data.mdb");
    verify_kit_holds(path, &p);
    says(&p, "lag: the folds stand 100 entries behind");
    says(&p, "result: holds");
}
END_TEST

START_TEST(folds_ahead_do_not_hold) {
    char newer[VERIFY_KIT_PATH];
    char path[VERIFY_KIT_PATH];
    struct verify_kit_proof p;
    verify_kit_copy(newer);
    verify_kit_copy(path);
    struct store *s = verify_kit_open(newer);
    verify_kit_record(s, 10, 10);
    store_close(s, true);
    verify_kit_put_back(newer, path, "fold/data.mdb");
    verify_kit_fails(path, ERR_DOES_NOT_HOLD, "end is missing", &p);
}
END_TEST

/* The same number of entries, other ones. */
START_TEST(two_histories_do_not_hold) {
    char a[VERIFY_KIT_PATH];
    char b[VERIFY_KIT_PATH];
    struct verify_kit_proof p;
    verify_kit_copy(a);
    verify_kit_copy(b);
    struct store *s = verify_kit_open(a);
    verify_kit_record(s, 10, 10);
    store_close(s, true);
    s = verify_kit_open(b); /* with other request ids */
    verify_kit_record(s, 10, 10);
    store_close(s, true);
    verify_kit_holds(b, &p);
    verify_kit_put_back(a, b, "fold/data.mdb");
    verify_kit_fails(b, ERR_DOES_NOT_HOLD, "two histories", &p);
}
END_TEST

/* A cleanly stopped store knows where its journal ends. */
START_TEST(a_journal_cut_short_does_not_hold) {
    char path[VERIFY_KIT_PATH];
    struct verify_kit_proof p;
    size_t len;
    verify_kit_copy(path);
    struct journal_place last = verify_kit_place(path, verify_kit_head(path), &len);
    uint8_t *zeros = calloc(1, journal_record_bytes(len));
    verify_kit_poke(path, "journal/00000000000000000001.seg", zeros, journal_record_bytes(len),
                    last.offset);
    free(zeros);
    verify_kit_fails(path, ERR_DOES_NOT_HOLD, "end is missing", &p);
    remove_in(path, "clean"); /* the folds know it too */
    verify_kit_fails(path, ERR_DOES_NOT_HOLD, "end is missing", &p);
}
END_TEST

START_TEST(many_segments_hold) {
    char path[VERIFY_KIT_PATH];
    struct verify_kit_proof p;
    verify_kit_copy(path);
    for (int i = 0; i < 3; i++) {
        struct store *s = verify_kit_open(path);
        verify_kit_record(s, 30000, 1000);
        store_close(s, i % 2 == 0);
    }
    verify_kit_holds(path, &p);
    says(&p, "result: holds");
    says_not(&p, "segments: 1\n");
}
END_TEST

/* ---- where the work is done ------------------------------------------------------------ */

START_TEST(without_a_temporary_folder_it_works_beside_the_store) {
    char path[VERIFY_KIT_PATH];
    char beside[VERIFY_KIT_PATH + 4];
    struct verify_kit_proof p;
    verify_kit_copy(path);
    snprintf(beside, sizeof beside, "%s/..", path);
    unsigned files = count_entries(beside);
    setenv("TMPDIR", "/nowhere/at/all", 1);
    verify_kit_holds(path, &p);
    unsetenv("TMPDIR");
    ck_assert_uint_eq(count_entries(beside), files);
}
END_TEST

START_TEST(without_room_it_is_refused) {
    char path[VERIFY_KIT_PATH];
    struct error e = {0};
    verify_kit_copy(path);
    ck_assert_int_eq(verify_file(path, UINT64_MAX / 2, &e), -1);
    ck_assert_int_eq(e.code, ERR_FULL);
    ck_assert_ptr_nonnull(strstr(e.en, "TMPDIR"));
}
END_TEST

/* ---- keys in words ------------------------------------------------------------------------ */

START_TEST(keys_are_readable) {
    static const struct {
        enum table table;
        const char *key;
        size_t len;
        const char *text;
    } samples[] = {
        {TABLE_META, "fold", 4, "fold (666f6c64)"},
        {TABLE_ENTRIES, "\0\0\0\0\0\0\0\x0c", 8, "#12 (000000000000000c)"},
        {TABLE_ENTRIES, "\0\0\0\x0c", 4, "(0000000c)"},
        {TABLE_LINKS, "\0\0\0\0\0\0\0\x05\0\0\0\0\0\0\0\x06", 16,
         "#5 #6 (00000000000000050000000000000006)"},
        {TABLE_NUMBERS, "M\x07\xe8\0\0\0\x7b", 7, "M-2024-000123 (4d07e80000007b)"},
        {TABLE_REQUESTS, "uid:1\0\xff\x01", 8, "uid:1 (7569643a3100ff01)"},
        {TABLE_CELLS, "\x01\x34\xd7\x1a\x02pin\0\0", 10,
         "20240154 roll-up 2 pin - (0134d71a0270696e0000)"},
        {TABLE_PLANS, "nagai", 5, "(6e61676169)"},
        {TABLE_PUBLICATIONS, "n\0\0\0\x07\xe8\0\0\0\0\0\0\0\x05", 14,
         "n 2024 #5 (6e00000007e80000000000000005)"},
        {TABLE_COUNT, "me\xff", 3, "me? (6d65ff)"},
    };
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        char text[VERIFY_KEY_TEXT];
        verify_key_text(samples[i].table, (const uint8_t *)samples[i].key, samples[i].len, text);
        ck_assert_str_eq(text, samples[i].text);
    }
    uint8_t long_key[VERIFY_KEY_MAX];
    memset(long_key, 'x', sizeof long_key);
    for (int t = 0; t <= TABLE_COUNT; t++) {
        for (size_t len = 0; len <= sizeof long_key; len++) {
            char text[VERIFY_KEY_TEXT];
            verify_key_text(t, long_key, len, text);
            ck_assert_uint_lt(strlen(text), sizeof text);
        }
    }
}
END_TEST

/* ---- online --------------------------------------------------------------------------------- */

struct online {
    struct store *store;
    struct verify_kit_proof proof;
    atomic_bool done;
};

static void *prove_online(void *ctx) {
    struct online *o = ctx;
    o->proof.rc = store_verify_online(o->store, NULL, verify_kit_line, &o->proof, &o->proof.e);
    atomic_store(&o->done, true);
    return NULL;
}

/* The writer goes on all the while, over the ends of segments. */
START_TEST(online_it_holds_while_entries_are_recorded) {
    char path[VERIFY_KIT_PATH];
    struct store_options options = {.segment_bytes = JOURNAL_SEGMENT_MIN};
    struct online o = {0};
    struct error e = {0};
    pthread_t thread;
    verify_kit_copy(path);
    ck_assert_msg(store_open(path, &options, &o.store, &e) == 0, "%s", e.en);
    unsigned descriptors = count_entries("/proc/self/fd");
    for (int i = 0; i < 5; i++) {
        o.proof = (struct verify_kit_proof){0};
        atomic_store(&o.done, false);
        ck_assert_int_eq(pthread_create(&thread, NULL, prove_online, &o), 0);
        do {
            verify_kit_record(o.store, 50, 5);
        } while (!atomic_load(&o.done));
        pthread_join(thread, NULL);
        ck_assert_msg(o.proof.rc == 0, "%s", o.proof.e.en);
        says(&o.proof, "result: holds");
    }
    store_close(o.store, true);
    ck_assert_uint_le(count_entries("/proc/self/fd"), descriptors);
    verify_kit_holds(path, &o.proof);
}
END_TEST

START_TEST(online_a_wrong_table_is_named) {
    char path[VERIFY_KIT_PATH];
    struct online o = {0};
    struct error e = {0};
    struct txn x;
    verify_kit_copy(path);
    o.store = verify_kit_open(path);
    struct key k = key_of_u64(5);
    ck_assert_int_eq(txn_begin(&x, &o.store->tables, true, &e), 0);
    txn_delete(&x, TABLE_ENTRIES, &k);
    ck_assert_int_eq(txn_commit(&x, &e), 0);
    prove_online(&o);
    ck_assert_int_eq(o.proof.rc, -1);
    ck_assert_int_eq(o.proof.e.code, ERR_DOES_NOT_HOLD);
    ck_assert_ptr_nonnull(strstr(o.proof.e.en, "table entries, #5 "));
    store_close(o.store, true);
}
END_TEST

START_TEST(online_it_needs_room) {
    char path[VERIFY_KIT_PATH];
    struct online o = {0};
    struct store_options options = {0};
    struct error e = {0};
    verify_kit_copy(path);
    ck_assert_msg(store_open(path, &options, &o.store, &e) == 0, "%s", e.en);
    o.store->options.free_floor_bytes = UINT64_MAX / 4;
    prove_online(&o);
    ck_assert_int_eq(o.proof.rc, -1);
    ck_assert_int_eq(o.proof.e.code, ERR_FULL);
    store_close(o.store, true);
}
END_TEST

int main(void) {
    Suite *s = suite_create("verify");
    TCase *offline = tcase_create("offline");
    TCase *online = tcase_create("online");
    verify_kit_begin();
    tcase_add_unchecked_fixture(offline, verify_kit_setup, NULL);
    tcase_add_unchecked_fixture(online, verify_kit_setup, NULL);
    tcase_set_timeout(offline, 120);
    tcase_add_test(offline, a_sound_store_holds);
    tcase_add_test(offline, lines_may_be_unwanted);
    tcase_add_test(offline, nothing_is_changed);
    tcase_add_test(offline, a_running_daemon_is_not_disturbed);
    tcase_add_test(offline, what_is_no_store_is_refused);
    tcase_add_test(offline, a_store_without_its_lock_is_proved);
    tcase_add_test(offline, without_folds_the_journal_is_proved);
    tcase_add_test(offline, folds_of_another_version_are_not_compared);
    tcase_add_test(offline, folds_of_before_a_power_failure_are_not_compared);
    tcase_add_test(offline, a_torn_tail_is_told);
    tcase_add_test(offline, folds_behind_are_compared_where_they_stand);
    tcase_add_test(offline, folds_ahead_do_not_hold);
    tcase_add_test(offline, two_histories_do_not_hold);
    tcase_add_test(offline, a_journal_cut_short_does_not_hold);
    tcase_add_test(offline, many_segments_hold);
    tcase_add_test(offline, without_a_temporary_folder_it_works_beside_the_store);
    tcase_add_test(offline, without_room_it_is_refused);
    tcase_add_test(offline, keys_are_readable);
    tcase_set_timeout(online, 120);
    tcase_add_test(online, online_it_holds_while_entries_are_recorded);
    tcase_add_test(online, online_a_wrong_table_is_named);
    tcase_add_test(online, online_it_needs_room);
    suite_add_tcase(s, offline);
    suite_add_tcase(s, online);
    int status = suite_run(s);
    verify_kit_end();
    return status;
}
