/* The store across stops: clean ones, crashes, lost, older and newer folds; and
 * groups of every size. */
#include "proto/yaml.h"
#include "store/internal.h"
#include "tests/kit_files.h"
#include "tests/kit_private.h"
#include "tests/suite.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

/* plans/catalogue.yaml, embedded by the Makefile. */
extern const unsigned char catalogue_yaml[];
extern const size_t catalogue_yaml_len;

/* ---- stops ---------------------------------------------------------------------------- */

START_TEST(clean_stop) {
    struct kit k;
    kit_files_begin(&k);
    kit_live(&k, 3);
    ck_assert(!kit_exists(&k, "clean"));
    kit_close(&k, true);
    ck_assert(kit_exists(&k, "clean"));
    kit_open(&k);
    ck_assert(!kit_exists(&k, "clean"));
    ck_assert_str_eq(kit_notices, "");
    kit_expect_rounds(&k, 3);
    kit_live(&k, 1);
    kit_expect_rounds(&k, 4);
    kit_finish(&k);
}
END_TEST

START_TEST(stop_without_a_mark) {
    struct kit k;
    kit_files_begin(&k);
    kit_live(&k, 3);
    kit_reopen(&k, false);
    ck_assert_str_eq(kit_notices, "");
    kit_expect_rounds(&k, 3);
    ck_assert_str_eq(kit_log(&k, "migration", "2024-04-15", NULL), "M-2024-000004");
    kit_finish(&k);
}
END_TEST

START_TEST(another_boot_refolds) {
    struct kit k;
    kit_files_begin(&k);
    kit_live(&k, 3);
    kit_close(&k, false);
    kit_write_text(&k, "boot", "00000000-0000-0000-0000-000000000000\n");
    kit_open(&k);
    ck_assert_ptr_nonnull(strstr(kit_notices, "without a clean stop"));
    kit_expect_rounds(&k, 3);
    /* After a clean stop the folds were flushed: another boot is fine. */
    kit_close(&k, true);
    kit_write_text(&k, "boot", "00000000-0000-0000-0000-000000000000\n");
    kit_notices[0] = '\0';
    kit_open(&k);
    ck_assert_str_eq(kit_notices, "");
    kit_expect_rounds(&k, 3);
    kit_finish(&k);
}
END_TEST

START_TEST(lost_folds_are_made_again) {
    struct kit k;
    kit_files_begin(&k);
    kit_live(&k, 3);
    size_t before;
    size_t after;
    char *first = kit_dump(&k, &before);
    kit_close(&k, true);
    kit_remove(kit_path_of(&k, "fold"));
    kit_open(&k);
    ck_assert_ptr_nonnull(strstr(kit_notices, "not there"));
    kit_expect_rounds(&k, 3);
    char *second = kit_dump(&k, &after);
    ck_assert_uint_eq(before, after);
    ck_assert_mem_eq(first, second, after);
    free(first);
    free(second);
    /* Not LMDB at all. */
    kit_close(&k, true);
    kit_write_text(&k, "fold/data.mdb", "this is no database, whatever its name says");
    kit_notices[0] = '\0';
    kit_open(&k);
    ck_assert_ptr_nonnull(strstr(kit_notices, "cannot be read"));
    kit_expect_rounds(&k, 3);
    kit_finish(&k);
}
END_TEST

/* An older state of the folds catches up, from a clean stop or not. */
START_TEST(older_folds_catch_up) {
    struct kit k;
    kit_files_begin(&k);
    kit_live(&k, 2);
    kit_close(&k, true);
    kit_save(&k, "fold");
    kit_open(&k);
    kit_live(&k, 3);
    size_t before;
    size_t after;
    char *first = kit_dump(&k, &before);
    kit_close(&k, _i == 0);
    kit_put_back(&k, "fold");
    kit_open(&k);
    ck_assert_str_eq(kit_notices, "");
    kit_expect_rounds(&k, 5);
    char *second = kit_dump(&k, &after);
    ck_assert_uint_eq(before, after);
    ck_assert_mem_eq(first, second, after);
    free(first);
    free(second);
    /* Known requests are known again. */
    kit_ok(&k, "tally", "service", "citizen", "date", "2024-07-01", "count", "4", "+source",
           "正の字", "+nth", "5", NULL);
    ck_assert(k.last.known);
    kit_finish(&k);
}
END_TEST

