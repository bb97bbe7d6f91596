#include "store/upgrade.h"

#include "store/backup.h"
#include "store/copy.h"
#include "store/disk.h"
#include "store/journal_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define FORMAT_NAME      "format"
#define FORMAT_TEMPORARY "format.part"
#define FOLDS_MAX        9999 /* beyond it a version is damage */
#define COPY_BUFFER      ((size_t)1 << 20)
#define TELL_EVERY       200 /* ms */

struct versions {
    unsigned folds, entries;
};

/* ---- what stands in `format` ----------------------------------------------------------------- */

size_t upgrade_format(char out[UPGRADE_FORMAT_TEXT]) {
    return (size_t)snprintf(out, UPGRADE_FORMAT_TEXT, "madoguchi store %d\nfolds %d\nentries %d\n",
                            STORE_FORMAT, FOLD_VERSION, STORE_ENTRY_FORMAT);
}

static struct versions read_versions(int dirfd) {
    char text[UPGRADE_FORMAT_TEXT] = "";
    struct versions v = {1, 1};
    size_t got = 0;
    int fd = openat(dirfd, FORMAT_NAME, O_RDONLY | O_CLOEXEC);
    if (fd >= 0 && disk_read(fd, text, sizeof text - 1, 0, &got) == 0) {
        (void)sscanf(text, "madoguchi store %*u folds %u entries %u", &v.folds, &v.entries);
    }
    if (fd >= 0) {
        close(fd);
    }
    return v;
}

int upgrade_check_folds(const char *path, uint32_t version, struct error *e) {
    if (version <= FOLD_VERSION || version > FOLDS_MAX) {
        return 0;
    }
    return error_set(
        e, ERR_STATE, "store",
        "%s was used by a newer madoguchid: its tables are of version %u, and this "
        "one knows version %d. Nothing was changed. Install the newer version, or go "
        "back to the copy made before the upgrade (madoguchid(8), Upgrades).",
        "%s は新しい版の madoguchid が使っていました (集計表の版 %u、この版は %d まで)。"
        "何も変更していません。新しい版を入れるか、更新前の写しに戻してください "
        "(madoguchid(8) の Upgrades)。",
        path, version, FOLD_VERSION);
}

int upgrade_check_entries(uint32_t version, struct error *e) {
    if (version <= STORE_ENTRY_FORMAT) {
        return 0;
    }
    return error_set(e, ERR_STATE, "store",
                     "The journal may hold entries of version %u, made by a newer madoguchid; this "
                     "one knows version %d. Nothing was changed. Install the newer version, or go "
                     "back to the copy made before the upgrade (madoguchid(8), Upgrades).",
                     "新しい版の madoguchid による記録 (版 %u、この版は %d まで) があります。"
                     "何も変更していません。新しい版を入れるか、更新前の写しに戻してください "
                     "(madoguchid(8) の Upgrades)。",
                     version, STORE_ENTRY_FORMAT);
}

int upgrade_check(int dirfd, const char *path, struct error *e) {
    struct versions v = read_versions(dirfd);
    if (upgrade_check_folds(path, v.folds < FOLDS_MAX ? v.folds : FOLDS_MAX, e) != 0) {
        return -1;
    }
    return upgrade_check_entries(v.entries, e);
}

/* A power failure leaves the old file or the new one. */
static int write_versions(const struct store *s, struct error *e) {
    char text[UPGRADE_FORMAT_TEXT];
    size_t len = upgrade_format(text);
    if (store_write_file(s->dirfd, FORMAT_TEMPORARY, text, len, e) != 0) {
        return -1;
    }
    return disk_rename(s->dirfd, FORMAT_TEMPORARY, s->dirfd, FORMAT_NAME) != 0 ||
                   disk_sync(s->dirfd) != 0
               ? copy_error(s->path, FORMAT_NAME, e)
               : 0;
}

/* ---- as a backup -------------------------------------------------------------------------------
 */

