/* The tables behind the journal: entries folded beside those who validate, what is
 * known without the tables, and tables that were lost on the way. */
#include "store/internal.h"
#include "tests/kit_store.h"
#include "tests/power_kit.h"
#include "tests/suite.h"

#include <check.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define NOW UINT64_C(1750000000000) /* ms */

/* ---- ids ------------------------------------------------------------------------------ */

struct id {
    uint8_t bytes[16];
};

static uint64_t state;

/* A time in ms, then what is random. */
static struct id id_of(uint64_t ms) {
    struct id id;
    put_u64(id.bytes, ms << 16 | power_random(&state, 65536));
    put_u64(id.bytes + 8, power_random(&state, SIZE_MAX));
    return id;
}

static bool is_new(const struct ahead *a, const struct id *id) {
    return ahead_is_new(a, (ProtobufCBinaryData){16, (uint8_t *)id->bytes});
}

static void note(struct ahead *a, const struct id *id) {
    Journal__Entry entry = JOURNAL__ENTRY__INIT;
    SET(&entry, request_id, ((ProtobufCBinaryData){16, (uint8_t *)id->bytes}));
    ahead_note(a, &entry);
}

/* Whatever is forgotten, nothing recorded is ever taken for new; and what comes by
 * the clock is mostly known to be new. */
START_TEST(what_was_recorded_is_never_new) {
    enum { N = 5 * AHEAD_IDS, STEP = 7 };
    static struct id all[N];
    struct kit k;
    struct ahead a;
    size_t known = 0;
    state = power_seed();
    kit_start(&k, false);
    ahead_init(&a, follow_view(k.store->follow));
    for (size_t i = 0; i < N; i++) {
        /* Clocks are apart by up to a tenth of a second. */
        all[i] = id_of(NOW + i / 64 + power_random(&state, 100));
        known += is_new(&a, &all[i]);
        note(&a, &all[i]);
        ck_assert(!is_new(&a, &all[i]));
    }
    for (size_t i = 0; i < N; i += STEP) {
        ck_assert(!is_new(&a, &all[i]));
    }
    ck_assert_uint_gt(known, N / 2);
    struct id odd = id_of(NOW * 2);
    ck_assert(is_new(&a, &odd));
    ck_assert(!ahead_is_new(&a, (ProtobufCBinaryData){15, odd.bytes}));
    ahead_free(&a);
    kit_finish(&k);
}
END_TEST

/* A store that was closed knows the newest id of everybody who ever asked. */
START_TEST(ids_are_learnt_from_the_tables) {
    static const char *const actors[] = {"uid:1000", "uid:1001", "uid:2", "a", "zz"};
    struct kit k;
    struct ahead a;
    struct id ids[5];
    state = power_seed();
    kit_start(&k, false);
    for (size_t i = 0; i < 5; i++) {
        ids[i] = id_of(NOW + (i * 3) % 5);
        Madoguchi__Request *r =
            kit_request(&k, "log", "service", "citizen", "date", "2024-04-15", NULL);
        r->id = (ProtobufCBinaryData){16, ids[i].bytes};
        struct kit_answer answer;
        k.actor = actors[i];
        kit_group(&k, &r, 1, &answer);
        ck_assert_int_eq(answer.code, 0);
    }
    kit_close(&k, true);
    kit_open(&k);
    ahead_init(&a, follow_view(k.store->follow));
    for (size_t i = 0; i < 5; i++) {
        ck_assert(!is_new(&a, &ids[i]));
    }
    struct id earlier = id_of(NOW - 1);
    struct id later = id_of(NOW + 5);
    ck_assert(!is_new(&a, &earlier));
    ck_assert(is_new(&a, &later));
    ahead_free(&a);
    kit_finish(&k);
}
END_TEST

