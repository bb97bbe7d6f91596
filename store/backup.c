/* Copying the journal of a store that is being used. */
#include "store/backup.h"

#include "store/copy.h"
#include "store/disk.h"
#include "store/journal_dir.h"
#include "store/place.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define BACKUP_REMEMBERED "backup"
#define BACKUP_SPARE      ((uint64_t)1 << 20) /* bytes, for the manifest */

struct backup {
    struct store *store;
    const char *path; /* of the directory it goes to */
    int dirfd;
    struct journal_dir journal;
    struct manifest old, new;
    uint64_t copied_files, copied_bytes, kept_files;
    const struct store_backup_watch *watch;
};

/* ---- what the store remembers -------------------------------------------------------------- */

void backup_recall(int dirfd, struct backup_memory *memory) {
    char text[BACKUP_PATH_MAX + 128] = "";
    int at = 0;
    size_t got = 0;
    *memory = (struct backup_memory){0};
    int fd = openat(dirfd, BACKUP_REMEMBERED, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        return;
    }
    if (disk_read(fd, text, sizeof text - 1, 0, &got) == 0 &&
        sscanf(text, "madoguchi last backup 1\nat %" SCNu64 "\nseq %" SCNu64 "\ndirectory %n",
               &memory->at, &memory->seq, &at) == 2 &&
        at > 0) {
        snprintf(memory->directory, sizeof memory->directory, "%.*s", (int)strcspn(text + at, "\n"),
                 text + at);
    } else {
        *memory = (struct backup_memory){0};
    }
    close(fd);
}

