#include "proto/message.h"

#include "proto/calendar.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define MEMBER(type, message, offset)       ((type *)((char *)(message) + (offset)))
#define CONST_MEMBER(type, message, offset) ((const type *)((const char *)(message) + (offset)))

static bool has_unknown(const ProtobufCMessage *m) {
    if (m->n_unknown_fields > 0) {
        return true;
    }
    for (unsigned i = 0; i < m->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *f = &m->descriptor->fields[i];
        if (f->type != PROTOBUF_C_TYPE_MESSAGE) {
            continue;
        }
        if (f->label == PROTOBUF_C_LABEL_REPEATED) {
            size_t n = *CONST_MEMBER(size_t, m, f->quantifier_offset);
            ProtobufCMessage *const *list =
                *(ProtobufCMessage *const *const *)((const char *)m + f->offset);
            for (size_t k = 0; k < n; k++) {
                if (has_unknown(list[k])) {
                    return true;
                }
            }
        } else if (message_has(m, f) &&
                   has_unknown(*CONST_MEMBER(ProtobufCMessage *, m, f->offset))) {
            return true;
        }
    }
    return false;
}

ProtobufCMessage *message_unpack(const ProtobufCMessageDescriptor *descriptor, struct arena *arena,
                                 const void *data, size_t len, struct error *e) {
    ProtobufCMessage *m = protobuf_c_message_unpack(descriptor, arena_allocator(arena), len, data);
    if (m == NULL && arena->starved) {
        error_set(e, ERR_INTERNAL, "", "Out of memory.", "メモリーが足りません。");
        return NULL;
    }
    if (m == NULL) {
        error_set(e, arena->exhausted ? ERR_TOO_MUCH : ERR_MALFORMED, "",
                  "These bytes are not a message of this protocol (%s).",
                  "この通信は取り決めた形式の電文ではありません (%s)。",
                  arena->exhausted ? "more than fits the memory of one message"
                                   : "decoding failed");
        return NULL;
    }
    if (has_unknown(m)) {
        error_set(
            e, ERR_MALFORMED, "",
            "The message has fields that this version does not know. Client and daemon "
            "should be of the same version.",
            "この版の知らない項目が電文にあります。クライアントとサーバーの版を揃えてください。");
        return NULL;
    }
    return m;
}

int message_pack(const ProtobufCMessage *message, struct arena *arena, ProtobufCBinaryData *out,
                 struct error *e) {
    out->len = protobuf_c_message_get_packed_size(message);
    out->data = arena_alloc(arena, out->len > 0 ? out->len : 1);
    if (out->data == NULL) {
        return error_set(e, ERR_TOO_MUCH, "", "The message does not fit the memory of one request.",
                         "電文が 1 件分の作業領域に収まりません。");
    }
    protobuf_c_message_pack(message, out->data);
    return 0;
}

const ProtobufCFieldDescriptor *message_field(const ProtobufCMessageDescriptor *descriptor,
                                              const char *name) {
    return protobuf_c_message_descriptor_get_field_by_name(descriptor, name);
}

void message_clear(ProtobufCMessage *m, const ProtobufCFieldDescriptor *f) {
    if (f->label == PROTOBUF_C_LABEL_REPEATED) {
        *MEMBER(size_t, m, f->quantifier_offset) = 0;
        *MEMBER(void *, m, f->offset) = NULL;
    } else if (f->type == PROTOBUF_C_TYPE_MESSAGE) {
        *MEMBER(void *, m, f->offset) = NULL;
    } else {
        *MEMBER(protobuf_c_boolean, m, f->quantifier_offset) = 0;
    }
}

/* ---- text ------------------------------------------------------------- */

static bool is_date_field(const char *name) {
    return strcmp(name, "date") == 0 || strcmp(name, "due") == 0 || strcmp(name, "as_of") == 0 ||
           strcmp(name, "until") == 0;
}

static int parse_whole(const char *name, const char *value, uint64_t max, uint64_t *out,
                       struct error *e) {
    char *end = NULL;
    if (value[0] >= '0' && value[0] <= '9' && strlen(value) <= 19) {
        *out = strtoull(value, &end, 10);
    }
    if (end == NULL || *end != '\0') {
        return error_set(e, ERR_INVALID, name, "%s must be a whole number, 0 or more.",
                         "%s には 0 以上の整数を入れてください。", name);
    }
    if (*out > max) {
        return error_set(e, ERR_INVALID, name, "%s is at most %" PRIu64 ".",
                         "%s は %" PRIu64 " までです。", name, max);
    }
    return 0;
}

static int parse_time(const char *value, uint32_t *out, struct error *e) {
    unsigned hour;
    unsigned minute;
    char tail;
    if (strlen(value) > 5 || sscanf(value, "%2u:%2u%c", &hour, &minute, &tail) != 2 || hour > 23 ||
        minute > 59) {
        return error_set(e, ERR_INVALID, "time", "time must be HH:MM, for example 09:30.",
                         "time は 09:30 のように HH:MM で入れてください。");
    }
    *out = hour * 100 + minute;
    return 0;
}