static Journal__Entry a_row(Journal__Row *row, Journal__Act *act, uint8_t identity[16],
                            char ref[16], uint64_t seq) {
    Journal__Entry entry = JOURNAL__ENTRY__INIT;
    journal__row__init(row);
    journal__act__init(act);
    snprintf(ref, 16, "%llu", (unsigned long long)seq);
    memset(identity, 0, 16);
    put_u64(identity, seq);
    SET(row, source, bytes_of("counter.csv"));
    SET(row, ref, bytes_of(ref));
    SET(row, identity, ((ProtobufCBinaryData){16, identity}));
    SET(act, date, 20240415);
    entry.row = row;
    entry.body_case = JOURNAL__ENTRY__BODY_ACT;
    entry.act = act;
    entry.seq = seq;
    SET(&entry, number, bytes_of("M-2024-000001"));
    return entry;
}

/* Rows that the tables do not have yet are never taken for new, however many. */
START_TEST(rows_not_committed_are_never_new) {
    enum { N = 3 * AHEAD_ROWS };
    struct kit k;
    struct ahead a;
    struct key key;
    Journal__Row row;
    Journal__Act act;
    uint8_t identity[16];
    char ref[16];
    kit_start(&k, false);
    ahead_init(&a, follow_view(k.store->follow));
    fold_ref_key(&key, bytes_of("counter.csv"), bytes_of("1000"));
    ck_assert(ahead_has_no_row(&a, &k.store->tables, &key, 2));
    for (uint64_t seq = 3; seq < N; seq++) {
        Journal__Entry entry = a_row(&row, &act, identity, ref, seq);
        ahead_note(&a, &entry);
        fold_identity_key(&key, &row, act.date);
        ck_assert(!ahead_has_no_row(&a, &k.store->tables, &key, 2));
        fold_ref_key(&key, row.source, row.ref);
        ck_assert(!ahead_has_no_row(&a, &k.store->tables, &key, 2));
    }
    fold_ref_key(&key, bytes_of("counter.csv"), bytes_of("1000"));
    ck_assert(!ahead_has_no_row(&a, &k.store->tables, &key, 2));
    /* Committed: the tables are asked, which here have none of them. */
    ck_assert(ahead_has_no_row(&a, &k.store->tables, &key, N));
    ahead_free(&a);
    kit_finish(&k);
}
END_TEST

START_TEST(numbers_are_known_until_forgotten) {
    struct ahead a = {.mix = 1};
    Journal__Entry entry = JOURNAL__ENTRY__INIT;
    SET(&entry, number, bytes_of("M-2024-000007"));
    ck_assert_uint_eq(ahead_next_number(&a, 'M', 2024), 0);
    ahead_note(&a, &entry); /* it may not be the last of its year */
    ck_assert_uint_eq(ahead_next_number(&a, 'M', 2024), 0);
    ahead_set_number(&a, 'M', 2024, 7);
    ahead_note(&a, &entry);
    ck_assert_uint_eq(ahead_next_number(&a, 'M', 2024), 8);
    ck_assert_uint_eq(ahead_next_number(&a, 'M', 2025), 0);
    for (uint32_t year = 2000; year < 2000 + 2 * AHEAD_NUMBERS; year++) {
        ahead_set_number(&a, 'C', year, 1); /* what gives way is only forgotten */
        ck_assert_uint_eq(ahead_next_number(&a, 'C', year), 1);
    }
    ahead_forget(&a);
    ck_assert_uint_eq(ahead_next_number(&a, 'C', 2010), 0);
}
END_TEST

/* ---- groups --------------------------------------------------------------------------- */

static const struct store_actor actor = {.id = "uid:1000"};

static void record(struct kit *k, Madoguchi__Request *r, struct store_result *result) {
    struct error e = {0};
    ck_assert_msg(store_record(k->store, &actor, r, &k->arena, result, &e) == 0, "%s", e.en);
}

static Madoguchi__Request *a_log(struct kit *k) {
    return kit_request(k, "log", "service", "migration", "date", "2024-04-15", "topic", "housing",
                       NULL);
}

