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
 * tables are committed. */
#define AHEAD_MAX 1024

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
static int people_ready(struct store *s, struct error *e) {
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
        rc = people_ready(s, e); /* while the group is flushed nobody may look for them */
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

static void forget_catalogue(struct store *s) {
    catalogues_give(s->catalogues, s->catalogue);
    s->catalogue = NULL;
}

void store_abort(struct store *s) {
    if (s->in_group) {
        s->in_group = false;
        if (s->broken || s->group_entries > 0) {
            follow_give_up(s->follow);
            ahead_forget(&s->ahead);
            forget_catalogue(s);
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

int store_group_add(struct store *s, Journal__Entry *entry, struct arena *a, struct error *e) {
    ProtobufCBinaryData bytes;
    SET(entry, format, STORE_ENTRY_FORMAT_OF(entry->body_case));
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

/* What the request asks for, without what may differ when it is asked again. */
static int request_hash(const Madoguchi__Request *request, struct arena *a, uint8_t hash[32],
                        struct error *e) {
    Madoguchi__Request plain = *request;
    Madoguchi__Act act;
    plain.has_serial = 0;
    plain.has_check = 0;
    if (plain.body_case == MADOGUCHI__REQUEST__BODY_ACT) {
        act = *plain.act;
        if (!act.has_count &&
            (act.kind == MADOGUCHI__ACT_KIND__TALLY || act.kind == MADOGUCHI__ACT_KIND__DECLINE)) {
            SET(&act, count, 1);
        }
        plain.act = &act;
    }
    ProtobufCBinaryData bytes;
    if (message_pack(&plain.base, a, &bytes, e) < 0) {
        return -1;
    }
    crypto_generichash(hash, 32, bytes.data, bytes.len, NULL, 0);
    return 0;
}

/* The identity of an imported row: its values without ids and terminals. */
static int row_identity(const Madoguchi__Request *request, struct arena *a, uint8_t identity[16],
                        struct error *e) {
    Madoguchi__Request values = MADOGUCHI__REQUEST__INIT;
    values.row = request->row;
    values.body_case = request->body_case;
    values.act = request->act; /* any member of the union */
    ProtobufCBinaryData bytes;
    if (message_pack(&values.base, a, &bytes, e) < 0) {
        return -1;
    }
    crypto_generichash(identity, 16, bytes.data, bytes.len, NULL, 0);
    return 0;
}

static int answer_again(struct view *v, uint64_t seq, struct arena *a, struct store_result *result,
                        struct error *e) {
    Journal__Entry *entry;
    if (view_entry(v, seq, a, &entry, e) < 0) {
        return -1;
    }
    *result = (struct store_result){.seq = seq, .known = true};
    if (entry->has_number) {
        result->number = arena_strndup(a, entry->number.data, entry->number.len);
    }
    result->n_warning = entry->n_warning;
    result->warning = (const Journal__Warning *const *)entry->warning;
    return 0;
}

/* 1 when the request was recorded before, 0 when not, -1 refused. */
static int find_request(struct recording *r, const struct store_actor *actor,
                        struct store_result *result, struct error *e) {
    const Madoguchi__Request *request = r->request;
    struct arena *a = r->arena;
    struct key k;
    uint64_t seq;
    uint8_t hash[32];
    if (ahead_is_new(r->ahead, request->id)) {
        return 0;
    }
    fold_request_key(&k, actor->id, strlen(actor->id), request->id);
    if (!txn_get_u64(&record_view(r)->txn, TABLE_REQUESTS, &k, &seq)) {
        return 0;
    }
    Journal__Entry *entry;
    if (view_entry(r->view, seq, a, &entry, e) < 0 || request_hash(request, a, hash, e) < 0) {
        return -1;
    }
    if (entry->request_hash.len != 32 || memcmp(entry->request_hash.data, hash, 32) != 0) {
        return error_set(
            e, ERR_CONFLICT, "id",
            "This request id was used before, for entry #%llu, which is something "
            "else. Use a new id for a new request.",
            "この要求番号は別の内容の記録 #%llu に使われています。新しい要求には新しい "
            "番号を使ってください。",
            (unsigned long long)seq);
    }
    return answer_again(r->view, seq, a, result, e) < 0 ? -1 : 1;
}

static uint32_t request_date(const Madoguchi__Request *request) {
    switch (request->body_case) {
    case MADOGUCHI__REQUEST__BODY_ACT:
        return fold_date(&request->act->base);
    case MADOGUCHI__REQUEST__BODY_SESSION:
        return fold_date(&request->session->base);
    default:
        return 0;
    }
}

/* The catalogue in force.  It is held while it is the newest: entries that are folded
 * later need it, and must find it whatever others ask for meanwhile. */
static const struct catalogue *newest_catalogue(struct store *s, struct recording *r,
                                                struct error *e) {
    if (s->catalogue != NULL && s->catalogue_seq == s->ahead.catalogue) {
        return s->catalogue;
    }
    forget_catalogue(s);
    s->catalogue = view_catalogue(record_view(r), UINT64_MAX, e);
    if (s->catalogue != NULL) {
        s->ahead.catalogue = s->catalogue_seq = r->view->newest_catalogue;
    }
    return s->catalogue;
}

/* Out of reach: that there is something of this name is all that can be said. */
static int taken_ref(struct error *e) {
    return error_set(e, ERR_CONFLICT, "ref",
                     "This ref was imported before with other values. Give the row another ref or "
                     "source.%s",
                     "この ref は別の値で取込み済みです。ref か source を変えてください。%s", "");
}

static int known_ref(uint64_t seq, struct error *e) {
    return error_set(
        e, ERR_CONFLICT, "ref",
        "This ref was imported before with other values, as entry #%llu. Change "
        "it with a row of kind correct.",
        "この ref は別の値で取込み済みです (記録 #%llu)。変更は kind が correct の行で "
        "行ってください。",
        (unsigned long long)seq);
}

static bool opens(const Madoguchi__Request *request) {
    return (request->body_case == MADOGUCHI__REQUEST__BODY_ACT &&
            request->act->kind == MADOGUCHI__ACT_KIND__LOG) ||
           (request->body_case == MADOGUCHI__REQUEST__BODY_SESSION &&
            request->session->kind != MADOGUCHI__SESSION_KIND__CANCEL);
}

/* Refused as it would be if it were new, where that is a matter of rights. */
static int try_row(struct store *s, struct recording *r, struct error *e) {
    struct error refusal;
    r->entry = arena_alloc(r->arena, sizeof *r->entry);
    if (r->entry == NULL) {
        return view_no_room(e);
    }
    journal__entry__init(r->entry);
    r->catalogue = newest_catalogue(s, r, e);
    if (r->catalogue == NULL) {
        return -1;
    }
    if (record_make(r, &refusal) == 0 ||
        (refusal.code != ERR_FORBIDDEN && refusal.code != ERR_NOT_FOUND)) {
        return 0;
    }
    *e = refusal;
    return -1;
}

static int find_row(struct store *s, struct recording *r, const uint8_t identity[16],
                    struct store_result *result, struct error *e) {
    const Madoguchi__Request *request = r->request;
    struct key whole;
    struct key ref;
    uint64_t seq;
    Journal__Row row = JOURNAL__ROW__INIT;
    message_copy(&row.base, &request->row->base);
    SET(&row, identity, ((ProtobufCBinaryData){16, (uint8_t *)identity}));
    fold_identity_key(&whole, &row, request_date(request));
    bool has_ref = opens(request) && request->row->has_ref;
    if (has_ref) {
        fold_ref_key(&ref, request->row->source, request->row->ref);
    }
    uint64_t shown = follow_shown(s->follow);
    if (ahead_has_no_row(r->ahead, &s->tables, &whole, shown) &&
        (!has_ref || ahead_has_no_row(r->ahead, &s->tables, &ref, shown))) {
        return 0;
    }
    struct txn *x = &record_view(r)->txn;
    struct reacher reacher = record_reacher(r);
    if (txn_get_u64(x, TABLE_ROWS, &whole, &seq)) {
        /* Whoever may not see what came of it is answered as if the row were new: as a
         * new one it is out of their reach too, or it is known. */
        if (!reach_entry(&reacher, RIGHT_SHOW, seq) && try_row(s, r, e) < 0) {
            return -1;
        }
        return answer_again(r->view, seq, r->arena, result, e) < 0 ? -1 : 1;
    }
    if (!has_ref || !txn_get_u64(x, TABLE_ROWS, &ref, &seq)) {
        return 0;
    }
    return reach_opened(&reacher, RIGHT_SHOW, seq) ? known_ref(seq, e) : taken_ref(e);
}

static int fill_envelope(Journal__Entry *entry, const struct store_actor *actor,
                         const Madoguchi__Request *request, struct arena *a, struct error *e) {
    uint8_t *hash = arena_alloc(a, 32);
    if (hash == NULL || request_hash(request, a, hash, e) < 0) {
        return hash == NULL ? view_no_room(e) : -1;
    }
    SET(entry, actor, bytes_of(actor->id));
    if (actor->name != NULL) {
        SET(entry, actor_name, bytes_of(actor->name));
    }
    if (request->has_on_behalf) {
        SET(entry, on_behalf, request->on_behalf);
    }
    if (request->has_terminal) {
        SET(entry, terminal, request->terminal);
    }
    if (request->has_terminal_seq) {
        SET(entry, terminal_seq, request->terminal_seq);
    }
    if (request->has_visit) {
        SET(entry, visit, request->visit);
    }
    SET(entry, request_id, request->id);
    SET(entry, request_hash, ((ProtobufCBinaryData){32, hash}));
    return 0;
}

static int add_row(Journal__Entry *entry, const Madoguchi__Request *request,
                   const uint8_t identity[16], struct arena *a, struct error *e) {
    Journal__Row *row = arena_alloc(a, sizeof *row);
    if (row == NULL) {
        return view_no_room(e);
    }
    journal__row__init(row);
    message_copy(&row->base, &request->row->base);
    SET(row, identity, ((ProtobufCBinaryData){16, (uint8_t *)identity}));
    entry->row = row;
    return 0;
}

static int make_and_add(struct store *s, struct recording *r, const struct store_actor *actor,
                        const uint8_t *identity, struct store_result *result, struct error *e) {
    const Madoguchi__Request *request = r->request;
    /* It may be folded when the caller has gone on: it lives in the arena. */
    Journal__Entry *entry = arena_alloc(r->arena, sizeof *entry);
    if (entry == NULL) {
        return view_no_room(e);
    }
    journal__entry__init(entry);
    r->entry = entry;
    r->catalogue = newest_catalogue(s, r, e);
    if (r->catalogue == NULL) {
        return -1;
    }
    int rc = record_make(r, e);
    if (rc == 0 && request->row != NULL) {
        rc = add_row(entry, request, identity, r->arena, e);
    }
    if (rc < 0) {
        return -1;
    }
    *result = (struct store_result){.n_warning = entry->n_warning};
    result->warning = (const Journal__Warning *const *)entry->warning;
    if (request->has_check && request->check) {
        return 0;
    }
    if (fill_envelope(entry, actor, request, r->arena, e) < 0 ||
        store_group_add(s, entry, r->arena, e) < 0) {
        return -1;
    }
    result->seq = entry->seq;
    if (entry->has_number) {
        result->number = arena_strndup(r->arena, entry->number.data, entry->number.len);
    }
    return 0;
}

static int find_or_make(struct store *s, struct recording *r, const struct store_actor *actor,
                        struct store_result *result, struct error *e) {
    uint8_t *identity = arena_alloc(r->arena, 16);
    if (identity == NULL) {
        return view_no_room(e);
    }
    int known = find_request(r, actor, result, e);
    if (known == 0 && reach_right(r->person, rights_of(r->request), e) < 0) {
        return -1;
    }
    if (known == 0 && r->request->row != NULL) {
        if (row_identity(r->request, r->arena, identity, e) < 0) {
            return -1;
        }
        known = find_row(s, r, identity, result, e);
    }
    if (known != 0) {
        return known < 0 ? -1 : 0;
    }
    return make_and_add(s, r, actor, identity, result, e);
}

/* Whose rights the request has, by everything recorded so far. */
static int who_records(struct store *s, struct recording *r, const struct store_actor *actor,
                       struct error *e) {
    if (!actor->account) {
        return 0;
    }
    if (s->people.stale && people_load(&s->people, record_view(r), e) < 0) {
        return -1;
    }
    r->person = people_find(&s->people, actor->id, strlen(actor->id));
    return r->person != NULL && person_is_live(r->person, r->today)
               ? 0
               : error_set(e, ERR_FORBIDDEN, "account",
                           "The account %s is not in use any more. Ask an administrator.",
                           "アカウント %s は使えなくなっています。管理者に相談してください。",
                           actor->id);
}

int store_record(struct store *s, const struct store_actor *actor,
                 const Madoguchi__Request *request, struct arena *a, struct store_result *result,
                 struct error *e) {
    struct recording r = {.follow = s->follow,
                          .ahead = &s->ahead,
                          .request = request,
                          .municipality = s->municipality,
                          .people = &s->people,
                          .closed_last = s->closed_last,
                          .arena = a,
                          .today = calendar_today((int64_t)s->now)};
    int rc = who_records(s, &r, actor, e);
    if (rc == 0) {
        rc = find_or_make(s, &r, actor, result, e);
    }
    if (r.view != NULL && r.view->txn.failed != 0) {
        /* What could not be read is not what is not there: neither a refusal nor
         * an answer may stand on it. */
        s->broken = true;
        return txn_error(&r.view->txn, e);
    }
    return rc;
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

/* ---- people ------------------------------------------------------------------------------ */

const struct person *store_person(struct store *s, const struct store_claim *claim,
                                  uint32_t today) {
    const struct person *p = NULL;
    struct error ignored;
    if (people_ready(s, &ignored) < 0) {
        return NULL;
    }
    if (claim->name != NULL) {
        p = people_find(&s->people, claim->name, strlen(claim->name));
    } else if (claim->certificate != NULL) {
        p = people_of_certificate(&s->people, claim->certificate);
    } else if (claim->has_uid) {
        p = people_of_uid(&s->people, claim->uid);
    }
    return p != NULL && person_is_live(p, today) ? p : NULL;
}

bool store_has_account(struct store *s, const char *name) {
    struct error ignored;
    return people_ready(s, &ignored) == 0 && people_find(&s->people, name, strlen(name)) != NULL;
}

uint64_t store_people_version(const struct store *s) {
    return s->people.version + s->people.stale;
}

int store_may(const struct person *p, enum right right, struct error *e) {
    return reach_right(p, right, e);
}

/* ---- notices ------------------------------------------------------------------------------ */

const char *notice_word(uint32_t kind) {
    static const char *const words[NOTICE_KINDS] = {
        [NOTICE_LOGIN] = "login",
        [NOTICE_LOGIN_FAILED] = "login-failed",
        [NOTICE_LOGOUT] = "logout",
        [NOTICE_PASSWORD] = "password",
        [NOTICE_PASSWORD_RESET] = "password-reset",
        [NOTICE_REFUSED] = "refused",
        [NOTICE_EXPORT] = "export",
        [NOTICE_BACKUP] = "backup",
        [NOTICE_CERTIFICATE_REFUSED] = "certificate-refused",
    };
    return kind < NOTICE_KINDS && words[kind] != NULL ? words[kind] : "";
}

int store_note(struct store *s, const struct store_actor *actor, const Journal__Notice *notice,
               struct arena *a, struct store_result *result, struct error *e) {
    Journal__Entry *entry = arena_alloc(a, sizeof *entry);
    if (entry == NULL) {
        return view_no_room(e);
    }
    journal__entry__init(entry);
    SET(entry, actor, bytes_of(actor->id));
    if (actor->name != NULL) {
        SET(entry, actor_name, bytes_of(actor->name));
    }
    entry->body_case = JOURNAL__ENTRY__BODY_NOTICE;
    entry->notice = (Journal__Notice *)notice;
    if (store_group_add(s, entry, a, e) < 0) {
        return -1;
    }
    *result = (struct store_result){.seq = entry->seq};
    return 0;
}

void store_wait(struct store *s) {
    follow_wait(s->follow);
}

uint64_t store_done_with(struct store *s) {
    return follow_done(s->follow);
}
