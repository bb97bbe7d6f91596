#include "tests/power_kit.h"

#include "proto/check.h"
#include "proto/yaml.h"
#include "store/journal.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COUNT(a)   (sizeof(a) / sizeof((a)[0]))
#define PICK(list) (list)[power_random(&r->random, COUNT(list))]

/* plans/catalogue.yaml, embedded by the Makefile. */
extern const unsigned char catalogue_yaml[];
extern const size_t catalogue_yaml_len;

ProtobufCBinaryData power_catalogue(struct arena *arena) {
    struct error e;
    ProtobufCBinaryData packed;
    ck_assert_msg(yaml_catalogue((const char *)catalogue_yaml, catalogue_yaml_len, "catalogue.yaml",
                                 arena, &packed, &e) == 0,
                  "%s", e.en);
    return packed;
}

size_t power_number(const char *name, size_t otherwise) {
    const char *given = getenv(name);
    return given != NULL ? (size_t)strtoull(given, NULL, 10) : otherwise;
}

uint64_t power_seed(void) {
    uint64_t seed = power_number("SEED", ((size_t)getpid() << 20) ^ (size_t)kit_clock());
    seed = seed == 0 ? 1 : seed;
    fprintf(stderr, "SEED=%llu\n", (unsigned long long)seed);
    return seed;
}

/* ---- the run -------------------------------------------------------------------------- */

/* Leaves the first segment room for the largest entry and little more. */
static void shorten(const char *store) {
    char path[KIT_PATH + 60];
    unsigned end = 0;
    snprintf(path, sizeof path, "%s/clean", store);
    FILE *f = fopen(path, "re");
    ck_assert(f != NULL && fscanf(f, "%*u %u", &end) == 1);
    fclose(f);
    snprintf(path, sizeof path, "%s/journal/00000000000000000001.seg", store);
    ck_assert_int_eq(truncate(path, end + JOURNAL_RECORD_MAX + 4096), 0);
}

static char template[KIT_PATH];

/* Made once in a process: its segment of 16 MiB takes a while. */
static void make_template(void) {
    char dir[KIT_PATH];
    if (template[0] == '\0') {
        kit_folder(dir);
        snprintf(template, sizeof template, "%.100s/store", dir);
        kit_make_store(template);
        shorten(template);
    }
}

void power_run_begin(struct power_run *r, uint64_t seed, bool remember) {
    char command[3 * KIT_PATH];
    struct kit *k = &r->k;
    *r = (struct power_run){.random = seed};
    r->asked = calloc(POWER_MOST, sizeof *r->asked);
    ck_assert_ptr_nonnull(r->asked);
    /* 2025-06-15 12:00 in Japan */
    *k = (struct kit){.fd = -1, .actor = "root", .account = true, .now = UINT64_C(1749956400000)};
    /* With and without room to spare in the map, and with and without the thread. */
    k->options = (struct store_options){.segment_bytes = JOURNAL_SEGMENT_MIN,
                                        .map_bytes = (uint64_t)(seed % 2 == 0 ? 1 : 4) << 30,
                                        .free_floor_bytes = 1,
                                        .fold_beside = seed / 2 % 4 != 0};
    arena_init(&k->arena, 256u << 20);
    make_template();
    kit_folder(k->dir);
    kit_daemon_init(&k->d, k->dir);
    snprintf(command, sizeof command, "cp -a --sparse=always %s %s", template, k->d.store);
    ck_assert_int_eq(system(command), 0);
    r->log = remember ? power_disk_begin(k->d.store) : NULL;
}

void power_run_end(struct power_run *r) {
    if (r->log != NULL) {
        power_log_free(r->log);
    }
    free(r->asked);
    arena_free(&r->k.arena);
    kit_remove(r->k.dir);
}

int power_run_open(struct power_run *r, struct error *e) {
    return store_open(r->k.d.store, &r->k.options, &r->k.store, e);
}

void power_run_close(struct power_run *r, bool clean) {
    kit_close(&r->k, clean);
}

/* A case that was acknowledged, or NULL. */
static const struct power_asked *some_case(struct power_run *r) {
    size_t at = r->n == 0 ? 0 : power_random(&r->random, r->n);
    for (size_t i = 0; i < r->n; i++) {
        const struct power_asked *a = &r->asked[(at + i) % r->n];
        if (a->log && a->acked != POWER_NEVER) {
            return a;
        }
    }
    return NULL;
}

