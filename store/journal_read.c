/* Reading a journal: one entry by its place, or all from a seq. */
#include "store/disk.h"
#include "store/journal_private.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define READ_PEEK 1024u /* most records are read by one call of this size */

/* ---- segments open for reading --------------------------------------------------------- */

/* A slot that holds nothing or nothing in use, the longest unused first. */
static struct journal_fd *cache_free(struct journal *j) {
    struct journal_fd *best = NULL;
    for (size_t i = 0; i < JOURNAL_FDS; i++) {
        struct journal_fd *c = &j->cache[i];
        if (c->segment == 0) {
            return c;
        }
        if (c->users == 0 && (best == NULL || c->used_at < best->used_at)) {
            best = c;
        }
    }
    return best;
}

static int cache_open(struct journal *j, uint64_t segment, struct journal_fd *out,
                      struct error *e) {
    if (j->dir.first[journal_dir_find(&j->dir, segment)] != segment) {
        return error_set(e, ERR_DOES_NOT_HOLD, "journal",
                         "the journal has no segment that begins with record %llu",
                         "記録 %llu から始まるセグメントはジャーナルにありません",
                         (unsigned long long)segment);
    }
    *out = (struct journal_fd){.segment = segment};
    out->fd = journal_dir_segment(&j->dir, segment, O_RDONLY, &out->size, e);
    return out->fd >= 0 ? 0 : -1;
}

/* A copy of the slot of a segment, in use until cache_put().  `own` is set when
 * every slot is in use and the descriptor is the caller's alone. */
static int cache_get(struct journal *j, uint64_t segment, struct journal_fd *out, bool *own,
                     struct error *e) {
    pthread_mutex_lock(&j->lock);
    *own = false;
    struct journal_fd *c = NULL;
    for (size_t i = 0; i < JOURNAL_FDS && c == NULL; i++) {
        c = j->cache[i].segment == segment ? &j->cache[i] : NULL;
    }
    int r = 0;
    if (c == NULL) {
        r = cache_open(j, segment, out, e);
        c = r == 0 ? cache_free(j) : NULL;
        *own = r == 0 && c == NULL;
        if (c != NULL) {
            if (c->segment != 0) {
                close(c->fd);
            }
            *c = *out;
        }
    }
    if (c != NULL) {
        c->users++;
        c->used_at = ++j->clock;
        *out = *c;
    }
    pthread_mutex_unlock(&j->lock);
    return r;
}

static void cache_put(struct journal *j, const struct journal_fd *used, bool own) {
    if (own) {
        close(used->fd);
        return;
    }
    pthread_mutex_lock(&j->lock);
    for (size_t i = 0; i < JOURNAL_FDS; i++) {
        if (j->cache[i].segment == used->segment) {
            j->cache[i].users--;
        }
    }
    pthread_mutex_unlock(&j->lock);
}

/* ---- one entry ---------------------------------------------------------------------------- */

static int no_room(struct error *e) {
    return error_set(e, ERR_TOO_MUCH, "journal", "the entry does not fit in the reader's memory",
                     "記録が読み取り用のメモリに入りません");
}

/* Copies a sound record's entry into the arena. */
static int read_take(const struct segment_record *record, struct arena *arena, bool copy,
                     const uint8_t **data, size_t *len, struct error *e) {
    *data = record->data;
    *len = record->len;
    if (copy) {
        uint8_t *p = arena_alloc(arena, record->len);
        if (p == NULL) {
            return no_room(e);
        }
        memcpy(p, record->data, record->len);
        *data = p;
    }
    return 0;
}

/* Reads the record into `peek`, or into the arena when it is larger. */
static int read_record(const struct journal_fd *f, const char *name, struct journal_place place,
                       uint64_t seq, struct arena *arena, const uint8_t **data, size_t *len,
                       struct error *e) {
    uint8_t peek[READ_PEEK];
    const uint8_t *bytes = peek;
    size_t got;
    if (disk_read(f->fd, peek, sizeof peek, place.offset, &got) != 0) {
        return segment_io_error(e, SEGMENT_READ, name);
    }
    struct segment_record record = {0};
    enum segment_problem problem = segment_decode(peek, got, &record);
    size_t whole = problem == SEGMENT_LENGTH ? segment_peek_bytes(peek) : 0;
    if (whole > got && whole <= f->size - place.offset) {
        uint8_t *large = arena_alloc(arena, whole);
        if (large == NULL) {
            return no_room(e);
        }
        if (disk_read(f->fd, large, whole, place.offset, &got) != 0) {
            return segment_io_error(e, SEGMENT_READ, name);
        }
        bytes = large;
        problem = segment_decode(large, got, &record);
    }
    if (problem == SEGMENT_SOUND && record.seq != seq) {
        problem = SEGMENT_SEQ;
    }
    if (problem != SEGMENT_SOUND) {
        return segment_damage(e, name, seq, place.offset, problem);
    }
    return read_take(&record, arena, bytes == peek, data, len, e);
}

