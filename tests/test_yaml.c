#include "proto/check.h"
#include "proto/message.h"
#include "proto/yaml.h"
#include "tests/suite.h"

#include <check.h>
#include <stdlib.h>

#define BUDGET (64u << 20)

static struct arena arena;
static struct error e;

static void setup(void) {
    arena_init(&arena, BUDGET);
    memset(&e, 0, sizeof e);
}

static void teardown(void) {
    arena_free(&arena);
}

static char *slurp(const char *path, size_t *len) {
    FILE *file = fopen(path, "rb");
    ck_assert_msg(file != NULL, "%s", path);
    char *text = malloc(YAML_MAX);
    *len = fread(text, 1, YAML_MAX, file);
    fclose(file);
    return text;
}

/* ---- the files of the tree ------------------------------------------------------------ */

START_TEST(every_plan_is_read) {
    static const char *const paths[] = {"plans/nagai.yaml", "plans/suzaka.yaml",
                                        "plans/yonezawa.yaml", "plans/ueda.yaml",
                                        "plans/honjo.yaml"};
    size_t indicators = 0;
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        size_t len;
        char *text = slurp(paths[i], &len);
        ProtobufCBinaryData packed;
        ck_assert_msg(yaml_plan(text, len, paths[i], &arena, &packed, &e) == 0, "%s", e.en);
        const Document__Plan *plan = (Document__Plan *)message_unpack(
            &document__plan__descriptor, &arena, packed.data, packed.len, &e);
        ck_assert(plan != NULL);
        indicators += plan->n_indicator;
        free(text);
    }
    ck_assert_uint_eq(indicators, 187);
}
END_TEST

START_TEST(the_catalogue_goes_there_and_back) {
    size_t len;
    char *text = slurp("plans/catalogue.yaml", &len);
    ProtobufCBinaryData first;
    ProtobufCBinaryData second;
    ck_assert_msg(yaml_catalogue(text, len, "catalogue.yaml", &arena, &first, &e) == 0, "%s", e.en);
    free(text);
    const Document__Catalogue *c = (Document__Catalogue *)message_unpack(
        &document__catalogue__descriptor, &arena, first.data, first.len, &e);
    char *written;
    size_t written_len;
    FILE *out = open_memstream(&written, &written_len);
    ck_assert_int_eq(yaml_catalogue_write(c, out), 0);
    fclose(out);
    ck_assert_msg(yaml_catalogue(written, written_len, "again", &arena, &second, &e) == 0, "%s",
                  e.en);
    free(written);
    ck_assert(bytes_same(first, second));
}
END_TEST

/* ---- what bad files get ------------------------------------------------------------------ */

#define HEAD                                                \
    "plan: nagai\n"                                         \
    "title: 計画\n"                                       \
    "municipality: \"062090\"\n"                            \
    "years: {from: FY2019, to: FY2023}\n"                   \
    "series:\n"                                             \
    "  - {id: views, type: flow, name: 閲覧数}\n"        \
    "scales:\n"                                             \
    "  - id: ratio\n"                                       \
    "    formula: actual/target\n"                          \
    "    bands: [{letter: A, min: \"100\"}, {letter: B}]\n" \
    "indicators:\n"
#define HEAD_LINES 11

