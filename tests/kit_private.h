/* What the files of kit_store.h share. */
#ifndef MADOGUCHI_TESTS_KIT_PRIVATE_H
#define MADOGUCHI_TESTS_KIT_PRIVATE_H

#include "tests/kit_store.h"

/* An error as an answer; it must have both sentences. */
struct kit_answer kit_refusal(const struct error *e);
/* The daemon's answer to a request that records, or its refusal. */
struct kit_answer kit_answer_from(const Madoguchi__Answer *answer);

/* A request with an empty body and, where it records, an id. */
Madoguchi__Request *kit_new_request(struct kit *k, Madoguchi__Request__BodyCase body);
/* Sets a field from its text; fails the test when that is refused. */
void kit_set_text(struct kit *k, ProtobufCMessage *m, const char *name, const char *value);

#endif
