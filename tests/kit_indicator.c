#include "tests/kit_indicator.h"

#include "proto/yaml.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#define TODAY 20250615

static const char head[] =
    "plan: test-plan\n"
    "title: 試験\n"
    "municipality: \"062090\"\n"
    "source: 試験\n"
    "years: {from: FY2021, to: FY2025}\n"
    "headings: {baseline: 基準値, actual: 実績値, target: 目標値, verdict: 達成度}\n"
    "series:\n"
    "  - {id: flow-a, type: flow, name: A}\n"
    "  - {id: flow-b, type: flow, name: B}\n"
    "  - {id: stock-a, type: stock, name: C}\n"
    "  - {id: stock-b, type: stock, name: D}\n"
    "scales:\n"
    "  - {id: bands, formula: actual/target, bands: [{letter: A, min: \"100\"}, {letter: B, min: "
    "\"80\"}, {letter: C}]}\n"
    "  - {id: yearly, formula: actual/target, yearly: true, bands: [{letter: A, min: \"100\"}, "
    "{letter: B, min: \"80\"}, {letter: C}]}\n"
    "  - {id: progress, formula: progress, bands: [{letter: A, min: \"100\"}, {letter: B, min: "
    "\"80\"}, {letter: C}]}\n"
    "  - {id: alone, formula: comparator, bands: [{letter: ○, min: \"100\"}, {letter: ×}]}\n"
    "indicators:\n";

void plan_put(struct kit *k, const char *indicators_text) {
    struct error e = {0};
    ProtobufCBinaryData packed;
    char *text = arena_printf(&k->arena, "%s%s", head, indicators_text);
    ck_assert_ptr_nonnull(text);
    ck_assert_msg(yaml_plan(text, strlen(text), "plan.yaml", &k->arena, &packed, &e) == 0, "%s",
                  e.en);
    kit_put(k, MADOGUCHI__DOCUMENT_KIND__PLAN_DOCUMENT, packed.data, packed.len);
    ck_assert_msg(k->last.code == 0, "%s", k->last.en);
}

uint64_t figure(struct kit *k, const char *series, const char *period, const char *value,
                const char *as_of) {
    return kit_ok(k, "figure", "series", series, "period", period, "value", value, "as_of", as_of,
                  "source", "試験", NULL);
}

const char *date_text(struct kit *k, uint32_t date) {
    return arena_printf(&k->arena, "%04u-%02u-%02u", date / 10000, date / 100 % 100, date % 100);
}

/* ---- the table ---------------------------------------------------------- */

/* When an entry was recorded, ms; later entries must come after a kit_tick(). */
static uint64_t recorded_at(struct kit *k, uint64_t seq) {
    return kit_show(k, seq)->recorded_at;
}

const Madoguchi__Page *indicators(struct kit *k, const struct asked *asked) {
    Madoguchi__Request *r = arena_alloc(&k->arena, sizeof *r);
    Madoguchi__Indicators *i = arena_alloc(&k->arena, sizeof *i);
    ck_assert(r != NULL && i != NULL);
    madoguchi__request__init(r);
    madoguchi__indicators__init(i);
    r->body_case = MADOGUCHI__REQUEST__BODY_INDICATORS;
    r->indicators = i;
    SET(i, plan, bytes_of(asked->plan != NULL ? asked->plan : "test-plan"));
    SET(i, today, TODAY);
    if (asked->from != 0) {
        SET(i, from, asked->from);
    }
    if (asked->to != 0) {
        SET(i, to, asked->to);
    }
    if (asked->as_of != 0) {
        SET(i, as_of, asked->as_of);
    }
    if (asked->known != 0) {
        SET(i, known_at, recorded_at(k, asked->known));
    }
    if (asked->plan_now) {
        SET(i, plan_now, 1);
    }
    return kit_read(k, r);
}

static const Madoguchi__IndicatorRow *find(const Madoguchi__Page *page, const char *id) {
    for (size_t i = 0; page != NULL && i < page->n_indicator; i++) {
        if (bytes_equal(page->indicator[i]->id, id)) {
            return page->indicator[i];
        }
    }
    return NULL;
}

