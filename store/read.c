#include "store/read.h"

#include "proto/calendar.h"
#include "store/indicator.h"
#include "store/internal.h"
#include "store/page.h"
#include "store/sums.h"

#include <stdio.h>
#include <stdlib.h>

#define READ_ARENA     (16u << 20)
#define DOCUMENT_PIECE 32768
/* A plan of 1 MiB, unpacked. */
#define PLAN_ARENA (64u << 20)
/* Cases of one filtered list. */
#define LIST_MAX 2000000

/* ---- stats -------------------------------------------------------------------- */

struct stat_ctx {
    struct pages *pages;
    size_t n_by;
    struct error *error;
};

static int stat_row(void *ctx, const ProtobufCBinaryData *keys, int64_t count, int64_t unknown) {
    struct stat_ctx *s = ctx;
    size_t bytes = 0;
    for (size_t i = 0; i < s->n_by; i++) {
        bytes += keys[i].len;
    }
    /* All of a row in one piece: a table has tens of thousands. */
    struct {
        Madoguchi__StatRow row;
        ProtobufCBinaryData key[];
    } *all = arena_alloc(pages_arena(s->pages),
                         sizeof *all + s->n_by * sizeof(ProtobufCBinaryData) + bytes);
    if (all == NULL) {
        return -1;
    }
    Madoguchi__StatRow *row = &all->row;
    ProtobufCBinaryData *copy = all->key;
    uint8_t *text = (uint8_t *)(copy + s->n_by);
    madoguchi__stat_row__init(row);
    for (size_t i = 0; i < s->n_by; i++) {
        copy[i] = (ProtobufCBinaryData){keys[i].len, text};
        if (keys[i].len > 0) {
            memcpy(text, keys[i].data, keys[i].len);
        }
        text += keys[i].len;
    }
    row->key = copy;
    row->n_key = s->n_by;
    SET(row, count, count);
    if (unknown != 0) {
        SET(row, unknown, unknown);
    }
    return pages_add(s->pages, "stat", &row->base, s->error);
}

static int explain(struct pages *pages, const struct query *q, struct error *e) {
    char text[200];
    query_explain(q, text, sizeof text);
    return pages_pair(pages, "read from", text, e);
}

static bool filters_on(const struct query *q, int dimension) {
    for (size_t i = 0; i < q->n_filter; i++) {
        if (q->filter[i].field == dimension) {
            return true;
        }
    }
    return false;
}

/* What was known then was known of the catalogue too: its groups and holidays. */
static int catalogue_then(struct reading *r, const Madoguchi__Scope *scope, struct query *q,
                          struct error *e) {
    uint64_t seq;
    if (query_known(r->view, scope, &seq, e) < 0) {
        return -1;
    }
    if (seq == UINT64_MAX) {
        return 0;
    }
    struct error why;
    const struct catalogue *then = view_catalogue(r->view, seq, &why);
    if (then == NULL && why.code != ERR_STATE) {
        *e = why;
        return -1;
    }
    if (then != NULL) { /* before the first one nothing is counted */
        view_catalogue_done(r->view, r->catalogue);
        r->catalogue = q->catalogue = then;
    }
    return 0;
}

/* Counts what lies in the scope of who asks, as reach_scope() says: what names no
 * service or office is everybody's. */
static void within(struct query *q, int dimension, const ProtobufCBinaryData *list, size_t n,
                   ProtobufCBinaryData *room) {
    if (n > 0) {
        memcpy(room, list, n * sizeof *list);
        room[n] = (ProtobufCBinaryData){0};
        q->filter[q->n_filter++] = (struct filter){.field = dimension, .value = room, .n = n + 1};
    }
}

static int within_scope(const struct person *p, struct query *q, struct arena *a, struct error *e) {
    if (p == NULL || (rights_reaches(RIGHT_STATS, p->roles) & REACH_BIT(REACH_ALL)) != 0) {
        return 0;
    }
    ProtobufCBinaryData *room = arena_alloc(a, (p->n_service + p->n_office + 2) * sizeof *room);
    if (room == NULL) {
        return view_no_room(e);
    }
    within(q, DIMENSION_SERVICE, p->service, p->n_service, room);
    within(q, DIMENSION_OFFICE, p->office, p->n_office, room + p->n_service + 1);
    return 0;
}

