#include "tests/fuzz/fuzz.h"

#include "proto/yaml.h"
#include "store/journal.h"
#include "store/store.h"

#include <errno.h>
#include <ftw.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <unistr.h>

void fuzz_refusal(const struct error *e) {
    MUST(e->code != 0);
    MUST(e->en[0] != '\0' && e->ja[0] != '\0');
    MUST(memchr(e->field, '\0', sizeof e->field) != NULL);
    MUST(u8_check((const uint8_t *)e->en, strlen(e->en)) == NULL);
    MUST(u8_check((const uint8_t *)e->ja, strlen(e->ja)) == NULL);
    MUST(u8_check((const uint8_t *)e->field, strlen(e->field)) == NULL);
    MUST(e->n_near <= ERROR_NEAR_MAX);
}

/* ---- files ------------------------------------------------------------------------- */

static char folder[FUZZ_PATH];

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *at) {
    (void)st;
    (void)flag;
    (void)at;
    return remove(path);
}

static void remove_folder(void) {
    nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

const char *fuzz_folder(void) {
    if (folder[0] == '\0') {
        const char *tmp = getenv("TMPDIR");
        snprintf(folder, sizeof folder, "%.60s/madoguchi-fuzz-XXXXXX", tmp != NULL ? tmp : "/tmp");
        MUST(mkdtemp(folder) != NULL);
        atexit(remove_folder);
    }
    return folder;
}

uint8_t *fuzz_load(const char *path, size_t *len) {
    FILE *f = fopen(path, "re");
    MUST(f != NULL);
    fseek(f, 0, SEEK_END);
    *len = (size_t)ftell(f);
    rewind(f);
    uint8_t *data = malloc(*len + 1);
    MUST(data != NULL);
    MUST(fread(data, 1, *len, f) == *len);
    fclose(f);
    data[*len] = '\0';
    return data;
}

void fuzz_save(const char *path, const void *data, size_t len) {
    FILE *f = fopen(path, "we");
    MUST(f != NULL);
    MUST(fwrite(data, 1, len, f) == len);
    MUST(fclose(f) == 0);
}

/* ---- the store ---------------------------------------------------------------------- */

#define GOLDEN  "tests/golden/"
#define SEGMENT "journal/00000000000000000001.seg"

/* The files that make up a closed store, kept in memory. */
static struct {
    const char *name;
    uint8_t *data;
    size_t len;
    size_t size; /* zeros up to here */
} files[] = {{.name = "format"},  {.name = "boot"},  {.name = "clean"},
             {.name = "flushed"}, {.name = SEGMENT}, {.name = "fold/data.mdb"}};
#define FILES (sizeof files / sizeof files[0])

static const struct store_options options = {
    .force_filesystem = true,
    .map_bytes = (uint64_t)4 << 30, /* room to spare: entries are folded beside */
    .fold_beside = true,
    .free_floor_bytes = 1,
    .segment_bytes = JOURNAL_SEGMENT_MIN,
};

static const char *path_of(const char *name) {
    static char path[2 * FUZZ_PATH];
    snprintf(path, sizeof path, "%s/store%s%s", fuzz_folder(), name[0] != '\0' ? "/" : "", name);
    return path;
}

static struct store *open_store(void) {
    struct store *s;
    struct error e = {0};
    if (store_open(path_of(""), &options, &s, &e) != 0) {
        fprintf(stderr, "%s\n", e.en);
        abort();
    }
    return s;
}

static void found(void) {
    struct arena a;
    struct error e;
    ProtobufCBinaryData packed;
    size_t len;
    uint8_t *text = fuzz_load(GOLDEN "catalogue.yaml", &len);
    arena_init(&a, 4u << 20);
    MUST(yaml_catalogue((char *)text, len, "catalogue.yaml", &a, &packed, &e) == 0);
    const struct store_founding founding = {.municipality = "062090",
                                            .name = "長井市",
                                            .catalogue = packed.data,
                                            .catalogue_len = packed.len,
                                            .actor = "uid:0",
                                            .force_filesystem = true,
                                            .now = UINT64_C(1749956400000)};
    MUST(store_create(path_of(""), &founding, &e) == 0);
    arena_free(&a);
    free(text);
}

/* Founds one, gives it the golden journal, folds it, and keeps its files. */
static void make_files(void) {
    size_t len;
    found();
    uint8_t *journal = fuzz_load(GOLDEN "journal.seg", &len);
    fuzz_save(path_of(SEGMENT), journal, len);
    MUST(truncate(path_of(SEGMENT), (off_t)JOURNAL_SEGMENT_MIN) == 0);
    free(journal);
    unlink(path_of("clean"));
    MUST(unlink(path_of("fold/data.mdb")) == 0);
    store_close(open_store(), true);
    for (size_t i = 0; i < FILES; i++) {
        files[i].data = fuzz_load(path_of(files[i].name), &files[i].size);
        files[i].len = files[i].size;
        while (files[i].len > 0 && files[i].data[files[i].len - 1] == 0) {
            files[i].len--;
        }
    }
}

static int remove_segment(const char *path, const struct stat *st, int flag, struct FTW *at) {
    (void)st;
    (void)at;
    return flag == FTW_F ? remove(path) : 0;
}

struct store *fuzz_store(void) {
    if (files[0].data == NULL) {
        make_files();
    }
    nftw(path_of("journal"), remove_segment, 16, FTW_PHYS);
    unlink(path_of("fold/lock.mdb"));
    for (size_t i = 0; i < FILES; i++) {
        fuzz_save(path_of(files[i].name), files[i].data, files[i].len);
        MUST(truncate(path_of(files[i].name), (off_t)files[i].size) == 0);
    }
    return open_store();
}
