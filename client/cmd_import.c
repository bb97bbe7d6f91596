/* Many rows at once from a CSV file: import. */
#include "client/commands.h"
#include "client/import_dry_run.h"
#include "client/mapping_guess.h"
#include "proto/yaml.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static const struct option options[] = {
    {"source", N_("NAME"), NULL,
     N_("by which name its rows are known; the file's name if not given"), false},
    {"mapping", N_("MAPPING.yaml"), NULL,
     N_("the file is a sheet of your own; this says which column is what"), false},
    {"guess", NULL, NULL, N_("print a first mapping for a sheet, record nothing"), false},
    {"dry-run", NULL, NULL, N_("check everything, print what it would add, record nothing"), false},
    {NULL, NULL, NULL, NULL, false},
};

/* ---- progress --------------------------------------------------------------------------- */

struct bar {
    struct timespec last;
    bool shown;
};

/* A bar on a terminal, at most ten times a second; what = NULL takes it away. */
static void show_bar(void *ctx, const char *what, size_t done, size_t total) {
    enum { WIDTH = 30 };
    struct bar *bar = ctx;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (what == NULL) {
        if (bar->shown) {
            fputs("\r\033[K", stderr);
        }
        bar->shown = false;
        return;
    }
    long ms = (now.tv_sec - bar->last.tv_sec) * 1000 + (now.tv_nsec - bar->last.tv_nsec) / 1000000;
    if (ms < 100) {
        return;
    }
    bar->last = now;
    bar->shown = true;
    size_t filled = total > 0 ? done * WIDTH / total : WIDTH;
    fprintf(stderr, "\r%s [", what);
    for (size_t i = 0; i < WIDTH; i++) {
        putc(i < filled ? '#' : '.', stderr);
    }
    fprintf(stderr, "] %zu/%zu", done, total);
}

/* ---- what was found ----------------------------------------------------------------------- */

static int by_line(const void *a, const void *b) {
    const struct import_problem *x = a;
    const struct import_problem *y = b;
    return (x->line > y->line) - (x->line < y->line);
}

static void print_problems(struct import *import) {
    size_t n =
        import->n_problem < IMPORT_PROBLEMS_SHOWN ? import->n_problem : IMPORT_PROBLEMS_SHOWN;
    qsort(import->problem, n, sizeof import->problem[0], by_line);
    for (size_t i = 0; i < n; i++) {
        const struct import_problem *p = &import->problem[i];
        if (p->column[0] != '\0') {
            fprintf(stderr, _("row %u, column %s: "), p->line, p->column);
        } else {
            fprintf(stderr, _("row %u: "), p->line);
        }
        fputs(words_japanese() ? p->error.ja : p->error.en, stderr);
        if (p->error.n_near > 0) {
            putc(' ', stderr);
            fprintf(stderr, _("Did you mean %s?"), p->error.near[0]);
        }
        putc('\n', stderr);
    }
    if (import->n_problem > n) {
        client_note(_("and %zu more"), import->n_problem - n);
    }
}

static int refuse(struct import *import) {
    struct error e;
    print_problems(import);
    error_set(&e, ERR_INVALID, "", SAY("Nothing was recorded: %zu things are wrong in the file."),
              import->n_problem);
    return client_fail(&e, EXIT_REFUSED);
}

static int stopped(struct import *import) {
    struct error e;
    print_problems(import);
    error_set(&e, ERR_STATE, "",
              SAY("Row %u no longer fits what is recorded; %zu rows before it were recorded. Mend "
                  "it and give the same command again: it completes the rest."),
              import->problem[0].line, import->recorded);
    return client_fail(&e, EXIT_REFUSED);
}

static bool print_summary(struct client *c, const struct import *import) {
    if (c->output.format == OUTPUT_TEXT) {
        printf(_("%zu rows: %zu recorded, %zu were known."), import->n_items, import->recorded,
               import->known);
        putchar('\n');
        return fflush(stdout) == 0 && !ferror(stdout);
    }
    static const struct column columns[] = {
        {"rows", "", COLUMN_PLAIN, 0},
        {"recorded", "", COLUMN_PLAIN, 0},
        {"known", "", COLUMN_PLAIN, 0},
    };
    char text[3][24];
    snprintf(text[0], sizeof text[0], "%zu", import->n_items);
    snprintf(text[1], sizeof text[1], "%zu", import->recorded);
    snprintf(text[2], sizeof text[2], "%zu", import->known);
    struct output *o = output_open(&c->output, columns, 3);
    if (o == NULL) {
        return false;
    }
    output_row(o, (const char *const[]){text[0], text[1], text[2]});
    return output_close(o) == 0;
}

/* What is recorded is not refused: the same command again says how much. */
static int summary(struct client *c, const struct import *import) {
    struct error e;
    if (print_summary(c, import)) {
        return EXIT_DONE;
    }
    error_set(&e, ERR_INTERNAL, "",
              SAY("%zu rows were recorded, but that could not be printed (%s). The same command "
                  "again adds nothing."),
              import->recorded, strerror(errno));
    return client_fail(&e, EXIT_UNKNOWN);
}

/* ---- the whole --------------------------------------------------------------------------------
 */

