/* A CSV file of accounts against those that stand: what each row adds or changes.
 *
 * A column that the file does not have leaves its field as it stands; an empty cell
 * takes the value away.  Columns seq, recorded_at and actor, as `account list` prints
 * them, are not looked at. */
#ifndef MADOGUCHI_CLIENT_ACCOUNT_FILE_H
#define MADOGUCHI_CLIENT_ACCOUNT_FILE_H

#include "client/import_file.h"
#include "proto/account.h"

enum account_what { ACCOUNT_SAME, ACCOUNT_ADDED, ACCOUNT_CHANGED };

struct account_row {
    unsigned line;
    enum account_what what;
    Madoguchi__Account *account; /* as it shall be; `replaces` set where it changes one */
    const char *name;            /* of it */
    uint64_t seq;                /* once recorded */
};

/* Told of each thing that is wrong: the column, or "", and what. */
typedef void (*account_problem_fn)(void *ctx, unsigned line, const char *column,
                                   const struct error *e);

struct account_file {
    struct arena arena; /* of all of it */
    Madoguchi__Account **standing;
    size_t n_standing, size_standing;
    struct account_row *row;
    size_t n_row, size_row;
    int column[IMPORT_CELLS_MAX]; /* which field each is; -1: none */
    size_t n_column;              /* 0: no header yet */
    account_problem_fn problem;
    void *ctx;
    size_t problems;
};

void account_file_init(struct account_file *f, account_problem_fn problem, void *ctx);
void account_file_free(struct account_file *f);

/* Takes an account that stands, the entry that says so in `replaces`; false without
 * memory. */
bool account_file_standing(struct account_file *f, const Madoguchi__Account *account);

/* Takes the file, after all that stand.  Bad cells become problems, and so do rows that
 * cannot all hold together: a name, user or certificate twice, no administrator left.
 * -1 only when the file as a whole cannot be read.  Rows that make administrators stand
 * first then: whoever is taken away may have been the last. */
int account_file_read(struct account_file *f, const char *data, size_t len,
                      struct error *e) MUST_CHECK;

#endif
