/* Bytes and frames on one socket, with TLS or without, with deadlines.
 *
 * Holds what waits to be written and what has been read but not taken.
 * Everything is in milliseconds of silence: a deadline passes when nothing
 * moved for that long. */
#ifndef MADOGUCHI_CLIENT_TRANSPORT_H
#define MADOGUCHI_CLIENT_TRANSPORT_H

#include "client/channel.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Write when this much waits (bytes): large enough for few system calls,
 * small enough that the daemon never starves. */
#define TRANSPORT_BATCH 65536

struct transport {
    int fd;                  /* -1 when closed */
    struct channel *channel; /* NULL: without TLS */
    uint8_t *out;
    size_t out_from, out_to;
    uint8_t *in;
    size_t in_from, in_to;
};

enum transport_result {
    TRANSPORT_OPEN,
    TRANSPORT_BAD_ADDRESS,
    TRANSPORT_FAILED,    /* nobody answers */
    TRANSPORT_UNTRUSTED, /* *e says it all */
};

struct transport_place {
    const char *address; /* unix:PATH or tls:HOST:PORT */
    struct channel_files files;
};

/* 0, or -1 when out of memory. */
int transport_init(struct transport *t);
void transport_free(struct transport *t);

/* Connects, and makes the handshake, which has `patience_ms` to its end.  On
 * TRANSPORT_FAILED `why` says it in a few words. */
enum transport_result transport_open(struct transport *t, const struct transport_place *place,
                                     unsigned patience_ms, char *why, size_t why_size,
                                     struct error *e);
void transport_close(struct transport *t);

/* After the other side closed: whether it was a matter of trust, and *e says it. */
bool transport_refused(const struct transport *t, struct error *e);
bool transport_is_open(const struct transport *t);

/* Room for n bytes (at most a whole frame) behind what waits; NULL when there
 * is none and nothing could be written.  transport_filled() then says how many
 * were put there. */
uint8_t *transport_room(struct transport *t, size_t n);
void transport_filled(struct transport *t, size_t n);
size_t transport_pending(const struct transport *t);

/* Writes all that waits.  -1: lost, or too long silent. */
int transport_flush(struct transport *t, unsigned patience_ms);

/* The next whole frame's message, waiting for it; valid until the next call. */
int transport_frame(struct transport *t, const uint8_t **data, size_t *len, unsigned patience_ms);

/* 1 and the next frame if one is already here, 0 if not, -1 for one that can
 * never be right. */
int transport_frame_ready(struct transport *t, const uint8_t **data, size_t *len);

/* What the socket takes or has now, without waiting: for a loop.  -1: lost, or the
 * other side closed. */
int transport_write_some(struct transport *t);
int transport_read_some(struct transport *t);

/* Waits until bytes can be read or (if some wait) written, and moves them. */
int transport_move(struct transport *t, unsigned patience_ms);

#endif