static int parse_number_field(ProtobufCMessage *m, const ProtobufCFieldDescriptor *f,
                              const char *value, struct error *e) {
    uint32_t number = 0;
    if (is_date_field(f->name)) {
        if (calendar_parse_date(value, strlen(value), &number, e) < 0) {
            if (e != NULL) {
                snprintf(e->field, sizeof e->field, "%s", f->name);
            }
            return -1;
        }
    } else if (strcmp(f->name, "time") == 0) {
        if (parse_time(value, &number, e) < 0) {
            return -1;
        }
    } else {
        uint64_t whole = 0;
        if (parse_whole(f->name, value, UINT32_MAX, &whole, e) < 0) {
            return -1;
        }
        number = (uint32_t)whole;
    }
    *MEMBER(uint32_t, m, f->offset) = number;
    *MEMBER(protobuf_c_boolean, m, f->quantifier_offset) = 1;
    return 0;
}

static int out_of_room(struct error *e, const char *name) {
    return error_set(e, ERR_TOO_MUCH, name, "%s is too long.", "%s が長すぎます。", name);
}

static int set_repeated(ProtobufCMessage *m, const ProtobufCFieldDescriptor *f, const char *value,
                        struct arena *arena, struct error *e) {
    size_t most = 1;
    for (const char *c = value; *c != '\0' && most < MESSAGE_REPEATED_MAX; c++) {
        most += *c == ';';
    }
    ProtobufCBinaryData *list = arena_alloc(arena, most * sizeof *list);
    if (list == NULL) {
        return out_of_room(e, f->name);
    }
    size_t n = 0;
    const char *p = value;
    for (;;) {
        size_t len = strcspn(p, ";");
        if (len > 0) {
            if (n == MESSAGE_REPEATED_MAX) {
                return error_set(e, ERR_TOO_MUCH, f->name, "%s takes at most %d values.",
                                 "%s は %d 個までです。", f->name, MESSAGE_REPEATED_MAX);
            }
            char *copy = arena_strndup(arena, p, len);
            if (copy == NULL) {
                return out_of_room(e, f->name);
            }
            list[n++] = (ProtobufCBinaryData){.len = len, .data = (uint8_t *)copy};
        }
        if (p[len] == '\0') {
            break;
        }
        p += len + 1;
    }
    *MEMBER(size_t, m, f->quantifier_offset) = n;
    *MEMBER(ProtobufCBinaryData *, m, f->offset) = n > 0 ? list : NULL;
    return 0;
}

static int set_bool(ProtobufCMessage *m, const ProtobufCFieldDescriptor *f, const char *value,
                    struct error *e) {
    bool yes = strcmp(value, "yes") == 0;
    if (!yes && strcmp(value, "no") != 0) {
        return error_set(e, ERR_INVALID, f->name, "%s must be yes or no.",
                         "%s には yes か no を入れてください。", f->name);
    }
    *MEMBER(protobuf_c_boolean, m, f->offset) = yes;
    *MEMBER(protobuf_c_boolean, m, f->quantifier_offset) = 1;
    return 0;
}

