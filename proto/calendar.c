#include "proto/calendar.h"

#include <stdio.h>
#include <string.h>

#include "proto/guard.h"
#include "proto/text.h"

#define INPUT_MAX    160 /* bytes of a date or period as typed */
#define FOLDED_MAX   256 /* code points of it, folded */
#define ERA_YEAR_MAX 199 /* 昭和100年 is 2025 */
#define LUNAR_UNTIL  18730101U

static const struct era {
    const char *name;
    uint32_t first_kanji; /* as in 令6 */
    uint32_t second_kanji;
    uint32_t first;    /* its first date */
    uint32_t first_fy; /* the FY that is called its 元年度 */
    uint32_t base;     /* western year of its year 0 */
    char letter;       /* as in R6 */
} eras[] = {
    {"令和", 0x4ee4, 0x548c, 20190501, 2019, 2018, 'r'},
    {"平成", 0x5e73, 0x6210, 19890108, 1989, 1988, 'h'},
    {"昭和", 0x662d, 0x548c, 19261225, 1927, 1925, 's'},
    {"大正", 0x5927, 0x6b63, 19120730, 1912, 1911, 't'},
    {"明治", 0x660e, 0x6cbb, 18681023, 1868, 1867, 'm'},
};
#define N_ERAS (sizeof eras / sizeof eras[0])

#define KANJI_YEAR   0x5e74
#define KANJI_MONTH  0x6708
#define KANJI_DAY    0x65e5
#define KANJI_DEGREE 0x5ea6 /* of 年度 */
#define KANJI_FIRST  0x5143 /* 元 */
#define KANJI_TEN    0x5341

static unsigned days_in_month(uint32_t year, uint32_t month) {
    static const uint8_t days[13] = {0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month] + (month == 2 && leap);
}

bool calendar_date_valid(uint32_t date) {
    uint32_t year = date / 10000;
    uint32_t month = date / 100 % 100;
    uint32_t day = date % 100;
    return year >= CALENDAR_FIRST_YEAR && year <= 9999 && month >= 1 && month <= 12 && day >= 1 &&
           day <= days_in_month(year, month);
}

/* Years begin in March here, so that the leap day is the last of its year. */
int32_t calendar_days(uint32_t date) {
    uint32_t month = date / 100 % 100;
    uint32_t year = date / 10000 - (month <= 2);
    uint32_t century = year / 100;
    uint32_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + date % 100 - 1;
    return (int32_t)(365 * year + year / 4 - century + century / 4 + day_of_year) - 719468;
}

uint32_t calendar_date(int32_t days) {
    static const int32_t first = -37255; /* 1868-01-01 */
    static const int32_t last = 2932896; /* 9999-12-31 */
    if (days < first || days > last) {
        return 0;
    }
    uint32_t n = (uint32_t)(days + 719468); /* since 0000-03-01 */
    uint32_t era = n / 146097;              /* of 400 years */
    uint32_t day_of_era = n % 146097;
    uint32_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    uint32_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    uint32_t m = (5 * day_of_year + 2) / 153;
    uint32_t day = day_of_year - (153 * m + 2) / 5 + 1;
    uint32_t month = m < 10 ? m + 3 : m - 9;
    uint32_t year = era * 400 + year_of_era + (month <= 2);
    return year * 10000 + month * 100 + day;
}

unsigned calendar_weekday(uint32_t date) {
    return (unsigned)((calendar_days(date) + 719468 + 3) % 7); /* 0000-03-01 was a Wednesday */
}

uint32_t calendar_fiscal_year(uint32_t date) {
    return date / 10000 - (date / 100 % 100 < 4);
}

uint32_t calendar_today(int64_t unix_ms) {
    const int64_t day_ms = 86400000;
    if (unix_ms < INT32_MIN * day_ms || unix_ms > (INT32_MAX - 1) * day_ms) {
        return 0;
    }
    int64_t ms = unix_ms + 9 * 3600000LL;
    return calendar_date((int32_t)(ms / day_ms - (ms % day_ms < 0)));
}

