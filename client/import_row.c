#include "client/import_row.h"

#include "client/words.h"
#include "proto/guard.h"
#include "proto/text.h"

#include <stdio.h>

const char *const import_kind_words[IMPORT_KINDS] = {
    "log",     "tally",  "contact",  "outcome", "decline",
    "session", "figure", "coverage", "void",    "correct",
};

const char *const import_columns[IMPORT_COLUMNS] = {
    "kind",   "ref",     "date",  "service",      "topic",   "office",     "channel",
    "nature", "origin",  "age",   "session",      "outcome", "households", "persons",
    "count",  "program", "route", "session_kind", "form",    "venue",      "venue_kind",
    "series", "period",  "value", "as_of",        "source",  "reason",     "status",
};

/* ---- header -------------------------------------------------------------------------- */

int import_column(const char *name) {
    for (size_t i = 0; i < IMPORT_COLUMNS; i++) {
        if (strcmp(import_columns[i], name) == 0) {
            return (int)i;
        }
    }
    return -1;
}

int import_header(const char *const *cells, size_t n, struct import_header *out, struct error *e) {
    bool seen[IMPORT_COLUMNS] = {false};
    out->n = n;
    for (size_t i = 0; i < n; i++) {
        int index = import_column(cells[i]);
        if (index < 0) {
            error_set(e, ERR_INVALID, "", SAY("There is no column \"%s\" in an import."),
                      GUARD_QUOTE(cells[i]));
            error_near(e, text_nearest(cells[i], import_columns, IMPORT_COLUMNS));
            return -1;
        }
        if (seen[index]) {
            return error_set(e, ERR_INVALID, "", SAY("The column %s is given twice."),
                             import_columns[index]);
        }
        seen[index] = true;
        out->column[i] = index;
    }
    if (!seen[0]) {
        return error_set(e, ERR_INVALID, "",
                         SAY("The column kind is missing: it says what each row is (log, tally, "
                             "session ...)."));
    }
    return 0;
}

/* ---- rows ------------------------------------------------------------------------------- */

struct building {
    const struct import_header *header;
    const char *const *cells;
    size_t n;
    struct arena *arena;
    struct import_row *row;
    import_problem_fn problem;
    void *ctx;
    unsigned problems;
};

static void tell(struct building *b, const char *column, const struct error *e) {
    b->problems++;
    b->problem(b->ctx, column, e);
}

/* The cell of a column; "" when the file has no such column. */
static const char *cell_of(const struct building *b, const char *column) {
    for (size_t i = 0; i < b->n && i < b->header->n; i++) {
        if (strcmp(import_columns[b->header->column[i]], column) == 0) {
            return b->cells[i];
        }
    }
    return "";
}

static ProtobufCMessage *begin_body(struct import_row *row) {
    static const Madoguchi__ActKind acts[IMPORT_KINDS] = {
        [IMPORT_LOG] = MADOGUCHI__ACT_KIND__LOG,
        [IMPORT_TALLY] = MADOGUCHI__ACT_KIND__TALLY,
        [IMPORT_CONTACT] = MADOGUCHI__ACT_KIND__CONTACT,
        [IMPORT_OUTCOME] = MADOGUCHI__ACT_KIND__OUTCOME,
        [IMPORT_DECLINE] = MADOGUCHI__ACT_KIND__DECLINE,
    };
    Madoguchi__Request *request = &row->request;
    switch (row->kind) {
    case IMPORT_SESSION:
        madoguchi__session__init(&row->session_body);
        request->body_case = MADOGUCHI__REQUEST__BODY_SESSION;
        request->session = &row->session_body;
        return &row->session_body.base;
    case IMPORT_FIGURE:
        madoguchi__figure__init(&row->figure);
        request->body_case = MADOGUCHI__REQUEST__BODY_FIGURE;
        request->figure = &row->figure;
        return &row->figure.base;
    case IMPORT_COVERAGE:
        madoguchi__coverage__init(&row->coverage);
        request->body_case = MADOGUCHI__REQUEST__BODY_COVERAGE;
        request->coverage = &row->coverage;
        return &row->coverage.base;
    case IMPORT_VOID:
        madoguchi__voiding__init(&row->voiding);
        request->body_case = MADOGUCHI__REQUEST__BODY_VOIDING;
        request->voiding = &row->voiding;
        return &row->voiding.base;
    case IMPORT_CORRECT:
        madoguchi__correction__init(&row->correction);
        request->body_case = MADOGUCHI__REQUEST__BODY_CORRECTION;
        request->correction = &row->correction;
        return &row->correction.base;
    default:
        madoguchi__act__init(&row->act);
        SET(&row->act, kind, acts[row->kind]);
        request->body_case = MADOGUCHI__REQUEST__BODY_ACT;
        request->act = &row->act;
        return &row->act.base;
    }
}

