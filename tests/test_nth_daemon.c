/* The whole daemon while the n-th call of a function fails, for every n until a
 * run has no failure: it serves on, refuses with a sentence, or ends with a line
 * in its log and a status that is documented.  It never crashes or hangs; and
 * started again it has all that it acknowledged, once.
 *
 * NTH_ALL=1 tries every n, otherwise a few of each kind; SEED repeats a run, and
 * NTH_ONLY=function tries only that. */
#include "tests/kit_peer.h"
#include "tests/power_kit.h"
#include "tests/suite.h"

#include <check.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define HANG_MS \
    (KIT_PATIENCE / 2) /* no answer and no end of the connection for so long is a hang */
#define LOGS 9
#define ROWS 16 /* so many that the segment changes */

static const struct fault {
    enum nth_call call;
    enum nth_how how;
    int error;
    bool on; /* and every call after it */
} faults[] = {
    {NTH_write, NTH_FAIL, EIO, false},
    {NTH_write, NTH_FAIL, EINTR, false},
    {NTH_write, NTH_SHORT, 0, false},
    {NTH_pwrite, NTH_FAIL, EIO, false},
    {NTH_pwrite, NTH_FAIL, ENOSPC, true},
    {NTH_pwrite, NTH_FAIL, EINTR, false},
    {NTH_pwrite, NTH_SHORT, 0, false},
    {NTH_writev, NTH_FAIL, EIO, false},
    {NTH_writev, NTH_FAIL, EINTR, false},
    {NTH_writev, NTH_SHORT, 0, false},

    {NTH_fdatasync, NTH_FAIL, EIO, false},
    {NTH_fdatasync, NTH_FAIL, ENOSPC, true},
    {NTH_fsync, NTH_FAIL, EIO, false},
    {NTH_fsync, NTH_FAIL, EIO, true},
    {NTH_fallocate, NTH_FAIL, ENOSPC, true},
    {NTH_fallocate, NTH_FAIL, EINTR, false},
    {NTH_open, NTH_FAIL, EMFILE, false},
    {NTH_open, NTH_FAIL, EMFILE, true},
    {NTH_mmap, NTH_FAIL, ENOMEM, false},
    {NTH_mmap, NTH_FAIL, ENOMEM, true},
    {NTH_malloc, NTH_FAIL, ENOMEM, false},
    {NTH_malloc, NTH_FAIL, ENOMEM, true},
    {NTH_accept, NTH_FAIL, EMFILE, false},
    {NTH_accept, NTH_FAIL, ECONNABORTED, false},
    {NTH_accept, NTH_FAIL, EINTR, false},
    {NTH_epoll_wait, NTH_FAIL, EINTR, false},
    {NTH_epoll_wait, NTH_FAIL, ENOMEM, false},
    {NTH_epoll_wait, NTH_FAIL, ENOMEM, true},
    {NTH_writev, NTH_FAIL, EPIPE, true},
    {NTH_epoll_ctl, NTH_FAIL, ENOMEM, false},
    {NTH_epoll_ctl, NTH_FAIL, EINTR, false},
    {NTH_epoll_create, NTH_FAIL, EMFILE, true},
    {NTH_socket, NTH_FAIL, EMFILE, false},
    {NTH_socket, NTH_FAIL, ENOBUFS, true},
    {NTH_connect, NTH_FAIL, EINTR, false},
    {NTH_read, NTH_FAIL, EINTR, false},
    {NTH_read, NTH_FAIL, EIO, false},
    {NTH_read, NTH_SHORT, 0, false},
    {NTH_pread, NTH_FAIL, EINTR, false},
    {NTH_pread, NTH_FAIL, EIO, false},
    {NTH_pread, NTH_SHORT, 0, false},
    {NTH_recv, NTH_FAIL, EINTR, false},
    {NTH_recv, NTH_FAIL, ECONNRESET, false},
    {NTH_recv, NTH_FAIL, EIO, false},
    {NTH_recv, NTH_SHORT, 0, false},
    {NTH_fcntl, NTH_FAIL, EINTR, false},
    {NTH_fcntl, NTH_FAIL, ENOMEM, true},
    {NTH_eventfd, NTH_FAIL, EMFILE, false},
    {NTH_pthread_create, NTH_FAIL, EAGAIN, false},
};

static const char config[] = "free_floor_bytes: 1\nsegment_bytes: 1052672\nmap_bytes: 4 GiB\n"
                             "first_frame_ms: 3000\nclose_ms: 1000\nquery_stop_ms: 2000\n"
                             "query_threads: 2";

static struct run {
    struct power_run store;
    struct kit *k;
    struct nth_control *nth;
    const struct fault *fault;
    long n;
    struct peer_asked asked[LOGS + ROWS];
    size_t sent;        /* of these, so many were ever sent */
    bool tables_failed; /* and said so */
} r;