/* ---- Reading ---- */

/* What was typed: folded code points without spaces, read from at on. */
struct reader {
    const char *text;
    size_t len;
    const char *field;
    struct error *e;
    uint32_t cp[FOLDED_MAX];
    size_t n, at;
    char quote[GUARD_QUOTE_MAX];
};

/* The value as an error may name it. */
static const char *reader_quote(struct reader *r) {
    return guard_quote((const uint8_t *)r->text, r->len, r->quote);
}

#define REFUSE(r, en, ja) \
    error_set((r)->e, ERR_INVALID, (r)->field, "\"%s\": " en, "「%s」：" ja, reader_quote(r))

static int refuse_form(struct reader *r) {
    return REFUSE(r, "not a date or period; write 2024-04-15, R6.4.15, 2024-04, FY2024 or R6.",
                  "日付・期間として読めません。2024-04-15、R6.4.15、2024-04、FY2024、R6 のように"
                  "書いてください。");
}

static int refuse_day(struct reader *r, uint32_t year, uint32_t month) {
    return error_set(r->e, ERR_INVALID, r->field,
                     "\"%s\": there is no such day; month %u-%02u has %u days. Correct the day.",
                     "「%s」という日はありません。%u年%u月は%u日までです。日を直してください。",
                     reader_quote(r), year, month, days_in_month(year, month));
}

static uint32_t fold_character(uint32_t cp) {
    switch (cp) {
    case 0x2010:
    case 0x2012:
    case 0x2013:
    case 0x2014:
    case 0x2015:
    case 0x2212:
    case 0x30fc:
        return '-';
    case 0x301c:
        return '~';
    default:
        return cp >= 'A' && cp <= 'Z' ? cp + ('a' - 'A') : cp;
    }
}

static int reader_open(struct reader *r, const char *text, size_t len, const char *field,
                       struct error *e) {
    *r = (struct reader){.text = text, .len = len, .field = field, .e = e};
    if (len == 0) {
        return error_set(e, ERR_INVALID, field, "%s is empty; write 2024-04-15, 2024-04 or FY2024.",
                         "%s が空です。2024-04-15、2024-04、FY2024 のように書いてください。",
                         field);
    }
    if (len > INPUT_MAX) {
        return refuse_form(r);
    }
    for (size_t i = 0; i < len;) {
        uint32_t cp = 0;
        uint32_t folded[TEXT_FOLD_MAX];
        size_t n = text_decode((const uint8_t *)text + i, len - i, &cp);
        size_t n_folded = n > 0 ? text_fold(cp, folded) : 0;
        if (n == 0 || r->n + n_folded > FOLDED_MAX) {
            return refuse_form(r);
        }
        i += n;
        for (size_t k = 0; k < n_folded; k++) {
            if (folded[k] != ' ') {
                r->cp[r->n++] = fold_character(folded[k]);
            }
        }
    }
    return 0;
}

static bool reader_take(struct reader *r, uint32_t cp) {
    bool is = r->at < r->n && r->cp[r->at] == cp;
    r->at += is;
    return is;
}

static int digit_of(uint32_t cp) {
    static const uint16_t kanji[10] = {0x3007, 0x4e00, 0x4e8c, 0x4e09, 0x56db,
                                       0x4e94, 0x516d, 0x4e03, 0x516b, 0x4e5d};
    if (cp >= '0' && cp <= '9') {
        return (int)cp - '0';
    }
    for (int i = 0; i < 10; i++) {
        if (kanji[i] == cp) {
            return i;
        }
    }
    return -1;
}

/* Up to eight digits, or kanji with a ten in it (二十一).  Returns how many
 * digits it was written with; 0 if there is no number. */
