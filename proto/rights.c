#include "proto/rights.h"

#include "proto/message.h"

/* By role: clerk, temporary, counsellor, supervisor, planner, auditor,
 * administrator. */
#define NO REACH_NONE
#define DY REACH_TODAY
#define OP REACH_OPEN
#define OW REACH_OWN
#define SC REACH_SCOPE
#define MA REACH_MASKED
#define AL REACH_ALL

static const struct {
    const char *word;
    uint8_t reach[ROLE_COUNT];
} table[RIGHT_COUNT] = {
    [RIGHT_ANYBODY] = {"anybody", {AL, AL, AL, AL, AL, AL, AL}},
    [RIGHT_LOG] = {"log", {SC, SC, SC, SC, NO, NO, NO}},
    [RIGHT_CONTACT] = {"contact", {SC, DY, OW, SC, NO, NO, NO}},
    [RIGHT_SESSION] = {"session", {SC, NO, NO, SC, NO, NO, NO}},
    [RIGHT_FIGURE] = {"figure", {NO, NO, NO, SC, AL, NO, NO}},
    [RIGHT_COVERAGE] = {"coverage", {NO, NO, NO, SC, AL, NO, NO}},
    [RIGHT_CORRECT] = {"correct", {OP, DY, OP, SC, OP, NO, NO}},
    [RIGHT_VOID] = {"void", {OP, DY, OP, SC, OP, NO, NO}},
    [RIGHT_MONTH] = {"month-close", {NO, NO, NO, SC, NO, NO, NO}},
    [RIGHT_CATALOGUE] = {"catalogue-put", {NO, NO, NO, NO, NO, NO, AL}},
    [RIGHT_PLAN] = {"plan-put", {NO, NO, NO, NO, AL, NO, NO}},
    [RIGHT_PUBLISH] = {"publish", {NO, NO, NO, NO, AL, NO, NO}},
    [RIGHT_ACCOUNT] = {"account", {NO, NO, NO, NO, NO, NO, AL}},
    [RIGHT_SHOW] = {"show", {SC, DY, OW, SC, NO, NO, NO}},
    [RIGHT_LIST] = {"list", {SC, DY, OW, SC, NO, NO, NO}},
    [RIGHT_STATS] = {"stats", {SC, NO, NO, SC, AL, NO, NO}},
    [RIGHT_INDICATORS] = {"indicators", {NO, NO, NO, AL, AL, NO, NO}},
    [RIGHT_PROVE] = {"prove", {NO, NO, NO, SC, MA, NO, NO}},
    [RIGHT_RESTATEMENTS] = {"restatements", {NO, NO, NO, AL, AL, AL, NO}},
    [RIGHT_DOCUMENTS] = {"documents", {AL, AL, AL, AL, AL, AL, AL}},
    [RIGHT_STATUS] = {"status", {AL, AL, AL, AL, AL, AL, AL}},
    [RIGHT_VERIFY] = {"verify", {NO, NO, NO, NO, NO, AL, AL}},
    [RIGHT_BACKUP] = {"backup", {NO, NO, NO, NO, NO, NO, AL}},
    [RIGHT_ACCOUNTS] = {"accounts", {NO, NO, NO, NO, NO, AL, AL}},
    [RIGHT_AUDIT] = {"audit", {NO, NO, NO, NO, NO, AL, NO}},
};

static const char *const roles[ROLE_COUNT] = {"clerk",   "temporary", "counsellor",   "supervisor",
                                              "planner", "auditor",   "administrator"};
static const char *const reaches[REACH_COUNT] = {"-",     "own-today", "own-open", "own",
                                                 "scope", "masked",    "all"};

enum reach rights_reach(enum right right, enum role role) {
    return (enum reach)table[right].reach[role];
}

unsigned rights_reaches(enum right right, unsigned bits) {
    unsigned all = 0;
    for (int role = 0; role < ROLE_COUNT; role++) {
        if ((bits & 1u << role) != 0 && table[right].reach[role] != REACH_NONE) {
            all |= REACH_BIT(table[right].reach[role]);
        }
    }
    return all;
}

