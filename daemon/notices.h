/* What happened at the daemon, as entries: refusals summed, the rest as it comes.
 *
 * Refusals may come by the thousand: of one source, account, kind and word there is
 * at most one entry a minute, with their number.  The minute begins with the first
 * of them; what is counted is recorded when it ends, and when the daemon stops.
 * When more than NOTICES_PLACES are being counted, further ones go under the word
 * "others". */
#ifndef MADOGUCHI_DAEMON_NOTICES_H
#define MADOGUCHI_DAEMON_NOTICES_H

#include "daemon/group.h"
#include "daemon/request.h"

#define NOTICES_PLACES  1024
#define NOTICES_SUM_MS  60000
#define NOTICES_SOURCE  64
#define NOTICES_ACCOUNT 64
#define NOTICES_WORD    40

struct notices;

/* group and requests are the caller's and must outlive it.  NULL without memory. */
struct notices *notices_new(struct group *group, struct requests *requests);
void notices_free(struct notices *n);

/* Where from and who; "" or NULL: not known. */
struct notice_by {
    const char *source;
    const char *account;
};

/* Counts one refusal. `what` is a word of the program, never of a person. */
void notices_count(struct notices *n, enum notice_kind kind, const struct notice_by *by,
                   const char *what);

/* Records what has been counted for a minute; everything with `all`.  `now`: ms of
 * a clock that goes forward. */
void notices_turn(struct notices *n, uint64_t now, bool all);

/* Records one notice: of count 0 there is none.  Nothing is answered. */
void notices_record(struct notices *n, enum notice_kind kind, const struct notice_by *by,
                    const char *what, uint64_t count);

/* Makes r one that records a notice when its turn in the group comes, and is then
 * answered by `reply`.  False without memory. */
bool notice_of_request(struct request *r, enum notice_kind kind, const struct notice_by *by,
                       const char *subject, const char *what, uint64_t count,
                       Madoguchi__Page *reply);

#endif
