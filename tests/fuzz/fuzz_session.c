/* A connection to the whole daemon but its listening socket: dispatcher, group,
 * queries and a real store.
 *
 * The first byte says how: 1 a right hello goes before, 2 the rest is the bytes
 * as they come (otherwise messages, each behind a length of two bytes, that are
 * framed here), 4 they come in small pieces, 8 the client closes without
 * reading.  Every answer must be a frame with a message in it, and the
 * connection must come to its end. */
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/pool_inline.h"

#include "daemon/dispatch.h"
#include "daemon/group.h"
#include "daemon/log.h"
#include "proto/frame.h"
#include "store/store.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HELLO = 1, RAW = 2, PIECES = 4, DEAF = 8 };

#define TURNS_MAX  20000
#define STREAM_MAX (1u << 20)

static struct {
    struct event_base *base;
    struct store *store;
    struct pool *pool;
    struct spool_room room;
    struct config *config;
    struct dispatch *dispatch;
    uint64_t head; /* of the store as it was made */
    struct arena arena;
    uint8_t *answers;
    size_t n_answers;
} d;

static uint64_t head_of(void) {
    struct store_status status;
    store_status(d.store, &status);
    return status.head;
}

/* A new daemon on a new store. */
static void start(void) {
    d.store = fuzz_store();
    d.head = head_of();
    d.pool = pool_new(d.base, 0, 1, d.config->query_waiting_max);
    const struct dispatch_setting setting = {.base = d.base,
                                             .priority = 1,
                                             .store = d.store,
                                             .pool = d.pool,
                                             .room = &d.room,
                                             .config = d.config};
    d.dispatch = dispatch_new(&setting);
    MUST(d.dispatch != NULL);
}

static void stop(void) {
    MUST(pool_stop(d.pool, 0));
    dispatch_free(d.dispatch);
    store_close(d.store, false);
}

static void first(void) {
    signal(SIGPIPE, SIG_IGN); /* as the daemon does */
    log_level(LEVEL_ERROR);
    d.config = config_defaults();
    d.base = event_base_new();
    MUST(d.config != NULL && d.base != NULL && event_base_priority_init(d.base, 2) == 0);
    d.config->in_flight_max = 16; /* enough for the thread that folds */
    d.config->output_high_bytes = 8192;
    d.config->output_low_bytes = 1024;
    d.config->gather_us = 0;
    d.room.directory = fuzz_folder();
    atomic_store(&d.room.memory, 4096);
    atomic_store(&d.room.disk, (uint64_t)64 << 20);
    arena_init(&d.arena, 1u << 20);
    d.answers = malloc(STREAM_MAX);
    MUST(d.answers != NULL);
    start();
}

/* ---- what goes in ----------------------------------------------------------------- */

struct stream {
    uint8_t *data;
    size_t len;
};

static void put(struct stream *s, const void *data, size_t len) {
    if (len > 0 && s->len + len <= STREAM_MAX) {
        memcpy(s->data + s->len, data, len);
        s->len += len;
    }
}

static void put_frame(struct stream *s, const void *data, size_t len) {
    uint8_t header[FRAME_HEADER];
    if (s->len + sizeof header + len <= STREAM_MAX) {
        frame_header(header, len);
        put(s, header, sizeof header);
        put(s, data, len);
    }
}

static void put_hello(struct stream *s) {
    static const uint8_t hello[] = {0x0a, 0x06, 0x08, 0x01, 0x1a, 0x02, 'e', 'n'};
    put_frame(s, hello, sizeof hello);
}

static void put_messages(struct stream *s, const uint8_t *p, size_t size) {
    while (size > 2) {
        size_t len = (size_t)p[0] << 8 | p[1];
        p += 2;
        size -= 2;
        len = len < size ? len : size;
        put_frame(s, p, len);
        p += len;
        size -= len;
    }
}

/* Whether it asks for a proof of all files, which is another target's and slow,
 * or for a backup, which writes wherever it is told to. */
static bool looks_further(const struct stream *s) {
    size_t len;
    for (size_t at = 0; frame_peek(s->data + at, s->len - at, &len) == FRAME_COMPLETE;
         at += FRAME_HEADER + len) {
        struct error e;
        arena_reset(&d.arena);
        const Madoguchi__ClientMessage *m = (const Madoguchi__ClientMessage *)message_unpack(
            &madoguchi__client_message__descriptor, &d.arena, s->data + at + FRAME_HEADER, len, &e);
        if (m != NULL && m->body_case == MADOGUCHI__CLIENT_MESSAGE__BODY_REQUEST &&
            (m->request->body_case == MADOGUCHI__REQUEST__BODY_VERIFY ||
             m->request->body_case == MADOGUCHI__REQUEST__BODY_BACKUP)) {
            return true;
        }
    }
    return false;
}

