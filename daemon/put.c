#include "daemon/put.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static size_t together; /* bytes held by all; the loop's thread only */

void put_clear(struct put *p) {
    together -= p->size;
    free(p->data);
    *p = (struct put){0};
}

static enum put_state refuse_order(struct put *p, const Madoguchi__Put *piece, struct error *e) {
    unsigned expected = p->next;
    put_clear(p);
    return error_set(e, ERR_INVALID, "piece",
                     "Piece %u of the document came where piece %u was expected. Send it again "
                     "from piece 0.",
                     "文書の %u 番目の部分が届きましたが、必要なのは %u 番目です。"
                     "0 番目から送り直してください。",
                     piece->piece, expected);
}

static bool begin(struct put *p, const Madoguchi__Request *request, struct error *e) {
    const Madoguchi__Put *piece = request->put;
    put_clear(p);
    if (request->id.len != PUT_ID || piece->pieces > PUT_PIECES_MAX) {
        error_set(e, ERR_INVALID, "pieces", "A document has at most %d pieces, and a request id.",
                  "文書は %d 個までに分け、依頼番号を付けてください。", PUT_PIECES_MAX);
        return false;
    }
    memcpy(p->id, request->id.data, PUT_ID);
    p->kind = piece->kind;
    p->pieces = piece->pieces;
    return true;
}

static bool is_next(const struct put *p, const Madoguchi__Request *request) {
    const Madoguchi__Put *piece = request->put;
    return p->pieces != 0 && piece->piece == p->next && piece->pieces == p->pieces &&
           (uint32_t)piece->kind == p->kind && request->id.len == PUT_ID &&
           memcmp(request->id.data, p->id, PUT_ID) == 0;
}

static bool grow(struct put *p, size_t need, struct error *e) {
    size_t size = p->size == 0 ? 65536 : p->size;
    while (size < need) {
        size *= 2;
    }
    if (size == p->size) {
        return true;
    }
    uint8_t *data = NULL;
    if (together - p->size + size <= PUT_TOGETHER_MAX) {
        data = realloc(p->data, size);
    }
    if (data == NULL) {
        error_set(e, ERR_BUSY, "", "Too many documents are being sent at the moment. Try again.",
                  "いま送られている文書が多すぎます。もう一度お試しください。");
        return false;
    }
    together = together - p->size + size;
    p->data = data;
    p->size = size;
    return true;
}

static bool append(struct put *p, ProtobufCBinaryData piece, struct error *e) {
    if (piece.len > PUT_DOCUMENT_MAX - p->len) {
        error_set(e, ERR_TOO_MUCH, "data", "A document has at most %u bytes.",
                  "文書は %u バイトまでです。", PUT_DOCUMENT_MAX);
        return false;
    }
    if (!grow(p, p->len + piece.len, e)) {
        return false;
    }
    if (piece.len > 0) {
        memcpy(p->data + p->len, piece.data, piece.len);
    }
    p->len += piece.len;
    p->next++;
    return true;
}

enum put_state put_piece(struct put *p, const Madoguchi__Request *request, uint8_t **document,
                         size_t *len, struct error *e) {
    const Madoguchi__Put *piece = request->put;
    *document = NULL;
    *len = piece->data.len;
    if (piece->piece == 0 && piece->pieces <= 1) {
        return PUT_WHOLE;
    }
    if (piece->piece == 0) {
        if (!begin(p, request, e)) {
            return PUT_REFUSED;
        }
    } else if (!is_next(p, request)) {
        return refuse_order(p, piece, e);
    }
    if (!append(p, piece->data, e)) {
        put_clear(p);
        return PUT_REFUSED;
    }
    if (p->next < p->pieces) {
        return PUT_MORE;
    }
    *document = p->data;
    *len = p->len;
    together -= p->size;
    *p = (struct put){0};
    return PUT_WHOLE;
}
