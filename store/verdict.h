/* Verdicts: an actual value against its target.
 *
 * The comparator is judged first, on exact values; only then a ratio is worked
 * out, by the scale's formula, and the scale's bands give a letter.  A letter
 * of 100 % or more is never given to a target that was missed, whatever the
 * formula says (a target looser than its baseline), and a target that was met
 * never falls under it. */
#ifndef MADOGUCHI_STORE_VERDICT_H
#define MADOGUCHI_STORE_VERDICT_H

#include "proto/document.pb-c.h"
#include "store/decimal.h"

enum comparator {
    COMPARE_AT_LEAST, /* 以上, and where none is given */
    COMPARE_MORE,     /* 超 */
    COMPARE_AT_MOST,  /* 以下, 以内 */
    COMPARE_LESS,     /* 未満 */
    COMPARE_ABOUT,    /* 程度: shown, not judged */
    COMPARE_BALANCE,  /* 均衡: shown, not judged */
};
enum comparator comparator_of(ProtobufCBinaryData word);

enum formula {
    FORMULA_ACTUAL,     /* actual/target */
    FORMULA_PROGRESS,   /* (actual-baseline)/(target-baseline) */
    FORMULA_TARGET,     /* target/actual */
    FORMULA_COMPARATOR, /* no ratio decides */
};

struct judgement {
    bool judged; /* the comparator says met or missed: */
    bool met;
    enum formula formula;  /* of the ratio */
    bool has_ratio;        /* false where it would be divided by zero, or lacks a baseline */
    struct fraction ratio; /* percent */
};

/* Judges.  scale may be NULL: then the ratio is actual/target, or
 * target/actual where less is better (以下 以内 未満).  With a scale whose
 * formula is the comparator the ratio is that too, but decides nothing.
 * baseline may be NULL. */
void verdict_judge(const Document__Scale *scale, enum comparator comparator, struct fraction actual,
                   struct fraction target, const struct fraction *baseline, struct judgement *out);

/* The band of the scale that a judgement falls in; NULL where it was not
 * judged or the scale has no band for it. */
const Document__Band *verdict_band(const Document__Scale *scale, const struct judgement *j);

/* 実績÷目標, ... : how the ratio was worked out. */
const char *formula_ja(enum formula formula);

#endif
