/* A newer program takes a store over: the copy before, where it goes, that it is
 * made once, and what an older program refuses. */
#include "store/internal.h"
#include "store/journal_private.h"
#include "store/upgrade.h"
#include "tests/fault_disk.h"
#include "tests/kit_backup.h"
#include "tests/suite.h"

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define OLDER "madoguchi store 1\nfolds 0\nentries 0\n"

static void begin(struct kit_backup *b) {
    *b = (struct kit_backup){0};
    kit_files_begin(&b->k);
    kit_live(&b->k, 1);
    snprintf(b->dir, sizeof b->dir, "%.150s/copy", b->k.dir);
    snprintf(b->made, sizeof b->made, "%.150s/made", b->k.dir);
}

static void finish(struct kit_backup *b) {
    b->k.options.backup_directories = NULL;
    kit_finish(&b->k);
}

static void read_format(const char *store, char out[UPGRADE_FORMAT_TEXT]) {
    char path[KIT_PATH * 2];
    snprintf(path, sizeof path, "%s/format", store);
    FILE *f = fopen(path, "re");
    ck_assert_ptr_nonnull(f);
    size_t n = fread(out, 1, UPGRADE_FORMAT_TEXT - 1, f);
    out[n] = '\0';
    fclose(f);
}

static void expect_format(const char *store, const char *text) {
    char is[UPGRADE_FORMAT_TEXT];
    read_format(store, is);
    ck_assert_str_eq(is, text);
}

/* The program of today had it. */
static void expect_taken(const struct kit *k) {
    char own[UPGRADE_FORMAT_TEXT];
    upgrade_format(own);
    expect_format(k->d.store, own);
    ck_assert(!kit_exists(k, "format.part"));
}

/* Copies beside the store; the path of the last one found. */
static unsigned copies(const struct kit *k, char path[KIT_PATH * 2]) {
    unsigned n = 0;
    DIR *d = opendir(k->dir);
    ck_assert_ptr_nonnull(d);
    for (struct dirent *e; (e = readdir(d)) != NULL;) {
        if (strncmp(e->d_name, "store.before-upgrade", 20) == 0) {
            ck_assert_ptr_null(strstr(e->d_name, ".part"));
            snprintf(path, KIT_PATH * 2, "%.150s/%.200s", k->dir, e->d_name);
            n++;
        }
    }
    closedir(d);
    return n;
}

/* Sets the version that the tables name. */
static void set_folds(struct kit *k, uint32_t version) {
    struct txn x;
    struct key key;
    struct error e;
    uint8_t value[44];
    MDB_val v;
    ck_assert_int_eq(store_settle(k->store, &e), 0);
    ck_assert_int_eq(txn_begin(&x, &k->store->tables, true, &e), 0);
    key_start(&key);
    key_raw(&key, "fold", 4);
    ck_assert(txn_get(&x, TABLE_META, &key, &v));
    ck_assert_uint_eq(v.mv_size, sizeof value);
    memcpy(value, v.mv_data, sizeof value);
    put_u32(value, version);
    txn_put(&x, TABLE_META, &key, value, sizeof value);
    ck_assert_int_eq(txn_commit(&x, &e), 0);
}

/* Closes the store as an older program would have left it. */
static void leave_older(struct kit *k, bool clean) {
    set_folds(k, FOLD_VERSION - 1);
    kit_close(k, clean);
    kit_write_text(k, "format", OLDER);
    kit_notices[0] = '\0';
}

static ino_t inode(const char *dir, const char *name, nlink_t *links) {
    char path[KIT_PATH * 3];
    struct stat st;
    snprintf(path, sizeof path, "%s/journal/%s", dir, name);
    ck_assert_msg(stat(path, &st) == 0, "%s", path);
    *links = st.st_nlink;
    return st.st_ino;
}

