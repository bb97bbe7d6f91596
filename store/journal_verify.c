/* The proof of the journal's files, apart from everything that writes them. */
#include "store/journal.h"
#include "store/journal_dir.h"

#include <sodium.h>
#include <string.h>
#include <unistd.h>

struct verify {
    const struct journal_dir *dir;
    uint64_t upto;              /* 0: everything */
    struct journal_head *noted; /* or NULL */
    struct journal_verify_result *result;
};

/* What stands before a segment must be what its header says. */
static int verify_joins(const struct verify *v, const struct segment_header *h, const char *name,
                        struct error *e) {
    const struct journal_head *head = &v->result->head;
    if (h->before.seq == head->seq && memcmp(h->before.hash, head->hash, sizeof head->hash) == 0) {
        return 0;
    }
    return error_set(e, ERR_DOES_NOT_HOLD, "journal",
                     "journal/%s does not continue the segment before it, which ends with record "
                     "%llu; restore the store from a backup",
                     "journal/%s は前のセグメント (記録 %llu まで) の続きではありません。"
                     "バックアップからストアを復元してください",
                     name, (unsigned long long)head->seq);
}

/* What follows the sound records of a segment: zeros, or a torn tail in the
 * last one.  What was flushed (up to `upto`) cannot be torn. */
static int verify_tail(const struct verify *v, const struct segment_scan *s, bool is_last,
                       const char *name, struct error *e) {
    if (s->tail_end == s->offset) {
        return 0;
    }
    if (!is_last || s->later || v->upto != 0) {
        return segment_damage(e, name, s->head.seq + 1, s->offset, s->problem);
    }
    v->result->torn_bytes = s->tail_end - s->offset;
    v->result->torn_segment = segment_name_seq(name);
    v->result->torn_offset = s->offset;
    return 0;
}

static int verify_segment(const struct verify *v, size_t i, struct error *e) {
    uint64_t size = 0;
    struct segment_header h;
    int fd = journal_dir_header(v->dir, i, &size, &h, e);
    if (fd < 0) {
        return -1;
    }
    char name[SEGMENT_NAME_BYTES];
    segment_name(h.first, name);
    struct segment_scan s = {
        .offset = SEGMENT_HEADER_BYTES, .head = h.before, .upto = v->upto, .noted = v->noted};
    int r = verify_joins(v, &h, name, e);
    if (r == 0) {
        r = segment_scan(fd, size, name, &s, e);
    }
    close(fd);
    if (r != 0) {
        return -1;
    }
    bool is_last = i + 1 == v->dir->n;
    if (!is_last && s.head.seq != v->upto && s.head.seq + 1 != v->dir->first[i + 1]) {
        return segment_damage(e, name, s.head.seq + 1, s.offset, s.problem);
    }
    v->result->head = s.head;
    v->result->segments++;
    v->result->records += s.records;
    v->result->groups += s.groups;
    v->result->bytes += size;
    return verify_tail(v, &s, is_last, name, e);
}

static int verify_all(const struct verify *v, struct error *e) {
    for (size_t i = 0; i < v->dir->n; i++) {
        if (v->upto != 0 && v->dir->first[i] > v->upto) {
            break;
        }
        if (verify_segment(v, i, e) != 0) {
            return -1;
        }
    }
    if (v->upto != 0 && v->result->head.seq != v->upto) {
        return error_set(e, ERR_DOES_NOT_HOLD, "journal",
                         "the journal ends with record %llu, but record %llu was recorded; "
                         "restore the store from a backup",
                         "ジャーナルは記録 %llu で終わっていますが、記録 %llu まであるはずです。"
                         "バックアップからストアを復元してください",
                         (unsigned long long)v->result->head.seq, (unsigned long long)v->upto);
    }
    return 0;
}

int journal_verify_noted(int store_dirfd, uint64_t upto, struct journal_head *noted,
                         struct journal_verify_result *result, struct error *e) {
    *result = (struct journal_verify_result){0};
    if (sodium_init() < 0) {
        return error_set(e, ERR_INTERNAL, "journal", "libsodium does not start",
                         "libsodium を初期化できません");
    }
    struct journal_dir dir;
    if (journal_dir_open(store_dirfd, &dir, e) != 0) {
        return -1;
    }
    result->ignored = dir.ignored;
    struct verify v = {.dir = &dir, .upto = upto, .noted = noted, .result = result};
    /* All headers first: a missing segment is named, not the record it began with. */
    struct segment_header last;
    int r = journal_dir_check(&dir, &last, e);
    if (r == 0) {
        r = verify_all(&v, e);
    }
    journal_dir_close(&dir);
    return r;
}

int journal_verify(int store_dirfd, struct journal_verify_result *result, struct error *e) {
    return journal_verify_noted(store_dirfd, 0, NULL, result, e);
}

int journal_verify_upto(int store_dirfd, uint64_t upto, struct journal_verify_result *result,
                        struct error *e) {
    return journal_verify_noted(store_dirfd, upto, NULL, result, e);
}
