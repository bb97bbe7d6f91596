#include "daemon/command.h"
#include "daemon/config.h"
#include "daemon/descriptors.h"
#include "daemon/dispatch.h"
#include "daemon/fault.h"
#include "daemon/head.h"
#include "daemon/listen.h"
#include "daemon/notify.h"
#include "daemon/setting.h"
#include "daemon/speech.h"
#include "daemon/status.h"
#include "proto/calendar.h"
#include "proto/log.h"
#include "store/secrets.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

#define PRIORITIES     2 /* 0: results, signals, timers; 1: connections */
#define EXTEND_USEC    30000000
#define STATUS_SECONDS 10
#define SETTLE_MS      100  /* without a group: the store may settle */
#define GATHER_TURNS   10   /* at most so many times gather_us in all */
#define TURNS_FAILED   100  /* then it will not get better */
#define LAST_WAIT_MS   1000 /* for queries that were told to end */

enum phase {
    SERVING,
    STOPPING, /* nothing new; what is under way is answered */
    CLOSING,  /* questions had their time; only what is answered goes out */
    GONE,
};

struct server {
    const struct serve_setting *setting;
    struct config *config;
    struct config *started; /* as it was at the start: what needs a restart to change */
    struct event_base *base;
    struct store *store;
    struct secrets *secrets;
    struct spool_room room;
    struct pool *pool;
    struct dispatch *dispatch;
    struct listen *listen;
    struct tls *tls; /* NULL: no certificate is configured */
    int64_t tls_day; /* when its end was warned of last */
    struct notify *notify;
    struct event *signals[3];
    struct event *status_timer;
    struct event *stop_timer;
    struct event *settle_timer;
    enum phase phase;
    bool accept_paused;
    uint64_t connections_max;       /* as the descriptors allow */
    uint64_t turns_seen;            /* groups at the last ping */
    int64_t progress_at;            /* when a ping last found that the loop gets on, ms */
    _Atomic int64_t flush_since;    /* of the flush that the loop itself waits for; 0: none */
    _Atomic int64_t flush_patience; /* ms */
    unsigned turns_failed;          /* in a row */
    uint64_t settled;               /* requests answered when the store settled last */
    uint64_t settle_seen;           /* ... when the timer was set */
    uint32_t head_day;              /* when the head was logged last (date) */
};

/* ---- configuration --------------------------------------------------------------- */

static void apply_config(struct server *s) {
    const struct config *c = s->config;
    log_level((enum log_level)c->log_level);
    s->connections_max = descriptors_allow(c->connections_max);
    atomic_store(&s->room.memory, c->spool_memory_bytes);
    atomic_store(&s->room.disk, c->spool_disk_bytes);
    atomic_store(&s->flush_patience, (int64_t)c->flush_patience_ms);
}

static void log_restart_key(void *ctx, const char *name) {
    (void)ctx;
    log_event(LEVEL_WARNING, "reload-needs-restart", "key=%s", name);
}

/* From now on, for who connects from now on. */
static void take_tls(struct server *s, struct tls *tls) {
    struct tls *old = s->tls;
    int64_t now = (int64_t)time(NULL);
    s->tls = tls;
    s->tls_day = 0;
    dispatch_secure(s->dispatch, tls);
    tls_free(old);
    if (tls != NULL) {
        tls_log(tls, now);
        tls_watch(tls, now, &s->tls_day);
    }
}

static void reload(struct server *s) {
    struct config *new;
    struct tls *tls;
    struct error e;
    if (s->setting->config == NULL) {
        log_event(LEVEL_NOTICE, "reload-nothing", "why=\"there is no configuration file\"");
        return;
    }
    notify_reloading();
    if (setting_again(s->setting, listen_has_tls(s->listen), &new, &tls, &e) != 0) {
        log_error(LEVEL_ERROR, "reload-refused", &e);
    } else {
        struct config *old = s->config;
        s->config = new;
        apply_config(s);
        dispatch_configure(s->dispatch, new);
        take_tls(s, tls);
        pool_waiting_max(s->pool, new->query_waiting_max);
        size_t n = config_restart_keys(s->started, new, log_restart_key, NULL);
        if (old != s->started) {
            config_free(old);
        }
        log_event(LEVEL_NOTICE, "reloaded", "path=%s need_restart=%zu", s->setting->config, n);
    }
    notify_reloaded();
}

/* ---- stopping ------------------------------------------------------------------- */

static void finish_each(void *ctx, struct conn *c) {
    (void)ctx;
    conn_finish(c);
}

