#include "store/sums.h"

#include <assert.h>
#include <endian.h>
#include <stdlib.h>
#include <string.h>

struct slot {
    uint64_t hash;
    size_t key; /* place in `keys` */
    uint32_t len;
    uint32_t values; /* place in `values`, in steps of width */
};

/* Room for more than this many is given back when the sums are forgotten. */
#define KEPT_SLOTS 8192

struct sums {
    unsigned width;
    size_t max;
    struct slot *slots; /* in the order of their coming */
    size_t n, cap;
    uint32_t *index; /* hash table: slot + 1 */
    size_t places;   /* a power of two, twice cap */
    int64_t *values;
    uint8_t *keys;
    size_t keys_len, keys_cap;
};

struct sums *sums_new(unsigned width, size_t max) {
    struct sums *s = calloc(1, sizeof *s);
    if (s != NULL) {
        s->width = width;
        s->max = max < UINT32_MAX / 4 ? max : UINT32_MAX / 4;
    }
    return s;
}

static void free_arrays(struct sums *s) {
    free(s->slots);
    free(s->index);
    free(s->values);
    free(s->keys);
}

void sums_free(struct sums *s) {
    if (s != NULL) {
        free_arrays(s);
        free(s);
    }
}

void sums_clear(struct sums *s) {
    if (s->cap > KEPT_SLOTS) {
        unsigned width = s->width;
        size_t max = s->max;
        free_arrays(s);
        *s = (struct sums){.width = width, .max = max};
    } else if (s->n > 0) {
        memset(s->index, 0, s->places * sizeof *s->index);
    }
    s->n = 0;
    s->keys_len = 0;
}

size_t sums_count(const struct sums *s) {
    return s->n;
}

/* Eight bytes a step; the high bits, which a product mixes best, are folded
 * back each time. */
static uint64_t hash_bytes(const uint8_t *p, size_t len) {
    static const uint64_t factor = 0x9e3779b97f4a7c15u;
    uint64_t h = len * factor;
    uint64_t word = 0;
    for (; len >= 8; p += 8, len -= 8) {
        memcpy(&word, p, 8);
        h = (h ^ word) * factor;
        h ^= h >> 32;
    }
    word = 0;
    memcpy(&word, p, len);
    h = (h ^ word) * factor;
    return h ^ h >> 32;
}

static int grow_slots(struct sums *s) {
    size_t cap = s->cap == 0 ? 64 : s->cap * 2;
    struct slot *slots = realloc(s->slots, cap * sizeof *slots);
    if (slots == NULL) {
        return -1;
    }
    s->slots = slots;
    int64_t *values = realloc(s->values, cap * s->width * sizeof *values);
    if (values == NULL) {
        return -1;
    }
    s->values = values;
    uint32_t *index = calloc(cap * 2, sizeof *index);
    if (index == NULL) {
        return -1;
    }
    free(s->index);
    s->index = index;
    s->places = cap * 2;
    s->cap = cap;
    for (size_t i = 0; i < s->n; i++) {
        size_t at = s->slots[i].hash & (s->places - 1);
        while (s->index[at] != 0) {
            at = (at + 1) & (s->places - 1);
        }
        s->index[at] = (uint32_t)i + 1;
    }
    return 0;
}

static int grow_keys(struct sums *s, size_t len) {
    if (s->keys_cap - s->keys_len >= len) {
        return 0;
    }
    size_t cap = s->keys_cap == 0 ? 4096 : s->keys_cap * 2;
    while (cap - s->keys_len < len) {
        cap *= 2;
    }
    uint8_t *keys = realloc(s->keys, cap);
    if (keys == NULL) {
        return -1;
    }
    s->keys = keys;
    s->keys_cap = cap;
    return 0;
}

static int64_t *new_slot(struct sums *s, size_t at, uint64_t hash, const void *key, size_t len) {
    struct slot *slot = &s->slots[s->n];
    *slot = (struct slot){hash, s->keys_len, (uint32_t)len, (uint32_t)s->n};
    if (len > 0) {
        assert(s->keys != NULL); /* grow_keys() made room */
        memcpy(s->keys + s->keys_len, key, len);
    }
    s->keys_len += len;
    s->n++;
    s->index[at] = (uint32_t)s->n;
    assert(s->values != NULL); /* grow_slots() made room */
    int64_t *values = s->values + (size_t)slot->values * s->width;
    memset(values, 0, s->width * sizeof *values);
    return values;
}

uint64_t sums_hash(const void *key, size_t len) {
    return hash_bytes(key, len);
}

