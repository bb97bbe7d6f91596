#include "daemon/request.h"

#include "proto/frame.h"

#include <stdlib.h>

/* Document__Catalogue and _Plan unpack to several times their size, and the
 * store indexes them. */
#define DOCUMENT_FACTOR 32

struct requests {
    struct request *kept;
    size_t n_kept;
};

struct requests *requests_new(void) {
    return calloc(1, sizeof(struct requests));
}

void requests_free(struct requests *all) {
    if (all == NULL) {
        return;
    }
    while (all->kept != NULL) {
        struct request *r = all->kept;
        all->kept = r->next;
        arena_free(&r->arena);
        free(r);
    }
    free(all);
}

struct request *request_take(struct requests *all) {
    struct request *r = all->kept;
    if (r != NULL) {
        all->kept = r->next;
        all->n_kept--;
        struct arena arena = r->arena;
        *r = (struct request){.arena = arena};
    } else {
        r = calloc(1, sizeof *r);
        if (r == NULL) {
            return NULL;
        }
        arena_init(&r->arena, FRAME_BUDGET);
    }
    r->arena.budget = FRAME_BUDGET;
    return r;
}

void request_release(struct requests *all, struct request *r) {
    free(r->document);
    r->document = NULL;
    if (all->n_kept >= REQUEST_KEEP) {
        arena_free(&r->arena);
        free(r);
        return;
    }
    arena_reset(&r->arena);
    r->next = all->kept;
    all->kept = r;
    all->n_kept++;
}

void request_widen(struct request *r, size_t document_len) {
    r->arena.budget = 2 * FRAME_BUDGET + DOCUMENT_FACTOR * document_len;
}

void request_refuse(struct request *r, const struct error *e) {
    static const struct error no_memory = {
        .code = ERR_INTERNAL, .en = "Out of memory.", .ja = "メモリーが足りません。"};
    /* The request may have used up its memory: its refusal says so. */
    r->arena.budget += sizeof(struct error) + 64;
    struct error *copy = arena_alloc(&r->arena, sizeof *copy);
    if (copy != NULL) {
        *copy = *e;
    }
    r->refusal = copy != NULL ? copy : &no_memory;
}

/* ---- kinds ---------------------------------------------------------------------- */

static const char *const words[REQUEST_KINDS] = {
    [REQUEST_RECORD] = "record",
    [REQUEST_SHOW] = "show",
    [REQUEST_LIST] = "list",
    [REQUEST_STATS] = "stats",
    [REQUEST_INDICATORS] = "indicators",
    [REQUEST_PROVE] = "prove",
    [REQUEST_DOCUMENTS] = "documents",
    [REQUEST_STATUS] = "status",
    [REQUEST_VERIFY] = "verify",
    [REQUEST_PING] = "ping",
    [REQUEST_BACKUP] = "backup",
    [REQUEST_ACCOUNTS] = "accounts",
    [REQUEST_AUDIT] = "audit",
    [REQUEST_RESTATEMENTS] = "restatements",
    [REQUEST_LOGIN] = "login",
    [REQUEST_WHOAMI] = "whoami",
};

const char *request_kind_word(enum request_kind kind) {
    return words[kind];
}

enum request_kind request_kind_of(const Madoguchi__Request *body) {
    switch (body->body_case) {
    case MADOGUCHI__REQUEST__BODY_ACT:
    case MADOGUCHI__REQUEST__BODY_SESSION:
    case MADOGUCHI__REQUEST__BODY_FIGURE:
    case MADOGUCHI__REQUEST__BODY_COVERAGE:
    case MADOGUCHI__REQUEST__BODY_CORRECTION:
    case MADOGUCHI__REQUEST__BODY_VOIDING:
    case MADOGUCHI__REQUEST__BODY_PUT:
    case MADOGUCHI__REQUEST__BODY_ACCOUNT:
    case MADOGUCHI__REQUEST__BODY_CLOSING:
    case MADOGUCHI__REQUEST__BODY_PUBLICATION:
        return REQUEST_RECORD;
    case MADOGUCHI__REQUEST__BODY_SHOW:
        return REQUEST_SHOW;
    case MADOGUCHI__REQUEST__BODY_LIST:
        return REQUEST_LIST;
    case MADOGUCHI__REQUEST__BODY_STATS:
        return REQUEST_STATS;
    case MADOGUCHI__REQUEST__BODY_INDICATORS:
        return REQUEST_INDICATORS;
    case MADOGUCHI__REQUEST__BODY_PROVE:
        return REQUEST_PROVE;
    case MADOGUCHI__REQUEST__BODY_DOCUMENTS:
        return REQUEST_DOCUMENTS;
    case MADOGUCHI__REQUEST__BODY_STATUS:
        return REQUEST_STATUS;
    case MADOGUCHI__REQUEST__BODY_VERIFY:
        return REQUEST_VERIFY;
    case MADOGUCHI__REQUEST__BODY_PING:
        return REQUEST_PING;
    case MADOGUCHI__REQUEST__BODY_BACKUP:
        return REQUEST_BACKUP;
    case MADOGUCHI__REQUEST__BODY_ACCOUNTS:
        return REQUEST_ACCOUNTS;
    case MADOGUCHI__REQUEST__BODY_AUDIT:
        return REQUEST_AUDIT;
    case MADOGUCHI__REQUEST__BODY_RESTATEMENTS:
        return REQUEST_RESTATEMENTS;
    case MADOGUCHI__REQUEST__BODY_LOGIN:
    case MADOGUCHI__REQUEST__BODY_LOGOUT:
    case MADOGUCHI__REQUEST__BODY_PASSWORD:
        return REQUEST_LOGIN;
    case MADOGUCHI__REQUEST__BODY_WHOAMI:
        return REQUEST_WHOAMI;
    default:
        return REQUEST_KINDS;
    }
}
