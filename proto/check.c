#include "proto/check.h"

#include "proto/check_parts.h"
#include "proto/guard.h"

/* ---- the envelope ---------------------------------------------------------------- */

static const struct check_rule envelope_rules[] = {
    CHECK_MAY("serial", CHECK_ANY),
    CHECK_MAY("id", CHECK_ANY),
    CHECK_MAY_TEXT("on_behalf", CHECK_NAME_BYTES),
    CHECK_MAY_TEXT("terminal", CHECK_NAME_BYTES),
    CHECK_MAY("terminal_seq", CHECK_ANY),
    CHECK_MAY_TEXT("visit", CHECK_NAME_BYTES),
    CHECK_MAY("row", CHECK_ANY),
    CHECK_MAY("check", CHECK_ANY),
    CHECK_MAY("act", CHECK_ANY),
    CHECK_MAY("session", CHECK_ANY),
    CHECK_MAY("figure", CHECK_ANY),
    CHECK_MAY("coverage", CHECK_ANY),
    CHECK_MAY("correction", CHECK_ANY),
    CHECK_MAY("voiding", CHECK_ANY),
    CHECK_MAY("put", CHECK_ANY),
    CHECK_MAY("account", CHECK_ANY),
    CHECK_MAY("closing", CHECK_ANY),
    CHECK_MAY("publication", CHECK_ANY),
    CHECK_MAY("show", CHECK_ANY),
    CHECK_MAY("list", CHECK_ANY),
    CHECK_MAY("stats", CHECK_ANY),
    CHECK_MAY("indicators", CHECK_ANY),
    CHECK_MAY("prove", CHECK_ANY),
    CHECK_MAY("documents", CHECK_ANY),
    CHECK_MAY("status", CHECK_ANY),
    CHECK_MAY("verify", CHECK_ANY),
    CHECK_MAY("ping", CHECK_ANY),
    CHECK_MAY("backup", CHECK_ANY),
    CHECK_MAY("accounts", CHECK_ANY),
    CHECK_MAY("audit", CHECK_ANY),
    CHECK_MAY("restatements", CHECK_ANY),
    CHECK_MAY("login", CHECK_ANY),
    CHECK_MAY("logout", CHECK_ANY),
    CHECK_MAY("password", CHECK_ANY),
    CHECK_MAY("whoami", CHECK_ANY),
    CHECK_MAY("rows", CHECK_ANY),
};
static const struct check_table envelope = CHECK_TABLE(envelope_rules, (const char *[]){"request"});

static const struct check_rule row_rules[] = {
    CHECK_MUST_TEXT("source", CHECK_NAME_BYTES),
    CHECK_MAY_TEXT("ref", CHECK_NAME_BYTES),
    {.field = "nth", .shape = CHECK_NUMBER, .max = CHECK_NUMBER_MAX, .needed = CHECK_ALL},
};
static const struct check_table row_table = CHECK_TABLE(row_rules, (const char *[]){"row"});

static int check_row(const Madoguchi__Row *row, struct error *e) {
    if (check_fields(&row_table, &row->base, 0, true, e) != 0) {
        return -1;
    }
    if (row->nth == 0) {
        return error_set(e, ERR_INVALID, "nth", "nth: identical rows are counted from 1.",
                         "nth：同じ内容の行は1から数えます。");
    }
    return row->has_ref && check_is_blank(row->ref) ? check_missing("ref", "row", e) : 0;
}

/* ---- any request ------------------------------------------------------------------- */

bool check_request_records(const Madoguchi__Request *request) {
    switch (request->body_case) {
    case MADOGUCHI__REQUEST__BODY_ACT:
    case MADOGUCHI__REQUEST__BODY_SESSION:
    case MADOGUCHI__REQUEST__BODY_FIGURE:
    case MADOGUCHI__REQUEST__BODY_COVERAGE:
    case MADOGUCHI__REQUEST__BODY_CORRECTION:
    case MADOGUCHI__REQUEST__BODY_VOIDING:
    case MADOGUCHI__REQUEST__BODY_PUT:
    case MADOGUCHI__REQUEST__BODY_ACCOUNT:
    case MADOGUCHI__REQUEST__BODY_CLOSING:
    case MADOGUCHI__REQUEST__BODY_PUBLICATION:
        return true;
    default:
        return false;
    }
}

