#include "daemon/listen.h"

#include "daemon/fault.h"
#include "proto/address.h"
#include "proto/log.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#define LISTEN_SOCKETS 32
#define NO_ID          ((unsigned)-1)

struct place {
    struct listen *listen;
    int fd;
    struct event *event;
    bool tls;
    char *path; /* NULL: nothing that is ours to remove */
    dev_t device;
    ino_t inode;
};

struct listen {
    struct event_base *base;
    int priority;
    const struct listen_handler *handler;
    void *ctx;
    struct place places[LISTEN_SOCKETS];
    size_t n;
    struct event *timer;
    int spare; /* a descriptor to give up when there is none left; -1: given up */
    bool started, at_limit, no_descriptor, stopped;
    bool tls_paused;
    unsigned deaf; /* tries in a row after which a socket was not watched */
    bool scarce;   /* the last try to accept found no descriptor */
};

static void on_timer(evutil_socket_t fd, short what, void *arg);

struct listen *listen_new(struct event_base *base, int priority,
                          const struct listen_handler *handler, void *ctx) {
    struct listen *l = calloc(1, sizeof *l);
    if (l == NULL) {
        return NULL;
    }
    *l = (struct listen){
        .base = base, .priority = priority, .handler = handler, .ctx = ctx, .spare = -1};
    l->timer = evtimer_new(base, on_timer, l);
    if (l->timer == NULL) {
        free(l);
        return NULL;
    }
    event_priority_set(l->timer, 0);
    l->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
    return l;
}

/* ---- accepting ------------------------------------------------------------------ */

static void pause_awhile(struct listen *l) {
    const struct timeval tv = {.tv_usec = LISTEN_PAUSE_MS * 1000};
    if (event_add(l->timer, &tv) != 0) {
        fault_loop("nobody could be accepted any more: no memory for a timer");
    }
}

/* A socket cannot be watched for want of memory.  That may pass; if it does not,
 * clients would wait in a queue that nobody looks at. */
static void deaf(struct listen *l) {
    if (l->deaf == 0) {
        log_event(LEVEL_WARNING, "accept-paused",
                  "why=\"no memory to watch a socket\" tried_again_ms=%d", LISTEN_PAUSE_MS);
    }
    if (++l->deaf == LISTEN_DEAF_TRIES) {
        fault_loop("nobody could be accepted any more: no memory to watch a socket");
    }
    pause_awhile(l);
}

/* The one place that decides whether connections are accepted. */
static void update(struct listen *l) {
    bool on = l->started && !l->at_limit && !l->no_descriptor && !l->stopped;
    bool failed = false;
    for (size_t i = 0; i < l->n; i++) {
        if (!on || (l->places[i].tls && l->tls_paused)) {
            event_del(l->places[i].event);
        } else if (event_add(l->places[i].event, NULL) != 0) {
            failed = true;
        }
    }
    if (failed) {
        deaf(l);
    } else {
        l->deaf = 0;
    }
}

/* Said once, until somebody was accepted again. */
static void say_scarce(struct listen *l, int err) {
    if (err != 0 && !l->scarce) {
        log_event(LEVEL_WARNING, "accept-paused", "why=\"%s\" tried_again_ms=%d", strerror(err),
                  LISTEN_PAUSE_MS);
    } else if (err == 0 && l->scarce) {
        log_event(LEVEL_NOTICE, "accept-resumed", "why=\"there are descriptors again\"");
    }
    l->scarce = err != 0;
}