static unsigned reader_number(struct reader *r, uint32_t *value) {
    unsigned digits = 0;
    *value = 0;
    for (; r->at < r->n; r->at++) {
        int digit = digit_of(r->cp[r->at]);
        if (digit < 0 || digits == 8) {
            break;
        }
        *value = *value * 10 + (uint32_t)digit;
        digits++;
    }
    if (digits <= 1 && reader_take(r, KANJI_TEN)) {
        *value = (digits == 0 ? 1 : *value) * 10;
        int digit = r->at < r->n ? digit_of(r->cp[r->at]) : -1;
        if (digit > 0) {
            *value += (uint32_t)digit;
            r->at++;
        }
        return 2;
    }
    return digits;
}

static const struct era *reader_era(struct reader *r) {
    for (size_t i = 0; i < N_ERAS; i++) {
        if (reader_take(r, (uint32_t)eras[i].letter)) {
            return &eras[i];
        }
        if (reader_take(r, eras[i].first_kanji)) {
            reader_take(r, eras[i].second_kanji);
            return &eras[i];
        }
    }
    return NULL;
}

static bool year_fits(uint32_t year) {
    return year >= CALENDAR_FIRST_YEAR && year <= 9998;
}

static int set_year(struct period *p, uint32_t fy) {
    *p = (struct period){PERIOD_YEAR, fy * 10000 + 401, (fy + 1) * 10000 + 331};
    return 0;
}

static int set_month(struct reader *r, struct period *p, uint32_t year, uint32_t month) {
    if (month < 1 || month > 12) {
        return REFUSE(r, "there is no such month; months are 1 to 12.",
                      "その月はありません。月は1から12です。");
    }
    uint32_t first = year * 10000 + month * 100;
    *p = (struct period){PERIOD_MONTH, first + 1, first + days_in_month(year, month)};
    return 0;
}

static int set_day(struct reader *r, struct period *p, uint32_t year, uint32_t month,
                   uint32_t day) {
    if (set_month(r, p, year, month) != 0) {
        return -1;
    }
    if (day < 1 || day > days_in_month(year, month)) {
        return refuse_day(r, year, month);
    }
    uint32_t date = year * 10000 + month * 100 + day;
    *p = (struct period){PERIOD_DAY, date, date};
    return 0;
}

/* 年度, 年 with what follows, or one of - / . between year, month and day. */
static int read_after_year(struct reader *r, size_t end, uint32_t year, struct period *p) {
    if (r->at == end) {
        return set_year(p, year);
    }
    bool kanji = reader_take(r, KANJI_YEAR);
    if (kanji && r->at == end) {
        return REFUSE(r,
                      "calendar year or fiscal year? Write 年度 or FY2024 for the fiscal year, "
                      "2024-01..2024-12 for the calendar year.",
                      "暦年か年度か分かりません。年度なら「年度」を付けるか FY2024、暦年なら "
                      "2024-01..2024-12 と書いてください。");
    }
    if (kanji && reader_take(r, KANJI_DEGREE)) {
        return r->at == end ? set_year(p, year) : refuse_form(r);
    }
    uint32_t separator = r->cp[r->at];
    if (!kanji) {
        if (separator != '-' && separator != '/' && separator != '.') {
            return refuse_form(r);
        }
        r->at++;
    }
    uint32_t month = 0;
    uint32_t day = 0;
    unsigned digits = reader_number(r, &month);
    if (digits < 1 || digits > 2 || (kanji && !reader_take(r, KANJI_MONTH))) {
        return refuse_form(r);
    }
    if (r->at == end) {
        return set_month(r, p, year, month);
    }
    if (!kanji && !reader_take(r, separator)) {
        return refuse_form(r);
    }
    digits = reader_number(r, &day);
    if (kanji) {
        reader_take(r, KANJI_DAY);
    }
    return digits < 1 || digits > 2 || r->at != end ? refuse_form(r)
                                                    : set_day(r, p, year, month, day);
}

