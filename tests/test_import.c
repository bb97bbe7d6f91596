#include "client/connection.h"
#include "client/import.h"
#include "proto/check.h"
#include "proto/frame.h"
#include "proto/yaml.h"
#include "tests/suite.h"

#include <check.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- files ---------------------------------------------------------------------------- */

static struct error e;

static char *heap(const char *bytes, size_t len) {
    char *copy = malloc(len + 1);
    memcpy(copy, bytes, len);
    return copy;
}

START_TEST(texts_of_any_encoding) {
    struct import_text t;
    ck_assert_int_eq(import_text(heap("\xef\xbb\xbfkind", 7), 7, &t, &e), 0);
    ck_assert(t.len == 4 && memcmp(t.data, "kind", 4) == 0 && !t.cp932);
    free(t.data);
    /* 移住, and ① of Windows. */
    ck_assert_int_eq(import_text(heap("\x88\xda\x8f\x5a\x87\x40", 6), 6, &t, &e), 0);
    ck_assert(t.cp932 && t.len == 9 && memcmp(t.data, "移住①", 9) == 0);
    free(t.data);
    ck_assert_int_eq(import_text(heap("a\nb\xff\xff", 5), 5, &t, &e), -1);
    ck_assert(strstr(e.en, "Line 2 ") != NULL);
    ck_assert_int_eq(import_text(heap("a\0b", 3), 3, &t, &e), -1);
}
END_TEST

struct seen {
    char text[400];
    int stop_at;
    int n;
};

static int see(void *ctx, unsigned line, const char *const *cells, size_t n) {
    struct seen *s = ctx;
    size_t used = strlen(s->text);
    used += (size_t)snprintf(s->text + used, sizeof s->text - used, "%u", line);
    for (size_t i = 0; i < n; i++) {
        used += (size_t)snprintf(s->text + used, sizeof s->text - used, "|%s", cells[i]);
    }
    snprintf(s->text + used, sizeof s->text - used, ";");
    return ++s->n == s->stop_at ? 7 : 0;
}

static int records(const char *text, struct seen *s) {
    *s = (struct seen){.n = 0};
    return import_records(text, strlen(text), see, s, &e);
}

START_TEST(records_and_their_lines) {
    struct seen s;
    ck_assert_int_eq(records("a,b\r\n\r\n\"x\ny\",\"q\"\"q\"\n ,z \nlast,", &s), 0);
    ck_assert_str_eq(s.text, "1|a|b;3|x\ny|q\"q;5||z;6|last|;");
    ck_assert_int_eq(records("", &s), 0);
    ck_assert_int_eq(s.n, 0);
    ck_assert_int_eq(records("a\n\"b\"c\n", &s), -1);
    ck_assert_msg(strstr(e.en, "Line 2 ") != NULL, "%s", e.en);
    ck_assert_int_eq(records("a\n\"b\n", &s), -1);
    s = (struct seen){.stop_at = 2};
    ck_assert_int_eq(import_records("a\nb\nc\n", 6, see, &s, &e), 7);
    ck_assert_int_eq(s.n, 2);
}
END_TEST

