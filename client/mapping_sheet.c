#include "client/mapping_private.h"
#include "client/mapping_text.h"
#include "client/words.h"
#include "proto/guard.h"

#include <stdio.h>
#include <stdlib.h>

#define SHEET_BUDGET  (1u << 20)
#define LINE_BUDGET   (8u << 20)
#define MET_BUDGET    (16u << 20)
#define MET_MAX       60000 /* texts that are remembered */
#define MET_BYTES     80    /* of one of them */
#define HEADER_WITHIN 100   /* rows */

struct mapping_sheet *mapping_sheet_new(const struct mapping *m, const struct catalogue *catalogue,
                                        const struct mapping_hears *hears) {
    struct mapping_sheet *s = calloc(1, sizeof *s);
    if (s == NULL) {
        return NULL;
    }
    s->m = m;
    s->catalogue = catalogue;
    s->hears = *hears;
    s->dates = m->dates;
    arena_init(&s->arena, SHEET_BUDGET);
    arena_init(&s->line, LINE_BUDGET);
    arena_init(&s->met_arena, MET_BUDGET);
    mapping_total_init(&s->total);
    s->met_index = import_index_new();
    s->met = calloc(MET_MAX, sizeof *s->met);
    s->date_index = import_index_new();
    s->told = import_index_new();
    s->date = calloc(MET_MAX, sizeof *s->date);
    if (s->met_index == NULL || s->met == NULL || s->date_index == NULL || s->date == NULL ||
        s->told == NULL) {
        mapping_sheet_free(s);
        return NULL;
    }
    return s;
}

void mapping_sheet_free(struct mapping_sheet *s) {
    if (s == NULL) {
        return;
    }
    for (size_t i = 0; i < s->n_bound; i++) {
        free(s->bound[i].above);
    }
    for (size_t i = 0; i < s->n_months; i++) {
        import_index_free(s->months[i].words);
    }
    import_index_free(s->met_index);
    import_index_free(s->date_index);
    import_index_free(s->told);
    free(s->met);
    free(s->date);
    mapping_total_free(&s->total);
    arena_free(&s->arena);
    arena_free(&s->line);
    arena_free(&s->met_arena);
    free(s);
}

const struct mapping_total *mapping_sheet_total(const struct mapping_sheet *s) {
    return &s->total;
}

/* ---- texts that were met -------------------------------------------------------------------- */

