#include "store/internal.h"

#include "proto/municipality.h"
#include "proto/text.h"
#include "store/backup.h"
#include "store/disk.h"
#include "store/known.h"
#include "store/upgrade.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAP_DEFAULT   ((uint64_t)64 << 30)
#define FLOOR_DEFAULT ((uint64_t)64 << 20)

/* The store's directory:
 *   format    "madoguchi store 1\n" and who had it last (store/upgrade.h)
 *   lock      flock()ed by the one process that has it open
 *   boot      boot id of the machine when the store was opened last
 *   clean     the mark of a clean stop; not there while the store is open
 *   journal/  segments
 *   fold/     LMDB */

static int system_error(const char *what, struct error *e) {
    return error_set(e, errno == ENOSPC || errno == EDQUOT ? ERR_FULL : ERR_INTERNAL, "store",
                     "%s: %s", "%s: %s", what, strerror(errno));
}

static void notice(const struct store *s, const char *line) {
    if (s->options.notice != NULL) {
        s->options.notice(s->options.notice_ctx, line);
    }
}

int store_write_file(int dirfd, const char *name, const void *data, size_t len, struct error *e) {
    int fd = disk_create(dirfd, name, O_WRONLY | O_TRUNC);
    if (fd < 0) {
        return system_error(name, e);
    }
    bool ok = disk_write(fd, data, len, 0) == 0 && disk_sync(fd) == 0;
    int saved = errno;
    ok = close(fd) == 0 && ok;
    if (!ok) {
        errno = saved;
        return system_error(name, e);
    }
    return disk_sync(dirfd) < 0 ? system_error(name, e) : 0;
}

static ssize_t read_file(int dirfd, const char *name, void *data, size_t len) {
    int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return -1;
    }
    ssize_t n = read(fd, data, len);
    close(fd);
    return n;
}

/* ---- the pieces of opening ----------------------------------------------------- */

int store_check_format(int dirfd, const char *path, struct error *e) {
    char text[64] = "";
    unsigned format = 0;
    if (read_file(dirfd, "format", text, sizeof text - 1) < 0 ||
        sscanf(text, "madoguchi store %u", &format) != 1) {
        return error_set(
            e, ERR_STATE, "store", "%s is not a store of Madoguchi. `madoguchid init` makes one.",
            "%s は Madoguchi の保存領域ではありません。madoguchid init で作れます。", path);
    }
    if (format > STORE_FORMAT) {
        return error_set(
            e, ERR_STATE, "store",
            "%s has format %u, made by a newer madoguchid; this one knows format %d. "
            "Install the newer version.",
            "%s は新しい版の形式 %u です (この版は %d まで)。新しい版を入れてください。", path,
            format, STORE_FORMAT);
    }
    return 0;
}

int store_take_lock(int dirfd, const char *path, int flags, int *lockfd, struct error *e) {
    *lockfd = (flags & O_CREAT) != 0 ? disk_create(dirfd, "lock", flags)
                                     : openat(dirfd, "lock", flags | O_CLOEXEC);
    if (*lockfd < 0) {
        return system_error(path, e);
    }
    if (flock(*lockfd, LOCK_EX | LOCK_NB) < 0) {
        if (errno != EWOULDBLOCK) {
            return system_error(path, e);
        }
        return error_set(e, ERR_STATE, "store",
                         "%s is in use: a madoguchid runs on it. Stop that one first.",
                         "%s は使用中です (madoguchid が動いています)。先に止めてください。", path);
    }
    return 0;
}

static void boot_id(char out[64]) {
    memset(out, 0, 64);
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        ssize_t n = read(fd, out, 63);
        close(fd);
        out[n > 0 ? n : 0] = '\0';
    }
}

bool store_read_mark(int dirfd, struct journal_mark *mark) {
    char text[256] = "";
    char hex[65];
    unsigned long long segment;
    unsigned long long seq;
    unsigned end;
    unsigned last;
    size_t n;
    if (read_file(dirfd, "clean", text, sizeof text - 1) < 0 ||
        sscanf(text, "%llu %u %u %llu %64[0-9a-f]", &segment, &end, &last, &seq, hex) != 5 ||
        sodium_hex2bin(mark->head.hash, 32, hex, strlen(hex), NULL, &n, NULL) != 0 || n != 32) {
        return false;
    }
    mark->segment = segment;
    mark->end = end;
    mark->last = last;
    mark->head.seq = seq;
    return true;
}

