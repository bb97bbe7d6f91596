#include "store/ahead.h"

#include "store/fold.h"

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
    free(a->rows[0].slot);
    free(a->rows[1].slot);
    ahead_let_go(a);
    *a = (struct ahead){.catalogue = 0};
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

/* ---- rows of files ----------------------------------------------------------------------- */

#define ROW_BITS  18
#define ROW_SLOTS ((size_t)1 << ROW_BITS)
_Static_assert(ROW_SLOTS == 2 * AHEAD_ROWS, "a generation fills half of its slots");

/* A generation is begun when the one before is gone and this one is not quite small. */
#define ROWS_FEW 2048

static uint64_t hash_key(const struct ahead *a, const struct key *k) {
    uint64_t h = a->mix ^ k->len;
    uint64_t word;
    for (size_t i = 0; i < k->len; i += 8) {
        size_t n = k->len - i < 8 ? k->len - i : 8;
        word = 0;
        memcpy(&word, k->data + i, n);
        h = (h ^ word) * a->mix;
        h ^= h >> 29;
    }
    return h == 0 ? 1 : h;
}

static uint64_t *row_slot(const struct ahead_rows *rows, uint64_t hash) {
    size_t i = (size_t)(hash >> (64 - ROW_BITS));
    while (rows->slot[i] != 0 && rows->slot[i] != hash) {
        i = (i + 1) % ROW_SLOTS;
    }
    return &rows->slot[i];
}

static void clear_rows(struct ahead_rows *rows) {
    if (rows->n > 0) {
        memset(rows->slot, 0, ROW_SLOTS * sizeof *rows->slot);
    }
    rows->n = 0;
}

static void note_row(struct ahead *a, const struct key *k, uint64_t seq) {
    if (a->rows[0].n >= ROWS_FEW && a->rows[1].n == 0) {
        struct ahead_rows older = a->rows[0];
        a->rows[0] = a->rows[1];
        a->rows[1] = older;
    }
    struct ahead_rows *rows = &a->rows[0];
    if (rows->slot == NULL) {
        rows->slot = calloc(ROW_SLOTS, sizeof *rows->slot);
    }
    if (rows->slot == NULL || rows->n == AHEAD_ROWS) {
        a->rows_missed = true;
        a->missed = seq;
        return;
    }
    *row_slot(rows, hash_key(a, k)) = hash_key(a, k);
    rows->n++;
    rows->last = seq;
}

static void note_rows(struct ahead *a, const Journal__Entry *entry) {
    struct key k;
    fold_identity_key(&k, entry->row, fold_date(entry_body((Journal__Entry *)entry)));
    note_row(a, &k, entry->seq);
    if (entry->has_number && entry->row->has_ref) {
        fold_ref_key(&k, entry->row->source, entry->row->ref);
        note_row(a, &k, entry->seq);
    }
}

void ahead_let_go(struct ahead *a) {
    cursor_close(&a->at[0]);
    cursor_close(&a->at[1]);
    txn_abort(&a->committed);
}

/* A reader of what is committed now: what it has need not be remembered. */
static bool look_again(struct ahead *a, const struct tables *tables, uint64_t shown) {
    struct error e;
    if (a->committed.mdb != NULL && a->committed.failed == 0 && a->committed_seq == shown) {
        return true;
    }
    ahead_let_go(a);
    if (txn_begin(&a->committed, tables, false, &e) < 0) {
        return false;
    }
    cursor_open(&a->at[0], &a->committed, TABLE_ROWS);
    cursor_open(&a->at[1], &a->committed, TABLE_ROWS);
    a->committed_seq = shown;
    for (size_t i = 0; i < 2; i++) {
        if (a->rows[i].last <= shown) {
            clear_rows(&a->rows[i]);
        }
    }
    a->rows_missed = a->rows_missed && a->missed > shown;
    return true;
}

/* Rows come in the order of their keys, or near it, and so are looked for: mostly on the
 * page where a cursor stands. */
static bool is_committed(struct ahead *a, const struct key *k) {
    struct cursor *c = &a->at[k->data[0] == 'r'];
    return cursor_seek(c, k) && c->key.mv_size == k->len && cursor_has_prefix(c, k);
}

bool ahead_has_no_row(struct ahead *a, const struct tables *tables, const struct key *k,
                      uint64_t shown) {
    if (!look_again(a, tables, shown) || a->rows_missed) {
        return false;
    }
    uint64_t hash = hash_key(a, k);
    for (size_t i = 0; i < 2; i++) {
        if (a->rows[i].n > 0 && *row_slot(&a->rows[i], hash) == hash) {
            return false;
        }
    }
    return !is_committed(a, k) && a->committed.failed == 0;
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
    if (entry->row != NULL) {
        note_rows(a, entry);
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
