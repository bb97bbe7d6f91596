/* Two hundred good clients, and among them ones that read a byte a second, never
 * read, never end what they began, or never begin: the good ones' answers are
 * all right, nothing grows with the bad ones, and their deadlines end them. */
#include "tests/kit_peer.h"
#include "tests/suite.h"

#include <check.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define GOOD     200
#define BAD      12 /* of each kind */
#define CASES    1500
#define QUESTION 16 /* long answers that a bad one asks for */

enum kind { SIPS, NEVER_READS, HALF_A_FRAME, HALF_A_HELLO, SAYS_NOTHING, KINDS };

static struct kit k;
static struct peer good[GOOD];
static uint64_t recorded; /* by the good ones */
static struct bad {
    int fd;
    int64_t sipped;
    bool closed;
} bad[KINDS][BAD];

static void fill(void) {
    Madoguchi__Request *all[50];
    struct kit_answer answers[50];
    for (unsigned n = 0; n < CASES; n += 50) {
        for (unsigned i = 0; i < 50; i++) {
            all[i] = kit_request(&k, "log", "service", "citizen", "date", "2024-04-15", "topic",
                                 "legal;tax;family", "origin", "tokyo", NULL);
        }
        kit_group(&k, all, 50, answers);
    }
}

/* ---- the bad ones ------------------------------------------------------------------------- */

static int make_bad(enum kind kind) {
    static const uint8_t half[] = {0, 0, 0, 100, 1, 2, 3};
    int fd = kind == SIPS || kind == NEVER_READS || kind == HALF_A_FRAME ? kit_hello(&k.d)
                                                                         : kit_connect(&k.d);
    ck_assert_int_ge(fd, 0);
    if (kind == HALF_A_FRAME || kind == HALF_A_HELLO) {
        ck_assert(kit_send_bytes(fd, half, sizeof half));
    }
    if (kind == SIPS || kind == NEVER_READS) {
        Madoguchi__Request list = MADOGUCHI__REQUEST__INIT;
        Madoguchi__Scope scope = MADOGUCHI__SCOPE__INIT;
        list.body_case = MADOGUCHI__REQUEST__BODY_LIST;
        list.list = &scope;
        for (uint32_t i = 0; i < QUESTION; i++) {
            ck_assert(kit_send_request(fd, i, &list));
        }
    }
    return fd;
}

static void look_at(enum kind kind, struct bad *b) {
    struct pollfd p = {.fd = b->fd};
    if (b->closed) {
        return;
    }
    if (poll(&p, 1, 0) == 1 && (p.revents & (POLLHUP | POLLERR)) != 0) {
        b->closed = true;
        close(b->fd);
    } else if (kind == SIPS && kit_clock() >= b->sipped + 1000) {
        uint8_t byte;
        ssize_t n = recv(b->fd, &byte, 1, MSG_DONTWAIT);
        (void)n;
        b->sipped = kit_clock();
    }
}

/* How many of them are not closed yet. */
static unsigned look_at_all(void) {
    unsigned left = 0;
    for (enum kind kind = 0; kind < KINDS; kind++) {
        for (int i = 0; i < BAD; i++) {
            look_at(kind, &bad[kind][i]);
            left += !bad[kind][i].closed;
        }
    }
    return left;
}

/* ---- the good ones ------------------------------------------------------------------------ */

static uint64_t take_stats(struct peer *p) {
    const Madoguchi__Answer *answer = peer_answer(p, KIT_PATIENCE);
    ck_assert_msg(answer != NULL, "a good one is lost: %d", (int)p->state);
    ck_assert_uint_eq(answer->serial, 2);
    ck_assert_int_eq(answer->body_case, MADOGUCHI__ANSWER__BODY_PAGE);
    ck_assert_uint_eq(answer->page->n_stat, 1);
    return (uint64_t)answer->page->stat[0]->count;
}

