/* The journal on a disk that tears, flips, fails and fills up.  The rule in
 * every case: what was answered (flushed) is there, what was not is there as
 * whole records or not at all, and anything else is refused by name. */
#include "store/journal.h"
#include "tests/fault_disk.h"
#include "tests/journal_kit.h"
#include "tests/suite.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* ---- damaged bytes ---------------------------------------------------------------------- */

/* Five groups of 1, 2, 1, 3 and 3 small entries, in one segment. */
static const size_t small_lens[] = {9, 1, 30, 8, 17, 2, 40, 5, 16, 33};
static const size_t small_groups[] = {1, 2, 1, 3, 3};
#define SMALL       COUNT(small_lens)
#define SMALL_ACKED 7 /* before the last group */

struct small {
    struct journal_kit kit;
    uint32_t offset[SMALL + 1]; /* of each record, and the end */
    uint8_t *bytes;             /* the segment as it should be */
    size_t size;
    struct journal_head head;
};

static void small_make(struct small *s) {
    journal_kit_make(&s->kit);
    struct journal *j = journal_kit_open(&s->kit, NULL, NULL);
    struct journal_place places[SMALL];
    size_t n = 0;
    for (size_t i = 0; i < COUNT(small_groups); i++) {
        journal_kit_append(j, small_lens + n, small_groups[i], places + n);
        n += small_groups[i];
    }
    for (size_t i = 0; i < SMALL; i++) {
        s->offset[i] = places[i].offset;
    }
    s->head = *journal_head(j);
    s->offset[SMALL] = journal_close(j).end;
    s->bytes = journal_kit_load(&s->kit, 1, &s->size);
}

/* Puts the sound bytes back. */
static void small_restore(struct small *s) {
    journal_kit_poke(&s->kit, 1, s->bytes, s->offset[SMALL] + 4096, 0);
}

/* The number of whole records before `offset`. */
static uint64_t small_whole(const struct small *s, size_t offset) {
    uint64_t n = 0;
    while (n < SMALL && s->offset[n + 1] <= offset) {
        n++;
    }
    return n;
}

/* Opens after damage that is a torn tail: `whole` records stay, verify reports
 * it before and nothing after, and the journal goes on. */
static void small_cut(struct small *s, uint64_t whole, bool torn) {
    struct journal_verify_result v = journal_kit_verify(&s->kit);
    ck_assert_uint_eq(v.head.seq, whole);
    ck_assert_int_eq(v.torn_bytes > 0, torn);
    struct journal_recovery r;
    struct journal *j = journal_kit_open(&s->kit, NULL, &r);
    ck_assert_uint_eq(r.head.seq, whole);
    ck_assert_uint_eq(r.torn_bytes, v.torn_bytes);
    ck_assert_uint_eq(r.torn_offset, torn ? s->offset[whole] : 0);
    ck_assert_uint_eq(v.torn_offset, r.torn_offset);
    ck_assert_uint_eq(journal_kit_verify(&s->kit).torn_bytes, 0);
    size_t lens[2] = {21, 3};
    journal_kit_append(j, lens, 2, NULL);
    journal_kit_walk(j, 1);
    journal_close(j);
    v = journal_kit_verify(&s->kit);
    ck_assert_uint_eq(v.head.seq, whole + 2);
    ck_assert_uint_eq(v.torn_bytes, 0);
}

START_TEST(torn_at_every_byte) {
    static struct small s;
    small_make(&s);
    static const uint8_t zeros[4096];
    uint32_t end = s.offset[SMALL];
    for (uint32_t cut = s.offset[SMALL_ACKED]; cut < end; cut++) {
        uint64_t whole = small_whole(&s, cut);
        bool torn = cut > s.offset[whole];
        small_restore(&s);
        /* Padding that would be zero anyway completes the record. */
        journal_kit_poke(&s.kit, 1, zeros, end - cut, cut);
        while (whole < SMALL && memcmp(s.bytes + cut, zeros, s.offset[whole + 1] - cut) == 0) {
            whole++;
            torn = false;
        }
        small_cut(&s, whole, torn);
        /* The same, the file shortened. */
        small_restore(&s);
        int fd = openat(s.kit.fd, journal_kit_name(1), O_WRONLY);
        ck_assert_int_eq(ftruncate(fd, cut), 0);
        ck_assert_uint_eq(journal_kit_verify(&s.kit).head.seq, small_whole(&s, cut));
        ck_assert_int_eq(ftruncate(fd, (off_t)s.size), 0);
        close(fd);
    }
    free(s.bytes);
}
END_TEST

