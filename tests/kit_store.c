#include "tests/kit_store.h"

#include "proto/check.h"
#include "proto/yaml.h"
#include "store/internal.h"
#include "store/query.h"
#include "tests/messages.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* plans/catalogue.yaml, embedded by the Makefile. */
extern const unsigned char catalogue_yaml[];
extern const size_t catalogue_yaml_len;

/* 2025-06-15 12:00 in Japan: everything recorded in process is recorded then. */
#define KIT_NOW UINT64_C(1749956400000)

static char root[KIT_PATH];

/* ---- stores ----------------------------------------------------------------------- */

void kit_begin(void) {
    const char *tmp = getenv("TMPDIR");
    snprintf(root, sizeof root, "%s/madoguchi-XXXXXX", tmp != NULL && strlen(tmp) < 40 ? tmp : "/tmp");
    if (mkdtemp(root) == NULL) {
        perror(root);
        exit(1);
    }
}

void kit_end(void) {
    kit_remove(root);
}

void kit_folder(char out[KIT_PATH]) {
    ck_assert_int_lt(snprintf(out, KIT_PATH, "%.100s/XXXXXX", root), KIT_PATH);
    ck_assert_ptr_nonnull(mkdtemp(out));
}

void kit_make_store_of(const char *path, ProtobufCBinaryData catalogue) {
    struct error e;
    struct store_founding founding = {.municipality = "062090",
                                      .name = "長井市",
                                      .catalogue = catalogue.data,
                                      .catalogue_len = catalogue.len,
                                      .actor = "uid:0",
                                      .actor_name = "root",
                                      .now = KIT_NOW};
    ck_assert_msg(store_create(path, &founding, &e) == 0, "%s", e.en);
}

void kit_make_store(const char *path) {
    struct arena a;
    struct error e;
    ProtobufCBinaryData packed;
    arena_init(&a, 16u << 20);
    ck_assert_msg(yaml_catalogue((const char *)catalogue_yaml, catalogue_yaml_len,
                                 "catalogue.yaml", &a, &packed, &e) == 0,
                  "%s", e.en);
    kit_make_store_of(path, packed);
    arena_free(&a);
}

static struct kit_answer refusal(const struct error *e) {
    struct kit_answer a = {.code = e->code};
    snprintf(a.field, sizeof a.field, "%s", e->field);
    snprintf(a.en, sizeof a.en, "%s", e->en);
    snprintf(a.near, sizeof a.near, "%s", e->n_near > 0 ? e->near[0] : "");
    ck_assert_str_ne(e->en, "");
    ck_assert_str_ne(e->ja, "");
    return a;
}

void kit_open(struct kit *k) {
    struct error e = {0};
    ck_assert_msg(store_open(k->d.store, &k->options, &k->store, &e) == 0, "%s", e.en);
}

void kit_close(struct kit *k, bool clean) {
    store_close(k->store, clean);
    k->store = NULL;
}

void kit_open_refused(struct kit *k, int code, const char *part) {
    struct error e = {0};
    ck_assert_int_eq(store_open(k->d.store, &k->options, &k->store, &e), -1);
    k->store = NULL;
    ck_assert_msg(e.code == code, "%d, not %d: %s", e.code, code, e.en);
    ck_assert_msg(strstr(e.en, part) != NULL, "\"%s\" does not say \"%s\"", e.en, part);
    k->last = refusal(&e);
}

void kit_start(struct kit *k, bool daemon) {
    *k = (struct kit){.daemon = daemon, .fd = -1, .actor = "uid:1000", .now = KIT_NOW,
                       .settle = true};
    k->options.free_floor_bytes = 1;
    arena_init(&k->arena, 256u << 20);
    kit_folder(k->dir);
    kit_daemon_init(&k->d, k->dir);
    kit_make_store(k->d.store);
    if (daemon) {
        kit_daemon_start(&k->d, "free_floor_bytes: 1");
        k->fd = kit_hello(&k->d);
    } else {
        kit_open(k);
    }
}

