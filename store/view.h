/* A view: the folds as one LMDB transaction sees them, and the journal behind.
 *
 * Both the writer (inside its group) and every query look through a view.
 * Values are unpacked into the arena given; entries are read from the journal
 * by their place and, where asked, with their live corrections. */
#ifndef MADOGUCHI_STORE_VIEW_H
#define MADOGUCHI_STORE_VIEW_H

#include "proto/catalogue.h"
#include "store/entry.pb-c.h"
#include "store/fold.pb-c.h"
#include "store/journal.h"
#include "store/table.h"

/* Catalogues by the seq of the entry that put them, kept unpacked. */
struct catalogues;
struct catalogues *catalogues_new(void);
void catalogues_free(struct catalogues *c);
/* Forgets those put after entry `after`: a group that had them was given up,
 * and another entry will get their seq. */
void catalogues_forget(struct catalogues *c, uint64_t after);
/* Gives back what view_catalogue() gave.  Any thread. */
void catalogues_give(struct catalogues *c, const struct catalogue *catalogue);

struct view {
    struct txn txn;
    struct journal *journal;
    struct catalogues *catalogues;
    uint64_t newest_catalogue; /* seq of the entry that put it; 0: to be looked up */
};

/* Forgets what the view remembers: its transaction was given up. */
void view_forget(struct view *v);

/* What the tables know of an entry. */
struct entry_state {
    struct journal_place place;
    uint8_t kind;       /* Journal__Entry__BodyCase */
    uint64_t voided_by; /* seq; 0 while it is live */
};

/* What a link says of the child. */
enum link_role {
    LINK_CASE = 1,       /* an act of the case opened by the parent */
    LINK_SESSION = 2,    /* an act that names the session opened by the parent */
    LINK_CORRECTION = 3, /* a correction of the parent */
    LINK_HELD = 4,       /* holding or cancelling of the session opened by the parent */
};

/* False when there is no such entry (or the transaction failed). */
bool view_entry_state(struct view *v, uint64_t seq, struct entry_state *state);

/* Makes an entry of a record's bytes, in the arena.  ERR_STATE: it was made by a
 * newer program. */
int view_unpack(struct arena *a, const uint8_t *data, size_t len, Journal__Entry **out,
                struct error *e) MUST_CHECK;

/* The entry as it was recorded. */
int view_entry(struct view *v, uint64_t seq, struct arena *a, Journal__Entry **out,
               struct error *e) MUST_CHECK;

/* The entry with its live corrections applied: per field the last one wins. */
int view_effective(struct view *v, uint64_t seq, struct arena *a, Journal__Entry **out,
                   struct error *e) MUST_CHECK;
/* The same as it was known when entry `known` was the last one. */
int view_effective_at(struct view *v, uint64_t seq, uint64_t known, struct arena *a,
                      Journal__Entry **out, struct error *e) MUST_CHECK;

/* The entry's body as a message, for going over its fields; NULL for kinds
 * that cannot be corrected. */
ProtobufCMessage *entry_body(Journal__Entry *entry);

/* The word of an entry's kind: log, tally, ... , session, figure, void. */
const char *entry_kind_word(const Journal__Entry *entry);

/* The case or session opened by entry `seq`; NULL when there is none. */
Fold__Case *view_case(struct view *v, uint64_t seq, struct arena *a);
Fold__Session *view_session(struct view *v, uint64_t seq, struct arena *a);

/* Children of a parent in the order of their seqs, at most `max` into out[];
 * roles in role[].  Returns how many there are, which may be more than max. */
struct link {
    uint64_t child;
    uint8_t role;
};
/* Calls each() per link until it returns non-zero; that is returned. */
int view_links(struct view *v, uint64_t parent, int (*each)(void *ctx, const struct link *link),
               void *ctx);

/* Numbers of cases and sessions: M-2024-000123. */
#define NUMBER_MAX 24
bool number_parse(ProtobufCBinaryData text, char *prefix, uint32_t *year, uint32_t *n);
void number_format(char prefix, uint32_t year, uint32_t n, char out[NUMBER_MAX]);
/* Opening seq behind a number; false when it does not exist. */
bool view_number(struct view *v, ProtobufCBinaryData text, uint64_t *seq);
/* The next free number of a prefix and year. */
uint32_t view_next_number(struct view *v, char prefix, uint32_t year);
void number_key(struct key *k, char prefix, uint32_t year, uint32_t n);

/* The catalogue in force at `seq` (UINT64_MAX: now).  Give it back with
 * view_catalogue_done().  NULL with e filled when there is none. */
const struct catalogue *view_catalogue(struct view *v, uint64_t seq, struct error *e) MUST_CHECK;
void view_catalogue_done(struct view *v, const struct catalogue *c);

/* The newest plan of that id put at or before `seq`; -1 ERR_NOT_FOUND. */
int view_plan(struct view *v, ProtobufCBinaryData id, uint64_t seq, struct arena *a,
              Document__Plan **out, uint64_t *put_seq, struct error *e) MUST_CHECK;

/* Version, seq and hash that the folds stand on. */
struct fold_head {
    uint32_t version;
    uint64_t seq;
    uint8_t hash[32];
};
bool view_fold_head(struct view *v, struct fold_head *out);

/* ERR_NOT_FOUND: there is no such entry, or none that the asker may see. */
int view_no_entry(uint64_t seq, struct error *e);

/* Out of memory for one request, as an error. */
int view_no_room(struct error *e);
#ifdef __clang_analyzer__
#define view_no_room(e) (view_no_room(e), -1)
#endif

#endif
