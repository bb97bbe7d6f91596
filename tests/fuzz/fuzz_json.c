/* The body of a browser's request: a message from JSON.  What was read and is written
 * again reads as the same message. */
#include "client/web/message_json.h"
#include "proto/frame.h"
#include "proto/message.h"
#include "tests/fuzz/fuzz.h"

static bool read_json(const char *data, size_t size, Madoguchi__Request *request,
                      struct arena *arena) {
    struct error e = {.code = 0};
    json_t *body = json_loadb(data, size, JSON_REJECT_DUPLICATES, NULL);
    bool is = json_is_object(body) && message_json_read(body, &request->base, arena, &e) == 0;
    MUST(is || !json_is_object(body) || (e.code != 0 && e.en[0] != '\0' && e.ja[0] != '\0'));
    json_decref(body);
    return is;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    Madoguchi__Request first = MADOGUCHI__REQUEST__INIT;
    Madoguchi__Request again = MADOGUCHI__REQUEST__INIT;
    struct arena arena;
    if (size > FRAME_MAX) {
        return 0;
    }
    arena_init(&arena, FRAME_BUDGET);
    if (read_json((const char *)data, size, &first, &arena)) {
        struct evbuffer *out = evbuffer_new();
        MUST(out != NULL && message_json_write(&first.base, out) == 0);
        size_t len = evbuffer_get_length(out);
        const char *text = (const char *)evbuffer_pullup(out, -1);
        MUST(memchr(text, '<', len) == NULL);
        MUST(arena.used > FRAME_BUDGET / 4 || read_json(text, len, &again, &arena));
        MUST(arena.used > FRAME_BUDGET / 4 || message_equal(&first.base, &again.base));
        evbuffer_free(out);
    }
    arena_free(&arena);
    return 0;
}
