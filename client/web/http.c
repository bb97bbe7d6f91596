#include "client/web/http.h"

#include "client/web/message_json.h"
#include "proto/message.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/queue.h>

#define COOKIE "__Host-madoguchi"
#define COOKIE_VALUE \
    sodium_base64_ENCODED_LEN(TOKEN_BYTES, sodium_base64_VARIANT_URLSAFE_NO_PADDING)

/* Scripts, styles and pictures of our own only; nobody frames us; nothing is inline. */
#define POLICY                                                                          \
    "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'; " \
    "object-src 'none'"

/* ---- reading ------------------------------------------------------------------------------ */

const char *http_header(const struct exchange *x, const char *name, bool *several) {
    const struct evkeyvalq *headers = evhttp_request_get_input_headers(x->http);
    const struct evkeyval *h;
    const char *value = NULL;
    *several = false;
    TAILQ_FOREACH(h, headers, next) {
        if (strcasecmp(h->key, name) == 0) {
            *several = *several || value != NULL;
            value = h->value;
        }
    }
    return *several ? NULL : value;
}

static bool token_of(const char *value, size_t len, uint8_t token[TOKEN_BYTES]) {
    size_t n = 0;
    return sodium_base642bin(token, TOKEN_BYTES, value, len, NULL, &n, NULL,
                             sodium_base64_VARIANT_URLSAFE_NO_PADDING) == 0 &&
           n == TOKEN_BYTES;
}

void http_cookie(struct exchange *x) {
    const size_t name = strlen(COOKIE);
    bool several;
    const char *p = http_header(x, "Cookie", &several);
    int found = 0;
    while (p != NULL && *p != '\0') {
        p += strspn(p, "; \t");
        size_t len = strcspn(p, ";");
        if (len > name && strncmp(p, COOKIE, name) == 0 && p[name] == '=') {
            found++;
            x->login.has_token = token_of(p + name + 1, len - name - 1, x->login.token);
        }
        p += len;
    }
    if (found > 1) {
        x->login.has_token = false;
    }
}

void http_csrf(const uint8_t token[TOKEN_BYTES], char out[HTTP_CSRF]) {
    static const uint8_t purpose[] = "madoguchi-web page";
    uint8_t hash[(HTTP_CSRF - 1) / 2];
    crypto_generichash(hash, sizeof hash, purpose, sizeof purpose, token, TOKEN_BYTES);
    sodium_bin2hex(out, HTTP_CSRF, hash, sizeof hash);
}

static int foreign(const char *field, struct error *e) {
    return error_set(e, ERR_FORBIDDEN, field,
                     "This request does not come from a page of this server (%s). Load the page "
                     "again.",
                     "このサーバーの画面からの要求ではありません（%s）。画面を読み込み直して"
                     "ください。",
                     field);
}

int http_is_ours(const struct exchange *x, struct error *e) {
    bool several;
    const char *type = http_header(x, "Content-Type", &several);
    if (type == NULL || strncasecmp(type, "application/json", 16) != 0 ||
        (type[16] != '\0' && type[16] != ';')) {
        return foreign("Content-Type", e);
    }
    const char *site = http_header(x, "Sec-Fetch-Site", &several);
    if (several || (site != NULL && strcmp(site, "same-origin") != 0)) {
        return foreign("Sec-Fetch-Site", e);
    }
    char expected[HTTP_CSRF];
    const char *given = http_header(x, "X-Madoguchi-CSRF", &several);
    if (!x->login.has_token) {
        return 0;
    }
    http_csrf(x->login.token, expected);
    if (given == NULL || strlen(given) != HTTP_CSRF - 1 ||
        sodium_memcmp(given, expected, HTTP_CSRF - 1) != 0) {
        return foreign("X-Madoguchi-CSRF", e);
    }
    return 0;
}

void http_query(const struct exchange *x, struct http_query *query) {
    const char *text = evhttp_uri_get_query(evhttp_request_get_evhttp_uri(x->http));
    if (evhttp_parse_query_str(text == NULL ? "" : text, &query->words) < 0) {
        TAILQ_INIT(&query->words);
    }
}

