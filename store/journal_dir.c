#include "store/journal_dir.h"

#include "store/disk.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- listing ------------------------------------------------------------------------ */

int journal_dir_add(struct journal_dir *d, uint64_t first, struct error *e) {
    if (d->n == d->capacity) {
        size_t capacity = d->capacity == 0 ? 64 : d->capacity * 2;
        uint64_t *grown = reallocarray(d->first, capacity, sizeof *grown);
        if (grown == NULL) {
            return segment_io_error(e, SEGMENT_OPEN, "");
        }
        d->first = grown;
        d->capacity = capacity;
    }
    d->first[d->n] = first;
    d->n++;
    return 0;
}

static int by_seq(const void *a, const void *b) {
    uint64_t x, y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return x < y ? -1 : x > y;
}

static int dir_take(struct journal_dir *d, const char *name, struct error *e) {
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
        return 0;
    }
    if (strcmp(name, JOURNAL_DIR_AHEAD) == 0) {
        d->ahead = true;
        return 0;
    }
    uint64_t first = segment_name_seq(name);
    if (first != 0) {
        return journal_dir_add(d, first, e);
    }
    size_t len = strlen(name);
    if (len >= 4 && strcmp(name + len - 4, ".seg") == 0) {
        return error_set(e, ERR_DOES_NOT_HOLD, "journal",
                         "journal/%s has no segment's name (20 digits and .seg); move it away",
                         "journal/%s はセグメントの名前 (20 桁の数字と .seg) ではありません。"
                         "別の場所へ移してください",
                         name);
    }
    d->ignored++;
    return 0;
}

