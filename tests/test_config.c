/* The configuration: every key's limits, every refusal with its line, what is
 * printed reads back, and the example that is shipped. */
#include "daemon/config.h"
#include "proto/log.h"
#include "tests/suite.h"

#include <check.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct number {
    const char *name;
    uint64_t standard, least, most;
    bool restart;
    size_t offset;
};

static const struct number numbers[] = {
#define NUMBER(name, standard, least, most, restart, text) \
    {#name, standard, least, most, restart, offsetof(struct config, name)},
    CONFIG_NUMBERS(NUMBER)
#undef NUMBER
};

#define N_NUMBERS ((int)(sizeof numbers / sizeof numbers[0]))

static uint64_t value_of(const struct config *c, const struct number *n) {
    return *(const uint64_t *)((const char *)c + n->offset);
}

static struct config *taken(const char *text) {
    struct config *c = NULL;
    struct error e = {0};
    ck_assert_msg(config_parse(text, strlen(text), "t.yaml", &c, &e) == 0, "%s", e.en);
    return c;
}

/* Expects a refusal whose English sentence holds `part` and that names `field`. */
static void refused(const char *text, const char *field, const char *part) {
    struct config *c = NULL;
    struct error e = {0};
    ck_assert_msg(config_parse(text, strlen(text), "t.yaml", &c, &e) != 0, "taken: %s", text);
    ck_assert_ptr_null(c);
    ck_assert_int_eq(e.code, ERR_INVALID);
    ck_assert_str_eq(e.field, field);
    ck_assert_msg(strstr(e.en, part) != NULL, "'%s' not in '%s'", part, e.en);
    ck_assert_msg(strstr(e.ja, "t.yaml") != NULL, "%s", e.ja);
}

static void expect_defaults(const struct config *c) {
    for (int i = 0; i < N_NUMBERS; i++) {
        ck_assert_msg(value_of(c, &numbers[i]) == numbers[i].standard, "%s", numbers[i].name);
    }
    ck_assert_uint_eq(c->listen_count, 0);
    ck_assert_ptr_null(c->socket_owner);
    ck_assert_ptr_null(c->socket_group);
    ck_assert_uint_eq(c->log_level, LEVEL_INFO);
    ck_assert(!c->force_filesystem);
}

START_TEST(empty_is_all_defaults) {
    static const char *const texts[] = {"", "\n", "# only a comment\n", "{}\n"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct config *c = taken(texts[i]);
        expect_defaults(c);
        config_free(c);
    }
}
END_TEST

START_TEST(number_within_limits) {
    const struct number *n = &numbers[_i];
    uint64_t values[] = {n->least, n->most, n->standard};
    for (size_t i = 0; i < 3; i++) {
        char text[160];
        /* output_low_bytes is at most output_high_bytes, whatever the test of it sets */
        const char *beside = strcmp(n->name, "output_low_bytes") == 0 ? "output_high_bytes: 64 MiB"
                             : strcmp(n->name, "output_high_bytes") == 0 ? "output_low_bytes: 0"
                                                                         : "";
        snprintf(text, sizeof text, "%s: %" PRIu64 "\n%s\n", n->name, values[i], beside);
        struct config *c = taken(text);
        ck_assert_uint_eq(value_of(c, n), values[i]);
        config_free(c);
    }
}
END_TEST

START_TEST(number_outside_limits) {
    const struct number *n = &numbers[_i];
    char text[160];
    char part[160];
    snprintf(part, sizeof part, "t.yaml:2: %s: from %" PRIu64 " to %" PRIu64, n->name, n->least,
             n->most);
    snprintf(text, sizeof text, "# line 1\n%s: %" PRIu64 "\n", n->name, n->most + 1);
    refused(text, n->name, part);
    if (n->least > 0) {
        snprintf(text, sizeof text, "# line 1\n%s: %" PRIu64 "\n", n->name, n->least - 1);
        refused(text, n->name, part);
    }
}
END_TEST

START_TEST(number_that_is_none) {
    static const char *const values[] = {"-1",    "+1",   "1.5",      "0x10",
                                         "12abc", "many", "''",       "1e3",
                                         "1 2",   "１２", "\"1\\t\"", "99999999999999999999999"};
    const struct number *n = &numbers[_i];
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        char text[160];
        snprintf(text, sizeof text, "log_level: info\n\n%s: %s\n", n->name, values[i]);
        refused(text, n->name, "t.yaml:3: ");
    }
}
END_TEST

