/* Folding again what follows from an entry: the state of its case or session
 * and the facts of everything that inherits from it.
 *
 * One way for all: the state is worked out from the live entries, the facts
 * are asked of facts_of(); where they differ from the ledger rows that stand,
 * those rows are taken back and the new ones counted, caused by the entry
 * being folded. */
#ifndef MADOGUCHI_STORE_REFOLD_H
#define MADOGUCHI_STORE_REFOLD_H

#include "store/fold.h"

/* Makes the case opened by `seq` anew from its live entries. */
int refold_case(struct fold *f, uint64_t seq, struct error *e) MUST_CHECK;

/* Makes the case of an opening that was just recorded: nothing else belongs to it
 * yet.  f->opened is the case until the next entry. */
int refold_open(struct fold *f, const Journal__Entry *opening, struct error *e) MUST_CHECK;

/* Adds one new act to the state of the case with that number. */
int refold_touch(struct fold *f, ProtobufCBinaryData number, const Journal__Act *act,
                 struct error *e) MUST_CHECK;

int refold_session(struct fold *f, uint64_t seq, Journal__Entry *opening,
                   struct error *e) MUST_CHECK;

/* Facts of a session's own entries and of all that name it. */
int refold_session_entries(struct fold *f, uint64_t opening, struct error *e) MUST_CHECK;
int refold_session_all(struct fold *f, uint64_t opening, struct error *e) MUST_CHECK;

/* After a change of an act: its case and every entry that inherits from it. */
int refold_act(struct fold *f, Journal__Entry *entry, struct error *e) MUST_CHECK;

/* Voids a case or session with all its own entries. */
int refold_void_all(struct fold *f, uint64_t opening, uint64_t by, struct error *e) MUST_CHECK;

/* Brings the ledger to what the entry, with its live corrections, counts now. */
int refold_facts(struct fold *f, Journal__Entry *entry, struct error *e) MUST_CHECK;

/* Of fold.c, for these. */
void fold_link_act(struct fold *f, const Journal__Act *act, uint64_t seq);
void fold_mark_voided(struct fold *f, uint64_t seq, uint64_t by);

#endif
