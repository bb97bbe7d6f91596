#include "store/verify.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* Address space of the tables folded again, not disk. */
#define MAP_BYTES ((uint64_t)64 << 30)

static bool has_room(const char *directory, uint64_t need) {
    struct statvfs vfs;
    return statvfs(directory, &vfs) == 0 && (uint64_t)vfs.f_bavail * vfs.f_frsize >= need;
}

/* A file of the directory whose name is taken away at once; -1. */
static int nameless(const char *directory, uint64_t need) {
    char path[4096];
    int n = snprintf(path, sizeof path, "%s/.madoguchi-verify-XXXXXX", directory);
    if (n < 0 || (size_t)n >= sizeof path || !has_room(directory, need)) {
        return -1;
    }
    int fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0 && unlink(path) < 0) {
        close(fd);
        fd = -1;
    }
    return fd;
}

int verify_file(const char *store, uint64_t need, struct error *e) {
    char beside[4096];
    const char *temporary = secure_getenv("TMPDIR");
    if (temporary == NULL || temporary[0] == '\0') {
        temporary = "/tmp";
    }
    int n = snprintf(beside, sizeof beside, "%s/..", store);
    int fd = nameless(temporary, need);
    if (fd < 0 && n > 0 && (size_t)n < sizeof beside) {
        fd = nameless(beside, need);
    }
    if (fd < 0) {
        return error_set(e, ERR_FULL, "store",
                         "The proof folds the journal again and needs %llu MiB for it, which "
                         "neither %s nor the directory beside the store has (or may be written). "
                         "Free space there, or set TMPDIR to a directory with that room.",
                         "検証には作業用に %llu MiB が必要ですが、%s にも保存領域の隣にも "
                         "空きがありません (または書き込めません)。空きを作るか、TMPDIR に "
                         "空きのあるディレクトリを指定してください。",
                         (unsigned long long)((need >> 20) + 1), temporary);
    }
    return fd;
}

void verify_path(int fd, char out[VERIFY_PATH]) {
    snprintf(out, VERIFY_PATH, "/proc/self/fd/%d", fd);
}

/* ---- folding again ---------------------------------------------------------------- */

/* Makes empty tables in the file.  No lock file: nobody else has it. */
static int reference_open(struct tables *t, int fd) {
    char path[VERIFY_PATH];
    MDB_txn *txn = NULL;
    verify_path(fd, path);
    *t = (struct tables){0};
    int rc = mdb_env_create(&t->env);
    if (rc != 0) {
        return rc;
    }
    if ((rc = mdb_env_set_mapsize(t->env, MAP_BYTES)) != 0 ||
        (rc = mdb_env_set_maxdbs(t->env, TABLE_COUNT)) != 0 ||
        (rc = mdb_env_open(t->env, path,
                           MDB_NOSUBDIR | MDB_NOLOCK | MDB_NOSYNC | MDB_NOTLS | MDB_NORDAHEAD,
                           0600)) != 0) {
        return rc;
    }
    int own;
    if (mdb_env_get_fd(t->env, &own) == 0) {
        fcntl(own, F_SETFD, FD_CLOEXEC);
    }
    rc = mdb_txn_begin(t->env, NULL, 0, &txn);
    for (int i = 0; i < TABLE_COUNT && rc == 0; i++) {
        rc = mdb_dbi_open(txn, table_name(i), MDB_CREATE, &t->dbi[i]);
    }
    if (rc != 0) {
        if (txn != NULL) {
            mdb_txn_abort(txn);
        }
        return rc;
    }
    return mdb_txn_commit(txn);
}

/* What went wrong is the working space's, not the store's. */
static int refold_error(struct error *e) {
    if (e->code == ERR_FULL) {
        return error_set(e, ERR_FULL, "store",
                         "The disk ran full while the journal was folded again for the proof. "
                         "Nothing was changed. Free space, or set TMPDIR to another directory.",
                         "検証のための再集計中にディスクが一杯になりました。何も変更していません。"
                         "空きを作るか、TMPDIR に別のディレクトリを指定してください。");
    }
    return -1;
}

static int refold(struct fold *f, const struct tables *t, const struct fold_head *live,
                  struct fold_head *head, struct error *e) {
    if (fold_init(f, e) < 0) {
        return -1;
    }
    int rc = catchup(f, t, live->seq, "verifying", NULL, NULL, e);
    fold_done(f);
    return rc < 0 ? refold_error(e) : catchup_head(t, head, e);
}

int verify_refold(int fd, struct journal *j, const struct fold_head *live, struct fold_head *head,
                  struct error *e) {
    struct tables t;
    int mdb = reference_open(&t, fd);
    if (mdb != 0) {
        tables_close(&t);
        return error_set(e, mdb == ENOSPC ? ERR_FULL : ERR_INTERNAL, "store",
                         "The working space for the proof cannot be used: %s.",
                         "検証用の作業領域を使えません: %s。", mdb_strerror(mdb));
    }
    struct fold f = {.view = {.journal = j, .catalogues = catalogues_new()}};
    int rc = f.view.catalogues == NULL ? view_no_room(e) : refold(&f, &t, live, head, e);
    catalogues_free(f.view.catalogues);
    tables_close(&t);
    return rc;
}
