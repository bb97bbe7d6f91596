#include "store/refold.h"

#include <stdlib.h>
#include <string.h>

/* One entry as it stands, unpacked, with its case and session. */
#define ENTRY_ARENA (4u << 20)

/* ---- children of a parent --------------------------------------------------------- */

struct children {
    struct link *list;
    size_t n, cap;
};

static int child_add(void *ctx, const struct link *link) {
    struct children *c = ctx;
    if (c->n == c->cap) {
        size_t cap = c->cap == 0 ? 16 : c->cap * 2;
        struct link *list = realloc(c->list, cap * sizeof *list);
        if (list == NULL) {
            return -1;
        }
        c->list = list;
        c->cap = cap;
    }
    c->list[c->n++] = *link;
    return 0;
}

/* The list is to be freed. */
static int children_of(struct fold *f, uint64_t parent, struct children *out, struct error *e) {
    *out = (struct children){0};
    if (view_links(&f->view, parent, child_add, out) != 0) {
        free(out->list);
        return view_no_room(e);
    }
    return 0;
}

static bool is_live(struct fold *f, uint64_t seq) {
    struct entry_state state;
    return view_entry_state(&f->view, seq, &state) && state.voided_by == 0;
}

/* The live form of an entry that must be an act or a session: a number or link
 * of the journal may lead anywhere. */
static int effective(struct fold *f, uint64_t seq, Journal__Entry__BodyCase kind, struct arena *a,
                     Journal__Entry **out, struct error *e) {
    if (view_effective(&f->view, seq, a, out, e) < 0) {
        return -1;
    }
    if ((*out)->body_case != kind) {
        f->view.txn.failed = MDB_CORRUPTED;
        return txn_error(&f->view.txn, e);
    }
    return 0;
}

/* ---- cases -------------------------------------------------------------------------- */

/* What one live act does to the state of its case. */
static void touch(Fold__Case *c, const Journal__Act *act) {
    if (act->kind == MADOGUCHI__ACT_KIND__CONTACT) {
        c->contacts++;
        if (act->date > c->last) {
            c->last = act->date;
        }
    }
    if (act->kind == MADOGUCHI__ACT_KIND__CLOSE) {
        SET(c, closed, 1);
    } else if (act->kind == MADOGUCHI__ACT_KIND__REOPEN) {
        c->has_closed = 0;
    }
    if (act->has_outcome) {
        SET(c, outcome, act->outcome);
    }
}

/* How the case first came, where the opening does not say: by its channel, or
 * by the session. */
static void settle_route(struct fold *f, Journal__Act *opening, struct arena *a) {
    if (opening->has_route) {
        return;
    }
    uint64_t seq;
    if (opening->has_channel) {
        SET(opening, route, opening->channel);
    } else if (opening->has_session && view_number(&f->view, opening->session, &seq)) {
        Fold__Session *s = view_session(&f->view, seq, a);
        if (s != NULL && s->session->has_session_kind) {
            SET(opening, route, s->session->session_kind);
        }
    }
}

static void put_case(struct fold *f, uint64_t seq, const Fold__Case *c) {
    struct key k = key_of_u64(seq);
    txn_put_message(&f->view.txn, TABLE_CASES, &k, &c->base, false);
}

/* `a` is for the entry alone: a case may have any number of them. */
static int touch_live(struct fold *f, Fold__Case *c, const struct link *link, struct arena *a,
                      struct error *e) {
    if (link->role != LINK_CASE || !is_live(f, link->child)) {
        return 0;
    }
    Journal__Entry *entry;
    arena_reset(a);
    if (effective(f, link->child, JOURNAL__ENTRY__BODY_ACT, a, &entry, e) < 0) {
        return -1;
    }
    touch(c, entry->act);
    return 0;
}

/* Where the outcome's code is kept while the entries pass by. */
struct kept_code {
    uint8_t bytes[64];
};

static void keep_outcome(Fold__Case *c, struct kept_code *kept) {
    if (c->has_outcome && c->outcome.data != kept->bytes && c->outcome.len <= sizeof kept->bytes) {
        memcpy(kept->bytes, c->outcome.data, c->outcome.len);
        c->outcome.data = kept->bytes;
    }
}

