/* A password as a person gives it: typed without echo, or a line of a file. */
#ifndef MADOGUCHI_CLIENT_SECRET_H
#define MADOGUCHI_CLIENT_SECRET_H

#include "proto/error.h"

#include <stdbool.h>
#include <stddef.h>

#define SECRET_SIZE 202 /* a password of 200 bytes, one more, and the NUL */

/* Reads one line of standard input; on a terminal after the prompt and without echo.
 * Whoever asks wipes it.  ERR_INVALID when there is none. */
int secret_read(const char *prompt, char out[SECRET_SIZE], struct error *e) MUST_CHECK;

/* Whether secret_read() asks a person. */
bool secret_is_typed(void);

/* The first line of a file.  ERR_STATE when it is one that others can read. */
int secret_of_file(const char *path, char out[SECRET_SIZE], struct error *e) MUST_CHECK;

#endif
