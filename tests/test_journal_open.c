/* Opening a journal: the mark of a clean stop, names and headers, the folds'
 * position, reading only, what a crash between two segments leaves. */
#include "store/journal.h"
#include "tests/journal_kit.h"
#include "tests/suite.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

START_TEST(read_only) {
    struct journal_kit k;
    journal_kit_make(&k);
    size_t lens[] = {10, 20};
    journal_kit_groups(&k, lens, COUNT(lens));
    journal_kit_poke(&k, 1, "torn", 4, 500);
    size_t size;
    uint8_t *before = journal_kit_load(&k, 1, &size);
    struct journal_recovery report;
    struct journal *j = journal_kit_open(&k, &(struct journal_options){.read_only = true}, &report);
    ck_assert_uint_gt(report.torn_bytes, 0);
    ck_assert_uint_eq(report.rewritten, 0);
    journal_kit_walk(j, 1);
    struct error e = {0};
    ck_assert_int_eq(journal_reserve(j, 100, &e), -1);
    ck_assert_int_eq(e.code, ERR_STATE);
    ck_assert_int_eq(journal_kit_stage(j, 10, NULL, &e), -1);
    ck_assert_int_eq(journal_flush(j, &e), -1);
    ck_assert_int_eq(e.code, ERR_STATE);
    ck_assert_uint_eq(journal_close(j).segment, 0);
    uint8_t *after = journal_kit_load(&k, 1, &size);
    ck_assert_mem_eq(before, after, size);
    free(before);
    free(after);
}
END_TEST

/* ---- the mark of a clean stop ------------------------------------------------------------ */

START_TEST(mark) {
    struct journal_kit k;
    journal_kit_make(&k);
    struct journal_recovery r;
    struct journal_options o = {.clean_stop = true, .mark = journal_kit_groups(&k, NULL, 0)};
    const struct journal_mark empty = o.mark;
    for (int i = 0; i < 30; i++) {
        /* The group's last record is not its first. */
        struct journal *j = journal_kit_open(&k, &o, &r);
        ck_assert(r.mark_used);
        ck_assert_uint_eq(r.rewritten, 0);
        size_t lens[] = {50, (size_t)i * 4000 + 1};
        journal_kit_append(j, lens, 2, NULL);
        journal_kit_walk(j, 1);
        o.mark = journal_close(j);
    }
    ck_assert_uint_eq(journal_kit_verify(&k).groups, 30);
    ck_assert_uint_ge(journal_kit_verify(&k).segments, 2);
    /* A mark that does not hold is not used. */
    const struct journal_mark good = o.mark;
    struct journal_mark wrong[12];
    for (size_t i = 0; i < COUNT(wrong); i++) {
        wrong[i] = good;
    }
    wrong[0] = empty;
    wrong[1].segment = 1;
    wrong[2].end += 8;
    wrong[3].end = 0xfffffff8;
    wrong[4].last -= 8;
    wrong[5].last = 0;
    wrong[6].head.seq--;
    wrong[7].head.hash[31] ^= 1;
    wrong[8].end = wrong[8].last;
    wrong[9].last = good.end;
    wrong[10].last = 32;
    wrong[11].end += 1;
    for (size_t i = 0; i < COUNT(wrong); i++) {
        o.mark = wrong[i];
        struct journal *j = journal_kit_open(&k, &o, &r);
        ck_assert_msg(!r.mark_used, "mark %zu", i);
        ck_assert_uint_gt(r.rewritten, 0);
        ck_assert_mem_eq(&r.head, &good.head, sizeof r.head);
        journal_close(j);
    }
    /* Something stands behind it: read as after a crash. */
    journal_kit_poke(&k, good.segment, "?", 1, good.end + 100);
    o.mark = good;
    struct journal *j = journal_kit_open(&k, &o, &r);
    ck_assert(!r.mark_used);
    ck_assert_uint_eq(r.torn_bytes, 101);
    journal_close(j);
}
END_TEST

/* ---- the directory -------------------------------------------------------------------------- */

/* Four segments, 1, 2, 3, 4, each with one entry. */
static void make_four(struct journal_kit *k) {
    journal_kit_make(k);
    size_t lens[] = {1 << 20, 1 << 20, 1 << 20, 5000};
    journal_kit_groups(k, lens, COUNT(lens));
}

