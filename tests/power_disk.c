#include "tests/power_private.h"

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct power_fault power_fault;
static struct disk_calls real;
static struct power_log *current;

size_t power_random(uint64_t *random, size_t n) {
    *random ^= *random << 13;
    *random ^= *random >> 7;
    *random ^= *random << 17;
    return (size_t)(*random >> 11) % n;
}

void *power_grow(void *list, size_t n, size_t size) {
    if ((n & (n - 1)) != 0) {
        return list;
    }
    void *grown = realloc(list, (n == 0 ? 1 : 2 * n) * size);
    ck_assert_ptr_nonnull(grown);
    return grown;
}

/* ---- what is under the root -------------------------------------------------------- */

static int node_of(const struct power_log *log, dev_t dev, ino_t ino) {
    for (int i = log->n_node - 1; i >= 0; i--) {
        if (log->node[i].ino == ino && log->node[i].dev == dev) {
            return i;
        }
    }
    return -1;
}

static int node_of_fd(int fd) {
    struct stat st;
    return current != NULL && fstat(fd, &st) == 0 ? node_of(current, st.st_dev, st.st_ino) : -1;
}

static int node_add(struct power_log *log, const struct stat *st) {
    log->node = power_grow(log->node, (size_t)log->n_node, sizeof *log->node);
    log->node[log->n_node] =
        (struct power_node){.dev = st->st_dev, .ino = st->st_ino, .dir = S_ISDIR(st->st_mode)};
    return log->n_node++;
}

static void change_add(struct power_change c) {
    current->change = power_grow(current->change, current->n_change, sizeof *current->change);
    current->change[current->n_change++] = c;
}

static void link_add(int dir, const char *name, int node) {
    struct power_change c = {POWER_LINK, .node = dir, .other = node};
    ck_assert_uint_lt(strlen(name), sizeof c.name);
    strcpy(c.name, name);
    change_add(c);
    if (node >= 0 && (strstr(name, ".seg") != NULL || strcmp(name, "next") == 0)) {
        current->node[node].segment = true;
    }
}

/* The name in its directory, which may be given by a longer path; the node of
 * that directory or -1. */
static int parent_of(int dirfd, const char *path, char name[POWER_NAME]) {
    char dir[PATH_MAX];
    struct stat st;
    const char *slash = strrchr(path, '/');
    if (current == NULL) {
        return -1;
    }
    if (slash == NULL) {
        snprintf(dir, sizeof dir, ".");
    } else {
        snprintf(dir, sizeof dir, "%.*s", slash == path ? 1 : (int)(slash - path), path);
    }
    snprintf(name, POWER_NAME, "%s", slash == NULL ? path : slash + 1);
    return fstatat(dirfd, dir, &st, 0) == 0 ? node_of(current, st.st_dev, st.st_ino) : -1;
}

static void adopt_file(struct power_log *log, int node, int dirfd, const char *name) {
    int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC);
    struct stat st;
    ck_assert(fd >= 0 && fstat(fd, &st) == 0);
    struct power_node *n = &log->node[node];
    n->size = (size_t)st.st_size;
    n->bytes = malloc(n->size + 1);
    ck_assert_ptr_nonnull(n->bytes);
    ck_assert_int_eq(pread(fd, n->bytes, n->size, 0), (ssize_t)n->size);
    close(fd);
}

/* All that lies there is the beginning. */
static void adopt(struct power_log *log, int dir, int fd) {
    DIR *d = fdopendir(fd);
    ck_assert_ptr_nonnull(d);
    for (struct dirent *entry; (entry = readdir(d)) != NULL;) {
        struct stat st;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) {
            continue;
        }
        ck_assert_int_eq(fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW), 0);
        int node = node_add(log, &st);
        link_add(dir, entry->d_name, node);
        if (S_ISDIR(st.st_mode) && strcmp(entry->d_name, "fold") == 0) {
            log->node[node].fold = true;
        } else if (S_ISDIR(st.st_mode)) {
            adopt(log, node, openat(fd, entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        } else {
            adopt_file(log, node, fd, entry->d_name);
        }
    }
    change_add((struct power_change){POWER_FLUSH, .node = dir});
    closedir(d);
}

