/* Messages as JSON and back, by the names of their fields.
 *
 * The .proto files are the one table of fields (proto/message.h does the same for
 * the command line's words).  Numbers are numbers, texts strings, enum values their
 * names, repeated fields arrays; bytes that are no text - request ids, hashes,
 * fingerprints - are lower-case hexadecimal.  What is not given is left out.
 * A login's token is written nowhere: the browser's script never sees it. */
#ifndef MADOGUCHI_CLIENT_WEB_MESSAGE_JSON_H
#define MADOGUCHI_CLIENT_WEB_MESSAGE_JSON_H

#include "proto/arena.h"
#include "proto/error.h"

#include <event2/buffer.h>
#include <jansson.h>

/* Fills a message from an object; texts are copied into the arena.  ERR_INVALID
 * names the field: unknown, of another type, out of range, not hexadecimal;
 * ERR_TOO_MUCH beyond the arena's budget. */
int message_json_read(const json_t *object, ProtobufCMessage *message, struct arena *arena,
                      struct error *e) MUST_CHECK;

/* Writes a message as an object.  -1 without memory. */
int message_json_write(const ProtobufCMessage *message, struct evbuffer *out) MUST_CHECK;

/* Writes a text as a JSON string.  -1 without memory. */
int message_json_text(ProtobufCBinaryData text, struct evbuffer *out) MUST_CHECK;

/* A page of an answer in parts: each repeated field of Page grows with every page. */
#define MESSAGE_JSON_PARTS 16
struct message_json_page {
    struct evbuffer *part[MESSAGE_JSON_PARTS];
    size_t rows;
};

/* Adds a page's rows, at most `most` in all; false: there were more, and they were
 * left out.  -1 in *rc without memory. */
bool message_json_page_add(struct message_json_page *p, const Madoguchi__Page *page, size_t most,
                           int *rc);

/* Writes what came as one object and frees the parts. */
int message_json_page_write(struct message_json_page *p, struct evbuffer *out) MUST_CHECK;
void message_json_page_free(struct message_json_page *p);

#endif