static int read_era_unit(struct reader *r, size_t end, const struct era *era, struct period *p) {
    uint32_t year = 1;
    unsigned digits = reader_take(r, KANJI_FIRST) ? 1 : reader_number(r, &year);
    if (digits < 1 || digits > 3 || year < 1 || year > ERA_YEAR_MAX) {
        return refuse_form(r);
    }
    if (read_after_year(r, end, era->base + year, p) != 0) {
        return -1;
    }
    if (p->kind != PERIOD_YEAR && p->from < LUNAR_UNTIL) {
        return REFUSE(r,
                      "until 明治5年 (1872) dates were of the lunar calendar; write the western "
                      "date, 1872-04-15.",
                      "明治5年までは旧暦です。西暦の日付（1872-04-15）で書いてください。");
    }
    return 0;
}

static int read_western_unit(struct reader *r, size_t end, struct period *p) {
    bool fiscal = reader_take(r, 'f') && reader_take(r, 'y');
    if (!fiscal && r->at > 0 && r->cp[r->at - 1] == 'f') {
        return refuse_form(r);
    }
    uint32_t value = 0;
    unsigned digits = reader_number(r, &value);
    uint32_t year = digits == 8 ? value / 10000 : digits == 6 ? value / 100 : value;
    if ((digits != 4 && (fiscal || (digits != 6 && digits != 8))) ||
        ((fiscal || digits != 4) && r->at != end)) {
        return refuse_form(r);
    }
    if (!year_fits(year)) {
        return REFUSE(r, "the year must lie between 1868 and 9998.", "年は1868から9998までです。");
    }
    switch (digits) {
    case 8:
        return set_day(r, p, year, value / 100 % 100, value % 100);
    case 6:
        return set_month(r, p, year, value % 100);
    default:
        return read_after_year(r, end, year, p);
    }
}

static int read_unit(struct reader *r, size_t end, struct period *p) {
    size_t n = r->n;
    r->n = end; /* nothing reads past the unit */
    const struct era *era = reader_era(r);
    int rc = era != NULL ? read_era_unit(r, end, era, p) : read_western_unit(r, end, p);
    r->n = n;
    return rc;
}

int calendar_parse_date(const char *text, size_t len, uint32_t *date, struct error *e) {
    struct reader r;
    struct period p;
    if (reader_open(&r, text, len, "date", e) != 0 || read_unit(&r, r.n, &p) != 0) {
        return -1;
    }
    if (p.kind != PERIOD_DAY) {
        return REFUSE(
            &r, "a day is missing; write 2024-04-15, R6.4.15 or 令和6年4月15日.",
            "日がありません。2024-04-15、R6.4.15、令和6年4月15日のように書いてください。");
    }
    *date = p.from;
    return 0;
}

/* Where the first unit ends; *after is where the second begins, or n + 1 if there is none. */
static size_t find_range(struct reader *r, size_t *after) {
    for (size_t i = 0; i < r->n; i++) {
        if (r->cp[i] == '~') {
            *after = i + 1;
            return i;
        }
        if (r->cp[i] == '.' && i + 1 < r->n && r->cp[i + 1] == '.') {
            *after = i + 2;
            return i;
        }
    }
    *after = r->n + 1;
    return r->n;
}

static bool is_whole_year(uint32_t from, uint32_t to) {
    return from % 10000 == 401 && to % 10000 == 331 && to / 10000 == from / 10000 + 1;
}

static bool is_whole_month(uint32_t from, uint32_t to) {
    return from % 100 == 1 && from / 100 == to / 100 &&
           to % 100 == days_in_month(from / 10000, from / 100 % 100);
}

static enum period_kind kind_of(uint32_t from, uint32_t to) {
    if (to == CALENDAR_OPEN) {
        return PERIOD_OPEN;
    }
    if (from == to) {
        return PERIOD_DAY;
    }
    if (is_whole_month(from, to)) {
        return PERIOD_MONTH;
    }
    return is_whole_year(from, to) ? PERIOD_YEAR : PERIOD_RANGE;
}

