#include "tests/kit_private.h"
#include "tests/suite.h"

#include "proto/yaml.h"
#include "store/internal.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* plans/catalogue.yaml, embedded by the Makefile. */
extern const unsigned char catalogue_yaml[];
extern const size_t catalogue_yaml_len;

/* 2025-06-15 12:00 in Japan: everything recorded in process is recorded then. */
#define KIT_NOW UINT64_C(1749956400000)

static char root[KIT_PATH];

/* ---- stores ----------------------------------------------------------------------- */

void kit_begin(void) {
    const char *tmp = getenv("TMPDIR");
    snprintf(root, sizeof root, "%s/madoguchi-XXXXXX",
             tmp != NULL && strlen(tmp) < 40 ? tmp : "/tmp");
    if (mkdtemp(root) == NULL) {
        perror(root);
        exit(1);
    }
}

void kit_end(void) {
    kit_remove(root);
}

void kit_folder(char out[KIT_PATH]) {
    ck_assert_int_lt(snprintf(out, KIT_PATH, "%.100s/XXXXXX", root), KIT_PATH);
    ck_assert_ptr_nonnull(mkdtemp(out));
}

void kit_make_store_of(const char *path, ProtobufCBinaryData catalogue) {
    struct error e;
    char actor[32];
    /* The user who runs the tests may do everything in the daemons they start. */
    snprintf(actor, sizeof actor, "uid:%u", (unsigned)getuid());
    struct store_founding founding = {.municipality = "062090",
                                      .name = "長井市",
                                      .catalogue = catalogue.data,
                                      .catalogue_len = catalogue.len,
                                      .actor = actor,
                                      .actor_name = "root",
                                      .now = KIT_NOW};
    ck_assert_msg(store_create(path, &founding, &e) == 0, "%s", e.en);
}

void kit_make_store(const char *path) {
    struct arena a;
    struct error e;
    ProtobufCBinaryData packed;
    arena_init(&a, 16u << 20);
    ck_assert_msg(yaml_catalogue((const char *)catalogue_yaml, catalogue_yaml_len, "catalogue.yaml",
                                 &a, &packed, &e) == 0,
                  "%s", e.en);
    kit_make_store_of(path, packed);
    arena_free(&a);
}

void kit_open(struct kit *k) {
    struct error e = {0};
    ck_assert_msg(store_open(k->d.store, &k->options, &k->store, &e) == 0, "%s", e.en);
}

void kit_close(struct kit *k, bool clean) {
    store_close(k->store, clean);
    k->store = NULL;
}

void kit_open_refused(struct kit *k, int code, const char *part) {
    struct error e = {0};
    ck_assert_int_eq(store_open(k->d.store, &k->options, &k->store, &e), -1);
    k->store = NULL;
    ck_assert_msg(e.code == code, "%d, not %d: %s", e.code, code, e.en);
    ck_assert_msg(strstr(e.en, part) != NULL, "\"%s\" does not say \"%s\"", e.en, part);
    k->last = kit_refusal(&e);
}

void kit_start(struct kit *k, bool daemon) {
    *k = (struct kit){.daemon = daemon, .fd = -1, .actor = "uid:1000", .now = KIT_NOW};
    k->options.free_floor_bytes = 1;
    k->options.fold_beside = true;
    arena_init(&k->arena, 256u << 20);
    kit_folder(k->dir);
    kit_daemon_init(&k->d, k->dir);
    kit_make_store(k->d.store);
    if (daemon) {
        kit_daemon_start(&k->d, "free_floor_bytes: 1");
        k->fd = kit_hello(&k->d);
    } else {
        kit_open(k);
    }
}

void kit_start_daemon(struct kit *k, const char *config) {
    char text[2000];
    kit_start(k, true);
    if (config != NULL) {
        close(k->fd);
        ck_assert_int_eq(kit_daemon_stop(&k->d, SIGTERM), 0);
        snprintf(text, sizeof text, "free_floor_bytes: 1\n%s", config);
        kit_daemon_start(&k->d, text);
        k->fd = kit_hello(&k->d);
    }
}

