/* Moving a journal anywhere: a stream of its entries that knows no byte order of
 * a machine and no segments.
 *
 *     "madoguchi journal 1\n"
 *     per entry: length (4 bytes), seq (8), chain hash (32), the entry
 *     the end:   0 (4 bytes), seq of the last entry (8), its chain hash (32)
 *
 * Numbers are big-endian.  The chain makes a stream that holds the store that
 * was written, and the end shows that nothing is missing. */
#include "store/copy.h"

#include "store/journal.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TRANSFER_MAGIC  "madoguchi journal 1\n"
#define TRANSFER_WORD   "madoguchi journal " /* of any format */
#define TRANSFER_LINE   (sizeof TRANSFER_MAGIC - 1)
#define TRANSFER_HEADER (4 + 8 + SEGMENT_HASH_BYTES)
#define TRANSFER_BUFFER (256u << 10)

struct stream {
    int fd;
    uint8_t *buffer; /* TRANSFER_BUFFER */
    size_t at, have; /* of the buffer: read to `at` */
    const struct store_options *options;
    uint64_t total;
    struct journal_head head;
};

static int stream_open(struct stream *s, int fd, const struct store_options *options,
                       struct error *e) {
    *s = (struct stream){.fd = fd, .options = options, .buffer = malloc(TRANSFER_BUFFER)};
    return s->buffer != NULL ? copy_sodium(e) : copy_no_memory(e);
}

static void progress(const struct stream *s, const char *what) {
    if (s->options->progress != NULL) {
        s->options->progress(s->options->progress_ctx, what, s->head.seq, s->total);
    }
}

static void report(const struct journal_head *head, store_line_fn line, void *ctx) {
    struct copy_report r = {line, ctx};
    char hex[65];
    sodium_bin2hex(hex, sizeof hex, head->hash, sizeof head->hash);
    copy_say_number(&r, "head", head->seq);
    copy_say(&r, "hash", "%s", hex);
}

/* ---- writing -------------------------------------------------------------------------------- */

static int stream_error(bool writing, struct error *e) {
    return writing ? error_set(e, ERR_INTERNAL, "", "The stream cannot be written: %s.",
                               "書き出せません: %s。", strerror(errno))
                   : error_set(e, ERR_INTERNAL, "", "The stream cannot be read: %s.",
                               "読み込めません: %s。", strerror(errno));
}

static int stream_flush(struct stream *s, struct error *e) {
    for (size_t done = 0; done < s->have;) {
        ssize_t n = write(s->fd, s->buffer + done, s->have - done);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return stream_error(true, e);
        }
        done += (size_t)n;
    }
    s->have = 0;
    return 0;
}

static int stream_put(struct stream *s, const void *data, size_t len, struct error *e) {
    const uint8_t *p = data;
    while (len > 0) {
        size_t n = TRANSFER_BUFFER - s->have < len ? TRANSFER_BUFFER - s->have : len;
        memcpy(s->buffer + s->have, p, n);
        s->have += n;
        p += n;
        len -= n;
        if (s->have == TRANSFER_BUFFER && stream_flush(s, e) != 0) {
            return -1;
        }
    }
    return 0;
}

static int put_header(struct stream *s, size_t len, uint64_t seq, const uint8_t *hash,
                      struct error *e) {
    uint8_t header[TRANSFER_HEADER];
    uint32_t n = htobe32((uint32_t)len);
    uint64_t big = htobe64(seq);
    memcpy(header, &n, 4);
    memcpy(header + 4, &big, 8);
    memcpy(header + 12, hash, SEGMENT_HASH_BYTES);
    return stream_put(s, header, sizeof header, e);
}

struct export_walk {
    struct stream stream;
    struct error error;
};

