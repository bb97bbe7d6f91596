#include "client/web/server.h"

#include "client/web/guest.h"
#include "client/web/route.h"
#include "proto/address.h"
#include "proto/log.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/listener.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

struct server {
    struct server_setting setting;
    struct evhttp *http;
    struct guests *guests;
    struct upstreams *upstreams;
    struct tls *tls;
    struct evhttp_bound_socket *bound[SERVER_LISTEN_MAX];
    size_t n_bound;
    size_t busy;
    bool stopping;
};

/* ---- a request ---------------------------------------------------------------------------- */

/* What is under way: until it is answered, and the answer is written or the browser gone. */
struct task {
    struct server *server;
    struct bufferevent *bev;
    struct exchange *exchange; /* NULL once it is answered */
    bool over;                 /* nothing more can be written */
};

static void end_if_over(struct task *t) {
    if (t->exchange == NULL && t->over) {
        t->server->busy--;
        free(t);
    }
}

static void on_answered(void *ctx) {
    struct task *t = ctx;
    t->exchange = NULL;
    guest_answered(t->server->guests, t->bev);
    end_if_over(t);
}

static void on_written(struct evhttp_request *http, void *ctx) {
    struct task *t = ctx;
    evhttp_connection_set_closecb(evhttp_request_get_connection(http), NULL, NULL);
    t->over = true;
    end_if_over(t);
}

/* evhttp frees the request with its connection, however far its answer is (it keeps one
 * that it was reading, but then nobody has it yet). */
static void on_gone(struct evhttp_connection *connection, void *ctx) {
    struct task *t = ctx;
    (void)connection;
    t->over = true;
    if (t->exchange != NULL) {
        t->exchange->http = NULL;
    }
    end_if_over(t);
}

static int refuse(const char *field, const char *en, const char *ja, struct error *e) {
    return error_set(e, ERR_INVALID, field, "%s%.0s", "%2$s%1$.0s", en, ja);
}

/* What evhttp lets pass and a proxy may read otherwise: two lengths, two hosts, a coding
 * of the body, a host of its own in the path. */
static int check_request(const struct exchange *x, struct error *e) {
    const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(x->http);
    bool several;
    if (http_header(x, "Transfer-Encoding", &several) != NULL || several) {
        return refuse("Transfer-Encoding", "A request's body comes with its length.",
                      "本文は長さ（Content-Length）を付けて送ってください。", e);
    }
    (void)http_header(x, "Content-Length", &several);
    if (several) {
        return refuse("Content-Length", "A request has one length.",
                      "長さ（Content-Length）は一つだけにしてください。", e);
    }
    if (http_header(x, "Host", &several) == NULL) {
        return refuse("Host", "A request names one host.", "ホスト（Host）を一つ指定してください。",
                      e);
    }
    if (uri == NULL || evhttp_uri_get_host(uri) != NULL || evhttp_uri_get_path(uri) == NULL) {
        return refuse("path", "A request names a path.", "パスを指定してください。", e);
    }
    return 0;
}

/* The browser's address: the last that a proxy of this machine has seen, or our own
 * peer's. */
static void note_origin(struct exchange *x, const struct server *s) {
    char *peer = NULL;
    ev_uint16_t port;
    bool several;
    const char *from = NULL;
    if (s->setting.plain && (from = http_header(x, "X-Forwarded-For", &several)) != NULL) {
        const char *comma = strrchr(from, ',');
        from = comma == NULL ? from : comma + 1;
        from += strspn(from, " ");
    }
    evhttp_connection_get_peer(evhttp_request_get_connection(x->http), &peer, &port);
    from = from != NULL && address_is_numeric(from) ? from : peer;
    snprintf(x->login.origin, sizeof x->login.origin, "%s", from == NULL ? "" : from);
}

static void on_request(struct evhttp_request *http, void *ctx) {
    struct server *s = ctx;
    struct bufferevent *bev =
        evhttp_connection_get_bufferevent(evhttp_request_get_connection(http));
    struct guest *guest = guest_of(s->guests, bev);
    struct exchange *x = calloc(1, sizeof *x);
    struct task *t = calloc(1, sizeof *t);
    struct error e;
    if (x == NULL || t == NULL || (guest == NULL && !s->setting.plain)) {
        free(x);
        free(t);
        evhttp_send_error(http, HTTP_INTERNAL, NULL);
        return;
    }
    if (guest != NULL) {
        guest_asks(guest);
    }
    s->busy++;
    *t = (struct task){.server = s, .bev = bev, .exchange = x};
    *x = (struct exchange){
        .http = http, .upstreams = s->upstreams, .answered = on_answered, .ctx = t};
    evhttp_connection_set_closecb(evhttp_request_get_connection(http), on_gone, t);
    evhttp_request_set_on_complete_cb(http, on_written, t);
    if (s->stopping) {
        evhttp_add_header(evhttp_request_get_output_headers(http), "Connection", "close");
    }
    if (check_request(x, &e) < 0) {
        evhttp_add_header(evhttp_request_get_output_headers(http), "Connection", "close");
        http_error(x, &e);
        return;
    }
    note_origin(x, s);
    bool several;
    const char *language = http_header(x, "X-Madoguchi-Language", &several);
    x->login.english = language != NULL && strcmp(language, "en") == 0;
    route(x, evhttp_uri_get_path(evhttp_request_get_evhttp_uri(http)));
}

