#include "store/query.h"

#include "proto/calendar.h"
#include "proto/text.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define FIRST_DATE 19000101
#define LAST_DATE  QUERY_LAST_DATE

/* ---- counts --------------------------------------------------------------------- */

static const struct {
    const char *word;
    enum fact_kind kind;
    int measure; /* -1: distinct, from facts */
    int unknown; /* -1: nothing can be unknown */
} counts[] = {
    [COUNT_CONTACTS] = {"contacts", FACT_CONTACT, MEASURE_CONTACTS, -1},
    [COUNT_CONSULTATIONS] = {"consultations", FACT_CONTACT, MEASURE_CONSULTATIONS, -1},
    [COUNT_CASES] = {"cases", FACT_CONTACT, MEASURE_CASES, -1},
    [COUNT_ACTIVE] = {"active", FACT_CONTACT, -1, -1},
    [COUNT_TOPICS] = {"topics", FACT_CONTACT, MEASURE_TOPICS, -1},
    [COUNT_OUTCOMES] = {"outcomes", FACT_OUTCOME, MEASURE_OUTCOMES, -1},
    [COUNT_HOUSEHOLDS] = {"households", FACT_OUTCOME, MEASURE_HOUSEHOLDS,
                          MEASURE_HOUSEHOLDS_UNKNOWN},
    [COUNT_PERSONS] = {"persons", FACT_OUTCOME, MEASURE_PERSONS, MEASURE_PERSONS_UNKNOWN},
    [COUNT_SESSIONS] = {"sessions", FACT_SESSION, MEASURE_SESSIONS, -1},
    [COUNT_ATTENDEES] = {"attendees", FACT_SESSION, MEASURE_ATTENDEES, MEASURE_ATTENDEES_UNKNOWN},
    [COUNT_PROGRAMS] = {"programs", FACT_SESSION, -1, -1},
    [COUNT_REFERRALS] = {"referrals", FACT_REFERRAL, MEASURE_REFERRALS, -1},
    [COUNT_REFUSALS] = {"refusals", FACT_REFUSAL, MEASURE_REFUSALS, -1},
};
#define COUNTS (sizeof counts / sizeof counts[0])

const char *count_word(enum count what) {
    return counts[what].word;
}

enum fact_kind count_kind(enum count what) {
    return counts[what].kind;
}

int count_measure(enum count what) {
    return counts[what].measure;
}

int count_unknown(enum count what) {
    return counts[what].unknown;
}

static void copy_word(char out[40], ProtobufCBinaryData word) {
    snprintf(out, 40, "%.*s", (int)(word.len < 39 ? word.len : 39), (const char *)word.data);
}

int count_find(ProtobufCBinaryData word, enum count *out, struct error *e) {
    const char *words[COUNTS];
    for (size_t i = 0; i < COUNTS; i++) {
        words[i] = counts[i].word;
        if (bytes_equal(word, counts[i].word)) {
            *out = (enum count)i;
            return 0;
        }
    }
    char text[40];
    copy_word(text, word);
    error_set(e, ERR_INVALID, "count", "count: there is nothing called \"%s\" to count.",
              "count: 「%s」という数え方はありません。", text);
    error_near(e, text_nearest(text, words, COUNTS));
    return -1;
}

/* ---- filters and groups -------------------------------------------------------------- */

static int unknown_field(const char *what, ProtobufCBinaryData field, struct error *e) {
    const char *words[DIMENSION_COUNT + 6];
    size_t n = 0;
    for (int i = 0; i < DIMENSION_COUNT; i++) {
        words[n++] = dimension_name((enum dimension)i);
    }
    words[n++] = "hour";
    words[n++] = "day";
    words[n++] = "month";
    words[n++] = "year";
    words[n++] = "status";
    char text[40];
    copy_word(text, field);
    error_set(e, ERR_INVALID, what, "%s: there is no field \"%s\".",
              "%s: 「%s」という項目はありません。", what, text);
    error_near(e, text_nearest(text, words, n));
    return -1;
}

static int find_field(ProtobufCBinaryData field, int *out, struct error *e) {
    *out = dimension_find(field);
    if (*out >= 0) {
        return 0;
    }
    if (bytes_equal(field, "day")) {
        *out = FILTER_DAY;
        return 0;
    }
    if (bytes_equal(field, "status")) {
        *out = FILTER_STATUS;
        return 0;
    }
    return unknown_field("filter", field, e);
}

