#include "client/connection_private.h"

#include "client/words.h"
#include "proto/frame.h"
#include "proto/message.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#define TRIES_DEFAULT   5
#define CONNECT_DEFAULT 5000
#define ANSWER_DEFAULT  60000
#define LAST_WORDS_MS   1000 /* for what a daemon said that takes nothing any more */

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

/* Random bytes, fetched many at once: an import needs a million of them. */
static void random_bytes(uint8_t *to, size_t n) {
    static uint8_t pool[250];
    static size_t left;
    static pid_t owner;
    if (left < n || owner != getpid()) { /* a child must not give out its parent's again */
        if (getrandom(pool, sizeof pool, 0) != sizeof pool) {
            abort(); /* so few never come short; an id that repeats would be worse */
        }
        left = sizeof pool;
        owner = getpid();
    }
    left -= n;
    memcpy(to, pool + left, n);
}

void connection_request_id(uint8_t id[16]) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    uint64_t ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
    for (int i = 0; i < 6; i++) {
        id[i] = (uint8_t)(ms >> (40 - 8 * i));
    }
    random_bytes(id + 6, 10);
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

void connection_close(struct connection *c) {
    transport_close(&c->transport);
    c->welcome = NULL;
}

/* ---- opening ------------------------------------------------------------------------ */

enum connection_outcome connection_unreachable(const struct connection *c, const char *why,
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
    if (c->options.token != NULL) {
        SET(&hello, token, ((ProtobufCBinaryData){32, (uint8_t *)c->options.token}));
    }
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
        outcome = connection_unreachable(c, _("it did not answer the greeting"), e);
    }
    connection_close(c);
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
        return connection_unreachable(c, why, e);
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
            /* Whoever must wait with a password is told how long. */
            bool again = e->code == ERR_BUSY && !*answered && strcmp(e->field, "password") != 0;
            return again ? EXCHANGE_BUSY : EXCHANGE_REFUSED;
        }
        *answered = true;
        if (answer(ctx, got) != 0 || !got->more) {
            return EXCHANGE_DONE;
        }
    }
}

/* Longer and longer pauses: about ten seconds over five tries. */
void connection_pause(unsigned attempt) {
    static const unsigned ms[] = {0, 200, 800, 3000, 6000};
    unsigned last = sizeof ms / sizeof ms[0] - 1;
    unsigned wait = ms[attempt < last ? attempt : last];
    struct timespec t = {.tv_sec = wait / 1000, .tv_nsec = (long)(wait % 1000) * 1000000};
    nanosleep(&t, NULL);
}

static enum connection_outcome gave_up(const struct connection *c, const Madoguchi__Request *r,
                                       struct error *e) {
    if (r->body_case == MADOGUCHI__REQUEST__BODY_PASSWORD) {
        error_set(e, ERR_INTERNAL, "",
                  SAY("The answer was lost: it is not known whether the password was changed."));
        return CONNECTION_UNKNOWN;
    }
    if (!records(r)) {
        error_set(e, ERR_INTERNAL, "",
                  SAY("The connection to madoguchid at %s was lost and could "
                      "not be made again. Nothing was changed; try again."),
                  c->options.address);
        return CONNECTION_UNREACHABLE;
    }
    char hex[33];
    sodium_bin2hex(hex, sizeof hex, r->id.data, r->id.len < 16 ? r->id.len : 16);
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

/* It has no id: asked again after it was done, its old password is a wrong one. */
static bool is_own_password(const Madoguchi__Request *r) {
    return r->body_case == MADOGUCHI__REQUEST__BODY_PASSWORD && r->password->has_old;
}

enum connection_outcome connection_ask_pieces(struct connection *c, Madoguchi__Request **pieces,
                                              size_t n, connection_answer_fn answer, void *ctx,
                                              struct error *e) {
    bool sent = false;
    enum exchange result = EXCHANGE_LOST;
    for (unsigned attempt = 0; attempt < c->options.tries; attempt++) {
        connection_pause(attempt);
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
            connection_close(c);
            if (answered) {
                return broken_off(e);
            }
            if (is_own_password(pieces[0])) {
                break; /* done or not, the old one may be none any more */
            }
        }
    }
    return result == EXCHANGE_BUSY ? CONNECTION_REFUSED : gave_up(c, pieces[0], e);
}

enum connection_outcome connection_ask(struct connection *c, Madoguchi__Request *request,
                                       connection_answer_fn answer, void *ctx, struct error *e) {
    return connection_ask_pieces(c, &request, 1, answer, ctx, e);
}
