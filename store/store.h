/* The store: one municipality's journal and what is folded from it.
 *
 * Writing.  One thread owns the store and writes in groups:
 *
 *     store_begin, store_record for each waiting request, store_commit, answer
 *
 * store_record() validates one request against everything recorded so far, the
 * group's earlier requests included, makes its entry and has it folded (store/follow.h:
 * at once, or beside the owner); a refusal leaves the group as it was.  store_commit() writes the
 * journal and flushes it once: what it returned 0 for is on disk.
 *
 * Reading.  Any thread asks store_read(); each call is one LMDB read
 * transaction that stands on one journal position and lives only as long as
 * the call.  What it is sure to see was recorded before the last store_settle().
 *
 * No function here knows of sockets.  Durations are in milliseconds, times in
 * ms since 1970-01-01 UTC unless said otherwise. */
#ifndef MADOGUCHI_STORE_STORE_H
#define MADOGUCHI_STORE_STORE_H

#include "proto/catalogue.h"
#include "proto/message.h"
#include "store/entry.pb-c.h"
#include "store/person.h"

struct store;

/* ---- founding and opening ------------------------------------------------ */

struct store_founding {
    const char *municipality; /* 全国地方公共団体コード: six digits, checked */
    const char *name;         /* of the municipality, UTF-8 */
    const void *catalogue;    /* packed Document__Catalogue */
    size_t catalogue_len;
    const char *actor; /* who founds it: "uid:0" */
    const char *actor_name;
    uint64_t now;          /* ms */
    bool force_filesystem; /* as in store_options */
};

/* Makes a new store at `path`, which must not exist: built beside its place,
 * flushed, renamed.  ERR_STATE when it exists, ERR_INVALID on a bad code or
 * name, ERR_INTERNAL with the system's words otherwise. */
int store_create(const char *path, const struct store_founding *founding,
                 struct error *e) MUST_CHECK;

struct store_options {
    bool force_filesystem;     /* allow NFS, CIFS, 9p and FUSE */
    uint64_t map_bytes;        /* LMDB address space; 0: 64 GiB */
    uint64_t free_floor_bytes; /* below this much free disk entries are refused; 0: 64 MiB */
    size_t segment_bytes;      /* of new journal segments; 0: 16 MiB */
    /* Before this program takes over a store of an older one it copies the journal
     * (store/upgrade.h): not, if no_upgrade_copy; to the last backup only where it
     * lies in one of these directories (none: anywhere), else beside the store. */
    bool no_upgrade_copy;
    /* Entries whose fold nobody has to wait for are folded by a thread of its own. */
    bool fold_beside;
    const char *const *backup_directories;
    size_t n_backup_directories;
    /* Told during recovery and refolding, at most every 200 ms: entries done
     * of entries to do.  May be NULL. */
    void (*progress)(void *ctx, const char *what, uint64_t done, uint64_t total);
    void *progress_ctx;
    /* One line a person should know: a torn tail cut, a refold and why, a
     * filesystem warning.  May be NULL. */
    void (*notice)(void *ctx, const char *line);
    void *notice_ctx;
};

/* Opens the store for writing, takes its lock (ERR_STATE when another process
 * has it), recovers the journal and brings the folds up to its head.
 * ERR_DOES_NOT_HOLD: the journal is damaged; the sentence names the segment
 * and record and says how to restore.  ERR_STATE: used by a newer program. */
int store_open(const char *path, const struct store_options *options, struct store **out,
               struct error *e) MUST_CHECK;

/* Closes.  With `clean` the folds are flushed and the mark of a clean stop is
 * written, so that the next start need not recover. */
void store_close(struct store *s, bool clean);

const char *store_municipality(const struct store *s); /* six digits */
const char *store_name(const struct store *s);
const uint8_t *store_id(const struct store *s); /* 16 bytes */
const char *store_path(const struct store *s);

/* ---- writing: the owning thread only --------------------------------------- */

struct store_actor {
    const char *id;   /* an account, or "uid:1000": request ids belong to it */
    const char *name; /* or NULL */
    bool account;     /* the id is an account, whose rights decide; otherwise the caller does */
};

/* By what somebody says who they are: a name that was proved, the SHA-256 of a
 * certificate, or a Unix user. */
