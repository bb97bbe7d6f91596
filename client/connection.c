#include "client/connection.h"

#include "client/transport.h"
#include "client/words.h"
#include "proto/frame.h"
#include "proto/message.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#define TRIES_DEFAULT   5
#define CONNECT_DEFAULT 5000
#define ANSWER_DEFAULT  60000
#define LAST_WORDS_MS   1000 /* for what a daemon said that takes nothing any more */

struct connection {
    struct connection_options options;
    struct transport transport;
    struct arena arena; /* of the answer at hand */
    struct arena welcome_arena;
    Madoguchi__Welcome *welcome;
    uint32_t serial; /* of the last request sent */
};

/* What became of one exchange on an open connection. */
enum exchange {
    EXCHANGE_DONE,
    EXCHANGE_REFUSED,
    EXCHANGE_BUSY, /* the daemon asks to try again */
    EXCHANGE_LOST, /* no answer: the connection is closed */
};

struct connection *connection_new(const struct connection_options *options) {
    struct connection *c = calloc(1, sizeof *c);
    if (c == NULL) {
        return NULL;
    }
    c->options = *options;
    c->options.tries = options->tries > 0 ? options->tries : TRIES_DEFAULT;
    c->options.connect_ms = options->connect_ms > 0 ? options->connect_ms : CONNECT_DEFAULT;
    c->options.answer_ms = options->answer_ms > 0 ? options->answer_ms : ANSWER_DEFAULT;
    arena_init(&c->arena, FRAME_BUDGET);
    arena_init(&c->welcome_arena, FRAME_BUDGET);
    if (transport_init(&c->transport) < 0) {
        connection_free(c);
        return NULL;
    }
    return c;
}

void connection_free(struct connection *c) {
    if (c != NULL) {
        transport_free(&c->transport);
        arena_free(&c->arena);
        arena_free(&c->welcome_arena);
        free(c);
    }
}

void connection_patience(struct connection *c, unsigned answer_ms) {
    c->options.answer_ms = answer_ms;
}

const Madoguchi__Welcome *connection_welcome(const struct connection *c) {
    return c->welcome;
}

void connection_request_id(uint8_t id[16]) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    uint64_t ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
    for (int i = 0; i < 6; i++) {
        id[i] = (uint8_t)(ms >> (40 - 8 * i));
    }
    if (getrandom(id + 6, 10, 0) != 10) {
        abort(); /* ten bytes never come short; an id that repeats would be worse */
    }
}

static void copy_text(char *to, size_t size, ProtobufCBinaryData from) {
    size_t len = from.len < size ? from.len : size - 1;
    if (len > 0) {
        memcpy(to, from.data, len);
    }
    to[len] = '\0';
}

void connection_error(const Madoguchi__Error *from, struct error *to) {
    memset(to, 0, sizeof *to);
    to->code = (int)from->code;
    copy_text(to->field, sizeof to->field, from->field);
    copy_text(to->en, sizeof to->en, from->en);
    copy_text(to->ja, sizeof to->ja, from->ja);
    for (size_t i = 0; i < from->n_near && i < ERROR_NEAR_MAX; i++) {
        copy_text(to->near[i], sizeof to->near[i], from->near[i]);
        to->n_near++;
    }
}

/* ---- one message ----------------------------------------------------------------- */

static int send_message(struct connection *c, const Madoguchi__ClientMessage *message) {
    size_t len = protobuf_c_message_get_packed_size(&message->base);
    if (len > FRAME_MAX) {
        return -1;
    }
    uint8_t *room = transport_room(&c->transport, FRAME_HEADER + len);
    if (room == NULL) {
        return -1;
    }
    frame_header(room, len);
    protobuf_c_message_pack(&message->base, room + FRAME_HEADER);
    transport_filled(&c->transport, FRAME_HEADER + len);
    return 0;
}

/* The next message, in the arena; NULL when the connection is lost. */
static Madoguchi__ServerMessage *next_message(struct connection *c, struct arena *arena,
                                              unsigned patience_ms) {
    const uint8_t *data;
    size_t len;
    /* Even when nothing can be written any more, what the daemon said before it
     * closed may still be there to be read: usually why. */
    if (transport_flush(&c->transport, patience_ms) < 0 && patience_ms > LAST_WORDS_MS) {
        patience_ms = LAST_WORDS_MS;
    }
    if (transport_frame(&c->transport, &data, &len, patience_ms) < 0) {
        return NULL;
    }
    arena_reset(arena);
    return (Madoguchi__ServerMessage *)message_unpack(&madoguchi__server_message__descriptor, arena,
                                                      data, len, NULL);
}

static void close_connection(struct connection *c) {
    transport_close(&c->transport);
    c->welcome = NULL;
}

/* ---- opening ------------------------------------------------------------------------ */

