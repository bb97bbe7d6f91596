/* What each message leads to: who is greeted, what is asked, what may be. */
#include "daemon/answer.h"
#include "daemon/dispatch_private.h"
#include "daemon/rows.h"
#include "daemon/status.h"
#include "daemon/whoami.h"
#include "proto/check.h"
#include "proto/frame.h"
#include "proto/log.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- refusals ------------------------------------------------------------------- */

/* What cannot be recorded now is not noted either; logins note themselves. */
static void note_refusal(struct session *s, const char *what, const struct error *e) {
    char word[NOTICES_WORD];
    if (e->code == ERR_BUSY || e->code == ERR_FULL || e->code == ERR_INTERNAL) {
        return;
    }
    const struct notice_by by = {.source = s->identity.source, .account = s->identity.account};
    snprintf(word, sizeof word, "%s %s", error_word(e->code), what);
    notices_count(s->dispatch->notices, NOTICE_REFUSED, &by, word);
}

/* Code and field only: the sentence may repeat what somebody typed. */
void dispatch_on_refusal(void *ctx, const struct request *r, const struct error *e) {
    struct dispatch *d = ctx;
    metrics_refused(&d->metrics, e);
    struct conn *c = conn_find(d->conns, r->conn);
    struct session *s = c != NULL ? conn_data(c) : NULL;
    if (s != NULL && r->kind < REQUEST_KINDS && r->kind != REQUEST_LOGIN) {
        note_refusal(s, request_kind_word(r->kind), e);
    }
    if (r->notice != NULL) {
        log_event(LEVEL_ERROR, "notice-lost", "kind=%s count=%" PRIu64 " code=%s",
                  notice_word(r->notice->kind), r->notice->count, error_word(e->code));
    }
    if (s != NULL) {
        log_event(LEVEL_INFO, "refused", REQUEST_FORMAT " code=%s field=%s",
                  REQUEST_ARGS(s, r->serial), error_word(e->code), e->field);
    }
}

/* What left the house by the hundred is noted, and copies of everything are. */
void dispatch_on_handed(void *ctx, const struct request *r, uint64_t rows) {
    struct dispatch *d = ctx;
    struct conn *c = conn_find(d->conns, r->conn);
    const struct session *s = c != NULL ? conn_data(c) : NULL;
    const struct notice_by by = {.source = s != NULL ? s->identity.source : NULL,
                                 .account = r->reader != NULL ? r->reader->name : NULL};
    if (r->kind == REQUEST_BACKUP) {
        notices_record(d->notices, NOTICE_BACKUP, &by, NULL, 0);
    } else if (rows > DISPATCH_EXPORT_ROWS) {
        notices_record(d->notices, NOTICE_EXPORT, &by, request_kind_word(r->kind), rows);
    }
}

/* Not a message of this protocol: says so and closes. */
static void refuse_and_finish(struct session *s, uint32_t serial, const struct error *e) {
    metrics_refused(&s->dispatch->metrics, e);
    note_refusal(s, "connection", e);
    log_event(LEVEL_INFO, "malformed", REQUEST_FORMAT " code=%s", REQUEST_ARGS(s, serial),
              error_word(e->code));
    struct conn *c = s->conn;
    answer_error(c, serial, 0, e); /* may close it, and s is gone then */
    conn_finish(c);
}

/* Not the message's fault: whoever sent it loses the connection and asks
 * again. */
static void no_memory(struct session *s) {
    log_event(LEVEL_ERROR, "out-of-memory", PEER_FORMAT, PEER_ARGS(s));
    conn_close(s->conn);
}

/* ---- hello ----------------------------------------------------------------------- */

static void welcome(struct session *s) {
    const struct dispatch *d = s->dispatch;
    Madoguchi__Welcome w = MADOGUCHI__WELCOME__INIT;
    SET(&w, protocol, PROTOCOL_VERSION);
    SET(&w, build, bytes_of("madoguchid " MADOGUCHI_VERSION));
    SET(&w, municipality, bytes_of(store_municipality(d->setting.store)));
    SET(&w, name, bytes_of(store_name(d->setting.store)));
    w.has_store_id = 1;
    w.store_id.data = (uint8_t *)store_id(d->setting.store);
    w.store_id.len = 16;
    SET(&w, frame_max, FRAME_MAX);
    SET(&w, in_flight_max, (uint32_t)d->config->in_flight_max);
    if (s->identity.account[0] != '\0') {
        SET(&w, account, bytes_of(s->identity.account));
    }
    Madoguchi__ServerMessage m = MADOGUCHI__SERVER_MESSAGE__INIT;
    m.body_case = MADOGUCHI__SERVER_MESSAGE__BODY_WELCOME;
    m.welcome = &w;
    conn_send(s->conn, &m.base);
}

