/* The n-th call fails, for every n until a run has no failure: calls to the
 * disk, to the memory allocator and to LMDB.  Nothing wrong is ever
 * acknowledged, not after the restart either, whether the page cache still
 * shows what a failed flush lost or not.
 *
 * NTH_ALL=1 tries every kind of failure at every call instead of one at random;
 * SEED repeats a run. */
#include "tests/kit_private.h"
#include "tests/power_kit.h"
#include "tests/suite.h"

#include <check.h>
#include <errno.h>
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* ---- memory and tables ------------------------------------------------------------------
 *
 * The Makefile links this program so that the calls of the store come here. */

static struct {
    size_t nth;  /* 0: none fails */
    bool memory; /* of malloc and its like; else of LMDB */
    bool on;     /* and all after it */
    int error;   /* of LMDB */
    bool failed;
} fault;
static bool armed;
static bool no_commits; /* of LMDB succeeds */

static bool fails(bool memory) {
    if (!armed || fault.nth == 0 || fault.memory != memory) {
        return false;
    }
    if (fault.failed) {
        return fault.on;
    }
    if (--fault.nth > 0) {
        return false;
    }
    fault.nth = 1;
    fault.failed = true;
    return true;
}

static void arm(bool on) {
    armed = on;
}

#define WRAP(type, name, parameters, arguments, memory, otherwise)    \
    type __real_##name parameters;                                    \
    type __wrap_##name parameters;                                    \
    type __wrap_##name parameters {                                   \
        return fails(memory) ? (otherwise) : __real_##name arguments; \
    }

#define NO_MEMORY (errno = ENOMEM, (void *)NULL)

WRAP(void *, malloc, (size_t n), (n), true, NO_MEMORY)
WRAP(void *, calloc, (size_t n, size_t size), (n, size), true, NO_MEMORY)
WRAP(void *, realloc, (void *p, size_t n), (p, n), true, NO_MEMORY)
WRAP(void *, reallocarray, (void *p, size_t n, size_t size), (p, n, size), true, NO_MEMORY)
WRAP(char *, strdup, (const char *text), (text), true, NO_MEMORY)
WRAP(char *, strndup, (const char *text, size_t n), (text, n), true, NO_MEMORY)
WRAP(int, mdb_env_create, (MDB_env * *env), (env), false, fault.error)
WRAP(int, mdb_env_open, (MDB_env * env, const char *path, unsigned flags, mode_t mode),
     (env, path, flags, mode), false, fault.error)
WRAP(int, mdb_env_sync, (MDB_env * env, int force), (env, force), false, fault.error)
WRAP(int, mdb_dbi_open, (MDB_txn * txn, const char *name, unsigned flags, MDB_dbi *dbi),
     (txn, name, flags, dbi), false, fault.error)
WRAP(int, mdb_txn_begin, (MDB_env * env, MDB_txn *parent, unsigned flags, MDB_txn **txn),
     (env, parent, flags, txn), false, fault.error)
WRAP(int, mdb_get, (MDB_txn * txn, MDB_dbi dbi, MDB_val *key, MDB_val *data), (txn, dbi, key, data),
     false, fault.error)
WRAP(int, mdb_cursor_put, (MDB_cursor * cursor, MDB_val *key, MDB_val *data, unsigned flags),
     (cursor, key, data, flags), false, fault.error)
WRAP(int, mdb_del, (MDB_txn * txn, MDB_dbi dbi, MDB_val *key, MDB_val *data), (txn, dbi, key, data),
     false, fault.error)
WRAP(int, mdb_cursor_open, (MDB_txn * txn, MDB_dbi dbi, MDB_cursor **cursor), (txn, dbi, cursor),
     false, fault.error)
WRAP(int, mdb_cursor_get, (MDB_cursor * cursor, MDB_val *key, MDB_val *data, MDB_cursor_op op),
     (cursor, key, data, op), false, fault.error)

