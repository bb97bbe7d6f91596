/* Questions and their answers as text. */
#include "proto/calendar.h"
#include "proto/check.h"
#include "store/internal.h"
#include "store/query.h"
#include "tests/kit_private.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

struct collecting {
    struct kit *kit;
    struct {
        uint8_t *data;
        size_t len, cap;
    } all;
    uint64_t position;
};

/* Pages are messages of repeated fields: put together as bytes they are one. */
static int collect(void *ctx, const Madoguchi__Page *page) {
    struct collecting *c = ctx;
    size_t n = madoguchi__page__get_packed_size(page);
    ck_assert_uint_lt(n, 65536 - 256);
    if (c->all.len + n > c->all.cap) {
        c->all.cap = (c->all.len + n) * 2;
        c->all.data = realloc(c->all.data, c->all.cap);
        ck_assert_ptr_nonnull(c->all.data);
    }
    madoguchi__page__pack(page, c->all.data + c->all.len);
    c->all.len += n;
    return 0;
}

static bool read_over_socket(struct kit *k, Madoguchi__Request *request, struct collecting *c) {
    ck_assert(kit_send_request(k->fd, 9, request));
    for (;;) {
        const Madoguchi__Answer *answer = kit_answer_of(k->fd, &k->arena);
        ck_assert_uint_eq(answer->serial, 9);
        if (answer->body_case == MADOGUCHI__ANSWER__BODY_ERROR) {
            k->last = kit_answer_from(answer);
            return false;
        }
        ck_assert_int_eq(answer->body_case, MADOGUCHI__ANSWER__BODY_PAGE);
        collect(c, answer->page);
        c->position = answer->position;
        if (!answer->has_more || !answer->more) {
            return true;
        }
    }
}

/* A copy of the account that asks, NULL for the program itself. */
static const struct person *reader_of(struct kit *k) {
    const struct store_claim claim = {.name = k->actor};
    if (!k->account) {
        return NULL;
    }
    const struct person *p = store_person(k->store, &claim, calendar_today((int64_t)k->now));
    ck_assert_msg(p != NULL, "there is no account %s", k->actor);
    return person_copy(p, &k->arena);
}

static bool read_in_process(struct kit *k, const Madoguchi__Request *request,
                            struct collecting *c) {
    struct error e = {0};
    const struct person *reader = reader_of(k);
    if (check_request(request, &e) < 0 || store_settle(k->store, &e) < 0 ||
        store_read(k->store, reader, request, k->now, collect, c, &c->position, &e) < 0) {
        k->last = kit_refusal(&e);
        return false;
    }
    return true;
}

static const Madoguchi__Page *read_all(struct kit *k, Madoguchi__Request *request,
                                       uint64_t *position) {
    struct collecting c = {.kit = k};
    struct error e;
    ProtobufCMessage *page = NULL;
    if (k->daemon ? read_over_socket(k, request, &c) : read_in_process(k, request, &c)) {
        page = message_unpack(&madoguchi__page__descriptor, &k->arena,
                              c.all.len > 0 ? c.all.data : (const uint8_t *)"", c.all.len, &e);
        ck_assert_ptr_nonnull(page);
    }
    free(c.all.data);
    *position = c.position;
    return (const Madoguchi__Page *)page;
}

const Madoguchi__Page *kit_read(struct kit *k, Madoguchi__Request *request) {
    uint64_t position;
    return read_all(k, request, &position);
}

uint64_t kit_head(struct kit *k) {
    uint64_t position;
    struct kit_answer kept = k->last;
    Madoguchi__Request *r = kit_new_request(k, MADOGUCHI__REQUEST__BODY_DOCUMENTS);
    SET(r->documents, kind, MADOGUCHI__DOCUMENT_KIND__PLAN_DOCUMENT);
    ck_assert_ptr_nonnull(read_all(k, r, &position));
    k->last = kept;
    return position;
}

