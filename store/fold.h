/* The folds: what every entry does to the tables.
 *
 * fold_apply() depends on nothing but the entries before it: no clock, no
 * locale, no random.  The same loop serves a new entry, catching up after a
 * crash, a refold and verify. */
#ifndef MADOGUCHI_STORE_FOLD_H
#define MADOGUCHI_STORE_FOLD_H

#include "store/cells.h"
#include "store/view.h"

/* Raised whenever the same entries would fold to other tables: the store is
 * then folded again at the next start. */
#define FOLD_VERSION 4

struct fold {
    struct view view;     /* its transaction is a write transaction */
    struct cells *cells;  /* changes by what was folded since the last finish */
    struct arena arena;   /* of the entry being folded */
    struct arena scratch; /* of one entry folded again because of it */
    uint32_t rows;        /* ledger rows caused by the entry being folded */
    uint64_t cause;
    const Fold__Case *opened; /* the case that the entry being folded opened */
};

/* Prepares a fold; the view's journal and catalogues must be set, its
 * transaction is begun by the caller per group. */
int fold_init(struct fold *f, struct error *e) MUST_CHECK;
void fold_done(struct fold *f);

/* Folds one entry that lies at `place`.  -1: the tables could not be changed
 * or do not fit the entry; the transaction must be aborted. */
int fold_apply(struct fold *f, Journal__Entry *entry, struct journal_place place,
               struct error *e) MUST_CHECK;

/* Before a commit: applies the changes of cells and writes the head that all
 * tables now stand on. */
int fold_finish(struct fold *f, uint64_t seq, const uint8_t hash[32], struct error *e) MUST_CHECK;

/* Whether its transaction should be ended soon, because it may have touched so many
 * pages: LMDB keeps them in memory, at most 131,072. */
bool fold_is_large(const struct fold *f);

/* Forgets what was not finished. */
void fold_drop(struct fold *f);

/* Opening seq of the case or session an act or session entry belongs to; 0
 * when it belongs to none. */
uint64_t fold_owner(struct view *v, const Journal__Entry *entry);

/* Key of an entry's request in TABLE_REQUESTS. */
void fold_request_key(struct key *k, const char *actor, size_t actor_len,
                      ProtobufCBinaryData request_id);
/* Keys in TABLE_ROWS: of a row's identity, and of what a source's ref opened. */
void fold_identity_key(struct key *k, const Journal__Row *row, uint32_t date);
void fold_ref_key(struct key *k, ProtobufCBinaryData source, ProtobufCBinaryData ref);
/* Date of an entry's or request's body; 0 where it has none. */
uint32_t fold_date(const ProtobufCMessage *body);
/* Key of a plan's publications of a year, their seq left out. */
void fold_publication_key(struct key *k, ProtobufCBinaryData plan, uint32_t year);
/* Key of a figure. */
void fold_figure_key(struct key *k, ProtobufCBinaryData series, ProtobufCBinaryData period);

#endif
