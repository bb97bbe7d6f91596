#include "store/secrets.h"

#include "store/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_NAME "secrets"
#define FILE_NEW  "secrets.new"
#define HEADER    "madoguchi secrets 1\n"
#define FILE_MAX  (16u << 20)
#define LINE_MAX_ 320

struct password {
    char name[SECRETS_NAME];
    char hash[SECRETS_HASH];
    bool once;
};

struct token {
    uint8_t hash[SECRETS_TOKEN];
    char name[SECRETS_NAME];
    bool once;
    uint64_t made, used;
};

struct secrets {
    struct password *password; /* by name */
    size_t n_password;
    struct token *token; /* by hash */
    size_t n_token, cap_token;
};

static int out_of_memory(struct error *e) {
    return error_set(e, ERR_INTERNAL, "", "Out of memory.", "メモリーが足りません。");
}

void secrets_hash(const uint8_t token[SECRETS_TOKEN], uint8_t hash[SECRETS_TOKEN]) {
    crypto_generichash(hash, SECRETS_TOKEN, token, SECRETS_TOKEN, NULL, 0);
}

static void remove_token(struct secrets *s, size_t i) {
    sodium_memzero(&s->token[i], sizeof s->token[i]);
    memmove(s->token + i, s->token + i + 1, (s->n_token - i - 1) * sizeof *s->token);
    s->n_token--;
}

/* ---- passwords ------------------------------------------------------------------------ */

static size_t password_place(const struct secrets *s, const char *name, bool *found) {
    size_t low = 0;
    size_t high = s->n_password;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(s->password[middle].name, name) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    *found = low < s->n_password && strcmp(s->password[low].name, name) == 0;
    return low;
}

const char *secrets_password(const struct secrets *s, const char *name, bool *once) {
    bool found;
    size_t i = password_place(s, name, &found);
    *once = found && s->password[i].once;
    return found ? s->password[i].hash : NULL;
}

/* Without telling the tokens, as a line of the file. */
static int put_password(struct secrets *s, const char *name, const char *hash, bool once,
                        struct error *e) {
    bool found;
    size_t i = password_place(s, name, &found);
    if (s->password == NULL || !found) {
        struct password *all = realloc(s->password, (s->n_password + 1) * sizeof *all);
        if (all == NULL) {
            return out_of_memory(e);
        }
        s->password = all;
        memmove(all + i + 1, all + i, (s->n_password - i) * sizeof *all);
        s->n_password++;
    }
    struct password *p = &s->password[i];
    snprintf(p->name, sizeof p->name, "%s", name);
    snprintf(p->hash, sizeof p->hash, "%s", hash);
    p->once = once;
    return 0;
}

int secrets_set_password(struct secrets *s, const char *name, const char *hash, bool once,
                         const uint8_t *keep, struct error *e) {
    if (put_password(s, name, hash, once, e) < 0) {
        return -1;
    }
    for (size_t i = s->n_token; i > 0; i--) {
        struct token *t = &s->token[i - 1];
        if (strcmp(t->name, name) != 0) {
            continue;
        }
        if (keep != NULL && memcmp(t->hash, keep, SECRETS_TOKEN) == 0) {
            t->once = once;
        } else {
            remove_token(s, i - 1);
        }
    }
    return 0;
}

/* ---- tokens --------------------------------------------------------------------------- */

