#include "store/cells.h"

#include "store/sums.h"

#include <stdlib.h>
#include <string.h>

/* The roll-ups.  A query takes the first that has every asked and filtered
 * field, so the smaller stand first. */
static const struct rollup rollups[] = {
    {false, 1, {DIMENSION_SERVICE}},
    {false, 3, {DIMENSION_SERVICE, DIMENSION_CHANNEL, DIMENSION_TOPIC}},
    {false,
     5,
     {DIMENSION_SERVICE, DIMENSION_SESSION_KIND, DIMENSION_PROGRAM, DIMENSION_FORM,
      DIMENSION_VENUE_KIND}},
    {false,
     6,
     {DIMENSION_SERVICE, DIMENSION_PROGRAM, DIMENSION_OUTCOME, DIMENSION_ORIGIN, DIMENSION_AGE,
      DIMENSION_ROUTE}},
    {false,
     5,
     {DIMENSION_SERVICE, DIMENSION_OFFICE, DIMENSION_CHANNEL, DIMENSION_NATURE, DIMENSION_TOPIC}},
    {true, 3, {DIMENSION_SERVICE, DIMENSION_CHANNEL, DIMENSION_TOPIC}},
};
#define ROLLUPS (sizeof rollups / sizeof rollups[0])

unsigned cells_rollups(void) {
    return ROLLUPS;
}

const struct rollup *cells_rollup(unsigned i) {
    return &rollups[i];
}

/* ---- measures --------------------------------------------------------------- */

static void measures_of_outcome(const Fold__Fact *v, struct measures *m) {
    m->of[MEASURE_OUTCOMES] = v->number;
    if (v->has_households) {
        m->of[MEASURE_HOUSEHOLDS] = v->households;
    } else {
        m->of[MEASURE_HOUSEHOLDS_UNKNOWN] = v->number;
    }
    if (v->has_persons) {
        m->of[MEASURE_PERSONS] = v->persons;
    } else {
        m->of[MEASURE_PERSONS_UNKNOWN] = v->number;
    }
}

void measures_of_fact(const struct fact *fact, struct measures *out) {
    const Fold__Fact *v = &fact->value;
    *out = (struct measures){0};
    switch (fact->kind) {
    case FACT_CONTACT:
        out->of[MEASURE_CONTACTS] = v->number;
        out->of[MEASURE_CONSULTATIONS] = v->has_consultation ? v->number : 0;
        out->of[MEASURE_CASES] = v->has_opens ? v->number : 0;
        break;
    case FACT_OUTCOME:
        measures_of_outcome(v, out);
        break;
    case FACT_SESSION:
        out->of[MEASURE_SESSIONS] = v->number;
        out->of[v->has_persons ? MEASURE_ATTENDEES : MEASURE_ATTENDEES_UNKNOWN] =
            v->has_persons ? v->persons : v->number;
        break;
    case FACT_REFERRAL:
        out->of[MEASURE_REFERRALS] = v->number;
        break;
    case FACT_REFUSAL:
        out->of[MEASURE_REFUSALS] = v->number;
        break;
    }
}

/* ---- the code of a cell: a mask of the measures that follow, each a zigzag
 * varint ------------------------------------------------------------------------ */

#define CELL_BYTES_MAX (2 + MEASURE_COUNT * 10)

static size_t cell_encode(const struct measures *m, uint8_t *out) {
    unsigned mask = 0;
    size_t n = 2;
    for (unsigned i = 0; i < MEASURE_COUNT; i++) {
        int64_t v = m->of[i];
        if (v == 0) {
            continue;
        }
        mask |= 1u << i;
        uint64_t z = (uint64_t)v << 1 ^ (v < 0 ? UINT64_MAX : 0);
        while (z >= 0x80) {
            out[n++] = (uint8_t)(z | 0x80);
            z >>= 7;
        }
        out[n++] = (uint8_t)z;
    }
    out[0] = (uint8_t)(mask >> 8);
    out[1] = (uint8_t)mask;
    return mask == 0 ? 0 : n;
}

bool cells_decode(const void *data, size_t len, struct measures *out) {
    const uint8_t *p = data;
    const uint8_t *end = p + len;
    *out = (struct measures){0};
    if (len < 2) {
        return false;
    }
    unsigned mask = get_u16(p);
    p += 2;
    for (unsigned i = 0; i < MEASURE_COUNT; i++) {
        if ((mask & 1u << i) == 0) {
            continue;
        }
        uint64_t z = 0;
        unsigned shift = 0;
        do {
            if (p == end || shift > 63) {
                return false;
            }
            z |= (uint64_t)(*p & 0x7f) << shift;
            shift += 7;
        } while ((*p++ & 0x80) != 0);
        out->of[i] = (int64_t)(z >> 1) ^ -(int64_t)(z & 1);
    }
    return p == end;
}

/* ---- keys -------------------------------------------------------------------- */

void cells_key(struct key *k, uint32_t period, unsigned rollup) {
    key_start(k);
    key_u32(k, period);
    key_u8(k, (uint8_t)rollup);
}

bool cells_dimensions(const MDB_val *key, unsigned n, ProtobufCBinaryData *out) {
    const uint8_t *p = (const uint8_t *)key->mv_data + 5;
    const uint8_t *end = (const uint8_t *)key->mv_data + key->mv_size;
    for (unsigned i = 0; i < n; i++) {
        const uint8_t *nul = p < end ? memchr(p, 0, (size_t)(end - p)) : NULL;
        if (nul == NULL) {
            return false;
        }
        out[i] = (ProtobufCBinaryData){.len = (size_t)(nul - p), .data = (uint8_t *)p};
        p = nul + 1;
    }
    return true;
}

