/* The daemon's configuration: one YAML file of plain keys, every key optional.
 *
 * CONFIG_NUMBERS below is the one table of the numeric keys: name, default,
 * least, most, whether a change needs a restart, and what it means.  The
 * documentation that `madoguchid serve --check-config` prints, the checks and
 * the fields of struct config all come from it. */
#ifndef MADOGUCHI_DAEMON_CONFIG_H
#define MADOGUCHI_DAEMON_CONFIG_H

#include "proto/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define CONFIG_LISTEN_MAX   16
#define CONFIG_BACKUP_MAX   16
#define CONFIG_GATEWAY_USER "madoguchi-web"
#define CONFIG_FILE_MAX     65536 /* bytes of a configuration file */

#define MIB(n) ((uint64_t)(n) << 20)
#define GIB(n) ((uint64_t)(n) << 30)

#define CONFIG_NUMBERS(X)                                                                          \
    X(connections_max, 1024, 1, 65536, false,                                                      \
      "Connections at a time. At the limit nobody new is accepted; who comes waits. An eighth of " \
      "them is kept for Unix sockets, whatever comes over the network.")                           \
    X(in_flight_max, 256, 1, 1024, false,                                                          \
      "Requests of one connection that wait for their answers. Beyond it, its requests "           \
      "stay unread. Holds for new connections.")                                                   \
    X(waiting_max, 4096, 1, 65536, false,                                                          \
      "Requests of all connections that wait to be recorded. Beyond it, requests stay unread.")    \
    X(output_high_bytes, MIB(1), 1024, MIB(64), false,                                             \
      "Answers waiting for one reader that does not read. Beyond it, its requests stay unread "    \
      "and long answers pause.")                                                                   \
    X(output_low_bytes, MIB(1) / 4, 0, MIB(64), false,                                             \
      "When no more than this is left to be read, it goes on. At most output_high_bytes.")         \
    X(first_frame_ms, 10000, 10, 600000, false,                                                    \
      "Time from connecting to the end of the first frame, milliseconds.")                         \
    X(frame_ms, 30000, 10, 600000, false,                                                          \
      "Time from the first to the last byte of any frame, milliseconds.")                          \
    X(idle_ms, 300000, 10, 86400000, false,                                                        \
      "A connection is closed when nothing was asked, and no answer taken, for so long.")          \
    X(handshake_ms, 10000, 10, 600000, false,                                                      \
      "Time of a TLS handshake, from connecting to its end, milliseconds.")                        \
    X(handshakes_max, 32, 1, 1024, false,                                                          \
      "TLS handshakes at a time. Beyond it, who comes over TCP waits, and one that takes longer "  \
      "than a second loses its place.")                                                            \
    X(close_ms, 5000, 10, 600000, false,                                                           \
      "Time a client has to take its last answer when the daemon closes, milliseconds.")           \
    X(gather_us, 40, 0, 1000, false,                                                               \
      "How long a group may wait for more requests before it is flushed, microseconds. It waits "  \
      "only while fewer are there than came the last time.")                                       \
    X(query_threads, 2, 1, 16, true, "Threads that answer questions.")                             \
    X(query_waiting_max, 256, 1, 65536, false,                                                     \
      "Questions that wait for a thread. Beyond it the answer is busy.")                           \
    X(query_stop_ms, 10000, 0, 600000, false,                                                      \
      "How long a stopping daemon waits for questions being answered, milliseconds.")              \
    X(flush_patience_ms, 120000, 10, 86400000, false,                                              \
      "How long one flush of the journal may take before systemd's watchdog is no longer told "    \
      "that the daemon lives, milliseconds.")                                                      \
    X(name_ms, 2000, 10, 60000, false,                                                             \
      "How long a new connection waits for the name of its user, milliseconds. Then entries "      \
      "carry the number alone.")                                                                   \
    X(slow_request_ms, 1000, 0, 86400000, false,                                                   \
      "A request that takes so long or longer is logged (slow-request), milliseconds. 0: none.")   \
    X(warn_percent, 70, 1, 100, false,                                                             \
      "When the store's disk or the tables' map is used to this part, status and the log warn.")   \
    X(spool_memory_bytes, MIB(1), 0, MIB(64), false,                                               \
      "A long answer is kept in memory up to this size (all together: 32 times as much), beyond "  \
      "it in an unnamed temporary file.")                                                          \
    X(spool_disk_bytes, MIB(512), MIB(1), GIB(1024), false,                                        \
      "All those temporary files together. An answer that does not fit is refused.")               \
    X(map_bytes, 0, 0, GIB(16384), true,                                                           \
      "Address space of the tables (LMDB); no memory and no disk is taken. 0: 64 GiB.")            \
    X(free_floor_bytes, 0, 0, GIB(1024), true,                                                     \
      "With less free disk space than this nothing new is recorded. 0: 64 MiB.")                   \
    X(segment_bytes, 0, 0, GIB(1), true, "Size of new journal segments. 0: 16 MiB.")

struct config {
    char *listen[CONFIG_LISTEN_MAX]; /* unix:PATH, tls:HOST:PORT */
    size_t listen_count;
    char *backup_directories[CONFIG_BACKUP_MAX]; /* absolute; where backups may go */
    size_t backup_directories_count;             /* 0: anywhere */
    char *socket_owner;                          /* name or number, or NULL */
    char *socket_group;
    char *gateway_user;    /* NULL: CONFIG_GATEWAY_USER */
    char *tls_certificate; /* paths, or NULL */
    char *tls_key;
    char *tls_client_ca;
    unsigned log_level;
    bool force_filesystem;
#define CONFIG_FIELD(name, ...) uint64_t name;
    CONFIG_NUMBERS(CONFIG_FIELD)
#undef CONFIG_FIELD
};

/* A configuration of defaults; NULL when out of memory.  To config_free(). */
struct config *config_defaults(void);
void config_free(struct config *c);

/* Reads a file over the defaults.  *out is to be given to config_free().
 * ERR_INVALID names file, line and key: not readable, not YAML, an unknown key,
 * a key given twice, a value that is no number or outside its limits. */
int config_read(const char *path, struct config **out, struct error *e) MUST_CHECK;

/* The same from text; `name` is what errors call it. */
int config_parse(const char *text, size_t len, const char *name, struct config **out,
                 struct error *e) MUST_CHECK;

/* Prints the configuration in force as a file that config_read() takes, every
 * key with what it means, its default and its limits. */
void config_print(const struct config *c, FILE *to);

/* Calls `key` for each key that differs and needs a restart.  Returns how
 * many. */
size_t config_restart_keys(const struct config *old, const struct config *new,
                           void (*key)(void *ctx, const char *name), void *ctx);

/* Whether an address to listen on can be used: unix:PATH with a path that fits
 * a socket address, or tls:HOST:PORT.  ERR_INVALID; there is no TCP without
 * TLS. */
int config_check_listen(const char *address, struct error *e) MUST_CHECK;

#endif
