/* A long day: 64 clients with random work, reconnecting as they like; restarts,
 * kills, reloads and backups meanwhile.  At the end all that was acknowledged is
 * there once, the numbers are those of a plain count, the store and its backup
 * prove themselves, and nothing has grown that should not.
 *
 * SOAK_SECONDS sets how long it takes (10), SEED repeats the clients' choices. */
#include "tests/kit_peer.h"
#include "tests/power_kit.h"
#include "tests/suite.h"

#include <check.h>
#include <dirent.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define CLIENTS 64
#define BURST   6

/* What the second half of the calm at the end may add to what the first had,
 * when everything is warm: anonymous memory, KiB (answers on their way are part of
 * it, 64 KiB and a page each, and what the allocator keeps of them); descriptors beside those of
 * connections (a few segments are kept open for reading). */
#define ALLOWED_KIB         16384
#define ALLOWED_DESCRIPTORS 16
/* Readers of the tables: the threads for questions, the loop, a backup, a few
 * that come and go. */
#define ALLOWED_READERS 12
/* The tables' file beside one folded anew, which has no free page. */
#define ALLOWED_TIMES 3
#define ALLOWED_BYTES (16u << 20)

enum kind { LOG, CONTACT, OUTCOME, TALLY, CORRECT, VOID, KINDS };

struct item {
    struct peer_asked asked; /* its request is made anew each time */
    enum kind kind;
    size_t about;   /* an earlier item */
    unsigned value; /* of a tally: its count as it stands */
    bool voided;
};

struct client {
    uint64_t random;
    uint32_t nth;
    struct kit k; /* for its requests alone */
    struct item *item;
    size_t n, room;
    size_t done; /* all before it are acknowledged */
    bool counted;
    const char *wrong; /* what the daemon did that it must not */
    pthread_t thread;
};

static struct kit k;
static struct client clients[CLIENTS];
static _Atomic bool enough;

static size_t soak_seconds(void) {
    return power_number("SOAK_SECONDS", 10);
}

/* ---- what a client asks for ----------------------------------------------------------------- */

static Madoguchi__Request *make_request(struct client *c, size_t i) {
    struct kit *ck = &c->k;
    const struct item *it = &c->item[i];
    const struct item *about = &c->item[it->about];
    const char *date = arena_printf(&ck->arena, "2024-%02zu-%02zu", 4 + i % 9, 1 + i % 28);
    const char *value = kit_text(ck, it->value);
    Madoguchi__Request *r;
    switch (it->kind) {
    case CONTACT:
        r = kit_request(ck, "contact", "case_number", about->asked.number, "date", "2025-03-01",
                        NULL);
        break;
    case OUTCOME:
        r = kit_request(ck, "outcome", "case_number", about->asked.number, "date", "2025-03-02",
                        "outcome", "advised", "persons", value, NULL);
        break;
    case TALLY:
        /* The count as it was asked for: a correction changes only ours. */
        r = kit_request(ck, "tally", "service", "citizen", "date", date, "count",
                        kit_text(ck, 1 + i % 5), NULL);
        break;
    case CORRECT:
        r = kit_request(ck, "correct", "seq", kit_text(ck, about->asked.seq), "count", value,
                        "reason", "誤り", NULL);
        break;
    case VOID:
        r = kit_request(ck, "void", "seq", kit_text(ck, about->asked.seq), "reason", "誤り", NULL);
        break;
    default:
        r = kit_request(ck, "log", "service", "citizen", "date", date, "topic", "legal;tax", NULL);
        break;
    }
    uint8_t *id = arena_zalloc(&ck->arena, 16);
    uint64_t number = i;
    memcpy(id, &c->nth, sizeof c->nth);
    memcpy(id + 8, &number, sizeof number);
    SET(r, id, ((ProtobufCBinaryData){16, id}));
    return r;
}

static long some_item(struct client *c, enum kind kind) {
    for (int i = 0; i < 20 && c->n > 0; i++) {
        size_t at = power_random(&c->random, c->n);
        if (c->item[at].kind == kind && !c->item[at].voided) {
            return (long)at;
        }
    }
    return -1;
}

