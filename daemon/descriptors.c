#include "daemon/descriptors.h"

#include "proto/log.h"

#include <inttypes.h>
#include <sys/resource.h>

#define DESCRIPTORS_EXTRA 64 /* beside those of connections */

uint64_t descriptors_allow(uint64_t wanted) {
    struct rlimit limit;
    uint64_t need = wanted + DESCRIPTORS_EXTRA;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= need) {
        return wanted;
    }
    struct rlimit raised = {.rlim_cur = need < limit.rlim_max ? need : limit.rlim_max,
                            .rlim_max = limit.rlim_max};
    if (setrlimit(RLIMIT_NOFILE, &raised) == 0) {
        limit = raised;
    }
    if (limit.rlim_cur >= need) {
        return wanted;
    }
    uint64_t allowed = limit.rlim_cur > DESCRIPTORS_EXTRA ? limit.rlim_cur - DESCRIPTORS_EXTRA : 1;
    log_event(LEVEL_WARNING, "connections-limited",
              "connections_max=%" PRIu64 " allowed=%" PRIu64 " descriptors=%" PRIu64
              " needed=%" PRIu64,
              wanted, allowed, (uint64_t)limit.rlim_cur, need);
    return allowed;
}
