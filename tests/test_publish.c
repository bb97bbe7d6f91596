/* What was published of a plan: frozen as reported, compared with what is known now. */
#include "tests/kit_client.h"
#include "tests/kit_indicator.h"
#include "tests/kit_people.h"
#include "tests/kit_private.h"
#include "tests/suite.h"

#include "proto/frame.h"

#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

#define PLAN                                                                                       \
    "  - {id: moved, name: 移住, unit: 件, kind: annual, terms: [{count: outcomes, where: "     \
    "[outcome=moved]}], targets: [{period: FY2024, value: \"4\"}], scale: bands}\n"                \
    "  - {id: views, name: 閲覧, unit: 回, kind: annual, terms: [{figure: flow-a}], targets: "  \
    "[{period: FY2024, value: \"100\"}]}\n"                                                        \
    "  - {id: unread, name: 未定, unit: 回, kind: annual, terms: [{figure: flow-b}], targets: " \
    "[{period: FY2024, value: \"100\"}]}\n"

static const char *text_of(struct kit *k, ProtobufCBinaryData b) {
    return b.len == 0 ? "-" : arena_strndup(&k->arena, b.data, b.len);
}

/* Rows as "indicator year reported>now #seq actor", split by "; ". */
static const char *restated(struct kit *k) {
    const Madoguchi__Page *page =
        kit_read(k, kit_request(k, "restatements", "plan", "test-plan", NULL));
    const char *text = "";
    ck_assert_msg(page != NULL, "%s", k->last.en);
    for (size_t i = 0; i < page->n_restatement; i++) {
        const Madoguchi__RestatementRow *r = page->restatement[i];
        ck_assert_uint_gt(r->published_at, 0);
        text = arena_printf(&k->arena, "%s%s%s %u %s>%s #%llu %s", text, i > 0 ? "; " : "",
                            text_of(k, r->indicator), r->year, text_of(k, r->reported),
                            text_of(k, r->now), (unsigned long long)r->published_seq,
                            text_of(k, r->actor));
    }
    return text;
}

static uint64_t publish(struct kit *k, const char *year) {
    return kit_warned(k, 1, "publication", "plan", "test-plan", "=year", year, NULL);
}

static const char *row(struct kit *k, const char *values, uint64_t seq) {
    return arena_printf(&k->arena, "%s #%llu %s", values, (unsigned long long)seq,
                        k->daemon ? text_of(k, kit_show(k, seq)->actor) : k->actor);
}

/* Three movers; a view count from outside. */
static const char *begin(struct kit *k) {
    plan_put(k, PLAN);
    const char *c = kit_log(k, "migration", "2024-04-15", NULL);
    kit_ok(k, "outcome", "case_number", c, "date", "2024-05-01", "outcome", "moved", NULL);
    kit_ok(k, "tally", "service", "migration", "date", "2024-05-02", "count", "2", "outcome",
           "moved", NULL);
    figure(k, "flow-a", "FY2024", "80", "2025-03-31");
    return c;
}

/* A later entry and a correction: the number is another one, what was reported stays. */
static void changed_since(struct kit *k) {
    begin(k);
    uint64_t position = k->last.seq;
    uint64_t first = publish(k, "2024");
    ck_assert_uint_eq(first, position + 1);
    ck_assert_str_eq(restated(k), "");
    kit_tick(k);
    kit_ok(k, "tally", "service", "migration", "date", "2024-06-02", "outcome", "moved", NULL);
    ck_assert_str_eq(restated(k), row(k, "moved 2024 3>4", first));
    kit_ok(k, "correct", "seq", kit_text(k, position), "value", "90", "reason", "x", NULL);
    const char *both = arena_printf(&k->arena, "%s; %s", row(k, "moved 2024 3>4", first),
                                    row(k, "views 2024 80>90", first));
    ck_assert_str_eq(restated(k), both);
    /* The third had no value and has one, the second the other way round. */
    figure(k, "flow-b", "FY2024", "7", "2025-03-31");
    kit_ok(k, "void", "seq", kit_text(k, position), "reason", "x", NULL);
    both = arena_printf(&k->arena, "%s; %s; %s", row(k, "moved 2024 3>4", first),
                        row(k, "views 2024 80>-", first), row(k, "unread 2024 ->7", first));
    ck_assert_str_eq(restated(k), both);
}

