/* Who is at the other end of a Unix socket.
 *
 * The kernel says which user connected (SO_PEERCRED); the user's name is looked
 * up in a thread of its own, since a directory service may be slow, and
 * remembered for PEER_KEEP_S.  A connection waits for it, at most `wait_ms`. */
#ifndef MADOGUCHI_DAEMON_PEER_H
#define MADOGUCHI_DAEMON_PEER_H

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

#define PEER_NAME    64 /* bytes with the NUL; longer names are cut */
#define PEER_ID      24
#define PEER_CACHE   256 /* users remembered */
#define PEER_KEEP_S  600
#define PEER_WAITING 4096 /* connections that wait for a name */
#define PEER_STOP_MS 100

struct peers;

/* Called once per peer_ask(), in the loop's thread; name "" when there is none
 * or it was not found in time. */
typedef void (*peer_fn)(void *ctx, uint64_t token, const char *name);

/* Starts the thread.  ctx must outlive the result.  NULL when that fails. */
struct peers *peers_new(struct event_base *base, int priority, unsigned wait_ms, peer_fn answer,
                        void *ctx);
void peers_wait(struct peers *p, unsigned wait_ms);

/* Waits PEER_STOP_MS for a lookup under way, then leaves it alone. */
void peers_free(struct peers *p);

/* The user at the other end. */
bool peer_uid(int fd, uid_t *uid);

/* An internet address in words and the network whose failures count together: "192.0.2.7"
 * and "192.0.2.0/24", "2001:db8::7" and "2001:db8::/64".  Both "" for another family. */
#define PEER_ADDRESS 46 /* bytes with the NUL */
#define PEER_NETWORK 50
void peer_address(const struct sockaddr_storage *who, char address[PEER_ADDRESS],
                  char network[PEER_NETWORK]);

/* The same from words; false: they are no address. */
bool peer_address_read(const char *words, char address[PEER_ADDRESS], char network[PEER_NETWORK]);

/* "uid:1000" */
void peer_id(uid_t uid, char out[PEER_ID]);

/* Asks for the name; answer() may be called before this returns. */
void peer_ask(struct peers *p, uid_t uid, uint64_t token);

#endif
