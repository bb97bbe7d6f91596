#include "client/mapping_date.h"

#include "client/mapping_text.h"
#include "client/words.h"
#include "proto/guard.h"

#include <stdio.h>
#include <string.h>

#define DATE_MAX    120 /* bytes of a cell that may be a date */
#define SERIAL_1970 25569U

/* A cell folded, its time of day and its weekday cut off. */
struct shape {
    char text[3 * DATE_MAX];
    uint32_t number[3];
    unsigned digits[3];
    unsigned n;   /* numbers */
    char mark[3]; /* behind each: '/', '.', '-', 'y', 'm', 'd', 0 the end */
    bool plain;   /* nothing but numbers and marks */
};

static int not_a_date(const char *cell, struct error *e) {
    return error_set(e, ERR_INVALID, "date",
                     SAY("\"%s\" is not a date. Write 2024-04-15, R6.4.15 or 4/15 into the cell."),
                     GUARD_QUOTE(cell));
}

/* The time of day behind a date: 2024/4/1 9:30. */
static void cut_time(char *text) {
    char *colon = strchr(text, ':');
    if (colon == NULL) {
        return;
    }
    char *p = colon;
    while (p > text && p[-1] >= '0' && p[-1] <= '9') {
        p--;
    }
    if (p > text && (p[-1] == ' ' || p[-1] == 't' || p[-1] == 'T')) {
        p[-1] = '\0';
    }
}

static bool fold_cell(const char *cell, char out[3 * DATE_MAX]) {
    struct arena arena;
    char copy[DATE_MAX + 1];
    if (strlen(cell) > DATE_MAX) {
        return false;
    }
    memcpy(copy, cell, strlen(cell) + 1);
    cut_time(copy);
    arena_init(&arena, 4096);
    const char *folded = mapping_fold(copy, &arena);
    bool fits = folded != NULL && strlen(folded) < sizeof(char[3 * DATE_MAX]);
    if (fits) {
        memcpy(out, folded, strlen(folded) + 1);
    }
    arena_free(&arena);
    return fits;
}

static char mark_at(const char **p) {
    static const struct {
        const char *text;
        char mark;
    } marks[] = {{"/", '/'},  {".", '.'}, {"-", '-'},  {"年", 'y'}, {"月", 'm'},
                 {"日", 'd'}, {"−", '-'}, {"ー", '-'}, {"‐", '-'}};
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        size_t len = strlen(marks[i].text);
        if (strncmp(*p, marks[i].text, len) == 0) {
            *p += len;
            return marks[i].mark;
        }
    }
    return 0;
}

static bool read_shape(const char *cell, struct shape *s) {
    *s = (struct shape){.n = 0};
    if (!fold_cell(cell, s->text)) {
        return false;
    }
    s->text[strcspn(s->text, "(")] = '\0'; /* a weekday */
    const char *p = s->text;
    while (s->n < 3 && *p >= '0' && *p <= '9') {
        unsigned i = s->n++;
        for (; *p >= '0' && *p <= '9' && s->digits[i] < 9; p++) {
            s->number[i] = s->number[i] * 10 + (uint32_t)(*p - '0');
            s->digits[i]++;
        }
        s->mark[i] = mark_at(&p);
    }
    s->plain = s->n > 0 && *p == '\0';
    return true;
}

static bool is_in(const struct period *in, uint32_t month) {
    return month >= in->from / 100 && month <= in->to / 100;
}

int mapping_month(const struct mapping_dates *dates, uint32_t year, uint32_t month,
                  struct period *out, struct error *e) {
    if (month < 1 || month > 12) {
        return error_set(e, ERR_INVALID, "date", SAY("There is no month %u. Correct the cell."),
                         month);
    }
    if (year == 0 && !dates->has_in) {
        return error_set(e, ERR_INVALID, "date",
                         SAY("In which year? Say it in the mapping: dates: {in: R6}."));
    }
    for (uint32_t y = dates->in.from / 10000; year == 0 && y <= dates->in.to / 10000; y++) {
        if (is_in(&dates->in, y * 100 + month)) {
            year = y;
        }
    }
    if (year == 0) {
        return error_set(e, ERR_INVALID, "date",
                         SAY("Month %u does not lie in the period of the mapping (dates: in)."),
                         month);
    }
    char text[24];
    snprintf(text, sizeof text, "%04u-%02u", year, month);
    return calendar_parse_period(text, strlen(text), out, e);
}

static int set_day(const struct period *month, uint32_t day, const char *cell, uint32_t *date,
                   struct error *e) {
    uint32_t last = month->to % 100;
    if (day < 1 || day > last) {
        return error_set(e, ERR_INVALID, "date",
                         SAY("\"%s\": month %04u-%02u has the days 1 to %u."), GUARD_QUOTE(cell),
                         month->from / 10000, month->from / 100 % 100, last);
    }
    *date = month->from / 100 * 100 + day;
    return 0;
}