static size_t token_place(const struct secrets *s, const uint8_t hash[SECRETS_TOKEN], bool *found) {
    size_t low = 0;
    size_t high = s->n_token;
    *found = false;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        /* Of hashes: their time tells nothing of a token. */
        int order = memcmp(hash, s->token[middle].hash, SECRETS_TOKEN);
        if (order == 0) {
            *found = true;
            return middle;
        }
        if (order < 0) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

static bool is_over(const struct token *t, uint64_t now) {
    return now >= t->used + SECRETS_IDLE_MS || now >= t->made + SECRETS_LIFE_MS;
}

/* Room for one more of the account's. */
static void make_way(struct secrets *s, const char *name) {
    size_t n = 0;
    size_t oldest = 0;
    for (size_t i = 0; i < s->n_token; i++) {
        if (strcmp(s->token[i].name, name) == 0) {
            oldest = n++ == 0 || s->token[i].used < s->token[oldest].used ? i : oldest;
        }
    }
    if (n >= SECRETS_TOKENS_EACH) {
        remove_token(s, oldest);
    }
}

static int put_token(struct secrets *s, const struct token *t, struct error *e) {
    bool found;
    if (s->n_token >= SECRETS_TOKENS_MAX) {
        return error_set(e, ERR_BUSY, "", "Too many people are logged in. Try again later.",
                         "ログイン中の人が多すぎます。しばらくしてからお試しください。");
    }
    size_t i = token_place(s, t->hash, &found);
    if (found) {
        return 0; /* of 32 random bytes: the file has it twice */
    }
    struct token *all = s->token;
    if (s->n_token == s->cap_token) {
        size_t cap = s->cap_token == 0 ? 64 : 2 * s->cap_token;
        all = realloc(all, cap * sizeof *all);
        if (all == NULL) {
            return out_of_memory(e);
        }
        s->token = all;
        s->cap_token = cap;
    }
    memmove(all + i + 1, all + i, (s->n_token - i) * sizeof *all);
    all[i] = *t;
    s->n_token++;
    return 0;
}

int secrets_add_token(struct secrets *s, const uint8_t hash[SECRETS_TOKEN], const char *name,
                      bool once, uint64_t now, struct error *e) {
    struct token t = {.once = once, .made = now, .used = now};
    memcpy(t.hash, hash, sizeof t.hash);
    snprintf(t.name, sizeof t.name, "%s", name);
    secrets_expire(s, now);
    make_way(s, name);
    return put_token(s, &t, e);
}

const char *secrets_see_token(const struct secrets *s, const uint8_t hash[SECRETS_TOKEN],
                              uint64_t now, bool *once) {
    bool found;
    size_t i = token_place(s, hash, &found);
    if (!found || is_over(&s->token[i], now)) {
        return NULL;
    }
    *once = s->token[i].once;
    return s->token[i].name;
}

const char *secrets_use_token(struct secrets *s, const uint8_t hash[SECRETS_TOKEN], uint64_t now,
                              bool *once) {
    bool found;
    size_t i = token_place(s, hash, &found);
    const char *name = secrets_see_token(s, hash, now, once);
    if (name != NULL) {
        struct token *t = &s->token[i];
        t->used = now > t->used ? now : t->used;
    } else if (found) {
        remove_token(s, i); /* it is over */
    }
    return name;
}

void secrets_drop_token(struct secrets *s, const uint8_t hash[SECRETS_TOKEN]) {
    bool found;
    size_t i = token_place(s, hash, &found);
    if (found) {
        remove_token(s, i);
    }
}

void secrets_keep(struct secrets *s, bool (*is_good)(void *ctx, const char *name), void *ctx) {
    for (size_t i = s->n_token; i > 0; i--) {
        if (!is_good(ctx, s->token[i - 1].name)) {
            remove_token(s, i - 1);
        }
    }
}

void secrets_expire(struct secrets *s, uint64_t now) {
    for (size_t i = s->n_token; i > 0; i--) {
        if (is_over(&s->token[i - 1], now)) {
            remove_token(s, i - 1);
        }
    }
}

size_t secrets_tokens(const struct secrets *s) {
    return s->n_token;
}

/* ---- the file -------------------------------------------------------------------------- */

static int broken(const char *store, unsigned line, struct error *e) {
    return error_set(e, ERR_DOES_NOT_HOLD, "secrets",
                     "%s/%s, line %u: this is not what madoguchid writes there. Move the file away "
                     "and give passwords anew with `madoguchid account`.",
                     "%s/%s の %u 行目が正しくありません。このファイルを別の場所に移し、madoguchid "
                     "account でパスワードを付け直してください。",
                     store, FILE_NAME, line);
}

static bool read_token(struct secrets *s, const char *line, struct error *e) {
    struct token t = {0};
    char hex[2 * SECRETS_TOKEN + 1];
    unsigned once;
    int used = 0;
    size_t n;
    if (sscanf(line, "token %64[0-9a-f] %32[a-z0-9-] %u %" SCNu64 " %" SCNu64 "%n", hex, t.name,
               &once, &t.made, &t.used, &used) != 5 ||
        line[used] != '\0' ||
        sodium_hex2bin(t.hash, sizeof t.hash, hex, strlen(hex), NULL, &n, NULL) != 0 ||
        n != SECRETS_TOKEN) {
        return false;
    }
    t.once = once != 0;
    return put_token(s, &t, e) == 0;
}

static bool read_password(struct secrets *s, const char *line, struct error *e) {
    char name[SECRETS_NAME];
    char hash[SECRETS_HASH];
    unsigned once;
    int used = 0;
    return sscanf(line, "password %32[a-z0-9-] %u %127s%n", name, &once, hash, &used) == 3 &&
           line[used] == '\0' && put_password(s, name, hash, once != 0, e) == 0;
}

static int read_lines(struct secrets *s, const char *store, FILE *file, char line[LINE_MAX_],
                      struct error *e) {
    unsigned n = 1;
    if (fgets(line, LINE_MAX_, file) == NULL || strcmp(line, HEADER) != 0) {
        return broken(store, n, e);
    }
    while (fgets(line, LINE_MAX_, file) != NULL) {
        size_t len = strlen(line);
        n++;
        if (len == 0 || line[len - 1] != '\n') {
            return broken(store, n, e);
        }
        line[len - 1] = '\0';
        e->code = 0;
        if (!read_token(s, line, e) && !read_password(s, line, e)) {
            return e->code != 0 ? -1 : broken(store, n, e);
        }
    }
    return ferror(file) != 0 ? broken(store, n, e) : 0;
}

static int system_error(const char *store, struct error *e) {
    return error_set(e, errno == ENOSPC || errno == EDQUOT ? ERR_FULL : ERR_INTERNAL, "secrets",
                     "%s/%s: %s", "%s/%s: %s", store, FILE_NAME, strerror(errno));
}

static int read_file(struct secrets *s, const char *store, FILE *file, struct error *e) {
    struct stat st;
    char line[LINE_MAX_];
    if (fstat(fileno(file), &st) != 0) {
        return system_error(store, e);
    }
    if (!S_ISREG(st.st_mode) || (st.st_mode & 077) != 0 || st.st_size > (off_t)FILE_MAX) {
        return error_set(e, ERR_STATE, "secrets",
                         "%s/%s must be a file that only the daemon's user can read: chmod 600.",
                         "%s/%s はサーバーの利用者だけが読めるファイルでなければなりません (chmod "
                         "600)。",
                         store, FILE_NAME);
    }
    int rc = read_lines(s, store, file, line, e);
    sodium_memzero(line, sizeof line);
    return rc;
}

static int path_of(char out[4096], const char *store, const char *name, struct error *e) {
    return snprintf(out, 4096, "%s/%s", store, name) < 4096
               ? 0
               : error_set(e, ERR_INVALID, "store", "The path is too long.", "パスが長すぎます。");
}

int secrets_open(const char *store, struct secrets **out, struct error *e) {
    char path[4096];
    if (path_of(path, store, FILE_NAME, e) < 0) {
        return -1;
    }
    struct secrets *s = calloc(1, sizeof *s);
    if (s == NULL) {
        return out_of_memory(e);
    }
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    FILE *file = fd >= 0 ? fdopen(fd, "r") : NULL;
    int rc = 0;
    if (file != NULL) {
        rc = read_file(s, store, file, e);
        fclose(file);
    } else if (fd >= 0 || errno != ENOENT) {
        rc = system_error(store, e);
        if (fd >= 0) {
            close(fd);
        }
    }
    if (rc < 0) {
        secrets_free(s);
        return -1;
    }
    *out = s;
    return 0;
}

void secrets_free(struct secrets *s) {
    if (s == NULL) {
        return;
    }
    if (s->n_password > 0) {
        sodium_memzero(s->password, s->n_password * sizeof *s->password);
    }
    if (s->n_token > 0) {
        sodium_memzero(s->token, s->n_token * sizeof *s->token);
    }
    free(s->password);
    free(s->token);
    free(s);
}

char *secrets_text(const struct secrets *s, size_t *len) {
    size_t room = sizeof HEADER + (s->n_password + s->n_token) * LINE_MAX_;
    char *text = malloc(room);
    if (text == NULL) {
        return NULL;
    }
    size_t n = (size_t)snprintf(text, room, "%s", HEADER);
    for (size_t i = 0; i < s->n_password; i++) {
        const struct password *p = &s->password[i];
        n += (size_t)snprintf(text + n, room - n, "password %s %d %s\n", p->name, p->once, p->hash);
    }
    for (size_t i = 0; i < s->n_token; i++) {
        const struct token *t = &s->token[i];
        char hex[2 * SECRETS_TOKEN + 1];
        sodium_bin2hex(hex, sizeof hex, t->hash, SECRETS_TOKEN);
        n += (size_t)snprintf(text + n, room - n, "token %s %s %d %" PRIu64 " %" PRIu64 "\n", hex,
                              t->name, t->once, t->made, t->used);
    }
    *len = n;
    return text;
}

static bool write_new(int dirfd, const char *text, size_t len) {
    /* One that a kill left may be readable to others, or a link. */
    (void)unlinkat(dirfd, FILE_NEW, 0);
    int fd = disk_create(dirfd, FILE_NEW, O_WRONLY | O_EXCL);
    if (fd < 0) {
        return false;
    }
    bool ok = disk_write(fd, text, len, 0) == 0 && disk_sync(fd) == 0;
    int saved = errno;
    ok = close(fd) == 0 && ok;
    errno = saved;
    return ok;
}

int secrets_write(const char *store, const char *text, size_t len, struct error *e) {
    int dirfd = open(store, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc = 0;
    if (dirfd < 0 || !write_new(dirfd, text, len) ||
        disk_rename(dirfd, FILE_NEW, dirfd, FILE_NAME) != 0 || disk_sync(dirfd) != 0) {
        rc = system_error(store, e);
    }
    if (dirfd >= 0) {
        close(dirfd);
    }
    return rc;
}
