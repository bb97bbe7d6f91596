#include "store/fold.h"

#include "store/people.h"
#include "store/refold.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

/* What one entry may need: the largest is a document of 1 MiB. */
#define FOLD_ARENA    (64u << 20)
#define SCRATCH_ARENA (16u << 20)

int fold_init(struct fold *f, struct error *e) {
    f->cells = cells_new();
    arena_init(&f->arena, FOLD_ARENA);
    arena_init(&f->scratch, SCRATCH_ARENA);
    return f->cells == NULL ? view_no_room(e) : 0;
}

void fold_done(struct fold *f) {
    cells_free(f->cells);
    arena_free(&f->arena);
    arena_free(&f->scratch);
    f->cells = NULL;
}

/* Each change may touch a page of its own, and so may each cell when they are
 * applied.  With the pages that are not counted (table.c), and what some five thousand
 * entries bring that wait when it is large (group.c: two changes and six cells each, as
 * nearly all of them do), all stay within the 131,071 that LMDB keeps for one
 * transaction.  Where they do not, the journal is folded again in several (follow.c). */
#define CHANGES_MAX 30000
#define TOUCHED_MAX 90000

bool fold_is_large(const struct fold *f) {
    size_t changes = f->view.txn.changes;
    return changes >= CHANGES_MAX || changes + cells_changes(f->cells) >= TOUCHED_MAX;
}

void fold_drop(struct fold *f) {
    cells_drop(f->cells);
    view_forget(&f->view);
}

/* ---- keys ---------------------------------------------------------------------- */

void fold_request_key(struct key *k, const char *actor, size_t actor_len,
                      ProtobufCBinaryData request_id) {
    key_start(k);
    key_text(k, (ProtobufCBinaryData){actor_len, (uint8_t *)actor});
    key_raw(k, request_id.data, request_id.len);
}

/* The last source hashed: a file has one, and each of its rows asks four times. */
static const uint8_t *source_hash(ProtobufCBinaryData source) {
    static _Thread_local struct {
        uint8_t source[200];
        size_t len;
        uint8_t hash[16];
    } last;
    if (source.len == 0 || source.len != last.len ||
        memcmp(source.data, last.source, source.len) != 0) {
        crypto_generichash(last.hash, sizeof last.hash, source.data, source.len, NULL, 0);
        last.len = source.len <= sizeof last.source ? source.len : 0;
        if (last.len > 0) {
            memcpy(last.source, source.data, last.len);
        }
    }
    return last.hash;
}

/* Rows of one file follow each other by ref or date: so do their keys, and a
 * group's puts fall on few pages. */
static void source_key(struct key *k, char table, ProtobufCBinaryData source,
                       ProtobufCBinaryData ref) {
    key_start(k);
    key_u8(k, (uint8_t)table);
    key_raw(k, source_hash(source), 16);
    key_text(k, ref);
}

void fold_identity_key(struct key *k, const Journal__Row *row, uint32_t date) {
    source_key(k, 'i', row->source, row->has_ref ? row->ref : (ProtobufCBinaryData){0});
    key_u32(k, date);
    key_raw(k, row->identity.data, row->identity.len);
}

void fold_ref_key(struct key *k, ProtobufCBinaryData source, ProtobufCBinaryData ref) {
    source_key(k, 'r', source, ref);
}

uint32_t fold_date(const ProtobufCMessage *body) {
    if (body != NULL && body->descriptor == &journal__act__descriptor) {
        const Journal__Act *act = (const Journal__Act *)body; /* most of all entries */
        return act->has_date ? act->date : 0;
    }
    const ProtobufCFieldDescriptor *f =
        body == NULL ? NULL : message_field(body->descriptor, "date");
    if (f == NULL || !message_has(body, f)) {
        return 0;
    }
    return *(const uint32_t *)((const char *)body + f->offset);
}

void fold_figure_key(struct key *k, ProtobufCBinaryData series, ProtobufCBinaryData period) {
    key_start(k);
    key_text(k, series);
    key_text(k, period);
}

void fold_publication_key(struct key *k, ProtobufCBinaryData plan, uint32_t year) {
    key_start(k);
    key_text(k, plan);
    key_u32(k, year);
}

/* ---- what every entry leaves ------------------------------------------------------ */

static bool opens(const Journal__Entry *entry) {
    return entry->has_number;
}

