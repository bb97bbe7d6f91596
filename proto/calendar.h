/* Civil dates of the municipality, months, fiscal years (April to March, named
 * by their western year) and Japanese eras, by own table and day arithmetic:
 * no clock, no locale, no time zone but "Japan is UTC+9".
 *
 *   date   uint32_t YYYYMMDD, 18680101..99991231    20240415; read up to the year 9998
 *   month  uint32_t YYYYMM                          202404
 *   FY     uint32_t western year                    2024 is 2024-04-01..2025-03-31 */
#ifndef MADOGUCHI_PROTO_CALENDAR_H
#define MADOGUCHI_PROTO_CALENDAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/error.h"

#define CALENDAR_FIRST_YEAR 1868
#define CALENDAR_OPEN       99991231U /* last date of a period without an end */

enum period_kind { PERIOD_DAY, PERIOD_MONTH, PERIOD_YEAR, PERIOD_RANGE, PERIOD_OPEN };

struct period {
    enum period_kind kind;
    uint32_t from, to; /* dates, inclusive; to is CALENDAR_OPEN when open */
};

/* Whether the date exists (Gregorian, from 1868 on). */
bool calendar_date_valid(uint32_t date);

/* Days since 1970-01-01 of a valid date, and back.  calendar_date gives 0 for a
 * day outside 1868..9999. */
int32_t calendar_days(uint32_t date);
uint32_t calendar_date(int32_t days);

/* Day of the week of a valid date, 0 = Sunday. */
unsigned calendar_weekday(uint32_t date);

/* FY that a valid date lies in. */
uint32_t calendar_fiscal_year(uint32_t date);

/* Japan's date at a moment: UTC+9, Unix milliseconds. */
uint32_t calendar_today(int64_t unix_ms);

/* Reads a date as people write it: 2024-04-15, 2024/4/15, 20240415, R6.4.15,
 * 令和6年4月15日, 元年, kanji and full-width digits.  An era year that the era did
 * not reach or not yet have (平成32年2月, 令和元年4月) is read by arithmetic;
 * dates before 明治6年 (1873), of the old lunar calendar, are taken in western years only.
 * Error: INVALID, saying what does not exist or how to write it. */
int calendar_parse_date(const char *text, size_t len, uint32_t *date, struct error *e) MUST_CHECK;

/* Reads a period: FY2024, 2024, R6, 令和6年度 (H31 is R1), 2024-04, R6.4, a date,
 * two of these with .. or 〜 between them, or a first one and "..".
 * A range that is exactly one day, month or FY becomes that.  Error: INVALID. */
int calendar_parse_period(const char *text, size_t len, struct period *period,
                          struct error *e) MUST_CHECK;

/* The one canonical form: FY2024, 2024-04, 2024-04-15, 2024-04-01..2024-04-15,
 * 2024-04-01.., and FY2021..FY2025 for whole FYs.  calendar_parse_period reads it back. */
void calendar_format_period(const struct period *period, char out[40]);

void calendar_format_date(uint32_t date, char out[16]);    /* 2024-04-15 */
void calendar_format_date_ja(uint32_t date, char out[64]); /* 平成31年4月30日; 1870年1月1日 */
void calendar_format_year_ja(uint32_t fy, char out[32]);   /* 令和元年度 */
void calendar_format_year_short(uint32_t fy, char out[8]); /* R5, H30 */

/* The time of day in Japan at a moment, Unix milliseconds: 09:30:02. */
void calendar_format_time(int64_t unix_ms, char out[16]);

#endif
