/* Counting: from cells where a roll-up has what is asked, else from the ledger. */
#include "store/query.h"

#include "proto/calendar.h"
#include "store/sums.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define MONTH(date) ((date) / 100)

/* ---- which roll-up ------------------------------------------------------------------------- */

static bool rollup_has(const struct rollup *r, int dimension) {
    for (unsigned i = 0; i < r->n; i++) {
        if ((int)r->dimension[i] == dimension) {
            return true;
        }
    }
    return false;
}

static bool whole_months(const struct query *q) {
    if (q->from % 100 != 1) {
        return false;
    }
    return q->to == QUERY_LAST_DATE || calendar_date(calendar_days(q->to) + 1) % 100 == 1;
}

static int choose_rollup(const struct query *q) {
    if (q->from_facts || q->known != UINT64_MAX || count_measure(q->what) < 0) {
        return -1;
    }
    bool days = !whole_months(q);
    for (size_t i = 0; i < q->n_by; i++) {
        days = days || q->by[i] == BY_DAY;
        if (q->by[i] == BY_HOUR) {
            return -1;
        }
    }
    for (size_t i = 0; i < q->n_filter; i++) {
        days = days || q->filter[i].field == FILTER_DAY;
    }
    for (unsigned r = 0; r < cells_rollups(); r++) {
        const struct rollup *rollup = cells_rollup(r);
        bool has = rollup->daily == days;
        for (size_t i = 0; has && i < q->n_by; i++) {
            has = q->by[i] >= DIMENSION_COUNT || rollup_has(rollup, q->by[i]);
        }
        for (size_t i = 0; has && i < q->n_filter; i++) {
            has = q->filter[i].field < 0 || rollup_has(rollup, q->filter[i].field);
        }
        if (has) {
            return (int)r;
        }
    }
    return -1;
}

void query_explain(const struct query *q, char *out, size_t size) {
    int r = choose_rollup(q);
    if (r < 0) {
        snprintf(out, size, "facts");
        return;
    }
    const struct rollup *rollup = cells_rollup((unsigned)r);
    int n = snprintf(out, size, "cells %s", rollup->daily ? "day" : "month");
    for (unsigned i = 0; i < rollup->n && n > 0 && (size_t)n < size; i++) {
        n += snprintf(out + n, size - (size_t)n, " %s", dimension_name(rollup->dimension[i]));
    }
}

/* ---- matching ---------------------------------------------------------------------------------
 */

static bool filter_has(const struct filter *f, ProtobufCBinaryData value) {
    assert(f->value != NULL || f->n == 0);
    for (size_t i = 0; i < f->n; i++) {
        if (bytes_same(f->value[i], value)) {
            return !f->exclude;
        }
    }
    return f->exclude;
}

bool query_day_matches(const struct query *q, uint32_t date) {
    for (size_t i = 0; i < q->n_filter; i++) {
        const struct filter *f = &q->filter[i];
        if (f->field == FILTER_DAY &&
            !filter_has(
                f, bytes_of(catalogue_is_holiday(q->catalogue, date) ? "holiday" : "weekday"))) {
            return false;
        }
    }
    return true;
}

/* Key of a group: its values, each ended by a NUL. */
static void group_period(struct key *k, int by, uint32_t date) {
    char text[16];
    if (by == BY_YEAR) {
        snprintf(text, sizeof text, "%u", calendar_fiscal_year(date));
    } else if (by == BY_MONTH) {
        snprintf(text, sizeof text, "%04u-%02u", date / 10000, date / 100 % 100);
    } else {
        calendar_format_date(date, text);
    }
    key_text(k, bytes_of(text));
}

/* ---- counting from cells ------------------------------------------------------------------------
 */

struct counting {
    struct view *view;
    const struct query *query;
    struct sums *sums; /* count and unknown per group */
    struct error *error;
    /* Groups that come in their order need not be gathered: the last one. */
    bool in_order;
    query_row row;
    void *ctx;
    struct key last;
    int64_t numbers[2];
    size_t groups;
};