/* What the entries after the opening made of the case. */
static int touch_all(struct fold *f, uint64_t seq, Fold__Case *c, struct kept_code *kept,
                     struct error *e) {
    struct children children;
    struct arena a;
    int rc = 0;
    if (children_of(f, seq, &children, e) < 0) {
        return -1;
    }
    arena_init(&a, ENTRY_ARENA);
    for (size_t i = 0; i < children.n && rc == 0; i++) {
        rc = touch_live(f, c, &children.list[i], &a, e);
        keep_outcome(c, kept);
    }
    arena_free(&a);
    free(children.list);
    return rc;
}

/* The case as its opening alone makes it. */
static void case_of(Fold__Case *c, const Journal__Entry *opening, Journal__Act *act) {
    fold__case__init(c);
    c->opening = act;
    SET(c, number, opening->number);
    SET(c, contacts, 1);
    SET(c, last, act->date);
    touch(c, act);
}

static int make_case(struct fold *f, uint64_t seq, struct arena *a, struct error *e) {
    Journal__Entry *opening;
    if (effective(f, seq, JOURNAL__ENTRY__BODY_ACT, a, &opening, e) < 0) {
        return -1;
    }
    settle_route(f, opening->act, a);
    Fold__Case c;
    struct kept_code kept;
    case_of(&c, opening, opening->act);
    if (!is_live(f, seq)) {
        SET(&c, voided, 1);
    }
    if (touch_all(f, seq, &c, &kept, e) < 0) {
        return -1;
    }
    put_case(f, seq, &c);
    return 0;
}

int refold_case(struct fold *f, uint64_t seq, struct error *e) {
    struct arena a;
    arena_init(&a, ENTRY_ARENA);
    int rc = make_case(f, seq, &a, e);
    arena_free(&a);
    return rc;
}

int refold_open(struct fold *f, const Journal__Entry *opening, struct error *e) {
    Fold__Case *c = arena_alloc(&f->arena, sizeof *c);
    /* The entry itself keeps its own route: the case has a copy. */
    Journal__Act *act = arena_alloc(&f->arena, sizeof *act);
    if (c == NULL || act == NULL) {
        return view_no_room(e);
    }
    *act = *opening->act;
    settle_route(f, act, &f->arena);
    case_of(c, opening, act);
    struct key k = key_of_u64(opening->seq);
    txn_put_message(&f->view.txn, TABLE_CASES, &k, &c->base, true);
    f->opened = c;
    return 0;
}

int refold_touch(struct fold *f, ProtobufCBinaryData number, const Journal__Act *act,
                 struct error *e) {
    uint64_t seq;
    Fold__Case *c = NULL;
    if (view_number(&f->view, number, &seq)) {
        c = view_case(&f->view, seq, &f->arena);
    }
    if (c == NULL) {
        f->view.txn.failed = MDB_CORRUPTED;
        return txn_error(&f->view.txn, e);
    }
    touch(c, act);
    put_case(f, seq, c);
    return 0;
}

/* ---- sessions ------------------------------------------------------------------------- */

static int session_touch(struct fold *f, Journal__Session *s, const struct link *link,
                         struct error *e) {
    if (link->role != LINK_HELD || !is_live(f, link->child)) {
        return 0;
    }
    Journal__Entry *entry;
    if (effective(f, link->child, JOURNAL__ENTRY__BODY_SESSION, &f->arena, &entry, e) < 0) {
        return -1;
    }
    message_copy(&s->base, &entry->session->base);
    s->has_session = 0;
    return 0;
}

int refold_session(struct fold *f, uint64_t seq, Journal__Entry *opening, struct error *e) {
    bool fresh = opening != NULL;
    if (!fresh && effective(f, seq, JOURNAL__ENTRY__BODY_SESSION, &f->arena, &opening, e) < 0) {
        return -1;
    }
    Journal__Session session = *opening->session;
    Fold__Session value = FOLD__SESSION__INIT;
    value.session = &session;
    SET(&value, number, opening->number);
    if (!fresh) {
        struct children children;
        if (!is_live(f, seq)) {
            SET(&value, voided, 1);
        }
        if (children_of(f, seq, &children, e) < 0) {
            return -1;
        }
        int rc = 0;
        for (size_t i = 0; i < children.n && rc == 0; i++) {
            rc = session_touch(f, &session, &children.list[i], e);
        }
        free(children.list);
        if (rc < 0) {
            return -1;
        }
    }
    struct key k = key_of_u64(seq);
    txn_put_message(&f->view.txn, TABLE_SESSIONS, &k, &value.base, false);
    return 0;
}

