/* Accounts as they stand, and the audit trail. */
#include "store/fold.h"
#include "store/page.h"
#include "store/read.h"

#include "proto/calendar.h"

#include <sodium.h>
#include <stdio.h>

#define AUDIT_ARENA  (16u << 20)
#define AUDIT_FIELDS 24

/* ---- accounts ------------------------------------------------------------------------ */

static ProtobufCBinaryData *copy_list(struct arena *a, const ProtobufCBinaryData *list, size_t n) {
    ProtobufCBinaryData *copy = arena_alloc(a, (n + 1) * sizeof *copy);
    for (size_t i = 0; copy != NULL && i < n; i++) {
        copy[i] = arena_bytes(a, list[i]);
    }
    return copy;
}

static int put_account(struct pages *pages, const Fold__Account *from, struct error *e) {
    struct arena *a = pages_arena(pages);
    const Journal__Account *account = from->account;
    Madoguchi__AccountRow *row = arena_alloc(a, sizeof *row);
    Madoguchi__Account *out = arena_alloc(a, sizeof *out);
    if (row == NULL || out == NULL) {
        return view_no_room(e);
    }
    madoguchi__account_row__init(row);
    madoguchi__account__init(out);
    message_copy(&out->base, &account->base);
    out->name = arena_bytes(a, account->name);
    if (account->has_person) {
        out->person = arena_bytes(a, account->person);
    }
    out->role = copy_list(a, account->role, account->n_role);
    out->service = copy_list(a, account->service, account->n_service);
    out->office = copy_list(a, account->office, account->n_office);
    out->certificate = copy_list(a, account->certificate, account->n_certificate);
    if (out->role == NULL || out->service == NULL || out->office == NULL ||
        out->certificate == NULL) {
        return view_no_room(e);
    }
    row->account = out;
    SET(row, seq, from->seq);
    SET(row, recorded_at, from->recorded_at);
    SET(row, actor, arena_bytes(a, from->actor));
    return pages_add(pages, "account", &row->base, e);
}

static int walk_accounts(struct reading *r, const Madoguchi__Accounts *request, struct pages *pages,
                         struct arena *a, struct error *e) {
    struct cursor c;
    int rc = 0;
    bool found = false;
    cursor_open(&c, &r->view->txn, TABLE_ACCOUNTS);
    for (bool more = cursor_seek(&c, NULL); more && rc == 0; more = cursor_next(&c)) {
        arena_reset(a);
        Fold__Account *account =
            fold__account__unpack(arena_allocator(a), c.value.mv_size, c.value.mv_data);
        if (account == NULL || account->account == NULL) {
            r->view->txn.failed = MDB_CORRUPTED;
            break;
        }
        if (!request->has_name || bytes_same(request->name, account->account->name)) {
            found = true;
            rc = put_account(pages, account, e);
        }
    }
    cursor_close(&c);
    if (rc == 0 && request->has_name && !found) {
        return error_set(
            e, ERR_NOT_FOUND, "name",
            "There is no account %.*s. `madoguchi account list` lists them.",
            "アカウント %.*s はありません。madoguchi account list で一覧が見られます。",
            (int)request->name.len, (const char *)request->name.data);
    }
    return rc;
}

int read_accounts(struct reading *r, const Madoguchi__Accounts *request, struct error *e) {
    struct pages pages;
    struct arena a;
    arena_init(&a, 1u << 20);
    pages_begin(&pages, r->page, r->ctx);
    int rc = walk_accounts(r, request, &pages, &a, e);
    rc = pages_end(&pages, rc, e);
    arena_free(&a);
    return rc;
}

/* ---- audit ----------------------------------------------------------------------------- */

struct auditing {
    struct reading *reading;
    const Madoguchi__Audit *request;
    uint32_t from, to; /* dates on which it was recorded */
    uint64_t about;    /* opening of the case or session asked for; 0: any */
    struct pages pages;
    struct arena arena; /* of one entry */
    struct error *error;
};

static ProtobufCMessage *audited_body(Journal__Entry *entry) {
    switch (entry->body_case) {
    case JOURNAL__ENTRY__BODY_FOUNDING:
        return &entry->founding->base;
    case JOURNAL__ENTRY__BODY_CORRECTION:
        return &entry->correction->base;
    case JOURNAL__ENTRY__BODY_VOIDING:
        return &entry->voiding->base;
    case JOURNAL__ENTRY__BODY_ACCOUNT:
        return &entry->account->base;
    case JOURNAL__ENTRY__BODY_CLOSING:
        return &entry->closing->base;
    case JOURNAL__ENTRY__BODY_NOTICE:
        return &entry->notice->base;
    case JOURNAL__ENTRY__BODY_PUBLICATION:
        return &entry->publication->base;
    default:
        return NULL; /* a document: its contents are in the journal */
    }
}

