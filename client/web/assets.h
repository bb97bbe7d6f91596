/* What the gateway serves that never changes: pages, scripts, styles.  Made at build
 * time from client/web/pages by client/web/build.mjs and linked into the program. */
#ifndef MADOGUCHI_CLIENT_WEB_ASSETS_H
#define MADOGUCHI_CLIENT_WEB_ASSETS_H

#include <stdbool.h>
#include <stddef.h>

struct web_asset {
    const char *path;          /* of the URL: "/", "/assets/counter.js" */
    const char *type;          /* "text/html; charset=utf-8" */
    const unsigned char *data; /* gzip */
    size_t len;                /* bytes of it */
    const char *etag;          /* quoted */
    bool page;                 /* HTML: kept by no cache */
};

extern const struct web_asset web_assets[]; /* by path, in the order of strcmp() */
extern const size_t web_assets_n;

#endif
