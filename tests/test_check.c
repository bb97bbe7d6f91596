/* The shape of requests: every rule's refusal, every limit.  Acts have their
 * own file. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "proto/check.h"
#include "tests/messages.h"
#include "tests/suite.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define ACT     MADOGUCHI__REQUEST__BODY_ACT
#define SESSION MADOGUCHI__REQUEST__BODY_SESSION

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

/* ---- the other entries --------------------------------------------------------------- */

#define FIGURE     MADOGUCHI__REQUEST__BODY_FIGURE
#define COVERAGE   MADOGUCHI__REQUEST__BODY_COVERAGE
#define VOIDING    MADOGUCHI__REQUEST__BODY_VOIDING
#define PUT        MADOGUCHI__REQUEST__BODY_PUT
#define SHOW       MADOGUCHI__REQUEST__BODY_SHOW
#define LIST       MADOGUCHI__REQUEST__BODY_LIST
#define STATS      MADOGUCHI__REQUEST__BODY_STATS
#define INDICATORS MADOGUCHI__REQUEST__BODY_INDICATORS
#define PROVE      MADOGUCHI__REQUEST__BODY_PROVE
#define DOCUMENTS  MADOGUCHI__REQUEST__BODY_DOCUMENTS
#define PUBLISH    MADOGUCHI__REQUEST__BODY_PUBLICATION
#define RESTATED   MADOGUCHI__REQUEST__BODY_RESTATEMENTS