/* What needs the tables finds all in them that went ahead, in the same group. */
START_TEST(one_group_sees_itself) {
    enum { N = 200 };
    struct kit k;
    struct error e;
    struct store_result first;
    struct store_result result;
    kit_start(&k, false);
    ck_assert_int_eq(store_begin(k.store, k.now, &e), STORE_DONE);
    Madoguchi__Request *newest = a_log(&k);
    record(&k, newest, &first);
    for (size_t i = 1; i < N; i++) {
        newest = a_log(&k);
        record(&k, newest, &result);
    }
    ck_assert_uint_eq(result.seq, first.seq + N - 1);
    ck_assert_str_eq(first.number, "M-2024-000001");
    ck_assert_str_eq(result.number, "M-2024-000200");
    uint64_t last = result.seq;
    record(&k, newest, &result); /* asked again: it is in the tables by now */
    ck_assert(result.known);
    ck_assert_uint_eq(result.seq, last);
    record(&k, kit_request(&k, "contact", "case_number", first.number, "date", "2024-04-16", NULL),
           &result);
    record(&k, a_log(&k), &result);
    ck_assert_str_eq(result.number, "M-2024-000201");
    ck_assert_int_eq(store_commit(k.store, &e), STORE_DONE);
    ck_assert_uint_eq(store_done_with(k.store), UINT64_MAX);
    kit_stats(&k, "contacts", "FY2024", NULL, NULL, "202");
    kit_stats(&k, "cases", "FY2024", NULL, NULL, "201");
    kit_finish(&k);
}
END_TEST

static Madoguchi__Request *row_request(struct kit *k, size_t i, const char *topic) {
    return kit_request(k, "log", "service", "citizen", "date", "2024-05-02", "topic", topic,
                       "+source", "counter.csv", "+ref", kit_text(k, i), NULL);
}

/* A file's rows are found again in the same group, in the next one, after a commit and
 * after a restart; and a row that changed is refused everywhere. */
START_TEST(rows_are_found_wherever_they_are) {
    enum { N = 100, ROUNDS = 5 };
    struct kit k;
    struct error e;
    struct store_result result;
    kit_start(&k, false);
    for (int round = 0; round < ROUNDS; round++) {
        if (round == 3) {
            ck_assert_int_eq(store_settle(k.store, &e), 0);
        } else if (round == 4) {
            kit_close(&k, true);
            kit_open(&k);
        }
        /* Rounds 0 and 1 are one group. */
        if (round != 1) {
            ck_assert_int_eq(store_begin(k.store, k.now, &e), STORE_DONE);
        }
        for (size_t i = 0; i < N; i++) {
            record(&k, row_request(&k, i, "legal"), &result);
            ck_assert(result.known == (round > 0));
            ck_assert_uint_eq(result.seq, 3 + i);
        }
        ck_assert_int_eq(
            store_record(k.store, &actor, row_request(&k, N / 2, "tax"), &k.arena, &result, &e),
            -1);
        ck_assert_int_eq(e.code, ERR_CONFLICT);
        if (round != 0) {
            ck_assert_int_eq(store_commit(k.store, &e), STORE_DONE);
        }
    }
    kit_stats(&k, "cases", "FY2024", NULL, NULL, "100");
    kit_finish(&k);
}
END_TEST

/* What was given up leaves nothing: not in the tables, not in the numbers. */
START_TEST(a_group_given_up_leaves_nothing) {
    struct kit k;
    struct error e;
    struct store_result result;
    kit_start(&k, false);
    kit_log(&k, "migration", "2024-04-15", "topic", "housing", NULL);
    for (size_t n = 1; n < 200; n = n * 2 + 1) { /* seven times */
        ck_assert_int_eq(store_begin(k.store, k.now, &e), STORE_DONE);
        for (size_t i = 0; i < n; i++) {
            record(&k, a_log(&k), &result);
        }
        uint64_t given_up = result.seq;
        store_abort(k.store);
        ck_assert_uint_eq(store_done_with(k.store), UINT64_MAX);
        /* The next one gets its numbers, and is needed until it is folded. */
        ck_assert_int_eq(store_begin(k.store, k.now, &e), STORE_DONE);
        record(&k, a_log(&k), &result);
        ck_assert_uint_le(result.seq, given_up);
        ck_assert_int_eq(store_seal(k.store, &e), STORE_DONE);
        ck_assert_uint_lt(store_done_with(k.store), result.seq);
        ck_assert_int_eq(store_flush(k.store, &e), STORE_DONE);
        ck_assert_int_eq(store_publish(k.store, &e), STORE_DONE);
        store_wait(k.store);
    }
    kit_stats(&k, "cases", "FY2024", NULL, NULL, "8");
    ck_assert_str_eq(kit_log(&k, "migration", "2024-04-15", "topic", "housing", NULL),
                     "M-2024-000009");
    kit_stats(&k, "cases", "FY2024", NULL, NULL, "9");
    kit_finish(&k);
}
END_TEST

