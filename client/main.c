/* madoguchi: the command line. */
#include "client/client.h"
#include "client/help.h"
#include "client/labels.h"
#include "proto/calendar.h"

#include <glob.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static const struct option global[] = {
    {"server", N_("ADDRESS"), NULL,
     N_("where madoguchid listens, unix:PATH or tls:HOST:PORT (or MADOGUCHI_SERVER)"), false},
    {"ca", N_("FILE"), NULL, N_("tls: who signed the daemon's certificate (or MADOGUCHI_CA)"),
     false},
    {"cert", N_("FILE"), NULL, N_("tls: the client's certificate (or MADOGUCHI_CERT)"), false},
    {"key", N_("FILE"), NULL, N_("tls: its key (or MADOGUCHI_KEY)"), false},
    {"format", "text|csv|json", NULL, N_("how answers are printed"), false},
    {"excel", NULL, NULL, N_("CSV as a spreadsheet wants it: BOM, CRLF, no formulas"), false},
    {"on-behalf", N_("TEXT"), NULL, N_("for whom this is entered"), false},
    {"terminal", N_("TEXT"), NULL, N_("the counter's name (or MADOGUCHI_TERMINAL)"), false},
    {"visit", N_("TEXT"), NULL, N_("ties what one visitor came for together"), false},
    {"request-id", "HEX", NULL, N_("ask again what may have been recorded"), false},
    {"help", NULL, NULL, N_("this help"), false},
    {"version", NULL, NULL, N_("the version"), false},
    {NULL, NULL, NULL, NULL, false},
};

static const char *or_environment(const char *value, const char *name) {
    if (value == NULL) {
        value = getenv(name);
    }
    return value != NULL && value[0] != '\0' ? value : NULL;
}

/* Where the only daemon of this machine listens; NULL: none, or several. */
static const char *only_daemon(struct client *c) {
    glob_t found;
    const char *address = NULL;
    if (glob("/run/madoguchi/*.sock", 0, NULL, &found) == 0) {
        if (found.gl_pathc == 1) {
            address = arena_printf(&c->arena, "unix:%s", found.gl_pathv[0]);
        }
        globfree(&found);
    }
    return address;
}

/* A file of ~/.config/madoguchi, if it is there. */
static const char *own_file(struct client *c, const char *name) {
    const char *config = getenv("XDG_CONFIG_HOME");
    const char *home = getenv("HOME");
    const char *path = NULL;
    if (config != NULL && config[0] == '/') {
        path = arena_printf(&c->arena, "%s/madoguchi/%s", config, name);
    } else if (home != NULL && home[0] == '/') {
        path = arena_printf(&c->arena, "%s/.config/madoguchi/%s", home, name);
    }
    return path != NULL && access(path, F_OK) == 0 ? path : NULL;
}

/* Certificate and key come from the same place. */
static void set_files(struct client *c, const struct arguments *a) {
    c->files.ca = or_environment(options_get(a, "ca"), "MADOGUCHI_CA");
    c->files.certificate = options_get(a, "cert");
    c->files.key = options_get(a, "key");
    if (c->files.certificate == NULL && c->files.key == NULL) {
        c->files.certificate = or_environment(NULL, "MADOGUCHI_CERT");
        c->files.key = or_environment(NULL, "MADOGUCHI_KEY");
    }
    if (c->files.ca == NULL) {
        c->files.ca = own_file(c, "ca.crt");
    }
    if (c->files.certificate == NULL && c->files.key == NULL) {
        c->files.certificate = own_file(c, "client.crt");
        c->files.key = own_file(c, "client.key");
    }
}

static int set_format(struct client *c, const char *format, bool excel) {
    c->output = (struct output_options){.format = OUTPUT_TEXT, .excel = excel, .file = stdout};
    if (excel) {
        c->output.format = OUTPUT_CSV;
    }
    if (format == NULL) {
        return EXIT_DONE;
    }
    if (strcmp(format, "csv") == 0) {
        c->output.format = OUTPUT_CSV;
    } else if (strcmp(format, "json") == 0) {
        c->output.format = OUTPUT_JSON;
    } else if (strcmp(format, "text") == 0) {
        c->output.format = OUTPUT_TEXT;
    } else if (strcmp(format, "prometheus") == 0) {
        if (!c->command->prometheus) {
            return client_usage(c, _("--format prometheus goes with madoguchi status only."));
        }
        c->output.format = OUTPUT_TEXT;
        c->prometheus = true;
    } else if (strcmp(format, "xlsx") == 0) {
        if (!c->command->xlsx) {
            return client_usage(c, _("--format xlsx goes with madoguchi report only."));
        }
        c->xlsx = true;
    } else {
        return client_usage(c, _("--format is text, csv or json, not \"%s\"."), format);
    }
    if (excel && (c->prometheus || c->xlsx || c->output.format != OUTPUT_CSV)) {
        return client_usage(c, _("--excel goes with --format csv."));
    }
    return EXIT_DONE;
}

