/* Stores in which accounts decide: in process, and the daemon with somebody logged in.
 *
 * Nobody has to log in: the daemon finds the token of every account that
 * kit_people_serve() is told in its file of secrets. */
#ifndef MADOGUCHI_TESTS_KIT_PEOPLE_H
#define MADOGUCHI_TESTS_KIT_PEOPLE_H

#include "tests/kit_store.h"

#define KIT_TOKEN 32

/* Records an account, new or as it shall be from now on; lists are split by ';', NULL
 * is none.  Further fields, NULL at the end.  The seq. */
uint64_t kit_person(struct kit *k, const char *name, const char *roles, const char *services,
                    const char *offices, ...) __attribute__((sentinel));

/* Everything asked from now on is asked by the account; NULL: by the program, and over
 * the socket by whoever the Unix user is. */
void kit_become(struct kit *k, const char *name);

/* Starts the daemon on the store in process, which is closed, with a token for each of
 * these accounts (NULL at the end) and its name as its password, which is hashed
 * quickly.  kit_become() serves as before. */
void kit_people_serve(struct kit *k, const char *config, const char *const *names);

/* The token of an account. */
void kit_token_of(const char *name, uint8_t token[KIT_TOKEN]);

/* A connection that gives these bytes as a token; what the daemon said to it, in the
 * arena (NULL: it closed). */
int kit_hello_with(const struct kit_daemon *d, const void *token, size_t len, struct arena *a,
                   const Madoguchi__ServerMessage **said);

/* Asks, whatever it is; the answer's code, with k->last filled. */
int kit_code(struct kit *k, Madoguchi__Request *request);

/* Waits until the day in Japan does not end within the next minute. */
void kit_await_day(void);

#endif
