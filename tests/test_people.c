/* Accounts as entries: what they may be, that the last administrator stays, that whatever
 * is recorded next is judged by them; months that are closed; and the audit trail. */
#include "store/internal.h"
#include "tests/kit_people.h"
#include "tests/kit_private.h"
#include "tests/suite.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define ALL    "clerk;temporary;counsellor;supervisor;planner;auditor;administrator"
#define DAY_MS UINT64_C(86400000)
#define TODAY  20250615

static const struct person *person(struct kit *k, const char *name, uint32_t today) {
    const struct store_claim claim = {.name = name};
    return store_person(k->store, &claim, today);
}

static uint64_t seq_of(struct kit *k, const char *name) {
    const struct person *p = person(k, name, TODAY);
    ck_assert_ptr_nonnull(p);
    return p->seq;
}

/* A change of an account to these roles, with further fields. */
#define CHANGE(k, name_, roles, ...)                                    \
    kit_request(k, "account", "name", name_, "role", roles, "replaces", \
                kit_text(k, seq_of(k, name_)), __VA_ARGS__)

static void expect_code(struct kit *k, int code, const char *field, Madoguchi__Request *r) {
    kit_code(k, r);
    ck_assert_msg(k->last.code == code && strcmp(k->last.field, field) == 0, "%d %s, not %d %s: %s",
                  k->last.code, k->last.field, code, field, k->last.en);
}

/* ---- the founder ----------------------------------------------------------------------- */

static void founder_has_everything(struct kit *k) {
    const struct store_claim claim = {.has_uid = true, .uid = getuid()};
    const struct person *p = store_person(k->store, &claim, TODAY);
    ck_assert_ptr_nonnull(p);
    ck_assert_str_eq(p->name, "root");
    ck_assert_uint_eq(p->roles, (1u << ROLE_COUNT) - 1);
    ck_assert_uint_eq(p->n_service + p->n_office + p->n_certificate + p->until, 0);
    ck_assert_uint_eq(p->seq, 1);
    const Madoguchi__Page *page = kit_read(k, kit_request(k, "accounts", NULL));
    ck_assert_uint_eq(page->n_account, 1);
    ck_assert_uint_eq(page->account[0]->account->n_role, ROLE_COUNT);
    /* What was recorded as the Unix user before there were accounts is the founder's. */
    char actor[32];
    snprintf(actor, sizeof actor, "uid:%u", (unsigned)getuid());
    ck_assert(person_is(p, bytes_of(actor)) && person_is(p, bytes_of("root")));
    ck_assert(!person_is(p, bytes_of("uid:4711")));
    /* And asked again it is not done twice. */
    kit_become(k, NULL);
    k->actor = arena_printf(&k->arena, "%s", actor);
    Madoguchi__Request *r =
        kit_request(k, "tally", "service", "migration", "date", "2024-05-10", NULL);
    uint64_t seq = kit_record(k, r).seq;
    kit_become(k, "root");
    k->last = kit_record(k, r);
    ck_assert(k->last.code == 0 && k->last.known && k->last.seq == seq);
    kit_log(k, "migration", "2024-05-10", NULL);
    ck_assert_int_eq(kit_code(k, CHANGE(k, "root", ALL, "person", "山田", NULL)), 0);
    ck_assert_ptr_null(store_person(k->store, &claim, TODAY)); /* the change names no user */
}

/* Names of Unix users that are no words, or hold what looks like a number of somebody. */
static void founder_of_any_name(struct kit *k) {
    static const struct {
        const char *user, *name;
    } names[] = {{"Yamada", "yamada"}, {"a.b_c", "a-b-c"},   {"", "uid-1000"},
                 {"_apt", "apt"},      {"山田", "uid-1000"}, {"123456789018", "uid-1000"}};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        Journal__Entry founding = JOURNAL__ENTRY__INIT;
        Fold__Account account;
        SET(&founding, seq, 1);
        SET(&founding, actor, bytes_of("uid:1000"));
        SET(&founding, actor_name, bytes_of(names[i].user));
        ck_assert(people_founder(&founding, &k->arena, &account));
        ck_assert_msg(bytes_equal(account.account->name, names[i].name), "%s: %.*s", names[i].user,
                      (int)account.account->name.len, (const char *)account.account->name.data);
        SET(&founding, actor, bytes_of("somebody"));
        ck_assert(!people_founder(&founding, &k->arena, &account));
    }
}

