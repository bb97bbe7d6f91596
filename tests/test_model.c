/* Random days at a counter, against the plain model: after every few entries a
 * random question must have the model's answer, also later with known-at, after
 * crashes, and with the folds made again.  The same days at the store in process
 * and at the daemon over its socket have the same answers, word for word.
 *
 * SEED repeats a run, MODEL_STEPS makes it longer (600). */
#include "tests/kit_store.h"
#include "tests/model.h"
#include "tests/suite.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define KEPT     40

static struct kit k;
static struct model model;
static uint64_t state;
static uint64_t answers; /* a digest of all answers to what records */

static size_t below(size_t n) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (size_t)(state >> 11) % n;
}

#define PICK(list) (list)[below(COUNT(list))]

static const char *const services[] = {"migration", "citizen"};
static const char *const topics[] = {"childcare", "other", "childcare;other", "other;childcare",
                                     ""};
static const char *const channels[] = {"counter", "phone", "mail", "event", ""};
static const char *const natures[] = {"inquiry", "consultation", "request", "follow-up"};
static const char *const programs[] = {"general", "trial-stay", "own-seminar", ""};
static const char *const origins[] = {"tokyo", "chiba", "osaka", ""};
static const char *const routes[] = {"sns", "seminar", "", "", ""};
static const char *const outcomes[] = {"informed", "advised", "resolved"};
static const char *const numbers[] = {"0", "1", "2", "7", ""};
static const char *const kinds[] = {"seminar", "fair", "tour"};

static const char *random_date(void) {
    return arena_printf(&k.arena, "2024-%02zu-%02zu", 2 + below(6), 1 + below(28));
}

static const char *random_session(void) {
    if (below(3) != 0 || model.n == 0) {
        return "";
    }
    for (size_t i = below(model.n), n = 0; n < model.n; n++, i = (i + 1) % model.n) {
        if (model.entry[i].kind == MODEL_HOLD && !model.entry[i].voided) {
            return model.entry[i].number;
        }
    }
    return "";
}

static const char *random_value(enum model_field f) {
    switch (f) {
    case MODEL_DATE:
        return random_date();
    case MODEL_TOPIC:
        return PICK(topics);
    case MODEL_CHANNEL:
        return PICK(channels);
    case MODEL_NATURE:
        return PICK(natures);
    case MODEL_PROGRAM:
        return PICK(programs);
    case MODEL_ORIGIN:
        return PICK(origins);
    case MODEL_ROUTE:
        return PICK(routes);
    case MODEL_OUTCOME_CODE:
        return PICK(outcomes);
    case MODEL_PERSONS:
    case MODEL_COUNT:
        return PICK(numbers);
    case MODEL_SESSION:
        return random_session();
    case MODEL_SESSION_KIND:
        return PICK(kinds);
    default:
        return PICK(services);
    }
}

/* Which fields a kind takes, and how likely each is given in a hundred. */
static const unsigned char chances[][MODEL_FIELDS] = {
    [MODEL_LOG] = {100, 100, 70, 70, 50, 40, 60, 100, 20, 0, 0, 30, 0},
    [MODEL_CONTACT] = {100, 0, 40, 60, 40, 20, 0, 0, 10, 0, 0, 20, 0},
    [MODEL_OUTCOME] = {100, 0, 0, 30, 0, 20, 0, 0, 100, 60, 0, 20, 0},
    [MODEL_TALLY] = {100, 100, 60, 60, 50, 40, 40, 100, 30, 0, 70, 30, 0},
    [MODEL_HOLD] = {100, 100, 0, 0, 0, 60, 0, 0, 0, 60, 0, 0, 100},
};
static const char *const words[] = {"log", "contact", "outcome", "tally", "hold"};

static void set(struct model_entry *e, enum model_field f, const char *value) {
    snprintf(e->value[f], MODEL_TEXT, "%s", value);
}

static void digest(const void *data, size_t len) {
    for (size_t i = 0; i < len; i++) {
        answers = (answers ^ ((const uint8_t *)data)[i]) * 1099511628211u;
    }
}

