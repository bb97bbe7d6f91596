/* The configuration as the command line leaves it. */
#ifndef MADOGUCHI_DAEMON_SETTING_H
#define MADOGUCHI_DAEMON_SETTING_H

#include "daemon/command.h"
#include "daemon/config.h"

/* Reads the setting's file, or takes the defaults without one; what the command
 * line says holds over it.  *out is the caller's (config_free()).  -1: as
 * config_read(), or out of memory. */
int setting_config(const struct serve_setting *setting, struct config **out,
                   struct error *e) MUST_CHECK;

#endif
