/* One connection to madoguchid.
 *
 * Every front end speaks to the daemon through this module: it connects, says
 * hello, sends requests and hands out their answers.  A request that records
 * carries an id; when the connection is lost before its answer, it is asked
 * again under the same id, so that it is done once or not at all.
 *
 * Plain blocking sockets with deadlines; no thread, no state beside the
 * connection.  Durations are milliseconds. */
#ifndef MADOGUCHI_CLIENT_CONNECTION_H
#define MADOGUCHI_CLIENT_CONNECTION_H

#include "client/channel.h"
#include "proto/arena.h"
#include "proto/error.h"

#include <stdbool.h>

struct connection;

/* How a question ended.  The values are the exit codes of the command line. */
enum connection_outcome {
    CONNECTION_DONE = 0,
    CONNECTION_REFUSED = 1,     /* the daemon said no; *e is its error; nothing changed */
    CONNECTION_UNREACHABLE = 3, /* *e names the address and what to do */
    CONNECTION_UNKNOWN = 4,     /* sent, but no answer came in spite of asking again */
};

struct connection_options {
    const char *address;        /* unix:PATH or tls:HOST:PORT */
    struct channel_files files; /* for tls: */
    const char *language;       /* "ja" or "en": of the daemon's sentences */
    const char *build;          /* "madoguchi 0.1.0" */
    unsigned connect_ms;        /* 0: 5,000 */
    unsigned answer_ms;         /* longest silence while waiting for an answer; 0: 60,000 */
    unsigned tries;             /* 0: 5, spread over about ten seconds */
};

/* Makes a connection that is not yet connected; the strings must outlive it.
 * NULL when out of memory. */
struct connection *connection_new(const struct connection_options *options);
void connection_free(struct connection *c);

/* The longest silence to bear from now on (ms): a proof takes its time. */
void connection_patience(struct connection *c, unsigned answer_ms);

/* Connects and says hello unless that is done. */
enum connection_outcome connection_open(struct connection *c, struct error *e) MUST_CHECK;

/* What the daemon said to our hello; valid until the next reconnection. */
const Madoguchi__Welcome *connection_welcome(const struct connection *c);

/* Takes one answer; it lives only during the call.  Non-zero ends the asking
 * with CONNECTION_DONE and the rest of the answer is not read. */
typedef int (*connection_answer_fn)(void *ctx, const Madoguchi__Answer *answer);

/* Asks one thing.  Sets the request's serial, sends it and calls `answer` for
 * each answer but an error until the last has come. */
enum connection_outcome connection_ask(struct connection *c, Madoguchi__Request *request,
                                       connection_answer_fn answer, void *ctx,
                                       struct error *e) MUST_CHECK;

/* Asks one thing that comes in n pieces (Put): only the last is answered. */
enum connection_outcome connection_ask_pieces(struct connection *c, Madoguchi__Request **pieces,
                                              size_t n, connection_answer_fn answer, void *ctx,
                                              struct error *e) MUST_CHECK;

/* Many requests that each get one answer, pipelined as far as the daemon
 * allows, sent in order. */
struct connection_stream {
    size_t n;
    /* The packed Request number i, without a serial; stays valid until it is answered. */
    ProtobufCBinaryData (*request)(void *ctx, size_t i);
    /* Takes the answer (Recorded or Error) to request i.  Non-zero: send no more. */
    int (*answer)(void *ctx, size_t i, const Madoguchi__Answer *answer);
    void *ctx;
    bool check; /* ask each with check = true: nothing is recorded */
};

/* Requests whose answer was lost with the connection are asked again under
 * their ids.  CONNECTION_DONE also when `answer` stopped it. */
enum connection_outcome connection_stream(struct connection *c,
                                          const struct connection_stream *stream,
                                          struct error *e) MUST_CHECK;

/* A new request id: 6 bytes of Unix milliseconds, big-endian, and 10 random. */
void connection_request_id(uint8_t id[16]);

/* Copies the error of an answer. */
void connection_error(const Madoguchi__Error *from, struct error *to);

#endif
