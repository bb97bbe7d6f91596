#include "proto/check_parts.h"

#include "proto/calendar.h"
#include "proto/text.h"

#include <string.h>

static bool has_ref(const Madoguchi__Row *row) {
    return row != NULL && row->has_ref;
}

/* ---- what records ---------------------------------------------------------------- */

#define PLAN     CHECK_BIT(MADOGUCHI__SESSION_KIND__PLAN)
#define HOLD     CHECK_BIT(MADOGUCHI__SESSION_KIND__HOLD)
#define CANCEL   CHECK_BIT(MADOGUCHI__SESSION_KIND__CANCEL)
#define FROM_ROW CHECK_BIT(4) /* cancelled, of a row: planned and cancelled in one */

static const char *const session_kinds[] = {"a session", "session plan", "session hold",
                                            "session cancel", "session cancel"};

static const struct check_rule session_rules[] = {
    {.field = "kind", .shape = CHECK_CHOICE, .max = 3, .needed = CHECK_ALL},
    {.field = "session", .shape = CHECK_NAME, .allowed = HOLD | CANCEL | FROM_ROW},
    {.field = "session_kind", .shape = CHECK_WORD, .allowed = ~CANCEL, .needed = PLAN},
    {.field = "date", .shape = CHECK_DATE, .needed = PLAN},
    CHECK_MAY("time", CHECK_TIME),
    {.field = "service", .shape = CHECK_WORD, .allowed = ~CANCEL},
    {.field = "program", .shape = CHECK_WORD, .allowed = ~CANCEL},
    {.field = "office", .shape = CHECK_WORD, .allowed = ~CANCEL},
    {.field = "form", .shape = CHECK_WORD, .allowed = ~CANCEL},
    {.field = "venue", .shape = CHECK_TEXT, .max = CHECK_NAME_BYTES, .allowed = ~CANCEL},
    {.field = "venue_kind", .shape = CHECK_WORD, .allowed = ~CANCEL},
    {.field = "households", .shape = CHECK_NUMBER, .max = CHECK_NUMBER_MAX, .allowed = HOLD},
    {.field = "persons", .shape = CHECK_NUMBER, .max = CHECK_NUMBER_MAX, .allowed = HOLD},
    {.field = "reason",
     .shape = CHECK_TEXT,
     .max = TEXT_MAX,
     .allowed = CANCEL | FROM_ROW,
     .needed = CANCEL},
};
static const struct check_table session_table = CHECK_TABLE(session_rules, session_kinds);

int check_session(const Madoguchi__Session *session, const Madoguchi__Row *row, struct error *e) {
    unsigned kind = session->has_kind ? (unsigned)session->kind : 0;
    kind = kind <= MADOGUCHI__SESSION_KIND__CANCEL ? kind : 0;
    if (kind == MADOGUCHI__SESSION_KIND__CANCEL && row != NULL) {
        kind = 4;
    }
    if (check_fields(&session_table, &session->base, kind, row != NULL, e) != 0) {
        return -1;
    }
    bool named = session->has_session || has_ref(row);
    if (kind == MADOGUCHI__SESSION_KIND__HOLD && !named &&
        (!session->has_session_kind || !session->has_date)) {
        return check_missing(session->has_session_kind ? "date" : "session_kind",
                             session_kinds[kind], e);
    }
    if (kind >= MADOGUCHI__SESSION_KIND__CANCEL && !named) {
        return check_missing("session", session_kinds[kind], e);
    }
    return 0;
}

static const struct check_rule figure_rules[] = {
    CHECK_MUST("series", CHECK_WORD),           CHECK_MUST("period", CHECK_PERIOD),
    CHECK_MUST_TEXT("value", CHECK_NAME_BYTES), CHECK_MUST("as_of", CHECK_DATE),
    CHECK_MAY_TEXT("source", TEXT_MAX),
};
static const struct check_table figure_table =
    CHECK_TABLE(figure_rules, (const char *[]){"figure"});

