/* Putting a journal together from what is sound and a backup. */
#include "store/doctor.h"

#include "store/disk.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct assembly {
    struct copy_writer writer; /* of the segment being written */
    const struct doctor_scan *scan;
    const struct doctor_source *source;
    int to;
    bool from_backup; /* the entry that comes */
    struct journal_head head;
    uint64_t group;
    /* The segment being written. */
    uint64_t segment;
    char name[SEGMENT_NAME_BYTES];
    bool writing;
    uint8_t *record; /* encoded again */
};

static bool begins_segment(const struct assembly *a, uint64_t seq) {
    const struct journal_dir *dir = &a->scan->dir;
    if (seq == 1 || dir->first[journal_dir_find(dir, seq)] == seq) {
        return true;
    }
    const struct manifest_file *f =
        a->from_backup ? manifest_find(&a->source->manifest, seq) : NULL;
    return f != NULL && f->first == seq;
}

static int end_segment(struct assembly *a, bool last, struct error *e) {
    if (!a->writing) {
        return 0;
    }
    a->writing = false;
    int rc = copy_writer_end(&a->writer, NULL, e);
    if (rc == 0 && last && a->writer.bytes < JOURNAL_SEGMENT_DEFAULT &&
        (disk_zero(a->writer.fd, a->writer.bytes, JOURNAL_SEGMENT_DEFAULT) != 0 ||
         disk_sync(a->writer.fd) != 0)) {
        rc = copy_error("journal", a->name, e);
    }
    close(a->writer.fd);
    copy_writer_free(&a->writer);
    return rc;
}

static int begin_segment(struct assembly *a, uint64_t first, struct error *e) {
    struct segment_header h = {
        .format = SEGMENT_FORMAT, .first = first, .previous = a->segment, .before = a->head};
    uint8_t bytes[SEGMENT_HEADER_BYTES];
    if (end_segment(a, false, e) != 0) {
        return -1;
    }
    a->segment = first;
    a->group = 0;
    if (a->to < 0) {
        return 0;
    }
    segment_name(first, a->name);
    segment_encode_header(bytes, &h);
    int fd = openat(a->to, a->name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        return copy_error("journal", a->name, e);
    }
    if (copy_writer_init(&a->writer, fd, "journal", a->name, e) != 0) {
        close(fd);
        return -1;
    }
    a->writing = true;
    return copy_write(&a->writer, bytes, sizeof bytes, e);
}

static int two_histories(const struct assembly *a, uint64_t seq, struct error *e) {
    return error_set(e, ERR_DOES_NOT_HOLD, "journal",
                     "Entry %llu (from the %.0s%s) does not continue entry %llu: the chain breaks, "
                     "the backup and this journal are two histories. Nothing was changed. Use "
                     "another backup.",
                     "記録 %llu (%s%.0s) は記録 %llu の続きではありません。連鎖が切れており、"
                     "バックアップとこのジャーナルは別の履歴です。何も変更していません。"
                     "別のバックアップを使ってください。",
                     (unsigned long long)seq, a->from_backup ? "バックアップ" : "ジャーナル",
                     a->from_backup ? "backup" : "journal", (unsigned long long)a->head.seq);
}

static int add(void *ctx, const struct segment_record *record, struct error *e) {
    struct assembly *a = ctx;
    if (begins_segment(a, record->seq) && begin_segment(a, record->seq, e) != 0) {
        return -1;
    }
    /* A group of which one half comes from a backup may have to begin anew. */
    uint64_t group = record->group == a->group && a->group != 0 ? a->group : record->seq;
    uint64_t before = a->head.seq;
    segment_encode(a->record, &a->head, group, record->data, record->len);
    a->group = group;
    if (a->head.seq != record->seq || memcmp(a->head.hash, record->hash, SEGMENT_HASH_BYTES) != 0) {
        a->head.seq = before;
        return two_histories(a, record->seq, e);
    }
    return a->writing ? copy_write(&a->writer, a->record, record->bytes, e) : 0;
}

static int add_run(struct assembly *a, const struct doctor_run *run, struct error *e) {
    size_t size;
    size_t at = run->offset;
    uint8_t *data = doctor_load(&a->scan->dir, run->segment, &size, e);
    int rc = data == NULL ? -1 : 0;
    a->from_backup = false;
    for (uint64_t seq = run->from; rc == 0 && seq <= run->to; seq++) {
        struct segment_record record;
        char name[SEGMENT_NAME_BYTES];
        segment_name(run->segment, name);
        enum segment_problem problem =
            at < size ? segment_decode(data + at, size - at, &record) : SEGMENT_NO_RECORD;
        if (problem != SEGMENT_SOUND) {
            rc = segment_damage(e, name, seq, at, problem); /* it was sound a moment ago */
        } else {
            at += record.bytes;
            rc = add(a, &record, e);
        }
    }
    free(data);
    return rc;
}

static int add_gap(struct assembly *a, uint64_t to, struct error *e) {
    a->from_backup = true;
    return copy_walk(a->source->dirfd, a->source->path, &a->source->manifest, a->head.seq + 1, to,
                     add, a, e);
}

/* The last entry that is sound or known to have been. */
static uint64_t last_entry(const struct doctor_scan *s) {
    uint64_t last = s->end.seq;
    for (size_t i = 0; i < s->n_gap; i++) {
        last = s->gap[i].to > last ? s->gap[i].to : last;
    }
    return last;
}

static int assemble(struct assembly *a, struct error *e) {
    const struct doctor_scan *s = a->scan;
    uint64_t last = last_entry(s);
    for (size_t i = 0; i < s->n_run; i++) {
        if ((a->head.seq + 1 < s->run[i].from && add_gap(a, s->run[i].from - 1, e) != 0) ||
            add_run(a, &s->run[i], e) != 0) {
            return -1;
        }
    }
    return a->head.seq < last ? add_gap(a, last, e) : 0;
}

int doctor_assemble(const struct doctor_scan *scan, const struct doctor_source *source, int to,
                    struct journal_head *end, struct error *e) {
    struct assembly a = {.scan = scan, .source = source, .to = to};
    a.record = malloc(SEGMENT_RECORD_MAX + 8);
    int rc = a.record == NULL ? copy_no_memory(e) : assemble(&a, e);
    struct error second;
    if (end_segment(&a, true, rc == 0 ? e : &second) != 0) {
        rc = -1;
    }
    *end = a.head;
    free(a.record);
    return rc;
}
