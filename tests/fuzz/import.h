/* A file of rows through client/import, for fuzz targets. */
#ifndef MADOGUCHI_TESTS_FUZZ_IMPORT_H
#define MADOGUCHI_TESTS_FUZZ_IMPORT_H

#include "tests/fuzz/fuzz.h"

#include "client/import.h"

/* A catalogue from its YAML; it lives as long as the program. */
struct catalogue *fuzz_import_catalogue(const char *path);

/* Reads the rows of a text as the program does, some lines at a time, by a mapping (NULL:
 * the columns are the import's own).  What will be sent is a request, whatever the daemon
 * then says to it; each problem is told of a line. */
void fuzz_import_rows(struct catalogue *catalogue, const struct mapping *m, const char *data,
                      size_t len);

#endif