/* LMDB's file as it is now. */
static void fold_snapshot(struct power_log *log, int dirfd, struct power_change *c) {
    int fd = openat(dirfd, "fold/data.mdb", O_RDONLY | O_CLOEXEC);
    struct stat st;
    if (fd < 0) {
        return;
    }
    ck_assert_int_eq(fstat(fd, &st), 0);
    c->len = (size_t)st.st_size;
    c->data = malloc(c->len + 1);
    ck_assert_ptr_nonnull(c->data);
    ck_assert_int_eq(pread(fd, c->data, c->len, 0), (ssize_t)c->len);
    close(fd);
    free(log->newest);
    log->newest_len = c->len;
    log->newest = malloc(c->len + 1);
    ck_assert_ptr_nonnull(log->newest);
    memcpy(log->newest, c->data, c->len);
}

struct power_log *power_disk_begin(const char *root) {
    struct power_log *log = calloc(1, sizeof *log);
    struct stat st;
    ck_assert(log != NULL && stat(root, &st) == 0);
    current = log;
    snprintf(log->root, sizeof log->root, "%s", root);
    node_add(log, &st);
    adopt(log, 0, open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    log->n_base = log->n_change;
    /* A clean stop may lie there. */
    struct power_change first = {.kind = POWER_MARK};
    int fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    fold_snapshot(log, fd, &first);
    close(fd);
    if (first.data != NULL) {
        change_add(first);
        log->n_base++;
    }
    return log;
}

void power_disk_end(void) {
    current = NULL;
}

void power_disk_resume(struct power_log *log) {
    current = log;
}

void power_log_free(struct power_log *log) {
    if (current == log) {
        current = NULL;
    }
    for (int i = 0; i < log->n_node; i++) {
        free(log->node[i].bytes);
    }
    for (size_t i = 0; i < log->n_change; i++) {
        free(log->change[i].data);
    }
    free(log->node);
    free(log->change);
    free(log->newest);
    free(log);
}

size_t power_log_changes(const struct power_log *log) {
    return log->n_change - log->n_base;
}

/* ---- the calls --------------------------------------------------------------------------- */

static bool fails(unsigned call) {
    struct power_fault *f = &power_fault;
    if (f->nth == 0 || (f->calls & call) == 0 || (f->error == 0 && call != POWER_PWRITE)) {
        return false;
    }
    if (f->reported && f->on) {
        errno = f->error;
        return true;
    }
    if (f->reported || --f->nth > 0) {
        return false;
    }
    f->reported = true;
    f->nth = f->on ? 1 : 0;
    errno = f->error;
    return true;
}

static bool all_zero(const uint8_t *data, size_t len) {
    return len > 0 && data[0] == 0 && memcmp(data, data + 1, len - 1) == 0;
}

static ssize_t power_pwrite(int fd, const void *data, size_t len, off_t offset) {
    if (fails(POWER_PWRITE)) {
        if (power_fault.error != 0) {
            return -1;
        }
        len /= 2;
    }
    ssize_t n = real.pwrite(fd, data, len, offset);
    int node = n > 0 ? node_of_fd(fd) : -1;
    if (node >= 0) {
        struct power_change c = {POWER_WRITE, .node = node, .offset = (uint64_t)offset,
                                 .len = (size_t)n};
        if (!all_zero(data, (size_t)n)) {
            c.data = malloc((size_t)n);
            ck_assert_ptr_nonnull(c.data);
            memcpy(c.data, data, (size_t)n);
        }
        change_add(c);
    }
    return n;
}

static int flush(int fd, unsigned call, int (*how)(int)) {
    bool failed = fails(call);
    int saved = errno;
    int node = node_of_fd(fd);
    if (node >= 0) {
        change_add((struct power_change){failed ? POWER_FLUSH_FAILED : POWER_FLUSH, .node = node});
    }
    errno = saved;
    return failed ? -1 : node >= 0 ? 0 : how(fd);
}

static int power_fdatasync(int fd) {
    return flush(fd, POWER_FDATASYNC, real.fdatasync);
}

static int power_fsync(int fd) {
    return flush(fd, POWER_FSYNC, real.fsync);
}

static int power_fallocate(int fd, int mode, off_t offset, off_t len) {
    if (fails(POWER_FALLOCATE)) {
        return -1;
    }
    int r = real.fallocate(fd, mode, offset, len);
    int node = r == 0 ? node_of_fd(fd) : -1;
    if (node >= 0) {
        change_add(
            (struct power_change){POWER_GROW, .node = node, .offset = (uint64_t)(offset + len)});
    }
    return r;
}

static int power_fstatvfs(int fd, struct statvfs *s) {
    return fails(POWER_FSTATVFS) ? -1 : real.fstatvfs(fd, s);
}

static int power_create(int dirfd, const char *name, int flags) {
    char base[POWER_NAME];
    struct stat st;
    if (fails(POWER_CREATE)) {
        return -1;
    }
    bool there = fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
    int fd = real.create(dirfd, name, flags);
    int dir = fd >= 0 ? parent_of(dirfd, name, base) : -1;
    if (dir < 0) {
        return fd;
    }
    ck_assert_int_eq(fstat(fd, &st), 0);
    if (strcmp(base, "clean") == 0) { /* also over a torn one */
        struct power_change mark = {.kind = POWER_MARK};
        fold_snapshot(current, dirfd, &mark);
        change_add(mark);
    }
    if (!there) {
        int node = node_add(current, &st);
        link_add(dir, base, node);
    } else if ((flags & O_TRUNC) != 0) {
        ck_assert_int_ge(node_of(current, st.st_dev, st.st_ino), 0);
        change_add(
            (struct power_change){POWER_CUT, .node = node_of(current, st.st_dev, st.st_ino)});
    }
    return fd;
}

static int power_renameat(int from_dirfd, const char *from, int to_dirfd, const char *to) {
    char old[POWER_NAME];
    char new[POWER_NAME];
    struct stat st;
    if (fails(POWER_RENAME)) {
        return -1;
    }
    int r = real.renameat(from_dirfd, from, to_dirfd, to);
    int from_dir = r == 0 ? parent_of(from_dirfd, from, old) : -1;
    int to_dir = r == 0 ? parent_of(to_dirfd, to, new) : -1;
    if (from_dir >= 0 && to_dir >= 0) {
        ck_assert_int_eq(fstatat(to_dirfd, to, &st, AT_SYMLINK_NOFOLLOW), 0);
        link_add(to_dir, new, node_of(current, st.st_dev, st.st_ino));
        link_add(from_dir, old, -1);
    }
    return r;
}

static int power_unlinkat(int dirfd, const char *name, int flags) {
    char base[POWER_NAME];
    if (fails(POWER_UNLINK)) {
        return -1;
    }
    int dir = parent_of(dirfd, name, base);
    int r = real.unlinkat(dirfd, name, flags);
    if (r == 0 && dir >= 0) {
        link_add(dir, base, -1);
    }
    return r;
}

static int power_mkdirat(int dirfd, const char *name, mode_t mode) {
    char base[POWER_NAME];
    struct stat st;
    if (fails(POWER_MKDIR)) {
        return -1;
    }
    int r = real.mkdirat(dirfd, name, mode);
    int dir = r == 0 ? parent_of(dirfd, name, base) : -1;
    if (dir >= 0) {
        ck_assert_int_eq(fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW), 0);
        int node = node_add(current, &st);
        current->node[node].fold = strcmp(base, "fold") == 0;
        link_add(dir, base, node);
    }
    return r;
}

void power_disk_install(void) {
    real = disk_calls;
    disk_calls = (struct disk_calls){.pwrite = power_pwrite,
                                     .fdatasync = power_fdatasync,
                                     .fsync = power_fsync,
                                     .fallocate = power_fallocate,
                                     .fstatvfs = power_fstatvfs,
                                     .create = power_create,
                                     .renameat = power_renameat,
                                     .unlinkat = power_unlinkat,
                                     .mkdirat = power_mkdirat};
}