int __real_mdb_txn_commit(MDB_txn *txn);
int __wrap_mdb_txn_commit(MDB_txn *txn);
int __wrap_mdb_txn_commit(MDB_txn *txn) {
    if (no_commits || fails(false)) {
        mdb_txn_abort(txn);
        return no_commits ? ENOSPC : fault.error;
    }
    return __real_mdb_txn_commit(txn);
}

/* ---- the disk ------------------------------------------------------------------------------- */

static const struct {
    int error;
    bool on;
} disk_faults[] = {{EIO, false},   {EIO, true},    {ENOSPC, false},
                   {ENOSPC, true}, {EINTR, false}, {0, false}};

/* Opens or ends the run. */
static bool reopen(struct power_run *r) {
    struct error e = {0};
    return power_run_open(r, &e) == 0;
}

/* Groups until the outcome is unknown, which ends the process. */
static bool groups(struct power_run *r, size_t n, bool clean) {
    enum store_outcome outcome = STORE_DONE;
    for (size_t i = 0; i < n && outcome != STORE_FATAL; i++) {
        struct error e = {0};
        outcome = power_run_group(r, 8, &e);
        ck_assert(outcome == STORE_DONE || e.en[0] != '\0');
    }
    power_run_close(r, clean && outcome != STORE_FATAL);
    return outcome != STORE_FATAL;
}

/* The script: several segments, stops of both kinds. */
static void script(struct power_run *r) {
    if (reopen(r) && groups(r, 7, true) && reopen(r) && groups(r, 3, false) && reopen(r)) {
        groups(r, 3, true);
    }
}

static void check_image(struct power_run *r, enum power_loss loss) {
    char to[KIT_PATH];
    size_t cut = power_log_changes(r->log);
    kit_folder(to);
    power_disk_end();
    power_log_image(r->log, cut, loss, &r->random, to);
    power_check(r, to, cut);
    kit_remove(to);
    power_disk_resume(r->log);
}

/* Whether a call failed. */
static bool fail_nth(uint64_t seed, size_t nth, size_t kind) {
    static struct power_run r;
    power_run_begin(&r, seed, true);
    power_fault = (struct power_fault){
        .calls = ~0u, .nth = nth, .error = disk_faults[kind].error, .on = disk_faults[kind].on};
    script(&r);
    bool failed = power_fault.reported;
    power_fault = (struct power_fault){0};
    check_image(&r, POWER_EVICTED);
    check_image(&r, POWER_OFF);
    /* What is known after the restart is on the disk, and not only shown. */
    power_run_ask_again(&r);
    check_image(&r, POWER_EVICTED);
    check_image(&r, POWER_OFF);
    power_disk_end();
    power_check(&r, r.k.d.store, power_log_changes(r.log));
    power_run_end(&r);
    return failed;
}

#define SHORT_WRITE (COUNT(disk_faults) - 1) /* writes alone are counted */
#define ANY_KIND    COUNT(disk_faults)       /* another one for each call, but that */

static size_t fail_each(uint64_t seed, size_t kind) {
    uint64_t random = seed;
    size_t n = 1;
    while (fail_nth(seed, n, kind == ANY_KIND ? power_random(&random, SHORT_WRITE) : kind)) {
        n++;
    }
    fprintf(stderr, "SEED=%llu: %zu calls\n", (unsigned long long)seed, n - 1);
    return n - 1;
}

START_TEST(every_call_to_the_disk) {
    uint64_t seed = power_seed();
    if (power_number("NTH_ALL", 0) == 0) {
        ck_assert_uint_gt(fail_each(seed, ANY_KIND), 50);
    }
    for (size_t kind = 0; kind < SHORT_WRITE && power_number("NTH_ALL", 0) != 0; kind++) {
        ck_assert_uint_gt(fail_each(seed, kind), 50);
    }
    ck_assert_uint_gt(fail_each(seed, SHORT_WRITE), 10);
}
END_TEST

/* ---- making a store ------------------------------------------------------------------------- */

