#include "daemon/dispatch.h"

#include "daemon/answer.h"
#include "daemon/log.h"
#include "daemon/put.h"
#include "daemon/status.h"
#include "daemon/tls_stream.h"
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
    bool known;      /* who it is: may do everything */
    bool greeted;
    bool japanese;
    char actor[PEER_ID];
    char name[PEER_NAME];
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
    const struct tls *tls;
    struct metrics metrics;
    struct warnings warnings;
};

/* Who, for a log line: "uid:1000/17". */
#define PEER_FORMAT             "peer=%s/%" PRIu64
#define PEER_ARGS(s)            (s)->actor, (s)->number
#define REQUEST_FORMAT          PEER_FORMAT " request=%u"
#define REQUEST_ARGS(s, serial) PEER_ARGS(s), (serial)

/* ---- refusals ------------------------------------------------------------------- */

/* Code and field only: the sentence may repeat what somebody typed. */
static void on_refusal(void *ctx, const struct request *r, const struct error *e) {
    struct dispatch *d = ctx;
    metrics_refused(&d->metrics, e);
    struct conn *c = conn_find(d->conns, r->conn);
    const struct session *s = c != NULL ? conn_data(c) : NULL;
    if (s != NULL) {
        log_event(LEVEL_INFO, "refused", REQUEST_FORMAT " code=%s field=%s",
                  REQUEST_ARGS(s, r->serial), error_word(e->code), e->field);
    }
}

/* Not a message of this protocol: says so and closes. */
static void refuse_and_finish(struct session *s, uint32_t serial, const struct error *e) {
    metrics_refused(&s->dispatch->metrics, e);
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
    Madoguchi__ServerMessage m = MADOGUCHI__SERVER_MESSAGE__INIT;
    m.body_case = MADOGUCHI__SERVER_MESSAGE__BODY_WELCOME;
    m.welcome = &w;
    conn_send(s->conn, &m.base);
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
    } else {
        s->greeted = true;
        s->japanese = hello->has_language && bytes_equal(hello->language, "ja");
        welcome(s);
        return;
    }
    refuse_and_finish(s, 0, &e);
}

/* ---- requests --------------------------------------------------------------------- */

enum way { WAY_NONE, WAY_RECORD, WAY_READ, WAY_STATUS, WAY_PING };

