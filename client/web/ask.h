/* POST /api/ask: one request of the protocol, as JSON, with the rights of the login.
 *
 * Everything a page does to the daemon goes through here: the body is the message
 * Request by the names of its fields, the answer what came back.  A request that records
 * carries an id that the page made before it first asked; whatever gets lost between
 * page, gateway and daemon, it asks again under the same id and is done once. */
#ifndef MADOGUCHI_CLIENT_WEB_ASK_H
#define MADOGUCHI_CLIENT_WEB_ASK_H

#include "client/web/http.h"

#include <jansson.h>

#define ASK_ROWS_MAX 2000 /* of an answer; "cut": true says that there are more */

void ask(struct exchange *x);

/* The same of a request that is one already; it is packed before the call returns. */
void ask_request(struct exchange *x, Madoguchi__Request *request);

/* The JSON object that a request's body is; to be json_decref()ed.  NULL: ERR_MALFORMED,
 * with where. */
json_t *ask_body(const struct exchange *x, struct error *e) MUST_CHECK;

/* How every question of an exchange ends that is not done: the error, 504 where it is
 * not known. */
void ask_ended(struct exchange *x, enum upstream_end end, const struct error *e);

#endif
