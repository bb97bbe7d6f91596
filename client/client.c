#include "client/client.h"

#include "client/labels.h"

#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdlib.h>

/* Silence to bear while a proof or a large answer is made. */
#define PATIENCE_MS 600000

int client_fail(const struct error *e, int exit_code) {
    fflush(stdout);
    fprintf(stderr, "madoguchi: %s", words_japanese() ? e->ja : e->en);
    if (e->n_near > 0) {
        putc(' ', stderr);
        fprintf(stderr, _("Did you mean %s?"), e->near[0]);
    }
    putc('\n', stderr);
    return exit_code;
}

int client_usage(const struct client *c, const char *format, ...) {
    va_list ap;
    va_start(ap, format);
    fputs("madoguchi: ", stderr);
    vfprintf(stderr, format, ap);
    va_end(ap);
    putc(' ', stderr);
    if (c->command != NULL) {
        fprintf(stderr, _("See madoguchi %s --help."), c->command->name);
    } else {
        fputs(_("See madoguchi --help."), stderr);
    }
    putc('\n', stderr);
    return EXIT_USAGE;
}

void client_note(const char *format, ...) {
    va_list ap;
    fflush(stdout);
    va_start(ap, format);
    vfprintf(stderr, format, ap);
    va_end(ap);
    putc('\n', stderr);
}

int client_no_memory(void) {
    struct error e;
    error_set(&e, ERR_INTERNAL, "", SAY("Out of memory."));
    return client_fail(&e, EXIT_REFUSED);
}

static bool starved;

static void note_starved(void) {
    starved = true;
}

void client_watch_memory(void) {
    arena_starved = note_starved;
}

int client_unwritten(void) {
    struct error e;
    error_set(&e, ERR_INTERNAL, "", SAY("The output could not be written (%s)."), strerror(errno));
    return client_fail(&e, EXIT_REFUSED);
}

int client_close(struct output *o, int exit_code) {
    if (exit_code == EXIT_DONE && starved) {
        exit_code = client_no_memory();
    }
    if (exit_code != EXIT_DONE) {
        output_abandon(o);
        return exit_code;
    }
    return output_close(o) == 0 ? EXIT_DONE : client_unwritten();
}

/* ---- asking ------------------------------------------------------------------------ */

struct connection *client_connection(struct client *c, struct error *e) {
    if (c->connection != NULL) {
        return c->connection;
    }
    if (!c->without_token && token_get(c->server, c->token, &c->has_token, e) < 0) {
        return NULL;
    }
    const struct connection_options options = {
        .address = c->server,
        .files = c->files,
        .language = words_japanese() ? "ja" : "en",
        .build = "madoguchi " MADOGUCHI_VERSION,
        .token = c->has_token ? c->token : NULL,
    };
    c->connection = connection_new(&options);
    if (c->connection == NULL) {
        error_set(e, ERR_INTERNAL, "", SAY("Out of memory."));
    }
    return c->connection;
}

void client_disconnect(struct client *c) {
    connection_free(c->connection);
    c->connection = NULL;
    c->has_token = false;
}

void client_envelope(struct client *c, Madoguchi__Request *request) {
    if (!c->has_request_id) {
        connection_request_id(c->request_id);
        c->has_request_id = true;
    }
    SET(request, id, ((ProtobufCBinaryData){.len = sizeof c->request_id, .data = c->request_id}));
    if (c->on_behalf != NULL) {
        SET(request, on_behalf, bytes_of(c->on_behalf));
    }
    if (c->terminal != NULL) {
        SET(request, terminal, bytes_of(c->terminal));
    }
    if (c->visit != NULL) {
        SET(request, visit, bytes_of(c->visit));
    }
}

