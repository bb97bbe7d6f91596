/* Many rows of a file in one message: taken apart on the way in, each of them a request
 * of its own from there on, and their results put together on the way out. */
#ifndef MADOGUCHI_DAEMON_ROWS_H
#define MADOGUCHI_DAEMON_ROWS_H

#include "daemon/answer.h"
#include "daemon/conn.h"
#include "daemon/request.h"

/* Unpacks row i of a request that is Rows, already through check_request(), into r.
 * What is wrong with it is noted in r as its refusal.  -1: out of memory. */
int rows_take(const struct request *whole, size_t i, struct request *r) MUST_CHECK;

/* Results that are not sent yet: of the rows of one message, because those follow each
 * other in the queue. */
struct rows_results {
    struct conn_id conn;
    uint32_t serial;
    size_t len;
    uint8_t bytes[ANSWER_PAGE_MAX];
};

/* Adds the result of a row that c sent.  Whatever fills a message is sent, and with the
 * last row the rest. */
void rows_answer(struct rows_results *results, struct conn *c, struct request *r);

/* Sends what there is of rows of which more are to be answered later. */
void rows_send(struct rows_results *results, struct conns *conns);

#endif
