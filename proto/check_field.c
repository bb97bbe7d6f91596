#include "proto/check_field.h"

#include "proto/calendar.h"
#include "proto/guard.h"
#include "proto/text.h"

#include <stdio.h>
#include <string.h>

#define PERIOD_BYTES 40

const char *const check_count_words[] = {
    "contacts", "consultations", "cases",     "active",   "topics",    "outcomes", "households",
    "persons",  "sessions",      "attendees", "programs", "referrals", "refusals", NULL};

const char *const check_filter_fields[] = {
    "service", "program", "office", "channel",      "nature", "topic", "outcome",
    "route",   "origin",  "age",    "session_kind", "form",   "venue", "venue_kind",
    "reason",  "target",  "day",    "status",       NULL};

const char *const check_by_words[] = {
    "year",         "month",  "day",   "hour",       "service", "program", "office",
    "channel",      "nature", "topic", "outcome",    "route",   "origin",  "age",
    "session_kind", "form",   "venue", "venue_kind", "reason",  "target",  NULL};

/* ---- errors ---------------------------------------------------------------------- */

int check_missing(const char *field, const char *what, struct error *e) {
    return error_set(e, ERR_INVALID, field, "%s is missing: %s needs it. Give it.",
                     "%s がありません。%s には必要です。入れてください。", field, what);
}

int check_one_of_two(bool first, bool second, const char *what, struct error *e) {
    if (first != second) {
        return 0;
    }
    return error_set(
        e, ERR_INVALID, "number",
        "%s needs either the number of a case or session or the seq of one entry.",
        "%s には、相談票・開催の番号か記録の番号（seq）のどちらか一方を入れてください。", what);
}

static int out_of_place(const char *field, const char *what, struct error *e) {
    return error_set(e, ERR_INVALID, field, "%s does not go with %s. Leave it out.",
                     "%s は %s では使いません。外してください。", field, what);
}

static int holds_number(const char *field, struct error *e) {
    return error_set(e, ERR_INDIVIDUAL_NUMBER, field,
                     "%s holds what looks like an individual number (My Number). It was refused "
                     "and kept nowhere. Enter it again without the number.",
                     "%s に個人番号（マイナンバー）とみられる数字があるため受け付けませんでした。"
                     "どこにも保存していません。番号を除いて入れ直してください。",
                     field);
}

/* ---- values ---------------------------------------------------------------------- */

int check_text(ProtobufCBinaryData text, size_t max_bytes, const char *field, struct error *e) {
    if (text_check(text.data, text.len, max_bytes, field, e) != 0) {
        return -1;
    }
    return guard_scan(text.data, text.len) == GUARD_REFUSE ? holds_number(field, e) : 0;
}

bool check_is_blank(ProtobufCBinaryData text) {
    for (size_t i = 0; i < text.len;) {
        if (text.data[i] == ' ') {
            i++;
        } else if (text.len - i >= 3 && memcmp(text.data + i, "\xe3\x80\x80", 3) == 0) {
            i += 3;
        } else {
            return false;
        }
    }
    return true;
}

/* A value that is not what it should be; repeated only if the guard passes it. */
#define NOT_A(value, field, en, ja, e)                                                  \
    error_set(e, ERR_INVALID, field, "%s: \"%s\" is not " en, "%s：「%s」は" ja, field, \
              guard_quote((value).data, (value).len, (char[GUARD_QUOTE_MAX]){0}))

/* Words are echoed by whoever looks them up, so one with twelve digits is
 * refused even where a text would only be warned of. */
static int pass_word(ProtobufCBinaryData word, const char *field, struct error *e) {
    return guard_scan(word.data, word.len) == GUARD_PASS ? 0 : holds_number(field, e);
}

int check_word(ProtobufCBinaryData word, const char *field, struct error *e) {
    if (text_is_code(word.data, word.len)) {
        return pass_word(word, field, e);
    }
    if (check_text(word, TEXT_MAX, field, e) != 0) {
        return -1;
    }
    return NOT_A(word, field,
                 "a code. Codes are lower-case letters, digits and hyphens, at most 32.",
                 "コードではありません。コードは英小文字・数字・ハイフンで32文字までです。", e);
}

