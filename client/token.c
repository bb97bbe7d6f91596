#include "client/token.h"

#include "client/words.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINE_BYTES (PATH_MAX + 2 * TOKEN_BYTES + 16)
#define FILE_BYTES (1 << 20)

static int system_error(const char *path, struct error *e) {
    return error_set(e, ERR_INTERNAL, "token",
                     SAY("The token file %s cannot be used (%s). MADOGUCHI_TOKEN names another."),
                     path, strerror(errno));
}

/* "" when there is no home to look in. */
static int path_of(char out[PATH_MAX], struct error *e) {
    const char *given = getenv("MADOGUCHI_TOKEN");
    const char *state = getenv("XDG_STATE_HOME");
    const char *home = getenv("HOME");
    int n = 0;
    out[0] = '\0';
    if (given != NULL && given[0] != '\0') {
        n = snprintf(out, PATH_MAX, "%s", given);
    } else if (state != NULL && state[0] == '/') {
        n = snprintf(out, PATH_MAX, "%s/madoguchi/token", state);
    } else if (home != NULL && home[0] != '\0') {
        n = snprintf(out, PATH_MAX, "%s/.local/state/madoguchi/token", home);
    }
    return n < PATH_MAX - 16
               ? 0
               : error_set(e, ERR_INVALID, "token", SAY("The path of the token file is too long."));
}

/* A socket is the same from wherever it is named. */
static int canonical(const char *address, char out[PATH_MAX + 8], struct error *e) {
    char path[PATH_MAX];
    if (strncmp(address, "unix:", 5) == 0 && realpath(address + 5, path) != NULL) {
        snprintf(out, PATH_MAX + 8, "unix:%s", path);
    } else if (snprintf(out, PATH_MAX + 8, "%s", address) >= PATH_MAX + 8) {
        return error_set(e, ERR_INVALID, "server", SAY("The server's address is too long."));
    }
    return 0;
}

/* ---- reading ---------------------------------------------------------------------------- */

static int others_read(const char *path, struct error *e) {
    return error_set(e, ERR_STATE, "token",
                     SAY("The token file %s can be read by others, who could act in your name. "
                         "Do: chmod 600 %s, and then: madoguchi logout, madoguchi login."),
                     path, path);
}

static bool is_named(void) {
    const char *given = getenv("MADOGUCHI_TOKEN");
    return given != NULL && given[0] != '\0';
}

/* Whether errno of open() says that no file of this user is there. In another's home that is
 * closed to them, where `setpriv` and `su -p` leave HOME, there is none either. */
static bool is_none(const char *path) {
    struct stat st;
    return errno == ENOENT || errno == ENOTDIR ||
           (errno == EACCES && !is_named() && lstat(path, &st) != 0 && errno == EACCES);
}

/* *file is NULL when there is none. */
static int open_file(const char *path, FILE **file, struct error *e) {
    struct stat st;
    *file = NULL;
    int fd = path[0] == '\0' ? -1 : open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0) {
        return path[0] == '\0' || is_none(path) ? 0 : system_error(path, e);
    }
    int rc = 0;
    if (fstat(fd, &st) != 0) {
        rc = system_error(path, e);
    } else if (!is_named() && (!S_ISREG(st.st_mode) || st.st_uid != geteuid())) {
        rc = 0; /* another's, whose home it is: `sudo -E` */
    } else if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 077) != 0) {
        rc = others_read(path, e);
    } else if (st.st_size > FILE_BYTES || (*file = fdopen(fd, "r")) == NULL) {
        errno = st.st_size > FILE_BYTES ? EFBIG : errno;
        rc = system_error(path, e);
    }
    if (*file == NULL) {
        close(fd);
    }
    return rc;
}

/* Whether the line is of the address; *hex is its token then. */
static bool is_line_of(char *line, const char *address, const char **hex) {
    char *blank = strrchr(line, ' ');
    if (blank == NULL || (size_t)(blank - line) != strlen(address) ||
        strncmp(line, address, strlen(address)) != 0) {
        return false;
    }
    *hex = blank + 1;
    return true;
}

