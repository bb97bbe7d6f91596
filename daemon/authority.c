#include "daemon/authority.h"

#include "proto/address.h"
#include "proto/guard.h"
#include "proto/tls_file.h"
#include "store/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SERIAL_BYTES 16
#define CLOCK_SLACK  3600 /* s: a client whose clock is slow finds it valid */
#define DAY          86400
#define CLIENT_NAME  48
#define SAN_TEXT     8192

struct authority {
    char dir[AUTHORITY_PATH - 80];
    X509 *certificate;
    EVP_PKEY *key;
};

/* What a host's name and a client's may consist of. */
static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

/* ---- errors and files --------------------------------------------------------------- */

static int failed(const char *path, const char *what, struct error *e) {
    char why[160];
    certificate_why(why, sizeof why);
    return error_set(e, ERR_INTERNAL, "dir", "%s: %s: %s.", "%s: %s (%s)。", path, what,
                     why[0] != '\0' ? why : strerror(errno));
}

static int is_there(const char *path, struct error *e) {
    return error_set(
        e, ERR_STATE, "dir",
        "%s is there already and is not overwritten. Move it away to make a new one.",
        "%s はすでにあります。上書きしません。新しく作るには別の場所へ移してください。", path);
}

static void paths_of(const struct authority *a, const char *name, struct authority_made *made) {
    snprintf(made->certificate, sizeof made->certificate, "%s/%s.crt", a->dir, name);
    snprintf(made->key, sizeof made->key, "%s/%s.key", a->dir, name);
}

bool authority_has(const struct authority *a, const char *name) {
    struct authority_made made;
    paths_of(a, name, &made);
    return access(made.certificate, F_OK) == 0 || access(made.key, F_OK) == 0;
}

/* Writes what lies in the BIO to a new file. */
static int write_new(const char *path, mode_t mode, BIO *from, struct error *e) {
    char *data = NULL;
    long len = BIO_get_mem_data(from, &data);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (fd < 0) {
        return errno == EEXIST ? is_there(path, e) : failed(path, "open", e);
    }
    if (disk_write(fd, data, (size_t)len, 0) != 0 || disk_sync(fd) != 0 || fchmod(fd, mode) != 0) {
        failed(path, "write", e);
        close(fd);
        unlink(path);
        return -1;
    }
    close(fd);
    return 0;
}

static int write_pair(const struct authority_made *made, EVP_PKEY *key, X509 *x, struct error *e) {
    BIO *secret = BIO_new(BIO_s_secmem());
    BIO *open = BIO_new(BIO_s_mem());
    int rc = -1;
    if (secret == NULL || open == NULL || PEM_write_bio_X509(open, x) != 1 ||
        PEM_write_bio_PrivateKey(secret, key, NULL, NULL, 0, NULL, NULL) != 1) {
        failed(made->key, "PEM", e);
    } else if (write_new(made->key, 0600, secret, e) == 0) {
        rc = write_new(made->certificate, 0644, open, e);
        if (rc != 0) {
            unlink(made->key); /* it was made above, and belongs to nothing */
        }
    }
    BIO_free(secret);
    BIO_free(open);
    return rc;
}

/* ---- a certificate ------------------------------------------------------------------- */

struct wish {
    const char *common_name;
    const char *usage;          /* keyUsage */
    const char *extended_usage; /* NULL: none */
    const char *constraints;    /* basicConstraints */
    const char *names;          /* subjectAltName, or NULL */
    int days;
};

