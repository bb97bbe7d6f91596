#include "store/segment.h"

#include "store/crc32c.h"
#include "store/disk.h"
#include <endian.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEGMENT_WINDOW (256u << 10) /* read at a time */
#define SEGMENT_PEEK   24u          /* of a record: length, checksum, seq, group */

static const uint8_t segment_magic[8] = {'M', 'D', 'G', 'S', 'E', 'G', '1', '\n'};

static void put32(uint8_t *p, uint32_t v) {
    v = htole32(v);
    memcpy(p, &v, sizeof v);
}

static void put64(uint8_t *p, uint64_t v) {
    v = htole64(v);
    memcpy(p, &v, sizeof v);
}

static uint32_t get32(const uint8_t *p) {
    uint32_t v;
    memcpy(&v, p, sizeof v);
    return le32toh(v);
}

static uint64_t get64(const uint8_t *p) {
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return le64toh(v);
}

/* ---- names and header ----------------------------------------------------------- */

void segment_name(uint64_t first, char out[SEGMENT_NAME_BYTES]) {
    snprintf(out, SEGMENT_NAME_BYTES, "%020llu.seg", (unsigned long long)first);
}

uint64_t segment_name_seq(const char *name) {
    if (strlen(name) != 24 || strspn(name, "0123456789") != 20) {
        return 0;
    }
    /* Read back and compared, so that what overflows is no name. */
    char again[SEGMENT_NAME_BYTES];
    uint64_t seq = strtoull(name, NULL, 10);
    segment_name(seq, again);
    return strcmp(name, again) == 0 ? seq : 0;
}

static uint32_t header_checksum(const uint8_t *in) {
    return crc32c(crc32c(0, in, 12), in + 16, SEGMENT_HEADER_BYTES - 16);
}

void segment_encode_header(uint8_t out[SEGMENT_HEADER_BYTES], const struct segment_header *h) {
    memcpy(out, segment_magic, sizeof segment_magic);
    put32(out + 8, h->format);
    put64(out + 16, h->first);
    put64(out + 24, h->previous);
    memcpy(out + 32, h->before.hash, SEGMENT_HASH_BYTES);
    put32(out + 12, header_checksum(out));
}

int segment_decode_header(const uint8_t in[SEGMENT_HEADER_BYTES], const char *name,
                          struct segment_header *out, struct error *e) {
    if (memcmp(in, segment_magic, sizeof segment_magic) != 0 ||
        get32(in + 12) != header_checksum(in)) {
        return error_set(e, ERR_DOES_NOT_HOLD, "journal",
                         "journal/%s: the header of the segment (bytes 0 to 63) is damaged; "
                         "restore the store from a backup",
                         "journal/%s: セグメントの先頭 (0〜63 バイト) が壊れています。"
                         "バックアップからストアを復元してください",
                         name);
    }
    out->format = get32(in + 8);
    out->first = get64(in + 16);
    out->previous = get64(in + 24);
    out->before.seq = out->first - 1;
    memcpy(out->before.hash, in + 32, SEGMENT_HASH_BYTES);
    if (out->format != SEGMENT_FORMAT) {
        return error_set(e, ERR_STATE, "journal",
                         "journal/%s is of format %u, this program knows format %u only; "
                         "use the newer madoguchid that wrote it",
                         "journal/%s の形式は %u ですが、このプログラムが読めるのは形式 %u です。"
                         "書き込んだ新しい版の madoguchid を使ってください",
                         name, out->format, SEGMENT_FORMAT);
    }
    if (out->first != segment_name_seq(name)) {
        return error_set(e, ERR_DOES_NOT_HOLD, "journal",
                         "journal/%s holds the segment that begins with record %llu; "
                         "give the file its name back or restore the store from a backup",
                         "journal/%s の中身は記録 %llu から始まるセグメントです。"
                         "ファイル名を戻すか、バックアップからストアを復元してください",
                         name, (unsigned long long)out->first);
    }
    return 0;
}

/* ---- one record -------------------------------------------------------------------- */

size_t segment_record_bytes(size_t len) {
    return (SEGMENT_RECORD_HEADER + len + 7) & ~(size_t)7;
}

static void chain_hash(const uint8_t *before, uint64_t seq, const void *data, size_t len,
                       uint8_t *out) {
    uint64_t big = htobe64(seq);
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, SEGMENT_HASH_BYTES);
    crypto_generichash_update(&state, before, SEGMENT_HASH_BYTES);
    crypto_generichash_update(&state, (const uint8_t *)&big, sizeof big);
    crypto_generichash_update(&state, data, len);
    crypto_generichash_final(&state, out, SEGMENT_HASH_BYTES);
}