static bool look(struct session *s, bool asks) {
    const struct dispatch *d = s->dispatch;
    bool known = identity_look(&s->identity, d->setting.store, d->secrets, asks);
    s->somebody = s->somebody || known;
    return known;
}

bool session_look(struct session *s) {
    return look(s, true);
}

bool session_stands(struct session *s) {
    return look(s, false);
}

/* Whom a gateway speaks for is another at each connection. */
static bool is_gateway(const struct session *s) {
    const char *user = s->dispatch->config->gateway_user;
    return s->identity.has_uid && strcmp(s->user, user != NULL ? user : CONFIG_GATEWAY_USER) == 0;
}

/* Without a login what comes through it is nobody's, whatever account its user has. */
static void take_origin(struct session *s, const Madoguchi__Hello *hello) {
    if (hello->has_origin && is_gateway(s)) {
        identity_origin(&s->identity, hello->origin);
    }
}

/* A token that is not good any more is no reason to go on as somebody else. */
static bool take_token(struct session *s, const Madoguchi__Hello *hello, struct error *e) {
    take_origin(s, hello);
    if (hello->has_token) {
        if (hello->token.len != SECRETS_TOKEN) {
            error_set(e, ERR_MALFORMED, "token", "A token has %d bytes.",
                      "トークンは %d バイトです。", SECRETS_TOKEN);
            return false;
        }
        secrets_hash(hello->token.data, s->identity.token);
        s->identity.has_token = true;
    }
    if (!session_look(s) && s->identity.has_token) {
        identity_refuse(&s->identity, e);
        return false;
    }
    return true;
}

static void take_hello(struct session *s, const Madoguchi__Hello *hello) {
    struct error e;
    if (s->greeted) {
        error_set(&e, ERR_MALFORMED, "hello", "Hello was said before on this connection.",
                  "この接続ではすでに hello を受け取っています。");
    } else if (!hello->has_protocol || hello->protocol != PROTOCOL_VERSION) {
        error_set(&e, ERR_MALFORMED, "protocol",
                  "The client speaks protocol %u and this daemon (%s) speaks %d. Install the same "
                  "version of both.",
                  "クライアントの取り決めの版は %u、サーバー (%s) は %d "
                  "です。両方を同じ版にしてください。",
                  hello->has_protocol ? hello->protocol : 0, MADOGUCHI_VERSION, PROTOCOL_VERSION);
    } else if (take_token(s, hello, &e)) {
        s->greeted = true;
        s->japanese = hello->has_language && bytes_equal(hello->language, "ja");
        if (s->identity.account[0] == '\0' && s->identity.network[0] != '\0') {
            conn_passing(s->conn); /* long enough to log in; nobody keeps a place by pings */
        }
        welcome(s);
        return;
    }
    refuse_and_finish(s, 0, &e);
}

/* ---- requests --------------------------------------------------------------------- */

enum way { WAY_NONE, WAY_RECORD, WAY_READ, WAY_STATUS, WAY_PING, WAY_LOGIN, WAY_WHOAMI };

static enum way way_of(enum request_kind kind) {
    switch (kind) {
    case REQUEST_RECORD:
        return WAY_RECORD;
    case REQUEST_STATUS:
        return WAY_STATUS;
    case REQUEST_PING:
        return WAY_PING;
    case REQUEST_LOGIN:
        return WAY_LOGIN;
    case REQUEST_WHOAMI:
        return WAY_WHOAMI;
    case REQUEST_KINDS:
        return WAY_NONE;
    default:
        return WAY_READ;
    }
}

/* A piece of a document.  False: it is answered, or waits for the others. */
static bool take_piece(struct session *s, struct request *r) {
    Madoguchi__Put *put = r->body->put;
    size_t len;
    struct error e;
    switch (put_piece(&s->put, r->body, &r->document, &len, &e)) {
    case PUT_REFUSED:
        request_refuse(r, &e);
        return true;
    case PUT_MORE:
        return false;
    case PUT_WHOLE:
        break;
    }
    if (r->document != NULL) {
        SET(put, data, ((ProtobufCBinaryData){.len = len, .data = r->document}));
    }
    SET(put, piece, 0);
    SET(put, pieces, 1);
    request_widen(r, len);
    return true;
}