static bool add_item(struct client *c, enum kind kind, long about) {
    if (c->n == c->room) {
        size_t room = c->room == 0 ? 256 : 2 * c->room;
        struct item *more = realloc(c->item, room * sizeof *more);
        if (more == NULL) {
            c->wrong = "no memory for the test";
            return false;
        }
        c->item = more;
        c->room = room;
    }
    c->item[c->n] = (struct item){.kind = kind, .about = about < 0 ? 0 : (size_t)about};
    c->item[c->n].value =
        kind == TALLY ? 1 + (unsigned)(c->n % 5) : 1 + (unsigned)power_random(&c->random, 9);
    if (kind == CORRECT) { /* to another value */
        c->item[c->n].value = c->item[about].value % 9 + 1;
    }
    c->n++;
    return true;
}

/* One that is about an earlier one, alone; or several new ones. */
static void choose(struct client *c) {
    static const enum kind on[KINDS] = {
        [CONTACT] = LOG, [OUTCOME] = LOG, [CORRECT] = TALLY, [VOID] = TALLY};
    enum kind kind = (enum kind)power_random(&c->random, KINDS);
    long about = kind == LOG || kind == TALLY ? -1 : some_item(c, on[kind]);
    if (about >= 0) {
        add_item(c, kind, about);
        return;
    }
    size_t n = power_random(&c->random, 4) == 0 ? 1 + power_random(&c->random, BURST) : 1;
    while (n-- > 0 && add_item(c, kind == TALLY ? TALLY : LOG, -1)) {
    }
}

/* ---- conversations ----------------------------------------------------------------------------
 */

static void take_effect(struct client *c, const struct item *it) {
    struct item *about = &c->item[it->about];
    if (it->kind == CORRECT) {
        about->value = it->value;
    } else if (it->kind == VOID) {
        about->voided = true;
    }
}

static const Madoguchi__Answer *answer(struct client *c, struct peer *p) {
    const Madoguchi__Answer *got = peer_answer(p, KIT_PATIENCE);
    if (p->state == PEER_SILENT || p->state == PEER_WRONG) {
        c->wrong = p->state == PEER_SILENT ? "no answer" : "an answer that is none";
    }
    return got;
}

static void say_wrong(const struct item *it, const Madoguchi__Answer *got) {
    const Madoguchi__Error *e = got->body_case == MADOGUCHI__ANSWER__BODY_ERROR ? got->error : NULL;
    fprintf(stderr, "kind %d, #%llu: answer %u of serial %u: %.*s\n", (int)it->kind,
            (unsigned long long)it->asked.seq, (unsigned)got->body_case, got->serial,
            e != NULL ? (int)e->en.len : 0, e != NULL ? (const char *)e->en.data : "");
}

/* Asks what is not acknowledged yet, until the connection is lost. */
static void ask_open(struct client *c, struct peer *p) {
    size_t end = c->done;
    while (end < c->n && peer_send(p, (uint32_t)end, make_request(c, end)) == PEER_OPEN) {
        end++;
    }
    for (size_t i = c->done; i < end; i++) {
        const Madoguchi__Answer *got = answer(c, p);
        if (got == NULL) {
            return;
        }
        struct item *it = &c->item[i];
        bool before = it->asked.seq != 0;
        if (got->serial != i || !peer_take(&it->asked, got)) {
            c->wrong = "a wrong answer";
            say_wrong(it, got);
            return;
        }
        if (!before && it->asked.seq != 0) {
            take_effect(c, it);
        }
    }
    while (c->done < c->n && c->item[c->done].asked.seq != 0) {
        c->done++;
    }
}

/* A question; now and then the connection is gone before its answer is. */
static void ask_something(struct client *c, struct peer *p) {
    Madoguchi__Request q = MADOGUCHI__REQUEST__INIT;
    Madoguchi__Stats stats = MADOGUCHI__STATS__INIT;
    Madoguchi__Scope scope = MADOGUCHI__SCOPE__INIT;
    Madoguchi__Status status = MADOGUCHI__STATUS__INIT;
    ProtobufCBinaryData by = bytes_of("month");
    SET(&scope, from, bytes_of("FY2024"));
    SET(&scope, today, 20250615);
    /* What reads the whole ledger is rare: it costs more with each entry. */
    size_t dice = power_random(&c->random, 64);
    if (dice == 0) {
        q.body_case = MADOGUCHI__REQUEST__BODY_LIST;
        q.list = &scope;
    } else if (dice < 24) {
        q.body_case = MADOGUCHI__REQUEST__BODY_STATUS;
        q.status = &status;
    } else {
        q.body_case = MADOGUCHI__REQUEST__BODY_STATS;
        q.stats = &stats;
        stats.scope = &scope;
        SET(&stats, count, bytes_of(dice < 63 ? "contacts" : "active"));
        stats.by = &by;
        stats.n_by = 1;
    }
    if (peer_send(p, 7, &q) != PEER_OPEN) {
        return;
    }
    if (power_random(&c->random, 20) == 0) {
        p->state = PEER_LOST;
        return;
    }
    for (bool more = true; more;) {
        const Madoguchi__Answer *got = answer(c, p);
        if (got == NULL) {
            return;
        }
        if (got->body_case == MADOGUCHI__ANSWER__BODY_ERROR) {
            c->wrong = (int)got->error->code == ERR_BUSY ? NULL : "a question is refused";
            return;
        }
        more = got->has_more && got->more;
    }
}