static uint64_t now_ms(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* Who waits for the start wants to hear that it goes on. */
struct telling {
    const struct store *store;
    uint64_t told;
    uint64_t done, total;
};

static void tell(struct telling *t) {
    const struct store_options *o = &t->store->options;
    uint64_t now = now_ms(CLOCK_MONOTONIC);
    if (o->progress != NULL && now - t->told >= TELL_EVERY) {
        t->told = now;
        o->progress(o->progress_ctx, "copying before the upgrade", t->done, t->total);
    }
}

static bool never_stopped(void *ctx) {
    struct telling *t = ctx;
    t->done++;
    tell(t);
    return false;
}

struct first_entry {
    struct store *store;
    struct error *error;
};

static int take_founding(void *ctx, uint64_t seq, struct journal_place place, const uint8_t *hash,
                         const uint8_t *data, size_t len) {
    const struct first_entry *f = ctx;
    struct store *s = f->store;
    (void)seq;
    (void)place;
    (void)hash;
    Journal__Entry *entry = journal__entry__unpack(NULL, len, data);
    bool ok = entry != NULL && entry->body_case == JOURNAL__ENTRY__BODY_FOUNDING &&
              entry->founding->store_id.len == sizeof s->id &&
              entry->founding->municipality.len == 6;
    if (ok) {
        memcpy(s->municipality, entry->founding->municipality.data, 6);
        memcpy(s->id, entry->founding->store_id.data, sizeof s->id);
    }
    if (entry != NULL) {
        journal__entry__free_unpacked(entry, NULL);
    }
    return ok ? 1
              : error_set(f->error, ERR_DOES_NOT_HOLD, "store",
                          "The first entry is not a founding.",
                          "最初の記録が開設の記録ではありません。");
}

/* The journal is opened so that nothing of it is changed. */
static int to_backup(struct store *s, const char *directory, struct error *e) {
    const struct journal_options o = {.segment_bytes = s->options.segment_bytes, .read_only = true};
    struct first_entry first = {s, e};
    if (journal_open(s->dirfd, &o, &s->journal, NULL, e) != 0) {
        return -1;
    }
    struct telling telling = {.store = s, .total = journal_head(s->journal)->seq};
    const struct store_backup_watch watch = {.stopped = never_stopped,
                                             .ctx = &telling,
                                             .within = s->options.backup_directories,
                                             .n_within = s->options.n_backup_directories};
    int rc = journal_walk(s->journal, 1, take_founding, &first, e);
    if (rc == 0) {
        rc = store_backup(s, directory, now_ms(CLOCK_REALTIME), &watch, e);
    }
    (void)journal_close(s->journal);
    s->journal = NULL;
    return rc;
}

/* ---- beside the store
 * ---------------------------------------------------------------------------- */

struct aside {
    const struct store *store;
    char path[PATH_MAX + 64]; /* of what is being made */
    int dirfd, journalfd;
    struct journal_dir journal;
    uint8_t *buffer;
    struct telling telling;
};

static int no_room(const struct aside *a, uint64_t free_bytes, uint64_t need, struct error *e) {
    return error_set(e, ERR_FULL, "", "the disk of %s has %llu MiB free and %llu MiB are needed",
                     "%s のディスクの空きは %llu MiB で、%llu MiB 必要です", a->store->path,
                     (unsigned long long)(free_bytes >> 20), (unsigned long long)(need >> 20) + 1);
}

static int copy_bytes(struct aside *a, int from, int to, uint64_t size, struct error *e) {
    uint64_t free_bytes;
    uint64_t need = size + a->store->options.free_floor_bytes;
    if (disk_free_bytes(a->dirfd, &free_bytes) != 0) {
        return copy_error(a->path, "", e);
    }
    if (free_bytes < need) {
        return no_room(a, free_bytes, need, e);
    }
    size_t got = 1;
    for (uint64_t at = 0; at < size && got > 0; at += got) {
        if (disk_read(from, a->buffer, COPY_BUFFER, at, &got) != 0 ||
            disk_write(to, a->buffer, got, at) != 0) {
            return copy_error(a->path, "", e);
        }
        a->telling.done += got;
        tell(&a->telling);
    }
    return disk_sync(to) != 0 ? copy_error(a->path, "", e) : 0;
}

static int copy_segment_file(struct aside *a, uint64_t first, const char *name, struct error *e) {
    uint64_t size = 0;
    int from = journal_dir_segment(&a->journal, first, O_RDONLY, &size, e);
    if (from < 0) {
        return -1;
    }
    int to = disk_create(a->journalfd, name, O_WRONLY | O_EXCL);
    int rc = to < 0 ? copy_error(a->path, name, e) : copy_bytes(a, from, to, size, e);
    if (to >= 0) {
        close(to);
    }
    close(from);
    return rc;
}

/* A full segment never changes again: a link to it is a copy, where the file
 * system has links. */
static int put_segment(struct aside *a, size_t i, struct error *e) {
    char name[SEGMENT_NAME_BYTES];
    segment_name(a->journal.first[i], name);
    if (i + 1 < a->journal.n && linkat(a->journal.fd, name, a->journalfd, name, 0) == 0) {
        return 0;
    }
    return copy_segment_file(a, a->journal.first[i], name, e);
}

static int put_format(const struct aside *a, const struct versions *v, struct error *e) {
    char text[UPGRADE_FORMAT_TEXT];
    int n = snprintf(text, sizeof text, "madoguchi store %d\nfolds %u\nentries %u\n", STORE_FORMAT,
                     v->folds, v->entries);
    return store_write_file(a->dirfd, FORMAT_NAME, text, (size_t)n, e);
}

static int open_in(struct aside *a, const char *directory, const char *name, int *fd,
                   struct error *e) {
    int in = a->dirfd >= 0 ? a->dirfd : AT_FDCWD;
    if (disk_make_dir(in, name) != 0) {
        return copy_error(directory, "", e);
    }
    *fd = openat(in, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return *fd < 0 ? copy_error(directory, "", e) : 0;
}

/* What an attempt left behind that was killed. */
static void remove_half(const char *path) {
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0) {
        beside_remove(fd, JOURNAL_DIR_NAME);
        close(fd);
        beside_remove(AT_FDCWD, path);
    }
}

static int fill(struct aside *a, const struct versions *v, struct error *e) {
    if (journal_dir_open(a->store->dirfd, &a->journal, e) != 0) {
        return -1;
    }
    a->buffer = malloc(COPY_BUFFER);
    if (a->buffer == NULL) {
        return copy_no_memory(e);
    }
    remove_half(a->path);
    if (open_in(a, a->path, a->path, &a->dirfd, e) != 0 ||
        open_in(a, a->path, JOURNAL_DIR_NAME, &a->journalfd, e) != 0) {
        return -1;
    }
    for (size_t i = 0; i < a->journal.n; i++) {
        if (put_segment(a, i, e) != 0) {
            return -1;
        }
    }
    return disk_sync(a->journalfd) != 0 ? copy_error(a->path, "", e) : put_format(a, v, e);
}

/* STORE.before-upgrade-20261120T093000Z, and what it is called until it is whole. */
static int name_aside(struct aside *a, char *place, size_t size, struct error *e) {
    char *real = realpath(a->store->path, NULL);
    char at[32];
    struct tm tm = {0};
    time_t now = (time_t)(now_ms(CLOCK_REALTIME) / 1000);
    if (real == NULL) {
        return copy_error(a->store->path, "", e);
    }
    gmtime_r(&now, &tm);
    strftime(at, sizeof at, "%Y%m%dT%H%M%SZ", &tm);
    snprintf(a->path, sizeof a->path, "%s.before-upgrade.part", real);
    snprintf(place, size, "%s.before-upgrade-%s", real, at);
    free(real);
    return 0;
}

static int put_in_place(const struct aside *a, const char *place, struct error *e) {
    int above = openat(a->dirfd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (above < 0) {
        return copy_error(place, "", e);
    }
    int rc = disk_rename(AT_FDCWD, a->path, AT_FDCWD, place) != 0 || disk_sync(above) != 0
                 ? copy_error(place, "", e)
                 : 0;
    close(above);
    return rc;
}

static int to_aside(struct store *s, const struct versions *v, char *place, size_t size,
                    struct error *e) {
    struct aside a = {
        .store = s, .dirfd = -1, .journalfd = -1, .journal = {.fd = -1}, .telling = {.store = s}};
    int rc = name_aside(&a, place, size, e);
    if (rc == 0) {
        rc = fill(&a, v, e);
    }
    if (rc == 0) {
        rc = put_in_place(&a, place, e);
    }
    if (rc != 0 && a.path[0] != '\0') {
        remove_half(a.path);
    }
    journal_dir_close(&a.journal);
    free(a.buffer);
    if (a.journalfd >= 0) {
        close(a.journalfd);
    }
    if (a.dirfd >= 0) {
        close(a.dirfd);
    }
    return rc;
}

/* ---- the whole
 * --------------------------------------------------------------------------------------- */

/* Where the copy lies now; e says why there is none. */
static int copy_journal(struct store *s, const struct versions *v, char *place, size_t size,
                        struct error *e) {
    struct backup_memory memory;
    backup_recall(s->dirfd, &memory);
    if (memory.directory[0] != '\0') {
        snprintf(place, size, "%s", memory.directory);
        if (to_backup(s, memory.directory, e) == 0) {
            return 0;
        }
        if (e->code != ERR_FORBIDDEN) {
            return -1;
        }
    }
    return to_aside(s, v, place, size, e);
}

static int not_copied(const struct error *why, struct error *e) {
    struct error ja;
    error_set(&ja, why->code, "", "%s",
              "この madoguchid は前に使っていたものより新しい版です。更新前にジャーナルを写せな"
              "かったので、何も変更していません。原因を除くか、写しなしで続けるなら serve "
              "--no-upgrade-backup としてください。原因: %s",
              why->ja);
    error_set(e, why->code, "no-upgrade-backup",
              "This madoguchid is newer than the one that had the store, and the copy of the "
              "journal that is made before an upgrade failed; nothing was changed. See to it, or "
              "go on without a copy: serve --no-upgrade-backup. Why: %s",
              "%s", why->en);
    memcpy(e->ja, ja.ja, sizeof e->ja);
    return -1;
}

int upgrade_take_over(struct store *s, struct error *e) {
    struct versions v = read_versions(s->dirfd);
    char place[PATH_MAX + 64] = "";
    char line[PATH_MAX + 256];
    if (v.folds == FOLD_VERSION && v.entries == STORE_ENTRY_FORMAT) {
        return 0;
    }
    if (!s->options.no_upgrade_copy) {
        struct error why = {0};
        if (copy_journal(s, &v, place, sizeof place, &why) != 0) {
            return not_copied(&why, e);
        }
    }
    if (write_versions(s, e) != 0) {
        return -1;
    }
    snprintf(line, sizeof line, "this version is newer than the one that had the store: %s%s",
             place[0] != '\0' ? "the journal was copied to " : "no copy was asked for", place);
    if (s->options.notice != NULL) {
        s->options.notice(s->options.notice_ctx, line);
    }
    return 0;
}
