#include "tests/kit_rights.h"

#include "tests/kit_indicator.h"
#include "tests/kit_private.h"

#include <check.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static const char *const roles[] = {"clerk",   "temporary", "counsellor",   "supervisor",
                                    "planner", "auditor",   "administrator"};
#define ALL    "clerk;temporary;counsellor;supervisor;planner;auditor;administrator"
#define DAY_MS UINT64_C(86400000)
#define PLAN                                                                                   \
    "  - {id: moved, name: M, kind: annual, terms: [{count: outcomes, where: [outcome=moved, " \
    "service=migration]}], targets: [{period: FY2024, value: \"3\"}]}\n"

struct world world;

const char *rights_asker(int asker) {
    return asker < ROLES ? roles[asker] : "none";
}

static struct thing opened(struct kit *k, const char *service, const char *date,
                           const char *office) {
    const char *number = office == NULL ? kit_log(k, service, date, NULL)
                                        : kit_log(k, service, date, "office", office, NULL);
    return (struct thing){number, k->last.seq};
}

/* With the warning that a month is closed or without. */
static void live_today(struct kit *k, int asker) {
    struct thing *of = world.of[asker];
    kit_become(k, rights_asker(asker));
    of[OWN_TODAY] = opened(k, "migration", "2024-05-10", "city-hall");
    of[OWN_TODAY_CLOSED] = opened(k, "migration", "2024-04-10", "city-hall");
    of[OWN_OTHER_SERVICE] = opened(k, "citizen", "2024-05-10", "city-hall");
    world.base[asker] = opened(k, "migration", "2024-05-11", "city-hall").number;
}

static void live_shared(struct kit *k) {
    kit_become(k, "other");
    struct thing others = opened(k, "migration", "2024-05-10", "city-hall");
    struct thing service = opened(k, "citizen", "2024-05-10", "city-hall");
    struct thing office = opened(k, "migration", "2024-05-10", "branch");
    struct thing no_office = opened(k, "migration", "2024-05-10", NULL);
    for (int i = 0; i <= NONE; i++) {
        world.of[i][OTHERS] = others;
        world.of[i][OTHER_SERVICE] = service;
        world.of[i][OTHER_OFFICE] = office;
        world.of[i][NO_OFFICE] = no_office;
        world.of[i][NOTHING] = (struct thing){"M-2024-000999", 999999};
    }
    world.session_in = kit_plan(k, "seminar", "2024-05-10", "service", "migration", NULL);
    world.session_out = kit_plan(k, "seminar", "2024-05-10", "service", "citizen", NULL);
    kit_become(k, NULL);
    kit_ok(k, "outcome", "case_number", others.number, "date", "2024-05-12", "outcome", "moved",
           "households", "1", "persons", "2", NULL);
}

static void make_documents(struct kit *k) {
    Madoguchi__Request *r = kit_request(k, "documents", "=kind", "1", NULL);
    const Madoguchi__Page *page = kit_read(k, r);
    ck_assert_ptr_nonnull(page);
    world.catalogue = page->data;
    r = kit_request(k, "documents", "=kind", "2", "id", "test-plan", NULL);
    page = kit_read(k, r);
    ck_assert_ptr_nonnull(page);
    world.plan = page->data;
}

static uint64_t wall_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* In process; what is then served has the same days as the daemon. */
static void make_world(struct kit *k) {
    uint64_t now = wall_ms();
    k->now = now - DAY_MS;
    plan_put(k, PLAN);
    kit_person(k, "boss", ALL, NULL, NULL, NULL);
    kit_person(k, "other", ALL, NULL, NULL, NULL);
    for (int i = 0; i <= NONE; i++) {
        kit_person(k, rights_asker(i), ALL, NULL, NULL, NULL);
        kit_become(k, rights_asker(i));
        world.of[i][OWN_YESTERDAY] = opened(k, "migration", "2024-05-10", "city-hall");
        world.of[i][OWN_YESTERDAY_CLOSED] = opened(k, "migration", "2024-04-10", "city-hall");
        kit_become(k, NULL);
    }
    k->now = now;
    for (int i = 0; i <= NONE; i++) {
        live_today(k, i);
    }
    kit_become(k, "planner");
    world.figure = figure(k, "flow-a", "FY2024", "12", "2025-03-31");
    world.corrected =
        kit_ok(k, "correct", "seq", kit_text(k, world.figure), "value", "11", "reason", "x", NULL);
    live_shared(k);
    kit_ok(k, "closing", "=month", "202404", NULL);
    make_documents(k);
    for (int i = 0; i < ROLES; i++) {
        kit_person(k, rights_asker(i), rights_asker(i), "migration", "city-hall", NULL);
    }
    kit_person(k, "none", NULL, NULL, NULL, NULL);
    /* Whoever comes without a token is nobody. */
    kit_person(k, "root", ALL, NULL, NULL, NULL);
}

void rights_begin(struct kit *k, bool daemon) {
    static const char *const names[] = {"clerk",   "temporary", "counsellor",    "supervisor",
                                        "planner", "auditor",   "administrator", "none",
                                        "boss",    NULL};
    kit_await_day();
    kit_start(k, false);
    make_world(k);
    if (daemon) {
        kit_people_serve(k, NULL, names);
    }
}

void rights_end(struct kit *k) {
    kit_become(k, NULL);
    kit_finish(k);
}

char rights_letter(const struct kit *k) {
    switch (k->last.code) {
    case 0:
        return 'Y';
    case MADOGUCHI__ERROR_CODE__NOT_FOUND:
        return 'N';
    case MADOGUCHI__ERROR_CODE__FORBIDDEN:
        return 'F';
    case MADOGUCHI__ERROR_CODE__INVALID:
        return 'I';
    case MADOGUCHI__ERROR_CODE__STATE: /* refused for what it is, by whom it may concern */
        return 'Y';
    default:
        return '?';
    }
}

void rights_expect(struct kit *k, const char *name, const char *expected, int asker,
                   Madoguchi__Request *r) {
    kit_code(k, r);
    /* Whoever has no account and is the user that the daemon runs as, as here, may look
     * after it, and nothing else. */
    if (asker == NOBODY && k->daemon &&
        (strcmp(name, "status") == 0 || strcmp(name, "verify") == 0 ||
         strcmp(name, "backup") == 0)) {
        ck_assert_msg(rights_letter(k) == 'Y', "%s, the daemon's own user: %s", name, k->last.en);
        return;
    }
    ck_assert_msg(rights_letter(k) == expected[asker], "%s, %s: %c, not %c: %d %s %s", name,
                  asker == NOBODY ? "nobody" : rights_asker(asker), rights_letter(k),
                  expected[asker], k->last.code, k->last.field, k->last.en);
}

Madoguchi__Request *rights_show(struct kit *k, int asker, const struct thing *t) {
    (void)asker;
    return kit_request(k, "show", "number", t->number, NULL);
}
