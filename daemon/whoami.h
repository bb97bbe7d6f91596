/* Who somebody is here, in words for themselves. */
#ifndef MADOGUCHI_DAEMON_WHOAMI_H
#define MADOGUCHI_DAEMON_WHOAMI_H

#include "daemon/identity.h"

/* Fills the page with pairs in the arena: account, person, roles, services, offices,
 * until, by (token, certificate, user).  p NULL: nobody. */
void whoami_page(const struct identity *i, const struct person *p, const char *user,
                 struct arena *a, Madoguchi__Page *page);

#endif
