#include "daemon/rows.h"

#include "proto/check.h"

int rows_take(const struct request *whole, size_t i, struct request *r) {
    const Madoguchi__Rows *rows = whole->body->rows;
    struct error e;
    r->conn = whole->conn;
    r->serial = whole->serial;
    r->japanese = whole->japanese;
    r->part = i + 1 < rows->n_request ? REQUEST_ROW : REQUEST_LAST_ROW;
    Madoguchi__Request *body =
        (Madoguchi__Request *)message_unpack(&madoguchi__request__descriptor, &r->arena,
                                             rows->request[i].data, rows->request[i].len, &e);
    if (body == NULL && e.code == ERR_INTERNAL) {
        return -1;
    }
    request_widen(r, 0);
    if (body == NULL || check_one_of_rows(body, &e) != 0) {
        arena_reset(&r->arena); /* what waits only to be refused need not be kept */
        request_refuse(r, &e);
        return 0;
    }
    SET(body, serial, whole->serial);
    if (whole->body->has_check) {
        SET(body, check, whole->body->check);
    }
    r->body = body;
    return 0;
}

static void send_results(struct rows_results *results, struct conn *c, bool more) {
    answer_results(c, results->serial, more, results->bytes, results->len);
    results->len = 0;
}

void rows_answer(struct rows_results *results, struct conn *c, struct request *r) {
    struct conn_id id = conn_id(c);
    if (results->conn.slot != id.slot || results->conn.generation != id.generation ||
        results->serial != r->serial) {
        results->len = 0; /* of a connection that was closed meanwhile */
    }
    results->conn = id;
    results->serial = r->serial;
    size_t n = answer_result(r, results->bytes + results->len, ANSWER_PAGE_MAX - results->len);
    if (n == 0) {
        send_results(results, c, true);
        n = answer_result(r, results->bytes, ANSWER_PAGE_MAX);
    }
    results->len += n;
    if (r->part == REQUEST_LAST_ROW) {
        send_results(results, c, false);
    }
}

void rows_send(struct rows_results *results, struct conns *conns) {
    struct conn *c = results->len > 0 ? conn_find(conns, results->conn) : NULL;
    if (c != NULL) {
        send_results(results, c, true);
    }
    results->len = 0;
}
