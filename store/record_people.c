/* Accounts, closed months, and what happened at the daemon. */
#include "store/internal.h"

#include "proto/account.h"
#include "proto/calendar.h"
#include "proto/check.h"

#include <stdio.h>

/* ---- accounts ---------------------------------------------------------------------- */

static int name_taken(const struct person *p, struct error *e) {
    return error_set(e, ERR_STATE, "name",
                     "There is an account %s already (#%llu). `madoguchi account change %s` "
                     "changes it.",
                     "アカウント %s は既にあります (#%llu)。変更は madoguchi account change %s で"
                     "行ってください。",
                     p->name, (unsigned long long)p->seq, p->name);
}

/* A new account must be new; a change must know what it changes. */
static int check_replaces(const struct recording *r, const Madoguchi__Account *a, struct error *e) {
    const struct person *p = people_find(r->people, (const char *)a->name.data, a->name.len);
    if (!a->has_replaces) {
        return p == NULL ? 0 : name_taken(p, e);
    }
    if (p == NULL) {
        return error_set(
            e, ERR_NOT_FOUND, "name",
            "There is no account %.*s. `madoguchi account list` lists them.",
            "アカウント %.*s はありません。madoguchi account list で一覧が見られます。",
            (int)a->name.len, (const char *)a->name.data);
    }
    return p->seq == a->replaces
               ? 0
               : error_set(e, ERR_CONFLICT, "replaces",
                           "The account %s was changed meanwhile (#%llu). Look at it and change "
                           "it again.",
                           "アカウント %s はその間に変更されました (#%llu)。確認してからやり直して"
                           "ください。",
                           p->name, (unsigned long long)p->seq);
}

static int check_codes(const struct recording *r, const char *field,
                       const ProtobufCBinaryData *word, size_t n, struct error *e) {
    const char *list = catalogue_list_of(field);
    for (size_t i = 0; i < n; i++) {
        if (catalogue_check(r->catalogue, field, list, word[i], (ProtobufCBinaryData){0}, 0, e) <
            0) {
            return -1;
        }
    }
    return 0;
}

static int claimed(const char *field, const struct person *p, struct error *e) {
    return error_set(
        e, ERR_STATE, field, "%s: belongs to the account %s already. Take it away there first.",
        "%s：既にアカウント %s のものです。先にそちらから外してください。", field, p->name);
}

/* One user, one certificate: one account. */
static int check_claims(const struct recording *r, const Madoguchi__Account *a, struct error *e) {
    const struct person *p = a->has_uid ? people_of_uid(r->people, a->uid) : NULL;
    if (p != NULL && !bytes_equal(a->name, p->name)) {
        return claimed("uid", p, e);
    }
    for (size_t i = 0; i < a->n_certificate; i++) {
        p = people_of_certificate(r->people, a->certificate[i].data);
        if (p != NULL && !bytes_equal(a->name, p->name)) {
            return claimed("certificate", p, e);
        }
    }
    return 0;
}

/* Somebody must be left who can give rights. */
static int check_administrators(const struct recording *r, const Madoguchi__Account *a,
                                struct error *e) {
    char name[64];
    snprintf(name, sizeof name, "%.*s", (int)a->name.len, (const char *)a->name.data);
    if (account_has_role(a, role_word(ROLE_ADMINISTRATOR)) ||
        people_administrators(r->people, name) > 0 || people_administrators(r->people, NULL) == 0) {
        return 0;
    }
    return error_set(e, ERR_STATE, "role",
                     "%s is the last administrator whose account has no end. Make another one "
                     "first.",
                     "%s は期限のない最後の管理者です。先に別の管理者を作ってください。", name);
}

int record_account(struct recording *r, struct error *e) {
    const Madoguchi__Account *a = r->request->account;
    Journal__Account *out = arena_alloc(r->arena, sizeof *out);
    if (out == NULL) {
        return view_no_room(e);
    }
    if (check_replaces(r, a, e) < 0 || check_codes(r, "service", a->service, a->n_service, e) < 0 ||
        check_codes(r, "office", a->office, a->n_office, e) < 0 || check_claims(r, a, e) < 0 ||
        check_administrators(r, a, e) < 0) {
        return -1;
    }
    if (r->people->n >= PEOPLE_MAX && !a->has_replaces) {
        return error_set(e, ERR_TOO_MUCH, "name", "A store has at most %d accounts.",
                         "アカウントは %d 個までです。", PEOPLE_MAX);
    }
    journal__account__init(out);
    message_copy(&out->base, &a->base);
    r->entry->body_case = JOURNAL__ENTRY__BODY_ACCOUNT;
    r->entry->account = out;
    return 0;
}

/* ---- months -------------------------------------------------------------------------- */

int record_closing(struct recording *r, struct error *e) {
    const Madoguchi__Closing *c = r->request->closing;
    Journal__Closing *out = arena_alloc(r->arena, sizeof *out);
    if (out == NULL) {
        return view_no_room(e);
    }
    if (c->month >= r->today / 100) {
        return error_set(e, ERR_INVALID, "month",
                         "month: %04u-%02u is not over. A month is closed after its last day.",
                         "month：%04u-%02u はまだ終わっていません。月が終わってから締めて"
                         "ください。",
                         c->month / 100, c->month % 100);
    }
    if (c->has_service && catalogue_check(r->catalogue, "service", catalogue_list_of("service"),
                                          c->service, (ProtobufCBinaryData){0}, 0, e) < 0) {
        return -1;
    }
    if (reach_recording(r->person, RIGHT_MONTH, &c->service, NULL, true, e) < 0) {
        return -1;
    }
    uint64_t seq = reach_closed(record_view(r), c->month, c->service);
    if (seq != 0) {
        return error_set(e, ERR_STATE, "month",
                         "month: %04u-%02u is closed already, by #%llu. What comes later counts "
                         "as late.",
                         "month：%04u-%02u は #%llu で締め済みです。後の入力は締め後入力になり"
                         "ます。",
                         c->month / 100, c->month % 100, (unsigned long long)seq);
    }
    journal__closing__init(out);
    message_copy(&out->base, &c->base);
    r->entry->body_case = JOURNAL__ENTRY__BODY_CLOSING;
    r->entry->closing = out;
    return 0;
}

/* An entry of a month that is closed is recorded and is late. */
void record_warn_late(struct recording *r, uint32_t date, ProtobufCBinaryData service) {
    uint32_t month = date / 100;
    if (month == 0 || month > r->closed_last || reach_closed(record_view(r), month, service) == 0) {
        return;
    }
    char text[32];
    snprintf(text, sizeof text, "%04u-%02u", month / 100, month % 100);
    record_warn(r, "%s is closed: this is recorded as late.",
                "%s は締め済みです。締め後入力として記録します。", text);
}