/* What is recorded is not refused: who asks again with the same id is told. */
static int unprinted(const struct client *c, const Madoguchi__Recorded *r) {
    struct error e;
    char hex[2 * sizeof c->request_id + 1];
    int why = errno;
    sodium_bin2hex(hex, sizeof hex, c->request_id, sizeof c->request_id);
    error_set(&e, ERR_INTERNAL, "",
              SAY("It was recorded as #%llu, but that could not be printed (%s). The same words "
                  "with --request-id %s print it and record nothing more."),
              (unsigned long long)r->seq, strerror(why), hex);
    return client_fail(&e, EXIT_UNKNOWN);
}

static bool print_recorded(struct client *c, const Madoguchi__Recorded *r) {
    const char *number = client_text(&c->arena, r->has_number, r->number);
    if (r->has_number && number == NULL) {
        errno = ENOMEM;
        return false;
    }
    for (size_t i = 0; i < r->n_warning; i++) {
        client_note(_("Note: %.*s"), (int)r->warning[i].len, (const char *)r->warning[i].data);
    }
    if (c->output.format == OUTPUT_TEXT) {
        if (r->known && c->asks_again) {
            client_note(_("This was recorded before; nothing was added."));
        }
        printf("%s%s#%" PRIu64 "\n", number != NULL ? number : "", number != NULL ? " " : "",
               r->seq);
        return fflush(stdout) == 0 && !ferror(stdout);
    }
    static const struct column columns[] = {
        {"seq", "seq", COLUMN_PLAIN, 0},
        {"number", "number", COLUMN_TEXT, 0},
        {"known", "known", COLUMN_TEXT, 0},
    };
    struct output *o = output_open(&c->output, columns, 3);
    char seq[24];
    snprintf(seq, sizeof seq, "%" PRIu64, r->seq);
    const char *const cells[] = {seq, number, r->known ? "yes" : "no"};
    if (o == NULL) {
        return false;
    }
    output_row(o, cells);
    return output_close(o) == 0;
}

int client_print_recorded(struct client *c, const Madoguchi__Recorded *r) {
    return print_recorded(c, r) ? EXIT_DONE : unprinted(c, r);
}

struct recording {
    struct client *client;
    int exit_code;
};

static int take_recorded(void *ctx, const Madoguchi__Answer *answer) {
    struct recording *r = ctx;
    if (answer->body_case == MADOGUCHI__ANSWER__BODY_RECORDED) {
        r->exit_code = client_print_recorded(r->client, answer->recorded);
    }
    return 0;
}

static int record_pieces(struct client *c, Madoguchi__Request **pieces, size_t n) {
    struct recording r = {.client = c, .exit_code = EXIT_DONE};
    struct error e = {.code = 0};
    if (client_connection(c, &e) == NULL) {
        return client_fail(&e, EXIT_REFUSED);
    }
    if (pieces[0]->body_case == MADOGUCHI__REQUEST__BODY_PUBLICATION) {
        connection_patience(c->connection, PATIENCE_MS); /* a question comes before it */
    }
    enum connection_outcome outcome =
        connection_ask_pieces(c->connection, pieces, n, take_recorded, &r, &e);
    return outcome == CONNECTION_DONE ? r.exit_code : client_fail(&e, (int)outcome);
}

int client_record(struct client *c, Madoguchi__Request *request) {
    client_envelope(c, request);
    return record_pieces(c, &request, 1);
}

