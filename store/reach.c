#include "store/reach.h"

#include "proto/calendar.h"
#include "store/fold.h"

#include <errno.h>
#include <stdio.h>

#define REACH_ARENA (16u << 20)

/* ---- the right itself -------------------------------------------------------------------- */

static void roles_with(enum right right, char out[160]) {
    size_t n = 0;
    out[0] = '\0';
    for (int role = 0; role < ROLE_COUNT && n < 160; role++) {
        if (rights_reach(right, (enum role)role) != REACH_NONE) {
            n += (size_t)snprintf(out + n, 160 - n, "%s%s", n > 0 ? ", " : "",
                                  role_word((enum role)role));
        }
    }
}

int reach_right(const struct person *person, enum right right, struct error *e) {
    char roles[160];
    if (person == NULL || rights_reaches(right, person->roles) != 0) {
        return 0;
    }
    roles_with(right, roles);
    return error_set(e, ERR_FORBIDDEN, right_word(right),
                     "The account %s may not do this (%s). It takes one of the roles %s; an "
                     "administrator gives them.",
                     "アカウント %s にはこの操作 (%s) の権限がありません。必要な役割は %s の"
                     "いずれかです。管理者に相談してください。",
                     person->name, right_word(right), roles);
}

/* ---- scope ---------------------------------------------------------------------------------- */

static bool has(const ProtobufCBinaryData *list, size_t n, ProtobufCBinaryData word) {
    for (size_t i = 0; i < n; i++) {
        if (bytes_same(list[i], word)) {
            return true;
        }
    }
    return n == 0 || word.len == 0;
}

bool reach_scope(const struct person *p, ProtobufCBinaryData service, ProtobufCBinaryData office) {
    return p == NULL ||
           (has(p->service, p->n_service, service) && has(p->office, p->n_office, office));
}

static int outside(const struct person *p, const char *field, ProtobufCBinaryData word,
                   const ProtobufCBinaryData *list, size_t n, struct error *e) {
    if (word.len == 0) {
        return error_set(e, ERR_INVALID, field,
                         "%s: the account %s is for some only; say for which this is, for example "
                         "%.*s.",
                         "%s：アカウント %s の担当は限られています。どれの分か指定してください"
                         "（例: %.*s）。",
                         field, p->name, (int)list[0].len, (const char *)list[0].data);
    }
    error_set(e, ERR_FORBIDDEN, field,
              "%s: %.*s is not among what the account %s is for. An administrator can change "
              "that.",
              "%s：%.*s はアカウント %s の担当ではありません。管理者に相談してください。", field,
              (int)word.len, (const char *)word.data, p->name);
    for (size_t i = 0; i < n && i < ERROR_NEAR_MAX; i++) {
        char near[40];
        snprintf(near, sizeof near, "%.*s", (int)list[i].len, (const char *)list[i].data);
        error_near(e, near);
    }
    return -1;
}

static int check_word_of(const struct person *p, const char *field, ProtobufCBinaryData word,
                         const ProtobufCBinaryData *list, size_t n, bool must, struct error *e) {
    return has(list, n, word) && (word.len > 0 || n == 0 || !must)
               ? 0
               : outside(p, field, word, list, n, e);
}

int reach_recording(const struct person *p, enum right right, const ProtobufCBinaryData *service,
                    const ProtobufCBinaryData *office, bool must, struct error *e) {
    if (p == NULL || (rights_reaches(right, p->roles) & REACH_BIT(REACH_ALL)) != 0) {
        return 0;
    }
    if (service != NULL &&
        check_word_of(p, "service", *service, p->service, p->n_service, must, e) < 0) {
        return -1;
    }
    return office == NULL ? 0
                          : check_word_of(p, "office", *office, p->office, p->n_office, must, e);
}

/* ---- one's own ------------------------------------------------------------------------------- */

uint64_t reach_closed(struct view *v, uint32_t month, ProtobufCBinaryData service) {
    struct key k;
    uint64_t seq;
    key_start(&k);
    key_u32(&k, month);
    key_text(&k, (ProtobufCBinaryData){0});
    if (txn_get_u64(&v->txn, TABLE_CLOSINGS, &k, &seq)) {
        return seq;
    }
    if (service.len == 0) {
        return 0;
    }
    key_start(&k);
    key_u32(&k, month);
    key_text(&k, service);
    return txn_get_u64(&v->txn, TABLE_CLOSINGS, &k, &seq) ? seq : 0;
}

/* What decides about an entry or a case. */
struct target {
    ProtobufCBinaryData service, office;
    ProtobufCBinaryData actor;
    uint64_t recorded_at;
    uint32_t date; /* 0: none */
};

