/* A CSV file for import, from its bytes to the requests of its rows. */
#include "tests/fuzz/import.h"

#include <string.h>
#include <unistr.h>

static struct catalogue *catalogue;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct import_text text;
    struct error e = {0};
    if (catalogue == NULL) {
        catalogue = fuzz_import_catalogue("tests/golden/catalogue.yaml");
    }
    char *copy = malloc(size + 1);
    MUST(copy != NULL);
    memcpy(copy, data, size);
    if (import_text(copy, size, &text, &e) != 0) {
        fuzz_refusal(&e);
        return 0;
    }
    MUST(u8_check((const uint8_t *)text.data, text.len) == NULL);
    fuzz_import_rows(catalogue, NULL, text.data, text.len);
    free(text.data);
    return 0;
}