static const struct message_sample entries[] = {
    {SESSION,
     "kind=1 session_kind=seminar date=20240601 service=migration venue=市役所 form=online", ""},
    {SESSION, "kind=1 date=20240601", "session_kind"},
    {SESSION, "kind=1 session_kind=seminar", "date"},
    {SESSION, "kind=1 session_kind=seminar date=20240601 session=S-2024-1", "session"},
    {SESSION, "kind=1 session_kind=seminar date=20240601 persons=3", "persons"},
    {SESSION, "kind=1 session_kind=seminar date=20240601 reason=雨", "reason"},
    {SESSION, "kind=2 session_kind=seminar date=20240601 households=2 persons=3", ""},
    {SESSION, "kind=2 session=S-2024-000001 date=20240601 persons=3", ""},
    {SESSION, "kind=2 date=20240601 persons=3", "session_kind"},
    {SESSION, "kind=2 date=20240601 persons=3 | source=a ref=第1回 nth=1", ""},
    {SESSION, "kind=2 session=S-2024-000001", ""},
    {SESSION, "kind=2 session_kind=seminar persons=3", "date"},
    {SESSION, "kind=2 session_kind=seminar date=20240601 persons=1000001", "persons"},
    {SESSION, "kind=3 session=S-2024-000001 reason=雨", ""},
    {SESSION, "kind=3 session=S-2024-000001 date=20240601 reason=雨", ""},
    {SESSION, "kind=3 session=S-2024-000001", "reason"},
    {SESSION, "kind=3 session=S-2024-000001 reason=　", "reason"},
    {SESSION, "kind=3 reason=雨", "session"},
    {SESSION, "kind=3 session=S-2024-000001 venue=x reason=雨", "venue"},
    {SESSION, "kind=3 session_kind=seminar date=20240601 venue=x | source=a ref=b nth=1", ""},
    {SESSION, "kind=3 session_kind=seminar date=20240601 | source=a nth=1", "session"},
    {SESSION, "kind=3 session_kind=seminar persons=2 | source=a ref=b nth=1", "persons"},
    {SESSION, "kind=4 session=S-2024-000001", "kind"},
    {SESSION, "session=S-2024-000001", "kind"},
    {FIGURE, "series=nagai-hp-views period=FY2023 value=1207069 as_of=20240331 source=広報", ""},
    {FIGURE, "series=x period=R5 value=36.3 as_of=20240301 source=x", ""},
    {FIGURE, "series=x period=2024-04-01..2024-04-15 value=― as_of=20240301 source=x", ""},
    {FIGURE, "series=x period=FY2023 value=1 as_of=20240331 | source=a nth=1", ""},
    {FIGURE, "period=FY2023 value=1 as_of=20240331 source=x", "series"},
    {FIGURE, "series=Views period=FY2023 value=1 as_of=20240331 source=x", "series"},
    {FIGURE, "series=x value=1 as_of=20240331 source=x", "period"},
    {FIGURE, "series=x period=last-year value=1 as_of=20240331 source=x", "period"},
    {FIGURE, "series=x period=2024-04-01.. value=1 as_of=20240331 source=x", "period"},
    {FIGURE, "series=x period=FY2023 as_of=20240331 source=x", "value"},
    {FIGURE, "series=x period=FY2023 value= as_of=20240331 source=x", "value"},
    {FIGURE, "series=x period=FY2023 value=1 source=x", "as_of"},
    {FIGURE, "series=x period=FY2023 value=1 as_of=20240332 source=x", "as_of"},
    {FIGURE, "series=x period=FY2023 value=1 as_of=20240331", "source"},
    {COVERAGE, "period=FY2023", ""},
    {COVERAGE, "period=2024-04-01.. service=migration program=a session_kind=b", ""},
    {COVERAGE, "period=FY2023 session_kind=seminar not_held=1 reason=感染症", ""},
    {COVERAGE, "service=migration", "period"},
    {COVERAGE, "period=2024-02-30", "period"},
    {COVERAGE, "period=FY2023 service=A", "service"},
    {COVERAGE, "period=FY2023 not_held=1", "reason"},
    {COVERAGE, "period=FY2023 not_held=1 | source=a nth=1", ""},
    {COVERAGE, "period=FY2023 reason=x", "reason"},
    {COVERAGE, "period=FY2023 not_held=0 reason=x", "reason"},
    {VOIDING, "seq=17 reason=二重", ""},
    {VOIDING, "number=M-2024-000001 reason=二重", ""},
    {VOIDING, "reason=二重 | source=a ref=b nth=1", ""},
    {VOIDING, "reason=二重", "number"},
    {VOIDING, "seq=0 reason=二重", "number"},
    {VOIDING, "seq=17 number=M-2024-000001 reason=二重", "number"},
    {VOIDING, "seq=17", "reason"},
    {VOIDING, "seq=17 reason=", "reason"},
    {VOIDING, "number=a/b reason=x", "number"},
    {PUT, "kind=2 piece=0 pieces=1 data=x", ""},
    {PUT, "kind=1 piece=63 pieces=64 data=x", ""},
    {PUT, "kind=3 piece=0 pieces=1 data=x", "kind"},
    {PUT, "piece=0 pieces=1 data=x", "kind"},
    {PUT, "kind=2 pieces=1 data=x", "piece"},
    {PUT, "kind=2 piece=0 data=x", "pieces"},
    {PUT, "kind=2 piece=1 pieces=1 data=x", "piece"},
    {PUT, "kind=2 piece=0 pieces=0 data=x", "piece"},
    {PUT, "kind=2 piece=0 pieces=65 data=x", "pieces"},
    {PUT, "kind=2 piece=0 pieces=1 data=", "data"},
    {PUT, "kind=2 piece=0 pieces=1", "data"},
    {PUT, "kind=2 piece=0 pieces=1 data=x | source=a nth=1", "row"},
};

START_TEST(entries_by_sample) {
    messages_check_samples(&arena, entries, COUNT(entries));
}
END_TEST

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

