/* The journal: what is appended is read again, in every way and after every
 * clean change.  Opening is in test_journal_open.c, damage and failing disks in
 * test_journal_faults.c. */
#include "store/journal.h"
#include "tests/journal_kit.h"
#include "tests/suite.h"

#include <check.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* Made apart from this program (hashlib.blake2b and a bitwise CRC): the group
 * "founding", then the group "長井市", "x". */
static const char golden[] = "4d4447534547310a01000000f69b4c4101000000000000000000000000000000"
                             "0000000000000000000000000000000000000000000000000000000000000000"
                             "08000000aee405cc01000000000000000100000000000000"
                             "5fe74e2e120fcf35c37bdbb2ee984df6ea6e4b4769b3d69ae6084e1e86b492cc"
                             "666f756e64696e67"
                             "090000006b7da7d502000000000000000200000000000000"
                             "28334e65246a39c0959dada9e61e54805c964e5176e0f2c4aa9b4f6d2642f732"
                             "e995b7e4ba95e5b88200000000000000"
                             "01000000d23d045703000000000000000200000000000000"
                             "daf2a779c1c78c22613b3d8fd353aaa08ad80cd6c54a079108503901a47658e3"
                             "7800000000000000";

static size_t golden_bytes(uint8_t *out) {
    for (size_t i = 0; golden[2 * i] != '\0'; i++) {
        char digits[3] = {golden[2 * i], golden[2 * i + 1], 0};
        out[i] = (uint8_t)strtoul(digits, NULL, 16);
    }
    return (sizeof golden - 1) / 2;
}

static void remove_journal(struct journal_kit *k) {
    ck_assert_int_eq(unlinkat(k->fd, journal_kit_name(1), 0), 0);
    ck_assert_int_eq(unlinkat(k->fd, "journal", AT_REMOVEDIR), 0);
}

/* ---- the format ------------------------------------------------------------------- */

START_TEST(golden_segment_is_written) {
    struct journal_kit k;
    journal_kit_make(&k);
    struct journal *j = journal_kit_open(&k, NULL, NULL);
    struct iovec first = {"founding", 8};
    struct iovec second[] = {{"長井市", 9}, {"x", 1}};
    struct journal_place places[2];
    struct journal_head head;
    ck_assert_int_eq(journal_append(j, &first, 1, places, &head, NULL), 0);
    ck_assert_uint_eq(head.seq, 1);
    ck_assert_uint_eq(places[0].segment, 1);
    ck_assert_uint_eq(places[0].offset, 64);
    ck_assert_int_eq(journal_append(j, second, 2, places, &head, NULL), 0);
    ck_assert_uint_eq(head.seq, 3);
    ck_assert_uint_eq(places[0].offset, 128);
    ck_assert_uint_eq(places[1].offset, 200);
    journal_close(j);
    uint8_t expected[sizeof golden];
    size_t n = golden_bytes(expected), size;
    uint8_t *got = journal_kit_load(&k, 1, &size);
    ck_assert_uint_eq(size, JOURNAL_SEGMENT_MIN);
    ck_assert_mem_eq(got, expected, n);
    for (size_t i = n; i < size; i++) {
        ck_assert_uint_eq(got[i], 0);
    }
    ck_assert_mem_eq(head.hash, expected + 224, 32);
    free(got);
}
END_TEST

START_TEST(golden_segment_is_read) {
    struct journal_kit k;
    journal_kit_make(&k);
    uint8_t bytes[sizeof golden];
    journal_kit_poke(&k, 1, bytes, golden_bytes(bytes), 0);
    ck_assert_uint_eq(journal_kit_verify(&k).head.seq, 3);
    ck_assert_uint_eq(journal_kit_verify(&k).groups, 2);
    struct journal *j = journal_kit_open(&k, NULL, NULL);
    struct arena a;
    arena_init(&a, 4096);
    const uint8_t *data;
    size_t len;
    ck_assert_int_eq(journal_read(j, (struct journal_place){1, 128}, 2, &a, &data, &len, NULL), 0);
    ck_assert_uint_eq(len, 9);
    ck_assert_mem_eq(data, "長井市", 9);
    arena_free(&a);
    journal_close(j);
}
END_TEST