static const struct {
    const char *text;
    const char *place; /* how the English sentence begins */
    const char *says;  /* and what it holds */
    const char *near;  /* or NULL */
} bad_plans[] = {
    {HEAD "  - id: a\n    name: n\n    kind: annual\n    basline: []\n",
     "p.yaml:15: ", "there is no key \"basline\" here", "baseline"},
    {HEAD "  - id: a\n    name: n\n    kind: annual\n    terms: [{figur: views}]\n",
     "p.yaml:15: ", "\"figur\"", "figure"},
    {HEAD "  - id: a\n    name: n\n    kind: anual\n    terms: [{figure: views}]\n",
     "p.yaml:14: ", "\"anual\" is not known", "annual"},
    {HEAD "  - id: a\n    name: n\n    kind: annual\n    terms: [{figure: view}]\n",
     "p.yaml:15: ", "there is no series \"view\"", NULL},
    {HEAD "  - id: a\n    name: n\n    kind: annual\n    scale: ration\n"
          "    terms: [{figure: views}]\n",
     "p.yaml:15: ", "there is no scale \"ration\"", NULL},
    {HEAD "  - id: a\n    name: n\n    kind: annual\n    terms: [{figure: views}]\n"
          "  - id: a\n    name: m\n    kind: annual\n    terms: [{figure: views}]\n",
     "p.yaml:16: ", "the id \"a\" is given twice", NULL},
    {HEAD "  - id: a\n    name: n\n    kind: annual\n    terms: [{count: outcome}]\n",
     "p.yaml:15: ", "\"outcome\" is not known", "outcomes"},
    {HEAD "  - id: a\n    name: n\n    kind: annual\n"
          "    terms: [{count: outcomes, where: [route=event,outreach]}]\n",
     "p.yaml:15: ", "\"outreach\" is not a filter", NULL},
    {HEAD "  - id: a\n    name: n\n    kind: annual\n"
          "    terms: [{count: outcomes, where: [topc=legal]}]\n",
     "p.yaml:", "\"topc\" is not known", "topic"},
    {HEAD "  - id: a\n    name: n\n    kind: annual\n    terms: [{figure: views, count: cases}]\n",
     "p.yaml:12: ", "a term is either", NULL},
    {HEAD "  - id: a\n    name: n\n    kind: cumulative\n    since: 2018-02-30\n"
          "    terms: [{count: cases}]\n",
     "p.yaml:15: ", "", NULL},
    {HEAD "  - id: a\n    name: n\n    kind: annual\n    terms: [{figure: views}]\n"
          "    verdicts: [{year: 2023-04, letter: A}]\n",
     "p.yaml:16: ", "is not a fiscal year", NULL},
    {HEAD "  - id: a\n    name: n\n    name: m\n    kind: annual\n",
     "p.yaml:14: ", "the key \"name\" is given twice", NULL},
    {HEAD "  - id: a\n    kind: annual\n", "p.yaml:", "the key \"name\" is missing", NULL},
    {HEAD "  - id: a\n    name: &x n\n    kind: annual\n    note: *x\n", "p.yaml:", "aliases",
     NULL},
    {HEAD "  - id: a\n    name: n\n    kind: annual\n    terms: views\n",
     "p.yaml:15: ", "takes a list", NULL},
    {HEAD "  - id: a\n    name: n\n    decimals: many\n    kind: annual\n",
     "p.yaml:14: ", "takes a whole number", NULL},
    {HEAD "  - id: \"a\n", "p.yaml", "not valid YAML", NULL},
    {"", "p.yaml: ", "the file is empty", NULL},
};

START_TEST(a_bad_plan_is_refused_with_its_line) {
    const char *text = bad_plans[_i].text;
    ProtobufCBinaryData packed;
    ck_assert_int_eq(yaml_plan(text, strlen(text), "p.yaml", &arena, &packed, &e), -1);
    ck_assert_msg(strncmp(e.en, bad_plans[_i].place, strlen(bad_plans[_i].place)) == 0, "%d: %s",
                  _i, e.en);
    ck_assert_msg(strstr(e.en, bad_plans[_i].says) != NULL, "%d: %s", _i, e.en);
    ck_assert(e.ja[0] != '\0');
    if (bad_plans[_i].near != NULL) {
        ck_assert_uint_ge(e.n_near, 1);
        ck_assert_str_eq(e.near[0], bad_plans[_i].near);
    }
}
END_TEST

static const struct {
    const char *text;
    const char *place;
    const char *says;
} bad_catalogues[] = {
    {"catalogue: 2\nrule: 1\nstart: 2000-04-01\nservices: []\n", "c.yaml:1: ", "format 1"},
    {"catalogue: 1\nrule: 1\nstart: 2000-13-01\nservices: []\n", "c.yaml:3: ", ""},
    {"catalogue: 1\nrule: 1\nstart: 2000-04-01\nservices:\n"
     "  - {code: a, prefix: A, ja: い}\n  - {code: a, prefix: B, ja: ろ}\n",
     "c.yaml:6: ", "the service \"a\" is given twice"},
    {"catalogue: 1\nrule: 1\nstart: 2000-04-01\nservices:\n  - {code: a, prefix: A, ja: い}\n"
     "topics:\n  - {code: t, ja: ろ}\n  - {code: t, ja: は}\n",
     "c.yaml:8: ", "the topic \"t\" is given twice"},
    {"catalogue: 1\nrule: 1\nstart: 2000-04-01\nservices:\n  - {code: a, prefix: A, ja: い}\n"
     "topics:\n  - {code: t, ja: ろ}\ngroups:\n  - {list: topic, name: g, members: [u]}\n",
     "c.yaml:9: ", "the group \"g\" names \"u\""},
    {"catalogue: 1\nrule: 1\nstart: 2000-04-01\ntopic:\n  - {code: t, ja: ろ}\n",
     "c.yaml:4: ", "there is no key \"topic\" here"},
};

