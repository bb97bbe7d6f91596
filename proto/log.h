/* A server's log: one line an event, to standard error.
 *
 * Under systemd (JOURNAL_STREAM names standard error) a line begins with its
 * journald priority, `<6>`; otherwise with the time (UTC) and a word.  Then the
 * event's name and its fields:
 *
 *     <6>refused peer=uid:1000/17 request=3 code=unknown-code field=topic
 *
 * No personal data, and no text that somebody typed at a counter: callers log
 * codes, names of fields, sizes, sequence numbers.  An event that comes more
 * than LOG_BURST times a second is counted instead (`suppressed=`).
 * Safe in any thread. */
#ifndef MADOGUCHI_PROTO_LOG_H
#define MADOGUCHI_PROTO_LOG_H

#include "proto/error.h"

#include <stdbool.h>
#include <stddef.h>

enum log_level {
    LEVEL_ERROR = 3,
    LEVEL_WARNING = 4,
    LEVEL_NOTICE = 5,
    LEVEL_INFO = 6,
    LEVEL_DEBUG = 7
};

#define LOG_BURST 20 /* lines a second of one event; errors are always written */

/* Looks where standard error goes.  Until called, lines carry the time. */
void log_open(void);

/* Least important level written; LEVEL_INFO until called. */
void log_level(enum log_level level);
bool log_wanted(enum log_level level);

/* "error", "warning", "notice", "info", "debug" to a level; -1 for others. */
int log_level_of(const char *word);

/* Writes one line.  `event` is a constant of the caller: the rate limit is per
 * event.  `format` gives the fields: "peer=%s code=%s"; may be "".  Control
 * characters are replaced and long lines cut. */
void log_event(enum log_level level, const char *event, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same with why="..." from an error's English sentence: only for errors
 * that do not come from what a client sent. */
void log_error(enum log_level level, const char *event, const struct error *e);

#endif
