#include "store/verify.h"

#include "store/known.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Free space that the working files leave on their disk. */
#define LEAVE_FREE ((uint64_t)64 << 20)

struct proof {
    const char *path;
    int dirfd;
    store_line_fn line;
    void *ctx;
    const struct store_noted *noted; /* or NULL */
    struct journal_head chain;       /* at the entry that was noted, as it is here */
    struct journal_verify_result result;
    struct fold_head live; /* what the tables stand on */
};

static int system_error(const char *what, struct error *e) {
    return error_set(e, ERR_INTERNAL, "store", "%s: %s", "%s: %s", what, strerror(errno));
}

static void say(const struct proof *p, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void say(const struct proof *p, const char *name, const char *format, ...) {
    char value[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(value, sizeof value, format, arguments);
    va_end(arguments);
    if (p->line != NULL) {
        p->line(p->ctx, name, value);
    }
}

static void say_number(const struct proof *p, const char *name, uint64_t n) {
    say(p, name, "%llu", (unsigned long long)n);
}

/* ---- the journal ---------------------------------------------------------------------- */

/* Up to an entry (0: all of it). */
static int read_journal(struct proof *p, uint64_t upto, struct error *e) {
    p->chain.seq = p->noted != NULL ? p->noted->seq : 0;
    return journal_verify_noted(p->dirfd, upto, &p->chain, &p->result, e);
}

static void say_journal(const struct proof *p) {
    const struct journal_verify_result *r = &p->result;
    char hex[65];
    sodium_bin2hex(hex, sizeof hex, r->head.hash, 32);
    say_number(p, "segments", r->segments);
    say_number(p, "entries", r->records);
    say_number(p, "bytes", r->bytes);
    say_number(p, "head", r->head.seq);
    say(p, "hash", "%s", hex);
    if (r->torn_bytes > 0) {
        say(p, "torn tail",
            "%llu bytes in %020llu.seg at %llu: never acknowledged, cut off at the next start",
            (unsigned long long)r->torn_bytes, (unsigned long long)r->torn_segment,
            (unsigned long long)r->torn_offset);
    }
    if (r->ignored > 0) {
        say(p, "other files", "%llu in the directory journal that are no segments",
            (unsigned long long)r->ignored);
    }
}

/* The journal ends before the entry `known`, or what it ends with is damaged. */
static int end_missing(const struct proof *p, uint64_t known, struct error *e) {
    const struct journal_verify_result *r = &p->result;
    if (r->torn_bytes > 0) {
        return error_set(
            e, ERR_DOES_NOT_HOLD, "journal",
            "journal/%020llu.seg: record %llu (byte %llu) is damaged. It is no torn "
            "tail: up to record %llu everything was recorded. Restore the store from "
            "a backup.",
            "journal/%020llu.seg の記録 %llu (%llu バイト目) が壊れています。記録 %llu "
            "まで記録済みなので、書きかけの末尾ではありません。バックアップから復元して"
            "ください。",
            (unsigned long long)r->torn_segment, (unsigned long long)r->head.seq + 1,
            (unsigned long long)r->torn_offset, (unsigned long long)known);
    }
    return error_set(e, ERR_DOES_NOT_HOLD, "journal",
                     "Record %llu was recorded, but the journal ends with record %llu: its end is "
                     "missing. Restore the store from a backup.",
                     "記録 %llu まで記録されたはずですが、ジャーナルは記録 %llu で終わっています。"
                     "末尾が失われています。バックアップから復元してください。",
                     (unsigned long long)known, (unsigned long long)r->head.seq);
}

static int two_histories(uint64_t seq, struct error *e) {
    return error_set(e, ERR_DOES_NOT_HOLD, "journal",
                     "Record %llu of the journal is not the one that was recorded: the store holds "
                     "files of two histories. Restore the store from a backup.",
                     "ジャーナルの記録 %llu は記録されたものと異なります。別の履歴のファイルが"
                     "混ざっています。バックアップから復元してください。",
                     (unsigned long long)seq);
}

bool store_noted_parse(const char *text, struct store_noted *out) {
    char hex[65];
    unsigned long long seq;
    int used = 0;
    size_t n;
    if (sscanf(text, "%llu:%64[0-9a-fA-F]%n", &seq, hex, &used) != 2 || text[used] != '\0' ||
        text[0] < '1' || text[0] > '9' ||
        sodium_hex2bin(out->hash, 32, hex, strlen(hex), NULL, &n, NULL) != 0 || n != 32) {
        return false;
    }
    out->seq = seq;
    return true;
}

/* What was noted outside must be what is here. */
static int prove_noted(const struct proof *p, struct error *e) {
    const struct store_noted *n = p->noted;
    if (n == NULL) {
        return 0;
    }
    if (n->seq > p->result.head.seq) {
        return error_set(e, ERR_DOES_NOT_HOLD, "head",
                         "Entry #%llu was noted, but the journal ends with #%llu: its end was cut "
                         "off, or the note is of another store.",
                         "記録 #%llu が控えられていますが、ジャーナルは #%llu で終わっています。"
                         "末尾が切り取られたか、別の保存領域の控えです。",
                         (unsigned long long)n->seq, (unsigned long long)p->result.head.seq);
    }
    if (memcmp(p->chain.hash, n->hash, 32) != 0) {
        return error_set(e, ERR_DOES_NOT_HOLD, "head",
                         "The chain at entry #%llu is not the one that was noted: what is recorded "
                         "up to it was changed, or the note is of another store.",
                         "記録 #%llu のハッシュが控えと違います。そこまでの記録が変更されたか、別の"
                         "保存領域の控えです。",
                         (unsigned long long)n->seq);
    }
    say(p, "noted", "#%llu is in the chain: nothing up to it was changed or cut off",
        (unsigned long long)n->seq);
    return 0;
}

static int prove_journal(struct proof *p, struct error *e) {
    struct journal_mark mark = {0};
    if (read_journal(p, 0, e) < 0) {
        return -1;
    }
    say_journal(p);
    if (p->result.head.seq == 0) {
        return error_set(
            e, ERR_DOES_NOT_HOLD, "journal",
            "The journal is empty: not even the store's founding is there. Restore "
            "the store from a backup.",
            "ジャーナルが空です (開設の記録もありません)。バックアップから復元してください。");
    }
    uint64_t known = known_seq(p->dirfd);
    if (known > p->result.head.seq) {
        return end_missing(p, known, e);
    }
    if (store_read_mark(p->dirfd, &mark) && mark.head.seq == p->result.head.seq &&
        memcmp(mark.head.hash, p->result.head.hash, 32) != 0) {
        return two_histories(mark.head.seq, e);
    }
    return prove_noted(p, e);
}

/* ---- the folds -------------------------------------------------------------------------- */

static int no_tables(const char *en, const char *ja, struct error *e) {
    return error_set(
        e, ERR_DOES_NOT_HOLD, "fold",
        "fold/data.mdb %.0s%s. The journal holds, and the folds can be made again from "
        "it: stop the daemon, move the directory fold out of the store and start it.",
        "fold/data.mdb %s%.0s。記録 (journal) は正しく、集計は作り直せます: サーバーを"
        "止め、fold ディレクトリを保存領域の外へ移してから起動してください。",
        ja, en);
}

/* Opens the live tables' file; *fd is -1 when the next start makes them anew. */
static int tables_file(const struct proof *p, int *fd, uint64_t *bytes, struct error *e) {
    struct stat st;
    *bytes = 0;
    *fd = openat(p->dirfd, "fold/data.mdb", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (*fd < 0 && errno == ENOENT) {
        say(p, "folds", "not there, not compared: the next start makes them from the journal");
        return 0;
    }
    if (*fd < 0 || fstat(*fd, &st) < 0) {
        return system_error("fold/data.mdb", e);
    }
    if (!S_ISREG(st.st_mode) || st.st_size == 0) {
        return no_tables(st.st_size == 0 ? "is empty" : "is no regular file",
                         st.st_size == 0 ? "が空です" : "が通常のファイルではありません", e);
    }
    /* What is allocated: the file may be sparse. */
    *bytes = (uint64_t)st.st_blocks * 512;
    struct journal_mark mark;
    if (!store_read_mark(p->dirfd, &mark) && !store_same_boot(p->dirfd)) {
        say(p, "folds",
            "not compared: the machine stopped without a clean stop of the daemon, "
            "the next start makes them anew from the journal");
        close(*fd);
        *fd = -1;
    }
    return 0;
}

/* Whether the tables can be compared: 1, 0 when they are of another version,
 * -1 when they do not fit the journal. */
static int tables_head(struct proof *p, int live, struct error *e) {
    if (verify_child_head(live, &p->live, e) < 0) {
        return -1;
    }
    /* A version that no program ever had is damage. */
    bool known = p->live.version == FOLD_VERSION || p->live.seq == 0;
    if (!known && (p->live.version == 0 || p->live.version > 9999)) {
        return no_tables("names an impossible version", "の版が不正です", e);
    }
    if (!known) {
        say(p, "folds",
            "not compared: they are of version %u and this program makes version %d; the next "
            "start makes them anew from the journal",
            p->live.version, FOLD_VERSION);
    }
    return known;
}

static void say_applied(const struct proof *p) {
    say_number(p, "applied", p->live.seq);
    if (p->live.seq < p->result.head.seq) {
        say(p, "lag",
            "the folds stand %llu entries behind the journal: fine, they catch up at the next "
            "start",
            (unsigned long long)(p->result.head.seq - p->live.seq));
    }
}

/* The tables in the file `live` against the journal folded again. */
static int prove_tables(struct proof *p, int live, struct journal *j, uint64_t need,
                        struct error *e) {
    struct fold_head again = {0};
    say_applied(p);
    int reference = verify_file(p->path, need, e);
    if (reference < 0) {
        return -1;
    }
    int rc = verify_refold(reference, j, &p->live, &again, e);
    if (rc == 0 && p->live.seq > 0 &&
        (again.seq != p->live.seq || memcmp(again.hash, p->live.hash, 32) != 0)) {
        rc = two_histories(p->live.seq, e);
    }
    if (rc == 0) {
        rc = verify_child_compare(live, reference, p->line, p->ctx, e);
    }
    close(reference);
    return rc;
}

/* Room for tables folded again: theirs, and what grouping may add. */
static uint64_t room_for(uint64_t bytes) {
    return bytes + bytes / 2 + LEAVE_FREE;
}

static int compare_offline(struct proof *p, int live, uint64_t bytes, struct error *e) {
    struct journal *j;
    struct journal_options options = {.read_only = true};
    int known = tables_head(p, live, e);
    if (known < 0) {
        return -1;
    }
    if (known == 0) {
        say(p, "result", "the journal holds");
        return 0;
    }
    if (p->live.seq > p->result.head.seq) {
        return end_missing(p, p->live.seq, e);
    }
    if (journal_open(p->dirfd, &options, &j, NULL, e) < 0) {
        return -1;
    }
    int rc = prove_tables(p, live, j, room_for(bytes), e);
    journal_close(j);
    if (rc == 0) {
        say(p, "result", "holds");
    }
    return rc;
}

/* ---- offline ------------------------------------------------------------------------------ */

static int prove_offline(struct proof *p, struct error *e) {
    int live = -1;
    uint64_t bytes;
    int rc = prove_journal(p, e);
    if (rc == 0) {
        rc = tables_file(p, &live, &bytes, e);
    }
    if (rc == 0 && live < 0) {
        say(p, "result", "the journal holds");
    } else if (rc == 0) {
        rc = compare_offline(p, live, bytes, e);
    }
    if (live >= 0) {
        close(live);
    }
    return rc;
}

/* The lock of a store that was never opened is not made: nothing is changed. */
static int lock(const struct proof *p, int *lockfd, struct error *e) {
    *lockfd = -1;
    if (faccessat(p->dirfd, "lock", F_OK, 0) < 0 && errno == ENOENT) {
        return 0;
    }
    return store_take_lock(p->dirfd, p->path, O_RDONLY, lockfd, e);
}

static int prove_locked(struct proof *p, bool force_filesystem, int *lockfd, struct error *e) {
    const char *warning;
    if (filesystem_check(p->path, force_filesystem, &warning, e) < 0 ||
        store_check_format(p->dirfd, p->path, e) < 0 || lock(p, lockfd, e) < 0) {
        return -1;
    }
    if (warning != NULL) {
        say(p, "file system", "%s", warning);
    }
    int rc = prove_offline(p, e);
    if (*lockfd < 0 && faccessat(p->dirfd, "lock", F_OK, 0) == 0) {
        return error_set(e, ERR_STATE, "store",
                         "A madoguchid was started on %s during the proof. Ask that one: "
                         "madoguchi verify.",
                         "検証中に %s で madoguchid が起動しました。madoguchi verify で検証して"
                         "ください。",
                         p->path);
    }
    return rc;
}

int store_verify(const char *path, bool force_filesystem, const struct store_noted *noted,
                 store_line_fn line, void *ctx, struct error *e) {
    struct proof p = {.path = path, .noted = noted, .line = line, .ctx = ctx};
    int lockfd = -1;
    if (sodium_init() < 0) {
        return error_set(e, ERR_INTERNAL, "", "libsodium does not start.",
                         "libsodium を初期化できません。");
    }
    p.dirfd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (p.dirfd < 0) {
        return system_error(path, e);
    }
    int rc = prove_locked(&p, force_filesystem, &lockfd, e);
    if (lockfd >= 0) {
        close(lockfd);
    }
    close(p.dirfd);
    return rc;
}

/* ---- online --------------------------------------------------------------------------------- */

/* A copy of the tables: the read transaction lasts only as long as the copying. */
static int copy_tables(struct store *s, int fd, struct error *e) {
    atomic_fetch_add(&s->copying, 1);
    int rc = mdb_env_copyfd2(s->tables.env, fd, 0);
    atomic_fetch_sub(&s->copying, 1);
    if (rc != 0) {
        return error_set(e, rc == ENOSPC ? ERR_FULL : ERR_INTERNAL, "store",
                         "The tables cannot be copied for the proof: %s.",
                         "検証のために表を複製できません: %s。", mdb_strerror(rc));
    }
    return 0;
}

static int prove_copy(struct store *s, struct proof *p, int copy, uint64_t need, struct error *e) {
    int known = tables_head(p, copy, e);
    if (known < 0) {
        return -1;
    }
    if (known == 0 || p->live.seq == 0) {
        return no_tables("is of another version than the daemon that uses it",
                         "の版がサーバーと異なります", e);
    }
    if (read_journal(p, p->live.seq, e) < 0) {
        return -1;
    }
    say_journal(p);
    if (prove_noted(p, e) < 0 || prove_tables(p, copy, s->journal, need, e) < 0) {
        return -1;
    }
    say(p, "result", "holds");
    return 0;
}

int store_verify_online(struct store *s, const struct store_noted *noted, store_line_fn line,
                        void *ctx, struct error *e) {
    struct proof p = {.path = s->path, .dirfd = s->dirfd, .noted = noted, .line = line, .ctx = ctx};
    MDB_envinfo info;
    MDB_stat stat;
    mdb_env_info(s->tables.env, &info);
    mdb_env_stat(s->tables.env, &stat);
    uint64_t used = ((uint64_t)info.me_last_pgno + 1) * stat.ms_psize;
    /* The daemon goes on recording: its floor stays free beside both files. */
    uint64_t floor = s->options.free_floor_bytes;
    int copy = verify_file(s->path, used + room_for(used) + floor, e);
    if (copy < 0) {
        return -1;
    }
    int rc = copy_tables(s, copy, e);
    if (rc == 0) {
        rc = prove_copy(s, &p, copy, room_for(used) + floor, e);
    }
    close(copy);
    return rc;
}