static void on_stop_timer(evutil_socket_t fd, short what, void *arg) {
    struct server *s = arg;
    (void)fd;
    (void)what;
    if (s->phase == STOPPING) {
        s->phase = CLOSING;
        log_event(LEVEL_NOTICE, "questions-given-up", "connections=%zu",
                  conns_count(dispatch_conns(s->dispatch)));
        conns_each(dispatch_conns(s->dispatch), finish_each, NULL);
    }
}

static void begin_stop(struct server *s, const char *why) {
    s->phase = STOPPING;
    notify_stopping();
    notify_status("Stopping");
    log_event(LEVEL_NOTICE, "stopping", "why=%s connections=%zu", why,
              conns_count(dispatch_conns(s->dispatch)));
    listen_stop(s->listen);
    conns_stop_reading(dispatch_conns(s->dispatch));
    struct timeval tv = {.tv_sec = (time_t)(s->config->query_stop_ms / 1000),
                         .tv_usec = (suseconds_t)(s->config->query_stop_ms % 1000 * 1000)};
    if (event_add(s->stop_timer, &tv) != 0) {
        on_stop_timer(-1, 0, s); /* without an end to it nobody waits */
    }
}

static void on_signal(evutil_socket_t number, short what, void *arg) {
    struct server *s = arg;
    (void)what;
    if (number == SIGHUP) {
        if (s->phase == SERVING) {
            reload(s);
        }
        return;
    }
    if (s->phase == SERVING) {
        begin_stop(s, number == SIGINT ? "SIGINT" : "SIGTERM");
        return;
    }
    /* What was answered is on disk; only the mark of a clean stop is missing. */
    log_event(LEVEL_NOTICE, "exit", "why=\"second signal\" clean=no");
    _exit(EXIT_DONE);
}

/* ---- serving ---------------------------------------------------------------------- */

/* Whether another connection may come over the network: not while handshakes are
 * at their limit, and never to the places kept for Unix sockets. */
static bool takes_remote(const struct server *s) {
    const struct conns *conns = dispatch_conns(s->dispatch);
    uint64_t places = s->connections_max - s->connections_max / 8;
    return conns_securing(conns) < s->config->handshakes_max && conns_remote(conns) < places;
}

static void on_accepted(void *ctx, int fd, bool tls) {
    struct server *s = ctx;
    dispatch_accept(s->dispatch, fd, tls);
    if (tls && !takes_remote(s)) {
        listen_pause_tls(s->listen, true);
        const struct conns *conns = dispatch_conns(s->dispatch);
        log_event(LEVEL_INFO, "network-paused", "handshakes=%zu connections=%zu",
                  conns_securing(conns), conns_remote(conns));
    }
    if (conns_count(dispatch_conns(s->dispatch)) >= s->connections_max) {
        s->accept_paused = true;
        listen_pause(s->listen);
        log_event(LEVEL_WARNING, "connections-full", "connections_max=%" PRIu64,
                  s->connections_max);
    }
}

static void on_busy(void *ctx, int fd) {
    dispatch_turn_away(((struct server *)ctx)->dispatch, fd);
}

static const struct listen_handler listen_handler = {.accepted = on_accepted, .busy = on_busy};

/* Accepts again when a sixteenth of the places is free, so that the limit is
 * not logged at every change. */
static void resume_accept(struct server *s) {
    if (takes_remote(s)) {
        listen_pause_tls(s->listen, false);
    }
    uint64_t free_places = s->connections_max / 16 > 0 ? s->connections_max / 16 : 1;
    if (s->accept_paused &&
        conns_count(dispatch_conns(s->dispatch)) + free_places <= s->connections_max) {
        s->accept_paused = false;
        listen_resume(s->listen);
        log_event(LEVEL_NOTICE, "connections-resumed", "connections_max=%" PRIu64,
                  s->connections_max);
    }
}

static int64_t now_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* The loop turns; what waits is recorded meanwhile, or waits for a flush beside
 * the loop that may take its time. */
static bool is_alive(void *ctx) {
    struct server *s = ctx;
    struct group *g = dispatch_group(s->dispatch);
    int64_t now = now_us() / 1000;
    if (group_waiting(g) == 0 || group_turns(g) != s->turns_seen) {
        s->progress_at = now;
    }
    s->turns_seen = group_turns(g);
    return s->progress_at == now ||
           (group_flushing(g) && now - s->progress_at < atomic_load(&s->flush_patience));
}