static void no_descriptor(struct place *p, int err) {
    struct listen *l = p->listen;
    say_scarce(l, err);
    if (l->spare >= 0) {
        close(l->spare);
        int client = accept4(p->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (client >= 0) {
            if (l->handler->busy != NULL && !p->tls) {
                l->handler->busy(l->ctx, client);
            }
            close(client);
        }
        l->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
    }
    l->no_descriptor = true;
    update(l);
    pause_awhile(l);
}

static void on_timer(evutil_socket_t fd, short what, void *arg) {
    struct listen *l = arg;
    (void)fd;
    (void)what;
    if (l->spare < 0) {
        l->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
    }
    l->no_descriptor = false;
    update(l);
}

static void on_acceptable(evutil_socket_t fd, short what, void *arg) {
    struct place *p = arg;
    struct listen *l = p->listen;
    const int on = 1;
    (void)what;
    for (int i = 0; i < LISTEN_TURN && !l->at_limit && !l->stopped; i++) {
        if (p->tls && l->tls_paused) {
            return;
        }
        int client = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (client >= 0) {
            say_scarce(l, 0);
            if (p->tls) { /* an answer does not wait for more to go with it */
                (void)setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
            }
            l->handler->accepted(l->ctx, client, p->tls);
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            no_descriptor(p, errno);
            return;
        } else if (errno == EAGAIN) {
            return;
        } else if (errno != EINTR && errno != ECONNABORTED) {
            log_event(LEVEL_WARNING, "accept-failed", "why=\"%s\"", strerror(errno));
            return;
        }
    }
}

void listen_start(struct listen *l) {
    l->started = true;
    update(l);
}

void listen_pause(struct listen *l) {
    l->at_limit = true;
    update(l);
}

void listen_resume(struct listen *l) {
    if (l->at_limit) {
        l->at_limit = false;
        update(l);
    }
}

void listen_pause_tls(struct listen *l, bool pause) {
    if (l->tls_paused != pause) {
        l->tls_paused = pause;
        update(l);
    }
}

void listen_stop(struct listen *l) {
    l->stopped = true;
    update(l);
    event_del(l->timer);
}

size_t listen_count(const struct listen *l) {
    return l->n;
}

bool listen_has_tls(const struct listen *l) {
    for (size_t i = 0; i < l->n; i++) {
        if (l->places[i].tls) {
            return true;
        }
    }
    return false;
}

/* ---- sockets -------------------------------------------------------------------- */

static int refuse(const char *path, const char *what, struct error *e) {
    return error_set(e, ERR_INTERNAL, "listen", "Cannot listen on %s: %s: %s.",
                     "%s で待ち受けできません (%s: %s)。", path, what, strerror(errno));
}

static struct place *place_add(struct listen *l, int fd, bool tls) {
    if (l->n == LISTEN_SOCKETS) {
        return NULL;
    }
    struct place *p = &l->places[l->n];
    *p = (struct place){.listen = l, .fd = fd, .tls = tls};
    p->event = event_new(l->base, fd, EV_READ | EV_PERSIST, on_acceptable, p);
    if (p->event == NULL) {
        return NULL;
    }
    event_priority_set(p->event, l->priority);
    l->n++;
    update(l);
    return p;
}

static int user_id(const char *name, unsigned *id, struct error *e) {
    char *end;
    *id = NO_ID;
    if (name == NULL) {
        return 0;
    }
    const struct passwd *pw = getpwnam(name);
    if (pw != NULL) {
        *id = pw->pw_uid;
        return 0;
    }
    unsigned long n = strtoul(name, &end, 10);
    if (name[0] >= '0' && name[0] <= '9' && *end == '\0' && n < NO_ID) {
        *id = (unsigned)n;
        return 0;
    }
    return error_set(e, ERR_INVALID, "socket_owner", "There is no user %s.",
                     "利用者 %s はこの機械にいません。", name);
}

static int group_id(const char *name, unsigned *id, struct error *e) {
    char *end;
    *id = NO_ID;
    if (name == NULL) {
        return 0;
    }
    const struct group *gr = getgrnam(name);
    if (gr != NULL) {
        *id = gr->gr_gid;
        return 0;
    }
    unsigned long n = strtoul(name, &end, 10);
    if (name[0] >= '0' && name[0] <= '9' && *end == '\0' && n < NO_ID) {
        *id = (unsigned)n;
        return 0;
    }
    return error_set(e, ERR_INVALID, "socket_group", "There is no group %s.",
                     "グループ %s はこの機械にありません。", name);
}

/* Whether somebody answers on the socket; a full queue is somebody. */
static bool is_alive(const struct sockaddr_un *address) {
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return true;
    }
    bool alive =
        connect(fd, (const struct sockaddr *)address, sizeof *address) == 0 || errno == EAGAIN;
    close(fd);
    return alive;
}

