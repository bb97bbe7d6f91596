#include "client/web/message_json.h"

#include "proto/message.h"

#include <inttypes.h>
#include <sodium.h>

/* ---- reading ------------------------------------------------------------------------------ */

#define MEMBER(type, m, offset) ((type *)((char *)(m) + (offset)))

/* Bytes that are no text; of other messages an id is a word. */
static bool is_hex(const ProtobufCMessageDescriptor *d, const ProtobufCFieldDescriptor *f) {
    return (d == &madoguchi__request__descriptor && strcmp(f->name, "id") == 0) ||
           (d == &madoguchi__account__descriptor && strcmp(f->name, "certificate") == 0) ||
           (d == &madoguchi__verify__descriptor && strcmp(f->name, "hash") == 0);
}

static int bad(const ProtobufCFieldDescriptor *f, const char *en, const char *ja, struct error *e) {
    return error_set(e, ERR_INVALID, f->name, "%1$s %2$s.%3$.0s", "%1$s %3$s%2$.0s。", f->name, en,
                     ja);
}

static int too_much(struct error *e) {
    return error_set(e, ERR_TOO_MUCH, "", "The request is too long.", "要求が長すぎます。");
}

static int read_bytes(const json_t *v, const ProtobufCMessageDescriptor *d,
                      const ProtobufCFieldDescriptor *f, ProtobufCBinaryData *out,
                      struct arena *arena, struct error *e) {
    if (!json_is_string(v)) {
        return bad(f, "must be a text", "は文字列にしてください", e);
    }
    size_t len = json_string_length(v);
    char *copy = arena_strndup(arena, json_string_value(v), len);
    if (copy == NULL) {
        return too_much(e);
    }
    *out = (ProtobufCBinaryData){.len = len, .data = (uint8_t *)copy};
    if (!is_hex(d, f)) {
        return 0;
    }
    size_t n = 0;
    if (sodium_hex2bin(out->data, len, json_string_value(v), len, NULL, &n, NULL) != 0 ||
        n * 2 != len) {
        return bad(f, "must be hexadecimal digits", "は 16 進数にしてください", e);
    }
    out->len = n;
    return 0;
}

static int read_enum(const json_t *v, const ProtobufCFieldDescriptor *f, void *to,
                     struct error *e) {
    const char *name = json_string_value(v);
    const ProtobufCEnumValue *value =
        name == NULL ? NULL : protobuf_c_enum_descriptor_get_value_by_name(f->descriptor, name);
    if (value == NULL) {
        error_set(e, ERR_INVALID, f->name, "%s must be one of the protocol's words.",
                  "%s はプロトコルの語にしてください。", f->name);
        return -1;
    }
    *(int *)to = value->value;
    return 0;
}

static int read_number(const json_t *v, const ProtobufCFieldDescriptor *f, void *to,
                       struct error *e) {
    json_int_t n = json_integer_value(v);
    if (!json_is_integer(v)) {
        return bad(f, "must be a whole number", "は整数にしてください", e);
    }
    switch (f->type) {
    case PROTOBUF_C_TYPE_UINT32:
        if (n < 0 || n > UINT32_MAX) {
            return bad(f, "is out of range", "の値が範囲外です", e);
        }
        *(uint32_t *)to = (uint32_t)n;
        return 0;
    case PROTOBUF_C_TYPE_UINT64:
        if (n < 0) {
            return bad(f, "is out of range", "の値が範囲外です", e);
        }
        *(uint64_t *)to = (uint64_t)n;
        return 0;
    default:
        *(int64_t *)to = n;
        return 0;
    }
}

static int read_value(const json_t *v, const ProtobufCMessageDescriptor *d,
                      const ProtobufCFieldDescriptor *f, void *to, struct arena *arena,
                      struct error *e) {
    switch (f->type) {
    case PROTOBUF_C_TYPE_BYTES:
        return read_bytes(v, d, f, to, arena, e);
    case PROTOBUF_C_TYPE_ENUM:
        return read_enum(v, f, to, e);
    case PROTOBUF_C_TYPE_BOOL:
        if (!json_is_boolean(v)) {
            return bad(f, "must be true or false", "は true か false にしてください", e);
        }
        *(protobuf_c_boolean *)to = json_is_true(v);
        return 0;
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_SINT64:
        return read_number(v, f, to, e);
    case PROTOBUF_C_TYPE_MESSAGE: {
        const ProtobufCMessageDescriptor *of = f->descriptor;
        ProtobufCMessage *m = arena_alloc(arena, of->sizeof_message);
        if (m == NULL) {
            return too_much(e);
        }
        of->message_init(m);
        *(ProtobufCMessage **)to = m;
        return json_is_object(v) ? message_json_read(v, m, arena, e)
                                 : bad(f, "must be an object", "はオブジェクトにしてください", e);
    }
    default:
        return bad(f, "cannot be given", "は指定できません", e);
    }
}