static int add_pair(struct arena *a, Madoguchi__EntryRow *row, const char *name,
                    ProtobufCBinaryData value) {
    Madoguchi__Pair *pair = arena_alloc(a, sizeof *pair);
    if (pair == NULL || row->n_field == AUDIT_FIELDS) {
        return pair == NULL ? -1 : 0;
    }
    madoguchi__pair__init(pair);
    SET(pair, name, bytes_of(name));
    SET(pair, value, arena_bytes(a, value));
    row->field[row->n_field++] = pair;
    return 0;
}

static int add_certificates(struct arena *a, Madoguchi__EntryRow *row,
                            const Journal__Account *account) {
    for (size_t i = 0; i < account->n_certificate; i++) {
        char hex[65] = "";
        sodium_bin2hex(hex, sizeof hex, account->certificate[i].data,
                       account->certificate[i].len < 32 ? account->certificate[i].len : 32);
        if (add_pair(a, row, "certificate", bytes_of(hex)) < 0) {
            return -1;
        }
    }
    return 0;
}

static int add_changes(struct arena *a, Madoguchi__EntryRow *row, const Journal__Correction *c) {
    for (size_t i = 0; i < c->n_change; i++) {
        char *name = arena_strndup(a, c->change[i]->field.data, c->change[i]->field.len);
        if (name == NULL || add_pair(a, row, name, c->change[i]->value) < 0) {
            return -1;
        }
    }
    return 0;
}

/* The fields that are plain text, dates or numbers, and what else can be shown as such. */
static int add_body(struct arena *a, Journal__Entry *entry, Madoguchi__EntryRow *row) {
    ProtobufCMessage *body = audited_body(entry);
    row->field = arena_alloc(a, AUDIT_FIELDS * sizeof *row->field);
    if (row->field == NULL) {
        return -1;
    }
    if (body == NULL) {
        return 0;
    }
    for (unsigned i = 0; i < body->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *f = &body->descriptor->fields[i];
        if (f->type == PROTOBUF_C_TYPE_MESSAGE || strcmp(f->name, "certificate") == 0 ||
            strcmp(f->name, "store_id") == 0 || strcmp(f->name, "kind") == 0) {
            continue;
        }
        char *text = message_get_text(body, f, a);
        if (text != NULL && add_pair(a, row, f->name, bytes_of(text)) < 0) {
            return -1;
        }
    }
    if (entry->body_case == JOURNAL__ENTRY__BODY_ACCOUNT) {
        return add_certificates(a, row, entry->account);
    }
    return entry->body_case == JOURNAL__ENTRY__BODY_CORRECTION
               ? add_changes(a, row, entry->correction)
               : 0;
}

/* Opening of the case or session that a correction or voiding is about; 0: none. */
static int about(struct auditing *u, Journal__Entry *entry, uint64_t *opening) {
    struct view *v = u->reading->view;
    uint64_t seq = 0;
    *opening = 0;
    for (int hops = 0; hops < 3; hops++) {
        if (entry->body_case == JOURNAL__ENTRY__BODY_VOIDING && entry->voiding->has_number) {
            *opening = view_number(v, entry->voiding->number, &seq) ? seq : 0;
            return 0;
        }
        if (entry->body_case == JOURNAL__ENTRY__BODY_VOIDING) {
            seq = entry->voiding->seq;
        } else if (entry->body_case == JOURNAL__ENTRY__BODY_CORRECTION) {
            seq = entry->correction->seq;
        } else {
            *opening = fold_owner(v, entry);
            return 0;
        }
        if (view_entry(v, seq, &u->arena, &entry, u->error) < 0) {
            return -1;
        }
    }
    return 0;
}

