/* madoguchi-web: pages for the counter, in a browser. */
#include "client/web/clock.h"
#include "client/web/server.h"
#include "client/words.h"
#include "proto/log.h"

#include <getopt.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <time.h>

#define ADDRESS_DEFAULT "unix:/run/madoguchi/madoguchi.sock"
#define STOP_MS         5000 /* for what is under way when it is told to end */

static const char usage[] =
    N_("usage: madoguchi-web [--server unix:PATH] [--listen HOST:PORT]...\n"
       "                     --tls-certificate FILE --tls-key FILE\n"
       "       madoguchi-web [--server unix:PATH] [--listen 127.0.0.1:PORT]... --behind-proxy\n"
       "       madoguchi-web --help | --version\n"
       "\n"
       "Pages for counters, supervisors and planners: a browser's way to madoguchid. Keeps\n"
       "nothing; everybody acts with their own rights.\n"
       "\n"
       "  --server ADDRESS        the daemon's Unix socket (MADOGUCHI_SERVER);\n"
       "                          unix:/run/madoguchi/madoguchi.sock\n"
       "  --listen HOST:PORT      where browsers come, several times too; else the sockets that\n"
       "                          systemd passes\n"
       "  --tls-certificate FILE  PEM; `madoguchid tls-init` makes one\n"
       "  --tls-key FILE          PEM, readable by its owner only; SIGHUP reads both again\n"
       "  --connections-max N     browsers' connections at a time (1024); who comes beyond waits\n"
       "  --request-ms N          how long a request may take to come (30000)\n"
       "  --answer-ms N           how long the daemon may be silent while it is asked (60000)\n"
       "  --behind-proxy          no TLS: on loopback only, a proxy of this machine has it\n"
       "\n"
       "Example:\n"
       "  madoguchi-web --server unix:/run/madoguchi/062090.sock --listen 0.0.0.0:8443 \\\n"
       "      --tls-certificate server.crt --tls-key server.key\n"
       "\n"
       "Exit status: 0 ended by SIGTERM, 1 cannot serve, 2 usage.\n");

struct web {
    struct event_base *base;
    struct server *server;
    struct server_setting setting;
    const char *listen[SERVER_LISTEN_MAX];
    size_t n_listen;
    struct tls_files files;
    struct event *signals[3], *tick;
    int64_t watched; /* day that the certificate's end was logged, */
    int64_t stop_at; /* ms; 0: goes on */
};

static int fail(const struct error *e) {
    fprintf(stderr, "madoguchi-web: %s\n", words_japanese() ? e->ja : e->en);
    return 1;
}

static int bad_usage(const char *what) {
    fprintf(stderr, _("madoguchi-web: %s See madoguchi-web --help.\n"), what);
    return 2;
}

/* ---- signals ------------------------------------------------------------------------------ */

static void on_stop(evutil_socket_t fd, short what, void *ctx) {
    struct web *w = ctx;
    (void)fd;
    (void)what;
    if (w->stop_at == 0) {
        w->stop_at = web_clock_ms() + STOP_MS;
        sd_notify(0, "STOPPING=1");
        server_stop(w->server);
    }
    if (server_busy(w->server) == 0) {
        event_base_loopbreak(w->base);
    }
}

/* Build, then swap: what cannot be used changes nothing. */
static void on_reload(evutil_socket_t fd, short what, void *ctx) {
    struct web *w = ctx;
    struct tls *tls;
    struct error e;
    (void)fd;
    (void)what;
    if (w->setting.plain) {
        return;
    }
    if (tls_new(&w->files, &tls, &e) < 0) {
        log_error(LEVEL_ERROR, "certificate-kept", &e);
        return;
    }
    server_secure(w->server, tls);
    log_event(LEVEL_NOTICE, "certificate-read", "days_left=%lld",
              (long long)tls_days_left(tls, time(NULL)));
}

