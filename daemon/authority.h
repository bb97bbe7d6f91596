/* A small certificate authority in a folder: ca.crt and ca.key, and the
 * certificates it signed for the daemon and its clients.
 *
 * ECDSA P-256 and SHA-256 throughout.  No file is ever overwritten; a key is
 * readable by its owner only and written before the certificate it belongs to. */
#ifndef MADOGUCHI_DAEMON_AUTHORITY_H
#define MADOGUCHI_DAEMON_AUTHORITY_H

#include "proto/certificate.h"
#include "proto/error.h"

#include <stdbool.h>
#include <stddef.h>

#define AUTHORITY_DAYS      3652 /* ten years */
#define AUTHORITY_CERT_DAYS 825  /* of what it signs, at most its own */
#define AUTHORITY_NAMES_MAX 32
#define AUTHORITY_PATH      4096

struct authority;

/* What was made: dir/NAME.crt and dir/NAME.key. */
struct authority_made {
    char certificate[AUTHORITY_PATH];
    char key[AUTHORITY_PATH];
    char fingerprint[CERTIFICATE_FINGERPRINT];
    int64_t not_after;
};

/* The authority of a folder, which is made (mode 0700) with a new one unless it
 * is there; made->certificate is "" when it was there.  To authority_free().
 * ERR_STATE: half of it is there; ERR_INTERNAL with the system's words. */
int authority_open(const char *dir, struct authority **out, struct authority_made *made,
                   struct error *e) MUST_CHECK;
void authority_free(struct authority *a);

/* Its folder, a whole path. */
const char *authority_folder(const struct authority *a);

/* Whether dir/NAME.crt or dir/NAME.key is there. */
bool authority_has(const struct authority *a, const char *name);

/* Signs server.crt for a daemon that is reached under these names and addresses.
 * ERR_INVALID: a name that is none; ERR_STATE: it is there already. */
int authority_server(const struct authority *a, const char *const *names, size_t n,
                     struct authority_made *made, struct error *e) MUST_CHECK;

/* Signs client-NAME.crt.  ERR_INVALID: a name that is no name of a file (letters,
 * digits, '.', '_', '-', at most 48); ERR_STATE: it is there already. */
int authority_client(const struct authority *a, const char *name, struct authority_made *made,
                     struct error *e) MUST_CHECK;

#endif