static void rename_segment(struct journal_kit *k, const char *from, const char *to) {
    char a[64], b[64];
    snprintf(a, sizeof a, "journal/%s", from);
    snprintf(b, sizeof b, "journal/%s", to);
    ck_assert_int_eq(renameat(k->fd, a, k->fd, b), 0);
}

#define SEG(n) "0000000000000000000" #n ".seg"

static void refused_both(struct journal_kit *k, int code, const char *part) {
    journal_kit_refused(k, NULL, code, part);
    journal_kit_refused(k, &(struct journal_options){.read_only = true}, code, part);
    struct journal_verify_result v;
    struct error e = {0};
    ck_assert_int_eq(journal_verify(k->fd, &v, &e), -1);
    ck_assert_msg(e.code == code && strstr(e.en, part) != NULL, "%s", e.en);
}

START_TEST(missing_segments) {
    static const char *const names[] = {SEG(1), SEG(2), SEG(3)};
    struct journal_kit k;
    make_four(&k);
    ck_assert_uint_eq(journal_kit_verify(&k).segments, 4);
    for (size_t i = 0; i < COUNT(names); i++) {
        rename_segment(&k, names[i], "away");
        refused_both(&k, ERR_DOES_NOT_HOLD, names[i]);
        rename_segment(&k, "away", names[i]);
    }
    /* Only the folds know that the last one is missing. */
    struct journal_head head = journal_kit_verify(&k).head;
    rename_segment(&k, SEG(4), "away");
    struct journal_options o = {.applied = head, .applied_trusted = true};
    journal_kit_refused(&k, &o, ERR_DOES_NOT_HOLD, "ends with record 3");
    ck_assert_uint_eq(journal_kit_verify(&k).head.seq, 3);
    for (int i = 1; i <= 3; i++) {
        ck_assert_int_eq(unlinkat(k.fd, journal_kit_name((uint64_t)i), 0), 0);
    }
    refused_both(&k, ERR_DOES_NOT_HOLD, "no segment");
}
END_TEST

START_TEST(foreign_names) {
    struct journal_kit k;
    make_four(&k);
    static const char *const ignored[] = {"next.tmp", "00000000000000000002.seg.bak", ".hidden",
                                          "1"};
    for (size_t i = 0; i < COUNT(ignored); i++) {
        rename_segment(&k, SEG(4), ignored[i]);
        close(openat(k.fd, journal_kit_name(4), O_CREAT | O_WRONLY, 0600));
        rename_segment(&k, ignored[i], SEG(4));
        char path[64];
        snprintf(path, sizeof path, "journal/%s", ignored[i]);
        close(openat(k.fd, path, O_CREAT | O_WRONLY, 0600));
    }
    ck_assert_uint_eq(journal_kit_verify(&k).ignored, COUNT(ignored));
    struct journal_recovery r;
    journal_close(journal_kit_open(&k, NULL, &r));
    ck_assert_uint_eq(r.ignored, COUNT(ignored));
    /* What looks like a segment and is none. */
    static const char *const bad[] = {"1.seg",
                                      ".seg",
                                      "copy of 1.seg",
                                      "00000000000000000000.seg",
                                      "99999999999999999999.seg",
                                      "0000000000000000000x.seg"};
    for (size_t i = 0; i < COUNT(bad); i++) {
        char path[64];
        snprintf(path, sizeof path, "journal/%s", bad[i]);
        close(openat(k.fd, path, O_CREAT | O_WRONLY, 0600));
        refused_both(&k, ERR_DOES_NOT_HOLD, bad[i]);
        unlinkat(k.fd, path, 0);
    }
    /* A copy under another number, two that changed places, a folder, a link. */
    ck_assert_int_eq(linkat(k.fd, "journal/" SEG(3), k.fd, "journal/" SEG(5), 0), 0);
    refused_both(&k, ERR_DOES_NOT_HOLD, SEG(5));
    unlinkat(k.fd, "journal/" SEG(5), 0);
    rename_segment(&k, SEG(2), "away");
    rename_segment(&k, SEG(3), SEG(2));
    rename_segment(&k, "away", SEG(3));
    refused_both(&k, ERR_DOES_NOT_HOLD, SEG(2));
    rename_segment(&k, SEG(2), "away");
    rename_segment(&k, SEG(3), SEG(2));
    rename_segment(&k, "away", SEG(3));
    mkdirat(k.fd, "journal/" SEG(5), 0700);
    refused_both(&k, ERR_DOES_NOT_HOLD, SEG(5));
    unlinkat(k.fd, "journal/" SEG(5), AT_REMOVEDIR);
    ck_assert_int_eq(symlinkat(SEG(4), k.fd, "journal/" SEG(5)), 0);
    refused_both(&k, ERR_INTERNAL, SEG(5));
    unlinkat(k.fd, "journal/" SEG(5), 0);
    ck_assert_int_eq(mkfifoat(k.fd, "journal/" SEG(5), 0600), 0);
    refused_both(&k, ERR_DOES_NOT_HOLD, SEG(5));
    unlinkat(k.fd, "journal/" SEG(5), 0);
    ck_assert_uint_eq(journal_kit_verify(&k).segments, 4);
}
END_TEST