static void out_of_place(struct building *b, const char *column) {
    struct error e;
    error_set(&e, ERR_INVALID, column, SAY("A row of kind %s has no %s. Leave the cell empty."),
              import_kind_words[b->row->kind], column);
    tell(b, column, &e);
}

static void set_field(struct building *b, ProtobufCMessage *body, const char *column,
                      const char *field, const char *text) {
    struct error e;
    if (message_field(body->descriptor, field) == NULL) {
        out_of_place(b, column);
    } else if (message_set_text(body, field, text, b->arena, &e) < 0) {
        tell(b, column, &e);
    }
}

/* planned, held, cancelled: the session's kind on the wire. */
static void set_status(struct building *b, const char *status) {
    static const char *const words[] = {"planned", "held", "cancelled"};
    static const Madoguchi__SessionKind kinds[] = {MADOGUCHI__SESSION_KIND__PLAN,
                                                   MADOGUCHI__SESSION_KIND__HOLD,
                                                   MADOGUCHI__SESSION_KIND__CANCEL};
    size_t found = 1;
    if (status[0] != '\0') {
        for (found = 0; found < 3 && strcmp(words[found], status) != 0; found++) {
        }
    }
    if (found == 3) {
        struct error e;
        error_set(&e, ERR_INVALID, "status",
                  SAY("\"%s\" is not a status: planned, held (or empty) or cancelled."),
                  GUARD_QUOTE(status));
        error_near(&e, text_nearest(status, words, 3));
        tell(b, "status", &e);
        return;
    }
    b->row->planned = found == 0;
    SET(&b->row->session_body, kind, kinds[found]);
}

static void set_coverage_value(struct building *b, const char *value) {
    if (strcmp(value, "not-held") == 0) {
        SET(&b->row->coverage, not_held, 1);
        return;
    }
    struct error e;
    error_set(&e, ERR_INVALID, "value",
              SAY("value of a row of kind coverage is empty or not-held, not \"%s\"."),
              GUARD_QUOTE(value));
    tell(b, "value", &e);
}

/* issued, or issued=11: of so many. */
static void set_tally_outcome(struct building *b, const char *text) {
    size_t len = strcspn(text, "=");
    char *outcome = arena_strndup(b->arena, text, len);
    set_field(b, &b->row->act.base, "outcome", "outcome", outcome != NULL ? outcome : "");
    if (text[len] == '=') {
        set_field(b, &b->row->act.base, "outcome", "outcome_count", text + len + 1);
    }
}

/* A change: its value is looked at as it would stand in the entry. */
static void add_change(struct building *b, const char *column, const char *text) {
    Madoguchi__Act act = MADOGUCHI__ACT__INIT;
    Madoguchi__Session session = MADOGUCHI__SESSION__INIT;
    ProtobufCMessage *scratch =
        message_field(act.base.descriptor, column) != NULL ? &act.base : &session.base;
    unsigned before = b->problems;
    set_field(b, scratch, column, column, text);
    if (b->problems > before) {
        return;
    }
    Madoguchi__Correction *c = &b->row->correction;
    if (c->change == NULL) {
        c->change = arena_alloc(b->arena, IMPORT_COLUMNS * sizeof(Madoguchi__Change *));
    }
    Madoguchi__Change *change = arena_alloc(b->arena, sizeof *change);
    if (c->change == NULL || change == NULL) {
        return;
    }
    madoguchi__change__init(change);
    SET(change, field, bytes_of(column));
    SET(change, value, bytes_of(text));
    c->change[c->n_change++] = change;
}

