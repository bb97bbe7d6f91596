#include "client/put_file.h"

#include "proto/yaml.h"

#include <stdlib.h>

int put_file(struct client *c, const char *path, Madoguchi__DocumentKind kind,
             put_file_reader read) {
    struct error e;
    char *text;
    size_t len;
    ProtobufCBinaryData packed;
    int exit_code = client_file(path, YAML_MAX, &text, &len);
    if (exit_code != EXIT_DONE) {
        return exit_code;
    }
    int result = read(text, len, path, &c->arena, &packed, &e);
    free(text);
    return result < 0 ? client_fail(&e, EXIT_REFUSED) : client_put(c, kind, packed);
}
