#include "store/internal.h"

#include "proto/check.h"
#include "proto/municipality.h"
#include "proto/text.h"
#include "store/disk.h"
#include "store/upgrade.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int system_error(const char *what, struct error *e) {
    return error_set(e, errno == ENOSPC || errno == EDQUOT ? ERR_FULL : ERR_INTERNAL, "store",
                     "%s: %s", "%s: %s", what, strerror(errno));
}

static int check_founding(const struct store_founding *f, struct error *e) {
    if (!municipality_code_valid(f->municipality, strlen(f->municipality))) {
        return error_set(e, ERR_INVALID, "municipality",
                         "municipality: a 全国地方公共団体コード has six digits, the last one a "
                         "check digit (Nagai is 062090). This one does not.",
                         "municipality: 全国地方公共団体コードは検査数字を含む 6 桁です "
                         "(例: 長井市 062090)。");
    }
    if (f->name == NULL || f->name[0] == '\0') {
        return error_set(e, ERR_INVALID, "name", "name: the municipality's name is missing.",
                         "name: 市町村名を入れてください。");
    }
    return text_check((const uint8_t *)f->name, strlen(f->name), 200, "name", e);
}

static int check_document(const struct store_founding *f, struct error *e) {
    struct catalogue *c;
    if (catalogue_open(f->catalogue, f->catalogue_len, &c, e) < 0) {
        return -1;
    }
    int rc = check_catalogue(catalogue_document(c), e);
    catalogue_free(c);
    return rc;
}

/* Seq 1 says whose store this is, seq 2 is its catalogue. */
static int record_founding(struct store *s, const struct store_founding *f, struct arena *a,
                           struct error *e) {
    uint8_t id[16];
    randombytes_buf(id, sizeof id);
    Journal__Founding founding = JOURNAL__FOUNDING__INIT;
    SET(&founding, municipality, bytes_of(f->municipality));
    SET(&founding, name, bytes_of(f->name));
    SET(&founding, store_id, ((ProtobufCBinaryData){sizeof id, id}));
    Journal__Entry first = JOURNAL__ENTRY__INIT;
    SET(&first, actor, bytes_of(f->actor));
    first.body_case = JOURNAL__ENTRY__BODY_FOUNDING;
    first.founding = &founding;

    Journal__Document document = JOURNAL__DOCUMENT__INIT;
    SET(&document, data, ((ProtobufCBinaryData){f->catalogue_len, (uint8_t *)f->catalogue}));
    Journal__Entry second = JOURNAL__ENTRY__INIT;
    SET(&second, actor, bytes_of(f->actor));
    second.body_case = JOURNAL__ENTRY__BODY_CATALOGUE;
    second.catalogue = &document;
    if (f->actor_name != NULL) {
        SET(&first, actor_name, bytes_of(f->actor_name));
        SET(&second, actor_name, bytes_of(f->actor_name));
    }
    if (store_begin(s, f->now, e) != STORE_DONE) {
        return -1;
    }
    if (store_group_add(s, &first, a, e) < 0 || store_group_add(s, &second, a, e) < 0) {
        store_abort(s);
        return -1;
    }
    return store_commit(s, e) == STORE_DONE ? 0 : -1;
}

static int fill(const char *path, const struct store_founding *f, struct error *e) {
    int dirfd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dirfd < 0) {
        return system_error(path, e);
    }
    char format[UPGRADE_FORMAT_TEXT];
    size_t n = upgrade_format(format);
    int rc = journal_create(dirfd, 0, e);
    if (rc == 0) {
        rc = store_write_file(dirfd, "format", format, n, e);
    }
    close(dirfd);
    if (rc < 0) {
        return -1;
    }
    struct store *s;
    struct store_options options = {.force_filesystem = f->force_filesystem};
    if (store_open_bare(path, &options, &s, e) < 0) {
        return -1;
    }
    struct arena a;
    arena_init(&a, 16u << 20);
    rc = record_founding(s, f, &a, e);
    arena_free(&a);
    store_close(s, rc == 0);
    return rc;
}

/* Removes a store that was never put in its place. */
static void remove_unfinished(const char *path) {
    static const char *const dirs[] = {"journal", "fold"};
    static const char *const files[] = {"format",
                                        "lock",
                                        "boot",
                                        "clean",
                                        "fold/data.mdb",
                                        "fold/lock.mdb",
                                        "journal/00000000000000000001.seg"};
    int dirfd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dirfd < 0) {
        return;
    }
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        (void)disk_calls.unlinkat(dirfd, files[i], 0);
    }
    for (size_t i = 0; i < sizeof dirs / sizeof dirs[0]; i++) {
        (void)disk_calls.unlinkat(dirfd, dirs[i], AT_REMOVEDIR);
    }
    close(dirfd);
    (void)disk_calls.unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}

static int sync_parent(const char *path, struct error *e) {
    char *copy = strdup(path);
    int fd = copy == NULL ? -1 : open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc = fd < 0 || disk_sync(fd) < 0 ? system_error(path, e) : 0;
    if (fd >= 0) {
        close(fd);
    }
    free(copy);
    return rc;
}

/* The directory in which the store is made, beside its place.  Its name is one
 * that no attempt has used which was cut short and left its own. */
static int make_beside(const char *path, size_t len, char beside[4096], struct error *e) {
    for (int tries = 0;; tries++) {
        int n = snprintf(beside, 4096, "%.*s.new-%08x", (int)len, path, randombytes_random());
        if (n >= 4096) {
            return error_set(e, ERR_INVALID, "store", "The path is too long.",
                             "パスが長すぎます。");
        }
        if (disk_make_dir(AT_FDCWD, beside) == 0) {
            return 0;
        }
        if (errno != EEXIST || tries == 10) {
            return system_error(beside, e);
        }
    }
}

int store_create(const char *path, const struct store_founding *founding, struct error *e) {
    char beside[4096];
    const char *end = path + strlen(path);
    while (end > path + 1 && end[-1] == '/') {
        end--;
    }
    if (check_founding(founding, e) < 0 || check_document(founding, e) < 0) {
        return -1;
    }
    if (access(path, F_OK) == 0) {
        return error_set(e, ERR_STATE, "store",
                         "%s exists already. Nothing was changed; choose another place, or serve "
                         "it as it is.",
                         "%s は既にあります。何も変更していません。別の場所を指定するか、そのまま "
                         "お使いください。",
                         path);
    }
    /* What a killed attempt left beside is in nobody's way. */
    if (make_beside(path, (size_t)(end - path), beside, e) < 0) {
        return -1;
    }
    int rc = fill(beside, founding, e);
    if (rc == 0 && disk_rename(AT_FDCWD, beside, AT_FDCWD, path) < 0) {
        rc = system_error(path, e);
    }
    if (rc < 0) {
        remove_unfinished(beside);
        return -1;
    }
    return sync_parent(path, e);
}
