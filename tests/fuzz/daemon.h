/* The whole daemon but its listening socket, for fuzz targets: dispatcher, group,
 * queries and a real store.  Every answer must be a frame with a message in it, and
 * every connection must come to its end. */
#ifndef MADOGUCHI_TESTS_FUZZ_DAEMON_H
#define MADOGUCHI_TESTS_FUZZ_DAEMON_H

#include "tests/fuzz/fuzz.h"

#include "daemon/dispatch.h"
#include "store/secrets.h"
#include "store/store.h"

#define FUZZ_STREAM_MAX (1u << 20)

enum {
    FUZZ_PIECES = 4, /* what is sent comes in small pieces */
    FUZZ_DEAF = 8,   /* the client closes without reading */
};

extern struct fuzz_daemon {
    struct event_base *base;
    struct store *store;
    struct secrets *secrets;
    struct pool *pool;
    struct spool_room room;
    struct config *config;
    struct dispatch *dispatch;
    uint64_t head; /* of the store as it was made */
    struct arena arena;
    uint8_t *answers;
    size_t n_answers;
    void (*people)(void);
    void (*answered)(const Madoguchi__ServerMessage *m);
} fuzz_daemon;

/* Before the first input.  `people` records the accounts of every new store with
 * fuzz_daemon_record(); `answered` sees every message of the daemon.  Both may be
 * NULL. */
void fuzz_daemon_first(void (*people)(void), void (*answered)(const Madoguchi__ServerMessage *m));
void fuzz_daemon_record(Madoguchi__Request *request);

/* After an input that may have changed something. */
void fuzz_daemon_anew(void);

/* One connection: sends it all, and takes answers until it ends. */
struct fuzz_stream {
    uint8_t *data;
    size_t len;
};
void fuzz_daemon_talk(const struct fuzz_stream *s, int how);

/* What is sent: bytes, a frame, a right hello (token NULL: none), and messages each
 * behind a length of two bytes. */
void fuzz_put(struct fuzz_stream *s, const void *data, size_t len);
void fuzz_put_frame(struct fuzz_stream *s, const void *data, size_t len);
void fuzz_put_hello(struct fuzz_stream *s, const uint8_t *token, size_t len);
void fuzz_put_messages(struct fuzz_stream *s, const uint8_t *p, size_t size);

/* Whether it asks for a proof of all files, which is another target's and slow,
 * or for a backup, which writes wherever it is told to. */
bool fuzz_looks_further(const struct fuzz_stream *s);

#endif
