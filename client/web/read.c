#include "client/web/read.h"

#include "client/web/ask.h"
#include "client/web/message_json.h"
#include "proto/document.pb-c.h"
#include "proto/message.h"

#include <event2/keyvalq_struct.h>
#include <stdlib.h>
#include <sys/queue.h>

#define DOCUMENT_MAX    (4u << 20)  /* bytes: of 64 pieces of a put at most 2 MiB */
#define DOCUMENT_BUDGET (32u << 20) /* unpacked */

struct reading {
    struct exchange *x;
    const ProtobufCMessageDescriptor *descriptor; /* of the document; NULL: the list */
    const char *name;                             /* of it in the answer */
    struct evbuffer *data;
    struct message_json_page page;
    uint64_t position;
    bool failed;
};

static void reading_free(struct reading *r) {
    message_json_page_free(&r->page);
    if (r->data != NULL) {
        evbuffer_free(r->data);
    }
    free(r);
}

static bool on_page(void *ctx, const Madoguchi__Answer *answer) {
    struct reading *r = ctx;
    int rc = 0;
    r->position = answer->has_position ? answer->position : r->position;
    if (answer->body_case != MADOGUCHI__ANSWER__BODY_PAGE) {
        return true;
    }
    const Madoguchi__Page *page = answer->page;
    if (r->descriptor == NULL) {
        (void)message_json_page_add(&r->page, page, ASK_ROWS_MAX, &rc);
    } else if (page->has_data) {
        rc = evbuffer_get_length(r->data) + page->data.len > DOCUMENT_MAX
                 ? -1
                 : evbuffer_add(r->data, page->data.data, page->data.len);
    }
    r->failed = r->failed || rc < 0;
    return true;
}

static int write_document(struct reading *r, struct evbuffer *out) {
    struct arena arena;
    struct error e;
    size_t len = evbuffer_get_length(r->data);
    arena_init(&arena, DOCUMENT_BUDGET);
    const uint8_t *data = evbuffer_pullup(r->data, -1);
    const ProtobufCMessage *m =
        data == NULL ? NULL : message_unpack(r->descriptor, &arena, data, len, &e);
    int rc = m == NULL ? -1 : message_json_write(m, out);
    arena_free(&arena);
    return rc;
}

static void on_read(void *ctx, enum upstream_end end, const struct error *e) {
    struct reading *r = ctx;
    struct evbuffer *out = end == UPSTREAM_DONE && !r->failed ? evbuffer_new() : NULL;
    if (end != UPSTREAM_DONE) {
        ask_ended(r->x, end, e);
    } else if (out == NULL ||
               evbuffer_add_printf(out, "{\"position\":%llu,\"%s\":",
                                   (unsigned long long)r->position, r->name) < 0 ||
               (r->descriptor != NULL ? write_document(r, out)
                                      : message_json_page_write(&r->page, out)) < 0 ||
               evbuffer_add(out, "}", 1) < 0) {
        http_no_memory(r->x);
    } else {
        http_json(r->x, 200, out);
    }
    if (out != NULL) {
        evbuffer_free(out);
    }
    reading_free(r);
}

static const struct upstream_handler handler = {on_page, on_read};

static void read_document(struct exchange *x, Madoguchi__DocumentKind kind, const char *id,
                          const ProtobufCMessageDescriptor *descriptor, const char *name) {
    Madoguchi__Documents documents = MADOGUCHI__DOCUMENTS__INIT;
    Madoguchi__Request request = MADOGUCHI__REQUEST__INIT;
    struct reading *r = calloc(1, sizeof *r);
    struct error e;
    if (r == NULL || (r->data = evbuffer_new()) == NULL) {
        free(r);
        http_no_memory(x);
        return;
    }
    r->x = x;
    r->descriptor = descriptor;
    r->name = name;
    SET(&documents, kind, kind);
    if (id != NULL) {
        SET(&documents, id, bytes_of(id));
    }
    request.body_case = MADOGUCHI__REQUEST__BODY_DOCUMENTS;
    request.documents = &documents;
    if (upstream_ask(x->upstreams, &x->login, &request, &handler, r, &e) == NULL) {
        reading_free(r);
        http_error(x, &e);
    }
}

void read_catalogue(struct exchange *x) {
    read_document(x, MADOGUCHI__DOCUMENT_KIND__CATALOGUE, NULL, &document__catalogue__descriptor,
                  "catalogue");
}

void read_plans(struct exchange *x) {
    read_document(x, MADOGUCHI__DOCUMENT_KIND__PLAN_DOCUMENT, NULL, NULL, "page");
}

void read_plan(struct exchange *x) {
    struct evkeyvalq query;
    struct error e;
    const char *text = evhttp_uri_get_query(evhttp_request_get_evhttp_uri(x->http));
    if (evhttp_parse_query_str(text == NULL ? "" : text, &query) < 0) {
        TAILQ_INIT(&query);
    }
    const char *id = evhttp_find_header(&query, "id");
    if (id == NULL || id[0] == '\0') {
        error_set(&e, ERR_INVALID, "id", "Which plan? /api/plan?id=ID; /api/plans lists them.",
                  "計画を指定してください（/api/plan?id=ID）。一覧は /api/plans にあります。");
        http_error(x, &e);
    } else {
        read_document(x, MADOGUCHI__DOCUMENT_KIND__PLAN_DOCUMENT, id, &document__plan__descriptor,
                      "plan");
    }
    evhttp_clear_headers(&query);
}
