/* Plans and catalogues as YAML.  What is read has passed its checks once it is
 * recorded; a catalogue can be written and read back. */
#include "tests/fuzz/fuzz.h"

#include "proto/catalogue.h"
#include "proto/check.h"
#include "proto/yaml.h"

#include <string.h>

static struct arena arena;

static void read_plan(const char *text, size_t len) {
    ProtobufCBinaryData packed = {0};
    struct error e = {0};
    if (yaml_plan(text, len, "plan.yaml", &arena, &packed, &e) != 0) {
        fuzz_refusal(&e);
        return;
    }
    Document__Plan *plan = (Document__Plan *)message_unpack(&document__plan__descriptor, &arena,
                                                            packed.data, packed.len, &e);
    MUST(plan != NULL || arena.exhausted);
    if (plan != NULL && check_plan(plan, &e) != 0) {
        fuzz_refusal(&e);
    }
}

static void write_back(const Document__Catalogue *catalogue, ProtobufCBinaryData packed) {
    char *text = NULL;
    size_t len = 0;
    struct error e = {0};
    ProtobufCBinaryData again;
    FILE *out = open_memstream(&text, &len);
    MUST(out != NULL);
    MUST(yaml_catalogue_write(catalogue, out) == 0);
    fclose(out);
    MUST(yaml_catalogue(text, len, "again.yaml", &arena, &again, &e) == 0 || arena.exhausted);
    MUST(arena.exhausted || bytes_same(packed, again));
    free(text);
}

static void read_catalogue(const char *text, size_t len) {
    ProtobufCBinaryData packed = {0};
    struct error e = {0};
    struct catalogue *index;
    if (yaml_catalogue(text, len, "catalogue.yaml", &arena, &packed, &e) != 0) {
        fuzz_refusal(&e);
        return;
    }
    Document__Catalogue *c = (Document__Catalogue *)message_unpack(
        &document__catalogue__descriptor, &arena, packed.data, packed.len, &e);
    MUST(c != NULL || arena.exhausted);
    if (c == NULL) {
        return;
    }
    if (check_catalogue(c, &e) != 0) {
        fuzz_refusal(&e);
        return;
    }
    write_back(c, packed);
    MUST(catalogue_open(packed.data, packed.len, &index, &e) == 0);
    catalogue_free(index);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *text = malloc(size > 0 ? size : 1);
    MUST(text != NULL);
    memcpy(text, data, size);
    arena_init(&arena, 16u << 20);
    read_plan(text, size);
    arena_reset(&arena);
    read_catalogue(text, size);
    arena_free(&arena);
    free(text);
    return 0;
}
