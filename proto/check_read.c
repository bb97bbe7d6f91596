#include "proto/check_parts.h"

#include "proto/calendar.h"
#include "proto/text.h"

#include <string.h>

static const struct check_rule show_rules[] = {
    CHECK_MAY("number", CHECK_NAME),
    CHECK_MAY("seq", CHECK_ANY),
};
static const struct check_table show_table = CHECK_TABLE(show_rules, (const char *[]){"show"});

int check_show(const Madoguchi__Show *show, struct error *e) {
    if (check_fields(&show_table, &show->base, 0, false, e) != 0) {
        return -1;
    }
    return check_one_of_two(show->has_seq && show->seq > 0, show->has_number, "show", e);
}

static const struct check_rule scope_rules[] = {
    CHECK_MAY("from", CHECK_PERIOD),         CHECK_MAY("to", CHECK_PERIOD),
    CHECK_MANY("filter", CHECK_FILTERS_MAX), CHECK_MAY("as_of", CHECK_DATE),
    CHECK_MAY("known_at", CHECK_ANY),        CHECK_MAY("today", CHECK_DATE),
    CHECK_MAY("position", CHECK_ANY),
};
static const struct check_table scope_table = CHECK_TABLE(scope_rules, (const char *[]){"scope"});

static const struct check_rule filter_rules[] = {
    CHECK_MUST("field", CHECK_FIELD),
    CHECK_MAY("exclude", CHECK_ANY),
    CHECK_MANY("value", CHECK_VALUES_MAX),
};
static const struct check_table filter_table =
    CHECK_TABLE(filter_rules, (const char *[]){"filter"});

static int check_filter(const Madoguchi__Filter *filter, struct error *e) {
    char field[TEXT_CODE_MAX + 1] = "";
    if (check_fields(&filter_table, &filter->base, 0, false, e) != 0 ||
        check_one_of(filter->field, check_filter_fields, "field", e) != 0) {
        return -1;
    }
    memcpy(field, filter->field.data, filter->field.len);
    if (filter->n_value == 0) {
        return check_missing(field, "filter", e);
    }
    for (size_t i = 0; i < filter->n_value; i++) {
        if (check_filter_value(field, filter->value[i], e) != 0) {
            return -1;
        }
    }
    return 0;
}

int check_scope(const Madoguchi__Scope *scope, struct error *e) {
    struct period from;
    struct period to;
    if (check_fields(&scope_table, &scope->base, 0, false, e) != 0) {
        return -1;
    }
    for (size_t i = 0; i < scope->n_filter; i++) {
        if (check_filter(scope->filter[i], e) != 0) {
            return -1;
        }
    }
    if (!scope->has_from || !scope->has_to) {
        return 0;
    }
    if (calendar_parse_period((const char *)scope->from.data, scope->from.len, &from, e) != 0 ||
        calendar_parse_period((const char *)scope->to.data, scope->to.len, &to, e) != 0) {
        return -1;
    }
    if (to.to < from.from) {
        return error_set(e, ERR_INVALID, "to", "to: lies before from. Swap the two.",
                         "to：from より前です。入れ替えてください。");
    }
    return 0;
}

static const struct check_rule stats_rules[] = {
    CHECK_MAY("scope", CHECK_ANY),
    CHECK_MAY("count", CHECK_ANY),
    CHECK_MANY("by", CHECK_BY_MAX),
    CHECK_MAY("explain", CHECK_ANY),
};
static const struct check_table stats_table = CHECK_TABLE(stats_rules, (const char *[]){"stats"});

int check_stats(const Madoguchi__Stats *stats, struct error *e) {
    if (check_fields(&stats_table, &stats->base, 0, false, e) != 0 ||
        (stats->has_count && check_one_of(stats->count, check_count_words, "count", e) != 0)) {
        return -1;
    }
    for (size_t i = 0; i < stats->n_by; i++) {
        if (check_one_of(stats->by[i], check_by_words, "by", e) != 0) {
            return -1;
        }
        for (size_t k = 0; k < i; k++) {
            if (bytes_same(stats->by[i], stats->by[k])) {
                return error_set(e, ERR_INVALID, "by", "by: %.*s is given twice.",
                                 "by：%.*s が2回あります。", (int)stats->by[i].len,
                                 (const char *)stats->by[i].data);
            }
        }
    }
    return stats->scope != NULL ? check_scope(stats->scope, e) : 0;
}