static void take_cell(struct building *b, ProtobufCMessage *body, const char *column,
                      const char *text) {
    enum import_kind kind = b->row->kind;
    if (strcmp(column, "kind") == 0 || strcmp(column, "ref") == 0) {
        return;
    }
    if (strcmp(column, "status") == 0) {
        if (kind != IMPORT_SESSION) {
            out_of_place(b, column); /* one of a session is set beforehand */
        }
    } else if (kind == IMPORT_CORRECT && strcmp(column, "reason") != 0) {
        add_change(b, column, text);
    } else if (kind == IMPORT_COVERAGE && strcmp(column, "value") == 0) {
        set_coverage_value(b, text);
    } else if (kind == IMPORT_TALLY && strcmp(column, "outcome") == 0) {
        set_tally_outcome(b, text);
    } else {
        set_field(b, body, column, column, text);
    }
}

static bool take_kind(struct building *b) {
    const char *word = cell_of(b, "kind");
    for (int i = 0; i < IMPORT_KINDS; i++) {
        if (strcmp(import_kind_words[i], word) == 0) {
            b->row->kind = (enum import_kind)i;
            return true;
        }
    }
    struct error e;
    error_set(&e, ERR_INVALID, "kind", SAY("\"%s\" is not a kind of row."), GUARD_QUOTE(word));
    error_near(&e, text_nearest(word, import_kind_words, IMPORT_KINDS));
    tell(b, "kind", &e);
    return false;
}

static void take_row_identity(struct building *b, const char *source) {
    struct import_row *row = b->row;
    madoguchi__row__init(&row->row);
    SET(&row->row, source, bytes_of(source));
    row->ref = cell_of(b, "ref");
    if (row->ref[0] != '\0') {
        SET(&row->row, ref, bytes_of(row->ref));
    } else if (row->kind == IMPORT_CONTACT || row->kind == IMPORT_OUTCOME ||
               row->kind == IMPORT_VOID || row->kind == IMPORT_CORRECT) {
        struct error e;
        error_set(&e, ERR_INVALID, "ref", SAY("A row of kind %s needs the ref of its case."),
                  import_kind_words[row->kind]);
        tell(b, "ref", &e);
    }
    row->request.row = &row->row;
}

unsigned import_row(const struct import_header *header, const char *const *cells, size_t n,
                    const char *source, struct arena *arena, struct import_row *out,
                    import_problem_fn problem, void *ctx) {
    struct building b = {header, cells, n, arena, out, problem, ctx, 0};
    if (n != header->n) {
        struct error e;
        error_set(&e, ERR_INVALID, "", SAY("The row has %zu cells, the header %zu."), n, header->n);
        tell(&b, "", &e);
        return b.problems;
    }
    if (!take_kind(&b)) {
        return b.problems;
    }
    madoguchi__request__init(&out->request);
    out->planned = false;
    out->session = cell_of(&b, "session");
    out->service = cell_of(&b, "service");
    ProtobufCMessage *body = begin_body(out);
    take_row_identity(&b, source);
    if (out->kind == IMPORT_SESSION) {
        set_status(&b, cell_of(&b, "status"));
    }
    for (size_t i = 0; i < n; i++) {
        if (cells[i][0] != '\0') {
            take_cell(&b, body, import_columns[header->column[i]], cells[i]);
        }
    }
    const ProtobufCFieldDescriptor *date = message_field(body->descriptor, "date");
    out->date = date != NULL && message_has(body, date)
                    ? *(const uint32_t *)((const char *)body + date->offset)
                    : 0;
    return b.problems;
}

unsigned import_row_codes(const struct import_row *row, const struct catalogue *catalogue,
                          const char *service, uint32_t date, import_problem_fn problem,
                          void *ctx) {
    unsigned problems = 0;
    if (row->kind != IMPORT_CORRECT) {
        return 0;
    }
    for (size_t i = 0; i < row->correction.n_change; i++) {
        const Madoguchi__Change *change = row->correction.change[i];
        const char *column = (const char *)change->field.data;
        const char *list = catalogue_list_of(column);
        struct error e;
        const uint8_t *p = change->value.data;
        size_t left = list != NULL ? change->value.len : 0;
        while (left > 0) {
            const uint8_t *end = memchr(p, ';', left);
            size_t len = end != NULL ? (size_t)(end - p) : left;
            ProtobufCBinaryData code = {.len = len, .data = (uint8_t *)p};
            if (len > 0 &&
                catalogue_check(catalogue, column, list, code, bytes_of(service), date, &e) < 0) {
                problem(ctx, column, &e);
                problems++;
            }
            len += end != NULL;
            p += len;
            left -= len;
        }
    }
    return problems;
}
