/* OpenSSL's headers for both sides, to be included in no other way: one of its
 * types has the name of an error code of ours. */
#ifndef MADOGUCHI_PROTO_OPENSSL_H
#define MADOGUCHI_PROTO_OPENSSL_H

#define ERR_STATE openssl_err_state
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#undef ERR_STATE

#endif
