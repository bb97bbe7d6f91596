/* Which file systems may keep a store. */
#include "store/internal.h"
#include "tests/suite.h"

#include <check.h>
#include <linux/magic.h>
#include <stdlib.h>

static const struct {
    uint32_t magic;
    const char *name;
} remote[] = {{NFS_SUPER_MAGIC, "NFS"}, {0xff534d42, "CIFS"}, {0xfe534d42, "SMB"},
              {SMB_SUPER_MAGIC, "SMB"}, {V9FS_MAGIC, "9p"},   {0x65735546, "FUSE"}};

START_TEST(remote_ones_are_refused_with_a_way_out) {
    struct error e;
    const char *warning;
    ck_assert_int_eq(filesystem_judge("/srv/x", remote[_i].magic, false, &warning, &e), -1);
    ck_assert_int_eq(e.code, ERR_STATE);
    ck_assert_str_eq(e.field, "store");
    ck_assert_ptr_nonnull(strstr(e.en, remote[_i].name));
    ck_assert_ptr_nonnull(strstr(e.en, "--force-filesystem"));
    ck_assert_ptr_nonnull(strstr(e.ja, remote[_i].name));
}
END_TEST

START_TEST(force_takes_them_with_a_warning) {
    struct error e;
    const char *warning;
    ck_assert_int_eq(filesystem_judge("/srv/x", remote[_i].magic, true, &warning, &e), 0);
    ck_assert_ptr_nonnull(warning);
}
END_TEST

START_TEST(overlay_and_tmpfs_work_with_one_warning) {
    struct error e;
    const char *warning;
    ck_assert_int_eq(filesystem_judge("/srv/x", TMPFS_MAGIC, false, &warning, &e), 0);
    ck_assert_ptr_nonnull(warning);
    ck_assert_int_eq(filesystem_judge("/srv/x", OVERLAYFS_SUPER_MAGIC, false, &warning, &e), 0);
    ck_assert_ptr_nonnull(warning);
}
END_TEST

START_TEST(local_disks_work_without_a_word) {
    struct error e;
    const char *warning;
    ck_assert_int_eq(filesystem_judge("/srv/x", EXT4_SUPER_MAGIC, false, &warning, &e), 0);
    ck_assert_ptr_null(warning);
    ck_assert_int_eq(filesystem_judge("/srv/x", XFS_SUPER_MAGIC, false, &warning, &e), 0);
    ck_assert_ptr_null(warning);
}
END_TEST

START_TEST(a_path_that_is_not_there_says_so) {
    struct error e;
    const char *warning;
    ck_assert_int_eq(filesystem_check("/nonexistent/store", false, &warning, &e), -1);
    ck_assert_int_eq(e.code, ERR_INTERNAL);
    ck_assert_ptr_nonnull(strstr(e.en, "/nonexistent/store"));
}
END_TEST

int main(void) {
    int n = (int)(sizeof remote / sizeof remote[0]);
    Suite *s = suite_create("filesystem");
    TCase *t = tcase_create("kinds");
    tcase_add_loop_test(t, remote_ones_are_refused_with_a_way_out, 0, n);
    tcase_add_loop_test(t, force_takes_them_with_a_warning, 0, n);
    tcase_add_test(t, overlay_and_tmpfs_work_with_one_warning);
    tcase_add_test(t, local_disks_work_without_a_word);
    tcase_add_test(t, a_path_that_is_not_there_says_so);
    suite_add_tcase(s, t);
    return suite_run(s);
}
