/* Our own protocol: hello, requests that log, questions, answers. */
#include "tests/bench/tongue.h"

#include "proto/calendar.h"
#include "proto/check.h"
#include "proto/madoguchi.pb-c.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SERIAL 0x10000000u /* from here a varint always has five bytes */
#define BY_MAX 6
#define DATE   20991231 /* a date of these years is a varint of four bytes */

/* ---- what is sent ------------------------------------------------------------------ */

static bool greet(struct wire *w) {
    uint8_t packed[64];
    Madoguchi__Hello hello = MADOGUCHI__HELLO__INIT;
    Madoguchi__ClientMessage m = MADOGUCHI__CLIENT_MESSAGE__INIT;
    SET(&hello, protocol, PROTOCOL_VERSION);
    SET(&hello, build, bytes_of("bench"));
    SET(&hello, language, bytes_of("en"));
    m.body_case = MADOGUCHI__CLIENT_MESSAGE__BODY_HELLO;
    m.hello = &hello;
    wire_add_frame(w, packed, madoguchi__client_message__pack(&m, packed));
    const uint8_t *message;
    size_t len;
    size_t offset = 0;
    if (!wire_flush(w)) {
        bench_die("the hello could not be sent");
    }
    while (!wire_next(w, &offset, &message, &len)) {
        wire_fill(w, true);
    }
    if (len < 1 || message[0] != (1 << 3 | 2)) {
        bool more;
        tongue_kind(message, len, &more);
        bench_die("the hello was not answered");
    }
    wire_drop(w, offset);
    return true;
}

static uint16_t place_of(const struct packed *p, const void *what, size_t len) {
    const uint8_t *at = memmem(p->data, p->len, what, len);
    if (at == NULL) {
        bench_die("a packed request without its id");
    }
    return (uint16_t)(at - p->data);
}

static void give(protobuf_c_boolean *has, ProtobufCBinaryData *to, ProtobufCBinaryData from) {
    *has = from.len > 0;
    *to = from;
}

static void put_varint(uint8_t *at, int len, uint32_t v) {
    for (int i = 0; i < len; i++) {
        at[i] = (uint8_t)((v >> (7 * i) & 127) | (i < len - 1 ? 128 : 0));
    }
}

/* A request whose id, serial and date stand at places 0 to 2.  The protocol has no
 * remarks; where a peer's row has one, `visit` carries as many bytes. */
static void pack(const struct bench_case *k, struct packed *p) {
    static uint8_t mark[16] = "\x01\x02 the id here";
    Madoguchi__Act act = MADOGUCHI__ACT__INIT;
    Madoguchi__Request request = MADOGUCHI__REQUEST__INIT;
    Madoguchi__ClientMessage m = MADOGUCHI__CLIENT_MESSAGE__INIT;
    ProtobufCBinaryData topic = k->topic;
    struct error e = {0};
    SET(&act, kind, MADOGUCHI__ACT_KIND__LOG);
    SET(&act, date, DATE);
    SET(&act, service, k->service);
    act.n_topic = topic.len > 0 ? 1 : 0;
    act.topic = &topic;
    give(&act.has_office, &act.office, k->office);
    give(&act.has_channel, &act.channel, k->channel);
    give(&act.has_nature, &act.nature, k->nature);
    give(&act.has_age, &act.age, k->age);
    give(&act.has_origin, &act.origin, k->origin);
    SET(&request, serial, SERIAL);
    SET(&request, id, ((ProtobufCBinaryData){sizeof mark, mark}));
    SET(&request, terminal, bytes_of("counter-3"));
    if (k->nature.len == 0) {
        SET(&request, visit, bytes_of(cases_note));
    }
    request.body_case = MADOGUCHI__REQUEST__BODY_ACT;
    request.act = &act;
    if (check_request(&request, &e) != 0) {
        bench_die("%s", e.en);
    }
    m.body_case = MADOGUCHI__CLIENT_MESSAGE__BODY_REQUEST;
    m.request = &request;
    if (madoguchi__client_message__get_packed_size(&m) > PACKED_MAX) {
        bench_die("a request that is too long");
    }
    p->len = (uint16_t)madoguchi__client_message__pack(&m, p->data);
    p->place[0] = place_of(p, mark, sizeof mark);
    p->place[1] = place_of(p, "\x08\x80\x80\x80\x80\x01", 6) + 1;
    uint8_t date[5] = {3 << 3};
    put_varint(date + 1, 4, DATE);
    p->place[2] = place_of(p, date, sizeof date) + 1;
}

static void renew(struct packed *p, const struct news *news) {
    memcpy(p->data + p->place[0], news->id, sizeof news->id);
    put_varint(p->data + p->place[1], 5, SERIAL | ((uint32_t)news->serial & (SERIAL - 1)));
    put_varint(p->data + p->place[2], 4, news->date);
}

static size_t split(const char *by, ProtobufCBinaryData out[BY_MAX]) {
    size_t n = 0;
    while (*by != '\0' && n < BY_MAX) {
        size_t len = strcspn(by, ",");
        out[n++] = (ProtobufCBinaryData){len, (uint8_t *)by};
        by += len + (by[len] == ',');
    }
    return n;
}

