/* How the store is. */
#include "store/disk.h"
#include "store/internal.h"

#include <stdio.h>

/* What the next group would meet: below the floor it is refused, and so was the
 * last one where even the next segment had no room. */
static bool is_full(const struct store *s, const struct store_status *now) {
    uint64_t segment =
        s->options.segment_bytes != 0 ? s->options.segment_bytes : JOURNAL_SEGMENT_DEFAULT;
    return now->free_bytes < now->free_floor_bytes ||
           now->map_used > now->map_bytes / 100 * STORE_MAP_FULL_PERCENT ||
           (now->full && now->free_bytes < now->free_floor_bytes + segment);
}

static void add_disk(struct store *s, struct store_status *out) {
    struct journal_stat stat;
    journal_stat(s->journal, &stat);
    out->segments = stat.segments;
    out->journal_bytes = stat.bytes;
    out->free_floor_bytes = s->options.free_floor_bytes;
    if (disk_space(s->dirfd, &out->free_bytes, &out->disk_bytes) != 0) {
        out->free_bytes = out->disk_bytes = 0;
    }
}

static void add_tables(struct store *s, struct store_status *out) {
    MDB_envinfo info;
    MDB_stat mdb;
    mdb_env_info(s->tables.env, &info);
    mdb_env_stat(s->tables.env, &mdb);
    out->map_bytes = info.me_mapsize;
    out->map_used = ((uint64_t)info.me_last_pgno + 1) * mdb.ms_psize;
    out->readers = info.me_numreaders;
    out->readers_max = info.me_maxreaders;
}

void store_status(struct store *s, struct store_status *out) {
    pthread_mutex_lock(&s->status_lock);
    *out = s->status;
    pthread_mutex_unlock(&s->status_lock);
    add_disk(s, out);
    add_tables(s, out);
    out->full = is_full(s, out);
}

void store_tables_version(char out[STORE_VERSION_TEXT]) {
    int major;
    int minor;
    int patch;
    mdb_version(&major, &minor, &patch);
    snprintf(out, STORE_VERSION_TEXT, "%d.%d.%d", major, minor, patch);
}
