/* An account's fields as text: on a command line, in a CSV cell, in a table. */
#ifndef MADOGUCHI_PROTO_ACCOUNT_H
#define MADOGUCHI_PROTO_ACCOUNT_H

#include "proto/message.h"

/* name, person, role, service, office, uid, certificate, until, disabled: the fields
 * that people give, in the order of every table of accounts. */
#define ACCOUNT_FIELDS 9
extern const char *const account_fields[ACCOUNT_FIELDS];

/* Sets a field as message_set_text() does; certificates are written in hexadecimal,
 * with or without colons, and `disabled` "no" is the same as not given. */
int account_set(Madoguchi__Account *account, const char *field, const char *value,
                struct arena *arena, struct error *e) MUST_CHECK;

/* ERR_INVALID: what a certificate is named by has another form.  -1. */
int account_not_hex(struct error *e);

/* The same form back, in the arena; NULL when the field is not given. */
const char *account_get(const Madoguchi__Account *account, const char *field, struct arena *arena);

/* Whether both say the same; in which order the values of a list stand, and what they
 * replace, does not matter. */
bool account_same(const Madoguchi__Account *a, const Madoguchi__Account *b);

/* A copy with everything it points to, in the arena; NULL without room. */
Madoguchi__Account *account_copy(const Madoguchi__Account *from, struct arena *arena);

/* Whether the account has the role, may be used, and has no last day. */
bool account_has_role(const Madoguchi__Account *account, const char *role);

/* A user's name as an account's: what words do not have becomes a hyphen, or is left
 * out at the beginning; "" when nothing is left. */
void account_word(const char *user, size_t len, char out[33]);

#endif