const char *http_word(const struct http_query *query, const char *name) {
    const char *value = evhttp_find_header(&query->words, name);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

void http_query_free(struct http_query *query) {
    evhttp_clear_headers(&query->words);
}

/* ---- answering ---------------------------------------------------------------------------- */

void http_add(struct exchange *x, const char *name, const char *value) {
    if (x->http == NULL) {
        return; /* the browser has gone */
    }
    evhttp_add_header(evhttp_request_get_output_headers(x->http), name, value);
}

void http_headers(struct exchange *x, const char *type, bool stored) {
    http_add(x, "Content-Type", type);
    http_add(x, "Cache-Control", stored ? "no-cache" : "no-store");
    http_add(x, "Content-Security-Policy", POLICY);
    http_add(x, "X-Content-Type-Options", "nosniff");
    http_add(x, "X-Frame-Options", "DENY");
    http_add(x, "Referrer-Policy", "no-referrer");
    http_add(x, "Cross-Origin-Opener-Policy", "same-origin");
    http_add(x, "Cross-Origin-Resource-Policy", "same-origin");
    http_add(x, "Permissions-Policy", "camera=(), geolocation=(), microphone=()");
}

static const char *reason_of(int status) {
    switch (status) {
    case 200:
        return "OK";
    case 304:
        return "Not Modified";
    case 400:
        return "Bad Request";
    case 401:
        return "Unauthorized";
    case 403:
        return "Forbidden";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 409:
        return "Conflict";
    case 422:
        return "Unprocessable Entity";
    case 503:
        return "Service Unavailable";
    case 504:
        return "Gateway Timeout";
    default:
        return "Internal Server Error";
    }
}

void http_done(struct exchange *x, int status, struct evbuffer *body) {
    void (*answered)(void *ctx) = x->answered;
    void *ctx = x->ctx;
    if (x->http != NULL) {
        evhttp_send_reply(x->http, status, reason_of(status), body);
    }
    sodium_memzero(x, sizeof *x);
    free(x);
    if (answered != NULL) {
        answered(ctx);
    }
}

void http_json(struct exchange *x, int status, struct evbuffer *body) {
    http_headers(x, "application/json; charset=utf-8", false);
    http_done(x, status, body);
}

static int status_of(const struct error *e) {
    switch (e->code) {
    case ERR_INVALID:
    case ERR_UNKNOWN_CODE:
    case ERR_TOO_MUCH:
    case ERR_MALFORMED:
        return 400;
    case ERR_FORBIDDEN:
        return strcmp(e->field, "token") == 0 ? 401 : 403;
    case ERR_NOT_FOUND:
        return 404;
    case ERR_CONFLICT:
    case ERR_STATE:
    case ERR_DOES_NOT_HOLD:
        return 409;
    case ERR_INDIVIDUAL_NUMBER:
        return 422;
    case ERR_BUSY:
    case ERR_FULL:
        return 503;
    default:
        return 500;
    }
}

static int write_error(const struct error *e, struct evbuffer *out) {
    Madoguchi__Error error = MADOGUCHI__ERROR__INIT;
    ProtobufCBinaryData near[ERROR_NEAR_MAX];
    SET(&error, code, (Madoguchi__ErrorCode)e->code);
    SET(&error, field, bytes_of(e->field));
    SET(&error, en, bytes_of(e->en));
    SET(&error, ja, bytes_of(e->ja));
    for (unsigned i = 0; i < e->n_near; i++) {
        near[i] = bytes_of(e->near[i]);
    }
    error.n_near = e->n_near;
    error.near = near;
    return evbuffer_add_printf(out, "{\"error\":") > 0 &&
                   message_json_write(&error.base, out) == 0 && evbuffer_add(out, "}", 1) == 0
               ? 0
               : -1;
}

void http_error_as(struct exchange *x, int status, const struct error *e) {
    struct evbuffer *out = evbuffer_new();
    if (status == 503) {
        http_add(x, "Retry-After", "1");
    }
    if (out == NULL || write_error(e, out) < 0) {
        http_done(x, status, NULL); /* the status alone says it */
    } else {
        http_json(x, status, out);
    }
    if (out != NULL) {
        evbuffer_free(out);
    }
}

void http_error(struct exchange *x, const struct error *e) {
    http_error_as(x, status_of(e), e);
}

void http_no_memory(struct exchange *x) {
    struct error e;
    error_set(&e, ERR_INTERNAL, "", "Out of memory.", "メモリーが足りません。");
    http_error(x, &e);
}

void http_set_cookie(struct exchange *x, const uint8_t *token) {
    char value[COOKIE_VALUE] = "";
    char cookie[256];
    if (token != NULL) {
        sodium_bin2base64(value, sizeof value, token, TOKEN_BYTES,
                          sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    }
    /* It ends with the browser, or when the daemon says so. */
    snprintf(cookie, sizeof cookie, COOKIE "=%s; Path=/; Secure; HttpOnly; SameSite=Strict%s",
             value, token == NULL ? "; Max-Age=0" : "");
    http_add(x, "Set-Cookie", cookie);
    sodium_memzero(value, sizeof value);
    sodium_memzero(cookie, sizeof cookie);
}
