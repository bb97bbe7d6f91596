#include "client/report.h"

#include "client/report_private.h"
#include "client/words.h"
#include "proto/calendar.h"
#include "proto/message.h"
#include "proto/rights.h"

#include <assert.h>
#include <stdlib.h>

#define QUESTION_ARENA (16u << 20)
#define BUILD_ARENA    (64u << 20)

static const struct {
    const char *word, *title;
    void (*build)(struct builder *b);
} kinds[] = {
    [REPORT_MONTHLY] = {"monthly", N_("Monthly report"), build_monthly},
    [REPORT_YEARLY] = {"yearly", N_("Annual report"), build_yearly},
    [REPORT_FIVE_YEARS] = {"five-years", N_("Five years"), build_five_years},
    [REPORT_SURVEY] = {"survey", N_("Survey on migration consultations (MIC)"), build_survey},
};
#define KINDS (sizeof kinds / sizeof kinds[0])

int report_kind_find(const char *word) {
    for (size_t i = 0; i < KINDS; i++) {
        if (strcmp(kinds[i].word, word) == 0) {
            return (int)i;
        }
    }
    return -1;
}

const char *report_kind_word(enum report_kind kind) {
    return kinds[kind].word;
}

static int no_memory(struct error *e) {
    return error_set(e, ERR_INTERNAL, "", SAY("Out of memory."));
}

/* ---- making ------------------------------------------------------------------------------ */

/* What is known by a later moment than now is what is known now. */
static uint64_t moment_of(const struct report_params *p) {
    return p->known_at != 0 && p->known_at < p->now ? p->known_at : p->now;
}

static int set_period(struct report *r, struct error *e) {
    struct report_params *p = &r->params;
    uint32_t before = calendar_date(calendar_days(r->today / 100 * 100 + 1) - 1);
    p->month = p->month != 0 ? p->month : before / 100;
    if (p->year == 0 && p->kind == REPORT_SURVEY) {
        p->year = calendar_fiscal_year(r->today) - 1; /* asked for when the year is over */
    }
    p->year = p->year != 0 ? p->year : calendar_fiscal_year(before);
    bool month = p->kind == REPORT_MONTHLY;
    const char *field = month ? "month" : "year";
    if (month ? p->month > r->today / 100 : p->year > calendar_fiscal_year(r->today)) {
        return error_set(e, ERR_INVALID, field, SAY("%s: lies ahead. Give one that has begun."),
                         field);
    }
    /* Six years are looked at, by a calendar that begins in 1868. */
    if (month ? p->month < 190001 : p->year < 1900) {
        return error_set(e, ERR_INVALID, field,
                         SAY("%s: lies too far back. Give one from 1900 on."), field);
    }
    return 0;
}

static int too_much(struct error *e) {
    return error_set(
        e, ERR_TOO_MUCH, "report",
        SAY("report: the answer is too large. Narrow it down to one service with --service."));
}

static int build(struct report *r, struct builder *b, struct error *e) {
    b->report = r;
    b->table = arena_zalloc(b->arena, REPORT_TABLES_MAX * sizeof *b->table);
    if (b->table == NULL) {
        return no_memory(e);
    }
    kinds[r->params.kind].build(b);
    if (b->arena->exhausted) {
        return no_memory(e);
    }
    return b->failed ? too_much(e) : 0;
}

/* Who asks: what they may not see is no zero. */
static int add_whoami(struct report *r, struct error *e) {
    Madoguchi__Whoami *whoami = arena_alloc(&r->arena, sizeof *whoami);
    struct question *q = &r->question[r->n++];
    *q = (struct question){.count = ""};
    arena_init(&q->arena, QUESTION_ARENA);
    if (whoami == NULL) {
        return no_memory(e);
    }
    madoguchi__whoami__init(whoami);
    madoguchi__request__init(&q->request);
    q->request.body_case = MADOGUCHI__REQUEST__BODY_WHOAMI;
    q->request.whoami = whoami;
    return 0;
}

/* The first time: which questions there are. */
static int find_questions(struct report *r, struct error *e) {
    if (add_whoami(r, e) < 0) {
        return -1;
    }
    struct arena arena;
    arena_init(&arena, BUILD_ARENA);
    struct builder b = {.arena = &arena, .asking = true};
    int rc = build(r, &b, e);
    arena_free(&arena);
    return rc;
}

