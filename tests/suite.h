/* Running a suite: the last line of every test program's main(). */
#ifndef MADOGUCHI_TESTS_SUITE_H
#define MADOGUCHI_TESTS_SUITE_H

#include <check.h>
#include <stdlib.h>

/* Runs the tests, which gives the suite back; the status that the program ends with. */
static inline int suite_run(Suite *s) {
    SRunner *sr = srunner_create(s);
    srunner_run_all(sr, CK_ENV);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif
