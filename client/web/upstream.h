/* The gateway's connections to madoguchid: one for each login that is at work.
 *
 * A browser's request is asked on a connection that carries the token of its login,
 * so that it has that person's rights and no others; what is asked before a login goes
 * over one without a token.  Requests are pipelined; answers come back by serial, in
 * the loop.  Connections are made when they are first needed and closed when nothing
 * was asked for UPSTREAM_IDLE_MS; the login itself lives in the daemon.
 *
 * Speaks through client/transport, over a Unix socket: the loop never waits for it. */
#ifndef MADOGUCHI_CLIENT_WEB_UPSTREAM_H
#define MADOGUCHI_CLIENT_WEB_UPSTREAM_H

#include "client/token.h"
#include "proto/error.h"

#include <event2/event.h>
#include <stdbool.h>

#define UPSTREAMS_MAX        1024 /* connections at a time */
#define UPSTREAM_WAITING_MAX 256  /* requests of one that are not answered */
#define UPSTREAM_IDLE_MS     60000
#define UPSTREAM_ORIGIN      64

struct upstreams;

/* Who asks. */
struct upstream_login {
    bool has_token;
    uint8_t token[TOKEN_BYTES];
    bool english;                 /* the daemon's sentences */
    bool bulk;                    /* a connection beside, for answers of many rows */
    char origin[UPSTREAM_ORIGIN]; /* the browser's address */
};

/* How a question ended; *e is filled unless it is done. */
enum upstream_end {
    UPSTREAM_DONE,
    UPSTREAM_REFUSED, /* the daemon's error; ERR_FORBIDDEN with the field token: no login any more
                       */
    UPSTREAM_NOBODY,  /* no daemon answers: it was not asked */
    UPSTREAM_LOST,    /* no answer: it may be done; ask again under the same id */
};

struct upstream_handler {
    /* One answer, no error; lives only during the call.  false: that is enough, it is
     * done; what else comes of it is not waited for. */
    bool (*answer)(void *ctx, const Madoguchi__Answer *answer);
    void (*ended)(void *ctx, enum upstream_end end, const struct error *e);
};

/* `address` is unix:PATH; answer_ms: the longest silence while something is asked, or
 * until the daemon greets.  NULL without memory. */
struct upstreams *upstreams_new(struct event_base *base, const char *address, unsigned answer_ms);
void upstreams_free(struct upstreams *us);

/* Asks; the request is packed before the call returns, its serial is set.  `ended` is
 * called later, never during the call, once.  -1 with ERR_BUSY: no daemon answers, or too
 * much waits. */
int upstream_ask(struct upstreams *us, const struct upstream_login *login,
                 Madoguchi__Request *request, const struct upstream_handler *handler, void *ctx,
                 struct error *e) MUST_CHECK;

/* What the daemon said of itself when it was last greeted: valid until the next turn of
 * the loop; NULL: it never was. */
const Madoguchi__Welcome *upstream_welcome(const struct upstreams *us);

/* Forgets the connections of a login that has ended. */
void upstream_forget(struct upstreams *us, const uint8_t token[TOKEN_BYTES]);

#endif