START_TEST(corrections) {
    static const struct {
        const char *fields;
        const char *changes[3];
        const char *refused;
    } samples[] = {
        {"seq=17 reason=誤記", {"field=topic value=housing;work"}, ""},
        {"seq=17 reason=誤記", {"field=topic value=", "field=date value=R6.4.1"}, ""},
        {"seq=17 reason=誤記", {"field=topic"}, ""},
        {"seq=17 reason=誤記", {"field=session_kind value=a"}, ""},
        {"reason=誤記 | source=a ref=b nth=1", {"field=topic value=a"}, ""},
        {"reason=誤記", {"field=topic value=a"}, "seq"},
        {"seq=0 reason=誤記", {"field=topic value=a"}, "seq"},
        {"seq=17", {"field=topic value=a"}, "reason"},
        {"seq=17 reason=誤記", {0}, "change"},
        {"seq=17 reason=誤記", {"value=a"}, "field"},
        {"seq=17 reason=誤記", {"field=Topic value=a"}, "field"},
        {"seq=17 reason=誤記", {"field=topics value=a"}, "topics"},
        {"seq=17 reason=誤記", {"field=kind value=a"}, "kind"},
        {"seq=17 reason=誤記", {"field=case_number value=a"}, "case_number"},
        {"seq=17 reason=誤記", {"field=topic value=a", "field=topic value=b"}, "topic"},
    };
    for (size_t i = 0; i < COUNT(samples); i++) {
        size_t n = 0;
        while (n < 3 && samples[i].changes[n] != NULL) {
            n++;
        }
        struct error e;
        const char *field =
            messages_refused(correction(samples[i].fields, samples[i].changes, n), &e);
        ck_assert_msg(strcmp(field, samples[i].refused) == 0, "%zu: %s %s", i, field, e.en);
        if (strcmp(field, "topics") == 0) {
            ck_assert_uint_eq(e.n_near, 1);
            ck_assert_str_eq(e.near[0], "topic");
        }
    }
    const char *many[CHECK_CHANGES_MAX + 1];
    for (size_t i = 0; i < COUNT(many); i++) {
        many[i] = "field=topic value=a";
    }
    struct error e;
    ck_assert_str_eq(messages_refused(correction("seq=1 reason=x", many, COUNT(many)), &e),
                     "change");
    ck_assert_int_eq(e.code, ERR_TOO_MUCH);
}
END_TEST

/* ---- questions ------------------------------------------------------------------------- */

static const struct message_sample questions[] = {
    {SHOW, "number=M-2024-000123", ""},
    {SHOW, "seq=17", ""},
    {SHOW, "", "number"},
    {SHOW, "number=M-2024-000123 seq=17", "number"},
    {SHOW, "number=<script>", "number"},
    {LIST, "", ""},
    {LIST, "from=R6 to=FY2025 as_of=20240415 known_at=1 today=20240415", ""},
    {LIST, "from=2024-04 to=2024-04", ""},
    {LIST, "from=2024-05 to=2024-04", "to"},
    {LIST, "from=昨日", "from"},
    {LIST, "to=2024-02-30", "to"},
    {LIST, "as_of=20240230", "as_of"},
    {LIST, "today=1", "today"},
    {STATS, "", ""},
    {STATS, "count=contacts by=month;service", ""},
    {STATS, "count=contact", "count"},
    {STATS, "count=contacts by=months", "by"},
    {STATS, "count=contacts by=month;month", "by"},
    {STATS, "by=year;month;day;service;topic;office", ""},
    {STATS, "by=year;month;day;service;topic;office;age", "by"},
    {INDICATORS, "plan=nagai from=2019 to=2023 as_of=20240331 plan_now=1", ""},
    {INDICATORS, "from=2019", "plan"},
    {INDICATORS, "plan=nagai from=19", "from"},
    {INDICATORS, "plan=nagai from=2023 to=2019", "to"},
    {PROVE, "plan=nagai indicator=migrated-cases year=2023", ""},
    {PROVE, "plan=nagai indicator=migrated-cases", "year"},
    {PROVE, "plan=nagai year=2023", "indicator"},
    {PROVE, "indicator=x year=2023", "plan"},
    {RESTATED, "plan=nagai", ""},
    {RESTATED, "plan=\xff", "plan"},
    {PUBLISH, "plan=nagai year=2023", ""},
    {PUBLISH, "plan=Nagai year=2023", "plan"},
    {PUBLISH, "plan=nagai year=23", "year"},
    {PUBLISH, "plan=nagai", "year"},
    {PUBLISH, "plan=nagai year=2023 position=0", "position"},
    {DOCUMENTS, "kind=1", ""},
    {DOCUMENTS, "kind=2 id=nagai", ""},
    {DOCUMENTS, "kind=1 id=nagai", "id"},
    {DOCUMENTS, "", "kind"},
    {MADOGUCHI__REQUEST__BODY_BACKUP, "directory=/var/backups/062090", ""},
    {MADOGUCHI__REQUEST__BODY_BACKUP, "", "directory"},
    {MADOGUCHI__REQUEST__BODY_BACKUP, "directory=backups", "directory"},
    {MADOGUCHI__REQUEST__BODY_STATUS, "", ""},
    {MADOGUCHI__REQUEST__BODY_VERIFY, "", ""},
    {MADOGUCHI__REQUEST__BODY_PING, "", ""},
    {MADOGUCHI__REQUEST__BODY_PING, " | source=a nth=1", "row"},
};

