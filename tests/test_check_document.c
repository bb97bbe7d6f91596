/* Catalogues and plans: ids given twice, references to nothing, values that
 * are none, limits. */
#include <check.h>
#include <stdio.h>

#include "proto/check.h"
#include "tests/messages.h"
#include "tests/suite.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct arena arena;

static void setup(void) {
    arena_init(&arena, 16 << 20);
}

static void teardown(void) {
    arena_free(&arena);
}

/* Appends a part "TYPE fields" to a repeated field of messages. */
static void add(ProtobufCMessage *m, const char *field, const char *fields) {
    const ProtobufCFieldDescriptor *f = message_field(m->descriptor, field);
    ck_assert_msg(f != NULL && f->type == PROTOBUF_C_TYPE_MESSAGE, "%s", field);
    size_t *n = (size_t *)((char *)m + f->quantifier_offset);
    ProtobufCMessage ***list = (ProtobufCMessage ***)((char *)m + f->offset);
    ProtobufCMessage **longer = arena_alloc(&arena, (*n + 1) * sizeof(void *));
    if (*n > 0) {
        memcpy(longer, *list, *n * sizeof(void *));
    }
    longer[(*n)++] = messages_make(&arena, f->descriptor, fields);
    *list = longer;
}

static ProtobufCMessage *last(ProtobufCMessage *m, const char *field) {
    const ProtobufCFieldDescriptor *f = message_field(m->descriptor, field);
    size_t n = *(size_t *)((char *)m + f->quantifier_offset);
    return (*(ProtobufCMessage ***)((char *)m + f->offset))[n - 1];
}

/* ---- catalogues ---------------------------------------------------------------------- */

static Document__Catalogue *catalogue(void) {
    Document__Catalogue *c = (Document__Catalogue *)messages_make(
        &arena, &document__catalogue__descriptor, "format=1 rule=1 start=20000401");
    add(&c->base, "service",
        "code=migration prefix=M ja=移住相談 nature=consultation "
        "consultation=consultation;request");
    add(&c->base, "service", "code=citizen prefix=C ja=市民相談 en=Citizen nature=consultation");
    add(&c->base, "code", "list=nature code=consultation ja=相談");
    add(&c->base, "code", "list=nature code=request ja=要望");
    add(&c->base, "code", "list=topic code=housing ja=住まい service=migration retired=20300401");
    add(&c->base, "code", "list=origin code=tokyo ja=東京都");
    add(&c->base, "group", "list=origin name=shutoken member=tokyo ja=首都圏");
    return c;
}

/* Adds a part or sets fields of the whole ("" as part), and expects a refusal. */
static const struct {
    const char *part, *fields, *refused, *says;
} catalogues[] = {
    {"code", "list=topic code=work ja=仕事", "", ""},
    {"code", "list=channel code=housing ja=x", "", ""}, /* the same word in another list */
    {"service", "code=akiya prefix=A ja=空き家 nature=request", "", ""},
    {"group", "list=service name=all member=migration;citizen", "", ""},
    {"", "format=2", "catalogue", "format 1"},
    {"", "rule=2", "rule", "counting rule 1"},
    {"", "start=20000230", "start", "2000-04-01"},
    {"code", "list=topic code=housing ja=x", "code", "topic \"housing\" is given twice"},
    {"service", "code=citizen prefix=X ja=x nature=request", "code", "service \"citizen\""},
    {"group", "list=origin name=shutoken member=tokyo", "group", "origin \"shutoken\""},
    {"code", "list=topics code=a ja=x", "list", "\"topics\""},
    {"code", "code=a ja=x", "list", "\"\""},
    {"code", "list=topic code=Housing ja=x", "code", "not a code"},
    {"code", "list=topic ja=x", "code", "not a code"},
    {"code", "list=topic code=a", "ja", "topic a needs it"},
    {"code", "list=topic code=a ja=x service=akiya", "services", "\"akiya\" is not in the list"},
    {"code", "list=topic code=a ja=x retired=20300431", "retired", "topic a"},
    {"code", "list=topic code=a ja=住まい kana=すまい", "", ""},
    {"code", "list=topic code=a ja=佐々木支所2 kana=いすゞｻｻｷ2", "", ""},
    {"service", "code=akiya prefix=A ja=空き家バンク kana=アキヤバンク nature=request", "", ""},
    {"code", "list=topic code=a ja=住まい kana=住まい", "kana", "topic a"},
    {"code", "list=topic code=a ja=x kana=a", "kana", "in kana and digits only"},
    {"code", "list=topic code=a ja=x kana=\xe3\x81", "kana", "UTF-8"},
    {"service", "code=akiya prefix=A ja=x kana=x nature=request", "kana", "service akiya"},
    {"code", "list=topic code=a ja=a\x01", "ja", "control"},
    {"code", "list=topic code=a ja=x en=\xff", "en", "UTF-8"},
    {"service", "code=akiya prefix=A ja=x", "nature", "service akiya"},
    {"service", "code=akiya prefix=A ja=x nature=talk", "nature", "\"talk\""},
    {"service", "code=akiya prefix=A ja=x nature=request consultation=talk", "consultation",
     "\"talk\""},
    {"service", "code=akiya prefix=S ja=x nature=request", "prefix", "not S"},
    {"service", "code=akiya prefix=a ja=x nature=request", "prefix", "capital letter"},
    {"service", "code=akiya prefix=AB ja=x nature=request", "prefix", "capital letter"},
    {"service", "code=akiya ja=x nature=request", "prefix", "capital letter"},
    {"service", "code=akiya prefix=M ja=x nature=request", "prefix", "another service's"},
    {"service", "code=akiya prefix=A nature=request", "ja", "service akiya"},
    {"service", "code=akiya prefix=A ja=x nature=request retired=1", "retired", "service akiya"},
    {"group", "list=origin name=a member=tokyo;osaka", "members", "\"osaka\" is not in the list"},
    {"group", "list=origin name=a", "members", "group a needs it"},
    {"group", "list=places name=a member=tokyo", "list", "\"places\""},
    {"group", "list=origin name=@a member=tokyo", "name", "not a code"},
};

