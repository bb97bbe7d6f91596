#include "store/verify.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

typedef void (*verify_work)(int live, int reference, int out);

struct child {
    pid_t pid;
    int in;         /* reports of the child */
    int status;     /* of waitpid(); -1 when it says nothing */
    bool senseless; /* it sent what it never sends: its memory is damaged */
};

/* ---- the child's first steps ----------------------------------------------------- */

static int by_number(const void *a, const void *b) {
    return *(const int *)a - *(const int *)b;
}

/* The daemon's sockets and locks are not the child's to hold. */
static void close_others(int a, int b, int c) {
    int kept[] = {a, b, c};
    unsigned from = 3;
    qsort(kept, 3, sizeof kept[0], by_number);
    for (int i = 0; i < 3; i++) {
        if (kept[i] >= (int)from) {
            if (kept[i] > (int)from) {
                close_range(from, (unsigned)kept[i] - 1, 0);
            }
            from = (unsigned)kept[i] + 1;
        }
    }
    close_range(from, ~0u, 0);
}

/* A crash here is an answer: no message of LMDB's, no core, no handler of the
 * daemon's.  A stop that is meant for the daemon must not look like one; the
 * child goes when its parent does. */
static void settle(pid_t parent) {
    static const int crashes[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL, SIGALRM};
    static const int stops[] = {SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2};
    sigset_t none;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) {
        _exit(1);
    }
    for (size_t i = 0; i < sizeof crashes / sizeof crashes[0]; i++) {
        signal(crashes[i], SIG_DFL);
    }
    for (size_t i = 0; i < sizeof stops / sizeof stops[0]; i++) {
        signal(stops[i], SIG_IGN);
    }
    sigemptyset(&none);
    pthread_sigmask(SIG_SETMASK, &none, NULL);
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (null >= 0) {
        dup2(null, STDERR_FILENO);
    }
}

static int child_start(struct child *c, verify_work work, int live, int reference,
                       struct error *e) {
    int pipes[2];
    pid_t parent = getpid();
    *c = (struct child){.pid = -1, .in = -1};
    if (pipe2(pipes, O_CLOEXEC) == 0) {
        c->pid = fork();
        if (c->pid == 0) {
            settle(parent);
            close_others(live, reference, pipes[1]);
            work(live, reference, pipes[1]);
            _exit(0);
        }
        c->in = pipes[0];
        close(pipes[1]);
    }
    if (c->pid < 0) {
        int saved = errno;
        if (c->in >= 0) {
            close(c->in);
        }
        return error_set(e, ERR_INTERNAL, "store", "The proof cannot start a process: %s.",
                         "検証用のプロセスを起動できません: %s。", strerror(saved));
    }
    return 0;
}

/* ---- its reports -------------------------------------------------------------------- */

/* False at the end of the reports, or when they make no sense. */
static bool child_report(struct child *c, struct verify_report *r) {
    size_t have = 0;
    while (have < sizeof *r) {
        ssize_t n = read(c->in, (uint8_t *)r + have, sizeof *r - have);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return false;
        }
        have += (size_t)n;
    }
    c->senseless = r->kind < VERIFY_AT || r->kind > VERIFY_DONE || r->table > TABLE_COUNT ||
                   r->key_len > VERIFY_KEY_MAX;
    return !c->senseless;
}

static void child_end(struct child *c) {
    close(c->in);
    if (c->senseless) {
        kill(c->pid, SIGKILL);
    }
    while (waitpid(c->pid, &c->status, 0) < 0) {
        if (errno != EINTR) {
            c->status = -1;
            return;
        }
    }
    if (c->senseless) {
        c->status = -1;
    }
}

static const char *part_name(uint32_t table) {
    return table < TABLE_COUNT ? table_name(table) : "(file)";
}

#define REFOLD_EN                                                                             \
    " The journal holds, and the folds can be made again from it: stop the daemon, move the " \
    "directory fold out of the store and start the daemon."
#define REFOLD_JA                                                                                                                     \
    " 記録 (journal) は正しく、集計は作り直せます: サーバーを止め、fold ディレクトリを保存領域の" \
    "外へ移してから起動してください。"

/* The child ended before it was done, while it was at `table`. */
static int child_died(const struct child *c, uint32_t table, struct error *e) {
    char how[64] = "no answer";
    if (c->status != -1 && WIFSIGNALED(c->status)) {
        int sig = WTERMSIG(c->status);
        snprintf(how, sizeof how, "%s", sig == SIGALRM ? "it never ends" : strsignal(sig));
    }
    return error_set(
        e, ERR_DOES_NOT_HOLD, part_name(table),
        "fold/data.mdb, table %s: cannot be read, its pages are damaged (%s)." REFOLD_EN,
        "fold/data.mdb の表 %s: 読めません。ページが壊れています (%s)。" REFOLD_JA,
        part_name(table), how);
}