START_TEST(bytes_with_units) {
    struct config *c = taken("spool_disk_bytes: 2 GiB\nspool_memory_bytes: 64KiB\n"
                             "output_high_bytes: 3MiB\n");
    ck_assert_uint_eq(c->spool_disk_bytes, GIB(2));
    ck_assert_uint_eq(c->spool_memory_bytes, 65536);
    ck_assert_uint_eq(c->output_high_bytes, MIB(3));
    config_free(c);
    refused("spool_disk_bytes: 2 GB\n", "spool_disk_bytes", "KiB");
    refused("spool_disk_bytes: 9999999999999 GiB\n", "spool_disk_bytes", "KiB");
    refused("idle_ms: 1 KiB\n", "idle_ms", "whole number");
}
END_TEST

START_TEST(unknown_key_has_its_line) {
    refused("idle_ms: 100\n# comment\nidel_ms: 100\n", "idel_ms",
            "t.yaml:3: idel_ms: there is no such key");
}
END_TEST

START_TEST(key_given_twice) {
    refused("idle_ms: 100\nidle_ms: 200\n", "idle_ms", "the key stands twice");
}
END_TEST

START_TEST(not_yaml) {
    refused("idle_ms: [1\n", "", "not a configuration");
    refused("- 1\n", "", "not a configuration");
    refused("just a word\n", "", "not a configuration");
    refused("idle_ms: {a: 1}\n", "", "not a configuration");
    refused("idle_ms: 100\n---\nidle_ms: 200\n", "", "not a configuration");
    refused("\tidle_ms: 100\n", "", "not a configuration");
}
END_TEST

START_TEST(aliases_are_refused) {
    refused("socket_owner: &a root\nsocket_group: *a\n", "", "not a configuration");
}
END_TEST

START_TEST(output_low_above_high) {
    refused("output_high_bytes: 4096\noutput_low_bytes: 4097\n", "output_low_bytes", "t.yaml:2:");
    refused("output_high_bytes: 4096\n", "output_low_bytes", "at most output_high_bytes");
}
END_TEST

START_TEST(words) {
    struct config *c = taken("log_level: debug\nforce_filesystem: true\nsocket_owner: root\n"
                             "socket_group: \"0\"\n");
    ck_assert_uint_eq(c->log_level, LEVEL_DEBUG);
    ck_assert(c->force_filesystem);
    ck_assert_str_eq(c->socket_owner, "root");
    ck_assert_str_eq(c->socket_group, "0");
    config_free(c);
    refused("log_level: verbose\n", "log_level", "t.yaml:1:");
    refused("force_filesystem: maybe\n", "force_filesystem", "true or false");
    refused("force_filesystem: yes\n", "force_filesystem", "true or false");
}
END_TEST

START_TEST(listen_addresses) {
    struct config *c = taken("listen: [\"unix:/run/a.sock\", \"unix:/run/b.sock\"]\n");
    ck_assert_uint_eq(c->listen_count, 2);
    ck_assert_str_eq(c->listen[1], "unix:/run/b.sock");
    config_free(c);
    config_free(taken("listen: [\"tls:0.0.0.0:7000\", \"tls:[::]:7000\"]\n"));
    refused("listen: [\"tcp:0.0.0.0:7000\"]\n", "listen", "no connection without TLS");
    refused("listen: [\"tls:0.0.0.0\"]\n", "listen", "tls:HOST:PORT");
    refused("listen: [\"/run/a.sock\"]\n", "listen", "unix:");
    refused("listen: [\"unix:\"]\n", "listen", "unix:");
    refused("listen: unix:/run/a.sock\n", "", "not a configuration");
    char text[400];
    snprintf(text, sizeof text, "listen: [\"unix:/%0*d\"]\n", 120, 0);
    refused(text, "listen", "at most 107 bytes");
    char many[2000];
    int n = snprintf(many, sizeof many, "listen:\n");
    for (int i = 0; i <= CONFIG_LISTEN_MAX; i++) {
        n += snprintf(many + n, sizeof many - (size_t)n, "  - \"unix:/run/a.sock\"\n");
    }
    refused(many, "", "not a configuration");
}
END_TEST