/* ---- what an account may be --------------------------------------------------------------- */

static void accounts_are_checked(struct kit *k) {
    expect_code(k, ERR_INVALID, "role",
                kit_request(k, "account", "name", "a", "role", "boss", NULL));
    expect_code(k, ERR_INVALID, "role",
                kit_request(k, "account", "name", "a", "role", "clerk;clerk", NULL));
    expect_code(
        k, ERR_UNKNOWN_CODE, "service",
        kit_request(k, "account", "name", "a", "role", "clerk", "service", "fishing", NULL));
    expect_code(k, ERR_UNKNOWN_CODE, "office",
                kit_request(k, "account", "name", "a", "role", "clerk", "office", "moon", NULL));
    expect_code(k, ERR_INVALID, "name", kit_request(k, "account", "name", "A B", NULL));
    expect_code(k, ERR_INVALID, "name", kit_request(k, "account", "role", "clerk", NULL));
    expect_code(k, ERR_INDIVIDUAL_NUMBER, "name",
                kit_request(k, "account", "name", "123456789018", NULL));
    expect_code(k, ERR_INDIVIDUAL_NUMBER, "person",
                kit_request(k, "account", "name", "a", "person", "山田 123456789018", NULL));
    expect_code(k, ERR_INVALID, "certificate",
                kit_request(k, "account", "name", "a", "=certificate", "short", NULL));
    expect_code(k, ERR_INVALID, "until",
                kit_request(k, "account", "name", "a", "=until", "20250230", NULL));
    expect_code(k, ERR_NOT_FOUND, "name",
                kit_request(k, "account", "name", "a", "replaces", "3", NULL));
    ck_assert_uint_eq(kit_read(k, kit_request(k, "accounts", NULL))->n_account, 1);
}

static void changes_know_what_they_change(struct kit *k) {
    struct kit_answer answers[2];
    kit_person(k, "tanaka", "clerk", NULL, NULL, NULL);
    uint64_t first = seq_of(k, "tanaka");
    expect_code(k, ERR_STATE, "name", kit_request(k, "account", "name", "tanaka", NULL));
    /* Two at once of the same state: one of them did not know of the other. */
    Madoguchi__Request *both[] = {CHANGE(k, "tanaka", "clerk", "service", "migration", NULL),
                                  CHANGE(k, "tanaka", "clerk", "service", "citizen", NULL)};
    kit_group(k, both, 2, answers);
    ck_assert_int_eq(answers[0].code, 0);
    ck_assert_int_eq(answers[1].code, ERR_CONFLICT);
    ck_assert_str_eq(answers[1].field, "replaces");
    const struct person *p = person(k, "tanaka", TODAY);
    ck_assert_uint_eq(p->seq, answers[0].seq);
    ck_assert(p->n_service == 1 && bytes_equal(p->service[0], "migration"));
    ck_assert_uint_gt(p->seq, first);
    /* The same request again is the same answer. */
    Madoguchi__Request *again = both[0];
    kit_record(k, again);
    ck_assert(k->last.known && k->last.seq == answers[0].seq);
    /* Entries of accounts are neither corrected nor voided. */
    kit_become(k, "root");
    expect_code(k, ERR_NOT_FOUND, "entry",
                kit_request(k, "void", "seq", kit_text(k, p->seq), "reason", "x", NULL));
    expect_code(k, ERR_NOT_FOUND, "entry",
                kit_request(k, "correct", "seq", kit_text(k, p->seq), "channel", "phone", "reason",
                            "x", NULL));
    expect_code(k, ERR_NOT_FOUND, "entry",
                kit_request(k, "show", "seq", kit_text(k, p->seq), NULL));
    kit_become(k, NULL);
    expect_code(k, ERR_STATE, "entry",
                kit_request(k, "void", "seq", kit_text(k, p->seq), "reason", "x", NULL));
}