/* Whether it may be a row of a file. */
static bool check_imports(const Madoguchi__Request *r) {
    return check_request_records(r) && r->body_case != MADOGUCHI__REQUEST__BODY_PUT &&
           r->body_case != MADOGUCHI__REQUEST__BODY_ACCOUNT &&
           r->body_case != MADOGUCHI__REQUEST__BODY_CLOSING &&
           r->body_case != MADOGUCHI__REQUEST__BODY_PUBLICATION;
}

/* Of each row, not of all of them. */
static int check_rows(const Madoguchi__Request *r, struct error *e) {
    const Madoguchi__Rows *rows = r->rows;
    if (r->has_id || r->has_on_behalf || r->has_terminal || r->has_terminal_seq || r->has_visit) {
        return error_set(e, ERR_INVALID, "rows",
                         "rows: id, on_behalf, terminal and visit are each row's own. Put them "
                         "into the rows.",
                         "rows：id・on_behalf・terminal・visit は行ごとのものです。"
                         "各行に入れてください。");
    }
    if (rows->n_request == 0) {
        return check_missing("request", "rows", e);
    }
    if (rows->n_request > CHECK_ROWS_MAX) {
        return error_set(e, ERR_TOO_MUCH, "rows", "rows: %zu are too many; at most %d.",
                         "rows：%zu 行は多すぎます。%d 行までです。", rows->n_request,
                         CHECK_ROWS_MAX);
    }
    return 0;
}

int check_one_of_rows(const Madoguchi__Request *r, struct error *e) {
    if (r->has_serial || r->has_check) {
        return error_set(e, ERR_INVALID, r->has_serial ? "serial" : "check",
                         "%s: one of many rows has none; it stands beside them.",
                         "%s：まとめた行の中では使いません。まとめる側に付けてください。",
                         r->has_serial ? "serial" : "check");
    }
    return r->row == NULL ? check_missing("row", "rows", e) : check_request(r, e);
}

static int check_body(const Madoguchi__Request *r, struct error *e) {
    switch (r->body_case) {
    case MADOGUCHI__REQUEST__BODY_ACT:
        return check_act(r->act, r->row, e);
    case MADOGUCHI__REQUEST__BODY_SESSION:
        return check_session(r->session, r->row, e);
    case MADOGUCHI__REQUEST__BODY_FIGURE:
        return check_figure(r->figure, r->row, e);
    case MADOGUCHI__REQUEST__BODY_COVERAGE:
        return check_coverage(r->coverage, r->row, e);
    case MADOGUCHI__REQUEST__BODY_CORRECTION:
        return check_correction(r->correction, r->row, e);
    case MADOGUCHI__REQUEST__BODY_VOIDING:
        return check_voiding(r->voiding, r->row, e);
    case MADOGUCHI__REQUEST__BODY_PUT:
        return check_put(r->put, e);
    case MADOGUCHI__REQUEST__BODY_ACCOUNT:
        return check_account(r->account, e);
    case MADOGUCHI__REQUEST__BODY_CLOSING:
        return check_closing(r->closing, e);
    case MADOGUCHI__REQUEST__BODY_PUBLICATION:
        return check_publication(r->publication, e);
    case MADOGUCHI__REQUEST__BODY_ROWS:
        return check_rows(r, e);
    case MADOGUCHI__REQUEST__BODY_SHOW:
        return check_show(r->show, e);
    case MADOGUCHI__REQUEST__BODY_LIST:
        return check_scope(r->list, e);
    case MADOGUCHI__REQUEST__BODY_STATS:
        return check_stats(r->stats, e);
    case MADOGUCHI__REQUEST__BODY_INDICATORS:
        return check_indicators(r->indicators, e);
    case MADOGUCHI__REQUEST__BODY_PROVE:
        return check_prove(r->prove, e);
    case MADOGUCHI__REQUEST__BODY_DOCUMENTS:
        return check_documents(r->documents, e);
    case MADOGUCHI__REQUEST__BODY_RESTATEMENTS:
        return check_restatements(r->restatements, e);
    case MADOGUCHI__REQUEST__BODY_BACKUP:
        return check_backup(r->backup, e);
    case MADOGUCHI__REQUEST__BODY_ACCOUNTS:
        return check_accounts(r->accounts, e);
    case MADOGUCHI__REQUEST__BODY_AUDIT:
        return check_audit(r->audit, e);
    case MADOGUCHI__REQUEST__BODY_VERIFY:
        return check_verify(r->verify, e);
    case MADOGUCHI__REQUEST__BODY_LOGIN:
        return check_login(r->login, e);
    case MADOGUCHI__REQUEST__BODY_PASSWORD:
        return check_password(r->password, e);
    default:
        return 0; /* status, ping, logout, whoami: nothing to say wrongly */
    }
}

