/* The accounts of the fuzz targets. */
#ifndef MADOGUCHI_TESTS_FUZZ_PEOPLE_H
#define MADOGUCHI_TESTS_FUZZ_PEOPLE_H

#include "tests/fuzz/daemon.h"

/* Records an account; lists are split by ';', NULL is none. */
void fuzz_account(const char *name, const char *roles, const char *services, int64_t uid);

/* Gives it a token, 32 times this byte. */
void fuzz_token(const char *name, uint8_t byte, bool once);

/* Takes the founder's Unix user away: what comes without a token is nobody's. */
void fuzz_nobody(void);

#endif
