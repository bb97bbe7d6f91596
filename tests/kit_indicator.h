/* Short words for tests of indicators: a plan "test-plan" of FY2021..FY2025
 * with series flow-a, flow-b, stock-a, stock-b and scales bands (A from 100, B
 * from 80, C), yearly (the same every year), progress and alone (○ ×).
 * Today is 2025-06-15. */
#ifndef MADOGUCHI_TESTS_KIT_INDICATOR_H
#define MADOGUCHI_TESTS_KIT_INDICATOR_H

#include "tests/kit_store.h"

#define KIT(function) \
    { #function, function }

/* Puts the plan with these indicators, YAML of the list's items. */
void plan_put(struct kit *k, const char *indicators);

/* Records a figure; its seq. */
uint64_t figure(struct kit *k, const char *series, const char *period, const char *value,
                const char *as_of);

/* 20240701 as 2024-07-01, in the arena. */
const char *date_text(struct kit *k, uint32_t date);

struct asked {
    const char *plan;  /* NULL: test-plan */
    uint32_t from, to; /* FY; 0: not given */
    uint32_t as_of;    /* date; 0: not given */
    uint64_t known;    /* as it stood after this entry; 0: now */
    bool plan_now;
};

/* The table; NULL with k->last filled when it was refused. */
const Madoguchi__Page *indicators(struct kit *k, const struct asked *asked);
/* One row. */
const Madoguchi__IndicatorRow *indicator(struct kit *k, const char *id, uint32_t year);

/* A row as "actual|target|ratio|verdict|as_of|note". */
void expect_at(const char *file, int line, struct kit *k, const char *id, const struct asked *asked,
               const char *expected);
#define expect_asked(k, id, expected, ...) \
    expect_at(__FILE__, __LINE__, k, id, &(struct asked){__VA_ARGS__}, expected)
#define expect(k, id, year, expected) expect_asked(k, id, expected, .from = year, .to = year)
#define expect_as_of(k, id, year, date, expected) \
    expect_asked(k, id, expected, .from = year, .to = year, .as_of = date)
#define expect_known(k, id, year, seq, expected) \
    expect_asked(k, id, expected, .from = year, .to = year, .known = seq)
#define expect_known_plan_now(k, id, year, seq, expected) \
    expect_asked(k, id, expected, .from = year, .to = year, .known = seq, .plan_now = true)

/* The rows of a proof, as known at entry `known` (0: now); NULL when refused. */
const Madoguchi__Page *proof(struct kit *k, const char *id, uint32_t year, uint64_t known);
/* Rows as "kind number households N persons N value V part", split by "; ". */
void prove_at(const char *file, int line, struct kit *k, const char *id, uint32_t year,
              uint64_t known, const char *expected);
#define prove(k, id, year, expected) prove_at(__FILE__, __LINE__, k, id, year, 0, expected)
#define prove_known(k, id, year, seq, expected) \
    prove_at(__FILE__, __LINE__, k, id, year, seq, expected)
/* Must be refused; the code. */
int prove_refused(struct kit *k, const char *id, uint32_t year);

#endif
