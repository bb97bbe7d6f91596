#include "tests/bench/measure.h"

#include "tests/bench/bench.h"

#include <stdio.h>
#include <time.h>

void measure_begin(struct measure *m, double seconds, unsigned long total, long pid,
                   const char *data) {
    *m = (struct measure){.times = times_new(), .pid = pid, .data = data, .total = total};
    m->length = (uint64_t)(seconds * 1e9);
    account_disk(&m->before, data);
    m->from = bench_now() + (total != 0 ? 0 : m->length / 4);
}

bool measure_goes_on(struct measure *m) {
    uint64_t now = bench_now();
    if (!m->counts && now >= m->from) {
        account_take(&m->before, m->pid);
        m->counts = true;
        m->from = now = bench_now();
        m->until = m->from + m->length;
    }
    return m->total != 0 ? m->answered < m->total : !m->counts || now < m->until;
}

void measure_answer(struct measure *m, uint64_t asked, uint64_t now) {
    m->answered++;
    if (m->counts) {
        times_add(&m->times, now - asked);
        m->counted++;
    }
}

static void print_part(double before, double after, double unit, double of) {
    if (before < 0 || after < 0) {
        printf(" -");
    } else {
        printf(" %.3f", (after - before) * unit / of);
    }
}

void measure_end(struct measure *m) {
    struct account after;
    double seconds = (double)(bench_now() - m->from) / 1e9;
    double n = (double)m->counted;
    double all = (double)m->answered;
    if (m->total != 0) {
        struct timespec t = {.tv_sec = 1}; /* for what the server does after it answered */
        nanosleep(&t, NULL);
    }
    double used = (double)(bench_now() - m->from) / 1e9;
    account_take(&after, m->pid);
    account_disk(&after, m->data);
    printf("%.0f %.3f %.3f", n / seconds, times_percentile(&m->times, 50),
           times_percentile(&m->times, 99));
    print_part(m->before.server, after.server, 1e6, n);
    print_part(m->before.disk_bytes, after.disk_bytes, 1, all);
    print_part(m->before.disk_flushes, after.disk_flushes, 1, all);
    print_part(m->before.client, after.client, 1, used);
    double named_before = m->before.client + (m->pid != 0 ? m->before.server : 0);
    double named_after = after.client + (m->pid != 0 ? after.server : 0);
    print_part(m->before.machine - named_before, after.machine - named_after, 1, used);
    putchar('\n');
    times_free(&m->times);
}
