/* A page of the map that cannot be read ends the process with a sentence. */
#include "daemon/fault.h"
#include "tests/suite.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* Reads behind the end of a mapped file, as LMDB would after a truncation. */
static void read_cut_file(int err) {
    char path[] = "/tmp/madoguchi-fault-XXXXXX";
    int fd = mkstemp(path);
    unlink(path);
    dup2(err, STDERR_FILENO);
    fault_install();
    if (fd < 0 || ftruncate(fd, 8192) != 0) {
        _exit(1);
    }
    volatile const char *map = mmap(NULL, 8192, PROT_READ, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED || ftruncate(fd, 0) != 0) {
        _exit(1);
    }
    _exit(map[4096]);
}

START_TEST(a_cut_file_ends_the_process_with_a_sentence) {
    int ends[2];
    char text[400];
    int status;
    ck_assert_int_eq(pipe(ends), 0);
    pid_t pid = fork();
    if (pid == 0) {
        read_cut_file(ends[1]);
    }
    ck_assert_int_ge(pid, 0);
    close(ends[1]);
    ssize_t n = read(ends[0], text, sizeof text - 1);
    close(ends[0]);
    ck_assert_int_gt(n, 0);
    text[n] = '\0';
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), FAULT_EXIT);
    ck_assert_ptr_nonnull(strstr(text, "fold/data.mdb"));
}
END_TEST

int main(void) {
    Suite *s = suite_create("fault");
    TCase *t = tcase_create("bus error");
    tcase_add_test(t, a_cut_file_ends_the_process_with_a_sentence);
    suite_add_tcase(s, t);
    return suite_run(s);
}