static bool add_extension(X509 *x, X509 *issuer, int nid, const char *value) {
    X509V3_CTX ctx;
    if (value == NULL) {
        return true;
    }
    X509V3_set_ctx_nodb(&ctx);
    X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    bool added = extension != NULL && X509_add_ext(x, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return added;
}

static bool set_serial(X509 *x) {
    BIGNUM *number = BN_new();
    bool set = number != NULL && BN_rand(number, SERIAL_BYTES * 8 - 1, -1, 0) == 1 &&
               BN_to_ASN1_INTEGER(number, X509_get_serialNumber(x)) != NULL;
    BN_free(number);
    return set;
}

static bool set_times(X509 *x, const X509 *issuer, int days) {
    int64_t now = (int64_t)time(NULL);
    int64_t end = now + (int64_t)days * DAY;
    int64_t last = issuer != x ? certificate_not_after(issuer) : end;
    return ASN1_TIME_set(X509_getm_notBefore(x), (time_t)(now - CLOCK_SLACK)) != NULL &&
           ASN1_TIME_set(X509_getm_notAfter(x), (time_t)(end < last ? end : last)) != NULL;
}

/* issuer and signer NULL: it signs itself. */
static X509 *certificate_make(const struct wish *w, EVP_PKEY *key, X509 *issuer, EVP_PKEY *signer) {
    X509 *x = X509_new();
    if (x == NULL) {
        return NULL;
    }
    X509 *by = issuer != NULL ? issuer : x;
    X509_NAME *name = X509_get_subject_name(x);
    bool made = X509_set_version(x, X509_VERSION_3) == 1 && set_serial(x) &&
                set_times(x, by, w->days) && X509_set_pubkey(x, key) == 1 &&
                X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                                           (const uint8_t *)w->common_name, -1, -1, 0) == 1 &&
                X509_set_issuer_name(x, X509_get_subject_name(by)) == 1 &&
                add_extension(x, by, NID_basic_constraints, w->constraints) &&
                add_extension(x, by, NID_key_usage, w->usage) &&
                add_extension(x, by, NID_ext_key_usage, w->extended_usage) &&
                add_extension(x, by, NID_subject_alt_name, w->names) &&
                add_extension(x, by, NID_subject_key_identifier, "hash") &&
                add_extension(x, by, NID_authority_key_identifier, "keyid:always") &&
                X509_sign(x, signer != NULL ? signer : key, EVP_sha256()) > 0;
    if (!made) {
        X509_free(x);
        return NULL;
    }
    return x;
}

/* Makes key and certificate and writes both. */
static int issue(const struct authority *a, const char *name, const struct wish *w,
                 struct authority_made *made, struct error *e) {
    paths_of(a, name, made);
    if (authority_has(a, name)) {
        return is_there(access(made->key, F_OK) == 0 ? made->key : made->certificate, e);
    }
    ERR_clear_error();
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *x = key != NULL ? certificate_make(w, key, a->certificate, a->key) : NULL;
    int rc = x != NULL ? write_pair(made, key, x, e) : failed(made->key, "OpenSSL", e);
    if (rc == 0) {
        certificate_fingerprint(x, made->fingerprint);
        made->not_after = certificate_not_after(x);
    }
    EVP_PKEY_free(key);
    X509_free(x);
    return rc;
}

/* ---- the authority -------------------------------------------------------------------- */

/* From here on it is known by its whole path. */
static int make_folder(struct authority *a, struct error *e) {
    if (mkdir(a->dir, 0700) != 0 && errno != EEXIST) {
        return failed(a->dir, "mkdir", e);
    }
    char *whole = realpath(a->dir, NULL);
    if (whole == NULL || strlen(whole) >= sizeof a->dir) {
        free(whole);
        return failed(a->dir, "realpath", e);
    }
    memcpy(a->dir, whole, strlen(whole) + 1);
    free(whole);
    return 0;
}

static int load(struct authority *a, const struct authority_made *at, struct error *e) {
    struct tls_file certificate = {.len = 0};
    struct tls_file key = {.len = 0};
    int rc = tls_file_read(&certificate, "dir", at->certificate, false, e);
    rc = rc == 0 ? tls_file_read(&key, "dir", at->key, true, e) : rc;
    if (rc == 0) {
        BIO *c = BIO_new_mem_buf(certificate.data, (int)certificate.len);
        BIO *k = BIO_new_mem_buf(key.data, (int)key.len);
        a->certificate = c != NULL ? PEM_read_bio_X509(c, NULL, NULL, (char[]){""}) : NULL;
        a->key = k != NULL ? PEM_read_bio_PrivateKey(k, NULL, NULL, (char[]){""}) : NULL;
        if (a->certificate == NULL || a->key == NULL ||
            X509_check_private_key(a->certificate, a->key) != 1) {
            rc = failed(at->certificate, "PEM", e);
        }
        BIO_free(c);
        BIO_free(k);
    }
    tls_file_free(&certificate);
    tls_file_free(&key);
    return rc;
}

