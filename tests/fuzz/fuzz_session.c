/* A connection to the whole daemon but its listening socket.
 *
 * The first byte says how: 1 a right hello goes before, 2 the rest is the bytes
 * as they come (otherwise messages, each behind a length of two bytes, that are
 * framed here), 4 they come in small pieces, 8 the client closes without
 * reading. */
#include "tests/fuzz/daemon.h"

enum { HELLO = 1, RAW = 2 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static uint8_t bytes[FUZZ_STREAM_MAX];
    struct fuzz_stream s = {.data = bytes};
    struct store_status status;
    if (fuzz_daemon.dispatch == NULL) {
        fuzz_daemon_first(NULL, NULL);
    }
    if (size == 0) {
        return 0;
    }
    if ((data[0] & HELLO) != 0) {
        fuzz_put_hello(&s, NULL, 0);
    }
    if ((data[0] & RAW) != 0) {
        fuzz_put(&s, data + 1, size - 1);
    } else {
        fuzz_put_messages(&s, data + 1, size - 1);
    }
    if (fuzz_looks_further(&s)) {
        return 0;
    }
    fuzz_daemon_talk(&s, data[0]);
    store_status(fuzz_daemon.store, &status);
    if (status.head != fuzz_daemon.head) {
        fuzz_daemon_anew();
    }
    return 0;
}
