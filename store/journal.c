/* Making a journal and writing to it. */
#include "store/disk.h"
#include "store/journal_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define JOURNAL_BUFFER_KEPT (1u << 20)   /* of the group's buffer between groups */
#define JOURNAL_ZERO_STEP   (256u << 10) /* zeros written ahead at a time */

int journal_segment_bytes(size_t asked, size_t *bytes, struct error *e) {
    *bytes = asked == 0 ? JOURNAL_SEGMENT_DEFAULT : asked;
    if (*bytes >= JOURNAL_SEGMENT_MIN && *bytes <= JOURNAL_SEGMENT_MAX) {
        return 0;
    }
    return error_set(e, ERR_INVALID, "segment_bytes",
                     "a journal segment of %zu bytes is not possible: %zu to %zu",
                     "ジャーナルのセグメントの大きさ %zu バイトは使えません (%zu〜%zu)", *bytes,
                     JOURNAL_SEGMENT_MIN, JOURNAL_SEGMENT_MAX);
}

/* ---- making ------------------------------------------------------------------------- */

/* Writes the header and the zeros that are missing, and flushes. */
static int segment_finish(int fd, const char *name, const struct segment_header *h, uint64_t zeroed,
                          uint64_t bytes, struct error *e) {
    uint8_t header[SEGMENT_HEADER_BYTES];
    segment_encode_header(header, h);
    if (disk_zero(fd, zeroed, bytes) != 0 || disk_write(fd, header, sizeof header, 0) != 0) {
        return segment_io_error(e, SEGMENT_WRITE, name);
    }
    if (disk_sync(fd) != 0) {
        return segment_io_error(e, SEGMENT_FLUSH, name);
    }
    return 0;
}

static int create_first(int dirfd, size_t bytes, struct error *e) {
    char name[SEGMENT_NAME_BYTES];
    segment_name(1, name);
    uint64_t zeroed;
    int fd = journal_dir_allocate(dirfd, name, bytes, &zeroed, e);
    if (fd < 0) {
        return -1;
    }
    struct segment_header h = {.format = SEGMENT_FORMAT, .first = 1};
    int r = segment_finish(fd, name, &h, zeroed, bytes, e);
    close(fd);
    if (r == 0 && disk_sync(dirfd) != 0) {
        r = segment_io_error(e, SEGMENT_FLUSH, "");
    }
    return r;
}

int journal_create(int store_dirfd, size_t segment_bytes, struct error *e) {
    size_t bytes;
    if (journal_segment_bytes(segment_bytes, &bytes, e) != 0) {
        return -1;
    }
    if (disk_make_dir(store_dirfd, JOURNAL_DIR_NAME) != 0) {
        if (errno == EEXIST) {
            return error_set(e, ERR_STATE, "journal", "the store has a journal already",
                             "ストアにはすでにジャーナルがあります");
        }
        return segment_io_error(e, SEGMENT_OPEN, "");
    }
    int dirfd = openat(store_dirfd, JOURNAL_DIR_NAME, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dirfd < 0) {
        return segment_io_error(e, SEGMENT_OPEN, "");
    }
    int r = create_first(dirfd, bytes, e);
    close(dirfd);
    if (r == 0 && disk_sync(store_dirfd) != 0) {
        r = segment_io_error(e, SEGMENT_FLUSH, "");
    }
    return r;
}

/* ---- the next segment ------------------------------------------------------------------ */

static void ahead_drop(struct journal *j) {
    if (j->ahead >= 0) {
        close(j->ahead);
        j->ahead = -1;
        (void)disk_calls.unlinkat(j->dir.fd, JOURNAL_DIR_AHEAD, 0);
    }
}

static int ahead_allocate(struct journal *j, struct error *e) {
    if (j->ahead >= 0) {
        return 0;
    }
    j->ahead =
        journal_dir_allocate(j->dir.fd, JOURNAL_DIR_AHEAD, j->segment_bytes, &j->ahead_zeroed, e);
    return j->ahead >= 0 ? 0 : -1;
}

/* Past the middle of a segment the next one is allocated, and filled with zeros
 * in step with what is written, so that the change of segments does not stand
 * in one request's way (a flush into allocated but unwritten space also costs
 * more).  A failure here is no one's: it returns when the room is needed. */
