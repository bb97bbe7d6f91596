/* A process that ends between any two steps of a group, or beside an attempt to
 * make a store: what is there afterwards. */
#include "tests/kit_store.h"
#include "tests/suite.h"

#include <check.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum step { RECORDED, SEALED, FLUSHED, PUBLISHED, STEPS };

static Madoguchi__Request *request(struct kit *k) {
    Madoguchi__Request *r =
        kit_request(k, "tally", "service", "citizen", "date", "2024-04-15", "count", "3", NULL);
    SET(r, id, ((ProtobufCBinaryData){16, (uint8_t *)"0123456789abcdef"}));
    return r;
}

/* Opens the store, goes as far as `last` with one group, and is gone. */
static void die_after(struct kit *k, enum step last) {
    struct store_actor actor = {.id = k->actor};
    struct store_result result;
    struct error e;
    kit_open(k);
    if (store_begin(k->store, k->now, &e) != STORE_DONE ||
        store_record(k->store, &actor, request(k), &k->arena, &result, &e) != 0 ||
        (last >= SEALED && store_seal(k->store, &e) != STORE_DONE) ||
        (last >= FLUSHED && store_flush(k->store, &e) != STORE_DONE) ||
        (last >= PUBLISHED && store_publish(k->store, &e) != STORE_DONE)) {
        _exit(1);
    }
    _exit(0);
}

/* What was flushed is recorded, whatever the tables had of it; the same request
 * is not done twice, and one that was not flushed is done now. */
START_TEST(death_between_two_steps) {
    struct kit k;
    int status;
    kit_start(&k, false);
    uint64_t head = kit_head(&k);
    kit_close(&k, true);
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        die_after(&k, (enum step)_i);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
    kit_open(&k);
    bool recorded = _i >= FLUSHED;
    ck_assert_uint_eq(kit_head(&k), head + recorded);
    kit_stats(&k, "contacts", "FY2024", "month,service", NULL, recorded ? "2024-04 citizen 3" : "");
    struct kit_answer a = kit_record(&k, request(&k));
    ck_assert_int_eq(a.code, 0);
    ck_assert_int_eq(a.known, recorded);
    ck_assert_uint_eq(a.seq, head + 1);
    kit_stats(&k, "contacts", "FY2024", "month,service", NULL, "2024-04 citizen 3");
    kit_finish(&k);
}
END_TEST

/* In a container an attempt has the process id of the one that was killed. */
START_TEST(what_a_killed_init_left) {
    char folder[KIT_PATH];
    char path[KIT_PATH + 8];
    char beside[KIT_PATH + 40];
    kit_folder(folder);
    snprintf(path, sizeof path, "%s/city", folder);
    snprintf(beside, sizeof beside, "%s.new-%d", path, (int)getpid());
    ck_assert_int_eq(mkdir(beside, 0700), 0);
    kit_make_store(path);
    ck_assert_int_eq(rmdir(beside), 0);
}
END_TEST

int main(void) {
    kit_begin();
    Suite *suite = suite_create("recovery");
    TCase *tc = tcase_create("steps");
    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, death_between_two_steps, 0, STEPS);
    tcase_add_test(tc, what_a_killed_init_left);
    suite_add_tcase(suite, tc);
    int status = suite_run(suite);
    kit_end();
    return status;
}