static bool is_listed(const char *folded, const char *const *words, size_t n) {
    for (size_t i = 0; i < n; i++) {
        if (strcmp(folded, words[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* 4月計: a month's own, whichever list the word is in. */
static bool is_of_month(const char *folded, const char *const *words, size_t n) {
    char month[24];
    uint32_t y;
    uint32_t m;
    size_t len = strlen(folded);
    for (size_t i = 0; i < n; i++) {
        size_t word = strlen(words[i]);
        if (word < len && len - word < sizeof month && strcmp(folded + len - word, words[i]) == 0) {
            memcpy(month, folded, len - word);
            month[len - word] = '\0';
            if (mapping_month_heading(month, &y, &m)) {
                return true;
            }
        }
    }
    return false;
}

static enum mapping_word word_of(const struct mapping *m, const char *folded) {
    if (is_listed(folded, m->subtotals, m->n_subtotals) ||
        is_of_month(folded, m->subtotals, m->n_subtotals) ||
        is_of_month(folded, m->totals, m->n_totals)) {
        return MAPPING_WORD_SUBTOTAL;
    }
    if (is_listed(folded, m->totals, m->n_totals)) {
        return MAPPING_WORD_TOTAL;
    }
    for (size_t i = 0; i < m->n_skip; i++) {
        if (strncmp(folded, m->skip[i], strlen(m->skip[i])) == 0) {
            return MAPPING_WORD_SKIP;
        }
    }
    return MAPPING_WORD_NONE;
}

const struct mapping_met *mapping_meet(struct mapping_sheet *s, const char *text) {
    size_t len = strlen(text);
    uint64_t hash = import_index_hash(text, len);
    uint32_t number = import_index_find(s->met_index, hash, text);
    if (number > 0) {
        return &s->met[number - 1];
    }
    bool keep = len <= MET_BYTES && s->n_met < MET_MAX - 1;
    struct arena *arena = keep ? &s->met_arena : &s->line;
    const char *copy = keep ? arena_strndup(arena, text, len) : text;
    const char *folded = copy != NULL ? mapping_fold(copy, arena) : NULL;
    if (folded == NULL) {
        return NULL;
    }
    struct mapping_met *met = &s->met[keep ? s->n_met : MET_MAX - 1];
    *met = (struct mapping_met){.folded = folded, .word = (uint8_t)word_of(s->m, folded)};
    if (keep) {
        uint32_t *place = import_index_at(s->met_index, hash, copy);
        if (place == NULL) {
            s->total.failed = true;
            return NULL;
        }
        *place = ++s->n_met;
    }
    return met;
}

void mapping_forget_dates(struct mapping_sheet *s) {
    struct import_index *fresh = import_index_new();
    if (fresh != NULL) {
        import_index_free(s->date_index);
        s->date_index = fresh;
        s->n_date = 0;
    } else {
        s->n_date = MET_MAX; /* none is looked up any more */
    }
}

const char *mapping_sheet_date(struct mapping_sheet *s, const char *cell, struct error *e) {
    size_t len = strlen(cell);
    uint64_t hash = import_index_hash(cell, len);
    uint32_t number = s->n_date < MET_MAX ? import_index_find(s->date_index, hash, cell) : 0;
    uint32_t date;
    char text[16];
    if (number > 0) {
        return s->date[number - 1];
    }
    if (mapping_date(&s->dates, cell, &date, e) < 0) {
        return NULL;
    }
    calendar_format_date(date, text);
    bool keep = len <= MET_BYTES && s->n_date < MET_MAX - 1;
    const char *copy = keep ? arena_strndup(&s->met_arena, cell, len) : NULL;
    const char *out = arena_strndup(copy != NULL ? &s->met_arena : &s->line, text, strlen(text));
    uint32_t *place =
        copy != NULL && out != NULL ? import_index_at(s->date_index, hash, copy) : NULL;
    if (place != NULL) {
        s->date[s->n_date] = out;
        *place = ++s->n_date;
    }
    return out;
}

/* ---- names ---------------------------------------------------------------------------------- */

const char *mapping_sheet_heading(const struct mapping_sheet *s, unsigned place) {
    return place >= 1 && place <= IMPORT_CELLS_MAX ? s->heading[place - 1] : "";
}

void mapping_tell(struct mapping_sheet *s, const struct mapping_bound *b, const struct error *e) {
    s->problems++;
    s->hears.problem(s->hears.ctx, b != NULL ? s->heading[b->at] : "", e);
}

static bool gives(const struct mapping_bound *b, const char *field, unsigned row) {
    const struct mapping_column *c = b->column;
    if (c->row != row || c->use == MAPPING_COUNT) {
        return false;
    }
    if (c->use == MAPPING_FIELD) {
        return strcmp(mapping_fields[c->field], field) == 0 ||
               (c->field >= IMPORT_COLUMNS && strcmp(field, "date") == 0);
    }
    int column = import_column(field);
    return c->use == MAPPING_MARK && column >= 0 && c->set.value[column] != NULL;
}

const char *mapping_sheet_name(const struct mapping_sheet *s, const char *field, unsigned where) {
    unsigned row = where > WHERE_ROW ? where - WHERE_ROW : 0;
    int column = import_column(field);
    if (where > 0 && where <= BOUND_MAX) {
        const struct mapping_bound *b = &s->bound[where - 1];
        if (column < 0 || b->column->set.value[column] != NULL || strcmp(field, "count") == 0 ||
            (strcmp(field, "date") == 0 && b->date[0] != '\0')) {
            return s->heading[b->at];
        }
    }
    for (size_t i = 0; i < s->n_bound; i++) {
        if (gives(&s->bound[i], field, row)) {
            return s->heading[s->bound[i].at];
        }
    }
    return field;
}

/* ---- lines ---------------------------------------------------------------------------------- */

static bool is_count(const struct mapping_sheet *s, size_t i) {
    return s->total.column[i].adds >= MAPPING_ADDS;
}

/* A number or a date in figures, which is no word. */
static bool is_in_figures(const char *text) {
    return text[0] >= '0' && text[0] <= '9' && text[strspn(text, "0123456789.,/-: ")] == '\0';
}

/* What the words of a line say it is. */
static enum mapping_word word_of_line(struct mapping_sheet *s, const char *const *cells) {
    const struct mapping *m = s->m;
    bool first = true;
    if (m->n_totals + m->n_subtotals + m->n_skip == 0) {
        return MAPPING_WORD_NONE;
    }
    for (size_t i = 0; i < s->n_cells; i++) {
        if (cells[i][0] == '\0' || is_count(s, i) || is_in_figures(cells[i])) {
            continue;
        }
        const struct mapping_met *met = mapping_meet(s, cells[i]);
        if (met == NULL) {
            return MAPPING_WORD_NONE;
        }
        if (met->word == MAPPING_WORD_SKIP ? first : met->word != MAPPING_WORD_NONE) {
            return (enum mapping_word)met->word;
        }
        first = first && mapping_is_blank(cells[i]);
    }
    return MAPPING_WORD_NONE;
}

/* A line with one text only that names a month. */
static bool is_month_line(struct mapping_sheet *s, const char *const *cells) {
    const char *text = NULL;
    struct period p;
    for (size_t i = 0; i < s->n_cells; i++) {
        if (cells[i][0] != '\0' && !mapping_is_blank(cells[i])) {
            if (text != NULL) {
                return false;
            }
            text = cells[i];
        }
    }
    /* A month without a year lies in the mapping's year, not in the month before. */
    struct mapping_dates dates = s->m->dates;
    if (!dates.has_in && s->dates.has_in) {
        uint32_t fy = calendar_fiscal_year(s->dates.in.from);
        dates.has_in = true;
        dates.in = (struct period){PERIOD_YEAR, fy * 10000 + 401, (fy + 1) * 10000 + 331};
    }
    if (text == NULL || !mapping_find_period(&dates, text, &p) || p.kind != PERIOD_MONTH) {
        return false;
    }
    s->dates.has_in = true;
    s->dates.in = p;
    mapping_forget_dates(s);
    return true;
}

static int take_line(struct mapping_sheet *s, const char *const *given, size_t n) {
    const char *cells[IMPORT_CELLS_MAX];
    for (size_t i = 0; i < IMPORT_CELLS_MAX; i++) {
        cells[i] = i < n ? given[i] : "";
    }
    s->n_cells = n > s->n_cells ? n : s->n_cells;
    if (s->m->by_heading && is_month_line(s, cells)) {
        s->total.above++;
        return 0;
    }
    enum mapping_word word = word_of_line(s, cells);
    if (word == MAPPING_WORD_SKIP) {
        s->total.skipped++;
        return 0;
    }
    if (word != MAPPING_WORD_NONE) {
        mapping_total_row(&s->total, s->row, cells, s->n_cells, word == MAPPING_WORD_SUBTOTAL);
        return 0;
    }
    return mapping_line(s, cells);
}

/* The cell that names the period, in one of the lines up to the headings. */
static int take_period_cell(struct mapping_sheet *s, const char *const *cells, size_t n,
                            struct error *e) {
    const struct mapping *m = s->m;
    struct period p;
    if (m->cell_row == 0 || s->row < m->cell_row || s->cell_of_period[0] != '\0') {
        return 0;
    }
    const char *text = s->row == m->cell_row && m->cell_place <= n ? cells[m->cell_place - 1] : "";
    if (!mapping_find_period(&m->dates, text, &p)) {
        char letters[8];
        mapping_letters(m->cell_place, letters);
        return error_set(e, ERR_INVALID, "cell",
                         SAY("Cell %s%u of the sheet names no month and no fiscal year: \"%s\". "
                             "Say it in the mapping: dates: {in: R6}."),
                         letters, m->cell_row, GUARD_QUOTE(text));
    }
    snprintf(s->cell_of_period, sizeof s->cell_of_period, "%s", text);
    s->dates.has_in = true;
    s->dates.in = p;
    mapping_forget_dates(s);
    return 0;
}

/* Whether the line at hand is the one with the headings; 1: it is. */
static int is_header(struct mapping_sheet *s, const char *const *cells, size_t n, struct error *e) {
    const struct mapping *m = s->m;
    if (m->header > 0) {
        return s->row >= m->header;
    }
    if (mapping_binds(s, cells, n)) {
        return 1;
    }
    return ++s->rows_seen < HEADER_WITHIN ? 0 : mapping_sheet_end(s, e);
}

int mapping_sheet_end(const struct mapping_sheet *s, struct error *e) {
    if (s->begun) {
        return 0;
    }
    return error_set(e, ERR_INVALID, "header",
                     SAY("No row has all the headings of the mapping. Say in the mapping in which "
                         "row they stand (header: 3); then the missing one is named."));
}

int mapping_sheet_take(struct mapping_sheet *s, unsigned row, const char *const *cells, size_t n,
                       struct error *e) {
    s->row = row;
    s->problems = 0;
    arena_reset(&s->line);
    if (take_period_cell(s, cells, n, e) < 0) {
        return -1;
    }
    if (!s->begun && mapping_has_no_headings(s->m)) {
        s->begun = true;
        if (mapping_bind(s, NULL, 0, e) < 0) {
            return -1;
        }
    }
    if (!s->begun) {
        int header = is_header(s, cells, n, e);
        if (header <= 0) {
            s->total.above++;
            return header;
        }
        s->begun = true;
        return mapping_bind(s, cells, n, e);
    }
    int result = take_line(s, cells, n);
    if (s->total.failed || s->line.exhausted || s->met_arena.exhausted) {
        return error_set(e, ERR_TOO_MUCH, "", SAY("The file does not fit the memory. Divide it."));
    }
    return result;
}
