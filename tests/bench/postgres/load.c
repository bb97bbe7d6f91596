/* The closed loop against PostgreSQL: each request inserts one case and adds
 * one to a tally, in one transaction, before it is answered.
 *
 *     load -s CONNINFO [-c CONNECTIONS] [-t SECONDS] [-p PID] [-d FOLDER] [-k CATALOGUE]
 *     load -s CONNINFO -Q QUESTION -n TIMES
 *
 * One prepared statement, its parameters binary and packed beforehand, as the
 * other generators pack theirs.  Prints what measure_end() does. */
#include "tests/bench/bench.h"
#include "tests/bench/cases.h"
#include "tests/bench/measure.h"

#include <endian.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

static const char statement[] =
    "WITH one AS (INSERT INTO cases (id, municipality, service, office, channel, nature, topic,"
    " day, note) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9))"
    " INSERT INTO tally (month, service, office, channel, nature, topic, n)"
    " VALUES ($8 / 100, $3, $4, $5, $6, $7, 1)"
    " ON CONFLICT (month, service, office, channel, nature, topic) DO UPDATE SET n = tally.n + 1";

#define PARAMETERS 9
static const Oid types[PARAMETERS] = {20, 23, 21, 21, 21, 21, 21, 23, 25}; /* int8 4 2, text */
static const int lengths[PARAMETERS] = {8, 4, 2, 2, 2, 2, 2, 4, CASES_NOTE};
static const int binary[PARAMETERS] = {1, 1, 1, 1, 1, 1, 1, 1, 1};

struct loader {
    PGconn *pg;
    uint64_t asked;
};

static struct {
    const struct bench_case *cases;
    size_t next;
    uint64_t id;
    int epoll;
    struct measure measure;
} run;

static noreturn void stop(const char *what, PGconn *pg) {
    bench_die("PostgreSQL: %s: %s", what, PQerrorMessage(pg));
}

static void ask(struct loader *l) {
    const struct bench_case *k = &run.cases[run.next++ % CASES];
    uint64_t id = htobe64(++run.id);
    uint32_t municipality = htobe32(CASES_MUNICIPALITY);
    uint32_t day = htobe32(cases_date());
    uint16_t code[] = {htobe16(k->service_number), htobe16(k->office_number),
                       htobe16(k->channel_number), htobe16(k->nature_number),
                       htobe16(k->topic_number)};
    const char *values[PARAMETERS] = {(char *)&id,      (char *)&municipality, (char *)&code[0],
                                      (char *)&code[1], (char *)&code[2],      (char *)&code[3],
                                      (char *)&code[4], (char *)&day,          cases_note};
    l->asked = bench_now();
    if (!PQsendQueryPrepared(l->pg, "log", PARAMETERS, values, lengths, binary, 1)) {
        stop("send", l->pg);
    }
    for (int i = 0; PQflush(l->pg) == 1; i++) {
        if (i > 1000000) {
            stop("send", l->pg);
        }
    }
}

/* Whether the answer was whole. */
static bool take(struct loader *l) {
    if (!PQconsumeInput(l->pg)) {
        stop("read", l->pg);
    }
    while (!PQisBusy(l->pg)) {
        PGresult *r = PQgetResult(l->pg);
        if (r == NULL) {
            return true;
        }
        if (PQresultStatus(r) != PGRES_COMMAND_OK) {
            stop("refused", l->pg);
        }
        PQclear(r);
    }
    return false;
}

static void open_one(struct loader *l, const char *conninfo) {
    l->pg = PQconnectdb(conninfo);
    if (PQstatus(l->pg) != CONNECTION_OK) {
        stop("connect", l->pg);
    }
    PGresult *r = PQprepare(l->pg, "log", statement, PARAMETERS, types);
    if (PQresultStatus(r) != PGRES_COMMAND_OK) {
        stop("prepare", l->pg);
    }
    PQclear(r);
    PQsetnonblocking(l->pg, 1);
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = l};
    epoll_ctl(run.epoll, EPOLL_CTL_ADD, PQsocket(l->pg), &e);
}

