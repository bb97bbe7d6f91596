#include "client/mapping_guess_private.h"
#include "client/mapping_text.h"

#include <stdio.h>
#include <string.h>

/* ---- what is missing in the dates --------------------------------------------------------------
 */

struct need {
    bool year, month, era, day; /* of it some cells have none */
};

/* What a cell needs to be a date, by trying. */
static void look_at(const char *cell, struct need *need) {
    struct mapping_dates d = {.in = {PERIOD_YEAR, 20240401, 20250331}};
    uint32_t date;
    if (mapping_date(&d, cell, &date, NULL) == 0) {
        return;
    }
    d.has_in = true;
    if (mapping_date(&d, cell, &date, NULL) == 0) {
        need->year = true;
        return;
    }
    d.day = 1;
    if (mapping_date(&d, cell, &date, NULL) == 0) {
        need->day = true;
        d.has_in = false;
        need->year = need->year || mapping_date(&d, cell, &date, NULL) < 0;
        return;
    }
    d.era = 'R';
    if (mapping_date(&d, cell, &date, NULL) == 0) {
        need->era = true;
        return;
    }
    d.in = (struct period){PERIOD_MONTH, 20240501, 20240531};
    d.has_in = true;
    need->month = need->month || mapping_date(&d, cell, &date, NULL) == 0;
}

/* The column of the line's own date, with its parts. */
static void look_at_column(struct guess *g, size_t at, struct need *need) {
    struct guess_column *c = &g->column[at];
    bool first = true;
    for (size_t i = g->header + 1; i < g->n_line; i++) {
        const char *cell = guess_cell(&g->line[i], at);
        if (!g->line[i].data) {
            continue;
        }
        if (mapping_is_blank(cell)) {
            /* Written once for several lines. */
            c->above = c->above || (!first && !c->further);
            continue;
        }
        first = false;
        if (!mapping_is_ditto(cell) && c->field < IMPORT_COLUMNS) {
            look_at(cell, need);
        }
    }
}

/* Lines numbered beforehand are blank in their date: only a date in between is above. */
static void only_in_between(struct guess *g, size_t at) {
    struct guess_column *c = &g->column[at];
    bool blank = false;
    bool between = false;
    for (size_t i = g->header + 1; i < g->n_line; i++) {
        if (g->line[i].data) {
            bool is = mapping_is_blank(guess_cell(&g->line[i], at));
            between = between || (blank && !is);
            blank = is;
        }
    }
    c->above = c->above && (between || blank);
}

/* ---- where the rest stands ----------------------------------------------------------------------
 */

static bool is_month_line(const struct guess_line *line) {
    const struct mapping_dates d = {.has_in = true, .in = {PERIOD_YEAR, 20240401, 20250331}};
    const char *text = NULL;
    struct period p;
    for (size_t i = 0; i < line->n; i++) {
        if (!mapping_is_blank(line->cell[i])) {
            if (text != NULL) {
                return false;
            }
            text = line->cell[i];
        }
    }
    return text != NULL && mapping_find_period(&d, text, &p) && p.kind == PERIOD_MONTH;
}

static void find_headings(struct guess *g) {
    const struct mapping_dates none = {.has_in = false};
    struct period p;
    bool with_year = true;
    for (size_t i = g->header + 1; i < g->n_line; i++) {
        if (!is_month_line(&g->line[i])) {
            continue;
        }
        g->headings = true;
        for (size_t k = 0; k < g->line[i].n; k++) {
            const char *cell = g->line[i].cell[k];
            with_year =
                with_year && (mapping_is_blank(cell) || mapping_find_period(&none, cell, &p));
        }
    }
    g->in_unsure = g->headings && !with_year;
}

/* A year or month above the headings, else in the file's name, else this year. */
static void find_in(struct guess *g, bool month) {
    const struct mapping_dates none = {.has_in = false};
    struct period p;
    for (size_t i = 0; i < g->header; i++) {
        for (size_t k = 0; k < g->line[i].n && k < 26; k++) {
            if (mapping_find_period(&none, g->line[i].cell[k], &p) &&
                (!month || p.kind == PERIOD_MONTH)) {
                snprintf(g->cell, sizeof g->cell, "%c%u", (char)('A' + k), g->line[i].row);
                return;
            }
        }
    }
    if (!mapping_find_period(&none, g->name, &p) || (month && p.kind != PERIOD_MONTH)) {
        uint32_t fy = calendar_fiscal_year(g->today);
        p = (struct period){PERIOD_YEAR, fy * 10000 + 401, (fy + 1) * 10000 + 331};
        g->dates_unsure = true;
    }
    calendar_format_period(&p, g->in);
}

static bool has_part(const struct guess *g, int field) {
    for (size_t i = 0; i < g->n_column; i++) {
        const struct guess_column *c = &g->column[i];
        if (!c->left_out && c->use == MAPPING_FIELD && !c->month && c->field == field) {
            return true;
        }
    }
    return false;
}

/* A column 日 without one for the month is the date, in days only. */
static void make_date_of_day(struct guess *g) {
    for (size_t i = 0; i < g->n_column; i++) {
        struct guess_column *c = &g->column[i];
        bool alone = (c->field == MAPPING_DAY && !has_part(g, MAPPING_MONTH)) ||
                     (c->field == MAPPING_MONTH && !has_part(g, MAPPING_DAY));
        if (!c->left_out && c->use == MAPPING_FIELD && !c->month && alone &&
            !has_part(g, import_column("date"))) {
            c->field = import_column("date");
        }
    }
}

void guess_dates(struct guess *g) {
    struct need need = {.year = g->months};
    make_date_of_day(g);
    for (size_t i = 0; i < g->n_column; i++) {
        struct guess_column *c = &g->column[i];
        bool date = c->field == import_column("date") || c->field >= IMPORT_COLUMNS;
        if (!c->left_out && c->use == MAPPING_FIELD && !c->month && date) {
            look_at_column(g, i, &need);
            only_in_between(g, i);
            need.year = need.year || (c->field == MAPPING_MONTH && !has_part(g, MAPPING_YEAR));
        }
    }
    for (size_t i = 0; g->months && i < g->n_column; i++) {
        uint32_t year;
        uint32_t month;
        if (g->column[i].month && mapping_month_heading(g->column[i].key, &year, &month) &&
            year > 0) {
            need.year = false;
        }
    }
    g->era = need.era ? 'R' : 0;
    g->month_only = need.day;
    if (need.month) {
        find_headings(g);
    }
    if ((need.month && !g->headings) || need.year || g->in_unsure) {
        find_in(g, need.month && !g->headings);
    }
}