START_TEST(questions_by_sample) {
    messages_check_samples(&arena, questions, COUNT(questions));
}
END_TEST

START_TEST(near_words) {
    struct error e;
    ck_assert_str_eq(messages_refused(request(STATS, "count=contcats"), &e), "count");
    ck_assert_uint_eq(e.n_near, 1);
    ck_assert_str_eq(e.near[0], "contacts");
    ck_assert_str_eq(messages_refused(request(STATS, "by=chanel"), &e), "by");
    ck_assert_str_eq(e.near[0], "channel");
    ck_assert_str_eq(messages_refused(request(STATS, "by=zzzzzz"), &e), "by");
    ck_assert_uint_eq(e.n_near, 0);
}
END_TEST

static const char *filter(const char *fields, struct error *e) {
    Madoguchi__Request *r = request(LIST, "");
    Madoguchi__Filter *f = (Madoguchi__Filter *)make(&madoguchi__filter__descriptor, fields);
    r->list->filter = &f;
    r->list->n_filter = 1;
    return messages_refused(r, e);
}

START_TEST(filters) {
    static const char *const samples[][2] = {
        {"field=route value=event;outreach", ""},
        {"field=origin value=@shutoken exclude=1", ""},
        {"field=day value=weekday", ""},
        {"field=venue value=市役所", ""},
        {"field=age value=", ""},
        {"field=status value=open", ""},
        {"field=day value=monday", "day"},
        {"field=status value=opened", "status"},
        {"field=routes value=event", "field"},
        {"field=Route value=event", "field"},
        {"value=event", "field"},
        {"field=route", "route"},
        {"field=route value=@", "route"},
        {"field=route value=@@a", "route"},
        {"field=route value=イベント", "route"},
    };
    struct error e;
    for (size_t i = 0; i < COUNT(samples); i++) {
        ck_assert_msg(strcmp(filter(samples[i][0], &e), samples[i][1]) == 0, "%s: %s %s",
                      samples[i][0], e.field, e.en);
    }
    filter("field=routes value=event", &e);
    ck_assert_str_eq(e.near[0], "route");
    char many[400] = "field=route value=a";
    size_t len = strlen(many);
    for (int i = 1; i < CHECK_VALUES_MAX; i++) {
        many[len++] = ';';
        many[len++] = 'a';
    }
    ck_assert_str_eq(filter(many, &e), "");
    many[len++] = ';';
    many[len++] = 'a';
    ck_assert_str_eq(filter(many, &e), "value");
    ck_assert_int_eq(e.code, ERR_TOO_MUCH);
}
END_TEST

