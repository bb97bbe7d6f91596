#include "proto/catalogue.h"

#include "proto/calendar.h"
#include "proto/text.h"

#include <stdio.h>
#include <stdlib.h>

struct catalogue {
    struct arena arena;
    Document__Catalogue *document;
    const Document__Code **codes;  /* sorted by list, code */
    const Document__Code **places; /* the same, hashed */
    size_t n_places;               /* a power of two, twice as many at least */
    uint32_t *holidays;            /* sorted */
};

/* A catalogue of 1 MiB unpacks to a few times its size. */
#define CATALOGUE_BUDGET (32u << 20)

static int compare_bytes(ProtobufCBinaryData a, ProtobufCBinaryData b) {
    size_t n = a.len < b.len ? a.len : b.len;
    int c = n > 0 ? memcmp(a.data, b.data, n) : 0;
    return c != 0 ? c : (a.len > b.len) - (a.len < b.len);
}

static int compare_codes(const void *a, const void *b) {
    const Document__Code *x = *(const Document__Code *const *)a;
    const Document__Code *y = *(const Document__Code *const *)b;
    int c = compare_bytes(x->list, y->list);
    return c != 0 ? c : compare_bytes(x->code, y->code);
}

static int compare_dates(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static int out_of_memory(struct error *e) {
    return error_set(e, ERR_INTERNAL, "", "Out of memory.", "メモリが足りません。");
}

/* ---- codes by list and code: every request looks up a handful ---------------------- */

static size_t code_place(const struct catalogue *c, ProtobufCBinaryData list,
                         ProtobufCBinaryData code) {
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < list.len; i++) {
        hash = (hash ^ list.data[i]) * 0x100000001b3u;
    }
    for (size_t i = 0; i < code.len; i++) {
        hash = (hash ^ code.data[i]) * 0x100000001b3u;
    }
    return (size_t)(hash ^ hash >> 32) & (c->n_places - 1);
}

/* Where the code lies, or the free place where it would. */
static const Document__Code **find_code(const struct catalogue *c, ProtobufCBinaryData list,
                                        ProtobufCBinaryData code) {
    size_t i = code_place(c, list, code);
    while (c->places[i] != NULL &&
           (!bytes_same(c->places[i]->code, code) || !bytes_same(c->places[i]->list, list))) {
        i = (i + 1) & (c->n_places - 1);
    }
    return &c->places[i];
}

static int hash_codes(struct catalogue *c) {
    for (c->n_places = 16; c->n_places < 2 * c->document->n_code; c->n_places *= 2) {
    }
    c->places = arena_zalloc(&c->arena, c->n_places * sizeof(const Document__Code *));
    if (c->places == NULL) {
        return -1;
    }
    for (size_t i = 0; i < c->document->n_code; i++) {
        const Document__Code *code = c->document->code[i];
        *find_code(c, code->list, code->code) = code;
    }
    return 0;
}

int catalogue_open(const void *data, size_t len, struct catalogue **out, struct error *e) {
    struct catalogue *c = calloc(1, sizeof *c);
    if (c == NULL) {
        return out_of_memory(e);
    }
    arena_init(&c->arena, CATALOGUE_BUDGET);
    c->document = (Document__Catalogue *)message_unpack(&document__catalogue__descriptor, &c->arena,
                                                        data, len, e);
    if (c->document == NULL) {
        catalogue_free(c);
        return -1;
    }
    size_t n = c->document->n_code;
    size_t h = c->document->n_holiday;
    c->codes = arena_alloc(&c->arena, (n + 1) * sizeof(const Document__Code *));
    c->holidays = arena_alloc(&c->arena, (h + 1) * sizeof *c->holidays);
    if (c->codes == NULL || c->holidays == NULL || hash_codes(c) < 0) {
        catalogue_free(c);
        return out_of_memory(e);
    }
    for (size_t i = 0; i < n; i++) {
        c->codes[i] = c->document->code[i];
    }
    qsort(c->codes, n, sizeof(const Document__Code *), compare_codes);
    if (h > 0) {
        memcpy(c->holidays, c->document->holiday, h * sizeof *c->holidays);
        qsort(c->holidays, h, sizeof *c->holidays, compare_dates);
    }
    *out = c;
    return 0;
}

void catalogue_free(struct catalogue *c) {
    if (c != NULL) {
        arena_free(&c->arena);
        free(c);
    }
}

const Document__Catalogue *catalogue_document(const struct catalogue *c) {
    return c->document;
}

bool catalogue_has_readings(const struct catalogue *c) {
    const Document__Catalogue *d = catalogue_document(c);
    bool has = false;
    for (size_t i = 0; i < d->n_service; i++) {
        has = has || d->service[i]->has_kana;
    }
    for (size_t i = 0; i < d->n_code; i++) {
        has = has || d->code[i]->has_kana;
    }
    return has;
}

const Document__Service *catalogue_service(const struct catalogue *c, ProtobufCBinaryData code) {
    for (size_t i = 0; i < c->document->n_service; i++) {
        if (bytes_same(c->document->service[i]->code, code)) {
            return c->document->service[i];
        }
    }
    return NULL;
}

const Document__Code *catalogue_code(const struct catalogue *c, const char *list,
                                     ProtobufCBinaryData code) {
    return *find_code(c, bytes_of(list), code);
}

const Document__Group *catalogue_group(const struct catalogue *c, const char *list,
                                       ProtobufCBinaryData name) {
    for (size_t i = 0; i < c->document->n_group; i++) {
        const Document__Group *g = c->document->group[i];
        if (bytes_equal(g->list, list) && bytes_same(g->name, name)) {
            return g;
        }
    }
    return NULL;
}

