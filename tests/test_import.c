/* What a file of rows becomes: its text, its records, each row's request, and what is wrong
 * with them, without a daemon. */
#include "client/import.h"
#include "proto/yaml.h"
#include "tests/suite.h"

#include <check.h>
#include <stdlib.h>

/* ---- files ---------------------------------------------------------------------------- */

static struct error e;

static char *heap(const char *bytes, size_t len) {
    char *copy = malloc(len + 1);
    memcpy(copy, bytes, len);
    return copy;
}

START_TEST(texts_of_any_encoding) {
    struct import_text t;
    ck_assert_int_eq(import_text(heap("\xef\xbb\xbfkind", 7), 7, &t, &e), 0);
    ck_assert(t.len == 4 && memcmp(t.data, "kind", 4) == 0 && !t.cp932);
    free(t.data);
    /* 移住, and ① of Windows. */
    ck_assert_int_eq(import_text(heap("\x88\xda\x8f\x5a\x87\x40", 6), 6, &t, &e), 0);
    ck_assert(t.cp932 && t.len == 9 && memcmp(t.data, "移住①", 9) == 0);
    free(t.data);
    ck_assert_int_eq(import_text(heap("a\nb\xff\xff", 5), 5, &t, &e), -1);
    ck_assert(strstr(e.en, "Line 2 ") != NULL);
    ck_assert_int_eq(import_text(heap("a\0b", 3), 3, &t, &e), -1);
}
END_TEST

struct seen {
    char text[400];
    int stop_at;
    int n;
};

static int see(void *ctx, unsigned line, const char *const *cells, size_t n) {
    struct seen *s = ctx;
    size_t used = strlen(s->text);
    used += (size_t)snprintf(s->text + used, sizeof s->text - used, "%u", line);
    for (size_t i = 0; i < n; i++) {
        used += (size_t)snprintf(s->text + used, sizeof s->text - used, "|%s", cells[i]);
    }
    snprintf(s->text + used, sizeof s->text - used, ";");
    return ++s->n == s->stop_at ? 7 : 0;
}

static int records(const char *text, struct seen *s) {
    *s = (struct seen){.n = 0};
    return import_records(text, strlen(text), see, s, &e);
}

START_TEST(records_and_their_lines) {
    struct seen s;
    ck_assert_int_eq(records("a,b\r\n\r\n\"x\ny\",\"q\"\"q\"\n ,z \nlast,", &s), 0);
    ck_assert_str_eq(s.text, "1|a|b;3|x\ny|q\"q;5||z;6|last|;");
    ck_assert_int_eq(records("", &s), 0);
    ck_assert_int_eq(s.n, 0);
    ck_assert_int_eq(records("a\n\"b\"c\n", &s), -1);
    ck_assert_msg(strstr(e.en, "Line 2 ") != NULL, "%s", e.en);
    ck_assert_int_eq(records("a\n\"b\n", &s), -1);
    s = (struct seen){.stop_at = 2};
    ck_assert_int_eq(import_records("a\nb\nc\n", 6, see, &s, &e), 7);
    ck_assert_int_eq(s.n, 2);
}
END_TEST

START_TEST(too_many_columns) {
    struct seen s;
    char text[2 * IMPORT_CELLS_MAX + 3];
    memset(text, ',', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    ck_assert_int_eq(records(text, &s), -1);
    ck_assert_int_eq(e.code, ERR_TOO_MUCH);
}
END_TEST

/* ---- rows ------------------------------------------------------------------------------ */

static struct arena arena;
static char told[2000];

static void tell(void *ctx, const char *column, const struct error *problem) {
    (void)ctx;
    size_t used = strlen(told);
    snprintf(told + used, sizeof told - used, "%s%s", used > 0 ? " " : "", column);
    ck_assert(problem->en[0] != '\0');
}

#define CELLS(...) ((const char *[]){__VA_ARGS__})
#define COUNT(...) (sizeof CELLS(__VA_ARGS__) / sizeof(char *))

static struct import_header header;

static void set_header(const char *const *cells, size_t n) {
    ck_assert_msg(import_header(cells, n, &header, &e) == 0, "%s", e.en);
    arena_reset(&arena);
    told[0] = '\0';
}

#define HEADER(...) set_header(CELLS(__VA_ARGS__), COUNT(__VA_ARGS__))
#define ROW(row, ...) \
    import_row(&header, CELLS(__VA_ARGS__), COUNT(__VA_ARGS__), "file.csv", &arena, row, tell, NULL)

START_TEST(headers) {
    ck_assert_int_eq(import_header(CELLS("kind", "topc"), 2, &header, &e), -1);
    ck_assert_str_eq(e.near[0], "topic");
    ck_assert_int_eq(import_header(CELLS("kind", "kind"), 2, &header, &e), -1);
    ck_assert_int_eq(import_header(CELLS("ref", "date"), 2, &header, &e), -1);
    ck_assert(strstr(e.en, "kind") != NULL);
}
END_TEST

START_TEST(a_row_becomes_a_request) {
    struct import_row row;
    HEADER("date", "kind", "ref", "service", "topic", "persons", "outcome");
    ck_assert_uint_eq(ROW(&row, "R6.4.15", "log", "a-1", "migration", "housing;work", "3", "moved"),
                      0);
    ck_assert_int_eq(row.request.body_case, MADOGUCHI__REQUEST__BODY_ACT);
    ck_assert_int_eq(row.request.act->kind, MADOGUCHI__ACT_KIND__LOG);
    ck_assert_uint_eq(row.request.act->date, 20240415);
    ck_assert_uint_eq(row.date, 20240415);
    ck_assert_uint_eq(row.request.act->n_topic, 2);
    ck_assert_uint_eq(row.request.act->persons, 3);
    ck_assert(bytes_equal(row.request.row->source, "file.csv"));
    ck_assert(bytes_equal(row.request.row->ref, "a-1"));
}
END_TEST

START_TEST(kinds_of_their_own) {
    struct import_row row;
    HEADER("kind", "ref", "date", "outcome", "count", "value", "status", "session_kind", "period");
    ck_assert_uint_eq(ROW(&row, "tally", "", "2024-04-01", "issued=11", "12", "", "", "", ""), 0);
    ck_assert(bytes_equal(row.request.act->outcome, "issued"));
    ck_assert_uint_eq(row.request.act->outcome_count, 11);
    ck_assert(!row.request.row->has_ref);
    ck_assert_uint_eq(ROW(&row, "coverage", "", "", "", "", "not-held", "", "", "FY2024"), 0);
    ck_assert(row.request.coverage->not_held);
    ck_assert_uint_eq(ROW(&row, "session", "s", "2024-04-01", "", "", "", "", "fair", ""), 0);
    ck_assert_int_eq(row.request.session->kind, MADOGUCHI__SESSION_KIND__HOLD);
    ck_assert_uint_eq(ROW(&row, "session", "s", "2024-04-01", "", "", "", "planned", "fair", ""),
                      0);
    ck_assert_int_eq(row.request.session->kind, MADOGUCHI__SESSION_KIND__PLAN);
    ck_assert(row.planned);
    ck_assert_uint_eq(ROW(&row, "session", "s", "2024-04-01", "", "", "", "cancelled", "fair", ""),
                      0);
    ck_assert_int_eq(row.request.session->kind, MADOGUCHI__SESSION_KIND__CANCEL);
}
END_TEST

START_TEST(corrections_take_what_is_not_empty) {
    struct import_row row;
    HEADER("kind", "ref", "date", "topic", "reason");
    ck_assert_uint_eq(ROW(&row, "correct", "a", "", "work", "typo"), 0);
    ck_assert_uint_eq(row.request.correction->n_change, 1);
    ck_assert(bytes_equal(row.request.correction->change[0]->field, "topic"));
    ck_assert(bytes_equal(row.request.correction->reason, "typo"));
    ck_assert_uint_eq(ROW(&row, "correct", "a", "2024-13-01", "work", "typo"), 1);
    ck_assert_str_eq(told, "date");
}
END_TEST

START_TEST(every_bad_cell_is_told) {
    struct import_row row;
    HEADER("kind", "ref", "date", "service", "count", "series", "status");
    ck_assert_uint_eq(ROW(&row, "log", "a", "2024-02-30", "migration", "-1", "x", "held"), 4);
    ck_assert_str_eq(told, "date count series status");
    told[0] = '\0';
    ck_assert_uint_eq(ROW(&row, "lgo", "", "", "", "", "", ""), 1);
    ck_assert_str_eq(told, "kind");
    told[0] = '\0';
    ck_assert_uint_eq(ROW(&row, "contact", "", "2024-04-01", "", "", "", ""), 1);
    ck_assert_str_eq(told, "ref");
    ck_assert_uint_eq(ROW(&row, "log", "a"), 1);
}
END_TEST

/* ---- the rows of a file together --------------------------------------------------------- */

static struct client client;
static struct import import;

static void read_all(const char *text) {
    ck_assert_msg(import_begin(&import, text, strlen(text), &e) == 0, "%s", e.en);
    ck_assert_msg(import_more(&import, SIZE_MAX, &e) == 0, "%s", e.en);
}

static void read_text(const char *text) {
    import_init(&import, &client, "file.csv");
    read_all(text);
}

static const Madoguchi__Request *request_of(size_t i) {
    const struct import_item *item = &import.items[i];
    return (Madoguchi__Request *)message_unpack(&madoguchi__request__descriptor, &arena,
                                                import.bytes + item->offset, item->len, &e);
}

START_TEST(identical_rows_are_counted) {
    read_text("kind,date,service\ntally,2024-04-01,mynumber\ntally,2024-04-02,mynumber\n"
              "tally,2024-04-01,mynumber\n");
    ck_assert_uint_eq(import.n_items, 3);
    ck_assert_uint_eq(request_of(0)->row->nth, 1);
    ck_assert_uint_eq(request_of(1)->row->nth, 1);
    ck_assert_uint_eq(request_of(2)->row->nth, 2);
    ck_assert(!bytes_same(request_of(0)->id, request_of(2)->id));
    import_free(&import);
}
END_TEST

START_TEST(refs_tie_rows_together) {
    read_text("kind,ref,date,service,session,session_kind,status\n"
              "session,s,2024-04-01,migration,,fair,planned\n"
              "log,a,2024-04-01,migration,s,,\n"
              "contact,a,2024-04-02,,,,\n"
              "contact,b,2024-04-02,,,,\n"
              "session,s,2024-04-01,migration,,fair,\n"
              "log,a,2024-04-03,migration,,,\n");
    ck_assert(import.items[1].after_session);
    ck_assert(import.items[2].after_ref);
    ck_assert_str_eq(import.services[import.items[2].service], "migration");
    ck_assert(!import.items[3].after_ref);
    /* A planned session may be held later; a case is opened once. */
    ck_assert_uint_eq(import.n_problem, 1);
    ck_assert_uint_eq(import.problem[0].line, 7);
    ck_assert_str_eq(import.problem[0].column, "ref");
    import_free(&import);
}
END_TEST

START_TEST(corrections_are_checked_by_the_catalogue) {
    static const char yaml[] = "catalogue: 1\nrule: 1\nstart: 2000-04-01\nservices:\n"
                               "  - {code: migration, prefix: M, ja: 移住相談, en: Migration, "
                               "nature: consultation, consultation: [consultation]}\n"
                               "natures:\n  - {code: consultation, ja: 相談, en: Consultation}\n"
                               "topics:\n  - {code: housing, ja: 住まい, en: Housing}\n";
    static const char rows[] = "kind,ref,date,service,topic,reason\n"
                               "log,a,2024-04-01,migration,housing,\n"
                               "correct,a,,,houseing,typo\n";
    ProtobufCBinaryData packed;
    ck_assert_msg(yaml_catalogue(yaml, strlen(yaml), "c", &arena, &packed, &e) == 0, "%s", e.en);
    import_init(&import, &client, "file.csv");
    ck_assert_int_eq(catalogue_open(packed.data, packed.len, &import.catalogue, &e), 0);
    read_all(rows);
    ck_assert_uint_eq(import.n_problem, 1);
    ck_assert_str_eq(import.problem[0].error.near[0], "housing");
    catalogue_free(import.catalogue);
    import_free(&import);
}
END_TEST

START_TEST(many_problems_are_counted) {
    char *text = malloc(100000);
    strcpy(text, "kind,date\n");
    for (int i = 0; i < 300; i++) {
        strcat(text, "log,x\n");
    }
    read_text(text);
    ck_assert_uint_eq(import.n_problem, 300);
    ck_assert_uint_eq(import.problem[IMPORT_PROBLEMS_SHOWN - 1].line, IMPORT_PROBLEMS_SHOWN + 1);
    import_free(&import);
    free(text);
}
END_TEST

static void setup(void) {
    arena_init(&arena, 16u << 20);
}

static void teardown(void) {
    arena_free(&arena);
}

int main(void) {
    Suite *suite = suite_create("import");
    TCase *tcase = tcase_create("import");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 30);
    tcase_add_test(tcase, texts_of_any_encoding);
    tcase_add_test(tcase, records_and_their_lines);
    tcase_add_test(tcase, too_many_columns);
    tcase_add_test(tcase, headers);
    tcase_add_test(tcase, a_row_becomes_a_request);
    tcase_add_test(tcase, kinds_of_their_own);
    tcase_add_test(tcase, corrections_take_what_is_not_empty);
    tcase_add_test(tcase, every_bad_cell_is_told);
    tcase_add_test(tcase, identical_rows_are_counted);
    tcase_add_test(tcase, refs_tie_rows_together);
    tcase_add_test(tcase, corrections_are_checked_by_the_catalogue);
    tcase_add_test(tcase, many_problems_are_counted);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