static void on_tick(evutil_socket_t fd, short what, void *ctx) {
    struct web *w = ctx;
    (void)fd;
    (void)what;
    sd_notify(0, "WATCHDOG=1");
    if (server_tls(w->server) != NULL) {
        tls_watch(server_tls(w->server), time(NULL), &w->watched);
    }
    if (w->stop_at != 0 && (server_busy(w->server) == 0 || web_clock_ms() >= w->stop_at)) {
        event_base_loopbreak(w->base);
    }
}

static bool add_events(struct web *w) {
    const struct timeval every = {.tv_sec = 1};
    w->signals[0] = evsignal_new(w->base, SIGTERM, on_stop, w);
    w->signals[1] = evsignal_new(w->base, SIGINT, on_stop, w);
    w->signals[2] = evsignal_new(w->base, SIGHUP, on_reload, w);
    w->tick = event_new(w->base, -1, EV_PERSIST, on_tick, w);
    for (size_t i = 0; i < 3; i++) {
        if (w->signals[i] == NULL || event_add(w->signals[i], NULL) < 0) {
            return false;
        }
    }
    return w->tick != NULL && event_add(w->tick, &every) == 0;
}

static void free_events(struct web *w) {
    for (size_t i = 0; i < 3; i++) {
        if (w->signals[i] != NULL) {
            event_free(w->signals[i]);
        }
    }
    if (w->tick != NULL) {
        event_free(w->tick);
    }
}

/* ---- serving ------------------------------------------------------------------------------ */

static int secure(struct web *w, struct error *e) {
    struct tls *tls;
    if (w->setting.plain) {
        return 0;
    }
    if (tls_new(&w->files, &tls, e) < 0) {
        return -1;
    }
    tls_log(tls, time(NULL));
    server_secure(w->server, tls);
    return 0;
}

static int listen_all(struct web *w, struct error *e) {
    int passed = server_listen_systemd(w->server, e);
    if (passed < 0) {
        return -1;
    }
    for (size_t i = 0; i < w->n_listen; i++) {
        if (server_listen(w->server, w->listen[i], e) < 0) {
            return -1;
        }
    }
    if (passed == 0 && w->n_listen == 0) {
        return error_set(e, ERR_INVALID, "listen",
                         "Nowhere to listen: give --listen HOST:PORT, or start it by its socket "
                         "unit.",
                         "待ち受け先がありません。--listen ホスト:ポート を指定するか、"
                         "systemd のソケットから起動してください。");
    }
    return 0;
}

/* evhttp asks for reading and writing in turns: changes that cancel each other cost no
 * call of the kernel. */
static struct event_base *base_new(void) {
    struct event_config *config = event_config_new();
    struct event_base *base = NULL;
    if (config != NULL &&
        event_config_set_flag(config,
                              EVENT_BASE_FLAG_NOLOCK | EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST) == 0) {
        base = event_base_new_with_config(config);
    }
    if (config != NULL) {
        event_config_free(config);
    }
    return base;
}

static int serve(struct web *w) {
    struct error e;
    int rc = 1;
    w->base = base_new();
    w->setting.base = w->base;
    w->server = w->base == NULL ? NULL : server_new(&w->setting);
    if (w->server == NULL || !add_events(w)) {
        error_set(&e, ERR_INTERNAL, "", "Out of memory.", "メモリーが足りません。");
        fail(&e);
    } else if (secure(w, &e) < 0 || listen_all(w, &e) < 0) {
        fail(&e);
    } else {
        sd_notify(0, "READY=1");
        rc = event_base_dispatch(w->base) < 0 ? 1 : 0;
        log_event(LEVEL_NOTICE, "stopped", "unanswered=%zu", server_busy(w->server));
    }
    server_free(w->server);
    free_events(w);
    if (w->base != NULL) {
        (void)event_base_loop(w->base, EVLOOP_NONBLOCK); /* what was freed is so by now */
        event_base_free(w->base);
    }
    return rc;
}

/* ---- the command line --------------------------------------------------------------------- */

enum {
    OPT_SERVER = 256,
    OPT_LISTEN,
    OPT_CERTIFICATE,
    OPT_KEY,
    OPT_CONNECTIONS,
    OPT_REQUEST,
    OPT_ANSWER,
    OPT_PROXY,
    OPT_HELP,
    OPT_VERSION
};