START_TEST(too_many_filters) {
    Madoguchi__Filter *f =
        (Madoguchi__Filter *)make(&madoguchi__filter__descriptor, "field=route value=a");
    Madoguchi__Filter *all[CHECK_FILTERS_MAX + 1];
    Madoguchi__Request *r = request(LIST, "");
    struct error e;
    for (size_t i = 0; i < COUNT(all); i++) {
        all[i] = f;
    }
    r->list->filter = all;
    r->list->n_filter = CHECK_FILTERS_MAX;
    ck_assert_str_eq(messages_refused(r, &e), "");
    r->list->n_filter++;
    ck_assert_str_eq(messages_refused(r, &e), "filter");
    ck_assert_int_eq(e.code, ERR_TOO_MUCH);
}
END_TEST

/* ---- the envelope -------------------------------------------------------------------------- */

START_TEST(envelopes) {
    struct error e;
    Madoguchi__Request nothing = MADOGUCHI__REQUEST__INIT;
    ck_assert_str_eq(messages_refused(&nothing, &e), "body");
    nothing.body_case = ACT;
    ck_assert_str_eq(messages_refused(&nothing, &e), "body");

    Madoguchi__Request *r = request(ACT, "kind=1 date=20240415 service=migration");
    for (size_t len = 0; len <= 20; len++) {
        r->id.len = len;
        ck_assert_str_eq(messages_refused(r, &e), len == 16 ? "" : "id");
    }
    r->has_id = 0;
    ck_assert_str_eq(messages_refused(r, &e), "id");
    r = request(SHOW, "seq=1");
    ck_assert_str_eq(messages_refused(r, &e), "");
    SET(r, id, copy("short", 5));
    ck_assert_str_eq(messages_refused(r, &e), "id");

    static const char *const texts[] = {"on_behalf", "terminal", "visit"};
    for (size_t i = 0; i < COUNT(texts); i++) {
        char text[201];
        memset(text, 'a', sizeof text);
        r = request(ACT, "kind=1 date=20240415 service=migration");
        set(&r->base, texts[i], text, 200);
        ck_assert_str_eq(messages_refused(r, &e), "");
        set(&r->base, texts[i], text, 201);
        ck_assert_str_eq(messages_refused(r, &e), texts[i]);
        ck_assert_int_eq(e.code, ERR_TOO_MUCH);
        set(&r->base, texts[i], "a\nb", 3);
        ck_assert_str_eq(messages_refused(r, &e), texts[i]);
        set(&r->base, texts[i], "\xff", 1);
        ck_assert_str_eq(messages_refused(r, &e), texts[i]);
    }
}
END_TEST

START_TEST(what_records) {
    for (unsigned i = 0; i < madoguchi__request__descriptor.n_fields; i++) {
        unsigned id = madoguchi__request__descriptor.fields[i].id;
        Madoguchi__Request r = MADOGUCHI__REQUEST__INIT;
        r.body_case = (Madoguchi__Request__BodyCase)id;
        ck_assert(check_request_records(&r) == (id >= 16 && id < 32));
    }
    Madoguchi__Request none = MADOGUCHI__REQUEST__INIT;
    ck_assert(!check_request_records(&none));
}
END_TEST

START_TEST(hellos) {
    struct error e;
    static const char *const good[] = {"protocol=1", "protocol=1 build=madoguchi_0.1.0 language=ja",
                                       "protocol=1 language=en"};
    static const char *const bad[][2] = {
        {"", "protocol"},
        {"protocol=0", "protocol"},
        {"protocol=2", "protocol"},
        {"protocol=1 language=fr", "language"},
        {"protocol=1 build=\x01", "build"},
    };
    for (size_t i = 0; i < COUNT(good); i++) {
        ck_assert_int_eq(
            check_hello((Madoguchi__Hello *)make(&madoguchi__hello__descriptor, good[i]), &e), 0);
    }
    for (size_t i = 0; i < COUNT(bad); i++) {
        ck_assert_int_eq(
            check_hello((Madoguchi__Hello *)make(&madoguchi__hello__descriptor, bad[i][0]), &e),
            -1);
        ck_assert_str_eq(e.field, bad[i][1]);
    }
}
END_TEST

