#include "client/web/ask.h"

#include "client/web/message_json.h"
#include "proto/frame.h"
#include "proto/message.h"

#include <stdlib.h>

struct asked {
    struct exchange *x;
    struct message_json_page page;
    struct evbuffer *out; /* the answer, if it is no page */
    uint64_t position;
    bool cut, failed;
};

static void asked_free(struct asked *a) {
    message_json_page_free(&a->page);
    if (a->out != NULL) {
        evbuffer_free(a->out);
    }
    free(a);
}

/* ---- the body ----------------------------------------------------------------------------- */

json_t *ask_body(const struct exchange *x, struct error *e) {
    struct evbuffer *in = evhttp_request_get_input_buffer(x->http);
    size_t len = evbuffer_get_length(in);
    json_error_t why;
    const char *data = (const char *)evbuffer_pullup(in, -1);
    json_t *body = data == NULL ? NULL : json_loadb(data, len, JSON_REJECT_DUPLICATES, &why);
    if (body == NULL || !json_is_object(body)) {
        json_decref(body);
        error_set(e, ERR_MALFORMED, "body", "The body is no JSON object (at byte %d).",
                  "本文が JSON のオブジェクトではありません（%d バイト目）。",
                  data == NULL || len == 0 ? 0 : why.position);
        return NULL;
    }
    return body;
}

/* What a page has no business with, or another path has. */
static int check_kind(const Madoguchi__Request *r, struct error *e) {
    switch (r->body_case) {
    case MADOGUCHI__REQUEST__BODY__NOT_SET:
        return error_set(e, ERR_INVALID, "body",
                         "Nothing is asked: give act, stats, show or another.",
                         "要求がありません。act、stats、show などを指定してください。");
    case MADOGUCHI__REQUEST__BODY_LOGIN:
    case MADOGUCHI__REQUEST__BODY_LOGOUT:
    case MADOGUCHI__REQUEST__BODY_ROWS:
    case MADOGUCHI__REQUEST__BODY_PUT:
        return error_set(e, ERR_INVALID, "body", "This is not asked here.",
                         "この要求はここでは使えません。");
    default:
        return 0;
    }
}

/* Answers of many rows go over a connection of their own: to cut one off, the rest is not
 * waited for. */
static bool is_bulk(const Madoguchi__Request *r) {
    return r->body_case == MADOGUCHI__REQUEST__BODY_LIST ||
           r->body_case == MADOGUCHI__REQUEST__BODY_PROVE ||
           r->body_case == MADOGUCHI__REQUEST__BODY_AUDIT ||
           r->body_case == MADOGUCHI__REQUEST__BODY_VERIFY ||
           r->body_case == MADOGUCHI__REQUEST__BODY_BACKUP;
}

/* ---- the answer --------------------------------------------------------------------------- */

static bool on_answer(void *ctx, const Madoguchi__Answer *answer) {
    struct asked *a = ctx;
    int rc = 0;
    if (answer->has_position) {
        a->position = answer->position;
    }
    if (answer->body_case == MADOGUCHI__ANSWER__BODY_PAGE) {
        a->cut = a->cut || !message_json_page_add(&a->page, answer->page, ASK_ROWS_MAX, &rc);
    } else if (answer->body_case == MADOGUCHI__ANSWER__BODY_RECORDED) {
        a->out = a->out == NULL ? evbuffer_new() : a->out;
        rc = a->out == NULL ? -1 : message_json_write(&answer->recorded->base, a->out);
    }
    a->failed = a->failed || rc < 0;
    return !a->cut;
}

static int write_answer(struct asked *a, struct evbuffer *out) {
    int rc = evbuffer_add_printf(out, "{\"position\":%llu,\"%s\":", (unsigned long long)a->position,
                                 a->out != NULL ? "recorded" : "page") < 0
                 ? -1
                 : 0;
    if (rc == 0) {
        rc = a->out != NULL ? evbuffer_add_buffer(out, a->out)
                            : message_json_page_write(&a->page, out);
    }
    return rc < 0 || evbuffer_add_printf(out, "%s}", a->cut ? ",\"cut\":true" : "") < 0 ? -1 : 0;
}

void ask_ended(struct exchange *x, enum upstream_end end, const struct error *e) {
    if (end == UPSTREAM_LOST) {
        http_error_as(x, 504, e);
    } else {
        http_error(x, e);
    }
}

static void on_ended(void *ctx, enum upstream_end end, const struct error *e) {
    struct asked *a = ctx;
    struct evbuffer *out = end == UPSTREAM_DONE && !a->failed ? evbuffer_new() : NULL;
    if (end != UPSTREAM_DONE) {
        ask_ended(a->x, end, e);
    } else if (out == NULL || write_answer(a, out) < 0) {
        http_no_memory(a->x);
    } else {
        http_json(a->x, 200, out);
    }
    if (out != NULL) {
        evbuffer_free(out);
    }
    asked_free(a);
}

static const struct upstream_handler handler = {on_answer, on_ended};

/* ---- asking ------------------------------------------------------------------------------- */

static int read_request(const struct exchange *x, Madoguchi__Request *request, struct arena *arena,
                        struct error *e) {
    json_t *body = ask_body(x, e);
    if (body == NULL) {
        return -1;
    }
    int rc = message_json_read(body, &request->base, arena, e);
    json_decref(body);
    return rc < 0 ? -1 : check_kind(request, e);
}

void ask_request(struct exchange *x, Madoguchi__Request *request) {
    struct asked *a = calloc(1, sizeof *a);
    struct error e;
    if (a == NULL) {
        http_no_memory(x);
        return;
    }
    a->x = x;
    x->login.bulk = is_bulk(request);
    if (upstream_ask(x->upstreams, &x->login, request, &handler, a, &e) < 0) {
        asked_free(a);
        http_error(x, &e);
    }
}

void ask(struct exchange *x) {
    static struct arena arena; /* the request is packed before the next one is read */
    Madoguchi__Request request = MADOGUCHI__REQUEST__INIT;
    struct error e;
    if (arena.budget == 0) {
        arena_init(&arena, FRAME_BUDGET);
    }
    if (read_request(x, &request, &arena, &e) < 0) {
        http_error(x, &e);
    } else {
        ask_request(x, &request);
    }
    arena_reset(&arena);
}
