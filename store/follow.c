#include "store/follow.h"

#include "store/internal.h"
#include "store/thread.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

/* A group, what may be ahead of it, and settlings. */
#define ITEMS 8192

/* So many entries are handed over at once, and fewer than FEW at the end of a group
 * are not worth waking another thread. */
#define BATCH 32
#define FEW   5

enum what { ENTRY, OPEN, SETTLE, GIVE_UP };

struct item {
    enum what what;
    Journal__Entry *entry;
    struct journal_place place;
};

struct follow {
    struct follow_setting setting;

    /* Of whoever folds: the thread while done < sent, else the owner.  But only the
     * thread, if there is one, begins and ends transactions: LMDB's writer lock
     * belongs to the thread that took it. */
    struct fold fold;
    uint64_t folded;        /* the last entry in the open transaction */
    _Atomic uint64_t shown; /* the last one committed */
    bool open;
    struct journal_head head; /* to settle */
    bool failed;              /* a settling, and this is why */
    struct error error;

    atomic_bool large, behind;
    _Atomic uint64_t over; /* seq of the last entry that was looked at */

    /* The owner's: entries [sent, end) are not handed over yet. */
    struct item items[ITEMS];
    size_t end;
    size_t entries; /* behind the last entry */
    size_t settles; /* behind the last settling */

    atomic_size_t sent, done;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t work, reached;
    atomic_bool asleep;
    bool stop;
    atomic_size_t awaited; /* the owner waits until so much is done; 0: it does not */
};

/* ---- what is done with the tables ------------------------------------------------------ */

static int begin(struct follow *f, struct error *e) {
    if (f->open) {
        return 0;
    }
    f->open = txn_begin(&f->fold.view.txn, f->setting.tables, true, e) == 0;
    if (!f->open) {
        f->fold.view.txn.failed = MDB_BAD_TXN;
        return -1;
    }
    return 0;
}

/* What is in the open transaction goes; the journal has what was recorded of it. */
static void lose(struct follow *f) {
    fold_drop(&f->fold);
    txn_abort(&f->fold.view.txn);
    f->fold.view.txn.failed = MDB_BAD_TXN;
    f->open = false;
    f->folded = f->shown;
    atomic_store(&f->behind, true);
}

static int fold_one(struct follow *f, Journal__Entry *entry, struct journal_place place,
                    struct error *e) {
    if (atomic_load(&f->behind)) {
        return error_set(e, ERR_BUSY, "", "The tables are behind the journal. Try again.",
                         "集計表が記録に追いついていません。もう一度お試しください。");
    }
    if (begin(f, e) < 0 || fold_apply(&f->fold, entry, place, e) < 0) {
        return -1;
    }
    f->folded = entry->seq;
    if (fold_is_large(&f->fold)) {
        atomic_store(&f->large, true);
    }
    return 0;
}

/* What the tables lack is folded from the journal. */
static int fold_again(struct follow *f, struct error *e) {
    lose(f);
    if (catchup(&f->fold, f->setting.tables, f->head.seq, "folding", NULL, NULL, e) < 0) {
        f->fold.view.txn.failed = MDB_BAD_TXN; /* whatever it failed of */
        return -1;
    }
    return 0;
}

static int commit(struct follow *f, struct error *e) {
    if (fold_finish(&f->fold, f->head.seq, f->head.hash, e) == 0 &&
        txn_commit(&f->fold.view.txn, e) == 0) {
        f->open = false;
        return 0;
    }
    if (f->fold.view.txn.failed == MDB_TXN_FULL) {
        return fold_again(f, e); /* in as many transactions as it takes */
    }
    lose(f);
    return -1;
}

static void show(struct follow *f) {
    f->shown = f->folded = f->head.seq;
    f->failed = false; /* if the one before did, this has made it good */
    atomic_store(&f->behind, false);
    atomic_store(&f->large, false);
    pthread_mutex_lock(f->setting.lock);
    *f->setting.shown_to = f->shown;
    pthread_mutex_unlock(f->setting.lock);
}

static void settle(struct follow *f) {
    struct error e;
    bool whole = f->open && f->folded == f->head.seq && !atomic_load(&f->behind);
    int rc = 0;
    if (f->shown == f->head.seq) {
        lose(f); /* nothing is in it, and who copies the tables waits */
    } else {
        rc = whole ? commit(f, &e) : fold_again(f, &e);
    }
    if (rc < 0) {
        f->failed = true;
        f->error = e;
        return;
    }
    show(f);
}

