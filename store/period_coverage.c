/* Coverage: which days a counter has declared that it logs here. */
#include "store/period_data.h"

#include "proto/calendar.h"

#include <stdlib.h>
#include <string.h>

/* ---- what was declared -------------------------------------------------- */

static int coverage_order(const void *a, const void *b) {
    const struct coverage_entry *x = a;
    const struct coverage_entry *y = b;
    if (x->named != y->named) {
        return x->named < y->named ? -1 : 1;
    }
    return x->seq < y->seq ? -1 : x->seq > y->seq;
}

static bool coverage_fill(struct period_data *d, const Journal__Coverage *c, uint64_t seq,
                          struct coverage_entry *out) {
    struct period period;
    if (!period_parse(c->period, &period)) {
        return false;
    }
    *out = (struct coverage_entry){.seq = seq, .from = period.from, .to = period.to};
    out->service = arena_bytes(d->arena, c->service);
    out->program = arena_bytes(d->arena, c->program);
    out->session_kind = arena_bytes(d->arena, c->session_kind);
    out->not_held = c->has_not_held && c->not_held;
    out->named = (c->service.len > 0) + (c->program.len > 0) + (c->session_kind.len > 0);
    return true;
}

/* The declaration behind a row of the table; NULL when it did not hold then. */
static int coverage_read(struct period_data *d, const struct cursor *c, uint64_t seq,
                         struct arena *scratch, const Journal__Coverage **out, struct error *e) {
    *out = NULL;
    if (!period_live(d, seq)) {
        return 0;
    }
    if (d->known != UINT64_MAX) {
        Journal__Entry *entry;
        if (period_effective(d, seq, scratch, &entry, e) < 0) {
            return -1;
        }
        *out = entry->coverage;
        return 0;
    }
    Fold__Coverage *value =
        fold__coverage__unpack(arena_allocator(scratch), c->value.mv_size, c->value.mv_data);
    if (value == NULL) {
        d->view->txn.failed = MDB_CORRUPTED;
        return txn_error(&d->view->txn, e);
    }
    *out = value->voided ? NULL : value->coverage;
    return 0;
}

int period_coverage_load(struct period_data *d, struct arena *scratch, struct error *e) {
    struct cursor c;
    size_t cap = 0;
    int rc = 0;
    cursor_open(&c, &d->view->txn, TABLE_COVERAGE);
    for (bool more = cursor_seek(&c, NULL); more && rc == 0; more = cursor_next(&c)) {
        const Journal__Coverage *coverage = NULL;
        arena_reset(scratch);
        if (c.key.mv_size != 8) {
            d->view->txn.failed = MDB_CORRUPTED;
            break;
        }
        uint64_t seq = get_u64(c.key.mv_data);
        rc = coverage_read(d, &c, seq, scratch, &coverage, e);
        if (rc < 0 || coverage == NULL) {
            continue;
        }
        d->coverage = period_grow(d->arena, d->coverage, d->n_coverage, &cap, sizeof *d->coverage);
        if (d->coverage == NULL) {
            rc = view_no_room(e);
        } else if (coverage_fill(d, coverage, seq, &d->coverage[d->n_coverage])) {
            d->n_coverage++;
        }
    }
    cursor_close(&c);
    if (rc == 0 && d->n_coverage > 1) {
        qsort(d->coverage, d->n_coverage, sizeof *d->coverage, coverage_order);
    }
    return rc;
}

/* ---- of a query --------------------------------------------------------- */

/* The values a query names of one dimension; n 0: any. */
struct named {
    const ProtobufCBinaryData *value;
    size_t n;
};

static struct named named_values(const struct query *q, enum dimension dimension) {
    for (size_t i = 0; i < q->n_filter; i++) {
        if (q->filter[i].field == (int)dimension && !q->filter[i].exclude) {
            return (struct named){q->filter[i].value, q->filter[i].n};
        }
    }
    return (struct named){NULL, 0};
}

static bool is_among(ProtobufCBinaryData value, const ProtobufCBinaryData *list, size_t n) {
    for (size_t i = 0; i < n; i++) {
        if (bytes_same(value, list[i])) {
            return true;
        }
    }
    return false;
}

/* Whether some code that the filter names may be used with the service. */
static bool filter_allows(const struct period_data *d, const struct filter *f,
                          ProtobufCBinaryData service) {
    const char *list = f->field < 0 || f->exclude
                           ? NULL
                           : catalogue_list_of(dimension_name((enum dimension)f->field));
    if (list == NULL || f->field == DIMENSION_SERVICE) {
        return true;
    }
    for (size_t i = 0; i < f->n; i++) {
        const Document__Code *code = catalogue_code(d->catalogue, list, f->value[i]);
        if (code == NULL || code->n_service == 0 ||
            is_among(service, code->service, code->n_service)) {
            return true;
        }
    }
    return false;
}

/* The services a query can count: those it names, or those that the codes it
 * names are limited to; none when any service, or no service, is possible. */
static int possible_services(const struct period_data *d, const struct query *q, struct arena *a,
                             struct named *out, struct error *e) {
    *out = named_values(q, DIMENSION_SERVICE);
    if (out->n > 0) {
        return 0;
    }
    const Document__Catalogue *document = catalogue_document(d->catalogue);
    ProtobufCBinaryData *list =
        arena_alloc(a, (document->n_service + 1) * sizeof(ProtobufCBinaryData));
    size_t n = 0;
    if (list == NULL) {
        return view_no_room(e);
    }
    for (size_t s = 0; s < document->n_service; s++) {
        bool allowed = true;
        for (size_t i = 0; allowed && i < q->n_filter; i++) {
            allowed = filter_allows(d, &q->filter[i], document->service[s]->code);
        }
        if (allowed) {
            list[n++] = document->service[s]->code;
        }
    }
    *out = (struct named){list, n == document->n_service ? 0 : n};
    return 0;
}

