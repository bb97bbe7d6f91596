#include "tests/journal_kit.h"

#include <check.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char base[64];

void journal_kit_begin(void) {
    snprintf(base, sizeof base, "/tmp/madoguchi-journal-XXXXXX");
    if (mkdtemp(base) == NULL) {
        perror(base);
        exit(1);
    }
}

static int remove_one(const char *path, const struct stat *s, int flag, struct FTW *ftw) {
    (void)s;
    (void)flag;
    (void)ftw;
    return remove(path);
}

void journal_kit_end(void) {
    nftw(base, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

void journal_kit_make(struct journal_kit *k) {
    snprintf(k->path, sizeof k->path, "%s/XXXXXX", base);
    ck_assert_ptr_nonnull(mkdtemp(k->path));
    k->fd = open(k->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ck_assert_int_ge(k->fd, 0);
    struct error e = {0};
    ck_assert_msg(journal_create(k->fd, JOURNAL_SEGMENT_MIN, &e) == 0, "%s", e.en);
}

static struct journal_options with_defaults(const struct journal_options *options) {
    struct journal_options o = options != NULL ? *options : (struct journal_options){0};
    if (o.segment_bytes == 0) {
        o.segment_bytes = JOURNAL_SEGMENT_MIN;
    }
    return o;
}

struct journal *journal_kit_open(struct journal_kit *k, const struct journal_options *options,
                                 struct journal_recovery *report) {
    struct journal_options o = with_defaults(options);
    struct journal *j;
    struct error e = {0};
    ck_assert_msg(journal_open(k->fd, &o, &j, report, &e) == 0, "%s", e.en);
    return j;
}

void journal_kit_refused(struct journal_kit *k, const struct journal_options *options, int code,
                         const char *part) {
    struct journal_options o = with_defaults(options);
    struct journal *j;
    struct error e = {0};
    ck_assert_int_eq(journal_open(k->fd, &o, &j, NULL, &e), -1);
    ck_assert_ptr_null(j);
    ck_assert_msg(e.code == code, "code %d: %s", e.code, e.en);
    ck_assert_msg(strstr(e.en, part) != NULL, "no \"%s\" in: %s", part, e.en);
    ck_assert_uint_gt(strlen(e.ja), 0);
}

uint8_t journal_kit_byte(uint64_t seq, size_t i) {
    return (uint8_t)(seq * 131 + i * 7 + (i >> 8) + 1);
}

bool journal_kit_is(uint64_t seq, const uint8_t *data, size_t len) {
    for (size_t i = 0; i < len; i++) {
        if (data[i] != journal_kit_byte(seq, i)) {
            return false;
        }
    }
    return true;
}

int journal_kit_stage(struct journal *j, size_t len, struct journal_place *place, struct error *e) {
    uint64_t seq = journal_staged_head(j)->seq + 1;
    uint8_t *data = malloc(len + 1);
    for (size_t i = 0; i < len; i++) {
        data[i] = journal_kit_byte(seq, i);
    }
    struct iovec v = {data, len};
    int r = journal_stage(j, &v, 1, place, NULL, e);
    free(data);
    return r;
}

void journal_kit_append(struct journal *j, const size_t *lens, size_t n,
                        struct journal_place *places) {
    size_t bytes = 0;
    for (size_t i = 0; i < n; i++) {
        bytes += journal_record_bytes(lens[i]);
    }
    struct error e = {0};
    ck_assert_msg(journal_reserve(j, bytes, &e) == 0, "%s", e.en);
    for (size_t i = 0; i < n; i++) {
        ck_assert_msg(journal_kit_stage(j, lens[i], places != NULL ? &places[i] : NULL, &e) == 0,
                      "%s", e.en);
    }
    ck_assert_msg(journal_flush(j, &e) == 0, "%s", e.en);
}

struct journal_mark journal_kit_groups(struct journal_kit *k, const size_t *lens, size_t n) {
    struct journal *j = journal_kit_open(k, NULL, NULL);
    for (size_t i = 0; i < n; i++) {
        journal_kit_append(j, &lens[i], 1, NULL);
    }
    return journal_close(j);
}

void journal_kit_read(struct journal *j, struct journal_place place, uint64_t seq, size_t len) {
    struct arena a;
    arena_init(&a, 4 << 20);
    const uint8_t *data;
    size_t got;
    struct error e = {0};
    ck_assert_msg(journal_read(j, place, seq, &a, &data, &got, &e) == 0, "%s", e.en);
    ck_assert_uint_eq(got, len);
    ck_assert(journal_kit_is(seq, data, len));
    arena_free(&a);
}

struct journal_verify_result journal_kit_verify(struct journal_kit *k) {
    struct journal_verify_result v;
    struct error e = {0};
    ck_assert_msg(journal_verify(k->fd, &v, &e) == 0, "%s", e.en);
    return v;
}

static int walk_one(void *ctx, uint64_t seq, struct journal_place place, const uint8_t *hash,
                    const uint8_t *data, size_t len) {
    uint64_t *next = ctx;
    (void)place;
    (void)hash;
    ck_assert_uint_eq(seq, *next);
    ck_assert(journal_kit_is(seq, data, len));
    (*next)++;
    return 0;
}

void journal_kit_walk(struct journal *j, uint64_t from) {
    uint64_t next = from;
    struct error e = {0};
    ck_assert_msg(journal_walk(j, from, walk_one, &next, &e) == 0, "%s", e.en);
    uint64_t end = journal_head(j)->seq + 1;
    ck_assert_uint_eq(next, from > end ? from : end);
}

const char *journal_kit_name(uint64_t segment) {
    static char name[64];
    char file[SEGMENT_NAME_BYTES];
    segment_name(segment, file);
    snprintf(name, sizeof name, "journal/%s", file);
    return name;
}

uint8_t *journal_kit_load(struct journal_kit *k, uint64_t segment, size_t *size) {
    int fd = openat(k->fd, journal_kit_name(segment), O_RDONLY);
    ck_assert_int_ge(fd, 0);
    struct stat s;
    ck_assert_int_eq(fstat(fd, &s), 0);
    *size = (size_t)s.st_size;
    uint8_t *bytes = malloc(*size);
    ck_assert_int_eq(read(fd, bytes, *size), s.st_size);
    close(fd);
    return bytes;
}

void journal_kit_poke(struct journal_kit *k, uint64_t segment, const void *data, size_t len,
                      uint64_t offset) {
    int fd = openat(k->fd, journal_kit_name(segment), O_WRONLY);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(pwrite(fd, data, len, (off_t)offset), (ssize_t)len);
    close(fd);
}