START_TEST(catalogues_by_sample) {
    ck_assert_int_eq(check_catalogue(catalogue(), NULL), 0);
    for (size_t i = 0; i < COUNT(catalogues); i++) {
        Document__Catalogue *c = catalogue();
        struct error e;
        memset(&e, 0, sizeof e);
        if (catalogues[i].part[0] != '\0') {
            add(&c->base, catalogues[i].part, catalogues[i].fields);
        } else {
            const char *value = strchr(catalogues[i].fields, '=');
            char name[20] = "";
            memcpy(name, catalogues[i].fields, (size_t)(value - catalogues[i].fields));
            messages_set(&arena, &c->base, name, value + 1, strlen(value + 1));
        }
        int rc = check_catalogue(c, &e);
        ck_assert_msg(rc == (catalogues[i].refused[0] ? -1 : 0), "%s: %s", catalogues[i].fields,
                      e.en);
        ck_assert_msg(strcmp(e.field, catalogues[i].refused) == 0, "%s: %s %s",
                      catalogues[i].fields, e.field, e.en);
        ck_assert_msg(strstr(e.en, catalogues[i].says) != NULL, "%s: %s", catalogues[i].fields,
                      e.en);
        ck_assert(rc == 0 || e.ja[0] != '\0');
    }
}
END_TEST

START_TEST(empty_catalogues) {
    struct error e;
    Document__Catalogue none = DOCUMENT__CATALOGUE__INIT;
    ck_assert_int_eq(check_catalogue(&none, &e), -1);
    Document__Catalogue *c = catalogue();
    c->n_service = 0;
    ck_assert_int_eq(check_catalogue(c, &e), -1);
    ck_assert_str_eq(e.field, "services");
}
END_TEST

START_TEST(catalogue_sizes) {
    struct error e;
    Document__Catalogue *c = catalogue();
    uint32_t holidays[] = {20240429, 20240503};
    c->holiday = holidays;
    c->n_holiday = 2;
    ck_assert_int_eq(check_catalogue(c, &e), 0);
    holidays[1] = 20240230;
    ck_assert_int_eq(check_catalogue(c, &e), -1);
    ck_assert_str_eq(e.field, "holidays");
    c->n_holiday = 0;

    size_t n = CHECK_CODES_MAX + 1;
    Document__Code *codes = arena_alloc(&arena, n * sizeof *codes);
    Document__Code **list = arena_alloc(&arena, n * sizeof(void *));
    for (size_t i = 0; i < n; i++) {
        document__code__init(&codes[i]);
        char *word = arena_printf(&arena, "t-%zu", i);
        SET(&codes[i], list, bytes_of("topic"));
        SET(&codes[i], code, bytes_of(word));
        SET(&codes[i], ja, bytes_of(word));
        list[i] = &codes[i];
    }
    list[0] = c->code[0];
    list[1] = c->code[1];
    list[2] = c->code[3]; /* tokyo */
    c->code = list;
    c->n_code = n;
    ck_assert_int_eq(check_catalogue(c, &e), -1);
    ck_assert_int_eq(e.code, ERR_TOO_MUCH);
    c->n_code = n - 1;
    ck_assert_msg(check_catalogue(c, &e) == 0, "%s", e.en);
    list[n - 2] = list[7];
    ck_assert_int_eq(check_catalogue(c, &e), -1);
    ck_assert(strstr(e.en, "t-7") != NULL);
}
END_TEST

