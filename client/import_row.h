/* One row of an imported file: from cells to a request. */
#ifndef MADOGUCHI_CLIENT_IMPORT_ROW_H
#define MADOGUCHI_CLIENT_IMPORT_ROW_H

#include "client/import_file.h"
#include "proto/catalogue.h"
#include "proto/message.h"

enum import_kind {
    IMPORT_LOG,
    IMPORT_TALLY,
    IMPORT_CONTACT,
    IMPORT_OUTCOME,
    IMPORT_DECLINE,
    IMPORT_SESSION,
    IMPORT_FIGURE,
    IMPORT_COVERAGE,
    IMPORT_VOID,
    IMPORT_CORRECT,
    IMPORT_KINDS
};

extern const char *const import_kind_words[IMPORT_KINDS];

/* The columns of the contract, in its order. */
#define IMPORT_COLUMNS 28
extern const char *const import_columns[IMPORT_COLUMNS];

/* The index of a column, or -1. */
int import_column(const char *name);

/* Which column of the file is which of ours. */
struct import_header {
    size_t n;
    int column[IMPORT_CELLS_MAX]; /* index into the contract's columns */
};

/* Reads the header row.  ERR_INVALID: an unknown column (with the nearest), one
 * given twice, or no column kind. */
int import_header(const char *const *cells, size_t n, struct import_header *out,
                  struct error *e) MUST_CHECK;

/* Told of each bad cell: its column ("" for the row as a whole) and what is
 * wrong with it. */
typedef void (*import_problem_fn)(void *ctx, const char *column, const struct error *e);

struct import_row {
    uint8_t id[16]; /* of the request */
    enum import_kind kind;
    const char *ref;     /* "" when the row has none */
    const char *session; /* the cell session */
    const char *service;
    uint32_t date; /* 0 when the row has none */
    bool planned;  /* a session that is only planned */
    Madoguchi__Request request;
    Madoguchi__Row row;
    union {
        Madoguchi__Act act;
        Madoguchi__Session session_body;
        Madoguchi__Figure figure;
        Madoguchi__Coverage coverage;
        Madoguchi__Voiding voiding;
        Madoguchi__Correction correction;
    };
};

/* Fills *out (whose request points into it) from the cells; texts live in the
 * arena, cells must outlive the request.  request.row has source and ref.
 * Returns how many problems were told. */
unsigned import_row(const struct import_header *header, const char *const *cells, size_t n,
                    const char *source, struct arena *arena, struct import_row *out,
                    import_problem_fn problem, void *ctx);

/* Checks the codes that a correction brings by the catalogue, for one whose
 * original is of the same file: the daemon cannot yet say. */
unsigned import_row_codes(const struct import_row *row, const struct catalogue *catalogue,
                          const char *service, uint32_t date, import_problem_fn problem, void *ctx);

#endif
