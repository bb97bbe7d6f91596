/* Sessions: planned, held, cancelled. */
#include "store/internal.h"

#include "proto/calendar.h"
#include "proto/check.h"

/* A planned session lies at most this far ahead. */
#define PLAN_AHEAD_DAYS (5 * 366)

struct naming {
    struct view *view;
    struct arena arena;
    ProtobufCBinaryData number; /* of the session */
    bool named;
};

static int live_naming(void *ctx, const struct link *link) {
    struct naming *n = ctx;
    struct entry_state state;
    Journal__Entry *entry;
    struct error ignored;
    if (link->role != LINK_SESSION || !view_entry_state(n->view, link->child, &state) ||
        state.voided_by != 0) {
        return 0;
    }
    arena_reset(&n->arena);
    if (view_effective(n->view, link->child, &n->arena, &entry, &ignored) < 0 ||
        (entry->act->has_session && bytes_same(entry->act->session, n->number))) {
        n->named = true;
        return 1;
    }
    return 0;
}

bool record_session_named(struct recording *r, uint64_t opening, struct error *e) {
    struct naming n = {.view = record_view(r)};
    const Fold__Session *session = view_session(record_view(r), opening, r->arena);
    if (session == NULL) {
        return false;
    }
    /* An entry corrected to another session keeps its link to this one. */
    n.number = session->number;
    arena_init(&n.arena, 4u << 20);
    view_links(record_view(r), opening, live_naming, &n);
    arena_free(&n.arena);
    if (n.named) {
        error_set(e, ERR_STATE, "session",
                  "Entries that are counted name this session. Void or correct them first.",
                  "この開催を指す記録が残っています。先にそれらを訂正または取り消してください。");
    }
    return n.named;
}

static int session_of_request(struct recording *r, Journal__Session *s, uint64_t *opening,
                              Fold__Session **state, struct error *e) {
    const Madoguchi__Row *row = r->request->row;
    if (!s->has_session && row != NULL && row->has_ref &&
        record_ref(r, row->ref, RIGHT_SESSION, opening)) {
        *state = view_session(record_view(r), *opening, r->arena);
        if (*state == NULL) {
            return error_set(e, ERR_STATE, "ref",
                             "This ref opened a case, not a session. Give each its own ref.",
                             "この ref は開催ではなく相談票のものです。別の ref にしてください。");
        }
        SET(s, session, (*state)->number);
    }
    if (!s->has_session) {
        return 0;
    }
    if (record_live_session(r, "session", s->session, opening, state, e) < 0) {
        return -1;
    }
    if ((*state)->session->kind != MADOGUCHI__SESSION_KIND__PLAN) {
        return error_set(
            e, ERR_STATE, "session",
            "This session is recorded as held. Correct its entry, or void it.",
            "この開催は既に実施として記録されています。訂正するか取り消してください。");
    }
    if (s->kind == MADOGUCHI__SESSION_KIND__CANCEL && record_session_named(r, *opening, e)) {
        return -1;
    }
    return 0;
}

int record_check_planned(struct recording *r, uint32_t date, struct error *e) {
    if (calendar_days(date) > calendar_days(r->today) + PLAN_AHEAD_DAYS) {
        return error_set(e, ERR_INVALID, "date",
                         "date: a session is planned at most five years ahead. Check the year.",
                         "date: 予定は 5 年先までです。年を確かめてください。");
    }
    return record_check_date(r, "date", date > r->today ? r->today : date, e);
}

static int check_session_date(struct recording *r, const Journal__Session *s, struct error *e) {
    if (!s->has_date) {
        return 0;
    }
    if (s->kind == MADOGUCHI__SESSION_KIND__HOLD) {
        return record_check_date(r, "date", s->date, e);
    }
    return record_check_planned(r, s->date, e);
}

int record_session(struct recording *r, struct error *e) {
    Journal__Session *s = arena_alloc(r->arena, sizeof *s);
    if (s == NULL) {
        return view_no_room(e);
    }
    journal__session__init(s);
    message_copy(&s->base, &r->request->session->base);
    uint64_t opening = 0;
    Fold__Session *state = NULL;
    if (session_of_request(r, s, &opening, &state, e) < 0 || check_session_date(r, s, e) < 0) {
        return -1;
    }
    if (state == NULL && (!s->has_session_kind || !s->has_date)) {
        return error_set(e, ERR_INVALID, s->has_date ? "session_kind" : "date",
                         "A new session needs its kind and its date: session hold seminar --date "
                         "2024-04-15.%s",
                         "開催には種別と日付が必要です (例: session hold seminar --date "
                         "2024-04-15)。%s",
                         "");
    }
    if (state != NULL && s->has_session_kind &&
        !bytes_same(s->session_kind, state->session->session_kind)) {
        return error_set(e, ERR_INVALID, "session_kind",
                         "The planned session is of another kind. Correct the plan first.",
                         "予定の種別と違います。先に予定を訂正してください。");
    }
    ProtobufCBinaryData service = s->has_service  ? s->service
                                  : state != NULL ? state->session->service
                                                  : (ProtobufCBinaryData){0};
    uint32_t date = s->date;
    if (!s->has_date && state != NULL) {
        date = state->session->date;
    }
    if (record_check_codes(r, &s->base, service, date, e) < 0) {
        return -1;
    }
    if (s->kind == MADOGUCHI__SESSION_KIND__HOLD && !s->has_date &&
        record_check_date(r, "date", date, e) < 0) {
        return -1;
    }
    if (reach_recording(r->person, RIGHT_SESSION, &s->service, &s->office, state == NULL, e) < 0) {
        return -1;
    }
    record_warn_late(r, date, service);
    r->entry->body_case = JOURNAL__ENTRY__BODY_SESSION;
    r->entry->session = s;
    return state == NULL ? record_open_number(r, 'S', date, e) : 0;
}
