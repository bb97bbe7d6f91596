/* What an import would add, printed: --dry-run. */
#ifndef MADOGUCHI_CLIENT_IMPORT_DRY_RUN_H
#define MADOGUCHI_CLIENT_IMPORT_DRY_RUN_H

#include "client/import.h"

/* After import_check(): the new rows by month and service; of a sheet also what is counted
 * in it and its own totals, and to standard error where they differ.  The exit code. */
int import_dry_run(struct client *c, const struct import *import);

#endif
