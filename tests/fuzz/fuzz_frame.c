/* A frame, its message and the checks: what a stranger's bytes meet first. */
#include "tests/fuzz/fuzz.h"

#include "proto/check.h"
#include "proto/frame.h"
#include "proto/message.h"

static struct arena arena;

static void check(const Madoguchi__ClientMessage *m) {
    struct error e = {0};
    int result = 0;
    if (m->body_case == MADOGUCHI__CLIENT_MESSAGE__BODY_HELLO) {
        result = check_hello(m->hello, &e);
    } else if (m->body_case == MADOGUCHI__CLIENT_MESSAGE__BODY_REQUEST) {
        result = check_request(m->request, &e);
        if (result == 0) {
            (void)check_request_records(m->request);
            (void)check_suspicious(m->request);
        }
    }
    if (result != 0) {
        fuzz_refusal(&e);
    }
}

/* Every field as text, and what was packed again is the same message. */
static void go_over(const ProtobufCMessage *m) {
    ProtobufCBinaryData packed;
    struct error e = {0};
    const ProtobufCMessageDescriptor *d = m->descriptor;
    for (unsigned i = 0; i < d->n_fields; i++) {
        if (message_has(m, &d->fields[i]) && d->fields[i].type != PROTOBUF_C_TYPE_MESSAGE) {
            (void)message_get_text(m, &d->fields[i], &arena);
        }
    }
    if (message_pack(m, &arena, &packed, &e) == 0 && packed.len > 0) {
        const ProtobufCMessage *again = message_unpack(d, &arena, packed.data, packed.len, &e);
        if (again != NULL) {
            MUST(message_equal(m, again));
        } else {
            MUST(e.code == ERR_TOO_MUCH || arena.exhausted);
        }
    }
}

static void body(const uint8_t *data, size_t len) {
    struct error e = {0};
    const ProtobufCMessage *m =
        message_unpack(&madoguchi__client_message__descriptor, &arena, data, len, &e);
    MUST(arena.used <= FRAME_BUDGET);
    if (m == NULL) {
        fuzz_refusal(&e);
        return;
    }
    const Madoguchi__ClientMessage *c = (const Madoguchi__ClientMessage *)m;
    check(c);
    if (c->body_case == MADOGUCHI__CLIENT_MESSAGE__BODY_REQUEST) {
        go_over(&c->request->base);
        if (c->request->body_case == MADOGUCHI__REQUEST__BODY_ACT) {
            go_over(&c->request->act->base);
        } else if (c->request->body_case == MADOGUCHI__REQUEST__BODY_SESSION) {
            go_over(&c->request->session->base);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    arena_init(&arena, FRAME_BUDGET);
    for (size_t at = 0;;) {
        size_t len = 0;
        arena_reset(&arena);
        enum frame_state state = frame_peek(data + at, size - at, &len);
        if (state != FRAME_COMPLETE) {
            break;
        }
        MUST(len > 0 && len <= FRAME_MAX && FRAME_HEADER + len <= size - at);
        body(data + at + FRAME_HEADER, len);
        at += FRAME_HEADER + len;
    }
    /* The bytes as one message too, whatever their header says. */
    arena_reset(&arena);
    if (size <= FRAME_MAX) {
        body(data, size);
    }
    arena_free(&arena);
    return 0;
}