/* The newest publication is what is compared with, year by year. */
static void published_again(struct kit *k) {
    begin(k);
    publish(k, "2024");
    kit_ok(k, "tally", "service", "migration", "date", "2024-06-02", "outcome", "moved", NULL);
    uint64_t again = publish(k, "2024");
    ck_assert_str_eq(restated(k), "");
    kit_ok(k, "tally", "service", "migration", "date", "2023-06-02", "count", "5", "outcome",
           "moved", NULL);
    uint64_t before = publish(k, "2023");
    kit_ok(k, "tally", "service", "migration", "date", "2023-06-02", "outcome", "moved", NULL);
    kit_ok(k, "tally", "service", "migration", "date", "2024-06-02", "outcome", "moved", NULL);
    const char *both = arena_printf(&k->arena, "%s; %s", row(k, "moved 2023 5>6", before),
                                    row(k, "moved 2024 4>5", again));
    ck_assert_str_eq(restated(k), both);
}

/* An indicator that the plan has no more, and one that it has only now. */
static void other_plan(struct kit *k) {
    begin(k);
    uint64_t first = publish(k, "2024");
    plan_put(k, "  - {id: moved, name: 移住, unit: 件, kind: annual, terms: [{count: outcomes, "
                "where: [outcome=moved]}]}\n"
                "  - {id: seen, name: 閲覧, unit: 回, kind: annual, terms: [{figure: flow-a}]}\n");
    const char *both = arena_printf(&k->arena, "%s; %s", row(k, "seen 2024 ->80", first),
                                    row(k, "views 2024 80>-", first));
    ck_assert_str_eq(restated(k), both);
}

static void refusals(struct kit *k) {
    kit_refused(k, ERR_NOT_FOUND, "plan", "publication", "plan", "test-plan", "=year", "2024",
                NULL);
    ck_assert_ptr_null(kit_read(k, kit_request(k, "restatements", "plan", "test-plan", NULL)));
    ck_assert_int_eq(k->last.code, ERR_NOT_FOUND);
    plan_put(k, "  - {id: views, name: 閲覧, unit: 回, kind: annual, terms: [{figure: flow-a}]}\n");
    kit_refused(k, ERR_STATE, "year", "publication", "plan", "test-plan", "=year", "2024", NULL);
    kit_said(k, "nothing to publish");
    figure(k, "flow-a", "FY2020", "80", "2021-03-31");
    kit_refused(k, ERR_INVALID, "year", "publication", "plan", "test-plan", "=year", "2020", NULL);
    kit_said(k, "2021 to 2025");
    kit_refused(k, ERR_INVALID, "year", "publication", "plan", "test-plan", NULL);
    kit_refused(k, ERR_INVALID, "plan", "publication", "=year", "2024", NULL);
    /* Only the daemon says what the figures are. */
    kit_refused(k, ERR_INVALID, "position", "publication", "plan", "test-plan", "=year", "2024",
                "=position", "3", NULL);
    Madoguchi__Published one = MADOGUCHI__PUBLISHED__INIT;
    Madoguchi__Published *list[] = {&one};
    Madoguchi__Request *r =
        kit_request(k, "publication", "plan", "test-plan", "=year", "2024", NULL);
    SET(&one, indicator, bytes_of("views"));
    SET(&one, actual, bytes_of("1000000"));
    r->publication->figure = list;
    r->publication->n_figure = 1;
    uint64_t head = kit_head(k);
    ck_assert_int_eq(kit_record(k, r).code, ERR_INVALID);
    ck_assert_str_eq(k->last.field, "figure");
    ck_assert_uint_eq(kit_head(k), head);
}

static Madoguchi__Request *same_again(struct kit *k, ProtobufCBinaryData id, const char *year) {
    Madoguchi__Request *r = kit_request(k, "publication", "plan", "test-plan", "=year", year, NULL);
    r->id = id;
    return r;
}

/* The same request is the same publication, whatever the numbers are meanwhile. */
static void asked_again(struct kit *k) {
    begin(k);
    Madoguchi__Request *r =
        kit_request(k, "publication", "plan", "test-plan", "=year", "2024", NULL);
    ProtobufCBinaryData id = r->id;
    ck_assert_int_eq(kit_record(k, r).code, 0);
    uint64_t first = k->last.seq;
    kit_ok(k, "tally", "service", "migration", "date", "2024-06-02", "outcome", "moved", NULL);
    ck_assert_int_eq(kit_record(k, same_again(k, id, "2024")).code, 0);
    ck_assert(k->last.known);
    ck_assert_uint_eq(k->last.seq, first);
    ck_assert_uint_eq(k->last.n_warning, 1);
    ck_assert_int_eq(kit_record(k, same_again(k, id, "2023")).code, ERR_CONFLICT);
    ck_assert_str_eq(restated(k), row(k, "moved 2024 3>4", first));
}

static bool at_second(void *ctx) {
    unsigned *asked = ctx;
    return ++*asked == 2;
}