/* ---- the ledger ------------------------------------------------------------------------- */

/* The facts that stand for an entry are those that it caused itself, as long as
 * TABLE_STANDING has nothing of it.  It has where that cannot be read off the entry,
 * and from its first change on: their keys, u16 length and bytes, one after the
 * other; nothing when none stands. */
struct standing {
    uint8_t bytes[FACTS_MAX * (2 + sizeof(((struct key *)0)->data))];
    size_t len;
};

/* Whether kind, date and service of the facts stand in the entry. */
static bool caused_plainly(const Journal__Entry *entry) {
    return entry->body_case == JOURNAL__ENTRY__BODY_ACT &&
           (entry->act->kind == MADOGUCHI__ACT_KIND__LOG ||
            entry->act->kind == MADOGUCHI__ACT_KIND__TALLY ||
            entry->act->kind == MADOGUCHI__ACT_KIND__DECLINE);
}

static bool load_fact(struct fold *f, const struct key *k, struct fact *out) {
    MDB_val value;
    Fold__Fact *fact = NULL;
    if (txn_get(&f->view.txn, TABLE_FACTS, k, &value)) {
        fact = fold__fact__unpack(arena_allocator(&f->scratch), value.mv_size, value.mv_data);
    }
    if (fact == NULL) {
        f->view.txn.failed = f->view.txn.failed != 0 ? f->view.txn.failed : MDB_CORRUPTED;
        return false;
    }
    out->value = *fact;
    return true;
}

/* As the entry was recorded, without corrections. */
static size_t load_caused(struct fold *f, uint64_t seq, struct fact out[FACTS_MAX]) {
    Journal__Entry *entry;
    struct error e;
    size_t n = 0;
    if (view_entry(&f->view, seq, &f->scratch, &entry, &e) < 0) {
        f->view.txn.failed = f->view.txn.failed != 0 ? f->view.txn.failed : MDB_CORRUPTED;
        return 0;
    }
    if (!caused_plainly(entry)) {
        return 0;
    }
    bool refused = entry->act->kind == MADOGUCHI__ACT_KIND__DECLINE;
    const enum fact_kind kinds[] = {refused ? FACT_REFUSAL : FACT_CONTACT, FACT_OUTCOME};
    for (size_t i = 0; i < (entry->act->has_outcome ? 2 : 1); i++) {
        struct key k;
        out[n].kind = kinds[i];
        out[n].date = entry->act->date;
        out[n].service = entry->act->service;
        fact_key(&k, &out[n], seq, (unsigned)i);
        if (!load_fact(f, &k, &out[n])) {
            return 0;
        }
        n++;
    }
    return n;
}

static size_t load_standing(struct fold *f, uint64_t seq, struct fact out[FACTS_MAX]) {
    struct key k = key_of_u64(seq);
    MDB_val v;
    size_t n = 0;
    if (!txn_get(&f->view.txn, TABLE_STANDING, &k, &v)) {
        return f->view.txn.failed != 0 ? 0 : load_caused(f, seq, out);
    }
    /* A copy: the map moves under the changes that follow. */
    const uint8_t *p = (const uint8_t *)arena_strndup(&f->scratch, v.mv_data, v.mv_size);
    const uint8_t *end = p == NULL ? NULL : p + v.mv_size;
    while (p != NULL && end - p >= 2 && n < FACTS_MAX) {
        size_t len = get_u16(p);
        struct key fk;
        uint64_t cause;
        key_start(&fk);
        key_raw(&fk, p + 2, len);
        MDB_val raw = {len, (void *)(p + 2)};
        if (!fact_from_key(&raw, &out[n], &cause)) {
            f->view.txn.failed = MDB_CORRUPTED;
            return 0;
        }
        if (!load_fact(f, &fk, &out[n])) {
            return 0;
        }
        n++;
        p += 2 + len;
    }
    return n;
}

