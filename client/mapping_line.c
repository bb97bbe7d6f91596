#include "client/mapping_private.h"
#include "client/mapping_text.h"
#include "client/words.h"
#include "proto/guard.h"
#include "proto/text.h"

#include <stdio.h>
#include <stdlib.h>

/* Where some columns of an import are. */
enum {
    KIND,
    REF,
    DATE,
    SERVICE,
    TOPIC,
    SESSION = 10,
    OUTCOME = 11,
    COUNT = 14,
    AS_OF = 24,
    STATUS = 27
};

/* A line on its way: the values of its rows, "" where there are none. */
struct line {
    const char *value[MAPPING_ROWS_MAX][IMPORT_COLUMNS];
    bool filled[MAPPING_ROWS_MAX];
    const char *part[3]; /* year, month, day */
    bool some;           /* a cell that says something of its own */
    bool uncounted;      /* the column of its count is blank or 0 */
};

static bool is_number_field(unsigned field) {
    const char *name = mapping_fields[field];
    return strcmp(name, "count") == 0 || strcmp(name, "persons") == 0 ||
           strcmp(name, "households") == 0;
}

/* ---- values --------------------------------------------------------------------------------- */

/* Of another service than the sheet's. */
static bool is_foreign(const Document__Code *code, const char *service) {
    for (size_t i = 0; service != NULL && i < code->n_service; i++) {
        if (bytes_equal(code->service[i], service)) {
            return false;
        }
    }
    return service != NULL && code->n_service > 0;
}

/* The code whose label, or else whose self, is most like the word. */
static void name_nearest(const struct mapping_sheet *s, const char *list, const char *word,
                         struct error *e) {
    const Document__Catalogue *c = s->catalogue != NULL ? catalogue_document(s->catalogue) : NULL;
    unsigned best = 0;
    char text[80];
    char found[80] = "";
    for (size_t i = 0; c != NULL && i < c->n_code; i++) {
        const Document__Code *code = c->code[i];
        const ProtobufCBinaryData *forms[] = {&code->ja, &code->en, &code->code};
        if (!bytes_equal(code->list, list) || is_foreign(code, s->m->constants.value[SERVICE])) {
            continue;
        }
        for (size_t k = 0; k < 3; k++) {
            snprintf(text, sizeof text, "%.*s", (int)forms[k]->len, (const char *)forms[k]->data);
            unsigned likeness = mapping_likeness(word, text);
            if (likeness > best) {
                best = likeness;
                snprintf(found, sizeof found, "%.*s", (int)code->code.len,
                         (const char *)code->code.data);
            }
        }
    }
    if (best >= 40) {
        error_near(e, found);
    }
}

static const char *unknown_word(struct mapping_sheet *s, const struct mapping_bound *b,
                                const char *word) {
    struct error e;
    const char *field = mapping_fields[b->column->field];
    const char *list = catalogue_list_of(field);
    uint64_t hash = import_index_hash(word, strlen(word)) + b->at;
    uint32_t *told = import_index_at(s->told, hash, NULL);
    if (told != NULL && (*told)++ > 0) {
        s->problems++; /* once is enough */
        return NULL;
    }
    error_set(&e, ERR_UNKNOWN_CODE, field,
              SAY("\"%s\" is not among the values of this column in the mapping. Add a line there: "
                  "- %s = CODE (nothing behind = for none)."),
              GUARD_QUOTE(word), GUARD_QUOTE(word));
    name_nearest(s, list != NULL ? list : field, word, &e);
    mapping_tell(s, b, &e);
    return NULL;
}

/* A word as a code: by the mapping, or a code already. */
static const char *to_code(struct mapping_sheet *s, const struct mapping_bound *b,
                           const char *cell) {
    const struct mapping_met *met = mapping_meet(s, cell);
    if (met == NULL) {
        return NULL;
    }
    const char *code = mapping_code(b->column, met->folded);
    if (code != NULL) {
        return code;
    }
    const char *list = catalogue_list_of(mapping_fields[b->column->field]);
    if (text_is_code((const uint8_t *)met->folded, strlen(met->folded)) &&
        (s->catalogue == NULL || list == NULL ||
         catalogue_check(s->catalogue, list, list, bytes_of(met->folded), (ProtobufCBinaryData){0},
                         20000401, NULL) == 0)) {
        return met->folded;
    }
    return unknown_word(s, b, cell);
}

