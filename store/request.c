/* One request on its way into a group: was it recorded before, who asks, what entry it
 * makes.  And what the daemon records of itself. */
#include "store/internal.h"

#include "proto/calendar.h"
#include "proto/check.h"

#include <sodium.h>
#include <string.h>

/* What the request asks for, without what may differ when it is asked again. */
static int request_hash(const Madoguchi__Request *request, struct arena *a, uint8_t hash[32],
                        struct error *e) {
    Madoguchi__Request plain = *request;
    Madoguchi__Act act;
    Madoguchi__Publication publication;
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
    if (plain.body_case == MADOGUCHI__REQUEST__BODY_PUBLICATION) {
        publication = *plain.publication; /* when it is asked again the numbers may be others */
        publication.has_position = 0;
        publication.n_figure = 0;
        plain.publication = &publication;
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
    bool found = txn_get_u64(&record_view(r)->txn, TABLE_REQUESTS, &k, &seq);
    if (!found && r->person != NULL && r->person->has_uid) {
        /* Asked for the first time before there were accounts, and again after that. */
        fold_request_key(&k, r->person->before, strlen(r->person->before), request->id);
        found = txn_get_u64(&record_view(r)->txn, TABLE_REQUESTS, &k, &seq);
    }
    if (!found) {
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
        return request->act->has_date ? request->act->date : 0;
    case MADOGUCHI__REQUEST__BODY_SESSION:
        return request->session->has_date ? request->session->date : 0;
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
    store_forget_catalogue(s);
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

/* ---- people ------------------------------------------------------------------------------ */

const struct person *store_person(struct store *s, const struct store_claim *claim,
                                  uint32_t today) {
    const struct person *p = NULL;
    struct error ignored;
    if (store_people_ready(s, &ignored) < 0) {
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

const struct person *store_person_with_all(struct store *s, uint32_t today) {
    struct error ignored;
    return store_people_ready(s, &ignored) < 0 ? NULL : people_with_all(&s->people, today);
}

bool store_has_account(struct store *s, const char *name) {
    struct error ignored;
    return store_people_ready(s, &ignored) == 0 &&
           people_find(&s->people, name, strlen(name)) != NULL;
}

bool store_people_known(struct store *s) {
    struct error ignored;
    return store_people_ready(s, &ignored) == 0;
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