static enum connection_outcome unreachable(const struct connection *c, const char *why,
                                           struct error *e) {
    error_set(
        e, ERR_INTERNAL, "",
        SAY("No madoguchid answers at %s (%s). Is it running? Start it with `madoguchid serve "
            "--store DIR --listen %s`, or name another with --server or MADOGUCHI_SERVER."),
        c->options.address, why, c->options.address);
    return CONNECTION_UNREACHABLE;
}

static enum connection_outcome greet(struct connection *c, struct error *e) {
    Madoguchi__Hello hello = MADOGUCHI__HELLO__INIT;
    SET(&hello, protocol, PROTOCOL_VERSION);
    SET(&hello, build, bytes_of(c->options.build));
    SET(&hello, language, bytes_of(c->options.language));
    Madoguchi__ClientMessage message = MADOGUCHI__CLIENT_MESSAGE__INIT;
    message.body_case = MADOGUCHI__CLIENT_MESSAGE__BODY_HELLO;
    message.hello = &hello;
    const Madoguchi__ServerMessage *answer = NULL;
    if (send_message(c, &message) == 0) {
        answer = next_message(c, &c->welcome_arena, c->options.connect_ms);
    }
    if (answer != NULL && answer->body_case == MADOGUCHI__SERVER_MESSAGE__BODY_WELCOME) {
        c->welcome = answer->welcome;
        return CONNECTION_DONE;
    }
    enum connection_outcome outcome = CONNECTION_REFUSED;
    if (answer == NULL && transport_refused(&c->transport, e)) {
        outcome = CONNECTION_UNREACHABLE;
    } else if (answer != NULL && answer->body_case == MADOGUCHI__SERVER_MESSAGE__BODY_ANSWER &&
               answer->answer->body_case == MADOGUCHI__ANSWER__BODY_ERROR) {
        connection_error(answer->answer->error, e);
    } else {
        outcome = unreachable(c, _("it did not answer the greeting"), e);
    }
    close_connection(c);
    return outcome;
}

enum connection_outcome connection_open(struct connection *c, struct error *e) {
    if (transport_is_open(&c->transport)) {
        return CONNECTION_DONE;
    }
    char why[128];
    const struct transport_place place = {c->options.address, c->options.files};
    switch (transport_open(&c->transport, &place, c->options.connect_ms, why, sizeof why, e)) {
    case TRANSPORT_OPEN:
        return greet(c, e);
    case TRANSPORT_BAD_ADDRESS:
        error_set(e, ERR_INVALID, "server",
                  SAY("The address %s cannot be used: expected unix:PATH or tls:HOST:PORT."),
                  c->options.address);
        return CONNECTION_UNREACHABLE;
    case TRANSPORT_UNTRUSTED:
        return CONNECTION_UNREACHABLE;
    default:
        return unreachable(c, why, e);
    }
}

/* ---- one question -------------------------------------------------------------------- */

static bool records(const Madoguchi__Request *request) {
    return request->body_case >= MADOGUCHI__REQUEST__BODY_ACT &&
           request->body_case < MADOGUCHI__REQUEST__BODY_SHOW && !request->check;
}

/* Sends all pieces on the open connection and reads the answers. */
static enum exchange exchange(struct connection *c, Madoguchi__Request **pieces, size_t n,
                              connection_answer_fn answer, void *ctx, bool *answered,
                              struct error *e) {
    uint32_t first = c->serial + 1;
    unsigned patience_ms = c->options.answer_ms;
    for (size_t i = 0; i < n; i++) {
        SET(pieces[i], serial, ++c->serial);
        Madoguchi__ClientMessage message = MADOGUCHI__CLIENT_MESSAGE__INIT;
        message.body_case = MADOGUCHI__CLIENT_MESSAGE__BODY_REQUEST;
        message.request = pieces[i];
        if (send_message(c, &message) < 0 ||
            transport_flush(&c->transport, c->options.answer_ms) < 0) {
            patience_ms = patience_ms < LAST_WORDS_MS ? patience_ms : LAST_WORDS_MS;
            break;
        }
    }
    for (;;) {
        const Madoguchi__ServerMessage *message = next_message(c, &c->arena, patience_ms);
        if (message == NULL || message->body_case != MADOGUCHI__SERVER_MESSAGE__BODY_ANSWER) {
            return EXCHANGE_LOST;
        }
        const Madoguchi__Answer *got = message->answer;
        bool error = got->body_case == MADOGUCHI__ANSWER__BODY_ERROR;
        if (got->serial < first && !(error && got->serial == 0)) {
            continue; /* the rest of an answer that was not read to its end */
        }
        if (error) {
            connection_error(got->error, e);
            return e->code == ERR_BUSY && !*answered ? EXCHANGE_BUSY : EXCHANGE_REFUSED;
        }
        *answered = true;
        if (answer(ctx, got) != 0 || !got->more) {
            return EXCHANGE_DONE;
        }
    }
}