static int send(struct import *import, bool dry_run) {
    struct client *c = import->client;
    struct bar bar = {.shown = false};
    import_progress_fn progress = isatty(STDERR_FILENO) ? show_bar : NULL;
    struct error e;
    enum connection_outcome outcome = import_check(import, progress, &bar, &e);
    if (outcome != CONNECTION_DONE) {
        print_problems(import);
        return client_fail(&e, (int)outcome);
    }
    if (import->n_problem > 0) {
        return refuse(import);
    }
    if (dry_run) {
        return import_dry_run(c, import);
    }
    outcome = import_record(import, progress, &bar, &e);
    if (outcome != CONNECTION_DONE) {
        return client_fail(&e, (int)outcome);
    }
    return import->n_problem > 0 ? stopped(import) : summary(c, import);
}

/* The catalogue, for codes that the daemon cannot check yet; without it they
 * are checked when recorded. */
static struct catalogue *fetch_catalogue(struct client *c) {
    ProtobufCBinaryData data;
    struct catalogue *catalogue = NULL;
    if (client_document(c, MADOGUCHI__DOCUMENT_KIND__CATALOGUE, NULL, true, &data) != EXIT_DONE) {
        return NULL;
    }
    if (catalogue_open(data.data, data.len, &catalogue, NULL) < 0) {
        catalogue = NULL;
    }
    free(data.data);
    return catalogue;
}

/* The mapping of --mapping; without one *out is left as it is. */
static int read_mapping(const char *path, const struct catalogue *catalogue, struct mapping *out) {
    char *text;
    size_t len;
    struct error e;
    int exit_code = client_file(path, YAML_MAX, &text, &len);
    if (exit_code != EXIT_DONE) {
        return exit_code;
    }
    int result = mapping_read(text, len, path, catalogue, out, &e);
    free(text);
    return result < 0 ? client_fail(&e, EXIT_REFUSED) : EXIT_DONE;
}

static int import_text_of(struct import *import, const struct arguments *a,
                          const struct import_text *text) {
    struct client *c = import->client;
    const char *path = options_get(a, "mapping");
    struct mapping mapping = {.n_row = 0};
    struct error e;
    import->catalogue = fetch_catalogue(c);
    int exit_code = path != NULL ? read_mapping(path, import->catalogue, &mapping) : EXIT_DONE;
    if (exit_code == EXIT_DONE) {
        bool begun = (path == NULL || import_map(import, &mapping, &e) == 0) &&
                     import_begin(import, text->data, text->len, &e) == 0;
        exit_code = begun ? send(import, options_has(a, "dry-run")) : client_fail(&e, EXIT_REFUSED);
    }
    catalogue_free(import->catalogue);
    import_free(import);
    mapping_free(&mapping);
    return exit_code;
}

/* --guess: a mapping on standard output. */
static int guess(struct client *c, const char *name, const struct import_text *text) {
    struct error e;
    struct catalogue *catalogue = fetch_catalogue(c);
    if (catalogue == NULL) {
        client_note(_("The daemon's catalogue could not be had: no word is found in it."));
    }
    int result = mapping_guess(text->data, text->len, name, catalogue, c->today, stdout, &e);
    catalogue_free(catalogue);
    if (result < 0) {
        return client_fail(&e, EXIT_REFUSED);
    }
    return fflush(stdout) != 0 || ferror(stdout) ? client_unwritten() : EXIT_DONE;
}

static int run(struct client *c, const struct arguments *a) {
    const char *slash = strrchr(a->word[0], '/');
    const char *name = slash != NULL ? slash + 1 : a->word[0];
    const char *source = options_get(a, "source");
    struct import_text text;
    struct import import;
    struct error e;
    char *data;
    size_t len;
    if (options_has(a, "guess") && (options_has(a, "mapping") || options_has(a, "dry-run"))) {
        return client_usage(c, _("--guess stands alone: it prints a mapping and records nothing."));
    }
    int exit_code = client_file(a->word[0], IMPORT_FILE_MAX, &data, &len);
    if (exit_code != EXIT_DONE) {
        return exit_code;
    }
    if (import_text(data, len, &text, &e) < 0) {
        return client_fail(&e, EXIT_REFUSED);
    }
    if (options_has(a, "guess")) {
        exit_code = guess(c, name, &text);
    } else {
        import_init(&import, c, source != NULL ? source : name);
        exit_code = import_text_of(&import, a, &text);
    }
    free(text.data);
    return exit_code;
}

const struct command command_import = {
    .name = "import",
    .words = "FILE.csv",
    .summary = N_("record the rows of a CSV file: all or nothing, and never twice"),
    .details =
        N_("UTF-8 or CP932; a header row, then one row each. Columns, in any order, any of:\n"
           "  kind ref date service topic office channel nature origin age session outcome "
           "households\n"
           "  persons count program route session_kind form venue venue_kind series period value "
           "as_of\n"
           "  source reason status\n"
           "kind is log, tally, contact, outcome, decline, session, figure, coverage, void or "
           "correct.\n"
           "ref is the source's own id of a case or session and ties its rows together. Several\n"
           "topics are split by ';'. The same file again, or grown, adds only what is new.\n"
           "A sheet of your own goes in with --mapping; --guess prints a first one, and\n"
           "--dry-run sets what would be counted beside the sheet's own totals."),
    .example = "madoguchi import --guess 2024.csv > 2024.yaml\n"
               "madoguchi import --dry-run 2024.csv --mapping 2024.yaml\n"
               "madoguchi import 2024-04.csv --source counter-1",
    .options = options,
    .least = 1,
    .most = 1,
    .run = run,
};