int check_figure(const Madoguchi__Figure *figure, const Madoguchi__Row *row, struct error *e) {
    struct period period;
    if (check_fields(&figure_table, &figure->base, 0, row != NULL, e) != 0) {
        return -1;
    }
    if (row == NULL && (!figure->has_source || check_is_blank(figure->source))) {
        return check_missing("source", "figure", e);
    }
    if (calendar_parse_period((const char *)figure->period.data, figure->period.len, &period, e) !=
        0) {
        return -1;
    }
    if (period.kind == PERIOD_OPEN) {
        return error_set(e, ERR_INVALID, "period",
                         "period: a figure stands for a period with an end, like FY2024.",
                         "period：外部数値の期間には終わりが必要です（例：FY2024）。");
    }
    return 0;
}

static const struct check_rule coverage_rules[] = {
    CHECK_MUST("period", CHECK_PERIOD), CHECK_MAY("service", CHECK_WORD),
    CHECK_MAY("program", CHECK_WORD),   CHECK_MAY("session_kind", CHECK_WORD),
    CHECK_MAY("not_held", CHECK_ANY),   CHECK_MAY_TEXT("reason", TEXT_MAX),
};
static const struct check_table coverage_table =
    CHECK_TABLE(coverage_rules, (const char *[]){"coverage"});

int check_coverage(const Madoguchi__Coverage *coverage, const Madoguchi__Row *row,
                   struct error *e) {
    if (check_fields(&coverage_table, &coverage->base, 0, row != NULL, e) != 0) {
        return -1;
    }
    bool not_held = coverage->has_not_held && coverage->not_held;
    if (not_held && row == NULL && (!coverage->has_reason || check_is_blank(coverage->reason))) {
        return check_missing("reason", "not_held", e);
    }
    if (!not_held && coverage->has_reason) {
        return error_set(
            e, ERR_INVALID, "reason",
            "reason: goes with not_held only. Leave it out, or say not_held.",
            "reason：未実施（not_held）のときだけ入れます。外すか、未実施にしてください。");
    }
    return 0;
}

static const struct check_rule correction_rules[] = {
    CHECK_MAY("seq", CHECK_ANY),
    CHECK_MANY("change", CHECK_CHANGES_MAX),
    CHECK_MUST_TEXT("reason", TEXT_MAX),
};
static const struct check_table correction_table =
    CHECK_TABLE(correction_rules, (const char *[]){"correct"});

static const struct check_rule change_rules[] = {
    CHECK_MUST("field", CHECK_FIELD),
    CHECK_MAY_TEXT("value", TEXT_MAX),
};
static const struct check_table change_table =
    CHECK_TABLE(change_rules, (const char *[]){"change"});

/* Fields of entries that can be corrected: those of the messages an entry is
 * made from, but for what makes it that entry. */
static int check_change_field(const char *field, struct error *e) {
    static const ProtobufCMessageDescriptor *const entries[] = {
        &madoguchi__act__descriptor, &madoguchi__session__descriptor,
        &madoguchi__figure__descriptor, &madoguchi__coverage__descriptor};
    const char *names[64];
    size_t n = 0;
    if (strcmp(field, "kind") == 0 || strcmp(field, "case_number") == 0) {
        return error_set(e, ERR_INVALID, field,
                         "%s cannot be corrected. Void the entry and enter it anew.",
                         "%s は訂正できません。取り消して入力し直してください。", field);
    }
    for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++) {
        for (unsigned k = 0; k < entries[i]->n_fields && n < sizeof names / sizeof names[0]; k++) {
            names[n] = entries[i]->fields[k].name;
            if (strcmp(names[n++], field) == 0) {
                return 0;
            }
        }
    }
    error_set(e, ERR_INVALID, field, "There is no field \"%s\" to correct.",
              "訂正できる項目に「%s」はありません。", field);
    const char *near = text_nearest(field, names, n);
    if (near != NULL && e != NULL) {
        error_near(e, near);
    }
    return -1;
}

static int check_changes(const Madoguchi__Correction *correction, struct error *e) {
    for (size_t i = 0; i < correction->n_change; i++) {
        const Madoguchi__Change *change = correction->change[i];
        char field[TEXT_CODE_MAX + 1] = "";
        if (check_fields(&change_table, &change->base, 0, false, e) != 0) {
            return -1;
        }
        memcpy(field, change->field.data, change->field.len);
        if (check_change_field(field, e) != 0) {
            return -1;
        }
        for (size_t k = 0; k < i; k++) {
            if (bytes_same(correction->change[k]->field, change->field)) {
                return error_set(e, ERR_INVALID, field, "%s is changed twice. Change it once.",
                                 "%s を2回変えています。1回にしてください。", field);
            }
        }
    }
    return 0;
}

