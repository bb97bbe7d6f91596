#include "tests/verify_kit.h"

#include "proto/yaml.h"
#include "tests/messages.h"

#include <check.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define NOW     1717200000000ull /* 2024-06-01 09:00 JST */
#define ENTRIES 700

extern const unsigned char catalogue_yaml[];
extern const size_t catalogue_yaml_len;

static char base[64];
static char template[VERIFY_KIT_PATH];
static uint64_t requests;

static void must(int rc, const struct error *e) {
    ck_assert_msg(rc == 0, "%s", e->en);
}

/* ---- recording ------------------------------------------------------------------- */

static void record(struct store *s, struct arena *a, Madoguchi__Request *r) {
    static const struct store_actor actor = {.id = "uid:1000", .name = "窓口"};
    uint8_t id[16] = {0};
    struct store_result result;
    struct error e = {0};
    put_u64(id + 8, ++requests);
    SET(r, id, ((ProtobufCBinaryData){sizeof id, id}));
    must(store_record(s, &actor, r, a, &result, &e), &e);
}

static void record_fields(struct store *s, struct arena *a, Madoguchi__Request__BodyCase body,
                          const char *fields) {
    record(s, a, messages_request(a, body, fields));
}

static void begin(struct store *s) {
    struct error e = {0};
    must(store_begin(s, NOW, &e) == STORE_DONE ? 0 : -1, &e);
}

static void commit(struct store *s) {
    struct error e = {0};
    must(store_commit(s, &e) == STORE_DONE ? 0 : -1, &e);
}

static void record_one(struct store *s, struct arena *a, unsigned i) {
    static const char *const services[] = {"migration", "citizen"};
    static const char *const topics[] = {"housing", "legal"};
    char fields[200];
    if (i % 3 == 2) {
        snprintf(fields, sizeof fields,
                 "kind=2 date=202404%02u service=mynumber topic=pin count=%u", i % 28 + 1,
                 i % 7 + 1);
    } else {
        snprintf(fields, sizeof fields, "kind=1 date=202405%02u service=%s topic=%s channel=%s",
                 i % 30 + 1, services[i % 3], topics[i % 3], i % 2 == 0 ? "phone" : "counter");
    }
    record_fields(s, a, MADOGUCHI__REQUEST__BODY_ACT, fields);
}

void verify_kit_record(struct store *s, unsigned n, unsigned group) {
    struct arena a;
    arena_init(&a, 64u << 20);
    for (unsigned i = 0; i < n; i++) {
        if (i % group == 0) {
            begin(s);
        }
        record_one(s, &a, i);
        if (i % group == group - 1 || i == n - 1) {
            commit(s);
            arena_reset(&a);
        }
    }
    arena_free(&a);
}

static void record_correction_of(struct store *s, struct arena *a, uint64_t seq) {
    Madoguchi__Change change = MADOGUCHI__CHANGE__INIT;
    Madoguchi__Change *changes[] = {&change};
    Madoguchi__Correction correction = MADOGUCHI__CORRECTION__INIT;
    Madoguchi__Request r = MADOGUCHI__REQUEST__INIT;
    SET(&change, field, bytes_of("date"));
    SET(&change, value, bytes_of("2024-04-30"));
    SET(&correction, seq, seq);
    SET(&correction, reason, bytes_of("日付の誤り"));
    correction.change = changes;
    correction.n_change = 1;
    r.body_case = MADOGUCHI__REQUEST__BODY_CORRECTION;
    r.correction = &correction;
    record(s, a, &r);
}

static void record_plan(struct store *s, struct arena *a) {
    static const char text[] = "plan: mini\ntitle: 計画\nmunicipality: \"062090\"\nsource: 見本\n"
                               "years: {from: FY2023, to: FY2024}\nindicators:\n"
                               "  - id: moved\n    name: 移住\n    unit: 件\n    decimals: 0\n"
                               "    policy: 移住\n    kind: annual\n"
                               "    terms: [{count: outcomes, where: [outcome=moved]}]\n";
    struct error e = {0};
    Madoguchi__Put put = MADOGUCHI__PUT__INIT;
    Madoguchi__Request r = MADOGUCHI__REQUEST__INIT;
    SET(&put, kind, MADOGUCHI__DOCUMENT_KIND__PLAN_DOCUMENT);
    SET(&put, piece, 0);
    SET(&put, pieces, 1);
    put.has_data = 1;
    must(yaml_plan(text, strlen(text), "mini.yaml", a, &put.data, &e), &e);
    r.body_case = MADOGUCHI__REQUEST__BODY_PUT;
    r.put = &put;
    record(s, a, &r);
}

static void record_published(struct store *s, struct arena *a) {
    Madoguchi__Publication publication = MADOGUCHI__PUBLICATION__INIT;
    Madoguchi__Request r = MADOGUCHI__REQUEST__INIT;
    struct error e = {0};
    SET(&publication, plan, bytes_of("mini"));
    SET(&publication, year, 2024);
    must(store_settle(s, &e), &e);
    must(
        store_evaluate(s, publication.plan, publication.year, NOW, NULL, NULL, a, &publication, &e),
        &e);
    r.body_case = MADOGUCHI__REQUEST__BODY_PUBLICATION;
    r.publication = &publication;
    begin(s);
    record(s, a, &r);
    commit(s);
}