/* ---- what comes out ---------------------------------------------------------------- */

static void look_at_answers(void) {
    size_t at = 0;
    size_t len;
    while (frame_peek(d.answers + at, d.n_answers - at, &len) == FRAME_COMPLETE) {
        struct error e = {0};
        arena_reset(&d.arena);
        const Madoguchi__ServerMessage *m = (const Madoguchi__ServerMessage *)message_unpack(
            &madoguchi__server_message__descriptor, &d.arena, d.answers + at + FRAME_HEADER, len,
            &e);
        MUST(m != NULL);
        MUST(m->body_case == MADOGUCHI__SERVER_MESSAGE__BODY_WELCOME ||
             m->body_case == MADOGUCHI__SERVER_MESSAGE__BODY_ANSWER);
        if (m->body_case == MADOGUCHI__SERVER_MESSAGE__BODY_ANSWER) {
            const Madoguchi__Answer *a = m->answer;
            MUST(a->body_case != MADOGUCHI__ANSWER__BODY__NOT_SET);
            MUST(a->body_case != MADOGUCHI__ANSWER__BODY_ERROR ||
                 a->error->code != MADOGUCHI__ERROR_CODE__INTERNAL);
        }
        at += FRAME_HEADER + len;
    }
    memmove(d.answers, d.answers + at, d.n_answers - at);
    d.n_answers -= at;
}

static void take_answers(int fd) {
    ssize_t n;
    while ((n = recv(fd, d.answers + d.n_answers, STREAM_MAX - d.n_answers, MSG_DONTWAIT)) > 0) {
        d.n_answers += (size_t)n;
        look_at_answers();
    }
}

static void turn(void) {
    event_base_loop(d.base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
    pool_inline_run();
    dispatch_turn(d.dispatch);
    /* A flush beside the loop ends by itself: wait, do not count turns. */
    while (group_flushing(dispatch_group(d.dispatch))) {
        event_base_loop(d.base, EVLOOP_ONCE);
    }
}

static void talk(const struct stream *s, int how) {
    int fds[2];
    size_t sent = 0;
    bool open = true;
    MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) == 0);
    d.n_answers = 0;
    dispatch_accept(d.dispatch, fds[1], false);
    for (unsigned turns = 0; conns_count(dispatch_conns(d.dispatch)) > 0; turns++) {
        MUST(turns < TURNS_MAX);
        size_t most = (how & PIECES) != 0 ? 1 + turns * 7 % 64 : s->len - sent;
        size_t n = most < s->len - sent ? most : s->len - sent;
        if (open && n > 0) {
            ssize_t done = send(fds[0], s->data + sent, n, MSG_DONTWAIT | MSG_NOSIGNAL);
            sent += done > 0 ? (size_t)done : 0;
            sent = done < 0 && errno != EAGAIN ? s->len : sent;
        }
        if (open && sent == s->len) {
            open = false;
            if ((how & DEAF) != 0) {
                close(fds[0]);
                fds[0] = -1;
            } else {
                shutdown(fds[0], SHUT_WR);
            }
        }
        turn();
        if (fds[0] >= 0 && (how & DEAF) == 0) {
            take_answers(fds[0]);
        }
    }
    if (fds[0] >= 0) {
        take_answers(fds[0]);
        close(fds[0]);
    }
    while (pool_inline_run()) {
        turn();
    }
    MUST((how & DEAF) != 0 || d.n_answers == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static uint8_t bytes[STREAM_MAX];
    struct stream s = {.data = bytes};
    if (d.dispatch == NULL) {
        first();
    }
    if (size == 0) {
        return 0;
    }
    if ((data[0] & HELLO) != 0) {
        put_hello(&s);
    }
    if ((data[0] & RAW) != 0) {
        put(&s, data + 1, size - 1);
    } else {
        put_messages(&s, data + 1, size - 1);
    }
    if (looks_further(&s)) {
        return 0;
    }
    talk(&s, data[0]);
    if (head_of() != d.head) {
        stop();
        start();
    }
    return 0;
}
