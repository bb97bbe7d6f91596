/* Bytes to begin a corpus with: seeds FOLDER writes FOLDER/frame, /session,
 * /fold, /journal, /yaml, /import .... */
#include "tests/fuzz/fuzz.h"

#include "proto/frame.h"
#include "proto/message.h"
#include "store/entry.pb-c.h"

#include <dirent.h>
#include <string.h>
#include <sys/stat.h>

static const char *root;
static struct arena arena;

static void write_seed(const char *target, const char *name, const void *data, size_t len) {
    char path[512];
    snprintf(path, sizeof path, "%s/%s", root, target);
    mkdir(path, 0777);
    snprintf(path, sizeof path, "%s/%s/%s", root, target, name);
    fuzz_save(path, data, len);
}

/* ---- requests ------------------------------------------------------------------------ */

/* "body field=value field=value ..."; '+field' is one of the request itself. */
static const char *const requests[] = {
    "act kind=1 service=migration date=2024-04-15 time=09:30 topic=housing;work origin=tokyo "
    "age=30s channel=counter nature=request program=own-seminar office=city-hall +visit=v-1",
    "act kind=2 service=migration date=2024-05-02 count=12 nature=inquiry outcome=moved "
    "outcome_count=2 households=2 persons=5",
    "act kind=3 service=migration date=2024-05-03 reason=full",
    "act kind=4 case_number=M-2024-000001 date=2024-05-02 channel=phone",
    "act kind=5 case_number=M-2024-000001 date=2024-06-01 outcome=moved households=1 persons=3",
    "act kind=6 case_number=M-2024-000001 date=2024-05-04 target=lawyer due=2024-06-01",
    "act kind=7 case_number=M-2024-000001 date=2024-06-04",
    "act kind=8 case_number=M-2024-000001 date=2024-06-05",
    "act kind=1 service=marriage date=2024-05-05 +source=file.csv +ref=A1 +nth=1 +check=1",
    "session kind=1 session_kind=seminar date=2024-04-10 time=13:30 service=migration "
    "program=own-seminar form=online venue=Tokyo venue_kind=mall",
    "session kind=2 session_kind=seminar date=2024-04-11 service=migration households=4 persons=9",
    "session kind=2 session=S-2024-000003 date=2024-04-11 households=4 persons=9",
    "session kind=3 session=S-2024-000003 date=2024-06-09 reason=typhoon",
    "figure series=population period=R6 value=26000 as_of=2024-04-01 source=book",
    "coverage period=2024-04-01.. service=migration session_kind=seminar",
    "coverage period=FY2020 not_held=1 reason=closed",
    "correction seq=7 reason=misheard !topic=work !origin=chiba !age=",
    "voiding seq=12 reason=twice",
    "voiding number=N-2024-000001 reason=twice",
    "show number=M-2024-000001",
    "show seq=7",
    "list from=FY2024 ?service=migration,marriage",
    "list ?status=open",
    "stats from=FY2021 to=FY2025 count=contacts by=month;topic;origin;route",
    "stats from=FY2024 count=persons by=year ?outcome=moved",
    "stats count=attendees from=FY2024 by=day;venue;form explain=1",
    "stats count=active from=FY2024 by=service",
    "stats count=programs from=FY2024 ?channel!=phone ?origin=@shutoken",
    "indicators plan=golden from=2021 to=2025",
    "prove plan=golden indicator=moved year=2024",
    "documents kind=1",
    "documents kind=2 id=golden",
    "documents kind=2",
    "status",
    "ping",
    "account name=new-one role=clerk;counsellor service=migration office=city-hall uid=1000 "
    "until=20301231 person=X",
    "account name=bare role=auditor disabled=1 replaces=27",
    "closing month=202404 service=marriage",
    "closing month=202403",
    "publication plan=golden year=2024",
    "restatements plan=golden",
    "accounts",
    "accounts name=one",
    "audit from=2024 to=2026 kind=account;correct actor=uid:0 number=M-2024-000001",
    "audit",
    "show number=N-2024-000001",
    "login name=one password=one",
    "logout",
    "whoami",
    "password old=one fresh=one-one-one",
    "password name=two",
};
#define REQUESTS (sizeof requests / sizeof requests[0])

