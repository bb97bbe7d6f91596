#include "daemon/throttle.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define WAYS      8
#define SETS      (THROTTLE_PLACES / WAYS)
#define FIRST_MS  1000
#define FORGET_MS ((uint64_t)2 * THROTTLE_MAX_MS)

struct place {
    uint64_t key; /* 0: free */
    unsigned failures;
    uint64_t last; /* try, ms */
    uint64_t next; /* allowed, ms */
};

struct throttle {
    uint8_t mix[crypto_shorthash_KEYBYTES]; /* nobody chooses what lies beside what */
    struct place place[SETS][WAYS];
};

struct throttle *throttle_new(void) {
    struct throttle *t = calloc(1, sizeof *t);
    if (t != NULL) {
        randombytes_buf(t->mix, sizeof t->mix);
    }
    return t;
}

void throttle_free(struct throttle *t) {
    free(t);
}

static uint64_t hash_of(const struct throttle *t, const char *key) {
    uint64_t h;
    crypto_shorthash((uint8_t *)&h, (const uint8_t *)key, strlen(key), t->mix);
    return h == 0 ? 1 : h;
}

/* The key's place, or the one it may take: a free one, else the one tried longest
 * ago. */
static struct place *place_of(struct throttle *t, uint64_t key) {
    struct place *set = t->place[key % SETS];
    struct place *best = &set[0];
    for (int i = 0; i < WAYS; i++) {
        if (set[i].key == key) {
            return &set[i];
        }
        if (set[i].key == 0 || (best->key != 0 && set[i].last < best->last)) {
            best = &set[i];
        }
    }
    return best;
}

static uint64_t wait_after(unsigned failures, unsigned free_tries) {
    if (failures <= free_tries) {
        return 0;
    }
    unsigned doubled = failures - free_tries - 1;
    return doubled < 10 && (FIRST_MS << doubled) < THROTTLE_MAX_MS ? (uint64_t)FIRST_MS << doubled
                                                                   : THROTTLE_MAX_MS;
}

uint64_t throttle_wait(struct throttle *t, const char *key, uint64_t now) {
    uint64_t h = hash_of(t, key);
    const struct place *p = place_of(t, h);
    return p->key == h && now < p->next ? p->next - now : 0;
}

void throttle_count(struct throttle *t, const char *key, unsigned free_tries, uint64_t now) {
    uint64_t h = hash_of(t, key);
    struct place *p = place_of(t, h);
    if (p->key != h || now >= p->last + FORGET_MS) {
        *p = (struct place){.key = h};
    }
    p->failures++;
    p->last = now;
    p->next = now + wait_after(p->failures, free_tries);
}

void throttle_undo(struct throttle *t, const char *key, unsigned free_tries) {
    uint64_t h = hash_of(t, key);
    struct place *p = place_of(t, h);
    if (p->key == h && p->failures > 0) {
        p->failures--;
        p->next = p->last + wait_after(p->failures, free_tries);
    }
}

void throttle_passed(struct throttle *t, const char *key) {
    uint64_t h = hash_of(t, key);
    struct place *p = place_of(t, h);
    if (p->key == h) {
        *p = (struct place){0};
    }
}