static Madoguchi__Request *with_certificate(struct kit *k, Madoguchi__Request *r, uint8_t byte) {
    ProtobufCBinaryData *list = arena_alloc(&k->arena, sizeof *list);
    uint8_t *bytes = arena_alloc(&k->arena, 32);
    memset(bytes, byte, 32);
    list[0] = (ProtobufCBinaryData){32, bytes};
    r->account->certificate = list;
    r->account->n_certificate = 1;
    return r;
}

static void one_user_one_account(struct kit *k) {
    struct kit_answer answers[2];
    uint8_t bytes[32];
    memset(bytes, 7, 32);
    const struct store_claim certificate = {.certificate = bytes};
    const struct store_claim user = {.has_uid = true, .uid = 4711};
    kit_person(k, "tanaka", "clerk", NULL, NULL, "uid", "4711", NULL);
    expect_code(k, ERR_STATE, "uid", kit_request(k, "account", "name", "abe", "uid", "4711", NULL));
    ck_assert_str_eq(store_person(k->store, &user, TODAY)->name, "tanaka");
    expect_code(k, 0, "", CHANGE(k, "tanaka", "clerk", "uid", "4711", "person", "田中", NULL));
    Madoguchi__Request *both[] = {
        with_certificate(k, kit_request(k, "account", "name", "abe", NULL), 7),
        with_certificate(k, kit_request(k, "account", "name", "ito", NULL), 7)};
    kit_group(k, both, 2, answers);
    ck_assert_int_eq(answers[0].code, 0);
    ck_assert_int_eq(answers[1].code, ERR_STATE);
    ck_assert_str_eq(answers[1].field, "certificate");
    ck_assert_str_eq(store_person(k->store, &certificate, TODAY)->name, "abe");
    memset(bytes, 8, 32);
    ck_assert_ptr_null(store_person(k->store, &certificate, TODAY));
    /* Taken away there, given here: also in one group. */
    Madoguchi__Request *moved[] = {CHANGE(k, "tanaka", "clerk", NULL),
                                   kit_request(k, "account", "name", "ueda", "uid", "4711", NULL)};
    kit_group(k, moved, 2, answers);
    ck_assert_int_eq(answers[0].code, 0);
    ck_assert_int_eq(answers[1].code, 0);
    ck_assert_str_eq(store_person(k->store, &user, TODAY)->name, "ueda");
}

/* ---- the last administrator ----------------------------------------------------------------- */

static void an_administrator_stays(struct kit *k) {
    struct kit_answer answers[2];
    kit_become(k, "root");
    expect_code(k, ERR_STATE, "role", CHANGE(k, "root", "clerk", NULL));
    expect_code(k, ERR_STATE, "role", CHANGE(k, "root", ALL, "disabled", "yes", NULL));
    expect_code(k, ERR_STATE, "role", CHANGE(k, "root", ALL, "=until", "20250614", NULL));
    expect_code(k, ERR_STATE, "role", CHANGE(k, "root", ALL, "=until", "20301231", NULL));
    /* One who is gone some day, or cannot be used, is none. */
    kit_person(k, "second", "administrator", NULL, NULL, "=until", "20301231", NULL);
    kit_person(k, "third", "administrator", NULL, NULL, "disabled", "yes", NULL);
    expect_code(k, ERR_STATE, "role", CHANGE(k, "root", "clerk", NULL));
    kit_become(k, NULL);
    kit_person(k, "second", "administrator", NULL, NULL, NULL);
    /* Both in one group: the second is the last. */
    Madoguchi__Request *both[] = {CHANGE(k, "root", ALL, "disabled", "yes", NULL),
                                  CHANGE(k, "second", "administrator", "disabled", "yes", NULL)};
    kit_group(k, both, 2, answers);
    ck_assert_int_eq(answers[0].code, 0);
    ck_assert_int_eq(answers[1].code, ERR_STATE);
    ck_assert_str_eq(answers[1].field, "role");
    ck_assert_ptr_null(person(k, "root", TODAY));
    ck_assert_ptr_nonnull(person(k, "second", TODAY));
}