char *kit_dump(struct kit *k, size_t *len) {
    char *data = NULL;
    struct txn x;
    struct error e;
    FILE *out = open_memstream(&data, len);
    ck_assert_int_eq(store_settle(k->store, &e), 0);
    ck_assert_int_eq(txn_begin(&x, &k->store->tables, false, &e), 0);
    for (enum table t = 0; t < TABLE_COUNT; t++) {
        struct cursor c;
        fprintf(out, "\n[%s]\n", table_name(t));
        cursor_open(&c, &x, t);
        for (bool more = cursor_seek(&c, NULL); more; more = cursor_next(&c)) {
            fprintf(out, "%zu %zu ", c.key.mv_size, c.value.mv_size);
            fwrite(c.key.mv_data, 1, c.key.mv_size, out);
            fwrite(c.value.mv_data, 1, c.value.mv_size, out);
        }
        cursor_close(&c);
    }
    ck_assert_int_eq(x.failed, 0);
    txn_abort(&x);
    fclose(out);
    return data;
}

/* The table in which two dumps differ first, for the message. */
static const char *first_difference(const char *a, size_t n, const char *b, size_t m) {
    static char said[200];
    size_t at = 0;
    while (at < n && at < m && a[at] == b[at]) {
        at++;
    }
    const char *table = "?";
    size_t len = 1;
    for (size_t i = 0; i + 2 < at; i++) {
        if (a[i] == '\n' && a[i + 1] == '[') {
            const char *end = memchr(a + i, ']', n - i);
            table = a + i + 2;
            len = end != NULL ? (size_t)(end - table) : 0;
            len = len > 40 ? 40 : len;
        }
    }
    snprintf(said, sizeof said, "table %.*s differs (%zu and %zu bytes, at %zu)", (int)len, table,
             n, m, at);
    return said;
}

void kit_refold(struct kit *k) {
    size_t before_len;
    size_t after_len;
    char path[KIT_PATH + 20];
    char *before = kit_dump(k, &before_len);
    kit_close(k, true);
    snprintf(path, sizeof path, "%s/fold/data.mdb", k->d.store);
    ck_assert_int_eq(unlink(path), 0);
    kit_open(k);
    char *after = kit_dump(k, &after_len);
    ck_assert_msg(before_len == after_len && memcmp(before, after, after_len) == 0, "%s",
                  first_difference(before, before_len, after, after_len));
    free(before);
    free(after);
}

static void ignore_line(void *ctx, const char *name, const char *value) {
    (void)ctx;
    (void)name;
    (void)value;
}

void kit_verify(struct kit *k) {
    struct error e = {0};
    ck_assert_msg(store_verify(k->d.store, false, ignore_line, NULL, &e) == 0, "verify: %s", e.en);
}

void kit_finish(struct kit *k) {
    if (k->daemon) {
        if (k->fd >= 0) {
            close(k->fd);
        }
        ck_assert_int_eq(kit_daemon_stop(&k->d, SIGTERM), 0);
        kit_open(k);
    }
    kit_refold(k);
    kit_close(k, true);
    if (k->daemon) { /* the same journal stands behind the other backend */
        kit_verify(k);
    }
    arena_free(&k->arena);
    kit_remove(k->dir);
}

/* ---- requests --------------------------------------------------------------------- */

