#include "store/period_data.h"

#include "proto/calendar.h"

#include <string.h>

/* ---- entries as known then ---------------------------------------------- */

static bool voided_then(const struct period_data *d, const struct entry_state *state) {
    return state->voided_by != 0 && state->voided_by <= d->known;
}

bool period_live(struct period_data *d, uint64_t seq) {
    struct entry_state state;
    return seq <= d->known && view_entry_state(d->view, seq, &state) && !voided_then(d, &state);
}

int period_effective(struct period_data *d, uint64_t seq, struct arena *a, Journal__Entry **out,
                     struct error *e) {
    return view_effective_at(d->view, seq, d->known, a, out, e);
}

/* ---- lists that grow in an arena ---------------------------------------- */

void *period_grow(struct arena *a, void *list, size_t n, size_t *cap, size_t size) {
    if (n < *cap) {
        return list;
    }
    size_t more = *cap == 0 ? 16 : *cap * 2;
    void *bigger = arena_alloc(a, more * size);
    if (bigger != NULL) {
        if (n > 0) {
            memcpy(bigger, list, n * size);
        }
        *cap = more;
    }
    return bigger;
}

bool period_parse(ProtobufCBinaryData text, struct period *p) {
    return calendar_parse_period((const char *)text.data, text.len, p, NULL) == 0;
}

/* ---- opening ------------------------------------------------------------ */

int period_data_open(struct period_data *d, struct view *view, uint64_t known, uint32_t day,
                     const struct catalogue *catalogue, struct arena *arena, struct error *e) {
    struct arena scratch;
    *d = (struct period_data){
        .view = view, .known = known, .day = day, .catalogue = catalogue, .arena = arena};
    arena_init(&scratch, PERIOD_SCRATCH_BYTES);
    int rc = period_coverage_load(d, &scratch, e);
    arena_free(&scratch);
    if (rc == 0 && view->txn.failed != 0) {
        rc = txn_error(&view->txn, e);
    }
    return rc == 0 && arena->exhausted ? view_no_room(e) : rc;
}

/* ---- sessions that were not held ---------------------------------------- */

struct holding {
    struct period_data *data;
    struct arena *arena;
    Journal__Session *session;
    struct error *error;
};

static int hold_then(void *ctx, const struct link *link) {
    struct holding *h = ctx;
    Journal__Entry *entry;
    if (link->role != LINK_HELD || !period_live(h->data, link->child)) {
        return 0;
    }
    if (period_effective(h->data, link->child, h->arena, &entry, h->error) < 0) {
        return -1;
    }
    message_copy(&h->session->base, &entry->session->base);
    return 0;
}

/* The session opened by entry `seq` as it stood then; NULL when there was none. */
static int session_then(struct period_data *d, const struct cursor *c, uint64_t seq,
                        struct arena *a, const Journal__Session **out, struct error *e) {
    *out = NULL;
    if (!period_live(d, seq)) {
        return 0;
    }
    if (d->known != UINT64_MAX) {
        Journal__Entry *entry;
        if (period_effective(d, seq, a, &entry, e) < 0) {
            return -1;
        }
        struct holding h = {d, a, entry->session, e};
        *out = entry->session;
        return view_links(d->view, seq, hold_then, &h) != 0 ? -1 : 0;
    }
    Fold__Session *value =
        fold__session__unpack(arena_allocator(a), c->value.mv_size, c->value.mv_data);
    if (value == NULL || value->session == NULL) {
        d->view->txn.failed = MDB_CORRUPTED;
        return txn_error(&d->view->txn, e);
    }
    *out = value->voided ? NULL : value->session;
    return 0;
}

#define KEEP(fact, session, field, arena)                                     \
    do {                                                                      \
        if ((session)->has_##field) {                                         \
            SET(&(fact)->value, field, arena_bytes(arena, (session)->field)); \
        }                                                                     \
    } while (0)

/* What a query would look at if the session had been held. */
static void unheld_fill(const Journal__Session *s, struct arena *a, struct unheld_session *out) {
    out->cancelled = s->kind == MADOGUCHI__SESSION_KIND__CANCEL;
    out->fact = (struct fact){.kind = FACT_SESSION, .date = s->date};
    out->fact.service = arena_bytes(a, s->service);
    fold__fact__init(&out->fact.value);
    KEEP(&out->fact, s, program, a);
    KEEP(&out->fact, s, office, a);
    KEEP(&out->fact, s, session_kind, a);
    KEEP(&out->fact, s, form, a);
    KEEP(&out->fact, s, venue, a);
    KEEP(&out->fact, s, venue_kind, a);
    if (s->has_session_kind) {
        SET(&out->fact.value, route, out->fact.value.session_kind);
    }
}

static int sessions_load(struct period_data *d, struct arena *scratch, struct error *e) {
    struct cursor c;
    size_t cap = 0;
    int rc = 0;
    cursor_open(&c, &d->view->txn, TABLE_SESSIONS);
    for (bool more = cursor_seek(&c, NULL); more && rc == 0; more = cursor_next(&c)) {
        const Journal__Session *s = NULL;
        arena_reset(scratch);
        if (c.key.mv_size != 8) {
            d->view->txn.failed = MDB_CORRUPTED;
            break;
        }
        rc = session_then(d, &c, get_u64(c.key.mv_data), scratch, &s, e);
        if (rc < 0 || s == NULL || s->kind == MADOGUCHI__SESSION_KIND__HOLD) {
            continue;
        }
        d->session = period_grow(d->arena, d->session, d->n_session, &cap, sizeof *d->session);
        if (d->session == NULL) {
            rc = view_no_room(e);
        } else {
            unheld_fill(s, d->arena, &d->session[d->n_session++]);
        }
    }
    cursor_close(&c);
    return rc == 0 && d->view->txn.failed != 0 ? txn_error(&d->view->txn, e) : rc;
}

int period_cancelled(struct period_data *d, const struct query *q, bool *cancelled,
                     struct error *e) {
    *cancelled = false;
    if (count_kind(q->what) != FACT_SESSION) {
        return 0;
    }
    if (!d->sessions_loaded) {
        struct arena scratch;
        arena_init(&scratch, PERIOD_SCRATCH_BYTES);
        int rc = sessions_load(d, &scratch, e);
        arena_free(&scratch);
        if (rc < 0 || d->arena->exhausted) {
            return rc < 0 ? rc : view_no_room(e);
        }
        d->sessions_loaded = true;
    }
    for (size_t i = 0; i < d->n_session; i++) {
        const struct unheld_session *s = &d->session[i];
        if (s->fact.date < q->from || s->fact.date > q->to || !query_matches(q, &s->fact)) {
            continue;
        }
        *cancelled = s->cancelled;
        if (!s->cancelled) {
            break;
        }
    }
    return 0;
}