static int too_many(struct error *e) {
    return error_set(e, ERR_TOO_MUCH, "by",
                     "The answer has more than %d groups. Ask for a shorter period or fewer "
                     "fields.",
                     "結果が %d 行を超えます。期間を短くするか by を減らしてください。",
                     QUERY_GROUPS_MAX);
}

/* A cell's dimension by what it means; `of` are those of its roll-up. */
static const ProtobufCBinaryData *cell_value(const struct rollup *r, const ProtobufCBinaryData *of,
                                             int dimension) {
    for (unsigned i = 0; i < r->n; i++) {
        if ((int)r->dimension[i] == dimension) {
            return &of[i];
        }
    }
    return NULL;
}

static bool cell_matches(const struct query *q, const struct rollup *r,
                         const ProtobufCBinaryData *of) {
    for (size_t i = 0; i < q->n_filter; i++) {
        const struct filter *f = &q->filter[i];
        const ProtobufCBinaryData *value = f->field < 0 ? NULL : cell_value(r, of, f->field);
        if (f->field >= 0 && (value == NULL || !filter_has(f, *value))) {
            return false;
        }
    }
    return true;
}

/* Cells lie by period and then by their roll-up's fields: so do groups by the same. */
static bool comes_in_order(const struct query *q, const struct rollup *r) {
    size_t n = q->n_by > 0 && q->by[0] == (r->daily ? BY_DAY : BY_MONTH) ? 1 : 0;
    bool one_period = r->daily ? q->from == q->to : MONTH(q->from) == MONTH(q->to);
    if (n == 0 && !one_period) {
        return false;
    }
    for (size_t i = n; i < q->n_by; i++) {
        if (i - n >= r->n || q->by[i] != (int)r->dimension[i - n]) {
            return false;
        }
    }
    return true;
}

/* Cuts a group's key into its values; returns what is left of the key. */
static size_t cut_key(const uint8_t *key, size_t len, size_t n, ProtobufCBinaryData *out) {
    size_t at = 0;
    for (size_t i = 0; i < n; i++) {
        const uint8_t *nul = memchr(key + at, 0, len - at);
        size_t end = nul == NULL ? len : (size_t)(nul - key);
        out[i] = (ProtobufCBinaryData){end - at, (uint8_t *)key + at};
        at = end < len ? end + 1 : len;
    }
    return at;
}

static int emit_last(struct counting *c) {
    ProtobufCBinaryData keys[QUERY_BY_MAX];
    if (c->numbers[0] == 0 && c->numbers[1] == 0) {
        return 0;
    }
    if (++c->groups > QUERY_GROUPS_MAX) {
        return too_many(c->error);
    }
    cut_key(c->last.data, c->last.len, c->query->n_by, keys);
    int rc = c->row(c->ctx, keys, c->numbers[0], c->numbers[1]) != 0 ? -1 : 0;
    c->numbers[0] = c->numbers[1] = 0;
    return rc;
}

static int add_in_order(struct counting *c, const struct key *k, const int64_t numbers[2]) {
    if (k->len != c->last.len || memcmp(k->data, c->last.data, k->len) != 0) {
        if (emit_last(c) < 0) {
            return -1;
        }
        memcpy(c->last.data, k->data, k->len);
        c->last.len = k->len;
    }
    c->numbers[0] += numbers[0];
    c->numbers[1] += numbers[1];
    return 0;
}

static int cell_count(struct counting *c, const struct rollup *r, uint32_t date,
                      const struct cursor *cursor) {
    const struct query *q = c->query;
    struct measures m;
    ProtobufCBinaryData of[DIMENSION_COUNT];
    if (!cells_dimensions(&cursor->key, r->n, of) || !cell_matches(q, r, of)) {
        return 0;
    }
    if (!query_day_matches(q, date) ||
        !cells_decode(cursor->value.mv_data, cursor->value.mv_size, &m)) {
        return 0;
    }
    int64_t numbers[2] = {m.of[count_measure(q->what)], 0};
    if (count_unknown(q->what) >= 0) {
        numbers[1] = m.of[count_unknown(q->what)];
    }
    if (numbers[0] == 0 && numbers[1] == 0) {
        return 0;
    }
    struct key k;
    key_start(&k);
    for (size_t i = 0; i < q->n_by; i++) {
        if (q->by[i] >= DIMENSION_COUNT) {
            group_period(&k, q->by[i], date);
        } else {
            const ProtobufCBinaryData *value = cell_value(r, of, q->by[i]);
            key_text(&k, value != NULL ? *value : (ProtobufCBinaryData){0});
        }
    }
    if (c->in_order) {
        return add_in_order(c, &k, numbers);
    }
    return sums_add(c->sums, k.data, k.len, numbers) < 0 ? too_many(c->error) : 0;
}

