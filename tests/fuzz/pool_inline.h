/* The daemon's pool without threads; takes the place of daemon/pool.c. */
#ifndef MADOGUCHI_TESTS_FUZZ_POOL_INLINE_H
#define MADOGUCHI_TESTS_FUZZ_POOL_INLINE_H

#include "daemon/pool.h"

/* Runs the oldest job of every pool; whether there was one. */
bool pool_inline_run(void);

#endif
