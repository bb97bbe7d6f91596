/* GET of documents: the catalogue and the plans, as JSON. */
#ifndef MADOGUCHI_CLIENT_WEB_READ_H
#define MADOGUCHI_CLIENT_WEB_READ_H

#include "client/web/http.h"

/* GET /api/catalogue: {"position": N, "catalogue": {...}}. */
void read_catalogue(struct exchange *x);

/* GET /api/plan?id=ID: {"position": N, "plan": {...}}. */
void read_plan(struct exchange *x);

/* GET /api/plans: {"position": N, "page": {"pair": [...]}}, as the daemon lists them. */
void read_plans(struct exchange *x);

#endif
