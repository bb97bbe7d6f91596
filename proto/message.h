/* Messages by the names of their fields.
 *
 * The .proto files are the one table of fields.  What several places must do
 * alike for every field (take the command line's words, show them again, carry
 * values from the wire to the journal) is done here once, over protobuf-c's
 * descriptors, instead of field by field. */
#ifndef MADOGUCHI_PROTO_MESSAGE_H
#define MADOGUCHI_PROTO_MESSAGE_H

#include "proto/arena.h"
#include "proto/error.h"

#include <stdbool.h>
#include <string.h>

/* Values a repeated field may have when set from text. */
#define MESSAGE_REPEATED_MAX 64

/* Unpacks len bytes into the arena.  Fields that this version does not know
 * are refused (ERR_MALFORMED), as is anything beyond the arena's budget
 * (ERR_TOO_MUCH); ERR_INTERNAL when there is no memory.  The message lives as
 * long as the arena. */
ProtobufCMessage *message_unpack(const ProtobufCMessageDescriptor *descriptor, struct arena *arena,
                                 const void *data, size_t len, struct error *e) MUST_CHECK;

/* Packs into the arena; out->data is NULL when the budget is spent. */
int message_pack(const ProtobufCMessage *message, struct arena *arena, ProtobufCBinaryData *out,
                 struct error *e) MUST_CHECK;

/* The field of that name, or NULL. */
const ProtobufCFieldDescriptor *message_field(const ProtobufCMessageDescriptor *descriptor,
                                              const char *name);

/* Whether two names are the same.  Those of a program are mostly one string, because the
 * linker joins equal ones. */
static inline bool message_same_name(const char *a, const char *b) {
    return a == b || strcmp(a, b) == 0;
}

/* Whether the field is given (a repeated one: not empty). */
static inline bool message_has(const ProtobufCMessage *message,
                               const ProtobufCFieldDescriptor *field) {
    const char *m = (const char *)message;
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        return *(const size_t *)(m + field->quantifier_offset) > 0;
    }
    if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0) {
        return *(const uint32_t *)(m + field->quantifier_offset) == field->id;
    }
    if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
        return *(ProtobufCMessage *const *)(m + field->offset) != NULL;
    }
    return *(const protobuf_c_boolean *)(m + field->quantifier_offset) != 0;
}

/* Takes a field's value away. */
void message_clear(ProtobufCMessage *message, const ProtobufCFieldDescriptor *field);

/* Sets a field from text as it stands on a command line or in a CSV cell:
 * dates in every form calendar_parse_date() takes, times HH:MM, whole numbers,
 * words; values of a repeated field split by ';'; "" clears.  Copies the text
 * into the arena.  ERR_INVALID names the field: not a field, not a number ... */
int message_set_text(ProtobufCMessage *message, const char *name, const char *value,
                     struct arena *arena, struct error *e) MUST_CHECK;

/* The same form back, in the arena; NULL when the field is not given or the
 * budget is spent. */
char *message_get_text(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field,
                       struct arena *arena);

/* Copies every given field of `from` for which `to` has one of the same name,
 * label and kind of value.  Fields not given in `from` stay as they are in
 * `to`.  Bytes and arrays are shared, not copied: `from` must outlive `to`. */
void message_copy(ProtobufCMessage *to, const ProtobufCMessage *from);

/* Whether two messages of one type pack to the same bytes. */
bool message_equal(const ProtobufCMessage *a, const ProtobufCMessage *b);

static inline ProtobufCBinaryData bytes_of(const char *s) {
    return (ProtobufCBinaryData){.len = s == NULL ? 0 : strlen(s), .data = (uint8_t *)s};
}

static inline bool bytes_equal(ProtobufCBinaryData b, const char *s) {
    return b.len == strlen(s) && (b.len == 0 || memcmp(b.data, s, b.len) == 0);
}

static inline bool bytes_same(ProtobufCBinaryData a, ProtobufCBinaryData b) {
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

/* Sets an optional field: `SET(act, date, 20240415)`. */
#define SET(message, field, v) ((message)->has_##field = 1, (message)->field = (v))

#endif
