/* The proof of a damaged store: every damage is named, none makes it crash. */
#include "tests/suite.h"
#include "tests/verify_kit.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SEGMENT "journal/00000000000000000001.seg"
#define DATA    "fold/data.mdb"
#define PAGE    4096
#define FLIPS   150

/* ---- the journal -------------------------------------------------------------------- */

START_TEST(a_byte_of_a_record_is_named) {
    static const uint64_t seqs[] = {1, 2, 3, 9, 100, 700};
    static const uint32_t parts[] = {0, 4, 8, 16, 24, 55, 56, 70};
    char path[VERIFY_KIT_PATH];
    struct verify_kit_proof p;
    verify_kit_copy(path);
    for (size_t i = 0; i < sizeof seqs / sizeof seqs[0]; i++) {
        uint32_t at = verify_kit_place(path, seqs[i], NULL).offset;
        for (size_t k = 0; k < sizeof parts / sizeof parts[0]; k++) {
            char word[40];
            verify_kit_flip(path, SEGMENT, at + parts[k]);
            snprintf(word, sizeof word, "record %llu", (unsigned long long)seqs[i]);
            verify_kit_fails(path, ERR_DOES_NOT_HOLD, word, &p);
            ck_assert_ptr_nonnull(strstr(p.e.en, "00000000000000000001.seg"));
            ck_assert_str_eq(p.e.field, "journal");
            verify_kit_flip(path, SEGMENT, at + parts[k]);
        }
    }
    verify_kit_holds(path, &p);
}
END_TEST

START_TEST(a_byte_of_the_last_record_is_no_torn_tail) {
    char path[VERIFY_KIT_PATH];
    struct verify_kit_proof p;
    verify_kit_copy(path);
    uint64_t head = verify_kit_head(path);
    verify_kit_flip(path, SEGMENT, verify_kit_place(path, head, NULL).offset + 60);
    verify_kit_fails(path, ERR_DOES_NOT_HOLD, "no torn tail", &p);
}
END_TEST

START_TEST(a_missing_journal_is_named) {
    char path[VERIFY_KIT_PATH];
    char file[VERIFY_KIT_PATH + 64];
    struct verify_kit_proof p;
    verify_kit_copy(path);
    snprintf(file, sizeof file, "%s/%s", path, SEGMENT);
    ck_assert_int_eq(unlink(file), 0);
    verify_kit_fails(path, ERR_DOES_NOT_HOLD, "no segment", &p);
    snprintf(file, sizeof file, "%s/journal", path);
    ck_assert_int_eq(rmdir(file), 0);
    verify_kit_fails(path, ERR_DOES_NOT_HOLD, "journal", &p);
}
END_TEST

/* ---- each table ------------------------------------------------------------------------ */

enum change { CHANGED, MISSING, EXTRA, CHANGES };

/* Changes the middle key of a table. */
static void change_table(const char *path, enum table t, enum change change) {
    struct tables tables;
    struct txn x;
    struct cursor c;
    struct key k;
    uint8_t value[4096];
    unsigned n = 0;
    verify_kit_tables(path, &tables, &x);
    cursor_open(&c, &x, t);
    for (bool more = cursor_seek(&c, NULL); more; more = cursor_next(&c)) {
        n++;
    }
    cursor_seek(&c, NULL);
    for (unsigned i = 0; i < n / 2; i++) {
        cursor_next(&c);
    }
    ck_assert_uint_le(c.value.mv_size, sizeof value - 1);
    key_start(&k);
    key_raw(&k, c.key.mv_data, c.key.mv_size);
    size_t len = c.value.mv_size;
    memcpy(value, c.value.mv_data, len);
    cursor_close(&c);
    if (change == MISSING) {
        txn_delete(&x, t, &k);
    } else if (change == EXTRA) {
        key_u8(&k, 1);
        txn_put(&x, t, &k, value, len);
    } else if (len == 0) {
        txn_put(&x, t, &k, "x", 1);
    } else {
        value[len - 1] ^= 1;
        txn_put(&x, t, &k, value, len);
    }
    verify_kit_tables_done(&tables, &x);
}