/* Power lost during the last write: any of its 512-byte sectors, or 8-byte
 * words, may be on disk and any not. */
START_TEST(torn_anyhow) {
    static struct small s;
    small_make(&s);
    unsigned seed =
        getenv("SEED") != NULL ? (unsigned)strtoul(getenv("SEED"), NULL, 10) : (unsigned)time(NULL);
    printf("journal torn: SEED=%u\n", seed);
    fflush(stdout);
    srand(seed);
    uint32_t begin = s.offset[SMALL_ACKED], end = s.offset[SMALL];
    for (int round = 0; round < 300; round++) {
        uint8_t image[4096] = {0};
        uint32_t unit = round % 3 == 0 ? 64 : 8;
        memcpy(image, s.bytes + begin, end - begin);
        for (uint32_t at = begin / unit * unit; at < end; at += unit) {
            if (rand() % 4 == 0) {
                for (uint32_t i = at < begin ? begin : at; i < at + unit && i < end; i++) {
                    image[i - begin] = 0;
                }
            }
        }
        uint64_t whole = SMALL_ACKED;
        while (whole < SMALL && memcmp(image + s.offset[whole] - begin, s.bytes + s.offset[whole],
                                       s.offset[whole + 1] - s.offset[whole]) == 0) {
            whole++;
        }
        bool torn = false;
        for (uint32_t i = s.offset[whole]; i < end; i++) {
            torn = torn || image[i - begin] != 0;
        }
        small_restore(&s);
        journal_kit_poke(&s.kit, 1, image, sizeof image, begin);
        small_cut(&s, whole, torn);
    }
    free(s.bytes);
}
END_TEST

/* A byte of a record whose group is followed by another: refused by name. */
static void flip_refused(struct small *s, const struct journal_options *o, uint64_t seq,
                         bool verify_too) {
    char part[96];
    snprintf(part, sizeof part, "journal/00000000000000000001.seg: record %llu at byte %u ",
             (unsigned long long)seq, s->offset[seq - 1]);
    journal_kit_refused(&s->kit, o, ERR_DOES_NOT_HOLD, part);
    struct journal_verify_result v;
    struct error e = {0};
    if (verify_too) {
        ck_assert_int_eq(journal_verify(s->kit.fd, &v, &e), -1);
        ck_assert_msg(strstr(e.en, part) != NULL && strstr(e.en, "backup") != NULL, "%s", e.en);
    }
    ck_assert_int_eq(journal_verify_upto(s->kit.fd, SMALL, &v, &e), -1);
    ck_assert_msg(strstr(e.en, part) != NULL, "%s", e.en);
    ck_assert_int_eq(e.code, ERR_DOES_NOT_HOLD);
}

START_TEST(flip_every_byte) {
    static struct small s;
    small_make(&s);
    struct journal_options plain = {0};
    struct journal_options trusted = {.applied = s.head, .applied_trusted = true};
    for (uint32_t at = 0; at < s.offset[SMALL] + 100; at++) {
        small_restore(&s);
        uint8_t flipped = s.bytes[at] ^ (uint8_t)(1u << at % 8);
        journal_kit_poke(&s.kit, 1, &flipped, 1, at);
        if (at < 64) {
            struct journal_verify_result v;
            ck_assert_int_eq(journal_verify(s.kit.fd, &v, NULL), -1);
            journal_kit_refused(&s.kit, &plain, ERR_DOES_NOT_HOLD, "header");
            continue;
        }
        uint64_t seq = small_whole(&s, at) + 1;
        if (seq > SMALL) {
            small_cut(&s, SMALL, true);
        } else if (seq <= SMALL_ACKED) {
            flip_refused(&s, &plain, seq, true);
            flip_refused(&s, &trusted, seq, true);
        } else {
            /* Only who knows that it was applied can tell it from a torn tail. */
            flip_refused(&s, &trusted, seq, false);
            small_cut(&s, seq - 1, true);
        }
    }
    free(s.bytes);
}
END_TEST

/* What another writer could have made: every field wrong with a right checksum
 * is found by the chain, and a record of elsewhere is not taken. */
