#include "client/account_file.h"

#include "client/account_table.h"
#include "client/words.h"
#include "proto/guard.h"
#include "proto/rights.h"
#include "proto/text.h"

#include <stdlib.h>

#define FILE_BUDGET (256u << 20)
#define N_COLUMNS   (ACCOUNT_FIELDS + ACCOUNT_TABLE_MORE)

void account_file_init(struct account_file *f, account_problem_fn problem, void *ctx) {
    *f = (struct account_file){.problem = problem, .ctx = ctx};
    arena_init(&f->arena, FILE_BUDGET);
}

void account_file_free(struct account_file *f) {
    free(f->standing);
    free(f->row);
    arena_free(&f->arena);
}

static void tell(struct account_file *f, unsigned line, const char *column, const struct error *e) {
    f->problems++;
    f->problem(f->ctx, line, column, e);
}

/* Room for one more of so many; NULL without memory. */
static void *room_for(void *list, size_t n, size_t *size, size_t each) {
    if (n < *size) {
        return list;
    }
    size_t more = *size > 0 ? 2 * *size : 256;
    void *grown = realloc(list, more * each);
    if (grown != NULL) {
        *size = more;
    }
    return grown;
}

bool account_file_standing(struct account_file *f, const Madoguchi__Account *account) {
    Madoguchi__Account **grown =
        room_for(f->standing, f->n_standing, &f->size_standing, sizeof *f->standing);
    Madoguchi__Account *copy = account_copy(account, &f->arena);
    if (grown != NULL) {
        f->standing = grown;
    }
    if (grown == NULL || copy == NULL) {
        return false;
    }
    f->standing[f->n_standing++] = copy;
    return true;
}

static const Madoguchi__Account *standing(const struct account_file *f, const char *name) {
    for (size_t i = 0; i < f->n_standing; i++) {
        if (bytes_equal(f->standing[i]->name, name)) {
            return f->standing[i];
        }
    }
    return NULL;
}

static const struct account_row *row_of(const struct account_file *f, const char *name) {
    for (size_t i = 0; i < f->n_row; i++) {
        if (strcmp(f->row[i].name, name) == 0) {
            return &f->row[i];
        }
    }
    return NULL;
}

/* ---- the header ------------------------------------------------------------------------- */

static const char *column_word(size_t i) {
    return i < ACCOUNT_FIELDS ? account_fields[i] : account_table_more[i - ACCOUNT_FIELDS];
}

static int no_column(const char *cell, struct error *e) {
    const char *words[N_COLUMNS];
    for (size_t i = 0; i < N_COLUMNS; i++) {
        words[i] = column_word(i);
    }
    error_set(e, ERR_INVALID, "", SAY("There is no column \"%s\" in a file of accounts."),
              GUARD_QUOTE(cell));
    error_near(e, text_nearest(cell, words, N_COLUMNS));
    return -1;
}

static int read_header(struct account_file *f, const char *const *cells, size_t n,
                       struct error *e) {
    bool seen[N_COLUMNS] = {false};
    for (size_t i = 0; i < n; i++) {
        size_t k = 0;
        while (k < N_COLUMNS && strcmp(cells[i], column_word(k)) != 0) {
            k++;
        }
        if (k == N_COLUMNS) {
            return no_column(cells[i], e);
        }
        if (seen[k]) {
            return error_set(e, ERR_INVALID, "", SAY("The column %s is given twice."),
                             column_word(k));
        }
        seen[k] = true;
        f->column[i] = k < ACCOUNT_FIELDS ? (int)k : -1;
    }
    f->n_column = n;
    return seen[0] ? 0
                   : error_set(e, ERR_INVALID, "",
                               SAY("The column name is missing: it says whose row each is."));
}

/* ---- rows ------------------------------------------------------------------------------- */

static const char *name_of(const struct account_file *f, const char *const *cells, size_t n) {
    for (size_t i = 0; i < n && i < f->n_column; i++) {
        if (f->column[i] == 0) {
            return cells[i];
        }
    }
    return "";
}

/* A row of blanks, as spreadsheets leave them behind. */
static bool is_blank(const char *const *cells, size_t n) {
    for (size_t i = 0; i < n; i++) {
        if (cells[i][0] != '\0') {
            return false;
        }
    }
    return true;
}

static void set_cells(struct account_file *f, const struct account_row *row,
                      const char *const *cells, size_t n) {
    struct error e;
    for (size_t i = 0; i < n; i++) {
        if (i >= f->n_column && cells[i][0] != '\0') {
            error_set(&e, ERR_INVALID, "", SAY("The row has more cells than the header."));
            tell(f, row->line, "", &e);
            return;
        }
        if (i < f->n_column && f->column[i] >= 0 &&
            account_set(row->account, account_fields[f->column[i]], cells[i], &f->arena, &e) < 0) {
            tell(f, row->line, account_fields[f->column[i]], &e);
        }
    }
}

static bool check_name(struct account_file *f, unsigned line, const char *name) {
    struct error e;
    if (!text_is_code((const uint8_t *)name, strlen(name))) {
        error_set(&e, ERR_INVALID, "name",
                  SAY("The name of an account has a to z, 0 to 9 and hyphens, at most 32."));
        tell(f, line, "name", &e);
        return false;
    }
    const struct account_row *before = row_of(f, name);
    if (before != NULL) {
        error_set(&e, ERR_CONFLICT, "name", SAY("Row %u is about %s already."), before->line, name);
        tell(f, line, "name", &e);
    }
    return before == NULL;
}

