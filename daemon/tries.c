#include "daemon/tries.h"

#include "daemon/throttle.h"

#include <stdio.h>
#include <stdlib.h>

struct tries {
    struct throttle *throttle;
};

struct keys {
    char account[160];
    char source[160];
};

struct tries *tries_new(void) {
    struct tries *t = calloc(1, sizeof *t);
    if (t == NULL) {
        return NULL;
    }
    t->throttle = throttle_new();
    if (t->throttle == NULL) {
        free(t);
        return NULL;
    }
    return t;
}

void tries_free(struct tries *t) {
    if (t != NULL) {
        throttle_free(t->throttle);
        free(t);
    }
}

/* Whose failures count together: a network's, or a Unix user's. */
static const char *origin_of(const struct identity *asker) {
    return asker->network[0] != '\0' ? asker->network : asker->source;
}

static struct keys keys_of(const char *name, const struct identity *asker) {
    struct keys k;
    snprintf(k.account, sizeof k.account, "account:%s", name);
    snprintf(k.source, sizeof k.source, "source:%s", origin_of(asker));
    return k;
}

uint64_t tries_count(struct tries *t, const char *name, const struct identity *asker,
                     uint64_t now) {
    struct keys k = keys_of(name, asker);
    uint64_t wait = throttle_wait(t->throttle, k.source, now);
    uint64_t other = throttle_wait(t->throttle, k.account, now);
    wait = wait > other ? wait : other;
    if (wait == 0) {
        throttle_count(t->throttle, k.source, TRIES_FREE_SOURCE, now);
        throttle_count(t->throttle, k.account, TRIES_FREE, now);
    }
    return wait;
}

void tries_undo(struct tries *t, const char *name, const struct identity *asker) {
    struct keys k = keys_of(name, asker);
    throttle_undo(t->throttle, k.account, TRIES_FREE);
    throttle_undo(t->throttle, k.source, TRIES_FREE_SOURCE);
}

void tries_passed(struct tries *t, const char *name, const struct identity *asker) {
    struct keys k = keys_of(name, asker);
    throttle_passed(t->throttle, k.account);
    throttle_undo(t->throttle, k.source, TRIES_FREE_SOURCE);
}
