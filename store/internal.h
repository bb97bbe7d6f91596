/* What the files of the store share; nobody else includes this. */
#ifndef MADOGUCHI_STORE_INTERNAL_H
#define MADOGUCHI_STORE_INTERNAL_H

#include "store/ahead.h"
#include "store/follow.h"
#include "store/people.h"
#include "store/reach.h"
#include "store/store.h"

#include <pthread.h>
#include <stdatomic.h>

#define STORE_FORMAT 1

/* What an entry says of itself: the first version that knew its kind and what stands in
 * it (group.c). */
#define STORE_ENTRY_FIRST    1
#define STORE_ENTRY_ACCOUNTS 2 /* accounts, and the kinds after them */
#define STORE_ENTRY_READINGS 3 /* a catalogue with readings */
/* The newest of them. */
#define STORE_ENTRY_FORMAT STORE_ENTRY_READINGS

struct store {
    char *path;
    int dirfd;
    int lockfd;
    int notefd; /* store/known.h; -1: none */
    struct store_options options;
    struct tables tables;
    struct journal *journal;
    struct catalogues *catalogues;
    struct follow *follow; /* the tables */
    struct ahead ahead;
    struct people people;
    uint32_t closed_last;              /* the last month that is closed, YYYYMM; 0: none */
    const struct catalogue *catalogue; /* the newest, kept; NULL: to be looked up */
    uint64_t catalogue_seq;
    uint64_t settled_at;  /* when the tables were settled last, ms */
    size_t settled_bytes; /* of entries since */
    bool in_group;
    bool tight;           /* little room in the map or on the disk */
    bool broken;          /* a table could not be written in this group */
    uint64_t now;         /* of the group, ms */
    uint64_t recorded_at; /* of the last entry */
    size_t group_entries, group_bytes;
    uint64_t flush_us; /* of the last flush */

    char municipality[8];
    char *name;
    uint8_t id[16];

    atomic_bool backing_up;
    atomic_uint copying; /* who waits until no transaction is open, to copy the tables */

    /* For store_status(), which any thread may call. */
    pthread_mutex_t status_lock;
    struct store_status status;
};

/* ---- open.c ---------------------------------------------------------------------- */

/* Opens without the founding entry being there (store_create's second half). */
int store_open_bare(const char *path, const struct store_options *options, struct store **out,
                    struct error *e) MUST_CHECK;

/* Writes a small file of the store and flushes it and the directory. */
int store_write_file(int dirfd, const char *name, const void *data, size_t len,
                     struct error *e) MUST_CHECK;

/* Whether the directory is a store of a format that this program knows; ERR_STATE. */
int store_check_format(int dirfd, const char *path, struct error *e) MUST_CHECK;

/* Opens the file `lock` with these flags and locks it; ERR_STATE while another
 * process has it.  The caller closes *lockfd (-1: it could not be opened). */
int store_take_lock(int dirfd, const char *path, int flags, int *lockfd,
                    struct error *e) MUST_CHECK;

/* The mark of a clean stop; false when there is none. */
bool store_read_mark(int dirfd, struct journal_mark *mark);

/* Whether the machine has run on since the store was opened last. */
bool store_same_boot(int dirfd);

/* ---- catchup.c ------------------------------------------------------------------- */

typedef void (*catchup_progress)(void *ctx, const char *what, uint64_t done, uint64_t total);

/* Folds every entry after the folds' head up to `upto`, a commit
 * for as much as fits one (fold_is_large).  May be killed at any point and begun again. */
int catchup(struct fold *f, const struct tables *tables, uint64_t upto, const char *what,
            catchup_progress progress, void *ctx, struct error *e) MUST_CHECK;

/* Where the folds of an environment stand; seq 0 when they are empty. */
int catchup_head(const struct tables *tables, struct fold_head *head, struct error *e) MUST_CHECK;

/* ---- group.c --------------------------------------------------------------------- */

/* Packs, stages and folds an entry whose body and request fields are set; fills
 * seq, format and recorded_at. */
int store_group_add(struct store *s, Journal__Entry *entry, struct arena *a,
                    struct error *e) MUST_CHECK;

