/* Messages from words, for tests: "date=20240415 topic=housing;work".  Values
 * are taken as they are, also such as no client would send. */
#ifndef MADOGUCHI_TESTS_MESSAGES_H
#define MADOGUCHI_TESTS_MESSAGES_H

#include "proto/message.h"

/* Sets one field; the values of a repeated one are split by ';' (at most 100).
 * Fails the test if there is no such field. */
void messages_set(struct arena *arena, ProtobufCMessage *m, const char *name, const char *text,
                  size_t len);

/* A new message in the arena with the fields given, split by spaces. */
ProtobufCMessage *messages_make(struct arena *arena, const ProtobufCMessageDescriptor *type,
                                const char *fields);

/* A request with such a body, and after " | " a row; one that records gets an id. */
Madoguchi__Request *messages_request(struct arena *arena, Madoguchi__Request__BodyCase body,
                                     const char *fields);

/* The field check_request() refuses, in e, or "" when it accepts.  Fails the
 * test if the error lacks a code, a field or a sentence. */
const char *messages_refused(const Madoguchi__Request *request, struct error *e);

struct message_sample {
    Madoguchi__Request__BodyCase body;
    const char *fields;  /* as for messages_request() */
    const char *refused; /* the field, or "" */
};

/* Checks each sample, and that its refusal is INVALID or TOO_MUCH. */
void messages_check_samples(struct arena *arena, const struct message_sample *samples, size_t n);

#endif