static uint32_t record_checksum(const uint8_t *in, size_t bytes) {
    return crc32c(crc32c(0, in, 4), in + 8, bytes - 8);
}

void segment_encode(uint8_t *out, struct journal_head *head, uint64_t group, const void *data,
                    size_t len) {
    size_t bytes = segment_record_bytes(len);
    uint8_t before[SEGMENT_HASH_BYTES];
    memcpy(before, head->hash, sizeof before);
    head->seq++;
    chain_hash(before, head->seq, data, len, head->hash);
    put32(out, (uint32_t)len);
    put64(out + 8, head->seq);
    put64(out + 16, group);
    memcpy(out + 24, head->hash, SEGMENT_HASH_BYTES);
    memcpy(out + SEGMENT_RECORD_HEADER, data, len);
    memset(out + SEGMENT_RECORD_HEADER + len, 0, bytes - SEGMENT_RECORD_HEADER - len);
    put32(out + 4, record_checksum(out, bytes));
}

enum segment_problem segment_decode(const uint8_t *in, size_t have, struct segment_record *out) {
    uint32_t len = have >= 4 ? get32(in) : 0;
    if (len == 0) {
        return SEGMENT_NO_RECORD;
    }
    if (len > SEGMENT_ENTRY_MAX || segment_record_bytes(len) > have) {
        return SEGMENT_LENGTH;
    }
    size_t bytes = segment_record_bytes(len);
    if (get32(in + 4) != record_checksum(in, bytes)) {
        return SEGMENT_CHECKSUM;
    }
    for (size_t i = SEGMENT_RECORD_HEADER + len; i < bytes; i++) {
        if (in[i] != 0) {
            return SEGMENT_PADDING;
        }
    }
    out->seq = get64(in + 8);
    out->group = get64(in + 16);
    out->bytes = (uint32_t)bytes;
    out->len = len;
    out->hash = in + 24;
    out->data = in + SEGMENT_RECORD_HEADER;
    return SEGMENT_SOUND;
}

size_t segment_peek_bytes(const uint8_t *in) {
    uint32_t len = get32(in);
    return len == 0 || len > SEGMENT_ENTRY_MAX ? 0 : segment_record_bytes(len);
}

/* ---- reader --------------------------------------------------------------------------- */

void segment_reader_init(struct segment_reader *r, int fd, uint64_t size, uint32_t offset,
                         const struct journal_head *head, bool chain) {
    *r = (struct segment_reader){
        .fd = fd, .size = size, .offset = offset, .head = *head, .chain = chain};
}

void segment_reader_free(struct segment_reader *r) {
    free(r->buffer);
    r->buffer = NULL;
    r->capacity = r->start = r->have = 0;
}

/* Has at least `want` bytes of the next record in the window, unless the file
 * ends before. */
static int reader_fill(struct segment_reader *r, size_t want, const char *name, struct error *e) {
    if (r->have >= want) {
        return 0;
    }
    if (r->have > 0 && r->start > 0) {
        memmove(r->buffer, r->buffer + r->start, r->have);
    }
    r->start = 0;
    if (r->capacity < want || r->capacity == 0) {
        size_t capacity = want > SEGMENT_WINDOW ? want : SEGMENT_WINDOW;
        uint8_t *grown = realloc(r->buffer, capacity);
        if (grown == NULL) {
            return segment_io_error(e, SEGMENT_READ, name);
        }
        r->buffer = grown;
        r->capacity = capacity;
    }
    uint64_t at = (uint64_t)r->offset + r->have;
    uint64_t left = at < r->size ? r->size - at : 0;
    size_t room = r->capacity - r->have;
    size_t got;
    if (disk_read(r->fd, r->buffer + r->have, left < room ? (size_t)left : room, at, &got) != 0) {
        return segment_io_error(e, SEGMENT_READ, name);
    }
    r->have += got;
    return 0;
}

static enum segment_problem reader_check(const struct segment_reader *r,
                                         const struct segment_record *record) {
    if (record->seq != r->head.seq + 1) {
        return SEGMENT_SEQ;
    }
    bool begins = record->group == record->seq;
    bool goes_on = record->group == r->group && r->group != 0;
    if (!begins && !goes_on) {
        return SEGMENT_GROUP;
    }
    if (r->chain) {
        uint8_t hash[SEGMENT_HASH_BYTES];
        chain_hash(r->head.hash, record->seq, record->data, record->len, hash);
        if (memcmp(hash, record->hash, sizeof hash) != 0) {
            return SEGMENT_CHAIN;
        }
    }
    return SEGMENT_SOUND;
}