static size_t size_of(const ProtobufCFieldDescriptor *f) {
    switch (f->type) {
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    case PROTOBUF_C_TYPE_MESSAGE:
        return sizeof(ProtobufCMessage *);
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_SINT64:
        return sizeof(uint64_t);
    default:
        return sizeof(uint32_t);
    }
}

static int read_array(const json_t *v, ProtobufCMessage *m, const ProtobufCFieldDescriptor *f,
                      struct arena *arena, struct error *e) {
    size_t n = json_array_size(v);
    if (!json_is_array(v) || n > MESSAGE_REPEATED_MAX) {
        return bad(f, "must be a list of at most 64", "は 64 個までの配列にしてください", e);
    }
    char *list = arena_zalloc(arena, n * size_of(f) + 1);
    if (list == NULL) {
        return too_much(e);
    }
    for (size_t i = 0; i < n; i++) {
        if (read_value(json_array_get(v, i), m->descriptor, f, list + i * size_of(f), arena, e) <
            0) {
            return -1;
        }
    }
    *MEMBER(size_t, m, f->quantifier_offset) = n;
    *MEMBER(void *, m, f->offset) = list;
    return 0;
}

static int read_field(const json_t *v, ProtobufCMessage *m, const ProtobufCFieldDescriptor *f,
                      struct arena *arena, struct error *e) {
    if (f->label == PROTOBUF_C_LABEL_REPEATED) {
        return read_array(v, m, f, arena, e);
    }
    if ((f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0) {
        uint32_t *which = MEMBER(uint32_t, m, f->quantifier_offset);
        if (*which != 0) {
            return bad(f, "stands beside another: one thing is asked at a time",
                       "が他のものと並んでいます。一度に一つだけ指定してください", e);
        }
        *which = f->id;
    } else if (f->type != PROTOBUF_C_TYPE_MESSAGE) {
        *MEMBER(protobuf_c_boolean, m, f->quantifier_offset) = 1;
    }
    return read_value(v, m->descriptor, f, (char *)m + f->offset, arena, e);
}

int message_json_read(const json_t *object, ProtobufCMessage *message, struct arena *arena,
                      struct error *e) {
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)object, key, value) {
        const ProtobufCFieldDescriptor *f = message_field(message->descriptor, key);
        if (f == NULL) {
            return error_set(e, ERR_INVALID, message->descriptor->short_name,
                             "%s has no field of that name.", "%s にその項目はありません。",
                             message->descriptor->short_name);
        }
        if (!json_is_null(value) && read_field(value, message, f, arena, e) < 0) {
            return -1;
        }
    }
    return 0;
}

/* ---- writing ------------------------------------------------------------------------------ */

/* <, > and & too: whatever reads it as something else than JSON finds no tag. */
static bool is_plain(uint8_t c) {
    return c >= 0x20 && c != '"' && c != '\\' && c != '<' && c != '>' && c != '&' && c != 0x7f;
}

int message_json_text(ProtobufCBinaryData text, struct evbuffer *out) {
    size_t from = 0;
    int rc = evbuffer_add(out, "\"", 1);
    for (size_t i = 0; i < text.len && rc == 0; i++) {
        if (is_plain(text.data[i])) {
            continue;
        }
        rc = evbuffer_add(out, text.data + from, i - from);
        from = i + 1;
        if (rc == 0 && evbuffer_add_printf(out, "\\u%04x", text.data[i]) < 0) {
            rc = -1;
        }
    }
    if (rc == 0 && text.len > from) {
        rc = evbuffer_add(out, text.data + from, text.len - from);
    }
    return rc == 0 ? evbuffer_add(out, "\"", 1) : -1;
}

static int write_hex(ProtobufCBinaryData b, struct evbuffer *out) {
    char hex[2 * 64 + 1];
    size_t n = b.len <= 64 ? b.len : 64;
    sodium_bin2hex(hex, sizeof hex, b.data, n);
    return evbuffer_add_printf(out, "\"%s\"", hex) < 0 ? -1 : 0;
}

static int write_value(const ProtobufCMessageDescriptor *d, const ProtobufCFieldDescriptor *f,
                       const void *from, struct evbuffer *out) {
    switch (f->type) {
    case PROTOBUF_C_TYPE_BYTES: {
        ProtobufCBinaryData b = *(const ProtobufCBinaryData *)from;
        return is_hex(d, f) ? write_hex(b, out) : message_json_text(b, out);
    }
    case PROTOBUF_C_TYPE_MESSAGE:
        return message_json_write(*(ProtobufCMessage *const *)from, out);
    case PROTOBUF_C_TYPE_ENUM: {
        const ProtobufCEnumValue *v =
            protobuf_c_enum_descriptor_get_value(f->descriptor, *(const int *)from);
        return evbuffer_add_printf(out, "\"%s\"", v == NULL ? "" : v->name) < 0 ? -1 : 0;
    }
    case PROTOBUF_C_TYPE_BOOL:
        return evbuffer_add_printf(out, "%s",
                                   *(const protobuf_c_boolean *)from ? "true" : "false") < 0
                   ? -1
                   : 0;
    case PROTOBUF_C_TYPE_UINT32:
        return evbuffer_add_printf(out, "%" PRIu32, *(const uint32_t *)from) < 0 ? -1 : 0;
    case PROTOBUF_C_TYPE_UINT64:
        return evbuffer_add_printf(out, "%" PRIu64, *(const uint64_t *)from) < 0 ? -1 : 0;
    default:
        return evbuffer_add_printf(out, "%" PRId64, *(const int64_t *)from) < 0 ? -1 : 0;
    }
}

