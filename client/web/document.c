#include "client/web/document.h"

#include "proto/message.h"

#include <event2/buffer.h>
#include <stdlib.h>

struct gathering {
    document_fn done;
    void *ctx;
    struct evbuffer *data;
    uint64_t position;
    struct error error; /* code 0: none so far */
};

static void gathering_free(struct gathering *g) {
    if (g != NULL && g->data != NULL) {
        evbuffer_free(g->data);
    }
    free(g);
}

static bool on_piece(void *ctx, const Madoguchi__Answer *answer) {
    struct gathering *g = ctx;
    if (answer->body_case != MADOGUCHI__ANSWER__BODY_PAGE || !answer->page->has_data) {
        return true;
    }
    ProtobufCBinaryData piece = answer->page->data;
    g->position = answer->position;
    if (evbuffer_get_length(g->data) + piece.len > DOCUMENT_MAX) {
        error_set(&g->error, ERR_TOO_MUCH, "", "The document is too long.", "文書が大きすぎます。");
    } else if (evbuffer_add(g->data, piece.data, piece.len) < 0) {
        error_set(&g->error, ERR_INTERNAL, "", "Out of memory.", "メモリーが足りません。");
    }
    return g->error.code == 0;
}

static void on_end(void *ctx, enum upstream_end end, const struct error *e) {
    struct gathering *g = ctx;
    unsigned char *start = evbuffer_pullup(g->data, -1);
    ProtobufCBinaryData data = {evbuffer_get_length(g->data), start};
    if (end == UPSTREAM_DONE && g->error.code != 0) {
        end = UPSTREAM_REFUSED;
        e = &g->error;
    }
    g->done(g->ctx, data, g->position, end, e);
    gathering_free(g);
}

static const struct upstream_handler handler = {on_piece, on_end};

int document_ask(struct upstreams *us, const struct upstream_login *login,
                 Madoguchi__DocumentKind kind, const char *id, document_fn done, void *ctx,
                 struct error *e) {
    Madoguchi__Documents documents = MADOGUCHI__DOCUMENTS__INIT;
    Madoguchi__Request request = MADOGUCHI__REQUEST__INIT;
    struct gathering *g = calloc(1, sizeof *g);
    if (g == NULL || (g->data = evbuffer_new()) == NULL) {
        free(g);
        return error_set(e, ERR_INTERNAL, "", "Out of memory.", "メモリーが足りません。");
    }
    g->done = done;
    g->ctx = ctx;
    SET(&documents, kind, kind);
    if (id != NULL) {
        SET(&documents, id, bytes_of(id));
    }
    request.body_case = MADOGUCHI__REQUEST__BODY_DOCUMENTS;
    request.documents = &documents;
    if (upstream_ask(us, login, &request, &handler, g, e) < 0) {
        gathering_free(g);
        return -1;
    }
    return 0;
}
