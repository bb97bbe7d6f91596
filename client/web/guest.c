#include "client/web/guest.h"

#include "client/web/clock.h"

#include "proto/log.h"
#include "proto/openssl.h"

#include <event2/buffer.h>
#include <event2/bufferevent_ssl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>

#define BUCKETS 256
#define RECORD  16384 /* bytes that TLS has room for in one */

struct guest {
    struct guest *next, **link; /* in its bucket */
    struct guests *all;
    struct bufferevent *bev;
    int64_t since; /* it began, or was answered, ms */
    bool asks;
    bool told; /* to close */
};

struct guests {
    struct event_base *base;
    size_t n, most;
    unsigned request_ms;
    void (*full)(void *ctx, bool full);
    void *ctx;
    struct event *sweep;
    struct guest *bucket[BUCKETS];
};

static void enter(struct guest **bucket, struct guest *guest) {
    guest->next = *bucket;
    guest->link = bucket;
    if (guest->next != NULL) {
        guest->next->link = &guest->next;
    }
    *bucket = guest;
}

static void leave(struct guest *guest) {
    *guest->link = guest->next;
    if (guest->next != NULL) {
        guest->next->link = guest->link;
    }
}

static size_t bucket_of(const struct bufferevent *bev) {
    return ((uintptr_t)bev >> 6) % BUCKETS;
}

/* ---- coming and going --------------------------------------------------------------------- */

/* evhttp does not tell of the end of a connection that never asked: the SSL object, which
 * is freed with the bufferevent, does. */
static void gone(struct guest *guest) {
    struct guests *g = guest->all;
    if (g != NULL) {
        leave(guest);
    }
    free(guest);
    if (g != NULL && g->n-- == g->most) {
        g->full(g->ctx, false);
    }
}

static void on_ssl_free(void *parent, void *ptr, CRYPTO_EX_DATA *ad, int idx, long argl,
                        void *argp) {
    (void)parent;
    (void)ad;
    (void)idx;
    (void)argl;
    (void)argp;
    if (ptr != NULL) {
        gone(ptr);
    }
}

static int ssl_index(void) {
    static int index = -1;
    if (index < 0) {
        index = SSL_get_ex_new_index(0, NULL, NULL, NULL, on_ssl_free);
    }
    return index;
}

static struct bufferevent *secured(struct guests *g, struct guest *guest, const struct tls *tls) {
    SSL *ssl = SSL_new(tls_context(tls));
    if (ssl == NULL) {
        return NULL;
    }
    /* bufferevent_openssl reads as long as SSL_pending() says so, which does not tell of
     * records that were read ahead. */
    SSL_set_read_ahead(ssl, 0);
    struct bufferevent *bev =
        SSL_set_ex_data(ssl, ssl_index(), NULL) != 1
            ? NULL
            : bufferevent_openssl_socket_new(g->base, -1, ssl, BUFFEREVENT_SSL_ACCEPTING,
                                             BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS);
    if (bev == NULL) {
        SSL_free(ssl);
    } else {
        SSL_set_ex_data(ssl, ssl_index(), guest);
    }
    return bev;
}

struct bufferevent *guest_new(struct guests *g, const struct tls *tls) {
    struct guest *guest = calloc(1, sizeof *guest);
    struct bufferevent *bev = guest == NULL ? NULL : secured(g, guest, tls);
    if (bev == NULL) {
        free(guest);
        return NULL;
    }
    *guest = (struct guest){.all = g, .bev = bev, .since = web_clock_ms()};
    enter(&g->bucket[bucket_of(bev)], guest);
    if (++g->n == g->most) {
        g->full(g->ctx, true);
    }
    return bev;
}

struct guest *guest_of(struct guests *g, const struct bufferevent *bev) {
    for (struct guest *guest = g->bucket[bucket_of(bev)]; guest != NULL; guest = guest->next) {
        if (guest->bev == bev) {
            return guest;
        }
    }
    return NULL;
}

/* ---- time --------------------------------------------------------------------------------- */

void guest_asks(struct guest *guest) {
    guest->asks = true;
}

void guest_answered(struct guests *g, const struct bufferevent *bev) {
    struct guest *guest = guest_of(g, bev);
    if (guest != NULL) {
        guest->asks = false;
        guest->since = web_clock_ms();
        /* bufferevent_openssl makes a record, and a write, of each piece. */
        struct evbuffer *out = bufferevent_get_output(guest->bev);
        if (evbuffer_get_length(out) <= RECORD) {
            (void)evbuffer_pullup(out, -1);
        }
    }
}

static void look_at(struct guest *guest, int64_t now) {
    if (guest->asks || guest->told || now - guest->since < guest->all->request_ms) {
        return;
    }
    /* evhttp finds the connection closed, and frees it in its own time. */
    guest->told = true;
    (void)shutdown(bufferevent_getfd(guest->bev), SHUT_RDWR);
    log_event(LEVEL_DEBUG, "browser-too-slow", "%s", "");
}

static void on_sweep(evutil_socket_t fd, short what, void *ctx) {
    struct guests *g = ctx;
    int64_t now = web_clock_ms();
    (void)fd;
    (void)what;
    for (size_t i = 0; i < BUCKETS; i++) {
        for (struct guest *guest = g->bucket[i]; guest != NULL; guest = guest->next) {
            look_at(guest, now);
        }
    }
}

/* ---- the whole ---------------------------------------------------------------------------- */

struct guests *guests_new(struct event_base *base, unsigned connections_max, unsigned request_ms,
                          void (*full)(void *ctx, bool full), void *ctx) {
    const struct timeval every = {.tv_sec = 1};
    struct guests *g = calloc(1, sizeof *g);
    if (g == NULL) {
        return NULL;
    }
    *g = (struct guests){.base = base,
                         .most = connections_max,
                         .request_ms = request_ms,
                         .full = full,
                         .ctx = ctx,
                         .sweep = event_new(base, -1, EV_PERSIST, on_sweep, g)};
    if (g->sweep == NULL || event_add(g->sweep, &every) < 0) {
        guests_free(g);
        return NULL;
    }
    return g;
}

/* libevent frees a bufferevent's parts later, some only with the base. */
static void let_go(struct guests *g) {
    for (size_t i = 0; i < BUCKETS; i++) {
        while (g->bucket[i] != NULL) {
            struct guest *guest = g->bucket[i];
            leave(guest);
            guest->all = NULL;
        }
    }
}

void guests_free(struct guests *g) {
    if (g != NULL) {
        let_go(g);
        if (g->sweep != NULL) {
            event_free(g->sweep);
        }
        free(g);
    }
}