char *kit_dump(struct kit *k, size_t *len) {
    char *data = NULL;
    struct txn x;
    struct error e;
    FILE *out = open_memstream(&data, len);
    ck_assert_int_eq(store_settle(k->store, &e), 0);
    ck_assert_int_eq(txn_begin(&x, &k->store->tables, false, &e), 0);
    for (enum table t = 0; t < TABLE_COUNT; t++) {
        struct cursor c;
        fprintf(out, "\n[%s]\n", table_name(t));
        cursor_open(&c, &x, t);
        for (bool more = cursor_seek(&c, NULL); more; more = cursor_next(&c)) {
            fprintf(out, "%zu %zu ", c.key.mv_size, c.value.mv_size);
            fwrite(c.key.mv_data, 1, c.key.mv_size, out);
            fwrite(c.value.mv_data, 1, c.value.mv_size, out);
        }
        cursor_close(&c);
    }
    ck_assert_int_eq(x.failed, 0);
    txn_abort(&x);
    fclose(out);
    return data;
}

/* The table in which two dumps differ first, for the message. */
static const char *first_difference(const char *a, size_t n, const char *b, size_t m) {
    static char said[200];
    size_t at = 0;
    while (at < n && at < m && a[at] == b[at]) {
        at++;
    }
    const char *table = "?";
    size_t len = 1;
    for (size_t i = 0; i + 2 < at; i++) {
        if (a[i] == '\n' && a[i + 1] == '[') {
            const char *end = memchr(a + i, ']', n - i);
            table = a + i + 2;
            len = end != NULL ? (size_t)(end - table) : 0;
            len = len > 40 ? 40 : len;
        }
    }
    snprintf(said, sizeof said, "table %.*s differs (%zu and %zu bytes, at %zu)", (int)len, table,
             n, m, at);
    return said;
}

void kit_refold(struct kit *k) {
    size_t before_len;
    size_t after_len;
    char path[KIT_PATH + 20];
    char *before = kit_dump(k, &before_len);
    kit_close(k, true);
    snprintf(path, sizeof path, "%s/fold/data.mdb", k->d.store);
    ck_assert_int_eq(unlink(path), 0);
    kit_open(k);
    char *after = kit_dump(k, &after_len);
    ck_assert_msg(before_len == after_len && memcmp(before, after, after_len) == 0, "%s",
                  first_difference(before, before_len, after, after_len));
    free(before);
    free(after);
}

static void ignore_line(void *ctx, const char *name, const char *value) {
    (void)ctx;
    (void)name;
    (void)value;
}

void kit_verify(struct kit *k) {
    struct error e = {0};
    ck_assert_msg(store_verify(k->d.store, false, NULL, ignore_line, NULL, &e) == 0, "verify: %s",
                  e.en);
}

void kit_finish(struct kit *k) {
    if (k->daemon) {
        if (k->fd >= 0) {
            close(k->fd);
        }
        ck_assert_int_eq(kit_daemon_stop(&k->d, SIGTERM), 0);
        kit_open(k);
    }
    kit_refold(k);
    kit_close(k, true);
    if (k->daemon) { /* the same journal stands behind the other backend */
        kit_verify(k);
    }
    arena_free(&k->arena);
    kit_remove(k->dir);
}

/* ---- programs --------------------------------------------------------------------- */

static const struct kit_scenario *scenarios;

START_TEST(scenario) {
    struct kit k;
    kit_start(&k, _i % 2 == 1);
    scenarios[_i / 2].run(&k);
    kit_finish(&k);
}
END_TEST

int kit_scenarios(const char *suite, const struct kit_scenario *list, size_t n) {
    Suite *s = suite_create(suite);
    TCase *t = tcase_create("both backends");
    scenarios = list;
    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, scenario, 0, (int)(2 * n));
    suite_add_tcase(s, t);
    kit_begin();
    int status = suite_run(s);
    kit_end();
    return status;
}