static int check_name(ProtobufCBinaryData name, const char *field, struct error *e) {
    bool is_name = name.len > 0 && name.len <= TEXT_CODE_MAX;
    for (size_t i = 0; is_name && i < name.len; i++) {
        uint8_t c = name.data[i];
        is_name =
            (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-';
    }
    if (is_name) {
        return pass_word(name, field, e);
    }
    if (check_text(name, TEXT_MAX, field, e) != 0) {
        return -1;
    }
    return NOT_A(name, field,
                 "a number. A case's is like M-2024-000123, a session's like S-2024-000007.",
                 "番号ではありません。相談票は M-2024-000123、開催は S-2024-000007 の形です。", e);
}

static int check_field_name(ProtobufCBinaryData name, const char *field, struct error *e) {
    bool is_name = name.len > 0 && name.len <= TEXT_CODE_MAX;
    for (size_t i = 0; is_name && i < name.len; i++) {
        is_name = (name.data[i] >= 'a' && name.data[i] <= 'z') || name.data[i] == '_';
    }
    if (is_name) {
        return 0;
    }
    if (check_text(name, TEXT_MAX, field, e) != 0) {
        return -1;
    }
    return NOT_A(name, field, "the name of a field, like topic or session_kind.",
                 "項目名ではありません。topic や session_kind のような名前です。", e);
}

int check_one_of(ProtobufCBinaryData word, const char *const *list, const char *field,
                 struct error *e) {
    size_t n = 0;
    for (; list[n] != NULL; n++) {
        if (bytes_equal(word, list[n])) {
            return 0;
        }
    }
    if (check_text(word, TEXT_MAX, field, e) != 0) {
        return -1;
    }
    NOT_A(word, field, "a word known here.", "使える語ではありません。", e);
    char text[40];
    if (e != NULL && word.len > 0 && word.len < sizeof text &&
        guard_scan(word.data, word.len) == GUARD_PASS) {
        memcpy(text, word.data, word.len);
        text[word.len] = '\0';
        const char *near = text_nearest(text, list, n);
        if (near != NULL) {
            error_near(e, near);
        }
    }
    return -1;
}

int check_filter_value(const char *field, ProtobufCBinaryData value, struct error *e) {
    static const char *const days[] = {"weekday", "holiday", NULL};
    static const char *const states[] = {"open", "closed", "void", NULL};
    if (strcmp(field, "day") == 0) {
        return check_one_of(value, days, field, e);
    }
    if (strcmp(field, "status") == 0) {
        return check_one_of(value, states, field, e);
    }
    if (value.len == 0) {
        return 0;
    }
    if (strcmp(field, "venue") == 0) {
        return check_text(value, 200, field, e);
    }
    bool group = value.data[0] == '@';
    return check_word((ProtobufCBinaryData){value.len - group, value.data + group}, field, e);
}

static int check_time(uint32_t time, const char *field, struct error *e) {
    if (time / 100 < 24 && time % 100 < 60) {
        return 0;
    }
    return error_set(e, ERR_INVALID, field, "%s: %04u is not a time of day; 00:00 to 23:59.",
                     "%s：%04u という時刻はありません。00:00 から 23:59 までです。", field, time);
}

static int check_date(uint32_t date, const char *field, struct error *e) {
    if (calendar_date_valid(date)) {
        return 0;
    }
    return error_set(e, ERR_INVALID, field,
                     "%s: there is no date %04u-%02u-%02u. Correct the date.",
                     "%s：%04u-%02u-%02u という日付はありません。日付を直してください。", field,
                     date / 10000, date / 100 % 100, date % 100);
}

static int check_period(ProtobufCBinaryData period, const char *field, struct error *e) {
    struct period read;
    if (check_text(period, PERIOD_BYTES, field, e) != 0) {
        return -1;
    }
    if (calendar_parse_period((const char *)period.data, period.len, &read, e) != 0) {
        if (e != NULL) {
            snprintf(e->field, sizeof e->field, "%s", field);
        }
        return -1;
    }
    return 0;
}

static int check_largest(uint32_t value, uint32_t max, const char *field, struct error *e) {
    if (value <= max) {
        return 0;
    }
    return error_set(e, ERR_INVALID, field, "%s: %u is too much; at most %u.",
                     "%s：%u は大きすぎます。%u までです。", field, value, max);
}

static int check_year(uint32_t year, const char *field, struct error *e) {
    if (year >= CALENDAR_FIRST_YEAR && year <= 9998) {
        return 0;
    }
    return error_set(
        e, ERR_INVALID, field, "%s: %u is not a fiscal year; write it in four digits, 2024.",
        "%s：%u は年度ではありません。2024 のように西暦4桁で入れてください。", field, year);
}

static int check_choice(uint32_t value, uint32_t max, const char *field, struct error *e) {
    if (value >= 1 && value <= max) {
        return 0;
    }
    return error_set(e, ERR_INVALID, field,
                     "%s: %d is not one of its values, which are 1 to %u. Client and daemon should "
                     "be of the same version.",
                     "%s：%d という値はありません（1から%uまで）。"
                     "クライアントとサーバーの版を揃えてください。",
                     field, (int)value, max);
}

/* ---- tables ---------------------------------------------------------------------- */

static int check_bytes(const struct check_rule *rule, ProtobufCBinaryData value, bool in_row,
                       struct error *e) {
    switch (rule->shape) {
    case CHECK_TEXT:
        return check_text(value, rule->max, rule->field, e);
    case CHECK_WORD:
        return check_word(value, rule->field, e);
    case CHECK_NAME:
        return check_name(value, rule->field, e);
    case CHECK_REFERRED:
        return in_row ? check_text(value, rule->max, rule->field, e)
                      : check_name(value, rule->field, e);
    case CHECK_FIELD:
        return check_field_name(value, rule->field, e);
    case CHECK_PERIOD:
        return check_period(value, rule->field, e);
    default:
        return 0;
    }
}

static int check_whole(const struct check_rule *rule, uint32_t value, struct error *e) {
    switch (rule->shape) {
    case CHECK_DATE:
        return check_date(value, rule->field, e);
    case CHECK_TIME:
        return check_time(value, rule->field, e);
    case CHECK_YEAR:
        return check_year(value, rule->field, e);
    case CHECK_NUMBER:
        return check_largest(value, rule->max, rule->field, e);
    case CHECK_CHOICE:
        return check_choice(value, rule->max, rule->field, e);
    default:
        return 0;
    }
}

static int check_repeated(const struct check_rule *rule, const ProtobufCFieldDescriptor *f,
                          const ProtobufCMessage *m, bool in_row, struct error *e) {
    size_t n = *(const size_t *)((const char *)m + f->quantifier_offset);
    if (n > rule->repeats) {
        return error_set(e, ERR_TOO_MUCH, rule->field, "%s: %zu are too many; at most %u.",
                         "%s：%zu 個は多すぎます。%u 個までです。", rule->field, n, rule->repeats);
    }
    if (f->type != PROTOBUF_C_TYPE_BYTES) {
        return 0;
    }
    const ProtobufCBinaryData *values =
        *(const ProtobufCBinaryData *const *)((const char *)m + f->offset);
    for (size_t i = 0; i < n; i++) {
        if (check_bytes(rule, values[i], in_row, e) != 0) {
            return -1;
        }
    }
    return 0;
}

static int check_given(const struct check_rule *rule, const ProtobufCFieldDescriptor *f,
                       const ProtobufCMessage *m, bool in_row, struct error *e) {
    if (f->label == PROTOBUF_C_LABEL_REPEATED) {
        return check_repeated(rule, f, m, in_row, e);
    }
    const void *member = (const char *)m + f->offset;
    switch (f->type) {
    case PROTOBUF_C_TYPE_BYTES:
        return check_bytes(rule, *(const ProtobufCBinaryData *)member, in_row, e);
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_ENUM:
        return check_whole(rule, *(const uint32_t *)member, e);
    default:
        return 0;
    }
}

static bool is_empty(const ProtobufCFieldDescriptor *f, const ProtobufCMessage *m) {
    return f->label != PROTOBUF_C_LABEL_REPEATED && f->type == PROTOBUF_C_TYPE_BYTES &&
           check_is_blank(*(const ProtobufCBinaryData *)((const char *)m + f->offset));
}

int check_fields(const struct check_table *table, const ProtobufCMessage *message, unsigned kind,
                 bool in_row, struct error *e) {
    const ProtobufCMessageDescriptor *d = message->descriptor;
    const char *what = table->kinds[kind];
    size_t r = 0;
    for (unsigned i = 0; i < d->n_fields; i++) {
        const ProtobufCFieldDescriptor *f = &d->fields[i];
        const struct check_rule *rule =
            r < table->n && message_same_name(table->rules[r].field, f->name) ? &table->rules[r++]
                                                                              : NULL;
        if (!message_has(message, f)) {
            if (rule != NULL && (rule->needed & CHECK_BIT(kind)) != 0) {
                return check_missing(f->name, what, e);
            }
            continue;
        }
        if (rule == NULL || (rule->allowed != 0 && (rule->allowed & CHECK_BIT(kind)) == 0)) {
            return out_of_place(f->name, what, e);
        }
        if ((rule->needed & CHECK_BIT(kind)) != 0 && is_empty(f, message)) {
            return check_missing(f->name, what, e);
        }
        if (check_given(rule, f, message, in_row, e) != 0) {
            return -1;
        }
    }
    return 0;
}
