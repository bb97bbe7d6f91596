/* Killed at any moment: whatever was answered is there exactly once, whatever
 * was not is there whole or not at all, and asking again under the same id does
 * it once.  The clients' list of answers is the oracle.
 *
 * CRASH_ROUNDS sets how often it is killed (10), each SEASON times on a new
 * store; SEED the moments. */
#include "tests/kit_store.h"
#include "tests/suite.h"

#include "proto/frame.h"

#include <check.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define CLIENTS   64
#define PIPELINED 2
#define MOST      400000
#define SEASON    20

/* One request of one client, known by its number. */
struct asked {
    uint64_t seq; /* as answered; 0: not answered */
    char number[16];
};

struct client {
    const struct kit_daemon *daemon;
    uint32_t nth;
    uint32_t done; /* requests answered for good */
    uint32_t sent; /* requests ever sent: done .. sent - 1 may be recorded or not */
    struct asked *asked;
    const char *wrong; /* what the daemon did that it must not */
};

/* ---- a client that asserts nothing: it runs in a thread ---------------------------------------
 */

static void make_id(uint8_t id[16], uint32_t client, uint32_t request) {
    memset(id, 0, 16);
    memcpy(id, &client, sizeof client);
    memcpy(id + 8, &request, sizeof request);
}

static bool send_log(int fd, const struct client *c, uint32_t n) {
    uint8_t id[16];
    uint8_t frame[FRAME_HEADER + 400];
    Madoguchi__ClientMessage m = MADOGUCHI__CLIENT_MESSAGE__INIT;
    Madoguchi__Request r = MADOGUCHI__REQUEST__INIT;
    Madoguchi__Act act = MADOGUCHI__ACT__INIT;
    ProtobufCBinaryData topics[2] = {bytes_of("legal"), bytes_of("tax")};
    make_id(id, c->nth, n);
    SET(&r, serial, n);
    SET(&r, id, ((ProtobufCBinaryData){16, id}));
    r.body_case = MADOGUCHI__REQUEST__BODY_ACT;
    r.act = &act;
    SET(&act, kind, MADOGUCHI__ACT_KIND__LOG);
    SET(&act, service, bytes_of("citizen"));
    SET(&act, date, 20240401 + n % 28);
    act.topic = topics;
    act.n_topic = 2;
    m.body_case = MADOGUCHI__CLIENT_MESSAGE__BODY_REQUEST;
    m.request = &r;
    size_t len = protobuf_c_message_get_packed_size(&m.base);
    frame_header(frame, len);
    protobuf_c_message_pack(&m.base, frame + FRAME_HEADER);
    return kit_send_bytes(fd, frame, FRAME_HEADER + len);
}

static bool receive_all(int fd, uint8_t *data, size_t len) {
    for (size_t at = 0; at < len;) {
        ssize_t n = recv(fd, data + at, len - at, 0);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return false;
        }
        at += (size_t)n;
    }
    return true;
}

static bool receive_answer(int fd, struct client *c) {
    uint8_t header[FRAME_HEADER];
    uint8_t data[2000];
    size_t len;
    if (!receive_all(fd, header, sizeof header)) {
        return false;
    }
    frame_peek(header, sizeof header, &len);
    if (len > sizeof data) {
        c->wrong = "a long answer";
        return false;
    }
    if (!receive_all(fd, data, len)) {
        return false;
    }
    Madoguchi__ServerMessage *m = madoguchi__server_message__unpack(NULL, len, data);
    bool good = m != NULL && m->body_case == MADOGUCHI__SERVER_MESSAGE__BODY_ANSWER &&
                m->answer->body_case == MADOGUCHI__ANSWER__BODY_RECORDED &&
                m->answer->serial == c->done && m->answer->recorded->seq != 0 &&
                m->answer->recorded->number.len < sizeof c->asked->number;
    if (good) {
        struct asked *a = &c->asked[c->done++];
        a->seq = m->answer->recorded->seq;
        memcpy(a->number, m->answer->recorded->number.data, m->answer->recorded->number.len);
    } else {
        c->wrong = "an answer that is no receipt of the next request";
    }
    if (m != NULL) {
        madoguchi__server_message__free_unpacked(m, NULL);
    }
    return good;
}