/* ---- plans ------------------------------------------------------------------------------- */

#define FIELDS "name=移住件数 unit=件 decimals=0 "

static Document__Plan *plan(void) {
    Document__Plan *p = (Document__Plan *)messages_make(
        &arena, &document__plan__descriptor,
        "format=1 id=nagai title=長井市 municipality=062090 from=2019 to=2023");
    add(&p->base, "series", "id=views type=flow name=閲覧数");
    add(&p->base, "scale", "id=abc formula=actual/target");
    add(last(&p->base, "scale"), "band", "letter=A min=100");
    add(last(&p->base, "scale"), "band", "letter=B min=80.5");
    add(last(&p->base, "scale"), "band", "letter=C");
    add(&p->base, "indicator", "id=migrated kind=cumulative scale=abc " FIELDS);
    add(last(&p->base, "indicator"), "term",
        "count=outcomes where=service=migration;outcome=moved");
    add(last(&p->base, "indicator"), "baseline", "value=6 period=FY2017 source=当初値");
    add(last(&p->base, "indicator"), "target", "value=18 period=FY2023 comparator=以上");
    return p;
}

static const char *refused(const Document__Plan *p, struct error *e) {
    memset(e, 0, sizeof *e);
    int rc = check_plan(p, e);
    ck_assert_int_eq(check_plan(p, NULL), rc);
    ck_assert(rc == 0 || (e->en[0] != '\0' && e->ja[0] != '\0'));
    return rc == 0 ? "" : e->field;
}