/* Without the numbers of entries: the daemon records more than it is asked to (what it
 * refused, when it stops). */
static void digest_sentence(const char *text) {
    while (*text != '\0') {
        size_t n = strcspn(text, "#");
        digest(text, n);
        text += n;
        text += *text == '#' ? 1 + strspn(text + 1, "0123456789") : 0;
    }
}

/* Sends it; the answer must be the one expected. */
static bool record(Madoguchi__Request *r, bool accepted, const char *what) {
    kit_record(&k, r);
    digest(&k.last.code, sizeof k.last.code);
    digest(&k.last.n_warning, sizeof k.last.n_warning);
    digest(k.last.number, strlen(k.last.number));
    digest(k.last.field, strlen(k.last.field));
    digest_sentence(k.last.en);
    ck_assert_msg((k.last.code == 0) == accepted, "%s: expected %s, got %d %s: %s", what,
                  accepted ? "recorded" : "refused", k.last.code, k.last.field, k.last.en);
    return accepted;
}

static void set_request(Madoguchi__Request *r, const char *name, const char *value) {
    struct error e;
    if (value[0] != '\0') {
        ck_assert_int_eq(message_set_text(&r->act->base, name, value, &k.arena, &e), 0);
    }
}

static long random_entry(enum model_kind kind) {
    for (size_t i = model.n == 0 ? 0 : below(model.n), n = 0; n < model.n;
         n++, i = (i + 1) % model.n) {
        if (model.entry[i].kind == kind) {
            return (long)i;
        }
    }
    return -1;
}

static void step_entry(enum model_kind kind) {
    long owner = -1;
    if (kind == MODEL_CONTACT || kind == MODEL_OUTCOME) {
        owner = random_entry(MODEL_LOG);
        if (owner < 0) {
            return;
        }
    }
    struct model_entry *e = model_add(&model, kind);
    Madoguchi__Request *r = kit_request(&k, words[kind], NULL);
    for (int f = 0; f < MODEL_FIELDS; f++) {
        if (below(100) < chances[kind][f]) {
            set(e, (enum model_field)f, random_value((enum model_field)f));
            set_request(r, model_field_names[f], e->value[f]);
        }
    }
    if ((kind == MODEL_LOG || kind == MODEL_TALLY) && e->value[MODEL_NATURE][0] == '\0') {
        set(e, MODEL_NATURE, "consultation");
    }
    if (kind == MODEL_TALLY && e->value[MODEL_COUNT][0] == '\0') {
        set(e, MODEL_COUNT, "1");
    }
    e->owner = owner;
    if (owner >= 0) {
        set_request(r, "case_number", model.entry[owner].number);
    }
    if (record(r, owner < 0 || !model.entry[owner].voided, words[kind])) {
        e->seq = k.last.seq;
        snprintf(e->number, sizeof e->number, "%.23s", k.last.number);
    } else {
        model.n--;
    }
}

/* Whether a correction may touch the field: what belongs to an outcome needs
 * one, what is needed is not taken away. */
static bool may_touch(const struct model_entry *e, int f) {
    if (f == MODEL_SERVICE || (f == MODEL_SESSION && e->kind == MODEL_HOLD)) {
        return false;
    }
    if (f == MODEL_OUTCOME_CODE || (f == MODEL_PERSONS && e->kind != MODEL_HOLD)) {
        return e->value[MODEL_OUTCOME_CODE][0] != '\0';
    }
    return chances[e->kind][f] > 0;
}

