/* What was published of a plan and is another number now. */
#include "store/fold.h"
#include "store/indicator.h"
#include "store/page.h"
#include "store/read.h"

#include "proto/calendar.h"

/* One publication: as many figures as a plan of 1 MiB has indicators. */
#define ENTRY_BYTES (64u << 20)

struct comparing {
    struct asking asking;
    struct pages pages;
    struct arena entry;   /* of the publication */
    struct arena scratch; /* of one indicator */
    const Journal__Entry *published;
    struct error *error;
};

static bool same_value(const Journal__Published *then, const char *now) {
    bool had = then != NULL && then->has_actual;
    return had == (now != NULL) && (!had || bytes_equal(then->actual, now));
}

/* A row where the two differ; the indicator is NULL when today's plan has none. */
static int compare(struct comparing *c, ProtobufCBinaryData id, const Journal__Published *then,
                   const Document__Indicator *i, const char *now) {
    struct arena *a = pages_arena(&c->pages);
    const Journal__Entry *entry = c->published;
    if (same_value(then, now)) {
        return 0;
    }
    Madoguchi__RestatementRow *row = arena_alloc(a, sizeof *row);
    if (row == NULL) {
        return view_no_room(c->error);
    }
    madoguchi__restatement_row__init(row);
    SET(row, indicator, arena_bytes(a, id));
    if (i != NULL && i->has_name) {
        SET(row, name, arena_bytes(a, i->name));
    }
    if (i != NULL && i->has_unit) {
        SET(row, unit, arena_bytes(a, i->unit));
    }
    SET(row, year, entry->publication->year);
    if (then != NULL && then->has_actual) {
        SET(row, reported, arena_bytes(a, then->actual));
    }
    if (now != NULL) {
        SET(row, now, arena_bytes(a, bytes_of(now)));
    }
    SET(row, published_seq, entry->seq);
    SET(row, published_at, entry->recorded_at);
    SET(row, actor, arena_bytes(a, entry->actor));
    return pages_add(&c->pages, "restatement", &row->base, c->error);
}

/* The published figure of an indicator; NULL when there is none.  Mostly the order of
 * the plan is still the same. */
static const Journal__Published *find_figure(const Journal__Publication *p, ProtobufCBinaryData id,
                                             size_t guess) {
    if (guess < p->n_figure && bytes_same(p->figure[guess]->indicator, id)) {
        return p->figure[guess];
    }
    for (size_t i = 0; i < p->n_figure; i++) {
        if (bytes_same(p->figure[i]->indicator, id)) {
            return p->figure[i];
        }
    }
    return NULL;
}

static bool in_plan(const Document__Plan *plan, ProtobufCBinaryData id, size_t guess) {
    bool found = guess < plan->n_indicator && bytes_same(plan->indicator[guess]->id, id);
    for (size_t i = 0; !found && i < plan->n_indicator; i++) {
        found = bytes_same(plan->indicator[i]->id, id);
    }
    return found;
}

static int compare_year(struct comparing *c) {
    const Journal__Publication *p = c->published->publication;
    const Document__Plan *plan = c->asking.plan;
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < plan->n_indicator; i++) {
        struct evaluation ev;
        arena_reset(&c->scratch);
        rc = indicator_try(&c->asking, plan->indicator[i], p->year, &c->scratch, &ev, c->error);
        if (rc == 0) {
            rc = compare(c, plan->indicator[i]->id, find_figure(p, plan->indicator[i]->id, i),
                         plan->indicator[i], ev.actual);
        }
    }
    for (size_t i = 0; rc == 0 && i < p->n_figure; i++) {
        if (!in_plan(plan, p->figure[i]->indicator, i)) {
            rc = compare(c, p->figure[i]->indicator, p->figure[i], NULL, NULL);
        }
    }
    return rc;
}

/* The plan's next year after `year` of which something is published, and the newest
 * publication of it; 0: none. */
static uint64_t next_year(struct view *v, ProtobufCBinaryData plan, uint32_t *year) {
    struct key key;
    struct key prefix;
    struct cursor c;
    uint64_t seq = 0;
    key_start(&prefix);
    key_text(&prefix, plan);
    fold_publication_key(&key, plan, *year + 1);
    cursor_open(&c, &v->txn, TABLE_PUBLICATIONS);
    if (cursor_seek(&c, &key) && cursor_has_prefix(&c, &prefix) &&
        c.key.mv_size == prefix.len + 12) {
        *year = get_u32((const uint8_t *)c.key.mv_data + prefix.len);
        fold_publication_key(&key, plan, *year);
        key_u64(&key, UINT64_MAX);
        if (cursor_before(&c, &key)) {
            seq = get_u64((const uint8_t *)c.key.mv_data + prefix.len + 4);
        }
    }
    cursor_close(&c);
    return seq;
}

static int read_years(struct reading *r, struct comparing *c, ProtobufCBinaryData plan) {
    uint32_t year = 0;
    uint64_t seq;
    int rc = 0;
    while (rc == 0 && (seq = next_year(r->view, plan, &year)) != 0) {
        Journal__Entry *entry;
        arena_reset(&c->entry);
        rc = view_entry(r->view, seq, &c->entry, &entry, c->error);
        if (rc == 0 && entry->body_case != JOURNAL__ENTRY__BODY_PUBLICATION) {
            r->view->txn.failed = MDB_CORRUPTED;
            return -1;
        }
        c->published = entry;
        rc = rc == 0 ? compare_year(c) : rc;
    }
    return rc;
}

int read_restatements(struct reading *r, const Madoguchi__Restatements *request, struct error *e) {
    const struct asking_request asked = {
        .plan = request->plan, .today = calendar_today((int64_t)r->now), .as_of = CALENDAR_OPEN};
    struct comparing c = {.error = e};
    arena_init(&c.entry, ENTRY_BYTES);
    arena_init(&c.scratch, INDICATOR_BYTES);
    pages_begin(&c.pages, r->page, r->ctx);
    int rc = asking_open(&c.asking, r->view, &asked, e);
    if (rc == 0) {
        rc = read_years(r, &c, request->plan);
    }
    rc = pages_end(&c.pages, rc, e);
    asking_close(&c.asking);
    arena_free(&c.scratch);
    arena_free(&c.entry);
    return rc;
}
