/* The client as a person uses it: madoguchi of the build folder, run by a shell against
 * the kit's daemon, with a token file of its own. */
#ifndef MADOGUCHI_TESTS_KIT_CLIENT_H
#define MADOGUCHI_TESTS_KIT_CLIENT_H

#include "tests/kit_store.h"

/* What the last run printed. */
extern char kit_out[65536];
extern char kit_err[8192];

/* Runs `madoguchi WORDS`; what may stand before it ("echo x |") comes first in `before`.
 * Returns its exit status. */
int kit_client(const struct kit *k, const char *before, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* It must be done. */
void kit_client_ok(const struct kit *k, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* It must end with this status and say `part` on standard error. */
void kit_client_refused(const struct kit *k, int status, const char *part, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* A password is given to the account, and set to this one; it is logged in. */
void kit_log_in(const struct kit *k, const char *name, const char *password);

/* Whether the output, or what was said, holds it; fails the test if not. */
void kit_printed(const char *part);
void kit_said_client(const char *part);

/* A file in the kit's folder; good until the next call.  With a text it is written. */
const char *kit_file(const struct kit *k, const char *name, const char *text);
const char *kit_token_file(const struct kit *k);
/* Its permissions, or 0 when it is not there. */
unsigned kit_mode(const char *path);
/* A file's text; good until the next call, "" when it is not there. */
const char *kit_text_of(const char *path);

#endif
