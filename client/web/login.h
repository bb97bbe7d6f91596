/* Who somebody is: logging in and out, and what a page is told of it. */
#ifndef MADOGUCHI_CLIENT_WEB_LOGIN_H
#define MADOGUCHI_CLIENT_WEB_LOGIN_H

#include "client/web/http.h"

/* GET /api/session: the municipality, today, and with a login whose it is, what it may
 * and the X-Madoguchi-CSRF that its pages send. */
void login_session(struct exchange *x);

/* POST /api/login {"name", "password"}: the daemon's token goes into the cookie; answers as
 * login_session(). */
void login(struct exchange *x);

/* POST /api/logout {}: the token is no more, the cookie neither. */
void logout(struct exchange *x);

#endif
