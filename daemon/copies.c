/* Restoring, moving and repairing a store that no daemon uses. */
#include "daemon/command.h"
#include "daemon/metrics.h"
#include "daemon/speech.h"
#include "store/store.h"

#include <inttypes.h>
#include <unistd.h>

/* Lines go to where the answer is not: standard output may be the journal. */
static void print_line(void *ctx, const char *name, const char *value) {
    FILE *to = ctx;
    fprintf(to, "%-20s %s\n", name, value);
    fflush(to);
}

static void print_progress(void *ctx, const char *what, uint64_t done, uint64_t total) {
    (void)ctx;
    if (isatty(STDERR_FILENO) == 0) {
        return;
    }
    if (total > 0) {
        fprintf(stderr, "\r%s: %" PRIu64 " / %" PRIu64 " \033[K", what, done, total);
    } else {
        fprintf(stderr, "\r%s: %" PRIu64 " \033[K", what, done);
    }
    if (done == total) {
        fputs("\r\033[K", stderr);
    }
}

static void print_notice(void *ctx, const char *line) {
    (void)ctx;
    fprintf(stderr, "madoguchid: %s\n", line);
}

/* The floor is the daemon's concern: here all room may be used. */
static struct store_options options_of(bool force_filesystem, bool notices) {
    return (struct store_options){.force_filesystem = force_filesystem,
                                  .free_floor_bytes = 1,
                                  .progress = print_progress,
                                  .notice = notices ? print_notice : NULL};
}

static int refuse(const struct error *e) {
    say_error(e);
    return EXIT_REFUSED;
}

/* What is made anew is folded anew: that is no news. */
int command_restore(const char *directory, const char *store, uint64_t to, bool force_filesystem) {
    struct error e;
    struct store_options options = options_of(force_filesystem, false);
    if (store_restore(directory, store, to, &options, print_line, stdout, &e) != 0) {
        return refuse(&e);
    }
    say(stdout, "The store stands in %s, ready to be served.\n",
        "%s に復元しました。そのまま使えます。\n", store);
    return EXIT_DONE;
}

int command_export_journal(const char *store, bool force_filesystem) {
    struct error e;
    struct store_options options = options_of(force_filesystem, true);
    if (isatty(STDOUT_FILENO) != 0) {
        say(stderr,
            "madoguchid: send the journal to a file: madoguchid export-journal ... > FILE\n",
            "madoguchid: 書き出し先のファイルを指定してください: madoguchid export-journal ... > "
            "ファイル\n");
        return EXIT_USAGE;
    }
    if (store_export(store, &options, STDOUT_FILENO, print_line, stderr, &e) != 0) {
        return refuse(&e);
    }
    return EXIT_DONE;
}

int command_import_journal(const char *store, bool force_filesystem) {
    struct error e;
    struct store_options options = options_of(force_filesystem, false);
    if (store_import(store, STDIN_FILENO, &options, print_line, stdout, &e) != 0) {
        return refuse(&e);
    }
    say(stdout, "The store stands in %s, ready to be served.\n",
        "%s に記録庫を作りました。そのまま使えます。\n", store);
    return EXIT_DONE;
}

int command_doctor(const char *store, const char *backup, bool repair, bool force_filesystem) {
    struct error e;
    const struct store_doctor wish = {.backup = backup,
                                      .repair = repair,
                                      .force_filesystem = force_filesystem,
                                      .now = metrics_wall()};
    if (store_doctor(store, &wish, print_line, stdout, &e) != 0) {
        return refuse(&e);
    }
    return EXIT_DONE;
}
