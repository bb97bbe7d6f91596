#include "store/place.h"

#include "store/copy.h"
#include "store/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- by its name -------------------------------------------------------------------------- */

static bool begins_with(const char *path, const char *directory) {
    size_t len = strlen(directory);
    while (len > 0 && directory[len - 1] == '/') {
        len--;
    }
    return strncmp(path, directory, len) == 0 && (path[len] == '/' || path[len] == '\0');
}

static bool is_named(const struct place *p) {
    for (size_t i = 0; i < p->n_within; i++) {
        if (begins_with(p->path, p->within[i])) {
            return true;
        }
    }
    return p->n_within == 0;
}

/* ---- by what it is ------------------------------------------------------------------------ */

static bool same(const struct stat *a, const struct stat *b) {
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* Walks up from a directory: whether it is `above`, or that is on the way.
 * -1 with errno. */
static int is_below(int fd, const struct stat *above) {
    struct stat st;
    struct stat last = {0};
    int at = openat(fd, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    for (unsigned depth = 0; at >= 0 && depth < PATH_MAX; depth++) {
        bool known = fstat(at, &st) == 0;
        bool found = known && same(&st, above);
        if (!known || found || (depth > 0 && same(&st, &last))) {
            close(at);
            return !known ? -1 : found;
        }
        last = st;
        int up = openat(at, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
        close(at);
        at = up;
    }
    if (at >= 0) {
        close(at);
    }
    return -1;
}

static bool is_allowed(const struct place *p, int fd) {
    for (size_t i = 0; i < p->n_within; i++) {
        struct stat st;
        if (stat(p->within[i], &st) == 0 && is_below(fd, &st) == 1) {
            return true;
        }
    }
    return p->n_within == 0;
}

/* ---- sentences ------------------------------------------------------------------------------ */

static int forbid(const struct place *p, struct error *e) {
    return error_set(e, ERR_FORBIDDEN, "directory",
                     "%s does not lie where this daemon may write backups. Choose a directory in "
                     "%s%s, or have the place added to backup_directories in its configuration.",
                     "%s はこのサーバーがバックアップを書ける場所ではありません。%s%s の中を"
                     "指定するか、設定の backup_directories に加えてもらってください。",
                     p->path, p->within[0], p->n_within > 1 ? " ..." : "");
}

static int judge(const struct place *p, int fd, struct error *e) {
    struct stat store;
    int inside = fstat(p->store_dirfd, &store) == 0 ? is_below(fd, &store) : -1;
    if (inside < 0) {
        return copy_error(p->path, "", e);
    }
    if (!is_allowed(p, fd)) {
        return forbid(p, e);
    }
    return inside == 0 ? 0
                       : error_set(e, ERR_INVALID, "directory",
                                   "%s lies inside the store. A backup belongs on another disk; "
                                   "choose another place.",
                                   "%s は記録庫の中です。バックアップは別のディスクなど、"
                                   "ほかの場所に置いてください。",
                                   p->path);
}

/* ---- opening ----------------------------------------------------------------------------------
 */

/* Makes the directory in the one above, which was judged.  Returns its
 * descriptor or -1 with errno. */
static int make_in(int above, const char *name) {
    if (mkdirat(above, name, 0700) != 0 || disk_sync(above) != 0) {
        return -1;
    }
    return openat(above, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static int make(const struct place *p, struct error *e) {
    char *folder = strdup(p->path);
    char *name = strdup(p->path);
    int fd = -1;
    if (folder == NULL || name == NULL) {
        copy_no_memory(e);
    } else {
        int above = open(dirname(folder), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (above < 0) {
            copy_error(p->path, "", e);
        } else if (judge(p, above, e) == 0) {
            fd = make_in(above, basename(name));
            if (fd < 0) {
                copy_error(p->path, "", e);
            }
        }
        if (above >= 0) {
            close(above);
        }
    }
    free(folder);
    free(name);
    return fd;
}

int place_open(const struct place *p, struct error *e) {
    if (!is_named(p)) {
        return forbid(p, e);
    }
    int fd = open(p->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return errno == ENOENT ? make(p, e) : copy_error(p->path, "", e);
    }
    if (judge(p, fd, e) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}