int read_stats(struct reading *r, const Madoguchi__Stats *request, struct error *e) {
    struct query q = {.catalogue = r->catalogue, .what = COUNT_CONTACTS};
    struct arena a;
    struct pages pages;
    Madoguchi__Scope none = MADOGUCHI__SCOPE__INIT;
    arena_init(&a, READ_ARENA);
    pages_begin(&pages, r->page, r->ctx);
    int rc = request->has_count ? count_find(request->count, &q.what, e) : 0;
    for (size_t i = 0; rc == 0 && i < request->n_by; i++) {
        rc = query_by(&q, request->by[i], e);
    }
    if (rc == 0) {
        const Madoguchi__Scope *scope = request->scope != NULL ? request->scope : &none;
        rc = catalogue_then(r, scope, &q, e) < 0
                 ? -1
                 : query_scope(&q, r->view, scope, r->now, false, &a, e);
    }
    if (rc == 0) {
        rc = within_scope(r->reacher.person, &q, &a, e);
    }
    if (rc == 0 && filters_on(&q, FILTER_STATUS)) {
        rc = error_set(e, ERR_INVALID, "status",
                       "status: goes with list only. What is counted does not depend on what "
                       "became of the case; leave it out.",
                       "status: 一覧 (list) だけの条件です。集計は相談票の状態によりません。外して"
                       "ください。");
    }
    struct stat_ctx s = {&pages, q.n_by, e};
    if (rc == 0 && request->has_explain && request->explain) {
        rc = explain(&pages, &q, e);
    }
    if (rc == 0) {
        rc = query_count(r->view, &q, stat_row, &s, e);
    }
    rc = pages_end(&pages, rc, e);
    arena_free(&a);
    return rc;
}

/* ---- list ---------------------------------------------------------------------- */

struct list_ctx {
    struct view *view;
    const struct reacher *reacher;
    struct pages *pages;
    struct sums *cases; /* opening number -> how often it matched */
    const struct query *query;
    struct error *error;
};

static const char *case_status(const Fold__Case *c) {
    return c->has_voided ? "void" : c->has_closed ? "closed" : "open";
}

/* Without a filter on it, what is void is left out: it is not counted either,
 * unless it is asked what was counted before. */
static bool status_matches(const struct query *q, const char *status) {
    bool asked = false;
    for (size_t i = 0; i < q->n_filter; i++) {
        const struct filter *f = &q->filter[i];
        if (f->field != FILTER_STATUS) {
            continue;
        }
        bool has = false;
        asked = asked || !f->exclude;
        for (size_t k = 0; k < f->n; k++) {
            has = has || bytes_equal(f->value[k], status);
        }
        if (has == f->exclude) {
            return false;
        }
    }
    return asked || q->known != UINT64_MAX || strcmp(status, "void") != 0;
}

static int case_row(struct list_ctx *l, uint64_t seq) {
    struct arena *a = pages_arena(l->pages);
    Fold__Case *c = view_case(l->view, seq, a);
    Madoguchi__CaseRow *row = arena_alloc(a, sizeof *row);
    if (c == NULL || row == NULL) {
        return -1;
    }
    const char *status = case_status(c);
    if (!status_matches(l->query, status) || !reach_case(l->reacher, RIGHT_LIST, seq, c)) {
        return 0;
    }
    madoguchi__case_row__init(row);
    message_copy(&row->base, &c->opening->base);
    SET(row, case_number, c->number);
    SET(row, opened, c->opening->date);
    SET(row, status, bytes_of(status));
    row->has_outcome = 0;
    if (c->has_outcome) {
        SET(row, outcome, c->outcome);
    }
    SET(row, contacts, c->contacts);
    SET(row, last, c->last);
    SET(row, seq, seq);
    return pages_add(l->pages, "case_row", &row->base, l->error);
}

static int list_fact(void *ctx, const struct fact *fact, uint64_t seq, int64_t measure) {
    struct list_ctx *l = ctx;
    (void)seq;
    (void)measure;
    if (!fact->value.has_case_number) {
        return 0;
    }
    int64_t one = fact->value.number;
    return sums_add(l->cases, fact->value.case_number.data, fact->value.case_number.len, &one);
}

/* Every case there is, in the order of numbers. */
static int list_all(struct list_ctx *l, struct error *e) {
    struct cursor c;
    int rc = 0;
    cursor_open(&c, &l->view->txn, TABLE_NUMBERS);
    for (bool more = cursor_seek(&c, NULL); more && rc == 0; more = cursor_next(&c)) {
        if (c.key.mv_size == 7 && c.value.mv_size == 8 && *(const char *)c.key.mv_data != 'S') {
            rc = case_row(l, get_u64(c.value.mv_data));
        }
    }
    cursor_close(&c);
    return rc < 0 && l->view->txn.failed != 0 ? txn_error(&l->view->txn, e) : rc;
}

