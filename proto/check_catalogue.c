#include "proto/check_names.h"

#include "proto/calendar.h"
#include "proto/text.h"

#include <string.h>

#define LABEL_BYTES 200

const char *const check_lists[] = {"program",      "office", "channel",    "nature", "topic",
                                   "outcome",      "origin", "age",        "reason", "target",
                                   "session-kind", "form",   "venue-kind", NULL};

static int sizes(const Document__Catalogue *c, struct error *e) {
    if (check_size("services", c->n_service, CHECK_SERVICES_MAX, e) != 0 ||
        check_size("codes", c->n_code, CHECK_CODES_MAX, e) != 0 ||
        check_size("groups", c->n_group, CHECK_GROUPS_MAX, e) != 0) {
        return -1;
    }
    return check_size("holidays", c->n_holiday, CHECK_HOLIDAYS_MAX, e);
}

static int head(const Document__Catalogue *c, struct error *e) {
    if (!c->has_format || c->format != 1) {
        return error_set(e, ERR_INVALID, "catalogue",
                         "catalogue: this version reads catalogues of format 1.",
                         "catalogue：この版が読めるのは形式1の目録です。");
    }
    if (!c->has_rule || c->rule != 1) {
        return error_set(e, ERR_INVALID, "rule", "rule: this version knows counting rule 1.",
                         "rule：この版の集計規則は1だけです。");
    }
    if (!c->has_start || !calendar_date_valid(c->start)) {
        return error_set(e, ERR_INVALID, "start",
                         "start: must be a date, the first that an entry may have, like "
                         "2000-04-01.",
                         "start：記録できる最初の日付を 2000-04-01 のように書いてください。");
    }
    if (c->n_service == 0) {
        return check_missing("services", "catalogue", e);
    }
    return 0;
}

static int label(ProtobufCBinaryData ja, bool has_ja, ProtobufCBinaryData en, const char *what,
                 struct error *e) {
    if (!has_ja || check_is_blank(ja)) {
        return check_missing("ja", what, e);
    }
    return check_text(ja, LABEL_BYTES, "ja", e) != 0 ? -1 : check_text(en, LABEL_BYTES, "en", e);
}

static bool is_kana(uint32_t c) {
    return (c >= 0x3041 && c <= 0x309f) || (c >= 0x30a1 && c <= 0x30ff) ||
           (c >= 0xff66 && c <= 0xff9f) || c == ' ' || c == 0x3000 || (c >= '0' && c <= '9');
}

/* How a word is read: what a clerk types before an input method has made kanji of it. */
static int reading(ProtobufCBinaryData kana, const char *what, struct error *e) {
    if (check_text(kana, LABEL_BYTES, "kana", e) != 0) {
        return -1;
    }
    for (size_t i = 0; i < kana.len;) {
        uint32_t c;
        i += text_decode(kana.data + i, kana.len - i, &c);
        if (!is_kana(c)) {
            return error_set(
                e, ERR_INVALID, "kana",
                "%s: kana must be its reading, in kana and digits only, like すまい.",
                "%s：kana には読みを「すまい」のように仮名と数字だけで書いてください。", what);
        }
    }
    return 0;
}

static int retired(bool has, uint32_t date, const char *what, struct error *e) {
    if (!has || calendar_date_valid(date)) {
        return 0;
    }
    return error_set(e, ERR_INVALID, "retired", "%s: retired must be a date, like 2030-04-01.",
                     "%s：retired は 2030-04-01 のような日付にしてください。", what);
}

/* Names all services and codes by list, and finds the one that comes twice. */
static int collect(const Document__Catalogue *c, struct check_names *names, struct error *e) {
    if (check_names_make(names, c->n_service + c->n_code, e) != 0) {
        return -1;
    }
    for (size_t i = 0; i < c->n_service; i++) {
        if (check_word(c->service[i]->code, "service", e) != 0) {
            return -1;
        }
        check_names_add(names, bytes_of("service"), c->service[i]->code);
    }
    for (size_t i = 0; i < c->n_code; i++) {
        if (check_one_of(c->code[i]->list, check_lists, "list", e) != 0 ||
            check_word(c->code[i]->code, "code", e) != 0) {
            return -1;
        }
        check_names_add(names, c->code[i]->list, c->code[i]->code);
    }
    return check_names_sort(names, "code", e);
}

static int known(const struct check_names *names, const char *list, ProtobufCBinaryData word,
                 const char *field, const char *what, struct error *e) {
    if (check_names_has(names, bytes_of(list), word)) {
        return 0;
    }
    return check_word(word, field, e) != 0
               ? -1
               : error_set(e, ERR_INVALID, field,
                           "%s: \"%.*s\" is not in the list %s. Add it there or correct it.",
                           "%s：「%.*s」は %s の一覧にありません。一覧に加えるか直してください。",
                           what, (int)word.len, (const char *)word.data, list);
}

