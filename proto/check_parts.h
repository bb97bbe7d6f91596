/* The checks of a request's bodies, each in the file that fits it:
 * check_act.c (what happens at a counter), check_entry.c (what else records),
 * check_read.c (questions), check_account.c (people).  For check.c only.  `row` is the imported row
 * an entry comes with, or NULL. */
#ifndef MADOGUCHI_PROTO_CHECK_PARTS_H
#define MADOGUCHI_PROTO_CHECK_PARTS_H

#include "proto/check_field.h"

int check_act(const Madoguchi__Act *act, const Madoguchi__Row *row, struct error *e) MUST_CHECK;
int check_session(const Madoguchi__Session *session, const Madoguchi__Row *row,
                  struct error *e) MUST_CHECK;
int check_figure(const Madoguchi__Figure *figure, const Madoguchi__Row *row,
                 struct error *e) MUST_CHECK;
int check_coverage(const Madoguchi__Coverage *coverage, const Madoguchi__Row *row,
                   struct error *e) MUST_CHECK;
int check_correction(const Madoguchi__Correction *correction, const Madoguchi__Row *row,
                     struct error *e) MUST_CHECK;
int check_voiding(const Madoguchi__Voiding *voiding, const Madoguchi__Row *row,
                  struct error *e) MUST_CHECK;
int check_publication(const Madoguchi__Publication *publication, struct error *e) MUST_CHECK;
int check_put(const Madoguchi__Put *put, struct error *e) MUST_CHECK;

int check_account(const Madoguchi__Account *account, struct error *e) MUST_CHECK;
int check_closing(const Madoguchi__Closing *closing, struct error *e) MUST_CHECK;
int check_accounts(const Madoguchi__Accounts *accounts, struct error *e) MUST_CHECK;
int check_audit(const Madoguchi__Audit *audit, struct error *e) MUST_CHECK;
int check_verify(const Madoguchi__Verify *verify, struct error *e) MUST_CHECK;
int check_login(const Madoguchi__Login *login, struct error *e) MUST_CHECK;
int check_password(const Madoguchi__Password *password, struct error *e) MUST_CHECK;

int check_show(const Madoguchi__Show *show, struct error *e) MUST_CHECK;
int check_scope(const Madoguchi__Scope *scope, struct error *e) MUST_CHECK;
int check_stats(const Madoguchi__Stats *stats, struct error *e) MUST_CHECK;
int check_indicators(const Madoguchi__Indicators *indicators, struct error *e) MUST_CHECK;
int check_prove(const Madoguchi__Prove *prove, struct error *e) MUST_CHECK;
int check_restatements(const Madoguchi__Restatements *restatements, struct error *e) MUST_CHECK;
int check_documents(const Madoguchi__Documents *documents, struct error *e) MUST_CHECK;
int check_backup(const Madoguchi__Backup *backup, struct error *e) MUST_CHECK;

#endif
