#include "daemon/peer.h"

#include "daemon/pool.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define LOOKUP_BYTES 16384

struct known {
    uid_t uid;
    int64_t until; /* 0: free */
    char name[PEER_NAME];
};

/* A lookup under way; asked for by one or more connections. */
struct lookup {
    struct job job;
    struct peers *peers;
    struct lookup *next;
    uid_t uid;
    char name[PEER_NAME];
};

struct wait {
    struct wait *next;
    uid_t uid;
    uint64_t token;
    int64_t until; /* ms */
};

struct peers {
    struct pool *pool;
    struct event *timer;
    unsigned wait_ms;
    peer_fn answer;
    void *ctx;
    struct known known[PEER_CACHE];
    struct lookup *lookups;
    struct wait *waits; /* oldest first */
    struct wait **waits_end;
    size_t n_waits;
};

static int64_t now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

bool peer_uid(int fd, uid_t *uid) {
    struct ucred cred;
    socklen_t len = sizeof cred;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) != 0 || len != sizeof cred) {
        return false;
    }
    *uid = cred.uid;
    return true;
}

void peer_id(uid_t uid, char out[PEER_ID]) {
    snprintf(out, PEER_ID, "uid:%u", (unsigned)uid);
}

/* ---- the cache ------------------------------------------------------------------ */

static const char *cache_get(struct peers *p, uid_t uid) {
    struct known *k = &p->known[uid % PEER_CACHE];
    return k->until > now_ms() && k->uid == uid ? k->name : NULL;
}

static void cache_put(struct peers *p, uid_t uid, const char *name) {
    struct known *k = &p->known[uid % PEER_CACHE];
    k->uid = uid;
    k->until = now_ms() + (int64_t)PEER_KEEP_S * 1000;
    snprintf(k->name, sizeof k->name, "%s", name);
}

/* ---- waiting connections --------------------------------------------------------- */

/* Answers those that wait for the user, or too long already. */
static void answer_waits(struct peers *p, const struct lookup *found) {
    int64_t now = now_ms();
    struct wait *ready = NULL;
    struct wait **ready_end = &ready;
    struct wait **at = &p->waits;
    while (*at != NULL) {
        struct wait *w = *at;
        if ((found != NULL && w->uid == found->uid) || w->until <= now) {
            *at = w->next;
            p->n_waits--;
            w->next = NULL;
            *ready_end = w;
            ready_end = &w->next;
        } else {
            at = &w->next;
        }
    }
    p->waits_end = at;
    while (ready != NULL) {
        struct wait *w = ready;
        ready = w->next;
        p->answer(p->ctx, w->token, found != NULL && found->uid == w->uid ? found->name : "");
        free(w);
    }
}

static void timer_arm(struct peers *p) {
    if (p->waits == NULL || event_pending(p->timer, EV_TIMEOUT, NULL) != 0) {
        return;
    }
    int64_t ms = p->waits->until - now_ms();
    ms = ms < 1 ? 1 : ms;
    struct timeval tv = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
    if (event_add(p->timer, &tv) != 0) {
        for (struct wait *w = p->waits; w != NULL; w = w->next) {
            w->until = 0; /* without an end to it nobody waits */
        }
        answer_waits(p, NULL);
    }
}

static void on_timer(evutil_socket_t fd, short what, void *arg) {
    (void)fd;
    (void)what;
    answer_waits(arg, NULL);
    timer_arm(arg);
}

/* ---- looking up ------------------------------------------------------------------- */

static void lookup_run(struct job *job) {
    struct lookup *l = (struct lookup *)job;
    char text[LOOKUP_BYTES];
    struct passwd pw;
    struct passwd *found = NULL;
    if (getpwuid_r(l->uid, &pw, text, sizeof text, &found) == 0 && found != NULL) {
        snprintf(l->name, sizeof l->name, "%s", pw.pw_name);
    }
}

static void lookup_done(struct job *job) {
    struct lookup *l = (struct lookup *)job;
    struct peers *p = l->peers;
    for (struct lookup **at = &p->lookups; *at != NULL; at = &(*at)->next) {
        if (*at == l) {
            *at = l->next;
            break;
        }
    }
    if (!atomic_load(&job->cancelled)) {
        cache_put(p, l->uid, l->name);
        answer_waits(p, l);
    }
    free(l);
}

