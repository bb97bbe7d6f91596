#include "store/manifest.h"

#include "store/copy.h"
#include "store/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define MANIFEST_FORMAT 1
#define MANIFEST_MAX    ((off_t)64 << 20) /* bytes: some 300,000 segments */
#define HEX_BYTES       (2 * SEGMENT_HASH_BYTES + 1)

void manifest_free(struct manifest *m) {
    free(m->file);
    *m = (struct manifest){0};
}

int manifest_add(struct manifest *m, const struct manifest_file *file, struct error *e) {
    if (m->n == m->capacity) {
        size_t capacity = m->capacity == 0 ? 16 : m->capacity * 2;
        struct manifest_file *grown = reallocarray(m->file, capacity, sizeof *grown);
        if (grown == NULL) {
            return copy_no_memory(e);
        }
        m->file = grown;
        m->capacity = capacity;
    }
    m->file[m->n++] = *file;
    return 0;
}

void manifest_file_name(const struct manifest_file *file, char out[MANIFEST_FILE_NAME]) {
    snprintf(out, MANIFEST_FILE_NAME, "%020" PRIu64 "-%020" PRIu64 ".seg", file->first,
             file->last.seq);
}

bool manifest_knows_name(const char *name) {
    static const char digits[] = "0123456789";
    return strcmp(name, MANIFEST_NAME) == 0 || strcmp(name, MANIFEST_TEMPORARY) == 0 ||
           strcmp(name, COPY_TEMPORARY) == 0 ||
           (strlen(name) == 45 && strspn(name, digits) == 20 && name[20] == '-' &&
            strspn(name + 21, digits) == 20 && strcmp(name + 41, ".seg") == 0);
}

const struct manifest_file *manifest_find(const struct manifest *m, uint64_t seq) {
    for (size_t i = 0; i < m->n; i++) {
        if (m->file[i].first <= seq && seq <= m->file[i].last.seq) {
            return &m->file[i];
        }
    }
    return NULL;
}

/* ---- writing -------------------------------------------------------------------------- */

static void hex_of(const uint8_t hash[SEGMENT_HASH_BYTES], char out[HEX_BYTES]) {
    sodium_bin2hex(out, HEX_BYTES, hash, SEGMENT_HASH_BYTES);
}

static void print_lines(FILE *out, const struct manifest *m) {
    char hex[HEX_BYTES];
    char other[HEX_BYTES];
    char id[33];
    char at[COPY_TIME];
    sodium_bin2hex(id, sizeof id, m->store, sizeof m->store);
    hex_of(m->head.hash, hex);
    copy_time(m->at, at);
    fprintf(out, "madoguchi backup %d\nmunicipality %s\nstore %s\nhead %" PRIu64 " %s\nat %s\n",
            MANIFEST_FORMAT, m->municipality, id, m->head.seq, hex, at);
    for (size_t i = 0; i < m->n; i++) {
        const struct manifest_file *f = &m->file[i];
        hex_of(f->last.hash, hex);
        hex_of(f->hash, other);
        fprintf(out, "file %" PRIu64 " %" PRIu64 " %" PRIu64 " %s %s\n", f->first, f->last.seq,
                f->bytes, hex, other);
    }
}

static char *print(const struct manifest *m, size_t *len) {
    char *text = NULL;
    uint8_t hash[SEGMENT_HASH_BYTES];
    char hex[HEX_BYTES];
    FILE *out = open_memstream(&text, len);
    if (out == NULL) {
        return NULL;
    }
    print_lines(out, m);
    bool ok = fflush(out) == 0;
    if (ok) {
        crypto_generichash(hash, sizeof hash, (const uint8_t *)text, *len, NULL, 0);
        hex_of(hash, hex);
        fprintf(out, "end %s\n", hex);
    }
    if (fclose(out) != 0 || !ok) {
        free(text);
        return NULL;
    }
    return text;
}

