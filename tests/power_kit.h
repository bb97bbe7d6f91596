/* Random days at a counter whose every request is remembered, and the question
 * whether a store that was hurt still has what it acknowledged. */
#ifndef MADOGUCHI_TESTS_POWER_KIT_H
#define MADOGUCHI_TESTS_POWER_KIT_H

#include "tests/kit_store.h"
#include "tests/power_disk.h"

#define POWER_NEVER SIZE_MAX

struct power_asked {
    Madoguchi__Request *request;
    uint64_t seq; /* as answered, or as it must be answered */
    char number[32];
    size_t began; /* changes of the disk before its group began */
    size_t acked; /* and when it was acknowledged; POWER_NEVER */
    bool log;     /* it opened a case */
};

struct power_run {
    struct kit k;
    size_t accounts; /* named so far */
    uint64_t random;
    struct power_log *log;
    struct power_asked *asked;
    size_t n;
    struct error refusal; /* of a request that must not be refused */
    /* Called around everything the store does in a group; or NULL. */
    void (*armed)(bool on);
};

#define POWER_MOST 4000 /* requests of a run */

/* A new store with a first segment so small that segments change every few
 * groups, closed; with `remember` its disk is, from here on. */
void power_run_begin(struct power_run *r, uint64_t seed, bool remember);
void power_run_end(struct power_run *r);

/* Opens and closes the store in it.  Opening returns what store_open() does. */
int power_run_open(struct power_run *r, struct error *e) MUST_CHECK;
void power_run_close(struct power_run *r, bool clean);

/* A group of up to `most` new requests, after one that was acknowledged before
 * and must be known. */
enum store_outcome power_run_group(struct power_run *r, size_t most, struct error *e);

/* Opens the run's store, asks all again, so that each request is acknowledged
 * now, and closes it as a crash would. */
void power_run_ask_again(struct power_run *r);

/* Opens the store at `path`, which stands where the run stood at `cut`: every
 * request acknowledged by then is there once and answered as before, each later
 * one that was begun comes whole, the store goes on and proves itself. */
void power_check(struct power_run *r, const char *path, size_t cut);

/* The catalogue that stores are made with, packed, in the arena. */
ProtobufCBinaryData power_catalogue(struct arena *arena);

/* SEED or a new one; said on stderr. */
uint64_t power_seed(void);
/* A number from the environment. */
size_t power_number(const char *name, size_t otherwise);

#endif