/* Whether the user is being looked up, after this at the latest. */
static bool lookup_start(struct peers *p, uid_t uid) {
    for (const struct lookup *l = p->lookups; l != NULL; l = l->next) {
        if (l->uid == uid) {
            return true;
        }
    }
    struct lookup *l = calloc(1, sizeof *l);
    if (l == NULL) {
        return false;
    }
    l->job.run = lookup_run;
    l->job.done = lookup_done;
    l->peers = p;
    l->uid = uid;
    if (!pool_submit(p->pool, &l->job)) {
        free(l);
        return false;
    }
    l->next = p->lookups;
    p->lookups = l;
    return true;
}

void peer_ask(struct peers *p, uid_t uid, uint64_t token) {
    const char *name = cache_get(p, uid);
    struct wait *w = NULL;
    if (name == NULL && p->n_waits < PEER_WAITING && lookup_start(p, uid)) {
        w = calloc(1, sizeof *w);
    }
    if (w == NULL) {
        p->answer(p->ctx, token, name != NULL ? name : "");
        return;
    }
    *w = (struct wait){.uid = uid, .token = token, .until = now_ms() + p->wait_ms};
    *p->waits_end = w;
    p->waits_end = &w->next;
    p->n_waits++;
    timer_arm(p);
}

struct peers *peers_new(struct event_base *base, int priority, unsigned wait_ms, peer_fn answer,
                        void *ctx) {
    struct peers *p = calloc(1, sizeof *p);
    if (p == NULL) {
        return NULL;
    }
    p->wait_ms = wait_ms;
    p->answer = answer;
    p->ctx = ctx;
    p->waits_end = &p->waits;
    p->timer = evtimer_new(base, on_timer, p);
    p->pool = p->timer != NULL ? pool_new(base, priority, 1, PEER_WAITING) : NULL;
    if (p->pool == NULL) {
        if (p->timer != NULL) {
            event_free(p->timer);
        }
        free(p);
        return NULL;
    }
    event_priority_set(p->timer, priority);
    return p;
}

void peers_wait(struct peers *p, unsigned wait_ms) {
    p->wait_ms = wait_ms;
}

void peers_free(struct peers *p) {
    if (p == NULL) {
        return;
    }
    while (p->waits != NULL) {
        struct wait *w = p->waits;
        p->waits = w->next;
        free(w);
    }
    event_free(p->timer);
    /* A lookup that hangs keeps its pool and its job; it knows nothing else. */
    (void)pool_stop(p->pool, PEER_STOP_MS);
    free(p);
}

/* ---- addresses ---------------------------------------------------------------------- */

static void clear_bits(uint8_t *address, unsigned keep, unsigned bytes) {
    memset(address + keep, 0, bytes - keep);
}

void peer_address(const struct sockaddr_storage *who, char address[PEER_ADDRESS],
                  char network[PEER_NETWORK]) {
    char first[INET6_ADDRSTRLEN] = "";
    struct in6_addr six = ((const struct sockaddr_in6 *)who)->sin6_addr;
    struct in_addr four = ((const struct sockaddr_in *)who)->sin_addr;
    bool mapped = who->ss_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&six);
    address[0] = network[0] = '\0';
    if (mapped) {
        memcpy(&four, six.s6_addr + 12, sizeof four);
    }
    if (who->ss_family == AF_INET || mapped) {
        inet_ntop(AF_INET, &four, address, PEER_ADDRESS);
        clear_bits((uint8_t *)&four, 3, 4);
        inet_ntop(AF_INET, &four, first, sizeof first);
        snprintf(network, PEER_NETWORK, "%s/24", first);
    } else if (who->ss_family == AF_INET6) {
        inet_ntop(AF_INET6, &six, address, PEER_ADDRESS);
        clear_bits(six.s6_addr, 8, 16);
        inet_ntop(AF_INET6, &six, first, sizeof first);
        snprintf(network, PEER_NETWORK, "%s/64", first);
    }
}

bool peer_address_read(const char *words, char address[PEER_ADDRESS], char network[PEER_NETWORK]) {
    struct sockaddr_storage who = {.ss_family = AF_INET};
    if (inet_pton(AF_INET, words, &((struct sockaddr_in *)&who)->sin_addr) != 1) {
        who.ss_family = AF_INET6;
        if (inet_pton(AF_INET6, words, &((struct sockaddr_in6 *)&who)->sin6_addr) != 1) {
            return false;
        }
    }
    peer_address(&who, address, network);
    return true;
}
