#include "client/import_file.h"

#include "client/words.h"

#include <csv.h>
#include <errno.h>
#include <iconv.h>
#include <stdlib.h>
#include <string.h>
#include <unistr.h>

static unsigned line_at(const char *data, const char *at) {
    unsigned line = 1;
    for (const char *p = data; (p = memchr(p, '\n', (size_t)(at - p))) != NULL; p++) {
        line++;
    }
    return line;
}

/* CP932 to UTF-8: at most three bytes for one (half-width kana). */
static int from_cp932(const char *data, size_t len, struct import_text *out, struct error *e) {
    iconv_t cd = iconv_open("UTF-8", "CP932");
    char *buffer = malloc(3 * len + 1);
    if (cd == (iconv_t)-1 || buffer == NULL) {
        if (cd != (iconv_t)-1) {
            iconv_close(cd);
        }
        free(buffer);
        return error_set(e, ERR_INTERNAL, "", SAY("CP932 cannot be read on this machine."));
    }
    char *from = (char *)data;
    char *to = buffer;
    size_t from_left = len;
    size_t to_left = 3 * len + 1;
    size_t result = iconv(cd, &from, &from_left, &to, &to_left);
    iconv_close(cd);
    if (result == (size_t)-1) {
        free(buffer);
        return error_set(e, ERR_INVALID, "",
                         SAY("Line %u is neither UTF-8 nor CP932 (Shift_JIS). Save the file as "
                             "UTF-8."),
                         line_at(data, from));
    }
    *out = (struct import_text){.data = buffer, .len = 3 * len + 1 - to_left, .cp932 = true};
    return 0;
}

int import_text(char *data, size_t len, struct import_text *out, struct error *e) {
    if (memchr(data, 0, len) != NULL) {
        free(data);
        return error_set(e, ERR_INVALID, "", SAY("This is not a text file."));
    }
    if (len >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0) {
        memmove(data, data + 3, len - 3);
        len -= 3;
    }
    if (u8_check((const uint8_t *)data, len) == NULL) {
        *out = (struct import_text){.data = data, .len = len};
        return 0;
    }
    int result = from_cp932(data, len, out, e);
    free(data);
    return result;
}

/* ---- records ------------------------------------------------------------------------ */

struct import_reader {
    struct csv_parser parser;
    const char *at, *end; /* what is left of the text */
    import_record_fn record;
    void *ctx;
    char *text; /* the cells of the record at hand, one behind the other */
    size_t used, size;
    size_t start[IMPORT_CELLS_MAX];
    size_t n;
    unsigned line; /* where the record at hand begins */
    unsigned now;  /* of the bytes at hand */
    unsigned row;  /* of the record at hand, as a spreadsheet numbers them */
    bool between;  /* no record has begun */
    int stop;
    bool failed, too_large;
};

static void take_cell(void *cell, size_t len, void *ctx) {
    struct import_reader *r = ctx;
    if (r->n == IMPORT_CELLS_MAX || len > IMPORT_CELL_MAX) {
        r->too_large = true;
        return;
    }
    if (r->used + len + 1 > r->size) {
        size_t size = 2 * (r->used + len + 1);
        char *grown = realloc(r->text, size);
        if (grown == NULL) {
            r->failed = true;
            return;
        }
        r->text = grown;
        r->size = size;
    }
    r->start[r->n++] = r->used;
    if (len > 0) {
        memcpy(r->text + r->used, cell, len);
    }
    r->used += len;
    r->text[r->used++] = '\0';
}

static void take_end(int end, void *ctx) {
    struct import_reader *r = ctx;
    const char *cells[IMPORT_CELLS_MAX];
    (void)end;
    bool empty = r->n == 0 || (r->n == 1 && r->used == 1);
    for (size_t i = 0; i < r->n; i++) {
        cells[i] = r->text + r->start[i];
    }
    if (!empty && r->stop == 0 && !r->failed && !r->too_large) {
        r->stop = r->record(r->ctx, r->line, cells, r->n);
    }
    r->n = 0;
    r->used = 0;
    r->between = true;
}

static int not_csv(const struct import_reader *r, struct error *e) {
    if (r->failed) {
        return error_set(e, ERR_INTERNAL, "", SAY("Out of memory."));
    }
    if (r->too_large) {
        return error_set(
            e, ERR_TOO_MUCH, "",
            SAY("Line %u has more than %d columns or a cell of more than %d bytes. Is a "
                "quote (\") left open?"),
            r->line, IMPORT_CELLS_MAX, IMPORT_CELL_MAX);
    }
    return error_set(e, ERR_INVALID, "",
                     SAY("Line %u is not CSV: a quote (\") stands where none may. Double it "
                         "inside a quoted cell."),
                     r->now);
}

static bool is_blank(const char *p, size_t n) {
    while (n > 0 && (*p == ' ' || *p == '\t' || *p == '\r' || *p == '\n')) {
        p++;
        n--;
    }
    return n == 0;
}

/* A line at a time, so that the line of every record is known. */
static bool parse_line(struct import_reader *r) {
    const char *newline = memchr(r->at, '\n', (size_t)(r->end - r->at));
    size_t n = (size_t)((newline != NULL ? newline + 1 : r->end) - r->at);
    r->row += r->between;
    if (r->between && !is_blank(r->at, n)) {
        r->line = r->now;
        r->between = false;
    }
    if (csv_parse(&r->parser, r->at, n, take_cell, take_end, r) != n) {
        return false;
    }
    r->at += n;
    r->now++;
    return !r->failed && !r->too_large;
}

struct import_reader *import_reader_new(const char *data, size_t len, import_record_fn record,
                                        void *ctx) {
    struct import_reader *r = malloc(sizeof *r);
    if (r != NULL) {
        *r = (struct import_reader){
            .at = data, .end = data + len, .record = record, .ctx = ctx, .now = 1, .between = true};
        if (csv_init(&r->parser, CSV_STRICT | CSV_STRICT_FINI) != 0) {
            free(r);
            return NULL;
        }
    }
    return r;
}

void import_reader_free(struct import_reader *r) {
    if (r != NULL) {
        csv_free(&r->parser);
        free(r->text);
        free(r);
    }
}

unsigned import_reader_row(const struct import_reader *r) {
    return r->row;
}

size_t import_reader_left(const struct import_reader *r) {
    return (size_t)(r->end - r->at);
}

int import_reader_go(struct import_reader *r, size_t lines, struct error *e) {
    bool good = true;
    for (; good && lines > 0 && r->at < r->end && r->stop == 0; lines--) {
        good = parse_line(r);
    }
    if (good && r->stop == 0 && r->at == r->end) {
        good = csv_fini(&r->parser, take_cell, take_end, r) == 0 && !r->failed && !r->too_large;
    }
    return good ? r->stop : not_csv(r, e);
}

int import_records(const char *data, size_t len, import_record_fn record, void *ctx,
                   struct error *e) {
    struct import_reader *r = import_reader_new(data, len, record, ctx);
    if (r == NULL) {
        return error_set(e, ERR_INTERNAL, "", SAY("Out of memory."));
    }
    int result = import_reader_go(r, SIZE_MAX, e);
    import_reader_free(r);
    return result;
}