static void ahead_step(struct journal *j, uint64_t free_bytes) {
    uint64_t half = j->size / 2;
    if (j->end < half) {
        return;
    }
    if (j->ahead < 0 &&
        (free_bytes < j->floor + j->segment_bytes || ahead_allocate(j, NULL) != 0)) {
        return;
    }
    uint64_t due = (j->end - half) * 2 * j->segment_bytes / j->size + JOURNAL_ZERO_STEP;
    due = due < j->segment_bytes ? due : j->segment_bytes;
    if (due < j->ahead_zeroed + JOURNAL_ZERO_STEP && due < j->segment_bytes) {
        return;
    }
    if (disk_zero(j->ahead, j->ahead_zeroed, due) != 0) {
        ahead_drop(j);
        return;
    }
    /* Only begins to write, so that the flush has little left to do. */
    (void)sync_file_range(j->ahead, (off_t)j->ahead_zeroed, (off_t)(due - j->ahead_zeroed),
                          SYNC_FILE_RANGE_WRITE);
    j->ahead_zeroed = due;
}

static int die(struct journal *j) {
    atomic_store(&j->dead, true);
    return -1;
}

/* Makes the finished next segment the last.  A last segment that is still empty
 * is replaced: it has the same name (this happens when it is too small). */
static int roll_switch(struct journal *j, const struct segment_header *h, struct error *e) {
    pthread_mutex_lock(&j->lock);
    int r = h->first == j->segment ? 0 : journal_dir_add(&j->dir, h->first, e);
    j->dir.bytes += j->segment_bytes - (h->first == j->segment ? j->size : 0);
    pthread_mutex_unlock(&j->lock);
    if (r != 0) {
        return die(j);
    }
    close(j->fd);
    j->fd = j->ahead;
    j->ahead = -1;
    j->segment = h->first;
    j->previous = h->previous;
    j->size = j->segment_bytes;
    j->end = SEGMENT_HEADER_BYTES;
    j->last = 0;
    return 0;
}

static int roll(struct journal *j, struct error *e) {
    struct segment_header h = {
        .format = SEGMENT_FORMAT,
        .first = j->head.seq + 1,
        .previous = j->last == 0 ? j->previous : j->segment,
        .before = j->head,
    };
    char name[SEGMENT_NAME_BYTES];
    segment_name(h.first, name);
    struct error found = {0};
    if (ahead_allocate(j, &found) != 0 ||
        segment_finish(j->ahead, name, &h, j->ahead_zeroed, j->segment_bytes, &found) != 0) {
        /* Nothing of the journal has changed: a full disk is a refusal. */
        bool full = found.code == ERR_FULL || j->ahead < 0;
        ahead_drop(j);
        if (e != NULL) {
            *e = found;
        }
        return full ? -1 : die(j);
    }
    if (disk_rename(j->dir.fd, JOURNAL_DIR_AHEAD, j->dir.fd, name) != 0) {
        segment_io_error(e, SEGMENT_RENAME, name);
        return die(j);
    }
    if (disk_sync(j->dir.fd) != 0) {
        segment_io_error(e, SEGMENT_FLUSH, "");
        return die(j);
    }
    return roll_switch(j, &h, e);
}

/* ---- groups -------------------------------------------------------------------------------- */

size_t journal_record_bytes(size_t len) {
    return segment_record_bytes(len);
}

int journal_alive(const struct journal *j, struct error *e) {
    if (!atomic_load(&j->dead)) {
        return 0;
    }
    return error_set(e, ERR_INTERNAL, "journal",
                     "the journal could not be written; the daemon must be started again",
                     "ジャーナルに書き込めませんでした。デーモンを再起動する必要があります");
}

bool journal_dead(const struct journal *j) {
    return atomic_load(&j->dead);
}

size_t journal_room(const struct journal *j) {
    uint64_t taken = (uint64_t)j->end + j->used;
    return taken < j->size ? (size_t)(j->size - taken) & ~(size_t)7 : 0;
}

static int writable(const struct journal *j, struct error *e) {
    if (j->read_only) {
        return error_set(e, ERR_STATE, "journal", "the journal was opened for reading only",
                         "ジャーナルは読み取り専用で開かれています");
    }
    return journal_alive(j, e);
}

