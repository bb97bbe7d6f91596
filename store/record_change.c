/* Corrections and voidings: what may be changed, and to what. */
#include "store/internal.h"

#include "proto/check.h"

/* ---- corrections ------------------------------------------------------------------ */

static const char *const never_changed[] = {"kind", "case_number", "session", "with_case"};

static int may_change(const Journal__Entry *entry, const char *field, struct error *e) {
    bool act = entry->body_case == JOURNAL__ENTRY__BODY_ACT;
    bool fixed = false;
    for (size_t i = 0; i < sizeof never_changed / sizeof never_changed[0]; i++) {
        fixed = fixed || strcmp(field, never_changed[i]) == 0;
    }
    if (act && strcmp(field, "session") == 0) {
        fixed = false;
    }
    if (act && strcmp(field, "service") == 0 && entry->act->kind == MADOGUCHI__ACT_KIND__LOG) {
        fixed = true;
    }
    if (entry->body_case == JOURNAL__ENTRY__BODY_FIGURE &&
        (strcmp(field, "series") == 0 || strcmp(field, "period") == 0)) {
        fixed = true;
    }
    if (fixed) {
        return error_set(e, ERR_INVALID, field,
                         "%s cannot be corrected. Void the entry and record it again.",
                         "%s は訂正できません。取り消して記録し直してください。", field);
    }
    return 0;
}

/* The request that the corrected entry would have been: it goes through the
 * same checks as a new one, with the freedoms of a row where it came from one. */
static Madoguchi__Request as_request(const struct recording *r, const Journal__Entry *entry,
                                     Madoguchi__Row *row) {
    Madoguchi__Request request = MADOGUCHI__REQUEST__INIT;
    SET(&request, id, r->request->id);
    if (entry->row != NULL) {
        madoguchi__row__init(row);
        message_copy(&row->base, &entry->row->base);
        request.row = row;
    }
    return request;
}

static int check_act(struct recording *r, const Journal__Entry *entry, struct error *e) {
    Journal__Act *act = entry->act;
    Madoguchi__Act wire = MADOGUCHI__ACT__INIT;
    Madoguchi__Row row;
    Madoguchi__Request request = as_request(r, entry, &row);
    message_copy(&wire.base, &act->base);
    wire.kind = (Madoguchi__ActKind)act->kind;
    request.body_case = MADOGUCHI__REQUEST__BODY_ACT;
    request.act = &wire;
    if (check_request(&request, e) < 0 || record_check_date(r, "date", act->date, e) < 0) {
        return -1;
    }
    ProtobufCBinaryData service = act->service;
    uint64_t seq;
    if (!entry->has_number && act->has_case_number) {
        Fold__Case *c;
        if (record_live_case(r, "case", act->case_number, &seq, &c, e) < 0) {
            return -1;
        }
        service = c->opening->service;
    }
    if (act->has_session) {
        Fold__Session *s;
        if (record_live_session(r, "session", act->session, &seq, &s, e) < 0) {
            return -1;
        }
    }
    return record_check_codes(r, &act->base, service, act->date, e);
}

struct held_dates {
    struct view *view;
    struct arena *arena;
    bool held;      /* it was held, */
    uint32_t given; /* on this day; 0: on the planned one */
    struct error *error;
};

static int held_date(void *ctx, const struct link *link) {
    struct held_dates *d = ctx;
    struct entry_state state;
    Journal__Entry *entry;
    if (link->role != LINK_HELD || !view_entry_state(d->view, link->child, &state) ||
        state.voided_by != 0) {
        return 0;
    }
    if (view_effective(d->view, link->child, d->arena, &entry, d->error) < 0) {
        return -1;
    }
    if (entry->session->kind == MADOGUCHI__SESSION_KIND__HOLD) {
        d->held = true;
        d->given = entry->session->date;
    }
    return 0;
}

/* A plan may lie ahead, what was held may not: neither by a new date of its own
 * nor by the plan's, where it has none of its own. */
