/* No individual number gets past the check of a request, in whichever field,
 * and no error repeats one.  All numbers here are synthetic. */
#include <check.h>

#include "proto/check.h"
#include "tests/messages.h"
#include "tests/suite.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define ACT        MADOGUCHI__REQUEST__BODY_ACT
#define SESSION    MADOGUCHI__REQUEST__BODY_SESSION
#define FIGURE     MADOGUCHI__REQUEST__BODY_FIGURE
#define COVERAGE   MADOGUCHI__REQUEST__BODY_COVERAGE
#define VOIDING    MADOGUCHI__REQUEST__BODY_VOIDING
#define SHOW       MADOGUCHI__REQUEST__BODY_SHOW
#define LIST       MADOGUCHI__REQUEST__BODY_LIST
#define STATS      MADOGUCHI__REQUEST__BODY_STATS
#define INDICATORS MADOGUCHI__REQUEST__BODY_INDICATORS
#define PROVE      MADOGUCHI__REQUEST__BODY_PROVE
#define DOCUMENTS  MADOGUCHI__REQUEST__BODY_DOCUMENTS

static struct arena arena;

static void setup(void) {
    arena_init(&arena, 4 << 20);
}

static void teardown(void) {
    arena_free(&arena);
}

static ProtobufCBinaryData copy(const char *text, size_t len) {
    return (ProtobufCBinaryData){len, (uint8_t *)arena_strndup(&arena, text, len)};
}

static void set(ProtobufCMessage *m, const char *name, const char *text, size_t len) {
    messages_set(&arena, m, name, text, len);
}

static ProtobufCMessage *make(const ProtobufCMessageDescriptor *type, const char *fields) {
    return messages_make(&arena, type, fields);
}

static Madoguchi__Request *request(Madoguchi__Request__BodyCase body, const char *fields) {
    return messages_request(&arena, body, fields);
}

struct sample {
    Madoguchi__Request__BodyCase body;
    const char *fields;
};

static Madoguchi__Request *correction(const char *fields, const char *const *changes, size_t n) {
    Madoguchi__Request *r = request(MADOGUCHI__REQUEST__BODY_CORRECTION, fields);
    r->correction->change = arena_alloc(&arena, n * sizeof(void *));
    r->correction->n_change = n;
    for (size_t i = 0; i < n; i++) {
        r->correction->change[i] =
            (Madoguchi__Change *)make(&madoguchi__change__descriptor, changes[i]);
    }
    return r;
}

#define MY_NUMBER "１２３４５６７８９０１８"

static void expect_refused_number(const Madoguchi__Request *r, const char *name) {
    struct error e;
    memset(&e, 0, sizeof e);
    ck_assert_msg(check_request(r, &e) == -1, "%s was accepted", name);
    ck_assert_msg(e.code == ERR_INDIVIDUAL_NUMBER, "%s: %d %s", name, e.code, e.en);
    const char *const parts[] = {"1234", "１２３４", "9018", "９０１８", "5678"};
    for (size_t i = 0; i < COUNT(parts); i++) {
        ck_assert_msg(strstr(e.en, parts[i]) == NULL && strstr(e.ja, parts[i]) == NULL, "%s: %s",
                      name, e.en);
        for (unsigned k = 0; k < e.n_near; k++) {
            ck_assert(strstr(e.near[k], parts[i]) == NULL);
        }
    }
}

/* Every bytes field of a message, one after the other. */
static void number_in_each(Madoguchi__Request *r, ProtobufCMessage *m) {
    static const char *const numbers[] = {MY_NUMBER, "123456789018"};
    for (unsigned i = 0; i < m->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *f = &m->descriptor->fields[i];
        if (f->type != PROTOBUF_C_TYPE_BYTES || strcmp(f->name, "id") == 0) {
            continue;
        }
        size_t size = m->descriptor->sizeof_message;
        void *saved = arena_alloc(&arena, size);
        memcpy(saved, m, size);
        for (size_t k = 0; k < COUNT(numbers); k++) {
            set(m, f->name, numbers[k], strlen(numbers[k]));
            expect_refused_number(r, f->name);
            memcpy(m, saved, size);
        }
    }
}

START_TEST(numbers_in_every_field) {
    static const struct sample samples[] = {
        {ACT, "kind=1 date=20240415 service=a outcome=b | source=a ref=b nth=1"},
        {SESSION, "kind=3 date=20240415 reason=x | source=a ref=b nth=1"},
        {FIGURE, "series=x period=FY2023 value=1 as_of=20240331 source=x"},
        {COVERAGE, "period=FY2023 not_held=1 reason=x"},
        {VOIDING, "number=M-2024-000001 reason=x"},
        {SHOW, "number=M-2024-000001"},
        {LIST, "from=R6 to=R7"},
        {STATS, "count=contacts by=month"},
        {INDICATORS, "plan=nagai"},
        {PROVE, "plan=nagai indicator=a year=2023"},
        {DOCUMENTS, "kind=2"},
    };
    for (size_t i = 0; i < COUNT(samples); i++) {
        Madoguchi__Request *r = request(samples[i].body, samples[i].fields);
        struct error e;
        ck_assert_msg(strcmp(messages_refused(r, &e), "") == 0, "%s: %s", samples[i].fields, e.en);
        if (samples[i].body == DOCUMENTS) {
            set(&r->documents->base, "id", "123456789018", 12);
            expect_refused_number(r, "id");
            continue;
        }
        if (samples[i].body != ACT) {
            number_in_each(r, &r->act->base);
        }
        number_in_each(r, &r->base);
        if (r->row != NULL) {
            number_in_each(r, &r->row->base);
        }
    }
}
END_TEST