/* A connection's life. */
static void talk(struct client *c) {
    struct peer p;
    enum peer_state state = peer_open(&p, &k.d, KIT_PATIENCE);
    if (state == PEER_SILENT || state == PEER_WRONG) {
        c->wrong = "no welcome";
    }
    size_t turns = 1 + power_random(&c->random, 60);
    while (p.state == PEER_OPEN && c->wrong == NULL && turns-- > 0 &&
           (!atomic_load(&enough) || c->done < c->n)) {
        if (c->done == c->n) {
            choose(c);
        }
        ask_open(c, &p);
        if (p.state == PEER_OPEN && c->wrong == NULL && power_random(&c->random, 5) == 0) {
            ask_something(c, &p);
        }
        arena_reset(&c->k.arena);
        kit_pause((unsigned)power_random(&c->random, 400));
    }
    peer_close(&p);
}

static void *work(void *ctx) {
    struct client *c = ctx;
    while (c->wrong == NULL && (!atomic_load(&enough) || c->done < c->n)) {
        talk(c);
        kit_pause(50); /* it may be restarting */
    }
    return NULL;
}

/* ---- what happens to the daemon ----------------------------------------------------------------
 */

/* A segment takes what is between its size and 1 MiB, the most of one entry. */
static const char *config(uint64_t *random) {
    static char text[400];
    snprintf(text, sizeof text,
             "free_floor_bytes: 1\nsegment_bytes: %s\nmap_bytes: 4 GiB\n"
             "in_flight_max: %zu\ngather_us: %zu\nquery_waiting_max: %zu\n"
             "spool_memory_bytes: %zu\nwaiting_max: %zu\n"
             "output_high_bytes: 64 KiB\noutput_low_bytes: 16 KiB",
             soak_seconds() > 60 ? "4 MiB" : "1200 KiB", 8 + power_random(random, 56),
             power_random(random, 100), 64 + power_random(random, 64), power_random(random, 100000),
             8 + power_random(random, 100));
    return text;
}

static void restart(uint64_t *random, int number) {
    int status = kit_daemon_stop(&k.d, number);
    ck_assert_msg(number == SIGKILL ? WIFSIGNALED(status) : status == 0, "status %x",
                  (unsigned)status);
    kit_daemon_start(&k.d, config(random));
}

static const char *backup_path(void) {
    static char path[KIT_PATH];
    snprintf(path, sizeof path, "%.150s/backup", k.dir);
    return path;
}

/* On a connection of its own, so that nothing else waits for it. */
static void back_up(void) {
    Madoguchi__Request q = MADOGUCHI__REQUEST__INIT;
    Madoguchi__Backup backup = MADOGUCHI__BACKUP__INIT;
    q.body_case = MADOGUCHI__REQUEST__BODY_BACKUP;
    q.backup = &backup;
    SET(&backup, directory, bytes_of(backup_path()));
    k.fd = kit_hello(&k.d);
    ck_assert_msg(kit_read(&k, &q) != NULL, "backup: %s", k.last.en);
    close(k.fd);
    arena_reset(&k.arena);
}

static void reload(uint64_t *random) {
    unsigned before = kit_daemon_logged(&k.d, "reloaded ");
    kit_daemon_configure(&k.d, config(random));
    ck_assert_int_eq(kill(k.d.pid, SIGHUP), 0);
    kit_daemon_await_log(&k.d, "reloaded ", before + 1);
}

static void check_wrong(void) {
    for (int i = 0; i < CLIENTS; i++) {
        ck_assert_msg(clients[i].wrong == NULL, "client %d: %s", i, clients[i].wrong);
    }
}