static bool is_asked_for(const struct auditing *u, const Journal__Entry *entry) {
    const Madoguchi__Audit *q = u->request;
    uint32_t day = calendar_today((int64_t)entry->recorded_at);
    bool kind = q->n_kind == 0;
    for (size_t i = 0; i < q->n_kind; i++) {
        kind = kind || bytes_equal(q->kind[i], entry_kind_word(entry));
    }
    bool actor = !q->has_actor || bytes_same(q->actor, entry->actor) ||
                 (entry->has_actor_name && bytes_same(q->actor, entry->actor_name)) ||
                 (entry->body_case == JOURNAL__ENTRY__BODY_NOTICE && entry->notice->has_account &&
                  bytes_same(q->actor, entry->notice->account));
    return kind && actor && day >= u->from && day <= u->to;
}

static void put_number(struct auditing *u, Madoguchi__EntryRow *row, uint64_t opening) {
    struct arena *a = pages_arena(&u->pages);
    const Fold__Case *c = view_case(u->reading->view, opening, a);
    const Fold__Session *s = c != NULL ? NULL : view_session(u->reading->view, opening, a);
    if (c != NULL) {
        SET(row, number, c->number);
    } else if (s != NULL) {
        SET(row, number, s->number);
    }
}

static int put_audited(struct auditing *u, Journal__Entry *entry, uint64_t opening) {
    struct arena *a = pages_arena(&u->pages);
    Madoguchi__EntryRow *row = arena_alloc(a, sizeof *row);
    if (row == NULL) {
        return view_no_room(u->error);
    }
    madoguchi__entry_row__init(row);
    SET(row, seq, entry->seq);
    SET(row, kind, bytes_of(entry_kind_word(entry)));
    SET(row, recorded_at, entry->recorded_at);
    SET(row, actor, arena_bytes(a, entry->actor));
    if (entry->has_on_behalf) {
        SET(row, on_behalf, arena_bytes(a, entry->on_behalf));
    }
    if (opening != 0) {
        put_number(u, row, opening);
    }
    if (add_body(a, entry, row) < 0) {
        return view_no_room(u->error);
    }
    return pages_add(&u->pages, "entry", &row->base, u->error);
}

static int each_audited(struct auditing *u, uint64_t seq) {
    Journal__Entry *entry;
    uint64_t opening;
    arena_reset(&u->arena);
    if (view_entry(u->reading->view, seq, &u->arena, &entry, u->error) < 0) {
        return -1;
    }
    if (!is_asked_for(u, entry)) {
        return 0;
    }
    if (about(u, entry, &opening) < 0) {
        return -1;
    }
    return u->about == 0 || u->about == opening ? put_audited(u, entry, opening) : 0;
}

static int walk_audit(struct auditing *u) {
    struct view *v = u->reading->view;
    struct cursor c;
    int rc = 0;
    cursor_open(&c, &v->txn, TABLE_AUDIT);
    for (bool more = cursor_seek(&c, NULL); more && rc == 0; more = cursor_next(&c)) {
        if (c.key.mv_size != 8) {
            v->txn.failed = MDB_CORRUPTED;
            break;
        }
        rc = each_audited(u, get_u64(c.key.mv_data));
    }
    cursor_close(&c);
    return rc;
}

static int audit_period(struct auditing *u, struct error *e) {
    struct period period;
    const Madoguchi__Audit *q = u->request;
    u->from = 0;
    u->to = UINT32_MAX;
    if (q->has_from) {
        if (calendar_parse_period((const char *)q->from.data, q->from.len, &period, e) < 0) {
            return -1;
        }
        u->from = period.from;
        u->to = q->has_to ? u->to : period.to;
    }
    if (q->has_to) {
        if (calendar_parse_period((const char *)q->to.data, q->to.len, &period, e) < 0) {
            return -1;
        }
        u->to = period.to;
    }
    if (u->from > u->to) {
        return error_set(e, ERR_INVALID, "from", "The period ends before it begins.",
                         "期間の終わりが始まりより前です。");
    }
    return 0;
}

int read_audit(struct reading *r, const Madoguchi__Audit *request, struct error *e) {
    struct auditing u = {.reading = r, .request = request, .error = e};
    if (audit_period(&u, e) < 0) {
        return -1;
    }
    if (request->has_number && !view_number(r->view, request->number, &u.about)) {
        return error_set(e, ERR_NOT_FOUND, "number", "There is no %.*s here.",
                         "%.*s はありません。", (int)request->number.len,
                         (const char *)request->number.data);
    }
    arena_init(&u.arena, AUDIT_ARENA);
    pages_begin(&u.pages, r->page, r->ctx);
    int rc = walk_audit(&u);
    rc = pages_end(&u.pages, rc, e);
    arena_free(&u.arena);
    return rc;
}
