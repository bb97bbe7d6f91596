/* Whether what somebody asks about lies within their rights (proto/rights.h).
 *
 * What does not is answered as if it did not exist: its caller gives the same words
 * for both.  `person` NULL is the program itself (init, offline commands): it may
 * do everything. */
#ifndef MADOGUCHI_STORE_REACH_H
#define MADOGUCHI_STORE_REACH_H

#include "store/people.h"

struct reacher {
    struct view *view;
    const struct person *person;
    uint32_t today; /* date */
};

/* Whether the account has the right at all; ERR_FORBIDDEN says which roles have it. */
int reach_right(const struct person *person, enum right right, struct error *e) MUST_CHECK;

/* Whether something of this service and office lies in the scope of the account.
 * What says no service or office lies in everybody's. */
bool reach_scope(const struct person *person, ProtobufCBinaryData service,
                 ProtobufCBinaryData office);

/* The same for what is about to be recorded, where service and office are given (NULL:
 * such a thing has none).  `must`: the scope's must be named, nothing else says it.
 * ERR_FORBIDDEN, or ERR_INVALID naming the field that is missing. */
int reach_recording(const struct person *person, enum right right,
                    const ProtobufCBinaryData *service, const ProtobufCBinaryData *office,
                    bool must, struct error *e) MUST_CHECK;

/* A case by the seq of its opening. */
bool reach_case(const struct reacher *r, enum right right, uint64_t opening, const Fold__Case *c);

/* The case or session opened by `opening`: a case as above; a session is its scope's. */
bool reach_opened(const struct reacher *r, enum right right, uint64_t opening);

/* Any entry, as it stands or as it was recorded.  Whoever sees a case sees all of it;
 * whoever may change what they recorded themselves may change nothing else of it. */
bool reach_entry(const struct reacher *r, enum right right, uint64_t seq);

/* What is not there must take as long to be refused as what is out of reach: the opening
 * of some case to look at in its place; 0 when there is none, or nobody to be told. */
uint64_t reach_instead(const struct reacher *r);

/* reach_entry() of an entry that is there; of another one, and false, if it is not. */
bool reach_there(const struct reacher *r, enum right right, bool there, uint64_t seq);

/* Every live entry of the case or session opened by `opening`, that one included. */
bool reach_whole(const struct reacher *r, enum right right, uint64_t opening);

/* Seq of the closing of the month (YYYYMM) for the service; 0: it is open. */
uint64_t reach_closed(struct view *v, uint32_t month, ProtobufCBinaryData service);

#endif
