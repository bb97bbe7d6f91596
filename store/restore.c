/* Making a store again from a backup. */
#include "store/copy.h"

#include "store/disk.h"
#include "store/journal.h"
#include "store/journal_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct restore {
    const char *directory;
    int dirfd;
    struct manifest manifest;
    uint64_t to;
    struct beside beside;
    int journal; /* the new one's directory */
    const struct store_options *options;
};

static int open_backup(struct restore *r, uint64_t to, struct error *e) {
    r->dirfd = open(r->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (r->dirfd < 0) {
        return copy_error(r->directory, "", e);
    }
    if (manifest_read(r->dirfd, r->directory, &r->manifest, e) != 0) {
        return -1;
    }
    if (r->manifest.head.seq == 0) {
        return error_set(e, ERR_NOT_FOUND, "directory",
                         "The first backup in %s was never finished: there is nothing to restore.",
                         "%s の最初のバックアップは完了していません。復元できるものがありません。",
                         r->directory);
    }
    if (to > r->manifest.head.seq) {
        return error_set(e, ERR_INVALID, "to",
                         "to: the backup in %s ends with entry %llu; it has no entry %llu.",
                         "to：%s のバックアップは記録 %llu までです。記録 %llu はありません。",
                         r->directory, (unsigned long long)r->manifest.head.seq,
                         (unsigned long long)to);
    }
    r->to = to != 0 ? to : r->manifest.head.seq;
    return 0;
}

static int make_journal(struct restore *r, struct error *e) {
    if (mkdirat(r->beside.dirfd, JOURNAL_DIR_NAME, 0700) != 0) {
        return copy_error(r->beside.path, JOURNAL_DIR_NAME, e);
    }
    r->journal = openat(r->beside.dirfd, JOURNAL_DIR_NAME, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return r->journal >= 0 ? 0 : copy_error(r->beside.path, JOURNAL_DIR_NAME, e);
}

/* The last segment is written on: it gets the room of a new one. */
static int make_room(const struct restore *r, int fd, uint64_t bytes, const char *name,
                     struct error *e) {
    uint64_t size =
        r->options->segment_bytes != 0 ? r->options->segment_bytes : JOURNAL_SEGMENT_DEFAULT;
    if (size > bytes && (disk_zero(fd, bytes, size) != 0 || disk_sync(fd) != 0)) {
        return copy_error(r->beside.path, name, e);
    }
    return 0;
}

static int restore_to(const struct restore *r, const struct manifest_file *f, int from, int fd,
                      const char *name, struct journal_head *head, struct error *e) {
    char source[MANIFEST_FILE_NAME];
    struct copy_writer w;
    uint64_t upto = r->to < f->last.seq ? r->to : f->last.seq;
    manifest_file_name(f, source);
    int rc = copy_writer_init(&w, fd, r->beside.path, name, e);
    if (rc == 0) {
        rc = copy_segment(from, f->bytes, r->directory, source, f->first, upto, head, &w, NULL,
                          NULL, e);
    }
    if (rc == 0) {
        rc = copy_writer_end(&w, NULL, e);
    }
    if (rc == 0 && upto == r->to) {
        rc = make_room(r, fd, w.bytes, name, e);
    }
    copy_writer_free(&w);
    return rc;
}

static int restore_file(const struct restore *r, const struct manifest_file *f,
                        struct journal_head *head, struct error *e) {
    char name[SEGMENT_NAME_BYTES];
    segment_name(f->first, name);
    int from = copy_open_file(r->dirfd, r->directory, f, e);
    if (from < 0) {
        return -1;
    }
    int fd = openat(r->journal, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    int rc =
        fd < 0 ? copy_error(r->beside.path, name, e) : restore_to(r, f, from, fd, name, head, e);
    if (fd >= 0) {
        close(fd);
    }
    close(from);
    return rc;
}

static void progress(const struct restore *r, const char *what, uint64_t done) {
    if (r->options->progress != NULL) {
        r->options->progress(r->options->progress_ctx, what, done, r->to);
    }
}

static int restore_files(struct restore *r, struct journal_head *head, struct error *e) {
    /* All are checked, also those after `to`: who restores wants to know. */
    for (size_t i = 0; i < r->manifest.n; i++) {
        const struct manifest_file *f = &r->manifest.file[i];
        if (f->first > r->to) {
            int fd = copy_open_file(r->dirfd, r->directory, f, e);
            if (fd < 0) {
                return -1;
            }
            close(fd);
            continue;
        }
        if (restore_file(r, f, head, e) != 0) {
            return -1;
        }
        progress(r, "copying", head->seq);
    }
    if (disk_sync(r->journal) != 0) {
        return copy_error(r->beside.path, JOURNAL_DIR_NAME, e);
    }
    if (r->to == r->manifest.head.seq &&
        memcmp(head->hash, r->manifest.head.hash, SEGMENT_HASH_BYTES) != 0) {
        return error_set(e, ERR_DOES_NOT_HOLD, "directory",
                         "The files of the backup in %s end with another entry than its manifest "
                         "says. Use another backup.",
                         "%s のファイルの末尾が manifest と一致しません。"
                         "別のバックアップを使ってください。",
                         r->directory);
    }
    return 0;
}

static int run(struct restore *r, const char *path, uint64_t to, struct journal_head *head,
               struct error *e) {
    const char *warning;
    if (open_backup(r, to, e) != 0 || beside_begin(&r->beside, path, e) != 0 ||
        filesystem_check(r->beside.path, r->options->force_filesystem, &warning, e) != 0 ||
        make_journal(r, e) != 0 || restore_files(r, head, e) != 0) {
        return -1;
    }
    return beside_finish(&r->beside, r->options, head, r->manifest.store, e);
}

int store_restore(const char *directory, const char *path, uint64_t to,
                  const struct store_options *options, store_line_fn line, void *ctx,
                  struct error *e) {
    struct restore r = {.directory = directory, .dirfd = -1, .journal = -1, .options = options};
    struct journal_head head = {0};
    r.beside.dirfd = -1;
    if (copy_sodium(e) != 0) {
        return -1;
    }
    int rc = run(&r, path, to, &head, e);
    if (rc == 0) {
        struct copy_report report = {line, ctx};
        char text[65];
        copy_say(&report, "municipality", "%s", r.manifest.municipality);
        copy_say_number(&report, "head", head.seq);
        sodium_bin2hex(text, sizeof text, head.hash, sizeof head.hash);
        copy_say(&report, "hash", "%s", text);
        copy_time(r.manifest.at, text);
        copy_say(&report, "backup of", "%s", text);
    } else {
        beside_abandon(&r.beside);
    }
    if (r.journal >= 0) {
        close(r.journal);
    }
    if (r.dirfd >= 0) {
        close(r.dirfd);
    }
    manifest_free(&r.manifest);
    return rc;
}
