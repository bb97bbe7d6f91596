/* The format of the journal, for ever: tests/golden/ holds a journal with an
 * entry of every kind, and each entry as bytes.  Today's store must read, fold
 * and prove that journal, and make the same entries of the same requests.
 *
 * GOLDEN=write makes the files anew: only when a kind of entry is added. */
#include "tests/kit_store.h"
#include "tests/suite.h"

#include "proto/yaml.h"
#include "store/internal.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define GOLDEN  "tests/golden/"
#define SEGMENT "journal/00000000000000000001.seg"
#define MOST    64

static struct {
    const char *kind; /* of the entry, for the file's name */
    uint8_t *data;
    size_t len;
} entries[MOST];
static size_t n_entries;

/* ---- files --------------------------------------------------------------------------------- */

static uint8_t *load(const char *path, size_t *len) {
    FILE *f = fopen(path, "re");
    ck_assert_msg(f != NULL, "%s is missing", path);
    fseek(f, 0, SEEK_END);
    *len = (size_t)ftell(f);
    rewind(f);
    uint8_t *data = malloc(*len + 1);
    ck_assert_ptr_nonnull(data);
    ck_assert_uint_eq(fread(data, 1, *len, f), *len);
    fclose(f);
    data[*len] = '\0';
    return data;
}

static void save(const char *path, const void *data, size_t len) {
    FILE *f = fopen(path, "we");
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(data, 1, len, f), len);
    ck_assert_int_eq(fclose(f), 0);
}

static const char *file_of(size_t seq, const char *kind) {
    static char path[128];
    snprintf(path, sizeof path, GOLDEN "%02zu-%s.bin", seq, kind);
    return path;
}

static int keep_entry(void *ctx, uint64_t seq, struct journal_place place, const uint8_t *hash,
                      const uint8_t *data, size_t len) {
    (void)ctx;
    (void)place;
    (void)hash;
    ck_assert_uint_lt(seq, MOST);
    struct arena a;
    struct error e;
    arena_init(&a, 4u << 20);
    Journal__Entry *entry =
        (Journal__Entry *)message_unpack(&journal__entry__descriptor, &a, data, len, &e);
    ck_assert_ptr_nonnull(entry);
    entries[seq].kind = entry_kind_word(entry);
    entries[seq].data = malloc(len);
    memcpy(entries[seq].data, data, len);
    entries[seq].len = len;
    n_entries = seq;
    arena_free(&a);
    return 0;
}

static void keep_entries(struct kit *k) {
    struct error e;
    ck_assert_int_eq(journal_walk(k->store->journal, 1, keep_entry, NULL, &e), 0);
}

/* ---- the requests -------------------------------------------------------------------------- */

/* One entry of every kind, with every field somewhere. */
static void live(struct kit *k, ProtobufCBinaryData catalogue, ProtobufCBinaryData plan) {
    const char *s = kit_plan(k, "seminar", "2024-04-10", "time", "13:30", "service", "migration",
                             "program", "own-seminar", "office", "city-hall", "form", "online",
                             "venue", "東京", "venue_kind", "mall", NULL);
    kit_ok(k, "hold", "session", s, "date", "2024-04-11", "households", "4", "persons", "9", NULL);
    const char *dropped = kit_plan(k, "seminar", "2024-06-10", "service", "migration", NULL);
    kit_ok(k, "cancel", "session", dropped, "date", "2024-06-09", "reason", "台風", NULL);
    const char *c =
        kit_log(k, "migration", "2024-04-15", "time", "09:30", "topic", "housing;work", "program",
                "own-seminar", "office", "city-hall", "channel", "counter", "nature", "request",
                "origin", "tokyo", "age", "30s", "route", "seminar", "session", s, "+on_behalf",
                "窓口係", "+terminal", "pc-3", "+terminal_seq", "7", "+visit", "v-1", NULL);
    uint64_t log = k->last.seq;
    k->now += 60000;
    kit_ok(k, "contact", "case_number", c, "date", "2024-05-02", "channel", "phone", NULL);
    uint64_t contact = k->last.seq;
    kit_ok(k, "tally", "service", "migration", "date", "2024-05-02", "count", "12", "nature",
           "inquiry", "outcome", "moved", "outcome_count", "2", "households", "2", "persons", "5",
           NULL);
    kit_ok(k, "decline", "service", "migration", "date", "2024-05-03", "reason", "full", NULL);
    kit_ok(k, "refer", "case_number", c, "date", "2024-05-04", "target", "lawyer", "due",
           "2024-06-01", NULL);
    const char *a = kit_log(k, "marriage", "2024-05-05", "+source", "台帳.csv", "+ref", "A1",
                            "+nth", "1", NULL);
    kit_ok(k, "outcome", "case_number", c, "date", "2024-06-01", "outcome", "moved", "households",
           "1", "persons", "3", NULL);
    kit_ok(k, "outcome", "case_number", a, "date", "2024-06-02", "outcome", "married", "with_case",
           c, NULL);
    kit_warned(k, 1, "outcome", "case_number", c, "date", "2024-06-03", "outcome", "moved", NULL);
    kit_ok(k, "close", "case_number", c, "date", "2024-06-04", NULL);
    kit_ok(k, "reopen", "case_number", c, "date", "2024-06-05", NULL);
    kit_ok(k, "figure", "series", "population", "period", "R6", "value", "26,000", "as_of",
           "2024-04-01", "source", "住民基本台帳", NULL);
    kit_ok(k, "coverage", "period", "2024-04-01..", "service", "migration", "program",
           "own-seminar", "session_kind", "seminar", NULL);
    kit_ok(k, "coverage", "period", "FY2020", "not_held", "yes", "reason", "感染症", NULL);
    kit_ok(k, "correct", "seq", kit_text(k, log), "topic", "work", "origin", "chiba", "age", "",
           "reason", "聞き違い", NULL);
    kit_ok(k, "void", "seq", kit_text(k, contact), "reason", "二重", NULL);
    kit_ok(k, "void", "number", a, "reason", "取下げ", NULL);
    ck_assert_int_eq(
        kit_put(k, MADOGUCHI__DOCUMENT_KIND__CATALOGUE, catalogue.data, catalogue.len).code, 0);
    ck_assert_int_eq(kit_put(k, MADOGUCHI__DOCUMENT_KIND__PLAN_DOCUMENT, plan.data, plan.len).code,
                     0);
}

