/* Requests by words, and what comes of them. */
#include "proto/check.h"
#include "proto/yaml.h"
#include "tests/kit_private.h"
#include "tests/messages.h"

#include <check.h>
#include <stdarg.h>
#include <stdio.h>

/* ---- requests --------------------------------------------------------------------- */

/* plans/catalogue.yaml, embedded by the Makefile. */
extern const unsigned char catalogue_yaml[];
extern const size_t catalogue_yaml_len;

static const struct {
    const char *word;
    Madoguchi__Request__BodyCase body;
    int kind; /* 0: the message has none */
} words[] = {
    {"log", MADOGUCHI__REQUEST__BODY_ACT, MADOGUCHI__ACT_KIND__LOG},
    {"tally", MADOGUCHI__REQUEST__BODY_ACT, MADOGUCHI__ACT_KIND__TALLY},
    {"decline", MADOGUCHI__REQUEST__BODY_ACT, MADOGUCHI__ACT_KIND__DECLINE},
    {"contact", MADOGUCHI__REQUEST__BODY_ACT, MADOGUCHI__ACT_KIND__CONTACT},
    {"outcome", MADOGUCHI__REQUEST__BODY_ACT, MADOGUCHI__ACT_KIND__OUTCOME},
    {"refer", MADOGUCHI__REQUEST__BODY_ACT, MADOGUCHI__ACT_KIND__REFER},
    {"close", MADOGUCHI__REQUEST__BODY_ACT, MADOGUCHI__ACT_KIND__CLOSE},
    {"reopen", MADOGUCHI__REQUEST__BODY_ACT, MADOGUCHI__ACT_KIND__REOPEN},
    {"plan", MADOGUCHI__REQUEST__BODY_SESSION, MADOGUCHI__SESSION_KIND__PLAN},
    {"hold", MADOGUCHI__REQUEST__BODY_SESSION, MADOGUCHI__SESSION_KIND__HOLD},
    {"cancel", MADOGUCHI__REQUEST__BODY_SESSION, MADOGUCHI__SESSION_KIND__CANCEL},
    {"figure", MADOGUCHI__REQUEST__BODY_FIGURE, 0},
    {"coverage", MADOGUCHI__REQUEST__BODY_COVERAGE, 0},
    {"correct", MADOGUCHI__REQUEST__BODY_CORRECTION, 0},
    {"void", MADOGUCHI__REQUEST__BODY_VOIDING, 0},
    {"account", MADOGUCHI__REQUEST__BODY_ACCOUNT, 0},
    {"closing", MADOGUCHI__REQUEST__BODY_CLOSING, 0},
    {"publication", MADOGUCHI__REQUEST__BODY_PUBLICATION, 0},
    {"show", MADOGUCHI__REQUEST__BODY_SHOW, 0},
    {"list", MADOGUCHI__REQUEST__BODY_LIST, 0},
    {"stats", MADOGUCHI__REQUEST__BODY_STATS, 0},
    {"indicators", MADOGUCHI__REQUEST__BODY_INDICATORS, 0},
    {"prove", MADOGUCHI__REQUEST__BODY_PROVE, 0},
    {"documents", MADOGUCHI__REQUEST__BODY_DOCUMENTS, 0},
    {"status", MADOGUCHI__REQUEST__BODY_STATUS, 0},
    {"verify", MADOGUCHI__REQUEST__BODY_VERIFY, 0},
    {"ping", MADOGUCHI__REQUEST__BODY_PING, 0},
    {"backup", MADOGUCHI__REQUEST__BODY_BACKUP, 0},
    {"accounts", MADOGUCHI__REQUEST__BODY_ACCOUNTS, 0},
    {"audit", MADOGUCHI__REQUEST__BODY_AUDIT, 0},
    {"restatements", MADOGUCHI__REQUEST__BODY_RESTATEMENTS, 0},
    {"login", MADOGUCHI__REQUEST__BODY_LOGIN, 0},
    {"logout", MADOGUCHI__REQUEST__BODY_LOGOUT, 0},
    {"password", MADOGUCHI__REQUEST__BODY_PASSWORD, 0},
    {"whoami", MADOGUCHI__REQUEST__BODY_WHOAMI, 0},
};

void kit_set_text(struct kit *k, ProtobufCMessage *m, const char *name, const char *value) {
    struct error e = {0};
    ck_assert_msg(message_set_text(m, name, value, &k->arena, &e) == 0, "%s: %s: %s", name, value,
                  e.en);
}