/* Months lie as YYYYMM and days as YYYYMMDD in one table: the periods of one
 * roll-up are found by seeking from one to the next. */
static int count_cells(struct counting *c, unsigned rollup) {
    const struct query *q = c->query;
    const struct rollup *r = cells_rollup(rollup);
    uint32_t first = r->daily ? q->from : MONTH(q->from);
    uint32_t last = r->daily ? q->to : MONTH(q->to);
    struct cursor cursor;
    struct key k;
    int rc = 0;
    c->in_order = comes_in_order(q, r);
    cursor_open(&cursor, &c->view->txn, TABLE_CELLS);
    cells_key(&k, first, rollup);
    bool more = cursor_seek(&cursor, &k);
    while (more && rc == 0) {
        const uint8_t *p = cursor.key.mv_data;
        uint32_t period = cursor.key.mv_size < 5 ? UINT32_MAX : get_u32(p);
        if (period > last) {
            break;
        }
        if (p[4] == rollup) {
            rc = cell_count(c, r, r->daily ? period : period * 100 + 1, &cursor);
            more = cursor_next(&cursor);
        } else {
            cells_key(&k, p[4] < rollup ? period : period + 1, rollup);
            more = cursor_seek(&cursor, &k);
        }
    }
    cursor_close(&cursor);
    return rc == 0 && c->in_order ? emit_last(c) : rc;
}

/* ---- counting from the ledger
 * --------------------------------------------------------------------- */

static bool fact_matches(const struct query *q, const struct fact *fact,
                         const ProtobufCBinaryData *topic) {
    for (size_t i = 0; i < q->n_filter; i++) {
        const struct filter *f = &q->filter[i];
        if (f->field < 0) {
            continue;
        }
        ProtobufCBinaryData value = f->field == DIMENSION_TOPIC && topic != NULL
                                        ? *topic
                                        : fact_dimension(fact, (enum dimension)f->field);
        if (!filter_has(f, value)) {
            return false;
        }
    }
    return true;
}

bool query_matches(const struct query *q, const struct fact *fact) {
    return query_day_matches(q, fact->date) && fact_matches(q, fact, NULL);
}

/* What a row adds to the count, and to what is unknown. */
static void fact_numbers(const struct query *q, const struct fact *fact, int64_t numbers[2]) {
    struct measures m;
    measures_of_fact(fact, &m);
    numbers[0] = numbers[1] = 0;
    if (q->what == COUNT_TOPICS || count_measure(q->what) < 0) {
        numbers[0] = fact->value.number;
        return;
    }
    numbers[0] = m.of[count_measure(q->what)];
    if (count_unknown(q->what) >= 0) {
        numbers[1] = m.of[count_unknown(q->what)];
    }
}

/* The one service asked for, if it is one: the ledger's keys can skip to it. */
static const ProtobufCBinaryData *only_service(const struct query *q) {
    for (size_t i = 0; i < q->n_filter; i++) {
        const struct filter *f = &q->filter[i];
        if (f->field == DIMENSION_SERVICE && !f->exclude && f->n == 1) {
            return &f->value[0];
        }
    }
    return NULL;
}

typedef int (*row_fn)(void *ctx, const struct fact *fact, uint64_t seq);

