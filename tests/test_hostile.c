/* Clients that mean no good, or are broken: whatever arrives, the daemon goes on
 * serving the others, keeps its memory bounded, and its journal whole. */
#include "tests/kit_store.h"
#include "tests/suite.h"

#include "proto/frame.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static struct kit k;
static unsigned long memory_before;
static uint64_t head_before;

static void begin(void) {
    kit_start(&k, true);
    kit_log(&k, "migration", "2024-04-15", NULL);
    head_before = kit_head(&k);
    memory_before = kit_daemon_memory(&k.d);
}

/* The daemon serves, has recorded nothing more, and has not grown. */
static void end(void) {
    kit_expect_alive(&k.d);
    ck_assert_uint_eq(kit_head(&k), head_before);
    ck_assert_uint_lt(kit_daemon_memory(&k.d), memory_before + 16384);
    kit_log(&k, "migration", "2024-04-15", NULL);
    kit_finish(&k);
}

/* Numbers that a seed repeats. */
static uint64_t state;
static uint32_t random_below(uint32_t n) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 11) % n;
}

static void seed(void) {
    const char *given = getenv("SEED");
    state = given != NULL ? strtoull(given, NULL, 10) : (uint64_t)getpid() * 2654435761u + 1;
    fprintf(stderr, "SEED=%llu\n", (unsigned long long)state);
}

static void send_frame(int fd, const void *data, size_t len) {
    uint8_t header[FRAME_HEADER];
    frame_header(header, len);
    if (kit_send_bytes(fd, header, sizeof header)) {
        kit_send_bytes(fd, data, len);
    }
}

/* ---- frames ------------------------------------------------------------------------------- */

START_TEST(oversized_frame) {
    static const uint8_t sizes[][4] = {
        {0, 1, 0, 1}, {0, 16, 0, 0}, {0x7f, 0xff, 0xff, 0xff}, {0xff, 0xff, 0xff, 0xff}};
    begin();
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        int fd = kit_hello(&k.d);
        ck_assert(kit_send_bytes(fd, sizes[i], 4));
        kit_expect_closed(fd, ERR_MALFORMED);
        /* Before the hello too. */
        fd = kit_connect(&k.d);
        ck_assert(kit_send_bytes(fd, sizes[i], 4));
        kit_expect_closed(fd, ERR_MALFORMED);
    }
    end();
}
END_TEST

START_TEST(empty_frame) {
    begin();
    int fd = kit_hello(&k.d);
    ck_assert(kit_send_bytes(fd, "\0\0\0\0", 4));
    kit_expect_closed(fd, ERR_MALFORMED);
    end();
}
END_TEST

START_TEST(truncated_frames) {
    begin();
    for (unsigned i = 0; i < 30; i++) {
        uint8_t frame[40] = {0, 0, 0, 36, 0x12, 34};
        int fd = i % 2 == 0 ? kit_hello(&k.d) : kit_connect(&k.d);
        ck_assert(kit_send_bytes(fd, frame, 1 + i));
        if (i % 3 == 0) {
            shutdown(fd, SHUT_WR);
            kit_expect_end(fd);
        } else {
            close(fd);
        }
    }
    end();
}
END_TEST

START_TEST(random_frames) {
    static uint8_t data[FRAME_MAX];
    begin();
    seed();
    for (unsigned round = 0; round < 300; round++) {
        size_t len = 1 + random_below(round % 10 == 0 ? FRAME_MAX : 200);
        for (size_t i = 0; i < len; i++) {
            data[i] = (uint8_t)random_below(256);
        }
        int fd = round % 2 == 0 ? kit_hello(&k.d) : kit_connect(&k.d);
        send_frame(fd, data, len);
        shutdown(fd, SHUT_WR);
        kit_expect_end(fd);
    }
    end();
}
END_TEST

/* Random bytes without any frame. */
START_TEST(noise) {
    uint8_t data[4000];
    begin();
    seed();
    for (unsigned round = 0; round < 60; round++) {
        for (size_t i = 0; i < sizeof data; i++) {
            data[i] = (uint8_t)random_below(256);
        }
        data[0] = (uint8_t)random_below(2);
        int fd = kit_connect(&k.d);
        kit_send_bytes(fd, data, sizeof data);
        shutdown(fd, SHUT_WR);
        kit_expect_end(fd);
    }
    end();
}
END_TEST

/* ---- messages -------------------------------------------------------------------------------- */

/* A valid request with some bytes changed.  What it becomes may be a valid
 * request too: it is sent as a check, which records nothing unless that very
 * flag is hit; therefore the case it names does not exist. */