static void set_envelope(struct kit *k, Madoguchi__Request *r, const char *name,
                         const char *value) {
    if (strcmp(name, "source") == 0 || strcmp(name, "ref") == 0 || strcmp(name, "nth") == 0) {
        if (r->row == NULL) {
            r->row = arena_alloc(&k->arena, sizeof *r->row);
            madoguchi__row__init(r->row);
            SET(r->row, nth, 1);
        }
        kit_set_text(k, &r->row->base, name, value);
    } else {
        kit_set_text(k, &r->base, name, value);
    }
}

static void add_change(struct kit *k, Madoguchi__Correction *c, const char *name,
                       const char *value) {
    if (c->change == NULL) {
        c->change = arena_alloc(&k->arena, 32 * sizeof(Madoguchi__Change *));
    }
    ck_assert_uint_lt(c->n_change, 32);
    Madoguchi__Change *change = arena_alloc(&k->arena, sizeof *change);
    madoguchi__change__init(change);
    SET(change, field, bytes_of(name));
    SET(change, value, bytes_of(value));
    c->change[c->n_change++] = change;
}

Madoguchi__Request *kit_new_request(struct kit *k, Madoguchi__Request__BodyCase body) {
    const ProtobufCMessageDescriptor *type =
        protobuf_c_message_descriptor_get_field(&madoguchi__request__descriptor, (unsigned)body)
            ->descriptor;
    Madoguchi__Request *r = arena_alloc(&k->arena, sizeof *r);
    ProtobufCMessage *m = arena_alloc(&k->arena, type->sizeof_message);
    ck_assert(r != NULL && m != NULL);
    madoguchi__request__init(r);
    protobuf_c_message_init(type, m);
    r->body_case = body;
    r->act = (Madoguchi__Act *)m; /* any member of the union */
    if (check_request_records(r)) {
        uint8_t *id = arena_zalloc(&k->arena, 16);
        uint64_t n = ++k->ids;
        for (size_t i = 0; i < 8; i++) {
            id[15 - i] = (uint8_t)(n >> (8 * i));
        }
        SET(r, id, ((ProtobufCBinaryData){16, id}));
    }
    return r;
}

static void set_field(struct kit *k, Madoguchi__Request *r, const char *name, const char *value) {
    ProtobufCMessage *m = &r->act->base;
    if (name[0] == '+') {
        set_envelope(k, r, name + 1, value);
    } else if (name[0] == '=') {
        messages_set(&k->arena, m, name + 1, value, strlen(value));
    } else if (r->body_case == MADOGUCHI__REQUEST__BODY_CORRECTION && strcmp(name, "seq") != 0 &&
               strcmp(name, "reason") != 0) {
        add_change(k, r->correction, name, value);
    } else {
        kit_set_text(k, m, name, value);
    }
}

static Madoguchi__Request *request_of(struct kit *k, const char *word, va_list ap) {
    size_t i = 0;
    size_t n = sizeof words / sizeof words[0];
    while (i < n && strcmp(words[i].word, word) != 0) {
        i++;
    }
    ck_assert_msg(i < n, "no word %s", word);
    Madoguchi__Request *r = kit_new_request(k, words[i].body);
    if (words[i].kind != 0) {
        messages_set(&k->arena, &r->act->base, "kind", kit_text(k, (uint64_t)words[i].kind), 1);
    }
    for (const char *name; (name = va_arg(ap, const char *)) != NULL;) {
        const char *value = va_arg(ap, const char *);
        ck_assert_msg(value != NULL, "%s without a value", name);
        set_field(k, r, name, value);
    }
    return r;
}

Madoguchi__Request *kit_request(struct kit *k, const char *word, ...) {
    va_list ap;
    va_start(ap, word);
    Madoguchi__Request *r = request_of(k, word, ap);
    va_end(ap);
    return r;
}

const char *kit_text(struct kit *k, uint64_t number) {
    return arena_printf(&k->arena, "%llu", (unsigned long long)number);
}

/* ---- recording -------------------------------------------------------------------- */

struct kit_answer kit_refusal(const struct error *e) {
    struct kit_answer a = {.code = e->code};
    snprintf(a.field, sizeof a.field, "%s", e->field);
    snprintf(a.en, sizeof a.en, "%s", e->en);
    snprintf(a.near, sizeof a.near, "%s", e->n_near > 0 ? e->near[0] : "");
    ck_assert_str_ne(e->en, "");
    ck_assert_str_ne(e->ja, "");
    return a;
}