static int check_prefix(const Document__Catalogue *c, size_t i, const char *what, struct error *e) {
    ProtobufCBinaryData prefix = c->service[i]->prefix;
    if (prefix.len != 1 || prefix.data[0] < 'A' || prefix.data[0] > 'Z' || prefix.data[0] == 'S') {
        return error_set(
            e, ERR_INVALID, "prefix",
            "%s: prefix must be one capital letter, not S (which is for sessions).",
            "%s：prefix は S 以外の英大文字1文字にしてください（S は開催の番号です）。", what);
    }
    for (size_t k = 0; k < i; k++) {
        if (bytes_same(c->service[k]->prefix, prefix)) {
            return error_set(e, ERR_INVALID, "prefix",
                             "%s: prefix %c is another service's. Choose another letter.",
                             "%s：prefix の %c は別の業務が使っています。別の文字にしてください。",
                             what, prefix.data[0]);
        }
    }
    return 0;
}

static int check_service(const Document__Catalogue *c, size_t i, const struct check_names *names,
                         struct error *e) {
    const Document__Service *s = c->service[i];
    char what[CHECK_WHAT_MAX];
    check_what(what, "service", s->code);
    if (check_prefix(c, i, what, e) != 0 || label(s->ja, s->has_ja, s->en, what, e) != 0 ||
        reading(s->kana, what, e) != 0 || retired(s->has_retired, s->retired, what, e) != 0 ||
        (s->has_nature && known(names, "nature", s->nature, "nature", what, e) != 0)) {
        return -1;
    }
    if (!s->has_nature) {
        return check_missing("nature", what, e);
    }
    for (size_t k = 0; k < s->n_consultation; k++) {
        if (known(names, "nature", s->consultation[k], "consultation", what, e) != 0) {
            return -1;
        }
    }
    return 0;
}

static int check_code(const Document__Code *code, const struct check_names *names,
                      struct error *e) {
    char list[CHECK_WHAT_MAX];
    char what[CHECK_WHAT_MAX];
    check_what(list, "", code->list);
    check_what(what, list + 1, code->code);
    if (label(code->ja, code->has_ja, code->en, what, e) != 0 ||
        reading(code->kana, what, e) != 0 ||
        retired(code->has_retired, code->retired, what, e) != 0) {
        return -1;
    }
    for (size_t k = 0; k < code->n_service; k++) {
        if (known(names, "service", code->service[k], "services", what, e) != 0) {
            return -1;
        }
    }
    return 0;
}

static int check_group(const Document__Group *group, const struct check_names *names,
                       struct error *e) {
    char what[CHECK_WHAT_MAX];
    char list[CHECK_WHAT_MAX];
    check_what(what, "group", group->name);
    if (!bytes_equal(group->list, "service") &&
        check_one_of(group->list, check_lists, "list", e) != 0) {
        return -1;
    }
    check_what(list, "", group->list);
    if (check_size("members", group->n_member, CHECK_MEMBERS_MAX, e) != 0 ||
        check_text(group->ja, LABEL_BYTES, "ja", e) != 0 ||
        check_text(group->en, LABEL_BYTES, "en", e) != 0) {
        return -1;
    }
    if (group->n_member == 0) {
        return check_missing("members", what, e);
    }
    for (size_t k = 0; k < group->n_member; k++) {
        if (known(names, list + 1, group->member[k], "members", what, e) != 0) {
            return -1;
        }
    }
    return 0;
}

static int check_groups(const Document__Catalogue *c, const struct check_names *names,
                        struct error *e) {
    struct check_names groups;
    if (check_names_make(&groups, c->n_group, e) != 0) {
        return -1;
    }
    int rc = 0;
    for (size_t i = 0; i < c->n_group && rc == 0; i++) {
        rc = check_word(c->group[i]->name, "name", e);
        if (rc == 0) {
            check_names_add(&groups, c->group[i]->list, c->group[i]->name);
            rc = check_group(c->group[i], names, e);
        }
    }
    if (rc == 0) {
        rc = check_names_sort(&groups, "group", e);
    }
    check_names_free(&groups);
    return rc;
}

static int check_holidays(const Document__Catalogue *c, struct error *e) {
    for (size_t i = 0; i < c->n_holiday; i++) {
        if (!calendar_date_valid(c->holiday[i])) {
            return error_set(e, ERR_INVALID, "holidays", "holidays: there is no date %u.",
                             "holidays：%u という日付はありません。", c->holiday[i]);
        }
    }
    return 0;
}

static int check_items(const Document__Catalogue *c, const struct check_names *names,
                       struct error *e) {
    for (size_t i = 0; i < c->n_service; i++) {
        if (check_service(c, i, names, e) != 0) {
            return -1;
        }
    }
    for (size_t i = 0; i < c->n_code; i++) {
        if (check_code(c->code[i], names, e) != 0) {
            return -1;
        }
    }
    return check_groups(c, names, e);
}

int check_catalogue(const Document__Catalogue *c, struct error *e) {
    struct check_names names = {0};
    if (sizes(c, e) != 0 || check_texts(&c->base, e) != 0 || head(c, e) != 0) {
        return -1;
    }
    int rc = collect(c, &names, e);
    if (rc == 0) {
        rc = check_items(c, &names, e);
    }
    check_names_free(&names);
    return rc == 0 ? check_holidays(c, e) : -1;
}
