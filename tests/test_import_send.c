/* An import against a stand-in for the daemon: what is checked, what is recorded, and what
 * becomes of answers that were lost. */
#include "client/connection.h"
#include "client/import.h"
#include "proto/check.h"
#include "proto/frame.h"
#include "tests/suite.h"

#include <check.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static struct error e;
static struct client client;
static struct import import;

/* ---- the stand-in ------------------------------------------------------------------------ */

/* Shared with the stand-in's process. */
static struct standin {
    unsigned drop_every;   /* closes the connection instead of answering, each so many */
    char refuse_topic[32]; /* rows of this topic are refused when recorded */
    unsigned records;      /* different ids recorded */
    unsigned checks;
    unsigned asked;
} * standin;

static char directory[64];
static char address[64];
static pid_t pid;

static void answer(FILE *out, Madoguchi__ServerMessage *m) {
    static uint8_t bytes[FRAME_HEADER + FRAME_MAX];
    size_t len = protobuf_c_message_pack(&m->base, bytes + FRAME_HEADER);
    frame_header(bytes, len);
    fwrite(bytes, 1, FRAME_HEADER + len, out);
    fflush(out);
}

static void welcome(FILE *out) {
    Madoguchi__Welcome w = MADOGUCHI__WELCOME__INIT;
    Madoguchi__ServerMessage m = MADOGUCHI__SERVER_MESSAGE__INIT;
    SET(&w, protocol, 1);
    SET(&w, in_flight_max, 8);
    m.body_case = MADOGUCHI__SERVER_MESSAGE__BODY_WELCOME;
    m.welcome = &w;
    answer(out, &m);
}

/* Whether the id was met before; remembers it. */
static bool known_id(ProtobufCBinaryData id) {
    static uint8_t ids[10000][16];
    static unsigned n;
    for (unsigned i = 0; i < n; i++) {
        if (memcmp(ids[i], id.data, 16) == 0) {
            return true;
        }
    }
    memcpy(ids[n++], id.data, 16);
    return false;
}

/* What is said to a request: one of these is filled. */
struct said {
    Madoguchi__Recorded recorded;
    Madoguchi__Error error;
    Madoguchi__Result result;
};

static void say(struct said *said, const Madoguchi__Request *r, bool check) {
    bool refused =
        !check && r->act->n_topic > 0 && bytes_equal(r->act->topic[0], standin->refuse_topic);
    bool lost = check && r->act->kind == MADOGUCHI__ACT_KIND__CONTACT;
    madoguchi__result__init(&said->result);
    if (refused || lost) {
        madoguchi__error__init(&said->error);
        SET(&said->error, code,
            refused ? MADOGUCHI__ERROR_CODE__STATE : MADOGUCHI__ERROR_CODE__NOT_FOUND);
        SET(&said->error, field, bytes_of(refused ? "topic" : "ref"));
        SET(&said->error, en, bytes_of("no"));
        said->result.body_case = MADOGUCHI__RESULT__BODY_ERROR;
        said->result.error = &said->error;
        return;
    }
    bool known = !check && known_id(r->id);
    standin->checks += check;
    standin->records += !check && !known;
    madoguchi__recorded__init(&said->recorded);
    SET(&said->recorded, seq, standin->records);
    SET(&said->recorded, known, known);
    said->result.body_case = MADOGUCHI__RESULT__BODY_RECORDED;
    said->result.recorded = &said->recorded;
}

/* The rows one after the other; what was done of them before the connection is dropped
 * stays done.  Their results come in two answers. */