static int list_matching(struct list_ctx *l, struct error *e) {
    if (query_facts(l->view, l->query, list_fact, l, e) < 0) {
        return -1;
    }
    sums_sort(l->cases);
    int rc = 0;
    for (size_t i = 0; i < sums_count(l->cases) && rc == 0; i++) {
        const uint8_t *key;
        size_t len;
        uint64_t seq;
        const int64_t *net = sums_get(l->cases, i, &key, &len);
        if (*net > 0 && view_number(l->view, (ProtobufCBinaryData){len, (uint8_t *)key}, &seq)) {
            rc = case_row(l, seq);
        }
    }
    return rc;
}

/* Whether only the state of cases is asked for, so that facts tell no more. */
static bool asks_all(const struct query *q, const Madoguchi__Scope *scope) {
    for (size_t i = 0; i < q->n_filter; i++) {
        if (q->filter[i].field != FILTER_STATUS) {
            return false;
        }
    }
    return !scope->has_from && !scope->has_to && !scope->has_as_of && !scope->has_known_at &&
           !scope->has_position;
}

int read_list(struct reading *r, const Madoguchi__Scope *scope, struct error *e) {
    struct query q = {.catalogue = r->catalogue, .what = COUNT_CONTACTS};
    struct arena a;
    struct pages pages;
    arena_init(&a, READ_ARENA);
    pages_begin(&pages, r->page, r->ctx);
    struct list_ctx l = {r->view, &r->reacher, &pages, sums_new(1, LIST_MAX), &q, e};
    int rc = l.cases == NULL ? view_no_room(e) : catalogue_then(r, scope, &q, e);
    if (rc == 0) {
        rc = query_scope(&q, r->view, scope, r->now, true, &a, e);
    }
    if (rc == 0) {
        q.what = filters_on(&q, DIMENSION_OUTCOME)  ? COUNT_OUTCOMES
                 : filters_on(&q, DIMENSION_TARGET) ? COUNT_REFERRALS
                                                    : COUNT_CONTACTS;
        rc = asks_all(&q, scope) ? list_all(&l, e) : list_matching(&l, e);
    }
    rc = pages_end(&pages, rc, e);
    sums_free(l.cases);
    arena_free(&a);
    return rc;
}

/* ---- documents -------------------------------------------------------------------- */

static int send_document(struct reading *r, ProtobufCBinaryData data) {
    for (size_t at = 0; at < data.len; at += DOCUMENT_PIECE) {
        Madoguchi__Page page = MADOGUCHI__PAGE__INIT;
        size_t n = data.len - at < DOCUMENT_PIECE ? data.len - at : DOCUMENT_PIECE;
        SET(&page, data, ((ProtobufCBinaryData){n, data.data + at}));
        if (r->page(r->ctx, &page) != 0) {
            return -1;
        }
    }
    return 0;
}

static int add_plan(struct reading *r, struct pages *pages, ProtobufCBinaryData id,
                    struct error *e) {
    struct arena *a = pages_arena(pages);
    struct arena whole; /* of the document: a page has room for its row only */
    Document__Plan *plan;
    uint64_t seq;
    Madoguchi__Pair *pair = arena_alloc(a, sizeof *pair);
    if (pair == NULL) {
        return view_no_room(e);
    }
    madoguchi__pair__init(pair);
    arena_init(&whole, PLAN_ARENA);
    int rc = view_plan(r->view, id, UINT64_MAX, &whole, &plan, &seq, e);
    if (rc == 0) {
        SET(pair, name, arena_bytes(a, plan->id));
        SET(pair, value, arena_bytes(a, plan->title));
    }
    arena_free(&whole);
    return rc < 0 ? -1 : pages_add(pages, "pair", &pair->base, e);
}

/* Each plan once: behind an id's newest version begins the next id. */
static int list_plans(struct reading *r, struct pages *pages, struct error *e) {
    struct cursor c;
    struct key after;
    int rc = 0;
    key_start(&after);
    cursor_open(&c, &r->view->txn, TABLE_PLANS);
    while (rc == 0 && cursor_seek(&c, &after) && c.key.mv_size > 9) {
        key_start(&after);
        key_raw(&after, c.key.mv_data, c.key.mv_size - 8);
        ProtobufCBinaryData id = {after.len - 1, after.data};
        rc = add_plan(r, pages, id, e);
        key_u64(&after, UINT64_MAX);
    }
    cursor_close(&c);
    return rc;
}