START_TEST(too_many_columns) {
    struct seen s;
    char text[2 * IMPORT_CELLS_MAX + 3];
    memset(text, ',', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    ck_assert_int_eq(records(text, &s), -1);
    ck_assert_int_eq(e.code, ERR_TOO_MUCH);
}
END_TEST

/* ---- rows ------------------------------------------------------------------------------ */

static struct arena arena;
static char told[2000];

static void tell(void *ctx, const char *column, const struct error *problem) {
    (void)ctx;
    size_t used = strlen(told);
    snprintf(told + used, sizeof told - used, "%s%s", used > 0 ? " " : "", column);
    ck_assert(problem->en[0] != '\0');
}

#define CELLS(...) ((const char *[]){__VA_ARGS__})
#define COUNT(...) (sizeof CELLS(__VA_ARGS__) / sizeof(char *))

static struct import_header header;

static void set_header(const char *const *cells, size_t n) {
    ck_assert_msg(import_header(cells, n, &header, &e) == 0, "%s", e.en);
    arena_reset(&arena);
    told[0] = '\0';
}

#define HEADER(...) set_header(CELLS(__VA_ARGS__), COUNT(__VA_ARGS__))
#define ROW(row, ...) \
    import_row(&header, CELLS(__VA_ARGS__), COUNT(__VA_ARGS__), "file.csv", &arena, row, tell, NULL)

START_TEST(headers) {
    ck_assert_int_eq(import_header(CELLS("kind", "topc"), 2, &header, &e), -1);
    ck_assert_str_eq(e.near[0], "topic");
    ck_assert_int_eq(import_header(CELLS("kind", "kind"), 2, &header, &e), -1);
    ck_assert_int_eq(import_header(CELLS("ref", "date"), 2, &header, &e), -1);
    ck_assert(strstr(e.en, "kind") != NULL);
}
END_TEST

START_TEST(a_row_becomes_a_request) {
    struct import_row row;
    HEADER("date", "kind", "ref", "service", "topic", "persons", "outcome");
    ck_assert_uint_eq(ROW(&row, "R6.4.15", "log", "a-1", "migration", "housing;work", "3", "moved"),
                      0);
    ck_assert_int_eq(row.request.body_case, MADOGUCHI__REQUEST__BODY_ACT);
    ck_assert_int_eq(row.request.act->kind, MADOGUCHI__ACT_KIND__LOG);
    ck_assert_uint_eq(row.request.act->date, 20240415);
    ck_assert_uint_eq(row.date, 20240415);
    ck_assert_uint_eq(row.request.act->n_topic, 2);
    ck_assert_uint_eq(row.request.act->persons, 3);
    ck_assert(bytes_equal(row.request.row->source, "file.csv"));
    ck_assert(bytes_equal(row.request.row->ref, "a-1"));
}
END_TEST

START_TEST(kinds_of_their_own) {
    struct import_row row;
    HEADER("kind", "ref", "date", "outcome", "count", "value", "status", "session_kind", "period");
    ck_assert_uint_eq(ROW(&row, "tally", "", "2024-04-01", "issued=11", "12", "", "", "", ""), 0);
    ck_assert(bytes_equal(row.request.act->outcome, "issued"));
    ck_assert_uint_eq(row.request.act->outcome_count, 11);
    ck_assert(!row.request.row->has_ref);
    ck_assert_uint_eq(ROW(&row, "coverage", "", "", "", "", "not-held", "", "", "FY2024"), 0);
    ck_assert(row.request.coverage->not_held);
    ck_assert_uint_eq(ROW(&row, "session", "s", "2024-04-01", "", "", "", "", "fair", ""), 0);
    ck_assert_int_eq(row.request.session->kind, MADOGUCHI__SESSION_KIND__HOLD);
    ck_assert_uint_eq(ROW(&row, "session", "s", "2024-04-01", "", "", "", "planned", "fair", ""),
                      0);
    ck_assert_int_eq(row.request.session->kind, MADOGUCHI__SESSION_KIND__PLAN);
    ck_assert(row.planned);
    ck_assert_uint_eq(ROW(&row, "session", "s", "2024-04-01", "", "", "", "cancelled", "fair", ""),
                      0);
    ck_assert_int_eq(row.request.session->kind, MADOGUCHI__SESSION_KIND__CANCEL);
}
END_TEST

START_TEST(corrections_take_what_is_not_empty) {
    struct import_row row;
    HEADER("kind", "ref", "date", "topic", "reason");
    ck_assert_uint_eq(ROW(&row, "correct", "a", "", "work", "typo"), 0);
    ck_assert_uint_eq(row.request.correction->n_change, 1);
    ck_assert(bytes_equal(row.request.correction->change[0]->field, "topic"));
    ck_assert(bytes_equal(row.request.correction->reason, "typo"));
    ck_assert_uint_eq(ROW(&row, "correct", "a", "2024-13-01", "work", "typo"), 1);
    ck_assert_str_eq(told, "date");
}
END_TEST

START_TEST(every_bad_cell_is_told) {
    struct import_row row;
    HEADER("kind", "ref", "date", "service", "count", "series", "status");
    ck_assert_uint_eq(ROW(&row, "log", "a", "2024-02-30", "migration", "-1", "x", "held"), 4);
    ck_assert_str_eq(told, "date count series status");
    told[0] = '\0';
    ck_assert_uint_eq(ROW(&row, "lgo", "", "", "", "", "", ""), 1);
    ck_assert_str_eq(told, "kind");
    told[0] = '\0';
    ck_assert_uint_eq(ROW(&row, "contact", "", "2024-04-01", "", "", "", ""), 1);
    ck_assert_str_eq(told, "ref");
    ck_assert_uint_eq(ROW(&row, "log", "a"), 1);
}
END_TEST

/* ---- the rows of a file together --------------------------------------------------------- */

static struct client client;
static struct import import;

static void read_text(const char *text) {
    import_init(&import, &client, "file.csv");
    ck_assert_msg(import_read(&import, text, strlen(text), &e) == 0, "%s", e.en);
}

static const Madoguchi__Request *request_of(size_t i) {
    const struct import_item *item = &import.items[i];
    return (Madoguchi__Request *)message_unpack(&madoguchi__request__descriptor, &arena,
                                                import.bytes + item->offset, item->len, &e);
}

START_TEST(identical_rows_are_counted) {
    read_text("kind,date,service\ntally,2024-04-01,mynumber\ntally,2024-04-02,mynumber\n"
              "tally,2024-04-01,mynumber\n");
    ck_assert_uint_eq(import.n_items, 3);
    ck_assert_uint_eq(request_of(0)->row->nth, 1);
    ck_assert_uint_eq(request_of(1)->row->nth, 1);
    ck_assert_uint_eq(request_of(2)->row->nth, 2);
    ck_assert(!bytes_same(request_of(0)->id, request_of(2)->id));
    import_free(&import);
}
END_TEST

START_TEST(refs_tie_rows_together) {
    read_text("kind,ref,date,service,session,session_kind,status\n"
              "session,s,2024-04-01,migration,,fair,planned\n"
              "log,a,2024-04-01,migration,s,,\n"
              "contact,a,2024-04-02,,,,\n"
              "contact,b,2024-04-02,,,,\n"
              "session,s,2024-04-01,migration,,fair,\n"
              "log,a,2024-04-03,migration,,,\n");
    ck_assert(import.items[1].after_session);
    ck_assert(import.items[2].after_ref);
    ck_assert_str_eq(import.services[import.items[2].service], "migration");
    ck_assert(!import.items[3].after_ref);
    /* A planned session may be held later; a case is opened once. */
    ck_assert_uint_eq(import.n_problem, 1);
    ck_assert_uint_eq(import.problem[0].line, 7);
    ck_assert_str_eq(import.problem[0].column, "ref");
    import_free(&import);
}
END_TEST

START_TEST(corrections_are_checked_by_the_catalogue) {
    static const char yaml[] = "catalogue: 1\nrule: 1\nstart: 2000-04-01\nservices:\n"
                               "  - {code: migration, prefix: M, ja: 移住相談, en: Migration, "
                               "nature: consultation, consultation: [consultation]}\n"
                               "natures:\n  - {code: consultation, ja: 相談, en: Consultation}\n"
                               "topics:\n  - {code: housing, ja: 住まい, en: Housing}\n";
    static const char rows[] = "kind,ref,date,service,topic,reason\n"
                               "log,a,2024-04-01,migration,housing,\n"
                               "correct,a,,,houseing,typo\n";
    ProtobufCBinaryData packed;
    ck_assert_msg(yaml_catalogue(yaml, strlen(yaml), "c", &arena, &packed, &e) == 0, "%s", e.en);
    import_init(&import, &client, "file.csv");
    ck_assert_int_eq(catalogue_open(packed.data, packed.len, &import.catalogue, &e), 0);
    ck_assert_int_eq(import_read(&import, rows, strlen(rows), &e), 0);
    ck_assert_uint_eq(import.n_problem, 1);
    ck_assert_str_eq(import.problem[0].error.near[0], "housing");
    catalogue_free(import.catalogue);
    import_free(&import);
}
END_TEST

START_TEST(many_problems_are_counted) {
    char *text = malloc(100000);
    strcpy(text, "kind,date\n");
    for (int i = 0; i < 300; i++) {
        strcat(text, "log,x\n");
    }
    read_text(text);
    ck_assert_uint_eq(import.n_problem, 300);
    ck_assert_uint_eq(import.problem[IMPORT_PROBLEMS_SHOWN - 1].line, IMPORT_PROBLEMS_SHOWN + 1);
    import_free(&import);
    free(text);
}
END_TEST

/* ---- against a stand-in for the daemon ------------------------------------------------------ */

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

static void read_rows(unsigned n, const char *last) {
    char *text = malloc(n * 64 + 1000);
    size_t used = (size_t)sprintf(text, "kind,ref,date,service,topic\n");
    for (unsigned i = 0; i < n; i++) {
        used += (size_t)sprintf(text + used, "log,r%u,2024-04-01,migration,\n", i);
    }
    strcpy(text + used, last);
    read_text(text);
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
    ck_assert(strstr(e.en, "--request-id ") != NULL);
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

static void setup(void) {
    arena_init(&arena, 16u << 20);
}

static void teardown(void) {
    arena_free(&arena);
}

int main(void) {
    Suite *suite = suite_create("import");
    TCase *tcase = tcase_create("import");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 30);
    tcase_add_test(tcase, texts_of_any_encoding);
    tcase_add_test(tcase, records_and_their_lines);
    tcase_add_test(tcase, too_many_columns);
    tcase_add_test(tcase, headers);
    tcase_add_test(tcase, a_row_becomes_a_request);
    tcase_add_test(tcase, kinds_of_their_own);
    tcase_add_test(tcase, corrections_take_what_is_not_empty);
    tcase_add_test(tcase, every_bad_cell_is_told);
    tcase_add_test(tcase, identical_rows_are_counted);
    tcase_add_test(tcase, refs_tie_rows_together);
    tcase_add_test(tcase, corrections_are_checked_by_the_catalogue);
    tcase_add_test(tcase, many_problems_are_counted);
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