/* A further indicator with one part, which is refused for a field. */
static const struct {
    const char *indicator, *part, *fields, *refused;
} indicators[] = {
    {"id=a kind=annual " FIELDS, "term", "figure=views", ""},
    {"id=a kind=annual " FIELDS, "term", "count=contacts", ""},
    {"id=a kind=ratio " FIELDS, "denominator", "figure=views", ""},
    {"id=a kind=annual " FIELDS, "beside", "count=cases where=origin=@shutoken", ""},
    {"id=a kind=window window_from=2021 window_to=2025 " FIELDS, "", "", ""},
    {"id=a kind=cumulative since=20180401 " FIELDS, "", "", ""},
    {"id=a kind=cumulative " FIELDS, "baseline", "value=1 period=FY2015..FY2018", ""},
    {"id=a kind=as-of " FIELDS, "as_of", "year=2021 date=20220313", ""},
    {"id=a kind=as-of " FIELDS, "as_of", "year=2021 date=20220401", ""},
    {"id=a kind=annual " FIELDS, "baseline", "value=― period=年度の印字なし", ""},
    {"id=a kind=annual " FIELDS, "target", "value=1、2 period=FY2022 comparator=程度", ""},
    {"id=a kind=annual " FIELDS, "target", "value=-12.50 period=R4", ""},
    {"id=a kind=annual " FIELDS, "verdict", "year=2023 letter=A source=総括表", ""},
    {"id=a kind=annual " FIELDS, "verdict", "year=2023 letter=B reason=評価会議", ""},
    {"id=a kind=annual " FIELDS, "term", "count=contacts where=route=event,outreach;channel!=post",
     ""},
    {"id=a kind=annual " FIELDS, "term", "count=sessions where=day=weekday", ""},
    /* ids */
    {"id=migrated kind=annual " FIELDS, "", "", "id"},
    {"id=Migrated kind=annual " FIELDS, "", "", "id"},
    {"kind=annual " FIELDS, "", "", "id"},
    {"id=a kind=annual unit=件", "", "", "name"},
    {"id=a " FIELDS, "", "", "kind"},
    {"id=a kind=yearly " FIELDS, "", "", "kind"},
    {"id=a kind=annual name=x decimals=7", "", "", "decimals"},
    {"id=a kind=annual scale=xyz " FIELDS, "", "", "scale"},
    {"id=a kind=annual scale=views " FIELDS, "", "", "scale"},
    /* kinds and what goes with them */
    {"id=a kind=cumulative " FIELDS, "", "", "since"},
    {"id=a kind=cumulative " FIELDS, "baseline", "value=1 period=現在", "since"},
    {"id=a kind=cumulative since=20180431 " FIELDS, "", "", "since"},
    {"id=a kind=annual since=20180401 " FIELDS, "", "", "since"},
    {"id=a kind=window " FIELDS, "", "", "window"},
    {"id=a kind=window window_from=2025 window_to=2021 " FIELDS, "", "", "window"},
    {"id=a kind=window window_from=2021 " FIELDS, "", "", "window"},
    {"id=a kind=annual window_from=2021 window_to=2025 " FIELDS, "", "", "window"},
    {"id=a kind=annual " FIELDS, "denominator", "figure=views", "denominator"},
    /* terms */
    {"id=a kind=annual " FIELDS, "term", "figure=other", "figure"},
    {"id=a kind=annual " FIELDS, "term", "figure=migrated", "figure"},
    {"id=a kind=annual " FIELDS, "term", "", "terms"},
    {"id=a kind=annual " FIELDS, "term", "figure=views count=cases", "terms"},
    {"id=a kind=annual " FIELDS, "term", "figure=views where=origin=tokyo", "terms"},
    {"id=a kind=annual " FIELDS, "term", "count=outcome", "count"},
    {"id=a kind=annual " FIELDS, "beside", "count=outcome", "count"},
    {"id=a kind=annual " FIELDS, "term", "count=cases where=origins=tokyo", "where"},
    {"id=a kind=annual " FIELDS, "term", "count=cases where=origin", "where"},
    {"id=a kind=annual " FIELDS, "term", "count=cases where==tokyo", "where"},
    {"id=a kind=annual " FIELDS, "term", "count=cases where=origin!tokyo", "where"},
    {"id=a kind=annual " FIELDS, "term", "count=cases where=origin=", "where"},
    {"id=a kind=annual " FIELDS, "term", "count=cases where=origin=tokyo,", "where"},
    {"id=a kind=annual " FIELDS, "term", "count=cases where=origin=東京", "origin"},
    {"id=a kind=annual " FIELDS, "term", "count=cases where=day=sunday", "day"},
    {"id=a kind=annual " FIELDS, "term", "count=cases where=status=open", "where"},
    /* values */
    {"id=a kind=annual " FIELDS, "target", "period=FY2023", "value"},
    {"id=a kind=annual " FIELDS, "target", "value=1,207,069 period=FY2023", "value"},
    {"id=a kind=annual " FIELDS, "target", "value=36.3% period=FY2023", "value"},
    {"id=a kind=annual " FIELDS, "target", "value=1.2.3 period=FY2023", "value"},
    {"id=a kind=annual " FIELDS, "target", "value=. period=FY2023", "value"},
    {"id=a kind=annual " FIELDS, "target", "value=18", "period"},
    {"id=a kind=annual " FIELDS, "target", "value=18 period=FY23", "period"},
    {"id=a kind=annual " FIELDS, "target", "value=18 period=2024-13", "period"},
    {"id=a kind=annual " FIELDS, "target", "value=18 period=FY2023 comparator=以前", "comparator"},
    {"id=a kind=annual " FIELDS, "as_of", "year=2021 date=20210331", "as_of"},
    {"id=a kind=annual " FIELDS, "as_of", "year=2021 date=20220229", "as_of"},
    {"id=a kind=annual " FIELDS, "as_of", "date=20220301", "as_of"},
    {"id=a kind=annual " FIELDS, "verdict", "letter=A source=x", "year"},
    {"id=a kind=annual " FIELDS, "verdict", "year=2023 source=x", "letter"},
    {"id=a kind=annual " FIELDS, "verdict", "year=2023 letter=A", "verdicts"},
};

