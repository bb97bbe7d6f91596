#include "daemon/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HEADER sizeof(uint32_t)
#define FIRST  4096

/* Records: u32 length (this machine's order: nobody else reads it), bytes.
 * Until there is a file all lie in `memory`; then `memory` holds one record on
 * its way to the file. */
struct spool {
    struct spool_room *room;
    uint8_t *memory;
    size_t size, used;
    int fd;
    uint64_t written; /* bytes in the file */
    uint64_t at;      /* bytes read, of memory or file */
    size_t records;
    size_t reserved;
};

struct spool *spool_new(struct spool_room *room) {
    struct spool *s = calloc(1, sizeof *s);
    if (s != NULL) {
        s->room = room;
        s->fd = -1;
    }
    return s;
}

/* Sets the size of the memory, counted in the room. */
static bool memory_size(struct spool *s, size_t size) {
    uint8_t *memory = NULL;
    if (size > 0) {
        memory = realloc(s->memory, size);
        if (memory == NULL) {
            return false;
        }
    } else {
        free(s->memory);
    }
    atomic_fetch_add(&s->room->memory_used, size - s->size); /* wraps where it shrinks */
    s->memory = memory;
    s->size = size;
    return true;
}

void spool_clear(struct spool *s) {
    if (s->fd >= 0) {
        close(s->fd);
        atomic_fetch_sub(&s->room->disk_used, s->written);
    }
    memory_size(s, 0);
    *s = (struct spool){.room = s->room, .fd = -1};
}

void spool_free(struct spool *s) {
    if (s != NULL) {
        spool_clear(s);
        free(s);
    }
}

static int write_file(struct spool *s, struct error *e) {
    uint64_t n = s->used;
    if (atomic_fetch_add(&s->room->disk_used, n) + n > atomic_load(&s->room->disk)) {
        atomic_fetch_sub(&s->room->disk_used, n);
        return error_set(e, ERR_TOO_MUCH, "",
                         "The answer is too long for the room of long answers. Ask for a shorter "
                         "period, or again later.",
                         "答えが長すぎて一時領域に収まりません。期間を短くするか、"
                         "しばらくしてからもう一度お試しください。");
    }
    size_t done = 0;
    while (done < s->used) {
        ssize_t w = pwrite(s->fd, s->memory + done, s->used - done, (off_t)(s->written + done));
        if (w < 0 && errno == EINTR) {
            continue;
        }
        if (w <= 0) {
            atomic_fetch_sub(&s->room->disk_used, n);
            return error_set(e, ERR_INTERNAL, "", "The temporary file of the answer: %s.",
                             "答えの一時ファイルに書けません (%s)。", strerror(errno));
        }
        done += (size_t)w;
    }
    s->written += n;
    s->used = 0;
    return 0;
}

static int open_file(struct spool *s, struct error *e) {
    s->fd = open(s->room->directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (s->fd < 0) {
        s->fd = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    }
    if (s->fd < 0) {
        return error_set(e, ERR_INTERNAL, "", "No temporary file for the answer: %s.",
                         "答えの一時ファイルを作れません (%s)。", strerror(errno));
    }
    return s->used > 0 ? write_file(s, e) : 0;
}

static int memory_grow(struct spool *s, size_t need, struct error *e) {
    size_t size = s->size == 0 ? FIRST : s->size;
    while (size < need) {
        size *= 2;
    }
    if (size == s->size) {
        return 0;
    }
    if (!memory_size(s, size)) {
        return error_set(e, ERR_INTERNAL, "", "Out of memory.", "メモリーが足りません。");
    }
    return 0;
}

/* Whether so many bytes may lie in memory. */
static bool memory_allowed(const struct spool *s, size_t need) {
    size_t one = atomic_load(&s->room->memory);
    return need <= one &&
           (need <= s->size || atomic_load(&s->room->memory_used) <= SPOOL_TOGETHER * one);
}

void spool_end(struct spool *s) {
    size_t size = s->fd >= 0 ? 0 : s->used;
    if (size < s->size) {
        memory_size(s, size);
    }
}

uint8_t *spool_reserve(struct spool *s, size_t len, struct error *e) {
    if (len == 0 || len > SPOOL_RECORD_MAX) {
        error_set(e, ERR_INTERNAL, "", "A page of %zu bytes does not fit a frame.",
                  "%zu バイトのページは電文に収まりません。", len);
        return NULL;
    }
    size_t need = s->used + HEADER + len;
    if (s->fd < 0 && !memory_allowed(s, need)) {
        if (open_file(s, e) != 0) {
            return NULL;
        }
        need = HEADER + len;
    }
    if (memory_grow(s, need, e) != 0) {
        return NULL;
    }
    uint32_t length = (uint32_t)len;
    memcpy(s->memory + s->used, &length, HEADER);
    s->reserved = HEADER + len;
    return s->memory + s->used + HEADER;
}

int spool_commit(struct spool *s, struct error *e) {
    s->used += s->reserved;
    s->records++;
    return s->fd < 0 ? 0 : write_file(s, e);
}

size_t spool_records(const struct spool *s) {
    return s->records;
}

/* Bytes at `at`, from file or memory. */
static int read_at(const struct spool *s, void *to, size_t len) {
    if (s->fd < 0) {
        if (s->at + len > s->used) {
            return -1;
        }
        memcpy(to, s->memory + s->at, len);
        return 0;
    }
    size_t done = 0;
    while (done < len) {
        ssize_t n = pread(s->fd, (uint8_t *)to + done, len - done, (off_t)(s->at + done));
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return -1;
        }
        done += (size_t)n;
    }
    return 0;
}

int64_t spool_next(struct spool *s) {
    uint32_t length;
    if (s->records == 0) {
        return 0;
    }
    if (read_at(s, &length, HEADER) != 0 || length == 0 || length > SPOOL_RECORD_MAX) {
        return -1;
    }
    return length;
}

int spool_read(struct spool *s, uint8_t *to, size_t len) {
    s->at += HEADER;
    if (read_at(s, to, len) != 0) {
        return -1;
    }
    s->at += len;
    s->records--;
    return 0;
}