static int export_entry(void *ctx, uint64_t seq, struct journal_place place, const uint8_t *hash,
                        const uint8_t *data, size_t len) {
    struct export_walk *w = ctx;
    (void)place;
    if (put_header(&w->stream, len, seq, hash, &w->error) != 0 ||
        stream_put(&w->stream, data, len, &w->error) != 0) {
        return -1;
    }
    w->stream.head.seq = seq;
    memcpy(w->stream.head.hash, hash, SEGMENT_HASH_BYTES);
    if (seq % 10000 == 0) {
        progress(&w->stream, "writing");
    }
    return 0;
}

static int export_all(struct store *s, struct export_walk *w, struct error *e) {
    struct journal_head head = journal_flushed(s->journal);
    struct journal_verify_result result;
    w->stream.total = head.seq;
    if (journal_verify_upto(s->dirfd, head.seq, &result, e) != 0 ||
        stream_put(&w->stream, TRANSFER_MAGIC, TRANSFER_LINE, e) != 0) {
        return -1;
    }
    if (journal_walk(s->journal, 1, export_entry, w, e) != 0) {
        if (w->error.code != 0) {
            *e = w->error;
        }
        return -1;
    }
    return put_header(&w->stream, 0, w->stream.head.seq, w->stream.head.hash, e) != 0
               ? -1
               : stream_flush(&w->stream, e);
}

int store_export(const char *path, const struct store_options *options, int fd, store_line_fn line,
                 void *ctx, struct error *e) {
    struct store *s;
    struct export_walk w = {0};
    if (store_open(path, options, &s, e) != 0) {
        return -1;
    }
    int rc = stream_open(&w.stream, fd, options, e);
    if (rc == 0) {
        rc = export_all(s, &w, e);
    }
    if (rc == 0) {
        report(&w.stream.head, line, ctx);
    }
    free(w.stream.buffer);
    store_close(s, true);
    return rc;
}

/* ---- reading --------------------------------------------------------------------------------- */

static int ends_early(const struct stream *s, struct error *e) {
    return error_set(e, ERR_DOES_NOT_HOLD, "",
                     "The stream ends after entry %llu, before its end: it is not whole. "
                     "Nothing was made.",
                     "記録 %llu の後で途切れています。全部がそろっていないため、"
                     "何も作っていません。",
                     (unsigned long long)s->head.seq);
}

/* Exactly len bytes. */
static int stream_take(struct stream *s, void *out, size_t len, struct error *e) {
    uint8_t *p = out;
    while (len > 0) {
        if (s->at == s->have) {
            ssize_t n = read(s->fd, s->buffer, TRANSFER_BUFFER);
            if (n < 0 && errno == EINTR) {
                continue;
            }
            if (n < 0) {
                return stream_error(false, e);
            }
            if (n == 0) {
                return ends_early(s, e);
            }
            s->at = 0;
            s->have = (size_t)n;
        }
        size_t n = s->have - s->at < len ? s->have - s->at : len;
        memcpy(p, s->buffer + s->at, n);
        s->at += n;
        p += n;
        len -= n;
    }
    return 0;
}

static int take_magic(struct stream *s, struct error *e) {
    char line[TRANSFER_LINE];
    if (stream_take(s, line, sizeof line, e) != 0) {
        return -1;
    }
    if (memcmp(line, TRANSFER_MAGIC, sizeof line) == 0) {
        return 0;
    }
    if (memcmp(line, TRANSFER_WORD, sizeof TRANSFER_WORD - 1) == 0) {
        return error_set(e, ERR_STATE, "",
                         "The stream is of another format, made by another version of madoguchid. "
                         "Import it with that version.",
                         "別の版の madoguchid が作った形式です。その版で読み込んでください。");
    }
    return error_set(e, ERR_INVALID, "", "This is not what `madoguchid export-journal` writes.",
                     "madoguchid export-journal が書き出したものではありません。");
}

static int does_not_hold(uint64_t seq, const char *en, const char *ja, struct error *e) {
    return error_set(e, ERR_DOES_NOT_HOLD, "",
                     "Entry %llu of the stream does not hold: %s%.0s. Nothing was made.",
                     "記録 %llu が正しくありません: %.0s%s。何も作っていません。",
                     (unsigned long long)seq, en, ja);
}