static int remember(const struct backup *b, struct error *e) {
    static const char temporary[] = BACKUP_REMEMBERED ".part";
    struct store *s = b->store;
    char text[BACKUP_PATH_MAX + 128];
    int n = snprintf(text, sizeof text,
                     "madoguchi last backup 1\nat %" PRIu64 "\nseq %" PRIu64 "\ndirectory %s\n",
                     b->new.at, b->new.head.seq, b->path);
    if (n >= (int)sizeof text || strchr(b->path, '\n') != NULL) {
        return error_set(e, ERR_INVALID, "directory", "The path is too long.",
                         "パスが長すぎます。");
    }
    int fd =
        openat(s->dirfd, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    bool ok = fd >= 0 && disk_write(fd, text, (size_t)n, 0) == 0 && disk_sync(fd) == 0;
    if (fd >= 0) {
        close(fd);
    }
    if (!ok || renameat(s->dirfd, temporary, s->dirfd, BACKUP_REMEMBERED) != 0 ||
        disk_sync(s->dirfd) != 0) {
        return copy_error(s->path, BACKUP_REMEMBERED, e);
    }
    pthread_mutex_lock(&s->status_lock);
    s->status.last_backup = b->new.at;
    s->status.last_backup_seq = b->new.head.seq;
    pthread_mutex_unlock(&s->status_lock);
    return 0;
}

/* ---- the place ---------------------------------------------------------------------------------
 */

static int open_place(struct backup *b, struct error *e) {
    const struct place place = {.path = b->path,
                                .store_dirfd = b->store->dirfd,
                                .within = b->watch->within,
                                .n_within = b->watch->n_within};
    b->dirfd = place_open(&place, e);
    return b->dirfd < 0 ? -1 : 0;
}

static int lock_place(const struct backup *b, struct error *e) {
    if (flock(b->dirfd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) {
        return 0; /* a file system without locks: the manifest still says whose it is */
    }
    return error_set(e, ERR_BUSY, "directory", "Another backup is being written to %s.",
                     "%s には別のバックアップが書き込まれているところです。", b->path);
}

/* Calls for each name in the place; `foreign` is set by one that no backup makes. */
static int each_name(const struct backup *b, void (*each)(const struct backup *b, const char *name),
                     bool *foreign, struct error *e) {
    int fd = openat(b->dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (dir == NULL) {
        if (fd >= 0) {
            close(fd);
        }
        return copy_error(b->path, "", e);
    }
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        const char *name = entry->d_name;
        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
            continue;
        }
        if (foreign != NULL && strcmp(name, MANIFEST_TEMPORARY) != 0) {
            *foreign = true;
        }
        if (each != NULL) {
            each(b, name);
        }
    }
    closedir(dir);
    return 0;
}

/* A directory that is no backup must be empty. */
static int refuse_full(const struct backup *b, struct error *e) {
    bool foreign = false;
    if (each_name(b, NULL, &foreign, e) != 0) {
        return -1;
    }
    return !foreign ? 0
                    : error_set(e, ERR_STATE, "directory",
                                "%s is neither empty nor a backup. Nothing was written; choose an "
                                "empty directory.",
                                "%s は空でもバックアップでもありません。何も書いていません。"
                                "空のディレクトリを指定してください。",
                                b->path);
}

/* What lies there must be an earlier backup of this very history. */
static int refuse_other(const struct backup *b, struct error *e) {
    const struct manifest *old = &b->old;
    uint8_t hash[SEGMENT_HASH_BYTES];
    if (memcmp(old->store, b->store->id, sizeof old->store) != 0) {
        return error_set(e, ERR_CONFLICT, "directory",
                         "%s holds the backup of another store (municipality %s). Nothing was "
                         "written; choose another directory.",
                         "%s には別の記録庫 (団体コード %s) のバックアップがあります。"
                         "何も書いていません。別のディレクトリを指定してください。",
                         b->path, old->municipality);
    }
    if (old->head.seq > b->new.head.seq) {
        return error_set(e, ERR_CONFLICT, "directory",
                         "The backup in %s goes up to entry %llu, this store only to %llu: it is "
                         "ahead of the store. Nothing was written; keep it and choose another "
                         "directory.",
                         "%s のバックアップは記録 %llu までありますが、この記録庫は %llu まで"
                         "です。何も書いていません。それを保管し、別のディレクトリを指定して"
                         "ください。",
                         b->path, (unsigned long long)old->head.seq,
                         (unsigned long long)b->new.head.seq);
    }
    if (old->head.seq == 0) {
        return 0;
    }
    if (journal_dir_hash(&b->journal, old->head.seq, hash, e) != 0) {
        return -1;
    }
    return memcmp(hash, old->head.hash, sizeof hash) == 0
               ? 0
               : error_set(e, ERR_CONFLICT, "directory",
                           "The backup in %s has another entry %llu than this store: they are two "
                           "histories. Nothing was written; keep it and choose another directory.",
                           "%s のバックアップの記録 %llu はこの記録庫のものと異なり、別の履歴"
                           "です。何も書いていません。それを保管し、別のディレクトリを指定して"
                           "ください。",
                           b->path, (unsigned long long)old->head.seq);
}

static int take_place(struct backup *b, struct error *e) {
    struct error none = {0};
    if (open_place(b, e) != 0 || lock_place(b, e) != 0) {
        return -1;
    }
    if (manifest_read(b->dirfd, b->path, &b->old, &none) == 0) {
        return refuse_other(b, e);
    }
    if (none.code != ERR_NOT_FOUND) {
        *e = none;
        return -1;
    }
    if (refuse_full(b, e) != 0) {
        return -1;
    }
    /* From now on the directory is this store's, also if this ends half-way. */
    struct manifest begun = b->new;
    begun.head = (struct journal_head){0};
    begun.n = 0;
    return manifest_write(b->dirfd, b->path, &begun, e);
}

/* ---- the files
 * ----------------------------------------------------------------------------------- */

/* The last entry of segment i that is to be copied. */
static uint64_t last_of(const struct backup *b, size_t i) {
    uint64_t head = b->new.head.seq;
    uint64_t last = i + 1 < b->journal.n ? b->journal.first[i + 1] - 1 : head;
    return last < head ? last : head;
}

/* The file of the backup before that holds all of segment i, still there. */
static const struct manifest_file *kept(const struct backup *b, size_t i) {
    char name[MANIFEST_FILE_NAME];
    struct stat st;
    const struct manifest_file *f = manifest_find(&b->old, b->journal.first[i]);
    if (f == NULL || f->first != b->journal.first[i] || f->last.seq != last_of(b, i)) {
        return NULL;
    }
    manifest_file_name(f, name);
    return fstatat(b->dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
                   (uint64_t)st.st_size == f->bytes
               ? f
               : NULL;
}

static int check_room(const struct backup *b, struct error *e) {
    uint64_t need = BACKUP_SPARE;
    uint64_t free_bytes;
    struct stat here;
    struct stat there;
    if (fstat(b->store->dirfd, &here) != 0 || fstat(b->dirfd, &there) != 0 ||
        disk_free_bytes(b->dirfd, &free_bytes) != 0) {
        return copy_error(b->path, "", e);
    }
    if (here.st_dev == there.st_dev) {
        need += b->store->options.free_floor_bytes; /* the daemon goes on recording */
    }
    for (size_t i = 0; i < b->journal.n; i++) {
        uint64_t size = 0;
        if (kept(b, i) != NULL) {
            continue;
        }
        int fd = journal_dir_segment(&b->journal, b->journal.first[i], O_RDONLY, &size, e);
        if (fd < 0) {
            return -1;
        }
        close(fd);
        need += size;
    }
    if (free_bytes >= need) {
        return 0;
    }
    return error_set(e, ERR_FULL, "directory",
                     "%s has %llu MiB free and the backup may need %llu MiB. Nothing was written; "
                     "free some space or choose another disk.",
                     "%s の空きは %llu MiB で、バックアップには %llu MiB 必要です。"
                     "何も書いていません。空きを増やすか、別のディスクを指定してください。",
                     b->path, (unsigned long long)(free_bytes >> 20),
                     (unsigned long long)((need >> 20) + 1));
}

/* Copies a segment to fd, the chain going on from *head. */
static int copy_to(struct backup *b, size_t i, int fd, struct journal_head *head,
                   struct manifest_file *f, struct error *e) {
    char source[SEGMENT_NAME_BYTES];
    uint64_t size = 0;
    struct copy_writer w;
    segment_name(f->first, source);
    int from = journal_dir_segment(&b->journal, f->first, O_RDONLY, &size, e);
    if (from < 0) {
        return -1;
    }
    int rc = copy_writer_init(&w, fd, b->path, COPY_TEMPORARY, e);
    if (rc == 0) {
        rc = copy_segment(from, size, "journal", source, f->first, last_of(b, i), head, &w,
                          b->watch->stopped, b->watch->ctx, e);
    }
    if (rc == 0) {
        rc = copy_writer_end(&w, f->hash, e);
    }
    f->bytes = w.bytes;
    f->last = *head;
    copy_writer_free(&w);
    close(from);
    return rc;
}

static int copy_file(struct backup *b, size_t i, struct journal_head *head, struct error *e) {
    struct manifest_file f = {.first = b->journal.first[i]};
    char name[MANIFEST_FILE_NAME];
    int fd = openat(b->dirfd, COPY_TEMPORARY, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
                    0600);
    if (fd < 0) {
        return copy_error(b->path, COPY_TEMPORARY, e);
    }
    int rc = copy_to(b, i, fd, head, &f, e);
    close(fd);
    if (rc != 0) {
        return -1;
    }
    manifest_file_name(&f, name);
    if (renameat(b->dirfd, COPY_TEMPORARY, b->dirfd, name) != 0) {
        return copy_error(b->path, name, e);
    }
    b->copied_files++;
    b->copied_bytes += f.bytes;
    return manifest_add(&b->new, &f, e);
}

static int copy_all(struct backup *b, struct error *e) {
    struct journal_head head = {0};
    for (size_t i = 0; i < b->journal.n; i++) {
        const struct manifest_file *f = kept(b, i);
        if (f == NULL) {
            if (copy_file(b, i, &head, e) != 0) {
                return -1;
            }
            continue;
        }
        head = f->last;
        b->kept_files++;
        if (manifest_add(&b->new, f, e) != 0) {
            return -1;
        }
    }
    if (disk_sync(b->dirfd) != 0) {
        return copy_error(b->path, "", e);
    }
    if (head.seq != b->new.head.seq || memcmp(head.hash, b->new.head.hash, 32) != 0) {
        return error_set(e, ERR_DOES_NOT_HOLD, "journal",
                         "The journal's files end with another entry than the daemon recorded. "
                         "Ask `madoguchi verify`.",
                         "ジャーナルのファイルが、サーバーの記録した内容と異なります。"
                         "madoguchi verify で確かめてください。");
    }
    return 0;
}

/* Files that the new manifest does not name: of the backup before, or of one
 * that was not finished.  One that stays is removed the next time. */
static void tidy(const struct backup *b, const char *name) {
    char listed[MANIFEST_FILE_NAME];
    if (!manifest_knows_name(name) || strcmp(name, MANIFEST_NAME) == 0) {
        return;
    }
    for (size_t i = 0; i < b->new.n; i++) {
        manifest_file_name(&b->new.file[i], listed);
        if (strcmp(listed, name) == 0) {
            return;
        }
    }
    unlinkat(b->dirfd, name, 0);
}

/* ---- the whole
 * --------------------------------------------------------------------------------------- */

static int list_segments(struct backup *b, struct error *e) {
    b->new.head = journal_flushed(b->store->journal);
    if (journal_dir_open(b->store->dirfd, &b->journal, e) != 0) {
        return -1;
    }
    while (b->journal.n > 0 && b->journal.first[b->journal.n - 1] > b->new.head.seq) {
        b->journal.n--;
    }
    return 0;
}

static void report(const struct backup *b, store_line_fn line, void *ctx) {
    struct copy_report r = {line, ctx};
    char hex[65];
    char at[COPY_TIME];
    sodium_bin2hex(hex, sizeof hex, b->new.head.hash, 32);
    copy_time(b->new.at, at);
    copy_say(&r, "directory", "%s", b->path);
    copy_say_number(&r, "head", b->new.head.seq);
    copy_say(&r, "hash", "%s", hex);
    copy_say(&r, "at", "%s", at);
    copy_say_number(&r, "copied", b->copied_files);
    copy_say_number(&r, "copied bytes", b->copied_bytes);
    copy_say_number(&r, "kept", b->kept_files);
}

static int run(struct backup *b, struct error *e) {
    struct error forgotten;
    if (list_segments(b, e) != 0 || take_place(b, e) != 0 || check_room(b, e) != 0 ||
        copy_all(b, e) != 0 || manifest_write(b->dirfd, b->path, &b->new, e) != 0) {
        return -1;
    }
    if (each_name(b, tidy, NULL, &forgotten) != 0 || remember(b, &forgotten) != 0) {
        /* The backup itself is whole. */
        struct copy_report r = {b->watch->line, b->watch->ctx};
        copy_say(&r, "note", "%s", forgotten.en);
    }
    report(b, b->watch->line, b->watch->ctx);
    return 0;
}

int store_backup(struct store *s, const char *directory, uint64_t now,
                 const struct store_backup_watch *watch, struct error *e) {
    struct backup b = {.store = s, .path = directory, .dirfd = -1, .watch = watch};
    if (strlen(directory) >= BACKUP_PATH_MAX) {
        return error_set(e, ERR_INVALID, "directory", "The path is too long.",
                         "パスが長すぎます。");
    }
    if (copy_sodium(e) != 0) {
        return -1;
    }
    if (atomic_exchange(&s->backing_up, true)) {
        return error_set(e, ERR_BUSY, "", "Another backup is under way. Ask again later.",
                         "別のバックアップが行われています。しばらくしてからもう一度お試し"
                         "ください。");
    }
    b.journal.fd = -1;
    memcpy(b.new.municipality, s->municipality, sizeof b.new.municipality);
    memcpy(b.new.store, s->id, sizeof b.new.store);
    b.new.at = now;
    int rc = run(&b, e);
    journal_dir_close(&b.journal);
    manifest_free(&b.old);
    manifest_free(&b.new);
    if (b.dirfd >= 0) {
        close(b.dirfd);
    }
    atomic_store(&s->backing_up, false);
    return rc;
}
