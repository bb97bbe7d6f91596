#include "tests/bench/bench.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define DEPTH_MAX 64
#define BUCKETS   200000 /* of 10 microseconds */

struct loader {
    struct wire wire;
    uint64_t asked[DEPTH_MAX]; /* when, in the order of the answers to come */
    uint64_t first, last;
    bool waits_to_send;
};

struct times {
    uint32_t *bucket;
    uint64_t n;
};

static void times_add(struct times *t, uint64_t ns) {
    uint64_t i = ns / 10000;
    t->bucket[i < BUCKETS ? i : BUCKETS - 1]++;
    t->n++;
}

static double times_percentile(const struct times *t, double percent) {
    uint64_t wanted = (uint64_t)((double)t->n * percent / 100.0);
    uint64_t seen = 0;
    for (size_t i = 0; i < BUCKETS; i++) {
        seen += t->bucket[i];
        if (seen > wanted) {
            return (double)(i + 1) / 100.0;
        }
    }
    return (double)BUCKETS / 100.0;
}

static struct times times_new(void) {
    struct times t = {.bucket = calloc(BUCKETS, sizeof *t.bucket)};
    if (t.bucket == NULL) {
        bench_die("out of memory");
    }
    return t;
}

/* ---- logging ---------------------------------------------------------------------- */

struct run {
    const struct load *load;
    struct requests *requests;
    struct loader *loaders;
    int epoll;
    struct times times;
    uint64_t asked, answered;
    uint64_t begun, measured_from, until; /* ns; until 0: not by time */
    uint64_t counted;                     /* answers since measured_from */
};

static void watch(struct run *run, struct loader *l) {
    bool left = !wire_flush(&l->wire);
    if (left != l->waits_to_send) {
        struct epoll_event e = {.events = EPOLLIN | (left ? EPOLLOUT : 0), .data.ptr = l};
        l->waits_to_send = left;
        epoll_ctl(run->epoll, EPOLL_CTL_MOD, l->wire.fd, &e);
    }
}

static void ask(struct run *run, struct loader *l, uint64_t now) {
    if (run->load->total != 0 && run->asked == run->load->total) {
        return;
    }
    size_t len;
    const uint8_t *message = requests_next(run->requests, &len);
    wire_add(&l->wire, message, len);
    l->asked[l->last++ % DEPTH_MAX] = now;
    run->asked++;
}

static void take(struct run *run, struct loader *l) {
    const uint8_t *message;
    size_t len;
    size_t offset = 0;
    bool more;
    unsigned n = 0;
    wire_fill(&l->wire, false);
    uint64_t now = bench_now();
    while (wire_next(&l->wire, &offset, &message, &len)) {
        if (wire_kind(message, len, &more) != WIRE_RECORDED) {
            bench_die("an answer of another kind");
        }
        uint64_t asked = l->asked[l->first++ % DEPTH_MAX];
        run->answered++;
        if (now >= run->measured_from) {
            times_add(&run->times, now - asked);
            run->counted++;
        }
        n++;
    }
    wire_drop(&l->wire, offset);
    for (; n > 0; n--) {
        ask(run, l, now);
    }
    watch(run, l);
}

static void connect_all(struct run *run) {
    run->epoll = epoll_create1(EPOLL_CLOEXEC);
    run->loaders = calloc(run->load->connections, sizeof *run->loaders);
    if (run->epoll < 0 || run->loaders == NULL) {
        bench_die("out of memory");
    }
    for (unsigned i = 0; i < run->load->connections; i++) {
        struct loader *l = &run->loaders[i];
        if (!wire_connect(&l->wire, run->load->socket)) {
            bench_die("nobody answers on %s", run->load->socket);
        }
        struct epoll_event e = {.events = EPOLLIN, .data.ptr = l};
        epoll_ctl(run->epoll, EPOLL_CTL_ADD, l->wire.fd, &e);
    }
}

static bool goes_on(const struct run *run) {
    return run->load->total != 0 ? run->answered < run->load->total : bench_now() < run->until;
}

