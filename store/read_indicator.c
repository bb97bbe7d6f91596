/* The indicator table of a plan. */
#include "store/indicator.h"

#include "proto/calendar.h"
#include "proto/text.h"
#include "store/page.h"
#include "store/reach.h"

#include <string.h>

/* A plan of 1 MiB unpacked, coverage, sessions that were not held. */
#define ASKING_BYTES (64u << 20)
#define YEARS_MAX    100
#define NEAR_WORDS   4000

/* ---- a question --------------------------------------------------------- */

struct words {
    const char *word[NEAR_WORDS];
    size_t n;
};

static void nearest(struct error *e, ProtobufCBinaryData asked, const struct words *words,
                    struct arena *a) {
    const char *text = arena_strndup(a, asked.data, asked.len);
    if (e != NULL && text != NULL) {
        error_near(e, text_nearest(text, words->word, words->n));
    }
}

static void plan_words(struct asking *q, struct view *v, struct words *words) {
    struct cursor c;
    cursor_open(&c, &v->txn, TABLE_PLANS);
    for (bool more = cursor_seek(&c, NULL); more && words->n < NEAR_WORDS; more = cursor_next(&c)) {
        const uint8_t *nul = memchr(c.key.mv_data, 0, c.key.mv_size);
        size_t len = nul == NULL ? 0 : (size_t)(nul - (const uint8_t *)c.key.mv_data);
        const char *last = words->n == 0 ? "" : words->word[words->n - 1];
        if (strlen(last) != len || memcmp(last, c.key.mv_data, len) != 0) {
            const char *word = arena_strndup(&q->arena, c.key.mv_data, len);
            if (word == NULL) {
                break;
            }
            words->word[words->n++] = word;
        }
    }
    cursor_close(&c);
}

static int find_plan(struct asking *q, struct view *v, const struct asking_request *request,
                     uint64_t seq, struct error *e) {
    uint64_t put;
    if (view_plan(v, request->plan, seq, &q->arena, &q->plan, &put, e) == 0) {
        return 0;
    }
    struct words *words = arena_zalloc(&q->arena, sizeof *words);
    if (words != NULL && e != NULL && e->code == ERR_NOT_FOUND) {
        plan_words(q, v, words);
        nearest(e, request->plan, words, &q->arena);
    }
    return -1;
}

int asking_open(struct asking *q, struct view *v, const struct asking_request *request,
                struct error *e) {
    uint64_t known = UINT64_MAX;
    *q = (struct asking){.today = request->today, .as_of = request->as_of};
    arena_init(&q->arena, ASKING_BYTES);
    q->data.view = v;
    if (request->has_known_at) {
        uint32_t then = calendar_today((int64_t)request->known_at);
        q->today = then < q->today ? then : q->today;
        if (query_known_at(v, request->known_at, &known, e) < 0) {
            return -1;
        }
    }
    uint64_t rules = request->plan_now ? UINT64_MAX : known;
    q->catalogue = view_catalogue(v, rules, e);
    if (q->catalogue == NULL || find_plan(q, v, request, rules, e) < 0) {
        return -1;
    }
    uint32_t day = q->today < q->as_of ? q->today : q->as_of;
    return period_data_open(&q->data, v, known, day, q->catalogue, &q->arena, e);
}

void asking_close(struct asking *q) {
    view_catalogue_done(q->data.view, q->catalogue);
    arena_free(&q->arena);
}

int asking_indicator(struct asking *q, ProtobufCBinaryData id, const Document__Indicator **out,
                     struct error *e) {
    for (size_t i = 0; i < q->plan->n_indicator; i++) {
        if (bytes_same(q->plan->indicator[i]->id, id)) {
            *out = q->plan->indicator[i];
            return 0;
        }
    }
    const ProtobufCBinaryData plan = q->plan->id;
    error_set(e, ERR_NOT_FOUND, "indicator", "The plan \"%.*s\" has no indicator \"%.*s\".",
              "計画「%.*s」に指標「%.*s」はありません。", (int)plan.len, (const char *)plan.data,
              (int)id.len, (const char *)id.data);
    struct words *words = arena_zalloc(&q->arena, sizeof *words);
    for (size_t i = 0; words != NULL && i < q->plan->n_indicator && i < NEAR_WORDS; i++) {
        ProtobufCBinaryData word = q->plan->indicator[i]->id;
        words->word[i] = arena_strndup(&q->arena, word.data, word.len);
        words->n += words->word[i] != NULL;
    }
    if (words != NULL && !q->arena.exhausted) {
        nearest(e, id, words, &q->arena);
    }
    return -1;
}

/* ---- rows --------------------------------------------------------------- */

struct listing {
    struct asking *asking;
    struct pages pages;
    struct arena arena; /* of one indicator and year */
};

#define PUT_BYTES(row, field, from, source)  \
    do {                                     \
        if ((from)->has_##source) {          \
            SET(row, field, (from)->source); \
        }                                    \
    } while (0)

/* A text that lies in the year's arena, copied: the row outlives it. */
#define PUT_TEXT(row, field, text, a)                        \
    do {                                                     \
        if ((text) != NULL) {                                \
            SET(row, field, arena_bytes(a, bytes_of(text))); \
        }                                                    \
    } while (0)