START_TEST(forged_records) {
    static struct small s;
    small_make(&s);
    struct journal_options o = {.applied = s.head, .applied_trusted = true};
    struct journal_head before = {.seq = 1};
    memcpy(before.hash, s.bytes + s.offset[0] + 24, 32);
    uint8_t record[256];
    static const uint64_t groups[] = {2, 1, 3, 0};
    for (size_t i = 0; i < COUNT(groups); i++) {
        struct journal_head h = before;
        const char *text = i == 0 ? "2" : (const char *)s.bytes + s.offset[1] + 56;
        segment_encode(record, &h, groups[i], text, 1);
        small_restore(&s);
        journal_kit_poke(&s.kit, 1, record, 64, s.offset[1]);
        /* An entry of other bytes is sound by itself: the next does not follow it. */
        flip_refused(&s, &o, i == 0 ? 3 : i == 1 ? 3 : 2, true);
    }
    /* A number left out, by a chain that knows of it. */
    struct journal_head skipped = {.seq = 2};
    memcpy(skipped.hash, before.hash, 32);
    segment_encode(record, &skipped, 3, s.bytes + s.offset[1] + 56, 1);
    small_restore(&s);
    journal_kit_poke(&s.kit, 1, record, 64, s.offset[1]);
    flip_refused(&s, &o, 2, true);
    /* A record twice, one left out. */
    small_restore(&s);
    journal_kit_poke(&s.kit, 1, s.bytes + s.offset[3], 64, s.offset[4]);
    flip_refused(&s, &o, 5, true);
    small_restore(&s);
    journal_kit_poke(&s.kit, 1, s.bytes + s.offset[5], s.offset[SMALL] - s.offset[5], s.offset[4]);
    flip_refused(&s, &o, 5, true);
    free(s.bytes);
}
END_TEST

/* The record of a later group is found wherever it lies behind the damage: here
 * about 256 KiB, the size of what is read at a time. */
START_TEST(damage_far_from_the_next_record) {
    for (size_t distance = 262144 - 200; distance < 262144 + 200; distance += 8) {
        struct journal_kit k;
        journal_kit_make(&k);
        size_t lens[] = {1, distance - 64 - 64 - SEGMENT_RECORD_HEADER, 5};
        journal_kit_groups(&k, lens, COUNT(lens));
        journal_kit_poke(&k, 1, "!", 1, 64 + SEGMENT_RECORD_HEADER);
        journal_kit_poke(&k, 1, "!!", 2, 128 + SEGMENT_RECORD_HEADER);
        journal_kit_refused(&k, NULL, ERR_DOES_NOT_HOLD, "record 1 at byte 64 ");
        /* Without it all of this is one torn tail. */
        journal_kit_poke(&k, 1, "!", 1, distance + SEGMENT_RECORD_HEADER);
        journal_kit_groups(&k, NULL, 0);
        ck_assert_uint_eq(journal_kit_verify(&k).head.seq, 0);
        close(k.fd);
    }
}
END_TEST

/* Damage in a sealed segment: opening does not read it, reading and verify do. */
START_TEST(sealed_segment) {
    struct journal_kit k;
    journal_kit_make(&k);
    struct journal *j = journal_kit_open(&k, NULL, NULL);
    size_t lens[] = {100, 700, 1 << 20, 5000, 6000};
    struct journal_place places[5];
    for (size_t i = 0; i < COUNT(lens); i++) {
        journal_kit_append(j, &lens[i], 1, &places[i]);
    }
    ck_assert_uint_eq(places[1].segment, 1);
    ck_assert_uint_eq(places[2].segment, 1);
    ck_assert_uint_eq(places[3].segment, 4);
    struct journal_head head = *journal_head(j);
    journal_close(j);
    uint8_t wrong = 0xee;
    uint32_t where[] = {places[1].offset + 300, places[2].offset + 90000,
                        64 + 160 + 760 + 56 + (1 << 20) + 8};
    for (size_t i = 0; i < COUNT(where); i++) {
        uint8_t was;
        int fd = openat(k.fd, journal_kit_name(1), O_RDONLY);
        ck_assert_int_eq(pread(fd, &was, 1, where[i]), 1);
        close(fd);
        journal_kit_poke(&k, 1, &wrong, 1, where[i]);
        struct journal_verify_result v;
        struct error e = {0};
        ck_assert_int_eq(journal_verify(k.fd, &v, &e), -1);
        ck_assert_int_eq(e.code, ERR_DOES_NOT_HOLD);
        ck_assert_msg(strstr(e.en, "00000000000000000001.seg: record") != NULL, "%s", e.en);
        struct journal_options o = {.applied = head, .applied_trusted = true};
        j = journal_kit_open(&k, &o, NULL);
        uint64_t next = 4;
        journal_kit_walk(j, next);
        if (i < 2) {
            struct arena a;
            arena_init(&a, 4 << 20);
            const uint8_t *data;
            size_t len;
            ck_assert_int_eq(journal_read(j, places[i + 1], i + 2, &a, &data, &len, &e), -1);
            ck_assert_msg(strstr(e.en, i == 0 ? "record 2" : "record 3") != NULL, "%s", e.en);
            arena_free(&a);
        }
        journal_close(j);
        journal_kit_poke(&k, 1, &was, 1, where[i]);
    }
    ck_assert_uint_eq(journal_kit_verify(&k).head.seq, 5);
}
END_TEST

