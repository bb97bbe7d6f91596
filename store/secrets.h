/* Password hashes and the hashes of tokens, in a file beside the journal.
 *
 * They are no entries: what lies in the journal lies there for ever, and in every
 * backup.  The file `secrets` of the store's directory (mode 0600) holds them; it
 * is read at the start, kept in memory, and written anew as a whole.  A backup does
 * not have it: after a restore passwords are given anew (`madoguchid account`).
 *
 * The owning thread only, but for secrets_write().  Times are ms since 1970 UTC. */
#ifndef MADOGUCHI_STORE_SECRETS_H
#define MADOGUCHI_STORE_SECRETS_H

#include "proto/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SECRETS_NAME        33  /* of an account, with the NUL */
#define SECRETS_HASH        128 /* crypto_pwhash_STRBYTES, with the NUL */
#define SECRETS_TOKEN       32  /* bytes of a token, and of its hash */
#define SECRETS_TOKENS_EACH 20  /* of one account; the one unused longest goes */
#define SECRETS_TOKENS_MAX  20000
#define SECRETS_IDLE_MS     (30 * 60 * 1000)      /* a token not used so long is no more */
#define SECRETS_LIFE_MS     (12 * 60 * 60 * 1000) /* nor one so old */

struct secrets;

/* Reads the file of the store in directory `store`; none is like an empty one.
 * ERR_STATE when others may read it, ERR_DOES_NOT_HOLD when it is no such file. */
int secrets_open(const char *store, struct secrets **out, struct error *e) MUST_CHECK;
void secrets_free(struct secrets *s);

/* The hash of an account's password (crypto_pwhash_str), or NULL.  *once: it was
 * given by somebody else and serves only to set a new one. */
const char *secrets_password(const struct secrets *s, const char *name, bool *once);

/* Sets it, and ends the account's tokens but the one with the hash `keep` (NULL: none
 * is kept), which is as good as one of the new password then. */
int secrets_set_password(struct secrets *s, const char *name, const char *hash, bool once,
                         const uint8_t *keep, struct error *e) MUST_CHECK;

/* Notes a token by its hash (secrets_hash). */
int secrets_add_token(struct secrets *s, const uint8_t hash[SECRETS_TOKEN], const char *name,
                      bool once, uint64_t now, struct error *e) MUST_CHECK;

/* The account of a token that is good now; NULL otherwise.  *once as above. */
const char *secrets_see_token(const struct secrets *s, const uint8_t hash[SECRETS_TOKEN],
                              uint64_t now, bool *once);
/* The same, and the token counts as used. */
const char *secrets_use_token(struct secrets *s, const uint8_t hash[SECRETS_TOKEN], uint64_t now,
                              bool *once);
void secrets_drop_token(struct secrets *s, const uint8_t hash[SECRETS_TOKEN]);
/* Ends the tokens of all accounts that are not good any more. */
void secrets_keep(struct secrets *s, bool (*is_good)(void *ctx, const char *name), void *ctx);
/* Forgets those that are over. */
void secrets_expire(struct secrets *s, uint64_t now);

size_t secrets_tokens(const struct secrets *s);

/* What a token is kept as: BLAKE2b-256 of its 32 random bytes. */
void secrets_hash(const uint8_t token[SECRETS_TOKEN], uint8_t hash[SECRETS_TOKEN]);

/* The file as it shall be; malloc'd, NULL without memory.  Whoever frees it wipes it
 * first. */
char *secrets_text(const struct secrets *s, size_t *len);

/* Puts such a text in the place of the file, flushed.  Any thread, one at a time. */
int secrets_write(const char *store, const char *text, size_t len, struct error *e) MUST_CHECK;

#endif
