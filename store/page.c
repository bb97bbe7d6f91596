#include "store/page.h"

#include "proto/frame.h"
#include "store/view.h"

#include <assert.h>

/* Rows of one page and the one that did not fit any more, unpacked. */
#define ARENA_BYTES (4u << 20)

/* Bytes a row may add to a page: its length, tag included. */
#define ROW_OVERHEAD 8

void pages_begin(struct pages *p, store_page_fn page, void *ctx) {
    arena_init(&p->arena, ARENA_BYTES);
    p->page = page;
    p->ctx = ctx;
    p->field = NULL;
    p->n = 0;
    p->bytes = 0;
    p->rows = 0;
}

struct arena *pages_arena(struct pages *p) {
    return &p->arena;
}

/* Hands the rows over; the arena stays as it is. */
static int hand_over(struct pages *p, struct error *e) {
    if (p->n == 0) {
        return 0;
    }
    assert(p->field != NULL); /* of the rows that are there */
    Madoguchi__Page page = MADOGUCHI__PAGE__INIT;
    ProtobufCMessage **rows = p->row;
    size_t *count = (size_t *)(void *)((char *)&page + p->field->quantifier_offset);
    *count = p->n;
    memcpy((char *)&page + p->field->offset, &rows, sizeof rows);
    p->n = 0;
    p->bytes = 0;
    if (p->page(p->ctx, &page) != 0) {
        return error_set(e, ERR_BUSY, "", "The answer was not taken any further.",
                         "結果の受け取りが途中で止まりました。");
    }
    return 0;
}

int pages_flush(struct pages *p, struct error *e) {
    int rc = hand_over(p, e);
    arena_reset(&p->arena);
    return rc;
}

static int too_large(struct error *e) {
    return error_set(e, ERR_TOO_MUCH, "", "One row of the answer is too long to be sent.",
                     "結果の 1 行が長すぎて送れません。");
}

static int keep(struct pages *p, const ProtobufCFieldDescriptor *field, ProtobufCMessage *row,
                size_t bytes) {
    p->field = field;
    p->row[p->n++] = row;
    p->bytes += bytes;
    p->rows++;
    return 0;
}

/* Keeps a row while the arena it lies in is given back for the next page. */
static int carry(struct pages *p, const ProtobufCFieldDescriptor *field, ProtobufCMessage *row,
                 size_t bytes, struct error *e) {
    struct arena next;
    ProtobufCBinaryData packed;
    if (hand_over(p, e) < 0) {
        return -1;
    }
    arena_init(&next, ARENA_BYTES);
    ProtobufCMessage *moved = NULL;
    if (message_pack(row, &next, &packed, e) == 0) {
        moved = message_unpack(row->descriptor, &next, packed.data, packed.len, e);
    }
    arena_free(&p->arena);
    p->arena = next;
    return moved == NULL ? -1 : keep(p, field, moved, bytes);
}

int pages_add(struct pages *p, const char *field, ProtobufCMessage *row, struct error *e) {
    const ProtobufCFieldDescriptor *f = p->field;
    if (f == NULL || strcmp(f->name, field) != 0) {
        f = message_field(&madoguchi__page__descriptor, field);
    }
    if (row == NULL || p->arena.exhausted) {
        return view_no_room(e);
    }
    if (f == NULL || f->label != PROTOBUF_C_LABEL_REPEATED || f->descriptor != row->descriptor) {
        return error_set(e, ERR_INTERNAL, "", "A page has no rows of the kind \"%s\".",
                         "応答に「%s」という行はありません。", field);
    }
    size_t bytes = protobuf_c_message_get_packed_size(row) + ROW_OVERHEAD;
    if (bytes > FRAME_MAX - 512) {
        return too_large(e);
    }
    bool full = p->bytes + bytes > PAGE_BYTES || p->n == PAGE_ROWS || (p->n > 0 && p->field != f);
    return p->n > 0 && full ? carry(p, f, row, bytes, e) : keep(p, f, row, bytes);
}

int pages_pair(struct pages *p, const char *name, const char *value, struct error *e) {
    Madoguchi__Pair *pair = arena_alloc(&p->arena, sizeof *pair);
    if (pair == NULL) {
        return view_no_room(e);
    }
    madoguchi__pair__init(pair);
    SET(pair, name, arena_bytes(&p->arena, bytes_of(name)));
    SET(pair, value, arena_bytes(&p->arena, bytes_of(value)));
    return pages_add(p, "pair", &pair->base, e);
}

int pages_end(struct pages *p, int rc, struct error *e) {
    if (rc == 0) {
        rc = hand_over(p, e);
    }
    arena_free(&p->arena);
    return rc;
}
