#include "store/copy.h"

#include "store/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define COPY_BUFFER (256u << 10)

/* ---- errors and lines ------------------------------------------------------------------- */

int copy_error(const char *path, const char *name, struct error *e) {
    const char *slash = name[0] != '\0' ? "/" : "";
    if (errno == EACCES || errno == EPERM || errno == EROFS) {
        return error_set(e, ERR_INTERNAL, "directory",
                         "%s%s%s: %s. The daemon writes it as user %u: let that user write there "
                         "(under systemd also ReadWritePaths=), or choose another place.",
                         "%s%s%s: %s。サーバーはユーザー番号 %u で書き込みます。"
                         "そこへの書き込みを許す (systemd では ReadWritePaths= も) か、"
                         "別の場所を選んでください。",
                         path, slash, name, strerror(errno), (unsigned)geteuid());
    }
    return error_set(e, errno == ENOSPC || errno == EDQUOT ? ERR_FULL : ERR_INTERNAL, "directory",
                     "%s%s%s: %s", "%s%s%s: %s", path, slash, name, strerror(errno));
}

int copy_no_memory(struct error *e) {
    return error_set(e, ERR_INTERNAL, "", "Out of memory.", "メモリが足りません。");
}

int copy_sodium(struct error *e) {
    if (sodium_init() < 0) {
        return error_set(e, ERR_INTERNAL, "", "libsodium does not start.",
                         "libsodium を初期化できません。");
    }
    return 0;
}

