#include "store/internal.h"
#include "store/known.h"

#include "proto/calendar.h"
#include "proto/check.h"

#include <sodium.h>
#include <string.h>
#include <sys/statvfs.h>
#include <time.h>

/* With less room than this in the map, or on the disk above its floor, every
 * group is tried in the tables before it is flushed and committed by itself: what
 * does not fit is refused. */
#define TIGHT_BYTES (1u << 30)

/* So many entries may wait to be folded when a group begins: as many as come while the
 * tables are committed, which is 30 ms of 30,000 changes.  What they need of a transaction
 * that is large already fits too (CHANGES_MAX, TOUCHED_MAX). */
#define AHEAD_MAX 4096

bool store_broken(const struct store *s) {
    return s->broken;
}

size_t store_group_entries(const struct store *s) {
    return s->group_entries;
}

size_t store_group_bytes(const struct store *s) {
    /* A group lies in one segment: when it might not take another entry, the
     * group is full and the next one begins a new segment. */
    return journal_room(s->journal) < JOURNAL_RECORD_MAX ? STORE_GROUP_BYTES : s->group_bytes;
}

static uint64_t microseconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000u + (uint64_t)t.tv_nsec / 1000u;
}

static int room_for_tables(struct store *s, struct error *e) {
    MDB_envinfo info;
    MDB_stat stat;
    struct statvfs vfs;
    mdb_env_info(s->tables.env, &info);
    mdb_env_stat(s->tables.env, &stat);
    uint64_t used = ((uint64_t)info.me_last_pgno + 1) * stat.ms_psize;
    if (used > info.me_mapsize / 100 * STORE_MAP_FULL_PERCENT) {
        return error_set(
            e, ERR_FULL, "",
            "The map of the store is full to %d %%: nothing was recorded. Restart "
            "the daemon with a larger map_bytes.",
            "保存領域の割当てが %d %% に達しました。何も記録していません。map_bytes を "
            "大きくしてサーバーを起動し直してください。",
            STORE_MAP_FULL_PERCENT);
    }
    s->tight = info.me_mapsize - used < TIGHT_BYTES;
    if (fstatvfs(s->dirfd, &vfs) != 0) {
        return 0;
    }
    uint64_t available = (uint64_t)vfs.f_bavail * vfs.f_frsize;
    s->tight = s->tight || available < s->options.free_floor_bytes + TIGHT_BYTES;
    if (available < s->options.free_floor_bytes) {
        return error_set(
            e, ERR_FULL, "",
            "The disk of the store has less than %llu MiB free: nothing was "
            "recorded. Free space on it; reading goes on.",
            "保存先ディスクの空きが %llu MiB を下回りました。何も記録していません。空きを "
            "作ってください (照会は続けられます)。",
            (unsigned long long)(s->options.free_floor_bytes >> 20));
    }
    return 0;
}

/* ---- what readers see ---------------------------------------------------------------- */

/* The transaction of the tables stays open from group to group: what is recorded
 * stands in it, and one commit, which writes every page that was touched, serves
 * many groups.  It comes at the latest after this long, when this much waits, and
 * before anybody reads (store_settle). */
#define SETTLE_MS    1000
#define SETTLE_BYTES STORE_GROUP_BYTES

/* Nothing recorded is lost by it, which the words of LMDB do not say. */
static int not_shown(struct error *e) {
    return e->code == ERR_FULL
               ? error_set(
                     e, ERR_FULL, "",
                     "The tables have no room for what was recorded. All of it is in the "
                     "journal. Free space on the disk, or give more map_bytes, and start "
                     "the daemon again.%s",
                     "集計表に空きがありません。記録はすべてジャーナルにあります。ディスクの"
                     "空きを作るか map_bytes を大きくして、サーバーを起動し直してください。%s",
                     "")
               : error_set(
                     e, ERR_INTERNAL, "",
                     "The tables cannot be written. All that was recorded is in the "
                     "journal; the next start makes the tables from it.%s",
                     "集計表に書き込めません。記録はすべてジャーナルにあり、次の起動で集計表を"
                     "作り直します。%s",
                     "");
}

static void note_settled(struct store *s) {
    s->settled_at = s->now;
    s->settled_bytes = 0;
    ahead_let_go(&s->ahead);
}

int store_settle(struct store *s, struct error *e) {
    if (s->in_group) {
        return 0;
    }
    if (follow_settle(s->follow, journal_head(s->journal), e) < 0) {
        return not_shown(e);
    }
    note_settled(s);
    return 0;
}