/* ---- failing calls --------------------------------------------------------------------------- */

static void expect_dead(struct journal *j) {
    struct error e = {0};
    struct arena a;
    arena_init(&a, 4096);
    const uint8_t *data;
    size_t len;
    ck_assert(journal_dead(j));
    ck_assert_int_eq(journal_reserve(j, 100, &e), -1);
    ck_assert_int_eq(e.code, ERR_INTERNAL);
    ck_assert_int_eq(journal_kit_stage(j, 10, NULL, &e), -1);
    ck_assert_int_eq(journal_flush(j, &e), -1);
    ck_assert_int_eq(journal_read(j, (struct journal_place){1, 64}, 1, &a, &data, &len, &e), -1);
    ck_assert_int_eq(journal_walk(j, 1, NULL, NULL, &e), -1);
    ck_assert_uint_eq(journal_close(j).segment, 0);
    arena_free(&a);
}

START_TEST(failed_flush_is_final) {
    static const struct {
        enum fault_disk_call call;
        int error;
        uint64_t head_after; /* what the next open may find */
    } cases[] = {{FAULT_PWRITE, EIO, 1},     {FAULT_PWRITE, ENOSPC, 1},
                 {FAULT_PWRITE, 0, 2},       {FAULT_PWRITE, EINTR, 1},
                 {FAULT_FDATASYNC, EIO, 4},  {FAULT_FDATASYNC, ENOSPC, 4},
                 {FAULT_FDATASYNC, EINTR, 4}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct journal_kit k;
        journal_kit_make(&k);
        struct journal *j = journal_kit_open(&k, NULL, NULL);
        size_t lens[] = {50, 100, 100, 100};
        journal_kit_append(j, lens, 1, NULL);
        for (size_t n = 1; n < 4; n++) {
            ck_assert_int_eq(journal_kit_stage(j, lens[n], NULL, NULL), 0);
        }
        fault_disk.countdown[cases[i].call] = 1;
        fault_disk.error = cases[i].error;
        struct error e = {0};
        ck_assert_int_eq(journal_flush(j, &e), -1);
        ck_assert_uint_gt(strlen(e.en), 0);
        fault_disk_clear();
        ck_assert_uint_eq(journal_head(j)->seq, 1);
        expect_dead(j);
        struct journal_recovery r;
        j = journal_kit_open(&k, NULL, &r);
        ck_assert_uint_eq(r.head.seq, cases[i].head_after);
        /* What the page cache held was written and flushed again. */
        ck_assert_uint_gt(r.rewritten, 64);
        ck_assert_int_ge(fault_disk.calls[FAULT_PWRITE], 1);
        ck_assert_int_eq(fault_disk.calls[FAULT_FDATASYNC], 1);
        ck_assert_int_eq(fault_disk.calls[FAULT_FSYNC], 2);
        journal_kit_walk(j, 1);
        journal_close(j);
    }
}
END_TEST

