/* A client of a daemon that may be dead, deaf or wrong: nothing here fails the
 * test, so that it may be used in any thread, and every wait has an end.  And
 * the libraries that make calls of a whole process fail. */
#ifndef MADOGUCHI_TESTS_KIT_PEER_H
#define MADOGUCHI_TESTS_KIT_PEER_H

#include "tests/kit_store.h"
#include "tests/preload/nth_control.h"

enum peer_state {
    PEER_OPEN,
    PEER_LOST,   /* refused, closed or broken: what was asked may be done or not */
    PEER_SILENT, /* still open, and no answer came in time */
    PEER_WRONG,  /* the daemon sent what it must never send */
};

struct peer {
    int fd;
    enum peer_state state;
    struct arena arena; /* of the last message */
};

/* Connects and says hello; waits up to ms for the welcome.  To be closed
 * whatever comes of it. */
enum peer_state peer_open(struct peer *p, const struct kit_daemon *d, int ms);
void peer_close(struct peer *p);

/* Sends a request with a serial. */
enum peer_state peer_send(struct peer *p, uint32_t serial, Madoguchi__Request *request);

/* The next answer, good until the next call; NULL when there is none: see the
 * state.  Waits up to ms for each part of it. */
const Madoguchi__Answer *peer_answer(struct peer *p, int ms);

/* ---- what a test asked for ------------------------------------------------------------------ */

struct peer_asked {
    Madoguchi__Request *request;
    uint64_t seq; /* as acknowledged; 0: not yet */
    char number[32];
};

/* Takes the answer to one that records.  false: it contradicts an answer that
 * was given before, or is none to such a request.  A refusal for want of room
 * or of memory is no answer: the request stays open. */
bool peer_take(struct peer_asked *a, const Madoguchi__Answer *answer);

/* ---- failing calls ------------------------------------------------------------------------------
 */

/* The page that says which call of the next processes fails; a file in dir.
 * Nothing is armed. */
struct nth_control *nth_begin(const char *dir);
void nth_end(struct nth_control *page);

/* Loads these libraries of the build folder ("nth_call.so nth_memory.so") into
 * processes that are started from now on, whose freed memory is spoilt besides,
 * so that its use does not pass unseen; NULL: none. */
void nth_preload(const char *libraries);

/* Whether memory can be made to fail: not with a sanitizer, which has an
 * allocator of its own. */
bool nth_has_memory(void);

const char *nth_call_name(enum nth_call call);

#endif
