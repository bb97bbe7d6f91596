#include "daemon/config.h"

#include "proto/address.h"
#include "proto/log.h"

#include <cyaml/cyaml.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

/* What libcyaml fills: every value as its text.  libcyaml's own numbers would
 * take "12abc" for 12 and "maybe" for false. */
struct raw {
    char **listen;
    unsigned listen_count;
    char **backup_directories;
    unsigned backup_directories_count;
    char *socket_owner;
    char *socket_group;
    char *gateway_user;
    char *tls_certificate;
    char *tls_key;
    char *tls_client_ca;
    char *log_level;
    char *force_filesystem;
#define RAW_FIELD(name, ...) char *name;
    CONFIG_NUMBERS(RAW_FIELD)
#undef RAW_FIELD
};

#define TEXT_KEY(name)                                                                           \
    CYAML_FIELD_STRING_PTR(#name, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct raw, name, 0, \
                           255)

static const cyaml_schema_value_t text_schema = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 1, 255)};

static const cyaml_schema_field_t raw_fields[] = {
    CYAML_FIELD_SEQUENCE("listen", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct raw, listen,
                         &text_schema, 0, CONFIG_LISTEN_MAX),
    CYAML_FIELD_SEQUENCE("backup_directories", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct raw,
                         backup_directories, &text_schema, 0, CONFIG_BACKUP_MAX),
    TEXT_KEY(socket_owner),
    TEXT_KEY(socket_group),
    TEXT_KEY(gateway_user),
    TEXT_KEY(tls_certificate),
    TEXT_KEY(tls_key),
    TEXT_KEY(tls_client_ca),
    TEXT_KEY(log_level),
    TEXT_KEY(force_filesystem),
#define RAW_KEY(name, ...) TEXT_KEY(name),
    CONFIG_NUMBERS(RAW_KEY)
#undef RAW_KEY
        CYAML_FIELD_END};

static const cyaml_schema_value_t raw_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct raw, raw_fields)};

struct number_key {
    const char *name;
    uint64_t standard, least, most;
    bool restart;
    const char *text;
    size_t offset;     /* in struct config */
    size_t raw_offset; /* in struct raw */
};

static const struct number_key number_keys[] = {
#define NUMBER_KEY(name, standard, least, most, restart, text) \
    {#name,                                                    \
     standard,                                                 \
     least,                                                    \
     most,                                                     \
     restart,                                                  \
     text,                                                     \
     offsetof(struct config, name),                            \
     offsetof(struct raw, name)},
    CONFIG_NUMBERS(NUMBER_KEY)
#undef NUMBER_KEY
};

#define NUMBER_KEYS (sizeof number_keys / sizeof number_keys[0])

static uint64_t *number_of(struct config *c, const struct number_key *key) {
    return (uint64_t *)((char *)c + key->offset);
}

static uint64_t number_in(const struct config *c, const struct number_key *key) {
    return *(const uint64_t *)((const char *)c + key->offset);
}

struct config *config_defaults(void) {
    struct config *c = calloc(1, sizeof *c);
    if (c == NULL) {
        return NULL;
    }
    c->log_level = LEVEL_INFO;
    for (size_t i = 0; i < NUMBER_KEYS; i++) {
        *number_of(c, &number_keys[i]) = number_keys[i].standard;
    }
    return c;
}

void config_free(struct config *c) {
    if (c == NULL) {
        return;
    }
    for (size_t i = 0; i < c->listen_count; i++) {
        free(c->listen[i]);
    }
    for (size_t i = 0; i < c->backup_directories_count; i++) {
        free(c->backup_directories[i]);
    }
    free(c->socket_owner);
    free(c->socket_group);
    free(c->gateway_user);
    free(c->tls_certificate);
    free(c->tls_key);
    free(c->tls_client_ca);
    free(c);
}

/* ---- reading ---------------------------------------------------------------- */

struct reading {
    const char *name;
    const char *text;
    size_t len;
    char said[256]; /* the first thing libcyaml complained of */
    bool more;      /* documents after the first */
};

/* Line of a key at the left margin, counted from 1; 0 when not found.
 * libcyaml's own positions are those of the element before. */
static unsigned line_of(const struct reading *r, const char *key) {
    size_t n = strlen(key);
    unsigned line = 1;
    for (size_t i = 0; i < r->len; line++) {
        if (r->len - i > n && memcmp(r->text + i, key, n) == 0 &&
            strchr(": \t", r->text[i + n]) != NULL) {
            return line;
        }
        const char *end = memchr(r->text + i, '\n', r->len - i);
        if (end == NULL) {
            break;
        }
        i = (size_t)(end - r->text) + 1;
    }
    return 0;
}