static int check_session_dates(struct recording *r, const Journal__Entry *entry, struct error *e) {
    const Journal__Session *s = entry->session;
    bool hold = s->kind == MADOGUCHI__SESSION_KIND__HOLD;
    uint64_t opening = fold_owner(record_view(r), entry);
    if (hold && (s->has_date || entry->has_number)) {
        return record_check_date(r, "date", s->date, e);
    }
    if (hold) {
        Journal__Entry *plan;
        return view_effective(record_view(r), opening, r->arena, &plan, e) < 0
                   ? -1
                   : record_check_date(r, "date", plan->session->date, e);
    }
    if (s->kind != MADOGUCHI__SESSION_KIND__PLAN) {
        return s->has_date ? record_check_planned(r, s->date, e) : 0;
    }
    struct held_dates d = {.view = record_view(r), .arena = r->arena, .error = e};
    if (view_links(record_view(r), opening, held_date, &d) != 0) {
        return -1;
    }
    return d.held && d.given == 0 ? record_check_date(r, "date", s->date, e)
                                  : record_check_planned(r, s->date, e);
}

static int check_session(struct recording *r, const Journal__Entry *entry, struct error *e) {
    Journal__Session *s = entry->session;
    Madoguchi__Session wire = MADOGUCHI__SESSION__INIT;
    Madoguchi__Row row;
    Madoguchi__Request request = as_request(r, entry, &row);
    message_copy(&wire.base, &s->base);
    wire.kind = (Madoguchi__SessionKind)s->kind;
    request.body_case = MADOGUCHI__REQUEST__BODY_SESSION;
    request.session = &wire;
    if (check_request(&request, e) < 0 || check_session_dates(r, entry, e) < 0) {
        return -1;
    }
    return record_check_codes(r, &s->base, s->service, s->has_date ? s->date : r->today, e);
}

static int check_figure(struct recording *r, const Journal__Entry *entry, struct error *e) {
    Madoguchi__Figure wire = MADOGUCHI__FIGURE__INIT;
    Madoguchi__Row row;
    Madoguchi__Request request = as_request(r, entry, &row);
    message_copy(&wire.base, &entry->figure->base);
    request.body_case = MADOGUCHI__REQUEST__BODY_FIGURE;
    request.figure = &wire;
    if (check_request(&request, e) < 0) {
        return -1;
    }
    return record_check_date(r, "as_of", entry->figure->as_of, e);
}

static int check_coverage(struct recording *r, const Journal__Entry *entry, struct error *e) {
    Madoguchi__Coverage wire = MADOGUCHI__COVERAGE__INIT;
    Madoguchi__Row row;
    Madoguchi__Request request = as_request(r, entry, &row);
    message_copy(&wire.base, &entry->coverage->base);
    request.body_case = MADOGUCHI__REQUEST__BODY_COVERAGE;
    request.coverage = &wire;
    if (check_request(&request, e) < 0) {
        return -1;
    }
    return record_check_codes(r, &entry->coverage->base, entry->coverage->service, r->today, e);
}

/* Nobody moves anything out of what they are for. */
static int check_place(struct recording *r, const Journal__Entry *entry, struct error *e) {
    const Madoguchi__Correction *c = r->request->correction;
    bool act = entry->body_case == JOURNAL__ENTRY__BODY_ACT;
    bool session = entry->body_case == JOURNAL__ENTRY__BODY_SESSION;
    /* Of a case or planned session: what it does not say, that says. */
    bool of_other = !entry->has_number && ((act && entry->act->has_case_number) ||
                                           (session && entry->session->has_session));
    for (size_t i = 0; i < c->n_change; i++) {
        const ProtobufCBinaryData *value = &c->change[i]->value;
        bool service = bytes_equal(c->change[i]->field, "service");
        bool office = bytes_equal(c->change[i]->field, "office");
        if (reach_recording(r->person, RIGHT_CORRECT, service ? value : NULL, office ? value : NULL,
                            !of_other, e) < 0) {
            return -1;
        }
    }
    return 0;
}

