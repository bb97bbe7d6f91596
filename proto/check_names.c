#include "proto/check_names.h"

#include "proto/guard.h"
#include "proto/text.h"

#include <stdio.h>
#include <stdlib.h>

struct check_named {
    ProtobufCBinaryData list, name;
};

int check_names_make(struct check_names *names, size_t n, struct error *e) {
    names->n = 0;
    names->items = calloc(n + 1, sizeof *names->items);
    if (names->items == NULL) {
        return error_set(e, ERR_INTERNAL, "", "Out of memory. Try again.",
                         "メモリーが足りません。もう一度お試しください。");
    }
    return 0;
}

void check_names_free(struct check_names *names) {
    free(names->items);
    *names = (struct check_names){0};
}

void check_names_add(struct check_names *names, ProtobufCBinaryData list,
                     ProtobufCBinaryData name) {
    names->items[names->n++] = (struct check_named){list, name};
}

static int compare_bytes(ProtobufCBinaryData a, ProtobufCBinaryData b) {
    size_t len = a.len < b.len ? a.len : b.len;
    int order = len > 0 ? memcmp(a.data, b.data, len) : 0;
    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

static int compare_names(const void *a, const void *b) {
    const struct check_named *x = a;
    const struct check_named *y = b;
    int order = compare_bytes(x->list, y->list);
    return order != 0 ? order : compare_bytes(x->name, y->name);
}

int check_names_sort(struct check_names *names, const char *field, struct error *e) {
    qsort(names->items, names->n, sizeof *names->items, compare_names);
    for (size_t i = 1; i < names->n; i++) {
        const struct check_named *twice = &names->items[i];
        if (compare_names(twice - 1, twice) == 0) {
            return error_set(e, ERR_INVALID, field,
                             "%.*s \"%.*s\" is given twice. Give each one a name of its own.",
                             "%.*s の「%.*s」が2回あります。別の名前にしてください。",
                             (int)twice->list.len, (const char *)twice->list.data,
                             (int)twice->name.len, (const char *)twice->name.data);
        }
    }
    return 0;
}

bool check_names_has(const struct check_names *names, ProtobufCBinaryData list,
                     ProtobufCBinaryData name) {
    struct check_named wanted = {list, name};
    return bsearch(&wanted, names->items, names->n, sizeof wanted, compare_names) != NULL;
}

void check_what(char out[CHECK_WHAT_MAX], const char *kind, ProtobufCBinaryData name) {
    char quote[GUARD_QUOTE_MAX];
    snprintf(out, CHECK_WHAT_MAX, "%.12s %.*s", kind, CHECK_WHAT_MAX - 14,
             guard_quote(name.data, name.len, quote));
}

int check_size(const char *field, size_t n, size_t max, struct error *e) {
    if (n <= max) {
        return 0;
    }
    return error_set(e, ERR_TOO_MUCH, field, "%s: %zu are too many; at most %zu.",
                     "%s：%zu 個は多すぎます。%zu 個までです。", field, n, max);
}

/* The schema is not recursive, so neither depth nor time can run away. */
int check_texts(const ProtobufCMessage *m, struct error *e) {
    for (unsigned i = 0; i < m->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *f = &m->descriptor->fields[i];
        bool text = f->type == PROTOBUF_C_TYPE_BYTES;
        if (!message_has(m, f) || (!text && f->type != PROTOBUF_C_TYPE_MESSAGE)) {
            continue;
        }
        const char *member = (const char *)m + f->offset;
        size_t n = 1;
        if (f->label == PROTOBUF_C_LABEL_REPEATED) {
            n = *(const size_t *)((const char *)m + f->quantifier_offset);
            member = *(const char *const *)member;
        }
        for (size_t k = 0; k < n; k++) {
            int rc =
                text ? check_text(((const ProtobufCBinaryData *)member)[k], TEXT_MAX, f->name, e)
                     : check_texts(((ProtobufCMessage *const *)member)[k], e);
            if (rc != 0) {
                return -1;
            }
        }
    }
    return 0;
}