/* Each records one and asks how many there are. */
static void round_of_good(uint64_t *last) {
    Madoguchi__Request q = MADOGUCHI__REQUEST__INIT;
    Madoguchi__Stats stats = MADOGUCHI__STATS__INIT;
    Madoguchi__Scope scope = MADOGUCHI__SCOPE__INIT;
    q.body_case = MADOGUCHI__REQUEST__BODY_STATS;
    q.stats = &stats;
    stats.scope = &scope;
    SET(&stats, count, bytes_of("cases"));
    SET(&scope, from, bytes_of("FY2024"));
    SET(&scope, today, 20250615);
    for (int i = 0; i < GOOD; i++) {
        ck_assert_int_eq(
            peer_send(&good[i], 1,
                      kit_request(&k, "log", "service", "citizen", "date", "2024-04-15", NULL)),
            PEER_OPEN);
    }
    for (int i = 0; i < GOOD; i++) {
        struct peer_asked asked = {0};
        const Madoguchi__Answer *answer = peer_answer(&good[i], KIT_PATIENCE);
        ck_assert_msg(answer != NULL, "a good one is lost: %d", (int)good[i].state);
        ck_assert(peer_take(&asked, answer) && asked.seq > 2 + CASES);
        recorded++;
    }
    for (int i = 0; i < GOOD; i++) {
        ck_assert_int_eq(peer_send(&good[i], 2, &q), PEER_OPEN);
    }
    for (int i = 0; i < GOOD; i++) {
        ck_assert_uint_eq(take_stats(&good[i]), CASES + recorded);
    }
    ck_assert_uint_gt(recorded, *last);
    *last = recorded;
    arena_reset(&k.arena);
}

static void begin(void) {
    kit_start_daemon(&k,
                     "first_frame_ms: 1500\nframe_ms: 1500\nidle_ms: 4000\n"
                     "output_high_bytes: 64 KiB\noutput_low_bytes: 16 KiB\n"
                     "spool_memory_bytes: 64 KiB\nquery_waiting_max: 2000\nconnections_max: 1000");
    fill();
    for (int i = 0; i < GOOD; i++) {
        ck_assert_int_eq(peer_open(&good[i], &k.d, KIT_PATIENCE), PEER_OPEN);
    }
}

START_TEST(bad_ones_among_good_ones) {
    uint64_t last = 0;
    begin();
    round_of_good(&last);
    unsigned long before = kit_daemon_memory(&k.d);
    unsigned long most = before;
    for (enum kind kind = 0; kind < KINDS; kind++) {
        for (int i = 0; i < BAD; i++) {
            bad[kind][i] = (struct bad){.fd = make_bad(kind)};
        }
    }
    int64_t until = kit_clock() + KIT_PATIENCE;
    while (look_at_all() > 0) {
        ck_assert_msg(kit_clock() < until, "%u bad ones are left", look_at_all());
        round_of_good(&last);
        unsigned long now = kit_daemon_memory(&k.d);
        most = now > most ? now : most;
    }
    round_of_good(&last);
    /* Some 400 answers of 100 KiB would be 40 MiB: most are in files, or not
     * begun. */
    fprintf(stderr, "%lu KiB, then %lu\n", before, most);
    ck_assert_uint_lt(most, before + 16384);
    close(k.fd); /* idle itself, and closed */
    k.fd = kit_hello(&k.d);
    ck_assert_uint_eq(kit_status(&k, "connections"), GOOD + 1);
    ck_assert_uint_ge(kit_daemon_logged(&k.d, "frame-too-slow"), 1);
    ck_assert_uint_ge(kit_daemon_logged(&k.d, "no-first-frame"), 1);
    for (int i = 0; i < GOOD; i++) {
        peer_close(&good[i]);
    }
    kit_finish(&k);
}
END_TEST

int main(void) {
    struct rlimit descriptors;
    Suite *s = suite_create("bad_peers");
    TCase *t = tcase_create("bad_peers");
    if (getrlimit(RLIMIT_NOFILE, &descriptors) == 0 && descriptors.rlim_cur < 1024) {
        descriptors.rlim_cur = descriptors.rlim_max < 1024 ? descriptors.rlim_max : 1024;
        setrlimit(RLIMIT_NOFILE, &descriptors);
    }
    tcase_set_timeout(t, 120);
    tcase_add_test(t, bad_ones_among_good_ones);
    suite_add_tcase(s, t);
    kit_begin();
    int status = suite_run(s);
    kit_end();
    return status;
}