struct store_claim {
    const char *name;           /* or NULL */
    const uint8_t *certificate; /* or NULL */
    bool has_uid;
    uint32_t uid;
};

/* The account behind a claim; NULL when there is none that may be used on the day
 * (date).  Valid until the next change of the people. */
const struct person *store_person(struct store *s, const struct store_claim *claim, uint32_t today);

/* An account that may be used on the day and has every role, as the founder's does;
 * NULL when there is none.  Valid as long. */
const struct person *store_person_with_all(struct store *s, uint32_t today);

/* Whether there is such an account, in use or not. */
bool store_has_account(struct store *s, const char *name);

/* Whether the account has the right at all; ERR_FORBIDDEN says which roles have it.
 * How far it reaches is looked at where something is recorded or read. */
int store_may(const struct person *p, enum right right, struct error *e) MUST_CHECK;

/* What a notice is about (Journal__Notice.kind), for ever: numbers are not used again. */
enum notice_kind {
    NOTICE_LOGIN = 1,
    NOTICE_LOGIN_FAILED, /* a name, password or token that was not right; summed */
    NOTICE_LOGOUT,
    NOTICE_PASSWORD,       /* one's own was changed */
    NOTICE_PASSWORD_RESET, /* another's was replaced */
    NOTICE_REFUSED,        /* requests; summed by source, actor, kind and minute */
    NOTICE_EXPORT,         /* many rows of cases were handed out */
    NOTICE_BACKUP,
    NOTICE_CERTIFICATE_REFUSED,
    NOTICE_KINDS,
};
const char *notice_word(uint32_t kind); /* "login"; "" for another number */

/* Whether it is known who has an account; false when that cannot be read now: then
 * store_person() finds nobody, which says nothing about them. */
bool store_people_known(struct store *s);

/* Another number after every change of the people. */
uint64_t store_people_version(const struct store *s);

struct store_result {
    uint64_t seq;
    const char *number; /* of the case or session opened, or NULL; in the arena */
    bool known;         /* the same request was recorded before */
    size_t n_warning;
    const Journal__Warning *const *warning; /* in the arena */
};

enum store_outcome {
    STORE_DONE = 0,
    STORE_REFUSED = -1, /* nothing of the group is recorded; e says why; reading goes on */
    STORE_FATAL = -2,   /* outcome unknown: answer nothing, log, exit */
};

/* Begins a group.  STORE_REFUSED: ERR_FULL when disk or map are at their
 * floor, before anything is written. */
enum store_outcome store_begin(struct store *s, uint64_t now, struct error *e) MUST_CHECK;

/* Validates one request (already through check_request()) and adds it to the
 * group.  With request->check nothing is added, the result says what would be.
 * Results and the entry's texts live in `arena`.  It, and all that the request
 * points to, must live until store_commit() or store_abort() returns; where the
 * steps of a commit are taken one by one, until store_done_with() says so.
 * -1: refused, the group is as it was (any code of error.h).
 * If the group itself broke (a table could not be written) store_broken()
 * says so and every request of it must be refused with store_abort(). */
int store_record(struct store *s, const struct store_actor *actor,
                 const Madoguchi__Request *request, struct arena *arena,
                 struct store_result *result, struct error *e) MUST_CHECK;
bool store_broken(const struct store *s);

/* Adds what happened at the daemon, inside a group like store_record(); the notice
 * lives as long as a request does. */
int store_note(struct store *s, const struct store_actor *actor, const Journal__Notice *notice,
               struct arena *arena, struct store_result *result, struct error *e) MUST_CHECK;

/* How many entries the open group holds, and their bytes.  A caller ends a
 * group at STORE_GROUP_MAX entries or STORE_GROUP_BYTES. */
#define STORE_GROUP_MAX   1024
#define STORE_GROUP_BYTES (8u << 20)
size_t store_group_entries(const struct store *s);
size_t store_group_bytes(const struct store *s);

/* Flushes the journal: the group is recorded. */
enum store_outcome store_commit(struct store *s, struct error *e) MUST_CHECK;

/* store_commit() in three steps, so that a slow disk does not hold the owner:
 * store_seal() ends the group (a group without entries is given up:
 * store_group_entries() is 0 then; STORE_FATAL as of store_publish()), store_flush() writes and
 * flushes the journal and may run in another thread, store_publish() takes note of it. STORE_FATAL
 * from the last: the group is recorded, but the tables cannot be made to show it.  Between seal and
 * publish the owner may ask for store_status() and anybody for store_read(); nothing else. */
