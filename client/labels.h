/* What codes are called, by the daemon's catalogue.
 *
 * Text tables show 移住相談, CSV and JSON keep migration.  The catalogue is
 * asked for once, when the first label is needed; without it codes stand for
 * themselves. */
#ifndef MADOGUCHI_CLIENT_LABELS_H
#define MADOGUCHI_CLIENT_LABELS_H

#include "client/client.h"
#include "proto/catalogue.h"

/* The label of a code of a field ("service", "topic" ...) in the reader's
 * language; in CSV and JSON the code itself.  Several codes joined by ';' are
 * labelled one by one.  The result lives in the arena given. */
const char *labels_of(struct client *c, const char *field, const char *code, struct arena *arena);

/* The daemon's catalogue, asked for once; NULL when it could not be had. */
const struct catalogue *labels_catalogue(struct client *c);

/* The label of one code of a field by a catalogue, in the reader's language;
 * empty when there is none. */
ProtobufCBinaryData labels_code(const struct catalogue *catalogue, const char *field,
                                ProtobufCBinaryData code);

void labels_free(struct labels *labels);

/* What a measure (--count) is called. */
const char *labels_measure(const char *count);

/* What a field, kind of entry, state ... is called. */
const char *labels_field(const char *field);

/* The same of several words joined by ';'; in the arena. */
const char *labels_words(const char *words, struct arena *arena);

/* FY2023 as R5 (2023); a period or year of a cell as people read it. */
const char *labels_year(const char *year, struct arena *arena);

#endif
