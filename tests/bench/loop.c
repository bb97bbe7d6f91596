/* The closed loop: each connection has so many requests in flight; an answer
 * makes room for the next one. */
#include "tests/bench/bench.h"
#include "tests/bench/measure.h"
#include "tests/bench/tongue.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#define DEPTH_MAX 64

struct loader {
    struct wire wire;
    uint64_t asked[DEPTH_MAX]; /* when, in the order of the answers to come */
    uint64_t first, last;
    bool waits_to_send;
};

struct run {
    const struct load *load;
    struct requests *requests;
    struct loader *loaders;
    int epoll;
    struct measure measure;
    uint64_t asked;
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
    requests_next(run->requests, &l->wire);
    l->asked[l->last++ % DEPTH_MAX] = now;
    run->asked++;
}

static void take(struct run *run, struct loader *l) {
    wire_fill(&l->wire, false);
    uint64_t now = bench_now();
    size_t n = run->load->tongue->take(&l->wire);
    if (n > l->last - l->first) {
        bench_die("more answers than requests");
    }
    for (size_t i = 0; i < n; i++) {
        measure_answer(&run->measure, l->asked[l->first++ % DEPTH_MAX], now);
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
        if (!bench_connect(&l->wire, run->load->tongue, run->load->socket)) {
            bench_die("nobody answers on %s", run->load->socket);
        }
        struct epoll_event e = {.events = EPOLLIN, .data.ptr = l};
        epoll_ctl(run->epoll, EPOLL_CTL_ADD, l->wire.fd, &e);
    }
}

static void turn(struct run *run) {
    struct epoll_event events[256];
    int n = epoll_wait(run->epoll, events, 256, 30000);
    if (n == 0) {
        bench_die("no answer for thirty seconds");
    }
    for (int i = 0; i < n; i++) {
        struct loader *l = events[i].data.ptr;
        if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
            take(run, l);
        } else {
            watch(run, l);
        }
    }
}

void bench_log(const struct load *load) {
    struct run run = {.load = load, .requests = requests_make(load)};
    connect_all(&run);
    measure_begin(&run.measure, load->seconds, load->total, load->pid, load->data);
    uint64_t now = bench_now();
    for (unsigned i = 0; i < load->connections; i++) {
        for (unsigned k = 0; k < load->depth; k++) {
            ask(&run, &run.loaders[i], now);
        }
        watch(&run, &run.loaders[i]);
    }
    while (measure_goes_on(&run.measure)) {
        turn(&run);
    }
    measure_end(&run.measure);
    for (unsigned i = 0; i < load->connections; i++) {
        wire_close(&run.loaders[i].wire);
    }
    free(run.loaders);
    close(run.epoll);
    requests_free(run.requests);
}