/* ---- what comes next is judged by it -----------------------------------------------------------
 */

static int record_as(struct kit *k, const char *name, Madoguchi__Request *r, struct error *e) {
    struct store_actor actor = {.id = name, .account = true};
    struct store_result result;
    *e = (struct error){0};
    return store_record(k->store, &actor, r, &k->arena, &result, e);
}

static Madoguchi__Request *some_log(struct kit *k) {
    return kit_request(k, "log", "service", "migration", "date", "2024-05-10", NULL);
}

static void the_next_request_sees_it(struct kit *k) {
    struct error e;
    ck_assert_int_eq(store_begin(k->store, k->now, &e), STORE_DONE);
    ck_assert_int_eq(record_as(k, "tanaka", some_log(k), &e), -1);
    ck_assert_int_eq(e.code, ERR_FORBIDDEN);
    ck_assert_int_eq(record_as(k, "root",
                               kit_request(k, "account", "name", "tanaka", "role", "clerk", NULL),
                               &e),
                     0);
    ck_assert_int_eq(record_as(k, "tanaka", some_log(k), &e), 0);
    ck_assert_int_eq(record_as(k, "root", CHANGE(k, "tanaka", "auditor", NULL), &e), 0);
    ck_assert_int_eq(record_as(k, "tanaka", some_log(k), &e), -1);
    ck_assert_str_eq(e.field, "log");
    ck_assert_int_eq(
        record_as(k, "root", CHANGE(k, "tanaka", "clerk", "disabled", "yes", NULL), &e), 0);
    ck_assert_int_eq(record_as(k, "tanaka", some_log(k), &e), -1);
    ck_assert_str_eq(e.field, "account");
    ck_assert_int_eq(store_commit(k->store, &e), STORE_DONE);
    kit_stats(k, "cases", "FY2024", NULL, NULL, "1");
}

/* What was given up has not happened, to the people either. */
static void what_is_given_up_changes_nobody(struct kit *k) {
    struct error e;
    kit_person(k, "tanaka", "clerk", NULL, NULL, "uid", "4711", NULL);
    const struct store_claim user = {.has_uid = true, .uid = 4711};
    for (int round = 0; round < 3; round++) {
        uint64_t version = store_people_version(k->store);
        ck_assert_int_eq(store_begin(k->store, k->now, &e), STORE_DONE);
        ck_assert_int_eq(record_as(k, "root", CHANGE(k, "tanaka", "auditor", NULL), &e), 0);
        ck_assert_int_eq(
            record_as(k, "root", kit_request(k, "account", "name", "abe", "uid", "4711", NULL), &e),
            0);
        ck_assert_str_eq(store_person(k->store, &user, TODAY)->name, "abe");
        store_abort(k->store);
        ck_assert_uint_ne(store_people_version(k->store), version);
        if (round == 1) { /* also when a group comes before anybody asks */
            ck_assert_int_eq(store_begin(k->store, k->now, &e), STORE_DONE);
            ck_assert_int_eq(record_as(k, "tanaka", some_log(k), &e), 0);
            ck_assert_int_eq(store_commit(k->store, &e), STORE_DONE);
        }
        ck_assert_ptr_null(person(k, "abe", TODAY));
        ck_assert_str_eq(store_person(k->store, &user, TODAY)->name, "tanaka");
        ck_assert_uint_eq(person(k, "tanaka", TODAY)->roles, 1u << ROLE_CLERK);
    }
    kit_become(k, "tanaka");
    kit_log(k, "migration", "2024-05-10", NULL);
    kit_become(k, NULL);
    kit_person(k, "abe", "auditor", NULL, NULL, NULL);
}