/* All rows of the count's kind in the period, before filters on dimensions. */
static int walk_month(struct view *v, const struct query *q, uint32_t month, struct cursor *c,
                      struct arena *a, row_fn each, void *ctx, struct error *e) {
    struct key k;
    fact_month_key(&k, month);
    key_u8(&k, (uint8_t)count_kind(q->what));
    if (only_service(q) != NULL) {
        key_text(&k, *only_service(q));
    }
    for (bool more = cursor_seek(c, &k); more && cursor_has_prefix(c, &k); more = cursor_next(c)) {
        struct fact fact;
        uint64_t seq;
        arena_reset(a);
        if (!fact_from_key(&c->key, &fact, &seq)) {
            v->txn.failed = MDB_CORRUPTED;
            break;
        }
        if (seq > q->known || fact.date < q->from || fact.date > q->to) {
            continue;
        }
        Fold__Fact *value =
            fold__fact__unpack(arena_allocator(a), c->value.mv_size, c->value.mv_data);
        if (value == NULL) {
            v->txn.failed = MDB_CORRUPTED;
            break;
        }
        fact.value = *value;
        if (query_day_matches(q, fact.date) && each(ctx, &fact, seq) != 0) {
            return -1;
        }
    }
    return v->txn.failed != 0 ? txn_error(&v->txn, e) : 0;
}

static int walk_facts(struct view *v, const struct query *q, row_fn each, void *ctx,
                      struct error *e) {
    struct cursor c;
    struct arena a;
    int rc = 0;
    uint32_t month = MONTH(q->from);
    arena_init(&a, 1u << 20);
    cursor_open(&c, &v->txn, TABLE_FACTS);
    while (rc == 0) {
        /* On to the next month that has anything. */
        struct key k;
        fact_month_key(&k, month);
        if (!cursor_seek(&c, &k) || c.key.mv_size < 3) {
            break;
        }
        const uint8_t *p = c.key.mv_data;
        month = (uint32_t)p[0] << 16 | get_u16(p + 1);
        if (month > MONTH(q->to)) {
            break;
        }
        rc = walk_month(v, q, month, &c, &a, each, ctx, e);
        month++;
    }
    cursor_close(&c);
    arena_free(&a);
    return rc == 0 && v->txn.failed != 0 ? txn_error(&v->txn, e) : rc;
}

static void group_hour(struct key *k, const struct fact *fact) {
    char text[16] = "";
    if (fact->value.has_time) {
        snprintf(text, sizeof text, "%02u", fact->value.time / 100);
    }
    key_text(k, bytes_of(text));
}

static int group_add(struct counting *c, const struct fact *fact, const ProtobufCBinaryData *topic,
                     const int64_t numbers[2]) {
    const struct query *q = c->query;
    struct key k;
    key_start(&k);
    for (size_t i = 0; i < q->n_by; i++) {
        if (q->by[i] == BY_HOUR) {
            group_hour(&k, fact);
        } else if (q->by[i] >= DIMENSION_COUNT) {
            group_period(&k, q->by[i], fact->date);
        } else if (q->by[i] == DIMENSION_TOPIC && topic != NULL) {
            key_text(&k, *topic);
        } else {
            key_text(&k, fact_dimension(fact, (enum dimension)q->by[i]));
        }
    }
    if (q->what == COUNT_ACTIVE) {
        key_raw(&k, fact->value.case_number.data, fact->value.case_number.len);
    } else if (q->what == COUNT_PROGRAMS) {
        key_raw(&k, fact->value.program.data, fact->value.program.len);
    }
    if (k.overflow || sums_add(c->sums, k.data, k.len, numbers) < 0) {
        return too_many(c->error);
    }
    return 0;
}

static int fact_count(void *ctx, const struct fact *fact, uint64_t seq) {
    struct counting *c = ctx;
    const struct query *q = c->query;
    int64_t numbers[2];
    (void)seq;
    if ((q->what == COUNT_ACTIVE && !fact->value.has_case_number) ||
        (q->what == COUNT_PROGRAMS && !fact->value.has_program)) {
        return 0;
    }
    fact_numbers(q, fact, numbers);
    if (q->what != COUNT_TOPICS) {
        if ((numbers[0] == 0 && numbers[1] == 0) || !fact_matches(q, fact, NULL)) {
            return 0;
        }
        return group_add(c, fact, NULL, numbers);
    }
    for (size_t t = 0; t < fact->value.n_topic; t++) {
        if (fact_matches(q, fact, &fact->value.topic[t]) &&
            group_add(c, fact, &fact->value.topic[t], numbers) < 0) {
            return -1;
        }
    }
    return 0;
}

