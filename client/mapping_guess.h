/* A first mapping for a sheet, from what its headings and cells look like. */
#ifndef MADOGUCHI_CLIENT_MAPPING_GUESS_H
#define MADOGUCHI_CLIENT_MAPPING_GUESS_H

#include "proto/catalogue.h"

#include <stdio.h>

/* Writes the YAML of a mapping for the text of a sheet (UTF-8 CSV): what it is unsure of
 * stands in comments that begin with "# ?".  Words are looked up in the catalogue (or
 * NULL).  name: of the file, which may name a service or a year; today: a date.  Cells
 * are repeated only where they are words for codes, and none with an individual number.
 * ERR_INVALID: no CSV, or no row that looks like headings. */
int mapping_guess(const char *text, size_t len, const char *name, const struct catalogue *catalogue,
                  uint32_t today, FILE *out, struct error *e) MUST_CHECK;

#endif
