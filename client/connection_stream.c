/* Many rows over one connection, many in a message. */
#include "client/connection_private.h"

#include "client/words.h"
#include "proto/check.h"
#include "proto/frame.h"

#include <stdlib.h>
#include <string.h>

/* Messages under way: one is recorded while the next waits and one is made. */
#define BATCHES 3
/* A message is closed when the next row would make it longer; one row alone may. */
#define BATCH_BYTES 60000

struct batch {
    uint32_t serial;
    size_t n, answered;
    uint32_t row[CHECK_ROWS_MAX];
};

struct progress {
    uint8_t *done; /* one byte a row, of size */
    size_t size;
    size_t n;     /* rows that are known */
    bool failed;  /* out of memory */
    size_t next;  /* the next to be sent */
    size_t first; /* everything before it is done */
    struct batch batch[BATCHES];
    size_t sent, answered; /* batches, of this connection */
    bool stop;
};

/* Tags of madoguchi.proto. */
#define TAG_MESSAGE_REQUEST ((2 << 3) | 2)
#define TAG_REQUEST_SERIAL  (1 << 3)
#define TAG_REQUEST_CHECK   (8 << 3)
#define TAG_REQUEST_ROWS    ((MADOGUCHI__REQUEST__BODY_ROWS << 3) | 2)
#define TAG_ROWS_REQUEST    ((1 << 3) | 2)