static int group_is_full(struct error *e) {
    return error_set(e, ERR_BUSY, "journal", "the group is full; it must be flushed first",
                     "これ以上まとめて記録できません。先に書き出してください");
}

int journal_reserve(struct journal *j, size_t bytes, struct error *e) {
    if (writable(j, e) != 0) {
        return -1;
    }
    if (j->used > 0) {
        return bytes <= journal_room(j) ? 0 : group_is_full(e);
    }
    if (bytes > j->segment_bytes - SEGMENT_HEADER_BYTES) {
        return error_set(e, ERR_TOO_MUCH, "journal",
                         "%zu bytes do not fit in one segment of the journal (%zu bytes)",
                         "%zu バイトはジャーナルの 1 セグメント (%zu バイト) に入りません", bytes,
                         j->segment_bytes);
    }
    uint64_t free_bytes;
    if (disk_free_bytes(j->dir.fd, &free_bytes) != 0) {
        return segment_io_error(e, SEGMENT_READ, "");
    }
    bool rolls = bytes > journal_room(j);
    uint64_t needed = j->floor + (rolls && j->ahead < 0 ? j->segment_bytes : 0);
    if (j->floor > 0 && free_bytes < needed) {
        return error_set(e, ERR_FULL, "journal",
                         "the disk is nearly full: %llu MiB are free and at least %llu MiB must "
                         "stay free; nothing was recorded; free some space",
                         "ディスクの空きが足りません (空き %llu MiB、必要 %llu MiB)。"
                         "記録していません。空きを増やしてください",
                         (unsigned long long)(free_bytes >> 20),
                         (unsigned long long)((needed + (1u << 20) - 1) >> 20));
    }
    if (rolls) {
        return roll(j, e);
    }
    ahead_step(j, free_bytes);
    return 0;
}

static int group_bytes(const struct iovec *entries, size_t n, size_t *bytes, struct error *e) {
    *bytes = 0;
    for (size_t i = 0; i < n; i++) {
        if (entries[i].iov_len == 0) {
            return error_set(e, ERR_INVALID, "entry", "an entry of the journal is empty",
                             "ジャーナルの記録が空です");
        }
        if (entries[i].iov_len > JOURNAL_ENTRY_MAX) {
            return error_set(e, ERR_TOO_MUCH, "entry",
                             "an entry of %zu bytes is too long: at most %u",
                             "記録が長すぎます (%zu バイト、%u バイトまで)", entries[i].iov_len,
                             JOURNAL_ENTRY_MAX);
        }
        *bytes += segment_record_bytes(entries[i].iov_len);
        if (*bytes > JOURNAL_SEGMENT_MAX) {
            return error_set(e, ERR_TOO_MUCH, "entry", "a group of more than %zu bytes",
                             "まとめて記録する量が多すぎます (%zu バイトまで)",
                             JOURNAL_SEGMENT_MAX);
        }
    }
    return 0;
}

/* Under the lock: a reader may be looking into the buffer. */
static int group_grow(struct journal *j, size_t bytes, struct error *e) {
    if (j->capacity - j->used >= bytes) {
        return 0;
    }
    size_t capacity = j->capacity == 0 ? 64u << 10 : j->capacity;
    while (capacity - j->used < bytes) {
        capacity *= 2;
    }
    uint8_t *grown = realloc(j->buffer, capacity);
    if (grown == NULL) {
        return error_set(e, ERR_INTERNAL, "journal", "out of memory", "メモリが足りません");
    }
    j->buffer = grown;
    j->capacity = capacity;
    return 0;
}

