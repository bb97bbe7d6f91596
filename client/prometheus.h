/* The rows of `status` as Prometheus reads them: text exposition format 0.0.4.
 *
 *     # HELP madoguchi_answer_seconds Time from a request's arrival to its answer.
 *     # TYPE madoguchi_answer_seconds summary
 *     madoguchi_answer_seconds{municipality="062090",kind="record",quantile="0.99"} 0.000439
 *
 * Names, types and units are those of one table in the code; times are in
 * seconds, sizes in bytes.  Every sample names its municipality, so that the
 * files of several daemons can lie side by side.  A row without a value makes no
 * sample, and a metric without samples is left out.  Never translated. */
#ifndef MADOGUCHI_CLIENT_PROMETHEUS_H
#define MADOGUCHI_CLIENT_PROMETHEUS_H

#include <stddef.h>
#include <stdio.h>

struct status_row {
    const char *name;
    const char *value; /* never NULL */
};

/* The caller looks whether the file could be written. */
void prometheus_write(FILE *file, const struct status_row *rows, size_t n);

#endif