static void expect_numbers(struct kit *k) {
    kit_stats(k, "contacts", "FY2024", "month,topic,origin,route", NULL,
              "2024-04 work chiba seminar 1; 2024-05 - - - 12");
    kit_stats(k, "consultations", "FY2024", NULL, NULL, "1");
    kit_stats(k, "cases", "FY2024", "service,session_kind,venue", NULL, "migration seminar 東京 1");
    kit_stats(k, "outcomes", "FY2024", "month,outcome,origin", NULL,
              "2024-05 moved - 2; 2024-06 moved chiba 2");
    kit_stats(k, "persons", "FY2024", NULL, NULL, "8?1");
    kit_stats(k, "sessions", "FY2024", "day,venue,form", NULL, "2024-04-11 東京 online 1");
    kit_stats(k, "attendees", "FY2024", NULL, NULL, "9");
    kit_stats(k, "refusals", "FY2024", "reason", NULL, "full 1");
    kit_stats(k, "referrals", "FY2024", "target,topic", NULL, "lawyer work 1");
    kit_stats(k, "active", "FY2024", NULL, NULL, "1");
}

/* What came with format 2: accounts, months, what happened at the daemon, publications.  They
 * follow the entries above; the journal of format 1 stays as it is. */
static void live_people(struct kit *k) {
    uint8_t certificate[32];
    memset(certificate, 0xab, sizeof certificate);
    Madoguchi__Request *r = kit_request(k, "account", "name", "tanaka", "person", "田中", "role",
                                        "clerk;planner", "service", "migration;marriage", "office",
                                        "city-hall", "uid", "4711", "=until", "20301231", NULL);
    ProtobufCBinaryData list = {sizeof certificate, certificate};
    r->account->certificate = &list;
    r->account->n_certificate = 1;
    ck_assert_int_eq(kit_record(k, r).code, 0);
    kit_ok(k, "account", "name", "tanaka", "role", "auditor", "disabled", "yes", "replaces",
           kit_text(k, k->last.seq), NULL);
    kit_ok(k, "closing", "=month", "202404", "service", "migration", NULL);
    kit_ok(k, "closing", "=month", "202404", NULL);
    for (uint32_t kind = 1; kind < NOTICE_KINDS; kind++) {
        struct store_actor actor = {.id = "tanaka"};
        struct store_result result;
        struct error e;
        Journal__Notice notice = JOURNAL__NOTICE__INIT;
        SET(&notice, kind, kind);
        SET(&notice, source, bytes_of("192.0.2.7"));
        SET(&notice, account, bytes_of("abe"));
        SET(&notice, count, kind * 100);
        SET(&notice, what, bytes_of("forbidden show"));
        ck_assert_int_eq(store_begin(k->store, k->now, &e), STORE_DONE);
        ck_assert_int_eq(store_note(k->store, &actor, &notice, &k->arena, &result, &e), 0);
        ck_assert_int_eq(store_commit(k->store, &e), STORE_DONE);
    }
    kit_warned(k, 1, "publication", "plan", "golden", "year", "2024", NULL);
}

