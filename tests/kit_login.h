/* Logins over the socket of the real daemon: accounts with passwords, and who asks with one. */
#ifndef MADOGUCHI_TESTS_KIT_LOGIN_H
#define MADOGUCHI_TESTS_KIT_LOGIN_H

#include "tests/kit_people.h"

#define FORBIDDEN MADOGUCHI__ERROR_CODE__FORBIDDEN
#define BUSY      MADOGUCHI__ERROR_CODE__BUSY

/* A daemon with an administrator "boss", the clerks "tanaka" and "abe", and "off" and
 * "late", whose accounts are over, each with its name as the password; and "bare", who has
 * none.  Ended by kit_login_finish(). */
void kit_login_begin(struct kit *k);
void kit_login_finish(struct kit *k);

/* A request that logs in, in the kit's arena. */
Madoguchi__Request *kit_login_request(struct kit *k, const char *name, const char *password);

/* Logs in: 0 with the token (NULL: it is of no use), or the code it is refused with and
 * k->last filled.  The connection stays who it was. */
int kit_login(struct kit *k, const char *name, const char *password, uint8_t token[KIT_TOKEN]);

/* 0, or the code of a refusal. */
int kit_code_of(const Madoguchi__Answer *answer);

#endif