static const struct option options[] = {
    {"server", required_argument, NULL, OPT_SERVER},
    {"listen", required_argument, NULL, OPT_LISTEN},
    {"tls-certificate", required_argument, NULL, OPT_CERTIFICATE},
    {"tls-key", required_argument, NULL, OPT_KEY},
    {"connections-max", required_argument, NULL, OPT_CONNECTIONS},
    {"request-ms", required_argument, NULL, OPT_REQUEST},
    {"answer-ms", required_argument, NULL, OPT_ANSWER},
    {"behind-proxy", no_argument, NULL, OPT_PROXY},
    {"help", no_argument, NULL, OPT_HELP},
    {"version", no_argument, NULL, OPT_VERSION},
    {NULL, 0, NULL, 0},
};

static int take_number(unsigned *to, unsigned most, int *status) {
    char *end;
    unsigned long n = strtoul(optarg, &end, 10);
    if (optarg[0] < '0' || optarg[0] > '9' || *end != '\0' || n < 1 || n > most) {
        *status = bad_usage(_("That is no number, or out of its limits."));
        return -1;
    }
    *to = (unsigned)n;
    return 0;
}

/* 0: go on; else exit with *status. */
static int take_option(struct web *w, int option, int *status) {
    switch (option) {
    case OPT_SERVER:
        w->setting.daemon = optarg;
        return 0;
    case OPT_LISTEN:
        if (w->n_listen == SERVER_LISTEN_MAX) {
            *status = bad_usage(_("--listen was given too often."));
            return -1;
        }
        w->listen[w->n_listen++] = optarg;
        return 0;
    case OPT_CERTIFICATE:
        w->files.certificate = optarg;
        return 0;
    case OPT_KEY:
        w->files.key = optarg;
        return 0;
    case OPT_CONNECTIONS:
        return take_number(&w->setting.limits.connections_max, 65536, status);
    case OPT_REQUEST:
        return take_number(&w->setting.limits.request_ms, 600000, status);
    case OPT_ANSWER:
        return take_number(&w->setting.limits.answer_ms, 600000, status);
    case OPT_PROXY:
        w->setting.plain = true;
        return 0;
    case OPT_HELP:
        fputs(_(usage), stdout);
        *status = 0;
        return -1;
    case OPT_VERSION:
        puts("madoguchi-web " MADOGUCHI_VERSION);
        *status = 0;
        return -1;
    default:
        *status = bad_usage(_("This option is not known, or lacks its value."));
        return -1;
    }
}

static int check_words(const struct web *w, int argc) {
    if (optind < argc) {
        return bad_usage(_("It takes options only."));
    }
    if (strncmp(w->setting.daemon, "unix:/", 6) != 0) {
        return bad_usage(_("--server is the daemon's Unix socket here: unix:/PATH."));
    }
    if (w->setting.plain && (w->files.certificate != NULL || w->files.key != NULL)) {
        return bad_usage(_("Either --behind-proxy, or --tls-certificate and --tls-key."));
    }
    if (!w->setting.plain && (w->files.certificate == NULL || w->files.key == NULL)) {
        return bad_usage(_("--tls-certificate and --tls-key must be given, or --behind-proxy."));
    }
    return 0;
}

int main(int argc, char **argv) {
    struct web w = {.setting = {.limits = SERVER_LIMITS},
                    .files = {.alpn = "http/1.1", .alpn_may_lack = true}};
    int option;
    int status = 0;
    words_open();
    log_open();
    const char *server = getenv("MADOGUCHI_SERVER");
    w.setting.daemon = server != NULL && server[0] != '\0' ? server : ADDRESS_DEFAULT;
    opterr = 0;
    while ((option = getopt_long(argc, argv, "", options, NULL)) >= 0) {
        if (take_option(&w, option, &status) < 0) {
            return status;
        }
    }
    status = check_words(&w, argc);
    if (status != 0) {
        return status;
    }
    if (sodium_init() < 0 || signal(SIGPIPE, SIG_IGN) == SIG_ERR) {
        return 1;
    }
    return serve(&w);
}