/* What the daemon does before a publication's turn comes: its figures are worked out. */
static int prepare(struct kit *k, Madoguchi__Request *r, struct error *e) {
    Madoguchi__Publication *p = r->publication;
    if (r->body_case != MADOGUCHI__REQUEST__BODY_PUBLICATION) {
        return 0;
    }
    return check_request(r, e) < 0 || store_settle(k->store, e) < 0
               ? -1
               : store_evaluate(k->store, p->plan, p->year, k->now, NULL, NULL, &k->arena, p, e);
}

/* Whether the store may see it.  The pieces of a document are put together before. */
static int check(const Madoguchi__Request *r, struct error *e) {
    return r->body_case == MADOGUCHI__REQUEST__BODY_PUT ||
                   r->body_case == MADOGUCHI__REQUEST__BODY_PUBLICATION
               ? 0
               : check_request(r, e);
}

static void record_in_process(struct kit *k, Madoguchi__Request **requests, size_t n,
                              struct kit_answer *answers) {
    struct store_actor actor = {.id = k->actor, .name = "tester", .account = k->account};
    struct error e = {0};
    if (n == 1 && prepare(k, requests[0], &e) < 0) {
        answers[0] = kit_refusal(&e);
        return;
    }
    enum store_outcome outcome = store_begin(k->store, k->now, &e);
    ck_assert_int_ne(outcome, STORE_FATAL);
    for (size_t i = 0; i < n; i++) {
        struct store_result result = {0};
        int rc = -1;
        if (outcome == STORE_DONE) {
            memset(&e, 0, sizeof e);
            rc = check(requests[i], &e);
            if (rc == 0) {
                rc = store_record(k->store, &actor, requests[i], &k->arena, &result, &e);
            }
        }
        if (rc < 0) {
            ck_assert_msg(outcome == STORE_REFUSED || !store_broken(k->store), "broken: %s", e.en);
            answers[i] = kit_refusal(&e);
            continue;
        }
        answers[i] = (struct kit_answer){
            .seq = result.seq, .known = result.known, .n_warning = result.n_warning};
        snprintf(answers[i].number, sizeof answers[i].number, "%s",
                 result.number != NULL ? result.number : "");
    }
    if (outcome == STORE_DONE) {
        ck_assert_msg(store_commit(k->store, &e) == STORE_DONE, "%s", e.en);
    }
}

static void copy_text(char *out, size_t size, ProtobufCBinaryData text) {
    snprintf(out, size, "%.*s", (int)text.len, (const char *)text.data);
}

struct kit_answer kit_answer_from(const Madoguchi__Answer *answer) {
    struct kit_answer a = {0};
    if (answer->body_case == MADOGUCHI__ANSWER__BODY_ERROR) {
        const Madoguchi__Error *e = answer->error;
        a.code = (int)e->code;
        copy_text(a.field, sizeof a.field, e->field);
        copy_text(a.en, sizeof a.en, e->en);
        if (e->n_near > 0) {
            copy_text(a.near, sizeof a.near, e->near[0]);
        }
        ck_assert_uint_gt(e->en.len, 0);
        ck_assert_uint_gt(e->ja.len, 0);
        return a;
    }
    ck_assert_int_eq(answer->body_case, MADOGUCHI__ANSWER__BODY_RECORDED);
    const Madoguchi__Recorded *r = answer->recorded;
    a.seq = r->seq;
    a.known = r->has_known && r->known;
    a.n_warning = r->n_warning;
    copy_text(a.number, sizeof a.number, r->number);
    return a;
}

void kit_group(struct kit *k, Madoguchi__Request **requests, size_t n, struct kit_answer *answers) {
    if (!k->daemon) {
        record_in_process(k, requests, n, answers);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        ck_assert(kit_send_request(k->fd, (uint32_t)(100 + i), requests[i]));
    }
    for (size_t i = 0; i < n; i++) {
        const Madoguchi__Answer *answer = kit_answer_of(k->fd, &k->arena);
        ck_assert_uint_eq(answer->serial, 100 + i);
        answers[i] = kit_answer_from(answer);
    }
}

struct kit_answer kit_record(struct kit *k, Madoguchi__Request *request) {
    kit_group(k, &request, 1, &k->last);
    return k->last;
}

