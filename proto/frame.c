#include "proto/frame.h"

#include <assert.h>

enum frame_state frame_peek(const uint8_t *data, size_t len, size_t *length) {
    if (len < FRAME_HEADER) {
        return FRAME_INCOMPLETE;
    }
    *length = (size_t)data[0] << 24 | (size_t)data[1] << 16 | (size_t)data[2] << 8 | data[3];
    if (*length > FRAME_MAX) {
        return FRAME_TOO_LONG;
    }
    if (*length == 0) {
        return FRAME_EMPTY;
    }
    return len - FRAME_HEADER < *length ? FRAME_INCOMPLETE : FRAME_COMPLETE;
}

void frame_header(uint8_t out[FRAME_HEADER], size_t length) {
    assert(length <= FRAME_MAX);
    out[0] = (uint8_t)(length >> 24);
    out[1] = (uint8_t)(length >> 16);
    out[2] = (uint8_t)(length >> 8);
    out[3] = (uint8_t)length;
}
