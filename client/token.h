/* The token of a login, kept for the next command: one line a server in a file that
 * nobody else may read.
 *
 *     ADDRESS HEX
 *
 * The file is MADOGUCHI_TOKEN, or madoguchi/token under XDG_STATE_HOME, or under
 * ~/.local/state. */
#ifndef MADOGUCHI_CLIENT_TOKEN_H
#define MADOGUCHI_CLIENT_TOKEN_H

#include "proto/error.h"

#include <stdbool.h>
#include <stdint.h>

#define TOKEN_BYTES 32

/* Finds the token for an address; *found is false when there is none, and when the file was
 * not named and its folder is closed to this user.  ERR_STATE when others can read the file. */
int token_get(const char *address, uint8_t token[TOKEN_BYTES], bool *found,
              struct error *e) MUST_CHECK;

/* Puts it there in place of the one before; NULL takes that away.  The file is
 * written anew beside its place and renamed, its folders are made when they are
 * missing. */
int token_put(const char *address, const uint8_t *token, struct error *e) MUST_CHECK;

#endif