static bool make_nth(struct power_run *r, const struct store_founding *founding, size_t nth,
                     size_t kind) {
    char root[KIT_PATH];
    char path[KIT_PATH + 20];
    struct error e = {0};
    kit_folder(root);
    snprintf(path, sizeof path, "%s/store", root);
    power_fault = (struct power_fault){
        .calls = ~0u, .nth = nth, .error = disk_faults[kind].error, .on = disk_faults[kind].on};
    int rc = store_create(path, founding, &e);
    bool failed = power_fault.reported;
    power_fault = (struct power_fault){0};
    ck_assert(rc == 0 || e.en[0] != '\0');
    bool there = access(path, F_OK) == 0;
    ck_assert(there || rc != 0);
    if (!there) {
        ck_assert_msg(store_create(path, founding, &e) == 0, "%s", e.en);
    }
    power_check(r, path, 0);
    kit_remove(root);
    return failed;
}

START_TEST(every_call_while_a_store_is_made) {
    static struct power_run r;
    power_run_begin(&r, power_seed(), false);
    ProtobufCBinaryData catalogue = power_catalogue(&r.k.arena);
    struct store_founding founding = {.municipality = "062090",
                                      .name = "長井市",
                                      .catalogue = catalogue.data,
                                      .catalogue_len = catalogue.len,
                                      .actor = "uid:0",
                                      .actor_name = "root",
                                      .now = r.k.now};
    bool all = power_number("NTH_ALL", 0) != 0;
    for (size_t kind = all ? 0 : power_random(&r.random, 3); kind < 3; kind += all ? 1 : 3) {
        size_t n = 1;
        while (make_nth(&r, &founding, n, kind)) {
            n++;
        }
        ck_assert_uint_gt(n, 20);
    }
    power_run_end(&r);
}
END_TEST

/* ---- memory and tables: the store in process ---------------------------------------------- */

static uint8_t pages[2][1 << 20];
static size_t pages_len[2];

static int take_page(void *ctx, const Madoguchi__Page *page) {
    size_t which = *(const size_t *)ctx;
    size_t len = protobuf_c_message_get_packed_size(&page->base);
    if (pages_len[which] + len > sizeof pages[which]) {
        return 1;
    }
    protobuf_c_message_pack(&page->base, pages[which] + pages_len[which]);
    pages_len[which] += len;
    return 0;
}

/* Who reads: the program, or one whose rights depend on who recorded a case. */
static const struct person counsellor = {
    .name = "root",
    .roles = 1u << ROLE_COUNSELLOR | 1u << ROLE_PLANNER | 1u << ROLE_AUDITOR,
};
static const struct person *reader;

static int read_into(struct power_run *r, const Madoguchi__Request *request, size_t which,
                     struct error *e) {
    uint64_t position;
    pages_len[which] = 0;
    return store_read(r->k.store, reader, request, r->k.now, take_page, &which, &position, e);
}

/* An answer is right or none. */
static void read_nth(struct power_run *r, const Madoguchi__Request *request) {
    size_t n = fault.nth;
    struct error e = {0};
    ck_assert_msg(read_into(r, request, 0, &e) == 0, "%s", e.en);
    struct error why = {0};
    arm(true);
    int rc = read_into(r, request, 1, &why);
    arm(false);
    if (rc == 0) {
        ck_assert_msg(pages_len[0] == pages_len[1] && memcmp(pages[0], pages[1], pages_len[0]) == 0,
                      "call %zu: %zu bytes of %zu", n, pages_len[1], pages_len[0]);
    } else {
        ck_assert_msg(why.en[0] != '\0' && why.code != ERR_NOT_FOUND, "%d: %s", why.code, why.en);
    }
}

enum act { ACT_GROUP, ACT_OPEN, ACT_SETTLE, ACT_CLOSE, ACT_READ };

static const struct {
    bool memory;
    bool on;
    int error;
} faults[] = {{true, false, 0},
              {true, true, 0},
              {false, false, EIO},
              {false, true, ENOSPC},
              {false, false, MDB_MAP_FULL},
              {false, true, MDB_CORRUPTED},
              {false, false, ENOMEM}};