static enum way way_of(enum request_kind kind) {
    switch (kind) {
    case REQUEST_RECORD:
        return WAY_RECORD;
    case REQUEST_STATUS:
        return WAY_STATUS;
    case REQUEST_PING:
        return WAY_PING;
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
    r->actor.id = arena_strndup(&r->arena, s->actor, strlen(s->actor));
    r->actor.name = s->name[0] == '\0' ? NULL : arena_strndup(&r->arena, s->name, strlen(s->name));
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
        .tls = d->tls,
        .handshakes = conns_securing(d->conns),
        .handshakes_failed = conns_unsecured(d->conns),
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
    if (!s->known && way != WAY_PING) {
        error_set(&e, ERR_FORBIDDEN, "",
                  "Log in: over the network only who is known may ask. Connect with a client "
                  "certificate.",
                  "ログインしてください。ネットワーク経由では、だれか分かる人だけが利用できます。"
                  "クライアント証明書をつけて接続してください。");
        refuse(s, r, way, &e);
        return;
    }
    if (check_request(r->body, &e) != 0) {
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
                                        [CONN_END_MEMORY] = "out-of-memory",
                                        [CONN_END_HANDSHAKE] = "handshake-too-slow",
                                        [CONN_END_UNSECURED] = "handshake-failed"};
    bool deadline = why == CONN_END_FIRST_FRAME || why == CONN_END_FRAME || why == CONN_END_CLOSE ||
                    why == CONN_END_MEMORY || why == CONN_END_HANDSHAKE;
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

/* Over TLS it is the client's certificate that says who somebody is. */
static void on_secured(void *ctx, struct conn *c) {
    struct session *s = conn_data(c);
    const struct tls_peer *peer = conn_peer(c);
    (void)ctx;
    s->known = peer->fingerprint[0] != '\0';
    if (s->known) {
        snprintf(s->actor, sizeof s->actor, "cert:%.16s", peer->fingerprint);
    }
    log_event(LEVEL_DEBUG, "connected", PEER_FORMAT " from=%s subject=\"%s\"", PEER_ARGS(s),
              peer->address, peer->subject);
}

static const struct conn_handler handler = {.message = on_message,
                                            .broken = on_broken,
                                            .drained = on_drained,
                                            .closed = on_closed,
                                            .ready = is_ready,
                                            .secured = on_secured};

/* The name of a connection's user is known, or is not waited for any longer. */
static void on_name(void *ctx, uint64_t token, const char *name) {
    struct dispatch *d = ctx;
    struct conn_id id = {.slot = (uint32_t)(token >> 32), .generation = (uint32_t)token};
    struct conn *c = conn_find(d->conns, id);
    if (c == NULL) {
        return;
    }
    struct session *s = conn_data(c);
    snprintf(s->name, sizeof s->name, "%s", name);
    conn_release(c);
}

/* A connection and its session; NULL, and both sockets and stream are gone, when
 * out of memory. */
static struct session *session_open(struct dispatch *d, int fd, struct tls_stream *stream) {
    struct session *s = calloc(1, sizeof *s);
    struct conn *c = conns_add(d->conns, fd, stream);
    if (s == NULL || c == NULL) {
        d->metrics.connections_refused++;
        free(s);
        if (c != NULL) {
            conn_close(c);
        }
        return NULL;
    }
    *s = (struct session){.dispatch = d, .conn = c, .number = ++d->metrics.connections};
    query_line_init(&s->line);
    conn_set_data(c, s);
    return s;
}

static void accept_tls(struct dispatch *d, int fd) {
    struct tls_stream *stream = d->tls != NULL ? tls_stream_new(d->tls, fd) : NULL;
    if (stream == NULL) {
        d->metrics.connections_refused++;
        close(fd);
        return;
    }
    struct session *s = session_open(d, fd, stream);
    if (s != NULL) {
        snprintf(s->actor, sizeof s->actor, "nobody");
    }
}

void dispatch_accept(struct dispatch *d, int fd, bool tls) {
    uid_t uid;
    if (tls) {
        accept_tls(d, fd);
        return;
    }
    if (!peer_uid(fd, &uid)) {
        d->metrics.connections_refused++;
        close(fd);
        return;
    }
    struct session *s = session_open(d, fd, NULL);
    if (s == NULL) {
        return;
    }
    struct conn *c = s->conn;
    s->known = true;
    peer_id(uid, s->actor);
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
                                .close_ms = (uint32_t)config->close_ms,
                                .handshake_ms = (uint32_t)config->handshake_ms,
                                .handshakes_max = (uint32_t)config->handshakes_max};
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
    struct conn_limits limits = limits_of(d->config);
    d->conns = conns_new(setting->base, setting->priority, &limits, &handler, d);
    d->requests = requests_new();
    d->peers = peers_new(setting->base, 0, (unsigned)d->config->name_ms, on_name, d);
    if (d->conns != NULL && d->requests != NULL) {
        d->group = group_new(setting->base, setting->store, d->conns, d->requests, &d->metrics);
        d->queries = queries_new(setting->store, setting->pool, d->conns, d->requests, &d->metrics,
                                 setting->room, line_of);
    }
    if (d->group == NULL || d->queries == NULL || d->peers == NULL) {
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

void dispatch_secure(struct dispatch *d, const struct tls *tls) {
    d->tls = tls;
}

static void run_group(void *ctx) {
    struct dispatch *d = ctx;
    group_run(d->group);
}

bool dispatch_turn(struct dispatch *d) {
    bool busy = conns_turn(d->conns, run_group);
    metrics_turn(&d->metrics);
    return busy;
}

struct conns *dispatch_conns(struct dispatch *d) {
    return d->conns;
}

struct group *dispatch_group(struct dispatch *d) {
    return d->group;
}

void dispatch_look(struct dispatch *d, struct store_status *status) {
    store_status(d->setting.store, status);
    warnings_look(&d->warnings, status, d->config->warn_percent);
}