/* The loop waits for a flush of its own.  Called by another thread. */
static bool is_flushing(void *ctx) {
    struct server *s = ctx;
    int64_t since = atomic_load(&s->flush_since);
    return since != 0 && now_us() / 1000 - since < atomic_load(&s->flush_patience);
}

static void on_status_timer(evutil_socket_t fd, short what, void *arg) {
    struct server *s = arg;
    struct store_status status;
    int64_t now = time(NULL);
    (void)fd;
    (void)what;
    dispatch_look(s->dispatch, &status);
    head_log_daily(&status, now, &s->head_day);
    if (s->tls != NULL) {
        tls_watch(s->tls, now, &s->tls_day);
    }
    notify_status("Serving %s (%s): entry %" PRIu64 ", %zu connections%s", store_name(s->store),
                  store_municipality(s->store), status.head,
                  conns_count(dispatch_conns(s->dispatch)),
                  status.full ? ", FULL: nothing new is recorded" : "");
}

static void settle_arm(struct server *s) {
    const struct timeval tv = {.tv_usec = SETTLE_MS * 1000};
    s->settle_seen = group_answered(dispatch_group(s->dispatch));
    (void)event_add(s->settle_timer, &tv); /* else the next turn tries again */
}

/* Nothing was recorded for a while: the store does what it put off. */
static void on_settle_timer(evutil_socket_t fd, short what, void *arg) {
    struct server *s = arg;
    (void)fd;
    (void)what;
    if (group_answered(dispatch_group(s->dispatch)) != s->settle_seen) {
        settle_arm(s);
        return;
    }
    s->settled = s->settle_seen;
    group_settle(dispatch_group(s->dispatch));
}

static void settle_when_idle(struct server *s) {
    if (group_answered(dispatch_group(s->dispatch)) != s->settled &&
        event_pending(s->settle_timer, EV_TIMEOUT, NULL) == 0) {
        settle_arm(s);
    }
}

/* One turn of the loop.  That it cannot ask for events may pass; if it does not,
 * the daemon would only spin. */
static void turn(struct server *s, int flag) {
    if (event_base_loop(s->base, EVLOOP_ONCE | flag) >= 0) {
        s->turns_failed = 0;
    } else if (++s->turns_failed == TURNS_FAILED) {
        fault_loop("the event loop has no events any more");
    }
}

/* Waits for as many requests as connections had a part in the last two groups, as
 * long as they keep coming: one flush then carries them all.  Those who were
 * answered last ask again one after the other while a group is flushed, and would
 * be divided over two groups for ever. */
static void gather(struct server *s) {
    struct group *g = dispatch_group(s->dispatch);
    int64_t patience = (int64_t)s->config->gather_us;
    size_t waiting = group_waiting(g);
    if (patience == 0 || waiting == 0 || group_flushing(g)) {
        return;
    }
    int64_t now = now_us();
    int64_t end = now + GATHER_TURNS * patience;
    int64_t until = now + patience;
    while (waiting < group_expected(g) && now < until && now < end) {
        turn(s, EVLOOP_NONBLOCK);
        now = now_us();
        if (group_waiting(g) > waiting) {
            until = now + patience;
        }
        waiting = group_waiting(g);
    }
}

/* Whether nothing is left to be noted of what was refused to the end. */
static bool last_noted(struct server *s) {
    dispatch_note_all(s->dispatch);
    return group_waiting(dispatch_group(s->dispatch)) == 0;
}

/* The loop.  Each turn: everything that is readable now, then one group, then
 * one write a connection.  A turn of our own instead of an event of low
 * priority, which busy connections could starve. */
static void run(struct server *s) {
    bool busy = false;
    while (s->phase != GONE) {
        turn(s, busy ? EVLOOP_NONBLOCK : 0);
        gather(s);
        busy = dispatch_turn(s->dispatch);
        resume_accept(s);
        settle_when_idle(s);
        if (s->phase == STOPPING || s->phase == CLOSING) {
            struct conns *conns = dispatch_conns(s->dispatch);
            conns_finish_all(conns);
            busy = dispatch_turn(s->dispatch) || busy;
            if (conns_count(conns) == 0 && group_waiting(dispatch_group(s->dispatch)) == 0) {
                s->phase = last_noted(s) ? GONE : s->phase;
                busy = true;
            }
        }
    }
}

/* ---- starting ---------------------------------------------------------------------- */

