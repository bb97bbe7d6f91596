/* Answers to reading requests, page by page, out of one view. */
#ifndef MADOGUCHI_STORE_READ_H
#define MADOGUCHI_STORE_READ_H

#include "store/query.h"
#include "store/reach.h"
#include "store/store.h"

struct reading {
    struct view *view;
    const struct catalogue *catalogue;
    struct reacher reacher; /* who asks */
    uint64_t now;
    store_page_fn page;
    void *ctx;
};

int read_stats(struct reading *r, const Madoguchi__Stats *request, struct error *e) MUST_CHECK;
int read_list(struct reading *r, const Madoguchi__Scope *request, struct error *e) MUST_CHECK;
int read_show(struct reading *r, const Madoguchi__Show *request, struct error *e) MUST_CHECK;
int read_accounts(struct reading *r, const Madoguchi__Accounts *request,
                  struct error *e) MUST_CHECK;
int read_audit(struct reading *r, const Madoguchi__Audit *request, struct error *e) MUST_CHECK;
int read_restatements(struct reading *r, const Madoguchi__Restatements *request,
                      struct error *e) MUST_CHECK;
int read_documents(struct reading *r, const Madoguchi__Documents *request,
                   struct error *e) MUST_CHECK;

#endif