static void step_correct(void) {
    if (model.n == 0 || model.n_correction == MODEL_MOST) {
        return;
    }
    struct model_correction *c = &model.correction[model.n_correction];
    *c = (struct model_correction){.target = below(model.n)};
    const struct model_entry *e = &model.entry[c->target];
    Madoguchi__Request *r =
        kit_request(&k, "correct", "seq", kit_text(&k, e->seq), "reason", "誤り", NULL);
    Madoguchi__Change **changes = arena_alloc(&k.arena, MODEL_FIELDS * sizeof *changes);
    for (int f = 0; f < MODEL_FIELDS; f++) {
        if (!may_touch(e, f) || below(4) != 0) {
            continue;
        }
        c->has[f] = true;
        snprintf(c->value[f], MODEL_TEXT, "%s", random_value((enum model_field)f));
        Madoguchi__Change *change = arena_alloc(&k.arena, sizeof *change);
        madoguchi__change__init(change);
        SET(change, field, bytes_of(model_field_names[f]));
        SET(change, value, bytes_of(arena_strndup(&k.arena, c->value[f], strlen(c->value[f]))));
        changes[r->correction->n_change++] = change;
    }
    r->correction->change = changes;
    if (record(r, r->correction->n_change > 0 && model_may_correct(&model, c), "correct")) {
        c->seq = k.last.seq;
        model.n_correction++;
    }
}

static void step_void(void) {
    if (model.n == 0) {
        return;
    }
    if (below(3) == 0 && model.n_correction > 0) {
        size_t c = below(model.n_correction);
        if (record(kit_request(&k, "void", "seq", kit_text(&k, model.correction[c].seq), "reason",
                               "誤り", NULL),
                   model_may_void_correction(&model, c), "void a correction")) {
            model.correction[c].voided = true;
        }
        return;
    }
    size_t i = below(model.n);
    if (model.entry[i].kind == MODEL_LOG && below(4) == 0) {
        if (record(kit_request(&k, "void", "number", model.entry[i].number, "reason", "誤り", NULL),
                   !model.entry[i].voided, "void a case")) {
            model_void_all(&model, i);
        }
        return;
    }
    if (record(kit_request(&k, "void", "seq", kit_text(&k, model.entry[i].seq), "reason", "誤り",
                           NULL),
               model_may_void(&model, i), "void an entry")) {
        model.entry[i].voided = true;
    }
}

/* When the next entry would be recorded. */
static uint64_t wall_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return k.daemon ? (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000 : k.now;
}

/* ---- questions ----------------------------------------------------------------------------- */

struct kept {
    struct kit_question question;
    uint64_t time;
    char *answer;
};
static struct kept kept[KEPT];

static void step_ask(void) {
    static const char *const counts[] = {"contacts", "consultations", "cases",
                                         "active",   "topics",        "outcomes",
                                         "persons",  "sessions",      "programs"};
    static const char *const by[] = {"month",  "day",     "service", "topic", "channel",
                                     "nature", "program", "origin",  "route", "session_kind"};
    static const char *const fields[] = {"service", "topic",        "channel", "origin",
                                         "route",   "session_kind", "program", "nature"};
    const char *count = PICK(counts);
    const char *groups = NULL;
    for (size_t n = below(4); n > 0; n--) {
        const char *one = PICK(by);
        if (groups != NULL && strstr(groups, one) != NULL) {
            continue;
        }
        groups = groups == NULL ? one : arena_printf(&k.arena, "%s,%s", groups, one);
    }
    const char *field = below(2) == 0 ? NULL : PICK(fields);
    const char *word = "";
    for (int f = 0; field != NULL && f < MODEL_FIELDS; f++) {
        if (strcmp(field, model_field_names[f]) == 0) {
            word = random_value((enum model_field)f);
            word = arena_strndup(&k.arena, word, strcspn(word, ";"));
        }
    }
    char *expected = NULL;
    size_t len;
    FILE *out = open_memstream(&expected, &len);
    model_ask(&model, count, groups, field, word, out);
    fclose(out);
    struct kit_question q = {.count = count,
                             .from = "FY2024",
                             .by = groups,
                             .where = field == NULL ? NULL
                                                    : arena_printf(&k.arena, "%s=%s", field, word)};
    kit_stats_at(__FILE__, __LINE__, &k, &q, expected);
    /* Any period at all: cells and ledger agree (kit_ask() compares them). */
    static const char *const periods[] = {"2024-04", "2024-05-10", "2024-04-10..2024-06-20",
                                          "FY2023..FY2024", "2024-03-15..2024-05-31"};
    static const char *const wheres[] = {"day=holiday",       "day=weekday service=migration",
                                         "origin=@shutoken",  "channel!=phone,mail topic=other",
                                         "route=seminar,sns", ""};
    struct kit_question part = {
        .count = count, .from = PICK(periods), .by = groups, .where = PICK(wheres)};
    ck_assert_ptr_null(strstr(kit_ask(&k, &part), "error"));
    struct kept *slot = &kept[below(KEPT)];
    free(slot->answer);
    *slot = (struct kept){q, wall_ms(), expected};
    kit_tick(&k);
}