size_t tongue_question(const struct question *q, uint8_t out[PACKED_MAX]) {
    char from[16];
    char to[16];
    uint32_t first = calendar_date(cases_today() - 334);
    uint32_t last = calendar_date(cases_today());
    snprintf(from, sizeof from, "%u-%02u", first / 10000, first / 100 % 100);
    snprintf(to, sizeof to, "%u-%02u", last / 10000, last / 100 % 100);
    ProtobufCBinaryData by[BY_MAX];
    Madoguchi__Scope scope = MADOGUCHI__SCOPE__INIT;
    Madoguchi__Stats stats = MADOGUCHI__STATS__INIT;
    Madoguchi__Request request = MADOGUCHI__REQUEST__INIT;
    Madoguchi__ClientMessage m = MADOGUCHI__CLIENT_MESSAGE__INIT;
    SET(&scope, from, bytes_of(q->from != NULL ? q->from : from));
    SET(&scope, to, bytes_of(q->to != NULL ? q->to : q->from != NULL ? q->from : to));
    SET(&scope, today, last);
    SET(&request, serial, 1);
    if (q->by != NULL) {
        SET(&stats, count, bytes_of(q->count != NULL ? q->count : "contacts"));
        stats.scope = &scope;
        stats.n_by = split(q->by, by);
        stats.by = by;
        request.body_case = MADOGUCHI__REQUEST__BODY_STATS;
        request.stats = &stats;
    } else {
        request.body_case = MADOGUCHI__REQUEST__BODY_LIST;
        request.list = &scope;
    }
    m.body_case = MADOGUCHI__CLIENT_MESSAGE__BODY_REQUEST;
    m.request = &request;
    if (madoguchi__client_message__get_packed_size(&m) > PACKED_MAX) {
        bench_die("a question that is too long");
    }
    return madoguchi__client_message__pack(&m, out);
}

/* ---- what comes back ------------------------------------------------------------------ */

static noreturn void die_of_error(const uint8_t *message, size_t len) {
    Madoguchi__ServerMessage *m = madoguchi__server_message__unpack(NULL, len, message);
    if (m == NULL || m->body_case != MADOGUCHI__SERVER_MESSAGE__BODY_ANSWER ||
        m->answer->body_case != MADOGUCHI__ANSWER__BODY_ERROR) {
        bench_die("an answer that cannot be read");
    }
    bench_die("refused: %.*s", (int)m->answer->error->en.len, (char *)m->answer->error->en.data);
}

/* A varint of at most ten bytes; moves *p. */
static uint64_t varint(const uint8_t **p, const uint8_t *end) {
    uint64_t v = 0;
    for (unsigned shift = 0; *p < end && shift < 64; shift += 7) {
        uint8_t b = *(*p)++;
        v |= (uint64_t)(b & 127) << shift;
        if (b < 128) {
            return v;
        }
    }
    bench_die("an answer that cannot be read");
}

enum wire_kind tongue_kind(const uint8_t *message, size_t len, bool *more) {
    const uint8_t *p = message;
    const uint8_t *end = message + len;
    *more = false;
    if (len < 2 || *p++ != (2 << 3 | 2)) {
        bench_die("not an answer");
    }
    varint(&p, end);
    while (p < end) {
        uint64_t tag = varint(&p, end);
        if (tag >> 3 >= WIRE_RECORDED) {
            if (tag >> 3 == WIRE_ERROR) {
                die_of_error(message, len);
            }
            return (enum wire_kind)(tag >> 3);
        }
        uint64_t value = varint(&p, end);
        if (tag >> 3 == 2) {
            *more = value != 0;
        }
    }
    bench_die("an empty answer");
}

static size_t take(struct wire *w) {
    const uint8_t *message;
    size_t len;
    size_t offset = 0;
    size_t n = 0;
    bool more;
    for (; wire_next(w, &offset, &message, &len); n++) {
        if (tongue_kind(message, len, &more) != WIRE_RECORDED) {
            bench_die("an answer of another kind");
        }
    }
    wire_drop(w, offset);
    return n;
}

static size_t take_frames(struct wire *w) {
    const uint8_t *message;
    size_t len;
    size_t offset = 0;
    size_t n = 0;
    while (wire_next(w, &offset, &message, &len)) {
        n++;
    }
    wire_drop(w, offset);
    return n;
}

const struct tongue tongue_madoguchi = {"madoguchi", greet, pack, renew, true, take};
const struct tongue tongue_floor = {"floor", NULL, pack, renew, true, take_frames};

const struct tongue *tongue_of(const char *name) {
    const struct tongue *all[] = {&tongue_madoguchi, &tongue_floor, &tongue_redis,
                                  &tongue_redis_packed, &tongue_web};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (strcmp(all[i]->name, name) == 0) {
            return all[i];
        }
    }
    bench_die("no protocol %s", name);
}