START_TEST(mutated_requests) {
    uint8_t packed[2000];
    begin();
    seed();
    Madoguchi__ClientMessage m = MADOGUCHI__CLIENT_MESSAGE__INIT;
    m.body_case = MADOGUCHI__CLIENT_MESSAGE__BODY_REQUEST;
    m.request =
        kit_request(&k, "contact", "case_number", "N-2019-004711", "date", "2024-04-15", "topic",
                    "housing;work", "channel", "phone", "nature", "request", "+check", "yes",
                    "+on_behalf", "窓口", "+source", "f.csv", "+ref", "A-1", NULL);
    SET(m.request, serial, 4);
    size_t len = protobuf_c_message_pack(&m.base, packed);
    int fd = -1;
    for (unsigned round = 0; round < 1500; round++) {
        uint8_t copy[2000];
        size_t n = len;
        memcpy(copy, packed, len);
        for (unsigned i = 1 + random_below(3); i > 0; i--) {
            copy[random_below((uint32_t)len)] ^= (uint8_t)(1u << random_below(8));
        }
        if (random_below(4) == 0) {
            n = 1 + random_below((uint32_t)len);
        }
        if (fd < 0) {
            fd = kit_hello(&k.d);
        }
        send_frame(fd, copy, n);
        struct arena a;
        arena_init(&a, 4u << 20);
        if (kit_receive(fd, &a) == NULL) {
            close(fd);
            fd = -1;
        } else {
            /* After a malformed message it closes: ask again to see. */
            if (!kit_send_request(fd, 1, kit_ping()) || kit_receive(fd, &a) == NULL) {
                close(fd);
                fd = -1;
            }
        }
        arena_free(&a);
    }
    if (fd >= 0) {
        close(fd);
    }
    end();
}
END_TEST

/* Lengths in lengths, as deep as a frame has room: groups and sub-messages that
 * are none of ours. */
START_TEST(deeply_nested) {
    static uint8_t data[FRAME_MAX];
    static const uint8_t tags[] = {0x0a, 0x12, 0x82, 0x0b, 0x0b};
    begin();
    for (size_t t = 0; t < sizeof tags; t++) {
        memset(data, tags[t], sizeof data);
        int fd = kit_hello(&k.d);
        send_frame(fd, data, sizeof data);
        kit_expect_closed(fd, ERR_MALFORMED);
    }
    /* Every level says it holds the rest: 0x12 len 0x12 len ... */
    size_t at = sizeof data;
    size_t inner = 0;
    while (at > 8 && inner < 60000) {
        size_t len = inner;
        uint8_t head[6];
        size_t n = 0;
        head[n++] = 0x12;
        do {
            head[n++] = (uint8_t)((len & 0x7f) | (len > 0x7f ? 0x80 : 0));
            len >>= 7;
        } while (len > 0);
        at -= n;
        memcpy(data + at, head, n);
        inner += n;
    }
    /* The outermost two are a request with an id, which asks for nothing. */
    int fd = kit_hello(&k.d);
    send_frame(fd, data + at, inner);
    struct arena a;
    arena_init(&a, 1u << 20);
    ck_assert_int_eq(kit_answer_of(fd, &a)->body_case, MADOGUCHI__ANSWER__BODY_ERROR);
    arena_free(&a);
    close(fd);
    end();
}
END_TEST

/* Many tiny sub-messages and values unpack to many times their size. */
START_TEST(bombs) {
    static uint8_t data[FRAME_MAX];
    static const struct {
        uint8_t body[2]; /* tag of the request's body */
        uint8_t item[2]; /* repeated in it, empty */
    } shapes[] = {
        {{0x82, 0x01}, {0x52, 0x00}}, /* act: topic */
        {{0xa2, 0x01}, {0x12, 0x00}}, /* correction: change */
        {{0x8a, 0x02}, {0x1a, 0x00}}, /* list: filter */
        {{0x92, 0x02}, {0x1a, 0x00}}, /* stats: by */
    };
    begin();
    for (size_t b = 0; b < sizeof shapes / sizeof shapes[0]; b++) {
        for (unsigned round = 0; round < 5; round++) {
            size_t items = 30000;
            size_t inner = 2 * items;
            size_t body = 2 + 3 + inner;
            size_t n = 0;
            data[n++] = 0x12; /* request */
            data[n++] = (uint8_t)(body & 0x7f) | 0x80;
            data[n++] = (uint8_t)((body >> 7) & 0x7f) | 0x80;
            data[n++] = (uint8_t)(body >> 14);
            data[n++] = shapes[b].body[0];
            data[n++] = shapes[b].body[1];
            data[n++] = (uint8_t)(inner & 0x7f) | 0x80;
            data[n++] = (uint8_t)((inner >> 7) & 0x7f) | 0x80;
            data[n++] = (uint8_t)(inner >> 14);
            for (size_t i = 0; i < items; i++) {
                data[n++] = shapes[b].item[0];
                data[n++] = shapes[b].item[1];
            }
            int fd = kit_hello(&k.d);
            struct arena a;
            arena_init(&a, 4u << 20);
            send_frame(fd, data, n);
            const Madoguchi__Answer *answer = kit_answer_of(fd, &a);
            ck_assert_int_eq(answer->body_case, MADOGUCHI__ANSWER__BODY_ERROR);
            arena_free(&a);
            close(fd);
        }
    }
    end();
}
END_TEST

