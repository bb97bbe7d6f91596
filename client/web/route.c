#include "client/web/route.h"

#include "client/web/ask.h"
#include "client/web/assets.h"
#include "client/web/login.h"
#include "client/web/read.h"
#include "client/web/report.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    const char *path;
    enum evhttp_cmd_type method;
    bool logged_in;
    void (*answer)(struct exchange *x);
} routes[] = {
    {"/api/ask", EVHTTP_REQ_POST, true, ask},
    {"/api/catalogue", EVHTTP_REQ_GET, true, read_catalogue},
    {"/api/login", EVHTTP_REQ_POST, false, login},
    {"/api/logout", EVHTTP_REQ_POST, true, logout},
    {"/api/plan", EVHTTP_REQ_GET, true, read_plan},
    {"/api/plans", EVHTTP_REQ_GET, true, read_plans},
    {"/api/session", EVHTTP_REQ_GET, false, login_session},
    {"/report", EVHTTP_REQ_GET, true, web_report},
};

static int compare(const void *path, const void *asset) {
    return strcmp(path, ((const struct web_asset *)asset)->path);
}

static void answer_asset(struct exchange *x, const struct web_asset *asset) {
    struct evkeyvalq *out = evhttp_request_get_output_headers(x->http);
    bool several;
    const char *known = http_header(x, "If-None-Match", &several);
    struct evbuffer *body = evbuffer_new();
    http_headers(x, asset->type, !asset->page);
    if (!asset->page) {
        evhttp_add_header(out, "ETag", asset->etag);
    }
    if (!asset->page && known != NULL && strcmp(known, asset->etag) == 0) {
        http_done(x, 304, NULL);
    } else if (body == NULL ||
               evbuffer_add_reference(body, asset->data, asset->len, NULL, NULL) < 0) {
        http_done(x, 500, NULL);
    } else {
        /* Every browser there is takes it; nothing else is kept. */
        evhttp_add_header(out, "Content-Encoding", "gzip");
        http_done(x, 200, body);
    }
    if (body != NULL) {
        evbuffer_free(body);
    }
}

static void answer_not_found(struct exchange *x) {
    struct error e;
    error_set(&e, ERR_NOT_FOUND, "path", "There is no such page. Begin at /.",
              "そのページはありません。/ から始めてください。");
    http_error(x, &e);
}

static void answer_method(struct exchange *x, enum evhttp_cmd_type method) {
    struct error e;
    evhttp_add_header(evhttp_request_get_output_headers(x->http), "Allow",
                      method == EVHTTP_REQ_POST ? "POST" : "GET");
    error_set(&e, ERR_INVALID, "method", "This is asked with another method (see Allow).",
              "このパスでは使えないメソッドです（Allow をご覧ください）。");
    http_error_as(x, 405, &e);
}

static void answer_nobody(struct exchange *x) {
    struct error e;
    error_set(&e, ERR_FORBIDDEN, "token", "Nobody is logged in. Log in first.",
              "ログインしていません。先にログインしてください。");
    http_error(x, &e);
}

void route(struct exchange *x, const char *path) {
    struct error e;
    enum evhttp_cmd_type method = evhttp_request_get_command(x->http);
    http_cookie(x);
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++) {
        if (strcmp(routes[i].path, path) != 0) {
            continue;
        }
        if (method != routes[i].method) {
            answer_method(x, routes[i].method);
        } else if (routes[i].logged_in && !x->login.has_token) {
            answer_nobody(x);
        } else if (method == EVHTTP_REQ_POST && http_is_ours(x, &e) < 0) {
            http_error(x, &e);
        } else {
            routes[i].answer(x);
        }
        return;
    }
    const struct web_asset *asset =
        bsearch(path, web_assets, web_assets_n, sizeof web_assets[0], compare);
    if (asset == NULL) {
        answer_not_found(x);
    } else if (method != EVHTTP_REQ_GET) {
        answer_method(x, EVHTTP_REQ_GET);
    } else {
        answer_asset(x, asset);
    }
}