static void take_record(struct session *s, struct request *r) {
    struct dispatch *d = s->dispatch;
    if (r->refusal == NULL) {
        r->actor = identity_actor(&s->identity, &r->arena);
    }
    if (r->refusal == NULL && r->actor.id == NULL) {
        struct error e;
        error_set(&e, ERR_INTERNAL, "", "Out of memory.", "メモリーが足りません。");
        request_refuse(r, &e);
    }
    if (r->refusal == NULL && r->body->body_case == MADOGUCHI__REQUEST__BODY_PUT &&
        !take_piece(s, r)) {
        request_release(d->requests, r);
        return;
    }
    if (r->part != REQUEST_ROW) {
        conn_begin(s->conn);
    }
    if (r->refusal == NULL && r->body->body_case == MADOGUCHI__REQUEST__BODY_PUBLICATION) {
        group_settle(d->group); /* the numbers are those of all that was answered */
        publisher_ask(d->publisher, r);
        return;
    }
    group_add(d->group, r);
}

static void take_status(struct session *s, struct request *r) {
    struct dispatch *d = s->dispatch;
    const struct status_source source = {
        .store = d->setting.store,
        .metrics = &d->metrics,
        .warnings = &d->warnings,
        .warn_percent = d->config->warn_percent,
        .connections = conns_count(d->conns),
        .connections_max = d->config->connections_max,
        .tls = d->tls,
        .handshakes = conns_securing(d->conns),
        .handshakes_failed = conns_unsecured(d->conns),
        .waiting = group_waiting(d->group),
        .questions = pool_pending(d->setting.pool),
        .logins = secrets_tokens(d->secrets),
    };
    status_answer(&source, s->conn, r);
    metrics_answered(&d->metrics, r, UINT64_MAX);
    request_release(d->requests, r);
}

static void take_ping(struct session *s, struct request *r) {
    struct dispatch *d = s->dispatch;
    Madoguchi__Page empty = MADOGUCHI__PAGE__INIT;
    answer_page(s->conn, r->serial, 0, &empty); /* may close it, and s is gone then */
    metrics_answered(&d->metrics, r, UINT64_MAX);
    request_release(d->requests, r);
}

static void take_login(struct session *s, struct request *r) {
    conn_begin(s->conn);
    login_ask(s->dispatch->login, &s->identity, r);
}

static void take_whoami(struct session *s, struct request *r) {
    struct dispatch *d = s->dispatch;
    const struct person *p = identity_person(&s->identity, d->setting.store, &r->arena);
    Madoguchi__Page page = MADOGUCHI__PAGE__INIT;
    whoami_page(&s->identity, p, s->user, &r->arena, &page);
    answer_page(s->conn, r->serial, 0, &page); /* may close it, and s is gone then */
    metrics_answered(&d->metrics, r, UINT64_MAX);
    request_release(d->requests, r);
}

/* What the daemon's own user may do whatever account is his, or none: the files are his
 * anyway, and the nightly backup needs no administrator's rights. */
static bool is_own_right(enum right right) {
    return right == RIGHT_STATUS || right == RIGHT_VERIFY || right == RIGHT_BACKUP;
}

/* Whether somebody may ask this at all.  What records is looked at again by the store,
 * in its turn. */
static bool may(struct session *s, struct request *r, struct error *e) {
    enum right right = rights_of(r->body);
    bool known = session_look(s);
    if (right == RIGHT_ANYBODY) {
        return true;
    }
    bool own = is_own_right(right) && identity_is_own_user(&s->identity);
    if (!known && own) {
        return true;
    }
    if (!known || s->identity.once) {
        identity_refuse(&s->identity, e);
        return false;
    }
    if (r->kind == REQUEST_RECORD && right != RIGHT_PUBLISH) { /* which costs before its turn */
        return true;
    }
    r->reader = identity_person(&s->identity, s->dispatch->setting.store, &r->arena);
    if (r->reader == NULL) {
        error_set(e, ERR_INTERNAL, "", "Out of memory.", "メモリーが足りません。");
        return false;
    }
    return own || store_may(r->reader, right, e) == 0;
}

/* A refused request that records waits for its turn, so that the answers to
 * writes keep their order; others are answered at once. */
static void refuse(struct session *s, struct request *r, enum way way, const struct error *e) {
    if (way == WAY_RECORD) {
        r->body = NULL; /* what waits only to be refused need not be kept */
        arena_reset(&r->arena);
        request_refuse(r, e);
        take_record(s, r);
        return;
    }
    struct dispatch *d = s->dispatch;
    dispatch_on_refusal(d, r, e);
    answer_error(s->conn, r->serial, 0, e); /* may close it, and s is gone then */
    request_release(d->requests, r);
}