/* The people as everything staged has them. */
int store_people_ready(struct store *s, struct error *e) MUST_CHECK;

/* The catalogue that is kept is to be looked up again. */
void store_forget_catalogue(struct store *s);

/* ---- filesystem.c ------------------------------------------------------------------ */

/* Refuses file systems that cannot keep a store unless forced; fills *warning
 * (static text) for those that work with less safety. */
int filesystem_check(const char *path, bool force, const char **warning,
                     struct error *e) MUST_CHECK;
/* The same for the magic number of a file system (statfs(2)). */
int filesystem_judge(const char *path, uint32_t magic, bool force, const char **warning,
                     struct error *e) MUST_CHECK;

/* ---- record.c ---------------------------------------------------------------------- */

struct recording {
    struct follow *follow;
    struct ahead *ahead;
    struct view *view; /* NULL until it is looked into */
    const struct catalogue *catalogue;
    const Madoguchi__Request *request;
    const char *municipality;
    const struct people *people;
    const struct person *person; /* who records; NULL: the program itself */
    uint32_t closed_last;        /* of struct store */
    struct arena *arena;
    uint32_t today;
    Journal__Entry *entry; /* out: body, row, number, warnings */
};

/* What is recorded.  Asking for it waits until all of it is folded. */
struct view *record_view(struct recording *r);

/* Validates the request against everything recorded and makes the entry's body
 * (everything but the envelope). */
int record_make(struct recording *r, struct error *e) MUST_CHECK;

/* Adds a warning to the entry; same arguments for both. */
void record_warn(struct recording *r, const char *en, const char *ja, ...)
    __attribute__((format(printf, 2, 4), format(printf, 3, 4)));

/* ---- record_document.c ---------------------------------------------------------------- */
int record_put(struct recording *r, struct error *e) MUST_CHECK;

/* ---- record_session.c ------------------------------------------------------------------ */
int record_session(struct recording *r, struct error *e) MUST_CHECK;

/* ---- record_people.c ------------------------------------------------------------------ */
int record_account(struct recording *r, struct error *e) MUST_CHECK;
int record_closing(struct recording *r, struct error *e) MUST_CHECK;
/* Warns where the month of this date is closed for the service. */
void record_warn_late(struct recording *r, uint32_t date, ProtobufCBinaryData service);

/* ---- record_publication.c -------------------------------------------------------------- */
int record_publication(struct recording *r, struct error *e) MUST_CHECK;

/* ---- record_change.c ------------------------------------------------------------------- */
int record_correction(struct recording *r, struct error *e) MUST_CHECK;
int record_voiding(struct recording *r, struct error *e) MUST_CHECK;

/* Of record.c, for these. */
/* What is asked about rights with. */
struct reacher record_reacher(struct recording *r);
int record_check_codes(struct recording *r, const ProtobufCMessage *body,
                       ProtobufCBinaryData service, uint32_t date, struct error *e) MUST_CHECK;
int record_check_date(struct recording *r, const char *field, uint32_t date,
                      struct error *e) MUST_CHECK;
/* Gives the entry the next number of a prefix and year. */
int record_open_number(struct recording *r, char prefix, uint32_t date, struct error *e) MUST_CHECK;
/* The date of a planned session, which may lie ahead. */
int record_check_planned(struct recording *r, uint32_t date, struct error *e) MUST_CHECK;
/* Opening seq and state of a live case; ERR_NOT_FOUND, ERR_STATE. */
int record_live_case(struct recording *r, const char *field, ProtobufCBinaryData number,
                     uint64_t *seq, Fold__Case **out, struct error *e) MUST_CHECK;
int record_live_session(struct recording *r, const char *field, ProtobufCBinaryData number,
                        uint64_t *seq, Fold__Session **out, struct error *e) MUST_CHECK;
/* What a row's source has opened under `ref`; false when nothing. */
/* False also when what the ref opened is out of reach. */
bool record_ref(struct recording *r, ProtobufCBinaryData ref, enum right right, uint64_t *seq);
/* Whether live acts other than `except` name the session opened by seq. */
bool record_session_named(struct recording *r, uint64_t opening, struct error *e);

#endif