/* Longer and longer pauses: about ten seconds over five tries. */
static void pause_before(unsigned attempt) {
    static const unsigned ms[] = {0, 200, 800, 3000, 6000};
    unsigned last = sizeof ms / sizeof ms[0] - 1;
    unsigned wait = ms[attempt < last ? attempt : last];
    struct timespec t = {.tv_sec = wait / 1000, .tv_nsec = (long)(wait % 1000) * 1000000};
    nanosleep(&t, NULL);
}

static enum connection_outcome gave_up(const struct connection *c, const Madoguchi__Request *r,
                                       struct error *e) {
    if (!records(r)) {
        error_set(e, ERR_INTERNAL, "",
                  SAY("The connection to madoguchid at %s was lost and could "
                      "not be made again. Nothing was changed; try again."),
                  c->options.address);
        return CONNECTION_UNREACHABLE;
    }
    char hex[33] = "";
    for (size_t i = 0; i < r->id.len && i < 16; i++) {
        snprintf(hex + 2 * i, 3, "%02x", r->id.data[i]);
    }
    error_set(e, ERR_INTERNAL, "",
              SAY("The answer was lost: it is not known whether this was recorded. Ask again with "
                  "the same words and --request-id %s: it is done once, or not at all."),
              hex);
    return CONNECTION_UNKNOWN;
}

static enum connection_outcome broken_off(struct error *e) {
    error_set(e, ERR_INTERNAL, "",
              SAY("The connection was lost in the middle of the answer. What was printed is not "
                  "complete; ask again."));
    return CONNECTION_UNREACHABLE;
}

enum connection_outcome connection_ask_pieces(struct connection *c, Madoguchi__Request **pieces,
                                              size_t n, connection_answer_fn answer, void *ctx,
                                              struct error *e) {
    bool sent = false;
    enum exchange result = EXCHANGE_LOST;
    for (unsigned attempt = 0; attempt < c->options.tries; attempt++) {
        pause_before(attempt);
        enum connection_outcome opened = connection_open(c, e);
        if (opened == CONNECTION_REFUSED || (opened != CONNECTION_DONE && !sent)) {
            return opened;
        }
        if (opened != CONNECTION_DONE) {
            continue;
        }
        bool answered = false;
        sent = true;
        result = exchange(c, pieces, n, answer, ctx, &answered, e);
        if (result == EXCHANGE_DONE) {
            return CONNECTION_DONE;
        }
        if (result == EXCHANGE_REFUSED) {
            return CONNECTION_REFUSED;
        }
        if (result == EXCHANGE_LOST) {
            close_connection(c);
            if (answered) {
                return broken_off(e);
            }
        }
    }
    return result == EXCHANGE_BUSY ? CONNECTION_REFUSED : gave_up(c, pieces[0], e);
}

enum connection_outcome connection_ask(struct connection *c, Madoguchi__Request *request,
                                       connection_answer_fn answer, void *ctx, struct error *e) {
    return connection_ask_pieces(c, &request, 1, answer, ctx, e);
}

/* ---- many requests ---------------------------------------------------------------------- */

struct progress {
    uint8_t *done; /* one byte a request */
    size_t next;   /* the next to be sent */
    size_t first;  /* everything before it is done */
    size_t in_flight;
    uint32_t serial; /* of request 0 */
    bool stop;
};