int manifest_write(int dirfd, const char *path, const struct manifest *m, struct error *e) {
    size_t len = 0;
    char *text = print(m, &len);
    if (text == NULL) {
        return copy_no_memory(e);
    }
    int fd = openat(dirfd, MANIFEST_TEMPORARY,
                    O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    int rc = fd < 0 || disk_write(fd, text, len, 0) != 0 || disk_sync(fd) != 0
                 ? copy_error(path, MANIFEST_NAME, e)
                 : 0;
    if (fd >= 0) {
        close(fd);
    }
    free(text);
    if (rc == 0 &&
        (renameat(dirfd, MANIFEST_TEMPORARY, dirfd, MANIFEST_NAME) != 0 || disk_sync(dirfd) != 0)) {
        rc = copy_error(path, MANIFEST_NAME, e);
    }
    return rc;
}

/* ---- reading -------------------------------------------------------------------------- */

static bool read_hex(const char *hex, uint8_t *out, size_t bytes) {
    size_t n;
    return strlen(hex) == 2 * bytes && strspn(hex, "0123456789abcdef") == 2 * bytes &&
           sodium_hex2bin(out, bytes, hex, 2 * bytes, NULL, &n, NULL) == 0 && n == bytes;
}

static bool take_file(struct manifest *m, const char *line, struct error *e) {
    struct manifest_file f;
    char head[HEX_BYTES];
    char hash[HEX_BYTES];
    uint64_t next = m->n == 0 ? 1 : m->file[m->n - 1].last.seq + 1;
    return sscanf(line, "file %" SCNu64 " %" SCNu64 " %" SCNu64 " %64[0-9a-f] %64[0-9a-f]",
                  &f.first, &f.last.seq, &f.bytes, head, hash) == 5 &&
           read_hex(head, f.last.hash, SEGMENT_HASH_BYTES) &&
           read_hex(hash, f.hash, SEGMENT_HASH_BYTES) && f.first == next && f.last.seq >= f.first &&
           manifest_add(m, &f, e) == 0;
}

static bool take_at(struct manifest *m, const char *line) {
    struct tm tm = {0};
    const char *end =
        strncmp(line, "at ", 3) == 0 ? strptime(line + 3, "%Y-%m-%dT%H:%M:%SZ", &tm) : NULL;
    if (end == NULL || *end != '\0') {
        return false;
    }
    m->at = (uint64_t)timegm(&tm) * 1000;
    return true;
}

/* The lines, the last one left out. */
static bool take_lines(struct manifest *m, char *text, struct error *e) {
    char hex[HEX_BYTES] = "";
    unsigned n = 0;
    char *rest = NULL;
    for (char *line = strtok_r(text, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        bool ok = true;
        switch (n++) {
        case 0:
            break;
        case 1:
            ok = sscanf(line, "municipality %6[0-9]", m->municipality) == 1 &&
                 strlen(m->municipality) == 6;
            break;
        case 2:
            ok = sscanf(line, "store %32[0-9a-f]", hex) == 1 && read_hex(hex, m->store, 16);
            break;
        case 3:
            ok = sscanf(line, "head %" SCNu64 " %64[0-9a-f]", &m->head.seq, hex) == 2 &&
                 read_hex(hex, m->head.hash, SEGMENT_HASH_BYTES);
            break;
        case 4:
            ok = take_at(m, line);
            break;
        default:
            ok = take_file(m, line, e);
            break;
        }
        if (!ok) {
            return false;
        }
    }
    uint64_t last = m->n == 0 ? 0 : m->file[m->n - 1].last.seq;
    return n >= 5 && last == m->head.seq &&
           (m->n == 0 ||
            memcmp(m->file[m->n - 1].last.hash, m->head.hash, SEGMENT_HASH_BYTES) == 0);
}

static int damaged(const char *path, struct error *e) {
    return error_set(e, ERR_DOES_NOT_HOLD, "directory",
                     "%s/%s is damaged: it is not what was written. Use another backup.",
                     "%s/%s が壊れています (書き込んだ内容と異なります)。"
                     "別のバックアップを使ってください。",
                     path, MANIFEST_NAME);
}

/* `text` is NUL-terminated and of len bytes. */
static int parse(const char *path, char *text, size_t len, struct manifest *m, struct error *e) {
    unsigned format = 0;
    if (sscanf(text, "madoguchi backup %u", &format) != 1 || strlen(text) != len) {
        return damaged(path, e);
    }
    if (format != MANIFEST_FORMAT) {
        return error_set(e, ERR_STATE, "directory",
                         "%s is a backup of format %u, made by a newer madoguchid; this one knows "
                         "format %d. Install the newer version.",
                         "%s は新しい版の形式 %u のバックアップです (この版は %d まで)。"
                         "新しい版を入れてください。",
                         path, format, MANIFEST_FORMAT);
    }
    char *end = strstr(text, "\nend ");
    uint8_t said[SEGMENT_HASH_BYTES];
    uint8_t hash[SEGMENT_HASH_BYTES];
    if (end == NULL || strlen(end) != 5 + 64 + 1 || end[69] != '\n') {
        return damaged(path, e);
    }
    crypto_generichash(hash, sizeof hash, (const uint8_t *)text, (size_t)(end + 1 - text), NULL, 0);
    end[69] = '\0';
    if (!read_hex(end + 5, said, sizeof said) || memcmp(said, hash, sizeof hash) != 0) {
        return damaged(path, e);
    }
    *end = '\0';
    return take_lines(m, text, e) ? 0 : damaged(path, e);
}

static int load(int fd, const char *path, struct manifest *m, struct error *e) {
    struct stat st;
    size_t got = 0;
    if (fstat(fd, &st) != 0) {
        return copy_error(path, MANIFEST_NAME, e);
    }
    if (!S_ISREG(st.st_mode) || st.st_size > MANIFEST_MAX) {
        return damaged(path, e);
    }
    char *text = malloc((size_t)st.st_size + 1);
    if (text == NULL) {
        return copy_no_memory(e);
    }
    int rc = disk_read(fd, text, (size_t)st.st_size, 0, &got) != 0
                 ? copy_error(path, MANIFEST_NAME, e)
                 : 0;
    if (rc == 0) {
        text[got] = '\0';
        rc = parse(path, text, got, m, e);
    }
    free(text);
    return rc;
}

int manifest_read(int dirfd, const char *path, struct manifest *m, struct error *e) {
    *m = (struct manifest){0};
    int fd = openat(dirfd, MANIFEST_NAME, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT) {
        return error_set(
            e, ERR_NOT_FOUND, "directory", "%s holds no backup of Madoguchi (it has no file %s).",
            "%s に Madoguchi のバックアップがありません (%s がありません)。", path, MANIFEST_NAME);
    }
    if (fd < 0) {
        return copy_error(path, MANIFEST_NAME, e);
    }
    int rc = load(fd, path, m, e);
    close(fd);
    if (rc != 0) {
        manifest_free(m);
    }
    return rc;
}