static int refuse(const struct reading *r, const char *key, const char *en, const char *ja,
                  struct error *e) {
    error_set(e, ERR_INVALID, key, "%s:%u: %s: ", "%s の %u 行目、%s: ", r->name, line_of(r, key),
              key);
    size_t n_en = strlen(e->en);
    size_t n_ja = strlen(e->ja);
    snprintf(e->en + n_en, sizeof e->en - n_en, "%s", en);
    snprintf(e->ja + n_ja, sizeof e->ja - n_ja, "%s", ja);
    return -1;
}

static void listen_to_cyaml(cyaml_log_t level, void *ctx, const char *format, va_list ap) {
    struct reading *r = ctx;
    if (level == CYAML_LOG_WARNING) {
        r->more = true;
    }
    if (r->said[0] == '\0') {
        vsnprintf(r->said, sizeof r->said, format, ap);
        r->said[strcspn(r->said, "\n")] = '\0';
    }
}

/* Turns libcyaml's complaint into our sentence. */
static int refuse_yaml(const struct reading *r, cyaml_err_t err, struct error *e) {
    const char *said = strncmp(r->said, "Load: ", 6) == 0 ? r->said + 6 : r->said;
    const char *key = strrchr(said, ' ');
    key = key != NULL ? key + 1 : "";
    if (err == CYAML_ERR_INVALID_KEY) {
        return refuse(r, key, "there is no such key", "そのような設定はありません", e);
    }
    if (strncmp(said, "Mapping field already seen", 26) == 0) {
        return refuse(r, key, "the key stands twice", "同じ設定が 2 回あります", e);
    }
    return error_set(e, ERR_INVALID, "", "%1$s is not a configuration: %2$s (%3$s)",
                     "%1$s は設定ファイルとして読めません: %2$s (%3$s)", r->name, said,
                     cyaml_strerror(err));
}

/* Whole numbers, of bytes also with KiB, MiB, GiB. */
static bool parse_number(const char *text, bool bytes, uint64_t *out) {
    static const struct {
        const char *word;
        unsigned shift;
    } units[] = {{"KiB", 10}, {"MiB", 20}, {"GiB", 30}};
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 19) {
        return false;
    }
    *out = strtoull(text, NULL, 10);
    const char *unit = text + digits;
    unit += strspn(unit, " ");
    if (*unit == '\0') {
        return true;
    }
    for (size_t i = 0; bytes && i < sizeof units / sizeof units[0]; i++) {
        if (strcmp(unit, units[i].word) == 0 && *out <= UINT64_MAX >> units[i].shift) {
            *out <<= units[i].shift;
            return true;
        }
    }
    return false;
}

static int take_number(const struct reading *r, const struct raw *raw, const struct number_key *key,
                       struct config *c, struct error *e) {
    const char *text = *(char *const *)((const char *)raw + key->raw_offset);
    if (text == NULL) {
        return 0;
    }
    uint64_t v;
    bool bytes = strstr(key->name, "_bytes") != NULL;
    if (!parse_number(text, bytes, &v)) {
        return refuse(r, key->name,
                      bytes ? "a whole number of bytes is expected, also as 64 KiB, 1 MiB, 2 GiB"
                            : "a whole number is expected",
                      bytes ? "バイト数を整数で入れてください (64 KiB, 1 MiB, 2 GiB も可)"
                            : "整数を入れてください",
                      e);
    }
    if (v < key->least || v > key->most) {
        char en[96];
        char ja[128];
        snprintf(en, sizeof en, "from %" PRIu64 " to %" PRIu64, key->least, key->most);
        snprintf(ja, sizeof ja, "%" PRIu64 " から %" PRIu64 " までです", key->least, key->most);
        return refuse(r, key->name, en, ja, e);
    }
    *number_of(c, key) = v;
    return 0;
}

