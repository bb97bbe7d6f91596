/* Logins: passwords for tokens, tokens ended, passwords changed.
 *
 * Hashing takes tens of milliseconds and 64 MiB, so it is done by one thread of its
 * own, behind a queue of LOGIN_WAITING at most, and only after daemon/tries let the
 * try through.  The same thread writes the file of secrets.  A name that does not
 * exist is hashed against as any other and gets the same answer.
 *
 * What came of it is an entry (daemon/notices.h): recorded before it is answered,
 * failures summed. */
#ifndef MADOGUCHI_DAEMON_LOGIN_H
#define MADOGUCHI_DAEMON_LOGIN_H

#include "daemon/identity.h"
#include "daemon/notices.h"

#define LOGIN_WAITING 32

struct login;

/* Everything is the caller's and must outlive the result. */
struct login_setting {
    struct event_base *base;
    const char *directory; /* of the store */
    struct store *store;
    struct secrets *secrets;
    struct group *group;
    struct notices *notices;
};

/* NULL when threads or memory are missing. */
struct login *login_new(const struct login_setting *setting);

/* Ends the thread and writes the file a last time; false when the thread still runs after
 * wait_ms: the login must then be left alone until the process ends. */
bool login_stop(struct login *l, unsigned wait_ms);
void login_free(struct login *l); /* after login_stop() returned true */

/* Takes a checked request of kind REQUEST_LOGIN of a connection whose conn_begin()
 * was called; it is given to the group when it is decided.  `asker` is copied. */
void login_ask(struct login *l, const struct identity *asker, struct request *r);

/* The people have changed, and store_people_known(): whoever has no account any more has
 * no token, also when the account comes back. */
void login_people(struct login *l);

/* Every few seconds: forgets what is over, and has the use of tokens written down
 * now and then. */
void login_turn(struct login *l);

#endif