static uint64_t seed;
static long *calls; /* of each function when nothing fails; shared with the tests' processes */

static void say_where(void) {
    char line[1024];
    fprintf(stderr, "call %ld of %s, how %d, error %d, on %d; its log:\n", r.n,
            nth_call_name(r.fault->call), (int)r.fault->how, r.fault->error, r.fault->on);
    FILE *f = fopen(r.k->d.log, "re");
    while (f != NULL && fgets(line, sizeof line, f) != NULL) {
        fputs(strstr(line, " library ") == NULL ? line : "", stderr);
    }
    if (f != NULL) {
        fclose(f);
    }
}

/* What went wrong, with all that is needed to see it again. */
#define RIGHT(condition, ...)          \
    do {                               \
        if (!(condition)) {            \
            say_where();               \
            ck_abort_msg(__VA_ARGS__); \
        }                              \
    } while (0)

/* ---- the scenario ------------------------------------------------------------------------- */

static void make_requests(void) {
    static const char *const words[] = {"housing", "work", "housing;work"};
    for (size_t i = 0; i < LOGS; i++) {
        r.asked[i].request = kit_request(r.k, "log", "service", "migration", "date", "2024-04-15",
                                         "topic", words[i % COUNT(words)], NULL);
    }
    for (size_t i = 0; i < ROWS; i++) {
        const char *ref = kit_text(r.k, i);
        r.asked[LOGS + i].request =
            kit_request(r.k, "log", "service", "citizen", "date", "2024-05-02", "topic", "legal",
                        "+source", "counter.csv", "+ref", ref, NULL);
    }
}

/* A connection, or none when three in a row were lost. */
static bool open_peer(struct peer *p) {
    for (int i = 0; i < 3; i++) {
        enum peer_state state = peer_open(p, &r.k->d, HANG_MS);
        RIGHT(state != PEER_SILENT && state != PEER_WRONG, "no welcome: %d", (int)state);
        if (state == PEER_OPEN) {
            return true;
        }
        peer_close(p);
    }
    return false;
}

static const Madoguchi__Answer *answer(struct peer *p) {
    const Madoguchi__Answer *got = peer_answer(p, HANG_MS);
    RIGHT(p->state != PEER_SILENT, "no answer");
    RIGHT(p->state != PEER_WRONG, "an answer that is none");
    return got;
}

/* Records these in one go.  A connection that is lost leaves the rest open. */
static void record(struct peer *p, size_t first, size_t n) {
    size_t sent = 0;
    while (sent < n &&
           peer_send(p, (uint32_t)(first + sent), r.asked[first + sent].request) == PEER_OPEN) {
        sent++;
    }
    r.sent = first + n > r.sent ? first + n : r.sent;
    for (size_t i = 0; i < sent; i++) {
        const Madoguchi__Answer *got = answer(p);
        if (got == NULL) {
            return;
        }
        bool alone = got->serial == 0 && got->body_case == MADOGUCHI__ANSWER__BODY_ERROR;
        RIGHT(alone || got->serial == first + i, "the answer to %u, not %zu", got->serial,
              first + i);
        RIGHT(peer_take(&r.asked[first + i], got), "request %zu: a wrong answer", first + i);
    }
}

static size_t acknowledged(size_t first, size_t n) {
    size_t count = 0;
    for (size_t i = first; i < first + n; i++) {
        count += r.asked[i].seq != 0;
    }
    return count;
}

/* The number of cases: what is acknowledged is there, what was never sent is not. */
static void ask_stats(struct peer *p) {
    Madoguchi__Request q = MADOGUCHI__REQUEST__INIT;
    Madoguchi__Stats stats = MADOGUCHI__STATS__INIT;
    Madoguchi__Scope scope = MADOGUCHI__SCOPE__INIT;
    q.body_case = MADOGUCHI__REQUEST__BODY_STATS;
    q.stats = &stats;
    stats.scope = &scope;
    SET(&stats, count, bytes_of("cases"));
    SET(&scope, from, bytes_of("FY2024"));
    SET(&scope, today, 20250615);
    size_t least = acknowledged(0, LOGS + ROWS);
    if (peer_send(p, 900, &q) != PEER_OPEN) {
        return;
    }
    const Madoguchi__Answer *got = answer(p);
    if (got == NULL) {
        return;
    }
    if (got->body_case == MADOGUCHI__ANSWER__BODY_ERROR) {
        RIGHT(got->error->en.len > 0 && got->error->ja.len > 0, "an error without a sentence");
        return;
    }
    RIGHT(got->body_case == MADOGUCHI__ANSWER__BODY_PAGE, "no page");
    size_t count = got->page->n_stat == 0 ? 0 : (size_t)got->page->stat[0]->count;
    RIGHT(count >= least && count <= r.sent, "%zu cases, not %zu to %zu", count, least, r.sent);
}