/* Full segments are links, the last one is a copy. */
static void expect_links(const struct kit *k, const char *copy) {
    char names[2048];
    char place[KIT_PATH * 3];
    unsigned linked = 0;
    unsigned copied = 0;
    snprintf(place, sizeof place, "%s/journal", copy);
    kit_backup_names(place, names);
    for (char *name = strtok(names, "\n"); name != NULL; name = strtok(NULL, "\n")) {
        nlink_t links;
        nlink_t own;
        bool same = inode(copy, name, &links) == inode(k->d.store, name, &own);
        ck_assert_uint_eq(links, same ? 2 : 1);
        linked += same;
        copied += !same;
    }
    ck_assert_uint_eq(linked, 2);
    ck_assert_uint_eq(copied, 1);
}

/* The copy is a store of its own with the same in it. */
static void expect_same(struct kit_backup *b, const char *copy, const char *dump, size_t len) {
    char beside[KIT_PATH * 2 + 40];
    snprintf(b->made, sizeof b->made, "%.190s", copy);
    struct kit made;
    size_t n;
    kit_backup_open(b, &made);
    char *copied = kit_dump(&made, &n);
    ck_assert_uint_eq(n, len);
    ck_assert_int_eq(memcmp(copied, dump, len), 0);
    free(copied);
    kit_live(&made, 1); /* and goes on being used */
    kit_close(&made, true);
    kit_verify(&made);
    arena_free(&made.arena);
    /* Taking it over made a copy of it too. */
    snprintf(beside, sizeof beside, "rm -r %s.before-upgrade-*", copy);
    kit_shell("%s", beside);
}

/* ---- the copy ------------------------------------------------------------------------- */

START_TEST(beside_the_store) {
    struct kit_backup b;
    char copy[KIT_PATH * 2];
    begin(&b);
    kit_backup_segment(&b);
    kit_backup_segment(&b);
    kit_live(&b.k, 1);
    size_t len;
    char *dump = kit_dump(&b.k, &len);
    leave_older(&b.k, _i == 0);
    kit_open(&b.k);
    ck_assert_ptr_nonnull(strstr(kit_notices, "the journal was copied to"));
    ck_assert_ptr_nonnull(strstr(kit_notices, "folding the journal again"));
    expect_taken(&b.k);
    ck_assert_uint_eq(copies(&b.k, copy), 1);
    expect_format(copy, OLDER);
    expect_links(&b.k, copy);
    kit_expect_rounds(&b.k, 4);
    /* Once only. */
    kit_reopen(&b.k, true);
    kit_reopen(&b.k, false);
    ck_assert_uint_eq(copies(&b.k, copy), 1);
    /* What is recorded afterwards does not reach the copy. */
    kit_live(&b.k, 1);
    expect_same(&b, copy, dump, len);
    free(dump);
    finish(&b);
}
END_TEST

/* What a killed attempt left is removed. */
START_TEST(after_a_killed_attempt) {
    struct kit_backup b;
    char copy[KIT_PATH * 2];
    begin(&b);
    leave_older(&b.k, true);
    kit_shell("mkdir -p %s.before-upgrade.part/journal && touch "
              "%s.before-upgrade.part/journal/00000000000000000001.seg "
              "%s.before-upgrade.part/format",
              b.k.d.store, b.k.d.store, b.k.d.store);
    kit_open(&b.k);
    ck_assert_uint_eq(copies(&b.k, copy), 1);
    expect_format(copy, OLDER);
    finish(&b);
}
END_TEST

/* To where the last backup went: what is new is added to it. */
START_TEST(to_the_last_backup) {
    struct kit_backup b;
    char copy[KIT_PATH * 2];
    struct store_status status;
    begin(&b);
    kit_backup_segment(&b);
    ck_assert_int_eq(kit_backup_make(&b), 0);
    kit_live(&b.k, 1);
    uint64_t head = kit_head(&b.k);
    size_t len;
    char *dump = kit_dump(&b.k, &len);
    leave_older(&b.k, _i == 0);
    kit_open(&b.k);
    ck_assert_uint_eq(copies(&b.k, copy), 0);
    ck_assert_ptr_nonnull(strstr(kit_notices, b.dir));
    expect_taken(&b.k);
    store_status(b.k.store, &status);
    ck_assert_uint_eq(status.last_backup_seq, head);
    ck_assert_msg(kit_backup_restore(&b, 0) == 0, "%s", b.e.en);
    kit_backup_expect(&b, dump, len);
    free(dump);
    finish(&b);
}
END_TEST

