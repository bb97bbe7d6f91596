#include "client/web/login.h"

#include "client/web/ask.h"
#include "client/web/message_json.h"
#include "proto/calendar.h"
#include "proto/message.h"
#include "proto/rights.h"

#include <sodium.h>
#include <stdlib.h>
#include <time.h>

/* ---- the session -------------------------------------------------------------------------- */

/* What whoami says, by our names. */
struct me {
    struct exchange *x;
    struct evbuffer *out;
    unsigned roles;
    bool account, failed;
};

static void me_free(struct me *m) {
    if (m->out != NULL) {
        evbuffer_free(m->out);
    }
    free(m);
}

static int write_key(struct evbuffer *out, const char *key) {
    return evbuffer_add_printf(out, ",\"%s\":", key) < 0 ? -1 : 0;
}

/* Takes the first of "a;b" off; false when there is none. */
static bool next_word(ProtobufCBinaryData *words, ProtobufCBinaryData *word) {
    if (words->len == 0) {
        return false;
    }
    const uint8_t *end = memchr(words->data, ';', words->len);
    size_t len = end == NULL ? words->len : (size_t)(end - words->data);
    size_t taken = end == NULL ? len : len + 1;
    *word = (ProtobufCBinaryData){len, words->data};
    *words = (ProtobufCBinaryData){words->len - taken, words->data + taken};
    return true;
}

/* "a;b" as ["a","b"]. */
static int write_words(struct evbuffer *out, ProtobufCBinaryData words) {
    ProtobufCBinaryData word;
    int rc = evbuffer_add(out, "[", 1);
    for (bool comma = false; rc == 0 && next_word(&words, &word); comma = true) {
        rc = comma ? evbuffer_add(out, ",", 1) : 0;
        rc = rc == 0 ? message_json_text(word, out) : -1;
    }
    return rc == 0 ? evbuffer_add(out, "]", 1) : -1;
}

static unsigned roles_of(ProtobufCBinaryData words) {
    ProtobufCBinaryData word;
    unsigned roles = 0;
    while (next_word(&words, &word)) {
        int role = role_find(word);
        roles |= role < 0 ? 0 : 1u << role;
    }
    return roles;
}

static int write_pair(struct me *m, const Madoguchi__Pair *pair) {
    static const char *const texts[] = {"account", "person", "until"};
    static const char *const lists[] = {"roles", "services", "offices"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (bytes_equal(pair->name, texts[i])) {
            m->account = m->account || (i == 0 && pair->value.len > 0);
            return write_key(m->out, texts[i]) == 0 ? message_json_text(pair->value, m->out) : -1;
        }
    }
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        if (bytes_equal(pair->name, lists[i])) {
            m->roles |= i == 0 ? roles_of(pair->value) : 0;
            return write_key(m->out, lists[i]) == 0 ? write_words(m->out, pair->value) : -1;
        }
    }
    if (bytes_equal(pair->name, "password")) {
        return evbuffer_add_printf(m->out, ",\"once\":true") < 0 ? -1 : 0;
    }
    return 0;
}

static int write_rights(struct me *m) {
    const char *comma = "";
    int rc = write_key(m->out, "rights") == 0 ? evbuffer_add(m->out, "[", 1) : -1;
    for (int right = 0; right < RIGHT_COUNT && rc == 0; right++) {
        if (rights_reaches((enum right)right, m->roles) != 0) {
            rc = evbuffer_add_printf(m->out, "%s\"%s\"", comma, right_word((enum right)right)) < 0
                     ? -1
                     : 0;
            comma = ",";
        }
    }
    return rc == 0 ? evbuffer_add(m->out, "]", 1) : -1;
}

static bool on_me(void *ctx, const Madoguchi__Answer *answer) {
    struct me *m = ctx;
    if (answer->body_case == MADOGUCHI__ANSWER__BODY_PAGE) {
        for (size_t i = 0; i < answer->page->n_pair; i++) {
            m->failed = write_pair(m, answer->page->pair[i]) < 0 || m->failed;
        }
    }
    return true;
}