START_TEST(create_once) {
    struct journal_kit k;
    journal_kit_make(&k);
    struct error e = {0};
    ck_assert_int_eq(journal_create(k.fd, 0, &e), -1);
    ck_assert_int_eq(e.code, ERR_STATE);
    remove_journal(&k);
    journal_kit_refused(&k, NULL, ERR_DOES_NOT_HOLD, "no directory 'journal'");
    ck_assert_int_eq(journal_create(k.fd, JOURNAL_SEGMENT_MIN - 1, &e), -1);
    ck_assert_int_eq(e.code, ERR_INVALID);
    ck_assert_int_eq(journal_create(k.fd, JOURNAL_SEGMENT_MAX + 1, &e), -1);
    ck_assert_int_eq(e.code, ERR_INVALID);
    ck_assert_int_eq(journal_create(k.fd, 0, &e), 0);
    size_t size;
    free(journal_kit_load(&k, 1, &size));
    ck_assert_uint_eq(size, JOURNAL_SEGMENT_DEFAULT);
}
END_TEST

/* ---- appending and reading ----------------------------------------------------------- */

START_TEST(many_segments) {
    struct journal_kit k;
    journal_kit_make(&k);
    struct journal *j = journal_kit_open(&k, NULL, NULL);
    struct journal_place places[60];
    size_t lens[60];
    for (size_t i = 0; i < COUNT(lens); i += 3) {
        lens[i] = 1 + i * 3001 % 150000;
        lens[i + 1] = 1 + i % 9;
        lens[i + 2] = 900 + i * 10;
        journal_kit_append(j, lens + i, 3, places + i);
        ck_assert_uint_eq(places[i].segment, places[i + 1].segment);
        ck_assert_uint_eq(places[i].segment, places[i + 2].segment);
    }
    struct journal_stat stat;
    journal_stat(j, &stat);
    ck_assert_uint_ge(stat.segments, 2);
    ck_assert_uint_eq(stat.bytes, stat.segments * JOURNAL_SEGMENT_MIN);
    ck_assert_uint_gt(stat.free_bytes, 0);
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < COUNT(lens); i++) {
            journal_kit_read(j, places[i], i + 1, lens[i]);
        }
        for (uint64_t from = 1; from <= COUNT(lens) + 1; from++) {
            journal_kit_walk(j, from);
        }
        struct journal_verify_result v = journal_kit_verify(&k);
        ck_assert_uint_eq(v.segments, stat.segments);
        ck_assert_uint_eq(v.records, COUNT(lens));
        ck_assert_uint_eq(v.groups, COUNT(lens) / 3);
        ck_assert_uint_eq(v.torn_bytes, 0);
        ck_assert_mem_eq(&v.head, journal_head(j), sizeof v.head);
        journal_close(j);
        ck_assert_int_eq(faccessat(k.fd, "journal/next", F_OK, 0), -1);
        j = journal_kit_open(&k, NULL, NULL);
    }
    journal_close(j);
}
END_TEST

START_TEST(largest_and_impossible_entries) {
    struct journal_kit k;
    journal_kit_make(&k);
    struct journal *j = journal_kit_open(&k, NULL, NULL);
    size_t largest = JOURNAL_ENTRY_MAX, one = 1;
    struct journal_place place[3];
    journal_kit_append(j, &one, 1, &place[0]);
    journal_kit_append(j, &largest, 1, &place[1]);
    journal_kit_append(j, &largest, 1, &place[2]);
    journal_kit_read(j, place[1], 2, largest);
    journal_kit_read(j, place[2], 3, largest);
    journal_kit_walk(j, 1);
    struct error e = {0};
    ck_assert_int_eq(journal_kit_stage(j, largest + 1, NULL, &e), -1);
    ck_assert_int_eq(e.code, ERR_TOO_MUCH);
    ck_assert_int_eq(journal_kit_stage(j, 0, NULL, &e), -1);
    ck_assert_int_eq(e.code, ERR_INVALID);
    ck_assert_int_eq(journal_reserve(j, JOURNAL_SEGMENT_MIN - 63, &e), -1);
    ck_assert_int_eq(e.code, ERR_TOO_MUCH);
    struct iovec many[3] = {{calloc(1, largest), largest}};
    many[1] = many[2] = many[0];
    ck_assert_int_eq(journal_append(j, many, 3, NULL, NULL, &e), -1);
    ck_assert_int_eq(e.code, ERR_TOO_MUCH);
    ck_assert(!journal_dead(j));
    free(many[0].iov_base);
    /* The reader's memory is too small. */
    struct arena a;
    arena_init(&a, 1000);
    const uint8_t *data;
    size_t len;
    ck_assert_int_eq(journal_read(j, place[1], 2, &a, &data, &len, &e), -1);
    ck_assert_int_eq(e.code, ERR_TOO_MUCH);
    arena_free(&a);
    ck_assert_uint_eq(journal_head(j)->seq, 3);
    journal_close(j);
    ck_assert_uint_eq(journal_kit_verify(&k).segments, 2);
}
END_TEST

