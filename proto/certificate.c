#include "proto/certificate.h"

#include "proto/guard.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

void certificate_subject(const X509 *x, char out[CERTIFICATE_SUBJECT]) {
    BIO *text = BIO_new(BIO_s_mem());
    out[0] = '\0';
    if (text == NULL) {
        return;
    }
    unsigned long flags = XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB;
    X509_NAME_print_ex(text, X509_get_subject_name(x), 0, flags);
    int n = BIO_read(text, out, CERTIFICATE_SUBJECT - 1);
    out[n > 0 ? n : 0] = '\0';
    BIO_free(text);
    if (guard_scan((const uint8_t *)out, strlen(out)) == GUARD_REFUSE) {
        snprintf(out, CERTIFICATE_SUBJECT, "(withheld)");
    }
}

void certificate_fingerprint(const X509 *x, char out[CERTIFICATE_FINGERPRINT]) {
    uint8_t hash[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    out[0] = '\0';
    if (X509_digest(x, EVP_sha256(), hash, &len) != 1) {
        return;
    }
    for (unsigned i = 0; i < len; i++) {
        snprintf(out + 2 * (size_t)i, 3, "%02x", hash[i]);
    }
}

int64_t certificate_not_after(const X509 *x) {
    struct tm tm = {0};
    return ASN1_TIME_to_tm(X509_get0_notAfter(x), &tm) == 1 ? timegm(&tm) : 0;
}

void certificate_time(int64_t seconds, char out[CERTIFICATE_TIME]) {
    time_t t = (time_t)seconds;
    struct tm tm;
    if (gmtime_r(&t, &tm) == NULL ||
        strftime(out, CERTIFICATE_TIME, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0) {
        out[0] = '\0';
    }
}

void certificate_why(char *out, size_t size) {
    unsigned long code = ERR_get_error();
    const char *words = code != 0 ? ERR_reason_error_string(code) : NULL;
    snprintf(out, size, "%s", words != NULL ? words : "");
    ERR_clear_error();
}