/* Today in Japan; the page's own clock may be anybody's. */
static int write_place(struct evbuffer *out, const Madoguchi__Welcome *w) {
    char today[16];
    calendar_format_date(calendar_today((int64_t)time(NULL) * 1000), today);
    int rc = evbuffer_add_printf(out, "{\"today\":\"%s\",\"version\":\"" MADOGUCHI_VERSION "\"",
                                 today) < 0
                 ? -1
                 : 0;
    if (rc == 0 && w != NULL) {
        rc = write_key(out, "municipality") == 0 ? message_json_text(w->municipality, out) : -1;
        rc = rc == 0 ? write_key(out, "name") : -1;
        rc = rc == 0 ? message_json_text(w->name, out) : -1;
    }
    return rc;
}

/* Ends with the session object; `m` has what whoami said, NULL: nobody is logged in. */
static void answer_session(struct exchange *x, struct me *m) {
    struct evbuffer *out = evbuffer_new();
    char csrf[HTTP_CSRF];
    int rc = out == NULL ? -1 : write_place(out, upstream_welcome(x->upstreams));
    if (rc == 0 && m != NULL && m->account) {
        http_csrf(x->login.token, csrf);
        rc = write_rights(m) == 0 ? evbuffer_add_buffer(out, m->out) : -1;
        rc = rc == 0 && evbuffer_add_printf(out, ",\"csrf\":\"%s\"", csrf) > 0 ? 0 : -1;
    } else if (rc == 0) {
        rc = evbuffer_add_printf(out, ",\"account\":null") < 0 ? -1 : 0;
    }
    if (rc == 0 && evbuffer_add(out, "}", 1) == 0 && (m == NULL || !m->failed)) {
        http_json(x, 200, out);
    } else {
        http_no_memory(x);
    }
    if (out != NULL) {
        evbuffer_free(out);
    }
}

static void on_me_ended(void *ctx, enum upstream_end end, const struct error *e) {
    struct me *m = ctx;
    if (end == UPSTREAM_DONE) {
        answer_session(m->x, m);
    } else if (end == UPSTREAM_REFUSED && e->code == ERR_FORBIDDEN) {
        http_set_cookie(m->x, NULL); /* the login is over: so is the cookie */
        answer_session(m->x, NULL);
    } else {
        ask_ended(m->x, end, e);
    }
    me_free(m);
}

static const struct upstream_handler me_handler = {on_me, on_me_ended};

static void ask_me(struct exchange *x) {
    Madoguchi__Whoami whoami = MADOGUCHI__WHOAMI__INIT;
    Madoguchi__Request request = MADOGUCHI__REQUEST__INIT;
    struct me *m = calloc(1, sizeof *m);
    struct error e;
    request.body_case = MADOGUCHI__REQUEST__BODY_WHOAMI;
    request.whoami = &whoami;
    if (m == NULL || (m->out = evbuffer_new()) == NULL) {
        free(m);
        http_no_memory(x);
        return;
    }
    m->x = x;
    if (upstream_ask(x->upstreams, &x->login, &request, &me_handler, m, &e) < 0) {
        me_free(m);
        http_error(x, &e);
    }
}

static void on_nobody_ended(void *ctx, enum upstream_end end, const struct error *e) {
    struct exchange *x = ctx;
    if (end == UPSTREAM_DONE) {
        answer_session(x, NULL);
    } else {
        ask_ended(x, end, e);
    }
}

static bool on_nobody(void *ctx, const Madoguchi__Answer *answer) {
    (void)ctx;
    (void)answer;
    return true;
}

static const struct upstream_handler nobody_handler = {on_nobody, on_nobody_ended};

/* Without a login the daemon is only greeted: whose counters these are. */
static void ask_nobody(struct exchange *x) {
    Madoguchi__Ping ping = MADOGUCHI__PING__INIT;
    Madoguchi__Request request = MADOGUCHI__REQUEST__INIT;
    struct error e;
    request.body_case = MADOGUCHI__REQUEST__BODY_PING;
    request.ping = &ping;
    if (upstream_ask(x->upstreams, &x->login, &request, &nobody_handler, x, &e) < 0) {
        http_error(x, &e);
    }
}