/* The list, whatever it says: pages come to an end. */
static void ask_list(struct peer *p) {
    Madoguchi__Request q = MADOGUCHI__REQUEST__INIT;
    Madoguchi__Scope scope = MADOGUCHI__SCOPE__INIT;
    q.body_case = MADOGUCHI__REQUEST__BODY_LIST;
    q.list = &scope;
    size_t least = acknowledged(0, LOGS + ROWS);
    size_t rows = 0;
    if (peer_send(p, 901, &q) != PEER_OPEN) {
        return;
    }
    for (bool more = true; more;) {
        const Madoguchi__Answer *got = answer(p);
        if (got == NULL || got->body_case == MADOGUCHI__ANSWER__BODY_ERROR) {
            return;
        }
        RIGHT(got->body_case == MADOGUCHI__ANSWER__BODY_PAGE, "no page");
        rows += got->page->n_case_row;
        more = got->has_more && got->more;
    }
    RIGHT(rows >= least && rows <= r.sent, "%zu rows, not %zu to %zu", rows, least, r.sent);
}

static void check_rows(struct peer *p) {
    for (size_t i = LOGS; i < LOGS + ROWS; i++) {
        SET(r.asked[i].request, check, 1);
        enum peer_state state = peer_send(p, (uint32_t)i, r.asked[i].request);
        r.asked[i].request->has_check = 0;
        if (state != PEER_OPEN || answer(p) == NULL) {
            return;
        }
    }
}

/* Each step on a connection that works, if there is one. */
static void scenario(void) {
    struct peer p;
    static const struct { size_t first, n; } steps[] = {{0, 1}, {1, 1}, {2, 5}, {7, 1}};
    bool open = open_peer(&p);
    for (size_t i = 0; open && i < COUNT(steps); i++) {
        record(&p, steps[i].first, steps[i].n);
        if (p.state == PEER_OPEN) {
            ask_stats(&p);
        }
        if (p.state != PEER_OPEN) {
            peer_close(&p);
            open = open_peer(&p);
        }
    }
    if (open) {
        check_rows(&p);
        record(&p, LOGS, ROWS);
        ask_list(&p);
        kit_daemon_configure(&r.k->d, config);
        kill(r.k->d.pid, SIGHUP);
        record(&p, LOGS - 1, 1);
        peer_close(&p);
    }
}

/* ---- one run ------------------------------------------------------------------------------ */

/* Starts it with the fault; whether it accepts. */
static bool start(void) {
    atomic_store(&r.nth->armed, 0);
    atomic_store(&r.nth->call, r.fault->call);
    atomic_store(&r.nth->how, r.fault->how);
    atomic_store(&r.nth->error, r.fault->error);
    atomic_store(&r.nth->on, r.fault->on);
    atomic_store(&r.nth->left, r.n);
    atomic_store(&r.nth->failed, 0);
    atomic_store(&r.nth->armed, 1);
    nth_preload(nth_has_memory() ? "nth_call.so nth_memory.so" : "nth_call.so");
    bool accepts = kit_daemon_try(&r.k->d, config);
    nth_preload(NULL);
    return accepts;
}

/* The status of a process that ended as it may. */
static void check_end(int status) {
    RIGHT(WIFEXITED(status), "ended by signal %d", WTERMSIG(status));
    int code = WEXITSTATUS(status);
    RIGHT(code == 0 || code == 1 || code == 70 || code == 71, "status %d", code);
    if (r.fault->call == NTH_write) {
        return; /* it may be the line that failed */
    }
    RIGHT(code != 1 || kit_daemon_logged(&r.k->d, "refused-to-start") > 0, "1 without a word");
    RIGHT(code != 70 || kit_daemon_logged(&r.k->d, "exit status=70") > 0, "70 without a word");
    r.tables_failed = kit_daemon_logged(&r.k->d, "tables-failed") > 0;
    RIGHT(!r.tables_failed || code == 70, "status %d, though the tables failed", code);
}

/* Without faults: all that was acknowledged is there, and all can be had. */
static void check_store(void) {
    struct peer p;
    bool seen[LOGS + ROWS + 3] = {false};
    kit_daemon_start(&r.k->d, config);
    RIGHT(open_peer(&p), "no connection after the restart");
    record(&p, 0, LOGS + ROWS);
    RIGHT(acknowledged(0, LOGS + ROWS) == LOGS + ROWS, "not all is recorded after the restart");
    for (size_t i = 0; i < LOGS + ROWS; i++) {
        uint64_t seq = r.asked[i].seq;
        RIGHT(seq > 2 && seq <= LOGS + ROWS + 2 && !seen[seq], "#%llu twice or beyond the end",
              (unsigned long long)seq);
        seen[seq] = true;
    }
    ask_stats(&p);
    ask_list(&p);
    peer_close(&p);
    RIGHT(kit_daemon_stop(&r.k->d, SIGTERM) == 0, "no clean stop");
    kit_verify(r.k);
}