static void last_id(PGconn *pg) {
    PGresult *r = PQexec(pg, "SELECT coalesce(max(id), 0) FROM cases");
    if (PQresultStatus(r) != PGRES_TUPLES_OK) {
        stop("select", pg);
    }
    run.id = strtoull(PQgetvalue(r, 0, 0), NULL, 10);
    PQclear(r);
}

/* The same question `times` times; p50 and p99 in milliseconds, and its rows. */
static void questions(const char *conninfo, const char *sql, unsigned long times) {
    struct times took = times_new();
    PGconn *pg = PQconnectdb(conninfo);
    int rows = 0;
    if (PQstatus(pg) != CONNECTION_OK) {
        stop("connect", pg);
    }
    for (unsigned long i = 0; i <= times; i++) {
        uint64_t begun = bench_now();
        PGresult *r = PQexec(pg, sql);
        if (PQresultStatus(r) != PGRES_TUPLES_OK) {
            stop("select", pg);
        }
        if (i > 0) { /* the first one warms up */
            times_add(&took, bench_now() - begun);
        }
        rows = PQntuples(r);
        PQclear(r);
    }
    printf("%.3f %.3f %d\n", times_percentile(&took, 50), times_percentile(&took, 99), rows);
    PQfinish(pg);
    times_free(&took);
}

static void turn(void) {
    struct epoll_event events[256];
    int n = epoll_wait(run.epoll, events, 256, 30000);
    if (n == 0) {
        bench_die("no answer for thirty seconds");
    }
    for (int i = 0; i < n; i++) {
        struct loader *l = events[i].data.ptr;
        if (take(l)) {
            measure_answer(&run.measure, l->asked, bench_now());
            ask(l);
        }
    }
}

static void cases(const struct load *load) {
    struct loader *loaders = calloc(load->connections, sizeof *loaders);
    if (loaders == NULL) {
        bench_die("out of memory");
    }
    run.cases = cases_make(load->catalogue, CASES_LIVE);
    run.epoll = epoll_create1(EPOLL_CLOEXEC);
    for (unsigned i = 0; i < load->connections; i++) {
        open_one(&loaders[i], load->socket);
    }
    last_id(loaders[0].pg);
    measure_begin(&run.measure, load->seconds, 0, load->pid, load->data);
    for (unsigned i = 0; i < load->connections; i++) {
        ask(&loaders[i]);
    }
    while (measure_goes_on(&run.measure)) {
        turn();
    }
    measure_end(&run.measure);
    for (unsigned i = 0; i < load->connections; i++) {
        PQfinish(loaders[i].pg);
    }
    free(loaders);
}

int main(int argc, char **argv) {
    struct load load = {.catalogue = "plans/catalogue.yaml", .connections = 1, .seconds = 2};
    const char *question = NULL;
    int c;
    while ((c = getopt(argc, argv, "s:c:t:p:d:k:Q:n:")) != -1) {
        switch (c) {
        case 'Q':
            question = optarg;
            break;
        case 'n':
            load.total = strtoul(optarg, NULL, 10);
            break;
        case 's':
            load.socket = optarg;
            break;
        case 'c':
            load.connections = (unsigned)strtoul(optarg, NULL, 10);
            break;
        case 't':
            load.seconds = strtod(optarg, NULL);
            break;
        case 'p':
            load.pid = strtol(optarg, NULL, 10);
            break;
        case 'd':
            load.data = optarg;
            break;
        case 'k':
            load.catalogue = optarg;
            break;
        default:
            return 2;
        }
    }
    if (load.socket == NULL) {
        return 2;
    }
    if (question != NULL) {
        questions(load.socket, question, load.total);
    } else {
        cases(&load);
    }
    return 0;
}