static int put_fact(struct fold *f, const struct fact *fact, struct standing *standing,
                    struct error *e) {
    struct key k;
    fact_key(&k, fact, f->cause, f->rows++);
    txn_put_message(&f->view.txn, TABLE_FACTS, &k, &fact->value.base, false);
    if (standing != NULL) {
        standing->bytes[standing->len] = (uint8_t)(k.len >> 8);
        standing->bytes[standing->len + 1] = (uint8_t)k.len;
        memcpy(standing->bytes + standing->len + 2, k.data, k.len);
        standing->len += 2 + k.len;
    }
    return cells_add(f->cells, fact) < 0 ? view_no_room(e) : 0;
}

static bool same_facts(const struct fact *a, size_t n_a, const struct fact *b, size_t n_b) {
    if (n_a != n_b) {
        return false;
    }
    for (size_t i = 0; i < n_a; i++) {
        if (a[i].kind != b[i].kind || a[i].date != b[i].date ||
            !bytes_same(a[i].service, b[i].service) ||
            !message_equal(&a[i].value.base, &b[i].value.base)) {
            return false;
        }
    }
    return true;
}

static int replace_facts(struct fold *f, const Journal__Entry *entry, struct fact *old,
                         size_t n_old, const struct fact *now, size_t n_now, struct error *e) {
    struct key k = key_of_u64(entry->seq);
    for (size_t i = 0; i < n_old; i++) {
        fact_negate(&old[i]);
        if (put_fact(f, &old[i], NULL, e) < 0) {
            return -1;
        }
    }
    struct standing standing = {.len = 0};
    for (size_t i = 0; i < n_now; i++) {
        if (put_fact(f, &now[i], &standing, e) < 0) {
            return -1;
        }
    }
    if (entry->seq != f->cause) {
        txn_put(&f->view.txn, TABLE_STANDING, &k, standing.bytes, standing.len);
    } else if (!caused_plainly(entry)) {
        txn_put_last(&f->view.txn, TABLE_STANDING, &k, standing.bytes, standing.len);
    }
    return 0;
}

/* The session whose kind and place the entry's facts carry. */
static Fold__Session *session_of(struct fold *f, const Journal__Entry *entry) {
    uint64_t seq = 0;
    if (entry->body_case == JOURNAL__ENTRY__BODY_SESSION) {
        seq = fold_owner(&f->view, entry);
    } else if (!entry->act->has_session || !view_number(&f->view, entry->act->session, &seq)) {
        return NULL;
    }
    return seq == 0 ? NULL : view_session(&f->view, seq, &f->scratch);
}

int refold_facts(struct fold *f, Journal__Entry *entry, struct error *e) {
    arena_reset(&f->scratch);
    struct fact old[FACTS_MAX];
    struct fact now[FACTS_MAX];
    size_t n_now = 0;
    size_t n_old = entry->seq == f->cause ? 0 : load_standing(f, entry->seq, old);
    if (entry->seq == f->cause || is_live(f, entry->seq)) {
        const struct catalogue *catalogue =
            view_catalogue(&f->view, entry->seq == f->cause ? UINT64_MAX : entry->seq, e);
        if (catalogue == NULL) {
            return -1;
        }
        struct facts_input in = {.entry = entry, .catalogue = catalogue};
        uint64_t owner = fold_owner(&f->view, entry);
        if (owner == f->cause && f->opened != NULL) {
            in.kase = f->opened;
        } else if (entry->body_case == JOURNAL__ENTRY__BODY_ACT && owner != 0) {
            in.kase = view_case(&f->view, owner, &f->scratch);
        }
        in.session = session_of(f, entry);
        n_now = facts_of(&in, now);
        view_catalogue_done(&f->view, catalogue);
    }
    if (f->view.txn.failed != 0) {
        return txn_error(&f->view.txn, e);
    }
    if (same_facts(old, n_old, now, n_now)) {
        return 0;
    }
    return replace_facts(f, entry, old, n_old, now, n_now, e);
}

/* ---- everything that follows --------------------------------------------------------------- */

static int facts_again(struct fold *f, uint64_t seq, struct error *e) {
    Journal__Entry *entry;
    struct arena a;
    arena_init(&a, ENTRY_ARENA);
    int rc = view_effective(&f->view, seq, &a, &entry, e);
    if (rc == 0) {
        rc = refold_facts(f, entry, e);
    }
    arena_free(&a);
    return rc;
}

