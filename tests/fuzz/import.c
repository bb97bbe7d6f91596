#include "tests/fuzz/import.h"

#include "proto/check.h"
#include "proto/yaml.h"

#include <string.h>
#include <unistr.h>

#define LINES_AT_ONCE 5

struct catalogue *fuzz_import_catalogue(const char *path) {
    struct arena a;
    struct error e;
    struct catalogue *catalogue;
    ProtobufCBinaryData packed;
    size_t len;
    uint8_t *text = fuzz_load(path, &len);
    arena_init(&a, 4u << 20);
    MUST(yaml_catalogue((char *)text, len, "catalogue.yaml", &a, &packed, &e) == 0);
    MUST(catalogue_open(packed.data, packed.len, &catalogue, &e) == 0);
    arena_free(&a);
    free(text);
    return catalogue;
}

static void look_at(const struct import *import, const struct import_item *item) {
    struct arena a;
    struct error e = {0};
    if (item->state == IMPORT_BAD) {
        return;
    }
    arena_init(&a, 8u << 20);
    Madoguchi__Request *request = (Madoguchi__Request *)message_unpack(
        &madoguchi__request__descriptor, &a, import->bytes + item->offset, item->len, &e);
    MUST(request != NULL);
    MUST(request->id.len == 16 && request->row != NULL);
    if (check_request(request, &e) != 0) {
        fuzz_refusal(&e);
        /* It is told by a name of the sheet's. */
        MUST(import->sheet == NULL ||
             mapping_sheet_name(import->sheet, e.field, item->where) != NULL);
    }
    arena_free(&a);
}

static int read_all(struct import *import, const char *data, size_t len, struct error *e) {
    int more = import_begin(import, data, len, e) == 0 ? 1 : -1;
    while (more > 0) {
        more = import_more(import, LINES_AT_ONCE, e);
    }
    return more;
}

void fuzz_import_rows(struct catalogue *catalogue, const struct mapping *m, const char *data,
                      size_t len) {
    struct client client = {.today = 20250615};
    struct error e = {0};
    struct import *import = calloc(1, sizeof *import);
    MUST(import != NULL);
    import_init(import, &client, "file.csv");
    import->catalogue = catalogue;
    MUST(m == NULL || import_map(import, m, &e) == 0);
    if (read_all(import, data, len, &e) != 0) {
        fuzz_refusal(&e);
    }
    for (size_t i = 0; i < import->n_problem && i < IMPORT_PROBLEMS_SHOWN; i++) {
        const struct import_problem *p = &import->problem[i];
        fuzz_refusal(&p->error);
        MUST(p->line >= 1);
        MUST(u8_check((const uint8_t *)p->column, strlen(p->column)) == NULL);
    }
    for (size_t i = 0; i < import->n_items; i++) {
        look_at(import, &import->items[i]);
    }
    import_free(import);
    free(import);
}
