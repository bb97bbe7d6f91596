/* The same closed loop against PostgreSQL: each request inserts one row and
 * adds one to a tally, in one transaction, before it is answered.
 *
 *     load CONNINFO CONNECTIONS SECONDS
 *
 * Prints requests a second, then p50 and p99 in milliseconds. */
#include <errno.h>
#include <libpq-fe.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>

#define BUCKETS 200000 /* of 10 microseconds */

static const char statement[] =
    "WITH one AS (INSERT INTO contacts (id, service, office, channel, topic, day, note)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7))"
    " INSERT INTO tally (month, service, office, channel, topic, n) VALUES ($6 / 100, $2, $3, $4,"
    " $5, 1) ON CONFLICT (month, service, office, channel, topic) DO UPDATE SET n = tally.n + 1";

struct loader {
    PGconn *pg;
    uint64_t asked;
};

static uint64_t next_id;
static uint64_t state = 88172645463325252u;
static uint32_t buckets[BUCKETS];

static uint64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static unsigned choose(unsigned below) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (unsigned)((state >> 33) % below);
}

static void stop(const char *what, PGconn *pg) {
    fprintf(stderr, "postgres: %s: %s", what, pg != NULL ? PQerrorMessage(pg) : "\n");
    exit(1);
}

static void ask(struct loader *l) {
    char text[6][24];
    const char *values[7];
    snprintf(text[0], sizeof text[0], "%llu", (unsigned long long)++next_id);
    snprintf(text[1], sizeof text[1], "%u", choose(5));
    snprintf(text[2], sizeof text[2], "%u", choose(8));
    snprintf(text[3], sizeof text[3], "%u", choose(13));
    snprintf(text[4], sizeof text[4], "%u", choose(20));
    snprintf(text[5], sizeof text[5], "%u", 20240000 + (1 + choose(12)) * 100 + 1 + choose(28));
    for (int i = 0; i < 6; i++) {
        values[i] = text[i];
    }
    values[6] = "counter-3 a text as long as what the envelope of an entry says about itself";
    l->asked = now();
    if (!PQsendQueryPrepared(l->pg, "log", 7, values, NULL, NULL, 0)) {
        stop("send", l->pg);
    }
    while (PQflush(l->pg) == 1) {
    }
}

/* Whether the answer was whole. */
static int take(struct loader *l) {
    if (!PQconsumeInput(l->pg)) {
        stop("read", l->pg);
    }
    while (!PQisBusy(l->pg)) {
        PGresult *r = PQgetResult(l->pg);
        if (r == NULL) {
            return 1;
        }
        if (PQresultStatus(r) != PGRES_COMMAND_OK) {
            stop("refused", l->pg);
        }
        PQclear(r);
    }
    return 0;
}

static double percentile(uint64_t n, double percent) {
    uint64_t seen = 0;
    for (int i = 0; i < BUCKETS; i++) {
        seen += buckets[i];
        if ((double)seen > (double)n * percent / 100) {
            return (i + 1) / 100.0;
        }
    }
    return BUCKETS / 100.0;
}

static void open_one(struct loader *l, const char *conninfo, int epoll) {
    l->pg = PQconnectdb(conninfo);
    if (PQstatus(l->pg) != CONNECTION_OK) {
        stop("connect", l->pg);
    }
    PGresult *r = PQexec(l->pg, "SELECT coalesce(max(id), 0) FROM contacts");
    uint64_t last = strtoull(PQgetvalue(r, 0, 0), NULL, 10);
    next_id = last > next_id ? last : next_id;
    PQclear(r);
    PQclear(PQprepare(l->pg, "log", statement, 7, NULL));
    PQsetnonblocking(l->pg, 1);
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = l};
    epoll_ctl(epoll, EPOLL_CTL_ADD, PQsocket(l->pg), &e);
}

int main(int argc, char **argv) {
    if (argc != 4) {
        return 2;
    }
    int n = atoi(argv[2]);
    int epoll = epoll_create1(0);
    struct loader *loaders = calloc((size_t)n, sizeof *loaders);
    for (int i = 0; i < n; i++) {
        open_one(&loaders[i], argv[1], epoll);
    }
    uint64_t length = (uint64_t)(strtod(argv[3], NULL) * 1e9);
    uint64_t from = now() + length / 4;
    uint64_t counted = 0;
    for (int i = 0; i < n; i++) {
        ask(&loaders[i]);
    }
    while (now() < from + length) {
        struct epoll_event events[256];
        int ready = epoll_wait(epoll, events, 256, 10000);
        for (int i = 0; i < ready; i++) {
            struct loader *l = events[i].data.ptr;
            if (!take(l)) {
                continue;
            }
            uint64_t t = now();
            if (t >= from) {
                uint64_t bucket = (t - l->asked) / 10000;
                buckets[bucket < BUCKETS ? bucket : BUCKETS - 1]++;
                counted++;
            }
            ask(l);
        }
    }
    printf("%.0f %.2f %.2f\n", (double)counted / ((double)(now() - from) / 1e9),
           percentile(counted, 50), percentile(counted, 99));
    return 0;
}
