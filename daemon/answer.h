/* Answers, packed straight into a connection's output. */
#ifndef MADOGUCHI_DAEMON_ANSWER_H
#define MADOGUCHI_DAEMON_ANSWER_H

#include "daemon/conn.h"
#include "daemon/request.h"

#include <stdbool.h>
#include <stdint.h>

/* Of a recorded request: seq, number, warnings in the request's language. */
void answer_recorded(struct conn *c, struct request *r);

/* An error, code, field, both sentences and the nearest words.  serial 0: of
 * no request.  position 0: none. */
void answer_error(struct conn *c, uint32_t serial, uint64_t position, const struct error *e);

/* The only page of an answer; position 0: none. */
void answer_page(struct conn *c, uint32_t serial, uint64_t position, Madoguchi__Page *page);

/* A pair for a page, in the arena: the name is kept as it is, the value copied; NULL
 * without room. */
Madoguchi__Pair *answer_pair(struct arena *a, const char *name, const char *value);

/* Room for a page packed before, `len` bytes (at most ANSWER_PAGE_MAX), to be
 * filled at once and sent by conn_commit().  NULL on a closed connection. */
#define ANSWER_PAGE_MAX (65536 - 256)
uint8_t *answer_reserve_page(struct conn *c, uint32_t serial, bool more, uint64_t position,
                             size_t len);

/* Packs the result of one of many rows to `to`, to be joined with those before it and
 * sent by answer_results().  0: it takes more than `size` bytes; ANSWER_PAGE_MAX are
 * always enough. */
size_t answer_result(struct request *r, uint8_t *to, size_t size);
/* Sends results, `len` bytes (at most ANSWER_PAGE_MAX) packed before. */
void answer_results(struct conn *c, uint32_t serial, bool more, const uint8_t *results, size_t len);

#endif