static bool serve_rows(FILE *out, const Madoguchi__Request *all) {
    static struct said said[CHECK_ROWS_MAX];
    static Madoguchi__Result *result[CHECK_ROWS_MAX];
    size_t n = all->rows->n_request;
    struct arena rows;
    arena_init(&rows, 16u << 20);
    bool go_on = true;
    for (size_t i = 0; i < n && go_on; i++) {
        const Madoguchi__Request *r = (Madoguchi__Request *)message_unpack(
            &madoguchi__request__descriptor, &rows, all->rows->request[i].data,
            all->rows->request[i].len, NULL);
        say(&said[i], r, all->check);
        result[i] = &said[i].result;
        go_on = standin->drop_every == 0 || ++standin->asked % standin->drop_every != 0;
    }
    for (size_t from = 0; from < n && go_on; from += n / 2 + 1) {
        size_t to = from + n / 2 + 1 < n ? from + n / 2 + 1 : n;
        Madoguchi__Results results = MADOGUCHI__RESULTS__INIT;
        Madoguchi__Answer a = MADOGUCHI__ANSWER__INIT;
        Madoguchi__ServerMessage m = MADOGUCHI__SERVER_MESSAGE__INIT;
        results.result = result + from;
        results.n_result = to - from;
        SET(&a, serial, all->serial);
        SET(&a, more, to < n);
        a.body_case = MADOGUCHI__ANSWER__BODY_RESULTS;
        a.results = &results;
        m.body_case = MADOGUCHI__SERVER_MESSAGE__BODY_ANSWER;
        m.answer = &a;
        answer(out, &m);
    }
    arena_free(&rows);
    return go_on;
}

/* False: the connection is dropped. */
static bool serve(FILE *out, const Madoguchi__Request *r) {
    struct said said;
    Madoguchi__Answer a = MADOGUCHI__ANSWER__INIT;
    Madoguchi__ServerMessage m = MADOGUCHI__SERVER_MESSAGE__INIT;
    if (r->body_case == MADOGUCHI__REQUEST__BODY_ROWS) {
        return serve_rows(out, r);
    }
    say(&said, r, r->check);
    SET(&a, serial, r->serial);
    a.body_case = MADOGUCHI__ANSWER__BODY_RECORDED;
    a.recorded = &said.recorded;
    if (standin->drop_every > 0 && ++standin->asked % standin->drop_every == 0) {
        return false;
    }
    m.body_case = MADOGUCHI__SERVER_MESSAGE__BODY_ANSWER;
    m.answer = &a;
    answer(out, &m);
    return true;
}

static void serve_connection(int fd) {
    static uint8_t bytes[FRAME_MAX];
    uint8_t head[FRAME_HEADER];
    FILE *in = fdopen(dup(fd), "rb");
    FILE *out = fdopen(fd, "wb");
    struct arena messages;
    arena_init(&messages, FRAME_BUDGET);
    bool go_on = true;
    while (go_on && fread(head, 1, sizeof head, in) == sizeof head) {
        size_t len;
        frame_peek(head, sizeof head, &len);
        if (fread(bytes, 1, len, in) != len) {
            break;
        }
        arena_reset(&messages);
        const Madoguchi__ClientMessage *m = (Madoguchi__ClientMessage *)message_unpack(
            &madoguchi__client_message__descriptor, &messages, bytes, len, NULL);
        if (m == NULL) {
            break;
        }
        if (m->body_case == MADOGUCHI__CLIENT_MESSAGE__BODY_HELLO) {
            welcome(out);
        } else {
            go_on = serve(out, m->request);
        }
    }
    fclose(in);
    fclose(out);
    arena_free(&messages);
}

