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