START_TEST(indicators_by_sample) {
    struct error e;
    ck_assert_str_eq(refused(plan(), &e), "");
    for (size_t i = 0; i < COUNT(indicators); i++) {
        Document__Plan *p = plan();
        add(&p->base, "indicator", indicators[i].indicator);
        ProtobufCMessage *indicator = last(&p->base, "indicator");
        if (strcmp(indicators[i].part, "term") != 0) {
            add(indicator, "term", "figure=views");
        }
        if (indicators[i].part[0] != '\0') {
            add(indicator, indicators[i].part, indicators[i].fields);
        }
        const char *field = refused(p, &e);
        ck_assert_msg(strcmp(field, indicators[i].refused) == 0, "%s, %s %s: \"%s\" %s",
                      indicators[i].indicator, indicators[i].part, indicators[i].fields, field,
                      e.en);
    }
    Document__Plan *p = plan();
    add(&p->base, "indicator", "id=a kind=annual " FIELDS);
    ck_assert_str_eq(refused(p, &e), "terms");
    ck_assert(strstr(e.en, "indicator a") != NULL);
    add(last(&p->base, "indicator"), "term", "count=contcats");
    ck_assert_str_eq(refused(p, &e), "count");
    ck_assert_str_eq(e.near[0], "contacts");
}
END_TEST

START_TEST(as_of_twice) {
    struct error e;
    Document__Plan *p = plan();
    add(&p->indicator[0]->base, "as_of", "year=2021 date=20220301");
    add(&p->indicator[0]->base, "as_of", "year=2021 date=20220313");
    ck_assert_str_eq(refused(p, &e), "as_of");
    ck_assert(strstr(e.en, "FY2021 twice") != NULL);
}
END_TEST

START_TEST(heads_series_and_scales) {
    static const struct {
        const char *part, *fields, *refused;
    } samples[] = {
        {"", "format=2", "format"},
        {"", "id=", "plan"},
        {"", "id=Nagai", "plan"},
        {"", "municipality=062091", "municipality"},
        {"", "municipality=6209", "municipality"},
        {"", "from=2024", "years"},
        {"", "to=2100", "years"},
        {"", "from=19", "years"},
        {"series", "id=views type=stock", "id"},
        {"series", "id=likes", "type"},
        {"series", "id=likes type=sum", "type"},
        {"series", "type=flow", "id"},
        {"series", "id=likes type=stock", ""},
        {"scale", "id=abc formula=progress", "id"},
        {"scale", "id=xyz formula=progress", "bands"},
        {"scale", "id=xyz", "formula"},
        {"scale", "id=xyz formula=actual", "formula"},
    };
    struct error e;
    for (size_t i = 0; i < COUNT(samples); i++) {
        Document__Plan *p = plan();
        if (samples[i].part[0] != '\0') {
            add(&p->base, samples[i].part, samples[i].fields);
        } else {
            const char *value = strchr(samples[i].fields, '=');
            char name[20] = "";
            memcpy(name, samples[i].fields, (size_t)(value - samples[i].fields));
            messages_set(&arena, &p->base, name, value + 1, strlen(value + 1));
        }
        const char *field = refused(p, &e);
        ck_assert_msg(strcmp(field, samples[i].refused) == 0, "%s: %s %s", samples[i].fields, field,
                      e.en);
    }
    Document__Plan *p = plan();
    p->has_from = p->has_to = 0; /* a plan that prints no years */
    ck_assert_str_eq(refused(p, &e), "");
    p->has_id = 0;
    ck_assert_str_eq(refused(p, &e), "plan");
    Document__Plan none = DOCUMENT__PLAN__INIT;
    ck_assert_str_eq(refused(&none, &e), "format");
}
END_TEST

START_TEST(bands) {
    static const struct {
        const char *band[3];
        const char *refused;
    } samples[] = {
        {{"letter=A min=100", "letter=B min=80", "letter=C"}, ""},
        {{"letter=A", NULL, NULL}, ""},
        {{"letter=A min=100", "letter=B", "letter=C"}, "min"},
        {{"letter=A min=80", "letter=B min=100", "letter=C"}, "bands"},
        {{"letter=A min=80", "letter=B min=80", "letter=C"}, "bands"},
        {{"letter=A min=80%", NULL, NULL}, "min"},
        {{"letter=A min=", NULL, NULL}, "min"},
        {{"min=100", NULL, NULL}, "letter"},
    };
    for (size_t i = 0; i < COUNT(samples); i++) {
        struct error e;
        Document__Plan *p = plan();
        add(&p->base, "scale", "id=xyz formula=progress");
        for (size_t k = 0; k < 3 && samples[i].band[k] != NULL; k++) {
            add(last(&p->base, "scale"), "band", samples[i].band[k]);
        }
        const char *field = refused(p, &e);
        ck_assert_msg(strcmp(field, samples[i].refused) == 0, "%zu: %s %s", i, field, e.en);
    }
}
END_TEST

