#include "daemon/dispatch.h"

#include "daemon/answer.h"
#include "daemon/identity.h"
#include "daemon/log.h"
#include "daemon/login.h"
#include "daemon/notices.h"
#include "daemon/put.h"
#include "daemon/status.h"
#include "daemon/whoami.h"
#include "proto/check.h"
#include "proto/frame.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

struct session {
    struct dispatch *dispatch;
    struct conn *conn;
    uint64_t number; /* of the connection, for the log */
    bool greeted;
    bool japanese;
    bool somebody; /* an account stood behind it: it ends with that */
    struct identity identity;
    char user[PEER_NAME]; /* name of the Unix user, or "" */
    struct put put;
    struct query_line line;
};

struct dispatch {
    struct dispatch_setting setting;
    const struct config *config;
    struct conns *conns;
    struct requests *requests;
    struct group *group;
    struct queries *queries;
    struct peers *peers;
    struct secrets *secrets;
    struct notices *notices;
    struct login *login;
    uint64_t people; /* version of them that the connections were looked at by */
    struct metrics metrics;
    struct warnings warnings;
};

/* Who, for a log line: "uid:1000/17". */
#define PEER_FORMAT             "peer=%s/%" PRIu64
#define PEER_ARGS(s)            (s)->identity.source, (s)->number
#define REQUEST_FORMAT          PEER_FORMAT " request=%u"
#define REQUEST_ARGS(s, serial) PEER_ARGS(s), (serial)

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
static void on_refusal(void *ctx, const struct request *r, const struct error *e) {
    struct dispatch *d = ctx;
    metrics_refused(&d->metrics, e);
    struct conn *c = conn_find(d->conns, r->conn);
    struct session *s = c != NULL ? conn_data(c) : NULL;
    if (s != NULL && r->kind < REQUEST_KINDS && r->kind != REQUEST_LOGIN) {
        note_refusal(s, request_kind_word(r->kind), e);
    }
    if (s != NULL) {
        log_event(LEVEL_INFO, "refused", REQUEST_FORMAT " code=%s field=%s",
                  REQUEST_ARGS(s, r->serial), error_word(e->code), e->field);
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

static bool look(struct session *s) {
    bool known = identity_look(&s->identity, s->dispatch->setting.store, s->dispatch->secrets);
    s->somebody = s->somebody || known;
    return known;
}

/* A token that is not good any more is no reason to go on as somebody else. */
static bool take_token(struct session *s, const Madoguchi__Hello *hello, struct error *e) {
    if (hello->has_token) {
        if (hello->token.len != SECRETS_TOKEN) {
            error_set(e, ERR_MALFORMED, "token", "A token has %d bytes.",
                      "トークンは %d バイトです。", SECRETS_TOKEN);
            return false;
        }
        secrets_hash(hello->token.data, s->identity.token);
        s->identity.has_token = true;
    }
    if (!look(s) && s->identity.has_token) {
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
    if (r->refusal == NULL && r->body->body_case == MADOGUCHI__REQUEST__BODY_PUT &&
        !take_piece(s, r)) {
        request_release(d->requests, r);
        return;
    }
    conn_begin(s->conn);
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
        .waiting = group_waiting(d->group),
        .questions = pool_pending(d->setting.pool),
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

/* Whether somebody may ask this at all.  What records is looked at again by the store,
 * in its turn. */
static bool may(struct session *s, struct request *r, struct error *e) {
    enum right right = rights_of(r->body);
    bool known = look(s);
    if (right == RIGHT_ANYBODY) {
        return true;
    }
    if (!known || s->identity.once) {
        identity_refuse(&s->identity, e);
        return false;
    }
    if (r->kind == REQUEST_RECORD) {
        return true;
    }
    r->reader = identity_person(&s->identity, s->dispatch->setting.store, &r->arena);
    if (r->reader == NULL) {
        error_set(e, ERR_INTERNAL, "", "Out of memory.", "メモリーが足りません。");
        return false;
    }
    return store_may(r->reader, right, e) == 0;
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
    on_refusal(d, r, e);
    answer_error(s->conn, r->serial, 0, e); /* may close it, and s is gone then */
    request_release(d->requests, r);
}

static void take_request(struct session *s, struct request *r) {
    struct dispatch *d = s->dispatch;
    struct error e;
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

/* Not the message's fault: whoever sent it loses the connection and asks
 * again. */
static void no_memory(struct session *s) {
    log_event(LEVEL_ERROR, "out-of-memory", PEER_FORMAT, PEER_ARGS(s));
    conn_close(s->conn);
}

static void on_message(void *ctx, struct conn *c, const uint8_t *data, size_t len) {
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

static void on_broken(void *ctx, struct conn *c, const struct error *e) {
    (void)ctx;
    refuse_and_finish(conn_data(c), 0, e);
}

static void on_drained(void *ctx, struct conn *c) {
    struct dispatch *d = ctx;
    struct session *s = conn_data(c);
    query_go_on(d->queries, &s->line, c);
}

static bool is_ready(void *ctx) {
    const struct dispatch *d = ctx;
    return group_waiting(d->group) < d->config->waiting_max;
}

static struct query_line *line_of(struct conn *c) {
    struct session *s = conn_data(c);
    return &s->line;
}

/* ---- connections ------------------------------------------------------------------ */

static void log_end(const struct session *s, enum conn_end why) {
    static const char *const words[] = {[CONN_END_PEER] = "peer",
                                        [CONN_END_FINISHED] = "finished",
                                        [CONN_END_FIRST_FRAME] = "no-first-frame",
                                        [CONN_END_FRAME] = "frame-too-slow",
                                        [CONN_END_IDLE] = "idle",
                                        [CONN_END_CLOSE] = "answer-not-taken",
                                        [CONN_END_CLOSED] = "closed",
                                        [CONN_END_MEMORY] = "out-of-memory"};
    bool deadline = why == CONN_END_FIRST_FRAME || why == CONN_END_FRAME || why == CONN_END_CLOSE ||
                    why == CONN_END_MEMORY;
    log_event(deadline ? LEVEL_INFO : LEVEL_DEBUG, "disconnected", PEER_FORMAT " why=%s",
              PEER_ARGS(s), words[why]);
}

static void on_closed(void *ctx, struct conn *c, enum conn_end why) {
    struct dispatch *d = ctx;
    struct session *s = conn_data(c);
    if (s == NULL) {
        return;
    }
    log_end(s, why);
    query_line_close(d->queries, &s->line);
    put_clear(&s->put);
    conn_set_data(c, NULL);
    free(s);
}

static const struct conn_handler handler = {.message = on_message,
                                            .broken = on_broken,
                                            .drained = on_drained,
                                            .closed = on_closed,
                                            .ready = is_ready};

/* The name of a connection's user is known, or is not waited for any longer. */
static void on_name(void *ctx, uint64_t token, const char *name) {
    struct dispatch *d = ctx;
    struct conn_id id = {.slot = (uint32_t)(token >> 32), .generation = (uint32_t)token};
    struct conn *c = conn_find(d->conns, id);
    if (c == NULL) {
        return;
    }
    struct session *s = conn_data(c);
    snprintf(s->user, sizeof s->user, "%s", name);
    conn_release(c);
}

void dispatch_accept(struct dispatch *d, int fd) {
    uid_t uid;
    struct session *s = calloc(1, sizeof *s);
    if (s == NULL || !peer_uid(fd, &uid)) {
        d->metrics.connections_refused++;
        free(s);
        close(fd);
        return;
    }
    struct conn *c = conns_add(d->conns, fd);
    if (c == NULL) {
        d->metrics.connections_refused++;
        free(s);
        return;
    }
    *s = (struct session){.dispatch = d, .conn = c, .number = ++d->metrics.connections};
    peer_id(uid, s->identity.source);
    s->identity.has_uid = true;
    s->identity.uid = uid;
    query_line_init(&s->line);
    conn_set_data(c, s);
    log_event(LEVEL_DEBUG, "connected", PEER_FORMAT, PEER_ARGS(s));
    conn_hold(c);
    struct conn_id id = conn_id(c);
    peer_ask(d->peers, uid, (uint64_t)id.slot << 32 | id.generation);
}

void dispatch_turn_away(struct dispatch *d, int fd) {
    uint8_t frame[FRAME_HEADER + 1024];
    struct error e;
    d->metrics.connections_refused++;
    error_set(&e, ERR_BUSY, "", "Too many connections at the moment. Try again.",
              "いま接続が多すぎます。もう一度お試しください。");
    Madoguchi__Error error = MADOGUCHI__ERROR__INIT;
    SET(&error, code, MADOGUCHI__ERROR_CODE__BUSY);
    SET(&error, en, bytes_of(e.en));
    SET(&error, ja, bytes_of(e.ja));
    Madoguchi__Answer answer = MADOGUCHI__ANSWER__INIT;
    SET(&answer, serial, 0);
    answer.body_case = MADOGUCHI__ANSWER__BODY_ERROR;
    answer.error = &error;
    Madoguchi__ServerMessage m = MADOGUCHI__SERVER_MESSAGE__INIT;
    m.body_case = MADOGUCHI__SERVER_MESSAGE__BODY_ANSWER;
    m.answer = &answer;
    size_t len = protobuf_c_message_get_packed_size(&m.base);
    if (len <= sizeof frame - FRAME_HEADER) {
        frame_header(frame, len);
        protobuf_c_message_pack(&m.base, frame + FRAME_HEADER);
        ssize_t n = send(fd, frame, FRAME_HEADER + len, MSG_DONTWAIT | MSG_NOSIGNAL);
        (void)n;
    }
}

/* ---- the whole -------------------------------------------------------------------- */

static struct conn_limits limits_of(const struct config *config) {
    return (struct conn_limits){.in_flight_max = (uint32_t)config->in_flight_max,
                                .output_high = config->output_high_bytes,
                                .output_low = config->output_low_bytes,
                                .first_frame_ms = (uint32_t)config->first_frame_ms,
                                .frame_ms = (uint32_t)config->frame_ms,
                                .idle_ms = (uint32_t)config->idle_ms,
                                .close_ms = (uint32_t)config->close_ms};
}

static struct login *login_of(struct dispatch *d) {
    const struct login_setting setting = {.base = d->setting.base,
                                          .directory = store_path(d->setting.store),
                                          .store = d->setting.store,
                                          .secrets = d->secrets,
                                          .group = d->group,
                                          .notices = d->notices};
    return login_new(&setting);
}

struct dispatch *dispatch_new(const struct dispatch_setting *setting) {
    struct dispatch *d = calloc(1, sizeof *d);
    if (d == NULL) {
        return NULL;
    }
    d->setting = *setting;
    d->config = setting->config;
    d->metrics.started = metrics_clock();
    d->metrics.slow_us = d->config->slow_request_ms * 1000;
    d->people = store_people_version(setting->store);
    d->secrets = setting->secrets;
    struct conn_limits limits = limits_of(d->config);
    d->conns = conns_new(setting->base, setting->priority, &limits, &handler, d);
    d->requests = requests_new();
    d->peers = peers_new(setting->base, 0, (unsigned)d->config->name_ms, on_name, d);
    if (d->conns != NULL && d->requests != NULL) {
        d->group = group_new(setting->base, setting->store, d->conns, d->requests, &d->metrics);
        d->queries = queries_new(setting->store, setting->pool, d->conns, d->requests, &d->metrics,
                                 setting->room, line_of);
    }
    if (d->group != NULL && d->queries != NULL && d->peers != NULL) {
        d->notices = notices_new(d->group, d->requests);
    }
    if (d->notices != NULL) {
        d->login = login_of(d);
    }
    if (d->login == NULL) {
        dispatch_free(d);
        return NULL;
    }
    group_on_refusal(d->group, on_refusal, d);
    queries_on_refusal(d->queries, on_refusal, d);
    queries_configure(d->queries, d->config);
    return d;
}

void dispatch_free(struct dispatch *d) {
    if (d == NULL) {
        return;
    }
    conns_free(d->conns);
    login_free(d->login);
    notices_free(d->notices);
    peers_free(d->peers);
    queries_free(d->queries);
    group_free(d->group);
    requests_free(d->requests);
    free(d);
}

void dispatch_configure(struct dispatch *d, const struct config *config) {
    struct conn_limits limits = limits_of(config);
    d->config = config;
    d->metrics.slow_us = config->slow_request_ms * 1000;
    conns_limits(d->conns, &limits);
    peers_wait(d->peers, (unsigned)config->name_ms);
    queries_configure(d->queries, config);
    struct store_status status;
    dispatch_look(d, &status);
}

static void run_group(void *ctx) {
    struct dispatch *d = ctx;
    group_run(d->group);
}

/* Whoever has no account any more has no connection. */
static void end_if_nobody(void *ctx, struct conn *c) {
    struct session *s = conn_data(c);
    (void)ctx;
    if (s->somebody && !look(s)) {
        log_event(LEVEL_NOTICE, "account-ended", PEER_FORMAT, PEER_ARGS(s));
        conn_close(c);
    }
}

bool dispatch_turn(struct dispatch *d) {
    bool busy = conns_turn(d->conns, run_group);
    metrics_turn(&d->metrics);
    if (store_people_version(d->setting.store) != d->people) {
        d->people = store_people_version(d->setting.store);
        conns_each(d->conns, end_if_nobody, NULL);
        login_people(d->login);
    }
    return busy;
}

bool dispatch_stop(struct dispatch *d, unsigned wait_ms) {
    return d == NULL || login_stop(d->login, wait_ms);
}

void dispatch_note_all(struct dispatch *d) {
    notices_turn(d->notices, 0, true);
}

struct conns *dispatch_conns(struct dispatch *d) {
    return d->conns;
}

struct group *dispatch_group(struct dispatch *d) {
    return d->group;
}

void dispatch_look(struct dispatch *d, struct store_status *status) {
    notices_turn(d->notices, metrics_clock() / 1000, false);
    login_turn(d->login);
    store_status(d->setting.store, status);
    warnings_look(&d->warnings, status, d->config->warn_percent);
}
