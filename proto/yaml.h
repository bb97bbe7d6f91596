/* The YAML files of a city: its catalogue of codes and its plans.
 *
 * A planning officer writes them, the client and `madoguchid init` read them
 * here and turn them into the packed messages of document.proto.  Reading is
 * strict: an unknown key, a key given twice, an alias, a duplicate id or an
 * unknown reference is an error that names the file, the line and what was
 * expected.  The forms are described in madoguchi-plan(5). */
#ifndef MADOGUCHI_PROTO_YAML_H
#define MADOGUCHI_PROTO_YAML_H

#include "proto/arena.h"
#include "proto/document.pb-c.h"
#include "proto/error.h"

#include <stdio.h>

/* Bytes of a YAML file; larger ones are refused (ERR_TOO_MUCH). */
#define YAML_MAX (4u << 20)

/* Reads a catalogue from len bytes of text and packs it as a
 * Document__Catalogue into the arena.  file_name is only named in errors.
 * ERR_INVALID: FILE:LINE and what was expected. */
int yaml_catalogue(const char *text, size_t len, const char *file_name, struct arena *arena,
                   ProtobufCBinaryData *packed, struct error *e) MUST_CHECK;

/* The same for a plan: a packed Document__Plan. */
int yaml_plan(const char *text, size_t len, const char *file_name, struct arena *arena,
              ProtobufCBinaryData *packed, struct error *e) MUST_CHECK;

/* Writes a catalogue as YAML that yaml_catalogue() reads back to the same
 * bytes.  Returns 0, or -1 when the stream failed (errno says why). */
int yaml_catalogue_write(const Document__Catalogue *catalogue, FILE *out);

/* ---- for the two readers, and for whoever reads YAML by a libcyaml schema --- */

struct cyaml_schema_value;

/* A text being turned into a message, with the place errors speak of. */
struct yaml_source {
    const char *text;
    size_t len;
    const char *file_name;
    struct arena *arena;
    unsigned line; /* where the item at hand begins; 0 when not known */
};

/* Loads the text by a schema, strictly.  *data is to be given to yaml_unload()
 * with the same schema; it is NULL for a text without any content, which is an
 * error too. */
int yaml_load(const struct yaml_source *source, const struct cyaml_schema_value *schema,
              void **data, struct error *e) MUST_CHECK;
void yaml_unload(const struct cyaml_schema_value *schema, void *data);

/* The first line after line `after` in which `word` stands as a word of its
 * own, comments left aside; 0 if there is none. */
unsigned yaml_line_of(const struct yaml_source *source, const char *word, unsigned after);

/* The same for `key: word`, whatever quotes the word is in. */
unsigned yaml_line_of_key(const struct yaml_source *source, const char *key, const char *word,
                          unsigned after);

/* Puts "FILE:LINE: " before an error's sentences; returns -1. */
int yaml_place(const struct yaml_source *source, unsigned line, struct error *e);

/* Refuses more than `most` items of a list, before anything is done for each
 * (ERR_TOO_MUCH). */
int yaml_count(const struct yaml_source *source, const char *key, size_t n, size_t most,
               struct error *e) MUST_CHECK;

/* Fields from the texts of a YAML file.  NULL and "" leave the field not given.
 * Errors name the key and carry the place. */
int yaml_text(const struct yaml_source *source, const char *key, const char *value,
              protobuf_c_boolean *has, ProtobufCBinaryData *out, struct error *e) MUST_CHECK;
int yaml_texts(const struct yaml_source *source, const char *key, char *const *values, size_t n,
               size_t *n_out, ProtobufCBinaryData **out, struct error *e) MUST_CHECK;
int yaml_date(const struct yaml_source *source, const char *key, const char *value,
              protobuf_c_boolean *has, uint32_t *out, struct error *e) MUST_CHECK;
int yaml_year(const struct yaml_source *source, const char *key, const char *value,
              protobuf_c_boolean *has, uint32_t *out, struct error *e) MUST_CHECK;

/* One of the words (the list ends with NULL), or an error that names the nearest. */
int yaml_word(const struct yaml_source *source, const char *key, const char *value,
              const char *const *words, struct error *e) MUST_CHECK;

#endif