const Madoguchi__IndicatorRow *indicator(struct kit *k, const char *id, uint32_t year) {
    const Madoguchi__IndicatorRow *row =
        find(indicators(k, &(struct asked){.from = year, .to = year}), id);
    ck_assert_msg(row != NULL, "%s %u: %s", id, year, k->last.en);
    return row;
}

static const char *text_of(struct kit *k, ProtobufCBinaryData b) {
    return b.len == 0 ? "" : arena_strndup(&k->arena, b.data, b.len);
}

void expect_at(const char *file, int line, struct kit *k, const char *id, const struct asked *asked,
               const char *expected) {
    const Madoguchi__IndicatorRow *row = find(indicators(k, asked), id);
    ck_assert_msg(row != NULL, "%s:%d: %s: %s", file, line, id, k->last.en);
    const char *got =
        arena_printf(&k->arena, "%s|%s|%s|%s|%s|%s", text_of(k, row->actual),
                     text_of(k, row->target), text_of(k, row->ratio), text_of(k, row->verdict),
                     text_of(k, row->as_of), text_of(k, row->note));
    ck_assert_msg(strcmp(got, expected) == 0, "%s:%d: %s %u: \"%s\", not \"%s\"", file, line, id,
                  row->year, got, expected);
}

/* ---- proofs ------------------------------------------------------------- */

const Madoguchi__Page *proof(struct kit *k, const char *id, uint32_t year, uint64_t known) {
    Madoguchi__Request *r = arena_alloc(&k->arena, sizeof *r);
    Madoguchi__Prove *p = arena_alloc(&k->arena, sizeof *p);
    ck_assert(r != NULL && p != NULL);
    madoguchi__request__init(r);
    madoguchi__prove__init(p);
    r->body_case = MADOGUCHI__REQUEST__BODY_PROVE;
    r->prove = p;
    SET(p, plan, bytes_of("test-plan"));
    SET(p, indicator, bytes_of(id));
    SET(p, year, year);
    SET(p, today, TODAY);
    if (known != 0) {
        SET(p, known_at, recorded_at(k, known));
    }
    return kit_read(k, r);
}

static void print_fact(FILE *out, const Madoguchi__FactRow *f) {
    fprintf(out, "%.*s", (int)f->kind.len, (const char *)f->kind.data);
    if (f->has_number) {
        fprintf(out, " %lld", (long long)f->number);
    }
    if (f->has_households) {
        fprintf(out, " households %lld", (long long)f->households);
    }
    if (f->has_persons) {
        fprintf(out, " persons %lld", (long long)f->persons);
    }
    if (f->has_value && !f->has_number && !f->has_persons) {
        fprintf(out, " value %.*s", (int)f->value.len, (const char *)f->value.data);
    }
    for (size_t i = 0; i < f->n_field; i++) {
        if (bytes_equal(f->field[i]->name, "part")) {
            fprintf(out, " %.*s", (int)f->field[i]->value.len,
                    (const char *)f->field[i]->value.data);
        }
    }
}

void prove_at(const char *file, int line, struct kit *k, const char *id, uint32_t year,
              uint64_t known, const char *expected) {
    const Madoguchi__Page *page = proof(k, id, year, known);
    char *text;
    size_t len;
    ck_assert_msg(page != NULL, "%s:%d: %s: %s", file, line, id, k->last.en);
    FILE *out = open_memstream(&text, &len);
    for (size_t i = 0; i < page->n_fact; i++) {
        fputs(i == 0 ? "" : "; ", out);
        print_fact(out, page->fact[i]);
        ck_assert(page->fact[i]->has_seq == !bytes_equal(page->fact[i]->kind, "baseline"));
    }
    fclose(out);
    ck_assert_msg(strcmp(text, expected) == 0, "%s:%d: %s %u: \"%s\", not \"%s\"", file, line, id,
                  year, text, expected);
    free(text);
}

int prove_refused(struct kit *k, const char *id, uint32_t year) {
    ck_assert_ptr_null(proof(k, id, year, 0));
    return k->last.code;
}