/* Each row goes on as if it had come by itself. */
static void take_rows(struct session *s, struct request *whole) {
    struct dispatch *d = s->dispatch;
    struct error e;
    if (check_request(whole->body, &e) != 0 || !may(s, whole, &e)) {
        dispatch_on_refusal(d, whole, &e);
        answer_error(s->conn, whole->serial, 0, &e); /* may close it, and s is gone then */
        request_release(d->requests, whole);
        return;
    }
    for (size_t i = 0; i < whole->body->rows->n_request; i++) {
        struct request *r = request_take(d->requests);
        if (r == NULL || rows_take(whole, i, r) < 0) {
            if (r != NULL) {
                request_release(d->requests, r);
            }
            no_memory(s);
            break;
        }
        metrics_came(&d->metrics, r);
        take_record(s, r);
    }
    request_release(d->requests, whole);
}

static void take_request(struct session *s, struct request *r) {
    struct dispatch *d = s->dispatch;
    struct error e;
    if (r->body->body_case == MADOGUCHI__REQUEST__BODY_ROWS && r->body->rows != NULL) {
        take_rows(s, r);
        return;
    }
    metrics_came(&d->metrics, r);
    enum way way = way_of(r->kind);
    request_widen(r, 0);
    if (way == WAY_NONE) {
        error_set(&e, ERR_INVALID, "", "The request asks for nothing.", "依頼の中身がありません。");
        refuse(s, r, way, &e);
        return;
    }
    if (check_request(r->body, &e) != 0 || !may(s, r, &e)) {
        refuse(s, r, way, &e);
        return;
    }
    switch (way) {
    case WAY_RECORD:
        take_record(s, r);
        break;
    case WAY_READ:
        group_settle(d->group); /* whoever asks sees all that was answered */
        conn_begin(s->conn);
        query_ask(d->queries, &s->line, s->conn, r);
        break;
    case WAY_STATUS:
        take_status(s, r);
        break;
    case WAY_LOGIN:
        take_login(s, r);
        break;
    case WAY_WHOAMI:
        take_whoami(s, r);
        break;
    default:
        take_ping(s, r);
        break;
    }
}

/* ---- messages --------------------------------------------------------------------- */

static void refuse_message(struct session *s, struct request *r, const struct error *e) {
    struct dispatch *d = s->dispatch;
    refuse_and_finish(s, 0, e);
    request_release(d->requests, r);
}

void dispatch_on_message(void *ctx, struct conn *c, const uint8_t *data, size_t len) {
    struct dispatch *d = ctx;
    struct session *s = conn_data(c);
    struct error e;
    struct request *r = request_take(d->requests);
    if (r == NULL) {
        no_memory(s);
        return;
    }
    r->conn = conn_id(c);
    r->japanese = s->japanese;
    const Madoguchi__ClientMessage *m = (const Madoguchi__ClientMessage *)message_unpack(
        &madoguchi__client_message__descriptor, &r->arena, data, len, &e);
    if (m == NULL && e.code == ERR_INTERNAL) {
        no_memory(s);
        request_release(d->requests, r);
    } else if (m == NULL) {
        e.code = ERR_MALFORMED; /* whatever was wrong, no serial is known to answer to */
        refuse_message(s, r, &e);
    } else if (m->body_case == MADOGUCHI__CLIENT_MESSAGE__BODY_HELLO) {
        take_hello(s, m->hello);
        request_release(d->requests, r);
    } else if (m->body_case != MADOGUCHI__CLIENT_MESSAGE__BODY_REQUEST) {
        error_set(&e, ERR_MALFORMED, "", "The message is neither a hello nor a request.",
                  "hello でも依頼でもない電文です。");
        refuse_message(s, r, &e);
    } else if (!s->greeted) {
        error_set(&e, ERR_MALFORMED, "hello", "The first message on a connection is a hello.",
                  "接続の最初の電文は hello でなければなりません。");
        refuse_message(s, r, &e);
    } else {
        r->body = m->request;
        r->serial = r->body->serial;
        take_request(s, r);
    }
}

void dispatch_on_broken(void *ctx, struct conn *c, const struct error *e) {
    (void)ctx;
    refuse_and_finish(conn_data(c), 0, e);
}

void dispatch_on_drained(void *ctx, struct conn *c) {
    struct dispatch *d = ctx;
    struct session *s = conn_data(c);
    query_go_on(d->queries, &s->line, c);
}

bool dispatch_is_ready(void *ctx) {
    const struct dispatch *d = ctx;
    return group_waiting(d->group) < d->config->waiting_max;
}

struct query_line *dispatch_line_of(struct conn *c) {
    struct session *s = conn_data(c);
    return &s->line;
}
