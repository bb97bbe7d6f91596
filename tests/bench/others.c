/* The other measurements: questions, idle connections, the start, the disk. */
#include "tests/bench/bench.h"
#include "tests/bench/measure.h"
#include "tests/bench/tongue.h"

#include "proto/madoguchi.pb-c.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define START_SECONDS 3600
#define FLUSH_BYTES   4096

/* ---- questions ---------------------------------------------------------------------- */

/* One question and its whole answer.  Counts rows when asked to: unpacking is
 * no part of what is measured. */
static void ask_and_wait(struct wire *w, const uint8_t *message, size_t len, size_t *rows) {
    bool more = true;
    wire_add_frame(w, message, len);
    while (!wire_flush(w)) {
    }
    while (more) {
        const uint8_t *answer;
        size_t answer_len;
        size_t offset = 0;
        while (!wire_next(w, &offset, &answer, &answer_len)) {
            wire_fill(w, true);
        }
        if (tongue_kind(answer, answer_len, &more) != WIRE_PAGE) {
            bench_die("an answer of another kind");
        }
        if (rows != NULL) {
            Madoguchi__ServerMessage *m =
                madoguchi__server_message__unpack(NULL, answer_len, answer);
            if (m == NULL) {
                bench_die("an answer that cannot be read");
            }
            *rows += m->answer->page->n_stat + m->answer->page->n_case_row;
            madoguchi__server_message__free_unpacked(m, NULL);
        }
        wire_drop(w, offset);
    }
}

void bench_ask(const struct load *load, const struct question *question) {
    struct wire w;
    struct times times = times_new();
    uint8_t message[PACKED_MAX];
    size_t len = tongue_question(question, message);
    size_t rows = 0;
    if (!bench_connect(&w, load->tongue, load->socket)) {
        bench_die("nobody answers on %s", load->socket);
    }
    ask_and_wait(&w, message, len, &rows); /* the first one warms up */
    for (unsigned long i = 0; i < load->total; i++) {
        uint64_t begun = bench_now();
        ask_and_wait(&w, message, len, NULL);
        times_add(&times, bench_now() - begun);
    }
    printf("%.3f %.3f %zu\n", times_percentile(&times, 50), times_percentile(&times, 99), rows);
    wire_close(&w);
    times_free(&times);
}

/* ---- idle connections, the start, the disk --------------------------------------------- */

void bench_idle(const struct load *load) {
    struct wire *wires = calloc(load->connections, sizeof *wires);
    if (wires == NULL) {
        bench_die("out of memory");
    }
    for (unsigned i = 0; i < load->connections; i++) {
        if (!bench_connect(&wires[i], load->tongue, load->socket)) {
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

static volatile sig_atomic_t started; /* the server that nobody knows of yet */

static void end_started(int signal) {
    (void)signal;
    if (started > 0) {
        kill(started, SIGTERM);
    }
    _exit(1);
}

void bench_start(const struct load *load, char **argv) {
    struct wire w;
    uint64_t begun = bench_now();
    signal(SIGINT, end_started);
    signal(SIGTERM, end_started);
    signal(SIGHUP, end_started);
    pid_t pid = fork();
    started = pid;
    if (pid < 0) {
        bench_die("fork: %s", strerror(errno));
    }
    if (pid == 0) {
        signal(SIGINT, SIG_DFL);
        signal(SIGTERM, SIG_DFL);
        signal(SIGHUP, SIG_DFL);
        /* The server goes on when this process has ended. */
        setsid();
        dup2(STDERR_FILENO, STDOUT_FILENO); /* whoever reads our line does not wait for it */
        execvp(argv[0], argv);
        _exit(127);
    }
    while (!bench_connect(&w, load->tongue, load->socket)) {
        struct timespec t = {.tv_nsec = 200000};
        nanosleep(&t, NULL);
        if (waitpid(pid, NULL, WNOHANG) != 0) {
            bench_die("%s ended", argv[0]);
        }
        if (bench_now() - begun > START_SECONDS * 1000000000ull) {
            kill(pid, SIGTERM);
            bench_die("%s does not answer", argv[0]);
        }
    }
    printf("%ld %.1f\n", (long)pid, (double)(bench_now() - begun) / 1e6);
    wire_close(&w);
}

void bench_flush(const struct load *load) {
    static uint8_t block[FLUSH_BYTES];
    char path[512];
    struct times times = times_new();
    snprintf(path, sizeof path, "%s/flush", load->data);
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    for (unsigned long i = 0; i < load->total + 20; i++) {
        memset(block, (int)i, sizeof block);
        uint64_t begun = bench_now();
        if (pwrite(fd, block, sizeof block, 0) != sizeof block || fdatasync(fd) != 0) {
            bench_die("%s: %s", path, strerror(errno));
        }
        if (i >= 20) { /* the first ones make the file */
            times_add(&times, bench_now() - begun);
        }
    }
    printf("%.3f %.3f\n", times_percentile(&times, 50), times_percentile(&times, 99));
    close(fd);
    unlink(path);
    times_free(&times);
}