/* The configuration no longer allows that place. */
START_TEST(not_where_it_is_forbidden) {
    static const char *const allowed[] = {"/nonexistent"};
    struct kit_backup b;
    char copy[KIT_PATH * 2];
    char before[2048];
    char after[2048];
    begin(&b);
    ck_assert_int_eq(kit_backup_make(&b), 0);
    kit_live(&b.k, 1);
    kit_backup_names(b.dir, before);
    leave_older(&b.k, true);
    b.k.options.backup_directories = allowed;
    b.k.options.n_backup_directories = 1;
    kit_open(&b.k);
    ck_assert_uint_eq(copies(&b.k, copy), 1);
    kit_backup_names(b.dir, after);
    ck_assert_str_eq(before, after);
    b.k.options.n_backup_directories = 0;
    finish(&b);
}
END_TEST

/* ---- what goes wrong ------------------------------------------------------------------- */

static void expect_refused(struct kit_backup *b, int code, const char *part) {
    char copy[KIT_PATH * 2];
    char names[2][2048];
    kit_save(&b->k, "fold");
    kit_save(&b->k, "journal");
    kit_backup_names(b->k.dir, names[0]);
    kit_open_refused(&b->k, code, part);
    kit_open_refused(&b->k, code, "--no-upgrade-backup");
    kit_backup_names(b->k.dir, names[1]);
    ck_assert_str_eq(names[0], names[1]);
    ck_assert_uint_eq(copies(&b->k, copy), 0);
    expect_format(b->k.d.store, OLDER);
    ck_assert(!kit_exists(&b->k, "format.part"));
    kit_shell("diff -r %s %s/saved/journal", kit_path_of(&b->k, "journal"), b->k.dir);
    kit_shell("cmp %s %s/saved/fold/data.mdb", kit_path_of(&b->k, "fold/data.mdb"), b->k.dir);
}

/* No room: nothing is changed, and it goes on without where that is asked for. */
START_TEST(no_room) {
    struct kit_backup b;
    char copy[KIT_PATH * 2];
    begin(&b);
    if (_i == 1) {
        ck_assert_int_eq(kit_backup_make(&b), 0);
        kit_live(&b.k, 1);
    }
    leave_older(&b.k, true);
    fault_disk.free_bytes = 100000;
    expect_refused(&b, ERR_FULL, "0 MiB free");
    fault_disk.free_bytes = 0;
    b.k.options.no_upgrade_copy = true;
    kit_open(&b.k);
    ck_assert_uint_eq(copies(&b.k, copy), 0);
    ck_assert_ptr_nonnull(strstr(kit_notices, "no copy was asked for"));
    expect_taken(&b.k);
    finish(&b);
}
END_TEST

/* The disk of the backups is gone. */
START_TEST(no_place) {
    struct kit_backup b;
    char to[KIT_PATH];
    begin(&b);
    snprintf(to, sizeof to, "%.150s/disk", b.k.dir);
    ck_assert_int_eq(mkdir(to, 0700), 0);
    snprintf(b.dir, sizeof b.dir, "%.150s/copy", to);
    ck_assert_int_eq(kit_backup_make(&b), 0);
    kit_live(&b.k, 1);
    leave_older(&b.k, true);
    kit_remove(to);
    expect_refused(&b, ERR_INTERNAL, "disk/copy");
    ck_assert_int_eq(mkdir(to, 0700), 0);
    kit_open(&b.k);
    expect_taken(&b.k);
    finish(&b);
}
END_TEST

