#include "client/mapping_private.h"
#include "client/mapping_text.h"
#include "client/words.h"
#include "proto/guard.h"
#include "proto/text.h"

#include <stdio.h>

#define HEADING_MAX 60 /* bytes of a heading as it is named */

bool mapping_has_no_headings(const struct mapping *m) {
    if (m->header > 0 || m->months) {
        return false;
    }
    for (size_t i = 0; i < m->n_column; i++) {
        if (m->column[i].heading != NULL) {
            return false;
        }
    }
    return true;
}

/* ---- headings ------------------------------------------------------------------------------- */

/* The place of a heading among folded ones; *again: it stands at this one too. */
static int find_heading(const char *const *keys, size_t n, const char *key, int *again) {
    int found = -1;
    *again = -1;
    for (size_t i = 0; i < n; i++) {
        if (strcmp(keys[i], key) == 0) {
            if (found >= 0) {
                *again = (int)i;
                break;
            }
            found = (int)i;
        }
    }
    return found;
}

static size_t fold_all(struct arena *arena, const char *const *cells, size_t n,
                       const char *keys[IMPORT_CELLS_MAX]) {
    for (size_t i = 0; i < n; i++) {
        keys[i] = mapping_fold(cells[i], arena);
        if (keys[i] == NULL) {
            return 0;
        }
    }
    return n;
}

bool mapping_binds(struct mapping_sheet *s, const char *const *cells, size_t n) {
    const char *keys[IMPORT_CELLS_MAX];
    int again;
    uint32_t year;
    uint32_t month;
    n = fold_all(&s->line, cells, n, keys);
    for (size_t i = 0; i < s->m->n_column; i++) {
        const struct mapping_column *c = &s->m->column[i];
        if (c->heading != NULL && find_heading(keys, n, c->key, &again) < 0) {
            return false;
        }
    }
    unsigned months = 0;
    for (size_t i = 0; s->m->months && i < n; i++) {
        months += mapping_month_heading(keys[i], &year, &month);
    }
    return !s->m->months || months >= 2;
}

/* As it is named: without line ends, and the letter where there is none. */
static const char *heading_of(struct mapping_sheet *s, const char *text, size_t i) {
    char letters[8];
    char named[HEADING_MAX + 4];
    size_t n = 0;
    for (const char *p = mapping_trim(text, &s->arena); p != NULL && *p != '\0';) {
        uint32_t cp;
        size_t len = text_decode((const uint8_t *)p, strlen(p), &cp);
        len = len > 0 ? len : 1;
        if (n + len > HEADING_MAX) {
            break;
        }
        if (cp >= 0x20 && cp != 0x7f) {
            memcpy(named + n, p, len);
            n += len;
        }
        p += len;
    }
    named[n] = '\0';
    if (n == 0) {
        mapping_letters((unsigned)i + 1, letters);
        return arena_strndup(&s->arena, letters, strlen(letters));
    }
    const char *quoted = GUARD_QUOTE(named);
    return arena_strndup(&s->arena, quoted, strlen(quoted));
}

static int missing(const struct mapping_sheet *s, const char *heading, const char *const *keys,
                   size_t n, struct error *e) {
    error_set(e, ERR_INVALID, "heading",
              SAY("Row %u of the sheet has no heading \"%s\". Correct it in the mapping, or say in "
                  "which row the headings stand (header: 3)."),
              s->row, GUARD_QUOTE(heading));
    const char *near = mapping_most_like(heading, keys, n);
    if (near != NULL && strlen(near) < sizeof e->near[0]) {
        error_near(e, GUARD_QUOTE(near));
    }
    return -1;
}

static int add(struct mapping_sheet *s, const struct mapping_column *c, size_t at,
               struct error *e) {
    if (s->n_bound == BOUND_MAX) {
        return error_set(e, ERR_TOO_MUCH, "columns", SAY("The mapping has too many columns."));
    }
    s->bound[s->n_bound++] = (struct mapping_bound){.column = c, .at = (unsigned)at};
    return 0;
}

static int bind_column(struct mapping_sheet *s, const struct mapping_column *c,
                       const char *const *keys, size_t n, struct error *e) {
    int again = -1;
    int at = c->place > 0 ? (int)c->place - 1 : find_heading(keys, n, c->key, &again);
    if (at < 0) {
        return missing(s, c->heading, keys, n, e);
    }
    if (again >= 0) {
        char first[8];
        char second[8];
        mapping_letters((unsigned)at + 1, first);
        mapping_letters((unsigned)again + 1, second);
        return error_set(e, ERR_INVALID, "heading",
                         SAY("The heading \"%s\" stands in columns %s and %s. Name the column by "
                             "its letter: {column: %s, ...}."),
                         GUARD_QUOTE(c->heading), first, second, first);
    }
    return add(s, c, (size_t)at, e);
}

/* ---- months --------------------------------------------------------------------------------- */

static bool is_bound(const struct mapping_sheet *s, size_t at) {
    for (size_t i = 0; i < s->n_bound; i++) {
        if (s->bound[i].at == at) {
            return true;
        }
    }
    return false;
}

