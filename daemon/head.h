/* The journal's head in the log, where nobody who can write to the store can change
 * it: `verify --head` proves by it that nothing before was changed or cut off. */
#ifndef MADOGUCHI_DAEMON_HEAD_H
#define MADOGUCHI_DAEMON_HEAD_H

#include "store/store.h"

/* Logs "journal-head head=SEQ:HASH". */
void head_log(const struct store_status *status);

/* The same unless it was logged on this day (Japan's, of `now`: seconds since 1970); *day
 * (a date) is when it last was, 0 at first. */
void head_log_daily(const struct store_status *status, int64_t now, uint32_t *day);

#endif