static bool settle_due(const struct store *s) {
    return s->tight || atomic_load(&s->copying) > 0 || s->now < s->settled_at ||
           s->now >= s->settled_at + SETTLE_MS || /* or set back */
           s->settled_bytes >= SETTLE_BYTES || follow_is_large(s->follow);
}

/* Also while nothing is recorded: who copies the tables waits, and what was
 * recorded before wants to be seen. */
static enum store_outcome settle_if_due(struct store *s, struct error *e) {
    if (follow_failed(s->follow, e) < 0) {
        not_shown(e);
        return STORE_FATAL;
    }
    if (!settle_due(s)) {
        return STORE_DONE;
    }
    if (s->tight || atomic_load(&s->copying) > 0) {
        return store_settle(s, e) < 0 ? STORE_FATAL : STORE_DONE;
    }
    if (follow_settle_later(s->follow, journal_head(s->journal), e) < 0) {
        not_shown(e);
        return STORE_FATAL;
    }
    note_settled(s);
    return STORE_DONE;
}

/* After a group was given up the tables lack what was recorded since their last commit:
 * it is folded again before anybody is looked for in them. */
int store_people_ready(struct store *s, struct error *e) {
    if (!s->people.stale) {
        return 0;
    }
    if (follow_is_behind(s->follow) && store_settle(s, e) < 0) {
        return -1;
    }
    return people_load(&s->people, follow_view(s->follow), e);
}

enum store_outcome store_begin(struct store *s, uint64_t now, struct error *e) {
    s->now = now;
    s->broken = false;
    s->group_entries = 0;
    s->group_bytes = 0;
    int rc = room_for_tables(s, e);
    if (rc == 0) {
        rc = journal_reserve(s->journal, JOURNAL_RECORD_MAX, e);
    }
    follow_wait_within(s->follow, AHEAD_MAX);
    if (rc == 0 && follow_is_behind(s->follow)) {
        rc = store_settle(s, e);
    }
    if (rc == 0) {
        rc = store_people_ready(s, e); /* while the group is flushed nobody may look for them */
    }
    pthread_mutex_lock(&s->status_lock);
    s->status.full = rc < 0;
    pthread_mutex_unlock(&s->status_lock);
    if (rc < 0) {
        return journal_dead(s->journal) ? STORE_FATAL : STORE_REFUSED;
    }
    s->in_group = true;
    return STORE_DONE;
}

void store_forget_catalogue(struct store *s) {
    catalogues_give(s->catalogues, s->catalogue);
    s->catalogue = NULL;
}

void store_abort(struct store *s) {
    if (s->in_group) {
        s->in_group = false;
        if (s->broken || s->group_entries > 0) {
            follow_give_up(s->follow);
            ahead_forget(&s->ahead);
            store_forget_catalogue(s);
            s->people.stale = true;
        }
        journal_unstage(s->journal);
        s->recorded_at = s->status.recorded_at; /* a clock that was wrong leaves nothing */
        catalogues_forget(s->catalogues, journal_head(s->journal)->seq);
    }
}

/* ---- one entry --------------------------------------------------------------------- */

/* Whether folding it asks for nothing that was recorded before, and changes nothing
 * that a later request asks for other than by its id (struct ahead) or through
 * follow_view(): its fold cannot be refused, and may come later. */
static bool stands_alone(const Journal__Entry *entry) {
    const Journal__Act *act = entry->body_case == JOURNAL__ENTRY__BODY_ACT ? entry->act : NULL;
    return act != NULL && !act->has_session && !act->has_with_case &&
           (act->kind == MADOGUCHI__ACT_KIND__LOG || act->kind == MADOGUCHI__ACT_KIND__TALLY ||
            act->kind == MADOGUCHI__ACT_KIND__DECLINE);
}

static void note_account(struct store *s, Journal__Entry *entry) {
    Fold__Account account = FOLD__ACCOUNT__INIT;
    struct error ignored;
    account.account = entry->account;
    SET(&account, seq, entry->seq);
    if (people_set(&s->people, &account, &ignored) < 0) {
        return; /* they are stale: read again when they are asked for */
    }
}

static bool has_readings(const Journal__Document *document) {
    struct catalogue *c;
    struct error ignored;
    if (catalogue_open(document->data.data, document->data.len, &c, &ignored) < 0) {
        return false;
    }
    bool has = catalogue_has_readings(c);
    catalogue_free(c);
    return has;
}

