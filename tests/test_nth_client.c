/* The client while the n-th call of a function fails, for every n until a run
 * has no failure: its status is one of the contract, with a word on stderr when
 * it is not 0; 0 only if all was recorded, or printed as it is; and refused,
 * usage and not reachable only if nothing was.
 *
 * NTH_ALL=1 tries every n, otherwise a few of each kind; SEED repeats a run, and
 * NTH_ONLY=function tries only that. */
#include "tests/kit_peer.h"
#include "tests/power_kit.h"
#include "tests/suite.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define HANG_MS 30000 /* it asks again for about ten seconds */
#define ROWS    3     /* of the file to import */
#define SAMPLES 1     /* of each kind, unless all are tried */

enum { DONE, REFUSED, USAGE, UNREACHABLE, UNKNOWN };

static const struct fault {
    enum nth_call call;
    enum nth_how how;
    int error;
    bool on; /* and every call after it */
} faults[] = {
    {NTH_malloc, NTH_FAIL, ENOMEM, false},   {NTH_malloc, NTH_FAIL, ENOMEM, true},
    {NTH_socket, NTH_FAIL, EMFILE, false},   {NTH_connect, NTH_FAIL, EINTR, false},
    {NTH_connect, NTH_FAIL, EAGAIN, false},  {NTH_connect, NTH_FAIL, ECONNREFUSED, false},
    {NTH_send, NTH_FAIL, EPIPE, false},      {NTH_send, NTH_FAIL, EINTR, false},
    {NTH_send, NTH_FAIL, ENOBUFS, false},    {NTH_send, NTH_SHORT, 0, false},
    {NTH_recv, NTH_FAIL, ECONNRESET, false}, {NTH_recv, NTH_FAIL, EINTR, false},
    {NTH_recv, NTH_FAIL, EIO, false},        {NTH_recv, NTH_SHORT, 0, false},
    {NTH_poll, NTH_FAIL, EINTR, false},      {NTH_poll, NTH_FAIL, ENOMEM, false},
    {NTH_read, NTH_FAIL, EINTR, false},      {NTH_read, NTH_FAIL, EIO, false},
    {NTH_read, NTH_SHORT, 0, false},         {NTH_open, NTH_FAIL, EMFILE, true},
    {NTH_recv, NTH_FAIL, ECONNRESET, true},  {NTH_send, NTH_FAIL, EPIPE, true},
};

static const struct command {
    const char *words[12]; /* %s: the folder; %n: a name that is new each time */
    unsigned records;
    bool fixed; /* what it prints is the same each time; text may lack the labels of codes */
} commands[] = {
    {{"stats", "--format", "csv", "--count", "cases", "--from", "FY2024", "--by", "month"},
     0,
     true},
    {{"list", "--format", "csv"}, 0, true},
    {{"list"}, 0, false},
    {{"show", "M-2024-000001"}, 0, false},
    {{"catalogue", "show", "--format", "json"}, 0, true},
    {{"status"}, 0, false},
    {{"account", "list", "--format", "csv"}, 0, true},
    {{"log", "migration", "--topic", "housing", "--date", "2024-04-15"}, 1, false},
    {{"--format", "csv", "tally", "citizen", "3", "--date", "2024-04-16"}, 1, false},
    {{"import", "%s/rows.csv", "--source", "%n"}, ROWS, false},
    {{"import", "%s/sheet.csv", "--mapping", "%s/sheet.yaml", "--source", "%n"}, ROWS, false},
    {{"import", "--guess", "%s/sheet.csv"}, 0, false}, /* words may lack their codes */
};

static struct kit k;
static struct nth_control *nth;
static uint64_t seed;
static const struct fault *fault;
static long at;

struct result {
    int status; /* as of waitpid() */
    char out[65536];
    char err[4096];
};

/* ---- one run ------------------------------------------------------------------------------ */

static const char *path_of(const char *name) {
    static char path[2][KIT_PATH + 20];
    static int turn;
    turn = !turn;
    snprintf(path[turn], sizeof path[turn], "%s/%s", k.dir, name);
    return path[turn];
}

static void read_all(const char *name, char *out, size_t size) {
    FILE *f = fopen(path_of(name), "re");
    ck_assert_ptr_nonnull(f);
    size_t n = fread(out, 1, size - 1, f);
    out[n] = '\0';
    fclose(f);
}

