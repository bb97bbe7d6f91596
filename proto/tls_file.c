#include "proto/tls_file.h"

#include "proto/certificate.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int tls_file_refuse(const struct tls_file *f, const char *key, const char *en, const char *ja,
                    struct error *e) {
    char why[160];
    certificate_why(why, sizeof why);
    const char *open = why[0] != '\0' ? " (" : "";
    const char *close = why[0] != '\0' ? ")" : "";
    return error_set(e, ERR_INVALID, key, "%1$s: %2$s %3$s%4$.0s%5$s%6$s%7$s.",
                     "%1$s: %2$s %4$s%3$.0s%5$s%6$s%7$s。", key, f->path, en, ja, open, why, close);
}

static bool is_credential(const char *path) {
    const char *directory = getenv("CREDENTIALS_DIRECTORY");
    size_t n = directory != NULL ? strlen(directory) : 0;
    return n > 0 && strncmp(path, directory, n) == 0 && path[n] == '/' &&
           strstr(path + n, "/../") == NULL;
}

static void find(struct tls_file *f, const char *path) {
    const char *directory = getenv("CREDENTIALS_DIRECTORY");
    if (path[0] != '/' && directory != NULL && directory[0] != '\0') {
        snprintf(f->path, sizeof f->path, "%s/%s", directory, path);
    } else {
        snprintf(f->path, sizeof f->path, "%s", path);
    }
}

static int check_mode(const struct tls_file *f, const char *key, mode_t mode, struct error *e) {
    mode_t others = is_credential(f->path) ? S_IWGRP | S_IXGRP | S_IRWXO : S_IRWXG | S_IRWXO;
    if ((mode & others) == 0) {
        return 0;
    }
    return error_set(e, ERR_INVALID, key,
                     "%s: %s can be read or written by others than its owner (mode %04o). Make it "
                     "the daemon's own: chmod 0600; if it was open to others, make a new key.",
                     "%s: %s を所有者以外が読み書きできます (モード %04o)。chmod 0600 "
                     "としてください。他人に見られたおそれがあれば鍵を作り直してください。",
                     key, f->path, (unsigned)(mode & 07777));
}

static int read_all(struct tls_file *f, int fd, const char *key, struct error *e) {
    f->data = malloc(TLS_FILE_MAX + 1);
    if (f->data == NULL) {
        return error_set(e, ERR_INTERNAL, key, "Out of memory.", "メモリーが足りません。");
    }
    while (f->len <= TLS_FILE_MAX) {
        ssize_t n = read(fd, f->data + f->len, TLS_FILE_MAX + 1 - f->len);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return tls_file_refuse(f, key, strerror(errno), strerror(errno), e);
        }
        if (n == 0) {
            return 0;
        }
        f->len += (size_t)n;
    }
    return tls_file_refuse(f, key, "is longer than 64 KiB", "が 64 KiB を超えています", e);
}

int tls_file_read(struct tls_file *f, const char *key, const char *path, bool secret,
                  struct error *e) {
    struct stat st;
    *f = (struct tls_file){.len = 0};
    find(f, path);
    int fd = open(f->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &st) != 0) {
        int why = errno;
        if (fd >= 0) {
            close(fd);
        }
        return error_set(e, ERR_INVALID, key, "%s: %s cannot be read: %s.",
                         "%s: %s を読めません (%s)。", key, f->path, strerror(why));
    }
    int rc = -1;
    if (!S_ISREG(st.st_mode)) {
        tls_file_refuse(f, key, "is not a file", "はファイルではありません", e);
    } else if (!secret || check_mode(f, key, st.st_mode, e) == 0) {
        rc = read_all(f, fd, key, e);
    }
    close(fd);
    return rc;
}

void tls_file_free(struct tls_file *f) {
    if (f->data != NULL) {
        OPENSSL_cleanse(f->data, f->len);
        free(f->data);
    }
    f->data = NULL;
    f->len = 0;
}