static int bind_months(struct mapping_sheet *s, const char *const *keys, size_t n,
                       struct error *e) {
    size_t before = s->n_bound;
    for (size_t i = 0; i < n; i++) {
        struct mapping_column *c = &s->months[s->n_months];
        uint32_t year;
        uint32_t month;
        if (is_bound(s, i) || !mapping_month_heading(keys[i], &year, &month)) {
            continue;
        }
        *c = (struct mapping_column){.use = MAPPING_COUNT, .year = year, .month = month};
        s->n_months++;
        if (add(s, c, i, e) < 0) {
            return -1;
        }
    }
    return s->n_bound > before
               ? 0
               : error_set(e, ERR_INVALID, "months",
                           SAY("Row %u of the sheet has no heading that is a month (4月). Say in "
                               "which row the headings stand (header: 3)."),
                           s->row);
}

/* The date of a month's column. */
static int set_month(struct mapping_sheet *s, struct mapping_bound *b, struct error *e) {
    struct period p;
    if (b->column->use != MAPPING_COUNT || b->column->month == 0) {
        return 0;
    }
    if (mapping_month(&s->dates, b->column->year, b->column->month, &p, e) < 0) {
        return -1;
    }
    uint32_t last = p.to % 100;
    uint32_t day = s->dates.day > 0 ? s->dates.day : 1;
    calendar_format_date(p.from / 100 * 100 + (day < last ? day : last), b->date);
    s->total.column[b->at].month = p.from / 100;
    return 0;
}

/* ---- the whole ------------------------------------------------------------------------------ */

static void use_set(struct mapping_sheet *s, const struct mapping_set *set) {
    for (size_t i = 0; i < IMPORT_COLUMNS; i++) {
        s->place[i] = set->value[i] != NULL ? 1 : s->place[i];
    }
}

static void use_column(struct mapping_sheet *s, const struct mapping_bound *b) {
    const struct mapping_column *c = b->column;
    use_set(s, &c->set);
    if (c->use == MAPPING_COUNT) {
        s->place[import_column("count")] = 1;
        if (c->set.value[0] == NULL) {
            s->n_counts++;
        } else {
            /* beside the line's own row, whose ref may be its session */
            s->total.mixed = true;
            s->place[import_column("session")] = 1;
            s->place[import_column("ref")] = 1;
        }
        if (c->month > 0) {
            s->place[import_column("date")] = 1;
        }
    } else if (c->use == MAPPING_FIELD && c->field < IMPORT_COLUMNS) {
        s->place[c->field] = 1;
        s->has_count_field = s->has_count_field || strcmp(mapping_fields[c->field], "count") == 0;
    } else if (c->use == MAPPING_FIELD) {
        s->place[import_column("date")] = 1;
        s->has_parts = true;
    }
}

static bool is_number(unsigned field) {
    return field < IMPORT_COLUMNS && (strcmp(mapping_fields[field], "persons") == 0 ||
                                      strcmp(mapping_fields[field], "households") == 0);
}

/* What the totals are of. */
static void set_adds(struct mapping_sheet *s) {
    for (size_t i = 0; i < s->n_bound; i++) {
        const struct mapping_column *c = s->bound[i].column;
        uint8_t *adds = &s->total.column[s->bound[i].at].adds;
        bool count = c->use == MAPPING_FIELD && c->field < IMPORT_COLUMNS &&
                     strcmp(mapping_fields[c->field], "count") == 0;
        if (c->use == MAPPING_TOTAL) {
            *adds = MAPPING_ADDS_LINE;
        } else if (count || (c->use == MAPPING_COUNT && c->set.value[14] == NULL)) {
            *adds = MAPPING_ADDS_COUNT;
        } else if (c->use == MAPPING_COUNT || is_number(c->field)) {
            *adds = MAPPING_ADDS;
        } else if (c->use == MAPPING_FIELD) {
            *adds = MAPPING_ADDS_NOT;
        }
    }
}

static int begin_rows(struct mapping_sheet *s) {
    for (size_t i = 0; i < IMPORT_COLUMNS; i++) {
        s->place[i] = -1;
    }
    use_set(s, &s->m->constants);
    for (size_t i = 0; i < s->n_bound; i++) {
        use_column(s, &s->bound[i]);
    }
    s->place[import_column("kind")] = 1;
    for (size_t i = 0; i < IMPORT_COLUMNS; i++) {
        if (s->place[i] > 0) {
            s->place[i] = (int)s->n_out;
            s->name[s->n_out++] = import_columns[i];
        }
    }
    return s->hears.columns(s->hears.ctx, s->name, s->n_out, 0);
}

int mapping_bind(struct mapping_sheet *s, const char *const *cells, size_t n, struct error *e) {
    const char *keys[IMPORT_CELLS_MAX];
    n = fold_all(&s->arena, cells, n, keys);
    s->n_cells = n;
    for (size_t i = 0; i < IMPORT_CELLS_MAX; i++) {
        s->heading[i] = heading_of(s, i < n ? cells[i] : "", i);
        if (s->heading[i] == NULL) {
            return error_set(e, ERR_INTERNAL, "", SAY("Out of memory."));
        }
    }
    for (size_t i = 0; i < s->m->n_column; i++) {
        if (bind_column(s, &s->m->column[i], keys, n, e) < 0) {
            return -1;
        }
    }
    if (s->m->months && bind_months(s, keys, n, e) < 0) {
        return -1;
    }
    for (size_t i = 0; i < s->n_bound; i++) {
        if (set_month(s, &s->bound[i], e) < 0) {
            return -1;
        }
    }
    for (unsigned r = 1; r < s->m->n_row; r++) {
        s->total.mixed = s->total.mixed || strcmp(s->m->row_kind[r], "contact") == 0;
    }
    set_adds(s);
    return begin_rows(s);
}