/* Closes, opens with failures, opens. */
static void act_open(struct power_run *r) {
    struct error e = {0};
    power_run_close(r, power_random(&r->random, 2) == 0);
    arm(true);
    int rc = power_run_open(r, &e);
    arm(false);
    ck_assert(rc == 0 || e.en[0] != '\0');
    if (rc != 0) {
        ck_assert_msg(power_run_open(r, &e) == 0, "%s", e.en);
    }
}

static void act_group(struct power_run *r) {
    struct error e = {0};
    r->armed = arm;
    enum store_outcome outcome = power_run_group(r, 3, &e);
    r->armed = NULL;
    ck_assert(outcome == STORE_DONE || e.en[0] != '\0');
    if (outcome == STORE_FATAL) {
        power_run_close(r, false);
        ck_assert_msg(power_run_open(r, &e) == 0, "%s", e.en);
    }
}

static void act_settle(struct power_run *r) {
    struct error e = {0};
    arm(true);
    int rc = store_settle(r->k.store, &e);
    arm(false);
    ck_assert(rc == 0 || e.en[0] != '\0');
}

static void act(struct power_run *r, enum act what, const Madoguchi__Request *question) {
    struct error e = {0};
    switch (what) {
    case ACT_GROUP:
        act_group(r);
        break;
    case ACT_OPEN:
        act_open(r);
        break;
    case ACT_SETTLE:
        act_settle(r);
        break;
    case ACT_CLOSE:
        arm(true);
        power_run_close(r, true);
        arm(false);
        ck_assert_msg(power_run_open(r, &e) == 0, "%s", e.en);
        break;
    case ACT_READ:
        read_nth(r, question);
        break;
    }
    if (fault.failed && what != ACT_READ) {
        fault.nth = 0;
        ck_assert_msg(power_run_group(r, 2, &e) == STORE_DONE, "%s", e.en);
    }
}

static Madoguchi__Request *stats(struct kit *k, const char *count, const char *by,
                                 uint64_t known_at) {
    Madoguchi__Request *r = kit_new_request(k, MADOGUCHI__REQUEST__BODY_STATS);
    Madoguchi__Scope *scope = arena_alloc(&k->arena, sizeof *scope);
    ck_assert_ptr_nonnull(scope);
    madoguchi__scope__init(scope);
    SET(scope, from, bytes_of("FY2024"));
    SET(scope, today, 20250615);
    if (known_at != 0) {
        SET(scope, known_at, known_at);
    }
    r->stats->scope = scope;
    SET(r->stats, count, bytes_of(count));
    kit_set_text(k, &r->stats->base, "by", by);
    return r;
}

#define QUESTIONS 8

static void make_questions(struct power_run *r, Madoguchi__Request *out[QUESTIONS]) {
    struct kit *k = &r->k;
    size_t last = r->n;
    while (!r->asked[last - 1].log) {
        last--;
    }
    out[0] = stats(k, "cases", "month;topic", 0);
    out[1] = stats(k, "topics", "topic", k->now - 200);
    out[2] = stats(k, "sessions", "month", 0);
    out[3] = kit_new_request(k, MADOGUCHI__REQUEST__BODY_SHOW);
    SET(out[3]->show, number, bytes_of(r->asked[last - 1].number));
    out[4] = kit_new_request(k, MADOGUCHI__REQUEST__BODY_SHOW);
    SET(out[4]->show, seq, r->asked[last - 1].seq);
    out[5] = kit_new_request(k, MADOGUCHI__REQUEST__BODY_LIST);
    SET(out[5]->list, from, bytes_of("FY2024"));
    SET(out[5]->list, today, 20250615);
    out[6] = kit_new_request(k, MADOGUCHI__REQUEST__BODY_ACCOUNTS);
    out[7] = kit_new_request(k, MADOGUCHI__REQUEST__BODY_AUDIT);
}

