/* Who may do what: roles, what requests need, and how far it reaches.
 *
 * The one table of it stands in rights.c; madoguchid(8) prints it, the store keeps
 * to it (store/reach.h), the client shows it (`madoguchi account rights`).  What
 * the roles are follows the separation of duties that a municipality's security
 * policy asks for (総務省 地方公共団体における情報セキュリティポリシーに関する
 * ガイドライン: rights by duty and section, as few as are needed). */
#ifndef MADOGUCHI_PROTO_RIGHTS_H
#define MADOGUCHI_PROTO_RIGHTS_H

#include "proto/error.h"

#include <stdbool.h>

enum role {
    ROLE_CLERK,         /* 窓口職員 */
    ROLE_TEMPORARY,     /* 会計年度任用職員 */
    ROLE_COUNSELLOR,    /* 相談員 */
    ROLE_SUPERVISOR,    /* 係長 */
    ROLE_PLANNER,       /* 企画課 */
    ROLE_AUDITOR,       /* 監査 */
    ROLE_ADMINISTRATOR, /* システム管理 */
    ROLE_COUNT,
};

enum right {
    RIGHT_ANYBODY, /* ping, login, and what is about oneself: no account is needed */
    RIGHT_LOG,     /* log, tally, decline */
    RIGHT_CONTACT, /* contact, outcome, refer, close, reopen: of a case */
    RIGHT_SESSION, /* plan, hold, cancel */
    RIGHT_FIGURE,
    RIGHT_COVERAGE,
    RIGHT_CORRECT,
    RIGHT_VOID,
    RIGHT_MONTH, /* month close */
    RIGHT_CATALOGUE,
    RIGHT_PLAN,
    RIGHT_PUBLISH,
    RIGHT_ACCOUNT, /* accounts and others' passwords */
    RIGHT_SHOW,
    RIGHT_LIST,
    RIGHT_STATS,
    RIGHT_INDICATORS,
    RIGHT_PROVE,
    RIGHT_RESTATEMENTS,
    RIGHT_DOCUMENTS, /* catalogue and plans, to read */
    RIGHT_STATUS,
    RIGHT_VERIFY,
    RIGHT_BACKUP,
    RIGHT_ACCOUNTS, /* to read */
    RIGHT_AUDIT,
    RIGHT_COUNT,
};

/* How far a right reaches, each within the services and offices of the account. */
enum reach {
    REACH_NONE,
    REACH_TODAY,  /* what the account itself recorded on this day */
    REACH_OPEN,   /* what it recorded itself, until the month is closed */
    REACH_OWN,    /* what it recorded itself; cases that it opened */
    REACH_SCOPE,  /* everything of its services and offices */
    REACH_MASKED, /* everything, but of a fact only number, month and what the rule looks at */
    REACH_ALL,
    REACH_COUNT,
};
#define REACH_BIT(reach) (1u << (reach))

enum reach rights_reach(enum right right, enum role role);

/* Bits of the reaches that the roles (bits 1 << enum role) give together; 0: none. */
unsigned rights_reaches(enum right right, unsigned roles);

/* "clerk"; "log"; "own-open": the words of protocol and manual. */
const char *role_word(enum role role);
const char *right_word(enum right right);
const char *reach_word(enum reach reach);

/* -1 when there is no such role. */
int role_find(ProtobufCBinaryData word);

/* Which right a request needs. */
enum right rights_of(const Madoguchi__Request *request);

#endif
