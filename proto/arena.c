#include "proto/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_FIRST 4096
#define ARENA_ALIGN 16

struct arena_chunk {
    struct arena_chunk *next;
    size_t size; /* of data */
    size_t used;
    _Alignas(ARENA_ALIGN) unsigned char data[];
};

void (*arena_starved)(void);

static void *allocator_alloc(void *data, size_t n) {
    return arena_alloc(data, n);
}

static void allocator_free(void *data, void *pointer) {
    (void)data;
    (void)pointer;
}

void arena_init(struct arena *a, size_t budget) {
    *a = (struct arena){.budget = budget};
}

ProtobufCAllocator *arena_allocator(struct arena *a) {
    /* Set here and not in arena_init, so that an arena may be moved while empty. */
    a->allocator = (ProtobufCAllocator){allocator_alloc, allocator_free, a};
    return &a->allocator;
}

static struct arena_chunk *chunk_new(struct arena *a, size_t n) {
    size_t size = a->chunk == NULL ? ARENA_FIRST : a->chunk->size * 2;
    while (size < n) {
        size *= 2;
    }
    struct arena_chunk *c = malloc(sizeof *c + size);
    if (c == NULL) {
        return NULL;
    }
    *c = (struct arena_chunk){.next = a->chunk, .size = size};
    a->chunk = c;
    return c;
}

void *arena_alloc(struct arena *a, size_t n) {
    if (n > a->budget || a->used > a->budget - n) {
        a->exhausted = true;
        return NULL;
    }
    size_t rounded = (n + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
    struct arena_chunk *c = a->chunk;
    if (c == NULL || c->size - c->used < rounded) {
        c = chunk_new(a, rounded);
        if (c == NULL) {
            a->exhausted = a->starved = true;
            if (arena_starved != NULL) {
                arena_starved();
            }
            return NULL;
        }
    }
    void *p = c->data + c->used;
    c->used += rounded;
    a->used += rounded;
    return p;
}

void *arena_zalloc(struct arena *a, size_t n) {
    void *p = arena_alloc(a, n);
    if (p != NULL) {
        memset(p, 0, n);
    }
    return p;
}

char *arena_strndup(struct arena *a, const void *data, size_t n) {
    if (n == SIZE_MAX) {
        return NULL;
    }
    char *p = arena_alloc(a, n + 1);
    if (p != NULL) {
        if (n > 0) {
            memcpy(p, data, n);
        }
        p[n] = '\0';
    }
    return p;
}

char *arena_printf(struct arena *a, const char *format, ...) {
    va_list ap;
    va_start(ap, format);
    int n = vsnprintf(NULL, 0, format, ap);
    va_end(ap);
    if (n < 0) {
        return NULL;
    }
    char *p = arena_alloc(a, (size_t)n + 1);
    if (p != NULL) {
        va_start(ap, format);
        vsnprintf(p, (size_t)n + 1, format, ap);
        va_end(ap);
    }
    return p;
}

ProtobufCBinaryData arena_bytes(struct arena *a, ProtobufCBinaryData from) {
    char *p = arena_strndup(a, from.data, from.len);
    return (ProtobufCBinaryData){.len = p != NULL ? from.len : 0, .data = (uint8_t *)p};
}

void arena_reset(struct arena *a) {
    while (a->chunk != NULL && a->chunk->next != NULL) {
        struct arena_chunk *c = a->chunk;
        a->chunk = c->next;
        free(c);
    }
    if (a->chunk != NULL) {
        a->chunk->used = 0;
    }
    a->used = 0;
    a->exhausted = a->starved = false;
}

void arena_free(struct arena *a) {
    arena_reset(a);
    free(a->chunk);
    a->chunk = NULL;
}
