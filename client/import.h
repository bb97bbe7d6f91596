/* An import as a whole: its rows as packed requests, what is wrong with them,
 * and the two passes over the connection.
 *
 * The first pass asks for every row whether it could be recorded (check) and
 * records nothing; only when all could, the second records what is new.  A row
 * is known by its source, ref, kind, values and how-many-th it is, so that the
 * same command, given again, adds only what is missing. */
#ifndef MADOGUCHI_CLIENT_IMPORT_H
#define MADOGUCHI_CLIENT_IMPORT_H

#include "client/client.h"
#include "client/import_file.h"
#include "client/import_row.h"
#include "client/mapping_sheet.h"
#include "proto/guard.h"

#define IMPORT_PROBLEMS_SHOWN 50

enum import_state { IMPORT_UNASKED, IMPORT_NEW, IMPORT_KNOWN, IMPORT_BAD };

struct import_item {
    size_t offset; /* of its request in import.bytes */
    uint32_t len;
    unsigned line;
    uint32_t date;      /* 0: none */
    uint32_t service;   /* index into import.services; 0 is none */
    uint8_t kind;       /* enum import_kind */
    uint8_t state;      /* enum import_state */
    uint8_t where;      /* of a sheet: mapping_sheet_name() */
    bool after_ref;     /* an earlier row of the file opens its ref */
    bool after_session; /* the same of its session */
    bool planned;
};

struct import_problem {
    unsigned line;
    char column[GUARD_QUOTE_MAX];
    struct error error;
};

struct import_index; /* keys to numbers */

struct import {
    struct client *client;
    const char *source;
    struct import_reader *reader; /* of what is not read yet; NULL: nothing is left */
    size_t len;                   /* of the text */
    struct error error;           /* of the reading */
    struct import_header header;
    bool has_header;
    struct mapping_sheet *sheet; /* which makes the rows, or NULL: the file has them */
    unsigned where;              /* the row at hand in it */
    struct import_item *items;
    size_t n_items, items_size;
    uint8_t *bytes;
    size_t n_bytes, bytes_size;
    char services[256][40];
    uint32_t n_services;
    struct import_index *refs;      /* ref to the item that opens it */
    struct import_index *identical; /* hash of a row to how often it came */
    struct arena row_arena, ref_arena;
    struct catalogue *catalogue; /* or NULL */
    struct import_problem problem[IMPORT_PROBLEMS_SHOWN];
    size_t n_problem; /* may be more than are kept */
    unsigned line;    /* of the row at hand */
    bool failed;      /* out of memory */
    size_t recorded, known, notes;
};

void import_init(struct import *import, struct client *client, const char *source);
void import_free(struct import *import);

/* The rows come out of a sheet by a mapping, which must outlive the import.  Before
 * import_begin(), once the catalogue is there. */
int import_map(struct import *import, const struct mapping *mapping, struct error *e) MUST_CHECK;

/* Takes a text, which must outlive the reading, row by row: import_more() takes at
 * most so many lines of it; 1: there are more, 0: that was all.  Bad cells become problems; -1 only
 * when the file as a whole cannot be read. */
int import_begin(struct import *import, const char *data, size_t len, struct error *e) MUST_CHECK;
int import_more(struct import *import, size_t lines, struct error *e) MUST_CHECK;

/* column: of an import; of a sheet the one it comes from is told (where: of the row). */
void import_tell(struct import *import, unsigned line, const char *column, unsigned where,
                 const struct error *error);

/* Called now and then with how many of how many are done. */
typedef void (*import_progress_fn)(void *ctx, const char *what, size_t done, size_t total);

/* The first pass: every item becomes NEW, KNOWN or BAD.  What of the text is not read yet
 * is read meanwhile; CONNECTION_REFUSED also when it cannot be. */
enum connection_outcome import_check(struct import *import, import_progress_fn progress, void *ctx,
                                     struct error *e) MUST_CHECK;

/* The second pass: records what is new, until a row is refused, which is then
 * the only problem. */
enum connection_outcome import_record(struct import *import, import_progress_fn progress, void *ctx,
                                      struct error *e) MUST_CHECK;

#endif
