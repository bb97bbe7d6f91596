/* A city's catalogue of codes, ready to be asked.
 *
 * Wraps an unpacked Document__Catalogue with sorted indexes.  Immutable once
 * made; shared by any number of readers. */
#ifndef MADOGUCHI_PROTO_CATALOGUE_H
#define MADOGUCHI_PROTO_CATALOGUE_H

#include "proto/document.pb-c.h"
#include "proto/message.h"

struct catalogue;

/* Unpacks and indexes a packed Document__Catalogue, checked by
 * check_catalogue() before it was recorded.  The data is copied.  *out is to
 * be given to catalogue_free(). */
int catalogue_open(const void *data, size_t len, struct catalogue **out,
                   struct error *e) MUST_CHECK;
void catalogue_free(struct catalogue *c);

const Document__Catalogue *catalogue_document(const struct catalogue *c);

/* Whether a word of it says how it is read (kana). */
bool catalogue_has_readings(const struct catalogue *c);

/* The service of that code, retired or not; NULL if unknown. */
const Document__Service *catalogue_service(const struct catalogue *c, ProtobufCBinaryData code);

/* The code of a list ("topic", "session-kind" ...); NULL if unknown. */
const Document__Code *catalogue_code(const struct catalogue *c, const char *list,
                                     ProtobufCBinaryData code);

/* The group @name of a list; NULL if unknown. */
const Document__Group *catalogue_group(const struct catalogue *c, const char *list,
                                       ProtobufCBinaryData name);

/* Whether an entry dated `date` may use the code of `list` with `service` (may
 * be empty): known, meant for that service, not retired then.  List "route"
 * takes channels and session kinds; "service" takes services.  ERR_UNKNOWN_CODE
 * names the field and the nearest valid words. */
int catalogue_check(const struct catalogue *c, const char *field, const char *list,
                    ProtobufCBinaryData code, ProtobufCBinaryData service, uint32_t date,
                    struct error *e) MUST_CHECK;

/* Whether the service counts this nature as 相談. */
bool catalogue_is_consultation(const Document__Service *service, ProtobufCBinaryData nature);

/* Saturdays, Sundays and the catalogue's holidays. */
bool catalogue_is_holiday(const struct catalogue *c, uint32_t date);

/* The catalogue list behind a field's name: "topic" for topic, "origin" for
 * origin, "session-kind" for session_kind; NULL for a field without codes. */
const char *catalogue_list_of(const char *field);

#endif