/* Whether the union's member is there at all: a broken sender may name a body
 * and leave it out. */
static bool has_body(const Madoguchi__Request *r) {
    return r->body_case != MADOGUCHI__REQUEST__BODY__NOT_SET && r->act != NULL;
}

int check_request(const Madoguchi__Request *r, struct error *e) {
    if (!has_body(r)) {
        return error_set(e, ERR_INVALID, "body",
                         "The request asks for nothing that this version knows. Client and daemon "
                         "should be of the same version.",
                         "要求の中身がないか、この版の知らないものです。"
                         "クライアントとサーバーの版を揃えてください。");
    }
    bool records = check_request_records(r);
    if ((records || r->has_id) && (!r->has_id || r->id.len != 16)) {
        return error_set(
            e, ERR_INVALID, "id",
            "id: a request that records needs an id of 16 bytes: 6 of Unix "
            "milliseconds, big-endian, and 10 random.",
            "id：記録する要求には16バイトの id（ミリ秒6バイトと乱数10バイト）が必要です。");
    }
    if (r->row != NULL && !check_imports(r)) {
        return error_set(e, ERR_INVALID, "row", "row: goes with an imported entry only.",
                         "row：取込みの記録にだけ付けられます。");
    }
    if (check_fields(&envelope, &r->base, 0, false, e) != 0 ||
        (r->row != NULL && check_row(r->row, e) != 0)) {
        return -1;
    }
    return check_body(r, e);
}

static const struct check_rule hello_rules[] = {
    CHECK_MUST("protocol", CHECK_ANY),          CHECK_MAY_TEXT("build", CHECK_NAME_BYTES),
    CHECK_MAY("language", CHECK_ANY),           CHECK_MAY("token", CHECK_ANY),
    CHECK_MAY_TEXT("origin", CHECK_NAME_BYTES),
};
static const struct check_table hello_table = CHECK_TABLE(hello_rules, (const char *[]){"hello"});

int check_hello(const Madoguchi__Hello *hello, struct error *e) {
    static const char *const languages[] = {"ja", "en", NULL};
    if (check_fields(&hello_table, &hello->base, 0, false, e) != 0) {
        return -1;
    }
    if (hello->protocol != 1) {
        return error_set(e, ERR_INVALID, "protocol",
                         "Protocol %u is not spoken here; this side speaks 1. Client and daemon "
                         "should be of the same version.",
                         "通信規約 %u には対応していません（対応は1）。"
                         "クライアントとサーバーの版を揃えてください。",
                         hello->protocol);
    }
    return hello->has_language ? check_one_of(hello->language, languages, "language", e) : 0;
}

/* ---- twelve digits that fail the check ---------------------------------------------- */

static bool is_suspicious(ProtobufCBinaryData text) {
    return guard_scan(text.data, text.len) == GUARD_WARN;
}

/* Every bytes field of a message and, the schema being finite, of those in it. */
static bool any_suspicious(const ProtobufCMessage *m) {
    for (unsigned i = 0; i < m->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *f = &m->descriptor->fields[i];
        if (!message_has(m, f) ||
            (f->type != PROTOBUF_C_TYPE_BYTES && f->type != PROTOBUF_C_TYPE_MESSAGE)) {
            continue;
        }
        const char *member = (const char *)m + f->offset;
        size_t n = 1;
        if (f->label == PROTOBUF_C_LABEL_REPEATED) {
            n = *(const size_t *)((const char *)m + f->quantifier_offset);
            member = *(const char *const *)member;
        }
        for (size_t k = 0; k < n; k++) {
            if (f->type == PROTOBUF_C_TYPE_BYTES
                    ? is_suspicious(((const ProtobufCBinaryData *)member)[k])
                    : any_suspicious(((ProtobufCMessage *const *)member)[k])) {
                return true;
            }
        }
    }
    return false;
}

bool check_suspicious(const Madoguchi__Request *request) {
    if (request->body_case == MADOGUCHI__REQUEST__BODY_PUT || !check_request_records(request)) {
        return false;
    }
    Madoguchi__Request texts = *request;
    texts.has_id = 0; /* random bytes */
    return any_suspicious(&texts.base);
}
