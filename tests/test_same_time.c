/* How long it takes to be told that something is not there, where there is nothing and
 * where it is out of reach; and that a password is not right, of an account and of none.
 * Prints medians of pairs asked in turn; speed is not judged here. */
#include "tests/kit_people.h"
#include "tests/suite.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define PAIRS 1500
#define TRIES 9 /* before a source has to wait */

static int64_t nanoseconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int by_value(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static double median(int64_t *list, size_t n) {
    qsort(list, n, sizeof *list, by_value);
    return (double)list[n / 2] / 1000;
}

static int64_t time_of(struct kit *k, Madoguchi__Request *r, int code) {
    int64_t start = nanoseconds();
    int got = kit_code(k, r);
    int64_t took = nanoseconds() - start;
    ck_assert_msg(got == code, "%d: %s", got, k->last.en);
    return took;
}

static struct {
    const char *there; /* out of reach */
    uint64_t seq;
} w;

static Madoguchi__Request *question(struct kit *k, int which, bool there) {
    const char *number = there ? w.there : "C-2024-000999";
    const char *seq = kit_text(k, there ? w.seq : 999999);
    switch (which) {
    case 0:
        return kit_request(k, "show", "number", number, NULL);
    case 1:
        return kit_request(k, "show", "seq", seq, NULL);
    case 2:
        return kit_request(k, "contact", "case_number", number, "date", "2024-05-10", NULL);
    case 3:
        return kit_request(k, "correct", "seq", seq, "channel", "phone", "reason", "x", NULL);
    default:
        return kit_request(k, "void", "number", number, "reason", "x", NULL);
    }
}

static void measure(struct kit *k, const char *who) {
    static const char *const names[] = {"show case", "show entry", "contact", "correct", "void"};
    static int64_t took[2][PAIRS];
    kit_become(k, who);
    for (int which = 0; which < 5; which++) {
        for (size_t i = 0; i < PAIRS; i++) {
            for (int there = 0; there < 2; there++) {
                took[(there + i) % 2][i] = time_of(k, question(k, which, (there + i) % 2 == 1),
                                                   MADOGUCHI__ERROR_CODE__NOT_FOUND);
            }
        }
        double nothing = median(took[0], PAIRS);
        double out = median(took[1], PAIRS);
        printf("%s,%s,%s,nothing_us,%.1f,out_of_reach_us,%.1f,difference_us,%.1f\n",
               k->daemon ? "daemon" : "store", who, names[which], nothing, out, out - nothing);
    }
}

static void measure_logins(struct kit *k) {
    int64_t took[2][TRIES];
    kit_become(k, "clerk");
    Madoguchi__Request *set =
        kit_request(k, "password", "=old", "clerk", "=fresh", "a real password", NULL);
    ck_assert_int_eq(kit_code(k, set), 0); /* hashed as all real ones are */
    kit_become(k, NULL);
    for (size_t i = 0; i < TRIES; i++) {
        if (i == 4) {
            ck_assert_int_eq(kit_code(k, kit_request(k, "login", "name", "clerk", "=password",
                                                     "a real password", NULL)),
                             0); /* starts anew */
        }
        took[0][i] =
            time_of(k, kit_request(k, "login", "name", "clerk", "=password", "wrong", NULL),
                    MADOGUCHI__ERROR_CODE__FORBIDDEN);
        took[1][i] = time_of(
            k, kit_request(k, "login", "name", kit_text(k, 1000 + i), "=password", "wrong", NULL),
            MADOGUCHI__ERROR_CODE__FORBIDDEN);
    }
    double known = median(took[0], TRIES);
    double unknown = median(took[1], TRIES);
    printf("daemon,,login,wrong_us,%.0f,unknown_us,%.0f,difference_us,%.0f\n", known, unknown,
           unknown - known);
}

START_TEST(same_time) {
    static const char *const names[] = {"clerk", "counsellor", NULL};
    struct kit k;
    kit_start(&k, false);
    for (int i = 0; i < 200; i++) {
        w.there = kit_log(&k, "citizen", "2024-05-10", NULL);
        w.seq = k.last.seq;
    }
    kit_person(&k, "clerk", "clerk", "migration", NULL, NULL);
    kit_person(&k, "counsellor", "counsellor", NULL, NULL, NULL);
    measure(&k, "clerk");
    measure(&k, "counsellor");
    kit_become(&k, NULL);
    kit_people_serve(&k, NULL, names);
    measure(&k, "clerk");
    measure(&k, "counsellor");
    measure_logins(&k);
    kit_become(&k, NULL);
    kit_finish(&k);
}
END_TEST

int main(void) {
    Suite *s = suite_create("same time");
    TCase *t = tcase_create("same time");
    tcase_set_timeout(t, 300);
    tcase_add_test(t, same_time);
    suite_add_tcase(s, t);
    kit_begin();
    int status = suite_run(s);
    kit_end();
    return status;
}