/* ---- the tests ------------------------------------------------------------------------------- */

static void start(struct kit *k, ProtobufCBinaryData catalogue) {
    kit_start(k, false);
    kit_close(k, true);
    kit_remove(k->d.store);
    kit_make_store_of(k->d.store, catalogue);
    kit_open(k);
}

/* The document of an entry of the golden journal. */
static ProtobufCBinaryData document_of(struct arena *a, size_t seq, const char *kind) {
    struct error e;
    size_t len;
    uint8_t *data = load(file_of(seq, kind), &len);
    Journal__Entry *entry =
        (Journal__Entry *)message_unpack(&journal__entry__descriptor, a, data, len, &e);
    ck_assert_ptr_nonnull(entry);
    free(data);
    return strcmp(kind, "plan") == 0 ? entry->plan->data : entry->catalogue->data;
}

#define LAST_CATALOGUE 24
#define LAST_PLAN      25
#define LAST_ENTRY     39 /* of format 2 */

static void write_golden(void) {
    struct kit k;
    struct error e;
    ProtobufCBinaryData catalogue;
    ProtobufCBinaryData plan;
    struct arena a;
    size_t len;
    arena_init(&a, 4u << 20);
    uint8_t *text = load(GOLDEN "catalogue.yaml", &len);
    ck_assert_msg(yaml_catalogue((char *)text, len, "catalogue.yaml", &a, &catalogue, &e) == 0,
                  "%s", e.en);
    uint8_t *plan_text = load(GOLDEN "plan.yaml", &len);
    ck_assert_msg(yaml_plan((char *)plan_text, len, "plan.yaml", &a, &plan, &e) == 0, "%s", e.en);
    start(&k, catalogue);
    live(&k, catalogue, plan);
    keep_entries(&k);
    for (size_t seq = 1; seq <= n_entries; seq++) {
        save(file_of(seq, entries[seq].kind), entries[seq].data, entries[seq].len);
    }
    char path[KIT_PATH + 60];
    snprintf(path, sizeof path, "%s/" SEGMENT, k.d.store);
    uint8_t *journal = load(path, &len);
    while (len > 0 && journal[len - 1] == 0) {
        len--;
    }
    save(GOLDEN "journal.seg", journal, (len + 7) / 8 * 8);
    live_people(&k);
    keep_entries(&k);
    for (size_t seq = LAST_PLAN + 1; seq <= n_entries; seq++) {
        save(file_of(seq, entries[seq].kind), entries[seq].data, entries[seq].len);
    }
    free(journal);
    free(text);
    free(plan_text);
    kit_finish(&k);
    arena_free(&a);
}

START_TEST(golden_journal_holds) {
    struct kit k;
    size_t len;
    char path[KIT_PATH + 60];
    kit_start(&k, false);
    kit_close(&k, true);
    uint8_t *journal = load(GOLDEN "journal.seg", &len);
    snprintf(path, sizeof path, "%s/" SEGMENT, k.d.store);
    save(path, journal, len);
    ck_assert_int_eq(truncate(path, 16 << 20), 0);
    free(journal);
    snprintf(path, sizeof path, "%s/fold/data.mdb", k.d.store);
    ck_assert_int_eq(unlink(path), 0);
    snprintf(path, sizeof path, "%s/clean", k.d.store);
    ck_assert_int_eq(unlink(path), 0);
    kit_open(&k);
    keep_entries(&k);
    ck_assert_uint_eq(n_entries, LAST_PLAN);
    for (size_t seq = 1; seq <= n_entries; seq++) {
        uint8_t *data = load(file_of(seq, entries[seq].kind), &len);
        ck_assert_uint_eq(len, entries[seq].len);
        ck_assert_mem_eq(data, entries[seq].data, len);
        free(data);
    }
    expect_numbers(&k);
    /* It goes on. */
    k.ids = 1000;
    ck_assert_str_eq(kit_log(&k, "migration", "2024-04-15", NULL), "M-2024-000002");
    kit_refold(&k);
    kit_close(&k, true);
    kit_verify(&k);
    arena_free(&k.arena);
}
END_TEST