int segment_reader_next(struct segment_reader *r, const char *name, struct segment_record *out,
                        enum segment_problem *problem, struct error *e) {
    if (reader_fill(r, SEGMENT_RECORD_HEADER, name, e) != 0) {
        return -1;
    }
    uint32_t len = r->have >= 4 ? get32(r->buffer + r->start) : 0;
    if (len > 0 && len <= SEGMENT_ENTRY_MAX &&
        reader_fill(r, segment_record_bytes(len), name, e) != 0) {
        return -1;
    }
    *problem = segment_decode(r->buffer + r->start, r->have, out);
    if (*problem == SEGMENT_SOUND) {
        *problem = reader_check(r, out);
    }
    if (*problem != SEGMENT_SOUND) {
        return 0;
    }
    out->offset = r->offset;
    r->head.seq = out->seq;
    memcpy(r->head.hash, out->hash, SEGMENT_HASH_BYTES);
    r->group = out->group;
    r->offset += out->bytes;
    r->start += out->bytes;
    r->have -= out->bytes;
    return 0;
}

/* ---- scan ------------------------------------------------------------------------------- */

/* Whether a whole record lies at `at`: its checksum decides.  `buffer` takes
 * the largest record. */
static int tail_is_record(int fd, uint64_t size, uint64_t at, uint32_t len, uint8_t *buffer,
                          bool *is, struct error *e, const char *name) {
    *is = false;
    size_t bytes = segment_record_bytes(len), got;
    if (len == 0 || len > SEGMENT_ENTRY_MAX || size - at < bytes) {
        return 0;
    }
    if (disk_read(fd, buffer, bytes, at, &got) != 0) {
        return segment_io_error(e, SEGMENT_READ, name);
    }
    struct segment_record record;
    *is = segment_decode(buffer, got, &record) == SEGMENT_SOUND;
    return 0;
}

/* Looks through `n` bytes at `at` for what is not zero and for a record of a
 * group later than that of the first bad record: that one's group began at
 * head + 1 or before, so a later group's first seq is beyond it. */
static int tail_look(int fd, uint64_t size, const char *name, struct segment_scan *s,
                     const uint8_t *window, size_t n, uint64_t at, uint8_t *buffer,
                     struct error *e) {
    static const uint8_t zeros[64];
    for (size_t i = 0; i < n;) {
        size_t step = n - i < sizeof zeros ? n - i : sizeof zeros;
        if (memcmp(window + i, zeros, step) == 0) {
            i += step;
            continue;
        }
        for (size_t k = i; k < i + step; k++) {
            if (window[k] != 0) {
                s->tail_end = at + k + 1;
            }
        }
        for (size_t k = i; k < i + step && k + SEGMENT_PEEK <= n && !s->later; k += 8) {
            uint64_t seq = get64(window + k + 8), group = get64(window + k + 16);
            if (group <= s->head.seq + 1 || seq < group || seq - s->head.seq > size / 64) {
                continue;
            }
            if (tail_is_record(fd, size, at + k, get32(window + k), buffer, &s->later, e, name)) {
                return -1;
            }
            if (s->later) {
                s->later_seq = seq;
                s->later_offset = at + k;
            }
        }
        i += step;
    }
    return 0;
}

static int scan_tail(int fd, uint64_t size, const char *name, struct segment_scan *s,
                     struct error *e) {
    s->tail_end = s->offset;
    uint8_t *buffer = malloc(SEGMENT_RECORD_MAX + SEGMENT_WINDOW);
    if (buffer == NULL) {
        return segment_io_error(e, SEGMENT_READ, name);
    }
    uint8_t *window = buffer + SEGMENT_RECORD_MAX;
    int r = 0;
    /* The windows overlap, so that a record's first bytes lie whole in one. */
    for (uint64_t at = s->offset; at < size && r == 0; at += SEGMENT_WINDOW - 64) {
        size_t got;
        size_t want = size - at < SEGMENT_WINDOW ? (size_t)(size - at) : SEGMENT_WINDOW;
        if (disk_read(fd, window, want, at, &got) != 0) {
            r = segment_io_error(e, SEGMENT_READ, name);
        } else {
            r = tail_look(fd, size, name, s, window, got, at, buffer, e);
        }
    }
    free(buffer);
    return r;
}