static void fill_plan(Madoguchi__IndicatorRow *row, const Document__Indicator *i) {
    PUT_BYTES(row, id, i, id);
    PUT_BYTES(row, name, i, name);
    PUT_BYTES(row, name_en, i, name_en);
    PUT_BYTES(row, unit, i, unit);
    PUT_BYTES(row, policy, i, policy);
    PUT_BYTES(row, department, i, department);
    PUT_BYTES(row, kind, i, kind);
}

static void fill_values(Madoguchi__IndicatorRow *row, const struct evaluation *ev,
                        struct arena *a) {
    if (ev->baseline != NULL) {
        PUT_BYTES(row, baseline, ev->baseline, value);
        PUT_BYTES(row, baseline_period, ev->baseline, period);
    }
    if (ev->target != NULL) {
        PUT_BYTES(row, target, ev->target, value);
        PUT_BYTES(row, target_period, ev->target, period);
    }
    PUT_TEXT(row, actual, ev->actual, a);
    PUT_TEXT(row, ratio, ev->ratio, a);
    PUT_TEXT(row, note, ev->note, a);
    if (ev->verdict.len > 0) {
        SET(row, verdict, ev->verdict);
    }
    if (ev->as_of != 0) {
        char date[16];
        calendar_format_date(ev->as_of, date);
        PUT_TEXT(row, as_of, date, a);
    }
}

/* 確定 only when every month of the fiscal year is closed, for all services. */
static bool is_final(const struct asking *q, uint32_t year) {
    for (uint32_t i = 0; i < 12; i++) {
        uint32_t month = i < 9 ? year * 100 + 4 + i : (year + 1) * 100 + i - 8;
        uint64_t seq = reach_closed(q->data.view, month, (ProtobufCBinaryData){0});
        if (seq == 0 || seq > q->data.known) {
            return false;
        }
    }
    return true;
}

/* A rule that cannot be read takes its own number away, not the whole table. */
int indicator_try(struct asking *q, const Document__Indicator *i, uint32_t year, struct arena *a,
                  struct evaluation *ev, struct error *e) {
    struct error rule;
    if (indicator_evaluate(q, i, year, a, ev, &rule) == 0) {
        return 0;
    }
    if (rule.code != ERR_UNKNOWN_CODE && rule.code != ERR_INVALID) {
        *e = rule;
        return -1;
    }
    ev->actual = NULL;
    ev->note = arena_printf(a, "数え方を読めません: %s", rule.ja);
    return 0;
}

static int put_row(struct listing *t, const Document__Indicator *i, uint32_t year,
                   struct error *e) {
    struct arena *a = pages_arena(&t->pages);
    struct evaluation ev;
    arena_reset(&t->arena);
    Madoguchi__IndicatorRow *row = arena_alloc(a, sizeof *row);
    if (row == NULL) {
        return view_no_room(e);
    }
    if (indicator_try(t->asking, i, year, &t->arena, &ev, e) < 0) {
        return -1;
    }
    madoguchi__indicator_row__init(row);
    fill_plan(row, i);
    SET(row, year, year);
    fill_values(row, &ev, a);
    SET(row, status, bytes_of(is_final(t->asking, year) ? "final" : "provisional"));
    return pages_add(&t->pages, "indicator", &row->base, e);
}

/* ---- the table ---------------------------------------------------------- */

/* The years asked for; else the plan's, else this fiscal year. */
static int choose_years(const struct asking *q, const Madoguchi__Indicators *request,
                        uint32_t *from, uint32_t *to, struct error *e) {
    bool planned = q->plan->has_from && q->plan->has_to;
    uint32_t this_year = calendar_fiscal_year(q->today);
    *from = request->has_from ? request->from : planned ? q->plan->from : this_year;
    *to = request->has_to ? request->to : planned ? q->plan->to : this_year;
    if (request->has_from && !request->has_to && *to < *from) {
        *to = *from;
    }
    if (request->has_to && !request->has_from && *from > *to) {
        *from = *to;
    }
    if (*from > *to || *to - *from >= YEARS_MAX || *from < CALENDAR_FIRST_YEAR || *to > 9998) {
        return error_set(e, ERR_INVALID, "from", "The years must be in order and at most %d.",
                         "年度は順に、%d年度分までにしてください。", YEARS_MAX);
    }
    return 0;
}

int read_indicators(struct view *v, const Madoguchi__Indicators *request, uint64_t now,
                    store_page_fn page, void *ctx, struct error *e) {
    const struct asking_request asked = {
        .plan = request->plan,
        .today = request->has_today ? request->today : calendar_today((int64_t)now),
        .as_of = request->has_as_of ? request->as_of : CALENDAR_OPEN,
        .has_known_at = request->has_known_at,
        .known_at = request->known_at,
        .plan_now = request->has_plan_now && request->plan_now,
    };
    struct asking asking;
    struct listing t = {.asking = &asking};
    struct error local = {0}; /* errors are looked at here */
    uint32_t from;
    uint32_t to;
    e = e == NULL ? &local : e;
    arena_init(&t.arena, INDICATOR_BYTES);
    pages_begin(&t.pages, page, ctx);
    int rc = asking_open(&asking, v, &asked, e);
    if (rc == 0) {
        rc = choose_years(&asking, request, &from, &to, e);
    }
    for (size_t i = 0; rc == 0 && i < asking.plan->n_indicator; i++) {
        for (uint32_t year = from; rc == 0 && year <= to; year++) {
            rc = put_row(&t, asking.plan->indicator[i], year, e);
        }
    }
    rc = pages_end(&t.pages, rc, e);
    asking_close(&asking);
    arena_free(&t.arena);
    return rc;
}
