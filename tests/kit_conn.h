/* One connection of daemon/conn on a socket pair, with a small handler in the store's place:
 * a message's first byte says what the handler does. */
#ifndef MADOGUCHI_TESTS_KIT_CONN_H
#define MADOGUCHI_TESTS_KIT_CONN_H

#include "daemon/conn.h"
#include "proto/frame.h"
#include "tests/kit_daemon.h"

#include <check.h>

#define GUARD_MS 8000 /* a condition that does not come true by then never will */

enum {
    SAY_ECHO = 'e',  /* answer the same bytes at once */
    SAY_BEGIN = 'b', /* in flight, answered by end_one() */
    SAY_CLOSE = 'c',
    SAY_FINISH = 'f', /* echo, then finish */
    SAY_BIG = 'B',    /* answer 1,000 bytes */
};

extern struct pair {
    struct event_base *base;
    struct conns *conns;
    struct conn_limits limits; /* wide ones; relimit() lets them hold */
    struct conn *server;       /* the last one added */
    int client;                /* its other end */
    bool ready;                /* what the handler answers when it is asked */
    /* What it was told: */
    unsigned handled, broken, drained, closed;
    uint8_t last[FRAME_MAX]; /* the last message */
    struct error broken_why;
    enum conn_end ended;
} pair;

/* Before and after each test. */
void kit_conn_begin(void);
void kit_conn_end(void);

/* One connection more, from now on the server; its other end, to be closed. */
int add_pair(void);

/* A new connection in the place of the one there was, under the limits as they are now. */
void relimit(void);

void turn(void);   /* the loop, once, without waiting */
void settle(void); /* until nothing moves any more */

/* Turns the loop until the condition holds. */
#define UNTIL(condition)                                                  \
    do {                                                                  \
        int64_t until_ = kit_clock() + GUARD_MS;                          \
        while (!(condition)) {                                            \
            ck_assert_msg(kit_clock() < until_, "never: %s", #condition); \
            turn();                                                       \
        }                                                                 \
    } while (0)

/* From the client: bytes, and a frame around them. */
void put_raw(const void *data, size_t len);
void put_frame(const void *data, size_t len);
/* The frame in `out`; its length. */
size_t framed(uint8_t *out, const void *data, size_t len);

/* Takes the next frame of the server and compares it. */
void expect_frame(const void *data, size_t len);
void expect_end(void); /* of the connection */

/* From the server: bytes in a frame; the answer to one request that is in flight. */
void send_bytes(struct conn *c, const void *data, size_t len);
void end_one(void);

/* Makes the socket pair hold little, so that the output buffer fills. */
void small_buffers(void);

#endif
