/* One request on its way through the daemon, from frame to answer.
 *
 * Holds the arena that everything of it lives in.  Finished ones are kept for
 * reuse, so that a busy daemon hardly allocates; what a burst needed beyond that is
 * given back. */
#ifndef MADOGUCHI_DAEMON_REQUEST_H
#define MADOGUCHI_DAEMON_REQUEST_H

#include "daemon/conn.h"
#include "proto/arena.h"
#include "store/store.h"

#define REQUEST_KEEP 1024 /* finished ones kept */

/* What is asked for.  Requests that record wait for the same flush: one kind. */
enum request_kind {
    REQUEST_RECORD,
    REQUEST_SHOW,
    REQUEST_LIST,
    REQUEST_STATS,
    REQUEST_INDICATORS,
    REQUEST_PROVE,
    REQUEST_DOCUMENTS,
    REQUEST_STATUS,
    REQUEST_VERIFY,
    REQUEST_PING,
    REQUEST_BACKUP,
    REQUEST_ACCOUNTS,
    REQUEST_AUDIT,
    REQUEST_RESTATEMENTS,
    REQUEST_LOGIN, /* login, logout, password */
    REQUEST_WHOAMI,
    REQUEST_KINDS, /* nothing that is known */
};

/* Whether it came by itself or as one of many (daemon/rows.h). */
enum request_part { REQUEST_WHOLE, REQUEST_ROW, REQUEST_LAST_ROW };

struct request {
    struct request *next; /* of the queue it is in */
    struct arena arena;
    struct conn_id conn;            /* who asked */
    const Madoguchi__Request *body; /* in the arena; NULL once it is not needed */
    uint32_t serial;
    enum request_kind kind;
    enum request_part part;
    uint64_t came;                 /* microseconds, of metrics_clock() */
    bool japanese;                 /* language of the sentences in its answer */
    struct store_actor actor;      /* in the arena */
    const struct person *reader;   /* who asks, for questions; in the arena */
    const Journal__Notice *notice; /* to be recorded in place of the body; in the arena */
    Madoguchi__Page *reply;        /* answered in place of what was recorded; in the arena */
    const struct error *refusal;   /* decided before its turn came; in the arena */
    uint8_t *document;             /* an assembled Put; malloc'd, freed with the request */
    struct store_result result;
};

struct requests;

struct requests *requests_new(void); /* NULL when out of memory */
void requests_free(struct requests *all);

/* An empty request whose arena may take a message of the wire; NULL when out
 * of memory.  To be given to request_release() once. */
struct request *request_take(struct requests *all);
void request_release(struct requests *all, struct request *r);

/* Allows the arena what recording needs beside the message: results, texts, and
 * for `document_len` bytes of a document its unpacked form. */
void request_widen(struct request *r, size_t document_len);

/* REQUEST_KINDS when it asks for nothing; and "record", "show" ...: the name in
 * the protocol. */
enum request_kind request_kind_of(const Madoguchi__Request *body);
const char *request_kind_word(enum request_kind kind);

/* Notes a refusal that is answered when the request's turn comes. */
void request_refuse(struct request *r, const struct error *e);

#endif