static ProtobufCMessage *new_message(const ProtobufCMessageDescriptor *d) {
    ProtobufCMessage *m = arena_zalloc(&arena, d->sizeof_message);
    MUST(m != NULL);
    d->message_init(m);
    return m;
}

static void set(ProtobufCMessage *m, const char *name, const char *value) {
    struct error e = {0};
    const ProtobufCFieldDescriptor *f = message_field(m->descriptor, name);
    MUST(f != NULL);
    if (f->type == PROTOBUF_C_TYPE_ENUM || f->type == PROTOBUF_C_TYPE_BOOL) {
        *(int *)((char *)m + f->offset) = atoi(value);
        *(protobuf_c_boolean *)((char *)m + f->quantifier_offset) = 1;
    } else if (message_set_text(m, name, value, &arena, &e) != 0) {
        fprintf(stderr, "%s=%s: %s\n", name, value, e.en);
        abort();
    }
}

static void add_filter(Madoguchi__Scope *scope, char *name, char *value) {
    static Madoguchi__Filter filters[8];
    static Madoguchi__Filter *list[8];
    Madoguchi__Filter *f = &filters[scope->n_filter];
    madoguchi__filter__init(f);
    size_t n = strlen(name);
    if (name[n - 1] == '!') {
        name[n - 1] = '\0';
        SET(f, exclude, 1);
    }
    SET(f, field, bytes_of(name));
    f->value = arena_zalloc(&arena, 8 * sizeof *f->value);
    for (char *save, *v = strtok_r(value, ",", &save); v != NULL; v = strtok_r(NULL, ",", &save)) {
        f->value[f->n_value++] = bytes_of(v);
    }
    list[scope->n_filter++] = f;
    scope->filter = list;
}

static void add_change(Madoguchi__Correction *c, const char *name, const char *value) {
    static Madoguchi__Change changes[8];
    static Madoguchi__Change *list[8];
    Madoguchi__Change *change = &changes[c->n_change];
    madoguchi__change__init(change);
    SET(change, field, bytes_of(name));
    SET(change, value, bytes_of(value));
    list[c->n_change++] = change;
    c->change = list;
}

static void set_envelope(Madoguchi__Request *r, const char *name, const char *value) {
    if (strcmp(name, "source") == 0) {
        r->row = (Madoguchi__Row *)new_message(&madoguchi__row__descriptor);
    }
    bool of_row = message_field(&madoguchi__row__descriptor, name) != NULL;
    set(of_row ? &r->row->base : &r->base, name, value);
}

static void set_word(Madoguchi__Request *r, ProtobufCMessage *body, char *name, char *value) {
    Madoguchi__Scope *scope = (Madoguchi__Scope *)body;
    if (r->body_case == MADOGUCHI__REQUEST__BODY_STATS) {
        Madoguchi__Stats *stats = (Madoguchi__Stats *)body;
        if (stats->scope == NULL) {
            stats->scope = (Madoguchi__Scope *)new_message(&madoguchi__scope__descriptor);
        }
        scope = stats->scope;
        if (name[0] != '?' && message_field(scope->base.descriptor, name) != NULL) {
            set(&scope->base, name, value);
            return;
        }
    }
    switch (name[0]) {
    case '+':
        set_envelope(r, name + 1, value);
        break;
    case '!':
        add_change((Madoguchi__Correction *)body, name + 1, value);
        break;
    case '?':
        add_filter(scope, name + 1, value);
        break;
    default:
        set(body, name, value);
    }
}