static _Noreturn void become(const struct command *c, const char *out) {
    char program[KIT_PATH];
    char server[KIT_PATH + 10];
    char words[12][KIT_PATH + 20];
    char *argv[20] = {program, "--server", server};
    const char *build = getenv("BUILD");
    snprintf(program, sizeof program, "%s/madoguchi", build != NULL ? build : "build");
    snprintf(server, sizeof server, "unix:%s", k.d.socket);
    for (size_t i = 0; i < COUNT(c->words) && c->words[i] != NULL; i++) {
        const char *w = c->words[i];
        if (strncmp(w, "%s", 2) == 0) {
            snprintf(words[i], sizeof words[i], "%s%s", k.dir, w + 2);
        } else if (strcmp(w, "%n") == 0) {
            snprintf(words[i], sizeof words[i], "counter-%llu", (unsigned long long)kit_head(&k));
        } else {
            snprintf(words[i], sizeof words[i], "%s", w);
        }
        argv[3 + i] = words[i];
    }
    int to = open(out, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    int err = open(path_of("err"), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    dup2(to, STDOUT_FILENO);
    dup2(err, STDERR_FILENO);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setenv("LC_ALL", "C", 1);
    nth_preload(nth_has_memory() ? "nth_call.so nth_memory.so" : "nth_call.so");
    execv(program, argv);
    _exit(127);
}

static void arm(const struct fault *f, long n) {
    atomic_store(&nth->armed, 0);
    for (size_t i = 0; i < NTH_COUNT; i++) {
        atomic_store(&nth->made[i], 0);
    }
    atomic_store(&nth->call, f->call);
    atomic_store(&nth->how, f->how);
    atomic_store(&nth->error, f->error);
    atomic_store(&nth->on, f->on);
    atomic_store(&nth->left, n);
    atomic_store(&nth->failed, 0);
    atomic_store(&nth->armed, 1);
}

static void run(const struct command *c, const char *out, struct result *result) {
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        become(c, out);
    }
    ck_assert_int_ge(pid, 0);
    int64_t until = kit_clock() + HANG_MS;
    while (waitpid(pid, &result->status, WNOHANG) == 0) {
        if (kit_clock() > until) {
            kill(pid, SIGKILL);
            waitpid(pid, &result->status, 0);
            ck_abort_msg("call %ld of %s: the client hangs", at,
                         fault != NULL ? nth_call_name(fault->call) : "none");
        }
        kit_pause(1);
    }
    atomic_store(&nth->armed, 0);
    read_all("err", result->err, sizeof result->err);
    result->out[0] = '\0';
    if (strcmp(out, "/dev/full") != 0) {
        read_all("out", result->out, sizeof result->out);
    }
}

/* ---- what it may say ---------------------------------------------------------------------- */

#define RIGHT(condition, ...)                                                                   \
    do {                                                                                        \
        if (!(condition)) {                                                                     \
            fprintf(stderr, "%s, call %ld of %s, how %d, error %d, on %d: status %x\n%s\n%s\n", \
                    c->words[0], at, fault != NULL ? nth_call_name(fault->call) : "none",       \
                    fault != NULL ? (int)fault->how : 0, fault != NULL ? fault->error : 0,      \
                    fault != NULL && fault->on, (unsigned)result->status, result->out,          \
                    result->err);                                                               \
            ck_abort_msg(__VA_ARGS__);                                                          \
        }                                                                                       \
    } while (0)

static void check_printed(const struct command *c, const struct result *result, uint64_t head,
                          const char *expected) {
    char seq[32];
    if (c->fixed) {
        RIGHT(strcmp(result->out, expected) == 0, "0, but printed something else than\n%s",
              expected);
    }
    snprintf(seq, sizeof seq, "%llu", (unsigned long long)head);
    RIGHT(c->records != 1 || strstr(result->out, seq) != NULL, "0, but no number was printed");
    RIGHT(result->out[0] != '\0', "0, but nothing was printed");
}

static void check(const struct command *c, const struct result *result, uint64_t before,
                  const char *expected) {
    uint64_t head = kit_head(&k);
    RIGHT(WIFEXITED(result->status), "ended by signal %d", WTERMSIG(result->status));
    int code = WEXITSTATUS(result->status);
    RIGHT(code <= UNKNOWN, "status %d", code);
    RIGHT(code == DONE || result->err[0] != '\0', "status %d without a word", code);
    if (code == DONE) {
        RIGHT(head == before + c->records, "0, but %u entries are not there", c->records);
        check_printed(c, result, head, expected);
    } else if (code != UNKNOWN) {
        RIGHT(head == before, "%d, but %llu entries are there", code,
              (unsigned long long)(head - before));
    }
    RIGHT(code == UNKNOWN ? c->records > 0 : head <= before + c->records, "status %d", code);
}

/* Whether the call was made. */
static bool fail_nth(const struct command *c, const struct fault *f, long n, const char *expected) {
    static struct result result;
    uint64_t before = kit_head(&k);
    fault = f;
    at = n;
    arm(f, n);
    run(c, path_of("out"), &result);
    check(c, &result, before, expected);
    arena_reset(&k.arena);
    return atomic_load(&nth->failed);
}

/* ---- all ---------------------------------------------------------------------------------- */

static void write_file(const char *name, const char *text) {
    FILE *f = fopen(path_of(name), "we");
    ck_assert_ptr_nonnull(f);
    fputs(text, f);
    ck_assert_int_eq(fclose(f), 0);
}

static void begin(void) {
    kit_start(&k, true);
    for (int i = 0; i < 5; i++) {
        kit_ok(&k, "log", "service", "migration", "date", "2024-04-15", "topic", "housing", NULL);
    }
    nth = nth_begin(k.dir);
    write_file("rows.csv", "kind,ref,date,service,topic,count\n"
                           "log,1,2024-04-01,citizen,legal,\n"
                           "log,2,2024-04-02,citizen,tax,\n"
                           "tally,,2024-04-02,citizen,legal,4\n");
    write_file("sheet.csv", "令和6年度 市民相談,,\n相談日,分野,件数\n4/1,法律,1\n,税,２\n"
                            "4/2,〃,3\n計,,6\n");
    write_file("sheet.yaml", "mapping: 1\nconstants: {kind: tally, service: citizen}\n"
                             "dates: {cell: A1}\ncolumns:\n"
                             "  - {heading: 相談日, field: date, blank: above}\n"
                             "  - {heading: 分野, field: topic, values: [法律 = legal, 税 = tax]}\n"
                             "  - {heading: 件数, field: count}\ntotals: [計]\n");
}

static void end(void) {
    fault = NULL;
    nth_end(nth);
    kit_finish(&k);
}

/* One command with every fault. */
static size_t try_all(const struct command *c, uint64_t *random) {
    static struct result plain;
    static const struct fault none = {NTH_write, NTH_FAIL, 0, false};
    long made[NTH_COUNT];
    size_t runs = 0;
    const char *only = getenv("NTH_ONLY");
    bool all = power_number("NTH_ALL", 0) != 0;
    uint64_t before = kit_head(&k);
    arm(&none, LONG_MAX);
    run(c, path_of("out"), &plain);
    check(c, &plain, before, plain.out);
    ck_assert_int_eq(plain.status, 0);
    for (size_t i = 0; i < NTH_COUNT; i++) {
        made[i] = atomic_load(&nth->made[i]);
    }
    for (size_t i = 0; i < COUNT(faults); i++) {
        const struct fault *f = &faults[i];
        long n = 1;
        if ((only != NULL && strcmp(only, nth_call_name(f->call)) != 0) || made[f->call] == 0 ||
            (!all && f->on && f->call != NTH_malloc) || /* it asks again for ten seconds */
            (!all && power_random(random, 4) != 0)) {
            continue;
        }
        /* Without an end each takes as long as asking again does. */
        long most = f->on && f->call != NTH_malloc ? 3 : LONG_MAX;
        while (all && n <= most && (fail_nth(c, f, n, plain.out) || n < made[f->call])) {
            n++;
        }
        for (int sample = 0; sample < SAMPLES && !all; sample++, n++) {
            fail_nth(c, f, 1 + (long)power_random(random, (size_t)made[f->call]), plain.out);
        }
        runs += (size_t)n - 1;
    }
    return runs;
}

START_TEST(a_call_of_the_client) {
    const struct command *c = &commands[_i];
    uint64_t random = seed + (uint64_t)_i * 7919;
    begin();
    size_t runs = try_all(c, &random);
    fprintf(stderr, "%s: %zu runs\n", c->words[0], runs);
    end();
}
END_TEST

/* What is recorded is not called refused because it could not be printed. */
START_TEST(no_room_for_the_output) {
    static struct result full;
    const struct command *c = &commands[_i];
    begin();
    uint64_t before = kit_head(&k);
    run(c, "/dev/full", &full);
    ck_assert_int_ne(full.status, 0);
    check(c, &full, before, "");
    end();
}
END_TEST

int main(void) {
    Suite *s = suite_create("nth_client");
    TCase *t = tcase_create("nth_client");
    seed = power_seed();
    tcase_set_timeout(t, 36000);
    tcase_add_loop_test(t, a_call_of_the_client, 0, (int)COUNT(commands));
    tcase_add_loop_test(t, no_room_for_the_output, 0, (int)COUNT(commands));
    suite_add_tcase(s, t);
    kit_begin();
    int status = suite_run(s);
    kit_end();
    return status;
}