START_TEST(failed_new_segment_is_final) {
    for (enum fault_disk_call call = FAULT_PWRITE; call <= FAULT_FSYNC; call += 2) {
        struct journal_kit k;
        journal_kit_make(&k);
        size_t len = 600000;
        struct journal *j = journal_kit_open(&k, NULL, NULL);
        journal_kit_append(j, &len, 1, NULL);
        fault_disk.countdown[call] = 1;
        fault_disk.error = EIO;
        fault_disk.go_on_failing = true;
        struct error e = {0};
        ck_assert_int_eq(journal_reserve(j, JOURNAL_RECORD_MAX, &e), -1);
        ck_assert_int_eq(e.code, ERR_INTERNAL);
        fault_disk_clear();
        expect_dead(j);
        ck_assert_uint_eq(journal_kit_verify(&k).head.seq, 1);
    }
}
END_TEST

START_TEST(one_write_one_flush) {
    struct journal_kit k;
    journal_kit_make(&k);
    struct journal *j = journal_kit_open(&k, NULL, NULL);
    fault_disk_clear();
    for (int i = 0; i < 500; i++) {
        ck_assert_int_eq(journal_kit_stage(j, 1 + (size_t)i, NULL, NULL), 0);
    }
    ck_assert_int_eq(fault_disk.calls[FAULT_PWRITE], 0);
    ck_assert_int_eq(journal_flush(j, NULL), 0);
    ck_assert_int_eq(fault_disk.calls[FAULT_PWRITE], 1);
    ck_assert_int_eq(fault_disk.calls[FAULT_FDATASYNC], 1);
    ck_assert_int_eq(fault_disk.calls[FAULT_FSYNC], 0);
    /* A new segment: itself and the directory. */
    ck_assert_int_eq(journal_reserve(j, JOURNAL_RECORD_MAX, NULL), 0);
    ck_assert_int_eq(fault_disk.calls[FAULT_FSYNC], 2);
    /* A clean stop writes nothing at the next open. */
    struct journal_options o = {.clean_stop = true, .mark = journal_close(j)};
    fault_disk_clear();
    j = journal_kit_open(&k, &o, NULL);
    ck_assert_int_eq(fault_disk.calls[FAULT_PWRITE] + fault_disk.calls[FAULT_FDATASYNC] +
                         fault_disk.calls[FAULT_FSYNC],
                     0);
    journal_close(j);
}
END_TEST

START_TEST(full_disk_is_a_refusal) {
    struct journal_kit k;
    journal_kit_make(&k);
    struct journal_options o = {.free_floor_bytes = 64 << 20};
    struct journal *j = journal_kit_open(&k, &o, NULL);
    struct error e = {0};
    size_t len = 400000;
    fault_disk.free_bytes = 32 << 20;
    ck_assert_int_eq(journal_reserve(j, 100, &e), -1);
    ck_assert_int_eq(e.code, ERR_FULL);
    ck_assert_ptr_nonnull(strstr(e.en, "32 MiB"));
    fault_disk.free_bytes = 65 << 20;
    journal_kit_append(j, &len, 1, NULL);
    journal_kit_append(j, &len, 1, NULL);
    /* There is room for the floor, not for another segment: not ahead, not when
     * it is needed. */
    ck_assert_int_eq(journal_reserve(j, 100, &e), 0);
    ck_assert_int_eq(faccessat(k.fd, "journal/next", F_OK, 0), -1);
    ck_assert_int_eq(journal_reserve(j, len, &e), -1);
    ck_assert_int_eq(e.code, ERR_FULL);
    fault_disk.free_bytes = 0;
    static const struct {
        enum fault_disk_call call;
        int error;
    } cases[] = {{FAULT_FALLOCATE, ENOSPC},
                 {FAULT_FALLOCATE, EDQUOT},
                 {FAULT_PWRITE, ENOSPC},
                 {FAULT_PWRITE, EDQUOT}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        fault_disk.countdown[cases[i].call] = 1;
        fault_disk.error = cases[i].error;
        fault_disk.go_on_failing = true;
        ck_assert_int_eq(journal_reserve(j, JOURNAL_RECORD_MAX, &e), -1);
        ck_assert_int_eq(e.code, ERR_FULL);
        ck_assert(!journal_dead(j));
        ck_assert_int_eq(faccessat(k.fd, "journal/next", F_OK, 0), -1);
        /* What fits is still taken, nothing else has happened. */
        fault_disk_clear();
        fault_disk.free_bytes = 65 << 20;
        len = 100;
        journal_kit_append(j, &len, 1, NULL);
        fault_disk.free_bytes = 0;
        ck_assert_uint_eq(journal_kit_verify(&k).segments, 1);
    }
    journal_kit_walk(j, 1);
    len = 400000;
    journal_kit_append(j, &len, 1, NULL);
    ck_assert_uint_eq(journal_kit_verify(&k).segments, 2);
    journal_close(j);
}
END_TEST

