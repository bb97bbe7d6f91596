/* The real daemon under test: madoguchid of the folder named by BUILD (default
 * build/), on a store and a Unix socket of its own, with raw frames in and out.
 *
 * Every function fails the test on a surprise.  A daemon dies with the test
 * that started it. */
#ifndef MADOGUCHI_TESTS_KIT_DAEMON_H
#define MADOGUCHI_TESTS_KIT_DAEMON_H

#include "proto/message.h"

#include <signal.h>
#include <sys/types.h>

#define KIT_PATH 200
/* Patience with a daemon, ms: no test waits so long when all is well.  A machine
 * that has no time for it needs more: KIT_PATIENCE_MS. */
#define KIT_PATIENCE kit_patience()
int kit_patience(void);

struct kit_daemon {
    char store[KIT_PATH];
    char socket[KIT_PATH];
    char config[KIT_PATH];
    char log[KIT_PATH]; /* what it wrote to stderr, all starts together */
    const char *listen; /* one more address of the next configuration, or NULL */
    const char *notify; /* NOTIFY_SOCKET of the next start, or NULL */
    pid_t pid;          /* 0 while none runs */
};

/* Names for a daemon on dir/store; nothing is started. */
void kit_daemon_init(struct kit_daemon *d, const char *dir);

/* Writes the configuration: lines of YAML, or NULL for the defaults. */
void kit_daemon_configure(const struct kit_daemon *d, const char *config);

/* Starts it and waits until it accepts. */
void kit_daemon_start(struct kit_daemon *d, const char *config);

/* Starts one that may fail to; true when it accepts, false when it ended: its
 * status is what kit_daemon_stop() returns. */
bool kit_daemon_try(struct kit_daemon *d, const char *config);

/* Starts one that must refuse; returns its exit status. */
int kit_daemon_refuses(struct kit_daemon *d, const char *config);

/* Sends the signal (0: it was sent), waits for the end, returns the status as of waitpid(). */
int kit_daemon_stop(struct kit_daemon *d, int signal_number);

/* Runs the program with these words (NULL at the end); returns its exit status.
 * Its output goes to the log. */
int kit_daemon_run(struct kit_daemon *d, ...);

/* How often a word stands in the log. */
unsigned kit_daemon_logged(const struct kit_daemon *d, const char *word);
/* Waits until it stands there n times. */
void kit_daemon_await_log(const struct kit_daemon *d, const char *word, unsigned n);
/* Anonymous memory of the daemon, KiB; 0 with sanitizers, which keep much of
 * what was freed. */
unsigned long kit_daemon_memory(const struct kit_daemon *d);

/* ---- connections ------------------------------------------------------------------ */

/* A connection that has said nothing; -1 when nobody listens. */
int kit_connect(const struct kit_daemon *d);
/* Says hello. */
void kit_say_hello(int fd, uint32_t protocol, const char *language);
/* One that has said hello and was welcomed. */
int kit_hello(const struct kit_daemon *d);

/* Sends bytes as they are; false when the peer has closed. */
bool kit_send_bytes(int fd, const void *data, size_t len);
/* Sends one message as a frame. */
bool kit_send_message(int fd, const ProtobufCMessage *message);
/* Sends a request with a serial. */
bool kit_send_request(int fd, uint32_t serial, Madoguchi__Request *request);

/* The next message, in the arena; NULL when the daemon closed.  Fails the test
 * after KIT_PATIENCE. */
const Madoguchi__ServerMessage *kit_receive(int fd, struct arena *arena);
/* The next answer; fails the test when there is none. */
const Madoguchi__Answer *kit_answer_of(int fd, struct arena *arena);
/* Expects an error of that code next, then the end of the connection. */
void kit_expect_closed(int fd, int code);
/* Expects the end of the connection, whatever comes before. */
void kit_expect_end(int fd);
/* A request that is answered by an empty page. */
Madoguchi__Request *kit_ping(void);
/* Pings and expects the answer: the daemon serves. */
void kit_expect_alive(const struct kit_daemon *d);

/* ms of the monotonic clock, and a short sleep between two looks. */
int64_t kit_clock(void);
void kit_pause(unsigned ms);

/* Removes a folder and all in it. */
void kit_remove(const char *path);

#endif
