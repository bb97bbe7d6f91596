/* HTTP for browsers: libevent's evhttp with every limit set.
 *
 * One loop and no state beside what is under way: who somebody is stands in the cookie,
 * which is the daemon's token, and all the rest is the daemon's.  TLS by itself, or plain
 * behind a proxy on this machine (SERVER_PLAIN). */
#ifndef MADOGUCHI_CLIENT_WEB_SERVER_H
#define MADOGUCHI_CLIENT_WEB_SERVER_H

#include "client/web/upstream.h"
#include "proto/error.h"
#include "proto/tls.h"

#include <event2/http.h>

#define SERVER_HEADERS_MAX 8192  /* bytes of a request's headers */
#define SERVER_BODY_MAX    65536 /* bytes of a request's body */
#define SERVER_LISTEN_MAX  8

/* Numbers that a test sets smaller. */
struct server_limits {
    unsigned connections_max; /* at a time; who comes beyond waits */
    unsigned request_ms;      /* from one answer to the end of the next request, however slowly
                                 its bytes come, then the connection is closed */
    unsigned answer_ms;       /* longest silence of the daemon */
};
#define SERVER_LIMITS ((struct server_limits){1024, 30000, 60000})

struct server_setting {
    struct event_base *base;
    const char *daemon; /* unix:PATH */
    struct server_limits limits;
    bool plain; /* no TLS: only on loopback, a proxy on this machine has it */
};

struct server;

/* The setting's texts must outlive it.  NULL without memory. */
struct server *server_new(const struct server_setting *setting);
void server_free(struct server *s);

/* New connections are under this TLS; the server owns it.  Those that are there live
 * on with theirs. */
void server_secure(struct server *s, struct tls *tls);
const struct tls *server_tls(const struct server *s);

/* Listens on HOST:PORT (an address in brackets if IPv6; port 0: any that is free), says
 * in the log where.  ERR_INVALID, ERR_INTERNAL with the way out. */
int server_listen(struct server *s, const char *address, struct error *e) MUST_CHECK;

/* Takes the sockets systemd passes; how many, or -1: one is no listening TCP socket
 * (evhttp and Unix sockets do not go together). */
int server_listen_systemd(struct server *s, struct error *e) MUST_CHECK;

/* Takes nobody new; what is under way is answered.  server_busy(): how much that is, with
 * answers that are not written yet. */
void server_stop(struct server *s);
size_t server_busy(const struct server *s);

#endif
