/* Status as Prometheus reads it: every line of the exposition is one, and stands once. */
#include "client/prometheus.h"
#include "tests/kit_client.h"
#include "tests/suite.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX    65536
#define SAMPLES_MAX 400

struct exposition {
    char text[TEXT_MAX];
    char family[SAMPLES_MAX][80]; /* with HELP and TYPE */
    char type[SAMPLES_MAX][16];
    size_t families;
    char series[SAMPLES_MAX][300]; /* name and labels */
    char value[SAMPLES_MAX][40];
    size_t n;
};

/* A name as Prometheus allows it; the length. */
static size_t name_at(const char *p) {
    size_t n = strspn(p, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_:0123456789");
    ck_assert(n > 0 && (*p < '0' || *p > '9'));
    return n;
}

/* Labels in braces; what follows them. */
static const char *skip_labels(const char *p) {
    while (*p != '}') {
        p += name_at(p);
        ck_assert_int_eq(p[0], '=');
        ck_assert_int_eq(p[1], '"');
        for (p += 2; *p != '"'; p++) {
            ck_assert_int_ne(*p, '\0');
            if (*p == '\\') {
                p++;
                ck_assert(*p == '\\' || *p == '"' || *p == 'n');
            }
        }
        p++;
        ck_assert(*p == ',' || *p == '}');
        p += *p == ',';
    }
    return p + 1;
}

static size_t family_of(const struct exposition *x, const char *name, size_t len) {
    for (size_t i = 0; i < x->families; i++) {
        size_t n = strlen(x->family[i]);
        bool summary = strcmp(x->type[i], "summary") == 0;
        if (strncmp(x->family[i], name, n) == 0 &&
            (n == len || (summary && ((len == n + 4 && memcmp(name + n, "_sum", 4) == 0) ||
                                      (len == n + 6 && memcmp(name + n, "_count", 6) == 0))))) {
            return i;
        }
    }
    ck_abort_msg("no TYPE before %.*s", (int)len, name);
}

static void take_heading(struct exposition *x, const char *line) {
    char name[80];
    char help[80];
    int at = 0;
    ck_assert_int_eq(sscanf(line, "# HELP %79s %n", help, &at), 1);
    ck_assert_msg(at > 0 && line[at] != '\0', "no words: %s", line);
    char *type = strtok(NULL, "\n");
    ck_assert_ptr_nonnull(type);
    ck_assert_int_eq(sscanf(type, "# TYPE %79s %15s", name, x->type[x->families]), 2);
    ck_assert_str_eq(name, help);
    const char *t = x->type[x->families];
    ck_assert(strcmp(t, "gauge") == 0 || strcmp(t, "counter") == 0 || strcmp(t, "summary") == 0);
    size_t n = strlen(name);
    bool total = n > 6 && strcmp(name + n - 6, "_total") == 0;
    ck_assert_msg(total == (strcmp(t, "counter") == 0), "%s is a %s", name, t);
    for (size_t i = 0; i < x->families; i++) {
        ck_assert_str_ne(x->family[i], name);
    }
    snprintf(x->family[x->families++], 80, "%s", name);
}

static void take_sample(struct exposition *x, const char *line) {
    char *end;
    size_t len = name_at(line);
    /* The samples of a family follow each other. */
    ck_assert_uint_eq(family_of(x, line, len), x->families - 1);
    const char *p = line + len;
    p = *p == '{' ? skip_labels(p + 1) : p;
    ck_assert_int_eq(*p, ' ');
    ck_assert_uint_lt(x->n, SAMPLES_MAX);
    snprintf(x->series[x->n], sizeof x->series[0], "%.*s", (int)(p - line), line);
    snprintf(x->value[x->n], sizeof x->value[0], "%s", p + 1);
    (void)strtod(p + 1, &end);
    ck_assert_msg(end != p + 1 && *end == '\0', "no number: %s", line);
    for (size_t i = 0; i < x->n; i++) {
        ck_assert_str_ne(x->series[i], x->series[x->n]);
    }
    x->n++;
}

static void parse(struct exposition *x) {
    size_t len = strlen(x->text);
    ck_assert(len > 0 && x->text[len - 1] == '\n');
    x->families = x->n = 0;
    for (char *line = strtok(x->text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        ck_assert_uint_lt(x->families, SAMPLES_MAX);
        if (line[0] == '#') {
            take_heading(x, line);
        } else {
            take_sample(x, line);
        }
    }
}

static const char *sample(const struct exposition *x, const char *series) {
    for (size_t i = 0; i < x->n; i++) {
        if (strcmp(x->series[i], series) == 0) {
            return x->value[i];
        }
    }
    ck_abort_msg("no %s", series);
}

#define CITY "{municipality=\"062090\""

START_TEST(prometheus) {
    static struct exposition x;
    struct kit k;
    kit_start_daemon(&k, NULL);
    for (unsigned round = 0; round < 2; round++) {
        kit_client_ok(&k, "status --format prometheus");
        snprintf(x.text, sizeof x.text, "%s", kit_out);
        parse(&x);
        ck_assert_uint_gt(x.families, 25);
        ck_assert_str_eq(sample(&x, "madoguchi_head" CITY "}"), round == 0 ? "2" : "3");
        ck_assert_str_eq(sample(&x, "madoguchi_entries_total" CITY "}"), round == 0 ? "0" : "1");
        ck_assert_str_eq(sample(&x, "madoguchi_answer_seconds_count" CITY ",kind=\"record\"}"),
                         round == 0 ? "0" : "2");
        kit_ok(&k, "tally", "service", "citizen", "date", "2024-04-15", "count", "3", NULL);
        kit_refused(&k, ERR_INVALID, "date", "tally", "service", "citizen", "=date", "20240230",
                    NULL);
    }
    ck_assert_str_eq(sample(&x, "madoguchi_refusals_total" CITY ",reason=\"invalid\"}"), "1");
    ck_assert_str_eq(sample(&x, "madoguchi_warning" CITY ",kind=\"full\"}"), "0");
    ck_assert_str_eq(sample(&x, "madoguchi_full" CITY "}"), "0");
    ck_assert_str_eq(sample(&x, "madoguchi_disk_floor_bytes" CITY "}"), "1");
    /* Seconds, with the digits of microseconds. */
    const char *flush = sample(&x, "madoguchi_flush_seconds" CITY ",quantile=\"0.99\"}");
    ck_assert_uint_eq(strlen(strchr(flush, '.')), 7);
    ck_assert(strtod(flush, NULL) > 0 && strtod(flush, NULL) < 60);
    for (size_t i = 0; i < x.n; i++) {
        ck_assert_msg(strstr(x.series[i], "backup_age") == NULL, "no backup was made");
    }
    kit_finish(&k);
}
END_TEST

/* What stands in a label never ends it. */
START_TEST(labels_are_escaped) {
    static struct exposition x;
    const struct status_row rows[] = {{"municipality", "062090"},
                                      {"name", "a\"b\\c\nd} 1"},
                                      {"refused_x\"y", "7"},
                                      {"head", "12"},
                                      {"queue", "many"},
                                      {"readers", ""},
                                      {"unknown", "3"}};
    FILE *f = fmemopen(x.text, sizeof x.text, "w");
    prometheus_write(f, rows, sizeof rows / sizeof rows[0]);
    fclose(f);
    ck_assert_ptr_nonnull(strstr(x.text, "name=\"a\\\"b\\\\c\\nd} 1\""));
    parse(&x);
    ck_assert_uint_eq(x.n, 3);
    ck_assert_str_eq(sample(&x, "madoguchi_refusals_total" CITY ",reason=\"x\\\"y\"}"), "7");
    ck_assert_str_eq(sample(&x, "madoguchi_head" CITY "}"), "12");
}
END_TEST

/* Only status takes it. */
START_TEST(others_do_not_take_it) {
    static const char *const others[] = {"log",
                                         "tally",
                                         "decline",
                                         "contact",
                                         "outcome",
                                         "refer",
                                         "close",
                                         "reopen",
                                         "correct",
                                         "void",
                                         "session plan",
                                         "session hold",
                                         "session cancel",
                                         "figure set",
                                         "coverage",
                                         "import",
                                         "show",
                                         "list",
                                         "stats",
                                         "plan put",
                                         "plan list",
                                         "indicators",
                                         "prove",
                                         "catalogue put",
                                         "catalogue show",
                                         "verify",
                                         "backup",
                                         "account list",
                                         "account rights",
                                         "login x",
                                         "logout",
                                         "whoami",
                                         "passwd",
                                         "month close 2024-04",
                                         "audit",
                                         "publish x",
                                         "restatements x"};
    struct kit k;
    kit_start_daemon(&k, NULL);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        kit_client_refused(&k, 2, "--format", "%s --format prometheus", others[i]);
        ck_assert_str_eq(kit_out, "");
    }
    ck_assert_int_eq(kit_client(&k, "", "status --format prometheus --excel"), 2);
    kit_finish(&k);
}
END_TEST

int main(void) {
    Suite *s = suite_create("prometheus");
    TCase *t = tcase_create("exposition");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, prometheus);
    tcase_add_test(t, labels_are_escaped);
    tcase_add_test(t, others_do_not_take_it);
    suite_add_tcase(s, t);
    kit_begin();
    int status = suite_run(s);
    kit_end();
    return status;
}