static void stopped(struct kit *k) {
    unsigned asked = 0;
    struct error e;
    Madoguchi__Publication out = MADOGUCHI__PUBLICATION__INIT;
    if (k->daemon) {
        return; /* what a stop of the daemon does is tried below */
    }
    begin(k);
    ck_assert_int_eq(store_evaluate(k->store, bytes_of("test-plan"), 2024, k->now, at_second,
                                    &asked, &k->arena, &out, &e),
                     -1);
    ck_assert_int_eq(e.code, ERR_BUSY);
    ck_assert_uint_eq(asked, 2);
    ck_assert_uint_eq(out.n_figure, 1);
}

/* What is kept is in the entry: the audit trail shows it. */
static void noted(struct kit *k) {
    begin(k);
    uint64_t position = k->last.seq;
    publish(k, "2024");
    const Madoguchi__Page *page = kit_read(k, kit_request(k, "audit", "kind", "publish", NULL));
    ck_assert_uint_eq(page->n_entry, 1);
    ck_assert(bytes_equal(page->entry[0]->kind, "publish"));
    const char *fields = "";
    for (size_t i = 0; i < page->entry[0]->n_field; i++) {
        const Madoguchi__Pair *p = page->entry[0]->field[i];
        fields =
            arena_printf(&k->arena, "%s%s=%s ", fields, text_of(k, p->name), text_of(k, p->value));
    }
    ck_assert_str_eq(fields,
                     arena_printf(&k->arena, "plan=test-plan plan_seq=3 year=2024 position=%llu ",
                                  (unsigned long long)position));
    kit_refused(k, ERR_STATE, "entry", "void", "seq", kit_text(k, k->last.seq), "reason", "x",
                NULL);
}

/* ---- the daemon -------------------------------------------------------------------------- */

static size_t add_frame(uint8_t *to, uint32_t serial, Madoguchi__Request *r) {
    Madoguchi__ClientMessage m = MADOGUCHI__CLIENT_MESSAGE__INIT;
    SET(r, serial, serial);
    m.body_case = MADOGUCHI__CLIENT_MESSAGE__BODY_REQUEST;
    m.request = r;
    size_t len = protobuf_c_message_get_packed_size(&m.base);
    frame_header(to, len);
    protobuf_c_message_pack(&m.base, to + FRAME_HEADER);
    return FRAME_HEADER + len;
}

static void start(struct kit *k, const char *config) {
    kit_start(k, false);
    begin(k);
    kit_close(k, true);
    kit_daemon_start(&k->d, config);
    k->daemon = true;
    k->fd = kit_hello(&k->d);
}

/* Two in one write are taken in one turn of the loop: the second finds the first. */
START_TEST(one_at_a_time) {
    struct kit k;
    uint8_t bytes[1000];
    uint64_t seq = 0;
    int busy = 0;
    start(&k, NULL);
    size_t len = add_frame(
        bytes, 1, kit_request(&k, "publication", "plan", "test-plan", "=year", "2024", NULL));
    len += add_frame(bytes + len, 2,
                     kit_request(&k, "publication", "plan", "test-plan", "=year", "2024", NULL));
    ck_assert(kit_send_bytes(k.fd, bytes, len));
    for (int i = 0; i < 2; i++) {
        const Madoguchi__Answer *answer = kit_answer_of(k.fd, &k.arena);
        struct kit_answer a = kit_answer_from(answer);
        ck_assert_int_eq(a.code, answer->serial == 1 ? 0 : ERR_BUSY);
        busy += a.code == ERR_BUSY;
        seq = a.code == 0 ? a.seq : seq;
    }
    ck_assert_int_eq(busy, 1);
    ck_assert_uint_eq(kit_head(&k), seq);
    publish(&k, "2024"); /* it is free again */
    kit_finish(&k);
}
END_TEST

static size_t published(struct kit *k) {
    return kit_read(k, kit_request(k, "audit", "kind", "publish", NULL))->n_entry;
}

/* The daemon stops while a publication waits for its thread, or is worked out, or is
 * recorded: it is there as a whole or not at all, and asked again it is there once. */
START_TEST(a_stop_meanwhile) {
    struct kit k;
    uint8_t bytes[1000];
    start(&k, "query_threads: 1\nquery_stop_ms: 0\n");
    Madoguchi__Request *r =
        kit_request(&k, "publication", "plan", "test-plan", "=year", "2024", NULL);
    ProtobufCBinaryData id = r->id;
    size_t len = add_frame(bytes, 1, kit_request(&k, "verify", NULL));
    len += add_frame(bytes + len, 2, r);
    ck_assert(kit_send_bytes(k.fd, bytes, len));
    if (_i > 0) {
        kit_pause((unsigned)_i * 2);
    }
    int status = kit_daemon_stop(&k.d, SIGTERM);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%d", status);
    close(k.fd);
    kit_daemon_start(&k.d, NULL);
    k.fd = kit_hello(&k.d);
    size_t before = published(&k);
    ck_assert_uint_le(before, 1);
    ck_assert_int_eq(kit_record(&k, same_again(&k, id, "2024")).code, 0);
    ck_assert(k.last.known == (before == 1));
    ck_assert_uint_eq(published(&k), 1);
    kit_finish(&k);
}
END_TEST