static int check_body(struct recording *r, const Journal__Entry *entry, struct error *e) {
    if (check_place(r, entry, e) < 0) {
        return -1;
    }
    switch (entry->body_case) {
    case JOURNAL__ENTRY__BODY_ACT:
        return check_act(r, entry, e);
    case JOURNAL__ENTRY__BODY_SESSION:
        return check_session(r, entry, e);
    case JOURNAL__ENTRY__BODY_FIGURE:
        return check_figure(r, entry, e);
    default:
        return check_coverage(r, entry, e);
    }
}

/* Applies one change to the body and puts the canonical text of it into *out;
 * *changed says whether it makes a difference. */
static int apply_change(struct recording *r, Journal__Entry *entry, const Madoguchi__Change *change,
                        Journal__Change *out, bool *changed, struct error *e) {
    ProtobufCMessage *body = entry_body(entry);
    char *field = arena_strndup(r->arena, change->field.data, change->field.len);
    char *value = arena_strndup(r->arena, change->value.data, change->value.len);
    if (field == NULL || value == NULL) {
        return view_no_room(e);
    }
    const ProtobufCFieldDescriptor *f = message_field(body->descriptor, field);
    if (f == NULL) {
        return error_set(e, ERR_INVALID, field, "An entry of kind %s has no field %s.",
                         "種別 %s の記録に %s という項目はありません。", entry_kind_word(entry),
                         field);
    }
    if (may_change(entry, field, e) < 0) {
        return -1;
    }
    char *before = message_get_text(body, f, r->arena);
    if (message_set_text(body, field, value, r->arena, e) < 0) {
        return -1;
    }
    char *after = message_get_text(body, f, r->arena);
    if (before == NULL || after == NULL) {
        *changed = *changed || before != after;
    } else {
        *changed = *changed || strcmp(before, after) != 0;
    }
    journal__change__init(out);
    SET(out, field, bytes_of(field));
    SET(out, value, bytes_of(after != NULL ? after : ""));
    return 0;
}

/* What somebody may not even see is not there; what they may see and not change has
 * somebody who may. */
static int may_touch(struct recording *r, enum right right, bool there, uint64_t seq,
                     struct error *e) {
    struct reacher reacher = record_reacher(r);
    if (reach_there(&reacher, right, there, seq)) {
        return 0;
    }
    if (!reach_there(&reacher, RIGHT_SHOW, there, seq)) {
        return view_no_entry(seq, e);
    }
    return error_set(e, ERR_FORBIDDEN, "entry",
                     "#%llu was recorded by somebody else, or the time in which the account %s may "
                     "change it is over. A supervisor can.",
                     "#%llu は他の人の記録か、アカウント %s が変更できる期間を過ぎています。係長"
                     "（supervisor）が変更できます。",
                     (unsigned long long)seq, r->person->name);
}

static int refuse_void(uint64_t seq, const struct entry_state *state, struct error *e) {
    if (state->voided_by == 0) {
        return 0;
    }
    return error_set(e, ERR_STATE, "entry",
                     "#%llu is void already, by #%llu. If it was right, record it anew.",
                     "#%llu は #%llu で取消し済みです。必要なら記録し直してください。",
                     (unsigned long long)seq, (unsigned long long)state->voided_by);
}

static int target_of(struct recording *r, enum right right, uint64_t given, bool has_given,
                     uint64_t *seq, struct entry_state *state, struct error *e) {
    *seq = given;
    if (!has_given) {
        if (!record_ref(r, r->request->row->ref, RIGHT_SHOW, seq)) {
            return error_set(e, ERR_NOT_FOUND, "ref",
                             "Nothing was imported under this ref. Its log or session row must "
                             "come before this one.",
                             "この ref の行はまだ取り込まれていません。先に log か session の行が "
                             "必要です。");
        }
    }
    bool there = view_entry_state(record_view(r), *seq, state);
    return may_touch(r, right, there, *seq, e) < 0 ? -1 : refuse_void(*seq, state, e);
}

static int refuse_kind(uint64_t seq, const Journal__Entry *entry, struct error *e) {
    if (entry->body_case == JOURNAL__ENTRY__BODY_CORRECTION) {
        return error_set(e, ERR_STATE, "entry",
                         "#%llu is itself a correction of #%llu. Correct the original #%llu.",
                         "#%llu は #%llu の訂正です。元の記録 #%llu を訂正してください。",
                         (unsigned long long)seq, (unsigned long long)entry->correction->seq,
                         (unsigned long long)entry->correction->seq);
    }
    return error_set(e, ERR_STATE, "entry", "#%llu is an entry of kind %s: it cannot be changed.",
                     "#%llu は種別 %s の記録です。変更できません。", (unsigned long long)seq,
                     entry_kind_word(entry));
}