static int write_mark(struct store *s, const struct journal_mark *mark, struct error *e) {
    char text[256];
    char hex[65];
    sodium_bin2hex(hex, sizeof hex, mark->head.hash, 32);
    int n = snprintf(text, sizeof text, "%llu %u %u %llu %s\n", (unsigned long long)mark->segment,
                     mark->end, mark->last, (unsigned long long)mark->head.seq, hex);
    return store_write_file(s->dirfd, "clean", text, (size_t)n, e);
}

bool store_same_boot(int dirfd) {
    char boot[64];
    char booted[64] = "";
    boot_id(boot);
    ssize_t n = read_file(dirfd, "boot", booted, sizeof booted - 1);
    return n > 0 && boot[0] != '\0' && strcmp(boot, booted) == 0;
}

static int remove_mark(const struct store *s, struct error *e) {
    return disk_remove(s->dirfd, "clean") < 0 || disk_sync(s->dirfd) < 0 ? system_error("clean", e)
                                                                         : 0;
}

/* Forgets the folds: they are made again from the journal. */
static int discard_fold(struct store *s, struct error *e) {
    int fd = openat(s->dirfd, "fold", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        bool gone = disk_remove(fd, "data.mdb") == 0 && disk_remove(fd, "lock.mdb") == 0;
        int saved = errno;
        close(fd);
        errno = saved;
        return gone ? 0 : system_error("fold", e);
    }
    if (disk_make_dir(s->dirfd, "fold") < 0 && errno != EEXIST) {
        return system_error("fold", e);
    }
    return 0;
}

/* What a clean stop vouches for: the tables, and that they are found under
 * their name and not those they took the place of. */
static int sync_fold(struct store *s) {
    int fd = openat(s->dirfd, "fold", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return -1;
    }
    bool synced = mdb_env_sync(s->tables.env, 1) == 0 && disk_sync(fd) == 0;
    close(fd);
    return synced ? 0 : -1;
}

static int open_tables(struct store *s, struct error *e) {
    char path[4096];
    if (snprintf(path, sizeof path, "%s/fold", s->path) >= (int)sizeof path) {
        return error_set(e, ERR_INVALID, "store", "The path is too long.", "パスが長すぎます。");
    }
    return tables_open(&s->tables, path, s->options.map_bytes, false, e);
}

/* Opens the folds if they may be believed; else makes them empty.  The mark of a
 * clean stop vouches for the folds that are there: it goes first, and *clean is
 * false then. */
static int open_fold(struct store *s, bool *clean, struct fold_head *head, struct error *e) {
    const char *why = NULL;
    *head = (struct fold_head){0};
    if (faccessat(s->dirfd, "fold/data.mdb", F_OK, 0) != 0) {
        why = "the folds are not there";
    } else if (!*clean && !store_same_boot(s->dirfd)) {
        why = "the machine stopped without a clean stop of the daemon";
    } else if (open_tables(s, e) < 0 || catchup_head(&s->tables, head, e) < 0) {
        why = "the folds cannot be read";
    } else if (head->version != FOLD_VERSION) {
        why = "the folds are of another version";
    }
    if (why == NULL) {
        return 0;
    }
    if (upgrade_check_folds(s->path, head->version, e) < 0) {
        return -1;
    }
    *head = (struct fold_head){0};
    tables_close(&s->tables);
    if (*clean && remove_mark(s, e) < 0) {
        return -1;
    }
    *clean = false;
    if (discard_fold(s, e) < 0 || open_tables(s, e) < 0) {
        return -1;
    }
    char line[200];
    snprintf(line, sizeof line, "folding the journal again: %s", why);
    notice(s, line);
    return 0;
}