static int set_up(struct client *c, const struct arguments *a) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    c->today = calendar_today((int64_t)now.tv_sec * 1000);
    c->server = or_environment(options_get(a, "server"), "MADOGUCHI_SERVER");
    if (c->server == NULL) {
        c->server = only_daemon(c);
    }
    if (c->server == NULL) {
        c->server = CLIENT_ADDRESS;
    }
    set_files(c, a);
    c->on_behalf = options_get(a, "on-behalf");
    c->terminal = or_environment(options_get(a, "terminal"), "MADOGUCHI_TERMINAL");
    c->visit = options_get(a, "visit");
    const char *id = options_get(a, "request-id");
    if (id != NULL && !client_hex(id, c->request_id, sizeof c->request_id)) {
        return client_usage(c,
                            _("--request-id takes the 32 hexadecimal digits that were printed."));
    }
    c->asks_again = c->has_request_id = id != NULL;
    return set_format(c, options_get(a, "format"), options_has(a, "excel"));
}

static int no_command(const struct client *c, const char *word) {
    const char *nearest = command_nearest(word);
    if (nearest != NULL) {
        return client_usage(c, _("There is no command \"%s\". Did you mean %s?"), word, nearest);
    }
    return client_usage(c, _("There is no command \"%s\"."), word);
}

static int no_member(const struct client *c, const char *family, const char *word) {
    if (word == NULL || word[0] == '-') {
        help_family(family);
        return word != NULL && strcmp(word, "--help") == 0 ? EXIT_DONE : EXIT_USAGE;
    }
    char name[64];
    snprintf(name, sizeof name, "%s %s", family, word);
    return no_command(c, name);
}

/* The command's own words and options, after those before it. */
static int run_command(struct client *c, struct arguments *a, int argc, char **argv) {
    struct error e;
    if (options_parse(argc, argv, c->command->options, global, &c->arena, a, NULL, &e) < 0) {
        return client_fail(&e, EXIT_USAGE);
    }
    if (options_has(a, "help")) {
        help_command(c->command);
        return EXIT_DONE;
    }
    int exit_code = set_up(c, a);
    if (exit_code != EXIT_DONE) {
        return exit_code;
    }
    if (a->n < c->command->least || a->n > c->command->most) {
        return client_usage(c, _("Usage: madoguchi %s %s."), c->command->name, c->command->words);
    }
    return c->command->run(c, a);
}

static int run(struct client *c, int argc, char **argv) {
    struct arguments a = {.n = 0};
    struct error e;
    int used;
    if (options_parse(argc, argv, global, NULL, &c->arena, &a, &used, &e) < 0) {
        return client_fail(&e, EXIT_USAGE);
    }
    if (options_has(&a, "version")) {
        puts("madoguchi " MADOGUCHI_VERSION);
        return EXIT_DONE;
    }
    if (used < argc && strcmp(argv[used], "help") == 0) {
        char *help[] = {"--help"};
        if (options_parse(1, help, global, NULL, &c->arena, &a, NULL, &e) < 0) {
            return client_fail(&e, EXIT_USAGE);
        }
        used++;
    }
    if (used == argc) {
        bool asked = options_has(&a, "help");
        help_all(global);
        return asked ? EXIT_DONE : EXIT_USAGE;
    }
    const char *second = used + 1 < argc ? argv[used + 1] : NULL;
    int taken = 0;
    c->command = command_find(argv[used], second, &taken);
    if (c->command == NULL && command_is_family(argv[used])) {
        return no_member(c, argv[used], second);
    }
    if (c->command == NULL) {
        return no_command(c, argv[used]);
    }
    return run_command(c, &a, argc - used - taken, argv + used + taken);
}

int main(int argc, char **argv) {
    struct client c = {.command = NULL};
    words_open();
    client_watch_memory();
    arena_init(&c.arena, CLIENT_BUDGET);
    int exit_code = run(&c, argc > 0 ? argc - 1 : 0, argv + 1);
    labels_free(c.labels);
    connection_free(c.connection);
    arena_free(&c.arena);
    if ((fflush(stdout) != 0 || ferror(stdout)) && exit_code == EXIT_DONE) {
        exit_code = client_unwritten();
    }
    return exit_code;
}