START_TEST(staging) {
    struct journal_kit k;
    journal_kit_make(&k);
    struct journal *j = journal_kit_open(&k, NULL, NULL);
    struct journal_place p[4];
    struct error e = {0};
    ck_assert_int_eq(journal_kit_stage(j, 100, &p[0], &e), 0);
    ck_assert_int_eq(journal_kit_stage(j, 2000, &p[1], &e), 0);
    ck_assert_uint_eq(journal_head(j)->seq, 0);
    ck_assert_uint_eq(journal_staged_head(j)->seq, 2);
    journal_kit_read(j, p[0], 1, 100);
    journal_kit_read(j, p[1], 2, 2000);
    journal_kit_walk(j, 1);
    ck_assert_uint_eq(journal_kit_verify(&k).head.seq, 0);
    struct iovec v = {"x", 1};
    ck_assert_int_eq(journal_append(j, &v, 1, NULL, NULL, &e), -1);
    ck_assert_int_eq(e.code, ERR_BUSY);
    journal_unstage(j);
    ck_assert_uint_eq(journal_staged_head(j)->seq, 0);
    struct arena a;
    arena_init(&a, 4096);
    const uint8_t *data;
    size_t len;
    ck_assert_int_eq(journal_read(j, p[0], 1, &a, &data, &len, &e), -1);
    ck_assert_int_eq(e.code, ERR_DOES_NOT_HOLD);
    ck_assert_int_eq(journal_flush(j, &e), 0);
    /* A full segment ends the group, it does not move it. */
    ck_assert_int_eq(journal_kit_stage(j, 50000, &p[1], &e), 0);
    size_t most = journal_room(j) - 200;
    ck_assert_int_eq(journal_kit_stage(j, most, &p[2], &e), 0);
    ck_assert_int_eq(journal_kit_stage(j, 500, &p[3], &e), -1);
    ck_assert_int_eq(e.code, ERR_BUSY);
    ck_assert_int_eq(journal_reserve(j, 200, &e), -1);
    ck_assert_int_eq(e.code, ERR_BUSY);
    ck_assert_int_eq(journal_reserve(j, 100, &e), 0);
    ck_assert_int_eq(journal_flush(j, &e), 0);
    ck_assert_int_eq(journal_reserve(j, 556, &e), 0);
    ck_assert_int_eq(journal_kit_stage(j, 500, &p[3], &e), 0);
    ck_assert_uint_eq(p[3].segment, 3);
    ck_assert_int_eq(journal_flush(j, &e), 0);
    journal_kit_read(j, p[1], 1, 50000);
    journal_kit_read(j, p[2], 2, most);
    journal_kit_read(j, p[3], 3, 500);
    /* Wrong places. */
    const struct journal_place wrong[] = {{1, 8},    {1, 65}, {1, 200}, {1, 0xfffffff8},
                                          {3, 1000}, {9, 64}, {0, 64}};
    for (size_t i = 0; i < COUNT(wrong); i++) {
        ck_assert_int_eq(journal_read(j, wrong[i], 1, &a, &data, &len, &e), -1);
        ck_assert_int_eq(e.code, ERR_DOES_NOT_HOLD);
    }
    ck_assert_int_eq(journal_read(j, p[3], 2, &a, &data, &len, &e), -1);
    ck_assert_int_eq(e.code, ERR_DOES_NOT_HOLD);
    ck_assert_ptr_nonnull(strstr(e.en, "another number"));
    arena_free(&a);
    journal_close(j);
}
END_TEST

