/* Who a connection is: what it can show, and the account behind it.
 *
 * A token goes before a client certificate, and that before the Unix user.  Which
 * account it is may change at any time: it is looked up again when the people have
 * changed, when a day begins, and for a token at every request, which also keeps it
 * alive. */
#ifndef MADOGUCHI_DAEMON_IDENTITY_H
#define MADOGUCHI_DAEMON_IDENTITY_H

#include "store/secrets.h"
#include "store/store.h"

#define IDENTITY_SOURCE  64
#define IDENTITY_ACCOUNT SECRETS_NAME
#define IDENTITY_PERSON  201

struct identity {
    char source[IDENTITY_SOURCE];  /* "uid:1000", an address */
    char network[IDENTITY_SOURCE]; /* "192.0.2.0/24": whose failures count together; or "" */
    bool has_uid;
    uint32_t uid;
    bool has_certificate;
    uint8_t certificate[32]; /* SHA-256 */
    bool has_token;
    uint8_t token[SECRETS_TOKEN]; /* its hash */
    /* Found: */
    char account[IDENTITY_ACCOUNT]; /* "": nobody's */
    char person[IDENTITY_PERSON];   /* the person's name, "" when there is none */
    bool once;                      /* may only set a new password */
    uint64_t version;               /* of the people it was looked up in; 0: never */
    uint32_t day;
};

/* Takes the fingerprint of a verified certificate (64 hexadecimal digits; "": none). */
void identity_certificate(struct identity *i, const char *fingerprint);

/* Takes the address that the web gateway says its browser has, in the place of the user it
 * runs as; nothing that is none. */
void identity_origin(struct identity *i, ProtobufCBinaryData origin);

/* Finds the account; false when there is none (any more).  `asks`: for a request, by
 * which a token stays alive. */
bool identity_look(struct identity *i, struct store *store, struct secrets *secrets, bool asks);

/* Who records: the account with its rights.  Texts are copied to the arena; id NULL
 * without room. */
struct store_actor identity_actor(const struct identity *i, struct arena *a);

/* What an account may see, copied to the arena; NULL without room or account. */
const struct person *identity_person(const struct identity *i, struct store *store,
                                     struct arena *a);

/* Whether it is the Unix user that the daemon runs as, and nothing else. */
bool identity_is_own_user(const struct identity *i);

/* Why nobody may go on: ERR_FORBIDDEN with the way out. */
int identity_refuse(const struct identity *i, struct error *e);

#endif
