#include "tests/bench/tongue.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

struct requests {
    struct packed packed[CASES];
    const struct tongue *tongue;
    size_t next;
    struct news news;
};

struct requests *requests_make(const struct load *load) {
    const struct bench_case *cases = cases_make(load->catalogue, load->months);
    struct requests *r = calloc(1, sizeof *r);
    if (r == NULL) {
        bench_die("out of memory");
    }
    r->tongue = load->tongue;
    for (size_t i = 0; i < CASES; i++) {
        load->tongue->pack(&cases[i], &r->packed[i]);
    }
    if (getrandom(r->news.id, sizeof r->news.id, 0) != sizeof r->news.id) {
        bench_die("no random bytes");
    }
    return r;
}

void requests_free(struct requests *r) {
    free(r);
}

static void new_id(struct requests *r) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME_COARSE, &t);
    uint64_t ms = (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
    for (int i = 0; i < 6; i++) {
        r->news.id[i] = (uint8_t)(ms >> (40 - 8 * i));
    }
    /* The real client draws all ten bytes; here half of them count on, and the
     * rest is scattered as random bytes would be. */
    uint64_t v = ++r->news.serial * 0x9E3779B97F4A7C15u;
    memcpy(r->news.id + 6, &v, sizeof v);
}

void requests_next(struct requests *r, struct wire *w) {
    struct packed *p = &r->packed[r->next++ % CASES];
    new_id(r);
    r->news.date = cases_date();
    r->tongue->renew(p, &r->news);
    if (r->tongue->framed) {
        wire_add_frame(w, p->data, p->len);
    } else {
        wire_add(w, p->data, p->len);
    }
}

static void print_cell(ProtobufCBinaryData b) {
    printf(",%.*s", (int)b.len, (const char *)b.data);
}

/* A row of `madoguchi import`. */
static void print_words(unsigned long i, const struct bench_case *k, uint32_t date) {
    printf("log,%lu,%04u-%02u-%02u", i, date / 10000, date / 100 % 100, date % 100);
    print_cell(k->service);
    print_cell(k->topic);
    print_cell(k->office);
    print_cell(k->channel);
    print_cell(k->nature);
    print_cell(k->age);
    print_cell(k->origin);
    putchar('\n');
}

/* A row of the peers' table of cases, without a header. */
static void print_numbers(unsigned long i, const struct bench_case *k, uint32_t date) {
    printf("%lu,%d,%u,%u,%u,%u,%u,%u,\"%s\"\n", i + 1, CASES_MUNICIPALITY, k->service_number,
           k->office_number, k->channel_number, k->nature_number, k->topic_number, date,
           cases_note);
}

void bench_csv(const struct load *load, bool numbers) {
    const struct bench_case *cases = cases_make(load->catalogue, load->months);
    if (!numbers) {
        puts("kind,ref,date,service,topic,office,channel,nature,age,origin");
    }
    for (unsigned long i = 0; i < load->total; i++) {
        (numbers ? print_numbers : print_words)(i, &cases[i % CASES], cases_date());
    }
}
