#include "client/scope.h"

#include "proto/calendar.h"

#include <stdlib.h>

#define FILTERS_MAX 24
#define VALUES_MAX  64

#define DAY_MS   86400000ULL
#define JAPAN_MS 32400000ULL /* UTC+9 */

static int bad_filter(const char *word, struct error *e) {
    return error_set(e, ERR_INVALID, "",
                     SAY("\"%s\" should be FIELD=VALUE, FIELD=VALUE,VALUE or FIELD!=VALUE."), word);
}

int scope_filter(struct arena *arena, const char *word, Madoguchi__Filter *filter,
                 struct error *e) {
    size_t len = strcspn(word, "=!");
    bool exclude = word[len] == '!';
    const char *values = word + len + exclude;
    if (len == 0 || *values != '=') {
        return bad_filter(word, e);
    }
    values++;
    madoguchi__filter__init(filter);
    char *field = arena_strndup(arena, word, len);
    filter->value = arena_alloc(arena, VALUES_MAX * sizeof *filter->value);
    if (field == NULL || filter->value == NULL) {
        return error_set(e, ERR_TOO_MUCH, "", SAY("Too many words."));
    }
    for (char *p = field; *p != '\0'; p++) {
        *p = *p == '-' ? '_' : *p;
    }
    SET(filter, field, bytes_of(field));
    if (exclude) {
        SET(filter, exclude, 1);
    }
    for (;;) {
        size_t n = strcspn(values, ",");
        if (filter->n_value == VALUES_MAX) {
            return error_set(e, ERR_TOO_MUCH, field, SAY("%s has more than %d values."), field,
                             VALUES_MAX);
        }
        char *value = arena_strndup(arena, values, n);
        if (value == NULL) {
            return error_set(e, ERR_TOO_MUCH, "", SAY("Too many words."));
        }
        filter->value[filter->n_value++] = bytes_of(value);
        if (values[n] == '\0') {
            return 0;
        }
        values += n + 1;
    }
}

static int two_digits(const char *p, unsigned most, unsigned *out) {
    if (p[0] < '0' || p[0] > '9' || p[1] < '0' || p[1] > '9') {
        return -1;
    }
    *out = (unsigned)(p[0] - '0') * 10 + (unsigned)(p[1] - '0');
    return *out <= most ? 0 : -1;
}

/* HH:MM or HH:MM:SS and perhaps a zone; *ms of the day, *zone_ms to take away. */
static int parse_clock(const char *p, uint64_t *ms, uint64_t *zone_ms) {
    unsigned hour;
    unsigned minute;
    unsigned second = 59; /* all of the minute */
    uint64_t rest = 999;
    if (two_digits(p, 23, &hour) < 0 || p[2] != ':' || two_digits(p + 3, 59, &minute) < 0) {
        return -1;
    }
    p += 5;
    if (*p == ':') {
        if (two_digits(p + 1, 59, &second) < 0) {
            return -1;
        }
        p += 3;
    }
    *ms = ((uint64_t)hour * 3600 + minute * 60 + second) * 1000 + rest;
    *zone_ms = JAPAN_MS;
    if (strcmp(p, "Z") == 0) {
        *zone_ms = 0;
        return 0;
    }
    return *p == '\0' || strcmp(p, "+09:00") == 0 ? 0 : -1;
}

int scope_known_at(const char *text, uint64_t *out, struct error *e) {
    size_t len = strcspn(text, "T ");
    uint32_t date;
    uint64_t ms = DAY_MS - 1;
    uint64_t zone_ms = JAPAN_MS;
    if (calendar_parse_date(text, len, &date, e) < 0) {
        return -1;
    }
    if (text[len] != '\0' && parse_clock(text + len + 1, &ms, &zone_ms) < 0) {
        return error_set(e, ERR_INVALID, "known_at",
                         SAY("\"%s\" is not a time: expected 2024-05-01 or 2024-05-01T17:15."),
                         text);
    }
    int64_t at = (int64_t)calendar_days(date) * (int64_t)DAY_MS + (int64_t)ms - (int64_t)zone_ms;
    *out = at > 0 ? (uint64_t)at : 1;
    return 0;
}

int scope_year(const char *text, uint32_t *from, uint32_t *to, struct error *e) {
    struct period period;
    if (calendar_parse_period(text, strlen(text), &period, e) < 0) {
        return -1;
    }
    bool years =
        period.kind == PERIOD_YEAR || (period.kind == PERIOD_RANGE && to != NULL &&
                                       period.from % 10000 == 401 && period.to % 10000 == 331);
    if (!years) {
        return error_set(e, ERR_INVALID, "year",
                         SAY("\"%s\" is not a fiscal year: expected FY2023 or R5."), text);
    }
    *from = calendar_fiscal_year(period.from);
    if (to != NULL) {
        *to = calendar_fiscal_year(period.to);
    }
    return 0;
}

static int parse_options(const struct arguments *a, Madoguchi__Scope *scope, struct error *e) {
    const char *text;
    if ((text = options_get(a, "from")) != NULL) {
        SET(scope, from, bytes_of(text));
    }
    if ((text = options_get(a, "to")) != NULL) {
        SET(scope, to, bytes_of(text));
    }
    if ((text = options_get(a, "as-of")) != NULL) {
        scope->has_as_of = 1;
        if (calendar_parse_date(text, strlen(text), &scope->as_of, e) < 0) {
            return -1;
        }
    }
    if ((text = options_get(a, "known-at")) != NULL) {
        scope->has_known_at = 1;
        return scope_known_at(text, &scope->known_at, e);
    }
    return 0;
}

int scope_exit(const struct error *e) {
    return e->field[0] == '\0' ? EXIT_USAGE : EXIT_REFUSED;
}

int scope_parse(struct client *c, const struct arguments *a, Madoguchi__Scope *scope,
                struct error *e) {
    SET(scope, today, c->today);
    if (parse_options(a, scope, e) < 0) {
        return -1;
    }
    if (a->n > FILTERS_MAX) {
        return error_set(e, ERR_TOO_MUCH, "", SAY("More than %d filters."), FILTERS_MAX);
    }
    Madoguchi__Filter *filter = arena_alloc(&c->arena, (a->n + 1) * sizeof *filter);
    scope->filter = arena_alloc(&c->arena, (a->n + 1) * sizeof *scope->filter);
    if (filter == NULL || scope->filter == NULL) {
        return error_set(e, ERR_TOO_MUCH, "", SAY("Too many words."));
    }
    for (size_t i = 0; i < a->n; i++) {
        if (scope_filter(&c->arena, a->word[i], &filter[i], e) < 0) {
            return -1;
        }
        scope->filter[scope->n_filter++] = &filter[i];
    }
    return 0;
}

int scope_month(const char *text, uint32_t *month, struct error *e) {
    struct period period;
    if (calendar_parse_period(text, strlen(text), &period, e) < 0) {
        return -1;
    }
    if (period.kind != PERIOD_MONTH) {
        return error_set(e, ERR_INVALID, "month",
                         SAY("\"%s\" is not a month: expected 2024-04 or R6.4."), text);
    }
    *month = period.from / 100;
    return 0;
}
