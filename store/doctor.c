#include "store/doctor.h"

#include "store/backup.h"
#include "store/disk.h"
#include "store/known.h"
#include "store/verify.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* While a journal is made whole: STORE/repair/journal, and STORE/repair/unfinished
 * until it is proved. */
#define REPAIR_DIR        "repair"
#define REPAIR_UNFINISHED "unfinished"

struct doctor {
    const char *path;
    int dirfd;
    const struct store_doctor *wish;
    struct copy_report report;
    struct doctor_scan scan;
    struct doctor_source source;
    struct backup_memory memory;
    struct error no_backup; /* why there is none */
};

/* ---- what is lost ------------------------------------------------------------------------ */

/* The last entry that the store is known to have had. */
static uint64_t known_end(const struct doctor *d) {
    struct journal_mark mark = {0};
    struct fold_head stand = {0};
    struct error ignored;
    uint64_t end = known_seq(d->dirfd);
    bool clean = store_read_mark(d->dirfd, &mark);
    int fd = clean || store_same_boot(d->dirfd)
                 ? openat(d->dirfd, "fold/data.mdb", O_RDONLY | O_NONBLOCK | O_CLOEXEC)
                 : -1;
    if (fd >= 0 && verify_child_head(fd, &stand, &ignored) == 0 && stand.seq > end) {
        end = stand.seq;
    }
    if (fd >= 0) {
        close(fd);
    }
    return end;
}

static int add_end(struct doctor *d, uint64_t end, struct error *e) {
    if (end <= d->scan.end.seq) {
        return 0;
    }
    const struct doctor_scan *s = &d->scan;
    struct doctor_gap gap = {s->tail_segment, s->tail_offset,
                             s->tail_problem, s->tail ? GAP_RECORD : GAP_END,
                             s->end.seq + 1,  end};
    return doctor_add_gap(&d->scan, &gap, e);
}

static void say_gap(const struct doctor *d, const struct doctor_gap *g) {
    switch (g->kind) {
    case GAP_RECORD:
        copy_say(&d->report, "damage",
                 "journal/%020" PRIu64 ".seg: record %" PRIu64 " at byte %" PRIu64 ": %s",
                 g->segment, g->from, g->offset, segment_problem_text(g->problem, false));
        break;
    case GAP_HEADER:
        copy_say(&d->report, "damage", "journal/%020" PRIu64 ".seg: its header (bytes 0 to 63)",
                 g->segment);
        return;
    case GAP_TAIL:
        copy_say(&d->report, "damage",
                 "journal/%020" PRIu64 ".seg: bytes behind its last record, at %" PRIu64,
                 g->segment, g->offset);
        return;
    case GAP_MISSING:
        copy_say(&d->report, "damage", "no file of the journal has record %" PRIu64, g->from);
        break;
    case GAP_END:
        copy_say(&d->report, "damage",
                 "the journal ends with record %" PRIu64 ", its end is missing", g->from - 1);
        break;
    }
    copy_say(&d->report, "lost", "entries %" PRIu64 " to %" PRIu64, g->from, g->to);
    uint64_t has = d->source.dirfd >= 0 ? d->source.manifest.head.seq : 0;
    if (d->source.dirfd < 0 || has < g->from) {
        copy_say(&d->report, "in the backup", "none of them");
    } else {
        copy_say(&d->report, "in the backup", "entries %" PRIu64 " to %" PRIu64, g->from,
                 has < g->to ? has : g->to);
    }
}

/* ---- the backup ---------------------------------------------------------------------------------
 */