int config_check_listen(const char *address, struct error *e) {
    struct address network;
    if (strncmp(address, ADDRESS_TLS, strlen(ADDRESS_TLS)) == 0) {
        return address_read(address, &network, e);
    }
    if (strncmp(address, "tcp:", 4) == 0) {
        return error_set(e, ERR_INVALID, "listen",
                         "Over a network there is no connection without TLS: listen on "
                         "tls:HOST:PORT.",
                         "ネットワーク経由の接続は TLS だけです。tls:ホスト:ポート "
                         "と書いてください。");
    }
    if (strncmp(address, "unix:", 5) != 0 || address[5] == '\0') {
        return error_set(e, ERR_INVALID, "listen",
                         "The address to listen on is unix: and the path of a socket, for example "
                         "unix:/run/madoguchi/062090.sock, or tls:HOST:PORT.",
                         "待ち受け先は unix: に続けてソケットのパスを書くか (例 "
                         "unix:/run/madoguchi/062090.sock)、tls:ホスト:ポート と書いてください。");
    }
    size_t most = sizeof((struct sockaddr_un *)NULL)->sun_path - 1;
    if (strlen(address + 5) > most) {
        return error_set(e, ERR_INVALID, "listen", "The path of a socket has at most %zu bytes.",
                         "ソケットのパスは %zu バイトまでです。", most);
    }
    return 0;
}

static int take_listen(const struct reading *r, const struct raw *raw, struct config *c,
                       struct error *e) {
    for (unsigned i = 0; i < raw->listen_count; i++) {
        struct error why;
        if (config_check_listen(raw->listen[i], &why) != 0) {
            return refuse(r, "listen", why.en, why.ja, e);
        }
        c->listen[i] = strdup(raw->listen[i]);
        if (c->listen[i] == NULL) {
            return refuse(r, "listen", "out of memory", "メモリーが足りません", e);
        }
        c->listen_count = i + 1;
    }
    return 0;
}

static int take_backup_directories(const struct reading *r, const struct raw *raw, struct config *c,
                                   struct error *e) {
    for (unsigned i = 0; i < raw->backup_directories_count; i++) {
        const char *path = raw->backup_directories[i];
        if (path[0] != '/') {
            return refuse(r, "backup_directories", "whole paths, beginning with /",
                          "/ から始まる完全なパスを書いてください", e);
        }
        c->backup_directories[i] = strdup(path);
        if (c->backup_directories[i] == NULL) {
            return refuse(r, "backup_directories", "out of memory", "メモリーが足りません", e);
        }
        c->backup_directories_count = i + 1;
    }
    return 0;
}

static int take_words(const struct reading *r, const struct raw *raw, struct config *c,
                      struct error *e) {
    if (raw->log_level != NULL) {
        int level = log_level_of(raw->log_level);
        if (level < 0) {
            return refuse(r, "log_level", "one of error, warning, notice, info, debug",
                          "error, warning, notice, info, debug のいずれかです", e);
        }
        c->log_level = (unsigned)level;
    }
    if (raw->force_filesystem != NULL) {
        c->force_filesystem = strcmp(raw->force_filesystem, "true") == 0;
        if (!c->force_filesystem && strcmp(raw->force_filesystem, "false") != 0) {
            return refuse(r, "force_filesystem", "true or false", "true か false です", e);
        }
    }
    return 0;
}

static int take_texts(const struct reading *r, const struct raw *raw, struct config *c,
                      struct error *e) {
    const struct {
        const char *key;
        const char *from;
        char **to;
    } texts[] = {{"socket_owner", raw->socket_owner, &c->socket_owner},
                 {"socket_group", raw->socket_group, &c->socket_group},
                 {"gateway_user", raw->gateway_user, &c->gateway_user},
                 {"tls_certificate", raw->tls_certificate, &c->tls_certificate},
                 {"tls_key", raw->tls_key, &c->tls_key},
                 {"tls_client_ca", raw->tls_client_ca, &c->tls_client_ca}};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (texts[i].from != NULL && texts[i].from[0] != '\0') {
            *texts[i].to = strdup(texts[i].from);
            if (*texts[i].to == NULL) {
                return refuse(r, texts[i].key, "out of memory", "メモリーが足りません", e);
            }
        }
    }
    if ((c->tls_certificate == NULL) != (c->tls_key == NULL) ||
        (c->tls_client_ca != NULL && c->tls_key == NULL)) {
        return refuse(r, c->tls_certificate == NULL ? "tls_certificate" : "tls_key",
                      "tls_certificate and tls_key go together",
                      "tls_certificate と tls_key は両方とも必要です", e);
    }
    return 0;
}

