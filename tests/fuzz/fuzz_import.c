/* A CSV file for import, from its bytes to the requests of its rows. */
#include "tests/fuzz/fuzz.h"

#include "client/import.h"
#include "proto/check.h"
#include "proto/yaml.h"

#include <string.h>
#include <unistr.h>

static struct catalogue *catalogue;

static void start(void) {
    struct arena a;
    struct error e;
    ProtobufCBinaryData packed;
    size_t len;
    uint8_t *text = fuzz_load("tests/golden/catalogue.yaml", &len);
    arena_init(&a, 4u << 20);
    MUST(yaml_catalogue((char *)text, len, "catalogue.yaml", &a, &packed, &e) == 0);
    MUST(catalogue_open(packed.data, packed.len, &catalogue, &e) == 0);
    arena_free(&a);
    free(text);
}

/* What will be sent is a request, whatever the daemon then says to it. */
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
    }
    arena_free(&a);
}

static void rows(const char *data, size_t len) {
    struct client client = {.today = 20250615};
    struct error e = {0};
    struct import *import = calloc(1, sizeof *import);
    MUST(import != NULL);
    import_init(import, &client, "file.csv");
    import->catalogue = catalogue;
    if (import_read(import, data, len, &e) != 0) {
        fuzz_refusal(&e);
    }
    for (size_t i = 0; i < import->n_problem && i < IMPORT_PROBLEMS_SHOWN; i++) {
        fuzz_refusal(&import->problem[i].error);
        MUST(import->problem[i].line >= 1);
    }
    for (size_t i = 0; i < import->n_items; i++) {
        look_at(import, &import->items[i]);
    }
    import_free(import);
    free(import);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct import_text text;
    struct error e = {0};
    if (catalogue == NULL) {
        start();
    }
    char *copy = malloc(size + 1);
    MUST(copy != NULL);
    memcpy(copy, data, size);
    if (import_text(copy, size, &text, &e) != 0) {
        fuzz_refusal(&e);
        return 0;
    }
    MUST(u8_check((const uint8_t *)text.data, text.len) == NULL);
    rows(text.data, text.len);
    free(text.data);
    return 0;
}
