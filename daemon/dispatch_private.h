/* What the files of the dispatcher share: dispatch.c (connections, the whole),
 * dispatch_message.c (what each message leads to). */
#ifndef MADOGUCHI_DAEMON_DISPATCH_PRIVATE_H
#define MADOGUCHI_DAEMON_DISPATCH_PRIVATE_H

#include "daemon/dispatch.h"
#include "daemon/identity.h"
#include "daemon/login.h"
#include "daemon/notices.h"
#include "daemon/publish.h"
#include "daemon/put.h"
#include "daemon/warning.h"

#include <inttypes.h>

/* One connection. */
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
    struct publisher *publisher;
    uint64_t people; /* version of them that the connections were looked at by */
    const struct tls *tls;
    struct metrics metrics;
    struct warnings warnings;
};

/* Who, for a log line: "uid:1000/17". */
#define PEER_FORMAT             "peer=%s/%" PRIu64
#define PEER_ARGS(s)            (s)->identity.source, (s)->number
#define REQUEST_FORMAT          PEER_FORMAT " request=%u"
#define REQUEST_ARGS(s, serial) PEER_ARGS(s), (serial)

/* The account behind it, looked up again where that may have changed; false: there is
 * none (any more). */
bool session_look(struct session *s);
/* The same without a request, by which a token would count as used. */
bool session_stands(struct session *s);

/* ---- what connections and workers call: ctx is the dispatcher ------------------------ */

void dispatch_on_message(void *ctx, struct conn *c, const uint8_t *data, size_t len);
void dispatch_on_broken(void *ctx, struct conn *c, const struct error *e);
void dispatch_on_drained(void *ctx, struct conn *c);
bool dispatch_is_ready(void *ctx);
struct query_line *dispatch_line_of(struct conn *c);

/* Counts, logs and notes a refusal; notes what was handed out. */
void dispatch_on_refusal(void *ctx, const struct request *r, const struct error *e);
void dispatch_on_handed(void *ctx, const struct request *r, uint64_t rows);

#endif
