/* Reading a YAML file and recording it: catalogue put and plan put. */
#ifndef MADOGUCHI_CLIENT_PUT_FILE_H
#define MADOGUCHI_CLIENT_PUT_FILE_H

#include "client/client.h"

/* yaml_catalogue() or yaml_plan(). */
typedef int (*put_file_reader)(const char *text, size_t len, const char *file_name,
                               struct arena *arena, ProtobufCBinaryData *packed, struct error *e);

/* Reads the file, packs it and records it; prints what was recorded or what is
 * wrong.  Returns the exit code. */
int put_file(struct client *c, const char *path, Madoguchi__DocumentKind kind,
             put_file_reader read);

#endif