static Madoguchi__Request *some_request(struct power_run *r, bool *log) {
    static const char *const topics[] = {"housing", "work", "housing;work", "childcare"};
    static const char *const outcomes[] = {"informed", "advised", "resolved"};
    struct kit *k = &r->k;
    const struct power_asked *c = some_case(r);
    const char *date = arena_printf(&k->arena, "2024-%02zu-%02zu", 4 + power_random(&r->random, 8),
                                    1 + power_random(&r->random, 28));
    size_t dice = c == NULL ? 9 : power_random(&r->random, 13);
    *log = dice >= 7;
    switch (dice) {
    case 6:
        return kit_request(k, "account", "name", arena_printf(&k->arena, "user-%zu", ++r->accounts),
                           "role", "clerk;auditor", "service", "migration", NULL);
    case 0:
        return kit_request(k, "contact", "case_number", c->number, "date", "2025-03-01", NULL);
    case 1:
        return kit_request(k, "outcome", "case_number", c->number, "date", "2025-03-02", "outcome",
                           PICK(outcomes), "persons", "2", NULL);
    case 2:
        return kit_request(k, "tally", "service", "citizen", "date", date, "count", "3", NULL);
    case 3:
        return kit_request(k, "correct", "seq", kit_text(k, c->seq), "topic", PICK(topics),
                           "reason", "誤り", NULL);
    case 4:
        return kit_request(k, "hold", "session_kind", "seminar", "date", date, "service",
                           "migration", "persons", "12", NULL);
    case 5:
        return kit_request(k, "figure", "series", "population", "period", "FY2024", "value",
                           "26000", "as_of", date, "source", "台帳", NULL);
    default:
        return kit_request(k, "log", "service", "migration", "date", date, "topic", PICK(topics),
                           NULL);
    }
}

static size_t now(const struct power_run *r) {
    return r->log == NULL ? 0 : power_log_changes(r->log);
}

static int ask(struct kit *k, struct store *s, Madoguchi__Request *request,
               struct store_result *result, struct error *e) {
    struct store_actor actor = {.id = k->actor, .name = "tester", .account = k->account};
    *result = (struct store_result){0};
    *e = (struct error){0};
    return check_request(request, e) < 0 ? -1
                                         : store_record(s, &actor, request, &k->arena, result, e);
}

static const struct power_asked *some_acked(struct power_run *r) {
    const struct power_asked *a = r->n == 0 ? NULL : &r->asked[power_random(&r->random, r->n)];
    return a == NULL || a->acked == POWER_NEVER ? NULL : a;
}

/* Records the requests behind the list, `n` of them, which then are in it if
 * they were taken. */
static void fill_group(struct power_run *r, size_t n, struct error *e) {
    struct power_asked *from = r->asked + r->n;
    for (size_t i = 0; i < n && !store_broken(r->k.store); i++) {
        struct store_result result;
        struct power_asked a = from[i];
        if (ask(&r->k, r->k.store, a.request, &result, e) == 0) {
            a.seq = result.seq;
            snprintf(a.number, sizeof a.number, "%s", result.number != NULL ? result.number : "");
            r->asked[r->n++] = a;
        } else if (a.request->body_case != MADOGUCHI__REQUEST__BODY_CORRECTION && /* of the same */
                   e->code != ERR_INTERNAL && e->code != ERR_FULL && e->code != ERR_TOO_MUCH &&
                   !store_broken(r->k.store)) {
            r->refusal = *e;
        }
    }
}

/* One that is known, then the new ones, then the flush.  Nothing here belongs
 * to the test's own needs of memory. */
static enum store_outcome run_group(struct power_run *r, const struct power_asked *old, size_t n,
                                    struct store_result *known, int *rc, struct error *e) {
    struct store *s = r->k.store;
    enum store_outcome outcome = store_begin(s, r->k.now, e);
    if (outcome != STORE_DONE) {
        return outcome;
    }
    if (old != NULL) {
        *rc = ask(&r->k, s, old->request, known, e);
    }
    fill_group(r, n, e);
    if (store_broken(s)) {
        store_abort(s);
        return STORE_REFUSED;
    }
    return store_commit(s, e);
}