static int found(struct authority *a, struct authority_made *made, struct error *e) {
    static const struct wish wish = {.common_name = "Madoguchi CA",
                                     .constraints = "critical,CA:TRUE,pathlen:0",
                                     .usage = "critical,keyCertSign,cRLSign",
                                     .days = AUTHORITY_DAYS};
    return issue(a, "ca", &wish, made, e);
}

int authority_open(const char *dir, struct authority **out, struct authority_made *made,
                   struct error *e) {
    struct authority *a = calloc(1, sizeof *a);
    if (a == NULL) {
        return error_set(e, ERR_INTERNAL, "", "Out of memory.", "メモリーが足りません。");
    }
    OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
    int rc = 0;
    if (strlen(dir) + 2 >= sizeof a->dir) {
        rc = error_set(e, ERR_INVALID, "dir", "%s cannot be used as a folder.",
                       "%s はフォルダーとして使えません。", dir);
    } else {
        memcpy(a->dir, dir, strlen(dir) + 1);
        rc = make_folder(a, e);
    }
    struct authority_made at;
    paths_of(a, "ca", &at);
    bool there = access(at.certificate, F_OK) == 0;
    *made = (struct authority_made){.not_after = 0};
    if (rc == 0 && !there) {
        rc = found(a, made, e);
    }
    if (rc == 0) {
        rc = load(a, &at, e);
    }
    if (rc != 0) {
        authority_free(a);
        return -1;
    }
    *out = a;
    return 0;
}

const char *authority_folder(const struct authority *a) {
    return a->dir;
}

void authority_free(struct authority *a) {
    if (a != NULL) {
        X509_free(a->certificate);
        EVP_PKEY_free(a->key);
        free(a);
    }
}

/* ---- what it signs --------------------------------------------------------------------- */

static bool is_host(const char *name) {
    size_t n = strlen(name);
    return n > 0 && n < ADDRESS_HOST && strchr("._-", name[0]) == NULL && strspn(name, plain) == n;
}

int authority_server(const struct authority *a, const char *const *names, size_t n,
                     struct authority_made *made, struct error *e) {
    char san[SAN_TEXT];
    size_t used = 0;
    for (size_t i = 0; i < n && i < AUTHORITY_NAMES_MAX; i++) {
        bool numeric = address_is_numeric(names[i]);
        if (!numeric && !is_host(names[i])) {
            return error_set(
                e, ERR_INVALID, "name", "--name %s: a host's name or an IP address is expected.",
                "--name %s: ホスト名か IP アドレスを指定してください。", GUARD_QUOTE(names[i]));
        }
        used += (size_t)snprintf(san + used, sizeof san - used, "%s%s:%.253s", i > 0 ? "," : "",
                                 numeric ? "IP" : "DNS", names[i]);
    }
    /* A common name has 64 bytes at most; clients look at the names alone. */
    char common_name[65];
    snprintf(common_name, sizeof common_name, "%s", n > 0 ? names[0] : "madoguchid");
    const struct wish wish = {.common_name = common_name,
                              .constraints = "critical,CA:FALSE",
                              .usage = "critical,digitalSignature",
                              .extended_usage = "serverAuth",
                              .names = n > 0 ? san : NULL,
                              .days = AUTHORITY_CERT_DAYS};
    return issue(a, "server", &wish, made, e);
}

int authority_client(const struct authority *a, const char *name, struct authority_made *made,
                     struct error *e) {
    char file[CLIENT_NAME + 16];
    size_t len = strlen(name);
    if (len == 0 || len > CLIENT_NAME || strspn(name, plain) != len ||
        strchr("._-", name[0]) != NULL || guard_scan((const uint8_t *)name, len) == GUARD_REFUSE) {
        return error_set(e, ERR_INVALID, "client",
                         "--client %s: a name of letters, digits, '.', '_' and '-', at most %d, is "
                         "expected.",
                         "--client %s: 名前は英数字と . _ - で %d 文字までです。",
                         GUARD_QUOTE(name), CLIENT_NAME);
    }
    snprintf(file, sizeof file, "client-%s", name);
    const struct wish wish = {.common_name = name,
                              .constraints = "critical,CA:FALSE",
                              .usage = "critical,digitalSignature",
                              .extended_usage = "clientAuth",
                              .days = AUTHORITY_CERT_DAYS};
    return issue(a, file, &wish, made, e);
}