static const char *join(struct mapping_sheet *s, const char *before, const char *code) {
    if (before[0] == '\0' || code[0] == '\0') {
        return code[0] != '\0' ? code : before;
    }
    return arena_printf(&s->line, "%s;%s", before, code);
}

/* Several words of a cell, each a code. */
static const char *split_codes(struct mapping_sheet *s, const struct mapping_bound *b,
                               const char *cell) {
    const char *out = "";
    size_t separator = strlen(b->column->split);
    for (const char *p = cell;;) {
        const char *end = strstr(p, b->column->split);
        size_t len = end != NULL ? (size_t)(end - p) : strlen(p);
        const char *word = arena_strndup(&s->line, p, len);
        if (word != NULL && !mapping_is_blank(word)) {
            const char *code = to_code(s, b, word);
            out = code != NULL && out != NULL ? join(s, out, code) : NULL;
        }
        if (end == NULL || word == NULL || out == NULL) {
            return word != NULL ? out : NULL;
        }
        p = end + separator;
    }
}

static const char *to_date(struct mapping_sheet *s, const struct mapping_bound *b,
                           const char *cell) {
    struct error e = {.code = 0};
    const char *date = mapping_sheet_date(s, cell, &e);
    if (date == NULL && e.code != 0) {
        mapping_tell(s, b, &e);
    }
    return date;
}

static const char *to_number(struct mapping_sheet *s, const struct mapping_bound *b,
                             const char *cell, uint32_t *number) {
    if (mapping_number(cell, number) <= 0) {
        struct error e;
        error_set(&e, ERR_INVALID, "count",
                  SAY("\"%s\" is not a whole number. Correct the cell, or leave it empty."),
                  GUARD_QUOTE(cell));
        mapping_tell(s, b, &e);
        return NULL;
    }
    return arena_printf(&s->line, "%u", *number);
}

/* The value of a cell that is not blank; NULL: it cannot be had, and was told. */
static const char *value_of(struct mapping_sheet *s, const struct mapping_bound *b,
                            const char *cell) {
    const struct mapping_column *c = b->column;
    uint32_t number;
    if (c->field == DATE || c->field == AS_OF) {
        return to_date(s, b, cell);
    }
    if (is_number_field(c->field)) {
        return to_number(s, b, cell, &number);
    }
    if (c->split != NULL) {
        return split_codes(s, b, cell);
    }
    if (catalogue_list_of(mapping_fields[c->field]) != NULL || c->field == KIND ||
        c->field == STATUS) {
        return to_code(s, b, cell);
    }
    const struct mapping_met *met = c->n_code > 0 ? mapping_meet(s, cell) : NULL;
    const char *code = met != NULL ? mapping_code(c, met->folded) : NULL;
    return code != NULL ? code : mapping_trim(cell, &s->line);
}

/* ---- cells ---------------------------------------------------------------------------------- */

static void remember(struct mapping_sheet *s, struct mapping_bound *b, const char *cell) {
    size_t len = strlen(cell) + 1;
    if (len > b->above_size) {
        char *grown = realloc(b->above, 2 * len);
        if (grown == NULL) {
            s->total.failed = true;
            return;
        }
        b->above = grown;
        b->above_size = 2 * len;
    }
    memcpy(b->above, cell, len);
}

/* The cell, or the one above it where that is meant; *own: it says something itself. */
static const char *cell_of(struct mapping_sheet *s, struct mapping_bound *b,
                           const char *const *cells, bool *own) {
    const char *cell = cells[b->at];
    bool blank = cell[0] == '\0' || mapping_is_blank(cell);
    bool ditto = !blank && mapping_is_ditto(cell);
    *own = !blank && !ditto;
    if (*own) {
        remember(s, b, cell);
    }
    if (ditto || (blank && b->column->above)) {
        return b->above != NULL ? b->above : "";
    }
    return blank ? "" : cell;
}