static const struct {
    const char *word;
    Madoguchi__Request__BodyCase body;
    int kind; /* 0: the message has none */
} words[] = {
    {"log", MADOGUCHI__REQUEST__BODY_ACT, MADOGUCHI__ACT_KIND__LOG},
    {"tally", MADOGUCHI__REQUEST__BODY_ACT, MADOGUCHI__ACT_KIND__TALLY},
    {"decline", MADOGUCHI__REQUEST__BODY_ACT, MADOGUCHI__ACT_KIND__DECLINE},
    {"contact", MADOGUCHI__REQUEST__BODY_ACT, MADOGUCHI__ACT_KIND__CONTACT},
    {"outcome", MADOGUCHI__REQUEST__BODY_ACT, MADOGUCHI__ACT_KIND__OUTCOME},
    {"refer", MADOGUCHI__REQUEST__BODY_ACT, MADOGUCHI__ACT_KIND__REFER},
    {"close", MADOGUCHI__REQUEST__BODY_ACT, MADOGUCHI__ACT_KIND__CLOSE},
    {"reopen", MADOGUCHI__REQUEST__BODY_ACT, MADOGUCHI__ACT_KIND__REOPEN},
    {"plan", MADOGUCHI__REQUEST__BODY_SESSION, MADOGUCHI__SESSION_KIND__PLAN},
    {"hold", MADOGUCHI__REQUEST__BODY_SESSION, MADOGUCHI__SESSION_KIND__HOLD},
    {"cancel", MADOGUCHI__REQUEST__BODY_SESSION, MADOGUCHI__SESSION_KIND__CANCEL},
    {"figure", MADOGUCHI__REQUEST__BODY_FIGURE, 0},
    {"coverage", MADOGUCHI__REQUEST__BODY_COVERAGE, 0},
    {"correct", MADOGUCHI__REQUEST__BODY_CORRECTION, 0},
    {"void", MADOGUCHI__REQUEST__BODY_VOIDING, 0},
};

static void set_text(struct kit *k, ProtobufCMessage *m, const char *name, const char *value) {
    struct error e = {0};
    ck_assert_msg(message_set_text(m, name, value, &k->arena, &e) == 0, "%s: %s: %s", name, value,
                  e.en);
}

static void set_envelope(struct kit *k, Madoguchi__Request *r, const char *name,
                         const char *value) {
    if (strcmp(name, "source") == 0 || strcmp(name, "ref") == 0 || strcmp(name, "nth") == 0) {
        if (r->row == NULL) {
            r->row = arena_alloc(&k->arena, sizeof *r->row);
            madoguchi__row__init(r->row);
            SET(r->row, nth, 1);
        }
        set_text(k, &r->row->base, name, value);
    } else {
        set_text(k, &r->base, name, value);
    }
}

static void add_change(struct kit *k, Madoguchi__Correction *c, const char *name,
                       const char *value) {
    if (c->change == NULL) {
        c->change = arena_alloc(&k->arena, 32 * sizeof(Madoguchi__Change *));
    }
    ck_assert_uint_lt(c->n_change, 32);
    Madoguchi__Change *change = arena_alloc(&k->arena, sizeof *change);
    madoguchi__change__init(change);
    SET(change, field, bytes_of(name));
    SET(change, value, bytes_of(value));
    c->change[c->n_change++] = change;
}

static Madoguchi__Request *new_request(struct kit *k, Madoguchi__Request__BodyCase body) {
    const ProtobufCMessageDescriptor *type =
        protobuf_c_message_descriptor_get_field(&madoguchi__request__descriptor, (unsigned)body)
            ->descriptor;
    Madoguchi__Request *r = arena_alloc(&k->arena, sizeof *r);
    ProtobufCMessage *m = arena_alloc(&k->arena, type->sizeof_message);
    ck_assert(r != NULL && m != NULL);
    madoguchi__request__init(r);
    protobuf_c_message_init(type, m);
    r->body_case = body;
    r->act = (Madoguchi__Act *)m; /* any member of the union */
    if (check_request_records(r)) {
        uint8_t *id = arena_zalloc(&k->arena, 16);
        uint64_t n = ++k->ids;
        for (size_t i = 0; i < 8; i++) {
            id[15 - i] = (uint8_t)(n >> (8 * i));
        }
        SET(r, id, ((ProtobufCBinaryData){16, id}));
    }
    return r;
}

