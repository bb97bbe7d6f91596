#include "daemon/publish.h"

#include "daemon/metrics.h"
#include <stdlib.h>

/* What the figures of the largest plan, 1 MiB, may need beside the request. */
#define PLAN_BYTES (1u << 20)

struct publisher {
    struct store *store;
    struct pool *pool;
    struct group *group;
    bool busy;
};

struct publishing {
    struct job job;
    struct publisher *all;
    struct request *request;
    bool failed;
    struct error error;
};

struct publisher *publisher_new(struct store *store, struct pool *pool, struct group *group) {
    struct publisher *p = calloc(1, sizeof *p);
    if (p != NULL) {
        *p = (struct publisher){.store = store, .pool = pool, .group = group};
    }
    return p;
}

void publisher_free(struct publisher *p) {
    free(p);
}

static void refuse(struct publisher *p, struct request *r, const struct error *e) {
    request_refuse(r, e);
    group_add(p->group, r);
}

static bool is_cancelled(void *ctx) {
    struct publishing *p = ctx;
    return atomic_load(&p->job.cancelled);
}

static void run(struct job *job) {
    struct publishing *p = (struct publishing *)job;
    Madoguchi__Publication *body = p->request->body->publication;
    p->failed = store_evaluate(p->all->store, body->plan, body->year, metrics_wall(), is_cancelled,
                               p, &p->request->arena, body, &p->error) < 0;
}

static void done(struct job *job) {
    struct publishing *p = (struct publishing *)job;
    p->all->busy = false;
    if (atomic_load(&job->cancelled)) {
        p->failed = true;
        error_set(&p->error, ERR_BUSY, "", "The daemon is stopping. Ask again.",
                  "サーバーが停止するところです。もう一度お試しください。");
    }
    if (p->failed) {
        refuse(p->all, p->request, &p->error);
    } else {
        group_add(p->all->group, p->request);
    }
    free(p);
}

void publisher_ask(struct publisher *all, struct request *r) {
    struct publishing *p = all->busy ? NULL : calloc(1, sizeof *p);
    struct error e;
    if (p != NULL) {
        *p = (struct publishing){
            .job = {.run = run, .done = done}, .all = all, .request = r, .error = {.code = 0}};
        request_widen(r, PLAN_BYTES);
    }
    if (p != NULL && pool_submit(all->pool, &p->job)) {
        all->busy = true;
        return;
    }
    if (all->busy) {
        error_set(&e, ERR_BUSY, "", "Another publication is under way. Ask again later.",
                  "別の公表が行われています。しばらくしてからもう一度お試しください。");
    } else if (p == NULL) {
        error_set(&e, ERR_INTERNAL, "", "Out of memory.", "メモリーが足りません。");
    } else {
        error_set(&e, ERR_BUSY, "", "Too many questions wait for an answer. Ask again.",
                  "答えを待っている問い合わせが多すぎます。もう一度お試しください。");
    }
    free(p);
    refuse(all, r, &e);
}