static uint32_t format_of(const Journal__Entry *entry) {
    if (entry->body_case == JOURNAL__ENTRY__BODY_CATALOGUE && has_readings(entry->catalogue)) {
        return STORE_ENTRY_READINGS;
    }
    return entry->body_case >= JOURNAL__ENTRY__BODY_ACCOUNT ? STORE_ENTRY_ACCOUNTS
                                                            : STORE_ENTRY_FIRST;
}

int store_group_add(struct store *s, Journal__Entry *entry, struct arena *a, struct error *e) {
    ProtobufCBinaryData bytes;
    SET(entry, format, format_of(entry));
    SET(entry, seq, journal_staged_head(s->journal)->seq + 1);
    SET(entry, recorded_at, s->now > s->recorded_at ? s->now : s->recorded_at);
    if (message_pack(&entry->base, a, &bytes, e) < 0) {
        return -1;
    }
    if (bytes.len > JOURNAL_ENTRY_MAX) {
        return error_set(e, ERR_TOO_MUCH, "", "One entry is at most 1 MiB.",
                         "1 件の記録は 1 MiB までです。");
    }
    struct iovec iov = {bytes.data, bytes.len};
    struct journal_place place;
    if (journal_stage(s->journal, &iov, 1, &place, NULL, e) < 0) {
        return -1;
    }
    /* Little room: that there is enough must be known before the flush. */
    bool later = stands_alone(entry) && !s->tight;
    if ((later ? follow_later(s->follow, entry, place, e)
               : follow_now(s->follow, entry, place, e)) < 0) {
        /* The journal's group and the tables disagree now: all of it must go. */
        s->broken = true;
        return -1;
    }
    ahead_note(&s->ahead, entry);
    if (entry->body_case == JOURNAL__ENTRY__BODY_ACCOUNT) {
        note_account(s, entry);
    } else if (entry->body_case == JOURNAL__ENTRY__BODY_CLOSING &&
               entry->closing->month > s->closed_last) {
        s->closed_last = entry->closing->month;
    }
    s->recorded_at = entry->recorded_at;
    s->group_entries++;
    s->group_bytes += bytes.len;
    return 0;
}

/* ---- the end of a group ------------------------------------------------------------------ */

enum store_outcome store_seal(struct store *s, struct error *e) {
    if (s->broken) {
        store_abort(s);
        return error_set(e, ERR_INTERNAL, "", "The group could not be recorded. Try again.",
                         "記録できませんでした。もう一度お試しください。");
    }
    if (s->group_entries == 0) {
        store_abort(s);
        return settle_if_due(s, e);
    }
    const struct journal_head *head = journal_staged_head(s->journal);
    if (s->tight && follow_try(s->follow, head, e) < 0) {
        store_abort(s);
        s->group_entries = 0;
        return STORE_REFUSED;
    }
    follow_go(s->follow);
    return STORE_DONE;
}

enum store_outcome store_flush(struct store *s, struct error *e) {
    uint64_t start = microseconds();
    if (journal_flush(s->journal, e) < 0) {
        return STORE_FATAL;
    }
    s->flush_us = microseconds() - start;
    return STORE_DONE;
}

uint64_t store_flush_us(const struct store *s) {
    return s->flush_us;
}

enum store_outcome store_publish(struct store *s, struct error *e) {
    const struct journal_head *head = journal_head(s->journal);
    s->in_group = false;
    s->settled_bytes += s->group_bytes;
    known_note(s->notefd, head->seq);
    pthread_mutex_lock(&s->status_lock);
    s->status.groups++;
    s->status.entries += s->group_entries;
    s->status.last_flush_us = s->flush_us;
    s->status.recorded_at = s->recorded_at;
    s->status.head = head->seq;
    memcpy(s->status.head_hash, head->hash, 32);
    pthread_mutex_unlock(&s->status_lock);
    return settle_if_due(s, e);
}

enum store_outcome store_commit(struct store *s, struct error *e) {
    enum store_outcome outcome = store_seal(s, e);
    if (outcome != STORE_DONE || s->group_entries == 0) {
        return outcome;
    }
    outcome = store_flush(s, e);
    if (outcome == STORE_DONE) {
        outcome = store_publish(s, e);
    }
    follow_wait(s->follow);
    return outcome;
}

void store_wait(struct store *s) {
    follow_wait(s->follow);
}

uint64_t store_done_with(struct store *s) {
    return follow_done(s->follow);
}