int calendar_parse_period(const char *text, size_t len, struct period *period, struct error *e) {
    struct reader r;
    struct period first;
    struct period last;
    size_t after = 0;
    if (reader_open(&r, text, len, "period", e) != 0) {
        return -1;
    }
    size_t end = find_range(&r, &after);
    if (read_unit(&r, end, &first) != 0) {
        return -1;
    }
    if (after > r.n) {
        *period = first;
        return 0;
    }
    r.at = after;
    if (after == r.n) {
        *period = (struct period){PERIOD_OPEN, first.from, CALENDAR_OPEN};
        return 0;
    }
    if (read_unit(&r, r.n, &last) != 0) {
        return -1;
    }
    if (last.to < first.from) {
        return REFUSE(&r, "ends before it begins; swap the two ends.",
                      "終わりが始まりより前です。前後を入れ替えてください。");
    }
    *period = (struct period){kind_of(first.from, last.to), first.from, last.to};
    return 0;
}

/* ---- Writing ---- */

void calendar_format_date(uint32_t date, char out[16]) {
    snprintf(out, 16, "%04u-%02u-%02u", date / 10000 % 10000, date / 100 % 100, date % 100);
}

void calendar_format_period(const struct period *period, char out[40]) {
    char from[16];
    char to[16];
    calendar_format_date(period->from, from);
    calendar_format_date(period->to, to);
    uint32_t first = period->from / 10000;
    uint32_t last = calendar_fiscal_year(period->to);
    switch (period->kind) {
    case PERIOD_DAY:
        snprintf(out, 40, "%s", from);
        break;
    case PERIOD_MONTH:
        snprintf(out, 40, "%.7s", from);
        break;
    case PERIOD_YEAR:
        snprintf(out, 40, "FY%04u", first);
        break;
    case PERIOD_OPEN:
        snprintf(out, 40, "%s..", from);
        break;
    default:
        if (period->from % 10000 == 401 && period->to % 10000 == 331) {
            snprintf(out, 40, "FY%04u..FY%04u", first, last);
        } else {
            snprintf(out, 40, "%s..%s", from, to);
        }
    }
}

static void format_era_year(const struct era *era, uint32_t year, char out[16]) {
    if (year == era->base + 1) {
        snprintf(out, 16, "%s元", era->name);
    } else {
        snprintf(out, 16, "%s%u", era->name, (year - era->base) % 10000);
    }
}

void calendar_format_date_ja(uint32_t date, char out[64]) {
    char year[16];
    snprintf(year, sizeof year, "%u", date / 10000 % 10000);
    for (size_t i = 0; i < N_ERAS && date >= LUNAR_UNTIL; i++) {
        if (date >= eras[i].first) {
            format_era_year(&eras[i], date / 10000, year);
            break;
        }
    }
    snprintf(out, 64, "%s年%u月%u日", year, date / 100 % 100, date % 100);
}

static const struct era *era_of_fy(uint32_t fy) {
    for (size_t i = 0; i < N_ERAS; i++) {
        if (fy >= eras[i].first_fy) {
            return &eras[i];
        }
    }
    return NULL;
}

void calendar_format_year_ja(uint32_t fy, char out[32]) {
    const struct era *era = era_of_fy(fy);
    char year[16];
    snprintf(year, sizeof year, "%u", fy);
    if (era != NULL) {
        format_era_year(era, fy, year);
    }
    snprintf(out, 32, "%s年度", year);
}

void calendar_format_time(int64_t unix_ms, char out[16]) {
    const int64_t day_s = 86400;
    int64_t s = (unix_ms / 1000 - (unix_ms % 1000 < 0) + 9 * 3600) % day_s;
    unsigned of_day = (unsigned)(s < 0 ? s + day_s : s);
    snprintf(out, 16, "%02u:%02u:%02u", of_day / 3600, of_day / 60 % 60, of_day % 60);
}

void calendar_format_year_short(uint32_t fy, char out[8]) {
    const struct era *era = era_of_fy(fy);
    if (era != NULL) {
        snprintf(out, 8, "%c%u", era->letter - 'a' + 'A', (fy - era->base) % 10000);
    } else {
        snprintf(out, 8, "%u", fy % 10000);
    }
}