/* ---- connections -------------------------------------------------------------------------- */

static struct bufferevent *on_connection(struct event_base *base, void *ctx) {
    struct server *s = ctx;
    (void)base;
    /* NULL: evhttp makes a plain one, whose requests are answered only where plain is meant. */
    return s->setting.plain ? NULL : guest_new(s->guests, s->tls);
}

static void on_full(void *ctx, bool full) {
    struct server *s = ctx;
    for (size_t i = 0; i < s->n_bound && !s->stopping; i++) {
        struct evconnlistener *l = evhttp_bound_socket_get_listener(s->bound[i]);
        (void)(full ? evconnlistener_disable(l) : evconnlistener_enable(l));
    }
}

/* ---- listening ---------------------------------------------------------------------------- */

static int add_bound(struct server *s, int fd, struct error *e) {
    const int on = 1;
    struct evhttp_bound_socket *bound = NULL;
    /* What is accepted takes it over: an answer is never kept back for the next one. */
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (s->n_bound < SERVER_LISTEN_MAX && evutil_make_socket_nonblocking(fd) == 0 &&
        evutil_make_socket_closeonexec(fd) == 0) {
        bound = evhttp_accept_socket_with_handle(s->http, fd);
    }
    if (bound == NULL) {
        return error_set(e, ERR_INTERNAL, "listen", "The socket cannot be used (%s).",
                         "待ち受け用のソケットを使えません（%s）。", strerror(errno));
    }
    s->bound[s->n_bound++] = bound;
    return 0;
}

static void log_place(int fd, bool tls) {
    struct sockaddr_storage a = {0};
    socklen_t len = sizeof a;
    char host[INET6_ADDRSTRLEN] = "?";
    char port[8] = "?";
    if (getsockname(fd, (struct sockaddr *)&a, &len) == 0) {
        (void)getnameinfo((struct sockaddr *)&a, len, host, sizeof host, port, sizeof port,
                          NI_NUMERICHOST | NI_NUMERICSERV);
    }
    log_event(LEVEL_NOTICE, "listening", "url=%s://%s%s%s:%s/", tls ? "https" : "http",
              a.ss_family == AF_INET6 ? "[" : "", host, a.ss_family == AF_INET6 ? "]" : "", port);
}

/* Plain only where nobody else can listen in: on loopback. */
static bool is_loopback(const struct sockaddr *a) {
    if (a->sa_family == AF_INET) {
        return (ntohl(((const struct sockaddr_in *)a)->sin_addr.s_addr) >> 24) == 127;
    }
    return a->sa_family == AF_INET6 &&
           IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)a)->sin6_addr);
}

static int refuse_plain(struct error *e) {
    return error_set(e, ERR_INVALID, "listen",
                     "Without TLS only this machine's loopback is listened on, for a proxy here "
                     "that has TLS. Give --tls-certificate and --tls-key, or 127.0.0.1.",
                     "TLS なしで待ち受けられるのは同じ機械のプロキシー用のループバックだけです。"
                     "--tls-certificate と --tls-key を指定するか、127.0.0.1 にしてください。");
}

static int bind_to(struct server *s, const struct addrinfo *a, struct error *e) {
    const int on = 1;
    if (s->setting.plain && !is_loopback(a->ai_addr)) {
        return refuse_plain(e);
    }
    int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        (a->ai_family == AF_INET6 &&
         setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) != 0) ||
        bind(fd, a->ai_addr, a->ai_addrlen) != 0 || listen(fd, 128) != 0) {
        error_set(e, ERR_INTERNAL, "listen", "The address cannot be listened on (%s).",
                  "このアドレスでは待ち受けられません（%s）。", strerror(errno));
        if (fd >= 0) {
            close(fd);
        }
        return -1;
    }
    if (add_bound(s, fd, e) < 0) {
        close(fd);
        return -1;
    }
    log_place(fd, !s->setting.plain);
    return 0;
}