static int check_value(const struct query *q, int field, const char *name,
                       ProtobufCBinaryData value, struct error *e) {
    if (field == FILTER_DAY || field == FILTER_STATUS) {
        bool day = bytes_equal(value, "weekday") || bytes_equal(value, "holiday");
        bool status = bytes_equal(value, "open") || bytes_equal(value, "closed") ||
                      bytes_equal(value, "void");
        if (field == FILTER_DAY ? !day : !status) {
            return error_set(e, ERR_INVALID, name, "%s takes %s.", "%s に使えるのは %s です。",
                             name, field == FILTER_DAY ? "weekday, holiday" : "open, closed, void");
        }
        return 0;
    }
    const char *list = catalogue_list_of(name);
    if (list == NULL || value.len == 0) {
        return 0;
    }
    return catalogue_check(q->catalogue, name, list, value, (ProtobufCBinaryData){0}, 0, e);
}

/* A value as written: itself, or the members of @group. */
static int expand(const struct query *q, int field, const char *name, ProtobufCBinaryData value,
                  const ProtobufCBinaryData **out, size_t *n, struct error *e) {
    if (value.len > 1 && value.data[0] == '@') {
        const char *list = catalogue_list_of(name);
        ProtobufCBinaryData group = {value.len - 1, value.data + 1};
        const Document__Group *g = list == NULL ? NULL : catalogue_group(q->catalogue, list, group);
        if (g == NULL) {
            char text[40];
            copy_word(text, group);
            return error_set(e, ERR_UNKNOWN_CODE, name, "%s: the catalogue has no group @%s.",
                             "%s: 目録にグループ @%s がありません。", name, text);
        }
        *out = g->member;
        *n = g->n_member;
    }
    return *n == 1 ? check_value(q, field, name, (*out)[0], e) : 0;
}

int query_filter(struct query *q, ProtobufCBinaryData field, bool exclude,
                 const ProtobufCBinaryData *values, size_t n, struct arena *a, struct error *e) {
    if (q->n_filter == QUERY_FILTERS_MAX) {
        return error_set(e, ERR_TOO_MUCH, "filter", "At most %d filters.", "条件は %d 個までです。",
                         QUERY_FILTERS_MAX);
    }
    struct filter *f = &q->filter[q->n_filter];
    *f = (struct filter){.exclude = exclude};
    if (find_field(field, &f->field, e) < 0) {
        return -1;
    }
    char name[40];
    copy_word(name, field);
    for (int pass = 0; pass < 2; pass++) {
        size_t total = 0;
        for (size_t i = 0; i < n; i++) {
            const ProtobufCBinaryData *list = &values[i];
            size_t members = 1;
            if (expand(q, f->field, name, values[i], &list, &members, e) < 0) {
                return -1;
            }
            for (size_t m = 0; pass == 1 && m < members; m++) {
                f->value[total + m] = list[m];
            }
            total += members;
        }
        if (pass == 0 && (f->value = arena_alloc(a, (total + 1) * sizeof *f->value)) == NULL) {
            return view_no_room(e);
        }
        f->n = total;
        assert(f->value != NULL);
    }
    q->n_filter++;
    return 0;
}

int query_filter_text(struct query *q, ProtobufCBinaryData text, struct arena *a, struct error *e) {
    ProtobufCBinaryData values[64];
    size_t n = 0;
    const uint8_t *equals = memchr(text.data, '=', text.len);
    if (equals == NULL || equals == text.data) {
        return error_set(e, ERR_INVALID, "filter", "A filter is field=value or field!=value.",
                         "条件は 項目=値 または 項目!=値 の形です。");
    }
    bool exclude = equals[-1] == '!';
    ProtobufCBinaryData field = {(size_t)(equals - text.data) - exclude, text.data};
    const uint8_t *end = text.data + text.len;
    for (const uint8_t *p = equals + 1;;) {
        const uint8_t *comma = p < end ? memchr(p, ',', (size_t)(end - p)) : NULL;
        const uint8_t *stop = comma != NULL ? comma : end;
        if (n == 64) {
            return error_set(e, ERR_TOO_MUCH, "filter", "At most 64 values in a filter.",
                             "1 つの条件に値は 64 個までです。");
        }
        values[n++] = (ProtobufCBinaryData){(size_t)(stop - p), (uint8_t *)p};
        if (comma == NULL) {
            break;
        }
        p = comma + 1;
    }
    return query_filter(q, field, exclude, values, n, a, e);
}

