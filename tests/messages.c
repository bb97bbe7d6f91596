#include "tests/messages.h"

#include "proto/check.h"

#include <check.h>
#include <stdlib.h>

static ProtobufCBinaryData copy(struct arena *arena, const char *text, size_t len) {
    return (ProtobufCBinaryData){len, (uint8_t *)arena_strndup(arena, text, len)};
}

static void set_repeated(struct arena *arena, ProtobufCMessage *m,
                         const ProtobufCFieldDescriptor *f, const char *text, size_t len) {
    ProtobufCBinaryData *values = arena_alloc(arena, 100 * sizeof *values);
    size_t n = 0;
    for (size_t from = 0, to; from <= len && n < 100; from = to + 1) {
        for (to = from; to < len && text[to] != ';'; to++) {
        }
        values[n++] = copy(arena, text + from, to - from);
    }
    *(size_t *)((char *)m + f->quantifier_offset) = n;
    *(void **)((char *)m + f->offset) = values;
}

void messages_set(struct arena *arena, ProtobufCMessage *m, const char *name, const char *text,
                  size_t len) {
    const ProtobufCFieldDescriptor *f = message_field(m->descriptor, name);
    ck_assert_msg(f != NULL, "no field %s", name);
    char *member = (char *)m + f->offset;
    if (f->label == PROTOBUF_C_LABEL_REPEATED) {
        set_repeated(arena, m, f, text, len);
        return;
    }
    switch (f->type) {
    case PROTOBUF_C_TYPE_BYTES:
        *(ProtobufCBinaryData *)member = copy(arena, text, len);
        break;
    case PROTOBUF_C_TYPE_UINT64:
        *(uint64_t *)member = strtoull(text, NULL, 10);
        break;
    default:
        *(uint32_t *)member = (uint32_t)strtoul(text, NULL, 10);
    }
    *(protobuf_c_boolean *)((char *)m + f->quantifier_offset) = 1;
}

ProtobufCMessage *messages_make(struct arena *arena, const ProtobufCMessageDescriptor *type,
                                const char *fields) {
    ProtobufCMessage *m = arena_alloc(arena, type->sizeof_message);
    protobuf_c_message_init(type, m);
    for (const char *p = fields; *p != '\0';) {
        char name[40] = "";
        size_t len = strcspn(p, "=");
        memcpy(name, p, len < sizeof name ? len : sizeof name - 1);
        p += len + 1;
        len = strcspn(p, " ");
        messages_set(arena, m, name, p, len);
        p += len + (p[len] == ' ');
    }
    return m;
}

Madoguchi__Request *messages_request(struct arena *arena, Madoguchi__Request__BodyCase body,
                                     const char *fields) {
    const ProtobufCMessageDescriptor *type =
        protobuf_c_message_descriptor_get_field(&madoguchi__request__descriptor, (unsigned)body)
            ->descriptor;
    Madoguchi__Request *r = arena_alloc(arena, sizeof *r);
    madoguchi__request__init(r);
    char *all = arena_strndup(arena, fields, strlen(fields));
    char *row = strstr(all, " | ");
    if (row != NULL) {
        *row = '\0';
        r->row = (Madoguchi__Row *)messages_make(arena, &madoguchi__row__descriptor, row + 3);
    }
    r->body_case = body;
    r->act = (Madoguchi__Act *)messages_make(arena, type, all);
    if (check_request_records(r)) {
        SET(r, id, copy(arena, "0123456789abcdef", 16));
    }
    return r;
}

const char *messages_refused(const Madoguchi__Request *r, struct error *e) {
    memset(e, 0, sizeof *e);
    if (check_request(r, e) == 0) {
        ck_assert_int_eq(check_request(r, NULL), 0);
        return "";
    }
    ck_assert_int_eq(check_request(r, NULL), -1);
    ck_assert_int_ne(e->code, 0);
    ck_assert_str_ne(e->field, "");
    ck_assert_str_ne(e->en, "");
    ck_assert_str_ne(e->ja, "");
    return e->field;
}

void messages_check_samples(struct arena *arena, const struct message_sample *samples, size_t n) {
    for (size_t i = 0; i < n; i++) {
        struct error e;
        Madoguchi__Request *r = messages_request(arena, samples[i].body, samples[i].fields);
        const char *field = messages_refused(r, &e);
        ck_assert_msg(strcmp(field, samples[i].refused) == 0, "%s: \"%s\" (%s), not \"%s\"",
                      samples[i].fields, field, e.en, samples[i].refused);
        ck_assert(field[0] == '\0' || e.code == ERR_INVALID || e.code == ERR_TOO_MUCH);
    }
}
