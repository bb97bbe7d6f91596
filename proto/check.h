/* What can be said about a message before anything is looked up: shapes,
 * lengths, ranges, which fields go together, and that no text a person types
 * holds an individual number.
 *
 * check_request() knows no store and no catalogue: whether a code exists, a
 * case is open or a date lies in the future is the store's to say.  After it
 * every field may be used, and echoed in an error, without a further look:
 *
 *   codes, numbers    words [A-Za-z0-9-] of at most 32 bytes
 *   texts             UTF-8 without control characters, of bounded length
 *   dates, times      exist; periods can be read by calendar_parse_period()
 *   numbers           0..1,000,000
 *   repeated fields   within their counts, no topic or changed field twice
 *
 * A refused text is repeated nowhere: not in the error, not in its near words. */
#ifndef MADOGUCHI_PROTO_CHECK_H
#define MADOGUCHI_PROTO_CHECK_H

#include "proto/document.pb-c.h"
#include "proto/error.h"

#include <stdbool.h>
#include <stddef.h>

#define CHECK_NUMBER_MAX        1000000 /* of counts, households, persons */
#define CHECK_TOPICS_MAX        8
#define CHECK_CHANGES_MAX       24
#define CHECK_FILTERS_MAX       24
#define CHECK_VALUES_MAX        64 /* of one filter */
#define CHECK_BY_MAX            6
#define CHECK_PIECES_MAX        64
#define CHECK_PIECE_BYTES       32768
#define CHECK_INDICATORS_MAX    500
#define CHECK_CODES_MAX         5000 /* of all lists together */
#define CHECK_SERVICES_MAX      100
#define CHECK_GROUPS_MAX        500
#define CHECK_MEMBERS_MAX       500 /* of one group */
#define CHECK_HOLIDAYS_MAX      5000
#define CHECK_CERTIFICATES_MAX  8  /* of one account */
#define CHECK_CERTIFICATE_BYTES 32 /* SHA-256 */
#define CHECK_PASSWORD_MIN      10 /* bytes of a new password */

/* A greeting: protocol 1, a language that we speak.  Errors: INVALID,
 * TOO_MUCH, INDIVIDUAL_NUMBER. */
int check_hello(const Madoguchi__Hello *hello, struct error *e) MUST_CHECK;

/* One request of any kind.  Errors: INVALID (naming the field), TOO_MUCH (too
 * long, too many), INDIVIDUAL_NUMBER. */
int check_request(const Madoguchi__Request *request, struct error *e) MUST_CHECK;

/* One of the requests in Rows, of which each is checked by itself: what
 * check_request() says, and a row, no serial, no check. */
#define CHECK_ROWS_MAX 1024
int check_one_of_rows(const Madoguchi__Request *request, struct error *e) MUST_CHECK;

/* Whether the request, were it not for `check`, records an entry. */
bool check_request_records(const Madoguchi__Request *request);

/* Whether a text of a request that passed holds twelve digits that fail an
 * individual number's check digit: recorded, but worth a warning. */
bool check_suspicious(const Madoguchi__Request *request);

/* A whole catalogue: every id once, every reference known, every text as in a
 * request.  Errors: INVALID, TOO_MUCH, INDIVIDUAL_NUMBER; the sentence names
 * the item, the field the key. */
int check_catalogue(const Document__Catalogue *catalogue, struct error *e) MUST_CHECK;

/* A whole plan, in itself; whether its codes are in the catalogue is the
 * store's to say. */
int check_plan(const Document__Plan *plan, struct error *e) MUST_CHECK;

/* The words of --count, of --by beside the filter fields, and of filters; each
 * list ends with NULL. */
extern const char *const check_count_words[];
extern const char *const check_filter_fields[];
extern const char *const check_by_words[];

/* The catalogue's lists: program, office ... venue-kind; ends with NULL. */
extern const char *const check_lists[];

#endif