enum store_outcome store_seal(struct store *s, struct error *e) MUST_CHECK;
enum store_outcome store_flush(struct store *s, struct error *e) MUST_CHECK;
enum store_outcome store_publish(struct store *s, struct error *e) MUST_CHECK;

/* What was given to store_record() for entries up to this seq is needed no longer;
 * UINT64_MAX: nothing is.  store_wait() waits for that. */
uint64_t store_done_with(struct store *s);
void store_wait(struct store *s);

/* Watches the flushes of the calling thread, whatever they are for: *since says,
 * for other threads, when the one under way began (ms of CLOCK_MONOTONIC), 0
 * when there is none.  It must outlive the thread's flushes; NULL ends it. */
void store_watch_flushes(_Atomic int64_t *since);

/* How long the last flush took, in microseconds. */
uint64_t store_flush_us(const struct store *s);
void store_abort(struct store *s);

/* Makes everything recorded visible to store_read(): one commit of the tables.
 * store_publish() does so by itself when a second has passed since the last one or
 * much waits; call it before handing a question to store_read(), and when
 * the loop is idle.  Does nothing inside a group.  -1: the tables cannot be
 * written or committed; nothing recorded is lost, but readers would not see it. */
int store_settle(struct store *s, struct error *e) MUST_CHECK;

/* ---- reading: any thread ---------------------------------------------------- */

/* Takes one page of an answer; the page and all in it is the caller's only
 * during the call.  Non-zero stops the reading. */
typedef int (*store_page_fn)(void *ctx, const Madoguchi__Page *page);

/* Answers a reading request (show, list, stats, indicators, prove, restatements, documents,
 * accounts, audit) page by page; every page packs to less than FRAME_MAX - 256 bytes.
 * *position is the journal position all of it stands on.  `now` decides what
 * "this fiscal year" and "today" mean where the request does not say.  `reader` is
 * a copy (person_copy) of who asks and bounds what is seen; NULL sees everything. */
int store_read(struct store *s, const struct person *reader, const Madoguchi__Request *request,
               uint64_t now, store_page_fn page, void *ctx, uint64_t *position,
               struct error *e) MUST_CHECK;

/* Works out a plan's figures of a fiscal year as they are now, one for each indicator,
 * for a request that publishes them: fills the position and the figures of *out, in the
 * arena.  Any thread, like store_read().  `stopped` (or NULL) is asked before each.
 * ERR_NOT_FOUND: no such plan; ERR_BUSY: it was stopped. */
int store_evaluate(struct store *s, ProtobufCBinaryData plan, uint32_t year, uint64_t now,
                   bool (*stopped)(void *ctx), void *ctx, struct arena *a,
                   Madoguchi__Publication *out, struct error *e) MUST_CHECK;

/* Of the map: above this entries are refused, reading goes on. */
#define STORE_MAP_FULL_PERCENT 90

struct store_status {
    uint64_t head; /* seq of the last recorded entry */
    uint8_t head_hash[32];
    uint64_t applied;     /* seq the folds stand on */
    uint64_t recorded_at; /* of the head, ms */
    uint32_t fold_version;
    uint64_t segments;
    uint64_t journal_bytes; /* on disk */
    uint64_t map_bytes, map_used;
    uint64_t free_bytes;       /* of the store's file system, for this account */
    uint64_t disk_bytes;       /* of it, free and used; 0: it cannot be asked */
    uint64_t free_floor_bytes; /* below so much free entries are refused */
    uint64_t groups, entries;  /* since the start */
    uint64_t last_flush_us;
    unsigned readers, readers_max;
    bool full;                             /* entries are refused: disk or map at their floor */
    uint64_t last_backup, last_backup_seq; /* ms and its last entry; 0: none is known of */
};
void store_status(struct store *s, struct store_status *out);

/* Version of the library that keeps the tables (LMDB): "0.9.24". */
#define STORE_VERSION_TEXT 32
void store_tables_version(char out[STORE_VERSION_TEXT]);

/* ---- proof ----------------------------------------------------------------- */

