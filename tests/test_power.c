/* The power goes away at any moment: while groups are recorded, segments
 * change, the store is opened, closed or made, and again while it recovers.
 * Whatever was acknowledged is there once, whatever was not is whole or absent.
 *
 * POWER_CUTS sets how often (300), SEED repeats a run. */
#include "tests/power_kit.h"
#include "tests/suite.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define CUTS_OF_A_RUN 100
#define GROUPS        30

/* Tables that cannot be read are made again, mark of a clean stop or not. */
static void spoil_tables(const struct power_run *r) {
    char path[KIT_PATH + 20];
    snprintf(path, sizeof path, "%s/fold/data.mdb", r->k.d.store);
    ck_assert_int_eq(truncate(path, 0), 0);
    FILE *f = fopen(path, "we");
    ck_assert(f != NULL && fprintf(f, "%08192d", 0) == 8192);
    fclose(f);
}

/* Days with stops of both kinds in between. */
static void live(struct power_run *r) {
    struct error e = {0};
    ck_assert_msg(power_run_open(r, &e) == 0, "%s", e.en);
    for (size_t i = 0; i < GROUPS; i++) {
        size_t most = power_random(&r->random, 4) == 0 ? 40 : 4;
        ck_assert_msg(power_run_group(r, most, &e) == STORE_DONE, "%s", e.en);
        if (power_random(&r->random, 8) == 0) {
            power_run_close(r, power_random(&r->random, 2) == 0);
            if (power_random(&r->random, 3) == 0) {
                spoil_tables(r);
            }
            ck_assert_msg(power_run_open(r, &e) == 0, "%s", e.en);
        }
    }
    power_run_close(r, power_random(&r->random, 2) == 0);
}

static void image(struct power_run *r, const struct power_log *log, size_t cut, char to[KIT_PATH]) {
    kit_folder(to);
    power_log_image(log, cut, POWER_OFF, &r->random, to);
}

/* Opens the image, with the power going away again while it recovers or a
 * little later; the new image takes the old one's place. */
static void cut_recovery(struct power_run *r, char path[KIT_PATH], size_t cut) {
    struct error e = {0};
    struct store *s;
    char next[KIT_PATH];
    struct power_log *log = power_disk_begin(path);
    ck_assert_msg(store_open(path, &r->k.options, &s, &e) == 0, "cut %zu: again: %s", cut, e.en);
    store_close(s, power_random(&r->random, 2) == 0);
    power_disk_end();
    image(r, log, power_random(&r->random, power_log_changes(log) + 1), next);
    power_log_free(log);
    kit_remove(path);
    memcpy(path, next, KIT_PATH);
}

static void cut_run(struct power_run *r) {
    char path[KIT_PATH];
    size_t cut = power_random(&r->random, power_log_changes(r->log) + 1);
    image(r, r->log, cut, path);
    while (power_random(&r->random, 3) == 0) {
        cut_recovery(r, path, cut);
    }
    power_check(r, path, cut);
    kit_remove(path);
}

START_TEST(power_lost_at_any_moment) {
    static struct power_run r;
    size_t cuts = power_number("POWER_CUTS", 300);
    uint64_t seed = power_seed();
    for (size_t done = 0; done < cuts; seed++) {
        power_run_begin(&r, seed, true);
        live(&r);
        power_disk_end();
        fprintf(stderr, "SEED=%llu: %zu requests, %zu changes\n", (unsigned long long)seed, r.n,
                power_log_changes(r.log));
        for (size_t i = 0; i < CUTS_OF_A_RUN && done < cuts; i++, done++) {
            cut_run(&r);
        }
        power_run_end(&r);
    }
}
END_TEST

/* ---- making a store ---------------------------------------------------------------------- */

static void check_made(struct power_run *r, const char *root, size_t cut, bool done) {
    char path[KIT_PATH + 20];
    snprintf(path, sizeof path, "%s/store", root);
    bool there = access(path, F_OK) == 0;
    ck_assert_msg(there || !done, "cut %zu: the store is lost", cut);
    if (!there) {
        kit_make_store(path);
    }
    power_check(r, path, cut);
}

START_TEST(power_lost_while_a_store_is_made) {
    static struct power_run r;
    char root[KIT_PATH];
    char path[KIT_PATH + 20];
    uint64_t seed = power_seed();
    power_run_begin(&r, seed, false);
    kit_folder(root);
    struct power_log *log = power_disk_begin(root);
    snprintf(path, sizeof path, "%s/store", root);
    kit_make_store(path);
    power_disk_end();
    size_t n = power_log_changes(log);
    for (size_t cut = 0; cut <= n; cut++) {
        for (size_t i = 0; i < power_number("POWER_CUTS", 300) / 150; i++) {
            char to[KIT_PATH];
            image(&r, log, cut, to);
            check_made(&r, to, cut, cut == n);
            kit_remove(to);
        }
    }
    power_log_free(log);
    kit_remove(root);
    power_run_end(&r);
}
END_TEST

int main(void) {
    Suite *s = suite_create("power");
    TCase *t = tcase_create("power");
    tcase_set_timeout(t, 3600);
    tcase_add_test(t, power_lost_at_any_moment);
    tcase_add_test(t, power_lost_while_a_store_is_made);
    suite_add_tcase(s, t);
    power_disk_install();
    kit_begin();
    int status = suite_run(s);
    kit_end();
    return status;
}