static int dir_list(struct journal_dir *d, struct error *e) {
    /* A descriptor of its own: closedir() closes it. */
    int fd = openat(d->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (dir == NULL) {
        int r = segment_io_error(e, SEGMENT_OPEN, "");
        if (fd >= 0) {
            close(fd);
        }
        return r;
    }
    int r = 0;
    errno = 0;
    for (struct dirent *entry; r == 0 && (entry = readdir(dir)) != NULL; errno = 0) {
        r = dir_take(d, entry->d_name, e);
    }
    if (r == 0 && errno != 0) {
        r = segment_io_error(e, SEGMENT_READ, "");
    }
    closedir(dir);
    return r;
}

int journal_dir_open(int store_dirfd, struct journal_dir *d, struct error *e) {
    *d = (struct journal_dir){.fd = -1};
    d->fd = openat(store_dirfd, JOURNAL_DIR_NAME, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (d->fd < 0 && errno == ENOENT) {
        return error_set(e, ERR_DOES_NOT_HOLD, "journal",
                         "the store has no directory 'journal'; restore it from a backup",
                         "ストアに journal ディレクトリがありません。"
                         "バックアップから復元してください");
    }
    if (d->fd < 0) {
        return segment_io_error(e, SEGMENT_OPEN, "");
    }
    int r = dir_list(d, e);
    if (r == 0 && d->n == 0) {
        r = error_set(
            e, ERR_DOES_NOT_HOLD, "journal",
            "the journal has no segment; restore the store from a backup",
            "ジャーナルにセグメントがありません。バックアップからストアを復元してください");
    }
    if (r != 0) {
        journal_dir_close(d);
        return -1;
    }
    qsort(d->first, d->n, sizeof *d->first, by_seq);
    return 0;
}

void journal_dir_close(struct journal_dir *d) {
    if (d->fd >= 0) {
        close(d->fd);
    }
    free(d->first);
    *d = (struct journal_dir){.fd = -1};
}

size_t journal_dir_find(const struct journal_dir *d, uint64_t seq) {
    size_t low = 0, high = d->n;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (d->first[middle] <= seq) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}

/* ---- segments ------------------------------------------------------------------------- */

int journal_dir_segment(const struct journal_dir *d, uint64_t first, int flags, uint64_t *size,
                        struct error *e) {
    char name[SEGMENT_NAME_BYTES];
    segment_name(first, name);
    int fd = openat(d->fd, name, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0) {
        return segment_io_error(e, SEGMENT_OPEN, name);
    }
    struct stat s;
    if (fstat(fd, &s) != 0) {
        segment_io_error(e, SEGMENT_OPEN, name);
        close(fd);
        return -1;
    }
    if (!S_ISREG(s.st_mode) || s.st_size > UINT32_MAX) {
        close(fd);
        return error_set(e, ERR_DOES_NOT_HOLD, "journal",
                         "journal/%s is no regular file of less than 4 GiB; move it away or "
                         "restore the store from a backup",
                         "journal/%s は 4 GiB 未満の通常のファイルではありません。"
                         "別の場所へ移すか、バックアップからストアを復元してください",
                         name);
    }
    *size = (uint64_t)s.st_size;
    return fd;
}

static int header_follows(const struct journal_dir *d, size_t i, const struct segment_header *h,
                          const char *name, struct error *e) {
    static const uint8_t zeros[SEGMENT_HASH_BYTES];
    bool founding = i == 0;
    if (h->previous == (founding ? 0 : d->first[i - 1]) && founding == (h->first == 1) &&
        (!founding || memcmp(h->before.hash, zeros, sizeof zeros) == 0)) {
        return 0;
    }
    char before[SEGMENT_NAME_BYTES];
    segment_name(h->previous, before);
    return error_set(e, ERR_DOES_NOT_HOLD, "journal",
                     "journal/%s must follow journal/%s directly, which is not so: a segment is "
                     "missing or does not belong here; restore the store from a backup",
                     "journal/%s は journal/%s の直後のはずですが、そうなっていません。"
                     "セグメントが足りないか、別のものが混ざっています。"
                     "バックアップからストアを復元してください",
                     name, before);
}

int journal_dir_header(const struct journal_dir *d, size_t i, uint64_t *size,
                       struct segment_header *h, struct error *e) {
    char name[SEGMENT_NAME_BYTES];
    segment_name(d->first[i], name);
    int fd = journal_dir_segment(d, d->first[i], O_RDONLY, size, e);
    if (fd < 0) {
        return -1;
    }
    uint8_t bytes[SEGMENT_HEADER_BYTES] = {0};
    size_t got;
    int r = disk_read(fd, bytes, sizeof bytes, 0, &got);
    if (r != 0) {
        segment_io_error(e, SEGMENT_READ, name);
    } else {
        r = segment_decode_header(bytes, name, h, e);
    }
    if (r == 0) {
        r = header_follows(d, i, h, name, e);
    }
    if (r != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

int journal_dir_check(struct journal_dir *d, struct segment_header *last, struct error *e) {
    d->bytes = 0;
    for (size_t i = 0; i < d->n; i++) {
        uint64_t size = 0;
        int fd = journal_dir_header(d, i, &size, last, e);
        if (fd < 0) {
            return -1;
        }
        d->bytes += size;
        close(fd);
    }
    return 0;
}

int journal_dir_hash(const struct journal_dir *d, uint64_t seq, uint8_t hash[SEGMENT_HASH_BYTES],
                     struct error *e) {
    size_t i = journal_dir_find(d, seq);
    struct segment_header h;
    uint64_t size = 0;
    int fd = journal_dir_header(d, i, &size, &h, e);
    if (fd < 0) {
        return -1;
    }
    char name[SEGMENT_NAME_BYTES];
    segment_name(h.first, name);
    struct segment_scan s = {.offset = SEGMENT_HEADER_BYTES, .head = h.before, .upto = seq};
    int r = segment_scan(fd, size, name, &s, e);
    close(fd);
    if (r == 0 && s.head.seq != seq) {
        r = segment_damage(e, name, s.head.seq + 1, s.offset, s.problem);
    }
    memcpy(hash, s.head.hash, SEGMENT_HASH_BYTES);
    return r;
}

/* ---- making ---------------------------------------------------------------------------- */

int journal_dir_allocate(int dirfd, const char *name, uint64_t bytes, uint64_t *zeroed,
                         struct error *e) {
    int fd = disk_create(dirfd, name, O_RDWR | O_EXCL | O_NOFOLLOW);
    if (fd < 0) {
        return segment_io_error(e, SEGMENT_OPEN, name);
    }
    bool written;
    if (disk_allocate(fd, bytes, &written) != 0) {
        segment_io_error(e, SEGMENT_ALLOCATE, name);
        close(fd);
        (void)disk_calls.unlinkat(dirfd, name, 0);
        return -1;
    }
    *zeroed = written ? bytes : 0;
    return fd;
}
