/* A CSV file for import: its bytes as UTF-8, its records as rows of cells. */
#ifndef MADOGUCHI_CLIENT_IMPORT_FILE_H
#define MADOGUCHI_CLIENT_IMPORT_FILE_H

#include "proto/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IMPORT_FILE_MAX  (1u << 30) /* bytes */
#define IMPORT_CELL_MAX  65536      /* bytes of one cell */
#define IMPORT_CELLS_MAX 64         /* columns */

struct import_text {
    char *data; /* UTF-8; to be freed */
    size_t len;
    bool cp932; /* was converted */
};

/* Takes over the bytes of a file (malloc'ed).  A byte order mark is taken
 * away; what is not UTF-8 is read as CP932 (Shift_JIS of Windows).
 * ERR_INVALID: neither of them, and where. */
int import_text(char *data, size_t len, struct import_text *out, struct error *e) MUST_CHECK;

/* One record; the cells live only during the call.  `line` is where it begins
 * in the file, 1 for the first.  Non-zero stops. */
typedef int (*import_record_fn)(void *ctx, unsigned line, const char *const *cells, size_t n);

/* Reads a text piece by piece; the text must outlive it.  NULL when out of memory. */
struct import_reader;
struct import_reader *import_reader_new(const char *data, size_t len, import_record_fn record,
                                        void *ctx);
void import_reader_free(struct import_reader *r);
/* Reads at most so many lines more, with the last of them the end; as import_records(). */
int import_reader_go(struct import_reader *r, size_t lines, struct error *e) MUST_CHECK;
/* Which row the record at hand is as a spreadsheet numbers them: an empty line is one, a
 * cell of several lines is not. */
unsigned import_reader_row(const struct import_reader *r);
/* How many bytes are left. */
size_t import_reader_left(const struct import_reader *r);

/* Reads all records; empty lines are left out.  -1 with ERR_INVALID for what
 * is not CSV, naming the line; otherwise what `record` returned last. */
int import_records(const char *data, size_t len, import_record_fn record, void *ctx,
                   struct error *e) MUST_CHECK;

#endif
