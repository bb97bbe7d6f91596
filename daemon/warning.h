/* What an operator should see to before it stops the counters: the store's disk
 * or the tables' map is used to warn_percent, or entries are refused already.
 *
 * Each is logged once when it begins and once when it ends; one that began ends
 * WARNING_SLACK percent below, so that a disk at the edge is not logged again
 * and again. */
#ifndef MADOGUCHI_DAEMON_WARNING_H
#define MADOGUCHI_DAEMON_WARNING_H

#include "store/store.h"

#define WARNING_SLACK 2

enum warning {
    WARNING_DISK, /* the file system of the store */
    WARNING_MAP,  /* the address space of the tables */
    WARNING_FULL, /* entries are refused */
    WARNINGS,
};

/* Starts out zeroed. */
struct warnings {
    bool on[WARNINGS];
};

/* "disk", "map", "full" */
const char *warning_word(enum warning warning);

/* How much of the disk and of the map is used, in percent, rounded down. */
unsigned warning_disk_percent(const struct store_status *s);
unsigned warning_map_percent(const struct store_status *s);

/* Judges; what begins or ends is logged. */
void warnings_look(struct warnings *w, const struct store_status *s, uint64_t percent);

/* Fills *e with the warning's sentence: what is, and what to do. */
void warning_say(enum warning warning, const struct store_status *s, struct error *e);

#endif