int report_new(const struct report_params *params, struct report **out, struct error *e) {
    struct report *r = calloc(1, sizeof *r);
    *out = NULL;
    if (r == NULL) {
        return no_memory(e);
    }
    arena_init(&r->arena, QUESTION_ARENA);
    r->params = *params;
    const char *service = params->service;
    if (service == NULL && params->kind == REPORT_SURVEY) {
        service = "migration";
    }
    r->params.service = service != NULL ? arena_strndup(&r->arena, service, strlen(service)) : NULL;
    r->params.municipality =
        arena_strndup(&r->arena, params->municipality, strlen(params->municipality));
    r->services = r->offices = "";
    r->params.name = arena_strndup(&r->arena, params->name, strlen(params->name));
    r->question = calloc(REPORT_QUESTIONS_MAX, sizeof *r->question);
    r->today = calendar_today((int64_t)moment_of(params));
    int rc = r->question == NULL || r->arena.exhausted ? no_memory(e) : set_period(r, e);
    rc = rc == 0 ? find_questions(r, e) : rc;
    if (rc < 0) {
        report_free(r);
        return rc;
    }
    *out = r;
    return 0;
}

void report_free(struct report *r) {
    if (r == NULL) {
        return;
    }
    for (size_t i = 0; i < r->n; i++) {
        arena_free(&r->question[i].arena);
        free(r->question[i].row);
    }
    free(r->question);
    arena_free(&r->arena);
    free(r);
}

/* ---- asking ------------------------------------------------------------------------------- */

static ProtobufCBinaryData date_text(struct arena *a, uint32_t date) {
    char text[16];
    calendar_format_date(date, text);
    return bytes_of(arena_strndup(a, text, strlen(text)));
}

static void set_scope(struct report *r, const struct question *q, Madoguchi__Scope *scope,
                      Madoguchi__Filter *filter) {
    madoguchi__scope__init(scope);
    SET(scope, from, date_text(&r->arena, q->span.from));
    SET(scope, to, date_text(&r->arena, q->span.to));
    SET(scope, today, r->today);
    if (r->params.known_at != 0) {
        SET(scope, known_at, r->params.known_at);
    }
    if (r->params.service == NULL) {
        return;
    }
    madoguchi__filter__init(filter);
    SET(filter, field, bytes_of("service"));
    filter->value = arena_alloc(&r->arena, sizeof *filter->value);
    scope->filter = arena_alloc(&r->arena, sizeof *scope->filter);
    if (filter->value != NULL && scope->filter != NULL) {
        filter->value[filter->n_value++] = bytes_of(r->params.service);
        scope->filter[scope->n_filter++] = filter;
    }
}

static struct question *add_question(struct builder *b, const char *count, const char *by,
                                     struct span span) {
    struct report *r = b->report;
    struct {
        Madoguchi__Stats stats;
        Madoguchi__Scope scope;
        Madoguchi__Filter filter;
        ProtobufCBinaryData by[REPORT_BY_MAX];
    } *m = arena_zalloc(&r->arena, sizeof *m);
    assert(r->n < REPORT_QUESTIONS_MAX); /* as many as the code of one kind asks */
    struct question *q = &r->question[r->n++];
    *q = (struct question){.count = count, .span = span};
    arena_init(&q->arena, QUESTION_ARENA);
    if (m == NULL) {
        b->failed = true;
        return q;
    }
    madoguchi__stats__init(&m->stats);
    set_scope(r, q, &m->scope, &m->filter);
    while (*by != '\0') {
        size_t len = strcspn(by, ",");
        assert(q->n_by < REPORT_BY_MAX);
        q->by[q->n_by] = arena_strndup(&r->arena, by, len);
        m->by[q->n_by] = bytes_of(q->by[q->n_by]);
        q->n_by++;
        by += by[len] == ',' ? len + 1 : len;
    }
    m->stats.scope = &m->scope;
    SET(&m->stats, count, bytes_of(count));
    m->stats.by = m->by;
    m->stats.n_by = q->n_by;
    madoguchi__request__init(&q->request);
    q->request.body_case = MADOGUCHI__REQUEST__BODY_STATS;
    q->request.stats = &m->stats;
    b->failed = b->failed || r->arena.exhausted;
    return q;
}