/* Removes a socket that a dead process left. */
static int clear_path(const struct sockaddr_un *address, struct error *e) {
    const char *path = address->sun_path;
    struct stat st;
    if (lstat(path, &st) != 0) {
        return errno == ENOENT ? 0 : refuse(path, "stat", e);
    }
    if (!S_ISSOCK(st.st_mode)) {
        return error_set(
            e, ERR_INVALID, "listen", "Cannot listen on %s: it exists and is not a socket.",
            "%s で待ち受けできません。同じ名前のファイルがあり、ソケットではありません。", path);
    }
    if (is_alive(address)) {
        return error_set(e, ERR_STATE, "listen",
                         "Cannot listen on %s: another process answers there.",
                         "%s で待ち受けできません。別のプロセスが待ち受けています。", path);
    }
    if (unlink(path) != 0 && errno != ENOENT) {
        return refuse(path, "unlink", e);
    }
    log_event(LEVEL_NOTICE, "stale-socket-removed", "path=%s", path);
    return 0;
}

/* Binds and gives the path its mode and owner before anybody can connect. */
static int bind_path(int fd, const struct sockaddr_un *address, unsigned uid, unsigned gid,
                     struct error *e) {
    const char *path = address->sun_path;
    if (bind(fd, (const struct sockaddr *)address, sizeof *address) != 0) {
        return refuse(path, "bind", e);
    }
    if ((uid != NO_ID || gid != NO_ID) && chown(path, uid, gid) != 0) {
        refuse(path, "chown", e);
    } else if (chmod(path, 0660) != 0) {
        refuse(path, "chmod", e);
    } else if (listen(fd, SOMAXCONN) != 0) {
        refuse(path, "listen", e);
    } else {
        return 0;
    }
    unlink(path);
    return -1;
}

int listen_unix(struct listen *l, const char *path, const char *owner, const char *group,
                struct error *e) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    unsigned uid;
    unsigned gid;
    if (strlen(path) >= sizeof address.sun_path) {
        return error_set(e, ERR_INVALID, "listen", "The path of a socket has at most %zu bytes.",
                         "ソケットのパスは %zu バイトまでです。", sizeof address.sun_path - 1);
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    if (user_id(owner, &uid, e) != 0 || group_id(group, &gid, e) != 0 ||
        clear_path(&address, e) != 0) {
        return -1;
    }
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return refuse(path, "socket", e);
    }
    if (bind_path(fd, &address, uid, gid, e) != 0) {
        close(fd);
        return -1;
    }
    struct place *p = place_add(l, fd, false);
    char *copy = strdup(path);
    struct stat st;
    if (p == NULL || copy == NULL || lstat(path, &st) != 0) {
        unlink(path);
        free(copy);
        if (p == NULL) {
            close(fd);
        }
        return error_set(e, ERR_TOO_MUCH, "listen", "Cannot listen on %s: too many sockets.",
                         "%s で待ち受けできません。待ち受け先が多すぎます。", path);
    }
    p->path = copy;
    p->device = st.st_dev;
    p->inode = st.st_ino;
    log_event(LEVEL_INFO, "listening", "path=%s", path);
    return 0;
}

/* ---- TCP ------------------------------------------------------------------------ */

/* "192.0.2.1:7290" or "[2001:db8::1]:7290", as it was bound. */
static void say_listening(int fd) {
    struct sockaddr_storage a = {.ss_family = AF_UNSPEC};
    socklen_t len = sizeof a;
    char host[NI_MAXHOST];
    char port[NI_MAXSERV];
    if (getsockname(fd, (struct sockaddr *)&a, &len) == 0 &&
        getnameinfo((struct sockaddr *)&a, len, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV) == 0) {
        bool six = a.ss_family == AF_INET6;
        log_event(LEVEL_INFO, "listening", "tls=%s%s%s:%s", six ? "[" : "", host, six ? "]" : "",
                  port);
    }
}