/* A last segment that is empty and too small for the first group is replaced. */
START_TEST(larger_segments) {
    struct journal_kit k;
    journal_kit_make(&k);
    struct journal_options o = {.segment_bytes = 4 << 20};
    struct journal *j = journal_kit_open(&k, &o, NULL);
    size_t lens[3] = {1 << 20, 1 << 20, 1 << 20};
    struct journal_place places[3];
    journal_kit_append(j, lens, 3, places);
    ck_assert_uint_eq(places[2].segment, 1);
    journal_kit_read(j, places[2], 3, lens[2]);
    journal_kit_append(j, lens, 3, places);
    ck_assert_uint_eq(places[0].segment, 4);
    journal_close(j);
    struct journal_verify_result v = journal_kit_verify(&k);
    ck_assert_uint_eq(v.segments, 2);
    ck_assert_uint_eq(v.bytes, 8 << 20);
    o.segment_bytes = JOURNAL_SEGMENT_MAX + 1;
    journal_kit_refused(&k, &o, ERR_INVALID, "segment");
}
END_TEST

static int stop_at_three(void *ctx, uint64_t seq, struct journal_place place, const uint8_t *hash,
                         const uint8_t *data, size_t len) {
    (void)place;
    (void)hash;
    (void)data;
    (void)len;
    *(uint64_t *)ctx = seq;
    return seq == 3 ? 1 : 0;
}

static int refuse(void *ctx, uint64_t seq, struct journal_place place, const uint8_t *hash,
                  const uint8_t *data, size_t len) {
    (void)seq;
    (void)place;
    (void)hash;
    (void)data;
    (void)len;
    return error_set(ctx, ERR_CONFLICT, "", "no", "否");
}

START_TEST(walk_stops) {
    struct journal_kit k;
    journal_kit_make(&k);
    size_t lens[] = {10, 20, 30, 40, 50};
    journal_kit_groups(&k, lens, COUNT(lens));
    struct journal *j = journal_kit_open(&k, NULL, NULL);
    uint64_t last = 0;
    struct error e = {0};
    ck_assert_int_eq(journal_walk(j, 2, stop_at_three, &last, &e), 0);
    ck_assert_uint_eq(last, 3);
    ck_assert_int_eq(journal_walk(j, 1, refuse, &e, &e), -1);
    ck_assert_int_eq(e.code, ERR_CONFLICT);
    journal_close(j);
}
END_TEST

/* ---- against a model --------------------------------------------------------------------------
 */

struct model {
    struct journal_kit kit;
    struct journal *j;
    size_t n;
    size_t len[4000];
    struct journal_place place[4000];
};

static void model_group(struct model *m) {
    size_t n = 1 + (size_t)rand() % 8, staged = 0;
    struct error e = {0};
    for (size_t i = 0; i < n; i++) {
        size_t len = rand() % 20 == 0 ? 1 + (size_t)rand() % 400000 : 1 + (size_t)rand() % 600;
        if (journal_kit_stage(m->j, len, &m->place[m->n + i], &e) != 0) {
            ck_assert_int_eq(e.code, ERR_BUSY);
            ck_assert_uint_gt(i, 0);
            break;
        }
        m->len[m->n + i] = len;
        staged++;
    }
    size_t any = (size_t)rand() % staged;
    journal_kit_read(m->j, m->place[m->n + any], m->n + any + 1, m->len[m->n + any]);
    if (rand() % 5 == 0) {
        journal_unstage(m->j);
        return;
    }
    ck_assert_msg(journal_flush(m->j, &e) == 0, "%s", e.en);
    m->n += staged;
}

START_TEST(model) {
    static struct model m;
    unsigned seed =
        getenv("SEED") != NULL ? (unsigned)strtoul(getenv("SEED"), NULL, 10) : (unsigned)time(NULL);
    printf("journal model: SEED=%u\n", seed);
    fflush(stdout);
    srand(seed);
    journal_kit_make(&m.kit);
    m.j = journal_kit_open(&m.kit, NULL, NULL);
    for (int step = 0; step < 300; step++) {
        model_group(&m);
        ck_assert_uint_eq(journal_head(m.j)->seq, m.n);
        if (m.n > 0) {
            size_t any = (size_t)rand() % m.n;
            journal_kit_read(m.j, m.place[any], any + 1, m.len[any]);
        }
        if (rand() % 25 == 0) {
            journal_kit_walk(m.j, 1 + (size_t)rand() % (m.n + 1));
        }
        if (rand() % 25 == 0) {
            struct journal_options o = {.clean_stop = rand() % 2 == 0, .applied_trusted = true};
            o.applied = *journal_head(m.j);
            o.segment_bytes = JOURNAL_SEGMENT_MIN + (size_t)rand() % 5000;
            o.mark = journal_close(m.j);
            struct journal_recovery r;
            m.j = journal_kit_open(&m.kit, &o, &r);
            ck_assert(r.mark_used == o.clean_stop);
            ck_assert_uint_eq(r.head.seq, m.n);
        }
    }
    struct journal_verify_result v = journal_kit_verify(&m.kit);
    ck_assert_uint_eq(v.records, m.n);
    ck_assert_uint_eq(v.torn_bytes, 0);
    journal_close(m.j);
}
END_TEST