static void perform(struct follow *f, const struct item *item) {
    struct error ignored; /* the journal has it all: settle() folds it from there */
    switch (item->what) {
    case ENTRY:
        if (fold_one(f, item->entry, item->place, &ignored) < 0) {
            lose(f);
        }
        atomic_store(&f->over, item->entry->seq);
        break;
    case OPEN:
        (void)!begin(f, &ignored);
        break;
    case SETTLE:
        settle(f);
        break;
    case GIVE_UP:
        lose(f);
        atomic_store(&f->over, 0); /* others will get the numbers of what was staged */
        break;
    }
}

/* ---- the thread --------------------------------------------------------------------------- */

/* False when there is nothing more to do ever. */
static bool sleep_until_sent(struct follow *f, size_t done) {
    pthread_mutex_lock(&f->lock);
    atomic_store(&f->asleep, true);
    while (atomic_load(&f->sent) == done && !f->stop) {
        pthread_cond_wait(&f->work, &f->lock);
    }
    atomic_store(&f->asleep, false);
    bool more = atomic_load(&f->sent) != done;
    pthread_mutex_unlock(&f->lock);
    return more;
}

static void *run(void *arg) {
    struct follow *f = arg;
    size_t done = 0;
    for (;;) {
        if (done == atomic_load(&f->sent) && !sleep_until_sent(f, done)) {
            return NULL;
        }
        perform(f, &f->items[done % ITEMS]);
        atomic_store(&f->done, ++done);
        size_t awaited = atomic_load(&f->awaited);
        if (awaited != 0 && done >= awaited) {
            pthread_mutex_lock(&f->lock);
            pthread_cond_signal(&f->reached);
            pthread_mutex_unlock(&f->lock);
        }
    }
}

static void send(struct follow *f) {
    if (atomic_load_explicit(&f->sent, memory_order_relaxed) == f->end) {
        return;
    }
    atomic_store(&f->sent, f->end);
    if (atomic_load(&f->asleep)) {
        pthread_mutex_lock(&f->lock);
        pthread_cond_signal(&f->work);
        pthread_mutex_unlock(&f->lock);
    }
}

static void wait_until(struct follow *f, size_t done) {
    if (atomic_load(&f->done) >= done) {
        return;
    }
    pthread_mutex_lock(&f->lock);
    atomic_store(&f->awaited, done);
    while (atomic_load(&f->done) < done) {
        pthread_cond_wait(&f->reached, &f->lock);
    }
    atomic_store(&f->awaited, 0);
    pthread_mutex_unlock(&f->lock);
}

static bool idle(const struct follow *f) {
    return atomic_load(&f->done) == atomic_load_explicit(&f->sent, memory_order_relaxed);
}

static void add(struct follow *f, struct item item) {
    if (f->end - atomic_load(&f->done) == ITEMS) {
        send(f);
        wait_until(f, f->end - ITEMS / 2);
    }
    f->items[f->end++ % ITEMS] = item;
}

/* Has it done and waits. */
static void command(struct follow *f, enum what what) {
    struct item item = {.what = what};
    if (!f->setting.beside) {
        perform(f, &item);
        return;
    }
    add(f, item);
    send(f);
    wait_until(f, f->end);
}

/* The few that were not worth the other thread. */
static void fold_rest(struct follow *f) {
    size_t sent = atomic_load_explicit(&f->sent, memory_order_relaxed);
    if (sent == f->end) {
        return;
    }
    if (!idle(f) || !f->open) {
        send(f);
        return;
    }
    for (size_t i = sent; i < f->end; i++) {
        struct item *item = &f->items[i % ITEMS];
        struct error ignored; /* as in perform() */
        if (!atomic_load(&f->behind) && fold_one(f, item->entry, item->place, &ignored) < 0) {
            f->fold.view.txn.failed = MDB_BAD_TXN; /* the thread will end it */
            atomic_store(&f->behind, true);
        }
    }
    f->entries = f->end = sent;
}

/* Nothing is under way after it, not even a settling. */
static void finish_all(struct follow *f) {
    fold_rest(f);
    wait_until(f, f->end);
}

/* ---- the owner's side --------------------------------------------------------------------- */

