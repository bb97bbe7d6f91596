#include "store/internal.h"

#include "proto/calendar.h"
#include "proto/check.h"

#include <stdarg.h>
#include <stdio.h>

#define WARNINGS_MAX 8

void record_warn(struct recording *r, const char *en, const char *ja, ...) {
    Journal__Entry *entry = r->entry;
    if (entry->n_warning == WARNINGS_MAX) {
        return;
    }
    if (entry->warning == NULL) {
        entry->warning = arena_alloc(r->arena, WARNINGS_MAX * sizeof(Journal__Warning *));
    }
    Journal__Warning *w = arena_alloc(r->arena, sizeof *w);
    char *text_en = arena_alloc(r->arena, 400);
    char *text_ja = arena_alloc(r->arena, 600);
    if (entry->warning == NULL || w == NULL || text_en == NULL || text_ja == NULL) {
        return;
    }
    va_list ap;
    va_start(ap, ja);
    vsnprintf(text_en, 400, en, ap);
    va_end(ap);
    va_start(ap, ja);
    vsnprintf(text_ja, 600, ja, ap);
    va_end(ap);
    journal__warning__init(w);
    SET(w, en, bytes_of(text_en));
    SET(w, ja, bytes_of(text_ja));
    entry->warning[entry->n_warning++] = w;
}

struct view *record_view(struct recording *r) {
    if (r->view == NULL) {
        r->view = follow_view(r->follow);
    }
    return r->view;
}

struct reacher record_reacher(struct recording *r) {
    return (struct reacher){record_view(r), r->person, r->today};
}

/* ---- what all kinds share ---------------------------------------------------------- */

int record_check_date(struct recording *r, const char *field, uint32_t date, struct error *e) {
    char text[16];
    char limit[16];
    uint32_t start = catalogue_document(r->catalogue)->start;
    if (date >= start && date <= r->today) {
        return 0;
    }
    calendar_format_date(date, text);
    if (date > r->today) {
        calendar_format_date(r->today, limit);
        return error_set(
            e, ERR_INVALID, field,
            "%s: %s lies in the future (today is %s). What has not happened yet "
            "cannot be recorded.",
            "%s: %s は未来の日付です (今日は %s)。まだ起きていないことは記録できません。", field,
            text, limit);
    }
    calendar_format_date(start, limit);
    return error_set(
        e, ERR_INVALID, field, "%s: %s is before the start of the catalogue, %s. Check the year.",
        "%s: %s は目録の開始日 %s より前です。年を確かめてください。", field, text, limit);
}

static int check_code(struct recording *r, const char *field, ProtobufCBinaryData code,
                      ProtobufCBinaryData service, uint32_t date, struct error *e) {
    const char *list = catalogue_list_of(field);
    return list == NULL ? 0 : catalogue_check(r->catalogue, field, list, code, service, date, e);
}

int record_check_codes(struct recording *r, const ProtobufCMessage *body,
                       ProtobufCBinaryData service, uint32_t date, struct error *e) {
    /* A session's reason is a sentence, not a code. */
    bool act = body->descriptor == &journal__act__descriptor;
    for (unsigned i = 0; i < body->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *f = &body->descriptor->fields[i];
        if (f->type != PROTOBUF_C_TYPE_BYTES || !message_has(body, f) ||
            (!act && strcmp(f->name, "reason") == 0)) {
            continue;
        }
        const char *at = (const char *)body + f->offset;
        const ProtobufCBinaryData *value = (const ProtobufCBinaryData *)at;
        size_t n = 1;
        if (f->label == PROTOBUF_C_LABEL_REPEATED) {
            value = *(ProtobufCBinaryData *const *)at;
            n = *(const size_t *)((const char *)body + f->quantifier_offset);
        }
        for (size_t k = 0; k < n; k++) {
            if (check_code(r, f->name, value[k], service, date, e) < 0) {
                return -1;
            }
        }
    }
    return 0;
}

