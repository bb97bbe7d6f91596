#include "client/mapping.h"
#include "client/mapping_text.h"
#include "client/words.h"
#include "proto/guard.h"
#include "proto/text.h"
#include "proto/yaml.h"

#include <cyaml/cyaml.h>

#define MAPPING_BUDGET (16u << 20)
#define WORDS_MAX_LIST 1000

/* ---- the form of the file ------------------------------------------------------------------ */

struct y_set {
    char *kind, *ref, *date, *service, *topic, *office, *channel, *nature, *origin, *age, *session,
        *outcome, *households, *persons, *count, *program, *route, *session_kind, *form, *venue,
        *venue_kind, *series, *period, *value, *as_of, *source, *reason, *status;
};

struct y_dates {
    char *in, *cell, *era;
    bool headings;
    unsigned *day;
};

struct y_column {
    char *heading, *column, *field, *row, *blank, *split, *month;
    bool total;
    struct y_set *count, *mark;
    char **values;
    unsigned n_values;
};

struct y_mapping {
    unsigned mapping;
    unsigned *header;
    struct y_set *constants;
    struct y_dates *dates;
    bool months;
    struct y_column *columns;
    char **totals, **subtotals, **skip;
    unsigned n_columns, n_totals, n_subtotals, n_skip;
};

#define MAY CYAML_FLAG_OPTIONAL
#define TEXT(key, type, member) \
    CYAML_FIELD_STRING_PTR(key, MAY, struct type, member, 0, CYAML_UNLIMITED)
#define LIST(key, type, member, entry)                                                         \
    CYAML_FIELD_SEQUENCE_COUNT(key, CYAML_FLAG_POINTER | MAY, struct type, member, n_##member, \
                               entry, 0, CYAML_UNLIMITED)
#define PART(key, type, member, fields) \
    CYAML_FIELD_MAPPING_PTR(key, CYAML_FLAG_POINTER | MAY, struct type, member, fields)
#define SET_FIELD(name) TEXT(#name, y_set, name)

static const cyaml_schema_value_t text_schema = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char *, 0, CYAML_UNLIMITED),
};

/* In the order of import_columns. */
static const cyaml_schema_field_t set_fields[] = {
    SET_FIELD(kind),       SET_FIELD(ref),          SET_FIELD(date),    SET_FIELD(service),
    SET_FIELD(topic),      SET_FIELD(office),       SET_FIELD(channel), SET_FIELD(nature),
    SET_FIELD(origin),     SET_FIELD(age),          SET_FIELD(session), SET_FIELD(outcome),
    SET_FIELD(households), SET_FIELD(persons),      SET_FIELD(count),   SET_FIELD(program),
    SET_FIELD(route),      SET_FIELD(session_kind), SET_FIELD(form),    SET_FIELD(venue),
    SET_FIELD(venue_kind), SET_FIELD(series),       SET_FIELD(period),  SET_FIELD(value),
    SET_FIELD(as_of),      SET_FIELD(source),       SET_FIELD(reason),  SET_FIELD(status),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t dates_fields[] = {
    TEXT("in", y_dates, in),
    TEXT("cell", y_dates, cell),
    TEXT("era", y_dates, era),
    CYAML_FIELD_BOOL("headings", MAY, struct y_dates, headings),
    CYAML_FIELD_UINT_PTR("day", MAY, struct y_dates, day),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t column_fields[] = {
    TEXT("heading", y_column, heading),
    TEXT("column", y_column, column),
    TEXT("field", y_column, field),
    TEXT("row", y_column, row),
    TEXT("blank", y_column, blank),
    TEXT("split", y_column, split),
    TEXT("month", y_column, month),
    CYAML_FIELD_BOOL("total", MAY, struct y_column, total),
    PART("count", y_column, count, set_fields),
    PART("mark", y_column, mark, set_fields),
    LIST("values", y_column, values, &text_schema),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t column_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct y_column, column_fields),
};

static const cyaml_schema_field_t mapping_fields_schema[] = {
    CYAML_FIELD_UINT("mapping", CYAML_FLAG_DEFAULT, struct y_mapping, mapping),
    CYAML_FIELD_UINT_PTR("header", MAY, struct y_mapping, header),
    PART("constants", y_mapping, constants, set_fields),
    PART("dates", y_mapping, dates, dates_fields),
    CYAML_FIELD_BOOL("months", MAY, struct y_mapping, months),
    LIST("columns", y_mapping, columns, &column_schema),
    LIST("totals", y_mapping, totals, &text_schema),
    LIST("subtotals", y_mapping, subtotals, &text_schema),
    LIST("skip", y_mapping, skip, &text_schema),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t mapping_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct y_mapping, mapping_fields_schema),
};

