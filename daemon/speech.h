/* What init and verify say to the person at the terminal.
 *
 * Japanese when LC_ALL, LC_MESSAGES or LANG (the first that is set) begins with
 * "ja", else English.  Logs and the protocol do not depend on it. */
#ifndef MADOGUCHI_DAEMON_SPEECH_H
#define MADOGUCHI_DAEMON_SPEECH_H

#include "proto/error.h"

#include <stdbool.h>
#include <stdio.h>

bool speech_ja(void);

/* Both formats take the same arguments in the same order. */
void say(FILE *to, const char *en, const char *ja, ...)
    __attribute__((format(printf, 2, 4), format(printf, 3, 4)));

/* "madoguchid: " and the error's sentence, to standard error. */
void say_error(const struct error *e);

#endif