static int not_found(const char *field, ProtobufCBinaryData number, struct error *e) {
    return error_set(e, ERR_NOT_FOUND, field,
                     "%s: there is no %.*s here. Check the number; `madoguchi list` lists the "
                     "cases.",
                     "%s: %.*s はありません。番号を確かめてください (madoguchi list で一覧)。",
                     field, (int)(number.len < 40 ? number.len : 40), (const char *)number.data);
}

static int is_void(const char *field, ProtobufCBinaryData number, struct error *e) {
    return error_set(e, ERR_STATE, field,
                     "%s: %.*s is void: nothing can be added to it. Open a new case.",
                     "%s: %.*s は取消し済みです。追記はできません。新しく受け付けてください。",
                     field, (int)number.len, (const char *)number.data);
}

int record_live_case(struct recording *r, const char *field, ProtobufCBinaryData number,
                     uint64_t *seq, Fold__Case **out, struct error *e) {
    struct reacher reacher = record_reacher(r);
    uint64_t instead = reach_instead(&reacher);
    bool there = view_number(reacher.view, number, seq) &&
                 (*out = view_case(reacher.view, *seq, r->arena)) != NULL;
    Fold__Case *looked = there          ? *out
                         : instead == 0 ? NULL
                                        : view_case(reacher.view, instead, r->arena);
    bool may =
        looked != NULL && reach_case(&reacher, RIGHT_CONTACT, there ? *seq : instead, looked);
    if (!there || !may) {
        return not_found(field, number, e);
    }
    return (*out)->has_voided ? is_void(field, number, e) : 0;
}

int record_live_session(struct recording *r, const char *field, ProtobufCBinaryData number,
                        uint64_t *seq, Fold__Session **out, struct error *e) {
    if (!view_number(record_view(r), number, seq) ||
        (*out = view_session(record_view(r), *seq, r->arena)) == NULL ||
        !reach_scope(r->person, (*out)->session->service, (*out)->session->office)) {
        return error_set(
            e, ERR_NOT_FOUND, field,
            "%s: there is no session %.*s here. Give the number that `session plan` "
            "or `session hold` printed.",
            "%s: 開催 %.*s はありません。session plan / hold で出た番号を入れてください。", field,
            (int)(number.len < 40 ? number.len : 40), (const char *)number.data);
    }
    if ((*out)->has_voided || (*out)->session->kind == MADOGUCHI__SESSION_KIND__CANCEL) {
        return error_set(
            e, ERR_STATE, field,
            "%s: the session %.*s is void or cancelled. Check the number, or record the "
            "session anew.",
            "%s: 開催 %.*s は取消しまたは中止になっています。番号を確かめるか、開催を"
            "記録し直してください。",
            field, (int)number.len, (const char *)number.data);
    }
    return 0;
}

bool record_ref(struct recording *r, ProtobufCBinaryData ref, enum right right, uint64_t *seq) {
    struct key k;
    struct reacher reacher = record_reacher(r);
    fold_ref_key(&k, r->request->row->source, ref);
    return txn_get_u64(&record_view(r)->txn, TABLE_ROWS, &k, seq) &&
           reach_opened(&reacher, right, *seq);
}

static int unknown_ref(const char *field, ProtobufCBinaryData ref, struct error *e) {
    return error_set(
        e, ERR_NOT_FOUND, field,
        "%s: nothing was imported under %.*s. Its log or session row must come "
        "before this one.",
        "%s: %.*s の行はまだ取り込まれていません。先に log か session の行が必要です。", field,
        (int)(ref.len < 100 ? ref.len : 100), (const char *)ref.data);
}

/* ---- acts ------------------------------------------------------------------------------ */

static bool needs_case(uint32_t kind) {
    return kind != MADOGUCHI__ACT_KIND__LOG && kind != MADOGUCHI__ACT_KIND__TALLY &&
           kind != MADOGUCHI__ACT_KIND__DECLINE;
}

