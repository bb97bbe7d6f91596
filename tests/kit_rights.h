/* A store in which somebody of every role has worked, today and yesterday, in scope and
 * out of it, and in a month that is closed: what rights are tried on. */
#ifndef MADOGUCHI_TESTS_KIT_RIGHTS_H
#define MADOGUCHI_TESTS_KIT_RIGHTS_H

#include "tests/kit_people.h"

#define ROLES  7
#define NONE   7 /* an account without a role */
#define NOBODY 8 /* no account: over the socket only */
#define ASKERS 9

/* What a request is about.  Accounts are for service migration at the city hall. */
enum target {
    OWN_TODAY,
    OWN_TODAY_CLOSED, /* in a month that is closed */
    OWN_YESTERDAY,
    OWN_YESTERDAY_CLOSED,
    OTHERS, /* of another person, in scope */
    OTHER_SERVICE,
    OTHER_OFFICE,
    NOTHING,   /* does not exist */
    NO_OFFICE, /* of another person, in the service, of no office */
    OWN_OTHER_SERVICE,
    TARGETS,
};

struct thing {
    const char *number;
    uint64_t seq;
};

extern struct world {
    struct thing of[ROLES + 1][TARGETS];
    const char *base[ROLES + 1]; /* a case that its owner may work on */
    uint64_t figure, corrected;  /* of the planner; its correction */
    const char *session_in, *session_out;
    ProtobufCBinaryData catalogue, plan;
} world;

/* The name of the account that has the role and no other. */
const char *rights_asker(int asker);

/* Makes it in process; with `daemon` it is served then. */
void rights_begin(struct kit *k, bool daemon);
void rights_end(struct kit *k);

Madoguchi__Request *rights_show(struct kit *k, int asker, const struct thing *t);

/* What the last answer was.  Y: goes through; N: is not there; F: forbidden; I: must say
 * for what. */
char rights_letter(const struct kit *k);
/* Asks, and it must be the asker's letter. */
void rights_expect(struct kit *k, const char *name, const char *expected, int asker,
                   Madoguchi__Request *r);

#endif