static void set_field(struct kit *k, Madoguchi__Request *r, const char *name, const char *value) {
    ProtobufCMessage *m = &r->act->base;
    if (name[0] == '+') {
        set_envelope(k, r, name + 1, value);
    } else if (name[0] == '=') {
        messages_set(&k->arena, m, name + 1, value, strlen(value));
    } else if (r->body_case == MADOGUCHI__REQUEST__BODY_CORRECTION && strcmp(name, "seq") != 0 &&
               strcmp(name, "reason") != 0) {
        add_change(k, r->correction, name, value);
    } else {
        set_text(k, m, name, value);
    }
}

static Madoguchi__Request *request_of(struct kit *k, const char *word, va_list ap) {
    size_t i = 0;
    size_t n = sizeof words / sizeof words[0];
    while (i < n && strcmp(words[i].word, word) != 0) {
        i++;
    }
    ck_assert_msg(i < n, "no word %s", word);
    Madoguchi__Request *r = new_request(k, words[i].body);
    if (words[i].kind != 0) {
        messages_set(&k->arena, &r->act->base, "kind", kit_text(k, (uint64_t)words[i].kind), 1);
    }
    for (const char *name; (name = va_arg(ap, const char *)) != NULL;) {
        const char *value = va_arg(ap, const char *);
        ck_assert_msg(value != NULL, "%s without a value", name);
        set_field(k, r, name, value);
    }
    return r;
}

Madoguchi__Request *kit_request(struct kit *k, const char *word, ...) {
    va_list ap;
    va_start(ap, word);
    Madoguchi__Request *r = request_of(k, word, ap);
    va_end(ap);
    return r;
}

const char *kit_text(struct kit *k, uint64_t number) {
    return arena_printf(&k->arena, "%llu", (unsigned long long)number);
}

/* ---- recording -------------------------------------------------------------------- */

static void record_in_process(struct kit *k, Madoguchi__Request **requests, size_t n,
                              struct kit_answer *answers) {
    struct store_actor actor = {.id = k->actor, .name = "tester"};
    struct error e = {0};
    enum store_outcome outcome = store_begin(k->store, k->now, &e);
    ck_assert_int_ne(outcome, STORE_FATAL);
    for (size_t i = 0; i < n; i++) {
        struct store_result result = {0};
        int rc = -1;
        if (outcome == STORE_DONE) {
            memset(&e, 0, sizeof e);
            /* The pieces of a document are put together before the store sees them. */
            rc = requests[i]->body_case == MADOGUCHI__REQUEST__BODY_PUT
                     ? 0
                     : check_request(requests[i], &e);
            if (rc == 0) {
                rc = store_record(k->store, &actor, requests[i], &k->arena, &result, &e);
            }
        }
        if (rc < 0) {
            ck_assert_msg(outcome == STORE_REFUSED || !store_broken(k->store), "broken: %s", e.en);
            answers[i] = refusal(&e);
            continue;
        }
        answers[i] = (struct kit_answer){
            .seq = result.seq, .known = result.known, .n_warning = result.n_warning};
        snprintf(answers[i].number, sizeof answers[i].number, "%s",
                 result.number != NULL ? result.number : "");
    }
    if (outcome == STORE_DONE) {
        ck_assert_msg(store_commit(k->store, &e) == STORE_DONE, "%s", e.en);
    }
}

static void copy_text(char *out, size_t size, ProtobufCBinaryData text) {
    snprintf(out, size, "%.*s", (int)text.len, (const char *)text.data);
}

static struct kit_answer answer_from(const Madoguchi__Answer *answer) {
    struct kit_answer a = {0};
    if (answer->body_case == MADOGUCHI__ANSWER__BODY_ERROR) {
        const Madoguchi__Error *e = answer->error;
        a.code = (int)e->code;
        copy_text(a.field, sizeof a.field, e->field);
        copy_text(a.en, sizeof a.en, e->en);
        if (e->n_near > 0) {
            copy_text(a.near, sizeof a.near, e->near[0]);
        }
        ck_assert_uint_gt(e->en.len, 0);
        ck_assert_uint_gt(e->ja.len, 0);
        return a;
    }
    ck_assert_int_eq(answer->body_case, MADOGUCHI__ANSWER__BODY_RECORDED);
    const Madoguchi__Recorded *r = answer->recorded;
    a.seq = r->seq;
    a.known = r->has_known && r->known;
    a.n_warning = r->n_warning;
    copy_text(a.number, sizeof a.number, r->number);
    return a;
}