static void put_entry(struct fold *f, Journal__Entry *entry, struct journal_place place) {
    struct txn *x = &f->view.txn;
    struct key k = key_of_u64(entry->seq);
    uint8_t value[21] = {0};
    put_u64(value, place.segment);
    put_u32(value + 8, place.offset);
    value[12] = (uint8_t)entry->body_case;
    txn_put_last(x, TABLE_ENTRIES, &k, value, sizeof value);
    if (entry->has_request_id) {
        fold_request_key(&k, (const char *)entry->actor.data, entry->actor.len, entry->request_id);
        txn_put_u64(x, TABLE_REQUESTS, &k, entry->seq);
    }
    if (entry->row != NULL) {
        fold_identity_key(&k, entry->row, fold_date(entry_body(entry)));
        txn_put_u64(x, TABLE_ROWS, &k, entry->seq);
        if (opens(entry) && entry->row->has_ref) {
            fold_ref_key(&k, entry->row->source, entry->row->ref);
            txn_put_u64(x, TABLE_ROWS, &k, entry->seq);
        }
    }
}

static void put_number(struct fold *f, const Journal__Entry *entry) {
    char prefix;
    uint32_t year;
    uint32_t n;
    struct key k;
    if (!number_parse(entry->number, &prefix, &year, &n)) {
        f->view.txn.failed = MDB_CORRUPTED;
        return;
    }
    number_key(&k, prefix, year, n);
    txn_put_u64(&f->view.txn, TABLE_NUMBERS, &k, entry->seq);
}

static void put_link(struct fold *f, uint64_t parent, uint64_t child, enum link_role role) {
    struct key k = key_of_u64_u64(parent, child);
    uint8_t value = (uint8_t)role;
    txn_put(&f->view.txn, TABLE_LINKS, &k, &value, 1);
}

static void link_number(struct fold *f, ProtobufCBinaryData number, uint64_t child,
                        enum link_role role) {
    uint64_t parent;
    if (view_number(&f->view, number, &parent)) {
        put_link(f, parent, child, role);
    }
}

void fold_link_act(struct fold *f, const Journal__Act *act, uint64_t seq) {
    if (act->has_session) {
        link_number(f, act->session, seq, LINK_SESSION);
    }
    if (act->has_with_case) {
        link_number(f, act->with_case, seq, LINK_CASE);
    }
}

uint64_t fold_owner(struct view *v, const Journal__Entry *entry) {
    uint64_t seq = 0;
    if (entry->body_case == JOURNAL__ENTRY__BODY_ACT) {
        if (entry->act->kind == MADOGUCHI__ACT_KIND__LOG) {
            return entry->seq;
        }
        if (entry->act->has_case_number && view_number(v, entry->act->case_number, &seq)) {
            return seq;
        }
    }
    if (entry->body_case == JOURNAL__ENTRY__BODY_SESSION) {
        if (opens(entry)) {
            return entry->seq;
        }
        if (entry->session->has_session && view_number(v, entry->session->session, &seq)) {
            return seq;
        }
    }
    return 0;
}

/* ---- people -------------------------------------------------------------------------- */

static void fold_account(struct fold *f, const Fold__Account *account) {
    struct key k;
    key_start(&k);
    key_raw(&k, account->account->name.data, account->account->name.len);
    txn_put_message(&f->view.txn, TABLE_ACCOUNTS, &k, &account->base, false);
}

static void fold_account_entry(struct fold *f, const Journal__Entry *entry) {
    Fold__Account account = FOLD__ACCOUNT__INIT;
    account.account = entry->account;
    SET(&account, seq, entry->seq);
    SET(&account, recorded_at, entry->recorded_at);
    SET(&account, actor, entry->actor);
    fold_account(f, &account);
}

static void fold_founding(struct fold *f, const Journal__Entry *entry) {
    Fold__Account account;
    if (people_founder(entry, &f->arena, &account)) {
        fold_account(f, &account);
    } else if (f->arena.exhausted) {
        f->view.txn.failed = ENOMEM; /* or the tables would lack him */
    }
}

static void fold_closing(struct fold *f, const Journal__Entry *entry) {
    struct key k;
    key_start(&k);
    key_u32(&k, entry->closing->month);
    key_text(&k, entry->closing->service);
    txn_put_u64(&f->view.txn, TABLE_CLOSINGS, &k, entry->seq);
}

static void fold_publication(struct fold *f, const Journal__Entry *entry) {
    struct key k;
    fold_publication_key(&k, entry->publication->plan, entry->publication->year);
    key_u64(&k, entry->seq);
    txn_put(&f->view.txn, TABLE_PUBLICATIONS, &k, "", 0);
}

/* What changes what others recorded, what all go by, and who may do what. */
static bool is_audited(const Journal__Entry *entry) {
    switch (entry->body_case) {
    case JOURNAL__ENTRY__BODY_ACT:
    case JOURNAL__ENTRY__BODY_SESSION:
    case JOURNAL__ENTRY__BODY_FIGURE:
    case JOURNAL__ENTRY__BODY_COVERAGE:
        return false;
    default:
        return true;
    }
}