void bench_log(const struct load *load) {
    struct run run = {.load = load, .times = times_new()};
    run.requests = requests_make(load->catalogue, load->months);
    connect_all(&run);
    run.begun = bench_now();
    uint64_t length = (uint64_t)(load->seconds * 1e9);
    run.measured_from = load->total != 0 ? run.begun : run.begun + length / 4;
    run.until = run.measured_from + length;
    for (unsigned i = 0; i < load->connections; i++) {
        for (unsigned k = 0; k < load->depth; k++) {
            ask(&run, &run.loaders[i], run.begun);
        }
        watch(&run, &run.loaders[i]);
    }
    while (goes_on(&run)) {
        struct epoll_event events[256];
        int n = epoll_wait(run.epoll, events, 256, 10000);
        if (n == 0) {
            bench_die("no answer for ten seconds");
        }
        for (int i = 0; i < n; i++) {
            struct loader *l = events[i].data.ptr;
            if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
                take(&run, l);
            } else {
                watch(&run, l);
            }
        }
    }
    double seconds = (double)(bench_now() - run.measured_from) / 1e9;
    printf("%.0f %.2f %.2f\n", (double)run.counted / seconds, times_percentile(&run.times, 50),
           times_percentile(&run.times, 99));
    for (unsigned i = 0; i < load->connections; i++) {
        wire_close(&run.loaders[i].wire);
    }
    free(run.loaders);
    free(run.times.bucket);
    close(run.epoll);
    requests_free(run.requests);
}

/* ---- questions ---------------------------------------------------------------------- */

static void ask_and_wait(struct wire *w, const uint8_t *message, size_t len) {
    bool more = true;
    wire_add(w, message, len);
    while (!wire_flush(w)) {
    }
    while (more) {
        const uint8_t *answer;
        size_t answer_len;
        size_t offset = 0;
        while (!wire_next(w, &offset, &answer, &answer_len)) {
            wire_fill(w, true);
        }
        if (wire_kind(answer, answer_len, &more) != WIRE_PAGE) {
            bench_die("an answer of another kind");
        }
        wire_drop(w, offset);
    }
}

void bench_stats(const struct load *load) {
    struct wire w;
    struct times times = times_new();
    uint8_t message[256];
    size_t len = requests_stats(message);
    if (!wire_connect(&w, load->socket)) {
        bench_die("nobody answers on %s", load->socket);
    }
    ask_and_wait(&w, message, len); /* the first one warms up */
    for (unsigned long i = 0; i < load->total; i++) {
        uint64_t begun = bench_now();
        ask_and_wait(&w, message, len);
        times_add(&times, bench_now() - begun);
    }
    printf("%.2f %.2f\n", times_percentile(&times, 50), times_percentile(&times, 99));
    wire_close(&w);
    free(times.bucket);
}

/* ---- idle connections, and the start --------------------------------------------------- */

void bench_idle(const struct load *load) {
    struct wire *wires = calloc(load->connections, sizeof *wires);
    if (wires == NULL) {
        bench_die("out of memory");
    }
    for (unsigned i = 0; i < load->connections; i++) {
        if (!wire_connect(&wires[i], load->socket)) {
            bench_die("connection %u was not accepted", i + 1);
        }
    }
    puts("ready");
    fflush(stdout);
    while (getchar() != EOF) {
    }
    for (unsigned i = 0; i < load->connections; i++) {
        wire_close(&wires[i]);
    }
    free(wires);
}

void bench_start(const struct load *load, char **argv) {
    struct wire w;
    uint64_t begun = bench_now();
    pid_t pid = fork();
    if (pid == 0) {
        /* The daemon goes on when this process has ended. */
        setsid();
        dup2(STDERR_FILENO, STDOUT_FILENO); /* whoever reads our line does not wait for it */
        execv(argv[0], argv);
        _exit(127);
    }
    while (!wire_connect(&w, load->socket)) {
        struct timespec t = {.tv_nsec = 200000};
        nanosleep(&t, NULL);
        if (waitpid(pid, NULL, WNOHANG) != 0) {
            bench_die("%s ended", argv[0]);
        }
    }
    printf("%ld %.1f\n", (long)pid, (double)(bench_now() - begun) / 1e6);
    wire_close(&w);
}