START_TEST(backup_directories) {
    refused("backup_directories: [\"backups\"]\n", "backup_directories", "beginning with /");
    refused("backup_directories: [\"/a\", \"\"]\n", "", "not a configuration");
    refused("backup_directories: /a\n", "", "not a configuration");
    struct config *c = taken("backup_directories: []\n");
    ck_assert_uint_eq(c->backup_directories_count, 0);
    config_free(c);
    char many[2000];
    int n = snprintf(many, sizeof many, "backup_directories:\n");
    for (int i = 0; i <= CONFIG_BACKUP_MAX; i++) {
        n += snprintf(many + n, sizeof many - (size_t)n, "  - /a\n");
    }
    refused(many, "", "not a configuration");
}
END_TEST

/* ---- printing -------------------------------------------------------------------- */

static char *printed(const struct config *c) {
    static char *text; /* static: gcc 12 takes a local's end for the end of what it points to */
    static size_t len;
    FILE *f = open_memstream(&text, &len);
    config_print(c, f);
    fclose(f);
    return text;
}

static const char *const everything =
    "listen: [\"unix:/run/a.sock\"]\nsocket_owner: daemon\nsocket_group: clerks\n"
    "log_level: warning\nforce_filesystem: true\nidle_ms: 1234\nmap_bytes: 8GiB\n"
    "backup_directories: [\"/var/backups\", \"/mnt/a \\\"b\\\" \\\\c\"]\n";

START_TEST(printed_reads_back) {
    struct config *c = taken(everything);
    char *first = printed(c);
    struct config *again = taken(first);
    char *second = printed(again);
    ck_assert_str_eq(first, second);
    ck_assert_str_eq(again->listen[0], "unix:/run/a.sock");
    ck_assert_str_eq(again->socket_group, "clerks");
    ck_assert_uint_eq(again->backup_directories_count, 2);
    ck_assert_str_eq(again->backup_directories[0], "/var/backups");
    ck_assert_str_eq(again->backup_directories[1], "/mnt/a \"b\" \\c");
    ck_assert_uint_eq(again->idle_ms, 1234);
    ck_assert_uint_eq(again->map_bytes, GIB(8));
    ck_assert_uint_eq(again->log_level, LEVEL_WARNING);
    free(first);
    free(second);
    config_free(c);
    config_free(again);
}
END_TEST

/* Every key is printed with its default and limits in the line above it. */
START_TEST(every_key_is_documented) {
    struct config *c = config_defaults();
    char *text = printed(c);
    for (int i = 0; i < N_NUMBERS; i++) {
        const struct number *n = &numbers[i];
        char lines[240];
        snprintf(lines, sizeof lines,
                 "# Default %" PRIu64 ", from %" PRIu64 " to %" PRIu64 ".%s\n%s: %" PRIu64 "\n",
                 n->standard, n->least, n->most, n->restart ? " A change needs a restart." : "",
                 n->name, n->standard);
        const char *at = strstr(text, lines);
        ck_assert_msg(at != NULL, "%s", lines);
        ck_assert_msg(at[-1] == '\n' && at[-2] != '\n', "%s has no sentence", n->name);
    }
    free(text);
    config_free(c);
}
END_TEST

