#include "daemon/warning.h"

#include "proto/log.h"

#include <inttypes.h>

static const char *const words[WARNINGS] = {
    [WARNING_DISK] = "disk", [WARNING_MAP] = "map", [WARNING_FULL] = "full"};

const char *warning_word(enum warning warning) {
    return words[warning];
}

static unsigned percent_of(uint64_t part, uint64_t all) {
    return all == 0 ? 0 : (unsigned)((double)part * 100.0 / (double)all);
}

unsigned warning_disk_percent(const struct store_status *s) {
    return percent_of(s->disk_bytes - s->free_bytes, s->disk_bytes);
}

unsigned warning_map_percent(const struct store_status *s) {
    return percent_of(s->map_used, s->map_bytes);
}

static bool is_at(unsigned used, uint64_t percent, bool on) {
    return used + (on ? WARNING_SLACK : 0) >= percent;
}

void warnings_look(struct warnings *w, const struct store_status *s, uint64_t percent) {
    unsigned disk = warning_disk_percent(s);
    unsigned map = warning_map_percent(s);
    const bool now[WARNINGS] = {
        [WARNING_DISK] = is_at(disk, percent, w->on[WARNING_DISK]),
        [WARNING_MAP] = is_at(map, percent, w->on[WARNING_MAP]),
        [WARNING_FULL] = s->full,
    };
    for (unsigned i = 0; i < WARNINGS; i++) {
        if (now[i] != w->on[i]) {
            w->on[i] = now[i];
            log_event(now[i] ? LEVEL_WARNING : LEVEL_NOTICE,
                      now[i] ? "warning-begins" : "warning-ends",
                      "kind=%s disk_used_percent=%u map_used_percent=%u free_bytes=%" PRIu64
                      " free_floor_bytes=%" PRIu64,
                      words[i], disk, map, s->free_bytes, s->free_floor_bytes);
        }
    }
}

static unsigned long long mebibytes(uint64_t bytes) {
    return (unsigned long long)(bytes >> 20);
}

static void say_full(const struct store_status *s, struct error *e) {
    if (s->map_used > s->map_bytes / 100 * STORE_MAP_FULL_PERCENT) {
        error_set(e, ERR_FULL, "map_bytes",
                  "Nothing new is recorded: the map of the tables is used to %u %%. Restart the "
                  "daemon with a larger map_bytes; reading goes on.",
                  "新しい記録を受け付けていません。集計表の領域が %u %% に達しました。map_bytes を"
                  "大きくしてサーバーを起動し直してください (照会は続けられます)。",
                  warning_map_percent(s));
        return;
    }
    error_set(e, ERR_FULL, "free_floor_bytes",
              "Nothing new is recorded: the store's disk has %llu MiB free, of which %llu MiB must "
              "stay free beside the journal's next file. Free space on it, or move the store to a "
              "larger disk; reading goes on.",
              "新しい記録を受け付けていません。記録庫のディスクの空きが %llu MiB です "
              "(ジャーナルの次のファイルのほかに %llu MiB 必要)。空きを作るか、大きいディスクへ"
              "移してください (照会は続けられます)。",
              mebibytes(s->free_bytes), mebibytes(s->free_floor_bytes));
}

void warning_say(enum warning warning, const struct store_status *s, struct error *e) {
    switch (warning) {
    case WARNING_DISK:
        error_set(e, ERR_FULL, "disk",
                  "The store's disk is used to %u %% (%llu MiB free). Below %llu MiB nothing new "
                  "is recorded: free space on it, or move the store to a larger disk.",
                  "記録庫のディスクを %u %% 使っています (空き %llu MiB)。%llu MiB を下回ると"
                  "記録できなくなります。空きを作るか、大きいディスクへ移してください。",
                  warning_disk_percent(s), mebibytes(s->free_bytes),
                  mebibytes(s->free_floor_bytes));
        break;
    case WARNING_MAP:
        error_set(e, ERR_FULL, "map_bytes",
                  "The map of the tables is used to %u %%. At %d %% nothing new is recorded: "
                  "restart the daemon with a larger map_bytes.",
                  "集計表の領域を %u %% 使っています。%d %% に達すると記録できなくなります。"
                  "map_bytes を大きくしてサーバーを起動し直してください。",
                  warning_map_percent(s), STORE_MAP_FULL_PERCENT);
        break;
    default:
        say_full(s, e);
        break;
    }
}