int server_listen(struct server *s, const char *address, struct error *e) {
    const struct addrinfo hints = {.ai_family = AF_UNSPEC,
                                   .ai_socktype = SOCK_STREAM,
                                   .ai_flags = AI_NUMERICSERV | AI_PASSIVE};
    struct addrinfo *found = NULL;
    struct address at;
    char full[ADDRESS_HOST + 16];
    snprintf(full, sizeof full, ADDRESS_TLS "%s", address);
    if (address_read(full, &at, e) != 0) {
        return error_set(e, ERR_INVALID, "listen", "%s is no HOST:PORT: 127.0.0.1:8443.",
                         "%s は ホスト:ポート の形ではありません（例: 127.0.0.1:8443）。", address);
    }
    int unknown = getaddrinfo(at.host, at.port, &hints, &found);
    if (unknown != 0) {
        return error_set(e, ERR_INVALID, "listen", "%s cannot be found (%s).",
                         "%s が見つかりません（%s）。", at.host, gai_strerror(unknown));
    }
    int rc = 0;
    for (const struct addrinfo *a = found; a != NULL && rc == 0; a = a->ai_next) {
        rc = bind_to(s, a, e);
    }
    freeaddrinfo(found);
    return rc;
}

int server_listen_systemd(struct server *s, struct error *e) {
    int n = sd_listen_fds(1);
    for (int i = 0; i < n; i++) {
        int fd = SD_LISTEN_FDS_START + i;
        struct sockaddr_storage a = {0};
        socklen_t len = sizeof a;
        if (sd_is_socket_inet(fd, AF_UNSPEC, SOCK_STREAM, 1, 0) <= 0 ||
            getsockname(fd, (struct sockaddr *)&a, &len) != 0) {
            return error_set(e, ERR_INVALID, "listen",
                             "Socket %d passed by systemd is not a listening TCP socket.",
                             "systemd から渡されたソケット %d は待ち受け用の TCP ソケットでは"
                             "ありません。",
                             i);
        }
        if (s->setting.plain && !is_loopback((struct sockaddr *)&a)) {
            return refuse_plain(e);
        }
        if (add_bound(s, fd, e) < 0) {
            return -1;
        }
        log_place(fd, !s->setting.plain);
    }
    return n > 0 ? n : 0;
}

/* ---- the whole ---------------------------------------------------------------------------- */

struct server *server_new(const struct server_setting *setting) {
    struct server *s = calloc(1, sizeof *s);
    if (s == NULL) {
        return NULL;
    }
    s->setting = *setting;
    s->http = evhttp_new(setting->base);
    s->guests = guests_new(setting->base, setting->limits.connections_max,
                           setting->limits.request_ms, on_full, s);
    s->upstreams = upstreams_new(setting->base, setting->daemon, setting->limits.answer_ms);
    if (s->http == NULL || s->guests == NULL || s->upstreams == NULL) {
        server_free(s);
        return NULL;
    }
    /* None of these is limited by default. */
    evhttp_set_max_headers_size(s->http, SERVER_HEADERS_MAX);
    evhttp_set_max_body_size(s->http, SERVER_BODY_MAX);
    /* The deadline that bytes do not put off is guest's; behind a proxy it is this alone. */
    const struct timeval silence = {.tv_sec = setting->limits.request_ms / 1000,
                                    .tv_usec = setting->limits.request_ms % 1000 * 1000};
    evhttp_set_timeout_tv(s->http, &silence);
    evhttp_set_allowed_methods(s->http, EVHTTP_REQ_GET | EVHTTP_REQ_POST);
    evhttp_set_default_content_type(s->http, "text/plain; charset=utf-8");
    evhttp_set_flags(s->http, EVHTTP_SERVER_LINGERING_CLOSE);
    evhttp_set_bevcb(s->http, on_connection, s);
    evhttp_set_gencb(s->http, on_request, s);
    return s;
}

void server_free(struct server *s) {
    if (s == NULL) {
        return;
    }
    upstreams_free(s->upstreams); /* what is under way is answered: lost */
    if (s->http != NULL) {
        s->stopping = true;
        evhttp_free(s->http);
    }
    guests_free(s->guests);
    tls_free(s->tls);
    free(s);
}

void server_secure(struct server *s, struct tls *tls) {
    tls_free(s->tls); /* its connections hold the context */
    s->tls = tls;
}

const struct tls *server_tls(const struct server *s) {
    return s->tls;
}

void server_stop(struct server *s) {
    s->stopping = true;
    for (size_t i = 0; i < s->n_bound; i++) {
        evhttp_del_accept_socket(s->http, s->bound[i]);
    }
    s->n_bound = 0;
}

size_t server_busy(const struct server *s) {
    return s->busy;
}
