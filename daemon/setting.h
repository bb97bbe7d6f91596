/* The configuration as the command line leaves it. */
#ifndef MADOGUCHI_DAEMON_SETTING_H
#define MADOGUCHI_DAEMON_SETTING_H

#include "daemon/command.h"
#include "daemon/config.h"
#include "proto/tls.h"

/* Reads the setting's file, or takes the defaults without one; what the command
 * line says holds over it.  *out is the caller's (config_free()).  -1: as
 * config_read(), or out of memory. */
int setting_config(const struct serve_setting *setting, struct config **out,
                   struct error *e) MUST_CHECK;

/* What TLS is made of by that configuration; *out NULL: it has no certificate.
 * To tls_free().  The errors of tls_new(). */
int setting_tls(const struct config *c, struct tls **out, struct error *e) MUST_CHECK;

/* ERR_INVALID when TLS is needed and there is none: over TCP there would be no
 * connection at all. */
int setting_check_tls(const struct tls *tls, bool needed, struct error *e) MUST_CHECK;

/* All of the above anew: the whole, or nothing of it. */
int setting_again(const struct serve_setting *setting, bool tls_needed, struct config **config,
                  struct tls **tls, struct error *e) MUST_CHECK;

#endif