/* As a daemon leaves it that was killed. */
static void leave_socket(void) {
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    snprintf(a.sun_path, sizeof a.sun_path, "%.100s", r.k->d.socket);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    close(fd);
}

/* Whether the call was made. */
static bool run(const struct fault *fault, long n) {
    power_run_begin(&r.store, 1, false);
    r.k = &r.store.k;
    r.fault = fault;
    r.n = n;
    r.sent = 0;
    memset(r.asked, 0, sizeof r.asked);
    make_requests();
    leave_socket();
    r.nth = nth_begin(r.k->dir);
    if (start()) {
        scenario();
    }
    check_end(kit_daemon_stop(&r.k->d, SIGTERM));
    atomic_store(&r.nth->armed, 0);
    bool failed = atomic_load(&r.nth->failed);
    for (size_t i = 0; n == LONG_MAX && i < NTH_COUNT; i++) {
        calls[i] = atomic_load(&r.nth->made[i]);
    }
    check_store();
    nth_end(r.nth);
    power_run_end(&r.store);
    return failed;
}

/* How many of the runs are tried unless all are. */
static int samples(enum nth_call call) {
    return calls[call] == 0 ? 0 : call == NTH_malloc ? 6 : 1;
}

START_TEST(a_call_of_the_daemon) {
    const struct fault *fault = &faults[_i];
    const char *only = getenv("NTH_ONLY");
    if ((only != NULL && strcmp(only, nth_call_name(fault->call)) != 0) ||
        (fault->call == NTH_malloc && !nth_has_memory())) {
        return;
    }
    long n = 1;
    if (power_number("NTH_ALL", 0) != 0 || power_number("NTH_FROM", 0) != 0) {
        for (n = (long)power_number("NTH_FROM", 1); run(fault, n) || n < calls[fault->call]; n++) {
        }
    } else {
        uint64_t random = seed + (uint64_t)_i * 7919;
        for (int i = 0; i < samples(fault->call); i++) {
            run(fault, 1 + (long)power_random(&random, (size_t)calls[fault->call]));
        }
    }
    fprintf(stderr, "%s how %d error %d on %d: %ld calls\n", nth_call_name(fault->call),
            (int)fault->how, fault->error, fault->on, n > 1 ? n - 1 : calls[fault->call]);
}
END_TEST

/* A commit of the tables that fails ends the daemon, with all of it recorded: run()
 * starts it again and counts.  Which write is a commit's is found by trying. */
START_TEST(tables_that_cannot_be_committed) {
    static const struct fault fault = {NTH_pwrite, NTH_FAIL, EIO, false};
    long n = 1;
    while (n <= calls[NTH_pwrite]) {
        run(&fault, n++);
        if (r.tables_failed) {
            fprintf(stderr, "write %ld was of a commit\n", n - 1);
            return;
        }
    }
    ck_abort_msg("none of %ld writes ended it with tables-failed", calls[NTH_pwrite]);
}
END_TEST

/* In the parent, so that all kinds know it: how often each is called when
 * nothing fails. */
START_TEST(nothing_fails) {
    static const struct fault none = {NTH_write, NTH_FAIL, 0, false};
    ck_assert(!run(&none, LONG_MAX));
    for (size_t i = 0; i < COUNT(faults); i++) {
        bool counted = calls[faults[i].call] > 0;
        bool counts = faults[i].call != NTH_malloc || nth_has_memory();
        ck_assert_msg(counted || !counts, "%s is never called", nth_call_name(faults[i].call));
    }
}
END_TEST

int main(void) {
    Suite *s = suite_create("nth_daemon");
    TCase *first = tcase_create("nothing fails");
    TCase *t = tcase_create("nth_daemon");
    seed = power_seed();
    calls = mmap(NULL, NTH_COUNT * sizeof *calls, PROT_READ | PROT_WRITE,
                 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    tcase_set_timeout(t, 36000);
    tcase_set_timeout(first, 60);
    tcase_add_test(first, nothing_fails);
    tcase_add_test(t, tables_that_cannot_be_committed);
    tcase_add_loop_test(t, a_call_of_the_daemon, 0, (int)COUNT(faults));
    suite_add_tcase(s, first);
    suite_add_tcase(s, t);
    kit_begin();
    int status = suite_run(s);
    kit_end();
    return status;
}
