/* A document of the daemon's - the catalogue, a plan - put together from its pieces. */
#ifndef MADOGUCHI_CLIENT_WEB_DOCUMENT_H
#define MADOGUCHI_CLIENT_WEB_DOCUMENT_H

#include "client/web/upstream.h"

#define DOCUMENT_MAX (4u << 20) /* bytes: what a put may have is less */

/* The document's bytes, which live only during the call, and the position they stand on;
 * or how it ended otherwise, with *e. */
typedef void (*document_fn)(void *ctx, ProtobufCBinaryData data, uint64_t position,
                            enum upstream_end end, const struct error *e);

/* Asks for it (`id`: of a plan, NULL for the catalogue).  Once `done` will be called; -1:
 * never, with ERR_BUSY or ERR_INTERNAL. */
int document_ask(struct upstreams *us, const struct upstream_login *login,
                 Madoguchi__DocumentKind kind, const char *id, document_fn done, void *ctx,
                 struct error *e) MUST_CHECK;

#endif
