#include "daemon/status.h"

#include "daemon/answer.h"
#include "daemon/dispatch.h"
#include "proto/calendar.h"
#include "proto/frame.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#define ROWS_MAX  160
#define VALUE_MAX 800

struct rows {
    struct arena *arena;
    Madoguchi__Pair *list[ROWS_MAX];
    size_t n;
};

static void add(struct rows *rows, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void add(struct rows *rows, const char *name, const char *format, ...) {
    char value[VALUE_MAX];
    va_list ap;
    va_start(ap, format);
    vsnprintf(value, sizeof value, format, ap);
    va_end(ap);
    Madoguchi__Pair *pair = answer_pair(rows->arena, name, value);
    if (rows->n < ROWS_MAX && pair != NULL) {
        rows->list[rows->n++] = pair;
    }
}

static void add_library(void *ctx, const char *name, const char *version) {
    add(ctx, name, "%s", version);
}

void status_libraries(void (*each)(void *ctx, const char *name, const char *version), void *ctx) {
    each(ctx, "libevent", event_get_version());
    char lmdb[STORE_VERSION_TEXT];
    store_tables_version(lmdb);
    each(ctx, "lmdb", lmdb);
    each(ctx, "protobuf-c", protobuf_c_version());
    each(ctx, "libsodium", sodium_version_string());
    each(ctx, "openssl", OpenSSL_version(OPENSSL_VERSION_STRING));
}

static void add_time(struct rows *rows, const char *name, uint64_t ms) {
    time_t seconds = (time_t)(ms / 1000);
    struct tm tm;
    char text[32];
    gmtime_r(&seconds, &tm);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm);
    add(rows, name, "%s", ms == 0 ? "" : text);
}

static void add_hash(struct rows *rows, const char *name, const uint8_t hash[32]) {
    char hex[65];
    sodium_bin2hex(hex, sizeof hex, hash, 32);
    add(rows, name, "%s", hex);
}

/* Empty while no backup is known of. */
static void add_backup(struct rows *rows, const struct store_status *s) {
    char seq[32] = "";
    char age[32] = "";
    if (s->last_backup != 0) {
        long long passed = (long long)time(NULL) - (long long)(s->last_backup / 1000);
        snprintf(seq, sizeof seq, "%" PRIu64, s->last_backup_seq);
        snprintf(age, sizeof age, "%lld", passed > 0 ? passed : 0);
    }
    add_time(rows, "last_backup", s->last_backup);
    add(rows, "last_backup_seq", "%s", seq);
    add(rows, "last_backup_age_s", "%s", age);
}

static void add_store(struct rows *rows, const struct status_source *source,
                      const struct store_status *s) {
    add(rows, "municipality", "%s", store_municipality(source->store));
    add(rows, "name", "%s", store_name(source->store));
    add(rows, "head", "%" PRIu64, s->head);
    add_hash(rows, "head_hash", s->head_hash);
    add(rows, "applied", "%" PRIu64, s->applied);
    add_time(rows, "recorded_at", s->recorded_at);
    add(rows, "fold_version", "%" PRIu32, s->fold_version);
    add(rows, "full", "%s", s->full ? "yes" : "no");
    add(rows, "groups", "%" PRIu64, s->groups);
    add(rows, "entries", "%" PRIu64, s->entries);
    add(rows, "last_flush_us", "%" PRIu64, s->last_flush_us);
    add(rows, "map_bytes", "%" PRIu64, s->map_bytes);
    add(rows, "map_used", "%" PRIu64, s->map_used);
    add(rows, "map_used_percent", "%u", warning_map_percent(s));
    add(rows, "disk_bytes", "%" PRIu64, s->disk_bytes);
    add(rows, "disk_used_percent", "%u", warning_disk_percent(s));
    add(rows, "free_bytes", "%" PRIu64, s->free_bytes);
    add(rows, "free_floor_bytes", "%" PRIu64, s->free_floor_bytes);
    add(rows, "segments", "%" PRIu64, s->segments);
    add(rows, "journal_bytes", "%" PRIu64, s->journal_bytes);
    add_backup(rows, s);
    add(rows, "readers", "%u", s->readers);
    add(rows, "readers_max", "%u", s->readers_max);
}

/* A row whose name ends with a word. */
static void add_of(struct rows *rows, const char *name, const char *word, uint64_t n) {
    char *whole = arena_printf(rows->arena, "%s_%s", name, word);
    if (whole != NULL) {
        add(rows, whole, "%" PRIu64, n);
    }
}

static void add_p99(struct rows *rows, const char *name, const struct histogram *h) {
    char p99[32] = "";
    if (h->n > 0) {
        snprintf(p99, sizeof p99, "%" PRIu64, histogram_quantile(h, 990));
    }
    add(rows, name, "%s", p99);
}