static void take_field(struct mapping_sheet *s, struct mapping_bound *b, struct line *l,
                       const char *cell, bool own) {
    const struct mapping_column *c = b->column;
    if (c->field == COUNT && c->row == 0) {
        uint32_t number;
        l->uncounted = cell[0] == '\0' || (mapping_number(cell, &number) > 0 && number == 0);
    }
    if (cell[0] == '\0') {
        return;
    }
    /* A number written beforehand is no line. */
    l->some = l->some || (own && c->field != REF);
    l->filled[c->row] = l->filled[c->row] || own;
    if (c->field >= IMPORT_COLUMNS) {
        l->part[c->field - MAPPING_YEAR] = cell;
        return;
    }
    const char *value = value_of(s, b, cell);
    if (value != NULL && value[0] != '\0') {
        const char **to = &l->value[c->row][c->field];
        bool joined = c->field == TOPIC && (*to)[0] != '\0';
        *to = joined ? join(s, *to, value) : value;
        *to = *to != NULL ? *to : "";
    }
}

static void take_mark(struct mapping_sheet *s, const struct mapping_bound *b, struct line *l) {
    for (size_t i = 0; i < IMPORT_COLUMNS; i++) {
        const char *value = b->column->set.value[i];
        if (value != NULL) {
            const char **to = &l->value[b->column->row][i];
            *to = i == TOPIC ? join(s, *to, value) : value;
            *to = *to != NULL ? *to : "";
        }
    }
    l->some = true;
    l->filled[b->column->row] = true;
}

/* Year, month and day in cells of their own. */
static void take_parts(struct mapping_sheet *s, struct line *l) {
    struct error e;
    uint32_t date;
    char text[16];
    if (l->part[1][0] == '\0' && l->part[2][0] == '\0') {
        return;
    }
    if (mapping_date_of_parts(&s->dates, l->part[0], l->part[1], l->part[2], &date, &e) < 0) {
        size_t i = 0;
        while (i < s->n_bound && s->bound[i].column->field < IMPORT_COLUMNS) {
            i++;
        }
        mapping_tell(s, i < s->n_bound ? &s->bound[i] : NULL, &e);
        return;
    }
    calendar_format_date(date, text);
    const char *kept = arena_strndup(&s->line, text, strlen(text));
    l->value[0][DATE] = kept != NULL ? kept : "";
}

/* ---- rows ----------------------------------------------------------------------------------- */

/* YYYYMM of a date as a row has it, which may also stand in the mapping in another form. */
static uint32_t month_of(const char *date) {
    uint32_t d = 0;
    if (strspn(date, "0123456789") == 4 && date[4] == '-') {
        return (uint32_t)(atoi(date) * 100 + atoi(date + 5));
    }
    return calendar_parse_date(date, strlen(date), &d, NULL) == 0 ? d / 100 : 0;
}

/* What the row counts, in the sense in which a sheet's totals do. */
static uint64_t counts(const char *const *value) {
    uint32_t number = 1;
    bool counted = strcmp(value[KIND], "figure") != 0 && strcmp(value[KIND], "coverage") != 0 &&
                   strcmp(value[KIND], "void") != 0 && strcmp(value[KIND], "correct") != 0 &&
                   strcmp(value[KIND], "outcome") != 0;
    if (value[COUNT][0] != '\0' && mapping_number(value[COUNT], &number) <= 0) {
        number = 0;
    }
    return counted ? number : 0;
}

/* service: of its case. */
static int emit(struct mapping_sheet *s, const char *const *value, const char *service,
                unsigned where) {
    const char *cells[IMPORT_COLUMNS];
    for (size_t i = 0; i < IMPORT_COLUMNS; i++) {
        if (s->place[i] >= 0) {
            cells[s->place[i]] = value[i];
        }
    }
    int result = s->hears.row(s->hears.ctx, cells, s->n_out, where);
    if (result == 0) {
        mapping_total_count(&s->total, month_of(value[DATE]), service, counts(value));
    }
    return result;
}

static void set_values(const char **value, const struct mapping_set *set) {
    for (size_t i = 0; i < IMPORT_COLUMNS; i++) {
        if (set->value[i] != NULL) {
            value[i] = set->value[i];
        }
    }
}

/* A row of its own kind beside the line's: of its day and service, at its session. */
static void set_beside(const char *const *of, const char **value) {
    for (size_t i = 0; i < IMPORT_COLUMNS; i++) {
        value[i] = i == DATE || i == SERVICE ? of[i] : "";
    }
    if (strcmp(of[KIND], "session") == 0) {
        value[SESSION] = of[REF];
    } else {
        value[REF] = of[REF];
    }
}