static void start_standin(void) {
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    strcpy(directory, "/tmp/madoguchi-import-XXXXXX");
    ck_assert(mkdtemp(directory) != NULL);
    snprintf(a.sun_path, sizeof a.sun_path, "%s/s", directory);
    snprintf(address, sizeof address, "unix:%s", a.sun_path);
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    ck_assert_int_eq(bind(listener, (struct sockaddr *)&a, sizeof a), 0);
    ck_assert_int_eq(listen(listener, 8), 0);
    standin =
        mmap(NULL, sizeof *standin, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid = fork();
    if (pid == 0) {
        signal(SIGPIPE, SIG_IGN);
        for (;;) {
            serve_connection(accept(listener, NULL, NULL));
        }
    }
    close(listener);
    client.server = address;
}

static void stop_standin(void) {
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    unlink(address + strlen("unix:"));
    rmdir(directory);
    munmap(standin, sizeof *standin);
    connection_free(client.connection);
    client.connection = NULL;
}

/* ---- what is asked ------------------------------------------------------------------------ */

static void read_rows(unsigned n, const char *last) {
    char *text = malloc(n * 64 + 1000);
    size_t used = (size_t)sprintf(text, "kind,ref,date,service,topic\n");
    for (unsigned i = 0; i < n; i++) {
        used += (size_t)sprintf(text + used, "log,r%u,2024-04-01,migration,\n", i);
    }
    strcpy(text + used, last);
    import_init(&import, &client, "file.csv");
    ck_assert_msg(import_begin(&import, text, strlen(text), &e) == 0, "%s", e.en);
    ck_assert_msg(import_more(&import, SIZE_MAX, &e) == 0, "%s", e.en);
    free(text);
}

START_TEST(nothing_is_recorded_by_the_first_pass) {
    start_standin();
    read_rows(100, "contact,r1,2024-04-02,,\n");
    ck_assert_int_eq(import_check(&import, NULL, NULL, &e), CONNECTION_DONE);
    ck_assert_uint_eq(import.n_problem, 0);
    ck_assert_uint_eq(standin->records, 0);
    ck_assert_uint_eq(standin->checks, 100); /* the contact's ref is not there yet: that is fine */
    ck_assert_int_eq(import_record(&import, NULL, NULL, &e), CONNECTION_DONE);
    ck_assert_uint_eq(standin->records, 101);
    ck_assert_uint_eq(import.recorded, 101);
    import_free(&import);
    stop_standin();
}
END_TEST

START_TEST(a_ref_that_no_row_opens_is_a_problem) {
    start_standin();
    read_rows(3, "contact,r9,2024-04-02,,\n");
    ck_assert_int_eq(import_check(&import, NULL, NULL, &e), CONNECTION_DONE);
    ck_assert_uint_eq(import.n_problem, 1);
    ck_assert_uint_eq(import.problem[0].line, 5);
    import_free(&import);
    stop_standin();
}
END_TEST

/* Rows are checked while the file is still read. */
static enum connection_outcome check_unread(const char *last) {
    char *text = malloc(5000 * 64 + 1000);
    size_t used = (size_t)sprintf(text, "kind,ref,date,service,topic\n");
    for (unsigned i = 0; i < 5000; i++) {
        used += (size_t)sprintf(text + used, "log,r%u,2024-04-01,migration,\n%s", i,
                                i == 3000 ? "log,,2024-13-01,migration,\n" : "");
    }
    strcpy(text + used, last);
    import_init(&import, &client, "test.csv");
    ck_assert_int_eq(import_begin(&import, text, strlen(text), &e), 0);
    ck_assert_uint_eq(import.n_items, 0);
    enum connection_outcome outcome = import_check(&import, NULL, NULL, &e);
    free(text);
    return outcome;
}

START_TEST(checked_while_read) {
    start_standin();
    ck_assert_int_eq(check_unread("contact,r4999,2024-04-02,,\n"), CONNECTION_DONE);
    ck_assert_uint_eq(import.n_items, 5002);
    ck_assert_uint_eq(import.n_problem, 1);
    ck_assert_uint_eq(import.problem[0].line, 3003);
    ck_assert_uint_eq(standin->checks, 5000);
    ck_assert_uint_eq(standin->records, 0);
    import_free(&import);
    /* What is no CSV is found when it is reached, and nothing is recorded then either. */
    ck_assert_int_eq(check_unread("log,\"x\"y\n"), CONNECTION_REFUSED);
    ck_assert_msg(strstr(e.en, "Line 5003 ") != NULL, "%s", e.en);
    ck_assert_uint_eq(standin->records, 0);
    import_free(&import);
    stop_standin();
}
END_TEST

START_TEST(lost_connections_record_nothing_twice) {
    start_standin();
    standin->drop_every = 1500;
    read_rows(4000, "");
    ck_assert_int_eq(import_check(&import, NULL, NULL, &e), CONNECTION_DONE);
    ck_assert_int_eq(import_record(&import, NULL, NULL, &e), CONNECTION_DONE);
    ck_assert_uint_eq(standin->records, 4000);
    ck_assert_uint_eq(import.recorded, 4000);
    ck_assert_uint_gt(standin->asked, 8000);
    import_free(&import);
    stop_standin();
}
END_TEST

START_TEST(a_refused_row_stops_the_recording) {
    start_standin();
    strcpy(standin->refuse_topic, "housing");
    read_rows(20, "log,x,2024-04-01,migration,housing\n");
    ck_assert_int_eq(import_check(&import, NULL, NULL, &e), CONNECTION_DONE);
    ck_assert_uint_eq(import.n_problem, 0);
    ck_assert_int_eq(import_record(&import, NULL, NULL, &e), CONNECTION_DONE);
    ck_assert_uint_eq(import.n_problem, 1);
    ck_assert_uint_eq(import.problem[0].line, 22);
    ck_assert_uint_eq(import.recorded, 20);
    import_free(&import);
    stop_standin();
}
END_TEST

static int take(void *ctx, const Madoguchi__Answer *got) {
    *(bool *)ctx = got->recorded->known;
    return 0;
}

static enum connection_outcome tally(struct connection *c, bool *known) {
    Madoguchi__Act act = MADOGUCHI__ACT__INIT;
    Madoguchi__Request request = MADOGUCHI__REQUEST__INIT;
    uint8_t id[16];
    connection_request_id(id);
    SET(&request, id, ((ProtobufCBinaryData){.len = sizeof id, .data = id}));
    SET(&act, kind, MADOGUCHI__ACT_KIND__TALLY);
    request.body_case = MADOGUCHI__REQUEST__BODY_ACT;
    request.act = &act;
    return connection_ask(c, &request, take, known, &e);
}

START_TEST(a_lost_answer_is_asked_for_again) {
    bool known = false;
    start_standin();
    standin->drop_every = 2;
    const struct connection_options options = {
        .address = address, .language = "en", .build = "test"};
    struct connection *c = connection_new(&options);
    ck_assert_int_eq(tally(c, &known), CONNECTION_DONE);
    ck_assert(!known);
    ck_assert_int_eq(tally(c, &known), CONNECTION_DONE);
    ck_assert(known); /* recorded at the first asking, whose answer was lost */
    ck_assert_uint_eq(standin->records, 2);
    connection_free(c);
    stop_standin();
}
END_TEST

START_TEST(an_unknown_outcome_names_the_request_id) {
    bool known = false;
    start_standin();
    standin->drop_every = 1;
    const struct connection_options options = {
        .address = address, .language = "en", .build = "test", .tries = 2};
    struct connection *c = connection_new(&options);
    ck_assert_int_eq(tally(c, &known), CONNECTION_UNKNOWN);
    const char *option = strstr(e.en, "--request-id ");
    ck_assert_ptr_nonnull(option);
    ck_assert_uint_eq(strspn(option + strlen("--request-id "), "0123456789abcdef"), 32);
    ck_assert_uint_eq(standin->records, 1);
    connection_free(c);
    stop_standin();
}
END_TEST

START_TEST(nobody_there) {
    bool known = false;
    const struct connection_options options = {
        .address = "unix:/nonexistent/socket", .language = "en", .build = "test"};
    struct connection *c = connection_new(&options);
    ck_assert_int_eq(tally(c, &known), CONNECTION_UNREACHABLE);
    ck_assert(strstr(e.en, "unix:/nonexistent/socket") != NULL);
    connection_free(c);
    const struct connection_options wrong = {
        .address = "localhost:80", .language = "en", .build = "test"};
    c = connection_new(&wrong);
    ck_assert_int_eq(tally(c, &known), CONNECTION_UNREACHABLE);
    ck_assert(strstr(e.en, "unix:PATH") != NULL);
    connection_free(c);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("import_send");
    TCase *tcase = tcase_create("import_send");
    tcase_set_timeout(tcase, 30);
    tcase_add_test(tcase, nothing_is_recorded_by_the_first_pass);
    tcase_add_test(tcase, a_ref_that_no_row_opens_is_a_problem);
    tcase_add_test(tcase, checked_while_read);
    tcase_add_test(tcase, lost_connections_record_nothing_twice);
    tcase_add_test(tcase, a_refused_row_stops_the_recording);
    tcase_add_test(tcase, a_lost_answer_is_asked_for_again);
    tcase_add_test(tcase, an_unknown_outcome_names_the_request_id);
    tcase_add_test(tcase, nobody_there);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
