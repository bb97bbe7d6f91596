/* What the gateway answers: one table of paths. */
#ifndef MADOGUCHI_CLIENT_WEB_ROUTE_H
#define MADOGUCHI_CLIENT_WEB_ROUTE_H

#include "client/web/http.h"

/* Answers a request that has passed the server's own checks; takes over x. */
void route(struct exchange *x, const char *path);

#endif