void kit_group(struct kit *k, Madoguchi__Request **requests, size_t n,
               struct kit_answer *answers) {
    if (!k->daemon) {
        record_in_process(k, requests, n, answers);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        ck_assert(kit_send_request(k->fd, (uint32_t)(100 + i), requests[i]));
    }
    for (size_t i = 0; i < n; i++) {
        const Madoguchi__Answer *answer = kit_answer_of(k->fd, &k->arena);
        ck_assert_uint_eq(answer->serial, 100 + i);
        answers[i] = answer_from(answer);
    }
}

struct kit_answer kit_record(struct kit *k, Madoguchi__Request *request) {
    kit_group(k, &request, 1, &k->last);
    return k->last;
}

static uint64_t recorded(struct kit *k, size_t warnings, Madoguchi__Request *r, const char *word) {
    kit_record(k, r);
    ck_assert_msg(k->last.code == 0, "%s: refused with %d %s: %s", word, k->last.code,
                  k->last.field, k->last.en);
    ck_assert_msg(k->last.n_warning == warnings, "%s: %zu warnings", word, k->last.n_warning);
    return k->last.seq;
}

uint64_t kit_ok(struct kit *k, const char *word, ...) {
    va_list ap;
    va_start(ap, word);
    uint64_t seq = recorded(k, 0, request_of(k, word, ap), word);
    va_end(ap);
    return seq;
}

uint64_t kit_warned(struct kit *k, size_t warnings, const char *word, ...) {
    va_list ap;
    va_start(ap, word);
    uint64_t seq = recorded(k, warnings, request_of(k, word, ap), word);
    va_end(ap);
    return seq;
}

static const char *opened(struct kit *k, Madoguchi__Request *r, const char *word,
                          const char *first, const char *value, const char *date) {
    set_field(k, r, first, value);
    set_field(k, r, "date", date);
    recorded(k, 0, r, word);
    ck_assert_str_ne(k->last.number, "");
    return arena_strndup(&k->arena, k->last.number, strlen(k->last.number));
}

const char *kit_log(struct kit *k, const char *service, const char *date, ...) {
    va_list ap;
    va_start(ap, date);
    const char *number = opened(k, request_of(k, "log", ap), "log", "service", service, date);
    va_end(ap);
    return number;
}

const char *kit_plan(struct kit *k, const char *kind, const char *date, ...) {
    va_list ap;
    va_start(ap, date);
    const char *number = opened(k, request_of(k, "plan", ap), "plan", "session_kind", kind, date);
    va_end(ap);
    return number;
}

const char *kit_hold(struct kit *k, const char *kind, const char *date, ...) {
    va_list ap;
    va_start(ap, date);
    const char *number = opened(k, request_of(k, "hold", ap), "hold", "session_kind", kind, date);
    va_end(ap);
    return number;
}

void kit_refused(struct kit *k, int code, const char *field, const char *word, ...) {
    uint64_t head = kit_head(k);
    va_list ap;
    va_start(ap, word);
    kit_record(k, request_of(k, word, ap));
    va_end(ap);
    ck_assert_msg(k->last.code == code && strcmp(k->last.field, field) == 0,
                  "%s: %d \"%s\", not %d \"%s\": %s", word, k->last.code, k->last.field, code,
                  field, k->last.en);
    struct kit_answer kept = k->last;
    ck_assert_uint_eq(kit_head(k), head);
    k->last = kept;
}

void kit_said(struct kit *k, const char *part) {
    ck_assert_msg(strstr(k->last.en, part) != NULL, "\"%s\" does not say \"%s\"", k->last.en, part);
}

