/* What the tables of all reports are made of: periods, axes, headings. */
#include "client/labels.h"
#include "client/report_private.h"
#include "client/words.h"
#include "proto/calendar.h"

/* ---- periods ----------------------------------------------------------------------------- */

static uint32_t last_of_month(uint32_t month) {
    uint32_t next = month % 100 == 12 ? (month / 100 + 1) * 100 + 1 : month + 1;
    return calendar_date(calendar_days(next * 100 + 1) - 1);
}

struct span span_of_month(uint32_t month) {
    return (struct span){month * 100 + 1, last_of_month(month)};
}

struct span span_of_year(uint32_t year) {
    return (struct span){year * 10000 + 401, (year + 1) * 10000 + 331};
}

struct span span_before(struct span span) {
    struct span out = {span.from - 10000, span.to - 10000};
    if (span.to == last_of_month(span.to / 100) || !calendar_date_valid(out.to)) {
        out.to = last_of_month(out.to / 100);
    }
    return out;
}

struct span span_until(struct span span, uint32_t today) {
    if (span.from > today) {
        return (struct span){0, 0};
    }
    span.to = span.to < today ? span.to : today;
    return span;
}

bool span_is_year(struct span span) {
    return span.from % 10000 == 401 && span.to == span_of_year(span.from / 10000).to;
}

bool span_is_month(struct span span) {
    return span.from % 100 == 1 && span.to == span_of_month(span.from / 100).to;
}

const char *span_text(struct builder *b, struct span span) {
    char from[64];
    char to[64];
    if (!words_japanese()) {
        struct period period = {.kind = span_is_year(span)    ? PERIOD_YEAR
                                        : span_is_month(span) ? PERIOD_MONTH
                                                              : PERIOD_RANGE,
                                .from = span.from,
                                .to = span.to};
        calendar_format_period(&period, from);
        return arena_strndup(b->arena, from, strlen(from));
    }
    if (span.from % 10000 == 401 && span.to % 10000 == 331) {
        calendar_format_year_ja(span.from / 10000, from);
        calendar_format_year_ja(span.to / 10000 - 1, to);
        return span_is_year(span) ? arena_strndup(b->arena, from, strlen(from))
                                  : arena_printf(b->arena, "%s〜%s", from, to);
    }
    calendar_format_date_ja(span.from, from);
    if (span_is_month(span)) {
        return arena_strndup(b->arena, from, strlen(from) - strlen("1日"));
    }
    calendar_format_date_ja(span.to, to);
    return arena_printf(b->arena, "%s〜%s", from, to);
}

/* ---- axes ----------------------------------------------------------------------------------- */

#define AXIS_MAX 400

static bool axis_has(const struct axis *axis, const char *key) {
    for (size_t i = 0; i < axis->n; i++) {
        if (strcmp(axis->key[i], key) == 0) {
            return true;
        }
    }
    return false;
}

static void axis_add(struct builder *b, struct axis *axis, const char *key) {
    if (key == NULL || axis->n == AXIS_MAX) {
        b->failed = true;
    } else if (!axis_has(axis, key)) {
        axis->key[axis->n++] = key;
    }
}

static bool was_counted(const char *field, const char *key, const struct question *const *answers,
                        size_t n) {
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < answers[i]->n_by; k++) {
            for (size_t r = 0; strcmp(answers[i]->by[k], field) == 0 && r < answers[i]->n; r++) {
                if (strcmp(answers[i]->row[r].key[k], key) == 0) {
                    return true;
                }
            }
        }
    }
    return false;
}

static bool of_service(const Document__Code *code, const char *service) {
    bool found = service == NULL || code->n_service == 0;
    for (size_t i = 0; i < code->n_service && !found; i++) {
        found = bytes_equal(code->service[i], service);
    }
    return found;
}

static bool sees(const struct builder *b, const char *service) {
    const char *list = b->report->services;
    size_t len = service != NULL ? strlen(service) : 0;
    bool found = list[0] == '\0';
    while (*list != '\0' && !found && len > 0) {
        size_t n = strcspn(list, ";");
        found = n == len && strncmp(list, service, n) == 0;
        list += n + (list[n] == ';');
    }
    return found;
}