int client_put(struct client *c, Madoguchi__DocumentKind kind, ProtobufCBinaryData document) {
    enum { PIECE_BYTES = 32768 };
    size_t n = document.len > 0 ? (document.len + PIECE_BYTES - 1) / PIECE_BYTES : 1;
    Madoguchi__Request *request = arena_alloc(&c->arena, n * sizeof *request);
    Madoguchi__Request **pieces = arena_alloc(&c->arena, n * sizeof *pieces);
    Madoguchi__Put *put = arena_alloc(&c->arena, n * sizeof *put);
    if (request == NULL || pieces == NULL || put == NULL) {
        return client_no_memory();
    }
    for (size_t i = 0; i < n; i++) {
        size_t from = i * PIECE_BYTES;
        size_t len = document.len - from < PIECE_BYTES ? document.len - from : PIECE_BYTES;
        madoguchi__put__init(&put[i]);
        SET(&put[i], kind, kind);
        SET(&put[i], piece, (uint32_t)i);
        SET(&put[i], pieces, (uint32_t)n);
        SET(&put[i], data, ((ProtobufCBinaryData){.len = len, .data = document.data + from}));
        madoguchi__request__init(&request[i]);
        request[i].body_case = MADOGUCHI__REQUEST__BODY_PUT;
        request[i].put = &put[i];
        client_envelope(c, &request[i]);
        pieces[i] = &request[i];
    }
    return record_pieces(c, pieces, n);
}

struct reading {
    client_page_fn page;
    void *ctx;
};

static int take_page(void *ctx, const Madoguchi__Answer *answer) {
    struct reading *r = ctx;
    if (answer->body_case == MADOGUCHI__ANSWER__BODY_PAGE) {
        r->page(r->ctx, answer->page);
    }
    return 0;
}

int client_read(struct client *c, Madoguchi__Request *request, client_page_fn page, void *ctx) {
    struct reading r = {.page = page, .ctx = ctx};
    struct error e = {.code = 0};
    if (client_connection(c, &e) == NULL) {
        return client_fail(&e, EXIT_REFUSED);
    }
    connection_patience(c->connection, PATIENCE_MS);
    enum connection_outcome outcome = connection_ask(c->connection, request, take_page, &r, &e);
    if (outcome != CONNECTION_DONE) {
        return client_fail(&e, (int)outcome);
    }
    return starved ? client_no_memory() : EXIT_DONE;
}

/* ---- pairs -------------------------------------------------------------------------- */

struct pairs {
    struct client *client;
    struct output *output;
    const char *const (*labels)[2];
};

static const char *pair_label(const struct pairs *p, const char *name) {
    for (size_t i = 0; name != NULL && p->labels[i][0] != NULL; i++) {
        if (strcmp(p->labels[i][0], name) == 0) {
            return _(p->labels[i][1]);
        }
    }
    return name;
}

static void take_pairs(void *ctx, const Madoguchi__Page *page) {
    struct pairs *p = ctx;
    struct arena *arena = &p->client->arena;
    for (size_t i = 0; i < page->n_pair; i++) {
        const Madoguchi__Pair *pair = page->pair[i];
        const char *name = client_text(arena, pair->has_name, pair->name);
        const char *value = client_text(arena, pair->has_value, pair->value);
        if (p->client->output.format == OUTPUT_TEXT) {
            name = pair_label(p, name);
        }
        output_row(p->output, (const char *const[]){name, value});
    }
}

int client_read_pairs(struct client *c, Madoguchi__Request *request,
                      const char *const (*labels)[2]) {
    const struct column columns[] = {
        {"name", _("Item"), COLUMN_TEXT, 0},
        {"value", _("Value"), COLUMN_TEXT, 0},
    };
    struct pairs p = {.client = c, .labels = labels};
    p.output = output_open(&c->output, columns, 2);
    if (p.output == NULL) {
        return client_no_memory();
    }
    int exit_code = client_read(c, request, take_pairs, &p);
    return client_close(p.output, exit_code);
}

/* ---- documents ------------------------------------------------------------------------ */

struct document {
    uint8_t *data;
    size_t len, size;
    bool failed;
};

/* Far above what a store takes (64 pieces of 32 KiB). */
#define DOCUMENT_MAX (16u << 20)

