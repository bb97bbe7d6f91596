/* Redis: a case is one transaction (MULTI) of a stream entry and one more in
 * the hash of the month's tallies. */
#include "tests/bench/tongue.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REPLIES   4 /* OK, QUEUED, QUEUED, and EXEC's array */
#define ID_DIGITS 20

/* Marks of what is changed in every request. */
static const char id_mark[ID_DIGITS + 1] = "00000000000000000000";
static const char day_mark[] = "99998877";
static const char month_mark[] = "tally:999988";

static void put(struct packed *p, const void *bytes, size_t len) {
    if (p->len + len > PACKED_MAX) {
        bench_die("a request that is too long");
    }
    memcpy(p->data + p->len, bytes, len);
    p->len += (uint16_t)len;
}

static void head(struct packed *p, char kind, size_t n) {
    char text[24];
    put(p, text, (size_t)snprintf(text, sizeof text, "%c%zu\r\n", kind, n));
}

static void word(struct packed *p, const char *s) {
    head(p, '$', strlen(s));
    put(p, s, strlen(s));
    put(p, "\r\n", 2);
}

static void number(struct packed *p, uint32_t v) {
    char text[16];
    snprintf(text, sizeof text, "%" PRIu32, v);
    word(p, text);
}

static void named(struct packed *p, const char *name, uint32_t v) {
    word(p, name);
    number(p, v);
}

static void begin(struct packed *p, size_t words) {
    p->len = 0;
    head(p, '*', 1);
    word(p, "MULTI");
    head(p, '*', words);
    word(p, "XADD");
    word(p, "cases");
    word(p, "*");
}

static uint16_t place_of(const struct packed *p, const char *mark) {
    const uint8_t *at = memmem(p->data, p->len, mark, strlen(mark));
    if (at == NULL) {
        bench_die("a packed request without its mark");
    }
    return (uint16_t)(at - p->data);
}

static void end(struct packed *p, const struct bench_case *k) {
    char tally[64];
    head(p, '*', 4);
    word(p, "HINCRBY");
    word(p, month_mark);
    snprintf(tally, sizeof tally, "%u|%u|%u|%u|%u", k->service_number, k->office_number,
             k->channel_number, k->nature_number, k->topic_number);
    word(p, tally);
    word(p, "1");
    head(p, '*', 1);
    word(p, "EXEC");
    p->place[0] = place_of(p, id_mark);
    p->place[1] = place_of(p, day_mark);
    p->place[2] = (uint16_t)(place_of(p, month_mark) + strlen("tally:"));
}

static void pack_fields(const struct bench_case *k, struct packed *p) {
    begin(p, 3 + 2 * 9);
    word(p, "id");
    word(p, id_mark);
    named(p, "municipality", CASES_MUNICIPALITY);
    named(p, "service", k->service_number);
    named(p, "office", k->office_number);
    named(p, "channel", k->channel_number);
    named(p, "topic", k->topic_number);
    named(p, "nature", k->nature_number);
    word(p, "day");
    word(p, day_mark);
    word(p, "note");
    word(p, cases_note);
    end(p, k);
}

/* The case's numbers in bytes of their own, as a program would that wants to
 * be quick; id and day stay in digits, which costs sixteen bytes more. */
static void pack_one(const struct bench_case *k, struct packed *p) {
    uint16_t small[] = {k->service_number, k->office_number, k->channel_number, k->nature_number,
                        k->topic_number};
    uint32_t municipality = CASES_MUNICIPALITY;
    begin(p, 5);
    word(p, "d");
    head(p, '$', ID_DIGITS + strlen(day_mark) + sizeof small + sizeof municipality + CASES_NOTE);
    put(p, id_mark, ID_DIGITS);
    put(p, day_mark, strlen(day_mark));
    put(p, small, sizeof small);
    put(p, &municipality, sizeof municipality);
    put(p, cases_note, CASES_NOTE);
    put(p, "\r\n", 2);
    end(p, k);
}

static void digits(uint8_t *at, int n, uint64_t v) {
    for (int i = n - 1; i >= 0; i--, v /= 10) {
        at[i] = (uint8_t)('0' + v % 10);
    }
}

static void renew(struct packed *p, const struct news *news) {
    digits(p->data + p->place[0], ID_DIGITS, news->serial);
    digits(p->data + p->place[1], 8, news->date);
    digits(p->data + p->place[2], 6, news->date / 100);
}

/* The bytes of the reply that begins at b, 0 when it is not whole.  An array
 * holds no array here: EXEC answers with an id and a number. */
static size_t reply(const uint8_t *b, size_t n) {
    const uint8_t *nl = memchr(b, '\n', n);
    if (nl == NULL) {
        return 0;
    }
    size_t len = (size_t)(nl - b) + 1;
    if (b[0] == '-') {
        bench_die("refused: %.*s", (int)len - 3, (const char *)b + 1);
    }
    if (b[0] == '$') {
        len += strtoul((const char *)b + 1, NULL, 10) + 2;
        return len <= n ? len : 0;
    }
    unsigned long items = b[0] == '*' ? strtoul((const char *)b + 1, NULL, 10) : 0;
    if (items > 8) {
        bench_die("an answer that cannot be read");
    }
    for (; items > 0; items--) {
        size_t item = len < n ? reply(b + len, n - len) : 0;
        if (item == 0) {
            return 0;
        }
        len += item;
    }
    return len;
}

static size_t take(struct wire *w) {
    size_t done = 0;
    size_t n = 0;
    for (;;) {
        size_t end_of = done;
        size_t last = 0;
        for (int i = 0; i < REPLIES; i++) {
            last = end_of < w->in_len ? reply(w->in + end_of, w->in_len - end_of) : 0;
            if (last == 0) {
                break;
            }
            end_of += last;
        }
        if (last == 0) {
            break;
        }
        if (w->in[end_of - last] != '*') {
            bench_die("a transaction that was not done");
        }
        done = end_of;
        n++;
    }
    wire_drop(w, done);
    return n;
}

/* While it reads its log again it answers -LOADING. */
static bool greet(struct wire *w) {
    wire_add(w, (const uint8_t *)"PING\r\n", 6);
    if (!wire_flush(w)) {
        bench_die("a ping could not be sent");
    }
    while (memchr(w->in, '\n', w->in_len) == NULL) {
        wire_fill(w, true);
    }
    bool ready = w->in[0] == '+';
    wire_drop(w, w->in_len);
    return ready;
}

const struct tongue tongue_redis = {"redis", greet, pack_fields, renew, false, take};
const struct tongue tongue_redis_packed = {"redis-packed", greet, pack_one, renew, false, take};
