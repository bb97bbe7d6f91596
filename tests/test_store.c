/* The store across stops: clean ones, crashes, lost and damaged folds, torn and
 * flipped bytes, full disks and maps. */
#include "tests/kit_store.h"

#include "proto/yaml.h"
#include "store/internal.h"
#include "store/segment.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* ---- what the tests share -------------------------------------------------------------- */

extern const unsigned char catalogue_yaml[];
extern const size_t catalogue_yaml_len;

static char notices[4096];

static void notice(void *ctx, const char *line) {
    (void)ctx;
    size_t n = strlen(notices);
    snprintf(notices + n, sizeof notices - n, "%s\n", line);
}

static void begin(struct kit *k) {
    kit_start(k, false);
    k->options.notice = notice;
    notices[0] = '\0';
}

static const char *path_of(const struct kit *k, const char *file) {
    static char path[2][KIT_PATH * 2];
    static unsigned turn;
    turn = !turn;
    snprintf(path[turn], sizeof path[turn], "%s/%s", k->d.store, file);
    return path[turn];
}

static void shell(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void shell(const char *format, ...) {
    char command[KIT_PATH * 8];
    va_list ap;
    va_start(ap, format);
    vsnprintf(command, sizeof command, format, ap);
    va_end(ap);
    ck_assert_int_eq(system(command), 0);
}

/* Copies a file or folder of the store beside it, and back. */
static void save(const struct kit *k, const char *file) {
    char to[KIT_PATH * 2];
    snprintf(to, sizeof to, "%s/saved", k->dir);
    mkdir(to, 0700);
    shell("cp -a --sparse=always %s %s", path_of(k, file), to);
}

static void put_back(const struct kit *k, const char *file) {
    char from[KIT_PATH * 2];
    snprintf(from, sizeof from, "%s/saved/%s", k->dir, file);
    kit_remove(path_of(k, file));
    shell("cp -a --sparse=always %s %s", from, path_of(k, file));
}

static void write_text(const struct kit *k, const char *file, const char *text) {
    FILE *f = fopen(path_of(k, file), "we");
    ck_assert_ptr_nonnull(f);
    fputs(text, f);
    fclose(f);
}

static bool exists(const struct kit *k, const char *file) {
    return access(path_of(k, file), F_OK) == 0;
}

static unsigned tallies; /* rows of tallies so far */

/* A bit of everything: inheritance, corrections, voids, sessions, rows. */
static void live(struct kit *k, unsigned rounds) {
    for (unsigned i = 0; i < rounds; i++) {
        const char *s = kit_hold(k, "seminar", "2024-04-10", "service", "migration", "persons",
                                 "12", "program", "own-seminar", NULL);
        const char *c = kit_log(k, "migration", "2024-04-15", "topic", "housing;work", "session",
                                s, "origin", "tokyo", NULL);
        uint64_t log = k->last.seq;
        uint64_t contact = kit_ok(k, "contact", "case_number", c, "date", "2024-05-15", NULL);
        kit_ok(k, "outcome", "case_number", c, "date", "2024-06-15", "outcome", "moved", "persons",
               "3", NULL);
        kit_ok(k, "correct", "seq", kit_text(k, log), "topic", "farming", "reason", "誤り", NULL);
        kit_ok(k, "void", "seq", kit_text(k, contact), "reason", "誤り", NULL);
        kit_ok(k, "tally", "service", "citizen", "date", "2024-07-01", "count", "4", "+source",
               "正の字", "+nth", kit_text(k, ++tallies), NULL);
        kit_ok(k, "figure", "series", "population", "period", "FY2024", "value", "26000", "as_of",
               "2024-04-15", "source", "台帳", NULL);
        kit_ok(k, "coverage", "period", "2024-04-01..", NULL);
        kit_tick(k);
    }
}

#define ROUND 9 /* entries of one round */

static void expect_rounds(struct kit *k, unsigned n) {
    char expected[64];
    snprintf(expected, sizeof expected, "2024-04 farming %u", n);
    kit_stats(k, "cases", "FY2024", "month,topic", NULL, expected);
    snprintf(expected, sizeof expected, "citizen %u; migration %u", 4 * n, n);
    kit_stats(k, "contacts", "FY2024", "service", NULL, expected);
    ck_assert_uint_eq(kit_head(k), 2 + n * ROUND);
}

static void reopen(struct kit *k, bool clean) {
    kit_close(k, clean);
    kit_open(k);
}

/* ---- stops ---------------------------------------------------------------------------- */

START_TEST(clean_stop) {
    struct kit k;
    begin(&k);
    live(&k, 3);
    ck_assert(!exists(&k, "clean"));
    kit_close(&k, true);
    ck_assert(exists(&k, "clean"));
    kit_open(&k);
    ck_assert(!exists(&k, "clean"));
    ck_assert_str_eq(notices, "");
    expect_rounds(&k, 3);
    live(&k, 1);
    expect_rounds(&k, 4);
    kit_finish(&k);
}
END_TEST

START_TEST(stop_without_a_mark) {
    struct kit k;
    begin(&k);
    live(&k, 3);
    reopen(&k, false);
    ck_assert_str_eq(notices, "");
    expect_rounds(&k, 3);
    ck_assert_str_eq(kit_log(&k, "migration", "2024-04-15", NULL), "M-2024-000004");
    kit_finish(&k);
}
END_TEST

START_TEST(another_boot_refolds) {
    struct kit k;
    begin(&k);
    live(&k, 3);
    kit_close(&k, false);
    write_text(&k, "boot", "00000000-0000-0000-0000-000000000000\n");
    kit_open(&k);
    ck_assert_ptr_nonnull(strstr(notices, "without a clean stop"));
    expect_rounds(&k, 3);
    /* After a clean stop the folds were flushed: another boot is fine. */
    kit_close(&k, true);
    write_text(&k, "boot", "00000000-0000-0000-0000-000000000000\n");
    notices[0] = '\0';
    kit_open(&k);
    ck_assert_str_eq(notices, "");
    expect_rounds(&k, 3);
    kit_finish(&k);
}
END_TEST

START_TEST(lost_folds_are_made_again) {
    struct kit k;
    begin(&k);
    live(&k, 3);
    size_t before;
    size_t after;
    char *first = kit_dump(&k, &before);
    kit_close(&k, true);
    kit_remove(path_of(&k, "fold"));
    kit_open(&k);
    ck_assert_ptr_nonnull(strstr(notices, "not there"));
    expect_rounds(&k, 3);
    char *second = kit_dump(&k, &after);
    ck_assert_uint_eq(before, after);
    ck_assert_mem_eq(first, second, after);
    free(first);
    free(second);
    /* Not LMDB at all. */
    kit_close(&k, true);
    write_text(&k, "fold/data.mdb", "this is no database, whatever its name says");
    notices[0] = '\0';
    kit_open(&k);
    ck_assert_ptr_nonnull(strstr(notices, "cannot be read"));
    expect_rounds(&k, 3);
    kit_finish(&k);
}
END_TEST

/* An older state of the folds catches up, from a clean stop or not. */
START_TEST(older_folds_catch_up) {
    struct kit k;
    begin(&k);
    live(&k, 2);
    kit_close(&k, true);
    save(&k, "fold");
    kit_open(&k);
    live(&k, 3);
    size_t before;
    size_t after;
    char *first = kit_dump(&k, &before);
    kit_close(&k, _i == 0);
    put_back(&k, "fold");
    kit_open(&k);
    ck_assert_str_eq(notices, "");
    expect_rounds(&k, 5);
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
    begin(&k);
    live(&k, 2);
    kit_close(&k, true);
    save(&k, "journal");
    save(&k, "clean");
    kit_open(&k);
    live(&k, 1);
    kit_close(&k, true);
    save(&k, "fold");
    put_back(&k, "journal");
    if (_i == 0) {
        put_back(&k, "clean");
    } else {
        kit_remove(path_of(&k, "clean"));
    }
    kit_open_refused(&k, ERR_DOES_NOT_HOLD, "restore");
    kit_open_refused(&k, ERR_DOES_NOT_HOLD, "restore");
    /* Never refolded over silently: the folds are as they were. */
    shell("cmp %s %s/saved/fold/data.mdb", path_of(&k, "fold/data.mdb"), k.dir);
    arena_free(&k.arena);
}
END_TEST

START_TEST(folds_of_another_version) {
    struct kit k;
    begin(&k);
    live(&k, 2);
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
    put_u32(value, FOLD_VERSION + 1);
    txn_put(&x, TABLE_META, &key, value, sizeof value);
    ck_assert_int_eq(txn_commit(&x, &e), 0);
    reopen(&k, _i == 0);
    ck_assert_ptr_nonnull(strstr(notices, "another version"));
    expect_rounds(&k, 2);
    kit_finish(&k);
}
END_TEST

/* Cells may lag: questions are answered the same, and a crash loses nothing. */
START_TEST(lagging_cells) {
    struct kit k;
    begin(&k);
    k.settle = false;
    for (unsigned i = 0; i < 12; i++) {
        live(&k, 1);
        k.now -= 700;
        expect_rounds(&k, i + 1);
        if (i % 4 == 3) {
            reopen(&k, false);
            expect_rounds(&k, i + 1);
        }
    }
    kit_finish(&k);
}
END_TEST

/* ---- groups ---------------------------------------------------------------------------- */

START_TEST(an_aborted_group_leaves_nothing) {
    struct kit k;
    begin(&k);
    live(&k, 1);
    struct store_actor actor = {.id = "uid:1"};
    struct store_result result;
    struct error e;
    size_t before;
    size_t after;
    char *first = kit_dump(&k, &before);
    ck_assert_int_eq(store_begin(k.store, k.now, &e), STORE_DONE);
    for (int i = 0; i < 5; i++) {
        ck_assert_int_eq(
            store_record(k.store, &actor,
                         kit_request(&k, "log", "service", "migration", "date", "2024-04-15", NULL),
                         &k.arena, &result, &e),
            0);
    }
    ck_assert_uint_eq(store_group_entries(k.store), 5);
    store_abort(k.store);
    char *second = kit_dump(&k, &after);
    ck_assert_uint_eq(before, after);
    ck_assert_mem_eq(first, second, after);
    free(first);
    free(second);
    expect_rounds(&k, 1);
    /* An empty group is no entry. */
    ck_assert_int_eq(store_begin(k.store, k.now, &e), STORE_DONE);
    ck_assert_int_eq(store_commit(k.store, &e), STORE_DONE);
    ck_assert_str_eq(kit_log(&k, "migration", "2024-04-15", NULL), "M-2024-000002");
    kit_finish(&k);
}
END_TEST

START_TEST(a_large_group) {
    struct kit k;
    begin(&k);
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
    begin(&k);
    kit_close(&k, true);
    k.options.segment_bytes = JOURNAL_SEGMENT_MIN;
    kit_open(&k);
    live(&k, 1);
    ProtobufCBinaryData data = large_catalogue(&k);
    for (unsigned i = 0; i < 40; i++) {
        struct kit_answer a =
            kit_put(&k, MADOGUCHI__DOCUMENT_KIND__CATALOGUE, data.data, data.len);
        ck_assert_msg(a.code == 0, "%s", a.en);
    }
    kit_tick(&k);
    const char *c = kit_log(&k, "migration", "2024-04-15", "topic", "farming", NULL);
    struct store_status status;
    store_status(k.store, &status);
    ck_assert_uint_gt(status.segments, 3);
    reopen(&k, false);
    ck_assert_uint_eq(kit_show_number(&k, c)->n_entry, 1);
    ck_assert_uint_eq(kit_show_number(&k, "M-2024-000001")->n_entry, 3);
    kit_finish(&k);
}
END_TEST

/* ---- damage ----------------------------------------------------------------------------- */

#define SEGMENT "journal/00000000000000000001.seg"

/* Offset and length of the record of entry `seq` in the first segment. */
static uint32_t record_at(const struct kit *k, uint64_t seq, uint32_t *bytes) {
    int fd = open(path_of(k, SEGMENT), O_RDONLY);
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
    int fd = open(path_of(k, file), O_WRONLY);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(pwrite(fd, data, len, at), (ssize_t)len);
    close(fd);
}

static uint8_t peek(const struct kit *k, const char *file, off_t at) {
    uint8_t byte = 0;
    int fd = open(path_of(k, file), O_RDONLY);
    ck_assert_int_eq(pread(fd, &byte, 1, at), 1);
    close(fd);
    return byte;
}

/* The flush of the last group did not get to the disk whole, and nothing of it
 * was folded: it was never answered, and is cut. */
START_TEST(torn_tail_is_cut) {
    struct kit k;
    uint32_t bytes;
    begin(&k);
    live(&k, 2);
    kit_close(&k, false);
    save(&k, "fold");
    kit_open(&k);
    kit_log(&k, "migration", "2024-04-20", NULL);
    uint64_t seq = k.last.seq;
    kit_close(&k, false);
    put_back(&k, "fold");
    uint32_t at = record_at(&k, seq, &bytes);
    static const uint8_t zeros[64];
    uint32_t keep = (uint32_t)_i;
    poke(&k, SEGMENT, zeros, bytes - keep > 64 ? 64 : bytes - keep,
         at + (bytes - keep > 64 ? bytes - 64 : keep));
    kit_open(&k);
    ck_assert_ptr_nonnull(strstr(notices, "torn tail"));
    expect_rounds(&k, 2);
    ck_assert_uint_eq(kit_ok(&k, "log", "service", "migration", "date", "2024-04-21", NULL), seq);
    kit_finish(&k);
}
END_TEST

/* Any byte of a record that was acknowledged: named, never repaired. */
START_TEST(flipped_byte_is_named) {
    static const uint64_t seqs[] = {1, 7, 20};
    struct kit k;
    uint32_t bytes;
    begin(&k);
    live(&k, 2);
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
    expect_rounds(&k, 2);
    kit_finish(&k);
}
END_TEST

/* After a clean stop the records behind the last are not read again at the
 * start: verify and reading find it. */
START_TEST(flipped_byte_after_a_clean_stop) {
    struct kit k;
    uint32_t bytes;
    begin(&k);
    live(&k, 2);
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
        kit_refused(&k, ERR_DOES_NOT_HOLD, "journal", "correct", "seq", kit_text(&k, seq),
                    "topic", "work", "reason", "x", NULL);
        kit_stats(&k, "cases", "2024-04", NULL, NULL, "4");
        kit_close(&k, true);
    }
    arena_free(&k.arena);
}
END_TEST