static int open_source(struct doctor *d, struct error *e) {
    struct doctor_source *s = &d->source;
    s->path = d->wish->backup != NULL ? d->wish->backup : d->memory.directory;
    if (s->path[0] == '\0') {
        return error_set(e, ERR_NOT_FOUND, "backup",
                         "No backup is known of. Name one: --backup DIR.",
                         "バックアップが分かりません。--backup DIR で指定してください。");
    }
    s->dirfd = open(s->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (s->dirfd < 0) {
        return error_set(e, ERR_NOT_FOUND, "backup", "%s: %s.", "%s: %s。", s->path,
                         strerror(errno));
    }
    int rc = manifest_read(s->dirfd, s->path, &s->manifest, e);
    if (rc == 0 && d->scan.has_store && memcmp(d->scan.store, s->manifest.store, 16) != 0) {
        rc = error_set(e, ERR_CONFLICT, "backup",
                       "%s holds the backup of another store (municipality %s).",
                       "%s には別の記録庫 (団体コード %s) のバックアップがあります。", s->path,
                       s->manifest.municipality);
    }
    if (rc != 0) {
        close(s->dirfd);
        s->dirfd = -1;
    }
    return rc;
}

static void say_source(const struct doctor *d) {
    char at[COPY_TIME];
    if (d->source.dirfd < 0) {
        copy_say(&d->report, "backup", "%s", d->no_backup.en);
        return;
    }
    copy_time(d->source.manifest.at, at);
    copy_say(&d->report, "backup", "%s: entries 1 to %" PRIu64 ", made at %s", d->source.path,
             d->source.manifest.head.seq, at);
}

/* ---- judging
 * ------------------------------------------------------------------------------------------ */

static int look(struct doctor *d, struct error *e) {
    backup_recall(d->dirfd, &d->memory);
    if (doctor_scan(d->dirfd, &d->scan, e) != 0 || add_end(d, known_end(d), e) != 0) {
        return -1;
    }
    bool sought = d->scan.n_gap > 0 || d->wish->backup != NULL;
    if (sought && open_source(d, &d->no_backup) == 0) {
        /* What a backup of this history has is known to have been there. */
        uint64_t end = d->scan.n_gap > 0 ? d->scan.gap[d->scan.n_gap - 1].to : 0;
        end = d->scan.end.seq > end ? d->scan.end.seq : end;
        struct doctor_gap gap = {
            .kind = GAP_END, .from = end + 1, .to = d->source.manifest.head.seq};
        if (gap.to >= gap.from && doctor_add_gap(&d->scan, &gap, e) != 0) {
            return -1;
        }
    }
    copy_say_number(&d->report, "segments", d->scan.dir.n);
    copy_say_number(&d->report, "head", d->scan.end.seq);
    if (d->scan.tail && d->scan.n_gap == 0) {
        copy_say(&d->report, "torn tail",
                 "in %020" PRIu64 ".seg at %" PRIu64
                 ": never acknowledged, cut off at the next start",
                 d->scan.tail_segment, d->scan.tail_offset);
    }
    if (sought) {
        say_source(d);
    }
    for (size_t i = 0; i < d->scan.n_gap; i++) {
        say_gap(d, &d->scan.gap[i]);
    }
    return 0;
}

static uint64_t most_lost(const struct doctor_scan *s) {
    uint64_t most = 0;
    for (size_t i = 0; i < s->n_gap; i++) {
        if (s->gap[i].from <= s->gap[i].to && s->gap[i].to > most) {
            most = s->gap[i].to;
        }
    }
    return most;
}

/* Damaged, and no backup at hand has all that is lost. */
static int cannot(const struct doctor *d, struct error *e) {
    uint64_t has = d->source.dirfd >= 0 ? d->source.manifest.head.seq : 0;
    if (has == 0) {
        return error_set(
            e, ERR_DOES_NOT_HOLD, "journal",
            "The journal is damaged and no backup has what is lost: %.0s%s Nothing was changed, "
            "nothing is skipped. Keep a copy of the whole folder, look for another backup "
            "(doctor --backup DIR), or for the segment file on another disk.",
            "ジャーナルが壊れており、失われた記録を持つバックアップがありません: %s%.0s "
            "何も変更せず、何も読み飛ばしていません。フォルダー全体を保管し、別のバックアップ "
            "(doctor --backup DIR) かセグメントのファイルの写しを探してください。",
            d->no_backup.ja, d->no_backup.en);
    }
    return error_set(
        e, ERR_DOES_NOT_HOLD, "journal",
        "The journal is damaged and the backup in %s ends with entry %llu, before entry %llu, "
        "which is lost. Nothing was changed, nothing is skipped. Look for a newer backup; or "
        "restore this one (madoguchid restore) and record again what came after it.",
        "ジャーナルが壊れており、%s のバックアップは記録 %llu までで、失われた記録 %llu を"
        "含みません。何も変更せず、何も読み飛ばしていません。新しいバックアップを探すか、"
        "これを復元 (madoguchid restore) して、その後の分を記録し直してください。",
        d->source.path, (unsigned long long)has, (unsigned long long)most_lost(&d->scan));
}

/* ---- repairing
 * --------------------------------------------------------------------------------------------- */

static int aside(const struct doctor *d, int from_fd, const char *from, struct error *e) {
    char name[64];
    char at[COPY_TIME];
    struct tm tm = {0};
    time_t seconds = (time_t)(d->wish->now / 1000);
    gmtime_r(&seconds, &tm);
    strftime(at, sizeof at, "%Y%m%dT%H%M%SZ", &tm);
    for (unsigned n = 0; n < 100; n++) {
        snprintf(name, sizeof name, n == 0 ? "journal.damaged-%s" : "journal.damaged-%s-%u", at, n);
        if (renameat2(from_fd, from, d->dirfd, name, RENAME_NOREPLACE) == 0) {
            copy_say(&d->report, "put aside", "%s/%s", d->path, name);
            return 0;
        }
        if (errno != EEXIST) {
            break;
        }
    }
    return copy_error(d->path, name, e);
}

/* What an earlier repair left that was interrupted: a half-made journal goes,
 * anything else is kept aside. */
static int clear_repair(const struct doctor *d, struct error *e) {
    int fd = openat(d->dirfd, REPAIR_DIR, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        return errno == ENOENT ? 0 : copy_error(d->path, REPAIR_DIR, e);
    }
    int rc = 0;
    if (faccessat(fd, REPAIR_UNFINISHED, F_OK, 0) == 0) {
        beside_remove(fd, JOURNAL_DIR_NAME);
    } else if (faccessat(fd, JOURNAL_DIR_NAME, F_OK, 0) == 0) {
        rc = aside(d, fd, JOURNAL_DIR_NAME, e);
    }
    close(fd);
    if (rc == 0) {
        beside_remove(d->dirfd, REPAIR_DIR);
    }
    return rc;
}

static int check_room(const struct doctor *d, struct error *e) {
    uint64_t need = (uint64_t)32 << 20;
    uint64_t free_bytes;
    struct stat st;
    char name[SEGMENT_NAME_BYTES];
    for (size_t i = 0; i < d->scan.dir.n; i++) {
        segment_name(d->scan.dir.first[i], name);
        if (fstatat(d->scan.dir.fd, name, &st, 0) == 0) {
            need += (uint64_t)st.st_size;
        }
    }
    for (size_t i = 0; i < d->source.manifest.n; i++) {
        need += d->scan.n_gap > 0 ? d->source.manifest.file[i].bytes : 0;
    }
    if (disk_free_bytes(d->dirfd, &free_bytes) != 0) {
        return copy_error(d->path, "", e);
    }
    return free_bytes >= need
               ? 0
               : error_set(e, ERR_FULL, "store",
                           "The repair may need %llu MiB beside the damaged journal and %llu MiB "
                           "are free. Nothing was changed.",
                           "修復には壊れたジャーナルとは別に %llu MiB 必要ですが、空きは %llu MiB "
                           "です。何も変更していません。",
                           (unsigned long long)(need >> 20),
                           (unsigned long long)(free_bytes >> 20));
}

/* Writes the whole journal to REPAIR_DIR and proves it there. */
static int make_whole(const struct doctor *d, int repair, struct error *e) {
    struct journal_head end;
    struct journal_verify_result result;
    if (store_write_file(repair, REPAIR_UNFINISHED, "", 0, e) != 0) {
        return -1;
    }
    if (mkdirat(repair, JOURNAL_DIR_NAME, 0700) != 0) {
        return copy_error(d->path, REPAIR_DIR, e);
    }
    int to = openat(repair, JOURNAL_DIR_NAME, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (to < 0) {
        return copy_error(d->path, REPAIR_DIR, e);
    }
    int rc = doctor_assemble(&d->scan, &d->source, to, &end, e);
    if (rc == 0 && disk_sync(to) != 0) {
        rc = copy_error(d->path, REPAIR_DIR, e);
    }
    close(to);
    if (rc != 0 || journal_verify(repair, &result, e) != 0) {
        return -1;
    }
    if (result.head.seq != end.seq || memcmp(result.head.hash, end.hash, sizeof end.hash) != 0) {
        return error_set(e, ERR_INTERNAL, "store",
                         "The repaired journal is not the one that was written. Nothing was "
                         "changed; look at the disk.",
                         "修復したジャーナルが書き込んだ内容と異なります。何も変更していません。"
                         "ディスクを確かめてください。");
    }
    if (unlinkat(repair, REPAIR_UNFINISHED, 0) != 0 || disk_sync(repair) != 0) {
        return copy_error(d->path, REPAIR_DIR, e);
    }
    copy_say_number(&d->report, "repaired head", end.seq);
    return 0;
}

static int swap(const struct doctor *d, int repair, struct error *e) {
    if (renameat2(repair, JOURNAL_DIR_NAME, d->dirfd, JOURNAL_DIR_NAME, RENAME_EXCHANGE) != 0 ||
        disk_sync(d->dirfd) != 0 || disk_sync(repair) != 0) {
        return copy_error(d->path, JOURNAL_DIR_NAME, e);
    }
    if (aside(d, repair, JOURNAL_DIR_NAME, e) != 0) {
        return -1;
    }
    unlinkat(d->dirfd, REPAIR_DIR, AT_REMOVEDIR);
    return disk_sync(d->dirfd) == 0 ? 0 : copy_error(d->path, "", e);
}

static int repair(const struct doctor *d, struct error *e) {
    if (check_room(d, e) != 0 || clear_repair(d, e) != 0) {
        return -1;
    }
    if (mkdirat(d->dirfd, REPAIR_DIR, 0700) != 0 || disk_sync(d->dirfd) != 0) {
        return copy_error(d->path, REPAIR_DIR, e);
    }
    int fd = openat(d->dirfd, REPAIR_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return copy_error(d->path, REPAIR_DIR, e);
    }
    int rc = make_whole(d, fd, e);
    if (rc != 0) {
        beside_remove(fd, JOURNAL_DIR_NAME);
        beside_remove(d->dirfd, REPAIR_DIR);
    } else {
        rc = swap(d, fd, e);
    }
    close(fd);
    if (rc == 0) {
        copy_say(&d->report, "result", "repaired");
    }
    return rc;
}

/* ---- the whole
 * ---------------------------------------------------------------------------------------------- */

static int treat(struct doctor *d, struct error *e) {
    struct journal_head end;
    if (look(d, e) != 0) {
        return -1;
    }
    if (d->scan.n_gap == 0) {
        copy_say(&d->report, "result", "the journal holds");
        return 0;
    }
    uint64_t lost = most_lost(&d->scan);
    if (lost > 0 && (d->source.dirfd < 0 || d->source.manifest.head.seq < lost)) {
        return cannot(d, e);
    }
    if (doctor_assemble(&d->scan, &d->source, -1, &end, e) != 0) {
        return -1;
    }
    if (d->wish->repair) {
        return repair(d, e);
    }
    return error_set(e, ERR_DOES_NOT_HOLD, "journal",
                     "The journal is damaged; with %s it can be made whole up to entry %llu, the "
                     "chain holds. Run doctor again with --repair.",
                     "ジャーナルが壊れていますが、%s を使って記録 %llu まで元どおりにできます "
                     "(連鎖も正しい)。--repair を付けてもう一度実行してください。",
                     lost > 0 ? d->source.path : "--repair", (unsigned long long)end.seq);
}

static int run(struct doctor *d, struct error *e) {
    const char *warning;
    int lockfd = -1;
    if (filesystem_check(d->path, d->wish->force_filesystem, &warning, e) != 0 ||
        store_check_format(d->dirfd, d->path, e) != 0) {
        return -1;
    }
    int rc = store_take_lock(d->dirfd, d->path, O_RDWR | O_CREAT, &lockfd, e);
    if (rc == 0) {
        rc = treat(d, e);
    }
    if (lockfd >= 0) {
        close(lockfd);
    }
    return rc;
}

int store_doctor(const char *path, const struct store_doctor *doctor, store_line_fn line, void *ctx,
                 struct error *e) {
    struct doctor d = {.path = path, .wish = doctor, .report = {line, ctx}};
    d.source.dirfd = d.scan.dir.fd = -1;
    if (copy_sodium(e) != 0) {
        return -1;
    }
    d.dirfd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (d.dirfd < 0) {
        return copy_error(path, "", e);
    }
    int rc = run(&d, e);
    doctor_scan_free(&d.scan);
    manifest_free(&d.source.manifest);
    if (d.source.dirfd >= 0) {
        close(d.source.dirfd);
    }
    close(d.dirfd);
    return rc;
}
