/* Dates and periods as people write them: what is read can be written in the
 * one canonical form, and that reads as the same. */
#include "tests/fuzz/fuzz.h"

#include "proto/calendar.h"

#include <string.h>

/* Its year stands for no end (CALENDAR_OPEN): nobody writes it. */
#define NEVER_WRITTEN 99990101

static void date_holds(uint32_t date) {
    char text[64];
    uint32_t again = 0;
    struct error e;
    MUST(calendar_date_valid(date));
    MUST(calendar_date(calendar_days(date)) == date);
    MUST(calendar_weekday(date) < 7);
    uint32_t year = calendar_fiscal_year(date);
    MUST(date >= year * 10000 + 401 && date <= (year + 1) * 10000 + 331);
    calendar_format_date(date, text);
    int read = calendar_parse_date(text, strlen(text), &again, &e);
    MUST(date >= NEVER_WRITTEN ? read != 0 : read == 0 && again == date);
    calendar_format_date_ja(date, text);
    if (date < 21000000) { /* no era is read for longer */
        MUST(calendar_parse_date(text, strlen(text), &again, &e) == 0 && again == date);
    }
    calendar_format_year_ja(year, text);
    MUST(text[0] != '\0' && strlen(text) < 32);
    char brief[8];
    calendar_format_year_short(year, brief);
    MUST(brief[0] != '\0' && strlen(brief) < sizeof brief);
}

static void period_holds(const struct period *p) {
    char text[40];
    char second[40];
    struct period again;
    struct error e;
    MUST(calendar_date_valid(p->from) && calendar_date_valid(p->to) && p->from <= p->to);
    MUST((p->kind == PERIOD_OPEN) == (p->to == CALENDAR_OPEN) || p->to == CALENDAR_OPEN);
    MUST(p->kind != PERIOD_DAY || p->from == p->to);
    calendar_format_period(p, text);
    MUST(strlen(text) < sizeof text);
    MUST(calendar_parse_period(text, strlen(text), &again, &e) == 0);
    MUST(again.kind == p->kind && again.from == p->from && again.to == p->to);
    calendar_format_period(&again, second);
    MUST(strcmp(text, second) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const char *text = (const char *)data;
    struct error e = {0};
    uint32_t date = 0;
    struct period period;
    bool is_date = calendar_parse_date(text, size, &date, &e) == 0;
    if (is_date) {
        date_holds(date);
    } else {
        fuzz_refusal(&e);
    }
    e = (struct error){0};
    if (calendar_parse_period(text, size, &period, &e) == 0) {
        period_holds(&period);
    } else {
        fuzz_refusal(&e);
    }
    if (size >= 4) {
        uint32_t any;
        memcpy(&any, data, sizeof any);
        if (calendar_date_valid(any)) {
            date_holds(any);
        }
        date = calendar_date((int32_t)any);
        MUST(date == 0 || (calendar_date_valid(date) && calendar_days(date) == (int32_t)any));
    }
    if (size >= 8) {
        int64_t ms;
        memcpy(&ms, data, sizeof ms);
        date = calendar_today(ms);
        MUST(date == 0 || calendar_date_valid(date));
    }
    return 0;
}