struct kit_answer kit_put(struct kit *k, int kind, const void *data, size_t len) {
    Madoguchi__Request *r = new_request(k, MADOGUCHI__REQUEST__BODY_PUT);
    SET(r->put, kind, (Madoguchi__DocumentKind)kind);
    SET(r->put, piece, 0);
    SET(r->put, pieces, 1);
    SET(r->put, data, ((ProtobufCBinaryData){len, (uint8_t *)data}));
    return kit_record(k, r);
}

void kit_tick(struct kit *k) {
    if (k->daemon) {
        kit_pause(3);
    } else {
        k->now += 1000;
    }
}

/* ---- reading ---------------------------------------------------------------------- */

struct collecting {
    struct kit *kit;
    struct {
        uint8_t *data;
        size_t len, cap;
    } all;
    uint64_t position;
};

/* Pages are messages of repeated fields: put together as bytes they are one. */
static int collect(void *ctx, const Madoguchi__Page *page) {
    struct collecting *c = ctx;
    size_t n = madoguchi__page__get_packed_size(page);
    ck_assert_uint_lt(n, 65536 - 256);
    if (c->all.len + n > c->all.cap) {
        c->all.cap = (c->all.len + n) * 2;
        c->all.data = realloc(c->all.data, c->all.cap);
        ck_assert_ptr_nonnull(c->all.data);
    }
    madoguchi__page__pack(page, c->all.data + c->all.len);
    c->all.len += n;
    return 0;
}

static bool read_over_socket(struct kit *k, Madoguchi__Request *request, struct collecting *c) {
    ck_assert(kit_send_request(k->fd, 9, request));
    for (;;) {
        const Madoguchi__Answer *answer = kit_answer_of(k->fd, &k->arena);
        ck_assert_uint_eq(answer->serial, 9);
        if (answer->body_case == MADOGUCHI__ANSWER__BODY_ERROR) {
            k->last = answer_from(answer);
            return false;
        }
        ck_assert_int_eq(answer->body_case, MADOGUCHI__ANSWER__BODY_PAGE);
        collect(c, answer->page);
        c->position = answer->position;
        if (!answer->has_more || !answer->more) {
            return true;
        }
    }
}

static bool read_in_process(struct kit *k, const Madoguchi__Request *request,
                            struct collecting *c) {
    struct error e = {0};
    if (check_request(request, &e) < 0 || (k->settle && store_settle(k->store, &e) < 0) ||
        store_read(k->store, request, k->now, collect, c, &c->position, &e) < 0) {
        k->last = refusal(&e);
        return false;
    }
    return true;
}

static const Madoguchi__Page *read_all(struct kit *k, Madoguchi__Request *request,
                                       uint64_t *position) {
    struct collecting c = {.kit = k};
    struct error e;
    ProtobufCMessage *page = NULL;
    if (k->daemon ? read_over_socket(k, request, &c) : read_in_process(k, request, &c)) {
        page = message_unpack(&madoguchi__page__descriptor, &k->arena,
                              c.all.len > 0 ? c.all.data : (const uint8_t *)"", c.all.len, &e);
        ck_assert_ptr_nonnull(page);
    }
    free(c.all.data);
    *position = c.position;
    return (const Madoguchi__Page *)page;
}

const Madoguchi__Page *kit_read(struct kit *k, Madoguchi__Request *request) {
    uint64_t position;
    return read_all(k, request, &position);
}

uint64_t kit_head(struct kit *k) {
    uint64_t position;
    struct kit_answer kept = k->last;
    Madoguchi__Request *r = new_request(k, MADOGUCHI__REQUEST__BODY_DOCUMENTS);
    SET(r->documents, kind, MADOGUCHI__DOCUMENT_KIND__PLAN_DOCUMENT);
    ck_assert_ptr_nonnull(read_all(k, r, &position));
    k->last = kept;
    return position;
}

