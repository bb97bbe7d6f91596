/* A bump allocator with a budget: one per message.
 *
 * Everything a request needs is taken from its arena and given back at once by
 * arena_reset().  The budget bounds what a hostile message can make us allocate
 * (protobuf sub-messages unpack to many times their size on the wire). */
#ifndef MADOGUCHI_PROTO_ARENA_H
#define MADOGUCHI_PROTO_ARENA_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>

struct arena_chunk;

struct arena {
    struct arena_chunk *chunk; /* newest first */
    size_t used;               /* bytes handed out since the last reset */
    size_t budget;
    bool exhausted; /* an allocation was refused since the last reset */
    bool starved;   /* ... because there was no memory, and not beyond the budget */
    ProtobufCAllocator allocator;
};

/* Told of every allocation within a budget that found no memory: NULL, or set
 * once by a program of one thread that wants to know at its end. */
extern void (*arena_starved)(void);

/* Prepares *a; nothing is allocated yet.  budget in bytes. */
void arena_init(struct arena *a, size_t budget);

/* n bytes aligned to 16, or NULL beyond the budget or out of memory.  Owned by
 * the arena until arena_reset() or arena_free(). */
void *arena_alloc(struct arena *a, size_t n);
void *arena_zalloc(struct arena *a, size_t n);

/* A NUL-terminated copy of n bytes, or NULL. */
char *arena_strndup(struct arena *a, const void *data, size_t n);
char *arena_printf(struct arena *a, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A copy of a bytes field; {0, NULL} when the budget is spent (see exhausted). */
ProtobufCBinaryData arena_bytes(struct arena *a, ProtobufCBinaryData from);

/* Gives everything back but keeps the first chunk for the next message. */
void arena_reset(struct arena *a);
void arena_free(struct arena *a);

/* For protobuf_c_message_unpack: allocations count against the budget, frees
 * do nothing.  Valid as long as the arena. */
ProtobufCAllocator *arena_allocator(struct arena *a);

#endif
