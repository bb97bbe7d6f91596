/* What an error repeats of a file: never a text that the guard refuses. */
#include "client/import_row.h"
#include "proto/yaml.h"
#include "tests/suite.h"

#include <check.h>
#include <string.h>

#define NUMBER   "123456789018" /* has the check digit of an individual number */
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct arena arena;
static struct error e;

static void setup(void) {
    arena_init(&arena, 16u << 20);
    memset(&e, 0, sizeof e);
}

static void teardown(void) {
    arena_free(&arena);
}

static void check_silent(const struct error *error, const char *text) {
    ck_assert_msg(error->en[0] != '\0' && strstr(error->en, NUMBER) == NULL &&
                      strstr(error->ja, NUMBER) == NULL && strstr(error->field, NUMBER) == NULL,
                  "%s\n[%s] %s\n%s", text, error->field, error->en, error->ja);
    for (unsigned i = 0; i < error->n_near; i++) {
        ck_assert_msg(strstr(error->near[i], NUMBER) == NULL, "%s", error->near[i]);
    }
}

#define HEAD                                       \
    "plan: nagai\n"                                \
    "title: t\n"                                   \
    "municipality: \"062090\"\n"                   \
    "years: {from: FY2019, to: FY2023}\n"          \
    "series: [{id: views, type: flow, name: n}]\n" \
    "indicators:\n"

static const char *const plans[] = {
    HEAD "  - {id: a, name: n, kind: annual, " NUMBER ": []}\n",
    HEAD "  - {id: a, name: n, kind: " NUMBER ", terms: [{figure: views}]}\n",
    HEAD "  - {id: a, name: n, kind: annual, scale: " NUMBER ", terms: [{figure: views}]}\n",
    HEAD "  - {id: a, name: n, kind: annual, terms: [{figure: " NUMBER "}]}\n",
    HEAD "  - {id: a, name: n, kind: annual, terms: [{count: " NUMBER "}]}\n",
    HEAD "  - {id: a, name: n, kind: annual, terms: [{count: cases, where: [" NUMBER "]}]}\n",
    HEAD "  - {id: a, name: n, kind: annual, terms: [{count: cases, where: [" NUMBER "=a]}]}\n",
    HEAD "  - {id: a, name: n, kind: annual, since: " NUMBER ", terms: [{figure: views}]}\n",
    HEAD "  - {id: a, name: n, kind: annual, decimals: " NUMBER ", terms: [{figure: views}]}\n",
    HEAD "  - {id: a, name: n, kind: as-of, as_of: [{year: " NUMBER ", date: 2022-03-13}]}\n",
    HEAD "  - {id: " NUMBER ", name: n, kind: annual, terms: [{figure: views}]}\n"
         "  - {id: " NUMBER ", name: n, kind: annual, terms: [{figure: views}]}\n",
    HEAD "  - {id: a, name: n, kind: annual, terms: [{figure: views}] " NUMBER "\n",
    NUMBER "\n",
};

START_TEST(no_plan_error_repeats_a_number) {
    ProtobufCBinaryData packed;
    const char *text = plans[_i];
    ck_assert_int_eq(yaml_plan(text, strlen(text), "p.yaml", &arena, &packed, &e), -1);
    check_silent(&e, text);
}
END_TEST

#define CATALOGUE                                \
    "catalogue: 1\nrule: 1\nstart: 2000-04-01\n" \
    "services: [{code: m, prefix: M, ja: j, en: e, nature: inquiry, consultation: [inquiry]}]\n"

static const char *const catalogues[] = {
    CATALOGUE NUMBER ": []\n",
    CATALOGUE "channels: [{code: " NUMBER ", ja: j, en: e}, {code: " NUMBER ", ja: j, en: e}]\n",
    CATALOGUE "groups: [{list: origin, name: a, ja: j, en: e, members: [" NUMBER "]}]\n",
    CATALOGUE "groups: [{list: " NUMBER ", name: a, ja: j, en: e, members: [tokyo]}]\n",
    CATALOGUE "groups: [{list: origin, name: " NUMBER ", ja: j, en: e, members: [tokyo]}]\n",
    CATALOGUE "holidays: [" NUMBER "]\n",
    "catalogue: 1\nrule: 1\nstart: 2000-04-01\nservices: [{code: " NUMBER
    ", prefix: M, ja: j, en: e}, {code: " NUMBER ", prefix: N, ja: j, en: e}]\n",
};

START_TEST(no_catalogue_error_repeats_a_number) {
    ProtobufCBinaryData packed;
    const char *text = catalogues[_i];
    ck_assert_int_eq(yaml_catalogue(text, strlen(text), "c.yaml", &arena, &packed, &e), -1);
    check_silent(&e, text);
}
END_TEST

static unsigned told;

static void tell(void *ctx, const char *column, const struct error *error) {
    (void)ctx;
    told++;
    ck_assert(strstr(column, NUMBER) == NULL);
    check_silent(error, column);
}

START_TEST(no_import_error_repeats_a_number) {
    static const char *const names[] = {"kind", NUMBER};
    static const char *const columns[] = {"kind", "date", "count", "status", "value"};
    static const char *const rows[][5] = {
        {NUMBER, "2024-04-15", "1", "", ""},     {"tally", NUMBER, "1", "", ""},
        {"tally", "2024-04-15", NUMBER, "", ""}, {"session", "2024-04-15", "", NUMBER, ""},
        {"coverage", "", "", "", NUMBER},
    };
    struct import_header header;
    ck_assert_int_eq(import_header(names, 2, &header, &e), -1);
    check_silent(&e, "header");
    ck_assert_int_eq(import_header(columns, 5, &header, &e), 0);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct import_row row = {0};
        told = 0;
        ck_assert_uint_ne(import_row(&header, rows[i], 5, "f.csv", &arena, &row, tell, NULL), 0);
        ck_assert_uint_ne(told, 0);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("quotes");
    TCase *tc = tcase_create("files");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, no_plan_error_repeats_a_number, 0, COUNT(plans));
    tcase_add_loop_test(tc, no_catalogue_error_repeats_a_number, 0, COUNT(catalogues));
    tcase_add_test(tc, no_import_error_repeats_a_number);
    suite_add_tcase(suite, tc);
    return suite_run(suite);
}