void copy_time(uint64_t ms, char out[COPY_TIME]) {
    time_t seconds = (time_t)(ms / 1000);
    struct tm tm = {0};
    gmtime_r(&seconds, &tm);
    strftime(out, COPY_TIME, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

void copy_say(const struct copy_report *r, const char *name, const char *format, ...) {
    char value[512];
    va_list ap;
    if (r->line == NULL) {
        return;
    }
    va_start(ap, format);
    vsnprintf(value, sizeof value, format, ap);
    va_end(ap);
    r->line(r->ctx, name, value);
}

void copy_say_number(const struct copy_report *r, const char *name, uint64_t n) {
    copy_say(r, name, "%llu", (unsigned long long)n);
}

/* ---- writing ------------------------------------------------------------------------------ */

int copy_writer_init(struct copy_writer *w, int fd, const char *path, const char *name,
                     struct error *e) {
    *w = (struct copy_writer){.fd = fd, .path = path, .name = name};
    crypto_generichash_init(&w->state, NULL, 0, SEGMENT_HASH_BYTES);
    w->buffer = malloc(COPY_BUFFER);
    return w->buffer != NULL ? 0 : copy_no_memory(e);
}

static int writer_flush(struct copy_writer *w, struct error *e) {
    if (disk_write(w->fd, w->buffer, w->used, w->bytes - w->used) != 0) {
        return copy_error(w->path, w->name, e);
    }
    w->used = 0;
    return 0;
}

int copy_write(struct copy_writer *w, const void *data, size_t len, struct error *e) {
    const uint8_t *p = data;
    crypto_generichash_update(&w->state, p, len);
    while (len > 0) {
        size_t n = COPY_BUFFER - w->used < len ? COPY_BUFFER - w->used : len;
        memcpy(w->buffer + w->used, p, n);
        w->used += n;
        w->bytes += n;
        p += n;
        len -= n;
        if (w->used == COPY_BUFFER && writer_flush(w, e) != 0) {
            return -1;
        }
    }
    return 0;
}

int copy_writer_end(struct copy_writer *w, uint8_t hash[SEGMENT_HASH_BYTES], struct error *e) {
    if (writer_flush(w, e) != 0) {
        return -1;
    }
    if (disk_sync(w->fd) != 0) {
        return copy_error(w->path, w->name, e);
    }
    uint8_t digest[SEGMENT_HASH_BYTES];
    crypto_generichash_final(&w->state, digest, sizeof digest);
    if (hash != NULL) {
        memcpy(hash, digest, sizeof digest);
    }
    return 0;
}

void copy_writer_free(struct copy_writer *w) {
    free(w->buffer);
    w->buffer = NULL;
}

/* ---- reading ------------------------------------------------------------------------------ */

/* The problem with a record, the file named as its reader knows it. */
static int record_damage(const char *path, const char *name, uint64_t seq, uint64_t offset,
                         enum segment_problem problem, struct error *e) {
    error_set(e, ERR_DOES_NOT_HOLD, "journal",
              "%s/%s: record %llu at byte %llu does not hold: %.0s%s.",
              "%s/%s: 記録 %llu (%llu バイト目) が正しくありません: %s%.0s。", path, name,
              (unsigned long long)seq, (unsigned long long)offset,
              segment_problem_text(problem, true), segment_problem_text(problem, false));
    return -1;
}

static int read_header(int fd, const char *path, const char *name, uint64_t first,
                       const struct journal_head *before, uint8_t *bytes, struct error *e) {
    struct segment_header h;
    char segment[SEGMENT_NAME_BYTES];
    size_t got;
    segment_name(first, segment);
    memset(bytes, 0, SEGMENT_HEADER_BYTES);
    if (disk_read(fd, bytes, SEGMENT_HEADER_BYTES, 0, &got) != 0) {
        return copy_error(path, name, e);
    }
    if (segment_decode_header(bytes, segment, &h, e) != 0) {
        return -1;
    }
    if (h.before.seq == before->seq &&
        memcmp(h.before.hash, before->hash, SEGMENT_HASH_BYTES) == 0) {
        return 0;
    }
    return error_set(e, ERR_DOES_NOT_HOLD, "journal",
                     "%s/%s does not continue what stands before it, which ends with record %llu.",
                     "%s/%s は、その前 (記録 %llu まで) の続きではありません。", path, name,
                     (unsigned long long)before->seq);
}

int copy_read(int fd, uint64_t size, const char *path, const char *name, uint64_t first,
              uint64_t upto, struct journal_head *head, uint8_t *header, copy_record_fn each,
              void *ctx, struct error *e) {
    uint8_t bytes[SEGMENT_HEADER_BYTES];
    if (read_header(fd, path, name, first, head, bytes, e) != 0) {
        return -1;
    }
    if (header != NULL) {
        memcpy(header, bytes, sizeof bytes);
    }
    struct segment_reader r;
    segment_reader_init(&r, fd, size, SEGMENT_HEADER_BYTES, head, true);
    int rc = 0;
    while (rc == 0 && r.head.seq < upto) {
        struct segment_record record;
        enum segment_problem problem;
        rc = segment_reader_next(&r, name, &record, &problem, e);
        if (rc == 0 && problem != SEGMENT_SOUND) {
            rc = record_damage(path, name, r.head.seq + 1, r.offset, problem, e);
        }
        if (rc == 0) {
            rc = each(ctx, &record, e);
        }
    }
    *head = r.head;
    segment_reader_free(&r);
    return rc;
}

struct segment_copy {
    struct copy_writer *out;
    uint8_t header[SEGMENT_HEADER_BYTES];
    bool begun;
    bool (*stopped)(void *ctx);
    void *ctx;
};

/* The header is known once the first record comes: a copy never has none. */
static int copy_record(void *ctx, const struct segment_record *record, struct error *e) {
    struct segment_copy *c = ctx;
    if (c->stopped != NULL && c->stopped(c->ctx)) {
        return error_set(e, ERR_BUSY, "", "The daemon is stopping; the backup was given up.",
                         "サーバーが停止するため、バックアップを中止しました。");
    }
    if (!c->begun && copy_write(c->out, c->header, sizeof c->header, e) != 0) {
        return -1;
    }
    c->begun = true;
    return copy_write(c->out, record->data - SEGMENT_RECORD_HEADER, record->bytes, e);
}

int copy_segment(int fd, uint64_t size, const char *path, const char *name, uint64_t first,
                 uint64_t upto, struct journal_head *head, struct copy_writer *out,
                 bool (*stopped)(void *ctx), void *ctx, struct error *e) {
    struct segment_copy c = {.out = out, .stopped = stopped, .ctx = ctx};
    return copy_read(fd, size, path, name, first, upto, head, c.header, copy_record, &c, e);
}

/* ---- a backup's files ------------------------------------------------------------------------ */

static int hash_file(int fd, const char *path, const char *name, uint8_t hash[SEGMENT_HASH_BYTES],
                     struct error *e) {
    crypto_generichash_state state;
    uint8_t *buffer = malloc(COPY_BUFFER);
    uint64_t at = 0;
    size_t got = 1;
    int rc = buffer == NULL ? copy_no_memory(e) : 0;
    crypto_generichash_init(&state, NULL, 0, SEGMENT_HASH_BYTES);
    while (rc == 0 && got > 0) {
        if (disk_read(fd, buffer, COPY_BUFFER, at, &got) != 0) {
            rc = copy_error(path, name, e);
        } else {
            crypto_generichash_update(&state, buffer, got);
            at += got;
        }
    }
    crypto_generichash_final(&state, hash, SEGMENT_HASH_BYTES);
    free(buffer);
    return rc;
}

static int nothing(void *ctx, const struct segment_record *record, struct error *e) {
    (void)ctx;
    (void)record;
    (void)e;
    return 0;
}

/* The file is not what was written: the record where that shows is named. */
static int file_differs(int fd, const char *path, const char *name,
                        const struct manifest_file *file, struct error *e) {
    struct error found = {0};
    uint8_t bytes[SEGMENT_HEADER_BYTES] = {0};
    struct segment_header h = {0};
    char segment[SEGMENT_NAME_BYTES];
    size_t got;
    segment_name(file->first, segment);
    if (disk_read(fd, bytes, sizeof bytes, 0, &got) == 0 &&
        segment_decode_header(bytes, segment, &h, &found) == 0) {
        struct journal_head head = h.before;
        if (copy_read(fd, file->bytes, path, name, file->first, file->last.seq, &head, NULL,
                      nothing, NULL, &found) != 0 &&
            found.code == ERR_DOES_NOT_HOLD) {
            *e = found;
            return -1;
        }
    }
    return error_set(e, ERR_DOES_NOT_HOLD, "directory",
                     "%s/%s is not what the backup wrote (entries %llu to %llu): its size or hash "
                     "is another. Use another backup.",
                     "%s/%s がバックアップ時の内容と異なります (記録 %llu〜%llu)。"
                     "別のバックアップを使ってください。",
                     path, name, (unsigned long long)file->first,
                     (unsigned long long)file->last.seq);
}

int copy_open_file(int dirfd, const char *path, const struct manifest_file *file, struct error *e) {
    char name[MANIFEST_FILE_NAME];
    uint8_t hash[SEGMENT_HASH_BYTES];
    struct stat st;
    manifest_file_name(file, name);
    int fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT) {
        return error_set(e, ERR_DOES_NOT_HOLD, "directory",
                         "%s/%s is missing from the backup (entries %llu to %llu). Use another "
                         "backup.",
                         "バックアップに %s/%s がありません (記録 %llu〜%llu)。"
                         "別のバックアップを使ってください。",
                         path, name, (unsigned long long)file->first,
                         (unsigned long long)file->last.seq);
    }
    if (fd < 0 || fstat(fd, &st) != 0) {
        copy_error(path, name, e);
        if (fd >= 0) {
            close(fd);
        }
        return -1;
    }
    int rc = S_ISREG(st.st_mode) ? hash_file(fd, path, name, hash, e) : 0;
    if (rc == 0 && (!S_ISREG(st.st_mode) || (uint64_t)st.st_size != file->bytes ||
                    memcmp(hash, file->hash, sizeof hash) != 0)) {
        rc = file_differs(fd, path, name, file, e);
    }
    if (rc != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

struct part {
    uint64_t from;
    copy_record_fn each;
    void *ctx;
};

static int part_record(void *ctx, const struct segment_record *record, struct error *e) {
    const struct part *p = ctx;
    return record->seq < p->from ? 0 : p->each(p->ctx, record, e);
}

int copy_walk(int dirfd, const char *path, const struct manifest *m, uint64_t from, uint64_t to,
              copy_record_fn each, void *ctx, struct error *e) {
    struct part part = {from, each, ctx};
    struct journal_head head = {0};
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < m->n && m->file[i].first <= to; i++) {
        const struct manifest_file *f = &m->file[i];
        if (f->last.seq < from) {
            head = f->last;
            continue;
        }
        char name[MANIFEST_FILE_NAME];
        manifest_file_name(f, name);
        int fd = copy_open_file(dirfd, path, f, e);
        if (fd < 0) {
            return -1;
        }
        uint64_t upto = to < f->last.seq ? to : f->last.seq;
        rc =
            copy_read(fd, f->bytes, path, name, f->first, upto, &head, NULL, part_record, &part, e);
        close(fd);
    }
    return rc;
}