struct act_context {
    Journal__Act *act;
    Fold__Case *kase; /* of later acts */
    uint64_t opening; /* its seq */
    bool lost_ref;    /* the row's ref opened nothing yet */
    bool lost_session;
};

/* A row names its case by ref, and its session by number or ref. */
static int resolve(struct recording *r, struct act_context *c, struct error *e) {
    Journal__Act *a = c->act;
    const Madoguchi__Row *row = r->request->row;
    uint64_t seq;
    if (needs_case(a->kind) && !a->has_case_number && row != NULL) {
        c->lost_ref = !record_ref(r, row->ref, RIGHT_CONTACT, &seq);
        if (!c->lost_ref) {
            Fold__Case *k = view_case(record_view(r), seq, r->arena);
            if (k == NULL) {
                return error_set(
                    e, ERR_STATE, "ref",
                    "This ref opened a session, not a case. Give each its own ref.",
                    "この ref は相談票ではなく開催のものです。別の ref にしてください。");
            }
            SET(a, case_number, k->number);
        }
    }
    if (a->has_session && row != NULL && !view_number(record_view(r), a->session, &seq)) {
        Fold__Session *s = NULL;
        c->lost_session = !record_ref(r, a->session, RIGHT_CONTACT, &seq) ||
                          (s = view_session(record_view(r), seq, r->arena)) == NULL;
        if (!c->lost_session) {
            SET(a, session, s->number);
        }
    }
    if (needs_case(a->kind) && !c->lost_ref) {
        return record_live_case(r, row != NULL ? "ref" : "case", a->case_number, &c->opening,
                                &c->kase, e);
    }
    return 0;
}

static int check_session(struct recording *r, struct act_context *c, struct error *e) {
    uint64_t seq;
    Fold__Session *s;
    if (!c->act->has_session || c->lost_session) {
        return 0;
    }
    return record_live_session(r, "session", c->act->session, &seq, &s, e);
}

static int check_with(struct recording *r, struct act_context *c, struct error *e) {
    uint64_t seq;
    Fold__Case *other;
    if (!c->act->has_with_case) {
        return 0;
    }
    if (bytes_same(c->act->with_case, c->act->case_number)) {
        return error_set(e, ERR_INVALID, "with_case",
                         "with_case: this is the same case. Give the other one.",
                         "with_case: 同じ相談票です。もう一方の番号を入れてください。");
    }
    return record_live_case(r, "with_case", c->act->with_case, &seq, &other, e);
}

struct having {
    struct view *view;
    struct arena arena;
    ProtobufCBinaryData outcome;
    bool found;
};

static int live_outcome(struct having *h, uint64_t seq) {
    struct entry_state state;
    Journal__Entry *entry;
    struct error ignored;
    if (!view_entry_state(h->view, seq, &state) || state.voided_by != 0) {
        return 0;
    }
    arena_reset(&h->arena);
    h->found = view_effective(h->view, seq, &h->arena, &entry, &ignored) == 0 &&
               entry->body_case == JOURNAL__ENTRY__BODY_ACT && entry->act->has_outcome &&
               bytes_same(entry->act->outcome, h->outcome);
    return h->found;
}

static int linked_outcome(void *ctx, const struct link *link) {
    return link->role == LINK_CASE ? live_outcome(ctx, link->child) : 0;
}

/* Whether any live entry of the case has the outcome, not only the last one. */
static bool has_outcome(struct recording *r, const struct act_context *c) {
    struct having h = {.view = record_view(r), .outcome = c->act->outcome};
    arena_init(&h.arena, 4u << 20);
    if (live_outcome(&h, c->opening) == 0) {
        view_links(record_view(r), c->opening, linked_outcome, &h);
    }
    arena_free(&h.arena);
    return h.found;
}

