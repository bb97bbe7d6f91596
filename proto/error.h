/* One refusal: why something was not done, in words that a clerk can act on.
 *
 * Every fallible function of the project returns 0, or -1 with a filled
 * struct error.  The error travels unchanged from where it was found to the
 * person who reads it: code and field for programs, a sentence in Japanese and
 * in English for people.  A sentence never repeats a text that the guard
 * against individual numbers (proto/guard.h) has not passed. */
#ifndef MADOGUCHI_PROTO_ERROR_H
#define MADOGUCHI_PROTO_ERROR_H

#include "proto/madoguchi.pb-c.h"

#define MUST_CHECK __attribute__((warn_unused_result))

enum {
    ERR_MALFORMED = MADOGUCHI__ERROR_CODE__MALFORMED,
    ERR_INVALID = MADOGUCHI__ERROR_CODE__INVALID,
    ERR_UNKNOWN_CODE = MADOGUCHI__ERROR_CODE__UNKNOWN_CODE,
    ERR_NOT_FOUND = MADOGUCHI__ERROR_CODE__NOT_FOUND,
    ERR_CONFLICT = MADOGUCHI__ERROR_CODE__CONFLICT,
    ERR_STATE = MADOGUCHI__ERROR_CODE__STATE,
    ERR_INDIVIDUAL_NUMBER = MADOGUCHI__ERROR_CODE__INDIVIDUAL_NUMBER,
    ERR_TOO_MUCH = MADOGUCHI__ERROR_CODE__TOO_MUCH,
    ERR_FULL = MADOGUCHI__ERROR_CODE__FULL,
    ERR_BUSY = MADOGUCHI__ERROR_CODE__BUSY,
    ERR_INTERNAL = MADOGUCHI__ERROR_CODE__INTERNAL,
    ERR_FORBIDDEN = MADOGUCHI__ERROR_CODE__FORBIDDEN,
    ERR_DOES_NOT_HOLD = MADOGUCHI__ERROR_CODE__DOES_NOT_HOLD,
};

#define ERROR_NEAR_MAX 3

struct error {
    int code;       /* Madoguchi__ErrorCode; 0 when nothing is wrong */
    char field[40]; /* the field of the request, or "" */
    char en[512];
    char ja[768];
    unsigned n_near; /* nearest valid words, best first */
    char near[ERROR_NEAR_MAX][40];
};

/* Fills *e (which may be NULL) and returns -1.  Both formats take the same
 * arguments in the same order (Japanese may use %1$s to reorder).  Sentences
 * that do not fit are cut, and what is no whole character is left out. */
int error_set(struct error *e, int code, const char *field, const char *en, const char *ja, ...)
    __attribute__((format(printf, 4, 6), format(printf, 5, 6)));

#ifdef __clang_analyzer__
/* The analyzer does not look into other files: tell it the result. */
#define error_set(...) (error_set(__VA_ARGS__), -1)
#endif

/* Adds a nearest valid word to *e; more than ERROR_NEAR_MAX are dropped. */
void error_near(struct error *e, const char *word);

/* The short word of a code, for log lines: "invalid", "full". */
const char *error_word(int code);

#endif
