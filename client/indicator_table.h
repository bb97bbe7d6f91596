/* The plan's table as a plan prints it: one line an indicator, one column a
 * year, under the plan's own headings. */
#ifndef MADOGUCHI_CLIENT_INDICATOR_TABLE_H
#define MADOGUCHI_CLIENT_INDICATOR_TABLE_H

#include "client/client.h"

/* Asks the request (Indicators) and prints the table.  Returns the exit code. */
int indicator_table(struct client *c, const char *plan, Madoguchi__Request *request);

#endif