static int open_journal(struct store *s, const struct journal_mark *mark, bool clean,
                        const struct fold_head *folded, uint64_t kept, struct error *e) {
    struct journal_options o = {.segment_bytes = s->options.segment_bytes,
                                .free_floor_bytes = s->options.free_floor_bytes,
                                .clean_stop = clean,
                                .mark = *mark,
                                .applied_trusted = folded->seq > 0};
    struct journal_recovery report;
    o.kept = kept;
    o.applied.seq = folded->seq;
    memcpy(o.applied.hash, folded->hash, 32);
    if (journal_open(s->dirfd, &o, &s->journal, &report, e) < 0) {
        return -1;
    }
    if (report.torn_bytes > 0) {
        char line[200];
        snprintf(line, sizeof line,
                 "cut a torn tail of %llu bytes off segment %020llu.seg at %llu: it was never "
                 "acknowledged",
                 (unsigned long long)report.torn_bytes, (unsigned long long)report.torn_segment,
                 (unsigned long long)report.torn_offset);
        notice(s, line);
    }
    return 0;
}

static int catch_up(struct store *s, struct error *e) {
    s->catalogues = catalogues_new();
    if (s->catalogues == NULL) {
        return view_no_room(e);
    }
    const struct follow_setting setting = {.tables = &s->tables,
                                           .journal = s->journal,
                                           .catalogues = s->catalogues,
                                           .beside = s->options.fold_beside,
                                           .lock = &s->status_lock,
                                           .shown_to = &s->status.applied};
    s->follow = follow_new(&setting, e);
    return s->follow == NULL ? -1
                             : follow_catch_up(s->follow, journal_head(s->journal)->seq,
                                               s->options.progress, s->options.progress_ctx, e);
}

/* Who the store belongs to stands in its first entry. */
static int read_founding(struct store *s, struct view *v, struct error *e) {
    struct arena a;
    Journal__Entry *entry;
    arena_init(&a, 1u << 20);
    int rc = view_entry(v, 1, &a, &entry, e);
    if (rc == 0 &&
        (entry->body_case != JOURNAL__ENTRY__BODY_FOUNDING || entry->founding->store_id.len != 16 ||
         entry->founding->municipality.len != 6)) {
        rc = error_set(e, ERR_DOES_NOT_HOLD, "store", "The first entry is not a founding.",
                       "最初の記録が開設の記録ではありません。");
    }
    if (rc == 0) {
        memcpy(s->municipality, entry->founding->municipality.data, 6);
        memcpy(s->id, entry->founding->store_id.data, 16);
        s->name = strndup((const char *)entry->founding->name.data, entry->founding->name.len);
    }
    if (rc == 0) {
        rc = view_entry(v, journal_head(s->journal)->seq, &a, &entry, e);
    }
    if (rc == 0) {
        s->recorded_at = entry->recorded_at;
    }
    arena_free(&a);
    return rc;
}

static uint32_t last_closed(struct view *v) {
    struct cursor c;
    cursor_open(&c, &v->txn, TABLE_CLOSINGS);
    uint32_t month = cursor_before(&c, NULL) && c.key.mv_size > 4 ? get_u32(c.key.mv_data) : 0;
    cursor_close(&c);
    return month;
}

static int after_opening(struct store *s, struct error *e) {
    const struct journal_head *head = journal_head(s->journal);
    known_note(s->notefd, head->seq);
    s->status.head = s->status.applied = head->seq;
    memcpy(s->status.head_hash, head->hash, 32);
    s->status.fold_version = FOLD_VERSION;
    struct backup_memory backup;
    backup_recall(s->dirfd, &backup);
    s->status.last_backup = backup.at;
    s->status.last_backup_seq = backup.seq;
    if (head->seq == 0) {
        return 0;
    }
    struct view v = {.journal = s->journal, .catalogues = s->catalogues};
    if (txn_begin(&v.txn, &s->tables, false, e) < 0) {
        return -1;
    }
    int rc = read_founding(s, &v, e);
    if (rc == 0) {
        ahead_init(&s->ahead, &v);
        s->closed_last = last_closed(&v);
        rc = people_load(&s->people, &v, e);
    }
    txn_abort(&v.txn);
    s->status.recorded_at = s->recorded_at;
    return rc;
}