static size_t put_varint(uint8_t *out, uint64_t value) {
    size_t n = 0;
    while (value >= 0x80) {
        out[n++] = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    out[n++] = (uint8_t)value;
    return n;
}

static size_t varint_size(uint64_t value) {
    uint8_t ignored[10];
    return put_varint(ignored, value);
}

/* Room to note n rows. */
static int note_rows(struct progress *p, size_t n) {
    if (n > p->size || p->done == NULL) {
        size_t size = n + n / 2 + 1024;
        uint8_t *grown = realloc(p->done, size);
        if (grown == NULL) {
            return -1;
        }
        memset(grown + p->size, 0, size - p->size);
        p->done = grown;
        p->size = size;
    }
    p->n = n;
    return 0;
}

/* Whether there is a row to be sent next. */
static bool has_next(const struct connection_stream *s, struct progress *p) {
    if (p->next == p->n && s->more != NULL && note_rows(p, s->more(s->ctx)) < 0) {
        p->failed = true;
    }
    return p->next < p->n;
}

/* Chooses the rows of the next message; returns the bytes of its Rows. */
static size_t choose(const struct connection_stream *s, struct progress *p, struct batch *b) {
    size_t bytes = 0;
    while (b->n < CHECK_ROWS_MAX && has_next(s, p)) {
        if (p->done[p->next]) {
            p->next++;
            continue;
        }
        size_t len = s->request(s->ctx, p->next).len;
        size_t more = 1 + varint_size(len) + len;
        if (b->n > 0 && bytes + more > BATCH_BYTES) {
            break;
        }
        bytes += more;
        b->row[b->n++] = (uint32_t)p->next++;
    }
    return bytes;
}

/* A row is kept packed, and is copied as it is. */
static int send_batch(struct connection *c, const struct connection_stream *s,
                      const struct batch *b, size_t bytes) {
    uint8_t inner[32];
    size_t n = 0;
    n += put_varint(inner + n, TAG_REQUEST_SERIAL);
    n += put_varint(inner + n, b->serial);
    if (s->check) {
        n += put_varint(inner + n, TAG_REQUEST_CHECK);
        n += put_varint(inner + n, 1);
    }
    n += put_varint(inner + n, TAG_REQUEST_ROWS);
    n += put_varint(inner + n, bytes);
    size_t len = 1 + varint_size(n + bytes) + n + bytes;
    uint8_t *to = len <= FRAME_MAX ? transport_room(&c->transport, FRAME_HEADER + len) : NULL;
    if (to == NULL) {
        return -1;
    }
    frame_header(to, len);
    to += FRAME_HEADER;
    to += put_varint(to, TAG_MESSAGE_REQUEST);
    to += put_varint(to, n + bytes);
    memcpy(to, inner, n);
    to += n;
    for (size_t i = 0; i < b->n; i++) {
        ProtobufCBinaryData row = s->request(s->ctx, b->row[i]);
        to += put_varint(to, TAG_ROWS_REQUEST);
        to += put_varint(to, row.len);
        memcpy(to, row.data, row.len);
        to += row.len;
    }
    transport_filled(&c->transport, FRAME_HEADER + len);
    return 0;
}

static int fill_window(struct connection *c, const struct connection_stream *s,
                       struct progress *p) {
    while (!p->stop && p->sent - p->answered < BATCHES &&
           transport_pending(&c->transport) < TRANSPORT_BATCH) {
        struct batch *b = &p->batch[p->sent % BATCHES];
        b->n = b->answered = 0;
        size_t bytes = choose(s, p, b);
        if (b->n == 0) {
            break;
        }
        b->serial = ++c->serial;
        if (send_batch(c, s, b, bytes) < 0) {
            return -1;
        }
        p->sent++;
    }
    return 0;
}

/* The answer to the next row of a batch, as if it had been asked alone. */
static void take_result(const struct connection_stream *s, struct progress *p, struct batch *b,
                        const Madoguchi__Answer *answer) {
    size_t i = b->row[b->answered++];
    p->done[i] = 1;
    while (p->first < p->n && p->done[p->first]) {
        p->first++;
    }
    if (s->answer(s->ctx, i, answer) != 0) {
        p->stop = true;
    }
}

static int take_results(const struct connection_stream *s, struct progress *p, struct batch *b,
                        const Madoguchi__Results *results) {
    if (results->n_result > b->n - b->answered) {
        return -1;
    }
    for (size_t i = 0; i < results->n_result; i++) {
        const Madoguchi__Result *result = results->result[i];
        Madoguchi__Answer answer = MADOGUCHI__ANSWER__INIT;
        if (result->body_case == MADOGUCHI__RESULT__BODY_RECORDED) {
            answer.body_case = MADOGUCHI__ANSWER__BODY_RECORDED;
            answer.recorded = result->recorded;
        } else if (result->body_case == MADOGUCHI__RESULT__BODY_ERROR) {
            answer.body_case = MADOGUCHI__ANSWER__BODY_ERROR;
            answer.error = result->error;
        } else {
            return -1;
        }
        take_result(s, p, b, &answer);
    }
    return 0;
}

/* -1: no answer to what was asked; 1: the daemon is busy. */
static int take_answer(const struct connection_stream *s, struct progress *p,
                       const Madoguchi__Answer *answer, struct error *e) {
    struct batch *b = &p->batch[p->answered % BATCHES];
    bool error = answer->body_case == MADOGUCHI__ANSWER__BODY_ERROR;
    if (error && answer->error->code == MADOGUCHI__ERROR_CODE__BUSY) {
        connection_error(answer->error, e);
        return 1;
    }
    if (p->answered == p->sent || answer->serial != b->serial) {
        return -1;
    }
    if (error) { /* of none of them something else */
        while (b->answered < b->n) {
            take_result(s, p, b, answer);
        }
    } else if (answer->body_case != MADOGUCHI__ANSWER__BODY_RESULTS ||
               take_results(s, p, b, answer->results) < 0) {
        return -1;
    }
    if (!answer->more) {
        if (b->answered < b->n) {
            return -1;
        }
        p->answered++;
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
        int taken = take_answer(s, p, m->answer, e);
        if (taken != 0) {
            return taken;
        }
    }
    return got;
}

/* Until everything is answered (EXCHANGE_DONE) or the connection fails. */
static enum exchange run_stream(struct connection *c, const struct connection_stream *s,
                                struct progress *p, struct error *e) {
    p->next = p->first;
    p->sent = p->answered = 0;
    for (;;) {
        if (fill_window(c, s, p) < 0) {
            return EXCHANGE_LOST;
        }
        if (p->failed) {
            error_set(e, ERR_INTERNAL, "", SAY("Out of memory."));
            return EXCHANGE_REFUSED;
        }
        if (p->sent == p->answered) {
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

static enum connection_outcome gave_up(const struct connection *c,
                                       const struct connection_stream *s, struct error *e) {
    if (s->check) {
        return connection_unreachable(c, _("the connection was lost"), e);
    }
    error_set(e, ERR_INTERNAL, "",
              SAY("The connection to madoguchid at %s was lost and could not be made again. Some "
                  "rows may not be recorded yet: give the same command again, it completes the "
                  "rest."),
              c->options.address);
    return CONNECTION_UNKNOWN;
}

/* Tries until all is answered, or too often without getting on. */
static enum connection_outcome try_all(struct connection *c, const struct connection_stream *s,
                                       struct progress *p, struct error *e) {
    enum exchange result = EXCHANGE_LOST;
    bool sent = false;
    for (unsigned attempt = 0; attempt < c->options.tries; attempt++) {
        connection_pause(attempt);
        enum connection_outcome outcome = connection_open(c, e);
        if (outcome == CONNECTION_REFUSED || (outcome != CONNECTION_DONE && !sent)) {
            return outcome;
        }
        if (outcome != CONNECTION_DONE) {
            continue;
        }
        sent = true;
        size_t before = p->first;
        result = run_stream(c, s, p, e);
        if (result == EXCHANGE_DONE) {
            return CONNECTION_DONE;
        }
        connection_close(c);
        if (result == EXCHANGE_REFUSED) {
            return CONNECTION_REFUSED;
        }
        if (p->first > before) {
            attempt = 0; /* it moves: a daemon that restarts now and then is no reason to stop */
        }
    }
    return result == EXCHANGE_BUSY ? CONNECTION_REFUSED : gave_up(c, s, e);
}

enum connection_outcome connection_stream(struct connection *c, const struct connection_stream *s,
                                          struct error *e) {
    struct progress *p = calloc(1, sizeof *p);
    if (p == NULL || note_rows(p, s->n) < 0) {
        free(p);
        error_set(e, ERR_INTERNAL, "", SAY("Out of memory."));
        return CONNECTION_REFUSED;
    }
    enum connection_outcome outcome = try_all(c, s, p, e);
    free(p->done);
    free(p);
    return outcome;
}
