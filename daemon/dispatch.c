#include "daemon/dispatch_private.h"

#include "daemon/tls_stream.h"
#include "proto/frame.h"
#include "proto/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

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

static void note_unsecured(struct session *s) {
    /* A network's together: one peer may have as many addresses as it likes. */
    const struct notice_by by = {.source = s->identity.network};
    bool certificate = conn_peer(s->conn)->refused;
    notices_count(s->dispatch->notices, certificate ? NOTICE_CERTIFICATE_REFUSED : NOTICE_REFUSED,
                  &by, "handshake");
}

static void on_closed(void *ctx, struct conn *c, enum conn_end why) {
    struct dispatch *d = ctx;
    struct session *s = conn_data(c);
    if (s == NULL) {
        return;
    }
    log_end(s, why);
    if (why == CONN_END_UNSECURED || why == CONN_END_HANDSHAKE) {
        note_unsecured(s);
    }
    query_line_close(d->queries, &s->line);
    put_clear(&s->put);
    conn_set_data(c, NULL);
    free(s);
}

/* Over TLS a certificate may say who somebody is, until a token does. */
static void on_secured(void *ctx, struct conn *c) {
    struct session *s = conn_data(c);
    const struct tls_peer *peer = conn_peer(c);
    (void)ctx;
    identity_certificate(&s->identity, peer->fingerprint);
    log_event(LEVEL_DEBUG, "connected", PEER_FORMAT " subject=\"%s\"", PEER_ARGS(s), peer->subject);
}

static const struct conn_handler handler = {.message = dispatch_on_message,
                                            .broken = dispatch_on_broken,
                                            .drained = dispatch_on_drained,
                                            .closed = on_closed,
                                            .ready = dispatch_is_ready,
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
    snprintf(s->user, sizeof s->user, "%s", name);
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
        const struct tls_peer *peer = conn_peer(s->conn);
        snprintf(s->identity.source, sizeof s->identity.source, "%s", peer->address);
        snprintf(s->identity.network, sizeof s->identity.network, "%s", peer->network);
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
    peer_id(uid, s->identity.source);
    s->identity.has_uid = true;
    s->identity.uid = uid;
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
                                 setting->room, dispatch_line_of);
    }
    if (d->group != NULL && d->queries != NULL && d->peers != NULL) {
        d->notices = notices_new(d->group, d->requests);
    }
    if (d->notices != NULL) {
        d->publisher = publisher_new(setting->store, setting->pool, d->group);
    }
    if (d->publisher != NULL) { /* last: it may have work for its thread at once */
        d->login = login_of(d);
    }
    if (d->login == NULL) {
        dispatch_free(d);
        return NULL;
    }
    group_on_refusal(d->group, dispatch_on_refusal, d);
    queries_on_refusal(d->queries, dispatch_on_refusal, dispatch_on_handed, d);
    queries_configure(d->queries, d->config);
    return d;
}

void dispatch_free(struct dispatch *d) {
    if (d == NULL) {
        return;
    }
    conns_free(d->conns);
    publisher_free(d->publisher);
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

void dispatch_secure(struct dispatch *d, const struct tls *tls) {
    d->tls = tls;
}

static void run_group(void *ctx) {
    struct dispatch *d = ctx;
    group_run(d->group);
}

/* Whoever has no account any more has no connection. */
static void end_if_nobody(void *ctx, struct conn *c) {
    struct session *s = conn_data(c);
    (void)ctx;
    if (s->somebody && !session_stands(s)) {
        log_event(LEVEL_NOTICE, "account-ended", PEER_FORMAT, PEER_ARGS(s));
        conn_close(c);
    }
}

bool dispatch_turn(struct dispatch *d) {
    bool busy = conns_turn(d->conns, run_group);
    metrics_turn(&d->metrics);
    /* Not before whoever made the change has its answer. */
    if (store_people_version(d->setting.store) != d->people && !group_flushing(d->group) &&
        store_people_known(d->setting.store)) {
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
