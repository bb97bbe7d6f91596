/* What is said of a certificate: whose it is, its fingerprint, until when. */
#ifndef MADOGUCHI_PROTO_CERTIFICATE_H
#define MADOGUCHI_PROTO_CERTIFICATE_H

#include "proto/openssl.h"

#include <stddef.h>
#include <stdint.h>

#define CERTIFICATE_SUBJECT     256 /* bytes with the NUL; longer ones are cut */
#define CERTIFICATE_FINGERPRINT 65  /* SHA-256 of the DER form, lower-case hex */
#define CERTIFICATE_TIME        24

/* "CN=counter-3,O=..." as UTF-8, control characters escaped; "(withheld)" where
 * the guard against individual numbers does not let it pass. */
void certificate_subject(const X509 *x, char out[CERTIFICATE_SUBJECT]);

/* "" when it cannot be made (out of memory). */
void certificate_fingerprint(const X509 *x, char out[CERTIFICATE_FINGERPRINT]);

/* Seconds of Unix time; 0 when the certificate's own words cannot be read. */
int64_t certificate_not_after(const X509 *x);

/* "2026-11-25T00:00:00Z" */
void certificate_time(int64_t seconds, char out[CERTIFICATE_TIME]);

/* The first error that OpenSSL noted, in its words; clears them all.  "" when
 * there is none. */
void certificate_why(char *out, size_t size);

#endif
