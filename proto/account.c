#include "proto/account.h"

#include "proto/check.h"

const char *const account_fields[ACCOUNT_FIELDS] = {
    "name", "person", "role", "service", "office", "uid", "certificate", "until", "disabled"};

/* ---- certificates --------------------------------------------------------------------- */

static int digit(char c) {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

int account_not_hex(struct error *e) {
    return error_set(e, ERR_INVALID, "certificate",
                     "certificate: the SHA-256 of a certificate has 64 hexadecimal digits, as "
                     "`openssl x509 -noout -fingerprint -sha256` prints them.",
                     "certificate：証明書の SHA-256 指紋は16進数64桁です（openssl x509 -noout "
                     "-fingerprint -sha256 で表示されるもの）。");
}

/* Two digits a byte, colons between them or not. */
static bool from_hex(ProtobufCBinaryData text, uint8_t out[CHECK_CERTIFICATE_BYTES]) {
    const char *p = (const char *)text.data;
    size_t left = text.len;
    for (size_t n = 0; n < CHECK_CERTIFICATE_BYTES; n++) {
        if (n > 0 && left > 0 && *p == ':') {
            p++;
            left--;
        }
        if (left < 2 || digit(p[0]) < 0 || digit(p[1]) < 0) {
            return false;
        }
        out[n] = (uint8_t)(digit(p[0]) << 4 | digit(p[1]));
        p += 2;
        left -= 2;
    }
    return left == 0;
}

static int set_certificates(Madoguchi__Account *a, const char *value, struct arena *arena,
                            struct error *e) {
    if (message_set_text(&a->base, "certificate", value, arena, e) < 0) {
        return -1;
    }
    for (size_t i = 0; i < a->n_certificate; i++) {
        uint8_t *bytes = arena_alloc(arena, CHECK_CERTIFICATE_BYTES);
        if (bytes == NULL) {
            return error_set(e, ERR_INTERNAL, "", "Out of memory.", "メモリが足りません。");
        }
        if (!from_hex(a->certificate[i], bytes)) {
            return account_not_hex(e);
        }
        a->certificate[i] = (ProtobufCBinaryData){CHECK_CERTIFICATE_BYTES, bytes};
    }
    return 0;
}

static const char *get_certificates(const Madoguchi__Account *a, struct arena *arena) {
    static const char digits[] = "0123456789abcdef";
    size_t size = 1;
    for (size_t i = 0; i < a->n_certificate; i++) {
        size += 2 * a->certificate[i].len + 1;
    }
    char *out = a->n_certificate == 0 ? NULL : arena_alloc(arena, size);
    char *p = out;
    for (size_t i = 0; out != NULL && i < a->n_certificate; i++) {
        if (i > 0) {
            *p++ = ';';
        }
        for (size_t k = 0; k < a->certificate[i].len; k++) {
            *p++ = digits[a->certificate[i].data[k] >> 4];
            *p++ = digits[a->certificate[i].data[k] & 15];
        }
    }
    if (out != NULL) {
        *p = '\0';
    }
    return out;
}

/* ---- one field ---------------------------------------------------------------------------- */

int account_set(Madoguchi__Account *a, const char *field, const char *value, struct arena *arena,
                struct error *e) {
    if (strcmp(field, "certificate") == 0) {
        return set_certificates(a, value, arena, e);
    }
    if (strcmp(field, "disabled") == 0 && strcmp(value, "no") == 0) {
        value = "";
    }
    return message_set_text(&a->base, field, value, arena, e);
}

const char *account_get(const Madoguchi__Account *a, const char *field, struct arena *arena) {
    if (strcmp(field, "certificate") == 0) {
        return get_certificates(a, arena);
    }
    if (strcmp(field, "disabled") == 0 && !a->disabled) {
        return NULL;
    }
    return message_get_text(&a->base, message_field(a->base.descriptor, field), arena);
}

/* ---- the whole ----------------------------------------------------------------------------- */

static bool same_list(const ProtobufCBinaryData *a, size_t n_a, const ProtobufCBinaryData *b,
                      size_t n_b) {
    for (size_t i = 0; i < n_a && n_a == n_b; i++) {
        bool found = false;
        for (size_t k = 0; k < n_b && !found; k++) {
            found = bytes_same(a[i], b[k]);
        }
        if (!found) {
            return false;
        }
    }
    return n_a == n_b;
}

bool account_same(const Madoguchi__Account *a, const Madoguchi__Account *b) {
    return bytes_same(a->name, b->name) && a->has_person == b->has_person &&
           (!a->has_person || bytes_same(a->person, b->person)) && a->has_uid == b->has_uid &&
           (!a->has_uid || a->uid == b->uid) && a->has_until == b->has_until &&
           (!a->has_until || a->until == b->until) &&
           (a->has_disabled && a->disabled) == (b->has_disabled && b->disabled) &&
           same_list(a->role, a->n_role, b->role, b->n_role) &&
           same_list(a->service, a->n_service, b->service, b->n_service) &&
           same_list(a->office, a->n_office, b->office, b->n_office) &&
           same_list(a->certificate, a->n_certificate, b->certificate, b->n_certificate);
}

Madoguchi__Account *account_copy(const Madoguchi__Account *from, struct arena *arena) {
    ProtobufCBinaryData packed;
    if (message_pack(&from->base, arena, &packed, NULL) < 0) {
        return NULL;
    }
    return (Madoguchi__Account *)message_unpack(&madoguchi__account__descriptor, arena, packed.data,
                                                packed.len, NULL);
}

bool account_has_role(const Madoguchi__Account *a, const char *role) {
    if ((a->has_disabled && a->disabled) || a->has_until) {
        return false;
    }
    for (size_t i = 0; i < a->n_role; i++) {
        if (bytes_equal(a->role[i], role)) {
            return true;
        }
    }
    return false;
}

void account_word(const char *user, size_t len, char out[33]) {
    size_t n = 0;
    for (size_t i = 0; i < len && n < 32; i++) {
        char c = user[i];
        c = c >= 'A' && c <= 'Z' ? (char)(c + 'a' - 'A') : c;
        bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (plain || n > 0) { /* a word begins with a letter or digit */
            out[n++] = plain ? c : '-';
        }
    }
    out[n] = '\0';
}