int query_by(struct query *q, ProtobufCBinaryData field, struct error *e) {
    if (q->n_by == QUERY_BY_MAX) {
        return error_set(e, ERR_TOO_MUCH, "by", "At most %d fields to group by.",
                         "by は %d 個までです。", QUERY_BY_MAX);
    }
    int by = bytes_equal(field, "year")    ? BY_YEAR
             : bytes_equal(field, "month") ? BY_MONTH
             : bytes_equal(field, "day")   ? BY_DAY
             : bytes_equal(field, "hour")  ? BY_HOUR
                                           : dimension_find(field);
    if (by < 0) {
        return unknown_field("by", field, e);
    }
    q->by[q->n_by++] = by;
    return 0;
}

/* ---- scope ------------------------------------------------------------------------------ */

int query_known_at(struct view *v, uint64_t time, uint64_t *seq, struct error *e) {
    struct fold_head head;
    if (!view_fold_head(v, &head)) {
        return error_set(e, ERR_INTERNAL, "", "The folds are empty.", "表が空です。");
    }
    uint64_t low = 0; /* recorded by then */
    uint64_t high = head.seq + 1;
    struct arena a;
    arena_init(&a, 8u << 20);
    int rc = 0;
    while (rc == 0 && high - low > 1) {
        uint64_t middle = low + (high - low) / 2;
        Journal__Entry *entry;
        arena_reset(&a);
        rc = view_entry(v, middle, &a, &entry, e);
        if (rc == 0 && entry->recorded_at <= time) {
            low = middle;
        } else {
            high = middle;
        }
    }
    arena_free(&a);
    *seq = low;
    return rc;
}

int query_known(struct view *v, const Madoguchi__Scope *scope, uint64_t *seq, struct error *e) {
    struct fold_head head;
    *seq = UINT64_MAX;
    if (scope->has_known_at && query_known_at(v, scope->known_at, seq, e) < 0) {
        return -1;
    }
    if (!scope->has_position) {
        return 0;
    }
    if (!view_fold_head(v, &head) || scope->position > head.seq) {
        return error_set(e, ERR_INVALID, "position",
                         "position: the journal has not come to %llu. Ask without it.",
                         "position: 記録はまだ %llu まで進んでいません。指定を外してください。",
                         (unsigned long long)scope->position);
    }
    if (scope->position < head.seq && scope->position < *seq) { /* else cells will do */
        *seq = scope->position;
    }
    return 0;
}

static int period_bound(ProtobufCBinaryData text, const char *field, struct period *out,
                        struct error *e) {
    if (calendar_parse_period((const char *)text.data, text.len, out, e) < 0) {
        if (e != NULL) {
            snprintf(e->field, sizeof e->field, "%s", field);
        }
        return -1;
    }
    return 0;
}

int query_scope(struct query *q, struct view *v, const Madoguchi__Scope *scope, uint64_t now,
                bool all, struct arena *a, struct error *e) {
    struct period period;
    uint32_t today = scope->has_today ? scope->today : calendar_today((int64_t)now);
    uint32_t year = calendar_fiscal_year(today);
    q->from = all ? FIRST_DATE : year * 10000 + 401;
    q->to = all ? LAST_DATE : (year + 1) * 10000 + 331;
    if (scope->has_from) {
        if (period_bound(scope->from, "from", &period, e) < 0) {
            return -1;
        }
        q->from = period.from;
        q->to = scope->has_to || all ? LAST_DATE : period.to;
    }
    if (scope->has_to) {
        if (period_bound(scope->to, "to", &period, e) < 0) {
            return -1;
        }
        q->to = period.to;
        q->from = scope->has_from ? q->from : FIRST_DATE;
    }
    if (q->from > q->to) {
        return error_set(e, ERR_INVALID, "from", "The period ends before it begins.",
                         "期間の終わりが始まりより前です。");
    }
    if (scope->has_as_of && scope->as_of < q->to) {
        q->to = scope->as_of;
    }
    if (query_known(v, scope, &q->known, e) < 0) {
        return -1;
    }
    for (size_t i = 0; i < scope->n_filter; i++) {
        const Madoguchi__Filter *f = scope->filter[i];
        if (query_filter(q, f->field, f->has_exclude && f->exclude, f->value, f->n_value, a, e) <
            0) {
            return -1;
        }
    }
    return 0;
}