static void on_progress(void *ctx, const char *what, uint64_t done, uint64_t total) {
    (void)ctx;
    notify_extend(EXTEND_USEC);
    notify_status("%s: %" PRIu64 " of %" PRIu64 " entries", what, done, total);
}

static void on_notice(void *ctx, const char *line) {
    (void)ctx;
    log_event(LEVEL_NOTICE, "store", "says=\"%s\"", line);
}

static int open_store(struct server *s, struct error *e) {
    const struct store_options options = {
        .force_filesystem = s->config->force_filesystem,
        .map_bytes = s->config->map_bytes,
        .free_floor_bytes = s->config->free_floor_bytes,
        .segment_bytes = s->config->segment_bytes,
        .fold_beside = true,
        .no_upgrade_copy = s->setting->no_upgrade_backup,
        .backup_directories = (const char *const *)s->config->backup_directories,
        .n_backup_directories = s->config->backup_directories_count,
        .progress = on_progress,
        .notice = on_notice};
    notify_status("Opening the store");
    return store_open(s->setting->store, &options, &s->store, e) != 0
               ? -1
               : secrets_open(s->setting->store, &s->secrets, e);
}

static void log_library(void *ctx, const char *name, const char *version) {
    (void)ctx;
    log_event(LEVEL_INFO, "library", "name=%s version=%s", name, version);
}

static int out_of_memory(struct error *e) {
    return error_set(e, ERR_INTERNAL, "", "Out of memory.", "メモリーが足りません。");
}

static int open_base(struct server *s, struct error *e) {
    struct event_config *cfg = event_config_new();
    if (cfg != NULL) {
        event_config_set_flag(cfg, EVENT_BASE_FLAG_NOLOCK);
        s->base = event_base_new_with_config(cfg);
        event_config_free(cfg);
    }
    if (s->base == NULL || event_base_priority_init(s->base, PRIORITIES) != 0) {
        return error_set(e, ERR_INTERNAL, "", "The event loop cannot start.",
                         "イベントループを始められません。");
    }
    return 0;
}

static int add_timers(struct server *s, struct error *e) {
    static const int numbers[] = {SIGTERM, SIGINT, SIGHUP};
    for (size_t i = 0; i < 3; i++) {
        s->signals[i] = evsignal_new(s->base, numbers[i], on_signal, s);
        if (s->signals[i] == NULL || event_priority_set(s->signals[i], 0) != 0 ||
            event_add(s->signals[i], NULL) != 0) {
            return out_of_memory(e);
        }
    }
    s->stop_timer = evtimer_new(s->base, on_stop_timer, s);
    s->status_timer = event_new(s->base, -1, EV_PERSIST, on_status_timer, s);
    s->settle_timer = evtimer_new(s->base, on_settle_timer, s);
    if (s->stop_timer == NULL || s->status_timer == NULL || s->settle_timer == NULL) {
        return out_of_memory(e);
    }
    event_priority_set(s->stop_timer, 0);
    event_priority_set(s->status_timer, 0);
    event_priority_set(s->settle_timer, 0);
    const struct timeval tv = {.tv_sec = STATUS_SECONDS};
    (void)event_add(s->status_timer, &tv); /* nothing depends on it */
    return 0;
}

static int open_rooms(struct server *s, struct error *e) {
    const struct config *c = s->config;
    s->pool = pool_new(s->base, 0, (unsigned)c->query_threads, c->query_waiting_max);
    if (s->pool == NULL) {
        return error_set(e, ERR_INTERNAL, "", "The threads cannot start.",
                         "スレッドを始められません。");
    }
    const struct dispatch_setting setting = {.base = s->base,
                                             .priority = 1,
                                             .store = s->store,
                                             .secrets = s->secrets,
                                             .pool = s->pool,
                                             .room = &s->room,
                                             .config = c};
    s->dispatch = dispatch_new(&setting);
    s->listen = listen_new(s->base, 1, &listen_handler, s);
    return s->dispatch == NULL || s->listen == NULL ? out_of_memory(e) : 0;
}

static int open_sockets(struct server *s, struct error *e) {
    const struct config *c = s->config;
    if (listen_systemd(s->listen, e) < 0) {
        return -1;
    }
    for (size_t i = 0; i < c->listen_count; i++) {
        const char *at = c->listen[i];
        int rc = strncmp(at, "unix:", 5) != 0
                     ? listen_tls(s->listen, at, e)
                     : listen_unix(s->listen, at + 5, c->socket_owner, c->socket_group, e);
        if (rc != 0) {
            return -1;
        }
    }
    return setting_check_tls(s->tls, listen_has_tls(s->listen), e);
}