/* Until then, with so many kinds of events: the first two leave it running. */
static void events(uint64_t *random, int64_t until, size_t kinds) {
    while (kit_clock() < until) {
        kit_pause(100 + (unsigned)power_random(random, 1200));
        check_wrong();
        switch (power_random(random, kinds)) {
        case 0:
            reload(random);
            break;
        case 1:
            back_up();
            break;
        case 2:
            restart(random, SIGTERM);
            break;
        default:
            restart(random, SIGKILL);
            break;
        }
    }
}

/* ---- growth ------------------------------------------------------------------------------------
 */

struct size {
    unsigned long memory; /* KiB */
    long descriptors;     /* beside those of connections */
    unsigned long readers;
};

static long descriptors(void) {
    char path[64];
    long n = 0;
    snprintf(path, sizeof path, "/proc/%d/fd", (int)k.d.pid);
    DIR *d = opendir(path);
    ck_assert_ptr_nonnull(d);
    for (const struct dirent *e; (e = readdir(d)) != NULL;) {
        n += e->d_name[0] != '.';
    }
    closedir(d);
    return n;
}

static struct size measure(void) {
    k.fd = kit_hello(&k.d);
    struct size s = {.memory = kit_daemon_memory(&k.d), .readers = kit_status(&k, "readers")};
    s.descriptors = descriptors() - (long)kit_status(&k, "connections");
    close(k.fd);
    arena_reset(&k.arena);
    return s;
}

static void compare(const struct size *warm, const struct size *end) {
    fprintf(stderr, "memory %lu then %lu KiB, descriptors %ld then %ld, readers %lu then %lu\n",
            warm->memory, end->memory, warm->descriptors, end->descriptors, warm->readers,
            end->readers);
    ck_assert_uint_le(end->memory, warm->memory + ALLOWED_KIB);
    ck_assert_int_le(end->descriptors, warm->descriptors + ALLOWED_DESCRIPTORS);
    ck_assert_uint_le(end->readers, ALLOWED_READERS);
}

static uint64_t table_bytes(void) {
    struct store_status status;
    store_status(k.store, &status);
    return status.map_used;
}

/* ---- the end -----------------------------------------------------------------------------------
 */

struct sums {
    uint64_t entries, cases, contacts, outcomes, persons;
};

/* Its items counted by hand, and each seq given once. */
static void add_up(const struct client *c, struct sums *s, bool *seen, uint64_t head) {
    for (size_t i = 0; i < c->n; i++) {
        const struct item *it = &c->item[i];
        uint64_t seq = it->asked.seq;
        ck_assert_msg(seq > 2 && seq <= head && !seen[seq], "#%llu twice or beyond the end",
                      (unsigned long long)seq);
        seen[seq] = true;
        s->entries++;
        s->cases += it->kind == LOG;
        s->contacts += it->kind == LOG || it->kind == CONTACT;
        s->contacts += it->kind == TALLY && !it->voided ? it->value : 0;
        s->outcomes += it->kind == OUTCOME;
        s->persons += it->kind == OUTCOME ? it->value : 0;
    }
}

/* Asked again, some are known, under the same number. */
static void ask_again(struct client *c) {
    size_t step = 1 + c->n / 50;
    for (size_t i = 0; i < c->n; i += step) {
        const struct item *it = &c->item[i];
        struct kit_answer a = kit_record(&k, make_request(c, i));
        ck_assert_msg(a.code == 0 && a.known && a.seq == it->asked.seq, "#%llu: #%llu %s",
                      (unsigned long long)it->asked.seq, (unsigned long long)a.seq, a.en);
        ck_assert_str_eq(a.number, it->asked.number);
        arena_reset(&k.arena);
    }
}

static void expect_number(const char *count, uint64_t expected) {
    char text[24];
    snprintf(text, sizeof text, "%llu", (unsigned long long)expected);
    kit_stats(&k, count, "FY2024", NULL, NULL, expected == 0 ? "" : text);
}

static void check_backup(void) {
    char path[KIT_PATH];
    snprintf(path, sizeof path, "%.150s/restored", k.dir);
    back_up();
    ck_assert_int_eq(kit_daemon_run(&k.d, "restore", backup_path(), "--store", path, NULL), 0);
    ck_assert_int_eq(kit_daemon_run(&k.d, "verify", "--store", path, NULL), 0);
    kit_remove(path);
}