int record_correction(struct recording *r, struct error *e) {
    const Madoguchi__Correction *c = r->request->correction;
    uint64_t seq;
    struct entry_state state;
    Journal__Entry *entry;
    if (target_of(r, RIGHT_CORRECT, c->seq, c->has_seq, &seq, &state, e) < 0 ||
        view_effective(record_view(r), seq, r->arena, &entry, e) < 0) {
        return -1;
    }
    if (entry_body(entry) == NULL) {
        return refuse_kind(seq, entry, e);
    }
    Journal__Correction *out = arena_alloc(r->arena, sizeof *out);
    Journal__Change **list = arena_alloc(r->arena, c->n_change * sizeof *list);
    bool changed = false;
    if (out == NULL || list == NULL) {
        return view_no_room(e);
    }
    journal__correction__init(out);
    for (size_t i = 0; i < c->n_change; i++) {
        list[i] = arena_alloc(r->arena, sizeof **list);
        if (list[i] == NULL) {
            return view_no_room(e);
        }
        if (apply_change(r, entry, c->change[i], list[i], &changed, e) < 0) {
            return -1;
        }
    }
    if (!changed) {
        return error_set(
            e, ERR_INVALID, "change", "#%llu has these values already: nothing to correct.",
            "#%llu は既にその値です。訂正するものがありません。", (unsigned long long)seq);
    }
    if (check_body(r, entry, e) < 0) {
        return -1;
    }
    SET(out, seq, seq);
    SET(out, reason, c->reason);
    out->n_change = c->n_change;
    out->change = list;
    r->entry->body_case = JOURNAL__ENTRY__BODY_CORRECTION;
    r->entry->correction = out;
    return 0;
}

/* ---- voidings ---------------------------------------------------------------------- */

struct later {
    struct view *view;
    struct arena arena;
    uint64_t opening;
    bool found;
};

static int live_member(void *ctx, const struct link *link) {
    struct later *l = ctx;
    struct entry_state state;
    if ((link->role != LINK_CASE && link->role != LINK_HELD) ||
        !view_entry_state(l->view, link->child, &state) || state.voided_by != 0) {
        return 0;
    }
    l->found = true;
    return 1;
}

/* An entry alone: the opening of a case with later entries does not go alone. */
static int check_single(struct recording *r, uint64_t seq, Journal__Entry *entry, struct error *e) {
    if (entry_body(entry) == NULL && entry->body_case != JOURNAL__ENTRY__BODY_CORRECTION) {
        return refuse_kind(seq, entry, e);
    }
    if (!entry->has_number) {
        return 0;
    }
    struct later l = {.view = record_view(r), .opening = seq};
    view_links(record_view(r), seq, live_member, &l);
    if (l.found) {
        return error_set(e, ERR_STATE, "entry",
                         "#%llu opened %.*s, which has later entries. `madoguchi void %.*s` voids "
                         "them together.",
                         "#%llu は %.*s の最初の記録で、後の記録があります。madoguchi void %.*s で "
                         "まとめて取り消せます。",
                         (unsigned long long)seq, (int)entry->number.len,
                         (const char *)entry->number.data, (int)entry->number.len,
                         (const char *)entry->number.data);
    }
    return 0;
}

static int check_not_named(struct recording *r, uint64_t opening, const Journal__Entry *entry,
                           struct error *e) {
    if (entry->body_case != JOURNAL__ENTRY__BODY_SESSION) {
        return 0;
    }
    uint64_t owner = fold_owner(record_view(r), entry);
    return record_session_named(r, owner != 0 ? owner : opening, e) ? -1 : 0;
}

struct restoring {
    struct view *view;
    struct arena *arena;
    uint64_t without; /* the correction that goes */
    ProtobufCBinaryData session;
    struct error *error;
};