static bool take_row(struct account_file *f, unsigned line, const char *const *cells, size_t n) {
    const char *name = name_of(f, cells, n);
    if (is_blank(cells, n) || !check_name(f, line, name)) {
        return true;
    }
    struct account_row *grown = room_for(f->row, f->n_row, &f->size_row, sizeof *f->row);
    if (grown == NULL) {
        return false;
    }
    f->row = grown;
    const Madoguchi__Account *before = standing(f, name);
    Madoguchi__Account *account =
        before != NULL ? account_copy(before, &f->arena) : arena_alloc(&f->arena, sizeof *account);
    const char *copy = arena_strndup(&f->arena, name, strlen(name));
    if (account == NULL || copy == NULL) {
        return false;
    }
    if (before == NULL) {
        madoguchi__account__init(account);
    }
    struct account_row *row = &f->row[f->n_row++];
    *row = (struct account_row){.line = line, .account = account, .name = copy};
    set_cells(f, row, cells, n);
    row->what = before == NULL                  ? ACCOUNT_ADDED
                : account_same(before, account) ? ACCOUNT_SAME
                                                : ACCOUNT_CHANGED;
    return true;
}

struct taking {
    struct account_file *file;
    struct error *error;
};

static int take_record(void *ctx, unsigned line, const char *const *cells, size_t n) {
    struct taking *t = ctx;
    if (t->file->n_column == 0) {
        return read_header(t->file, cells, n, t->error);
    }
    if (take_row(t->file, line, cells, n)) {
        return 0;
    }
    return error_set(t->error, ERR_TOO_MUCH, "",
                     SAY("The file does not fit the memory. Divide it."));
}

/* ---- all of it ----------------------------------------------------------------------------- */

static bool shares_certificate(const Madoguchi__Account *a, const Madoguchi__Account *b) {
    for (size_t i = 0; i < a->n_certificate; i++) {
        for (size_t k = 0; k < b->n_certificate; k++) {
            if (bytes_same(a->certificate[i], b->certificate[k])) {
                return true;
            }
        }
    }
    return false;
}

/* The daemon looks at one row at a time, and at what stands: it would see this only
 * when half of the file is recorded. */
static void check_claims(struct account_file *f) {
    struct error e;
    for (size_t i = 0; i < f->n_row; i++) {
        const Madoguchi__Account *a = f->row[i].account;
        for (size_t k = 0; k < i && (a->has_uid || a->n_certificate > 0); k++) {
            const Madoguchi__Account *b = f->row[k].account;
            bool uid = a->has_uid && b->has_uid && a->uid == b->uid;
            if (uid || shares_certificate(a, b)) {
                const char *field = uid ? "uid" : "certificate";
                error_set(&e, ERR_CONFLICT, field,
                          SAY("%s: row %u gives it to the account %s already."), field,
                          f->row[k].line, f->row[k].name);
                tell(f, f->row[i].line, field, &e);
            }
        }
    }
}

/* One of those of whom the last must stay. */
static bool is_administrator(const Madoguchi__Account *a) {
    return account_has_role(a, role_word(ROLE_ADMINISTRATOR));
}

static void check_administrators(struct account_file *f) {
    size_t before = 0;
    size_t after = 0;
    const struct account_row *last = NULL;
    for (size_t i = 0; i < f->n_standing; i++) {
        char name[64];
        snprintf(name, sizeof name, "%.*s", (int)f->standing[i]->name.len,
                 (const char *)f->standing[i]->name.data);
        bool one = is_administrator(f->standing[i]);
        const struct account_row *row = one ? row_of(f, name) : NULL;
        before += one;
        after += one && (row == NULL || is_administrator(row->account));
        last = row != NULL ? row : last;
    }
    for (size_t i = 0; i < f->n_row; i++) {
        after += f->row[i].what == ACCOUNT_ADDED && is_administrator(f->row[i].account);
        after += f->row[i].what == ACCOUNT_CHANGED && is_administrator(f->row[i].account);
    }
    if (before > 0 && after == 0 && last != NULL) {
        struct error e;
        error_set(
            &e, ERR_STATE, "role",
            SAY("No administrator would be left whose account has no end. Let another account "
                "have that role first."));
        tell(f, last->line, "role", &e);
    }
}

/* Rows that make administrators first, the others as they stand in the file. */
static void order(struct account_file *f) {
    size_t first = 0;
    for (size_t i = 0; i < f->n_row; i++) {
        if (is_administrator(f->row[i].account)) {
            struct account_row row = f->row[i];
            memmove(f->row + first + 1, f->row + first, (i - first) * sizeof row);
            f->row[first++] = row;
        }
    }
}

int account_file_read(struct account_file *f, const char *data, size_t len, struct error *e) {
    struct taking t = {f, e};
    if (import_records(data, len, take_record, &t, e) < 0) {
        return -1;
    }
    if (f->n_column == 0) {
        return error_set(e, ERR_INVALID, "", SAY("The file is empty."));
    }
    check_claims(f);
    check_administrators(f);
    if (f->problems == 0) {
        order(f);
    }
    return 0;
}