/* ---- the answer
 * ---------------------------------------------------------------------------------- */

static int emit(struct counting *c) {
    const struct query *q = c->query;
    bool distinct = count_measure(q->what) < 0;
    size_t n = sums_count(c->sums);
    sums_sort(c->sums);
    for (size_t i = 0; i < n;) {
        ProtobufCBinaryData keys[QUERY_BY_MAX];
        const uint8_t *key;
        size_t len;
        const int64_t *numbers = sums_get(c->sums, i, &key, &len);
        size_t group = cut_key(key, len, q->n_by, keys);
        int64_t count = numbers[0];
        int64_t unknown = numbers[1];
        if (distinct) {
            count = numbers[0] > 0;
        }
        for (i++; distinct && i < n; i++) {
            const uint8_t *next;
            size_t next_len;
            const int64_t *more = sums_get(c->sums, i, &next, &next_len);
            if (next_len < group || memcmp(next, key, group) != 0) {
                break;
            }
            count += more[0] > 0;
        }
        if ((count != 0 || unknown != 0) && c->row(c->ctx, keys, count, unknown) != 0) {
            return -1;
        }
    }
    return 0;
}

int query_count(struct view *v, const struct query *q, query_row row, void *ctx, struct error *e) {
    struct counting c = {.view = v, .query = q, .error = e, .row = row, .ctx = ctx};
    c.sums = sums_new(2, QUERY_GROUPS_MAX);
    if (c.sums == NULL) {
        return view_no_room(e);
    }
    int rollup = choose_rollup(q);
    int rc = rollup >= 0 ? count_cells(&c, (unsigned)rollup) : walk_facts(v, q, fact_count, &c, e);
    if (rc == 0 && v->txn.failed != 0) {
        rc = txn_error(&v->txn, e);
    }
    if (rc == 0) {
        rc = emit(&c);
    }
    sums_free(c.sums);
    return rc;
}

static int total_row(void *ctx, const ProtobufCBinaryData *keys, int64_t count, int64_t unknown) {
    int64_t *total = ctx;
    (void)keys;
    total[0] += count;
    total[1] += unknown;
    return 0;
}

int query_total(struct view *v, const struct query *q, int64_t *count, int64_t *unknown,
                struct error *e) {
    struct query plain = *q;
    int64_t total[2] = {0, 0};
    plain.n_by = 0;
    int rc = query_count(v, &plain, total_row, total, e);
    *count = total[0];
    *unknown = total[1];
    return rc;
}

/* ---- the rows themselves
 * ---------------------------------------------------------------------------- */

struct listing {
    const struct query *query;
    query_fact each;
    void *ctx;
};

static int list_row(void *ctx, const struct fact *fact, uint64_t seq) {
    struct listing *l = ctx;
    const struct query *q = l->query;
    int64_t numbers[2];
    int64_t measure = 0;
    fact_numbers(q, fact, numbers);
    if (q->what == COUNT_TOPICS) {
        for (size_t t = 0; t < fact->value.n_topic; t++) {
            measure += fact_matches(q, fact, &fact->value.topic[t]) ? numbers[0] : 0;
        }
    } else if (fact_matches(q, fact, NULL)) {
        measure = numbers[0];
        if (measure == 0 && numbers[1] != 0) {
            return l->each(l->ctx, fact, seq, 0);
        }
    }
    return measure == 0 ? 0 : l->each(l->ctx, fact, seq, measure);
}

int query_facts(struct view *v, const struct query *q, query_fact each, void *ctx,
                struct error *e) {
    struct listing l = {q, each, ctx};
    return walk_facts(v, q, list_row, &l, e);
}
