/* One request of a browser and its answer: what the parts of the gateway share. */
#ifndef MADOGUCHI_CLIENT_WEB_HTTP_H
#define MADOGUCHI_CLIENT_WEB_HTTP_H

#include "client/web/upstream.h"

#include <event2/buffer.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>

/* Lives from the request's arrival to its answer. */
struct exchange {
    struct evhttp_request *http; /* NULL once the browser has gone */
    struct upstreams *upstreams;
    struct upstream_login login; /* of the cookie; without one has_token is false */
    void (*answered)(void *ctx); /* told when the answer has been handed on */
    void *ctx;
};

/* ---- reading ---- */

/* The only header of that name; NULL: none, or several (*several). */
const char *http_header(const struct exchange *x, const char *name, bool *several);

/* Takes the login of the cookie.  Several cookies of the name are none. */
void http_cookie(struct exchange *x);

/* What a page has to send beside its cookie, 32 hexadecimal digits: made from the token,
 * so that nothing need be kept. */
#define HTTP_CSRF 33
void http_csrf(const uint8_t token[TOKEN_BYTES], char out[HTTP_CSRF]);

/* Whether a POST comes from a page of ours: its content type, where it says it is from,
 * and with a login its X-Madoguchi-CSRF.  ERR_FORBIDDEN otherwise. */
int http_is_ours(const struct exchange *x, struct error *e) MUST_CHECK;

/* The words behind the path's question mark; to be freed.  http_word(): NULL when it is not
 * given, or empty. */
struct http_query {
    struct evkeyvalq words;
};
void http_query(const struct exchange *x, struct http_query *query);
const char *http_word(const struct http_query *query, const char *name);
void http_query_free(struct http_query *query);

/* ---- answering: each ends the exchange and frees it ---- */

/* JSON; `body` is emptied.  */
void http_json(struct exchange *x, int status, struct evbuffer *body);

/* {"error": ...} with the status that goes with its code. */
void http_error(struct exchange *x, const struct error *e);

/* The same with a status of the caller's: 504 for an answer that was lost. */
void http_error_as(struct exchange *x, int status, const struct error *e);

/* A login begins (the token goes into the cookie) or is over (NULL), with the answer
 * that follows. */
void http_set_cookie(struct exchange *x, const uint8_t *token);

void http_no_memory(struct exchange *x);

/* One more header of the answer; `value` is of constants or of words that were checked. */
void http_add(struct exchange *x, const char *name, const char *value);

/* Headers that every answer has, beside those of its kind. */
void http_headers(struct exchange *x, const char *type, bool stored);

void http_done(struct exchange *x, int status, struct evbuffer *body);

#endif
