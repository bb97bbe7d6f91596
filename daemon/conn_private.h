/* What the files of the connection module share: conn.c (the table, ends,
 * deadlines), conn_read.c, conn_write.c, conn_secure.c (what TLS adds). */
#ifndef MADOGUCHI_DAEMON_CONN_PRIVATE_H
#define MADOGUCHI_DAEMON_CONN_PRIVATE_H

#include "daemon/conn.h"
#include "daemon/tls_stream.h"
#include "proto/frame.h"

#include <event2/buffer.h>
#include <event2/event_struct.h>

#define READ_BYTES (FRAME_HEADER + FRAME_MAX)

/* Why a connection does not read; it reads when none holds. */
enum {
    PAUSE_IN_FLIGHT = 1,
    PAUSE_OUTPUT = 2,
    PAUSE_HOLD = 4,
    PAUSE_END = 8, /* end of file, finishing, or the daemon stops */
};

struct conn {
    struct conns *conns;
    struct conn_id id;
    int fd;
    struct tls_stream *stream; /* NULL: without TLS */
    void *data;
    struct event readable;
    struct event writable;
    struct event timer;
    struct evbuffer *in; /* bytes read that are no whole frame yet, or may not be handled yet */
    struct evbuffer *out;
    struct evbuffer_iovec reserved;
    size_t reserved_len;
    uint32_t in_flight;
    uint32_t in_flight_max;
    uint64_t turn; /* conn_turn() */
    unsigned pause;
    bool writing; /* the event is added */
    bool closed, failed, finishing, eof, greeted, dirty, again, output_full;
    bool securing;     /* the handshake is under way */
    bool unread;       /* the stream may hold bytes that no event tells of */
    bool stream_waits; /* the stream waits until it can write */
    bool lingering;    /* all is said: what still comes is thrown away */
    enum conn_end why; /* of a lingering one */
    int64_t opened_at, frame_at, active_at, finish_at, timer_at; /* ms; frame_at 0: none begun */
    int64_t passing_at;                                          /* conn_passing(); 0: not */
    struct conn *next_dirty;
    struct conn *next_again;
    struct conn *next_dead;
};

struct conns {
    struct event_base *base;
    int priority;
    struct conn_limits limits;
    const struct conn_handler *handler;
    void *ctx;
    struct conn **slots;
    uint32_t *generations;
    uint32_t n_slots;
    uint32_t search; /* where to look for a free slot */
    size_t count;
    size_t remote;
    size_t securing;
    uint64_t unsecured;
    bool stopped;
    struct conn *dirty; /* have something to write */
    struct conn *again; /* have messages left */
    struct conn *dead;
    uint8_t scratch[READ_BYTES];
};

/* Milliseconds of a clock that only goes forward. */
int64_t conn_now(void);

/* Closes the connection, for the reason given, and puts it on the list of the
 * dead, which the turn frees. */
void conn_end(struct conn *c, enum conn_end why);

/* The connection cannot go on: an event cannot be asked for.  It is closed in
 * the next turn, so that whoever is at work on it need not look. */
void conn_fail(struct conn *c);

/* Arms the timer for the connection's deadline if that is earlier than what it
 * is armed for. */
void conn_timer_arm(struct conn *c);

/* Sets and clears reasons not to read. */
void conn_pause(struct conn *c, unsigned set, unsigned clear);

/* The connection has messages, or its end, left for the next turn. */
void conn_again(struct conn *c);

/* The connection has something to write at the end of the turn. */
void conn_dirty(struct conn *c);

/* Watches the socket for writing while that is waited for. */
void conn_watch_writable(struct conn *c);

/* ---- conn_secure.c --------------------------------------------------------------- */

/* Reads as recv() does, without TLS or with; -1 with EAGAIN: nothing for now. */
ssize_t conn_receive(struct conn *c, uint8_t *data, size_t size);

/* Writes of the output as much as TLS takes; as send(). */
ssize_t conn_send_secured(struct conn *c);

/* Goes on with the handshake. */
void conn_secure(struct conn *c);

/* The handshake is not under way any more. */
void conn_secure_end(struct conn *c);

/* Everything is said and written: ends the connection for the reason given.
 * One over TLS is told so and goes when the peer has closed too, or close_ms
 * later: a socket closed with bytes unread would take back what was sent. */
void conn_linger(struct conn *c, enum conn_end why);

/* Throws away what came to a lingering connection. */
void conn_linger_on(struct conn *c);

void conn_on_readable(evutil_socket_t fd, short what, void *arg);
void conn_on_writable(evutil_socket_t fd, short what, void *arg);

void conns_read_again(struct conns *conns);
void conns_write_dirty(struct conns *conns);

#endif