int segment_scan(int fd, uint64_t size, const char *name, struct segment_scan *s, struct error *e) {
    struct segment_reader r;
    segment_reader_init(&r, fd, size, s->offset, &s->head, true);
    s->last = 0;
    s->records = s->groups = 0;
    s->later = false;
    s->problem = SEGMENT_SOUND;
    int result = 0;
    while (result == 0 && (s->upto == 0 || r.head.seq < s->upto)) {
        struct segment_record record;
        result = segment_reader_next(&r, name, &record, &s->problem, e);
        if (result != 0 || s->problem != SEGMENT_SOUND) {
            break;
        }
        s->last = record.offset;
        s->records++;
        if (s->noted != NULL && s->noted->seq == r.head.seq) {
            *s->noted = r.head;
        }
        s->groups += record.group == record.seq;
    }
    s->offset = r.offset;
    s->head = r.head;
    s->tail_end = r.offset;
    segment_reader_free(&r);
    if (result == 0 && s->problem != SEGMENT_SOUND) {
        result = scan_tail(fd, size, name, s, e);
    }
    return result;
}

/* ---- errors ------------------------------------------------------------------------------- */

const char *segment_problem_text(enum segment_problem problem, bool ja) {
    static const char *const text[][2] = {
        [SEGMENT_SOUND] = {"it is sound", "異常なし"},
        [SEGMENT_NO_RECORD] = {"there is no record", "記録がありません"},
        [SEGMENT_LENGTH] = {"its length is impossible", "長さが正しくありません"},
        [SEGMENT_CHECKSUM] = {"its checksum is wrong", "検査和が合いません"},
        [SEGMENT_SEQ] = {"it has another number", "番号が違います"},
        [SEGMENT_GROUP] = {"its group is impossible", "組の番号が正しくありません"},
        [SEGMENT_CHAIN] = {"its chain hash is wrong", "連鎖ハッシュが合いません"},
        [SEGMENT_PADDING] = {"its padding is not zero", "埋め草が 0 ではありません"},
    };
    return text[problem][ja ? 1 : 0];
}

int segment_io_error(struct error *e, enum segment_act act, const char *name) {
    const char *why = strerrordesc_np(errno);
    why = why != NULL ? why : "?";
    int code = errno == ENOSPC || errno == EDQUOT ? ERR_FULL : ERR_INTERNAL;
    switch (act) {
    case SEGMENT_OPEN:
        return error_set(e, code, "journal", "cannot open journal/%s: %s",
                         "journal/%s を開けません: %s", name, why);
    case SEGMENT_READ:
        return error_set(e, code, "journal", "cannot read journal/%s: %s",
                         "journal/%s を読めません: %s", name, why);
    case SEGMENT_WRITE:
        return error_set(e, code, "journal", "cannot write journal/%s: %s",
                         "journal/%s に書き込めません: %s", name, why);
    case SEGMENT_FLUSH:
        return error_set(e, code, "journal", "cannot flush journal/%s to the disk: %s",
                         "journal/%s をディスクに書き出せません: %s", name, why);
    case SEGMENT_ALLOCATE:
        return error_set(e, code, "journal", "cannot allocate journal/%s: %s",
                         "journal/%s の領域を確保できません: %s", name, why);
    case SEGMENT_RENAME:
        return error_set(e, code, "journal", "cannot rename to journal/%s: %s",
                         "journal/%s に名前を変えられません: %s", name, why);
    }
    return -1;
}

int segment_damage(struct error *e, const char *name, uint64_t seq, uint64_t offset,
                   enum segment_problem problem) {
    error_set(e, ERR_DOES_NOT_HOLD, "journal", "%s", "%s", "");
    if (e != NULL) {
        snprintf(e->en, sizeof e->en,
                 "journal/%s: record %llu at byte %llu does not hold: %s; "
                 "restore the store from a backup",
                 name, (unsigned long long)seq, (unsigned long long)offset,
                 segment_problem_text(problem, false));
        snprintf(e->ja, sizeof e->ja,
                 "journal/%s: 記録 %llu (%llu バイト目) が正しくありません: %s。"
                 "バックアップからストアを復元してください",
                 name, (unsigned long long)seq, (unsigned long long)offset,
                 segment_problem_text(problem, true));
    }
    return -1;
}