static bool same_by(const struct question *q, const char *by) {
    for (size_t i = 0; i < q->n_by; i++) {
        size_t len = strlen(q->by[i]);
        if (strncmp(by, q->by[i], len) != 0 || by[len] != (i + 1 < q->n_by ? ',' : '\0')) {
            return false;
        }
        by += len + (i + 1 < q->n_by);
    }
    return q->n_by > 0 || *by == '\0';
}

const struct question *report_ask(struct builder *b, const char *count, const char *by,
                                  struct span span) {
    struct report *r = b->report;
    for (size_t i = 0; i < r->n; i++) {
        const struct question *q = &r->question[i];
        if (strcmp(q->count, count) == 0 && q->span.from == span.from && q->span.to == span.to &&
            same_by(q, by)) {
            return q;
        }
    }
    assert(b->asking); /* what is printed was asked for */
    return add_question(b, count, by, span);
}

size_t report_questions(const struct report *r) {
    return r->n;
}

Madoguchi__Request *report_request(struct report *r, size_t i) {
    return r->question[i].answered ? NULL : &r->question[i].request;
}

/* ---- answers ------------------------------------------------------------------------------ */

/* So that all the rows of an answer can be summed up, and two sums compared. */
static bool is_countable(int64_t count) {
    const int64_t most = INT64_MAX / REPORT_ROWS_MAX / 2;
    return count >= -most && count <= most;
}

static int take_row(struct question *q, const Madoguchi__StatRow *from, struct error *e) {
    if (q->n == REPORT_ROWS_MAX || !is_countable(from->count) || !is_countable(from->unknown)) {
        return too_much(e);
    }
    if (q->n == q->size) {
        size_t size = q->size == 0 ? 64 : 2 * q->size;
        struct answer_row *grown = realloc(q->row, size * sizeof *grown);
        if (grown == NULL) {
            return no_memory(e);
        }
        q->row = grown;
        q->size = size;
    }
    struct answer_row *row = &q->row[q->n];
    *row = (struct answer_row){.count = from->count, .unknown = from->unknown};
    for (size_t k = 0; k < q->n_by; k++) {
        row->key[k] =
            k < from->n_key ? arena_strndup(&q->arena, from->key[k].data, from->key[k].len) : "";
        if (row->key[k] == NULL) {
            return too_much(e);
        }
    }
    q->n++;
    return 0;
}

static unsigned roles_of(ProtobufCBinaryData words) {
    unsigned roles = 0;
    const uint8_t *end = words.data + words.len;
    for (const uint8_t *p = words.data; p < end;) {
        const uint8_t *semicolon = memchr(p, ';', (size_t)(end - p));
        const uint8_t *stop = semicolon != NULL ? semicolon : end;
        int role = role_find((ProtobufCBinaryData){(size_t)(stop - p), (uint8_t *)p});
        roles |= role >= 0 ? 1u << role : 0;
        p = stop + (semicolon != NULL);
    }
    return roles;
}

static int take_whoami(struct report *r, const Madoguchi__Page *page, struct error *e) {
    bool all = false;
    for (size_t i = 0; i < page->n_pair; i++) {
        const Madoguchi__Pair *pair = page->pair[i];
        const char *text = arena_strndup(&r->arena, pair->value.data, pair->value.len);
        if (text == NULL) {
            return no_memory(e);
        }
        if (bytes_equal(pair->name, "roles")) {
            all = (rights_reaches(RIGHT_STATS, roles_of(pair->value)) & REACH_BIT(REACH_ALL)) != 0;
        } else if (bytes_equal(pair->name, "services")) {
            r->services = text;
        } else if (bytes_equal(pair->name, "offices")) {
            r->offices = text;
        }
    }
    if (all) {
        r->services = r->offices = "";
    }
    return 0;
}