/* Tables that were lost between groups are made again from the journal: before the
 * next group, or before somebody reads. */
START_TEST(lost_tables_are_made_again) {
    struct kit k;
    struct error e;
    kit_start(&k, false);
    for (int i = 0; i < 6; i++) {
        kit_log(&k, "migration", "2024-04-15", "topic", "housing", NULL);
        follow_give_up(k.store->follow);
        ck_assert(follow_is_behind(k.store->follow));
        if (i % 2 == 1) {
            ck_assert_int_eq(store_settle(k.store, &e), 0);
            ck_assert(!follow_is_behind(k.store->follow));
        }
    }
    ck_assert_str_eq(kit_log(&k, "migration", "2024-04-15", "topic", "housing", NULL),
                     "M-2024-000007");
    ck_assert(!follow_is_behind(k.store->follow));
    kit_stats(&k, "cases", "FY2024", NULL, NULL, "7");
    kit_finish(&k);
}
END_TEST

/* Steps of a commit taken one by one: what was given may be let go when the store
 * says so, and settlings go on beside the groups. */
START_TEST(groups_and_settlings_side_by_side) {
    enum { GROUPS = 60, N = 40 };
    struct kit k;
    struct error e;
    struct arena arenas[GROUPS];
    uint64_t last[GROUPS];
    struct store_result result;
    size_t held = 0;
    kit_start(&k, false);
    for (size_t g = 0; g < GROUPS; g++) {
        k.now += 400; /* a settling every three groups */
        ck_assert_int_eq(store_begin(k.store, k.now, &e), STORE_DONE);
        while (held < g && last[held] <= store_done_with(k.store)) {
            arena_free(&arenas[held++]);
        }
        struct arena kept = k.arena;
        arena_init(&arenas[g], 16u << 20);
        k.arena = arenas[g];
        for (size_t i = 0; i < N; i++) {
            record(&k, a_log(&k), &result);
        }
        last[g] = result.seq;
        ck_assert_int_eq(store_seal(k.store, &e), STORE_DONE);
        ck_assert_int_eq(store_flush(k.store, &e), STORE_DONE);
        ck_assert_int_eq(store_publish(k.store, &e), STORE_DONE);
        arenas[g] = k.arena;
        k.arena = kept;
    }
    store_wait(k.store);
    ck_assert_uint_eq(store_done_with(k.store), UINT64_MAX);
    while (held < GROUPS) {
        arena_free(&arenas[held++]);
    }
    kit_stats(&k, "cases", "FY2024", NULL, NULL, "2400");
    kit_finish(&k);
}
END_TEST

int main(void) {
    Suite *s = suite_create("follow");
    TCase *t = tcase_create("follow");
    tcase_set_timeout(t, 120);
    tcase_add_test(t, what_was_recorded_is_never_new);
    tcase_add_test(t, ids_are_learnt_from_the_tables);
    tcase_add_test(t, rows_not_committed_are_never_new);
    tcase_add_test(t, rows_are_found_wherever_they_are);
    tcase_add_test(t, numbers_are_known_until_forgotten);
    tcase_add_test(t, one_group_sees_itself);
    tcase_add_test(t, a_group_given_up_leaves_nothing);
    tcase_add_test(t, lost_tables_are_made_again);
    tcase_add_test(t, groups_and_settlings_side_by_side);
    suite_add_tcase(s, t);
    kit_begin();
    int status = suite_run(s);
    kit_end();
    return status;
}
