#include "proto/address.h"

#include "proto/guard.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

bool address_is_numeric(const char *host) {
    uint8_t bytes[16];
    return inet_pton(AF_INET, host, bytes) == 1 || inet_pton(AF_INET6, host, bytes) == 1;
}

static bool is_host(const char *host, size_t len, bool brackets) {
    static const char name[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
    static const char six[] = "0123456789abcdefABCDEF:.";
    return len > 0 && len < ADDRESS_HOST && strspn(host, brackets ? six : name) >= len;
}

static bool is_port(const char *port) {
    size_t digits = strspn(port, "0123456789");
    return digits > 0 && digits < 6 && port[digits] == '\0' && (digits == 1 || port[0] != '0') &&
           strtoul(port, NULL, 10) <= 65535;
}

int address_read(const char *text, struct address *out, struct error *e) {
    const char *host = text + strlen(ADDRESS_TLS);
    bool brackets = false;
    const char *end = NULL;
    if (strncmp(text, ADDRESS_TLS, strlen(ADDRESS_TLS)) == 0) {
        brackets = host[0] == '[';
        host += brackets ? 1 : 0;
        end = strchr(host, brackets ? ']' : ':');
    }
    const char *port = end == NULL ? NULL : end + (brackets ? 1 : 0);
    size_t len = end == NULL ? 0 : (size_t)(end - host);
    bool right = port != NULL && *port == ':' && is_host(host, len, brackets) && is_port(port + 1);
    *out = (struct address){.numeric = false};
    if (right) {
        memcpy(out->host, host, len);
        memcpy(out->port, port + 1, strlen(port + 1) + 1);
        out->numeric = address_is_numeric(out->host);
    }
    if (!right || (brackets && !out->numeric)) {
        return error_set(
            e, ERR_INVALID, "address",
            "%s is no address: expected tls:HOST:PORT, for example tls:192.0.2.1:7290 or "
            "tls:[2001:db8::1]:7290.",
            "%s はアドレスとして読めません。tls:ホスト:ポート の形で書いてください "
            "(例 tls:192.0.2.1:7290、tls:[2001:db8::1]:7290)。",
            GUARD_QUOTE(text));
    }
    return 0;
}