/* A file system without fallocate: the zeros are written. */
START_TEST(no_fallocate) {
    fault_disk.countdown[FAULT_FALLOCATE] = 1;
    fault_disk.error = EOPNOTSUPP;
    fault_disk.go_on_failing = true;
    struct journal_kit k;
    journal_kit_make(&k);
    size_t lens[] = {1 << 20, 1 << 20, 5000};
    journal_kit_groups(&k, lens, COUNT(lens));
    struct journal_verify_result v = journal_kit_verify(&k);
    ck_assert_uint_eq(v.segments, 3);
    ck_assert_uint_eq(v.bytes, 3 * JOURNAL_SEGMENT_MIN);
    ck_assert_int_ge(fault_disk.calls[FAULT_FALLOCATE], 3);
    fault_disk_clear();
}
END_TEST

/* Appends groups over several segments until one is refused; returns how many
 * entries were answered. */
static uint64_t write_until_failure(struct journal_kit *k) {
    struct journal_options o = {.segment_bytes = JOURNAL_SEGMENT_MIN};
    struct journal *j;
    if (journal_open(k->fd, &o, &j, NULL, NULL) != 0) {
        return 0;
    }
    uint64_t answered = 0;
    for (int group = 0; group < 12; group++) {
        if (journal_reserve(j, journal_record_bytes(150000) + journal_record_bytes(10), NULL) !=
            0) {
            break;
        }
        ck_assert_int_eq(journal_kit_stage(j, 150000, NULL, NULL), 0);
        ck_assert_int_eq(journal_kit_stage(j, 10, NULL, NULL), 0);
        if (journal_flush(j, NULL) != 0) {
            break;
        }
        answered += 2;
    }
    journal_close(j);
    return answered;
}

/* The n-th call of each kind fails, for every n until a run has no failure. */
START_TEST(every_call_fails_once) {
    static const int errors[] = {EIO, ENOSPC, 0};
    for (enum fault_disk_call call = 0; call < FAULT_CALLS; call++) {
        for (size_t i = 0; i < (call == FAULT_PWRITE ? COUNT(errors) : 2); i++) {
            bool failed = true;
            for (int n = 1; failed; n++) {
                struct journal_kit k;
                journal_kit_make(&k);
                fault_disk_clear();
                fault_disk.error = errors[i];
                fault_disk.countdown[call] = n;
                uint64_t answered = write_until_failure(&k);
                failed = fault_disk.countdown[call] == 0;
                fault_disk_clear();
                struct journal_verify_result v = journal_kit_verify(&k);
                ck_assert_uint_ge(v.head.seq, answered);
                struct journal_recovery r;
                struct journal *j = journal_kit_open(&k, NULL, &r);
                ck_assert_uint_ge(r.head.seq, answered);
                ck_assert_uint_le(r.head.seq, answered + 2);
                journal_kit_walk(j, 1);
                size_t lens[] = {1 << 20, 30};
                journal_kit_append(j, lens, 1, NULL);
                journal_kit_append(j, lens + 1, 1, NULL);
                journal_close(j);
                ck_assert_uint_eq(journal_kit_verify(&k).torn_bytes, 0);
                close(k.fd);
            }
        }
    }
}
END_TEST

int main(void) {
    Suite *s = suite_create("journal_faults");
    TCase *t = tcase_create("journal_faults");
    tcase_set_timeout(t, 120);
    tcase_add_test(t, torn_at_every_byte);
    tcase_add_test(t, torn_anyhow);
    tcase_add_test(t, flip_every_byte);
    tcase_add_test(t, forged_records);
    tcase_add_test(t, damage_far_from_the_next_record);
    tcase_add_test(t, sealed_segment);
    tcase_add_test(t, failed_flush_is_final);
    tcase_add_test(t, failed_new_segment_is_final);
    tcase_add_test(t, one_write_one_flush);
    tcase_add_test(t, full_disk_is_a_refusal);
    tcase_add_test(t, no_fallocate);
    tcase_add_test(t, every_call_fails_once);
    suite_add_tcase(s, t);
    fault_disk_install();
    journal_kit_begin();
    int status = suite_run(s);
    journal_kit_end();
    return status;
}