static void fold_audit(struct fold *f, const Journal__Entry *entry) {
    struct key k = key_of_u64(entry->seq);
    uint8_t kind = (uint8_t)entry->body_case;
    if (is_audited(entry)) {
        txn_put_last(&f->view.txn, TABLE_AUDIT, &k, &kind, 1);
    }
}

/* ---- by kind ------------------------------------------------------------------------ */

static int fold_act(struct fold *f, Journal__Entry *entry, struct error *e) {
    Journal__Act *act = entry->act;
    if (act->kind == MADOGUCHI__ACT_KIND__LOG) {
        put_number(f, entry);
        fold_link_act(f, act, entry->seq);
        if (refold_open(f, entry, e) < 0) {
            return -1;
        }
    } else {
        if (act->has_case_number) {
            link_number(f, act->case_number, entry->seq, LINK_CASE);
        }
        fold_link_act(f, act, entry->seq);
        if (act->has_case_number && refold_touch(f, act->case_number, act, e) < 0) {
            return -1;
        }
        if (act->has_with_case && refold_touch(f, act->with_case, act, e) < 0) {
            return -1;
        }
    }
    return refold_facts(f, entry, e);
}

static int fold_session(struct fold *f, Journal__Entry *entry, struct error *e) {
    uint64_t opening = entry->seq;
    if (opens(entry)) {
        put_number(f, entry);
    } else {
        opening = fold_owner(&f->view, entry);
        if (opening == 0) {
            f->view.txn.failed = MDB_CORRUPTED;
            return txn_error(&f->view.txn, e);
        }
        put_link(f, opening, entry->seq, LINK_HELD);
    }
    if (refold_session(f, opening, opening == entry->seq ? entry : NULL, e) < 0) {
        return -1;
    }
    if (!opens(entry)) {
        /* A planned session that is held may have got another place: what
         * names it goes with it. */
        return refold_session_entries(f, opening, e);
    }
    return refold_facts(f, entry, e);
}

static void fold_figure(struct fold *f, const Journal__Entry *entry, bool voided) {
    struct key k;
    Fold__Figure value = FOLD__FIGURE__INIT;
    value.figure = entry->figure;
    if (voided) {
        SET(&value, voided, 1);
    }
    fold_figure_key(&k, entry->figure->series, entry->figure->period);
    key_u64(&k, entry->seq);
    txn_put_message(&f->view.txn, TABLE_FIGURES, &k, &value.base, false);
}

static void fold_coverage(struct fold *f, const Journal__Entry *entry, bool voided) {
    struct key k = key_of_u64(entry->seq);
    Fold__Coverage value = FOLD__COVERAGE__INIT;
    value.coverage = entry->coverage;
    if (voided) {
        SET(&value, voided, 1);
    }
    txn_put_message(&f->view.txn, TABLE_COVERAGE, &k, &value.base, false);
}

static void fold_document(struct fold *f, const Journal__Entry *entry) {
    struct key k = key_of_u64(entry->seq);
    if (entry->body_case == JOURNAL__ENTRY__BODY_CATALOGUE) {
        txn_put(&f->view.txn, TABLE_CATALOGUE, &k, "", 0);
        f->view.newest_catalogue = entry->seq;
        return;
    }
    Document__Plan *plan = document__plan__unpack(arena_allocator(&f->arena), entry->plan->data.len,
                                                  entry->plan->data.data);
    if (plan == NULL) {
        f->view.txn.failed = MDB_CORRUPTED;
        return;
    }
    key_start(&k);
    key_text(&k, plan->id);
    key_u64(&k, entry->seq);
    txn_put(&f->view.txn, TABLE_PLANS, &k, "", 0);
}

void fold_mark_voided(struct fold *f, uint64_t seq, uint64_t by) {
    struct key k = key_of_u64(seq);
    MDB_val v;
    uint8_t value[21];
    if (!txn_get(&f->view.txn, TABLE_ENTRIES, &k, &v) || v.mv_size != sizeof value) {
        f->view.txn.failed = MDB_CORRUPTED;
        return;
    }
    memcpy(value, v.mv_data, sizeof value);
    put_u64(value + 13, by);
    txn_put(&f->view.txn, TABLE_ENTRIES, &k, value, sizeof value);
}

/* After a correction of `seq`, or the voiding of one: everything that follows
 * from the entry is worked out again. */