START_TEST(long_texts) {
    static const struct {
        Madoguchi__Request__BodyCase body;
        const char *fields, *field;
        size_t max;
    } texts[] = {
        {VOIDING, "seq=1", "reason", 4000},
        {SESSION, "kind=2 date=20240415 session_kind=a", "venue", 200},
        {SESSION, "kind=3 session=S-2024-1", "reason", 4000},
        {FIGURE, "series=x period=FY2023 value=1 as_of=20240331", "source", 4000},
        {FIGURE, "series=x period=FY2023 as_of=20240331 source=x", "value", 200},
        {COVERAGE, "period=FY2023 not_held=1", "reason", 4000},
    };
    char *text = malloc(70000);
    ck_assert_ptr_nonnull(text);
    memset(text, 'a', 70000);
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct error e;
        Madoguchi__Request *r = request(texts[i].body, texts[i].fields);
        set(&r->act->base, texts[i].field, text, texts[i].max);
        ck_assert_msg(strcmp(messages_refused(r, &e), "") == 0, "%s %s", texts[i].fields, e.en);
        set(&r->act->base, texts[i].field, text, texts[i].max + 1);
        ck_assert_str_eq(messages_refused(r, &e), texts[i].field);
        ck_assert_int_eq(e.code, ERR_TOO_MUCH);
        set(&r->act->base, texts[i].field, text, 65000);
        ck_assert_str_eq(messages_refused(r, &e), texts[i].field);
    }
    struct error e;
    Madoguchi__Request *r = request(PUT, "kind=2 piece=0 pieces=1");
    SET(r->put, data, ((ProtobufCBinaryData){CHECK_PIECE_BYTES, (uint8_t *)text}));
    ck_assert_str_eq(messages_refused(r, &e), "");
    r->put->data.len++;
    ck_assert_str_eq(messages_refused(r, &e), "data");
    ck_assert_int_eq(e.code, ERR_TOO_MUCH);
    free(text);
}
END_TEST

/* A bad value is quoted only as far as it may be, whatever it is. */
START_TEST(hostile_values) {
    static const char *const values[] = {"",
                                         "a",
                                         "\xff",
                                         "\x1b[2J",
                                         "%s%n",
                                         "12345678901234567890",
                                         "長い語長い語長い語長い語長い語長い語長い語長い語長い語"};
    unsigned seed = 3;
    for (int round = 0; round < 20000; round++) {
        static const Madoguchi__Request__BodyCase bodies[] = {
            ACT, SESSION, FIGURE, COVERAGE, VOIDING, SHOW, LIST, STATS, PROVE};
        seed = seed * 1103515245 + 12345;
        Madoguchi__Request *r = request(bodies[(seed >> 16) % COUNT(bodies)], "");
        const ProtobufCMessageDescriptor *d = r->act->base.descriptor;
        for (int k = 0; k < 5; k++) {
            seed = seed * 1103515245 + 12345;
            const ProtobufCFieldDescriptor *f = &d->fields[(seed >> 8) % d->n_fields];
            if (f->type == PROTOBUF_C_TYPE_MESSAGE) {
                continue;
            }
            const char *value = values[(seed >> 20) % COUNT(values)];
            set(&r->act->base, f->name, value, strlen(value));
        }
        struct error e;
        memset(&e, 0, sizeof e);
        if (check_request(r, &e) != 0) {
            ck_assert(e.field[0] != '\0' && strchr(e.en, '\x1b') == NULL);
        }
        arena_reset(&arena);
    }
}
END_TEST

int main(void) {
    Suite *s = suite_create("check");
    TCase *t = tcase_create("check");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, entries_by_sample);
    tcase_add_test(t, corrections);
    tcase_add_test(t, questions_by_sample);
    tcase_add_test(t, near_words);
    tcase_add_test(t, filters);
    tcase_add_test(t, too_many_filters);
    tcase_add_test(t, envelopes);
    tcase_add_test(t, what_records);
    tcase_add_test(t, hellos);
    tcase_add_test(t, long_texts);
    tcase_add_test(t, hostile_values);
    suite_add_tcase(s, t);
    return suite_run(s);
}