/* What depends on the state of the case. */
static int check_state(struct recording *r, struct act_context *c, struct error *e) {
    Journal__Act *a = c->act;
    bool closed = c->kase->has_closed;
    if (a->kind == MADOGUCHI__ACT_KIND__CLOSE && closed) {
        return error_set(
            e, ERR_STATE, "case",
            "This case is closed already. To add something, reopen it or record a contact.",
            "この相談票は既に終結しています。続きがあれば reopen か contact で記録して"
            "ください。");
    }
    if (a->kind == MADOGUCHI__ACT_KIND__REOPEN && !closed) {
        return error_set(e, ERR_STATE, "case", "This case is open; there is nothing to reopen.",
                         "この相談票は終結していません。");
    }
    if (closed && a->kind == MADOGUCHI__ACT_KIND__CONTACT) {
        record_warn(r, "The case is closed; the contact was recorded all the same.%s",
                    "終結した相談票への対応です。記録はしました。%s", "");
    }
    if (a->has_date && a->date < c->kase->opening->date) {
        record_warn(r, "The date is before the case was opened.%s", "受付日より前の日付です。%s",
                    "");
    }
    if (a->has_outcome && c->kase->has_outcome && has_outcome(r, c)) {
        if (a->kind == MADOGUCHI__ACT_KIND__CLOSE) {
            a->has_outcome = a->has_households = a->has_persons = 0;
        } else {
            record_warn(r, "The case has this outcome already; it is counted twice now.%s",
                        "同じ結果が既に記録されています。二重に数えます。%s", "");
        }
    }
    return 0;
}

int record_open_number(struct recording *r, char prefix, uint32_t date, struct error *e) {
    uint32_t year = calendar_fiscal_year(date);
    char *number = arena_alloc(r->arena, NUMBER_MAX);
    if (number == NULL) {
        return view_no_room(e);
    }
    uint32_t next = ahead_next_number(r->ahead, prefix, year);
    if (next == 0) {
        next = view_next_number(record_view(r), prefix, year);
        if (r->view->txn.failed == 0) {
            ahead_set_number(r->ahead, prefix, year, next);
        }
    }
    number_format(prefix, year, next, number);
    SET(r->entry, number, bytes_of(number));
    return 0;
}

static int record_act(struct recording *r, struct error *e) {
    Journal__Act *a = arena_alloc(r->arena, sizeof *a);
    if (a == NULL) {
        return view_no_room(e);
    }
    journal__act__init(a);
    message_copy(&a->base, &r->request->act->base);
    struct act_context c = {.act = a};
    if (resolve(r, &c, e) < 0 || record_check_date(r, "date", a->date, e) < 0) {
        return -1;
    }
    ProtobufCBinaryData service = c.kase != NULL ? c.kase->opening->service : a->service;
    if (record_check_codes(r, &a->base, service, a->date, e) < 0) {
        return -1;
    }
    if (c.lost_ref) {
        return unknown_ref("ref", r->request->row->ref, e);
    }
    if (c.lost_session) {
        return unknown_ref("session", a->session, e);
    }
    if (check_session(r, &c, e) < 0 || check_with(r, &c, e) < 0 ||
        (c.kase != NULL && check_state(r, &c, e) < 0) ||
        reach_recording(r->person, rights_of(r->request), c.kase != NULL ? NULL : &a->service,
                        &a->office, c.kase == NULL, e) < 0) {
        return -1;
    }
    record_warn_late(r, a->date, service);
    const Document__Service *s = catalogue_service(r->catalogue, service);
    if (!needs_case(a->kind) && !a->has_nature && s->has_nature) {
        SET(a, nature, arena_bytes(r->arena, s->nature));
        if (a->nature.data == NULL) {
            return view_no_room(e);
        }
    }
    if (!a->has_count &&
        (a->kind == MADOGUCHI__ACT_KIND__TALLY || a->kind == MADOGUCHI__ACT_KIND__DECLINE)) {
        SET(a, count, 1);
    }
    r->entry->body_case = JOURNAL__ENTRY__BODY_ACT;
    r->entry->act = a;
    return a->kind == MADOGUCHI__ACT_KIND__LOG
               ? record_open_number(r, (char)s->prefix.data[0], a->date, e)
               : 0;
}