static ProtobufCBinaryData request_of(const char *text, uint32_t serial) {
    static uint8_t id[16];
    Madoguchi__ClientMessage m = MADOGUCHI__CLIENT_MESSAGE__INIT;
    Madoguchi__Request r = MADOGUCHI__REQUEST__INIT;
    char *words = arena_strndup(&arena, text, strlen(text));
    char *save;
    struct error e;
    const ProtobufCFieldDescriptor *f =
        message_field(&madoguchi__request__descriptor, strtok_r(words, " ", &save));
    MUST(f != NULL);
    ProtobufCMessage *body = new_message(f->descriptor);
    r.body_case = (Madoguchi__Request__BodyCase)f->id;
    r.act = (Madoguchi__Act *)body;
    SET(&r, serial, serial);
    id[15] = (uint8_t)serial;
    SET(&r, id, ((ProtobufCBinaryData){sizeof id, id}));
    for (char *word; (word = strtok_r(NULL, " ", &save)) != NULL;) {
        char *value = strchr(word, '=');
        MUST(value != NULL);
        *value++ = '\0';
        set_word(&r, body, word, value);
    }
    m.body_case = MADOGUCHI__CLIENT_MESSAGE__BODY_REQUEST;
    m.request = &r;
    ProtobufCBinaryData packed;
    MUST(message_pack(&m.base, &arena, &packed, &e) == 0);
    return packed;
}

static size_t put_message(uint8_t *to, ProtobufCBinaryData message) {
    to[0] = (uint8_t)(message.len >> 8);
    to[1] = (uint8_t)message.len;
    memcpy(to + 2, message.data, message.len);
    return 2 + message.len;
}

static void write_requests(void) {
    static uint8_t all[65536];
    size_t n = 1;
    all[0] = 1;
    for (size_t i = 0; i < REQUESTS; i++) {
        char name[40];
        uint8_t frame[4096];
        arena_reset(&arena);
        ProtobufCBinaryData packed = request_of(requests[i], (uint32_t)i + 1);
        snprintf(name, sizeof name, "%02zu", i);
        frame_header(frame, packed.len);
        memcpy(frame + FRAME_HEADER, packed.data, packed.len);
        write_seed("frame", name, frame, FRAME_HEADER + packed.len);
        frame[0] = 1;
        write_seed("session", name, frame, 1 + put_message(frame + 1, packed));
        frame[0] = (uint8_t)(i % 8 * 16);
        write_seed("token", name, frame, 1 + put_message(frame + 1, packed));
        n += put_message(all + n, packed);
    }
    for (int who = 0; who < 8; who++) {
        char name[] = "all-0";
        name[4] = (char)('0' + who);
        all[0] = (uint8_t)(who * 16);
        write_seed("token", name, all, n);
    }
    all[0] = 1;
    write_seed("session", "all", all, n);
    all[0] = 5;
    write_seed("session", "all-in-pieces", all, n);
    all[0] = 9;
    write_seed("session", "all-deaf", all, n);
    static const uint8_t hello[] = "\2\0\0\0\10\x0a\6\10\1\x1a\2ja\0\0\0\5\x12\3\xc2\2\0";
    write_seed("session", "raw", hello, sizeof hello - 1);
    write_seed("frame", "hello", hello + 1, 12);
}

/* ---- entries and files ------------------------------------------------------------------ */

static void write_entries(void) {
    static uint8_t all[65536] = {1};
    struct dirent **entries;
    size_t n = 1;
    int count = scandir("tests/golden", &entries, NULL, alphasort);
    MUST(count > 0);
    for (int i = 0; i < count; i++) {
        char path[512];
        uint8_t one[4096] = {1};
        size_t len;
        if (strstr(entries[i]->d_name, ".bin") == NULL) {
            continue;
        }
        snprintf(path, sizeof path, "tests/golden/%s", entries[i]->d_name);
        uint8_t *data = fuzz_load(path, &len);
        ProtobufCBinaryData entry = {len, data};
        write_seed("fold", entries[i]->d_name, one, 1 + put_message(one + 1, entry));
        n += put_message(all + n, entry);
        free(data);
    }
    write_seed("fold", "all", all, n);
}

