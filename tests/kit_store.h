/* A temporary store and short words to ask it with, the same for two backends:
 * the store in this process, and the real daemon over its socket.
 *
 *     const char *c = kit_log(k, "migration", "2024-04-15", "topic", "housing", NULL);
 *     kit_ok(k, "contact", "case_number", c, "date", "2024-05-02", NULL);
 *     kit_stats(k, "contacts", "FY2024", "month", "", "2024-04 1; 2024-05 1");
 *
 * Fields are named as in madoguchi.proto and given as on the command line.  A
 * name that begins with '+' is one of the envelope (+check yes, +source, +ref,
 * +nth, +id) and one with '=' is set as it is, past all parsing (=date
 * 20240230).  Other words of `correct` are changes.
 *
 * Every number asked of the store in process is counted twice, from cells and
 * from facts; and every scenario ends with the folds deleted and made again:
 * all tables must come out the same. */
#ifndef MADOGUCHI_TESTS_KIT_STORE_H
#define MADOGUCHI_TESTS_KIT_STORE_H

#include "store/store.h"
#include "tests/kit_daemon.h"

#define KIT_ANSWER_TEXT 4096

struct kit_answer {
    int code; /* 0: recorded */
    char field[40];
    char en[512];
    char near[40];
    uint64_t seq;
    char number[32];
    bool known;
    size_t n_warning;
};

struct kit {
    bool daemon; /* the backend */
    char dir[KIT_PATH];
    struct store_options options; /* of the store in process */
    struct store *store;
    struct kit_daemon d;
    int fd; /* connection to the daemon */
    const char *actor;
    bool account; /* the actor is an account, in process: its rights decide (kit_people.h) */
    uint64_t now; /* ms, of the next group in process */
    uint64_t ids; /* request ids are counted up */
    struct arena arena;
    struct kit_answer last;
};

/* ---- stores ------------------------------------------------------------------------- */

/* A temporary folder for all stores of a program, and its removal: in the
 * parent, so that what a failed test leaves goes too. */
void kit_begin(void);
void kit_end(void);

/* A new folder in it. */
void kit_folder(char out[KIT_PATH]);

/* A new store at `path` with the default catalogue, of municipality 062090. */
void kit_make_store(const char *path);
/* The same with a packed catalogue. */
void kit_make_store_of(const char *path, ProtobufCBinaryData catalogue);

/* A new store, open. */
void kit_start(struct kit *k, bool daemon);
/* The same of a daemon with more lines of configuration (NULL: none). */
void kit_start_daemon(struct kit *k, const char *config);
/* Ends it: clean stop, refolding, comparison of all tables. */
void kit_finish(struct kit *k);

/* Opens and closes the store in process. */
void kit_open(struct kit *k);
void kit_close(struct kit *k, bool clean);
/* Opening must be refused with this code and a sentence that holds `part`. */
void kit_open_refused(struct kit *k, int code, const char *part);

/* All tables of the open store as bytes; to be freed. */
char *kit_dump(struct kit *k, size_t *len);
/* The closed store proves itself. */
void kit_verify(struct kit *k);
/* The folds thrown away and made again are the same. */
void kit_refold(struct kit *k);

/* One scenario on each backend. */
struct kit_scenario {
    const char *name;
    void (*run)(struct kit *k);
};
/* A whole test program; returns what main() returns. */
int kit_scenarios(const char *suite, const struct kit_scenario *list, size_t n);

/* ---- recording ------------------------------------------------------------------------ */

/* A request by the word of its kind (log ... reopen, plan, hold, cancel,
 * figure, coverage, correct, void, account, closing, publication, show ... whoami) and its fields,
 * NULL at the end. */
Madoguchi__Request *kit_request(struct kit *k, const char *word, ...) __attribute__((sentinel));

/* Sends one, or several in one group. */
struct kit_answer kit_record(struct kit *k, Madoguchi__Request *request);
void kit_group(struct kit *k, Madoguchi__Request **requests, size_t n, struct kit_answer *answers);

/* Must be recorded; the seq.  k->last has the whole answer. */
uint64_t kit_ok(struct kit *k, const char *word, ...) __attribute__((sentinel));
/* The same, with so many warnings. */
uint64_t kit_warned(struct kit *k, size_t warnings, const char *word, ...)
    __attribute__((sentinel));
/* Opens a case, a session; the number. */
const char *kit_log(struct kit *k, const char *service, const char *date, ...)
    __attribute__((sentinel));
const char *kit_plan(struct kit *k, const char *kind, const char *date, ...)
    __attribute__((sentinel));
const char *kit_hold(struct kit *k, const char *kind, const char *date, ...)
    __attribute__((sentinel));
/* Must be refused with this code and field, and leave the journal as it was. */
void kit_refused(struct kit *k, int code, const char *field, const char *word, ...)
    __attribute__((sentinel));
/* The words of the refusal of kit_refused() must hold this. */
void kit_said(struct kit *k, const char *part);

/* Text of a number, in the arena. */
const char *kit_text(struct kit *k, uint64_t number);

/* Puts a document in one piece. */
struct kit_answer kit_put(struct kit *k, int kind, const void *data, size_t len);

/* Puts the default catalogue with `from` in its YAML replaced by `to`. */
struct kit_answer kit_put_catalogue(struct kit *k, const char *from, const char *to);

/* Makes the next entries be recorded at a later time. */
void kit_tick(struct kit *k);

/* ---- reading -------------------------------------------------------------------------- */

/* What a question is about beside its count: all may be NULL. */
struct kit_question {
    const char *count;
    const char *from, *to;
    const char *by;    /* "month,topic" */
    const char *where; /* "service=migration channel!=post,mail" */
    const char *as_of; /* a date */
    uint64_t known_at; /* ms; 0: now */
};

/* The answer as "key key count; key count": unknown ones as "114?4"; an error
 * as "error CODE FIELD".  In the arena. */
const char *kit_ask(struct kit *k, const struct kit_question *q);

/* Asks and compares; the period is `from` alone. */
void kit_stats_at(const char *file, int line, struct kit *k, const struct kit_question *q,
                  const char *expected);
#define kit_stats(k, what, period, by_, where_, expected)                                  \
    kit_stats_at(                                                                          \
        __FILE__, __LINE__, k,                                                             \
        &(struct kit_question){.count = what, .from = period, .by = by_, .where = where_}, \
        expected)
#define kit_question(k, expected, ...) \
    kit_stats_at(__FILE__, __LINE__, k, &(struct kit_question){__VA_ARGS__}, expected)

/* Pages of any reading request, packed together into one, in the arena; NULL
 * with k->last filled when it was refused. */
const Madoguchi__Page *kit_read(struct kit *k, Madoguchi__Request *request);

/* The entry, and what is shown of a number. */
const Madoguchi__EntryRow *kit_show(struct kit *k, uint64_t seq);
const Madoguchi__Page *kit_show_number(struct kit *k, const char *number);
/* Rows of `list` without a scope, or with one filter. */
const Madoguchi__Page *kit_list(struct kit *k, const char *where);
/* A field of an entry as it stands, or "". */
const char *kit_field(struct kit *k, uint64_t seq, const char *name);

/* A number of the daemon's status. */
unsigned long kit_status(struct kit *k, const char *name);
/* The first row of that name, in the arena; NULL when there is none. */
const char *kit_status_text(struct kit *k, const char *name);

/* Seq of the last entry. */
uint64_t kit_head(struct kit *k);

#endif