static const struct {
    const char *en, *ja;
} problems[] = {
    [VERIFY_MISSING] = {"is missing", "がありません"},
    [VERIFY_EXTRA] = {"must not be there", "は本来ないはずのものです"},
    [VERIFY_DIFFERENT] = {"has another value than the journal gives", "の値が記録と異なります"},
    [VERIFY_LOST] = {"is not found by a search", "が検索で見つかりません"},
    [VERIFY_COUNT] = {"the numbers of its keys and pages are wrong",
                      "キーまたはページの数が合いません"},
    [VERIFY_FLAGS] = {"is kept in another way than this program keeps it", "表の形式が異なります"},
    [VERIFY_PAGE] = {"is used twice, free and used, or not where it belongs",
                     "が二重に使われているか、場所が違います"},
    [VERIFY_NO_TABLE] = {"is missing", "がありません"},
    [VERIFY_NAME] = {"is no table of a store", "は保存領域の表ではありません"},
    [VERIFY_UNREADABLE] = {"cannot be read", "読めません"},
};

/* The key, page or reason that a finding names; "" when it is the table. */
static void finding_what(const struct verify_report *r, char out[VERIFY_KEY_TEXT + 64]) {
    char key[VERIFY_KEY_TEXT] = "";
    size_t size = VERIFY_KEY_TEXT + 64;
    if (r->key_len > 0) {
        verify_key_text(r->table, r->key, r->key_len, key);
    }
    if (r->problem == VERIFY_PAGE) {
        snprintf(out, size, ", page %llu", (unsigned long long)r->number);
    } else if (r->problem == VERIFY_UNREADABLE) {
        snprintf(out, size, "%s%s (%s)", key[0] == '\0' ? "" : ", ", key, mdb_strerror(r->code));
    } else {
        snprintf(out, size, "%s%s", key[0] == '\0' ? "" : ", ", key);
    }
}

static int finding_error(const struct verify_report *r, store_line_fn line, void *ctx,
                         struct error *e) {
    char what[VERIFY_KEY_TEXT + 64];
    char name[40];
    char value[VERIFY_KEY_TEXT + 160];
    uint32_t problem = r->problem >= VERIFY_MISSING && r->problem <= VERIFY_UNREADABLE
                           ? r->problem
                           : VERIFY_UNREADABLE;
    finding_what(r, what);
    if (line != NULL) {
        snprintf(name, sizeof name, "table %s", part_name(r->table));
        snprintf(value, sizeof value, "does not hold%s: %s", what, problems[problem].en);
        line(ctx, name, value);
    }
    error_set(e, ERR_DOES_NOT_HOLD, part_name(r->table), "fold/data.mdb, table %s%s: %s." REFOLD_EN,
              "%s%s: %s", part_name(r->table), what, problems[problem].en);
    snprintf(e->ja, sizeof e->ja, "fold/data.mdb の表 %s%s: %s。" REFOLD_JA, part_name(r->table),
             what, problems[problem].ja);
    return -1;
}

static int failed_error(const struct verify_report *r, struct error *e) {
    return error_set(e, ERR_INTERNAL, "store", "The tables folded again cannot be read: %s.",
                     "再集計した表を読めません: %s。", mdb_strerror(r->code));
}

static bool was_killed(const struct child *c) {
    return c->status != -1 && WIFSIGNALED(c->status) && WTERMSIG(c->status) == SIGKILL;
}

/* Takes the reports until the child is done; the first finding is the error. */
static int child_run(verify_work work, int live, int reference, struct fold_head *stand,
                     store_line_fn line, void *ctx, struct error *e) {
    struct child c;
    struct verify_report r = {0};
    uint32_t at = TABLE_COUNT;
    bool done = false;
    bool wrong = false;
    if (child_start(&c, work, live, reference, e) < 0) {
        return -1;
    }
    while (!done && child_report(&c, &r)) {
        char name[40];
        char value[40];
        at = r.table;
        done = r.kind == VERIFY_DONE || r.kind == VERIFY_FAILED;
        if (r.kind == VERIFY_HEAD && stand != NULL) {
            *stand = r.head;
        } else if (r.kind == VERIFY_TABLE && line != NULL) {
            snprintf(name, sizeof name, "table %s", part_name(r.table));
            snprintf(value, sizeof value, "%llu keys", (unsigned long long)r.number);
            line(ctx, name, value);
        } else if (r.kind == VERIFY_FINDING) {
            struct error later;
            (void)!finding_error(&r, line, ctx, wrong ? &later : e);
            wrong = true;
        }
    }
    child_end(&c);
    if (done && r.kind == VERIFY_FAILED) {
        return failed_error(&r, e);
    }
    if (!done && !wrong && was_killed(&c)) {
        return error_set(e, ERR_INTERNAL, "store",
                         "The process that compares the tables was killed. Try again.",
                         "表を比べるプロセスが強制終了されました。もう一度お試しください。");
    }
    if (!done && !wrong) {
        return child_died(&c, at, e);
    }
    return wrong ? -1 : 0;
}

int verify_child_head(int live, struct fold_head *stand, struct error *e) {
    return child_run(verify_read_head, live, live, stand, NULL, NULL, e);
}

int verify_child_compare(int live, int reference, store_line_fn line, void *ctx, struct error *e) {
    return child_run(verify_compare, live, reference, NULL, line, ctx, e);
}