static void add_filter(struct kit *k, Madoguchi__Scope *scope, char *text) {
    Madoguchi__Filter *f = arena_alloc(&k->arena, sizeof *f);
    madoguchi__filter__init(f);
    char *equals = strchr(text, '=');
    ck_assert_ptr_nonnull(equals);
    f->value = arena_alloc(&k->arena, 64 * sizeof *f->value);
    if (equals > text && equals[-1] == '!') {
        SET(f, exclude, 1);
        equals[-1] = '\0';
    }
    *equals = '\0';
    SET(f, field, bytes_of(text));
    for (char *save, *v = strtok_r(equals + 1, ",", &save); v != NULL;
         v = strtok_r(NULL, ",", &save)) {
        f->value[f->n_value++] = bytes_of(v);
    }
    if (f->n_value == 0) {
        f->value[f->n_value++] = bytes_of("");
    }
    scope->filter[scope->n_filter++] = f;
}

static Madoguchi__Scope *scope_of(struct kit *k, const struct kit_question *q) {
    Madoguchi__Scope *scope = arena_alloc(&k->arena, sizeof *scope);
    madoguchi__scope__init(scope);
    scope->filter = arena_alloc(&k->arena, 32 * sizeof(Madoguchi__Filter *));
    if (q->from != NULL) {
        SET(scope, from, bytes_of(q->from));
    }
    if (q->to != NULL) {
        SET(scope, to, bytes_of(q->to));
    }
    if (q->as_of != NULL) {
        set_text(k, &scope->base, "as_of", q->as_of);
    }
    if (q->known_at != 0) {
        SET(scope, known_at, q->known_at);
    }
    SET(scope, today, 20250615);
    const char *where = q->where != NULL ? q->where : "";
    char *copy = arena_strndup(&k->arena, where, strlen(where));
    for (char *save, *f = strtok_r(copy, " ", &save); f != NULL; f = strtok_r(NULL, " ", &save)) {
        add_filter(k, scope, f);
    }
    return scope;
}

static void split_by(struct kit *k, Madoguchi__Stats *stats, const char *by) {
    char *copy = arena_strndup(&k->arena, by, strlen(by));
    stats->by = arena_alloc(&k->arena, 16 * sizeof *stats->by);
    for (char *save, *f = strtok_r(copy, ",", &save); f != NULL; f = strtok_r(NULL, ",", &save)) {
        stats->by[stats->n_by++] = bytes_of(f);
    }
}

static void print_row(FILE *out, const ProtobufCBinaryData *keys, size_t n, int64_t count,
                      int64_t unknown) {
    fputs(ftell(out) > 0 ? "; " : "", out);
    for (size_t i = 0; i < n; i++) {
        if (keys[i].len == 0) {
            fputs("- ", out);
        } else {
            fprintf(out, "%.*s ", (int)keys[i].len, (const char *)keys[i].data);
        }
    }
    fprintf(out, "%lld", (long long)count);
    if (unknown != 0) {
        fprintf(out, "?%lld", (long long)unknown);
    }
}

struct printing {
    FILE *out;
    size_t n;
};

static int print_counted(void *ctx, const ProtobufCBinaryData *keys, int64_t count,
                         int64_t unknown) {
    struct printing *p = ctx;
    print_row(p->out, keys, p->n, count, unknown);
    return 0;
}

/* The same question answered from the ledger alone. */
static void compare_facts(struct kit *k, const Madoguchi__Stats *stats, const char *answer) {
    struct view v = {.journal = k->store->journal, .catalogues = k->store->catalogues};
    struct error e = {0};
    struct query q = {.from_facts = true};
    char *text = NULL;
    size_t len;
    struct printing p = {open_memstream(&text, &len), stats->n_by};
    ck_assert_int_eq(txn_begin(&v.txn, &k->store->tables, false, &e), 0);
    const struct catalogue *catalogue = view_catalogue(&v, UINT64_MAX, &e);
    q.catalogue = catalogue;
    ck_assert_int_eq(count_find(stats->count, &q.what, &e), 0);
    for (size_t i = 0; i < stats->n_by; i++) {
        ck_assert_int_eq(query_by(&q, stats->by[i], &e), 0);
    }
    ck_assert_int_eq(query_scope(&q, &v, stats->scope, k->now, false, &k->arena, &e), 0);
    ck_assert_msg(query_count(&v, &q, print_counted, &p, &e) == 0, "%s", e.en);
    view_catalogue_done(&v, catalogue);
    txn_abort(&v.txn);
    fclose(p.out);
    ck_assert_str_eq(answer, text);
    free(text);
}

