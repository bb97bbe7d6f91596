/* One account, as those who ask about rights see it. */
#ifndef MADOGUCHI_STORE_PERSON_H
#define MADOGUCHI_STORE_PERSON_H

#include "proto/arena.h"
#include "proto/rights.h"

#include <stddef.h>
#include <stdint.h>

struct person {
    const char *name;   /* of the account; the actor of what it records */
    const char *person; /* the person's name, or NULL */
    char before[24];    /* "uid:1000": the actor before there was an account; or "" */
    unsigned roles;     /* bits */
    size_t n_service, n_office, n_certificate;
    const ProtobufCBinaryData *service, *office; /* none: all */
    const ProtobufCBinaryData *certificate;      /* SHA-256 */
    bool has_uid;
    uint32_t uid;
    uint32_t until; /* last day; 0: no end */
    bool disabled;
    uint64_t seq; /* of the entry that says so */
};

/* Whether the account may be used on this day (date). */
bool person_is_live(const struct person *p, uint32_t today);

/* Whether an entry's actor is this account. */
bool person_is(const struct person *p, ProtobufCBinaryData actor);

/* A copy in an arena; NULL without room. */
const struct person *person_copy(const struct person *p, struct arena *a);

#endif