static int take_all(const struct reading *r, const struct raw *raw, struct config *c,
                    struct error *e) {
    for (size_t i = 0; i < NUMBER_KEYS; i++) {
        if (take_number(r, raw, &number_keys[i], c, e) != 0) {
            return -1;
        }
    }
    if (c->output_low_bytes > c->output_high_bytes) {
        return refuse(r, "output_low_bytes", "at most output_high_bytes",
                      "output_high_bytes 以下にしてください", e);
    }
    if (take_listen(r, raw, c, e) != 0 || take_backup_directories(r, raw, c, e) != 0) {
        return -1;
    }
    return take_words(r, raw, c, e) == 0 ? take_texts(r, raw, c, e) : -1;
}

int config_parse(const char *text, size_t len, const char *name, struct config **out,
                 struct error *e) {
    struct reading r = {.name = name, .text = text, .len = len};
    cyaml_config_t settings = {.log_fn = listen_to_cyaml,
                               .log_ctx = &r,
                               .mem_fn = cyaml_mem,
                               .log_level = CYAML_LOG_WARNING,
                               .flags = CYAML_CFG_NO_ALIAS};
    struct raw *raw = NULL;
    cyaml_err_t err = cyaml_load_data((const uint8_t *)text, len, &settings, &raw_schema,
                                      (cyaml_data_t **)&raw, NULL);
    if (err == CYAML_OK && r.more) {
        err = CYAML_ERR_UNEXPECTED_EVENT;
    }
    struct config *c = config_defaults();
    int rc = -1;
    if (c == NULL) {
        error_set(e, ERR_INTERNAL, "", "Out of memory.", "メモリーが足りません。");
    } else if (err != CYAML_OK) {
        rc = refuse_yaml(&r, err, e);
    } else {
        /* A file of comments only is no mapping at all: all defaults. */
        rc = raw == NULL ? 0 : take_all(&r, raw, c, e);
    }
    if (raw != NULL) {
        cyaml_free(&settings, &raw_schema, raw, 0);
    }
    if (rc != 0) {
        config_free(c);
        return -1;
    }
    *out = c;
    return 0;
}

int config_read(const char *path, struct config **out, struct error *e) {
    FILE *f = fopen(path, "re");
    char *text = malloc(CONFIG_FILE_MAX + 1);
    int rc = -1;
    if (f == NULL || text == NULL) {
        error_set(e, ERR_INVALID, "config", "The configuration %s cannot be read: %s.",
                  "設定ファイル %s を読めません: %s", path, strerror(errno));
    } else {
        size_t n = fread(text, 1, CONFIG_FILE_MAX + 1, f);
        if (ferror(f) != 0) {
            error_set(e, ERR_INVALID, "config", "The configuration %s cannot be read: %s.",
                      "設定ファイル %s を読めません: %s", path, strerror(errno));
        } else if (n > CONFIG_FILE_MAX) {
            error_set(e, ERR_TOO_MUCH, "config", "The configuration %s is longer than %d bytes.",
                      "設定ファイル %s が %d バイトを超えています。", path, CONFIG_FILE_MAX);
        } else {
            rc = config_parse(text, n, path, out, e);
        }
    }
    free(text);
    if (f != NULL) {
        fclose(f);
    }
    return rc;
}

/* ---- printing ---------------------------------------------------------------- */

static void print_comment(FILE *to, const char *text) {
    const size_t width = 96;
    while (*text != '\0') {
        size_t n = strlen(text);
        if (n > width) {
            n = width;
            while (n > 0 && text[n] != ' ') {
                n--;
            }
        }
        fprintf(to, "# %.*s\n", (int)n, text);
        text += n;
        text += strspn(text, " ");
    }
}

static void print_number(FILE *to, const struct number_key *key, uint64_t v) {
    print_comment(to, key->text);
    fprintf(to, "# Default %" PRIu64 ", from %" PRIu64 " to %" PRIu64 ".%s\n", key->standard,
            key->least, key->most, key->restart ? " A change needs a restart." : "");
    fprintf(to, "%s: %" PRIu64 "\n\n", key->name, v);
}

/* As YAML in double quotes. */
static void print_text(FILE *to, const char *text) {
    putc('"', to);
    for (const char *p = text; *p != '\0'; p++) {
        if (*p == '"' || *p == '\\') {
            putc('\\', to);
        }
        putc(*p, to);
    }
    putc('"', to);
}

static void print_list(FILE *to, const char *key, char *const *list, size_t n) {
    if (n == 0) {
        fprintf(to, "%s: []\n\n", key);
        return;
    }
    fprintf(to, "%s:\n", key);
    for (size_t i = 0; i < n; i++) {
        fputs("  - ", to);
        print_text(to, list[i]);
        putc('\n', to);
    }
    fputs("\n", to);
}