static bool reaches(const struct reacher *r, enum right right, const struct target *t) {
    unsigned bits = rights_reaches(right, r->person->roles);
    if ((bits & (REACH_BIT(REACH_ALL) | REACH_BIT(REACH_MASKED))) != 0) {
        return true;
    }
    if (!reach_scope(r->person, t->service, t->office)) {
        return false;
    }
    if ((bits & REACH_BIT(REACH_SCOPE)) != 0) {
        return true;
    }
    if (bits == 0 || !person_is(r->person, t->actor)) {
        return false;
    }
    if ((bits & REACH_BIT(REACH_OWN)) != 0) {
        return true;
    }
    if ((bits & REACH_BIT(REACH_TODAY)) != 0 &&
        calendar_today((int64_t)t->recorded_at) == r->today) {
        return true;
    }
    return (bits & REACH_BIT(REACH_OPEN)) != 0 &&
           (t->date == 0 || reach_closed(r->view, t->date / 100, t->service) == 0);
}

/* What is there and cannot be read must not pass for what is not there: whoever asked
 * finds that the reading failed. */
static void fail_reading(const struct reacher *r, const struct error *e) {
    if (r->view->txn.failed == 0) {
        r->view->txn.failed = e->code == ERR_FULL ? ENOSPC : EIO;
    }
}

static bool entry_of(const struct reacher *r, uint64_t seq, struct arena *a,
                     Journal__Entry **entry) {
    struct error e = {0};
    if (view_entry(r->view, seq, a, entry, &e) == 0) {
        return true;
    }
    fail_reading(r, &e);
    return false;
}

/* Who recorded an entry, and when. */
static bool who_recorded(const struct reacher *r, uint64_t seq, struct arena *a, struct target *t) {
    Journal__Entry *entry;
    if (!entry_of(r, seq, a, &entry)) {
        return false;
    }
    t->actor = entry->actor;
    t->recorded_at = entry->recorded_at;
    return true;
}

/* Whether it can matter who recorded it. */
static bool asks_who(const struct reacher *r, enum right right) {
    return (rights_reaches(right, r->person->roles) &
            (REACH_BIT(REACH_ALL) | REACH_BIT(REACH_MASKED) | REACH_BIT(REACH_SCOPE))) == 0;
}

bool reach_case(const struct reacher *r, enum right right, uint64_t opening, const Fold__Case *c) {
    if (r->person == NULL) {
        return true;
    }
    struct target t = {
        .service = c->opening->service, .office = c->opening->office, .date = c->opening->date};
    if (!asks_who(r, right)) {
        return reaches(r, right, &t);
    }
    struct arena a;
    arena_init(&a, REACH_ARENA);
    bool may = who_recorded(r, opening, &a, &t) && reaches(r, right, &t);
    arena_free(&a);
    return may;
}

bool reach_opened(const struct reacher *r, enum right right, uint64_t opening) {
    struct arena a;
    if (r->person == NULL) {
        return true;
    }
    arena_init(&a, REACH_ARENA);
    const Fold__Case *c = view_case(r->view, opening, &a);
    const Fold__Session *s = c != NULL ? NULL : view_session(r->view, opening, &a);
    bool may = c != NULL   ? reach_case(r, right, opening, c)
               : s != NULL ? reach_scope(r->person, s->session->service, s->session->office)
                           : false;
    arena_free(&a);
    return may;
}

/* ---- any entry ------------------------------------------------------------------------------- */

/* Service and office of an entry: its case's, its session's, its own. */
static void fill_place(const struct reacher *r, Journal__Entry *entry, struct arena *a,
                       struct target *t) {
    uint64_t owner = fold_owner(r->view, entry);
    const Fold__Case *c;
    const Fold__Session *s;
    switch (entry->body_case) {
    case JOURNAL__ENTRY__BODY_ACT:
        t->service = entry->act->service;
        t->office = entry->act->office;
        if (owner != 0 && (c = view_case(r->view, owner, a)) != NULL) {
            t->service = c->opening->service;
            t->office = c->opening->office;
        }
        break;
    case JOURNAL__ENTRY__BODY_SESSION:
        t->service = entry->session->service;
        t->office = entry->session->office;
        if (owner != 0 && (s = view_session(r->view, owner, a)) != NULL) {
            t->service = s->session->service;
            t->office = s->session->office;
        }
        break;
    case JOURNAL__ENTRY__BODY_COVERAGE:
        t->service = entry->coverage->service;
        break;
    default:
        break;
    }
}

/* The entry that a correction or voiding is about; itself, for any other. */
static uint64_t subject_of(const struct reacher *r, const Journal__Entry *entry) {
    uint64_t seq = entry->seq;
    if (entry->body_case == JOURNAL__ENTRY__BODY_CORRECTION) {
        return entry->correction->seq;
    }
    if (entry->body_case == JOURNAL__ENTRY__BODY_VOIDING) {
        if (entry->voiding->has_number) {
            view_number(r->view, entry->voiding->number, &seq);
        } else {
            seq = entry->voiding->seq;
        }
    }
    return seq;
}