static void accounts_expire(struct kit *k) {
    kit_person(k, "tanaka", "clerk", NULL, NULL, "=until", "20250615", NULL);
    kit_become(k, "tanaka");
    kit_log(k, "migration", "2024-05-10", NULL);
    k->now += DAY_MS / 2 - 1000; /* 23:59:59 in Japan */
    kit_log(k, "migration", "2024-05-10", NULL);
    ck_assert_ptr_nonnull(person(k, "tanaka", 20250615));
    k->now += 1000;
    expect_code(k, ERR_FORBIDDEN, "account", some_log(k));
    ck_assert_ptr_null(person(k, "tanaka", 20250616));
    kit_become(k, NULL);
    kit_person(k, "tanaka", "clerk", NULL, NULL, "=until", "20250616", NULL);
    kit_become(k, "tanaka");
    kit_log(k, "migration", "2024-05-10", NULL);
}

static void print_people(struct kit *k, char out[2000]) {
    size_t n = 0;
    for (size_t i = 0; i < k->store->people.n; i++) {
        const struct person *p = k->store->people.all[i];
        n += (size_t)snprintf(out + n, 2000 - n, "%s|%s|%s|%x|%zu %zu %zu|%d %u|%u|%d|%llu\n",
                              p->name, p->person != NULL ? p->person : "", p->before, p->roles,
                              p->n_service, p->n_office, p->n_certificate, p->has_uid, p->uid,
                              p->until, p->disabled, (unsigned long long)p->seq);
        ck_assert_uint_lt(n, 2000);
    }
}

static void a_restart_knows_the_same_people(struct kit *k) {
    char before[2000];
    char after[2000];
    kit_person(k, "zen", "clerk;auditor", "migration;citizen", "branch", "person", "禅", NULL);
    kit_person(k, "abe", "planner", NULL, NULL, "uid", "4711", "=until", "20300101", NULL);
    kit_record(k, with_certificate(k, kit_request(k, "account", "name", "m-1", NULL), 3));
    kit_person(k, "zen", "clerk", "migration", NULL, "disabled", "yes", NULL);
    kit_person(k, "m", NULL, NULL, NULL, NULL);
    print_people(k, before);
    ck_assert_ptr_nonnull(strstr(before, "abe|"));
    kit_close(k, false);
    kit_open(k);
    print_people(k, after);
    ck_assert_str_eq(before, after);
    kit_refold(k);
    print_people(k, after);
    ck_assert_str_eq(before, after);
}

static void accounts_are_bounded(struct kit *k) {
    enum { EACH = 1000 };
    Madoguchi__Request **list = calloc(EACH, sizeof(Madoguchi__Request *));
    struct kit_answer *answers = calloc(EACH, sizeof *answers);
    size_t made = 1;
    while (made < PEOPLE_MAX) {
        size_t n = 0;
        for (; n < EACH && made < PEOPLE_MAX; n++, made++) {
            list[n] =
                kit_request(k, "account", "name", arena_printf(&k->arena, "u%zu", made), NULL);
        }
        kit_group(k, list, n, answers);
        for (size_t i = 0; i < n; i++) {
            ck_assert_msg(answers[i].code == 0, "%s", answers[i].en);
        }
        arena_reset(&k->arena);
    }
    expect_code(k, ERR_TOO_MUCH, "name", kit_request(k, "account", "name", "one-more", NULL));
    kit_person(k, "u77", "clerk", NULL, NULL, NULL); /* changing goes on */
    free(list);
    free(answers);
}

/* ---- months
 * ---------------------------------------------------------------------------------------- */

static Madoguchi__Request *close_month(struct kit *k, const char *month, const char *service) {
    return kit_request(k, "closing", "=month", month, "service", service, NULL);
}