static int fold_again(struct fold *f, uint64_t seq, bool voided, struct error *e) {
    Journal__Entry *entry;
    if (view_effective(&f->view, seq, &f->arena, &entry, e) < 0) {
        return -1;
    }
    switch (entry->body_case) {
    case JOURNAL__ENTRY__BODY_ACT:
        fold_link_act(f, entry->act, seq);
        return refold_act(f, entry, e);
    case JOURNAL__ENTRY__BODY_SESSION:
        return refold_session_all(f, fold_owner(&f->view, entry), e);
    case JOURNAL__ENTRY__BODY_FIGURE:
        fold_figure(f, entry, voided);
        return 0;
    case JOURNAL__ENTRY__BODY_COVERAGE:
        fold_coverage(f, entry, voided);
        return 0;
    default:
        f->view.txn.failed = MDB_CORRUPTED;
        return txn_error(&f->view.txn, e);
    }
}

static int fold_voiding(struct fold *f, const Journal__Entry *entry, struct error *e) {
    const Journal__Voiding *voiding = entry->voiding;
    uint64_t seq = voiding->seq;
    if (voiding->has_number) {
        if (!view_number(&f->view, voiding->number, &seq)) {
            f->view.txn.failed = MDB_CORRUPTED;
            return txn_error(&f->view.txn, e);
        }
        return refold_void_all(f, seq, entry->seq, e);
    }
    struct entry_state state;
    if (!view_entry_state(&f->view, seq, &state)) {
        f->view.txn.failed = MDB_CORRUPTED;
        return txn_error(&f->view.txn, e);
    }
    fold_mark_voided(f, seq, entry->seq);
    if (state.kind == JOURNAL__ENTRY__BODY_CORRECTION) {
        Journal__Entry *correction;
        if (view_entry(&f->view, seq, &f->arena, &correction, e) < 0) {
            return -1;
        }
        /* What was voided stays so, whatever becomes of its corrections. */
        uint64_t original = correction->correction->seq;
        return fold_again(f, original,
                          view_entry_state(&f->view, original, &state) && state.voided_by != 0, e);
    }
    return fold_again(f, seq, true, e);
}

static int fold_body(struct fold *f, Journal__Entry *entry, struct error *e) {
    switch (entry->body_case) {
    case JOURNAL__ENTRY__BODY_FOUNDING:
        fold_founding(f, entry);
        return 0;
    case JOURNAL__ENTRY__BODY_ACT:
        return fold_act(f, entry, e);
    case JOURNAL__ENTRY__BODY_SESSION:
        return fold_session(f, entry, e);
    case JOURNAL__ENTRY__BODY_FIGURE:
        fold_figure(f, entry, false);
        return 0;
    case JOURNAL__ENTRY__BODY_COVERAGE:
        fold_coverage(f, entry, false);
        return 0;
    case JOURNAL__ENTRY__BODY_CORRECTION:
        put_link(f, entry->correction->seq, entry->seq, LINK_CORRECTION);
        return fold_again(f, entry->correction->seq, false, e);
    case JOURNAL__ENTRY__BODY_VOIDING:
        return fold_voiding(f, entry, e);
    case JOURNAL__ENTRY__BODY_CATALOGUE:
    case JOURNAL__ENTRY__BODY_PLAN:
        fold_document(f, entry);
        return 0;
    case JOURNAL__ENTRY__BODY_ACCOUNT:
        fold_account_entry(f, entry);
        return 0;
    case JOURNAL__ENTRY__BODY_CLOSING:
        fold_closing(f, entry);
        return 0;
    case JOURNAL__ENTRY__BODY_PUBLICATION:
        fold_publication(f, entry);
        return 0;
    case JOURNAL__ENTRY__BODY_NOTICE:
        return 0;
    default:
        return error_set(
            e, ERR_STATE, "",
            "Entry #%llu is of a kind that this version does not know: a newer "
            "madoguchid wrote it.",
            "記録 #%llu はこの版の知らない種類です。新しい版の madoguchid が書いたものです。",
            (unsigned long long)entry->seq);
    }
}

int fold_apply(struct fold *f, Journal__Entry *entry, struct journal_place place, struct error *e) {
    arena_reset(&f->arena);
    f->rows = 0;
    f->cause = entry->seq;
    f->opened = NULL;
    put_entry(f, entry, place);
    fold_audit(f, entry);
    if (fold_body(f, entry, e) < 0) {
        return -1;
    }
    return f->view.txn.failed != 0 ? txn_error(&f->view.txn, e) : 0;
}

int fold_finish(struct fold *f, uint64_t seq, const uint8_t hash[32], struct error *e) {
    struct key k;
    uint8_t value[44];
    cells_apply(f->cells, &f->view.txn);
    cells_drop(f->cells);
    key_start(&k);
    key_raw(&k, "fold", 4);
    put_u32(value, FOLD_VERSION);
    put_u64(value + 4, seq);
    memcpy(value + 12, hash, 32);
    txn_put(&f->view.txn, TABLE_META, &k, value, sizeof value);
    return f->view.txn.failed != 0 ? txn_error(&f->view.txn, e) : 0;
}
