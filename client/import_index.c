#include "client/import_index.h"

#include <stdlib.h>
#include <string.h>

struct slot {
    uint64_t hash; /* 0: free */
    const char *text;
    uint32_t number;
};

struct import_index {
    struct slot *slots;
    size_t size; /* a power of two */
    size_t used;
};

struct import_index *import_index_new(void) {
    struct import_index *index = calloc(1, sizeof *index);
    if (index != NULL) {
        index->size = 1024;
        index->slots = calloc(index->size, sizeof *index->slots);
        if (index->slots == NULL) {
            free(index);
            return NULL;
        }
    }
    return index;
}

void import_index_free(struct import_index *index) {
    if (index != NULL) {
        free(index->slots);
        free(index);
    }
}

uint64_t import_index_hash(const void *data, size_t len) {
    const uint8_t *p = data;
    uint64_t h = 0xcbf29ce484222325ULL ^ len;
    for (; len >= 8; len -= 8, p += 8) {
        uint64_t word;
        memcpy(&word, p, 8);
        h = (h ^ word) * 0x9e3779b97f4a7c15ULL;
        h ^= h >> 32;
    }
    for (; len > 0; len--, p++) {
        h = (h ^ *p) * 0x100000001b3ULL;
    }
    h = (h ^ (h >> 33)) * 0xff51afd7ed558ccdULL;
    h ^= h >> 33;
    return h != 0 ? h : 1;
}

static struct slot *find(struct slot *slots, size_t size, uint64_t hash, const char *text) {
    size_t i = hash & (size - 1);
    while (slots[i].hash != 0) {
        if (slots[i].hash == hash &&
            (text == NULL || slots[i].text == text || strcmp(slots[i].text, text) == 0)) {
            break;
        }
        i = (i + 1) & (size - 1);
    }
    return &slots[i];
}

static int grow(struct import_index *index) {
    size_t size = 2 * index->size;
    struct slot *slots = calloc(size, sizeof *slots);
    if (slots == NULL) {
        return -1;
    }
    for (size_t i = 0; i < index->size; i++) {
        const struct slot *s = &index->slots[i];
        if (s->hash != 0) {
            *find(slots, size, s->hash, s->text) = *s;
        }
    }
    free(index->slots);
    index->slots = slots;
    index->size = size;
    return 0;
}

uint32_t *import_index_at(struct import_index *index, uint64_t hash, const char *text) {
    if (index->used * 2 >= index->size && grow(index) < 0) {
        return NULL;
    }
    struct slot *s = find(index->slots, index->size, hash, text);
    if (s->hash == 0) {
        *s = (struct slot){.hash = hash, .text = text};
        index->used++;
    }
    return &s->number;
}

uint32_t import_index_find(const struct import_index *index, uint64_t hash, const char *text) {
    const struct slot *s = find(index->slots, index->size, hash, text);
    return s->hash != 0 ? s->number : 0;
}