/* 1, 1日: the month stands elsewhere. */
static int day_alone(const struct mapping_dates *dates, uint32_t day, const char *cell,
                     uint32_t *date, struct error *e) {
    if (!dates->has_in || dates->in.from / 100 != dates->in.to / 100) {
        return error_set(e, ERR_INVALID, "date",
                         SAY("\"%s\": of which month? Say it in the mapping: dates: {in: R6.4}, or "
                             "{cell: A1} or {headings: true} where the sheet says it."),
                         GUARD_QUOTE(cell));
    }
    return set_day(&dates->in, day, cell, date, e);
}

/* 4月, R6.4: the first of it, or whichever day the mapping says. */
static int month_alone(const struct mapping_dates *dates, const struct period *month,
                       const char *cell, uint32_t *date, struct error *e) {
    if (dates->day == 0) {
        return error_set(e, ERR_INVALID, "date",
                         SAY("\"%s\": a day is missing. Where the sheet has months only, say in "
                             "the mapping: dates: {day: 1}."),
                         GUARD_QUOTE(cell));
    }
    uint32_t last = month->to % 100;
    *date = month->from / 100 * 100 + (dates->day < last ? dates->day : last);
    return 0;
}

/* 6.4.1: the era stands elsewhere. */
static int short_year(const struct mapping_dates *dates, const struct shape *s, const char *cell,
                      uint32_t *date, struct error *e) {
    char text[40];
    if (dates->era == 0) {
        return error_set(
            e, ERR_INVALID, "date",
            SAY("\"%s\": year %u of which era? Say it in the mapping: dates: {era: R}, "
                "or {era: western} for 20%02u."),
            GUARD_QUOTE(cell), s->number[0], s->number[0]);
    }
    if (dates->era == 'w') {
        snprintf(text, sizeof text, "%u-%02u-%02u", 2000 + s->number[0], s->number[1],
                 s->number[2]);
    } else {
        snprintf(text, sizeof text, "%c%u.%u.%u", dates->era, s->number[0], s->number[1],
                 s->number[2]);
    }
    return calendar_parse_date(text, strlen(text), date, e);
}

static int part_of_date(const struct mapping_dates *dates, const struct shape *s, const char *cell,
                        uint32_t *date, struct error *e) {
    struct period month;
    if (s->n == 1 && s->digits[0] <= 2 && s->mark[0] == 'm') {
        return mapping_month(dates, 0, s->number[0], &month, e) < 0
                   ? -1
                   : month_alone(dates, &month, cell, date, e);
    }
    if (s->n == 1 && s->digits[0] <= 2 && (s->mark[0] == 0 || s->mark[0] == 'd')) {
        return day_alone(dates, s->number[0], cell, date, e);
    }
    if (s->n == 1 && s->digits[0] == 5 && s->mark[0] == 0) {
        *date = calendar_date((int32_t)(s->number[0] - SERIAL_1970));
        return 0;
    }
    if (s->n == 2 && s->digits[0] <= 2 && s->digits[1] <= 2 && s->mark[0] != 'y') {
        return mapping_month(dates, 0, s->number[0], &month, e) < 0
                   ? -1
                   : set_day(&month, s->number[1], cell, date, e);
    }
    return s->n == 3 && s->digits[0] <= 2 ? short_year(dates, s, cell, date, e) : 1;
}

int mapping_date(const struct mapping_dates *dates, const char *cell, uint32_t *date,
                 struct error *e) {
    struct shape s;
    struct period p;
    if (!read_shape(cell, &s)) {
        return not_a_date(cell, e);
    }
    int result = s.plain ? part_of_date(dates, &s, cell, date, e) : 1;
    if (result <= 0) {
        return result;
    }
    if (calendar_parse_period(s.text, strlen(s.text), &p, e) < 0) {
        return -1;
    }
    if (p.kind == PERIOD_MONTH) {
        return month_alone(dates, &p, cell, date, e);
    }
    if (p.kind != PERIOD_DAY) {
        return not_a_date(cell, e);
    }
    *date = p.from;
    return 0;
}

/* ---- parts in cells of their own ------------------------------------------------------------ */

static int part(const char *cell, uint32_t *number, struct error *e) {
    struct shape s;
    if (!read_shape(cell, &s) || !s.plain || s.n != 1 || s.digits[0] > 4) {
        return not_a_date(cell, e);
    }
    *number = s.number[0];
    return 0;
}

