/* A mapping and a sheet, with a line "%%" between them: from their bytes to the requests of
 * the rows; and the mapping that is guessed for the sheet, which must be one. */
#include "tests/fuzz/fuzz.h"

#include "client/import.h"
#include "client/mapping_guess.h"
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
    uint8_t *text = fuzz_load("plans/catalogue.yaml", &len);
    arena_init(&a, 4u << 20);
    MUST(yaml_catalogue((char *)text, len, "catalogue.yaml", &a, &packed, &e) == 0);
    MUST(catalogue_open(packed.data, packed.len, &catalogue, &e) == 0);
    arena_free(&a);
    free(text);
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
    MUST(request != NULL && request->row != NULL);
    if (check_request(request, &e) != 0) {
        fuzz_refusal(&e);
        /* It is told by a name of the sheet's. */
        MUST(mapping_sheet_name(import->sheet, e.field, item->where) != NULL);
    }
    arena_free(&a);
}

static void rows(const struct mapping *m, const char *data, size_t len) {
    struct client client = {.today = 20250615};
    struct error e = {0};
    struct import *import = calloc(1, sizeof *import);
    MUST(import != NULL);
    import_init(import, &client, "file.csv");
    import->catalogue = catalogue;
    MUST(import_map(import, m, &e) == 0);
    if (import_read(import, data, len, &e) != 0) {
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

static void guess(const char *data, size_t len) {
    char *text = NULL;
    size_t n = 0;
    struct error e = {0};
    struct mapping m;
    FILE *out = open_memstream(&text, &n);
    MUST(out != NULL);
    int result = mapping_guess(data, len, "sheet.csv", catalogue, 20250615, out, &e);
    fclose(out);
    if (result != 0) {
        fuzz_refusal(&e);
    } else {
        MUST(u8_check((const uint8_t *)text, n) == NULL);
        if (mapping_read(text, n, "guessed.yaml", catalogue, &m, &e) != 0) {
            fprintf(stderr, "%s\n%s\n", e.en, text);
            abort();
        }
        mapping_free(&m);
    }
    free(text);
}

static void sheet(const char *yaml, size_t n, const char *data, size_t len) {
    struct mapping m;
    struct error e = {0};
    if (mapping_read(yaml, n, "mapping.yaml", catalogue, &m, &e) == 0) {
        rows(&m, data, len);
    } else {
        fuzz_refusal(&e);
    }
    mapping_free(&m);
    guess(data, len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char between[] = "\n%%\n";
    struct import_text text;
    struct error e = {0};
    if (catalogue == NULL) {
        start();
    }
    const uint8_t *at = memmem(data, size, between, strlen(between));
    size_t n = at != NULL ? (size_t)(at - data) + 1 : 0;
    size_t skip = at != NULL ? n + strlen(between) - 1 : 0;
    char *copy = malloc(size - skip + 1);
    char *yaml = malloc(n + 1);
    MUST(copy != NULL && yaml != NULL);
    memcpy(copy, data + skip, size - skip);
    memcpy(yaml, data, n);
    if (import_text(copy, size - skip, &text, &e) == 0) {
        sheet(yaml, n, text.data, text.len);
        free(text.data);
    } else {
        fuzz_refusal(&e);
    }
    free(yaml);
    return 0;
}