START_TEST(plan_sizes) {
    struct error e;
    Document__Plan *p = plan();
    for (size_t i = p->n_indicator; i < CHECK_INDICATORS_MAX; i++) {
        char fields[100];
        snprintf(fields, sizeof fields, "id=i-%zu kind=annual name=x", i);
        add(&p->base, "indicator", fields);
        add(last(&p->base, "indicator"), "term", "figure=views");
    }
    ck_assert_str_eq(refused(p, &e), "");
    add(&p->base, "indicator", "id=one-more kind=annual name=x");
    ck_assert_str_eq(refused(p, &e), "indicators");
    ck_assert_int_eq(e.code, ERR_TOO_MUCH);
    p = plan();
    for (int i = 0; i < 64; i++) {
        add(&p->indicator[0]->base, "term", "figure=views");
    }
    ck_assert_str_eq(refused(p, &e), "terms");
    ck_assert_int_eq(e.code, ERR_TOO_MUCH);
}
END_TEST

/* ---- individual numbers ------------------------------------------------------------------ */

/* Puts a number into every bytes field of the message and of those within it. */
static unsigned number_in_each(ProtobufCMessage *m, int (*check)(struct error *)) {
    unsigned n_done = 0;
    for (unsigned i = 0; i < m->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *f = &m->descriptor->fields[i];
        char *member = (char *)m + f->offset;
        bool repeated = f->label == PROTOBUF_C_LABEL_REPEATED;
        size_t n = repeated ? *(size_t *)((char *)m + f->quantifier_offset) : 1;
        if (f->type == PROTOBUF_C_TYPE_MESSAGE) {
            for (size_t k = 0; k < n; k++) {
                n_done += number_in_each((*(ProtobufCMessage ***)member)[k], check);
            }
        } else if (f->type == PROTOBUF_C_TYPE_BYTES && !repeated) {
            ProtobufCBinaryData before = *(ProtobufCBinaryData *)member;
            protobuf_c_boolean *has = (protobuf_c_boolean *)((char *)m + f->quantifier_offset);
            protobuf_c_boolean had = *has;
            struct error e;
            *(ProtobufCBinaryData *)member = bytes_of("１２３４－５６７８－９０１８");
            *has = 1;
            ck_assert_msg(check(&e) == -1 && e.code == ERR_INDIVIDUAL_NUMBER, "%s.%s",
                          m->descriptor->short_name, f->name);
            ck_assert(strstr(e.en, "5678") == NULL && strstr(e.en, "５６７８") == NULL);
            ck_assert(strstr(e.ja, "5678") == NULL && strstr(e.ja, "５６７８") == NULL);
            *(ProtobufCBinaryData *)member = before;
            *has = had;
            n_done++;
        }
    }
    return n_done;
}

static const Document__Plan *the_plan;
static const Document__Catalogue *the_catalogue;

static int check_the_plan(struct error *e) {
    return check_plan(the_plan, e);
}

static int check_the_catalogue(struct error *e) {
    return check_catalogue(the_catalogue, e);
}

START_TEST(numbers_in_every_text) {
    Document__Plan *p = plan();
    add(&p->indicator[0]->base, "verdict", "year=2023 letter=A source=x");
    the_plan = p;
    ck_assert_uint_gt(number_in_each(&p->base, check_the_plan), 30);
    Document__Catalogue *c = catalogue();
    the_catalogue = c;
    ck_assert_uint_gt(number_in_each(&c->base, check_the_catalogue), 20);
    struct error e;
    add(&p->indicator[0]->base, "term", "count=cases where=venue=123456789018");
    ck_assert_str_eq(refused(p, &e), "where");
    ck_assert_int_eq(e.code, ERR_INDIVIDUAL_NUMBER);
}
END_TEST

int main(void) {
    Suite *s = suite_create("check-document");
    TCase *t = tcase_create("document");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, catalogues_by_sample);
    tcase_add_test(t, empty_catalogues);
    tcase_add_test(t, catalogue_sizes);
    tcase_add_test(t, indicators_by_sample);
    tcase_add_test(t, as_of_twice);
    tcase_add_test(t, heads_series_and_scales);
    tcase_add_test(t, bands);
    tcase_add_test(t, plan_sizes);
    tcase_add_test(t, numbers_in_every_text);
    suite_add_tcase(s, t);
    return suite_run(s);
}
