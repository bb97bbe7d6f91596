/* The tables follow the journal: every entry that the owner stages is folded into
 * one open transaction, which serves many groups before it is committed.
 *
 * An entry is folded at once (follow_now), because what comes next may ask for what
 * it changed; or later (follow_later), where nothing in its fold can be refused and
 * the owner need not know the outcome: by the follower's own thread, beside the
 * owner, who goes on to validate, flush and answer.  Without that thread `later` is
 * at once too.
 *
 * All functions are for the owning thread.  What the tables could not take is not
 * lost: the journal has it, and follow_settle() folds it from there. */
#ifndef MADOGUCHI_STORE_FOLLOW_H
#define MADOGUCHI_STORE_FOLLOW_H

#include "store/fold.h"

#include <pthread.h>

struct follow;

/* Tables, journal and catalogues are the caller's and must outlive it.  The tables
 * stand on `shown`.  `beside`: with a thread.  *shown_to, under `lock`, is kept at
 * the seq that readers are sure to see. */
struct follow_setting {
    const struct tables *tables;
    struct journal *journal;
    struct catalogues *catalogues;
    bool beside;
    pthread_mutex_t *lock;
    uint64_t *shown_to;
};

/* NULL with e filled: no memory or no thread. */
struct follow *follow_new(const struct follow_setting *setting, struct error *e) MUST_CHECK;
/* Waits for what is under way; what is not committed is given up. */
void follow_free(struct follow *f);

/* Folds the journal up to `upto`, a commit for as much as fits one.  Only before
 * anything else. */
int follow_catch_up(struct follow *f, uint64_t upto,
                    void (*progress)(void *ctx, const char *what, uint64_t done, uint64_t total),
                    void *ctx, struct error *e) MUST_CHECK;

/* Folds an entry that was staged at `place`.  -1: the tables could not be changed;
 * the group must be given up. */
int follow_now(struct follow *f, Journal__Entry *entry, struct journal_place place,
               struct error *e) MUST_CHECK;
/* The same, some time before follow_wait() returns: until follow_done() says so the
 * entry and all in it must live.  -1 only where there is no thread. */
int follow_later(struct follow *f, Journal__Entry *entry, struct journal_place place,
                 struct error *e) MUST_CHECK;

/* The owner has nothing more to stage for now. */
void follow_go(struct follow *f);

/* Returns when all entries are folded; when all but `n` are. */
void follow_wait(struct follow *f);
void follow_wait_within(struct follow *f, size_t n);

/* Entries up to this seq are folded; UINT64_MAX: all. */
uint64_t follow_done(struct follow *f);

/* The tables with every entry staged so far, to look into until the next entry is
 * staged.  When they cannot be had, its transaction has failed and nothing is found
 * in it. */
struct view *follow_view(struct follow *f);

/* Makes everything up to `head`, the journal's flushed end, visible to readers: one
 * commit, and no transaction is open after it.  -1: it cannot be; nothing recorded
 * is lost by it. */
int follow_settle(struct follow *f, const struct journal_head *head, struct error *e) MUST_CHECK;
/* The same beside the owner, if there is a thread; a failure is the next
 * follow_settle()'s or follow_failed()'s. */
int follow_settle_later(struct follow *f, const struct journal_head *head,
                        struct error *e) MUST_CHECK;
/* -1 when a settling failed that nobody has heard of. */
int follow_failed(struct follow *f, struct error *e) MUST_CHECK;

/* Tries whether the tables take everything staged, up to `head`, without showing
 * it.  -1: the group must be given up. */
int follow_try(struct follow *f, const struct journal_head *head, struct error *e) MUST_CHECK;

/* The entries staged since the journal's flushed end are no more. */
void follow_give_up(struct follow *f);

/* Whether it is time to settle: so many pages may have been touched. */
bool follow_is_large(struct follow *f);

/* Seq of the last entry that readers are sure to see. */
uint64_t follow_shown(struct follow *f);

/* Whether the tables lack entries that only follow_settle() can give them. */
bool follow_is_behind(struct follow *f);

/* Whether a transaction is open. */
bool follow_is_open(struct follow *f);

#endif