/* Says hello; false when the daemon was killed before it answered. */
static bool greet(int fd) {
    uint8_t frame[FRAME_HEADER + 100];
    uint8_t welcome[FRAME_HEADER + 1000];
    size_t len;
    Madoguchi__ClientMessage m = MADOGUCHI__CLIENT_MESSAGE__INIT;
    Madoguchi__Hello hello = MADOGUCHI__HELLO__INIT;
    SET(&hello, protocol, 1);
    m.body_case = MADOGUCHI__CLIENT_MESSAGE__BODY_HELLO;
    m.hello = &hello;
    frame_header(frame, protobuf_c_message_get_packed_size(&m.base));
    len = FRAME_HEADER + protobuf_c_message_pack(&m.base, frame + FRAME_HEADER);
    if (fd < 0 || !kit_send_bytes(fd, frame, len) || !receive_all(fd, welcome, FRAME_HEADER)) {
        return false;
    }
    frame_peek(welcome, FRAME_HEADER, &len);
    return len <= 1000 && receive_all(fd, welcome + FRAME_HEADER, len);
}

/* Goes on from what was answered, asking again what was not, until the
 * connection is lost. */
static void *work(void *ctx) {
    struct client *c = ctx;
    int fd = kit_connect(c->daemon);
    uint32_t next = c->done;
    bool greeted = greet(fd);
    while (greeted && c->wrong == NULL && next + 1 < MOST / CLIENTS) {
        bool open = true;
        while (open && next < c->done + PIPELINED) {
            open = send_log(fd, c, next);
            next += open;
            c->sent = next > c->sent ? next : c->sent;
        }
        if (!open || !receive_answer(fd, c)) {
            break;
        }
    }
    if (fd >= 0) {
        close(fd);
    }
    return NULL;
}

/* ---- the rounds
 * ---------------------------------------------------------------------------------- */

static uint32_t rounds(void) {
    const char *given = getenv("CRASH_ROUNDS");
    return given != NULL ? (uint32_t)strtoul(given, NULL, 10) : 10;
}

/* Between two rounds the folds may be lost, or the machine have been restarted. */
static void hurt(const struct kit *k, uint32_t round) {
    char path[KIT_PATH + 40];
    if (round % 4 == 2) {
        snprintf(path, sizeof path, "%s/fold/data.mdb", k->d.store);
        ck_assert_int_eq(unlink(path), 0);
    } else if (round % 4 == 3) {
        snprintf(path, sizeof path, "%s/boot", k->d.store);
        FILE *f = fopen(path, "we");
        fputs("another boot", f);
        fclose(f);
    }
}

static void run_round(struct kit *k, struct client *clients, unsigned ms) {
    pthread_t threads[CLIENTS];
    kit_daemon_start(&k->d, "free_floor_bytes: 1");
    for (uint32_t i = 0; i < CLIENTS; i++) {
        ck_assert_int_eq(pthread_create(&threads[i], NULL, work, &clients[i]), 0);
    }
    kit_pause(ms);
    int status = kit_daemon_stop(&k->d, SIGKILL);
    for (uint32_t i = 0; i < CLIENTS; i++) {
        pthread_join(threads[i], NULL);
        ck_assert_msg(clients[i].wrong == NULL, "client %u: %s", i, clients[i].wrong);
    }
    ck_assert_int_eq(status, SIGKILL);
}

/* Every request that was answered is there under its seq and number; asked
 * again it is known. */