/* In the catalogue's order; what is retired only where it was counted. */
static void add_codes(struct builder *b, struct axis *axis, bool only_counted,
                      const struct question *const *answers, size_t n) {
    const Document__Catalogue *c = catalogue_document(b->catalogue);
    const char *list = catalogue_list_of(axis->field);
    uint32_t today = b->report->today;
    for (size_t i = 0; strcmp(axis->field, "service") == 0 && i < c->n_service; i++) {
        const Document__Service *s = c->service[i];
        const char *key = arena_strndup(b->arena, s->code.data, s->code.len);
        bool shown = sees(b, key) && !only_counted && !(s->has_retired && s->retired <= today);
        if (key != NULL && (shown || was_counted("service", key, answers, n))) {
            axis_add(b, axis, key);
        }
    }
    for (size_t i = 0; list != NULL && i < c->n_code; i++) {
        const Document__Code *code = c->code[i];
        if (!bytes_equal(code->list, list)) {
            continue;
        }
        const char *key = arena_strndup(b->arena, code->code.data, code->code.len);
        bool shown = of_service(code, b->report->params.service) && !only_counted &&
                     !(code->has_retired && code->retired <= today);
        if (key != NULL && (shown || was_counted(axis->field, key, answers, n))) {
            axis_add(b, axis, key);
        }
    }
}

struct axis axis_of(struct builder *b, const char *field, bool only_counted,
                    const struct question *const *answers, size_t n) {
    struct axis axis = {.field = field};
    axis.key = arena_alloc(b->arena, AXIS_MAX * sizeof *axis.key);
    if (axis.key == NULL) {
        b->failed = true;
        return axis;
    }
    for (int hour = 0; strcmp(field, "hour") == 0 && hour < 24; hour++) {
        const char *key = arena_printf(b->arena, "%02d", hour);
        if (key != NULL && was_counted(field, key, answers, n)) {
            axis_add(b, &axis, key);
        }
    }
    if (b->catalogue != NULL) {
        add_codes(b, &axis, only_counted, answers, n);
    }
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < answers[i]->n_by; k++) {
            for (size_t r = 0; strcmp(answers[i]->by[k], field) == 0 && r < answers[i]->n; r++) {
                if (answers[i]->row[r].key[k][0] != '\0') {
                    axis_add(b, &axis, answers[i]->row[r].key[k]);
                }
            }
        }
    }
    if (was_counted(field, "", answers, n)) {
        axis_add(b, &axis, "");
    }
    return axis;
}

const char *axis_main(const struct builder *b) {
    return b->report->params.service != NULL ? "topic" : "service";
}

const char *axis_label(struct builder *b, const char *field, const char *key) {
    if (key[0] == '\0') {
        return _("(unknown)");
    }
    if (strcmp(field, "hour") == 0) {
        return arena_printf(b->arena, _("%s h"), key[0] == '0' ? key + 1 : key);
    }
    if (b->catalogue == NULL) {
        return key;
    }
    ProtobufCBinaryData label = labels_code(b->catalogue, field, bytes_of(key));
    return label.len > 0 ? arena_strndup(b->arena, label.data, label.len) : key;
}

const char *axis_heading(struct builder *b, const char *field) {
    const char *service = b->report->params.service;
    if (strcmp(field, "topic") == 0 && service != NULL && strcmp(service, "mynumber") == 0) {
        return _("Purpose");
    }
    return labels_field(field);
}

/* ---- tables --------------------------------------------------------------------------------- */

struct definition {
    const char *measure, *text;
};

static const struct definition definitions[] = {
    {"contacts", N_("Contacts: every time something was dealt with, that is first contacts, later "
                    "contacts and tallies.")},
    {"consultations",
     N_("Consultations: contacts of the natures that the service counts as consultations.")},
    {"outcomes", N_("Outcomes: results noted, by their own date; households and persons are those "
                    "of the outcomes, without what was not given.")},
    {NULL, N_("Contacts count every time; distinct cases count a case once in the period, tallies "
              "never, so that they do not add up; outcomes by their own date.")},
};

static const char *definition_of(const char *measure) {
    size_t i = 0;
    while (definitions[i].measure != NULL &&
           (measure == NULL || strcmp(definitions[i].measure, measure) != 0)) {
        i++;
    }
    return definitions[i].text;
}

static unsigned rule_of(const struct builder *b) {
    const Document__Catalogue *c = b->catalogue != NULL ? catalogue_document(b->catalogue) : NULL;
    return c != NULL && c->has_rule ? c->rule : 1;
}