int check_correction(const Madoguchi__Correction *correction, const Madoguchi__Row *row,
                     struct error *e) {
    if (check_fields(&correction_table, &correction->base, 0, row != NULL, e) != 0) {
        return -1;
    }
    if (!has_ref(row) && (!correction->has_seq || correction->seq == 0)) {
        return check_missing("seq", "correct", e);
    }
    if (correction->n_change == 0) {
        return check_missing("change", "correct", e);
    }
    return check_changes(correction, e);
}

static const struct check_rule voiding_rules[] = {
    CHECK_MAY("seq", CHECK_ANY),
    CHECK_MAY("number", CHECK_NAME),
    CHECK_MUST_TEXT("reason", TEXT_MAX),
};
static const struct check_table voiding_table =
    CHECK_TABLE(voiding_rules, (const char *[]){"void"});

int check_voiding(const Madoguchi__Voiding *voiding, const Madoguchi__Row *row, struct error *e) {
    if (check_fields(&voiding_table, &voiding->base, 0, row != NULL, e) != 0) {
        return -1;
    }
    if (has_ref(row) && !voiding->has_seq && !voiding->has_number) {
        return 0;
    }
    return check_one_of_two(voiding->has_seq && voiding->seq > 0, voiding->has_number, "void", e);
}

static const struct check_rule put_rules[] = {
    {.field = "kind", .shape = CHECK_CHOICE, .max = 2, .needed = CHECK_ALL},
    CHECK_MUST("piece", CHECK_ANY),
    CHECK_MUST("pieces", CHECK_ANY),
    CHECK_MAY("data", CHECK_ANY), /* its texts are checked when it is whole */
};
static const struct check_table put_table = CHECK_TABLE(put_rules, (const char *[]){"put"});

int check_put(const Madoguchi__Put *put, struct error *e) {
    if (check_fields(&put_table, &put->base, 0, false, e) != 0) {
        return -1;
    }
    if (put->pieces > CHECK_PIECES_MAX) {
        return error_set(e, ERR_TOO_MUCH, "pieces", "pieces: %u are too many; at most %d.",
                         "pieces：%u 個は多すぎます。%d 個までです。", put->pieces,
                         CHECK_PIECES_MAX);
    }
    if (put->piece >= put->pieces) {
        return error_set(e, ERR_INVALID, "piece", "piece: %u of %u does not exist.",
                         "piece：全 %2$u 個のうちの %1$u 番（0から数えて）はありません。",
                         put->piece, put->pieces);
    }
    if (!put->has_data || put->data.len == 0) {
        return check_missing("data", "put", e);
    }
    if (put->data.len > CHECK_PIECE_BYTES) {
        return error_set(e, ERR_TOO_MUCH, "data", "data: a piece has at most %d bytes.",
                         "data：1個は %d バイトまでです。", CHECK_PIECE_BYTES);
    }
    return 0;
}

static const struct check_rule publication_rules[] = {
    CHECK_MUST("plan", CHECK_WORD),
    CHECK_MUST("year", CHECK_YEAR),
    CHECK_MAY("position", CHECK_ANY),
    CHECK_MANY("figure", CHECK_NUMBER_MAX),
};
static const struct check_table publication_table =
    CHECK_TABLE(publication_rules, (const char *[]){"publication"});

int check_publication(const Madoguchi__Publication *publication, struct error *e) {
    if (check_fields(&publication_table, &publication->base, 0, false, e) != 0) {
        return -1;
    }
    if (publication->has_position || publication->n_figure > 0) {
        const char *field = publication->n_figure > 0 ? "figure" : "position";
        return error_set(e, ERR_INVALID, field,
                         "%s: the daemon works it out. Leave it out of the request.",
                         "%s：サーバーが計算するものです。要求には入れないでください。", field);
    }
    return 0;
}
