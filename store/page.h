/* Pages: how a long answer leaves the store.
 *
 * A reading makes its rows one by one in the pages' arena and adds each to the
 * page; when the page would pack to more than PAGE_BYTES it is handed over and
 * the arena is given back.  So an answer of any length needs the room of one
 * page.
 *
 *     struct pages p;
 *     pages_begin(&p, page, ctx);
 *     row = arena_zalloc(pages_arena(&p), sizeof *row); madoguchi__stat_row__init(row); ...
 *     rc = pages_add(&p, "stat", &row->base, e);
 *     rc = pages_end(&p, rc, e);
 */
#ifndef MADOGUCHI_STORE_PAGE_H
#define MADOGUCHI_STORE_PAGE_H

#include "proto/message.h"
#include "store/store.h"

/* A page is handed over before it packs to more than this many bytes, or holds
 * more than PAGE_ROWS rows. */
#define PAGE_BYTES (40u * 1024)
#define PAGE_ROWS  512

struct pages {
    struct arena arena;
    store_page_fn page;
    void *ctx;
    const ProtobufCFieldDescriptor *field; /* of the rows collected; NULL: none yet */
    ProtobufCMessage *row[PAGE_ROWS];
    size_t n;
    size_t bytes;  /* that the rows pack to */
    uint64_t rows; /* handed over and collected, in all */
};

/* Begins an answer.  Nothing is allocated until the first row. */
void pages_begin(struct pages *p, store_page_fn page, void *ctx);

/* Where the next row and all it points to must be allocated, or live longer:
 * what lies there is gone with the page that the row leaves with. */
struct arena *pages_arena(struct pages *p);

/* Adds a row to the repeated field of that name of Madoguchi__Page ("stat",
 * "case_row", "entry", "fact", "indicator", "pair").  Rows of one page are of
 * one field; a row of another begins a new page.  A row is made, added and
 * forgotten: after pages_add() the arena may have been given back.
 * -1: no room for the row (row == NULL, ERR_TOO_MUCH), a row larger than a
 * page may be (ERR_TOO_MUCH), or the receiver stopped (ERR_BUSY). */
int pages_add(struct pages *p, const char *field, ProtobufCMessage *row,
              struct error *e) MUST_CHECK;

/* A name and a value, copied. */
int pages_pair(struct pages *p, const char *name, const char *value, struct error *e) MUST_CHECK;

/* Hands over what is collected. */
int pages_flush(struct pages *p, struct error *e) MUST_CHECK;

/* Ends an answer: with rc 0 hands over what is left, gives the arena back and
 * returns rc or the failure. */
int pages_end(struct pages *p, int rc, struct error *e) MUST_CHECK;

#endif
