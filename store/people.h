/* The people: accounts as they stand, in memory.
 *
 * A fold like the others (TABLE_ACCOUNTS), and small: who may do what is asked with
 * every request, before the tables are, so the owner of the store keeps all of it
 * here.  The people follow the entries as they are staged; what was given up is
 * read from the tables again. */
#ifndef MADOGUCHI_STORE_PEOPLE_H
#define MADOGUCHI_STORE_PEOPLE_H

#include "store/person.h"
#include "store/view.h"

/* Accounts of a store, those that are no longer used included. */
#define PEOPLE_MAX 10000

struct people {
    struct person **all; /* by name */
    size_t n;
    uint64_t version; /* another one after every change */
    bool stale;       /* to be read from the tables */
};

/* Reads all accounts.  -1: the tables cannot be read, or no memory. */
int people_load(struct people *p, struct view *v, struct error *e) MUST_CHECK;
void people_free(struct people *p);

/* Takes an account's new state; -1 without memory (the people are stale then). */
int people_set(struct people *p, const Fold__Account *account, struct error *e) MUST_CHECK;

/* NULL when there is none.  Valid until the next change. */
const struct person *people_find(const struct people *p, const char *name, size_t len);
const struct person *people_of_uid(const struct people *p, uint32_t uid);
const struct person *people_of_certificate(const struct people *p, const uint8_t sha256[32]);

/* Administrators to the end of days, `except` left aside (NULL: nobody): one whose
 * account has a last day is gone after it. */
size_t people_administrators(const struct people *p, const char *except);

/* A live account that has every role; NULL when there is none. */
const struct person *people_with_all(const struct people *p, uint32_t today);

/* The account that a store's founder has without anybody saying so: every role,
 * for the user who made it, so that one person can try the whole at once.
 * False: the founder was no Unix user. */
bool people_founder(const Journal__Entry *founding, struct arena *a, Fold__Account *out);

#endif