/* ---- changes, summed per cell ---------------------------------------------------- */

/* A group or a commit of the catch-up changes far fewer cells. */
#define CHANGES_MAX ((size_t)4 << 20)

/* Changes of one fact that wait to be added together. */
#define WAITING_MAX 8

struct change {
    struct key key;
    uint64_t hash;
    struct measures by;
};

struct cells {
    struct sums *changes;
    struct change waiting[WAITING_MAX];
    size_t n_waiting;
};

struct cells *cells_new(void) {
    struct cells *c = calloc(1, sizeof *c);
    if (c != NULL && (c->changes = sums_new(MEASURE_COUNT, CHANGES_MAX)) == NULL) {
        free(c);
        return NULL;
    }
    return c;
}

void cells_free(struct cells *c) {
    if (c != NULL) {
        sums_free(c->changes);
        free(c);
    }
}

void cells_drop(struct cells *c) {
    sums_clear(c->changes);
}

static int add_waiting(struct cells *c) {
    size_t n = c->n_waiting;
    int rc = 0;
    for (unsigned step = 0; step < 3; step++) {
        for (size_t i = 0; i < n; i++) {
            sums_near(c->changes, c->waiting[i].hash, step);
        }
    }
    for (size_t i = 0; i < n && rc == 0; i++) {
        const struct change *w = &c->waiting[i];
        rc = sums_add_hashed(c->changes, w->hash, w->key.data, w->key.len, w->by.of);
    }
    c->n_waiting = 0;
    return rc;
}

static int rollup_add(struct cells *c, unsigned r, const struct fact *fact,
                      const ProtobufCBinaryData of[DIMENSION_COUNT], const struct measures *m) {
    struct change *w = &c->waiting[c->n_waiting];
    cells_key(&w->key, rollups[r].daily ? fact->date : fact->date / 100, r);
    for (unsigned d = 0; d < rollups[r].n; d++) {
        key_text(&w->key, of[rollups[r].dimension[d]]);
    }
    if (w->key.overflow) {
        return -1;
    }
    w->hash = sums_hash(w->key.data, w->key.len);
    w->by = *m;
    return ++c->n_waiting == WAITING_MAX ? add_waiting(c) : 0;
}

static bool has_topic(const struct rollup *r) {
    for (unsigned d = 0; d < r->n; d++) {
        if (r->dimension[d] == DIMENSION_TOPIC) {
            return true;
        }
    }
    return false;
}

/* Each topic of a contact counts in the cell of that topic. */
static int topics_add(struct cells *c, unsigned r, const struct fact *fact,
                      ProtobufCBinaryData of[DIMENSION_COUNT], const struct measures *m) {
    struct measures sum = *m;
    for (size_t t = 0; t < fact->value.n_topic; t++) {
        of[DIMENSION_TOPIC] = fact->value.topic[t];
        sum.of[MEASURE_TOPICS] = fact->value.number;
        if (rollup_add(c, r, fact, of, &sum) < 0) {
            return -1;
        }
        sum = (struct measures){0}; /* all else counts once, with the main topic */
    }
    of[DIMENSION_TOPIC] = fact->value.topic[0];
    return 0;
}

int cells_add(struct cells *c, const struct fact *fact) {
    ProtobufCBinaryData of[DIMENSION_COUNT];
    struct measures m;
    size_t topics = fact->kind == FACT_CONTACT ? fact->value.n_topic : 0;
    measures_of_fact(fact, &m);
    c->n_waiting = 0; /* of one that failed */
    for (unsigned d = 0; d < DIMENSION_COUNT; d++) {
        of[d] = fact_dimension(fact, d);
    }
    for (unsigned r = 0; r < ROLLUPS; r++) {
        bool split = topics > 0 && has_topic(&rollups[r]);
        m.of[MEASURE_TOPICS] = fact->value.number * (int64_t)topics;
        if ((split ? topics_add(c, r, fact, of, &m) : rollup_add(c, r, fact, of, &m)) < 0) {
            return -1;
        }
    }
    return add_waiting(c);
}

static void cell_apply(struct txn *x, const struct key *k, const int64_t *change) {
    struct measures sum;
    MDB_val v;
    if (!txn_get(x, TABLE_CELLS, k, &v)) {
        sum = (struct measures){0};
    } else if (!cells_decode(v.mv_data, v.mv_size, &sum)) {
        x->failed = MDB_CORRUPTED;
        return;
    }
    for (unsigned m = 0; m < MEASURE_COUNT; m++) {
        sum.of[m] += change[m];
    }
    uint8_t bytes[CELL_BYTES_MAX];
    size_t len = cell_encode(&sum, bytes);
    if (len == 0) {
        txn_delete(x, TABLE_CELLS, k);
    } else {
        txn_put(x, TABLE_CELLS, k, bytes, len);
    }
}

void cells_apply(struct cells *c, struct txn *x) {
    /* In the order of keys: neighbours share pages. */
    sums_sort(c->changes);
    for (size_t i = 0; i < sums_count(c->changes) && x->failed == 0; i++) {
        const uint8_t *key;
        size_t len;
        const int64_t *change = sums_get(c->changes, i, &key, &len);
        struct key k;
        key_start(&k);
        key_raw(&k, key, len);
        cell_apply(x, &k, change);
    }
}

size_t cells_changes(const struct cells *c) {
    return sums_count(c->changes);
}