/* Takes the lines of a proof as they come. */
typedef void (*store_line_fn)(void *ctx, const char *name, const char *value);

/* An entry and the chain's hash at it, as somebody noted them outside of the store: in
 * the system's log, on paper.  Whoever changes or cuts off what came up to it cannot
 * change that. */
struct store_noted {
    uint64_t seq;
    uint8_t hash[32];
};

/* "SEQ:HASH", 64 hexadecimal digits; false when it is not. */
bool store_noted_parse(const char *text, struct store_noted *out);

/* Proves the store at `path` from its files: chain, every record's checksum, a
 * refold into an empty LMDB in a temporary folder and a comparison of every
 * table.  Changes nothing.  ERR_DOES_NOT_HOLD names the segment and record, or
 * the table and key.  `locked`: the caller is the daemon that owns the store
 * (LMDB is read from a copy); otherwise the store's lock is taken, ERR_STATE
 * when a daemon runs.  `noted` (NULL: nothing) must be in the chain.
 * store_verify_online() waits until the owning thread has no group under way: it
 * must be called by another one. */
int store_verify(const char *path, bool force_filesystem, const struct store_noted *noted,
                 store_line_fn line, void *ctx, struct error *e) MUST_CHECK;
int store_verify_online(struct store *s, const struct store_noted *noted, store_line_fn line,
                        void *ctx, struct error *e) MUST_CHECK;

/* ---- copies ---------------------------------------------------------------- */

/* Whoever asks for a backup: takes its lines, may want it to end early, and says
 * where it may go. */
struct store_backup_watch {
    store_line_fn line;         /* or NULL */
    bool (*stopped)(void *ctx); /* or NULL */
    void *ctx;
    const char *const *within; /* directories, absolute: in or below one of them */
    size_t n_within;           /* 0: anywhere */
};

/* Copies the journal up to the head at the time of the call to `directory`,
 * while entries go on being recorded; any thread.  The first time it is made or
 * must be empty; then only what is new is copied (store/manifest.h has the
 * files).  Every record and the chain are checked on the way.  An interrupted
 * backup leaves the one before as it was.
 * ERR_BUSY: another is under way, or *stopped.  ERR_INVALID: inside the store.
 * ERR_FORBIDDEN: not where `within` allows (store/place.h).
 * ERR_STATE: neither empty nor a backup.  ERR_CONFLICT: the backup of another
 * store or history, or ahead of this one.  ERR_FULL: found beforehand.
 * ERR_DOES_NOT_HOLD: the journal is damaged; the record is named. */
int store_backup(struct store *s, const char *directory, uint64_t now,
                 const struct store_backup_watch *watch, struct error *e) MUST_CHECK;

/* Makes a store at `path`, which must not exist, from the backup in
 * `directory`, up to the entry `to` (0: all), and folds it: it is ready to be
 * served.  Every file's hash, every record and the chain are checked.
 * ERR_DOES_NOT_HOLD names file and record; ERR_STATE: something is at `path`. */
int store_restore(const char *directory, const char *path, uint64_t to,
                  const struct store_options *options, store_line_fn line, void *ctx,
                  struct error *e) MUST_CHECK;

/* Writes the journal of a store that nobody uses to a descriptor, in a form that
 * depends on no machine (madoguchi-journal(5)). */
int store_export(const char *path, const struct store_options *options, int fd, store_line_fn line,
                 void *ctx, struct error *e) MUST_CHECK;

/* Makes a store at `path`, which must not exist, from such a stream.
 * ERR_DOES_NOT_HOLD names the entry. */
int store_import(const char *path, int fd, const struct store_options *options, store_line_fn line,
                 void *ctx, struct error *e) MUST_CHECK;

struct store_doctor {
    const char *backup; /* directory, or NULL: the one used last */
    bool repair;
    bool force_filesystem;
    uint64_t now; /* ms; names what is put aside */
};

/* Says what of the journal is damaged and which backup has it; with `repair`
 * makes the journal whole from that backup, proves it and swaps, the damaged
 * one kept aside.  0: nothing is damaged, or it was repaired.
 * ERR_DOES_NOT_HOLD: damaged; the sentence says what can be done. */
int store_doctor(const char *path, const struct store_doctor *doctor, store_line_fn line, void *ctx,
                 struct error *e) MUST_CHECK;

#endif
