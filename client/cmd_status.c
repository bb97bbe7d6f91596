/* How the daemon and its store are: status. */
#include "client/commands.h"

static const char *const names[][2] = {
    {"municipality", N_("Municipality code")},
    {"name", N_("Municipality")},
    {"head", N_("Last entry")},
    {"head_hash", N_("Its chain hash")},
    {"applied", N_("Folded up to entry")},
    {"recorded_at", N_("Last recorded at")},
    {"fold_version", N_("Version of the tables")},
    {"full", N_("Disk full")},
    {"groups", N_("Groups since the start")},
    {"entries", N_("Entries since the start")},
    {"last_flush_us", N_("Last flush (microseconds)")},
    {"map_bytes", N_("Address space of the tables (bytes)")},
    {"map_used", N_("Tables on disk (bytes)")},
    {"free_bytes", N_("Free disk (bytes)")},
    {"segments", N_("Journal segments")},
    {"journal_bytes", N_("Journal bytes")},
    {"last_backup", N_("Last backup at")},
    {"last_backup_seq", N_("Last entry in the backup")},
    {"last_backup_age_s", N_("Age of the backup (seconds)")},
    {"readers", N_("Readers")},
    {"readers_max", N_("Readers at most")},
    {"version", N_("Version")},
    {"protocol", N_("Protocol")},
    {"connections", N_("Connections")},
    {"connections_max", N_("Connections at most")},
    {"connections_total", N_("Connections since the start")},
    {"requests_total", N_("Requests since the start")},
    {"queue", N_("Requests waiting to be recorded")},
    {"questions", N_("Questions waiting for an answer")},
    {NULL, NULL},
};

static int run(struct client *c, const struct arguments *a) {
    (void)a;
    Madoguchi__Status status = MADOGUCHI__STATUS__INIT;
    Madoguchi__Request request = MADOGUCHI__REQUEST__INIT;
    request.body_case = MADOGUCHI__REQUEST__BODY_STATUS;
    request.status = &status;
    return client_read_pairs(c, &request, names);
}

const struct command command_status = {
    .name = "status",
    .words = "",
    .summary = N_("how the daemon and its store are"),
    .example = "madoguchi status",
    .least = 0,
    .most = 0,
    .run = run,
};