int journal_stage(struct journal *j, const struct iovec *entries, size_t n,
                  struct journal_place *places, struct journal_head *head_after, struct error *e) {
    size_t bytes;
    if (writable(j, e) != 0 || group_bytes(entries, n, &bytes, e) != 0) {
        return -1;
    }
    if (bytes > journal_room(j) && (j->used > 0 || journal_reserve(j, bytes, e) != 0)) {
        return j->used > 0 ? group_is_full(e) : -1;
    }
    pthread_mutex_lock(&j->lock);
    int rc = group_grow(j, bytes, e);
    pthread_mutex_unlock(&j->lock);
    if (rc != 0) {
        return -1;
    }
    size_t used = j->used; /* nobody looks behind it */
    for (size_t i = 0; i < n; i++) {
        j->staged_last = j->end + (uint32_t)used;
        if (places != NULL) {
            places[i] = (struct journal_place){j->segment, j->staged_last};
        }
        segment_encode(j->buffer + used, &j->staged, j->head.seq + 1, entries[i].iov_base,
                       entries[i].iov_len);
        used += segment_record_bytes(entries[i].iov_len);
    }
    pthread_mutex_lock(&j->lock);
    j->used = used;
    pthread_mutex_unlock(&j->lock);
    if (head_after != NULL) {
        *head_after = j->staged;
    }
    return 0;
}

/* Under the lock: a reader may be looking into the buffer. */
static void group_empty(struct journal *j) {
    j->used = 0;
    j->staged = j->head;
    if (j->capacity > JOURNAL_BUFFER_KEPT) {
        free(j->buffer);
        j->buffer = NULL;
        j->capacity = 0;
    }
}

int journal_flush(struct journal *j, struct error *e) {
    if (writable(j, e) != 0) {
        return -1;
    }
    if (j->used == 0) {
        return 0;
    }
    char name[SEGMENT_NAME_BYTES];
    segment_name(j->segment, name);
    if (disk_write_once(j->fd, j->buffer, j->used, j->end) != 0) {
        segment_io_error(e, SEGMENT_WRITE, name);
        return die(j);
    }
    if (disk_sync_data(j->fd) != 0) {
        segment_io_error(e, SEGMENT_FLUSH, name);
        return die(j);
    }
    pthread_mutex_lock(&j->lock);
    j->head = j->staged;
    j->end += (uint32_t)j->used;
    j->last = j->staged_last;
    group_empty(j);
    pthread_mutex_unlock(&j->lock);
    return 0;
}

void journal_unstage(struct journal *j) {
    pthread_mutex_lock(&j->lock);
    group_empty(j);
    pthread_mutex_unlock(&j->lock);
}

int journal_append(struct journal *j, const struct iovec *entries, size_t n,
                   struct journal_place *places, struct journal_head *head_after, struct error *e) {
    size_t bytes;
    if (j->used > 0) {
        return error_set(e, ERR_BUSY, "journal", "another group is being staged",
                         "別の組を記録している途中です");
    }
    if (group_bytes(entries, n, &bytes, e) != 0 || journal_reserve(j, bytes, e) != 0 ||
        journal_stage(j, entries, n, places, head_after, e) != 0) {
        return -1;
    }
    return journal_flush(j, e);
}

/* ---- the rest ---------------------------------------------------------------------------- */

const struct journal_head *journal_head(const struct journal *j) {
    return &j->head;
}

const struct journal_head *journal_staged_head(const struct journal *j) {
    return &j->staged;
}

struct journal_head journal_flushed(struct journal *j) {
    pthread_mutex_lock(&j->lock);
    struct journal_head head = j->head;
    pthread_mutex_unlock(&j->lock);
    return head;
}

void journal_stat(struct journal *j, struct journal_stat *out) {
    pthread_mutex_lock(&j->lock);
    out->segments = j->dir.n;
    out->bytes = j->dir.bytes;
    pthread_mutex_unlock(&j->lock);
    if (disk_free_bytes(j->dir.fd, &out->free_bytes) != 0) {
        out->free_bytes = 0;
    }
}

void journal_free(struct journal *j) {
    for (size_t i = 0; i < JOURNAL_FDS; i++) {
        if (j->cache[i].segment != 0) {
            close(j->cache[i].fd);
        }
    }
    if (j->ahead >= 0) {
        close(j->ahead);
    }
    if (j->fd >= 0) {
        close(j->fd);
    }
    journal_dir_close(&j->dir);
    pthread_mutex_destroy(&j->lock);
    free(j->buffer);
    free(j);
}

struct journal_mark journal_close(struct journal *j) {
    struct journal_mark m = {0};
    if (!atomic_load(&j->dead) && !j->past_torn) {
        m = (struct journal_mark){
            .segment = j->segment, .end = j->end, .last = j->last, .head = j->head};
    }
    ahead_drop(j);
    journal_free(j);
    return m;
}