int message_set_text(ProtobufCMessage *m, const char *name, const char *value, struct arena *arena,
                     struct error *e) {
    const ProtobufCFieldDescriptor *f = message_field(m->descriptor, name);
    if (f == NULL || (f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0) {
        return error_set(e, ERR_INVALID, name, "There is no field of this name here.",
                         "この名前の項目はここにはありません。");
    }
    if (value[0] == '\0') {
        message_clear(m, f);
        return 0;
    }
    if (f->label == PROTOBUF_C_LABEL_REPEATED && f->type == PROTOBUF_C_TYPE_BYTES) {
        return set_repeated(m, f, value, arena, e);
    }
    switch (f->type) {
    case PROTOBUF_C_TYPE_BYTES: {
        char *copy = arena_strndup(arena, value, strlen(value));
        if (copy == NULL) {
            return out_of_room(e, name);
        }
        *MEMBER(ProtobufCBinaryData, m, f->offset) = bytes_of(copy);
        *MEMBER(protobuf_c_boolean, m, f->quantifier_offset) = 1;
        return 0;
    }
    case PROTOBUF_C_TYPE_UINT32:
        return parse_number_field(m, f, value, e);
    case PROTOBUF_C_TYPE_UINT64: {
        uint64_t number = 0;
        if (parse_whole(name, value, INT64_MAX, &number, e) < 0) {
            return -1;
        }
        *MEMBER(uint64_t, m, f->offset) = number;
        *MEMBER(protobuf_c_boolean, m, f->quantifier_offset) = 1;
        return 0;
    }
    case PROTOBUF_C_TYPE_BOOL:
        return set_bool(m, f, value, e);
    default:
        return error_set(e, ERR_INVALID, name, "%s cannot be set as text.",
                         "%s は文字では設定できません。", name);
    }
}

static char *get_repeated(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f,
                          struct arena *arena) {
    size_t n = *CONST_MEMBER(size_t, m, f->quantifier_offset);
    const ProtobufCBinaryData *list = *CONST_MEMBER(ProtobufCBinaryData *, m, f->offset);
    size_t size = 1;
    for (size_t i = 0; i < n; i++) {
        size += list[i].len + 1;
    }
    char *out = arena_alloc(arena, size);
    if (out == NULL) {
        return NULL;
    }
    char *p = out;
    for (size_t i = 0; i < n; i++) {
        if (i > 0) {
            *p++ = ';';
        }
        if (list[i].len > 0) {
            memcpy(p, list[i].data, list[i].len);
            p += list[i].len;
        }
    }
    *p = '\0';
    return out;
}

char *message_get_text(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f,
                       struct arena *arena) {
    if (!message_has(m, f)) {
        return NULL;
    }
    if (f->label == PROTOBUF_C_LABEL_REPEATED) {
        return f->type == PROTOBUF_C_TYPE_BYTES ? get_repeated(m, f, arena) : NULL;
    }
    switch (f->type) {
    case PROTOBUF_C_TYPE_BYTES: {
        const ProtobufCBinaryData *b = CONST_MEMBER(ProtobufCBinaryData, m, f->offset);
        return arena_strndup(arena, b->data, b->len);
    }
    case PROTOBUF_C_TYPE_UINT32: {
        uint32_t v = *CONST_MEMBER(uint32_t, m, f->offset);
        if (is_date_field(f->name)) {
            char date[16];
            calendar_format_date(v, date);
            return arena_printf(arena, "%s", date);
        }
        if (strcmp(f->name, "time") == 0) {
            return arena_printf(arena, "%02u:%02u", v / 100, v % 100);
        }
        return arena_printf(arena, "%u", v);
    }
    case PROTOBUF_C_TYPE_UINT64:
        return arena_printf(arena, "%" PRIu64, *CONST_MEMBER(uint64_t, m, f->offset));
    case PROTOBUF_C_TYPE_BOOL:
        return arena_printf(arena, "%s",
                            *CONST_MEMBER(protobuf_c_boolean, m, f->offset) ? "yes" : "no");
    default:
        return NULL;
    }
}

/* ---- copying ------------------------------------------------------------ */

/* Enums of the wire are plain numbers in the journal: same size, same meaning. */
static bool same_shape(const ProtobufCFieldDescriptor *a, const ProtobufCFieldDescriptor *b) {
    bool number_a = a->type == PROTOBUF_C_TYPE_UINT32 || a->type == PROTOBUF_C_TYPE_ENUM;
    bool number_b = b->type == PROTOBUF_C_TYPE_UINT32 || b->type == PROTOBUF_C_TYPE_ENUM;
    bool repeated_a = a->label == PROTOBUF_C_LABEL_REPEATED;
    bool repeated_b = b->label == PROTOBUF_C_LABEL_REPEATED;
    return repeated_a == repeated_b && (a->type == b->type || (number_a && number_b)) &&
           a->type != PROTOBUF_C_TYPE_MESSAGE;
}

static void copy_field(ProtobufCMessage *to, const ProtobufCFieldDescriptor *t,
                       const ProtobufCMessage *from, const ProtobufCFieldDescriptor *f) {
    size_t size;
    switch (f->type) {
    case PROTOBUF_C_TYPE_BYTES:
        size = sizeof(ProtobufCBinaryData);
        break;
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_SINT64:
        size = sizeof(uint64_t);
        break;
    case PROTOBUF_C_TYPE_BOOL:
        size = sizeof(protobuf_c_boolean);
        break;
    default:
        size = sizeof(uint32_t);
        break;
    }
    if (f->label == PROTOBUF_C_LABEL_REPEATED) {
        *MEMBER(size_t, to, t->quantifier_offset) =
            *CONST_MEMBER(size_t, from, f->quantifier_offset);
        size = sizeof(void *);
    } else {
        *MEMBER(protobuf_c_boolean, to, t->quantifier_offset) = 1;
    }
    memcpy(MEMBER(char, to, t->offset), CONST_MEMBER(char, from, f->offset), size);
}

void message_copy(ProtobufCMessage *to, const ProtobufCMessage *from) {
    for (unsigned i = 0; i < from->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *f = &from->descriptor->fields[i];
        if (!message_has(from, f)) {
            continue;
        }
        /* Both sides of a copy list their fields in the same order almost
         * always: try the same place before searching by name. */
        const ProtobufCFieldDescriptor *t = NULL;
        if (i < to->descriptor->n_fields &&
            message_same_name(to->descriptor->fields[i].name, f->name)) {
            t = &to->descriptor->fields[i];
        } else {
            t = message_field(to->descriptor, f->name);
        }
        if (t != NULL && same_shape(f, t)) {
            copy_field(to, t, from, f);
        }
    }
}

bool message_equal(const ProtobufCMessage *a, const ProtobufCMessage *b) {
    size_t n = protobuf_c_message_get_packed_size(a);
    if (n != protobuf_c_message_get_packed_size(b)) {
        return false;
    }
    uint8_t *buffer = malloc(2 * n + 1);
    if (buffer == NULL) {
        return false;
    }
    protobuf_c_message_pack(a, buffer);
    protobuf_c_message_pack(b, buffer + n);
    bool same = memcmp(buffer, buffer + n, n) == 0;
    free(buffer);
    return same;
}