static size_t put_varint(uint8_t *out, uint64_t value) {
    size_t n = 0;
    while (value >= 0x80) {
        out[n++] = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    out[n++] = (uint8_t)value;
    return n;
}

/* A packed Request is kept without its serial.  Protobuf lets fields stand in
 * any order, so serial (1) and check (8) are put behind it, and the whole
 * becomes field 2 of a ClientMessage. */
static int send_packed(struct connection *c, ProtobufCBinaryData request, uint32_t serial,
                       bool check) {
    uint8_t tail[16];
    size_t tail_len = 0;
    tail[tail_len++] = 1 << 3;
    tail_len += put_varint(tail + tail_len, serial);
    if (check) {
        tail[tail_len++] = 8 << 3;
        tail[tail_len++] = 1;
    }
    uint8_t head[16];
    size_t head_len = 0;
    head[head_len++] = 2 << 3 | 2;
    head_len += put_varint(head + head_len, request.len + tail_len);
    size_t len = head_len + request.len + tail_len;
    uint8_t *room = len <= FRAME_MAX ? transport_room(&c->transport, FRAME_HEADER + len) : NULL;
    if (room == NULL) {
        return -1;
    }
    frame_header(room, len);
    room += FRAME_HEADER;
    memcpy(room, head, head_len);
    memcpy(room + head_len, request.data, request.len);
    memcpy(room + head_len + request.len, tail, tail_len);
    transport_filled(&c->transport, FRAME_HEADER + len);
    return 0;
}

static int fill_window(struct connection *c, const struct connection_stream *s,
                       struct progress *p) {
    size_t window = c->welcome->in_flight_max > 0 ? c->welcome->in_flight_max : 1;
    while (!p->stop && p->next < s->n && p->in_flight < window &&
           transport_pending(&c->transport) < TRANSPORT_BATCH) {
        size_t i = p->next++;
        if (p->done[i]) {
            continue;
        }
        if (send_packed(c, s->request(s->ctx, i), p->serial + (uint32_t)i, s->check) < 0) {
            return -1;
        }
        p->in_flight++;
    }
    return 0;
}

/* Takes every answer that has come.  -1: lost; 1: the daemon is busy. */
static int take_answers(struct connection *c, const struct connection_stream *s, struct progress *p,
                        struct error *e) {
    const uint8_t *data;
    size_t len;
    int got;
    while ((got = transport_frame_ready(&c->transport, &data, &len)) > 0) {
        arena_reset(&c->arena);
        const Madoguchi__ServerMessage *m = (Madoguchi__ServerMessage *)message_unpack(
            &madoguchi__server_message__descriptor, &c->arena, data, len, NULL);
        if (m == NULL || m->body_case != MADOGUCHI__SERVER_MESSAGE__BODY_ANSWER) {
            return -1;
        }
        size_t i = (uint32_t)(m->answer->serial - p->serial);
        if (i >= s->n || p->done[i]) {
            continue;
        }
        if (m->answer->body_case == MADOGUCHI__ANSWER__BODY_ERROR &&
            m->answer->error->code == MADOGUCHI__ERROR_CODE__BUSY) {
            connection_error(m->answer->error, e);
            return 1;
        }
        p->done[i] = 1;
        p->in_flight--;
        while (p->first < s->n && p->done[p->first]) {
            p->first++;
        }
        if (s->answer(s->ctx, i, m->answer) != 0) {
            p->stop = true;
        }
    }
    return got;
}

/* Until everything is answered (EXCHANGE_DONE) or the connection fails. */
static enum exchange run_stream(struct connection *c, const struct connection_stream *s,
                                struct progress *p, struct error *e) {
    p->next = p->first;
    p->in_flight = 0;
    p->serial = c->serial + 1;
    c->serial += (uint32_t)s->n;
    for (;;) {
        if (fill_window(c, s, p) < 0) {
            return EXCHANGE_LOST;
        }
        if (p->in_flight == 0 && (p->stop || p->next >= s->n)) {
            return EXCHANGE_DONE;
        }
        if (transport_move(&c->transport, c->options.answer_ms) < 0) {
            return EXCHANGE_LOST;
        }
        int taken = take_answers(c, s, p, e);
        if (taken != 0) {
            return taken < 0 ? EXCHANGE_LOST : EXCHANGE_BUSY;
        }
    }
}

static enum connection_outcome stream_gave_up(const struct connection *c,
                                              const struct connection_stream *s, struct error *e) {
    if (s->check) {
        return unreachable(c, _("the connection was lost"), e);
    }
    error_set(e, ERR_INTERNAL, "",
              SAY("The connection to madoguchid at %s was lost and could not be made again. Some "
                  "rows may not be recorded yet: give the same command again, it completes the "
                  "rest."),
              c->options.address);
    return CONNECTION_UNKNOWN;
}

enum connection_outcome connection_stream(struct connection *c, const struct connection_stream *s,
                                          struct error *e) {
    struct progress p = {.done = calloc(s->n + 1, 1)};
    if (p.done == NULL) {
        error_set(e, ERR_INTERNAL, "", SAY("Out of memory."));
        return CONNECTION_REFUSED;
    }
    enum connection_outcome outcome = CONNECTION_UNKNOWN;
    enum exchange result = EXCHANGE_LOST;
    unsigned attempt = 0;
    bool sent = false;
    for (; attempt < c->options.tries; attempt++) {
        pause_before(attempt);
        outcome = connection_open(c, e);
        if (outcome == CONNECTION_REFUSED || (outcome != CONNECTION_DONE && !sent)) {
            break;
        }
        if (outcome != CONNECTION_DONE) {
            continue;
        }
        sent = true;
        size_t before = p.first;
        result = run_stream(c, s, &p, e);
        if (result == EXCHANGE_DONE) {
            break;
        }
        close_connection(c);
        if (p.first > before) {
            attempt = 0; /* it moves: a daemon that restarts now and then is no reason to stop */
        }
    }
    free(p.done);
    if (attempt < c->options.tries) {
        return outcome;
    }
    return result == EXCHANGE_BUSY ? CONNECTION_REFUSED : stream_gave_up(c, s, e);
}