/* An old answer again, as it was known then. */
static void step_known(void) {
    const struct kept *old = &kept[below(KEPT)];
    if (old->answer != NULL) {
        struct kit_question q = old->question;
        q.known_at = old->time;
        kit_stats_at(__FILE__, __LINE__, &k, &q, old->answer);
    }
}

static void step(void) {
    size_t dice = below(100);
    if (dice < 18) {
        step_entry(MODEL_LOG);
    } else if (dice < 32) {
        step_entry(MODEL_CONTACT);
    } else if (dice < 42) {
        step_entry(MODEL_OUTCOME);
    } else if (dice < 50) {
        step_entry(MODEL_TALLY);
    } else if (dice < 54) {
        step_entry(MODEL_HOLD);
    } else if (dice < 72) {
        step_correct();
    } else if (dice < 82) {
        step_void();
    } else if (dice < 96) {
        step_ask();
    } else {
        step_known();
    }
}

/* A stop of either kind, and a new start. */
static void restart(bool clean) {
    if (!k.daemon) {
        kit_close(&k, clean);
        kit_open(&k);
        return;
    }
    close(k.fd);
    kit_daemon_stop(&k.d, clean ? SIGTERM : SIGKILL);
    kit_daemon_start(&k.d, "free_floor_bytes: 1");
    k.fd = kit_hello(&k.d);
}

/* Stops what serves; the rest is between the files and the model. */
static void to_process(void) {
    if (k.daemon) {
        close(k.fd);
        k.fd = -1;
        ck_assert_int_eq(kit_daemon_stop(&k.d, SIGTERM), 0);
        kit_open(&k);
        k.daemon = false;
    }
}

/* All days; the digest of their answers. */
static uint64_t days(bool daemon, uint64_t seed, size_t n) {
    state = seed;
    answers = 14695981039346656037u;
    model_init(&model);
    kit_start(&k, daemon);
    for (size_t i = 0; i < n; i++) {
        step();
        if (below(150) == 0) {
            restart(below(2) == 0);
        }
    }
    for (size_t i = 0; i < KEPT; i++) {
        step_known();
    }
    to_process();
    kit_refold(&k);
    for (size_t i = 0; i < 30; i++) {
        step_ask();
    }
    kit_close(&k, true);
    kit_verify(&k);
    arena_free(&k.arena);
    kit_remove(k.dir);
    model_free(&model);
    for (size_t i = 0; i < KEPT; i++) {
        free(kept[i].answer);
        kept[i].answer = NULL;
    }
    return answers;
}

START_TEST(random_days) {
    const char *given = getenv("SEED");
    const char *steps = getenv("MODEL_STEPS");
    uint64_t seed = given != NULL ? strtoull(given, NULL, 10)
                                  : ((uint64_t)getpid() << 20 | (uint64_t)_i << 10) + 1;
    if (given != NULL && _i > 0) {
        return; /* one run is what was asked for */
    }
    fprintf(stderr, "SEED=%llu\n", (unsigned long long)seed);
    size_t n = steps != NULL ? strtoul(steps, NULL, 10) : 600;
    uint64_t in_process = days(false, seed, n);
    ck_assert_msg(days(true, seed, n) == in_process, "the daemon answered something else");
}
END_TEST

int main(void) {
    Suite *s = suite_create("model");
    TCase *t = tcase_create("model");
    tcase_set_timeout(t, 3600);
    tcase_add_loop_test(t, random_days, 0, 4);
    suite_add_tcase(s, t);
    kit_begin();
    int status = suite_run(s);
    kit_end();
    return status;
}
