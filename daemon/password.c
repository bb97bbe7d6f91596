#include "daemon/password.h"

#include <sodium.h>

/* argon2id as libsodium recommends it for logins (64 MiB, two passes). */
#define OPS    crypto_pwhash_OPSLIMIT_INTERACTIVE
#define MEMORY crypto_pwhash_MEMLIMIT_INTERACTIVE

#define ONCE_BYTES 15 /* 20 characters */

const char password_nobody[] = "$argon2id$v=19$m=65536,t=2,p=1$/euDJYUUAaAs+f76DFwQHQ$"
                               "IqfEHJ96IETSDLKv7X2WnKTYJKFEoD1oduX8tdD4DUU";

void password_make(char out[PASSWORD_ONCE]) {
    uint8_t bytes[ONCE_BYTES];
    randombytes_buf(bytes, sizeof bytes);
    sodium_bin2base64(out, PASSWORD_ONCE, bytes, sizeof bytes,
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    sodium_memzero(bytes, sizeof bytes);
}

int password_hash(const char *password, size_t len, char out[SECRETS_HASH], struct error *e) {
    return crypto_pwhash_str(out, password, len, OPS, MEMORY) == 0
               ? 0
               : error_set(e, ERR_BUSY, "", "There is no memory for it now. Try again.",
                           "いまメモリーが足りません。もう一度お試しください。");
}