static void months_are_closed(struct kit *k) {
    uint64_t own[2];
    kit_person(k, "tanaka", "clerk", NULL, NULL, NULL);
    kit_person(k, "sato", "supervisor", NULL, NULL, NULL);
    kit_become(k, "tanaka");
    kit_log(k, "migration", "2024-04-10", NULL);
    own[0] = k->last.seq;
    kit_log(k, "citizen", "2024-04-10", NULL);
    own[1] = k->last.seq;
    kit_become(k, "sato");
    expect_code(k, ERR_INVALID, "month", close_month(k, "202506", ""));
    expect_code(k, ERR_INVALID, "month", close_month(k, "202512", ""));
    expect_code(k, ERR_INVALID, "month", close_month(k, "202413", ""));
    expect_code(k, ERR_UNKNOWN_CODE, "service", close_month(k, "202404", "fishing"));
    expect_code(k, 0, "", close_month(k, "202505", ""));
    expect_code(k, 0, "", close_month(k, "202404", "migration"));
    expect_code(k, ERR_STATE, "month", close_month(k, "202404", "migration"));
    kit_become(k, "tanaka");
    for (int i = 0; i < 2; i++) { /* of one service only */
        expect_code(k, i == 0 ? ERR_FORBIDDEN : 0, i == 0 ? "entry" : "",
                    kit_request(k, "correct", "seq", kit_text(k, own[i]), "channel", "phone",
                                "reason", "x", NULL));
    }
    kit_warned(k, 1, "log", "service", "migration", "date", "2024-04-20", NULL);
    kit_ok(k, "log", "service", "citizen", "date", "2024-04-20", NULL);
    kit_become(k, "sato");
    expect_code(k, 0, "", close_month(k, "202404", ""));
    expect_code(k, ERR_STATE, "month", close_month(k, "202404", "citizen"));
    expect_code(k, 0, "",
                kit_request(k, "correct", "seq", kit_text(k, own[0]), "channel", "phone", "reason",
                            "x", NULL));
    kit_become(k, "tanaka");
    expect_code(k, ERR_FORBIDDEN, "entry",
                kit_request(k, "void", "seq", kit_text(k, own[1]), "reason", "x", NULL));
    kit_become(k, NULL);
    kit_close(k, true);
    kit_open(k);
    kit_become(k, "tanaka");
    kit_warned(k, 1, "tally", "service", "citizen", "date", "2024-04-20", NULL);
    kit_become(k, NULL);
}

/* ---- the audit trail
 * ----------------------------------------------------------------------------------- */

/* What is seen, as "seq kind; seq kind". */
static const char *audit(struct kit *k, Madoguchi__Request *r) {
    const Madoguchi__Page *page = kit_read(k, r);
    ck_assert_msg(page != NULL, "%s", k->last.en);
    char *text = arena_alloc(&k->arena, 4000);
    size_t n = 0;
    text[0] = '\0';
    for (size_t i = 0; i < page->n_entry; i++) {
        n +=
            (size_t)snprintf(text + n, 4000 - n, "%s%llu %.*s", i > 0 ? "; " : "",
                             (unsigned long long)page->entry[i]->seq, (int)page->entry[i]->kind.len,
                             (const char *)page->entry[i]->kind.data);
    }
    return text;
}

static void note(struct kit *k, const char *actor, Journal__Notice *notice) {
    struct store_actor who = {.id = actor};
    struct store_result result;
    struct error e;
    ck_assert_int_eq(store_begin(k->store, k->now, &e), STORE_DONE);
    ck_assert_int_eq(store_note(k->store, &who, notice, &k->arena, &result, &e), 0);
    ck_assert_int_eq(store_commit(k->store, &e), STORE_DONE);
}

