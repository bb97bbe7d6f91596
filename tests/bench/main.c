/* load log|pace|ask|idle|csv|start|flush: the parts that the scripts are made of. */
#include "tests/bench/bench.h"
#include "tests/bench/cases.h"
#include "tests/bench/tongue.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static noreturn void usage(void) {
    fputs("usage: load log   -s SOCKET [-x PROTOCOL] [-c CONNECTIONS] [-q DEPTH]\n"
          "                  [-t SECONDS | -n REQUESTS] [-m MONTHS | -l] [-p PID] [-d FOLDER]\n"
          "       load pace  -s SOCKET -r LOGS [-g LOGINS] [-c CONNECTIONS] [-t SECONDS]\n"
          "       load ask   -s SOCKET -n QUESTIONS [-b FIELD,FIELD... | -L] [-o COUNT]\n"
          "                  [-f PERIOD [-u PERIOD]]\n"
          "       load idle  -s SOCKET -c CONNECTIONS\n"
          "       load csv   -n ROWS [-m MONTHS] [-N]\n"
          "       load start -s SOCKET [-x PROTOCOL] SERVER ARGUMENT...\n"
          "       load flush -d FOLDER -n TIMES\n"
          "SOCKET: a path, tcp:ADDRESS:PORT, or tls:ADDRESS:PORT with BENCH_TLS=FOLDER of "
          "certificates.\n"
          "PROTOCOL: madoguchi web floor redis redis-packed. -l: cases of this month, as a peer's "
          "row\n"
          "has them. -b: stats, of month and service if not given. -L: a list.\n"
          "-N: in numbers, for a peer. -k: the catalogue.\n",
          stderr);
    exit(2);
}

struct asked {
    struct load load;
    struct question question;
    bool numbers;
};

static bool option(struct asked *a, int c) {
    struct load *load = &a->load;
    switch (c) {
    case 's':
        load->socket = optarg;
        break;
    case 'x':
        load->tongue = tongue_of(optarg);
        break;
    case 'c':
        load->connections = (unsigned)strtoul(optarg, NULL, 10);
        break;
    case 'q':
        load->depth = (unsigned)strtoul(optarg, NULL, 10);
        break;
    case 't':
        load->seconds = strtod(optarg, NULL);
        break;
    case 'n':
        load->total = strtoul(optarg, NULL, 10);
        break;
    case 'r':
        load->rate = strtod(optarg, NULL);
        break;
    case 'g':
        load->logins = strtod(optarg, NULL);
        break;
    case 'm':
        load->months = (int)strtoul(optarg, NULL, 10);
        break;
    case 'l':
        load->months = CASES_LIVE;
        break;
    case 'p':
        load->pid = strtol(optarg, NULL, 10);
        break;
    case 'd':
        load->data = optarg;
        break;
    case 'k':
        load->catalogue = optarg;
        break;
    case 'N':
        a->numbers = true;
        break;
    default:
        return false;
    }
    return true;
}

static bool question_option(struct question *q, int c) {
    switch (c) {
    case 'b':
        q->by = optarg;
        break;
    case 'L':
        q->by = NULL;
        break;
    case 'o':
        q->count = optarg;
        break;
    case 'f':
        q->from = optarg;
        break;
    case 'u':
        q->to = optarg;
        break;
    default:
        return false;
    }
    return true;
}

static bool complete(const char *what, const struct load *load) {
    if (strcmp(what, "csv") == 0) {
        return load->total > 0;
    }
    if (strcmp(what, "flush") == 0) {
        return load->data != NULL && load->total > 0;
    }
    if (strcmp(what, "pace") == 0 && load->rate <= 0) {
        return false;
    }
    return load->socket != NULL && load->connections > 0 && load->depth > 0 && load->depth <= 64;
}

int main(int argc, char **argv) {
    struct asked a = {.load = {.catalogue = "plans/catalogue.yaml",
                               .tongue = &tongue_madoguchi,
                               .connections = 1,
                               .depth = 1,
                               .months = 12,
                               .seconds = 2},
                      .question = {.by = "month,service"}};
    int c;
    if (argc < 2) {
        usage();
    }
    const char *what = argv[1];
    while ((c = getopt(argc - 1, argv + 1, "+s:x:c:q:t:n:m:lp:d:k:r:g:Nb:Lo:f:u:")) != -1) {
        if (!option(&a, c) && !question_option(&a.question, c)) {
            usage();
        }
    }
    if (!complete(what, &a.load)) {
        usage();
    }
    if (strcmp(what, "log") == 0) {
        bench_log(&a.load);
    } else if (strcmp(what, "pace") == 0) {
        bench_pace(&a.load);
    } else if (strcmp(what, "ask") == 0) {
        bench_ask(&a.load, &a.question);
    } else if (strcmp(what, "idle") == 0) {
        bench_idle(&a.load);
    } else if (strcmp(what, "csv") == 0) {
        bench_csv(&a.load, a.numbers);
    } else if (strcmp(what, "flush") == 0) {
        bench_flush(&a.load);
    } else if (strcmp(what, "start") == 0 && optind + 1 < argc) {
        bench_start(&a.load, argv + optind + 1);
    } else {
        usage();
    }
    return 0;
}