/* ---- figures and coverage ------------------------------------------------------------------- */

static int canonical_period(struct recording *r, ProtobufCBinaryData *period, struct period *out,
                            struct error *e) {
    if (calendar_parse_period((const char *)period->data, period->len, out, e) < 0) {
        return -1;
    }
    char *text = arena_alloc(r->arena, 40);
    if (text == NULL) {
        return view_no_room(e);
    }
    calendar_format_period(out, text);
    *period = bytes_of(text);
    return 0;
}

static int record_figure(struct recording *r, struct error *e) {
    Journal__Figure *f = arena_alloc(r->arena, sizeof *f);
    struct period period;
    if (f == NULL) {
        return view_no_room(e);
    }
    journal__figure__init(f);
    message_copy(&f->base, &r->request->figure->base);
    if (canonical_period(r, &f->period, &period, e) < 0 ||
        record_check_date(r, "as_of", f->as_of, e) < 0) {
        return -1;
    }
    r->entry->body_case = JOURNAL__ENTRY__BODY_FIGURE;
    r->entry->figure = f;
    return 0;
}

static int record_coverage(struct recording *r, struct error *e) {
    Journal__Coverage *c = arena_alloc(r->arena, sizeof *c);
    struct period period;
    if (c == NULL) {
        return view_no_room(e);
    }
    journal__coverage__init(c);
    message_copy(&c->base, &r->request->coverage->base);
    if (canonical_period(r, &c->period, &period, e) < 0 ||
        record_check_codes(r, &c->base, c->service, r->today, e) < 0 ||
        reach_recording(r->person, RIGHT_COVERAGE, &c->service, NULL, true, e) < 0) {
        return -1;
    }
    r->entry->body_case = JOURNAL__ENTRY__BODY_COVERAGE;
    r->entry->coverage = c;
    return 0;
}

int record_make(struct recording *r, struct error *e) {
    int rc;
    switch (r->request->body_case) {
    case MADOGUCHI__REQUEST__BODY_ACT:
        rc = record_act(r, e);
        break;
    case MADOGUCHI__REQUEST__BODY_SESSION:
        rc = record_session(r, e);
        break;
    case MADOGUCHI__REQUEST__BODY_FIGURE:
        rc = record_figure(r, e);
        break;
    case MADOGUCHI__REQUEST__BODY_COVERAGE:
        rc = record_coverage(r, e);
        break;
    case MADOGUCHI__REQUEST__BODY_CORRECTION:
        rc = record_correction(r, e);
        break;
    case MADOGUCHI__REQUEST__BODY_VOIDING:
        rc = record_voiding(r, e);
        break;
    case MADOGUCHI__REQUEST__BODY_PUT:
        rc = record_put(r, e);
        break;
    case MADOGUCHI__REQUEST__BODY_ACCOUNT:
        rc = record_account(r, e);
        break;
    case MADOGUCHI__REQUEST__BODY_CLOSING:
        rc = record_closing(r, e);
        break;
    case MADOGUCHI__REQUEST__BODY_PUBLICATION:
        rc = record_publication(r, e);
        break;
    default:
        return error_set(e, ERR_INVALID, "", "This request records nothing.",
                         "記録する要求ではありません。");
    }
    if (rc == 0 && r->view != NULL && r->view->txn.failed != 0) {
        rc = txn_error(&r->view->txn, e);
    }
    if (rc == 0 && check_suspicious(r->request)) {
        record_warn(r,
                    "There are 12 digits in a row in the text. If they are an individual "
                    "number, void this entry at once.%s",
                    "12 桁の数字があります。個人番号であれば、すぐに取り消してください。%s", "");
    }
    return rc;
}
