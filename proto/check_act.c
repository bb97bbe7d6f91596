#include "proto/check_parts.h"

/* Bits of the kinds, for the table: as in madoguchi.proto. */
#define L CHECK_BIT(MADOGUCHI__ACT_KIND__LOG)
#define T CHECK_BIT(MADOGUCHI__ACT_KIND__TALLY)
#define D CHECK_BIT(MADOGUCHI__ACT_KIND__DECLINE)
#define C CHECK_BIT(MADOGUCHI__ACT_KIND__CONTACT)
#define O CHECK_BIT(MADOGUCHI__ACT_KIND__OUTCOME)
#define R CHECK_BIT(MADOGUCHI__ACT_KIND__REFER)
#define X CHECK_BIT(MADOGUCHI__ACT_KIND__CLOSE)
#define E CHECK_BIT(MADOGUCHI__ACT_KIND__REOPEN)

static const char *const kinds[] = {"an act",  "log",   "tally", "decline", "contact",
                                    "outcome", "refer", "close", "reopen"};
#define N_KINDS (sizeof kinds / sizeof kinds[0])

static const struct check_rule rules[] = {
    {.field = "kind", .shape = CHECK_CHOICE, .max = N_KINDS - 1, .needed = CHECK_ALL},
    {.field = "case_number", .shape = CHECK_NAME, .allowed = C | O | R | X | E},
    {.field = "date", .shape = CHECK_DATE, .needed = CHECK_ALL},
    {.field = "time", .shape = CHECK_TIME, .allowed = L | T | D | C | O},
    {.field = "service", .shape = CHECK_WORD, .allowed = L | T | D, .needed = L | T | D},
    {.field = "program", .shape = CHECK_WORD, .allowed = L | T | D | C | O},
    {.field = "office", .shape = CHECK_WORD, .allowed = L | T | D | C | O},
    {.field = "channel", .shape = CHECK_WORD, .allowed = L | T | D | C | O},
    {.field = "nature", .shape = CHECK_WORD, .allowed = L | T | D | C},
    {.field = "topic", .shape = CHECK_WORD, .allowed = L | T | D | C, .repeats = CHECK_TOPICS_MAX},
    {.field = "origin", .shape = CHECK_WORD, .allowed = L | T},
    {.field = "age", .shape = CHECK_WORD, .allowed = L | T},
    {.field = "route", .shape = CHECK_WORD, .allowed = L | T},
    {.field = "session", .shape = CHECK_REFERRED, .max = 200, .allowed = L | T | C | O},
    {.field = "count", .shape = CHECK_NUMBER, .max = CHECK_NUMBER_MAX, .allowed = T | D},
    {.field = "outcome", .shape = CHECK_WORD, .allowed = L | T | C | O | X, .needed = O},
    {.field = "outcome_count", .shape = CHECK_NUMBER, .max = CHECK_NUMBER_MAX, .allowed = T},
    {.field = "households",
     .shape = CHECK_NUMBER,
     .max = CHECK_NUMBER_MAX,
     .allowed = L | T | C | O | X},
    {.field = "persons",
     .shape = CHECK_NUMBER,
     .max = CHECK_NUMBER_MAX,
     .allowed = L | T | C | O | X},
    {.field = "reason", .shape = CHECK_WORD, .allowed = D, .needed = D},
    {.field = "target", .shape = CHECK_WORD, .allowed = R, .needed = R},
    {.field = "due", .shape = CHECK_DATE, .allowed = R},
    {.field = "with_case", .shape = CHECK_NAME, .allowed = O},
};

static const struct check_table table = CHECK_TABLE(rules, kinds);

/* Numbers that say something about an outcome need one. */
static int check_outcome(const Madoguchi__Act *act, struct error *e) {
    const char *field = act->has_households      ? "households"
                        : act->has_persons       ? "persons"
                        : act->has_outcome_count ? "outcome_count"
                                                 : NULL;
    if (field == NULL || act->has_outcome) {
        return 0;
    }
    return error_set(e, ERR_INVALID, field,
                     "%s belongs to an outcome. Give the outcome too, or leave it out.",
                     "%s は結果に付くものです。結果も入れるか、外してください。", field);
}

static int check_topics(const Madoguchi__Act *act, struct error *e) {
    for (size_t i = 1; i < act->n_topic; i++) {
        for (size_t k = 0; k < i; k++) {
            if (bytes_same(act->topic[i], act->topic[k])) {
                return error_set(e, ERR_INVALID, "topic",
                                 "topic: \"%.*s\" is given twice. Give each topic once.",
                                 "topic：「%.*s」が2回あります。1回だけにしてください。",
                                 (int)act->topic[i].len, (const char *)act->topic[i].data);
            }
        }
    }
    return 0;
}

int check_act(const Madoguchi__Act *act, const Madoguchi__Row *row, struct error *e) {
    unsigned kind = act->has_kind ? (unsigned)act->kind : 0;
    kind = kind < N_KINDS ? kind : 0; /* its rule refuses another one */
    if (check_fields(&table, &act->base, kind, row != NULL, e) != 0) {
        return -1;
    }
    if ((CHECK_BIT(kind) & (C | O | R | X | E)) != 0 && !act->has_case_number &&
        (row == NULL || !row->has_ref)) {
        return check_missing("case_number", kinds[kind], e);
    }
    if (act->has_due && act->due < act->date) {
        return error_set(e, ERR_INVALID, "due", "due: lies before the referral. Correct a date.",
                         "due：期限が引継の日より前です。日付を直してください。");
    }
    if (act->has_with_case && act->has_case_number &&
        bytes_same(act->with_case, act->case_number)) {
        return error_set(e, ERR_INVALID, "with_case",
                         "with_case: is the case itself. Name the other one, or leave it out.",
                         "with_case：同じ相談票です。もう一方の番号を入れるか、外してください。");
    }
    return check_outcome(act, e) != 0 ? -1 : check_topics(act, e);
}