START_TEST(every_call_to_memory_and_tables) {
    static struct power_run r;
    struct error e = {0};
    Madoguchi__Request *question[QUESTIONS];
    size_t kind = (size_t)_i;
    power_run_begin(&r, power_seed() + kind, false);
    ck_assert_msg(power_run_open(&r, &e) == 0, "%s", e.en);
    for (size_t i = 0; i < 6; i++) {
        ck_assert_msg(power_run_group(&r, 10, &e) == STORE_DONE, "%s", e.en);
    }
    make_questions(&r, question);
    reader = kind % 2 == 0 ? &counsellor : NULL;
    size_t calls = 0;
    for (size_t what = ACT_GROUP; what < ACT_READ + QUESTIONS; what++) {
        enum act one = what < ACT_READ ? (enum act)what : ACT_READ;
        for (size_t n = 1;; n++, calls++) {
            fault.nth = n;
            fault.memory = faults[kind].memory;
            fault.on = faults[kind].on;
            fault.error = faults[kind].error;
            fault.failed = false;
            act(&r, one, one == ACT_READ ? question[what - ACT_READ] : NULL);
            fault.nth = 0;
            if (!fault.failed || r.n > POWER_MOST - 20) {
                break;
            }
        }
    }
    fprintf(stderr, "%zu: %zu calls, %zu requests\n", kind, calls, r.n);
    ck_assert_uint_lt(r.n, POWER_MOST - 20);
    power_run_close(&r, true);
    power_check(&r, r.k.d.store, 0);
    power_run_end(&r);
}
END_TEST

/* What is folded again after a commit failed is counted by the catalogue of its
 * time, not by one that the lost transaction had. */
START_TEST(a_commit_that_fails_leaves_no_catalogue) {
    static const char before[] = "en: Citizen consultation, nature: consultation, consultation: "
                                 "[consultation, complaint, request,";
    static const char after[] = "en: Citizen consultation, nature: consultation, consultation: "
                                "[consultation, complaint,";
    struct kit k;
    struct error e;
    struct store_result result;
    struct store_actor actor = {.id = "uid:1"};
    kit_start(&k, false);
    kit_log(&k, "citizen", "2024-04-15", NULL);
    ck_assert_int_eq(store_settle(k.store, &e), 0);
    kit_log(&k, "citizen", "2024-04-15", "nature", "request", NULL);
    ck_assert_int_eq(kit_put_catalogue(&k, before, after).code, 0);
    ck_assert_int_eq(store_begin(k.store, k.now, &e), STORE_DONE);
    ck_assert_int_eq(
        store_record(k.store, &actor,
                     kit_request(&k, "log", "service", "citizen", "date", "2024-04-15", NULL),
                     &k.arena, &result, &e),
        0);
    store_abort(k.store);
    no_commits = true;
    ck_assert_int_eq(store_begin(k.store, k.now, &e), STORE_REFUSED);
    ck_assert_int_eq(e.code, ERR_FULL);
    no_commits = false;
    kit_log(&k, "citizen", "2024-04-15", "nature", "request", NULL);
    kit_stats(&k, "consultations", "FY2024", NULL, NULL, "2");
    kit_refold(&k);
    kit_stats(&k, "consultations", "FY2024", NULL, NULL, "2");
    kit_finish(&k);
}
END_TEST

int main(void) {
    Suite *s = suite_create("nth");
    TCase *t = tcase_create("nth");
    tcase_set_timeout(t, 1800);
    tcase_add_test(t, every_call_to_the_disk);
    tcase_add_test(t, every_call_while_a_store_is_made);
    tcase_add_test(t, a_commit_that_fails_leaves_no_catalogue);
    tcase_add_loop_test(t, every_call_to_memory_and_tables, 0, (int)COUNT(faults));
    suite_add_tcase(s, t);
    power_disk_install();
    kit_begin();
    int status = suite_run(s);
    kit_end();
    return status;
}