/* A year as a cell of its own is a calendar year. */
static int year_part(const struct mapping_dates *dates, const char *cell, uint32_t *year,
                     struct error *e) {
    char text[3 * DATE_MAX];
    char with_month[3 * DATE_MAX + 8];
    struct period p;
    uint32_t number = 0;
    if (mapping_number(cell, &number) > 0 && number < 100) {
        if (dates->era == 0) {
            return error_set(e, ERR_INVALID, "date",
                             SAY("Year %u of which era? Say it in the mapping: dates: {era: R}."),
                             number);
        }
        *year = dates->era == 'w' ? 2000 + number : 0;
        snprintf(text, sizeof text, "%c%u", dates->era, number);
    } else if (!fold_cell(cell, text)) {
        return not_a_date(cell, e);
    }
    if (*year > 0) {
        return 0;
    }
    size_t len = strlen(text);
    size_t kanji = strlen("年");
    if (len > kanji && strcmp(text + len - kanji, "年") == 0) {
        text[len - kanji] = '\0';
    }
    snprintf(with_month, sizeof with_month, "%s-1", text);
    if (calendar_parse_period(with_month, strlen(with_month), &p, e) < 0) {
        return -1;
    }
    *year = p.from / 10000;
    return 0;
}

int mapping_date_of_parts(const struct mapping_dates *dates, const char *year, const char *month,
                          const char *day, uint32_t *date, struct error *e) {
    uint32_t y = 0;
    uint32_t m = 0;
    uint32_t d = 0;
    struct period p;
    if (mapping_is_blank(month)) {
        return mapping_is_blank(day) ? not_a_date(day, e) : mapping_date(dates, day, date, e);
    }
    if ((!mapping_is_blank(year) && year_part(dates, year, &y, e) < 0) || part(month, &m, e) < 0 ||
        mapping_month(dates, y, m, &p, e) < 0) {
        return -1;
    }
    if (mapping_is_blank(day)) {
        return month_alone(dates, &p, month, date, e);
    }
    return part(day, &d, e) < 0 ? -1 : set_day(&p, d, day, date, e);
}

/* ---- periods in texts --------------------------------------------------------------------- */

bool mapping_month_heading(const char *text, uint32_t *year, uint32_t *month) {
    struct shape s;
    struct period p;
    if (!read_shape(text, &s)) {
        return false;
    }
    size_t len = strlen(s.text);
    size_t suffix = strlen("分");
    if (len > suffix && strcmp(s.text + len - suffix, "分") == 0) {
        char without[3 * DATE_MAX];
        memcpy(without, s.text, len - suffix);
        without[len - suffix] = '\0';
        if (!read_shape(without, &s)) {
            return false;
        }
    }
    if (s.plain && s.n == 1 && s.digits[0] <= 2 && s.mark[0] == 'm' && s.number[0] >= 1 &&
        s.number[0] <= 12) {
        *year = 0;
        *month = s.number[0];
        return true;
    }
    if (s.text[0] == '\0' || calendar_parse_period(s.text, strlen(s.text), &p, NULL) < 0 ||
        p.kind != PERIOD_MONTH) {
        return false;
    }
    *year = p.from / 10000;
    *month = p.from / 100 % 100;
    return true;
}

/* A part of the text as a period: with a year, or a month that lies in `in`. */
static bool is_period(const struct mapping_dates *dates, const char *text, size_t len,
                      struct period *out) {
    char part_of[64];
    uint32_t year;
    uint32_t month;
    if (len >= sizeof part_of) {
        return false;
    }
    memcpy(part_of, text, len);
    part_of[len] = '\0';
    if (mapping_month_heading(part_of, &year, &month)) {
        return mapping_month(dates, year, month, out, NULL) == 0;
    }
    return strstr(part_of, "度") != NULL && calendar_parse_period(part_of, len, out, NULL) == 0 &&
           out->kind == PERIOD_YEAR;
}

bool mapping_find_period(const struct mapping_dates *dates, const char *text, struct period *out) {
    char folded[3 * DATE_MAX];
    struct mapping_dates known = *dates;
    bool found = false;
    struct period p;
    if (!fold_cell(text, folded)) {
        return false;
    }
    size_t len = strlen(folded);
    for (size_t from = 0; from < len; from++) {
        if ((folded[from] & 0xc0) == 0x80 ||
            (from > 0 && folded[from - 1] >= '0' && folded[from - 1] <= '9')) {
            continue; /* inside a character or a number */
        }
        for (size_t to = len; to > from; to--) {
            if ((folded[to] & 0xc0) == 0x80 || !is_period(&known, folded + from, to - from, &p)) {
                continue;
            }
            if (!found || (out->kind != PERIOD_MONTH && p.kind == PERIOD_MONTH)) {
                *out = p;
                found = true;
            }
            if (p.kind == PERIOD_MONTH) {
                return true;
            }
            known.has_in = true; /* of a month that follows */
            known.in = p;
            break;
        }
    }
    return found;
}
