/* The open loop: so many logs a second whatever the answers do, and so many logins a
 * second beside them.  An answer's time counts from when its request was due, so
 * that a server that holds everything for a moment cannot hide it. */
#include "tests/bench/bench.h"
#include "tests/bench/measure.h"
#include "tests/bench/tongue.h"

#include "proto/madoguchi.pb-c.h"
#include "proto/message.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define SECOND     1000000000u
#define IN_FLIGHT  64
#define LOGINS_MAX 32

struct pacer {
    struct wire wire;
    uint64_t due[IN_FLIGHT]; /* of what is in flight, in order */
    uint64_t first, last;
    bool logs_in;
    uint8_t login[PACKED_MAX];
    size_t login_len;
};

struct pace {
    const struct load *load;
    struct requests *requests;
    struct pacer *pacers; /* the logging ones, then those that log in */
    unsigned n, next, next_login;
    int epoll;
    struct times logs, logins;
    uint64_t begin, count_from;
};

/* "NAME PASSWORD" as a packed message. */
static void pack_login(struct pacer *one, char *line) {
    char *name = strtok(line, " \n");
    char *password = strtok(NULL, " \n");
    if (name == NULL || password == NULL) {
        bench_die("a line of BENCH_LOGINS is NAME PASSWORD");
    }
    Madoguchi__Login login = MADOGUCHI__LOGIN__INIT;
    Madoguchi__Request request = MADOGUCHI__REQUEST__INIT;
    Madoguchi__ClientMessage m = MADOGUCHI__CLIENT_MESSAGE__INIT;
    SET(&login, name, bytes_of(name));
    SET(&login, password, bytes_of(password));
    SET(&request, serial, 1);
    request.body_case = MADOGUCHI__REQUEST__BODY_LOGIN;
    request.login = &login;
    m.body_case = MADOGUCHI__CLIENT_MESSAGE__BODY_REQUEST;
    m.request = &request;
    if (madoguchi__client_message__get_packed_size(&m) > PACKED_MAX) {
        bench_die("a login that is too long");
    }
    one->login_len = madoguchi__client_message__pack(&m, one->login);
}

/* One account a connection, from the file of BENCH_LOGINS. */
static void pack_logins(struct pace *p) {
    const char *path = getenv("BENCH_LOGINS");
    FILE *f = path == NULL ? NULL : fopen(path, "re");
    char line[PACKED_MAX];
    if (f == NULL) {
        bench_die("logins want BENCH_LOGINS=FILE");
    }
    for (unsigned i = p->load->connections; i < p->n; i++) {
        if (fgets(line, sizeof line, f) == NULL) {
            bench_die("%s has fewer than %d accounts", path, LOGINS_MAX);
        }
        pack_login(&p->pacers[i], line);
    }
    fclose(f);
}

static void connect_all(struct pace *p) {
    p->n = p->load->connections + (p->load->logins > 0 ? LOGINS_MAX : 0);
    p->epoll = epoll_create1(EPOLL_CLOEXEC);
    p->pacers = calloc(p->n, sizeof *p->pacers);
    if (p->epoll < 0 || p->pacers == NULL) {
        bench_die("out of memory");
    }
    for (unsigned i = 0; i < p->n; i++) {
        struct pacer *one = &p->pacers[i];
        if (!bench_connect(&one->wire, p->load->tongue, p->load->socket)) {
            bench_die("nobody answers on %s", p->load->socket);
        }
        one->logs_in = i >= p->load->connections;
        struct epoll_event e = {.events = EPOLLIN, .data.ptr = one};
        epoll_ctl(p->epoll, EPOLL_CTL_ADD, one->wire.fd, &e);
    }
}

static void send_due(struct pace *p, struct pacer *one, uint64_t due) {
    if (one->last - one->first == IN_FLIGHT) {
        bench_die("the server does not keep up: %d requests of one connection wait", IN_FLIGHT);
    }
    if (one->logs_in) {
        wire_add_frame(&one->wire, one->login, one->login_len);
    } else {
        requests_next(p->requests, &one->wire);
    }
    one->due[one->last++ % IN_FLIGHT] = due;
    (void)wire_flush(&one->wire);
}

static void take(struct pace *p, struct pacer *one) {
    const uint8_t *message;
    size_t len;
    size_t offset = 0;
    bool more;
    wire_fill(&one->wire, false);
    uint64_t now = bench_now();
    while (wire_next(&one->wire, &offset, &message, &len)) {
        (void)tongue_kind(message, len, &more);
        uint64_t due = one->due[one->first++ % IN_FLIGHT];
        if (due >= p->count_from) {
            times_add(one->logs_in ? &p->logins : &p->logs, now - due);
        }
    }
    wire_drop(&one->wire, offset);
    (void)wire_flush(&one->wire);
}

/* Sends what is due by now; when the next one is. */
static uint64_t send_all(struct pace *p, uint64_t *sent, uint64_t *logged_in, uint64_t now) {
    double rate = p->load->rate;
    double logins = p->load->logins;
    uint64_t due;
    while ((due = p->begin + (uint64_t)((double)*sent / rate * SECOND)) <= now) {
        send_due(p, &p->pacers[p->next++ % p->load->connections], due);
        ++*sent;
    }
    while (logins > 0) {
        uint64_t at = p->begin + (uint64_t)((double)*logged_in / logins * SECOND);
        if (at > now) {
            break;
        }
        send_due(p, &p->pacers[p->load->connections + p->next_login++ % LOGINS_MAX], at);
        ++*logged_in;
    }
    return due;
}

static void run(struct pace *p) {
    struct epoll_event events[256];
    uint64_t length = (uint64_t)(p->load->seconds * SECOND);
    uint64_t sent = 0;
    uint64_t logged_in = 0;
    p->begin = bench_now();
    p->count_from = p->begin + length / 4;
    uint64_t end = p->count_from + length;
    for (uint64_t now = p->begin; now < end; now = bench_now()) {
        uint64_t due = send_all(p, &sent, &logged_in, now);
        struct timespec wait = {.tv_nsec = due > now ? (long)(due - now) : 0};
        int n = epoll_pwait2(p->epoll, events, 256, &wait, NULL);
        for (int i = 0; i < n; i++) {
            take(p, events[i].data.ptr);
        }
    }
}

void bench_pace(const struct load *load) {
    struct pace p = {.load = load, .requests = requests_make(load)};
    p.logs = times_new();
    p.logins = times_new();
    connect_all(&p);
    if (load->logins > 0) {
        pack_logins(&p);
    }
    run(&p);
    printf("%.0f %.3f %.3f", (double)p.logs.n / load->seconds, times_percentile(&p.logs, 50),
           times_percentile(&p.logs, 99));
    printf(" %.1f %.1f %.1f\n", (double)p.logins.n / load->seconds, times_percentile(&p.logins, 50),
           times_percentile(&p.logins, 99));
    for (unsigned i = 0; i < p.n; i++) {
        wire_close(&p.pacers[i].wire);
    }
    free(p.pacers);
    close(p.epoll);
    times_free(&p.logs);
    times_free(&p.logins);
    requests_free(p.requests);
}
