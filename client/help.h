/* --help. */
#ifndef MADOGUCHI_CLIENT_HELP_H
#define MADOGUCHI_CLIENT_HELP_H

#include "client/client.h"

/* All commands, the global options, the exit codes. */
void help_all(const struct option *global);

/* The commands of a family: session plan, session hold ... */
void help_family(const char *word);

/* One command with its options and an example. */
void help_command(const struct command *command);

#endif