START_TEST(a_change_in_a_table_is_named) {
    static const char *const words[CHANGES] = {"another value", "is missing", "must not be there"};
    enum table t = (enum table)_i;
    for (int change = CHANGED; change < CHANGES; change++) {
        char path[VERIFY_KIT_PATH];
        char word[40];
        struct verify_kit_proof p;
        verify_kit_copy(path);
        change_table(path, t, change);
        verify_kit_prove(path, &p);
        ck_assert_int_eq(p.rc, -1);
        ck_assert_int_eq(p.e.code, ERR_DOES_NOT_HOLD);
        ck_assert_ptr_null(strstr(p.lines, "result"));
        if (t == TABLE_META && change == CHANGED) {
            ck_assert_ptr_nonnull(strstr(p.e.en, "two histories")); /* its hash */
            continue;
        }
        snprintf(word, sizeof word, "table %s", table_name(t));
        ck_assert_str_eq(p.e.field, table_name(t));
        ck_assert_msg(strstr(p.e.en, word) != NULL && strstr(p.e.en, words[change]) != NULL,
                      "%s: %s", word, p.e.en);
    }
}
END_TEST

START_TEST(every_wrong_table_gets_a_line) {
    char path[VERIFY_KIT_PATH];
    struct verify_kit_proof p;
    verify_kit_copy(path);
    change_table(path, TABLE_CELLS, MISSING);
    change_table(path, TABLE_CASES, CHANGED);
    verify_kit_fails(path, ERR_DOES_NOT_HOLD, "table cases", &p);
    ck_assert_ptr_nonnull(strstr(p.lines, "table cases: does not hold, #"));
    ck_assert_ptr_nonnull(strstr(p.lines, "table cells: does not hold, 2024"));
    ck_assert_ptr_nonnull(strstr(p.lines, "table plans: 1 keys"));
}
END_TEST

START_TEST(a_table_too_many_is_named) {
    char path[VERIFY_KIT_PATH];
    struct verify_kit_proof p;
    struct tables t;
    struct txn x;
    MDB_dbi dbi;
    verify_kit_copy(path);
    verify_kit_tables(path, &t, &x);
    ck_assert_int_eq(mdb_drop(x.mdb, t.dbi[TABLE_LINKS], 1), 0);
    ck_assert_int_eq(mdb_dbi_open(x.mdb, "linkz", MDB_CREATE, &dbi), 0);
    verify_kit_tables_done(&t, &x);
    verify_kit_fails(path, ERR_DOES_NOT_HOLD, "linkz", &p);
    ck_assert_ptr_nonnull(strstr(p.lines, "table links: does not hold: is missing"));
}
END_TEST

/* ---- the file ----------------------------------------------------------------------------- */

static void cut(const char *path, off_t size) {
    char file[VERIFY_KIT_PATH + 64];
    snprintf(file, sizeof file, "%s/%s", path, DATA);
    ck_assert_int_eq(truncate(file, size), 0);
}

START_TEST(a_file_cut_short_does_not_hold) {
    char path[VERIFY_KIT_PATH];
    struct verify_kit_proof p;
    size_t size;
    verify_kit_copy(path);
    free(verify_kit_load(path, DATA, &size));
    size_t sizes[] = {size / 2, size / 2 + 100, 3 * PAGE, 2 * PAGE, PAGE, 100, 1, 0};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        cut(path, (off_t)sizes[i]);
        verify_kit_fails(path, ERR_DOES_NOT_HOLD, "fold/data.mdb", &p);
    }
}
END_TEST

static uint32_t random_state = 1;

static uint32_t random_number(void) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return random_state;
}