static int restore_session(void *ctx, const struct link *link) {
    struct restoring *s = ctx;
    struct entry_state state;
    Journal__Entry *entry;
    if (link->role != LINK_CORRECTION || link->child == s->without ||
        !view_entry_state(s->view, link->child, &state) || state.voided_by != 0) {
        return 0;
    }
    if (view_entry(s->view, link->child, s->arena, &entry, s->error) < 0) {
        return -1;
    }
    for (size_t i = 0; i < entry->correction->n_change; i++) {
        if (bytes_equal(entry->correction->change[i]->field, "session")) {
            s->session = entry->correction->change[i]->value;
        }
    }
    return 0;
}

/* Without the correction an act may name a session again that was cancelled
 * since. */
static int check_restored(struct recording *r, uint64_t seq, const Journal__Correction *c,
                          struct error *e) {
    Journal__Entry *original;
    Fold__Session *session;
    struct restoring s = {.view = record_view(r), .arena = r->arena, .without = seq, .error = e};
    bool changes = false;
    for (size_t i = 0; i < c->n_change; i++) {
        changes = changes || bytes_equal(c->change[i]->field, "session");
    }
    if (!changes) {
        return 0;
    }
    if (view_entry(record_view(r), c->seq, r->arena, &original, e) < 0) {
        return -1;
    }
    if (original->body_case == JOURNAL__ENTRY__BODY_ACT && original->act->has_session) {
        s.session = original->act->session;
    }
    if (view_links(record_view(r), c->seq, restore_session, &s) != 0) {
        return -1;
    }
    return s.session.len == 0 ? 0 : record_live_session(r, "session", s.session, &seq, &session, e);
}

int record_voiding(struct recording *r, struct error *e) {
    const Madoguchi__Voiding *v = r->request->voiding;
    Journal__Voiding *out = arena_alloc(r->arena, sizeof *out);
    uint64_t seq = v->seq;
    bool has_seq = v->has_seq;
    struct entry_state state;
    Journal__Entry *entry;
    if (out == NULL) {
        return view_no_room(e);
    }
    struct reacher reacher = record_reacher(r);
    if (v->has_number) {
        has_seq = true;
        bool there = view_number(reacher.view, v->number, &seq);
        if (!reach_there(&reacher, RIGHT_SHOW, there, seq)) {
            return error_set(e, ERR_NOT_FOUND, "case", "There is no %.*s here.",
                             "%.*s はありません。", (int)v->number.len,
                             (const char *)v->number.data);
        }
    }
    if (target_of(r, RIGHT_VOID, seq, has_seq, &seq, &state, e) < 0 ||
        view_effective(record_view(r), seq, r->arena, &entry, e) < 0) {
        return -1;
    }
    bool whole = v->has_number || !v->has_seq;
    if (whole && !reach_whole(&reacher, RIGHT_VOID, seq)) {
        return error_set(
            e, ERR_FORBIDDEN, "case",
            "Others recorded entries of it, or its month is closed. A supervisor can "
            "void it.%s",
            "他の人の記録があるか、月が締め済みです。係長（supervisor）が取り消せます。"
            "%s",
            "");
    }
    if ((!whole && check_single(r, seq, entry, e) < 0) || check_not_named(r, seq, entry, e) < 0) {
        return -1;
    }
    if (entry->body_case == JOURNAL__ENTRY__BODY_CORRECTION) {
        /* The right to void the correction was asked of what it corrects. */
        uint64_t original = entry->correction->seq;
        if (!view_entry_state(record_view(r), original, &state)) {
            return view_no_entry(original, e);
        }
        if (refuse_void(original, &state, e) < 0 ||
            check_restored(r, seq, entry->correction, e) < 0) {
            return -1;
        }
    }
    journal__voiding__init(out);
    SET(out, reason, v->reason);
    if (entry->has_number) {
        /* The opening takes all with it, alone or not. */
        SET(out, number, entry->number);
    } else {
        SET(out, seq, seq);
    }
    r->entry->body_case = JOURNAL__ENTRY__BODY_VOIDING;
    r->entry->voiding = out;
    return 0;
}