static void the_audit_trail_has_filters(struct kit *k) {
    kit_person(k, "tanaka", "clerk", NULL, NULL, NULL);                        /* 3 */
    kit_become(k, "tanaka");                                                   //
    const char *c = kit_log(k, "migration", "2024-05-10", NULL);               /* 4 */
    const char *d = kit_log(k, "migration", "2024-05-11", NULL);               /* 5 */
    kit_ok(k, "contact", "case_number", c, "date", "2024-05-12", NULL);        /* 6 */
    kit_ok(k, "correct", "seq", "6", "channel", "phone", "reason", "x", NULL); /* 7 */
    k->now += DAY_MS;
    kit_ok(k, "void", "seq", "7", "reason", "y", NULL);  /* 8 */
    kit_ok(k, "void", "number", d, "reason", "z", NULL); /* 9 */
    kit_become(k, "root");
    kit_ok(k, "closing", "=month", "202404", NULL); /* 10 */
    Journal__Notice failed = JOURNAL__NOTICE__INIT;
    SET(&failed, kind, NOTICE_LOGIN_FAILED);
    SET(&failed, account, bytes_of("tanaka"));
    SET(&failed, source, bytes_of("192.0.2.7"));
    SET(&failed, count, 3);
    note(k, "192.0.2.7", &failed); /* 11 */
    ck_assert_str_eq(audit(k, kit_request(k, "audit", NULL)),
                     "1 founding; 2 catalogue; 3 account; 7 correct; 8 void; 9 void; "
                     "10 month-close; 11 login-failed");
    ck_assert_str_eq(audit(k, kit_request(k, "audit", "actor", "tanaka", NULL)),
                     "7 correct; 8 void; 9 void; 11 login-failed");
    ck_assert_str_eq(audit(k, kit_request(k, "audit", "actor", "root", NULL)),
                     "1 founding; 2 catalogue; 10 month-close");
    ck_assert_str_eq(audit(k, kit_request(k, "audit", "actor", "nobody", NULL)), "");
    ck_assert_str_eq(audit(k, kit_request(k, "audit", "kind", "void;account", NULL)),
                     "3 account; 8 void; 9 void");
    ck_assert_str_eq(audit(k, kit_request(k, "audit", "kind", "login-failed", NULL)),
                     "11 login-failed");
    ck_assert_str_eq(audit(k, kit_request(k, "audit", "number", c, NULL)), "7 correct; 8 void");
    ck_assert_str_eq(audit(k, kit_request(k, "audit", "number", d, NULL)), "9 void");
    expect_code(k, ERR_NOT_FOUND, "number",
                kit_request(k, "audit", "number", "M-2024-000777", NULL));
    ck_assert_str_eq(audit(k, kit_request(k, "audit", "from", "2025-06-16", NULL)),
                     "8 void; 9 void; 10 month-close; 11 login-failed");
    ck_assert_str_eq(
        audit(k, kit_request(k, "audit", "to", "2025-06-15", "kind", "void;correct", NULL)),
        "7 correct");
    ck_assert_str_eq(audit(k, kit_request(k, "audit", "from", "2025-06-16", "to", "2025-06-16",
                                          "actor", "tanaka", "kind", "void", "number", d, NULL)),
                     "9 void");
    kit_become(k, NULL);
}

static void (*const scenarios[])(struct kit *k) = {
    founder_has_everything,
    founder_of_any_name,
    accounts_are_checked,
    changes_know_what_they_change,
    one_user_one_account,
    an_administrator_stays,
    the_next_request_sees_it,
    what_is_given_up_changes_nobody,
    accounts_expire,
    a_restart_knows_the_same_people,
    accounts_are_bounded,
    months_are_closed,
    the_audit_trail_has_filters,
};

START_TEST(scenario) {
    struct kit k;
    kit_start(&k, false);
    scenarios[_i](&k);
    kit_become(&k, NULL);
    kit_finish(&k);
}
END_TEST

int main(void) {
    Suite *s = suite_create("people");
    TCase *t = tcase_create("in process");
    tcase_set_timeout(t, 120);
    tcase_add_loop_test(t, scenario, 0, (int)(sizeof scenarios / sizeof scenarios[0]));
    suite_add_tcase(s, t);
    kit_begin();
    int status = suite_run(s);
    kit_end();
    return status;
}