const char *role_word(enum role role) {
    return roles[role];
}

const char *right_word(enum right right) {
    return table[right].word;
}

const char *reach_word(enum reach reach) {
    return reaches[reach];
}

int role_find(ProtobufCBinaryData word) {
    for (int i = 0; i < ROLE_COUNT; i++) {
        if (bytes_equal(word, roles[i])) {
            return i;
        }
    }
    return -1;
}

static enum right right_of_act(const Madoguchi__Act *act) {
    switch (act->kind) {
    case MADOGUCHI__ACT_KIND__LOG:
    case MADOGUCHI__ACT_KIND__TALLY:
    case MADOGUCHI__ACT_KIND__DECLINE:
        return RIGHT_LOG;
    default:
        return RIGHT_CONTACT;
    }
}

enum right rights_of(const Madoguchi__Request *request) {
    switch (request->body_case) {
    case MADOGUCHI__REQUEST__BODY_ACT:
        return right_of_act(request->act);
    case MADOGUCHI__REQUEST__BODY_SESSION:
        return RIGHT_SESSION;
    case MADOGUCHI__REQUEST__BODY_FIGURE:
        return RIGHT_FIGURE;
    case MADOGUCHI__REQUEST__BODY_COVERAGE:
        return RIGHT_COVERAGE;
    case MADOGUCHI__REQUEST__BODY_CORRECTION:
        return RIGHT_CORRECT;
    case MADOGUCHI__REQUEST__BODY_VOIDING:
        return RIGHT_VOID;
    case MADOGUCHI__REQUEST__BODY_CLOSING:
        return RIGHT_MONTH;
    case MADOGUCHI__REQUEST__BODY_PUBLICATION:
        return RIGHT_PUBLISH;
    case MADOGUCHI__REQUEST__BODY_PUT:
        return request->put->kind == MADOGUCHI__DOCUMENT_KIND__CATALOGUE ? RIGHT_CATALOGUE
                                                                         : RIGHT_PLAN;
    case MADOGUCHI__REQUEST__BODY_ACCOUNT:
        return RIGHT_ACCOUNT;
    case MADOGUCHI__REQUEST__BODY_PASSWORD:
        return request->password->has_name ? RIGHT_ACCOUNT : RIGHT_ANYBODY;
    case MADOGUCHI__REQUEST__BODY_SHOW:
        return RIGHT_SHOW;
    case MADOGUCHI__REQUEST__BODY_LIST:
        return RIGHT_LIST;
    case MADOGUCHI__REQUEST__BODY_STATS:
        return RIGHT_STATS;
    case MADOGUCHI__REQUEST__BODY_INDICATORS:
        return RIGHT_INDICATORS;
    case MADOGUCHI__REQUEST__BODY_PROVE:
        return RIGHT_PROVE;
    case MADOGUCHI__REQUEST__BODY_RESTATEMENTS:
        return RIGHT_RESTATEMENTS;
    case MADOGUCHI__REQUEST__BODY_DOCUMENTS:
        return RIGHT_DOCUMENTS;
    case MADOGUCHI__REQUEST__BODY_STATUS:
        return RIGHT_STATUS;
    case MADOGUCHI__REQUEST__BODY_VERIFY:
        return RIGHT_VERIFY;
    case MADOGUCHI__REQUEST__BODY_BACKUP:
        return RIGHT_BACKUP;
    case MADOGUCHI__REQUEST__BODY_ACCOUNTS:
        return RIGHT_ACCOUNTS;
    case MADOGUCHI__REQUEST__BODY_AUDIT:
        return RIGHT_AUDIT;
    case MADOGUCHI__REQUEST__BODY_ROWS: /* some account; each row is looked at by itself */
        return RIGHT_LOG;
    default: /* ping, whoami, login, logout: whoever it is */
        return RIGHT_ANYBODY;
    }
}