START_TEST(newer_format) {
    struct journal_kit k;
    make_four(&k);
    for (uint64_t segment = 1; segment <= 4; segment += 3) {
        size_t size;
        uint8_t *bytes = journal_kit_load(&k, segment, &size), header[64];
        struct segment_header h;
        ck_assert_int_eq(segment_decode_header(bytes, journal_kit_name(segment) + 8, &h, NULL), 0);
        h.format = 2;
        segment_encode_header(header, &h);
        journal_kit_poke(&k, segment, header, sizeof header, 0);
        refused_both(&k, ERR_STATE, "newer madoguchid");
        journal_kit_poke(&k, segment, bytes, sizeof header, 0);
        free(bytes);
    }
    journal_close(journal_kit_open(&k, NULL, NULL));
}
END_TEST

/* Headers with a right checksum that do not fit. */
START_TEST(forged_headers) {
    struct journal_kit k;
    make_four(&k);
    struct journal *j = journal_kit_open(&k, NULL, NULL);
    ck_assert_int_eq(journal_reserve(j, JOURNAL_RECORD_MAX, NULL), 0);
    journal_close(j);
    ck_assert_uint_eq(journal_kit_verify(&k).segments, 5);
    size_t size;
    uint8_t *bytes = journal_kit_load(&k, 5, &size), header[64];
    struct segment_header h, was;
    ck_assert_int_eq(segment_decode_header(bytes, SEG(5), &was, NULL), 0);
    free(bytes);
    /* The empty last segment hangs on another chain. */
    h = was;
    h.before.hash[7] ^= 4;
    segment_encode_header(header, &h);
    journal_kit_poke(&k, 5, header, sizeof header, 0);
    struct journal_verify_result v;
    struct error e = {0};
    ck_assert_int_eq(journal_verify(k.fd, &v, &e), -1);
    ck_assert_msg(strstr(e.en, SEG(5) " does not continue") != NULL, "%s", e.en);
    /* It says that it is the first, beside the others and alone. */
    h = was;
    h.previous = 0;
    memset(h.before.hash, 0, sizeof h.before.hash);
    segment_encode_header(header, &h);
    journal_kit_poke(&k, 5, header, sizeof header, 0);
    refused_both(&k, ERR_DOES_NOT_HOLD, SEG(5));
    for (uint64_t n = 1; n <= 4; n++) {
        ck_assert_int_eq(unlinkat(k.fd, journal_kit_name(n), 0), 0);
    }
    refused_both(&k, ERR_DOES_NOT_HOLD, SEG(5));
    rename_segment(&k, SEG(5), SEG(1));
    refused_both(&k, ERR_DOES_NOT_HOLD, "holds the segment that begins with record 5");
    /* The first does not begin with zeros. */
    h.first = 1;
    h.before.hash[31] = 1;
    segment_encode_header(header, &h);
    journal_kit_poke(&k, 1, header, sizeof header, 0);
    refused_both(&k, ERR_DOES_NOT_HOLD, SEG(1));
}
END_TEST