static int read_plan(struct reading *r, ProtobufCBinaryData id, struct error *e) {
    struct arena a;
    Document__Plan *plan;
    Journal__Entry *entry;
    uint64_t seq;
    arena_init(&a, PLAN_ARENA);
    int rc = view_plan(r->view, id, UINT64_MAX, &a, &plan, &seq, e);
    if (rc == 0) {
        rc = view_entry(r->view, seq, &a, &entry, e);
    }
    if (rc == 0) {
        rc = send_document(r, entry->plan->data);
    }
    arena_free(&a);
    return rc;
}

static int read_catalogue(struct reading *r, struct error *e) {
    struct arena a;
    ProtobufCBinaryData data;
    arena_init(&a, READ_ARENA);
    int rc = message_pack(&catalogue_document(r->catalogue)->base, &a, &data, e);
    if (rc == 0) {
        rc = send_document(r, data);
    }
    arena_free(&a);
    return rc;
}

int read_documents(struct reading *r, const Madoguchi__Documents *request, struct error *e) {
    if (request->kind == MADOGUCHI__DOCUMENT_KIND__CATALOGUE) {
        return read_catalogue(r, e);
    }
    if (request->has_id) {
        return read_plan(r, request->id, e);
    }
    struct pages pages;
    pages_begin(&pages, r->page, r->ctx);
    int rc = list_plans(r, &pages, e);
    return pages_end(&pages, rc, e);
}

/* ---- the one way in ------------------------------------------------------------------ */

static int read_body(struct reading *r, const Madoguchi__Request *request, struct error *e) {
    if (reach_right(r->reacher.person, rights_of(request), e) < 0) {
        return -1;
    }
    switch (request->body_case) {
    case MADOGUCHI__REQUEST__BODY_SHOW:
        return read_show(r, request->show, e);
    case MADOGUCHI__REQUEST__BODY_LIST:
        return read_list(r, request->list, e);
    case MADOGUCHI__REQUEST__BODY_STATS:
        return read_stats(r, request->stats, e);
    case MADOGUCHI__REQUEST__BODY_INDICATORS:
        return read_indicators(r->view, request->indicators, r->now, r->page, r->ctx, e);
    case MADOGUCHI__REQUEST__BODY_PROVE:
        return read_prove(r->view, r->reacher.person, request->prove, r->now, r->page, r->ctx, e);
    case MADOGUCHI__REQUEST__BODY_ACCOUNTS:
        return read_accounts(r, request->accounts, e);
    case MADOGUCHI__REQUEST__BODY_AUDIT:
        return read_audit(r, request->audit, e);
    case MADOGUCHI__REQUEST__BODY_RESTATEMENTS:
        return read_restatements(r, request->restatements, e);
    case MADOGUCHI__REQUEST__BODY_DOCUMENTS:
        return read_documents(r, request->documents, e);
    default:
        return error_set(e, ERR_INVALID, "", "This request reads nothing.",
                         "照会の要求ではありません。");
    }
}

int store_read(struct store *s, const struct person *reader, const Madoguchi__Request *request,
               uint64_t now, store_page_fn page, void *ctx, uint64_t *position, struct error *e) {
    struct view view = {.journal = s->journal, .catalogues = s->catalogues};
    struct fold_head head;
    *position = 0;
    if (txn_begin(&view.txn, &s->tables, false, e) < 0) {
        return -1;
    }
    struct error broken = {0};
    int rc = -1;
    if (view_fold_head(&view, &head)) {
        *position = head.seq;
        struct reading r = {.view = &view,
                            .catalogue = view_catalogue(&view, UINT64_MAX, &broken),
                            .reacher = {&view, reader, calendar_today((int64_t)now)},
                            .now = now,
                            .page = page,
                            .ctx = ctx};
        rc = r.catalogue == NULL ? -1 : read_body(&r, request, &broken);
        view_catalogue_done(&view, r.catalogue);
    }
    /* Rows that could not be read are not rows that are not there: also an
     * answer that seems whole is none. */
    if (view.txn.failed != 0) {
        rc = txn_error(&view.txn, &broken);
    }
    if (rc < 0 && broken.code == 0) {
        /* A page could not be built or was not taken. */
        view_no_room(&broken);
    }
    if (rc < 0) {
        *e = broken;
    }
    txn_abort(&view.txn);
    return rc;
}