/* One service, program and session kind that a query counts; NULL: any. */
struct counted {
    const ProtobufCBinaryData *service, *program, *session_kind;
};

static bool names(ProtobufCBinaryData declared, const ProtobufCBinaryData *counted) {
    return declared.len > 0 && counted != NULL && bytes_same(declared, *counted);
}

static bool covers(const struct coverage_entry *entry, const struct counted *c) {
    if ((entry->program.len > 0 && !names(entry->program, c->program)) ||
        (entry->session_kind.len > 0 && !names(entry->session_kind, c->session_kind))) {
        return false;
    }
    if (entry->service.len == 0 || names(entry->service, c->service)) {
        return true;
    }
    /* A rule for any service: a declaration of one service covers it where it
     * names the rule's own program or session kind. */
    return c->service == NULL &&
           (names(entry->program, c->program) || names(entry->session_kind, c->session_kind));
}

/* Number of days from..to; 0 when they are not in order. */
static size_t days_between(uint32_t from, uint32_t to) {
    int32_t n = calendar_days(to) - calendar_days(from);
    return n < 0 ? 0 : (size_t)n + 1;
}

static void paint(const struct period_data *d, const struct counted *counted,
                  struct covered_days *days) {
    int32_t first = calendar_days(days->from);
    memset(days->mark, DAY_UNKNOWN, days->n);
    for (size_t i = 0; i < d->n_coverage; i++) {
        const struct coverage_entry *entry = &d->coverage[i];
        uint32_t from = entry->from > days->from ? entry->from : days->from;
        uint32_t to = entry->to < days->to ? entry->to : days->to;
        to = to < d->day ? to : d->day;
        if (from <= to && covers(entry, counted)) {
            memset(days->mark + (calendar_days(from) - first),
                   entry->not_held ? DAY_NOT_HELD : DAY_COVERED, days_between(from, to));
        }
    }
}

void covered_days_and(struct covered_days *all, const struct covered_days *other) {
    for (size_t i = 0; i < all->n && i < other->n; i++) {
        uint8_t mark = other->mark[i];
        if (all->mark[i] == DAY_UNKNOWN || mark == DAY_UNKNOWN) {
            all->mark[i] = DAY_UNKNOWN;
        } else if (all->mark[i] != mark) {
            all->mark[i] = DAY_COVERED;
        }
    }
}

static int days_new(uint32_t from, uint32_t to, struct arena *a, struct covered_days *out,
                    struct error *e) {
    int32_t n = calendar_days(to) - calendar_days(from) + 1;
    if (n < 1 || n > PERIOD_DAYS_MAX) {
        return error_set(e, ERR_INVALID, "year", "The period is longer than 110 years.",
                         "期間が110年を超えています。");
    }
    *out = (struct covered_days){from, to, (size_t)n, arena_alloc(a, (size_t)n)};
    return out->mark == NULL ? view_no_room(e) : 0;
}

static const ProtobufCBinaryData *nth(const struct named *list, size_t i) {
    return list->n == 0 ? NULL : &list->value[i];
}

/* Every combination must be covered; more than this many values are not gone
 * through: then only what is declared for all of them counts. */
#define COMBINATIONS_MAX 64

int period_coverage(struct period_data *d, const struct query *q, uint32_t from, uint32_t to,
                    struct arena *a, struct covered_days *out, struct error *e) {
    struct covered_days one;
    struct named list[3];
    if (days_new(from, to, a, out, e) < 0 || days_new(from, to, a, &one, e) < 0 ||
        possible_services(d, q, a, &list[0], e) < 0) {
        return -1;
    }
    list[1] = named_values(q, DIMENSION_PROGRAM);
    list[2] = named_values(q, DIMENSION_SESSION_KIND);
    size_t n[3];
    for (int i = 0; i < 3; i++) {
        list[i].n = list[i].n > COMBINATIONS_MAX ? 0 : list[i].n;
        n[i] = list[i].n == 0 ? 1 : list[i].n;
    }
    for (size_t i = 0; i < n[0] * n[1] * n[2]; i++) {
        struct counted counted = {nth(&list[0], i % n[0]), nth(&list[1], i / n[0] % n[1]),
                                  nth(&list[2], i / n[0] / n[1])};
        paint(d, &counted, i == 0 ? out : &one);
        if (i > 0) {
            covered_days_and(out, &one);
        }
    }
    return 0;
}

size_t covered_days_count(const struct covered_days *c) {
    size_t n = 0;
    for (size_t i = 0; i < c->n; i++) {
        n += c->mark[i] != DAY_UNKNOWN;
    }
    return n;
}

uint32_t covered_days_last(const struct covered_days *c) {
    size_t n = c->n;
    while (n > 0 && c->mark[n - 1] == DAY_UNKNOWN) {
        n--;
    }
    return n == 0 ? 0 : calendar_date(calendar_days(c->from) + (int32_t)n - 1);
}

bool covered_days_not_held(const struct covered_days *c, uint32_t day) {
    size_t n = c->n;
    if (day < c->from) {
        return false;
    }
    if (day < c->to) {
        n = days_between(c->from, day);
    }
    for (size_t i = 0; i < n; i++) {
        if (c->mark[i] != DAY_NOT_HELD) {
            return false;
        }
    }
    return true;
}
