/* A copy of the journal, made while the daemon serves: backup. */
#include "client/commands.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static const char *const names[][2] = {
    {"directory", N_("Directory")},
    {"head", N_("Last entry")},
    {"hash", N_("Its chain hash")},
    {"at", N_("Made at")},
    {"copied", N_("Files copied")},
    {"copied bytes", N_("Bytes copied")},
    {"kept", N_("Files kept")},
    {"note", N_("Note")},
    {NULL, NULL},
};

/* The daemon stands in another folder: it is told the whole path. */
static const char *whole_path(struct client *c, const char *path) {
    if (path[0] == '/') {
        return path;
    }
    char *here = getcwd(NULL, 0);
    const char *whole = here != NULL ? arena_printf(&c->arena, "%s/%s", here, path) : NULL;
    free(here);
    return whole;
}

static int run(struct client *c, const struct arguments *a) {
    Madoguchi__Backup backup = MADOGUCHI__BACKUP__INIT;
    Madoguchi__Request request = MADOGUCHI__REQUEST__INIT;
    const char *path = whole_path(c, a->word[0]);
    if (path == NULL) {
        return client_no_memory();
    }
    SET(&backup, directory, bytes_of(path));
    request.body_case = MADOGUCHI__REQUEST__BODY_BACKUP;
    request.backup = &backup;
    return client_read_pairs(c, &request, names);
}

const struct command command_backup = {
    .name = "backup",
    .words = "DIR",
    .summary = N_("copy the journal to a directory of the daemon's machine"),
    .details = N_("The daemon writes DIR, as its own account. The first time DIR must be empty or "
                  "not there; then only what is new is copied. madoguchid restore makes a store "
                  "from it."),
    .example = "madoguchi backup /var/backups/madoguchi/062090",
    .least = 1,
    .most = 1,
    .run = run,
};