/* Each write and each flush fails once: refused with nothing changed, or taken
 * over whole. */
START_TEST(a_disk_that_fails) {
    struct kit_backup b;
    char copy[KIT_PATH * 2];
    bool taken = false;
    begin(&b);
    kit_backup_segment(&b);
    leave_older(&b.k, true);
    for (int n = 1; !taken; n++) {
        struct error e = {0};
        char own[UPGRADE_FORMAT_TEXT];
        char is[UPGRADE_FORMAT_TEXT];
        ck_assert_int_lt(n, 200);
        fault_disk_clear();
        fault_disk.countdown[_i] = n;
        fault_disk.error = EIO;
        int rc = store_open(b.k.d.store, &b.k.options, &b.k.store, &e);
        fault_disk_clear();
        upgrade_format(own);
        read_format(b.k.d.store, is);
        taken = strcmp(is, own) == 0;
        ck_assert(rc == 0 || e.code != 0);
        ck_assert(taken || rc != 0);
        if (taken) {
            /* What failed came later, or nothing did. */
            ck_assert_uint_ge(copies(&b.k, copy), 1);
            if (rc != 0) {
                kit_open(&b.k);
            }
        } else {
            ck_assert_str_eq(is, OLDER);
        }
    }
    kit_expect_rounds(&b.k, 2);
    finish(&b);
}
END_TEST

/* ---- an older program -------------------------------------------------------------------- */

/* The numbers in `format` count, whatever became of the tables. */
START_TEST(older_refuses) {
    static const char *const newer[] = {"madoguchi store 1\nfolds 99\nentries 1\n",
                                        "madoguchi store 1\nfolds 1\nentries 99\n",
                                        "madoguchi store 1\nfolds 4000000000\nentries 1\n"};
    struct kit_backup b;
    begin(&b);
    kit_close(&b.k, true);
    for (unsigned i = 0; i < 3; i++) {
        kit_write_text(&b.k, "format", newer[i]);
        kit_open_refused(&b.k, ERR_STATE, "newer madoguchid");
        kit_save(&b.k, "fold");
        kit_remove(kit_path_of(&b.k, "fold"));
        kit_open_refused(&b.k, ERR_STATE, "Install the newer version");
        ck_assert(!kit_exists(&b.k, "fold"));
        kit_put_back(&b.k, "fold");
        expect_format(b.k.d.store, newer[i]);
    }
    kit_write_text(&b.k, "format", "madoguchi store 1\n");
    kit_open(&b.k);
    kit_expect_rounds(&b.k, 1);
    finish(&b);
}
END_TEST

/* So does the version in the tables; one that no program has is damage. */
START_TEST(older_refuses_newer_tables) {
    struct kit_backup b;
    begin(&b);
    set_folds(&b.k, FOLD_VERSION + 1);
    kit_close(&b.k, true);
    kit_open_refused(&b.k, ERR_STATE, "newer madoguchid");
    kit_open_refused(&b.k, ERR_STATE, "newer madoguchid");
    kit_remove(kit_path_of(&b.k, "fold"));
    kit_open(&b.k);
    kit_expect_rounds(&b.k, 1);
    set_folds(&b.k, 0x40000001);
    kit_reopen(&b.k, true);
    kit_expect_rounds(&b.k, 1);
    finish(&b);
}
END_TEST

/* An entry of a newer program, in a journal that says nothing of it: a backup of
 * a newer store, restored. */