/* Reads an entry that is staged, under the lock: a flush that ends meanwhile
 * would take the buffer away. */
static int read_staged(struct journal *j, const char *name, struct journal_place place,
                       uint64_t seq, struct arena *arena, const uint8_t **data, size_t *len,
                       struct error *e) {
    struct segment_record record = {0};
    if (place.segment != j->segment || place.offset < j->end || place.offset - j->end >= j->used ||
        segment_decode(j->buffer + (place.offset - j->end), j->used - (place.offset - j->end),
                       &record) != SEGMENT_SOUND ||
        record.seq != seq) {
        return segment_damage(e, name, seq, place.offset, SEGMENT_NO_RECORD);
    }
    return read_take(&record, arena, true, data, len, e);
}

int journal_read(struct journal *j, struct journal_place place, uint64_t seq, struct arena *arena,
                 const uint8_t **data, size_t *len, struct error *e) {
    char name[SEGMENT_NAME_BYTES];
    segment_name(place.segment, name);
    if (journal_alive(j, e) != 0) {
        return -1;
    }
    pthread_mutex_lock(&j->lock);
    bool staged = seq > j->head.seq;
    int r = staged ? read_staged(j, name, place, seq, arena, data, len, e) : 0;
    pthread_mutex_unlock(&j->lock);
    if (staged) {
        return r;
    }
    struct journal_fd f;
    bool own;
    if (cache_get(j, place.segment, &f, &own, e) != 0) {
        return -1;
    }
    if (place.offset % 8 != 0 || place.offset < SEGMENT_HEADER_BYTES || place.offset >= f.size) {
        r = segment_damage(e, name, seq, place.offset, SEGMENT_NO_RECORD);
    } else {
        r = read_record(&f, name, place, seq, arena, data, len, e);
    }
    cache_put(j, &f, own);
    return r;
}

/* ---- all entries ---------------------------------------------------------------------------- */

/* Walks one segment up to `to`; *stop is set when `each` had enough. */
static int walk_records(struct segment_reader *r, uint64_t segment, uint64_t from, uint64_t to,
                        journal_each each, void *ctx, bool *stop, struct error *e) {
    char name[SEGMENT_NAME_BYTES];
    segment_name(segment, name);
    while (r->head.seq < to) {
        struct segment_record record;
        enum segment_problem problem;
        if (segment_reader_next(r, name, &record, &problem, e) != 0) {
            return -1;
        }
        if (problem != SEGMENT_SOUND) {
            return segment_damage(e, name, r->head.seq + 1, r->offset, problem);
        }
        if (record.seq < from) {
            continue;
        }
        struct journal_place place = {segment, record.offset};
        int said = each(ctx, record.seq, place, record.hash, record.data, record.len);
        if (said != 0) {
            *stop = true;
            return said < 0 ? -1 : 0;
        }
    }
    return 0;
}

static int walk_segment(struct journal *j, uint64_t segment, uint64_t from, uint64_t to,
                        journal_each each, void *ctx, bool *stop, struct error *e) {
    struct journal_fd f;
    bool own;
    if (cache_get(j, segment, &f, &own, e) != 0) {
        return -1;
    }
    struct journal_head before = {.seq = segment - 1};
    struct segment_reader r;
    segment_reader_init(&r, f.fd, f.size, SEGMENT_HEADER_BYTES, &before, false);
    int result = walk_records(&r, segment, from, to, each, ctx, stop, e);
    segment_reader_free(&r);
    cache_put(j, &f, own);
    return result;
}

int journal_walk(struct journal *j, uint64_t from_seq, journal_each each, void *ctx,
                 struct error *e) {
    if (journal_alive(j, e) != 0) {
        return -1;
    }
    pthread_mutex_lock(&j->lock);
    uint64_t head = j->head.seq;
    pthread_mutex_unlock(&j->lock);
    bool stop = false;
    for (uint64_t at = from_seq == 0 ? 1 : from_seq; at <= head && !stop;) {
        pthread_mutex_lock(&j->lock);
        size_t i = journal_dir_find(&j->dir, at);
        uint64_t segment = j->dir.first[i];
        uint64_t to = i + 1 < j->dir.n ? j->dir.first[i + 1] - 1 : head;
        pthread_mutex_unlock(&j->lock);
        to = to < head ? to : head;
        if (walk_segment(j, segment, at, to, each, ctx, &stop, e) != 0) {
            return -1;
        }
        at = to + 1;
    }
    return 0;
}
