/* The file of password and token hashes, with any bytes: read or refused in a sentence;
 * what was read is written and read again as the same. */
#include "tests/fuzz/fuzz.h"

#include "store/secrets.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char path[FUZZ_PATH + 20];

static void save(const void *data, size_t len) {
    fuzz_save(path, data, len);
    MUST(chmod(path, 0600) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct secrets *s;
    struct error e = {0};
    size_t len;
    size_t again_len;
    bool once;
    snprintf(path, sizeof path, "%s/secrets", fuzz_folder());
    save(data, size);
    if (secrets_open(fuzz_folder(), &s, &e) < 0) {
        fuzz_refusal(&e);
        return 0;
    }
    char *text = secrets_text(s, &len);
    MUST(text != NULL && strlen(text) == len);
    (void)secrets_password(s, "tanaka", &once);
    secrets_free(s);
    MUST(secrets_write(fuzz_folder(), text, len, &e) == 0);
    MUST(secrets_open(fuzz_folder(), &s, &e) == 0);
    char *again = secrets_text(s, &again_len);
    MUST(again != NULL && again_len == len && memcmp(again, text, len) == 0);
    secrets_expire(s, UINT64_MAX / 2);
    MUST(secrets_tokens(s) == 0);
    secrets_free(s);
    free(text);
    free(again);
    return 0;
}
