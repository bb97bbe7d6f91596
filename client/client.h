/* What every command of the `madoguchi` command line is given, and the table
 * of commands.  One file a command or family: cmd_*.c. */
#ifndef MADOGUCHI_CLIENT_CLIENT_H
#define MADOGUCHI_CLIENT_CLIENT_H

#include "client/connection.h"
#include "client/options.h"
#include "client/output.h"
#include "client/token.h"
#include "client/words.h"
#include "proto/message.h"

/* Exit codes; 0, 1, 3 and 4 are those of enum connection_outcome. */
enum { EXIT_DONE = 0, EXIT_REFUSED = 1, EXIT_USAGE = 2, EXIT_UNREACHABLE = 3, EXIT_UNKNOWN = 4 };

/* Where a daemon is looked for unless told otherwise, if not exactly one
 * listens in /run/madoguchi. */
#define CLIENT_ADDRESS "unix:/run/madoguchi/madoguchi.sock"

/* Bytes that the words of one command line may take in memory. */
#define CLIENT_BUDGET (16u << 20)

struct command;
struct labels;

struct client {
    const struct command *command;
    const char *server;
    struct channel_files files;
    struct output_options output;
    bool prometheus;                          /* --format prometheus, of a command that takes it */
    bool xlsx;                                /* --format xlsx, the same */
    const char *on_behalf, *terminal, *visit; /* or NULL */
    bool asks_again;                          /* --request-id was given */
    bool has_request_id;
    uint8_t request_id[16];
    uint32_t today;                /* date, JST */
    struct arena arena;            /* lives as long as the program */
    struct connection *connection; /* made when first needed */
    bool without_token;            /* a login that is kept is not used */
    bool has_token;
    uint8_t token[TOKEN_BYTES];
    struct labels *labels; /* the same */
};

struct command {
    const char *name;             /* "log", "session plan" */
    const char *words;            /* what follows it, for help: "SERVICE [COUNT]" */
    const char *summary;          /* one line, marked by N_() */
    const char *details;          /* more, or NULL; marked by N_() */
    const char *example;          /* one or more lines, as typed */
    const struct option *options; /* NULL: none of its own */
    size_t least, most;           /* words it takes */
    bool prometheus;              /* it takes --format prometheus */
    bool xlsx;                    /* it takes --format xlsx */
    int (*run)(struct client *c, const struct arguments *a);
};

/* All commands in the order of --help; ends with NULL. */
extern const struct command *const commands[];

/* The command of one or two words, or NULL; *taken: how many words name it. */
const struct command *command_find(const char *first, const char *second, int *taken);

/* The name nearest to a mistyped one, or NULL. */
const char *command_nearest(const char *word);

/* Whether commands of two words begin with it: session, plan ... */
bool command_is_family(const char *word);

/* ---- speaking to the person --------------------------------------------------- */

/* Prints an error as one sentence in the reader's language, with "did you mean",
 * and returns the exit code given. */
int client_fail(const struct error *e, int exit_code);

/* The command line is wrong: a sentence (already translated) and where help is. */
int client_usage(const struct client *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* One line to stderr that is not an error. */
void client_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Says that the output could not be written (errno says why); EXIT_REFUSED.
 * Only where nothing was recorded. */
int client_unwritten(void);

/* Ends a table after a reading that ended with exit_code; that code, or
 * EXIT_REFUSED with a sentence when the table could not be written. */
int client_close(struct output *o, int exit_code);

/* Out of memory, or a command line beyond all bounds. */
int client_no_memory(void);

/* From now on it is noticed when a text found no memory, which looks like one
 * that is not there: client_read() and client_close() then fail. */
void client_watch_memory(void);

/* ---- asking --------------------------------------------------------------------- */

/* The connection, made when first needed, with the token of a login (client/token.h).
 * NULL: out of memory, or the token cannot be used. */
struct connection *client_connection(struct client *c, struct error *e) MUST_CHECK;

/* The next one is made anew: as somebody else. */
void client_disconnect(struct client *c);

/* Puts what the global options say into a request that records: id, on
 * behalf of whom, terminal, visit. */
void client_envelope(struct client *c, Madoguchi__Request *request);

/* Sends a request that records, prints its number and #SEQ, the warnings to
 * stderr.  Returns the exit code: EXIT_UNKNOWN also where it was recorded and
 * could not be printed. */
int client_record(struct client *c, Madoguchi__Request *request);

/* Prints what a Recorded says, as client_record() does. */
int client_print_recorded(struct client *c, const Madoguchi__Recorded *recorded);

/* Asks a reading request; `page` takes each page.  Errors are printed.
 * Returns the exit code. */
typedef void (*client_page_fn)(void *ctx, const Madoguchi__Page *page);
int client_read(struct client *c, Madoguchi__Request *request, client_page_fn page, void *ctx);

/* Prints the name-value pairs of an answer as a table of two columns; a text
 * table says what the names of `labels` mean ({name, N_(meaning)}, NULL ends). */
int client_read_pairs(struct client *c, Madoguchi__Request *request,
                      const char *const (*labels)[2]);

/* The bytes of a document, put together from its pieces; *out->data is to be
 * freed.  Returns the exit code; errors are printed unless `quiet`. */
int client_document(struct client *c, Madoguchi__DocumentKind kind, const char *id, bool quiet,
                    ProtobufCBinaryData *out);

/* Records a packed catalogue or plan in pieces. */
int client_put(struct client *c, Madoguchi__DocumentKind kind, ProtobufCBinaryData document);

/* ---- words of the command line ------------------------------------------------------ */

/* Reads a whole file; *out is to be freed.  Errors are printed. */
int client_file(const char *path, size_t most, char **out, size_t *len);

/* "12" or "#12"; false if it is neither. */
bool client_seq(const char *word, uint64_t *seq);

/* The bytes of twice as many hexadecimal digits; false if the word is anything else. */
bool client_hex(const char *word, uint8_t *out, size_t bytes);

/* A text of a message as a C string in the arena; NULL when not given. */
const char *client_text(struct arena *arena, protobuf_c_boolean has, ProtobufCBinaryData b);

/* The fields of an entry as "name=value name=value" in the arena; NULL when it has none, or
 * without room. */
const char *client_fields(struct arena *arena, const Madoguchi__EntryRow *row);

#endif