struct import {
    struct stream stream;
    struct journal *journal;
    uint8_t *entry; /* JOURNAL_ENTRY_MAX */
};

/* Stages the entry, a full group before it flushed; the chain must go on. */
static int add_entry(struct import *m, size_t len, const uint8_t *hash, struct error *e) {
    struct iovec one = {m->entry, len};
    size_t bytes = journal_record_bytes(len);
    if (bytes > journal_room(m->journal) ||
        journal_staged_head(m->journal)->seq - journal_head(m->journal)->seq >= STORE_GROUP_MAX) {
        if (journal_flush(m->journal, e) != 0 || journal_reserve(m->journal, bytes, e) != 0) {
            return -1;
        }
    }
    if (journal_stage(m->journal, &one, 1, NULL, &m->stream.head, e) != 0) {
        return -1;
    }
    if (memcmp(m->stream.head.hash, hash, SEGMENT_HASH_BYTES) != 0) {
        return does_not_hold(m->stream.head.seq, "its chain hash is wrong",
                             "連鎖ハッシュが合いません", e);
    }
    return 0;
}

static int import_entries(struct import *m, struct error *e) {
    for (;;) {
        uint8_t header[TRANSFER_HEADER];
        uint32_t len;
        uint64_t seq;
        if (stream_take(&m->stream, header, sizeof header, e) != 0) {
            return -1;
        }
        memcpy(&len, header, 4);
        memcpy(&seq, header + 4, 8);
        len = be32toh(len);
        seq = be64toh(seq);
        const struct journal_head *head = &m->stream.head;
        if (len == 0) {
            return seq == head->seq && memcmp(header + 12, head->hash, SEGMENT_HASH_BYTES) == 0
                       ? journal_flush(m->journal, e)
                       : does_not_hold(seq, "the end is not that of what stands before it",
                                       "末尾が内容と一致しません", e);
        }
        if (len > JOURNAL_ENTRY_MAX || seq != head->seq + 1) {
            return does_not_hold(head->seq + 1, "its length or number is impossible",
                                 "長さか番号が正しくありません", e);
        }
        if (stream_take(&m->stream, m->entry, len, e) != 0 ||
            add_entry(m, len, header + 12, e) != 0) {
            return -1;
        }
        if (seq % 10000 == 0) {
            progress(&m->stream, "reading");
        }
    }
}

static int import_journal(struct import *m, const struct beside *b,
                          const struct store_options *options, struct error *e) {
    struct journal_options o = {.segment_bytes = options->segment_bytes,
                                .free_floor_bytes = options->free_floor_bytes};
    if (take_magic(&m->stream, e) != 0 ||
        journal_create(b->dirfd, options->segment_bytes, e) != 0 ||
        journal_open(b->dirfd, &o, &m->journal, NULL, e) != 0) {
        return -1;
    }
    int rc = import_entries(m, e);
    journal_close(m->journal);
    return rc;
}

int store_import(const char *path, int fd, const struct store_options *options, store_line_fn line,
                 void *ctx, struct error *e) {
    struct import m = {0};
    struct beside b = {.dirfd = -1};
    const char *warning;
    int rc = stream_open(&m.stream, fd, options, e);
    m.entry = malloc(JOURNAL_ENTRY_MAX);
    if (rc == 0 && m.entry == NULL) {
        rc = copy_no_memory(e);
    }
    if (rc == 0 && (beside_begin(&b, path, e) != 0 ||
                    filesystem_check(b.path, options->force_filesystem, &warning, e) != 0 ||
                    import_journal(&m, &b, options, e) != 0 ||
                    beside_finish(&b, options, &m.stream.head, NULL, e) != 0)) {
        rc = -1;
    }
    if (rc == 0) {
        report(&m.stream.head, line, ctx);
    } else {
        beside_abandon(&b);
    }
    free(m.entry);
    free(m.stream.buffer);
    return rc;
}
