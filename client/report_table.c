#include "client/report_table.h"

#include "client/words.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char *const fields[] = {"service", "topic",  "channel", "outcome",
                                     "age",     "origin", "hour",    "part"};
_Static_assert(sizeof fields / sizeof fields[0] == FIELD_COUNT, "one word each");

const char *report_field_word(enum report_field field) {
    return fields[field];
}

const struct report_cell *report_cell(const struct report_table *t, size_t row, size_t column) {
    return &t->cell[row * t->n_column + column];
}

enum report_statistic report_cell_statistic(const struct report_table *t, size_t row,
                                            size_t column) {
    if (t->row[row].statistic != STATISTIC_NONE) {
        return t->row[row].statistic;
    }
    return t->column[column].statistic != STATISTIC_NONE ? t->column[column].statistic
                                                         : STATISTIC_VALUE;
}

const char *report_cell_measure(const struct report_table *t, size_t row, size_t column) {
    if (t->row[row].measure != NULL) {
        return t->row[row].measure;
    }
    return t->column[column].measure != NULL ? t->column[column].measure : t->measure;
}

struct span report_cell_span(const struct report_table *t, size_t row, size_t column) {
    if (t->row[row].span.from != 0) {
        return t->row[row].span;
    }
    return t->column[column].span.from != 0 ? t->column[column].span : t->span;
}

const char *report_cell_key(const struct report_table *t, size_t row, size_t column,
                            enum report_field field) {
    const char *key = t->row[row].key[field];
    if (key == NULL) {
        key = t->column[column].key[field];
    }
    if (key == NULL && field == FIELD_SERVICE) {
        key = t->service;
    }
    if (key == NULL) {
        return "TOTAL"; /* codes are lower-case: none is written like these */
    }
    return key[0] != '\0' ? key : "UNKNOWN";
}

const char *report_statistic_word(enum report_statistic statistic) {
    static const char *const words[] = {"value", "value", "difference", "ratio", "rate"};
    return words[statistic];
}

bool report_is_percent(enum report_statistic statistic) {
    return statistic == STATISTIC_RATIO || statistic == STATISTIC_RATE;
}

/* ---- units ---------------------------------------------------------------------------- */

static const struct {
    const char *measure, *word, *label;
} units[] = {
    {"households", "households", N_("households")},
    {"persons", "persons", N_("persons")},
    {"attendees", "persons", N_("persons")},
    {"sessions", "sessions", N_("sessions")},
};
#define UNITS (sizeof units / sizeof units[0])

static size_t unit_of(const char *measure) {
    size_t i = 0;
    while (i < UNITS && strcmp(units[i].measure, measure) != 0) {
        i++;
    }
    return i;
}

const char *report_unit_word(const char *measure, enum report_statistic statistic) {
    size_t i = unit_of(measure);
    if (report_is_percent(statistic)) {
        return "percent";
    }
    return i < UNITS ? units[i].word : "cases";
}

const char *report_unit_label(const char *measure) {
    size_t i = unit_of(measure);
    return i < UNITS ? _(units[i].label) : _("cases");
}

/* ---- cells ---------------------------------------------------------------------------- */

/* 1234567 as 1,234,567. */
static void group(uint64_t value, char out[40]) {
    char digits[24];
    int n = snprintf(digits, sizeof digits, "%" PRIu64, value);
    char *p = out;
    for (int i = 0; i < n; i++) {
        if (i > 0 && (n - i) % 3 == 0) {
            *p++ = ',';
        }
        *p++ = digits[i];
    }
    *p = '\0';
}

const char *report_cell_text(const struct report_table *t, size_t row, size_t column,
                             struct arena *arena) {
    const struct report_cell *c = report_cell(t, row, column);
    enum report_statistic statistic = report_cell_statistic(t, row, column);
    if (c->state == CELL_VOID || c->state == CELL_ABSENT) {
        return "";
    }
    if (c->state == CELL_UNDEFINED || (c->value == 0 && statistic == STATISTIC_VALUE)) {
        return "－";
    }
    uint64_t value = (uint64_t)llabs(c->value);
    const char *sign = c->value < 0 ? "△" : "";
    char whole[40];
    if (report_is_percent(statistic)) {
        group(value / 10, whole);
        return arena_printf(arena, "%s%s.%u", sign, whole, (unsigned)(value % 10));
    }
    group(value, whole);
    return arena_printf(arena, "%s%s", sign, whole);
}

const char *report_cell_number(const struct report_table *t, size_t row, size_t column,
                               struct arena *arena) {
    const struct report_cell *c = report_cell(t, row, column);
    if (c->state != CELL_VALUE) {
        return NULL;
    }
    if (report_is_percent(report_cell_statistic(t, row, column))) {
        return arena_printf(arena, "%s%" PRIu64 ".%u", c->value < 0 ? "-" : "",
                            (uint64_t)llabs(c->value) / 10, (unsigned)(llabs(c->value) % 10));
    }
    return arena_printf(arena, "%" PRId64, c->value);
}

/* ---- the year before -------------------------------------------------------------------- */

/* Tenths of a percent; four fifths and more are one. */
static int64_t tenths(int64_t part, int64_t whole) {
    __int128 doubled = (__int128)(part < 0 ? -part : part) * 2000 + whole;
    int64_t value = (int64_t)(doubled / ((__int128)whole * 2));
    return part < 0 ? -value : value;
}

struct report_cell report_compare(enum report_statistic statistic, int64_t now, int64_t before) {
    struct report_cell cell = {.state = CELL_VALUE};
    if (statistic == STATISTIC_DIFFERENCE) {
        cell.value = now - before;
    } else if (before <= 0) {
        cell.state = CELL_UNDEFINED;
    } else {
        cell.value = tenths(statistic == STATISTIC_RATIO ? now : now - before, before);
    }
    return cell;
}