/* The tables' file against one that is folded anew. */
static void check_tables(void) {
    char path[KIT_PATH + 20];
    k.options.map_bytes = (uint64_t)4 << 30;
    kit_open(&k);
    uint64_t before = table_bytes();
    kit_close(&k, true);
    snprintf(path, sizeof path, "%s/fold/data.mdb", k.d.store);
    ck_assert_int_eq(unlink(path), 0);
    kit_open(&k);
    uint64_t after = table_bytes();
    fprintf(stderr, "tables: %llu bytes, folded anew %llu\n", (unsigned long long)before,
            (unsigned long long)after);
    ck_assert_uint_le(before, ALLOWED_TIMES * after + ALLOWED_BYTES);
}

/* What the daemon recorded of itself: refusals summed, copies. */
static uint64_t notices(void) {
    ProtobufCBinaryData kinds[] = {bytes_of("refused"), bytes_of("backup"), bytes_of("export")};
    Madoguchi__Audit audit = MADOGUCHI__AUDIT__INIT;
    Madoguchi__Request r = MADOGUCHI__REQUEST__INIT;
    audit.kind = kinds;
    audit.n_kind = 3;
    r.body_case = MADOGUCHI__REQUEST__BODY_AUDIT;
    r.audit = &audit;
    const Madoguchi__Page *page = kit_read(&k, &r);
    ck_assert_msg(page != NULL, "%s", k.last.en);
    return page->n_entry;
}

static void check_all(void) {
    struct sums s = {0};
    uint64_t head = kit_head(&k);
    bool *seen = calloc(head + 1, sizeof *seen);
    ck_assert_ptr_nonnull(seen);
    for (int i = 0; i < CLIENTS; i++) {
        add_up(&clients[i], &s, seen, head);
    }
    free(seen);
    fprintf(stderr, "%llu entries\n", (unsigned long long)s.entries);
    ck_assert_uint_eq(head, s.entries + 2 + notices());
    expect_number("cases", s.cases);
    expect_number("contacts", s.contacts);
    expect_number("outcomes", s.outcomes);
    expect_number("persons", s.persons);
}

static void begin(uint64_t seed) {
    static struct power_run run; /* its first segment is short */
    uint64_t random = seed | 1;
    power_run_begin(&run, seed, false);
    free(run.asked);
    k = run.k;
    k.daemon = true;
    kit_daemon_start(&k.d, config(&random));
    for (uint32_t i = 0; i < CLIENTS; i++) {
        struct client *c = &clients[i];
        *c = (struct client){.nth = i + 1, .random = seed + i * UINT64_C(0x9e3779b97f4a7c15) + 1};
        c->random |= 1;
        arena_init(&c->k.arena, 16u << 20);
        ck_assert_int_eq(pthread_create(&c->thread, NULL, work, c), 0);
    }
}

static void end_clients(void) {
    atomic_store(&enough, true);
    for (int i = 0; i < CLIENTS; i++) {
        pthread_join(clients[i].thread, NULL);
    }
    check_wrong();
}

START_TEST(a_long_day) {
    uint64_t seed = power_seed();
    uint64_t random = seed | 1;
    int64_t ms = (int64_t)soak_seconds() * 1000;
    int64_t start = kit_clock();
    begin(seed);
    events(&random, start + ms * 6 / 10, 4);
    restart(&random, SIGTERM);
    events(&random, start + ms * 8 / 10, 2);
    struct size warm = measure();
    events(&random, start + ms, 2);
    struct size last = measure();
    end_clients();
    compare(&warm, &last);
    check_backup();
    k.fd = kit_hello(&k.d);
    check_all();
    for (int i = 0; i < CLIENTS; i++) {
        ask_again(&clients[i]);
    }
    close(k.fd);
    ck_assert_int_eq(kit_daemon_stop(&k.d, SIGTERM), 0);
    k.daemon = false;
    check_tables();
    check_all();
    kit_close(&k, true);
    kit_verify(&k);
    for (int i = 0; i < CLIENTS; i++) {
        arena_free(&clients[i].k.arena);
        free(clients[i].item);
    }
    arena_free(&k.arena);
    kit_remove(k.dir);
}
END_TEST

int main(void) {
    Suite *s = suite_create("soak");
    TCase *t = tcase_create("soak");
    tcase_set_timeout(t, (double)soak_seconds() * 2 + 120);
    tcase_add_test(t, a_long_day);
    suite_add_tcase(s, t);
    kit_begin();
    int status = suite_run(s);
    kit_end();
    return status;
}