struct follow *follow_new(const struct follow_setting *setting, struct error *e) {
    struct follow *f = calloc(1, sizeof *f);
    if (f == NULL) {
        view_no_room(e);
        return NULL;
    }
    f->setting = *setting;
    f->fold.view.journal = setting->journal;
    f->fold.view.catalogues = setting->catalogues;
    f->fold.view.txn.failed = MDB_BAD_TXN;
    pthread_mutex_init(&f->lock, NULL);
    pthread_cond_init(&f->work, NULL);
    pthread_cond_init(&f->reached, NULL);
    if (fold_init(&f->fold, e) < 0) {
        f->setting.beside = false;
        follow_free(f);
        return NULL;
    }
    if (f->setting.beside && thread_start(&f->thread, run, f) != 0) {
        f->setting.beside = false;
        follow_free(f);
        error_set(e, ERR_INTERNAL, "", "The threads cannot start.", "スレッドを始められません。");
        return NULL;
    }
    return f;
}

void follow_free(struct follow *f) {
    if (f == NULL) {
        return;
    }
    finish_all(f);
    if (f->open) {
        command(f, GIVE_UP);
    }
    if (f->setting.beside) {
        pthread_mutex_lock(&f->lock);
        f->stop = true;
        pthread_cond_signal(&f->work);
        pthread_mutex_unlock(&f->lock);
        pthread_join(f->thread, NULL);
    }
    pthread_cond_destroy(&f->reached);
    pthread_cond_destroy(&f->work);
    pthread_mutex_destroy(&f->lock);
    fold_done(&f->fold);
    free(f);
}

int follow_catch_up(struct follow *f, uint64_t upto,
                    void (*progress)(void *ctx, const char *what, uint64_t done, uint64_t total),
                    void *ctx, struct error *e) {
    if (catchup(&f->fold, f->setting.tables, upto, "folding", progress, ctx, e) < 0) {
        return -1;
    }
    f->head.seq = upto;
    show(f);
    return 0;
}

void follow_wait(struct follow *f) {
    fold_rest(f);
    wait_until(f, f->entries);
}

void follow_wait_within(struct follow *f, size_t n) {
    size_t done = atomic_load(&f->done);
    if (f->entries > done && f->entries - done > n) {
        send(f);
        wait_until(f, f->entries - n);
    }
}

uint64_t follow_done(struct follow *f) {
    return atomic_load(&f->done) >= f->entries ? UINT64_MAX : atomic_load(&f->over);
}

struct view *follow_view(struct follow *f) {
    finish_all(f);
    if (!f->open && !atomic_load(&f->behind)) {
        command(f, OPEN);
    }
    return &f->fold.view;
}

int follow_now(struct follow *f, Journal__Entry *entry, struct journal_place place,
               struct error *e) {
    struct view *v = follow_view(f);
    return v->txn.failed != 0 ? txn_error(&v->txn, e) : fold_one(f, entry, place, e);
}

int follow_later(struct follow *f, Journal__Entry *entry, struct journal_place place,
                 struct error *e) {
    if (!f->setting.beside) {
        return follow_now(f, entry, place, e);
    }
    add(f, (struct item){.what = ENTRY, .entry = entry, .place = place});
    f->entries = f->end;
    if (f->end - atomic_load_explicit(&f->sent, memory_order_relaxed) >= BATCH) {
        send(f);
    }
    return 0;
}

void follow_go(struct follow *f) {
    if (f->end - atomic_load_explicit(&f->sent, memory_order_relaxed) >= FEW) {
        send(f);
    }
}

int follow_failed(struct follow *f, struct error *e) {
    if (f->settles > atomic_load(&f->done) || !f->failed) {
        return 0;
    }
    f->failed = false;
    *e = f->error;
    return -1;
}

int follow_settle(struct follow *f, const struct journal_head *head, struct error *e) {
    finish_all(f);
    f->head = *head;
    command(f, SETTLE);
    return follow_failed(f, e);
}

int follow_settle_later(struct follow *f, const struct journal_head *head, struct error *e) {
    if (!f->setting.beside) {
        return follow_settle(f, head, e);
    }
    if (f->settles > atomic_load(&f->done)) {
        return 0; /* one is under way, and the next will come */
    }
    fold_rest(f);
    f->head = *head;
    add(f, (struct item){.what = SETTLE});
    f->settles = f->end;
    send(f);
    return 0;
}

int follow_try(struct follow *f, const struct journal_head *head, struct error *e) {
    follow_view(f);
    return fold_finish(&f->fold, head->seq, head->hash, e);
}

void follow_give_up(struct follow *f) {
    finish_all(f);
    command(f, GIVE_UP);
}

bool follow_is_large(struct follow *f) {
    return atomic_load(&f->large);
}

uint64_t follow_shown(struct follow *f) {
    return atomic_load(&f->shown);
}

bool follow_is_behind(struct follow *f) {
    return atomic_load(&f->behind);
}

bool follow_is_open(struct follow *f) {
    finish_all(f);
    return f->open;
}