/* Something for every table. */
static void record_kinds(struct store *s) {
    struct arena a;
    arena_init(&a, 64u << 20);
    begin(s);
    record_fields(s, &a, MADOGUCHI__REQUEST__BODY_SESSION,
                  "kind=2 session_kind=seminar date=20240420 service=migration form=online "
                  "households=3 persons=5");
    record_fields(s, &a, MADOGUCHI__REQUEST__BODY_ACT,
                  "kind=1 date=20240421 service=migration topic=work;housing origin=tokyo age=30s "
                  "channel=counter | source=a.csv ref=K-17 nth=1");
    record_fields(s, &a, MADOGUCHI__REQUEST__BODY_ACT,
                  "kind=4 case_number=M-2024-000001 date=20240503 channel=phone");
    record_fields(s, &a, MADOGUCHI__REQUEST__BODY_ACT,
                  "kind=5 case_number=M-2024-000001 date=20240510 outcome=moved households=1");
    record_fields(s, &a, MADOGUCHI__REQUEST__BODY_ACT,
                  "kind=3 date=20240510 service=citizen reason=full count=2");
    record_fields(s, &a, MADOGUCHI__REQUEST__BODY_FIGURE,
                  "series=hp-views period=FY2023 value=1207069 as_of=20240401 source=x");
    record_fields(s, &a, MADOGUCHI__REQUEST__BODY_COVERAGE, "period=FY2024 service=migration");
    record_fields(s, &a, MADOGUCHI__REQUEST__BODY_COVERAGE, "period=FY2023 service=migration");
    record_fields(s, &a, MADOGUCHI__REQUEST__BODY_CLOSING, "month=202403");
    record_plan(s, &a);
    record_correction_of(s, &a, 5);
    record_fields(s, &a, MADOGUCHI__REQUEST__BODY_VOIDING, "seq=7 reason=x");
    commit(s);
    record_published(s, &a);
    arena_free(&a);
}

/* ---- stores -------------------------------------------------------------------------- */

struct store *verify_kit_open(const char *path) {
    struct store *s;
    struct error e = {0};
    struct store_options options = {0};
    must(store_open(path, &options, &s, &e), &e);
    return s;
}

void verify_kit_setup(void) {
    struct arena a;
    ProtobufCBinaryData packed;
    struct error e = {0};
    if (access(template, F_OK) == 0) {
        return;
    }
    arena_init(&a, 64u << 20);
    must(yaml_catalogue((const char *)catalogue_yaml, catalogue_yaml_len, "catalogue.yaml", &a,
                        &packed, &e),
         &e);
    struct store_founding founding = {.municipality = "062090",
                                      .name = "長井市",
                                      .catalogue = packed.data,
                                      .catalogue_len = packed.len,
                                      .actor = "uid:0",
                                      .now = NOW};
    must(store_create(template, &founding, &e), &e);
    arena_free(&a);
    struct store *s = verify_kit_open(template);
    record_kinds(s);
    verify_kit_record(s, ENTRIES, 40);
    store_close(s, true);
}

void verify_kit_begin(void) {
    snprintf(base, sizeof base, "/tmp/madoguchi-verify-XXXXXX");
    if (mkdtemp(base) == NULL) {
        perror(base);
        exit(1);
    }
    snprintf(template, sizeof template, "%s/template", base);
}

static int remove_one(const char *path, const struct stat *s, int flag, struct FTW *ftw) {
    (void)s;
    (void)flag;
    (void)ftw;
    return remove(path);
}

