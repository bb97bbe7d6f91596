/* Where a backup may be written: by name, by what the name leads to, and as the
 * daemon's configuration says. */
#include "store/place.h"

#include "tests/kit_store.h"
#include "tests/suite.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

struct there {
    char dir[KIT_PATH];
    int store; /* descriptor of dir/store */
};

static const char *in(const struct there *t, const char *name) {
    static char path[4][KIT_PATH * 2];
    static unsigned turn;
    turn = (turn + 1) % 4;
    snprintf(path[turn], sizeof path[turn], "%s/%s", t->dir, name);
    return path[turn];
}

static void link_to(const struct there *t, const char *name, const char *target) {
    ck_assert_int_eq(symlink(in(t, target), in(t, name)), 0);
}

static void begin(struct there *t) {
    static const char *const made[] = {"allowed", "allowed/sub", "allowed2",
                                       "other",   "store",       "store/journal"};
    kit_folder(t->dir);
    for (size_t i = 0; i < sizeof made / sizeof made[0]; i++) {
        ck_assert_int_eq(mkdir(in(t, made[i]), 0700), 0);
    }
    t->store = open(in(t, "store"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ck_assert_int_ge(t->store, 0);
}

static int attempt(const struct there *t, const char *path, const char *within, struct error *e) {
    const char *list[] = {"/nonexistent", within};
    const struct place p = {
        .path = path, .store_dirfd = t->store, .within = list, .n_within = within != NULL ? 2 : 0};
    *e = (struct error){0};
    return place_open(&p, e);
}

static void opens(const struct there *t, const char *path, const char *within) {
    struct stat st;
    struct stat named;
    struct error e;
    int fd = attempt(t, path, within, &e);
    ck_assert_msg(fd >= 0, "%s in %s: %s", path, within, e.en);
    ck_assert_int_eq(fstat(fd, &st), 0);
    ck_assert_int_eq(stat(path, &named), 0);
    ck_assert(st.st_ino == named.st_ino && S_ISDIR(st.st_mode));
    close(fd);
}

static void refuses(const struct there *t, const char *path, const char *within, int code) {
    struct error e;
    ck_assert_msg(attempt(t, path, within, &e) == -1, "%s in %s is opened", path, within);
    ck_assert_msg(e.code == code, "%s in %s: %s", path, within, e.en);
    if (code == ERR_FORBIDDEN) {
        ck_assert_str_eq(e.field, "directory");
        ck_assert_ptr_nonnull(strstr(e.en, "backup_directories"));
        ck_assert_ptr_nonnull(strstr(e.ja, "backup_directories"));
    }
}

static bool is_there(const char *path) {
    struct stat st;
    return lstat(path, &st) == 0;
}

START_TEST(allowed) {
    struct there t;
    begin(&t);
    const char *const list[] = {"allowed", "allowed/", "allowed//"};
    for (size_t i = 0; i < 3; i++) {
        opens(&t, in(&t, "allowed"), in(&t, list[i]));
        opens(&t, in(&t, "allowed/sub"), in(&t, list[i]));
        opens(&t, in(&t, "allowed/../allowed/sub/."), in(&t, list[i]));
    }
    opens(&t, in(&t, "allowed/new"), in(&t, "allowed"));
    opens(&t, in(&t, "allowed/sub/new/"), in(&t, "allowed"));
    opens(&t, in(&t, "other"), "/");
    opens(&t, in(&t, "other"), NULL);
    opens(&t, in(&t, "other/new"), NULL);
    close(t.store);
}
END_TEST

START_TEST(elsewhere) {
    struct there t;
    begin(&t);
    refuses(&t, in(&t, "other"), in(&t, "allowed"), ERR_FORBIDDEN);
    refuses(&t, in(&t, "other/new"), in(&t, "allowed"), ERR_FORBIDDEN);
    refuses(&t, in(&t, "allowed2"), in(&t, "allowed"), ERR_FORBIDDEN);
    refuses(&t, in(&t, "allowed2/new"), in(&t, "allowed"), ERR_FORBIDDEN);
    refuses(&t, t.dir, in(&t, "allowed"), ERR_FORBIDDEN);
    refuses(&t, "/", in(&t, "allowed"), ERR_FORBIDDEN);
    /* Not even whether something is there is told. */
    refuses(&t, "/nowhere/at/all", in(&t, "allowed"), ERR_FORBIDDEN);
    /* A directory that is allowed must be there. */
    refuses(&t, in(&t, "later"), in(&t, "later"), ERR_FORBIDDEN);
    ck_assert(!is_there(in(&t, "other/new")));
    ck_assert(!is_there(in(&t, "allowed2/new")));
    ck_assert(!is_there(in(&t, "later")));
    /* Inside the store is never allowed. */
    refuses(&t, in(&t, "store/journal"), t.dir, ERR_INVALID);
    refuses(&t, in(&t, "store/new"), NULL, ERR_INVALID);
    ck_assert(!is_there(in(&t, "store/new")));
    close(t.store);
}
END_TEST

START_TEST(dots) {
    struct there t;
    begin(&t);
    refuses(&t, in(&t, "allowed/../other"), in(&t, "allowed"), ERR_FORBIDDEN);
    refuses(&t, in(&t, "allowed/../other/new"), in(&t, "allowed"), ERR_FORBIDDEN);
    refuses(&t, in(&t, "allowed/.."), in(&t, "allowed"), ERR_FORBIDDEN);
    refuses(&t, in(&t, "allowed/sub/../../new"), in(&t, "allowed"), ERR_FORBIDDEN);
    ck_assert(!is_there(in(&t, "other/new")));
    ck_assert(!is_there(in(&t, "new")));
    close(t.store);
}
END_TEST

START_TEST(links) {
    struct there t;
    begin(&t);
    link_to(&t, "allowed/out", "other");
    link_to(&t, "allowed/nowhere", "other/made");
    link_to(&t, "allowed/home", "allowed/sub");
    link_to(&t, "way-in", "allowed");
    refuses(&t, in(&t, "allowed/out"), in(&t, "allowed"), ERR_FORBIDDEN);
    refuses(&t, in(&t, "allowed/out/new"), in(&t, "allowed"), ERR_FORBIDDEN);
    refuses(&t, in(&t, "allowed/out/../other"), in(&t, "allowed"), ERR_FORBIDDEN);
    refuses(&t, in(&t, "allowed/nowhere"), in(&t, "allowed"), ERR_INTERNAL);
    ck_assert(!is_there(in(&t, "other/new")));
    ck_assert(!is_there(in(&t, "other/made")));
    /* One that stays inside is fine, and so is one that the configuration names. */
    opens(&t, in(&t, "allowed/home"), in(&t, "allowed"));
    opens(&t, in(&t, "way-in/sub"), in(&t, "way-in"));
    refuses(&t, in(&t, "way-in/sub"), in(&t, "allowed"), ERR_FORBIDDEN);
    close(t.store);
}
END_TEST

/* ---- the daemon ---------------------------------------------------------------------- */

/* The code of the answer; 0 when the backup was made. */
static int backup(struct kit *k, const char *directory) {
    Madoguchi__Request r = MADOGUCHI__REQUEST__INIT;
    Madoguchi__Backup body = MADOGUCHI__BACKUP__INIT;
    SET(&body, directory, bytes_of(directory));
    r.body_case = MADOGUCHI__REQUEST__BODY_BACKUP;
    r.backup = &body;
    return kit_read(k, &r) != NULL ? 0 : k->last.code;
}

START_TEST(the_configuration_decides) {
    struct kit k;
    struct there t;
    char config[KIT_PATH * 2];
    begin(&t);
    snprintf(config, sizeof config, "backup_directories:\n  - %s", in(&t, "allowed"));
    kit_start_daemon(&k, config);
    ck_assert_int_eq(backup(&k, in(&t, "other")), ERR_FORBIDDEN);
    ck_assert_str_eq(k.last.field, "directory");
    ck_assert_ptr_nonnull(strstr(k.last.en, "backup_directories"));
    ck_assert_ptr_nonnull(strstr(k.last.en, in(&t, "allowed")));
    ck_assert(!is_there(in(&t, "other/manifest")));
    ck_assert_uint_eq(kit_status(&k, "refused_forbidden"), 1);
    ck_assert_int_eq(backup(&k, in(&t, "allowed/062090")), 0);
    ck_assert(is_there(in(&t, "allowed/062090/manifest")));
    kit_daemon_configure(&k.d, "backup_directories: []");
    kill(k.d.pid, SIGHUP);
    kit_daemon_await_log(&k.d, " reloaded ", 1);
    ck_assert_int_eq(backup(&k, in(&t, "other")), 0);
    close(t.store);
    kit_finish(&k);
}
END_TEST

int main(void) {
    Suite *s = suite_create("place");
    TCase *t = tcase_create("place");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, allowed);
    tcase_add_test(t, elsewhere);
    tcase_add_test(t, dots);
    tcase_add_test(t, links);
    tcase_add_test(t, the_configuration_decides);
    suite_add_tcase(s, t);
    kit_begin();
    int status = suite_run(s);
    kit_end();
    return status;
}
