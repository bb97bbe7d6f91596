#include "daemon/notices.h"

#include "daemon/metrics.h"
#include "proto/log.h"
#include "proto/message.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct counted {
    enum notice_kind kind; /* 0: free */
    char source[NOTICES_SOURCE];
    char account[NOTICES_ACCOUNT];
    char what[NOTICES_WORD];
    uint64_t n;
    uint64_t since; /* metrics_clock() / 1000 */
};

struct notices {
    struct group *group;
    struct requests *requests;
    struct counted place[NOTICES_PLACES];
    size_t used; /* places that may be taken lie before it */
};

struct notices *notices_new(struct group *group, struct requests *requests) {
    struct notices *n = calloc(1, sizeof *n);
    if (n != NULL) {
        n->group = group;
        n->requests = requests;
    }
    return n;
}

void notices_free(struct notices *n) {
    free(n);
}

/* ---- recording ------------------------------------------------------------------------ */

static char *copy(struct arena *a, const char *text) {
    return text == NULL || text[0] == '\0' ? NULL : arena_strndup(a, text, strlen(text));
}

bool notice_of_request(struct request *r, enum notice_kind kind, const struct notice_by *by,
                       const char *subject, const char *what, uint64_t count,
                       Madoguchi__Page *reply) {
    struct arena *a = &r->arena;
    Journal__Notice *notice = arena_alloc(a, sizeof *notice);
    char *source = copy(a, by->source);
    char *account = copy(a, subject);
    char *word = copy(a, what);
    char *actor = copy(a, by->account);
    if (notice == NULL) {
        return false;
    }
    journal__notice__init(notice);
    SET(notice, kind, (uint32_t)kind);
    if (source != NULL) {
        SET(notice, source, bytes_of(source));
    }
    if (account != NULL) {
        SET(notice, account, bytes_of(account));
    }
    if (word != NULL) {
        SET(notice, what, bytes_of(word));
    }
    if (count > 0) {
        SET(notice, count, count);
    }
    r->actor = (struct store_actor){.id = actor != NULL    ? actor
                                          : source != NULL ? source
                                                           : "daemon"};
    r->notice = notice;
    r->reply = reply;
    return true;
}

/* Who failed to log in is not known: the account is what it was about. */
static bool is_proved(enum notice_kind kind) {
    return kind != NOTICE_LOGIN_FAILED && kind != NOTICE_CERTIFICATE_REFUSED;
}

void notices_record(struct notices *n, enum notice_kind kind, const struct notice_by *given,
                    const char *what, uint64_t count) {
    struct request *r = request_take(n->requests);
    const struct notice_by by = {.source = given->source,
                                 .account = is_proved(kind) ? given->account : NULL};
    const char *subject = is_proved(kind) ? NULL : given->account;
    if (r == NULL || !notice_of_request(r, kind, &by, subject, what, count, NULL)) {
        /* Refusals go on being refused; the log has each of them. */
        log_event(LEVEL_ERROR, "notice-lost", "kind=%s count=%" PRIu64, notice_word(kind), count);
        if (r != NULL) {
            request_release(n->requests, r);
        }
        return;
    }
    r->kind = REQUEST_RECORD;
    r->came = metrics_clock();
    group_add(n->group, r);
}

/* ---- summing -------------------------------------------------------------------------- */

static bool same(const struct counted *c, enum notice_kind kind, const struct notice_by *by,
                 const char *what) {
    return c->kind == kind && strncmp(c->source, by->source, sizeof c->source - 1) == 0 &&
           strncmp(c->account, by->account, sizeof c->account - 1) == 0 &&
           strncmp(c->what, what, sizeof c->what - 1) == 0;
}

static void take(struct counted *c, enum notice_kind kind, const struct notice_by *by,
                 const char *what, uint64_t now) {
    *c = (struct counted){.kind = kind, .n = 1, .since = now};
    snprintf(c->source, sizeof c->source, "%s", by->source);
    snprintf(c->account, sizeof c->account, "%s", by->account);
    snprintf(c->what, sizeof c->what, "%s", what);
}

void notices_count(struct notices *n, enum notice_kind kind, const struct notice_by *given,
                   const char *what) {
    const struct notice_by by = {.source = given->source == NULL ? "" : given->source,
                                 .account = given->account == NULL ? "" : given->account};
    static const struct notice_by others = {.source = "others", .account = ""};
    struct counted *room = NULL;
    for (size_t i = 0; i < n->used; i++) {
        struct counted *c = &n->place[i];
        if (same(c, kind, &by, what)) {
            c->n++;
            return;
        }
        room = room == NULL && c->kind == 0 ? c : room;
    }
    if (room == NULL && n->used < NOTICES_PLACES) {
        room = &n->place[n->used++];
    }
    uint64_t now = metrics_clock() / 1000;
    if (room != NULL && (size_t)(room - n->place) < NOTICES_PLACES - NOTICE_KINDS) {
        take(room, kind, &by, what, now);
        return;
    }
    /* The last places are one for each kind, whoever it was. */
    struct counted *last = &n->place[NOTICES_PLACES - NOTICE_KINDS + kind];
    n->used = NOTICES_PLACES;
    if (last->kind == 0) {
        take(last, kind, &others, "others", now);
    } else {
        last->n++;
    }
}

void notices_turn(struct notices *n, uint64_t now, bool all) {
    size_t last = 0;
    for (size_t i = 0; i < n->used; i++) {
        struct counted *c = &n->place[i];
        if (c->kind != 0 && (all || now >= c->since + NOTICES_SUM_MS)) {
            const struct notice_by by = {.source = c->source, .account = c->account};
            notices_record(n, c->kind, &by, c->what, c->n);
            c->kind = 0;
        }
        last = c->kind != 0 ? i + 1 : last;
    }
    n->used = last;
}