/* Binds one of a name's addresses.  0, or -1 with errno and a word for it. */
static int bind_tls(struct listen *l, const struct addrinfo *a, const char **what) {
    const int on = 1;
    int fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, a->ai_protocol);
    *what = "socket";
    if (fd < 0) {
        return -1;
    }
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        (a->ai_family == AF_INET6 &&
         setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) != 0)) {
        *what = "setsockopt";
    } else if (bind(fd, a->ai_addr, a->ai_addrlen) != 0) {
        *what = "bind";
    } else if (listen(fd, SOMAXCONN) != 0) {
        *what = "listen";
    } else if (place_add(l, fd, true) == NULL) {
        *what = "too many sockets";
        errno = ENOMEM;
    } else {
        say_listening(fd);
        return 0;
    }
    int why = errno;
    close(fd);
    errno = why;
    return -1;
}

int listen_tls(struct listen *l, const char *address, struct error *e) {
    const struct addrinfo hints = {.ai_family = AF_UNSPEC,
                                   .ai_socktype = SOCK_STREAM,
                                   .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    struct addrinfo *found;
    struct address a;
    const char *what = "";
    if (address_read(address, &a, e) != 0) {
        return -1;
    }
    int unknown = getaddrinfo(a.host, a.port, &hints, &found);
    if (unknown != 0) {
        return error_set(e, ERR_INVALID, "listen", "Cannot listen on %s: %s.",
                         "%s で待ち受けできません (%s)。", address, gai_strerror(unknown));
    }
    int rc = 0;
    for (const struct addrinfo *i = found; rc == 0 && i != NULL; i = i->ai_next) {
        rc = bind_tls(l, i, &what);
    }
    int why = errno;
    freeaddrinfo(found);
    errno = why;
    return rc == 0 ? 0 : refuse(address, what, e);
}

/* ---- systemd -------------------------------------------------------------------- */

int listen_systemd(struct listen *l, struct error *e) {
    int n = sd_listen_fds(1);
    for (int i = 0; i < n; i++) {
        int fd = SD_LISTEN_FDS_START + i;
        bool tls = sd_is_socket_inet(fd, AF_UNSPEC, SOCK_STREAM, 1, 0) > 0;
        if (!tls && sd_is_socket_unix(fd, SOCK_STREAM, 1, NULL, 0) <= 0) {
            return error_set(
                e, ERR_INVALID, "listen",
                "Socket %d passed by systemd is not a listening stream socket, Unix or TCP.",
                "systemd から渡されたソケット %d は待ち受け用の Unix または TCP "
                "ソケットではありません。",
                i);
        }
        int flags = fcntl(fd, F_GETFL);
        if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0 ||
            fcntl(fd, F_SETFD, FD_CLOEXEC) != 0 || place_add(l, fd, tls) == NULL) {
            return error_set(
                e, ERR_INTERNAL, "listen", "Socket %d passed by systemd cannot be used: %s.",
                "systemd から渡されたソケット %d を使えません (%s)。", i, strerror(errno));
        }
        log_event(LEVEL_INFO, "listening", "passed=%d tls=%s", i, tls ? "yes" : "no");
    }
    return n > 0 ? n : 0;
}

void listen_free(struct listen *l) {
    if (l == NULL) {
        return;
    }
    for (size_t i = 0; i < l->n; i++) {
        struct place *p = &l->places[i];
        struct stat st;
        event_free(p->event);
        if (p->path != NULL && lstat(p->path, &st) == 0 && st.st_dev == p->device &&
            st.st_ino == p->inode) {
            unlink(p->path);
        }
        close(p->fd);
        free(p->path);
    }
    event_free(l->timer);
    if (l->spare >= 0) {
        close(l->spare);
    }
    free(l);
}
