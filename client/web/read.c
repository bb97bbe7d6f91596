#include "client/web/read.h"

#include "client/web/ask.h"
#include "client/web/document.h"
#include "client/web/message_json.h"
#include "proto/document.pb-c.h"
#include "proto/message.h"

#include <inttypes.h>

#define DOCUMENT_BUDGET (32u << 20) /* bytes, unpacked */

static int write_document(const ProtobufCMessageDescriptor *descriptor, const char *name,
                          ProtobufCBinaryData data, uint64_t position, struct evbuffer *out) {
    struct arena arena;
    struct error e;
    arena_init(&arena, DOCUMENT_BUDGET);
    const ProtobufCMessage *m = message_unpack(descriptor, &arena, data.data, data.len, &e);
    int rc =
        m != NULL &&
                evbuffer_add_printf(out, "{\"position\":%" PRIu64 ",\"%s\":", position, name) > 0 &&
                message_json_write(m, out) == 0
            ? evbuffer_add(out, "}", 1)
            : -1;
    arena_free(&arena);
    return rc;
}

static void answer(struct exchange *x, const ProtobufCMessageDescriptor *descriptor,
                   const char *name, ProtobufCBinaryData data, uint64_t position) {
    struct evbuffer *out = evbuffer_new();
    if (out != NULL && write_document(descriptor, name, data, position, out) == 0) {
        http_json(x, 200, out);
    } else {
        http_no_memory(x);
    }
    if (out != NULL) {
        evbuffer_free(out);
    }
}

static void on_catalogue(void *ctx, ProtobufCBinaryData data, uint64_t position,
                         enum upstream_end end, const struct error *e) {
    if (end == UPSTREAM_DONE) {
        answer(ctx, &document__catalogue__descriptor, "catalogue", data, position);
    } else {
        ask_ended(ctx, end, e);
    }
}

static void on_plan(void *ctx, ProtobufCBinaryData data, uint64_t position, enum upstream_end end,
                    const struct error *e) {
    if (end == UPSTREAM_DONE) {
        answer(ctx, &document__plan__descriptor, "plan", data, position);
    } else {
        ask_ended(ctx, end, e);
    }
}

void read_catalogue(struct exchange *x) {
    struct error e;
    if (document_ask(x->upstreams, &x->login, MADOGUCHI__DOCUMENT_KIND__CATALOGUE, NULL,
                     on_catalogue, x, &e) < 0) {
        http_error(x, &e);
    }
}

void read_plan(struct exchange *x) {
    struct http_query query;
    struct error e;
    http_query(x, &query);
    const char *id = http_word(&query, "id");
    int rc = id == NULL
                 ? error_set(&e, ERR_INVALID, "id",
                             "Which plan? /api/plan?id=ID; /api/plans lists them.",
                             "計画を指定してください（/api/plan?id=ID）。一覧は /api/plans に"
                             "あります。")
                 : document_ask(x->upstreams, &x->login, MADOGUCHI__DOCUMENT_KIND__PLAN_DOCUMENT,
                                id, on_plan, x, &e);
    http_query_free(&query);
    if (rc < 0) {
        http_error(x, &e);
    }
}

void read_plans(struct exchange *x) {
    Madoguchi__Documents documents = MADOGUCHI__DOCUMENTS__INIT;
    Madoguchi__Request request = MADOGUCHI__REQUEST__INIT;
    SET(&documents, kind, MADOGUCHI__DOCUMENT_KIND__PLAN_DOCUMENT);
    request.body_case = MADOGUCHI__REQUEST__BODY_DOCUMENTS;
    request.documents = &documents;
    ask_request(x, &request);
}