START_TEST(folds_ahead_of_the_journal) {
    struct kit k;
    kit_files_begin(&k);
    kit_live(&k, 2);
    kit_close(&k, true);
    kit_save(&k, "journal");
    kit_save(&k, "clean");
    kit_open(&k);
    kit_live(&k, 1);
    kit_close(&k, true);
    kit_save(&k, "fold");
    kit_put_back(&k, "journal");
    if (_i == 0) {
        kit_put_back(&k, "clean");
    } else {
        kit_remove(kit_path_of(&k, "clean"));
    }
    kit_open_refused(&k, ERR_DOES_NOT_HOLD, "restore");
    kit_open_refused(&k, ERR_DOES_NOT_HOLD, "restore");
    /* Never refolded over silently: the folds are as they were. */
    kit_shell("cmp %s %s/saved/fold/data.mdb", kit_path_of(&k, "fold/data.mdb"), k.dir);
    arena_free(&k.arena);
}
END_TEST

START_TEST(folds_of_another_version) {
    struct kit k;
    kit_files_begin(&k);
    kit_live(&k, 2);
    struct txn x;
    struct key key;
    struct error e;
    uint8_t value[44];
    MDB_val v;
    ck_assert_int_eq(store_settle(k.store, &e), 0);
    ck_assert_int_eq(txn_begin(&x, &k.store->tables, true, &e), 0);
    key_start(&key);
    key_raw(&key, "fold", 4);
    ck_assert(txn_get(&x, TABLE_META, &key, &v));
    ck_assert_uint_eq(v.mv_size, sizeof value);
    memcpy(value, v.mv_data, sizeof value);
    put_u32(value, FOLD_VERSION - 1);
    txn_put(&x, TABLE_META, &key, value, sizeof value);
    ck_assert_int_eq(txn_commit(&x, &e), 0);
    kit_reopen(&k, _i == 0);
    ck_assert_ptr_nonnull(strstr(kit_notices, "another version"));
    kit_expect_rounds(&k, 2);
    kit_finish(&k);
}
END_TEST

static void abort_a_group(struct kit *k, int entries) {
    struct store_actor actor = {.id = "uid:1"};
    struct store_result result;
    struct error e;
    ck_assert_int_eq(store_begin(k->store, k->now, &e), STORE_DONE);
    for (int i = 0; i < entries; i++) {
        ck_assert_int_eq(
            store_record(k->store, &actor,
                         kit_request(k, "log", "service", "migration", "date", "2024-04-15", NULL),
                         &k->arena, &result, &e),
            0);
    }
    ck_assert_uint_eq(store_group_entries(k->store), entries);
    store_abort(k->store);
}

/* The tables' transaction stays open over groups: neither a crash nor a group
 * that is given up loses those before it. */
START_TEST(recorded_but_not_committed) {
    struct kit k;
    kit_files_begin(&k);
    for (unsigned i = 0; i < 12; i++) {
        kit_live(&k, 1);
        if (i % 4 == 1) {
            abort_a_group(&k, 3);
        }
        if (i % 3 == 2) {
            kit_expect_rounds(&k, i + 1);
        }
        if (i % 4 == 3) {
            kit_reopen(&k, false);
        }
    }
    kit_expect_rounds(&k, 12);
    kit_finish(&k);
}
END_TEST

/* ---- groups ---------------------------------------------------------------------------- */

START_TEST(an_aborted_group_leaves_nothing) {
    struct kit k;
    kit_files_begin(&k);
    kit_live(&k, 1);
    struct error e;
    size_t before;
    size_t after;
    char *first = kit_dump(&k, &before);
    abort_a_group(&k, 5);
    char *second = kit_dump(&k, &after);
    ck_assert_uint_eq(before, after);
    ck_assert_mem_eq(first, second, after);
    free(first);
    free(second);
    kit_expect_rounds(&k, 1);
    /* An empty group is no entry. */
    ck_assert_int_eq(store_begin(k.store, k.now, &e), STORE_DONE);
    ck_assert_int_eq(store_commit(k.store, &e), STORE_DONE);
    ck_assert_str_eq(kit_log(&k, "migration", "2024-04-15", NULL), "M-2024-000002");
    kit_finish(&k);
}
END_TEST

/* Who waits to copy the tables gets them, also while nothing is recorded. */
START_TEST(tables_are_let_go_for_a_copy) {
    struct kit k;
    struct error e;
    kit_files_begin(&k);
    for (int recorded = 0; recorded < 2; recorded++) {
        ck_assert_int_eq(store_settle(k.store, &e), 0);
        if (recorded) {
            kit_live(&k, 1);
        }
        ck_assert_int_eq(store_begin(k.store, k.now, &e), STORE_DONE);
        atomic_fetch_add(&k.store->copying, 1);
        ck_assert_int_eq(store_commit(k.store, &e), STORE_DONE);
        atomic_fetch_sub(&k.store->copying, 1);
        ck_assert(!follow_is_open(k.store->follow));
    }
    kit_expect_rounds(&k, 1);
    kit_finish(&k);
}
END_TEST

