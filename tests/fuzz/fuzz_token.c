/* A connection of an account with few rights: what its token, in a right hello, lets
 * through to the whole daemon.
 *
 * The first byte says how, as in fuzz_session.c (2 the bytes as they come, 4 in small
 * pieces, 8 deaf), and in its upper half who: of one service, of one's own, planner,
 * without a role, with a password that serves once, with a token that is none.  The
 * rest is messages.  Whatever is asked, nobody is handed a row of a case outside what
 * the account is for. */
#include "tests/fuzz/people.h"

#include <string.h>

enum { RAW = 2 };

static const struct {
    const char *name, *roles;
    bool rows; /* sees cases, of one service */
} whos[] = {{"aclerk", "clerk", true},     {"own", "counsellor;temporary", true},
            {"plans", "planner", false},   {"bare", NULL, false},
            {"once", "supervisor", false}, {"gone", "supervisor", false},
            {"super", "supervisor", true}, {"audits", "auditor", false}};
#define WHOS (sizeof whos / sizeof whos[0])

static unsigned who;

static void people(void) {
    fuzz_nobody();
    for (size_t i = 0; i < WHOS; i++) {
        fuzz_account(whos[i].name, whos[i].roles, "marriage", -1);
    }
}

static bool begins(ProtobufCBinaryData text, const char *with) {
    return text.len >= strlen(with) && memcmp(text.data, with, strlen(with)) == 0;
}

/* The golden store has cases of migration (M-) and one of marriage (N-). */
static void answered(const Madoguchi__ServerMessage *m) {
    if (m->body_case != MADOGUCHI__SERVER_MESSAGE__BODY_ANSWER ||
        m->answer->body_case != MADOGUCHI__ANSWER__BODY_PAGE) {
        return;
    }
    const Madoguchi__Page *page = m->answer->page;
    MUST(whos[who].rows || page->n_case_row == 0);
    MUST(strcmp(whos[who].name, "audits") == 0 || page->n_account == 0);
    for (size_t i = 0; i < page->n_case_row; i++) {
        MUST(bytes_equal(page->case_row[i]->service, "marriage"));
    }
    for (size_t i = 0; i < page->n_entry && strcmp(whos[who].name, "audits") != 0; i++) {
        MUST(whos[who].rows && !begins(page->entry[i]->number, "M-"));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static uint8_t bytes[FUZZ_STREAM_MAX];
    struct fuzz_stream s = {.data = bytes};
    struct store_status status;
    uint8_t token[SECRETS_TOKEN];
    if (fuzz_daemon.dispatch == NULL) {
        fuzz_daemon_first(people, answered);
    }
    if (size == 0) {
        return 0;
    }
    who = data[0] / 16 % WHOS;
    memset(token, (int)who + 1, sizeof token);
    if (strcmp(whos[who].name, "gone") != 0) {
        fuzz_token(whos[who].name, (uint8_t)(who + 1), strcmp(whos[who].name, "once") == 0);
    }
    fuzz_put_hello(&s, token, sizeof token);
    if ((data[0] & RAW) != 0) {
        fuzz_put(&s, data + 1, size - 1);
    } else {
        fuzz_put_messages(&s, data + 1, size - 1);
    }
    if (!fuzz_looks_further(&s)) {
        fuzz_daemon_talk(&s, data[0]);
    }
    store_status(fuzz_daemon.store, &status);
    if (status.head != fuzz_daemon.head) {
        fuzz_daemon_anew();
    }
    return 0;
}
