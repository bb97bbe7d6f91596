/* bench log|stats|idle|csv|start: the parts of tests/bench/run.sh. */
#include "tests/bench/bench.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static noreturn void usage(void) {
    fputs("usage: bench log   -s SOCKET [-c CONNECTIONS] [-q DEPTH] [-t SECONDS | -n REQUESTS]\n"
          "                   [-m MONTHS] [-k CATALOGUE]\n"
          "       bench stats -s SOCKET -n QUESTIONS\n"
          "       bench idle  -s SOCKET -c CONNECTIONS\n"
          "       bench csv   -n ROWS [-k CATALOGUE]\n"
          "       bench start -s SOCKET DAEMON ARGUMENT...\n",
          stderr);
    exit(2);
}

static void run_csv(const struct load *load) {
    struct requests *r = requests_make(load->catalogue, load->months);
    requests_csv(r, load->total);
    requests_free(r);
}

int main(int argc, char **argv) {
    struct load load = {.catalogue = "plans/catalogue.yaml",
                        .connections = 1,
                        .depth = 1,
                        .months = 12,
                        .seconds = 2};
    int c;
    if (argc < 2) {
        usage();
    }
    const char *what = argv[1];
    while ((c = getopt(argc - 1, argv + 1, "+s:c:q:t:n:m:k:")) != -1) {
        switch (c) {
        case 's':
            load.socket = optarg;
            break;
        case 'c':
            load.connections = (unsigned)strtoul(optarg, NULL, 10);
            break;
        case 'q':
            load.depth = (unsigned)strtoul(optarg, NULL, 10);
            break;
        case 't':
            load.seconds = strtod(optarg, NULL);
            break;
        case 'n':
            load.total = strtoul(optarg, NULL, 10);
            break;
        case 'm':
            load.months = (unsigned)strtoul(optarg, NULL, 10);
            break;
        case 'k':
            load.catalogue = optarg;
            break;
        default:
            usage();
        }
    }
    bool csv = strcmp(what, "csv") == 0;
    if ((load.socket == NULL && !csv) || load.connections == 0 || load.depth == 0 ||
        load.depth > 64) {
        usage();
    }
    if (strcmp(what, "log") == 0) {
        bench_log(&load);
    } else if (strcmp(what, "stats") == 0) {
        bench_stats(&load);
    } else if (strcmp(what, "idle") == 0) {
        bench_idle(&load);
    } else if (csv) {
        run_csv(&load);
    } else if (strcmp(what, "start") == 0 && optind + 1 < argc) {
        bench_start(&load, argv + optind + 1);
    } else {
        usage();
    }
    return 0;
}
