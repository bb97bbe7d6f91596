/* What a plan's figures of a year are now, to be published. */
#include "store/indicator.h"
#include "store/internal.h"

#include "proto/calendar.h"

/* Everything of an evaluation lies in an arena that is used again: what is kept is
 * copied. */
static Madoguchi__Published *keep(const Document__Indicator *i, const struct evaluation *ev,
                                  struct arena *a) {
    Madoguchi__Published *p = arena_alloc(a, sizeof *p);
    if (p == NULL) {
        return NULL;
    }
    madoguchi__published__init(p);
    SET(p, indicator, arena_bytes(a, i->id));
    if (ev->actual != NULL) {
        SET(p, actual, arena_bytes(a, bytes_of(ev->actual)));
    }
    if (ev->ratio != NULL) {
        SET(p, ratio, arena_bytes(a, bytes_of(ev->ratio)));
    }
    if (ev->verdict.len > 0) {
        SET(p, verdict, arena_bytes(a, ev->verdict));
    }
    if (ev->as_of != 0) {
        SET(p, as_of, ev->as_of);
    }
    return a->exhausted ? NULL : p;
}

static int evaluate_all(struct asking *q, uint32_t year, bool (*stopped)(void *ctx), void *ctx,
                        struct arena *a, Madoguchi__Publication *out, struct error *e) {
    struct arena scratch; /* of one indicator */
    int rc = 0;
    out->n_figure = 0;
    out->figure = arena_alloc(a, (q->plan->n_indicator + 1) * sizeof *out->figure);
    if (out->figure == NULL) {
        return view_no_room(e);
    }
    arena_init(&scratch, INDICATOR_BYTES);
    for (size_t i = 0; rc == 0 && i < q->plan->n_indicator; i++) {
        const Document__Indicator *indicator = q->plan->indicator[i];
        struct evaluation ev;
        if (stopped != NULL && stopped(ctx)) {
            rc = error_set(e, ERR_BUSY, "", "It was stopped. Ask again.",
                           "中止されました。もう一度お試しください。");
            break;
        }
        arena_reset(&scratch);
        rc = indicator_try(q, indicator, year, &scratch, &ev, e);
        if (rc == 0) {
            Madoguchi__Published *p = keep(indicator, &ev, a);
            out->figure[out->n_figure] = p;
            out->n_figure += p != NULL;
            rc = p != NULL ? 0 : view_no_room(e);
        }
    }
    arena_free(&scratch);
    return rc;
}

int store_evaluate(struct store *s, ProtobufCBinaryData plan, uint32_t year, uint64_t now,
                   bool (*stopped)(void *ctx), void *ctx, struct arena *a,
                   Madoguchi__Publication *out, struct error *e) {
    struct view view = {.journal = s->journal, .catalogues = s->catalogues};
    const struct asking_request asked = {
        .plan = plan, .today = calendar_today((int64_t)now), .as_of = CALENDAR_OPEN};
    struct asking asking;
    struct fold_head head;
    if (txn_begin(&view.txn, &s->tables, false, e) < 0) {
        return -1;
    }
    int rc = asking_open(&asking, &view, &asked, e);
    if (rc == 0 && !view_fold_head(&view, &head)) {
        view.txn.failed = view.txn.failed != 0 ? view.txn.failed : MDB_CORRUPTED;
    } else if (rc == 0) {
        SET(out, position, head.seq);
        rc = evaluate_all(&asking, year, stopped, ctx, a, out, e);
    }
    asking_close(&asking);
    if (view.txn.failed != 0) {
        rc = txn_error(&view.txn, e);
    }
    txn_abort(&view.txn);
    return rc;
}