const char *kit_ask(struct kit *k, const struct kit_question *q) {
    Madoguchi__Request *r = new_request(k, MADOGUCHI__REQUEST__BODY_STATS);
    r->stats->scope = scope_of(k, q);
    SET(r->stats, count, bytes_of(q->count));
    split_by(k, r->stats, q->by != NULL ? q->by : "");
    const Madoguchi__Page *page = kit_read(k, r);
    if (page == NULL) {
        return arena_printf(&k->arena, "error %d %s", k->last.code, k->last.field);
    }
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    for (size_t i = 0; i < page->n_stat; i++) {
        const Madoguchi__StatRow *row = page->stat[i];
        ck_assert_uint_eq(row->n_key, r->stats->n_by);
        print_row(out, row->key, row->n_key, row->count, row->unknown);
    }
    fclose(out);
    if (!k->daemon) {
        compare_facts(k, r->stats, text);
    }
    const char *answer = arena_strndup(&k->arena, text, len);
    free(text);
    return answer;
}

void kit_stats_at(const char *file, int line, struct kit *k, const struct kit_question *q,
                  const char *expected) {
    const char *answer = kit_ask(k, q);
    ck_assert_msg(strcmp(answer, expected) == 0, "%s:%d: %s %s by %s where %s: \"%s\", not \"%s\"",
                  file, line, q->count, q->from != NULL ? q->from : "", q->by != NULL ? q->by : "",
                  q->where != NULL ? q->where : "", answer, expected);
}

const Madoguchi__Page *kit_show_number(struct kit *k, const char *number) {
    Madoguchi__Request *r = new_request(k, MADOGUCHI__REQUEST__BODY_SHOW);
    SET(r->show, number, bytes_of(number));
    return kit_read(k, r);
}

const Madoguchi__EntryRow *kit_show(struct kit *k, uint64_t seq) {
    Madoguchi__Request *r = new_request(k, MADOGUCHI__REQUEST__BODY_SHOW);
    SET(r->show, seq, seq);
    const Madoguchi__Page *page = kit_read(k, r);
    ck_assert_msg(page != NULL, "show %llu: %s", (unsigned long long)seq, k->last.en);
    ck_assert_uint_eq(page->n_entry, 1);
    return page->entry[0];
}

const Madoguchi__Page *kit_list(struct kit *k, const char *where) {
    Madoguchi__Request *r = new_request(k, MADOGUCHI__REQUEST__BODY_LIST);
    r->list = scope_of(k, &(struct kit_question){.where = where});
    return kit_read(k, r);
}

const char *kit_field(struct kit *k, uint64_t seq, const char *name) {
    const Madoguchi__EntryRow *row = kit_show(k, seq);
    for (size_t i = 0; i < row->n_field; i++) {
        if (bytes_equal(row->field[i]->name, name)) {
            return arena_strndup(&k->arena, row->field[i]->value.data, row->field[i]->value.len);
        }
    }
    return "";
}

/* ---- programs --------------------------------------------------------------------- */

static const struct kit_scenario *scenarios;

START_TEST(scenario) {
    struct kit k;
    kit_start(&k, _i % 2 == 1);
    scenarios[_i / 2].run(&k);
    kit_finish(&k);
}
END_TEST

int kit_scenarios(const char *suite, const struct kit_scenario *list, size_t n) {
    Suite *s = suite_create(suite);
    TCase *t = tcase_create("both backends");
    scenarios = list;
    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, scenario, 0, (int)(2 * n));
    suite_add_tcase(s, t);
    kit_begin();
    SRunner *sr = srunner_create(s);
    srunner_run_all(sr, CK_NORMAL);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    kit_end();
    return failed != 0;
}