static void print_lists(const struct config *c, FILE *to) {
    fputs("# Where to listen: unix:PATH or tls:HOST:PORT, up to 16. --listen on the command line\n"
          "# takes their place; sockets passed by systemd are used beside them. A change needs a\n"
          "# restart.\n",
          to);
    print_list(to, "listen", c->listen, c->listen_count);
    fputs("# Where `madoguchi backup` may write: in these directories and below, up to 16. They "
          "must\n"
          "# be there. Empty: wherever the daemon's account may.\n",
          to);
    print_list(to, "backup_directories", c->backup_directories, c->backup_directories_count);
}

static void print_name(FILE *to, const char *key, const char *what, const char *value) {
    fprintf(to,
            "# %s of the sockets: a name or a number; empty: the daemon's own.\n"
            "# Owner and group may connect (mode 0660), nobody else. A change needs a restart.\n"
            "%s: \"%s\"\n\n",
            what, key, value != NULL ? value : "");
}

static void print_path(FILE *to, const char *key, const char *what, const char *value) {
    print_comment(to, what);
    fprintf(to, "%s: ", key);
    print_text(to, value != NULL ? value : "");
    fputs("\n\n", to);
}

static void print_tls(const struct config *c, FILE *to) {
    print_path(to, "tls_certificate",
               "The daemon's certificate for tls: addresses, and those between it and the root, "
               "PEM. `madoguchid tls-init` makes one. A path without / at its beginning is looked "
               "for in $CREDENTIALS_DIRECTORY where systemd sets that. A reload reads it again.",
               c->tls_certificate);
    print_path(to, "tls_key", "Its private key, PEM, which nobody but its owner may read.",
               c->tls_key);
    print_path(to, "tls_client_ca",
               "Who signs the certificates of clients, PEM. Clients are asked for one, and need "
               "none; a wrong one is refused. Empty: nobody is asked.",
               c->tls_client_ca);
}

static void print_gateway(FILE *to, const char *user) {
    fprintf(to,
            "# The user that madoguchi-web runs as: it says which address a browser comes from,\n"
            "# and is believed. Nobody else is. Default " CONFIG_GATEWAY_USER ".\n"
            "gateway_user: %s\n\n",
            user != NULL ? user : CONFIG_GATEWAY_USER);
}

void config_print(const struct config *c, FILE *to) {
    static const char *const levels[] = {"", "", "", "error", "warning", "notice", "info", "debug"};
    print_lists(c, to);
    print_name(to, "socket_owner", "Owner", c->socket_owner);
    print_name(to, "socket_group", "Group", c->socket_group);
    print_gateway(to, c->gateway_user);
    print_tls(c, to);
    fprintf(to,
            "# What is logged: error, warning, notice, info or debug.\n# Default info.\n"
            "log_level: %s\n\n",
            levels[c->log_level]);
    fprintf(to,
            "# Use a store on NFS, CIFS, 9p or FUSE all the same: true or false.\n"
            "# Default false. A change needs a restart.\nforce_filesystem: %s\n\n",
            c->force_filesystem ? "true" : "false");
    for (size_t i = 0; i < NUMBER_KEYS; i++) {
        print_number(to, &number_keys[i], number_in(c, &number_keys[i]));
    }
}

/* ---- comparing --------------------------------------------------------------- */

static bool same_text(const char *a, const char *b) {
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool same_listen(const struct config *a, const struct config *b) {
    if (a->listen_count != b->listen_count) {
        return false;
    }
    for (size_t i = 0; i < a->listen_count; i++) {
        if (strcmp(a->listen[i], b->listen[i]) != 0) {
            return false;
        }
    }
    return true;
}

size_t config_restart_keys(const struct config *old, const struct config *new,
                           void (*key)(void *ctx, const char *name), void *ctx) {
    size_t n = 0;
    const struct {
        const char *name;
        bool same;
    } words[] = {{"listen", same_listen(old, new)},
                 {"socket_owner", same_text(old->socket_owner, new->socket_owner)},
                 {"socket_group", same_text(old->socket_group, new->socket_group)},
                 {"force_filesystem", old->force_filesystem == new->force_filesystem}};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (!words[i].same) {
            key(ctx, words[i].name);
            n++;
        }
    }
    for (size_t i = 0; i < NUMBER_KEYS; i++) {
        const struct number_key *k = &number_keys[i];
        if (k->restart && number_in(old, k) != number_in(new, k)) {
            key(ctx, k->name);
            n++;
        }
    }
    return n;
}