static void check_client(struct kit *k, const struct client *c, bool *seen, uint64_t head) {
    for (uint32_t n = 0; n < c->done; n++) {
        const struct asked *a = &c->asked[n];
        ck_assert_uint_gt(a->seq, 2);
        ck_assert_uint_le(a->seq, head);
        ck_assert_msg(!seen[a->seq], "#%llu was answered twice", (unsigned long long)a->seq);
        seen[a->seq] = true;
        if (n % 16 != 0 && n + 4 < c->done) {
            continue;
        }
        uint8_t *id = arena_alloc(&k->arena, 16);
        Madoguchi__Request *r =
            kit_request(k, "log", "service", "citizen", "topic", "legal;tax", NULL);
        make_id(id, c->nth, n);
        SET(r, id, ((ProtobufCBinaryData){16, id}));
        SET(r->act, date, 20240401 + n % 28);
        struct kit_answer answer = kit_record(k, r);
        ck_assert_msg(answer.code == 0, "%s", answer.en);
        ck_assert(answer.known);
        ck_assert_uint_eq(answer.seq, a->seq);
        ck_assert_str_eq(answer.number, a->number);
    }
}

/* So many rounds on a new store. */
static void season(uint32_t n) {
    struct kit k;
    struct client clients[CLIENTS] = {0};
    kit_start(&k, true);
    close(k.fd);
    k.fd = -1;
    ck_assert_int_eq(kit_daemon_stop(&k.d, SIGTERM), 0);
    for (uint32_t i = 0; i < CLIENTS; i++) {
        clients[i] = (struct client){.daemon = &k.d, .nth = i + 1};
        clients[i].asked = calloc(MOST / CLIENTS, sizeof *clients[i].asked);
        ck_assert_ptr_nonnull(clients[i].asked);
    }
    for (uint32_t round = 0; round < n; round++) {
        run_round(&k, clients, 20 + (unsigned)rand() % 80);
        hurt(&k, round);
    }
    k.daemon = false;
    char actor[40];
    snprintf(actor, sizeof actor, "root"); /* the founder's account */
    k.actor = actor;
    kit_open(&k);
    uint64_t head = kit_head(&k);
    bool *seen = calloc(head + 1, sizeof *seen);
    uint64_t answered = 0;
    uint64_t unanswered = 0;
    for (uint32_t i = 0; i < CLIENTS; i++) {
        check_client(&k, &clients[i], seen, head);
        answered += clients[i].done;
        unanswered += clients[i].sent - clients[i].done;
        free(clients[i].asked);
    }
    fprintf(stderr, "%llu answered, %llu not, %llu recorded\n", (unsigned long long)answered,
            (unsigned long long)unanswered, (unsigned long long)head - 2);
    ck_assert_uint_gt(answered, CLIENTS);
    ck_assert_uint_le(answered, head - 2);
    ck_assert_uint_le(head - 2, answered + unanswered);
    /* Gapless: as many cases as entries, the last number is their count. */
    const Madoguchi__Page *list = kit_list(&k, NULL);
    char last[32];
    snprintf(last, sizeof last, "C-2024-%06llu", (unsigned long long)head - 2);
    ck_assert_uint_eq(list->n_case_row, head - 2);
    ck_assert(bytes_equal(list->case_row[0]->case_number, "C-2024-000001"));
    ck_assert(bytes_equal(list->case_row[list->n_case_row - 1]->case_number, last));
    kit_stats(&k, "topics", "FY2024", "topic", NULL,
              arena_printf(&k.arena, "legal %llu; tax %llu", (unsigned long long)head - 2,
                           (unsigned long long)head - 2));
    free(seen);
    kit_refold(&k);
    kit_close(&k, true);
    kit_verify(&k);
    arena_free(&k.arena);
    kit_remove(k.dir);
}

START_TEST(killed_under_load) {
    const char *given = getenv("SEED");
    unsigned seed = given != NULL ? (unsigned)strtoul(given, NULL, 10) : (unsigned)getpid();
    fprintf(stderr, "SEED=%u\n", seed);
    srand(seed);
    for (uint32_t left = rounds(); left > 0;) {
        uint32_t n = left < SEASON ? left : SEASON;
        season(n);
        left -= n;
    }
}
END_TEST

int main(void) {
    Suite *s = suite_create("crash");
    TCase *t = tcase_create("crash");
    tcase_set_timeout(t, 3600);
    tcase_add_test(t, killed_under_load);
    suite_add_tcase(s, t);
    kit_begin();
    int status = suite_run(s);
    kit_end();
    return status;
}
