/* Connections: frames in, messages out, and the limits on both.
 *
 * Knows nothing of what is said: a handler gets whole messages and answers with
 * conn_send().  What a peer can cost is bounded here:
 *
 *     handshakes      those under way are counted; whoever accepts looks at
 *                     conns_securing()
 *     handshake       absolute time to its end; less while too many are under way
 *     frame size      checked on the header, before anything is kept for it
 *     in flight       conn_begin/conn_end count; at the limit reading stops
 *     output          past output_high reading stops until output_low
 *     first frame     absolute time from the beginning of the connection
 *     whole frame     absolute time from a frame's first byte to its last
 *     idle            nothing asked and no answer taken; for some connections
 *                     (conn_passing) the whole time that they have
 *     turn            CONN_TURN_FRAMES a connection, so that one cannot starve
 *                     the others
 *
 * One thread, that of the event base.  Nothing is written or freed inside a
 * callback: conns_turn() does it once a loop turn, so a struct conn is valid
 * until the turn ends, also after conn_close().  Across turns a connection is
 * known by its struct conn_id: conn_find() says whether it still lives. */
#ifndef MADOGUCHI_DAEMON_CONN_H
#define MADOGUCHI_DAEMON_CONN_H

#include "proto/error.h"

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONN_TURN_FRAMES 64

/* While handshakes_max are under way, one that takes longer gives up its place:
 * who does not get on must not keep others out for long. */
#define CONN_CROWDED_MS 1000

struct conn;
struct conns;
struct tls_peer;
struct tls_stream;

struct conn_id {
    uint32_t slot;
    uint32_t generation; /* never 0 */
};

/* Durations in milliseconds, sizes in bytes. */
struct conn_limits {
    uint32_t in_flight_max;
    size_t output_high;
    size_t output_low;
    uint32_t first_frame_ms;
    uint32_t frame_ms;
    uint32_t idle_ms;
    uint32_t close_ms; /* to take the last answer */
    uint32_t handshake_ms;
    uint32_t handshakes_max;
};

enum conn_end {
    CONN_END_PEER,        /* the peer closed, or its connection broke */
    CONN_END_FINISHED,    /* conn_finish(), all taken */
    CONN_END_FIRST_FRAME, /* deadlines */
    CONN_END_FRAME,
    CONN_END_IDLE,
    CONN_END_CLOSE,     /* the last answer was not taken in time */
    CONN_END_CLOSED,    /* conn_close(), conns_free() */
    CONN_END_MEMORY,    /* no memory for an answer: it cannot be given whole */
    CONN_END_HANDSHAKE, /* its deadline */
    CONN_END_UNSECURED, /* the handshake failed */
};

struct conn_handler {
    /* One whole message, valid during the call.  The handler may answer now or
     * later, or conn_finish(). */
    void (*message)(void *ctx, struct conn *c, const uint8_t *data, size_t len);
    /* The bytes are no frames: e says why.  The handler answers; the connection
     * is finished afterwards by the caller. */
    void (*broken)(void *ctx, struct conn *c, const struct error *e);
    /* Output fell to output_low after conn_full() was true.  May be NULL. */
    void (*drained)(void *ctx, struct conn *c);
    /* It is gone; *c is valid until the call returns.  May be NULL. */
    void (*closed)(void *ctx, struct conn *c, enum conn_end why);
    /* Whether more messages can be taken in this turn.  May be NULL: always. */
    bool (*ready)(void *ctx);
    /* The handshake of a connection over TLS is done: conn_peer() says who it
     * is.  May be NULL. */
    void (*secured)(void *ctx, struct conn *c);
};

/* handler and ctx must outlive the result.  NULL when out of memory. */
struct conns *conns_new(struct event_base *base, int priority, const struct conn_limits *limits,
                        const struct conn_handler *handler, void *ctx);

/* Closes all of them. */
void conns_free(struct conns *conns);

/* New limits; connections that are open follow, except for in_flight_max. */
void conns_limits(struct conns *conns, const struct conn_limits *limits);

size_t conns_count(const struct conns *conns);

/* Takes over a connected stream socket, and the TLS stream on it (NULL: its
 * bytes are frames).  NULL, and both are gone, when out of memory.  The
 * first-frame deadline runs from here, or from the end of the handshake. */
struct conn *conns_add(struct conns *conns, int fd, struct tls_stream *stream);

/* Connections over TLS; of those, handshakes under way; and handshakes that
 * failed or took too long. */
size_t conns_remote(const struct conns *conns);
size_t conns_securing(const struct conns *conns);
uint64_t conns_unsecured(const struct conns *conns);

/* Writes what was answered now, without waiting for the end of the turn. */
void conns_write(struct conns *conns);

/* Ends a loop turn: reads on where messages were left, calls `between` (NULL:
 * nothing) which may answer, writes what was answered, frees what was closed.
 * Returns whether something is left to do, so that the loop must not sleep. */
bool conns_turn(struct conns *conns, void (*between)(void *ctx));

/* No connection reads any more; what was answered is still written. */
void conns_stop_reading(struct conns *conns);

/* Finishes every connection that has nothing in flight. */
void conns_finish_all(struct conns *conns);

/* Calls `each` for every open connection; it may close or finish it. */
void conns_each(struct conns *conns, void (*each)(void *ctx, struct conn *c), void *ctx);

/* ---- one connection --------------------------------------------------------- */

struct conn_id conn_id(const struct conn *c);
struct conn *conn_find(struct conns *conns, struct conn_id id); /* NULL when gone */
int conn_fd(const struct conn *c);
/* Who is at the other end of a connection over TLS; NULL: it is none.  The
 * certificate is known when secured() is called. */
const struct tls_peer *conn_peer(const struct conn *c);
void *conn_data(const struct conn *c); /* the handler's own, NULL at first */
void conn_set_data(struct conn *c, void *data);

/* Counts a request in flight, and one less when its last answer was sent. */
void conn_begin(struct conn *c);
void conn_done(struct conn *c);
uint32_t conn_in_flight(const struct conn *c);

/* Notes that the connection had a part in this turn of whoever counts them;
 * returns the turn noted before, 0 at first. */
uint64_t conn_turn(struct conn *c, uint64_t turn);

/* Stops reading until conn_release(). */
void conn_hold(struct conn *c);
void conn_release(struct conn *c);

/* It is given idle_ms from now and no more, whatever it does. */
void conn_passing(struct conn *c);

/* Queues a message (at most FRAME_MAX packed) as one frame.  Packs straight
 * into the output.  On a closed connection it does nothing. */
void conn_send(struct conn *c, const ProtobufCMessage *message);

/* Room for one frame of `len` message bytes, its header written; to be filled
 * at once and sent by conn_commit().  NULL on a closed connection. */
uint8_t *conn_reserve(struct conn *c, size_t len);
void conn_commit(struct conn *c);

/* More than output_high waits: send no more of a long answer until drained(). */
bool conn_full(const struct conn *c);

/* Reads no more, and closes once everything answered is taken. */
void conn_finish(struct conn *c);

/* Closes now; handler->closed is called at once. */
void conn_close(struct conn *c);
bool conn_is_closed(const struct conn *c);

#endif