START_TEST(newer_format) {
    struct kit k;
    begin(&k);
    kit_close(&k, true);
    write_text(&k, "format", "madoguchi store 2\n");
    kit_open_refused(&k, ERR_STATE, "newer");
    write_text(&k, "format", "something else\n");
    kit_open_refused(&k, ERR_STATE, "not a store");
    kit_remove(path_of(&k, "format"));
    kit_open_refused(&k, ERR_STATE, "not a store");
    write_text(&k, "format", "madoguchi store 1\n");
    kit_open(&k);
    kit_finish(&k);
}
END_TEST

START_TEST(one_at_a_time) {
    struct kit k;
    begin(&k);
    struct store *mine = k.store;
    kit_open_refused(&k, ERR_STATE, "in use");
    k.store = mine;
    kit_ok(&k, "log", "service", "migration", "date", "2024-04-15", NULL);
    kit_finish(&k);
}
END_TEST

START_TEST(places_that_cannot_be) {
    struct kit k;
    begin(&k);
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
    ck_assert_int_eq(store_create("/tmp/never", &f, &e), -1);
    ck_assert_int_eq(e.code, ERR_INVALID);
    ck_assert_int_ne(access("/tmp/never", F_OK), 0);
    kit_open(&k);
    kit_finish(&k);
}
END_TEST