START_TEST(older_refuses_newer_entries) {
    /* format = one more, and with `_i` a field that is not known. */
    uint8_t bytes[] = {0x08, STORE_ENTRY_FORMAT + 1, 0xfa, 0x3e, 0x01, 'x'};
    char said[64];
    struct iovec iov = {bytes, _i == 0 ? 2 : sizeof bytes};
    struct kit_backup b;
    struct journal *j;
    struct error e;
    struct journal_options o = {.free_floor_bytes = 1};
    begin(&b);
    kit_close(&b.k, true);
    int fd = open(b.k.d.store, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(journal_open(fd, &o, &j, NULL, &e), 0);
    ck_assert_int_eq(journal_append(j, &iov, 1, NULL, NULL, &e), 0);
    journal_close(j);
    close(fd);
    snprintf(said, sizeof said, "entries of version %d", STORE_ENTRY_FORMAT + 1);
    kit_open_refused(&b.k, ERR_STATE, said);
    kit_remove(kit_path_of(&b.k, "fold"));
    kit_open_refused(&b.k, ERR_STATE, said);
    arena_free(&b.k.arena);
}
END_TEST

/* ---- the daemon ---------------------------------------------------------------------------- */

START_TEST(the_daemon_says_so) {
    struct kit k;
    char path[KIT_PATH * 2];
    kit_start_daemon(&k, NULL);
    kit_ok(&k, "tally", "service", "citizen", "date", "2024-04-15", NULL);
    close(k.fd);
    ck_assert_int_eq(kit_daemon_stop(&k.d, SIGTERM), 0);
    kit_write_text(&k, "format", OLDER);
    ck_assert_int_eq(kit_daemon_refuses(&k.d, "free_floor_bytes: 1024 GiB"), 1);
    ck_assert_uint_eq(kit_daemon_logged(&k.d, "serve --no-upgrade-backup"), 1);
    ck_assert_uint_eq(copies(&k, path), 0);
    expect_format(k.d.store, OLDER);
    kit_daemon_start(&k.d, NULL);
    ck_assert_uint_eq(kit_daemon_logged(&k.d, "the journal was copied to"), 1);
    ck_assert_uint_eq(copies(&k, path), 1);
    expect_taken(&k);
    ck_assert_int_eq(kit_daemon_stop(&k.d, SIGTERM), 0);
    /* Without a copy; it ends because it cannot listen there. */
    kit_remove(path);
    kit_write_text(&k, "format", OLDER);
    ck_assert_int_eq(kit_daemon_run(&k.d, "serve", "--store", k.d.store, "--listen",
                                    "unix:/nonexistent/socket", "--no-upgrade-backup", NULL),
                     1);
    ck_assert_uint_eq(kit_daemon_logged(&k.d, "no copy was asked for"), 1);
    ck_assert_uint_eq(copies(&k, path), 0);
    expect_taken(&k);
    kit_write_text(&k, "format", "madoguchi store 1\nfolds 99\nentries 1\n");
    ck_assert_int_eq(kit_daemon_refuses(&k.d, NULL), 1);
    ck_assert_uint_eq(kit_daemon_logged(&k.d, "Install the newer version"), 1);
    kit_write_text(&k, "format", "madoguchi store 1\n");
    kit_daemon_start(&k.d, NULL);
    k.fd = kit_hello(&k.d);
    kit_finish(&k);
}
END_TEST

int main(void) {
    Suite *s = suite_create("upgrade");
    TCase *t = tcase_create("upgrade");
    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, beside_the_store, 0, 2);
    tcase_add_test(t, after_a_killed_attempt);
    tcase_add_loop_test(t, to_the_last_backup, 0, 2);
    tcase_add_test(t, not_where_it_is_forbidden);
    tcase_add_loop_test(t, no_room, 0, 2);
    tcase_add_test(t, no_place);
    tcase_add_loop_test(t, a_disk_that_fails, 0, FAULT_CALLS);
    tcase_add_test(t, older_refuses);
    tcase_add_test(t, older_refuses_newer_tables);
    tcase_add_loop_test(t, older_refuses_newer_entries, 0, 2);
    tcase_add_test(t, the_daemon_says_so);
    suite_add_tcase(s, t);
    fault_disk_install();
    kit_begin();
    int status = suite_run(s);
    kit_end();
    return status;
}