START_TEST(a_bad_catalogue_is_refused_with_its_line) {
    const char *text = bad_catalogues[_i].text;
    ProtobufCBinaryData packed;
    ck_assert_int_eq(yaml_catalogue(text, strlen(text), "c.yaml", &arena, &packed, &e), -1);
    ck_assert_msg(strncmp(e.en, bad_catalogues[_i].place, strlen(bad_catalogues[_i].place)) == 0,
                  "%d: %s", _i, e.en);
    ck_assert_msg(strstr(e.en, bad_catalogues[_i].says) != NULL, "%d: %s", _i, e.en);
}
END_TEST

START_TEST(limits) {
    ProtobufCBinaryData packed;
    size_t len = YAML_MAX + 1;
    char *text = malloc(len);
    memset(text, ' ', len);
    ck_assert_int_eq(yaml_plan(text, len, "p.yaml", &arena, &packed, &e), -1);
    ck_assert_int_eq(e.code, ERR_TOO_MUCH);
    ck_assert_int_eq(yaml_plan("a\0b", 3, "p.yaml", &arena, &packed, &e), -1);
    ck_assert(strstr(e.en, "not a text file") != NULL);
    free(text);
}
END_TEST

START_TEST(lines_are_found_outside_comments) {
    const char *text = "# id: a\n- id: ab # a\n- {id: \"a\"}\n";
    const struct yaml_source source = {.text = text, .len = strlen(text), .file_name = "x"};
    ck_assert_uint_eq(yaml_line_of(&source, "a", 0), 3);
    ck_assert_uint_eq(yaml_line_of_key(&source, "id", "a", 0), 3);
    ck_assert_uint_eq(yaml_line_of_key(&source, "id", "ab", 0), 2);
    ck_assert_uint_eq(yaml_line_of(&source, "a", 3), 0);
}
END_TEST

/* Refused before anything is done for each: a file of 4 MiB has room for 80,000. */
START_TEST(too_many_codes) {
    static char text[1u << 19];
    ProtobufCBinaryData packed;
    size_t n = (size_t)snprintf(text, sizeof text,
                                "catalogue: 1\nrule: 1\nstart: 2000-04-01\nservices: [{code: a, "
                                "prefix: A, ja: a, en: a}]\ntopics:\n");
    for (int i = 0; i <= CHECK_CODES_MAX; i++) {
        n += (size_t)snprintf(text + n, sizeof text - n, "  - {code: t%d, ja: t, en: t}\n", i);
    }
    ck_assert_uint_lt(n, sizeof text);
    ck_assert_int_eq(yaml_catalogue(text, n, "c.yaml", &arena, &packed, &e), -1);
    ck_assert_int_eq(e.code, ERR_TOO_MUCH);
    ck_assert_str_eq(e.field, "codes");
}
END_TEST

int main(void) {
    Suite *suite = suite_create("yaml");
    TCase *tcase = tcase_create("yaml");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, every_plan_is_read);
    tcase_add_test(tcase, the_catalogue_goes_there_and_back);
    tcase_add_test(tcase, too_many_codes);
    tcase_add_loop_test(tcase, a_bad_plan_is_refused_with_its_line, 0,
                        sizeof bad_plans / sizeof bad_plans[0]);
    tcase_add_loop_test(tcase, a_bad_catalogue_is_refused_with_its_line, 0,
                        sizeof bad_catalogues / sizeof bad_catalogues[0]);
    tcase_add_test(tcase, limits);
    tcase_add_test(tcase, lines_are_found_outside_comments);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