const char *const mapping_fields[MAPPING_FIELDS] = {
    "kind",   "ref",          "date",    "service", "topic",      "office",  "channel", "nature",
    "origin", "age",          "session", "outcome", "households", "persons", "count",   "program",
    "route",  "session_kind", "form",    "venue",   "venue_kind", "series",  "period",  "value",
    "as_of",  "source",       "reason",  "status",  "year",       "month",   "day",
};

/* ---- into the mapping ------------------------------------------------------------------------ */

struct reading {
    struct yaml_source source;
    const struct catalogue *catalogue;
    struct mapping *m;
    struct error *e;
};

static int no_room(struct reading *r) {
    error_set(r->e, ERR_TOO_MUCH, "", SAY("the mapping is too large."));
    return yaml_place(&r->source, 0, r->e);
}

/* The line on which a word of the item at hand stands. */
static unsigned line_of(const struct reading *r, const char *word) {
    unsigned line = yaml_line_of(&r->source, word, r->source.line > 0 ? r->source.line - 1 : 0);
    return line > 0 ? line : r->source.line;
}

/* Refuses; the sentences are in *e. */
static int refuse(struct reading *r, const char *word) {
    return yaml_place(&r->source, word != NULL ? line_of(r, word) : r->source.line, r->e);
}

static const char *keep(struct reading *r, const char *text) {
    return arena_strndup(&r->m->arena, text, strlen(text));
}

/* A code of the catalogue, for a field that has codes; what is no code of the
 * daemon's either is found there. */
static int check_code(struct reading *r, const char *field, const char *code) {
    const char *list = catalogue_list_of(field);
    size_t len = strlen(code);
    if (r->catalogue == NULL || list == NULL || len == 0) {
        return 0;
    }
    ProtobufCBinaryData bytes = {.len = len, .data = (uint8_t *)code};
    /* Of any service and at the beginning of time: whether it is there at all. */
    if (catalogue_check(r->catalogue, field, list, bytes, (ProtobufCBinaryData){0}, 20000401,
                        r->e) == 0) {
        return 0;
    }
    return refuse(r, code);
}

/* Several codes joined by ';'; a tally's outcome may have a number: issued=3. */
static int check_codes(struct reading *r, const char *field, const char *codes) {
    char one[TEXT_CODE_MAX + 2];
    for (const char *p = codes; *p != '\0';) {
        size_t len = strcspn(p, ";");
        snprintf(one, sizeof one, "%.*s", (int)(len < sizeof one ? len : sizeof one - 1), p);
        one[strcspn(one, "=")] = '\0';
        if (check_code(r, field, one) < 0) {
            return -1;
        }
        p += len + (p[len] == ';');
    }
    return 0;
}

static int take_set(struct reading *r, const struct y_set *y, struct mapping_set *out) {
    char *const *values = (char *const *)(const void *)y;
    _Static_assert(sizeof *y == IMPORT_COLUMNS * sizeof(char *), "a text for each column");
    for (size_t i = 0; y != NULL && i < IMPORT_COLUMNS; i++) {
        if (values[i] == NULL) {
            continue;
        }
        out->value[i] = keep(r, values[i]);
        if (out->value[i] == NULL) {
            return no_room(r);
        }
        if (check_codes(r, import_columns[i], values[i]) < 0) {
            return -1;
        }
    }
    return 0;
}

static int take_words(struct reading *r, const char *key, char *const *words, unsigned n,
                      const char ***out, size_t *n_out) {
    r->source.line = yaml_line_of(&r->source, key, 0);
    if (yaml_count(&r->source, key, n, WORDS_MAX_LIST, r->e) < 0) {
        return -1;
    }
    *out = arena_zalloc(&r->m->arena, (n + 1) * sizeof **out);
    for (unsigned i = 0; *out != NULL && i < n; i++) {
        const char *word = keep(r, words[i]);
        word = word != NULL ? mapping_fold(word, &r->m->arena) : NULL;
        if (word == NULL) {
            return no_room(r);
        }
        if (*word != '\0') {
            (*out)[(*n_out)++] = word;
        }
    }
    return *out != NULL ? 0 : no_room(r);
}

/* ---- dates ----------------------------------------------------------------------------------- */