static int children_again(struct fold *f, uint64_t parent, enum link_role role, struct error *e) {
    struct children children;
    if (children_of(f, parent, &children, e) < 0) {
        return -1;
    }
    int rc = 0;
    for (size_t i = 0; i < children.n && rc == 0; i++) {
        if (children.list[i].role == role) {
            rc = facts_again(f, children.list[i].child, e);
        }
    }
    free(children.list);
    return rc;
}

/* What names the session: a case that came by it has its route from it. */
static int act_again(struct fold *f, uint64_t seq, struct error *e) {
    Journal__Entry *entry;
    struct arena a;
    arena_init(&a, ENTRY_ARENA);
    int rc = effective(f, seq, JOURNAL__ENTRY__BODY_ACT, &a, &entry, e);
    if (rc == 0) {
        rc = entry->act->kind == MADOGUCHI__ACT_KIND__LOG ? refold_act(f, entry, e)
                                                          : refold_facts(f, entry, e);
    }
    arena_free(&a);
    return rc;
}

int refold_session_entries(struct fold *f, uint64_t opening, struct error *e) {
    if (facts_again(f, opening, e) < 0 || children_again(f, opening, LINK_HELD, e) < 0) {
        return -1;
    }
    struct children children;
    if (children_of(f, opening, &children, e) < 0) {
        return -1;
    }
    int rc = 0;
    for (size_t i = 0; i < children.n && rc == 0; i++) {
        if (children.list[i].role == LINK_SESSION) {
            rc = act_again(f, children.list[i].child, e);
        }
    }
    free(children.list);
    return rc;
}

int refold_session_all(struct fold *f, uint64_t opening, struct error *e) {
    if (refold_session(f, opening, NULL, e) < 0) {
        return -1;
    }
    return refold_session_entries(f, opening, e);
}

int refold_act(struct fold *f, Journal__Entry *entry, struct error *e) {
    uint64_t owner = fold_owner(&f->view, entry);
    if (owner != 0 && refold_case(f, owner, e) < 0) {
        return -1;
    }
    uint64_t second;
    if (entry->act->has_with_case && view_number(&f->view, entry->act->with_case, &second) &&
        refold_case(f, second, e) < 0) {
        return -1;
    }
    if (facts_again(f, entry->seq, e) < 0) {
        return -1;
    }
    return owner == entry->seq ? children_again(f, owner, LINK_CASE, e) : 0;
}

/* Voids an entry of the case or session with it.  The outcome of another case
 * that was shown here too stays its own; one that was shown in another case
 * goes from there. */
static int void_member(struct fold *f, const struct link *link, uint64_t opening, uint64_t by,
                       struct arena *a, struct error *e) {
    Journal__Entry *entry;
    uint64_t second;
    if ((link->role != LINK_CASE && link->role != LINK_HELD) || !is_live(f, link->child)) {
        return 0;
    }
    arena_reset(a);
    if (view_entry(&f->view, link->child, a, &entry, e) < 0) {
        return -1;
    }
    if (fold_owner(&f->view, entry) != opening) {
        return 0;
    }
    fold_mark_voided(f, link->child, by);
    if (entry->body_case == JOURNAL__ENTRY__BODY_ACT && entry->act->has_with_case &&
        view_number(&f->view, entry->act->with_case, &second)) {
        return refold_case(f, second, e);
    }
    return 0;
}

int refold_void_all(struct fold *f, uint64_t opening, uint64_t by, struct error *e) {
    struct entry_state state;
    struct children children;
    struct arena a;
    int rc = 0;
    if (!view_entry_state(&f->view, opening, &state)) {
        f->view.txn.failed = f->view.txn.failed != 0 ? f->view.txn.failed : MDB_CORRUPTED;
        return txn_error(&f->view.txn, e);
    }
    if (children_of(f, opening, &children, e) < 0) {
        return -1;
    }
    fold_mark_voided(f, opening, by);
    arena_init(&a, ENTRY_ARENA);
    for (size_t i = 0; i < children.n && rc == 0; i++) {
        rc = void_member(f, &children.list[i], opening, by, &a, e);
    }
    arena_free(&a);
    free(children.list);
    if (rc < 0) {
        return -1;
    }
    if (state.kind == JOURNAL__ENTRY__BODY_SESSION) {
        return refold_session_all(f, opening, e);
    }
    if (refold_case(f, opening, e) < 0 || facts_again(f, opening, e) < 0) {
        return -1;
    }
    return children_again(f, opening, LINK_CASE, e);
}
