/* Opening a journal: where it ends, what was torn, whether the folds stand on it. */
#include "store/disk.h"
#include "store/journal_private.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OPEN_COPY (256u << 10) /* rewritten at a time */

static int sodium_ready(struct error *e) {
    if (sodium_init() >= 0) {
        return 0;
    }
    return error_set(e, ERR_INTERNAL, "journal", "libsodium does not start",
                     "libsodium を初期化できません");
}

/* Whether the mark of a clean stop still describes the last segment: its last
 * record stands there and nothing behind it. */
static bool mark_holds(const struct journal *j, const struct segment_header *h,
                       const struct journal_mark *m) {
    uint8_t bytes[4096];
    size_t got;
    if (m->segment != j->segment || m->end % 8 != 0 || m->end > j->size ||
        disk_read(j->fd, bytes, sizeof bytes, m->end, &got) != 0 ||
        sodium_is_zero(bytes, got) != 1) {
        return false;
    }
    if (m->last == 0) {
        return m->end == SEGMENT_HEADER_BYTES && m->head.seq == h->before.seq &&
               memcmp(m->head.hash, h->before.hash, SEGMENT_HASH_BYTES) == 0;
    }
    if (m->last < SEGMENT_HEADER_BYTES || m->last % 8 != 0 || m->last >= m->end ||
        m->end - m->last > SEGMENT_RECORD_MAX) {
        return false;
    }
    uint8_t *last = malloc(m->end - m->last);
    struct segment_record record;
    bool holds = last != NULL && disk_read(j->fd, last, m->end - m->last, m->last, &got) == 0 &&
                 segment_decode(last, got, &record) == SEGMENT_SOUND &&
                 record.bytes == m->end - m->last && record.seq == m->head.seq &&
                 memcmp(record.hash, m->head.hash, SEGMENT_HASH_BYTES) == 0;
    free(last);
    return holds;
}

/* The last entry that the journal must have. */
static uint64_t last_known(const struct journal_options *o) {
    return o->applied_trusted && o->applied.seq > o->kept ? o->applied.seq : o->kept;
}

/* Judges what follows the sound records of the last segment. */
static int open_tail(struct journal *j, const struct segment_scan *s, const char *name,
                     const struct journal_options *o, struct journal_recovery *report,
                     struct error *e) {
    if (s->tail_end == s->offset) {
        return 0;
    }
    if (s->later || last_known(o) > s->head.seq) {
        return segment_damage(e, name, s->head.seq + 1, s->offset, s->problem);
    }
    report->torn_bytes = s->tail_end - s->offset;
    report->torn_segment = j->segment;
    report->torn_offset = s->offset;
    return 0;
}

/* Finds the end of the last segment by its mark or by reading it. */
static int open_end(struct journal *j, const struct segment_header *h,
                    const struct journal_options *o, struct journal_recovery *report,
                    struct error *e) {
    char name[SEGMENT_NAME_BYTES];
    segment_name(j->segment, name);
    if (o->clean_stop && mark_holds(j, h, &o->mark)) {
        j->head = o->mark.head;
        j->end = o->mark.end;
        j->last = o->mark.last;
        report->mark_used = true;
        return 0;
    }
    struct segment_scan s = {.offset = SEGMENT_HEADER_BYTES, .head = h->before};
    if (segment_scan(j->fd, j->size, name, &s, e) != 0 ||
        open_tail(j, &s, name, o, report, e) != 0) {
        return -1;
    }
    j->head = s.head;
    j->end = s.offset;
    j->last = s.last;
    report->records_read = s.records;
    return 0;
}

/* What is known to have been recorded must be there, and the folds must stand on
 * this journal. */
static int open_applied(const struct journal *j, const struct journal_options *o, struct error *e) {
    unsigned long long last = last_known(o);
    if (last > j->head.seq) {
        return error_set(e, ERR_DOES_NOT_HOLD, "journal",
                         "record %llu was recorded, but the journal ends with record %llu: its end "
                         "is missing; restore the store from a backup",
                         "記録 %llu まで記録されていますが、ジャーナルは記録 %llu で終わって"
                         "います。末尾が失われています。バックアップからストアを復元してください",
                         last, (unsigned long long)j->head.seq);
    }
    if (!o->applied_trusted || o->applied.seq == 0) {
        return 0;
    }
    unsigned long long applied = o->applied.seq;
    uint8_t hash[SEGMENT_HASH_BYTES];
    if (o->applied.seq == j->head.seq) {
        memcpy(hash, j->head.hash, sizeof hash);
    } else if (journal_dir_hash(&j->dir, o->applied.seq, hash, e) != 0) {
        return -1;
    }
    if (memcmp(hash, o->applied.hash, sizeof hash) == 0) {
        return 0;
    }
    return error_set(e, ERR_DOES_NOT_HOLD, "journal",
                     "record %llu of the journal is not the one that was counted: journal and "
                     "tables are of two histories; restore the store from a backup",
                     "ジャーナルの記録 %llu は集計済みの記録と異なります。ジャーナルと集計表が"
                     "別の履歴のものです。バックアップからストアを復元してください",
                     applied);
}

