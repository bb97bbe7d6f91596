/* The files that TLS is made of: where they are looked for, and who may read a
 * private key.
 *
 * A path that does not begin with / is looked for in the directory of systemd's
 * credentials ($CREDENTIALS_DIRECTORY) when there is one, else where the daemon
 * was started. */
#ifndef MADOGUCHI_PROTO_TLS_FILE_H
#define MADOGUCHI_PROTO_TLS_FILE_H

#include "proto/error.h"

#include <stdbool.h>
#include <stddef.h>

#define TLS_FILE_MAX  65536 /* bytes */
#define TLS_FILE_PATH 4096

struct tls_file {
    char path[TLS_FILE_PATH]; /* as it was opened */
    char *data;
    size_t len;
};

/* Reads a file whole; `key` is the key of the configuration that names it.  A
 * `secret` one may be read by its owner only (mode 0600 or 0400); among
 * systemd's credentials also by its group: that is how the mode shows the right
 * that systemd gives to the daemon's account.  To tls_file_free(), also after
 * an error.  ERR_INVALID: what is wrong with which file, and the way out. */
int tls_file_read(struct tls_file *f, const char *key, const char *path, bool secret,
                  struct error *e) MUST_CHECK;

/* Overwrites what was read before it is given back. */
void tls_file_free(struct tls_file *f);

/* Fills *e: the file named by `key` cannot be used, and why (OpenSSL's words
 * behind it, if there are any).  Returns -1. */
int tls_file_refuse(const struct tls_file *f, const char *key, const char *en, const char *ja,
                    struct error *e);

#endif