static void write_journals(void) {
    static const uint8_t made[] = {1, 5, 1, 2, 3, 40, 5, 0, 0, 80, 3};
    uint8_t seed[64];
    for (uint8_t how = 1; how < 16; how++) {
        char name[20];
        memcpy(seed, made, sizeof made);
        seed[0] = how;
        snprintf(name, sizeof name, "made-%u", how);
        write_seed("journal", name, seed, (how & 1) != 0 ? sizeof made : 7);
    }
    size_t len;
    uint8_t *data = fuzz_load("tests/golden/journal.seg", &len);
    uint8_t *raw = calloc(1, len + 1);
    MUST(raw != NULL);
    memcpy(raw + 1, data, len);
    write_seed("journal", "golden", raw, len + 1);
    free(raw);
    free(data);
}

/* ---- texts ---------------------------------------------------------------------------- */

static void write_texts(const char *target, const char *const *texts, size_t n) {
    for (size_t i = 0; i < n; i++) {
        char name[20];
        snprintf(name, sizeof name, "%02zu", i);
        write_seed(target, name, texts[i], strlen(texts[i]));
    }
}
#define TEXTS(target, ...)                                          \
    do {                                                            \
        static const char *const texts[] = {__VA_ARGS__};           \
        write_texts(target, texts, sizeof texts / sizeof texts[0]); \
    } while (0)

static void write_all_texts(void) {
    TEXTS("calendar", "2024-04-15", "2024/4/15", "20240415", "R6.4.15", "令和6年4月15日",
          "令和元年五月一日", "２０２４年４月１日", "平成31年4月30日", "H31", "FY2024", "令和6年度",
          "2024-04", "FY2021..FY2025", "2024-04-01..2024-04-15", "2024-04-01..", "R6.4〜R7.3",
          "昭和64年1月7日", "M45.7.29", "9999-12-31", "1868-01-01", "2024-04-01..9999-12-31");
    TEXTS("guard", "マイナンバー 1234 5678 9018", "123456789018", "123-456-789018",
          "一二三四五六七八九〇一八", "１２３４５６７８９０１８", "0238-84-2111",
          "電話 0238-84-2111 内線 15", "①②③④⑤⑥⑦⑧⑨⓪①⑧",
          "1234\xe2\x80\x8b"
          "56789018",
          "my number: 123456 789018", "窓口の相談\tok", "\xf0\x9f\x8f\xa0", "\xed\xa0\x80",
          "\xe2\x80\xae"
          "abc");
    TEXTS("filter", "contacts\nmonth\ntopic\nservice=migration,marriage\n",
          "outcomes\norigin=@shutoken\nyear", "sessions\nday=holiday\nform!=online\nday",
          "persons\nchannel!=phone,mail\nage\nroute", "active\nservice\nstatus=open",
          "attendees\nvenue\nvenue_kind", "programs\nprogram", "referrals\ntarget\ntopic",
          "refusals\nreason", "topics\ntopic\nyear",
          "cases\norigin\nage\nchannel\nnature\noffice\nmonth", "consultations",
          "households\noutcome");
    TEXTS(
        "import",
        "kind,date,service,topic,ref\nlog,2024-04-15,migration,housing,A1\ncontact,2024-05-01,,,"
        "A1\n",
        "kind,date,service,count,outcome,households,persons\ntally,R6.5.2,migration,12,moved,2,5\n",
        "kind,date,session_kind,service,persons,households,ref\nsession,2024-04-10,seminar,"
        "migration,9,4,S1\n",
        "kind,series,period,value,source\nfigure,population,R6,\"26,000\",\"a \"\"b\"\"\"\n",
        "kind,period,service,not_held,reason\ncoverage,FY2020,migration,yes,closed\n",
        "kind,ref,topic,origin,reason\ncorrect,A1,work,chiba,misheard\nvoid,A1,,,twice\n",
        "kind,date,service,reason\r\ndecline,2024-05-03,migration,full\r\n",
        "\xef\xbb\xbfkind,date,service\nlog,2024-04-15,migration\n",
        "kind,note\nlog,\x88\xda\x8f\x5a\x87\x40\n");
}