/* Entries are the same bytes; the words of a warning may be improved. */
static bool same_but_warnings(const uint8_t *a, size_t n, const uint8_t *b, size_t m) {
    struct arena arena;
    struct error e;
    arena_init(&arena, 8u << 20);
    Journal__Entry *x =
        (Journal__Entry *)message_unpack(&journal__entry__descriptor, &arena, a, n, &e);
    Journal__Entry *y =
        (Journal__Entry *)message_unpack(&journal__entry__descriptor, &arena, b, m, &e);
    ck_assert(x != NULL && y != NULL);
    bool same = x->n_warning == y->n_warning;
    if (same && x->n_warning > 0) {
        x->n_warning = y->n_warning = 0;
        same = message_equal(&x->base, &y->base);
    } else {
        same = same && n == m && memcmp(a, b, n) == 0;
    }
    arena_free(&arena);
    return same;
}

/* The same requests make the same bytes.  The store's id is random, and what
 * stands in the first catalogue is not asked for here. */
START_TEST(entries_are_made_as_ever) {
    struct kit k;
    struct arena a;
    arena_init(&a, 4u << 20);
    ProtobufCBinaryData catalogue = document_of(&a, LAST_CATALOGUE, "catalogue");
    start(&k, catalogue);
    live(&k, catalogue, document_of(&a, LAST_PLAN, "plan"));
    expect_numbers(&k);
    live_people(&k);
    expect_numbers(&k);
    keep_entries(&k);
    ck_assert_uint_eq(n_entries, LAST_ENTRY);
    for (size_t seq = 2; seq <= n_entries; seq++) {
        size_t len;
        uint8_t *data = load(file_of(seq, entries[seq].kind), &len);
        ck_assert_msg(same_but_warnings(data, len, entries[seq].data, entries[seq].len),
                      "entry %zu (%s) is not what it was", seq, entries[seq].kind);
        free(data);
    }
    kit_finish(&k);
    arena_free(&a);
}
END_TEST

/* A program that knows no readings has to refuse a catalogue that has some, at the founding
 * and later, and nothing else. */
START_TEST(readings_are_a_newer_entry) {
    struct kit k;
    kit_start(&k, false);
    kit_put_catalogue(&k, "kana: すまい", "kana: いえ");
    kit_log(&k, "migration", "2024-04-15", NULL);
    keep_entries(&k);
    for (size_t seq = 1; seq <= n_entries; seq++) {
        ck_assert_uint_eq(entries[seq].data[0], 0x08);
        ck_assert_uint_eq(entries[seq].data[1],
                          strcmp(entries[seq].kind, "catalogue") == 0 ? 3 : 1);
    }
    ck_assert_str_eq(entries[2].kind, "catalogue");
    ck_assert_str_eq(entries[3].kind, "catalogue");
    kit_finish(&k);
}
END_TEST

/* Reading an entry and writing it again changes nothing: no field is unknown. */
START_TEST(entries_are_understood) {
    struct kit k;
    struct arena a;
    kit_start(&k, false);
    arena_init(&a, 8u << 20);
    size_t len;
    uint8_t *journal = load(GOLDEN "journal.seg", &len);
    free(journal);
    for (size_t seq = 1; seq <= LAST_ENTRY; seq++) {
        char command[200];
        char path[200] = "";
        snprintf(command, sizeof command, "ls " GOLDEN "%02zu-*.bin", seq);
        FILE *p = popen(command, "re");
        ck_assert_ptr_nonnull(fgets(path, sizeof path, p));
        pclose(p);
        path[strcspn(path, "\n")] = '\0';
        struct error e;
        ProtobufCBinaryData packed;
        uint8_t *data = load(path, &len);
        ProtobufCMessage *m = message_unpack(&journal__entry__descriptor, &a, data, len, &e);
        ck_assert_ptr_nonnull(m);
        ck_assert_uint_eq(((Journal__Entry *)m)->format, seq <= LAST_PLAN ? 1 : 2);
        ck_assert_uint_eq(((Journal__Entry *)m)->seq, seq);
        ck_assert_int_eq(message_pack(m, &a, &packed, &e), 0);
        ck_assert_uint_eq(packed.len, len);
        ck_assert_mem_eq(packed.data, data, len);
        free(data);
    }
    arena_free(&a);
    kit_finish(&k);
}
END_TEST

START_TEST(write_files) {
    write_golden();
}
END_TEST

int main(void) {
    Suite *s = suite_create("golden");
    TCase *t = tcase_create("golden");
    const char *write = getenv("GOLDEN");
    tcase_set_timeout(t, 60);
    if (write != NULL && strcmp(write, "write") == 0) {
        tcase_add_test(t, write_files);
    } else {
        tcase_add_test(t, golden_journal_holds);
        tcase_add_test(t, entries_are_made_as_ever);
        tcase_add_test(t, readings_are_a_newer_entry);
        tcase_add_test(t, entries_are_understood);
    }
    suite_add_tcase(s, t);
    kit_begin();
    int status = suite_run(s);
    kit_end();
    return status;
}