static int start(struct server *s, struct error *e) {
    log_event(LEVEL_NOTICE, "starting", "version=%s store=%s", MADOGUCHI_VERSION,
              s->setting->store);
    status_libraries(log_library, NULL);
    struct tls *tls;
    if (setting_tls(s->config, &tls, e) != 0) {
        return -1;
    }
    s->tls = tls; /* what was made is freed by end() */
    if (open_store(s, e) != 0 || open_base(s, e) != 0 || open_rooms(s, e) != 0 ||
        add_timers(s, e) != 0 || open_sockets(s, e) != 0) {
        return -1;
    }
    const struct notify_watch watch = {.alive = is_alive, .flushing = is_flushing, .ctx = s};
    store_watch_flushes(&s->flush_since);
    s->notify = notify_ready(s->base, &watch);
    if (s->notify == NULL) {
        return out_of_memory(e);
    }
    struct store_status status;
    store_status(s->store, &status);
    log_event(LEVEL_NOTICE, "ready", "municipality=%s head=%" PRIu64, store_municipality(s->store),
              status.head);
    s->tls = NULL;
    take_tls(s, tls);
    on_status_timer(-1, 0, s);
    listen_start(s->listen);
    return 0;
}

/* From here on nothing waits for an answer, and the end is not to be hurried: a
 * signal would find the loop's handlers gone and kill the process before the
 * mark of a clean stop is written. */
static void block_signals(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
}

/* Frees what start() made, also half of it.  `clean`: everything ended as it
 * should. */
static void end(struct server *s, bool clean) {
    block_signals();
    notify_extend(EXTEND_USEC);
    listen_free(s->listen);
    if (s->store != NULL && s->dispatch != NULL && !group_flushing(dispatch_group(s->dispatch))) {
        struct error ignored;
        (void)!store_settle(s->store, &ignored); /* who copies the tables waits for it */
    }
    bool quiet = s->pool == NULL || pool_stop(s->pool, LAST_WAIT_MS);
    quiet = dispatch_stop(s->dispatch, LAST_WAIT_MS) && quiet;
    if (!quiet) {
        /* A question still reads the store: it cannot be closed under it. */
        log_event(LEVEL_WARNING, "exit", "why=\"a question does not end\" clean=no");
        _exit(clean ? EXIT_DONE : EXIT_REFUSED);
    }
    dispatch_free(s->dispatch);
    secrets_free(s->secrets);
    tls_free(s->tls);
    notify_free(s->notify);
    struct event *const events[] = {s->signals[0], s->signals[1],   s->signals[2],
                                    s->stop_timer, s->status_timer, s->settle_timer};
    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++) {
        if (events[i] != NULL) {
            event_free(events[i]);
        }
    }
    if (s->base != NULL) {
        event_base_free(s->base);
    }
    if (s->store != NULL) {
        struct store_status status;
        store_status(s->store, &status);
        head_log(&status);
        store_close(s->store, true);
    }
    store_watch_flushes(NULL);
    if (s->config != s->started) {
        config_free(s->config);
    }
    config_free(s->started);
}

static int refuse(const struct error *e) {
    log_error(LEVEL_ERROR, "refused-to-start", e);
    if (isatty(STDERR_FILENO) != 0) {
        say_error(e);
    }
    return EXIT_REFUSED;
}

int command_serve(const struct serve_setting *setting) {
    struct server s = {.setting = setting, .room = {.directory = setting->store}};
    struct error e;
    signal(SIGPIPE, SIG_IGN);
    fault_install();
    signal(SIGHUP, SIG_IGN); /* until the loop takes it: a reload too early must not kill */
    if (setting_config(setting, &s.config, &e) != 0) {
        return refuse(&e);
    }
    s.started = s.config;
    if (s.config->listen_count == 0 && sd_listen_fds(0) <= 0) {
        config_free(s.config);
        say(stderr, "madoguchid: there is nowhere to listen: give --listen unix:PATH\n",
            "madoguchid: 待ち受け先がありません。--listen unix:パス を指定してください\n");
        return EXIT_USAGE;
    }
    apply_config(&s);
    int status = EXIT_DONE;
    if (start(&s, &e) != 0) {
        status = refuse(&e);
    } else {
        run(&s);
    }
    end(&s, status == EXIT_DONE);
    if (status == EXIT_DONE) {
        log_event(LEVEL_NOTICE, "stopped", "clean=yes");
    }
    return status;
}