/* What may fill LMDB's memory is committed whatever the time: the clock stands
 * still here.  Days far from each other: their rows lie on pages of their own. */
START_TEST(a_large_transaction_ends) {
    enum { N = 1000, GROUPS = 45 };
    static Madoguchi__Request *all[N];
    static struct kit_answer answers[N];
    struct kit k;
    struct error e;
    struct store_status status;
    size_t commits = 0;
    kit_files_begin(&k);
    kit_log(&k, "citizen", "2024-04-15", NULL);
    ck_assert_int_eq(store_settle(k.store, &e), 0);
    uint64_t shown = kit_head(&k);
    for (size_t g = 0; g < GROUPS; g++) {
        arena_reset(&k.arena);
        for (size_t i = 0; i < N; i++) {
            char date[16];
            snprintf(date, sizeof date, "%zu-%02zu-%02zu", 2010 + i % 13, 1 + i % 12, 1 + i % 28);
            all[i] = kit_request(&k, "log", "service", "citizen", "date", date, NULL);
        }
        kit_group(&k, all, N, answers);
        store_status(k.store, &status);
        commits += status.applied != shown;
        shown = status.applied;
    }
    ck_assert_uint_eq(commits, 1);
    kit_close(&k, false);
    kit_open(&k);
    store_status(k.store, &status);
    ck_assert_uint_eq(status.applied, status.head);
    kit_finish(&k);
}
END_TEST

/* The catalogue with one more topic, packed. */
static ProtobufCBinaryData catalogue_with(struct arena *a, const char *topic) {
    struct error e;
    ProtobufCBinaryData packed;
    const char *old = (const char *)catalogue_yaml;
    const char *topics = strstr(old, "\ntopics:\n");
    ck_assert_ptr_nonnull(topics);
    topics += strlen("\ntopics:\n");
    char *text = arena_printf(a, "%.*s  - {code: %s, ja: 追加, en: More}\n%s", (int)(topics - old),
                              old, topic, topics);
    ck_assert_ptr_nonnull(text);
    ck_assert_msg(yaml_catalogue(text, strlen(text), "c.yaml", a, &packed, &e) == 0, "%s", e.en);
    return packed;
}

static int add_catalogue(struct kit *k, ProtobufCBinaryData catalogue, struct error *e) {
    struct store_actor actor = {.id = "uid:1"};
    struct store_result result;
    Madoguchi__Request *r = kit_new_request(k, MADOGUCHI__REQUEST__BODY_PUT);
    SET(r->put, kind, MADOGUCHI__DOCUMENT_KIND__CATALOGUE);
    SET(r->put, piece, 0);
    SET(r->put, pieces, 1);
    SET(r->put, data, catalogue);
    return store_record(k->store, &actor, r, &k->arena, &result, e);
}

static int add_topic(struct kit *k, const char *topic, struct error *e) {
    struct store_actor actor = {.id = "uid:1"};
    struct store_result result;
    return store_record(
        k->store, &actor,
        kit_request(k, "log", "service", "migration", "date", "2024-04-15", "topic", topic, NULL),
        &k->arena, &result, e);
}

START_TEST(a_catalogue_goes_with_its_group) {
    struct kit k;
    struct error e;
    kit_files_begin(&k);
    ProtobufCBinaryData one = catalogue_with(&k.arena, "added-one");
    ProtobufCBinaryData two = catalogue_with(&k.arena, "added-two");
    ck_assert_int_eq(store_begin(k.store, k.now, &e), STORE_DONE);
    ck_assert_int_eq(add_catalogue(&k, one, &e), 0);
    ck_assert_int_eq(add_topic(&k, "added-one", &e), 0);
    store_abort(k.store);
    /* Another one becomes the entry of that number. */
    ck_assert_int_eq(store_begin(k.store, k.now, &e), STORE_DONE);
    ck_assert_int_eq(add_catalogue(&k, two, &e), 0);
    ck_assert_int_eq(add_topic(&k, "added-one", &e), -1);
    ck_assert_int_eq(e.code, ERR_UNKNOWN_CODE);
    ck_assert_int_eq(add_topic(&k, "added-two", &e), 0);
    ck_assert_int_eq(store_commit(k.store, &e), STORE_DONE);
    kit_finish(&k);
}
END_TEST

