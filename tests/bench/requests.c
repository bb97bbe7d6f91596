#include "tests/bench/bench.h"

#include "proto/calendar.h"
#include "proto/catalogue.h"
#include "proto/check.h"
#include "proto/yaml.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#define REQUESTS    8192 /* different ones */
#define PACKED_MAX  256
#define SERIAL      0x10000000u /* from here a varint always has five bytes */
#define CHOICES_MAX 128

struct packed {
    uint8_t data[PACKED_MAX];
    uint16_t len, id, serial; /* the length, and where the two stand */
};

struct requests {
    struct packed packed[REQUESTS];
    Madoguchi__Act act[REQUESTS];
    size_t next;
    uint32_t serial;
    uint8_t id[16];
    struct catalogue *catalogue;
    uint64_t state;
};

/* xorshift64*: the same requests at every run. */
static uint32_t choose(struct requests *r, uint32_t below) {
    r->state ^= r->state >> 12;
    r->state ^= r->state << 25;
    r->state ^= r->state >> 27;
    return (uint32_t)((r->state * 2685821657736338717u) >> 32) % below;
}

static struct catalogue *read_catalogue(const char *path) {
    static char text[YAML_MAX];
    struct arena arena;
    struct error e = {0};
    ProtobufCBinaryData packed;
    struct catalogue *catalogue;
    FILE *f = fopen(path, "r");
    if (f == NULL) {
        bench_die("%s cannot be read", path);
    }
    size_t len = fread(text, 1, sizeof text, f);
    fclose(f);
    arena_init(&arena, 16u << 20);
    if (yaml_catalogue(text, len, path, &arena, &packed, &e) != 0 ||
        catalogue_open(packed.data, packed.len, &catalogue, &e) != 0) {
        bench_die("%s", e.en);
    }
    arena_free(&arena);
    return catalogue;
}

/* A code of the list that the service may use; false when there is none. */
static bool pick(struct requests *r, const char *list, ProtobufCBinaryData service,
                 ProtobufCBinaryData *out) {
    const Document__Catalogue *c = catalogue_document(r->catalogue);
    ProtobufCBinaryData choices[CHOICES_MAX];
    uint32_t n = 0;
    for (size_t i = 0; i < c->n_code && n < CHOICES_MAX; i++) {
        const Document__Code *code = c->code[i];
        bool meant = code->n_service == 0;
        for (size_t k = 0; k < code->n_service; k++) {
            meant = meant || bytes_same(code->service[k], service);
        }
        if (meant && bytes_equal(code->list, list) && !code->has_retired) {
            choices[n++] = code->code;
        }
    }
    if (n == 0) {
        return false;
    }
    *out = choices[choose(r, n)];
    return true;
}

static void make_act(struct requests *r, Madoguchi__Act *a, ProtobufCBinaryData topic[1],
                     int32_t today, unsigned months) {
    const Document__Catalogue *c = catalogue_document(r->catalogue);
    madoguchi__act__init(a);
    SET(a, kind, MADOGUCHI__ACT_KIND__LOG);
    SET(a, date, calendar_date(today - (int32_t)choose(r, months * 365 / 12 + 1)));
    SET(a, service, c->service[choose(r, (uint32_t)c->n_service)]->code);
    a->n_topic = pick(r, "topic", a->service, topic) ? 1 : 0;
    a->topic = topic;
    a->has_office = pick(r, "office", a->service, &a->office);
    a->has_channel = pick(r, "channel", a->service, &a->channel);
    a->has_nature = pick(r, "nature", a->service, &a->nature);
    a->has_age = pick(r, "age", a->service, &a->age);
    if (choose(r, 2) == 0) {
        a->has_origin = pick(r, "origin", a->service, &a->origin);
    }
}

static uint16_t place_of(const struct packed *p, const void *what, size_t len) {
    const uint8_t *at = memmem(p->data, p->len, what, len);
    if (at == NULL) {
        bench_die("a packed request without its id");
    }
    return (uint16_t)(at - p->data);
}

static void pack(struct packed *p, Madoguchi__Act *act) {
    static uint8_t mark[16] = "\x01\x02 the id here";
    Madoguchi__Request request = MADOGUCHI__REQUEST__INIT;
    Madoguchi__ClientMessage m = MADOGUCHI__CLIENT_MESSAGE__INIT;
    struct error e = {0};
    SET(&request, serial, SERIAL);
    SET(&request, id, ((ProtobufCBinaryData){sizeof mark, mark}));
    SET(&request, terminal, bytes_of("counter-3"));
    request.body_case = MADOGUCHI__REQUEST__BODY_ACT;
    request.act = act;
    if (check_request(&request, &e) != 0) {
        bench_die("%s", e.en);
    }
    m.body_case = MADOGUCHI__CLIENT_MESSAGE__BODY_REQUEST;
    m.request = &request;
    if (madoguchi__client_message__get_packed_size(&m) > PACKED_MAX) {
        bench_die("a request that is too long");
    }
    p->len = (uint16_t)madoguchi__client_message__pack(&m, p->data);
    p->id = place_of(p, mark, sizeof mark);
    p->serial = place_of(p, "\x08\x80\x80\x80\x80\x01", 6) + 1;
}