START_TEST(numbers_in_every_field_of_an_act) {
    static const struct {
        const char *fields, *field;
    } acts_with[] = {
        {"kind=1 date=20240415", "service"},
        {"kind=1 date=20240415 service=a", "program"},
        {"kind=1 date=20240415 service=a", "office"},
        {"kind=1 date=20240415 service=a", "channel"},
        {"kind=1 date=20240415 service=a", "nature"},
        {"kind=1 date=20240415 service=a", "topic"},
        {"kind=1 date=20240415 service=a", "origin"},
        {"kind=1 date=20240415 service=a", "age"},
        {"kind=1 date=20240415 service=a", "route"},
        {"kind=1 date=20240415 service=a", "session"},
        {"kind=1 date=20240415 service=a | source=a ref=b nth=1", "session"},
        {"kind=1 date=20240415 service=a", "outcome"},
        {"kind=3 date=20240415 service=a", "reason"},
        {"kind=4 date=20240415", "case_number"},
        {"kind=5 date=20240415 case_number=M-1 outcome=a", "with_case"},
        {"kind=6 date=20240415 case_number=M-1", "target"},
    };
    for (size_t i = 0; i < COUNT(acts_with); i++) {
        Madoguchi__Request *r = request(ACT, acts_with[i].fields);
        set(&r->act->base, acts_with[i].field, "123456789018", 12);
        expect_refused_number(r, acts_with[i].field);
        set(&r->act->base, acts_with[i].field, MY_NUMBER, strlen(MY_NUMBER));
        expect_refused_number(r, acts_with[i].field);
    }
}
END_TEST

START_TEST(numbers_in_changes_and_filters) {
    static const char *const changes[] = {"field=" MY_NUMBER " value=a",
                                          "field=venue value=" MY_NUMBER,
                                          "field=topic value=123456789018"};
    for (size_t i = 0; i < COUNT(changes); i++) {
        expect_refused_number(correction("seq=1 reason=x", &changes[i], 1), changes[i]);
    }
    static const char *const change = "field=venue value=a";
    expect_refused_number(correction("seq=1 reason=" MY_NUMBER, &change, 1), "reason");
    static const char *const filters_with[] = {
        "field=123456789018 value=a",      "field=" MY_NUMBER " value=a",
        "field=venue value=" MY_NUMBER,    "field=route value=123456789018",
        "field=route value=@123456789018", "field=day value=123456789018",
    };
    for (size_t i = 0; i < COUNT(filters_with); i++) {
        Madoguchi__Request *r = request(LIST, "");
        Madoguchi__Filter *f =
            (Madoguchi__Filter *)make(&madoguchi__filter__descriptor, filters_with[i]);
        r->list->filter = &f;
        r->list->n_filter = 1;
        expect_refused_number(r, filters_with[i]);
    }
}
END_TEST

START_TEST(suspicious) {
    struct error e;
    Madoguchi__Request *r = request(VOIDING, "seq=1 reason=202404010930");
    ck_assert_str_eq(messages_refused(r, &e), "");
    ck_assert(check_suspicious(r));
    r = request(VOIDING, "seq=1 reason=20240401");
    ck_assert(!check_suspicious(r));
    r = request(ACT, "kind=1 date=20240415 service=a | source=202404010930 ref=b nth=1");
    ck_assert_str_eq(messages_refused(r, &e), "");
    ck_assert(check_suspicious(r));
    SET(r, id, copy("202404010930", 12));
    r->row = NULL;
    ck_assert(!check_suspicious(r));
    set(&r->base, "visit", "202404010930", 12);
    ck_assert(check_suspicious(r));
    static const char *const change = "field=venue value=202404010930";
    ck_assert(check_suspicious(correction("seq=1 reason=x", &change, 1)));
    /* a code is echoed by whoever looks it up: refused */
    ck_assert_str_eq(
        messages_refused(request(ACT, "kind=1 date=20240415 service=202404010930"), &e), "service");
    ck_assert_int_eq(e.code, ERR_INDIVIDUAL_NUMBER);
    ck_assert(!check_suspicious(request(SHOW, "number=202404010930")));
}
END_TEST

int main(void) {
    Suite *s = suite_create("check-numbers");
    TCase *t = tcase_create("numbers");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, numbers_in_every_field);
    tcase_add_test(t, numbers_in_every_field_of_an_act);
    tcase_add_test(t, numbers_in_changes_and_filters);
    tcase_add_test(t, suspicious);
    suite_add_tcase(s, t);
    return suite_run(s);
}
