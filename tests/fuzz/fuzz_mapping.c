/* A mapping and a sheet, with a line "%%" between them: from their bytes to the requests of
 * the rows; and the mapping that is guessed for the sheet, which must be one. */
#include "tests/fuzz/import.h"

#include "client/mapping_guess.h"

#include <string.h>
#include <unistr.h>

static struct catalogue *catalogue;

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
        fuzz_import_rows(catalogue, &m, data, len);
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
        catalogue = fuzz_import_catalogue("plans/catalogue.yaml");
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
