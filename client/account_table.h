/* Accounts as the daemon has them: asked for, found by name, shown. */
#ifndef MADOGUCHI_CLIENT_ACCOUNT_TABLE_H
#define MADOGUCHI_CLIENT_ACCOUNT_TABLE_H

#include "client/client.h"
#include "proto/account.h"

/* Takes one account; it lives only during the call. */
typedef void (*account_row_fn)(void *ctx, const Madoguchi__AccountRow *row);

/* Asks for one account, or all of them (name NULL).  Errors are printed; returns the
 * exit code. */
int account_table_read(struct client *c, const char *name, account_row_fn row, void *ctx);

/* One account, copied to the client's arena, with `replaces` set to the entry that
 * stands, so that it can be changed and sent. */
int account_table_find(struct client *c, const char *name, Madoguchi__Account **out);

/* Columns that a table of accounts has behind account_fields. */
#define ACCOUNT_TABLE_MORE 3
extern const char *const account_table_more[ACCOUNT_TABLE_MORE];

/* Prints all accounts as a table, or one below each other in a text table. */
int account_table_print(struct client *c, const char *name);

/* A time as people of the town hall read it: 2024-04-15T09:30:00+09:00. */
const char *account_table_time(uint64_t ms, struct arena *arena);

#endif