void login_session(struct exchange *x) {
    if (x->login.has_token) {
        ask_me(x);
    } else if (upstream_welcome(x->upstreams) != NULL) {
        answer_session(x, NULL);
    } else {
        ask_nobody(x);
    }
}

/* ---- in and out --------------------------------------------------------------------------- */

static bool on_token(void *ctx, const Madoguchi__Answer *answer) {
    struct exchange *x = ctx;
    if (answer->body_case == MADOGUCHI__ANSWER__BODY_PAGE && answer->page->has_token &&
        answer->page->token.len == TOKEN_BYTES) {
        memcpy(x->login.token, answer->page->token.data, TOKEN_BYTES);
        sodium_memzero(answer->page->token.data, TOKEN_BYTES);
        x->login.has_token = true;
    }
    return true;
}

static void on_login_ended(void *ctx, enum upstream_end end, const struct error *e) {
    struct exchange *x = ctx;
    if (end == UPSTREAM_DONE && x->login.has_token) {
        http_set_cookie(x, x->login.token);
        ask_me(x);
    } else if (end == UPSTREAM_DONE) {
        http_no_memory(x); /* no daemon of this protocol answers so */
    } else {
        ask_ended(x, end, e);
    }
}

static const struct upstream_handler login_handler = {on_token, on_login_ended};

static int text_of(const json_t *body, const char *name, ProtobufCBinaryData *out,
                   struct error *e) {
    const json_t *v = json_object_get(body, name);
    if (!json_is_string(v)) {
        return error_set(e, ERR_INVALID, name, "%s must be given.", "%s を入力してください。",
                         name);
    }
    *out = (ProtobufCBinaryData){json_string_length(v), (uint8_t *)json_string_value(v)};
    return 0;
}

void login(struct exchange *x) {
    Madoguchi__Login asked = MADOGUCHI__LOGIN__INIT;
    Madoguchi__Request request = MADOGUCHI__REQUEST__INIT;
    struct error e;
    json_t *body = ask_body(x, &e);
    x->login.has_token = false; /* another's login on this browser ends by itself */
    int rc = body == NULL ? -1 : text_of(body, "name", &asked.name, &e);
    rc = rc < 0 ? -1 : text_of(body, "password", &asked.password, &e);
    if (rc == 0) {
        asked.has_name = asked.has_password = 1;
        request.body_case = MADOGUCHI__REQUEST__BODY_LOGIN;
        request.login = &asked;
        rc = upstream_ask(x->upstreams, &x->login, &request, &login_handler, x, &e);
    }
    if (asked.password.len > 0) {
        sodium_memzero(asked.password.data, asked.password.len);
    }
    json_decref(body);
    if (rc < 0) {
        http_error(x, &e);
    }
}

static void on_logout_ended(void *ctx, enum upstream_end end, const struct error *e) {
    struct exchange *x = ctx;
    if (end == UPSTREAM_DONE || (end == UPSTREAM_REFUSED && e->code == ERR_FORBIDDEN)) {
        struct evbuffer *out = evbuffer_new();
        upstream_forget(x->upstreams, x->login.token);
        http_set_cookie(x, NULL);
        if (out == NULL || evbuffer_add(out, "{}", 2) < 0) {
            http_no_memory(x);
        } else {
            http_json(x, 200, out);
        }
        if (out != NULL) {
            evbuffer_free(out);
        }
    } else {
        ask_ended(x, end, e);
    }
}

static const struct upstream_handler logout_handler = {on_nobody, on_logout_ended};

void logout(struct exchange *x) {
    Madoguchi__Logout asked = MADOGUCHI__LOGOUT__INIT;
    Madoguchi__Request request = MADOGUCHI__REQUEST__INIT;
    struct error e;
    request.body_case = MADOGUCHI__REQUEST__BODY_LOGOUT;
    request.logout = &asked;
    if (upstream_ask(x->upstreams, &x->login, &request, &logout_handler, x, &e) < 0) {
        http_error(x, &e);
    }
}