void verify_kit_end(void) {
    nftw(base, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

void verify_kit_copy(char path[VERIFY_KIT_PATH]) {
    char command[512];
    snprintf(path, VERIFY_KIT_PATH, "%s/XXXXXX", base);
    ck_assert_ptr_nonnull(mkdtemp(path));
    snprintf(command, sizeof command, "cp -a %s/. %s/", template, path);
    ck_assert_int_eq(system(command), 0); // NOLINT(cert-env33-c)
}

void verify_kit_put_back(const char *from, const char *to, const char *file) {
    char command[512];
    snprintf(command, sizeof command, "cp -a %s/%s %s/%s", from, file, to, file);
    ck_assert_int_eq(system(command), 0); // NOLINT(cert-env33-c)
}

/* ---- proofs ----------------------------------------------------------------------------- */

void verify_kit_line(void *ctx, const char *name, const char *value) {
    struct verify_kit_proof *p = ctx;
    size_t used = strlen(p->lines);
    snprintf(p->lines + used, sizeof p->lines - used, "%s: %s\n", name, value);
}

void verify_kit_prove(const char *path, struct verify_kit_proof *out) {
    *out = (struct verify_kit_proof){0};
    out->rc = store_verify(path, false, NULL, verify_kit_line, out, &out->e);
}

void verify_kit_holds(const char *path, struct verify_kit_proof *out) {
    verify_kit_prove(path, out);
    ck_assert_msg(out->rc == 0, "%s\n%s", out->e.en, out->lines);
}

void verify_kit_fails(const char *path, int code, const char *part, struct verify_kit_proof *out) {
    verify_kit_prove(path, out);
    ck_assert_msg(out->rc == -1, "%s", out->lines);
    ck_assert_msg(out->e.code == code, "%d: %s", out->e.code, out->e.en);
    ck_assert_msg(strstr(out->e.en, part) != NULL, "'%s' is not in: %s", part, out->e.en);
    ck_assert_str_ne(out->e.ja, "");
    ck_assert_ptr_null(strstr(out->lines, "result: holds"));
}

/* ---- journal and files --------------------------------------------------------------------- */

struct looking {
    uint64_t seq, head;
    size_t len;
    struct journal_place place;
};

static int look(void *ctx, uint64_t seq, struct journal_place place, const uint8_t *hash,
                const uint8_t *data, size_t len) {
    (void)hash;
    (void)data;
    struct looking *l = ctx;
    l->head = seq;
    if (seq == l->seq) {
        l->place = place;
        l->len = len;
    }
    return 0;
}

static struct looking look_for(const char *path, uint64_t seq) {
    struct journal *j;
    struct journal_options options = {.read_only = true};
    struct looking l = {.seq = seq};
    struct error e = {0};
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    must(journal_open(fd, &options, &j, NULL, &e), &e);
    must(journal_walk(j, 1, look, &l, &e), &e);
    journal_close(j);
    close(fd);
    return l;
}

uint64_t verify_kit_head(const char *path) {
    return look_for(path, 0).head;
}

struct journal_place verify_kit_place(const char *path, uint64_t seq, size_t *len) {
    struct looking l = look_for(path, seq);
    ck_assert_uint_ne(l.place.segment, 0);
    if (len != NULL) {
        *len = l.len;
    }
    return l.place;
}

uint8_t *verify_kit_load(const char *path, const char *file, size_t *size) {
    char name[VERIFY_KIT_PATH + 64];
    struct stat st;
    snprintf(name, sizeof name, "%s%s%s", path, file[0] == '\0' ? "" : "/", file);
    int fd = open(name, O_RDONLY | O_CLOEXEC);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(fstat(fd, &st), 0);
    *size = (size_t)st.st_size;
    uint8_t *data = malloc(*size + 1);
    ck_assert_int_eq(read(fd, data, *size), (ssize_t)*size);
    close(fd);
    return data;
}

void verify_kit_poke(const char *path, const char *file, const void *data, size_t len,
                     uint64_t offset) {
    char name[VERIFY_KIT_PATH + 64];
    snprintf(name, sizeof name, "%s/%s", path, file);
    int fd = open(name, O_WRONLY | O_CLOEXEC);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(pwrite(fd, data, len, (off_t)offset), (ssize_t)len);
    close(fd);
}

void verify_kit_flip(const char *path, const char *file, uint64_t offset) {
    size_t size;
    uint8_t *data = verify_kit_load(path, file, &size);
    ck_assert_uint_lt(offset, size);
    uint8_t byte = data[offset] ^ 0x40;
    free(data);
    verify_kit_poke(path, file, &byte, 1, offset);
}

void verify_kit_tables(const char *path, struct tables *t, struct txn *x) {
    char fold[VERIFY_KIT_PATH + 8];
    struct error e = {0};
    snprintf(fold, sizeof fold, "%s/fold", path);
    must(tables_open(t, fold, 1u << 30, false, &e), &e);
    must(txn_begin(x, t, true, &e), &e);
}

void verify_kit_tables_done(struct tables *t, struct txn *x) {
    struct error e = {0};
    must(txn_commit(x, &e), &e);
    tables_close(t);
}

/* FNV-1a, over everything that a change would change. */
static uint64_t print;

static void print_bytes(const void *data, size_t len) {
    const uint8_t *p = data;
    for (size_t i = 0; i < len; i++) {
        print = (print ^ p[i]) * 0x100000001b3;
    }
}

static int print_one(const char *path, const struct stat *s, int flag, struct FTW *ftw) {
    (void)flag;
    (void)ftw;
    print_bytes(path, strlen(path));
    print_bytes(&s->st_size, sizeof s->st_size);
    print_bytes(&s->st_mtim, sizeof s->st_mtim);
    print_bytes(&s->st_ctim, sizeof s->st_ctim);
    print_bytes(&s->st_mode, sizeof s->st_mode);
    if (S_ISREG(s->st_mode)) {
        size_t size;
        uint8_t *data = verify_kit_load(path, "", &size);
        print_bytes(data, size);
        free(data);
    }
    return 0;
}

uint64_t verify_kit_print(const char *path) {
    print = 0xcbf29ce484222325;
    ck_assert_int_eq(nftw(path, print_one, 16, FTW_PHYS), 0);
    return print;
}