/* The example is what --check-config prints without a file. */
START_TEST(example_is_the_defaults) {
    static char text[CONFIG_FILE_MAX];
    FILE *f = fopen("systemd/madoguchid.yaml.example", "re");
    ck_assert_msg(f != NULL, "run from the root of the tree");
    size_t n = fread(text, 1, sizeof text - 1, f);
    fclose(f);
    text[n] = '\0';
    struct config *c = config_defaults();
    char *standard = printed(c);
    const char *keys = strstr(text, "# Where to listen");
    ck_assert_ptr_nonnull(keys);
    ck_assert_msg(strcmp(keys, standard) == 0, "it is not what serve --check-config prints");
    free(standard);
    config_free(c);
}
END_TEST

/* ---- files and reloading ------------------------------------------------------------ */

START_TEST(file_not_there) {
    struct config *c = NULL;
    struct error e;
    ck_assert_int_ne(config_read("/nonexistent/madoguchid.yaml", &c, &e), 0);
    ck_assert_int_eq(e.code, ERR_INVALID);
    ck_assert_ptr_nonnull(strstr(e.en, "/nonexistent/madoguchid.yaml"));
    ck_assert_int_ne(config_read("/", &c, &e), 0);
    ck_assert_ptr_null(c);
}
END_TEST

START_TEST(file_read_and_too_long) {
    char path[] = "/tmp/madoguchi-config-XXXXXX";
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, "idle_ms: 77\n", 12), 12);
    struct config *c = NULL;
    struct error e;
    ck_assert_int_eq(config_read(path, &c, &e), 0);
    ck_assert_uint_eq(c->idle_ms, 77);
    config_free(c);
    c = NULL;
    ck_assert_int_eq(ftruncate(fd, CONFIG_FILE_MAX + 1), 0);
    ck_assert_int_ne(config_read(path, &c, &e), 0);
    ck_assert_int_eq(e.code, ERR_TOO_MUCH);
    close(fd);
    unlink(path);
}
END_TEST

#define NAMED_MAX 400

static void note_key(void *ctx, const char *name) {
    char *all = ctx;
    size_t n = strlen(all);
    snprintf(all + n, NAMED_MAX - n, "%s ", name);
}

START_TEST(restart_keys_are_named) {
    struct config *old = taken("idle_ms: 100\n");
    struct config *same = taken("idle_ms: 200\nlog_level: debug\nconnections_max: 5\n");
    struct config *other = taken("listen: [\"unix:/x\"]\nsocket_owner: a\nsocket_group: b\n"
                                 "force_filesystem: true\nmap_bytes: 4096\nfree_floor_bytes: 1\n"
                                 "segment_bytes: 4096\nquery_threads: 3\n");
    char named[NAMED_MAX] = "";
    ck_assert_uint_eq(config_restart_keys(old, same, note_key, named), 0);
    ck_assert_str_eq(named, "");
    ck_assert_uint_eq(config_restart_keys(old, other, note_key, named), 8);
    ck_assert_str_eq(named, "listen socket_owner socket_group force_filesystem query_threads "
                            "map_bytes free_floor_bytes segment_bytes ");
    config_free(old);
    config_free(same);
    config_free(other);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("config");
    TCase *t = tcase_create("config");
    tcase_add_test(t, empty_is_all_defaults);
    tcase_add_loop_test(t, number_within_limits, 0, N_NUMBERS);
    tcase_add_loop_test(t, number_outside_limits, 0, N_NUMBERS);
    tcase_add_loop_test(t, number_that_is_none, 0, N_NUMBERS);
    tcase_add_test(t, bytes_with_units);
    tcase_add_test(t, unknown_key_has_its_line);
    tcase_add_test(t, key_given_twice);
    tcase_add_test(t, not_yaml);
    tcase_add_test(t, aliases_are_refused);
    tcase_add_test(t, output_low_above_high);
    tcase_add_test(t, words);
    tcase_add_test(t, listen_addresses);
    tcase_add_test(t, backup_directories);
    tcase_add_test(t, printed_reads_back);
    tcase_add_test(t, every_key_is_documented);
    tcase_add_test(t, example_is_the_defaults);
    tcase_add_test(t, file_not_there);
    tcase_add_test(t, file_read_and_too_long);
    tcase_add_test(t, restart_keys_are_named);
    suite_add_tcase(suite, t);
    return suite_run(suite);
}