static int prepare(struct store *s, const char *path, const struct store_options *options,
                   struct error *e) {
    const char *warning;
    s->dirfd = s->lockfd = s->notefd = -1;
    pthread_mutex_init(&s->status_lock, NULL);
    s->options = *options;
    if (s->options.map_bytes == 0) {
        s->options.map_bytes = MAP_DEFAULT;
    }
    if (s->options.free_floor_bytes == 0) {
        s->options.free_floor_bytes = FLOOR_DEFAULT;
    }
    s->path = strdup(path);
    s->dirfd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (s->path == NULL || s->dirfd < 0) {
        return system_error(path, e);
    }
    if (filesystem_check(path, options->force_filesystem, &warning, e) < 0) {
        return -1;
    }
    if (warning != NULL) {
        notice(s, warning);
    }
    if (store_check_format(s->dirfd, path, e) < 0 || upgrade_check(s->dirfd, path, e) < 0 ||
        store_take_lock(s->dirfd, path, O_RDWR | O_CREAT, &s->lockfd, e) < 0) {
        return -1;
    }
    return upgrade_take_over(s, e);
}

static int recover(struct store *s, struct error *e) {
    char boot[64];
    struct journal_mark mark = {0};
    struct fold_head folded;
    boot_id(boot);
    bool marked = store_read_mark(s->dirfd, &mark);
    bool clean = marked;
    uint64_t kept = known_seq(s->dirfd);
    s->notefd = known_open(s->dirfd, store_same_boot(s->dirfd));
    if (open_fold(s, &clean, &folded, e) < 0 ||
        store_write_file(s->dirfd, "boot", boot, strlen(boot), e) < 0) {
        return -1;
    }
    /* From here on a crash must not look like a clean stop. */
    if (clean && remove_mark(s, e) < 0) {
        return -1;
    }
    if (open_journal(s, &mark, marked, &folded, kept, e) < 0) {
        /* Nothing was changed: the mark goes back, so that it can be looked at. */
        struct error ignored;
        if (clean && write_mark(s, &mark, &ignored) < 0) {
            notice(s, ignored.en);
        }
        return -1;
    }
    return catch_up(s, e);
}

int store_open_bare(const char *path, const struct store_options *options, struct store **out,
                    struct error *e) {
    if (sodium_init() < 0) {
        return error_set(e, ERR_INTERNAL, "", "libsodium does not start.",
                         "libsodium を初期化できません。");
    }
    struct store *s = calloc(1, sizeof *s);
    if (s == NULL) {
        return view_no_room(e);
    }
    if (prepare(s, path, options, e) < 0 || recover(s, e) < 0 || after_opening(s, e) < 0) {
        store_close(s, false);
        return -1;
    }
    *out = s;
    return 0;
}

int store_open(const char *path, const struct store_options *options, struct store **out,
               struct error *e) {
    if (store_open_bare(path, options, out, e) < 0) {
        return -1;
    }
    if (journal_head((*out)->journal)->seq == 0) {
        store_close(*out, false);
        return error_set(
            e, ERR_DOES_NOT_HOLD, "store",
            "The journal of %s is empty: not even its founding is there. Restore "
            "from a backup.",
            "%s の記録が空です (開設の記録もありません)。バックアップから復元してください。", path);
    }
    return 0;
}

void store_close(struct store *s, bool clean) {
    if (s == NULL) {
        return;
    }
    store_abort(s);
    struct journal_mark mark = {0};
    struct error e;
    if (clean && s->follow != NULL && s->status.head > 0 && store_settle(s, &e) < 0) {
        notice(s, e.en);
    }
    follow_free(s->follow);
    s->catalogue = NULL; /* goes with the others */
    ahead_free(&s->ahead);
    people_free(&s->people);
    bool dead = s->journal != NULL && journal_dead(s->journal);
    if (s->journal != NULL) {
        mark = journal_close(s->journal);
    }
    if (clean && !dead && mark.segment != 0 && s->tables.env != NULL && sync_fold(s) == 0 &&
        write_mark(s, &mark, &e) < 0) {
        notice(s, e.en);
    }
    tables_close(&s->tables);
    catalogues_free(s->catalogues);
    if (s->notefd >= 0) {
        close(s->notefd);
    }
    if (s->lockfd >= 0) {
        close(s->lockfd);
    }
    if (s->dirfd >= 0) {
        close(s->dirfd);
    }
    pthread_mutex_destroy(&s->status_lock);
    free(s->name);
    free(s->path);
    free(s);
}

void store_watch_flushes(_Atomic int64_t *since) {
    disk_watch(since);
}

const char *store_municipality(const struct store *s) {
    return s->municipality;
}

const char *store_name(const struct store *s) {
    return s->name;
}

const char *store_path(const struct store *s) {
    return s->path;
}

const uint8_t *store_id(const struct store *s) {
    return s->id;
}