static const struct check_rule indicators_rules[] = {
    CHECK_MUST("plan", CHECK_WORD),   CHECK_MAY("from", CHECK_YEAR),
    CHECK_MAY("to", CHECK_YEAR),      CHECK_MAY("as_of", CHECK_DATE),
    CHECK_MAY("known_at", CHECK_ANY), CHECK_MAY("plan_now", CHECK_ANY),
    CHECK_MAY("today", CHECK_DATE),
};
static const struct check_table indicators_table =
    CHECK_TABLE(indicators_rules, (const char *[]){"indicators"});

int check_indicators(const Madoguchi__Indicators *indicators, struct error *e) {
    if (check_fields(&indicators_table, &indicators->base, 0, false, e) != 0) {
        return -1;
    }
    if (indicators->has_from && indicators->has_to && indicators->to < indicators->from) {
        return error_set(e, ERR_INVALID, "to", "to: lies before from. Swap the two.",
                         "to：from より前です。入れ替えてください。");
    }
    return 0;
}

static const struct check_rule prove_rules[] = {
    CHECK_MUST("plan", CHECK_WORD),   CHECK_MUST("indicator", CHECK_WORD),
    CHECK_MUST("year", CHECK_YEAR),   CHECK_MAY("as_of", CHECK_DATE),
    CHECK_MAY("known_at", CHECK_ANY), CHECK_MAY("plan_now", CHECK_ANY),
    CHECK_MAY("today", CHECK_DATE),
};
static const struct check_table prove_table = CHECK_TABLE(prove_rules, (const char *[]){"prove"});

int check_prove(const Madoguchi__Prove *prove, struct error *e) {
    return check_fields(&prove_table, &prove->base, 0, false, e);
}

static const struct check_rule restatements_rules[] = {
    CHECK_MUST("plan", CHECK_WORD),
};
static const struct check_table restatements_table =
    CHECK_TABLE(restatements_rules, (const char *[]){"restatements"});

int check_restatements(const Madoguchi__Restatements *restatements, struct error *e) {
    return check_fields(&restatements_table, &restatements->base, 0, false, e);
}

static const struct check_rule documents_rules[] = {
    {.field = "kind", .shape = CHECK_CHOICE, .max = 2, .needed = CHECK_ALL},
    CHECK_MAY("id", CHECK_WORD),
};
static const struct check_table documents_table =
    CHECK_TABLE(documents_rules, (const char *[]){"documents"});

int check_documents(const Madoguchi__Documents *documents, struct error *e) {
    if (check_fields(&documents_table, &documents->base, 0, false, e) != 0) {
        return -1;
    }
    if (documents->has_id && documents->kind == MADOGUCHI__DOCUMENT_KIND__CATALOGUE) {
        return error_set(e, ERR_INVALID, "id", "id: there is one catalogue only. Leave the id out.",
                         "id：目録は1つだけです。id を外してください。");
    }
    return 0;
}

#define BACKUP_PATH_BYTES 1000

static const struct check_rule backup_rules[] = {
    CHECK_MUST_TEXT("directory", BACKUP_PATH_BYTES),
};
static const struct check_table backup_table =
    CHECK_TABLE(backup_rules, (const char *[]){"backup"});

int check_backup(const Madoguchi__Backup *backup, struct error *e) {
    if (check_fields(&backup_table, &backup->base, 0, false, e) != 0) {
        return -1;
    }
    if (backup->directory.len == 0 || backup->directory.data[0] != '/') {
        return error_set(e, ERR_INVALID, "directory",
                         "directory: give the whole path, beginning with /: the daemon writes the "
                         "backup and stands in another folder.",
                         "directory：/ から始まる完全なパスを指定してください"
                         "（バックアップを書くのはサーバーです）。");
    }
    return 0;
}
