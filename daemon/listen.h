/* Listening: Unix sockets and TCP sockets of our own or passed by systemd, and
 * accepting.  What comes over TCP is TLS, always.
 *
 * At most LISTEN_TURN connections are accepted a wake-up, so that a storm does
 * not starve who is connected.  When the process or the system has no file
 * descriptor left, a spare one lets one waiting client hear that it is busy,
 * and accepting pauses for LISTEN_PAUSE_MS; the log says so once.  While paused by listen_pause()
 * (the limit of connections) nobody is turned away: who comes waits. */
#ifndef MADOGUCHI_DAEMON_LISTEN_H
#define MADOGUCHI_DAEMON_LISTEN_H

#include "proto/error.h"

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>

#define LISTEN_TURN     64
#define LISTEN_PAUSE_MS 100

/* So many pauses in a row for want of memory to watch a socket, and the process
 * ends (fault_loop): its supervisor can start it again, a queue that nobody looks
 * at could not be told from a daemon at work. */
#define LISTEN_DEAF_TRIES 10

struct listen;

struct listen_handler {
    /* A new connection: the callee owns the socket (non-blocking,
     * close-on-exec).  tls: it came over TCP. */
    void (*accepted)(void *ctx, int fd, bool tls);
    /* No descriptor is left: say so to the socket, a Unix one, which is closed
     * after the call.  May be NULL. */
    void (*busy)(void *ctx, int fd);
};

/* handler and ctx must outlive the result.  NULL when out of memory. */
struct listen *listen_new(struct event_base *base, int priority,
                          const struct listen_handler *handler, void *ctx);

/* Closes all sockets; removes the paths that listen_unix() made, if they are
 * still its own. */
void listen_free(struct listen *l);

/* Listens on `path`, mode 0660; owner and group (names or numbers) may be NULL:
 * those of the process.  A socket left behind by a dead process is replaced;
 * ERR_STATE when a live one answers there, ERR_INVALID when the path is another
 * kind of file or the names are unknown, ERR_INTERNAL with the system's words. */
int listen_unix(struct listen *l, const char *path, const char *owner, const char *group,
                struct error *e) MUST_CHECK;

/* Listens on tls:HOST:PORT: on each address of that name, looked up once, here.
 * Port 0: any that is free; the log says which.  ERR_INVALID for what is no
 * address or not known, ERR_INTERNAL with the system's words. */
int listen_tls(struct listen *l, const char *address, struct error *e) MUST_CHECK;

/* Takes the sockets systemd passes (LISTEN_FDS).  Returns how many, or -1:
 * ERR_INVALID when one is no listening stream socket, Unix or TCP. */
int listen_systemd(struct listen *l, struct error *e) MUST_CHECK;

size_t listen_count(const struct listen *l);

/* Whether one of them is a TCP socket. */
bool listen_has_tls(const struct listen *l);

/* Begins to accept. */
void listen_start(struct listen *l);

/* Pauses and resumes accepting, for the limit of connections. */
void listen_pause(struct listen *l);
void listen_resume(struct listen *l);

/* Pauses and resumes accepting over TCP alone, for the limit of handshakes. */
void listen_pause_tls(struct listen *l, bool pause);

/* Stops for good. */
void listen_stop(struct listen *l);

#endif