/* Each step needs what the one before has brought. */
void sums_near(const struct sums *s, uint64_t hash, unsigned step) {
    if (s->n == 0) {
        return;
    }
    const uint32_t *place = &s->index[hash & (s->places - 1)];
    if (step == 0) {
        __builtin_prefetch(place);
        return;
    }
    const struct slot *slot = *place != 0 ? &s->slots[*place - 1] : NULL;
    if (slot == NULL) {
        return;
    }
    if (step == 1) {
        __builtin_prefetch(slot);
    } else {
        const int64_t *values = s->values + (size_t)slot->values * s->width;
        __builtin_prefetch(s->keys + slot->key);
        __builtin_prefetch(values, 1);
        __builtin_prefetch(values + s->width - 1, 1);
    }
}

int sums_add(struct sums *s, const void *key, size_t len, const int64_t *values) {
    return sums_add_hashed(s, hash_bytes(key, len), key, len, values);
}

int sums_add_hashed(struct sums *s, uint64_t hash, const void *key, size_t len,
                    const int64_t *values) {
    if ((s->n == s->cap && grow_slots(s) < 0) || grow_keys(s, len) < 0) {
        return -1;
    }
    size_t at = hash & (s->places - 1);
    int64_t *sum = NULL;
    while (s->index[at] != 0) {
        const struct slot *slot = &s->slots[s->index[at] - 1];
        if (slot->hash == hash && slot->len == len &&
            (len == 0 || memcmp(s->keys + slot->key, key, len) == 0)) {
            sum = s->values + (size_t)slot->values * s->width;
            break;
        }
        at = (at + 1) & (s->places - 1);
    }
    if (sum == NULL) {
        if (s->n == s->max) {
            return -1;
        }
        sum = new_slot(s, at, hash, key, len);
    }
    for (unsigned i = 0; i < s->width; i++) {
        sum[i] += values[i];
    }
    return 0;
}

/* Most keys differ in their beginning, which lies beside the slot while they are
 * sorted; the argument of qsort_r is where the rest lies. */
#define BEGINNING 3

struct ordered {
    uint64_t beginning[BEGINNING]; /* big-endian */
    struct slot slot;
};

static int compare_keys(const struct slot *x, const struct slot *y, const uint8_t *keys) {
    size_t n = x->len < y->len ? x->len : y->len;
    int c = n > 0 ? memcmp(keys + x->key, keys + y->key, n) : 0;
    return c != 0 ? c : (x->len > y->len) - (x->len < y->len);
}

static int compare_ordered(const void *a, const void *b, void *keys) {
    const struct ordered *x = a;
    const struct ordered *y = b;
    for (size_t i = 0; i < BEGINNING; i++) {
        if (x->beginning[i] != y->beginning[i]) {
            return x->beginning[i] < y->beginning[i] ? -1 : 1;
        }
    }
    return compare_keys(&x->slot, &y->slot, keys);
}

static int compare_slots(const void *a, const void *b, void *keys) {
    return compare_keys(a, b, keys);
}

static void take_beginning(struct ordered *o, const uint8_t *keys) {
    uint8_t bytes[8 * BEGINNING] = {0};
    size_t len = o->slot.len < sizeof bytes ? o->slot.len : sizeof bytes;
    if (len > 0) {
        memcpy(bytes, keys + o->slot.key, len);
    }
    for (size_t i = 0; i < BEGINNING; i++) {
        uint64_t word;
        memcpy(&word, bytes + 8 * i, 8);
        o->beginning[i] = be64toh(word);
    }
}

void sums_sort(struct sums *s) {
    struct ordered *order = s->n > 1 ? malloc(s->n * sizeof *order) : NULL;
    if (order == NULL) {
        if (s->n > 1) {
            qsort_r(s->slots, s->n, sizeof *s->slots, compare_slots, s->keys);
        }
        return;
    }
    for (size_t i = 0; i < s->n; i++) {
        order[i].slot = s->slots[i];
        take_beginning(&order[i], s->keys);
    }
    qsort_r(order, s->n, sizeof *order, compare_ordered, s->keys);
    for (size_t i = 0; i < s->n; i++) {
        s->slots[i] = order[i].slot;
    }
    free(order);
}

const int64_t *sums_get(const struct sums *s, size_t i, const uint8_t **key, size_t *len) {
    /* A sum without groups has an empty key, and no buffer for keys. */
    *key = s->keys != NULL ? s->keys + s->slots[i].key : (const uint8_t *)"";
    *len = s->slots[i].len;
    return s->values + (size_t)s->slots[i].values * s->width;
}