static void copy_yaml(const char *path, const char *name) {
    size_t len;
    uint8_t *data = fuzz_load(path, &len);
    write_seed("yaml", name, data, len);
    free(data);
}

/* Steps of fuzz_login.c, and files of secrets. */
static void write_logins(void) {
    static const uint8_t steps[][24] = {
        {0x00, 0x02, 0x10, 0x01, 0x15, 0x35, 0x05, 0x01, 0x15},
        {0x00, 0x03, 0x03, 0x03, 0x03, 0x03, 0x03, 0x02},
        {0x00, 0x12, 0x01, 0x35, 0x14, 0x35, 0x25, 0x00, 0x12},
        {0x00, 0x42, 0x43, 0x52, 0x63, 0x01, 0x04, 0x15},
        {0x00, 0x02, 0x02, 0x01, 0x04, 0x11, 0x15, 0x05, 0x01, 0x35},
        {0x07, 0x1f, 1, 2, 3, 0x40, 0x02, 0x01, 0x35, 0x10, 0x02},
        {0x00, 0x06, 0x04, 0x12, 0x02, 0x18, 0x01, 0x02, 0x01, 0x35},
    };
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        char name[16];
        snprintf(name, sizeof name, "steps-%zu", i);
        write_seed("login", name, steps[i], sizeof steps[i]);
    }
#define HASH "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
    TEXTS("secrets", "madoguchi secrets 1\n",
          "madoguchi secrets 1\npassword tanaka 1 $argon2id$v=19$m=65536,t=2,p=1$AAAA$BBBB\n"
          "token " HASH " tanaka 0 1749956400000 1749956400001\n",
          "madoguchi secrets 2\n", "madoguchi secrets 1\ntoken " HASH " x 0 1 1",
          "password a 0 b\n");
}

static void write_yaml(void) {
    copy_yaml("tests/golden/catalogue.yaml", "golden-catalogue");
    copy_yaml("tests/golden/plan.yaml", "golden-plan");
    copy_yaml("plans/yonezawa.yaml", "yonezawa");
    TEXTS(
        "yaml",
        "plan: p\ntitle: t\nmunicipality: \"062090\"\nyears: {from: FY2021, to: FY2025}\n"
        "headings: {baseline: b, actual: a, target: t, verdict: v}\n"
        "series: [{id: s, type: flow, name: n}]\n"
        "scales: [{id: r, formula: actual/target, yearly: false, bands: [{letter: A, min: \"100\"},"
        " {letter: B}]}]\n"
        "indicators:\n  - id: i\n    name: n\n    unit: u\n    decimals: 1\n    kind: ratio\n"
        "    terms: [{figure: s}]\n    denominator: [{figure: s}]\n"
        "    beside: [{count: outcomes, where: [service=migration, 'outcome!=moved']}]\n"
        "    as_of: [{year: FY2021, date: 2022-03-13}]\n"
        "    baseline: [{value: \"―\", period: FY2020, source: s}]\n"
        "    targets: [{period: 毎年, value: \"1.5\", comparator: 以上, label: l, source: s}]\n"
        "    verdicts: [{year: FY2023, letter: A, source: s, reason: r}]\n    scale: r\n",
        "catalogue: 1\nrule: 1\nstart: 2000-04-01\nservices: [{code: a, prefix: A, ja: あ, en: "
        "a}]\n"
        "groups: [{list: origin, name: g, ja: g, en: g, members: [t]}]\n"
        "origins: [{code: t, ja: t, en: t, retired: 2030-04-01, services: [a]}]\n"
        "holidays: [2024-04-29]\n",
        "a: &x [*x]\n", "[[[[[[[[", "%YAML 1.1\n---\nplan: !!str x\n...\n", "plan: |\n  x\n",
        "{? a : b}");
}

int main(int argc, char **argv) {
    MUST(argc == 2);
    root = argv[1];
    mkdir(root, 0777);
    arena_init(&arena, 4u << 20);
    write_requests();
    write_entries();
    write_journals();
    write_all_texts();
    write_yaml();
    write_logins();
    arena_free(&arena);
    return 0;
}