static int write_list(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f, size_t from,
                      size_t to, bool comma, struct evbuffer *out) {
    const char *list = *MEMBER(char *, m, f->offset);
    for (size_t i = from; i < to; i++) {
        if ((comma || i > from) && evbuffer_add(out, ",", 1) < 0) {
            return -1;
        }
        if (write_value(m->descriptor, f, list + i * size_of(f), out) < 0) {
            return -1;
        }
    }
    return 0;
}

static bool is_secret(const ProtobufCMessageDescriptor *d, const ProtobufCFieldDescriptor *f) {
    return d == &madoguchi__page__descriptor && strcmp(f->name, "token") == 0;
}

int message_json_write(const ProtobufCMessage *message, struct evbuffer *out) {
    const ProtobufCMessageDescriptor *d = message->descriptor;
    const char *comma = "";
    if (evbuffer_add(out, "{", 1) < 0) {
        return -1;
    }
    for (unsigned i = 0; i < d->n_fields; i++) {
        const ProtobufCFieldDescriptor *f = &d->fields[i];
        if (!message_has(message, f) || is_secret(d, f)) {
            continue;
        }
        if (evbuffer_add_printf(out, "%s\"%s\":", comma, f->name) < 0) {
            return -1;
        }
        comma = ",";
        int rc;
        if (f->label == PROTOBUF_C_LABEL_REPEATED) {
            size_t n = *MEMBER(size_t, message, f->quantifier_offset);
            rc = evbuffer_add(out, "[", 1) == 0 && write_list(message, f, 0, n, false, out) == 0
                     ? evbuffer_add(out, "]", 1)
                     : -1;
        } else {
            rc = write_value(d, f, (const char *)message + f->offset, out);
        }
        if (rc < 0) {
            return -1;
        }
    }
    return evbuffer_add(out, "}", 1);
}

/* ---- pages -------------------------------------------------------------------------------- */

static bool add_part(struct message_json_page *p, const ProtobufCMessage *m, unsigned i,
                     size_t most, int *rc) {
    const ProtobufCFieldDescriptor *f = &m->descriptor->fields[i];
    size_t n = *MEMBER(size_t, m, f->quantifier_offset);
    size_t room = most - p->rows;
    size_t take = n < room ? n : room;
    if (n > 0 && p->part[i] == NULL && (p->part[i] = evbuffer_new()) == NULL) {
        *rc = -1;
        return false;
    }
    if (take > 0 &&
        write_list(m, f, 0, take, evbuffer_get_length(p->part[i]) > 0, p->part[i]) < 0) {
        *rc = -1;
        return false;
    }
    p->rows += take;
    return take == n;
}

bool message_json_page_add(struct message_json_page *p, const Madoguchi__Page *page, size_t most,
                           int *rc) {
    const ProtobufCMessageDescriptor *d = page->base.descriptor;
    bool all = true;
    *rc = 0;
    for (unsigned i = 0; i < d->n_fields && i < MESSAGE_JSON_PARTS; i++) {
        if (d->fields[i].label == PROTOBUF_C_LABEL_REPEATED && *rc == 0) {
            all = add_part(p, &page->base, i, most, rc) && all;
        }
    }
    return all;
}

int message_json_page_write(struct message_json_page *p, struct evbuffer *out) {
    const ProtobufCMessageDescriptor *d = &madoguchi__page__descriptor;
    const char *comma = "";
    int rc = evbuffer_add(out, "{", 1);
    for (unsigned i = 0; i < MESSAGE_JSON_PARTS && rc == 0; i++) {
        if (p->part[i] == NULL) {
            continue;
        }
        rc = evbuffer_add_printf(out, "%s\"%s\":[", comma, d->fields[i].name) < 0 ? -1 : 0;
        rc = rc == 0 ? evbuffer_add_buffer(out, p->part[i]) : -1;
        rc = rc == 0 ? evbuffer_add(out, "]", 1) : -1;
        comma = ",";
    }
    message_json_page_free(p);
    return rc == 0 ? evbuffer_add(out, "}", 1) : -1;
}

void message_json_page_free(struct message_json_page *p) {
    for (unsigned i = 0; i < MESSAGE_JSON_PARTS; i++) {
        if (p->part[i] != NULL) {
            evbuffer_free(p->part[i]);
        }
    }
    *p = (struct message_json_page){0};
}
