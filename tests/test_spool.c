/* Long answers: order, the way from memory to file, the room all share. */
#include "daemon/spool.h"
#include "tests/suite.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct spool_room room;

static void begin(void) {
    room = (struct spool_room){.directory = "/tmp"};
    atomic_store(&room.memory, 4096);
    atomic_store(&room.disk, 1u << 20);
}

static int add(struct spool *s, uint8_t with, size_t len, struct error *e) {
    uint8_t *to = spool_reserve(s, len, e);
    if (to == NULL) {
        return -1;
    }
    memset(to, with, len);
    return spool_commit(s, e);
}

static void expect(struct spool *s, uint8_t with, size_t len) {
    static uint8_t buffer[SPOOL_RECORD_MAX];
    ck_assert_int_eq(spool_next(s), (int64_t)len);
    ck_assert_int_eq(spool_read(s, buffer, len), 0);
    for (size_t i = 0; i < len; i++) {
        ck_assert_uint_eq(buffer[i], with);
    }
}

/* _i: bytes of a record; the small ones stay in memory, the others do not. */
START_TEST(records_come_back_in_order) {
    static const size_t lengths[] = {1, 100, 1000, 5000, SPOOL_RECORD_MAX};
    size_t len = lengths[_i];
    struct spool *s = spool_new(&room);
    struct error e;
    for (uint8_t i = 0; i < 10; i++) {
        ck_assert_int_eq(add(s, i, len, &e), 0);
    }
    spool_end(s);
    ck_assert_uint_eq(spool_records(s), 10);
    ck_assert((atomic_load(&room.disk_used) > 0) == (10 * (len + 4) > 4096));
    for (uint8_t i = 0; i < 10; i++) {
        expect(s, i, len);
    }
    ck_assert_int_eq(spool_next(s), 0);
    spool_free(s);
    ck_assert_uint_eq(atomic_load(&room.disk_used), 0);
    ck_assert_uint_eq(atomic_load(&room.memory_used), 0);
}
END_TEST

START_TEST(nothing_at_all) {
    struct spool *s = spool_new(&room);
    spool_end(s);
    ck_assert_int_eq(spool_next(s), 0);
    spool_free(s);
}
END_TEST

START_TEST(record_too_long) {
    struct spool *s = spool_new(&room);
    struct error e;
    ck_assert_ptr_null(spool_reserve(s, SPOOL_RECORD_MAX + 1, &e));
    ck_assert_int_eq(e.code, ERR_INTERNAL);
    spool_free(s);
}
END_TEST

START_TEST(room_is_bounded) {
    struct spool *a = spool_new(&room);
    struct spool *b = spool_new(&room);
    struct error e = {0};
    int n = 0;
    while (add(a, 'a', 60000, &e) == 0) {
        n++;
    }
    ck_assert_int_eq(n, (1 << 20) / 60004);
    ck_assert_int_eq(e.code, ERR_TOO_MUCH);
    ck_assert_int_eq(add(b, 'b', 1000, &e), 0); /* a short answer needs no file */
    ck_assert_int_ne(add(b, 'b', 60000, &e), 0);
    spool_clear(a);
    ck_assert_int_eq(spool_next(a), 0);
    ck_assert_int_eq(add(a, 'c', 60000, &e), 0);
    expect(a, 'c', 60000);
    spool_free(a);
    spool_free(b);
    ck_assert_uint_eq(atomic_load(&room.disk_used), 0);
}
END_TEST

START_TEST(memory_of_all_is_bounded) {
    enum { MANY = SPOOL_TOGETHER * 4 };
    struct spool *all[MANY];
    struct error e;
    for (int i = 0; i < MANY; i++) {
        all[i] = spool_new(&room);
        ck_assert_int_eq(add(all[i], (uint8_t)i, 4000, &e), 0);
        spool_end(all[i]);
    }
    ck_assert_uint_le(atomic_load(&room.memory_used), (SPOOL_TOGETHER + 1) * 4096);
    ck_assert_uint_gt(atomic_load(&room.disk_used), 0);
    for (int i = 0; i < MANY; i++) {
        expect(all[i], (uint8_t)i, 4000);
        spool_free(all[i]);
    }
    ck_assert_uint_eq(atomic_load(&room.memory_used), 0);
}
END_TEST

START_TEST(directory_that_is_none) {
    room.directory = "/nonexistent";
    struct spool *s = spool_new(&room);
    struct error e;
    ck_assert_int_eq(add(s, 'x', 60000, &e), 0); /* /tmp takes its place */
    expect(s, 'x', 60000);
    spool_free(s);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("spool");
    TCase *t = tcase_create("spool");
    tcase_add_checked_fixture(t, begin, NULL);
    tcase_add_loop_test(t, records_come_back_in_order, 0, 5);
    tcase_add_test(t, nothing_at_all);
    tcase_add_test(t, record_too_long);
    tcase_add_test(t, room_is_bounded);
    tcase_add_test(t, memory_of_all_is_bounded);
    tcase_add_test(t, directory_that_is_none);
    suite_add_tcase(suite, t);
    return suite_run(suite);
}
