/* Ids that must be there once, and references that must be known: for the
 * checks of whole documents (check_catalogue.c, check_plan.c) only. */
#ifndef MADOGUCHI_PROTO_CHECK_NAMES_H
#define MADOGUCHI_PROTO_CHECK_NAMES_H

#include "proto/check_field.h"

#define CHECK_WHAT_MAX 80

struct check_names {
    struct check_named *items;
    size_t n;
};

/* Room for n names; to be given to check_names_free() also after an error. */
int check_names_make(struct check_names *names, size_t n, struct error *e) MUST_CHECK;
void check_names_free(struct check_names *names);

void check_names_add(struct check_names *names, ProtobufCBinaryData list, ProtobufCBinaryData name);

/* Sorts, after the last addition; INVALID names the one that is there twice. */
int check_names_sort(struct check_names *names, const char *field, struct error *e) MUST_CHECK;

/* Whether the sorted names have this one. */
bool check_names_has(const struct check_names *names, ProtobufCBinaryData list,
                     ProtobufCBinaryData name);

/* "KIND NAME", for errors: what an item is called. */
void check_what(char out[CHECK_WHAT_MAX], const char *kind, ProtobufCBinaryData name);

/* At most max of them. */
int check_size(const char *field, size_t n, size_t max, struct error *e) MUST_CHECK;

/* Every bytes field of a message and of those within it, as check_text() with
 * 4,000 bytes. */
int check_texts(const ProtobufCMessage *message, struct error *e) MUST_CHECK;

#endif