START_TEST(unknown_fields_and_bodies) {
    static const char *const frames[] = {
        "\x12\x04\x08\x01\xe0\x07",         /* request: field 124 */
        "\x12\x03\x08\x01\x00",             /* field 0 */
        "\x12\x02\x08\x01",                 /* a request for nothing */
        "\x1a\x00",                         /* neither hello nor request */
        "\x12\x06\x08\x01\x82\x01\x01\x08", /* an act cut short */
    };
    static const size_t lens[] = {6, 5, 4, 2, 8};
    begin();
    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
        struct arena a;
        int fd = kit_hello(&k.d);
        arena_init(&a, 1u << 20);
        send_frame(fd, frames[i], lens[i]);
        const Madoguchi__Answer *answer = kit_answer_of(fd, &a);
        ck_assert_int_eq(answer->body_case, MADOGUCHI__ANSWER__BODY_ERROR);
        ck_assert(answer->error->code == MADOGUCHI__ERROR_CODE__MALFORMED ||
                  answer->error->code == MADOGUCHI__ERROR_CODE__INVALID);
        arena_free(&a);
        close(fd);
    }
    end();
}
END_TEST

/* ---- connections --------------------------------------------------------------------------------
 */

/* It sends its requests, says that it sends no more, and reads the answers. */
START_TEST(half_closed) {
    struct arena a;
    begin();
    arena_init(&a, 8u << 20);
    int fd = kit_hello(&k.d);
    for (uint32_t i = 0; i < 20; i++) {
        Madoguchi__Request *r =
            kit_request(&k, "contact", "case_number", "N-2019-004711", "date", "2024-04-15", NULL);
        ck_assert(kit_send_request(fd, i, r));
    }
    shutdown(fd, SHUT_WR);
    for (uint32_t i = 0; i < 20; i++) {
        const Madoguchi__Answer *answer = kit_answer_of(fd, &a);
        ck_assert_uint_eq(answer->serial, i);
        ck_assert_int_eq((int)answer->error->code, ERR_NOT_FOUND);
    }
    ck_assert_ptr_null(kit_receive(fd, &a));
    close(fd);
    arena_free(&a);
    end();
}
END_TEST

/* Clients that go while they are being answered. */
START_TEST(gone_in_the_middle) {
    Madoguchi__Request list = MADOGUCHI__REQUEST__INIT;
    Madoguchi__Scope scope = MADOGUCHI__SCOPE__INIT;
    list.body_case = MADOGUCHI__REQUEST__BODY_LIST;
    list.list = &scope;
    begin();
    for (unsigned i = 0; i < 100; i++) {
        int fd = kit_hello(&k.d);
        for (uint32_t n = 0; n < 1 + i % 7; n++) {
            Madoguchi__Request *r = i % 2 == 0
                                        ? &list
                                        : kit_request(&k, "contact", "case_number", "N-2019-004711",
                                                      "date", "2024-04-15", NULL);
            kit_send_request(fd, n, r);
        }
        if (i % 3 == 0) {
            struct linger now = {.l_onoff = 1, .l_linger = 0};
            setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
        }
        close(fd);
    }
    end();
}
END_TEST

/* Connections by the hundred that say nothing. */
START_TEST(silent_crowd) {
    enum { N = 300 };
    static int fds[N];
    begin();
    for (int i = 0; i < N; i++) {
        fds[i] = kit_connect(&k.d);
        ck_assert_int_ge(fds[i], 0);
    }
    kit_expect_alive(&k.d);
    for (int i = 0; i < N; i++) {
        close(fds[i]);
    }
    end();
}
END_TEST

int main(void) {
    Suite *s = suite_create("hostile");
    TCase *t = tcase_create("hostile");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, oversized_frame);
    tcase_add_test(t, empty_frame);
    tcase_add_test(t, truncated_frames);
    tcase_add_test(t, random_frames);
    tcase_add_test(t, noise);
    tcase_add_test(t, mutated_requests);
    tcase_add_test(t, deeply_nested);
    tcase_add_test(t, bombs);
    tcase_add_test(t, unknown_fields_and_bodies);
    tcase_add_test(t, half_closed);
    tcase_add_test(t, gone_in_the_middle);
    tcase_add_test(t, silent_crowd);
    suite_add_tcase(s, t);
    kit_begin();
    int status = suite_run(s);
    kit_end();
    return status;
}
