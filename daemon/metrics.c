#include "daemon/metrics.h"

#include "proto/log.h"

#include <inttypes.h>
#include <time.h>

uint64_t metrics_wall(void) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

uint64_t metrics_clock(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

void metrics_turn(struct metrics *m) {
    m->turn = 0;
}

void metrics_came(struct metrics *m, struct request *r) {
    if (m->turn == 0) {
        m->turn = metrics_clock();
    }
    m->requests++;
    r->kind = r->part != REQUEST_WHOLE ? REQUEST_RECORD : request_kind_of(r->body);
    r->came = m->turn;
}

void metrics_refused(struct metrics *m, const struct error *e) {
    m->refusals[(unsigned)e->code < METRICS_CODES ? (unsigned)e->code : 0]++;
}

/* One request was answered at `now`, after working_us of work. */
static void count(struct metrics *m, const struct request *r, uint64_t now, uint64_t working_us) {
    uint64_t took = now > r->came ? now - r->came : 0;
    uint64_t worked = working_us < took ? working_us : took;
    histogram_add(&m->answer[r->kind], took);
    if (m->slow_us == 0 || took < m->slow_us) {
        return;
    }
    char entry[32] = "";
    if (r->kind == REQUEST_RECORD && r->refusal == NULL && r->result.seq != 0) {
        snprintf(entry, sizeof entry, " entry=%" PRIu64, r->result.seq);
    }
    log_event(LEVEL_NOTICE, "slow-request",
              "kind=%s request=%" PRIu32 " ms=%" PRIu64 " waited_ms=%" PRIu64 " worked_ms=%" PRIu64
              "%s",
              request_kind_word(r->kind), r->serial, took / 1000, (took - worked) / 1000,
              worked / 1000, entry);
}

void metrics_group_begins(struct metrics *m) {
    m->began = metrics_clock();
}

void metrics_group_flushed(struct metrics *m, size_t entries, uint64_t flush_us) {
    histogram_add(&m->group, entries);
    histogram_add(&m->flush, flush_us);
}

void metrics_group_ends(struct metrics *m) {
    m->ended = metrics_clock();
}

void metrics_recorded(struct metrics *m, const struct request *r) {
    count(m, r, m->ended, m->ended - m->began);
}

void metrics_answered(struct metrics *m, const struct request *r, uint64_t working_us) {
    count(m, r, metrics_clock(), working_us);
}
