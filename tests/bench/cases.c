#include "tests/bench/cases.h"

#include "proto/calendar.h"
#include "proto/catalogue.h"
#include "proto/yaml.h"
#include "tests/bench/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define CHOICES_MAX 128
#define DAYS_MAX    8000 /* twenty years */

const char cases_note[CASES_NOTE + 1] =
    "came with a letter about the house, asked for the form and where to bring it; was given "
    "both and the leaflet; came again";

struct drawing {
    const Document__Catalogue *catalogue;
    uint64_t state;
};

/* Lives as long as the process. */
static struct catalogue *catalogue;
static struct bench_case *cases;

static struct {
    struct drawing drawing;
    uint32_t date[DAYS_MAX];
    uint32_t n;
} dates;

/* xorshift64*: the same cases at every run. */
static uint32_t choose(struct drawing *d, uint32_t below) {
    d->state ^= d->state >> 12;
    d->state ^= d->state << 25;
    d->state ^= d->state >> 27;
    return (uint32_t)((d->state * 2685821657736338717u) >> 32) % below;
}

static const Document__Catalogue *read_catalogue(const char *path) {
    static char text[YAML_MAX];
    struct arena arena;
    struct error e = {0};
    ProtobufCBinaryData packed;
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
    return catalogue_document(catalogue);
}

/* A code of the list that the service may use, or none when there is none. */
static ProtobufCBinaryData pick(struct drawing *d, const char *list, ProtobufCBinaryData service,
                                uint16_t *number) {
    const Document__Catalogue *c = d->catalogue;
    uint16_t choices[CHOICES_MAX];
    uint32_t n = 0;
    for (size_t i = 0; i < c->n_code && n < CHOICES_MAX; i++) {
        const Document__Code *code = c->code[i];
        bool meant = code->n_service == 0;
        for (size_t k = 0; k < code->n_service; k++) {
            meant = meant || bytes_same(code->service[k], service);
        }
        if (meant && bytes_equal(code->list, list) && !code->has_retired) {
            choices[n++] = (uint16_t)i;
        }
    }
    if (n == 0) {
        return (ProtobufCBinaryData){0};
    }
    *number = choices[choose(d, n)];
    return c->code[*number]->code;
}

int32_t cases_today(void) {
    return calendar_days(calendar_today((int64_t)time(NULL) * 1000));
}

/* Days before today that a date may lie. */
static uint32_t days_back(int months) {
    uint32_t day_of_month = calendar_date(cases_today()) % 100;
    return months == CASES_LIVE ? day_of_month - 1 : (uint32_t)months * 365 / 12;
}

/* What the store gives where an entry has no nature. */
static uint16_t default_nature(const struct drawing *d, const Document__Service *service) {
    for (size_t i = 0; i < d->catalogue->n_code; i++) {
        const Document__Code *code = d->catalogue->code[i];
        if (bytes_equal(code->list, "nature") && bytes_same(code->code, service->nature)) {
            return (uint16_t)i;
        }
    }
    return 0;
}

static void draw(struct drawing *d, struct bench_case *k, int months) {
    uint16_t ignored = 0;
    k->service_number = (uint16_t)choose(d, (uint32_t)d->catalogue->n_service);
    const Document__Service *service = d->catalogue->service[k->service_number];
    k->service = service->code;
    k->topic = pick(d, "topic", k->service, &k->topic_number);
    k->office = pick(d, "office", k->service, &k->office_number);
    k->channel = pick(d, "channel", k->service, &k->channel_number);
    k->nature_number = default_nature(d, service);
    if (months != CASES_LIVE) {
        k->nature = pick(d, "nature", k->service, &k->nature_number);
        k->age = pick(d, "age", k->service, &ignored);
        if (choose(d, 2) == 0) {
            k->origin = pick(d, "origin", k->service, &ignored);
        }
    }
}

static void make_dates(const struct drawing *d, int months) {
    dates.drawing = *d;
    dates.drawing.state = 1181783497276652981u;
    dates.n = days_back(months) + 1;
    if (dates.n > DAYS_MAX) {
        bench_die("too many months");
    }
    for (uint32_t i = 0; i < dates.n; i++) {
        dates.date[i] = calendar_date(cases_today() - (int32_t)i);
    }
}

uint32_t cases_date(void) {
    return dates.date[choose(&dates.drawing, dates.n)];
}

const struct bench_case *cases_make(const char *path, int months) {
    struct drawing d = {.catalogue = read_catalogue(path), .state = 88172645463325252u};
    cases = calloc(CASES, sizeof *cases);
    if (cases == NULL) {
        bench_die("out of memory");
    }
    for (size_t i = 0; i < CASES; i++) {
        draw(&d, &cases[i], months);
    }
    make_dates(&d, months);
    return cases;
}