/* A row of a count: what the line says, and what the column does. */
static int emit_count(struct mapping_sheet *s, const struct line *l, size_t at,
                      const char *number) {
    const struct mapping_bound *b = &s->bound[at];
    const char *value[IMPORT_COLUMNS];
    if (b->column->set.value[KIND] != NULL) {
        set_beside(l->value[0], value);
    } else {
        memcpy(value, l->value[0], sizeof value);
    }
    if (b->date[0] != '\0') {
        value[DATE] = b->date;
    }
    set_values(value, &b->column->set);
    if (b->column->set.value[COUNT] == NULL) {
        value[COUNT] = number;
    } else {
        /* count: 0 in the mapping: outcomes without a contact. */
        value[OUTCOME] = arena_printf(&s->line, "%s=%s", value[OUTCOME], number);
    }
    return value[OUTCOME] != NULL ? emit(s, value, value[SERVICE], (unsigned)at + 1) : 0;
}

/* The rows of counts: of those that have a kind of their own, or of the others. */
static int emit_counts(struct mapping_sheet *s, const struct line *l, const char *const *cells,
                       bool beside) {
    for (size_t i = 0; i < s->n_bound; i++) {
        const struct mapping_bound *b = &s->bound[i];
        uint32_t number;
        if (b->column->use != MAPPING_COUNT || (b->column->set.value[KIND] != NULL) != beside ||
            cells[b->at][0] == '\0' || mapping_is_blank(cells[b->at])) {
            continue;
        }
        const char *text = to_number(s, b, cells[b->at], &number);
        int result = text != NULL && number > 0 ? emit_count(s, l, i, text) : 0;
        if (result != 0) {
            return result;
        }
    }
    return 0;
}

static int emit_rows(struct mapping_sheet *s, struct line *l, const char *const *cells) {
    int result = 0;
    if (s->n_counts > 0) {
        result = emit_counts(s, l, cells, false);
        return result == 0 ? emit_counts(s, l, cells, true) : result;
    }
    if (!l->uncounted) {
        result = emit(s, l->value[0], l->value[0][SERVICE], 0);
    }
    for (unsigned r = 1; result == 0 && r < s->m->n_row; r++) {
        if (l->filled[r]) {
            l->value[r][KIND] = s->m->row_kind[r];
            l->value[r][REF] = l->value[0][REF];
            result = emit(s, l->value[r], l->value[0][SERVICE], WHERE_ROW + r);
        }
    }
    return result == 0 ? emit_counts(s, l, cells, true) : result;
}

static void begin(const struct mapping_sheet *s, struct line *l) {
    *l = (struct line){.part = {"", "", ""}};
    for (unsigned r = 0; r < s->m->n_row; r++) {
        for (size_t i = 0; i < IMPORT_COLUMNS; i++) {
            l->value[r][i] = "";
        }
    }
    set_values(l->value[0], &s->m->constants);
}

/* Whether a count has something in it. */
static bool has_count(const struct mapping_sheet *s, const char *const *cells) {
    for (size_t i = 0; i < s->n_bound; i++) {
        const struct mapping_bound *b = &s->bound[i];
        if (b->column->use == MAPPING_COUNT && !mapping_is_blank(cells[b->at])) {
            return true;
        }
    }
    return false;
}

int mapping_line(struct mapping_sheet *s, const char *const *cells) {
    struct line l;
    begin(s, &l);
    for (size_t i = 0; i < s->n_bound; i++) {
        struct mapping_bound *b = &s->bound[i];
        bool own;
        if (b->column->use == MAPPING_FIELD) {
            const char *cell = cell_of(s, b, cells, &own);
            take_field(s, b, &l, cell, own);
        } else if (b->column->use == MAPPING_MARK && !mapping_is_blank(cells[b->at])) {
            take_mark(s, b, &l);
        }
    }
    l.some = l.some || (s->n_counts > 0 && has_count(s, cells));
    if (!l.some) {
        s->total.blanks++;
        return 0;
    }
    if (s->has_parts) {
        take_parts(s, &l);
    }
    if (s->problems > 0) {
        return 0;
    }
    bool own_months = s->n_counts > 0 && l.value[0][DATE][0] == '\0';
    mapping_total_line(&s->total, s->row, cells, s->n_cells,
                       own_months ? 0 : month_of(l.value[0][DATE]));
    return emit_rows(s, &l, cells);
}
