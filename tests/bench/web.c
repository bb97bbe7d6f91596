/* The web gateway: a case is one POST of JSON, as a page sends it, by somebody who is
 * logged in (BENCH_COOKIE, BENCH_CSRF). */
#include "tests/bench/tongue.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ID_DIGITS 32

static const char id_mark[] = "00000000000000000000000000000000";
static const char day_mark[] = "99998877";

static const char *needed(const char *name) {
    const char *value = getenv(name);
    if (value == NULL) {
        bench_die("%s is not set", name);
    }
    return value;
}

static void field(char *to, size_t size, const char *name, ProtobufCBinaryData code, bool list) {
    size_t n = strlen(to);
    if (code.len > 0) {
        snprintf(to + n, size - n, ",\"%s\":%s\"%.*s\"%s", name, list ? "[" : "", (int)code.len,
                 (const char *)code.data, list ? "]" : "");
    }
}

static uint16_t place_of(const struct packed *p, const char *mark) {
    const uint8_t *at = memmem(p->data, p->len, mark, strlen(mark));
    if (at == NULL) {
        bench_die("a packed request without its mark");
    }
    return (uint16_t)(at - p->data);
}

static void pack(const struct bench_case *k, struct packed *p) {
    char body[512];
    snprintf(body, sizeof body, "{\"id\":\"%s\",\"act\":{\"kind\":\"LOG\",\"date\":%s", id_mark,
             day_mark);
    field(body, sizeof body, "service", k->service, false);
    field(body, sizeof body, "office", k->office, false);
    field(body, sizeof body, "channel", k->channel, false);
    field(body, sizeof body, "topic", k->topic, true);
    field(body, sizeof body, "nature", k->nature, false);
    field(body, sizeof body, "age", k->age, false);
    field(body, sizeof body, "origin", k->origin, false);
    strcat(body, "}}");
    int n = snprintf((char *)p->data, PACKED_MAX,
                     "POST /api/ask HTTP/1.1\r\nHost: localhost\r\nCookie: %s\r\n"
                     "X-Madoguchi-CSRF: %s\r\nContent-Type: application/json\r\n"
                     "Content-Length: %zu\r\n\r\n%s",
                     needed("BENCH_COOKIE"), needed("BENCH_CSRF"), strlen(body), body);
    if (n < 0 || n >= PACKED_MAX) {
        bench_die("a request that is too long");
    }
    p->len = (uint16_t)n;
    p->place[0] = place_of(p, id_mark);
    p->place[1] = place_of(p, day_mark);
}

static void renew(struct packed *p, const struct news *news) {
    static const char digits[] = "0123456789abcdef";
    uint32_t date = news->date;
    for (int i = 0; i < ID_DIGITS / 2; i++) {
        p->data[p->place[0] + 2 * i] = (uint8_t)digits[news->id[i] >> 4];
        p->data[p->place[0] + 2 * i + 1] = (uint8_t)digits[news->id[i] & 15];
    }
    for (int i = 7; i >= 0; i--, date /= 10) {
        p->data[p->place[1] + i] = (uint8_t)('0' + date % 10);
    }
}

/* Bytes of the answer at the beginning; 0: not whole. */
static size_t answer(const uint8_t *b, size_t n) {
    static const char name[] = "\r\nContent-Length: ";
    const uint8_t *end = memmem(b, n, "\r\n\r\n", 4);
    if (end == NULL) {
        return 0;
    }
    const uint8_t *at = memmem(b, (size_t)(end - b) + 2, name, sizeof name - 1);
    size_t head = (size_t)(end - b) + 4;
    size_t len = at == NULL ? 0 : strtoul((const char *)at + sizeof name - 1, NULL, 10);
    if (n < 12 || memcmp(b, "HTTP/1.1 200", 12) != 0) {
        bench_die("refused: %.*s", (int)n, (const char *)b);
    }
    return head + len <= n ? head + len : 0;
}

static size_t take(struct wire *w) {
    size_t done = 0;
    size_t n = 0;
    size_t len;
    while ((len = answer(w->in + done, w->in_len - done)) > 0) {
        done += len;
        n++;
    }
    wire_drop(w, done);
    return n;
}

/* As a page begins. */
static bool greet(struct wire *w) {
    char text[512];
    int n = snprintf(text, sizeof text,
                     "GET /api/session HTTP/1.1\r\nHost: localhost\r\nCookie: %s\r\n\r\n",
                     needed("BENCH_COOKIE"));
    wire_add(w, (const uint8_t *)text, (size_t)n);
    if (!wire_flush(w)) {
        bench_die("a greeting could not be sent");
    }
    while (take(w) == 0) {
        wire_fill(w, true);
    }
    return true;
}

const struct tongue tongue_web = {"web", greet, pack, renew, false, take};
