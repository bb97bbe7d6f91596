/* Figures from outside: which one stands for a period. */
#include "store/period_data.h"

#include "proto/calendar.h"

#include <stdlib.h>
#include <string.h>

static bool figure_fill(const Journal__Figure *f, uint64_t seq, struct arena *a,
                        struct figure *out) {
    struct period period;
    struct decimal decimal;
    if (!period_parse(f->period, &period)) {
        return false;
    }
    *out = (struct figure){.seq = seq, .from = period.from, .to = period.to, .as_of = f->as_of};
    out->series = arena_bytes(a, f->series);
    out->period = arena_bytes(a, f->period);
    out->value = arena_bytes(a, f->value);
    out->source = arena_bytes(a, f->source);
    if (decimal_parse_bytes(f->value, &decimal) && decimal_fraction(decimal, &out->exact)) {
        out->number = true;
        out->decimals = decimal.scale;
    }
    return true;
}

/* Where the figure of the same period stands in the list, or its end. */
static size_t figure_place(const struct figure *list, size_t n, const struct figure *f) {
    size_t i = 0;
    while (i < n && (list[i].from != f->from || list[i].to != f->to)) {
        i++;
    }
    return i;
}

static bool figure_newer(const struct figure *a, const struct figure *b) {
    return a->as_of != b->as_of ? a->as_of > b->as_of : a->seq > b->seq;
}

static int figure_order(const void *a, const void *b) {
    const struct figure *x = a;
    const struct figure *y = b;
    if (x->from != y->from) {
        return x->from < y->from ? -1 : 1;
    }
    return x->to < y->to ? -1 : x->to > y->to;
}

static int figure_read(struct period_data *d, const struct cursor *c, uint64_t seq, struct arena *a,
                       const Journal__Figure **out, struct error *e) {
    *out = NULL;
    if (!period_live(d, seq)) {
        return 0;
    }
    if (d->known != UINT64_MAX) {
        Journal__Entry *entry;
        if (period_effective(d, seq, a, &entry, e) < 0) {
            return -1;
        }
        *out = entry->figure;
        return 0;
    }
    Fold__Figure *value =
        fold__figure__unpack(arena_allocator(a), c->value.mv_size, c->value.mv_data);
    if (value == NULL) {
        d->view->txn.failed = MDB_CORRUPTED;
        return txn_error(&d->view->txn, e);
    }
    *out = value->voided ? NULL : value->figure;
    return 0;
}

/* Puts one row of the table into the list, where it is the newest so far. */
static int figure_take(struct period_data *d, const struct cursor *c, uint32_t as_of,
                       struct arena *scratch, struct arena *a, struct figure **list, size_t *n,
                       size_t *cap, struct error *e) {
    const Journal__Figure *f;
    struct figure figure;
    uint64_t seq = get_u64((const uint8_t *)c->key.mv_data + c->key.mv_size - 8);
    arena_reset(scratch);
    if (figure_read(d, c, seq, scratch, &f, e) < 0) {
        return -1;
    }
    if (f == NULL || f->as_of > as_of || !figure_fill(f, seq, a, &figure)) {
        return 0;
    }
    size_t at = figure_place(*list, *n, &figure);
    if (at < *n) {
        if (figure_newer(&figure, &(*list)[at])) {
            (*list)[at] = figure;
        }
        return 0;
    }
    *list = period_grow(a, *list, *n, cap, sizeof **list);
    if (*list == NULL) {
        return view_no_room(e);
    }
    (*list)[(*n)++] = figure;
    return 0;
}

int period_figures(struct period_data *d, ProtobufCBinaryData series, uint32_t as_of,
                   struct arena *a, struct figure **out, size_t *n, struct error *e) {
    struct cursor c;
    struct key prefix;
    size_t cap = 0;
    int rc = 0;
    *out = NULL;
    *n = 0;
    struct arena scratch; /* of one figure */
    arena_init(&scratch, PERIOD_SCRATCH_BYTES);
    key_start(&prefix);
    key_text(&prefix, series);
    cursor_open(&c, &d->view->txn, TABLE_FIGURES);
    for (bool more = cursor_seek(&c, &prefix); more && rc == 0 && cursor_has_prefix(&c, &prefix);
         more = cursor_next(&c)) {
        if (c.key.mv_size < prefix.len + 8) {
            d->view->txn.failed = MDB_CORRUPTED;
            break;
        }
        rc = figure_take(d, &c, as_of, &scratch, a, out, n, &cap, e);
    }
    cursor_close(&c);
    arena_free(&scratch);
    if (rc == 0 && d->view->txn.failed != 0) {
        rc = txn_error(&d->view->txn, e);
    }
    if (rc == 0 && a->exhausted) {
        rc = view_no_room(e);
    }
    if (rc == 0 && *n > 1) {
        qsort(*out, *n, sizeof **out, figure_order);
    }
    return rc;
}

static uint32_t days_of(const struct figure *f) {
    return (uint32_t)(calendar_days(f->to) - calendar_days(f->from) + 1);
}

/* The longest first; of equals the first. */
static int length_order(const void *a, const void *b) {
    uint32_t x = days_of(a);
    uint32_t y = days_of(b);
    return x != y ? (x > y ? -1 : 1) : figure_order(a, b);
}

/* Puts a figure among those taken, which are in order and do not overlap, where
 * it does not overlap either. */
static bool take_flow(struct figure *taken, size_t n, struct figure figure) {
    size_t low = 0;
    size_t high = n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (taken[middle].from < figure.from) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if ((low > 0 && taken[low - 1].to >= figure.from) ||
        (low < n && taken[low].from <= figure.to)) {
        return false;
    }
    memmove(&taken[low + 1], &taken[low], (n - low) * sizeof *taken);
    taken[low] = figure;
    return true;
}

size_t period_flow(struct figure *figures, size_t n, uint32_t from, uint32_t to, uint32_t *days) {
    size_t taken = 0;
    *days = 0;
    if (n > 1) {
        qsort(figures, n, sizeof *figures, length_order);
    }
    for (size_t i = 0; i < n; i++) {
        const struct figure f = figures[i];
        if (f.from >= from && f.to <= to && take_flow(figures, taken, f)) {
            *days += days_of(&f);
            taken++;
        }
    }
    return taken;
}

const struct figure *period_stock(const struct figure *figures, size_t n, uint32_t from,
                                  uint32_t to) {
    const struct figure *best = NULL;
    for (size_t i = 0; i < n; i++) {
        const struct figure *f = &figures[i];
        if (f->to < from || f->to > to) {
            continue;
        }
        bool exact = f->from == from && f->to == to;
        if (best == NULL || f->as_of > best->as_of ||
            (f->as_of == best->as_of && (exact || f->to > best->to))) {
            best = f;
        }
    }
    return best;
}
