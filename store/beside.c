/* Making a store beside its place: a half-made one is never taken for one. */
#include "store/copy.h"

#include "store/disk.h"
#include "store/upgrade.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int exists(const char *place, struct error *e) {
    return error_set(e, ERR_STATE, "store",
                     "%s exists already. Nothing was changed; choose a place where nothing is.",
                     "%s は既にあります。何も変更していません。何もない場所を指定してください。",
                     place);
}

int beside_begin(struct beside *b, const char *place, struct error *e) {
    size_t len = strlen(place);
    while (len > 1 && place[len - 1] == '/') {
        len--;
    }
    *b = (struct beside){.place = place, .dirfd = -1};
    struct stat st;
    if (lstat(place, &st) == 0) {
        return exists(place, e);
    }
    if (len == 0 || snprintf(b->path, sizeof b->path, "%.*s.new-%d", (int)len, place,
                             (int)getpid()) >= (int)sizeof b->path) {
        return error_set(e, ERR_INVALID, "store", "The path is empty or too long.",
                         "パスが空か、長すぎます。");
    }
    if (mkdir(b->path, 0700) != 0) {
        copy_error(b->path, "", e);
        b->path[0] = '\0';
        return -1;
    }
    b->dirfd = open(b->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return b->dirfd >= 0 ? 0 : copy_error(b->path, "", e);
}

static int sync_parent(const char *path, struct error *e) {
    char *copy = strdup(path);
    int fd = copy == NULL ? -1 : open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc = fd < 0 || disk_sync(fd) != 0 ? copy_error(path, "", e) : 0;
    if (fd >= 0) {
        close(fd);
    }
    free(copy);
    return rc;
}

/* Opens, which folds; what is folded must be what was copied. */
static int fold(const struct beside *b, const struct store_options *options,
                const struct journal_head *head, const uint8_t *store, struct error *e) {
    struct store *s;
    if (store_open(b->path, options, &s, e) != 0) {
        return -1;
    }
    struct journal_head made = journal_flushed(s->journal);
    int rc = 0;
    if (made.seq != head->seq || memcmp(made.hash, head->hash, SEGMENT_HASH_BYTES) != 0 ||
        (store != NULL && memcmp(store, store_id(s), 16) != 0)) {
        rc = error_set(e, ERR_DOES_NOT_HOLD, "store",
                       "What was copied is not the store that it says it is; nothing was made.",
                       "コピーした内容が、示されている記録庫のものではありません。"
                       "何も作っていません。");
    }
    store_close(s, rc == 0);
    return rc;
}

int beside_finish(struct beside *b, const struct store_options *options,
                  const struct journal_head *head, const uint8_t *store, struct error *e) {
    char format[UPGRADE_FORMAT_TEXT];
    size_t n = upgrade_format(format);
    if (store_write_file(b->dirfd, "format", format, n, e) != 0 ||
        fold(b, options, head, store, e) != 0) {
        return -1;
    }
    /* Not over an empty directory that came meanwhile. */
    if (renameat2(AT_FDCWD, b->path, AT_FDCWD, b->place, RENAME_NOREPLACE) != 0 &&
        (errno != EINVAL || access(b->place, F_OK) == 0 || rename(b->path, b->place) != 0)) {
        return errno == EEXIST ? exists(b->place, e) : copy_error(b->place, "", e);
    }
    close(b->dirfd);
    b->dirfd = -1;
    return sync_parent(b->place, e);
}

void beside_remove(int dirfd, const char *name) {
    int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (dir == NULL) {
        if (fd >= 0) {
            close(fd);
        }
        return;
    }
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            unlinkat(fd, entry->d_name, 0);
        }
    }
    closedir(dir);
    unlinkat(dirfd, name, AT_REMOVEDIR);
}

void beside_abandon(struct beside *b) {
    if (b->dirfd >= 0) {
        beside_remove(b->dirfd, "journal");
        beside_remove(b->dirfd, "fold");
        close(b->dirfd);
        b->dirfd = -1;
        beside_remove(AT_FDCWD, b->path);
    }
}
