#include "daemon/answer.h"

/* Tags of madoguchi.proto, for pages that are packed already. */
#define TAG_MESSAGE_ANSWER  ((2 << 3) | 2)
#define TAG_ANSWER_SERIAL   (1 << 3)
#define TAG_ANSWER_MORE     (2 << 3)
#define TAG_ANSWER_POSITION (3 << 3)
#define TAG_ANSWER_PAGE     ((18 << 3) | 2)
#define TAG_ANSWER_RESULTS  ((24 << 3) | 2)
#define HEAD_MAX            64

static void send_answer(struct conn *c, Madoguchi__Answer *answer) {
    Madoguchi__ServerMessage m = MADOGUCHI__SERVER_MESSAGE__INIT;
    m.body_case = MADOGUCHI__SERVER_MESSAGE__BODY_ANSWER;
    m.answer = answer;
    conn_send(c, &m.base);
}

/* The warnings in one language, in the request's arena. */
static ProtobufCBinaryData *warnings(struct request *r) {
    size_t n = r->result.n_warning;
    ProtobufCBinaryData *list = arena_alloc(&r->arena, n * sizeof *list);
    for (size_t i = 0; list != NULL && i < n; i++) {
        const Journal__Warning *w = r->result.warning[i];
        list[i] = r->japanese ? w->ja : w->en;
    }
    return list;
}

static void fill_recorded(Madoguchi__Recorded *recorded, struct request *r) {
    const struct store_result *result = &r->result;
    madoguchi__recorded__init(recorded);
    if (result->seq != 0) {
        SET(recorded, seq, result->seq);
    }
    if (result->number != NULL) {
        SET(recorded, number, bytes_of(result->number));
    }
    if (result->known) {
        SET(recorded, known, 1);
    }
    if (result->n_warning > 0) {
        recorded->warning = warnings(r);
        recorded->n_warning = recorded->warning != NULL ? result->n_warning : 0;
    }
}

void answer_recorded(struct conn *c, struct request *r) {
    Madoguchi__Recorded recorded;
    fill_recorded(&recorded, r);
    Madoguchi__Answer answer = MADOGUCHI__ANSWER__INIT;
    SET(&answer, serial, r->serial);
    answer.body_case = MADOGUCHI__ANSWER__BODY_RECORDED;
    answer.recorded = &recorded;
    send_answer(c, &answer);
}

/* near[] lives as long as the message. */
static void fill_error(Madoguchi__Error *error, const struct error *e,
                       ProtobufCBinaryData near[ERROR_NEAR_MAX]) {
    madoguchi__error__init(error);
    SET(error, code, (Madoguchi__ErrorCode)e->code);
    if (e->field[0] != '\0') {
        SET(error, field, bytes_of(e->field));
    }
    SET(error, ja, bytes_of(e->ja));
    SET(error, en, bytes_of(e->en));
    for (unsigned i = 0; i < e->n_near; i++) {
        near[i] = bytes_of(e->near[i]);
    }
    error->near = near;
    error->n_near = e->n_near;
}

size_t answer_result(struct request *r, uint8_t *to, size_t size) {
    Madoguchi__Recorded recorded;
    Madoguchi__Error error;
    ProtobufCBinaryData near[ERROR_NEAR_MAX];
    Madoguchi__Result result = MADOGUCHI__RESULT__INIT;
    if (r->refusal != NULL) {
        fill_error(&error, r->refusal, near);
        result.body_case = MADOGUCHI__RESULT__BODY_ERROR;
        result.error = &error;
    } else {
        fill_recorded(&recorded, r);
        result.body_case = MADOGUCHI__RESULT__BODY_RECORDED;
        result.recorded = &recorded;
    }
    Madoguchi__Result *one[] = {&result};
    Madoguchi__Results results = MADOGUCHI__RESULTS__INIT;
    results.result = one;
    results.n_result = 1;
    /* Results that follow each other are one message of all of them. */
    return protobuf_c_message_get_packed_size(&results.base) <= size
               ? protobuf_c_message_pack(&results.base, to)
               : 0;
}

void answer_error(struct conn *c, uint32_t serial, uint64_t position, const struct error *e) {
    Madoguchi__Error error;
    ProtobufCBinaryData near[ERROR_NEAR_MAX];
    fill_error(&error, e, near);
    Madoguchi__Answer answer = MADOGUCHI__ANSWER__INIT;
    SET(&answer, serial, serial);
    if (position != 0) {
        SET(&answer, position, position);
    }
    answer.body_case = MADOGUCHI__ANSWER__BODY_ERROR;
    answer.error = &error;
    send_answer(c, &answer);
}

void answer_page(struct conn *c, uint32_t serial, uint64_t position, Madoguchi__Page *page) {
    Madoguchi__Answer answer = MADOGUCHI__ANSWER__INIT;
    SET(&answer, serial, serial);
    if (position != 0) {
        SET(&answer, position, position);
    }
    answer.body_case = MADOGUCHI__ANSWER__BODY_PAGE;
    answer.page = page;
    send_answer(c, &answer);
}

Madoguchi__Pair *answer_pair(struct arena *a, const char *name, const char *value) {
    Madoguchi__Pair *pair = arena_alloc(a, sizeof *pair);
    char *copy = arena_strndup(a, value, strlen(value));
    if (pair == NULL || copy == NULL) {
        return NULL;
    }
    madoguchi__pair__init(pair);
    SET(pair, name, bytes_of(name));
    SET(pair, value, bytes_of(copy));
    return pair;
}

static size_t varint(uint8_t *to, uint64_t v) {
    size_t n = 0;
    while (v >= 0x80) {
        to[n++] = (uint8_t)(v | 0x80);
        v >>= 7;
    }
    to[n++] = (uint8_t)v;
    return n;
}

/* Room for `len` bytes of a body packed before, whose tag is `body`. */
static uint8_t *reserve(struct conn *c, uint32_t serial, bool more, uint64_t position,
                        uint64_t body, size_t len) {
    uint8_t head[HEAD_MAX]; /* of the answer, up to its page's bytes */
    uint8_t outer[HEAD_MAX];
    size_t n = 0;
    n += varint(head + n, TAG_ANSWER_SERIAL);
    n += varint(head + n, serial);
    if (more) {
        n += varint(head + n, TAG_ANSWER_MORE);
        n += varint(head + n, 1);
    }
    if (position != 0) {
        n += varint(head + n, TAG_ANSWER_POSITION);
        n += varint(head + n, position);
    }
    n += varint(head + n, body);
    n += varint(head + n, len);
    size_t m = varint(outer, TAG_MESSAGE_ANSWER);
    m += varint(outer + m, n + len);
    uint8_t *to = conn_reserve(c, m + n + len);
    if (to == NULL) {
        return NULL;
    }
    memcpy(to, outer, m);
    memcpy(to + m, head, n);
    return to + m + n;
}

uint8_t *answer_reserve_page(struct conn *c, uint32_t serial, bool more, uint64_t position,
                             size_t len) {
    return reserve(c, serial, more, position, TAG_ANSWER_PAGE, len);
}

void answer_results(struct conn *c, uint32_t serial, bool more, const uint8_t *results,
                    size_t len) {
    uint8_t *to = reserve(c, serial, more, 0, TAG_ANSWER_RESULTS, len);
    if (to != NULL) {
        memcpy(to, results, len);
        conn_commit(c);
    }
}
