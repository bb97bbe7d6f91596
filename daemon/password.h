/* Passwords made and hashed. */
#ifndef MADOGUCHI_DAEMON_PASSWORD_H
#define MADOGUCHI_DAEMON_PASSWORD_H

#include "proto/error.h"
#include "store/secrets.h"

#include <stddef.h>

#define PASSWORD_ONCE 32 /* one that is given, with the NUL */

/* A password of 20 characters that nobody can guess, to be changed at once. */
void password_make(char out[PASSWORD_ONCE]);

/* A hash of no account, of the cost of all others and never right: what a name that does
 * not exist is hashed against. */
extern const char password_nobody[];

/* argon2id as libsodium recommends it for logins: tens of milliseconds and 64 MiB.
 * ERR_BUSY when there is no memory for it. */
int password_hash(const char *password, size_t len, char out[SECRETS_HASH],
                  struct error *e) MUST_CHECK;

#endif