enum store_outcome power_run_group(struct power_run *r, size_t most, struct error *e) {
    size_t first = r->n;
    size_t n = 1 + power_random(&r->random, most);
    ck_assert_uint_lt(first + n, POWER_MOST);
    for (size_t i = 0; i < n; i++) {
        struct power_asked *a = &r->asked[first + i];
        *a = (struct power_asked){.began = now(r), .acked = POWER_NEVER};
        a->request = some_request(r, &a->log);
    }
    const struct power_asked *old = some_acked(r);
    r->k.now += 100;
    if (r->armed != NULL) {
        r->armed(true);
    }
    struct store_result known = {0};
    int rc = -1;
    enum store_outcome outcome = run_group(r, old, n, &known, &rc, e);
    if (r->armed != NULL) {
        r->armed(false);
    }
    ck_assert_msg(r->refusal.code == 0, "refused: %s", r->refusal.en);
    if (outcome == STORE_DONE && rc == 0) {
        ck_assert(known.known);
        ck_assert_uint_eq(known.seq, old->seq);
    }
    if (outcome == STORE_REFUSED) {
        r->n = first;
    }
    for (size_t i = first; i < r->n && outcome == STORE_DONE; i++) {
        r->asked[i].acked = now(r);
    }
    return outcome;
}

/* ---- the check ------------------------------------------------------------------------- */

static void expect(struct power_run *r, struct store *s, const struct power_asked *a, size_t cut) {
    struct error e;
    struct store_result result;
    int rc = ask(&r->k, s, a->request, &result, &e);
    unsigned long long seq = a->seq;
    ck_assert_msg(rc == 0, "cut %zu: #%llu asked again: %s", cut, seq, e.en);
    ck_assert_msg(result.known || a->acked > cut, "cut %zu: #%llu is lost", cut, seq);
    ck_assert_msg(result.seq == a->seq, "cut %zu: #%llu is #%llu now", cut, seq,
                  (unsigned long long)result.seq);
    const char *number = result.number != NULL ? result.number : "";
    ck_assert_msg(strcmp(number, a->number) == 0, "cut %zu: %s is %s now", cut, a->number, number);
}

/* All that had been begun, in its order. */
static void ask_again(struct power_run *r, struct store *s, size_t cut) {
    struct error e;
    uint64_t least = 2;
    uint64_t most = 2;
    for (size_t i = 0; i < r->n; i++) {
        least = r->asked[i].acked <= cut ? r->asked[i].seq : least;
        most = r->asked[i].began <= cut ? r->asked[i].seq : most;
    }
    struct store_status status;
    store_status(s, &status);
    ck_assert_msg(status.head >= least && status.head <= most,
                  "cut %zu: %llu entries, not %llu to %llu", cut, (unsigned long long)status.head,
                  (unsigned long long)least, (unsigned long long)most);
    ck_assert_msg(store_begin(s, r->k.now, &e) == STORE_DONE, "cut %zu: %s", cut, e.en);
    for (size_t i = 0; i < r->n && r->asked[i].began <= cut; i++) {
        expect(r, s, &r->asked[i], cut);
    }
    ck_assert_msg(store_commit(s, &e) == STORE_DONE, "cut %zu: %s", cut, e.en);
    store_status(s, &status);
    ck_assert_uint_eq(status.head, most);
}

void power_run_ask_again(struct power_run *r) {
    struct error e = {0};
    size_t cut = now(r);
    ck_assert_msg(power_run_open(r, &e) == 0, "%s", e.en);
    ask_again(r, r->k.store, cut);
    power_run_close(r, false);
    for (size_t i = 0; i < r->n; i++) {
        r->asked[i].acked = r->asked[i].acked == POWER_NEVER ? now(r) : r->asked[i].acked;
    }
}

static void go_on(struct power_run *r, struct store *s, size_t cut) {
    struct error e;
    struct store_result result;
    struct store_status status;
    store_status(s, &status);
    ck_assert_msg(store_begin(s, r->k.now, &e) == STORE_DONE, "cut %zu: %s", cut, e.en);
    int rc =
        ask(&r->k, s, kit_request(&r->k, "log", "service", "migration", "date", "2024-04-01", NULL),
            &result, &e);
    ck_assert_msg(rc == 0 && !result.known && result.seq == status.head + 1, "cut %zu: %s", cut,
                  e.en);
    ck_assert_msg(store_commit(s, &e) == STORE_DONE, "cut %zu: %s", cut, e.en);
}

static void ignore_line(void *ctx, const char *name, const char *value) {
    (void)ctx;
    (void)name;
    (void)value;
}

void power_check(struct power_run *r, const char *path, size_t cut) {
    struct error e = {0};
    struct store *s;
    ck_assert_msg(store_open(path, &r->k.options, &s, &e) == 0, "cut %zu: open: %s", cut, e.en);
    ask_again(r, s, cut);
    go_on(r, s, cut);
    store_close(s, power_random(&r->random, 2) == 0);
    ck_assert_msg(store_verify(path, false, NULL, ignore_line, NULL, &e) == 0,
                  "cut %zu: verify: %s", cut, e.en);
}