/* Somebody who may not write there. */
START_TEST(unwritable) {
    struct kit k;
    begin(&k);
    kit_close(&k, true);
    shell("chmod 755 %s %s", k.dir, k.d.store);
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        struct error e = {0};
        if (getuid() == 0 && (setgroups(0, NULL) != 0 || setgid(65534) != 0 || setuid(65534) != 0)) {
            _exit(3);
        }
        if (getuid() != 65534) {
            chmod(k.d.store, 0500);
            chmod(path_of(&k, "lock"), 0400);
        }
        int rc = store_open(k.d.store, &k.options, &k.store, &e);
        _exit(rc == -1 && e.code == ERR_INTERNAL && strstr(e.en, strerror(EACCES)) != NULL ? 0 : 1);
    }
    int status;
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
    shell("chmod 700 %s; chmod 600 %s", k.d.store, path_of(&k, "lock"));
    kit_open(&k);
    kit_finish(&k);
}
END_TEST

/* ---- full ------------------------------------------------------------------------------- */

START_TEST(full_disk) {
    struct kit k;
    begin(&k);
    live(&k, 2);
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
    expect_rounds(&k, 2);
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
    begin(&k);
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
    k.settle = false; /* cells may have no room either: the ledger answers */
    char expected[32];
    snprintf(expected, sizeof expected, "%u", recorded);
    kit_stats(&k, "cases", "FY2024", NULL, NULL, expected);
    kit_close(&k, true);
    k.options.map_bytes = 64u << 20;
    kit_open(&k);
    k.settle = true;
    kit_stats(&k, "cases", "FY2024", NULL, NULL, expected);
    kit_group(&k, all, 1, answers);
    ck_assert_int_eq(answers[0].code, 0);
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
    tcase_add_test(t, lagging_cells);
    tcase_add_test(t, an_aborted_group_leaves_nothing);
    tcase_add_test(t, a_large_group);
    tcase_add_test(t, many_segments);
    tcase_add_loop_test(t, torn_tail_is_cut, 1, 4);
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
    SRunner *sr = srunner_create(s);
    srunner_run_all(sr, CK_NORMAL);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    kit_end();
    return failed != 0;
}