START_TEST(random_bytes_do_not_hold) {
    char path[VERIFY_KIT_PATH];
    struct verify_kit_proof p;
    size_t size;
    verify_kit_copy(path);
    uint8_t *data = verify_kit_load(path, DATA, &size);
    for (size_t i = 2 * PAGE; i < size; i++) {
        data[i] = (uint8_t)random_number();
    }
    verify_kit_poke(path, DATA, data, size, 0); /* with sound first pages */
    verify_kit_fails(path, ERR_DOES_NOT_HOLD, "fold/data.mdb", &p);
    for (size_t i = 0; i < 2 * PAGE; i++) {
        data[i] = (uint8_t)random_number();
    }
    verify_kit_poke(path, DATA, data, size, 0);
    verify_kit_fails(path, ERR_DOES_NOT_HOLD, "fold/data.mdb", &p);
    free(data);
}
END_TEST

/* A hash of every key and value that LMDB reads, in a child because it may
 * crash; 0 when it cannot be read. */
static uint64_t dump_in_child(const char *path) {
    struct tables t;
    struct txn x;
    struct error e = {0};
    char fold[VERIFY_KIT_PATH + 8];
    uint64_t hash = 0xcbf29ce484222325;
    snprintf(fold, sizeof fold, "%s/fold", path);
    if (tables_open(&t, fold, 1u << 30, true, &e) < 0 || txn_begin(&x, &t, false, &e) < 0) {
        return 0;
    }
    for (int table = 0; table < TABLE_COUNT; table++) {
        struct cursor c;
        cursor_open(&c, &x, table);
        for (bool more = cursor_seek(&c, NULL); more; more = cursor_next(&c)) {
            MDB_val part[] = {c.key, c.value};
            for (int i = 0; i < 2; i++) {
                hash = (hash ^ part[i].mv_size) * 0x100000001b3;
                for (size_t b = 0; b < part[i].mv_size; b++) {
                    hash = (hash ^ ((uint8_t *)part[i].mv_data)[b]) * 0x100000001b3;
                }
            }
        }
    }
    return x.failed != 0 ? 0 : hash;
}

static uint64_t dump(const char *path) {
    int fds[2];
    uint64_t hash = 0;
    ck_assert_int_eq(pipe(fds), 0);
    pid_t pid = fork();
    if (pid == 0) {
        alarm(20);
        hash = dump_in_child(path);
        _exit(write(fds[1], &hash, sizeof hash) == sizeof hash ? 0 : 1);
    }
    close(fds[1]);
    if (read(fds[0], &hash, sizeof hash) != (ssize_t)sizeof hash) {
        hash = 0;
    }
    close(fds[0]);
    waitpid(pid, NULL, 0);
    return hash;
}

/* Whatever is changed: no crash, and "holds" only where all is as it was. */
START_TEST(flipped_bytes_never_pass) {
    char path[VERIFY_KIT_PATH];
    struct verify_kit_proof p;
    size_t size;
    unsigned found = 0;
    verify_kit_copy(path);
    uint8_t *data = verify_kit_load(path, DATA, &size);
    uint64_t sound = dump(path);
    ck_assert_uint_ne(sound, 0);
    random_state = 7u + (uint32_t)_i;
    for (int i = 0; i < FLIPS; i++) {
        /* Half of them where pages say what they are, and in the first two. */
        size_t at = random_number() % size;
        if (i % 4 == 0) {
            at = at / PAGE * PAGE + random_number() % 64;
        } else if (i % 4 == 1) {
            at = random_number() % 2 * PAGE + random_number() % 160;
        }
        uint8_t byte = data[at] ^ (uint8_t)(1u << random_number() % 8);
        verify_kit_poke(path, DATA, &byte, 1, at);
        verify_kit_prove(path, &p);
        bool holds = p.rc == 0 && strstr(p.lines, "result: holds") != NULL;
        ck_assert_msg(p.rc == 0 || p.e.code == ERR_DOES_NOT_HOLD, "%zu: %s", at, p.e.en);
        /* An older state that stands whole is one too, and it is said. */
        bool older = strstr(p.lines, "lag: ") != NULL || strstr(p.lines, "cells: stand") != NULL;
        ck_assert_msg(!holds || older || dump(path) == sound, "byte %zu of page %zu: %s", at % PAGE,
                      at / PAGE, p.lines);
        found += !holds;
        verify_kit_poke(path, DATA, data + at, 1, at);
    }
    ck_assert_uint_gt(found, FLIPS / 10);
    verify_kit_holds(path, &p);
    free(data);
}
END_TEST