START_TEST(applied) {
    struct journal_kit k;
    make_four(&k);
    struct journal_options o = {.applied_trusted = true};
    struct journal_head heads[5] = {0};
    for (uint64_t seq = 1; seq <= 4; seq++) {
        struct journal_verify_result v;
        ck_assert_int_eq(journal_verify_upto(k.fd, seq, &v, NULL), 0);
        ck_assert_uint_eq(v.head.seq, seq);
        heads[seq] = v.head;
    }
    struct journal_verify_result v;
    struct error e = {0};
    for (uint64_t seq = 1; seq <= 4; seq++) {
        for (uint64_t upto = 0; upto <= 4; upto++) {
            struct journal_head noted = {.seq = seq, .hash = {7}};
            bool met = upto == 0 || seq <= upto;
            ck_assert_int_eq(journal_verify_noted(k.fd, upto, &noted, &v, NULL), 0);
            ck_assert_uint_eq(v.head.seq, upto == 0 ? 4 : upto);
            ck_assert_uint_eq(noted.seq, seq);
            ck_assert_mem_eq(noted.hash, met ? heads[seq].hash : (uint8_t[32]){7}, 32);
        }
    }
    ck_assert_int_eq(journal_verify_upto(k.fd, 5, &v, &e), -1);
    ck_assert_int_eq(e.code, ERR_DOES_NOT_HOLD);
    for (int pass = 0; pass < 2; pass++) {
        o.read_only = pass == 1;
        for (size_t i = 0; i <= 4; i++) {
            o.applied = heads[i];
            journal_close(journal_kit_open(&k, &o, NULL));
        }
        for (size_t i = 1; i <= 4; i++) {
            o.applied = heads[i];
            o.applied.hash[i] ^= 0x80;
            journal_kit_refused(&k, &o, ERR_DOES_NOT_HOLD, "two histories");
        }
        o.applied = heads[4];
        o.applied.seq = 5;
        journal_kit_refused(&k, &o, ERR_DOES_NOT_HOLD, "ends with record 4");
        o.applied_trusted = false;
        journal_close(journal_kit_open(&k, &o, NULL));
        o.applied_trusted = true;
    }
}
END_TEST

/* A crash while the segments change: "next" lies there half made, or the new
 * segment is there and empty. */
START_TEST(crash_between_segments) {
    struct journal_kit k;
    journal_kit_make(&k);
    size_t lens[] = {600000, 100};
    struct journal *j = journal_kit_open(&k, NULL, NULL);
    journal_kit_append(j, lens, 2, NULL);
    journal_kit_append(j, lens + 1, 1, NULL);
    ck_assert_int_eq(faccessat(k.fd, "journal/next", F_OK, 0), 0);
    /* As kill -9 leaves it: opened again without a close. */
    struct journal_recovery r;
    struct journal *again = journal_kit_open(&k, NULL, &r);
    ck_assert_uint_eq(r.head.seq, 3);
    ck_assert_uint_eq(r.ignored, 0);
    ck_assert_int_eq(faccessat(k.fd, "journal/next", F_OK, 0), -1);
    ck_assert_int_eq(journal_reserve(again, JOURNAL_RECORD_MAX, NULL), 0);
    struct journal_options o = {.applied = *journal_head(again), .applied_trusted = true};
    struct journal *third = journal_kit_open(&k, &o, &r);
    ck_assert_uint_eq(r.segments, 2);
    ck_assert_uint_eq(r.head.seq, 3);
    ck_assert_uint_eq(r.records_read, 0);
    journal_kit_append(third, lens, 2, NULL);
    journal_kit_walk(third, 1);
    journal_close(third);
    ck_assert_uint_eq(journal_kit_verify(&k).head.seq, 5);
    journal_close(again);
    journal_close(j);
}
END_TEST

int main(void) {
    Suite *s = suite_create("journal_open");
    TCase *t = tcase_create("journal_open");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, read_only);
    tcase_add_test(t, mark);
    tcase_add_test(t, missing_segments);
    tcase_add_test(t, foreign_names);
    tcase_add_test(t, newer_format);
    tcase_add_test(t, forged_headers);
    tcase_add_test(t, applied);
    tcase_add_test(t, crash_between_segments);
    suite_add_tcase(s, t);
    journal_kit_begin();
    int status = suite_run(s);
    journal_kit_end();
    return status;
}