static void add_filter(struct kit *k, Madoguchi__Scope *scope, char *text) {
    Madoguchi__Filter *f = arena_alloc(&k->arena, sizeof *f);
    madoguchi__filter__init(f);
    char *equals = strchr(text, '=');
    ck_assert_ptr_nonnull(equals);
    f->value = arena_alloc(&k->arena, 64 * sizeof *f->value);
    if (equals > text && equals[-1] == '!') {
        SET(f, exclude, 1);
        equals[-1] = '\0';
    }
    *equals = '\0';
    SET(f, field, bytes_of(text));
    for (char *save, *v = strtok_r(equals + 1, ",", &save); v != NULL;
         v = strtok_r(NULL, ",", &save)) {
        f->value[f->n_value++] = bytes_of(v);
    }
    if (f->n_value == 0) {
        f->value[f->n_value++] = bytes_of("");
    }
    scope->filter[scope->n_filter++] = f;
}

static Madoguchi__Scope *scope_of(struct kit *k, const struct kit_question *q) {
    Madoguchi__Scope *scope = arena_alloc(&k->arena, sizeof *scope);
    madoguchi__scope__init(scope);
    scope->filter = arena_alloc(&k->arena, 32 * sizeof(Madoguchi__Filter *));
    if (q->from != NULL) {
        SET(scope, from, bytes_of(q->from));
    }
    if (q->to != NULL) {
        SET(scope, to, bytes_of(q->to));
    }
    if (q->as_of != NULL) {
        kit_set_text(k, &scope->base, "as_of", q->as_of);
    }
    if (q->known_at != 0) {
        SET(scope, known_at, q->known_at);
    }
    SET(scope, today, 20250615);
    const char *where = q->where != NULL ? q->where : "";
    char *copy = arena_strndup(&k->arena, where, strlen(where));
    for (char *save, *f = strtok_r(copy, " ", &save); f != NULL; f = strtok_r(NULL, " ", &save)) {
        add_filter(k, scope, f);
    }
    return scope;
}

static void split_by(struct kit *k, Madoguchi__Stats *stats, const char *by) {
    char *copy = arena_strndup(&k->arena, by, strlen(by));
    stats->by = arena_alloc(&k->arena, 16 * sizeof *stats->by);
    for (char *save, *f = strtok_r(copy, ",", &save); f != NULL; f = strtok_r(NULL, ",", &save)) {
        stats->by[stats->n_by++] = bytes_of(f);
    }
}

static void print_row(FILE *out, const ProtobufCBinaryData *keys, size_t n, int64_t count,
                      int64_t unknown) {
    fputs(ftell(out) > 0 ? "; " : "", out);
    for (size_t i = 0; i < n; i++) {
        if (keys[i].len == 0) {
            fputs("- ", out);
        } else {
            fprintf(out, "%.*s ", (int)keys[i].len, (const char *)keys[i].data);
        }
    }
    fprintf(out, "%lld", (long long)count);
    if (unknown != 0) {
        fprintf(out, "?%lld", (long long)unknown);
    }
}

struct printing {
    FILE *out;
    size_t n;
};

static int print_counted(void *ctx, const ProtobufCBinaryData *keys, int64_t count,
                         int64_t unknown) {
    struct printing *p = ctx;
    print_row(p->out, keys, p->n, count, unknown);
    return 0;
}

/* The same question answered from the ledger alone. */
static void compare_facts(struct kit *k, const Madoguchi__Stats *stats, const char *answer) {
    if (stats->scope->has_known_at) {
        return; /* never answered from anything else, and by the catalogue of then */
    }
    struct view v = {.journal = k->store->journal, .catalogues = k->store->catalogues};
    struct error e = {0};
    struct query q = {.from_facts = true};
    char *text = NULL;
    size_t len;
    struct printing p = {open_memstream(&text, &len), stats->n_by};
    ck_assert_int_eq(txn_begin(&v.txn, &k->store->tables, false, &e), 0);
    const struct catalogue *catalogue = view_catalogue(&v, UINT64_MAX, &e);
    q.catalogue = catalogue;
    ck_assert_int_eq(count_find(stats->count, &q.what, &e), 0);
    for (size_t i = 0; i < stats->n_by; i++) {
        ck_assert_int_eq(query_by(&q, stats->by[i], &e), 0);
    }
    ck_assert_int_eq(query_scope(&q, &v, stats->scope, k->now, false, &k->arena, &e), 0);
    ck_assert_msg(query_count(&v, &q, print_counted, &p, &e) == 0, "%s", e.en);
    view_catalogue_done(&v, catalogue);
    txn_abort(&v.txn);
    fclose(p.out);
    ck_assert_str_eq(answer, text);
    free(text);
}