/* ---- pages ------------------------------------------------------------------------------ */

/* The newest of LMDB's two first pages: where its list of free pages begins. */
static size_t meta_at(const uint8_t *data) {
    uint64_t first;
    uint64_t second;
    memcpy(&first, data + 16 + 128, 8);
    memcpy(&second, data + PAGE + 16 + 128, 8);
    return first > second ? 16 : PAGE + 16;
}

static uint64_t u64_at(const uint8_t *data, size_t at) {
    uint64_t v;
    memcpy(&v, data + at, 8);
    return v;
}

/* A page that a table uses is put on the list of free pages: nothing is wrong
 * yet, but the next entries would be written over it. */
START_TEST(a_used_page_on_the_free_list_is_named) {
    char path[VERIFY_KIT_PATH];
    struct verify_kit_proof p;
    size_t size;
    verify_kit_copy(path);
    uint8_t *data = verify_kit_load(path, DATA, &size);
    size_t meta = meta_at(data);
    size_t leaf = u64_at(data, meta + 24 + 40) * PAGE;
    uint16_t node;
    memcpy(&node, data + leaf + 16, 2);
    size_t list = leaf + node + 8 + 8; /* behind the node's header and key */
    ck_assert_uint_gt(u64_at(data, list), 0);
    uint64_t used = u64_at(data, meta + 24 + 48 + 40); /* the page of the tables' names */
    size_t names = used * PAGE;
    uint16_t first;
    memcpy(&first, data + names + 16, 2);
    uint64_t root = u64_at(data, names + first + 8 + strlen("cases") + 40);
    verify_kit_poke(path, DATA, &root, 8, list + 8);
    verify_kit_fails(path, ERR_DOES_NOT_HOLD, "page", &p);
    free(data);
}
END_TEST

/* The older of the first two pages is made the newer: a reader and a writer
 * would take different ones. */
START_TEST(first_pages_in_the_wrong_order_are_named) {
    char path[VERIFY_KIT_PATH];
    struct verify_kit_proof p;
    size_t size;
    verify_kit_copy(path);
    uint8_t *data = verify_kit_load(path, DATA, &size);
    size_t older = PAGE + 32 - meta_at(data);
    uint64_t number = u64_at(data, meta_at(data) + 128) + 2;
    verify_kit_poke(path, DATA, &number, 8, older + 128);
    verify_kit_fails(path, ERR_DOES_NOT_HOLD, "fold/data.mdb", &p);
    free(data);
}
END_TEST

int main(void) {
    Suite *s = suite_create("verify_damage");
    TCase *c = tcase_create("damage");
    verify_kit_begin();
    tcase_add_unchecked_fixture(c, verify_kit_setup, NULL);
    tcase_set_timeout(c, 300);
    tcase_add_test(c, a_byte_of_a_record_is_named);
    tcase_add_test(c, a_byte_of_the_last_record_is_no_torn_tail);
    tcase_add_test(c, a_missing_journal_is_named);
    tcase_add_loop_test(c, a_change_in_a_table_is_named, 0, TABLE_COUNT);
    tcase_add_test(c, every_wrong_table_gets_a_line);
    tcase_add_test(c, a_table_too_many_is_named);
    tcase_add_test(c, a_file_cut_short_does_not_hold);
    tcase_add_test(c, random_bytes_do_not_hold);
    tcase_add_loop_test(c, flipped_bytes_never_pass, 0, 3);
    tcase_add_test(c, a_used_page_on_the_free_list_is_named);
    tcase_add_test(c, first_pages_in_the_wrong_order_are_named);
    suite_add_tcase(s, c);
    int status = suite_run(s);
    verify_kit_end();
    return status;
}