static int take_cell(struct reading *r, const char *cell) {
    size_t letters = strspn(cell, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
    char place[4];
    if (letters >= 1 && letters <= 3) {
        memcpy(place, cell, letters);
        place[letters] = '\0';
        r->m->cell_place = mapping_place(place);
        r->m->cell_row = mapping_place(cell + letters);
    }
    if (r->m->cell_place == 0 || r->m->cell_row == 0) {
        error_set(r->e, ERR_INVALID, "cell", SAY("\"%s\" is not a cell. Write it as A1."),
                  GUARD_QUOTE(cell));
        return refuse(r, cell);
    }
    return 0;
}

static int take_dates(struct reading *r, const struct y_dates *y) {
    static const char *const eras[] = {"R", "H", "S", "T", "M", "western", NULL};
    struct mapping_dates *d = &r->m->dates;
    r->source.line = yaml_line_of(&r->source, "dates", 0);
    if (y == NULL) {
        return 0;
    }
    if (y->in != NULL) {
        if (calendar_parse_period(y->in, strlen(y->in), &d->in, r->e) < 0) {
            return refuse(r, y->in);
        }
        if (calendar_days(d->in.to) - calendar_days(d->in.from) > 365) {
            error_set(r->e, ERR_INVALID, "in",
                      SAY("\"%s\" is more than a year. Write a fiscal year (R6), a month (R6.4) or "
                          "2024-01..2024-12."),
                      GUARD_QUOTE(y->in));
            return refuse(r, y->in);
        }
        d->has_in = true;
    }
    if (y->era != NULL) {
        if (yaml_word(&r->source, "era", y->era, eras, r->e) < 0) {
            return -1;
        }
        d->era = y->era[0];
    }
    if (y->day != NULL) {
        d->day = *y->day;
        if (d->day < 1 || d->day > 31) {
            error_set(r->e, ERR_INVALID, "day", SAY("day is a number from 1 to 31."));
            return refuse(r, "day");
        }
    }
    r->m->by_heading = y->headings;
    return y->cell != NULL ? take_cell(r, y->cell) : 0;
}

/* ---- columns --------------------------------------------------------------------------------- */

static int take_heading(struct reading *r, const struct y_column *y, struct mapping_column *to) {
    if ((y->heading == NULL) == (y->column == NULL)) {
        error_set(r->e, ERR_INVALID, "heading",
                  SAY("a column is named either by its heading or by its letter: {heading: 受付日, "
                      "...} or {column: C, ...}."));
        return refuse(r, NULL);
    }
    if (y->heading != NULL) {
        to->heading = keep(r, y->heading);
        to->key = to->heading != NULL ? mapping_fold(to->heading, &r->m->arena) : NULL;
        return to->key != NULL ? 0 : no_room(r);
    }
    to->place = mapping_place(y->column);
    if (to->place == 0 || to->place > IMPORT_CELLS_MAX) {
        error_set(r->e, ERR_INVALID, "column",
                  SAY("\"%s\" is not a column. Write its letter or its number, at most %d."),
                  GUARD_QUOTE(y->column), IMPORT_CELLS_MAX);
        return refuse(r, y->column);
    }
    return 0;
}

static int take_use(struct reading *r, const struct y_column *y, struct mapping_column *to) {
    int uses = (y->field != NULL) + (y->count != NULL) + (y->mark != NULL) + y->total;
    if (uses != 1) {
        error_set(r->e, ERR_INVALID, "field",
                  SAY("say for each column what it is: one of field, count, mark and total."));
        return refuse(r, NULL);
    }
    to->use = y->field != NULL   ? MAPPING_FIELD
              : y->count != NULL ? MAPPING_COUNT
              : y->mark != NULL  ? MAPPING_MARK
                                 : MAPPING_TOTAL;
    if (y->field == NULL) {
        return take_set(r, y->count != NULL ? y->count : y->mark, &to->set);
    }
    while (to->field < MAPPING_FIELDS && strcmp(mapping_fields[to->field], y->field) != 0) {
        to->field++;
    }
    if (to->field == MAPPING_FIELDS) {
        error_set(r->e, ERR_INVALID, "field", SAY("there is no field \"%s\" in an import."),
                  GUARD_QUOTE(y->field));
        error_near(r->e, text_nearest(y->field, mapping_fields, MAPPING_FIELDS));
        return refuse(r, y->field);
    }
    return 0;
}

/* outcome, contact-2: a further row of this kind. */
static int take_row(struct reading *r, const char *name, struct mapping_column *to) {
    struct mapping *m = r->m;
    static const char *const kinds[] = {"contact", "outcome"};
    char kind[16];
    for (unsigned i = 1; i < m->n_row; i++) {
        if (strcmp(m->row_name[i], name) == 0) {
            to->row = i;
            return 0;
        }
    }
    snprintf(kind, sizeof kind, "%.*s", (int)strcspn(name, "-"), name);
    if (strcmp(kind, kinds[0]) != 0 && strcmp(kind, kinds[1]) != 0) {
        error_set(r->e, ERR_INVALID, "row",
                  SAY("\"%s\" is not a further row of a line: contact or outcome, with -2, -3 ... "
                      "where there are several."),
                  GUARD_QUOTE(name));
        error_near(r->e, text_nearest(kind, kinds, 2));
        return refuse(r, name);
    }
    if (m->n_row == MAPPING_ROWS_MAX) {
        error_set(r->e, ERR_TOO_MUCH, "row", SAY("a line has at most %d rows."), MAPPING_ROWS_MAX);
        return refuse(r, name);
    }
    to->row = m->n_row;
    m->row_name[m->n_row] = keep(r, name);
    m->row_kind[m->n_row++] = keep(r, kind);
    return m->row_kind[to->row] != NULL ? 0 : no_room(r);
}

/* "20..29" */
static bool is_range(const char *word, uint32_t *from, uint32_t *to) {
    const char *dots = strstr(word, "..");
    char first[16];
    if (dots == NULL || (size_t)(dots - word) >= sizeof first) {
        return false;
    }
    snprintf(first, sizeof first, "%.*s", (int)(dots - word), word);
    return mapping_number(first, from) > 0 && mapping_number(dots + 2, to) > 0;
}

/* "電話 = phone": at the last of them. */
static int take_value(struct reading *r, char *value, struct mapping_column *to) {
    struct mapping *m = r->m;
    char *equals = strrchr(value, '=');
    /* The code of an outcome may have one of its own. */
    if (equals != NULL && equals > value && equals[-1] != ' ') {
        char *before = memrchr(value, '=', (size_t)(equals - value));
        equals = before != NULL && before > value && before[-1] == ' ' ? before : equals;
    }
    if (equals == NULL) {
        error_set(r->e, ERR_INVALID, "values", SAY("\"%s\": write it as WORD = CODE."),
                  GUARD_QUOTE(value));
        return refuse(r, value);
    }
    const char *word = arena_strndup(&m->arena, value, (size_t)(equals - value));
    word = word != NULL ? mapping_fold(word, &m->arena) : NULL;
    const char *code = keep(r, equals + 1);
    code = code != NULL ? mapping_trim(code, &m->arena) : NULL;
    if (word == NULL || code == NULL) {
        return no_room(r);
    }
    if (to->field < IMPORT_COLUMNS && check_codes(r, mapping_fields[to->field], code) < 0) {
        return -1;
    }
    struct mapping_range *range = &to->range[to->n_range];
    if (is_range(word, &range->from, &range->to)) {
        range->code = code;
        to->n_range++;
        return 0;
    }
    if (strcmp(word, "*") == 0) {
        to->otherwise = code;
        return 0;
    }
    uint32_t *number = import_index_at(to->words, import_index_hash(word, strlen(word)), word);
    if (number == NULL) {
        return no_room(r);
    }
    if (*number > 0) {
        error_set(r->e, ERR_INVALID, "values", SAY("\"%s\" is given twice. Strike one of them."),
                  GUARD_QUOTE(word));
        return refuse(r, value);
    }
    to->code[to->n_code++] = code;
    *number = to->n_code;
    return 0;
}

static int take_values(struct reading *r, const struct y_column *y, struct mapping_column *to) {
    unsigned n = y->n_values;
    if (yaml_count(&r->source, "values", n, MAPPING_VALUES_MAX, r->e) < 0) {
        return -1;
    }
    to->words = import_index_new();
    to->code = arena_zalloc(&r->m->arena, (n + 1) * sizeof *to->code);
    to->range = arena_zalloc(&r->m->arena, (n + 1) * sizeof *to->range);
    if (to->words == NULL || to->code == NULL || to->range == NULL) {
        return no_room(r);
    }
    for (unsigned i = 0; i < n; i++) {
        if (take_value(r, y->values[i], to) < 0) {
            return -1;
        }
    }
    return 0;
}

static int take_month(struct reading *r, const char *month, struct mapping_column *to) {
    uint32_t number = 0;
    if (to->use != MAPPING_COUNT ||
        (!mapping_month_heading(month, &to->year, &to->month) &&
         (mapping_number(month, &number) <= 0 || number < 1 || number > 12))) {
        error_set(r->e, ERR_INVALID, "month",
                  SAY("month goes with count, and is a month: 4 or R6.4, not \"%s\"."),
                  GUARD_QUOTE(month));
        return refuse(r, month);
    }
    to->month = to->month > 0 ? to->month : number;
    return 0;
}

static int take_column(struct reading *r, const struct y_column *y, struct mapping_column *to) {
    const char *name = y->heading != NULL ? y->heading : y->column;
    const char *key = y->heading != NULL ? "heading" : "column";
    unsigned line = name != NULL ? yaml_line_of_key(&r->source, key, name, r->source.line) : 0;
    r->source.line = line > 0 ? line : r->source.line;
    if (take_heading(r, y, to) < 0 || take_use(r, y, to) < 0 || take_values(r, y, to) < 0 ||
        (y->row != NULL && take_row(r, y->row, to) < 0) ||
        (y->month != NULL && take_month(r, y->month, to) < 0)) {
        return -1;
    }
    if (y->blank != NULL && strcmp(y->blank, "above") != 0) {
        error_set(r->e, ERR_INVALID, "blank", SAY("blank is above, or left out, not \"%s\"."),
                  GUARD_QUOTE(y->blank));
        return refuse(r, y->blank);
    }
    to->above = y->blank != NULL;
    to->split = y->split != NULL && y->split[0] != '\0' ? keep(r, y->split) : NULL;
    return 0;
}

/* A word that names several things at once tells which of them. */
static int check_whole(struct reading *r) {
    const struct mapping *m = r->m;
    bool ref = m->constants.value[1] != NULL;
    bool kind = m->constants.value[0] != NULL;
    for (size_t i = 0; i < m->n_column; i++) {
        const struct mapping_column *c = &m->column[i];
        ref = ref || (c->use == MAPPING_FIELD && c->field == 1);
        kind = kind || (c->use == MAPPING_FIELD && c->field == 0) || c->set.value[0] != NULL;
    }
    if (!kind) {
        error_set(
            r->e, ERR_INVALID, "kind",
            SAY("what are the lines? Say it under constants: {kind: log} for one case a line, "
                "{kind: tally} for counts, {kind: session} for seminars."));
        return yaml_place(&r->source, 0, r->e);
    }
    if (m->n_row > 1 && !ref) {
        error_set(r->e, ERR_INVALID, "ref",
                  SAY("a further row of a line needs the number of its case: a column with field: "
                      "ref."));
        return yaml_place(&r->source, 0, r->e);
    }
    return 0;
}

static int take_all(struct reading *r, const struct y_mapping *y) {
    struct mapping *m = r->m;
    if (y->mapping != 1) {
        error_set(r->e, ERR_INVALID, "mapping", SAY("mapping is 1, the form of the file."));
        return yaml_place(&r->source, yaml_line_of(&r->source, "mapping", 0), r->e);
    }
    m->header = y->header != NULL ? *y->header : 0;
    m->months = y->months;
    r->source.line = yaml_line_of(&r->source, "constants", 0);
    if (take_set(r, y->constants, &m->constants) < 0 || take_dates(r, y->dates) < 0 ||
        take_words(r, "totals", y->totals, y->n_totals, &m->totals, &m->n_totals) < 0 ||
        take_words(r, "subtotals", y->subtotals, y->n_subtotals, &m->subtotals, &m->n_subtotals) <
            0 ||
        take_words(r, "skip", y->skip, y->n_skip, &m->skip, &m->n_skip) < 0) {
        return -1;
    }
    r->source.line = yaml_line_of(&r->source, "columns", 0);
    if (yaml_count(&r->source, "columns", y->n_columns, IMPORT_CELLS_MAX, r->e) < 0) {
        return -1;
    }
    m->column = arena_zalloc(&m->arena, (y->n_columns + 1) * sizeof *m->column);
    if (m->column == NULL) {
        return no_room(r);
    }
    for (unsigned i = 0; i < y->n_columns; i++) {
        m->n_column++;
        if (take_column(r, &y->columns[i], &m->column[i]) < 0) {
            return -1;
        }
    }
    return check_whole(r);
}

int mapping_read(const char *text, size_t len, const char *file_name,
                 const struct catalogue *catalogue, struct mapping *out, struct error *e) {
    void *data;
    *out = (struct mapping){.n_row = 1};
    arena_init(&out->arena, MAPPING_BUDGET);
    struct reading r = {.source = {.text = text, .len = len, .file_name = file_name},
                        .catalogue = catalogue,
                        .m = out,
                        .e = e};
    r.source.arena = &out->arena;
    if (yaml_load(&r.source, &mapping_schema, &data, e) < 0) {
        return -1;
    }
    int result = take_all(&r, data);
    yaml_unload(&mapping_schema, data);
    return result;
}