static uint64_t recorded(struct kit *k, size_t warnings, Madoguchi__Request *r, const char *word) {
    kit_record(k, r);
    ck_assert_msg(k->last.code == 0, "%s: refused with %d %s: %s", word, k->last.code,
                  k->last.field, k->last.en);
    ck_assert_msg(k->last.n_warning == warnings, "%s: %zu warnings", word, k->last.n_warning);
    return k->last.seq;
}

uint64_t kit_ok(struct kit *k, const char *word, ...) {
    va_list ap;
    va_start(ap, word);
    uint64_t seq = recorded(k, 0, request_of(k, word, ap), word);
    va_end(ap);
    return seq;
}

uint64_t kit_warned(struct kit *k, size_t warnings, const char *word, ...) {
    va_list ap;
    va_start(ap, word);
    uint64_t seq = recorded(k, warnings, request_of(k, word, ap), word);
    va_end(ap);
    return seq;
}

static const char *opened(struct kit *k, Madoguchi__Request *r, const char *word, const char *first,
                          const char *value, const char *date) {
    set_field(k, r, first, value);
    set_field(k, r, "date", date);
    recorded(k, 0, r, word);
    ck_assert_str_ne(k->last.number, "");
    return arena_strndup(&k->arena, k->last.number, strlen(k->last.number));
}

const char *kit_log(struct kit *k, const char *service, const char *date, ...) {
    va_list ap;
    va_start(ap, date);
    const char *number = opened(k, request_of(k, "log", ap), "log", "service", service, date);
    va_end(ap);
    return number;
}

const char *kit_plan(struct kit *k, const char *kind, const char *date, ...) {
    va_list ap;
    va_start(ap, date);
    const char *number = opened(k, request_of(k, "plan", ap), "plan", "session_kind", kind, date);
    va_end(ap);
    return number;
}

const char *kit_hold(struct kit *k, const char *kind, const char *date, ...) {
    va_list ap;
    va_start(ap, date);
    const char *number = opened(k, request_of(k, "hold", ap), "hold", "session_kind", kind, date);
    va_end(ap);
    return number;
}

void kit_refused(struct kit *k, int code, const char *field, const char *word, ...) {
    uint64_t head = kit_head(k);
    va_list ap;
    va_start(ap, word);
    kit_record(k, request_of(k, word, ap));
    va_end(ap);
    ck_assert_msg(k->last.code == code && strcmp(k->last.field, field) == 0,
                  "%s: %d \"%s\", not %d \"%s\": %s", word, k->last.code, k->last.field, code,
                  field, k->last.en);
    struct kit_answer kept = k->last;
    ck_assert_uint_eq(kit_head(k), head);
    k->last = kept;
}

void kit_said(struct kit *k, const char *part) {
    ck_assert_msg(strstr(k->last.en, part) != NULL, "\"%s\" does not say \"%s\"", k->last.en, part);
}

struct kit_answer kit_put(struct kit *k, int kind, const void *data, size_t len) {
    Madoguchi__Request *r = kit_new_request(k, MADOGUCHI__REQUEST__BODY_PUT);
    SET(r->put, kind, (Madoguchi__DocumentKind)kind);
    SET(r->put, piece, 0);
    SET(r->put, pieces, 1);
    SET(r->put, data, ((ProtobufCBinaryData){len, (uint8_t *)data}));
    return kit_record(k, r);
}

struct kit_answer kit_put_catalogue(struct kit *k, const char *from, const char *to) {
    struct error e;
    ProtobufCBinaryData packed;
    const char *text = (const char *)catalogue_yaml;
    const char *at = memmem(text, catalogue_yaml_len, from, strlen(from));
    ck_assert_ptr_nonnull(at);
    const char *rest = at + strlen(from);
    const char *edited = arena_printf(&k->arena, "%.*s%s%.*s", (int)(at - text), text, to,
                                      (int)(catalogue_yaml_len - (size_t)(rest - text)), rest);
    ck_assert_msg(yaml_catalogue(edited, strlen(edited), "edited.yaml", &k->arena, &packed, &e) ==
                      0,
                  "%s", e.en);
    return kit_put(k, MADOGUCHI__DOCUMENT_KIND__CATALOGUE, packed.data, packed.len);
}

void kit_tick(struct kit *k) {
    if (k->daemon) {
        kit_pause(3);
    } else {
        k->now += 1000;
    }
}
