#include "store/ahead.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define ID_BYTES  16
#define SLOT_BITS 15
#define SLOTS     ((size_t)1 << SLOT_BITS)
_Static_assert(SLOTS == 2 * AHEAD_IDS, "a generation fills half of its slots");

/* ---- requests ------------------------------------------------------------------------ */

/* More people than ever ask one town hall's daemon. */
#define ACTORS_MAX 4096

static void at_least(uint8_t *id, const uint8_t *other) {
    if (memcmp(other, id, ID_BYTES) > 0) {
        memcpy(id, other, ID_BYTES);
    }
}

/* The newest id of each actor: the last key before those of the next. */
static bool newest_id(struct view *v, uint8_t newest[ID_BYTES]) {
    struct cursor c;
    size_t actors = 0;
    memset(newest, 0, ID_BYTES);
    cursor_open(&c, &v->txn, TABLE_REQUESTS);
    for (bool more = cursor_seek(&c, NULL); more && actors < ACTORS_MAX; actors++) {
        struct key after;
        if (c.key.mv_size <= ID_BYTES) {
            v->txn.failed = MDB_CORRUPTED;
            break;
        }
        key_start(&after);
        key_raw(&after, c.key.mv_data, c.key.mv_size - ID_BYTES - 1);
        key_u8(&after, 1); /* a name ends with 0 */
        if (!cursor_before(&c, &after) || c.key.mv_size <= ID_BYTES) {
            break;
        }
        at_least(newest, (const uint8_t *)c.key.mv_data + c.key.mv_size - ID_BYTES);
        more = cursor_next(&c);
    }
    cursor_close(&c);
    return v->txn.failed == 0 && actors < ACTORS_MAX;
}

void ahead_init(struct ahead *a, struct view *v) {
    *a = (struct ahead){.catalogue = 0};
    randombytes_buf(&a->mix, sizeof a->mix);
    a->mix |= 1;
    if (!newest_id(v, a->floor)) {
        memset(a->floor, 0xff, ID_BYTES);
    }
    memcpy(a->ids[0].newest, a->floor, ID_BYTES);
    memcpy(a->ids[1].newest, a->floor, ID_BYTES);
}

void ahead_free(struct ahead *a) {
    free(a->ids[0].slot);
    free(a->ids[1].slot);
    a->ids[0].slot = a->ids[1].slot = NULL;
}

static uint64_t random_half(const uint8_t *id) {
    uint64_t half = get_u64(id + 8);
    return half == 0 ? 1 : half;
}

/* The slot of an id, or the free one where it would be. */
static uint64_t *slot_of(const struct ahead *a, const struct ahead_ids *ids, uint64_t half) {
    size_t i = (size_t)(half * a->mix >> (64 - SLOT_BITS));
    while (ids->slot[i] != 0 && ids->slot[i] != half) {
        i = (i + 1) % SLOTS;
    }
    return &ids->slot[i];
}

static bool has(const struct ahead *a, const struct ahead_ids *ids, uint64_t half) {
    return ids->slot != NULL && *slot_of(a, ids, half) == half;
}

bool ahead_is_new(const struct ahead *a, ProtobufCBinaryData id) {
    uint64_t half = id.len == ID_BYTES ? random_half(id.data) : 0;
    return id.len == ID_BYTES && memcmp(id.data, a->floor, ID_BYTES) > 0 &&
           !has(a, &a->ids[0], half) && !has(a, &a->ids[1], half);
}

/* The older generation is forgotten. */
static void next_generation(struct ahead *a) {
    struct ahead_ids older = a->ids[1];
    at_least(a->floor, older.newest);
    a->ids[1] = a->ids[0];
    a->ids[0].slot = older.slot;
    a->ids[0].n = 0;
    if (older.slot != NULL) {
        memset(older.slot, 0, SLOTS * sizeof *older.slot);
    }
}

static void note_id(struct ahead *a, const uint8_t *id) {
    struct ahead_ids *ids = &a->ids[0];
    at_least(ids->newest, id);
    if (ids->slot == NULL && (ids->slot = calloc(SLOTS, sizeof *ids->slot)) == NULL) {
        at_least(a->floor, id); /* as if forgotten at once */
        return;
    }
    uint64_t half = random_half(id);
    *slot_of(a, ids, half) = half;
    if (++ids->n == AHEAD_IDS) {
        next_generation(a);
    }
}

/* ---- numbers ------------------------------------------------------------------------- */

static size_t number_slot(char prefix, uint32_t year) {
    return ((unsigned char)prefix * 7u + year) % AHEAD_NUMBERS;
}

uint32_t ahead_next_number(const struct ahead *a, char prefix, uint32_t year) {
    size_t i = number_slot(prefix, year);
    bool known = a->numbers[i].prefix == prefix && a->numbers[i].year == year;
    return known ? a->numbers[i].next : 0;
}

void ahead_set_number(struct ahead *a, char prefix, uint32_t year, uint32_t next) {
    size_t i = number_slot(prefix, year);
    a->numbers[i].prefix = prefix;
    a->numbers[i].year = year;
    a->numbers[i].next = next;
}

/* ---- entries ------------------------------------------------------------------------- */

void ahead_note(struct ahead *a, const Journal__Entry *entry) {
    char prefix;
    uint32_t year;
    uint32_t n;
    if (entry->has_request_id && entry->request_id.len == ID_BYTES) {
        note_id(a, entry->request_id.data);
    }
    if (entry->has_number && number_parse(entry->number, &prefix, &year, &n) &&
        ahead_next_number(a, prefix, year) != 0) {
        ahead_set_number(a, prefix, year, n + 1);
    }
    if (entry->body_case == JOURNAL__ENTRY__BODY_CATALOGUE) {
        a->catalogue = entry->seq;
    }
}

void ahead_forget(struct ahead *a) {
    memset(a->numbers, 0, sizeof a->numbers);
    a->catalogue = 0;
}