/* ---- threads ----------------------------------------------------------------------------------
 */

struct shared {
    struct journal *j;
    pthread_mutex_t lock;
    struct journal_place place[3000];
    size_t n;
    bool done;
    size_t wrong;
};

static void *reader(void *ctx) {
    struct shared *s = ctx;
    struct arena a;
    arena_init(&a, 1 << 20);
    for (unsigned x = 1;; x = x * 1664525 + 1013904223) {
        pthread_mutex_lock(&s->lock);
        size_t any = s->n == 0 ? 0 : (x >> 8) % s->n;
        struct journal_place place = s->place[any];
        bool none = s->n == 0, done = s->done;
        pthread_mutex_unlock(&s->lock);
        if (done) {
            break;
        }
        const uint8_t *data;
        size_t len;
        if (!none && (journal_read(s->j, place, any + 1, &a, &data, &len, NULL) != 0 ||
                      !journal_kit_is(any + 1, data, len))) {
            pthread_mutex_lock(&s->lock);
            s->wrong++;
            pthread_mutex_unlock(&s->lock);
        }
        arena_reset(&a);
    }
    arena_free(&a);
    return NULL;
}

static int count_one(void *ctx, uint64_t seq, struct journal_place place, const uint8_t *hash,
                     const uint8_t *data, size_t len) {
    (void)place;
    (void)hash;
    uint64_t *n = ctx;
    *n += seq == *n + 1 && journal_kit_is(seq, data, len);
    return 0;
}

static void *walker(void *ctx) {
    struct shared *s = ctx;
    for (bool done = false; !done;) {
        uint64_t n = 0;
        pthread_mutex_lock(&s->lock);
        size_t least = s->n;
        done = s->done;
        pthread_mutex_unlock(&s->lock);
        int r = journal_walk(s->j, 1, count_one, &n, NULL);
        pthread_mutex_lock(&s->lock);
        s->wrong += r != 0 || n < least;
        pthread_mutex_unlock(&s->lock);
    }
    return NULL;
}

START_TEST(threads) {
    static struct shared s = {.lock = PTHREAD_MUTEX_INITIALIZER};
    struct journal_kit k;
    journal_kit_make(&k);
    s.j = journal_kit_open(&k, NULL, NULL);
    pthread_t t[3];
    ck_assert_int_eq(pthread_create(&t[0], NULL, reader, &s), 0);
    ck_assert_int_eq(pthread_create(&t[1], NULL, reader, &s), 0);
    ck_assert_int_eq(pthread_create(&t[2], NULL, walker, &s), 0);
    struct journal_place places[10];
    size_t lens[10] = {10, 1000, 3000, 7, 90, 20000, 100, 100, 100, 100};
    for (size_t i = 0; i < 3000; i += 10) {
        journal_kit_append(s.j, lens, 10, places);
        pthread_mutex_lock(&s.lock);
        memcpy(s.place + i, places, sizeof places);
        s.n = i + 10;
        pthread_mutex_unlock(&s.lock);
    }
    pthread_mutex_lock(&s.lock);
    s.done = true;
    pthread_mutex_unlock(&s.lock);
    for (size_t i = 0; i < COUNT(t); i++) {
        pthread_join(t[i], NULL);
    }
    ck_assert_uint_eq(s.wrong, 0);
    journal_close(s.j);
    ck_assert_uint_ge(journal_kit_verify(&k).segments, 5);
}
END_TEST

int main(void) {
    Suite *s = suite_create("journal");
    TCase *t = tcase_create("journal");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, golden_segment_is_written);
    tcase_add_test(t, golden_segment_is_read);
    tcase_add_test(t, create_once);
    tcase_add_test(t, many_segments);
    tcase_add_test(t, largest_and_impossible_entries);
    tcase_add_test(t, staging);
    tcase_add_test(t, larger_segments);
    tcase_add_test(t, walk_stops);
    tcase_add_test(t, model);
    tcase_add_test(t, threads);
    suite_add_tcase(s, t);
    journal_kit_begin();
    int status = suite_run(s);
    journal_kit_end();
    return status;
}