/* What is about people and their doings is no counter's work: it is seen through
 * the audit trail and the list of accounts only. */
static bool is_about_people(const Journal__Entry *entry) {
    return entry->body_case == JOURNAL__ENTRY__BODY_ACCOUNT ||
           entry->body_case == JOURNAL__ENTRY__BODY_NOTICE;
}

/* Whether it is seen with the case that it belongs to, which the account opened. */
static bool is_of_own_case(const struct reacher *r, enum right right, Journal__Entry *entry,
                           struct arena *a, struct target *t) {
    uint64_t owner = entry->body_case == JOURNAL__ENTRY__BODY_ACT ? fold_owner(r->view, entry) : 0;
    return right == RIGHT_SHOW && owner != 0 && owner != entry->seq &&
           who_recorded(r, owner, a, t) && reaches(r, right, t);
}

/* Whoever may record no such thing, any more, has nothing of it to change. */
static bool records_such(const struct reacher *r, enum right right, const Journal__Entry *entry) {
    if (right != RIGHT_CORRECT && right != RIGHT_VOID) {
        return true;
    }
    switch (entry->body_case) {
    case JOURNAL__ENTRY__BODY_ACT:
        return rights_reaches(RIGHT_LOG, r->person->roles) != 0;
    case JOURNAL__ENTRY__BODY_SESSION:
        return rights_reaches(RIGHT_SESSION, r->person->roles) != 0;
    case JOURNAL__ENTRY__BODY_FIGURE:
        return rights_reaches(RIGHT_FIGURE, r->person->roles) != 0;
    case JOURNAL__ENTRY__BODY_COVERAGE:
        return rights_reaches(RIGHT_COVERAGE, r->person->roles) != 0;
    default:
        return true;
    }
}

static bool entry_in_reach(const struct reacher *r, enum right right, uint64_t seq,
                           struct arena *a) {
    Journal__Entry *entry;
    struct error ignored;
    struct target t = {0};
    if (!entry_of(r, seq, a, &entry)) {
        return false;
    }
    t.actor = entry->actor;
    t.recorded_at = entry->recorded_at;
    uint64_t subject = subject_of(r, entry);
    for (int hops = 0; subject != entry->seq && hops < 2; hops++) {
        if (!entry_of(r, subject, a, &entry)) {
            return false;
        }
        subject = subject_of(r, entry);
    }
    if (is_about_people(entry) || !records_such(r, right, entry)) {
        return false;
    }
    if (view_effective(r->view, entry->seq, a, &entry, &ignored) < 0) {
        fail_reading(r, &ignored);
        return false;
    }
    fill_place(r, entry, a, &t);
    t.date = fold_date(entry_body(entry));
    return reaches(r, right, &t) || is_of_own_case(r, right, entry, a, &t);
}

bool reach_entry(const struct reacher *r, enum right right, uint64_t seq) {
    struct arena a;
    if (r->person == NULL) {
        return true;
    }
    arena_init(&a, REACH_ARENA);
    bool may = entry_in_reach(r, right, seq, &a);
    arena_free(&a);
    return may;
}

/* ---- nothing ------------------------------------------------------------------------------- */

uint64_t reach_instead(const struct reacher *r) {
    struct cursor c;
    if (r->person == NULL) {
        return 0;
    }
    cursor_open(&c, &r->view->txn, TABLE_CASES);
    uint64_t seq = cursor_before(&c, NULL) && c.key.mv_size == 8 ? get_u64(c.key.mv_data) : 0;
    cursor_close(&c);
    return seq;
}

bool reach_there(const struct reacher *r, enum right right, bool there, uint64_t seq) {
    uint64_t instead = reach_instead(r);
    if (there) {
        return reach_entry(r, right, seq);
    }
    if (instead != 0) {
        (void)reach_entry(r, right, instead);
    }
    return false;
}

/* ---- all of something ------------------------------------------------------------------------ */

struct whole {
    const struct reacher *reacher;
    enum right right;
    bool may;
};

static int each_member(void *ctx, const struct link *link) {
    struct whole *w = ctx;
    struct entry_state state;
    if ((link->role != LINK_CASE && link->role != LINK_HELD) ||
        !view_entry_state(w->reacher->view, link->child, &state) || state.voided_by != 0) {
        return 0;
    }
    w->may = reach_entry(w->reacher, w->right, link->child);
    return !w->may;
}

bool reach_whole(const struct reacher *r, enum right right, uint64_t opening) {
    struct whole w = {r, right, reach_entry(r, right, opening)};
    if (w.may && r->person != NULL && asks_who(r, right)) {
        view_links(r->view, opening, each_member, &w);
    }
    return w.may;
}
