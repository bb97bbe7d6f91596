#include "daemon/head.h"

#include "proto/calendar.h"
#include "proto/log.h"

#include <inttypes.h>
#include <sodium.h>

void head_log(const struct store_status *status) {
    char hex[65];
    sodium_bin2hex(hex, sizeof hex, status->head_hash, sizeof status->head_hash);
    log_event(LEVEL_NOTICE, "journal-head", "head=%" PRIu64 ":%s", status->head, hex);
}

void head_log_daily(const struct store_status *status, int64_t now, uint32_t *day) {
    uint32_t today = calendar_today(now * 1000);
    if (today != *day) {
        *day = today;
        head_log(status);
    }
}
