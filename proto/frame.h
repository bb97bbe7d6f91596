/* Frames: how messages follow each other on a connection.
 *
 * A frame is a u32 length, big-endian, and that many bytes holding one
 * message.  The length is checked before anything is allocated for it. */
#ifndef MADOGUCHI_PROTO_FRAME_H
#define MADOGUCHI_PROTO_FRAME_H

#include <stddef.h>
#include <stdint.h>

#define FRAME_HEADER 4
#define FRAME_MAX    65536 /* bytes of one message, the header not counted */

/* What one message may unpack to (bytes): sub-messages grow on unpacking. */
#define FRAME_BUDGET (8 * FRAME_MAX)

/* Number of the protocol spoken by this library. */
#define PROTOCOL_VERSION 1

enum frame_state {
    FRAME_INCOMPLETE, /* come back with more bytes */
    FRAME_COMPLETE,
    FRAME_TOO_LONG, /* the length says more than FRAME_MAX: close the connection */
    FRAME_EMPTY,    /* length 0: no message is empty here; close the connection */
};

/* Looks at the start of a buffer of len bytes.  Sets *length to the bytes of
 * the message whenever the header is there. */
enum frame_state frame_peek(const uint8_t *data, size_t len, size_t *length);

/* Writes the header of a message of `length` bytes (at most FRAME_MAX). */
void frame_header(uint8_t out[FRAME_HEADER], size_t length);

#endif