/* Writes the same bytes again, so that the flush takes them to the disk even
 * if an earlier flush failed and the kernel took them for clean. */
static int rewrite(int fd, uint64_t end) {
    uint8_t *bytes = malloc(OPEN_COPY);
    int r = bytes == NULL ? -1 : 0;
    for (uint64_t at = 0; r == 0 && at < end;) {
        size_t n = end - at < OPEN_COPY ? (size_t)(end - at) : OPEN_COPY;
        size_t got;
        r = disk_read(fd, bytes, n, at, &got);
        if (r == 0) {
            r = disk_write(fd, bytes, got, at);
        }
        at += n;
    }
    free(bytes);
    return r;
}

/* Brings the disk to the state that was found. */
static int open_settle(struct journal *j, int store_dirfd, struct journal_recovery *report,
                       struct error *e) {
    char name[SEGMENT_NAME_BYTES];
    segment_name(j->segment, name);
    if (j->dir.ahead && disk_remove(j->dir.fd, JOURNAL_DIR_AHEAD) != 0) {
        return segment_io_error(e, SEGMENT_WRITE, JOURNAL_DIR_AHEAD);
    }
    if (report->mark_used) {
        return 0;
    }
    uint64_t torn = report->torn_offset + report->torn_bytes;
    if (rewrite(j->fd, j->end) != 0 ||
        (report->torn_bytes > 0 && disk_zero(j->fd, report->torn_offset, torn) != 0)) {
        return segment_io_error(e, SEGMENT_WRITE, name);
    }
    if (disk_sync_data(j->fd) != 0) {
        return segment_io_error(e, SEGMENT_FLUSH, name);
    }
    if (disk_sync(j->dir.fd) != 0 || disk_sync(store_dirfd) != 0) {
        return segment_io_error(e, SEGMENT_FLUSH, "");
    }
    report->rewritten = j->end;
    return 0;
}

static int open_run(struct journal *j, int store_dirfd, const struct journal_options *o,
                    struct journal_recovery *report, struct error *e) {
    struct segment_header h;
    if (journal_dir_open(store_dirfd, &j->dir, e) != 0 || journal_dir_check(&j->dir, &h, e) != 0) {
        return -1;
    }
    j->segment = h.first;
    j->previous = h.previous;
    j->fd = journal_dir_segment(&j->dir, h.first, j->read_only ? O_RDONLY : O_RDWR, &j->size, e);
    if (j->fd < 0 || open_end(j, &h, o, report, e) != 0 || open_applied(j, o, e) != 0) {
        return -1;
    }
    if (j->read_only) {
        j->past_torn = report->torn_bytes > 0;
    } else if (open_settle(j, store_dirfd, report, e) != 0) {
        return -1;
    }
    j->staged = j->head;
    report->head = j->head;
    report->segments = j->dir.n;
    report->ignored = j->dir.ignored;
    return 0;
}

int journal_open(int store_dirfd, const struct journal_options *options, struct journal **out,
                 struct journal_recovery *report, struct error *e) {
    size_t bytes;
    *out = NULL;
    if (sodium_ready(e) != 0 || journal_segment_bytes(options->segment_bytes, &bytes, e) != 0) {
        return -1;
    }
    struct journal *j = calloc(1, sizeof *j);
    if (j == NULL) {
        return segment_io_error(e, SEGMENT_OPEN, "");
    }
    pthread_mutex_init(&j->lock, NULL);
    j->dir.fd = j->fd = j->ahead = -1;
    j->segment_bytes = bytes;
    j->floor = options->free_floor_bytes;
    j->read_only = options->read_only;
    struct journal_recovery found = {0};
    if (open_run(j, store_dirfd, options, &found, e) != 0) {
        journal_free(j);
        return -1;
    }
    if (report != NULL) {
        *report = found;
    }
    *out = j;
    return 0;
}