bool catalogue_is_consultation(const Document__Service *service, ProtobufCBinaryData nature) {
    for (size_t i = 0; service != NULL && i < service->n_consultation; i++) {
        if (bytes_same(service->consultation[i], nature)) {
            return true;
        }
    }
    return false;
}

bool catalogue_is_holiday(const struct catalogue *c, uint32_t date) {
    unsigned weekday = calendar_weekday(date);
    return weekday == 0 || weekday == 6 ||
           bsearch(&date, c->holidays, c->document->n_holiday, sizeof date, compare_dates) != NULL;
}

const char *catalogue_list_of(const char *field) {
    static const char *const lists[][2] = {
        {"service", "service"}, {"program", "program"},       {"office", "office"},
        {"channel", "channel"}, {"nature", "nature"},         {"topic", "topic"},
        {"outcome", "outcome"}, {"route", "route"},           {"origin", "origin"},
        {"age", "age"},         {"reason", "reason"},         {"target", "target"},
        {"form", "form"},       {"venue_kind", "venue-kind"}, {"session_kind", "session-kind"},
    };
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        if (lists[i][0][0] == field[0] && message_same_name(lists[i][0], field)) {
            return lists[i][1];
        }
    }
    return NULL;
}

/* ---- checking, with the nearest words ------------------------------------ */

static bool for_service(const Document__Code *code, ProtobufCBinaryData service) {
    if (code->n_service == 0 || service.len == 0) {
        return true;
    }
    for (size_t i = 0; i < code->n_service; i++) {
        if (bytes_same(code->service[i], service)) {
            return true;
        }
    }
    return false;
}

static bool list_matches(const char *list, const Document__Code *code) {
    if (strcmp(list, "route") == 0) {
        return bytes_equal(code->list, "channel") || bytes_equal(code->list, "session-kind");
    }
    return bytes_equal(code->list, list);
}

/* Adds the nearest of the words that may stand in the field. */
static void suggest(const struct catalogue *c, const char *list, const char *word,
                    ProtobufCBinaryData service, struct error *e) {
    size_t max = c->document->n_code + c->document->n_service;
    const char **words = calloc(max + 1, sizeof *words);
    char(*store)[40] = calloc(max + 1, sizeof *store);
    size_t n = 0;
    if (words != NULL && store != NULL) {
        for (size_t i = 0; i < c->document->n_service && strcmp(list, "service") == 0; i++) {
            ProtobufCBinaryData b = c->document->service[i]->code;
            snprintf(store[n], sizeof store[n], "%.*s", (int)b.len, (const char *)b.data);
            words[n] = store[n];
            n++;
        }
        for (size_t i = 0; i < c->document->n_code; i++) {
            const Document__Code *code = c->codes[i];
            if (list_matches(list, code) && for_service(code, service)) {
                snprintf(store[n], sizeof store[n], "%.*s", (int)code->code.len,
                         (const char *)code->code.data);
                words[n] = store[n];
                n++;
            }
        }
        error_near(e, text_nearest(word, words, n));
    }
    free(words);
    free(store);
}

static int unknown(const struct catalogue *c, const char *field, const char *list,
                   ProtobufCBinaryData code, ProtobufCBinaryData service, struct error *e) {
    char word[40];
    snprintf(word, sizeof word, "%.*s", (int)(code.len < 39 ? code.len : 39),
             (const char *)code.data);
    error_set(e, ERR_UNKNOWN_CODE, field,
              "%s: \"%s\" is not in the catalogue. `madoguchi catalogue show` lists the words.",
              "%s: 「%s」は目録にありません。使える語は madoguchi catalogue show で見られます。",
              field, word);
    suggest(c, list, word, service, e);
    return -1;
}

static int retired(const char *field, ProtobufCBinaryData code, uint32_t since, struct error *e) {
    char date[16];
    calendar_format_date(since, date);
    return error_set(e, ERR_UNKNOWN_CODE, field,
                     "%s: \"%.*s\" is not used any more since %s. Choose another word.",
                     "%s: 「%.*s」は %s から使われていません。別の語を選んでください。", field,
                     (int)code.len, (const char *)code.data, date);
}

static int check_service(const struct catalogue *c, const char *field, ProtobufCBinaryData code,
                         uint32_t date, struct error *e) {
    const Document__Service *s = catalogue_service(c, code);
    if (s == NULL) {
        return unknown(c, field, "service", code, (ProtobufCBinaryData){0}, e);
    }
    return s->has_retired && date >= s->retired ? retired(field, code, s->retired, e) : 0;
}

int catalogue_check(const struct catalogue *c, const char *field, const char *list,
                    ProtobufCBinaryData code, ProtobufCBinaryData service, uint32_t date,
                    struct error *e) {
    if (strcmp(list, "service") == 0) {
        return check_service(c, field, code, date, e);
    }
    const Document__Code *found;
    if (strcmp(list, "route") == 0) {
        found = catalogue_code(c, "channel", code);
        if (found == NULL) {
            found = catalogue_code(c, "session-kind", code);
        }
    } else {
        found = catalogue_code(c, list, code);
    }
    if (found == NULL) {
        return unknown(c, field, list, code, service, e);
    }
    if (!for_service(found, service)) {
        error_set(e, ERR_UNKNOWN_CODE, field, "%s: \"%.*s\" is not a word of the service %.*s.",
                  "%s: 「%.*s」は業務 %.*s の語ではありません。", field, (int)code.len,
                  (const char *)code.data, (int)service.len, (const char *)service.data);
        char word[40];
        snprintf(word, sizeof word, "%.*s", (int)(code.len < 39 ? code.len : 39),
                 (const char *)code.data);
        suggest(c, list, word, service, e);
        return -1;
    }
    return found->has_retired && date >= found->retired ? retired(field, code, found->retired, e)
                                                        : 0;
}