#define OF_RULE    N_("%s Counting rule %u.")
#define OF_ACCOUNT N_("%s Only what the account sees: services %s, offices %s.")

/* What is counted, by which rule, and for whom it was; both languages. */
void table_define(struct builder *b, struct report_table *t, const char *definition) {
    const struct report *r = b->report;
    const char *english = arena_printf(b->arena, OF_RULE, definition, rule_of(b));
    const char *text = arena_printf(b->arena, _(OF_RULE), _(definition), rule_of(b));
    bool services = r->services[0] != '\0';
    bool offices = r->offices[0] != '\0';
    if ((services || offices) && english != NULL && text != NULL) {
        english = arena_printf(b->arena, OF_ACCOUNT, english, services ? r->services : "all",
                               offices ? r->offices : "all");
        text = arena_printf(b->arena, _(OF_ACCOUNT), text, services ? r->services : _("all"),
                            offices ? r->offices : _("all"));
    }
    t->definition_en = english;
    t->definition = text;
    b->failed = b->failed || english == NULL || text == NULL;
}

struct report_table *table_new(struct builder *b, const char *id, const char *measure,
                               struct span span, size_t rows, size_t columns) {
    static struct report_table none;
    if (b->n == REPORT_TABLES_MAX) {
        b->failed = true;
        none = (struct report_table){.id = id};
        return &none;
    }
    struct report_table *t = &b->table[b->n++];
    *t = (struct report_table){
        .id = id,
        .measure = measure != NULL ? measure : "contacts",
        .span = span,
        .service = b->report->params.service,
        .n_corner = 1,
        .corner = {"", ""},
        .period = span_text(b, span),
        .unit = report_unit_label(measure != NULL ? measure : "contacts"),
    };
    table_define(b, t, definition_of(measure));
    t->row = arena_zalloc(b->arena, (rows + 1) * sizeof *t->row);
    t->column = arena_zalloc(b->arena, (columns + 1) * sizeof *t->column);
    t->cell = arena_zalloc(b->arena, (rows + 1) * (columns + 1) * sizeof *t->cell);
    t->room_row = rows;
    t->room_column = columns;
    if (t->row == NULL || t->column == NULL || t->cell == NULL || t->definition == NULL) {
        b->failed = true;
        t->room_row = t->room_column = 0;
    }
    return t;
}

void table_note(struct report_table *t, const char *note) {
    if (t->n_note < REPORT_NOTES_MAX && note != NULL) {
        t->note[t->n_note++] = note;
    }
}

void table_put(struct report_table *t, size_t row, size_t column, struct report_cell cell) {
    if (row < t->n_row && column < t->n_column) {
        t->cell[row * t->n_column + column] = cell;
    }
}

void table_set(struct report_table *t, size_t row, size_t column, int64_t value) {
    table_put(t, row, column, (struct report_cell){CELL_VALUE, value});
}

void table_absent(struct report_table *t, size_t row, size_t column) {
    table_put(t, row, column, (struct report_cell){CELL_ABSENT, 0});
}

static struct report_head *add_head(struct builder *b, struct report_head *list, size_t *n,
                                    size_t room, const char *label) {
    static struct report_head none;
    if (*n == room || list == NULL || label == NULL) {
        b->failed = true;
        return &none;
    }
    list[*n].label[0] = label;
    return &list[(*n)++];
}

struct report_head *table_row(struct builder *b, struct report_table *t, const char *label) {
    return add_head(b, t->row, &t->n_row, t->room_row, label);
}

struct report_head *table_column(struct builder *b, struct report_table *t, const char *label) {
    return add_head(b, t->column, &t->n_column, t->room_column, label);
}

void head_key(struct report_head *h, const char *field, const char *key) {
    for (int f = 0; f < FIELD_COUNT; f++) {
        if (strcmp(report_field_word((enum report_field)f), field) == 0) {
            h->key[f] = key;
        }
    }
}

void table_rows(struct builder *b, struct report_table *t, const struct axis *axis) {
    for (size_t i = 0; i < axis->n; i++) {
        head_key(table_row(b, t, axis_label(b, axis->field, axis->key[i])), axis->field,
                 axis->key[i]);
    }
}

void table_columns(struct builder *b, struct report_table *t, const struct axis *axis) {
    for (size_t i = 0; i < axis->n; i++) {
        head_key(table_column(b, t, axis_label(b, axis->field, axis->key[i])), axis->field,
                 axis->key[i]);
    }
}