const char *kit_ask(struct kit *k, const struct kit_question *q) {
    Madoguchi__Request *r = kit_new_request(k, MADOGUCHI__REQUEST__BODY_STATS);
    r->stats->scope = scope_of(k, q);
    SET(r->stats, count, bytes_of(q->count));
    split_by(k, r->stats, q->by != NULL ? q->by : "");
    const Madoguchi__Page *page = kit_read(k, r);
    if (page == NULL) {
        return arena_printf(&k->arena, "error %d %s", k->last.code, k->last.field);
    }
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    for (size_t i = 0; i < page->n_stat; i++) {
        const Madoguchi__StatRow *row = page->stat[i];
        ck_assert_uint_eq(row->n_key, r->stats->n_by);
        print_row(out, row->key, row->n_key, row->count, row->unknown);
    }
    fclose(out);
    if (!k->daemon && !k->account) {
        compare_facts(k, r->stats, text);
    }
    const char *answer = arena_strndup(&k->arena, text, len);
    free(text);
    return answer;
}

void kit_stats_at(const char *file, int line, struct kit *k, const struct kit_question *q,
                  const char *expected) {
    const char *answer = kit_ask(k, q);
    ck_assert_msg(strcmp(answer, expected) == 0, "%s:%d: %s %s by %s where %s: \"%s\", not \"%s\"",
                  file, line, q->count, q->from != NULL ? q->from : "", q->by != NULL ? q->by : "",
                  q->where != NULL ? q->where : "", answer, expected);
}

const Madoguchi__Page *kit_show_number(struct kit *k, const char *number) {
    Madoguchi__Request *r = kit_new_request(k, MADOGUCHI__REQUEST__BODY_SHOW);
    SET(r->show, number, bytes_of(number));
    return kit_read(k, r);
}

const Madoguchi__EntryRow *kit_show(struct kit *k, uint64_t seq) {
    Madoguchi__Request *r = kit_new_request(k, MADOGUCHI__REQUEST__BODY_SHOW);
    SET(r->show, seq, seq);
    const Madoguchi__Page *page = kit_read(k, r);
    ck_assert_msg(page != NULL, "show %llu: %s", (unsigned long long)seq, k->last.en);
    ck_assert_uint_eq(page->n_entry, 1);
    return page->entry[0];
}

const Madoguchi__Page *kit_list(struct kit *k, const char *where) {
    Madoguchi__Request *r = kit_new_request(k, MADOGUCHI__REQUEST__BODY_LIST);
    r->list = scope_of(k, &(struct kit_question){.where = where});
    return kit_read(k, r);
}

const char *kit_field(struct kit *k, uint64_t seq, const char *name) {
    const Madoguchi__EntryRow *row = kit_show(k, seq);
    for (size_t i = 0; i < row->n_field; i++) {
        if (bytes_equal(row->field[i]->name, name)) {
            return arena_strndup(&k->arena, row->field[i]->value.data, row->field[i]->value.len);
        }
    }
    return "";
}

static const Madoguchi__Page *ask_status(struct kit *k) {
    static Madoguchi__Status body;
    static Madoguchi__Request r;
    madoguchi__status__init(&body);
    madoguchi__request__init(&r);
    r.body_case = MADOGUCHI__REQUEST__BODY_STATUS;
    r.status = &body;
    const Madoguchi__Page *page = kit_read(k, &r);
    ck_assert_ptr_nonnull(page);
    return page;
}

const char *kit_status_text(struct kit *k, const char *name) {
    const Madoguchi__Page *page = ask_status(k);
    for (size_t i = 0; i < page->n_pair; i++) {
        if (bytes_equal(page->pair[i]->name, name)) {
            return arena_strndup(&k->arena, page->pair[i]->value.data, page->pair[i]->value.len);
        }
    }
    return NULL;
}

unsigned long kit_status(struct kit *k, const char *name) {
    const char *text = kit_status_text(k, name);
    ck_assert_msg(text != NULL, "status has no %s", name);
    return strtoul(text, NULL, 10);
}