static int32_t today_days(void) {
    return calendar_days(calendar_today((int64_t)time(NULL) * 1000));
}

struct requests *requests_make(const char *catalogue, unsigned months) {
    struct requests *r = calloc(1, sizeof *r);
    ProtobufCBinaryData *topics = calloc(REQUESTS, sizeof *topics);
    if (r == NULL || topics == NULL) {
        bench_die("out of memory");
    }
    r->state = 88172645463325252u;
    r->catalogue = read_catalogue(catalogue);
    int32_t today = today_days();
    for (size_t i = 0; i < REQUESTS; i++) {
        make_act(r, &r->act[i], &topics[i], today, months);
        pack(&r->packed[i], &r->act[i]);
    }
    if (getrandom(r->id, sizeof r->id, 0) != sizeof r->id) {
        bench_die("no random bytes");
    }
    return r;
}

void requests_free(struct requests *r) {
    free(r->act[0].topic);
    catalogue_free(r->catalogue);
    free(r);
}

static void new_id(struct requests *r) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME_COARSE, &t);
    uint64_t ms = (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
    for (int i = 0; i < 6; i++) {
        r->id[i] = (uint8_t)(ms >> (40 - 8 * i));
    }
    /* The real client draws all ten bytes; here half of them count on, and the
     * rest is scattered as random bytes would be. */
    uint64_t v = (uint64_t)++r->serial * 0x9E3779B97F4A7C15u;
    memcpy(r->id + 6, &v, sizeof v);
}

const uint8_t *requests_next(struct requests *r, size_t *len) {
    struct packed *p = &r->packed[r->next++ % REQUESTS];
    new_id(r);
    memcpy(p->data + p->id, r->id, sizeof r->id);
    uint32_t serial = SERIAL | (r->serial & (SERIAL - 1));
    for (int i = 0; i < 5; i++) {
        p->data[p->serial + i] = (uint8_t)((serial >> (7 * i) & 127) | (i < 4 ? 128 : 0));
    }
    *len = p->len;
    return p->data;
}

static void print_cell(bool given, ProtobufCBinaryData b) {
    printf(",%.*s", given ? (int)b.len : 0, (const char *)b.data);
}

void requests_csv(const struct requests *r, unsigned long rows) {
    puts("kind,ref,date,service,topic,office,channel,nature,age,origin");
    for (unsigned long i = 0; i < rows; i++) {
        const Madoguchi__Act *a = &r->act[i % REQUESTS];
        printf("log,%lu,%04u-%02u-%02u", i, a->date / 10000, a->date / 100 % 100, a->date % 100);
        print_cell(true, a->service);
        print_cell(a->n_topic > 0, a->n_topic > 0 ? a->topic[0] : (ProtobufCBinaryData){0});
        print_cell(a->has_office, a->office);
        print_cell(a->has_channel, a->channel);
        print_cell(a->has_nature, a->nature);
        print_cell(a->has_age, a->age);
        print_cell(a->has_origin, a->origin);
        putchar('\n');
    }
}

size_t requests_stats(uint8_t out[256]) {
    int32_t today = today_days();
    char from[16];
    char to[16];
    uint32_t first = calendar_date(today - 334);
    uint32_t last = calendar_date(today);
    snprintf(from, sizeof from, "%u-%02u", first / 10000, first / 100 % 100);
    snprintf(to, sizeof to, "%u-%02u", last / 10000, last / 100 % 100);
    ProtobufCBinaryData by[] = {bytes_of("month"), bytes_of("service")};
    Madoguchi__Scope scope = MADOGUCHI__SCOPE__INIT;
    Madoguchi__Stats stats = MADOGUCHI__STATS__INIT;
    Madoguchi__Request request = MADOGUCHI__REQUEST__INIT;
    Madoguchi__ClientMessage m = MADOGUCHI__CLIENT_MESSAGE__INIT;
    SET(&scope, from, bytes_of(from));
    SET(&scope, to, bytes_of(to));
    SET(&scope, today, last);
    SET(&stats, count, bytes_of("contacts"));
    stats.scope = &scope;
    stats.n_by = 2;
    stats.by = by;
    SET(&request, serial, 1);
    request.body_case = MADOGUCHI__REQUEST__BODY_STATS;
    request.stats = &stats;
    m.body_case = MADOGUCHI__CLIENT_MESSAGE__BODY_REQUEST;
    m.request = &request;
    return madoguchi__client_message__pack(&m, out);
}
