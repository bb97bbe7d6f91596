/* How the daemon and its store are: status. */
#include "client/commands.h"
#include "client/prometheus.h"

#include <errno.h>

/* Rows of an answer: many times what a daemon sends. */
#define ROWS_MAX 1000

static const char *const names[][2] = {
    {"warning", N_("Warning")},
    {"municipality", N_("Municipality code")},
    {"name", N_("Municipality")},
    {"head", N_("Last entry")},
    {"head_hash", N_("Its chain hash")},
    {"applied", N_("Folded up to entry")},
    {"recorded_at", N_("Last recorded at")},
    {"fold_version", N_("Version of the tables")},
    {"full", N_("New entries are refused")},
    {"groups", N_("Groups since the start")},
    {"entries", N_("Entries since the start")},
    {"group_mean", N_("Entries of a group, mean")},
    {"group_p99", N_("Entries of a group, p99")},
    {"last_flush_us", N_("Last flush (microseconds)")},
    {"flush_p99_us", N_("Flush, p99 (microseconds)")},
    {"map_bytes", N_("Address space of the tables (bytes)")},
    {"map_used", N_("Tables on disk (bytes)")},
    {"map_used_percent", N_("Address space used (%)")},
    {"disk_bytes", N_("Disk (bytes)")},
    {"disk_used_percent", N_("Disk used (%)")},
    {"free_bytes", N_("Free disk (bytes)")},
    {"free_floor_bytes", N_("Nothing new is recorded below (bytes)")},
    {"segments", N_("Journal segments")},
    {"journal_bytes", N_("Journal bytes")},
    {"last_backup", N_("Last backup at")},
    {"last_backup_seq", N_("Last entry in the backup")},
    {"last_backup_age_s", N_("Age of the backup (seconds)")},
    {"readers", N_("Readers")},
    {"readers_max", N_("Readers at most")},
    {"version", N_("Version")},
    {"protocol", N_("Protocol")},
    {"uptime_s", N_("Running for (seconds)")},
    {"connections", N_("Connections")},
    {"connections_max", N_("Connections at most")},
    {"connections_total", N_("Connections since the start")},
    {"connections_refused", N_("Connections turned away")},
    {"certificate_not_after", N_("TLS certificate valid until")},
    {"certificate_days_left", N_("TLS certificate, days left")},
    {"handshakes", N_("TLS handshakes under way")},
    {"handshakes_failed", N_("TLS handshakes failed")},
    {"requests_total", N_("Requests since the start")},
    {"queue", N_("Requests waiting to be recorded")},
    {"questions", N_("Questions waiting for an answer")},
};

/* Rows there is one of for each kind of request or reason, as people read them:
 * only those with something to tell, and none that only programs add up. */
static const struct {
    const char *row;
    const char *label; /* NULL: not for people */
} families[] = {
    {"answers_", N_("Answered")}, {"answer_p99_us_", N_("Answer time, p99 (microseconds)")},
    {"answer_sum_us_", NULL},     {"flush_sum_us", NULL},
    {"refused_", N_("Refused")},  {"warning_", NULL}, /* the row "warning" says it in words */
};

struct rows {
    struct client *client;
    struct status_row row[ROWS_MAX];
    size_t n;
};

static void take_rows(void *ctx, const Madoguchi__Page *page) {
    struct rows *rows = ctx;
    for (size_t i = 0; i < page->n_pair && rows->n < ROWS_MAX; i++) {
        const Madoguchi__Pair *pair = page->pair[i];
        const char *name = client_text(&rows->client->arena, pair->has_name, pair->name);
        const char *value = client_text(&rows->client->arena, pair->has_value, pair->value);
        rows->row[rows->n++] =
            (struct status_row){name != NULL ? name : "", value != NULL ? value : ""};
    }
}

/* What a person reads for a row; NULL: nothing. */
static const char *label_of(struct client *c, const struct status_row *row) {
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(names[i][0], row->name) == 0) {
            return _(names[i][1]);
        }
    }
    for (size_t i = 0; i < sizeof families / sizeof families[0]; i++) {
        size_t len = strlen(families[i].row);
        if (strncmp(families[i].row, row->name, len) != 0) {
            continue;
        }
        if (families[i].label == NULL || row->value[0] == '\0' || strcmp(row->value, "0") == 0) {
            return NULL;
        }
        return arena_printf(&c->arena, "%s: %s", _(families[i].label), row->name + len);
    }
    return row->name;
}

static int write_table(struct client *c, const struct rows *rows) {
    const struct column columns[] = {
        {"name", _("Item"), COLUMN_TEXT, 0},
        {"value", _("Value"), COLUMN_TEXT, 0},
    };
    struct output *o = output_open(&c->output, columns, 2);
    if (o == NULL) {
        return client_no_memory();
    }
    for (size_t i = 0; i < rows->n; i++) {
        const struct status_row *row = &rows->row[i];
        bool text = c->output.format == OUTPUT_TEXT;
        const char *name = text ? label_of(c, row) : row->name;
        if (name != NULL) {
            output_row(o, (const char *const[]){name, row->value});
        }
    }
    return client_close(o, EXIT_DONE);
}

static int write_prometheus(const struct client *c, const struct rows *rows) {
    struct error e;
    prometheus_write(c->output.file, rows->row, rows->n);
    if (fflush(c->output.file) == 0 && !ferror(c->output.file)) {
        return EXIT_DONE;
    }
    error_set(&e, ERR_INTERNAL, "", SAY("The output could not be written (%s)."), strerror(errno));
    return client_fail(&e, EXIT_REFUSED);
}

static int run(struct client *c, const struct arguments *a) {
    (void)a;
    Madoguchi__Status status = MADOGUCHI__STATUS__INIT;
    Madoguchi__Request request = MADOGUCHI__REQUEST__INIT;
    request.body_case = MADOGUCHI__REQUEST__BODY_STATUS;
    request.status = &status;
    struct rows *rows = arena_alloc(&c->arena, sizeof *rows);
    if (rows == NULL) {
        return client_no_memory();
    }
    *rows = (struct rows){.client = c};
    int exit_code = client_read(c, &request, take_rows, rows);
    if (exit_code != EXIT_DONE) {
        return exit_code;
    }
    return c->prometheus ? write_prometheus(c, rows) : write_table(c, rows);
}

const struct command command_status = {
    .name = "status",
    .words = "",
    .summary = N_("how the daemon and its store are"),
    .details = N_("--format prometheus prints it as Prometheus reads it."),
    .example = "madoguchi status",
    .least = 0,
    .most = 0,
    .prometheus = true,
    .run = run,
};
