/* The cases that every system is given: the same ones at every run, drawn from
 * the catalogue.  Also linked by the generator for PostgreSQL. */
#ifndef MADOGUCHI_TESTS_BENCH_CASES_H
#define MADOGUCHI_TESTS_BENCH_CASES_H

#include "proto/message.h"

#define CASES              32768 /* different ones, taken in turn */
#define CASES_NOTE         120   /* bytes of a case's text */
#define CASES_MUNICIPALITY 62090

/* What `months` means: 0 all of today; N the last N months; CASES_LIVE this
 * month until today, with the fields that a peer's row has: service, office,
 * channel, topic and a text. */
#define CASES_LIVE (-1)

struct bench_case {
    ProtobufCBinaryData service, office, channel, topic, nature, age, origin; /* empty: none */
    /* The same as small numbers, for those who keep numbers; nature is the
     * service's where none is given. */
    uint16_t service_number, office_number, channel_number, topic_number, nature_number;
};

/* CASES cases; they live as long as the process.  Dies when the catalogue at
 * `path` cannot be read. */
const struct bench_case *cases_make(const char *path, int months);

/* The date of the next case (YYYYMMDD): drawn anew for each, so that there are
 * as many different ones as a city would have.  After cases_make(). */
uint32_t cases_date(void);

/* A text of CASES_NOTE bytes and a NUL, the same for all. */
extern const char cases_note[CASES_NOTE + 1];

/* Today in Japan, in days since 1970. */
int32_t cases_today(void);

#endif
