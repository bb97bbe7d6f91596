/* The subcommands of madoguchid.  Each returns the process's exit status:
 * 0 done, 1 refused, 2 usage. */
#ifndef MADOGUCHI_DAEMON_COMMAND_H
#define MADOGUCHI_DAEMON_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { EXIT_DONE = 0, EXIT_REFUSED = 1, EXIT_USAGE = 2 };

/* Makes a new store with the default catalogue and says what to do next. */
int command_init(const char *store, const char *municipality, const char *name,
                 bool force_filesystem);

struct serve_setting {
    const char *store;
    const char *config;        /* path, or NULL */
    const char *const *listen; /* addresses checked by config_check_listen() */
    size_t n_listen;
    bool force_filesystem;  /* also where the configuration does not */
    bool no_upgrade_backup; /* take over an older version's store without a copy */
};

/* Serves until told to stop. */
int command_serve(const struct serve_setting *setting);

/* Prints the configuration that command_serve() would use. */
int command_check_config(const struct serve_setting *setting);

/* Proves a store from its files. */
int command_verify(const char *store, bool force_filesystem);

/* Makes a store from the backup in `directory`, up to the entry `to` (0: all). */
int command_restore(const char *directory, const char *store, uint64_t to, bool force_filesystem);

/* Writes the journal of a store to standard output, and makes one from standard
 * input. */
int command_export_journal(const char *store, bool force_filesystem);
int command_import_journal(const char *store, bool force_filesystem);

struct tls_init_wish {
    const char *dir;
    const char *const *names; /* of the daemon; none: this machine's, and localhost */
    size_t n_names;
    const char *const *clients;
    size_t n_clients;
};

/* Makes a certificate authority, the daemon's certificate and clients', or, with
 * an authority that is there, what is asked for and missing. */
int command_tls_init(const struct tls_init_wish *wish);

/* Says what of a store's journal is damaged and repairs it from a backup. */
int command_doctor(const char *store, const char *backup, bool repair, bool force_filesystem);

#endif