static bool parse(const char *hex, uint8_t token[TOKEN_BYTES]) {
    size_t n;
    size_t len = strcspn(hex, "\n");
    return sodium_hex2bin(token, TOKEN_BYTES, hex, len, NULL, &n, NULL) == 0 && n == TOKEN_BYTES;
}

int token_get(const char *given, uint8_t token[TOKEN_BYTES], bool *found, struct error *e) {
    char path[PATH_MAX];
    char address[PATH_MAX + 8];
    char line[LINE_BYTES];
    FILE *file;
    const char *hex;
    *found = false;
    if (path_of(path, e) < 0 || canonical(given, address, e) < 0 || open_file(path, &file, e) < 0) {
        return -1;
    }
    while (file != NULL && !*found && fgets(line, sizeof line, file) != NULL) {
        *found = is_line_of(line, address, &hex) && parse(hex, token);
    }
    sodium_memzero(line, sizeof line);
    if (file != NULL) {
        fclose(file);
    }
    return 0;
}

/* ---- writing ---------------------------------------------------------------------------- */

/* Makes the folders that the file lies in, for its owner only. */
static int make_folders(char *path, struct error *e) {
    for (char *p = strchr(path + 1, '/'); p != NULL; p = strchr(p + 1, '/')) {
        *p = '\0';
        int rc = mkdir(path, 0700) == 0 || errno == EEXIST ? 0 : system_error(path, e);
        *p = '/';
        if (rc < 0) {
            return -1;
        }
    }
    return 0;
}

/* Every line but that of the address, and the new one. */
static bool write_lines(FILE *from, FILE *to, const char *address, const uint8_t *token) {
    char line[LINE_BYTES];
    char hex[2 * TOKEN_BYTES + 1];
    const char *ignored;
    while (from != NULL && fgets(line, sizeof line, from) != NULL) {
        if (!is_line_of(line, address, &ignored)) {
            fputs(line, to);
        }
    }
    if (token != NULL) {
        sodium_bin2hex(hex, sizeof hex, token, TOKEN_BYTES);
        fprintf(to, "%s %s\n", address, hex);
    }
    sodium_memzero(line, sizeof line);
    sodium_memzero(hex, sizeof hex);
    return fflush(to) == 0 && !ferror(to) && fsync(fileno(to)) == 0;
}

static int replace(const char *path, const char *address, const uint8_t *token, FILE *from,
                   struct error *e) {
    char fresh[PATH_MAX];
    snprintf(fresh, sizeof fresh, "%.*s.XXXXXX", PATH_MAX - 16, path);
    int fd = mkostemp(fresh, O_CLOEXEC); /* mode 0600 */
    FILE *to = fd < 0 ? NULL : fdopen(fd, "w");
    bool ok = to != NULL && write_lines(from, to, address, token);
    int why = errno;
    if (to != NULL) {
        fclose(to);
    } else if (fd >= 0) {
        close(fd);
    }
    if (ok && rename(fresh, path) == 0) {
        return 0;
    }
    errno = ok ? errno : why;
    system_error(path, e);
    if (fd >= 0) {
        unlink(fresh);
    }
    return -1;
}

int token_put(const char *given, const uint8_t *token, struct error *e) {
    char path[PATH_MAX];
    char address[PATH_MAX + 8];
    FILE *from;
    if (path_of(path, e) < 0 || canonical(given, address, e) < 0) {
        return -1;
    }
    if (path[0] == '\0') {
        return token == NULL
                   ? 0
                   : error_set(e, ERR_STATE, "token",
                               SAY("There is no place for the token: neither MADOGUCHI_TOKEN nor "
                                   "XDG_STATE_HOME nor HOME is set."));
    }
    if (make_folders(path, e) < 0 || open_file(path, &from, e) < 0) {
        return -1;
    }
    int rc = from == NULL && token == NULL ? 0 : replace(path, address, token, from, e);
    if (from != NULL) {
        fclose(from);
    }
    return rc;
}
