#include "daemon/status.h"

#include "daemon/answer.h"
#include "proto/frame.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#define ROWS_MAX  64
#define VALUE_MAX 600

/* LMDB is the store's; only its version is asked here, and without its header. */
extern char *mdb_version(int *major, int *minor, int *patch);

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
    Madoguchi__Pair *pair = arena_alloc(rows->arena, sizeof *pair);
    char *copy = arena_strndup(rows->arena, value, strlen(value));
    if (rows->n < ROWS_MAX && pair != NULL && copy != NULL) {
        madoguchi__pair__init(pair);
        SET(pair, name, bytes_of(name));
        SET(pair, value, bytes_of(copy));
        rows->list[rows->n++] = pair;
    }
}

static void add_library(void *ctx, const char *name, const char *version) {
    add(ctx, name, "%s", version);
}

void status_libraries(void (*each)(void *ctx, const char *name, const char *version), void *ctx) {
    each(ctx, "libevent", event_get_version());
    int major;
    int minor;
    int patch;
    char lmdb[32];
    mdb_version(&major, &minor, &patch);
    snprintf(lmdb, sizeof lmdb, "%d.%d.%d", major, minor, patch);
    each(ctx, "lmdb", lmdb);
    each(ctx, "protobuf-c", protobuf_c_version());
    each(ctx, "libsodium", sodium_version_string());
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
    for (int i = 0; i < 32; i++) {
        snprintf(hex + 2 * i, 3, "%02x", hash[i]);
    }
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

/* Returns the head: where the rows stand. */
static uint64_t add_store(struct rows *rows, struct store *store) {
    struct store_status s = {0};
    store_status(store, &s);
    add(rows, "municipality", "%s", store_municipality(store));
    add(rows, "name", "%s", store_name(store));
    add(rows, "head", "%" PRIu64, s.head);
    add_hash(rows, "head_hash", s.head_hash);
    add(rows, "applied", "%" PRIu64, s.applied);
    add_time(rows, "recorded_at", s.recorded_at);
    add(rows, "fold_version", "%" PRIu32, s.fold_version);
    add(rows, "full", "%s", s.full ? "yes" : "no");
    add(rows, "groups", "%" PRIu64, s.groups);
    add(rows, "entries", "%" PRIu64, s.entries);
    add(rows, "last_flush_us", "%" PRIu64, s.last_flush_us);
    add(rows, "map_bytes", "%" PRIu64, s.map_bytes);
    add(rows, "map_used", "%" PRIu64, s.map_used);
    add(rows, "free_bytes", "%" PRIu64, s.free_bytes);
    add(rows, "segments", "%" PRIu64, s.segments);
    add(rows, "journal_bytes", "%" PRIu64, s.journal_bytes);
    add_backup(rows, &s);
    add(rows, "readers", "%u", s.readers);
    add(rows, "readers_max", "%u", s.readers_max);
    return s.head;
}

static void add_daemon(struct rows *rows, const struct status_source *source) {
    const struct counters *k = source->counters;
    add(rows, "version", "%s", MADOGUCHI_VERSION);
    add(rows, "protocol", "%d", PROTOCOL_VERSION);
    add(rows, "connections", "%zu", source->connections);
    add(rows, "connections_max", "%" PRIu64, source->connections_max);
    add(rows, "connections_total", "%" PRIu64, k->connections);
    add(rows, "requests_total", "%" PRIu64, k->requests);
    add(rows, "queue", "%zu", source->waiting);
    add(rows, "questions", "%zu", source->questions);
    for (int code = 1; code < DISPATCH_CODES; code++) {
        if (k->refusals[code] > 0) {
            char *name = arena_printf(rows->arena, "refused_%s", error_word(code));
            add(rows, name != NULL ? name : "refused", "%" PRIu64, k->refusals[code]);
        }
    }
}

void status_answer(const struct status_source *source, struct conn *c, struct request *r) {
    struct rows rows = {.arena = &r->arena};
    uint64_t head = add_store(&rows, source->store);
    add_daemon(&rows, source);
    status_libraries(add_library, &rows);
    Madoguchi__Page page = MADOGUCHI__PAGE__INIT;
    page.pair = rows.list;
    page.n_pair = rows.n;
    answer_page(c, r->serial, head, &page);
}
