/* Documents that come in pieces.
 *
 * A Put of several pieces is several requests under one request id, pieces
 * 0 .. pieces-1 in order on one connection.  A piece before the last is
 * answered only when it is refused; the document is then forgotten and begins
 * again with piece 0.  The last piece becomes one request whose Put holds the
 * whole document (piece 0 of 1) and is recorded and answered as any other.
 * One document at a time per connection; a new piece 0 replaces what was begun.
 * What all connections hold together is bounded. */
#ifndef MADOGUCHI_DAEMON_PUT_H
#define MADOGUCHI_DAEMON_PUT_H

#include "proto/error.h"

#include <stddef.h>
#include <stdint.h>

#define PUT_DOCUMENT_MAX (1u << 20)  /* bytes of one document: what an entry holds */
#define PUT_TOGETHER_MAX (16u << 20) /* bytes begun on all connections */
#define PUT_PIECES_MAX   64
#define PUT_ID           16 /* bytes of a request id */

struct put {
    uint8_t id[PUT_ID];
    uint32_t kind;
    uint32_t pieces, next; /* pieces 0: nothing begun */
    uint8_t *data;
    size_t len, size;
};

enum put_state { PUT_REFUSED = -1, PUT_MORE = 0, PUT_WHOLE = 1 };

/* Takes one piece of a checked request.  PUT_WHOLE: *document (malloc'd, the
 * caller's; NULL when the piece itself is the whole document) and *len are set.
 * PUT_REFUSED: ERR_INVALID out of order or of another document, ERR_TOO_MUCH
 * too long, ERR_BUSY too many at a time. */
enum put_state put_piece(struct put *p, const Madoguchi__Request *request, uint8_t **document,
                         size_t *len, struct error *e) MUST_CHECK;

/* Forgets what was begun. */
void put_clear(struct put *p);

#endif