static void add_times(struct rows *rows, const struct metrics *m) {
    add_p99(rows, "flush_p99_us", &m->flush);
    add(rows, "flush_sum_us", "%" PRIu64, m->flush.sum);
    add(rows, "group_mean", "%.1f",
        m->group.n == 0 ? 0.0 : (double)m->group.sum / (double)m->group.n);
    add_p99(rows, "group_p99", &m->group);
    for (unsigned i = 0; i < REQUEST_KINDS; i++) {
        const char *word = request_kind_word(i);
        char *p99 = arena_printf(rows->arena, "answer_p99_us_%s", word);
        add_of(rows, "answers", word, m->answer[i].n);
        if (p99 != NULL) {
            add_p99(rows, p99, &m->answer[i]);
        }
        add_of(rows, "answer_sum_us", word, m->answer[i].sum);
    }
}

static void add_warnings(struct rows *rows, const struct status_source *source,
                         const struct store_status *s, bool japanese) {
    for (unsigned i = 0; i < WARNINGS; i++) {
        char *name = arena_printf(rows->arena, "warning_%s", warning_word(i));
        if (name != NULL) {
            add(rows, name, "%s", source->warnings->on[i] ? "yes" : "no");
        }
    }
    struct error e;
    bool expires = source->tls != NULL && tls_warns(source->tls, (int64_t)time(NULL), &e);
    add(rows, "warning_certificate", "%s", expires ? "yes" : "no");
    if (expires) {
        add(rows, "warning", "%s", japanese ? e.ja : e.en);
    }
    for (unsigned i = 0; i < WARNINGS; i++) {
        if (source->warnings->on[i]) {
            warning_say(i, s, &e);
            add(rows, "warning", "%s", japanese ? e.ja : e.en);
        }
    }
}

/* Empty without TLS. */
static void add_tls(struct rows *rows, const struct status_source *source) {
    char days[24] = "";
    if (source->tls != NULL) {
        snprintf(days, sizeof days, "%" PRId64, tls_days_left(source->tls, (int64_t)time(NULL)));
    }
    add_time(rows, "certificate_not_after",
             source->tls != NULL ? (uint64_t)tls_not_after(source->tls) * 1000 : 0);
    add(rows, "certificate_days_left", "%s", days);
    add(rows, "handshakes", "%zu", source->handshakes);
    add(rows, "handshakes_failed", "%" PRIu64, source->handshakes_failed);
}

/* Whoever has every role can do everything alone: nobody else looks at it. */
static void add_people(struct rows *rows, const struct status_source *source) {
    uint32_t today = calendar_today((int64_t)metrics_wall());
    const struct person *p = store_person_with_all(source->store, today);
    add(rows, "logins", "%zu", source->logins);
    add(rows, "everything_by", "%s", p == NULL ? "" : p->name);
}

static void add_daemon(struct rows *rows, const struct status_source *source) {
    const struct metrics *m = source->metrics;
    add(rows, "version", "%s", MADOGUCHI_VERSION);
    add(rows, "protocol", "%d", PROTOCOL_VERSION);
    add(rows, "uptime_s", "%" PRIu64, (metrics_clock() - m->started) / 1000000);
    add(rows, "connections", "%zu", source->connections);
    add(rows, "connections_max", "%" PRIu64, source->connections_max);
    add(rows, "connections_total", "%" PRIu64, m->connections);
    add(rows, "connections_refused", "%" PRIu64, m->connections_refused);
    add(rows, "requests_total", "%" PRIu64, m->requests);
    add(rows, "queue", "%zu", source->waiting);
    add(rows, "questions", "%zu", source->questions);
    for (int code = ERR_MALFORMED; code <= ERR_DOES_NOT_HOLD; code++) {
        add_of(rows, "refused", error_word(code), m->refusals[code]);
    }
}

void status_answer(const struct status_source *source, struct conn *c, struct request *r) {
    struct rows rows = {.arena = &r->arena};
    struct store_status s = {0};
    store_status(source->store, &s);
    warnings_look(source->warnings, &s, source->warn_percent);
    add_store(&rows, source, &s);
    add_daemon(&rows, source);
    add_tls(&rows, source);
    add_people(&rows, source);
    add_times(&rows, source->metrics);
    status_libraries(add_library, &rows);
    add_warnings(&rows, source, &s, r->japanese);
    Madoguchi__Page page = MADOGUCHI__PAGE__INIT;
    page.pair = rows.list;
    page.n_pair = rows.n;
    answer_page(c, r->serial, s.head, &page);
}