/* A clerk's is refused before anything is worked out. */
START_TEST(rights) {
    struct kit k;
    kit_start(&k, false);
    kit_person(&k, "clerk", "clerk", NULL, NULL, NULL);
    kit_person(&k, "planner", "planner", NULL, NULL, NULL);
    kit_person(&k, "auditor", "auditor", NULL, NULL, NULL);
    begin(&k);
    kit_people_serve(&k, NULL, (const char *const[]){"clerk", "planner", "auditor", NULL});
    kit_become(&k, "clerk");
    ck_assert_int_eq(
        kit_code(&k, kit_request(&k, "publication", "plan", "nothing", "=year", "2024", NULL)),
        ERR_FORBIDDEN);
    ck_assert_int_eq(kit_code(&k, kit_request(&k, "restatements", "plan", "test-plan", NULL)),
                     ERR_FORBIDDEN);
    kit_become(&k, "planner");
    uint64_t seq = publish(&k, "2024");
    ck_assert_str_eq(restated(&k), "");
    kit_become(&k, NULL);
    kit_ok(&k, "tally", "service", "migration", "date", "2024-06-02", "outcome", "moved", NULL);
    kit_become(&k, "auditor");
    ck_assert_str_eq(restated(&k), arena_printf(&k.arena, "moved 2024 3>4 #%llu planner",
                                                (unsigned long long)seq));
    kit_become(&k, NULL);
    kit_finish(&k);
}
END_TEST

/* ---- the command line -------------------------------------------------------------------- */

START_TEST(commands) {
    struct kit k;
    char line[200];
    start(&k, NULL);
    kit_client_refused(&k, 2, "--year", "publish test-plan");
    kit_client_refused(&k, 1, "not a", "publish test-plan --year moon");
    kit_client_refused(&k, 1, "no plan", "publish other --year R6");
    kit_client_refused(&k, 1, "no plan", "restatements other");
    kit_client_ok(&k, "publish test-plan --year R6");
    kit_printed("#8\n");
    kit_said_client("2 figures of 3 indicators, as they stood at entry #7");
    kit_client_ok(&k, "restatements test-plan");
    kit_said_client("Nothing that was published");
    kit_client_ok(&k, "restatements test-plan --format csv");
    kit_ok(&k, "tally", "service", "migration", "date", "2024-06-02", "outcome", "moved", NULL);
    kit_client_ok(&k, "restatements test-plan --format csv");
    kit_printed("id,name,unit,year,reported,now,published,by,published_at\n");
    snprintf(line, sizeof line, "moved,移住,件,2024,3,4,8,%s,",
             text_of(&k, kit_show(&k, 9)->actor));
    kit_printed(line);
    kit_client_ok(&k, "restatements test-plan --format json");
    kit_printed("\"reported\": 3, \"now\": 4, \"published\": 8");
    kit_client_ok(&k, "restatements test-plan");
    kit_printed("Reported");
    kit_finish(&k);
}
END_TEST

static const struct kit_scenario scenarios[] = {
    {"changed since", changed_since},
    {"published again", published_again},
    {"other plan", other_plan},
    {"stopped", stopped},
    {"refusals", refusals},
    {"asked again", asked_again},
    {"noted", noted},
};

static void scenario(int i, bool daemon) {
    struct kit k;
    kit_start(&k, daemon);
    scenarios[i].run(&k);
    kit_finish(&k);
}

START_TEST(in_process) {
    scenario(_i, false);
}
END_TEST

START_TEST(by_the_daemon) {
    scenario(_i, true);
}
END_TEST

int main(void) {
    enum { N = sizeof scenarios / sizeof scenarios[0] };
    kit_begin();
    Suite *s = suite_create("publish");
    TCase *t = tcase_create("publish");
    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, in_process, 0, N);
    tcase_add_loop_test(t, by_the_daemon, 0, N);
    tcase_add_test(t, one_at_a_time);
    tcase_add_loop_test(t, a_stop_meanwhile, 0, 4);
    tcase_add_test(t, rights);
    tcase_add_test(t, commands);
    suite_add_tcase(s, t);
    int status = suite_run(s);
    kit_end();
    return status;
}