int report_take(struct report *r, size_t i, const Madoguchi__Page *page, uint64_t position,
                struct error *e) {
    struct question *q = &r->question[i];
    q->answered = true;
    if (q->request.body_case == MADOGUCHI__REQUEST__BODY_WHOAMI) {
        return take_whoami(r, page, e);
    }
    const Madoguchi__Scope *scope = q->request.stats->scope;
    q->position = scope->has_position ? scope->position : position;
    for (size_t k = 0; k < page->n_stat; k++) {
        if (take_row(q, page->stat[k], e) < 0) {
            return -1;
        }
    }
    return 0;
}

int report_answered(const struct report *r, size_t i, struct error *e) {
    return r->question[i].answered
               ? 0
               : error_set(e, ERR_INTERNAL, "report",
                           SAY("report: the daemon gave an answer without a page. Ask again."));
}

bool report_settled(struct report *r) {
    bool settled = true;
    r->position = 0;
    for (size_t i = 0; i < r->n; i++) {
        if (!r->question[i].answered) {
            return false;
        }
        r->position = r->question[i].position > r->position ? r->question[i].position : r->position;
    }
    for (size_t i = 0; i < r->n; i++) {
        struct question *q = &r->question[i];
        if (q->position == r->position || q->request.body_case == MADOGUCHI__REQUEST__BODY_WHOAMI) {
            continue;
        }
        q->answered = false;
        q->n = 0;
        arena_reset(&q->arena);
        SET(q->request.stats->scope, position, r->position);
        settled = false;
    }
    return settled;
}

int64_t answer_count(const struct question *q, const char *first, const char *second) {
    int64_t sum = 0;
    for (size_t i = 0; i < q->n; i++) {
        const struct answer_row *row = &q->row[i];
        if ((first == NULL || strcmp(row->key[0], first) == 0) &&
            (second == NULL || strcmp(row->key[1], second) == 0)) {
            sum += row->count;
        }
    }
    return sum;
}

int64_t answer_unknown(const struct question *q) {
    int64_t sum = 0;
    for (size_t i = 0; i < q->n; i++) {
        sum += q->row[i].unknown;
    }
    return sum;
}

/* ---- rendering ------------------------------------------------------------------------------ */

/* 2024-05-10T09:12:33+09:00, Japan's time; people read no seconds. */
static void set_as_of(const struct report *r, struct arena *a, struct report_document *d) {
    uint64_t at = moment_of(&r->params);
    char date[64];
    char time[16];
    uint32_t day = calendar_today((int64_t)at);
    calendar_format_date(day, date);
    calendar_format_time((int64_t)at, time);
    d->as_of = arena_printf(a, "%sT%s+09:00", date, time);
    if (words_japanese()) {
        calendar_format_date_ja(day, date);
    }
    d->as_of_text = arena_printf(a, _("%s %.5s (journal position %llu)"), date, time,
                                 (unsigned long long)r->position);
}

static int write_document(const struct report_document *d, const struct report_style *style,
                          FILE *file, struct error *e) {
    switch (style->format) {
    case REPORT_CSV:
        return report_csv(d, style->excel, file, e);
    case REPORT_JSON:
        return report_json(d, file, e);
    case REPORT_PAGE:
        return report_page(d, file, e);
    case REPORT_XLSX:
        return report_xlsx(d, file, e);
    default:
        return report_text(d, file, e);
    }
}

int report_make(struct report *r, const struct catalogue *catalogue, struct arena *arena,
                struct report_document *d, struct error *e) {
    struct builder b = {.arena = arena, .catalogue = catalogue};
    if (build(r, &b, e) < 0) {
        return -1;
    }
    *d = (struct report_document){.kind = kinds[r->params.kind].word,
                                  .title = _(kinds[r->params.kind].title),
                                  .municipality = r->params.municipality,
                                  .name = r->params.name,
                                  .position = r->position,
                                  .n_table = b.n,
                                  .table = b.table};
    set_as_of(r, arena, d);
    return d->as_of != NULL && d->as_of_text != NULL ? 0 : no_memory(e);
}

int report_render(struct report *r, const struct report_style *style, FILE *file, struct error *e) {
    struct arena arena;
    struct report_document d;
    arena_init(&arena, BUILD_ARENA);
    bool before = words_speak(style->japanese);
    int rc = report_make(r, style->catalogue, &arena, &d, e);
    rc = rc == 0 ? write_document(&d, style, file, e) : rc;
    words_speak(before);
    arena_free(&arena);
    return rc;
}
