/* Where a backup may be written: the directory it goes to, opened and judged.
 *
 * Whoever may connect may ask for a backup, and the daemon's account writes it:
 * so the place is never inside the store and, where the daemon's configuration
 * names directories (backup_directories), it lies in or below one of them.
 * A path that does not begin with one of them is not looked at.  What it leads to
 * is then judged by the directory that was opened and those above it, not by its
 * name: neither ".." nor a symbolic link leads out, and nothing that changes
 * meanwhile matters.  A directory that is not there is made in the one that was
 * judged; those that the configuration names must be there.
 *
 * Part of the copies (store/copy.h). */
#ifndef MADOGUCHI_STORE_PLACE_H
#define MADOGUCHI_STORE_PLACE_H

#include "proto/error.h"

#include <stddef.h>

struct place {
    const char *path;
    int store_dirfd;
    const char *const *within; /* absolute paths */
    size_t n_within;           /* 0: anywhere */
};

/* Opens the directory, or makes it.  Returns the descriptor or -1.
 * ERR_FORBIDDEN: not where backup_directories allows.  ERR_INVALID: inside the
 * store.  ERR_FULL, ERR_INTERNAL: the system's words. */
int place_open(const struct place *place, struct error *e) MUST_CHECK;

#endif