static int take_document(void *ctx, const Madoguchi__Answer *answer) {
    struct document *d = ctx;
    if (answer->body_case != MADOGUCHI__ANSWER__BODY_PAGE || !answer->page->has_data) {
        return 0;
    }
    ProtobufCBinaryData piece = answer->page->data;
    if (d->len + piece.len > d->size) {
        size_t size = 2 * (d->len + piece.len);
        uint8_t *grown = d->len + piece.len <= DOCUMENT_MAX ? realloc(d->data, size) : NULL;
        if (grown == NULL) {
            d->failed = true;
            return 1;
        }
        d->data = grown;
        d->size = size;
    }
    memcpy(d->data + d->len, piece.data, piece.len);
    d->len += piece.len;
    return 0;
}

int client_document(struct client *c, Madoguchi__DocumentKind kind, const char *id, bool quiet,
                    ProtobufCBinaryData *out) {
    Madoguchi__Documents documents = MADOGUCHI__DOCUMENTS__INIT;
    SET(&documents, kind, kind);
    if (id != NULL) {
        SET(&documents, id, bytes_of(id));
    }
    Madoguchi__Request request = MADOGUCHI__REQUEST__INIT;
    request.body_case = MADOGUCHI__REQUEST__BODY_DOCUMENTS;
    request.documents = &documents;
    struct document d = {.data = NULL};
    struct error e = {.code = 0};
    enum connection_outcome outcome = CONNECTION_REFUSED;
    if (client_connection(c, &e) != NULL) {
        outcome = connection_ask(c->connection, &request, take_document, &d, &e);
    }
    if (outcome == CONNECTION_DONE && !d.failed) {
        *out = (ProtobufCBinaryData){.len = d.len, .data = d.data};
        return EXIT_DONE;
    }
    free(d.data);
    if (quiet) {
        return EXIT_REFUSED;
    }
    return d.failed ? client_no_memory() : client_fail(&e, (int)outcome);
}

/* ---- words ---------------------------------------------------------------------------- */

static int file_error(const char *path, const char *why) {
    struct error e;
    error_set(&e, ERR_INVALID, "", SAY("%s cannot be read (%s)."), path, why);
    return client_fail(&e, EXIT_REFUSED);
}

int client_file(const char *path, size_t most, char **out, size_t *len) {
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return file_error(path, strerror(errno));
    }
    size_t size = 65536;
    char *data = malloc(size);
    *len = 0;
    while (data != NULL) {
        *len += fread(data + *len, 1, size - *len, file);
        if (*len < size || *len > most) {
            break;
        }
        size *= 2;
        char *grown = realloc(data, size);
        if (grown == NULL) {
            free(data);
        }
        data = grown;
    }
    bool failed = data == NULL || ferror(file) != 0;
    fclose(file);
    if (failed || *len > most) {
        free(data);
        return file_error(path, failed ? strerror(errno) : _("it is too large"));
    }
    *out = data;
    return EXIT_DONE;
}

bool client_seq(const char *word, uint64_t *seq) {
    word += *word == '#';
    char *end;
    if (*word < '1' || *word > '9' || strlen(word) > 18) {
        return false;
    }
    *seq = strtoull(word, &end, 10);
    return *end == '\0';
}

bool client_hex(const char *word, uint8_t *out, size_t bytes) {
    size_t n;
    return strlen(word) == 2 * bytes &&
           sodium_hex2bin(out, bytes, word, 2 * bytes, NULL, &n, NULL) == 0 && n == bytes;
}

const char *client_text(struct arena *arena, protobuf_c_boolean has, ProtobufCBinaryData b) {
    return has ? arena_strndup(arena, b.data, b.len) : NULL;
}

const char *client_fields(struct arena *arena, const Madoguchi__EntryRow *row) {
    const char *out = row->n_field > 0 ? "" : NULL;
    for (size_t i = 0; i < row->n_field && out != NULL; i++) {
        const Madoguchi__Pair *p = row->field[i];
        out = arena_printf(arena, "%s%s%.*s=%.*s", out, i > 0 ? " " : "", (int)p->name.len,
                           (const char *)p->name.data, (int)p->value.len,
                           (const char *)p->value.data);
    }
    return out;
}