START_TEST(a_large_group) {
    struct kit k;
    kit_files_begin(&k);
    enum { N = 1000 };
    Madoguchi__Request **all = malloc(N * sizeof *all);
    struct kit_answer *answers = malloc(N * sizeof *answers);
    for (size_t i = 0; i < N; i++) {
        all[i] = kit_request(&k, "log", "service", "citizen", "date", "2024-04-15", "topic",
                             "legal", NULL);
    }
    kit_group(&k, all, N, answers);
    ck_assert_str_eq(answers[N - 1].number, "C-2024-001000");
    kit_stats(&k, "cases", "FY2024", "topic", NULL, "legal 1000");
    struct store_status status;
    store_status(k.store, &status);
    ck_assert_uint_eq(status.groups, 1);
    ck_assert_uint_eq(status.entries, N);
    ck_assert_uint_eq(status.head, N + 2);
    ck_assert_uint_eq(status.applied, N + 2);
    free(all);
    free(answers);
    kit_finish(&k);
}
END_TEST

/* The default catalogue with thousands of codes more: some 400 KB. */
static ProtobufCBinaryData large_catalogue(struct kit *k) {
    struct error e;
    ProtobufCBinaryData packed;
    struct catalogue *c;
    enum { MORE = 4000 };
    ck_assert_int_eq(yaml_catalogue((const char *)catalogue_yaml, catalogue_yaml_len, "c.yaml",
                                    &k->arena, &packed, &e),
                     0);
    ck_assert_int_eq(catalogue_open(packed.data, packed.len, &c, &e), 0);
    Document__Catalogue document = *catalogue_document(c);
    Document__Code **codes = arena_alloc(&k->arena, (document.n_code + MORE) * sizeof *codes);
    memcpy(codes, document.code, document.n_code * sizeof *codes);
    for (unsigned i = 0; i < MORE; i++) {
        Document__Code *code = arena_alloc(&k->arena, sizeof *code);
        document__code__init(code);
        SET(code, list, bytes_of("origin"));
        SET(code, code, bytes_of(arena_printf(&k->arena, "more-%u", i)));
        SET(code, ja, bytes_of("国の名前をすべて書き並べるとこのくらいの長さになります"));
        SET(code, en, bytes_of("the names of all countries, written out"));
        codes[document.n_code + i] = code;
    }
    document.code = codes;
    document.n_code += MORE;
    ck_assert_int_eq(message_pack(&document.base, &k->arena, &packed, &e), 0);
    catalogue_free(c);
    return packed;
}

/* Large entries fill segments; everything is read across them. */
START_TEST(many_segments) {
    struct kit k;
    kit_files_begin(&k);
    kit_close(&k, true);
    k.options.segment_bytes = JOURNAL_SEGMENT_MIN;
    kit_open(&k);
    kit_live(&k, 1);
    ProtobufCBinaryData data = large_catalogue(&k);
    for (unsigned i = 0; i < 40; i++) {
        struct kit_answer a = kit_put(&k, MADOGUCHI__DOCUMENT_KIND__CATALOGUE, data.data, data.len);
        ck_assert_msg(a.code == 0, "%s", a.en);
    }
    kit_tick(&k);
    const char *c = kit_log(&k, "migration", "2024-04-15", "topic", "farming", NULL);
    struct store_status status;
    store_status(k.store, &status);
    ck_assert_uint_gt(status.segments, 3);
    kit_reopen(&k, false);
    ck_assert_uint_eq(kit_show_number(&k, c)->n_entry, 1);
    ck_assert_uint_eq(kit_show_number(&k, "M-2024-000001")->n_entry, 3);
    kit_finish(&k);
}
END_TEST

int main(void) {
    Suite *s = suite_create("store");
    TCase *t = tcase_create("store");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, clean_stop);
    tcase_add_test(t, stop_without_a_mark);
    tcase_add_test(t, another_boot_refolds);
    tcase_add_test(t, lost_folds_are_made_again);
    tcase_add_loop_test(t, older_folds_catch_up, 0, 2);
    tcase_add_loop_test(t, folds_ahead_of_the_journal, 0, 2);
    tcase_add_loop_test(t, folds_of_another_version, 0, 2);
    tcase_add_test(t, recorded_but_not_committed);
    tcase_add_test(t, an_aborted_group_leaves_nothing);
    tcase_add_test(t, tables_are_let_go_for_a_copy);
    tcase_add_test(t, a_large_transaction_ends);
    tcase_add_test(t, a_catalogue_goes_with_its_group);
    tcase_add_test(t, a_large_group);
    tcase_add_test(t, many_segments);
    suite_add_tcase(s, t);
    kit_begin();
    int status = suite_run(s);
    kit_end();
    return status;
}
